/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-extension.h"

#include "ingest/rtsp-guard.h"
#include "ingest/rtsp-headers.h"

#include <gst/rtsp/gstrtspextension.h>
#include <gst/rtsp/gstrtspmessage.h>
#include <string.h>

#define MAX_CHALLENGES 8
#define MAX_METHODS 32
#define ELEMENT_NAME "whepcastrtspguard"

#define WC_TYPE_RTSP_EXTENSION (wc_rtsp_extension_get_type ())
G_DECLARE_FINAL_TYPE (WcRtspExtension, wc_rtsp_extension, WC, RTSP_EXTENSION,
                      GstElement)

struct _WcRtspExtension {
  GstElement parent;
  WcRtspGuard *guard; /* NULL: an rtspsrc that is not ours */
};

static void implement_extension (gpointer interface, gpointer data);

G_DEFINE_FINAL_TYPE_WITH_CODE (WcRtspExtension, wc_rtsp_extension,
                               GST_TYPE_ELEMENT,
                               G_IMPLEMENT_INTERFACE (GST_TYPE_RTSP_EXTENSION,
                                                      implement_extension))

/* Main thread: of wc_rtsp_guard_set_next (). */
static WcRtspGuard *next_guard;

void
wc_rtsp_guard_set_next (WcRtspGuard *guard)
{
  next_guard = guard;
}

/* --- answers -------------------------------------------------------------- */

/* What rtspsrc needs of an answer. */
static gboolean
is_needed (GstRTSPHeaderField field)
{
  return field == GST_RTSP_HDR_CSEQ || field == GST_RTSP_HDR_SESSION ||
         field == GST_RTSP_HDR_TRANSPORT || field == GST_RTSP_HDR_PUBLIC ||
         field == GST_RTSP_HDR_ALLOW || field == GST_RTSP_HDR_LOCATION ||
         field == GST_RTSP_HDR_WWW_AUTHENTICATE ||
         field == GST_RTSP_HDR_CONTENT_TYPE ||
         field == GST_RTSP_HDR_CONTENT_BASE;
}

static void
strip_headers (GstRTSPMessage *response)
{
  for (int field = GST_RTSP_HDR_INVALID + 1; field < GST_RTSP_HDR_LAST; field++)
    if (!is_needed (field))
      gst_rtsp_message_remove_header (response, field, -1);
}

/* rtspsrc has looked at the status before it asks us: what is refused is taken
 * out of the answer, and rtspsrc cannot go on without it. */

static void
take_redirect (WcRtspGuard *guard, const GstRTSPMessage *request,
               GstRTSPMessage *response)
{
  char *location = NULL;

  gst_rtsp_message_get_header (response, GST_RTSP_HDR_LOCATION, &location, 0);
  if (!wc_rtsp_guard_check_redirect (guard, request->type_data.request.uri,
                                     location))
    gst_rtsp_message_remove_header (response, GST_RTSP_HDR_LOCATION, -1);
}

static void
take_description (WcRtspGuard *guard, GstRTSPMessage *response)
{
  guint8 *body = NULL;
  guint size = 0;
  char *text;

  gst_rtsp_message_get_body (response, &body, &size);
  text = wc_rtsp_guard_take_description (guard, (const char *)body,
                                         body != NULL ? size : 0);
  gst_rtsp_message_remove_header (response, GST_RTSP_HDR_CONTENT_TYPE, -1);
  gst_rtsp_message_take_body (response, (guint8 *)text,
                              text != NULL ? (guint)strlen (text) + 1 : 0);
}

static void
take_transport (WcRtspGuard *guard, const GstRTSPMessage *request,
                GstRTSPMessage *response)
{
  char *asked = NULL, *answered = NULL, *clean;

  gst_rtsp_message_get_header (request, GST_RTSP_HDR_TRANSPORT, &asked, 0);
  gst_rtsp_message_get_header (response, GST_RTSP_HDR_TRANSPORT, &answered, 0);
  clean = wc_rtsp_guard_take_transport (guard, asked != NULL ? asked : "",
                                        answered != NULL ? answered : "");
  gst_rtsp_message_remove_header (response, GST_RTSP_HDR_TRANSPORT, -1);
  if (clean != NULL)
    gst_rtsp_message_take_header (response, GST_RTSP_HDR_TRANSPORT, clean);
}

/* rtspsrc puts it into messages, which must be UTF-8. */
static void
replace_reason (GstRTSPMessage *response, GstRTSPStatusCode code)
{
  const char *text = gst_rtsp_status_as_text (code);

  g_free (response->type_data.response.reason);
  response->type_data.response.reason = g_strdup (text != NULL ? text : "?");
}

/* What it asks for, in our words. TRUE: only a nonce was too old. */
static gboolean
clean_challenges (GstRTSPMessage *response)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_free);
  gboolean any_stale = FALSE;
  char *text;

  for (int i = 0;
       i < MAX_CHALLENGES &&
       gst_rtsp_message_get_header (response, GST_RTSP_HDR_WWW_AUTHENTICATE,
                                    &text, i) == GST_RTSP_OK;
       i++) {
    gboolean stale;
    GPtrArray *some = wc_rtsp_challenges_clean (text, &stale);
    g_ptr_array_extend_and_steal (all, some);
    any_stale |= stale;
  }
  gst_rtsp_message_remove_header (response, GST_RTSP_HDR_WWW_AUTHENTICATE, -1);
  for (guint i = 0; i < all->len; i++)
    gst_rtsp_message_add_header (response, GST_RTSP_HDR_WWW_AUTHENTICATE,
                                 all->pdata[i]);
  return any_stale;
}

/* rtspsrc gives the same name and password again and again, and cameras lock
 * out who does. Once is enough, but for a nonce that was too old. */
static void
take_challenge (const GstRTSPMessage *request, GstRTSPMessage *response)
{
  gboolean stale = clean_challenges (response);
  char *given = NULL;

  gst_rtsp_message_get_header (request, GST_RTSP_HDR_AUTHORIZATION, &given, 0);
  if (given != NULL && !stale)
    gst_rtsp_message_remove_header (response, GST_RTSP_HDR_WWW_AUTHENTICATE,
                                    -1);
}

/* GStreamer has made a header of each of them. */
static void
clean_methods (GstRTSPMessage *response, GstRTSPHeaderField field)
{
  g_autoptr (GString) all = g_string_new (NULL);
  char *text;

  for (int i = 0;
       i < MAX_METHODS &&
       gst_rtsp_message_get_header (response, field, &text, i) == GST_RTSP_OK;
       i++) {
    g_autofree char *clean = wc_rtsp_methods_clean (text);
    g_string_append_printf (all, "%s%s", i > 0 ? "," : "", clean);
  }
  gst_rtsp_message_remove_header (response, field, -1);
  if (all->len > 0)
    gst_rtsp_message_add_header (response, field, all->str);
}

static void
clean_headers (GstRTSPMessage *response)
{
  char *base = NULL;

  clean_methods (response, GST_RTSP_HDR_PUBLIC);
  clean_methods (response, GST_RTSP_HDR_ALLOW);
  gst_rtsp_message_get_header (response, GST_RTSP_HDR_CONTENT_BASE, &base, 0);
  if (base != NULL && !wc_rtsp_base_is_good (base))
    gst_rtsp_message_remove_header (response, GST_RTSP_HDR_CONTENT_BASE, -1);
}

static void
take_answer (WcRtspGuard *guard, const GstRTSPMessage *request,
             GstRTSPMessage *response)
{
  GstRTSPStatusCode code = response->type_data.response.code;
  GstRTSPMethod method = request->type_data.request.method;

  strip_headers (response);
  clean_headers (response);
  replace_reason (response, code);
  take_challenge (request, response);
  if (code >= 300 && code < 400)
    take_redirect (guard, request, response);
  else if (code == GST_RTSP_STS_OK && method == GST_RTSP_DESCRIBE)
    take_description (guard, response);
  else if (code == GST_RTSP_STS_OK && method == GST_RTSP_SETUP)
    take_transport (guard, request, response);
}

/* --- GstRTSPExtension ----------------------------------------------------- */

static GstRTSPResult
before_send (GstRTSPExtension *extension, GstRTSPMessage *request)
{
  WcRtspGuard *guard = WC_RTSP_EXTENSION (extension)->guard;

  if (guard != NULL && request->type == GST_RTSP_MESSAGE_REQUEST)
    wc_rtsp_guard_note_request (
        guard, gst_rtsp_method_as_text (request->type_data.request.method));
  return GST_RTSP_OK;
}

static GstRTSPResult
after_send (GstRTSPExtension *extension, GstRTSPMessage *request,
            GstRTSPMessage *response)
{
  WcRtspGuard *guard = WC_RTSP_EXTENSION (extension)->guard;

  if (guard == NULL || request->type != GST_RTSP_MESSAGE_REQUEST ||
      response->type != GST_RTSP_MESSAGE_RESPONSE)
    return GST_RTSP_OK;
  wc_rtsp_guard_note_answer (guard, response->type_data.response.code);
  take_answer (guard, request, response);
  return GST_RTSP_OK;
}

static void
implement_extension (gpointer interface, gpointer data)
{
  GstRTSPExtensionInterface *vtable = interface;

  vtable->before_send = before_send;
  vtable->after_send = after_send;
}

/* --- GObject -------------------------------------------------------------- */

static void
wc_rtsp_extension_finalize (GObject *object)
{
  WcRtspExtension *self = WC_RTSP_EXTENSION (object);

  g_clear_pointer (&self->guard, wc_rtsp_guard_unref);
  G_OBJECT_CLASS (wc_rtsp_extension_parent_class)->finalize (object);
}

static void
wc_rtsp_extension_class_init (WcRtspExtensionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = wc_rtsp_extension_finalize;
  gst_element_class_set_static_metadata (
      GST_ELEMENT_CLASS (klass), "RTSP guard", "Network/Extension/Protocol",
      "Looks at what an RTSP server answers", "whepcast");
}

static void
wc_rtsp_extension_init (WcRtspExtension *self)
{
  if (next_guard != NULL)
    self->guard = wc_rtsp_guard_ref (next_guard);
}

/* --- registering ---------------------------------------------------------- */

static void
disable (const char *name)
{
  GstPluginFeature *feature = gst_registry_find_feature (
      gst_registry_get (), name, GST_TYPE_ELEMENT_FACTORY);

  if (feature == NULL)
    return;
  gst_plugin_feature_set_rank (feature, GST_RANK_NONE);
  gst_object_unref (feature);
}

void
wc_rtsp_extension_register (void)
{
  static gboolean done;

  if (done)
    return;
  done = TRUE;
  disable ("rtspreal");
  disable ("rtspwms");
  gst_element_register (NULL, ELEMENT_NAME, GST_RANK_PRIMARY,
                        WC_TYPE_RTSP_EXTENSION);
}
