/* SPDX-License-Identifier: MIT */
/* The SDP that describes an RTP source (what ffmpeg prints; RFC 8866, RFC
 * 4566): one or two media with port, payload type, codec and fmtp. */
#pragma once

#include "sdp/sdp.h"

typedef struct {
  WcCodec codec;
  WcMedia media;
  guint16 port;
  guint16 rtcp_port; /* a=rtcp (RFC 3605); 0: not given */
  guint8 payload_type;
  guint32 clock_rate;
  guint8 channels;
  char *fmtp;  /* nullable */
  char *group; /* nullable: c= when it is a multicast address, without
                  the TTL; unicast c= is ignored */
} WcSdpSourceMedia;

/** A leading "SDP:" line is skipped. More than one media of a kind, a codec
 * that no browser plays, encrypted profiles and the like are errors that name
 * the line. Returns an array of WcSdpSourceMedia. (transfer full) */
GPtrArray *wc_sdp_source_parse (const char *text, gsize size, GError **error);
