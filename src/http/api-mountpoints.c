/* SPDX-License-Identifier: MIT */
#include "http/api-mountpoints.h"

#include "http/api.h"
#include "http/mountpoint-json.h"
#include "http/url.h"

WcMountpoint *
wc_api_require_mountpoint (WcRequest *request)
{
  const char *id = request->params.params[0];
  WcMountpoint *mountpoint =
      wc_registry_lookup (request->context->registry, id);

  if (mountpoint == NULL)
    wc_request_answer_problem (request, 404, "there is no mountpoint %s", id);
  return mountpoint;
}

/* Answers with the mountpoint of the path as it is now. */
static void
answer_mountpoint (WcRequest *request)
{
  WcMountpoint *mountpoint = wc_api_require_mountpoint (request);

  if (mountpoint != NULL)
    wc_request_answer_json (request, 200,
                            wc_mountpoint_json_new (mountpoint, request));
}

void
wc_api_mountpoints_list (WcRequest *request)
{
  guint offset, limit;

  if (!wc_api_parse_range (request, &offset, &limit))
    return;

  g_autoptr (GPtrArray) list = wc_registry_list (request->context->registry);
  JsonArray *items = json_array_new ();
  for (guint i = offset; i < list->len && i - offset < limit; i++)
    json_array_add_object_element (
        items, wc_mountpoint_json_new (list->pdata[i], request));

  JsonObject *object = json_object_new ();
  json_object_set_array_member (object, "items", items);
  json_object_set_int_member (object, "total", list->len);
  wc_request_answer_json (request, 200, object);
}

void
wc_api_mountpoint_get (WcRequest *request)
{
  answer_mountpoint (request);
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (WcRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  WcMountpoint *mountpoint =
      wc_registry_create_finish (WC_REGISTRY (source), result, &error);

  if (mountpoint == NULL) {
    wc_request_answer_error (request, error);
    return;
  }
  g_autofree char *path =
      g_strconcat ("/api/v1/mountpoints/", wc_mountpoint_id (mountpoint), NULL);
  g_autofree char *location = wc_url_absolute (request, path);
  wc_request_set_field (request, "Location", location);
  wc_request_answer_json (request, 201,
                          wc_mountpoint_json_new (mountpoint, request));
}

void
wc_api_mountpoints_create (WcRequest *request)
{
  g_autoptr (JsonObject) object = wc_api_parse_body (request);
  g_autoptr (GError) error = NULL;

  if (object == NULL)
    return;
  g_autoptr (WcMountpointSpec) spec =
      wc_mountpoint_spec_from_json (object, &error);
  if (spec == NULL) {
    wc_request_answer_error (request, error);
    return;
  }
  wc_request_pause (request);
  wc_registry_create_async (request->context->registry, spec, on_created,
                            wc_request_ref (request));
}

static void
on_edited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (WcRequest) request = user_data;
  g_autoptr (GError) error = NULL;

  if (wc_registry_edit_finish (WC_REGISTRY (source), result, &error))
    answer_mountpoint (request);
  else
    wc_request_answer_error (request, error);
}

void
wc_api_mountpoint_edit (WcRequest *request)
{
  WcMountpoint *mountpoint = wc_api_require_mountpoint (request);
  g_autoptr (GError) error = NULL;

  if (mountpoint == NULL)
    return;
  g_autoptr (JsonObject) changes = wc_api_parse_body (request);
  if (changes == NULL)
    return;
  g_autoptr (WcMountpointSpec) spec = wc_mountpoint_spec_patched (
      wc_mountpoint_spec (mountpoint), changes, &error);
  if (spec == NULL) {
    wc_request_answer_error (request, error);
    return;
  }
  wc_request_pause (request);
  wc_registry_edit_async (request->context->registry, request->params.params[0],
                          spec, on_edited, wc_request_ref (request));
}

static void
on_destroyed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (WcRequest) request = user_data;
  g_autoptr (GError) error = NULL;

  if (wc_registry_destroy_finish (WC_REGISTRY (source), result, &error))
    wc_request_answer (request, 204, NULL, NULL, 0);
  else
    wc_request_answer_error (request, error);
}

void
wc_api_mountpoint_destroy (WcRequest *request)
{
  if (wc_api_require_mountpoint (request) == NULL)
    return;
  wc_request_pause (request);
  wc_registry_destroy_async (request->context->registry,
                             request->params.params[0], on_destroyed,
                             wc_request_ref (request));
}

static void
on_enabled_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (WcRequest) request = user_data;
  g_autoptr (GError) error = NULL;

  if (wc_registry_set_enabled_finish (WC_REGISTRY (source), result, &error))
    answer_mountpoint (request);
  else
    wc_request_answer_error (request, error);
}

static void
set_enabled (WcRequest *request, gboolean enabled)
{
  if (wc_api_require_mountpoint (request) == NULL)
    return;
  wc_request_pause (request);
  wc_registry_set_enabled_async (request->context->registry,
                                 request->params.params[0], enabled,
                                 on_enabled_set, wc_request_ref (request));
}

void
wc_api_mountpoint_enable (WcRequest *request)
{
  set_enabled (request, TRUE);
}

void
wc_api_mountpoint_disable (WcRequest *request)
{
  set_enabled (request, FALSE);
}

void
wc_api_mountpoint_kick (WcRequest *request)
{
  WcMountpoint *mountpoint = wc_api_require_mountpoint (request);

  if (mountpoint == NULL)
    return;
  wc_mountpoint_kick (mountpoint, "kicked by the operator");
  answer_mountpoint (request);
}
