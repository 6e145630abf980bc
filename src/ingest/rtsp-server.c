/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-server.h"

#include "base/log.h"
#include "ingest/ingest.h"
#include "ingest/rtsp-connection.h"
#include "ingest/rtsp-gate.h"
#include "ingest/rtsp-media.h"
#include "ingest/rtsp-table.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>

#define BACKLOG 128
/* Accepted in one go. */
#define MAX_AT_ONCE 16
/* After running out of descriptors. */
#define PAUSE_MS 100
#define USER_TIMEOUT_MS 30000
/* The longest body of a request. */
#define MAX_CONTENT (64 * 1024)
#define FREE_TIMEOUT_MS 1000
#define FREE_POLL_MS 5

struct WcRtspServer {
  const WcConfig *config;
  atomic_uint max_connections;
  WcRtspTable *table;
  guint16 port;

  /* The thread that accepts; NULL: nobody asked for it yet. */
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
  GSocket *listener;
  GSource *acceptor; /* the thread's own, like the two below */
  GSource *pause;
  GstRTSPServer *rtsp;
  GstRTSPMediaFactory *factory;
};

/* Of all servers of the process; there is one. */
static atomic_uint n_connections;

/* --- threads of clients ---------------------------------------------------
 */

#define WC_TYPE_RTSP_THREADS (wc_rtsp_threads_get_type ())
G_DECLARE_FINAL_TYPE (WcRtspThreads, wc_rtsp_threads, WC, RTSP_THREADS,
                      GstRTSPThreadPool)

struct _WcRtspThreads {
  GstRTSPThreadPool parent;
};

G_DEFINE_FINAL_TYPE (WcRtspThreads, wc_rtsp_threads, GST_TYPE_RTSP_THREAD_POOL)

/* The only place that says which context a client will have. */
static void
wc_rtsp_threads_configure_thread (GstRTSPThreadPool *pool,
                                  GstRTSPThread *thread,
                                  GstRTSPContext *context)
{
  if (thread->type == GST_RTSP_THREAD_TYPE_CLIENT && context->client != NULL)
    wc_rtsp_connection_set_context (wc_rtsp_connection_of (context->client),
                                    thread->context);
}

static void
wc_rtsp_threads_class_init (WcRtspThreadsClass *klass)
{
  GST_RTSP_THREAD_POOL_CLASS (klass)->configure_thread =
      wc_rtsp_threads_configure_thread;
}

static void
wc_rtsp_threads_init (WcRtspThreads *self)
{
}

/* --- accepting: the server's thread ---------------------------------------
 */

static void watch (WcRtspServer *self);

static void
on_client_gone (gpointer data, GObject *client)
{
  atomic_fetch_sub (&n_connections, 1);
}

/* Before the client has a thread. HTTP tunnels are not for publishers. */
static void
on_client_connected (GstRTSPServer *rtsp, GstRTSPClient *client,
                     WcRtspServer *self)
{
  GstRTSPConnection *connection = gst_rtsp_client_get_connection (client);
  WcAddress address = {0};
  guint16 port = 0;

  gst_rtsp_connection_set_http_mode (connection, TRUE);
  gst_rtsp_url_get_port (gst_rtsp_connection_get_url (connection), &port);
  wc_address_parse (&address, gst_rtsp_connection_get_ip (connection), port);
  wc_rtsp_connection_attach (client, &address, self->table);
  atomic_fetch_add (&n_connections, 1);
  g_object_weak_ref (G_OBJECT (client), on_client_gone, NULL);
}

static void
hand_over (WcRtspServer *self, GSocket *socket)
{
  g_autoptr (GSocketAddress) remote =
      g_socket_get_remote_address (socket, NULL);
  struct sockaddr_storage native;
  char ip[WC_ADDRESS_STRLEN];

  if (remote == NULL ||
      !g_socket_address_to_native (remote, &native, sizeof native, NULL) ||
      atomic_load (&n_connections) >= self->max_connections)
    return;

  WcAddress address =
      wc_address_from_sockaddr ((const struct sockaddr *)&native);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  gst_rtsp_server_transfer_connection (self->rtsp, g_object_ref (socket),
                                       wc_address_ip (&address, ip),
                                       wc_address_port (&address), NULL);
}

static gboolean
on_pause_end (gpointer user_data)
{
  WcRtspServer *self = user_data;

  g_clear_pointer (&self->pause, g_source_unref);
  watch (self);
  return G_SOURCE_REMOVE;
}

static void
pause_accepting (WcRtspServer *self)
{
  g_clear_pointer (&self->acceptor, g_source_unref);
  self->pause = g_timeout_source_new (PAUSE_MS);
  g_source_set_callback (self->pause, on_pause_end, self, NULL);
  g_source_attach (self->pause, self->context);
}

static gboolean
on_acceptable (GSocket *listener, GIOCondition condition, gpointer user_data)
{
  WcRtspServer *self = user_data;

  for (guint i = 0; i < MAX_AT_ONCE; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GSocket) socket = g_socket_accept (listener, NULL, &error);
    if (socket != NULL) {
      hand_over (self, socket);
      continue;
    }
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
      return G_SOURCE_CONTINUE;
    wc_warning ("RTSP: a connection cannot be accepted: %s", error->message);
    pause_accepting (self);
    return G_SOURCE_REMOVE;
  }
  return G_SOURCE_CONTINUE;
}

static void
watch (WcRtspServer *self)
{
  self->acceptor = g_socket_create_source (self->listener, G_IO_IN, NULL);
  g_source_set_callback (self->acceptor, G_SOURCE_FUNC (on_acceptable), self,
                         NULL);
  g_source_attach (self->acceptor, self->context);
}

static void
drop_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static gpointer
run (gpointer user_data)
{
  WcRtspServer *self = user_data;

  g_main_context_push_thread_default (self->context);
  watch (self);
  g_main_loop_run (self->loop);
  drop_source (&self->acceptor);
  drop_source (&self->pause);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

/* --- opening --------------------------------------------------------------
 */

/* What is set on a listening socket, its connections inherit. */
static void
set_socket_options (GSocket *socket)
{
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_keepalive (socket, TRUE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS,
                       NULL);
}

static GSocket *
open_listener (const char *ip, guint16 port, GError **error)
{
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string (ip, port);
  g_autoptr (GSocket) socket = NULL;

  socket = g_socket_new (g_socket_address_get_family (address),
                         G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  if (socket == NULL)
    return NULL;
  set_socket_options (socket);
  if (!g_socket_bind (socket, address, TRUE, error) ||
      !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

static gboolean
listen_on (WcRtspServer *self, GError **error)
{
  const WcConfig *config = self->config;
  g_autoptr (GError) reason = NULL;

  if (config->rtsp_listen_ip == NULL) {
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
                 "[rtsp] listen is empty, so nobody can publish by RTSP; it "
                 "must be an address and a port");
    return FALSE;
  }
  self->listener =
      open_listener (config->rtsp_listen_ip, config->rtsp_listen_port, &reason);
  if (self->listener == NULL) {
    g_set_error (error, WC_INGEST_ERROR,
                 g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE)
                     ? WC_INGEST_ERROR_IN_USE
                     : WC_INGEST_ERROR_INTERNAL,
                 "[rtsp] listen=%s:%u: %s", config->rtsp_listen_ip,
                 config->rtsp_listen_port, reason->message);
    return FALSE;
  }

  g_autoptr (GSocketAddress) local =
      g_socket_get_local_address (self->listener, NULL);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (local));
  return TRUE;
}

/* The same ports as for kind=rtp; those that are taken are skipped. */
static GstRTSPAddressPool *
make_address_pool (const WcConfig *config)
{
  GstRTSPAddressPool *pool = gst_rtsp_address_pool_new ();

  gst_rtsp_address_pool_add_range (pool, GST_RTSP_ADDRESS_POOL_ANY_IPV4,
                                   GST_RTSP_ADDRESS_POOL_ANY_IPV4,
                                   config->port_min, config->port_max, 0);
  gst_rtsp_address_pool_add_range (pool, GST_RTSP_ADDRESS_POOL_ANY_IPV6,
                                   GST_RTSP_ADDRESS_POOL_ANY_IPV6,
                                   config->port_min, config->port_max, 0);
  return pool;
}

static void
make_rtsp (WcRtspServer *self)
{
  g_autoptr (GstRTSPThreadPool) threads =
      g_object_new (WC_TYPE_RTSP_THREADS, NULL);
  g_autoptr (GstRTSPAuth) gate = wc_rtsp_gate_new ();
  g_autoptr (GstRTSPAddressPool) pool = make_address_pool (self->config);
  g_autoptr (GstRTSPSessionPool) sessions = gst_rtsp_session_pool_new ();

  self->rtsp = gst_rtsp_server_new ();
  self->factory = wc_rtsp_media_factory_new (pool);
  gst_rtsp_thread_pool_set_max_threads (threads, -1);
  gst_rtsp_server_set_thread_pool (self->rtsp, threads);
  gst_rtsp_server_set_auth (self->rtsp, gate);
  gst_rtsp_session_pool_set_max_sessions (sessions, self->max_connections);
  gst_rtsp_server_set_session_pool (self->rtsp, sessions);
  gst_rtsp_server_set_content_length_limit (self->rtsp, MAX_CONTENT);
  g_signal_connect (self->rtsp, "client-connected",
                    G_CALLBACK (on_client_connected), self);
}

static gboolean
ensure_open (WcRtspServer *self, GError **error)
{
  if (self->thread != NULL)
    return TRUE;
  if (!listen_on (self, error))
    return FALSE;
  make_rtsp (self);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->thread = g_thread_new ("wc-rtsp", run, self);
  wc_info ("publishers may come by RTSP to port %u", self->port);
  return TRUE;
}

/* --- the main thread ------------------------------------------------------
 */

WcRtspServer *
wc_rtsp_server_new (const WcConfig *config)
{
  WcRtspServer *self = g_new0 (WcRtspServer, 1);

  self->config = config;
  self->max_connections = config->rtsp_max_connections;
  self->table = wc_rtsp_table_new ();
  return self;
}

void
wc_rtsp_server_set_max_connections (WcRtspServer *self, guint n)
{
  self->max_connections = n;
  if (self->rtsp == NULL)
    return;
  g_autoptr (GstRTSPSessionPool) sessions =
      gst_rtsp_server_get_session_pool (self->rtsp);
  gst_rtsp_session_pool_set_max_sessions (sessions, n);
}

static char *
path_of (WcRtspPoint *point)
{
  return g_strconcat ("/", wc_rtsp_point_id (point), NULL);
}

gboolean
wc_rtsp_server_add (WcRtspServer *self, WcRtspPoint *point, GError **error)
{
  g_autofree char *path = path_of (point);

  if (!ensure_open (self, error))
    return FALSE;
  g_autoptr (GstRTSPMountPoints) mounts =
      gst_rtsp_server_get_mount_points (self->rtsp);
  gst_rtsp_mount_points_add_factory (mounts, path,
                                     g_object_ref (self->factory));
  wc_rtsp_table_add (self->table, point);
  return TRUE;
}

void
wc_rtsp_server_remove (WcRtspServer *self, WcRtspPoint *point)
{
  g_autofree char *path = path_of (point);

  if (self->rtsp == NULL || !wc_rtsp_table_remove (self->table, point))
    return;
  g_autoptr (GstRTSPMountPoints) mounts =
      gst_rtsp_server_get_mount_points (self->rtsp);
  gst_rtsp_mount_points_remove_factory (mounts, path);
}

guint16
wc_rtsp_server_port (WcRtspServer *self)
{
  return self->port;
}

guint
wc_rtsp_server_n_connections (WcRtspServer *self)
{
  return atomic_load (&n_connections);
}

static GstRTSPFilterResult
close_client (GstRTSPServer *rtsp, GstRTSPClient *client, gpointer user_data)
{
  wc_rtsp_connection_close (wc_rtsp_connection_of (client));
  return GST_RTSP_FILTER_KEEP;
}

static void
end_connections (WcRtspServer *self)
{
  gst_rtsp_server_client_filter (self->rtsp, close_client, NULL);
  for (guint i = 0; i < FREE_TIMEOUT_MS / FREE_POLL_MS; i++) {
    if (atomic_load (&n_connections) == 0)
      return;
    g_usleep (FREE_POLL_MS * 1000);
  }
  wc_warning ("RTSP: %u connections were not ended in time",
              atomic_load (&n_connections));
}

/* From within, so that it is not too early. */
static gboolean
on_quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static void
stop_accepting (WcRtspServer *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, on_quit, self->loop, NULL);
  g_source_attach (source, self->context);
  g_thread_join (self->thread);
}

static void
close_server (WcRtspServer *self)
{
  stop_accepting (self);
  g_signal_handlers_disconnect_by_data (self->rtsp, self);
  end_connections (self);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->listener);
  g_clear_object (&self->factory);
  g_clear_object (&self->rtsp);
}

void
wc_rtsp_server_free (WcRtspServer *self)
{
  if (self->thread != NULL)
    close_server (self);
  wc_rtsp_table_unref (self->table);
  g_free (self);
}
