/* SPDX-License-Identifier: MIT */
/* The direct lane as a viewer's socket sees it: real UDP on loopback, keys that
 * the test chose, libsrtp2 and the test client's RTCP at the other end. */
#include "base/clock.h"
#include "common/rtcp.h"
#include "common/srtp.h"
#include "engine/direct-lane.h"
#include "engine/twcc.h"
#include "stun-client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define WAIT_US (10 * G_USEC_PER_SEC)
#define SSRC 0x11111111u
#define RTX_SSRC 0x22222222u
#define OTHER 0x33333333u /* the viewer's own */
#define RTX_PT 97
#define PAYLOAD 700

typedef struct {
  WcEngine *engine;
  WcTrack *track;
  WcSubscriber *subscriber;
  WcDirectLane *lane;
  TcSrtp *viewer; /* what the viewer reads and writes with */
  int fd;
  guint64 seq;
  gsize header_size;   /* of media */
  gboolean numbered;   /* over the whole transport */
  guint8 extension[8]; /* of the newest */
  atomic_uint dtls, retired, wanted, playing, expired, stopped;

  /* what came since it was last asked for */
  guint media, rtx, reports, byes;
  guint16 first_seq, last_seq, last_rtx_osn;
  TcRtcpSenderInfo sr;
  char *cname;
  guint8 plain[64]; /* the last datagram that was no SRTP */
  gsize plain_size;
} Fixture;

/* --- below and above ------------------------------------------------------ */

static void
on_connected (gpointer data)
{
}

static void
on_dtls (gpointer data, const guint8 *bytes, gsize size)
{
  atomic_fetch_add (&((Fixture *)data)->dtls, 1);
}

static void
on_retire (gpointer data)
{
  atomic_fetch_add (&((Fixture *)data)->retired, 1);
}

static void
on_wanted (gpointer data, WcMedia media)
{
  atomic_fetch_add (&((Fixture *)data)->wanted, 1);
}

static void
on_playing (gpointer data)
{
  atomic_fetch_add (&((Fixture *)data)->playing, 1);
}

static void
on_expired (gpointer data, WcSubscriberExpiry why)
{
  atomic_fetch_add (&((Fixture *)data)->expired, 1u << why);
}

static void
on_stopped (gpointer data)
{
  atomic_fetch_add (&((Fixture *)data)->stopped, 1);
}

static const WcLane handshake = {.connected = on_connected,
                                 .receive_dtls = on_dtls};
static const WcDirectLaneEvents lane_events = {on_retire, on_wanted};
static const WcSubscriberEvents events = {on_playing, on_expired, on_wanted};

/* --- fixture -------------------------------------------------------------- */

static void
make_subscriber (Fixture *f, WcDirectTrack sent)
{
  WcSubscriberTrack tracks[WC_N_MEDIA] = {
      [WC_MEDIA_VIDEO] = {f->track, 96, SSRC},
  };
  WcDirectLaneParams params = {.tracks = {[WC_MEDIA_VIDEO] = sent},
                               .cname = "who",
                               .is_client = TRUE,
                               .handshake = &handshake,
                               .handshake_data = f};

  f->lane = wc_direct_lane_new (&params, &lane_events, f);
  f->subscriber = wc_subscriber_new (f->engine, tracks, &wc_direct_lane,
                                     f->lane, &events, f);
  wc_direct_lane_set_subscriber (f->lane, f->subscriber);
  wc_subscriber_start (f->subscriber);
}

static void
connect_socket (Fixture *f)
{
  WcAddress server;
  struct timeval timeout = {0, 20000};

  f->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  wc_address_parse (&server, "127.0.0.1", wc_engine_udp_port (f->engine));
  g_assert_cmpint (connect (f->fd, &server.sa, sizeof server.in), ==, 0);
  setsockopt (f->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
}

static void
check_path (Fixture *f)
{
  guint8 data[512];
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  gsize size = stun_client_write (data, wc_subscriber_ufrag (f->subscriber),
                                  wc_subscriber_pwd (f->subscriber), TRUE, 100);

  g_assert_cmpint (send (f->fd, data, size, 0), ==, (gssize)size);
  do
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  while (recv (f->fd, data, sizeof data, 0) <= 0 || data[0] != 1);
}

static void
set_up_with (Fixture *f, gconstpointer rtx, guint8 send_time, guint8 twcc)
{
  WcEngineConfig config = {.workers = 1,
                           .connect_timeout_ms = 20000,
                           .consent_timeout_ms = 15000,
                           .fast_start = TRUE};
  WcTrackLimits limits = {5000, 1 << 20};
  WcDirectTrack track = {.ssrc = SSRC,
                         .clock_rate = 90000,
                         .nack = TRUE,
                         .rtx_ssrc = rtx != NULL ? RTX_SSRC : 0,
                         .rtx_payload_type = rtx != NULL ? RTX_PT : 0,
                         .send_time_extension = send_time,
                         .twcc_extension = twcc};
  g_autoptr (GError) error = NULL;

  f->engine = wc_engine_new (&config, &error);
  g_assert_no_error (error);
  f->track = wc_track_new (WC_CODEC_VP8, 90000, &limits);
  f->header_size = send_time != 0 || twcc != 0 ? 20 : 12;
  f->numbered = twcc != 0;
  make_subscriber (f, track);
  connect_socket (f);
  check_path (f);
}

static void
set_up (Fixture *f, gconstpointer rtx)
{
  set_up_with (f, rtx, 0, 0);
}

static void
set_up_layers (Fixture *f, gconstpointer rtx)
{
  set_up_with (f, rtx, 9, 0);
}

static void
set_up_feedback (Fixture *f, gconstpointer rtx)
{
  set_up_with (f, rtx, 0, 5);
}

static void
secure (Fixture *f)
{
  guint8 to_viewer[WC_SRTP_MASTER_SIZE] = {1},
         from_viewer[] = {2, [WC_SRTP_MASTER_SIZE - 1] = 0};

  wc_direct_lane_set_keys (f->lane, to_viewer, from_viewer);
  wc_subscriber_secured (f->subscriber);
  f->viewer =
      tc_srtp_new (TC_SRTP_AES128_CM_SHA1, from_viewer, to_viewer, NULL);
}

static void
stop (Fixture *f)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  wc_subscriber_stop (f->subscriber, on_stopped, f);
  while (atomic_load (&f->stopped) == 0 && g_get_monotonic_time () < deadline)
    g_usleep (1000);
  g_assert_cmpuint (atomic_load (&f->stopped), ==, 1);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  if (atomic_load (&f->stopped) == 0)
    stop (f);
  wc_subscriber_unref (f->subscriber);
  wc_direct_lane_unref (f->lane);
  wc_engine_free (f->engine);
  wc_track_unref (f->track);
  g_clear_pointer (&f->viewer, tc_srtp_free);
  g_free (f->cname);
  close (f->fd);
}

static void
append_to (WcTrack *track, guint64 seq, gboolean start)
{
  WcPacket *packet = wc_packet_new (PAYLOAD);

  memset (packet->payload, (int)seq, packet->size);
  packet->seq = seq;
  packet->frame = (guint32)seq;
  packet->timestamp = (gint64)seq * 3000;
  packet->capture_us = g_get_monotonic_time ();
  packet->flags = WC_PACKET_MARKER | (start ? WC_PACKET_START : 0);
  wc_track_append (track, &packet, 1);
}

static void
append (Fixture *f, gboolean start)
{
  append_to (f->track, f->seq++, start);
}

/* --- what comes ----------------------------------------------------------- */

/* RFC 8285 section 4.2: a number of two bytes, and one of padding. */
static void
assert_number (const Fixture *f, guint16 number)
{
  const guint8 block[] = {
      0xbe, 0xde, 0, 1, 5 << 4 | 1, (guint8)(number >> 8), (guint8)number, 0};

  g_assert_cmpmem (f->extension, sizeof f->extension, block, sizeof block);
}

static void
on_rtp (Fixture *f, const guint8 *data, gsize size)
{
  guint16 seq = (guint16)(data[2] << 8 | data[3]);
  guint payload_type = data[1] & 0x7f;

  if (payload_type == RTX_PT) {
    f->rtx++;
    f->last_rtx_osn = (guint16)(data[12] << 8 | data[13]);
    g_assert_cmpuint (data[8], ==, 0x22);
    g_assert_cmpuint (size, ==, 12 + 2 + PAYLOAD);
    return;
  }
  g_assert_cmpuint (payload_type, ==, 96);
  g_assert_cmpuint (size, ==, f->header_size + PAYLOAD);
  g_assert_cmpuint (data[0], ==, f->header_size > 12 ? 0x90 : 0x80);
  if (f->header_size > 12)
    memcpy (f->extension, data + 12, sizeof f->extension);
  if (f->numbered)
    assert_number (f, (guint16)f->media);
  if (f->media++ == 0)
    f->first_seq = seq;
  f->last_seq = seq;
}

static void
on_rtcp (Fixture *f, const guint8 *data, gsize size)
{
  TcRtcpPart part;

  while (tc_rtcp_next (&data, &size, &part)) {
    if (tc_rtcp_read_sr (&part, &f->sr))
      f->reports++;
    f->byes += part.type == 203;
    char *cname = tc_rtcp_read_cname (&part);
    if (cname != NULL) {
      g_free (f->cname);
      f->cname = cname;
    }
  }
  g_assert_cmpuint (size, ==, 0);
}

/* Takes what is there, or comes within some milliseconds. */
static void
drain (Fixture *f)
{
  guint8 data[2048];
  gssize n;

  while ((n = recv (f->fd, data, sizeof data, 0)) > 0) {
    gsize size = (gsize)n;
    if (data[0] < 128) {
      f->plain_size = MIN (size, sizeof f->plain);
      memcpy (f->plain, data, f->plain_size);
    } else if (data[1] >= 192 && data[1] <= 223) {
      g_assert_cmpint (tc_srtp_unprotect_rtcp (f->viewer, data, &size), ==,
                       TC_SRTP_OK);
      on_rtcp (f, data, size);
    } else {
      TcSrtpResult result = tc_srtp_unprotect_rtp (f->viewer, data, &size);
      if (result == TC_SRTP_REPLAYED) /* sent again as it was */
        f->rtx++;
      else
        on_rtp (f, data, size);
      g_assert_cmpint (result, !=, TC_SRTP_REJECTED);
    }
  }
}

static gboolean
wait_for (Fixture *f, const guint *counter, guint value)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  while (*counter < value && g_get_monotonic_time () < deadline)
    drain (f);
  return *counter >= value;
}

static gboolean
wait_atomic (Fixture *f, atomic_uint *counter, guint value)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  while (atomic_load (counter) < value && g_get_monotonic_time () < deadline) {
    drain (f);
    wc_subscriber_note_alive (f->subscriber);
  }
  return atomic_load (counter) >= value;
}

static void
send_rtcp (Fixture *f, const TcRtcpWriter *writer)
{
  guint8 data[1200 + TC_SRTP_TRAILER];
  gsize size = writer->size;

  memcpy (data, writer->data, size);
  g_assert_true (tc_srtp_protect_rtcp (f->viewer, data, &size));
  g_assert_cmpint (send (f->fd, data, size, 0), ==, (gssize)size);
}

static void
play (Fixture *f, guint n)
{
  for (guint i = 0; i < n; i++)
    append (f, i == 0);
  secure (f);
  g_assert_true (wait_for (f, &f->media, n));
  g_assert_cmpuint (f->media, ==, n);
  g_assert_cmpuint (f->last_seq, ==, (guint16)(f->first_seq + n - 1));
  g_assert_cmpuint (f->first_seq, <, 0x8000);
}

/* --- tests ---------------------------------------------------------------- */

static void
test_nothing_before_keys (Fixture *f, gconstpointer unused)
{
  static const guint8 early[40] = {0x80, 201, 0, 1};
  WcDirectLaneStats stats;

  send (f->fd, early, sizeof early, 0);
  check_path (f); /* behind it */
  wc_direct_lane_get_stats (f->lane, &stats);
  g_assert_cmpuint (stats.rejected, ==, 0);
  g_assert_cmpuint (atomic_load (&f->playing), ==, 0);
  play (f, 1);
  g_assert_cmpuint (atomic_load (&f->playing), ==, 1);
}

/* Sender reports for the stream, the promised name, the time line of the
 * packets. */
static void
test_reports (Fixture *f, gconstpointer unused)
{
  WcDirectLaneStats stats;
  TcRtcpWriter writer = {.size = 0};

  play (f, 5);
  g_assert_true (wait_for (f, &f->reports, 2));
  g_assert_cmpuint (f->sr.ssrc, ==, SSRC);
  g_assert_cmpuint (f->sr.packets, ==, 5);
  g_assert_cmpuint (f->sr.octets, ==, 5 * PAYLOAD);
  g_assert_cmpstr (f->cname, ==, "who");
  TcRtcpSenderInfo first = f->sr;
  guint reports = f->reports;
  g_assert_true (wait_for (f, &f->reports, reports + 1));
  gint64 elapsed_us = (gint64)(((f->sr.ntp - first.ntp) * 1000000) >> 32);
  gint64 ticks_us = (gint64)(f->sr.rtp - first.rtp) * 1000 / 90;
  g_assert_cmpint (ABS (elapsed_us - ticks_us), <, 1000);

  /* Its answer: a quarter lost, 90 ms of jitter, and the round trip. */
  TcRtcpBlock block = {.ssrc = SSRC,
                       .fraction_lost = 64,
                       .jitter = 8100,
                       .lsr = (guint32)(f->sr.ntp >> 16)};
  tc_rtcp_add_rr (&writer, OTHER, &block, 1);
  send_rtcp (f, &writer);
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  do {
    wc_direct_lane_get_stats (f->lane, &stats);
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  } while (stats.rtt_ms < 0);
  g_assert_cmpint (stats.rtt_ms, <, 5000);
  g_assert_cmpfloat (stats.loss, ==, 0.25);
  g_assert_cmpuint (stats.jitter_ms, ==, 90);

  /* It is counted: one of 0.2 to 0.5 lost, one round trip. */
  guint64 round_trips = 0;
  for (guint i = 0; i <= wc_report_rtt_bounds.n; i++)
    round_trips += stats.reports.rtt.counts[i];
  g_assert_cmpuint (round_trips, ==, 1);
  g_assert_cmpfloat (stats.reports.rtt.sum, ==, stats.rtt_ms / 1000.0);
  for (guint i = 0; i <= wc_report_loss_bounds.n; i++)
    g_assert_cmpuint (stats.reports.loss.counts[i], ==, i == 6 ? 1 : 0);
  g_assert_cmpfloat (stats.reports.loss.sum, ==, 0.25);
}

static void
test_nack (Fixture *f, gconstpointer rtx)
{
  TcRtcpWriter writer = {.size = 0};
  WcDirectLaneStats stats;

  play (f, 40);
  guint16 seqs[] = {f->first_seq, (guint16)(f->first_seq + 7),
                    (guint16)(f->first_seq + 39),
                    (guint16)(f->first_seq + 900)};
  tc_rtcp_add_rr (&writer, OTHER, NULL, 0);
  tc_rtcp_add_nack (&writer, OTHER, SSRC, seqs, G_N_ELEMENTS (seqs));
  send_rtcp (f, &writer);
  g_assert_true (wait_for (f, &f->rtx, 3));
  drain (f);
  g_assert_cmpuint (f->rtx, ==, 3);
  g_assert_cmpuint (f->media, ==, 40);
  if (rtx != NULL)
    g_assert_cmpuint (f->last_rtx_osn, ==, (guint16)(f->first_seq + 39));
  wc_direct_lane_get_stats (f->lane, &stats);
  g_assert_cmpuint (stats.nacks, ==, 4);
  g_assert_cmpuint (stats.resent, ==, 3);
}

/* One that asks without end gets no more than its budget. */
static void
test_nack_flood (Fixture *f, gconstpointer unused)
{
  guint16 seqs[40];
  gint64 began_us = g_get_monotonic_time ();
  WcDirectLaneStats stats;

  play (f, 40);
  for (guint i = 0; i < 40; i++)
    seqs[i] = (guint16)(f->first_seq + i);
  for (guint i = 0; i < 300; i++) {
    TcRtcpWriter writer = {.size = 0};
    tc_rtcp_add_rr (&writer, OTHER, NULL, 0);
    tc_rtcp_add_nack (&writer, OTHER, SSRC, seqs, 40);
    send_rtcp (f, &writer);
  }
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  do {
    drain (f);
    wc_direct_lane_get_stats (f->lane, &stats);
  } while (stats.nacks < 300 * 40 && g_get_monotonic_time () < deadline);
  gint64 elapsed_us = g_get_monotonic_time () - began_us;
  g_assert_cmpuint (stats.resent, >, 40);
  g_assert_cmpuint (stats.resent, <=, 1000 + elapsed_us / 1000);
}

/* What is not authentic is counted; a flood of it is not even looked at. */
static void
test_junk_flood (Fixture *f, gconstpointer unused)
{
  guint8 junk[60] = {0x80, 201, 0, 1};
  WcDirectLaneStats stats;
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  play (f, 3);
  for (guint i = 0; i < 3000; i++) {
    junk[10] = (guint8)i;
    junk[11] = (guint8)(i >> 8);
    g_assert_cmpint (send (f->fd, junk, sizeof junk, 0), ==, sizeof junk);
    if (i % 100 == 0)
      drain (f);
  }
  do {
    drain (f);
    wc_direct_lane_get_stats (f->lane, &stats);
  } while (stats.rejected < 2000 && g_get_monotonic_time () < deadline);
  g_assert_cmpuint (stats.rejected, >=, 2000);
  append (f, FALSE);
  g_assert_true (wait_for (f, &f->media, 4));
}

static void
test_key_frame (Fixture *f, gconstpointer unused)
{
  WcDirectLaneStats stats;

  play (f, 3);
  for (guint i = 0; i < 20; i++) {
    TcRtcpWriter writer = {.size = 0};
    tc_rtcp_add_rr (&writer, OTHER, NULL, 0);
    tc_rtcp_add_pli (&writer, OTHER, SSRC);
    tc_rtcp_add_fir (&writer, OTHER, SSRC, (guint8)i);
    send_rtcp (f, &writer);
  }
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  do
    wc_direct_lane_get_stats (f->lane, &stats);
  while (stats.plis < 40 && g_get_monotonic_time () < deadline);
  g_assert_cmpuint (stats.plis, ==, 40);
  g_assert_cmpuint (atomic_load (&f->wanted), >=, 1);
  g_assert_cmpuint (atomic_load (&f->wanted), <, 20);
}

/* DTLS goes below until the handshake retires; then what looks like the
 * viewer's goodbye ends it, but only if it is silent after that. */
static void
test_retire (Fixture *f, gconstpointer unused)
{
  static const guint8 hello[] = {22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0};
  static const guint8 alert[] = {21, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 1, 0};
  static const guint8 clear_alert[] = {21, 254, 253, 0, 0, 0, 0,
                                       0,  0,   0,   9, 0, 1, 0};
  gint64 secured_us = g_get_monotonic_time ();

  play (f, 3);
  send (f->fd, hello, sizeof hello, 0);
  g_assert_true (wait_atomic (f, &f->dtls, 1));
  g_assert_cmpuint (atomic_load (&f->retired), ==, 0);
  g_assert_true (wait_atomic (f, &f->retired, 1));
  g_assert_cmpint (g_get_monotonic_time () - secured_us, >=,
                   2 * G_USEC_PER_SEC);
  wc_direct_lane_set_goodbye (f->lane, alert, sizeof alert);

  /* A check behind the first alert: it has not gone. */
  send (f->fd, hello, sizeof hello, 0);
  send (f->fd, alert, sizeof alert, 0);
  check_path (f);
  send (f->fd, clear_alert, sizeof clear_alert, 0);
  gint64 until = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;
  while (g_get_monotonic_time () < until)
    drain (f);
  g_assert_cmpuint (atomic_load (&f->expired), ==, 0);
  g_assert_cmpuint (atomic_load (&f->dtls), ==, 1);

  gint64 gone_us = g_get_monotonic_time ();
  send (f->fd, alert, sizeof alert, 0);
  while (atomic_load (&f->expired) == 0 &&
         g_get_monotonic_time () < gone_us + WAIT_US)
    drain (f);
  g_assert_cmpuint (atomic_load (&f->expired), ==, 1u << WC_SUBSCRIBER_GONE);
  g_assert_cmpint (g_get_monotonic_time () - gone_us, >=, 4 * G_USEC_PER_SEC);
  drain (f);
  g_assert_cmpuint (f->byes, ==, 1);
}

/* BYE, then the close_notify that was kept. */
static void
test_goodbye (Fixture *f, gconstpointer unused)
{
  static const guint8 alert[39] = {21, 254, 253, 0, 1};

  play (f, 3);
  wc_direct_lane_set_goodbye (f->lane, alert, sizeof alert);
  g_assert_cmpuint (f->byes, ==, 0);
  stop (f);
  drain (f);
  g_assert_cmpuint (f->byes, ==, 1);
  g_assert_cmpmem (f->plain, f->plain_size, alert, sizeof alert);
  append (f, FALSE);
  drain (f);
  g_assert_cmpuint (f->media, ==, 3);
}

/* RFC 8285 section 4.2; the time is that of the sender reports, 6.18. */
static void
assert_send_time (Fixture *f)
{
  static const guint8 head[] = {0xbe, 0xde, 0, 1, 9 << 4 | 2};
  guint32 now = (guint32)(wc_clock_now_ntp () >> 14) & 0xffffff;
  guint32 sent =
      (guint32)(f->extension[5] << 16 | f->extension[6] << 8 | f->extension[7]);

  g_assert_cmpmem (f->extension, sizeof head, head, sizeof head);
  g_assert_cmpuint ((now - sent) & 0xffffff, <, 10u << 18);
}

static void
select_layer (Fixture *f, WcTrack *track, gint layer)
{
  guint wanted = atomic_load (&f->wanted);

  wc_subscriber_select_layer (f->subscriber, track, layer);
  g_assert_true (wait_atomic (f, &f->wanted, wanted + 1));
}

static gint
layer_of (Fixture *f)
{
  WcSubscriberStats stats;

  wc_subscriber_get_stats (f->subscriber, &stats);
  return stats.layer;
}

/* To another layer and back: one stream for the viewer, and whatever it asks
 * for again it gets, of whichever layer it was. */
static void
test_layers (Fixture *f, gconstpointer rtx)
{
  WcTrackLimits limits = {5000, 1 << 20};
  g_autoptr (WcTrack) other = wc_track_new (WC_CODEC_VP8, 90000, &limits);
  TcRtcpWriter writer = {.size = 0};
  guint64 seq = 5000;

  play (f, 10);
  assert_send_time (f);
  g_assert_cmpint (layer_of (f), ==, -1);
  append_to (other, seq++, TRUE);
  select_layer (f, other, 1);
  append_to (other, seq++, FALSE); /* no place to begin */
  append (f, FALSE);
  g_assert_true (wait_for (f, &f->media, 11));
  append_to (other, seq++, TRUE);
  g_assert_true (wait_for (f, &f->media, 12));
  append_to (other, seq++, FALSE);
  append (f, FALSE); /* is not for this viewer any more */
  g_assert_true (wait_for (f, &f->media, 13));
  g_assert_cmpint (layer_of (f), ==, 1);
  select_layer (f, f->track, -1);
  append (f, TRUE);
  g_assert_true (wait_for (f, &f->media, 14));
  drain (f);
  g_assert_cmpuint (f->media, ==, 14);
  g_assert_cmpuint (f->last_seq, ==, (guint16)(f->first_seq + 13));
  g_assert_cmpint (layer_of (f), ==, -1);

  guint16 seqs[] = {(guint16)(f->first_seq + 10), (guint16)(f->first_seq + 11),
                    (guint16)(f->first_seq + 12), (guint16)(f->first_seq + 13)};
  tc_rtcp_add_rr (&writer, OTHER, NULL, 0);
  tc_rtcp_add_nack (&writer, OTHER, SSRC, seqs, G_N_ELEMENTS (seqs));
  send_rtcp (f, &writer);
  g_assert_true (wait_for (f, &f->rtx, 4));
}

/* The wish changes before the key frame is there, and the viewer leaves while
 * one is waited for. */
static void
test_layers_undecided (Fixture *f, gconstpointer rtx)
{
  WcTrackLimits limits = {5000, 1 << 20};
  g_autoptr (WcTrack) other = wc_track_new (WC_CODEC_VP8, 90000, &limits);

  play (f, 3);
  select_layer (f, other, 1);
  wc_subscriber_select_layer (f->subscriber, f->track, 0);
  append (f, FALSE);
  g_assert_true (wait_for (f, &f->media, 4));
  append_to (other, 7, TRUE);
  append (f, FALSE);
  g_assert_true (wait_for (f, &f->media, 5));
  g_assert_cmpint (layer_of (f), ==, 0);
  select_layer (f, other, 1);
  stop (f);
  append_to (other, 8, TRUE);
  drain (f);
  g_assert_cmpuint (f->media, ==, 5);
}

static guint64
estimate_of (Fixture *f)
{
  WcDirectLaneStats stats;

  wc_direct_lane_get_stats (f->lane, &stats);
  return stats.estimated_bps;
}

static void
send_feedback (Fixture *f, WcTwcc *twcc)
{
  TcRtcpWriter writer = {.size = 0};

  tc_rtcp_add_rr (&writer, OTHER, NULL, 0);
  writer.size += wc_twcc_write (twcc, OTHER, SSRC, writer.data + writer.size);
  send_rtcp (f, &writer);
}

/* A packet each 20 ms is what the viewer says it got. */
static void
test_feedback (Fixture *f, gconstpointer rtx)
{
  const guint64 bps = (20 + PAYLOAD + 10) * 8 * 50;
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  WcTwcc twcc = {0};

  play (f, 1);
  g_assert_cmpuint (estimate_of (f), ==, 0);
  for (guint16 i = 0; i < 120; i++) {
    append (f, FALSE);
    wc_twcc_take (&twcc, i, (1 + i) * 20000);
    if (i % 10 < 9)
      continue;
    g_assert_true (wait_for (f, &f->media, i + 2u));
    send_feedback (f, &twcc);
  }
  while (estimate_of (f) == 0 && g_get_monotonic_time () < deadline)
    drain (f);
  g_assert_cmpuint (estimate_of (f), >, bps * 8 / 10);
  g_assert_cmpuint (estimate_of (f), <, bps * 16 / 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, rtx, function)                                               \
  g_test_add ("/direct-lane/" name, Fixture, GINT_TO_POINTER (rtx), set_up,    \
              function, tear_down)
  ADD ("nothing-before-keys", TRUE, test_nothing_before_keys);
  ADD ("reports", TRUE, test_reports);
  ADD ("nack/rtx", TRUE, test_nack);
  ADD ("nack/plain", FALSE, test_nack);
  ADD ("nack/flood", TRUE, test_nack_flood);
  ADD ("junk-flood", TRUE, test_junk_flood);
  ADD ("key-frame", TRUE, test_key_frame);
  ADD ("retire", TRUE, test_retire);
  ADD ("goodbye", TRUE, test_goodbye);
#define ADD_LAYERS(name, rtx, function)                                        \
  g_test_add ("/direct-lane/layers/" name, Fixture, GINT_TO_POINTER (rtx),     \
              set_up_layers, function, tear_down)
  ADD_LAYERS ("rtx", TRUE, test_layers);
  ADD_LAYERS ("plain", FALSE, test_layers);
  ADD_LAYERS ("undecided", TRUE, test_layers_undecided);
  g_test_add ("/direct-lane/feedback", Fixture, GINT_TO_POINTER (TRUE),
              set_up_feedback, test_feedback, tear_down);
  return g_test_run ();
}
