/* SPDX-License-Identifier: MIT */
/* /api/v1/drain: empties the server before a restart, and takes that back; and
 * what a server that is being emptied says to those who come. */
#pragma once

#include "http/request.h"

/** POST {"deadline_ms":n,"to":url?}: 200 with the state. */
void wc_api_drain_begin (WcRequest *request);
/** DELETE: 200 with the state. */
void wc_api_drain_end (WcRequest *request);
/** The state, as also in GET /api/v1/server. (transfer full) */
JsonObject *wc_api_drain_json_new (WcDrain *drain);

/** A new viewer: answers 307 or 503 and TRUE while the server is being emptied.
 */
gboolean wc_api_drain_refuse_viewer (WcRequest *request);
/** The same of a publisher, who is needed as long as there are viewers: once
 * their time is over. */
gboolean wc_api_drain_refuse_publisher (WcRequest *request);
