/* SPDX-License-Identifier: MIT */
#include "common/peer-private.h"

#include "base/clock.h"
#include "base/id.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BUFFER (1024 * 1024)
#define DEFAULT_TIMEOUT_MS 10000
#define DEFAULT_RR_MS 1000

void
tc_peer_set_state (TcPeer *peer, TcPeerState state)
{
  if (peer->state == state)
    return;
  peer->state = state;
  if (peer->options.changed != NULL)
    peer->options.changed (peer, state, peer->options.data);
}

void
tc_peer_fail (TcPeer *peer, const char *format, ...)
{
  va_list arguments;

  if (peer->state == TC_PEER_FAILED || peer->state == TC_PEER_CLOSED)
    return;
  va_start (arguments, format);
  g_vsnprintf (peer->error, sizeof peer->error, format, arguments);
  va_end (arguments);
  tc_timer_unset (peer->deadline);
  tc_timer_unset (peer->report_timer);
  tc_timer_unset (peer->nack_timer);
  tc_ice_stop (peer->ice);
  tc_peer_set_state (peer, TC_PEER_FAILED);
}

/* --- over TCP ------------------------------------------------------------- */

static void
on_frame (const WcAddress *from, const guint8 *data, gsize size,
          gpointer data_pointer)
{
  tc_peer_receive (data_pointer, from, data, size, wc_clock_now_us ());
}

static void
on_frames (gpointer data)
{
  tc_peer_received (data);
}

static void
on_tcp_closed (gpointer data)
{
  TcPeer *peer = data;

  peer->tcp_closed = TRUE;
}

/* A connection begins with a check; without one nothing else has a way. */
static void
send_over_tcp (TcPeer *peer, const WcAddress *to, const guint8 *data,
               gsize size)
{
  TcTcpLinkCallbacks callbacks = {on_frame, on_frames, on_tcp_closed, peer};

  if (peer->tcp == NULL && data[0] >= 4)
    return;
  if (peer->tcp == NULL)
    peer->tcp = tc_tcp_link_new (peer->loop, peer->options.local_address, to,
                                 &callbacks);
  tc_tcp_link_send (peer->tcp, data, size);
}

void
tc_peer_use_tcp (TcPeer *peer, gboolean tcp)
{
  peer->over_tcp = tcp;
  tc_ice_check_now (peer->ice);
}

void
tc_peer_drop_tcp (TcPeer *peer)
{
  g_clear_pointer (&peer->tcp, tc_tcp_link_free);
}

void
tc_peer_leave_tcp (TcPeer *peer)
{
  g_clear_pointer (&peer->former_tcp, tc_tcp_link_free);
  peer->former_tcp = g_steal_pointer (&peer->tcp);
}

gboolean
tc_peer_uses_tcp (const TcPeer *peer)
{
  return peer->over_tcp;
}

void
tc_peer_set_reading (TcPeer *peer, gboolean reading)
{
  if (peer->tcp != NULL)
    tc_tcp_link_set_reading (peer->tcp, reading);
}

gboolean
tc_peer_tcp_closed (const TcPeer *peer)
{
  return peer->tcp_closed;
}

/* --- what goes out -------------------------------------------------------- */

static void
send_to (TcPeer *peer, const WcAddress *to, const guint8 *data, gsize size)
{
  struct sockaddr_storage storage;
  socklen_t length;

  if (peer->silent)
    return;
  if (peer->options.link.send != NULL) {
    peer->options.link.send (to, data, size, peer->options.link.data);
    return;
  }
  if (peer->over_tcp) {
    send_over_tcp (peer, to, data, size);
    return;
  }
  if (peer->fd < 0)
    return;
  length = wc_address_to_sockaddr (to, peer->family, &storage);
  /* A full buffer loses the datagram, as a network does. */
  (void)!sendto (peer->fd, data, size, MSG_DONTWAIT,
                 (struct sockaddr *)&storage, length);
}

gboolean
tc_peer_send_datagram (TcPeer *peer, const guint8 *data, gsize size)
{
  if (!peer->has_remote)
    return FALSE;
  send_to (peer, &peer->remote_address, data, size);
  return TRUE;
}

static void
send_stun (const WcAddress *to, const guint8 *data, gsize size,
           gpointer data_pointer)
{
  send_to (data_pointer, to, data, size);
}

static void
send_dtls (const guint8 *data, gsize size, gpointer data_pointer)
{
  tc_peer_send_datagram (data_pointer, data, size);
}

static void
on_selected (const WcAddress *remote, gpointer data)
{
  TcPeer *peer = data;

  peer->remote_address = *remote;
  peer->has_remote = TRUE;
  if (peer->state != TC_PEER_CONNECTING)
    return;
  peer->stats.ice_us = wc_clock_now_us ();
  tc_peer_set_state (peer, TC_PEER_HANDSHAKE);
  tc_dtls_start (peer->dtls);
}

static void
on_ice_failed (const char *reason, gpointer data)
{
  tc_peer_fail (data, "ICE: %s", reason);
}

static void
finish_handshake (TcPeer *peer)
{
  g_autofree char *fingerprint = tc_dtls_peer_fingerprint (peer->dtls);
  g_autoptr (GError) error = NULL;

  if (fingerprint == NULL ||
      g_ascii_strcasecmp (fingerprint, peer->remote->fingerprint) != 0) {
    tc_peer_fail (peer, "DTLS: the certificate is not the answer's");
    return;
  }
  peer->srtp = tc_dtls_make_srtp (peer->dtls, &error);
  if (peer->srtp == NULL) {
    tc_peer_fail (peer, "SRTP: %s", error->message);
    return;
  }
  tc_timer_unset (peer->deadline);
  peer->stats.dtls_us = wc_clock_now_us ();
  tc_timer_set (peer->report_timer, peer->stats.dtls_us + peer->rr_interval_us);
  tc_peer_set_state (peer, TC_PEER_CONNECTED);
}

static void
on_dtls_changed (TcDtlsState state, gpointer data)
{
  TcPeer *peer = data;

  switch (state) {
  case TC_DTLS_HANDSHAKE:
    break;
  case TC_DTLS_CONNECTED:
    finish_handshake (peer);
    break;
  case TC_DTLS_CLOSED:
    peer->stats.close_notify = TRUE;
    tc_peer_close (peer);
    break;
  case TC_DTLS_FAILED:
    tc_peer_fail (peer, "DTLS: %s", tc_dtls_error (peer->dtls));
    break;
  }
}

static void
on_deadline (gpointer data)
{
  TcPeer *peer = data;

  tc_peer_fail (peer, "%s takes too long",
                peer->state == TC_PEER_CONNECTING ? "ICE" : "DTLS");
}

static void
on_readable (guint32 events, gpointer data)
{
  tc_peer_drain (data);
}

static gboolean
bind_socket (TcPeer *peer)
{
  struct sockaddr_storage storage;
  WcAddress address = {0};
  socklen_t length;

  if (peer->options.local_address != NULL) {
    if (!wc_address_parse (&address, peer->options.local_address, 0))
      return FALSE;
  } else {
    address.sa.sa_family = (sa_family_t)peer->family;
  }
  length = wc_address_to_sockaddr (&address, peer->family, &storage);
  if (bind (peer->fd, (struct sockaddr *)&storage, length) != 0)
    return FALSE;
  length = sizeof storage;
  if (getsockname (peer->fd, (struct sockaddr *)&storage, &length) != 0)
    return FALSE;
  address = wc_address_from_sockaddr ((struct sockaddr *)&storage);
  peer->port = wc_address_port (&address);
  return TRUE;
}

static gboolean
open_socket (TcPeer *peer, GError **error)
{
  int size = RECEIVE_BUFFER;
  int one = 1;

  if (peer->options.link.send != NULL) {
    peer->port = peer->options.link.port;
    return TRUE;
  }
  peer->fd =
      socket (peer->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (peer->fd < 0 || !bind_socket (peer)) {
    g_set_error (error, TC_ERROR, 0, "UDP socket on %s: %s",
                 peer->options.local_address != NULL
                     ? peer->options.local_address
                     : "any address",
                 g_strerror (errno));
    return FALSE;
  }
  setsockopt (peer->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  /* The kernel may hand over runs of datagrams in one piece. */
  setsockopt (peer->fd, SOL_UDP, UDP_GRO, &one, sizeof one);
  if (peer->family == AF_INET6)
    setsockopt (peer->fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &one, sizeof one);
  setsockopt (peer->fd, IPPROTO_IP, IP_RECVTOS, &one, sizeof one);
  peer->watch = tc_watch_new (peer->loop, peer->fd, EPOLLIN, on_readable, peer);
  return TRUE;
}

static void
close_socket (TcPeer *peer)
{
  g_clear_pointer (&peer->watch, tc_watch_free);
  if (peer->fd >= 0)
    close (peer->fd);
  peer->fd = -1;
}

static int
family_of (const TcPeerOptions *options)
{
  gboolean is_ipv6 =
      options->ipv6 || (options->local_address != NULL &&
                        strchr (options->local_address, ':') != NULL);

  return is_ipv6 ? AF_INET6 : AF_INET;
}

TcPeer *
tc_peer_new (TcLoop *loop, const TcPeerOptions *options, GError **error)
{
  g_autoptr (TcPeer) peer = g_new0 (TcPeer, 1);
  TcIceCallbacks callbacks = {.send = send_stun,
                              .selected = on_selected,
                              .failed = on_ice_failed,
                              .data = peer};

  peer->loop = loop;
  peer->options = *options;
  peer->family = family_of (options);
  peer->over_tcp = options->tcp;
  peer->fd = -1;
  peer->rr_interval_us =
      1000 * (gint64)(options->rr_interval_ms != 0 ? options->rr_interval_ms
                                                   : DEFAULT_RR_MS);
  peer->identity = options->identity != NULL
                       ? tc_identity_ref (options->identity)
                       : tc_identity_new (options->srtp_profiles);
  peer->ice = tc_ice_new (loop, &callbacks);
  tc_ice_set_bare (peer->ice, options->bare_checks);
  peer->deadline = tc_timer_new (loop, on_deadline, peer);
  peer->report_timer = tc_timer_new (loop, tc_peer_on_report_due, peer);
  peer->nack_timer = tc_timer_new (loop, tc_peer_on_nack_due, peer);
  peer->tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)tc_track_free);
  wc_id_random_bytes (&peer->ssrc, sizeof peer->ssrc);
  g_snprintf (peer->cname, sizeof peer->cname, "viewer-%08x", peer->ssrc);
  if (!open_socket (peer, error))
    return NULL;
  return g_steal_pointer (&peer);
}

void
tc_peer_free (TcPeer *peer)
{
  close_socket (peer);
  g_clear_pointer (&peer->tcp, tc_tcp_link_free);
  g_clear_pointer (&peer->former_tcp, tc_tcp_link_free);
  tc_timer_free (peer->deadline);
  tc_timer_free (peer->report_timer);
  tc_timer_free (peer->nack_timer);
  g_clear_pointer (&peer->dtls, tc_dtls_free);
  g_clear_pointer (&peer->srtp, tc_srtp_free);
  tc_ice_free (peer->ice);
  tc_identity_unref (peer->identity);
  g_ptr_array_unref (peer->tracks);
  g_free (peer);
}

static void
make_tracks (TcPeer *peer)
{
  for (guint i = 0; i < peer->remote->sections->len; i++) {
    const TcSection *section = g_ptr_array_index (peer->remote->sections, i);
    const TcFormat *first;
    TcTrack *track;

    if (section->port == 0 || section->formats->len == 0)
      continue;
    first = g_ptr_array_index (section->formats, 0);
    track = tc_track_new (section, first);
    g_ptr_array_add (peer->tracks, track);
    for (guint k = 0; k < section->formats->len; k++) {
      const TcFormat *format = g_ptr_array_index (section->formats, k);

      peer->by_pt[format->pt] = track;
      if (format->rtx_pt >= 0)
        peer->by_rtx_pt[format->rtx_pt] = track;
    }
  }
}

static void
start_ice (TcPeer *peer, const char *ufrag, const char *pwd,
           gboolean controlling)
{
  g_autoptr (GArray) usable = g_array_new (FALSE, FALSE, sizeof (WcAddress));
  const GArray *candidates =
      peer->over_tcp ? peer->remote->tcp_candidates : peer->remote->candidates;

  for (guint i = 0; i < candidates->len; i++) {
    WcAddress address = g_array_index (candidates, WcAddress, i);

    /* There is one connection: to the best. */
    if (address.sa.sa_family == peer->family &&
        (!peer->over_tcp || usable->len == 0))
      g_array_append_val (usable, address);
  }
  tc_ice_start (peer->ice, ufrag, pwd, (const WcAddress *)usable->data,
                usable->len, controlling);
}

void
tc_peer_connect (TcPeer *peer, const TcDescription *remote,
                 gboolean dtls_client, gboolean controlling)
{
  TcDtlsCallbacks callbacks = {
      .send = send_dtls, .changed = on_dtls_changed, .data = peer};
  guint timeout_ms = peer->options.connect_timeout_ms != 0
                         ? peer->options.connect_timeout_ms
                         : DEFAULT_TIMEOUT_MS;

  if (peer->options.wrong_certificate) {
    g_autoptr (TcIdentity) other =
        tc_identity_new (peer->options.srtp_profiles);

    peer->dtls = tc_dtls_new (peer->loop, other, dtls_client, &callbacks);
  } else {
    peer->dtls =
        tc_dtls_new (peer->loop, peer->identity, dtls_client, &callbacks);
  }
  peer->remote = remote;
  make_tracks (peer);
  tc_peer_set_state (peer, TC_PEER_CONNECTING);
  tc_timer_set (peer->deadline,
                wc_clock_now_us () + timeout_ms * G_GINT64_CONSTANT (1000));
  if (!peer->options.never_ice)
    start_ice (peer, remote->ufrag, remote->pwd, controlling);
}

void
tc_peer_close (TcPeer *peer)
{
  if (peer->state == TC_PEER_CLOSED || peer->state == TC_PEER_FAILED)
    return;
  tc_timer_unset (peer->deadline);
  tc_timer_unset (peer->report_timer);
  tc_timer_unset (peer->nack_timer);
  if (peer->dtls != NULL)
    tc_dtls_close (peer->dtls);
  tc_ice_stop (peer->ice);
  peer->silent = TRUE;
  tc_peer_set_state (peer, TC_PEER_CLOSED);
}

void
tc_peer_go_silent (TcPeer *peer)
{
  peer->silent = TRUE;
  tc_ice_stop (peer->ice);
  tc_timer_unset (peer->report_timer);
  tc_timer_unset (peer->nack_timer);
}

gboolean
tc_peer_move (TcPeer *peer, GError **error)
{
  close_socket (peer);
  if (!open_socket (peer, error))
    return FALSE;
  tc_ice_check_now (peer->ice);
  return TRUE;
}

void
tc_peer_renew_ice (TcPeer *peer)
{
  tc_ice_renew (peer->ice);
}

void
tc_peer_restart_ice (TcPeer *peer, const char *remote_ufrag,
                     const char *remote_pwd)
{
  start_ice (peer, remote_ufrag, remote_pwd, TRUE);
}

const char *
tc_peer_ufrag (const TcPeer *peer)
{
  return tc_ice_ufrag (peer->ice);
}

const char *
tc_peer_pwd (const TcPeer *peer)
{
  return tc_ice_pwd (peer->ice);
}

const char *
tc_peer_fingerprint (const TcPeer *peer)
{
  return tc_identity_fingerprint (peer->identity);
}

guint16
tc_peer_port (const TcPeer *peer)
{
  return peer->port;
}

TcPeerState
tc_peer_state (const TcPeer *peer)
{
  return peer->state;
}

const char *
tc_peer_error (const TcPeer *peer)
{
  return peer->error;
}

const TcPeerStats *
tc_peer_stats (const TcPeer *peer)
{
  return &peer->stats;
}

const TcIceStats *
tc_peer_ice_stats (const TcPeer *peer)
{
  return tc_ice_stats (peer->ice);
}

guint
tc_peer_n_tracks (const TcPeer *peer)
{
  return peer->tracks->len;
}

TcTrack *
tc_peer_track (const TcPeer *peer, guint index)
{
  return g_ptr_array_index (peer->tracks, index);
}

TcTrack *
tc_peer_find_track (const TcPeer *peer, WcMedia media)
{
  for (guint i = 0; i < peer->tracks->len; i++)
    if (strcmp (tc_track_section (tc_peer_track (peer, i))->kind,
                wc_media_name (media)) == 0)
      return tc_peer_track (peer, i);
  return NULL;
}
