/* SPDX-License-Identifier: MIT */
/* A response that goes on: server-sent events (HTML, section 9.2). Main thread.
 */
#pragma once

#include "http/request.h"

/** So many may be open at once; the next is told 503. */
#define WC_EVENT_STREAM_MAX 1024

typedef struct WcEventStream WcEventStream;

/** The stream is over and about to be freed: the client has gone, or does not
 * read (64 KiB wait for it). Not called by wc_event_stream_close (). */
typedef void (*WcEventStreamFunc) (gpointer user_data);

/** TRUE if @request is a HEAD: it has been answered. */
gboolean wc_event_stream_answer_head (WcRequest *request);

/** Answers @request. NULL when there are too many: it has been answered. */
WcEventStream *wc_event_stream_new (WcRequest *request, WcEventStreamFunc gone,
                                    gpointer user_data);
/** Appends an event to @text. @id: what the client says in Last-Event-ID when
 * it comes again; nullable. @event, @json (one line): nullable, both: only the
 * id.
 */
void wc_event_stream_format (GString *text, const char *id, const char *event,
                             const char *json);
/** The same to the client. FALSE: that was too much, and the stream is no more.
 */
gboolean wc_event_stream_send (WcEventStream *stream, const char *id,
                               const char *event, const char *json);
/** The same of many events, written as they are sent, however large: they do
 * not count among the 64 KiB. */
gboolean wc_event_stream_send_all (WcEventStream *stream, const char *text);
/** TRUE when all that was sent has been written: time for what the next of its
 * kind replaces, and a slow reader does without. */
gboolean wc_event_stream_is_read (WcEventStream *stream);
/** Ends it; what was sent still arrives. */
void wc_event_stream_close (WcEventStream *stream);
