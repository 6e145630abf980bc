/* SPDX-License-Identifier: MIT */
#include "http/target.h"

#include <string.h>

#define MAX_AUTHORITY 255
#define MAX_PORT_DIGITS 5

static gboolean
refuse (WcHeadProblem *problem, guint status, const char *detail)
{
  problem->status = status;
  problem->detail = detail;
  return FALSE;
}

static gboolean
is_port (const char *text)
{
  gsize digits = strspn (text, "0123456789");

  return digits >= 1 && digits <= MAX_PORT_DIGITS && text[digits] == '\0';
}

static gboolean
is_name (const char *text, gsize length)
{
  if (length == 0)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) && strchr (".-_", text[i]) == NULL)
      return FALSE;
  return TRUE;
}

gboolean
wc_target_is_authority (const char *text)
{
  gsize length = strlen (text);

  if (length == 0 || length > MAX_AUTHORITY)
    return FALSE;
  if (text[0] == '[') {
    gsize inside = strspn (text + 1, "0123456789abcdefABCDEF:.");
    const char *rest = text + 1 + inside;
    return inside >= 2 && rest[0] == ']' &&
           (rest[1] == '\0' || (rest[1] == ':' && is_port (rest + 2)));
  }

  const char *colon = strchr (text, ':');
  return is_name (text, colon != NULL ? (gsize)(colon - text) : length) &&
         (colon == NULL || is_port (colon + 1));
}

/* pchar, "/" and "?" of RFC 3986 section 3.3, percent signs with two digits */
static gboolean
has_only_url_characters (const char *text)
{
  for (; *text != '\0'; text++) {
    if (*text == '%' &&
        (!g_ascii_isxdigit (text[1]) || !g_ascii_isxdigit (text[2])))
      return FALSE;
    if (!g_ascii_isalnum (*text) &&
        strchr ("-._~!$&'()*+,;=:@/?%", *text) == NULL)
      return FALSE;
  }
  return TRUE;
}

static gboolean
hides_something (const char *path)
{
  for (const char *c = strchr (path, '%'); c != NULL; c = strchr (c + 1, '%')) {
    int byte = g_ascii_xdigit_value (c[1]) * 16 + g_ascii_xdigit_value (c[2]);
    if (byte < 0x20 || byte == 0x7f || strchr ("/\\.%", byte) != NULL)
      return TRUE;
  }
  return FALSE;
}

static gboolean
has_odd_segment (const char *path)
{
  g_auto (GStrv) segments = g_strsplit (path + 1, "/", -1);

  for (guint i = 0; segments[i] != NULL; i++) {
    gboolean last = segments[i + 1] == NULL;
    if (g_str_equal (segments[i], ".") || g_str_equal (segments[i], "..") ||
        (segments[i][0] == '\0' && !last))
      return TRUE;
  }
  return FALSE;
}

static gboolean
check_path (const char *path, WcHeadProblem *problem)
{
  if (strlen (path) > WC_HEAD_MAX_PATH)
    return refuse (problem, 414, "the path is too long");
  if (!has_only_url_characters (path) || hides_something (path) ||
      has_odd_segment (path))
    return refuse (problem, 400, "not a path of this server");
  return TRUE;
}

static gboolean
parse_origin_form (WcHead *head, char *target, WcHeadProblem *problem)
{
  char *question = strchr (target, '?');

  if (question != NULL) {
    *question = '\0';
    head->query = question + 1;
    if (strlen (head->query) > WC_HEAD_MAX_QUERY)
      return refuse (problem, 414, "the query is too long");
    if (!has_only_url_characters (head->query))
      return refuse (problem, 400, "the query is none");
  }
  head->path = target;
  return check_path (head->path, problem);
}

/* The authority is moved one byte to the left, to make room for its end. */
static gboolean
parse_absolute_form (WcHead *head, char *authority, WcHeadProblem *problem)
{
  gsize length = strcspn (authority, "/?");
  char *rest = authority + length;

  memmove (authority - 1, authority, length);
  authority[length - 1] = '\0';
  head->host = authority - 1;
  if (!wc_target_is_authority (head->host))
    return refuse (problem, 400, "the target has no host");
  if (rest[0] == '/')
    return parse_origin_form (head, rest, problem);
  if (rest[0] == '\0') {
    head->path = "/";
    return TRUE;
  }
  return refuse (problem, 400, "the target has no path");
}

gboolean
wc_target_parse (WcHead *head, char *target, WcHeadProblem *problem)
{
  if (g_str_equal (head->method, "CONNECT"))
    return refuse (problem, 501, "this is no proxy");
  if (target[0] == '/')
    return parse_origin_form (head, target, problem);
  if (g_str_equal (target, "*") && g_str_equal (head->method, "OPTIONS")) {
    head->path = target;
    return TRUE;
  }
  if (g_ascii_strncasecmp (target, "http://", 7) == 0)
    return parse_absolute_form (head, target + 7, problem);
  if (g_ascii_strncasecmp (target, "https://", 8) == 0)
    return parse_absolute_form (head, target + 8, problem);
  return refuse (problem, 400, "the target is no path");
}
