/* SPDX-License-Identifier: MIT */
#include "http/head.h"

#include "http/target.h"

#include <string.h>

#define MAX_LENGTH_DIGITS 15

static gboolean
refuse (WcHeadProblem *problem, guint status, const char *detail)
{
  problem->status = status;
  problem->detail = detail;
  return FALSE;
}

static WcHeadScan
bad (WcHeadProblem *problem, guint status, const char *detail)
{
  refuse (problem, status, detail);
  return WC_HEAD_BAD;
}

/* token of RFC 9110 section 5.6.2 */
static gboolean
is_token_char (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-.^_`|~", c));
}

static gboolean
is_token (const char *text)
{
  if (text[0] == '\0')
    return FALSE;
  for (; *text != '\0'; text++)
    if (!is_token_char (*text))
      return FALSE;
  return TRUE;
}

WcHeadScan
wc_head_scan (WcHeadScanner *scanner, const char *data, gsize size,
              WcHeadProblem *problem)
{
  /* One empty line before a request is forgiven (RFC 9112 section 2.2); what
   * is no text at all, as TLS to a port without it, is told at once. */
  if (size > 0 && data[0] != '\r' && !is_token_char (data[0]))
    return bad (problem, 400, "this is not HTTP");

  while (scanner->cursor < MIN (size, WC_HEAD_MAX_SIZE)) {
    if (data[scanner->cursor++] != '\n')
      continue;
    gsize line = scanner->line, length = scanner->cursor - line;
    if (length < 2 || data[scanner->cursor - 2] != '\r')
      return bad (problem, 400, "a line ends without CR LF");
    if (length == 2 && line > 2)
      return WC_HEAD_END;
    if (length == 2 && line == 2)
      return bad (problem, 400, "empty lines instead of a request");
    scanner->line = scanner->cursor;
  }
  if (size < WC_HEAD_MAX_SIZE)
    return WC_HEAD_MORE;
  return scanner->line <= 2 ? bad (problem, 414, "the request line is too long")
                            : bad (problem, 431, "the fields are too large");
}

/* Cuts the line at *@cursor off. The text is a scanned head: each line has its
 * CR LF. */
static char *
take_line (char **cursor)
{
  char *line = *cursor, *end = strchr (line, '\n');

  end[-1] = '\0';
  *cursor = end + 1;
  return line;
}

static gboolean
parse_version (WcHead *head, const char *version, WcHeadProblem *problem)
{
  head->is_http_1_0 = strcmp (version, "HTTP/1.0") == 0;
  head->closes = head->is_http_1_0;
  if (head->is_http_1_0 || strcmp (version, "HTTP/1.1") == 0)
    return TRUE;
  if (g_str_has_prefix (version, "HTTP/") && g_ascii_isdigit (version[5]) &&
      version[6] == '.' && g_ascii_isdigit (version[7]) && version[8] == '\0')
    return refuse (problem, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  return refuse (problem, 400, "the request line is none");
}

/* method SP request-target SP HTTP-version (RFC 9112 section 3) */
static gboolean
parse_request_line (WcHead *head, char *line, WcHeadProblem *problem)
{
  char *target = strchr (line, ' ');
  char *version = target != NULL ? strchr (target + 1, ' ') : NULL;

  if (version == NULL)
    return refuse (problem, 400, "the request line is none");
  *target++ = '\0';
  *version++ = '\0';
  if (!is_token (line))
    return refuse (problem, 400, "the method is none");
  head->method = line;
  return parse_version (head, version, problem) &&
         wc_target_parse (head, target, problem);
}

/* Other control characters than the tab have no place in a value; bytes beyond
 * ASCII have one but no meaning (RFC 9110 section 5.5), so they need not reach
 * anybody. */
static gboolean
clean_value (char *value)
{
  for (; *value != '\0'; value++) {
    guchar c = (guchar)*value;
    if ((c < 0x20 && c != '\t') || c == 0x7f)
      return FALSE;
    if (c >= 0x80)
      *value = '?';
  }
  return TRUE;
}

static char *
trim (char *text)
{
  gsize length;

  text += strspn (text, " \t");
  length = strlen (text);
  while (length > 0 && strchr (" \t", text[length - 1]) != NULL)
    text[--length] = '\0';
  return text;
}

static gboolean
parse_field (WcHead *head, char *line, WcHeadProblem *problem)
{
  char *colon = strchr (line, ':');

  if (line[0] == ' ' || line[0] == '\t')
    return refuse (problem, 400, "a field goes on in the next line");
  if (colon == NULL)
    return refuse (problem, 400, "a field without a colon");
  *colon = '\0';
  if (!is_token (line))
    return refuse (problem, 400, "a field's name is none");
  if (!clean_value (colon + 1))
    return refuse (problem, 400, "a control character in a field");
  if (head->n_fields == WC_HEAD_MAX_FIELDS)
    return refuse (problem, 431, "too many fields");
  head->fields[head->n_fields++] = (WcHeadField){line, trim (colon + 1)};
  return TRUE;
}

static guint
count (const WcHead *head, const char *name)
{
  guint n = 0;

  for (guint i = 0; i < head->n_fields; i++)
    if (g_ascii_strcasecmp (head->fields[i].name, name) == 0)
      n++;
  return n;
}

const char *
wc_head_field (const WcHead *head, const char *name)
{
  for (guint i = 0; i < head->n_fields; i++)
    if (g_ascii_strcasecmp (head->fields[i].name, name) == 0)
      return head->fields[i].value;
  return NULL;
}

char *
wc_head_fields (const WcHead *head, const char *name)
{
  GString *joined = NULL;

  for (guint i = 0; i < head->n_fields; i++) {
    if (g_ascii_strcasecmp (head->fields[i].name, name) != 0)
      continue;
    if (joined == NULL)
      joined = g_string_new (head->fields[i].value);
    else
      g_string_append_printf (joined, ", %s", head->fields[i].value);
  }
  return joined != NULL ? g_string_free (joined, FALSE) : NULL;
}

/* Fields of which two would leave open which one counts. */
static gboolean
check_single (const WcHead *head, WcHeadProblem *problem)
{
  static const struct {
    const char *name, *detail;
  } single[] = {
      {"Host", "more than one Host"},
      {"Content-Length", "more than one Content-Length"},
      {"Transfer-Encoding", "more than one Transfer-Encoding"},
      {"Content-Type", "more than one Content-Type"},
      {"Authorization", "more than one Authorization"},
      {"Origin", "more than one Origin"},
      {"Expect", "more than one Expect"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (single); i++)
    if (count (head, single[i].name) > 1)
      return refuse (problem, 400, single[i].detail);
  return TRUE;
}

/* The authority of an absolute target counts instead of Host, which must be
 * there all the same (RFC 9112 section 3.2.2). */
static gboolean
parse_host (WcHead *head, WcHeadProblem *problem)
{
  const char *host = wc_head_field (head, "Host");

  if (host == NULL)
    return head->is_http_1_0 || refuse (problem, 400, "no Host");
  if (!wc_target_is_authority (host))
    return refuse (problem, 400, "the Host is none");
  if (head->host == NULL)
    head->host = host;
  return TRUE;
}

static gboolean
parse_length (WcHead *head, const char *text, WcHeadProblem *problem)
{
  gsize digits = strspn (text, "0123456789");

  if (digits == 0 || text[digits] != '\0')
    return refuse (problem, 400, "a Content-Length that is no number");
  while (digits > 1 && text[0] == '0') {
    text++;
    digits--;
  }
  if (digits > MAX_LENGTH_DIGITS)
    return refuse (problem, 413, "the body is too large");
  head->body = WC_HEAD_BODY_LENGTH;
  head->content_length = g_ascii_strtoull (text, NULL, 10);
  return TRUE;
}

/* RFC 9112 section 6 */
static gboolean
parse_framing (WcHead *head, WcHeadProblem *problem)
{
  const char *encoding = wc_head_field (head, "Transfer-Encoding");
  const char *length = wc_head_field (head, "Content-Length");

  if (encoding == NULL)
    return length == NULL || parse_length (head, length, problem);
  if (length != NULL)
    return refuse (problem, 400, "Content-Length besides Transfer-Encoding");
  if (head->is_http_1_0)
    return refuse (problem, 400, "Transfer-Encoding in HTTP/1.0");
  if (g_ascii_strcasecmp (encoding, "chunked") != 0)
    return refuse (problem, 501, "the only Transfer-Encoding is chunked");
  head->body = WC_HEAD_BODY_CHUNKED;
  return TRUE;
}

static gboolean
parse_expect (WcHead *head, WcHeadProblem *problem)
{
  const char *expect = wc_head_field (head, "Expect");

  if (expect == NULL)
    return TRUE;
  if (g_ascii_strcasecmp (expect, "100-continue") != 0)
    return refuse (problem, 417, "the only expectation is 100-continue");
  head->expects_continue =
      !head->is_http_1_0 && head->body != WC_HEAD_BODY_NONE;
  return TRUE;
}

static void
parse_connection (WcHead *head)
{
  g_autofree char *joined = wc_head_fields (head, "Connection");
  g_auto (GStrv) options = g_strsplit (joined != NULL ? joined : "", ",", -1);

  for (guint i = 0; options[i] != NULL; i++)
    if (g_ascii_strcasecmp (g_strstrip (options[i]), "close") == 0)
      head->closes = TRUE;
}

gboolean
wc_head_parse (WcHead *head, const char *data, gsize size,
               WcHeadProblem *problem)
{
  memset (head, 0, sizeof *head);
  if (memchr (data, '\0', size) != NULL)
    return refuse (problem, 400, "a NUL in the head");
  head->text = g_strndup (data, size);

  char *cursor = head->text;
  char *line = take_line (&cursor);
  if (line[0] == '\0')
    line = take_line (&cursor);
  if (!parse_request_line (head, line, problem))
    return FALSE;
  for (line = take_line (&cursor); line[0] != '\0'; line = take_line (&cursor))
    if (!parse_field (head, line, problem))
      return FALSE;
  if (!check_single (head, problem) || !parse_host (head, problem) ||
      !parse_framing (head, problem) || !parse_expect (head, problem))
    return FALSE;
  parse_connection (head);
  return TRUE;
}

void
wc_head_clear (WcHead *head)
{
  g_clear_pointer (&head->text, g_free);
  head->n_fields = 0;
}
