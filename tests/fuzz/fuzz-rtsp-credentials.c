/* SPDX-License-Identifier: MIT */
/* The Authorization field and the query of an RTSP publisher: the first byte
 * says which. Nobody guesses the token. */
#include "ingest/rtsp-credentials.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  GstRTSPMessage request = {0};
  gboolean is_query = size > 0 && data[0] % 2 == 1;

  if (size == 0)
    return 0;
  g_autofree char *text = g_strndup ((const char *)data + 1, size - 1);
  gst_rtsp_message_init_request (&request, GST_RTSP_ANNOUNCE, "rtsp://h/cam");
  if (!is_query)
    gst_rtsp_message_add_header (&request, GST_RTSP_HDR_AUTHORIZATION, text);
  g_assert_false (wc_rtsp_credentials_match (&request, is_query ? text : NULL,
                                             "c2d1e6a0b7f34859aa10", "abc"));
  gst_rtsp_message_unset (&request);
  return 0;
}
