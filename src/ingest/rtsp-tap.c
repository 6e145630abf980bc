/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-tap.h"

#include "base/clock.h"

#include <gst/net/gstnetaddressmeta.h>
#include <pthread.h>
#include <stdio.h>

/* As gst/rtp/gstrtpdefs.h has it; that library is not linked for this. */
#define PROFILE_AVPF 3

/* What signals and probes hold; outlives the tap. */
typedef struct {
  GstElement *source; /* not owned: it holds us */
  WcRtspGuard *guard;
  WcRtspInput *inputs[WC_N_MEDIA];

  pthread_mutex_t lock;             /* guards what follows */
  gboolean freed;                   /* the tap was: nothing more is kept */
  gboolean ended;                   /* the end was told */
  GstElement *manager;              /* rtspsrc's rtpbin; NULL: not made yet */
  GstElement *sessions[WC_N_MEDIA]; /* its rtpsession of each medium */
  guint indices[WC_N_MEDIA];        /* and the number of it */
} Shared;

struct WcRtspTap {
  Shared *shared; /* referenced */
};

typedef void (*PushFunc) (WcRtspInput *input, const guint8 *data, gsize size,
                          GSocketAddress *from, gint64 now_us);

typedef struct {
  Shared *shared; /* referenced */
  WcRtspInput *input;
  PushFunc push;
} Probe;

/* --- life ----------------------------------------------------------------- */

static void
clear_shared (gpointer data)
{
  Shared *shared = data;

  for (guint i = 0; i < WC_N_MEDIA; i++) {
    wc_rtsp_input_unref (shared->inputs[i]);
    gst_clear_object (&shared->sessions[i]);
  }
  gst_clear_object (&shared->manager);
  wc_rtsp_guard_unref (shared->guard);
  pthread_mutex_destroy (&shared->lock);
}

static void
shared_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, clear_shared);
}

static void
release_closure (gpointer data, GClosure *closure)
{
  shared_unref (data);
}

static void
probe_free (gpointer data)
{
  Probe *probe = data;

  wc_rtsp_input_unref (probe->input);
  shared_unref (probe->shared);
  g_free (probe);
}

/* --- packets -------------------------------------------------------------- */

static void
push_buffer (Probe *probe, GstBuffer *buffer)
{
  GstNetAddressMeta *meta = gst_buffer_get_net_address_meta (buffer);
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  probe->push (probe->input, map.data, map.size,
               meta != NULL ? meta->addr : NULL, wc_clock_now_us ());
  gst_buffer_unmap (buffer, &map);
}

/* The connection is closed: rtspsrc says so to its streams alone. */
static void
tell_end (Shared *shared)
{
  gboolean first;

  pthread_mutex_lock (&shared->lock);
  first = !shared->ended;
  shared->ended = TRUE;
  pthread_mutex_unlock (&shared->lock);
  if (first)
    GST_ELEMENT_ERROR (shared->source, RESOURCE, READ,
                       ("the server closed the connection"), (NULL));
}

static GstPadProbeReturn
on_input (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Probe *probe = user_data;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    push_buffer (probe, GST_PAD_PROBE_INFO_BUFFER (info));
  } else if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
    for (guint i = 0; i < gst_buffer_list_length (list); i++)
      push_buffer (probe, gst_buffer_list_get (list, i));
  } else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) ==
             GST_EVENT_EOS) {
    tell_end (probe->shared);
  }
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_taken (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_PAD_PROBE_DROP;
}

/* --- rtspsrc's rtpbin ----------------------------------------------------- */

static void
keep_session (Shared *shared, WcMedia media, guint index, GstElement *manager,
              GstElement *session)
{
  pthread_mutex_lock (&shared->lock);
  if (!shared->freed) {
    gst_object_replace ((GstObject **)&shared->manager, GST_OBJECT (manager));
    gst_object_replace ((GstObject **)&shared->sessions[media],
                        GST_OBJECT (session));
    shared->indices[media] = index;
  }
  pthread_mutex_unlock (&shared->lock);
}

static void
drop_what_was_taken (GstElement *session)
{
  GstPad *pad = gst_element_get_static_pad (session, "recv_rtp_src");

  if (pad == NULL)
    return;
  gst_pad_add_probe (pad,
                     GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
                     on_taken, NULL, NULL);
  gst_object_unref (pad);
}

static void
end_at_session (Shared *shared, GstElement *manager, WcMedia media, guint index)
{
  GstElement *session = NULL;

  g_signal_emit_by_name (manager, "get-session", index, &session);
  if (session == NULL)
    return;
  keep_session (shared, media, index, manager, session);
  drop_what_was_taken (session);
  gst_object_unref (session);
}

static void
add_probe (Shared *shared, GstPad *pad, WcMedia media, PushFunc push)
{
  Probe *probe = g_new (Probe, 1);

  *probe = (Probe){.shared = g_atomic_rc_box_acquire (shared),
                   .input = wc_rtsp_input_ref (shared->inputs[media]),
                   .push = push};
  gst_pad_add_probe (pad,
                     GST_PAD_PROBE_TYPE_BUFFER |
                         GST_PAD_PROBE_TYPE_BUFFER_LIST |
                         GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                     on_input, probe, probe_free);
}

/* rtspsrc's thread. The pads are those that rtspsrc feeds. */
static void
on_manager_pad (GstElement *manager, GstPad *pad, Shared *shared)
{
  WcMedia media;
  guint index;

  if (sscanf (GST_PAD_NAME (pad), "recv_rtp_sink_%u", &index) == 1 &&
      wc_rtsp_guard_media (shared->guard, index, &media)) {
    add_probe (shared, pad, media, wc_rtsp_input_push_rtp);
    end_at_session (shared, manager, media, index);
  } else if (sscanf (GST_PAD_NAME (pad), "recv_rtcp_sink_%u", &index) == 1 &&
             wc_rtsp_guard_media (shared->guard, index, &media)) {
    add_probe (shared, pad, media, wc_rtsp_input_push_rtcp);
  }
}

static void
on_new_manager (GstElement *source, GstElement *manager, Shared *shared)
{
  g_signal_connect_data (manager, "pad-added", G_CALLBACK (on_manager_pad),
                         g_atomic_rc_box_acquire (shared), release_closure, 0);
}

/* --- key frames ----------------------------------------------------------- */

typedef struct {
  GstElement *manager;
  guint index;
  guint32 ssrc;
  guint8 payload_type;
} KeyFrameRequest;

static void
request_free (gpointer data)
{
  KeyFrameRequest *request = data;

  gst_object_unref (request->manager);
  g_free (request);
}

/* A server of plain AVP may still do what AVPF asks for; sent at once only
 * then (RFC 4585 section 3.4). */
static void
allow_feedback (const KeyFrameRequest *request)
{
  GObject *session = NULL;

  g_signal_emit_by_name (request->manager, "get-internal-session",
                         request->index, &session);
  if (session == NULL)
    return;
  g_object_set (session, "rtp-profile", PROFILE_AVPF, NULL);
  g_object_unref (session);
}

/* On a thread of GStreamer's: rtspsrc may hold the locks that this takes. */
static void
send_request (GstElement *session, gpointer data)
{
  KeyFrameRequest *request = data;
  GstPad *pad = gst_element_get_static_pad (session, "recv_rtp_src");
  GstStructure *wish = gst_structure_new (
      "GstForceKeyUnit", "ssrc", G_TYPE_UINT, request->ssrc, "payload",
      G_TYPE_UINT, (guint)request->payload_type, NULL);
  GstEvent *event = gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM, wish);

  allow_feedback (request);
  if (pad != NULL)
    gst_pad_send_event (pad, event);
  else
    gst_event_unref (event);
  gst_clear_object (&pad);
}

void
wc_rtsp_tap_ask_key_frame (WcRtspTap *tap, WcMedia media)
{
  Shared *shared = tap->shared;
  KeyFrameRequest *request = g_new0 (KeyFrameRequest, 1);
  GstElement *session = NULL;

  pthread_mutex_lock (&shared->lock);
  gst_object_replace ((GstObject **)&request->manager,
                      (GstObject *)shared->manager);
  gst_object_replace ((GstObject **)&session,
                      (GstObject *)shared->sessions[media]);
  request->index = shared->indices[media];
  pthread_mutex_unlock (&shared->lock);

  if (session != NULL &&
      wc_rtsp_input_get_source (shared->inputs[media], &request->ssrc,
                                &request->payload_type))
    gst_element_call_async (session, send_request, g_steal_pointer (&request),
                            request_free);
  if (request != NULL) {
    gst_clear_object (&request->manager);
    g_free (request);
  }
  gst_clear_object (&session);
}

/* --- making one ----------------------------------------------------------- */

WcRtspTap *
wc_rtsp_tap_new (GstElement *source, WcRtspGuard *guard,
                 WcRtspInput *const inputs[WC_N_MEDIA])
{
  WcRtspTap *tap = g_new0 (WcRtspTap, 1);
  Shared *shared = g_atomic_rc_box_new0 (Shared);

  shared->source = source;
  shared->guard = wc_rtsp_guard_ref (guard);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    shared->inputs[i] = wc_rtsp_input_ref (inputs[i]);
  pthread_mutex_init (&shared->lock, NULL);
  tap->shared = shared;
  g_signal_connect_data (source, "new-manager", G_CALLBACK (on_new_manager),
                         g_atomic_rc_box_acquire (shared), release_closure, 0);
  return tap;
}

/* What rtspsrc made holds the rest, and goes with it: break the circle. */
void
wc_rtsp_tap_free (WcRtspTap *tap)
{
  Shared *shared = tap->shared;

  pthread_mutex_lock (&shared->lock);
  shared->freed = TRUE;
  gst_clear_object (&shared->manager);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    gst_clear_object (&shared->sessions[i]);
  pthread_mutex_unlock (&shared->lock);
  shared_unref (shared);
  g_free (tap);
}
