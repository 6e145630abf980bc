/* SPDX-License-Identifier: MIT */
/* A source's packets. The first byte chooses the codec; then come records of
 * two bytes and as many of content as these say: the upper four bits tell what
 * to do (most: push an RTP packet), the lower twelve how long the content is.
 * Whatever comes, what goes out is numbered upwards and no larger than it may
 * be. */
#include "engine/normaliser.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

typedef struct {
  WcTrack *track;
  WcNormaliser *normaliser;
  guint64 read_from;
  guint64 last_seq;
  gboolean any;
  gint64 now_us;
} Fuzz;

static void
check_output (Fuzz *fuzz)
{
  gboolean opus = wc_track_codec (fuzz->track) == WC_CODEC_OPUS;
  WcPacket *packets[32];
  gboolean skipped;
  guint n;

  while ((n = wc_track_read (fuzz->track, &fuzz->read_from, packets,
                             G_N_ELEMENTS (packets), &skipped)) > 0) {
    for (guint i = 0; i < n; i++) {
      g_assert_cmpuint (packets[i]->size, >, 0);
      g_assert_cmpuint (packets[i]->size, <=,
                        opus ? WC_MAX_OPUS_PAYLOAD : WC_MAX_PAYLOAD);
      g_assert_true (!fuzz->any || packets[i]->seq > fuzz->last_seq);
      g_assert_cmpuint (packets[i]->flags &
                            ~(guint)(WC_PACKET_START | WC_PACKET_MARKER),
                        ==, 0);
      fuzz->last_seq = packets[i]->seq;
      fuzz->any = TRUE;
      wc_packet_unref (packets[i]);
    }
  }
}

static void
set_fmtp (Fuzz *fuzz, const guint8 *data, gsize size)
{
  g_autofree char *fmtp = g_strndup ((const char *)data, size);
  const char *reason = NULL;

  if (!wc_normaliser_set_fmtp (fuzz->normaliser, fmtp, &reason))
    g_assert_nonnull (reason);
}

static void
report (Fuzz *fuzz, const guint8 *data, gsize size)
{
  guint64 ntp;
  guint32 timestamp;

  if (size < sizeof ntp + sizeof timestamp)
    return;
  memcpy (&ntp, data, sizeof ntp);
  memcpy (&timestamp, data + sizeof ntp, sizeof timestamp);
  wc_normaliser_sender_report (fuzz->normaliser, ntp, timestamp, fuzz->now_us);
}

static void
run_record (Fuzz *fuzz, guint what, const guint8 *data, gsize size)
{
  /* A copy of its own, so that the sanitizer sees its end. */
  g_autofree guint8 *copy = g_memdup2 (data, size);

  switch (what) {
  case 10:
    wc_normaliser_set_drop_b_frames (fuzz->normaliser, size % 2 == 0);
    break;
  case 11:
    set_fmtp (fuzz, copy, size);
    break;
  case 12:
    report (fuzz, copy, size);
    break;
  case 13:
    wc_normaliser_restart (fuzz->normaliser);
    break;
  case 14:
    fuzz->now_us += 20000 * (gint64)(size + 1);
    wc_normaliser_flush (fuzz->normaliser, fuzz->now_us);
    break;
  default:
    fuzz->now_us += 1000 * what;
    wc_normaliser_push (fuzz->normaliser, copy, size, fuzz->now_us);
    break;
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const WcTrackLimits limits = {60000, 1 << 28};
  WcSourceClock *clock = wc_source_clock_new ();
  Fuzz fuzz = {.now_us = 1000000};
  WcCodec codec;

  if (size > 0) {
    codec = (WcCodec)(data[0] % WC_N_CODECS);
    fuzz.track =
        wc_track_new (codec, wc_codec_info (codec)->clock_rate, &limits);
    fuzz.normaliser = wc_normaliser_new (fuzz.track, clock);
    for (gsize at = 1; at + 2 <= size;) {
      guint what = data[at] >> 4;
      gsize n = (gsize)(data[at] & 0x0f) << 8 | data[at + 1];
      n = MIN (n, size - at - 2);
      run_record (&fuzz, what, data + at + 2, n);
      check_output (&fuzz);
      at += 2 + n;
    }
    wc_normaliser_free (fuzz.normaliser);
    wc_track_unref (fuzz.track);
  }
  wc_source_clock_unref (clock);
  return 0;
}
