/* SPDX-License-Identifier: MIT */
/* The head of an HTTP/1 request: request line and fields, read strictly. What
 * two parsers could read in two ways is refused (RFC 9112 section 11.2), so
 * that everything behind this one sees what it saw. Pure; any thread. */
#pragma once

#include <glib.h>

/** Bytes, the blank line included. */
#define WC_HEAD_MAX_SIZE (16 * 1024)
#define WC_HEAD_MAX_FIELDS 100
#define WC_HEAD_MAX_PATH 512
#define WC_HEAD_MAX_QUERY 1024

typedef enum {
  WC_HEAD_MORE, /* the end has not come yet */
  WC_HEAD_END,
  WC_HEAD_BAD, /* it can never become a head */
} WcHeadScan;

/** Where the search for the end stands. Zero at first. */
typedef struct {
  gsize line, cursor;
} WcHeadScanner;

/** Why a head is refused. */
typedef struct {
  guint status;
  const char *detail; /* static */
} WcHeadProblem;

/** Looks for the blank line in @data, which begins with the same bytes at each
 * call. Each byte is looked at once. With WC_HEAD_END the head has
 * scanner->cursor bytes; with WC_HEAD_BAD @problem says why. */
WcHeadScan wc_head_scan (WcHeadScanner *scanner, const char *data, gsize size,
                         WcHeadProblem *problem);

typedef struct {
  const char *name, *value; /* without the white space around it */
} WcHeadField;

typedef enum {
  WC_HEAD_BODY_NONE,
  WC_HEAD_BODY_LENGTH,
  WC_HEAD_BODY_CHUNKED,
} WcHeadBody;

typedef struct {
  char *text; /* what the others point into */
  const char *method;
  const char *path;     /* origin-form, or "*" of OPTIONS */
  const char *query;    /* nullable */
  const char *host;     /* nullable (HTTP/1.0); of the target, else of Host */
  gboolean is_http_1_0; /* else HTTP/1.1 */
  WcHeadField fields[WC_HEAD_MAX_FIELDS]; /* all, as they came */
  guint n_fields;
  WcHeadBody body;
  guint64 content_length;
  gboolean expects_continue;
  gboolean closes; /* the client wants no further request */
} WcHead;

/** Parses a head that wc_head_scan () found whole. @head need not be
 * initialised and is to be cleared in any case; after a failure it has the
 * fields that were read until then. */
gboolean wc_head_parse (WcHead *head, const char *data, gsize size,
                        WcHeadProblem *problem);
void wc_head_clear (WcHead *head);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (WcHead, wc_head_clear)

/** The value of the first field @name (case ignored), or NULL. */
const char *wc_head_field (const WcHead *head, const char *name);
/** All of @name, joined by ", " (RFC 9110 section 5.3), or NULL.
 * (transfer full) */
char *wc_head_fields (const WcHead *head, const char *name);
