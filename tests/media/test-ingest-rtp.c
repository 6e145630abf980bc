/* SPDX-License-Identifier: MIT */
/* kind=rtp with real RTP over loopback. */
#include "media-support.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <net/if.h>
#include <unistd.h>

typedef struct {
  WcConfig config;
  WcPortPool *pool;
  WcIngestContext context;
  WcMountpointSpec *spec;
  WcIngest *ingest;
  guint changes;
} Fixture;

static void
set_up (Fixture *f)
{
  memset (f, 0, sizeof *f);
  init_config (&f->config);
  f->pool = wc_port_pool_new (30000, 30099);
  f->context = (WcIngestContext){.config = &f->config, .ports = f->pool};
  f->spec = wc_mountpoint_spec_new ();
  f->spec->id = g_strdup ("cam1");
  f->spec->kind = WC_KIND_RTP;
  f->spec->source_timeout_ms = 700;
}

static WcTrackSpec *
add_track (Fixture *f, WcCodec codec, guint8 payload_type, guint16 port)
{
  const WcCodecInfo *info = wc_codec_info (codec);
  WcTrackSpec *track = wc_track_spec_new ();

  track->media = info->media;
  track->codec = codec;
  track->clock_rate = info->clock_rate;
  track->channels = info->channels;
  track->payload_type = payload_type;
  track->payload_type_set = TRUE;
  track->port = port;
  g_ptr_array_add (f->spec->tracks, track);
  return track;
}

static void
on_state_changed (WcIngest *ingest, Fixture *f)
{
  f->changes++;
}

static void
start (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  f->ingest = wc_ingest_new (f->spec, &f->context, &error);
  g_assert_no_error (error);
  g_signal_connect (f->ingest, "state-changed", G_CALLBACK (on_state_changed),
                    f);
  wc_ingest_start (f->ingest);
  g_assert_cmpint (wc_ingest_state (f->ingest), ==, WC_INGEST_IDLE);
}

static guint16
port_of (Fixture *f, WcMedia media)
{
  return wc_mountpoint_spec_track (f->spec, media)->port;
}

/* Everything is given back at once, and the ports can be bound again. */
static void
tear_down (Fixture *f)
{
  WcUdpBinding any = {.address = "0.0.0.0"};
  guint16 port = f->spec->tracks->len > 0
                     ? ((WcTrackSpec *)f->spec->tracks->pdata[0])->port
                     : 0;

  if (f->ingest != NULL) {
    wc_ingest_stop (f->ingest);
    g_assert_cmpint (wc_ingest_state (f->ingest), ==, WC_INGEST_IDLE);
    g_assert_finalize_object (f->ingest);
  }
  g_assert_cmpuint (wc_port_pool_taken (f->pool), ==, 0);
  if (port != 0) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GSocket) socket = wc_udp_socket_open (&any, port, &error);
    g_assert_no_error (error);
    g_assert_nonnull (socket);
  }
  wc_port_pool_free (f->pool);
  wc_mountpoint_spec_free (f->spec);
  run_for (50);
}

/* --- waiting ---------------------------------------------------------------
 */

static gboolean
is_live (gpointer data)
{
  return wc_ingest_state (((Fixture *)data)->ingest) == WC_INGEST_LIVE;
}

static gboolean
is_lost (gpointer data)
{
  return wc_ingest_state (((Fixture *)data)->ingest) == WC_INGEST_LOST;
}

static gboolean
is_failed (gpointer data)
{
  return wc_ingest_state (((Fixture *)data)->ingest) == WC_INGEST_FAILED;
}

static gboolean
has_reason (gpointer data)
{
  return wc_ingest_reason (((Fixture *)data)->ingest) != NULL;
}

static guint64
packets_of (Fixture *f, WcMedia media)
{
  WcIngestTrackInfo info;
  guint64 packets;

  wc_ingest_get_track_info (f->ingest, media, &info);
  packets = info.input.packets;
  wc_ingest_track_info_clear (&info);
  return packets;
}

static void
wait_live (Fixture *f)
{
  if (!wait_until (is_live, f, 15000))
    g_error ("not live but %s (%s)",
             wc_ingest_state_name (wc_ingest_state (f->ingest)),
             wc_ingest_reason (f->ingest));
}

/* --- tests -----------------------------------------------------------------
 */

static void
test_h264_and_opus (void)
{
  Fixture f;
  WcIngestTrackInfo info;

  set_up (&f);
  add_track (&f, WC_CODEC_H264, 96, 0);
  add_track (&f, WC_CODEC_OPUS, 111, 0);
  start (&f);
  g_assert_cmpuint (port_of (&f, WC_MEDIA_VIDEO), !=, 0);

  GstElement *sender =
      start_sender (H264_RTP "! udpsink host=127.0.0.1 port=%u " OPUS_RTP
                             "! udpsink host=127.0.0.1 port=%u",
                    port_of (&f, WC_MEDIA_VIDEO), port_of (&f, WC_MEDIA_AUDIO));
  wait_live (&f);
  run_for (500);

  wc_ingest_get_track_info (f.ingest, WC_MEDIA_VIDEO, &info);
  g_assert_true (info.present);
  g_assert_cmpint (info.codec, ==, WC_CODEC_H264);
  g_assert_cmpuint (info.port, ==, port_of (&f, WC_MEDIA_VIDEO));
  g_assert_cmpuint (info.rtcp_port, ==, info.port + 1);
  g_assert_nonnull (info.profile);
  g_assert_true (g_str_has_prefix (info.source, "127.0.0.1:"));
  g_assert_cmpuint (info.input.malformed, ==, 0);
  g_assert_cmpuint (info.track.start_points, >, 0);
  wc_ingest_track_info_clear (&info);
  wc_ingest_get_track_info (f.ingest, WC_MEDIA_AUDIO, &info);
  g_assert_cmpuint (info.input.packets, >, 10);
  wc_ingest_track_info_clear (&info);

  stop_sender (sender);
  tear_down (&f);
}

static void
test_audio_only (void)
{
  Fixture f;
  WcIngestTrackInfo info;

  set_up (&f);
  add_track (&f, WC_CODEC_OPUS, 111, 0);
  start (&f);
  GstElement *sender =
      start_sender (OPUS_RTP "! udpsink host=127.0.0.1 port=%u",
                    port_of (&f, WC_MEDIA_AUDIO));
  wait_live (&f);
  g_assert_null (wc_ingest_track (f.ingest, WC_MEDIA_VIDEO));
  wc_ingest_get_track_info (f.ingest, WC_MEDIA_VIDEO, &info);
  g_assert_false (info.present);
  stop_sender (sender);
  tear_down (&f);
}

/* The sender dies, another comes with other numbers: viewers see one stream. */
static void
test_lost_and_back (void)
{
  Fixture f;
  WcTrackStats stats;
  guint64 head, start_seq;

  set_up (&f);
  add_track (&f, WC_CODEC_VP8, 96, 0);
  start (&f);
  guint16 port = port_of (&f, WC_MEDIA_VIDEO);
  GstElement *sender =
      start_sender (VP8_RTP "! udpsink host=127.0.0.1 port=%u", port);
  wait_live (&f);
  WcTrack *track = wc_ingest_track (f.ingest, WC_MEDIA_VIDEO);
  stop_sender (sender);
  g_assert_true (wait_until (is_lost, &f, 5000));
  g_assert_cmpstr (wc_ingest_reason (f.ingest), ==, "no packets for 700 ms");
  wc_track_get_stats (track, &stats);
  g_assert_false (stats.has_start); /* nothing stale is served */
  head = wc_track_head (track);

  sender = start_sender (VP8_RTP "! udpsink host=127.0.0.1 port=%u", port);
  wait_live (&f);
  g_assert_true (track == wc_ingest_track (f.ingest, WC_MEDIA_VIDEO));
  g_assert_true (wc_track_find_start_after (track, 0, &start_seq));
  g_assert_cmpuint (start_seq, >=, head);
  g_assert_null (wc_ingest_reason (f.ingest));
  stop_sender (sender);
  tear_down (&f);
}

/* Two senders at once: the second is not heard until the first is gone. */
static void
test_latch (void)
{
  Fixture f;
  WcIngestTrackInfo info;
  guint32 ssrc;

  set_up (&f);
  add_track (&f, WC_CODEC_OPUS, 111, 0);
  start (&f);
  guint16 port = port_of (&f, WC_MEDIA_AUDIO);
  GstElement *first = start_sender (
      OPUS_RTP "ssrc=1001 ! udpsink host=127.0.0.1 port=%u", port);
  wait_live (&f);
  GstElement *second = start_sender (
      OPUS_RTP "ssrc=1002 ! udpsink host=127.0.0.1 port=%u", port);
  run_for (1000);
  wc_ingest_get_track_info (f.ingest, WC_MEDIA_AUDIO, &info);
  g_assert_cmpuint (info.ssrc, ==, 1001);
  g_assert_cmpuint (info.input.restarts, ==, 0);
  wc_ingest_track_info_clear (&info);
  g_assert_true (is_live (&f));
  g_assert_nonnull (strstr (wc_ingest_reason (f.ingest), "second sender"));

  stop_sender (first);
  run_for (1200);
  wc_ingest_get_track_info (f.ingest, WC_MEDIA_AUDIO, &info);
  ssrc = info.ssrc;
  g_assert_cmpuint (info.input.restarts, ==, 1);
  wc_ingest_track_info_clear (&info);
  g_assert_cmpuint (ssrc, ==, 1002);
  g_assert_true (is_live (&f));
  stop_sender (second);
  tear_down (&f);
}

static void
test_wrong_codec (void)
{
  Fixture f;

  set_up (&f);
  add_track (&f, WC_CODEC_H264, 96, 0);
  start (&f);
  guint16 port = port_of (&f, WC_MEDIA_VIDEO);
  GstElement *sender =
      start_sender (VP8_RTP "! udpsink host=127.0.0.1 port=%u", port);
  g_assert_true (wait_until (is_failed, &f, 10000));
  g_test_message ("%s", wc_ingest_reason (f.ingest));
  g_assert_nonnull (strstr (wc_ingest_reason (f.ingest),
                            "is not H264 (RFC 6184): payload type 96"));
  g_assert_true (g_str_has_suffix (wc_ingest_reason (f.ingest), "VP8"));
  stop_sender (sender);

  /* It mends by itself. */
  sender = start_sender (H264_RTP "! udpsink host=127.0.0.1 port=%u", port);
  wait_live (&f);
  stop_sender (sender);
  tear_down (&f);
}

static void
test_wrong_codec_other_way (void)
{
  Fixture f;

  set_up (&f);
  add_track (&f, WC_CODEC_VP8, 96, 0);
  start (&f);
  guint16 port = port_of (&f, WC_MEDIA_VIDEO);
  GstElement *sender =
      start_sender (H264_RTP "! udpsink host=127.0.0.1 port=%u", port);
  g_assert_true (wait_until (is_failed, &f, 10000));
  g_test_message ("%s", wc_ingest_reason (f.ingest));
  g_assert_true (g_str_has_suffix (wc_ingest_reason (f.ingest), "H264"));
  stop_sender (sender);
  tear_down (&f);
}

static void
test_wrong_payload_type (void)
{
  Fixture f;

  set_up (&f);
  add_track (&f, WC_CODEC_OPUS, 96, 0);
  start (&f);
  guint16 port = port_of (&f, WC_MEDIA_AUDIO);
  g_autofree char *expected = g_strdup_printf (
      "payload type 111 came on port %u, 96 was expected", port);
  GstElement *sender =
      start_sender (OPUS_RTP "! udpsink host=127.0.0.1 port=%u", port);
  g_assert_true (wait_until (has_reason, &f, 5000));
  g_assert_cmpint (wc_ingest_state (f.ingest), ==, WC_INGEST_IDLE);
  g_assert_cmpstr (wc_ingest_reason (f.ingest), ==, expected);
  stop_sender (sender);
  tear_down (&f);
}

static void
run_program (const char *command)
{
  g_autoptr (GError) error = NULL;
  int status;

  g_assert_true (
      g_spawn_command_line_sync (command, NULL, NULL, &status, &error));
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

static GSubprocess *
start_program (const char *command)
{
  g_auto (GStrv) argv = g_strsplit (command, " ", -1);
  g_autoptr (GError) error = NULL;
  GSubprocess *program = g_subprocess_newv (
      (const char *const *)argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error);

  g_assert_no_error (error);
  return program;
}

static void
stop_program (GSubprocess *program)
{
  g_subprocess_force_exit (program);
  g_subprocess_wait (program, NULL, NULL);
  g_object_unref (program);
}

/* ffmpeg -c copy from a file sends no parameter sets in band. */
static void
test_no_parameter_sets (void)
{
  Fixture f;
  g_autofree char *ffmpeg = g_find_program_in_path ("ffmpeg");
  g_autofree char *directory = g_dir_make_tmp ("whepcast-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (directory, "a.mp4", NULL);

  if (ffmpeg == NULL) {
    g_test_skip ("there is no ffmpeg");
    return;
  }
  g_autofree char *make = g_strdup_printf (
      "%s -loglevel error -f lavfi -i testsrc=size=320x240:rate=30:duration=3 "
      "-c:v libx264 -preset ultrafast -g 15 -pix_fmt yuv420p %s",
      ffmpeg, file);
  run_program (make);

  set_up (&f);
  add_track (&f, WC_CODEC_H264, 96, 0);
  start (&f);
  g_autofree char *send = g_strdup_printf (
      "%s -loglevel error -re -stream_loop -1 -i %s -c copy -payload_type 96 "
      "-f rtp rtp://127.0.0.1:%u?pkt_size=1200",
      ffmpeg, file, port_of (&f, WC_MEDIA_VIDEO));
  GSubprocess *sender = start_program (send);
  g_assert_true (wait_until (has_reason, &f, 15000));
  g_assert_cmpint (wc_ingest_state (f.ingest), ==, WC_INGEST_STARTING);
  g_assert_nonnull (
      strstr (wc_ingest_reason (f.ingest), "no SPS and PPS came in band"));
  stop_program (sender);
  tear_down (&f);
  g_remove (file);
  g_rmdir (directory);
}

/* One of two tracks never comes: the other can be watched. */
static void
test_one_track_missing (void)
{
  Fixture f;

  set_up (&f);
  add_track (&f, WC_CODEC_H264, 96, 0);
  add_track (&f, WC_CODEC_OPUS, 111, 0);
  start (&f);
  GstElement *sender =
      start_sender (OPUS_RTP "! udpsink host=127.0.0.1 port=%u",
                    port_of (&f, WC_MEDIA_AUDIO));
  wait_live (&f);
  g_assert_true (wait_until (has_reason, &f, 5000));
  g_assert_nonnull (strstr (wc_ingest_reason (f.ingest), "no video comes"));
  stop_sender (sender);
  tear_down (&f);
}

/* --- RTCP ------------------------------------------------------------------
 */

static GstPadProbeReturn
on_upstream_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);

  if (gst_event_has_name (event, "GstForceKeyUnit"))
    g_atomic_int_inc ((int *)user_data);
  return GST_PAD_PROBE_OK;
}

static gboolean
was_asked (gpointer user_data)
{
  return g_atomic_int_get ((int *)user_data) > 0;
}

/* A foreign sender with RTCP: it reports, we ask it for a key frame. */
static void
test_rtcp (void)
{
  Fixture f;
  int asked = 0;

  set_up (&f);
  f.spec->source_timeout_ms = 2000;
  add_track (&f, WC_CODEC_H264, 96, 0);
  start (&f);
  guint16 port = port_of (&f, WC_MEDIA_VIDEO);
  guint16 own = find_free_port ();
  GstElement *sender = start_sender (
      "rtpbin name=b rtp-profile=avpf " H264_PICTURE
      "! rtph264pay name=pay pt=96 mtu=1200 config-interval=-1 ! "
      "b.send_rtp_sink_0 b.send_rtp_src_0 ! "
      "udpsink host=127.0.0.1 port=%u b.send_rtcp_src_0 ! "
      "udpsink host=127.0.0.1 port=%u bind-port=%u sync=false async=false "
      "name=r udpsrc name=u port=%u address=127.0.0.1 reuse=true ! "
      "b.recv_rtcp_sink_0",
      port, port + 1u, own, own);
  g_autoptr (GstElement) pay = gst_bin_get_by_name (GST_BIN (sender), "pay");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (pay, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream_event,
                     &asked, NULL);
  wait_live (&f);
  for (guint i = 0; i < 80 && !was_asked (&asked); i++) {
    wc_ingest_request_key_frame (f.ingest, WC_MEDIA_VIDEO);
    run_for (100);
  }
  g_assert_true (was_asked (&asked));

  /* BYE: lost at once, not after the timeout. */
  gint64 before_us = wc_clock_now_us ();
  gst_element_send_event (sender, gst_event_new_eos ());
  g_assert_true (wait_until (is_lost, &f, 8000));
  g_test_message ("lost after %" G_GINT64_FORMAT " ms: %s",
                  (wc_clock_now_us () - before_us) / 1000,
                  wc_ingest_reason (f.ingest));
  g_assert_nonnull (strstr (wc_ingest_reason (f.ingest), "BYE"));
  stop_sender (sender);
  tear_down (&f);
}

/* --- addresses -------------------------------------------------------------
 */

static void
test_ipv6 (void)
{
  Fixture f;
  WcUdpBinding loop6 = {.address = "::1"};
  g_autoptr (GSocket) probe =
      wc_udp_socket_open (&loop6, find_free_port (), NULL);
  WcIngestTrackInfo info;

  if (probe == NULL) {
    g_test_skip ("there is no IPv6 here");
    return;
  }
  set_up (&f);
  WcTrackSpec *track = add_track (&f, WC_CODEC_OPUS, 111, 0);
  g_free (track->address);
  track->address = g_strdup ("::1");
  start (&f);
  GstElement *sender = start_sender (OPUS_RTP "! udpsink host=::1 port=%u",
                                     port_of (&f, WC_MEDIA_AUDIO));
  wait_live (&f);
  wc_ingest_get_track_info (f.ingest, WC_MEDIA_AUDIO, &info);
  g_assert_true (g_str_has_prefix (info.source, "[::1]:"));
  wc_ingest_track_info_clear (&info);
  stop_sender (sender);
  tear_down (&f);
}

/* "::" hears IPv4 as well. */
static void
test_dual_stack (void)
{
  Fixture f;
  WcUdpBinding any6 = {.address = "::"};
  g_autoptr (GSocket) probe =
      wc_udp_socket_open (&any6, find_free_port (), NULL);
  WcIngestTrackInfo info;

  if (probe == NULL) {
    g_test_skip ("there is no IPv6 here");
    return;
  }
  set_up (&f);
  WcTrackSpec *track = add_track (&f, WC_CODEC_OPUS, 111, 0);
  g_free (track->address);
  track->address = g_strdup ("::");
  track->source = g_strdup ("127.0.0.1");
  start (&f);
  GstElement *sender =
      start_sender (OPUS_RTP "! udpsink host=127.0.0.1 port=%u",
                    port_of (&f, WC_MEDIA_AUDIO));
  wait_live (&f);
  wc_ingest_get_track_info (f.ingest, WC_MEDIA_AUDIO, &info);
  g_assert_true (g_str_has_prefix (info.source, "127.0.0.1:"));
  wc_ingest_track_info_clear (&info);
  stop_sender (sender);
  tear_down (&f);
}

static void
run_multicast (const char *group)
{
  Fixture f, g;
  g_autoptr (GError) error = NULL;
  guint16 port = find_free_port ();

  set_up (&f);
  WcTrackSpec *track = add_track (&f, WC_CODEC_OPUS, 111, port);
  g_free (track->address);
  track->address = g_strdup (group);
  track->interface = g_strdup ("lo");
  f.ingest = wc_ingest_new (f.spec, &f.context, &error);
  if (f.ingest == NULL) {
    g_test_skip (error->message);
    tear_down (&f);
    return;
  }
  wc_ingest_start (f.ingest);

  /* A group is not anybody's alone. */
  set_up (&g);
  track = add_track (&g, WC_CODEC_OPUS, 111, port);
  g_free (track->address);
  track->address = g_strdup (group);
  track->interface = g_strdup ("lo");
  start (&g);

  GstElement *sender = start_sender (
      OPUS_RTP "! udpsink host=%s port=%u multicast-iface=lo loop=true "
               "auto-multicast=true",
      group, port);
  wait_live (&f);
  wait_live (&g);
  stop_sender (sender);
  wc_ingest_stop (g.ingest);
  wc_ingest_stop (f.ingest);
  g_clear_object (&f.ingest); /* else the port is not free for g's check */
  tear_down (&g);
  tear_down (&f);
}

static void
test_multicast (void)
{
  run_multicast ("239.255.12.34");
}

/* Loopback has a route for it on few hosts; the binding is tested anyhow. */
static gboolean
can_send_multicast_ipv6 (const char *group)
{
  WcUdpBinding binding = {.address = group, .interface = "lo"};
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) receiver =
      wc_udp_socket_open (&binding, find_free_port (), &error);
  struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = 9};
  int index = (int)if_nametoindex ("lo");
  int fd = socket (AF_INET6, SOCK_DGRAM, 0);

  g_assert_no_error (error);
  g_assert_nonnull (receiver);
  g_assert_cmpint (inet_pton (AF_INET6, group, &name.sin6_addr), ==, 1);
  setsockopt (fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index);
  gboolean sent =
      sendto (fd, "", 1, 0, (struct sockaddr *)&name, sizeof name) == 1;
  close (fd);
  return sent;
}

static void
test_multicast_ipv6 (void)
{
  static const char group[] = "ff12::1234";
  WcUdpBinding loop6 = {.address = "::1"};
  g_autoptr (GSocket) probe =
      wc_udp_socket_open (&loop6, find_free_port (), NULL);

  if (probe == NULL || !can_send_multicast_ipv6 (group))
    g_test_skip ("IPv6 multicast cannot be sent on lo");
  else
    run_multicast (group);
}

/* --- making one ------------------------------------------------------------
 */

static void
test_port_conflict (void)
{
  Fixture f, g;
  g_autoptr (GError) error = NULL;
  guint16 port = find_free_port ();

  set_up (&f);
  add_track (&f, WC_CODEC_OPUS, 111, port);
  start (&f);

  set_up (&g);
  wc_port_pool_free (g.pool);
  g.pool = f.pool;
  g.context.ports = f.pool;
  g_free (g.spec->id);
  g.spec->id = g_strdup ("cam2");
  add_track (&g, WC_CODEC_H264, 96, 0); /* taken before the conflict */
  add_track (&g, WC_CODEC_OPUS, 111, port);
  g_assert_null (wc_ingest_new (g.spec, &g.context, &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE);
  g_assert_nonnull (strstr (error->message, "\"cam1\""));
  g_assert_cmpuint (wc_port_pool_taken (g.pool), ==, 2); /* cam1's */
  wc_mountpoint_spec_free (g.spec);
  tear_down (&f);
}

/* An edit: the new source takes the ports of the old one over. */
static void
test_same_owner (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  set_up (&f);
  add_track (&f, WC_CODEC_OPUS, 111, 0);
  start (&f);
  GstElement *sender =
      start_sender (OPUS_RTP "! udpsink host=127.0.0.1 port=%u",
                    port_of (&f, WC_MEDIA_AUDIO));
  wait_live (&f);

  WcIngest *old = f.ingest;
  f.ingest = wc_ingest_new (f.spec, &f.context, &error);
  g_assert_no_error (error);
  g_signal_handlers_disconnect_by_data (old, &f);
  wc_ingest_stop (old);
  g_object_unref (old);
  wc_ingest_start (f.ingest);
  wait_live (&f);
  g_assert_cmpuint (packets_of (&f, WC_MEDIA_AUDIO), >, 0);
  stop_sender (sender);
  tear_down (&f);
}

static void
test_sdp (void)
{
  Fixture f;
  guint16 port = find_free_port ();

  set_up (&f);
  f.spec->sdp = g_strdup_printf (
      "SDP:\nv=0\no=- 0 0 IN IP4 127.0.0.1\ns=No Name\nc=IN IP4 127.0.0.1\n"
      "t=0 0\na=tool:libavformat 59.27.100\nm=audio %u RTP/AVP 97\n"
      "b=AS:64\na=rtpmap:97 opus/48000/2\na=fmtp:97 sprop-stereo=1\n",
      port);
  start (&f);
  g_assert_null (f.spec->sdp);
  g_assert_cmpuint (f.spec->tracks->len, ==, 1);
  g_assert_cmpuint (port_of (&f, WC_MEDIA_AUDIO), ==, port);
  g_assert_cmpuint (
      wc_mountpoint_spec_track (f.spec, WC_MEDIA_AUDIO)->payload_type, ==, 97);
  GstElement *sender =
      start_sender ("audiotestsrc is-live=true ! audio/x-raw,rate=48000 ! "
                    "opusenc ! rtpopuspay pt=97 ! "
                    "udpsink host=127.0.0.1 port=%u",
                    port);
  wait_live (&f);
  stop_sender (sender);
  tear_down (&f);
}

static void
refuse (Fixture *f, WcIngestError code, const char *word)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (wc_ingest_new (f->spec, &f->context, &error));
  g_assert_error (error, WC_INGEST_ERROR, (int)code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, word));
  g_assert_cmpuint (wc_port_pool_taken (f->pool), ==, 0);
}

static void
test_refused (void)
{
  Fixture f;
  guint16 port = find_free_port ();

  set_up (&f);
  refuse (&f, WC_INGEST_ERROR_INVALID, "no tracks");

  add_track (&f, WC_CODEC_H264, 96, port);
  add_track (&f, WC_CODEC_OPUS, 111, port);
  refuse (&f, WC_INGEST_ERROR_INVALID, "both tracks have port");

  ((WcTrackSpec *)f.spec->tracks->pdata[1])->port = port + 1;
  refuse (&f, WC_INGEST_ERROR_INVALID, "RTCP");

  g_ptr_array_set_size (f.spec->tracks, 0);
  add_track (&f, WC_CODEC_OPUS, 111, 0);
  add_track (&f, WC_CODEC_PCMU, 0, 0);
  refuse (&f, WC_INGEST_ERROR_INVALID, "two audio tracks");

  g_ptr_array_set_size (f.spec->tracks, 0);
  add_track (&f, WC_CODEC_H264, 96, 0)->fmtp =
      g_strdup ("packetization-mode=1; sprop-parameter-sets=!!!!");
  refuse (&f, WC_INGEST_ERROR_INVALID, "fmtp");

  g_ptr_array_set_size (f.spec->tracks, 0);
  f.spec->sdp = g_strdup ("v=0\nnonsense");
  refuse (&f, WC_INGEST_ERROR_INVALID, "SDP");
  g_clear_pointer (&f.spec->sdp, g_free);
  tear_down (&f);
}

static void
test_stop_and_start (void)
{
  Fixture f;

  set_up (&f);
  add_track (&f, WC_CODEC_OPUS, 111, 0);
  start (&f);
  GstElement *sender =
      start_sender (OPUS_RTP "! udpsink host=127.0.0.1 port=%u",
                    port_of (&f, WC_MEDIA_AUDIO));
  wait_live (&f);
  for (guint i = 0; i < 3; i++) {
    wc_ingest_stop (f.ingest);
    wc_ingest_stop (f.ingest);
    g_assert_cmpint (wc_ingest_state (f.ingest), ==, WC_INGEST_IDLE);
    wc_ingest_start (f.ingest);
    wc_ingest_start (f.ingest);
    wait_live (&f);
  }
  stop_sender (sender);
  tear_down (&f);
}

/* What ffmpeg, a foreign program, sends. */
static void
test_ffmpeg (void)
{
  Fixture f;
  g_autofree char *program = g_find_program_in_path ("ffmpeg");

  if (program == NULL) {
    g_test_skip ("there is no ffmpeg");
    return;
  }
  set_up (&f);
  add_track (&f, WC_CODEC_H264, 96, 0);
  add_track (&f, WC_CODEC_OPUS, 97, 0);
  start (&f);
  g_autofree char *command = g_strdup_printf (
      "%s -loglevel error -re -f lavfi -i testsrc=size=320x240:rate=30 "
      "-re -f lavfi -i sine=440 -map 0:v -c:v libx264 -preset ultrafast "
      "-tune zerolatency -g 15 -pix_fmt yuv420p -payload_type 96 -f rtp "
      "rtp://127.0.0.1:%u?pkt_size=1200 -map 1:a -c:a libopus "
      "-payload_type 97 -f rtp rtp://127.0.0.1:%u",
      program, port_of (&f, WC_MEDIA_VIDEO), port_of (&f, WC_MEDIA_AUDIO));
  GSubprocess *sender = start_program (command);
  wait_live (&f);
  run_for (1000);
  g_assert_cmpuint (packets_of (&f, WC_MEDIA_VIDEO), >, 20);
  g_assert_cmpuint (packets_of (&f, WC_MEDIA_AUDIO), >, 20);
  g_assert_null (wc_ingest_reason (f.ingest));
  stop_program (sender);
  g_assert_true (wait_until (is_lost, &f, 5000));
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ingest-rtp/h264-and-opus", test_h264_and_opus);
  g_test_add_func ("/ingest-rtp/audio-only", test_audio_only);
  g_test_add_func ("/ingest-rtp/lost-and-back", test_lost_and_back);
  g_test_add_func ("/ingest-rtp/latch", test_latch);
  g_test_add_func ("/ingest-rtp/wrong-codec", test_wrong_codec);
  g_test_add_func ("/ingest-rtp/wrong-codec-other-way",
                   test_wrong_codec_other_way);
  g_test_add_func ("/ingest-rtp/wrong-payload-type", test_wrong_payload_type);
  g_test_add_func ("/ingest-rtp/no-parameter-sets", test_no_parameter_sets);
  g_test_add_func ("/ingest-rtp/one-track-missing", test_one_track_missing);
  g_test_add_func ("/ingest-rtp/rtcp", test_rtcp);
  g_test_add_func ("/ingest-rtp/ipv6", test_ipv6);
  g_test_add_func ("/ingest-rtp/dual-stack", test_dual_stack);
  g_test_add_func ("/ingest-rtp/multicast", test_multicast);
  g_test_add_func ("/ingest-rtp/multicast-ipv6", test_multicast_ipv6);
  g_test_add_func ("/ingest-rtp/port-conflict", test_port_conflict);
  g_test_add_func ("/ingest-rtp/same-owner", test_same_owner);
  g_test_add_func ("/ingest-rtp/sdp", test_sdp);
  g_test_add_func ("/ingest-rtp/refused", test_refused);
  g_test_add_func ("/ingest-rtp/stop-and-start", test_stop_and_start);
  g_test_add_func ("/ingest-rtp/ffmpeg", test_ffmpeg);
  return g_test_run ();
}
