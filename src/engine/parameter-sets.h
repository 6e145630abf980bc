/* SPDX-License-Identifier: MIT */
/* The parameter sets of an H.264 or H.265 track (NAL units of RFC 6184 and RFC
 * 7798) that were seen last, by kind and id. A plain value of its owner;
 * bounded whatever comes: a set of more than WC_MAX_SET_SIZE bytes is not
 * remembered, and of each kind the WC_MAX_SETS newest ids are. */
#pragma once

#include <glib.h>

typedef enum {
  WC_SET_VPS,
  WC_SET_SPS,
  WC_SET_PPS,
} WcSetKind;

#define WC_N_SET_KINDS 3
#define WC_MAX_SETS 8
#define WC_MAX_SET_SIZE 1024

typedef struct {
  guint id;
  GBytes *nal;
} WcParameterSet;

typedef struct {
  WcParameterSet sets[WC_N_SET_KINDS][WC_MAX_SETS]; /* oldest id first */
  guint n[WC_N_SET_KINDS];
} WcParameterSets;

void wc_parameter_sets_clear (WcParameterSets *sets);

/** Remembers @nal in the place of the one with the same @kind and @id. */
void wc_parameter_sets_put (WcParameterSets *sets, WcSetKind kind, guint id,
                            const guint8 *nal, gsize size);

/** Finds @key (such as "sprop-sps") in an SDP fmtp value (RFC 8866 section
 * 6.15) without regard to case. Returns its value (transfer full) or NULL. */
char *wc_fmtp_dup_value (const char *fmtp, const char *key);

/** One element of a comma-separated list of base64 NAL units. */
typedef gboolean (*WcNalFunc) (gpointer user_data, const guint8 *nal,
                               gsize size);

/** Calls @func for each element of @list. Returns FALSE if one is not base64
 * (RFC 4648), is empty, or @func returned FALSE for it. */
gboolean wc_parameter_sets_decode (const char *list, WcNalFunc func,
                                   gpointer user_data);
