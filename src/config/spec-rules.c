/* SPDX-License-Identifier: MIT */
#include "config/spec-rules.h"

#include "config/config.h"
#include "config/suggest.h"
#include "config/url.h"

#include <string.h>

/* --- places --------------------------------------------------------------- */

static char
separator (const WcSpecPlace *place)
{
  return place->file != NULL ? '-' : '_';
}

static const WcKeyGroup *
group_of (const WcSpecPlace *place)
{
  return place->track > 0 ? &wc_track_group : &wc_mountpoint_group;
}

static WcTrackSpec *
track_of (const WcSpecPlace *place)
{
  return g_ptr_array_index (place->spec->tracks, place->track - 1);
}

static gpointer
base_of (const WcSpecPlace *place)
{
  return place->track > 0 ? (gpointer)track_of (place) : place->spec;
}

/* The name of the group of the file. */
static char *
group_name (const WcSpecPlace *place)
{
  if (place->source > 0)
    return g_strdup_printf ("source %s/%u", place->owner, place->source);
  if (place->track == 0)
    return g_strdup_printf ("mountpoint %s", place->spec->id);
  return g_strdup_printf ("track %s/%s", place->spec->id,
                          wc_media_name (track_of (place)->media));
}

/* " of track 2 of source 1" */
static char *
owner_name (const WcSpecPlace *place)
{
  GString *name = g_string_new (NULL);

  if (place->track > 0)
    g_string_append_printf (name, " of track %u", place->track);
  if (place->source > 0)
    g_string_append_printf (name, " of source %u", place->source);
  return g_string_free (name, FALSE);
}

/* "FILE:LINE: [GROUP] KEY" or "key "KEY" of track N"; @key is as written. */
static char *
name_place (const WcSpecPlace *place, const char *key)
{
  if (place->file != NULL) {
    g_autofree char *group = group_name (place);
    return wc_key_file_place (place->file, group, key);
  }
  g_autofree char *owner = owner_name (place);
  return g_strdup_printf ("key \"%s\"%s", key, owner);
}

static gboolean
set_error (const WcSpecPlace *place, WcConfigError code, const char *key,
           const char *text, GError **error)
{
  g_autofree char *spelled =
      g_strdelimit (g_strdup (key), "-", separator (place));
  g_autofree char *where = name_place (place, spelled);

  g_set_error (error, WC_CONFIG_ERROR, code, "%s: %s", where, text);
  return FALSE;
}

gboolean
wc_spec_refuse (const WcSpecPlace *place, const char *key, GError **error,
                const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  return set_error (place, WC_CONFIG_ERROR_VALUE, key, text, error);
}

/* --- keys ----------------------------------------------------------------- */

static gboolean
is_for_kind (const WcKey *key, WcKind kind)
{
  return key->kinds == 0 || (key->kinds & (1u << kind)) != 0;
}

/* Whether @key is one of a mountpoint, a track, a source: of what is there. */
static gboolean
is_of_place (const WcSpecPlace *place, const WcKey *key)
{
  if (place->track > 0)
    return TRUE;
  if (place->source > 0)
    return (key->flags & (WC_KEY_SOURCE | WC_KEY_SOURCE_ALONE)) != 0;
  return (key->flags & WC_KEY_SOURCE_ALONE) == 0;
}

static gboolean
is_known_here (const WcSpecPlace *place, const WcKey *key)
{
  guint scope = place->file != NULL ? WC_KEY_FILE : WC_KEY_JSON;

  return (key->flags & scope) != 0 && is_of_place (place, key) &&
         is_for_kind (key, place->spec->kind);
}

/* "; did you mean "codec"? known keys: ..." */
static char *
list_known (const WcSpecPlace *place, const char *name)
{
  const WcKeyGroup *group = group_of (place);
  g_autoptr (GPtrArray) known = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < group->n_keys; i++)
    if (is_known_here (place, &group->keys[i]))
      g_ptr_array_add (known,
                       wc_key_spell (&group->keys[i], separator (place)));
  g_ptr_array_add (known, NULL);

  const char *nearest = wc_suggest (name, (const char *const *)known->pdata);
  g_autofree char *all = g_strjoinv (", ", (char **)known->pdata);
  if (nearest == NULL)
    return g_strdup_printf ("; known keys: %s", all);
  return g_strdup_printf ("; did you mean \"%s\"? known keys: %s", nearest,
                          all);
}

static gboolean
refuse_unknown (const WcSpecPlace *place, const char *name, GError **error)
{
  g_autofree char *known = list_known (place, name);
  g_autofree char *cut = g_utf8_make_valid (name, MIN (strlen (name), 80));

  if (place->file != NULL) {
    g_autofree char *where = name_place (place, name);
    g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_KEY,
                 "%s: unknown key%s", where, known);
  } else {
    g_autofree char *owner = owner_name (place);
    g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_KEY,
                 "unknown key \"%s\"%s%s", cut, owner, known);
  }
  return FALSE;
}

static gboolean
refuse_kind (const WcSpecPlace *place, const WcKey *key, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean first = TRUE;

  g_string_printf (text, "is not for kind %s; it is for",
                   wc_kind_name (place->spec->kind));
  for (guint kind = WC_KIND_RTP; kind <= WC_KIND_FAILOVER; kind++) {
    if (!is_for_kind (key, kind))
      continue;
    g_string_append_printf (text, "%s %s", first ? "" : ",",
                            wc_kind_name (kind));
    first = FALSE;
  }
  return set_error (place, WC_CONFIG_ERROR_KEY, key->name, text->str, error);
}

static gboolean
refuse_scope (const WcSpecPlace *place, const WcKey *key, GError **error)
{
  const char *text = "is a key of the configuration file alone";

  if (place->file != NULL)
    text = key->flags & WC_KEY_REQUIRED
               ? "is a key of the API alone; here the group's name says it"
               : "is a key of the API alone";
  return set_error (place, WC_CONFIG_ERROR_KEY, key->name, text, error);
}

const WcKey *
wc_spec_find_key (const WcSpecPlace *place, const char *name, GError **error)
{
  const WcKey *key = wc_key_find (group_of (place), name, separator (place));

  if (key == NULL || !is_of_place (place, key))
    refuse_unknown (place, name, error);
  else if (!(key->flags & (place->file != NULL ? WC_KEY_FILE : WC_KEY_JSON)))
    refuse_scope (place, key, error);
  else if (!is_for_kind (key, place->spec->kind))
    refuse_kind (place, key, error);
  else
    return key;
  return NULL;
}

gboolean
wc_spec_set_key (const WcSpecPlace *place, const WcKey *key, const char *text,
                 GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (key->flags & WC_KEY_SECRET && g_str_equal (text, "***"))
    return wc_spec_refuse (place, key->name, error,
                           "\"***\" stands for what is not shown; give the "
                           "value itself");
  if (wc_key_set (key, base_of (place), text, &reason))
    return TRUE;
  return set_error (place, reason->code, key->name, reason->message, error);
}

void
wc_spec_add_track (WcSpecPlace *place)
{
  g_ptr_array_add (place->spec->tracks, wc_track_spec_new ());
  place->track = place->spec->tracks->len;
}

WcSpecPlace
wc_spec_add_source (const WcSpecPlace *place)
{
  GPtrArray *sources = place->spec->sources;
  WcSpecPlace source = {.file = place->file,
                        .spec = wc_mountpoint_spec_new (),
                        .source = sources->len + 1,
                        .owner = place->spec->id};

  g_ptr_array_add (sources, source.spec);
  return source;
}

/* --- rules between keys --------------------------------------------------- */

static gboolean
finish_codec (const WcSpecPlace *place, WcTrackSpec *track, GError **error)
{
  const WcCodecInfo *info = wc_codec_info (track->codec);

  if (info->media != track->media)
    return wc_spec_refuse (place, "codec", error,
                           "%s is no %s codec; codecs are " WC_CODEC_NAMES
                           ", " WC_CONVERTED_CODEC_NAMES,
                           info->name, wc_media_name (track->media));
  if (track->clock_rate == 0)
    track->clock_rate = info->clock_rate;
  if (!wc_codec_has_rate (track->codec, track->clock_rate))
    return wc_spec_refuse (place, "clock-rate", error,
                           "%u is not allowed; %s has %s", track->clock_rate,
                           info->name, wc_codec_rates (track->codec));
  if (track->channels == 0)
    track->channels = info->channels;
  if (track->media == WC_MEDIA_VIDEO && track->channels != 0)
    return wc_spec_refuse (place, "channels", error,
                           "is for audio alone; leave it out");
  if (track->codec == WC_CODEC_OPUS && track->channels != 2)
    return wc_spec_refuse (place, "channels", error,
                           "%u is not allowed; opus is always 2 (RFC 7587 "
                           "section 7)",
                           track->channels);
  if (track->channels > wc_codec_max_channels (track->codec))
    return wc_spec_refuse (
        place, "channels", error, "%u is not allowed; %s has at most %u",
        track->channels, info->name, wc_codec_max_channels (track->codec));
  return TRUE;
}

static gboolean
check_addresses (const WcSpecPlace *place, const WcTrackSpec *track,
                 GError **error)
{
  WcAddress address, source;

  if (!wc_address_parse (&address, track->address, 0))
    return wc_spec_refuse (place, "address", error,
                           "it must be a numeric IP address");
  if (track->interface != NULL && !wc_address_is_multicast (&address))
    return wc_spec_refuse (place, "interface", error,
                           "is for a multicast address alone, and %s is none",
                           track->address);
  if (track->source == NULL || !wc_address_parse (&source, track->source, 0))
    return TRUE;
  /* A socket on :: hears IPv4 too. */
  if (address.sa.sa_family != source.sa.sa_family &&
      !(address.sa.sa_family == AF_INET6 && wc_address_is_any (&address)))
    return wc_spec_refuse (place, "source", error,
                           "%s can send nothing to %s; give both in IPv4 or "
                           "both in IPv6",
                           track->source, track->address);
  return TRUE;
}

static guint
rtcp_port_of (const WcTrackSpec *track)
{
  if (track->rtcp_port != 0 || track->port == 0)
    return track->rtcp_port;
  return track->port + 1u;
}

static gboolean
finish_track (const WcSpecPlace *place, GError **error)
{
  WcTrackSpec *track = track_of (place);

  if (rtcp_port_of (track) > G_MAXUINT16)
    return wc_spec_refuse (place, "port", error,
                           "%u leaves no port above it for RTCP; take a lower "
                           "one or give an RTCP port",
                           track->port);
  return finish_codec (place, track, error) &&
         check_addresses (place, track, error);
}

/* The port that both have, or 0. */
static guint
shared_port (const WcTrackSpec *a, const WcTrackSpec *b)
{
  guint of_a[] = {a->port, rtcp_port_of (a)};
  guint of_b[] = {b->port, rtcp_port_of (b)};

  for (guint i = 0; i < G_N_ELEMENTS (of_a); i++)
    for (guint j = 0; j < G_N_ELEMENTS (of_b); j++)
      if (of_a[i] == of_b[j] && of_a[i] != 0)
        return of_a[i];
  return 0;
}

/* @place: of the second track. */
static gboolean
check_two_tracks (const WcSpecPlace *place, GError **error)
{
  const WcTrackSpec *first = g_ptr_array_index (place->spec->tracks, 0);
  const WcTrackSpec *second = track_of (place);
  guint port = shared_port (first, second);

  if (first->media == second->media)
    return wc_spec_refuse (place, "media", error,
                           "two %s tracks; there is one video and one audio "
                           "track at most",
                           wc_media_name (first->media));
  if (port != 0)
    return wc_spec_refuse (
        place, second->rtcp_port == port ? "rtcp-port" : "port", error,
        "%u is also a port of the other track; each needs its own for RTP and, "
        "one above if not given, for RTCP",
        port);
  return TRUE;
}

static gboolean
refuse_no_media (const WcSpecPlace *place, GError **error)
{
  const char *id = place->spec->id;

  if (place->file == NULL)
    return wc_spec_refuse (place, "tracks", error,
                           "kind rtp needs \"tracks\" or \"sdp\"");
  return wc_spec_refuse (place, "kind", error,
                         "rtp needs a group [track %s/video] or "
                         "[track %s/audio], or the key sdp-file",
                         id, id);
}

static gboolean
finish_rtp (const WcSpecPlace *place, GError **error)
{
  const WcMountpointSpec *spec = place->spec;
  gboolean text = spec->sdp != NULL || spec->sdp_file != NULL;

  if (!text && spec->tracks->len == 0)
    return refuse_no_media (place, error);
  if (spec->tracks->len > WC_N_MEDIA)
    return wc_spec_refuse (place, "tracks", error,
                           "%u tracks are too many; one video and one audio "
                           "track at most",
                           spec->tracks->len);
  if (text && spec->tracks->len > 0)
    return wc_spec_refuse (place, spec->sdp != NULL ? "sdp" : "sdp-file", error,
                           "it stands in place of tracks; give one of them");

  for (guint i = 0; i < spec->tracks->len; i++) {
    WcSpecPlace track = *place;
    track.track = i + 1;
    if (!finish_track (&track, error) ||
        (i > 0 && !check_two_tracks (&track, error)))
      return FALSE;
  }
  return TRUE;
}

static gboolean
finish_url (const WcSpecPlace *place, const char *const *schemes,
            GError **error)
{
  const char *url = place->spec->url;
  g_autofree char *wrong = NULL;

  if (url == NULL)
    return wc_spec_refuse (place, "url", error, "is missing; kind %s needs it",
                           wc_kind_name (place->spec->kind));
  wrong = wc_url_check (url, schemes);
  return wrong == NULL || wc_spec_refuse (place, "url", error, "%s", wrong);
}

static gboolean
finish_file (const WcSpecPlace *place, GError **error)
{
  const char *path = place->spec->path;

  if (path == NULL && place->file == NULL)
    return wc_spec_refuse (place, "kind", error,
                           "file is for the configuration file alone; a "
                           "failover can refer to one that is there");
  if (path == NULL)
    return wc_spec_refuse (place, "path", error,
                           "is missing; kind file needs it");
  if (g_path_is_absolute (path))
    return wc_spec_refuse (place, "path", error,
                           "%s is not allowed; it is relative to [files] "
                           "directory",
                           path);
  return TRUE;
}

/* Kinds that listen for publishers have an address that goes by the id. */
static gboolean
check_source_kind (const WcSpecPlace *place, GError **error)
{
  WcKind kind = place->spec->kind;

  if (place->spec->mountpoint != NULL || kind == WC_KIND_RTP ||
      kind == WC_KIND_RTSP || kind == WC_KIND_WHEP || kind == WC_KIND_TEST ||
      kind == WC_KIND_FILE)
    return TRUE;
  return wc_spec_refuse (place, "kind", error,
                         "%s is not for a source; make a mountpoint of it and "
                         "name that with the key mountpoint",
                         wc_kind_name (kind));
}

/* Of a reference nothing else may be given: it would not be heeded. */
static gboolean
check_reference (const WcSpecPlace *place, GError **error)
{
  g_autoptr (WcMountpointSpec) bare = wc_mountpoint_spec_new ();

  if (g_strcmp0 (place->spec->mountpoint, place->owner) == 0)
    return wc_spec_refuse (place, "mountpoint", error,
                           "%s would be its own source", place->owner);
  bare->id = g_strdup (place->spec->id);
  bare->mountpoint = g_strdup (place->spec->mountpoint);
  if (wc_mountpoint_spec_equal (bare, place->spec))
    return TRUE;
  return wc_spec_refuse (place, "mountpoint", error,
                         "stands alone: the keys of that source are those of "
                         "mountpoint %s",
                         place->spec->mountpoint);
}

/* Those of kind rtp say beforehand what they are. */
static gboolean
check_same_codecs (const WcSpecPlace *place, const WcMountpointSpec *first,
                   GError **error)
{
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    const WcTrackSpec *a = wc_mountpoint_spec_track (first, media);
    const WcTrackSpec *b = wc_mountpoint_spec_track (place->spec, media);

    if (a != NULL && b != NULL && a->codec != b->codec)
      return wc_spec_refuse (place, "tracks", error,
                             "its %s is %s, and that of a source before it is "
                             "%s; viewers are switched from one to the other, "
                             "so all must be the same",
                             wc_media_name (media),
                             wc_codec_info (b->codec)->name,
                             wc_codec_info (a->codec)->name);
  }
  return TRUE;
}

static gboolean
finish_source (const WcSpecPlace *place, guint index, GError **error)
{
  const GPtrArray *sources = place->spec->sources;
  WcSpecPlace source = {.file = place->file,
                        .spec = g_ptr_array_index (sources, index),
                        .source = index + 1,
                        .owner = place->spec->id};

  g_free (source.spec->id);
  source.spec->id = g_strdup_printf ("%s/%u", place->spec->id, index + 1);
  if (!check_source_kind (&source, error))
    return FALSE;
  if (source.spec->mountpoint != NULL)
    return check_reference (&source, error);
  if (!wc_spec_finish (&source, error))
    return FALSE;
  for (guint i = 0; i < index; i++)
    if (!check_same_codecs (&source, g_ptr_array_index (sources, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
finish_failover (const WcSpecPlace *place, GError **error)
{
  const char *id = place->spec->id;
  guint n = place->spec->sources->len;

  if (n == 0 && place->file != NULL)
    return wc_spec_refuse (place, "kind", error,
                           "failover needs groups [source %s/1], [source %s/2] "
                           "and so on",
                           id, id);
  if (n < 1 || n > WC_MAX_SOURCES)
    return wc_spec_refuse (place, "sources", error,
                           "%u sources are not allowed; 1 to %d", n,
                           WC_MAX_SOURCES);
  for (guint i = 0; i < n; i++)
    if (!finish_source (place, i, error))
      return FALSE;
  return TRUE;
}

static gboolean
finish_rtsp (const WcSpecPlace *place, GError **error)
{
  const WcMountpointSpec *spec = place->spec;

  if (spec->transport == WC_RTSP_UDP && g_str_has_prefix (spec->url, "rtsps:"))
    return wc_spec_refuse (place, "transport", error,
                           "udp is not encrypted, and the url is rtsps://; "
                           "leave it out, or say tcp");
  return TRUE;
}

gboolean
wc_spec_finish (const WcSpecPlace *place, GError **error)
{
  static const char *const rtsp[] = {"rtsp", "rtsps", NULL};
  static const char *const http[] = {"http", "https", NULL};

  switch (place->spec->kind) {
  case WC_KIND_RTP:
    return finish_rtp (place, error);
  case WC_KIND_RTSP:
    return finish_url (place, rtsp, error) && finish_rtsp (place, error);
  case WC_KIND_WHEP:
    return finish_url (place, http, error);
  case WC_KIND_FILE:
    return finish_file (place, error);
  case WC_KIND_RTSP_PUSH:
  case WC_KIND_WHIP:
  case WC_KIND_TEST:
    return TRUE;
  case WC_KIND_FAILOVER:
    return finish_failover (place, error);
  }
  return TRUE;
}
