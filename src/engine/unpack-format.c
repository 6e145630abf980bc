/* SPDX-License-Identifier: MIT */
/* What fmtp says of formats that are converted. */
#include "engine/bits.h"
#include "engine/parameter-sets.h"
#include "engine/unpack.h"

#include <string.h>

#define MAX_CONFIG 64
#define LATM_PREAMBLE_BITS 15

void
wc_unpack_format_clear (WcUnpackFormat *format)
{
  g_clear_pointer (&format->config, g_bytes_unref);
  *format = (WcUnpackFormat){0};
}

static guint
read_number (const char *fmtp, const char *key, guint fallback)
{
  g_autofree char *text = wc_fmtp_dup_value (fmtp, key);
  guint64 value;

  if (text == NULL ||
      !g_ascii_string_to_unsigned (text, 10, 0, 1024, &value, NULL))
    return fallback;
  return (guint)value;
}

/* Returns NULL when there is none or it is not hexadecimal. */
static GBytes *
read_hex (const char *fmtp, const char *key)
{
  g_autofree char *text = wc_fmtp_dup_value (fmtp, key);
  guint8 bytes[MAX_CONFIG];
  gsize n = text != NULL ? strlen (text) : 0;

  if (n == 0 || n % 2 != 0 || n / 2 > sizeof bytes)
    return NULL;
  for (gsize i = 0; i < n; i += 2) {
    gint high = g_ascii_xdigit_value (text[i]);
    gint low = g_ascii_xdigit_value (text[i + 1]);
    if (high < 0 || low < 0)
      return NULL;
    bytes[i / 2] = (guint8)(high << 4 | low);
  }
  return g_bytes_new (bytes, n / 2);
}

/* --- AudioSpecificConfig (ISO 14496-3 section 1.6.2.1) ---------------------
 */

static guint
read_object_type (WcBits *bits)
{
  guint type = wc_bits_read (bits, 5);

  return type == 31 ? 32 + wc_bits_read (bits, 6) : type;
}

static guint32
read_rate (WcBits *bits)
{
  static const guint32 rates[] = {96000, 88200, 64000, 48000, 44100,
                                  32000, 24000, 22050, 16000, 12000,
                                  11025, 8000,  7350};
  guint index = wc_bits_read (bits, 4);

  if (index == 15)
    return wc_bits_read (bits, 24);
  return index < G_N_ELEMENTS (rates) ? rates[index] : 0;
}

/* Of the object types that cameras and encoders send: LC, and with SBR (5) or
 * PS (29) before it. Returns FALSE for others. */
static gboolean
read_config (WcUnpackFormat *format, WcBits *bits)
{
  guint type = read_object_type (bits);

  format->core_rate = read_rate (bits);
  format->channels = wc_bits_read (bits, 4);
  if (type == 5 || type == 29) {
    read_rate (bits);
    type = read_object_type (bits);
  }
  /* frameLengthFlag of GASpecificConfig () */
  format->frame_samples = wc_bits_read (bits, 1) ? 960 : 1024;
  wc_bits_skip (bits, 2); /* dependsOnCoreCoder, extensionFlag */
  return !bits->overrun && type >= 1 && type <= 4 &&
         format->core_rate >= 7350 && format->core_rate <= 96000 &&
         format->channels <= 7;
}

static gboolean
read_aac (WcUnpackFormat *format, const char *fmtp, const char **reason)
{
  WcBits bits;
  gsize size;
  const guint8 *data;

  format->size_length = read_number (fmtp, "sizelength", 13);
  format->index_length = read_number (fmtp, "indexlength", 3);
  format->delta_length = read_number (fmtp, "indexdeltalength", 3);
  *reason = "sizelength, indexlength or indexdeltalength of its fmtp is not "
            "what AAC-hbr or AAC-lbr has";
  if (format->size_length < 1 || format->size_length > 16 ||
      format->index_length > 16 || format->delta_length > 16 ||
      read_number (fmtp, "ctsdeltalength", 0) != 0 ||
      read_number (fmtp, "dtsdeltalength", 0) != 0 ||
      read_number (fmtp, "streamstateindication", 0) != 0 ||
      read_number (fmtp, "auxiliarydatasizelength", 0) != 0)
    return FALSE;
  *reason =
      "its fmtp needs config=, the AudioSpecificConfig in hexadecimal, as "
      "ffmpeg prints it in its SDP";
  format->config = read_hex (fmtp, "config");
  if (format->config == NULL)
    return FALSE;
  data = g_bytes_get_data (format->config, &size);
  wc_bits_init_raw (&bits, data, size);
  *reason = "config= of its fmtp is no AAC that can be decoded (LC, HE)";
  return read_config (format, &bits);
}

/* The AudioSpecificConfig stands in the StreamMuxConfig (ISO 14496-3 section
 * 1.7.3) behind 15 bits. */
static gboolean
read_latm (WcUnpackFormat *format, const char *fmtp, const char **reason)
{
  g_autoptr (GBytes) mux = read_hex (fmtp, "config");
  guint8 config[MAX_CONFIG] = {0};
  const guint8 *data;
  gsize size, n_bits;
  WcBits bits;

  *reason = "MP4A-LATM needs cpresent=0 and config= in its fmtp: one program "
            "with one layer";
  if (mux == NULL || read_number (fmtp, "cpresent", 1) != 0)
    return FALSE;
  data = g_bytes_get_data (mux, &size);
  wc_bits_init_raw (&bits, data, size);
  /* audioMuxVersion 0, allStreamsSameTimeFraming 1 */
  if (wc_bits_read (&bits, 2) != 1)
    return FALSE;
  wc_bits_skip (&bits, 6); /* numSubFrames */
  if (wc_bits_read (&bits, 4 + 3) != 0 || !read_config (format, &bits))
    return FALSE;
  n_bits = bits.byte * 8 + bits.bit - LATM_PREAMBLE_BITS;
  wc_bits_init_raw (&bits, data, size);
  wc_bits_skip (&bits, LATM_PREAMBLE_BITS);
  for (gsize i = 0; i < n_bits; i++)
    config[i / 8] |= (guint8)(wc_bits_read (&bits, 1) << (7 - i % 8));
  format->config = g_bytes_new (config, (n_bits + 7) / 8);
  return TRUE;
}

gboolean
wc_unpack_format_read (WcUnpackFormat *format, WcCodec codec,
                       guint32 clock_rate, const char *fmtp,
                       const char **reason)
{
  const char *text = fmtp != NULL ? fmtp : "";

  format->codec = codec;
  format->clock_rate = clock_rate;
  if (codec == WC_CODEC_AAC)
    return read_aac (format, text, reason);
  if (codec == WC_CODEC_LATM)
    return read_latm (format, text, reason);
  return TRUE;
}
