/* SPDX-License-Identifier: MIT */
/* The target of a request (RFC 9112 section 3.2). Pure; any thread. */
#pragma once

#include "http/head.h"

/** Fills path, query and host of @head, whose method is known, from @target,
 * which is cut up. Refused are paths that others could take for another: with
 * dot segments, empty segments, or an encoded slash, dot, backslash or control
 * character. */
gboolean wc_target_parse (WcHead *head, char *target, WcHeadProblem *problem);

/** TRUE for a host with or without a port, as in the Host field. */
gboolean wc_target_is_authority (const char *text);
