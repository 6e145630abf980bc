/* SPDX-License-Identifier: MIT */
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

static void
test_check_session (void)
{
  g_assert_cmpint (wc_access_check_session ("abc", NULL, FALSE), ==,
                   WC_ACCESS_GRANTED);
  g_assert_cmpint (wc_access_check_session ("abc", NULL, TRUE), ==,
                   WC_ACCESS_MISSING);
  g_assert_cmpint (wc_access_check_session ("abc", "Bearer x", FALSE), ==,
                   WC_ACCESS_INVALID);
  g_assert_cmpint (wc_access_check_session ("abc", "Bearer abc", TRUE), ==,
                   WC_ACCESS_GRANTED);
  g_assert_cmpint (wc_access_check_session (NULL, "Bearer x", TRUE), ==,
                   WC_ACCESS_GRANTED);
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
  g_test_add_func ("/access/bearer/check-session", test_check_session);
  g_test_add_func ("/access/admin-token/made", test_admin_token_made);
  g_test_add_func ("/access/admin-token/given", test_admin_token_given);
  g_test_add_func ("/access/admin-token/file", test_admin_token_file);
  return g_test_run ();
}
