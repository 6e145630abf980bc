/* SPDX-License-Identifier: MIT */
#include "sdp/codec-match.h"
#include "sdp/fmtp.h"
#include "sdp/plan-private.h"

/* --- formats ---------------------------------------------------------------
 */

/* What the normaliser can read: any H.264 but interleaved (RFC 6184
 * section 5.2), H.265 in one stream (RFC 7798 section 4.1). */
static gboolean
is_readable (const WcSdpFormat *format, WcCodec codec)
{
  g_autofree char *mode = wc_sdp_fmtp_dup (format->fmtp, "tx-mode");

  if (codec == WC_CODEC_H264)
    return wc_sdp_fmtp_get_int (format->fmtp, "packetization-mode", 0) <= 1;
  if (codec == WC_CODEC_H265)
    return mode == NULL || g_ascii_strcasecmp (mode, "SRST") == 0;
  return TRUE;
}

/* The codec that @format can be received as, or NULL. */
static const WcCodecInfo *
codec_of (const WcSdpFormat *format, WcMedia kind)
{
  const WcCodecInfo *info =
      format->name != NULL ? wc_codec_find (format->name) : NULL;

  if (info == NULL || info->media != kind ||
      format->clock_rate != info->clock_rate ||
      format->channels > MAX (info->channels, 1) ||
      !wc_sdp_payload_type_is_usable (format->payload_type) ||
      !is_readable (format, info->codec))
    return NULL;
  return info;
}

/* The offerer's first choice (RFC 3264 section 6.1); of H.264 in two modes the
 * one whose large pictures fit into packets. */
static const WcSdpFormat *
choose_format (const WcSdpOfferMedia *media, WcMedia kind)
{
  const WcSdpFormat *chosen = NULL;

  for (guint i = 0; i < media->formats->len; i++) {
    const WcSdpFormat *format = media->formats->pdata[i];
    const WcCodecInfo *info = codec_of (format, kind);

    if (info == NULL)
      continue;
    if (chosen == NULL)
      chosen = format;
    if (info != codec_of (chosen, kind))
      continue;
    if (info->codec != WC_CODEC_H264 ||
        wc_sdp_fmtp_get_int (format->fmtp, "packetization-mode", 0) == 1)
      return info->codec == WC_CODEC_H264 ? format : chosen;
  }
  return chosen;
}

/* Stereo where the publisher has it, and its redundancy (RFC 7587 section 7).
 */
static char *
answer_opus (const WcSdpFormat *format)
{
  gboolean stereo = wc_sdp_fmtp_get_int (format->fmtp, "stereo", 0) == 1 ||
                    wc_sdp_fmtp_get_int (format->fmtp, "sprop-stereo", 0) == 1;
  gboolean fec = wc_sdp_fmtp_get_int (format->fmtp, "useinbandfec", 0) == 1;

  if (!stereo && !fec)
    return NULL;
  return g_strdup_printf ("%s%s%s", stereo ? "stereo=1" : "",
                          stereo && fec ? ";" : "",
                          fec ? "useinbandfec=1" : "");
}

static char *
answer_fmtp (const WcSdpFormat *format)
{
  const WcCodecInfo *info = wc_codec_find (format->name);
  WcSdpTrack track = {.codec = info->codec,
                      .clock_rate = info->clock_rate,
                      .channels = info->channels};

  if (info->codec == WC_CODEC_OPUS)
    return answer_opus (format);
  return wc_sdp_codec_answer_fmtp (format, &track);
}

/* --- sections --------------------------------------------------------------
 */

static guint8
find_extension (const WcSdpPlan *plan, const WcSdpOfferMedia *media,
                const char *uri)
{
  return wc_sdp_plan_find_extension (plan->offer, media, uri, "recvonly");
}

static void
take_section (WcSdpPlan *plan, guint index, WcMedia kind,
              const WcSdpFormat *format)
{
  const WcSdpOfferMedia *media = plan->offer->media->pdata[index];
  WcSdpPlanMedia *planned = plan->media->pdata[index];

  planned->role = WC_SDP_RECEIVE;
  planned->track = kind;
  planned->format = format;
  planned->rtx = wc_sdp_plan_find_rtx (media, format);
  planned->fmtp = answer_fmtp (format);
  planned->mid_extension = find_extension (plan, media, WC_SDP_URI_MID);
  planned->rid_extension = find_extension (plan, media, WC_SDP_URI_RID);
  planned->repaired_rid_extension =
      find_extension (plan, media, WC_SDP_URI_REPAIRED_RID);
  if (format->transport_cc)
    planned->twcc_extension = find_extension (plan, media, WC_SDP_URI_TWCC);
  plan->index[kind] = (gint)index;
}

gboolean
wc_sdp_plan_takes_layers (const WcSdpPlan *plan, guint index)
{
  const WcSdpOfferMedia *media = plan->offer->media->pdata[index];
  const WcSdpPlanMedia *planned = plan->media->pdata[index];

  return planned->role == WC_SDP_RECEIVE && planned->track == WC_MEDIA_VIDEO &&
         planned->rid_extension != 0 && media->sending.layers->len > 0;
}

/* Returns why section @index cannot be taken (static), or NULL if it is. */
static const char *
plan_section (WcSdpPlan *plan, guint index)
{
  const WcSdpOffer *offer = plan->offer;
  const WcSdpOfferMedia *media = offer->media->pdata[index];
  const char *obstacle = wc_sdp_plan_find_obstacle (offer, media);
  const WcSdpFormat *format;
  WcMedia kind;

  if (!wc_sdp_plan_media_kind (media, &kind))
    return "is neither audio nor video";
  if (obstacle != NULL)
    return obstacle;
  if (media->direction != WC_SDP_SENDONLY &&
      media->direction != WC_SDP_SENDRECV)
    return "does not send (a=sendonly or a=sendrecv)";
  if (plan->index[kind] >= 0)
    return "is one too many of its kind; one audio and one video are taken";
  if (!offer->has_bundle && plan->index[1 - kind] >= 0)
    return "is not bundled with the one before";
  format = choose_format (media, kind);
  if (format == NULL)
    return kind == WC_MEDIA_AUDIO
               ? "offers none of opus, PCMU, PCMA and G722"
               : "offers none of H264, H265, VP8, VP9 and AV1";
  take_section (plan, index, kind, format);
  return NULL;
}

/* Switched off, or a data channel: no reason to refuse the others. */
static gboolean
may_be_rejected (const WcSdpOfferMedia *media)
{
  return !wc_sdp_offer_media_is_offered (media) ||
         g_str_equal (media->type, "application");
}

static gboolean
plan_sections (WcSdpPlan *plan, GError **error)
{
  gint first = -1;

  for (guint i = 0; i < plan->media->len; i++) {
    const WcSdpOfferMedia *media = plan->offer->media->pdata[i];
    const char *reason =
        may_be_rejected (media) ? NULL : plan_section (plan, i);

    if (reason != NULL) {
      g_set_error (error, WC_SDP_ERROR, WC_SDP_ERROR_UNSUPPORTED,
                   "m-line %u (%s) %s", i, media->type, reason);
      return FALSE;
    }
    if (first < 0 && !may_be_rejected (media))
      first = (gint)i;
  }
  if (first < 0) {
    g_set_error_literal (error, WC_SDP_ERROR, WC_SDP_ERROR_UNSUPPORTED,
                         "the offer sends neither audio nor video");
    return FALSE;
  }
  return wc_sdp_plan_settle_transport (plan, (guint)first, error);
}

/* RFC 9725 section 4.4.2; what names none is taken to be of the other's. */
static gboolean
check_streams (const WcSdpPlan *plan, GError **error)
{
  const char *stream_id = NULL;

  for (guint i = 0; i < plan->media->len; i++) {
    const WcSdpPlanMedia *planned = plan->media->pdata[i];
    const WcSdpOfferMedia *media = plan->offer->media->pdata[i];
    const char *id = media->sending.stream_id;

    if (planned->role != WC_SDP_RECEIVE || id == NULL)
      continue;
    if (stream_id != NULL && !g_str_equal (stream_id, id)) {
      g_set_error (error, WC_SDP_ERROR, WC_SDP_ERROR_UNSUPPORTED,
                   "m-line %u (%s) is of a second MediaStream (a=msid); all "
                   "tracks must be of one",
                   i, media->type);
      return FALSE;
    }
    stream_id = id;
  }
  return TRUE;
}

WcSdpPlan *
wc_sdp_publish_plan_new (WcSdpOffer *offer, GError **error)
{
  g_autoptr (WcSdpPlan) plan = wc_sdp_plan_alloc (offer);

  if (!plan_sections (plan, error) || !check_streams (plan, error))
    return NULL;
  return g_steal_pointer (&plan);
}
