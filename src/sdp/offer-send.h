/* SPDX-License-Identifier: MIT */
/* What a section of an offer says of the streams that the offerer sends: its
 * MediaStream (RFC 8830), SSRCs (RFC 5576), RIDs (RFC 8851) and simulcast
 * (RFC 8853). A publisher's; a viewer's is never looked at. Part of a
 * WcSdpOfferMedia. */
#pragma once

#include <glib.h>

/** More than these are not read. */
#define WC_SDP_MAX_SSRCS 16
#define WC_SDP_MAX_LAYERS 4
#define WC_SDP_MAX_RID 16

/** A stream and, when a=ssrc-group:FID names one, its retransmissions. */
typedef struct {
  guint32 ssrc;
  guint32 rtx_ssrc; /* 0: not told */
} WcSdpSsrc;

typedef struct {
  char *stream_id;   /* nullable: of a=msid, "-" too is none */
  GArray *ssrcs;     /* of WcSdpSsrc, in order */
  GPtrArray *rids;   /* of char *: those of a=rid:... send */
  GPtrArray *layers; /* of char *: of a=simulcast:send, in order */
} WcSdpSending;

void wc_sdp_sending_init (WcSdpSending *sending);
void wc_sdp_sending_clear (WcSdpSending *sending);

/** Reads the attribute if it is one of these; malformed ones are ignored, as
 * what they would tell is also told by the packets. @value: nullable; may be
 * changed. */
void wc_sdp_sending_attribute (WcSdpSending *sending, const char *name,
                               char *value);

/** After the last line: layers without an a=rid are dropped. */
void wc_sdp_sending_finish (WcSdpSending *sending);
