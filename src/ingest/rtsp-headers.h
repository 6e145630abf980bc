/* SPDX-License-Identifier: MIT */
/* Headers of an RTSP server's answers, written anew or left out, because
 * rtspsrc 1.22 does not survive all that can stand in them. Transport is in
 * rtsp-transport.h. Pure; any thread. */
#pragma once

#include <glib.h>

/** The challenges in one WWW-Authenticate (RFC 7235 section 4.1): those of
 * Basic, and of Digest with MD5, which are complete. @stale: one says that only
 * the nonce was too old (RFC 7616 section 3.3). (transfer full): texts. */
GPtrArray *wc_rtsp_challenges_clean (const char *text, gboolean *stale);

/** The value of Public or Allow: methods and commas. (transfer full) */
char *wc_rtsp_methods_clean (const char *text);

/** Whether a Content-Base can be one. */
gboolean wc_rtsp_base_is_good (const char *text);
