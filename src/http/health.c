/* SPDX-License-Identifier: MIT */
#include "http/health.h"

#define OK "ok\n"

static void
answer_ok (WcRequest *request)
{
  wc_request_set_field (request, "Cache-Control", "no-store");
  wc_request_answer (request, 200, "text/plain", OK, sizeof OK - 1);
}

void
wc_health_alive (WcRequest *request)
{
  answer_ok (request);
}

void
wc_health_ready (WcRequest *request)
{
  gboolean drains = wc_drain_state (request->context->drain) != WC_DRAIN_OFF;

  if (request->context->ready && !drains) {
    answer_ok (request);
    return;
  }
  wc_request_set_field (request, "Retry-After", "1");
  wc_request_answer_problem (request, 503, "the server is %s",
                             drains ? "being drained" : "starting or stopping");
}
