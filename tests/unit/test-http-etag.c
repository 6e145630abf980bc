/* SPDX-License-Identifier: MIT */
#include "http/etag.h"

#define ETAG "\"5ca1ab1e\""

static void
test_if_match (void)
{
  static const struct {
    const char *field;
    WcIfMatch expected;
  } cases[] = {
      {NULL, WC_IF_MATCH_MISSING},
      {"*", WC_IF_MATCH_ANY},
      {" * ", WC_IF_MATCH_ANY},
      {"\"*\"", WC_IF_MATCH_ANY}, /* as the examples of RFC 9725 print it */
      {ETAG, WC_IF_MATCH_SAME},
      {"  " ETAG, WC_IF_MATCH_SAME},
      {"\"x\", " ETAG, WC_IF_MATCH_SAME},
      {"\"x\"," ETAG ", \"y\"", WC_IF_MATCH_SAME},
      {"\"a, b\", " ETAG, WC_IF_MATCH_SAME},
      {"W/\"x\", " ETAG, WC_IF_MATCH_SAME},
      {"W/" ETAG, WC_IF_MATCH_OTHER}, /* comparison is strong */
      {"\"nope\"", WC_IF_MATCH_OTHER},
      {"\"nope\", W/" ETAG, WC_IF_MATCH_OTHER},
      {"", WC_IF_MATCH_OTHER},
      {"5ca1ab1e", WC_IF_MATCH_OTHER},
      {"\"5ca1ab1e", WC_IF_MATCH_OTHER},
      {"x " ETAG, WC_IF_MATCH_OTHER},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpuint (wc_etag_if_match (cases[i].field, ETAG), ==,
                      cases[i].expected);
}

static void
test_if_none_match (void)
{
  g_assert_false (wc_etag_if_none_match (NULL, ETAG));
  g_assert_false (wc_etag_if_none_match ("\"x\"", ETAG));
  g_assert_true (wc_etag_if_none_match (ETAG, ETAG));
  g_assert_true (wc_etag_if_none_match ("W/" ETAG, ETAG));
  g_assert_true (wc_etag_if_none_match ("\"x\", " ETAG, ETAG));
  g_assert_true (wc_etag_if_none_match ("*", ETAG));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/etag/if-match", test_if_match);
  g_test_add_func ("/http/etag/if-none-match", test_if_none_match);
  return g_test_run ();
}
