/* SPDX-License-Identifier: MIT */
/* L-04: a viewer's or a publisher's offer: parse, plan, answer, canonical
 * offer. What is written must hold what answer.h promises, whatever was
 * offered. */
#include "sdp/answer.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
write_both (const WcSdpPlan *plan)
{
  WcAddress candidates[9];
  const WcSdpAnswerParams params = {
      .ufrag = "abcdefghijklmnop",
      .pwd = "abcdefghijklmnopqrstuvwxyz012345",
      .fingerprint = "sha-256 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:"
                     "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99",
      .candidates = candidates,
      .n_candidates = G_N_ELEMENTS (candidates),
      .stream_id = "0123456789abcdef0123456789abcdef0123",
      .cname = "0123456789abcdef",
      .ssrc = {4000000001u, 4000000002u},
      .rtx_ssrc = {4000000003u, 4000000004u},
      .session_id = G_MAXUINT64,
  };
  g_autofree char *answer = NULL, *canonical = NULL;
  g_autoptr (WcSdpOffer) again = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (candidates); i++)
    wc_address_parse (&candidates[i], "2001:db8:1111:2222:3333:4444:5555:6666",
                      65535);
  answer = wc_sdp_answer_write (plan, &params);
  canonical = wc_sdp_canonical_offer_write (plan);
  g_assert_cmpuint (strlen (answer), <, 8000);
  g_assert_true (g_str_has_prefix (answer, "v=0\r\n"));
  again = wc_sdp_offer_parse (canonical, strlen (canonical), NULL);
  g_assert_nonnull (again);
}

static void
plan_for (const char *data, gsize size, WcCodec audio, WcCodec video,
          gboolean strict)
{
  const WcCodecInfo *audio_info = wc_codec_info (audio);
  const WcSdpTrack audio_track = {audio, audio_info->clock_rate,
                                  audio_info->channels, NULL};
  const WcSdpTrack video_track = {video, 90000, 0, strict ? "640028" : NULL};
  const WcSdpTrack *tracks[WC_N_MEDIA] = {&audio_track, &video_track};
  const WcSdpPolicy policy = {strict};
  g_autoptr (GError) error = NULL;
  WcSdpOffer *offer = wc_sdp_offer_parse (data, size, &error);
  g_autoptr (WcSdpPlan) plan = NULL;

  g_assert_true ((offer == NULL) == (error != NULL));
  if (offer == NULL)
    return;
  plan = wc_sdp_plan_new (offer, tracks, &policy, &error);
  g_assert_true ((plan == NULL) == (error != NULL));
  if (plan != NULL)
    write_both (plan);
}

static void
plan_publishing (const char *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  WcSdpOffer *offer = wc_sdp_offer_parse (data, size, NULL);
  g_autoptr (WcSdpPlan) plan =
      offer != NULL ? wc_sdp_publish_plan_new (offer, &error) : NULL;

  g_assert_true (offer == NULL || (plan == NULL) == (error != NULL));
  if (plan != NULL)
    write_both (plan);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  plan_publishing ((const char *)data, size);
  for (WcCodec video = WC_CODEC_H264; video <= WC_CODEC_AV1; video++)
    plan_for ((const char *)data, size, (WcCodec)(WC_CODEC_OPUS + (video & 3)),
              video, video & 1);
  plan_for ((const char *)data, size, WC_CODEC_OPUS, WC_CODEC_H264, TRUE);
  return 0;
}
