/* SPDX-License-Identifier: MIT */
#include "mountpoint/mountpoint-private.h"

G_DEFINE_QUARK (wc_mountpoint_error_quark, wc_mountpoint_error)

GError *
wc_mountpoint_error_from_ingest (GError *error)
{
  if (g_error_matches (error, WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE)) {
    error->domain = WC_MOUNTPOINT_ERROR;
    error->code = WC_MOUNTPOINT_ERROR_IN_USE;
  } else if (g_error_matches (error, WC_INGEST_ERROR,
                              WC_INGEST_ERROR_INVALID)) {
    error->domain = WC_MOUNTPOINT_ERROR;
    error->code = WC_MOUNTPOINT_ERROR_INVALID;
  }
  return error;
}
