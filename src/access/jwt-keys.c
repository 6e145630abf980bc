/* SPDX-License-Identifier: MIT */
#include "access/jwt-keys.h"

#include "access/web.h"
#include "base/clock.h"
#include "base/log.h"

#include <glib/gstdio.h>

#define REFRESH_S 300
/* Between two questions, whatever tokens come. */
#define MIN_INTERVAL_US (10 * G_USEC_PER_SEC)
#define FILE_INTERVAL_US G_USEC_PER_SEC
#define TIMEOUT_MS 10000
#define MAX_SIZE (256 * 1024)

struct WcJwtSource {
  char *where;
  WcJwtKeys *keys; /* nullable */
  WcWeb *web;      /* NULL: a file */
  guint refresh_source;
  gint64 asked_us;
  GStatBuf mark; /* of the file as it was read */
};

static gboolean
take_keys (WcJwtSource *source, const char *text, gsize size, GError **error)
{
  WcJwtKeys *keys = wc_jwt_keys_parse (text, size, error);

  if (keys == NULL)
    return FALSE;
  g_clear_pointer (&source->keys, wc_jwt_keys_free);
  source->keys = keys;
  wc_debug ("%u keys of %s", wc_jwt_keys_count (keys), source->where);
  return TRUE;
}

static void
on_answer (const WcWebAnswer *answer, gpointer user_data)
{
  WcJwtSource *source = user_data;
  g_autoptr (GError) reason = NULL;

  if (answer->error != NULL)
    wc_warning ("[auth] jwt-keys: %s: %s", source->where,
                answer->error->message);
  else if (answer->status != 200)
    wc_warning ("[auth] jwt-keys: %s: status %u", source->where,
                answer->status);
  else if (!take_keys (source, g_bytes_get_data (answer->body, NULL),
                       g_bytes_get_size (answer->body), &reason))
    wc_warning ("[auth] jwt-keys: %s: %s", source->where, reason->message);
}

static gboolean
ask (gpointer user_data)
{
  WcJwtSource *source = user_data;

  source->asked_us = wc_clock_now_us ();
  wc_web_get (source->web, source->where, on_answer, source);
  return G_SOURCE_CONTINUE;
}

static gboolean
is_same_file (const GStatBuf *a, const GStatBuf *b)
{
  return a->st_ino == b->st_ino && a->st_size == b->st_size &&
         a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
         a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static gboolean
is_as_read (WcJwtSource *source, GStatBuf *now)
{
  return g_stat (source->where, now) == 0 && is_same_file (now, &source->mark);
}

static gboolean
read_file (WcJwtSource *source, GError **error)
{
  g_autofree char *text = NULL;
  gsize size;
  GStatBuf now;

  source->asked_us = wc_clock_now_us ();
  if (source->keys != NULL && is_as_read (source, &now))
    return TRUE;
  if (g_stat (source->where, &source->mark) == 0 &&
      source->mark.st_size > MAX_SIZE) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s is too large",
                 source->where);
    return FALSE;
  }
  return g_file_get_contents (source->where, &text, &size, error) &&
         take_keys (source, text, size, error);
}

WcJwtSource *
wc_jwt_source_new (const char *where, GError **error)
{
  g_autoptr (WcJwtSource) source = g_new0 (WcJwtSource, 1);

  source->where = g_strdup (where);
  if (!g_str_has_prefix (where, "http://") &&
      !g_str_has_prefix (where, "https://")) {
    if (read_file (source, error))
      return g_steal_pointer (&source);
    g_prefix_error (error, "[auth] jwt-keys: %s: ", where);
    return NULL;
  }
  source->web = wc_web_new (TIMEOUT_MS, MAX_SIZE);
  source->refresh_source = g_timeout_add_seconds (REFRESH_S, ask, source);
  ask (source);
  return g_steal_pointer (&source);
}

void
wc_jwt_source_free (WcJwtSource *source)
{
  if (source->refresh_source != 0)
    g_source_remove (source->refresh_source);
  g_clear_pointer (&source->web, wc_web_free);
  g_clear_pointer (&source->keys, wc_jwt_keys_free);
  g_free (source->where);
  g_free (source);
}

const char *
wc_jwt_source_where (const WcJwtSource *source)
{
  return source->where;
}

gboolean
wc_jwt_source_differs (const WcJwtSource *source, const WcJwtSource *other)
{
  return source->web == NULL && other->web == NULL &&
         !is_same_file (&source->mark, &other->mark);
}

void
wc_jwt_source_refresh (WcJwtSource *source)
{
  if (source->web != NULL)
    ask (source);
}

const WcJwtKeys *
wc_jwt_source_keys (WcJwtSource *source)
{
  g_autoptr (GError) error = NULL;

  if (source->web == NULL &&
      wc_clock_now_us () - source->asked_us >= FILE_INTERVAL_US &&
      !read_file (source, &error))
    wc_warning ("[auth] jwt-keys stay as they were: %s", error->message);
  return source->keys;
}

void
wc_jwt_source_miss (WcJwtSource *source)
{
  if (source->web != NULL &&
      wc_clock_now_us () - source->asked_us >= MIN_INTERVAL_US)
    ask (source);
}
