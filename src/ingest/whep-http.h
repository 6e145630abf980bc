/* SPDX-License-Identifier: MIT */
/* The HTTP of a WHEP client (draft-ietf-wish-whep section 4): one POST with the
 * offer, one DELETE. Redirects are followed as POST, three at most, and the
 * token goes to the origin it was meant for alone. Main thread, and never
 * blocking it. */
#pragma once

#include <gio/gio.h>

typedef struct WcWhepHttp WcWhepHttp;

typedef struct {
  GBytes *sdp;
  char *session_url; /* absolute */
} WcWhepHttpAnswer;

void wc_whep_http_answer_free (WcWhepHttpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcWhepHttpAnswer, wc_whep_http_answer_free)

/** @token and @fingerprint, of a certificate that no authority vouches for:
 * nullable. */
WcWhepHttp *wc_whep_http_new (const char *url, const char *token,
                              const char *fingerprint);
/** What is under way, but for DELETE, ends with G_IO_ERROR_CANCELLED. */
void wc_whep_http_free (WcWhepHttp *http);

void wc_whep_http_post_async (WcWhepHttp *http, const char *offer,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);
/** Errors: WC_INGEST_ERROR_TRANSIENT, WC_INGEST_ERROR_INVALID (a person must do
 * something), or G_IO_ERROR_CANCELLED. @retry_after_s: how long the server asks
 * to be left alone; 0: it does not. */
WcWhepHttpAnswer *wc_whep_http_post_finish (GAsyncResult *result,
                                            guint *retry_after_s,
                                            GError **error);
/** Ends the session at @session_url; nobody waits for the outcome. */
void wc_whep_http_delete (WcWhepHttp *http, const char *session_url);
