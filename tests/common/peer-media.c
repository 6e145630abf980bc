/* SPDX-License-Identifier: MIT */
#include "common/peer-private.h"

#include "common/bytes.h"

#include "base/clock.h"

#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#define READS_AT_ONCE 32
#define MAX_DATAGRAM 2048
#define MAX_NACKS 200

typedef struct {
  guint8 data[MAX_DATAGRAM + TC_SRTP_TRAILER];
  gsize size;
} Datagram;

static gboolean
protect_and_send (TcPeer *peer, const guint8 *data, gsize size,
                  gboolean (*protect) (TcSrtp *, guint8 *, gsize *))
{
  Datagram datagram = {.size = size};

  if (peer->srtp == NULL || size > MAX_DATAGRAM ||
      peer->state != TC_PEER_CONNECTED)
    return FALSE;
  memcpy (datagram.data, data, size);
  return protect (peer->srtp, datagram.data, &datagram.size) &&
         tc_peer_send_datagram (peer, datagram.data, datagram.size);
}

gboolean
tc_peer_send_raw_rtcp (TcPeer *peer, const guint8 *data, gsize size)
{
  peer->stats.sent_rtcp++;
  return protect_and_send (peer, data, size, tc_srtp_protect_rtcp);
}

gboolean
tc_peer_send_raw_rtp (TcPeer *peer, const guint8 *data, gsize size)
{
  return protect_and_send (peer, data, size, tc_srtp_protect_rtp);
}

/* Every compound packet begins with a report and a CNAME (RFC 3550 6.1). */
static void
begin_compound (TcPeer *peer, TcRtcpWriter *writer, gboolean with_blocks)
{
  TcRtcpBlock blocks[8] = {0};
  guint n = 0;

  writer->size = 0;
  for (guint i = 0; with_blocks && i < peer->tracks->len && n < 8; i++)
    if (tc_track_report (tc_peer_track (peer, i), &blocks[n],
                         wc_clock_now_us ()))
      n++;
  tc_rtcp_add_rr (writer, peer->ssrc, blocks, n);
  tc_rtcp_add_sdes (writer, peer->ssrc, peer->cname);
}

static gboolean
send_compound (TcPeer *peer, const TcRtcpWriter *writer)
{
  return tc_peer_send_raw_rtcp (peer, writer->data, writer->size);
}

void
tc_peer_on_report_due (gpointer data)
{
  TcPeer *peer = data;
  TcRtcpWriter writer;

  begin_compound (peer, &writer, TRUE);
  send_compound (peer, &writer);
  tc_timer_set (peer->report_timer, wc_clock_now_us () + peer->rr_interval_us);
}

static guint32
media_ssrc (TcTrack *track)
{
  guint32 ssrc = tc_track_stats (track)->ssrc;

  return ssrc != 0 ? ssrc : tc_track_section (track)->ssrc;
}

gboolean
tc_peer_send_pli (TcPeer *peer, TcTrack *track)
{
  TcRtcpWriter writer;

  begin_compound (peer, &writer, FALSE);
  tc_rtcp_add_pli (&writer, peer->ssrc, media_ssrc (track));
  return send_compound (peer, &writer);
}

gboolean
tc_peer_send_fir (TcPeer *peer, TcTrack *track)
{
  TcRtcpWriter writer;

  begin_compound (peer, &writer, FALSE);
  tc_rtcp_add_fir (&writer, peer->ssrc, media_ssrc (track), peer->fir_number++);
  return send_compound (peer, &writer);
}

gboolean
tc_peer_send_nack (TcPeer *peer, TcTrack *track, const guint16 *seqs,
                   guint n_seqs)
{
  TcRtcpWriter writer;

  begin_compound (peer, &writer, FALSE);
  tc_rtcp_add_nack (&writer, peer->ssrc, media_ssrc (track), seqs, n_seqs);
  return send_compound (peer, &writer);
}

gboolean
tc_peer_send_bye (TcPeer *peer)
{
  TcRtcpWriter writer;

  begin_compound (peer, &writer, FALSE);
  tc_rtcp_add_bye (&writer, peer->ssrc);
  return send_compound (peer, &writer);
}

void
tc_peer_on_nack_due (gpointer data)
{
  TcPeer *peer = data;
  gint64 now_us = wc_clock_now_us ();
  gint64 next_us = G_MAXINT64;

  for (guint i = 0; i < peer->tracks->len; i++) {
    TcTrack *track = tc_peer_track (peer, i);
    guint16 seqs[MAX_NACKS];
    guint n;

    if (peer->options.no_nack || !tc_track_format (track)->has_nack)
      continue;
    n = tc_track_take_nacks (track, seqs, MAX_NACKS, now_us);
    if (n > 0)
      tc_peer_send_nack (peer, track, seqs, n);
    next_us = MIN (next_us, tc_track_next_nack_us (track));
  }
  tc_timer_unset (peer->nack_timer);
  if (next_us != G_MAXINT64 && peer->state == TC_PEER_CONNECTED)
    tc_timer_set (peer->nack_timer, next_us);
}

void
tc_peer_received (TcPeer *peer)
{
  if (peer->state == TC_PEER_CONNECTED)
    tc_peer_on_nack_due (peer);
}

static TcTrack *
find_by_ssrc (TcPeer *peer, guint32 ssrc)
{
  for (guint i = 0; i < peer->tracks->len; i++)
    if (media_ssrc (tc_peer_track (peer, i)) == ssrc)
      return tc_peer_track (peer, i);
  return NULL;
}

/* Reports may also be about the RTX stream. */
static gboolean
is_rtx_ssrc (TcPeer *peer, guint32 ssrc)
{
  for (guint i = 0; i < peer->tracks->len; i++)
    if (tc_track_section (tc_peer_track (peer, i))->rtx_ssrc == ssrc)
      return TRUE;
  return FALSE;
}

static void
take_rtcp_part (TcPeer *peer, const TcRtcpPart *part, gint64 now_us)
{
  TcTrack *track = find_by_ssrc (peer, part->ssrc);
  TcRtcpSenderInfo info;

  if (track != NULL && tc_rtcp_read_sr (part, &info))
    tc_track_receive_sr (track, &info, now_us);
  else if (track != NULL && part->type == TC_RTCP_BYE)
    tc_track_receive_bye (track);
  else if (track == NULL && !is_rtx_ssrc (peer, part->ssrc))
    peer->stats.unknown_rtcp_ssrc++;
  if (peer->options.rtcp != NULL)
    peer->options.rtcp (peer, part, peer->options.data);
}

static void
receive_rtcp (TcPeer *peer, const guint8 *data, gsize size, gint64 now_us)
{
  Datagram datagram;
  const guint8 *at = datagram.data;
  TcRtcpPart part;

  datagram.size = size;
  memcpy (datagram.data, data, size);
  peer->stats.rtcp++;
  if (tc_srtp_unprotect_rtcp (peer->srtp, datagram.data, &datagram.size) !=
      TC_SRTP_OK) {
    peer->stats.rtcp_auth_failures++;
    return;
  }
  while (tc_rtcp_next (&at, &datagram.size, &part))
    take_rtcp_part (peer, &part, now_us);
  peer->stats.malformed += datagram.size > 0;
}

static TcTrack *
track_of (TcPeer *peer, guint8 pt)
{
  return peer->by_pt[pt] != NULL ? peer->by_pt[pt] : peer->by_rtx_pt[pt];
}

static void
count_encrypted (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
                 gint64 now_us)
{
  peer->stats.unverified++;
  tc_track_receive (track, packet, FALSE, FALSE, now_us);
}

/* Once nothing more is to be learnt from decrypting. */
static void
maybe_stop_verifying (TcPeer *peer)
{
  TcTrack *video = tc_peer_find_track (peer, WC_MEDIA_VIDEO);

  if (peer->options.verify == TC_VERIFY_UNTIL_KEY &&
      (video == NULL || tc_track_stats (video)->first_key_complete_us != 0))
    peer->count_only = TRUE;
}

static void
take_plain (TcPeer *peer, TcTrack *track, const Datagram *datagram,
            gint64 now_us)
{
  TcRtpPacket packet;
  gboolean is_rtx;

  if (!tc_rtp_read (&packet, datagram->data, datagram->size)) {
    peer->stats.malformed++;
    return;
  }
  is_rtx = peer->by_pt[packet.pt] == NULL;
  if (is_rtx && !tc_track_unwrap_rtx (track, &packet))
    return;
  if (!tc_track_receive (track, &packet, is_rtx, TRUE, now_us))
    return;
  if (peer->options.packet != NULL)
    peer->options.packet (peer, track, &packet, peer->options.data);
  maybe_stop_verifying (peer);
}

static void
decrypt_rtp (TcPeer *peer, TcTrack *track, const guint8 *data, gsize size,
             gint64 now_us)
{
  Datagram datagram;

  datagram.size = size;
  memcpy (datagram.data, data, size);
  switch (tc_srtp_unprotect_rtp (peer->srtp, datagram.data, &datagram.size)) {
  case TC_SRTP_OK:
    take_plain (peer, track, &datagram, now_us);
    break;
  case TC_SRTP_REPLAYED:
    tc_track_count_duplicate (track);
    break;
  case TC_SRTP_REJECTED:
    peer->stats.rtp_auth_failures++;
    tc_track_count_auth_failure (track);
    break;
  }
}

static void
receive_rtp (TcPeer *peer, const guint8 *data, gsize size, gint64 now_us)
{
  TcRtpPacket header;
  TcTrack *track;

  peer->stats.rtp++;
  peer->stats.rtp_bytes += size;
  peer->stats.last_media_us = now_us;
  if (!tc_rtp_read_header (&header, data, size)) {
    peer->stats.malformed++;
    return;
  }
  track = track_of (peer, header.pt);
  if (track == NULL) {
    peer->stats.unknown_pt++;
    return;
  }
  /* What a repair packet repairs is encrypted. */
  if (peer->count_only && peer->by_pt[header.pt] != NULL)
    count_encrypted (peer, track, &header, now_us);
  else
    decrypt_rtp (peer, track, data, size, now_us);
}

static gboolean
is_dropped (TcPeer *peer)
{
  gboolean drop =
      (peer->options.drop_every != 0 &&
       (peer->stats.rtp + peer->stats.dropped + 1) % peer->options.drop_every ==
           0) ||
      (peer->options.drop_share > 0 &&
       g_random_double () < peer->options.drop_share);

  peer->stats.dropped += drop;
  return drop;
}

static void
receive_media (TcPeer *peer, const guint8 *data, gsize size, gint64 now_us)
{
  gboolean is_rtcp = size >= 2 && data[1] >= 192 && data[1] <= 223;

  if (size < 8 || size > MAX_DATAGRAM) {
    peer->stats.malformed++;
    return;
  }
  if (peer->srtp == NULL) {
    peer->stats.early++;
    return;
  }
  if (!is_rtcp && is_dropped (peer))
    return;
  if (is_rtcp)
    receive_rtcp (peer, data, size, now_us);
  else
    receive_rtp (peer, data, size, now_us);
}

/* A record of an epoch above 0 (RFC 6347 section 4.1). */
static gboolean
has_encrypted_record (const guint8 *data, gsize size)
{
  for (gsize at = 0; at + 13 <= size;
       at += 13 + ((gsize)data[at + 11] << 8 | data[at + 12]))
    if (data[at + 3] != 0 || data[at + 4] != 0)
      return TRUE;
  return FALSE;
}

/* RFC 7983. */
void
tc_peer_receive (TcPeer *peer, const WcAddress *from, const guint8 *data,
                 gsize size, gint64 now_us)
{
  peer->stats.datagrams++;
  peer->stats.bytes += size;
  peer->stats.last_datagram_us = now_us;
  if (size == 0) {
    peer->stats.other++;
  } else if (data[0] < 4) {
    peer->stats.stun++;
    tc_ice_receive (peer->ice, from, data, size);
  } else if (data[0] >= 20 && data[0] < 64) {
    peer->stats.dtls++;
    if (peer->options.lose_finished && has_encrypted_record (data, size))
      peer->options.lose_finished = FALSE;
    else if (peer->dtls != NULL && peer->state != TC_PEER_FAILED)
      tc_dtls_receive (peer->dtls, data, size);
  } else if (data[0] >= 128 && data[0] < 192) {
    receive_media (peer, data, size, now_us);
  } else {
    peer->stats.other++;
  }
}

/* The size of each datagram in one read, or 0 for a single one. */
static gsize
segment_size (struct msghdr *message)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c != NULL;
       c = CMSG_NXTHDR (message, c)) {
    int size;

    if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO)
      continue;
    memcpy (&size, CMSG_DATA (c), sizeof size);
    return (gsize)MAX (size, 0);
  }
  return 0;
}

static guint8
read_tos (struct msghdr *message)
{
  int value;

  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c != NULL;
       c = CMSG_NXTHDR (message, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
      return *CMSG_DATA (c); /* a byte: ip(7) */
    if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_TCLASS)
      continue;
    memcpy (&value, CMSG_DATA (c), sizeof value);
    return (guint8)value;
  }
  return 0;
}

static void
note_path (TcPeer *peer, const WcAddress *from, guint8 tos)
{
  TcPeerStats *stats = &peer->stats;

  if (stats->datagrams > 0) {
    stats->path_changes += !wc_address_equal (from, &peer->last_from);
    stats->tos_changes += tos != stats->tos;
  }
  peer->last_from = *from;
  stats->tos = tos;
}

static gboolean
read_once (TcPeer *peer)
{
  static _Thread_local guint8 buffer[65536];
  struct sockaddr_storage storage;
  struct iovec vector = {buffer, sizeof buffer};
  _Alignas(struct cmsghdr) char control[3 * CMSG_SPACE (sizeof (int))];
  struct msghdr message = {.msg_name = &storage,
                           .msg_namelen = sizeof storage,
                           .msg_iov = &vector,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof control};
  gssize size = recvmsg (peer->fd, &message, MSG_DONTWAIT);
  gint64 now_us = wc_clock_now_us ();
  gsize segment;
  WcAddress from;

  if (size < 0)
    return FALSE;
  from = wc_address_from_sockaddr ((struct sockaddr *)&storage);
  note_path (peer, &from, read_tos (&message));
  segment = segment_size (&message);
  if (segment == 0)
    segment = MAX ((gsize)size, 1);
  for (gsize at = 0; at == 0 || at < (gsize)size; at += segment)
    tc_peer_receive (peer, &from, buffer + at, MIN (segment, (gsize)size - at),
                     now_us);
  return TRUE;
}

void
tc_peer_drain (TcPeer *peer)
{
  for (guint i = 0; i < READS_AT_ONCE && peer->fd >= 0; i++)
    if (!read_once (peer))
      break;
  tc_peer_received (peer);
}
