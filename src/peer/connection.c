/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/log.h"
#include "engine/rtcp.h"
#include "peer/connection-private.h"
#include "peer/task-pool.h"

/* Of one webrtcbin, one after another: what grows in it is bounded. */
#define MAX_PEERS 100

/* What a viewer may have sent again in a second, some 10 Mbit/s. */
#define MAX_RESENT 1000

/* --- what webrtcbin makes inside ------------------------------------------ */

/* At most MAX_RESENT packets a second, or one viewer's NACKs could keep a core
 * and the uplink busy. */
static void
fill_resend_budget (WcConnection *connection)
{
  gint64 now_us = wc_clock_now_us ();
  gint64 more = (now_us - connection->resend_us) * MAX_RESENT / G_USEC_PER_SEC;

  if (more <= 0)
    return;
  connection->resend_us = now_us;
  connection->resend_budget =
      (guint)MIN (connection->resend_budget + more, MAX_RESENT);
}

/* What is authentic is read here; the session gets the NACKs alone. */
static GstPadProbeReturn
on_rtcp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  WcConnection *connection = user_data;
  GstBuffer *buffer =
      gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  GstMapInfo map;
  gsize kept = 0;

  info->data = buffer;
  if (!atomic_load (&connection->closing) &&
      gst_buffer_map (buffer, &map, GST_MAP_READWRITE)) {
    connection->callbacks.rtcp (map.data, map.size, connection->user_data);
    fill_resend_budget (connection);
    kept = wc_rtcp_keep_nacks (map.data, map.size, &connection->resend_budget);
    gst_buffer_unmap (buffer, &map);
  }
  if (kept == 0)
    return GST_PAD_PROBE_DROP;
  gst_buffer_set_size (buffer, (gssize)kept);
  return GST_PAD_PROBE_OK;
}

static void
on_session_pad_added (GstElement *element, GstPad *pad, gpointer connection)
{
  if (g_str_equal (GST_PAD_NAME (pad), "recv_rtcp_sink"))
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_rtcp, connection,
                       NULL);
}

static void
set_up_rtp_session (WcConnection *connection, GstElement *element)
{
  /* Sender reports speak of capture times: lips stay in sync whatever the
   * viewer's queue is. A report a second brings that soon after a join. */
  g_object_set (element, "rtcp-sync-send-time", FALSE, "rtcp-min-interval",
                GST_SECOND, NULL);
  g_signal_connect (element, "pad-added", G_CALLBACK (on_session_pad_added),
                    connection);
}

static void
on_deep_element_added (GstBin *bin, GstBin *parent, GstElement *element,
                       gpointer user_data)
{
  WcConnection *connection = user_data;
  GstElementFactory *factory = gst_element_get_factory (element);
  const char *name = factory != NULL ? GST_OBJECT_NAME (factory) : "";

  if (g_str_equal (name, "dtlssrtpdec")) {
    g_object_set (element, "pem", connection->pem, NULL);
  } else if (g_str_equal (name, "dtlsdec")) {
    wc_connection_set_dtls_dec (connection, element);
  } else if (g_str_equal (name, "dtlsenc")) {
    wc_connection_set_dtls_enc (connection, element);
  } else if (g_str_equal (name, "queue") &&
             g_str_equal (G_OBJECT_TYPE_NAME (parent), "TransportReceiveBin")) {
    connection->dtls_queue = element;
  } else if (g_str_equal (name, "rtpsession")) {
    set_up_rtp_session (connection, element);
  } else if (g_str_equal (name, "rtprtxsend")) {
    g_object_set (element, "max-size-packets", 0, "max-size-time",
                  connection->history_ms, NULL);
  }
}

/* webrtcbin sets it TRUE before adding it: media must never wait for a clock
 * on a thread that others share. */
static void
free_clocksyncs (WcConnection *connection)
{
  g_autoptr (GstIterator) iterator =
      gst_bin_iterate_recurse (GST_BIN (connection->webrtcbin));
  GValue item = G_VALUE_INIT;

  while (gst_iterator_next (iterator, &item) == GST_ITERATOR_OK) {
    GObject *element = g_value_get_object (&item);
    GstElementFactory *factory =
        gst_element_get_factory (GST_ELEMENT (element));
    if (factory != NULL && g_str_equal (GST_OBJECT_NAME (factory), "clocksync"))
      g_object_set (element, "sync", FALSE, NULL);
    g_value_unset (&item);
  }
}

/* From GStreamer 1.28 on, what a peer sends by DTLS before its certificate was
 * looked at waits in the thread that brings it. */
static gboolean
may_wait_behind_dtls (void)
{
  guint major, minor, micro, nano;

  gst_version (&major, &minor, &micro, &nano);
  return minor >= 27;
}

/* Whoever brings a datagram does its DTLS, on the handshake pool: a thread of
 * each webrtcbin that takes it from there is a change of threads for every
 * datagram of a handshake. The queue stays in its bin, where webrtcbin looks
 * for it. */
static void
bypass_queue (WcConnection *connection)
{
  GstElement *queue = connection->dtls_queue;

  if (queue == NULL || may_wait_behind_dtls ())
    return;
  g_autoptr (GstPad) sink = gst_element_get_static_pad (queue, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (queue, "src");
  g_autoptr (GstPad) before = gst_pad_get_peer (sink);
  g_autoptr (GstPad) behind = gst_pad_get_peer (src);
  if (before == NULL || behind == NULL)
    return;
  gst_element_set_locked_state (queue, TRUE);
  gst_pad_unlink (before, sink);
  gst_pad_unlink (src, behind);
  gst_pad_link (before, behind);
  gst_element_set_state (queue, GST_STATE_NULL);
}

/* --- making --------------------------------------------------------------- */

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  /* Kept messages would keep the elements that sent them. */
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GError) error = NULL;
    g_autofree char *debug = NULL;
    gst_message_parse_error (message, &error, &debug);
    wc_debug ("viewer pipeline: %s (%s)", error->message, debug);
  }
  wc_task_pool_adopt (message);
  gst_message_unref (message); /* who drops it owns it */
  return GST_BUS_DROP;
}

static GstElement *
make_webrtcbin (WcConnection *connection)
{
  connection->agent = wc_ice_agent_new (wc_connection_on_send, connection);
  /* webrtcbin takes no reference of its own but drops one. */
  GstElement *webrtcbin = gst_element_factory_make_full (
      "webrtcbin", "ice-agent", gst_object_ref (connection->agent),
      "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, "latency", 0, NULL);
  g_signal_connect (webrtcbin, "deep-element-added",
                    G_CALLBACK (on_deep_element_added), connection);
  return webrtcbin;
}

/* The name that the answer promises (a=ssrc:... cname:). */
static void
set_cname (WcConnection *connection, const char *cname)
{
  g_autoptr (GstElement) rtpbin =
      gst_bin_get_by_name (GST_BIN (connection->webrtcbin), "rtpbin");
  g_autoptr (GstStructure) sdes = gst_structure_new (
      "application/x-rtp-source-sdes", "cname", G_TYPE_STRING, cname, NULL);

  if (rtpbin != NULL)
    g_object_set (rtpbin, "sdes", sdes, NULL);
}

static void
make_pipeline (WcConnection *connection)
{
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();

  connection->pipeline = gst_pipeline_new (NULL);
  connection->webrtcbin = make_webrtcbin (connection);
  gst_bin_add (GST_BIN (connection->pipeline), connection->webrtcbin);
  g_autoptr (GstBus) bus = gst_element_get_bus (connection->pipeline);
  gst_bus_set_sync_handler (bus, on_message, NULL, NULL);
  /* Running time is the monotonic clock: capture times are timestamps. */
  gst_pipeline_use_clock (GST_PIPELINE (connection->pipeline), clock);
  gst_element_set_start_time (connection->pipeline, GST_CLOCK_TIME_NONE);
  gst_element_set_base_time (connection->pipeline, 0);
}

/* --- opening -------------------------------------------------------------- */

static gboolean
link_sources (WcConnection *connection, const WcSdpPlan *plan, GError **error)
{
  guint section = 0;

  for (guint i = 0; i < plan->media->len; i++) {
    const WcSdpPlanMedia *media = g_ptr_array_index (plan->media, i);
    if (media->role != WC_SDP_SEND)
      continue;
    g_autofree char *name = g_strdup_printf ("sink_%u", section++);
    GstElement *source = GST_ELEMENT (connection->sources[media->track]);
    if (!gst_element_link_pads (source, "src", connection->webrtcbin, name))
      return wc_connection_fail (error, "linking the media", NULL);
    gst_element_sync_state_with_parent (source);
  }
  return TRUE;
}

static WcConnection *
make (const char *pem, guint history_ms)
{
  WcConnection *connection = g_new0 (WcConnection, 1);

  connection->pem = g_strdup (pem);
  connection->history_ms = history_ms;
  make_pipeline (connection);
  return connection;
}

/* No RTP goes through its session: it need not run. */
static void
lock_rtpbin (WcConnection *connection)
{
  g_autoptr (GstElement) rtpbin =
      gst_bin_get_by_name (GST_BIN (connection->webrtcbin), "rtpbin");

  if (rtpbin != NULL)
    gst_element_set_locked_state (rtpbin, TRUE);
}

WcConnection *
wc_connection_prepare (const char *pem)
{
  WcConnection *connection = make (pem, 0);

  connection->keys_only = TRUE;
  lock_rtpbin (connection);
  gst_element_set_state (connection->pipeline, GST_STATE_PLAYING);
  wc_connection_add_keys_transceiver (connection);
  return connection;
}

static gboolean
open_for_keys (WcConnection *connection, const WcConnectionParams *params,
               GError **error)
{
  if (!wc_connection_negotiate (connection, params, error))
    return FALSE;
  if (connection->n_peers == 0)
    bypass_queue (connection);
  return TRUE;
}

static gboolean
open_for_media (WcConnection *connection, const WcConnectionParams *params,
                GError **error)
{
  set_cname (connection, params->cname);
  gst_element_set_state (connection->pipeline, GST_STATE_PLAYING);
  wc_connection_add_transceivers (connection, params);
  if (!wc_connection_negotiate (connection, params, error) ||
      !link_sources (connection, params->plan, error))
    return FALSE;
  free_clocksyncs (connection);
  return TRUE;
}

gboolean
wc_connection_fits (WcConnection *connection, const WcSdpPlan *plan)
{
  return connection->n_peers == 0 ||
         connection->setup == wc_sdp_plan_setup (plan);
}

WcConnection *
wc_connection_new (const WcConnectionParams *params)
{
  if (params->prepared != NULL)
    return params->prepared;
  return params->keys_only ? wc_connection_prepare (params->pem)
                           : make (params->pem, params->history_ms);
}

gboolean
wc_connection_open (WcConnection *connection, const WcConnectionParams *params,
                    const WcConnectionCallbacks *callbacks, gpointer user_data,
                    GError **error)
{
  connection->callbacks = *callbacks;
  connection->user_data = user_data;
  connection->negotiated = params->keys_only
                               ? open_for_keys (connection, params, error)
                               : open_for_media (connection, params, error);
  return connection->negotiated;
}

/* --- ending --------------------------------------------------------------- */

void
wc_connection_stop (WcConnection *connection, GByteArray *kept)
{
  wc_connection_say_goodbye (connection, kept);
  gst_element_set_state (connection->pipeline, GST_STATE_NULL);
  g_signal_handlers_disconnect_by_data (connection->webrtcbin, connection);
  wc_connection_release_dtls (connection);
}

guint
wc_connection_n_peers (WcConnection *connection)
{
  return connection->n_peers;
}

void
wc_connection_free (WcConnection *connection)
{
  for (guint i = 0; i < WC_N_MEDIA; i++)
    gst_clear_object (&connection->sources[i]);
  gst_clear_object (&connection->pipeline);
  gst_clear_object (&connection->agent);
  g_free (connection->pem);
  g_free (connection);
}

void
wc_connection_close (WcConnection *connection)
{
  wc_connection_stop (connection, NULL);
  wc_connection_free (connection);
}

/* --- another peer --------------------------------------------------------- */

static void
forget_peer (WcConnection *connection)
{
  connection->callbacks = (WcConnectionCallbacks){0};
  connection->user_data = NULL;
  connection->negotiated = FALSE;
  connection->goodbye_size = 0;
  atomic_store (&connection->n_ready, 0);
  atomic_store (&connection->sent_finished, FALSE);
  atomic_store (&connection->dtls_up, FALSE);
  atomic_store (&connection->keeps_goodbye, FALSE);
  atomic_store (&connection->said_goodbye, FALSE);
  atomic_store (&connection->closing, FALSE);
}

gboolean
wc_connection_recycle (WcConnection *connection, GByteArray *kept)
{
  if (!connection->keys_only || !connection->negotiated ||
      connection->dtls_enc == NULL || connection->dtls_dec == NULL ||
      ++connection->n_peers == MAX_PEERS)
    return FALSE;
  wc_connection_say_goodbye (connection, kept);
  if (!wc_connection_renew_dtls (connection))
    return FALSE;
  forget_peer (connection);
  return TRUE;
}

guint32
wc_connection_rtx_ssrc (WcConnection *connection, WcMedia media)
{
  return connection->rtx_ssrc[media];
}

/* --- the lane ------------------------------------------------------------- */

void
wc_connection_ice_connected (WcConnection *connection)
{
  connection->dtls_began = TRUE;
  if (connection->ice_connected) {
    gst_element_set_locked_state (connection->dtls_enc, FALSE);
    gst_element_sync_state_with_parent (connection->dtls_enc);
  } else {
    connection->ice_connected = TRUE;
    wc_ice_agent_connected (connection->agent);
  }
}

void
wc_connection_receive (WcConnection *connection, const guint8 *data, gsize size)
{
  WcPushSrc *source = wc_ice_agent_source (connection->agent);

  if (source != NULL)
    wc_push_src_push (source, gst_buffer_new_memdup (data, size));
}

void
wc_connection_send (WcConnection *connection, WcMedia media, GstBuffer *buffer)
{
  wc_push_src_push (connection->sources[media], buffer);
}
