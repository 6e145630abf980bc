/* SPDX-License-Identifier: MIT */
/* The SDP of a publisher's ANNOUNCE (RFC 2326 section 10.3): what streams there
 * are and how each is coded, whether or not anybody can play it; and a plain
 * SDP written anew, which is all that an RTSP library needs to see. */
#pragma once

#include "sdp/sdp.h"

#define WC_SDP_ANNOUNCE_MAX_SIZE (32 * 1024)
#define WC_SDP_ANNOUNCE_MAX_STREAMS 8

typedef struct {
  gboolean is_media; /* FALSE: m=application and the like; @media is unset */
  WcMedia media;
  guint8 payload_type;  /* the first of the m-line */
  char encoding[32];    /* as in a=rtpmap; "" when the stream names none */
  guint32 clock_rate;   /* 0: not known */
  guint8 channels;      /* of audio, 1 if not said (RFC 8866 section 6.6) */
  char *fmtp;           /* nullable */
  char *control;        /* nullable: a=control of the m-line */
  gboolean is_sendonly; /* a=sendonly: of a description, a back channel */
} WcSdpAnnounceStream;

/** Strict: 1 to WC_SDP_ANNOUNCE_MAX_STREAMS m-lines of plain RTP/AVP(F). The
 * error names the line. Returns an array of WcSdpAnnounceStream in the order of
 * the m-lines. (transfer full) */
GPtrArray *wc_sdp_announce_parse (const char *text, gsize size, GError **error);

/** The answer of a server to DESCRIBE (RFC 2326 section 10.2), which is of the
 * same form. @text: nullable. Lenient: lines that cannot be read are left out,
 * and so are m-lines beyond the limit, of encrypted RTP or of no RTP at all.
 * @control (transfer full): a=control of the session, or NULL. The error is
 * that nothing is left. */
GPtrArray *wc_sdp_describe_parse (const char *text, gsize size, char **control,
                                  GError **error);

/** The same streams, in the same order and with the same a=control, in a
 * session description of ours. (transfer full) */
char *wc_sdp_announce_write (const GPtrArray *streams);
/** The same with @control (nullable) for the session. */
char *wc_sdp_describe_write (const GPtrArray *streams, const char *control);
