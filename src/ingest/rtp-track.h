/* SPDX-License-Identifier: MIT */
/* One track of an RTP source as it comes from the network: decides which sender
 * is listened to (the latch), feeds the normaliser, and keeps what is needed to
 * say what is wrong. Knows bytes and addresses, not GStreamer.
 *
 * Reference-counted and guarded by a mutex inside: its streaming threads push,
 * the main thread looks on. */
#pragma once

#include "config/spec.h"
#include "engine/normaliser.h"
#include "ingest/rtp-guess.h"
#include "ingest/source-rtcp.h"
#include "ingest/track-feed.h"

typedef struct WcRtpTrack WcRtpTrack;

typedef struct {
  gboolean latched;
  WcAddress source; /* if latched: the sender and its SSRC */
  guint32 ssrc;
  guint8 payload_type;
  gint64 since_us;       /* monotonic: its first packet */
  gint64 last_packet_us; /* monotonic; 0: none since the start, or unlatched */
  gboolean heard;        /* something was taken since the start */
  gboolean left;         /* the last one said BYE */
  gboolean mismatch;     /* most of it is not the codec that was announced */
  WcRtpGuess guess;      /* what it is instead; packets 0: not known */
  /* What was not taken: */
  guint64 wrong_payload_type;
  guint8 wrong_payload_type_seen; /* the newest */
  gint64 wrong_payload_type_us;
  guint64 wrong_sender; /* not the configured `source` */
  WcAddress wrong_sender_seen;
  gint64 wrong_sender_us;
  guint64 second_sender; /* came while another was latched */
  gint64 second_sender_us;
} WcRtpTrackStatus;

typedef struct {
  const char *label; /* of the mountpoint, for the log */
  guint latch_timeout_ms;
  WcBFrames bframes;
  WcTrackLimits limits;
} WcRtpTrackOptions;

/** @spec and @options are read now and not kept. @track, which carries
 * wc_conversion_target () of the codec, and @clock are referenced. The error is
 * WC_INGEST_ERROR_INVALID (fmtp that cannot be read). */
WcRtpTrack *wc_rtp_track_new (const WcTrackSpec *spec, WcTrack *track,
                              WcSourceClock *clock,
                              const WcRtpTrackOptions *options, GError **error);
WcRtpTrack *wc_rtp_track_ref (WcRtpTrack *self);
void wc_rtp_track_unref (WcRtpTrack *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcRtpTrack, wc_rtp_track_unref)

/* --- streaming threads -------------------------------------------------- */

/** A datagram of the RTP port; RTCP among it is recognised (RFC 5761). */
void wc_rtp_track_push_rtp (WcRtpTrack *self, const guint8 *data, gsize size,
                            const WcAddress *from, gint64 now_us);
/** A datagram of the RTCP port. */
void wc_rtp_track_push_rtcp (WcRtpTrack *self, const guint8 *data, gsize size,
                             const WcAddress *from, gint64 now_us);

/* --- the main thread ---------------------------------------------------- */

/** Takes packets from now on; forgets the sender of before. */
void wc_rtp_track_open (WcRtpTrack *self);
/** Drops what still comes; forgets the packets. */
void wc_rtp_track_close (WcRtpTrack *self);
/** Now and then: lets go what waits for packets that do not come. */
void wc_rtp_track_flush (WcRtpTrack *self, gint64 now_us);
/** Its source is silent: forgets the packets, so that no stale picture is
 * served, and the sender. Numbering goes on. */
void wc_rtp_track_forget (WcRtpTrack *self);
void wc_rtp_track_get_status (WcRtpTrack *self, WcRtpTrackStatus *status);
void wc_rtp_track_get_stats (WcRtpTrack *self, WcRtpStats *stats);
/** What becomes of its packets, to be supervised; the same for its life.
 * (transfer none) */
WcTrackFeed *wc_rtp_track_feed (WcRtpTrack *self);

/** Writes what asks the source for a key frame. Returns FALSE when there is no
 * RTCP address to send it to, or one was written less than 500 ms ago. @muxed:
 * send it from the RTP port. */
gboolean wc_rtp_track_take_pli (WcRtpTrack *self, gint64 now_us,
                                guint8 packet[WC_SOURCE_RTCP_PLI_SIZE],
                                WcAddress *to, gboolean *muxed);
