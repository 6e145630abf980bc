/* SPDX-License-Identifier: MIT */
#include "sdp/fragment.h"

#include "sdp/candidate.h"
#include "sdp/lines.h"
#include "sdp/transport.h"

typedef struct {
  WcSdpLines lines;
  WcSdpFragment *fragment;
  GHashTable *seen; /* set of owned WcAddress; the same under every mid */
  gboolean has_content;
} Parser;

void
wc_sdp_fragment_free (WcSdpFragment *fragment)
{
  g_free (fragment->ufrag);
  g_free (fragment->pwd);
  g_free (fragment);
}

/* Clients write them at session level or in a section or in each: all must
 * say the same. */
static gboolean
set_credential (Parser *parser, char **field, const char *value,
                gboolean is_valid, const char *rule, GError **error)
{
  if (!is_valid)
    return wc_sdp_lines_fail (&parser->lines, error, WC_SDP_ERROR_INVALID,
                              "a=ice-ufrag or a=ice-pwd must be %s", rule);
  if (*field == NULL)
    *field = g_strdup (value);
  if (!g_str_equal (*field, value))
    return wc_sdp_lines_fail (&parser->lines, error, WC_SDP_ERROR_INVALID,
                              "a=ice-ufrag or a=ice-pwd differs from the one "
                              "before; a fragment is of one generation");
  return TRUE;
}

static void
add_candidate (Parser *parser, char *value)
{
  WcAddress address;

  if (g_hash_table_size (parser->seen) >= WC_SDP_MAX_CANDIDATES ||
      !wc_sdp_candidate_parse (value, &address))
    return;
  g_hash_table_add (parser->seen, g_memdup2 (&address, sizeof address));
  parser->fragment->n_candidates = g_hash_table_size (parser->seen);
}

static gboolean
parse_attribute (Parser *parser, GError **error)
{
  WcSdpFragment *fragment = parser->fragment;
  char *value;
  const char *name = wc_sdp_lines_attribute (&parser->lines, &value);

  if (g_str_equal (name, "ice-ufrag"))
    return set_credential (parser, &fragment->ufrag, value,
                           wc_sdp_is_ufrag (value), WC_SDP_UFRAG_RULE, error);
  if (g_str_equal (name, "ice-pwd"))
    return set_credential (parser, &fragment->pwd, value, wc_sdp_is_pwd (value),
                           WC_SDP_PWD_RULE, error);
  if (g_str_equal (name, "candidate"))
    add_candidate (parser, value);
  else if (g_str_equal (name, "end-of-candidates"))
    fragment->end_of_candidates = TRUE;
  return TRUE;
}

/* The pseudo m-lines repeat anything (MediaMTX the whole of the offer's, others
 * "9 RTP/AVP 0"): they only part the sections, and all are one transport. The
 * "a=" without a name is how MediaMTX's reader writes Firefox's last, empty
 * candidate. */
static gboolean
parse_lines (Parser *parser, GError **error)
{
  while (wc_sdp_lines_next (&parser->lines)) {
    parser->has_content |=
        parser->lines.type == 'm' || parser->lines.type == 'a';
    if (parser->lines.type == 'a' && !parse_attribute (parser, error))
      return FALSE;
  }
  if (parser->has_content)
    return TRUE;
  g_set_error_literal (error, WC_SDP_ERROR, WC_SDP_ERROR_INVALID,
                       "the fragment has neither a= nor m= lines; it must be "
                       "an application/trickle-ice-sdpfrag");
  return FALSE;
}

WcSdpFragment *
wc_sdp_fragment_parse (const char *text, gsize size, GError **error)
{
  g_autoptr (WcSdpFragment) fragment = g_new0 (WcSdpFragment, 1);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (
      wc_address_hash_func, wc_address_equal_func, g_free, NULL);
  Parser parser = {.fragment = fragment, .seen = seen};
  gboolean ok;

  ok = wc_sdp_lines_init (&parser.lines, text, size, WC_SDP_LINES_ALLOW_BLANK,
                          error) &&
       parse_lines (&parser, error);
  wc_sdp_lines_clear (&parser.lines);
  return ok ? g_steal_pointer (&fragment) : NULL;
}
