/* SPDX-License-Identifier: MIT */
#include "http/http-connection.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/chunks.h"
#include "http/forward.h"
#include "http/head.h"
#include "http/http-stream.h"
#include "http/refusal.h"
#include "http/wire.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* A message leads to its connection by the address of its client, which is an
 * object of that connection alone. */
#define KEY "wc-http-connection"

#define READ_SIZE WC_HEAD_MAX_SIZE
/* Of a connection that has had a request answered, until its next one. */
#define IDLE_S 60
/* Of all bodies together that are not answered yet. */
#define MAX_HELD_BYTES (64 * 1024 * 1024)
#define MAX_DISCARDED (1024 * 1024)
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

typedef enum {
  OPENING,
  HEAD,
  BODY,
  SERVING,
  ANSWERING,
  LINGERING,
  CLOSED,
} State;

#define BIT(state) (1u << (state))

static const struct {
  guint next;     /* bits of the states that may follow */
  guint deadline; /* seconds */
} states[] = {
    [OPENING] = {BIT (HEAD) | BIT (CLOSED), 10},
    [HEAD] = {BIT (BODY) | BIT (SERVING) | BIT (ANSWERING) | BIT (LINGERING) |
                  BIT (CLOSED),
              10},
    [BODY] = {BIT (SERVING) | BIT (ANSWERING) | BIT (LINGERING) | BIT (CLOSED),
              20},
    /* Renewed by every byte that goes out. */
    [SERVING] = {BIT (HEAD) | BIT (LINGERING) | BIT (CLOSED), 60},
    [ANSWERING] = {BIT (LINGERING) | BIT (CLOSED), 5},
    [LINGERING] = {BIT (CLOSED), 2},
    [CLOSED] = {0, 0},
};

struct WcHttpConnection {
  WcHttpConnections *shared;
  GList *link; /* in shared->connections */
  WcWire wire;
  State state;
  gint64 deadline_us;
  guint events;           /* what epoll watches */
  gboolean waits_to_send; /* instead of for bytes */
  gboolean hung_up;       /* the client has closed its side */
  gsize discarded;

  GByteArray *input; /* bytes that are not used yet */
  WcHeadScanner scanner;
  WcHead head; /* of the request under way */
  WcChunks chunks;
  gsize body_limit;
  GByteArray *body;
  GString *output; /* of ANSWERING; nullable */

  char *request; /* what libsoup reads; nullable */
  gsize n_request, n_read;
  gboolean has_stream;           /* libsoup knows the connection */
  GCancellable *reader, *writer; /* cancelled to wake; nullable */
};

static void pump (WcHttpConnection *connection);

WcHttpConnection *
wc_http_connection_ref (WcHttpConnection *connection)
{
  return g_rc_box_acquire (connection);
}

static void
forget_request (WcHttpConnection *connection)
{
  connection->shared->held_bytes -= connection->body->len;
  g_byte_array_unref (connection->body);
  connection->body = g_byte_array_new ();
  wc_head_clear (&connection->head);
  g_clear_pointer (&connection->request, g_free);
  connection->n_request = connection->n_read = 0;
  connection->scanner = (WcHeadScanner){0};
  connection->chunks = (WcChunks){0};
}

static void
finalize (gpointer data)
{
  WcHttpConnection *connection = data;

  g_byte_array_unref (connection->input);
  g_byte_array_unref (connection->body);
  g_clear_object (&connection->reader);
  g_clear_object (&connection->writer);
}

void
wc_http_connection_unref (WcHttpConnection *connection)
{
  g_rc_box_release_full (connection, finalize);
}

WcHttpConnection *
wc_http_connection_of (SoupServerMessage *message)
{
  GSocketAddress *remote = soup_server_message_get_remote_address (message);

  return remote != NULL ? g_object_get_data (G_OBJECT (remote), KEY) : NULL;
}

gboolean
wc_http_connection_is_open (WcHttpConnection *connection)
{
  return connection->state == SERVING && !connection->hung_up;
}

gboolean
wc_http_connection_can_be_spared (WcHttpConnection *connection)
{
  return connection->state == OPENING || connection->state == HEAD ||
         connection->state == LINGERING;
}

static void
renew_deadline (WcHttpConnection *connection, guint seconds)
{
  connection->deadline_us =
      wc_clock_now_us () + (gint64)seconds * G_USEC_PER_SEC;
}

static void
set_state (WcHttpConnection *connection, State state)
{
  g_return_if_fail (states[connection->state].next & BIT (state));
  connection->state = state;
  connection->waits_to_send = state == ANSWERING;
  renew_deadline (connection, states[state].deadline);
}

static void
wake (GCancellable **waiter)
{
  g_autoptr (GCancellable) woken = g_steal_pointer (waiter);

  if (woken != NULL)
    g_cancellable_cancel (woken);
}

static guint
wanted_events (WcHttpConnection *connection)
{
  if (connection->state == SERVING)
    return (connection->hung_up ? 0 : EPOLLRDHUP) |
           (connection->writer != NULL ? EPOLLOUT : 0);
  return connection->waits_to_send ? EPOLLOUT : EPOLLIN;
}

static void
watch (WcHttpConnection *connection)
{
  struct epoll_event event = {.events = wanted_events (connection),
                              .data = {.ptr = connection}};

  if (connection->state == CLOSED || connection->events == event.events)
    return;
  epoll_ctl (connection->shared->epoll_fd,
             connection->events == 0 && connection->link == NULL
                 ? EPOLL_CTL_ADD
                 : EPOLL_CTL_MOD,
             connection->wire.fd, &event);
  connection->events = event.events;
}

void
wc_http_connection_close (WcHttpConnection *connection)
{
  if (connection->state == CLOSED)
    return;
  set_state (connection, CLOSED);
  wc_wire_clear (&connection->wire);
  forget_request (connection);
  if (connection->output != NULL)
    g_string_free (g_steal_pointer (&connection->output), TRUE);
  wake (&connection->reader);
  wake (&connection->writer);
  g_queue_delete_link (&connection->shared->connections,
                       g_steal_pointer (&connection->link));
  wc_http_connection_unref (connection); /* the list's */
}

/* Says it and closes. What libsoup reads from now on is the end. */
static gboolean
answer (WcHttpConnection *connection, GString *text)
{
  connection->output = text;
  set_state (connection, ANSWERING);
  wake (&connection->reader);
  return TRUE;
}

static gboolean
refuse (WcHttpConnection *connection, guint status, const char *detail)
{
  WcHeadProblem problem = {status, detail};

  wc_debug ("a request is refused: %u %s", status, detail);
  return answer (connection,
                 wc_refusal_write (&connection->head,
                                   connection->shared->cors_origins, &problem));
}

/* Each step_* returns TRUE if something has changed, so that another step may
 * be possible. */

static gboolean
step_wire (WcHttpConnection *connection, WcWireResult result)
{
  switch (result) {
  case WC_WIRE_OK:
    return TRUE;
  case WC_WIRE_WANTS_READ:
  case WC_WIRE_WANTS_WRITE:
    connection->waits_to_send = result == WC_WIRE_WANTS_WRITE;
    return FALSE;
  case WC_WIRE_END:
  case WC_WIRE_ERROR:
    wc_http_connection_close (connection);
    return FALSE;
  }
  return FALSE;
}

static gboolean
step_opening (WcHttpConnection *connection)
{
  if (!step_wire (connection, wc_wire_handshake (&connection->wire)))
    return FALSE;
  set_state (connection, HEAD);
  return TRUE;
}

/* By way of one buffer for all: an idle connection needs none. */
static gboolean
fill_input (WcHttpConnection *connection)
{
  static char buffer[READ_SIZE];
  gsize n;

  if (!step_wire (connection,
                  wc_wire_read (&connection->wire, buffer,
                                READ_SIZE - connection->input->len, &n)))
    return FALSE;
  if (connection->state == HEAD && connection->input->len == 0)
    renew_deadline (connection, states[HEAD].deadline);
  g_byte_array_append (connection->input, (guint8 *)buffer, (guint)n);
  return TRUE;
}

static const char *
input_of (WcHttpConnection *connection)
{
  return (const char *)connection->input->data;
}

static void
use_input (WcHttpConnection *connection, gsize n)
{
  if (n < connection->input->len) {
    g_byte_array_remove_range (connection->input, 0, (guint)n);
  } else {
    g_byte_array_unref (connection->input);
    connection->input = g_byte_array_new ();
  }
}

static void
wrap_addresses (WcHttpConnection *connection, GSocketAddress **local,
                GSocketAddress **remote)
{
  struct sockaddr_storage address = {0};
  socklen_t size = sizeof address;

  getsockname (connection->wire.fd, (struct sockaddr *)&address, &size);
  *local = g_socket_address_new_from_native (&address, size);
  size = sizeof address;
  if (getpeername (connection->wire.fd, (struct sockaddr *)&address, &size) !=
      0)
    return; /* gone already */
  *remote = g_socket_address_new_from_native (&address, size);
  g_object_set_data_full (G_OBJECT (*remote), KEY,
                          wc_http_connection_ref (connection),
                          (GDestroyNotify)wc_http_connection_unref);
}

static void
introduce (WcHttpConnection *connection)
{
  g_autoptr (GSocketAddress) local = NULL;
  g_autoptr (GSocketAddress) remote = NULL;
  g_autoptr (WcHttpStream) stream = NULL;

  wrap_addresses (connection, &local, &remote);
  if (local == NULL || remote == NULL) {
    wc_http_connection_close (connection);
    return;
  }
  connection->has_stream = TRUE;
  stream = wc_http_stream_new (connection);
  soup_server_accept_iostream (connection->shared->soup, G_IO_STREAM (stream),
                               local, remote, NULL);
}

static char *
peer_ip (WcHttpConnection *connection)
{
  struct sockaddr_storage address = {0};
  socklen_t size = sizeof address;
  char text[WC_ADDRESS_STRLEN];

  getpeername (connection->wire.fd, (struct sockaddr *)&address, &size);
  WcAddress peer = wc_address_from_sockaddr ((struct sockaddr *)&address);
  return g_strdup (wc_address_ip (&peer, text));
}

/* The request is there: libsoup's turn. */
static gboolean
deliver (WcHttpConnection *connection)
{
  g_autofree char *peer = peer_ip (connection);
  g_autoptr (GString) text = wc_forward_write (
      &connection->head, connection->body, connection->shared->proxies, peer,
      connection->wire.ssl != NULL);

  connection->n_request = text->len;
  connection->request = g_string_free (g_steal_pointer (&text), FALSE);
  set_state (connection, SERVING);
  if (connection->has_stream)
    wake (&connection->reader);
  else
    introduce (connection);
  return FALSE;
}

static gboolean
begin_body (WcHttpConnection *connection)
{
  const WcHead *head = &connection->head;

  connection->body_limit =
      connection->shared->body_limit (head->method, head->path);
  if (head->body == WC_HEAD_BODY_LENGTH &&
      head->content_length > connection->body_limit)
    return refuse (connection, 413, "the body is too large");
  set_state (connection, BODY);

  gsize sent;
  if (head->expects_continue && connection->input->len == 0 &&
      (wc_wire_write (&connection->wire, CONTINUE, strlen (CONTINUE), &sent) !=
           WC_WIRE_OK ||
       sent != strlen (CONTINUE))) {
    wc_http_connection_close (connection);
    return FALSE;
  }
  return TRUE;
}

static gboolean
take_head (WcHttpConnection *connection)
{
  WcHead *head = &connection->head;
  WcHeadProblem problem;
  gsize size = connection->scanner.cursor;

  if (!wc_head_parse (head, input_of (connection), size, &problem))
    return refuse (connection, problem.status, problem.detail);
  use_input (connection, size);
  if (g_str_equal (head->path, "*"))
    return answer (connection, wc_refusal_write_options (
                                   head, connection->shared->cors_origins));
  if (head->body == WC_HEAD_BODY_NONE ||
      (head->body == WC_HEAD_BODY_LENGTH && head->content_length == 0))
    return deliver (connection);
  return begin_body (connection);
}

static gboolean
step_head (WcHttpConnection *connection)
{
  WcHeadProblem problem;

  switch (wc_head_scan (&connection->scanner, input_of (connection),
                        connection->input->len, &problem)) {
  case WC_HEAD_MORE:
    return fill_input (connection);
  case WC_HEAD_END:
    return take_head (connection);
  case WC_HEAD_BAD:
    return refuse (connection, problem.status, problem.detail);
  }
  return FALSE;
}

/* Moves what is there of a body whose length is known. */
static WcChunksResult
take_counted (WcHttpConnection *connection, gsize *used)
{
  gsize left = connection->head.content_length - connection->body->len;

  *used = MIN (left, connection->input->len);
  g_byte_array_append (connection->body, connection->input->data, (guint)*used);
  return *used == left ? WC_CHUNKS_END : WC_CHUNKS_MORE;
}

static gboolean
step_body (WcHttpConnection *connection)
{
  guint before = connection->body->len;
  WcChunksResult result;
  gsize used;

  if (connection->head.body == WC_HEAD_BODY_LENGTH)
    result = take_counted (connection, &used);
  else
    result = wc_chunks_decode (&connection->chunks, input_of (connection),
                               connection->input->len, &used, connection->body,
                               connection->body_limit);
  use_input (connection, used);
  connection->shared->held_bytes += connection->body->len - before;
  if (connection->shared->held_bytes > MAX_HELD_BYTES)
    return refuse (connection, 503, "too many large requests at once");

  switch (result) {
  case WC_CHUNKS_MORE:
    return fill_input (connection);
  case WC_CHUNKS_END:
    return deliver (connection);
  case WC_CHUNKS_BAD:
    return refuse (connection, 400, "the chunks of the body are wrong");
  case WC_CHUNKS_TOO_LARGE:
    return refuse (connection, 413, "the body is too large");
  }
  return FALSE;
}

static gboolean
step_answering (WcHttpConnection *connection)
{
  GString *output = connection->output;
  gsize n;

  if (!step_wire (connection, wc_wire_write (&connection->wire, output->str,
                                             output->len, &n)))
    return FALSE;
  g_string_erase (output, 0, (gssize)n);
  if (output->len == 0) {
    wc_wire_finish (&connection->wire);
    set_state (connection, LINGERING);
  }
  return TRUE;
}

static gboolean
step_lingering (WcHttpConnection *connection)
{
  gsize n;

  if (!step_wire (connection, wc_wire_discard (&connection->wire, &n)))
    return FALSE;
  connection->discarded += n;
  if (connection->discarded < MAX_DISCARDED)
    return TRUE;
  wc_http_connection_close (connection);
  return FALSE;
}

static gboolean
step (WcHttpConnection *connection)
{
  switch (connection->state) {
  case OPENING:
    return step_opening (connection);
  case HEAD:
    return step_head (connection);
  case BODY:
    return step_body (connection);
  case ANSWERING:
    return step_answering (connection);
  case LINGERING:
    return step_lingering (connection);
  case SERVING:
  case CLOSED:
    return FALSE;
  }
  return FALSE;
}

/* As far as it goes without waiting. */
static void
pump (WcHttpConnection *connection)
{
  wc_http_connection_ref (connection);
  while (step (connection))
    continue;
  watch (connection);
  wc_http_connection_unref (connection);
}

void
wc_http_connection_event (WcHttpConnection *connection, guint events)
{
  if (connection->state != SERVING) {
    pump (connection);
    return;
  }
  if (events & (EPOLLERR | EPOLLHUP)) {
    wc_http_connection_close (connection);
    return;
  }
  if (events & EPOLLRDHUP)
    connection->hung_up = TRUE;
  if (events & EPOLLOUT)
    wake (&connection->writer);
  watch (connection);
}

void
wc_http_connection_check (WcHttpConnection *connection, gint64 now_us)
{
  if (now_us < connection->deadline_us)
    return;
  wc_debug ("a connection took too long and is closed");
  if ((connection->state == HEAD && connection->input->len > 0) ||
      connection->state == BODY) {
    refuse (connection, 408, "the request did not come in time");
    pump (connection);
    return;
  }
  wc_http_connection_close (connection);
}

/* libsoup asks for more when it has answered. */
static void
maybe_next_request (WcHttpConnection *connection)
{
  if (connection->state != SERVING ||
      connection->n_read < connection->n_request)
    return;
  forget_request (connection);
  set_state (connection, HEAD);
  if (connection->input->len == 0)
    renew_deadline (connection, IDLE_S);
  pump (connection);
}

gboolean
wc_http_connection_is_readable (WcHttpConnection *connection)
{
  return connection->n_read < connection->n_request ||
         connection->state == ANSWERING || connection->state == LINGERING ||
         connection->state == CLOSED;
}

gssize
wc_http_connection_read (WcHttpConnection *connection, gpointer buffer,
                         gsize size, GError **error)
{
  maybe_next_request (connection);
  if (!wc_http_connection_is_readable (connection)) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                         "no request has come yet");
    return -1;
  }

  gsize n = MIN (size, connection->n_request - connection->n_read);
  if (n > 0)
    memcpy (buffer, connection->request + connection->n_read, n);
  connection->n_read += n;
  return (gssize)n;
}

gssize
wc_http_connection_write (WcHttpConnection *connection, gconstpointer data,
                          gsize size, GError **error)
{
  gsize n = 0;
  WcWireResult result = connection->state == SERVING
                            ? wc_wire_write (&connection->wire, data, size, &n)
                            : WC_WIRE_ERROR;

  switch (result) {
  case WC_WIRE_OK:
    renew_deadline (connection, states[SERVING].deadline);
    return (gssize)n;
  case WC_WIRE_WANTS_READ:
  case WC_WIRE_WANTS_WRITE:
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                         "the client does not read yet");
    return -1;
  case WC_WIRE_END:
  case WC_WIRE_ERROR:
    break;
  }
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE,
                       "the connection is closed");
  wc_http_connection_close (connection);
  return -1;
}

static GSource *
make_source (WcHttpConnection *connection, GCancellable **waiter,
             gboolean ready)
{
  if (*waiter == NULL)
    *waiter = g_cancellable_new ();
  GSource *source = g_cancellable_source_new (*waiter);
  if (ready)
    wake (waiter);
  watch (connection);
  return source;
}

GSource *
wc_http_connection_read_source (WcHttpConnection *connection)
{
  maybe_next_request (connection);
  return make_source (connection, &connection->reader,
                      wc_http_connection_is_readable (connection));
}

GSource *
wc_http_connection_write_source (WcHttpConnection *connection)
{
  return make_source (connection, &connection->writer,
                      connection->state != SERVING);
}

void
wc_http_connection_release (WcHttpConnection *connection)
{
  switch (connection->state) {
  case HEAD:
  case BODY:
  case SERVING:
    wc_wire_finish (&connection->wire);
    set_state (connection, LINGERING);
    pump (connection);
    return;
  case OPENING: /* libsoup does not know it yet */
  case ANSWERING:
  case LINGERING:
  case CLOSED:
    return;
  }
}

void
wc_http_connection_start (WcHttpConnections *shared, int fd)
{
  WcHttpConnection *connection = g_rc_box_new0 (WcHttpConnection);

  connection->shared = shared;
  connection->input = g_byte_array_new ();
  connection->body = g_byte_array_new ();
  connection->state = OPENING;
  renew_deadline (connection, states[OPENING].deadline);
  gboolean ready = wc_wire_init (&connection->wire, fd, shared->tls);
  watch (connection);
  g_queue_push_tail (&shared->connections, connection);
  connection->link = shared->connections.tail;
  if (ready)
    pump (connection);
  else
    wc_http_connection_close (connection);
}
