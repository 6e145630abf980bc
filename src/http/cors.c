/* SPDX-License-Identifier: MIT */
#include "http/cors.h"

#define METHODS "OPTIONS, GET, HEAD, POST, PATCH, DELETE"
#define REQUEST_FIELDS                                                         \
  "Authorization, Content-Type, If-Match, If-None-Match, ETag, Accept, "       \
  "Cache-Control, Last-Event-ID"
#define EXPOSED_FIELDS                                                         \
  "Location, ETag, Link, Retry-After, Accept-Post, Accept-Patch, "             \
  "WWW-Authenticate, Access-Control-Allow-Methods"
#define MAX_AGE_S "86400"

const char *
wc_cors_allow_origin (char *const *allowed, const char *origin)
{
  for (guint i = 0; allowed != NULL && allowed[i] != NULL; i++) {
    if (g_str_equal (allowed[i], "*"))
      return "*";
    if (g_ascii_strcasecmp (allowed[i], origin) == 0)
      return origin;
  }
  return NULL;
}

static const char *
allowed_origin (char *const *allowed, SoupMessageHeaders *request)
{
  const char *origin = soup_message_headers_get_one (request, "Origin");

  return origin != NULL ? wc_cors_allow_origin (allowed, origin) : NULL;
}

void
wc_cors_apply (char *const *allowed, SoupMessageHeaders *request,
               SoupMessageHeaders *response)
{
  const char *origin = soup_message_headers_get_one (request, "Origin");
  /* Open to all is said to everybody: the answer may be cached for others. */
  const char *value =
      wc_cors_allow_origin (allowed, origin != NULL ? origin : "");

  if (value == NULL || !g_str_equal (value, "*"))
    soup_message_headers_replace (response, "Vary", "Origin");
  if (value == NULL || value[0] == '\0')
    return;
  soup_message_headers_replace (response, "Access-Control-Allow-Origin", value);
  soup_message_headers_replace (response, "Access-Control-Expose-Headers",
                                EXPOSED_FIELDS);
}

void
wc_cors_apply_options (char *const *allowed, SoupMessageHeaders *request,
                       SoupMessageHeaders *response)
{
  soup_message_headers_replace (response, "Access-Control-Allow-Methods",
                                METHODS);
  if (allowed_origin (allowed, request) == NULL)
    return;
  soup_message_headers_replace (response, "Access-Control-Allow-Headers",
                                REQUEST_FIELDS);
  soup_message_headers_replace (response, "Access-Control-Max-Age", MAX_AGE_S);
  if (soup_message_headers_get_one (
          request, "Access-Control-Request-Private-Network") != NULL)
    soup_message_headers_replace (
        response, "Access-Control-Allow-Private-Network", "true");
}

gboolean
wc_cors_is_preflight (SoupMessageHeaders *request)
{
  return soup_message_headers_get_one (request, "Origin") != NULL &&
         soup_message_headers_get_one (request,
                                       "Access-Control-Request-Method") != NULL;
}
