/* SPDX-License-Identifier: MIT */
/* Where one publisher's media goes: into the source tracks of its mountpoint.
 * With simulcast every layer has a track of its own besides, and a switch says
 * which one feeds the track that viewers get.
 *
 * Reference-counted and guarded by a mutex inside: the engine's worker pushes,
 * the main thread looks on. */
#pragma once

#include "engine/demux.h"
#include "engine/layer-switch.h"
#include "ingest/source-track.h"
#include "sdp/plan.h"

typedef struct WcWhipIntake WcWhipIntake;

typedef struct {
  char rid[WC_DEMUX_RID_SIZE];
  gboolean active;  /* packets come */
  gboolean playing; /* it is what viewers get */
  guint width, height;
  guint32 bitrate_bps; /* over about the last second */
} WcWhipLayerInfo;

/** @plan: of wc_sdp_publish_plan_new (). @tracks: indexed by WcMedia;
 * referenced, opened, and told their formats. Fails with
 * WC_INGEST_ERROR_INVALID if a format cannot be used. */
WcWhipIntake *wc_whip_intake_new (const WcSdpPlan *plan,
                                  WcSourceTrack *const tracks[WC_N_MEDIA],
                                  const WcTrackLimits *limits, GError **error);
WcWhipIntake *wc_whip_intake_ref (WcWhipIntake *intake);
void wc_whip_intake_unref (gpointer intake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcWhipIntake, wc_whip_intake_unref)

/* --- the worker ----------------------------------------------------------- */

/** As WcPublisherSink has them; @intake is a WcWhipIntake. */
void wc_whip_intake_push_rtp (WcMedia media, guint layer, const guint8 *data,
                              gsize size, gint64 now_us, gpointer intake);
void wc_whip_intake_push_report (WcMedia media, guint layer, guint64 ntp,
                                 guint32 rtp_timestamp, gint64 now_us,
                                 gpointer intake);

/* --- the main thread ------------------------------------------------------ */

/** Every 100 ms or so: which layer plays, and what waits in the layers' tracks
 * goes on. Returns those (bits) that a key frame has to be asked of. */
guint wc_whip_intake_choose (WcWhipIntake *intake, gint64 now_us);
/** The layer that plays; 0 without simulcast. */
guint wc_whip_intake_playing (WcWhipIntake *intake);
/** 0 without simulcast. */
guint wc_whip_intake_n_layers (WcWhipIntake *intake);
void wc_whip_intake_get_layer (WcWhipIntake *intake, guint layer, gint64 now_us,
                               WcWhipLayerInfo *info);
/** The track of a layer, for viewers that choose; NULL until it has a format.
 * (transfer full) */
WcTrack *wc_whip_intake_dup_layer_track (WcWhipIntake *intake, guint layer);
