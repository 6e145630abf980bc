/* SPDX-License-Identifier: MIT */
/* Full ICE for one component (RFC 8445) over a socket of its owner: checks,
 * nomination, answers to the other side's checks, consent (RFC 7675). Used on
 * its loop's thread. */
#pragma once

#include "common/loop.h"

#include "base/address.h"

#include <glib.h>

typedef struct _TcIce TcIce;

typedef struct {
  guint checks_sent;
  guint responses;
  guint bad_integrity; /* responses with a wrong or no MESSAGE-INTEGRITY */
  guint bad_fingerprint;
  guint errors;     /* error responses */
  guint last_error; /* their last code */
  guint unknown;    /* no transaction of ours, or another source address */
  guint requests;   /* the other side's checks, answered */
  guint bad_requests;
} TcIceStats;

typedef struct {
  void (*send) (const WcAddress *to, const guint8 *data, gsize size,
                gpointer data_pointer);
  /** A pair is selected; again when it changes. */
  void (*selected) (const WcAddress *remote, gpointer data_pointer);
  void (*failed) (const char *reason, gpointer data_pointer);
  gpointer data;
} TcIceCallbacks;

TcIce *tc_ice_new (TcLoop *loop, const TcIceCallbacks *callbacks);
void tc_ice_free (TcIce *ice);

/** As FFmpeg's WHIP muxer: checks have neither PRIORITY nor ICE-CONTROLLING,
 * and none is sent after the first answer. Before start. */
void tc_ice_set_bare (TcIce *ice, gboolean bare);

const char *tc_ice_ufrag (const TcIce *ice);
const char *tc_ice_pwd (const TcIce *ice);

/** Begins checks to @candidates. @controlling: nominates with every check;
 * otherwise waits for the other side's USE-CANDIDATE. */
void tc_ice_start (TcIce *ice, const char *remote_ufrag, const char *remote_pwd,
                   const WcAddress *candidates, guint n_candidates,
                   gboolean controlling);
/** ICE restart (RFC 8445 section 9): credentials of ours that are new. Then
 * tc_ice_start () again, with the other side's new ones: all else starts over.
 */
void tc_ice_renew (TcIce *ice);
void tc_ice_receive (TcIce *ice, const WcAddress *from, const guint8 *data,
                     gsize size);
/** Sends a check to the selected address now (after the local one moved). */
void tc_ice_check_now (TcIce *ice);
/** Sends nothing any more and lets nothing time out. */
void tc_ice_stop (TcIce *ice);

const TcIceStats *tc_ice_stats (const TcIce *ice);
/** Our address as the other side saw it last. FALSE: no response yet. */
gboolean tc_ice_mapped (const TcIce *ice, WcAddress *address);
