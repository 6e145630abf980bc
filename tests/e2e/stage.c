/* SPDX-License-Identifier: MIT */
#include "stage.h"

#define BITRATE_BPS 1000000
#define JOIN_MS 15000

static const char tracks[] =
    "[{\"media\":\"video\",\"codec\":\"H264\",\"payload_type\":96},"
    "{\"media\":\"audio\",\"codec\":\"opus\",\"payload_type\":111}]";

/* The API lists video first. */
static TcRtpSender *
make_sender (TeStage *stage, guint index, guint8 pt, guint32 clock_rate)
{
  g_autofree char *member = g_strdup_printf ("tracks.%u.port", index);
  g_autoptr (GError) error = NULL;
  TcRtpSenderOptions options = {.pt = pt,
                                .clock_rate = clock_rate,
                                .first_seq = 65000, /* wraps soon */
                                .record = TRUE};
  TcRtpSender *sender;

  options.port = (guint16)te_server_number (stage->server,
                                            "/api/v1/mountpoints/cam", member);
  sender = tc_rtp_sender_new (stage->loop, &options, &error);
  g_assert_no_error (error);
  return sender;
}

TeStage *
te_stage_open_at (const char *ip, const char *config, guint gop,
                  guint bitrate_bps)
{
  TeStage *stage = g_new0 (TeStage, 1);

  stage->loop = tc_loop_new ();
  stage->server = te_server_start (stage->loop, ip, config);
  stage->whep_url = te_server_whep_url (stage->server, "cam");
  te_server_create (stage->server, "cam", tracks);
  stage->video = make_sender (stage, 0, 96, 90000);
  stage->audio = make_sender (stage, 1, 111, 48000);
  stage->video_source = tc_frame_source_h264 (bitrate_bps, TE_FPS, gop);
  stage->audio_source = tc_frame_source_opus (64000);
  tc_rtp_sender_play (stage->video, stage->video_source);
  tc_rtp_sender_play (stage->audio, stage->audio_source);
  te_server_wait_live (stage->server, "cam");
  return stage;
}

TeStage *
te_stage_open (const char *config, guint gop)
{
  return te_stage_open_at (NULL, config, gop, BITRATE_BPS);
}

void
te_stage_close (TeStage *stage)
{
  te_server_end (stage->server);
  tc_rtp_sender_free (stage->video);
  tc_rtp_sender_free (stage->audio);
  tc_frame_source_free (stage->video_source);
  tc_frame_source_free (stage->audio_source);
  te_server_free (stage->server);
  tc_loop_free (stage->loop);
  g_free (stage->whep_url);
  g_free (stage);
}

gboolean
te_stage_is_direct (TeStage *stage)
{
  g_autofree char *lane = te_server_text (stage->server, TE_SERVER, "lane");

  return g_str_equal (lane, "direct");
}

TcWhepClient *
te_stage_join (TeStage *stage, const TcWhepOptions *options)
{
  TcWhepOptions own = options != NULL ? *options : (TcWhepOptions){0};
  TcWhepClient *client;

  own.url = stage->whep_url;
  client = tc_whep_client_new (stage->loop, &own);
  tc_whep_client_start (client);
  return client;
}

TcWhepClient *
te_stage_watch (TeStage *stage, const TcWhepOptions *options)
{
  TcWhepClient *client = te_stage_join (stage, options);

  if (!tc_whep_client_wait_key_frame (client, JOIN_MS) ||
      !tc_whep_client_wait_packets (client, WC_MEDIA_AUDIO, 1, JOIN_MS))
    g_error ("no media: %s %s",
             tc_whep_state_name (tc_whep_client_state (client)),
             tc_whep_client_error (client));
  return client;
}

void
te_assert_plays (TcWhepClient *client, guint n)
{
  g_assert_true (
      tc_whep_client_wait_packets (client, WC_MEDIA_VIDEO, n, JOIN_MS));
  g_assert_true (
      tc_whep_client_wait_packets (client, WC_MEDIA_AUDIO, n, JOIN_MS));
}

void
te_leave (TcWhepClient *client)
{
  tc_whep_client_stop (client);
  g_assert_true (tc_whep_client_wait (client, TC_WHEP_CLOSED, JOIN_MS));
  g_assert_cmpuint (tc_whep_client_delete_status (client), ==, 200);
}

const TcTrackStats *
te_stats (TcWhepClient *client, WcMedia media)
{
  return tc_track_stats (tc_whep_client_track (client, media));
}

static void
assert_clean_track (TcTrack *track)
{
  const TcTrackStats *stats = tc_track_stats (track);
  const TcSection *section = tc_track_section (track);

  g_assert_cmpuint (section->ssrc, !=, 0);
  g_assert_cmpuint (stats->ssrc, ==, section->ssrc);
  g_assert_cmpuint (stats->pt, ==, tc_track_format (track)->pt);
  g_assert_cmpuint (stats->wrong_ssrc, ==, 0);
  g_assert_cmpuint (stats->ssrc_changes, ==, 0);
  g_assert_cmpuint (stats->auth_failures, ==, 0);
  g_assert_cmpuint (stats->backward_timestamps, ==, 0);
  g_assert_cmpuint (stats->lost, ==, 0);
}

void
te_assert_clean (TcWhepClient *client)
{
  TcPeer *peer = tc_whep_client_peer (client);
  const TcPeerStats *stats = tc_peer_stats (peer);

  for (guint i = 0; i < tc_peer_n_tracks (peer); i++)
    assert_clean_track (tc_peer_track (peer, i));
  g_assert_cmpuint (stats->unknown_pt, ==, 0);
  g_assert_cmpuint (stats->rtp_auth_failures, ==, 0);
  g_assert_cmpuint (stats->rtcp_auth_failures, ==, 0);
  g_assert_cmpuint (stats->malformed, ==, 0);
  g_assert_cmpuint (stats->unknown_rtcp_ssrc, ==, 0);
  g_assert_cmpuint (stats->early, ==, 0);
  g_assert_cmpuint (stats->other, ==, 0);
}
