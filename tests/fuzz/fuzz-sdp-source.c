/* SPDX-License-Identifier: MIT */
/* The SDP of an RTP source. */
#include "sdp/source.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) result =
      wc_sdp_source_parse ((const char *)data, size, &error);

  g_assert_true ((result == NULL) == (error != NULL));
  return 0;
}
