/* SPDX-License-Identifier: MIT */
/* Written by the engine, read by the test client, which was written apart from
 * it; and what a receiver report says. */
#include "common/rtcp.h"
#include "engine/reception.h"
#include "engine/rtcp.h"

#include <string.h>

#define RATE 90000

static void
test_compound (void)
{
  WcRtcpWriter writer = {0};
  const WcRtcpBlock block = {.ssrc = 7,
                             .fraction_lost = 64,
                             .total_lost = -3,
                             .highest_seq = 0x10005,
                             .jitter = 9,
                             .lsr = 0xaabbccdd,
                             .dlsr = 65536};
  const guint16 seqs[] = {65530, 65535, 3, 200};
  TcRtcpPart part;
  TcRtcpBlock read;

  g_assert_true (wc_rtcp_write_rr (&writer, 1, &block, 1));
  g_assert_true (wc_rtcp_write_cname (&writer, 1, "name"));
  g_assert_true (wc_rtcp_write_nack (&writer, 1, 7, seqs, 4));
  g_assert_true (wc_rtcp_write_pli (&writer, 1, 7));
  g_assert_true (wc_rtcp_write_fir (&writer, 1, 7, 5));

  const guint8 *data = writer.data;
  gsize size = writer.size;
  g_assert_true (tc_rtcp_next (&data, &size, &part));
  g_assert_true (tc_rtcp_read_block (&part, 0, &read));
  g_assert_cmpuint (read.ssrc, ==, 7);
  g_assert_cmpuint (read.fraction_lost, ==, 64);
  g_assert_cmpint (read.total_lost, ==, -3);
  g_assert_cmpuint (read.highest_seq, ==, 0x10005);
  g_assert_cmpuint (read.lsr, ==, 0xaabbccdd);
  g_assert_true (tc_rtcp_next (&data, &size, &part));
  g_autofree char *cname = tc_rtcp_read_cname (&part);
  g_assert_cmpstr (cname, ==, "name");
  g_assert_true (tc_rtcp_next (&data, &size, &part));
  g_assert_cmpuint (part.type, ==, TC_RTCP_RTPFB);
  /* 65530 with 65535 and 3 in its mask, then 200. */
  g_assert_cmpmem (part.data + 12, 8, "\xff\xfa\x01\x10\x00\xc8\x00\x00", 8);
  g_assert_true (tc_rtcp_next (&data, &size, &part));
  g_assert_cmpuint (part.count, ==, 1);
  g_assert_true (tc_rtcp_next (&data, &size, &part));
  g_assert_cmpuint (part.count, ==, 4);
  g_assert_false (tc_rtcp_next (&data, &size, &part));
  g_assert_cmpuint (size, ==, 0);

  WcRtcpSummary summary;
  g_assert_true (wc_rtcp_parse (writer.data, writer.size, &summary));
  g_assert_cmpuint (summary.nacked, ==, 4);
  g_assert_cmpuint (summary.n_key_requests, ==, 2);
  g_assert_cmpuint (summary.key_requests[1], ==, 7);
}

static void
test_no_room (void)
{
  WcRtcpWriter writer = {0};
  guint n = 0;

  while (wc_rtcp_write_pli (&writer, 1, 2))
    n++;
  g_assert_cmpuint (n, ==, WC_RTCP_WRITER_SIZE / 12);
  g_assert_cmpuint (writer.size, <=, WC_RTCP_WRITER_SIZE);
}

static void
test_report (void)
{
  WcReception reception;
  WcRtcpBlock block;
  gint64 now_us = G_USEC_PER_SEC;

  wc_reception_reset (&reception, RATE);
  wc_reception_sender_report (&reception,
                              G_GUINT64_CONSTANT (0x1111222233334444), now_us);
  for (guint i = 0; i < 100; i++, now_us += 10000)
    if (i % 4 != 3)
      wc_reception_take (&reception, (guint16)(65500 + i), i * 900, now_us);
  wc_reception_report (&reception, now_us, &block);
  g_assert_cmpuint (block.highest_seq, ==, 65500 + 98);
  g_assert_cmpint (block.total_lost, ==, 24);
  g_assert_cmpuint (block.fraction_lost, ==, 24 * 256 / 99);
  g_assert_cmpuint (block.jitter, ==, 0);
  g_assert_cmpuint (block.lsr, ==, 0x22223333);
  g_assert_cmpuint (block.dlsr, ==, 65536);

  for (guint i = 100; i < 200; i++, now_us += 10000)
    wc_reception_take (&reception, (guint16)(65500 + i), i * 900, now_us);
  wc_reception_report (&reception, now_us, &block);
  g_assert_cmpuint (block.fraction_lost, ==, 1 * 256 / 101);
  g_assert_cmpint (block.total_lost, ==, 25);
}

static void
test_report_duplicates (void)
{
  WcReception reception;
  WcRtcpBlock block;

  wc_reception_reset (&reception, RATE);
  wc_reception_report (&reception, 1, &block);
  g_assert_cmpint (block.total_lost, ==, 0);
  for (guint i = 0; i < 10; i++)
    wc_reception_take (&reception, 5, 0, 1000);
  wc_reception_take (&reception, 2, 0, 1000); /* before the first */
  wc_reception_report (&reception, 1, &block);
  g_assert_cmpint (block.total_lost, ==, -10);
  g_assert_cmpuint (block.fraction_lost, ==, 0);
}

static void
test_jitter (void)
{
  WcReception reception;
  WcRtcpBlock block;
  gint64 now_us = G_USEC_PER_SEC;

  wc_reception_reset (&reception, RATE);
  for (guint i = 0; i < 1000; i++, now_us += 10000)
    wc_reception_take (&reception, (guint16)i, i * 900,
                       now_us + (i % 2) * 1000);
  wc_reception_report (&reception, now_us, &block);
  g_assert_cmpuint (block.jitter, >, 80); /* 1 ms is 90 */
  g_assert_cmpuint (block.jitter, <, 100);
}

static void
test_sender (void)
{
  WcRtcpWriter writer = {0};
  const WcRtcpSender sender = {7, G_GUINT64_CONSTANT (0x0102030405060708), 9,
                               10, 11};
  const guint32 ssrcs[] = {7, 8};
  TcRtcpSenderInfo info;
  TcRtcpPart part;

  g_assert_true (wc_rtcp_write_sr (&writer, &sender));
  g_assert_true (wc_rtcp_write_bye (&writer, ssrcs, 2));
  const guint8 *data = writer.data;
  gsize size = writer.size;
  g_assert_true (tc_rtcp_next (&data, &size, &part));
  g_assert_true (tc_rtcp_read_sr (&part, &info));
  g_assert_cmpuint (info.ssrc, ==, 7);
  g_assert_cmphex (info.ntp, ==, sender.ntp);
  g_assert_cmpuint (info.rtp, ==, 9);
  g_assert_cmpuint (info.packets, ==, 10);
  g_assert_cmpuint (info.octets, ==, 11);
  g_assert_true (tc_rtcp_next (&data, &size, &part));
  g_assert_cmpuint (part.type, ==, 203);
  g_assert_cmpmem (part.data, part.size, "\x82\xcb\0\2\0\0\0\7\0\0\0\10", 12);
  g_assert_cmpuint (size, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtcp-writer/compound", test_compound);
  g_test_add_func ("/rtcp-writer/no-room", test_no_room);
  g_test_add_func ("/rtcp-writer/sender", test_sender);
  g_test_add_func ("/reception/report", test_report);
  g_test_add_func ("/reception/duplicates", test_report_duplicates);
  g_test_add_func ("/reception/jitter", test_jitter);
  return g_test_run ();
}
