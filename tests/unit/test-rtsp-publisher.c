/* SPDX-License-Identifier: MIT */
/* Which packets of an RTSP publisher are taken, and which its RTP session may
 * see. */
#include "ingest/rtsp-publisher.h"

#include "engine/source-clock.h"
#include "sdp/announce.h"

#include <string.h>

#define SDP                                                                    \
  "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"                        \
  "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n"                       \
  "m=application 0 RTP/AVP 99\r\n"

static guint n_closed, n_asked, n_freed;

static void
on_close (gpointer connection)
{
  n_closed++;
}

static void
on_ask (gpointer connection)
{
  n_asked++;
}

static void
on_free (gpointer connection)
{
  n_freed++;
}

static const WcRtspPublisherFuncs funcs = {
    .close = on_close, .ask_key_frame = on_ask, .free = on_free};

typedef struct {
  WcRtspPublisher *publisher;
  WcSourceTrack *track;
  WcAddress address, stranger;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) streams =
      wc_sdp_announce_parse (SDP, strlen (SDP), &error);
  WcSourceClock *clock = wc_source_clock_new ();
  WcTrackLimits limits = {.history_ms = 2000, .gop_max_bytes = 1 << 20};
  WcSourceFormat format;

  g_assert_no_error (error);
  wc_address_parse (&f->address, "192.0.2.1", 40000);
  wc_address_parse (&f->stranger, "192.0.2.2", 40000);
  n_closed = n_asked = n_freed = 0;
  f->publisher = wc_rtsp_publisher_new (streams, &f->address, &funcs, NULL);
  f->track = wc_source_track_new (WC_MEDIA_AUDIO, clock, &limits);
  wc_source_clock_unref (clock);
  wc_source_track_open (f->track);
  g_assert_true (wc_rtsp_publisher_get_format (f->publisher, 0, &format));
  g_assert_cmpstr (format.encoding, ==, "OPUS");
  g_assert_true (wc_source_track_set_format (f->track, &format, &error));
  wc_source_format_clear (&format);
  g_assert_false (wc_rtsp_publisher_get_format (f->publisher, 1, &format));
  wc_source_format_clear (&format);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  wc_rtsp_publisher_unref (f->publisher);
  wc_source_track_unref (f->track);
  g_assert_cmpuint (n_freed, ==, 1);
}

static gboolean
push (Fixture *f, guint index, const WcAddress *from, guint8 pt, guint32 ssrc,
      guint16 seq)
{
  guint8 packet[] = {0x80,
                     pt,
                     (guint8)(seq >> 8),
                     (guint8)seq,
                     0,
                     0,
                     (guint8)(seq >> 8),
                     (guint8)seq,
                     (guint8)(ssrc >> 24),
                     (guint8)(ssrc >> 16),
                     (guint8)(ssrc >> 8),
                     (guint8)ssrc,
                     0xfc,
                     1,
                     2};

  return wc_rtsp_publisher_push_rtp (f->publisher, index, from, packet,
                                     sizeof packet, 1000 + seq);
}

static guint64
taken (Fixture *f)
{
  WcRtpStats stats;

  wc_source_track_get_stats (f->track, &stats);
  return stats.packets;
}

static void
test_rtp (Fixture *f, gconstpointer data)
{
  g_assert_false (push (f, 0, NULL, 97, 7, 1)); /* nobody has taken it yet */
  wc_rtsp_publisher_take (f->publisher, 0, f->track);
  g_assert_true (push (f, 0, NULL, 97, 7, 1));
  g_assert_true (push (f, 0, &f->address, 97, 7, 2));
  g_assert_cmpint (wc_rtsp_publisher_last_packet_us (f->publisher), ==, 1002);
  g_assert_cmpuint (taken (f), ==, 2);

  g_assert_false (push (f, 0, &f->stranger, 97, 7, 3));
  g_assert_false (push (f, 0, NULL, 96, 7, 3));
  g_assert_false (push (f, 1, NULL, 99, 7, 3));
  g_assert_false (push (f, 8, NULL, 97, 7, 3));
  g_assert_false (
      wc_rtsp_publisher_push_rtp (f->publisher, 0, NULL, NULL, 0, 9));
  g_assert_cmpuint (taken (f), ==, 2);
}

/* Another SSRC is a sender that began anew: taken, but the RTP session, which
 * keeps a jitter buffer for each, hears of the first alone. */
static void
test_ssrc (Fixture *f, gconstpointer data)
{
  wc_rtsp_publisher_take (f->publisher, 0, f->track);
  g_assert_true (push (f, 0, NULL, 97, 7, 1));
  g_assert_false (push (f, 0, NULL, 97, 8, 2));
  g_assert_cmpuint (taken (f), ==, 2);
  g_assert_true (push (f, 0, NULL, 97, 7, 3));
}

static gboolean
push_rtcp (Fixture *f, const guint8 *packet, gsize size)
{
  return wc_rtsp_publisher_push_rtcp (f->publisher, 0, NULL, packet, size, 9);
}

static void
test_rtcp (Fixture *f, gconstpointer data)
{
  const guint8 report[] = {0x80, 201, 0, 1, 0, 0, 0, 7};
  const guint8 other[] = {0x80, 201, 0, 1, 0, 0, 0, 8};
  const guint8 bye[] = {0x81, 203, 0, 1, 0, 0, 0, 7};
  const guint8 two[] = {0x80, 201, 0, 1, 0, 0, 0, 7,
                        0x80, 201, 0, 1, 0, 0, 0, 8};

  wc_rtsp_publisher_take (f->publisher, 0, f->track);
  g_assert_false (push_rtcp (f, report, sizeof report)); /* of whom? */
  g_assert_true (push (f, 0, NULL, 97, 7, 1));
  g_assert_true (push_rtcp (f, report, sizeof report));
  g_assert_false (push_rtcp (f, report, sizeof report - 1));
  g_assert_false (push_rtcp (f, other, sizeof other));
  g_assert_false (push_rtcp (f, bye, sizeof bye));
  g_assert_false (push_rtcp (f, two, sizeof two));
}

static void
test_close (Fixture *f, gconstpointer data)
{
  wc_rtsp_publisher_take (f->publisher, 0, f->track);
  wc_rtsp_publisher_ask_key_frame (f->publisher);
  g_assert_cmpuint (n_asked, ==, 1);
  wc_rtsp_publisher_close (f->publisher);
  g_assert_cmpuint (n_closed, ==, 1);
  g_assert_false (push (f, 0, NULL, 97, 7, 1));
  g_assert_cmpuint (taken (f), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                        \
  g_test_add ("/rtsp-publisher/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("rtp", test_rtp);
  ADD ("ssrc", test_ssrc);
  ADD ("rtcp", test_rtcp);
  ADD ("close", test_close);
  return g_test_run ();
}
