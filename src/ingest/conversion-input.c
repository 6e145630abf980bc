/* SPDX-License-Identifier: MIT */
#include "ingest/conversion-input.h"

/* Times in a converter's pipeline are those of the incoming stream, counted
 * from here, so that none is negative. */
#define PTS_BASE (3600 * GST_SECOND)
/* A group of pictures that began longer ago is not gone through for a viewer
 * who comes: the next key frame is sooner. */
#define MAX_CATCH_UP_US (4 * G_USEC_PER_SEC)
/* What has come in is kept for as long as it takes to read it. */
#define HISTORY_MS 100
#define READ_BATCH 32

/* --- times -----------------------------------------------------------------
 */

static GstClockTime
pts_of (const WcConversionInput *input, gint64 timestamp)
{
  gint64 base = (gint64)(PTS_BASE / GST_SECOND) * input->clock_rate;

  return gst_util_uint64_scale ((guint64)MAX (timestamp + base, 0), GST_SECOND,
                                input->clock_rate);
}

gint64
wc_conversion_input_capture_us (const WcConversionInput *input,
                                GstClockTime pts)
{
  return ((gint64)pts - (gint64)PTS_BASE) / 1000 + input->offset_us;
}

guint32
wc_conversion_input_timestamp (const WcConversionInput *input, GstClockTime pts)
{
  guint32 rate = input->conversion->target->clock_rate;

  return (guint32)(gst_util_uint64_scale_round (pts, rate, GST_SECOND) -
                   PTS_BASE / GST_SECOND * rate);
}

/* --- into the converter ----------------------------------------------------
 */

static void
on_unpacked (gpointer user_data, const guint8 *data, gsize size,
             gint64 timestamp, gboolean continues)
{
  WcConversionInput *input = user_data;

  wc_converter_push (input->converter, data, size,
                     continues ? GST_CLOCK_TIME_NONE
                               : pts_of (input, timestamp),
                     input->now_us);
}

static void
take (WcConversionInput *input, const WcPacket *packet)
{
  input->offset_us = packet->capture_us -
                     wc_ticks_to_us (packet->timestamp, input->clock_rate);
  if (input->converter == NULL)
    return;
  if (input->awaits_start && !(packet->flags & WC_PACKET_START))
    return;
  input->awaits_start = FALSE;
  wc_unpacker_push (&input->unpacker, packet);
}

void
wc_conversion_input_read (WcConversionInput *input, gint64 now_us)
{
  WcPacket *packets[READ_BATCH];
  gboolean skipped = FALSE;
  guint n;

  input->now_us = now_us;
  while ((n = wc_track_read (input->track, &input->seq, packets, READ_BATCH,
                             &skipped)) > 0)
    for (guint i = 0; i < n; i++) {
      take (input, packets[i]);
      wc_packet_unref (packets[i]);
    }
}

static gboolean
is_video (const WcConversionInput *input)
{
  return wc_codec_info (input->conversion->source)->media == WC_MEDIA_VIDEO;
}

/* If the newest group of pictures is there and short: from its beginning, and
 * what is shown begins with its end. */
static void
catch_up (WcConversionInput *input)
{
  gint64 newest = 0, capture_us, behind_us;
  WcPacket *first = NULL;
  guint64 start, from;
  gboolean skipped;
  guint32 frame;

  if (!wc_track_find_start (input->track, &start) ||
      !wc_track_newest (input->track, &newest, &capture_us, &frame))
    return;
  from = start;
  if (wc_track_read (input->track, &from, &first, 1, &skipped) != 1)
    return;
  behind_us = wc_ticks_to_us (newest, input->clock_rate) -
              wc_ticks_to_us (first->timestamp, input->clock_rate);
  wc_packet_unref (first);
  if (behind_us >= MAX_CATCH_UP_US)
    return;
  input->seq = start;
  wc_converter_skip_until (input->converter, pts_of (input, newest));
}

void
wc_conversion_input_begin (WcConversionInput *input, WcConverter *converter)
{
  input->converter = converter;
  wc_unpacker_clear (&input->unpacker);
  wc_unpacker_init (&input->unpacker, &input->conversion->unpack, on_unpacked,
                    input);
  input->seq = wc_track_head (input->track);
  input->awaits_start = is_video (input);
  if (is_video (input))
    catch_up (input);
}

void
wc_conversion_input_end (WcConversionInput *input)
{
  input->converter = NULL;
}

/* --- life ------------------------------------------------------------------
 */

WcConversionInput *
wc_conversion_input_new (const WcConversion *conversion, guint32 clock_rate,
                         WcSourceClock *clock, gsize max_bytes)
{
  WcConversionInput *input = g_new0 (WcConversionInput, 1);
  WcTrackLimits limits = {HISTORY_MS, max_bytes};

  input->conversion = conversion;
  input->clock_rate = clock_rate;
  input->track = wc_track_new (conversion->source, clock_rate, &limits);
  input->normaliser = wc_normaliser_new (input->track, clock);
  input->seq = wc_track_head (input->track);
  wc_unpacker_init (&input->unpacker, &conversion->unpack, on_unpacked, input);
  return input;
}

void
wc_conversion_input_free (WcConversionInput *input)
{
  wc_unpacker_clear (&input->unpacker);
  wc_normaliser_free (input->normaliser);
  wc_track_unref (input->track);
  g_free (input);
}
