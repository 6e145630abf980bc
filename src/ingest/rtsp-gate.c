/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-gate.h"

#include "base/id.h"
#include "base/log.h"
#include "ingest/rtsp-connection.h"
#include "ingest/rtsp-credentials.h"
#include "sdp/announce.h"

#include <string.h>

#define ALLOWED                                                                \
  "OPTIONS, ANNOUNCE, SETUP, RECORD, PAUSE, TEARDOWN, GET_PARAMETER, "         \
  "SET_PARAMETER"
#define MAX_TRANSPORT 1024

struct _WcRtspGate {
  GstRTSPAuth parent;
};

G_DEFINE_FINAL_TYPE (WcRtspGate, wc_rtsp_gate, GST_TYPE_RTSP_AUTH)

/* A request and where it came from. */
typedef struct {
  GstRTSPContext *context;
  WcRtspConnection *connection;
} Request;

/* --- answers -------------------------------------------------------------- */

static void
send_answer (Request *request)
{
  GstRTSPContext *context = request->context;

  gst_rtsp_client_send_message (context->client, context->session,
                                context->response);
}

static void
init_answer (Request *request, guint status, const char *reason)
{
  gst_rtsp_message_init_response (
      request->context->response, status,
      reason != NULL ? reason : gst_rtsp_status_as_text (status),
      request->context->request);
}

/* Returns FALSE: gst-rtsp-server has nothing left to do. */
static gboolean
answer (Request *request, guint status, const char *reason)
{
  init_answer (request, status, reason);
  send_answer (request);
  return FALSE;
}

/* The reason is what ffmpeg prints after the status. */
static gboolean refuse (Request *request, guint status, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static gboolean
refuse (Request *request, guint status, const char *format, ...)
{
  char text[WC_ADDRESS_STRLEN];
  va_list args;

  va_start (args, format);
  g_autofree char *reason = g_strdup_vprintf (format, args);
  va_end (args);
  wc_info ("RTSP: %s of %s is refused: %u %s",
           gst_rtsp_method_as_text (request->context->method),
           wc_address_format (wc_rtsp_connection_address (request->connection),
                              text),
           status, reason);
  return answer (request, status, reason);
}

static gboolean
ask_for_credentials (Request *request)
{
  GstRTSPMessage *response = request->context->response;
  g_autofree char *digest =
      g_strdup_printf ("Digest realm=\"" WC_RTSP_REALM "\", nonce=\"%s\"",
                       wc_rtsp_connection_nonce (request->connection));

  init_answer (request, GST_RTSP_STS_UNAUTHORIZED,
               "Unauthorized: the password is the mountpoint's publish_token");
  gst_rtsp_message_add_header (response, GST_RTSP_HDR_WWW_AUTHENTICATE, digest);
  gst_rtsp_message_add_header (response, GST_RTSP_HDR_WWW_AUTHENTICATE,
                               "Basic realm=\"" WC_RTSP_REALM "\"");
  send_answer (request);
  return FALSE;
}

static gboolean
answer_options (Request *request)
{
  init_answer (request, GST_RTSP_STS_OK, NULL);
  gst_rtsp_message_add_header (request->context->response, GST_RTSP_HDR_PUBLIC,
                               ALLOWED);
  send_answer (request);
  return FALSE;
}

static gboolean
refuse_method (Request *request)
{
  init_answer (request, GST_RTSP_STS_METHOD_NOT_ALLOWED,
               "Method Not Allowed: streams are taken here, and watched over "
               "WHEP");
  gst_rtsp_message_add_header (request->context->response, GST_RTSP_HDR_ALLOW,
                               ALLOWED);
  send_answer (request);
  return FALSE;
}

/* --- ANNOUNCE ------------------------------------------------------------- */

/* "/cam1" or "/cam1/" */
static char *
mountpoint_of (const GstRTSPUrl *url)
{
  const char *path = url != NULL && url->abspath != NULL ? url->abspath : "";
  char *id = g_strdup (path[0] == '/' ? path + 1 : path);
  gsize length = strlen (id);

  if (length > 0 && id[length - 1] == '/')
    id[length - 1] = '\0';
  return id;
}

/* The library makes paths out of the query as well. */
static char *
take_query (GstRTSPUrl *url)
{
  return url != NULL ? g_steal_pointer (&url->query) : NULL;
}

static gboolean
check_content (Request *request, const char **text, guint *size)
{
  GstRTSPMessage *message = request->context->request;
  char *type = NULL;
  guint8 *body = NULL;

  gst_rtsp_message_get_header (message, GST_RTSP_HDR_CONTENT_TYPE, &type, 0);
  gst_rtsp_message_get_body (message, &body, size);
  if (type != NULL && g_ascii_strcasecmp (type, "application/sdp") != 0)
    return refuse (request, GST_RTSP_STS_UNSUPPORTED_MEDIA_TYPE,
                   "the body must be application/sdp");
  /* GStreamer counts a NUL of its own behind it. */
  if (body != NULL && *size > 0 && body[*size - 1] == '\0')
    (*size)--;
  if (body == NULL || *size == 0)
    return refuse (request, GST_RTSP_STS_BAD_REQUEST, "the body is missing");
  *text = (const char *)body;
  return TRUE;
}

/* Accepted: the library gets our words for it. */
static gboolean
replace_body (Request *request, const GPtrArray *streams)
{
  char *text = wc_sdp_announce_write (streams);

  gst_rtsp_message_take_body (request->context->request, (guint8 *)text,
                              strlen (text));
  return TRUE;
}

static gboolean
decide (Request *request, WcRtspPoint *point)
{
  const char *text = NULL;
  guint size = 0;
  g_autoptr (GError) error = NULL;
  WcRtspVerdict verdict = {0};

  if (!check_content (request, &text, &size))
    return FALSE;
  g_autoptr (GPtrArray) streams = wc_sdp_announce_parse (text, size, &error);
  if (streams == NULL)
    return refuse (request,
                   error->code == WC_SDP_ERROR_INVALID
                       ? GST_RTSP_STS_BAD_REQUEST
                       : GST_RTSP_STS_UNSUPPORTED_MEDIA_TYPE,
                   "%s: %s", wc_rtsp_point_id (point), error->message);

  wc_rtsp_connection_announce (request->connection, point, streams, &verdict);
  if (verdict.status != GST_RTSP_STS_OK)
    return refuse (request, verdict.status, "%s: %s", wc_rtsp_point_id (point),
                   verdict.message);
  return replace_body (request, streams);
}

static gboolean
check_announce (Request *request)
{
  GstRTSPContext *context = request->context;
  g_autofree char *query = take_query (context->uri);
  g_autofree char *id = mountpoint_of (context->uri);

  if (wc_rtsp_connection_phase (request->connection) != WC_RTSP_CONNECTED)
    return refuse (request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE,
                   "this connection has announced something already");
  g_autoptr (WcRtspPoint) point =
      wc_id_is_valid (id)
          ? wc_rtsp_table_find (wc_rtsp_connection_table (request->connection),
                                id)
          : NULL;
  if (point == NULL)
    return refuse (request, GST_RTSP_STS_NOT_FOUND,
                   "no mountpoint of that name takes publishers by RTSP");
  g_autofree char *token = wc_rtsp_point_dup_token (point);
  if (token != NULL && !wc_rtsp_credentials_match (
                           context->request, query, token,
                           wc_rtsp_connection_nonce (request->connection)))
    return ask_for_credentials (request);
  if (!wc_rtsp_point_is_open (point))
    return refuse (request, GST_RTSP_STS_FORBIDDEN, "%s is disabled", id);
  return decide (request, point);
}

/* --- afterwards ----------------------------------------------------------- */

/* A publisher that appends the stream to a URL with a query has appended it to
 * the query: /cam1?token=x/streamid=0 */
static void
mend_url (GstRTSPUrl *url)
{
  g_autofree char *query = take_query (url);
  const char *slash = query != NULL ? strchr (query, '/') : NULL;

  if (slash == NULL)
    return;
  char *path = g_strconcat (url->abspath, slash, NULL);
  g_free (url->abspath);
  url->abspath = path;
}

/* TRUE if the request is about what this connection announced. */
static gboolean
is_own (Request *request)
{
  const GstRTSPUrl *url = request->context->uri;
  WcRtspPoint *point = wc_rtsp_connection_point (request->connection);
  g_autofree char *id = mountpoint_of (url);
  char *slash = strchr (id, '/');

  if (slash != NULL)
    *slash = '\0';
  return point != NULL && g_str_equal (id, wc_rtsp_point_id (point));
}

/* Whether it has announced something, and what the request is about is that. */
static gboolean
check_publisher (Request *request)
{
  WcRtspPhase phase = wc_rtsp_connection_phase (request->connection);

  if (request->context->uri != NULL)
    mend_url (request->context->uri);
  if ((phase == WC_RTSP_ANNOUNCED || phase == WC_RTSP_RECORDING) &&
      is_own (request))
    return TRUE;
  return refuse (request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE,
                 "Method Not Valid in This State: ANNOUNCE comes first");
}

static gboolean
is_recording (Request *request)
{
  return wc_rtsp_connection_phase (request->connection) == WC_RTSP_RECORDING;
}

static gboolean
check_setup (Request *request)
{
  char *transport = NULL;

  if (!check_publisher (request))
    return FALSE;
  if (is_recording (request))
    return answer (request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE, NULL);
  gst_rtsp_message_get_header (request->context->request,
                               GST_RTSP_HDR_TRANSPORT, &transport, 0);
  if (transport == NULL || strlen (transport) > MAX_TRANSPORT)
    return refuse (request, GST_RTSP_STS_UNSUPPORTED_TRANSPORT,
                   "Transport is missing or too long");
  return TRUE;
}

/* The library would complete the pipeline a second time. */
static gboolean
check_record (Request *request)
{
  if (!check_publisher (request))
    return FALSE;
  wc_rtsp_connection_set_paused (request->connection, FALSE);
  return !is_recording (request) || answer (request, GST_RTSP_STS_OK, NULL);
}

/* One that sends nothing is as good as paused. */
static gboolean
check_pause (Request *request)
{
  if (!check_publisher (request))
    return FALSE;
  wc_rtsp_connection_set_paused (request->connection, TRUE);
  return answer (request, GST_RTSP_STS_OK, NULL);
}

static gboolean
keep_going (Request *request)
{
  return check_publisher (request) && answer (request, GST_RTSP_STS_OK, NULL);
}

/* --- GstRTSPAuth ----------------------------------------------------------
 */

/* TRUE: the library goes on with it. FALSE: it is answered. */
static const struct {
  GstRTSPMethod method;
  gboolean (*check) (Request *request);
} methods[] = {
    {GST_RTSP_OPTIONS, answer_options},   {GST_RTSP_ANNOUNCE, check_announce},
    {GST_RTSP_SETUP, check_setup},        {GST_RTSP_RECORD, check_record},
    {GST_RTSP_TEARDOWN, check_publisher}, {GST_RTSP_PAUSE, check_pause},
    {GST_RTSP_GET_PARAMETER, keep_going}, {GST_RTSP_SET_PARAMETER, keep_going},
};

static gboolean
check_request (Request *request)
{
  if (!wc_rtsp_connection_count_request (request->connection))
    return answer (request, GST_RTSP_STS_SERVICE_UNAVAILABLE,
                   "Service Unavailable: too many requests");
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    if (methods[i].method == request->context->method)
      return methods[i].check (request);
  return refuse_method (request);
}

/* The other checks are of what passed this one. */
static gboolean
wc_rtsp_gate_check (GstRTSPAuth *auth, GstRTSPContext *context,
                    const char *check)
{
  if (!g_str_equal (check, GST_RTSP_AUTH_CHECK_URL))
    return !g_str_equal (check, GST_RTSP_AUTH_CHECK_TRANSPORT_CLIENT_SETTINGS);

  WcRtspConnection *connection = wc_rtsp_connection_of (context->client);
  Request request = {.context = context, .connection = connection};
  return connection != NULL && check_request (&request);
}

static void
wc_rtsp_gate_class_init (WcRtspGateClass *klass)
{
  GST_RTSP_AUTH_CLASS (klass)->check = wc_rtsp_gate_check;
}

static void
wc_rtsp_gate_init (WcRtspGate *self)
{
}

GstRTSPAuth *
wc_rtsp_gate_new (void)
{
  return g_object_new (WC_TYPE_RTSP_GATE, NULL);
}
