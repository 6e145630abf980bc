/* SPDX-License-Identifier: MIT */
#include "config/spec.h"

#include "config/keys.h"

/* --- tracks --------------------------------------------------------------- */

WcTrackSpec *
wc_track_spec_new (void)
{
  WcTrackSpec *spec = g_new0 (WcTrackSpec, 1);

  wc_key_group_reset (&wc_track_group, spec);
  return spec;
}

WcTrackSpec *
wc_track_spec_copy (const WcTrackSpec *spec)
{
  WcTrackSpec *copy = g_new0 (WcTrackSpec, 1);

  wc_key_group_copy (&wc_track_group, copy, spec);
  return copy;
}

void
wc_track_spec_free (WcTrackSpec *spec)
{
  if (spec == NULL)
    return;
  wc_key_group_clear (&wc_track_group, spec);
  g_free (spec);
}

/* --- mountpoints ---------------------------------------------------------- */

static GPtrArray *
tracks_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)wc_track_spec_free);
}

static GPtrArray *
sources_new (void)
{
  return g_ptr_array_new_with_free_func (
      (GDestroyNotify)wc_mountpoint_spec_free);
}

WcMountpointSpec *
wc_mountpoint_spec_new (void)
{
  WcMountpointSpec *spec = g_new0 (WcMountpointSpec, 1);

  wc_key_group_reset (&wc_mountpoint_group, spec);
  spec->tracks = tracks_new ();
  spec->sources = sources_new ();
  return spec;
}

WcMountpointSpec *
wc_mountpoint_spec_copy (const WcMountpointSpec *spec)
{
  WcMountpointSpec *copy = g_new0 (WcMountpointSpec, 1);

  wc_key_group_copy (&wc_mountpoint_group, copy, spec);
  copy->sdp_digest = g_strdup (spec->sdp_digest);
  copy->tracks = tracks_new ();
  for (guint i = 0; i < spec->tracks->len; i++)
    g_ptr_array_add (copy->tracks,
                     wc_track_spec_copy (g_ptr_array_index (spec->tracks, i)));
  copy->sources = sources_new ();
  for (guint i = 0; i < spec->sources->len; i++)
    g_ptr_array_add (copy->sources, wc_mountpoint_spec_copy (
                                        g_ptr_array_index (spec->sources, i)));
  return copy;
}

void
wc_mountpoint_spec_free (WcMountpointSpec *spec)
{
  if (spec == NULL)
    return;
  wc_key_group_clear (&wc_mountpoint_group, spec);
  g_ptr_array_unref (spec->tracks);
  g_ptr_array_unref (spec->sources);
  g_free (spec->sdp_digest);
  g_free (spec);
}

WcTrackSpec *
wc_mountpoint_spec_track (const WcMountpointSpec *spec, WcMedia media)
{
  for (guint i = 0; i < spec->tracks->len; i++) {
    WcTrackSpec *track = g_ptr_array_index (spec->tracks, i);
    if (track->media == media)
      return track;
  }
  return NULL;
}

gboolean
wc_mountpoint_spec_is_on_demand (const WcMountpointSpec *spec)
{
  return spec->on_demand &&
         (spec->kind == WC_KIND_RTSP || spec->kind == WC_KIND_WHEP);
}

const char *
wc_bframes_name (WcBFrames bframes)
{
  return wc_key_find (&wc_mountpoint_group, "bframes", '-')->names[bframes];
}

const char *
wc_kind_name (WcKind kind)
{
  return wc_key_find (&wc_mountpoint_group, "kind", '-')->names[kind];
}

/* --- comparing ------------------------------------------------------------ */

/* In whatever order: there is one of a medium at most. */
static gboolean
are_tracks_equal (const WcMountpointSpec *a, const WcMountpointSpec *b)
{
  if (a->tracks->len != b->tracks->len)
    return FALSE;
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    const WcTrackSpec *one = wc_mountpoint_spec_track (a, media);
    const WcTrackSpec *other = wc_mountpoint_spec_track (b, media);
    if (one == other)
      continue;
    if (one == NULL || other == NULL ||
        !wc_key_group_equal (&wc_track_group, one, other))
      return FALSE;
  }
  return TRUE;
}

static gboolean
are_sources_equal (const GPtrArray *a, const GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!wc_mountpoint_spec_equal (g_ptr_array_index (a, i),
                                   g_ptr_array_index (b, i)))
      return FALSE;
  return TRUE;
}

gboolean
wc_mountpoint_spec_equal (const WcMountpointSpec *a, const WcMountpointSpec *b)
{
  return wc_key_group_equal (&wc_mountpoint_group, a, b) &&
         g_strcmp0 (a->sdp_digest, b->sdp_digest) == 0 &&
         are_tracks_equal (a, b) && are_sources_equal (a->sources, b->sources);
}

gboolean
wc_mountpoint_spec_needs_restart (const WcMountpointSpec *old,
                                  const WcMountpointSpec *new_spec)
{
  for (guint i = 0; i < wc_mountpoint_group.n_keys; i++) {
    const WcKey *key = &wc_mountpoint_group.keys[i];
    if (key->flags & (WC_KEY_RESTART | WC_KEY_FIXED) &&
        !wc_key_equal (key, old, new_spec))
      return TRUE;
  }
  return g_strcmp0 (old->sdp_digest, new_spec->sdp_digest) != 0 ||
         !are_tracks_equal (old, new_spec) ||
         !are_sources_equal (old->sources, new_spec->sources);
}
