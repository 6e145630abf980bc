/* SPDX-License-Identifier: MIT */
/* Which stream a publisher's packet is of; header extensions; RTX. */
#include "engine/demux.h"
#include "engine/rtp-extension.h"
#include "engine/rtx.h"

#include <string.h>

enum { MID = 4, RID = 10, REPAIRED = 11 };
enum { AUDIO_PT = 111, VIDEO_PT = 96, RTX_PT = 97 };

typedef struct {
  guint8 data[200];
  gsize size;
} Packet;

static void
begin (Packet *packet, guint8 payload_type, guint32 ssrc)
{
  memset (packet, 0, sizeof *packet);
  packet->data[0] = 0x80;
  packet->data[1] = payload_type;
  for (guint i = 0; i < 4; i++)
    packet->data[8 + i] = (guint8)(ssrc >> (24 - 8 * i));
  packet->size = 12;
}

static void
add_extensions (Packet *packet, guint16 profile, const char *bytes, gsize size)
{
  gsize words = (size + 3) / 4;

  packet->data[0] |= 0x10;
  packet->data[12] = (guint8)(profile >> 8);
  packet->data[13] = (guint8)profile;
  packet->data[15] = (guint8)words;
  memcpy (packet->data + 16, bytes, size);
  packet->size = 16 + 4 * words;
}

/* One-byte headers with up to two elements. */
static void
add_names (Packet *packet, guint8 id, const char *name, guint8 id_2,
           const char *name_2)
{
  g_autoptr (GString) bytes = g_string_new (NULL);

  g_string_append_c (bytes, (char)(id << 4 | (strlen (name) - 1)));
  g_string_append (bytes, name);
  if (name_2 != NULL) {
    g_string_append_c (bytes, (char)(id_2 << 4 | (strlen (name_2) - 1)));
    g_string_append (bytes, name_2);
  }
  add_extensions (packet, 0xbede, bytes->str, bytes->len);
}

static void
add_payload (Packet *packet, const char *payload)
{
  memcpy (packet->data + packet->size, payload, strlen (payload));
  packet->size += strlen (payload);
}

static gboolean
find (WcDemux *demux, const Packet *packet, WcDemuxStream *stream)
{
  WcRtp rtp;

  g_assert_true (wc_rtp_read (&rtp, packet->data, packet->size));
  return wc_demux_find (demux, &rtp, packet->data, packet->size, stream);
}

static void
init (WcDemux *demux, guint n_layers)
{
  const WcDemuxMedia media[WC_N_MEDIA] = {
      [WC_MEDIA_AUDIO] = {.present = TRUE,
                          .payload_type = AUDIO_PT,
                          .rtx_payload_type = WC_DEMUX_NO_PT,
                          .mid = "0",
                          .mid_extension = MID},
      [WC_MEDIA_VIDEO] = {.present = TRUE,
                          .payload_type = VIDEO_PT,
                          .rtx_payload_type = RTX_PT,
                          .mid = "1",
                          .mid_extension = MID,
                          .rid_extension = RID,
                          .repaired_rid_extension = REPAIRED,
                          .n_layers = n_layers,
                          .rids = {"h", "m", "low"}},
  };

  wc_demux_init (demux, media);
}

static void
assert_found (WcDemux *demux, const Packet *packet, WcMedia media, guint layer,
              gboolean is_rtx)
{
  WcDemuxStream stream;

  g_assert_true (find (demux, packet, &stream));
  g_assert_cmpint (stream.media, ==, media);
  g_assert_cmpuint (stream.layer, ==, layer);
  g_assert_cmpint (stream.is_rtx, ==, is_rtx);
}

static void
assert_unknown (WcDemux *demux, const Packet *packet)
{
  WcDemuxStream stream;

  g_assert_false (find (demux, packet, &stream));
}

static void
test_payload_type (void)
{
  WcDemux demux;
  Packet packet;

  init (&demux, 0);
  begin (&packet, VIDEO_PT, 1);
  assert_found (&demux, &packet, WC_MEDIA_VIDEO, 0, FALSE);
  begin (&packet, RTX_PT, 2);
  assert_found (&demux, &packet, WC_MEDIA_VIDEO, 0, TRUE);
  begin (&packet, AUDIO_PT, 3);
  assert_found (&demux, &packet, WC_MEDIA_AUDIO, 0, FALSE);
  begin (&packet, 98, 4);
  assert_unknown (&demux, &packet);
}

static void
test_layers (void)
{
  WcDemux demux;
  Packet packet;

  init (&demux, 3);
  begin (&packet, VIDEO_PT, 1);
  assert_unknown (&demux, &packet); /* which layer? */
  add_names (&packet, MID, "1", RID, "low");
  assert_found (&demux, &packet, WC_MEDIA_VIDEO, 2, FALSE);
  begin (&packet, VIDEO_PT, 1);
  assert_found (&demux, &packet, WC_MEDIA_VIDEO, 2, FALSE); /* learnt */
  begin (&packet, VIDEO_PT, 2);
  add_names (&packet, RID, "h", 0, NULL);
  assert_found (&demux, &packet, WC_MEDIA_VIDEO, 0, FALSE);
  begin (&packet, RTX_PT, 3);
  add_names (&packet, MID, "1", REPAIRED, "m");
  assert_found (&demux, &packet, WC_MEDIA_VIDEO, 1, TRUE);
  begin (&packet, RTX_PT, 3);
  assert_found (&demux, &packet, WC_MEDIA_VIDEO, 1, TRUE);
  begin (&packet, VIDEO_PT, 5);
  add_names (&packet, RID, "x", 0, NULL);
  assert_unknown (&demux, &packet);
  begin (&packet, VIDEO_PT, 1);
  add_names (&packet, RID, "m", 0, NULL);
  assert_found (&demux, &packet, WC_MEDIA_VIDEO, 1, FALSE); /* newest counts */
}

static void
test_mid (void)
{
  WcDemux demux;
  Packet packet;

  init (&demux, 0);
  /* Two media may use one payload type: the MID decides. */
  demux.media[WC_MEDIA_AUDIO].payload_type = VIDEO_PT;
  begin (&packet, VIDEO_PT, 1);
  add_names (&packet, MID, "1", 0, NULL);
  assert_found (&demux, &packet, WC_MEDIA_VIDEO, 0, FALSE);
  begin (&packet, VIDEO_PT, 2);
  add_names (&packet, MID, "0", 0, NULL);
  assert_found (&demux, &packet, WC_MEDIA_AUDIO, 0, FALSE);
  begin (&packet, VIDEO_PT, 2);
  add_names (&packet, MID, "2", 0, NULL);
  assert_unknown (&demux, &packet);
}

static void
test_signalled (void)
{
  WcDemux demux;
  Packet packet;

  init (&demux, 3);
  wc_demux_add (&demux, 7, (WcDemuxStream){WC_MEDIA_VIDEO, 1, FALSE});
  begin (&packet, VIDEO_PT, 7);
  assert_found (&demux, &packet, WC_MEDIA_VIDEO, 1, FALSE);
  begin (&packet, AUDIO_PT, 7); /* not what it was said to be */
  assert_found (&demux, &packet, WC_MEDIA_AUDIO, 0, FALSE);
}

static void
test_two_byte (void)
{
  WcDemux demux;
  Packet packet;

  init (&demux, 3);
  begin (&packet, VIDEO_PT, 1);
  add_extensions (&packet, 0x1000, "\x00\x04\x01\x31\x0a\x03low", 9);
  assert_found (&demux, &packet, WC_MEDIA_VIDEO, 2, FALSE);
}

static void
test_many (void)
{
  WcDemux demux;
  Packet packet;

  init (&demux, 3);
  for (guint32 ssrc = 1; ssrc < 1000; ssrc++) {
    begin (&packet, VIDEO_PT, ssrc);
    add_names (&packet, RID, "m", 0, NULL);
    assert_found (&demux, &packet, WC_MEDIA_VIDEO, 1, FALSE);
  }
  begin (&packet, VIDEO_PT, 999);
  assert_found (&demux, &packet, WC_MEDIA_VIDEO, 1, FALSE);
  begin (&packet, VIDEO_PT, 1);
  assert_unknown (&demux, &packet);
}

static void
test_malformed_extensions (void)
{
  static const struct {
    guint16 profile;
    const char *bytes;
    gsize size;
    guint n; /* elements that can be read */
  } cases[] = {
      {0xbede,
       "\x10"
       "a"
       "\x3f"
       "b",
       4, 1},
      {0xbede,
       "\xf0"
       "a"
       "\x10"
       "b",
       4, 0},
      {0xbede,
       "\x00\x00\x10"
       "a",
       4, 1},
      {0x1000, "\x01\x00\x02\x09", 4, 1},
      {0x100f,
       "\x01\x01"
       "a"
       "\x05",
       4, 1},
      {0x1234,
       "\x10"
       "a"
       "\x10"
       "b",
       4, 0},
      {0xbede, "", 0, 0},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    WcRtpExtensions extensions;
    const guint8 *value;
    guint n = 0;
    guint8 id;
    gsize size;
    Packet packet;

    begin (&packet, VIDEO_PT, 1);
    add_extensions (&packet, cases[i].profile, cases[i].bytes, cases[i].size);
    if (wc_rtp_extensions_init (&extensions, packet.data, packet.size))
      while (wc_rtp_extensions_next (&extensions, &id, &value, &size))
        n++;
    g_assert_cmpuint (n, ==, cases[i].n);
  }
}

static void
test_rtx (void)
{
  Packet packet;
  WcRtp rtp;

  begin (&packet, RTX_PT | 0x80, 5);
  packet.data[2] = 0x12;
  add_names (&packet, REPAIRED, "m", 0, NULL);
  add_payload (&packet, "\xab\xcdhello");
  g_assert_true (wc_rtx_unwrap (packet.data, &packet.size, 0x01020304, 96));
  g_assert_true (wc_rtp_read (&rtp, packet.data, packet.size));
  g_assert_cmpuint (rtp.seq, ==, 0xabcd);
  g_assert_cmpuint (rtp.ssrc, ==, 0x01020304);
  g_assert_cmpuint (rtp.payload_type, ==, 96);
  g_assert_true (rtp.marker);
  g_assert_cmpmem (rtp.payload, rtp.payload_size, "hello", 5);

  begin (&packet, RTX_PT, 5);
  g_assert_false (wc_rtx_unwrap (packet.data, &packet.size, 1, 96));
  add_payload (&packet, "\xab\xcd");
  g_assert_false (wc_rtx_unwrap (packet.data, &packet.size, 1, 96));
}

/* With padding, which stands behind the payload and stays there. */
static void
test_rtx_padding (void)
{
  Packet packet;
  WcRtp rtp;

  begin (&packet, RTX_PT, 5);
  packet.data[0] |= 0x20;
  add_payload (&packet, "\xab\xcdhello\x01\x02");
  g_assert_true (wc_rtx_unwrap (packet.data, &packet.size, 1, 96));
  g_assert_true (wc_rtp_read (&rtp, packet.data, packet.size));
  g_assert_cmpmem (rtp.payload, rtp.payload_size, "hello", 5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/demux/payload-type", test_payload_type);
  g_test_add_func ("/demux/layers", test_layers);
  g_test_add_func ("/demux/mid", test_mid);
  g_test_add_func ("/demux/signalled", test_signalled);
  g_test_add_func ("/demux/two-byte", test_two_byte);
  g_test_add_func ("/demux/many", test_many);
  g_test_add_func ("/demux/malformed-extensions", test_malformed_extensions);
  g_test_add_func ("/demux/rtx", test_rtx);
  g_test_add_func ("/demux/rtx-padding", test_rtx_padding);
  return g_test_run ();
}
