/* SPDX-License-Identifier: MIT */
/* The secret that webhooks are signed with, and the signature, as Standard
 * Webhooks has them (version 1.0.0 of the specification, "Signature scheme").
 * Constant once made; any thread. */
#pragma once

#include <glib.h>

typedef struct WcWebhookKey WcWebhookKey;

/** @secret: `whsec_` and base64 of 24 to 64 bytes, or a text of 16 to 256
 * visible ASCII characters, whose bytes are the key. NULL: it is neither. */
WcWebhookKey *wc_webhook_key_new (const char *secret);
void wc_webhook_key_free (WcWebhookKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcWebhookKey, wc_webhook_key_free)

gboolean wc_webhook_key_equal (const WcWebhookKey *a, const WcWebhookKey *b);

/** The rule of wc_webhook_key_new () in words. */
#define WC_WEBHOOK_SECRET_RULE                                                 \
  "whsec_ and base64 of 24 to 64 bytes, or 16 to 256 visible ASCII characters"

/** The field webhook-signature: "v1," and base64 of the HMAC-SHA256 of
 * "@id.@timestamp.@body". @timestamp: seconds since 1970. (transfer full) */
char *wc_webhook_key_sign (const WcWebhookKey *key, const char *id,
                           gint64 timestamp, const char *body);
