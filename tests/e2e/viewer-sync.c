/* SPDX-License-Identifier: MIT */
/* Lips and voice: sender reports that reach viewers say of sound and picture
 * what the source's reports say (RFC 3550 section 6.4.1). */
#include "stage.h"

#include "common/bytes.h"

#include "base/clock.h"

#include <string.h>

#define WAIT_MS 30000
#define TICK_MS 20
/* Pictures come so much later than the sound that was taken with them. */
#define LAG_MS 300
#define MAX_DIFFERENCE_US 20000
#define MAX_PAUSE_US (5 * G_USEC_PER_SEC)
#define N_REPORTS 8

typedef struct {
  TcTimer *timer;
  TcRtpSender *video, *audio;
  gint64 start_us;
  guint32 tick;
} Source;

/* The number of its tick is in every unit. */
static GPtrArray *
make_picture (guint32 tick)
{
  static const guint8 sps[] = {0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0};
  static const guint8 pps[] = {0x68, 0xcb, 0x83, 0xcb, 0x20};
  GPtrArray *units =
      g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  gboolean is_key = tick % 50 == 0;
  guint8 slice[400];

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
send_sound (Source *source, guint32 tick)
{
  guint8 packet[100] = {0xfc};

  tc_put_u32 (packet + 4, tick);
  tc_rtp_sender_send (source->audio, packet, sizeof packet, FALSE,
                      tick * TICK_MS * 48);
}

/* The RTP clocks at this moment; the picture's says what it will show. */
static void
send_reports (Source *source)
{
  gint64 us = wc_clock_now_us () - source->start_us;

  tc_rtp_sender_send_report (source->audio, (guint32)(us * 48 / 1000));
  tc_rtp_sender_send_report (source->video,
                             (guint32)((us + LAG_MS * 1000) * 90 / 1000));
}

static void
on_tick (gpointer data)
{
  Source *source = data;
  guint32 tick = source->tick++;

  send_sound (source, tick);
  if (tick % 2 == 0) {
    g_autoptr (GPtrArray) units = make_picture (tick);

    tc_rtp_sender_send_frame (source->video, TC_PAYLOAD_H264, units,
                              tick * TICK_MS * 90);
  }
  if (tick % 50 == 1)
    send_reports (source);
  tc_timer_set (source->timer,
                source->start_us + (gint64)source->tick * TICK_MS * 1000);
}

/* What the viewer knows of each kind: the newest unit and its timestamp. */
typedef struct {
  guint32 tick[WC_N_MEDIA], timestamp[WC_N_MEDIA];
} Seen;

static void
on_packet (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
           gpointer data)
{
  Seen *seen = data;
  WcMedia media = strcmp (tc_track_section (track)->kind, "video") == 0
                      ? WC_MEDIA_VIDEO
                      : WC_MEDIA_AUDIO;

  /* Not an aggregate of parameter sets. */
  if (media == WC_MEDIA_VIDEO && packet->payload_size != 400)
    return;
  seen->tick[media] = tc_get_u32 (packet->payload + 4);
  seen->timestamp[media] = packet->timestamp;
}

static gboolean
has_reports (gpointer client)
{
  return te_stats (client, WC_MEDIA_VIDEO)->sr_count >= N_REPORTS &&
         te_stats (client, WC_MEDIA_AUDIO)->sr_count >= N_REPORTS;
}

/* By how much the viewer's clock, as the reports tell it, is ahead of the
 * moment when the newest unit was taken. */
static gint64
clock_offset_us (TcWhepClient *client, const Seen *seen, WcMedia media)
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

static TcRtpSender *
make_sender (TcLoop *loop, TeServer *server, const char *member, guint8 pt,
             guint32 clock_rate)
{
  TcRtpSenderOptions options = {.pt = pt,
                                .clock_rate = clock_rate,
                                .first_timestamp = pt * 40000000u,
                                .no_reports = TRUE};
  g_autoptr (GError) error = NULL;
  TcRtpSender *sender;

  options.port =
      (guint16)te_server_number (server, "/api/v1/mountpoints/cam", member);
  sender = tc_rtp_sender_new (loop, &options, &error);
  g_assert_no_error (error);
  return sender;
}

static void
start_source (Source *source, TcLoop *loop, TeServer *server)
{
  te_server_create (
      server, "cam",
      "[{\"media\":\"video\",\"codec\":\"H264\",\"payload_type\":96},"
      "{\"media\":\"audio\",\"codec\":\"opus\",\"payload_type\":111}]");
  source->video = make_sender (loop, server, "tracks.0.port", 96, 90000);
  source->audio = make_sender (loop, server, "tracks.1.port", 111, 48000);
  source->timer = tc_timer_new (loop, on_tick, source);
  source->start_us = wc_clock_now_us ();
  tc_timer_set (source->timer, source->start_us);
  te_server_wait_live (server, "cam");
}

static void
assert_reports (TcWhepClient *client, WcMedia media)
{
  const TcTrackStats *stats = te_stats (client, media);

  g_assert_cmpint (stats->longest_sr_pause_us, <, MAX_PAUSE_US);
  g_assert_cmpint (stats->last_sr_us - stats->first_packet_us, >, 0);
  g_assert_cmpuint (stats->last_sr.packets, >, 0);
  g_assert_cmpuint (stats->last_sr.packets, <=, stats->packets);
}

/* */
static void
test_sync (void)
{
  g_autoptr (TcLoop) loop = tc_loop_new ();
  TeServer *server = te_server_start (loop, NULL, NULL);
  g_autofree char *url = te_server_whep_url (server, "cam");
  Source source = {0};
  Seen seen = {0};
  TcWhepOptions options = {
      .url = url, .peer.packet = on_packet, .peer.data = &seen};
  TcWhepClient *client = tc_whep_client_new (loop, &options);
  gint64 difference_us;

  start_source (&source, loop, server);
  tc_whep_client_start (client);
  g_assert_true (tc_whep_client_wait_key_frame (client, WAIT_MS));
  g_assert_true (tc_loop_run (loop, WAIT_MS, has_reports, client));
  assert_reports (client, WC_MEDIA_VIDEO);
  assert_reports (client, WC_MEDIA_AUDIO);
  difference_us = clock_offset_us (client, &seen, WC_MEDIA_VIDEO) -
                  clock_offset_us (client, &seen, WC_MEDIA_AUDIO);
  g_test_message ("picture against sound: %+d us", (int)difference_us);
  g_assert_cmpint (ABS (difference_us), <, MAX_DIFFERENCE_US);
  te_assert_clean (client);
  tc_whep_client_free (client);
  tc_timer_free (source.timer);
  tc_rtp_sender_free (source.video);
  tc_rtp_sender_free (source.audio);
  te_server_free (server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/viewer/sync/reports", test_sync);
  return g_test_run ();
}
