/* SPDX-License-Identifier: MIT */
#include "sdp/lines.h"

#include <string.h>

static gboolean
fail (GError **error, const char *message)
{
  g_set_error_literal (error, WC_SDP_ERROR, WC_SDP_ERROR_INVALID, message);
  return FALSE;
}

static gboolean
check_characters (const char *text, gsize size, GError **error)
{
  if (!g_utf8_validate_len (text, size, NULL))
    return fail (error, "the SDP has a NUL byte or is not valid UTF-8");

  for (gsize i = 0; i < size; i++) {
    guchar c = text[i];

    if (c == '\n' || (c == '\r' && i + 1 < size && text[i + 1] == '\n'))
      continue;
    if (c < 0x20 || c == 0x7f)
      return fail (error, "the SDP has a control character; only CR LF or LF "
                          "at line ends are allowed");
  }
  return TRUE;
}

/* @end: behind the line, without its line end. */
static gboolean
check_line (const char *line, const char *end, guint number,
            WcSdpLinesMode mode, GError **error)
{
  if (line == end && mode == WC_SDP_LINES_ALLOW_BLANK)
    return TRUE;
  if (end - line > WC_SDP_MAX_LINE) {
    g_set_error (error, WC_SDP_ERROR, WC_SDP_ERROR_INVALID,
                 "line %u: longer than %d bytes", number, WC_SDP_MAX_LINE);
    return FALSE;
  }
  if (end - line < 2 || !g_ascii_islower (line[0]) || line[1] != '=') {
    g_set_error (error, WC_SDP_ERROR, WC_SDP_ERROR_INVALID,
                 "line %u: not of the form letter=value", number);
    return FALSE;
  }
  return TRUE;
}

static char *
line_end (char *line, char **next)
{
  char *end = strchr (line, '\n');

  *next = end != NULL ? end + 1 : NULL;
  if (end == NULL)
    return line + strlen (line);
  return end > line && end[-1] == '\r' ? end - 1 : end;
}

gboolean
wc_sdp_lines_init (WcSdpLines *lines, const char *text, gsize size,
                   WcSdpLinesMode mode, GError **error)
{
  char *next;
  guint number = 1;

  memset (lines, 0, sizeof *lines);
  if (size > WC_SDP_MAX_SIZE)
    return fail (error, "the SDP is larger than 128 KiB");
  while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
    size--;
  if (size == 0)
    return fail (error, "the SDP is empty");
  if (!check_characters (text, size, error))
    return FALSE;

  lines->text = lines->next = g_strndup (text, size);
  for (char *line = lines->text; line != NULL; line = next) {
    char *end = line_end (line, &next);

    if (!check_line (line, end, number++, mode, error))
      return FALSE;
  }
  return TRUE;
}

void
wc_sdp_lines_clear (WcSdpLines *lines)
{
  g_clear_pointer (&lines->text, g_free);
}

gboolean
wc_sdp_lines_next (WcSdpLines *lines)
{
  while (lines->next != NULL) {
    char *line = lines->next;
    char *end = line_end (line, &lines->next);

    *end = '\0';
    lines->number++;
    if (end == line)
      continue;
    lines->type = line[0];
    lines->value = line + 2;
    return TRUE;
  }
  return FALSE;
}

const char *
wc_sdp_lines_attribute (WcSdpLines *lines, char **value)
{
  char *colon = strchr (lines->value, ':');

  *value = colon != NULL ? colon + 1 : NULL;
  if (colon != NULL)
    *colon = '\0';
  return lines->value;
}

gboolean
wc_sdp_lines_fail (const WcSdpLines *lines, GError **error, WcSdpError code,
                   const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, WC_SDP_ERROR, code, "line %u: %s", lines->number,
               message);
  return FALSE;
}

char *
wc_sdp_take_word (char **cursor)
{
  char *word, *end;

  if (*cursor == NULL)
    return NULL;
  word = *cursor + strspn (*cursor, " ");
  if (*word == '\0') {
    *cursor = NULL;
    return NULL;
  }
  end = strchr (word, ' ');
  *cursor = end != NULL ? end + 1 : NULL;
  if (end != NULL)
    *end = '\0';
  return word;
}

gboolean
wc_sdp_parse_uint (const char *text, guint max, guint *value)
{
  guint64 parsed;

  if (text == NULL ||
      !g_ascii_string_to_unsigned (text, 10, 0, max, &parsed, NULL))
    return FALSE;
  *value = (guint)parsed;
  return TRUE;
}

gboolean
wc_sdp_is_token (const char *text, gsize max, const char *also)
{
  gsize size = text != NULL ? strlen (text) : 0;

  if (size == 0 || size > max)
    return FALSE;
  for (gsize i = 0; i < size; i++) {
    if (g_ascii_isalnum (text[i]) || strchr ("!#$%&'*+-.^_`{|}~", text[i]))
      continue;
    if (also == NULL || strchr (also, text[i]) == NULL)
      return FALSE;
  }
  return TRUE;
}
