/* SPDX-License-Identifier: MIT */
/* An operator's own server that decides who may watch and publish: `[auth]
 * hook-url`. It gets a POST of JSON and answers 2xx for yes. Whatever else
 * happens is a no. Main thread. */
#pragma once

#include "access/verdict.h"

#include <gio/gio.h>

typedef struct WcHook WcHook;

typedef struct {
  WcAccessAction action;
  const char *mountpoint;
  const char *address;    /* of the client */
  const char *user_agent; /* nullable */
  const char *token;      /* nullable: the bearer token that came */
} WcHookQuestion;

/** Called once, perhaps at once. */
typedef void (*WcHookFunc) (WcAccessVerdict verdict, gpointer user_data);

/** @cache_ms: how long an answer holds for the same question; 0: not at all. */
WcHook *wc_hook_new (const char *url, guint timeout_ms, guint cache_ms);
/** The same from now on. Questions that are under way are waited for, but their
 * answers hold for nobody else. */
void wc_hook_change (WcHook *hook, const char *url, guint timeout_ms,
                     guint cache_ms);
/** Whoever still waits is told WC_ACCESS_UNKNOWN. */
void wc_hook_free (WcHook *hook);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcHook, wc_hook_free)

/** 2xx: granted. 401: invalid, or missing if no token came. Another 4xx:
 * forbidden. Anything else, too late, or too many at once: unknown, which is
 * never kept. */
void wc_hook_ask (WcHook *hook, const WcHookQuestion *question, WcHookFunc func,
                  gpointer user_data);
