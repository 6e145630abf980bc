/* SPDX-License-Identifier: MIT */
#include "common/viewing.h"

#include "base/clock.h"

const char *
tc_whep_state_name (TcWhepState state)
{
  static const char *const names[] = {"new",     "signalling", "connecting",
                                      "playing", "closing",    "closed",
                                      "failed"};

  return names[state];
}

void
tc_viewing_init (TcViewing *viewing, const TcPeerOptions *options)
{
  *viewing = (TcViewing){.options = *options, .state = TC_WHEP_NEW};
}

void
tc_viewing_clear (TcViewing *viewing)
{
  g_clear_pointer (&viewing->peer, tc_peer_free);
}

void
tc_viewing_fail (TcViewing *viewing, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_vsnprintf (viewing->error, sizeof viewing->error, format, arguments);
  va_end (arguments);
  viewing->state = TC_WHEP_FAILED;
}

static void
on_peer_changed (TcPeer *peer, TcPeerState state, gpointer data)
{
  TcViewing *viewing = data;

  if (viewing->state != TC_WHEP_CONNECTING && viewing->state != TC_WHEP_PLAYING)
    return;
  switch (state) {
  case TC_PEER_NEW:
  case TC_PEER_CONNECTING:
  case TC_PEER_HANDSHAKE:
    break;
  case TC_PEER_CONNECTED:
    viewing->state = TC_WHEP_PLAYING;
    break;
  case TC_PEER_CLOSED:
    viewing->state = TC_WHEP_CLOSED;
    break;
  case TC_PEER_FAILED:
    tc_viewing_fail (viewing, "%s", tc_peer_error (peer));
    break;
  }
}

/* The peer hands its own data to three callbacks; two of them pass through
 * here, so that data is the one that was given for them. */
static void
on_packet (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
           gpointer data)
{
  TcViewing *viewing = data;

  if (viewing->options.packet != NULL)
    viewing->options.packet (peer, track, packet, viewing->options.data);
}

static void
on_rtcp (TcPeer *peer, const TcRtcpPart *part, gpointer data)
{
  TcViewing *viewing = data;

  if (viewing->options.rtcp != NULL)
    viewing->options.rtcp (peer, part, viewing->options.data);
}

gboolean
tc_viewing_open (TcViewing *viewing, TcLoop *loop)
{
  TcPeerOptions options = viewing->options;
  g_autoptr (GError) error = NULL;

  options.changed = on_peer_changed;
  options.packet = on_packet;
  options.rtcp = on_rtcp;
  options.data = viewing;
  viewing->peer = tc_peer_new (loop, &options, &error);
  if (viewing->peer == NULL)
    tc_viewing_fail (viewing, "%s", error->message);
  return viewing->peer != NULL;
}

void
tc_viewing_signal (TcViewing *viewing)
{
  viewing->state = TC_WHEP_SIGNALLING;
  viewing->start_us = wc_clock_now_us ();
}

void
tc_viewing_connect (TcViewing *viewing, const TcDescription *remote,
                    gboolean dtls_client, gboolean controlling)
{
  viewing->state = TC_WHEP_CONNECTING;
  tc_peer_connect (viewing->peer, remote, dtls_client, controlling);
}

void
tc_viewing_finish (TcViewing *viewing)
{
  if (viewing->peer != NULL)
    tc_peer_close (viewing->peer);
  viewing->state = TC_WHEP_CLOSED;
}

static void
add_peer (TcWhepTimes *times, TcPeer *peer)
{
  TcTrack *video = tc_peer_find_track (peer, WC_MEDIA_VIDEO);

  times->ice_us = tc_peer_stats (peer)->ice_us;
  times->dtls_us = tc_peer_stats (peer)->dtls_us;
  if (video != NULL)
    times->first_key_us = tc_track_stats (video)->first_key_complete_us;
  for (guint i = 0; i < tc_peer_n_tracks (peer); i++) {
    gint64 first_us = tc_track_stats (tc_peer_track (peer, i))->first_packet_us;

    if (first_us != 0 &&
        (times->first_packet_us == 0 || first_us < times->first_packet_us))
      times->first_packet_us = first_us;
  }
}

TcWhepTimes
tc_viewing_times (const TcViewing *viewing)
{
  TcWhepTimes times = {.start_us = viewing->start_us,
                       .answered_us = viewing->answered_us};

  if (viewing->peer != NULL)
    add_peer (&times, viewing->peer);
  return times;
}
