/* SPDX-License-Identifier: MIT */
#include "peer/ice-agent.h"

/* --- transport ------------------------------------------------------------ */

#define WC_TYPE_ICE_TRANSPORT (wc_ice_transport_get_type ())
G_DECLARE_FINAL_TYPE (WcIceTransport, wc_ice_transport, WC, ICE_TRANSPORT,
                      GstWebRTCICETransport)

struct _WcIceTransport {
  GstWebRTCICETransport parent;
};

G_DEFINE_FINAL_TYPE (WcIceTransport, wc_ice_transport,
                     GST_TYPE_WEBRTC_ICE_TRANSPORT)

static gboolean
transport_gather (GstWebRTCICETransport *transport)
{
  gst_webrtc_ice_transport_gathering_state_change (
      transport, GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE);
  return TRUE;
}

static void
wc_ice_transport_dispose (GObject *object)
{
  GstWebRTCICETransport *transport = GST_WEBRTC_ICE_TRANSPORT (object);

  gst_clear_object (&transport->src);
  gst_clear_object (&transport->sink);
  G_OBJECT_CLASS (wc_ice_transport_parent_class)->dispose (object);
}

static void
wc_ice_transport_class_init (WcIceTransportClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = wc_ice_transport_dispose;
  GST_WEBRTC_ICE_TRANSPORT_CLASS (klass)->gather_candidates = transport_gather;
}

static void
wc_ice_transport_init (WcIceTransport *transport)
{
}

static GstWebRTCICETransport *
transport_new (WcIceSendFunc send, gpointer user_data)
{
  GstWebRTCICETransport *transport = g_object_new (WC_TYPE_ICE_TRANSPORT, NULL);

  gst_object_ref_sink (transport);
  transport->role = GST_WEBRTC_ICE_ROLE_CONTROLLED;
  transport->component = GST_WEBRTC_ICE_COMPONENT_RTP;
  transport->src = gst_object_ref_sink (wc_push_src_new (NULL));
  transport->sink = gst_object_ref_sink (wc_ice_sink_new (send, user_data));
  return transport;
}

/* --- stream --------------------------------------------------------------- */

#define WC_TYPE_ICE_STREAM (wc_ice_stream_get_type ())
G_DECLARE_FINAL_TYPE (WcIceStream, wc_ice_stream, WC, ICE_STREAM,
                      GstWebRTCICEStream)

struct _WcIceStream {
  GstWebRTCICEStream parent;
  GstWebRTCICETransport *transport;
};

G_DEFINE_FINAL_TYPE (WcIceStream, wc_ice_stream, GST_TYPE_WEBRTC_ICE_STREAM)

static GstWebRTCICETransport *
stream_find_transport (GstWebRTCICEStream *stream,
                       GstWebRTCICEComponent component)
{
  return gst_object_ref (WC_ICE_STREAM (stream)->transport);
}

static gboolean
stream_gather (GstWebRTCICEStream *stream)
{
  return transport_gather (WC_ICE_STREAM (stream)->transport);
}

static void
wc_ice_stream_dispose (GObject *object)
{
  gst_clear_object (&WC_ICE_STREAM (object)->transport);
  G_OBJECT_CLASS (wc_ice_stream_parent_class)->dispose (object);
}

static void
wc_ice_stream_class_init (WcIceStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = wc_ice_stream_dispose;
  GST_WEBRTC_ICE_STREAM_CLASS (klass)->find_transport = stream_find_transport;
  GST_WEBRTC_ICE_STREAM_CLASS (klass)->gather_candidates = stream_gather;
}

static void
wc_ice_stream_init (WcIceStream *stream)
{
}

/* --- agent ---------------------------------------------------------------- */

struct _WcIceAgent {
  GstWebRTCICE parent;
  WcIceSendFunc send;
  gpointer user_data;
  GPtrArray *streams; /* of WcIceStream; with BUNDLE there is one */
  gboolean controller;
  GDestroyNotify on_candidate_notify;
  gpointer on_candidate_data;
};

G_DEFINE_FINAL_TYPE (WcIceAgent, wc_ice_agent, GST_TYPE_WEBRTC_ICE)

/* Until 1.26.9 webrtcbin borrows what this returns, from then on it owns it
 * (facts of GStreamer: commit dbc83c3ec1). */
static gboolean
add_stream_transfers (void)
{
  guint major, minor, micro, nano;

  gst_version (&major, &minor, &micro, &nano);
  return major > 1 || minor > 26 || (minor == 26 && micro >= 10);
}

static GstWebRTCICEStream *
agent_add_stream (GstWebRTCICE *ice, guint session_id)
{
  WcIceAgent *agent = WC_ICE_AGENT (ice);
  WcIceStream *stream = g_object_new (WC_TYPE_ICE_STREAM, NULL);

  gst_object_ref_sink (stream);
  stream->parent.stream_id = session_id;
  stream->transport = transport_new (agent->send, agent->user_data);
  g_ptr_array_add (agent->streams, stream);
  return add_stream_transfers () ? gst_object_ref (stream)
                                 : GST_WEBRTC_ICE_STREAM (stream);
}

static GstWebRTCICETransport *
agent_find_transport (GstWebRTCICE *ice, GstWebRTCICEStream *stream,
                      GstWebRTCICEComponent component)
{
  return stream_find_transport (stream, component);
}

static gboolean
agent_gather (GstWebRTCICE *ice, GstWebRTCICEStream *stream)
{
  return stream_gather (stream);
}

static gboolean
agent_set_credentials (GstWebRTCICE *ice, GstWebRTCICEStream *stream,
                       const gchar *ufrag, const gchar *pwd)
{
  return TRUE; /* the engine has its own */
}

static void
agent_set_controller (GstWebRTCICE *ice, gboolean controller)
{
  WC_ICE_AGENT (ice)->controller = controller;
}

static gboolean
agent_get_controller (GstWebRTCICE *ice)
{
  return WC_ICE_AGENT (ice)->controller;
}

#if GST_CHECK_VERSION(1, 23, 1)
static void
agent_add_candidate (GstWebRTCICE *ice, GstWebRTCICEStream *stream,
                     const gchar *candidate, GstPromise *promise)
{
  if (promise != NULL)
    gst_promise_reply (promise, NULL);
}
#else
static void
agent_add_candidate (GstWebRTCICE *ice, GstWebRTCICEStream *stream,
                     const gchar *candidate)
{
}
#endif

static void
agent_set_on_candidate (GstWebRTCICE *ice, GstWebRTCICEOnCandidateFunc func,
                        gpointer user_data, GDestroyNotify notify)
{
  WcIceAgent *agent = WC_ICE_AGENT (ice);

  if (agent->on_candidate_notify != NULL)
    agent->on_candidate_notify (agent->on_candidate_data);
  agent->on_candidate_notify = notify;
  agent->on_candidate_data = user_data;
}

/* webrtcbin asserts that these are there; nothing of them is used. */

static gboolean
agent_refuse_uri (GstWebRTCICE *ice, const gchar *uri)
{
  return FALSE;
}

static void
agent_ignore_uri (GstWebRTCICE *ice, const gchar *uri)
{
}

static gchar *
agent_no_uri (GstWebRTCICE *ice)
{
  return NULL;
}

static void
agent_ignore_flag (GstWebRTCICE *ice, gboolean flag)
{
}

static void
agent_ignore_tos (GstWebRTCICE *ice, GstWebRTCICEStream *stream, guint tos)
{
}

static GstWebRTCICECandidateStats **
agent_no_candidates (GstWebRTCICE *ice, GstWebRTCICEStream *stream)
{
  return NULL;
}

static gboolean
agent_no_pair (GstWebRTCICE *ice, GstWebRTCICEStream *stream,
               GstWebRTCICECandidateStats **local,
               GstWebRTCICECandidateStats **remote)
{
  return FALSE;
}

#if GST_CHECK_VERSION(1, 27, 1)
static void
agent_close (GstWebRTCICE *ice, GstPromise *promise)
{
  if (promise != NULL)
    gst_promise_reply (promise, NULL);
}
#endif

static void
wc_ice_agent_dispose (GObject *object)
{
  WcIceAgent *agent = WC_ICE_AGENT (object);

  g_clear_pointer (&agent->streams, g_ptr_array_unref);
  agent_set_on_candidate (GST_WEBRTC_ICE (agent), NULL, NULL, NULL);
  G_OBJECT_CLASS (wc_ice_agent_parent_class)->dispose (object);
}

static void
wc_ice_agent_class_init (WcIceAgentClass *klass)
{
  GstWebRTCICEClass *ice = GST_WEBRTC_ICE_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = wc_ice_agent_dispose;
  ice->add_stream = agent_add_stream;
  ice->find_transport = agent_find_transport;
  ice->gather_candidates = agent_gather;
  ice->add_candidate = agent_add_candidate;
  ice->set_local_credentials = agent_set_credentials;
  ice->set_remote_credentials = agent_set_credentials;
  ice->set_is_controller = agent_set_controller;
  ice->get_is_controller = agent_get_controller;
  ice->set_on_ice_candidate = agent_set_on_candidate;
  ice->add_turn_server = agent_refuse_uri;
  ice->set_force_relay = agent_ignore_flag;
  ice->set_stun_server = agent_ignore_uri;
  ice->get_stun_server = agent_no_uri;
  ice->set_turn_server = agent_ignore_uri;
  ice->get_turn_server = agent_no_uri;
  ice->set_http_proxy = agent_ignore_uri;
  ice->get_http_proxy = agent_no_uri;
  ice->set_tos = agent_ignore_tos;
  ice->get_local_candidates = agent_no_candidates;
  ice->get_remote_candidates = agent_no_candidates;
  ice->get_selected_pair = agent_no_pair;
#if GST_CHECK_VERSION(1, 27, 1)
  ice->close = agent_close;
#endif
}

static void
wc_ice_agent_init (WcIceAgent *agent)
{
  agent->streams = g_ptr_array_new_with_free_func (gst_object_unref);
}

WcIceAgent *
wc_ice_agent_new (WcIceSendFunc send, gpointer user_data)
{
  WcIceAgent *agent = g_object_new (WC_TYPE_ICE_AGENT, NULL);

  gst_object_ref_sink (agent);
  agent->send = send;
  agent->user_data = user_data;
  return agent;
}

static GstWebRTCICETransport *
first_transport (WcIceAgent *agent)
{
  if (agent->streams->len == 0)
    return NULL;
  return WC_ICE_STREAM (g_ptr_array_index (agent->streams, 0))->transport;
}

WcPushSrc *
wc_ice_agent_source (WcIceAgent *agent)
{
  GstWebRTCICETransport *transport = first_transport (agent);

  return transport != NULL ? WC_PUSH_SRC (transport->src) : NULL;
}

void
wc_ice_agent_connected (WcIceAgent *agent)
{
  GstWebRTCICETransport *transport = first_transport (agent);

  if (transport != NULL)
    gst_webrtc_ice_transport_connection_state_change (
        transport, GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED);
}
