/* SPDX-License-Identifier: MIT */
#include "common/description.h"

#include <stdlib.h>
#include <string.h>

G_DEFINE_QUARK (tc - error - quark, tc_error)

#define WORDS(line) g_strsplit_set (line, " \t", -1)

typedef struct {
  TcDescription *description;
  TcSection *section; /* the current one, NULL in the session part */
} Parser;

static void
format_free (gpointer data)
{
  TcFormat *format = data;

  g_free (format->encoding);
  g_free (format->fmtp);
  g_free (format);
}

static void
section_free (gpointer data)
{
  TcSection *section = data;

  g_free (section->kind);
  g_free (section->mid);
  g_free (section->protocol);
  g_free (section->direction);
  g_free (section->cname);
  g_free (section->msid);
  g_ptr_array_unref (section->formats);
  g_free (section);
}

void
tc_description_free (TcDescription *description)
{
  g_free (description->text);
  g_free (description->ufrag);
  g_free (description->pwd);
  g_free (description->fingerprint);
  g_free (description->setup);
  g_free (description->bundle);
  g_array_unref (description->candidates);
  g_array_unref (description->tcp_candidates);
  g_ptr_array_unref (description->sections);
  g_free (description);
}

const TcFormat *
tc_section_find_format (const TcSection *section, guint pt)
{
  for (guint i = 0; i < section->formats->len; i++) {
    const TcFormat *format = g_ptr_array_index (section->formats, i);

    if (format->pt == pt)
      return format;
  }
  return NULL;
}

const TcSection *
tc_description_find (const TcDescription *description, WcMedia media)
{
  for (guint i = 0; i < description->sections->len; i++) {
    const TcSection *section = g_ptr_array_index (description->sections, i);

    if (section->port != 0 &&
        g_strcmp0 (section->kind, wc_media_name (media)) == 0)
      return section;
  }
  return NULL;
}

static TcFormat *
add_format (TcSection *section, guint pt)
{
  const WcCodecInfo *info = wc_codec_find_static (pt);
  TcFormat *format = g_new0 (TcFormat, 1);

  format->pt = (guint8)pt;
  format->encoding = g_strdup (info != NULL ? info->name : "");
  format->clock_rate = info != NULL ? info->clock_rate : 0;
  format->fmtp = g_strdup ("");
  format->rtx_pt = -1;
  g_ptr_array_add (section->formats, format);
  return format;
}

static void
parse_media (Parser *parser, const char *line)
{
  g_auto (GStrv) words = WORDS (line);
  TcSection *section = g_new0 (TcSection, 1);
  guint n = g_strv_length (words);

  section->kind = g_strdup (n > 0 ? words[0] : "");
  section->port = n > 1 ? (guint)atoi (words[1]) : 0;
  section->protocol = g_strdup (n > 2 ? words[2] : "");
  section->direction = g_strdup ("sendrecv");
  section->formats = g_ptr_array_new_with_free_func (format_free);
  if (strstr (section->protocol, "RTP") != NULL)
    for (guint i = 3; i < n; i++)
      add_format (section, (guint)atoi (words[i]) & 127);
  g_ptr_array_add (parser->description->sections, section);
  parser->section = section;
}

static TcFormat *
format_of (Parser *parser, const char *value)
{
  if (parser->section == NULL)
    return NULL;
  return (TcFormat *)tc_section_find_format (parser->section,
                                             (guint)atoi (value));
}

static void
parse_rtpmap (Parser *parser, const char *value)
{
  TcFormat *format = format_of (parser, value);
  const char *name = strchr (value, ' ');
  g_auto (GStrv) parts = NULL;

  if (format == NULL || name == NULL)
    return;
  parts = g_strsplit (name + 1, "/", -1);
  g_free (format->encoding);
  format->encoding = g_strdup (parts[0]);
  if (parts[0] != NULL && parts[1] != NULL)
    format->clock_rate = (guint32)atoi (parts[1]);
}

static void
parse_fmtp (Parser *parser, const char *value)
{
  TcFormat *format = format_of (parser, value);
  const char *text = strchr (value, ' ');

  if (format == NULL || text == NULL)
    return;
  g_free (format->fmtp);
  format->fmtp = g_strdup (text + 1);
}

static void
parse_feedback (Parser *parser, const char *value)
{
  const char *text = strchr (value, ' ');

  for (guint i = 0; parser->section != NULL && text != NULL &&
                    i < parser->section->formats->len;
       i++) {
    TcFormat *format = g_ptr_array_index (parser->section->formats, i);

    if (value[0] != '*' && format->pt != atoi (value))
      continue;
    format->has_nack |= strcmp (text, " nack") == 0;
    format->has_pli |= strcmp (text, " nack pli") == 0;
  }
}

static void
parse_ssrc (Parser *parser, const char *value)
{
  TcSection *section = parser->section;
  guint32 ssrc = (guint32)g_ascii_strtoull (value, NULL, 10);
  const char *cname = strstr (value, " cname:");

  if (section == NULL)
    return;
  if (section->ssrc == 0)
    section->ssrc = ssrc;
  if (cname != NULL && section->cname == NULL)
    section->cname = g_strdup (cname + strlen (" cname:"));
}

static void
parse_ssrc_group (Parser *parser, const char *value)
{
  g_auto (GStrv) words = WORDS (value);

  if (parser->section == NULL || g_strv_length (words) != 3 ||
      strcmp (words[0], "FID") != 0)
    return;
  parser->section->ssrc = (guint32)g_ascii_strtoull (words[1], NULL, 10);
  parser->section->rtx_ssrc = (guint32)g_ascii_strtoull (words[2], NULL, 10);
}

static void
parse_candidate (Parser *parser, const char *value)
{
  g_auto (GStrv) words = WORDS (value);
  WcAddress address;

  /* foundation component transport priority address port typ type ... */
  guint n = g_strv_length (words);
  if (n < 8 || strcmp (words[1], "1") != 0 ||
      !wc_address_parse (&address, words[4], (guint16)atoi (words[5])))
    return;
  if (g_ascii_strcasecmp (words[2], "udp") == 0)
    g_array_append_val (parser->description->candidates, address);
  else if (g_ascii_strcasecmp (words[2], "tcp") == 0 && n >= 10 &&
           strcmp (words[8], "tcptype") == 0 &&
           strcmp (words[9], "passive") == 0)
    g_array_append_val (parser->description->tcp_candidates, address);
}

static void
set_once (char **where, const char *value)
{
  if (*where == NULL)
    *where = g_strdup (value);
}

static void
parse_fingerprint (Parser *parser, const char *value)
{
  if (g_ascii_strncasecmp (value, "sha-256 ", 8) == 0)
    set_once (&parser->description->fingerprint, value + 8);
}

static void
parse_section_attribute (Parser *parser, const char *name, const char *value)
{
  static const char *const directions[] = {"sendonly", "recvonly", "sendrecv",
                                           "inactive", NULL};

  if (parser->section == NULL)
    return;
  if (strcmp (name, "mid") == 0) {
    set_once (&parser->section->mid, value);
  } else if (strcmp (name, "msid") == 0) {
    set_once (&parser->section->msid, value);
  } else if (g_strv_contains (directions, name)) {
    g_free (parser->section->direction);
    parser->section->direction = g_strdup (name);
  }
}

/* Transport attributes count wherever they stand: everything is bundled. */
static void
parse_session_attribute (Parser *parser, const char *name, const char *value)
{
  TcDescription *description = parser->description;

  if (strcmp (name, "ice-ufrag") == 0)
    set_once (&description->ufrag, value);
  else if (strcmp (name, "ice-pwd") == 0)
    set_once (&description->pwd, value);
  else if (strcmp (name, "setup") == 0)
    set_once (&description->setup, value);
  else if (strcmp (name, "ice-lite") == 0)
    description->ice_lite = TRUE;
  else if (strcmp (name, "end-of-candidates") == 0)
    description->end_of_candidates = TRUE;
  else if (strcmp (name, "group") == 0 && g_str_has_prefix (value, "BUNDLE "))
    set_once (&description->bundle, value + strlen ("BUNDLE "));
}

static void
parse_attribute (Parser *parser, const char *line)
{
  static const struct {
    const char *name;
    void (*parse) (Parser *parser, const char *value);
  } table[] = {
      {"rtpmap", parse_rtpmap},           {"fmtp", parse_fmtp},
      {"rtcp-fb", parse_feedback},        {"ssrc", parse_ssrc},
      {"ssrc-group", parse_ssrc_group},   {"candidate", parse_candidate},
      {"fingerprint", parse_fingerprint},
  };
  const char *colon = strchr (line, ':');
  g_autofree char *name =
      colon != NULL ? g_strndup (line, (gsize)(colon - line)) : g_strdup (line);
  const char *value = colon != NULL ? colon + 1 : "";

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    if (strcmp (table[i].name, name) == 0)
      table[i].parse (parser, value);
  parse_session_attribute (parser, name, value);
  parse_section_attribute (parser, name, value);
}

/* Takes rtx out of the formats and notes it at the format it repairs. */
static void
resolve_rtx (TcSection *section)
{
  for (guint i = section->formats->len; i > 0; i--) {
    const TcFormat *rtx = g_ptr_array_index (section->formats, i - 1);
    const char *apt = strstr (rtx->fmtp, "apt=");
    TcFormat *format;

    if (g_ascii_strcasecmp (rtx->encoding, "rtx") != 0)
      continue;
    format = apt == NULL ? NULL
                         : (TcFormat *)tc_section_find_format (
                               section, (guint)atoi (apt + 4));
    if (format != NULL)
      format->rtx_pt = rtx->pt;
    g_ptr_array_remove_index (section->formats, i - 1);
  }
}

static const char *
missing_part (const TcDescription *description)
{
  if (!g_str_has_prefix (description->text, "v=0"))
    return "v=0";
  if (description->sections->len == 0)
    return "an m= section";
  if (description->ufrag == NULL)
    return "a=ice-ufrag";
  if (description->pwd == NULL)
    return "a=ice-pwd";
  if (description->fingerprint == NULL)
    return "a=fingerprint:sha-256";
  if (description->setup == NULL)
    return "a=setup";
  return NULL;
}

TcDescription *
tc_description_parse (const char *text, GError **error)
{
  g_autoptr (TcDescription) description = g_new0 (TcDescription, 1);
  Parser parser = {.description = description};
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  description->text = g_strdup (text);
  description->candidates = g_array_new (FALSE, FALSE, sizeof (WcAddress));
  description->tcp_candidates = g_array_new (FALSE, FALSE, sizeof (WcAddress));
  description->sections = g_ptr_array_new_with_free_func (section_free);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_strchomp (lines[i]);
    if (g_str_has_prefix (lines[i], "m="))
      parse_media (&parser, lines[i] + 2);
    else if (g_str_has_prefix (lines[i], "a="))
      parse_attribute (&parser, lines[i] + 2);
  }
  for (guint i = 0; i < description->sections->len; i++)
    resolve_rtx (g_ptr_array_index (description->sections, i));
  if (missing_part (description) != NULL) {
    g_set_error (error, TC_ERROR, 0, "the description lacks %s",
                 missing_part (description));
    return NULL;
  }
  return g_steal_pointer (&description);
}
