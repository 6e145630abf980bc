/* SPDX-License-Identifier: MIT */
/* The table of what is refused is in tests/e2e/lib/smuggling.mjs; here is what
 * comes out of what is taken. */
#include "http/forward.h"
#include "http/head.h"

#include <string.h>

#define FIELDS "Host: cam.example:8080\r\n"

static gboolean
parse (WcHead *head, const char *text, WcHeadProblem *problem)
{
  WcHeadScanner scanner = {0};

  memset (head, 0, sizeof *head);
  if (wc_head_scan (&scanner, text, strlen (text), problem) != WC_HEAD_END)
    return FALSE;
  return wc_head_parse (head, text, scanner.cursor, problem);
}

static void
parse_good (WcHead *head, const char *text)
{
  WcHeadProblem problem = {0};

  if (!parse (head, text, &problem))
    g_error ("%s: %s", text, problem.detail);
}

static void
test_request_line (void)
{
  g_auto (WcHead) head;

  parse_good (&head, "PATCH /whep/a/b?x=%20y HTTP/1.1\r\n" FIELDS "\r\n");
  g_assert_cmpstr (head.method, ==, "PATCH");
  g_assert_cmpstr (head.path, ==, "/whep/a/b");
  g_assert_cmpstr (head.query, ==, "x=%20y");
  g_assert_cmpstr (head.host, ==, "cam.example:8080");
  g_assert_false (head.is_http_1_0);
  g_assert_false (head.closes);
  g_assert_cmpint (head.body, ==, WC_HEAD_BODY_NONE);
}

static void
test_absolute_form (void)
{
  static const struct {
    const char *target, *host, *path, *query;
  } cases[] = {
      {"http://a.example/x", "a.example", "/x", NULL},
      {"HTTPS://a.example:8443/x?y", "a.example:8443", "/x", "y"},
      {"http://[2001:db8::1]:80/", "[2001:db8::1]:80", "/", NULL},
      {"http://a.example", "a.example", "/", NULL},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (WcHead) head;
    g_autofree char *text =
        g_strdup_printf ("GET %s HTTP/1.1\r\n" FIELDS "\r\n", cases[i].target);
    parse_good (&head, text);
    g_assert_cmpstr (head.host, ==, cases[i].host);
    g_assert_cmpstr (head.path, ==, cases[i].path);
    g_assert_cmpstr (head.query, ==, cases[i].query);
  }
}

static void
test_fields (void)
{
  g_auto (WcHead) head;

  parse_good (&head, "\r\nPOST / HTTP/1.1\r\n" FIELDS
                     "x-a: \t 1 2\t \r\nEmpty:\r\nX-A:3\r\nU: \xe4\r\n"
                     "connection: keep-alive, CLOSE\r\n"
                     "Content-Length: 007\r\nExpect: 100-Continue\r\n\r\n");
  g_autofree char *joined = wc_head_fields (&head, "X-a");
  g_assert_cmpstr (joined, ==, "1 2, 3");
  g_assert_cmpstr (wc_head_field (&head, "empty"), ==, "");
  g_assert_cmpstr (wc_head_field (&head, "u"), ==, "?");
  g_assert_null (wc_head_field (&head, "x"));
  g_assert_true (head.closes);
  g_assert_true (head.expects_continue);
  g_assert_cmpint (head.body, ==, WC_HEAD_BODY_LENGTH);
  g_assert_cmpuint (head.content_length, ==, 7);
}

/* Each byte is looked at once, wherever the text is cut. */
static void
test_scan_in_pieces (void)
{
  static const char text[] = "GET / HTTP/1.1\r\n" FIELDS "\r\nGET /next";
  gsize head_size = strlen (text) - strlen ("GET /next");
  WcHeadScanner scanner = {0};
  WcHeadProblem problem;

  for (gsize size = 0; size < head_size; size++) {
    g_assert_cmpint (wc_head_scan (&scanner, text, size, &problem), ==,
                     WC_HEAD_MORE);
    g_assert_cmpuint (scanner.cursor, ==, size);
  }
  g_assert_cmpint (wc_head_scan (&scanner, text, strlen (text), &problem), ==,
                   WC_HEAD_END);
  g_assert_cmpuint (scanner.cursor, ==, head_size);
}

static void
test_size_limit (void)
{
  g_autofree char *line = g_strnfill (WC_HEAD_MAX_SIZE, 'a');
  g_autofree char *fields = g_strconcat ("GET / HTTP/1.1\r\n", line, NULL);
  WcHeadScanner first = {0}, second = {0};
  WcHeadProblem problem;

  g_assert_cmpint (wc_head_scan (&first, line, strlen (line), &problem), ==,
                   WC_HEAD_BAD);
  g_assert_cmpuint (problem.status, ==, 414);
  g_assert_cmpint (wc_head_scan (&second, fields, strlen (fields), &problem),
                   ==, WC_HEAD_BAD);
  g_assert_cmpuint (problem.status, ==, 431);
}

static void
test_forward (void)
{
  static char nginx[] = "192.0.2.1";
  static char *list[] = {nginx, NULL};
  g_auto (WcHead) head;
  g_autoptr (WcProxies) proxies = wc_proxies_new (list);
  g_autoptr (GByteArray) body = g_byte_array_new ();

  g_byte_array_append (body, (const guint8 *)"v=0", 3);
  parse_good (&head, "POST /a?b HTTP/1.1\r\n" FIELDS
                     "Range: bytes=0-1\r\nUpgrade: websocket\r\n"
                     "Connection: upgrade\r\nTransfer-Encoding: chunked\r\n"
                     "X-Forwarded-For: 198.51.100.7\r\nUser-Agent: u\r\n\r\n");
  g_autoptr (GString) text =
      wc_forward_write (&head, body, proxies, "192.0.2.1", TRUE);
  g_assert_cmpstr (text->str, ==,
                   "POST /a?b HTTP/1.1\r\nHost: cam.example:8080\r\n"
                   "User-Agent: u\r\nX-Forwarded-For: 198.51.100.7\r\n"
                   "X-Forwarded-Proto: https\r\nContent-Length: 3\r\n\r\nv=0");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/head/request-line", test_request_line);
  g_test_add_func ("/http/head/absolute-form", test_absolute_form);
  g_test_add_func ("/http/head/fields", test_fields);
  g_test_add_func ("/http/head/scan-in-pieces", test_scan_in_pieces);
  g_test_add_func ("/http/head/size-limit", test_size_limit);
  g_test_add_func ("/http/head/forward", test_forward);
  return g_test_run ();
}
