/* SPDX-License-Identifier: MIT */
/* Our SRTP against the vectors of RFC 3711 and, packet by packet, against
 * libsrtp2. */
#include "common/srtp.h"
#include "engine/replay-window.h"
#include "engine/srtp-key.h"
#include "engine/srtp-many.h"
#include "engine/srtp.h"

#include <string.h>

#define CAPACITY 2048
#define SSRC 0x12345678u

typedef struct {
  guint8 data[CAPACITY];
  gsize size;
} Packet;

typedef struct {
  WcSrtp *ours;
  TcSrtp *theirs;
  GRand *rand;
} Pair;

static void
from_hex (const char *hex, guint8 *out)
{
  for (gsize i = 0; hex[2 * i] != '\0'; i++)
    out[i] = (guint8)(g_ascii_xdigit_value (hex[2 * i]) * 16 +
                      g_ascii_xdigit_value (hex[2 * i + 1]));
}

static void
assert_hex (const guint8 *data, const char *hex)
{
  guint8 expected[64];
  gsize size = strlen (hex) / 2;

  from_hex (hex, expected);
  g_assert_cmpmem (data, size, expected, size);
}

/* The same key on both sides. */
static void
set_up (Pair *pair, gconstpointer unused)
{
  guint8 master[WC_SRTP_MASTER_SIZE];
  g_autoptr (GError) error = NULL;

  pair->rand = g_rand_new_with_seed (20260);
  for (guint i = 0; i < sizeof master; i++)
    master[i] = (guint8)g_rand_int (pair->rand);
  pair->ours = wc_srtp_new (master);
  pair->theirs = tc_srtp_new (TC_SRTP_AES128_CM_SHA1, master, master, &error);
  g_assert_no_error (error);
}

static void
tear_down (Pair *pair, gconstpointer unused)
{
  wc_srtp_free (pair->ours);
  tc_srtp_free (pair->theirs);
  g_rand_free (pair->rand);
}

static void
write_u32 (guint8 *out, guint32 value)
{
  guint32 big_endian = GUINT32_TO_BE (value);

  memcpy (out, &big_endian, sizeof big_endian);
}

/* CSRCs and an extension now and then; a payload of any size. */
static gsize
make_header (Pair *pair, guint8 *out, guint16 seq, guint32 ssrc)
{
  guint csrcs = g_rand_boolean (pair->rand) ? 0 : seq % 3;
  gboolean extended = seq % 5 == 0;
  gsize size = 12 + 4 * csrcs;

  out[0] = (guint8)(0x80 | (extended ? 0x10 : 0) | csrcs);
  out[1] = 96;
  out[2] = (guint8)(seq >> 8);
  out[3] = (guint8)seq;
  write_u32 (out + 4, seq * 3000u);
  write_u32 (out + 8, ssrc);
  for (guint i = 0; i < csrcs; i++)
    write_u32 (out + 12 + 4 * i, i);
  if (extended) {
    write_u32 (out + size, 0xbede0001);
    write_u32 (out + size + 4, 0x10203040);
    size += 8;
  }
  return size;
}

static Packet
make_rtp (Pair *pair, guint16 seq, guint32 ssrc, gsize *header_size)
{
  Packet packet = {0};

  *header_size = make_header (pair, packet.data, seq, ssrc);
  packet.size = *header_size + (gsize)g_rand_int_range (pair->rand, 0, 1201);
  for (gsize i = *header_size; i < packet.size; i++)
    packet.data[i] = (guint8)(seq * 7 + i);
  return packet;
}

static Packet
make_rtcp (Pair *pair, guint32 ssrc)
{
  guint words = (guint)g_rand_int_range (pair->rand, 1, 60);
  Packet packet = {.size = 4 * (words + 1)};

  packet.data[0] = 0x80;
  packet.data[1] = 201;
  packet.data[3] = (guint8)words;
  write_u32 (packet.data + 4, ssrc);
  for (gsize i = 8; i < packet.size; i++)
    packet.data[i] = (guint8)g_rand_int (pair->rand);
  return packet;
}

static void
assert_equal (const Packet *a, const Packet *b)
{
  g_assert_cmpmem (a->data, a->size, b->data, b->size);
}

static Packet
protect_ours (Pair *pair, const Packet *plain, gsize header, guint64 index)
{
  Packet packet = {0};

  memcpy (packet.data, plain->data, header);
  packet.size =
      wc_srtp_protect_rtp (pair->ours, packet.data, header,
                           plain->data + header, plain->size - header, index);
  return packet;
}

static Packet
protect_theirs (Pair *pair, const Packet *plain)
{
  Packet packet = *plain;

  g_assert_true (tc_srtp_protect_rtp (pair->theirs, packet.data, &packet.size));
  return packet;
}

/* --- vectors -------------------------------------------------------------- */

/* RFC 3711 appendix B.2. */
static void
test_key_stream (void)
{
  const gsize size = 0xff02 * 16;
  g_autofree guint8 *stream = g_malloc0 (size);
  WcSrtpKey key = {0};

  from_hex ("2B7E151628AED2A6ABF7158809CF4F3C", key.session);
  from_hex ("F0F1F2F3F4F5F6F7F8F9FAFBFCFD", key.salt);
  wc_srtp_key_crypt (&key, 0, 0, stream, stream, size);
  assert_hex (stream, "E03EAD0935C95E80E166B16DD92B4EB4"
                      "D23513162B02D0F72A43A2FE4A5F97AB"
                      "41E95B3BB0A2E8DD477901E4FCA894C0");
  assert_hex (stream + 0xfeff * 16, "EC8CDF7398607CB0F2D21675EA9EA1E4"
                                    "362B7C3C6773516318A077D7FC5073AE"
                                    "6A2CC3787889374FBEB4C81B17BA6C44");
  wc_srtp_key_clear (&key);
}

/* RFC 3711 appendix B.3. */
static void
test_derivation (void)
{
  guint8 key[WC_SRTP_KEY_SIZE], salt[WC_SRTP_SALT_SIZE], out[32];

  from_hex ("E1F97A0D3E018BE0D64FA32C06DE4139", key);
  from_hex ("0EC675AD498AFEEBB6960B3AABE6", salt);
  wc_srtp_derive (key, salt, 0, out, 16);
  assert_hex (out, "C61E7A93744F39EE10734AFE3FF7A087");
  wc_srtp_derive (key, salt, 2, out, 14);
  assert_hex (out, "30CBBC08863D8C85D49DB34A9AE1");
  wc_srtp_derive (key, salt, 1, out, 32);
  assert_hex (out, "CEBE321F6FF7716B6FD4AB49AF256A15"
                   "6D38BAA48F0A0ACF3C34E2359E6CDBCE");
}

static void
test_window (void)
{
  WcReplayWindow window = {0};

  wc_replay_window_add (&window, 1000);
  g_assert_false (wc_replay_window_is_new (&window, 1000));
  g_assert_true (wc_replay_window_is_new (&window, 1001));
  g_assert_true (wc_replay_window_is_new (&window, 1000 - 511));
  g_assert_false (wc_replay_window_is_new (&window, 1000 - 512));
  wc_replay_window_add (&window, 700);
  g_assert_false (wc_replay_window_is_new (&window, 700));
  g_assert_cmpuint (window.highest, ==, 1000);

  /* The ring of bits is used again: nothing of the past shines through. */
  wc_replay_window_add (&window, 1600);
  g_assert_true (wc_replay_window_is_new (&window, 1000 + WC_REPLAY_WINDOW));
  g_assert_true (wc_replay_window_is_new (&window, 700 + WC_REPLAY_WINDOW));
  g_assert_false (wc_replay_window_is_new (&window, 1000));
  wc_replay_window_add (&window, 1000000);
  for (guint64 i = 1000000 - 511; i < 1000000; i++)
    g_assert_true (wc_replay_window_is_new (&window, i));
}

/* --- RTP ------------------------------------------------------------------ */

/* Every packet bit for bit what libsrtp makes, through three roll-overs. */
static void
test_protect_same (Pair *pair, gconstpointer unused)
{
  const guint64 first = 65000;

  for (guint64 index = first; index < first + 3 * 65536; index++) {
    gsize header;
    Packet plain = make_rtp (pair, (guint16)index, SSRC, &header);
    Packet ours = protect_ours (pair, &plain, header, index);
    Packet theirs = protect_theirs (pair, &plain);
    assert_equal (&ours, &theirs);
  }
}

/* Many at a time, under many keys, of all sizes: what one by one would give,
 * which is what libsrtp makes. */
static void
test_many (Pair *pair, gconstpointer kind)
{
  enum { KEYS = 40, JOBS = 300 };
  g_autoptr (WcSrtpMany) many = wc_srtp_many_new (GPOINTER_TO_INT (kind));
  WcSrtp *keys[KEYS];
  WcSrtpJob jobs[JOBS];
  Packet *plain = g_new0 (Packet, JOBS), *packets = g_new0 (Packet, JOBS);

  for (guint i = 0; i < KEYS; i++) {
    guint8 master[WC_SRTP_MASTER_SIZE] = {(guint8)i, 99};
    keys[i] = wc_srtp_new (master);
  }
  for (guint n = 0; many != NULL && n <= JOBS; n += 1 + n / 7) {
    for (guint i = 0; i < n; i++) {
      gsize header;
      guint64 index = (guint64)n << 20 | i;
      plain[i] = make_rtp (pair, (guint16)index, SSRC + i, &header);
      memcpy (packets[i].data, plain[i].data, header);
      jobs[i] = (WcSrtpJob){keys[i % KEYS],
                            packets[i].data,
                            plain[i].data + header,
                            (guint16)header,
                            (guint16)(plain[i].size - header),
                            index};
    }
    wc_srtp_many_protect (many, jobs, n);
    for (guint i = 0; i < n; i++) {
      Packet one = {0};
      memcpy (one.data, plain[i].data, jobs[i].header_size);
      one.size = wc_srtp_protect_rtp (jobs[i].srtp, one.data,
                                      jobs[i].header_size, jobs[i].payload,
                                      jobs[i].payload_size, jobs[i].index);
      packets[i].size = one.size;
      assert_equal (&packets[i], &one);
    }
  }
  for (guint i = 0; i < KEYS; i++)
    wc_srtp_free (keys[i]);
  g_free (plain);
  g_free (packets);
  if (many == NULL)
    g_test_skip ("not built with libipsec-mb, or the processor is too old");
}

/* libsrtp reads ours whatever number it begins at. */
static void
test_protect_begin (Pair *pair, gconstpointer unused)
{
  static const guint16 first[] = {0, 1, 0x7ffe, 0x7fff, 0x8000, 65534, 65535};

  for (guint i = 0; i < G_N_ELEMENTS (first); i++) {
    for (guint64 index = first[i]; index < first[i] + 100u; index++) {
      gsize header;
      Packet plain = make_rtp (pair, (guint16)index, SSRC + i, &header);
      Packet packet = protect_ours (pair, &plain, header, index);
      g_assert_cmpint (
          tc_srtp_unprotect_rtp (pair->theirs, packet.data, &packet.size), ==,
          TC_SRTP_OK);
      assert_equal (&packet, &plain);
    }
  }
}

static WcSrtpResult
unprotect_ours (Pair *pair, const Packet *packet, Packet *out, guint64 *index)
{
  *out = *packet;
  return wc_srtp_unprotect_rtp (pair->ours, out->data, &out->size, index);
}

/* A tenth is lost, and neighbours change places, through three roll-overs. */
static void
test_unprotect_lossy (Pair *pair, gconstpointer unused)
{
  Packet held_plain = {0}, held = {0}, out;
  guint64 held_index = 0, found;

  for (guint64 index = 65530; index < 65530 + 3 * 65536; index++) {
    gsize header;
    Packet plain = make_rtp (pair, (guint16)index, SSRC, &header);
    Packet packet = protect_theirs (pair, &plain);
    /* Not the first: what follows it is on its side of a roll-over. */
    if (index > 65530 && g_rand_int_range (pair->rand, 0, 10) == 0)
      continue;
    if (held.size == 0 && g_rand_int_range (pair->rand, 0, 8) == 0) {
      held = packet;
      held_plain = plain;
      held_index = index;
      continue;
    }
    g_assert_cmpint (unprotect_ours (pair, &packet, &out, &found), ==,
                     WC_SRTP_OK);
    assert_equal (&out, &plain);
    g_assert_cmpuint (found, ==, index);
    if (held.size > 0 && (g_rand_int_range (pair->rand, 0, 50) == 0 ||
                          index - held_index > WC_REPLAY_WINDOW / 2)) {
      g_assert_cmpint (unprotect_ours (pair, &held, &out, &found), ==,
                       WC_SRTP_OK);
      assert_equal (&out, &held_plain);
      g_assert_cmpuint (found, ==, held_index);
      held.size = 0;
    }
  }
}

/* A stream is joined in the middle of its numbers, in the first round. */
static void
test_unprotect_join (Pair *pair, gconstpointer unused)
{
  for (guint first = 0; first < 65536; first += 97) {
    gsize header;
    guint8 master[WC_SRTP_MASTER_SIZE] = {(guint8)first, (guint8)(first >> 8)};
    g_autoptr (WcSrtp) receiver = wc_srtp_new (master);
    g_autoptr (TcSrtp) sender =
        tc_srtp_new (TC_SRTP_AES128_CM_SHA1, master, master, NULL);

    for (guint i = 0; i < 3; i++) {
      Packet plain = make_rtp (pair, (guint16)(first + i), SSRC, &header);
      Packet packet = plain;
      guint64 index;
      g_assert_true (tc_srtp_protect_rtp (sender, packet.data, &packet.size));
      g_assert_cmpint (
          wc_srtp_unprotect_rtp (receiver, packet.data, &packet.size, &index),
          ==, WC_SRTP_OK);
      assert_equal (&packet, &plain);
      g_assert_cmpuint (index, ==, first + i);
    }
  }
}

/* The first packets are lost together with the roll-over; then one of before it
 * comes late. */
static void
test_unprotect_join_rolled (Pair *pair, gconstpointer unused)
{
  gsize header;
  guint64 index;
  Packet out;
  Packet before = make_rtp (pair, 65535, SSRC, &header);
  Packet late = protect_ours (pair, &before, header, 65535);
  Packet after = make_rtp (pair, 2, SSRC, &header);
  Packet first = protect_ours (pair, &after, header, 65536 + 2);

  g_assert_cmpint (unprotect_ours (pair, &first, &out, &index), ==, WC_SRTP_OK);
  g_assert_cmpuint (index, ==, 65536 + 2);
  assert_equal (&out, &after);
  g_assert_cmpint (unprotect_ours (pair, &late, &out, &index), ==, WC_SRTP_OK);
  g_assert_cmpuint (index, ==, 65535);
  assert_equal (&out, &before);
}

static void
test_unprotect_replay (Pair *pair, gconstpointer unused)
{
  Packet sent[1000], out;
  gsize header;

  for (guint i = 0; i < G_N_ELEMENTS (sent); i++) {
    Packet plain = make_rtp (pair, (guint16)(65000 + i), SSRC, &header);
    sent[i] = protect_theirs (pair, &plain);
    if (i % 10 != 9)
      g_assert_cmpint (unprotect_ours (pair, &sent[i], &out, NULL), ==,
                       WC_SRTP_OK);
  }
  for (guint i = 0; i < G_N_ELEMENTS (sent); i++) {
    gboolean kept = i % 10 == 9 && i > 998 - WC_REPLAY_WINDOW;
    g_assert_cmpint (unprotect_ours (pair, &sent[i], &out, NULL), ==,
                     kept ? WC_SRTP_OK : WC_SRTP_REPLAYED);
    if (kept)
      g_assert_cmpint (unprotect_ours (pair, &sent[i], &out, NULL), ==,
                       WC_SRTP_REPLAYED);
  }
}

/* Whatever bit is changed and wherever it ends, it is refused, and it leaves
 * nothing behind: the packet itself is taken afterwards. */
static void
test_unprotect_damaged (Pair *pair, gconstpointer unused)
{
  gsize header;
  Packet plain = make_rtp (pair, 30000, SSRC, &header), out;
  Packet packet = protect_theirs (pair, &plain);

  for (gsize bit = 0; bit < 8 * packet.size; bit++) {
    Packet damaged = packet;
    damaged.data[bit / 8] ^= (guint8)(1 << (bit % 8));
    g_assert_cmpint (unprotect_ours (pair, &damaged, &out, NULL), !=,
                     WC_SRTP_OK);
    g_assert_cmpuint (out.size, ==, damaged.size);
  }
  for (gsize size = 0; size < packet.size; size++) {
    g_autofree guint8 *exact = g_memdup2 (packet.data, size);
    gsize left = size;
    g_assert_cmpint (wc_srtp_unprotect_rtp (pair->ours, exact, &left, NULL), !=,
                     WC_SRTP_OK);
  }
  g_assert_cmpint (unprotect_ours (pair, &packet, &out, NULL), ==, WC_SRTP_OK);
  assert_equal (&out, &plain);
}

static void
test_unprotect_garbage (Pair *pair, gconstpointer unused)
{
  for (guint i = 0; i < 100000; i++) {
    Packet packet = {.size = (gsize)g_rand_int_range (pair->rand, 0, 100)};
    for (gsize k = 0; k < packet.size; k++)
      packet.data[k] = (guint8)g_rand_int (pair->rand);
    packet.data[0] = (guint8)(0x80 | (packet.data[0] & 0x3f));
    Packet copy = packet;
    g_assert_cmpint (
        wc_srtp_unprotect_rtp (pair->ours, packet.data, &packet.size, NULL), !=,
        WC_SRTP_OK);
    g_assert_cmpint (wc_srtp_unprotect_rtcp (pair->ours, copy.data, &copy.size),
                     !=, WC_SRTP_OK);
  }
}

static void
test_unprotect_many (Pair *pair, gconstpointer unused)
{
  gsize header;
  Packet out;

  for (guint i = 0; i < WC_SRTP_MAX_STREAMS + 5; i++) {
    WcSrtpResult expected =
        i < WC_SRTP_MAX_STREAMS ? WC_SRTP_OK : WC_SRTP_TOO_MANY;
    Packet plain = make_rtp (pair, 5, SSRC + i, &header);
    Packet packet = protect_theirs (pair, &plain);
    g_assert_cmpint (unprotect_ours (pair, &packet, &out, NULL), ==, expected);
    Packet report = make_rtcp (pair, SSRC + i);
    g_assert_true (
        tc_srtp_protect_rtcp (pair->theirs, report.data, &report.size));
    g_assert_cmpint (
        wc_srtp_unprotect_rtcp (pair->ours, report.data, &report.size), ==,
        expected);
  }
}

/* --- RTCP ----------------------------------------------------------------- */

static void
test_rtcp_same (Pair *pair, gconstpointer unused)
{
  for (guint i = 0; i < 5000; i++) {
    Packet plain = make_rtcp (pair, SSRC);
    Packet ours = plain, theirs = plain;
    ours.size = wc_srtp_protect_rtcp (pair->ours, ours.data, ours.size,
                                      sizeof ours.data);
    g_assert_true (
        tc_srtp_protect_rtcp (pair->theirs, theirs.data, &theirs.size));
    assert_equal (&ours, &theirs);
    Packet read = theirs;
    g_assert_cmpint (wc_srtp_unprotect_rtcp (pair->ours, read.data, &read.size),
                     ==, WC_SRTP_OK);
    assert_equal (&read, &plain);
    g_assert_cmpint (
        wc_srtp_unprotect_rtcp (pair->ours, theirs.data, &theirs.size), ==,
        WC_SRTP_REPLAYED);
    g_assert_cmpint (
        tc_srtp_unprotect_rtcp (pair->theirs, ours.data, &ours.size), ==,
        TC_SRTP_OK);
    assert_equal (&ours, &plain);
  }
}

static void
test_rtcp_damaged (Pair *pair, gconstpointer unused)
{
  Packet plain = make_rtcp (pair, SSRC), packet = plain;

  g_assert_true (
      tc_srtp_protect_rtcp (pair->theirs, packet.data, &packet.size));
  for (gsize bit = 0; bit < 8 * packet.size; bit++) {
    Packet damaged = packet;
    damaged.data[bit / 8] ^= (guint8)(1 << (bit % 8));
    g_assert_cmpint (
        wc_srtp_unprotect_rtcp (pair->ours, damaged.data, &damaged.size), !=,
        WC_SRTP_OK);
  }
  for (gsize size = 0; size < packet.size; size++) {
    g_autofree guint8 *exact = g_memdup2 (packet.data, size);
    gsize left = size;
    g_assert_cmpint (wc_srtp_unprotect_rtcp (pair->ours, exact, &left), !=,
                     WC_SRTP_OK);
  }
  g_assert_cmpint (
      wc_srtp_unprotect_rtcp (pair->ours, packet.data, &packet.size), ==,
      WC_SRTP_OK);
  assert_equal (&packet, &plain);
}

/* Authentic with the right key, but in the clear. */
static void
test_rtcp_not_encrypted (Pair *pair, gconstpointer unused)
{
  guint8 master[WC_SRTP_MASTER_SIZE] = {1}, digest[WC_SRTP_DIGEST_SIZE];
  g_autoptr (WcSrtp) srtp = wc_srtp_new (master);
  Packet packet = make_rtcp (pair, SSRC);
  WcSrtpKey key;

  wc_srtp_key_init (&key, master, master + WC_SRTP_KEY_SIZE,
                    WC_SRTP_LABEL_RTCP);
  write_u32 (packet.data + packet.size, 1);
  packet.size += 4;
  wc_srtp_key_authenticate_all (&key, packet.data, packet.size, digest);
  memcpy (packet.data + packet.size, digest, WC_SRTP_TAG_SIZE);
  packet.size += WC_SRTP_TAG_SIZE;
  wc_srtp_key_clear (&key);
  g_assert_cmpint (wc_srtp_unprotect_rtcp (srtp, packet.data, &packet.size), ==,
                   WC_SRTP_MALFORMED);
}

static void
test_rtcp_no_room (Pair *pair, gconstpointer unused)
{
  Packet packet = make_rtcp (pair, SSRC), plain = packet;
  gsize enough = packet.size + WC_SRTCP_TRAILER_SIZE;

  g_assert_cmpuint (
      wc_srtp_protect_rtcp (pair->ours, packet.data, packet.size, enough - 1),
      ==, 0);
  g_assert_cmpuint (
      wc_srtp_protect_rtcp (pair->ours, packet.data, 7, sizeof packet.data), ==,
      0);
  assert_equal (&packet, &plain);
  g_assert_cmpuint (
      wc_srtp_protect_rtcp (pair->ours, packet.data, packet.size, enough), ==,
      enough);
}

#define ADD(path, function)                                                    \
  g_test_add (path, Pair, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/srtp/vectors/key-stream", test_key_stream);
  g_test_add_func ("/srtp/vectors/derivation", test_derivation);
  g_test_add_func ("/srtp/replay-window", test_window);
  ADD ("/srtp/rtp/protect-same-as-libsrtp", test_protect_same);
  g_test_add ("/srtp/rtp/many/one-by-one", Pair,
              GINT_TO_POINTER (WC_SRTP_ONE_BY_ONE), set_up, test_many,
              tear_down);
  g_test_add ("/srtp/rtp/many/side-by-side", Pair,
              GINT_TO_POINTER (WC_SRTP_SIDE_BY_SIDE), set_up, test_many,
              tear_down);
  ADD ("/srtp/rtp/protect-begin-anywhere", test_protect_begin);
  ADD ("/srtp/rtp/unprotect-lossy", test_unprotect_lossy);
  ADD ("/srtp/rtp/unprotect-join-anywhere", test_unprotect_join);
  ADD ("/srtp/rtp/unprotect-join-rolled-over", test_unprotect_join_rolled);
  ADD ("/srtp/rtp/unprotect-replay", test_unprotect_replay);
  ADD ("/srtp/rtp/unprotect-damaged", test_unprotect_damaged);
  ADD ("/srtp/unprotect-garbage", test_unprotect_garbage);
  ADD ("/srtp/unprotect-too-many-streams", test_unprotect_many);
  ADD ("/srtp/rtcp/same-as-libsrtp", test_rtcp_same);
  ADD ("/srtp/rtcp/damaged", test_rtcp_damaged);
  ADD ("/srtp/rtcp/not-encrypted", test_rtcp_not_encrypted);
  ADD ("/srtp/rtcp/no-room", test_rtcp_no_room);
  return g_test_run ();
}
