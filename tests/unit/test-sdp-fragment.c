/* SPDX-License-Identifier: MIT */
#include "sdp/fragment.h"

#include <string.h>

#define UFRAG "a=ice-ufrag:8hhY\r\n"
#define PWD "a=ice-pwd:asd88fgpdd777uzjYhagZg\r\n"
#define MLINE "m=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
#define CANDIDATE                                                              \
  "a=candidate:1 1 UDP 1658497328 198.51.100.33 5000 typ host\r\n"

static WcSdpFragment *
parse_ok (const char *text)
{
  g_autoptr (GError) error = NULL;
  WcSdpFragment *fragment = wc_sdp_fragment_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  return fragment;
}

static void
assert_refused (const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (wc_sdp_fragment_parse (text, strlen (text), &error));
  g_assert_error (error, WC_SDP_ERROR, WC_SDP_ERROR_INVALID);
}

static void
assert_kept (const char *candidates, guint n)
{
  g_autofree char *text = g_strconcat (UFRAG PWD MLINE, candidates, NULL);
  g_autoptr (WcSdpFragment) fragment = parse_ok (text);

  g_assert_cmpuint (fragment->n_candidates, ==, n);
}

static void
test_one (void)
{
  g_autoptr (WcSdpFragment) fragment =
      parse_ok (UFRAG PWD MLINE CANDIDATE "a=end-of-candidates\r\n");

  g_assert_cmpstr (fragment->ufrag, ==, "8hhY");
  g_assert_cmpstr (fragment->pwd, ==, "asd88fgpdd777uzjYhagZg");
  g_assert_cmpuint (fragment->n_candidates, ==, 1);
  g_assert_true (fragment->end_of_candidates);
}

static void
test_several (void)
{
  assert_kept (CANDIDATE
               "a=candidate:2 1 udp 1 198.51.100.34 5000 typ srflx raddr "
               "10.0.0.1 rport 9\r\n"
               "a=candidate:3 1 udp 1 2001:db8::1 5000 typ host\r\n",
               3);
}

static void
test_end_only (void)
{
  g_autoptr (WcSdpFragment) fragment = parse_ok ("a=end-of-candidates");

  g_assert_true (fragment->end_of_candidates);
  g_assert_null (fragment->ufrag);
}

static void
test_garbage (void)
{
  assert_refused ("garbage");
  assert_refused ("");
  assert_refused ("\r\n");
  assert_refused ("v=0\r\n");
  assert_refused ("a=ice-ufrag:x\r\n");
  assert_refused (PWD UFRAG "a=ice-ufrag:other\r\n");
  assert_refused ("a=candidate:\x01\r\n");
}

static void
test_whole_m_line (void)
{
  g_autoptr (WcSdpFragment) fragment = parse_ok (
      UFRAG PWD "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98\r\na=mid:0\r\n" CANDIDATE
                "a=\r\n");

  g_assert_cmpuint (fragment->n_candidates, ==, 1);
}

static void
test_duplicates (void)
{
  assert_kept (CANDIDATE "m=video 9 RTP/AVP 0\r\na=mid:1\r\n" CANDIDATE, 1);
  assert_kept ("a=candidate:1 0 udp 1 192.0.2.1 5000 typ host\r\n", 0);
  assert_kept ("a=candidate:1 2 udp 1 192.0.2.1 5000 typ host\r\n", 0);
}

static void
test_generation (void)
{
  g_autoptr (WcSdpFragment) none = parse_ok (MLINE CANDIDATE);
  g_autoptr (WcSdpFragment) inside = parse_ok (MLINE UFRAG PWD CANDIDATE);

  g_assert_null (none->ufrag);
  g_assert_null (none->pwd);
  g_assert_cmpstr (inside->ufrag, ==, "8hhY");
}

static void
test_dropped (void)
{
  assert_kept ("a=candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active\r\n",
               0);
  assert_kept ("a=candidate:1 1 quic 1 192.0.2.1 9 typ host\r\n", 0);
  assert_kept ("a=candidate:1 1 udp 1 2b5a-11.local 9000 typ host\r\n", 0);
  assert_kept ("a=candidate:1 1 udp 1 host.example 9000 typ host\r\n", 0);
  assert_kept ("a=candidate:1 1 udp 1 192.0.2.1 0 typ host\r\n", 0);
  assert_kept ("a=candidate\r\na=candidate:\r\na=candidate:1 1 udp\r\n", 0);
}

static void
test_flood (void)
{
  g_autoptr (GString) text = g_string_new (MLINE);

  for (guint i = 1; i < 1000; i++)
    g_string_append_printf (
        text, "a=candidate:1 1 udp 1 192.0.2.1 %u typ host\r\n", i);
  assert_kept (text->str, WC_SDP_MAX_CANDIDATES);
}

static void
test_restart (void)
{
  g_autoptr (WcSdpFragment) fragment = parse_ok (UFRAG PWD);

  g_assert_cmpstr (fragment->ufrag, ==, "8hhY");
  g_assert_cmpuint (fragment->n_candidates, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sdp/fragment/T-01", test_one);
  g_test_add_func ("/sdp/fragment/T-02", test_several);
  g_test_add_func ("/sdp/fragment/T-03", test_end_only);
  g_test_add_func ("/sdp/fragment/T-12", test_garbage);
  g_test_add_func ("/sdp/fragment/T-13-T-14", test_whole_m_line);
  g_test_add_func ("/sdp/fragment/T-15", test_duplicates);
  g_test_add_func ("/sdp/fragment/T-16", test_generation);
  g_test_add_func ("/sdp/fragment/T-17-T-18", test_dropped);
  g_test_add_func ("/sdp/fragment/T-24", test_restart);
  g_test_add_func ("/sdp/fragment/E-23", test_flood);
  return g_test_run ();
}
