/* SPDX-License-Identifier: MIT */
#include "sdp/sdp.h"

GQuark
wc_sdp_error_quark (void)
{
  return g_quark_from_static_string ("wc-sdp-error-quark");
}
