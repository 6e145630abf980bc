/* SPDX-License-Identifier: MIT */
#include "ingest/rtp-receiver.h"

#include "base/clock.h"
#include "ingest/pipeline.h"

#include <gst/net/gstnetaddressmeta.h>

struct WcRtpReceiver {
  char *label;
  WcPortLease *lease;
  WcRtpTrack *input;
  WcRtpReceiverFunc failed;
  gpointer user_data;
  WcPipeline *pipeline; /* NULL: stopped, or to be made anew */
  WcPipeline *stopping; /* nullable: the one before; may still read */
};

/* --- streaming threads -----------------------------------------------------
 */

static gboolean
read_sender (GstBuffer *buffer, WcAddress *from)
{
  GstNetAddressMeta *meta = gst_buffer_get_net_address_meta (buffer);
  struct sockaddr_storage name;

  if (meta == NULL ||
      !g_socket_address_to_native (meta->addr, &name, sizeof name, NULL))
    return FALSE;
  *from = wc_address_from_sockaddr ((struct sockaddr *)&name);
  return TRUE;
}

typedef void (*PushFunc) (WcRtpTrack *input, const guint8 *data, gsize size,
                          const WcAddress *from, gint64 now_us);

static void
push_sample (GstSample *sample, WcRtpTrack *input, PushFunc push)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  WcAddress from;
  GstMapInfo map;

  if (buffer == NULL || !read_sender (buffer, &from) ||
      !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  push (input, map.data, map.size, &from, wc_clock_now_us ());
  gst_buffer_unmap (buffer, &map);
}

static void
on_rtp (GstSample *sample, gpointer user_data)
{
  push_sample (sample, user_data, wc_rtp_track_push_rtp);
}

static void
on_rtcp (GstSample *sample, gpointer user_data)
{
  push_sample (sample, user_data, wc_rtp_track_push_rtcp);
}

static void
input_unref (gpointer data)
{
  wc_rtp_track_unref (data);
}

/* --- the pipeline ----------------------------------------------------------
 */

static gboolean
connect_port (WcRtpReceiver *receiver, WcPipeline *pipeline, const char *source,
              GSocket *socket, const char *sink, WcSampleFunc func,
              GError **error)
{
  return wc_pipeline_set_object (pipeline, source, "socket", socket, error) &&
         wc_pipeline_connect_sink (pipeline, sink, func,
                                   wc_rtp_track_ref (receiver->input),
                                   input_unref, error);
}

static WcPipeline *
make_pipeline (WcRtpReceiver *receiver, GError **error)
{
  GSocket *rtp = wc_port_lease_rtp_socket (receiver->lease);
  GSocket *rtcp = wc_port_lease_rtcp_socket (receiver->lease);
  const char *name = rtp == rtcp ? "rtp-muxed" : "rtp";
  g_autoptr (WcPipeline) pipeline =
      wc_pipeline_new (name, receiver->label, error);

  if (pipeline == NULL ||
      !connect_port (receiver, pipeline, "rtp", rtp, "out", on_rtp, error) ||
      (rtp != rtcp && !connect_port (receiver, pipeline, "rtcp", rtcp,
                                     "rtcp_out", on_rtcp, error)))
    return NULL;
  return g_steal_pointer (&pipeline);
}

static void
on_failed (WcPipeline *pipeline, const char *reason, WcRtpReceiver *receiver)
{
  wc_rtp_receiver_stop (receiver);
  receiver->failed (reason, receiver->user_data);
}

gboolean
wc_rtp_receiver_start (WcRtpReceiver *receiver, GError **error)
{
  if (receiver->pipeline != NULL)
    return TRUE;
  receiver->pipeline = make_pipeline (receiver, error);
  if (receiver->pipeline == NULL)
    return FALSE;
  g_signal_connect (receiver->pipeline, "failed", G_CALLBACK (on_failed),
                    receiver);
  wc_pipeline_play (receiver->pipeline);
  return TRUE;
}

void
wc_rtp_receiver_stop (WcRtpReceiver *receiver)
{
  if (receiver->pipeline == NULL)
    return;
  g_signal_handlers_disconnect_by_data (receiver->pipeline, receiver);
  wc_pipeline_stop (receiver->pipeline);
  g_set_object (&receiver->stopping, receiver->pipeline);
  g_clear_object (&receiver->pipeline);
}

/* --- life ------------------------------------------------------------------
 */

WcRtpReceiver *
wc_rtp_receiver_new (WcPortLease *lease, WcRtpTrack *input, const char *label,
                     WcRtpReceiverFunc failed, gpointer user_data)
{
  WcRtpReceiver *receiver = g_new0 (WcRtpReceiver, 1);

  receiver->label = g_strdup (label);
  receiver->lease = lease;
  receiver->input = input;
  receiver->failed = failed;
  receiver->user_data = user_data;
  return receiver;
}

void
wc_rtp_receiver_free (WcRtpReceiver *receiver, gint64 deadline_us)
{
  gint64 left_us = deadline_us - wc_clock_now_us ();

  if (receiver->stopping != NULL && left_us > 0)
    wc_pipeline_wait_stopped (receiver->stopping, (guint)(left_us / 1000));
  g_clear_object (&receiver->stopping);
  wc_port_lease_free (receiver->lease);
  wc_rtp_track_unref (receiver->input);
  g_free (receiver->label);
  g_free (receiver);
}

WcRtpTrack *
wc_rtp_receiver_input (WcRtpReceiver *receiver)
{
  return receiver->input;
}

WcPortLease *
wc_rtp_receiver_lease (WcRtpReceiver *receiver)
{
  return receiver->lease;
}
