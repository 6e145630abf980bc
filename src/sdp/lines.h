/* SPDX-License-Identifier: MIT */
/* The lines of a session description, and the words in them: the one place that
 * looks at raw bytes. Everything it hands out is valid UTF-8 without control
 * characters, so it may go into an error message. A value on the stack of the
 * parser that uses it. */
#pragma once

#include "sdp/sdp.h"

/** A line longer than this is refused; the longest seen in the field is an
 * H.265 fmtp of about 600 bytes. */
#define WC_SDP_MAX_LINE 8192

typedef struct {
  char *text;   /* owned copy, cut into lines as they are read */
  char *next;   /* the rest */
  guint number; /* of the current line; the first is 1 */
  char type;    /* the letter before '=' */
  char *value;  /* what follows '='; into @text, may be cut into words */
} WcSdpLines;

typedef enum {
  WC_SDP_LINES_STRICT,
  WC_SDP_LINES_ALLOW_BLANK, /* empty lines are skipped */
} WcSdpLinesMode;

/** Checks size, encoding and the form "letter=value" of every line (RFC 8866
 * section 5); line ends may be CRLF or LF, at the end they may be missing or
 * repeated. Errors: WC_SDP_ERROR_INVALID. */
gboolean wc_sdp_lines_init (WcSdpLines *lines, const char *text, gsize size,
                            WcSdpLinesMode mode, GError **error);
void wc_sdp_lines_clear (WcSdpLines *lines);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (WcSdpLines, wc_sdp_lines_clear)

/** Moves to the next line; FALSE behind the last. */
gboolean wc_sdp_lines_next (WcSdpLines *lines);

/** Cuts the value of an a= line into name and value; @value is set to NULL when
 * there is no colon. Returns the name. */
const char *wc_sdp_lines_attribute (WcSdpLines *lines, char **value);

/** Sets @error to "line N: ..." and returns FALSE. */
gboolean wc_sdp_lines_fail (const WcSdpLines *lines, GError **error,
                            WcSdpError code, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

/** Cuts the next word off *@cursor (words are parted by spaces), or returns
 * NULL when there is none. A NULL cursor has none. */
char *wc_sdp_take_word (char **cursor);

/** Decimal digits only, up to @max. */
gboolean wc_sdp_parse_uint (const char *text, guint max, guint *value);

/** A token of RFC 8866 section 9 with 1 to @max characters; @also: characters
 * that are allowed besides. */
gboolean wc_sdp_is_token (const char *text, gsize max, const char *also);
