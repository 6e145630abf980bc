/* SPDX-License-Identifier: MIT */
/* One WHEP viewer (draft-ietf-wish-whep): offer, POST, peer, DELETE. Used by
 * tests and by the bench; many share one loop and one thread. README.md in
 * this folder shows how a test uses it. */
#pragma once

#include "common/http.h"
#include "common/offer.h"
#include "common/viewing.h"

#include <glib.h>

typedef struct _TcWhepClient TcWhepClient;

typedef struct {
  const char *url;     /* the WHEP endpoint, http:// */
  const char *token;   /* nullable */
  const char *headers; /* nullable; whole lines with CRLF */
  TcOfferOptions offer;
  /** Changes the offer before it is sent; nullable; transfer full. */
  char *(*edit_offer) (const char *offer, gpointer data_pointer);
  TcPeerOptions peer; /* its changed () is the client's own */
  gboolean no_delete; /* leaves without DELETE, as a closed tab may */
  guint timeout_ms;   /* of each HTTP request; 0: 15000 */
  gpointer data;      /* for edit_offer */
} TcWhepOptions;

/** @options is copied; its strings and tables must stay. */
TcWhepClient *tc_whep_client_new (TcLoop *loop, const TcWhepOptions *options);
void tc_whep_client_free (TcWhepClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TcWhepClient, tc_whep_client_free)

/** Sends the offer. Everything else follows by itself. */
void tc_whep_client_start (TcWhepClient *client);
/** DELETE, then close_notify; ends in CLOSED. Idempotent. */
void tc_whep_client_stop (TcWhepClient *client);

TcWhepState tc_whep_client_state (const TcWhepClient *client);
/** Why it failed, or "". */
const char *tc_whep_client_error (const TcWhepClient *client);
/** Of the POST; 0: no answer. */
guint tc_whep_client_status (const TcWhepClient *client);
/** Of the DELETE; 0: none. */
guint tc_whep_client_delete_status (const TcWhepClient *client);
/** A header of the POST's answer, @name in lower case; nullable. */
const char *tc_whep_client_header (const TcWhepClient *client,
                                   const char *name);
/** The body of the POST's answer, whatever it was; nullable. */
const char *tc_whep_client_body (const TcWhepClient *client);
const char *tc_whep_client_offer (const TcWhepClient *client);
/** Location made absolute; nullable. */
const char *tc_whep_client_session_url (const TcWhepClient *client);
/** The parsed answer; nullable. */
const TcDescription *tc_whep_client_answer (const TcWhepClient *client);
/** NULL before start. */
TcPeer *tc_whep_client_peer (const TcWhepClient *client);
TcTrack *tc_whep_client_track (const TcWhepClient *client, WcMedia media);
TcWhepTimes tc_whep_client_times (const TcWhepClient *client);

/** These run the loop. FALSE: not within @timeout_ms, or it failed or closed
 * before. */
gboolean tc_whep_client_wait (TcWhepClient *client, TcWhepState state,
                              gint64 timeout_ms);
/** Until @n more packets of @media are there. */
gboolean tc_whep_client_wait_packets (TcWhepClient *client, WcMedia media,
                                      guint64 n, gint64 timeout_ms);
/** Until the first complete key frame. */
gboolean tc_whep_client_wait_key_frame (TcWhepClient *client,
                                        gint64 timeout_ms);
