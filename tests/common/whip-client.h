/* SPDX-License-Identifier: MIT */
/* One WHIP publisher (RFC 9725) that behaves as OBS or FFmpeg 8 do: their
 * offers, ICE, DTLS roles and answers to NACKs, with made-up media or packets
 * by hand. Used on its loop's thread. */
#pragma once

#include "common/frame-source.h"
#include "common/peer.h"

#include <glib.h>

typedef struct _TcWhipClient TcWhipClient;

typedef enum {
  /** libdatachannel: no candidates, full ICE with consent; DTLS by the answer;
   * an SR a second, lost packets sent again as they were. */
  TC_WHIP_OBS,
  /** No candidates; USERNAME, USE-CANDIDATE, MESSAGE-INTEGRITY, FINGERPRINT
   * and nothing else in its checks, of which none comes after the first answer;
   * DTLS server; no feedback offered. */
  TC_WHIP_FFMPEG,
} TcWhipBehaviour;

typedef struct {
  const char *url;   /* the WHIP endpoint, http:// */
  const char *token; /* nullable */
  TcWhipBehaviour behaviour;
  /** Changes the offer before it is sent; nullable; transfer full. */
  char *(*edit_offer) (const char *offer);
  TcPeerOptions peer;          /* its callbacks are the client's own */
  guint bitrate_bps, fps, gop; /* of the video; 0: 1 Mbit/s, 30, 30 */
  const char *h264_file; /* what to send instead, a byte stream; nullable */
  guint withhold_every;  /* every Nth video packet is not sent at first */
  gboolean no_media;     /* packets by hand only */
  /** Changes an RTP payload of video before it is sent; nullable. */
  void (*stamp) (guint8 *payload, gsize size, gpointer data);
  gpointer data;
} TcWhipOptions;

typedef struct {
  guint64 sent; /* packets, both media, without those sent again */
  guint64 withheld, resent;
  guint nacks, plis, reports;
} TcWhipStats;

TcWhipClient *tc_whip_client_new (TcLoop *loop, const TcWhipOptions *options);
void tc_whip_client_free (TcWhipClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TcWhipClient, tc_whip_client_free)

/** POST, and all that follows. Runs the loop until the media flows; FALSE with
 * the status and error below if it does not within @timeout_ms. */
gboolean tc_whip_client_publish (TcWhipClient *client, gint64 timeout_ms);
/** As OBS: closes the connection first. */
void tc_whip_client_close (TcWhipClient *client);
/** Sends media no more; the connection stays. */
void tc_whip_client_pause (TcWhipClient *client);

TcPeer *tc_whip_client_peer (const TcWhipClient *client);
/** Of the POST; 0: no answer. */
guint tc_whip_client_status (const TcWhipClient *client);
const char *tc_whip_client_error (const TcWhipClient *client);
/** The parsed answer; nullable. */
const TcDescription *tc_whip_client_answer (const TcWhipClient *client);
/** Location made absolute; nullable. */
const char *tc_whip_client_session_url (const TcWhipClient *client);
const TcWhipStats *tc_whip_client_stats (const TcWhipClient *client);
guint32 tc_whip_client_ssrc (const TcWhipClient *client, WcMedia media);
