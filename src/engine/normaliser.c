/* SPDX-License-Identifier: MIT */
/* A packet's way: read_packet () -> WcReorder -> take_in_order () -> place ()
 * -> emit () -> publish (). From read_packet () on it is a WcPacket, which
 * reaches the track without another copy unless it has to be cut.
 *
 * Whether a frame is a start point must be marked on its first packet, but it
 * is the picture (the first VCL NAL unit) that tells. So the packets of a frame
 * that hold only what may precede a picture are held back ("heads") until the
 * picture comes, which is at once, or until it is clear that it does not. */
#include "engine/normaliser.h"

#include "engine/payload.h"
#include "engine/reorder.h"
#include "engine/rtp.h"
#include "engine/source-clock.h"
#include "engine/stream-info.h"
#include "engine/timeline.h"

#include "base/id.h"

#include <string.h>

#define MAX_HEADS 16
#define HOLD_HEADS_US 50000
/* A report further from the last packet than this is not of this stream. */
#define MAX_REPORT_DISTANCE_S 60

/* Flags of a WcPacket that has not yet been published. */
enum {
  PACKET_EMPTY = 1 << 6, /* nothing but padding */
  PACKET_BAD = 1 << 7,   /* not the format's */
};

struct WcNormaliser {
  WcTrack *track;
  WcSourceClock *clock;
  const WcPayloadFormat *format;
  WcPayloadState state;
  char *fmtp;
  gboolean audio;
  guint32 rate;

  WcReorder reorder;
  WcTimeline timeline;
  WcCapture capture;

  gboolean has_report; /* one that came before the packets it is of */
  guint64 report_ntp;
  guint32 report_timestamp;

  /* the frame that is coming in */
  gint64 frame_capture_us;
  gboolean decided; /* its picture began */
  gboolean over;    /* its marker came */
  gboolean dropped; /* it does not go on */
  guint sets;       /* WC_PAYLOAD_SETS it has brought */
  gboolean recovery;
  gboolean had_key; /* of this source, so recovery points do not count */
  WcPacket *heads[MAX_HEADS];
  guint n_heads;
  gboolean delimiter_first; /* heads[0] is nothing but a delimiter */
  gint64 heads_since_us;

  /* what goes out */
  guint64 next_seq;
  guint32 frame;
  gboolean had_frame;
  gint64 last_timestamp;
  gboolean start_next; /* the next packet is a start point */
  char profile[sizeof ((WcPayloadState *)NULL)->profile]; /* published */
  GPtrArray *parts;
  GPtrArray *batch;

  atomic_int drop_b_frames;
  WcStreamMeter meter;

  WcRtpCounters counters;
};

/* --- going out ------------------------------------------------------------ */

static void
emit (WcNormaliser *normaliser, WcPacket *packet)
{
  packet->flags &= WC_PACKET_MARKER;
  if (normaliser->start_next || normaliser->audio)
    packet->flags |= WC_PACKET_START;
  normaliser->start_next = FALSE;
  if (!normaliser->had_frame || packet->timestamp != normaliser->last_timestamp)
    normaliser->frame++;
  normaliser->had_frame = TRUE;
  normaliser->last_timestamp = packet->timestamp;
  packet->frame = normaliser->frame;
  packet->seq = normaliser->next_seq++;
  g_ptr_array_add (normaliser->batch, packet);
}

/* The marker ends a video frame, but begins a talk spurt of audio (RFC 3551
 * section 4.1). @whole: what the parts take time and marker from. */
static void
emit_parts (WcNormaliser *normaliser, const WcPacket *whole)
{
  guint n = normaliser->parts->len;
  guint marked = normaliser->audio ? 0 : n - 1;

  for (guint i = 0; i < n; i++) {
    WcPacket *part = g_ptr_array_index (normaliser->parts, i);
    part->capture_us =
        whole->capture_us + wc_ticks_to_us (part->timestamp, normaliser->rate);
    part->timestamp += whole->timestamp;
    part->flags = i == marked ? whole->flags : 0;
    emit (normaliser, part);
  }
  g_ptr_array_set_size (normaliser->parts, 0);
}

static void
emit_cut (WcNormaliser *normaliser, WcPacket *packet)
{
  if (packet->size <= WC_MAX_PAYLOAD || normaliser->format->split == NULL) {
    emit (normaliser, packet);
    return;
  }
  normaliser->format->split (packet->payload, packet->size, normaliser->parts);
  if (normaliser->parts->len > 1)
    wc_rtp_count (&normaliser->counters.refragmented, 1);
  emit_parts (normaliser, packet);
  wc_packet_unref (packet);
}

static void
publish (WcNormaliser *normaliser)
{
  GPtrArray *batch = normaliser->batch;

  if (batch->len == 0)
    return;
  wc_track_append (normaliser->track, (WcPacket **)batch->pdata, batch->len);
  g_ptr_array_set_size (batch, 0);
}

static void
publish_profile (WcNormaliser *normaliser)
{
  if (strcmp (normaliser->profile, normaliser->state.profile) == 0)
    return;
  memcpy (normaliser->profile, normaliser->state.profile,
          sizeof normaliser->profile);
  wc_track_set_profile (normaliser->track, normaliser->profile);
}

static void
publish_format (WcNormaliser *normaliser)
{
  if (!normaliser->state.video_read)
    return;
  normaliser->state.video_read = FALSE;
  wc_stream_meter_set_format (&normaliser->meter, &normaliser->state.video);
}

/* --- frames and start points ---------------------------------------------- */

/* @n of the heads, from the first; all the same if a picture follows them or
 * not, but with one the frame does not end there, whatever the marker says. */
static void
release_heads (WcNormaliser *normaliser, guint n, gboolean picture_follows)
{
  for (guint i = 0; i < n; i++) {
    if (picture_follows)
      normaliser->heads[i]->flags &= (guint8)~WC_PACKET_MARKER;
    emit_cut (normaliser, normaliser->heads[i]);
  }
  normaliser->n_heads -= n;
  memmove (normaliser->heads, normaliser->heads + n,
           normaliser->n_heads * sizeof normaliser->heads[0]);
}

/* What was held goes on as it is; should the picture come yet, the frame starts
 * there, with the remembered sets. */
static void
give_up_heads (WcNormaliser *normaliser)
{
  release_heads (normaliser, normaliser->n_heads, FALSE);
  normaliser->sets = 0;
  normaliser->recovery = FALSE;
}

static void
hold_head (WcNormaliser *normaliser, WcPacket *packet, guint flags,
           gint64 arrival_us)
{
  if (normaliser->n_heads == MAX_HEADS)
    give_up_heads (normaliser);
  if (normaliser->n_heads == 0) {
    normaliser->delimiter_first = (flags & WC_PAYLOAD_DELIMITER) != 0;
    normaliser->heads_since_us = arrival_us;
  }
  normaliser->heads[normaliser->n_heads++] = packet;
}

static gboolean
knows_sets (const WcNormaliser *normaliser)
{
  guint known = 0;

  for (guint kind = 0; kind < WC_N_SET_KINDS; kind++)
    if (normaliser->state.sets.n[kind] > 0)
      known |= (guint)WC_PAYLOAD_VPS << kind;
  return (normaliser->format->required_sets & ~known) == 0;
}

/* The remembered sets, in front of all but an access unit delimiter, which must
 * be the first (H.264 section 7.4.1.2.3). */
static void
emit_sets (WcNormaliser *normaliser, const WcPacket *packet)
{
  WcPacket like = {.timestamp = packet->timestamp,
                   .capture_us = packet->capture_us};

  if (normaliser->n_heads > 0 && normaliser->delimiter_first)
    release_heads (normaliser, 1, TRUE);
  normaliser->format->pack_sets (&normaliser->state.sets, normaliser->parts);
  emit_parts (normaliser, &like);
}

static void
drop_heads (WcNormaliser *normaliser)
{
  for (guint i = 0; i < normaliser->n_heads; i++)
    wc_packet_unref (normaliser->heads[i]);
  normaliser->n_heads = 0;
}

/* A B-frame is one whose time is before that of a frame that came earlier, or
 * that says so in a stream where that may be. @flags: of WcPayloadFlags.
 * Returns WcFrameFlags. */
static guint
classify (WcNormaliser *normaliser, const WcPacket *packet, guint flags)
{
  gboolean back = packet->timestamp < normaliser->timeline.newest;
  gboolean reorders = normaliser->state.video.reorder != 0;
  guint frame = 0;

  if (flags & WC_PAYLOAD_KEY)
    return WC_FRAME_KEY;
  if (back)
    frame |= WC_FRAME_BACK | WC_FRAME_B;
  if ((flags & WC_PAYLOAD_B) && reorders)
    frame |= WC_FRAME_B;
  if (flags & WC_PAYLOAD_DISPOSABLE)
    frame |= WC_FRAME_DISPOSABLE;
  return frame;
}

/* Tells the meter of the frame. Returns TRUE when it is not to go on. */
static gboolean
judge_frame (WcNormaliser *normaliser, const WcPacket *packet, guint flags,
             gint64 arrival_us)
{
  const guint spare = WC_FRAME_B | WC_FRAME_DISPOSABLE;
  guint frame = classify (normaliser, packet, flags);
  gboolean drop =
      (frame & spare) == spare &&
      atomic_load_explicit (&normaliser->drop_b_frames, memory_order_relaxed);

  if (drop)
    frame |= WC_FRAME_DROPPED;
  wc_stream_meter_add_frame (&normaliser->meter, packet->timestamp, arrival_us,
                             frame);
  return drop;
}

/* The picture of the frame begins with @packet: decides what the frame is. */
static void
decide (WcNormaliser *normaliser, const WcPacket *packet, guint flags)
{
  gboolean key = (flags & WC_PAYLOAD_KEY) != 0;
  guint required = normaliser->format->required_sets;
  gboolean complete;

  normaliser->sets |= flags & WC_PAYLOAD_SETS;
  normaliser->recovery |= (flags & WC_PAYLOAD_RECOVERY) != 0;
  complete = (required & ~normaliser->sets) == 0;
  normaliser->had_key |= key;
  /* Intra refresh: there never is a key frame, so this has to do. */
  if (!normaliser->had_key && normaliser->recovery &&
      (complete || knows_sets (normaliser)))
    key = TRUE;

  if (key && !complete && !knows_sets (normaliser)) {
    wc_rtp_count (&normaliser->counters.no_parameter_sets, 1);
    key = FALSE;
  }
  normaliser->start_next = key;
  if (key && !complete)
    emit_sets (normaliser, packet);
  release_heads (normaliser, normaliser->n_heads, TRUE);
}

static void
begin_frame (WcNormaliser *normaliser)
{
  normaliser->decided = FALSE;
  normaliser->over = FALSE;
  normaliser->dropped = FALSE;
  normaliser->sets = 0;
  normaliser->recovery = FALSE;
}

/* The picture of the frame begins with @packet. */
static void
begin_picture (WcNormaliser *normaliser, const WcPacket *packet, guint flags,
               gint64 arrival_us)
{
  normaliser->dropped = judge_frame (normaliser, packet, flags, arrival_us);
  normaliser->decided = TRUE;
  if (normaliser->dropped)
    drop_heads (normaliser);
  else
    decide (normaliser, packet, flags);
}

static void
place (WcNormaliser *normaliser, WcPacket *packet, gint64 arrival_us)
{
  guint flags = normaliser->format->inspect (&normaliser->state,
                                             packet->payload, packet->size);

  publish_profile (normaliser);
  publish_format (normaliser);
  wc_stream_meter_add_bytes (&normaliser->meter, packet->size);
  if (normaliser->over)
    begin_frame (normaliser);
  if (!normaliser->decided && (flags & WC_PAYLOAD_HEAD)) {
    hold_head (normaliser, packet, flags, arrival_us);
    normaliser->sets |= flags & WC_PAYLOAD_SETS;
    normaliser->recovery |= (flags & WC_PAYLOAD_RECOVERY) != 0;
    return;
  }
  if (!normaliser->decided)
    begin_picture (normaliser, packet, flags, arrival_us);
  normaliser->over = (packet->flags & WC_PACKET_MARKER) != 0;
  if (normaliser->dropped)
    wc_packet_unref (packet);
  else
    emit_cut (normaliser, packet);
}

/* --- in order ------------------------------------------------------------- */

static void
leave_gap (WcNormaliser *normaliser, guint n)
{
  give_up_heads (normaliser);
  normaliser->next_seq += n;
}

static void
apply_report (WcNormaliser *normaliser)
{
  const WcTimeline *timeline = &normaliser->timeline;
  gint64 distance = (gint32)(normaliser->report_timestamp - timeline->source);

  normaliser->has_report = FALSE;
  if (ABS (distance) > MAX_REPORT_DISTANCE_S * (gint64)normaliser->rate)
    return;
  wc_capture_report (&normaliser->capture, normaliser->report_ntp,
                     timeline->position + distance);
}

static void
enter_frame (WcNormaliser *normaliser, guint32 timestamp, gint64 arrival_us)
{
  WcTimelineStep step =
      wc_timeline_advance (&normaliser->timeline, timestamp, arrival_us);

  if (step == WC_TIMELINE_SAME)
    return;
  give_up_heads (normaliser);
  begin_frame (normaliser);
  if (step == WC_TIMELINE_ANEW) {
    wc_rtp_count (&normaliser->counters.restarts, 1);
    wc_capture_restart (&normaliser->capture);
    wc_stream_meter_restart (&normaliser->meter);
    normaliser->had_key = FALSE;
  }
  if (normaliser->has_report)
    apply_report (normaliser);
  normaliser->frame_capture_us = wc_capture_time (
      &normaliser->capture, normaliser->timeline.position, arrival_us);
}

static void
take_in_order (WcNormaliser *normaliser, WcPacket *packet, guint lost)
{
  gint64 arrival_us = packet->capture_us;

  if (lost > 0) {
    wc_rtp_count (&normaliser->counters.lost, lost);
    leave_gap (normaliser, lost);
  }
  if (packet->flags & (PACKET_EMPTY | PACKET_BAD)) {
    if (packet->flags & PACKET_BAD)
      leave_gap (normaliser, 1);
    wc_packet_unref (packet);
    return;
  }
  enter_frame (normaliser, (guint32)packet->timestamp, arrival_us);
  packet->timestamp = normaliser->timeline.position;
  packet->capture_us = normaliser->frame_capture_us;
  place (normaliser, packet, arrival_us);
}

static void
drain (WcNormaliser *normaliser, gint64 now_us)
{
  WcPacket *packet;
  guint lost;

  while ((packet = wc_reorder_pop (&normaliser->reorder, now_us, &lost)))
    take_in_order (normaliser, packet, lost);
}

/* --- coming in ------------------------------------------------------------ */

/* Returns NULL if it is not RTP. */
static WcPacket *
read_packet (WcNormaliser *normaliser, const guint8 *data, gsize size,
             gint64 arrival_us)
{
  WcPacket *packet;
  WcRtp rtp;

  if (!wc_rtp_read (&rtp, data, size) || rtp.payload_size > G_MAXUINT16)
    return NULL;
  packet = wc_packet_new (rtp.payload_size);
  if (rtp.payload_size > 0)
    memcpy (packet->payload, rtp.payload, rtp.payload_size);
  packet->seq = rtp.seq;
  packet->timestamp = rtp.timestamp;
  packet->capture_us = arrival_us;
  if (rtp.marker)
    packet->flags |= WC_PACKET_MARKER;
  if (rtp.payload_size == 0)
    packet->flags |= PACKET_EMPTY;
  else if (!normaliser->format->check (packet->payload, packet->size))
    packet->flags |= PACKET_BAD;
  return packet;
}

gboolean
wc_normaliser_push (WcNormaliser *normaliser, const guint8 *rtp, gsize size,
                    gint64 arrival_us)
{
  WcReorder *reorder = &normaliser->reorder;
  WcPacket *packet = read_packet (normaliser, rtp, size, arrival_us);
  gboolean good = packet != NULL && !(packet->flags & PACKET_BAD);

  if (!good)
    wc_rtp_count (&normaliser->counters.malformed, 1);
  if (packet == NULL)
    return FALSE;
  if (good)
    wc_rtp_counters_add_packet (&normaliser->counters, packet->size,
                                (guint32)packet->timestamp, normaliser->rate,
                                arrival_us);
  if (wc_reorder_push (reorder, packet)) {
    drain (normaliser, G_MAXINT64);
    give_up_heads (normaliser);
    normaliser->timeline.anew = TRUE;
    wc_reorder_begin_anew (reorder);
  }
  drain (normaliser, arrival_us);
  wc_rtp_count (&normaliser->counters.late, reorder->dropped);
  reorder->dropped = 0;
  publish (normaliser);
  return good;
}

gboolean
wc_normaliser_push_made (WcNormaliser *normaliser, const guint8 *rtp,
                         gsize size, gint64 capture_us)
{
  g_autoptr (WcPacket) packet = read_packet (normaliser, rtp, size, capture_us);

  if (packet == NULL || (packet->flags & (PACKET_BAD | PACKET_EMPTY))) {
    wc_rtp_count (&normaliser->counters.malformed, 1);
    return FALSE;
  }
  wc_rtp_count (&normaliser->counters.packets, 1);
  wc_rtp_count (&normaliser->counters.bytes, packet->size);
  enter_frame (normaliser, (guint32)packet->timestamp, capture_us);
  packet->timestamp = normaliser->timeline.position;
  packet->capture_us = capture_us;
  place (normaliser, g_steal_pointer (&packet), capture_us);
  publish (normaliser);
  return TRUE;
}

void
wc_normaliser_set_patience (WcNormaliser *normaliser, gint64 patience_us)
{
  normaliser->reorder.patience_us = patience_us;
}

void
wc_normaliser_flush (WcNormaliser *normaliser, gint64 now_us)
{
  drain (normaliser, now_us);
  if (normaliser->n_heads > 0 &&
      now_us - normaliser->heads_since_us >= HOLD_HEADS_US)
    give_up_heads (normaliser);
  publish (normaliser);
}

void
wc_normaliser_sender_report (WcNormaliser *normaliser, guint64 ntp,
                             guint32 rtp_timestamp, gint64 arrival_us)
{
  if (ntp == 0)
    return; /* the sender has no clock (RFC 3550 section 6.4.1) */
  normaliser->has_report = TRUE;
  normaliser->report_ntp = ntp;
  normaliser->report_timestamp = rtp_timestamp;
}

/* --- life ------------------------------------------------------------------
 */

/* Continues what another normaliser of the track has left, if any did. */
static void
resume_track (WcNormaliser *normaliser)
{
  gint64 timestamp, capture_us;
  guint16 seq;

  if (wc_track_last (normaliser->track, &timestamp, &capture_us,
                     &normaliser->frame)) {
    normaliser->next_seq = wc_track_head (normaliser->track);
    wc_timeline_resume (&normaliser->timeline, timestamp, capture_us);
    wc_capture_resume (&normaliser->capture, timestamp, capture_us);
    normaliser->last_timestamp = timestamp;
    normaliser->had_frame = TRUE;
  } else {
    wc_id_random_bytes (&seq, sizeof seq);
    normaliser->next_seq = seq;
  }
}

WcNormaliser *
wc_normaliser_new (WcTrack *track, WcSourceClock *clock)
{
  WcNormaliser *normaliser = g_new0 (WcNormaliser, 1);
  WcCodec codec = wc_track_codec (track);

  normaliser->track = wc_track_ref (track);
  normaliser->clock = wc_source_clock_ref (clock);
  normaliser->format = wc_payload_format (codec);
  normaliser->audio = wc_codec_info (codec)->media == WC_MEDIA_AUDIO;
  normaliser->rate = wc_track_clock_rate (track);
  normaliser->parts = g_ptr_array_new ();
  normaliser->batch = g_ptr_array_new ();
  wc_timeline_init (&normaliser->timeline, normaliser->rate,
                    normaliser->rate / (normaliser->audio ? 50 : 30));
  wc_capture_init (&normaliser->capture, clock, normaliser->rate);
  normaliser->state.video.reorder = -1;
  wc_stream_meter_init (&normaliser->meter, normaliser->rate);
  resume_track (normaliser);
  return normaliser;
}

void
wc_normaliser_free (WcNormaliser *normaliser)
{
  for (guint i = 0; i < normaliser->n_heads; i++)
    wc_packet_unref (normaliser->heads[i]);
  wc_reorder_clear (&normaliser->reorder);
  g_ptr_array_unref (normaliser->batch);
  g_ptr_array_unref (normaliser->parts);
  g_free (normaliser->fmtp);
  wc_parameter_sets_clear (&normaliser->state.sets);
  wc_stream_meter_clear (&normaliser->meter);
  wc_source_clock_unref (normaliser->clock);
  wc_track_unref (normaliser->track);
  g_free (normaliser);
}

/* What is remembered becomes what the SDP told, and nothing else. */
static gboolean
load_sets (WcNormaliser *normaliser, const char *fmtp, const char **reason)
{
  WcPayloadState state = {0};

  memcpy (state.profile, normaliser->state.profile, sizeof state.profile);
  state.video = normaliser->state.video;
  if (normaliser->format->read_fmtp != NULL &&
      !normaliser->format->read_fmtp (&state, fmtp, reason)) {
    wc_parameter_sets_clear (&state.sets);
    return FALSE;
  }
  wc_parameter_sets_clear (&normaliser->state.sets);
  normaliser->state = state;
  publish_profile (normaliser);
  publish_format (normaliser);
  return TRUE;
}

gboolean
wc_normaliser_set_fmtp (WcNormaliser *normaliser, const char *fmtp,
                        const char **reason)
{
  const char *why = NULL;

  if (!load_sets (normaliser, fmtp != NULL ? fmtp : "", &why)) {
    *reason = why;
    return FALSE;
  }
  g_free (normaliser->fmtp);
  normaliser->fmtp = g_strdup (fmtp);
  return TRUE;
}

void
wc_normaliser_restart (WcNormaliser *normaliser)
{
  const char *reason;

  drain (normaliser, G_MAXINT64);
  give_up_heads (normaliser);
  publish (normaliser);
  wc_reorder_clear (&normaliser->reorder);
  normaliser->timeline.anew = TRUE;
  normaliser->has_report = FALSE;
  wc_rtp_counters_restart (&normaliser->counters);
  wc_capture_restart (&normaliser->capture);
  load_sets (normaliser, normaliser->fmtp != NULL ? normaliser->fmtp : "",
             &reason);
}

void
wc_normaliser_set_drop_b_frames (WcNormaliser *normaliser, gboolean drop)
{
  atomic_store_explicit (&normaliser->drop_b_frames, drop,
                         memory_order_relaxed);
}

void
wc_normaliser_get_stream_info (WcNormaliser *normaliser, WcStreamInfo *info)
{
  wc_stream_meter_get (&normaliser->meter, info);
}

void
wc_normaliser_get_stats (WcNormaliser *normaliser, WcRtpStats *stats)
{
  wc_rtp_counters_get (&normaliser->counters, stats);
}
