/* SPDX-License-Identifier: MIT */
/* What the two files of a peer share: peer.c has its life and its socket,
 * peer-media.c what is received and reported. */
#pragma once

#include "common/dtls.h"
#include "common/peer.h"
#include "common/tcp-link.h"

struct _TcPeer {
  TcLoop *loop;
  TcPeerOptions options;
  TcPeerState state;
  char error[200];
  int family;
  int fd;
  guint16 port;
  TcWatch *watch;
  gboolean over_tcp;
  gboolean tcp_closed;   /* by the server */
  TcTcpLink *tcp;        /* from the first datagram that went over it */
  TcTcpLink *former_tcp; /* only read */
  TcIdentity *identity;
  TcIce *ice;
  TcDtls *dtls; /* from connect on */
  TcSrtp *srtp; /* from the handshake's end on */
  const TcDescription *remote;
  WcAddress remote_address;
  gboolean has_remote;
  gboolean silent;
  gboolean count_only; /* does not decrypt media any more */
  GPtrArray *tracks;
  TcTrack *by_pt[128];
  TcTrack *by_rtx_pt[128];
  guint32 ssrc; /* of our reports */
  char cname[24];
  guint8 fir_number;
  gint64 rr_interval_us;
  TcTimer *deadline, *report_timer, *nack_timer;
  TcPeerStats stats;
  WcAddress last_from; /* of the socket's last datagram */
};

void tc_peer_set_state (TcPeer *peer, TcPeerState state);
void tc_peer_fail (TcPeer *peer, const char *format, ...) G_GNUC_PRINTF (2, 3);
/** Takes everything the socket has, within bounds. */
void tc_peer_drain (TcPeer *peer);
void tc_peer_on_report_due (gpointer data);
void tc_peer_on_nack_due (gpointer data);
