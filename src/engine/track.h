/* SPDX-License-Identifier: MIT */
/* A track: a ring of packets with one writer (the source's streaming thread, by
 * way of a WcNormaliser) and many readers (the workers). It is also the cache
 * of the group of pictures and the NACK history.
 *
 * Reference-counted. One mutex guards the ring; it is held for the copy of a
 * few pointers. The ring keeps `history_ms` of packets and, beyond that,
 * everything since the newest start point as long as it is at most
 * `gop_max_bytes`; when a group of pictures grows larger there is no start
 * point until the next one. The numbers that VP8 and VP9 give their pictures go
 * on whoever writes (picture-id.h). */
#pragma once

#include "base/codec.h"
#include "engine/packet.h"

typedef struct WcTrack WcTrack;

typedef struct {
  guint history_ms;
  gsize gop_max_bytes;
} WcTrackLimits;

typedef struct {
  guint64 packets; /* appended since the track was made */
  guint64 bytes;   /* their payload */
  guint64 start_points;
  guint64 frames;
  gsize held_packets; /* in the ring now */
  gsize held_bytes;
  gint64 last_append_us; /* monotonic; 0: never */
  guint32 bitrate_bps;   /* payload, over about the last second */
  gboolean has_start;    /* a new viewer could begin now */
  guint last_gop_ms;     /* distance of the last two start points; 0: unknown */
} WcTrackStats;

/** Called by the writer after each append, on its thread; must not block. */
typedef void (*WcTrackWakeFunc) (gpointer user_data);

WcTrack *wc_track_new (WcCodec codec, guint32 clock_rate,
                       const WcTrackLimits *limits);
WcTrack *wc_track_ref (WcTrack *track);
void wc_track_unref (WcTrack *track);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcTrack, wc_track_unref)

WcCodec wc_track_codec (const WcTrack *track);
guint32 wc_track_clock_rate (const WcTrack *track);

/* --- the writer --------------------------------------------------------- */

/** Appends @n packets, whose seq must rise, and wakes the readers.
 * @packets: (transfer full) each; nobody else may hold one. */
void wc_track_append (WcTrack *track, WcPacket **packets, guint n);
/** The same at a given monotonic time, for tests that make their own. */
void wc_track_append_at (WcTrack *track, WcPacket **packets, guint n,
                         gint64 now_us);
/** Forgets every packet (the source is gone for good); numbering goes on. */
void wc_track_clear (WcTrack *track);

/* --- readers, any thread ------------------------------------------------ */

/** Registers @wake; returns an id for wc_track_remove_waker (). When that
 * returns, @wake is not running and never runs again. A waker must not add or
 * remove wakers. */
guint wc_track_add_waker (WcTrack *track, WcTrackWakeFunc wake,
                          gpointer user_data);
void wc_track_remove_waker (WcTrack *track, guint id);

/** The seq after the newest packet: where a reader that wants only what is to
 * come begins. */
guint64 wc_track_head (WcTrack *track);

/** The newest start point. Returns FALSE when there is none in the ring. */
gboolean wc_track_find_start (WcTrack *track, guint64 *seq);

/** The first start point at or after @from. Returns FALSE if there is none. */
gboolean wc_track_find_start_after (WcTrack *track, guint64 from, guint64 *seq);

/** Copies references to up to @max packets from *@seq on (that is, with a seq
 * of *@seq or more) into @packets, and moves *@seq behind the last of them.
 * Returns how many. @skipped is set to TRUE when packets before the oldest one
 * held were wanted. The caller unrefs them. */
guint wc_track_read (WcTrack *track, guint64 *seq, WcPacket **packets,
                     guint max, gboolean *skipped);

/** The packet with @seq. (transfer full) (nullable: it is not held) */
WcPacket *wc_track_get (WcTrack *track, guint64 seq);

/** The newest packet's timestamps: what "live" is now. FALSE when empty. */
gboolean wc_track_newest (WcTrack *track, gint64 *timestamp, gint64 *capture_us,
                          guint32 *frame);

/** The same of the packet appended last, whether it is still held or not: where
 * a new writer goes on. FALSE if there never was one. */
gboolean wc_track_last (WcTrack *track, gint64 *timestamp, gint64 *capture_us,
                        guint32 *frame);

void wc_track_get_stats (WcTrack *track, WcTrackStats *stats);

/** The RFC 6381-like profile the bitstream has shown, for the SDP answer:
 * H.264 "42e01f" (profile-level-id), VP9/AV1 profile digit, H.265 profile-id.
 * Empty until it was seen. Set by the normaliser. (transfer full) */
char *wc_track_dup_profile (WcTrack *track);
void wc_track_set_profile (WcTrack *track, const char *profile);
