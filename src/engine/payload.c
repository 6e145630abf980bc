/* SPDX-License-Identifier: MIT */
#include "engine/payload.h"

#include <string.h>

/* What is converted: every packet is taken as it is. */
static gboolean
check_any (const guint8 *payload, gsize size)
{
  return size > 0;
}

static guint
inspect_any (WcPayloadState *state, const guint8 *payload, gsize size)
{
  return WC_PAYLOAD_KEY;
}

static const WcPayloadFormat any = {.check = check_any, .inspect = inspect_any};

static const WcPayloadFormat *const formats[WC_N_CODECS] = {
    [WC_CODEC_H264] = &wc_payload_h264, [WC_CODEC_H265] = &wc_payload_h265,
    [WC_CODEC_VP8] = &wc_payload_vp8,   [WC_CODEC_VP9] = &wc_payload_vp9,
    [WC_CODEC_AV1] = &wc_payload_av1,   [WC_CODEC_OPUS] = &wc_payload_opus,
    [WC_CODEC_PCMU] = &wc_payload_pcm,  [WC_CODEC_PCMA] = &wc_payload_pcm,
    [WC_CODEC_G722] = &wc_payload_pcm,
};

const WcPayloadFormat *
wc_payload_format (WcCodec codec)
{
  return codec < WC_N_CODECS ? formats[codec] : &any;
}

void
wc_payload_add (GPtrArray *parts, const guint8 *head, gsize head_size,
                const guint8 *body, gsize body_size)
{
  WcPacket *part = wc_packet_new (head_size + body_size);

  memcpy (part->payload, head, head_size);
  if (body_size > 0)
    memcpy (part->payload + head_size, body, body_size);
  g_ptr_array_add (parts, part);
}
