/* SPDX-License-Identifier: MIT */
/* kind=failover: one source out of several, in order of preference. The first
 * that is live plays; when it is lost the next one takes over, and a better one
 * is taken again at a key frame once it has been live for `return-after-ms`. A
 * splice makes one stream of them, so that viewers stay. All sources run as
 * long as this one does. One may be that of another mountpoint.
 *
 * The codecs are those of the first source that is known to have any; one with
 * others, or without the picture that the others have, is passed over and says
 * why. Main thread. See ingest.h. */
#pragma once

#include "ingest/ingest.h"

#define WC_TYPE_INGEST_FAILOVER (wc_ingest_failover_get_type ())
G_DECLARE_FINAL_TYPE (WcIngestFailover, wc_ingest_failover, WC, INGEST_FAILOVER,
                      WcIngest)

/** Errors are those of its sources, with which source it was, and
 * WC_INGEST_ERROR_INVALID when one leads back to it, or the codecs are known to
 * differ. */
WcIngest *wc_ingest_failover_new (WcMountpointSpec *spec,
                                  const WcIngestContext *context,
                                  GError **error);

guint wc_ingest_failover_n_sources (WcIngestFailover *self);
/** Of source @index, from 0. */
WcIngestState wc_ingest_failover_source_state (WcIngestFailover *self,
                                               guint index);
/** Why it does not play, if there is something to say. (transfer full)
 * (nullable) */
char *wc_ingest_failover_dup_source_reason (WcIngestFailover *self,
                                            guint index);
/** What it has counted; see wc_ingest_get_counts (). */
gboolean wc_ingest_failover_get_source_counts (WcIngestFailover *self,
                                               guint index, WcMedia media,
                                               WcIngestCounts *counts);
/** The index of the one that plays, or -1. */
int wc_ingest_failover_playing (WcIngestFailover *self);
/** The one that was chosen by hand, or -1. */
int wc_ingest_failover_chosen (WcIngestFailover *self);
/** Chooses by hand; -1: back to the order. */
void wc_ingest_failover_choose (WcIngestFailover *self, int index);

/** What played changed. */
typedef struct {
  int from, to;       /* indices from 0; -1: none played, or plays */
  const char *reason; /* nullable; (transfer none) */
  gint64 at_us;       /* microseconds since 1970; 0: it never did */
} WcFailoverSwitch;

/** The last one; valid until the next. */
const WcFailoverSwitch *wc_ingest_failover_last_switch (WcIngestFailover *self);
/** How often one source took over from another. */
guint64 wc_ingest_failover_n_switches (WcIngestFailover *self);

/* Signal, main thread: "switched" (WcIngestFailover *): see
 * wc_ingest_failover_last_switch (). */
