/* SPDX-License-Identifier: MIT */
#include "http/metrics.h"

#include "http/api.h"
#include "stats/metrics-text.h"

#define STAT(field) G_STRUCT_OFFSET (WcWebhookStats, field)

static const WcCounterField webhook_counters[] = {
    {"whepcast_webhook_delivered_events_total",
     "Events that [events] webhook-url has taken.", STAT (delivered)},
    {"whepcast_webhook_lost_events_total",
     "Events that were given up, or for which there was no room.", STAT (lost)},
    {"whepcast_webhook_failed_attempts_total",
     "Times that it did not take one.", STAT (failed)},
};

gboolean
wc_metrics_check (WcRequest *request)
{
  return request->context->config->metrics_open || wc_api_check (request);
}

static void
write_state (GString *text, WcWebhooksState state)
{
  static const char *const name = "whepcast_webhook_state";

  wc_metrics_text_family (text, name, WC_METRIC_GAUGE,
                          "1 of the state that it is in, else 0.");
  for (guint i = WC_WEBHOOKS_SENDING; i <= WC_WEBHOOKS_GONE; i++) {
    g_autoptr (GString) labels = g_string_new (NULL);
    wc_metrics_text_label (labels, "state",
                           wc_webhooks_state_name ((WcWebhooksState)i));
    wc_metrics_text_count (text, name, labels->str, i == state);
  }
}

static void
write_webhooks (GString *text, WcWebhooks *webhooks)
{
  WcWebhookStats stats;

  wc_webhooks_get_stats (webhooks, &stats);
  for (gsize i = 0; i < G_N_ELEMENTS (webhook_counters); i++) {
    const WcCounterField *counter = &webhook_counters[i];
    wc_metrics_text_family (text, counter->name, WC_METRIC_COUNTER,
                            counter->help);
    wc_metrics_text_count (text, counter->name, NULL,
                           wc_metric_field (&stats, counter->offset));
  }
  wc_metrics_text_gauge (text, "whepcast_webhook_waiting_events",
                         "Events that are sent, or will be.", stats.waiting);
  write_state (text, stats.state);
}

void
wc_metrics_get (WcRequest *request)
{
  const WcHttpContext *context = request->context;
  GString *text = wc_metrics_write (context->metrics);

  if (context->config->webhook_url != NULL)
    write_webhooks (text, context->webhooks);
  wc_request_answer (request, 200, WC_METRICS_TEXT_TYPE, text->str, text->len);
  g_string_free (text, TRUE);
}
