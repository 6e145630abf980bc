/* SPDX-License-Identifier: MIT */
/* The Transport header of an answer to SETUP (RFC 2326 section 12.39), written
 * anew from the little of it that is needed. Where the server wants us to send
 * to (source=, destination=) is left out: RTCP goes to the host that was asked.
 * Pure; any thread. */
#pragma once

#include <glib.h>

typedef enum {
  WC_RTSP_OVER_UNKNOWN,
  WC_RTSP_OVER_TCP, /* interleaved, RFC 2326 section 10.12 */
  WC_RTSP_OVER_UDP,
} WcRtspOver;

/** @asked: the header of our request; what it did not ask for (multicast, say)
 * is not taken. NULL: @answered is nothing that can be used. (transfer full) */
char *wc_rtsp_transport_clean (const char *asked, const char *answered,
                               WcRtspOver *over);
