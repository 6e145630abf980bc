/* SPDX-License-Identifier: MIT */
#include "lips.h"

#include "common/bytes.h"

#include "base/clock.h"

#include <string.h>

#define TICK_MS 20
#define LAG_MS 300
#define SLICE_SIZE 400

/* The number of its tick is in every unit. */
static GPtrArray *
make_picture (guint32 tick)
{
  static const guint8 sps[] = {0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0};
  static const guint8 pps[] = {0x68, 0xcb, 0x83, 0xcb, 0x20};
  GPtrArray *units =
      g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  gboolean is_key = tick % 50 == 0;
  guint8 slice[SLICE_SIZE];

  memset (slice, 0x55, sizeof slice);
  slice[0] = is_key ? 0x65 : 0x41;
  slice[1] = 0x88;
  tc_put_u32 (slice + 4, tick);
  if (is_key) {
    g_ptr_array_add (units, g_bytes_new_static (sps, sizeof sps));
    g_ptr_array_add (units, g_bytes_new_static (pps, sizeof pps));
  }
  g_ptr_array_add (units, g_bytes_new (slice, sizeof slice));
  return units;
}

static void
send_sound (TeLips *lips, guint32 tick)
{
  guint8 packet[100] = {0xfc};

  tc_put_u32 (packet + 4, tick);
  tc_rtp_sender_send (lips->audio, packet, sizeof packet, FALSE,
                      tick * TICK_MS * 48);
}

static void
send_picture (TeLips *lips, guint32 tick)
{
  g_autoptr (GPtrArray) units = make_picture (tick);

  tc_rtp_sender_send_frame (lips->video, TC_PAYLOAD_H264, units,
                            tick * TICK_MS * 90);
}

/* The RTP clocks at this moment; the picture's says what it will show. */
static void
send_reports (TeLips *lips)
{
  gint64 us = wc_clock_now_us () - lips->start_us;

  tc_rtp_sender_send_report (lips->audio, (guint32)(us * 48 / 1000));
  tc_rtp_sender_send_report (lips->video,
                             (guint32)((us + LAG_MS * 1000) * 90 / 1000));
}

static void
send_tick (TeLips *lips, guint32 tick)
{
  if (lips->reports_due || tick % 50 == 1)
    send_reports (lips);
  lips->reports_due = FALSE;
  send_sound (lips, tick);
  if (tick % 2 == 0)
    send_picture (lips, tick);
}

static void
on_tick (gpointer data)
{
  TeLips *lips = data;
  guint32 tick = lips->tick++;

  if (lips->video != NULL && lips->audio != NULL)
    send_tick (lips, tick);
  tc_timer_set (lips->timer,
                lips->start_us + (gint64)lips->tick * TICK_MS * 1000);
}

void
te_lips_start (TeLips *lips, TcLoop *loop)
{
  lips->timer = tc_timer_new (loop, on_tick, lips);
  lips->start_us = wc_clock_now_us ();
  tc_timer_set (lips->timer, lips->start_us);
}

void
te_lips_switch (TeLips *lips, TcRtpSender *video, TcRtpSender *audio)
{
  g_clear_pointer (&lips->video, tc_rtp_sender_free);
  g_clear_pointer (&lips->audio, tc_rtp_sender_free);
  lips->video = video;
  lips->audio = audio;
  lips->reports_due = TRUE;
}

void
te_lips_stop (TeLips *lips)
{
  g_clear_pointer (&lips->timer, tc_timer_free);
  te_lips_switch (lips, NULL, NULL);
}

TcRtpSender *
te_lips_sender (TcLoop *loop, WcMedia media, guint16 port,
                guint32 first_timestamp)
{
  gboolean is_video = media == WC_MEDIA_VIDEO;
  TcRtpSenderOptions options = {.port = port,
                                .pt = is_video ? 96 : 111,
                                .clock_rate = is_video ? 90000 : 48000,
                                .first_timestamp = first_timestamp,
                                .no_reports = TRUE};
  g_autoptr (GError) error = NULL;
  TcRtpSender *sender = tc_rtp_sender_new (loop, &options, &error);

  g_assert_no_error (error);
  return sender;
}

/* Not an aggregate of parameter sets. */
void
te_lips_on_packet (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
                   gpointer data)
{
  TeLipsSeen *seen = data;
  WcMedia media = strcmp (tc_track_section (track)->kind, "video") == 0
                      ? WC_MEDIA_VIDEO
                      : WC_MEDIA_AUDIO;

  if (media == WC_MEDIA_VIDEO && packet->payload_size != SLICE_SIZE)
    return;
  seen->tick[media] = tc_get_u32 (packet->payload + 4);
  seen->timestamp[media] = packet->timestamp;
}

/* By how much the viewer's clock, as the reports tell it, is ahead of the
 * moment when the newest unit was taken. */
static gint64
clock_offset_us (TcWhepClient *client, const TeLipsSeen *seen, WcMedia media)
{
  const TcTrackStats *stats = te_stats (client, media);
  gint64 rate = media == WC_MEDIA_VIDEO ? 90000 : 48000;
  gint64 ticks = (gint32)(seen->timestamp[media] - stats->last_sr.rtp);
  gint64 wall_us =
      wc_clock_ntp_to_us (stats->last_sr.ntp) + ticks * G_USEC_PER_SEC / rate;
  gint64 taken_us = (gint64)seen->tick[media] * TICK_MS * 1000;

  return wall_us -
         (media == WC_MEDIA_VIDEO ? taken_us - LAG_MS * 1000 : taken_us);
}

gint64
te_lips_difference_us (TcWhepClient *client, const TeLipsSeen *seen)
{
  return clock_offset_us (client, seen, WC_MEDIA_VIDEO) -
         clock_offset_us (client, seen, WC_MEDIA_AUDIO);
}
