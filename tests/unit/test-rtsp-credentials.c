/* SPDX-License-Identifier: MIT */
/* Who has the token of a mountpoint that is published to by RTSP. */
#include "ingest/rtsp-credentials.h"

#include <string.h>

#define TOKEN "open-sesame"
#define NONCE "abc"
#define URI "rtsp://h/cam"

static gboolean
match (const char *authorization, const char *query)
{
  GstRTSPMessage request = {0};
  gboolean result;

  gst_rtsp_message_init_request (&request, GST_RTSP_ANNOUNCE, URI);
  if (authorization != NULL)
    gst_rtsp_message_add_header (&request, GST_RTSP_HDR_AUTHORIZATION,
                                 authorization);
  result = wc_rtsp_credentials_match (&request, query, TOKEN, NONCE);
  gst_rtsp_message_unset (&request);
  return result;
}

static void
test_none (void)
{
  g_assert_false (match (NULL, NULL));
  g_assert_false (match ("", NULL));
  g_assert_false (match ("Bearer " TOKEN, NULL));
}

static void
test_query (void)
{
  g_assert_true (match (NULL, "token=" TOKEN));
  g_assert_true (match (NULL, "a=b&token=open%2Dsesame"));
  g_assert_false (match (NULL, "token="));
  g_assert_false (match (NULL, "token=open"));
  g_assert_false (match (NULL, "xtoken=" TOKEN));
  g_assert_false (match (NULL, "token=%"));
}

static gboolean
match_basic (const char *pair)
{
  g_autofree char *encoded =
      g_base64_encode ((const guchar *)pair, strlen (pair));
  g_autofree char *value = g_strconcat ("Basic ", encoded, NULL);

  return match (value, NULL);
}

static void
test_basic (void)
{
  g_assert_true (match_basic ("anybody:" TOKEN));
  g_assert_true (match_basic (":" TOKEN));
  g_assert_false (match_basic (TOKEN));
  g_assert_false (match_basic ("anybody:" TOKEN " "));
  g_assert_false (match_basic (TOKEN ":anybody"));
  g_assert_false (match ("Basic", NULL));
  g_assert_false (match ("Basic ====", NULL));
}

static char *
digest (const char *user, const char *password, const char *method,
        const char *nonce)
{
  g_autofree char *response = gst_rtsp_generate_digest_auth_response (
      NULL, method, WC_RTSP_REALM, user, password, URI, nonce);

  return g_strdup_printf ("Digest username=\"%s\", realm=\"" WC_RTSP_REALM
                          "\",nonce=\"%s\", uri=\"" URI "\", response=%s",
                          user, nonce, response);
}

static void
assert_digest (gboolean expected, const char *user, const char *password,
               const char *method, const char *nonce)
{
  g_autofree char *value = digest (user, password, method, nonce);

  g_assert_cmpint (match (value, NULL), ==, expected);
}

static void
test_digest (void)
{
  assert_digest (TRUE, "me", TOKEN, "ANNOUNCE", NONCE);
  assert_digest (TRUE, "somebody else", TOKEN, "ANNOUNCE", NONCE);
  assert_digest (FALSE, "me", "wrong", "ANNOUNCE", NONCE);
  assert_digest (FALSE, "me", TOKEN, "RECORD", NONCE);
  assert_digest (FALSE, "me", TOKEN, "ANNOUNCE", "another");
}

static void
test_malformed (void)
{
  static const char *const values[] = {
      "Digest",
      "Digest ",
      "Digest a= b",
      "Digest a=",
      "Digest =b",
      "Digest ,,,",
      "Digest username=\"x",
      "Digest username=\"x\\",
      "Digest username=\"x\\\"",
      "Digest username=x username=y",
      "Digest username=x,realm=whepcast,uri=u,nonce=abc,response=",
      "Digest username=x,realm=whepcast,uri=u,nonce=abc,response=\"\"",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    g_assert_false (match (values[i], NULL));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtsp-credentials/none", test_none);
  g_test_add_func ("/rtsp-credentials/query", test_query);
  g_test_add_func ("/rtsp-credentials/basic", test_basic);
  g_test_add_func ("/rtsp-credentials/digest", test_digest);
  g_test_add_func ("/rtsp-credentials/malformed", test_malformed);
  return g_test_run ();
}
