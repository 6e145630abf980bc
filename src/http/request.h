/* SPDX-License-Identifier: MIT */
/* One HTTP request, from its first byte until it is answered or its connection
 * is gone. Reference-counted: whoever waits for something on its behalf holds a
 * reference, and answers when that is done; an answer to a request that is
 * gone, or was answered, is dropped. Main thread. */
#pragma once

#include "http/context.h"
#include "http/router.h"

#include <libsoup/soup.h>

typedef struct WcRequest WcRequest;
typedef struct WcRoute WcRoute;

/** Runs first: whether there is such a thing, and who may use it. Returns FALSE
 * if it has answered. */
typedef gboolean (*WcRouteCheck) (WcRequest *request);
/** Answers, or pauses and answers later. */
typedef void (*WcRouteHandler) (WcRequest *request);

struct WcRoute {
  const char *pattern;
  WcMethod method;
  gsize body_limit;   /* bytes; beyond it the gate says 413 */
  WcRouteCheck check; /* nullable */
  WcRouteHandler handler;
};

struct WcRequest {
  const WcHttpContext *context;
  SoupServerMessage *message; /* NULL when the connection is gone */
  const char *path;           /* as it came */
  const WcRoute *route;       /* nullable */
  WcRouteParams params;
  char *allow; /* nullable; methods of the path */
  gint64 started_us;
  char *log_name;     /* nullable; stands for the secret in the access log */
  WcSession *session; /* nullable; closed if the answer does not arrive */
  gboolean paused, answered;
};

/** @message is referenced until wc_request_detach (). */
WcRequest *wc_request_new (const WcHttpContext *context,
                           SoupServerMessage *message);
WcRequest *wc_request_ref (WcRequest *request);
void wc_request_unref (WcRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcRequest, wc_request_unref)

/** The message is finished or its connection gone: nothing can be said any
 * more. Idempotent. */
void wc_request_detach (WcRequest *request);

/** A field of the request, its lines joined; nullable. */
const char *wc_request_field (WcRequest *request, const char *name);
/** The media type of the body without parameters, nullable. (transfer full) */
char *wc_request_content_type (WcRequest *request);
/** TRUE when the body is of @type (case ignored) and not encoded. */
gboolean wc_request_is_type (WcRequest *request, const char *type);
/** The whole body. (transfer full) */
GBytes *wc_request_body (WcRequest *request);
/** The address of the client, behind trusted proxies if there are any, textual.
 * (transfer full) */
char *wc_request_address (WcRequest *request);
/** TRUE when the client's connection is encrypted, as far as the last trusted
 * proxy knows. */
gboolean wc_request_is_https (WcRequest *request);
/** FALSE when the client has hung up while it waited. */
gboolean wc_request_is_connected (WcRequest *request);

/** The path with a session's secret replaced by its public id: for the log.
 * (transfer full) */
char *wc_request_log_path (WcRequest *request);

/** Keeps the client waiting until the answer. */
void wc_request_pause (WcRequest *request);

/** Sets a field of the answer; to be called before the answer. */
void wc_request_set_field (WcRequest *request, const char *name,
                           const char *value);

/** Adds a field of the answer beside others of its name. */
void wc_request_add_field (WcRequest *request, const char *name,
                           const char *value);

/** Answers with a body that is appended to the message from now on, and ends
 * with the connection. */
void wc_request_answer_stream (WcRequest *request, const char *type);
/** Answers. @type and @body are nullable. */
void wc_request_answer (WcRequest *request, guint status, const char *type,
                        const char *body, gsize size);
/** Answers OPTIONS: a browser's question before a request, and what any path
 * says to it. */
void wc_request_answer_options (WcRequest *request);
/** Answers with JSON. @object: (transfer full) */
void wc_request_answer_json (WcRequest *request, guint status,
                             JsonObject *object);
/** Answers with a problem document. */
void wc_request_answer_problem (WcRequest *request, guint status,
                                const char *format, ...) G_GNUC_PRINTF (3, 4);
/** Answers with the problem that @error is. */
void wc_request_answer_error (WcRequest *request, const GError *error);
/** 503: the server is going down. */
void wc_request_answer_stopping (WcRequest *request);
/** 401; @invalid: a token came and is not the right one (RFC 6750 section 3).
 */
void wc_request_answer_unauthorised (WcRequest *request, gboolean invalid);
