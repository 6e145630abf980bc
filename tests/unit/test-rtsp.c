/* SPDX-License-Identifier: MIT */
/* What an RTSP server says, before GStreamer sees it: descriptions, transports,
 * redirects; and the words for what goes wrong. */
#include "ingest/rtsp-failure.h"
#include "ingest/rtsp-headers.h"
#include "sdp/announce.h"

#include <string.h>

/* --- transports ----------------------------------------------------------- */

static void
check_transport (const char *asked, const char *answered, const char *wanted,
                 WcRtspOver wanted_over)
{
  WcRtspOver over;
  g_autofree char *clean = wc_rtsp_transport_clean (asked, answered, &over);

  g_assert_cmpstr (clean, ==, wanted);
  g_assert_cmpint (over, ==, wanted_over);
}

static void
test_transport (void)
{
  const char *tcp = "RTP/AVP/TCP;unicast;interleaved=0-1";
  const char *udp = "RTP/AVP;unicast;client_port=5000-5001";

  check_transport (tcp, "RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=1F;mode=PLAY",
                   "RTP/AVP/TCP;unicast;interleaved=2-3", WC_RTSP_OVER_TCP);
  /* The channels that were asked for, when none are named or no sense. */
  check_transport (tcp, "rtp/avp/tcp", tcp, WC_RTSP_OVER_TCP);
  check_transport (tcp, "RTP/AVP/TCP;interleaved=300-301", tcp,
                   WC_RTSP_OVER_TCP);
  check_transport (udp,
                   "RTP/AVP/UDP;unicast;client_port=5000-5001;"
                   "server_port=6000-6001",
                   "RTP/AVP;unicast;client_port=5000-5001;"
                   "server_port=6000-6001",
                   WC_RTSP_OVER_UDP);
  check_transport (udp, "RTP/AVP; unicast; server_port=6000",
                   "RTP/AVP;unicast;client_port=5000-5001;"
                   "server_port=6000-6001",
                   WC_RTSP_OVER_UDP);
}

/* Nothing is sent to where the server says, and no group is joined. */
static void
test_transport_elsewhere (void)
{
  const char *udp = "RTP/AVP;unicast;client_port=5000-5001";

  check_transport (udp,
                   "RTP/AVP;unicast;source=10.0.0.1;destination=10.0.0.2;"
                   "client_port=53-54;server_port=53-54",
                   "RTP/AVP;unicast;client_port=5000-5001;server_port=53-54",
                   WC_RTSP_OVER_UDP);
  check_transport (udp, "RTP/AVP;multicast;destination=239.1.1.1;port=5000",
                   NULL, WC_RTSP_OVER_UNKNOWN);
  check_transport (udp, "RTP/AVP/TCP;interleaved=0-1", NULL,
                   WC_RTSP_OVER_UNKNOWN);
  check_transport (udp, "RTP/SAVP;client_port=1-2", NULL, WC_RTSP_OVER_UNKNOWN);
  check_transport (udp, "", NULL, WC_RTSP_OVER_UNKNOWN);
  check_transport (udp, ";;;;=;", NULL, WC_RTSP_OVER_UNKNOWN);
  check_transport ("", "RTP/AVP;server_port=1-2", NULL, WC_RTSP_OVER_UNKNOWN);
}

/* --- descriptions --------------------------------------------------------- */

typedef struct {
  WcSourceClock *clock;
  WcSourceTrack *tracks[WC_N_MEDIA];
  WcRtspGuard *guard;
} Fixture;

static void
set_up (Fixture *f)
{
  WcTrackLimits limits = {.history_ms = 2000, .gop_max_bytes = 1 << 20};

  f->clock = wc_source_clock_new ();
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    f->tracks[i] = wc_source_track_new (i, f->clock, &limits);
    wc_source_track_open (f->tracks[i]);
  }
  f->guard = wc_rtsp_guard_new (f->tracks, NULL);
}

static void
tear_down (Fixture *f)
{
  wc_rtsp_guard_unref (f->guard);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    wc_source_track_unref (f->tracks[i]);
  wc_source_clock_unref (f->clock);
}

static char *
describe (Fixture *f, const char *body)
{
  return wc_rtsp_guard_take_description (f->guard, body,
                                         body != NULL ? strlen (body) : 0);
}

static const char camera[] =
    "v=0\r\n"
    "o=- 1 1 IN IP4 10.1.1.1\r\n"
    "s=Gar\xe7on\r\n"
    "nonsense\r\n"
    "c=IN IP4 239.1.1.1/16\r\n"
    "a=control:rtsp://10.1.1.1/live/\r\n"
    "a=x-gst-clock:GstNetTimeProvider 10.1.1.2 53 0\r\n"
    "m=application 0 RTP/AVP 107\r\n"
    "a=rtpmap:107 vnd.onvif.metadata/90000\r\n"
    "a=control:trackID=3\r\n"
    "m=audio 0 RTP/AVP 0\r\n"
    "a=sendonly\r\n"
    "a=control:trackID=back\r\n"
    "m=audio 0 RTP/AVP 97\r\n"
    "a=rtpmap:97 opus/48000/2\r\n"
    "a=control:trackID=2\r\n"
    "m=video 0 RTP/SAVP 98\r\n"
    "a=rtpmap:98 H264/90000\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n"
    "m=video 0 RTP/AVP 96\r\n"
    "a=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 packetization-mode=1\r\n"
    "a=control:trackID=1\r\n"
    "m=video 0 RTP/AVP 99\r\n"
    "a=rtpmap:99 H264/90000\r\n"
    "a=control:trackID=4\r\n";

static void
test_description (void)
{
  g_autofree char *text = NULL;
  WcSourceTrackStatus status;
  WcMedia media;
  Fixture f;

  set_up (&f);
  text = describe (&f, camera);
  g_assert_nonnull (text);
  g_assert_nonnull (strstr (text, "a=control:rtsp://10.1.1.1/live/\r\n"));
  g_assert_nonnull (strstr (text, "a=control:trackID=1\r\n"));
  g_assert_nonnull (strstr (text, "a=control:trackID=2\r\n"));
  g_assert_null (strstr (text, "trackID=3"));
  g_assert_null (strstr (text, "trackID=4"));
  g_assert_null (strstr (text, "back"));
  g_assert_null (strstr (text, "239.1.1.1"));
  g_assert_null (strstr (text, "clock"));
  g_assert_true (g_str_is_ascii (text));

  /* In the order that rtspsrc counts them. */
  g_assert_true (wc_rtsp_guard_media (f.guard, 0, &media));
  g_assert_cmpint (media, ==, WC_MEDIA_AUDIO);
  g_assert_true (wc_rtsp_guard_media (f.guard, 1, &media));
  g_assert_cmpint (media, ==, WC_MEDIA_VIDEO);
  g_assert_false (wc_rtsp_guard_media (f.guard, 2, &media));

  wc_source_track_get_status (f.tracks[WC_MEDIA_VIDEO], &status);
  g_assert_true (status.has_format);
  g_assert_cmpuint (status.format.payload_type, ==, 96);
  g_assert_cmpstr (status.format.fmtp, ==, "packetization-mode=1");
  wc_source_track_status_clear (&status);
  tear_down (&f);
}

static void
check_refusal (const char *body, const char *wanted)
{
  g_autofree char *text = NULL;
  WcRtspReport report;
  Fixture f;

  set_up (&f);
  text = describe (&f, body);
  wc_rtsp_guard_get_report (f.guard, &report);
  g_assert_null (text);
  g_assert_nonnull (report.refusal);
  if (strstr (report.refusal, wanted) == NULL)
    g_error ("\"%s\" is not in \"%s\"", wanted, report.refusal);
  wc_rtsp_report_clear (&report);
  tear_down (&f);
}

static void
test_description_of_nothing (void)
{
  check_refusal (NULL, "the SDP is empty");
  check_refusal ("", "the SDP is empty");
  check_refusal ("<html>\n", "the SDP is empty");
  check_refusal ("v=0\nm=video 0 RTP/SAVP 96\n", "no stream of plain RTP");
  check_refusal ("v=0\nm=video 0 RTP/AVP 26\n", "its video is JPEG");
  check_refusal ("v=0\nm=application 0 RTP/AVP 100\n"
                 "a=rtpmap:100 vnd.onvif.metadata/90000\n",
                 "it describes vnd.onvif.metadata");
}

/* Of several streams each has to be set up by a name of its own; at "*" rtspsrc
 * 1.22 leaks. */
static void
test_description_control (void)
{
  g_autofree char *text = NULL;
  Fixture f;

  set_up (&f);
  text = describe (&f, "v=0\na=control:*\n"
                       "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
                       "a=control:a\n"
                       "m=audio 0 RTP/AVP 0\n");
  g_assert_nonnull (strstr (text, "a=control:a"));
  g_assert_null (strstr (text, "a=control:*"));
  g_assert_null (strstr (text, "m=audio"));
  tear_down (&f);

  set_up (&f);
  g_free (text);
  text = describe (&f, "v=0\nm=audio 0 RTP/AVP 0\na=control:*\n");
  g_assert_nonnull (strstr (text, "m=audio"));
  g_assert_null (strstr (text, "a=control"));
  tear_down (&f);
}

/* A second stream may be what browsers play. */
static void
test_description_second_best (void)
{
  g_autofree char *text = NULL;
  WcRtspReport report;
  Fixture f;

  set_up (&f);
  text = describe (&f, "v=0\n"
                       "m=video 0 RTP/AVP 26\na=control:jpeg\n"
                       "m=audio 0 RTP/AVP 0\na=control:sound\n");
  g_assert_nonnull (text);
  g_assert_null (strstr (text, "m=video"));
  wc_rtsp_guard_get_report (f.guard, &report);
  g_assert_nonnull (strstr (report.left_out, "JPEG"));
  wc_rtsp_report_clear (&report);
  tear_down (&f);

  set_up (&f);
  g_free (text);
  text = describe (&f, "v=0\n"
                       "m=video 0 RTP/AVP 26\na=control:jpeg\n"
                       "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
                       "a=control:small\n");
  g_assert_nonnull (strstr (text, "a=control:small"));
  g_assert_null (strstr (text, "jpeg"));
  tear_down (&f);
}

/* --- headers -------------------------------------------------------------- */

static void
check_challenges (const char *text, const char *wanted, gboolean wanted_stale)
{
  gboolean stale;
  g_autoptr (GPtrArray) all = wc_rtsp_challenges_clean (text, &stale);
  g_autofree char *joined = NULL;

  g_ptr_array_add (all, NULL);
  joined = g_strjoinv (" | ", (char **)all->pdata);
  g_assert_cmpstr (joined, ==, wanted);
  g_assert_cmpint (stale, ==, wanted_stale);
}

static void
test_challenges (void)
{
  check_challenges ("Basic realm=\"a b\"", "Basic realm=\"a b\"", FALSE);
  check_challenges ("digest realm=a , nonce = \"1=2\",algorithm=md5, "
                    "opaque=\"\", qop=\"auth\", stale=TRUE",
                    "Digest realm=\"a\", nonce=\"1=2\", opaque=\"\", "
                    "algorithm=\"MD5\", stale=\"true\"",
                    TRUE);
  check_challenges ("Digest realm=\"a\", nonce=\"b\", Basic realm=\"c\"",
                    "Digest realm=\"a\", nonce=\"b\" | Basic realm=\"c\"",
                    FALSE);
  check_challenges ("Digest realm=\"a\", nonce=\"b\", algorithm=SHA-256", "",
                    FALSE);
  check_challenges ("Digest realm=\"a\"", "", FALSE);
  check_challenges ("NTLM", "", FALSE);
  check_challenges ("", "", FALSE);
  check_challenges (",,= ,", "", FALSE);
  check_challenges ("Basic realm=\"a", "", FALSE);
  check_challenges ("Basic realm=\"a\\\"b\"", "", FALSE);
  /* rtspsrc 1.22 crashes at a parameter without a value. */
  check_challenges ("Digest realm\xae\"cam\", nonce=\"0\"", "", FALSE);
  check_challenges ("Digest realm, nonce", "", FALSE);
}

static void
test_headers (void)
{
  g_autofree char *methods =
      wc_rtsp_methods_clean ("OPTIONS, DESCRIBE,\x01 get\xff, SET_PARAMETER");

  g_assert_cmpstr (methods, ==, "OPTIONS,DESCRIBE,,SET_PARAMETER");
  g_assert_true (wc_rtsp_base_is_good ("rtsp://10.0.0.1:554/live/"));
  g_assert_true (wc_rtsp_base_is_good ("rtsps://cam/"));
  g_assert_false (wc_rtsp_base_is_good (""));
  g_assert_false (wc_rtsp_base_is_good ("live/"));
  g_assert_false (wc_rtsp_base_is_good ("http://cam/"));
  g_assert_false (wc_rtsp_base_is_good ("rtsp://cam/a b"));
  g_assert_false (wc_rtsp_base_is_good ("rtsp:"));
}

/* --- redirects ------------------------------------------------------------ */

static void
test_redirect (void)
{
  static const char *const elsewhere[] = {
      "rtsp://cam.example/b",
      "rtsp://10.0.0.1:8554/a",
      "rtsps://cam:8554/a",
      "rtsph://cam:8554/a",
      "rtsp-sdp://cam:8554/a",
      "http://cam:8554/a",
      "not a url",
      "",
  };
  WcRtspReport report;
  Fixture f;

  for (gsize i = 0; i < G_N_ELEMENTS (elsewhere); i++) {
    set_up (&f);
    g_assert_false (wc_rtsp_guard_check_redirect (f.guard, "rtsp://cam:8554/a",
                                                  elsewhere[i]));
    wc_rtsp_guard_get_report (f.guard, &report);
    g_assert_nonnull (strstr (report.refusal, "not followed"));
    wc_rtsp_report_clear (&report);
    tear_down (&f);
  }

  /* The same server, and not for ever. */
  set_up (&f);
  g_assert_false (
      wc_rtsp_guard_check_redirect (f.guard, "rtsp://cam:8554/a", NULL));
  for (guint i = 0; i < 3; i++)
    g_assert_true (wc_rtsp_guard_check_redirect (f.guard, "rtsp://cam:8554/a",
                                                 "rtsp://cam:8554/b"));
  g_assert_false (wc_rtsp_guard_check_redirect (f.guard, "rtsp://cam:8554/a",
                                                "rtsp://cam:8554/b"));
  tear_down (&f);
}

/* --- words ---------------------------------------------------------------- */

static void
check_words (const WcRtspReport *report, gboolean has_user, const char *wanted,
             WcRemoteFailure wanted_failure)
{
  WcRemoteFailure failure;
  g_autofree char *text =
      wc_rtsp_failure_explain (report, "CAUSE", has_user, &failure);

  if (strstr (text, wanted) == NULL)
    g_error ("\"%s\" is not in \"%s\"", wanted, text);
  g_assert_cmpint (failure, ==, wanted_failure);
}

static void
test_words (void)
{
  const WcRemoteFailure MEND = WC_REMOTE_CONFIGURATION;
  const WcRemoteFailure WAIT = WC_REMOTE_TRANSIENT;
  WcRtspReport report = {0};

  check_words (&report, FALSE, "no connection could be made: CAUSE", WAIT);
  g_strlcpy (report.method, "DESCRIBE", sizeof report.method);
  check_words (&report, FALSE, "does not answer DESCRIBE", WAIT);
  report.answered = TRUE;
  report.status = 401;
  check_words (&report, FALSE, "set username and password", MEND);
  check_words (&report, TRUE, "refuses this user name or password", MEND);
  report.status = 404;
  check_words (&report, FALSE, "check the path", MEND);
  report.status = 461;
  check_words (&report, FALSE, "set transport", MEND);
  report.status = 503;
  check_words (&report, FALSE, "503", WAIT);
  report.status = 599;
  check_words (&report, FALSE, "answers DESCRIBE with status 599", WAIT);
  report.status = 200;
  check_words (&report, FALSE, "CAUSE", WAIT);
  report.played_us = 1;
  report.answered = FALSE;
  check_words (&report, FALSE, "CAUSE", WAIT);
  report.refusal = g_strdup ("REFUSAL");
  check_words (&report, FALSE, "REFUSAL", MEND);
  wc_rtsp_report_clear (&report);
  report.certificate = g_strdup ("abcdef");
  check_words (&report, FALSE, "set tls_fingerprint to abcdef", MEND);
  wc_rtsp_report_clear (&report);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtsp/transport", test_transport);
  g_test_add_func ("/rtsp/transport-elsewhere", test_transport_elsewhere);
  g_test_add_func ("/rtsp/description", test_description);
  g_test_add_func ("/rtsp/description-of-nothing", test_description_of_nothing);
  g_test_add_func ("/rtsp/description-second-best",
                   test_description_second_best);
  g_test_add_func ("/rtsp/description-control", test_description_control);
  g_test_add_func ("/rtsp/challenges", test_challenges);
  g_test_add_func ("/rtsp/headers", test_headers);
  g_test_add_func ("/rtsp/redirect", test_redirect);
  g_test_add_func ("/rtsp/words", test_words);
  return g_test_run ();
}
