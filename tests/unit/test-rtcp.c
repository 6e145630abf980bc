/* SPDX-License-Identifier: MIT */
#include "engine/rtcp.h"

static const guint8 receiver_report[] = {
    0x81, 201, 0, 7, 0,  0, 0,    1,  /* RR of 1, one block */
    0,    0,   0, 2, 64, 0, 0,    5,  /* about 2: a quarter lost */
    0,    1,   0, 9, 0,  0, 0,    90, /* highest seq, jitter */
    0,    1,   0, 0, 0,  0, 0x80, 0,  /* LSR 1 s, DLSR half a second */
};
static const guint8 pli[] = {0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2};
static const guint8 nack[] = {0x81, 205, 0, 4, 0, 0, 0, 1, 0, 0,
                              0,    2,   0, 7, 0, 5, 0, 9, 0, 0};
static const guint8 fir[] = {0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0,
                             0,    0,   0, 0, 0, 3, 1, 0, 0, 0};

static void
test_report (void)
{
  WcRtcpSummary summary;

  g_assert_true (
      wc_rtcp_parse (receiver_report, sizeof receiver_report, &summary));
  g_assert_cmpuint (summary.n_reports, ==, 1);
  g_assert_cmpuint (summary.reports[0].ssrc, ==, 2);
  g_assert_cmpuint (summary.reports[0].fraction_lost, ==, 64);
  g_assert_cmpuint (summary.reports[0].jitter, ==, 90);
  /* Sent at 1 s, held 0.5 s, back at 1.75 s. */
  g_assert_cmpint (wc_rtcp_round_trip_ms (&summary.reports[0],
                                          G_GUINT64_CONSTANT (0x1c0000000)),
                   ==, 250);
}

static void
test_round_trip_unknown (void)
{
  WcRtcpReport none = {0};
  WcRtcpReport early = {.lsr = 0x20000, .dlsr = 0};

  g_assert_cmpint (wc_rtcp_round_trip_ms (&none, 1), ==, -1);
  g_assert_cmpint (
      wc_rtcp_round_trip_ms (&early, G_GUINT64_CONSTANT (0x100000000)), ==, 0);
}

/* It is left to its reader, with its header. */
static void
test_transport_wide (void)
{
  static const guint8 twcc[] = {0x8f, 205, 0, 5, 0, 0, 0, 1, 0,    0, 0, 2,
                                0,    7,   0, 1, 0, 0, 0, 0, 0x20, 1, 4, 0};
  WcRtcpSummary summary;
  g_autoptr (GByteArray) data = g_byte_array_new ();

  for (guint i = 0; i <= WC_RTCP_MAX_TWCC; i++) {
    g_byte_array_append (data, pli, sizeof pli);
    g_byte_array_append (data, twcc, sizeof twcc);
  }
  g_assert_true (wc_rtcp_parse (data->data, data->len, &summary));
  g_assert_cmpuint (summary.n_twcc, ==, WC_RTCP_MAX_TWCC);
  g_assert_cmpmem (summary.twcc[1].data, summary.twcc[1].size, twcc,
                   sizeof twcc);
  g_assert_cmpuint (summary.nacked, ==, 0);
}

static void
test_compound (void)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  WcRtcpSummary summary;

  g_byte_array_append (data, receiver_report, sizeof receiver_report);
  g_byte_array_append (data, pli, sizeof pli);
  g_byte_array_append (data, nack, sizeof nack);
  g_byte_array_append (data, fir, sizeof fir);
  g_assert_true (wc_rtcp_parse (data->data, data->len, &summary));
  g_assert_cmpuint (summary.n_reports, ==, 1);
  g_assert_cmpuint (summary.nacked, ==, 1 + 2 + 1);
  g_assert_cmpuint (summary.n_key_requests, ==, 2);
  g_assert_cmpuint (summary.key_requests[0], ==, 2);
  g_assert_cmpuint (summary.key_requests[1], ==, 3);
}

/* What is asked for, one by one; and what a receiver takes its link for. */
static void
test_feedback (void)
{
  static const guint8 remb[] = {
      0x8f, 206, 0,   5,   0, 0,           0,    1,    0, 0, 0, 0,
      'R',  'E', 'M', 'B', 1, 19 << 2 | 2, 0x34, 0x56, 0, 0, 0, 2};
  g_autoptr (GByteArray) data = g_byte_array_new ();
  WcRtcpSummary summary;

  g_byte_array_append (data, nack, sizeof nack);
  g_byte_array_append (data, remb, sizeof remb);
  g_assert_true (wc_rtcp_parse (data->data, data->len, &summary));
  g_assert_cmpuint (summary.n_nacks, ==, 2);
  g_assert_cmpuint (summary.nacks[0].ssrc, ==, 2);
  g_assert_cmpuint (summary.nacks[0].seq, ==, 7);
  g_assert_cmpuint (summary.nacks[0].mask, ==, 5);
  g_assert_cmpuint (summary.nacks[1].seq, ==, 9);
  g_assert_cmpuint (summary.nacks[1].mask, ==, 0);
  g_assert_cmpuint (summary.remb_bps, ==, G_GUINT64_CONSTANT (0x23456) << 19);
  g_assert_true (wc_rtcp_parse (remb, 16, &summary) == FALSE ||
                 summary.remb_bps == 0);
}

/* An RTP session is told of NACKs only, and only of so many: of a compound
 * with reports of a hundred SSRCs and a packet that asks for everything, what
 * is left is the one that can be afforded. */
static void
test_keep_nacks (void)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  static const guint8 padded[] = {0xa1, 205, 0, 3, 0, 0, 0, 1,
                                  0,    0,   0, 2, 0, 7, 0, 0};
  static const guint8 greedy[] = {0x81, 205, 0, 3, 0, 0, 0,    1,
                                  0,    0,   0, 2, 0, 7, 0xff, 0xff};
  guint budget = 10;

  for (guint8 i = 0; i < 100; i++) {
    guint8 report[] = {0x80, 201, 0, 1, 0, 0, 0, i};
    g_byte_array_append (data, report, sizeof report);
  }
  g_byte_array_append (data, padded, sizeof padded);
  g_byte_array_append (data, greedy, sizeof greedy);
  g_byte_array_append (data, pli, sizeof pli);
  g_byte_array_append (data, nack, sizeof nack);
  g_byte_array_append (data, fir, sizeof fir);
  gsize kept = wc_rtcp_keep_nacks (data->data, data->len, &budget);
  g_assert_cmpmem (data->data, kept, nack, sizeof nack);
  g_assert_cmpuint (budget, ==, 10 - 4);
  g_assert_cmpuint (wc_rtcp_keep_nacks (data->data, kept - 1, &budget), ==, 0);
  budget = 3;
  g_assert_cmpuint (wc_rtcp_keep_nacks (data->data, kept, &budget), ==, 0);
  g_assert_cmpuint (budget, ==, 3);
}

/* Any cut and any changed byte is read within bounds (ASan watches). */
static void
test_hostile (void)
{
  for (gsize size = 0; size <= sizeof receiver_report; size++) {
    for (gsize at = 0; at < size; at++) {
      g_autofree guint8 *copy = g_memdup2 (receiver_report, size);
      WcRtcpSummary summary;
      copy[at] = 0xff;
      wc_rtcp_parse (copy, size, &summary);
      g_assert_cmpuint (summary.n_reports, <=, WC_RTCP_MAX_REPORTS);
      g_assert_cmpuint (summary.n_nacks, <=, WC_RTCP_MAX_NACKS);
      guint budget = 100;
      g_assert_cmpuint (wc_rtcp_keep_nacks (copy, size, &budget), <=, size);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtcp/report", test_report);
  g_test_add_func ("/rtcp/round-trip-unknown", test_round_trip_unknown);
  g_test_add_func ("/rtcp/compound", test_compound);
  g_test_add_func ("/rtcp/transport-wide", test_transport_wide);
  g_test_add_func ("/rtcp/feedback", test_feedback);
  g_test_add_func ("/rtcp/keep-nacks", test_keep_nacks);
  g_test_add_func ("/rtcp/hostile", test_hostile);
  return g_test_run ();
}
