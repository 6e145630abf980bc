/* SPDX-License-Identifier: MIT */
#include "engine/srtp-many.h"

#include "engine/srtp-vector.h"

struct WcSrtpMany {
  WcSrtpVector *vector; /* NULL: one by one */
  guint min_jobs;       /* fewer are done one by one, too */
};

WcSrtpMany *
wc_srtp_many_new (WcSrtpManyKind kind)
{
  WcSrtpVector *vector = NULL;

  if (kind == WC_SRTP_SIDE_BY_SIDE) {
    vector = wc_srtp_vector_new ();
    if (vector == NULL)
      return NULL;
  }
  WcSrtpMany *many = g_new0 (WcSrtpMany, 1);
  many->vector = vector;
  if (vector != NULL)
    many->min_jobs = wc_srtp_vector_min_jobs (vector);
  return many;
}

WcSrtpMany *
wc_srtp_many_new_best (void)
{
  WcSrtpMany *many = wc_srtp_many_new (WC_SRTP_SIDE_BY_SIDE);

  return many != NULL ? many : wc_srtp_many_new (WC_SRTP_ONE_BY_ONE);
}

void
wc_srtp_many_free (WcSrtpMany *many)
{
  if (many->vector != NULL)
    wc_srtp_vector_free (many->vector);
  g_free (many);
}

WcSrtpManyKind
wc_srtp_many_kind (const WcSrtpMany *many)
{
  return many->vector != NULL ? WC_SRTP_SIDE_BY_SIDE : WC_SRTP_ONE_BY_ONE;
}

static void
protect_one_by_one (const WcSrtpJob *jobs, guint n)
{
  for (guint i = 0; i < n; i++)
    wc_srtp_protect_rtp (jobs[i].srtp, jobs[i].packet, jobs[i].header_size,
                         jobs[i].payload, jobs[i].payload_size, jobs[i].index);
}

void
wc_srtp_many_protect (WcSrtpMany *many, const WcSrtpJob *jobs, guint n)
{
  while (many->vector != NULL && n >= many->min_jobs) {
    guint count = MIN (n, WC_SRTP_VECTOR_JOBS);
    wc_srtp_vector_protect (many->vector, jobs, count);
    jobs += count;
    n -= count;
  }
  protect_one_by_one (jobs, n);
}
