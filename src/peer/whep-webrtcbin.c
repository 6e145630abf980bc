/* SPDX-License-Identifier: MIT */
#include "peer/whep-webrtcbin.h"

#include "sdp/pull.h"

static void
set_up_agent (GstElement *webrtcbin)
{
  g_autoptr (GObject) ice = NULL;
  g_autoptr (GObject) agent = NULL;

  g_object_get (webrtcbin, "ice-agent", &ice, NULL);
  g_object_set (ice, "ice-tcp", FALSE, NULL);
  g_object_get (ice, "agent", &agent, NULL);
  /* UPnP would search the network for routers, and gathering wait for it. */
  if (agent != NULL)
    g_object_set (agent, "upnp", FALSE, NULL);
}

GstElement *
wc_whep_webrtcbin_new (guint latency_ms)
{
  GstElement *webrtcbin = gst_element_factory_make ("webrtcbin", NULL);

  g_object_set (webrtcbin, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE,
                "latency", latency_ms, NULL);
  set_up_agent (webrtcbin);
  return webrtcbin;
}

static GstCaps *
make_caps (WcMedia media)
{
  GstCaps *caps = gst_caps_new_empty ();
  const WcSdpPullFormat *formats;
  guint n;

  formats = wc_sdp_pull_formats (&n);
  for (guint i = 0; i < n; i++) {
    const WcCodecInfo *info = wc_codec_info (formats[i].codec);
    g_autofree char *name = g_ascii_strup (info->name, -1);
    if (info->media == media)
      gst_caps_append_structure (
          caps, gst_structure_new ("application/x-rtp", "media", G_TYPE_STRING,
                                   wc_media_name (media), "encoding-name",
                                   G_TYPE_STRING, name, "payload", G_TYPE_INT,
                                   formats[i].payload_type, "clock-rate",
                                   G_TYPE_INT, info->clock_rate, NULL));
  }
  return caps;
}

void
wc_whep_webrtcbin_add_transceivers (GstElement *webrtcbin)
{
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    g_autoptr (GstCaps) caps = make_caps (media);
    g_autoptr (GstWebRTCRTPTransceiver) transceiver = NULL;

    g_signal_emit_by_name (webrtcbin, "add-transceiver",
                           GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, caps,
                           &transceiver);
    g_object_set (transceiver, "do-nack", media == WC_MEDIA_VIDEO, NULL);
  }
}

GstWebRTCSessionDescription *
wc_whep_webrtcbin_create_offer (GstElement *webrtcbin)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();
  GstWebRTCSessionDescription *offer = NULL;

  g_signal_emit_by_name (webrtcbin, "create-offer", NULL, promise);
  if (gst_promise_wait (promise) == GST_PROMISE_RESULT_REPLIED &&
      gst_promise_get_reply (promise) != NULL)
    gst_structure_get (gst_promise_get_reply (promise), "offer",
                       GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &offer, NULL);
  return offer;
}

gboolean
wc_whep_webrtcbin_set_local (GstElement *webrtcbin, const char *text)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();
  GstWebRTCSessionDescription *description;
  const GstStructure *reply;
  GstSDPMessage *sdp;

  if (gst_sdp_message_new_from_text (text, &sdp) != GST_SDP_OK)
    return FALSE;
  description =
      gst_webrtc_session_description_new (GST_WEBRTC_SDP_TYPE_OFFER, sdp);
  g_signal_emit_by_name (webrtcbin, "set-local-description", description,
                         promise);
  gst_webrtc_session_description_free (description);
  if (gst_promise_wait (promise) != GST_PROMISE_RESULT_REPLIED)
    return FALSE;
  reply = gst_promise_get_reply (promise);
  return reply == NULL || !gst_structure_has_field (reply, "error");
}

GPtrArray *
wc_whep_webrtcbin_list_candidates (GstElement *webrtcbin)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  GstWebRTCSessionDescription *local = NULL;
  const GstSDPMedia *media;

  g_object_get (webrtcbin, "local-description", &local, NULL);
  media = local != NULL ? gst_sdp_message_get_media (local->sdp, 0) : NULL;
  for (guint i = 0; media != NULL && i < gst_sdp_media_attributes_len (media);
       i++) {
    const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);
    if (g_str_equal (attribute->key, "candidate"))
      g_ptr_array_add (list, g_strdup (attribute->value));
  }
  if (local != NULL)
    gst_webrtc_session_description_free (local);
  g_ptr_array_add (list, NULL);
  return list;
}
