/* SPDX-License-Identifier: MIT */
#include "ingest/whep-http.h"

#include "base/log.h"
#include "ingest/ingest.h"
#include "ingest/retry-after.h"
#include "ingest/tls-pin.h"

#include <libsoup/soup.h>
#include <string.h>

#define MAX_ANSWER (64 * 1024)
#define MAX_REDIRECTS 3
#define MAX_RETRY_AFTER_S 300
#define IO_TIMEOUT_S 8
#define DELETE_TIMEOUT_S 2

struct WcWhepHttp {
  SoupSession *session;
  GUri *url; /* nullable: not one */
  char *token;
  char *pin; /* nullable; as of wc_tls_pin_of () */
};

/* One POST, over its redirects. Owned by its task. */
typedef struct {
  SoupSession *session;
  GUri *origin; /* whom the token is for */
  char *token;
  char *pin;
  char *distrust; /* nullable: what is held against the certificate */
  char *offer;
  SoupMessage *message;
  GByteArray *body;
  guint redirects;
  guint retry_after_s;
} Post;

static void
post_free (gpointer data)
{
  Post *post = data;

  if (post->message != NULL)
    g_signal_handlers_disconnect_by_data (post->message, post);
  g_clear_object (&post->message);
  g_clear_object (&post->session);
  g_byte_array_unref (post->body);
  g_uri_unref (post->origin);
  g_free (post->token);
  g_free (post->pin);
  g_free (post->distrust);
  g_free (post->offer);
  g_free (post);
}

void
wc_whep_http_answer_free (WcWhepHttpAnswer *answer)
{
  g_bytes_unref (answer->sdp);
  g_free (answer->session_url);
  g_free (answer);
}

G_GNUC_PRINTF (3, 4)
static void
refuse (GTask *task, WcIngestError code, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_task_return_new_error (task, WC_INGEST_ERROR, (int)code, "%s", text);
  g_object_unref (task);
}

/* --- requests ---------------------------------------------------------------
 */

static gboolean
is_same_origin (GUri *a, GUri *b)
{
  return g_strcmp0 (g_uri_get_scheme (a), g_uri_get_scheme (b)) == 0 &&
         g_strcmp0 (g_uri_get_host (a), g_uri_get_host (b)) == 0 &&
         g_uri_get_port (a) == g_uri_get_port (b);
}

static SoupMessage *
make_message (const char *method, GUri *url, GUri *origin, const char *token)
{
  SoupMessage *message = soup_message_new_from_uri (method, url);

  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT |
                                       SOUP_MESSAGE_DO_NOT_USE_AUTH_CACHE);
  if (token != NULL && is_same_origin (url, origin)) {
    g_autofree char *value = g_strconcat ("Bearer ", token, NULL);
    soup_message_headers_replace (soup_message_get_request_headers (message),
                                  "Authorization", value);
  }
  return message;
}

/* What the host's authorities vouch for does not come here. */
static gboolean
on_accept_certificate (SoupMessage *message, GTlsCertificate *certificate,
                       GTlsCertificateFlags flags, gpointer user_data)
{
  Post *post = user_data;
  g_autofree char *pin = wc_tls_pin_of (certificate);

  if (g_strcmp0 (pin, post->pin) == 0)
    return TRUE;
  g_free (post->distrust);
  post->distrust = g_strdup_printf (
      "the server's certificate %s; if it is the right one, set "
      "tls_fingerprint to %s",
      wc_tls_pin_explain (flags), pin);
  return FALSE;
}

static gboolean
on_delete_certificate (SoupMessage *message, GTlsCertificate *certificate,
                       GTlsCertificateFlags flags, gpointer trusted)
{
  g_autofree char *pin = wc_tls_pin_of (certificate);

  return g_strcmp0 (pin, trusted) == 0;
}

static void send_offer (GTask *task, GUri *url);

/* --- answers ----------------------------------------------------------------
 */

/* Relative to the request (RFC 9110 section 10.2.2). NULL: there is none that
 * is of HTTP. (transfer full) */
static GUri *
read_location (SoupMessage *message)
{
  const char *text = soup_message_headers_get_one (
      soup_message_get_response_headers (message), "Location");
  g_autoptr (GUri) url =
      text != NULL ? g_uri_parse_relative (soup_message_get_uri (message), text,
                                           SOUP_HTTP_URI_FLAGS, NULL)
                   : NULL;

  if (url == NULL || g_uri_get_host (url) == NULL ||
      (!g_str_equal (g_uri_get_scheme (url), "http") &&
       !g_str_equal (g_uri_get_scheme (url), "https")))
    return NULL;
  return g_steal_pointer (&url);
}

/* From a secure place to an insecure one nobody is sent. */
static void
follow (GTask *task)
{
  Post *post = g_task_get_task_data (task);
  g_autoptr (GUri) url = read_location (post->message);
  GUri *from = soup_message_get_uri (post->message);

  if (url == NULL)
    refuse (task, WC_INGEST_ERROR_INVALID,
            "the server redirects to nowhere: its Location is no HTTP URL");
  else if (++post->redirects > MAX_REDIRECTS)
    refuse (task, WC_INGEST_ERROR_INVALID,
            "the server redirects more than %d times", MAX_REDIRECTS);
  else if (g_str_equal (g_uri_get_scheme (from), "https") &&
           !g_str_equal (g_uri_get_scheme (url), "https"))
    refuse (task, WC_INGEST_ERROR_INVALID,
            "the server redirects from https to http");
  else
    send_offer (task, url);
}

static void
read_retry_after (Post *post)
{
  post->retry_after_s = wc_retry_after_parse (
      soup_message_headers_get_one (
          soup_message_get_response_headers (post->message), "Retry-After"),
      g_get_real_time () / G_USEC_PER_SEC, MAX_RETRY_AFTER_S);
}

static void
refuse_status (GTask *task)
{
  Post *post = g_task_get_task_data (task);
  guint status = soup_message_get_status (post->message);

  read_retry_after (post);
  if (status == SOUP_STATUS_UNAUTHORIZED || status == SOUP_STATUS_FORBIDDEN)
    refuse (task, WC_INGEST_ERROR_INVALID,
            post->token != NULL
                ? "the server refuses the source-token (%u)"
                : "the server asks for a token (%u); give it as source-token",
            status);
  else if (status == SOUP_STATUS_NOT_FOUND)
    refuse (task, WC_INGEST_ERROR_INVALID,
            "the server knows no such WHEP endpoint (404); look at the url");
  else if (status == SOUP_STATUS_CONFLICT)
    refuse (task, WC_INGEST_ERROR_TRANSIENT,
            "the server has no picture now (409)");
  else if (status == SOUP_STATUS_NOT_ACCEPTABLE ||
           status == SOUP_STATUS_UNPROCESSABLE_ENTITY)
    refuse (task, WC_INGEST_ERROR_INVALID,
            "the server has nothing in a format that was offered (%u)", status);
  else
    refuse (task, WC_INGEST_ERROR_TRANSIENT, "the server answered %u", status);
}

static void
finish (GTask *task)
{
  Post *post = g_task_get_task_data (task);
  g_autoptr (GUri) location = read_location (post->message);
  WcWhepHttpAnswer *answer;

  if (location == NULL) {
    refuse (task, WC_INGEST_ERROR_INVALID,
            "the server answered without a Location of HTTP: it is no WHEP "
            "endpoint");
    return;
  }
  answer = g_new (WcWhepHttpAnswer, 1);
  answer->session_url = g_uri_to_string (location);
  answer->sdp = g_byte_array_free_to_bytes (g_steal_pointer (&post->body));
  post->body = g_byte_array_new ();
  g_task_return_pointer (task, answer,
                         (GDestroyNotify)wc_whep_http_answer_free);
  g_object_unref (task);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Post *post = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (
      G_INPUT_STREAM (source), result, &error);

  if (bytes == NULL) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  if (g_bytes_get_size (bytes) == 0) {
    finish (task);
    return;
  }
  g_byte_array_append (post->body, g_bytes_get_data (bytes, NULL),
                       (guint)g_bytes_get_size (bytes));
  if (post->body->len > MAX_ANSWER) {
    refuse (task, WC_INGEST_ERROR_INVALID,
            "the server's answer is longer than %d bytes", MAX_ANSWER);
    return;
  }
  g_input_stream_read_bytes_async (
      G_INPUT_STREAM (source), 8192, G_PRIORITY_DEFAULT,
      g_task_get_cancellable (task), on_read, task);
}

static gboolean
is_sdp (SoupMessage *message)
{
  const char *type = soup_message_headers_get_content_type (
      soup_message_get_response_headers (message), NULL);

  return type != NULL && g_ascii_strcasecmp (type, "application/sdp") == 0;
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Post *post = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GInputStream) stream =
      soup_session_send_finish (SOUP_SESSION (source), result, &error);
  guint status;

  if (stream == NULL && post->distrust != NULL) {
    g_error_free (error);
    refuse (task, WC_INGEST_ERROR_INVALID, "%s", post->distrust);
    return;
  }
  if (stream == NULL) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  status = soup_message_get_status (post->message);
  if (status == SOUP_STATUS_TEMPORARY_REDIRECT ||
      status == SOUP_STATUS_PERMANENT_REDIRECT)
    follow (task);
  else if (status != SOUP_STATUS_CREATED)
    refuse_status (task);
  else if (!is_sdp (post->message))
    refuse (task, WC_INGEST_ERROR_INVALID,
            "the server's answer is not application/sdp: it is no WHEP "
            "endpoint");
  else
    g_input_stream_read_bytes_async (stream, 8192, G_PRIORITY_DEFAULT,
                                     g_task_get_cancellable (task), on_read,
                                     task);
}

static void
send_offer (GTask *task, GUri *url)
{
  Post *post = g_task_get_task_data (task);
  g_autoptr (GBytes) body = g_bytes_new (post->offer, strlen (post->offer));

  g_clear_object (&post->message);
  post->message = make_message ("POST", url, post->origin, post->token);
  g_signal_connect (post->message, "accept-certificate",
                    G_CALLBACK (on_accept_certificate), post);
  soup_message_headers_replace (
      soup_message_get_request_headers (post->message), "Accept",
      "application/sdp");
  soup_message_set_request_body_from_bytes (post->message, "application/sdp",
                                            body);
  soup_session_send_async (post->session, post->message, G_PRIORITY_DEFAULT,
                           g_task_get_cancellable (task), on_sent, task);
}

void
wc_whep_http_post_async (WcWhepHttp *http, const char *offer,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  Post *post;

  if (http->url == NULL) {
    refuse (task, WC_INGEST_ERROR_INVALID, "its url is not one");
    return;
  }
  post = g_new0 (Post, 1);
  post->session = g_object_ref (http->session);
  post->origin = g_uri_ref (http->url);
  post->token = g_strdup (http->token);
  post->pin = g_strdup (http->pin);
  post->offer = g_strdup (offer);
  post->body = g_byte_array_new ();
  g_task_set_task_data (task, post, post_free);
  send_offer (task, http->url);
}

/* What libsoup and GIO say is a state of the network: it may pass. */
WcWhepHttpAnswer *
wc_whep_http_post_finish (GAsyncResult *result, guint *retry_after_s,
                          GError **error)
{
  GTask *task = G_TASK (result);
  const Post *post = g_task_get_task_data (task);
  GError *cause = NULL;
  WcWhepHttpAnswer *answer = g_task_propagate_pointer (task, &cause);

  *retry_after_s = post != NULL ? post->retry_after_s : 0;
  if (answer != NULL)
    return answer;
  if (cause->domain != WC_INGEST_ERROR &&
      !g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_TRANSIENT,
                 "the server cannot be reached: %s", cause->message);
    g_error_free (cause);
    return NULL;
  }
  g_propagate_error (error, cause);
  return NULL;
}

/* --- the end of a session ----------------------------------------------------
 */

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) stream =
      soup_session_send_finish (SOUP_SESSION (source), result, &error);

  if (stream == NULL)
    wc_debug ("DELETE of a WHEP session: %s", error->message);
}

/* With a session of its own, which lives until it is answered. */
void
wc_whep_http_delete (WcWhepHttp *http, const char *session_url)
{
  g_autoptr (GUri) url = g_uri_parse (session_url, SOUP_HTTP_URI_FLAGS, NULL);
  g_autoptr (SoupSession) session = NULL;
  g_autoptr (SoupMessage) message = NULL;

  if (url == NULL)
    return;
  session = soup_session_new_with_options ("timeout", DELETE_TIMEOUT_S,
                                           "proxy-resolver", NULL, NULL);
  message = make_message ("DELETE", url, http->url, http->token);
  g_signal_connect_data (
      message, "accept-certificate", G_CALLBACK (on_delete_certificate),
      g_strdup (http->pin), (GClosureNotify)(GCallback)g_free, 0);
  soup_session_send_async (session, message, G_PRIORITY_DEFAULT, NULL,
                           on_deleted, NULL);
}

WcWhepHttp *
wc_whep_http_new (const char *url, const char *token, const char *fingerprint)
{
  WcWhepHttp *http = g_new0 (WcWhepHttp, 1);

  http->session =
      soup_session_new_with_options ("timeout", IO_TIMEOUT_S, "user-agent",
                                     "whepcast", "proxy-resolver", NULL, NULL);
  http->url = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  http->token = g_strdup (token);
  http->pin = wc_tls_pin_read (fingerprint);
  return http;
}

void
wc_whep_http_free (WcWhepHttp *http)
{
  soup_session_abort (http->session);
  g_object_unref (http->session);
  g_clear_pointer (&http->url, g_uri_unref);
  g_free (http->token);
  g_free (http->pin);
  g_free (http);
}
