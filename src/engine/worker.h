/* SPDX-License-Identifier: MIT */
/* A worker: one thread with one socket on the shared UDP port, an epoll loop,
 * and the endpoints (viewers, publishers) that belong to it. Internal to the
 * engine.
 *
 * Only the thread itself touches endpoints, feeds and address tables. Others
 * post: closures and foreign datagrams into the inbox, tracks into the list of
 * those that have news; both under one lock that is held for a few pointers. */
#pragma once

#include "engine/engine.h"
#include "engine/send-batch.h"
#include "engine/stun.h"
#include "engine/tcp.h"
#include "engine/udp.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct WcWorker WcWorker;
typedef struct WcFeed WcFeed;

/* What is read of a connection at once. */
#define WC_WORKER_STREAM_BYTES (64 * 1024)

typedef void (*WcWorkerFunc) (WcWorker *worker, gpointer data);

/** From where to where a peer is reached. */
typedef struct {
  WcAddress remote, local;
  WcTcp *tcp; /* NULL: by UDP */
} WcPath;

struct WcWorker {
  WcEngine *engine;
  guint index;
  WcUdp udp;
  int epoll_fd, event_fd;
  pthread_t thread;
  gboolean started;
  atomic_bool quit;
  atomic_bool awake; /* the eventfd was written and not yet read */

  pthread_mutex_t lock;  /* guards the next four */
  GQueue inbox;          /* of Closure */
  GQueue foreign;        /* of WcDatagram, bounded */
  GPtrArray *news;       /* of WcFeed */
  GPtrArray *news_spare; /* swapped with it */

  WcStun *stun;
  GHashTable *by_ufrag;   /* char * -> WcEndpoint, owns a reference */
  GHashTable *restarted;  /* the same for those of ICE restarts, borrowed */
  GHashTable *by_address; /* WcAddress * -> WcEndpoint, borrowed; valid only
                             while the engine says that it is ours */
  GHashTable *feeds;      /* WcTrack * -> WcFeed */
  GPtrArray *turns;       /* of WcEndpoint, borrowed: those that want one */
  GPtrArray *gathering;   /* of WcFeed */
  gint64 next_check_us, next_turn_us;
  WcSendBatch *batch;
  GPtrArray *held; /* of WcPacket: what the batch may refer to */
  gboolean wants_writable;
  WcDatagram *datagrams; /* receive batch */
  GPtrArray *closed_tcp; /* of WcTcp: events of this turn may name them */

  atomic_uint n_subscribers, n_publishers, n_tcp;
  atomic_ullong datagrams_in, datagrams_out, bytes_out, foreign_in;
  atomic_ullong stun_rejected, stray, send_failed;
  atomic_ullong batch_datagrams, batch_bytes, batch_failed, batch_blocked,
      batch_apart; /* of the batch, published once in a turn */

  guint8 stream[WC_WORKER_STREAM_BYTES]; /* what was read of a connection */
};

/** @udp is taken over. Others may post to it from now on. */
void wc_worker_init (WcWorker *worker, WcEngine *engine, guint index,
                     WcUdp udp);
/** Starts the thread. */
gboolean wc_worker_start (WcWorker *worker, GError **error);
/** Ends the thread, if there is one. Others may still post. */
void wc_worker_stop (WcWorker *worker);
/** The processor time of its thread until now; 0: it does not run. Any thread,
 * not at the same time as start or stop. */
guint64 wc_worker_cpu_us (const WcWorker *worker);
/** Frees what @worker holds, when all of them have stopped. */
void wc_worker_clear (WcWorker *worker);

/** Runs @run on the worker's thread, in order of posting. Any thread. */
void wc_worker_post (WcWorker *worker, WcWorkerFunc run, gpointer data);
/** A datagram that came to another worker's socket; copied. Any thread. */
void wc_worker_post_foreign (WcWorker *worker, const WcDatagram *datagram);

/** Ends its wait. Any thread. */
void wc_worker_wake (WcWorker *worker);
/** Sends and counts. Any thread. */
gboolean wc_worker_send (WcWorker *worker, const WcPath *path, const void *data,
                         gsize size);

/* --- on the worker's thread ---------------------------------------------- */

/** @endpoint's class gets a turn at @at_us, or before if it was to have one
 * anyhow. */
void wc_worker_want_turn (WcWorker *worker, WcEndpoint *endpoint, gint64 at_us);

/** Sends what is in the batch, and lets go of what it referred to. */
void wc_worker_flush (WcWorker *worker);

/** By its first credentials or those of an ICE restart. (nullable) */
WcEndpoint *wc_worker_find_ufrag (WcWorker *worker, const char *ufrag);
void wc_worker_add (WcWorker *worker, WcEndpoint *endpoint);
void wc_worker_remove (WcWorker *worker, WcEndpoint *endpoint);
/** @address passed ICE for @endpoint: datagrams from there are its own. */
void wc_worker_learn_address (WcWorker *worker, const WcAddress *address,
                              WcEndpoint *endpoint);
/** Unless it passed ICE for somebody else since (a port used again). */
void wc_worker_forget_address (WcWorker *worker, const WcAddress *address,
                               WcEndpoint *endpoint);
