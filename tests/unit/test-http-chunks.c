/* SPDX-License-Identifier: MIT */
#include "http/chunks.h"

#include <string.h>

#define LIMIT 64

/* Decodes @text in pieces of @step bytes; @used is how much was taken. */
static WcChunksResult
decode (const char *text, gsize step, GByteArray *body, gsize *used)
{
  WcChunks chunks = {0};
  WcChunksResult result = WC_CHUNKS_MORE;
  gsize size = strlen (text), n;

  *used = 0;
  while (result == WC_CHUNKS_MORE && *used < size) {
    result = wc_chunks_decode (&chunks, text + *used, MIN (step, size - *used),
                               &n, body, LIMIT);
    *used += n;
  }
  return result;
}

static void
check (const char *text, WcChunksResult expected, const char *content,
       const char *rest)
{
  for (gsize step = 1; step <= strlen (text); step++) {
    g_autoptr (GByteArray) body = g_byte_array_new ();
    gsize used;
    g_assert_cmpint (decode (text, step, body, &used), ==, expected);
    if (content != NULL)
      g_assert_cmpmem (body->data, body->len, content, strlen (content));
    if (rest != NULL)
      g_assert_cmpstr (text + used, ==, rest);
  }
}

static void
test_good (void)
{
  check ("0\r\n\r\n", WC_CHUNKS_END, "", "");
  check ("3\r\nv=0\r\n0\r\n\r\nGET", WC_CHUNKS_END, "v=0", "GET");
  check ("1\r\na\r\n0000A\r\n0123456789\r\n0\r\n\r\n", WC_CHUNKS_END,
         "a0123456789", "");
  check ("1;a=\"b\"\r\na\r\n0;x\r\nT: r\r\nU:\r\n\r\nrest", WC_CHUNKS_END, "a",
         "rest");
  check ("3\r\nv=", WC_CHUNKS_MORE, "v=", "");
}

static void
test_bad (void)
{
  static const char *const bad[] = {
      "\r\n",           "g\r\n",      "+1\r\n",
      " 1\r\n",         "1 \r\n",     "1\n",
      "1\r\r",          "0x1\r\n",    "000000001\r\n",
      ";a\r\n",         "1;a\n",      "1\r\naX",
      "1\r\na\n",       "1\r\na\rX",  "0\r\n\n",
      "0\r\n: x\r\n",   "0\r\nX\n",   "0\r\n X: y\r\n",
      "0\r\nX: y\r\rX", "1;\x01\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    check (bad[i], WC_CHUNKS_BAD, NULL, NULL);
}

static void
test_limit (void)
{
  g_autofree char *whole = g_strnfill (LIMIT, 'a');
  g_autofree char *fits = g_strdup_printf ("40\r\n%s\r\n0\r\n\r\n", whole);
  g_autofree char *more = g_strdup_printf ("40\r\n%s\r\n1\r\n", whole);

  check (fits, WC_CHUNKS_END, whole, "");
  check (more, WC_CHUNKS_TOO_LARGE, NULL, NULL);
  check ("41\r\n", WC_CHUNKS_TOO_LARGE, "", NULL);
  check ("ffffffff\r\n", WC_CHUNKS_TOO_LARGE, "", NULL);
}

/* Nothing but extensions or trailers does not go on for ever. */
static void
test_overhead (void)
{
  WcChunks chunks = {0};
  g_autoptr (GByteArray) body = g_byte_array_new ();
  WcChunksResult result = WC_CHUNKS_MORE;
  guint n_chunks = 0;
  gsize used;

  while (result == WC_CHUNKS_MORE && n_chunks < LIMIT) {
    static const char chunk[] = "1;0123456789012345678901234567890123456789"
                                "0123456789012345678901234567890123456789\r\n"
                                "a\r\n";
    result =
        wc_chunks_decode (&chunks, chunk, strlen (chunk), &used, body, 1000);
    n_chunks++;
  }
  g_assert_cmpint (result, ==, WC_CHUNKS_BAD);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/chunks/good", test_good);
  g_test_add_func ("/http/chunks/bad", test_bad);
  g_test_add_func ("/http/chunks/limit", test_limit);
  g_test_add_func ("/http/chunks/overhead", test_overhead);
  return g_test_run ();
}
