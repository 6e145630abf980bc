/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-media.h"

#include "base/clock.h"
#include "ingest/rtsp-connection.h"

#include <gst/net/gstnetaddressmeta.h>
#include <gst/rtp/rtp.h>
#include <stdio.h>

/* The publisher lets packets of one SSRC through. */
#define MAX_SSRCS 2

/* --- the media ------------------------------------------------------------ */

#define WC_TYPE_RTSP_MEDIA (wc_rtsp_media_get_type ())
G_DECLARE_FINAL_TYPE (WcRtspMedia, wc_rtsp_media, WC, RTSP_MEDIA, GstRTSPMedia)

struct _WcRtspMedia {
  GstRTSPMedia parent;
  WcRtspPublisher *publisher;
};

G_DEFINE_FINAL_TYPE (WcRtspMedia, wc_rtsp_media, GST_TYPE_RTSP_MEDIA)

/* One pad of the RTP session, where a stream's RTP or RTCP comes in. */
typedef struct {
  WcRtspPublisher *publisher;
  guint index;
  gboolean is_rtcp;
} Tap;

static void
tap_free (gpointer data)
{
  Tap *tap = data;

  wc_rtsp_publisher_unref (tap->publisher);
  g_free (tap);
}

/* NULL: none is known, as with what came over the publisher's connection. */
static const WcAddress *
read_from (GstBuffer *buffer, WcAddress *from)
{
  GstNetAddressMeta *meta = gst_buffer_get_net_address_meta (buffer);
  struct sockaddr_storage native;

  if (meta == NULL ||
      !g_socket_address_to_native (meta->addr, &native, sizeof native, NULL))
    return NULL;
  *from = wc_address_from_sockaddr ((const struct sockaddr *)&native);
  return from;
}

static gboolean
take_buffer (const Tap *tap, GstBuffer *buffer)
{
  WcAddress address;
  const WcAddress *from = read_from (buffer, &address);
  gint64 now_us = wc_clock_now_us ();
  GstMapInfo map;
  gboolean pass;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return FALSE;
  pass = tap->is_rtcp
             ? wc_rtsp_publisher_push_rtcp (tap->publisher, tap->index, from,
                                            map.data, map.size, now_us)
             : wc_rtsp_publisher_push_rtp (tap->publisher, tap->index, from,
                                           map.data, map.size, now_us);
  gst_buffer_unmap (buffer, &map);
  return pass;
}

static gboolean
filter_buffer (GstBuffer **buffer, guint index, gpointer user_data)
{
  if (!take_buffer (user_data, *buffer))
    gst_clear_buffer (buffer);
  return TRUE;
}

static GstPadProbeReturn
on_packet (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER)
    return take_buffer (user_data, GST_PAD_PROBE_INFO_BUFFER (info))
               ? GST_PAD_PROBE_OK
               : GST_PAD_PROBE_DROP;

  GstBufferList *list =
      gst_buffer_list_make_writable (GST_PAD_PROBE_INFO_BUFFER_LIST (info));
  gst_buffer_list_foreach (list, filter_buffer, user_data);
  GST_PAD_PROBE_INFO_DATA (info) = list;
  return GST_PAD_PROBE_OK;
}

static void
on_pad_added (GstElement *rtpbin, GstPad *pad, WcRtspMedia *self)
{
  guint index;
  gboolean is_rtcp =
      sscanf (GST_PAD_NAME (pad), "recv_rtcp_sink_%u", &index) == 1;

  if (!is_rtcp && sscanf (GST_PAD_NAME (pad), "recv_rtp_sink_%u", &index) != 1)
    return;

  Tap *tap = g_new0 (Tap, 1);
  tap->publisher = wc_rtsp_publisher_ref (self->publisher);
  tap->index = index;
  tap->is_rtcp = is_rtcp;
  gst_pad_add_probe (pad,
                     GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
                     on_packet, tap, tap_free);
}

/* With AVPF timing a PLI goes out at once, not with the next report. */
static gboolean
wc_rtsp_media_setup_rtpbin (GstRTSPMedia *media, GstElement *rtpbin)
{
  g_object_set (rtpbin, "rtp-profile", GST_RTP_PROFILE_AVPF, "max-streams",
                MAX_SSRCS, NULL);
  g_signal_connect (rtpbin, "pad-added", G_CALLBACK (on_pad_added), media);
  return TRUE;
}

static void
wc_rtsp_media_finalize (GObject *object)
{
  g_clear_pointer (&WC_RTSP_MEDIA (object)->publisher, wc_rtsp_publisher_unref);
  G_OBJECT_CLASS (wc_rtsp_media_parent_class)->finalize (object);
}

static void
wc_rtsp_media_class_init (WcRtspMediaClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = wc_rtsp_media_finalize;
  GST_RTSP_MEDIA_CLASS (klass)->setup_rtpbin = wc_rtsp_media_setup_rtpbin;
}

static void
wc_rtsp_media_init (WcRtspMedia *self)
{
}

/* --- the factory ---------------------------------------------------------- */

struct _WcRtspMediaFactory {
  GstRTSPMediaFactory parent;
};

G_DEFINE_FINAL_TYPE (WcRtspMediaFactory, wc_rtsp_media_factory,
                     GST_TYPE_RTSP_MEDIA_FACTORY)

/* The connection whose request is being served on this thread. */
static WcRtspConnection *
current_connection (void)
{
  GstRTSPContext *context = gst_rtsp_context_get_current ();

  return context != NULL && context->client != NULL
             ? wc_rtsp_connection_of (context->client)
             : NULL;
}

/* A stream begins where there is an element called depay and its number. */
static void
add_end (GstBin *bin, guint index)
{
  g_autofree char *name = g_strdup_printf ("depay%u", index);
  GstElement *end = gst_element_factory_make ("fakesink", name);

  if (end == NULL)
    return;
  g_object_set (end, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE,
                NULL);
  gst_bin_add (bin, end);
}

static GstElement *
wc_rtsp_media_factory_create_element (GstRTSPMediaFactory *factory,
                                      const GstRTSPUrl *url)
{
  WcRtspConnection *connection = current_connection ();
  WcRtspPublisher *publisher =
      connection != NULL ? wc_rtsp_connection_publisher (connection) : NULL;
  GstElement *bin = gst_bin_new (NULL);

  for (guint i = 0;
       publisher != NULL && i < wc_rtsp_publisher_n_streams (publisher); i++)
    add_end (GST_BIN (bin), i);
  return bin;
}

static GstRTSPMedia *
wc_rtsp_media_factory_construct (GstRTSPMediaFactory *factory,
                                 const GstRTSPUrl *url)
{
  WcRtspConnection *connection = current_connection ();
  GstRTSPMedia *media;

  if (connection == NULL || wc_rtsp_connection_publisher (connection) == NULL)
    return NULL;
  media = GST_RTSP_MEDIA_FACTORY_CLASS (wc_rtsp_media_factory_parent_class)
              ->construct (factory, url);
  if (media == NULL)
    return NULL;
  WC_RTSP_MEDIA (media)->publisher =
      wc_rtsp_publisher_ref (wc_rtsp_connection_publisher (connection));
  wc_rtsp_connection_set_media (connection, media);
  return media;
}

static void
wc_rtsp_media_factory_class_init (WcRtspMediaFactoryClass *klass)
{
  GstRTSPMediaFactoryClass *factory_class =
      GST_RTSP_MEDIA_FACTORY_CLASS (klass);

  factory_class->create_element = wc_rtsp_media_factory_create_element;
  factory_class->construct = wc_rtsp_media_factory_construct;
}

static void
wc_rtsp_media_factory_init (WcRtspMediaFactory *self)
{
}

GstRTSPMediaFactory *
wc_rtsp_media_factory_new (GstRTSPAddressPool *pool)
{
  GstRTSPMediaFactory *factory =
      g_object_new (WC_TYPE_RTSP_MEDIA_FACTORY, NULL);

  gst_rtsp_media_factory_set_media_gtype (factory, WC_TYPE_RTSP_MEDIA);
  gst_rtsp_media_factory_set_transport_mode (factory,
                                             GST_RTSP_TRANSPORT_MODE_RECORD);
  gst_rtsp_media_factory_set_profiles (factory, GST_RTSP_PROFILE_AVP |
                                                    GST_RTSP_PROFILE_AVPF);
  gst_rtsp_media_factory_set_protocols (factory, GST_RTSP_LOWER_TRANS_UDP |
                                                     GST_RTSP_LOWER_TRANS_TCP);
  gst_rtsp_media_factory_set_latency (factory, 0);
  gst_rtsp_media_factory_set_address_pool (factory, pool);
  return factory;
}
