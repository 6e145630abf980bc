/* SPDX-License-Identifier: MIT */
#include "common/track.h"

#include "common/bytes.h"

#include "base/clock.h"

#include <string.h>

#define WINDOW 8192
#define NACK_RETRY_US 50000
#define NACK_TRIES 12
#define MAX_MISSING 2000
/* A jump this far is a new start, not loss. */
#define MAX_JUMP 3000

typedef struct {
  guint64 seq;
  gint64 due_us;
  guint tries;
} Missing;

struct _TcTrack {
  const TcSection *section;
  const TcFormat *format;
  TcTrackStats stats;
  guint64 base_seq; /* extended; where "expected" begins */
  guint64 former;   /* expected before the last restart */
  guint8 seen[WINDOW / 8];
  GArray *missing;     /* Missing, ascending */
  guint64 frame_first; /* where the frame of last_timestamp begins */
  guint64 key_first;   /* of the last key frame; 0: none yet */
  guint64 key_last;    /* its marker; 0: not here yet */
  guint32 key_timestamp;
  double jitter;
  gint64 transit, first_transit;
  guint64 reported_expected, reported_packets;
};

TcTrack *
tc_track_new (const TcSection *section, const TcFormat *format)
{
  TcTrack *track = g_new0 (TcTrack, 1);

  track->section = section;
  track->format = format;
  track->missing = g_array_new (FALSE, FALSE, sizeof (Missing));
  return track;
}

void
tc_track_free (TcTrack *track)
{
  g_array_unref (track->missing);
  g_free (track);
}

const TcSection *
tc_track_section (const TcTrack *track)
{
  return track->section;
}

const TcFormat *
tc_track_format (const TcTrack *track)
{
  return track->format;
}

static guint64
expected_now (const TcTrack *track)
{
  if (track->stats.first_packet_us == 0)
    return 0;
  return track->former + track->stats.highest_seq - track->base_seq + 1;
}

const TcTrackStats *
tc_track_stats (TcTrack *track)
{
  track->stats.expected = expected_now (track);
  track->stats.lost = track->stats.expected - track->stats.packets;
  return &track->stats;
}

void
tc_track_count_auth_failure (TcTrack *track)
{
  track->stats.auth_failures++;
}

void
tc_track_count_duplicate (TcTrack *track)
{
  track->stats.duplicates++;
}

void
tc_track_reset_times (TcTrack *track)
{
  track->stats.longest_pause_us = 0;
  track->stats.has_delay = FALSE;
}

static gboolean
test_and_mark (TcTrack *track, guint64 seq)
{
  guint bit = (guint)(seq % WINDOW);
  gboolean was = (track->seen[bit / 8] >> (bit % 8) & 1) != 0;

  track->seen[bit / 8] |= (guint8)(1u << (bit % 8));
  return was;
}

static void
unmark (TcTrack *track, guint64 seq)
{
  guint bit = (guint)(seq % WINDOW);

  track->seen[bit / 8] &= (guint8) ~(1u << (bit % 8));
}

static void
restart (TcTrack *track, const TcRtpPacket *packet)
{
  track->former = expected_now (track);
  track->base_seq = 0x10000 + (guint64)packet->seq;
  track->stats.highest_seq = track->base_seq - 1;
  track->stats.ssrc = packet->ssrc;
  track->stats.pt = packet->pt;
  memset (track->seen, 0, sizeof track->seen);
  track->key_first = 0;
  g_array_set_size (track->missing, 0);
}

/* Everything up to @seq is expected now. */
static void
advance (TcTrack *track, guint64 seq, gint64 now_us)
{
  for (guint64 s = track->stats.highest_seq + 1; s <= seq; s++) {
    Missing missing = {.seq = s, .due_us = now_us};

    unmark (track, s);
    if (s < seq && track->missing->len < MAX_MISSING)
      g_array_append_val (track->missing, missing);
  }
  if (seq > track->stats.highest_seq + 1)
    track->stats.gaps++;
  track->stats.highest_seq = seq;
}

/* TRUE when @seq was asked for at least once. */
static gboolean
remove_missing (TcTrack *track, guint64 seq)
{
  for (guint i = 0; i < track->missing->len; i++) {
    Missing missing = g_array_index (track->missing, Missing, i);

    if (missing.seq != seq)
      continue;
    g_array_remove_index (track->missing, i);
    return missing.tries > 0;
  }
  return FALSE;
}

/* @transit wraps; the first one after a reset is the zero. */
static void
update_delay (TcTrack *track, gint64 transit)
{
  TcTrackStats *stats = &track->stats;
  gint64 delay_us;

  if (track->format->clock_rate == 0)
    return;
  if (!stats->has_delay) {
    stats->has_delay = TRUE;
    stats->least_delay_us = stats->greatest_delay_us = 0;
    track->first_transit = transit;
  }
  delay_us = (gint64)(gint32)(transit - track->first_transit) * G_USEC_PER_SEC /
             track->format->clock_rate;
  stats->least_delay_us = MIN (stats->least_delay_us, delay_us);
  stats->greatest_delay_us = MAX (stats->greatest_delay_us, delay_us);
}

static void
update_jitter (TcTrack *track, const TcRtpPacket *packet, gint64 now_us)
{
  gint64 arrival = (gint64)((double)now_us * 1e-6 * track->format->clock_rate);
  gint64 transit = (gint32)((guint32)arrival - packet->timestamp);
  gint64 difference = (gint32)(transit - track->transit);

  update_delay (track, transit);
  if (track->stats.packets > 1)
    track->jitter += ((double)ABS (difference) - track->jitter) / 16.0;
  track->transit = transit;
}

/* @first: what the sequence number of the frame's first packet may be. */
static void
update_frames (TcTrack *track, const TcRtpPacket *packet, guint64 first)
{
  TcTrackStats *stats = &track->stats;

  if (stats->frames > 0 && packet->timestamp == stats->last_timestamp)
    return;
  if (stats->frames > 0 &&
      (gint32)(packet->timestamp - stats->last_timestamp) < 0)
    stats->backward_timestamps++;
  stats->frames++;
  stats->last_timestamp = packet->timestamp;
  track->frame_first = first;
}

static gboolean
has_all (TcTrack *track, guint64 first, guint64 last)
{
  for (guint64 seq = first; seq <= last; seq++)
    if ((track->seen[seq % WINDOW / 8] >> (seq % 8) & 1) == 0)
      return FALSE;
  return TRUE;
}

static void
update_key_frame (TcTrack *track, const TcRtpPacket *packet, guint64 seq,
                  gint64 now_us)
{
  TcTrackStats *stats = &track->stats;
  gboolean is_current =
      track->key_first != 0 && packet->timestamp == track->key_timestamp;

  if (!is_current &&
      tc_rtp_starts_key_frame (track->format->encoding, packet->payload,
                               packet->payload_size)) {
    stats->key_frames++;
    track->key_timestamp = packet->timestamp;
    track->key_first =
        packet->timestamp == stats->last_timestamp ? track->frame_first : seq;
    track->key_last = 0;
    is_current = TRUE;
    if (stats->first_key_us == 0)
      stats->first_key_us = now_us;
  }
  if (is_current && packet->marker)
    track->key_last = seq;
  if (is_current && track->key_last != 0 && stats->first_key_complete_us == 0 &&
      has_all (track, track->key_first, track->key_last))
    stats->first_key_complete_us = now_us;
}

static void
count_packet (TcTrack *track, const TcRtpPacket *packet, gint64 now_us)
{
  TcTrackStats *stats = &track->stats;

  if (stats->first_packet_us == 0) {
    stats->first_packet_us = now_us;
    stats->first_seq = packet->seq;
    stats->first_timestamp = packet->timestamp;
  } else {
    stats->longest_pause_us =
        MAX (stats->longest_pause_us, now_us - stats->last_packet_us);
  }
  stats->last_packet_us = now_us;
  stats->packets++;
  stats->bytes += packet->payload_size;
}

static gboolean
take_late (TcTrack *track, const TcRtpPacket *packet, guint64 seq,
           gboolean from_rtx, gboolean readable, gint64 now_us)
{
  gboolean asked;

  if (seq < track->base_seq || test_and_mark (track, seq)) {
    track->stats.duplicates++;
    return FALSE;
  }
  asked = remove_missing (track, seq);
  if (from_rtx || asked)
    track->stats.recovered++;
  else
    track->stats.reordered++;
  count_packet (track, packet, now_us);
  if (readable)
    update_key_frame (track, packet, seq, now_us);
  return TRUE;
}

static void
check_ssrc (TcTrack *track, const TcRtpPacket *packet, gboolean from_rtx)
{
  TcTrackStats *stats = &track->stats;
  gint16 jump = (gint16)(packet->seq - (guint16)stats->highest_seq);

  if (track->section->ssrc != 0 && packet->ssrc != track->section->ssrc)
    stats->wrong_ssrc++;
  if (stats->first_packet_us == 0) {
    restart (track, packet);
  } else if (packet->ssrc != stats->ssrc ||
             (!from_rtx && ABS ((int)jump) > MAX_JUMP)) {
    stats->ssrc_changes += packet->ssrc != stats->ssrc;
    stats->gaps++;
    restart (track, packet);
  }
}

gboolean
tc_track_receive (TcTrack *track, const TcRtpPacket *packet, gboolean from_rtx,
                  gboolean readable, gint64 now_us)
{
  guint64 seq, first;

  check_ssrc (track, packet, from_rtx);
  seq = track->stats.highest_seq +
        (guint64)(gint64)(gint16)(packet->seq -
                                  (guint16)track->stats.highest_seq);
  if (seq <= track->stats.highest_seq)
    return take_late (track, packet, seq, from_rtx, readable, now_us);
  first = track->stats.highest_seq + 1;
  advance (track, seq, now_us);
  test_and_mark (track, seq);
  track->stats.recovered += from_rtx;
  count_packet (track, packet, now_us);
  update_jitter (track, packet, now_us);
  update_frames (track, packet, first);
  if (readable)
    update_key_frame (track, packet, seq, now_us);
  return TRUE;
}

gboolean
tc_track_unwrap_rtx (TcTrack *track, TcRtpPacket *packet)
{
  track->stats.rtx_packets++;
  if (packet->payload_size <= 2 || track->stats.first_packet_us == 0)
    return FALSE;
  packet->seq = tc_get_u16 (packet->payload);
  packet->payload += 2;
  packet->payload_size -= 2;
  packet->pt = track->format->pt;
  packet->ssrc = track->stats.ssrc;
  return TRUE;
}

void
tc_track_receive_sr (TcTrack *track, const TcRtcpSenderInfo *info,
                     gint64 now_us)
{
  TcTrackStats *stats = &track->stats;

  if (stats->sr_count > 0)
    stats->longest_sr_pause_us =
        MAX (stats->longest_sr_pause_us, now_us - stats->last_sr_us);
  stats->sr_count++;
  stats->last_sr = *info;
  stats->last_sr_us = now_us;
}

void
tc_track_receive_bye (TcTrack *track)
{
  track->stats.bye_count++;
}

guint
tc_track_take_nacks (TcTrack *track, guint16 *seqs, guint max, gint64 now_us)
{
  guint n = 0;

  for (guint i = 0; i < track->missing->len && n < max;) {
    Missing *missing = &g_array_index (track->missing, Missing, i);

    if (missing->tries >= NACK_TRIES) {
      g_array_remove_index (track->missing, i);
      continue;
    }
    if (missing->due_us <= now_us) {
      seqs[n++] = (guint16)missing->seq;
      missing->tries++;
      missing->due_us = now_us + NACK_RETRY_US;
    }
    i++;
  }
  track->stats.nacked += n;
  return n;
}

gint64
tc_track_next_nack_us (const TcTrack *track)
{
  gint64 due_us = G_MAXINT64;

  for (guint i = 0; i < track->missing->len; i++)
    due_us = MIN (due_us, g_array_index (track->missing, Missing, i).due_us);
  return due_us;
}

gboolean
tc_track_report (TcTrack *track, TcRtcpBlock *block, gint64 now_us)
{
  const TcTrackStats *stats = tc_track_stats (track);
  guint64 expected = stats->expected - track->reported_expected;
  guint64 got = stats->packets - track->reported_packets;

  if (stats->first_packet_us == 0)
    return FALSE;
  *block = (TcRtcpBlock){.ssrc = stats->ssrc,
                         .total_lost = (gint32)MIN (stats->lost, 0x7fffff),
                         .highest_seq = (guint32)(stats->highest_seq - 0x10000),
                         .jitter = (guint32)track->jitter};
  if (expected > got)
    block->fraction_lost = (guint8)MIN ((expected - got) * 256 / expected, 255);
  if (stats->sr_count > 0) {
    block->lsr = (guint32)(stats->last_sr.ntp >> 16);
    block->dlsr =
        (guint32)((now_us - stats->last_sr_us) * 65536 / G_USEC_PER_SEC);
  }
  track->reported_expected = stats->expected;
  track->reported_packets = stats->packets;
  return TRUE;
}
