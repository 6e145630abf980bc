/* SPDX-License-Identifier: MIT */
/* The media side of one viewer: a UDP socket with ICE, DTLS, SRTP and RTCP on
 * it, and the tracks received. Signalling is above it (whep-client.h). All
 * calls on the loop's thread; a peer is not freed from its own callbacks. Many
 * peers may share a socket that somebody else reads: TcPeerLink. */
#pragma once

#include "common/description.h"
#include "common/ice.h"
#include "common/identity.h"
#include "common/track.h"

#include <glib.h>

typedef struct _TcPeer TcPeer;

typedef enum {
  TC_PEER_NEW,
  TC_PEER_CONNECTING, /* ICE */
  TC_PEER_HANDSHAKE,  /* DTLS */
  TC_PEER_CONNECTED,
  TC_PEER_CLOSED, /* by tc_peer_close () or the server's close_notify */
  TC_PEER_FAILED,
} TcPeerState;

typedef enum {
  TC_VERIFY_ALL,       /* decrypt and check every packet */
  TC_VERIFY_UNTIL_KEY, /* until the first key frame is complete, then count */
} TcVerify;

/** The way out of a peer without a socket of its own; the way in is
 * tc_peer_receive (). */
typedef struct {
  const char *ip; /* of its candidate */
  guint16 port;
  void (*send) (const WcAddress *to, const guint8 *data, gsize size,
                gpointer data_pointer);
  gpointer data;
} TcPeerLink;

typedef struct {
  TcPeerLink link;           /* without send (): a socket of its own */
  const char *local_address; /* numeric, to bind to; NULL: any */
  gboolean ipv6;             /* implied by an IPv6 local_address */
  gboolean tcp;              /* uses the answer's TCP candidates alone */
  TcIdentity *identity; /* nullable: one of its own; a reference is taken */
  const char *srtp_profiles; /* see tc_identity_new () */
  TcVerify verify;
  gboolean no_nack;         /* does not ask for what is missing */
  guint drop_every;         /* throws every Nth received media packet away */
  double drop_share;        /* or each one with this probability, 0 to 1 */
  guint rr_interval_ms;     /* 0: 1000 */
  guint connect_timeout_ms; /* 0: 10000; ICE and DTLS together */

  gboolean bare_checks; /* as FFmpeg: see tc_ice_set_bare () */

  /* Abuse. */
  gboolean wrong_certificate; /* another than the offer's fingerprint names */
  gboolean never_ice;         /* sends nothing at all */
  gboolean lose_finished;     /* throws the server's last flight away, once */

  /** All nullable. */
  void (*changed) (TcPeer *peer, TcPeerState state, gpointer data_pointer);
  /** A new packet, decrypted, RTX undone. */
  void (*packet) (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
                  gpointer data_pointer);
  void (*rtcp) (TcPeer *peer, const TcRtcpPart *part, gpointer data_pointer);
  gpointer data;
} TcPeerOptions;

typedef struct {
  guint64 datagrams, bytes; /* of any kind, as received */
  guint64 rtp, rtcp, stun, dtls, other;
  guint64 rtp_bytes; /* of the datagrams that are RTP */
  guint64 early;     /* SRTP before the keys */
  guint64 dropped;   /* on purpose */
  guint64 unknown_pt;
  guint64 rtp_auth_failures, rtcp_auth_failures;
  guint64 malformed; /* authentic, but not RTP or RTCP */
  guint64 unknown_rtcp_ssrc;
  guint64 unverified; /* counted without decryption */
  guint64 sent_rtcp;
  gint64 ice_us, dtls_us;  /* when each was done, monotonic */
  gint64 last_datagram_us; /* of any kind */
  gint64 last_media_us;    /* RTP */
  gboolean close_notify;   /* came */
  guint8 tos; /* TOS or traffic class of the last datagram; not of a link's */
  guint64 tos_changes;
  guint64 path_changes; /* it came from another address; not of a link's */
} TcPeerStats;

/** Opens the socket. @options is copied, strings must stay. */
TcPeer *tc_peer_new (TcLoop *loop, const TcPeerOptions *options,
                     GError **error);
void tc_peer_free (TcPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TcPeer, tc_peer_free)

/** For the description that goes out. */
const char *tc_peer_ufrag (const TcPeer *peer);
const char *tc_peer_pwd (const TcPeer *peer);
const char *tc_peer_fingerprint (const TcPeer *peer);
guint16 tc_peer_port (const TcPeer *peer);

/** Begins ICE. @remote must stay. @dtls_client: our DTLS role.
 * @controlling: our ICE role. */
void tc_peer_connect (TcPeer *peer, const TcDescription *remote,
                      gboolean dtls_client, gboolean controlling);
/** One datagram that came for a peer with a link, at @now_us. */
void tc_peer_receive (TcPeer *peer, const WcAddress *from, const guint8 *data,
                      gsize size, gint64 now_us);
/** After some of them: asks for what is missing. */
void tc_peer_received (TcPeer *peer);
/** close_notify; nothing is sent after it, packets are still counted. */
void tc_peer_close (TcPeer *peer);

TcPeerState tc_peer_state (const TcPeer *peer);
/** Why it failed, or "". */
const char *tc_peer_error (const TcPeer *peer);
const TcPeerStats *tc_peer_stats (const TcPeer *peer);
const TcIceStats *tc_peer_ice_stats (const TcPeer *peer);
guint tc_peer_n_tracks (const TcPeer *peer);
TcTrack *tc_peer_track (const TcPeer *peer, guint index);
/** The track of @media, or NULL. */
TcTrack *tc_peer_find_track (const TcPeer *peer, WcMedia media);

/** RTCP at once, in a compound with a receiver report; FALSE before the keys
 * are there. */
gboolean tc_peer_send_pli (TcPeer *peer, TcTrack *track);
gboolean tc_peer_send_fir (TcPeer *peer, TcTrack *track);
gboolean tc_peer_send_nack (TcPeer *peer, TcTrack *track, const guint16 *seqs,
                            guint n_seqs);
gboolean tc_peer_send_bye (TcPeer *peer);
/** Any bytes, encrypted as SRTCP or SRTP (abuse). */
gboolean tc_peer_send_raw_rtcp (TcPeer *peer, const guint8 *data, gsize size);
gboolean tc_peer_send_raw_rtp (TcPeer *peer, const guint8 *data, gsize size);
/** Any datagram, as it is, to the selected address. */
gboolean tc_peer_send_datagram (TcPeer *peer, const guint8 *data, gsize size);

/** Sends nothing any more, no consent check either, but goes on counting. */
void tc_peer_go_silent (TcPeer *peer);
/** ICE restart of a connected peer: other credentials, then a fragment with
 * them to the server, then checks with those of its answer, @remote_ufrag and
 * @remote_pwd. */
void tc_peer_renew_ice (TcPeer *peer);
void tc_peer_restart_ice (TcPeer *peer, const char *remote_ufrag,
                          const char *remote_pwd);
/** Goes on over TCP, or over UDP again, and nominates that. The server's
 * candidates of both must have one port. */
void tc_peer_use_tcp (TcPeer *peer, gboolean tcp);
gboolean tc_peer_uses_tcp (const TcPeer *peer);
/** Closes its connection without a word. */
void tc_peer_drop_tcp (TcPeer *peer);
/** What is sent next goes over another connection; what comes by the present
 * one is still taken. */
void tc_peer_leave_tcp (TcPeer *peer);
/** FALSE: leaves what comes by TCP to the kernel. */
void tc_peer_set_reading (TcPeer *peer, gboolean reading);
/** The server has closed the connection. */
gboolean tc_peer_tcp_closed (const TcPeer *peer);
/** Goes on from a new port (RFC 8445: the server sees another pair). */
gboolean tc_peer_move (TcPeer *peer, GError **error);
