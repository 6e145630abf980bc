/* SPDX-License-Identifier: MIT */
/* Turns the RTP of one source's track, as it comes from the network, into the
 * packets of a WcTrack: in order, numbered without jumps across restarts of the
 * source, with continuous timestamps, start points marked, H.264/H.265
 * parameter sets in band before every key frame, and no payload above
 * WC_MAX_PAYLOAD. Nothing is depayloaded into frames and nothing is decoded.
 *
 * Owned and called by one thread at a time (the streaming thread); the counters
 * may be read from any thread. Input is hostile: anything may be in it. */
#pragma once

#include "base/codec.h"
#include "engine/rtp-stats.h"
#include "engine/stream-info.h"
#include "engine/track.h"

typedef struct WcNormaliser WcNormaliser;

/** @track and @clock are referenced. */
WcNormaliser *wc_normaliser_new (WcTrack *track, WcSourceClock *clock);
void wc_normaliser_free (WcNormaliser *normaliser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcNormaliser, wc_normaliser_free)

/** Parameter sets known from the SDP: the fmtp of RFC 6184 section 8.1
 * (sprop-parameter-sets) or RFC 7798 section 7.1 (sprop-vps, -sps, -pps). Put
 * in band before each key frame that does not bring its own. Returns FALSE with
 * @reason set (static text) when @fmtp has some that cannot be read. */
gboolean wc_normaliser_set_fmtp (WcNormaliser *normaliser, const char *fmtp,
                                 const char **reason);

/** The next packet is of a new source (another SSRC, or one that was away):
 * numbering and timestamps go on from the last by the time that has passed, and
 * of the parameter sets those of wc_normaliser_set_fmtp () are kept. To call it
 * when the SSRC changes is the caller's: the SSRC is not looked at here. Jumps
 * of the sequence (by more than 3000) or of the time (10 s on, 2 s back) are
 * taken for a restart without it, but then all parameter sets are kept. */
void wc_normaliser_restart (WcNormaliser *normaliser);

/** Takes one RTP packet (RFC 3550 section 5.1), header and all. Header
 * extensions, CSRCs and padding are dropped. @arrival_us: monotonic. Returns
 * FALSE if it was not RTP or not of the codec's format; it is counted. */
gboolean wc_normaliser_push (WcNormaliser *normaliser, const guint8 *rtp,
                             gsize size, gint64 arrival_us);

/** Takes an RTP packet that we made ourselves (a converter): they come in
 * order, and when their media were captured is known. Its sequence number is
 * not looked at. Not to be mixed with wc_normaliser_push (), but after
 * wc_normaliser_restart (). */
gboolean wc_normaliser_push_made (WcNormaliser *normaliser, const guint8 *rtp,
                                  gsize size, gint64 capture_us);

/** Time has passed: what has waited for 50 ms, for missing packets or for the
 * picture of a frame, goes on. To be called every 20 ms or so while packets
 * come; with G_MAXINT64 nothing waits any longer. */
void wc_normaliser_flush (WcNormaliser *normaliser, gint64 now_us);

/** How long to wait for a missing packet; 0: 50 ms. Longer where it is asked
 * for again, which takes a round trip. By the streaming thread. */
void wc_normaliser_set_patience (WcNormaliser *normaliser, gint64 patience_us);

/** B-frames that no other frame refers to do not go on: what browsers hardly
 * play without them they do play (facts of the field: they show frames as they
 * come). Numbering has no holes for it. Any thread. */
void wc_normaliser_set_drop_b_frames (WcNormaliser *normaliser, gboolean drop);

/** From the source's RTCP sender report (RFC 3550 section 6.4.1). */
void wc_normaliser_sender_report (WcNormaliser *normaliser, guint64 ntp,
                                  guint32 rtp_timestamp, gint64 arrival_us);

void wc_normaliser_get_stats (WcNormaliser *normaliser, WcRtpStats *stats);
/** What the stream turned out to be. Any thread. */
void wc_normaliser_get_stream_info (WcNormaliser *normaliser,
                                    WcStreamInfo *info);
