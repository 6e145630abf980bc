/* SPDX-License-Identifier: MIT */
/* Preconditions on entity tags (RFC 9110 section 13.1). Pure functions. */
#pragma once

#include <glib.h>

typedef enum {
  WC_IF_MATCH_MISSING, /* no such header */
  WC_IF_MATCH_ANY,     /* "*", with or without quotes */
  WC_IF_MATCH_SAME,    /* a tag of the list is ours, by strong comparison */
  WC_IF_MATCH_OTHER,   /* none is, or the field is malformed */
} WcIfMatch;

/** Compares an If-Match field (nullable) with @etag, which is in its quotes. A
 * quoted asterisk counts as one: the examples of RFC 9725 print it so. */
WcIfMatch wc_etag_if_match (const char *field, const char *etag);

/** TRUE when an If-None-Match field (nullable) names @etag, by weak comparison
 * (RFC 9110 section 13.1.2): the answer is 304. */
gboolean wc_etag_if_none_match (const char *field, const char *etag);
