/* SPDX-License-Identifier: MIT */
#include "http/refusal.h"

#include "http/cors.h"
#include "http/problem.h"

#include <string.h>

#define METHODS "GET, HEAD, POST, PATCH, DELETE, OPTIONS"
#define RETRY_AFTER_S 5

static GString *
begin (guint status)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "HTTP/1.1 %u %s\r\nServer: whepcast\r\n",
                          status, wc_problem_title (status));
  g_string_append (text, "Connection: close\r\nCache-Control: no-store\r\n"
                         "X-Content-Type-Options: nosniff\r\n");
  return text;
}

static void
append_cors (GString *text, const WcHead *head, char *const *origins,
             gboolean options)
{
  SoupMessageHeaders *request =
      soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  SoupMessageHeaders *response =
      soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  const char *origin = head != NULL ? wc_head_field (head, "Origin") : NULL;
  SoupMessageHeadersIter iter;
  const char *name, *value;

  if (origin != NULL)
    soup_message_headers_append (request, "Origin", origin);
  wc_cors_apply (origins, request, response);
  if (options)
    wc_cors_apply_options (origins, request, response);
  soup_message_headers_iter_init (&iter, response);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    g_string_append_printf (text, "%s: %s\r\n", name, value);
  soup_message_headers_unref (request);
  soup_message_headers_unref (response);
}

GString *
wc_refusal_write (const WcHead *head, char *const *cors_origins,
                  const WcHeadProblem *problem)
{
  g_autofree char *document =
      wc_problem_write (problem->status, problem->detail);
  gboolean bodiless = head != NULL && g_strcmp0 (head->method, "HEAD") == 0;
  GString *text = begin (problem->status);

  append_cors (text, head, cors_origins, FALSE);
  if (problem->status == 503)
    g_string_append_printf (text, "Retry-After: %d\r\n", RETRY_AFTER_S);
  g_string_append_printf (text,
                          "Content-Type: application/problem+json\r\n"
                          "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                          strlen (document), bodiless ? "" : document);
  return text;
}

GString *
wc_refusal_write_options (const WcHead *head, char *const *cors_origins)
{
  GString *text = begin (200);

  append_cors (text, head, cors_origins, TRUE);
  g_string_append (text, "Allow: " METHODS "\r\nContent-Length: 0\r\n\r\n");
  return text;
}
