/* SPDX-License-Identifier: MIT */
/* Media goes through as it came: what viewers put together again is, byte for
 * byte, what real encoders made. */
#include "clip.h"
#include "scratch.h"
#include "stage.h"
#include "units.h"

#include "base/clock.h"

#include <signal.h>
#include <string.h>

#define WAIT_MS 20000
#define FPS 30
#define X264 "-c:v libx264 -preset ultrafast -bf 0 -g 30 -b:v 1M"

/* One server for all; each test has a mountpoint of its own. */
static TcLoop *loop;
static TeServer *server;

static guint16
create (const char *id, const char *media, const char *codec)
{
  g_autofree char *tracks = g_strdup_printf (
      "[{\"media\":\"%s\",\"codec\":\"%s\",\"payload_type\":96}]", media,
      codec);
  g_autofree char *path = g_strconcat ("/api/v1/mountpoints/", id, NULL);

  te_server_create (server, id, tracks);
  return (guint16)te_server_number (server, path, "tracks.0.port");
}

typedef struct {
  TeUnits *units;
  guint n;
} Wait;

static gboolean
has_units (gpointer data)
{
  Wait *wait = data;

  return te_units_all (wait->units)->len >= wait->n;
}

/* Joins when it is live, so that the first key frame comes out of the ring, and
 * takes @n units. @media: of the offer. */
static void
watch (const char *id, const char *media, TeUnits *units, guint n)
{
  g_autofree char *url = te_server_whep_url (server, id);
  TcWhepOptions options = {.url = url,
                           .offer.media = media,
                           .peer.packet = te_units_on_packet,
                           .peer.data = units};
  g_autoptr (TcWhepClient) client = tc_whep_client_new (loop, &options);
  Wait wait = {units, n};

  te_server_wait_live (server, id);
  tc_whep_client_start (client);
  if (!tc_loop_run (loop, WAIT_MS, has_units, &wait))
    g_error ("%s: %u units, %s %s", id, te_units_all (units)->len,
             tc_whep_state_name (tc_whep_client_state (client)),
             tc_whep_client_error (client));
  te_assert_clean (client);
  te_leave (client);
}

/* --- video in our own packets ----------------------------------------------
 */

/* Sends @source in payloads of up to 1200 bytes. Returns how many parameter
 * sets the server has put in. */
static guint
pass_video (const char *id, const char *codec, TeUnitsFormat format,
            TcFrameSource *source)
{
  g_autoptr (TeUnits) units = te_units_new (format);
  TcRtpSenderOptions options = {
      .pt = 96, .clock_rate = 90000, .first_seq = 65500, .record = TRUE};
  g_autoptr (TcRtpSender) sender = NULL;
  g_autoptr (GError) error = NULL;

  options.port = create (id, "video", codec);
  sender = tc_rtp_sender_new (loop, &options, &error);
  g_assert_no_error (error);
  tc_rtp_sender_play (sender, source);
  watch (id, "v", units, 5 * FPS / 2);
  g_assert_cmpuint (te_units_largest (units), >, 1000);
  g_assert_cmpuint (tc_rtp_sender_errors (sender), ==, 0);
  return te_units_assert_in (units, tc_rtp_sender_record (sender));
}

static void
test_h264 (void)
{
  g_autofree char *path = te_clip_video ("h264", X264 " -f h264");
  g_autoptr (GError) error = NULL;
  g_autoptr (TcFrameSource) source =
      tc_frame_source_annex_b (TC_PAYLOAD_H264, path, FPS, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (pass_video ("h264", "H264", TE_UNITS_H264, source), ==, 0);
}

/* Leaves only the first of each parameter set in the file. */
static char *
keep_first_sets (const char *path)
{
  static const guint8 start_code[] = {0, 0, 0, 1};
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GPtrArray) units = NULL;
  char *kept = g_strconcat (path, "-first-sets", NULL);
  guint seen[32] = {0};
  gsize size;

  g_file_get_contents (path, &text, &size, &error);
  g_assert_no_error (error);
  units = tc_payload_split_annex_b ((const guint8 *)text, size);
  for (guint i = 0; i < units->len; i++) {
    const guint8 *unit = g_bytes_get_data (g_ptr_array_index (units, i), &size);

    if ((unit[0] & 31) >= 7 && seen[unit[0] & 31]++ > 0)
      continue;
    g_byte_array_append (out, start_code, sizeof start_code);
    g_byte_array_append (out, unit, (guint)size);
  }
  g_file_set_contents (kept, (char *)out->data, out->len, &error);
  g_assert_no_error (error);
  return kept;
}

/* M-12: SPS and PPS in front of every key frame, even if the source has sent
 * them once. */
static void
test_h264_sets_once (void)
{
  g_autofree char *path = te_clip_video ("h264-all", X264 " -f h264");
  g_autofree char *kept = keep_first_sets (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (TcFrameSource) source =
      tc_frame_source_annex_b (TC_PAYLOAD_H264, kept, FPS, &error);
  guint n_inserted;

  g_assert_no_error (error);
  g_assert_cmpuint (tc_frame_source_n_frames (source), ==, 3 * FPS);
  n_inserted = pass_video ("h264-sets", "H264", TE_UNITS_H264, source);
  g_assert_cmpuint (n_inserted, >=, 2);
  g_assert_cmpuint (n_inserted % 2, ==, 0);
}

static void
test_h265 (void)
{
  g_autofree char *path = te_clip_video (
      "h265", "-c:v libx265 -preset ultrafast -b:v 1M -x265-params "
              "keyint=30:bframes=0:log-level=none -f hevc");
  g_autoptr (GError) error = NULL;
  g_autoptr (TcFrameSource) source =
      tc_frame_source_annex_b (TC_PAYLOAD_H265, path, FPS, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (pass_video ("h265", "H265", TE_UNITS_H265, source), ==, 0);
}

static void
test_av1 (void)
{
  g_autofree char *path = te_clip_video (
      "av1", "-c:v libaom-av1 -usage realtime -cpu-used 8 -row-mt 1 -g 30 "
             "-lag-in-frames 0 -b:v 1M -f ivf");
  g_autoptr (GError) error = NULL;
  g_autoptr (TcFrameSource) source = tc_frame_source_ivf (path, FPS, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (pass_video ("av1", "AV1", TE_UNITS_AV1, source), ==, 0);
}

/* --- video in ffmpeg's packets ---------------------------------------------
 */

static GPtrArray *
read_file (TeUnitsFormat format, const char *path)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  if (format == TE_UNITS_VP8 || format == TE_UNITS_VP9)
    return te_units_read_ivf (path);
  g_file_get_contents (path, &text, &size, &error);
  g_assert_no_error (error);
  return tc_payload_split_annex_b ((const guint8 *)text, size);
}

/* payloads of 1460 bytes are cut, and nothing is lost by it. */
static void
pass_ffmpeg (const char *id, const char *codec, TeUnitsFormat format,
             const char *arguments, const char *file_format)
{
  g_autoptr (TeUnits) units = te_units_new (format);
  g_autofree char *path = te_scratch_path (id);
  g_autoptr (GPtrArray) sent = NULL;
  guint16 port = create (id, "video", codec);
  g_autoptr (TeChild) child =
      te_clip_send (loop, arguments, file_format, path, port, 1472);
  int status;

  watch (id, "v", units, 5 * FPS / 2);
  te_child_signal (child, SIGINT);
  g_assert_true (te_child_wait (child, WAIT_MS, &status));
  sent = read_file (format, path);
  g_assert_cmpuint (te_units_largest (units), >, 1000);
  g_assert_cmpuint (te_units_assert_in (units, sent), ==, 0);
}

static void
test_ffmpeg_h264 (void)
{
  pass_ffmpeg ("ffmpeg-h264", "H264", TE_UNITS_H264, X264, "h264");
}

static void
test_ffmpeg_h265 (void)
{
  pass_ffmpeg ("ffmpeg-h265", "H265", TE_UNITS_H265,
               "-c:v libx265 -preset ultrafast -b:v 1M -x265-params "
               "keyint=30:bframes=0:log-level=none",
               "hevc");
}

static void
test_ffmpeg_vp8 (void)
{
  pass_ffmpeg ("ffmpeg-vp8", "VP8", TE_UNITS_VP8,
               "-c:v libvpx -deadline realtime -cpu-used 8 -auto-alt-ref 0 "
               "-g 30 -b:v 1M",
               "ivf");
}

static void
test_ffmpeg_vp9 (void)
{
  pass_ffmpeg ("ffmpeg-vp9", "VP9", TE_UNITS_VP9,
               "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -row-mt 1 "
               "-auto-alt-ref 0 -lag-in-frames 0 -g 30 -b:v 1M",
               "ivf");
}

/* --- audio ------------------------------------------------------------------
 */

typedef struct {
  TcRtpSender *sender;
  TcTimer *timer;
  GPtrArray *sent;
  char *data;
  gsize size, at, chunk;
  guint32 timestamp, step;
  gint64 due_us;
} Player;

/* The next 20 ms. */
static void
on_chunk_due (gpointer data)
{
  Player *player = data;
  const guint8 *chunk = (const guint8 *)player->data + player->at;

  tc_rtp_sender_send (player->sender, chunk, player->chunk,
                      player->timestamp == 0, player->timestamp);
  g_ptr_array_add (player->sent, g_bytes_new (chunk, player->chunk));
  player->timestamp += player->step;
  player->at += player->chunk;
  if (player->at + player->chunk > player->size)
    player->at = 0;
  player->due_us += 20000;
  tc_timer_set (player->timer, player->due_us);
}

/* @chunk bytes are 20 ms, @step ticks of the RTP clock. */
static void
pass_audio (const char *codec, const char *arguments, gsize chunk, guint32 step)
{
  g_autofree char *path = te_clip_audio (codec, arguments);
  g_autoptr (TeUnits) units = te_units_new (TE_UNITS_AUDIO);
  TcRtpSenderOptions options = {
      .pt = 96, .clock_rate = step * 50, .no_reports = TRUE};
  Player player = {.chunk = chunk, .step = step};
  g_autoptr (GError) error = NULL;

  options.port = create (codec, "audio", codec);
  g_file_get_contents (path, &player.data, &player.size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (player.size, >, 100 * chunk);
  player.sent = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  player.sender = tc_rtp_sender_new (loop, &options, &error);
  g_assert_no_error (error);
  player.timer = tc_timer_new (loop, on_chunk_due, &player);
  player.due_us = wc_clock_now_us ();
  tc_timer_set (player.timer, player.due_us);
  watch (codec, "a", units, 60);
  g_assert_cmpuint (te_units_assert_in (units, player.sent), ==, 0);
  tc_timer_free (player.timer);
  tc_rtp_sender_free (player.sender);
  g_ptr_array_unref (player.sent);
  g_free (player.data);
}

/* Without variable rate each packet has 160 bytes, so that the file needs no
 * container. */
static void
test_opus (void)
{
  pass_audio ("opus",
              "-map 0:a -ac 2 -ar 48000 -c:a libopus -vbr off -b:a 64k -f data",
              160, 960);
}

static void
test_pcmu (void)
{
  pass_audio ("PCMU", "-ac 1 -ar 8000 -c:a pcm_mulaw -f mulaw", 160, 160);
}

static void
test_pcma (void)
{
  pass_audio ("PCMA", "-ac 1 -ar 8000 -c:a pcm_alaw -f alaw", 160, 160);
}

/* Its clock says 8000 though it samples 16000 times (RFC 3551 4.5.2). */
static void
test_g722 (void)
{
  pass_audio ("G722", "-ac 1 -ar 16000 -c:a g722 -f g722", 160, 160);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/viewer/passthrough/h264", test_h264);
  g_test_add_func ("/viewer/passthrough/h264-sets-once", test_h264_sets_once);
  g_test_add_func ("/viewer/passthrough/h265", test_h265);
  g_test_add_func ("/viewer/passthrough/av1", test_av1);
  g_test_add_func ("/viewer/passthrough/opus", test_opus);
  g_test_add_func ("/viewer/passthrough/pcmu", test_pcmu);
  g_test_add_func ("/viewer/passthrough/pcma", test_pcma);
  g_test_add_func ("/viewer/passthrough/g722", test_g722);
  g_test_add_func ("/viewer/passthrough/ffmpeg/h264", test_ffmpeg_h264);
  g_test_add_func ("/viewer/passthrough/ffmpeg/h265", test_ffmpeg_h265);
  g_test_add_func ("/viewer/passthrough/ffmpeg/vp8", test_ffmpeg_vp8);
  g_test_add_func ("/viewer/passthrough/ffmpeg/vp9", test_ffmpeg_vp9);
  loop = tc_loop_new ();
  server = te_server_start (loop, NULL, NULL);
  result = g_test_run ();
  te_server_free (server);
  tc_loop_free (loop);
  return result;
}
