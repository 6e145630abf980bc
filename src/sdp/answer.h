/* SPDX-License-Identifier: MIT */
/* Writes SDP: the answer that a viewer gets, and the canonical offer that
 * stands for the viewer's in front of webrtcbin (which must never see the
 * viewer's). */
#pragma once

#include "base/address.h"
#include "sdp/plan.h"

typedef struct {
  const char *ufrag, *pwd;
  const char *fingerprint;     /* "sha-256 AB:CD:..." of our certificate */
  const WcAddress *candidates; /* host candidates, best first */
  guint n_candidates;          /* at most 8 are written */
  guint16 tcp_port;            /* 0: none; of the same addresses, passive
                                  (RFC 6544), written last */
  const char *stream_id;       /* a=msid; the same for both tracks */
  const char *cname;
  guint32 ssrc[WC_N_MEDIA];
  guint32 rtx_ssrc[WC_N_MEDIA]; /* 0: none */
  gboolean own_feedback; /* the engine acts on RTCP itself: it sends again also
                            where there is no rtx, and reads REMB */
  guint64 session_id;    /* of the o= line */
} WcSdpAnswerParams;

/** The answer for the viewer: CRLF line ends, ice-lite, all candidates and
 * end-of-candidates, below 8000 bytes. (transfer full) */
char *wc_sdp_answer_write (const WcSdpPlan *plan,
                           const WcSdpAnswerParams *params);

/** What answers an ICE restart (RFC 9725 section 4.3.3): a trickle fragment
 * with the ice-lite, ice-options and group of @answer, which is one of
 * wc_sdp_answer_write (), and the credentials and candidates of @params; the
 * rest of it is not looked at. (transfer full) */
char *wc_sdp_restart_write (const char *answer,
                            const WcSdpAnswerParams *params);

/** The offer that webrtcbin gets in the viewer's place: only the m-lines that
 * carry a track, all bundled, the chosen payload types (and rtx), the viewer's
 * true ufrag, pwd, fingerprint, setup and mids. (transfer full) */
char *wc_sdp_canonical_offer_write (const WcSdpPlan *plan);

/** The same for a webrtcbin that is to agree on keys and nothing else: one
 * section, always the same, of a codec that is not looked at. (transfer full)
 */
char *wc_sdp_keys_offer_write (const WcSdpPlan *plan);

/** The a=setup role that we take: active unless the viewer is (RFC 8842). */
WcSdpSetup wc_sdp_plan_setup (const WcSdpPlan *plan);
