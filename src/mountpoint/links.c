/* SPDX-License-Identifier: MIT */
#include "mountpoint/links.h"

#include "mountpoint/mountpoint-private.h"

/* Longer chains are taken for loops. */
#define MAX_DEPTH 16

static GObject *
find (gpointer registry, const char *id)
{
  WcMountpoint *mountpoint = wc_registry_lookup (registry, id);

  return mountpoint != NULL ? g_object_ref (G_OBJECT (mountpoint)) : NULL;
}

static WcIngest *
source (GObject *mountpoint)
{
  const WcMountpoint *self = WC_MOUNTPOINT (mountpoint);

  return self->spec->enabled ? self->ingest : NULL;
}

static void
hold (GObject *mountpoint, gboolean held)
{
  wc_mountpoint_hold (WC_MOUNTPOINT (mountpoint), held);
}

static gboolean
leads (WcRegistry *registry, const char *from, const char *to, guint depth)
{
  WcMountpoint *mountpoint = wc_registry_lookup (registry, from);
  const GPtrArray *sources;

  if (g_str_equal (from, to) || depth == 0)
    return TRUE;
  if (mountpoint == NULL)
    return FALSE;
  sources = wc_mountpoint_spec (mountpoint)->sources;
  for (guint i = 0; i < sources->len; i++) {
    const WcMountpointSpec *spec = g_ptr_array_index (sources, i);
    if (spec->mountpoint != NULL &&
        leads (registry, spec->mountpoint, to, depth - 1))
      return TRUE;
  }
  return FALSE;
}

static gboolean
leads_to (gpointer registry, const char *from, const char *to)
{
  return leads (registry, from, to, MAX_DEPTH);
}

const WcIngestLinks *
wc_registry_links (void)
{
  static const WcIngestLinks links = {find, source, hold, leads_to};

  return &links;
}
