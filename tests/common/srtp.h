/* SPDX-License-Identifier: MIT */
/* SRTP and SRTCP in both directions by libsrtp2, which the server does not
 * use: what comes out here was encrypted right. One thread. */
#pragma once

#include <glib.h>

typedef struct _TcSrtp TcSrtp;

typedef enum {
  TC_SRTP_AES128_CM_SHA1,
  TC_SRTP_AES128_GCM,
} TcSrtpProfile;

typedef enum {
  TC_SRTP_OK,
  TC_SRTP_REPLAYED, /* seen before, or older than the window */
  TC_SRTP_REJECTED, /* authentication failed or malformed */
} TcSrtpResult;

/** Room that protecting needs behind the packet. */
#define TC_SRTP_TRAILER 160

/** Each key: 16 bytes and its salt (14 bytes, GCM 12). */
TcSrtp *tc_srtp_new (TcSrtpProfile profile, const guint8 *local_key,
                     const guint8 *remote_key, GError **error);
void tc_srtp_free (TcSrtp *srtp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TcSrtp, tc_srtp_free)

/** All in place; *@size changes. */
TcSrtpResult tc_srtp_unprotect_rtp (TcSrtp *srtp, guint8 *data, gsize *size);
TcSrtpResult tc_srtp_unprotect_rtcp (TcSrtp *srtp, guint8 *data, gsize *size);
gboolean tc_srtp_protect_rtp (TcSrtp *srtp, guint8 *data, gsize *size);
gboolean tc_srtp_protect_rtcp (TcSrtp *srtp, guint8 *data, gsize *size);
