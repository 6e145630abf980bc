/* SPDX-License-Identifier: MIT */
/* Two sources of one fail-over, and a viewer that looks at every packet: what
 * comes after a switch continues what came before it. */
#include "stage.h"

#include "common/bytes.h"

#include "base/clock.h"

#include <string.h>

#define WAIT_MS 30000
#define TICK_MS 20
#define N_SOURCES 2
#define PATH "/api/v1/mountpoints/main"
#define MAX_DIFFERENCE_US 40000
#define PICTURE_SIZE 400

/* Both take their pictures and sound at the same moments, so that a viewer can
 * tell when whatever it gets was taken; their RTP clocks have nothing to do
 * with each other. */
typedef struct {
  TcRtpSender *video, *audio;
  gboolean silent;
} Source;

typedef struct {
  TcLoop *loop;
  TeServer *server;
  Source sources[N_SOURCES];
  TcTimer *timer;
  gint64 start_us;
  guint32 tick;
  TcWhepClient *client;
  /* what the viewer knows of each kind: the newest unit and its timestamp */
  guint32 seen_tick[WC_N_MEDIA], seen_timestamp[WC_N_MEDIA];
  guint seen_source; /* whose picture it was */
} Stage;

static GPtrArray *
make_picture (guint32 tick, guint source)
{
  static const guint8 sps[] = {0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0};
  static const guint8 pps[] = {0x68, 0xcb, 0x83, 0xcb, 0x20};
  GPtrArray *units =
      g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  gboolean is_key = tick % 24 == 4 * source;
  guint8 slice[PICTURE_SIZE];

  memset (slice, 0x55, sizeof slice);
  slice[0] = is_key ? 0x65 : 0x41;
  slice[1] = 0x88;
  tc_put_u32 (slice + 4, tick);
  slice[8] = (guint8)source;
  if (is_key) {
    g_ptr_array_add (units, g_bytes_new_static (sps, sizeof sps));
    g_ptr_array_add (units, g_bytes_new_static (pps, sizeof pps));
  }
  g_ptr_array_add (units, g_bytes_new (slice, sizeof slice));
  return units;
}

static void
send_tick (Stage *stage, guint index)
{
  Source *source = &stage->sources[index];
  guint8 sound[100] = {0xfc};
  gint64 us = wc_clock_now_us () - stage->start_us;

  tc_put_u32 (sound + 4, stage->tick);
  tc_rtp_sender_send (source->audio, sound, sizeof sound, FALSE,
                      stage->tick * TICK_MS * 48);
  if (stage->tick % 2 == 0) {
    g_autoptr (GPtrArray) units = make_picture (stage->tick, index);
    tc_rtp_sender_send_frame (source->video, TC_PAYLOAD_H264, units,
                              stage->tick * TICK_MS * 90);
  }
  if (stage->tick % 25 == 1) {
    tc_rtp_sender_send_report (source->audio, (guint32)(us * 48 / 1000));
    tc_rtp_sender_send_report (source->video, (guint32)(us * 90 / 1000));
  }
}

static void
on_tick (gpointer data)
{
  Stage *stage = data;

  for (guint i = 0; i < N_SOURCES; i++)
    if (!stage->sources[i].silent)
      send_tick (stage, i);
  stage->tick++;
  tc_timer_set (stage->timer,
                stage->start_us + (gint64)stage->tick * TICK_MS * 1000);
}

static void
on_packet (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
           gpointer data)
{
  Stage *stage = data;
  WcMedia media = strcmp (tc_track_section (track)->kind, "video") == 0
                      ? WC_MEDIA_VIDEO
                      : WC_MEDIA_AUDIO;

  /* Not an aggregate of parameter sets. */
  if (media == WC_MEDIA_VIDEO && packet->payload_size != PICTURE_SIZE)
    return;
  stage->seen_tick[media] = tc_get_u32 (packet->payload + 4);
  stage->seen_timestamp[media] = packet->timestamp;
  if (media == WC_MEDIA_VIDEO)
    stage->seen_source = packet->payload[8];
}

/* --- set-up ------------------------------------------------------------------
 */

#define SOURCE                                                                 \
  "{\"kind\":\"rtp\",\"source_timeout_ms\":500,\"tracks\":["                   \
  "{\"media\":\"video\",\"codec\":\"H264\",\"payload_type\":96},"              \
  "{\"media\":\"audio\",\"codec\":\"opus\",\"payload_type\":111}]}"

static void
create (Stage *stage)
{
  g_autofree char *answer = NULL;
  guint status = te_server_request (
      stage->server, "POST", "/api/v1/mountpoints",
      "{\"id\":\"main\",\"kind\":\"failover\",\"source_timeout_ms\":500,"
      "\"return_after_ms\":500,\"sources\":[" SOURCE "," SOURCE "]}",
      &answer);

  if (status != 201)
    g_error ("create: %u %s", status, answer);
}

static TcRtpSender *
make_sender (Stage *stage, guint source, guint track, guint8 pt,
             guint32 clock_rate)
{
  g_autofree char *member =
      g_strdup_printf ("sources.%u.tracks.%u.port", source, track);
  TcRtpSenderOptions options = {.pt = pt,
                                .clock_rate = clock_rate,
                                .first_timestamp =
                                    pt * 40000000u + source * 1234567u,
                                .no_reports = TRUE};
  g_autoptr (GError) error = NULL;
  TcRtpSender *sender;

  options.port = (guint16)te_server_number (stage->server, PATH, member);
  sender = tc_rtp_sender_new (stage->loop, &options, &error);
  g_assert_no_error (error);
  return sender;
}

static void
set_up (Stage *stage, gconstpointer unused)
{
  stage->loop = tc_loop_new ();
  stage->server = te_server_start (stage->loop, NULL, NULL);
  create (stage);
  for (guint i = 0; i < N_SOURCES; i++) {
    stage->sources[i].video = make_sender (stage, i, 0, 96, 90000);
    stage->sources[i].audio = make_sender (stage, i, 1, 111, 48000);
  }
  stage->timer = tc_timer_new (stage->loop, on_tick, stage);
  stage->start_us = wc_clock_now_us ();
  tc_timer_set (stage->timer, stage->start_us);
  te_server_wait_live (stage->server, "main");

  g_autofree char *url = te_server_whep_url (stage->server, "main");
  TcWhepOptions options = {
      .url = url, .peer.packet = on_packet, .peer.data = stage};
  stage->client = tc_whep_client_new (stage->loop, &options);
  tc_whep_client_start (stage->client);
  g_assert_true (tc_whep_client_wait_key_frame (stage->client, WAIT_MS));
}

static void
tear_down (Stage *stage, gconstpointer unused)
{
  tc_whep_client_free (stage->client);
  tc_timer_free (stage->timer);
  for (guint i = 0; i < N_SOURCES; i++) {
    tc_rtp_sender_free (stage->sources[i].video);
    tc_rtp_sender_free (stage->sources[i].audio);
  }
  te_server_free (stage->server);
  tc_loop_free (stage->loop);
}

/* --- what is seen ------------------------------------------------------------
 */

typedef struct {
  Stage *stage;
  guint source;
  guint32 after;
} Wanted;

static gboolean
is_seen (gpointer data)
{
  const Wanted *wanted = data;
  const Stage *stage = wanted->stage;

  return stage->seen_source == wanted->source &&
         stage->seen_tick[WC_MEDIA_VIDEO] >= wanted->after &&
         stage->seen_tick[WC_MEDIA_AUDIO] >= wanted->after;
}

/* Both media of @source, and of later than now. */
static void
wait_for (Stage *stage, guint source)
{
  Wanted wanted = {stage, source, stage->tick + 25};

  g_assert_true (tc_loop_run (stage->loop, WAIT_MS, is_seen, &wanted));
}

static void
switch_to (Stage *stage, const char *body)
{
  g_assert_cmpuint (
      te_server_request (stage->server, "POST", PATH "/switch", body, NULL), ==,
      200);
}

/* By how much the viewer's clock, as the reports tell it, is ahead of the
 * moment when the newest unit was taken. */
static gint64
clock_offset_us (Stage *stage, WcMedia media)
{
  const TcTrackStats *stats = te_stats (stage->client, media);
  gint64 rate = media == WC_MEDIA_VIDEO ? 90000 : 48000;
  gint64 ticks = (gint32)(stage->seen_timestamp[media] - stats->last_sr.rtp);
  gint64 wall_us =
      wc_clock_ntp_to_us (stats->last_sr.ntp) + ticks * G_USEC_PER_SEC / rate;

  return wall_us - (gint64)stage->seen_tick[media] * TICK_MS * 1000;
}

typedef struct {
  Stage *stage;
  guint counts[WC_N_MEDIA];
} Reports;

static gboolean
has_reports (gpointer data)
{
  const Reports *reports = data;
  TcWhepClient *client = reports->stage->client;

  return te_stats (client, WC_MEDIA_VIDEO)->sr_count > reports->counts[0] &&
         te_stats (client, WC_MEDIA_AUDIO)->sr_count > reports->counts[1];
}

/* By the reports of after the switch. */
static void
assert_sync (Stage *stage)
{
  Reports reports = {stage,
                     {te_stats (stage->client, WC_MEDIA_VIDEO)->sr_count,
                      te_stats (stage->client, WC_MEDIA_AUDIO)->sr_count}};
  gint64 difference_us;

  g_assert_true (tc_loop_run (stage->loop, WAIT_MS, has_reports, &reports));
  difference_us = clock_offset_us (stage, WC_MEDIA_VIDEO) -
                  clock_offset_us (stage, WC_MEDIA_AUDIO);
  g_test_message ("picture against sound: %+d us", (int)difference_us);
  g_assert_cmpint (ABS (difference_us), <, MAX_DIFFERENCE_US);
}

static void
assert_seamless (Stage *stage)
{
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    const TcTrackStats *stats = te_stats (stage->client, media);
    g_assert_cmpuint (stats->gaps, ==, 0);
    g_assert_cmpuint (stats->lost, ==, 0);
    g_assert_cmpuint (stats->duplicates, ==, 0);
    g_assert_cmpuint (stats->backward_timestamps, ==, 0);
    g_assert_cmpuint (stats->ssrc_changes, ==, 0);
  }
  te_assert_clean (stage->client);
}

/* --- tests -------------------------------------------------------------------
 */

/* Issue 3, items 7 and 8. */
static void
test_by_hand (Stage *stage, gconstpointer unused)
{
  wait_for (stage, 0);
  for (guint i = 1; i <= 10; i++) {
    guint source = i % N_SOURCES;
    switch_to (stage, source == 0 ? "{\"source\":1}" : "{\"source\":2}");
    wait_for (stage, source);
  }
  assert_sync (stage);
  assert_seamless (stage);
}

static void
test_loss (Stage *stage, gconstpointer unused)
{
  wait_for (stage, 0);
  for (guint i = 0; i < 3; i++) {
    stage->sources[0].silent = TRUE;
    wait_for (stage, 1);
    assert_sync (stage);
    stage->sources[0].silent = FALSE;
    wait_for (stage, 0);
    assert_sync (stage);
  }
  assert_seamless (stage);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/viewer/failover/by-hand", Stage, NULL, set_up, test_by_hand,
              tear_down);
  g_test_add ("/viewer/failover/loss", Stage, NULL, set_up, test_loss,
              tear_down);
  return g_test_run ();
}
