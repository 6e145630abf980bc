/* SPDX-License-Identifier: MIT */
/* The sink element at the end of a webrtcbin's transport: hands every datagram
 * (DTLS, SRTP, SRTCP) to a function, on whatever thread it comes. It never
 * blocks and never waits for a clock. */
#pragma once

#include <gst/gst.h>

#define WC_TYPE_ICE_SINK (wc_ice_sink_get_type ())
G_DECLARE_FINAL_TYPE (WcIceSink, wc_ice_sink, WC, ICE_SINK, GstElement)

typedef void (*WcIceSendFunc) (const guint8 *data, gsize size,
                               gpointer user_data);

/** @send must work until the element is in the NULL state. Floating. */
WcIceSink *wc_ice_sink_new (WcIceSendFunc send, gpointer user_data);
