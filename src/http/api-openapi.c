/* SPDX-License-Identifier: MIT */
#include "http/api-openapi.h"

#include "api-resources.h"
#include "http/pages.h"

#define PATH "/whepcast/http/openapi.json"

GBytes *
wc_api_openapi_document (void)
{
  return g_resource_lookup_data (wc_api_get_resource (), PATH,
                                 G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

void
wc_api_openapi_get (WcRequest *request)
{
  g_autoptr (GBytes) document = wc_api_openapi_document ();

  wc_pages_answer (request, document, "application/json");
}
