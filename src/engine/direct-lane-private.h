/* SPDX-License-Identifier: MIT */
/* The direct lane's two halves: what it sends (direct-lane) and what it makes
 * of the viewer's RTCP (direct-feedback). Worker's thread, but for what says
 * otherwise. Internal to them. */
#pragma once

#include "engine/direct-lane.h"
#include "engine/link-estimate.h"
#include "engine/send-batch.h"
#include "engine/subscriber-private.h"

#define WC_RTP_FIXED_HEADER 12
#define WC_DIRECT_GOODBYE_SIZE 128

typedef struct {
  WcDirectTrack track;
  guint64 rtx_index; /* of the next retransmission */

  /* for sender reports */
  gboolean began;
  guint32 packets, octets;
  guint32 timestamp; /* of the last packet, and when it was captured */
  gint64 capture_us;
} WcDirectStream;

struct WcDirectLane {
  atomic_uint refs;
  WcSubscriber *subscriber; /* borrowed */
  const WcDirectLaneEvents *events;
  gpointer user_data;
  const WcLane *handshake; /* NULL: retired */
  gpointer handshake_data;
  gboolean is_client;
  char *cname;

  WcSrtp *out, *in; /* NULL: no keys yet */
  WcSendPath path;
  WcDirectStream streams[WC_N_MEDIA];
  WcLinkEstimate *link; /* NULL: no transport-wide numbers are sent */
  gint64 report_us; /* when the next sender report is due; 0: nothing sent */
  gint64 known_us;  /* since when the viewer has the keys; 0: who knows */
  guint8 goodbye[WC_DIRECT_GOODBYE_SIZE];
  guint8 goodbye_size;

  guint receive_tokens, resend_tokens, feedback_tokens; /* see take_token () */
  gint64 receive_us, resend_us, feedback_us;
  gint64 key_request_us; /* when the last one was passed on */

  /* published, read by anyone */
  atomic_uint nacks, resent, plis, rejected, jitter_ms;
  atomic_int rtt_ms, loss_256;
  atomic_ullong estimated_bps;
  WcReportMeter reports;
};

/** A datagram that looks like SRTCP. */
void wc_direct_lane_on_srtcp (gpointer lane, const guint8 *data, gsize size);

/** Where to, now. NULL: nowhere, its connection was lost. */
WcSendPath *wc_direct_lane_path (WcDirectLane *lane);
void wc_direct_lane_write_header (guint8 *out, const WcOutgoing *outgoing,
                                  guint32 ssrc, guint8 payload_type,
                                  guint64 index);
/** The payload as the viewer gets it: the shared one, or a copy in @room, of
 * the packet's size. */
const guint8 *wc_direct_lane_payload (const WcOutgoing *outgoing, guint8 *room);
