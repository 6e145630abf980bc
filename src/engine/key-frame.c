/* SPDX-License-Identifier: MIT */
#include "engine/key-frame.h"

#include "engine/payload.h"
#include "engine/unpack.h"

#define READ_BATCH 64
/* Of the newest start points so many are looked at: where every frame is one,
 * there is no end of them. */
#define MAX_TRIES 8
/* Packets of one frame: as many as the unpacker takes bytes. */
#define MAX_PACKETS (WC_MAX_VIDEO_FRAME / 256)

/* --- finding it ----------------------------------------------------------- */

/* The newest start points, the newest last; returns how many. */
static guint
list_starts (WcTrack *track, guint64 starts[MAX_TRIES])
{
  guint64 from = 0, seq;
  guint n = 0;

  while (wc_track_find_start_after (track, from, &seq)) {
    if (n == MAX_TRIES) {
      for (guint i = 1; i < n; i++)
        starts[i - 1] = starts[i];
      n--;
    }
    starts[n++] = seq;
    from = seq + 1;
  }
  return n;
}

/* Takes the packets of the frame, the first of which has @seq. TRUE: that is
 * all of it, as its last packet or the one behind it shows. */
static gboolean
take_packets (WcTrack *track, guint64 seq, GPtrArray *taken)
{
  gboolean more = TRUE, whole = FALSE, skipped;
  WcPacket *packets[READ_BATCH];
  guint64 expected = seq;
  guint n;

  while (more &&
         (n = wc_track_read (track, &seq, packets, READ_BATCH, &skipped)) > 0)
    for (guint i = 0; i < n; i++) {
      g_autoptr (WcPacket) packet = packets[i];
      const WcPacket *first = taken->len > 0 ? taken->pdata[0] : packet;

      if (!more)
        continue;
      if (packet->seq != expected++ || taken->len == MAX_PACKETS) {
        more = FALSE;
      } else if (packet->frame != first->frame) {
        whole = TRUE;
        more = FALSE;
      } else {
        whole = (packet->flags & WC_PACKET_MARKER) != 0;
        more = !whole;
        g_ptr_array_add (taken, g_steal_pointer (&packet));
      }
    }
  return whole && taken->len > 0;
}

/* What its headers say: of several, the largest. */
static void
read_size (WcKeyFrame *frame)
{
  const WcPayloadFormat *format = wc_payload_format (frame->codec);
  WcPayloadState state = {0};

  for (guint i = 0; i < frame->packets->len; i++) {
    const WcPacket *packet = frame->packets->pdata[i];

    state.video_read = FALSE;
    if (!format->check (packet->payload, packet->size))
      continue;
    format->inspect (&state, packet->payload, packet->size);
    if (!state.video_read)
      continue;
    frame->width = MAX (frame->width, state.video.width);
    frame->height = MAX (frame->height, state.video.height);
  }
  wc_parameter_sets_clear (&state.sets);
}

WcKeyFrame *
wc_key_frame_find (WcTrack *track)
{
  guint64 starts[MAX_TRIES];
  guint n = list_starts (track, starts);

  for (guint i = n; i > 0; i--) {
    g_autoptr (WcKeyFrame) frame = g_new0 (WcKeyFrame, 1);

    frame->codec = wc_track_codec (track);
    frame->packets =
        g_ptr_array_new_with_free_func ((GDestroyNotify)wc_packet_unref);
    if (!take_packets (track, starts[i - 1], frame->packets))
      continue;
    const WcPacket *first = frame->packets->pdata[0];
    frame->seq = first->seq;
    frame->capture_us = first->capture_us;
    read_size (frame);
    return g_steal_pointer (&frame);
  }
  return NULL;
}

void
wc_key_frame_free (WcKeyFrame *frame)
{
  g_clear_pointer (&frame->packets, g_ptr_array_unref);
  g_free (frame);
}

/* --- taking it apart ------------------------------------------------------ */

static void
on_unpacked (gpointer user_data, const guint8 *data, gsize size,
             gint64 timestamp, gboolean continues)
{
  GBytes **frame = user_data;

  if (*frame == NULL)
    *frame = g_bytes_new (data, size);
}

/* A frame is over when its marker comes, or the next one. */
static void
push_end (WcUnpacker *unpacker, const WcKeyFrame *frame)
{
  const WcPacket *last = frame->packets->pdata[frame->packets->len - 1];
  g_autoptr (WcPacket) next = wc_packet_new (1);

  next->seq = last->seq + 1;
  next->timestamp = last->timestamp + 1;
  wc_unpacker_push (unpacker, next);
}

GBytes *
wc_key_frame_unpack (const WcKeyFrame *frame)
{
  const WcUnpackFormat format = {.codec = frame->codec};
  GBytes *unpacked = NULL;
  WcUnpacker unpacker;

  wc_unpacker_init (&unpacker, &format, on_unpacked, &unpacked);
  for (guint i = 0; i < frame->packets->len; i++)
    wc_unpacker_push (&unpacker, frame->packets->pdata[i]);
  push_end (&unpacker, frame);
  wc_unpacker_clear (&unpacker);
  return unpacked;
}
