/* SPDX-License-Identifier: MIT */
#include "sdp/plan.h"

#include "sdp/codec-match.h"
#include "sdp/fmtp.h"
#include "sdp/plan-private.h"

#include <string.h>

static void
free_media (WcSdpPlanMedia *media)
{
  g_free (media->fmtp);
  g_free (media);
}

void
wc_sdp_plan_free (WcSdpPlan *plan)
{
  wc_sdp_offer_free (plan->offer);
  g_ptr_array_unref (plan->media);
  g_free (plan);
}

gboolean
wc_sdp_plan_media_is_used (const WcSdpPlanMedia *media)
{
  return media->role == WC_SDP_SEND || media->role == WC_SDP_RECEIVE;
}

/* --- formats ----------------------------------------------------------------
 */

static const WcSdpFormat *
choose_format (const WcSdpOfferMedia *media, const WcSdpTrack *track,
               const WcSdpPolicy *policy)
{
  const WcSdpFormat *best = NULL;
  guint best_rank = 0;

  for (guint i = 0; i < media->formats->len; i++) {
    const WcSdpFormat *format = media->formats->pdata[i];
    guint rank = wc_sdp_codec_rank (format, track, policy);

    if (rank > best_rank) {
      best = format;
      best_rank = rank;
    }
  }
  return best;
}

const WcSdpFormat *
wc_sdp_plan_find_rtx (const WcSdpOfferMedia *media, const WcSdpFormat *format)
{
  for (guint i = 0; format->nack && i < media->formats->len; i++) {
    const WcSdpFormat *rtx = media->formats->pdata[i];

    if (g_ascii_strcasecmp (rtx->name != NULL ? rtx->name : "", "rtx") == 0 &&
        rtx->clock_rate == format->clock_rate &&
        wc_sdp_payload_type_is_usable (rtx->payload_type) &&
        wc_sdp_fmtp_get_int (rtx->fmtp, "apt", -1) == format->payload_type)
      return rtx;
  }
  return NULL;
}

/* For a section that is kept without being used: something the offerer will
 * not stumble over, a real codec if there is one. */
static const WcSdpFormat *
choose_any_format (const WcSdpOfferMedia *media)
{
  for (guint i = 0; i < media->formats->len; i++) {
    const WcSdpFormat *format = media->formats->pdata[i];

    if (format->name != NULL && wc_codec_find (format->name) != NULL &&
        wc_sdp_payload_type_is_usable (format->payload_type))
      return format;
  }
  return media->formats->len > 0 ? media->formats->pdata[0] : NULL;
}

/* --- header extensions -------------------------------------------------------
 */

/* Some offers (aiortc) give one id two meanings in two bundled sections, which
 * one transport cannot tell apart: such an id must not be accepted. */
static gboolean
id_is_unambiguous (const WcSdpOffer *offer, guint8 id, const char *uri)
{
  for (guint i = 0; i < offer->media->len; i++) {
    const WcSdpOfferMedia *media = offer->media->pdata[i];

    for (guint k = 0; k < media->extmaps->len; k++) {
      const WcSdpExtmap *extmap = media->extmaps->pdata[k];

      if (extmap->id == id && !g_str_equal (extmap->uri, uri))
        return FALSE;
    }
  }
  return TRUE;
}

guint8
wc_sdp_plan_find_extension (const WcSdpOffer *offer,
                            const WcSdpOfferMedia *media, const char *uri,
                            const char *unfit)
{
  for (guint i = 0; i < media->extmaps->len; i++) {
    const WcSdpExtmap *extmap = media->extmaps->pdata[i];

    /* One-byte headers, whose ids end at 14 (RFC 8285 section 4.2). */
    if (extmap->id <= 14 && g_str_equal (extmap->uri, uri) &&
        g_strcmp0 (extmap->direction, unfit) != 0 &&
        g_strcmp0 (extmap->direction, "inactive") != 0 &&
        id_is_unambiguous (offer, extmap->id, uri))
      return extmap->id;
  }
  return 0;
}

/* --- m-lines
 * ------------------------------------------------------------------ */

gboolean
wc_sdp_plan_media_kind (const WcSdpOfferMedia *media, WcMedia *kind)
{
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    if (g_str_equal (media->type, wc_media_name ((WcMedia)i))) {
      *kind = (WcMedia)i;
      return TRUE;
    }
  }
  return FALSE;
}

const char *
wc_sdp_plan_find_obstacle (const WcSdpOffer *offer,
                           const WcSdpOfferMedia *media)
{
  const WcSdpOfferMedia *tagged = offer->media->pdata[offer->tagged];

  if (!wc_sdp_offer_media_is_offered (media))
    return "is switched off (port 0)";
  if (!wc_sdp_offer_media_has_dtls (media))
    return "does not use UDP/TLS/RTP/SAVPF";
  if (offer->has_bundle && !media->bundled)
    return "is not in the BUNDLE group";
  if (!media->rtcp_mux && !(offer->has_bundle && tagged->rtcp_mux))
    return "has no a=rtcp-mux";
  return NULL;
}

static gboolean
carry_track (WcSdpPlan *plan, guint index, WcMedia kind,
             const WcSdpTrack *track, const WcSdpPolicy *policy)
{
  const WcSdpOfferMedia *media = plan->offer->media->pdata[index];
  WcSdpPlanMedia *planned = plan->media->pdata[index];
  const WcSdpFormat *format = choose_format (media, track, policy);

  if (format == NULL)
    return FALSE;
  planned->role = WC_SDP_SEND;
  planned->track = kind;
  planned->format = format;
  planned->rtx = wc_sdp_plan_find_rtx (media, format);
  planned->mid_extension = wc_sdp_plan_find_extension (
      plan->offer, media, WC_SDP_URI_MID, "sendonly");
  if (policy->send_times && format->goog_remb)
    planned->send_time_extension = wc_sdp_plan_find_extension (
        plan->offer, media, WC_SDP_URI_SEND_TIME, "sendonly");
  planned->fmtp = wc_sdp_codec_answer_fmtp (format, track);
  plan->index[kind] = (gint)index;
  return TRUE;
}

static void
plan_twcc (WcSdpPlan *plan, WcMedia kind)
{
  guint index = (guint)plan->index[kind];
  WcSdpPlanMedia *planned = plan->media->pdata[index];

  if (planned->format->transport_cc)
    planned->twcc_extension = wc_sdp_plan_find_extension (
        plan->offer, plan->offer->media->pdata[index], WC_SDP_URI_TWCC,
        "sendonly");
  if (planned->twcc_extension != 0)
    planned->send_time_extension = 0;
}

/* Of the two ways to estimate a viewer's link the one in which the viewer does
 * it, if it can: browsers offer both. One way for all media: numbers are
 * counted over the whole transport. */
static void
plan_estimation (WcSdpPlan *plan, const WcSdpPolicy *policy)
{
  if (!policy->twcc || plan->index[WC_MEDIA_VIDEO] < 0)
    return;
  const WcSdpPlanMedia *video = plan->media->pdata[plan->index[WC_MEDIA_VIDEO]];
  if (video->format->goog_remb &&
      (!policy->send_times || video->send_time_extension != 0))
    return;
  plan_twcc (plan, WC_MEDIA_VIDEO);
  if (video->twcc_extension != 0 && plan->index[WC_MEDIA_AUDIO] >= 0)
    plan_twcc (plan, WC_MEDIA_AUDIO);
}

/* Returns why section @index carries nothing (static), or NULL if it does. */
static const char *
plan_section (WcSdpPlan *plan, guint index,
              const WcSdpTrack *const tracks[WC_N_MEDIA],
              const WcSdpPolicy *policy)
{
  const WcSdpOffer *offer = plan->offer;
  const WcSdpOfferMedia *media = offer->media->pdata[index];
  WcMedia kind;

  if (!wc_sdp_plan_media_kind (media, &kind))
    return "is neither audio nor video";
  if (tracks[kind] == NULL)
    return "is of a kind that the mountpoint does not have";
  if (plan->index[kind] >= 0)
    return "is one too many of its kind";
  /* One transport: without BUNDLE the first m-line is the only one. */
  if (!offer->has_bundle && plan->index[1 - kind] >= 0)
    return "is not bundled with the one that is used";
  if (wc_sdp_plan_find_obstacle (offer, media) != NULL)
    return wc_sdp_plan_find_obstacle (offer, media);
  if (media->direction != WC_SDP_RECVONLY &&
      media->direction != WC_SDP_SENDRECV)
    return "does not want to receive (a=recvonly or a=sendrecv)";
  if (!carry_track (plan, index, kind, tracks[kind], policy))
    return "offers no codec that the track could be sent as";
  return NULL;
}

/* RFC 9143 section 7.3.3: rejecting the tagged section rejects them all. */
static gboolean
keep_tagged (WcSdpPlan *plan, GError **error)
{
  const WcSdpOffer *offer = plan->offer;
  const WcSdpOfferMedia *media = offer->media->pdata[offer->tagged];
  WcSdpPlanMedia *planned = plan->media->pdata[offer->tagged];

  if (!offer->has_bundle || wc_sdp_plan_media_is_used (planned))
    return TRUE;
  if (!wc_sdp_offer_media_has_dtls (media) &&
      !g_str_has_suffix (media->proto, "DTLS/SCTP")) {
    g_set_error (error, WC_SDP_ERROR, WC_SDP_ERROR_UNSUPPORTED,
                 "the first m-line of the BUNDLE group (a=mid:%s) uses %s; it "
                 "must use UDP/TLS/RTP/SAVPF",
                 media->mid, media->proto);
    return FALSE;
  }
  planned->role = WC_SDP_INACTIVE_KEPT;
  planned->format = choose_any_format (media);
  return TRUE;
}

gboolean
wc_sdp_plan_settle_transport (WcSdpPlan *plan, guint first, GError **error)
{
  if (!plan->offer->has_bundle &&
      !wc_sdp_offer_select_transport (plan->offer, first, error))
    return FALSE;
  return keep_tagged (plan, error);
}

/* --- the whole ------------------------------------------------------------ */

static void
describe_tracks (const WcSdpTrack *const tracks[WC_N_MEDIA], GString *out)
{
  gsize before = out->len;

  for (guint i = 0; i < WC_N_MEDIA; i++) {
    const WcSdpTrack *track = tracks[i];

    if (track == NULL)
      continue;
    g_string_append_printf (out, "%s%s %s", out->len > before ? " and " : "",
                            wc_media_name ((WcMedia)i),
                            wc_codec_info (track->codec)->name);
    if (track->profile != NULL && track->profile[0] != '\0')
      g_string_append_printf (out, " (profile %s)", track->profile);
  }
  if (out->len == before)
    g_string_append (out, "no track");
}

/* Says of the first sections what was in the way. */
static gboolean
fail_unsendable (const WcSdpPlan *plan, GPtrArray *reasons,
                 const WcSdpTrack *const tracks[WC_N_MEDIA], GError **error)
{
  g_autoptr (GString) message = g_string_new ("the mountpoint has ");

  describe_tracks (tracks, message);
  g_string_append (message, ", and no m-line of the offer takes it:");
  for (guint i = 0; i < MIN (reasons->len, 4); i++) {
    const WcSdpOfferMedia *media = plan->offer->media->pdata[i];

    g_string_append_printf (message, "%s m-line %u (%s) %s", i > 0 ? ";" : "",
                            i, media->type, (char *)reasons->pdata[i]);
  }
  g_set_error_literal (error, WC_SDP_ERROR, WC_SDP_ERROR_UNSUPPORTED,
                       message->str);
  return FALSE;
}

WcSdpPlan *
wc_sdp_plan_alloc (WcSdpOffer *offer)
{
  WcSdpPlan *plan = g_new0 (WcSdpPlan, 1);

  plan->offer = offer;
  plan->media = g_ptr_array_new_with_free_func ((GDestroyNotify)free_media);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    plan->index[i] = -1;
  for (guint i = 0; i < offer->media->len; i++) {
    WcSdpPlanMedia *media = g_new0 (WcSdpPlanMedia, 1);

    media->role = WC_SDP_REJECTED;
    g_ptr_array_add (plan->media, media);
  }
  return plan;
}

static gboolean
plan_sections (WcSdpPlan *plan, const WcSdpTrack *const tracks[WC_N_MEDIA],
               const WcSdpPolicy *policy, GError **error)
{
  g_autoptr (GPtrArray) reasons = g_ptr_array_new ();
  gint first = -1;

  for (guint i = 0; i < plan->media->len; i++) {
    const char *reason = plan_section (plan, i, tracks, policy);

    if (reason == NULL && first < 0)
      first = (gint)i;
    g_ptr_array_add (reasons, (gpointer)reason);
  }
  if (first < 0)
    return fail_unsendable (plan, reasons, tracks, error);
  return wc_sdp_plan_settle_transport (plan, (guint)first, error);
}

WcSdpPlan *
wc_sdp_plan_new (WcSdpOffer *offer, const WcSdpTrack *const tracks[WC_N_MEDIA],
                 const WcSdpPolicy *policy, GError **error)
{
  g_autoptr (WcSdpPlan) plan = wc_sdp_plan_alloc (offer);

  if (!plan_sections (plan, tracks, policy, error))
    return NULL;
  plan_estimation (plan, policy);
  return g_steal_pointer (&plan);
}
