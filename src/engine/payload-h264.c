/* SPDX-License-Identifier: MIT */
/* H.264: RFC 6184 in packetization modes 0 and 1: single NAL units, STAP-A and
 * FU-A. The interleaved mode's STAP-B, MTAP and FU-B are refused: no browser
 * takes them, and their order is not that of the packets. */
#include "engine/bits.h"
#include "engine/h264-headers.h"
#include "engine/payload-nal.h"
#include "engine/payload.h"

#include <stdio.h>

enum {
  NAL_SLICE = 1,
  NAL_IDR = 5,
  NAL_SEI = 6,
  NAL_SPS = 7,
  NAL_PPS = 8,
  NAL_DELIMITER = 9,
  NAL_LAST_SINGLE = 23,
  NAL_STAP_A = 24,
  NAL_FU_A = 28,
};

#define TYPE_MASK 0x1f
#define F_NRI_MASK 0xe0
#define NRI_MASK 0x60
#define FU_START 0x80
#define FU_END 0x40
#define SEI_RECOVERY_POINT 6

static gboolean
is_single (guint type)
{
  return type >= NAL_SLICE && type <= NAL_LAST_SINGLE;
}

static gboolean
check_aggregate (const guint8 *payload, gsize size)
{
  WcNalCursor cursor = {payload + 1, size - 1};
  WcNal nal;
  guint n = 0;

  for (; wc_nal_next (&cursor, &nal); n++)
    if (!is_single (nal.data[0] & TYPE_MASK))
      return FALSE;
  return n > 0 && cursor.left == 0;
}

static gboolean
check (const guint8 *payload, gsize size)
{
  guint type;

  if (size < 1)
    return FALSE;
  type = payload[0] & TYPE_MASK;
  if (type == NAL_STAP_A)
    return check_aggregate (payload, size);
  if (type == NAL_FU_A)
    return size > 2 && is_single (payload[1] & TYPE_MASK);
  return is_single (type);
}

/* --- what is in it ---------------------------------------------------------
 */

static void
remember (WcPayloadState *state, guint type, const guint8 *nal, gsize size)
{
  WcBits bits;
  guint id;

  if (type == NAL_SPS && size >= 5) {
    wc_bits_init (&bits, nal + 4, size - 4);
    id = wc_bits_read_ue (&bits);
    wc_parameter_sets_put (&state->sets, WC_SET_SPS, id, nal, size);
    snprintf (state->profile, sizeof state->profile, "%02x%02x%02x", nal[1],
              nal[2], nal[3]);
    state->video_read |= wc_h264_read_sps (&state->video, nal, size);
  } else if (type == NAL_PPS && size >= 2) {
    wc_bits_init (&bits, nal + 1, size - 1);
    id = wc_bits_read_ue (&bits);
    wc_parameter_sets_put (&state->sets, WC_SET_PPS, id, nal, size);
  }
}

/* Of the first slice of a picture; the others are of the same kind. */
static guint
slice_flags (guint8 header, const guint8 *body, gsize size)
{
  guint flags = header & NRI_MASK ? 0 : WC_PAYLOAD_DISPOSABLE;

  if (size > 0 && (body[0] & 0x80) != 0 &&
      wc_h264_read_slice_type (body, size) == WC_SLICE_B)
    flags |= WC_PAYLOAD_B;
  return flags;
}

/* @header: F and NRI of the NAL unit. @body: what follows its header.
 * first_mb_in_slice is the first ue(v) of a slice: 0 is one bit, set. */
static guint
flags_of (guint8 header, guint type, const guint8 *body, gsize size)
{
  switch (type) {
  case NAL_SLICE:
    return slice_flags (header, body, size);
  case NAL_IDR:
    return size > 0 && (body[0] & 0x80) != 0 ? WC_PAYLOAD_KEY : 0;
  case NAL_SEI:
    return size > 0 && body[0] == SEI_RECOVERY_POINT
               ? WC_PAYLOAD_HEAD | WC_PAYLOAD_RECOVERY
               : WC_PAYLOAD_HEAD;
  case NAL_SPS:
    return WC_PAYLOAD_HEAD | WC_PAYLOAD_SPS;
  case NAL_PPS:
    return WC_PAYLOAD_HEAD | WC_PAYLOAD_PPS;
  case NAL_DELIMITER:
    return WC_PAYLOAD_HEAD | WC_PAYLOAD_DELIMITER;
  default:
    return type < NAL_IDR ? 0 : WC_PAYLOAD_HEAD;
  }
}

static guint
inspect_nal (WcPayloadState *state, const WcNal *nal)
{
  guint type = nal->data[0] & TYPE_MASK;

  remember (state, type, nal->data, nal->size);
  return flags_of (nal->data[0], type, nal->data + 1, nal->size - 1);
}

static guint
inspect (WcPayloadState *state, const guint8 *payload, gsize size)
{
  guint type = payload[0] & TYPE_MASK;
  WcNalCursor cursor = {payload + 1, size - 1};
  WcNal nal = {payload, size};

  if (type == NAL_FU_A) {
    guint inner = payload[1] & TYPE_MASK;
    guint flags = flags_of (payload[0], inner, payload + 2, size - 2);
    return payload[1] & FU_START ? flags : flags & WC_PAYLOAD_HEAD;
  }
  if (type != NAL_STAP_A)
    return inspect_nal (state, &nal);
  return wc_nal_inspect_aggregate (state, cursor, inspect_nal);
}

/* --- cutting and packing ---------------------------------------------------
 */

/* RFC 6184 section 5.7.1: F and NRI are the highest of those inside. */
static void
write_aggregate (guint8 *header, const WcNal *nals, guint n)
{
  guint forbidden = 0, importance = 0;

  for (guint i = 0; i < n; i++) {
    forbidden |= nals[i].data[0] & 0x80u;
    importance = MAX (importance, nals[i].data[0] & 0x60u);
  }
  header[0] = (guint8)(forbidden | importance | NAL_STAP_A);
}

static gsize
write_fragment (guint8 *prefix, const WcNal *nal)
{
  prefix[0] = (nal->data[0] & F_NRI_MASK) | NAL_FU_A;
  prefix[1] = (nal->data[0] & TYPE_MASK) | FU_START | FU_END;
  return 2;
}

static const WcNalFormat nal_format = {1, write_aggregate, write_fragment};

static void
split (const guint8 *payload, gsize size, GPtrArray *parts)
{
  guint type = payload[0] & TYPE_MASK;
  WcNalCursor cursor = {payload + 1, size - 1};
  WcNal nal = {payload, size};
  g_autoptr (GArray) nals = NULL;

  if (type == NAL_FU_A) {
    wc_nal_fragment (payload, 2, payload + 2, size - 2, parts);
    return;
  }
  nals = g_array_new (FALSE, FALSE, sizeof (WcNal));
  if (type != NAL_STAP_A)
    g_array_append_val (nals, nal);
  while (type == NAL_STAP_A && wc_nal_next (&cursor, &nal))
    g_array_append_val (nals, nal);
  wc_nal_pack (&nal_format, (const WcNal *)nals->data, nals->len, parts);
}

static void
pack_sets (const WcParameterSets *sets, GPtrArray *parts)
{
  WcNal nals[WC_N_SET_KINDS * WC_MAX_SETS];
  guint n = wc_nal_list_sets (sets, nals);

  wc_nal_pack (&nal_format, nals, n, parts);
}

static gboolean
on_configured_nal (gpointer user_data, const guint8 *nal, gsize size)
{
  remember (user_data, nal[0] & TYPE_MASK, nal, size);
  return TRUE;
}

static gboolean
read_fmtp (WcPayloadState *state, const char *fmtp, const char **reason)
{
  g_autofree char *list = wc_fmtp_dup_value (fmtp, "sprop-parameter-sets");

  *reason = "sprop-parameter-sets is not a list of NAL units in base64";
  return list == NULL ||
         wc_parameter_sets_decode (list, on_configured_nal, state);
}

const WcPayloadFormat wc_payload_h264 = {
    .required_sets = WC_PAYLOAD_SPS | WC_PAYLOAD_PPS,
    .check = check,
    .inspect = inspect,
    .split = split,
    .pack_sets = pack_sets,
    .read_fmtp = read_fmtp,
};
