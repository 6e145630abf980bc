/* SPDX-License-Identifier: MIT */
/* What a source says it sends as one medium (a=rtpmap and a=fmtp of its SDP, or
 * the caps made of them), for sources whose tracks are known only once they are
 * connected. A plain value of its owner. */
#pragma once

#include "base/codec.h"

#include <gst/gst.h>

typedef struct {
  WcMedia media;
  char encoding[32]; /* the encoding name in upper case: "H264", "OPUS" */
  guint8 payload_type;
  guint32 clock_rate;
  guint8 channels; /* of audio, 1 if not said (RFC 8866 section 6.6) */
  char *fmtp;      /* nullable; as after the payload type of a=fmtp */
} WcSourceFormat;

void wc_source_format_clear (WcSourceFormat *format);
/** @to is overwritten, not cleared. */
void wc_source_format_copy (WcSourceFormat *to, const WcSourceFormat *from);
gboolean wc_source_format_equal (const WcSourceFormat *a,
                                 const WcSourceFormat *b);

/** From caps of application/x-rtp, as rtspsrc makes them of an SDP. FALSE when
 * they are not of audio or video in RTP; @format is then all zero. */
gboolean wc_source_format_from_caps (WcSourceFormat *format,
                                     const GstCaps *caps);

/** The codec, when it is one that browsers take, or that is converted for them
 * (conversion.h); NULL when it is something else. */
const WcCodecInfo *wc_source_format_codec (const WcSourceFormat *format);
