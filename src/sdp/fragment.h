/* SPDX-License-Identifier: MIT */
/* application/trickle-ice-sdpfrag (RFC 8840 section 9): what a viewer PATCHes.
 * We are ICE-lite and only answer, so candidates are checked in form and
 * counted; ufrag and pwd tell a restart from a trickle. */
#pragma once

#include "sdp/sdp.h"

typedef struct {
  char *ufrag, *pwd;  /* nullable: none given, the current generation */
  guint n_candidates; /* well-formed ones that were kept */
  gboolean end_of_candidates;
} WcSdpFragment;

WcSdpFragment *wc_sdp_fragment_parse (const char *text, gsize size,
                                      GError **error);
void wc_sdp_fragment_free (WcSdpFragment *fragment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcSdpFragment, wc_sdp_fragment_free)
