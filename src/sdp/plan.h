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
  gboolean send_times; /* viewers are to estimate their link: accept the header
                          extension abs-send-time */
  gboolean twcc;       /* where they do not, transport-wide feedback is read */
} WcSdpPolicy;

typedef enum {
  WC_SDP_SEND,          /* carries one of our tracks to a viewer */
  WC_SDP_RECEIVE,       /* brings a track of a publisher */
  WC_SDP_INACTIVE_KEPT, /* the tagged section: must not be rejected */
  WC_SDP_REJECTED,      /* port 0 */
} WcSdpRole;

typedef struct {
  WcSdpRole role;
  WcMedia track;              /* when role is WC_SDP_SEND or WC_SDP_RECEIVE */
  const WcSdpFormat *format;  /* chosen; of the offer */
  const WcSdpFormat *rtx;     /* nullable: its rtx (RFC 4588) */
  guint8 mid_extension;       /* id of sdes:mid (RFC 9143), 0: not offered */
  char *fmtp;                 /* nullable: what the answer says */
  guint8 send_time_extension; /* when role is WC_SDP_SEND: id of abs-send-time,
                                 0: not used */
  guint8 twcc_extension; /* id of transport-wide sequence numbers, 0: not used;
                            with them goes the feedback transport-cc */

  /* when role is WC_SDP_RECEIVE: ids of header extensions, 0: not used */
  guint8 rid_extension, repaired_rid_extension; /* RFC 8852 */
} WcSdpPlanMedia;

typedef struct {
  WcSdpOffer *offer;      /* owned */
  GPtrArray *media;       /* of WcSdpPlanMedia, one per m-line of the offer */
  gint index[WC_N_MEDIA]; /* the m-line of our audio, of our video; -1: none */
} WcSdpPlan;

/** TRUE for a section that carries media, in either direction. */
gboolean wc_sdp_plan_media_is_used (const WcSdpPlanMedia *media);

/** TRUE when the layers of section @index (sending.layers) are accepted: it is
 * a publisher's simulcast, whose RIDs we can read. */
gboolean wc_sdp_plan_takes_layers (const WcSdpPlan *plan, guint index);

/** Chooses. @tracks: indexed by WcMedia, NULL where the mountpoint has none.
 * Takes @offer in every case. Fails with WC_SDP_ERROR_UNSUPPORTED when no track
 * can be sent; the message names what the mountpoint has. */
WcSdpPlan *wc_sdp_plan_new (WcSdpOffer *offer,
                            const WcSdpTrack *const tracks[WC_N_MEDIA],
                            const WcSdpPolicy *policy, GError **error);

/** Chooses what a publisher is to send: of each section the first codec that
 * the engine carries. Takes @offer in every case. RFC 9725 section 4.4.3 wants
 * all or nothing: WC_SDP_ERROR_UNSUPPORTED for a section that cannot be taken,
 * for more than one of a kind, for more than one MediaStream. */
WcSdpPlan *wc_sdp_publish_plan_new (WcSdpOffer *offer, GError **error);

void wc_sdp_plan_free (WcSdpPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcSdpPlan, wc_sdp_plan_free)
