/* SPDX-License-Identifier: MIT */
#include "peer/whep-client.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "peer/certificate.h"
#include "peer/whep-webrtcbin.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gst/sdp/sdp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define GATHER_TIMEOUT_US (5 * G_USEC_PER_SEC)
#define POLL_US 2000

/* GstDtlsConnectionState of dtlsdec's property `connection-state`. */
enum { DTLS_CLOSED = 1, DTLS_FAILED = 2, DTLS_CONNECTED = 4 };

struct WcWhepClient {
  atomic_uint refs;
  WcWhepClientEvents events;
  gpointer user_data;
  GDestroyNotify destroy;
  guint latency_ms;
  atomic_bool closed;
  atomic_bool verified; /* the certificate is the server's */

  GThread *opener; /* the main thread's, then the closing thread's */
  /* of the thread that opens, and after "offer_ready" of the main thread */
  GstElement *pipeline, *webrtcbin;
  char *mids[WC_N_MEDIA];
  char *offer;
  char *failure;

  pthread_mutex_t lock; /* guards what follows */
  WcSdpPullAnswer *answer;
  GstPad *video_pad; /* of webrtcbin, once it has shown it */
  gboolean said_over;
};

static atomic_int alive;

/* --- references, and the way to the main thread ----------------------------
 */

static WcWhepClient *
client_ref (WcWhepClient *client)
{
  atomic_fetch_add_explicit (&client->refs, 1, memory_order_relaxed);
  return client;
}

static void
client_unref (gpointer data)
{
  WcWhepClient *client = data;

  if (atomic_fetch_sub_explicit (&client->refs, 1, memory_order_acq_rel) != 1)
    return;
  if (client->destroy != NULL)
    client->destroy (client->user_data);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    g_free (client->mids[i]);
  g_clear_pointer (&client->answer, wc_sdp_pull_answer_free);
  gst_clear_object (&client->video_pad);
  pthread_mutex_destroy (&client->lock);
  g_free (client->offer);
  g_free (client->failure);
  g_free (client);
}

static void
post (WcWhepClient *client, GSourceFunc func)
{
  g_idle_add_full (G_PRIORITY_DEFAULT, func, client_ref (client), client_unref);
}

static gboolean
on_over (gpointer data)
{
  WcWhepClient *client = data;

  if (!atomic_load (&client->closed))
    client->events.failed (client->failure, client->user_data);
  return G_SOURCE_REMOVE;
}

static void
fail (WcWhepClient *client, const char *reason)
{
  gboolean first;

  pthread_mutex_lock (&client->lock);
  first = !client->said_over;
  client->said_over = TRUE;
  if (first)
    client->failure = g_strdup (reason);
  pthread_mutex_unlock (&client->lock);
  if (first)
    post (client, on_over);
}

/* --- media, on streaming threads -------------------------------------------
 */

typedef struct {
  WcWhepClient *client;
  WcMedia media;
} Sink;

static void
sink_free (gpointer data)
{
  Sink *sink = data;

  client_unref (sink->client);
  g_free (sink);
}

static void
hand_on (const Sink *sink, GstBuffer *buffer)
{
  WcWhepClient *client = sink->client;
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  client->events.rtp (sink->media, map.data, map.size, client->user_data);
  gst_buffer_unmap (buffer, &map);
}

static GstFlowReturn
on_sample (GstAppSink *appsink, gpointer user_data)
{
  const Sink *sink = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_try_pull_sample (appsink, 0);
  GstBufferList *list;

  if (sample == NULL || atomic_load (&sink->client->closed) ||
      !atomic_load (&sink->client->verified))
    return GST_FLOW_OK;
  if (gst_sample_get_buffer (sample) != NULL)
    hand_on (sink, gst_sample_get_buffer (sample));
  list = gst_sample_get_buffer_list (sample);
  for (guint i = 0; list != NULL && i < gst_buffer_list_length (list); i++)
    hand_on (sink, gst_buffer_list_get (list, i));
  return GST_FLOW_OK;
}

static gboolean
find_media (GstPad *pad, WcMedia *media)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  const char *name =
      caps != NULL
          ? gst_structure_get_string (gst_caps_get_structure (caps, 0), "media")
          : NULL;

  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (g_strcmp0 (name, wc_media_name (i)) == 0) {
      *media = i;
      return TRUE;
    }
  return FALSE;
}

static GstElement *
make_sink (WcWhepClient *client, WcMedia media)
{
  GstAppSinkCallbacks callbacks = {.new_sample = on_sample};
  GstElement *appsink = gst_element_factory_make ("appsink", NULL);
  Sink *sink = g_new (Sink, 1);

  *sink = (Sink){client_ref (client), media};
  g_object_set (appsink, "sync", FALSE, "async", FALSE, "buffer-list", TRUE,
                NULL);
  gst_app_sink_set_callbacks (GST_APP_SINK (appsink), &callbacks, sink,
                              sink_free);
  return appsink;
}

static guint
ssrc_of (GstPad *pad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  guint ssrc = 0;

  if (caps != NULL)
    gst_structure_get_uint (gst_caps_get_structure (caps, 0), "ssrc", &ssrc);
  return ssrc;
}

/* webrtcbin has lost packets asked for only of SSRCs that the answer named, and
 * not every server's does. So the jitter buffer that @pad comes from is told.
 * Not to ask for the next packet before there is a gap: after a pause of the
 * source it would be given up, and dropped when it comes. */
static void
ask_for_lost (GstElement *webrtcbin, GstPad *pad)
{
  g_autoptr (GstIterator) buffers =
      gst_bin_iterate_all_by_element_factory_name (GST_BIN (webrtcbin),
                                                   "rtpjitterbuffer");
  g_auto (GValue) item = G_VALUE_INIT;
  guint ssrc = ssrc_of (pad);

  while (gst_iterator_next (buffers, &item) == GST_ITERATOR_OK) {
    GstElement *buffer = g_value_get_object (&item);
    g_autoptr (GstPad) in = gst_element_get_static_pad (buffer, "sink");
    if (ssrc_of (in) == ssrc)
      g_object_set (buffer, "do-retransmission", TRUE, "rtx-next-seqnum", FALSE,
                    NULL);
    g_value_reset (&item);
  }
}

static void
on_pad_added (GstElement *webrtcbin, GstPad *pad, gpointer user_data)
{
  WcWhepClient *client = user_data;
  g_autoptr (GstPad) input = NULL;
  GstElement *sink;
  WcMedia media;

  if (GST_PAD_DIRECTION (pad) != GST_PAD_SRC || !find_media (pad, &media))
    return;
  sink = make_sink (client, media);
  gst_bin_add (GST_BIN (client->pipeline), sink);
  gst_element_sync_state_with_parent (sink);
  input = gst_element_get_static_pad (sink, "sink");
  gst_pad_link (pad, input);
  if (media != WC_MEDIA_VIDEO)
    return;
  ask_for_lost (webrtcbin, pad);
  pthread_mutex_lock (&client->lock);
  gst_object_replace ((GstObject **)&client->video_pad, GST_OBJECT (pad));
  pthread_mutex_unlock (&client->lock);
}

static GstPadProbeReturn
on_rtcp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  WcWhepClient *client = user_data;
  GstMapInfo map;

  if (!atomic_load (&client->closed) && atomic_load (&client->verified) &&
      gst_buffer_map (GST_PAD_PROBE_INFO_BUFFER (info), &map, GST_MAP_READ)) {
    client->events.rtcp (map.data, map.size, client->user_data);
    gst_buffer_unmap (GST_PAD_PROBE_INFO_BUFFER (info), &map);
  }
  return GST_PAD_PROBE_OK;
}

static void
on_session_pad_added (GstElement *element, GstPad *pad, gpointer client)
{
  if (g_str_equal (GST_PAD_NAME (pad), "recv_rtcp_sink"))
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_rtcp,
                       client_ref (client), client_unref);
}

/* --- DTLS -------------------------------------------------------------------
 */

static void
verify (WcWhepClient *client, GstElement *dtls_dec)
{
  g_autofree char *pem = NULL;
  gboolean matches;

  g_object_get (dtls_dec, "peer-pem", &pem, NULL);
  pthread_mutex_lock (&client->lock);
  matches = pem != NULL && client->answer != NULL &&
            wc_certificate_matches (pem, client->answer->fingerprints);
  pthread_mutex_unlock (&client->lock);
  atomic_store (&client->verified, matches);
  if (!matches)
    fail (client, "the certificate that was shown is not the one whose "
                  "fingerprint is in the server's answer");
}

static void
on_dtls_state (GObject *dtls_dec, GParamSpec *spec, gpointer user_data)
{
  WcWhepClient *client = user_data;
  int state = 0;

  g_object_get (dtls_dec, "connection-state", &state, NULL);
  if (state == DTLS_CONNECTED)
    verify (client, GST_ELEMENT (dtls_dec));
  else if (state == DTLS_FAILED)
    fail (client, "DTLS failed");
  else if (state == DTLS_CLOSED && atomic_load (&client->verified))
    fail (client, "the server ended the session");
}

static void
on_deep_element_added (GstBin *bin, GstBin *parent, GstElement *element,
                       gpointer user_data)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const char *name = factory != NULL ? GST_OBJECT_NAME (factory) : "";

  if (g_str_equal (name, "dtlsdec"))
    g_signal_connect_data (element, "notify::connection-state",
                           G_CALLBACK (on_dtls_state), client_ref (user_data),
                           (GClosureNotify)(GCallback)client_unref, 0);
  else if (g_str_equal (name, "rtpsession"))
    g_signal_connect_data (
        element, "pad-added", G_CALLBACK (on_session_pad_added),
        client_ref (user_data), (GClosureNotify)(GCallback)client_unref, 0);
}

static void
on_ice_state (GObject *webrtcbin, GParamSpec *spec, gpointer user_data)
{
  GstWebRTCICEConnectionState state;

  g_object_get (webrtcbin, "ice-connection-state", &state, NULL);
  if (state == GST_WEBRTC_ICE_CONNECTION_STATE_FAILED)
    fail (user_data, "none of the server's addresses answered; its UDP port "
                     "must be reachable from here");
}

/* --- making, on a thread of its own ----------------------------------------
 */

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  gst_message_unref (message); /* kept, it would keep its element */
  return GST_BUS_DROP;
}

static void
make_pipeline (WcWhepClient *client)
{
  g_autoptr (GstBus) bus = NULL;

  client->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  client->webrtcbin = wc_whep_webrtcbin_new (client->latency_ms);
  bus = gst_element_get_bus (client->pipeline);
  gst_bus_set_sync_handler (bus, on_message, NULL, NULL);
  g_signal_connect (client->webrtcbin, "deep-element-added",
                    G_CALLBACK (on_deep_element_added), client);
  g_signal_connect (client->webrtcbin, "pad-added", G_CALLBACK (on_pad_added),
                    client);
  g_signal_connect (client->webrtcbin, "notify::ice-connection-state",
                    G_CALLBACK (on_ice_state), client);
  gst_bin_add (GST_BIN (client->pipeline), client->webrtcbin);
}

/* Ends on a thread that may wait. */
static gboolean
wait_for_candidates (WcWhepClient *client)
{
  gint64 deadline_us = wc_clock_now_us () + GATHER_TIMEOUT_US;
  GstWebRTCICEGatheringState state;

  do {
    g_object_get (client->webrtcbin, "ice-gathering-state", &state, NULL);
    if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE)
      return TRUE;
    g_usleep (POLL_US);
  } while (!atomic_load (&client->closed) && wc_clock_now_us () < deadline_us);
  return FALSE;
}

/* webrtcbin's offer gives way to ours, which is what the server gets too. */
static const char *
describe (WcWhepClient *client, const GstSDPMessage *own)
{
  const GstSDPMedia *first = gst_sdp_message_get_media (own, 0);
  WcSdpPullOfferParams params = {
      .ufrag = gst_sdp_media_get_attribute_val (first, "ice-ufrag"),
      .pwd = gst_sdp_media_get_attribute_val (first, "ice-pwd"),
      .fingerprint = gst_sdp_media_get_attribute_val (first, "fingerprint"),
  };
  g_autoptr (GPtrArray) candidates = NULL;
  g_autofree char *text = NULL;

  wc_id_random_bytes (&params.session_id, sizeof params.session_id);
  params.session_id >>= 2; /* RFC 8866 section 5.2: it fits a signed one */
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    client->mids[i] = g_strdup (gst_sdp_media_get_attribute_val (
        gst_sdp_message_get_media (own, i), "mid"));
    params.mids[i] = client->mids[i];
  }
  text = wc_sdp_pull_offer_write (&params);
  if (!wc_whep_webrtcbin_set_local (client->webrtcbin, text))
    return "webrtcbin did not take its description";
  if (!wait_for_candidates (client))
    return "this host's addresses were not found in 5 s";
  candidates = wc_whep_webrtcbin_list_candidates (client->webrtcbin);
  if (candidates->len == 1)
    return "this host has no address but loopback";
  params.candidates = (const char *const *)candidates->pdata;
  client->offer = wc_sdp_pull_offer_write (&params);
  return NULL;
}

static gboolean
on_offer (gpointer data)
{
  WcWhepClient *client = data;

  if (!atomic_load (&client->closed))
    client->events.offer_ready (client->offer, client->user_data);
  return G_SOURCE_REMOVE;
}

static void
tear_down (WcWhepClient *client)
{
  if (client->pipeline == NULL)
    return;
  gst_element_set_state (client->pipeline, GST_STATE_NULL);
  g_signal_handlers_disconnect_by_data (client->webrtcbin, client);
  pthread_mutex_lock (&client->lock);
  gst_clear_object (&client->video_pad);
  pthread_mutex_unlock (&client->lock);
  gst_clear_object (&client->pipeline);
  atomic_fetch_sub (&alive, 1);
}

static gpointer
run_open (gpointer data)
{
  WcWhepClient *client = data;
  GstWebRTCSessionDescription *own;
  const char *problem = "webrtcbin made no offer";

  atomic_fetch_add (&alive, 1);
  make_pipeline (client);
  gst_element_set_state (client->pipeline, GST_STATE_PLAYING);
  wc_whep_webrtcbin_add_transceivers (client->webrtcbin);
  own = wc_whep_webrtcbin_create_offer (client->webrtcbin);
  if (own != NULL) {
    problem = describe (client, own->sdp);
    gst_webrtc_session_description_free (own);
  }
  if (problem != NULL)
    fail (client, problem);
  else
    post (client, on_offer);
  client_unref (client);
  return NULL;
}

static gpointer
run_close (gpointer data)
{
  WcWhepClient *client = data;

  if (client->opener != NULL)
    g_thread_join (client->opener);
  tear_down (client);
  client_unref (client);
  return NULL;
}

/* --- the main thread --------------------------------------------------------
 */

WcWhepClient *
wc_whep_client_new (const WcWhepClientEvents *events, gpointer user_data,
                    GDestroyNotify destroy, guint latency_ms)
{
  WcWhepClient *client = g_new0 (WcWhepClient, 1);

  atomic_init (&client->refs, 1);
  client->events = *events;
  client->user_data = user_data;
  client->destroy = destroy;
  client->latency_ms = latency_ms;
  pthread_mutex_init (&client->lock, NULL);
  return client;
}

void
wc_whep_client_start (WcWhepClient *client)
{
  g_autoptr (GError) error = NULL;

  client->opener =
      g_thread_try_new ("whep-open", run_open, client_ref (client), &error);
  if (client->opener != NULL)
    return;
  client_unref (client);
  fail (client, error->message);
}

/* Setting the state may take long, so it has a thread too. */
void
wc_whep_client_close (WcWhepClient *client)
{
  GThread *closer;

  atomic_store (&client->closed, TRUE);
  closer = g_thread_try_new ("whep-close", run_close, client, NULL);
  if (closer != NULL)
    g_thread_unref (closer);
  else
    run_close (client); /* out of threads: better late than never */
}

static void
on_remote_set (GstPromise *promise, gpointer user_data)
{
  const GstStructure *reply =
      gst_promise_wait (promise) == GST_PROMISE_RESULT_REPLIED
          ? gst_promise_get_reply (promise)
          : NULL;

  if (reply != NULL && gst_structure_has_field (reply, "error"))
    fail (user_data, "webrtcbin did not take the answer");
  gst_promise_unref (promise);
}

static void
set_remote (WcWhepClient *client, const char *text)
{
  GstWebRTCSessionDescription *description;
  GstSDPMessage *sdp;

  if (gst_sdp_message_new_from_text (text, &sdp) != GST_SDP_OK) {
    fail (client, "the answer could not be written for webrtcbin");
    return;
  }
  description =
      gst_webrtc_session_description_new (GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
  g_signal_emit_by_name (client->webrtcbin, "set-remote-description",
                         description,
                         gst_promise_new_with_change_func (
                             on_remote_set, client_ref (client), client_unref));
  gst_webrtc_session_description_free (description);
}

const WcSdpPullAnswer *
wc_whep_client_set_answer (WcWhepClient *client, const char *text, gsize size,
                           GError **error)
{
  const char *mids[WC_N_MEDIA] = {client->mids[0], client->mids[1]};
  WcSdpPullAnswer *answer = wc_sdp_pull_answer_parse (text, size, mids, error);
  g_autofree char *canonical = NULL;

  if (answer == NULL)
    return NULL;
  canonical = wc_sdp_pull_answer_write (answer, mids);
  pthread_mutex_lock (&client->lock);
  client->answer = answer;
  pthread_mutex_unlock (&client->lock);
  set_remote (client, canonical);
  return answer;
}

void
wc_whep_client_request_key_frame (WcWhepClient *client)
{
  g_autoptr (GstPad) pad = NULL;

  pthread_mutex_lock (&client->lock);
  if (client->video_pad != NULL)
    pad = gst_object_ref (client->video_pad);
  pthread_mutex_unlock (&client->lock);
  if (pad != NULL)
    gst_pad_send_event (pad,
                        gst_event_new_custom (
                            GST_EVENT_CUSTOM_UPSTREAM,
                            gst_structure_new ("GstForceKeyUnit", "all-headers",
                                               G_TYPE_BOOLEAN, TRUE, NULL)));
}

guint
wc_whep_client_alive (void)
{
  return (guint)atomic_load (&alive);
}
