/* SPDX-License-Identifier: MIT */
/* L-05: what a viewer PATCHes. */
#include "sdp/fragment.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WcSdpFragment) result =
      wc_sdp_fragment_parse ((const char *)data, size, &error);

  g_assert_true ((result == NULL) == (error != NULL));
  return 0;
}
