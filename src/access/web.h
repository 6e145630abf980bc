/* SPDX-License-Identifier: MIT */
/* Asks other servers over HTTP: no redirects, no cookies, a time limit, and
 * answers up to a size. Main thread. */
#pragma once

#include <gio/gio.h>

typedef struct WcWeb WcWeb;

/** What came back: either @error, or the rest. Borrowed. */
typedef struct {
  const GError *error;
  guint status;        /* 0 with @error */
  guint retry_after_s; /* when to ask again, at most an hour; 0: not said */
  GBytes *body;
} WcWebAnswer;

typedef void (*WcWebFunc) (const WcWebAnswer *answer, gpointer user_data);

WcWeb *wc_web_new (guint timeout_ms, gsize max_size);
/** Whoever still waits is told so, with an error. */
void wc_web_free (WcWeb *web);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcWeb, wc_web_free)

/** Of what is asked from now on. */
void wc_web_set_timeout (WcWeb *web, guint timeout_ms);

void wc_web_get (WcWeb *web, const char *url, WcWebFunc func,
                 gpointer user_data);
/** POSTs @json. */
void wc_web_post (WcWeb *web, const char *url, const char *json, WcWebFunc func,
                  gpointer user_data);

typedef struct {
  const char *name, *value;
} WcWebField;

/** The same with @n header fields. */
void wc_web_post_with_fields (WcWeb *web, const char *url, const char *json,
                              const WcWebField *fields, guint n, WcWebFunc func,
                              gpointer user_data);
/** How many have not been answered. */
guint wc_web_n_waiting (WcWeb *web);
