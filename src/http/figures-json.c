/* SPDX-License-Identifier: MIT */
#include "http/figures-json.h"

#include "stats/process.h"

/* What it sends to us, summed over its tracks; the picture's size and rate. */
static void
add_track (JsonObject *object, const WcIngestTrackInfo *info)
{
  static const char *const sums[] = {"bitrate_bps", "packets", "lost"};
  const gint64 values[] = {info->stream.bitrate_bps,
                           (gint64)info->input.packets,
                           (gint64)info->input.lost};

  for (gsize i = 0; i < G_N_ELEMENTS (sums); i++)
    json_object_set_int_member (
        object, sums[i],
        json_object_get_int_member_with_default (object, sums[i], 0) +
            values[i]);
  if (info->media != WC_MEDIA_VIDEO)
    return;
  json_object_set_int_member (object, "width", info->stream.format.width);
  json_object_set_int_member (object, "height", info->stream.format.height);
  json_object_set_double_member (object, "frame_rate",
                                 info->stream.frame_rate_milli / 1000.0);
}

static JsonObject *
mountpoint_json (WcMountpoint *mountpoint)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", wc_mountpoint_id (mountpoint));
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    WcIngestTrackInfo info = {0};
    if (wc_mountpoint_get_track_info (mountpoint, media, &info))
      add_track (object, &info);
    wc_ingest_track_info_clear (&info);
  }
  return object;
}

static JsonArray *
mountpoints_json (WcRegistry *registry)
{
  g_autoptr (GPtrArray) list = wc_registry_list (registry);
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < list->len; i++)
    if (wc_mountpoint_state (list->pdata[i]) == WC_MOUNTPOINT_LIVE)
      json_array_add_object_element (array, mountpoint_json (list->pdata[i]));
  return array;
}

JsonObject *
wc_figures_json_new (const WcHttpContext *context)
{
  JsonObject *object = json_object_new ();
  WcProcessStats process;
  WcEngineStats engine = {0};
  WcJoinStats joins;

  wc_process_get_stats (&process);
  wc_engine_get_stats (context->engine, &engine);
  wc_metrics_get_joins (context->metrics, &joins);
  json_object_set_int_member (object, "uptime_ms", process.uptime_ms);
  json_object_set_int_member (object, "cpu_ms", process.cpu_ms);
  json_object_set_int_member (object, "datagrams_out",
                              (gint64)engine.datagrams_out);
  json_object_set_int_member (object, "bytes_out", (gint64)engine.bytes_out);
  json_object_set_int_member (object, "joins", (gint64)joins.joins);
  json_object_set_int_member (object, "waited_ms",
                              (gint64)joins.waited_us / 1000);
  json_object_set_array_member (object, "mountpoints",
                                mountpoints_json (context->registry));
  return object;
}
