/* SPDX-License-Identifier: MIT */
/* URLs of sources and the passwords in them. */
#include "config/url.h"

static const char *const rtsp[] = {"rtsp", "rtsps", NULL};

static void
test_check (void)
{
  static const char *const good[] = {
      "rtsp://cam/", "RTSPS://cam.example:322/a?b=c",
      "rtsp://u:p@[2001:db8::1]/", "rtsp://192.0.2.1:554"};
  static const struct {
    const char *url, *word;
  } bad[] = {
      {"cam/stream", "no URL"},        {"http://cam/", "scheme"},
      {"rtsp:///stream", "no host"},   {"rtsp://cam:0/", "port 0"},
      {"rtsp://cam:99999/", "no URL"}, {"", "no URL"},
      {"rtsp://[::1/", "no URL"},      {"file:///etc/passwd", "scheme"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autofree char *wrong = wc_url_check (good[i], rtsp);
    g_assert_cmpstr (wrong, ==, NULL);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *wrong = wc_url_check (bad[i].url, rtsp);
    g_assert_nonnull (wrong);
    g_assert_nonnull (g_strrstr (wrong, bad[i].word));
  }
}

static void
check_round_trip (const char *url, const char *hidden)
{
  g_autofree char *shown = wc_url_hide_password (url);
  g_autofree char *restored = wc_url_restore_password (shown, url);

  g_assert_cmpstr (shown, ==, hidden);
  g_assert_cmpstr (restored, ==, url);
}

static void
test_password (void)
{
  check_round_trip ("rtsp://cam/a", "rtsp://cam/a");
  check_round_trip ("rtsp://u@cam/a", "rtsp://u@cam/a");
  check_round_trip ("rtsp://u:p%40ss@cam:8554/a?b=1",
                    "rtsp://u:***@cam:8554/a?b=1");
  check_round_trip ("rtsp://u:p:q@cam/", "rtsp://u:***@cam/");
}

/* A hidden password must not be sent to another host. */
static void
test_other_host (void)
{
  const char *url = "rtsp://u:***@evil/a";

  g_assert_null (wc_url_restore_password (url, "rtsp://u:p@cam/a"));
  g_assert_null (wc_url_restore_password (url, "rtsp://evil/a"));
  g_assert_null (wc_url_restore_password (url, NULL));
}

static void
check_split (const char *url, const char *wanted, const char *wanted_user,
             const char *wanted_password)
{
  char *user, *password;
  g_autofree char *plain = wc_url_split_user (url, &user, &password);

  g_assert_cmpstr (plain, ==, wanted);
  g_assert_cmpstr (user, ==, wanted_user);
  g_assert_cmpstr (password, ==, wanted_password);
  g_free (user);
  g_free (password);
}

static void
test_split (void)
{
  check_split ("rtsp://cam/a", "rtsp://cam/a", NULL, NULL);
  check_split ("rtsp://u@cam/a", "rtsp://cam/a", "u", NULL);
  check_split ("rtsp://u:p%40s%3As@cam:8554/a%20b?c=%26",
               "rtsp://cam:8554/a%20b?c=%26", "u", "p@s:s");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/url/check", test_check);
  g_test_add_func ("/url/password", test_password);
  g_test_add_func ("/url/other-host", test_other_host);
  g_test_add_func ("/url/split", test_split);
  return g_test_run ();
}
