/* SPDX-License-Identifier: MIT */
/* A viewer's offer as text: by default close to Chrome's, and everything that
 * a test may want otherwise is an option. */
#pragma once

#include "base/codec.h"

#include <glib.h>

typedef struct {
  WcMedia media;
  guint8 pt;
  const char *rtpmap; /* "H264/90000" */
  const char *fmtp;   /* nullable */
  guint8 rtx_pt;      /* 0: none */
} TcOfferCodec;

/** Chrome's receive codecs with its payload types: VP8, VP9, H264 (42001f and
 * 42e01f, both packetization-mode 1), AV1, H265, rtx for each; opus, G722,
 * PCMU, PCMA. Ends with a row whose rtpmap is NULL. */
extern const TcOfferCodec tc_offer_chrome_codecs[];

typedef struct {
  /** One letter for each m= section, in order: 'a'udio, 'v'ideo, or
   * 'd' for a data channel. NULL: "av". */
  const char *media;
  /** Ends with rtpmap NULL. NULL: Chrome's. */
  const TcOfferCodec *codecs;
  const char *direction; /* NULL: recvonly */
  const char *setup;     /* NULL: actpass */
  gboolean no_bundle;
  gboolean no_rtx;
  gboolean no_nack;
  gboolean no_candidates;
  /** Whole lines with CRLF, put into the session part or every section. */
  const char *session_lines, *media_lines;
} TcOfferOptions;

/** What the peer contributes. */
typedef struct {
  const char *ufrag, *pwd, *fingerprint;
  const char *ip; /* of the only candidate; nullable: none */
  guint16 port;
} TcOfferTransport;

/** @options nullable. The mids are "0", "1", ... in order. Transfer full. */
char *tc_offer_write (const TcOfferOptions *options,
                      const TcOfferTransport *transport);
