/* SPDX-License-Identifier: MIT */
/* The receiving end of one RTP stream: counters, what is missing, reports.
 * Owned by a peer, used on its loop's thread. */
#pragma once

#include "common/description.h"
#include "common/rtcp.h"
#include "common/rtp.h"

#include <glib.h>

typedef struct _TcTrack TcTrack;

/** All times are monotonic microseconds, 0 for never. */
typedef struct {
  guint32 ssrc;
  guint8 pt;
  guint64 packets;     /* distinct ones, recovered included */
  guint64 bytes;       /* their payloads */
  guint64 expected;    /* by sequence numbers, from the first packet on */
  guint64 lost;        /* expected and not here, now */
  guint64 gaps;        /* times that a sequence number was skipped */
  guint64 recovered;   /* came as RTX or as a plain second copy after a NACK */
  guint64 rtx_packets; /* of any use or none */
  guint64 duplicates;  /* same sequence number twice */
  guint64 reordered;   /* came late, without having been asked for */
  guint64 auth_failures;
  guint64 wrong_ssrc; /* not the answer's a=ssrc */
  guint64 ssrc_changes;
  guint64 nacked; /* sequence numbers asked for, repetitions included */
  guint64 frames; /* distinct timestamps */
  guint64 key_frames;
  guint64 backward_timestamps; /* of packets in sequence */
  gint64 first_packet_us, last_packet_us;
  gint64 first_key_us;          /* the first packet of a key frame */
  gint64 first_key_complete_us; /* its last one, with nothing missing */
  gint64 longest_pause_us;      /* between packets */
  /* Arrival against the RTP timestamp, of packets in order, from an arbitrary
   * zero: their difference is how much later than the best one the worst
   * came. Unless has_delay, they say nothing. */
  gboolean has_delay;
  gint64 least_delay_us, greatest_delay_us;
  guint first_seq;
  guint32 first_timestamp, last_timestamp;
  guint64 highest_seq; /* extended */
  guint sr_count;
  TcRtcpSenderInfo last_sr;
  gint64 last_sr_us;
  gint64 longest_sr_pause_us;
  guint bye_count;
} TcTrackStats;

/** Both are borrowed and must stay. */
TcTrack *tc_track_new (const TcSection *section, const TcFormat *format);
void tc_track_free (TcTrack *track);

const TcSection *tc_track_section (const TcTrack *track);
const TcFormat *tc_track_format (const TcTrack *track);
const TcTrackStats *tc_track_stats (TcTrack *track);
void tc_track_count_auth_failure (TcTrack *track);
void tc_track_count_duplicate (TcTrack *track);
/** Begins the longest pause and the delays anew. */
void tc_track_reset_times (TcTrack *track);

/** Takes a packet; TRUE when it is new. @from_rtx: RTX's original packet.
 * @readable: the payload is decrypted. */
gboolean tc_track_receive (TcTrack *track, const TcRtpPacket *packet,
                           gboolean from_rtx, gboolean readable, gint64 now_us);
/** Turns an RTX packet into the one it repeats (RFC 4588 section 4). FALSE
 * when it holds none (padding). */
gboolean tc_track_unwrap_rtx (TcTrack *track, TcRtpPacket *packet);
void tc_track_receive_sr (TcTrack *track, const TcRtcpSenderInfo *info,
                          gint64 now_us);
void tc_track_receive_bye (TcTrack *track);

/** Sequence numbers to ask for now, ascending; returns how many. */
guint tc_track_take_nacks (TcTrack *track, guint16 *seqs, guint max,
                           gint64 now_us);
/** When there will be something to ask for, or G_MAXINT64. */
gint64 tc_track_next_nack_us (const TcTrack *track);
/** FALSE while nothing has been received. */
gboolean tc_track_report (TcTrack *track, TcRtcpBlock *block, gint64 now_us);
