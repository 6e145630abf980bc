/* SPDX-License-Identifier: MIT */
#include "engine/twcc.h"

#include "base/bytes.h"
#include "engine/twcc-format.h"

#include <string.h>

#define RTPFB 205
#define FMT_TWCC 15
/* Of one packet: with two bytes each and their chunks they stay below 1100. */
#define MAX_REPORTED 400
#define MAX_RUN 8191
#define VECTOR_SYMBOLS 7

typedef struct {
  guint8 symbols[MAX_REPORTED];
  gint16 deltas[MAX_REPORTED];
  guint n;
  gint64 reference; /* in units of 64 ms */
} Statuses;

static gint64 *
arrival_of (WcTwcc *twcc, guint16 seq)
{
  return &twcc->arrivals_us[seq % WC_TWCC_WINDOW];
}

static void
begin (WcTwcc *twcc, guint16 seq)
{
  twcc->begun = TRUE;
  twcc->base = seq;
  twcc->n = 0;
}

void
wc_twcc_take (WcTwcc *twcc, guint16 seq, gint64 now_us)
{
  gint16 distance = (gint16)(seq - twcc->base);

  if (!twcc->begun || ABS (distance) >= WC_TWCC_WINDOW)
    begin (twcc, seq);
  else if (distance < 0)
    return; /* was reported as lost */
  guint place = (guint16)(seq - twcc->base);
  while (twcc->n <= place)
    *arrival_of (twcc, (guint16)(twcc->base + twcc->n++)) = 0;
  if (*arrival_of (twcc, seq) == 0)
    *arrival_of (twcc, seq) = MAX (now_us, 1);
}

gboolean
wc_twcc_has_news (const WcTwcc *twcc)
{
  return twcc->n > 0;
}

/* --- what to say -----------------------------------------------------------
 */

/* The newest number came, so there is a first one that did. */
static gint64
first_arrival (WcTwcc *twcc)
{
  for (guint i = 0; i < twcc->n; i++) {
    gint64 arrival_us = *arrival_of (twcc, (guint16)(twcc->base + i));
    if (arrival_us != 0)
      return arrival_us;
  }
  return 0;
}

/* Up to a delta that 16 bits cannot hold: the next packet begins there. */
static void
collect (WcTwcc *twcc, Statuses *statuses)
{
  gint64 ticks;

  statuses->n = 0;
  statuses->reference = first_arrival (twcc) / WC_TWCC_REFERENCE_US;
  ticks = statuses->reference * (WC_TWCC_REFERENCE_US / WC_TWCC_DELTA_US);
  for (guint i = 0; i < MIN (twcc->n, MAX_REPORTED); i++) {
    gint64 arrival_us = *arrival_of (twcc, (guint16)(twcc->base + i));
    gint64 delta = arrival_us / WC_TWCC_DELTA_US - ticks;
    if (arrival_us == 0) {
      statuses->symbols[statuses->n++] = WC_TWCC_NOT_RECEIVED;
      continue;
    }
    if (delta < G_MININT16 || delta > G_MAXINT16)
      return;
    ticks += delta;
    statuses->deltas[statuses->n] = (gint16)delta;
    statuses->symbols[statuses->n++] = delta >= 0 && delta <= G_MAXUINT8
                                           ? WC_TWCC_SMALL_DELTA
                                           : WC_TWCC_LARGE_DELTA;
  }
}

/* --- writing ---------------------------------------------------------------
 */

static guint
run_length (const Statuses *statuses, guint from)
{
  guint n = 1;

  while (from + n < statuses->n && n < MAX_RUN &&
         statuses->symbols[from + n] == statuses->symbols[from])
    n++;
  return n;
}

static guint
vector_chunk (const Statuses *statuses, guint from)
{
  guint chunk = 0xc000; /* status vector of two-bit symbols */

  for (guint i = 0; i < VECTOR_SYMBOLS; i++)
    if (from + i < statuses->n)
      chunk |= (guint)statuses->symbols[from + i] << (12 - 2 * i);
  return chunk;
}

static guint8 *
write_chunks (const Statuses *statuses, guint8 *out)
{
  for (guint i = 0; i < statuses->n; out += 2) {
    guint run = run_length (statuses, i);
    if (run >= VECTOR_SYMBOLS || i + run == statuses->n) {
      wc_write_u16 (out, (guint)statuses->symbols[i] << 13 | run);
      i += run;
    } else {
      wc_write_u16 (out, vector_chunk (statuses, i));
      i += VECTOR_SYMBOLS;
    }
  }
  return out;
}

static guint8 *
write_deltas (const Statuses *statuses, guint8 *out)
{
  for (guint i = 0; i < statuses->n; i++) {
    if (statuses->symbols[i] == WC_TWCC_SMALL_DELTA) {
      *out++ = (guint8)statuses->deltas[i];
    } else if (statuses->symbols[i] == WC_TWCC_LARGE_DELTA) {
      wc_write_u16 (out, (guint16)statuses->deltas[i]);
      out += 2;
    }
  }
  return out;
}

/* Padding (RFC 3550 section 6.4.1): the last byte says how much. */
static gsize
pad (guint8 *packet, gsize size)
{
  gsize padding = (4 - size % 4) % 4;

  if (padding == 0)
    return size;
  memset (packet + size, 0, padding);
  packet[size + padding - 1] = (guint8)padding;
  packet[0] |= 0x20;
  return size + padding;
}

gsize
wc_twcc_write (WcTwcc *twcc, guint32 sender_ssrc, guint32 media_ssrc,
               guint8 out[WC_TWCC_MAX_SIZE])
{
  Statuses statuses;

  collect (twcc, &statuses);
  out[0] = 0x80 | FMT_TWCC;
  out[1] = RTPFB;
  wc_write_u32 (out + 4, sender_ssrc);
  wc_write_u32 (out + 8, media_ssrc);
  wc_write_u16 (out + 12, twcc->base);
  wc_write_u16 (out + 14, statuses.n);
  wc_write_u32 (out + 16, (guint32)(statuses.reference & 0xffffff) << 8);
  out[19] = twcc->count++;
  guint8 *end = write_chunks (&statuses, out + WC_TWCC_HEADER_SIZE);
  end = write_deltas (&statuses, end);
  gsize size = pad (out, (gsize)(end - out));
  wc_write_u16 (out + 2, (guint)(size / 4 - 1));
  twcc->base = (guint16)(twcc->base + statuses.n);
  twcc->n -= statuses.n;
  return size;
}
