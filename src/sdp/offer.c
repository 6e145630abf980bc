/* SPDX-License-Identifier: MIT */
#include "sdp/offer.h"

#include "sdp/offer-media.h"

#include <string.h>

/* What the names of all sections may add up to, so that the answer that
 * repeats them stays below 8000 bytes whatever is offered. */
#define MAX_ECHO 3000

typedef struct {
  WcSdpLines lines;
  WcSdpOffer *offer;
  WcSdpOfferMedia *media;   /* of the offer; NULL at session level */
  WcSdpDirection direction; /* the session's, what sections begin with */
  char *bundle;             /* nullable: the mids of a=group:BUNDLE */
  gboolean has_origin, has_name;
} Parser;

static WcSdpOffer *
offer_new (void)
{
  WcSdpOffer *offer = g_new0 (WcSdpOffer, 1);

  offer->media =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_sdp_offer_media_free);
  offer->bundle = g_array_new (FALSE, FALSE, sizeof (guint));
  wc_sdp_transport_init (&offer->session);
  return offer;
}

void
wc_sdp_offer_free (WcSdpOffer *offer)
{
  g_ptr_array_unref (offer->media);
  g_array_unref (offer->bundle);
  wc_sdp_transport_clear (&offer->session);
  g_free (offer->ufrag);
  g_free (offer->pwd);
  g_clear_pointer (&offer->fingerprints, g_ptr_array_unref);
  g_free (offer);
}

/* --- attributes of the session or of a section --------------------------- */

static WcSdpTransport *
current_transport (Parser *parser)
{
  return parser->media != NULL ? &parser->media->transport
                               : &parser->offer->session;
}

static gboolean
set_credential (Parser *parser, char **field, const char *value,
                gboolean is_valid, const char *rule, GError **error)
{
  if (*field != NULL)
    return wc_sdp_lines_fail (&parser->lines, error, WC_SDP_ERROR_INVALID,
                              "a=ice-ufrag or a=ice-pwd is there twice");
  if (!is_valid)
    return wc_sdp_lines_fail (&parser->lines, error, WC_SDP_ERROR_INVALID,
                              "a=ice-ufrag or a=ice-pwd must be %s", rule);
  *field = g_strdup (value);
  return TRUE;
}

static gboolean
parse_ufrag (Parser *parser, char *value, GError **error)
{
  return set_credential (parser, &current_transport (parser)->ufrag, value,
                         wc_sdp_is_ufrag (value), WC_SDP_UFRAG_RULE, error);
}

static gboolean
parse_pwd (Parser *parser, char *value, GError **error)
{
  return set_credential (parser, &current_transport (parser)->pwd, value,
                         wc_sdp_is_pwd (value), WC_SDP_PWD_RULE, error);
}

static gboolean
parse_setup (Parser *parser, char *value, GError **error)
{
  WcSdpTransport *transport = current_transport (parser);

  if (transport->has_setup || !wc_sdp_setup_parse (value, &transport->setup))
    return wc_sdp_lines_fail (&parser->lines, error, WC_SDP_ERROR_INVALID,
                              "a=setup must be actpass, active or passive, "
                              "once");
  transport->has_setup = TRUE;
  return TRUE;
}

static gboolean
parse_fingerprint (Parser *parser, char *value, GError **error)
{
  GPtrArray *fingerprints = current_transport (parser)->fingerprints;
  WcSdpFingerprint *fingerprint;
  const char *problem;

  if (!wc_sdp_fingerprint_parse (value, &fingerprint, &problem))
    return wc_sdp_lines_fail (&parser->lines, error, WC_SDP_ERROR_INVALID,
                              "a=fingerprint: %s", problem);
  if (fingerprint == NULL)
    return TRUE;
  g_ptr_array_add (fingerprints, fingerprint);
  if (fingerprints->len > WC_SDP_MAX_FINGERPRINTS)
    return wc_sdp_lines_fail (&parser->lines, error, WC_SDP_ERROR_INVALID,
                              "more than %d a=fingerprint lines",
                              WC_SDP_MAX_FINGERPRINTS);
  return TRUE;
}

static gboolean
parse_ice_options (Parser *parser, char *value, GError **error)
{
  const char *word;

  while ((word = wc_sdp_take_word (&value)) != NULL)
    if (g_str_equal (word, "trickle"))
      parser->offer->ice_trickle = TRUE;
  return TRUE;
}

static gboolean
parse_extmap_allow_mixed (Parser *parser, char *value, GError **error)
{
  parser->offer->extmap_allow_mixed = TRUE;
  return TRUE;
}

static gboolean
parse_candidate (Parser *parser, char *value, GError **error)
{
  if (parser->offer->n_candidates < WC_SDP_MAX_CANDIDATES)
    parser->offer->n_candidates++;
  return TRUE;
}

/* The first BUNDLE group counts: one transport is all that a viewer gets. */
static gboolean
parse_group (Parser *parser, char *value, GError **error)
{
  const char *semantics = wc_sdp_take_word (&value);

  if (parser->media == NULL && g_strcmp0 (semantics, "BUNDLE") == 0 &&
      parser->bundle == NULL && value != NULL)
    parser->bundle = g_strdup (value);
  return TRUE;
}

static gboolean
maybe_parse_direction (Parser *parser, const char *name)
{
  static const char *const names[] = {
      [WC_SDP_SENDRECV] = "sendrecv",
      [WC_SDP_SENDONLY] = "sendonly",
      [WC_SDP_RECVONLY] = "recvonly",
      [WC_SDP_INACTIVE] = "inactive",
  };
  WcSdpDirection *direction =
      parser->media != NULL ? &parser->media->direction : &parser->direction;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_str_equal (names[i], name)) {
      *direction = (WcSdpDirection)i;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
parse_attribute (Parser *parser, GError **error)
{
  static const struct {
    const char *name;
    gboolean (*parse) (Parser *parser, char *value, GError **error);
  } attributes[] = {
      {"ice-ufrag", parse_ufrag},
      {"ice-pwd", parse_pwd},
      {"setup", parse_setup},
      {"fingerprint", parse_fingerprint},
      {"ice-options", parse_ice_options},
      {"extmap-allow-mixed", parse_extmap_allow_mixed},
      {"candidate", parse_candidate},
      {"group", parse_group},
  };
  char *value;
  const char *name = wc_sdp_lines_attribute (&parser->lines, &value);

  if (!wc_sdp_is_token (name, WC_SDP_MAX_LINE, NULL))
    return wc_sdp_lines_fail (&parser->lines, error, WC_SDP_ERROR_INVALID,
                              "the name of the attribute is no token");
  for (guint i = 0; i < G_N_ELEMENTS (attributes); i++)
    if (g_str_equal (attributes[i].name, name))
      return attributes[i].parse (parser, value, error);
  if (maybe_parse_direction (parser, name) || parser->media == NULL)
    return TRUE;
  return wc_sdp_offer_media_attribute (parser->media, &parser->lines, name,
                                       value, error);
}

/* --- lines ---------------------------------------------------------------- */

static gboolean
parse_media (Parser *parser, GError **error)
{
  GPtrArray *all = parser->offer->media;

  if (!parser->has_origin || !parser->has_name)
    return wc_sdp_lines_fail (&parser->lines, error, WC_SDP_ERROR_INVALID,
                              "an o= and an s= line must come before m=");
  if (all->len >= WC_SDP_MAX_MEDIA)
    return wc_sdp_lines_fail (&parser->lines, error, WC_SDP_ERROR_INVALID,
                              "more than %d m-lines", WC_SDP_MAX_MEDIA);
  parser->media = wc_sdp_offer_media_parse (&parser->lines, error);
  if (parser->media == NULL)
    return FALSE;
  parser->media->direction = parser->direction;
  g_ptr_array_add (all, parser->media);
  return TRUE;
}

static gboolean
parse_origin (Parser *parser, GError **error)
{
  char *rest = parser->lines.value;
  guint n = 0;

  while (wc_sdp_take_word (&rest) != NULL)
    n++;
  if (n != 6)
    return wc_sdp_lines_fail (&parser->lines, error, WC_SDP_ERROR_INVALID,
                              "the o= line must have six fields");
  parser->has_origin = TRUE;
  return TRUE;
}

static gboolean
parse_line (Parser *parser, GError **error)
{
  const char *allowed = parser->media == NULL ? "osiuepcbtrzkam" : "icbkam";

  if (strchr (allowed, parser->lines.type) == NULL)
    return wc_sdp_lines_fail (&parser->lines, error, WC_SDP_ERROR_INVALID,
                              "no %c= line is allowed here",
                              parser->lines.type);
  if (parser->lines.type == 'o')
    return parse_origin (parser, error);
  if (parser->lines.type == 's')
    parser->has_name = TRUE;
  if (parser->lines.type == 'm')
    return parse_media (parser, error);
  if (parser->lines.type == 'a')
    return parse_attribute (parser, error);
  return TRUE;
}

static gboolean
parse_lines (Parser *parser, GError **error)
{
  if (!wc_sdp_lines_next (&parser->lines) || parser->lines.type != 'v' ||
      !g_str_equal (parser->lines.value, "0"))
    return wc_sdp_fail (error, WC_SDP_ERROR_INVALID,
                        "the offer must begin with the line v=0");
  while (wc_sdp_lines_next (&parser->lines))
    if (!parse_line (parser, error))
      return FALSE;
  if (parser->offer->media->len == 0)
    return wc_sdp_fail (
        error, WC_SDP_ERROR_INVALID,
        "the offer has no m= line; it must have one for audio or "
        "video");
  return TRUE;
}

/* --- the whole ------------------------------------------------------------ */

static gint
find_mid (const WcSdpOffer *offer, const char *mid)
{
  for (guint i = 0; i < offer->media->len; i++) {
    const WcSdpOfferMedia *media = offer->media->pdata[i];

    if (g_strcmp0 (media->mid, mid) == 0)
      return (gint)i;
  }
  return -1;
}

static gsize
echo_size (const WcSdpOfferMedia *media)
{
  return strlen (media->type) + strlen (media->proto) + strlen (media->mid) +
         strcspn (media->format_line, " ");
}

static gboolean
check_media (WcSdpOffer *offer, GError **error)
{
  gsize echo = 0;

  for (guint i = 0; i < offer->media->len; i++) {
    WcSdpOfferMedia *media = offer->media->pdata[i];

    if (media->mid == NULL)
      return wc_sdp_fail (error, WC_SDP_ERROR_INVALID,
                          "m-line %u (%s) has no a=mid; every m-line needs one",
                          i, media->type);
    if (find_mid (offer, media->mid) != (gint)i)
      return wc_sdp_fail (
          error, WC_SDP_ERROR_INVALID,
          "m-line %u (%s): a=mid:%s is there before; every m-line "
          "needs its own",
          i, media->type, media->mid);
    wc_sdp_offer_media_finish (media);
    echo += echo_size (media);
  }
  if (echo > MAX_ECHO)
    return wc_sdp_fail (
        error, WC_SDP_ERROR_INVALID,
        "the m-lines' names are too long for an answer: together "
        "they may have %d bytes",
        MAX_ECHO);
  return TRUE;
}

/* FFmpeg writes "BUNDLE 0 1" whatever it offers: unknown mids are dropped. */
static void
resolve_bundle (WcSdpOffer *offer, char *mids)
{
  const char *mid;

  while ((mid = wc_sdp_take_word (&mids)) != NULL) {
    gint index = find_mid (offer, mid);
    WcSdpOfferMedia *media = index < 0 ? NULL : offer->media->pdata[index];

    if (media == NULL || media->bundled)
      continue;
    media->bundled = TRUE;
    g_array_append_val (offer->bundle, index);
  }
  offer->has_bundle = offer->bundle->len > 0;
}

/* RFC 9143 section 7.3.2: the first of the group that is not switched off.
 * Without BUNDLE the first section that could be answered. */
static guint
find_tagged (const WcSdpOffer *offer)
{
  for (guint i = 0; i < offer->bundle->len; i++) {
    guint index = g_array_index (offer->bundle, guint, i);

    if (wc_sdp_offer_media_is_offered (offer->media->pdata[index]))
      return index;
  }
  for (guint i = 0; i < offer->media->len; i++) {
    const WcSdpOfferMedia *media = offer->media->pdata[i];

    if (!offer->has_bundle && wc_sdp_offer_media_is_offered (media) &&
        wc_sdp_offer_media_has_dtls (media))
      return i;
  }
  return offer->has_bundle ? g_array_index (offer->bundle, guint, 0) : 0;
}

static gboolean
check_protocols (const WcSdpOffer *offer, GError **error)
{
  const WcSdpOfferMedia *first = offer->media->pdata[0];

  for (guint i = 0; i < offer->media->len; i++)
    if (wc_sdp_offer_media_has_dtls (offer->media->pdata[i]))
      return TRUE;
  return wc_sdp_fail (
      error, WC_SDP_ERROR_UNSUPPORTED,
      "no m-line of the offer uses UDP/TLS/RTP/SAVPF; the first (%s) "
      "uses %s",
      first->type, first->proto);
}

gboolean
wc_sdp_offer_select_transport (WcSdpOffer *offer, guint index, GError **error)
{
  const WcSdpOfferMedia *media = offer->media->pdata[index];
  const WcSdpTransport *own = &media->transport, *session = &offer->session;
  const char *ufrag = own->ufrag != NULL ? own->ufrag : session->ufrag;
  const char *pwd = own->pwd != NULL ? own->pwd : session->pwd;
  GPtrArray *prints =
      own->fingerprints->len > 0 ? own->fingerprints : session->fingerprints;

  if (ufrag == NULL || pwd == NULL)
    return wc_sdp_fail (
        error, WC_SDP_ERROR_INVALID,
        "m-line %u (%s) carries the transport but neither it nor the "
        "session has both a=ice-ufrag and a=ice-pwd",
        index, media->type);
  if (prints->len == 0)
    return wc_sdp_fail (
        error, WC_SDP_ERROR_INVALID,
        "m-line %u (%s) carries the transport but neither it nor the "
        "session has an a=fingerprint of a known kind, such as "
        "sha-256",
        index, media->type);

  offer->tagged = index;
  g_free (offer->ufrag);
  g_free (offer->pwd);
  g_clear_pointer (&offer->fingerprints, g_ptr_array_unref);
  offer->ufrag = g_strdup (ufrag);
  offer->pwd = g_strdup (pwd);
  offer->fingerprints = g_ptr_array_ref (prints);
  /* Without a=setup the offerer is active: RFC 4145 section 4.1. */
  offer->setup = own->has_setup       ? own->setup
                 : session->has_setup ? session->setup
                                      : WC_SDP_SETUP_ACTIVE;
  return TRUE;
}

static gboolean
finish (Parser *parser, GError **error)
{
  WcSdpOffer *offer = parser->offer;

  if (!check_media (offer, error) || !check_protocols (offer, error))
    return FALSE;
  resolve_bundle (offer, parser->bundle);
  return wc_sdp_offer_select_transport (offer, find_tagged (offer), error);
}

WcSdpOffer *
wc_sdp_offer_parse (const char *text, gsize size, GError **error)
{
  g_autoptr (WcSdpOffer) offer = offer_new ();
  Parser parser = {.offer = offer, .direction = WC_SDP_SENDRECV};
  gboolean ok;

  ok = wc_sdp_lines_init (&parser.lines, text, size, WC_SDP_LINES_STRICT,
                          error) &&
       parse_lines (&parser, error) && finish (&parser, error);
  wc_sdp_lines_clear (&parser.lines);
  g_free (parser.bundle);
  return ok ? g_steal_pointer (&offer) : NULL;
}
