/* SPDX-License-Identifier: MIT */
/* The engine's end of one peer connection on the shared UDP port: the ICE-lite
 * agent (RFC 8445 section 2.5), the path that was nominated, the deadlines. A
 * subscriber and a publisher each begin with one.
 *
 *   new -> started -> connected (a valid pair) -> secured (keys agreed) ->
 * ended
 *
 * It belongs to one worker, which its local ufrag names; only that thread
 * touches its state. Reference-counted. Internal to the engine. */
#pragma once

#include "engine/worker.h"

/* A peer that checks several pairs has a few addresses; more are an abuse. */
#define WC_ENDPOINT_ADDRESSES 8
/* The same of TCP connections. */
#define WC_ENDPOINT_CONNECTIONS 8

/* Credentials of ICE restarts that are remembered while none of theirs has
 * nominated a pair. */
#define WC_ENDPOINT_RESTARTS 3

typedef enum {
  WC_ENDPOINT_NEW,
  WC_ENDPOINT_STARTED,
  WC_ENDPOINT_CONNECTED, /* there is a valid pair */
  WC_ENDPOINT_SECURED,
  WC_ENDPOINT_ENDED, /* expired or stopped */
} WcEndpointState;

typedef enum {
  WC_ENDPOINT_CONNECT_TIMEOUT, /* not secured in time */
  WC_ENDPOINT_CONSENT_EXPIRED, /* RFC 7675: it went silent */
  WC_ENDPOINT_GONE,            /* it went silent after wc_endpoint_hint_gone ()
                                */
} WcEndpointExpiry;

/** What the owner does with it; on the worker's thread, but for free. */
typedef struct {
  gboolean publishes; /* it is a publisher's: counted apart */
  void (*connected) (WcEndpoint *endpoint); /* once */
  void (*secured) (WcEndpoint *endpoint);   /* once */
  /** From an address that passed ICE; no STUN. */
  void (*datagram) (WcEndpoint *endpoint, const WcDatagram *datagram);
  /** Every 250 ms while it has not ended. */
  void (*check) (WcEndpoint *endpoint, gint64 now_us);
  /** Asked for with wc_worker_want_turn (). */
  void (*turn) (WcEndpoint *endpoint, gint64 now_us);
  /** Lets go of everything of the worker's. */
  void (*ended) (WcEndpoint *endpoint);
  void (*expired) (WcEndpoint *endpoint, WcEndpointExpiry why); /* once */
  void (*free) (WcEndpoint *endpoint);
} WcEndpointClass;

struct WcEndpoint {
  atomic_uint refs;
  const WcEndpointClass *class;
  WcEngine *engine;
  WcWorker *worker;
  char ufrag[16]; /* the first ones, which never change */
  char pwd[33];

  WcIceCredentials restarts[WC_ENDPOINT_RESTARTS]; /* circular, of the last
                                                      restarts */
  guint n_restarts;
  guint generation; /* of the nominated pair; 0: of the first credentials */

  WcEndpointState state;
  gint64 started_us;
  gint64 turn_us;          /* when it wants a turn; G_MAXINT64: not now */
  gboolean waits_for_turn; /* the worker's: it is in its list */
  WcAddress addresses[WC_ENDPOINT_ADDRESSES];
  guint n_addresses, next_address;
  GPtrArray *connections; /* of WcTcp, those that passed, oldest first */
  guint32 nominated_priority;
  gint64 nominated_us; /* when the pair was last nominated */

  gint64 hinted_us; /* when it seemed to say goodbye; 0: never */

  atomic_llong alive_us; /* any thread: last authentic STUN or SRTCP */

  pthread_mutex_t path_lock; /* guards the next three; senders are many */
  gboolean has_path;
  gboolean muted;
  WcPath path; /* with a reference to its connection */
};

/* --- any thread ---------------------------------------------------------- */

/** Chooses a worker and makes credentials (RFC 8445 section 5.3). */
void wc_endpoint_init (WcEndpoint *endpoint, const WcEndpointClass *class,
                       WcEngine *engine);
/** Of an endpoint that nobody refers to any more, by its class's free. */
void wc_endpoint_clear (WcEndpoint *endpoint);
WcEndpoint *wc_endpoint_ref (WcEndpoint *endpoint);
void wc_endpoint_unref (WcEndpoint *endpoint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcEndpoint, wc_endpoint_unref)

/** From now on its ICE is answered; the connect deadline runs. Once. */
void wc_endpoint_start (WcEndpoint *endpoint);
/** ICE restart (RFC 8445 section 9): makes other credentials. Checks by the old
 * ones are answered until a pair is nominated by new ones; media goes on
 * meanwhile. */
void wc_endpoint_restart_ice (WcEndpoint *endpoint, WcIceCredentials *fresh);
/** The peer has the keys and was authenticated. */
void wc_endpoint_secured (WcEndpoint *endpoint);
/** Something authentic came: it lives. Cheap. */
void wc_endpoint_note_alive (WcEndpoint *endpoint);
/** To the nominated address (before nomination: the first that passed) from the
 * address it was checked on, without blocking. FALSE if there is none (any
 * more) or the socket would not take it. */
gboolean wc_endpoint_send (WcEndpoint *endpoint, const void *data, gsize size);
/** wc_endpoint_send () does nothing from here on; its connection is closed. */
void wc_endpoint_mute (WcEndpoint *endpoint);
/** Forgets it; @done is called on the worker's thread when its class is not
 * called any more. Once; also allowed without start. */
void wc_endpoint_stop (WcEndpoint *endpoint, void (*done) (gpointer),
                       gpointer user_data);
/** FALSE when no address has passed yet, or the connection was lost. */
gboolean wc_endpoint_get_address (WcEndpoint *endpoint, WcAddress *address,
                                  gboolean *is_tcp);

/* --- on the worker's thread ---------------------------------------------- */

/** @ufrag: that of the request, one of @endpoint's. */
void wc_endpoint_on_stun (WcEndpoint *endpoint, const char *ufrag,
                          const WcDatagram *datagram);
/** Room for @size bytes of media; by UDP there always is, without a path there
 * is none. */
gboolean wc_endpoint_has_room (WcEndpoint *endpoint, gsize size);
/** @tcp was closed. Without another path it waits for one until consent is
 * over. */
void wc_endpoint_lost_tcp (WcEndpoint *endpoint, WcTcp *tcp);
void wc_endpoint_on_datagram (WcEndpoint *endpoint, const WcDatagram *datagram);
/** Something that cannot be checked says that the peer has left: it has 4 s to
 * show that it has not. */
void wc_endpoint_hint_gone (WcEndpoint *endpoint);
void wc_endpoint_check (WcEndpoint *endpoint, gint64 now_us);
