/* SPDX-License-Identifier: MIT */
/* An RTSP camera that does on command what cameras do: README.md. */
#include "client.h"
#include "media.h"
#include "settings.h"

#include <gio/gunixinputstream.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 16

/* --- the server ------------------------------------------------------------
 */

#define CAM_TYPE_SERVER (cam_server_get_type ())
G_DECLARE_FINAL_TYPE (CamServer, cam_server, CAM, SERVER, GstRTSPServer)

struct _CamServer {
  GstRTSPServer parent;
};

G_DEFINE_FINAL_TYPE (CamServer, cam_server, GST_TYPE_RTSP_SERVER)

static GstRTSPClient *
cam_server_create_client (GstRTSPServer *server)
{
  GstRTSPClient *client = g_object_new (CAM_TYPE_CLIENT, NULL);
  g_autoptr (GstRTSPSessionPool) pool =
      gst_rtsp_server_get_session_pool (server);
  g_autoptr (GstRTSPMountPoints) mounts =
      gst_rtsp_server_get_mount_points (server);
  g_autoptr (GstRTSPAuth) auth = gst_rtsp_server_get_auth (server);
  g_autoptr (GstRTSPThreadPool) threads =
      gst_rtsp_server_get_thread_pool (server);

  gst_rtsp_client_set_session_pool (client, pool);
  gst_rtsp_client_set_mount_points (client, mounts);
  gst_rtsp_client_set_auth (client, auth);
  gst_rtsp_client_set_thread_pool (client, threads);
  cam_say ("connect");
  return client;
}

static void
cam_server_class_init (CamServerClass *klass)
{
  GST_RTSP_SERVER_CLASS (klass)->create_client = cam_server_create_client;
}

static void
cam_server_init (CamServer *self)
{
}

/* --- the camera ------------------------------------------------------------
 */

typedef struct {
  GMainLoop *loop;
  GstRTSPServer *server;
  GstRTSPMediaFactory *factory;
  GSocket *socket; /* NULL: connections are refused */
  GSource *accept;
  guint16 port;
  gboolean silent;      /* takes connections and says nothing */
  GPtrArray *swallowed; /* those, GSocket */
} Camera;

static gboolean
on_connection (GSocket *socket, GIOCondition condition, gpointer data)
{
  Camera *camera = data;
  GSocket *taken;

  if (!camera->silent)
    return gst_rtsp_server_io_func (socket, condition, camera->server);
  taken = g_socket_accept (socket, NULL, NULL);
  if (taken != NULL) {
    cam_say ("connect");
    g_ptr_array_add (camera->swallowed, taken);
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
listen_on (Camera *camera, GError **error)
{
  g_autofree char *ip = cam_settings_get ("address");
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string (ip, camera->port);
  g_autoptr (GSocket) socket = g_socket_new (
      G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);

  if (socket == NULL || !g_socket_bind (socket, address, TRUE, error))
    return FALSE;
  g_socket_set_listen_backlog (socket, BACKLOG);
  g_socket_set_blocking (socket, FALSE);
  if (!g_socket_listen (socket, error))
    return FALSE;

  g_autoptr (GSocketAddress) own = g_socket_get_local_address (socket, NULL);
  camera->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (own));
  camera->socket = g_steal_pointer (&socket);
  camera->accept = g_socket_create_source (camera->socket, G_IO_IN, NULL);
  g_source_set_callback (camera->accept, G_SOURCE_FUNC (on_connection), camera,
                         NULL);
  g_source_attach (camera->accept, NULL);
  return TRUE;
}

static void
stop_listening (Camera *camera)
{
  if (camera->socket == NULL)
    return;
  g_source_destroy (camera->accept);
  g_clear_pointer (&camera->accept, g_source_unref);
  g_socket_close (camera->socket, NULL);
  g_clear_object (&camera->socket);
}

static GstRTSPFilterResult
remove_client (GstRTSPServer *server, GstRTSPClient *client, gpointer data)
{
  gst_rtsp_client_close (client);
  return GST_RTSP_FILTER_REMOVE;
}

static void
drop_clients (Camera *camera)
{
  g_ptr_array_set_size (camera->swallowed, 0);
  g_list_free_full (
      gst_rtsp_server_client_filter (camera->server, remove_client, NULL),
      g_object_unref);
}

/* --- who may ---------------------------------------------------------------
 */

static void
add_user (GstRTSPAuth *auth)
{
  g_autofree char *user = cam_settings_get ("user");
  g_autofree char *password = cam_settings_get ("password");
  g_autofree char *basic = gst_rtsp_auth_make_basic (user, password);
  g_autoptr (GstRTSPToken) token = gst_rtsp_token_new (
      GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "viewer", NULL);
  gboolean digest = !cam_settings_is ("auth", "basic");

  if (!cam_settings_is ("auth", "digest"))
    gst_rtsp_auth_add_basic (auth, basic, token);
  if (digest)
    gst_rtsp_auth_add_digest (auth, user, password, token);
  gst_rtsp_auth_set_supported_methods (
      auth, (digest ? GST_RTSP_AUTH_DIGEST : 0) |
                (cam_settings_is ("auth", "digest") ? 0 : GST_RTSP_AUTH_BASIC));
}

static void
set_permissions (Camera *camera)
{
  GstRTSPPermissions *permissions = gst_rtsp_permissions_new ();

  gst_rtsp_permissions_add_role (
      permissions, "viewer", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN,
      TRUE, GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, NULL);
  gst_rtsp_media_factory_set_permissions (camera->factory, permissions);
  gst_rtsp_permissions_unref (permissions);
}

static gboolean
set_certificate (GstRTSPAuth *auth, GError **error)
{
  g_autofree char *path = cam_settings_get ("tls");
  g_autoptr (GTlsCertificate) certificate = NULL;

  if (path[0] == '\0')
    return TRUE;
  certificate = g_tls_certificate_new_from_file (path, error);
  if (certificate != NULL)
    gst_rtsp_auth_set_tls_certificate (auth, certificate);
  return certificate != NULL;
}

static gboolean
apply_access (Camera *camera, GError **error)
{
  g_autoptr (GstRTSPAuth) auth = gst_rtsp_auth_new ();
  g_autoptr (GstRTSPToken) anyone = gst_rtsp_token_new (
      GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "viewer", NULL);

  if (!set_certificate (auth, error))
    return FALSE;
  set_permissions (camera);
  if (cam_settings_is ("auth", "none"))
    gst_rtsp_auth_set_default_token (auth, anyone);
  else
    add_user (auth);
  gst_rtsp_server_set_auth (camera->server, auth);
  return TRUE;
}

static void
apply_transport (Camera *camera)
{
  GstRTSPLowerTrans allowed =
      GST_RTSP_LOWER_TRANS_TCP | GST_RTSP_LOWER_TRANS_UDP;

  if (cam_settings_is ("transport", "tcp"))
    allowed = GST_RTSP_LOWER_TRANS_TCP;
  else if (cam_settings_is ("transport", "udp"))
    allowed = GST_RTSP_LOWER_TRANS_UDP;
  gst_rtsp_media_factory_set_protocols (camera->factory, allowed);
}

static gboolean
apply_settings (Camera *camera, GError **error)
{
  apply_transport (camera);
  cam_media_resize ();
  return apply_access (camera, error);
}

/* --- commands --------------------------------------------------------------
 */

static gboolean
run_serve (Camera *camera, GError **error)
{
  camera->silent = FALSE;
  return camera->socket != NULL || listen_on (camera, error);
}

static gboolean
run_refuse (Camera *camera, GError **error)
{
  stop_listening (camera);
  drop_clients (camera);
  return TRUE;
}

static gboolean
run_hang (Camera *camera, GError **error)
{
  camera->silent = TRUE;
  drop_clients (camera);
  return camera->socket != NULL || listen_on (camera, error);
}

static gboolean
run_drop (Camera *camera, GError **error)
{
  drop_clients (camera);
  return TRUE;
}

static gboolean
run_stall (Camera *camera, GError **error)
{
  cam_media_stall ();
  return TRUE;
}

static gboolean
run_go (Camera *camera, GError **error)
{
  cam_media_go ();
  return TRUE;
}

static gboolean
run_jump (Camera *camera, GError **error)
{
  cam_media_jump ();
  return TRUE;
}

static const struct {
  const char *name, *help;
  gboolean (*run) (Camera *camera, GError **error);
} commands[] = {
    {"serve", "what it does at first: takes connections and answers",
     run_serve},
    {"refuse", "ends all connections, and those to come are refused",
     run_refuse},
    {"hang", "ends all connections, takes others and says nothing", run_hang},
    {"drop", "ends all connections", run_drop},
    {"stall", "keeps the connections and sends no more packets", run_stall},
    {"go", "goes on after stall", run_go},
    {"jump", "goes on with another SSRC, other numbers and times", run_jump},
};

static gboolean
run_line (Camera *camera, const char *line, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (commands[i].name, line) == 0)
      return commands[i].run (camera, error);
  return cam_settings_set (line, error) && apply_settings (camera, error);
}

static void read_line (GDataInputStream *input, Camera *camera);

static void
on_line (GObject *source, GAsyncResult *result, gpointer data)
{
  Camera *camera = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_data_input_stream_read_line_finish (
      G_DATA_INPUT_STREAM (source), result, NULL, NULL);

  if (line == NULL) {
    g_main_loop_quit (camera->loop);
    return;
  }
  if (run_line (camera, line, &error))
    cam_say ("ok %s", line);
  else
    cam_say ("error %s", error->message);
  read_line (G_DATA_INPUT_STREAM (source), camera);
}

static void
read_line (GDataInputStream *input, Camera *camera)
{
  g_data_input_stream_read_line_async (input, G_PRIORITY_DEFAULT, NULL, on_line,
                                       camera);
}

/* --- main ------------------------------------------------------------------
 */

static void
print_help (void)
{
  g_print ("Usage: camera [NAME=VALUE...]\n\nSettings, here and on stdin:\n");
  cam_settings_print_help ();
  g_print ("\nCommands on stdin, which ends the camera when it ends:\n");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_print ("  %s\n      %s\n", commands[i].name, commands[i].help);
}

static gboolean
read_arguments (int argc, char **argv, GError **error)
{
  for (int i = 1; i < argc; i++)
    if (!cam_settings_set (argv[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
open_camera (Camera *camera, GError **error)
{
  g_autoptr (GstRTSPMountPoints) mounts = NULL;
  g_autofree char *path = cam_settings_get ("path");

  camera->port = (guint16)cam_settings_number ("port");
  camera->server = g_object_new (CAM_TYPE_SERVER, NULL);
  camera->factory = g_object_new (CAM_TYPE_FACTORY, NULL);
  mounts = gst_rtsp_server_get_mount_points (camera->server);
  gst_rtsp_mount_points_add_factory (mounts, path,
                                     g_object_ref (camera->factory));
  return apply_settings (camera, error) && listen_on (camera, error);
}

static void
close_camera (Camera *camera)
{
  stop_listening (camera);
  drop_clients (camera);
  g_object_unref (camera->factory);
  g_object_unref (camera->server);
  g_ptr_array_unref (camera->swallowed);
  g_main_loop_unref (camera->loop);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Camera camera = {.swallowed =
                       g_ptr_array_new_with_free_func (g_object_unref)};

  if (argc > 1 && strcmp (argv[1], "--help") == 0) {
    print_help ();
    return EXIT_SUCCESS;
  }
  gst_init (NULL, NULL);
  camera.loop = g_main_loop_new (NULL, FALSE);
  if (!read_arguments (argc, argv, &error) || !open_camera (&camera, &error)) {
    g_printerr ("camera: %s\n", error->message);
    return EXIT_FAILURE;
  }
  cam_say ("listening %u", camera.port);

  g_autoptr (GInputStream) standard =
      g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr (GDataInputStream) input = g_data_input_stream_new (standard);
  if (cam_settings_is ("stdin", "commands"))
    read_line (input, &camera);
  g_main_loop_run (camera.loop);
  close_camera (&camera);
  return EXIT_SUCCESS;
}
