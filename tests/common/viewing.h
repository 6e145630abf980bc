/* SPDX-License-Identifier: MIT */
/* What the client of a viewer has whatever its signalling is: a peer, how far
 * it is, and when it got there. Part of a TcWhepClient and of the bench's
 * client of Janus; used on its loop's thread. */
#pragma once

#include "common/peer.h"

#include <glib.h>

typedef enum {
  TC_WHEP_NEW,
  TC_WHEP_SIGNALLING, /* POST is under way */
  TC_WHEP_CONNECTING, /* ICE and DTLS */
  TC_WHEP_PLAYING,    /* keys are there */
  TC_WHEP_CLOSING,    /* DELETE is under way */
  TC_WHEP_CLOSED,
  TC_WHEP_FAILED,
} TcWhepState;

const char *tc_whep_state_name (TcWhepState state);

/** Monotonic microseconds, 0: not yet. */
typedef struct {
  gint64 start_us;    /* just before the POST's connection */
  gint64 answered_us; /* the answer is complete */
  gint64 ice_us;
  gint64 dtls_us;
  gint64 first_packet_us;
  gint64 first_key_us; /* complete, on the video track */
} TcWhepTimes;

typedef struct {
  TcPeerOptions options; /* of who watches; `changed` is not asked */
  TcPeer *peer;          /* NULL before tc_viewing_open () */
  TcWhepState state;
  gint64 start_us, answered_us;
  char error[256]; /* why it failed, or "" */
} TcViewing;

void tc_viewing_init (TcViewing *viewing, const TcPeerOptions *options);
void tc_viewing_clear (TcViewing *viewing);

/** Makes the peer. FALSE: it failed. @viewing stays where it is. */
gboolean tc_viewing_open (TcViewing *viewing, TcLoop *loop);
/** The first request is about to leave. */
void tc_viewing_signal (TcViewing *viewing);
/** Playing, failed or closed follows by itself. For the rest see
 * tc_peer_connect (). */
void tc_viewing_connect (TcViewing *viewing, const TcDescription *remote,
                         gboolean dtls_client, gboolean controlling);
void tc_viewing_fail (TcViewing *viewing, const char *format, ...)
    G_GNUC_PRINTF (2, 3);
/** close_notify; closed. */
void tc_viewing_finish (TcViewing *viewing);

TcWhepTimes tc_viewing_times (const TcViewing *viewing);
