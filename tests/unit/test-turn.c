/* SPDX-License-Identifier: MIT */
#include "access/admin-token.h"
#include "access/turn.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define NOW_US (G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC)

/* Of `[ice]` and what @keys says; the links of user "u1". */
static char **
links_of (const char *keys)
{
  g_autofree char *text = g_strconcat ("[ice]\n", keys, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (WcConfig) config =
      wc_config_parse ("test.conf", text, strlen (text), NULL, &error);

  g_assert_no_error (error);
  g_autoptr (WcTurn) turn = wc_turn_new (config, &error);
  g_assert_no_error (error);
  char **links = wc_turn_links (turn, "u1", NOW_US);
  g_assert_cmpuint (g_strv_length (links), ==, wc_turn_n_servers (turn));
  return links;
}

/* The very form that clients take apart by position. */
static void
test_static (void)
{
  g_auto (GStrv) none = links_of ("");
  g_auto (GStrv) links =
      links_of ("ice-servers=stun:h:3478,turn:h:3478?transport=udp,"
                "turns:[2001:db8::1]:5349?transport=tcp\n"
                "turn-username=u\nturn-password=p\n");

  g_assert_cmpuint (g_strv_length (none), ==, 0);
  g_assert_cmpuint (g_strv_length (links), ==, 3);
  g_assert_cmpstr (links[0], ==, "<stun:h:3478>; rel=\"ice-server\"");
  g_assert_cmpstr (links[1], ==,
                   "<turn:h:3478?transport=udp>; rel=\"ice-server\"; "
                   "username=\"u\"; credential=\"p\"; "
                   "credential-type=\"password\"");
  g_assert_cmpstr (links[2], ==,
                   "<turns:[2001:db8::1]:5349?transport=tcp>; "
                   "rel=\"ice-server\"; username=\"u\"; credential=\"p\"; "
                   "credential-type=\"password\"");
}

static void
test_escaping (void)
{
  g_auto (GStrv) links = links_of ("ice-servers=turn:h\nturn-username=a\"b\n"
                                   "turn-password=c\\\\d\"\n");

  g_assert_cmpstr (links[0], ==,
                   "<turn:h>; rel=\"ice-server\"; username=\"a\\\"b\"; "
                   "credential=\"c\\\\d\\\"\"; "
                   "credential-type=\"password\"");
}

/* By: printf 1700003600:u1 | openssl dgst -sha1 -hmac s3cr3t -binary | base64
 */
#define LIMITED                                                                \
  "<turn:h>; rel=\"ice-server\"; username=\"1700003600:u1\"; "                 \
  "credential=\"3AN3VdtQV94sMjb/WffUK6X6ttk=\"; credential-type=\"password\""

static void
test_limited (void)
{
  g_auto (GStrv) links = links_of ("ice-servers=turn:h\nturn-secret=s3cr3t\n"
                                   "turn-ttl-ms=3600000\n");

  g_assert_cmpstr (links[0], ==, LIMITED);
}

static void
test_secret_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("whepcast-turn-XXXXXX", &path, &error);

  g_assert_no_error (error);
  close (fd);
  g_assert_true (g_file_set_contents (path, "s3cr3t\n", -1, NULL));
  g_autofree char *keys = g_strdup_printf (
      "ice-servers=turn:h\nturn-secret-file=%s\nturn-ttl-ms=3600000\n", path);
  g_auto (GStrv) links = links_of (keys);
  g_assert_cmpstr (links[0], ==, LIMITED);

  WcConfig config = {.turn_secret_file = path};
  g_assert_true (g_file_set_contents (path, "two words\n", -1, NULL));
  g_assert_null (wc_turn_new (&config, &error));
  g_assert_error (error, WC_ACCESS_ERROR, WC_ACCESS_ERROR_VALUE);
  g_assert_null (strstr (error->message, "two words"));
  g_clear_error (&error);
  g_remove (path);
  g_assert_null (wc_turn_new (&config, &error));
  g_assert_error (error, WC_ACCESS_ERROR, WC_ACCESS_ERROR_READ);
  g_assert_nonnull (strstr (error->message, "turn-secret-file"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/access/turn/X-01", test_static);
  g_test_add_func ("/access/turn/X-04", test_escaping);
  g_test_add_func ("/access/turn/limited", test_limited);
  g_test_add_func ("/access/turn/secret-file", test_secret_file);
  return g_test_run ();
}
