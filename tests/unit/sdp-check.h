/* SPDX-License-Identifier: MIT */
/* What every answer must be, whoever offered and whatever there is to send:
 * looked at line by line, by code that shares nothing with the writer. Rows in
 * brackets are those of the conformance list. */
#pragma once

#include "sdp-support.h"

#include <stdlib.h>

#define FINGERPRINT                                                            \
  "sha-256 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:"                   \
  "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99"

/* The session (0) and each m= section, as lines. */
typedef struct {
  GPtrArray *sections; /* of GStrv */
} Text;

static Text *
text_new (const char *sdp)
{
  Text *text = g_new0 (Text, 1);
  g_auto (GStrv) whole = g_strsplit (sdp, "\r", -1);
  g_autofree char *plain = g_strjoinv ("", whole);
  g_auto (GStrv) parts = g_strsplit (plain, "\nm=", -1);

  text->sections = g_ptr_array_new_with_free_func ((GDestroyNotify)g_strfreev);
  for (guint i = 0; parts[i] != NULL; i++) {
    g_autofree char *section = g_strconcat (i > 0 ? "m=" : "", parts[i], NULL);

    g_ptr_array_add (text->sections,
                     g_strsplit (g_strchomp (section), "\n", -1));
  }
  return text;
}

static void
text_free (Text *text)
{
  g_ptr_array_unref (text->sections);
  g_free (text);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Text, text_free)

static char **
lines_of (const Text *text, guint index)
{
  g_assert_cmpuint (index, <, text->sections->len);
  return text->sections->pdata[index];
}

static gboolean
has (char **lines, const char *line)
{
  return g_strv_contains ((const char *const *)lines, line);
}

/* What follows @prefix in the first line that begins so, or NULL. */
static const char *
find (char **lines, const char *prefix)
{
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], prefix))
      return lines[i] + strlen (prefix);
  return NULL;
}

static guint
count (char **lines, const char *prefix)
{
  guint n = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    n += g_str_has_prefix (lines[i], prefix);
  return n;
}

/* kind, port, proto, formats... */
static GStrv
media_words (char **lines)
{
  return g_strsplit (lines[0] + strlen ("m="), " ", -1);
}

static gboolean
is_rejected (char **lines)
{
  g_auto (GStrv) words = media_words (lines);

  return g_str_equal (words[1], "0");
}

/* --- the session -----------------------------------------------------------
 */

/* [S-25 S-26] */
static void
check_bytes (const char *answer)
{
  guint n_lf = 0, n_crlf = 0;

  g_assert_true (g_str_has_prefix (answer, "v=0\r\n"));
  g_assert_true (g_str_has_suffix (answer, "\r\n"));
  g_assert_cmpuint (strlen (answer), <, 8000);
  for (const char *p = answer; *p != '\0'; p++) {
    n_lf += *p == '\n';
    n_crlf += g_str_has_prefix (p, "\r\n");
  }
  g_assert_cmpuint (n_lf, ==, n_crlf);
}

static gboolean
offers_trickle (const Text *offer)
{
  for (guint i = 0; i < offer->sections->len; i++) {
    const char *options = find (lines_of (offer, i), "a=ice-options:");
    g_auto (GStrv) words = g_strsplit (options != NULL ? options : "", " ", -1);

    if (has (words, "trickle"))
      return TRUE;
  }
  return FALSE;
}

/* [S-22 S-29 S-34 S-35] */
static void
check_session (const Text *offer, const Text *answer)
{
  char **session = lines_of (answer, 0);

  g_assert_cmpstr (session[1], ==, "o=- 42 1 IN IP4 127.0.0.1");
  g_assert_cmpstr (session[2], ==, "s=-");
  g_assert_cmpstr (session[3], ==, "t=0 0");
  g_assert_true (has (session, "a=ice-lite"));
  g_assert_cmpint (has (session, "a=ice-options:trickle"), ==,
                   offers_trickle (offer));
  g_assert_cmpuint (count (session, "a=ice-options"), <=, 1);
  g_assert_false (has (session, "a=extmap-allow-mixed"));
}

/* [S-07 S-08]: who is not rejected, and nobody else; without an offered group
 * there is none. */
static void
check_bundle (const Text *offer, const Text *answer)
{
  const char *bundle = find (lines_of (answer, 0), "a=group:BUNDLE ");
  g_auto (GStrv) mids = g_strsplit (bundle != NULL ? bundle : "", " ", -1);
  guint n_kept = 0;

  if (find (lines_of (offer, 0), "a=group:BUNDLE ") == NULL) {
    g_assert_null (bundle);
    return;
  }
  for (guint i = 1; i < answer->sections->len; i++) {
    char **lines = lines_of (answer, i);

    g_assert_cmpint (has (mids, find (lines, "a=mid:")), ==,
                     !is_rejected (lines));
    n_kept += !is_rejected (lines);
  }
  g_assert_cmpuint (g_strv_length (mids), ==, n_kept);
}

/* --- sections --------------------------------------------------------------
 */

/* [S-01 S-02 S-03 S-04 S-05] */
static void
check_shape (char **offered, char **answered)
{
  g_auto (GStrv) from = media_words (offered), to = media_words (answered);

  g_assert_cmpstr (from[0], ==, to[0]);
  g_assert_cmpstr (from[2], ==, to[2]);
  g_assert_true (g_str_equal (to[1], "9") || g_str_equal (to[1], "0"));
  g_assert_cmpstr (answered[1], ==, "c=IN IP4 0.0.0.0");
  g_assert_cmpstr (find (offered, "a=mid:"), ==, find (answered, "a=mid:"));
  for (guint i = 3; to[i] != NULL; i++)
    g_assert_true (has (from + 3, to[i]));
  g_assert_false (has (answered, "a=bundle-only"));
}

/* [S-12 S-13 S-15] */
static void
check_rejected (char **answered)
{
  g_assert_cmpuint (g_strv_length (answered), ==, 4);
  g_assert_nonnull (find (answered, "a=mid:"));
  g_assert_true (has (answered, "a=inactive"));
}

/* [S-09 S-20 S-21]: the same in all; our role by theirs. */
static void
check_transport (char **answered, const char *setup)
{
  g_assert_true (has (answered, "a=ice-ufrag:srvu"));
  g_assert_true (has (answered, "a=ice-pwd:srvpwdsrvpwdsrvpwdsrvpwdsrvpwd12"));
  g_assert_true (has (answered, "a=fingerprint:" FINGERPRINT));
  g_assert_cmpuint (count (answered, "a=setup:"), ==, 1);
  g_assert_cmpstr (find (answered, "a=setup:"), ==, setup);
}

/* a=rtpmap, a=fmtp apt and a=rtcp-fb of one format. */
typedef struct {
  char *map, *apt, *feedback;
} Keys;

static void
keys_clear (Keys *keys)
{
  g_free (keys->map);
  g_free (keys->apt);
  g_free (keys->feedback);
}

static Keys
keys_of (const char *pt)
{
  return (Keys){g_strdup_printf ("a=rtpmap:%s ", pt),
                g_strdup_printf ("a=fmtp:%s apt=", pt),
                g_strdup_printf ("a=rtcp-fb:%s ", pt)};
}

/* [M-04 M-25 M-26 M-27 S-30]: the codec under the offerer's own name and
 * number, its rtx at most, and of the feedback nothing that was not offered. */
static void
check_formats (char **offered, char **answered)
{
  g_auto (GStrv) words = media_words (answered);
  guint n_formats = g_strv_length (words) - 3, n_feedback = 0;
  Keys media = keys_of (words[3]);
  const char *map = find (answered, media.map);

  g_assert_cmpuint (n_formats, >=, 1);
  g_assert_cmpuint (n_formats, <=, 2);
  g_assert_nonnull (map);
  if (find (offered, media.map) != NULL)
    g_assert_cmpstr (map, ==, find (offered, media.map));
  g_assert_cmpuint (count (answered, "a=rtpmap:"), ==, n_formats);
  if (n_formats == 2) {
    Keys rtx = keys_of (words[4]);

    g_assert_cmpstr (find (answered, rtx.map), ==, "rtx/90000");
    g_assert_cmpstr (find (answered, rtx.apt), ==, words[3]);
    g_assert_cmpstr (find (offered, rtx.apt), ==, words[3]);
    g_assert_cmpuint (count (answered, rtx.feedback), ==, 0);
    keys_clear (&rtx);
  }
  for (guint i = 0; answered[i] != NULL; i++) {
    const char *feedback = answered[i] + strlen (media.feedback);
    g_autofree char *every = NULL;

    if (!g_str_has_prefix (answered[i], media.feedback))
      continue;
    every = g_strconcat ("a=rtcp-fb:* ", feedback, NULL);
    g_assert_true (has (offered, answered[i]) || has (offered, every));
    n_feedback++;
  }
  g_assert_cmpuint (count (answered, "a=rtcp-fb:"), ==, n_feedback);
  keys_clear (&media);
}

/* [S-16 S-17 S-32 S-33 M-33]: sent, with its stream and sources; the viewer
 * tells the sections apart by these sources, as nothing sends a MID. */
static void
check_sent (char **answered, gboolean is_video)
{
  guint32 ssrc = is_video ? 2222 : 1111;
  g_autofree char *msid =
      g_strdup_printf ("a=msid:stream stream-%s", is_video ? "video" : "audio");
  g_autofree char *cname = g_strdup_printf ("a=ssrc:%u cname:whepcast", ssrc);
  g_auto (GStrv) words = media_words (answered);
  gboolean has_rtx = g_strv_length (words) == 5;

  g_assert_true (has (answered, msid));
  g_assert_true (has (answered, cname));
  g_assert_cmpint (has (answered, "a=ssrc-group:FID 2222 3333"), ==, has_rtx);
  g_assert_cmpint (has (answered, "a=ssrc:3333 cname:whepcast"), ==, has_rtx);
  g_assert_cmpuint (count (answered, "a=ssrc:"), ==, has_rtx ? 2 : 1);
  g_assert_cmpuint (count (answered, "a=simulcast"), ==, 0);
  g_assert_cmpuint (count (answered, "a=rid"), ==, 0);
}

/* [S-27 S-28]: numbers are the offer's, and fit into one-byte headers. */
static void
check_extensions (char **offered, char **answered)
{
  for (guint i = 0; answered[i] != NULL; i++) {
    if (!g_str_has_prefix (answered[i], "a=extmap:"))
      continue;
    g_assert_true (has (offered, answered[i]));
    g_assert_cmpint (atoi (answered[i] + strlen ("a=extmap:")), <=, 14);
  }
}

/* [S-19 S-31] */
static void
check_rtp (char **offered, char **answered, const char *direction)
{
  gboolean is_video = g_str_has_prefix (answered[0], "m=video");
  guint n_directions = 0;

  for (guint i = 0; answered[i] != NULL; i++)
    n_directions += strcmp (answered[i], "a=inactive") == 0 ||
                    strcmp (answered[i], "a=sendrecv") == 0 ||
                    strcmp (answered[i], "a=sendonly") == 0 ||
                    strcmp (answered[i], "a=recvonly") == 0;
  g_assert_cmpuint (n_directions, ==, 1);
  g_assert_true (has (answered, direction) || has (answered, "a=inactive"));

  g_assert_true (has (answered, "a=rtcp-mux"));
  g_assert_true (has (answered, "a=rtcp-mux-only"));
  g_assert_cmpint (has (answered, "a=rtcp-rsize"), ==,
                   has (offered, "a=rtcp-rsize"));
  check_extensions (offered, answered);
  check_formats (offered, answered);
  if (has (answered, "a=sendonly"))
    check_sent (answered, is_video);
  else
    g_assert_cmpuint (count (answered, "a=ssrc") + count (answered, "a=msid"),
                      ==, 0);
}

static const char *
setup_for (const Text *offer)
{
  for (guint i = 0; i < offer->sections->len; i++)
    if (has (lines_of (offer, i), "a=setup:active"))
      return "passive";
  return "active";
}

/* [S-23 S-24] */
static void
check_candidates (char **answered)
{
  g_assert_cmpuint (count (answered, "a=candidate:"), ==, 2);
  g_assert_cmpstr (find (answered, "a=candidate:"), ==,
                   "1 1 udp 2130706431 192.0.2.1 8189 typ host");
  g_assert_true (has (answered, "a=end-of-candidates"));
}

/* @direction: of what is used. */
static void
check_answer (const char *offer_text, const char *answer_text,
              const char *direction)
{
  g_autoptr (Text) offer = text_new (offer_text);
  g_autoptr (Text) answer = text_new (answer_text);
  const char *setup = setup_for (offer);
  guint n_tagged = 0;

  check_bytes (answer_text);
  check_session (offer, answer);
  g_assert_cmpuint (offer->sections->len, ==, answer->sections->len);
  check_bundle (offer, answer);
  for (guint i = 1; i < answer->sections->len; i++) {
    char **offered = lines_of (offer, i), **answered = lines_of (answer, i);

    check_shape (offered, answered);
    if (is_rejected (answered)) {
      check_rejected (answered);
      continue;
    }
    check_transport (answered, setup);
    if (!g_str_has_prefix (answered[0], "m=application"))
      check_rtp (offered, answered, direction);
    if (has (answered, "a=end-of-candidates")) {
      check_candidates (answered);
      n_tagged++;
    }
  }
  g_assert_cmpuint (n_tagged, ==, 1);
}

static char *
write_answer (const WcSdpPlan *plan, gboolean own_feedback)
{
  WcAddress candidates[2];
  const WcSdpAnswerParams params = {
      .ufrag = "srvu",
      .pwd = "srvpwdsrvpwdsrvpwdsrvpwdsrvpwd12",
      .fingerprint = FINGERPRINT,
      .candidates = candidates,
      .n_candidates = G_N_ELEMENTS (candidates),
      .stream_id = "stream",
      .cname = "whepcast",
      .ssrc = {1111, 2222},
      .rtx_ssrc = {0, 3333},
      .session_id = 42,
      .own_feedback = own_feedback,
  };

  g_assert_true (wc_address_parse (&candidates[0], "192.0.2.1", 8189));
  g_assert_true (wc_address_parse (&candidates[1], "2001:db8::1", 8189));
  return wc_sdp_answer_write (plan, &params);
}
