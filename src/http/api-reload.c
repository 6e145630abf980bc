/* SPDX-License-Identifier: MIT */
#include "http/api-reload.h"

#include "http/api.h"
#include "http/problem.h"

#include <string.h>

#define UNUSABLE 422

static JsonObject *
change_json (const WcChange *change)
{
  JsonObject *object = json_object_new ();

  if (change->subject == WC_CHANGE_MOUNTPOINT) {
    json_object_set_string_member (object, "id", change->name);
  } else {
    json_object_set_string_member (object, "group", change->group);
    json_object_set_string_member (object, "key", change->name);
  }
  json_object_set_string_member (object, "effect",
                                 wc_change_effect_name (change->effect));
  wc_api_set_text (object, "note", change->note);
  return object;
}

static JsonArray *
changes_json (const GPtrArray *changes, WcChangeSubject subject)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < changes->len; i++) {
    const WcChange *change = changes->pdata[i];
    if (change->subject == subject)
      json_array_add_object_element (array, change_json (change));
  }
  return array;
}

static gboolean
needs_restart (const GPtrArray *changes)
{
  for (guint i = 0; i < changes->len; i++)
    if (((WcChange *)changes->pdata[i])->effect == WC_CHANGE_NEEDS_RESTART)
      return TRUE;
  return FALSE;
}

static JsonObject *
report_json (const GPtrArray *changes)
{
  JsonObject *object = json_object_new ();

  json_object_set_array_member (object, "keys",
                                changes_json (changes, WC_CHANGE_KEY));
  json_object_set_array_member (object, "files",
                                changes_json (changes, WC_CHANGE_FILE));
  json_object_set_array_member (object, "mountpoints",
                                changes_json (changes, WC_CHANGE_MOUNTPOINT));
  json_object_set_boolean_member (object, "needs_restart",
                                  needs_restart (changes));
  return object;
}

/* A problem document with all the sentences, beside the one that it must have.
 */
static void
answer_errors (WcRequest *request, GPtrArray *errors)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *array = json_array_new ();
  g_autoptr (GString) all = g_string_new ("nothing was changed");

  for (guint i = 0; i < errors->len; i++) {
    g_autofree char *valid = g_utf8_make_valid (errors->pdata[i], -1);
    json_array_add_string_element (array, valid);
    g_string_append_printf (all, "; %s", valid);
  }
  json_object_set_string_member (object, "title", wc_problem_title (UNUSABLE));
  json_object_set_int_member (object, "status", UNUSABLE);
  json_object_set_string_member (object, "detail", all->str);
  json_object_set_string_member (object, "error", all->str);
  json_object_set_array_member (object, "errors", array);
  json_node_take_object (root, object);
  g_autofree char *text = json_to_string (root, FALSE);
  wc_request_answer (request, UNUSABLE, "application/problem+json", text,
                     strlen (text));
}

void
wc_api_reload (WcRequest *request)
{
  const WcServerControl *control = &request->context->control;

  if (request->context->stopping) {
    wc_request_answer_stopping (request);
    return;
  }
  g_autoptr (WcReloadReport) report = control->reload (control->user_data);
  if (report->errors->len > 0)
    answer_errors (request, report->errors);
  else
    wc_request_answer_json (request, 200, report_json (report->changes));
}
