/* SPDX-License-Identifier: MIT */
/* The gate's head parser and chunk decoder, fed as a connection would: cut
 * anywhere. The first byte says where. What is forwarded must be a head again,
 * and the same. */
#include "http/chunks.h"
#include "http/forward.h"
#include "http/head.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

#define BODY_LIMIT 4096

static void
check_forwarded (const WcHead *head, const GByteArray *body)
{
  static char all[] = "0.0.0.0/0";
  static char *list[] = {all, NULL};
  g_autoptr (WcProxies) proxies = wc_proxies_new (list);
  g_autoptr (GString) text =
      wc_forward_write (head, body, proxies, "192.0.2.1", FALSE);
  WcHeadScanner scanner = {0};
  WcHeadProblem problem = {0};

  if (text->len >= WC_HEAD_MAX_SIZE)
    return;
  WcHeadScan scan = wc_head_scan (&scanner, text->str, text->len, &problem);
  g_assert_cmpint (scan, ==, WC_HEAD_END);
  g_auto (WcHead) again;
  gboolean parsed = wc_head_parse (&again, text->str, scanner.cursor, &problem);
  if (!parsed && problem.status == 431)
    return; /* 100 fields, and ours besides */
  g_assert_true (parsed);
  g_assert_cmpstr (again.method, ==, head->method);
  g_assert_cmpstr (again.path, ==, head->path);
  g_assert_cmpstr (again.query, ==, head->query);
  g_assert_cmpstr (again.host, ==, head->host);
  g_assert_cmpuint (text->len - scanner.cursor, ==, body->len);
}

static void
take_body (const WcHead *head, const char *text, gsize size, gsize step)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  WcChunks chunks = {0};
  WcChunksResult result = WC_CHUNKS_MORE;
  gsize at = 0, used;

  while (head->body == WC_HEAD_BODY_CHUNKED && result == WC_CHUNKS_MORE &&
         at < size) {
    result = wc_chunks_decode (&chunks, text + at, MIN (step, size - at), &used,
                               body, BODY_LIMIT);
    g_assert_true (used > 0 && body->len <= BODY_LIMIT);
    at += used;
  }
  if (!g_str_equal (head->path, "*"))
    check_forwarded (head, body);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  WcHeadScanner scanner = {0};
  WcHeadScan scan = WC_HEAD_MORE;
  WcHeadProblem problem = {0};

  if (size < 2)
    return 0;
  gsize step = 1 + data[0];
  /* Not longer than it is, so that AddressSanitizer sees the end. */
  g_autofree char *text = g_memdup2 (data + 1, --size);
  for (gsize n = MIN (step, size); scan == WC_HEAD_MORE;
       n = MIN (n + step, size)) {
    scan = wc_head_scan (&scanner, text, n, &problem);
    g_assert_true (scanner.cursor <= n);
    if (n == size)
      break;
  }
  if (scan != WC_HEAD_END)
    return 0;
  g_auto (WcHead) head;
  if (wc_head_parse (&head, text, scanner.cursor, &problem))
    take_body (&head, text + scanner.cursor, size - scanner.cursor, step);
  else
    g_assert_true (problem.status >= 400 && problem.detail != NULL);
  return 0;
}
