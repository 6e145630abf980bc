/* SPDX-License-Identifier: MIT */
/* An answer has the form of an offer: the same parser reads it, and what is
 * peculiar to answers is looked at here. */
#include "sdp/candidate.h"
#include "sdp/lines.h"
#include "sdp/pull.h"
#include "sdp/section.h"

#include <string.h>

/* --- formats -------------------------------------------------------------- */

static gboolean
is_format (const WcSdpPullFormat *ours, const WcSdpFormat *theirs)
{
  const WcCodecInfo *info = wc_codec_info (ours->codec);

  return ours->payload_type == theirs->payload_type && theirs->name != NULL &&
         g_ascii_strcasecmp (theirs->name, info->name) == 0 &&
         theirs->clock_rate == info->clock_rate;
}

static const WcSdpPullFormat *
find_format (const WcSdpFormat *theirs, WcMedia media)
{
  const WcSdpPullFormat *formats;
  guint n;

  formats = wc_sdp_pull_formats (&n);
  for (guint i = 0; i < n; i++)
    if (wc_codec_info (formats[i].codec)->media == media &&
        is_format (&formats[i], theirs))
      return &formats[i];
  return NULL;
}

/* The first that was offered: with more than one a server may send any, but
 * none is known to. */
static gboolean
choose_format (WcSdpPullMedia *chosen, const WcSdpOfferMedia *media,
               WcMedia which, GError **error)
{
  const WcSdpFormat *rtx;

  for (guint i = 0; i < media->formats->len && chosen->format == NULL; i++) {
    const WcSdpFormat *format = g_ptr_array_index (media->formats, i);
    chosen->format = find_format (format, which);
    chosen->fmtp = chosen->format != NULL ? g_strdup (format->fmtp) : NULL;
  }
  if (chosen->format == NULL)
    return wc_sdp_fail (error, WC_SDP_ERROR_UNSUPPORTED,
                        "the answer has no format for %s that was offered",
                        wc_media_name (which));
  rtx =
      wc_sdp_offer_media_find_format (media, chosen->format->rtx_payload_type);
  chosen->has_rtx = chosen->format->rtx_payload_type != 0 && rtx != NULL &&
                    rtx->name != NULL &&
                    g_ascii_strcasecmp (rtx->name, "rtx") == 0;
  return TRUE;
}

static gboolean
read_section (WcSdpPullAnswer *answer, const WcSdpOffer *text, WcMedia which,
              const char *mid, GError **error)
{
  const WcSdpOfferMedia *media = g_ptr_array_index (text->media, which);
  WcSdpPullMedia *chosen = &answer->media[which];

  if (!g_str_equal (media->type, wc_media_name (which)) ||
      g_strcmp0 (media->mid, mid) != 0)
    return wc_sdp_fail (
        error, WC_SDP_ERROR_INVALID,
        "m-line %u of the answer is not that of the offer, which is "
        "%s with a=mid:%s",
        (guint)which, wc_media_name (which), mid);
  chosen->sends = wc_sdp_offer_media_is_offered (media) &&
                  (media->direction == WC_SDP_SENDONLY ||
                   media->direction == WC_SDP_SENDRECV);
  if (!chosen->sends)
    return TRUE;
  if (!wc_sdp_offer_media_has_dtls (media) || !media->rtcp_mux)
    return wc_sdp_fail (
        error, WC_SDP_ERROR_UNSUPPORTED,
        "the answer's %s is not RTP over DTLS-SRTP with a=rtcp-mux",
        wc_media_name (which));
  return choose_format (chosen, media, which, error);
}

/* --- transport ------------------------------------------------------------ */

/* What the parser of offers does not keep. */
static void
read_candidates (WcSdpPullAnswer *answer, const char *text, gsize size)
{
  g_auto (WcSdpLines) lines = {0};
  WcAddress address;
  char *value;

  if (!wc_sdp_lines_init (&lines, text, size, WC_SDP_LINES_STRICT, NULL))
    return;
  while (wc_sdp_lines_next (&lines)) {
    if (lines.type != 'a')
      continue;
    const char *name = wc_sdp_lines_attribute (&lines, &value);
    if (g_str_equal (name, "ice-lite"))
      answer->ice_lite = TRUE;
    else if (g_str_equal (name, "candidate") && value != NULL &&
             answer->candidates->len < WC_SDP_MAX_CANDIDATES &&
             wc_sdp_candidate_parse (value, &address))
      g_array_append_val (answer->candidates, address);
  }
}

static gboolean
read_transport (WcSdpPullAnswer *answer, const WcSdpOffer *text, GError **error)
{
  answer->ufrag = g_strdup (text->ufrag);
  answer->pwd = g_strdup (text->pwd);
  answer->setup = text->setup;
  for (guint i = 0; i < text->fingerprints->len; i++)
    g_ptr_array_add (
        answer->fingerprints,
        wc_sdp_fingerprint_copy (g_ptr_array_index (text->fingerprints, i)));
  if (answer->setup == WC_SDP_SETUP_ACTPASS)
    return wc_sdp_fail (error, WC_SDP_ERROR_INVALID,
                        "a=setup of the answer must be active or passive");
  if (answer->candidates->len == 0)
    return wc_sdp_fail (
        error, WC_SDP_ERROR_UNSUPPORTED,
        "the answer has no candidate that is an IP address and UDP");
  return TRUE;
}

/* --- the answer ------------------------------------------------------------
 */

static WcSdpPullAnswer *
answer_new (void)
{
  WcSdpPullAnswer *answer = g_new0 (WcSdpPullAnswer, 1);

  answer->fingerprints =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_sdp_fingerprint_free);
  answer->candidates = g_array_new (FALSE, FALSE, sizeof (WcAddress));
  return answer;
}

void
wc_sdp_pull_answer_free (WcSdpPullAnswer *answer)
{
  for (guint i = 0; i < WC_N_MEDIA; i++)
    g_free (answer->media[i].fmtp);
  g_free (answer->ufrag);
  g_free (answer->pwd);
  g_ptr_array_unref (answer->fingerprints);
  g_array_unref (answer->candidates);
  g_free (answer);
}

WcSdpPullAnswer *
wc_sdp_pull_answer_parse (const char *text, gsize size,
                          const char *const mids[WC_N_MEDIA], GError **error)
{
  g_autoptr (WcSdpOffer) parsed = wc_sdp_offer_parse (text, size, error);
  g_autoptr (WcSdpPullAnswer) answer = answer_new ();

  if (parsed == NULL) {
    g_prefix_error (error, "read like an offer, ");
    return NULL;
  }
  if (parsed->media->len != WC_N_MEDIA) {
    wc_sdp_fail (error, WC_SDP_ERROR_INVALID,
                 "the answer has %u m-lines, and the offer %d",
                 parsed->media->len, WC_N_MEDIA);
    return NULL;
  }
  read_candidates (answer, text, size);
  for (guint media = 0; media < WC_N_MEDIA; media++)
    if (!read_section (answer, parsed, media, mids[media], error))
      return NULL;
  if (!answer->media[0].sends && !answer->media[1].sends) {
    wc_sdp_fail (error, WC_SDP_ERROR_UNSUPPORTED,
                 "the server sends neither sound nor picture");
    return NULL;
  }
  return read_transport (answer, parsed, error) ? g_steal_pointer (&answer)
                                                : NULL;
}

/* --- for webrtcbin ---------------------------------------------------------
 */

/* A section that is not sent names the first format that was offered. */
static const WcSdpPullFormat *
format_of (const WcSdpPullAnswer *answer, WcMedia media)
{
  const WcSdpPullFormat *formats;
  guint n, i = 0;

  if (answer->media[media].format != NULL)
    return answer->media[media].format;
  formats = wc_sdp_pull_formats (&n);
  while (wc_codec_info (formats[i].codec)->media != media)
    i++;
  return &formats[i];
}

static void
append_formats (GString *out, const WcSdpPullFormat *format, gboolean has_rtx)
{
  const WcCodecInfo *info = wc_codec_info (format->codec);
  g_autofree char *name = g_ascii_strup (info->name, -1);
  guint type = format->payload_type;

  wc_sdp_append (out, "a=rtpmap:%u %s/%u%s", type, name, info->clock_rate,
                 info->codec == WC_CODEC_OPUS ? "/2" : "");
  if (format->fmtp != NULL)
    wc_sdp_append (out, "a=fmtp:%u %s", type, format->fmtp);
  if (info->media == WC_MEDIA_VIDEO) {
    wc_sdp_append (out, "a=rtcp-fb:%u nack pli", type);
    wc_sdp_append (out, "a=rtcp-fb:%u ccm fir", type);
  }
  if (!has_rtx)
    return;
  wc_sdp_append (out, "a=rtcp-fb:%u nack", type);
  wc_sdp_append (out, "a=rtpmap:%u rtx/%u", format->rtx_payload_type,
                 info->clock_rate);
  wc_sdp_append (out, "a=fmtp:%u apt=%u", format->rtx_payload_type, type);
}

static void
append_transport (GString *out, const WcSdpPullAnswer *answer)
{
  g_autofree char *fingerprint =
      wc_sdp_fingerprint_format (g_ptr_array_index (answer->fingerprints, 0));

  wc_sdp_append (out, "a=setup:%s", wc_sdp_setup_name (answer->setup));
  wc_sdp_append (out, "a=ice-ufrag:%s", answer->ufrag);
  wc_sdp_append (out, "a=ice-pwd:%s", answer->pwd);
  wc_sdp_append (out, "a=fingerprint:%s", fingerprint);
}

static void
append_candidates (GString *out, const WcSdpPullAnswer *answer)
{
  for (guint i = 0; i < answer->candidates->len; i++) {
    const WcAddress *address =
        &g_array_index (answer->candidates, WcAddress, i);
    char ip[WC_ADDRESS_STRLEN];
    wc_sdp_append (out, "a=candidate:%u 1 UDP %u %s %u typ host", i + 1,
                   2130706431u - i, wc_address_ip (address, ip),
                   wc_address_port (address));
  }
}

static void
append_section (GString *out, const WcSdpPullAnswer *answer, WcMedia media,
                const char *mid)
{
  const WcSdpPullFormat *format = format_of (answer, media);
  gboolean has_rtx = answer->media[media].has_rtx;

  g_string_append_printf (out, "m=%s 9 UDP/TLS/RTP/SAVPF %u",
                          wc_media_name (media), format->payload_type);
  if (has_rtx)
    g_string_append_printf (out, " %u", format->rtx_payload_type);
  g_string_append (out, "\r\n");
  wc_sdp_append (out, "c=IN IP4 0.0.0.0");
  wc_sdp_append (out, "a=mid:%s", mid);
  wc_sdp_append (out, "a=%s",
                 answer->media[media].sends ? "sendonly" : "inactive");
  wc_sdp_append (out, "a=rtcp-mux");
  wc_sdp_append (out, "a=rtcp-rsize");
  append_transport (out, answer);
  append_formats (out, format, has_rtx);
}

char *
wc_sdp_pull_answer_write (const WcSdpPullAnswer *answer,
                          const char *const mids[WC_N_MEDIA])
{
  GString *out = g_string_new (NULL);

  wc_sdp_append_head (out, 1);
  if (answer->ice_lite)
    wc_sdp_append (out, "a=ice-lite");
  wc_sdp_append (out, "a=group:BUNDLE %s %s", mids[0], mids[1]);
  append_section (out, answer, WC_MEDIA_AUDIO, mids[WC_MEDIA_AUDIO]);
  append_candidates (out, answer);
  append_section (out, answer, WC_MEDIA_VIDEO, mids[WC_MEDIA_VIDEO]);
  return g_string_free (out, FALSE);
}
