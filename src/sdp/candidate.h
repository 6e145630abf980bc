/* SPDX-License-Identifier: MIT */
/* A remote candidate, as far as an ICE-lite agent looks at one: is it well
 * formed, and could it be an address of this transport. Nothing is resolved and
 * nothing is ever sent to it (a viewer must not probe our network). */
#pragma once

#include "base/address.h"

/** @value: what follows "candidate:" (RFC 8839 section 5.1); it is changed.
 * Returns FALSE for what is to be dropped: not well formed, not component 1,
 * not UDP, not an IP address (a .local name or an FQDN). */
gboolean wc_sdp_candidate_parse (char *value, WcAddress *address);
