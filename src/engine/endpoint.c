/* SPDX-License-Identifier: MIT */
#include "engine/endpoint.h"

#include "base/clock.h"
#include "base/id.h"
#include "engine/engine-private.h"
#include "engine/worker-tcp.h"

/* A pair that was not nominated again for so long gives way (RFC 8445
 * section 8.1.1 leaves this to us; Chromium nominates with every check). */
#define NOMINATION_FRESH_US G_USEC_PER_SEC

/* DESIGN section 4: a hint only shortens the wait for consent. */
#define GONE_TIMEOUT_US (4 * G_USEC_PER_SEC)

/* --- life ----------------------------------------------------------------- */

static void
make_credentials (const WcWorker *worker, char ufrag[16], char pwd[33])
{
  g_autofree char *random = wc_id_random_hex (6);
  g_autofree char *secret = wc_id_random_hex (16);

  g_snprintf (ufrag, 16, "%02x%s", worker->index, random);
  g_strlcpy (pwd, secret, 33);
}

void
wc_endpoint_init (WcEndpoint *endpoint, const WcEndpointClass *class,
                  WcEngine *engine)
{
  atomic_init (&endpoint->refs, 1);
  endpoint->class = class;
  endpoint->engine = engine;
  endpoint->worker = wc_engine_choose_worker (engine);
  endpoint->turn_us = G_MAXINT64;
  make_credentials (endpoint->worker, endpoint->ufrag, endpoint->pwd);
  pthread_mutex_init (&endpoint->path_lock, NULL);
  endpoint->connections =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_tcp_unref);
}

/* The worker closes it. */
static void
close_path (WcEndpoint *endpoint)
{
  pthread_mutex_lock (&endpoint->path_lock);
  WcTcp *tcp = g_steal_pointer (&endpoint->path.tcp);
  if (tcp != NULL)
    endpoint->has_path = FALSE;
  pthread_mutex_unlock (&endpoint->path_lock);
  if (tcp != NULL)
    wc_worker_post_close_tcp (endpoint->worker, tcp);
}

void
wc_endpoint_clear (WcEndpoint *endpoint)
{
  close_path (endpoint);
  g_ptr_array_unref (endpoint->connections);
  pthread_mutex_destroy (&endpoint->path_lock);
}

WcEndpoint *
wc_endpoint_ref (WcEndpoint *endpoint)
{
  atomic_fetch_add_explicit (&endpoint->refs, 1, memory_order_relaxed);
  return endpoint;
}

void
wc_endpoint_unref (WcEndpoint *endpoint)
{
  if (atomic_fetch_sub_explicit (&endpoint->refs, 1, memory_order_acq_rel) == 1)
    endpoint->class->free (endpoint);
}

/* --- any thread ----------------------------------------------------------- */

static void
on_start (WcWorker *worker, gpointer data)
{
  g_autoptr (WcEndpoint) endpoint = data;

  if (endpoint->state != WC_ENDPOINT_NEW)
    return;
  endpoint->state = WC_ENDPOINT_STARTED;
  endpoint->started_us = wc_clock_now_us ();
  wc_worker_add (worker, endpoint);
}

void
wc_endpoint_start (WcEndpoint *endpoint)
{
  wc_worker_post (endpoint->worker, on_start, wc_endpoint_ref (endpoint));
}

typedef struct {
  WcEndpoint *endpoint;
  WcIceCredentials fresh;
} Restart;

static WcIceCredentials *
restart_of (WcEndpoint *endpoint, guint generation)
{
  return &endpoint->restarts[generation % WC_ENDPOINT_RESTARTS];
}

static void
forget_restart (WcEndpoint *endpoint, guint generation)
{
  g_hash_table_remove (endpoint->worker->restarted,
                       restart_of (endpoint, generation)->ufrag);
}

static void
on_restart (WcWorker *worker, gpointer data)
{
  Restart *restart = data;
  WcEndpoint *endpoint = restart->endpoint;

  if (endpoint->state != WC_ENDPOINT_NEW &&
      endpoint->state != WC_ENDPOINT_ENDED) {
    guint generation = ++endpoint->n_restarts;
    if (generation > WC_ENDPOINT_RESTARTS)
      forget_restart (endpoint, generation);
    *restart_of (endpoint, generation) = restart->fresh;
    g_hash_table_insert (worker->restarted,
                         restart_of (endpoint, generation)->ufrag, endpoint);
  }
  wc_endpoint_unref (endpoint);
  g_free (restart);
}

void
wc_endpoint_restart_ice (WcEndpoint *endpoint, WcIceCredentials *fresh)
{
  Restart *restart = g_new (Restart, 1);

  make_credentials (endpoint->worker, fresh->ufrag, fresh->pwd);
  *restart = (Restart){wc_endpoint_ref (endpoint), *fresh};
  wc_worker_post (endpoint->worker, on_restart, restart);
}

static void
on_secured (WcWorker *worker, gpointer data)
{
  g_autoptr (WcEndpoint) endpoint = data;

  if (endpoint->state != WC_ENDPOINT_CONNECTED)
    return;
  endpoint->state = WC_ENDPOINT_SECURED;
  endpoint->class->secured (endpoint);
}

void
wc_endpoint_secured (WcEndpoint *endpoint)
{
  wc_worker_post (endpoint->worker, on_secured, wc_endpoint_ref (endpoint));
}

void
wc_endpoint_note_alive (WcEndpoint *endpoint)
{
  atomic_store_explicit (&endpoint->alive_us, wc_clock_now_us (),
                         memory_order_relaxed);
}

gboolean
wc_endpoint_send (WcEndpoint *endpoint, const void *data, gsize size)
{
  pthread_mutex_lock (&endpoint->path_lock);
  gboolean open = endpoint->has_path && !endpoint->muted;
  WcPath path = endpoint->path;
  if (open && path.tcp != NULL)
    wc_tcp_ref (path.tcp);
  pthread_mutex_unlock (&endpoint->path_lock);

  gboolean sent = open && wc_worker_send (endpoint->worker, &path, data, size);
  if (open && path.tcp != NULL)
    wc_tcp_unref (path.tcp);
  return sent;
}

void
wc_endpoint_mute (WcEndpoint *endpoint)
{
  pthread_mutex_lock (&endpoint->path_lock);
  endpoint->muted = TRUE;
  pthread_mutex_unlock (&endpoint->path_lock);
  close_path (endpoint);
}

gboolean
wc_endpoint_get_address (WcEndpoint *endpoint, WcAddress *address,
                         gboolean *is_tcp)
{
  pthread_mutex_lock (&endpoint->path_lock);
  gboolean has = endpoint->has_path;
  *address = endpoint->path.remote;
  *is_tcp = endpoint->path.tcp != NULL;
  pthread_mutex_unlock (&endpoint->path_lock);
  return has;
}

typedef struct {
  WcEndpoint *endpoint;
  void (*done) (gpointer);
  gpointer user_data;
} Stop;

/* But that of the path: a last word is still to come. */
static void
drop_connections (WcEndpoint *endpoint)
{
  for (guint i = 0; i < endpoint->connections->len; i++) {
    WcTcp *tcp = g_ptr_array_index (endpoint->connections, i);
    tcp->endpoint = NULL;
    if (tcp != endpoint->path.tcp)
      wc_worker_drop_tcp (endpoint->worker, tcp);
  }
  g_ptr_array_set_size (endpoint->connections, 0);
}

static void
end (WcEndpoint *endpoint)
{
  endpoint->class->ended (endpoint);
  for (guint i = 0; i < endpoint->n_addresses; i++)
    wc_worker_forget_address (endpoint->worker, &endpoint->addresses[i],
                              endpoint);
  endpoint->n_addresses = 0;
  drop_connections (endpoint);
  for (guint i = 0; i < MIN (endpoint->n_restarts, WC_ENDPOINT_RESTARTS); i++)
    forget_restart (endpoint, endpoint->n_restarts - i);
  endpoint->state = WC_ENDPOINT_ENDED;
}

static void
on_stop (WcWorker *worker, gpointer data)
{
  Stop *stop = data;

  end (stop->endpoint);
  wc_worker_remove (worker, stop->endpoint);
  stop->done (stop->user_data);
  wc_endpoint_unref (stop->endpoint);
  g_free (stop);
}

void
wc_endpoint_stop (WcEndpoint *endpoint, void (*done) (gpointer),
                  gpointer user_data)
{
  Stop *stop = g_new (Stop, 1);

  *stop = (Stop){wc_endpoint_ref (endpoint), done, user_data};
  wc_worker_post (endpoint->worker, on_stop, stop);
}

/* --- the worker: ICE ------------------------------------------------------ */

static gboolean
knows_address (const WcEndpoint *endpoint, const WcAddress *address)
{
  for (guint i = 0; i < endpoint->n_addresses; i++)
    if (wc_address_equal (&endpoint->addresses[i], address))
      return TRUE;
  return FALSE;
}

/* Only this thread changes it. */
static gboolean
is_path (const WcEndpoint *endpoint, const WcAddress *address, const WcTcp *tcp)
{
  return endpoint->has_path && endpoint->path.tcp == tcp &&
         wc_address_equal (&endpoint->path.remote, address);
}

/* A ring of a few: the nominated one is never pushed out. */
static void
learn_address (WcEndpoint *endpoint, const WcAddress *address)
{
  /* Also one that is known: it may have been somebody else's meanwhile. */
  wc_worker_learn_address (endpoint->worker, address, endpoint);
  if (knows_address (endpoint, address))
    return;
  guint at = endpoint->n_addresses;
  if (at == WC_ENDPOINT_ADDRESSES) {
    at = endpoint->next_address;
    if (is_path (endpoint, &endpoint->addresses[at], NULL))
      at = (at + 1) % WC_ENDPOINT_ADDRESSES;
    endpoint->next_address = (at + 1) % WC_ENDPOINT_ADDRESSES;
    wc_worker_forget_address (endpoint->worker, &endpoint->addresses[at],
                              endpoint);
  } else {
    endpoint->n_addresses++;
  }
  endpoint->addresses[at] = *address;
}

/* Of too many the oldest goes, but never the nominated one. */
static void
learn_connection (WcEndpoint *endpoint, WcTcp *tcp)
{
  if (tcp->endpoint == endpoint)
    return;
  if (endpoint->connections->len == WC_ENDPOINT_CONNECTIONS) {
    WcTcp *oldest = g_ptr_array_index (endpoint->connections, 0);
    if (oldest == endpoint->path.tcp)
      oldest = g_ptr_array_index (endpoint->connections, 1);
    wc_worker_drop_tcp (endpoint->worker, oldest);
  }
  tcp->endpoint = endpoint;
  g_ptr_array_add (endpoint->connections, wc_tcp_ref (tcp));
}

static void
set_path (WcEndpoint *endpoint, const WcPath *path)
{
  pthread_mutex_lock (&endpoint->path_lock);
  WcTcp *former = endpoint->path.tcp;
  endpoint->has_path = path != NULL;
  if (path != NULL)
    endpoint->path = *path;
  else
    endpoint->path.tcp = NULL;
  if (endpoint->path.tcp != NULL)
    wc_tcp_ref (endpoint->path.tcp);
  pthread_mutex_unlock (&endpoint->path_lock);
  if (former != NULL)
    wc_tcp_unref (former);
}

static void
take_path (WcEndpoint *endpoint, const WcDatagram *datagram)
{
  WcPath path = {datagram->from, datagram->local, datagram->tcp};

  set_path (endpoint, &path);

  if (endpoint->state == WC_ENDPOINT_STARTED) {
    endpoint->state = WC_ENDPOINT_CONNECTED;
    endpoint->class->connected (endpoint);
  }
}

/* Chromium nominates only the pair it uses, again and again; libnice may
 * nominate several at once, and then the highest priority counts. */
static void
nominate (WcEndpoint *endpoint, const WcDatagram *datagram, guint generation,
          guint32 priority, gint64 now_us)
{
  if (generation != endpoint->generation)
    endpoint->nominated_us = 0; /* what was before counts no more */
  endpoint->generation = generation;

  gboolean same = is_path (endpoint, &datagram->from, datagram->tcp);
  gboolean fresh = now_us - endpoint->nominated_us < NOMINATION_FRESH_US;

  if (!same && fresh && priority < endpoint->nominated_priority)
    return;
  endpoint->nominated_priority = priority;
  endpoint->nominated_us = now_us;
  take_path (endpoint, datagram);
}

/* The password that goes with @ufrag, and whose restart it was; NULL: a pair
 * was nominated by newer ones. */
static const char *
find_password (WcEndpoint *endpoint, const char *ufrag, guint *generation)
{
  *generation = endpoint->n_restarts;
  for (guint i = 0; i < MIN (endpoint->n_restarts, WC_ENDPOINT_RESTARTS); i++) {
    WcIceCredentials *restart = restart_of (endpoint, *generation);
    if (g_str_equal (restart->ufrag, ufrag))
      return *generation >= endpoint->generation ? restart->pwd : NULL;
    (*generation)--;
  }
  *generation = 0;
  return endpoint->generation == 0 ? endpoint->pwd : NULL;
}

void
wc_endpoint_on_stun (WcEndpoint *endpoint, const char *ufrag,
                     const WcDatagram *datagram)
{
  guint8 answer[WC_STUN_ANSWER_SIZE];
  WcStunRequest request;
  WcWorker *worker = endpoint->worker;
  guint generation;
  const char *pwd = find_password (endpoint, ufrag, &generation);
  WcPath path = {datagram->from, datagram->local, datagram->tcp};

  if (endpoint->state == WC_ENDPOINT_ENDED || pwd == NULL ||
      !wc_stun_answer (worker->stun, datagram->data, datagram->size, pwd,
                       &datagram->from, answer, &request)) {
    atomic_fetch_add_explicit (&worker->stun_rejected, 1, memory_order_relaxed);
    return;
  }
  wc_endpoint_note_alive (endpoint);
  /* Before the answer: what follows it may come to another worker's socket. */
  if (datagram->tcp != NULL)
    learn_connection (endpoint, datagram->tcp);
  else
    learn_address (endpoint, &datagram->from);
  wc_worker_send (worker, &path, answer, request.answer_size);
  if (request.use_candidate)
    nominate (endpoint, datagram, generation, request.priority,
              wc_clock_now_us ());
  else if (!endpoint->has_path)
    take_path (endpoint, datagram); /* RFC 8445 section 12.1: any valid pair;
                                       DTLS gains a round trip */
}

gboolean
wc_endpoint_has_room (WcEndpoint *endpoint, gsize size)
{
  return endpoint->has_path && (endpoint->path.tcp == NULL ||
                                wc_tcp_has_room (endpoint->path.tcp, size));
}

void
wc_endpoint_lost_tcp (WcEndpoint *endpoint, WcTcp *tcp)
{
  if (tcp == endpoint->path.tcp) {
    set_path (endpoint, NULL);
    endpoint->nominated_us = 0; /* the next pair that passes will do */
  }
  tcp->endpoint = NULL;
  g_ptr_array_remove (endpoint->connections, tcp);
}

void
wc_endpoint_on_datagram (WcEndpoint *endpoint, const WcDatagram *datagram)
{
  if (endpoint->state >= WC_ENDPOINT_CONNECTED &&
      endpoint->state != WC_ENDPOINT_ENDED)
    endpoint->class->datagram (endpoint, datagram);
}

/* --- the worker: deadlines ------------------------------------------------ */

static void
expire (WcEndpoint *endpoint, WcEndpointExpiry why)
{
  end (endpoint);
  endpoint->class->expired (endpoint, why);
}

void
wc_endpoint_hint_gone (WcEndpoint *endpoint)
{
  endpoint->hinted_us = wc_clock_now_us ();
}

static gboolean
is_gone (const WcEndpoint *endpoint, gint64 alive_us, gint64 now_us)
{
  return endpoint->hinted_us > alive_us &&
         now_us - endpoint->hinted_us > GONE_TIMEOUT_US;
}

void
wc_endpoint_check (WcEndpoint *endpoint, gint64 now_us)
{
  WcEngine *engine = endpoint->engine;
  gint64 alive_us = atomic_load (&endpoint->alive_us);
  gboolean secured = endpoint->state == WC_ENDPOINT_SECURED;

  if (endpoint->state == WC_ENDPOINT_ENDED)
    return;
  if (!secured &&
      now_us - endpoint->started_us > engine->connect_timeout_ms * 1000LL)
    expire (endpoint, WC_ENDPOINT_CONNECT_TIMEOUT);
  else if (secured && now_us - alive_us > engine->consent_timeout_ms * 1000LL)
    expire (endpoint, WC_ENDPOINT_CONSENT_EXPIRED);
  else if (secured && is_gone (endpoint, alive_us, now_us))
    expire (endpoint, WC_ENDPOINT_GONE);
  else
    endpoint->class->check (endpoint, now_us);
}
