/* SPDX-License-Identifier: MIT */
/* src/http/openapi.json against the table of routes and the table of keys, in
 * both directions. That answers are as it says is seen by
 * tests/e2e/openapi.test.mjs. */
#include "config/keys.h"
#include "config/spec.h"
#include "http/api-openapi.h"
#include "http/routes.h"
#include "ingest/track-feed.h"
#include "mountpoint/mountpoint.h"
#include "mountpoint/session.h"

#include <string.h>

#define FILE_NAME "src/http/openapi.json"
#define REF "#/components/schemas/"

/* What a kind=file is can only be said in the configuration file. */
#define KINDS_CREATED (~(1u << WC_KIND_FILE))
/* Those that listen for publishers are no source of a failover, and nor is
 * another failover. */
#define KINDS_SOURCE                                                           \
  (1u << WC_KIND_RTP | 1u << WC_KIND_RTSP | 1u << WC_KIND_WHEP |               \
   1u << WC_KIND_TEST)

typedef struct {
  JsonParser *parser;
  JsonObject *paths, *schemas;
} Document;

static void
document_load (Document *document, gconstpointer data)
{
  g_autoptr (GBytes) bytes = wc_api_openapi_document ();
  g_autoptr (GError) error = NULL;
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);

  document->parser = json_parser_new ();
  json_parser_load_from_data (document->parser, text, (gssize)size, &error);
  g_assert_no_error (error);

  JsonObject *root =
      json_node_get_object (json_parser_get_root (document->parser));
  document->paths = json_object_get_object_member (root, "paths");
  document->schemas = json_object_get_object_member (
      json_object_get_object_member (root, "components"), "schemas");
}

static void
document_clear (Document *document, gconstpointer data)
{
  g_clear_object (&document->parser);
}

/* --- routes --------------------------------------------------------------- */

static const char *const operations[] = {"get",    "post",    "patch",
                                         "delete", "options", NULL};

static gboolean
table_has (const char *pattern, const char *operation)
{
  g_autofree char *method = g_ascii_strup (operation, -1);
  gsize n;
  const WcRoute *table = wc_routes_table (&n);

  for (gsize i = 0; i < n; i++)
    if (g_str_equal (table[i].pattern, pattern) &&
        table[i].method == wc_method_parse (method))
      return TRUE;
  return FALSE;
}

static gboolean
document_has (const Document *document, const WcRoute *route)
{
  JsonObject *path =
      json_object_has_member (document->paths, route->pattern)
          ? json_object_get_object_member (document->paths, route->pattern)
          : NULL;

  for (gsize i = 0; path != NULL && operations[i] != NULL; i++) {
    g_autofree char *method = g_ascii_strup (operations[i], -1);
    if (wc_method_parse (method) == route->method &&
        json_object_has_member (path, operations[i]))
      return TRUE;
  }
  return FALSE;
}

static void
test_routes_are_described (Document *document, gconstpointer data)
{
  gsize n;
  const WcRoute *table = wc_routes_table (&n);

  g_assert_cmpuint (n, >, 30);
  for (gsize i = 0; i < n; i++) {
    g_autofree char *methods = wc_method_list (table[i].method);
    if (!document_has (document, &table[i]))
      g_test_message (FILE_NAME " does not describe %s %s of routes.c", methods,
                      table[i].pattern);
    g_assert_true (document_has (document, &table[i]));
  }
}

static void
check_path (const char *pattern, JsonObject *path)
{
  g_autoptr (GList) members = json_object_get_members (path);

  for (GList *l = members; l != NULL; l = l->next) {
    if (g_str_equal (l->data, "parameters"))
      continue;
    if (!g_strv_contains (operations, l->data) || !table_has (pattern, l->data))
      g_test_message (FILE_NAME " describes %s %s, which routes.c has not",
                      (const char *)l->data, pattern);
    g_assert_true (table_has (pattern, l->data));
  }
}

static void
test_described_routes_exist (Document *document, gconstpointer data)
{
  g_autoptr (GList) members = json_object_get_members (document->paths);

  for (GList *l = members; l != NULL; l = l->next)
    check_path (l->data,
                json_object_get_object_member (document->paths, l->data));
}

/* --- which keys ----------------------------------------------------------- */

/* "MountpointRtspPush" */
static char *
schema_name (const char *prefix, WcKind kind)
{
  g_auto (GStrv) words = g_strsplit (wc_kind_name (kind), "-", -1);
  g_autoptr (GString) name = g_string_new (prefix);

  for (guint i = 0; words[i] != NULL; i++) {
    words[i][0] = g_ascii_toupper (words[i][0]);
    g_string_append (name, words[i]);
  }
  return g_string_free (g_steal_pointer (&name), FALSE);
}

static JsonObject *
properties_of (const Document *document, const char *schema)
{
  if (!json_object_has_member (document->schemas, schema))
    g_test_message (FILE_NAME " has no schema %s", schema);
  g_assert_true (json_object_has_member (document->schemas, schema));
  return json_object_get_object_member (
      json_object_get_object_member (document->schemas, schema), "properties");
}

/* Each key of @group with all of the flags @with and none of @without, and of
 * @kind (negative: of any), is a property of @schema, and no other key is. What
 * @schema has besides, such as counters, is no key. A mountpoint tells of its
 * tracks whatever its kind. */
static void
check_keys (const Document *document, const char *schema,
            const WcKeyGroup *group, int kind, guint with, guint without)
{
  JsonObject *properties = properties_of (document, schema);
  gboolean tracks_of_all = g_str_has_prefix (schema, "Mountpoint");

  for (guint i = 0; i < group->n_keys; i++) {
    const WcKey *key = &group->keys[i];
    g_autofree char *name = wc_key_spell (key, '_');
    gboolean expected =
        (key->flags & with) == with && !(key->flags & without) &&
        (kind < 0 || key->kinds == 0 || (key->kinds & (1u << kind)) != 0);
    if (tracks_of_all && key->type == WC_KEY_TRACKS)
      expected = TRUE;
    gboolean found = json_object_has_member (properties, name);

    if (found != expected)
      g_test_message (FILE_NAME ": schema %s %s key %s", schema,
                      expected ? "lacks" : "should not have", name);
    g_assert_true (found == expected);
  }
}

/* The same, and there is nothing but keys. */
static void
check_only_keys (const Document *document, const char *schema,
                 const WcKeyGroup *group, int kind, guint with, guint without)
{
  g_autoptr (GList) members =
      json_object_get_members (properties_of (document, schema));

  check_keys (document, schema, group, kind, with, without);
  for (GList *l = members; l != NULL; l = l->next) {
    if (wc_key_find (group, l->data, '_') == NULL)
      g_test_message (FILE_NAME ": %s of schema %s is no key",
                      (const char *)l->data, schema);
    g_assert_nonnull (wc_key_find (group, l->data, '_'));
  }
}

static void
test_keys_of_requests (Document *document, gconstpointer data)
{
  check_only_keys (document, "Keys", &wc_mountpoint_group, -1, WC_KEY_JSON,
                   WC_KEY_FIXED | WC_KEY_SOURCE_ALONE);
  check_only_keys (document, "TrackKeys", &wc_track_group, -1, WC_KEY_JSON, 0);
  for (WcKind kind = 0; kind <= WC_KIND_FAILOVER; kind++) {
    g_autofree char *create = schema_name ("Create", kind);
    g_autofree char *source = schema_name ("Source", kind);
    if (KINDS_CREATED & (1u << kind))
      check_only_keys (document, create, &wc_mountpoint_group, kind,
                       WC_KEY_JSON, WC_KEY_SOURCE_ALONE);
    if (KINDS_SOURCE & (1u << kind))
      check_only_keys (document, source, &wc_mountpoint_group, kind,
                       WC_KEY_JSON | WC_KEY_SOURCE, 0);
  }
}

static void
test_keys_of_answers (Document *document, gconstpointer data)
{
  check_only_keys (document, "TrackAsked", &wc_track_group, -1, WC_KEY_JSON, 0);
  for (WcKind kind = 0; kind <= WC_KIND_FAILOVER; kind++) {
    g_autofree char *mountpoint = schema_name ("Mountpoint", kind);
    g_autofree char *source = schema_name ("SourceStatus", kind);
    check_keys (document, mountpoint, &wc_mountpoint_group, kind, WC_KEY_JSON,
                WC_KEY_SOURCE_ALONE);
    if (KINDS_SOURCE & (1u << kind))
      check_keys (document, source, &wc_mountpoint_group, kind,
                  WC_KEY_JSON | WC_KEY_SOURCE, 0);
  }
}

/* The lists of kinds: what a mountpoint may be, and by which word it is told.
 */
static void
test_kinds (Document *document, gconstpointer data)
{
  JsonObject *answer =
      json_object_get_object_member (document->schemas, "Mountpoint");
  JsonObject *mapping = json_object_get_object_member (
      json_object_get_object_member (answer, "discriminator"), "mapping");
  JsonArray *variants = json_object_get_array_member (answer, "oneOf");
  guint n = 0;

  const WcKey *key = wc_key_find (&wc_mountpoint_group, "kind", '-');

  g_assert_cmpuint (g_strv_length ((char **)key->names), ==,
                    WC_KIND_FAILOVER + 1);
  for (WcKind kind = 0; kind <= WC_KIND_FAILOVER; kind++) {
    g_autofree char *schema = schema_name (REF "Mountpoint", kind);
    JsonObject *variant = json_array_get_object_element (variants, n++);
    g_assert_cmpstr (json_object_get_string_member (variant, "$ref"), ==,
                     schema);
    g_assert_cmpstr (
        json_object_get_string_member (mapping, wc_kind_name (kind)), ==,
        schema);
  }
  g_assert_cmpuint (json_array_get_length (variants), ==, n);
  g_assert_cmpuint (json_object_get_size (mapping), ==, n);
}

/* --- names ---------------------------------------------------------------- */

/* The list of names at @schema, or at @property of it, is @names. */
static void
check_names (const Document *document, const char *schema, const char *property,
             const char *const *names)
{
  JsonObject *list =
      property != NULL
          ? json_object_get_object_member (properties_of (document, schema),
                                           property)
          : json_object_get_object_member (document->schemas, schema);
  JsonArray *described = json_object_get_array_member (list, "enum");

  g_test_message (FILE_NAME ": names of schema %s %s", schema,
                  property != NULL ? property : "");
  g_assert_cmpuint (json_array_get_length (described), ==,
                    g_strv_length ((char **)names));
  for (guint i = 0; names[i] != NULL; i++)
    g_assert_cmpstr (json_array_get_string_element (described, i), ==,
                     names[i]);
}

static void
test_names (Document *document, gconstpointer data)
{
  const char *states[WC_MOUNTPOINT_FAILED + 2] = {NULL};
  const char *sources[WC_INGEST_FAILED + 2] = {NULL};
  const char *sessions[WC_SESSION_CLOSED + 2] = {NULL};
  const char *conversions[WC_CONVERSION_FAILED + 2] = {NULL};
  const char *codecs[WC_N_SOURCE_CODECS + 1] = {NULL};
  const char *origins[WC_ORIGIN_DEMO + 2] = {NULL};

  for (guint i = 0; i <= WC_MOUNTPOINT_FAILED; i++)
    states[i] = wc_mountpoint_state_name ((WcMountpointState)i);
  for (guint i = 0; i <= WC_INGEST_FAILED; i++)
    sources[i] = wc_ingest_state_name ((WcIngestState)i);
  for (guint i = 0; i <= WC_SESSION_CLOSED; i++)
    sessions[i] = wc_session_state_name ((WcSessionState)i);
  for (guint i = 0; i <= WC_CONVERSION_FAILED; i++)
    conversions[i] = wc_conversion_state_name ((WcConversionState)i);
  for (guint i = 0; i < WC_N_SOURCE_CODECS; i++)
    codecs[i] = wc_codec_info ((WcCodec)i)->name;
  for (guint i = 0; i <= WC_ORIGIN_DEMO; i++)
    origins[i] = wc_origin_name ((WcOrigin)i);
  check_names (document, "State", NULL, states);
  check_names (document, "SourceState", NULL, sources);
  check_names (document, "Session", "state", sessions);
  check_names (document, "VideoConversion", "state", conversions);
  check_names (document, "AudioConversion", "state", conversions);
  check_names (document, "VideoTrack", "codec", codecs);
  check_names (document, "AudioTrack", "codec", codecs);
  check_names (document, "MountpointRtp", "origin", origins);
}

/* --- what a key allows ---------------------------------------------------- */

/* The first of "type", or what it is. */
static const char *
type_of (JsonObject *property)
{
  JsonNode *type = json_object_get_member (property, "type");

  g_assert_nonnull (type);
  return JSON_NODE_HOLDS_ARRAY (type)
             ? json_array_get_string_element (json_node_get_array (type), 0)
             : json_node_get_string (type);
}

static gint64
number (JsonObject *property, const char *name, gint64 absent)
{
  return json_object_has_member (property, name)
             ? json_object_get_int_member (property, name)
             : absent;
}

static void
check_enum (const WcKey *key, JsonObject *property)
{
  JsonArray *names = json_object_get_array_member (property, "enum");
  guint n = 0;

  for (; key->names[n] != NULL; n++)
    g_assert_cmpstr (json_array_get_string_element (names, n), ==,
                     key->names[n]);
  while (n < json_array_get_length (names))
    g_assert_true (json_array_get_null_element (names, n++));
}

static void
check_default (const WcKey *key, JsonObject *property)
{
  JsonNode *node = json_object_get_member (property, "default");

  if (key->fallback[0] == '\0' || key->flags & WC_KEY_REQUIRED) {
    g_assert_null (node);
    return;
  }
  g_assert_nonnull (node);
  if (key->type == WC_KEY_BOOL)
    g_assert_cmpint (json_node_get_boolean (node), ==,
                     g_str_equal (key->fallback, "true"));
  else if (key->type == WC_KEY_UINT)
    g_assert_cmpint (json_node_get_int (node), ==,
                     g_ascii_strtoll (key->fallback, NULL, 10));
  else
    g_assert_cmpstr (json_node_get_string (node), ==, key->fallback);
}

static void
check_limits (const WcKey *key, JsonObject *property)
{
  switch (key->type) {
  case WC_KEY_BOOL:
    g_assert_cmpstr (type_of (property), ==, "boolean");
    return;
  case WC_KEY_UINT:
    g_assert_cmpstr (type_of (property), ==, "integer");
    g_assert_cmpint (number (property, "minimum", -1), ==, (gint64)key->min);
    g_assert_cmpint (number (property, "maximum", -1), ==, (gint64)key->max);
    return;
  case WC_KEY_ENUM:
    g_assert_cmpstr (type_of (property), ==, "string");
    check_enum (key, property);
    return;
  case WC_KEY_STRING:
    g_assert_cmpstr (type_of (property), ==, "string");
    g_assert_cmpint (number (property, "minLength", 0), >=, (gint64)key->min);
    g_assert_cmpint (number (property, "maxLength", -1), ==, (gint64)key->max);
    return;
  case WC_KEY_TRACKS:
  case WC_KEY_SOURCES:
    g_assert_cmpstr (type_of (property), ==, "array");
    return;
  case WC_KEY_LIST:
  case WC_KEY_LISTEN:
  case WC_KEY_RANGE:
  case WC_KEY_WORKERS:
  case WC_KEY_TCP_PORT:
    g_assert_not_reached (); /* not of a mountpoint */
  }
}

static void
check_rows (const Document *document, const char *schema,
            const WcKeyGroup *group)
{
  JsonObject *properties = properties_of (document, schema);

  for (guint i = 0; i < group->n_keys; i++) {
    const WcKey *key = &group->keys[i];
    g_autofree char *name = wc_key_spell (key, '_');
    if (!json_object_has_member (properties, name))
      continue;
    JsonObject *property = json_object_get_object_member (properties, name);
    g_test_message (FILE_NAME ": key %s of schema %s", name, schema);
    g_assert_true (json_object_has_member (property, "description"));
    check_limits (key, property);
    check_default (key, property);
  }
}

static void
test_limits (Document *document, gconstpointer data)
{
  check_rows (document, "Keys", &wc_mountpoint_group);
  check_rows (document, "TrackKeys", &wc_track_group);
}

#define ADD(path, func)                                                        \
  g_test_add ("/openapi/" path, Document, NULL, document_load, func,           \
              document_clear)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("routes-are-described", test_routes_are_described);
  ADD ("described-routes-exist", test_described_routes_exist);
  ADD ("kinds", test_kinds);
  ADD ("keys-of-requests", test_keys_of_requests);
  ADD ("keys-of-answers", test_keys_of_answers);
  ADD ("names", test_names);
  ADD ("limits", test_limits);
  return g_test_run ();
}
