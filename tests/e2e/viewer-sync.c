/* SPDX-License-Identifier: MIT */
/* Lips and voice: sender reports that reach viewers say of sound and picture
 * what the source's reports say (RFC 3550 section 6.4.1). */
#include "lips.h"

#include <string.h>

#define WAIT_MS 30000
#define MAX_DIFFERENCE_US 20000
#define MAX_PAUSE_US (5 * G_USEC_PER_SEC)
#define N_REPORTS 8

static gboolean
has_reports (gpointer client)
{
  return te_stats (client, WC_MEDIA_VIDEO)->sr_count >= N_REPORTS &&
         te_stats (client, WC_MEDIA_AUDIO)->sr_count >= N_REPORTS;
}

static TcRtpSender *
make_sender (TcLoop *loop, TeServer *server, WcMedia media, const char *member)
{
  gint64 port = te_server_number (server, "/api/v1/mountpoints/cam", member);

  return te_lips_sender (loop, media, (guint16)port,
                         media == WC_MEDIA_VIDEO ? 3840000000u : 145032704u);
}

static void
start_source (TeLips *lips, TcLoop *loop, TeServer *server)
{
  te_server_create (
      server, "cam",
      "[{\"media\":\"video\",\"codec\":\"H264\",\"payload_type\":96},"
      "{\"media\":\"audio\",\"codec\":\"opus\",\"payload_type\":111}]");
  te_lips_switch (lips,
                  make_sender (loop, server, WC_MEDIA_VIDEO, "tracks.0.port"),
                  make_sender (loop, server, WC_MEDIA_AUDIO, "tracks.1.port"));
  te_lips_start (lips, loop);
  te_server_wait_live (server, "cam");
}

static void
assert_reports (TcWhepClient *client, WcMedia media)
{
  const TcTrackStats *stats = te_stats (client, media);

  g_assert_cmpint (stats->longest_sr_pause_us, <, MAX_PAUSE_US);
  g_assert_cmpint (stats->last_sr_us - stats->first_packet_us, >, 0);
  g_assert_cmpuint (stats->last_sr.packets, >, 0);
  g_assert_cmpuint (stats->last_sr.packets, <=, stats->packets);
}

/* S-32: of each SSRC the CNAME that its answer says, and one for both. */
typedef struct {
  TeLipsSeen lips; /* first: it is whom te_lips_on_packet () is given */
  guint n_names[WC_N_MEDIA];
} Seen;

static void
on_rtcp (TcPeer *peer, const TcRtcpPart *part, gpointer data)
{
  Seen *seen = data;

  for (guint i = 0; part->type == TC_RTCP_SDES && i < WC_N_MEDIA; i++) {
    const TcSection *section =
        tc_track_section (tc_peer_find_track (peer, (WcMedia)i));
    gsize size = strlen (section->cname);

    if (part->ssrc != section->ssrc)
      continue;
    g_assert_cmpuint (part->data[8], ==, 1);
    g_assert_cmpmem (part->data + 10, part->data[9], section->cname, size);
    seen->n_names[i]++;
  }
}

static void
assert_names (TcWhepClient *client, const Seen *seen)
{
  TcTrack *audio = tc_whep_client_track (client, WC_MEDIA_AUDIO);
  TcTrack *video = tc_whep_client_track (client, WC_MEDIA_VIDEO);

  g_assert_cmpstr (tc_track_section (audio)->cname, ==,
                   tc_track_section (video)->cname);
  g_assert_cmpuint (seen->n_names[WC_MEDIA_AUDIO], >, 0);
  g_assert_cmpuint (seen->n_names[WC_MEDIA_VIDEO], >, 0);
}

/* */
static void
test_sync (void)
{
  g_autoptr (TcLoop) loop = tc_loop_new ();
  TeServer *server = te_server_start (loop, NULL, NULL);
  g_autofree char *url = te_server_whep_url (server, "cam");
  TeLips lips = {0};
  Seen seen = {0};
  TcWhepOptions options = {.url = url,
                           .peer.packet = te_lips_on_packet,
                           .peer.rtcp = on_rtcp,
                           .peer.data = &seen};
  TcWhepClient *client = tc_whep_client_new (loop, &options);
  gint64 difference_us;

  start_source (&lips, loop, server);
  tc_whep_client_start (client);
  g_assert_true (tc_whep_client_wait_key_frame (client, WAIT_MS));
  g_assert_true (tc_loop_run (loop, WAIT_MS, has_reports, client));
  assert_reports (client, WC_MEDIA_VIDEO);
  assert_reports (client, WC_MEDIA_AUDIO);
  assert_names (client, &seen);
  difference_us = te_lips_difference_us (client, &seen.lips);
  g_test_message ("picture against sound: %+d us", (int)difference_us);
  g_assert_cmpint (ABS (difference_us), <, MAX_DIFFERENCE_US);
  te_assert_clean (client);
  tc_whep_client_free (client);
  te_lips_stop (&lips);
  te_server_free (server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/viewer/sync/reports", test_sync);
  return g_test_run ();
}
