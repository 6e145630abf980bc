/* SPDX-License-Identifier: MIT */
#include "peer/peer-factory-private.h"

#include "base/log.h"
#include "peer/connection-pool.h"
#include "peer/connection-queue.h"
#include "peer/peer.h"

#include <gst/gst.h>
#include <malloc.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

/* Webrtcbins that wait for a viewer: at rest, and while many come and go. */
#define PREPARED 4
#define MOST_PREPARED 32
#define HOUSEKEEPING_INTERVAL_S 3
/* In so many intervals the heap is trimmed however many come. */
#define BUSY_INTERVALS 10
#define POOL_NICE 5

struct _WcPeerFactory {
  GObject parent;
  WcEngine *engine; /* borrowed */
  WcCertificate *certificate;
  GstElement *keep; /* see keep_certificate () */
  GThreadPool *control_pool;
  GThreadPool *lane_pool;
  GThreadPool *handshake_pool;
  WcConnectionPool *prepared;
  guint history_ms;
  gboolean direct;
  guint housekeeping_timer;
  guint busy_intervals;
  atomic_bool prepares;    /* connections ahead */
  atomic_bool has_joins;   /* since housekeeping was last done */
  atomic_bool has_garbage; /* since the heap was last trimmed */
  atomic_int alive, webrtcbins;
};

G_DEFINE_FINAL_TYPE (WcPeerFactory, wc_peer_factory, G_TYPE_OBJECT)

typedef struct {
  WcControlFunc run;
  gpointer data;
} Task;

/* Joins come in crowds, and a webrtcbin has threads of its own that take after
 * the thread which makes them. Media of those who watch goes first. */
static void
ensure_low_priority (void)
{
  static _Thread_local gboolean done;

  if (!done)
    setpriority (PRIO_PROCESS, (id_t)gettid (), POOL_NICE);
  done = TRUE;
}

static void
run_task (gpointer data, gpointer user_data)
{
  const WcPeerFactory *factory = user_data;
  Task *task = data;

  if (factory->direct) /* else the webrtcbins carry the media */
    ensure_low_priority ();
  task->run (task->data);
  g_free (task);
}

static void
run_handshake (gpointer queue, gpointer unused)
{
  ensure_low_priority ();
  wc_connection_queue_run (queue, unused);
}

static void
wc_peer_factory_finalize (GObject *object)
{
  WcPeerFactory *factory = WC_PEER_FACTORY (object);

  wc_peer_factory_stop (factory);
  g_clear_pointer (&factory->certificate, wc_certificate_free);
  gst_clear_object (&factory->keep);
  G_OBJECT_CLASS (wc_peer_factory_parent_class)->finalize (object);
}

static void
wc_peer_factory_class_init (WcPeerFactoryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = wc_peer_factory_finalize;
}

static void
wc_peer_factory_init (WcPeerFactory *factory)
{
}

/* Makes one of each, so that the first viewer does not wait for plugins to be
 * loaded. */
static gboolean
check_elements (GError **error)
{
  static const struct {
    const char *element, *package;
  } needed[] = {
      {"webrtcbin", "gstreamer1.0-plugins-bad"},
      {"dtlssrtpenc", "gstreamer1.0-plugins-bad"},
      {"dtlssrtpdec", "gstreamer1.0-plugins-bad"},
      {"srtpenc", "gstreamer1.0-plugins-bad"},
      {"rtpbin", "gstreamer1.0-plugins-good"},
      {"rtprtxsend", "gstreamer1.0-plugins-good"},
      {"rtpfunnel", "gstreamer1.0-plugins-good"},
      {"rtpulpfecenc", "gstreamer1.0-plugins-good"},
      {"clocksync", "libgstreamer1.0-0"},
      {"nicesink", "gstreamer1.0-nice"}, /* webrtcbin insists on it */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++) {
    g_autoptr (GstElement) element =
        gst_element_factory_make (needed[i].element, NULL);
    if (element == NULL) {
      g_set_error (
          error, WC_PEER_ERROR, WC_PEER_ERROR_NEGOTIATION,
          "the GStreamer element %s is missing: install the package %s",
          needed[i].element, needed[i].package);
      return FALSE;
    }
    gst_object_ref_sink (element);
  }
  return TRUE;
}

/* Elements with the same `pem` share one SSL_CTX as long as one of them lives:
 * without this one the last viewer to leave would take it along. */
static void
keep_certificate (WcPeerFactory *factory)
{
  factory->keep = gst_element_factory_make ("dtlsdec", NULL);
  gst_object_ref_sink (factory->keep);
  g_object_set (factory->keep, "pem", factory->certificate->pem, NULL);
}

static gboolean
on_clock (GstClock *clock, GstClockTime time, GstClockID id, gpointer unused)
{
  return TRUE;
}

/* GStreamer's clock gets its thread with the first of its timers, which would
 * be the first viewer's DTLS. */
static void
start_clock (void)
{
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();
  GstClockID id =
      gst_clock_new_single_shot_id (clock, gst_clock_get_time (clock));

  gst_clock_id_wait_async (id, on_clock, NULL, NULL);
  gst_clock_id_unref (id);
}

static void
settle (gpointer data)
{
  WcPeerFactory *factory = data;

  if (wc_connection_pool_settle (factory->prepared))
    wc_peer_factory_note_garbage (factory);
}

/* A webrtcbin leaves some hundred KiB of holes in the heap. */
static void
trim (gpointer unused)
{
#ifdef __GLIBC__
  malloc_trim (0);
#endif
}

/* Those that wait were made among others which are gone: they lie all over the
 * heap, and keep a page for each of their pieces. */
static void
renew_and_trim (gpointer data)
{
  WcPeerFactory *factory = data;

  wc_connection_pool_drop_fresh (factory->prepared);
  trim (NULL);
  wc_connection_pool_settle (factory->prepared);
  trim (NULL); /* what making them took */
}

/* Not while peers come and go: what is freed now is needed again at once. And
 * not before the webrtcbins that served them are gone, which leave the most. */
static gboolean
on_housekeeping (gpointer data)
{
  WcPeerFactory *factory = data;
  gboolean prepares = atomic_load (&factory->prepares);
  gboolean busy = atomic_exchange (&factory->has_joins, FALSE);

  if (!busy && prepares && !wc_connection_pool_is_settled (factory->prepared)) {
    wc_peer_factory_control (factory, settle, factory);
    busy = TRUE;
  }
  if (busy && ++factory->busy_intervals < BUSY_INTERVALS)
    return G_SOURCE_CONTINUE;
  factory->busy_intervals = 0;
  if (atomic_exchange (&factory->has_garbage, FALSE))
    wc_peer_factory_control (factory, !busy && prepares ? renew_and_trim : trim,
                             factory);
  return G_SOURCE_CONTINUE;
}

WcPeerFactory *
wc_peer_factory_new (WcEngine *engine, guint history_ms, GError **error)
{
  guint n_threads = MAX (2, g_get_num_processors ());

  if (!check_elements (error))
    return NULL;
  g_autoptr (WcPeerFactory) factory = g_object_new (WC_TYPE_PEER_FACTORY, NULL);
  factory->engine = engine;
  factory->history_ms = history_ms;
  factory->certificate = wc_certificate_new (error);
  if (factory->certificate == NULL)
    return NULL;
  keep_certificate (factory);
  start_clock ();
  factory->prepared = wc_connection_pool_new (factory->certificate->pem,
                                              PREPARED, MOST_PREPARED);
  factory->housekeeping_timer =
      g_timeout_add_seconds (HOUSEKEEPING_INTERVAL_S, on_housekeeping, factory);
  /* Pools of their own threads: idle shared ones would be counted as leaks
   * by whoever looks at the process. */
  factory->control_pool =
      g_thread_pool_new (run_task, factory, (gint)n_threads, TRUE, error);
  factory->lane_pool = g_thread_pool_new (wc_connection_queue_run, NULL,
                                          (gint)n_threads, TRUE, error);
  factory->handshake_pool =
      g_thread_pool_new (run_handshake, NULL, (gint)n_threads, TRUE, error);
  if (factory->control_pool == NULL || factory->lane_pool == NULL ||
      factory->handshake_pool == NULL)
    return NULL;
  return g_steal_pointer (&factory);
}

void
wc_peer_factory_stop (WcPeerFactory *factory)
{
  g_clear_handle_id (&factory->housekeeping_timer, g_source_remove);
  /* The control pool first: its last tasks wait for lanes. */
  if (factory->control_pool != NULL)
    g_thread_pool_free (g_steal_pointer (&factory->control_pool), FALSE, TRUE);
  if (factory->lane_pool != NULL)
    g_thread_pool_free (g_steal_pointer (&factory->lane_pool), FALSE, TRUE);
  if (factory->handshake_pool != NULL)
    g_thread_pool_free (g_steal_pointer (&factory->handshake_pool), FALSE,
                        TRUE);
  g_clear_pointer (&factory->prepared, wc_connection_pool_free);
}

guint
wc_peer_factory_alive (WcPeerFactory *factory)
{
  return (guint)atomic_load (&factory->alive);
}

guint
wc_peer_factory_webrtcbins (WcPeerFactory *factory)
{
  return (guint)atomic_load (&factory->webrtcbins);
}

WcEngine *
wc_peer_factory_engine (WcPeerFactory *factory)
{
  return factory->engine;
}

const WcCertificate *
wc_peer_factory_certificate (WcPeerFactory *factory)
{
  return factory->certificate;
}

GThreadPool *
wc_peer_factory_lane_pool (WcPeerFactory *factory)
{
  return factory->lane_pool;
}

WcConnection *
wc_peer_factory_take_connection (WcPeerFactory *factory, const WcSdpPlan *plan)
{
  atomic_store (&factory->prepares, TRUE);
  atomic_store (&factory->has_joins, TRUE);
  return wc_connection_pool_take (factory->prepared, plan);
}

void
wc_peer_factory_give_connection (WcPeerFactory *factory,
                                 WcConnection *connection, GByteArray *kept)
{
  if (connection != NULL)
    wc_connection_pool_give (factory->prepared, connection, kept);
}

void
wc_peer_factory_set_direct (WcPeerFactory *factory, gboolean direct)
{
  factory->direct = direct;
  atomic_store (&factory->prepares, direct);
  if (direct)
    wc_peer_factory_control (factory, settle, factory);
}

gboolean
wc_peer_factory_is_direct (WcPeerFactory *factory)
{
  return factory->direct;
}

GThreadPool *
wc_peer_factory_handshake_pool (WcPeerFactory *factory)
{
  return factory->handshake_pool;
}

guint
wc_peer_factory_history_ms (WcPeerFactory *factory)
{
  return factory->history_ms;
}

void
wc_peer_factory_control (WcPeerFactory *factory, WcControlFunc run,
                         gpointer data)
{
  Task *task = g_new (Task, 1);

  *task = (Task){run, data};
  g_thread_pool_push (factory->control_pool, task, NULL);
}

void
wc_peer_factory_count (WcPeerFactory *factory, gint change)
{
  atomic_fetch_add (&factory->alive, change);
}

void
wc_peer_factory_count_webrtcbin (WcPeerFactory *factory, gint change)
{
  atomic_fetch_add (&factory->webrtcbins, change);
  if (change < 0)
    wc_peer_factory_note_garbage (factory);
}

void
wc_peer_factory_note_garbage (WcPeerFactory *factory)
{
  atomic_store (&factory->has_garbage, TRUE);
}
