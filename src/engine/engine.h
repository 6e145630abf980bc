/* SPDX-License-Identifier: MIT */
/* The engine: worker threads that send media to viewers and answer their ICE,
 * all of them on one UDP port, and on one TCP port for those without UDP. It
 * knows neither GStreamer nor HTTP.
 *
 * Made and started once by the server; outlives every subscriber. Functions
 * here may be called from any thread unless said otherwise. */
#pragma once

#include "base/address.h"

#include <glib.h>

#define WC_ENGINE_ERROR (wc_engine_error_quark ())
GQuark wc_engine_error_quark (void);

typedef enum {
  WC_ENGINE_ERROR_IN_USE, /* the UDP or the TCP port is taken */
  WC_ENGINE_ERROR_SOCKET, /* anything else the kernel refuses */
} WcEngineError;

typedef struct WcEngine WcEngine;

typedef struct {
  guint workers;            /* threads, 1 to 64 */
  guint16 udp_port;         /* 0: any free one */
  gboolean tcp;             /* ICE-TCP (RFC 6544) as well */
  guint16 tcp_port;         /* 0: the number of the UDP port */
  gboolean ipv6;            /* dual stack where the kernel has IPv6 */
  guint dscp;               /* of all that is sent, 0 to 63 */
  guint connect_timeout_ms; /* from wc_subscriber_start () until secured */
  guint consent_timeout_ms; /* without authentic STUN or SRTCP: dead */
  gboolean fast_start;      /* begin at a key frame of the ring */
} WcEngineConfig;

typedef struct {
  guint subscribers, publishers;
  guint64 datagrams_in, datagrams_out, bytes_out;
  guint64 foreign;       /* came to another worker's socket */
  guint64 stun_rejected; /* not authentic, or for nobody */
  guint64 stray;         /* neither STUN nor from a known address */
  guint64 send_failed;   /* the socket would not take it */
  guint64 send_blocked;  /* times that the socket was full and was waited for */
  guint64 send_apart; /* messages of many packets that had to be sent packet by
                         packet */
  guint tcp_connections; /* that passed ICE */
  guint tcp_pending;     /* that have not said whose they are */
  guint64 tcp_accepted;  /* ever */
  guint64 tcp_refused;   /* of them: too many, too late, or nonsense */
} WcEngineStats;

/** One worker. */
typedef struct {
  guint subscribers, publishers;
  guint64 cpu_us;                   /* processor time of its thread */
  guint64 datagrams_in, foreign;    /* as above */
  guint64 datagrams_out, bytes_out; /* as above */
  guint64 send_failed, send_blocked;
} WcWorkerStats;

/** Of our ICE agent, RFC 8445 section 5.3. */
typedef struct {
  char ufrag[16];
  char pwd[33];
} WcIceCredentials;

/** Opens the sockets and starts the workers. The error names the port. */
WcEngine *wc_engine_new (const WcEngineConfig *config, GError **error);
/** Ends the workers. No subscriber may be left. */
void wc_engine_free (WcEngine *engine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcEngine, wc_engine_free)

/** What WcEngineConfig has, from now on: of those that are there, and of who
 * begins. Any thread. */
void wc_engine_set_timeouts (WcEngine *engine, guint connect_timeout_ms,
                             guint consent_timeout_ms);
void wc_engine_set_fast_start (WcEngine *engine, gboolean fast_start);

/** The port in use, also when 0 was asked for. */
guint16 wc_engine_udp_port (const WcEngine *engine);
/** The same of TCP; 0: none. */
guint16 wc_engine_tcp_port (const WcEngine *engine);
/** FALSE when the sockets are IPv4 only. */
gboolean wc_engine_has_ipv6 (const WcEngine *engine);
/** The bytes that may wait in a worker's UDP socket, as the kernel granted
 * them, and how many were asked for. */
void wc_engine_udp_buffers (const WcEngine *engine, guint *receive, guint *send,
                            guint *wanted);
void wc_engine_get_stats (WcEngine *engine, WcEngineStats *stats);
guint wc_engine_n_workers (const WcEngine *engine);
/** Of worker @index, from 0. The worker does nothing for it. */
void wc_engine_get_worker_stats (WcEngine *engine, guint index,
                                 WcWorkerStats *stats);
