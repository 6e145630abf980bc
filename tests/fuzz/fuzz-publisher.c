/* SPDX-License-Identifier: MIT */
/* What a publisher's packets go through behind SRTP: header extensions,
 * demultiplexing, RTX, the list of what is missing, feedback, the choice among
 * layers, sender reports. Input: packets, each after its length in one byte;
 * from 192 on in the second byte they are RTCP. What is written must keep what
 * its readers demand. */
#include "engine/demux.h"
#include "engine/intake.h"
#include "engine/layer-switch.h"
#include "engine/rtcp.h"
#include "engine/rtp-extension.h"
#include "engine/rtx.h"
#include "engine/twcc.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

#define RATE 90000

typedef struct {
  WcDemux demux;
  WcIntake intakes[WC_N_MEDIA][WC_DEMUX_MAX_LAYERS];
  WcTwcc twcc;
  WcLayerSwitch *layers;
  gint64 now_us;
} Fuzz;

static const WcDemuxMedia media[WC_N_MEDIA] = {
    [WC_MEDIA_AUDIO] = {.present = TRUE,
                        .payload_type = 111,
                        .rtx_payload_type = WC_DEMUX_NO_PT,
                        .mid = "0",
                        .mid_extension = 4},
    [WC_MEDIA_VIDEO] = {.present = TRUE,
                        .payload_type = 96,
                        .rtx_payload_type = 97,
                        .mid = "1",
                        .mid_extension = 4,
                        .rid_extension = 10,
                        .repaired_rid_extension = 11,
                        .n_layers = 3,
                        .rids = {"h", "m", "l"}},
};

static void
on_passed (guint layer, gboolean begins, const guint8 *data, gsize size,
           gint64 now_us, gpointer user_data)
{
  WcRtp rtp;

  g_assert_cmpuint (layer, <, 3);
  g_assert_true (wc_rtp_read (&rtp, data, size));
}

static void
take_extensions (Fuzz *fuzz, const guint8 *data, gsize size)
{
  WcRtpExtensions extensions;
  const guint8 *value;
  gsize length;
  guint8 id;

  if (!wc_rtp_extensions_init (&extensions, data, size))
    return;
  while (wc_rtp_extensions_next (&extensions, &id, &value, &length)) {
    g_assert_true (value >= data && value + length <= data + size);
    if (id == 3 && length >= 2)
      wc_twcc_take (&fuzz->twcc, (guint16)(value[0] << 8 | value[1]),
                    fuzz->now_us);
  }
}

static void
take_rtp (Fuzz *fuzz, guint8 *data, gsize size)
{
  WcDemuxStream stream;
  WcRtp rtp;

  take_extensions (fuzz, data, size);
  if (!wc_rtp_read (&rtp, data, size) ||
      !wc_demux_find (&fuzz->demux, &rtp, data, size, &stream))
    return;
  g_assert_cmpuint (stream.layer, <, WC_DEMUX_MAX_LAYERS);
  WcIntake *intake = &fuzz->intakes[stream.media][stream.layer];
  if (stream.is_rtx && (!wc_rtx_unwrap (data, &size, intake->ssrc, 96) ||
                        !wc_rtp_read (&rtp, data, size)))
    return;
  wc_intake_take (intake, &rtp, stream.is_rtx, fuzz->now_us);
  if (stream.media == WC_MEDIA_VIDEO)
    wc_layer_switch_push (fuzz->layers, stream.layer, data, size, fuzz->now_us);
}

static void
take_rtcp (Fuzz *fuzz, const guint8 *data, gsize size)
{
  WcRtcpSenderReport senders[8];
  guint n = wc_rtcp_read_senders (data, size, senders, 8);

  g_assert_cmpuint (n, <=, 8);
  for (guint i = 0; i < n; i++)
    wc_reception_sender_report (&fuzz->intakes[1][0].reception, senders[i].ntp,
                                fuzz->now_us);
}

/* What the publisher is told of all that. */
static void
give_feedback (Fuzz *fuzz)
{
  guint8 feedback[WC_TWCC_MAX_SIZE];

  for (guint i = 0; i < WC_N_MEDIA * WC_DEMUX_MAX_LAYERS; i++) {
    WcIntake *intake = &fuzz->intakes[0][0] + i;
    guint16 seqs[64];
    WcRtcpBlock block;
    WcRtcpWriter writer = {0};
    guint n = wc_intake_ask (intake, fuzz->now_us, seqs, 64);
    g_assert_true (n == 0 || wc_rtcp_write_nack (&writer, 1, 2, seqs, n));
    wc_intake_report (intake, fuzz->now_us, &block);
    wc_intake_take_key_request (intake, fuzz->now_us);
  }
  while (wc_twcc_has_news (&fuzz->twcc)) {
    gsize size = wc_twcc_write (&fuzz->twcc, 1, 2, feedback);
    g_assert_true (size >= 20 && size <= WC_TWCC_MAX_SIZE && size % 4 == 0);
  }
  wc_layer_switch_choose (fuzz->layers, fuzz->now_us);
}

static void
init (Fuzz *fuzz)
{
  memset (fuzz, 0, sizeof *fuzz);
  fuzz->now_us = G_USEC_PER_SEC;
  wc_demux_init (&fuzz->demux, media);
  fuzz->layers = wc_layer_switch_new (WC_CODEC_H264, 3, on_passed, NULL);
  for (guint i = 0; i < WC_N_MEDIA * WC_DEMUX_MAX_LAYERS; i++)
    wc_intake_init (&fuzz->intakes[0][0] + i, RATE, TRUE);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static Fuzz fuzz;
  guint8 packet[256];

  init (&fuzz);
  for (guint n = 0; size > 0; n++) {
    gsize length = MIN (data[0], size - 1);
    memcpy (packet, data + 1, length);
    data += 1 + length;
    size -= 1 + length;
    fuzz.now_us += length * 100;
    if (length >= 2 && packet[1] >= 192 && packet[1] <= 223)
      take_rtcp (&fuzz, packet, length);
    else
      take_rtp (&fuzz, packet, length);
    if (n % 8 == 7)
      give_feedback (&fuzz);
  }
  give_feedback (&fuzz);
  wc_layer_switch_free (fuzz.layers);
  return 0;
}
