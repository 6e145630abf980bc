/* SPDX-License-Identifier: MIT */
#include "common/frame-source.h"

#include "common/description.h"

#include <string.h>

#define IVF_HEADER 32
#define IVF_FRAME_HEADER 12
/* A key frame of the made-up stream is this many times a P frame. */
#define KEY_WEIGHT 5

struct _TcFrameSource {
  TcPayloadFormat format;
  guint fps;
  guint gop;        /* made up only */
  gsize frame_size; /* of a P frame, or an Opus packet */
  GRand *random;
  guint64 index;
  GPtrArray *frames; /* of a file: GPtrArray of GBytes each */
};

static GPtrArray *
new_units (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
}

static TcFrameSource *
source_new (TcPayloadFormat format, guint fps)
{
  TcFrameSource *source = g_new0 (TcFrameSource, 1);

  source->format = format;
  source->fps = fps;
  source->random = g_rand_new_with_seed (0x57484550);
  source->frames =
      g_ptr_array_new_with_free_func ((GDestroyNotify)g_ptr_array_unref);
  return source;
}

TcFrameSource *
tc_frame_source_h264 (guint bitrate_bps, guint fps, guint gop)
{
  TcFrameSource *source = source_new (TC_PAYLOAD_H264, fps);

  source->gop = MAX (gop, 1);
  source->frame_size = (gsize)bitrate_bps / 8 * source->gop / fps /
                       (source->gop - 1 + KEY_WEIGHT);
  return source;
}

TcFrameSource *
tc_frame_source_opus (guint bitrate_bps)
{
  TcFrameSource *source = source_new (TC_PAYLOAD_WHOLE, 50);

  source->frame_size = (gsize)bitrate_bps / 8 / 50;
  return source;
}

void
tc_frame_source_free (TcFrameSource *source)
{
  g_rand_free (source->random);
  g_ptr_array_unref (source->frames);
  g_free (source);
}

/* Random bytes without zeros, so that no start code can appear in them. */
static GBytes *
make_unit (TcFrameSource *source, const guint8 *head, gsize head_size,
           gsize size)
{
  gsize total = MAX (size, head_size + 8);
  guint8 *data = g_malloc (total);

  memcpy (data, head, head_size);
  for (gsize i = head_size; i < total; i++)
    data[i] = (guint8)g_rand_int_range (source->random, 1, 256);
  return g_bytes_new_take (data, total);
}

/* As libx264 writes them for 640x360, Constrained Baseline, level 3.0. */
static const guint8 sps[] = {0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0,
                             0x2f, 0xf9, 0x70, 0x11, 0x00, 0x00, 0x03,
                             0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x3c,
                             0x0f, 0x16, 0x2e, 0x48};
static const guint8 pps[] = {0x68, 0xcb, 0x83, 0xcb, 0x20};
/* first_mb_in_slice 0, slice_type 7 or 5, pic_parameter_set_id 0. */
static const guint8 idr_head[] = {0x65, 0x88, 0x84};
static const guint8 p_head[] = {0x41, 0x9a, 0x24};

static GPtrArray *
next_h264 (TcFrameSource *source)
{
  GPtrArray *units = new_units ();

  if (source->index % source->gop == 0) {
    g_ptr_array_add (units, g_bytes_new_static (sps, sizeof sps));
    g_ptr_array_add (units, g_bytes_new_static (pps, sizeof pps));
    g_ptr_array_add (units, make_unit (source, idr_head, sizeof idr_head,
                                       source->frame_size * KEY_WEIGHT));
  } else {
    g_ptr_array_add (
        units, make_unit (source, p_head, sizeof p_head, source->frame_size));
  }
  return units;
}

static GPtrArray *
next_opus (TcFrameSource *source)
{
  /* CELT, full band, 20 ms, stereo, one frame (RFC 6716 section 3.1). */
  static const guint8 toc[] = {0xfc};
  GPtrArray *units = new_units ();

  g_ptr_array_add (units,
                   make_unit (source, toc, sizeof toc, source->frame_size));
  return units;
}

GPtrArray *
tc_frame_source_next (TcFrameSource *source)
{
  GPtrArray *units;

  if (source->frames->len > 0)
    units = g_ptr_array_ref (g_ptr_array_index (
        source->frames, source->index % source->frames->len));
  else if (source->format == TC_PAYLOAD_WHOLE)
    units = next_opus (source);
  else
    units = next_h264 (source);
  source->index++;
  return units;
}

static guint32
get_le32 (const guint8 *data)
{
  return (guint32)data[0] | (guint32)data[1] << 8 | (guint32)data[2] << 16 |
         (guint32)data[3] << 24;
}

static gboolean
split_ivf (TcFrameSource *source, const guint8 *data, gsize size)
{
  gsize at = IVF_HEADER;

  if (size < IVF_HEADER || memcmp (data, "DKIF", 4) != 0 ||
      memcmp (data + 8, "AV01", 4) != 0)
    return FALSE;
  while (at + IVF_FRAME_HEADER <= size) {
    gsize length = get_le32 (data + at);
    GPtrArray *units;

    at += IVF_FRAME_HEADER;
    if (length > size - at)
      return FALSE;
    units = tc_payload_split_obus (data + at, length);
    if (units == NULL)
      return FALSE;
    g_ptr_array_add (source->frames, units);
    at += length;
  }
  return source->frames->len > 0;
}

/* A picture ends before the next one's first slice or what precedes that. */
static gboolean
split_pictures (TcFrameSource *source, const guint8 *data, gsize size)
{
  g_autoptr (GPtrArray) units = tc_payload_split_annex_b (data, size);
  GPtrArray *frame = NULL;
  gboolean has_slice = FALSE;

  for (guint i = 0; i < units->len; i++) {
    GBytes *unit = g_ptr_array_index (units, i);
    gboolean is_slice = tc_payload_is_slice (source->format, unit);

    if (frame == NULL ||
        (has_slice &&
         (!is_slice || tc_payload_is_first_slice (source->format, unit)))) {
      frame = new_units ();
      g_ptr_array_add (source->frames, frame);
      has_slice = FALSE;
    }
    has_slice |= is_slice;
    g_ptr_array_add (frame, g_bytes_ref (unit));
  }
  return source->frames->len > 0;
}

static TcFrameSource *
load (TcPayloadFormat format, const char *path, guint fps,
      gboolean (*split) (TcFrameSource *, const guint8 *, gsize),
      GError **error)
{
  g_autoptr (TcFrameSource) source = source_new (format, fps);
  g_autofree char *data = NULL;
  gsize size;

  if (!g_file_get_contents (path, &data, &size, error))
    return NULL;
  if (!split (source, (const guint8 *)data, size)) {
    g_set_error (error, TC_ERROR, 0, "%s is not what it should be", path);
    return NULL;
  }
  return g_steal_pointer (&source);
}

TcFrameSource *
tc_frame_source_ivf (const char *path, guint fps, GError **error)
{
  return load (TC_PAYLOAD_AV1, path, fps, split_ivf, error);
}

TcFrameSource *
tc_frame_source_annex_b (TcPayloadFormat format, const char *path, guint fps,
                         GError **error)
{
  return load (format, path, fps, split_pictures, error);
}

TcPayloadFormat
tc_frame_source_format (const TcFrameSource *source)
{
  return source->format;
}

guint
tc_frame_source_fps (const TcFrameSource *source)
{
  return source->fps;
}

guint
tc_frame_source_n_frames (const TcFrameSource *source)
{
  return source->frames->len;
}
