/* SPDX-License-Identifier: MIT */
#include "mountpoint/probe.h"

#include "base/clock.h"
#include "base/id.h"
#include "mountpoint/registry-private.h"

#define TICK_MS 100
/* A source may name its second medium a little later. */
#define SETTLE_US (2500 * 1000)
/* From when no key frame is waited for: it is a finding by itself. */
#define MAX_KEY_WAIT_MS 6000

typedef struct {
  GTask *task; /* owned; its source is the registry */
  WcIngest *ingest;
  gint64 started_us, end_us;
  gint64 live_us; /* 0: not yet */
  guint tick;
} Probe;

void
wc_probe_result_free (WcProbeResult *result)
{
  for (guint i = 0; i < WC_N_MEDIA; i++)
    wc_ingest_track_info_clear (&result->tracks[i]);
  g_free (result->reason);
  g_free (result);
}

static void
result_free (gpointer result)
{
  wc_probe_result_free (result);
}

/* --- the end ----------------------------------------------------------------
 */

static void
probe_free (Probe *probe)
{
  g_clear_handle_id (&probe->tick, g_source_remove);
  wc_ingest_stop (probe->ingest);
  g_object_unref (probe->ingest);
  g_object_unref (probe->task);
  g_free (probe);
}

/* The task's callback runs later; the probe is gone by then. */
static void
end (Probe *probe, WcProbeResult *result, GError *error)
{
  WcRegistry *registry = g_task_get_source_object (probe->task);

  g_ptr_array_remove_fast (registry->probes, probe);
  if (result != NULL)
    g_task_return_pointer (probe->task, result, result_free);
  else
    g_task_return_error (probe->task, error);
  probe_free (probe);
}

void
wc_registry_stop_probes (WcRegistry *registry)
{
  while (registry->probes->len > 0)
    end (registry->probes->pdata[0], NULL,
         g_error_new (WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STOPPING,
                      "the server is going down"));
}

/* --- looking ----------------------------------------------------------------
 */

static gboolean
is_known (const WcIngestTrackInfo *track)
{
  const WcStreamInfo *stream = &track->stream;

  if (stream->bitrate_bps == 0)
    return FALSE;
  if (track->media == WC_MEDIA_AUDIO)
    return TRUE;
  return stream->format.width > 0 && stream->frame_rate_milli > 0 &&
         stream->b_frames != WC_B_USE_UNKNOWN &&
         (stream->key_interval_ms > 0 ||
          stream->since_key_ms > MAX_KEY_WAIT_MS);
}

/* Of the tracks that were asked for, or that came. */
static gboolean
is_complete (Probe *probe, const WcProbeResult *result, gint64 now_us)
{
  const WcMountpointSpec *spec = wc_ingest_spec (probe->ingest);
  guint known = 0;

  if (result->state != WC_INGEST_LIVE)
    return FALSE;
  if (probe->live_us == 0)
    probe->live_us = now_us;
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    if (result->tracks[i].present && !is_known (&result->tracks[i]))
      return FALSE;
    known += result->tracks[i].present;
  }
  return known == WC_N_MEDIA || known == spec->tracks->len ||
         now_us - probe->live_us > SETTLE_US;
}

static WcProbeResult *
look (Probe *probe, gint64 now_us)
{
  WcProbeResult *result = g_new0 (WcProbeResult, 1);

  result->state = wc_ingest_state (probe->ingest);
  result->reason = g_strdup (wc_ingest_reason (probe->ingest));
  result->elapsed_ms = (guint)((now_us - probe->started_us) / 1000);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    wc_ingest_get_track_info (probe->ingest, i, &result->tracks[i]);
  result->complete = is_complete (probe, result, now_us);
  return result;
}

static gboolean
on_tick (gpointer user_data)
{
  Probe *probe = user_data;
  gint64 now_us = wc_clock_now_us ();
  g_autoptr (WcProbeResult) result = NULL;

  result = look (probe, now_us);
  if (result->complete || result->state == WC_INGEST_FAILED ||
      now_us >= probe->end_us)
    end (probe, g_steal_pointer (&result), NULL);
  return G_SOURCE_CONTINUE;
}

/* --- the beginning ----------------------------------------------------------
 */

static gboolean
is_probeable (WcKind kind)
{
  return kind == WC_KIND_RTP || kind == WC_KIND_RTSP || kind == WC_KIND_WHEP ||
         kind == WC_KIND_TEST;
}

/* Returns FALSE after the task was ended. */
static gboolean
check (WcRegistry *registry, const WcMountpointSpec *spec, GTask *task)
{
  if (registry->stopped)
    wc_registry_refuse (g_object_ref (task), WC_MOUNTPOINT_ERROR_STOPPING,
                        "the server is going down");
  else if (registry->probes->len >= WC_MAX_PROBES)
    wc_registry_refuse (g_object_ref (task), WC_MOUNTPOINT_ERROR_LIMIT,
                        "%u sources are being probed, which is all at once",
                        registry->probes->len);
  else if (!is_probeable (spec->kind))
    wc_registry_refuse (g_object_ref (task), WC_MOUNTPOINT_ERROR_INVALID,
                        "kind %s cannot be probed; rtp, rtsp, whep and test "
                        "can",
                        wc_kind_name (spec->kind));
  else
    return TRUE;
  return FALSE;
}

void
wc_registry_probe_async (WcRegistry *registry, const WcMountpointSpec *spec,
                         guint timeout_ms, GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (registry, NULL, callback, user_data);
  g_autoptr (WcMountpointSpec) copy = wc_mountpoint_spec_copy (spec);
  g_autofree char *random = wc_id_random_hex (4);
  GError *error = NULL;

  if (!check (registry, spec, task))
    return;
  g_free (copy->id);
  copy->id = g_strconcat ("probe-", random, NULL);
  WcIngest *ingest = wc_ingest_new (copy, &registry->context->sources, &error);
  if (ingest == NULL) {
    g_task_return_error (task, error);
    return;
  }

  Probe *probe = g_new0 (Probe, 1);
  probe->task = g_steal_pointer (&task);
  probe->ingest = ingest;
  probe->started_us = wc_clock_now_us ();
  probe->end_us = probe->started_us + (gint64)timeout_ms * 1000;
  probe->tick = g_timeout_add (TICK_MS, on_tick, probe);
  g_ptr_array_add (registry->probes, probe);
  wc_ingest_start (ingest);
}

WcProbeResult *
wc_registry_probe_finish (WcRegistry *registry, GAsyncResult *result,
                          GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
