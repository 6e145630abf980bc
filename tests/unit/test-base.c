/* SPDX-License-Identifier: MIT */
#include "base/address.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/id.h"

#include <string.h>

static void
test_id_rule (void)
{
  static const char *const good[] = {"a", "cam1", "0.x_y-z"};
  static const char *const bad[] = {"", ".a", "-a", "a/b", "a b", "ä", ".."};
  g_autofree char *longest = g_strnfill (64, 'a');
  g_autofree char *too_long = g_strnfill (65, 'a');

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (wc_id_is_valid (good[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (wc_id_is_valid (bad[i]));
  g_assert_true (wc_id_is_valid (longest));
  g_assert_false (wc_id_is_valid (too_long));
}

static void
test_id_random (void)
{
  g_autoptr (GHashTable) seen =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < 1000; i++) {
    char *id = wc_id_random_hex (16);
    g_assert_cmpuint (strlen (id), ==, 32);
    g_assert_true (g_hash_table_add (seen, id));
  }
}

static void
test_id_equal_secret (void)
{
  g_assert_true (wc_id_equal_secret ("secret", "secret"));
  g_assert_true (wc_id_equal_secret ("", ""));
  g_assert_false (wc_id_equal_secret ("secret", "secreT"));
  g_assert_false (wc_id_equal_secret ("secret", "secretsecret"));
  g_assert_false (wc_id_equal_secret ("secretsecret", "secret"));
  g_assert_false (wc_id_equal_secret ("secret", ""));
  g_assert_false (wc_id_equal_secret ("", "secret"));
}

static void
test_address_text (void)
{
  WcAddress address;
  char text[WC_ADDRESS_STRLEN];

  g_assert_true (wc_address_parse (&address, "192.0.2.7", 5004));
  g_assert_cmpstr (wc_address_format (&address, text), ==, "192.0.2.7:5004");
  g_assert_true (wc_address_parse (&address, "2001:db8::1", 80));
  g_assert_cmpstr (wc_address_format (&address, text), ==, "[2001:db8::1]:80");
  g_assert_false (wc_address_parse (&address, "192.0.2.256", 80));
  g_assert_false (wc_address_parse (&address, "example.org", 80));
  g_assert_false (wc_address_parse (&address, "", 80));
}

/* What a dual-stack socket reports for an IPv4 peer equals the IPv4 address. */
static void
test_address_mapped (void)
{
  WcAddress plain, mapped, back;
  struct sockaddr_storage storage;

  g_assert_true (wc_address_parse (&plain, "192.0.2.7", 9));
  g_assert_true (wc_address_parse (&mapped, "::ffff:192.0.2.7", 9));
  g_assert_true (wc_address_equal (&plain, &mapped));
  g_assert_cmpuint (wc_address_hash (&plain), ==, wc_address_hash (&mapped));

  g_assert_cmpuint (wc_address_to_sockaddr (&plain, AF_INET6, &storage), ==,
                    sizeof (struct sockaddr_in6));
  back = wc_address_from_sockaddr ((struct sockaddr *)&storage);
  g_assert_true (wc_address_equal (&plain, &back));

  wc_address_set_port (&back, 10);
  g_assert_false (wc_address_equal (&plain, &back));
  g_assert_true (wc_address_same_ip (&plain, &back));
}

static void
test_address_kinds (void)
{
  WcAddress address;

  g_assert_true (wc_address_parse (&address, "0.0.0.0", 1));
  g_assert_true (wc_address_is_any (&address));
  g_assert_true (wc_address_parse (&address, "239.1.2.3", 1));
  g_assert_true (wc_address_is_multicast (&address));
  g_assert_true (wc_address_parse (&address, "ff15::1", 1));
  g_assert_true (wc_address_is_multicast (&address));
  g_assert_false (wc_address_is_any (&address));
}

static void
test_clock_text (void)
{
  g_autofree char *text =
      wc_clock_format (G_GINT64_CONSTANT (1700000000123456));

  g_assert_cmpstr (text, ==, "2023-11-14T22:13:20.123Z");
}

static void
test_clock_ntp (void)
{
  gint64 wall_us = g_get_real_time ();
  gint64 ntp_us = wc_clock_ntp_to_us (wc_clock_now_ntp ());
  gint64 offset_us = G_GINT64_CONSTANT (2208988800) * G_USEC_PER_SEC;

  g_assert_cmpint (ABS (ntp_us - offset_us - wall_us), <, 5 * G_USEC_PER_SEC);
  g_assert_cmpint (wc_clock_ntp_to_us (G_GUINT64_CONSTANT (0x180000000)), ==,
                   1500000);
}

static void
test_codec_table (void)
{
  for (guint i = 0; i < WC_N_CODECS; i++)
    g_assert_cmpuint (wc_codec_info (i)->codec, ==, i);
  g_assert_cmpstr (wc_codec_find ("OPUS")->name, ==, "opus");
  g_assert_cmpstr (wc_codec_find ("h264")->name, ==, "H264");
  g_assert_null (wc_codec_find ("mp2t"));
  g_assert_cmpstr (wc_codec_find_static (8)->name, ==, "PCMA");
  g_assert_null (wc_codec_find_static (96));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/id/rule", test_id_rule);
  g_test_add_func ("/base/id/random", test_id_random);
  g_test_add_func ("/base/id/equal-secret", test_id_equal_secret);
  g_test_add_func ("/base/address/text", test_address_text);
  g_test_add_func ("/base/address/mapped", test_address_mapped);
  g_test_add_func ("/base/address/kinds", test_address_kinds);
  g_test_add_func ("/base/clock/text", test_clock_text);
  g_test_add_func ("/base/clock/ntp", test_clock_ntp);
  g_test_add_func ("/base/codec/table", test_codec_table);
  return g_test_run ();
}
