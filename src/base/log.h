/* SPDX-License-Identifier: MIT */
/* Logging: one category per layer (G_LOG_DOMAIN, set by the build), one line
 * per message on stderr, as text or JSON. INFO is life cycle, WARNING means
 * the operator may act, ERROR means something is lost. Never log a token or a
 * session URL; log the short public id instead. Any thread may log; a line is
 * written with one write(2). */
#pragma once

#include <glib.h>

typedef enum {
  WC_LOG_ERROR,
  WC_LOG_WARNING,
  WC_LOG_INFO,
  WC_LOG_DEBUG,
} WcLogLevel;

typedef enum {
  WC_LOG_TEXT,
  WC_LOG_JSON,
} WcLogFormat;

/** Takes over GLib's own messages too. Call once, before threads are made. */
void wc_log_init (void);

/** Both may be called at any time from any thread (SIGHUP does). */
void wc_log_set_level (WcLogLevel level);
void wc_log_set_format (WcLogFormat format);

void wc_log (WcLogLevel level, const char *domain, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

#define wc_error(...) wc_log (WC_LOG_ERROR, G_LOG_DOMAIN, __VA_ARGS__)
#define wc_warning(...) wc_log (WC_LOG_WARNING, G_LOG_DOMAIN, __VA_ARGS__)
#define wc_info(...) wc_log (WC_LOG_INFO, G_LOG_DOMAIN, __VA_ARGS__)
#define wc_debug(...) wc_log (WC_LOG_DEBUG, G_LOG_DOMAIN, __VA_ARGS__)
