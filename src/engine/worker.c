/* SPDX-License-Identifier: MIT */
#include "engine/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/endpoint.h"
#include "engine/engine-private.h"
#include "engine/feed.h"
#include "engine/worker-tcp.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define RECEIVE_BATCH 32
#define MAX_FOREIGN 1024
#define EVENTS 64
#define CHECK_INTERVAL_US (250 * 1000)
typedef struct {
  WcWorkerFunc run;
  gpointer data;
} Closure;

/* --- from other threads --------------------------------------------------- */

void
wc_worker_wake (WcWorker *worker)
{
  if (!atomic_exchange (&worker->awake, TRUE)) {
    guint64 one = 1;
    gssize written = write (worker->event_fd, &one, sizeof one);
    (void)written; /* a full eventfd is awake already */
  }
}

void
wc_worker_post (WcWorker *worker, WcWorkerFunc run, gpointer data)
{
  Closure *closure = g_new (Closure, 1);

  *closure = (Closure){run, data};
  pthread_mutex_lock (&worker->lock);
  g_queue_push_tail (&worker->inbox, closure);
  pthread_mutex_unlock (&worker->lock);
  wc_worker_wake (worker);
}

void
wc_worker_post_foreign (WcWorker *worker, const WcDatagram *datagram)
{
  gsize size = G_STRUCT_OFFSET (WcDatagram, data) + datagram->size;
  WcDatagram *copy = g_memdup2 (datagram, size);

  pthread_mutex_lock (&worker->lock);
  gboolean room = worker->foreign.length < MAX_FOREIGN;
  if (room)
    g_queue_push_tail (&worker->foreign, copy);
  pthread_mutex_unlock (&worker->lock);
  if (room)
    wc_worker_wake (worker);
  else
    g_free (copy);
}

gboolean
wc_worker_send (WcWorker *worker, const WcPath *path, const void *data,
                gsize size)
{
  gboolean sent = path->tcp != NULL ? wc_tcp_send (path->tcp, data, size)
                                    : wc_udp_send (&worker->udp, &path->remote,
                                                   &path->local, data, size);

  if (!sent) {
    atomic_fetch_add_explicit (&worker->send_failed, 1, memory_order_relaxed);
    return FALSE;
  }
  atomic_fetch_add_explicit (&worker->datagrams_out, 1, memory_order_relaxed);
  atomic_fetch_add_explicit (&worker->bytes_out, size, memory_order_relaxed);
  return TRUE;
}

/* --- tables --------------------------------------------------------------- */

static atomic_uint *
counter_of (WcWorker *worker, const WcEndpoint *endpoint)
{
  return endpoint->class->publishes ? &worker->n_publishers
                                    : &worker->n_subscribers;
}

void
wc_worker_add (WcWorker *worker, WcEndpoint *endpoint)
{
  g_hash_table_insert (worker->by_ufrag, endpoint->ufrag,
                       wc_endpoint_ref (endpoint));
  atomic_fetch_add (counter_of (worker, endpoint), 1);
}

void
wc_worker_remove (WcWorker *worker, WcEndpoint *endpoint)
{
  if (endpoint->waits_for_turn)
    g_ptr_array_remove_fast (worker->turns, endpoint);
  if (g_hash_table_remove (worker->by_ufrag, endpoint->ufrag))
    atomic_fetch_sub (counter_of (worker, endpoint), 1);
}

WcEndpoint *
wc_worker_find_ufrag (WcWorker *worker, const char *ufrag)
{
  WcEndpoint *endpoint = g_hash_table_lookup (worker->by_ufrag, ufrag);

  return endpoint != NULL ? endpoint
                          : g_hash_table_lookup (worker->restarted, ufrag);
}

void
wc_worker_learn_address (WcWorker *worker, const WcAddress *address,
                         WcEndpoint *endpoint)
{
  guint owner;

  if (g_hash_table_lookup (worker->by_address, address) != endpoint)
    g_hash_table_replace (worker->by_address,
                          g_memdup2 (address, sizeof *address), endpoint);
  if (!wc_engine_find_address (worker->engine, address, &owner) ||
      owner != worker->index)
    wc_engine_take_address (worker->engine, address, worker->index);
}

void
wc_worker_forget_address (WcWorker *worker, const WcAddress *address,
                          WcEndpoint *endpoint)
{
  if (g_hash_table_lookup (worker->by_address, address) != endpoint)
    return;
  g_hash_table_remove (worker->by_address, address);
  wc_engine_drop_address (worker->engine, address, worker->index);
}

/* --- datagrams ------------------------------------------------------------ */

static void
pass_on (WcWorker *worker, guint owner, const WcDatagram *datagram)
{
  atomic_fetch_add_explicit (&worker->foreign_in, 1, memory_order_relaxed);
  wc_worker_post_foreign (wc_engine_worker (worker->engine, owner), datagram);
}

static void
on_stun (WcWorker *worker, const WcDatagram *datagram, gboolean is_foreign)
{
  char ufrag[WC_STUN_UFRAG_SIZE];
  guint owner;

  if (wc_stun_peek_ufrag (datagram->data, datagram->size, ufrag)) {
    WcEndpoint *endpoint = wc_worker_find_ufrag (worker, ufrag);
    if (endpoint != NULL) {
      wc_endpoint_on_stun (endpoint, ufrag, datagram);
      return;
    }
    if (!is_foreign && wc_engine_owner_of (worker->engine, ufrag, &owner) &&
        owner != worker->index) {
      pass_on (worker, owner, datagram);
      return;
    }
  }
  atomic_fetch_add_explicit (&worker->stun_rejected, 1, memory_order_relaxed);
}

static void
on_datagram (WcWorker *worker, const WcDatagram *datagram, gboolean is_foreign)
{
  guint owner;

  atomic_fetch_add_explicit (&worker->datagrams_in, !is_foreign,
                             memory_order_relaxed);
  if (wc_stun_is_stun (datagram->data[0])) {
    on_stun (worker, datagram, is_foreign);
    return;
  }

  if (wc_engine_find_address (worker->engine, &datagram->from, &owner)) {
    WcEndpoint *endpoint =
        owner == worker->index
            ? g_hash_table_lookup (worker->by_address, &datagram->from)
            : NULL;
    if (endpoint != NULL) {
      wc_endpoint_on_datagram (endpoint, datagram);
      return;
    }
    if (!is_foreign && owner != worker->index) {
      pass_on (worker, owner, datagram);
      return;
    }
  }
  atomic_fetch_add_explicit (&worker->stray, 1, memory_order_relaxed);
}

static void
receive_udp (WcWorker *worker)
{
  guint n = wc_udp_receive (&worker->udp, worker->datagrams, RECEIVE_BATCH);

  for (guint i = 0; i < n; i++)
    on_datagram (worker, &worker->datagrams[i], FALSE);
}

/* --- media ---------------------------------------------------------------- */

/* What the batch refers to may go when it was encrypted, sent or not. */
void
wc_worker_flush (WcWorker *worker)
{
  wc_send_batch_flush (worker->batch);
  g_ptr_array_set_size (worker->held, 0);
}

void
wc_worker_want_turn (WcWorker *worker, WcEndpoint *endpoint, gint64 at_us)
{
  if (!endpoint->waits_for_turn)
    g_ptr_array_add (worker->turns, endpoint);
  endpoint->waits_for_turn = TRUE;
  endpoint->turn_us = MIN (endpoint->turn_us, at_us);
  worker->next_turn_us = MIN (worker->next_turn_us, at_us);
}

/* An endpoint may ask for its next turn while it has one. */
static void
give_turns (WcWorker *worker, gint64 now_us)
{
  worker->next_turn_us = G_MAXINT64;
  for (guint i = worker->turns->len; i > 0; i--) {
    WcEndpoint *endpoint = g_ptr_array_index (worker->turns, i - 1);
    if (endpoint->turn_us <= now_us) {
      endpoint->turn_us = G_MAXINT64;
      endpoint->class->turn (endpoint, now_us);
    }
    worker->next_turn_us = MIN (worker->next_turn_us, endpoint->turn_us);
    endpoint->waits_for_turn = endpoint->turn_us != G_MAXINT64;
    if (!endpoint->waits_for_turn)
      g_ptr_array_remove_index_fast (worker->turns, i - 1);
  }
  wc_worker_flush (worker);
}

/* The socket is watched for room only while something waits for it. */
static void
watch_writable (WcWorker *worker)
{
  gboolean wanted = wc_send_batch_is_blocked (worker->batch);
  struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0),
                              .data.ptr = &worker->udp};

  if (wanted == worker->wants_writable)
    return;
  worker->wants_writable = wanted;
  epoll_ctl (worker->epoll_fd, EPOLL_CTL_MOD, worker->udp.fd, &event);
}

static void
publish_sent (WcWorker *worker)
{
  const WcSendBatchStats *stats = wc_send_batch_stats (worker->batch);

  atomic_store_explicit (&worker->batch_datagrams, stats->datagrams,
                         memory_order_relaxed);
  atomic_store_explicit (&worker->batch_bytes, stats->bytes,
                         memory_order_relaxed);
  atomic_store_explicit (&worker->batch_failed, stats->failed,
                         memory_order_relaxed);
  atomic_store_explicit (&worker->batch_blocked, stats->blocked,
                         memory_order_relaxed);
  atomic_store_explicit (&worker->batch_apart, stats->apart,
                         memory_order_relaxed);
}

static void
check (WcWorker *worker, gint64 now_us)
{
  GHashTableIter iter;
  gpointer endpoint;

  if (now_us < worker->next_check_us)
    return;
  worker->next_check_us = now_us + CHECK_INTERVAL_US;
  g_hash_table_iter_init (&iter, worker->by_ufrag);
  while (g_hash_table_iter_next (&iter, NULL, &endpoint))
    wc_endpoint_check (endpoint, now_us);
}

/* --- the loop ------------------------------------------------------------- */

static void
run_inbox (WcWorker *worker)
{
  pthread_mutex_lock (&worker->lock);
  GQueue closures = worker->inbox;
  GQueue foreign = worker->foreign;
  g_queue_init (&worker->inbox);
  g_queue_init (&worker->foreign);
  pthread_mutex_unlock (&worker->lock);

  Closure *closure;
  while ((closure = g_queue_pop_head (&closures)) != NULL) {
    closure->run (worker, closure->data);
    g_free (closure);
  }
  WcDatagram *datagram;
  while ((datagram = g_queue_pop_head (&foreign)) != NULL) {
    on_datagram (worker, datagram, TRUE);
    g_free (datagram);
  }
}

static void
clear_event (WcWorker *worker)
{
  guint64 count;
  gssize size = read (worker->event_fd, &count, sizeof count);

  (void)size; /* nothing to read is fine */
  atomic_store (&worker->awake, FALSE);
}

static int
timeout_ms (const WcWorker *worker)
{
  gint64 left_us = worker->next_turn_us - wc_clock_now_us ();

  if (worker->gathering->len > 0)
    left_us = MIN (left_us, WC_FEED_GATHER_US);
  return (int)((CLAMP (left_us, 0, CHECK_INTERVAL_US) + 999) / 1000);
}

/* The event descriptor before the inbox, so that nothing posted is missed. */
static int
wait (WcWorker *worker, struct epoll_event events[EVENTS])
{
  int n = epoll_wait (worker->epoll_fd, events, EVENTS, timeout_ms (worker));

  for (int i = 0; i < n; i++)
    if (events[i].data.ptr == &worker->event_fd)
      clear_event (worker);
  return n;
}

/* What is left unread makes epoll return at once: media is not starved. */
static void
receive (WcWorker *worker, const struct epoll_event *events, int n)
{
  for (int i = 0; i < n; i++) {
    gpointer name = events[i].data.ptr;
    if (name == &worker->event_fd)
      continue;
    if (name != &worker->udp)
      wc_worker_on_tcp (worker, name, events[i].events);
    else if ((events[i].events & ~(guint32)EPOLLOUT) != 0)
      receive_udp (worker);
  }
  g_ptr_array_set_size (worker->closed_tcp, 0);
}

static void *
run (void *data)
{
  WcWorker *worker = data;
  struct epoll_event events[EVENTS];

  while (!atomic_load (&worker->quit)) {
    int n = wait (worker, events);

    run_inbox (worker);
    receive (worker, events, n);
    /* What was asked for again; what waited for the socket. */
    wc_worker_flush (worker);
    gint64 now_us = wc_clock_now_us ();
    wc_feed_read_news (worker, now_us);
    wc_feed_read_gathering (worker, now_us);
    if (now_us >= worker->next_turn_us)
      give_turns (worker, now_us);
    check (worker, now_us);
    watch_writable (worker);
    publish_sent (worker);
  }
  run_inbox (worker); /* nobody may wait for ever */
  wc_worker_flush (worker);
  return NULL;
}

static gboolean
watch (WcWorker *worker, int fd, gpointer name)
{
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = name};

  return epoll_ctl (worker->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void
init_tables (WcWorker *worker)
{
  pthread_mutex_init (&worker->lock, NULL);
  g_queue_init (&worker->inbox);
  g_queue_init (&worker->foreign);
  worker->news = g_ptr_array_new ();
  worker->news_spare = g_ptr_array_new ();
  worker->turns = g_ptr_array_new ();
  worker->gathering = g_ptr_array_new ();
  worker->held =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_packet_unref);
  worker->batch = wc_send_batch_new (&worker->udp, NULL);
  worker->stun = wc_stun_new ();
  worker->by_ufrag = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                            (GDestroyNotify)wc_endpoint_unref);
  worker->restarted = g_hash_table_new (g_str_hash, g_str_equal);
  worker->by_address = g_hash_table_new_full (
      wc_address_hash_func, wc_address_equal_func, g_free, NULL);
  worker->feeds = g_hash_table_new_full (NULL, NULL, NULL, wc_feed_free);
  worker->datagrams = g_new (WcDatagram, RECEIVE_BATCH);
  worker->closed_tcp =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_tcp_unref);
}

static void
free_tables (WcWorker *worker)
{
  g_hash_table_unref (worker->by_address);
  g_hash_table_unref (worker->restarted);
  g_hash_table_unref (worker->by_ufrag);
  g_hash_table_unref (worker->feeds);
  g_queue_clear_full (&worker->inbox, g_free);
  g_queue_clear_full (&worker->foreign, g_free);
  g_ptr_array_unref (worker->news);
  g_ptr_array_unref (worker->news_spare);
  g_ptr_array_unref (worker->turns);
  g_ptr_array_unref (worker->gathering);
  g_ptr_array_unref (worker->held);
  g_ptr_array_unref (worker->closed_tcp);
  wc_send_batch_free (worker->batch);
  wc_stun_free (worker->stun);
  g_free (worker->datagrams);
  pthread_mutex_destroy (&worker->lock);
}

static void
close_all (WcWorker *worker)
{
  if (worker->epoll_fd >= 0)
    close (worker->epoll_fd);
  if (worker->event_fd >= 0)
    close (worker->event_fd);
  wc_udp_close (&worker->udp);
}

void
wc_worker_init (WcWorker *worker, WcEngine *engine, guint index, WcUdp udp)
{
  worker->engine = engine;
  worker->index = index;
  worker->udp = udp;
  worker->next_turn_us = G_MAXINT64;
  worker->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  worker->event_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  init_tables (worker);
}

gboolean
wc_worker_start (WcWorker *worker, GError **error)
{
  char name[16];

  /* A descriptor that wc_worker_init () did not get fails here, as EBADF. */
  if (!watch (worker, worker->event_fd, &worker->event_fd) ||
      !watch (worker, worker->udp.fd, &worker->udp) ||
      (errno = pthread_create (&worker->thread, NULL, run, worker)) != 0) {
    g_set_error (error, WC_ENGINE_ERROR, WC_ENGINE_ERROR_SOCKET,
                 "worker %u: %s", worker->index, g_strerror (errno));
    return FALSE;
  }
  worker->started = TRUE;
  g_snprintf (name, sizeof name, "worker-%u", worker->index);
  pthread_setname_np (worker->thread, name);
  return TRUE;
}

void
wc_worker_stop (WcWorker *worker)
{
  if (!worker->started)
    return;
  atomic_store (&worker->quit, TRUE);
  wc_worker_wake (worker);
  pthread_join (worker->thread, NULL);
  worker->started = FALSE;
}

guint64
wc_worker_cpu_us (const WcWorker *worker)
{
  struct timespec time;
  clockid_t clock;

  if (!worker->started || pthread_getcpuclockid (worker->thread, &clock) != 0 ||
      clock_gettime (clock, &time) != 0)
    return 0;
  return (guint64)time.tv_sec * G_USEC_PER_SEC + (guint64)time.tv_nsec / 1000;
}

void
wc_worker_clear (WcWorker *worker)
{
  free_tables (worker);
  close_all (worker);
}
