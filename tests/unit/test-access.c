/* SPDX-License-Identifier: MIT */
#include "access/access.h"
#include "access/admin-token.h"
#include "access/bearer.h"

#include <glib/gstdio.h>
#include <string.h>

/* Fields and lists of the configuration are not const. */
#define TEXT(literal) ((char *)(literal))

static void
test_parse (void)
{
  static const struct {
    const char *field;
    gboolean bearer;
    const char *token;
  } cases[] = {
      {NULL, FALSE, NULL},
      {"", FALSE, NULL},
      {"Basic dXNlcjpwYXNz", FALSE, NULL},
      {"Bearerx abc", FALSE, NULL},
      {"Bearer abc", TRUE, "abc"},
      {"bEaReR abc", TRUE, "abc"},
      {"  Bearer   abc  ", TRUE, "abc"},
      {"Bearer a-._~+/==", TRUE, "a-._~+/=="},
      {"Bearer", TRUE, NULL},
      {"Bearer ", TRUE, NULL},
      {"Bearer a b", TRUE, NULL},
      {"Bearer a, Bearer b", TRUE, NULL}, /* two header fields */
      {"Bearer \xc3\xa4", TRUE, NULL},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *token = NULL;
    g_assert_cmpint (wc_bearer_parse (cases[i].field, &token), ==,
                     cases[i].bearer);
    g_assert_cmpstr (token, ==, cases[i].token);
  }
}

static void
test_parse_long (void)
{
  g_autofree char *filler = g_strnfill (16 * 1024, 'a');
  g_autofree char *field = g_strconcat ("Bearer ", filler, NULL);
  g_autofree char *token = NULL;

  g_assert_true (wc_bearer_parse (field, &token));
  g_assert_null (token);
}

static void
test_check (void)
{
  g_assert_cmpint (wc_access_check ("abc", "Bearer abc"), ==,
                   WC_ACCESS_GRANTED);
  g_assert_cmpint (wc_access_check ("abc", "Bearer abd"), ==,
                   WC_ACCESS_INVALID);
  g_assert_cmpint (wc_access_check ("abc", "Bearer"), ==, WC_ACCESS_INVALID);
  g_assert_cmpint (wc_access_check ("abc", NULL), ==, WC_ACCESS_MISSING);
  g_assert_cmpint (wc_access_check ("abc", "Basic x"), ==, WC_ACCESS_MISSING);
  /* Some clients send "Bearer undefined" where no token is needed. */
  g_assert_cmpint (wc_access_check (NULL, "Bearer undefined"), ==,
                   WC_ACCESS_GRANTED);
}

static WcAccess *
make_access (WcConfig *config)
{
  g_autoptr (GError) error = NULL;

  config->admin_token = TEXT ("the-admin");
  WcAccess *access = wc_access_new (config, &error);

  g_assert_no_error (error);
  return access;
}

/* Rows. */
static void
test_capability (void)
{
  static const struct {
    gboolean strict;
    const char *own, *authorization;
    WcAccessVerdict verdict;
  } cases[] = {
      {FALSE, "abc", NULL, WC_ACCESS_GRANTED},
      {TRUE, "abc", NULL, WC_ACCESS_MISSING},
      {FALSE, "abc", "Bearer x", WC_ACCESS_INVALID},
      {TRUE, "abc", "Bearer abc", WC_ACCESS_GRANTED},
      {TRUE, NULL, "Bearer x", WC_ACCESS_GRANTED},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    WcConfig config = {.session_auth_strict = cases[i].strict};
    WcMountpointSpec spec = {.id = TEXT ("cam"),
                             .watch_token = TEXT (cases[i].own)};
    g_autoptr (WcAccess) access = make_access (&config);
    g_assert_cmpint (wc_access_check_capability (access, WC_ACCESS_WATCH, &spec,
                                                 cases[i].authorization),
                     ==, cases[i].verdict);
  }
}

/* Each token opens what it is for, and nothing else (A-04, I-18). */
static void
test_actions (void)
{
  static const struct {
    const char *token;
    gboolean opens[3]; /* watch, publish, manage */
  } cases[] = {
      {"watch-it", {TRUE, FALSE, FALSE}},  {"publish-it", {FALSE, TRUE, FALSE}},
      {"manage-it", {FALSE, FALSE, TRUE}}, {"the-admin", {FALSE, FALSE, TRUE}},
      {"another", {FALSE, FALSE, FALSE}},
  };
  WcConfig config = {0};
  WcMountpointSpec spec = {.id = TEXT ("cam"),
                           .watch_token = TEXT ("watch-it"),
                           .publish_token = TEXT ("publish-it"),
                           .manage_token = TEXT ("manage-it")};
  g_autoptr (WcAccess) access = make_access (&config);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *field = g_strconcat ("Bearer ", cases[i].token, NULL);
    for (guint action = 0; action < 3; action++)
      g_assert_cmpint (
          wc_access_check_action (access, (WcAccessAction)action, &spec, field),
          ==, cases[i].opens[action] ? WC_ACCESS_GRANTED : WC_ACCESS_INVALID);
  }
  g_assert_cmpint (wc_access_check_action (access, WC_ACCESS_MANAGE, NULL,
                                           "Bearer manage-it"),
                   ==, WC_ACCESS_INVALID);
  g_assert_cmpint (
      wc_access_check_action (access, WC_ACCESS_MANAGE, NULL, NULL), ==,
      WC_ACCESS_MISSING);
}

/* With signed tokens nothing is open by itself. */
static void
test_closed_by_keys (void)
{
  g_autofree char *file = g_strdup ("/tmp/wc-access-XXXXXX");
  WcConfig config = {.jwt_keys = file};
  WcMountpointSpec spec = {.id = TEXT ("cam")};
  int fd = g_mkstemp (file);

  g_assert_true (g_file_set_contents (
      file,
      "{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\"}",
      -1, NULL));
  g_autoptr (WcAccess) access = make_access (&config);
  g_assert_cmpint (
      wc_access_check_action (access, WC_ACCESS_WATCH, &spec, NULL), ==,
      WC_ACCESS_MISSING);
  g_assert_cmpint (
      wc_access_check_action (access, WC_ACCESS_PUBLISH, &spec, "Bearer a.b.c"),
      ==, WC_ACCESS_INVALID);
  g_close (fd, NULL);
  g_unlink (file);
}

/* Row A-13. */
static void
test_attempts (void)
{
  g_autoptr (WcAttempts) attempts = wc_attempts_new ();
  gint64 now_us = 5 * G_USEC_PER_SEC;

  for (guint i = 0; i < WC_ATTEMPTS_MAX; i++) {
    g_assert_cmpuint (wc_attempts_wait_s (attempts, "a", now_us), ==, 0);
    wc_attempts_add (attempts, "a", now_us);
  }
  g_assert_cmpuint (wc_attempts_wait_s (attempts, "a", now_us), ==,
                    WC_ATTEMPTS_WINDOW_S);
  g_assert_cmpuint (wc_attempts_wait_s (attempts, "b", now_us), ==, 0);
  now_us += WC_ATTEMPTS_WINDOW_S * G_USEC_PER_SEC;
  g_assert_cmpuint (wc_attempts_wait_s (attempts, "a", now_us), ==, 0);
  wc_attempts_add (attempts, "a", now_us);
  g_assert_cmpuint (wc_attempts_wait_s (attempts, "a", now_us), ==, 0);
}

/* Made at the first start, the same at the second, and for nobody else. */
static void
test_admin_token_made (void)
{
  g_autofree char *dir = g_dir_make_tmp ("whepcast-XXXXXX", NULL);
  WcConfig config = {.state_dir = dir};
  g_autofree char *path = NULL, *again = NULL;
  g_autofree char *token = wc_admin_token_load (&config, &path, NULL);
  g_autofree char *second = wc_admin_token_load (&config, &again, NULL);
  GStatBuf status;

  g_assert_cmpuint (strlen (token), ==, 64);
  g_assert_cmpstr (token, ==, second);
  g_assert_cmpstr (path, ==, again);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0600);
  g_unlink (path);
  g_rmdir (dir);
}

static void
test_admin_token_given (void)
{
  WcConfig config = {.state_dir = TEXT ("/nonexistent"),
                     .admin_token = TEXT ("given")};
  g_autofree char *path = NULL;
  g_autofree char *token = wc_admin_token_load (&config, &path, NULL);

  g_assert_cmpstr (token, ==, "given");
  g_assert_null (path);
}

static void
test_admin_token_file (void)
{
  g_autofree char *dir = g_dir_make_tmp ("whepcast-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (dir, "token", NULL);
  WcConfig config = {.state_dir = dir, .admin_token_file = file};
  g_autofree char *path = NULL, *bad_path = NULL, *no_path = NULL;
  g_autoptr (GError) bad = NULL;
  g_autoptr (GError) missing = NULL;

  g_assert_true (g_file_set_contents (file, " from-a-file\n", -1, NULL));
  g_autofree char *token = wc_admin_token_load (&config, &path, NULL);
  g_assert_cmpstr (token, ==, "from-a-file");
  g_assert_cmpstr (path, ==, file);

  g_assert_true (g_file_set_contents (file, "two words\n", -1, NULL));
  g_assert_null (wc_admin_token_load (&config, &bad_path, &bad));
  g_assert_error (bad, WC_ACCESS_ERROR, WC_ACCESS_ERROR_VALUE);

  g_unlink (file);
  g_assert_null (wc_admin_token_load (&config, &no_path, &missing));
  g_assert_error (missing, WC_ACCESS_ERROR, WC_ACCESS_ERROR_READ);
  g_rmdir (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/access/bearer/parse", test_parse);
  g_test_add_func ("/access/bearer/parse-long", test_parse_long);
  g_test_add_func ("/access/bearer/check", test_check);
  g_test_add_func ("/access/capability", test_capability);
  g_test_add_func ("/access/actions", test_actions);
  g_test_add_func ("/access/closed-by-keys", test_closed_by_keys);
  g_test_add_func ("/access/attempts", test_attempts);
  g_test_add_func ("/access/admin-token/made", test_admin_token_made);
  g_test_add_func ("/access/admin-token/given", test_admin_token_given);
  g_test_add_func ("/access/admin-token/file", test_admin_token_file);
  return g_test_run ();
}
