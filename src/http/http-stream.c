/* SPDX-License-Identifier: MIT */
#include "http/http-stream.h"

#define TYPE_INPUT (wc_http_input_get_type ())
G_DECLARE_FINAL_TYPE (WcHttpInput, wc_http_input, WC, HTTP_INPUT, GInputStream)
#define TYPE_OUTPUT (wc_http_output_get_type ())
G_DECLARE_FINAL_TYPE (WcHttpOutput, wc_http_output, WC, HTTP_OUTPUT,
                      GOutputStream)

struct _WcHttpInput {
  GInputStream parent;
  WcHttpConnection *connection; /* the stream's */
};

struct _WcHttpOutput {
  GOutputStream parent;
  WcHttpConnection *connection; /* the stream's */
};

struct _WcHttpStream {
  GIOStream parent;
  WcHttpConnection *connection;
  WcHttpInput *input;
  WcHttpOutput *output;
};

static void
wc_http_input_pollable_init (GPollableInputStreamInterface *interface);
static void
wc_http_output_pollable_init (GPollableOutputStreamInterface *interface);

G_DEFINE_TYPE_WITH_CODE (WcHttpInput, wc_http_input, G_TYPE_INPUT_STREAM,
                         G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                wc_http_input_pollable_init))
G_DEFINE_TYPE_WITH_CODE (WcHttpOutput, wc_http_output, G_TYPE_OUTPUT_STREAM,
                         G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                wc_http_output_pollable_init))
G_DEFINE_TYPE (WcHttpStream, wc_http_stream, G_TYPE_IO_STREAM)

static gssize
wc_http_input_read (GInputStream *stream, void *buffer, gsize size,
                    GCancellable *cancellable, GError **error)
{
  return wc_http_connection_read (WC_HTTP_INPUT (stream)->connection, buffer,
                                  size, error);
}

static gssize
wc_http_input_read_nonblocking (GPollableInputStream *stream, void *buffer,
                                gsize size, GError **error)
{
  return wc_http_connection_read (WC_HTTP_INPUT (stream)->connection, buffer,
                                  size, error);
}

static gboolean
wc_http_input_is_readable (GPollableInputStream *stream)
{
  return wc_http_connection_is_readable (WC_HTTP_INPUT (stream)->connection);
}

static GSource *
wc_http_input_create_source (GPollableInputStream *stream,
                             GCancellable *cancellable)
{
  g_autoptr (GSource) ready =
      wc_http_connection_read_source (WC_HTTP_INPUT (stream)->connection);

  return g_pollable_source_new_full (stream, ready, cancellable);
}

static void
wc_http_input_finalize (GObject *object)
{
  wc_http_connection_unref (WC_HTTP_INPUT (object)->connection);
  G_OBJECT_CLASS (wc_http_input_parent_class)->finalize (object);
}

static void
wc_http_input_class_init (WcHttpInputClass *class)
{
  G_OBJECT_CLASS (class)->finalize = wc_http_input_finalize;
  G_INPUT_STREAM_CLASS (class)->read_fn = wc_http_input_read;
}

static void
wc_http_input_init (WcHttpInput *input)
{
}

static void
wc_http_input_pollable_init (GPollableInputStreamInterface *interface)
{
  interface->is_readable = wc_http_input_is_readable;
  interface->create_source = wc_http_input_create_source;
  interface->read_nonblocking = wc_http_input_read_nonblocking;
}

static gssize
wc_http_output_write (GOutputStream *stream, const void *data, gsize size,
                      GCancellable *cancellable, GError **error)
{
  return wc_http_connection_write (WC_HTTP_OUTPUT (stream)->connection, data,
                                   size, error);
}

static gssize
wc_http_output_write_nonblocking (GPollableOutputStream *stream,
                                  const void *data, gsize size, GError **error)
{
  return wc_http_connection_write (WC_HTTP_OUTPUT (stream)->connection, data,
                                   size, error);
}

static gboolean
wc_http_output_is_writable (GPollableOutputStream *stream)
{
  return TRUE; /* a write says better */
}

static GSource *
wc_http_output_create_source (GPollableOutputStream *stream,
                              GCancellable *cancellable)
{
  g_autoptr (GSource) ready =
      wc_http_connection_write_source (WC_HTTP_OUTPUT (stream)->connection);

  return g_pollable_source_new_full (stream, ready, cancellable);
}

static void
wc_http_output_finalize (GObject *object)
{
  wc_http_connection_unref (WC_HTTP_OUTPUT (object)->connection);
  G_OBJECT_CLASS (wc_http_output_parent_class)->finalize (object);
}

static void
wc_http_output_class_init (WcHttpOutputClass *class)
{
  G_OBJECT_CLASS (class)->finalize = wc_http_output_finalize;
  G_OUTPUT_STREAM_CLASS (class)->write_fn = wc_http_output_write;
}

static void
wc_http_output_init (WcHttpOutput *output)
{
}

static void
wc_http_output_pollable_init (GPollableOutputStreamInterface *interface)
{
  interface->is_writable = wc_http_output_is_writable;
  interface->create_source = wc_http_output_create_source;
  interface->write_nonblocking = wc_http_output_write_nonblocking;
}

static GInputStream *
get_input_stream (GIOStream *stream)
{
  return G_INPUT_STREAM (WC_HTTP_STREAM (stream)->input);
}

static GOutputStream *
get_output_stream (GIOStream *stream)
{
  return G_OUTPUT_STREAM (WC_HTTP_STREAM (stream)->output);
}

static gboolean
close_now (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  wc_http_connection_release (WC_HTTP_STREAM (stream)->connection);
  return TRUE;
}

/* Without a thread, which GIOStream would use. */
static void
close_async (GIOStream *stream, int priority, GCancellable *cancellable,
             GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, NULL, callback, user_data);

  wc_http_connection_release (WC_HTTP_STREAM (stream)->connection);
  g_task_return_boolean (task, TRUE);
}

static gboolean
close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
wc_http_stream_finalize (GObject *object)
{
  WcHttpStream *stream = WC_HTTP_STREAM (object);

  g_object_unref (stream->input);
  g_object_unref (stream->output);
  wc_http_connection_unref (stream->connection);
  G_OBJECT_CLASS (wc_http_stream_parent_class)->finalize (object);
}

static void
wc_http_stream_class_init (WcHttpStreamClass *class)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = wc_http_stream_finalize;
  stream_class->get_input_stream = get_input_stream;
  stream_class->get_output_stream = get_output_stream;
  stream_class->close_fn = close_now;
  stream_class->close_async = close_async;
  stream_class->close_finish = close_finish;
}

static void
wc_http_stream_init (WcHttpStream *stream)
{
  stream->input = g_object_new (TYPE_INPUT, NULL);
  stream->output = g_object_new (TYPE_OUTPUT, NULL);
}

WcHttpStream *
wc_http_stream_new (WcHttpConnection *connection)
{
  WcHttpStream *stream = g_object_new (WC_TYPE_HTTP_STREAM, NULL);

  stream->connection = wc_http_connection_ref (connection);
  stream->input->connection = wc_http_connection_ref (connection);
  stream->output->connection = wc_http_connection_ref (connection);
  return stream;
}
