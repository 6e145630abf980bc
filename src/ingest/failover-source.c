/* SPDX-License-Identifier: MIT */
#include "ingest/failover-source.h"

/* --- the ingest ------------------------------------------------------------
 */

static void
on_state_changed (WcIngest *ingest, WcFailoverSource *source)
{
  source->changed (source->user_data);
}

static void
on_tracks_changed (WcIngest *ingest, guint media, WcFailoverSource *source)
{
  source->changed (source->user_data);
}

static void
attach (WcFailoverSource *source, WcIngest *ingest)
{
  source->ingest = g_object_ref (ingest);
  g_signal_connect (ingest, "state-changed", G_CALLBACK (on_state_changed),
                    source);
  g_signal_connect (ingest, "tracks-changed", G_CALLBACK (on_tracks_changed),
                    source);
}

static void
detach (WcFailoverSource *source)
{
  if (source->ingest == NULL)
    return;
  g_signal_handlers_disconnect_by_data (source->ingest, source);
  g_clear_object (&source->ingest);
}

/* --- references ------------------------------------------------------------
 */

static void
let_go (WcFailoverSource *source)
{
  const WcIngestContext *context = wc_ingest_context (source->owner);

  detach (source);
  if (source->mountpoint != NULL)
    context->links->hold (source->mountpoint, FALSE);
  g_clear_object (&source->mountpoint);
}

/* A mountpoint that was made after this one may lead back to it. */
static gboolean
leads_back (const WcFailoverSource *source)
{
  const WcIngestContext *context = wc_ingest_context (source->owner);

  return context->links->leads_to (context->registry, source->reference,
                                   wc_ingest_spec (source->owner)->id);
}

static GObject *
find_mountpoint (const WcFailoverSource *source)
{
  const WcIngestContext *context = wc_ingest_context (source->owner);

  if (context->links == NULL || leads_back (source))
    return NULL;
  return context->links->find (context->registry, source->reference);
}

static void
follow_mountpoint (WcFailoverSource *source)
{
  const WcIngestContext *context = wc_ingest_context (source->owner);
  g_autoptr (GObject) mountpoint = find_mountpoint (source);

  if (mountpoint == source->mountpoint)
    return;
  let_go (source);
  source->mountpoint = g_steal_pointer (&mountpoint);
  if (source->mountpoint != NULL)
    context->links->hold (source->mountpoint, TRUE);
}

void
wc_failover_source_follow (WcFailoverSource *source)
{
  const WcIngestContext *context = wc_ingest_context (source->owner);
  WcIngest *ingest;

  if (source->reference == NULL)
    return;
  follow_mountpoint (source);
  ingest = source->mountpoint != NULL
               ? context->links->source (source->mountpoint)
               : NULL;
  if (ingest == source->ingest)
    return;
  detach (source);
  if (ingest != NULL)
    attach (source, ingest);
}

/* --- life ------------------------------------------------------------------
 */

static gboolean
open_source (WcFailoverSource *source, WcMountpointSpec *spec, GError **error)
{
  const WcIngestContext *context = wc_ingest_context (source->owner);
  g_autoptr (WcIngest) ingest = NULL;

  if (source->reference != NULL) {
    if (context->links == NULL || !leads_back (source))
      return TRUE;
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
                 "mountpoint \"%s\" leads back to \"%s\"", source->reference,
                 wc_ingest_spec (source->owner)->id);
    return FALSE;
  }
  ingest = wc_ingest_new (spec, context, error);
  if (ingest != NULL)
    attach (source, ingest);
  return ingest != NULL;
}

WcFailoverSource *
wc_failover_source_new (WcMountpointSpec *spec, guint index, WcIngest *owner,
                        WcFailoverChangedFunc changed, gpointer user_data,
                        GError **error)
{
  WcFailoverSource *source = g_new0 (WcFailoverSource, 1);

  source->index = index;
  source->owner = owner;
  source->reference = g_strdup (spec->mountpoint);
  source->changed = changed;
  source->user_data = user_data;
  if (open_source (source, spec, error))
    return source;
  wc_failover_source_free (source);
  return NULL;
}

void
wc_failover_source_free (gpointer data)
{
  WcFailoverSource *source = data;

  detach (source);
  g_clear_object (&source->mountpoint);
  g_free (source->reference);
  g_free (source->mismatch);
  g_free (source);
}

void
wc_failover_source_start (WcFailoverSource *source)
{
  if (source->reference == NULL)
    wc_ingest_start (source->ingest);
}

void
wc_failover_source_stop (WcFailoverSource *source)
{
  source->usable_since_us = 0;
  if (source->reference != NULL)
    let_go (source);
  else
    wc_ingest_stop (source->ingest);
}

/* What says that a source is live must come, even if nobody watches. */
static gboolean
needs_conversion (WcIngest *ingest)
{
  WcMedia media = wc_ingest_track (ingest, WC_MEDIA_VIDEO) != NULL
                      ? WC_MEDIA_VIDEO
                      : WC_MEDIA_AUDIO;
  WcIngestTrackInfo info;
  gboolean needs;

  wc_ingest_get_track_info (ingest, media, &info);
  needs = info.conversion.state != WC_CONVERSION_NONE;
  wc_ingest_track_info_clear (&info);
  return needs;
}

void
wc_failover_source_set_watched (WcFailoverSource *source, gboolean watched)
{
  if (source->reference == NULL)
    wc_ingest_set_watched (source->ingest,
                           watched || needs_conversion (source->ingest));
}

/* --- looking ---------------------------------------------------------------
 */

WcTrack *
wc_failover_source_track (const WcFailoverSource *source, WcMedia media)
{
  return source->ingest != NULL ? wc_ingest_track (source->ingest, media)
                                : NULL;
}

WcIngestState
wc_failover_source_state (const WcFailoverSource *source)
{
  return source->ingest != NULL ? wc_ingest_state (source->ingest)
                                : WC_INGEST_IDLE;
}

char *
wc_failover_source_dup_reason (const WcFailoverSource *source)
{
  if (source->mismatch != NULL)
    return g_strdup (source->mismatch);
  if (source->ingest != NULL)
    return g_strdup (wc_ingest_reason (source->ingest));
  return source->mountpoint != NULL
             ? g_strdup_printf ("mountpoint \"%s\" is disabled",
                                source->reference)
             : g_strdup_printf ("there is no mountpoint \"%s\", or it leads "
                                "back here",
                                source->reference);
}
