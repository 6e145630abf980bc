/* SPDX-License-Identifier: MIT */
#include "sdp/answer.h"

#include "sdp/fmtp.h"
#include "sdp/section.h"

/* webrtcbin wants all of this in every section (1.22, validate_sdp ()), and
 * takes exactly one fingerprint. */
static void
append_transport (GString *out, const WcSdpOffer *offer)
{
  g_autofree char *fingerprint =
      wc_sdp_fingerprint_format (offer->fingerprints->pdata[0]);

  wc_sdp_append (out, "a=ice-ufrag:%s", offer->ufrag);
  wc_sdp_append (out, "a=ice-pwd:%s", offer->pwd);
  wc_sdp_append (out, "a=fingerprint:%s", fingerprint);
  wc_sdp_append (out, "a=setup:%s", wc_sdp_setup_name (offer->setup));
}

/* Without level-asymmetry-allowed: webrtcbin would turn the profile-level-id
 * into caps of its own and lose it. Other codecs need no parameters: webrtcbin
 * only carries packets whose format is settled here. */
static void
append_fmtp (GString *out, const WcSdpPlanMedia *planned)
{
  g_autofree char *profile =
      wc_sdp_fmtp_dup (planned->fmtp, "profile-level-id");

  if (profile != NULL)
    wc_sdp_append (out, "a=fmtp:%u packetization-mode=1;profile-level-id=%s",
                   planned->format->payload_type, profile);
}

/* A publisher's media goes past webrtcbin: the engine repairs it. */
static const WcSdpFormat *
rtx_of (const WcSdpPlanMedia *planned)
{
  return planned->role == WC_SDP_SEND ? planned->rtx : NULL;
}

static void
append_formats (GString *out, const WcSdpPlanMedia *planned)
{
  const WcSdpFormat *format = planned->format, *rtx = rtx_of (planned);
  const WcCodecInfo *info = wc_codec_find (format->name);

  wc_sdp_append (out, "a=rtpmap:%u %s/%u%s", format->payload_type, info->name,
                 format->clock_rate, info->channels > 1 ? "/2" : "");
  if (planned->role == WC_SDP_SEND)
    wc_sdp_append_feedback (out, format, rtx != NULL);
  append_fmtp (out, planned);
  if (rtx == NULL)
    return;
  wc_sdp_append (out, "a=rtpmap:%u rtx/%u", rtx->payload_type, rtx->clock_rate);
  wc_sdp_append (out, "a=fmtp:%u apt=%u", rtx->payload_type,
                 format->payload_type);
}

static void
append_section (GString *out, const WcSdpPlan *plan, guint index)
{
  const WcSdpOfferMedia *media = plan->offer->media->pdata[index];
  const WcSdpPlanMedia *planned = plan->media->pdata[index];
  const WcSdpFormat *rtx_format = rtx_of (planned);
  g_autofree char *rtx = rtx_format != NULL
                             ? g_strdup_printf (" %u", rtx_format->payload_type)
                             : g_strdup ("");

  wc_sdp_append (out, "m=%s 9 UDP/TLS/RTP/SAVPF %u%s", media->type,
                 planned->format->payload_type, rtx);
  wc_sdp_append (out, "c=IN IP4 0.0.0.0");
  append_transport (out, plan->offer);
  wc_sdp_append (out, "a=mid:%s", media->mid);
  wc_sdp_append (out,
                 planned->role == WC_SDP_SEND ? "a=recvonly" : "a=sendonly");
  wc_sdp_append (out, "a=rtcp-mux");
  append_formats (out, planned);
}

/* All bundled, whatever the viewer's groups: there is one transport. The order
 * is that of the m-lines, which is how webrtcbin numbers its sink pads. */
static void
append_bundle (GString *out, const WcSdpPlan *plan)
{
  g_autoptr (GString) mids = g_string_new (NULL);

  for (guint i = 0; i < plan->media->len; i++) {
    const WcSdpPlanMedia *planned = plan->media->pdata[i];
    const WcSdpOfferMedia *media = plan->offer->media->pdata[i];

    if (wc_sdp_plan_media_is_used (planned))
      g_string_append_printf (mids, " %s", media->mid);
  }
  wc_sdp_append (out, "a=group:BUNDLE%s", mids->str);
}

char *
wc_sdp_canonical_offer_write (const WcSdpPlan *plan)
{
  GString *out = g_string_sized_new (2048);

  wc_sdp_append_head (out, 1);
  append_bundle (out, plan);
  for (guint i = 0; i < plan->media->len; i++) {
    const WcSdpPlanMedia *planned = plan->media->pdata[i];

    if (wc_sdp_plan_media_is_used (planned))
      append_section (out, plan, i);
  }
  return g_string_free (out, FALSE);
}

char *
wc_sdp_keys_offer_write (const WcSdpPlan *plan)
{
  GString *out = g_string_sized_new (1024);

  wc_sdp_append_head (out, 1);
  wc_sdp_append (out, "a=group:BUNDLE 0");
  wc_sdp_append (out, "m=audio 9 UDP/TLS/RTP/SAVPF 0");
  wc_sdp_append (out, "c=IN IP4 0.0.0.0");
  append_transport (out, plan->offer);
  wc_sdp_append (out, "a=mid:0");
  wc_sdp_append (out, "a=recvonly");
  wc_sdp_append (out, "a=rtcp-mux");
  wc_sdp_append (out, "a=rtpmap:0 PCMU/8000");
  return g_string_free (out, FALSE);
}
