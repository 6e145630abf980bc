/* SPDX-License-Identifier: MIT */
#include "common/whip-client.h"

#include "common/http.h"
#include "common/rtcp.h"

#include "base/clock.h"
#include "base/id.h"

#include <string.h>

/* libdatachannel keeps as many. */
#define HISTORY 4096
#define REPORT_EVERY_US G_USEC_PER_SEC
#define AUDIO_PT 111

typedef struct {
  gsize size;
  guint8 data[12 + 1500];
} Packet;

typedef struct {
  TcWhipClient *client;
  TcFrameSource *source;
  TcTimer *timer;
  guint8 pt;
  guint32 clock_rate, ssrc, timestamp, octets, packets;
  guint16 seq;
  guint64 frame;
  Packet *history; /* by sequence number */
} Stream;

struct _TcWhipClient {
  TcLoop *loop;
  TcWhipOptions options;
  TcPeer *peer;
  TcHttp *http;
  TcDescription *answer;
  Stream streams[WC_N_MEDIA];
  TcTimer *report_timer;
  gint64 start_us;
  guint status;
  char *session_url;
  char error[256];
  gboolean failed, flows;
  TcWhipStats stats;
};

/* --- offers ------------------------------------------------------------------
 */

static char *
make_obs_offer (const TcWhipClient *client)
{
  g_autofree char *ice = g_strdup_printf (
      "a=setup:actpass\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n",
      tc_peer_ufrag (client->peer), tc_peer_pwd (client->peer));

  return g_strdup_printf (
      "v=0\r\no=rtc 2087374193 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
      "a=group:BUNDLE 0 1\r\na=group:LS 0 1\r\na=msid-semantic:WMS *\r\n"
      "a=ice-options:ice2,trickle\r\na=fingerprint:sha-256 %s\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"
      "a=sendonly\r\na=ssrc:%u cname:name\r\na=ssrc:%u msid:id id-audio\r\n"
      "a=msid:id id-audio\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
      "a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;"
      "sprop-stereo=1;useinbandfec=1\r\n%s"
      "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n"
      "a=sendonly\r\na=ssrc:%u cname:name\r\na=ssrc:%u msid:id id-video\r\n"
      "a=msid:id id-video\r\na=rtcp-mux\r\na=rtpmap:96 H264/90000\r\n"
      "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 goog-remb\r\n"
      "a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;"
      "level-asymmetry-allowed=1\r\n%s",
      tc_peer_fingerprint (client->peer), client->streams[WC_MEDIA_AUDIO].ssrc,
      client->streams[WC_MEDIA_AUDIO].ssrc, ice,
      client->streams[WC_MEDIA_VIDEO].ssrc,
      client->streams[WC_MEDIA_VIDEO].ssrc, ice);
}

static char *
make_ffmpeg_offer (const TcWhipClient *client)
{
  g_autofree char *transport =
      g_strdup_printf ("c=IN IP4 0.0.0.0\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n"
                       "a=fingerprint:sha-256 %s\r\na=setup:passive\r\n",
                       tc_peer_ufrag (client->peer), tc_peer_pwd (client->peer),
                       tc_peer_fingerprint (client->peer));

  return g_strdup_printf (
      "v=0\r\no=FFmpeg 4489045141692799359 2 IN IP4 127.0.0.1\r\n"
      "s=FFmpegPublishSession\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
      "a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n%sa=mid:0\r\na=sendonly\r\n"
      "a=msid:FFmpeg audio\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
      "a=ssrc:%u cname:FFmpeg\r\na=ssrc:%u msid:FFmpeg audio\r\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 106\r\n%sa=mid:1\r\na=sendonly\r\n"
      "a=msid:FFmpeg video\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"
      "a=rtpmap:106 H264/90000\r\n"
      "a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;"
      "profile-level-id=42001f\r\n"
      "a=ssrc:%u cname:FFmpeg\r\na=ssrc:%u msid:FFmpeg video\r\n",
      transport, client->streams[WC_MEDIA_AUDIO].ssrc,
      client->streams[WC_MEDIA_AUDIO].ssrc, transport,
      client->streams[WC_MEDIA_VIDEO].ssrc,
      client->streams[WC_MEDIA_VIDEO].ssrc);
}

/* --- media -------------------------------------------------------------------
 */

static gboolean
is_withheld (const Stream *stream)
{
  guint every = stream->client->options.withhold_every;

  return every > 0 && stream->pt != AUDIO_PT && stream->seq % every == 0;
}

static void
on_payload (const guint8 *payload, gsize size, gboolean is_last, gpointer data)
{
  Stream *stream = data;
  TcWhipClient *client = stream->client;
  Packet *packet = &stream->history[stream->seq % HISTORY];
  TcRtpPacket header = {.pt = stream->pt,
                        .marker = is_last,
                        .seq = stream->seq,
                        .timestamp = stream->timestamp,
                        .ssrc = stream->ssrc};

  tc_rtp_write_header (&header, packet->data);
  memcpy (packet->data + 12, payload, size);
  packet->size = 12 + size;
  if (client->options.stamp != NULL && stream->pt != AUDIO_PT)
    client->options.stamp (packet->data + 12, size, client->options.data);
  stream->packets++;
  stream->octets += (guint32)size;
  client->stats.sent++;
  if (is_withheld (stream))
    client->stats.withheld++;
  else
    tc_peer_send_raw_rtp (client->peer, packet->data, packet->size);
  stream->seq++;
}

static gint64
frame_due_us (const Stream *stream)
{
  return stream->client->start_us + (gint64)stream->frame * G_USEC_PER_SEC /
                                        tc_frame_source_fps (stream->source);
}

static void
on_frame_due (gpointer data)
{
  Stream *stream = data;
  g_autoptr (GPtrArray) units = tc_frame_source_next (stream->source);

  stream->timestamp = (guint32)(stream->frame * stream->clock_rate /
                                tc_frame_source_fps (stream->source));
  tc_payload_write (tc_frame_source_format (stream->source), units, on_payload,
                    stream);
  stream->frame++;
  tc_timer_set (stream->timer, frame_due_us (stream));
}

static void
send_report (TcWhipClient *client, const Stream *stream)
{
  TcRtcpWriter writer = {.size = 0};
  TcRtcpSenderInfo info = {
      .ssrc = stream->ssrc,
      .ntp = wc_clock_now_ntp (),
      .rtp = (guint32)((wc_clock_now_us () - client->start_us) *
                       (gint64)stream->clock_rate / G_USEC_PER_SEC),
      .packets = stream->packets,
      .octets = stream->octets};

  tc_rtcp_add_sr (&writer, &info, NULL, 0);
  tc_rtcp_add_sdes (&writer, stream->ssrc, "name");
  tc_peer_send_raw_rtcp (client->peer, writer.data, writer.size);
}

static void
on_report_due (gpointer data)
{
  TcWhipClient *client = data;

  for (guint i = 0; i < WC_N_MEDIA; i++)
    send_report (client, &client->streams[i]);
  tc_timer_set (client->report_timer, wc_clock_now_us () + REPORT_EVERY_US);
}

static void
begin_media (TcWhipClient *client)
{
  client->start_us = wc_clock_now_us ();
  client->flows = TRUE;
  if (client->options.no_media)
    return;
  for (guint i = 0; i < WC_N_MEDIA; i++)
    tc_timer_set (client->streams[i].timer, client->start_us);
  tc_timer_set (client->report_timer, client->start_us);
}

/* --- feedback ----------------------------------------------------------------
 */

static void
resend (TcWhipClient *client, Stream *stream, guint16 seq)
{
  Packet *packet = &stream->history[seq % HISTORY];

  if (packet->size == 0 || packet->data[2] != seq >> 8 ||
      packet->data[3] != (seq & 0xff))
    return;
  client->stats.resent++;
  tc_peer_send_raw_rtp (client->peer, packet->data, packet->size);
}

static guint
read_u16 (const guint8 *data)
{
  return (guint)(data[0] << 8 | data[1]);
}

static void
take_nack (TcWhipClient *client, const TcRtcpPart *part)
{
  Stream *video = &client->streams[WC_MEDIA_VIDEO];

  for (gsize at = 12; at + 4 <= part->size; at += 4) {
    guint seq = read_u16 (part->data + at);
    guint mask = read_u16 (part->data + at + 2);
    client->stats.nacks++;
    resend (client, video, (guint16)seq);
    for (guint bit = 0; bit < 16; bit++)
      if (mask & 1u << bit)
        resend (client, video, (guint16)(seq + bit + 1));
  }
}

static void
on_rtcp (TcPeer *peer, const TcRtcpPart *part, gpointer data)
{
  TcWhipClient *client = data;

  if (part->type == TC_RTCP_RTPFB && part->count == 1)
    take_nack (client, part);
  else if (part->type == TC_RTCP_PSFB && part->count == 1)
    client->stats.plis++;
  else if (part->type == TC_RTCP_RR && part->count > 0)
    client->stats.reports++;
}

/* --- signalling --------------------------------------------------------------
 */

G_GNUC_PRINTF (2, 3)
static void
fail (TcWhipClient *client, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_vsnprintf (client->error, sizeof client->error, format, arguments);
  va_end (arguments);
  client->failed = TRUE;
}

static void
on_peer_changed (TcPeer *peer, TcPeerState state, gpointer data)
{
  TcWhipClient *client = data;

  switch (state) {
  case TC_PEER_NEW:
  case TC_PEER_CONNECTING:
  case TC_PEER_HANDSHAKE:
    break;
  case TC_PEER_CONNECTED:
    begin_media (client);
    break;
  case TC_PEER_CLOSED:
    tc_whip_client_pause (client);
    break;
  case TC_PEER_FAILED:
    fail (client, "%s", tc_peer_error (peer));
    break;
  }
}

static void
on_answered (const TcHttpResponse *response, gpointer data)
{
  TcWhipClient *client = data;
  const char *location = g_hash_table_lookup (response->headers, "location");
  g_autoptr (GError) error = NULL;

  client->status = response->status;
  if (response->status != 201 || location == NULL) {
    fail (client, "POST: %u %s", response->status, response->body->str);
    return;
  }
  client->session_url = g_uri_resolve_relative (client->options.url, location,
                                                G_URI_FLAGS_NONE, NULL);
  client->answer = tc_description_parse (response->body->str, &error);
  if (client->answer == NULL) {
    fail (client, "answer: %s", error->message);
    return;
  }
  tc_peer_connect (client->peer, client->answer,
                   strcmp (client->answer->setup, "passive") == 0, TRUE);
}

static gboolean
is_settled (gpointer data)
{
  TcWhipClient *client = data;

  return client->failed || client->flows;
}

static char *
make_offer (const TcWhipClient *client)
{
  g_autofree char *offer = client->options.behaviour == TC_WHIP_FFMPEG
                               ? make_ffmpeg_offer (client)
                               : make_obs_offer (client);

  return client->options.edit_offer != NULL ? client->options.edit_offer (offer)
                                            : g_steal_pointer (&offer);
}

gboolean
tc_whip_client_publish (TcWhipClient *client, gint64 timeout_ms)
{
  g_autofree char *offer = make_offer (client);
  TcHttpRequest request = {.method = "POST",
                           .url = client->options.url,
                           .content_type = "application/sdp",
                           .token = client->options.token,
                           .body = offer};

  client->http = tc_http_new (client->loop, &request, on_answered, client);
  tc_loop_run (client->loop, timeout_ms, is_settled, client);
  if (!client->flows && !client->failed)
    fail (client, "nothing within %" G_GINT64_FORMAT " ms", timeout_ms);
  return client->flows;
}

void
tc_whip_client_pause (TcWhipClient *client)
{
  for (guint i = 0; i < WC_N_MEDIA; i++)
    tc_timer_unset (client->streams[i].timer);
  tc_timer_unset (client->report_timer);
}

void
tc_whip_client_close (TcWhipClient *client)
{
  tc_whip_client_pause (client);
  tc_peer_close (client->peer);
}

/* --- life --------------------------------------------------------------------
 */

static void
init_stream (TcWhipClient *client, WcMedia media, TcFrameSource *source,
             guint8 pt, guint32 clock_rate)
{
  Stream *stream = &client->streams[media];

  stream->client = client;
  stream->source = source;
  stream->pt = pt;
  stream->clock_rate = clock_rate;
  stream->timer = tc_timer_new (client->loop, on_frame_due, stream);
  stream->history = g_new0 (Packet, HISTORY);
  wc_id_random_bytes (&stream->ssrc, sizeof stream->ssrc);
  wc_id_random_bytes (&stream->seq, sizeof stream->seq);
}

static TcFrameSource *
make_video (const TcWhipOptions *options)
{
  guint fps = options->fps != 0 ? options->fps : 30;
  g_autoptr (GError) error = NULL;
  TcFrameSource *source;

  if (options->h264_file == NULL)
    return tc_frame_source_h264 (
        options->bitrate_bps != 0 ? options->bitrate_bps : 1000000, fps,
        options->gop != 0 ? options->gop : 30);
  source = tc_frame_source_annex_b (TC_PAYLOAD_H264, options->h264_file, fps,
                                    &error);
  g_assert_no_error (error);
  return source;
}

TcWhipClient *
tc_whip_client_new (TcLoop *loop, const TcWhipOptions *options)
{
  TcWhipClient *client = g_new0 (TcWhipClient, 1);
  g_autoptr (GError) error = NULL;
  gboolean is_ffmpeg = options->behaviour == TC_WHIP_FFMPEG;

  client->loop = loop;
  client->options = *options;
  client->options.peer.changed = on_peer_changed;
  client->options.peer.rtcp = on_rtcp;
  client->options.peer.data = client;
  client->options.peer.bare_checks = is_ffmpeg;
  init_stream (client, WC_MEDIA_AUDIO, tc_frame_source_opus (64000), AUDIO_PT,
               48000);
  init_stream (client, WC_MEDIA_VIDEO, make_video (options),
               is_ffmpeg ? 106 : 96, 90000);
  client->report_timer = tc_timer_new (loop, on_report_due, client);
  client->peer = tc_peer_new (loop, &client->options.peer, &error);
  g_assert_no_error (error);
  return client;
}

void
tc_whip_client_free (TcWhipClient *client)
{
  g_clear_pointer (&client->http, tc_http_free);
  tc_peer_free (client->peer);
  g_clear_pointer (&client->answer, tc_description_free);
  tc_timer_free (client->report_timer);
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    tc_timer_free (client->streams[i].timer);
    tc_frame_source_free (client->streams[i].source);
    g_free (client->streams[i].history);
  }
  g_free (client->session_url);
  g_free (client);
}

TcPeer *
tc_whip_client_peer (const TcWhipClient *client)
{
  return client->peer;
}

guint
tc_whip_client_status (const TcWhipClient *client)
{
  return client->status;
}

const char *
tc_whip_client_error (const TcWhipClient *client)
{
  return client->error;
}

const char *
tc_whip_client_session_url (const TcWhipClient *client)
{
  return client->session_url;
}

const TcDescription *
tc_whip_client_answer (const TcWhipClient *client)
{
  return client->answer;
}

const TcWhipStats *
tc_whip_client_stats (const TcWhipClient *client)
{
  return &client->stats;
}

guint32
tc_whip_client_ssrc (const TcWhipClient *client, WcMedia media)
{
  return client->streams[media].ssrc;
}
