/* SPDX-License-Identifier: MIT */
/* Secrets of webhooks, and signatures. */
#include "access/webhook-key.h"

/* The example of Standard Webhooks' own libraries. */
static void
test_vector (void)
{
  g_autoptr (WcWebhookKey) key =
      wc_webhook_key_new ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  g_autofree char *signature = NULL;

  g_assert_nonnull (key);
  signature = wc_webhook_key_sign (key, "msg_p5jXN8AQM9LWM0D4loKWxJek",
                                   1614265330, "{\"test\": 2432232314}");
  g_assert_cmpstr (signature, ==,
                   "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/* The bytes of a text are the key: as openssl dgst -sha256 -hmac says. */
static void
test_text (void)
{
  g_autoptr (WcWebhookKey) key = wc_webhook_key_new ("sixteen-or-more!");
  g_autofree char *signature = NULL;

  g_assert_nonnull (key);
  signature = wc_webhook_key_sign (key, "evt_1", 1, "{}");
  g_assert_cmpstr (signature, ==,
                   "v1,AuqcFhwb4Kigv1lJlPmot2V/Exe6Xi63bP5JZw8oIEQ=");
}

static void
test_refused (void)
{
  static const char *const bad[] = {
      "",
      "fifteen-letters",
      "with white space in it",
      "whsec_",
      "whsec_c2hvcnQ=", /* 5 bytes */
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!",
      ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
       "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), /* 72 bytes */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (wc_webhook_key_new (bad[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/webhook-key/vector", test_vector);
  g_test_add_func ("/webhook-key/text", test_text);
  g_test_add_func ("/webhook-key/refused", test_refused);
  return g_test_run ();
}
