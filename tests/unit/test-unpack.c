/* SPDX-License-Identifier: MIT */
/* RTP payloads of formats that are converted, taken apart; and what their fmtp
 * must say. */
#include "engine/unpack.h"

#include <string.h>

typedef struct {
  WcUnpackFormat format;
  WcUnpacker unpacker;
  GPtrArray *frames; /* of GBytes */
  GArray *times;     /* gint64 */
  guint continued;
  guint64 seq;
} Fixture;

static void
on_frame (gpointer user_data, const guint8 *data, gsize size, gint64 timestamp,
          gboolean continues)
{
  Fixture *f = user_data;

  g_ptr_array_add (f->frames, g_bytes_new (data, size));
  g_array_append_val (f->times, timestamp);
  f->continued += continues;
}

static void
begin (Fixture *f, WcCodec codec, guint32 clock_rate, const char *fmtp)
{
  const char *reason = NULL;

  *f = (Fixture){.seq = 100};
  f->frames = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  f->times = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_assert_true (
      wc_unpack_format_read (&f->format, codec, clock_rate, fmtp, &reason));
  wc_unpacker_init (&f->unpacker, &f->format, on_frame, f);
}

static void
finish (Fixture *f)
{
  wc_unpacker_clear (&f->unpacker);
  wc_unpack_format_clear (&f->format);
  g_ptr_array_unref (f->frames);
  g_array_unref (f->times);
}

static void
push (Fixture *f, gint64 timestamp, gboolean marker, const void *data,
      gsize size)
{
  g_autoptr (WcPacket) packet = wc_packet_new (size);

  memcpy (packet->payload, data, size);
  packet->seq = f->seq++;
  packet->timestamp = timestamp;
  packet->flags = marker ? WC_PACKET_MARKER : 0;
  wc_unpacker_push (&f->unpacker, packet);
}

#define PUSH(f, timestamp, marker, text)                                       \
  push (f, timestamp, marker, text, sizeof (text) - 1)

static void
assert_frame (const Fixture *f, guint i, gint64 timestamp, const void *data,
              gsize size)
{
  g_assert_cmpuint (i, <, f->frames->len);
  GBytes *frame = f->frames->pdata[i];
  g_assert_cmpint (g_array_index (f->times, gint64, i), ==, timestamp);
  g_assert_cmpmem (g_bytes_get_data (frame, NULL), g_bytes_get_size (frame),
                   data, size);
}

#define HBR                                                                    \
  "streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;"  \
  "indexdeltalength=3; config=1210"

/* --- AAC -------------------------------------------------------------------
 */

static void
test_aac (void)
{
  Fixture f;

  begin (&f, WC_CODEC_AAC, 44100, HBR);
  g_assert_cmpuint (f.format.core_rate, ==, 44100);
  g_assert_cmpuint (f.format.channels, ==, 2);
  /* one unit of three bytes; then two, of two and one */
  PUSH (&f, 1000, TRUE,
        "\x00\x10\x00\x18"
        "abc");
  PUSH (&f, 2024, TRUE,
        "\x00\x20\x00\x10\x00\x08"
        "dee");
  g_assert_cmpuint (f.frames->len, ==, 3);
  assert_frame (&f, 0, 1000, "abc", 3);
  assert_frame (&f, 1, 2024, "de", 2);
  assert_frame (&f, 2, 2024 + 1024, "e", 1);
  finish (&f);
}

/* A unit in two packets; one whose rest is lost is not delivered. */
static void
test_aac_fragments (void)
{
  Fixture f;

  begin (&f, WC_CODEC_AAC, 44100, HBR);
  PUSH (&f, 0, FALSE,
        "\x00\x10\x00\x28"
        "abc");
  g_assert_cmpuint (f.frames->len, ==, 0);
  PUSH (&f, 0, TRUE,
        "\x00\x10\x00\x28"
        "de");
  assert_frame (&f, 0, 0, "abcde", 5);

  PUSH (&f, 1024, FALSE,
        "\x00\x10\x00\x28"
        "abc");
  f.seq++;
  PUSH (&f, 1024, TRUE,
        "\x00\x10\x00\x28"
        "de");
  PUSH (&f, 2048, TRUE,
        "\x00\x10\x00\x08"
        "x");
  g_assert_cmpuint (f.frames->len, ==, 2);
  assert_frame (&f, 1, 2048, "x", 1);
  finish (&f);
}

static void
test_aac_bad (void)
{
  Fixture f;

  begin (&f, WC_CODEC_AAC, 44100, HBR);
  PUSH (&f, 0, TRUE, "\x00");
  PUSH (&f, 0, TRUE,
        "\xff\xff"
        "abc");                           /* headers longer than it is */
  PUSH (&f, 0, TRUE, "\x00\x20\x00\x08"); /* a second header cut off */
  PUSH (&f, 0, TRUE, "\x00\x10\x00\x00"); /* a unit of nothing */
  g_assert_cmpuint (f.frames->len, ==, 0);
  finish (&f);
}

static void
assert_config (const char *fmtp, gboolean good)
{
  WcUnpackFormat format = {0};
  const char *reason = NULL;

  g_assert_cmpint (
      wc_unpack_format_read (&format, WC_CODEC_AAC, 48000, fmtp, &reason), ==,
      good);
  if (!good)
    g_assert_nonnull (reason);
  wc_unpack_format_clear (&format);
}

static void
test_aac_config (void)
{
  assert_config ("config=1190", TRUE);     /* LC, 48 kHz, stereo */
  assert_config ("config=2b098800", TRUE); /* HE, 24 kHz core */
  assert_config (NULL, FALSE);
  assert_config ("config=", FALSE);
  assert_config ("config=119", FALSE);
  assert_config ("config=11zz", FALSE);
  assert_config ("config=1190;sizelength=0", FALSE);
  assert_config ("config=1190;sizelength=40", FALSE);
  assert_config ("config=1190;ctsdeltalength=8", FALSE);
  assert_config ("config=b190", FALSE); /* another object type */
  assert_config ("config=17f8", FALSE); /* a rate of 24 bits, cut off */
}

static void
test_latm (void)
{
  WcUnpackFormat refused = {0};
  const char *reason = NULL;
  Fixture f;
  gsize size;
  const guint8 *config;

  begin (&f, WC_CODEC_LATM, 48000,
         "profile-level-id=15;cpresent=0;config=400023203fc0");
  g_assert_cmpuint (f.format.core_rate, ==, 48000);
  g_assert_cmpuint (f.format.channels, ==, 2);
  config = g_bytes_get_data (f.format.config, &size);
  g_assert_cmpmem (config, size, "\x11\x90", 2);
  PUSH (&f, 0, TRUE,
        "\x03"
        "abc");
  PUSH (&f, 1024, FALSE,
        "\x04"
        "de");
  PUSH (&f, 1024, TRUE, "fg");
  PUSH (&f, 2048, TRUE,
        "\x09"
        "short");
  g_assert_cmpuint (f.frames->len, ==, 2);
  assert_frame (&f, 0, 0, "abc", 3);
  assert_frame (&f, 1, 1024, "defg", 4);
  finish (&f);

  g_assert_false (wc_unpack_format_read (&refused, WC_CODEC_LATM, 48000,
                                         "config=400023203fc0", &reason));
  wc_unpack_format_clear (&refused);
}

/* --- others ----------------------------------------------------------------
 */

static void
test_mpa (void)
{
  Fixture f;

  begin (&f, WC_CODEC_MPA, 90000, NULL);
  PUSH (&f, 0, TRUE,
        "\0\0\0\0"
        "frame");
  PUSH (&f, 0, FALSE,
        "\0\0\0\5"
        "rest");
  PUSH (&f, 0, FALSE, "\0\0\0\0");
  g_assert_cmpuint (f.frames->len, ==, 2);
  assert_frame (&f, 0, 0, "frame", 5);
  assert_frame (&f, 1, 0, "rest", 4);
  g_assert_cmpuint (f.continued, ==, 1);
  finish (&f);
}

static void
test_g726 (void)
{
  Fixture f;

  begin (&f, WC_CODEC_G726_32, 8000, NULL);
  PUSH (&f, 0, FALSE, "\x21\x43");
  assert_frame (&f, 0, 0, "\x12\x34", 2);
  finish (&f);
  begin (&f, WC_CODEC_G726_16, 8000, NULL);
  PUSH (&f, 0, FALSE, "\xe4"); /* codes 0, 1, 2, 3 */
  assert_frame (&f, 0, 0, "\x1b", 1);
  finish (&f);
  begin (&f, WC_CODEC_G726_40, 8000, NULL);
  PUSH (&f, 0, FALSE, "\x01\x00\x00\x00\x00"); /* code 1, then seven of 0 */
  assert_frame (&f, 0, 0, "\x08\x00\x00\x00\x00", 5);
  finish (&f);
  begin (&f, WC_CODEC_AAL2_G726_32, 8000, NULL);
  PUSH (&f, 0, FALSE, "\x21\x43");
  assert_frame (&f, 0, 0, "\x21\x43", 2);
  finish (&f);
}

#define START "\0\0\0\1"

static void
test_h264 (void)
{
  Fixture f;

  begin (&f, WC_CODEC_H264, 90000, NULL);
  PUSH (&f, 0, FALSE, "\x78\0\2\x67\x42\0\1\x68"); /* STAP-A */
  PUSH (&f, 0, FALSE,
        "\x7c\x85"
        "ab"); /* FU-A of an IDR */
  PUSH (&f, 0, TRUE,
        "\x7c\x45"
        "cd");
  PUSH (&f, 3600, FALSE,
        "\x41"
        "x"); /* its marker is lost */
  PUSH (&f, 7200, TRUE,
        "\x41"
        "y");
  g_assert_cmpuint (f.frames->len, ==, 3);
#define FIRST                                                                  \
  START "\x67\x42" START "\x68" START "\x65"                                   \
        "abcd"
  assert_frame (&f, 0, 0, FIRST, sizeof FIRST - 1);
  assert_frame (&f, 1, 3600, START "\x41x", 6);
  assert_frame (&f, 2, 7200, START "\x41y", 6);
  finish (&f);
}

static void
test_h265 (void)
{
  Fixture f;

  begin (&f, WC_CODEC_H265, 90000, NULL);
  PUSH (&f, 0, FALSE, "\x60\1\0\3\x40\1v\0\3\x42\1s"); /* AP */
  PUSH (&f, 0, FALSE,
        "\x62\1\x93"
        "ab"); /* FU of an IDR */
  PUSH (&f, 0, TRUE,
        "\x62\1\x53"
        "cd");
#define WHOLE                                                                  \
  START "\x40\1v" START "\x42\1s" START "\x26\1"                               \
        "abcd"
  assert_frame (&f, 0, 0, WHOLE, sizeof WHOLE - 1);
  finish (&f);
}

/* --- VP8, VP9, AV1 ---------------------------------------------------------
 */

static void
test_vp8 (void)
{
  Fixture f;

  begin (&f, WC_CODEC_VP8, 90000, NULL);
  PUSH (&f, 0, FALSE,
        "\x90\x80\x81\x02"
        "ab");                         /* X, S; a picture id of 15 bits */
  PUSH (&f, 0, FALSE, "\x80\x80\x81"); /* nothing but a descriptor */
  PUSH (&f, 0, TRUE,
        "\x80\x80\x81\x02"
        "cd");
  assert_frame (&f, 0, 0, "abcd", 4);
  finish (&f);
}

/* Of two spatial layers each is a frame. */
static void
test_vp9 (void)
{
  Fixture f;

  begin (&f, WC_CODEC_VP9, 90000, NULL);
  PUSH (&f, 0, FALSE,
        "\x08"
        "ab"); /* B */
  PUSH (&f, 0, FALSE,
        "\x04"
        "cd"); /* E */
  PUSH (&f, 0, TRUE,
        "\x0c"
        "ef"); /* B, E */
  assert_frame (&f, 0, 0, "abcd", 4);
  assert_frame (&f, 1, 0, "ef", 2);
  g_assert_cmpuint (f.frames->len, ==, 2);
  finish (&f);
}

/* Sizes are put in; what has its own keeps it; a temporal delimiter is ours. */
static void
test_av1 (void)
{
  Fixture f;

  begin (&f, WC_CODEC_AV1, 90000, NULL);
  /* W = 2: a sequence header, and the first half of a frame (Y) */
  PUSH (&f, 0, FALSE,
        "\x68\x03\x08"
        "sh\x30"
        "ab");
  /* Z, W = 1: the rest */
  PUSH (&f, 0, TRUE,
        "\x90"
        "cd");
  assert_frame (&f, 0, 0,
                "\x12\0\x0a\x02"
                "sh\x32\x04"
                "abcd",
                12);
  /* W = 0: a temporal delimiter, an OBU with its size, one with a wrong one */
  PUSH (&f, 3000, TRUE,
        "\0\x02\x12\0\x04\x32\x02"
        "xy\x04\x32\x05"
        "zz");
  assert_frame (&f, 1, 3000,
                "\x12\0\x32\x02"
                "xy",
                6);
  finish (&f);
}

/* A fragment without its beginning, one without its end. */
static void
test_av1_lost (void)
{
  Fixture f;

  begin (&f, WC_CODEC_AV1, 90000, NULL);
  PUSH (&f, 0, FALSE,
        "\x90"
        "cd");
  PUSH (&f, 0, FALSE,
        "\x10\x30"
        "ok");
  PUSH (&f, 0, TRUE,
        "\x50\x30"
        "begun");
  assert_frame (&f, 0, 0,
                "\x12\0\x32\x02"
                "ok",
                6);
  PUSH (&f, 3000, TRUE,
        "\x10\x30"
        "next");
  assert_frame (&f, 1, 3000,
                "\x12\0\x32\x04"
                "next",
                8);
  finish (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/unpack/aac", test_aac);
  g_test_add_func ("/unpack/aac/fragments", test_aac_fragments);
  g_test_add_func ("/unpack/aac/bad", test_aac_bad);
  g_test_add_func ("/unpack/aac/config", test_aac_config);
  g_test_add_func ("/unpack/latm", test_latm);
  g_test_add_func ("/unpack/mpa", test_mpa);
  g_test_add_func ("/unpack/g726", test_g726);
  g_test_add_func ("/unpack/h264", test_h264);
  g_test_add_func ("/unpack/h265", test_h265);
  g_test_add_func ("/unpack/vp8", test_vp8);
  g_test_add_func ("/unpack/vp9", test_vp9);
  g_test_add_func ("/unpack/av1", test_av1);
  g_test_add_func ("/unpack/av1/lost", test_av1_lost);
  return g_test_run ();
}
