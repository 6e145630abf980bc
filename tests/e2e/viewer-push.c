/* SPDX-License-Identifier: MIT */
/* Lips and voice across restarts of an RTSP publisher: every time its RTP
 * clocks begin elsewhere, and its reports alone say what belongs together. */
#include "lips.h"

#include "base/clock.h"

#include <gio/gio.h>
#include <string.h>

#define WAIT_MS 20000
#define N_RESTARTS 10
#define MAX_DIFFERENCE_US 40000
/* That have reached the viewer since the restart, of each kind. */
#define N_REPORTS 2
/* What is looked at was taken so many ticks of 20 ms after the restart: until
 * the first report has overtaken the first packets or not, the server goes by
 * when they came, and then approaches what the reports say without a jump. */
#define SETTLED_TICKS 400

/* --- a publisher that answers are enough for ------------------------------
 */

typedef struct {
  GSocketConnection *connection;
  GDataInputStream *input;
  char *url;
  guint sequence;
} Publisher;

/* The answer's header, which must be of 200. */
static char *
request (Publisher *self, const char *method, const char *path,
         const char *fields, const char *body)
{
  g_autofree char *text = g_strdup_printf (
      "%s %s%s RTSP/1.0\r\nCSeq: %u\r\n%sContent-Length: %u\r\n\r\n%s", method,
      self->url, path, ++self->sequence, fields, (guint)strlen (body), body);
  g_autoptr (GString) answer = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (
      g_io_stream_get_output_stream (G_IO_STREAM (self->connection)), text,
      strlen (text), NULL, NULL, &error);
  g_assert_no_error (error);
  while (TRUE) {
    g_autofree char *line =
        g_data_input_stream_read_line (self->input, NULL, NULL, &error);

    g_assert_no_error (error);
    g_assert_nonnull (line);
    if (line[0] == '\0')
      break;
    g_string_append_printf (answer, "%s\n", line);
  }
  if (!g_str_has_prefix (answer->str, "RTSP/1.0 200 "))
    g_error ("%s %s: %s", method, path, answer->str);
  return g_string_free (g_steal_pointer (&answer), FALSE);
}

/* From behind @name to the first of @ends. A session's name may have any of
 * "$-_.+" in it (RFC 2326 section 3.4). */
static char *
value_of (const char *answer, const char *name, const char *ends)
{
  const char *at = strstr (answer, name);

  g_assert_nonnull (at);
  at += strlen (name);
  return g_strndup (at, strcspn (at, ends));
}

/* The port for RTP; RTCP goes to the next. */
static guint16
set_up (Publisher *self, const char *path, char **session)
{
  g_autofree char *of_session =
      *session != NULL ? g_strdup_printf ("Session: %s\r\n", *session)
                       : g_strdup ("");
  g_autofree char *fields = g_strconcat (
      "Transport: RTP/AVP;unicast;client_port=40000-40001;mode=record\r\n",
      of_session, NULL);
  g_autofree char *answer = request (self, "SETUP", path, fields, "");
  g_autofree char *port = value_of (answer, "server_port=", ";-\n");

  if (*session == NULL)
    *session = value_of (answer, "Session: ", ";\n");
  return (guint16)g_ascii_strtoull (port, NULL, 10);
}

static void
publisher_connect (Publisher *self, const char *url, guint16 port)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;

  *self = (Publisher){.url = g_strdup (url)};
  g_socket_client_set_timeout (client, WAIT_MS / 1000);
  self->connection =
      g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, &error);
  g_assert_no_error (error);
  self->input = g_data_input_stream_new (
      g_io_stream_get_input_stream (G_IO_STREAM (self->connection)));
  g_data_input_stream_set_newline_type (self->input,
                                        G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
}

/* It dies, as far as the server can tell. */
static void
publisher_drop (Publisher *self)
{
  g_clear_object (&self->input);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->url, g_free);
}

/* Its RTP clocks begin somewhere. */
static void
publish (Publisher *self, TeLips *lips, TcLoop *loop)
{
  static const char sdp[] =
      "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
      "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n"
      "m=audio 0 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\na=control:a\r\n";
  g_autofree char *session = NULL;

  g_free (
      request (self, "ANNOUNCE", "", "Content-Type: application/sdp\r\n", sdp));
  guint16 video = set_up (self, "/v", &session);
  guint16 audio = set_up (self, "/a", &session);
  g_autofree char *fields = g_strdup_printf ("Session: %s\r\n", session);
  g_free (request (self, "RECORD", "", fields, ""));
  te_lips_switch (
      lips, te_lips_sender (loop, WC_MEDIA_VIDEO, video, g_random_int ()),
      te_lips_sender (loop, WC_MEDIA_AUDIO, audio, g_random_int ()));
}

/* --- the test -------------------------------------------------------------
 */

typedef struct {
  TcWhepClient *client;
  TeLipsSeen seen;
  guint32 since; /* the tick of the restart */
  guint64 reports[WC_N_MEDIA];
} Watch;

static gboolean
has_settled (gpointer data)
{
  Watch *watch = data;

  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (watch->seen.tick[i] < watch->since + SETTLED_TICKS ||
        te_stats (watch->client, i)->sr_count < watch->reports[i] + N_REPORTS)
      return FALSE;
  return TRUE;
}

static void
assert_in_sync (Watch *watch, TcLoop *loop, TeLips *lips, guint round)
{
  gint64 difference_us;

  watch->since = lips->tick;
  for (guint i = 0; i < WC_N_MEDIA; i++)
    watch->reports[i] = te_stats (watch->client, i)->sr_count;
  g_assert_true (tc_loop_run (loop, WAIT_MS, has_settled, watch));
  difference_us = te_lips_difference_us (watch->client, &watch->seen);
  g_test_message ("%u restarts, picture against sound: %+d us", round,
                  (int)difference_us);
  g_assert_cmpint (ABS (difference_us), <, MAX_DIFFERENCE_US);
}

static void
create (TeServer *server)
{
  g_assert_cmpuint (te_server_request (server, "POST", "/api/v1/mountpoints",
                                       "{\"id\":\"cam\",\"kind\":"
                                       "\"rtsp-push\"}",
                                       NULL),
                    ==, 201);
}

static void
test_restarts (void)
{
  g_autoptr (TcLoop) loop = tc_loop_new ();
  TeServer *server =
      te_server_start (loop, NULL, "[rtsp]\nlisten=127.0.0.1:0\n");
  g_autofree char *url = te_server_whep_url (server, "cam");
  TeLips lips = {0};
  Watch watch = {0};
  Publisher publisher;
  TcWhepOptions options = {
      .url = url, .peer.packet = te_lips_on_packet, .peer.data = &watch.seen};

  create (server);
  guint16 port = (guint16)te_server_number (server, TE_SERVER, "rtsp.port");
  te_lips_start (&lips, loop);
  for (guint i = 0; i <= N_RESTARTS; i++) {
    publisher_connect (&publisher, "rtsp://127.0.0.1/cam", port);
    publish (&publisher, &lips, loop);
    te_server_wait_live (server, "cam");
    if (i == 0) {
      watch.client = tc_whep_client_new (loop, &options);
      tc_whep_client_start (watch.client);
      g_assert_true (tc_whep_client_wait_key_frame (watch.client, WAIT_MS));
    }
    assert_in_sync (&watch, loop, &lips, i);
    te_lips_switch (&lips, NULL, NULL);
    publisher_drop (&publisher);
    g_assert_true (te_server_wait_number (server, TE_SERVER, "rtsp.connections",
                                          0, WAIT_MS));
  }
  te_assert_clean (watch.client);
  tc_whep_client_free (watch.client);
  te_lips_stop (&lips);
  te_server_free (server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/viewer/push/restarts", test_restarts);
  return g_test_run ();
}
