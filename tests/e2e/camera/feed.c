/* SPDX-License-Identifier: MIT */
#include "feed.h"

#include <gst/app/gstappsrc.h>
#include <string.h>

#define TICK_NS (20 * GST_MSECOND)
#define LAG_TICKS 15
#define KEY_TICKS 50
#define PICTURE_SIZE 400
#define SOUND_SIZE 100

typedef struct {
  GstElement *bin;
  GstAppSrc *video, *audio;
  guint32 tick; /* the next one */
} Feed;

static GMutex lock; /* guards what follows */
static guint source;

/* No byte of it is zero: there must be no start code in a NAL unit. */
static void
put_tick (guint8 *unit, guint32 tick)
{
  for (guint i = 0; i < 4; i++)
    unit[4 + i] = (guint8)(0x80 | (tick >> (21 - 7 * i) & 0x7f));
}

static void
push (GstAppSrc *to, const guint8 *data, gsize size, guint32 tick)
{
  GstBuffer *buffer = gst_buffer_new_memdup (data, size);

  GST_BUFFER_PTS (buffer) = tick * TICK_NS;
  gst_app_src_push_buffer (to, buffer);
}

static void
push_picture (Feed *feed, guint32 tick)
{
  static const guint8 start[] = {0, 0, 0, 1};
  static const guint8 sets[] = {0,    0,    0,    1,    0x67, 0x42, 0xc0,
                                0x1e, 0xd9, 0x00, 0xa0, 0,    0,    0,
                                1,    0x68, 0xcb, 0x83, 0xcb, 0x20};
  gboolean is_key = tick % KEY_TICKS == 0;
  guint8 slice[PICTURE_SIZE];
  g_autoptr (GByteArray) unit = g_byte_array_new ();

  memset (slice, 0x55, sizeof slice);
  slice[0] = is_key ? 0x65 : 0x41;
  slice[1] = 0x88;
  put_tick (slice, tick);
  if (is_key)
    g_byte_array_append (unit, sets, sizeof sets);
  g_byte_array_append (unit, start, sizeof start);
  g_byte_array_append (unit, slice, sizeof slice);
  push (feed->video, unit->data, unit->len, tick);
}

static void
push_sound (Feed *feed, guint32 tick)
{
  guint8 packet[SOUND_SIZE] = {0xfc};

  put_tick (packet, tick);
  push (feed->audio, packet, sizeof packet, tick);
}

/* Ticks are the media's running time. */
static gboolean
on_timer (gpointer data)
{
  Feed *feed = data;
  GstClockTime now = gst_element_get_current_running_time (feed->bin);

  if (!GST_CLOCK_TIME_IS_VALID (now))
    now = 0; /* it wants data before it has a clock */
  for (; feed->tick * TICK_NS <= now; feed->tick++) {
    push_sound (feed, feed->tick);
    if (feed->tick % 2 == 0 && feed->tick >= LAG_TICKS)
      push_picture (feed, (feed->tick - LAG_TICKS) / 2 * 2);
  }
  return G_SOURCE_CONTINUE;
}

static void
free_feed (gpointer data)
{
  Feed *feed = data;

  gst_object_unref (feed->video);
  gst_object_unref (feed->audio);
  gst_object_unref (feed->bin);
  g_free (feed);
}

void
cam_feed_start (GstElement *bin)
{
  Feed *feed = g_new0 (Feed, 1);

  feed->bin = gst_object_ref (bin);
  feed->video = GST_APP_SRC (gst_bin_get_by_name (GST_BIN (bin), "video"));
  feed->audio = GST_APP_SRC (gst_bin_get_by_name (GST_BIN (bin), "audio"));
  cam_feed_stop ();
  g_mutex_lock (&lock);
  source =
      g_timeout_add_full (G_PRIORITY_DEFAULT, 5, on_timer, feed, free_feed);
  g_mutex_unlock (&lock);
}

void
cam_feed_stop (void)
{
  g_mutex_lock (&lock);
  g_clear_handle_id (&source, g_source_remove);
  g_mutex_unlock (&lock);
}
