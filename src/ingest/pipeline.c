/* SPDX-License-Identifier: MIT */
#include "ingest/pipeline.h"

#include "base/log.h"
#include "ingest/ingest.h"
#include "ingest/state-thread.h"

#include <string.h>

#define RESOURCE_DIRECTORY "/whepcast/pipelines"

struct _WcPipeline {
  GObject parent;
  char *label;
  GstElement *element; /* borrowed from `thread` */
  WcStateThread *thread;
  GstBus *bus;
  guint bus_watch;
  gboolean has_failed, has_ended;
};

G_DEFINE_TYPE (WcPipeline, wc_pipeline, G_TYPE_OBJECT)

enum { SIGNAL_FAILED, N_SIGNALS };
static guint signals[N_SIGNALS];

static char *text_directory;

void
wc_pipeline_set_directory (const char *directory)
{
  g_free (text_directory);
  text_directory = g_strdup (directory);
}

void
wc_pipeline_set_deadline_ms (guint deadline_ms)
{
  wc_state_thread_set_deadline_ms (deadline_ms);
}

guint
wc_pipeline_abandoned (void)
{
  return wc_state_thread_abandoned ();
}

guint
wc_pipeline_n_changing (void)
{
  return wc_state_thread_n_changing ();
}

/* --- the text --------------------------------------------------------------
 */

/* The operator's file if there is one, else what was compiled in. */
static char *
read_text (const char *name, GError **error)
{
  g_autofree char *file = g_strconcat (name, ".pipeline", NULL);
  char *text = NULL;

  if (text_directory != NULL) {
    g_autofree char *path = g_build_filename (text_directory, file, NULL);
    g_autoptr (GError) cause = NULL;

    if (g_file_get_contents (path, &text, NULL, &cause))
      return text;
    if (!g_error_matches (cause, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }
  }

  g_autofree char *path = g_strconcat (RESOURCE_DIRECTORY "/", file, NULL);
  g_autoptr (GBytes) bytes =
      g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, error);
  if (bytes == NULL)
    return NULL;
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

gboolean
wc_pipeline_has_element (const char *name)
{
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (name);

  return factory != NULL;
}

/* "?ELEMENT text": the text, if there is such an element. */
static const char *
take_condition (const char *line)
{
  const char *end = strchr (line, ' ');
  g_autofree char *name =
      end != NULL ? g_strndup (line + 1, (gsize)(end - line - 1)) : NULL;

  return name != NULL && wc_pipeline_has_element (name) ? end : NULL;
}

char *
wc_pipeline_load_text (const char *name, GError **error)
{
  g_autofree char *raw = read_text (name, error);
  g_autoptr (GString) text = g_string_new (NULL);

  if (raw == NULL)
    return NULL;

  g_auto (GStrv) lines = g_strsplit (raw, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    const char *line = g_strstrip (lines[i]);

    if (line[0] == '?')
      line = take_condition (line);
    if (line == NULL || line[0] == '#')
      continue;
    g_string_append (text, line);
    g_string_append_c (text, '\n');
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static GstElement *
parse_text (const char *text, GError **error)
{
  g_autoptr (GstParseContext) context = gst_parse_context_new ();
  g_autoptr (GstElement) element =
      gst_parse_launch_full (text, context, GST_PARSE_FLAG_FATAL_ERRORS, error);

  if (element == NULL || GST_IS_PIPELINE (element))
    return element != NULL ? gst_object_ref_sink (g_steal_pointer (&element))
                           : NULL;

  /* A text of one element is that element. */
  GstElement *pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  gst_bin_add (GST_BIN (pipeline), g_steal_pointer (&element));
  return pipeline;
}

/* --- failure ---------------------------------------------------------------
 */

static void
fail (WcPipeline *self, const char *reason)
{
  if (self->has_failed)
    return;
  self->has_failed = TRUE;
  g_object_ref (self);
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, reason);
  g_object_unref (self);
}

static void
fail_from_message (WcPipeline *self, GstMessage *message)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *details = NULL;

  gst_message_parse_error (message, &cause, &details);
  wc_debug ("%s: %s: %s", self->label, GST_MESSAGE_SRC_NAME (message),
            details != NULL ? details : cause->message);

  g_autofree char *reason = g_strdup_printf (
      "%s: %s", GST_MESSAGE_SRC_NAME (message), cause->message);
  fail (self, reason);
}

static void
log_warning (WcPipeline *self, GstMessage *message)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *details = NULL;

  gst_message_parse_warning (message, &cause, &details);
  wc_warning ("%s: %s: %s", self->label, GST_MESSAGE_SRC_NAME (message),
              cause->message);
}

static void
end (WcPipeline *self)
{
  self->has_ended = !self->has_failed;
  fail (self, "the stream ended");
}

gboolean
wc_pipeline_has_ended (WcPipeline *pipeline)
{
  return pipeline->has_ended;
}

static gboolean
on_bus_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  WcPipeline *self = user_data;
  GstMessageType type = GST_MESSAGE_TYPE (message);

  if (type == GST_MESSAGE_ERROR)
    fail_from_message (self, message);
  else if (type == GST_MESSAGE_EOS)
    end (self);
  else if (type == GST_MESSAGE_WARNING)
    log_warning (self, message);
  return G_SOURCE_CONTINUE;
}

/* The bus knows more about a refused state change than the change does. */
static void
on_state_change_failed (const char *reason, gpointer user_data)
{
  WcPipeline *self = user_data;
  g_autoptr (GstMessage) message =
      gst_bus_pop_filtered (self->bus, GST_MESSAGE_ERROR);

  if (message != NULL)
    fail_from_message (self, message);
  else
    fail (self, reason);
}

/* --- parameters ------------------------------------------------------------
 */

static gboolean
set_property (WcPipeline *self, const char *element, const char *property,
              const GValue *value, GError **error)
{
  g_autoptr (GstElement) target =
      gst_bin_get_by_name (GST_BIN (self->element), element);
  GParamSpec *param =
      target != NULL
          ? g_object_class_find_property (G_OBJECT_GET_CLASS (target), property)
          : NULL;

  if (param != NULL &&
      g_value_type_transformable (G_VALUE_TYPE (value), param->value_type)) {
    g_object_set_property (G_OBJECT (target), property, value);
    return TRUE;
  }
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL,
               "its text has no element \"%s\" with a property \"%s\"", element,
               property);
  return FALSE;
}

gboolean
wc_pipeline_set_uint (WcPipeline *pipeline, const char *element,
                      const char *property, guint value, GError **error)
{
  g_auto (GValue) boxed = G_VALUE_INIT;

  g_value_init (&boxed, G_TYPE_UINT);
  g_value_set_uint (&boxed, value);
  return set_property (pipeline, element, property, &boxed, error);
}

gboolean
wc_pipeline_set_string (WcPipeline *pipeline, const char *element,
                        const char *property, const char *value, GError **error)
{
  g_auto (GValue) boxed = G_VALUE_INIT;

  g_value_init (&boxed, G_TYPE_STRING);
  g_value_set_string (&boxed, value);
  return set_property (pipeline, element, property, &boxed, error);
}

gboolean
wc_pipeline_set_object (WcPipeline *pipeline, const char *element,
                        const char *property, gpointer object, GError **error)
{
  g_auto (GValue) boxed = G_VALUE_INIT;

  g_value_init (&boxed, G_OBJECT_TYPE (object));
  g_value_set_object (&boxed, object);
  return set_property (pipeline, element, property, &boxed, error);
}

gboolean
wc_pipeline_set_caps (WcPipeline *pipeline, const char *element,
                      const char *property, const GstCaps *caps, GError **error)
{
  g_auto (GValue) boxed = G_VALUE_INIT;

  g_value_init (&boxed, GST_TYPE_CAPS);
  gst_value_set_caps (&boxed, caps);
  return set_property (pipeline, element, property, &boxed, error);
}

GstElement *
wc_pipeline_get_element (WcPipeline *pipeline, const char *element,
                         GError **error)
{
  GstElement *found =
      gst_bin_get_by_name (GST_BIN (pipeline->element), element);

  if (found == NULL)
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL,
                 "its text has no element \"%s\"", element);
  return found;
}

/* --- sinks and pads --------------------------------------------------------
 */

gboolean
wc_pipeline_connect_sink (WcPipeline *pipeline, const char *sink,
                          WcSampleFunc func, gpointer user_data,
                          GDestroyNotify destroy, GError **error)
{
  if (wc_sample_sink_connect (pipeline->element, sink, func, user_data,
                              destroy))
    return TRUE;
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL,
               "its text has no appsink \"%s\"", sink);
  return FALSE;
}

typedef struct {
  WcPipelinePadFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
} Pads;

static void
on_pad_added (GstElement *element, GstPad *pad, gpointer user_data)
{
  const Pads *pads = user_data;

  pads->func (pad, pads->user_data);
}

static void
on_no_more_pads (GstElement *element, gpointer user_data)
{
  const Pads *pads = user_data;

  pads->func (NULL, pads->user_data);
}

static void
pads_free (gpointer data, GClosure *closure)
{
  Pads *pads = data;

  pads->destroy (pads->user_data);
  g_free (pads);
}

gboolean
wc_pipeline_connect_pads (WcPipeline *pipeline, const char *element,
                          WcPipelinePadFunc func, gpointer user_data,
                          GDestroyNotify destroy, GError **error)
{
  g_autoptr (GstElement) target =
      gst_bin_get_by_name (GST_BIN (pipeline->element), element);
  Pads *pads;

  if (target == NULL) {
    destroy (user_data);
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL,
                 "its text has no element \"%s\"", element);
    return FALSE;
  }
  pads = g_new (Pads, 1);
  *pads = (Pads){func, user_data, destroy};
  g_signal_connect (target, "no-more-pads", G_CALLBACK (on_no_more_pads), pads);
  g_signal_connect_data (target, "pad-added", G_CALLBACK (on_pad_added), pads,
                         pads_free, 0);
  return TRUE;
}

void
wc_pipeline_force_key_frame (WcPipeline *pipeline, const char *sink)
{
  g_autoptr (GstElement) element =
      gst_bin_get_by_name (GST_BIN (pipeline->element), sink);

  if (element != NULL)
    gst_element_send_event (
        element, gst_event_new_custom (
                     GST_EVENT_CUSTOM_UPSTREAM,
                     gst_structure_new ("GstForceKeyUnit", "all-headers",
                                        G_TYPE_BOOLEAN, TRUE, NULL)));
}

/* --- life ------------------------------------------------------------------
 */

void
wc_pipeline_play (WcPipeline *pipeline)
{
  wc_state_thread_set (pipeline->thread, GST_STATE_PLAYING);
}

void
wc_pipeline_stop (WcPipeline *pipeline)
{
  pipeline->has_failed = TRUE; /* nothing more to tell */
  wc_state_thread_set (pipeline->thread, GST_STATE_NULL);
}

gboolean
wc_pipeline_wait_stopped (WcPipeline *pipeline, guint timeout_ms)
{
  return wc_state_thread_wait (pipeline->thread, timeout_ms);
}

WcPipeline *
wc_pipeline_new (const char *name, const char *label, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *text = wc_pipeline_load_text (name, &cause);
  GstElement *element = text != NULL ? parse_text (text, &cause) : NULL;

  if (element == NULL) {
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL,
                 "pipeline \"%s\": %s", name, cause->message);
    return NULL;
  }

  WcPipeline *self = g_object_new (WC_TYPE_PIPELINE, NULL);
  self->label = g_strdup (label);
  self->element = element;
  self->thread =
      wc_state_thread_new (element, label, on_state_change_failed, self);
  self->bus = gst_element_get_bus (element);
  self->bus_watch = gst_bus_add_watch (self->bus, on_bus_message, self);
  return self;
}

static void
drop_messages (GstBus *bus)
{
  GstMessage *message;

  while ((message = gst_bus_pop (bus)) != NULL)
    gst_message_unref (message);
}

static void
wc_pipeline_dispose (GObject *object)
{
  WcPipeline *self = WC_PIPELINE (object);

  if (self->bus_watch != 0) {
    gst_bus_remove_watch (self->bus);
    self->bus_watch = 0;
  }
  g_clear_pointer (&self->thread, wc_state_thread_disown);
  if (self->bus != NULL)
    drop_messages (self->bus); /* of one that was abandoned */
  gst_clear_object (&self->bus);
  G_OBJECT_CLASS (wc_pipeline_parent_class)->dispose (object);
}

static void
wc_pipeline_finalize (GObject *object)
{
  g_free (WC_PIPELINE (object)->label);
  G_OBJECT_CLASS (wc_pipeline_parent_class)->finalize (object);
}

static void
wc_pipeline_class_init (WcPipelineClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = wc_pipeline_dispose;
  G_OBJECT_CLASS (klass)->finalize = wc_pipeline_finalize;
  signals[SIGNAL_FAILED] =
      g_signal_new ("failed", WC_TYPE_PIPELINE, G_SIGNAL_RUN_LAST, 0, NULL,
                    NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
wc_pipeline_init (WcPipeline *self)
{
}
