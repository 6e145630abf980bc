/* SPDX-License-Identifier: MIT */
/* Link fields that name STUN and TURN servers (RFC 9725 section 4.6). Main
 * thread. */
#pragma once

#include "http/request.h"

/** Adds one field per server. @user: whom the credentials are for. */
void wc_ice_links_add (WcRequest *request, const char *user);

/** Handles OPTIONS of an endpoint: with these fields, and no other Link, when
 * the client may watch or publish, or anybody may. A preflight is sent without
 * credentials and gets none. */
void wc_ice_links_options (WcRequest *request);
