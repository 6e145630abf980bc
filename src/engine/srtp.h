/* SPDX-License-Identifier: MIT */
/* SRTP and SRTCP in one direction with AES_CM_128_HMAC_SHA1_80, the profile
 * that every WebRTC endpoint has (RFC 3711, RFC 8827 section 6.5), with the
 * keys that DTLS agreed on (RFC 5764). A peer has two of these: one it protects
 * with and one it unprotects with.
 *
 * Network input may be anything; state is kept only for what was authentic. One
 * thread at a time. */
#pragma once

#include <glib.h>

/** A master key and its salt, as DTLS-SRTP gives them. */
#define WC_SRTP_MASTER_SIZE 30
/** What a packet grows by. */
#define WC_SRTP_TAG_SIZE 10
#define WC_SRTCP_TRAILER_SIZE (4 + WC_SRTP_TAG_SIZE)
/** Streams (SSRCs) that are let in, of RTP and of RTCP. */
#define WC_SRTP_MAX_STREAMS 32

typedef struct WcSrtp WcSrtp;

typedef enum {
  WC_SRTP_OK,
  WC_SRTP_MALFORMED,   /* no RTP or RTCP, or too short */
  WC_SRTP_UNAUTHENTIC, /* the tag is not right */
  WC_SRTP_REPLAYED,    /* seen before, or too old to tell */
  WC_SRTP_TOO_MANY,    /* authentic, of one stream more than are let in */
} WcSrtpResult;

WcSrtp *wc_srtp_new (const guint8 master[WC_SRTP_MASTER_SIZE]);
void wc_srtp_free (WcSrtp *srtp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcSrtp, wc_srtp_free)

/** Protects a packet whose header (@header_size bytes) stands at @packet:
 * @payload is encrypted to behind it (it may be there already) and the tag
 * appended. Returns the size; there must be room. @index: the packet's 48-bit
 * index, whose low 16 bits are its sequence number; never the same with another
 * payload. */
gsize wc_srtp_protect_rtp (WcSrtp *srtp, guint8 *packet, gsize header_size,
                           const guint8 *payload, gsize payload_size,
                           guint64 index);

/** The arguments of wc_srtp_protect_rtp (), for srtp-many. */
typedef struct {
  WcSrtp *srtp;
  guint8 *packet;
  const guint8 *payload;
  guint16 header_size, payload_size;
  guint64 index;
} WcSrtpJob;

/** Checks and decrypts in place; *@size shrinks. @index: nullable; the packet's
 * 48-bit index. Roll-overs are estimated for each SSRC (RFC 3711
 * section 3.3.1); the first packet of a stream may come just after one. */
WcSrtpResult wc_srtp_unprotect_rtp (WcSrtp *srtp, guint8 *data, gsize *size,
                                    guint64 *index);

/** Protects @size bytes of (compound) RTCP in place; @capacity: room at @data.
 * Returns the size, or 0 if there is no room, it is no RTCP, or 2^31 packets
 * were sent with the key (RFC 3711 section 9.2). */
gsize wc_srtp_protect_rtcp (WcSrtp *srtp, guint8 *data, gsize size,
                            gsize capacity);

/** Checks and decrypts in place; *@size shrinks. What is authentic but not
 * encrypted is malformed: the profile encrypts. */
WcSrtpResult wc_srtp_unprotect_rtcp (WcSrtp *srtp, guint8 *data, gsize *size);
