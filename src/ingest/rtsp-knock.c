/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-knock.h"

#include "ingest/ingest.h"

static char *
explain (const GError *cause, const char *host)
{
  if (cause->domain == G_RESOLVER_ERROR)
    return g_strdup_printf ("the name of %s is not known (DNS): check the host "
                            "in the url",
                            host);
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return g_strdup_printf ("%s refuses the connection: is it switched on, and "
                            "is this its RTSP port?",
                            host);
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return g_strdup_printf ("%s does not answer: is it switched on, and does a "
                            "firewall let us through?",
                            host);
  return g_strdup_printf ("%s cannot be reached: %s", host, cause->message);
}

static GInetAddress *
remote_address (GSocketConnection *connection)
{
  g_autoptr (GSocketAddress) address =
      g_socket_connection_get_remote_address (connection, NULL);

  if (!G_IS_INET_SOCKET_ADDRESS (address))
    return NULL;
  return g_object_ref (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
}

static void
answer (GTask *task, GSocketConnection *connection)
{
  GInetAddress *address = remote_address (connection);

  g_io_stream_close_async (G_IO_STREAM (connection), G_PRIORITY_DEFAULT, NULL,
                           NULL, NULL);
  if (address != NULL)
    g_task_return_pointer (task, address, g_object_unref);
  else
    g_task_return_new_error (task, WC_INGEST_ERROR, WC_INGEST_ERROR_TRANSIENT,
                             "it hung up at once");
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) cause = NULL;
  g_autoptr (GSocketConnection) connection =
      g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &cause);

  if (connection != NULL) {
    answer (task, connection);
    return;
  }
  if (g_task_return_error_if_cancelled (task))
    return;

  g_autofree char *text = explain (cause, g_task_get_task_data (task));
  g_task_return_new_error (task, WC_INGEST_ERROR, WC_INGEST_ERROR_TRANSIENT,
                           "%s", text);
}

static char *
name_host (GNetworkAddress *address)
{
  return g_strdup_printf ("%s:%u", g_network_address_get_hostname (address),
                          g_network_address_get_port (address));
}

void
wc_rtsp_knock_async (const char *url, guint16 port, guint timeout_ms,
                     GCancellable *cancellable, GAsyncReadyCallback callback,
                     gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnectable) where =
      g_network_address_parse_uri (url, port, &error);

  if (where == NULL) {
    g_task_return_new_error (task, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
                             "url: %s", error->message);
    g_object_unref (task);
    return;
  }
  g_task_set_task_data (task, name_host (G_NETWORK_ADDRESS (where)), g_free);
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, (timeout_ms + 999) / 1000);
  g_socket_client_connect_async (client, where, cancellable, on_connected,
                                 task);
}

GInetAddress *
wc_rtsp_knock_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
