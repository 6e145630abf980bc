/* SPDX-License-Identifier: MIT */
#include "http/cors.h"

#include <string.h>

/* Fields and lists of the configuration are not const. */
#define TEXT(literal) ((char *)(literal))

#define ORIGIN "https://player.example"

static char *any[] = {TEXT ("*"), NULL};
static char *listed[] = {TEXT ("https://a.example"), TEXT (ORIGIN), NULL};
static char *foreign[] = {TEXT ("https://a.example"), NULL};

static const char *
answer_of (char *const *allowed, const char *origin, const char *name,
           SoupMessageHeaders *response)
{
  SoupMessageHeaders *request =
      soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);

  if (origin != NULL)
    soup_message_headers_append (request, "Origin", origin);
  wc_cors_apply (allowed, request, response);
  wc_cors_apply_options (allowed, request, response);
  soup_message_headers_unref (request);
  return soup_message_headers_get_one (response, name);
}

static void
check_field (char *const *allowed, const char *origin, const char *name,
             const char *expected)
{
  SoupMessageHeaders *response =
      soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);

  g_assert_cmpstr (answer_of (allowed, origin, name, response), ==, expected);
  soup_message_headers_unref (response);
}

static void
test_allow_origin (void)
{
  const char *name = "Access-Control-Allow-Origin";

  check_field (any, ORIGIN, name, "*");
  check_field (any, NULL, name, "*");
  check_field (listed, NULL, name, NULL);
  check_field (listed, ORIGIN, name, ORIGIN);
  check_field (foreign, ORIGIN, name, NULL);
  g_assert_cmpstr (wc_cors_allow_origin (listed, "HTTPS://Player.Example"), ==,
                   "HTTPS://Player.Example");
  g_assert_null (wc_cors_allow_origin (listed, ORIGIN ".evil.example"));
  g_assert_null (wc_cors_allow_origin (NULL, ORIGIN));
}

/* An answer that depends on the origin says so, also when it refuses. */
static void
test_vary (void)
{
  check_field (any, ORIGIN, "Vary", NULL);
  check_field (listed, ORIGIN, "Vary", "Origin");
  check_field (foreign, ORIGIN, "Vary", "Origin");
  check_field (foreign, NULL, "Vary", "Origin");
}

/* MediaMTX's and Eyevinn's clients read the methods of a plain OPTIONS. */
static void
test_methods_without_origin (void)
{
  const char *methods = "OPTIONS, GET, HEAD, POST, PATCH, DELETE";

  check_field (any, NULL, "Access-Control-Allow-Methods", methods);
  check_field (any, ORIGIN, "Access-Control-Allow-Methods", methods);
}

static void
test_preflight_fields (void)
{
  static const char *const needed[] = {"Authorization", "Content-Type",
                                       "If-Match", "ETag"};
  SoupMessageHeaders *response =
      soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  const char *allowed =
      answer_of (any, ORIGIN, "Access-Control-Allow-Headers", response);

  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    g_assert_nonnull (strstr (allowed, needed[i]));
  g_assert_cmpstr (
      soup_message_headers_get_one (response, "Access-Control-Max-Age"), ==,
      "86400");
  soup_message_headers_unref (response);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/cors/allow-origin", test_allow_origin);
  g_test_add_func ("/http/cors/vary", test_vary);
  g_test_add_func ("/http/cors/methods-without-origin",
                   test_methods_without_origin);
  g_test_add_func ("/http/cors/preflight-fields", test_preflight_fields);
  return g_test_run ();
}
