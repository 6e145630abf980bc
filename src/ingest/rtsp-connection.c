/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-connection.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"

#include <stdatomic.h>

#define KEY "wc-rtsp-connection"
#define NONCE_BYTES 16
#define TICK_MS 500
/* From the connection, and again from ANNOUNCE, to the next step. */
#define HANDSHAKE_US (10 * G_USEC_PER_SEC)
/* Of a publisher that has stopped sending, but stays connected. */
#define SILENCE_US (30 * G_USEC_PER_SEC)
/* For its last words. */
#define GOODBYE_US (2 * G_USEC_PER_SEC)
/* Without becoming a publisher. ffmpeg needs 2, with a password 3. */
#define MAX_REQUESTS 16

struct WcRtspConnection {
  atomic_uint refs;
  /* constant, once set */
  GWeakRef client;
  GMainContext *context;
  WcAddress address;
  WcRtspTable *table;
  char *nonce;
  /* the client's thread's */
  GSource *tick;
  WcRtspPhase phase;
  gint64 phase_since_us;
  guint n_requests;
  gboolean paused; /* the last thing it said */
  WcRtspPoint *point;
  WcRtspPublisher *publisher;
  GWeakRef media;
};

/* --- life ----------------------------------------------------------------- */

WcRtspConnection *
wc_rtsp_connection_ref (WcRtspConnection *self)
{
  atomic_fetch_add_explicit (&self->refs, 1, memory_order_relaxed);
  return self;
}

void
wc_rtsp_connection_unref (gpointer data)
{
  WcRtspConnection *self = data;

  if (atomic_fetch_sub_explicit (&self->refs, 1, memory_order_acq_rel) != 1)
    return;
  g_weak_ref_clear (&self->client);
  g_weak_ref_clear (&self->media);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->point, wc_rtsp_point_unref);
  wc_rtsp_table_unref (self->table);
  g_free (self->nonce);
  g_free (self);
}

WcRtspConnection *
wc_rtsp_connection_of (GstRTSPClient *client)
{
  return g_object_get_data (G_OBJECT (client), KEY);
}

static void
set_phase (WcRtspConnection *self, WcRtspPhase phase)
{
  self->phase = phase;
  self->phase_since_us = wc_clock_now_us ();
}

/* --- its publisher -------------------------------------------------------- */

static void
drop_publisher (WcRtspConnection *self, gboolean said_goodbye)
{
  g_autoptr (WcRtspPublisher) publisher = g_steal_pointer (&self->publisher);

  if (publisher != NULL)
    wc_rtsp_point_post_gone (self->point, publisher, said_goodbye);
}

static void
on_record (GstRTSPClient *client, GstRTSPContext *context,
           WcRtspConnection *self)
{
  set_phase (self, WC_RTSP_RECORDING);
}

static void
on_teardown (GstRTSPClient *client, GstRTSPContext *context,
             WcRtspConnection *self)
{
  drop_publisher (self, TRUE);
  set_phase (self, WC_RTSP_OVER);
}

/* rtspclientsink says PAUSE, TEARDOWN and hangs up; if reports of ours were on
 * their way to it then, TEARDOWN is lost with the connection. */
static void
on_closed (GstRTSPClient *client, WcRtspConnection *self)
{
  drop_publisher (self, self->paused);
  set_phase (self, WC_RTSP_OVER);
  if (self->tick != NULL)
    g_source_destroy (self->tick);
  g_clear_pointer (&self->tick, g_source_unref);
}

/* --- on the client's thread, asked for from elsewhere --------------------- */

static gboolean
on_close (gpointer user_data)
{
  WcRtspConnection *self = user_data;
  g_autoptr (GstRTSPClient) client = g_weak_ref_get (&self->client);

  if (client != NULL)
    gst_rtsp_client_close (client);
  return G_SOURCE_REMOVE;
}

/* Up from where RTP comes out: the RTP session makes a PLI of it. */
static void
push_key_frame_request (GstElement *element)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "sink");

  gst_pad_push_event (
      pad,
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
                            gst_structure_new ("GstForceKeyUnit", "all-headers",
                                               G_TYPE_BOOLEAN, TRUE, NULL)));
}

static gboolean
on_ask_key_frame (gpointer user_data)
{
  WcRtspConnection *self = user_data;
  g_autoptr (GstRTSPMedia) media = g_weak_ref_get (&self->media);

  if (media == NULL || self->publisher == NULL)
    return G_SOURCE_REMOVE;

  g_autoptr (GstElement) bin = gst_rtsp_media_get_element (media);
  for (guint i = 0; i < wc_rtsp_publisher_n_streams (self->publisher); i++) {
    g_autofree char *name = g_strdup_printf ("depay%u", i);
    g_autoptr (GstElement) element = gst_bin_get_by_name (GST_BIN (bin), name);
    if (element != NULL)
      push_key_frame_request (element);
  }
  return G_SOURCE_REMOVE;
}

static void
invoke (WcRtspConnection *self, GSourceFunc func)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, wc_rtsp_connection_ref (self),
                         wc_rtsp_connection_unref);
  g_source_attach (source, self->context);
}

void
wc_rtsp_connection_close (WcRtspConnection *self)
{
  invoke (self, on_close);
}

static void
close_connection (gpointer connection)
{
  wc_rtsp_connection_close (connection);
}

static void
ask_key_frame (gpointer connection)
{
  invoke (connection, on_ask_key_frame);
}

static const WcRtspPublisherFuncs publisher_funcs = {
    .close = close_connection,
    .ask_key_frame = ask_key_frame,
    .free = wc_rtsp_connection_unref,
};

/* --- deadlines ------------------------------------------------------------ */

static gint64
deadline_us (WcRtspConnection *self)
{
  switch (self->phase) {
  case WC_RTSP_CONNECTED:
  case WC_RTSP_ANNOUNCED:
    return self->phase_since_us + HANDSHAKE_US;
  case WC_RTSP_RECORDING:
    return MAX (self->phase_since_us,
                wc_rtsp_publisher_last_packet_us (self->publisher)) +
           SILENCE_US;
  case WC_RTSP_OVER:
    return self->phase_since_us + GOODBYE_US;
  }
  return 0;
}

static gboolean
on_tick (gpointer user_data)
{
  WcRtspConnection *self = user_data;
  char text[WC_ADDRESS_STRLEN];

  if (wc_clock_now_us () < deadline_us (self))
    return G_SOURCE_CONTINUE;
  if (self->phase != WC_RTSP_OVER)
    wc_info ("RTSP: %s is sent away: %s",
             wc_address_format (&self->address, text),
             self->phase == WC_RTSP_RECORDING ? "it sends nothing any more"
                                              : "it does not go on");
  on_close (self);
  return G_SOURCE_REMOVE;
}

void
wc_rtsp_connection_set_context (WcRtspConnection *self, GMainContext *context)
{
  self->context = g_main_context_ref (context);
  self->tick = g_timeout_source_new (TICK_MS);
  g_source_set_callback (self->tick, on_tick, wc_rtsp_connection_ref (self),
                         wc_rtsp_connection_unref);
  g_source_attach (self->tick, context);
}

/* --- making one ----------------------------------------------------------- */

void
wc_rtsp_connection_attach (GstRTSPClient *client, const WcAddress *address,
                           WcRtspTable *table)
{
  WcRtspConnection *self = g_new0 (WcRtspConnection, 1);

  atomic_init (&self->refs, 1);
  g_weak_ref_init (&self->client, client);
  g_weak_ref_init (&self->media, NULL);
  self->address = *address;
  self->table = wc_rtsp_table_ref (table);
  self->nonce = wc_id_random_hex (NONCE_BYTES);
  set_phase (self, WC_RTSP_CONNECTED);
  g_object_set_data_full (G_OBJECT (client), KEY, self,
                          wc_rtsp_connection_unref);
  g_signal_connect (client, "record-request", G_CALLBACK (on_record), self);
  g_signal_connect (client, "teardown-request", G_CALLBACK (on_teardown), self);
  g_signal_connect (client, "closed", G_CALLBACK (on_closed), self);
}

/* --- requests ------------------------------------------------------------- */

WcRtspTable *
wc_rtsp_connection_table (WcRtspConnection *self)
{
  return self->table;
}

const WcAddress *
wc_rtsp_connection_address (const WcRtspConnection *self)
{
  return &self->address;
}

const char *
wc_rtsp_connection_nonce (const WcRtspConnection *self)
{
  return self->nonce;
}

gboolean
wc_rtsp_connection_count_request (WcRtspConnection *self)
{
  if (self->phase == WC_RTSP_RECORDING)
    return TRUE;
  return ++self->n_requests <= MAX_REQUESTS;
}

void
wc_rtsp_connection_set_paused (WcRtspConnection *self, gboolean paused)
{
  self->paused = paused;
}

WcRtspPhase
wc_rtsp_connection_phase (const WcRtspConnection *self)
{
  return self->phase;
}

WcRtspPoint *
wc_rtsp_connection_point (const WcRtspConnection *self)
{
  return self->point;
}

WcRtspPublisher *
wc_rtsp_connection_publisher (const WcRtspConnection *self)
{
  return self->publisher;
}

void
wc_rtsp_connection_announce (WcRtspConnection *self, WcRtspPoint *point,
                             const GPtrArray *streams, WcRtspVerdict *verdict)
{
  g_autoptr (WcRtspPublisher) publisher = wc_rtsp_publisher_new (
      streams, &self->address, &publisher_funcs, wc_rtsp_connection_ref (self));

  wc_rtsp_point_announce (point, publisher, verdict);
  if (verdict->status != GST_RTSP_STS_OK)
    return;
  g_clear_pointer (&self->point, wc_rtsp_point_unref);
  self->point = wc_rtsp_point_ref (point);
  self->publisher = g_steal_pointer (&publisher);
  set_phase (self, WC_RTSP_ANNOUNCED);
}

void
wc_rtsp_connection_set_media (WcRtspConnection *self, GstRTSPMedia *media)
{
  g_weak_ref_set (&self->media, media);
}
