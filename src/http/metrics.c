/* SPDX-License-Identifier: MIT */
#include "http/metrics.h"

#include "http/api.h"
#include "stats/metrics-text.h"

gboolean
wc_metrics_check (WcRequest *request)
{
  return request->context->config->metrics_open || wc_api_check (request);
}

void
wc_metrics_get (WcRequest *request)
{
  GString *text = wc_metrics_write (request->context->metrics);

  wc_request_answer (request, 200, WC_METRICS_TEXT_TYPE, text->str, text->len);
  g_string_free (text, TRUE);
}
