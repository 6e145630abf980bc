/* SPDX-License-Identifier: MIT */
/* A webrtcbin that offers to receive, with its own ICE agent: the steps that
 * lead to its local description. For the thread that opens a WcWhepClient;
 * what waits for webrtcbin's own thread says so. */
#pragma once

#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>

/** Floating. Neither TCP candidates nor UPnP. @latency_ms: of its jitter
 * buffers. */
GstElement *wc_whep_webrtcbin_new (guint latency_ms);
/** One for each medium, in the order of WcMedia, of all that we offer. */
void wc_whep_webrtcbin_add_transceivers (GstElement *webrtcbin);
/** webrtcbin's own offer: its credentials and its certificate are in it. Waits.
 * NULL: it made none. (transfer full) */
GstWebRTCSessionDescription *
wc_whep_webrtcbin_create_offer (GstElement *webrtcbin);
/** Waits. FALSE: it did not take @text, an offer. */
gboolean wc_whep_webrtcbin_set_local (GstElement *webrtcbin, const char *text);
/** What follows "a=candidate:" of those of the first section, which carries
 * both media; ends with NULL. (transfer full) (element-type utf8) */
GPtrArray *wc_whep_webrtcbin_list_candidates (GstElement *webrtcbin);
