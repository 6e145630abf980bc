/* SPDX-License-Identifier: MIT */
#include "http/router.h"

#include <string.h>

static void
test_match (void)
{
  g_auto (WcRouteParams) params = {0};

  g_assert_true (wc_route_match ("/whep/{id}", "/whep/cam1", &params));
  g_assert_cmpstr (params.params[0], ==, "cam1");
  g_assert_null (params.params[1]);
  wc_route_params_clear (&params);

  g_assert_true (wc_route_match ("/whep/{id}/{secret}", "/whep/a/b", &params));
  g_assert_cmpstr (params.params[0], ==, "a");
  g_assert_cmpstr (params.params[1], ==, "b");
  wc_route_params_clear (&params);

  g_assert_true (wc_route_match ("/", "/", &params));
}

static void
test_no_match (void)
{
  static const char *const paths[] = {
      "/whep",    "/whep/",      "/whep/a/",       "/whep/a/b",   "/WHEP/a",
      "/whep/.a", "/whep/a%20b", "/whep/a%2fb",    "whep/a",      "//whep/a",
      "/whep//a", "/whep/a b",   "/whep/\xc3\xa4", "/whep/a?b=c", "",
  };
  WcRouteParams params;

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_assert_false (wc_route_match ("/whep/{id}", paths[i], &params));
    g_assert_null (params.params[0]);
  }
}

static void
test_sane_paths (void)
{
  static const char *const good[] = {"/", "/a", "/a/", "/a/b.js", "/a..b"};
  static const char *const bad[] = {
      "",       "a",         "//",    "/a//b", "/..",    "/a/../b", "/.",
      "/a%2Fb", "/%2e%2e/a", "/a%00", "/a\\b", "/a%5cb", "/a b",    "/a\x7f",
  };
  g_autofree char *filler = g_strnfill (512, 'a');
  g_autofree char *too_long = g_strconcat ("/", filler, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (wc_route_path_is_sane (good[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (wc_route_path_is_sane (bad[i]));
  g_assert_false (wc_route_path_is_sane (too_long));
}

static void
test_methods (void)
{
  g_autofree char *list = wc_method_list (WC_METHOD_GET | WC_METHOD_OPTIONS |
                                          WC_METHOD_DELETE | WC_METHOD_PATCH);

  g_assert_cmpstr (list, ==, "GET, HEAD, PATCH, DELETE, OPTIONS");
  g_assert_cmpuint (wc_method_parse ("HEAD"), ==, WC_METHOD_GET);
  g_assert_cmpuint (wc_method_parse ("PUT"), ==, WC_METHOD_OTHER);
  g_assert_cmpuint (wc_method_parse ("post"), ==, WC_METHOD_OTHER);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/router/match", test_match);
  g_test_add_func ("/http/router/no-match", test_no_match);
  g_test_add_func ("/http/router/sane-paths", test_sane_paths);
  g_test_add_func ("/http/router/methods", test_methods);
  return g_test_run ();
}
