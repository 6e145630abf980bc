/* SPDX-License-Identifier: MIT */
/* A connection's negotiation: an offer of our own making stands in for the
 * viewer's, and of webrtcbin's answer little is kept. Promises are answered on
 * webrtcbin's thread. */
#include "peer/connection-private.h"
#include "peer/peer.h"

#include <gst/sdp/sdp.h>
#include <stdio.h>

/* --- transceivers --------------------------------------------------------- */

static GstCaps *
caps_of (const WcSdpPlanMedia *media, guint32 ssrc)
{
  g_autofree char *name = g_ascii_strup (media->format->name, -1);

  return gst_caps_new_simple (
      "application/x-rtp", "media", G_TYPE_STRING, wc_media_name (media->track),
      "encoding-name", G_TYPE_STRING, name, "payload", G_TYPE_INT,
      media->format->payload_type, "clock-rate", G_TYPE_INT,
      (int)media->format->clock_rate, "ssrc", G_TYPE_UINT, ssrc, NULL);
}

static GstObject *
emit_add_transceiver (WcConnection *connection, GstCaps *caps)
{
  GstObject *transceiver = NULL;

  g_signal_emit_by_name (connection->webrtcbin, "add-transceiver",
                         GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, caps,
                         &transceiver);
  return transceiver;
}

static void
add_transceiver (WcConnection *connection, const WcSdpPlanMedia *media,
                 guint32 ssrc)
{
  g_autoptr (GstCaps) caps = caps_of (media, ssrc);
  g_autoptr (GstObject) transceiver = emit_add_transceiver (connection, caps);

  if (transceiver != NULL)
    g_object_set (transceiver, "do-nack", media->rtx != NULL, NULL);
  connection->sources[media->track] =
      gst_object_ref_sink (wc_push_src_new (caps));
  gst_bin_add (GST_BIN (connection->pipeline),
               GST_ELEMENT (connection->sources[media->track]));
}

void
wc_connection_add_transceivers (WcConnection *connection,
                                const WcConnectionParams *params)
{
  for (guint i = 0; i < params->plan->media->len; i++) {
    const WcSdpPlanMedia *media = g_ptr_array_index (params->plan->media, i);
    if (media->role == WC_SDP_SEND)
      add_transceiver (connection, media, params->ssrc[media->track]);
  }
}

/* As in wc_sdp_keys_offer_write (). */
void
wc_connection_add_keys_transceiver (WcConnection *connection)
{
  g_autoptr (GstCaps) caps =
      gst_caps_new_simple ("application/x-rtp", "media", G_TYPE_STRING, "audio",
                           "encoding-name", G_TYPE_STRING, "PCMU", "payload",
                           G_TYPE_INT, 0, "clock-rate", G_TYPE_INT, 8000, NULL);
  g_autoptr (GstObject) transceiver = emit_add_transceiver (connection, caps);

  (void)transceiver;
}

/* --- descriptions --------------------------------------------------------- */

gboolean
wc_connection_fail (GError **error, const char *step, const GstStructure *reply)
{
  g_autoptr (GError) cause = NULL;

  if (reply != NULL)
    gst_structure_get (reply, "error", G_TYPE_ERROR, &cause, NULL);
  g_set_error (error, WC_PEER_ERROR, WC_PEER_ERROR_NEGOTIATION,
               "webrtcbin: %s: %s", step,
               cause != NULL ? cause->message : "failed");
  return FALSE;
}

static gboolean
set_description (WcConnection *connection, const char *signal,
                 GstWebRTCSDPType type, GstSDPMessage *sdp, GError **error)
{
  GstWebRTCSessionDescription *description =
      gst_webrtc_session_description_new (type, sdp);
  g_autoptr (GstPromise) promise = gst_promise_new ();

  g_signal_emit_by_name (connection->webrtcbin, signal, description, promise);
  GstPromiseResult result = gst_promise_wait (promise);
  const GstStructure *reply = result == GST_PROMISE_RESULT_REPLIED
                                  ? gst_promise_get_reply (promise)
                                  : NULL;
  gboolean ok = result == GST_PROMISE_RESULT_REPLIED &&
                (reply == NULL || !gst_structure_has_field (reply, "error"));
  gst_webrtc_session_description_free (description);
  return ok || wc_connection_fail (error, signal, reply);
}

static GstSDPMessage *
create_answer (WcConnection *connection, GError **error)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();
  GstWebRTCSessionDescription *answer = NULL;
  GstSDPMessage *sdp = NULL;

  g_signal_emit_by_name (connection->webrtcbin, "create-answer", NULL, promise);
  const GstStructure *reply =
      gst_promise_wait (promise) == GST_PROMISE_RESULT_REPLIED
          ? gst_promise_get_reply (promise)
          : NULL;
  if (reply == NULL ||
      !gst_structure_get (reply, "answer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION,
                          &answer, NULL)) {
    wc_connection_fail (error, "create-answer", reply);
    return NULL;
  }
  gst_sdp_message_copy (answer->sdp, &sdp);
  gst_webrtc_session_description_free (answer);
  return sdp;
}

static void
replace_attribute (GstSDPMedia *media, const char *key, const char *value)
{
  for (guint i = 0; i < gst_sdp_media_attributes_len (media); i++) {
    GstSDPAttribute attribute;
    if (!g_str_equal (gst_sdp_media_get_attribute (media, i)->key, key))
      continue;
    gst_sdp_attribute_set (&attribute, key, value);
    gst_sdp_media_replace_attribute (media, i, &attribute);
  }
}

/* webrtcbin makes caps of its own description, and of every "a=ssrc:N cname"
 * a field "ssrc-N-cname", whose name GLib then keeps for ever. */
static void
remove_ssrcs (GstSDPMedia *media)
{
  for (guint i = gst_sdp_media_attributes_len (media); i > 0; i--)
    if (g_str_equal (gst_sdp_media_get_attribute (media, i - 1)->key, "ssrc"))
      gst_sdp_media_remove_attribute (media, i - 1);
}

/* "FID <media ssrc> <rtx ssrc>" (RFC 5576 section 4.2). */
static guint32
read_rtx_ssrc (const GstSDPMedia *media)
{
  const char *group = gst_sdp_media_get_attribute_val (media, "ssrc-group");
  guint32 ssrc, rtx_ssrc;

  if (group != NULL && sscanf (group, "FID %u %u", &ssrc, &rtx_ssrc) == 2)
    return rtx_ssrc;
  return 0;
}

static void
set_credentials (const WcConnectionParams *params, GstSDPMessage *answer)
{
  for (guint i = 0; i < gst_sdp_message_medias_len (answer); i++) {
    GstSDPMedia *sdp = (GstSDPMedia *)gst_sdp_message_get_media (answer, i);
    replace_attribute (sdp, "ice-ufrag", params->ufrag);
    replace_attribute (sdp, "ice-pwd", params->pwd);
    remove_ssrcs (sdp);
  }
}

/* What webrtcbin chose. The answer's sections are those of the canonical offer:
 * the sent ones, in order. */
static void
read_rtx_ssrcs (WcConnection *connection, const WcSdpPlan *plan,
                const GstSDPMessage *answer)
{
  guint section = 0;

  for (guint i = 0; i < plan->media->len; i++) {
    const WcSdpPlanMedia *media = g_ptr_array_index (plan->media, i);
    if (media->role == WC_SDP_SEND &&
        section < gst_sdp_message_medias_len (answer))
      connection->rtx_ssrc[media->track] =
          read_rtx_ssrc (gst_sdp_message_get_media (answer, section++));
  }
}

static char *
write_offer (const WcConnectionParams *params)
{
  return params->keys_only ? wc_sdp_keys_offer_write (params->plan)
                           : wc_sdp_canonical_offer_write (params->plan);
}

gboolean
wc_connection_negotiate (WcConnection *connection,
                         const WcConnectionParams *params, GError **error)
{
  g_autofree char *text = write_offer (params);
  GstSDPMessage *offer;

  if (gst_sdp_message_new_from_text (text, &offer) != GST_SDP_OK)
    return wc_connection_fail (error, "reading the canonical offer", NULL);
  if (!set_description (connection, "set-remote-description",
                        GST_WEBRTC_SDP_TYPE_OFFER, offer, error))
    return FALSE;
  GstSDPMessage *answer = create_answer (connection, error);
  if (answer == NULL)
    return FALSE;
  if (!params->keys_only)
    read_rtx_ssrcs (connection, params->plan, answer);
  set_credentials (params, answer);
  connection->setup = wc_sdp_plan_setup (params->plan);
  return set_description (connection, "set-local-description",
                          GST_WEBRTC_SDP_TYPE_ANSWER, answer, error);
}
