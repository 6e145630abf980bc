/* SPDX-License-Identifier: MIT */
#include "sdp-support.h"

static WcSdpOfferMedia *
section (const WcSdpOffer *offer, guint index)
{
  g_assert_cmpuint (index, <, offer->media->len);
  return offer->media->pdata[index];
}

static void
test_chrome (void)
{
  g_autofree char *text = load_offer ("chrome-audio-video");
  g_autoptr (WcSdpOffer) offer = parse_ok (text);
  const WcSdpOfferMedia *audio = section (offer, 0),
                        *video = section (offer, 1);
  const WcSdpFormat *opus = audio->formats->pdata[0];

  g_assert_cmpuint (offer->media->len, ==, 2);
  g_assert_true (offer->has_bundle);
  g_assert_true (offer->ice_trickle);
  g_assert_true (offer->extmap_allow_mixed);
  g_assert_cmpstr (offer->ufrag, ==, "Nb9k");
  g_assert_cmpuint (offer->fingerprints->len, ==, 1);
  g_assert_cmpint (offer->setup, ==, WC_SDP_SETUP_ACTPASS);
  g_assert_cmpint (audio->direction, ==, WC_SDP_RECVONLY);
  g_assert_cmpuint (opus->payload_type, ==, 111);
  g_assert_cmpstr (opus->name, ==, "opus");
  g_assert_cmpuint (opus->channels, ==, 2);
  g_assert_cmpstr (opus->fmtp, ==, "minptime=10;useinbandfec=1");
  g_assert_true (opus->transport_cc);
  g_assert_false (opus->nack);
  g_assert_cmpuint (video->formats->len, ==, 32);
  g_assert_cmpuint (video->extmaps->len, ==, 11);
  g_assert_true (video->rtcp_rsize);
}

static void
test_all_clients (void)
{
  static const char *const names[] = {
      "chrome-video-audio",
      "firefox",
      "safari",
      "obs",
      "ffmpeg-video-only",
      "gstreamer-whepsrc",
      "mediamtx-reader",
      "rfc9725-example",
      "aiortc",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *text = load_offer (names[i]);
    g_autofree char *lf = edit (text, "\r\n", "\n");
    g_autoptr (WcSdpOffer) offer = parse_ok (text);
    g_autoptr (WcSdpOffer) again = NULL;

    lf[strlen (lf) - 1] = '\0';
    again = parse_ok (lf);
    g_assert_cmpuint (offer->media->len, ==, again->media->len);
    g_assert_cmpstr (offer->pwd, ==, again->pwd);
  }
}

static void
test_cut (void)
{
  g_autofree char *text = load_offer ("mediamtx-reader");

  for (gsize size = strlen (text); size-- > 0;) {
    g_autoptr (GError) error = NULL;
    g_autofree char *copy = g_memdup2 (text, size);
    g_autoptr (WcSdpOffer) offer = wc_sdp_offer_parse (copy, size, &error);

    g_assert_true ((offer == NULL) == (error != NULL));
  }
}

static void
test_form (void)
{
  g_autofree char *no_media = edit_offer ("obs", "m=", "a=x");
  g_autofree char *letter = edit_offer ("obs", "a=rtcp-mux", "y=1");
  g_autofree char *no_origin = edit_offer ("obs", "o=rtc", "i=rtc");

  assert_refused ("hello", WC_SDP_ERROR_INVALID);
  assert_refused ("", WC_SDP_ERROR_INVALID);
  assert_refused ("\r\n\r\n", WC_SDP_ERROR_INVALID);
  assert_refused ("v=1\r\n", WC_SDP_ERROR_INVALID);
  assert_refused ("v=0\r\no=- 1 1 IN IP4 0\r\ns=-\r\nt=0 0\r\n",
                  WC_SDP_ERROR_INVALID);
  assert_refused (no_media, WC_SDP_ERROR_INVALID);
  assert_refused (letter, WC_SDP_ERROR_INVALID);
  assert_refused (no_origin, WC_SDP_ERROR_INVALID);
}

static void
test_bytes (void)
{
  static const char *const bad[] = {"\xff\xff", "\x01", "\t",
                                    "\r",       "\x7f", "\xc3"};
  static const char nul[] = "v=0\r\no=- \0 1 IN IP4 0\r\n";
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *with = g_strconcat ("s=", bad[i], "x", NULL);
    g_autofree char *text = edit_offer ("obs", "s=-", with);

    assert_refused (text, WC_SDP_ERROR_INVALID);
  }
  g_assert_null (wc_sdp_offer_parse (nul, sizeof nul - 1, &error));
  g_assert_error (error, WC_SDP_ERROR, WC_SDP_ERROR_INVALID);
}

static void
test_limits (void)
{
  g_autofree char *text = load_offer ("obs");
  g_autoptr (GString) many = g_string_new (text);
  g_autoptr (GString) candidates = g_string_new (text);
  g_autoptr (GString) line = g_string_new (text);
  g_autoptr (WcSdpOffer) offer = NULL;

  for (guint i = 2; i < 200; i++)
    g_string_append_printf (many, "m=video 9 UDP/TLS/RTP/SAVPF 96\na=mid:%u\n",
                            i);
  assert_refused (many->str, WC_SDP_ERROR_INVALID);

  g_string_append (line, "a=x:");
  for (guint i = 0; i < 60 * 1024; i++)
    g_string_append_c (line, 'x');
  assert_refused (line->str, WC_SDP_ERROR_INVALID);

  while (candidates->len < WC_SDP_MAX_SIZE - 64)
    g_string_append (candidates, "a=candidate:1 1 udp 1 1.2.3.4 5 typ host\n");
  offer = parse_ok (candidates->str);
  g_assert_cmpuint (offer->n_candidates, ==, WC_SDP_MAX_CANDIDATES);
  g_string_append (candidates, candidates->str + 1);
  assert_refused (candidates->str, WC_SDP_ERROR_INVALID);
}

static void
test_ice_missing (void)
{
  g_autofree char *ufrag = edit_offer ("obs", "a=ice-ufrag", "a=x-ufrag");
  g_autofree char *pwd = edit_offer ("obs", "a=ice-pwd", "a=x-pwd");

  assert_refused (ufrag, WC_SDP_ERROR_INVALID);
  assert_refused (pwd, WC_SDP_ERROR_INVALID);
}

static void
test_ice_form (void)
{
  g_autofree char *long_pwd = g_strnfill (257, 'a');
  const struct {
    const char *from, *to;
  } edits[] = {
      {"a=ice-ufrag:x9Qa", "a=ice-ufrag:x9Q"},
      {"a=ice-ufrag:x9Qa", "a=ice-ufrag:x9-a"},
      {"a=ice-ufrag:x9Qa", "a=ice-ufrag"},
      {"a=ice-ufrag:x9Qa", "a=ice-ufrag:x9Qa\r\na=ice-ufrag:x9Qb"},
      {"4qT7o2cL8nY6mUe1Zx0Rw3Vh", "4qT7o2cL8nY6mUe1Zx0Rw"},
      {"4qT7o2cL8nY6mUe1Zx0Rw3Vh", long_pwd},
  };

  for (guint i = 0; i < G_N_ELEMENTS (edits); i++) {
    g_autofree char *text = edit_offer ("obs", edits[i].from, edits[i].to);

    assert_refused (text, WC_SDP_ERROR_INVALID);
  }
}

static void
test_no_fingerprint (void)
{
  g_autofree char *text = edit_offer ("obs", "a=fingerprint", "a=x");

  assert_refused (text, WC_SDP_ERROR_INVALID);
}

static void
test_bad_fingerprint (void)
{
  static const char *const bad[] = {"md5 ",    "MD2 ",        "sha-512 ",
                                    "sha-1 ",  "sha-256 00:", "sha-256 X",
                                    "unheard "};

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *text = edit_offer ("obs", "sha-256 ", bad[i]);

    assert_refused (text, WC_SDP_ERROR_INVALID);
  }
}

static void
test_fingerprints (void)
{
  g_autofree char *lower = edit_offer ("obs", "sha-256 A7:24", "SHA-256 a7:24");
  g_autofree char *two =
      edit (lower, "a=setup",
            "a=fingerprint:sha-384 "
            "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:"
            "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:"
            "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff\r\n"
            "a=fingerprint:sha3-256 00\r\na=setup");
  g_autoptr (WcSdpOffer) offer = parse_ok (two);
  const WcSdpFingerprint *first = offer->fingerprints->pdata[0];

  g_assert_cmpuint (offer->fingerprints->len, ==, 2);
  g_assert_cmpstr (first->algorithm, ==, "sha-256");
  g_assert_cmpuint (first->size, ==, 32);
  g_assert_cmpuint (first->digest[0], ==, 0xa7);
}

static void
test_mids (void)
{
  g_autofree char *none = edit_offer ("obs", "a=mid:1", "a=xid:1");
  g_autofree char *twice = edit_offer ("obs", "a=mid:1", "a=mid:0");
  g_autofree char *form = edit_offer ("obs", "a=mid:1", "a=mid:a b");

  assert_refused (none, WC_SDP_ERROR_INVALID);
  assert_refused (twice, WC_SDP_ERROR_INVALID);
  assert_refused (form, WC_SDP_ERROR_INVALID);
}

static void
test_unknown_mid (void)
{
  g_autofree char *text = load_offer ("ffmpeg-video-only");
  g_autoptr (WcSdpOffer) offer = parse_ok (text);

  g_assert_true (offer->has_bundle);
  g_assert_cmpuint (offer->bundle->len, ==, 1);
  g_assert_cmpuint (offer->tagged, ==, 0);
  g_assert_cmpint (offer->setup, ==, WC_SDP_SETUP_PASSIVE);
}

static void
test_protocol (void)
{
  g_autofree char *avp = edit_offer ("obs", "UDP/TLS/RTP/SAVPF", "RTP/AVP");
  g_autofree char *savp =
      edit_offer ("obs", "UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP");
  g_autofree char *plain = edit (avp, "a=fingerprint", "a=x");
  g_autofree char *savpf = edit_offer ("obs", "UDP/TLS/RTP/SAVPF", "RTP/SAVPF");
  g_autoptr (WcSdpOffer) offer = parse_ok (savpf);

  g_assert_cmpstr (section (offer, 0)->proto, ==, "RTP/SAVPF");
  assert_refused (avp, WC_SDP_ERROR_UNSUPPORTED);
  assert_refused (plain, WC_SDP_ERROR_UNSUPPORTED);
  assert_refused (savp, WC_SDP_ERROR_UNSUPPORTED);
}

static void
test_crypto (void)
{
  g_autofree char *text =
      edit_offer ("obs", "a=rtcp-mux\r\n",
                  "a=rtcp-mux\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
                  "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n");
  g_autoptr (WcSdpOffer) offer = parse_ok (text);

  g_assert_cmpuint (offer->media->len, ==, 2);
}

static void
test_bundle_only (void)
{
  g_autofree char *text = load_offer ("rfc9725-example");
  g_autoptr (WcSdpOffer) offer = parse_ok (text);
  const WcSdpOfferMedia *video = section (offer, 1);

  g_assert_cmpuint (video->port, ==, 0);
  g_assert_true (video->bundle_only && video->bundled);
  g_assert_true (wc_sdp_offer_media_is_offered (video));
  g_assert_cmpstr (offer->ufrag, ==, "EsAw");
  g_assert_cmpuint (offer->fingerprints->len, ==, 1);
}

static void
test_static_types (void)
{
  g_autofree char *text = edit_offer ("aiortc", "a=rtpmap:0 PCMU/8000\r\n", "");
  g_autoptr (WcSdpOffer) offer = parse_ok (text);
  const WcSdpFormat *pcmu = section (offer, 0)->formats->pdata[1];

  g_assert_cmpstr (pcmu->name, ==, "PCMU");
  g_assert_cmpuint (pcmu->clock_rate, ==, 8000);
}

static void
test_wildcard_feedback (void)
{
  g_autofree char *text =
      video_offer ("96 97", "a=rtpmap:96 VP8/90000\na=rtpmap:97 VP9/90000\n"
                            "a=rtcp-fb:* nack\na=rtcp-fb:97 ccm fir\n");
  g_autoptr (WcSdpOffer) offer = parse_ok (text);
  const WcSdpFormat *vp8 = section (offer, 0)->formats->pdata[0];
  const WcSdpFormat *vp9 = section (offer, 0)->formats->pdata[1];

  g_assert_true (vp8->nack && vp9->nack && vp9->ccm_fir);
  g_assert_false (vp8->ccm_fir || vp8->nack_pli);
}

static void
test_bad_formats (void)
{
  static const struct {
    const char *formats, *attributes;
  } bad[] = {
      {"", ""},
      {"128", ""},
      {"96 96", ""},
      {"96 x", ""},
      {"96", "a=rtpmap:96\n"},
      {"96", "a=rtpmap:96 VP8\n"},
      {"96", "a=rtpmap:96 VP8/0\n"},
      {"96", "a=rtpmap:96 VP8/90000/0\n"},
      {"96", "a=rtpmap:96 VP8/90000\na=rtpmap:96 VP9/90000\n"},
      {"96", "a=fmtp:x y=z\n"},
      {"96", "a=rtcp-fb\n"},
      {"96", "a=extmap:x urn:x\n"},
      {"96", "a=extmap:1\n"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *text = video_offer (bad[i].formats, bad[i].attributes);

    assert_refused (text, WC_SDP_ERROR_INVALID);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sdp/offer/chrome", test_chrome);
  g_test_add_func ("/sdp/offer/W-13", test_all_clients);
  g_test_add_func ("/sdp/offer/E-05-E-07", test_form);
  g_test_add_func ("/sdp/offer/E-06", test_cut);
  g_test_add_func ("/sdp/offer/E-11", test_ice_missing);
  g_test_add_func ("/sdp/offer/E-12", test_ice_form);
  g_test_add_func ("/sdp/offer/E-13", test_no_fingerprint);
  g_test_add_func ("/sdp/offer/E-14", test_bad_fingerprint);
  g_test_add_func ("/sdp/offer/E-15", test_fingerprints);
  g_test_add_func ("/sdp/offer/E-16-E-17", test_mids);
  g_test_add_func ("/sdp/offer/E-18", test_unknown_mid);
  g_test_add_func ("/sdp/offer/E-22", test_bytes);
  g_test_add_func ("/sdp/offer/E-23", test_limits);
  g_test_add_func ("/sdp/offer/E-28", test_protocol);
  g_test_add_func ("/sdp/offer/E-29", test_crypto);
  g_test_add_func ("/sdp/offer/S-05-S-06", test_bundle_only);
  g_test_add_func ("/sdp/offer/S-30", test_wildcard_feedback);
  g_test_add_func ("/sdp/offer/M-23", test_static_types);
  g_test_add_func ("/sdp/offer/formats", test_bad_formats);
  return g_test_run ();
}
