/* SPDX-License-Identifier: MIT */
/* A viewer's RTCP, decrypted, and the estimate that is made of it: after the
 * first byte, which says how many packets were sent. */
#include "engine/link-estimate.h"
#include "engine/rtcp.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
take_all (WcLinkEstimate *link, const WcRtcpSummary *summary, gint64 now_us)
{
  WcTwccArrival arrivals[WC_TWCC_MAX_ARRIVALS];

  for (guint i = 0; i < summary->n_twcc; i++) {
    guint n =
        wc_twcc_read (summary->twcc[i].data, summary->twcc[i].size, arrivals);
    g_assert_cmpuint (n, <=, WC_TWCC_MAX_ARRIVALS);
    wc_link_estimate_take (link, arrivals, n, now_us);
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  WcLinkEstimate *link = wc_link_estimate_new ();
  WcRtcpSummary summary;
  guint n = size > 0 ? data[0] : 0, budget = 1000;
  gsize length = size > 0 ? size - 1 : 0;
  /* Of the exact size, so that the sanitizer sees its end. */
  g_autofree guint8 *packet = g_memdup2 (data + (size - length), length);

  for (guint i = 0; i < n; i++)
    wc_link_estimate_send (link, 1200, i * 10000);
  for (guint i = 0; i < 3; i++)
    if (wc_rtcp_parse (packet, length, &summary))
      take_all (link, &summary, (gint64)i * G_USEC_PER_SEC);
  g_assert_cmpuint (wc_rtcp_keep_nacks (packet, length, &budget), <=, length);
  wc_link_estimate_free (link);
  return 0;
}
