/* SPDX-License-Identifier: MIT */
/* One viewer's peer connection: the engine's subscriber carries its packets,
 * and the lane stands between that and the webrtcbin. On the direct lane the
 * webrtcbin retires when the viewer has its keys. Threads: see WcPeer. */
#pragma once

#include "engine/report-meter.h"
#include "engine/track.h"
#include "peer/peer.h"

typedef struct {
  guint64 packets_sent, bytes_sent; /* media with RTP header, without RTX */
  guint64 packets_dropped; /* queue full; the viewer skips to a key frame */
  guint skips;             /* times that it did */
  guint nacks, plis;       /* received */
  gint rtt_ms;             /* -1: not known yet */
  double loss;             /* 0..1: fraction lost of the newest reports */
  guint jitter_ms;         /* of the newest reports; direct lane alone */
  guint64 estimated_bps;   /* what its link seems to carry; 0: not known */
  guint resent;            /* packets sent again; direct lane alone */
  guint32 bitrate_bps;     /* sent, over about the last second */
  gint64 first_packet_us;  /* monotonic: when it was sent; 0: not yet */
  gint64 first_frame_us;   /* the same of a whole frame of video */
  WcReportCounts reports;  /* all that have come */
  gint layer;              /* as wc_viewer_peer_select_layer () calls it; -1 */
  gboolean has_address;
  WcAddress address; /* of the viewer, when ICE is connected */
  gboolean is_tcp;
} WcViewerPeerStats;

#define WC_TYPE_VIEWER_PEER (wc_viewer_peer_get_type ())
G_DECLARE_FINAL_TYPE (WcViewerPeer, wc_viewer_peer, WC, VIEWER_PEER, WcPeer)

/** @plan: (transfer full). @tracks: indexed by WcMedia; referenced; those that
 * the plan sends must be there. @label: short public id for the log. */
WcPeer *wc_viewer_peer_new (WcPeerFactory *factory, WcSdpPlan *plan,
                            WcTrack *const tracks[WC_N_MEDIA],
                            const char *label);

/** See wc_subscriber_select_layer (). */
void wc_viewer_peer_select_layer (WcViewerPeer *peer, WcTrack *track,
                                  gint layer);

void wc_viewer_peer_get_stats (WcViewerPeer *peer, WcViewerPeerStats *stats);
/** The same but the address; see wc_subscriber_get_counts (). */
void wc_viewer_peer_get_counts (WcViewerPeer *peer, WcViewerPeerStats *stats);

/* Signals, on the main thread, besides those of WcPeer:
 *   "key-frame-wanted" (WcViewerPeer *peer, guint media): the viewer sent PLI
 *                      or FIR or has no start point to begin at; not coalesced.
 */
