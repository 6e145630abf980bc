/* SPDX-License-Identifier: MIT */
#include "sdp/answer.h"

#include "sdp/plan-private.h"
#include "sdp/section.h"

#include <string.h>

/* FFmpeg and simple-whep-client read answers into 8192 bytes. As many again are
 * TCP's. */
#define MAX_CANDIDATES 8

WcSdpSetup
wc_sdp_plan_setup (const WcSdpPlan *plan)
{
  return plan->offer->setup == WC_SDP_SETUP_ACTIVE ? WC_SDP_SETUP_PASSIVE
                                                   : WC_SDP_SETUP_ACTIVE;
}

/* --- candidates
 * --------------------------------------------------------------- */

/* Type preferences (RFC 8445 section 5.1.2.2); that of TCP is below all of UDP,
 * as RFC 6544 section 4.2 has it where both are there. */
#define PREFERENCE_UDP 126u
#define PREFERENCE_TCP 90u
/* Of a passive one (RFC 6544 section 4.2): three bits before the rest. */
#define DIRECTION_PASSIVE 4u

/* RFC 8445 section 5.1.2.1: host candidates of component 1. */
static guint32
candidate_priority (guint type, guint local)
{
  return type << 24 | local << 8 | 255u;
}

static void
append_candidate (GString *out, const WcAddress *address, guint nth)
{
  char ip[WC_ADDRESS_STRLEN];

  wc_sdp_append (out, "a=candidate:%u 1 udp %u %s %u typ host", nth + 1,
                 candidate_priority (PREFERENCE_UDP, 0xffff - nth),
                 wc_address_ip (address, ip), wc_address_port (address));
}

static void
append_tcp_candidate (GString *out, const WcAddress *address, guint16 port,
                      guint nth)
{
  char ip[WC_ADDRESS_STRLEN];
  guint local = DIRECTION_PASSIVE << 13 | (0x1fff - nth);

  wc_sdp_append (out, "a=candidate:%u 1 tcp %u %s %u typ host tcptype passive",
                 MAX_CANDIDATES + nth + 1,
                 candidate_priority (PREFERENCE_TCP, local),
                 wc_address_ip (address, ip), port);
}

static void
append_candidates (GString *out, const WcSdpAnswerParams *params)
{
  guint n = MIN (params->n_candidates, MAX_CANDIDATES);

  for (guint i = 0; i < n; i++)
    append_candidate (out, &params->candidates[i], i);
  for (guint i = 0; params->tcp_port != 0 && i < n; i++)
    append_tcp_candidate (out, &params->candidates[i], params->tcp_port, i);
  wc_sdp_append (out, "a=end-of-candidates");
}

/* --- sections
 * ------------------------------------------------------------------ */

static void
append_transport (GString *out, const WcSdpPlan *plan, guint index,
                  const WcSdpAnswerParams *params)
{
  const WcSdpOfferMedia *media = plan->offer->media->pdata[index];

  wc_sdp_append (out, "a=ice-ufrag:%s", params->ufrag);
  wc_sdp_append (out, "a=ice-pwd:%s", params->pwd);
  wc_sdp_append (out, "a=fingerprint:%s", params->fingerprint);
  wc_sdp_append (out, "a=setup:%s",
                 wc_sdp_setup_name (wc_sdp_plan_setup (plan)));
  wc_sdp_append (out, "a=mid:%s", media->mid);
  if (index == plan->offer->tagged)
    append_candidates (out, params);
}

static void
append_format (GString *out, const WcSdpFormat *format, gboolean has_nack,
               const char *fmtp)
{
  g_autofree char *channels =
      format->channels > 1 ? g_strdup_printf ("/%u", format->channels) : NULL;

  if (format->name != NULL)
    wc_sdp_append (out, "a=rtpmap:%u %s/%u%s", format->payload_type,
                   format->name, format->clock_rate,
                   channels != NULL ? channels : "");
  wc_sdp_append_feedback (out, format, has_nack);
  if (fmtp != NULL)
    wc_sdp_append (out, "a=fmtp:%u %s", format->payload_type, fmtp);
}

static void
append_sources (GString *out, WcMedia track, gboolean has_rtx,
                const WcSdpAnswerParams *params)
{
  guint32 ssrc = params->ssrc[track], rtx_ssrc = params->rtx_ssrc[track];

  wc_sdp_append (out, "a=msid:%s %s-%s", params->stream_id, params->stream_id,
                 wc_media_name (track));
  if (has_rtx)
    wc_sdp_append (out, "a=ssrc-group:FID %u %u", ssrc, rtx_ssrc);
  wc_sdp_append (out, "a=ssrc:%u cname:%s", ssrc, params->cname);
  if (has_rtx)
    wc_sdp_append (out, "a=ssrc:%u cname:%s", rtx_ssrc, params->cname);
}

static void
append_rtcp_mode (GString *out, const WcSdpOfferMedia *media)
{
  wc_sdp_append (out, "a=rtcp-mux");
  wc_sdp_append (out, "a=rtcp-mux-only");
  if (media->rtcp_rsize)
    wc_sdp_append (out, "a=rtcp-rsize");
}

static void
append_rtx (GString *out, const WcSdpPlanMedia *planned)
{
  const WcSdpFormat *rtx = planned->rtx;

  wc_sdp_append (out, "a=rtpmap:%u %s/%u", rtx->payload_type, rtx->name,
                 rtx->clock_rate);
  wc_sdp_append (out, "a=fmtp:%u apt=%u", rtx->payload_type,
                 planned->format->payload_type);
}

static void
append_extension (GString *out, guint8 id, const char *uri)
{
  if (id != 0)
    wc_sdp_append (out, "a=extmap:%u %s", id, uri);
}

/* What the sender is told besides what is lost. Both the extension and the
 * feedback of transport-wide congestion control, or neither. */
static void
append_estimation (GString *out, const WcSdpPlanMedia *planned)
{
  if (planned->twcc_extension != 0)
    wc_sdp_append (out, "a=rtcp-fb:%u transport-cc",
                   planned->format->payload_type);
  else if (planned->format->goog_remb && planned->role == WC_SDP_SEND)
    wc_sdp_append (out, "a=rtcp-fb:%u goog-remb",
                   planned->format->payload_type);
}

static void
append_sent (GString *out, const WcSdpPlan *plan, guint index,
             const WcSdpAnswerParams *params)
{
  const WcSdpOfferMedia *media = plan->offer->media->pdata[index];
  const WcSdpPlanMedia *planned = plan->media->pdata[index];
  const WcSdpFormat *format = planned->format, *rtx = planned->rtx;
  gboolean has_rtx = rtx != NULL && params->rtx_ssrc[planned->track] != 0;
  g_autofree char *rtx_pt =
      has_rtx ? g_strdup_printf (" %u", rtx->payload_type) : g_strdup ("");

  wc_sdp_append (out, "m=%s 9 %s %u%s", media->type, media->proto,
                 format->payload_type, rtx_pt);
  wc_sdp_append (out, "c=IN IP4 0.0.0.0");
  append_transport (out, plan, index, params);
  wc_sdp_append (out, "a=sendonly");
  append_rtcp_mode (out, media);
  append_extension (out, planned->send_time_extension, WC_SDP_URI_SEND_TIME);
  append_extension (out, planned->twcc_extension, WC_SDP_URI_TWCC);
  append_format (out, format, has_rtx || params->own_feedback, planned->fmtp);
  if (params->own_feedback)
    append_estimation (out, planned);
  if (has_rtx)
    append_rtx (out, planned);
  append_sources (out, planned->track, has_rtx, params);
}

/* RFC 8853 section 5.3.2: of the offered layers those that we take, in the
 * offerer's order. */
static void
append_layers (GString *out, const WcSdpSending *sending)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < sending->layers->len; i++) {
    const char *rid = sending->layers->pdata[i];

    wc_sdp_append (out, "a=rid:%s recv", rid);
    g_string_append_printf (list, "%s%s", i > 0 ? ";" : "", rid);
  }
  if (list->len > 0)
    wc_sdp_append (out, "a=simulcast:recv %s", list->str);
}

/* Of a publisher. What it is asked to send again may also come as it was. */
static void
append_received (GString *out, const WcSdpPlan *plan, guint index,
                 const WcSdpAnswerParams *params)
{
  const WcSdpOfferMedia *media = plan->offer->media->pdata[index];
  const WcSdpPlanMedia *planned = plan->media->pdata[index];
  const WcSdpFormat *format = planned->format, *rtx = planned->rtx;
  g_autofree char *rtx_pt =
      rtx != NULL ? g_strdup_printf (" %u", rtx->payload_type) : g_strdup ("");

  wc_sdp_append (out, "m=%s 9 %s %u%s", media->type, media->proto,
                 format->payload_type, rtx_pt);
  wc_sdp_append (out, "c=IN IP4 0.0.0.0");
  append_transport (out, plan, index, params);
  wc_sdp_append (out, "a=recvonly");
  append_rtcp_mode (out, media);
  append_extension (out, planned->mid_extension, WC_SDP_URI_MID);
  append_extension (out, planned->rid_extension, WC_SDP_URI_RID);
  append_extension (out, planned->repaired_rid_extension,
                    WC_SDP_URI_REPAIRED_RID);
  append_extension (out, planned->twcc_extension, WC_SDP_URI_TWCC);
  append_format (out, format, TRUE, planned->fmtp);
  append_estimation (out, planned);
  if (rtx != NULL)
    append_rtx (out, planned);
  if (wc_sdp_plan_takes_layers (plan, index))
    append_layers (out, &media->sending);
}

/* A data channel can be tagged too: RFC 8841 section 5, or the draft before. */
static void
append_sctp (GString *out, const WcSdpOfferMedia *media)
{
  if (g_str_equal (media->proto, "DTLS/SCTP"))
    wc_sdp_append (out, "a=sctpmap:%.*s webrtc-datachannel 1024",
                   (int)strcspn (media->format_line, " "), media->format_line);
  else
    wc_sdp_append (out, "a=sctp-port:5000");
}

/* The tagged section, unused: it carries the transport and no media. */
static void
append_kept (GString *out, const WcSdpPlan *plan, guint index,
             const WcSdpAnswerParams *params)
{
  const WcSdpOfferMedia *media = plan->offer->media->pdata[index];
  const WcSdpPlanMedia *planned = plan->media->pdata[index];

  if (planned->format != NULL)
    wc_sdp_append (out, "m=%s 9 %s %u", media->type, media->proto,
                   planned->format->payload_type);
  else
    wc_sdp_append (out, "m=%s 9 %s %.*s", media->type, media->proto,
                   (int)strcspn (media->format_line, " "), media->format_line);
  wc_sdp_append (out, "c=IN IP4 0.0.0.0");
  append_transport (out, plan, index, params);
  if (planned->format == NULL) {
    append_sctp (out, media);
    return;
  }
  wc_sdp_append (out, "a=inactive");
  if (media->rtcp_mux)
    append_rtcp_mode (out, media);
  append_format (out, planned->format, FALSE, NULL);
}

/* RFC 3264 section 6: one of the offered formats must stand there. */
static void
append_rejected (GString *out, const WcSdpOfferMedia *media)
{
  wc_sdp_append (out, "m=%s 0 %s %.*s", media->type, media->proto,
                 (int)strcspn (media->format_line, " "), media->format_line);
  wc_sdp_append (out, "c=IN IP4 0.0.0.0");
  wc_sdp_append (out, "a=mid:%s", media->mid);
  wc_sdp_append (out, "a=inactive");
}

/* What is not rejected, in the order of the offer's group: the tagged section
 * comes first (RFC 9143 section 7.3.1). */
static void
append_bundle (GString *out, const WcSdpPlan *plan)
{
  const WcSdpOffer *offer = plan->offer;
  g_autoptr (GString) mids = g_string_new (NULL);

  for (guint i = 0; i < offer->bundle->len; i++) {
    guint index = g_array_index (offer->bundle, guint, i);
    const WcSdpPlanMedia *planned = plan->media->pdata[index];
    const WcSdpOfferMedia *media = offer->media->pdata[index];

    if (planned->role != WC_SDP_REJECTED)
      g_string_append_printf (mids, " %s", media->mid);
  }
  if (mids->len > 0)
    wc_sdp_append (out, "a=group:BUNDLE%s", mids->str);
}

char *
wc_sdp_answer_write (const WcSdpPlan *plan, const WcSdpAnswerParams *params)
{
  g_autoptr (GString) out = g_string_sized_new (4096);

  wc_sdp_append_head (out, params->session_id);
  append_bundle (out, plan);
  wc_sdp_append (out, "a=ice-lite");
  if (plan->offer->ice_trickle)
    wc_sdp_append (out, "a=ice-options:trickle");

  for (guint i = 0; i < plan->media->len; i++) {
    const WcSdpPlanMedia *planned = plan->media->pdata[i];

    switch (planned->role) {
    case WC_SDP_SEND:
      append_sent (out, plan, i, params);
      break;
    case WC_SDP_RECEIVE:
      append_received (out, plan, i, params);
      break;
    case WC_SDP_INACTIVE_KEPT:
      append_kept (out, plan, i, params);
      break;
    case WC_SDP_REJECTED:
      append_rejected (out, plan->offer->media->pdata[i]);
      break;
    }
  }
  /* It is kept for as long as its session: without the room behind it. */
  return g_strndup (out->str, out->len);
}

/* --- ICE restart
 * -------------------------------------------------------------- */

/* Of the lines of an answer. */
static gboolean
stays_at_restart (const char *line)
{
  return g_str_has_prefix (line, "a=ice-lite") ||
         g_str_has_prefix (line, "a=ice-options:") ||
         g_str_has_prefix (line, "a=group:BUNDLE ");
}

/* The section that carries the candidates stands for the one transport: its
 * m-line and mid. */
char *
wc_sdp_restart_write (const char *answer, const WcSdpAnswerParams *params)
{
  GString *out = g_string_sized_new (1024);
  g_auto (GStrv) lines = g_strsplit (answer, "\r\n", -1);
  const char *m_line = NULL, *mid = NULL;

  for (guint i = 0; lines[i] != NULL; i++) {
    if (stays_at_restart (lines[i]))
      wc_sdp_append (out, "%s", lines[i]);
    else if (g_str_has_prefix (lines[i], "m="))
      m_line = lines[i];
    else if (g_str_has_prefix (lines[i], "a=mid:"))
      mid = lines[i];
    else if (g_str_equal (lines[i], "a=end-of-candidates"))
      break;
  }
  wc_sdp_append (out, "%s", m_line);
  wc_sdp_append (out, "%s", mid);
  wc_sdp_append (out, "a=ice-ufrag:%s", params->ufrag);
  wc_sdp_append (out, "a=ice-pwd:%s", params->pwd);
  append_candidates (out, params);
  return g_string_free (out, FALSE);
}
