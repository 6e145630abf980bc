/* SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "config/spec-rules.h"
#include "config/url.h"

#include <string.h>

/* What reading one object needs. */
typedef struct {
  WcSpecPlace place;
  const WcMountpointSpec *base; /* of a PATCH; NULL: a create */
} Reader;

/* --- reading one value ---------------------------------------------------- */

static const char *
name_json (JsonNode *node)
{
  GType type;

  switch (json_node_get_node_type (node)) {
  case JSON_NODE_OBJECT:
    return "an object";
  case JSON_NODE_ARRAY:
    return "an array";
  case JSON_NODE_NULL:
    return "null";
  case JSON_NODE_VALUE:
    break;
  }
  type = json_node_get_value_type (node);
  if (type == G_TYPE_STRING)
    return "a string";
  if (type == G_TYPE_BOOLEAN)
    return "a boolean";
  return type == G_TYPE_INT64 ? "an integer" : "a number with a fraction";
}

/* What @key is in JSON. */
static const char *
name_wanted (const WcKey *key)
{
  if (key->type == WC_KEY_BOOL)
    return "a boolean";
  if (key->type == WC_KEY_UINT)
    return "an integer";
  return key->type == WC_KEY_TRACKS || key->type == WC_KEY_SOURCES ? "an array"
                                                                   : "a string";
}

static gboolean
refuse_type (const WcSpecPlace *place, const WcKey *key, JsonNode *node,
             GError **error)
{
  g_autofree char *allowed = wc_key_allowed (key);

  return wc_spec_refuse (place, key->name, error,
                         "%s is not allowed; it must be %s: %s",
                         name_json (node), name_wanted (key), allowed);
}

/* As it would stand in the file; NULL for the wrong type. */
static char *
text_of (const WcKey *key, JsonNode *node)
{
  if (!g_str_equal (name_json (node), name_wanted (key)))
    return NULL;
  if (key->type == WC_KEY_BOOL)
    return g_strdup (json_node_get_boolean (node) ? "true" : "false");
  if (key->type == WC_KEY_UINT)
    return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
  return json_node_dup_string (node);
}

/* "***" was read from the API and means: as it is. A mountpoint is a copy of
 * what it was; a source is not. */
static gboolean
keep_secret (const Reader *reader, const WcKey *key, GError **error)
{
  const char *const *secret = wc_key_field (key, reader->base);

  if (*secret != NULL)
    return reader->place.source == 0 ||
           wc_spec_set_key (&reader->place, key, *secret, error);
  return wc_spec_refuse (&reader->place, key->name, error,
                         "\"***\" keeps the value there is, and there is none");
}

static gboolean
read_secret (const Reader *reader, const WcKey *key, const char *text,
             GError **error)
{
  if (reader->base != NULL && g_str_equal (text, "***"))
    return keep_secret (reader, key, error);
  if (*text == '\0')
    return wc_spec_refuse (&reader->place, key->name, error,
                           "an empty value is not allowed; null for none");
  return wc_spec_set_key (&reader->place, key, text, error);
}

/* A URL that was read from the API has "***" for its password. */
static gboolean
read_url (const Reader *reader, const WcKey *key, const char *text,
          GError **error)
{
  const char *const *former =
      reader->base != NULL ? wc_key_field (key, reader->base) : NULL;
  g_autofree char *url =
      wc_url_restore_password (text, former != NULL ? *former : NULL);

  if (url == NULL)
    return wc_spec_refuse (&reader->place, key->name, error,
                           "\"***\" keeps the password of the same user and "
                           "host, and there is none; give the password itself");
  return wc_spec_set_key (&reader->place, key, url, error);
}

static gboolean
read_value (const Reader *reader, const WcKey *key, gpointer target,
            JsonNode *node, GError **error)
{
  g_autofree char *text = NULL;

  if (JSON_NODE_HOLDS_NULL (node) && !(key->flags & WC_KEY_REQUIRED)) {
    wc_key_reset (key, target);
    return TRUE;
  }
  text = text_of (key, node);
  if (text == NULL)
    return refuse_type (&reader->place, key, node, error);
  if (key->flags & WC_KEY_SECRET)
    return read_secret (reader, key, text, error);
  if (key->flags & WC_KEY_URL)
    return read_url (reader, key, text, error);
  /* In a file empty means "not given"; JSON has null for that. */
  if (*text == '\0' && key->type == WC_KEY_STRING && *key->fallback != '\0') {
    g_autofree char *allowed = wc_key_allowed (key);
    return wc_spec_refuse (&reader->place, key->name, error,
                           "an empty value is not allowed; %s", allowed);
  }
  return wc_spec_set_key (&reader->place, key, text, error);
}

static gboolean
check_required (const WcSpecPlace *place, const WcKeyGroup *group,
                JsonObject *object, GError **error)
{
  for (guint i = 0; i < group->n_keys; i++) {
    const WcKey *key = &group->keys[i];
    if (!(key->flags & WC_KEY_REQUIRED) ||
        json_object_has_member (object, key->name))
      continue;
    g_autofree char *allowed = wc_key_allowed (key);
    return wc_spec_refuse (place, key->name, error, "is missing; it is %s",
                           allowed);
  }
  return TRUE;
}

/* --- tracks --------------------------------------------------------------- */

static gboolean
read_track (Reader *reader, JsonObject *object, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  wc_spec_add_track (&reader->place);
  gpointer track =
      g_ptr_array_index (reader->place.spec->tracks, reader->place.track - 1);
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &node)) {
    const WcKey *key = wc_spec_find_key (&reader->place, name, error);
    if (key == NULL || !read_value (reader, key, track, node, error))
      return FALSE;
  }
  return check_required (&reader->place, &wc_track_group, object, error);
}

static gboolean
read_tracks (const Reader *reader, const WcKey *key, JsonNode *node,
             GError **error)
{
  Reader track = *reader;

  g_ptr_array_set_size (reader->place.spec->tracks, 0);
  if (JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return refuse_type (&reader->place, key, node, error);

  JsonArray *array = json_node_get_array (node);
  guint n = json_array_get_length (array);
  if (n < 1 || n > WC_N_MEDIA)
    return wc_spec_refuse (&reader->place, key->name, error,
                           "%u tracks are not allowed; it must be %s", n,
                           key->allowed);
  for (guint i = 0; i < n; i++) {
    JsonNode *item = json_array_get_element (array, i);
    if (!JSON_NODE_HOLDS_OBJECT (item))
      return wc_spec_refuse (&reader->place, key->name, error,
                             "%s is not allowed in the array; each track is "
                             "an object",
                             name_json (item));
    if (!read_track (&track, json_node_get_object (item), error))
      return FALSE;
  }
  return TRUE;
}

/* --- sources -------------------------------------------------------------- */

static gboolean read_member (const Reader *reader, const char *name,
                             JsonNode *node, GError **error);

/* What a PATCH calls "***" is looked for in the source at the same place. */
static const WcMountpointSpec *
former_source (const Reader *reader, guint index)
{
  if (reader->base == NULL || index >= reader->base->sources->len)
    return NULL;
  return g_ptr_array_index (reader->base->sources, index);
}

static gboolean
read_source (const Reader *reader, JsonObject *object, GError **error)
{
  guint index = reader->place.spec->sources->len;
  Reader source = {.place = wc_spec_add_source (&reader->place),
                   .base = former_source (reader, index)};
  JsonNode *kind = json_object_get_member (object, "kind");
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (kind != NULL && !read_member (&source, "kind", kind, error))
    return FALSE;
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    if (!read_member (&source, name, node, error))
      return FALSE;
  return TRUE;
}

static gboolean
read_sources (const Reader *reader, const WcKey *key, JsonNode *node,
              GError **error)
{
  JsonArray *array;

  g_ptr_array_set_size (reader->place.spec->sources, 0);
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return refuse_type (&reader->place, key, node, error);
  array = json_node_get_array (node);
  if (json_array_get_length (array) > WC_MAX_SOURCES)
    return wc_spec_refuse (&reader->place, key->name, error,
                           "%u sources are not allowed; 1 to %d",
                           json_array_get_length (array), WC_MAX_SOURCES);
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *item = json_array_get_element (array, i);
    if (!JSON_NODE_HOLDS_OBJECT (item))
      return wc_spec_refuse (&reader->place, key->name, error,
                             "%s is not allowed in the array; each source is "
                             "an object",
                             name_json (item));
    if (!read_source (reader, json_node_get_object (item), error))
      return FALSE;
  }
  return TRUE;
}

/* --- mountpoints ---------------------------------------------------------- */

static gboolean
refuse_fixed (const Reader *reader, const WcKey *key, GError **error)
{
  return wc_spec_refuse (&reader->place, key->name, error,
                         "cannot be changed; make another mountpoint");
}

static gboolean
read_member (const Reader *reader, const char *name, JsonNode *node,
             GError **error)
{
  const WcKey *key = wc_spec_find_key (&reader->place, name, error);

  if (key == NULL)
    return FALSE;
  if (reader->base != NULL && key->flags & WC_KEY_FIXED &&
      reader->place.source == 0)
    return refuse_fixed (reader, key, error);
  if (key->type == WC_KEY_TRACKS)
    return read_tracks (reader, key, node, error);
  if (key->type == WC_KEY_SOURCES)
    return read_sources (reader, key, node, error);
  return read_value (reader, key, reader->place.spec, node, error);
}

static gboolean
read_members (const Reader *reader, JsonObject *object, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    if (!read_member (reader, name, node, error))
      return FALSE;
  return (reader->base != NULL ||
          check_required (&reader->place, &wc_mountpoint_group, object,
                          error)) &&
         wc_spec_finish (&reader->place, error);
}

WcMountpointSpec *
wc_mountpoint_spec_from_json (JsonObject *object, GError **error)
{
  g_autoptr (WcMountpointSpec) spec = wc_mountpoint_spec_new ();
  Reader reader = {.place = {.spec = spec}};
  JsonNode *kind = json_object_get_member (object, "kind");

  /* What else is known depends on the kind. */
  if ((kind != NULL && !read_member (&reader, "kind", kind, error)) ||
      !read_members (&reader, object, error))
    return NULL;
  return g_steal_pointer (&spec);
}

static gboolean
is_given (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && !JSON_NODE_HOLDS_NULL (node);
}

static gboolean
is_given_anew (JsonObject *changes, const char *name)
{
  return is_given (changes, name) &&
         g_strcmp0 (json_object_get_string_member (changes, name), "***") != 0;
}

/* Who can edit but not read must not have what is hidden sent elsewhere. */
static gboolean
check_hidden (const Reader *reader, JsonObject *changes, GError **error)
{
  const WcMountpointSpec *spec = reader->place.spec;
  const char *key = NULL;

  if (wc_url_same_host (reader->base->url, spec->url))
    return TRUE;
  if (spec->password != NULL && !is_given_anew (changes, "password"))
    key = "password";
  else if (spec->source_token != NULL &&
           !is_given_anew (changes, "source_token"))
    key = "source-token";
  return key == NULL ||
         wc_spec_refuse (&reader->place, key, error,
                         "is not sent to another host than it was given for; "
                         "give it again with the new url");
}

WcMountpointSpec *
wc_mountpoint_spec_patched (const WcMountpointSpec *base, JsonObject *changes,
                            GError **error)
{
  g_autoptr (WcMountpointSpec) spec = wc_mountpoint_spec_copy (base);
  Reader reader = {.place = {.spec = spec}, .base = base};

  /* One description of the media takes the place of the other. */
  if (is_given (changes, "tracks") || is_given (changes, "sdp")) {
    g_ptr_array_set_size (spec->tracks, 0);
    g_clear_pointer (&spec->sdp, g_free);
    g_clear_pointer (&spec->sdp_file, g_free);
  }
  if (!read_members (&reader, changes, error) ||
      !check_hidden (&reader, changes, error))
    return NULL;
  return g_steal_pointer (&spec);
}

gboolean
wc_mountpoint_spec_check (const WcMountpointSpec *spec, GError **error)
{
  g_autoptr (JsonObject) object = wc_mountpoint_spec_to_json (spec, FALSE);
  g_autoptr (WcMountpointSpec) copy =
      wc_mountpoint_spec_from_json (object, error);

  return copy != NULL;
}

/* --- writing -------------------------------------------------------------- */

static JsonNode *
write_string (const WcKey *key, const char *text, gboolean hide_secrets)
{
  if (text == NULL)
    return json_node_new (JSON_NODE_NULL);
  if (hide_secrets && key->flags & WC_KEY_SECRET)
    text = "***";
  if (hide_secrets && key->flags & WC_KEY_URL) {
    g_autofree char *shown = wc_url_hide_password (text);
    return json_node_init_string (json_node_alloc (), shown);
  }
  return json_node_init_string (json_node_alloc (), text);
}

static JsonNode *
write_uint (const WcKey *key, gconstpointer base)
{
  const guint8 *given = base;

  if (key->offset2 != 0 && !*(const gboolean *)(given + key->offset2))
    return json_node_new (JSON_NODE_NULL);
  return json_node_init_int (json_node_alloc (),
                             (gint64)wc_key_get_uint (key, base));
}

static JsonNode *
write_value (const WcKey *key, gconstpointer base, gboolean hide_secrets)
{
  gconstpointer field = wc_key_field (key, base);

  if (key->type == WC_KEY_BOOL)
    return json_node_init_boolean (json_node_alloc (),
                                   *(const gboolean *)field);
  if (key->type == WC_KEY_UINT)
    return write_uint (key, base);
  if (key->type == WC_KEY_ENUM)
    return json_node_init_string (json_node_alloc (),
                                  key->names[*(const gint *)field]);
  return write_string (key, *(const char *const *)field, hide_secrets);
}

/* @with: only keys with these flags; @without: none that has one of these. */
static void
write_keys (JsonObject *object, const WcKeyGroup *group, gconstpointer base,
            WcKind kind, guint with, guint without, gboolean hide_secrets)
{
  for (guint i = 0; i < group->n_keys; i++) {
    const WcKey *key = &group->keys[i];
    if ((key->flags & with) != with || (key->flags & without) != 0 ||
        key->size == 0 || key->type == WC_KEY_TRACKS ||
        key->type == WC_KEY_SOURCES ||
        (key->kinds != 0 && (key->kinds & (1u << kind)) == 0))
      continue;
    g_autofree char *name = wc_key_spell (key, '_');
    json_object_set_member (object, name,
                            write_value (key, base, hide_secrets));
  }
}

JsonObject *
wc_track_spec_to_json (const WcTrackSpec *track)
{
  JsonObject *object = json_object_new ();

  write_keys (object, &wc_track_group, track, WC_KIND_RTP, WC_KEY_JSON, 0,
              FALSE);
  if (track->clock_rate == 0)
    json_object_remove_member (object, "clock_rate");
  if (track->channels == 0)
    json_object_remove_member (object, "channels");
  return object;
}

static JsonArray *
write_tracks (const WcMountpointSpec *spec)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < spec->tracks->len; i++)
    json_array_add_object_element (
        array, wc_track_spec_to_json (g_ptr_array_index (spec->tracks, i)));
  return array;
}

static JsonObject *
write_source (const WcMountpointSpec *spec, gboolean hide_secrets)
{
  JsonObject *object = json_object_new ();

  if (spec->mountpoint != NULL) {
    json_object_set_string_member (object, "mountpoint", spec->mountpoint);
    return object;
  }
  write_keys (object, &wc_mountpoint_group, spec, spec->kind,
              WC_KEY_JSON | WC_KEY_SOURCE, 0, hide_secrets);
  if (spec->tracks->len > 0)
    json_object_set_array_member (object, "tracks", write_tracks (spec));
  return object;
}

static JsonArray *
write_sources (const WcMountpointSpec *spec, gboolean hide_secrets)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < spec->sources->len; i++)
    json_array_add_object_element (
        array,
        write_source (g_ptr_array_index (spec->sources, i), hide_secrets));
  return array;
}

JsonObject *
wc_mountpoint_spec_to_json (const WcMountpointSpec *spec, gboolean hide_secrets)
{
  JsonObject *object = json_object_new ();

  write_keys (object, &wc_mountpoint_group, spec, spec->kind, WC_KEY_JSON,
              WC_KEY_SOURCE_ALONE, hide_secrets);
  if (spec->tracks->len > 0)
    json_object_set_array_member (object, "tracks", write_tracks (spec));
  if (spec->sources->len > 0)
    json_object_set_array_member (object, "sources",
                                  write_sources (spec, hide_secrets));
  return object;
}
