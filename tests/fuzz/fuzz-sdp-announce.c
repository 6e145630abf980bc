/* SPDX-License-Identifier: MIT */
/* The SDP of an RTSP publisher; what we write of it must be read again. */
#include "sdp/announce.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) result =
      wc_sdp_announce_parse ((const char *)data, size, &error);

  g_assert_true ((result == NULL) == (error != NULL));
  if (result == NULL)
    return 0;

  g_autofree char *text = wc_sdp_announce_write (result);
  g_autoptr (GPtrArray) again =
      wc_sdp_announce_parse (text, strlen (text), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (again->len, ==, result->len);
  return 0;
}
