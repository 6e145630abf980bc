/* SPDX-License-Identifier: MIT */
/* The direct lane: once DTLS has agreed on keys, the worker encrypts a viewer's
 * media itself and sends it in batches, writes the sender reports, answers
 * NACKs from the track's history and reads what the viewer says of its network.
 *
 * Whoever negotiates (the handshake: a lane of its own, installed below this
 * one) gets the viewer's DTLS until the viewer is known to have the keys for
 * two seconds. Then it is told to retire, once; it closes, and hands over the
 * close_notify that is sent at the end.
 *
 * Reference-counted. Functions may be called from any thread unless said
 * otherwise; what they change is posted to the subscriber's worker. */
#pragma once

#include "engine/lane.h"
#include "engine/report-meter.h"
#include "engine/srtp.h"
#include "engine/subscriber.h"

typedef struct WcDirectLane WcDirectLane;

/** Called on the worker's thread; may only post. */
typedef struct {
  /** The handshake gets no more DTLS; it may close. Once. */
  void (*retire) (gpointer user_data);
  /** PLI or FIR. */
  void (*key_frame_wanted) (gpointer user_data, WcMedia media);
} WcDirectLaneEvents;

typedef struct {
  guint32 ssrc; /* 0: not sent */
  guint32 clock_rate;
  gboolean nack;    /* what is lost is sent again when asked for */
  guint32 rtx_ssrc; /* 0: again as it was; else as RFC 4588 says */
  guint8 rtx_payload_type;
  /* Ids of header extensions, at most one of them; 0: not sent. */
  guint8 send_time_extension; /* abs-send-time */
  guint8 twcc_extension;      /* transport-wide sequence numbers */
} WcDirectTrack;

typedef struct {
  WcDirectTrack tracks[WC_N_MEDIA];
  const char *cname;  /* as in the answer; copied */
  gboolean is_client; /* of DTLS: the viewer's Finished came last, it has the
                         keys; else its first SRTCP shows that */
  const WcLane *handshake;
  gpointer handshake_data;
} WcDirectLaneParams;

typedef struct {
  guint nacks;  /* packets asked for again */
  guint resent; /* and sent */
  guint plis;   /* and FIR */
  gint rtt_ms;  /* -1 */
  double loss;  /* 0..1, of the newest reports */
  guint jitter_ms;
  guint64 estimated_bps;  /* REMB, or what its transport-wide feedback tells;
                             0: not known */
  guint rejected;         /* SRTCP: not authentic, replayed, or too much */
  WcReportCounts reports; /* all of them */
} WcDirectLaneStats;

/** What the engine calls; `lane_data` is the WcDirectLane. */
extern const WcLane wc_direct_lane;

WcDirectLane *wc_direct_lane_new (const WcDirectLaneParams *params,
                                  const WcDirectLaneEvents *events,
                                  gpointer user_data);
WcDirectLane *wc_direct_lane_ref (WcDirectLane *lane);
void wc_direct_lane_unref (WcDirectLane *lane);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcDirectLane, wc_direct_lane_unref)

/** Before the subscriber is started. @subscriber: borrowed; outlives the last
 * call of the lane. */
void wc_direct_lane_set_subscriber (WcDirectLane *lane,
                                    WcSubscriber *subscriber);

/** The keys of both directions, of a viewer whose certificate was checked;
 * before wc_subscriber_secured (). Once. */
void wc_direct_lane_set_keys (WcDirectLane *lane,
                              const guint8 send[WC_SRTP_MASTER_SIZE],
                              const guint8 receive[WC_SRTP_MASTER_SIZE]);

/** The handshake has retired. @goodbye: its close_notify (RFC 5246 section
 * 7.2.1), sent when the subscriber ends; at most 128 bytes, or none. */
void wc_direct_lane_set_goodbye (WcDirectLane *lane, const guint8 *goodbye,
                                 gsize size);

void wc_direct_lane_get_stats (WcDirectLane *lane, WcDirectLaneStats *stats);
