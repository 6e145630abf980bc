/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include "base/clock.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static atomic_int max_level = WC_LOG_INFO;
static atomic_int line_format = WC_LOG_TEXT;

static const char *const level_names[] = {"ERROR", "WARNING", "INFO", "DEBUG"};

/* Line breaks and control characters in a message must not forge lines. */
static void
append_escaped (GString *line, const char *text)
{
  for (const char *c = text; *c != '\0'; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_printf (line, "\\%c", *c);
    else if ((guchar)*c < 0x20 || *c == 0x7f)
      g_string_append_printf (line, "\\u%04x", (guchar)*c);
    else
      g_string_append_c (line, *c);
  }
}

static void
append_printable (GString *line, const char *text)
{
  for (const char *c = text; *c != '\0'; c++)
    g_string_append_c (line, (guchar)*c < 0x20 || *c == 0x7f ? ' ' : *c);
}

static void
write_line (WcLogLevel level, const char *domain, const char *message)
{
  g_autofree char *time = wc_clock_format_now ();
  g_autoptr (GString) line = g_string_sized_new (160);

  if (atomic_load (&line_format) == WC_LOG_JSON) {
    g_autofree char *valid = g_utf8_make_valid (message, -1);
    g_string_append_printf (
        line,
        "{\"time\":\"%s\",\"level\":\"%s\",\"area\":\"%s\",\"message\":\"",
        time, level_names[level], domain);
    append_escaped (line, valid);
    g_string_append (line, "\"}\n");
  } else {
    g_string_append_printf (line, "%s %-7s %s: ", time, level_names[level],
                            domain);
    append_printable (line, message);
    g_string_append_c (line, '\n');
  }

  gssize written = write (STDERR_FILENO, line->str, line->len);
  (void)written; /* nowhere left to report it */
}

void
wc_log (WcLogLevel level, const char *domain, const char *format, ...)
{
  if ((int)level > atomic_load_explicit (&max_level, memory_order_relaxed))
    return;

  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  write_line (level, domain, message);
}

static WcLogLevel
level_of_glib (GLogLevelFlags flags)
{
  if (flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return WC_LOG_ERROR;
  if (flags & G_LOG_LEVEL_WARNING)
    return WC_LOG_WARNING;
  if (flags & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO))
    return WC_LOG_INFO;
  return WC_LOG_DEBUG;
}

static const char *
find_field (const GLogField *fields, gsize n_fields, const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, key) == 0 && fields[i].length < 0)
      return fields[i].value;
  return NULL;
}

static GLogWriterOutput
on_glib_message (GLogLevelFlags flags, const GLogField *fields, gsize n_fields,
                 gpointer user_data)
{
  WcLogLevel level = level_of_glib (flags);
  const char *message = find_field (fields, n_fields, "MESSAGE");
  const char *domain = find_field (fields, n_fields, "GLIB_DOMAIN");

  if ((int)level <= atomic_load (&max_level) && message != NULL)
    write_line (level, domain != NULL ? domain : "glib", message);
  return G_LOG_WRITER_HANDLED;
}

void
wc_log_init (void)
{
  g_log_set_writer_func (on_glib_message, NULL, NULL);
}

void
wc_log_set_level (WcLogLevel level)
{
  atomic_store (&max_level, level);
}

void
wc_log_set_format (WcLogFormat format)
{
  atomic_store (&line_format, format);
}
