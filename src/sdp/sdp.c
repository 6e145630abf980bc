/* SPDX-License-Identifier: MIT */
#include "sdp/sdp.h"

GQuark
wc_sdp_error_quark (void)
{
  return g_quark_from_static_string ("wc-sdp-error-quark");
}

gboolean
wc_sdp_fail (GError **error, WcSdpError code, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (WC_SDP_ERROR, code, format, args);
  va_end (args);
  return FALSE;
}
