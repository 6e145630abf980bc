/* SPDX-License-Identifier: MIT */
/* Finds what answers a method and a path. Pure; the table is the caller's.
 *
 * A pattern is a path whose segments are literal or `{id}`, `{file}`, ...: one
 * segment each, which must obey the rule of ids (base/id.h). Paths are compared
 * as they came, percent-encoding and all: nothing that we serve needs any, so
 * an encoded path, an empty segment or a ".." is never found. */
#pragma once

#include <glib.h>

typedef enum {
  WC_METHOD_GET = 1 << 0, /* HEAD too */
  WC_METHOD_POST = 1 << 1,
  WC_METHOD_PATCH = 1 << 2,
  WC_METHOD_DELETE = 1 << 3,
  WC_METHOD_OPTIONS = 1 << 4,
  WC_METHOD_OTHER = 1 << 5,
} WcMethod;

#define WC_ROUTE_MAX_PARAMS 3

typedef struct {
  char *params[WC_ROUTE_MAX_PARAMS]; /* NULL where there is none */
} WcRouteParams;

void wc_route_params_clear (WcRouteParams *params);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (WcRouteParams, wc_route_params_clear)

typedef enum {
  WC_ROUTE_FOUND,
  WC_ROUTE_BAD_PATH,  /* 400: never a path of ours */
  WC_ROUTE_NO_PATH,   /* 404 */
  WC_ROUTE_NO_METHOD, /* 405 */
} WcRouteResult;

/** "GET" and "HEAD" -> WC_METHOD_GET, ...; unknown ones WC_METHOD_OTHER. */
WcMethod wc_method_parse (const char *name);

/** The value of an Allow field for a set of methods. (transfer full) */
char *wc_method_list (guint methods);

/** TRUE when @path is of the form of @pattern; @params (to be cleared) are then
 * the segments that stand for its names. */
gboolean wc_route_match (const char *pattern, const char *path,
                         WcRouteParams *params);

/** FALSE for a path that no client of ours sends: not beginning with a slash,
 * or longer than 512 bytes, or with an empty or dot segment, a backslash, a
 * control character or an encoded slash, dot or NUL. */
gboolean wc_route_path_is_sane (const char *path);
