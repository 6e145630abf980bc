/* SPDX-License-Identifier: MIT */
/* What the load client counts with: datagrams out of one read, frames that can
 * be decoded, percentiles, and what other programs tell it. */
#include "bench/answer.h"
#include "bench/frames.h"
#include "bench/janus-message.h"
#include "bench/nft-counter.h"
#include "bench/report.h"
#include "bench/socket.h"

#include "base/clock.h"

#include <string.h>
#include <unistd.h>

static void
note_size (const guint8 *data, gsize size, gpointer list)
{
  g_array_append_val ((GArray *)list, size);
}

static void
assert_split (gsize size, gsize segment, const gsize *sizes, guint n)
{
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (gsize));
  guint8 data[4000] = {0};

  g_assert_cmpuint (tb_split_segments (data, size, segment, note_size, list),
                    ==, n);
  g_assert_cmpmem (list->data, list->len * sizeof (gsize), sizes,
                   n * sizeof (gsize));
}

static void
test_split (void)
{
  assert_split (1200, 0, (gsize[]){1200}, 1);
  assert_split (0, 0, (gsize[]){0}, 1); /* an empty datagram is one */
  assert_split (3000, 1000, (gsize[]){1000, 1000, 1000}, 3);
  assert_split (2100, 1000, (gsize[]){1000, 1000, 100}, 3);
  assert_split (500, 1000, (gsize[]){500}, 1);
  assert_split (3, 1, (gsize[]){1, 1, 1}, 3);
}

static void
test_range (void)
{
  guint32 first, n;

  g_assert_true (tb_parse_range ("10.64.1.2/16", &first, &n));
  g_assert_cmphex (first, ==, 0x0a400000);
  g_assert_cmpuint (n, ==, 65536);
  g_assert_true (tb_parse_range ("127.64.0.0/10", &first, &n));
  g_assert_cmphex (first, ==, 0x7f400000);
  g_assert_false (tb_parse_range ("10.64.0.0", &first, &n));
  g_assert_false (tb_parse_range ("10.64.0.0/7", &first, &n));
  g_assert_false (tb_parse_range ("10.64.0.0/25", &first, &n));
  g_assert_false (tb_parse_range ("10.64.0.0/16/2", &first, &n));
  g_assert_false (tb_parse_range ("fe80::/16", &first, &n));
  g_assert_false (tb_parse_range ("x/16", &first, &n));
  g_assert_false (tb_parse_range ("", &first, &n));
}

/* Two viewers on one socket, each with its own address. */
static gboolean
all_came (gpointer data)
{
  TcPeer **peers = data;

  return tc_peer_stats (peers[0])->datagrams == 2 &&
         tc_peer_stats (peers[1])->datagrams == 1;
}

static void
test_socket (void)
{
  g_autoptr (TcLoop) loop = tc_loop_new ();
  g_autoptr (GError) error = NULL;
  TbSocket *socket = tb_socket_new (loop, "127.64.0.0/16", &error);
  TcPeerOptions options[2] = {0};
  TcPeer *peers[2];
  static const guint8 stun_like[] = {0, 1, 2, 3};

  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++) {
    options[i].link = tb_socket_link (socket, i);
    peers[i] = tc_peer_new (loop, &options[i], &error);
    g_assert_no_error (error);
    tb_socket_set_peer (socket, i, peers[i]);
    g_assert_cmpuint (tc_peer_port (peers[i]), ==, options[i].link.port);
  }
  g_assert_cmpstr (options[0].link.ip, !=, options[1].link.ip);
  for (guint i = 0; i < 2; i++) {
    WcAddress to;

    g_assert_true (wc_address_parse (&to, options[1 - i].link.ip,
                                     options[1 - i].link.port));
    for (guint k = 0; k <= i; k++)
      options[i].link.send (&to, stun_like, sizeof stun_like,
                            options[i].link.data);
  }
  g_assert_true (tc_loop_run (loop, 5000, all_came, peers));
  g_assert_cmpint (
      ABS (wc_clock_now_us () - tc_peer_stats (peers[0])->last_datagram_us), <,
      10 * G_USEC_PER_SEC);
  for (guint i = 0; i < 2; i++) {
    tb_socket_set_peer (socket, i, NULL);
    tc_peer_free (peers[i]);
  }
  g_assert_cmpuint (tb_socket_stats (socket).overflows, ==, 0);
  tb_socket_release (socket, 0);
  tb_socket_free (socket);
}

/* Frames of three packets; the numbers in @lost never come. */
typedef struct {
  TbFrames *frames;
  guint16 seq;
  guint32 timestamp;
  gint64 now_us;
} Film;

static void
film_frame (Film *film, gboolean key, guint lost_mask)
{
  for (guint i = 0; i < 3; i++, film->seq++)
    if ((lost_mask >> i & 1) == 0)
      tb_frames_add (film->frames, film->seq, film->timestamp, i == 2,
                     key && i == 0, film->now_us);
  film->timestamp += 3000;
  film->now_us += 33000;
}

static void
assert_frames (Film *film, guint64 frames, guint64 decodable)
{
  TbFrameStats stats;

  tb_frames_judge (film->frames, film->now_us + 2 * TB_FRAMES_DEADLINE_US);
  stats = tb_frames_stats (film->frames);
  g_assert_cmpuint (stats.frames, ==, frames);
  g_assert_cmpuint (stats.decodable, ==, decodable);
  tb_frames_free (film->frames);
}

static Film
film_new (void)
{
  /* Numbers and timestamps wrap on the way. */
  return (Film){.frames = tb_frames_new (),
                .seq = 65530,
                .timestamp = 0xfffff000,
                .now_us = 1000000};
}

static void
test_frames_all (void)
{
  Film film = film_new ();

  for (guint i = 0; i < 100; i++)
    film_frame (&film, i % 10 == 0, 0);
  assert_frames (&film, 100, 100);
}

static void
test_frames_lost (void)
{
  Film film = film_new ();

  /* The middle of frame 3 is lost: 3 to 9 cannot be decoded, 10 is a key. */
  for (guint i = 0; i < 20; i++)
    film_frame (&film, i % 10 == 0, i == 3 ? 2 : 0);
  assert_frames (&film, 20, 13);
}

static void
test_frames_absent (void)
{
  Film film = film_new ();

  /* Nothing of frames 4 and 5 came; the gap of timestamps tells. */
  for (guint i = 0; i < 10; i++)
    film_frame (&film, i == 0, i == 4 || i == 5 ? 7 : 0);
  assert_frames (&film, 10, 4);
}

static void
test_frames_late (void)
{
  Film film = film_new ();
  guint16 seq;
  guint32 timestamp;

  film_frame (&film, TRUE, 0);
  seq = film.seq + 1;
  timestamp = film.timestamp;
  film_frame (&film, FALSE, 2);
  film_frame (&film, FALSE, 0);
  tb_frames_add (film.frames, seq, timestamp, FALSE, FALSE, film.now_us);
  film_frame (&film, FALSE, 0);
  assert_frames (&film, 4, 4);
}

static void
test_frames_too_late (void)
{
  Film film = film_new ();
  guint16 seq;
  guint32 timestamp;

  film_frame (&film, TRUE, 0);
  seq = film.seq + 1;
  timestamp = film.timestamp;
  film_frame (&film, FALSE, 2);
  film_frame (&film, FALSE, 0);
  film.now_us += TB_FRAMES_DEADLINE_US;
  film_frame (&film, FALSE, 0);
  tb_frames_add (film.frames, seq, timestamp, FALSE, FALSE, film.now_us);
  assert_frames (&film, 4, 1);
}

static void
test_frames_key (void)
{
  Film film = film_new ();

  film_frame (&film, TRUE, 0);
  g_assert_cmpint (tb_frames_key_us (film.frames), ==, 0);
  tb_frames_arm (film.frames);
  film_frame (&film, FALSE, 0);
  film_frame (&film, TRUE, 4); /* not complete */
  g_assert_cmpint (tb_frames_key_us (film.frames), ==, 0);
  film_frame (&film, TRUE, 0);
  g_assert_cmpint (tb_frames_key_us (film.frames), ==, film.now_us - 33000);
  tb_frames_free (film.frames);
}

static char *
write_report (TbReport *report)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  char *text = NULL;
  int fd = g_file_open_tmp ("bench-XXXXXX", &path, &error);

  g_assert_no_error (error);
  close (fd);
  g_assert_true (tb_report_write_json (report, "a \"title\"", path, &error));
  g_assert_true (g_file_get_contents (path, &text, NULL, &error));
  unlink (path);
  return text;
}

static void
test_percentiles (void)
{
  static const guint percents[] = {0, 50, 99, 100};
  g_autoptr (TbReport) report = tb_report_new ();
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) nothing = g_array_new (FALSE, FALSE, sizeof (double));
  g_autofree char *text = NULL;

  for (guint i = 0; i < 200; i++) {
    double value = 200 - i;

    g_array_append_val (values, value);
  }
  tb_report_add_percentiles (report, "wait_ms", "wait", values, percents, 4, 1,
                             "ms");
  tb_report_add_percentiles (report, "none", "none", nothing, percents, 4, 1,
                             "");
  tb_report_add (report, "n", "number", 3, 0, "");
  text = write_report (report);
  g_assert_cmpstr (text, ==,
                   "{\"title\":\"a \\\"title\\\"\",\"wait_ms_min\":1.000,"
                   "\"wait_ms_p50\":100.000,\"wait_ms_p99\":198.000,"
                   "\"wait_ms_max\":200.000,\"n\":3.000}\n");
}

static TbJanusMessage *
parse (const char *text)
{
  return tb_janus_message_parse (text, strlen (text), NULL);
}

static void
test_janus_messages (void)
{
  g_autoptr (TbJanusMessage) success =
      parse ("{\"janus\":\"success\",\"data\":{\"id\":8960785357534816}}");
  g_autoptr (TbJanusMessage) offer =
      parse ("{\"janus\":\"event\",\"plugindata\":{\"data\":{}},"
             "\"jsep\":{\"type\":\"offer\",\"sdp\":\"v=0\"}}");
  g_autoptr (TbJanusMessage) refused =
      parse ("{\"janus\":\"event\",\"plugindata\":{\"data\":"
             "{\"error_code\":455,\"error\":\"No such mountpoint\"}}}");
  g_autoptr (TbJanusMessage) error =
      parse ("{\"janus\":\"error\",\"error\":{\"code\":458,"
             "\"reason\":\"No such session\"}}");
  g_autoptr (TbJanusMessage) other = parse ("{\"janus\":\"webrtcup\"}");

  g_assert_cmpint (success->kind, ==, TB_JANUS_SUCCESS);
  g_assert_cmpuint (success->id, ==, 8960785357534816u);
  g_assert_cmpint (offer->kind, ==, TB_JANUS_EVENT);
  g_assert_cmpstr (offer->sdp, ==, "v=0");
  g_assert_cmpint (refused->kind, ==, TB_JANUS_ERROR);
  g_assert_cmpstr (refused->error, ==, "No such mountpoint");
  g_assert_cmpint (error->kind, ==, TB_JANUS_ERROR);
  g_assert_cmpstr (error->error, ==, "No such session");
  g_assert_cmpint (other->kind, ==, TB_JANUS_OTHER);
}

static void
test_janus_hostile (void)
{
  static const char *const refused[] = {
      "",  "null",           "[]",
      "7", "{\"janus\":7}",  "{\"janus\":null}",
      "{", "{\"janus\":[]}", "\"janus\"",
      "{}"};
  static const char *const harmless[] = {
      "{\"janus\":\"success\"}",
      "{\"janus\":\"success\",\"data\":[]}",
      "{\"janus\":\"success\",\"data\":{\"id\":\"x\"}}",
      "{\"janus\":\"success\",\"data\":{\"id\":-5}}",
      "{\"janus\":\"success\",\"data\":{\"id\":{}}}",
      "{\"janus\":\"event\",\"jsep\":\"offer\"}",
      "{\"janus\":\"event\",\"jsep\":{\"type\":\"offer\"}}",
      "{\"janus\":\"event\",\"jsep\":{\"type\":\"offer\",\"sdp\":[]}}",
      "{\"janus\":\"event\",\"jsep\":{\"type\":1,\"sdp\":\"v=0\"}}",
      "{\"janus\":\"event\",\"plugindata\":{\"data\":{\"error\":{}}}}",
      "{\"janus\":\"error\",\"error\":null}",
      "{\"janus\":\"\"}"};
  g_autofree char *deep = g_strnfill (100000, '[');
  g_autofree char *blank = g_strnfill (1000000, ' ');

  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    g_assert_null (parse (refused[i]));
  g_assert_null (parse (deep));
  g_assert_null (parse (blank));
  for (gsize i = 0; i < G_N_ELEMENTS (harmless); i++) {
    g_autoptr (TbJanusMessage) message = parse (harmless[i]);

    g_assert_nonnull (message);
    g_assert_cmpuint (message->id, ==, 0);
    g_assert_null (message->sdp);
  }
}

static void
test_answer (void)
{
  static const char offer_text[] =
      "v=0\r\na=ice-lite\r\na=ice-ufrag:uu\r\na=ice-pwd:pp\r\n"
      "a=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:v\r\na=sendonly\r\n"
      "a=rtpmap:96 H264/90000\r\na=rtcp-fb:96 nack\r\n"
      "a=rtcp-fb:96 nack pli\r\na=fmtp:96 packetization-mode=1\r\n"
      "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\n"
      "a=rtpmap:111 opus/48000/2\r\n"
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n";
  TcOfferTransport transport = {.ufrag = "ours",
                                .pwd = "secret",
                                .fingerprint = "CC:DD",
                                .ip = "10.64.0.1",
                                .port = 4000};
  g_autoptr (TcDescription) offer = tc_description_parse (offer_text, NULL);
  g_autofree char *text = tb_answer_write (offer, &transport);
  g_autoptr (TcDescription) answer = tc_description_parse (text, NULL);
  const TcSection *video = tc_description_find (answer, WC_MEDIA_VIDEO);
  const TcSection *audio = tc_description_find (answer, WC_MEDIA_AUDIO);
  const TcFormat *format = g_ptr_array_index (video->formats, 0);

  g_assert_cmpstr (answer->bundle, ==, "v a");
  g_assert_cmpstr (answer->setup, ==, "active");
  g_assert_cmpstr (answer->ufrag, ==, "ours");
  g_assert_cmpstr (answer->fingerprint, ==, "CC:DD");
  g_assert_cmpuint (answer->candidates->len, ==, 2);
  g_assert_cmpuint (answer->sections->len, ==, 3);
  g_assert_cmpstr (video->direction, ==, "recvonly");
  g_assert_cmpuint (format->pt, ==, 96);
  g_assert_cmpint (format->rtx_pt, ==, 97);
  g_assert_true (format->has_nack && format->has_pli);
  g_assert_cmpstr (audio->mid, ==, "a");
  g_assert_nonnull (strstr (text, "m=application 0 "));
  g_assert_nonnull (strstr (text, "opus/48000/2"));
}

static void
test_nft_counter (void)
{
  static const char *const bad[] = {
      "", "[]", "{\"nftables\":7}", "{\"nftables\":[7,{\"counter\":7}]}",
      "{\"nftables\":[{\"counter\":{\"packets\":\"x\",\"bytes\":1}}]}"};
  TbNftCounter begin = {.packets = 10, .bytes = 1000};
  TbNftCounter end;

  g_assert_true (tb_nft_counter_parse (
      &end,
      "{\"nftables\":[{\"metainfo\":{\"version\":\"1\"}},{\"counter\":"
      "{\"family\":\"netdev\",\"packets\":12,\"bytes\":3456}}]}",
      NULL));
  g_assert_cmpuint (end.packets, ==, 12);
  g_assert_cmpuint (end.bytes, ==, 3456);
  /* Two runs of datagrams, each with the headers of one. */
  g_assert_cmpuint (tb_nft_counter_payload (&begin, &end), ==, 2456 - 2 * 28);
  g_assert_cmpuint (tb_nft_counter_payload (&end, &end), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (tb_nft_counter_parse (&end, bad[i], NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bench/socket/split", test_split);
  g_test_add_func ("/bench/socket/range", test_range);
  g_test_add_func ("/bench/socket/demultiplex", test_socket);
  g_test_add_func ("/bench/frames/all", test_frames_all);
  g_test_add_func ("/bench/frames/lost", test_frames_lost);
  g_test_add_func ("/bench/frames/absent", test_frames_absent);
  g_test_add_func ("/bench/frames/late", test_frames_late);
  g_test_add_func ("/bench/frames/too-late", test_frames_too_late);
  g_test_add_func ("/bench/frames/next-key-frame", test_frames_key);
  g_test_add_func ("/bench/report/percentiles", test_percentiles);
  g_test_add_func ("/bench/janus/messages", test_janus_messages);
  g_test_add_func ("/bench/janus/hostile", test_janus_hostile);
  g_test_add_func ("/bench/janus/answer", test_answer);
  g_test_add_func ("/bench/nft-counter", test_nft_counter);
  return g_test_run ();
}
