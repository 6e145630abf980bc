/* SPDX-License-Identifier: MIT */
/* Retry-After: numbers, the three forms of dates, and what is neither. */
#include "ingest/retry-after.h"

/* Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110 section 5.6.7 */
#define THEN 784111777

static void
test_numbers (void)
{
  g_assert_cmpuint (wc_retry_after_parse ("0", THEN, 300), ==, 0);
  g_assert_cmpuint (wc_retry_after_parse ("17", THEN, 300), ==, 17);
  g_assert_cmpuint (wc_retry_after_parse ("300", THEN, 300), ==, 300);
  g_assert_cmpuint (wc_retry_after_parse ("301", THEN, 300), ==, 300);
  g_assert_cmpuint (wc_retry_after_parse ("99999999999999999999999", THEN, 300),
                    ==, 300);
}

static void
test_dates (void)
{
  static const char *const forms[] = {
      "Sun, 06 Nov 1994 08:49:37 GMT",
      "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++) {
    g_test_message ("%s", forms[i]);
    g_assert_cmpuint (wc_retry_after_parse (forms[i], THEN - 40, 300), ==, 40);
    g_assert_cmpuint (wc_retry_after_parse (forms[i], THEN - 400, 300), ==,
                      300);
    g_assert_cmpuint (wc_retry_after_parse (forms[i], THEN, 300), ==, 0);
    g_assert_cmpuint (wc_retry_after_parse (forms[i], THEN + 40, 300), ==, 0);
  }
}

static void
test_neither (void)
{
  static const char *const bad[] = {"",    "-1",   "+5",          "5 s",
                                    "1.5", "soon", "Sun, 06 Nov", "0x10"};

  g_assert_cmpuint (wc_retry_after_parse (NULL, 0, 300), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_test_message ("%s", bad[i]);
    g_assert_cmpuint (wc_retry_after_parse (bad[i], 0, 300), ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/retry-after/numbers", test_numbers);
  g_test_add_func ("/retry-after/dates", test_dates);
  g_test_add_func ("/retry-after/neither", test_neither);
  return g_test_run ();
}
