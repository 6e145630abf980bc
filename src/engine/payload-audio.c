/* SPDX-License-Identifier: MIT */
/* Audio: Opus (RFC 7587) and the sample-based PCMU, PCMA and G722 (RFC 3551
 * section 4.5), of which each byte is one tick of the clock (one channel). */
#include "engine/payload.h"

#define MAX_OPUS_FRAMES 48 /* 120 ms of 2.5 ms each */
#define MAX_OPUS_FRAME 1275

typedef struct {
  const guint8 *data;
  gsize size;
} Frame;

/* RFC 6716 section 3.2.1. Returns how many bytes the length takes, 0 if it is
 * not there. */
static gsize
read_length (const guint8 *data, gsize size, gsize *length)
{
  if (size < 1)
    return 0;
  *length = data[0];
  if (data[0] < 252)
    return 1;
  if (size < 2)
    return 0;
  *length = (gsize)data[1] * 4 + data[0];
  return 2;
}

/* Takes @padding off the end of code 3 packets (RFC 6716 section 3.2.5). */
static gboolean
skip_padding (const guint8 **data, gsize *size)
{
  gsize padding = 0;
  guint byte;

  do {
    if (*size < 1)
      return FALSE;
    byte = **data;
    (*data)++;
    (*size)--;
    padding += MIN (byte, 254);
  } while (byte == 255);
  if (padding > *size)
    return FALSE;
  *size -= padding;
  return TRUE;
}

/* Takes frames apart whose lengths are given for all but the last. */
static guint
read_variable (const guint8 *data, gsize size, Frame *frames, guint n)
{
  for (guint i = 0; i + 1 < n; i++) {
    gsize used = read_length (data, size, &frames[i].size);
    if (used == 0)
      return 0;
    data += used;
    size -= used;
  }
  for (guint i = 0; i + 1 < n; i++) {
    if (frames[i].size > size)
      return 0;
    frames[i].data = data;
    data += frames[i].size;
    size -= frames[i].size;
  }
  frames[n - 1] = (Frame){data, size};
  return n;
}

static guint
read_equal (const guint8 *data, gsize size, Frame *frames, guint n)
{
  if (size % n != 0)
    return 0;
  for (guint i = 0; i < n; i++)
    frames[i] = (Frame){data + i * (size / n), size / n};
  return n;
}

/* The frames of a packet (RFC 6716 section 3.2). Returns 0 if it is none. */
static guint
read_frames (const guint8 *payload, gsize size, Frame *frames)
{
  const guint8 *data = payload + 1;
  gsize left = size - 1;
  guint code = payload[0] & 3;
  guint n, head;

  if (code < 2)
    return read_equal (data, left, frames, code + 1);
  if (code == 2)
    return read_variable (data, left, frames, 2);
  if (left < 1)
    return 0;
  head = *data++;
  left--;
  n = head & 0x3f;
  if (n < 1 || n > MAX_OPUS_FRAMES)
    return 0;
  if ((head & 0x40) && !skip_padding (&data, &left))
    return 0;
  return head & 0x80 ? read_variable (data, left, frames, n)
                     : read_equal (data, left, frames, n);
}

/* The duration of one frame in ticks of 48 kHz (RFC 6716 section 3.1). */
static guint
frame_ticks (guint8 toc)
{
  static const guint silk[] = {480, 960, 1920, 2880};
  guint config = toc >> 3;

  if (config < 12)
    return silk[config & 3];
  if (config < 16)
    return silk[config & 1];
  return 120u << (config & 3);
}

static gboolean
check_opus (const guint8 *payload, gsize size)
{
  Frame frames[MAX_OPUS_FRAMES];
  guint n;

  if (size < 1 || size <= WC_MAX_PAYLOAD)
    return size > 0;
  n = read_frames (payload, size, frames);
  for (guint i = 0; i < n; i++)
    if (frames[i].size > MAX_OPUS_FRAME)
      return FALSE;
  return n > 0;
}

/* One packet of code 0 for each frame. One frame cannot be cut: it may be
 * WC_MAX_OPUS_PAYLOAD. */
static void
split_opus (const guint8 *payload, gsize size, GPtrArray *parts)
{
  guint8 toc = payload[0] & 0xfc;
  Frame frames[MAX_OPUS_FRAMES];
  guint n = read_frames (payload, size, frames);

  for (guint i = 0; i < n; i++) {
    WcPacket *part;
    wc_payload_add (parts, &toc, 1, frames[i].data, frames[i].size);
    part = g_ptr_array_index (parts, parts->len - 1);
    part->timestamp = (gint64)i * frame_ticks (toc);
  }
}

static gboolean
check_pcm (const guint8 *payload, gsize size)
{
  return size > 0;
}

static void
split_pcm (const guint8 *payload, gsize size, GPtrArray *parts)
{
  for (gsize offset = 0; offset < size; offset += WC_MAX_PAYLOAD) {
    WcPacket *part;
    wc_payload_add (parts, payload + offset,
                    MIN (WC_MAX_PAYLOAD, size - offset), NULL, 0);
    part = g_ptr_array_index (parts, parts->len - 1);
    part->timestamp = (gint64)offset;
  }
}

/* Every packet of audio is a place to begin. */
static guint
inspect (WcPayloadState *state, const guint8 *payload, gsize size)
{
  return WC_PAYLOAD_KEY;
}

const WcPayloadFormat wc_payload_opus = {
    .check = check_opus,
    .inspect = inspect,
    .split = split_opus,
};

const WcPayloadFormat wc_payload_pcm = {
    .check = check_pcm,
    .inspect = inspect,
    .split = split_pcm,
};
