/* SPDX-License-Identifier: MIT */
/* What the parts of the management API /api/v1/ share. Main thread. */
#pragma once

#include "http/request.h"

/** 401 without the admin token. */
gboolean wc_api_check (WcRequest *request);
/** The same for the mountpoint in the path, which its own token opens too. */
gboolean wc_api_check_mountpoint (WcRequest *request);

/** The JSON object in the body, or NULL after an answer: 415 for another type,
 * 400 for what is no JSON (with the position) or no object. (transfer full) */
JsonObject *wc_api_parse_body (WcRequest *request);

/** Checks @text for what a parser that recurses must not be given: invalid
 * UTF-8, or arrays and objects nested too deeply. */
gboolean wc_api_json_is_safe (const char *text, gsize size, GError **error);

/** A number of @min to @max in the query; where @name is not in it, @value
 * stays as it is. FALSE after a 400. */
gboolean wc_api_parse_query_number (WcRequest *request, const char *name,
                                    guint min, guint max, guint *value);
/** `?offset=&limit=` of a list; FALSE after a 400. */
gboolean wc_api_parse_range (WcRequest *request, guint *offset, guint *limit);

/** Sets a text or, for NULL, null. */
void wc_api_set_text (JsonObject *object, const char *name, const char *value);

/** "webrtcbin" or "direct". */
const char *wc_api_lane_name (WcLaneKind lane);
