/* SPDX-License-Identifier: MIT */
#include "client.h"

#include "settings.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

struct _CamClient {
  GstRTSPClient parent;
  GSocket *nowhere; /* where UDP goes that is dropped; NULL: none yet */
};

G_DEFINE_FINAL_TYPE (CamClient, cam_client, GST_TYPE_RTSP_CLIENT)

void
cam_say (const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  printf ("camera: %s\n", text);
  fflush (stdout);
}

/* --- what it asks for ------------------------------------------------------
 */

static GstRTSPStatusCode
cam_client_pre_describe (GstRTSPClient *client, GstRTSPContext *context)
{
  guint status = cam_settings_number ("status");

  cam_say ("describe");
  if (status != GST_RTSP_STS_OK)
    return status;
  return cam_settings_is ("redirect", "") ? GST_RTSP_STS_OK
                                          : GST_RTSP_STS_MOVE_TEMPORARILY;
}

/* RFC 2326 section 11.3 and 12.25 */
static void
cam_client_send_message (GstRTSPClient *client, GstRTSPContext *context,
                         GstRTSPMessage *message)
{
  g_autofree char *location = cam_settings_get ("redirect");

  if (message->type == GST_RTSP_MESSAGE_RESPONSE &&
      message->type_data.response.code == GST_RTSP_STS_MOVE_TEMPORARILY)
    gst_rtsp_message_add_header (message, GST_RTSP_HDR_LOCATION, location);
}

static const char *
transport_name (const GstRTSPTransport *transport)
{
  if (transport->lower_transport == GST_RTSP_LOWER_TRANS_TCP)
    return "tcp";
  if (transport->lower_transport == GST_RTSP_LOWER_TRANS_UDP)
    return "udp";
  return "other";
}

static void
cam_client_setup (GstRTSPClient *client, GstRTSPContext *context)
{
  const GstRTSPTransport *transport =
      gst_rtsp_stream_transport_get_transport (context->trans);

  cam_say ("setup %u %s", gst_rtsp_stream_get_index (context->stream),
           transport_name (transport));
}

static void
cam_client_play (GstRTSPClient *client, GstRTSPContext *context)
{
  cam_say ("play");
}

static void
cam_client_teardown (GstRTSPClient *client, GstRTSPContext *context)
{
  cam_say ("teardown");
}

static void
cam_client_closed (GstRTSPClient *client)
{
  cam_say ("gone");
}

/* --- UDP that is dropped ---------------------------------------------------
 */

/* A port of our own that nobody reads. */
static gboolean
ensure_nowhere (CamClient *self)
{
  g_autoptr (GInetAddress) any = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (any, 0);

  if (self->nowhere != NULL)
    return TRUE;
  self->nowhere = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
                                G_SOCKET_PROTOCOL_UDP, NULL);
  return self->nowhere != NULL &&
         g_socket_bind (self->nowhere, address, FALSE, NULL);
}

static gboolean
cam_client_configure_transport (GstRTSPClient *client, GstRTSPContext *context,
                                GstRTSPTransport *transport)
{
  CamClient *self = CAM_CLIENT (client);

  if (!GST_RTSP_CLIENT_CLASS (cam_client_parent_class)
           ->configure_client_transport (client, context, transport))
    return FALSE;
  if (transport->lower_transport != GST_RTSP_LOWER_TRANS_UDP ||
      !cam_settings_is ("udp", "dropped") || !ensure_nowhere (self))
    return TRUE;

  g_autoptr (GSocketAddress) address =
      g_socket_get_local_address (self->nowhere, NULL);
  int port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));

  transport->client_port.min = transport->client_port.max = port;
  return TRUE;
}

/* --- GObject ---------------------------------------------------------------
 */

static void
cam_client_finalize (GObject *object)
{
  g_clear_object (&CAM_CLIENT (object)->nowhere);
  G_OBJECT_CLASS (cam_client_parent_class)->finalize (object);
}

static void
cam_client_class_init (CamClientClass *klass)
{
  GstRTSPClientClass *client_class = GST_RTSP_CLIENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = cam_client_finalize;
  client_class->pre_describe_request = cam_client_pre_describe;
  client_class->send_message = cam_client_send_message;
  client_class->setup_request = cam_client_setup;
  client_class->play_request = cam_client_play;
  client_class->teardown_request = cam_client_teardown;
  client_class->closed = cam_client_closed;
  client_class->configure_client_transport = cam_client_configure_transport;
}

static void
cam_client_init (CamClient *self)
{
}
