/* SPDX-License-Identifier: MIT */
/* What becomes of the RTP of one medium on its way into its track: it is passed
 * on as it is, without its B-frames, or, once for all viewers and only while
 * somebody watches, through a converter. One of these stands between whatever
 * receives (WcRtpTrack, WcSourceTrack) and the WcTrack.
 *
 * A converted medium stays in sync with one that is not: when a frame was
 * captured is known from before the conversion (arrival and sender reports) and
 * goes around the converter with its timestamp.
 *
 * Reference-counted and guarded by a mutex inside. */
#pragma once

#include "config/spec.h"
#include "engine/normaliser.h"

typedef struct WcTrackFeed WcTrackFeed;

typedef struct {
  const char *label; /* of the mountpoint, for the log */
  WcCodec codec;     /* of the source */
  guint32 clock_rate;
  guint channels;
  const char *fmtp; /* nullable */
  WcBFrames bframes;
  WcTrackLimits limits;
} WcTrackFeedConfig;

typedef enum {
  WC_CONVERSION_NONE,     /* nothing is converted */
  WC_CONVERSION_SLEEPING, /* nobody watches */
  WC_CONVERSION_RUNNING,
  WC_CONVERSION_FAILED, /* `reason` says why; it may be tried again */
} WcConversionState;

const char *wc_conversion_state_name (WcConversionState state);

typedef struct {
  WcCodec source; /* what comes, and what becomes of it */
  WcCodec target;
  guint32 clock_rate; /* of what comes */
  guint channels;
  WcBFrames bframes; /* what is done: PASS, DROP or TRANSCODE */
  WcConversionState state;
  char *reason;   /* nullable; why this was chosen, or why it fails */
  guint64 starts; /* of converters */
  guint64 failures;
  guint64 cpu_us;     /* processor time of all of them */
  guint cpu_permille; /* of one processor, lately */
} WcConversionStatus;

void wc_conversion_status_clear (WcConversionStatus *status);

/** @track must carry wc_conversion_target () of @config. @track and @clock are
 * referenced, @config is read now. Error: WC_INGEST_ERROR_INVALID, when fmtp
 * cannot be read or does not say enough. */
WcTrackFeed *wc_track_feed_new (WcTrack *track, WcSourceClock *clock,
                                const WcTrackFeedConfig *config,
                                GError **error);
WcTrackFeed *wc_track_feed_ref (WcTrackFeed *self);
/** Any thread. */
void wc_track_feed_unref (WcTrackFeed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcTrackFeed, wc_track_feed_unref)

/* --- any thread ------------------------------------------------------------
 */

/** As wc_normaliser_push () and its neighbours. */
gboolean wc_track_feed_push (WcTrackFeed *self, const guint8 *rtp, gsize size,
                             gint64 now_us);
void wc_track_feed_sender_report (WcTrackFeed *self, guint64 ntp,
                                  guint32 rtp_timestamp, gint64 now_us);
void wc_track_feed_restart (WcTrackFeed *self);
void wc_track_feed_flush (WcTrackFeed *self, gint64 now_us);
/** As wc_normaliser_set_patience (). */
void wc_track_feed_set_patience (WcTrackFeed *self, gint64 patience_us);
/** Nothing reaches the track any more, also from a converter that still runs:
 * another feed takes its place. */
void wc_track_feed_retire (WcTrackFeed *self);
/** What was received; the track's packets are forgotten. */
void wc_track_feed_forget (WcTrackFeed *self);

/** Of what comes in; the numbers never fall. */
void wc_track_feed_get_stats (WcTrackFeed *self, WcRtpStats *stats);
void wc_track_feed_get_stream_info (WcTrackFeed *self, WcStreamInfo *info);
/** @status must be cleared. */
void wc_track_feed_get_conversion (WcTrackFeed *self,
                                   WcConversionStatus *status);
/** What is converted, as it comes in; NULL when nothing is. Its newest group of
 * pictures is there whether somebody watches or not. (transfer full) */
WcTrack *wc_track_feed_dup_input (WcTrackFeed *self);
/** Whether a viewer who comes now gets something: a start point is there, or
 * would be once somebody watches. */
gboolean wc_track_feed_is_ready (WcTrackFeed *self);

/* --- the main thread -------------------------------------------------------
 */

/** Once in a tick: starts, ends and mends the converter, and decides what
 * becomes of B-frames. @watched: somebody watches. */
void wc_track_feed_supervise (WcTrackFeed *self, gboolean watched,
                              gint64 now_us);
