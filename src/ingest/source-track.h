/* SPDX-License-Identifier: MIT */
/* One medium of a source whose format is known only once it is connected, and
 * may be another after a reconnect: feeds and owns the engine's track. There is
 * one for the life of a source, so that the numbering of its packets goes on
 * across reconnects.
 *
 * RTP goes in as the source sent it: what browsers take is not depayloaded.
 *
 * Reference-counted and guarded by a mutex inside: streaming threads push, the
 * main thread looks on. */
#pragma once

#include "engine/normaliser.h"
#include "ingest/source-format.h"
#include "ingest/track-feed.h"

typedef struct WcSourceTrack WcSourceTrack;

typedef struct {
  gboolean has_format;        /* this connection has said what it sends */
  WcSourceFormat format;      /* (owned by the status) the newest */
  gint64 opened_us;           /* monotonic */
  gint64 last_packet_us;      /* monotonic; 0: none since it was opened */
  guint32 ssrc;               /* of the newest packet */
  guint64 wrong_payload_type; /* not taken */
} WcSourceTrackStatus;

void wc_source_track_status_clear (WcSourceTrackStatus *status);

/** @clock is referenced; the tracks of one source share it. */
WcSourceTrack *wc_source_track_new (WcMedia media, WcSourceClock *clock,
                                    const WcTrackLimits *limits);
WcSourceTrack *wc_source_track_ref (WcSourceTrack *self);
void wc_source_track_unref (gpointer self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcSourceTrack, wc_source_track_unref)

/** What becomes of B-frames, and what the log calls it; before the first
 * format. */
void wc_source_track_set_policy (WcSourceTrack *self, const char *label,
                                 WcBFrames bframes);

WcMedia wc_source_track_media (const WcSourceTrack *self);
/** (transfer none) */
WcSourceClock *wc_source_track_clock (const WcSourceTrack *self);

/* --- any thread --------------------------------------------------------- */

/** What will be pushed from now on; before the first packet of a connection.
 * The track stays if the codec does. Error: WC_INGEST_ERROR_INVALID, when it is
 * nothing that viewers could be sent, or its fmtp cannot be read. */
gboolean wc_source_track_set_format (WcSourceTrack *self,
                                     const WcSourceFormat *format,
                                     GError **error);

/** How long to wait for a missing packet, from now on and for formats that are
 * set later; 0: 50 ms. */
void wc_source_track_set_patience (WcSourceTrack *self, gint64 patience_us);

/** The next packets have another SSRC and are another encoding of what is
 * coming (a layer of simulcast): numbering goes on, and the source's clock is
 * the same. */
void wc_source_track_change_layer (WcSourceTrack *self, guint32 ssrc);

/** One RTP packet (RFC 3550 section 5.1) as it came. Dropped unless the track
 * is open and the payload type is that of the format. @now_us: monotonic. */
void wc_source_track_push_rtp (WcSourceTrack *self, const guint8 *data,
                               gsize size, gint64 now_us);

/** From the sender report of the medium (RFC 3550 section 6.4.1). */
void wc_source_track_push_report (WcSourceTrack *self, guint64 ntp,
                                  guint32 rtp_timestamp, gint64 now_us);

/** For wc_pipeline_connect_sink (): a sample that is an RTP packet (or a list
 * of them). */
void wc_source_track_take_sample (GstSample *sample, gpointer self);
/** The same, where the running time of the pipeline is the one clock of all
 * tracks (a pipeline that encodes or paces): stands for sender reports. */
void wc_source_track_take_timed_sample (GstSample *sample, gpointer self);

/* --- the main thread ---------------------------------------------------- */

/** A connection begins: numbering goes on, the format has to be said anew. */
void wc_source_track_open (WcSourceTrack *self);
/** It has ended: drops what still comes. What is in the ring stays. */
void wc_source_track_close (WcSourceTrack *self);
/** Forgets the packets, so that no stale picture is served. */
void wc_source_track_forget (WcSourceTrack *self);
/** Now and then: lets go what waits for packets that do not come. */
void wc_source_track_flush (WcSourceTrack *self, gint64 now_us);

/** The engine's track; NULL until a format was set. (transfer full) */
WcTrack *wc_source_track_dup_track (WcSourceTrack *self);
/** @status must be cleared. */
void wc_source_track_get_status (WcSourceTrack *self,
                                 WcSourceTrackStatus *status);
/** Of all connections and formats: the numbers never fall. */
void wc_source_track_get_stats (WcSourceTrack *self, WcRtpStats *stats);
/** What becomes of its packets; NULL until a format was set. (transfer full) */
WcTrackFeed *wc_source_track_dup_feed (WcSourceTrack *self);
/** Whether a viewer who comes now gets something of it. */
gboolean wc_source_track_is_ready (WcSourceTrack *self);
/** Once in a tick, and with @watched FALSE before the last reference goes:
 * conversions run only while somebody watches. */
void wc_source_track_supervise (WcSourceTrack *self, gboolean watched,
                                gint64 now_us);
