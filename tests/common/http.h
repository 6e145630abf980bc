/* SPDX-License-Identifier: MIT */
/* One HTTP/1.1 request over a connection of its own, inside a TcLoop; plain
 * http only. Tests see the bytes they asked for: nothing is added but Host,
 * Content-Length and Connection: close. */
#pragma once

#include "common/loop.h"

#include <glib.h>

typedef struct _TcHttp TcHttp;

typedef struct {
  guint status;        /* 0: no answer, see error */
  GHashTable *headers; /* lower-case name -> value; repeated ones joined */
  GString *body;
  const char *error;
  /** When the last byte came, monotonic microseconds. */
  gint64 end_us;
  /** Our side of the TCP connection, without the port. */
  char local_ip[64];
} TcHttpResponse;

/** Called once; @response is gone afterwards. The request may be freed. */
typedef void (*TcHttpFunc) (const TcHttpResponse *response, gpointer data);

typedef struct {
  const char *method;
  const char *url;          /* http://host[:port]/path?query */
  const char *content_type; /* nullable */
  const char *token;        /* nullable; Authorization: Bearer */
  const char *headers;      /* nullable; whole lines, each with its CRLF */
  const char *body;         /* nullable */
  guint timeout_ms;         /* 0: 15000 */
} TcHttpRequest;

/** Connects and sends; @func comes later from the loop, also for errors. A
 * host name is looked up at once, blocking. */
TcHttp *tc_http_new (TcLoop *loop, const TcHttpRequest *request,
                     TcHttpFunc func, gpointer data);
/** Without an answer so far: @func is not called any more. */
void tc_http_free (TcHttp *http);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TcHttp, tc_http_free)

/** Sends and runs @loop until the answer is there. Returns the status, 0 for
 * none. @body (optional, transfer full): the answer's. */
guint tc_http_run (TcLoop *loop, const TcHttpRequest *request, char **body);
