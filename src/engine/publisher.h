/* SPDX-License-Identifier: MIT */
/* The engine's object for one publisher (a WHIP client): its ICE-lite agent,
 * its SRTP, which it takes itself once the keys are known, and what it is told:
 * NACKs, key frame requests, transport-wide feedback, receiver reports.
 *
 *   started -> connected (a valid pair) -> secured (keys set) -> ended
 *
 * It belongs to exactly one worker, which its local ufrag names; only that
 * thread touches its state. Reference-counted. The functions here may be called
 * from any thread; they post to the worker. */
#pragma once

#include "engine/demux.h"
#include "engine/engine.h"
#include "engine/srtp.h"

typedef struct WcPublisher WcPublisher;

/** How long a missing packet is asked for; who puts the packets in order should
 * wait as long. */
#define WC_PUBLISHER_PATIENCE_US (250 * 1000)
#define WC_PUBLISHER_MAX_SSRCS 16

typedef enum {
  WC_PUBLISHER_CONNECT_TIMEOUT, /* no keys in time */
  WC_PUBLISHER_CONSENT_EXPIRED, /* neither STUN nor media: it is gone */
} WcPublisherExpiry;

/** Called on the worker's thread; must not block. Not after `done` of stop. */
typedef struct {
  /** ICE has a valid pair; DTLS may begin. Once. */
  void (*connected) (gpointer user_data);
  void (*dtls) (const guint8 *data, gsize size, gpointer user_data);
  /** An RTP packet, decrypted, retransmissions unwrapped, in the order of
   * arrival. @layer: of simulcast, else 0. */
  void (*rtp) (WcMedia media, guint layer, const guint8 *data, gsize size,
               gint64 now_us, gpointer user_data);
  /** Of a sender report (RFC 3550 section 6.4.1). */
  void (*report) (WcMedia media, guint layer, guint64 ntp,
                  guint32 rtp_timestamp, gint64 now_us, gpointer user_data);
  void (*expired) (WcPublisherExpiry why, gpointer user_data); /* once */
} WcPublisherEvents;

/** An SSRC that the offer names, and its RTX; 0: none. */
typedef struct {
  guint32 ssrc, rtx_ssrc;
} WcPublisherSsrc;

/** What was agreed on for one medium. */
typedef struct {
  WcDemuxMedia demux;
  guint32 clock_rate;
  gboolean nack, pli, fir, rtcp_rsize;
  guint8 twcc_extension; /* 0: none */
  guint n_ssrcs;
  WcPublisherSsrc ssrcs[WC_PUBLISHER_MAX_SSRCS];
} WcPublisherMedia;

/** One stream; all counters since the publisher came. */
typedef struct {
  guint32 ssrc; /* 0: nothing came yet */
  guint64 packets, bytes;
  guint64 nacked, repaired; /* asked for; came because of that */
  guint64 lost;             /* given up */
  guint64 key_requests;     /* sent */
  guint32 bitrate_bps;
  guint32 jitter_us;
  double loss; /* 0..1, of the last second, before repairs */
  gint rtt_ms; /* 0: not known */
  gint64 last_packet_us;
} WcIntakeStats;

typedef struct {
  WcIntakeStats streams[WC_N_MEDIA][WC_DEMUX_MAX_LAYERS];
  guint64 unauthentic, unknown; /* not by its keys; of no stream agreed on */
  gboolean has_address;
  gboolean is_tcp;
  WcAddress address;
} WcPublisherStats;

/** Chooses a worker and makes credentials (RFC 8445 section 5.3). @events is a
 * static table. @media: indexed by WcMedia. */
WcPublisher *wc_publisher_new (WcEngine *engine,
                               const WcPublisherMedia media[WC_N_MEDIA],
                               const WcPublisherEvents *events,
                               gpointer user_data);
WcPublisher *wc_publisher_ref (WcPublisher *publisher);
void wc_publisher_unref (WcPublisher *publisher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcPublisher, wc_publisher_unref)

const char *wc_publisher_ufrag (const WcPublisher *publisher);
const char *wc_publisher_pwd (const WcPublisher *publisher);

/** ICE restart: as wc_subscriber_restart_ice (). */
void wc_publisher_restart_ice (WcPublisher *publisher, WcIceCredentials *fresh);

/** From now on its ICE is answered; the connect deadline runs. Once. */
void wc_publisher_start (WcPublisher *publisher);

/** It was authenticated: its media is taken with these keys. */
void wc_publisher_secured (WcPublisher *publisher,
                           const guint8 send[WC_SRTP_MASTER_SIZE],
                           const guint8 receive[WC_SRTP_MASTER_SIZE]);

/** Asks for a key frame of a stream, at most once in 500 ms; one more if it was
 * asked in between. */
void wc_publisher_request_key_frame (WcPublisher *publisher, WcMedia media,
                                     guint layer);

/** A DTLS datagram for the nominated address; FALSE if it cannot be sent. */
gboolean wc_publisher_send (WcPublisher *publisher, const void *data,
                            gsize size);

/** As wc_subscriber_stop () and wc_subscriber_mute (). */
void wc_publisher_stop (WcPublisher *publisher, void (*done) (gpointer),
                        gpointer user_data);
void wc_publisher_mute (WcPublisher *publisher);

void wc_publisher_get_stats (WcPublisher *publisher, WcPublisherStats *stats);
