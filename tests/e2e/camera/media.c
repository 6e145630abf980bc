/* SPDX-License-Identifier: MIT */
#include "media.h"

#include "feed.h"
#include "launch.h"
#include "settings.h"

#include <gst/rtp/rtp.h>

struct _CamFactory {
  GstRTSPMediaFactory parent;
};

G_DEFINE_FINAL_TYPE (CamFactory, cam_factory, GST_TYPE_RTSP_MEDIA_FACTORY)

static GMutex lock;     /* guards what follows */
static GstElement *bin; /* of the media that plays; owned */
static guint n_jumps;   /* added to the numbers of packets */

static GstElement *
take_bin (void)
{
  GstElement *taken;

  g_mutex_lock (&lock);
  taken = bin != NULL ? gst_object_ref (bin) : NULL;
  g_mutex_unlock (&lock);
  return taken;
}

static void
set_bin (GstElement *element)
{
  GstElement *old;

  g_mutex_lock (&lock);
  old = bin;
  bin = element != NULL ? gst_object_ref (element) : NULL;
  n_jumps = 0;
  g_mutex_unlock (&lock);
  g_clear_pointer (&old, gst_object_unref);
}

/* --- while it plays --------------------------------------------------------
 */

static void
set_valves (gboolean drop)
{
  g_autoptr (GstElement) element = take_bin ();

  for (guint i = 0; element != NULL && i < 2; i++) {
    g_autofree char *name = g_strdup_printf ("valve%u", i);
    g_autoptr (GstElement) valve =
        gst_bin_get_by_name (GST_BIN (element), name);

    if (valve != NULL)
      g_object_set (valve, "drop", drop, NULL);
  }
}

void
cam_media_stall (void)
{
  set_valves (TRUE);
}

void
cam_media_go (void)
{
  set_valves (FALSE);
}

void
cam_media_resize (void)
{
  g_autoptr (GstElement) element = take_bin ();
  g_autoptr (GstElement) format =
      element != NULL ? gst_bin_get_by_name (GST_BIN (element), "format")
                      : NULL;
  g_autofree char *text = cam_launch_format ();
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);

  if (format != NULL && caps != NULL)
    g_object_set (format, "caps", caps, NULL);
}

void
cam_media_jump (void)
{
  g_mutex_lock (&lock);
  n_jumps++;
  g_mutex_unlock (&lock);
}

/* --- numbers ---------------------------------------------------------------
 */

static void
renumber (GstBuffer *buffer, guint by)
{
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

  if (!gst_rtp_buffer_map (buffer, GST_MAP_READWRITE, &rtp))
    return;
  gst_rtp_buffer_set_ssrc (&rtp, gst_rtp_buffer_get_ssrc (&rtp) + by);
  gst_rtp_buffer_set_seq (
      &rtp, (guint16)(gst_rtp_buffer_get_seq (&rtp) + by * 12345));
  gst_rtp_buffer_set_timestamp (&rtp, gst_rtp_buffer_get_timestamp (&rtp) +
                                          by * 987654321u);
  gst_rtp_buffer_unmap (&rtp);
}

static gboolean
renumber_in_list (GstBuffer **buffer, guint index, gpointer by)
{
  *buffer = gst_buffer_make_writable (*buffer);
  renumber (*buffer, GPOINTER_TO_UINT (by));
  return TRUE;
}

static GstPadProbeReturn
on_packets (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  guint by;

  g_mutex_lock (&lock);
  by = n_jumps;
  g_mutex_unlock (&lock);
  if (by == 0)
    return GST_PAD_PROBE_OK;

  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0) {
    GstBufferList *list = gst_buffer_list_make_writable (info->data);
    info->data = list;
    gst_buffer_list_foreach (list, renumber_in_list, GUINT_TO_POINTER (by));
  } else {
    info->data = gst_buffer_make_writable (GST_BUFFER (info->data));
    renumber (info->data, by);
  }
  return GST_PAD_PROBE_OK;
}

static void
watch_packets (GstElement *element)
{
  for (guint i = 0; i < 2; i++) {
    g_autofree char *name = g_strdup_printf ("pay%u", i);
    g_autoptr (GstElement) payloader =
        gst_bin_get_by_name (GST_BIN (element), name);
    g_autoptr (GstPad) pad = payloader != NULL
                                 ? gst_element_get_static_pad (payloader, "src")
                                 : NULL;

    if (pad != NULL)
      gst_pad_add_probe (
          pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
          on_packets, NULL, NULL);
  }
}

/* --- the factory -----------------------------------------------------------
 */

static GstElement *
cam_factory_create_element (GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = cam_launch_text (&error);
  GstElement *element =
      text != NULL ? gst_parse_launch_full (text, NULL,
                                            GST_PARSE_FLAG_FATAL_ERRORS, &error)
                   : NULL;

  if (element == NULL)
    g_printerr ("camera: %s\n", error->message);
  else
    watch_packets (element);
  return element;
}

static void
on_unprepared (GstRTSPMedia *media, gpointer user_data)
{
  cam_feed_stop ();
  set_bin (NULL);
}

static void
cam_factory_configure (GstRTSPMediaFactory *factory, GstRTSPMedia *media)
{
  g_autoptr (GstElement) element = gst_rtsp_media_get_element (media);

  GST_RTSP_MEDIA_FACTORY_CLASS (cam_factory_parent_class)
      ->configure (factory, media);
  set_bin (element);
  if (cam_settings_number ("sync") != 0)
    cam_feed_start (element);
  g_signal_connect (media, "unprepared", G_CALLBACK (on_unprepared), NULL);
}

static void
cam_factory_class_init (CamFactoryClass *klass)
{
  GstRTSPMediaFactoryClass *factory_class =
      GST_RTSP_MEDIA_FACTORY_CLASS (klass);

  factory_class->create_element = cam_factory_create_element;
  factory_class->configure = cam_factory_configure;
}

static void
cam_factory_init (CamFactory *self)
{
  gst_rtsp_media_factory_set_shared (GST_RTSP_MEDIA_FACTORY (self), TRUE);
  gst_rtsp_media_factory_set_latency (GST_RTSP_MEDIA_FACTORY (self), 0);
}
