/* SPDX-License-Identifier: MIT */
/* RTP packets under many keys, side by side in vectors, by libipsec-mb. Built
 * with or without it; without, there is none. One thread at a time. Internal to
 * srtp-many. */
#pragma once

#include "engine/srtp.h"

/** As many as one burst of the library takes. */
#define WC_SRTP_VECTOR_JOBS 128

typedef struct WcSrtpVector WcSrtpVector;

/** NULL: not built in, or the processor has not what makes it worth while. */
WcSrtpVector *wc_srtp_vector_new (void);
void wc_srtp_vector_free (WcSrtpVector *vector);

/** Fewer are done sooner one by one. */
guint wc_srtp_vector_min_jobs (const WcSrtpVector *vector);

/** Protects @n jobs, at most WC_SRTP_VECTOR_JOBS. */
void wc_srtp_vector_protect (WcSrtpVector *vector, const WcSrtpJob *jobs,
                             guint n);
