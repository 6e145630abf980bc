/* SPDX-License-Identifier: MIT */
/* H.265: RFC 7798 with single NAL units, AP and FU, in decoding order. PACI is
 * refused; so is nothing that sprop-max-don-diff > 0 brings, as DONL fields
 * cannot be told from data: such streams must not be configured. */
#include "engine/bits.h"
#include "engine/h265-headers.h"
#include "engine/payload-nal.h"
#include "engine/payload.h"

#include <stdio.h>

enum {
  NAL_RESERVED_N = 10,
  NAL_FIRST_IRAP = 16, /* BLA_W_LP */
  NAL_LAST_IRAP = 21,  /* CRA_NUT */
  NAL_LAST_VCL = 31,
  NAL_VPS = 32,
  NAL_SPS = 33,
  NAL_PPS = 34,
  NAL_DELIMITER = 35,
  NAL_LAST_SINGLE = 47,
  NAL_AP = 48,
  NAL_FU = 49,
};

#define HEADER_SIZE 2
#define FU_TYPE_MASK 0x3f
#define FU_START 0x80
#define FU_END 0x40

static guint
type_of (const guint8 *nal)
{
  return nal[0] >> 1 & 0x3f;
}

static gboolean
check_aggregate (const guint8 *payload, gsize size)
{
  WcNalCursor cursor = {payload + HEADER_SIZE, size - HEADER_SIZE};
  WcNal nal;
  guint n = 0;

  for (; wc_nal_next (&cursor, &nal); n++)
    if (nal.size <= HEADER_SIZE || type_of (nal.data) > NAL_LAST_SINGLE)
      return FALSE;
  return n > 0 && cursor.left == 0;
}

static gboolean
check (const guint8 *payload, gsize size)
{
  if (size <= HEADER_SIZE)
    return FALSE;
  if (type_of (payload) == NAL_AP)
    return check_aggregate (payload, size);
  if (type_of (payload) == NAL_FU)
    return size > HEADER_SIZE + 1 &&
           (payload[2] & FU_TYPE_MASK) <= NAL_LAST_SINGLE;
  return type_of (payload) <= NAL_LAST_SINGLE;
}

/* --- what is in it ---------------------------------------------------------
 */

static void
remember_sps (WcPayloadState *state, const guint8 *nal, gsize size)
{
  WcH265Sps sps;

  if (!wc_h265_read_sps (&sps, nal, size))
    return;
  wc_parameter_sets_put (&state->sets, WC_SET_SPS, sps.id, nal, size);
  snprintf (state->profile, sizeof state->profile, "%u", sps.profile);
  state->temporal_layers = sps.temporal_layers;
  state->video = sps.format;
  state->video_read = TRUE;
}

/* Only the base layer's: browsers know no other. */
static void
remember (WcPayloadState *state, const guint8 *nal, gsize size)
{
  guint layer_id = (nal[0] & 1u) << 5 | nal[1] >> 3;
  WcBits bits;

  if (size <= HEADER_SIZE || layer_id != 0)
    return;
  wc_bits_init (&bits, nal + HEADER_SIZE, size - HEADER_SIZE);
  if (type_of (nal) == NAL_VPS)
    wc_parameter_sets_put (&state->sets, WC_SET_VPS, wc_bits_read (&bits, 4),
                           nal, size);
  else if (type_of (nal) == NAL_SPS)
    remember_sps (state, nal, size);
  else if (type_of (nal) == NAL_PPS)
    wc_parameter_sets_put (&state->sets, WC_SET_PPS, wc_bits_read_ue (&bits),
                           nal, size);
}

/* A sub-layer non-reference picture (table 7-1: the even types below the
 * reserved ones) of the highest sub-layer is referred to by none. */
static gboolean
is_disposable (const WcPayloadState *state, guint type, guint temporal_id_plus1)
{
  return type < NAL_RESERVED_N && type % 2 == 0 && state->temporal_layers > 0 &&
         temporal_id_plus1 >= state->temporal_layers;
}

/* @header: of the NAL unit or the fragment, for its TID. @body: what follows
 * the NAL unit's header; first_slice_segment_in_pic_flag is the first bit of a
 * slice segment. */
static guint
flags_of (const WcPayloadState *state, const guint8 *header, guint type,
          const guint8 *body, gsize size)
{
  gboolean first = size > 0 && (body[0] & 0x80) != 0;

  switch (type) {
  case NAL_VPS:
    return WC_PAYLOAD_HEAD | WC_PAYLOAD_VPS;
  case NAL_SPS:
    return WC_PAYLOAD_HEAD | WC_PAYLOAD_SPS;
  case NAL_PPS:
    return WC_PAYLOAD_HEAD | WC_PAYLOAD_PPS;
  case NAL_DELIMITER:
    return WC_PAYLOAD_HEAD | WC_PAYLOAD_DELIMITER;
  default:
    if (type > NAL_LAST_VCL)
      return WC_PAYLOAD_HEAD;
    if (type >= NAL_FIRST_IRAP && type <= NAL_LAST_IRAP)
      return first ? WC_PAYLOAD_KEY : 0;
    return is_disposable (state, type, header[1] & 7) ? WC_PAYLOAD_DISPOSABLE
                                                      : 0;
  }
}

static guint
inspect_nal (WcPayloadState *state, const WcNal *nal)
{
  remember (state, nal->data, nal->size);
  return flags_of (state, nal->data, type_of (nal->data),
                   nal->data + HEADER_SIZE, nal->size - HEADER_SIZE);
}

static guint
inspect (WcPayloadState *state, const guint8 *payload, gsize size)
{
  WcNalCursor cursor = {payload + HEADER_SIZE, size - HEADER_SIZE};
  WcNal nal = {payload, size};

  if (type_of (payload) == NAL_FU) {
    guint flags = flags_of (state, payload, payload[2] & FU_TYPE_MASK,
                            payload + 3, size - 3);
    return payload[2] & FU_START ? flags : flags & WC_PAYLOAD_HEAD;
  }
  if (type_of (payload) != NAL_AP)
    return inspect_nal (state, &nal);
  return wc_nal_inspect_aggregate (state, cursor, inspect_nal);
}

/* --- cutting and packing ---------------------------------------------------
 */

/* RFC 7798 section 4.4.2: F of any, the lowest LayerId and TID of all. */
static void
write_aggregate (guint8 *header, const WcNal *nals, guint n)
{
  guint forbidden = 0, layer_id = 63, tid = 7;

  for (guint i = 0; i < n; i++) {
    const guint8 *nal = nals[i].data;
    forbidden |= nal[0] & 0x80u;
    layer_id = MIN (layer_id, (nal[0] & 1u) << 5 | nal[1] >> 3);
    tid = MIN (tid, nal[1] & 7u);
  }
  header[0] = (guint8)(forbidden | NAL_AP << 1 | layer_id >> 5);
  header[1] = (guint8)(layer_id << 3 | tid);
}

static gsize
write_fragment (guint8 *prefix, const WcNal *nal)
{
  prefix[0] = (nal->data[0] & 0x81) | NAL_FU << 1;
  prefix[1] = nal->data[1];
  prefix[2] = (guint8)(type_of (nal->data) | FU_START | FU_END);
  return 3;
}

static const WcNalFormat nal_format = {HEADER_SIZE, write_aggregate,
                                       write_fragment};

static void
split (const guint8 *payload, gsize size, GPtrArray *parts)
{
  WcNalCursor cursor = {payload + HEADER_SIZE, size - HEADER_SIZE};
  gboolean aggregate = type_of (payload) == NAL_AP;
  WcNal nal = {payload, size};
  g_autoptr (GArray) nals = NULL;

  if (type_of (payload) == NAL_FU) {
    wc_nal_fragment (payload, 3, payload + 3, size - 3, parts);
    return;
  }
  nals = g_array_new (FALSE, FALSE, sizeof (WcNal));
  if (!aggregate)
    g_array_append_val (nals, nal);
  while (aggregate && wc_nal_next (&cursor, &nal))
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
  if (size <= HEADER_SIZE)
    return FALSE;
  remember (user_data, nal, size);
  return TRUE;
}

static gboolean
read_fmtp (WcPayloadState *state, const char *fmtp, const char **reason)
{
  static const char *const keys[] = {"sprop-vps", "sprop-sps", "sprop-pps"};

  *reason = "sprop-vps, -sps or -pps is not a list of NAL units in base64";
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    g_autofree char *list = wc_fmtp_dup_value (fmtp, keys[i]);
    if (list != NULL &&
        !wc_parameter_sets_decode (list, on_configured_nal, state))
      return FALSE;
  }
  return TRUE;
}

const WcPayloadFormat wc_payload_h265 = {
    .required_sets = WC_PAYLOAD_SETS,
    .check = check,
    .inspect = inspect,
    .split = split,
    .pack_sets = pack_sets,
    .read_fmtp = read_fmtp,
};
