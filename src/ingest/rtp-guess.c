/* SPDX-License-Identifier: MIT */
#include "ingest/rtp-guess.h"

#include "base/codec.h"

#include <string.h>

#define MAX_PACKETS 64
#define MIN_PACKETS 5

typedef gboolean (*LooksLikeFunc) (const guint8 *payload, gsize size);

/* RFC 2250: whole transport packets. */
static gboolean
looks_like_ts (const guint8 *payload, gsize size)
{
  return payload[0] == 0x47 && size % 188 == 0;
}

/* RFC 3640 in the form everybody sends: one or more 16 bit AU headers. */
static gboolean
looks_like_aac (const guint8 *payload, gsize size)
{
  guint bits = (guint)payload[0] << 8 | payload[1];
  gsize length = ((gsize)payload[2] << 8 | payload[3]) >> 3;

  return bits == 16 && length + 4 == size;
}

/* RFC 7798: layer 0 and temporal id 1 are what encoders send. */
static gboolean
looks_like_h265 (const guint8 *payload, gsize size)
{
  guint type = payload[0] >> 1 & 0x3f;

  return payload[0] < 0x80 && (payload[0] & 1) == 0 && payload[1] == 1 &&
         (type <= 21 || (type >= 32 && type <= 40) || type == 48 || type == 49);
}

/* RFC 6184: a slice or parameter set that says it is referenced, or a fragment
 * of one. */
static gboolean
looks_like_h264 (const guint8 *payload, gsize size)
{
  guint type = payload[0] & 0x1f;

  if (payload[0] >= 0x80)
    return FALSE;
  if (type == 28)
    return (payload[1] & 0x20) == 0 && (payload[1] & 0x1f) >= 1 &&
           (payload[1] & 0x1f) <= 5;
  return (type == 1 || (type >= 5 && type <= 9) || type == 24) &&
         (payload[0] >= 0x20 || type == 1 || type == 6 || type == 9);
}

/* RFC 7741: reserved bits are zero; with X the I, L, T or K bit is set. */
static gboolean
looks_like_vp8 (const guint8 *payload, gsize size)
{
  if ((payload[0] & 0x4f) != 0)
    return FALSE;
  if (payload[0] & 0x80)
    return (payload[1] & 0xf0) != 0 && (payload[1] & 0x0f) == 0;
  return (payload[0] & 0x10) == 0 || size > 4;
}

/* RFC 9628: with a picture id and without layers. */
static gboolean
looks_like_vp9 (const guint8 *payload, gsize size)
{
  return (payload[0] & 0x80) != 0 && (payload[0] & 0x1d) != 0 &&
         (payload[0] & 0x20) == 0;
}

/* The AV1 RTP payload: W, N and an OBU header without the forbidden bit. */
static gboolean
looks_like_av1 (const guint8 *payload, gsize size)
{
  return (payload[0] & 0x07) == 0 && (payload[0] & 0x30) != 0 &&
         (payload[1] & 0x81) == 0 && (payload[1] & 0x78) != 0;
}

/* RFC 6716 section 3.1: CELT or hybrid, 20 ms, one frame, not large. */
static gboolean
looks_like_opus (const guint8 *payload, gsize size)
{
  return size <= 500 && (payload[0] >> 3) >= 12 && (payload[0] & 0x03) == 0;
}

/* In the order of how sure a match is: the first with most points wins. */
static const struct {
  const char *name;
  LooksLikeFunc looks_like;
  gint codec; /* WcCodec, or -1 */
} kinds[WC_RTP_GUESS_KINDS] = {
    {"MPEG-TS (send the streams one by one)", looks_like_ts, -1},
    {"AAC (send Opus: browsers do not play AAC)", looks_like_aac, -1},
    {"H265", looks_like_h265, WC_CODEC_H265},
    {"H264", looks_like_h264, WC_CODEC_H264},
    {"VP8", looks_like_vp8, WC_CODEC_VP8},
    {"opus", looks_like_opus, WC_CODEC_OPUS},
    {"VP9", looks_like_vp9, WC_CODEC_VP9},
    {"AV1", looks_like_av1, WC_CODEC_AV1},
};

void
wc_rtp_guess_reset (WcRtpGuess *guess)
{
  memset (guess, 0, sizeof *guess);
}

void
wc_rtp_guess_add (WcRtpGuess *guess, const WcRtp *rtp)
{
  if (rtp->payload_size < sizeof guess->head || guess->packets >= MAX_PACKETS)
    return;
  guess->packets++;
  guess->payload_type = rtp->payload_type;
  guess->max_size = MAX (guess->max_size, (guint)rtp->payload_size);
  memcpy (guess->head, rtp->payload, sizeof guess->head);
  for (guint i = 0; i < WC_RTP_GUESS_KINDS; i++)
    if (kinds[i].looks_like (rtp->payload, rtp->payload_size))
      guess->scores[i]++;
}

/* The kind that most packets look like, or -1. */
static gint
find_best (const WcRtpGuess *guess)
{
  guint best = 0;

  if (guess->packets < MIN_PACKETS)
    return -1;
  for (guint i = 1; i < WC_RTP_GUESS_KINDS; i++)
    if (guess->scores[i] > guess->scores[best])
      best = i;
  return guess->scores[best] * 10 >= guess->packets * 8 ? (gint)best : -1;
}

const char *
wc_rtp_guess_name (const WcRtpGuess *guess)
{
  const WcCodecInfo *info = wc_codec_find_static (guess->payload_type);
  gint best = find_best (guess);

  if (info != NULL)
    return info->name;
  return best >= 0 ? kinds[best].name : NULL;
}

gboolean
wc_rtp_guess_contradicts (const WcRtpGuess *guess, WcCodec codec)
{
  gint best = find_best (guess);

  if (best < 0 || wc_codec_info (codec)->media != WC_MEDIA_VIDEO)
    return FALSE;
  for (guint i = 0; i < WC_RTP_GUESS_KINDS; i++)
    if (kinds[i].codec == (gint)codec)
      return guess->scores[i] * 2 < guess->packets;
  return FALSE;
}

char *
wc_rtp_guess_describe (const WcRtpGuess *guess)
{
  const char *name = wc_rtp_guess_name (guess);

  return g_strdup_printf (
      "payload type %u, up to %u bytes, beginning %02x %02x %02x %02x%s%s",
      guess->payload_type, guess->max_size, guess->head[0], guess->head[1],
      guess->head[2], guess->head[3],
      name != NULL ? ", by the look of it " : "", name != NULL ? name : "");
}
