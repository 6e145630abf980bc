/* SPDX-License-Identifier: MIT */
#include "bench/janus.h"

#include "bench/answer.h"
#include "bench/janus-message.h"

#include "base/clock.h"

#include <json-glib/json-glib.h>

#define POLL_TIMEOUT_MS 35000

/* Requests that are answered one after the other; see next_step (). */
typedef enum {
  STEP_CREATE,
  STEP_ATTACH,
  STEP_WATCH,
  STEP_POLL, /* until the offer comes */
  STEP_START,
  STEP_TRICKLE,
  STEP_IDLE, /* keep-alives, if any */
  STEP_DESTROY,
} Step;

struct _TbJanus {
  TcLoop *loop;
  TbJanusOptions options;
  TcWhepState state;
  Step step;
  TcPeer *peer;
  TcHttp *http;
  TcTimer *timer; /* of keep-alives */
  guint64 session, handle;
  TcDescription *offer;
  gint64 start_us, answered_us;
  char error[256];
};

static void send_step (TbJanus *janus);

static void
set_state (TbJanus *janus, TcWhepState state)
{
  if (janus->state == state)
    return;
  janus->state = state;
  if (janus->options.changed != NULL)
    janus->options.changed (janus, state, janus->options.data);
}

G_GNUC_PRINTF (2, 3)
static void
fail (TbJanus *janus, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_vsnprintf (janus->error, sizeof janus->error, format, arguments);
  va_end (arguments);
  tc_timer_unset (janus->timer);
  set_state (janus, TC_WHEP_FAILED);
}

static void
on_peer_changed (TcPeer *peer, TcPeerState state, gpointer data)
{
  TbJanus *janus = data;

  if (janus->state != TC_WHEP_CONNECTING && janus->state != TC_WHEP_PLAYING)
    return;
  switch (state) {
  case TC_PEER_NEW:
  case TC_PEER_CONNECTING:
  case TC_PEER_HANDSHAKE:
    break;
  case TC_PEER_CONNECTED:
    set_state (janus, TC_WHEP_PLAYING);
    break;
  case TC_PEER_CLOSED:
    set_state (janus, TC_WHEP_CLOSED);
    break;
  case TC_PEER_FAILED:
    fail (janus, "%s", tc_peer_error (peer));
    break;
  }
}

static void
on_packet (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
           gpointer data)
{
  TbJanus *janus = data;

  if (janus->options.peer.packet != NULL)
    janus->options.peer.packet (peer, track, packet, janus->options.peer.data);
}

static void
on_keepalive_due (gpointer data)
{
  TbJanus *janus = data;

  if (janus->step == STEP_IDLE && janus->http == NULL)
    send_step (janus);
  tc_timer_set (janus->timer, wc_clock_now_us () +
                                  janus->options.keepalive_s * G_USEC_PER_SEC);
}

TbJanus *
tb_janus_new (TcLoop *loop, const TbJanusOptions *options)
{
  TbJanus *janus = g_new0 (TbJanus, 1);

  janus->loop = loop;
  janus->options = *options;
  janus->timer = tc_timer_new (loop, on_keepalive_due, janus);
  return janus;
}

void
tb_janus_free (TbJanus *janus)
{
  tc_timer_free (janus->timer);
  g_clear_pointer (&janus->http, tc_http_free);
  g_clear_pointer (&janus->peer, tc_peer_free);
  g_clear_pointer (&janus->offer, tc_description_free);
  g_free (janus);
}

static void
begin_request (JsonBuilder *builder, const char *word)
{
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "janus");
  json_builder_add_string_value (builder, word);
  json_builder_set_member_name (builder, "transaction");
  json_builder_add_string_value (builder, "bench");
}

static char *
end_request (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = NULL;

  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static void
add_watch (TbJanus *janus, JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "body");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "request");
  json_builder_add_string_value (builder, "watch");
  json_builder_set_member_name (builder, "id");
  json_builder_add_int_value (builder, (gint64)janus->options.mountpoint);
  json_builder_end_object (builder);
}

static void
add_start (TbJanus *janus, JsonBuilder *builder)
{
  TcOfferTransport transport = {
      .ufrag = tc_peer_ufrag (janus->peer),
      .pwd = tc_peer_pwd (janus->peer),
      .fingerprint = tc_peer_fingerprint (janus->peer),
      .ip = janus->options.peer.link.send != NULL
                ? janus->options.peer.link.ip
                : janus->options.peer.local_address,
      .port = tc_peer_port (janus->peer),
  };
  g_autofree char *sdp = tb_answer_write (janus->offer, &transport);

  json_builder_set_member_name (builder, "body");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "request");
  json_builder_add_string_value (builder, "start");
  json_builder_end_object (builder);
  json_builder_set_member_name (builder, "jsep");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "type");
  json_builder_add_string_value (builder, "answer");
  json_builder_set_member_name (builder, "sdp");
  json_builder_add_string_value (builder, sdp);
  json_builder_end_object (builder);
}

static void
add_trickle_completed (JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "candidate");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "completed");
  json_builder_add_boolean_value (builder, TRUE);
  json_builder_end_object (builder);
}

/* NULL: a GET. */
static char *
write_body (TbJanus *janus)
{
  static const char *const words[] = {"create",    "attach",  "message",
                                      NULL,        "message", "trickle",
                                      "keepalive", "destroy"};
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (words[janus->step] == NULL)
    return NULL;
  begin_request (builder, words[janus->step]);
  switch (janus->step) {
  case STEP_ATTACH:
    json_builder_set_member_name (builder, "plugin");
    json_builder_add_string_value (builder, "janus.plugin.streaming");
    break;
  case STEP_WATCH:
    add_watch (janus, builder);
    break;
  case STEP_START:
    add_start (janus, builder);
    break;
  case STEP_TRICKLE:
    add_trickle_completed (builder);
    break;
  case STEP_CREATE:
  case STEP_POLL:
  case STEP_IDLE:
  case STEP_DESTROY:
    break;
  }
  return end_request (builder);
}

static char *
write_url (TbJanus *janus)
{
  switch (janus->step) {
  case STEP_CREATE:
    return g_strdup (janus->options.url);
  case STEP_ATTACH:
  case STEP_POLL:
  case STEP_IDLE:
  case STEP_DESTROY:
    return g_strdup_printf ("%s/%" G_GUINT64_FORMAT, janus->options.url,
                            janus->session);
  case STEP_WATCH:
  case STEP_START:
  case STEP_TRICKLE:
    break;
  }
  return g_strdup_printf ("%s/%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                          janus->options.url, janus->session, janus->handle);
}

static void
go_to (TbJanus *janus, Step step)
{
  janus->step = step;
  send_step (janus);
}

static void
connect_peer (TbJanus *janus)
{
  janus->answered_us = wc_clock_now_us ();
  set_state (janus, TC_WHEP_CONNECTING);
  /* A lite agent does not check: the viewer does, and controls. */
  tc_peer_connect (janus->peer, janus->offer, TRUE, janus->offer->ice_lite);
}

static void
take_offer (TbJanus *janus, const char *sdp)
{
  g_autoptr (GError) error = NULL;

  if (sdp == NULL) {
    go_to (janus, STEP_POLL);
    return;
  }
  janus->offer = tc_description_parse (sdp, &error);
  if (janus->offer == NULL)
    fail (janus, "offer: %s", error->message);
  else
    go_to (janus, STEP_START);
}

static void
finish_stop (TbJanus *janus)
{
  if (janus->peer != NULL)
    tc_peer_close (janus->peer);
  set_state (janus, TC_WHEP_CLOSED);
}

static void
next_step (TbJanus *janus, const TbJanusMessage *message)
{
  switch (janus->step) {
  case STEP_CREATE:
    janus->session = message->id;
    go_to (janus, STEP_ATTACH);
    break;
  case STEP_ATTACH:
    janus->handle = message->id;
    go_to (janus, STEP_WATCH);
    break;
  case STEP_WATCH:
    go_to (janus, STEP_POLL);
    break;
  case STEP_POLL:
    take_offer (janus, message->sdp);
    break;
  case STEP_START:
    go_to (janus, STEP_TRICKLE);
    connect_peer (janus);
    break;
  case STEP_TRICKLE:
    janus->step = STEP_IDLE;
    if (janus->options.keepalive_s != 0)
      on_keepalive_due (janus);
    break;
  case STEP_IDLE:
    break;
  case STEP_DESTROY:
    finish_stop (janus);
    break;
  }
}

/* What is wrong with an answer, or NULL. */
static const char *
find_fault (TbJanus *janus, const TbJanusMessage *message)
{
  if (message->kind == TB_JANUS_ERROR)
    return message->error;
  if (janus->step <= STEP_ATTACH &&
      (message->kind != TB_JANUS_SUCCESS || message->id == 0))
    return "no id in the answer";
  return NULL;
}

static void
on_answered (const TcHttpResponse *response, gpointer data)
{
  TbJanus *janus = data;
  g_autoptr (TcHttp) http G_GNUC_UNUSED =
      g_steal_pointer (&janus->http); /* has @response */
  g_autoptr (GError) error = NULL;
  g_autoptr (TbJanusMessage) message = NULL;
  const char *fault;

  if (janus->step == STEP_DESTROY) {
    finish_stop (janus);
    return;
  }
  if (response->status != 200) {
    fail (janus, "step %d: %u %s", (int)janus->step, response->status,
          response->error != NULL ? response->error : "");
    return;
  }
  message =
      tb_janus_message_parse (response->body->str, response->body->len, &error);
  fault = message != NULL ? find_fault (janus, message) : error->message;
  if (fault != NULL)
    fail (janus, "step %d: %s", (int)janus->step, fault);
  else
    next_step (janus, message);
}

static void
send_step (TbJanus *janus)
{
  g_autofree char *url = write_url (janus);
  g_autofree char *body = write_body (janus);
  TcHttpRequest request = {.method = body != NULL ? "POST" : "GET",
                           .url = url,
                           .content_type =
                               body != NULL ? "application/json" : NULL,
                           .body = body,
                           .timeout_ms = POLL_TIMEOUT_MS};

  janus->http = tc_http_new (janus->loop, &request, on_answered, janus);
}

void
tb_janus_start (TbJanus *janus)
{
  TcPeerOptions peer = janus->options.peer;
  g_autoptr (GError) error = NULL;

  g_return_if_fail (janus->state == TC_WHEP_NEW);
  peer.changed = on_peer_changed;
  peer.packet = on_packet;
  peer.data = janus;
  janus->peer = tc_peer_new (janus->loop, &peer, &error);
  if (janus->peer == NULL) {
    fail (janus, "%s", error->message);
    return;
  }
  set_state (janus, TC_WHEP_SIGNALLING);
  janus->start_us = wc_clock_now_us ();
  send_step (janus);
}

void
tb_janus_stop (TbJanus *janus)
{
  if (janus->state == TC_WHEP_CLOSING || janus->step == STEP_DESTROY)
    return;
  tc_timer_unset (janus->timer);
  g_clear_pointer (&janus->http, tc_http_free);
  if (janus->session == 0) {
    finish_stop (janus);
    return;
  }
  set_state (janus, TC_WHEP_CLOSING);
  go_to (janus, STEP_DESTROY);
}

TcWhepState
tb_janus_state (const TbJanus *janus)
{
  return janus->state;
}

const char *
tb_janus_error (const TbJanus *janus)
{
  return janus->error;
}

TcPeer *
tb_janus_peer (const TbJanus *janus)
{
  return janus->peer;
}

TcWhepTimes
tb_janus_times (const TbJanus *janus)
{
  TcWhepTimes times = {.start_us = janus->start_us,
                       .answered_us = janus->answered_us};

  if (janus->peer != NULL)
    tc_whep_times_add_peer (&times, janus->peer);
  return times;
}
