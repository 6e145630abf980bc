/* SPDX-License-Identifier: MIT */
/* A publisher of three layers of VP8, and viewers that look at every packet:
 * what they choose is what they get, from a key frame on, and one stream. */
#include "stage.h"

#include "common/bytes.h"
#include "common/http.h"
#include "common/whip-client.h"

#include "base/clock.h"
#include "base/id.h"

#include <string.h>

#define PATIENCE_MS 30000
#define PATH "/api/v1/mountpoints/cam"
#define N_LAYERS 3
#define TICK_MS 20
#define TICKS_PER_FRAME 2
/* From one key frame to the next; each layer has its own moment for them. */
#define TICKS_PER_KEY 30
#define N_PACKETS 3
#define PAYLOAD_SIZE 300
/* Where a payload says what it belongs to. */
#define MARK 40
/* Of a layer, until a change is over. */
#define SETTLED_FRAMES 20
/* The clocks of a source that has just begun are still being approached. */
#define MAX_DIFFERENCE_US 100000

static const char rids[N_LAYERS] = {'l', 'm', 'h'};

/* --- the publisher ---------------------------------------------------------
 */

/* Their numbers and clocks have nothing to do with each other. */
typedef struct {
  guint32 ssrc, first_timestamp, packets;
  guint16 seq, picture_id;
  gboolean has_begun, silent;
} Stream;

typedef struct {
  TcLoop *loop;
  TeServer *server;
  char *whep_url, *whip_url;
  TcWhipClient *publisher;
  Stream layers[N_LAYERS], sound;
  TcTimer *timer;
  gint64 start_us;
  guint32 tick;
} Stage;

static char *
offer_layers (const char *offer)
{
  GString *text = g_string_new (offer);

  g_string_replace (text, "a=rtpmap:96 H264/90000\r\n",
                    "a=rtpmap:96 VP8/90000\r\n", 0);
  g_string_replace (text,
                    "a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;"
                    "level-asymmetry-allowed=1\r\n",
                    "", 0);
  g_string_replace (text, "a=msid:id id-video\r\n",
                    "a=msid:id id-video\r\n"
                    "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
                    "a=extmap:2 "
                    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"
                    "a=rid:l send\r\na=rid:m send\r\na=rid:h send\r\n"
                    "a=simulcast:send l;m;h\r\n",
                    0);
  return g_string_free (text, FALSE);
}

static void
send_packet (Stage *stage, Stream *stream, const TcRtpPacket *header,
             const guint8 *payload, gsize size, char rid)
{
  const guint8 extension[] = {0xbe, 0xde, 0, 1, 0x10, '1', 0x20, (guint8)rid};
  guint8 data[12 + sizeof extension + PAYLOAD_SIZE];
  TcRtpPacket packet = *header;
  gsize at = 12;

  packet.ssrc = stream->ssrc;
  packet.seq = stream->seq++;
  tc_rtp_write_header (&packet, data);
  if (rid != '\0') {
    data[0] |= 0x10;
    memcpy (data + at, extension, sizeof extension);
    at += sizeof extension;
  }
  memcpy (data + at, payload, size);
  tc_peer_send_raw_rtp (tc_whip_client_peer (stage->publisher), data,
                        at + size);
  stream->packets++;
}

/* RFC 7741: the descriptor with a picture id of 15 bits, and at the beginning
 * of a key frame its size. */
static void
write_payload (guint8 payload[PAYLOAD_SIZE], const Stream *stream, guint layer,
               guint32 tick, gboolean is_first, gboolean is_key)
{
  const guint8 descriptor[] = {is_first ? 0x90 : 0x80, 0x80,
                               (guint8)(0x80 | stream->picture_id >> 8),
                               (guint8)stream->picture_id};
  guint width = 320u << layer, height = 180u << layer;
  const guint8 frame[] = {is_key ? 0x10 : 0x11,
                          0,
                          0,
                          0x9d,
                          0x01,
                          0x2a,
                          (guint8)width,
                          (guint8)(width >> 8),
                          (guint8)height,
                          (guint8)(height >> 8)};

  memset (payload, 0x55, PAYLOAD_SIZE);
  memcpy (payload, descriptor, sizeof descriptor);
  if (is_first)
    memcpy (payload + sizeof descriptor, frame, is_key ? sizeof frame : 3);
  payload[MARK] = (guint8)layer;
  tc_put_u32 (payload + MARK + 1, tick);
}

static void
send_picture (Stage *stage, guint layer, guint32 tick)
{
  Stream *stream = &stage->layers[layer];
  gboolean is_key =
      !stream->has_begun || tick % TICKS_PER_KEY == layer * TICKS_PER_FRAME;
  TcRtpPacket header = {
      .pt = 96, .timestamp = stream->first_timestamp + tick * TICK_MS * 90};
  guint8 payload[PAYLOAD_SIZE];

  stream->has_begun = TRUE;
  for (guint i = 0; i < N_PACKETS; i++) {
    header.marker = i == N_PACKETS - 1;
    write_payload (payload, stream, layer, tick, i == 0, is_key);
    send_packet (stage, stream, &header, payload, sizeof payload, rids[layer]);
  }
  stream->picture_id = (stream->picture_id + 1) & 0x7fff;
}

static void
send_sound (Stage *stage, guint32 tick)
{
  const guint8 payload[100] = {0xfc};
  TcRtpPacket header = {.pt = 111,
                        .timestamp =
                            stage->sound.first_timestamp + tick * TICK_MS * 48};

  send_packet (stage, &stage->sound, &header, payload, sizeof payload, '\0');
}

static void
send_report (Stage *stage, const Stream *stream, gint64 rate, gint64 us)
{
  TcRtcpWriter writer = {.size = 0};
  TcRtcpSenderInfo info = {.ssrc = stream->ssrc,
                           .ntp = wc_clock_now_ntp (),
                           .rtp = stream->first_timestamp +
                                  (guint32)(us * rate / G_USEC_PER_SEC),
                           .packets = stream->packets};

  tc_rtcp_add_sr (&writer, &info, NULL, 0);
  tc_rtcp_add_sdes (&writer, stream->ssrc, "name");
  tc_peer_send_raw_rtcp (tc_whip_client_peer (stage->publisher), writer.data,
                         writer.size);
}

static void
send_reports (Stage *stage)
{
  gint64 us = wc_clock_now_us () - stage->start_us;

  send_report (stage, &stage->sound, 48000, us);
  for (guint i = 0; i < N_LAYERS; i++)
    if (!stage->layers[i].silent)
      send_report (stage, &stage->layers[i], 90000, us);
}

/* What a busy machine has no time for is left out, as by a camera. */
static void
on_tick (gpointer data)
{
  Stage *stage = data;
  gint64 now_us = wc_clock_now_us ();
  guint32 tick = (guint32)((now_us - stage->start_us) / (TICK_MS * 1000));

  if (stage->tick / TICKS_PER_FRAME != tick / TICKS_PER_FRAME)
    for (guint i = 0; i < N_LAYERS; i++)
      if (!stage->layers[i].silent)
        send_picture (stage, i, tick / TICKS_PER_FRAME * TICKS_PER_FRAME);
  if (stage->tick / 25 != tick / 25)
    send_reports (stage);
  send_sound (stage, tick);
  stage->tick = tick;
  tc_timer_set (stage->timer,
                stage->start_us + (gint64)(tick + 1) * TICK_MS * 1000);
}

/* A first sequence number from which it wraps soon. */
static void
init_stream (Stream *stream)
{
  wc_id_random_bytes (&stream->ssrc, sizeof stream->ssrc);
  wc_id_random_bytes (&stream->first_timestamp, sizeof stream->first_timestamp);
  wc_id_random_bytes (&stream->picture_id, sizeof stream->picture_id);
  stream->picture_id &= 0x7fff;
  stream->seq = (guint16)g_random_int_range (65000, 65500);
}

static void
publish (Stage *stage)
{
  TcWhipOptions options = {
      .url = stage->whip_url, .edit_offer = offer_layers, .no_media = TRUE};

  stage->publisher = tc_whip_client_new (stage->loop, &options);
  init_stream (&stage->sound);
  stage->sound.ssrc = tc_whip_client_ssrc (stage->publisher, WC_MEDIA_AUDIO);
  for (guint i = 0; i < N_LAYERS; i++)
    init_stream (&stage->layers[i]);
  if (!tc_whip_client_publish (stage->publisher, PATIENCE_MS))
    g_error ("publishing: %s", tc_whip_client_error (stage->publisher));
  stage->timer = tc_timer_new (stage->loop, on_tick, stage);
  stage->start_us = wc_clock_now_us ();
  tc_timer_set (stage->timer, stage->start_us);
}

static Stage *
stage_open (void)
{
  Stage *stage = g_new0 (Stage, 1);

  stage->loop = tc_loop_new ();
  stage->server = te_server_start (stage->loop, NULL, NULL);
  g_assert_cmpuint (
      te_server_request (stage->server, "POST", "/api/v1/mountpoints",
                         "{\"id\":\"cam\",\"kind\":\"whip\"}", NULL),
      ==, 201);
  stage->whep_url = te_server_whep_url (stage->server, "cam");
  stage->whip_url = te_server_text (stage->server, PATH, "whip_url");
  publish (stage);
  te_server_wait_live (stage->server, "cam");
  for (guint i = 0; i < N_LAYERS; i++) {
    g_autofree char *member = g_strdup_printf ("publisher.layers.%u.width", i);
    g_assert_true (te_server_wait_number (stage->server, PATH, member, 320 << i,
                                          PATIENCE_MS));
  }
  return stage;
}

static void
stage_close (Stage *stage)
{
  tc_timer_free (stage->timer);
  tc_whip_client_free (stage->publisher);
  te_server_free (stage->server);
  tc_loop_free (stage->loop);
  g_free (stage->whep_url);
  g_free (stage->whip_url);
  g_free (stage);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Stage, stage_close)

/* --- the viewer ------------------------------------------------------------
 */

typedef struct {
  TcWhepClient *client;
  guint from, to; /* a change that was asked for; N_LAYERS: none */
  guint layer;
  guint frames; /* of the layer, since it came */
  guint32 tick, timestamp;
  guint16 seq, picture_id;
  gboolean marker;
} Viewer;

static void
read_packet (const TcRtpPacket *packet, Viewer *now)
{
  g_assert_cmpuint (packet->payload_size, ==, PAYLOAD_SIZE);
  now->layer = packet->payload[MARK];
  now->tick = tc_get_u32 (packet->payload + MARK + 1);
  now->picture_id = tc_get_u16 (packet->payload + 2) & 0x7fff;
  now->timestamp = packet->timestamp;
  now->seq = packet->seq;
  now->marker = packet->marker;
}

/* Another picture: the one before is whole, and the numbers go on. */
static void
begin_picture (const Viewer *was, Viewer *now, const TcRtpPacket *packet)
{
  if (was->layer != now->layer) {
    g_assert_true (
        tc_rtp_starts_key_frame ("VP8", packet->payload, packet->payload_size));
    now->frames = 0;
  }
  now->frames++;
  g_assert_true (was->marker);
  if (was->layer == now->layer ||
      (was->layer == now->from && now->layer == now->to))
    g_assert_cmpuint (now->picture_id, ==, (was->picture_id + 1) & 0x7fff);
  g_assert_cmpint ((gint32)(now->timestamp - was->timestamp), >, 0);
}

static void
on_packet (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
           gpointer data)
{
  Viewer *viewer = data;
  Viewer was = *viewer;
  gboolean is_first = tc_track_stats (track)->packets == 1;

  if (strcmp (tc_track_section (track)->kind, "video") != 0)
    return;
  read_packet (packet, viewer);
  if (is_first)
    return;
  g_assert_cmpuint (viewer->seq, ==, (guint16)(was.seq + 1));
  if ((packet->payload[0] & 0x10) != 0) {
    begin_picture (&was, viewer, packet);
    return;
  }
  g_assert_cmpuint (viewer->layer, ==, was.layer);
  g_assert_cmpuint (viewer->tick, ==, was.tick);
  g_assert_cmpuint (viewer->picture_id, ==, was.picture_id);
  g_assert_cmpuint (viewer->timestamp, ==, was.timestamp);
}

static void
watch (Stage *stage, Viewer *viewer)
{
  TcWhepOptions options = {
      .url = stage->whep_url, .peer.packet = on_packet, .peer.data = viewer};
  const char *link;

  *viewer = (Viewer){.client = tc_whep_client_new (stage->loop, &options),
                     .from = N_LAYERS,
                     .to = N_LAYERS};
  tc_whep_client_start (viewer->client);
  if (!tc_whep_client_wait_key_frame (viewer->client, PATIENCE_MS))
    g_error ("watching: %s", tc_whep_client_error (viewer->client));
  link = tc_whep_client_header (viewer->client, "link");
  g_assert_nonnull (strstr (link, "/layer>; rel=\"urn:ietf:params:whep:ext:"
                                  "core:layer\""));
}

static void
leave (Viewer *viewer)
{
  te_assert_clean (viewer->client);
  te_leave (viewer->client);
  tc_whep_client_free (viewer->client);
}

static void
wish (Stage *stage, Viewer *viewer, const char *body)
{
  g_autofree char *url =
      g_strconcat (tc_whep_client_session_url (viewer->client), "/layer", NULL);
  TcHttpRequest request = {.method = "POST",
                           .url = url,
                           .content_type = "application/json",
                           .body = body};

  g_assert_cmpuint (tc_http_run (stage->loop, &request, NULL), ==, 200);
}

static void
wish_rid (Stage *stage, Viewer *viewer, guint layer)
{
  g_autofree char *body = g_strdup_printf ("{\"rid\":\"%c\"}", rids[layer]);

  wish (stage, viewer, body);
}

typedef struct {
  const Viewer *viewer;
  guint layer;
} Wanted;

static gboolean
has_settled (gpointer data)
{
  Wanted *wanted = data;

  return wanted->viewer->layer == wanted->layer &&
         wanted->viewer->frames >= SETTLED_FRAMES;
}

static void
wait_layer (Stage *stage, const Viewer *viewer, guint layer)
{
  Wanted wanted = {viewer, layer};

  if (!tc_loop_run (stage->loop, PATIENCE_MS, has_settled, &wanted))
    g_error ("layer %c does not come, but %c", rids[layer],
             rids[viewer->layer]);
}

/* From one that it has by choice; what the best layer is for everybody may
 * change in another way. */
static void
choose (Stage *stage, Viewer *viewer, guint layer)
{
  viewer->from = viewer->layer;
  viewer->to = layer;
  wish_rid (stage, viewer, layer);
  wait_layer (stage, viewer, layer);
}

/* Its clock against that of the publisher, in RTP's ticks; wraps. */
static guint32
clock_of (const Viewer *viewer)
{
  return viewer->timestamp - viewer->tick * TICK_MS * 90;
}

static void
assert_on_time (const Viewer *viewer, guint32 clock)
{
  gint64 difference_us = (gint64)(gint32)(clock_of (viewer) - clock) * 100 / 9;

  g_test_message ("layer %c: %+d us", rids[viewer->layer], (int)difference_us);
  g_assert_cmpint (ABS (difference_us), <, MAX_DIFFERENCE_US);
}

/* --- tests -----------------------------------------------------------------
 */

/* each viewer for itself; what was chosen last counts. */
static void
test_choose (void)
{
  static const guint choices[] = {0, 2, 1, 0, 1, 2};
  g_autoptr (Stage) stage = stage_open ();
  Viewer viewer, other;

  watch (stage, &viewer);
  watch (stage, &other);
  wish_rid (stage, &viewer, 1);
  wish_rid (stage, &other, 2);
  wait_layer (stage, &other, 2);
  wait_layer (stage, &viewer, 1);
  guint32 clock = clock_of (&viewer);

  for (guint i = 0; i < G_N_ELEMENTS (choices); i++) {
    choose (stage, &viewer, choices[i]);
    assert_on_time (&viewer, clock);
    wait_layer (stage, &other, 2);
  }
  te_assert_plays (viewer.client, 30);
  leave (&viewer);
  leave (&other);
}

/* What is not sent any more cannot be had; when it is sent again it is what the
 * viewer had chosen. Without a choice it is the best. */
static void
test_gone (void)
{
  g_autoptr (Stage) stage = stage_open ();
  Viewer viewer;

  watch (stage, &viewer);
  wish_rid (stage, &viewer, 1);
  wait_layer (stage, &viewer, 1);
  guint32 clock = clock_of (&viewer);

  stage->layers[1].silent = TRUE;
  wait_layer (stage, &viewer, 2);
  assert_on_time (&viewer, clock);
  stage->layers[1].silent = FALSE;
  wait_layer (stage, &viewer, 1);
  assert_on_time (&viewer, clock);
  wish (stage, &viewer, "{}");
  wait_layer (stage, &viewer, 2);
  assert_on_time (&viewer, clock);
  leave (&viewer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/viewer/layers/choose", test_choose);
  g_test_add_func ("/viewer/layers/gone", test_gone);
  return g_test_run ();
}
