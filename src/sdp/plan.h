/* SPDX-License-Identifier: MIT */
/* The plan of an answer: which m-line carries which of our tracks, with which
 * of the offered payload types (RFC 3264 section 6, RFC 9429 section 5.3.1). */
#pragma once

#include "sdp/offer.h"

/** A track that the mountpoint has. */
typedef struct {
  WcCodec codec;
  guint32 clock_rate;
  guint8 channels;
  const char *profile; /* nullable: what wc_track_dup_profile () says, or the
                          source's fmtp; see the codec's rules in plan.c */
} WcSdpTrack;

typedef struct {
  gboolean h264_profile_strict; /* RFC 6184 section 8.2.2 to the letter */
} WcSdpPolicy;

typedef enum {
  WC_SDP_SEND,          /* carries one of our tracks */
  WC_SDP_INACTIVE_KEPT, /* the tagged section: must not be rejected */
  WC_SDP_REJECTED,      /* port 0 */
} WcSdpRole;

typedef struct {
  WcSdpRole role;
  WcMedia track;             /* when role is WC_SDP_SEND */
  const WcSdpFormat *format; /* chosen; of the offer */
  const WcSdpFormat *rtx;    /* nullable: its rtx (RFC 4588) */
  guint8 mid_extension;      /* id of sdes:mid (RFC 9143), 0: not offered */
  char *fmtp;                /* nullable: what the answer says */
} WcSdpPlanMedia;

typedef struct {
  WcSdpOffer *offer;      /* owned */
  GPtrArray *media;       /* of WcSdpPlanMedia, one per m-line of the offer */
  gint index[WC_N_MEDIA]; /* the m-line of our audio, of our video; -1: none */
} WcSdpPlan;

/** Chooses. @tracks: indexed by WcMedia, NULL where the mountpoint has none.
 * Takes @offer in every case. Fails with WC_SDP_ERROR_UNSUPPORTED when no track
 * can be sent; the message names what the mountpoint has. */
WcSdpPlan *wc_sdp_plan_new (WcSdpOffer *offer,
                            const WcSdpTrack *const tracks[WC_N_MEDIA],
                            const WcSdpPolicy *policy, GError **error);
void wc_sdp_plan_free (WcSdpPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcSdpPlan, wc_sdp_plan_free)
