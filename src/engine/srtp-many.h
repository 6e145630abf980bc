/* SPDX-License-Identifier: MIT */
/* Protects many RTP packets at a time. Where the processor has the instructions
 * for it and libipsec-mb was there when this was built, packets under different
 * keys are worked on side by side (in a third of the time with AVX-512, in two
 * thirds with SHA or AVX2); else one after the other by OpenSSL, with the same
 * result.
 *
 * One thread at a time; a worker has one. */
#pragma once

#include "engine/srtp.h"

typedef struct WcSrtpMany WcSrtpMany;

typedef enum {
  WC_SRTP_ONE_BY_ONE,
  WC_SRTP_SIDE_BY_SIDE,
} WcSrtpManyKind;

/** Returns NULL if this machine or build cannot do @kind; one by one can always
 * be done. */
WcSrtpMany *wc_srtp_many_new (WcSrtpManyKind kind);
/** The better of those that can be done. */
WcSrtpMany *wc_srtp_many_new_best (void);
void wc_srtp_many_free (WcSrtpMany *many);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcSrtpMany, wc_srtp_many_free)

WcSrtpManyKind wc_srtp_many_kind (const WcSrtpMany *many);

/** wc_srtp_protect_rtp () for each of @jobs. */
void wc_srtp_many_protect (WcSrtpMany *many, const WcSrtpJob *jobs, guint n);
