/* SPDX-License-Identifier: MIT */
#include "mountpoint/admission.h"

#include "base/clock.h"

#define MEASURE_MS 500

struct WcAdmission {
  WcEngine *engine;
  /* The last joins, as many as a second may have; 0 is long ago. */
  gint64 *joins_us;
  guint n_joins, next;
  /* What is sent. */
  guint64 max_egress_bps, egress_bps, bytes;
  gint64 measured_us;
  guint n_since;
  guint source;
};

static gboolean
on_measure (gpointer user_data)
{
  WcAdmission *admission = user_data;
  WcEngineStats stats = {0};
  gint64 now_us = wc_clock_now_us ();
  gint64 passed_us = MAX (now_us - admission->measured_us, 1);

  wc_engine_get_stats (admission->engine, &stats);
  wc_admission_measured (
      admission, (guint64)((double)(stats.bytes_out - admission->bytes) * 8 *
                           G_USEC_PER_SEC / (double)passed_us));
  admission->bytes = stats.bytes_out;
  admission->measured_us = now_us;
  return G_SOURCE_CONTINUE;
}

WcAdmission *
wc_admission_new (const WcConfig *config, WcEngine *engine)
{
  WcAdmission *admission = g_new0 (WcAdmission, 1);

  admission->n_joins = config->joins_per_second;
  admission->joins_us = g_new0 (gint64, MAX (admission->n_joins, 1));
  admission->max_egress_bps = config->max_egress_bps;
  admission->engine = engine;
  admission->measured_us = wc_clock_now_us ();
  if (config->max_egress_bps > 0 && engine != NULL)
    admission->source = g_timeout_add (MEASURE_MS, on_measure, admission);
  return admission;
}

void
wc_admission_free (WcAdmission *admission)
{
  if (admission->source != 0)
    g_source_remove (admission->source);
  g_free (admission->joins_us);
  g_free (admission);
}

gboolean
wc_admission_is_of (const WcAdmission *admission, const WcConfig *config)
{
  return admission->n_joins == config->joins_per_second &&
         admission->max_egress_bps == config->max_egress_bps;
}

gboolean
wc_admission_may_join (WcAdmission *admission, gint64 now_us)
{
  gint64 oldest_us = admission->joins_us[admission->next];

  return admission->n_joins == 0 || oldest_us == 0 ||
         now_us - oldest_us >= G_USEC_PER_SEC;
}

gboolean
wc_admission_has_bandwidth (WcAdmission *admission, guint n_viewers)
{
  guint known =
      n_viewers > admission->n_since ? n_viewers - admission->n_since : 0;
  guint64 more_bps =
      known > 0 ? admission->egress_bps / known * admission->n_since : 0;

  return admission->max_egress_bps == 0 ||
         admission->egress_bps + more_bps < admission->max_egress_bps;
}

void
wc_admission_join (WcAdmission *admission, gint64 now_us)
{
  admission->n_since++;
  if (admission->n_joins == 0)
    return;
  admission->joins_us[admission->next] = now_us;
  admission->next = (admission->next + 1) % admission->n_joins;
}

void
wc_admission_measured (WcAdmission *admission, guint64 bitrate_bps)
{
  admission->egress_bps = bitrate_bps;
  admission->n_since = 0;
}
