/* SPDX-License-Identifier: MIT */
/* The viewer of tests/common by itself: published vectors and round trips.
 * test-testclient-peer.c has its connections. */
#include "common/offer.h"
#include "common/payload.h"
#include "common/stun.h"
#include "common/track.h"

#include <string.h>

/* RFC 5769 sections 2.1 to 2.3. */
#define RFC5769_PASSWORD "VOkJxbRl1RmTxUk/WvJxBt"
#define RFC5769_ID                                                             \
  0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae

static const guint8 rfc5769_request[] = {
    0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, RFC5769_ID, 0x80, 0x22,
    0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65,       0x73, 0x74,
    0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24,       0x00, 0x04,
    0x6e, 0x00, 0x01, 0xff, 0x80, 0x29, 0x00, 0x08, 0x93,       0x2f, 0xf9,
    0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09,       0x65, 0x76,
    0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20,       0x20, 0x00,
    0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8,       0xcb, 0x56,
    0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1,       0xb5, 0x71,
    0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf};

static const guint8 rfc5769_ipv4[] = {
    0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, RFC5769_ID, 0x80,
    0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76,       0x65,
    0x63, 0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x08,       0x00,
    0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43, 0x00, 0x08,       0x00,
    0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3,       0x8c,
    0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b,       0xe7,
    0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96};

static const guint8 rfc5769_ipv6[] = {
    0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, RFC5769_ID, 0x80, 0x22,
    0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65,       0x63, 0x74,
    0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x14, 0x00, 0x02,       0xa1, 0x47,
    0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc,       0x25, 0xf4,
    0xb5, 0xbe, 0xd2, 0xb9, 0xd9, 0x00, 0x08, 0x00, 0x14,       0xa3, 0x82,
    0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1, 0x17, 0x84, 0xc9,       0x7c, 0x82,
    0x92, 0xc2, 0x75, 0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28,       0x00, 0x04,
    0xc8, 0xfb, 0x0b, 0x4c};

static void
test_stun_request (void)
{
  guint8 bytes[sizeof rfc5769_request];
  TcStunReader reader;
  gsize size;

  memcpy (bytes, rfc5769_request, sizeof bytes);
  g_assert_true (tc_stun_read (&reader, bytes, sizeof bytes));
  g_assert_cmpuint (reader.type, ==, TC_STUN_BINDING_REQUEST);
  g_assert_true (tc_stun_check_integrity (&reader, RFC5769_PASSWORD));
  g_assert_false (tc_stun_check_integrity (&reader, "another"));
  g_assert_true (tc_stun_check_fingerprint (&reader));
  g_assert_cmpmem (tc_stun_find (&reader, TC_STUN_USERNAME, &size), 9,
                   "evtj:h6vY", size);
  bytes[50] ^= 1;
  g_assert_false (tc_stun_check_integrity (&reader, RFC5769_PASSWORD));
  g_assert_false (tc_stun_check_fingerprint (&reader));
  g_assert_false (tc_stun_read (&reader, bytes, sizeof bytes - 4));
}

static void
check_mapped (const guint8 *data, gsize size, const char *expected)
{
  TcStunReader reader;
  WcAddress address;
  char text[WC_ADDRESS_STRLEN];

  g_assert_true (tc_stun_read (&reader, data, size));
  g_assert_true (tc_stun_check_integrity (&reader, RFC5769_PASSWORD));
  g_assert_true (tc_stun_check_fingerprint (&reader));
  g_assert_true (tc_stun_read_address (&reader, &address));
  g_assert_cmpstr (wc_address_format (&address, text), ==, expected);
}

static void
test_stun_response (void)
{
  check_mapped (rfc5769_ipv4, sizeof rfc5769_ipv4, "192.0.2.1:32853");
  check_mapped (rfc5769_ipv6, sizeof rfc5769_ipv6,
                "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
}

/* What the writer makes of the vector's contents is the vector, but for the
 * three bytes of padding, which RFC 5769 fills with blanks and we with 0. */
static void
test_stun_writer (void)
{
  static const guint8 id[] = {RFC5769_ID};
  TcStunWriter writer;
  WcAddress address;

  g_assert_true (wc_address_parse (&address, "192.0.2.1", 32853));
  tc_stun_begin (&writer, TC_STUN_BINDING_SUCCESS, id);
  tc_stun_add_address (&writer, &address);
  g_assert_cmpmem (writer.data + 20, writer.size - 20, rfc5769_ipv4 + 36, 12);
  tc_stun_finish (&writer, RFC5769_PASSWORD);
  check_mapped (writer.data, writer.size, "192.0.2.1:32853");
  tc_stun_begin (&writer, TC_STUN_BINDING_REQUEST, id);
  tc_stun_add (&writer, TC_STUN_SOFTWARE, "STUN test client", 16);
  tc_stun_add_u32 (&writer, TC_STUN_PRIORITY, 0x6e0001ff);
  tc_stun_add_u64 (&writer, TC_STUN_ICE_CONTROLLED,
                   G_GUINT64_CONSTANT (0x932ff9b151263b36));
  tc_stun_add (&writer, TC_STUN_USERNAME, "evtj:h6vY", 9);
  g_assert_cmpmem (writer.data + 20, writer.size - 23, rfc5769_request + 20,
                   writer.size - 23);
}

static void
test_rtcp_nack (void)
{
  static const guint16 seqs[] = {0xfffe, 0xffff, 3, 20, 21};
  static const guint8 expected[] = {0x81, 205,  0,    4,    0,    0,    0,
                                    1,    0,    0,    0,    2,    0xff, 0xfe,
                                    0x00, 0x11, 0x00, 0x14, 0x00, 0x01};
  TcRtcpWriter writer = {.size = 0};

  tc_rtcp_add_nack (&writer, 1, 2, seqs, G_N_ELEMENTS (seqs));
  g_assert_cmpmem (writer.data, writer.size, expected, sizeof expected);
}

static void
test_rtcp_compound (void)
{
  TcRtcpBlock block = {.ssrc = 7,
                       .fraction_lost = 128,
                       .total_lost = -2,
                       .highest_seq = 0x12345,
                       .jitter = 9,
                       .lsr = 10,
                       .dlsr = 11};
  TcRtcpSenderInfo info = {.ssrc = 5, .ntp = 1, .rtp = 2, .packets = 3};
  TcRtcpWriter writer = {.size = 0};
  const guint8 *at = writer.data;
  TcRtcpPart part;
  TcRtcpBlock seen;
  TcRtcpSenderInfo seen_info;
  g_autofree char *cname = NULL;

  tc_rtcp_add_sr (&writer, &info, &block, 1);
  tc_rtcp_add_sdes (&writer, 5, "abc");
  tc_rtcp_add_bye (&writer, 5);
  g_assert_true (tc_rtcp_next (&at, &writer.size, &part));
  g_assert_true (tc_rtcp_read_sr (&part, &seen_info));
  g_assert_cmpuint (seen_info.ntp, ==, 1);
  g_assert_cmpuint (seen_info.rtp, ==, 2);
  g_assert_cmpuint (seen_info.packets, ==, 3);
  g_assert_true (tc_rtcp_read_block (&part, 0, &seen));
  g_assert_cmpint (seen.total_lost, ==, -2);
  g_assert_cmpuint (seen.highest_seq, ==, 0x12345);
  g_assert_cmpuint (seen.fraction_lost, ==, 128);
  g_assert_false (tc_rtcp_read_block (&part, 1, &seen));
  g_assert_true (tc_rtcp_next (&at, &writer.size, &part));
  cname = tc_rtcp_read_cname (&part);
  g_assert_cmpstr (cname, ==, "abc");
  g_assert_true (tc_rtcp_next (&at, &writer.size, &part));
  g_assert_cmpuint (part.type, ==, TC_RTCP_BYE);
  g_assert_false (tc_rtcp_next (&at, &writer.size, &part));
  g_assert_cmpuint (writer.size, ==, 0);
}

typedef struct {
  TcPayloadReader *reader;
  guint n_payloads;
  guint n_last;
} RoundTrip;

static void
on_payload (const guint8 *payload, gsize size, gboolean is_last, gpointer data)
{
  RoundTrip *trip = data;

  g_assert_cmpuint (size, <=, TC_PAYLOAD_MAX);
  g_assert_true (tc_payload_reader_add (trip->reader, payload, size));
  trip->n_payloads++;
  trip->n_last += is_last;
}

static GBytes *
make_unit (const char *head, gsize head_size, gsize size)
{
  guint8 *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8)(i * 31 + size + 1);
  memcpy (data, head, head_size);
  return g_bytes_new_take (data, size);
}

static void
check_round_trip (TcPayloadFormat format, GPtrArray *units)
{
  g_autoptr (TcPayloadReader) reader = tc_payload_reader_new (format);
  RoundTrip trip = {.reader = reader};
  GPtrArray *got;

  tc_payload_write (format, units, on_payload, &trip);
  got = tc_payload_reader_units (reader);
  g_assert_cmpuint (trip.n_last, ==, 1);
  g_assert_cmpuint (got->len, ==, units->len);
  for (guint i = 0; i < got->len; i++)
    g_assert_true (g_bytes_equal (g_ptr_array_index (got, i),
                                  g_ptr_array_index (units, i)));
}

/* Units of every size around the limits, after one and two small ones. */
static void
check_sizes (TcPayloadFormat format, const char *head, gsize head_size)
{
  for (gsize size = 1100; size < 1300; size++) {
    g_autoptr (GPtrArray) units =
        g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);

    g_ptr_array_add (units, make_unit (head, head_size, 20));
    if (size % 2 == 0)
      g_ptr_array_add (units, make_unit (head, head_size, 7));
    g_ptr_array_add (units, make_unit (head, head_size, size));
    g_ptr_array_add (units, make_unit (head, head_size, 3 * size));
    if (size % 3 == 0)
      g_ptr_array_add (units, make_unit (head, head_size, 4));
    check_round_trip (format, units);
  }
}

static void
test_payload_round_trip (void)
{
  check_sizes (TC_PAYLOAD_H264, "\x65\x88", 2);
  check_sizes (TC_PAYLOAD_H265, "\x26\x01\x80", 3);
  check_sizes (TC_PAYLOAD_AV1, "\x30\x11", 2);
}

static void
test_payload_av1_rules (void)
{
  g_autoptr (TcPayloadReader) reader = tc_payload_reader_new (TC_PAYLOAD_AV1);

  /* W = 2: the first with its length, the second without. */
  g_assert_true (tc_payload_reader_add (
      reader, (const guint8 *)"\x20\x02\x32\xaa\x30\xbb\xcc", 7));
  g_assert_cmpuint (tc_payload_reader_units (reader)->len, ==, 2);
  /* Z without a fragment before; a length beyond the end. */
  g_assert_false (
      tc_payload_reader_add (reader, (const guint8 *)"\x90\x01", 2));
  g_assert_false (
      tc_payload_reader_add (reader, (const guint8 *)"\x00\x05\x01", 3));
}

static void
test_payload_split (void)
{
  static const guint8 stream[] = {0, 0, 0, 1,    0x67, 1, 2,
                                  0, 0, 1, 0x65, 0x88, 3, 0};
  /* A temporal delimiter, then a frame OBU of three bytes. */
  static const guint8 unit[] = {0x12, 0, 0x32, 3, 7, 8, 9};
  g_autoptr (GPtrArray) nals = tc_payload_split_annex_b (stream, sizeof stream);
  g_autoptr (GPtrArray) obus = tc_payload_split_obus (unit, sizeof unit);

  g_assert_cmpuint (nals->len, ==, 2);
  g_assert_cmpmem (g_bytes_get_data (nals->pdata[0], NULL), 3, "\x67\1\2", 3);
  g_assert_true (tc_payload_is_first_slice (TC_PAYLOAD_H264, nals->pdata[1]));
  g_assert_cmpuint (obus->len, ==, 1);
  g_assert_cmpmem (g_bytes_get_data (obus->pdata[0], NULL), 4, "\x30\7\10\11",
                   g_bytes_get_size (obus->pdata[0]));
  g_assert_null (tc_payload_split_obus (unit, sizeof unit - 1));
}

static void
test_key_frames (void)
{
  static const struct {
    const char *encoding, *payload;
    gsize size;
    gboolean is_key;
  } rows[] = {
      {"H264", "\x65\x88", 2, TRUE},
      {"H264", "\x41\x9a", 2, FALSE},
      {"H264", "\x7c\x85\x88", 3, TRUE},          /* FU-A, start */
      {"H264", "\x7c\x45\x88", 3, FALSE},         /* FU-A, end */
      {"H264", "\x18\0\1\x67\0\1\x65", 7, TRUE},  /* STAP-A */
      {"H264", "\x18\0\1\x67\0\1\x68", 7, FALSE}, /* parameter sets alone */
      {"H265", "\x26\x01\x80", 3, TRUE},
      {"H265", "\x02\x01\x80", 3, FALSE},
      {"H265", "\x62\x01\x93", 3, TRUE}, /* FU, start, IDR_W_RADL */
      {"VP8", "\x10\x30", 2, TRUE},
      {"VP8", "\x10\x31", 2, FALSE},
      {"VP8", "\x90\x80\x81\x05\x30", 5, TRUE}, /* long picture id */
      {"VP9", "\x08\x00", 2, TRUE},
      {"VP9", "\x48\x00", 2, FALSE},
      {"AV1", "\x08\x00", 2, TRUE},
      {"AV1", "\x00\x00", 2, FALSE},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (tc_rtp_starts_key_frame (rows[i].encoding,
                                              (const guint8 *)rows[i].payload,
                                              rows[i].size),
                     ==, rows[i].is_key);
}

/* An offer reads back as it was meant; a peer's answer is made from it. */
static void
test_description (void)
{
  TcOfferTransport transport = {.ufrag = "uu",
                                .pwd = "pp",
                                .fingerprint = "AB",
                                .ip = "192.0.2.1",
                                .port = 5000};
  g_autofree char *offer = tc_offer_write (NULL, &transport);
  g_autoptr (TcDescription) description = tc_description_parse (offer, NULL);
  const TcSection *video;
  const TcFormat *format;

  g_assert_nonnull (description);
  g_assert_cmpstr (description->bundle, ==, "0 1");
  g_assert_cmpstr (description->setup, ==, "actpass");
  g_assert_cmpuint (description->candidates->len, ==, 2);
  video = tc_description_find (description, WC_MEDIA_VIDEO);
  g_assert_cmpstr (video->mid, ==, "1");
  g_assert_cmpstr (video->direction, ==, "recvonly");
  format = tc_section_find_format (video, 102);
  g_assert_cmpstr (format->encoding, ==, "H264");
  g_assert_cmpint (format->rtx_pt, ==, 103);
  g_assert_true (format->has_nack);
  g_assert_null (tc_section_find_format (video, 103));
  g_assert_null (tc_description_parse ("v=0\r\n", NULL));
}

static void
receive (TcTrack *track, guint16 seq, guint32 timestamp, gboolean from_rtx)
{
  static gint64 now_us = 1000000;
  TcRtpPacket packet = {.pt = 96,
                        .seq = seq,
                        .timestamp = timestamp,
                        .ssrc = 1,
                        .payload = (const guint8 *)"\x41",
                        .payload_size = 1};

  now_us += 1000;
  tc_track_receive (track, &packet, from_rtx, TRUE, now_us);
}

static void
test_track_sequence (void)
{
  TcSection section = {.kind = (char *)"video"};
  TcFormat format = {.pt = 96, .encoding = (char *)"H264", .clock_rate = 90000};
  TcTrack *track = tc_track_new (&section, &format);
  const TcTrackStats *stats;
  guint16 seqs[8];

  receive (track, 65533, 0, FALSE);
  receive (track, 65534, 0, FALSE);
  receive (track, 2, 3000, FALSE); /* 65535, 0, 1 are missing */
  stats = tc_track_stats (track);
  g_assert_cmpuint (stats->expected, ==, 6);
  g_assert_cmpuint (stats->lost, ==, 3);
  g_assert_cmpuint (stats->gaps, ==, 1);
  receive (track, 0, 0, FALSE); /* late, before it was asked for */
  g_assert_cmpuint (tc_track_take_nacks (track, seqs, 8, G_MAXINT32), ==, 2);
  g_assert_cmpuint (seqs[0], ==, 65535);
  g_assert_cmpuint (seqs[1], ==, 1);
  receive (track, 1, 0, TRUE);
  receive (track, 65535, 0, FALSE);
  receive (track, 1, 0, TRUE);
  stats = tc_track_stats (track);
  g_assert_cmpuint (stats->lost, ==, 0);
  g_assert_cmpuint (stats->reordered, ==, 1);
  g_assert_cmpuint (stats->recovered, ==, 2);
  g_assert_cmpuint (stats->duplicates, ==, 1);
  tc_track_free (track);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/testclient/stun/request", test_stun_request);
  g_test_add_func ("/testclient/stun/response", test_stun_response);
  g_test_add_func ("/testclient/stun/writer", test_stun_writer);
  g_test_add_func ("/testclient/rtcp/nack", test_rtcp_nack);
  g_test_add_func ("/testclient/rtcp/compound", test_rtcp_compound);
  g_test_add_func ("/testclient/payload/round-trip", test_payload_round_trip);
  g_test_add_func ("/testclient/payload/av1-rules", test_payload_av1_rules);
  g_test_add_func ("/testclient/payload/split", test_payload_split);
  g_test_add_func ("/testclient/key-frames", test_key_frames);
  g_test_add_func ("/testclient/description", test_description);
  g_test_add_func ("/testclient/track/sequence", test_track_sequence);
  return g_test_run ();
}
