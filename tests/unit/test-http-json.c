/* SPDX-License-Identifier: MIT */
#include "http/api.h"
#include "http/push-line.h"

#include <string.h>

/* Fields and lists of the configuration are not const. */
#define TEXT(literal) ((char *)(literal))

static gboolean
is_safe (const char *text, gsize size)
{
  return wc_api_json_is_safe (text, size, NULL);
}

static void
test_safe (void)
{
  static const char *const good[] = {
      "",
      "{}",
      "{\"a\":[1,{\"b\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}]}",
      "\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (is_safe (good[i], strlen (good[i])));
}

/* json-glib recurses: what is nested deeply would use up the stack. */
static void
test_unsafe (void)
{
  g_autofree char *arrays = g_strnfill (64 * 1024, '[');
  g_autoptr (GString) objects = g_string_new (NULL);

  for (guint i = 0; i < 20; i++)
    g_string_append (objects, "{\"a\":");
  g_assert_false (is_safe (arrays, strlen (arrays)));
  g_assert_false (is_safe (objects->str, objects->len));
  g_assert_false (is_safe ("{\"a\":\"\xff\"}", 9));
  g_assert_false (is_safe ("{}\0", 3));
}

static void
test_push_line (void)
{
  WcIngestTrackInfo tracks[WC_N_MEDIA] = {
      [WC_MEDIA_AUDIO] = {.present = TRUE,
                          .media = WC_MEDIA_AUDIO,
                          .codec = WC_CODEC_OPUS,
                          .conversion = {.source = WC_CODEC_OPUS},
                          .port = 5002,
                          .rtcp_port = 5003,
                          .address = TEXT ("0.0.0.0")},
      [WC_MEDIA_VIDEO] = {.present = TRUE,
                          .media = WC_MEDIA_VIDEO,
                          .codec = WC_CODEC_H264,
                          .port = 5004,
                          .rtcp_port = 6000,
                          .address = TEXT ("239.1.2.3")},
  };
  WcTrackSpec audio = {.payload_type_set = TRUE, .payload_type = 111};
  const WcTrackSpec *const specs[WC_N_MEDIA] = {[WC_MEDIA_AUDIO] = &audio};
  g_autofree char *line = wc_push_line_new (tracks, specs, "2001:db8::1");

  g_assert_true (g_str_has_prefix (line, "ffmpeg -re -f lavfi -i testsrc2="));
  g_assert_nonnull (strstr (
      line, "-f rtp 'rtp://239.1.2.3:5004?pkt_size=1200&rtcpport=6000'"));
  g_assert_nonnull (strstr (line, "-map 0:v -c:v libx264 "));
  g_assert_nonnull (
      strstr (line, "-map 1:a -c:a libopus -ar 48000 -ac 2 -payload_type 111 "
                    "-f rtp 'rtp://[2001:db8::1]:5002?pkt_size=1200'"));
}

static void
test_push_line_localhost (void)
{
  WcIngestTrackInfo tracks[WC_N_MEDIA] = {
      [WC_MEDIA_AUDIO] = {.present = TRUE,
                          .media = WC_MEDIA_AUDIO,
                          .codec = WC_CODEC_OPUS,
                          .conversion = {.source = WC_CODEC_OPUS},
                          .port = 5002,
                          .rtcp_port = 5003,
                          .address = TEXT ("0.0.0.0")},
      [WC_MEDIA_VIDEO] = {.present = TRUE,
                          .media = WC_MEDIA_VIDEO,
                          .codec = WC_CODEC_H264,
                          .port = 5004,
                          .rtcp_port = 5005,
                          .address = TEXT ("::")},
  };
  const WcTrackSpec *const specs[WC_N_MEDIA] = {NULL};
  g_autofree char *line = wc_push_line_new (tracks, specs, "localhost");

  g_assert_nonnull (strstr (line, "'rtp://127.0.0.1:5002?"));
  g_assert_nonnull (strstr (line, "'rtp://[::1]:5004?"));
}

static void
test_push_line_without_ports (void)
{
  WcIngestTrackInfo tracks[WC_N_MEDIA] = {0};
  const WcTrackSpec *const specs[WC_N_MEDIA] = {NULL};

  g_assert_null (wc_push_line_new (tracks, specs, "192.0.2.1"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/json/safe", test_safe);
  g_test_add_func ("/http/json/unsafe", test_unsafe);
  g_test_add_func ("/http/push-line/both", test_push_line);
  g_test_add_func ("/http/push-line/localhost", test_push_line_localhost);
  g_test_add_func ("/http/push-line/none", test_push_line_without_ports);
  return g_test_run ();
}
