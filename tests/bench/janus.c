/* SPDX-License-Identifier: MIT */
#include "bench/janus.h"

#include "bench/answer.h"
#include "bench/janus-message.h"

#include "common/http.h"

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
  TcViewing viewing;
  Step step;
  TcHttp *http;
  TcTimer *timer; /* of keep-alives */
  guint64 session, handle;
  TcDescription *offer;
};

static void send_step (TbJanus *janus);

static void
on_keepalive_due (gpointer data)
{
  TbJanus *janus = data;

  if (janus->viewing.state == TC_WHEP_FAILED)
    return;
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
  tc_viewing_init (&janus->viewing, &options->peer);
  janus->timer = tc_timer_new (loop, on_keepalive_due, janus);
  return janus;
}

void
tb_janus_free (TbJanus *janus)
{
  tc_timer_free (janus->timer);
  g_clear_pointer (&janus->http, tc_http_free);
  tc_viewing_clear (&janus->viewing);
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
  TcPeer *peer = janus->viewing.peer;
  TcOfferTransport transport = {
      .ufrag = tc_peer_ufrag (peer),
      .pwd = tc_peer_pwd (peer),
      .fingerprint = tc_peer_fingerprint (peer),
      .ip = janus->options.peer.link.send != NULL
                ? janus->options.peer.link.ip
                : janus->options.peer.local_address,
      .port = tc_peer_port (peer),
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
  janus->viewing.answered_us = wc_clock_now_us ();
  /* A lite agent does not check: the viewer does, and controls. */
  tc_viewing_connect (&janus->viewing, janus->offer, TRUE,
                      janus->offer->ice_lite);
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
    tc_viewing_fail (&janus->viewing, "offer: %s", error->message);
  else
    go_to (janus, STEP_START);
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
    tc_viewing_finish (&janus->viewing);
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
    tc_viewing_finish (&janus->viewing);
    return;
  }
  if (response->status != 200) {
    tc_viewing_fail (&janus->viewing, "step %d: %u %s", (int)janus->step,
                     response->status,
                     response->error != NULL ? response->error : "");
    return;
  }
  message =
      tb_janus_message_parse (response->body->str, response->body->len, &error);
  fault = message != NULL ? find_fault (janus, message) : error->message;
  if (fault != NULL)
    tc_viewing_fail (&janus->viewing, "step %d: %s", (int)janus->step, fault);
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
  g_return_if_fail (janus->viewing.state == TC_WHEP_NEW);
  if (!tc_viewing_open (&janus->viewing, janus->loop))
    return;
  tc_viewing_signal (&janus->viewing);
  send_step (janus);
}

void
tb_janus_stop (TbJanus *janus)
{
  if (janus->viewing.state == TC_WHEP_CLOSING || janus->step == STEP_DESTROY)
    return;
  tc_timer_unset (janus->timer);
  g_clear_pointer (&janus->http, tc_http_free);
  if (janus->session == 0) {
    tc_viewing_finish (&janus->viewing);
    return;
  }
  janus->viewing.state = TC_WHEP_CLOSING;
  go_to (janus, STEP_DESTROY);
}

TcWhepState
tb_janus_state (const TbJanus *janus)
{
  return janus->viewing.state;
}

const char *
tb_janus_error (const TbJanus *janus)
{
  return janus->viewing.error;
}

TcPeer *
tb_janus_peer (const TbJanus *janus)
{
  return janus->viewing.peer;
}

TcWhepTimes
tb_janus_times (const TbJanus *janus)
{
  return tc_viewing_times (&janus->viewing);
}
