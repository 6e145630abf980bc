/* SPDX-License-Identifier: MIT */
#include "stats/server-metrics.h"

#include "stats/metrics-text.h"
#include "stats/process.h"

#define US_PER_S 1e6
#define MS_PER_S 1e3

#define WORKER(field) G_STRUCT_OFFSET (WcWorkerStats, field)
#define ENGINE(field) G_STRUCT_OFFSET (WcEngineStats, field)

static const WcCounterField worker_counters[] = {
    {"whepcast_worker_received_datagrams_total",
     "Datagrams that came to the worker's socket.", WORKER (datagrams_in)},
    {"whepcast_worker_foreign_datagrams_total",
     "Of them those that were another worker's.", WORKER (foreign)},
    {"whepcast_worker_sent_datagrams_total", "Datagrams that it sent.",
     WORKER (datagrams_out)},
    {"whepcast_worker_sent_bytes_total", "Bytes of them, without IP and UDP.",
     WORKER (bytes_out)},
    {"whepcast_worker_send_failures_total",
     "Datagrams that the socket would not take.", WORKER (send_failed)},
    {"whepcast_worker_send_waits_total",
     "Times that the socket was full and was waited for.",
     WORKER (send_blocked)},
};

static const WcCounterField engine_counters[] = {
    {"whepcast_stun_rejected_total",
     "STUN messages that were not authentic, or for nobody.",
     ENGINE (stun_rejected)},
    {"whepcast_stray_datagrams_total",
     "Datagrams that were not STUN and came from an address that nobody has.",
     ENGINE (stray)},
    {"whepcast_tcp_accepted_total", "TCP connections for media accepted.",
     ENGINE (tcp_accepted)},
    {"whepcast_tcp_refused_total",
     "Of them those closed as too many, too late, or nonsense.",
     ENGINE (tcp_refused)},
};

/* --- the process ---------------------------------------------------------- */

/* The names are those that Prometheus's own client libraries use. */
static void
write_process (GString *text)
{
  WcProcessStats stats;

  wc_process_get_stats (&stats);
  wc_metrics_text_family (text, "process_cpu_seconds_total", WC_METRIC_COUNTER,
                          "Processor time, user and system.");
  wc_metrics_text_value (text, "process_cpu_seconds_total", NULL,
                         (double)stats.cpu_ms / MS_PER_S);
  wc_metrics_text_gauge (text, "process_resident_memory_bytes",
                         "Resident memory.", (double)stats.rss_bytes);
  wc_metrics_text_gauge (text, "process_threads", "Threads.", stats.threads);
  wc_metrics_text_gauge (text, "process_open_fds", "Open file descriptors.",
                         stats.descriptors);
  wc_metrics_text_gauge (text, "process_max_fds", "How many may be open.",
                         (double)stats.descriptors_max);
  wc_metrics_text_gauge (text, "process_start_time_seconds",
                         "When the process started, since 1970.",
                         (double)(g_get_real_time () / 1000 - stats.uptime_ms) /
                             MS_PER_S);
}

static void
write_build (const WcMetricsContext *context, GString *text)
{
  g_autoptr (GString) labels = g_string_new (NULL);

  wc_metrics_text_label (labels, "version", context->version);
  wc_metrics_text_label (labels, "lane",
                         context->config->lane == WC_LANE_DIRECT ? "direct"
                                                                 : "webrtcbin");
  wc_metrics_text_family (text, "whepcast_build_info", WC_METRIC_GAUGE,
                          "1; the labels say what runs.");
  wc_metrics_text_count (text, "whepcast_build_info", labels->str, 1);
}

/* --- the engine ----------------------------------------------------------- */

static void
write_worker_values (const WcMetricsContext *context, GString *text,
                     const char *name, WcMetricType type, const char *help,
                     double (*value) (const WcWorkerStats *))
{
  char label[32];

  wc_metrics_text_family (text, name, type, help);
  for (guint i = 0; i < wc_engine_n_workers (context->engine); i++) {
    WcWorkerStats stats;
    wc_engine_get_worker_stats (context->engine, i, &stats);
    g_snprintf (label, sizeof label, "worker=\"%u\"", i);
    wc_metrics_text_value (text, name, label, value (&stats));
  }
}

static double
cpu_of (const WcWorkerStats *stats)
{
  return (double)stats->cpu_us / US_PER_S;
}

static double
viewers_of (const WcWorkerStats *stats)
{
  return stats->subscribers;
}

static double
publishers_of (const WcWorkerStats *stats)
{
  return stats->publishers;
}

static void
write_worker_counter (const WcMetricsContext *context, GString *text,
                      const WcCounterField *counter)
{
  char label[32];

  wc_metrics_text_family (text, counter->name, WC_METRIC_COUNTER,
                          counter->help);
  for (guint i = 0; i < wc_engine_n_workers (context->engine); i++) {
    WcWorkerStats stats;
    wc_engine_get_worker_stats (context->engine, i, &stats);
    g_snprintf (label, sizeof label, "worker=\"%u\"", i);
    wc_metrics_text_count (text, counter->name, label,
                           wc_metric_field (&stats, counter->offset));
  }
}

static void
write_workers (const WcMetricsContext *context, GString *text)
{
  write_worker_values (context, text, "whepcast_worker_cpu_seconds_total",
                       WC_METRIC_COUNTER,
                       "Processor time of the worker's thread; its rate is the "
                       "load of one core.",
                       cpu_of);
  write_worker_values (context, text, "whepcast_worker_viewers",
                       WC_METRIC_GAUGE, "Viewers that the worker sends to.",
                       viewers_of);
  write_worker_values (context, text, "whepcast_worker_publishers",
                       WC_METRIC_GAUGE, "Publishers that it takes from.",
                       publishers_of);
  for (gsize i = 0; i < G_N_ELEMENTS (worker_counters); i++)
    write_worker_counter (context, text, &worker_counters[i]);
}

static void
write_engine (const WcMetricsContext *context, GString *text)
{
  WcEngineStats stats;

  wc_engine_get_stats (context->engine, &stats);
  for (gsize i = 0; i < G_N_ELEMENTS (engine_counters); i++) {
    const WcCounterField *counter = &engine_counters[i];
    wc_metrics_text_family (text, counter->name, WC_METRIC_COUNTER,
                            counter->help);
    wc_metrics_text_count (text, counter->name, NULL,
                           wc_metric_field (&stats, counter->offset));
  }
  wc_metrics_text_gauge (text, "whepcast_tcp_connections",
                         "TCP connections of viewers and publishers.",
                         stats.tcp_connections);
  wc_metrics_text_gauge (
      text, "whepcast_webrtcbins",
      "Viewers and publishers whose webrtcbin has not retired.",
      wc_peer_factory_webrtcbins (context->peers));
}

void
wc_server_metrics_write (const WcMetricsContext *context, GString *text)
{
  write_build (context, text);
  write_process (text);
  write_workers (context, text);
  write_engine (context, text);
}
