/* SPDX-License-Identifier: MIT */
#include "stats/metrics.h"

#include "stats/metrics-text.h"
#include "stats/mountpoint-metrics.h"
#include "stats/server-metrics.h"

#include <string.h>

#define US_PER_S 1e6
#define MS_PER_S 1e3

/* What a mountpoint takes in the text, about: it is not to grow step by step.
 */
#define MOUNTPOINT_SIZE 8192

struct WcMetrics {
  WcMetricsContext context;
  GHashTable *mountpoints; /* WcMountpoint -> WcMountpointMetrics */
  WcJoinStats joins;
};

/* A mountpoint while a text is written. */
typedef struct {
  WcMountpoint *mountpoint; /* borrowed */
  GString *labels;
  GString *media_labels[WC_N_MEDIA];
  WcMountpointFigures figures;
} Row;

/* --- families that are one field each ------------------------------------- */

#define TOTAL(field) G_STRUCT_OFFSET (WcMountpointTotals, field)
#define INPUT(field) G_STRUCT_OFFSET (WcRtpStats, field)

static const WcCounterField viewer_counters[] = {
    {"whepcast_mountpoint_lost_total",
     "Times that the mountpoint went from live to lost.", TOTAL (lost)},
    {"whepcast_viewer_sessions_total", "Offers of viewers that were taken up.",
     TOTAL (sessions)},
    {"whepcast_viewer_sessions_failed_total",
     "Of them those that ended before a packet was sent.",
     TOTAL (sessions_failed)},
    {"whepcast_egress_packets_total",
     "RTP packets sent to viewers, without those sent again.", TOTAL (packets)},
    {"whepcast_egress_bytes_total", "Bytes of them, with the RTP header.",
     TOTAL (bytes)},
    {"whepcast_egress_dropped_packets_total",
     "RTP packets not sent, because the viewer could not take them.",
     TOTAL (dropped)},
    {"whepcast_egress_skips_total",
     "Times that a viewer was skipped to the next key frame.", TOTAL (skips)},
    {"whepcast_egress_nacked_packets_total",
     "RTP packets that viewers asked for again (NACK).", TOTAL (nacked)},
    {"whepcast_egress_key_frame_requests_total",
     "Key frames that viewers asked for (PLI, FIR).", TOTAL (key_requests)},
};

/* Through a webrtcbin nobody counts them. */
static const WcCounterField direct_counters[] = {
    {"whepcast_egress_retransmitted_packets_total",
     "RTP packets sent again (RTX, or as they were).", TOTAL (retransmitted)},
};

static const WcCounterField publisher_counters[] = {
    {"whepcast_ingest_nacked_packets_total",
     "RTP packets that the publisher was asked for again (NACK).",
     TOTAL (publisher_nacked)},
    {"whepcast_ingest_repaired_packets_total", "Of them those that came.",
     TOTAL (publisher_repaired)},
    {"whepcast_ingest_key_frame_requests_total",
     "Key frames that the publisher was asked for (PLI, FIR).",
     TOTAL (publisher_key_requests)},
};

static const WcCounterField failover_counters[] = {
    {"whepcast_mountpoint_source_switches_total",
     "Times that one source of a fail-over took over from another.",
     TOTAL (switches)},
};

static const WcCounterField ingest_counters[] = {
    {"whepcast_ingest_packets_total", "RTP packets taken from the source.",
     INPUT (packets)},
    {"whepcast_ingest_bytes_total", "Bytes of their payload.", INPUT (bytes)},
    {"whepcast_ingest_lost_packets_total",
     "RTP packets of the source that never came.", INPUT (lost)},
    {"whepcast_ingest_late_packets_total",
     "RTP packets of the source that came too late, or twice.", INPUT (late)},
    {"whepcast_ingest_malformed_packets_total",
     "Packets of the source that were not RTP, or not of the codec's format.",
     INPUT (malformed)},
    {"whepcast_ingest_restarts_total",
     "Times that the source began anew and viewers stayed.", INPUT (restarts)},
};

static const struct {
  const char *name, *help;
  const WcHistogramBounds *bounds;
  gsize offset; /* of a WcHistogram in WcMountpointTotals */
} histograms[] = {
    {"whepcast_viewer_join_seconds",
     "From a viewer's offer to the first packet sent.", &wc_join_bounds,
     TOTAL (join)},
    {"whepcast_viewer_first_frame_seconds",
     "From a viewer's offer until a whole frame of video, a key frame, was "
     "sent.",
     &wc_join_bounds, TOTAL (first_frame)},
    {"whepcast_viewer_rtt_seconds",
     "Round trips to viewers, one for each of their receiver reports.",
     &wc_report_rtt_bounds, TOTAL (rtt)},
    {"whepcast_viewer_loss_ratio",
     "Packets lost on the way to viewers, as a ratio of those since the report "
     "before, one for each of their receiver reports.",
     &wc_report_loss_bounds, TOTAL (loss)},
};

/* --- mountpoints ---------------------------------------------------------- */

static void
row_init (Row *row, WcMountpoint *mountpoint, WcMountpointMetrics *metrics)
{
  const char *id = wc_mountpoint_id (mountpoint);

  row->mountpoint = mountpoint;
  row->labels = g_string_new (NULL);
  wc_metrics_text_label (row->labels, "mountpoint", id);
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    row->media_labels[media] = g_string_new (row->labels->str);
    wc_metrics_text_label (row->media_labels[media], "media",
                           wc_media_name (media));
  }
  wc_mountpoint_metrics_read (metrics, &row->figures);
}

static void
row_clear (gpointer data)
{
  Row *row = data;

  g_string_free (row->labels, TRUE);
  for (guint media = 0; media < WC_N_MEDIA; media++)
    g_string_free (row->media_labels[media], TRUE);
}

/* Sorted by id: two texts can be compared. */
static GArray *
read_rows (WcMetrics *self)
{
  g_autoptr (GPtrArray) list = wc_registry_list (self->context.registry);
  GArray *rows = g_array_sized_new (FALSE, TRUE, sizeof (Row), list->len);

  g_array_set_clear_func (rows, row_clear);
  g_array_set_size (rows, list->len);
  for (guint i = 0; i < list->len; i++)
    row_init (&g_array_index (rows, Row, i), list->pdata[i],
              g_hash_table_lookup (self->mountpoints, list->pdata[i]));
  return rows;
}

static WcKind
kind_of (const Row *row)
{
  return wc_mountpoint_spec (row->mountpoint)->kind;
}

/* @kind: of the mountpoints that have it; -1: all. */
static void
write_totals (GString *text, const GArray *rows, const WcCounterField *counter,
              int kind)
{
  wc_metrics_text_family (text, counter->name, WC_METRIC_COUNTER,
                          counter->help);
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    if (kind < 0 || (int)kind_of (row) == kind)
      wc_metrics_text_count (
          text, counter->name, row->labels->str,
          wc_metric_field (&row->figures.totals, counter->offset));
  }
}

static void
write_all_totals (GString *text, const GArray *rows,
                  const WcCounterField *counters, gsize n, int kind)
{
  for (gsize i = 0; i < n; i++)
    write_totals (text, rows, &counters[i], kind);
}

static void
write_ingest_counter (GString *text, const GArray *rows,
                      const WcCounterField *counter)
{
  wc_metrics_text_family (text, counter->name, WC_METRIC_COUNTER,
                          counter->help);
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    for (guint media = 0; media < WC_N_MEDIA; media++) {
      const WcIngestTotals *ingest = &row->figures.ingest[media];
      if (ingest->present)
        wc_metrics_text_count (
            text, counter->name, row->media_labels[media]->str,
            wc_metric_field (&ingest->input, counter->offset));
    }
  }
}

static void
write_jitter (GString *text, const GArray *rows)
{
  const char *name = "whepcast_ingest_jitter_seconds";

  wc_metrics_text_family (text, name, WC_METRIC_GAUGE,
                          "Jitter of the source's packets (RFC 3550).");
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    for (guint media = 0; media < WC_N_MEDIA; media++)
      if (row->figures.ingest[media].present)
        wc_metrics_text_value (text, name, row->media_labels[media]->str,
                               row->figures.ingest[media].input.jitter_us /
                                   US_PER_S);
  }
}

static void
write_key_interval (GString *text, const GArray *rows)
{
  const char *name = "whepcast_ingest_key_frame_interval_seconds";

  wc_metrics_text_family (text, name, WC_METRIC_GAUGE,
                          "Between the source's last two key frames.");
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    guint ms = row->figures.ingest[WC_MEDIA_VIDEO].key_interval_ms;
    if (ms > 0)
      wc_metrics_text_value (text, name, row->labels->str, ms / MS_PER_S);
  }
}

static void
write_histogram (GString *text, const GArray *rows, gsize index)
{
  const char *name = histograms[index].name;
  WcMetricBounds bounds;

  wc_metric_bounds_init (&bounds, histograms[index].bounds);
  wc_metrics_text_family (text, name, WC_METRIC_HISTOGRAM,
                          histograms[index].help);
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    WcHistogram histogram;
    memcpy (&histogram,
            (const guint8 *)&row->figures.totals + histograms[index].offset,
            sizeof histogram);
    wc_metrics_text_histogram (text, name, row->labels->str, &bounds,
                               &histogram);
  }
}

static void
write_now (GString *text, const GArray *rows)
{
  wc_metrics_text_family (text, "whepcast_mountpoint_live", WC_METRIC_GAUGE,
                          "1: viewers get a picture or sound; 0: they do not.");
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    gboolean live = wc_mountpoint_state (row->mountpoint) == WC_MOUNTPOINT_LIVE;
    wc_metrics_text_count (text, "whepcast_mountpoint_live", row->labels->str,
                           live ? 1 : 0);
  }
  wc_metrics_text_family (text, "whepcast_mountpoint_viewers", WC_METRIC_GAUGE,
                          "Viewers, those that are still joining too.");
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    wc_metrics_text_count (text, "whepcast_mountpoint_viewers",
                           row->labels->str,
                           wc_mountpoint_n_viewers (row->mountpoint));
  }
}

static void
write_info (GString *text, const GArray *rows)
{
  const char *name = "whepcast_mountpoint_info";

  wc_metrics_text_family (text, name, WC_METRIC_GAUGE,
                          "1; the labels say what it is.");
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    g_autoptr (GString) labels = g_string_new (row->labels->str);
    wc_metrics_text_label (labels, "kind", wc_kind_name (kind_of (row)));
    wc_metrics_text_label (
        labels, "origin",
        wc_origin_name (wc_mountpoint_origin (row->mountpoint)));
    wc_metrics_text_count (text, name, labels->str, 1);
  }
}

/* How many there are in each state, and how many viewers. */
static void
write_sums (WcMetrics *self, GString *text, const GArray *rows)
{
  guint states[WC_MOUNTPOINT_FAILED + 1] = {0}, viewers = 0;

  for (guint i = 0; i < rows->len; i++) {
    WcMountpoint *mountpoint = g_array_index (rows, Row, i).mountpoint;
    states[wc_mountpoint_state (mountpoint)]++;
    viewers += wc_mountpoint_n_viewers (mountpoint);
  }
  wc_metrics_text_family (text, "whepcast_mountpoints", WC_METRIC_GAUGE,
                          "Mountpoints in each state.");
  for (guint i = 0; i < G_N_ELEMENTS (states); i++) {
    g_autoptr (GString) labels = g_string_new (NULL);
    wc_metrics_text_label (labels, "state", wc_mountpoint_state_name (i));
    wc_metrics_text_count (text, "whepcast_mountpoints", labels->str,
                           states[i]);
  }
  wc_metrics_text_gauge (text, "whepcast_mountpoints_limit",
                         "[limits] max-mountpoints; 0: none.",
                         self->context.config->max_mountpoints);
  wc_metrics_text_gauge (text, "whepcast_viewers",
                         "Viewers of all mountpoints.", viewers);
  wc_metrics_text_gauge (text, "whepcast_viewers_limit",
                         "[limits] max-viewers; 0: none.",
                         self->context.config->max_viewers);
}

static void
write_refusals (WcMetrics *self, GString *text)
{
  const char *name = "whepcast_viewers_refused_total";
  WcRefusals refusals;

  wc_metrics_text_family (text, name, WC_METRIC_COUNTER,
                          "Offers of viewers refused by a key of [limits].");
  for (guint i = 0;
       wc_registry_get_refusals (self->context.registry, i, &refusals); i++) {
    g_autoptr (GString) labels = g_string_new (NULL);
    wc_metrics_text_label (labels, "limit", refusals.key);
    wc_metrics_text_count (text, name, labels->str, refusals.n);
  }
}

static void
write_mountpoints (WcMetrics *self, GString *text, const GArray *rows)
{
  write_info (text, rows);
  write_now (text, rows);
  write_all_totals (text, rows, viewer_counters, G_N_ELEMENTS (viewer_counters),
                    -1);
  if (self->context.config->lane == WC_LANE_DIRECT)
    write_all_totals (text, rows, direct_counters,
                      G_N_ELEMENTS (direct_counters), -1);
  write_all_totals (text, rows, failover_counters,
                    G_N_ELEMENTS (failover_counters), WC_KIND_FAILOVER);
  for (gsize i = 0; i < G_N_ELEMENTS (ingest_counters); i++)
    write_ingest_counter (text, rows, &ingest_counters[i]);
  write_all_totals (text, rows, publisher_counters,
                    G_N_ELEMENTS (publisher_counters), WC_KIND_WHIP);
  write_jitter (text, rows);
  write_key_interval (text, rows);
  for (gsize i = 0; i < G_N_ELEMENTS (histograms); i++)
    write_histogram (text, rows, i);
}

GString *
wc_metrics_write (WcMetrics *metrics)
{
  g_autoptr (GArray) rows = read_rows (metrics);
  GString *text = g_string_sized_new ((rows->len + 1) * MOUNTPOINT_SIZE);

  wc_server_metrics_write (&metrics->context, text);
  write_sums (metrics, text, rows);
  write_refusals (metrics, text);
  write_mountpoints (metrics, text, rows);
  return text;
}

void
wc_metrics_get_joins (WcMetrics *metrics, WcJoinStats *stats)
{
  *stats = metrics->joins;
}

/* --- life ----------------------------------------------------------------- */

static void
on_added (WcRegistry *registry, WcMountpoint *mountpoint, WcMetrics *self)
{
  g_hash_table_insert (self->mountpoints, mountpoint,
                       wc_mountpoint_metrics_new (mountpoint, &self->joins));
}

static void
on_removed (WcRegistry *registry, WcMountpoint *mountpoint, WcMetrics *self)
{
  g_hash_table_remove (self->mountpoints, mountpoint);
}

WcMetrics *
wc_metrics_new (const WcMetricsContext *context)
{
  WcMetrics *self = g_new0 (WcMetrics, 1);

  self->context = *context;
  self->mountpoints =
      g_hash_table_new_full (NULL, NULL, NULL, wc_mountpoint_metrics_free);
  g_signal_connect (context->registry, "mountpoint-added",
                    G_CALLBACK (on_added), self);
  g_signal_connect (context->registry, "mountpoint-removed",
                    G_CALLBACK (on_removed), self);
  return self;
}

void
wc_metrics_free (WcMetrics *metrics)
{
  g_signal_handlers_disconnect_by_data (metrics->context.registry, metrics);
  g_hash_table_unref (metrics->mountpoints);
  g_free (metrics);
}
