/* SPDX-License-Identifier: MIT */
#include "config/spec-file.h"

#include "base/id.h"
#include "config/config.h"
#include "config/spec-rules.h"

#include <string.h>

#define MOUNTPOINT "mountpoint "
#define TRACK "track "
#define SOURCE "source "

gboolean
wc_spec_file_is_group (const char *name)
{
  return g_str_has_prefix (name, MOUNTPOINT) ||
         g_str_has_prefix (name, TRACK) || g_str_has_prefix (name, SOURCE);
}

G_GNUC_PRINTF (5, 6)
static gboolean
refuse_group (const WcKeyFile *file, const WcKeyFileGroup *group,
              WcConfigError code, GError **error, const char *format, ...)
{
  g_autofree char *place = wc_key_file_place (file, group->name, NULL);
  va_list args;

  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, WC_CONFIG_ERROR, code, "%s: %s", place, text);
  return FALSE;
}

static gboolean
read_keys (const WcSpecPlace *place, const WcKeyFileGroup *group,
           GError **error)
{
  gboolean ok = TRUE;

  for (guint i = 0; i < group->entries->len; i++) {
    const WcKeyFileEntry *entry = g_ptr_array_index (group->entries, i);
    GError *one = NULL;
    const WcKey *key = wc_spec_find_key (place, entry->key, &one);

    if (key != NULL && wc_spec_set_key (place, key, entry->value, &one))
      continue;
    wc_config_add_error (error, one);
    ok = FALSE;
  }
  return ok;
}

/* What else is known depends on the kind. */
static gboolean
read_kind (const WcSpecPlace *place, const WcKeyFileGroup *group,
           GError **error)
{
  const char *kind = wc_key_file_value (group, "kind");

  return kind == NULL ||
         wc_spec_set_key (place, wc_spec_find_key (place, "kind", NULL), kind,
                          error);
}

/* So that it is noticed when it says something else. Whether it says anything
 * sensible is not asked here. */
static void
note_sdp_file (WcMountpointSpec *spec)
{
  g_autofree char *text = NULL;
  gsize size;

  if (g_file_test (spec->sdp_file, G_FILE_TEST_IS_REGULAR) &&
      g_file_get_contents (spec->sdp_file, &text, &size, NULL))
    spec->sdp_digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256,
                                                    (const guchar *)text, size);
}

/* A file that is named is named from where the configuration is. */
static void
resolve_sdp_file (const WcKeyFile *file, WcMountpointSpec *spec)
{
  if (spec->sdp_file == NULL)
    return;
  if (!g_path_is_absolute (spec->sdp_file)) {
    g_autofree char *folder = g_path_get_dirname (file->path);
    g_autofree char *name = g_steal_pointer (&spec->sdp_file);
    spec->sdp_file = g_build_filename (folder, name, NULL);
  }
  note_sdp_file (spec);
}

static gboolean
read_mountpoint (const WcKeyFile *file, const WcKeyFileGroup *group,
                 GPtrArray *mountpoints, GError **error)
{
  const char *id = group->name + strlen (MOUNTPOINT);
  WcMountpointSpec *spec = wc_mountpoint_spec_new ();
  WcSpecPlace place = {.file = file, .spec = spec};

  g_ptr_array_add (mountpoints, spec);
  if (!wc_id_is_valid (id))
    return refuse_group (file, group, WC_CONFIG_ERROR_VALUE, error,
                         "\"%s\" cannot be an id; " WC_ID_RULE, id);
  spec->id = g_strdup (id);
  if (!read_kind (&place, group, error) || !read_keys (&place, group, error))
    return FALSE;
  resolve_sdp_file (file, spec);
  return TRUE;
}

static gboolean
read_track_keys (WcSpecPlace *place, const WcKeyFileGroup *group, WcMedia media,
                 GError **error)
{
  wc_spec_add_track (place);
  WcTrackSpec *track =
      g_ptr_array_index (place->spec->tracks, place->track - 1);
  track->media = media;
  if (wc_key_file_value (group, "codec") == NULL)
    return refuse_group (
        place->file, group, WC_CONFIG_ERROR_VALUE, error,
        "the key codec is missing; it is one of " WC_CODEC_NAMES);
  return read_keys (place, group, error);
}

static gboolean
read_track (const WcKeyFile *file, const WcKeyFileGroup *group,
            GHashTable *by_id, GError **error)
{
  const char *name = group->name + strlen (TRACK);
  const char *slash = strrchr (name, '/');
  const char *medium = slash != NULL ? slash + 1 : "";

  if (!g_str_equal (medium, "video") && !g_str_equal (medium, "audio"))
    return refuse_group (file, group, WC_CONFIG_ERROR_KEY, error,
                         "a track's group is [track ID/video] or "
                         "[track ID/audio]");

  g_autofree char *id = g_strndup (name, slash - name);
  WcSpecPlace place = {.file = file, .spec = g_hash_table_lookup (by_id, id)};
  if (place.spec == NULL)
    return refuse_group (file, group, WC_CONFIG_ERROR_KEY, error,
                         "there is no [mountpoint %s]", id);
  if (place.spec->kind != WC_KIND_RTP)
    return refuse_group (file, group, WC_CONFIG_ERROR_KEY, error,
                         "tracks are for kind rtp; [mountpoint %s] is of kind "
                         "%s",
                         id, wc_kind_name (place.spec->kind));
  return read_track_keys (
      &place, group, *medium == 'v' ? WC_MEDIA_VIDEO : WC_MEDIA_AUDIO, error);
}

/* "ID/2": the sources of a mountpoint come in order, so that the order is
 * plain to see. */
static gboolean
read_source (const WcKeyFile *file, const WcKeyFileGroup *group,
             GHashTable *by_id, GError **error)
{
  const char *name = group->name + strlen (SOURCE);
  const char *slash = strrchr (name, '/');
  g_autofree char *id = slash != NULL ? g_strndup (name, slash - name) : NULL;
  WcSpecPlace place = {.file = file,
                       .spec =
                           id != NULL ? g_hash_table_lookup (by_id, id) : NULL};

  if (id == NULL)
    return refuse_group (file, group, WC_CONFIG_ERROR_KEY, error,
                         "a source's group is [source ID/1], [source ID/2] "
                         "and so on");
  if (place.spec == NULL)
    return refuse_group (file, group, WC_CONFIG_ERROR_KEY, error,
                         "there is no [mountpoint %s]", id);
  if (place.spec->kind != WC_KIND_FAILOVER)
    return refuse_group (file, group, WC_CONFIG_ERROR_KEY, error,
                         "sources are for kind failover; [mountpoint %s] is of "
                         "kind %s",
                         id, wc_kind_name (place.spec->kind));

  WcSpecPlace source = wc_spec_add_source (&place);
  g_autofree char *number = g_strdup_printf ("%u", source.source);
  if (!g_str_equal (slash + 1, number))
    return refuse_group (file, group, WC_CONFIG_ERROR_KEY, error,
                         "sources are numbered from 1 in order; this one would "
                         "be [source %s/%s]",
                         id, number);
  if (!read_kind (&source, group, error) || !read_keys (&source, group, error))
    return FALSE;
  resolve_sdp_file (file, source.spec);
  return TRUE;
}

/* The mountpoint that the group @name, "track ID/..." or "source ID/...", is of
 * is wrong itself: what is wrong here is told when that is right. */
static gboolean
is_of_broken (GHashTable *broken, const char *name)
{
  const char *id = strchr (name, ' ') + 1, *slash = strrchr (id, '/');
  g_autofree char *text =
      g_strndup (id, slash != NULL ? (gsize)(slash - id) : strlen (id));

  return g_hash_table_contains (broken, text);
}

static gboolean
read_tracks (const WcKeyFile *file, GHashTable *by_id, GHashTable *broken,
             GError **error)
{
  gboolean ok = TRUE;

  for (guint i = 0; i < file->groups->len; i++) {
    const WcKeyFileGroup *group = g_ptr_array_index (file->groups, i);
    gboolean is_source = g_str_has_prefix (group->name, SOURCE);
    GError *one = NULL;

    if ((!is_source && !g_str_has_prefix (group->name, TRACK)) ||
        is_of_broken (broken, group->name))
      continue;
    if (is_source ? read_source (file, group, by_id, &one)
                  : read_track (file, group, by_id, &one))
      continue;
    wc_config_add_error (error, one);
    ok = FALSE;
  }
  return ok;
}

static gboolean
finish (const WcKeyFile *file, GPtrArray *mountpoints, GError **error)
{
  gboolean ok = TRUE;

  for (guint i = 0; i < mountpoints->len; i++) {
    WcSpecPlace place = {.file = file,
                         .spec = g_ptr_array_index (mountpoints, i)};
    GError *one = NULL;
    if (wc_spec_finish (&place, &one))
      continue;
    wc_config_add_error (error, one);
    ok = FALSE;
  }
  return ok;
}

gboolean
wc_spec_file_read (const WcKeyFile *file, GPtrArray *mountpoints,
                   GError **error)
{
  g_autoptr (GHashTable) by_id = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) broken = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < file->groups->len; i++) {
    const WcKeyFileGroup *group = g_ptr_array_index (file->groups, i);
    GError *one = NULL;
    if (!g_str_has_prefix (group->name, MOUNTPOINT))
      continue;
    if (!read_mountpoint (file, group, mountpoints, &one)) {
      g_hash_table_add (broken, group->name + strlen (MOUNTPOINT));
      wc_config_add_error (error, one);
      continue;
    }
    WcMountpointSpec *spec =
        g_ptr_array_index (mountpoints, mountpoints->len - 1);
    g_hash_table_insert (by_id, spec->id, spec);
  }
  gboolean ok = read_tracks (file, by_id, broken, error);
  return ok && g_hash_table_size (broken) == 0 &&
         finish (file, mountpoints, error);
}
