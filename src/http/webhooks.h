/* SPDX-License-Identifier: MIT */
/* Tells an operator's own server what happens, by POST: `[events] webhook-url`.
 * Signed as Standard Webhooks has it. Events of one mountpoint arrive in their
 * order, those of others beside them; what fails is sent again for a while, and
 * what is given up is counted and told. Owned by the server; main thread. */
#pragma once

#include "config/change.h"
#include "http/event-log.h"

typedef struct WcWebhooks WcWebhooks;

/** @config, @log: borrowed, outlive it. Without `webhook-url` it tells nobody.
 * Errors of WC_ACCESS_ERROR: the secret cannot be read, or is none. */
WcWebhooks *wc_webhooks_new (const WcConfig *config, WcEventLog *log,
                             GError **error);
/** What a configuration that was read again makes of it. */
typedef struct WcWebhooksReload WcWebhooksReload;

/** Reads the secret of @wanted; the errors are those of wc_webhooks_new ().
 * Nothing has changed yet. */
WcWebhooksReload *wc_webhooks_reload_new (WcWebhooks *webhooks,
                                          const WcConfig *wanted,
                                          GError **error);
void wc_webhooks_reload_free (WcWebhooksReload *reload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcWebhooksReload, wc_webhooks_reload_free)
/** Goes by it from now on, after the configuration has changed: what waits goes
 * where the configuration says now, also if it was paused or gone; without
 * `webhook-url` it is lost. Adds to @changes (WcChange) the file that has
 * another content. */
void wc_webhooks_reload_commit (WcWebhooksReload *reload, GPtrArray *changes);

/** What was not delivered is lost, and said so in the log. */
void wc_webhooks_free (WcWebhooks *webhooks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcWebhooks, wc_webhooks_free)

/** Events that are being sent or are about to be: those that wait to be sent
 * again are not among them. */
guint wc_webhooks_n_under_way (WcWebhooks *webhooks);

typedef enum {
  WC_WEBHOOKS_SENDING,
  WC_WEBHOOKS_PAUSED, /* 429 or 503 with a Retry-After that is not over */
  WC_WEBHOOKS_GONE,   /* 410: it is sent nothing more */
} WcWebhooksState;

/** "sending", "paused", "gone". */
const char *wc_webhooks_state_name (WcWebhooksState state);

typedef struct {
  WcWebhooksState state;
  guint64 paused_ms; /* how long still; 0 unless it is PAUSED */
  guint waiting;     /* events, those that are being sent too */
  guint64 delivered; /* answered 2xx */
  guint64 failed;    /* attempts */
  guint64 lost;      /* given up, or no room for them */
  const char *error; /* of the last attempt; NULL: it was good. Borrowed */
} WcWebhookStats;

void wc_webhooks_get_stats (WcWebhooks *webhooks, WcWebhookStats *stats);
