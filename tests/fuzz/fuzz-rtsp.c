/* SPDX-License-Identifier: MIT */
/* A hostile RTSP server in front of kind=rtsp, rtspsrc and all: one attempt for
 * each input. An input is what the server says, cut by lines of "%%": a part in
 * answer to each request, in which interleaved packets may follow the answer.
 * Then it hangs up. */
#include "ingest/ingest.h"
#include "ingest/pipeline.h"

#include <arpa/inet.h>
#include <gst/gst.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ATTEMPT_MS 3000
#define DEADLINE_MS 8000
#define REQUEST_SIZE 8192
#define READ_MS 200

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* --- the server, on its thread ---------------------------------------------
 */

static GMutex lock; /* guards what follows */
static GBytes *script;

static GBytes *
ref_script (void)
{
  GBytes *bytes;

  g_mutex_lock (&lock);
  bytes = script != NULL ? g_bytes_ref (script) : g_bytes_new (NULL, 0);
  g_mutex_unlock (&lock);
  return bytes;
}

/* Reads to the end of a request; what is interleaved (RTCP) is read over. */
static gboolean
read_request (int fd)
{
  static char buffer[REQUEST_SIZE];
  gsize size = 0;
  struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

  while (size < sizeof buffer && poll (&poll_fd, 1, READ_MS) == 1) {
    gssize n = recv (fd, buffer + size, sizeof buffer - size, 0);
    if (n <= 0)
      return FALSE;
    size += (gsize)n;
    if (memmem (buffer, size, "\r\n\r\n", 4) != NULL)
      return TRUE;
  }
  return FALSE;
}

static void
send_all (int fd, const char *data, gsize size)
{
  while (size > 0) {
    gssize n = send (fd, data, size, MSG_NOSIGNAL);
    if (n <= 0)
      return;
    data += n;
    size -= (gsize)n;
  }
}

static void
play_script (int fd)
{
  g_autoptr (GBytes) bytes = ref_script ();
  gsize size;
  const char *next = g_bytes_get_data (bytes, &size);
  const char *end = next != NULL ? next + size : NULL;

  while (next != NULL && next < end && read_request (fd)) {
    const char *cut = memmem (next, (gsize)(end - next), "\n%%\n", 4);
    send_all (fd, next, (gsize)((cut != NULL ? cut + 1 : end) - next));
    next = cut != NULL ? cut + 4 : end;
  }
}

static gpointer
run_server (gpointer data)
{
  int listening = GPOINTER_TO_INT (data);

  for (;;) {
    int fd = accept (listening, NULL, NULL);
    if (fd < 0)
      continue;
    play_script (fd);
    close (fd);
  }
  return NULL;
}

static guint16
start_server (void)
{
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, size), ==, 0);
  g_assert_cmpint (listen (fd, 16), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *)&address, &size), ==, 0);
  g_thread_unref (g_thread_new ("server", run_server, GINT_TO_POINTER (fd)));
  return ntohs (address.sin_port);
}

/* --- one attempt -----------------------------------------------------------
 */

static gboolean
on_wake (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* The last input is followed by the end of the program. */
static void
wait_for_pipelines (void)
{
  gint64 end_us = g_get_monotonic_time () + DEADLINE_MS * 1000;

  while (wc_pipeline_n_changing () > 0 && g_get_monotonic_time () < end_us)
    g_usleep (1000);
}

static void
run_attempt (WcIngest *ingest)
{
  gint64 end_us = g_get_monotonic_time () + ATTEMPT_MS * 1000;
  guint wake = g_timeout_add (5, on_wake, NULL);

  wc_ingest_start (ingest);
  while (wc_ingest_reason (ingest) == NULL && g_get_monotonic_time () < end_us)
    g_main_context_iteration (NULL, TRUE);
  wc_ingest_stop (ingest);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_source_remove (wake);
}

static WcMountpointSpec *
make_spec (guint16 port)
{
  WcMountpointSpec *spec = wc_mountpoint_spec_new ();

  spec->id = g_strdup ("cam");
  spec->kind = WC_KIND_RTSP;
  spec->transport = WC_RTSP_TCP;
  spec->url = g_strdup_printf ("rtsp://user:pass@127.0.0.1:%u/live", port);
  return spec;
}

static guint16
set_up (void)
{
  static guint16 port;

  if (port != 0)
    return port;
  gst_init (NULL, NULL);
  wc_pipeline_set_deadline_ms (DEADLINE_MS);
  port = start_server ();
  return port;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  guint16 port = set_up ();
  g_autoptr (WcMountpointSpec) spec = make_spec (port);
  g_autoptr (WcConfig) config = wc_config_load (NULL, NULL, NULL);
  WcIngestContext context = {.config = config};
  g_autoptr (GError) error = NULL;
  WcIngest *ingest;

  g_mutex_lock (&lock);
  g_clear_pointer (&script, g_bytes_unref);
  script = g_bytes_new (data, size);
  g_mutex_unlock (&lock);

  ingest = wc_ingest_new (spec, &context, &error);
  g_assert_no_error (error);
  run_attempt (ingest);
  g_object_unref (ingest);
  wait_for_pipelines ();
  g_assert_cmpuint (wc_pipeline_abandoned (), ==, 0);
  return 0;
}
