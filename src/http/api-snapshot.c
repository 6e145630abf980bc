/* SPDX-License-Identifier: MIT */
#include "http/api-snapshot.h"

#include "http/api-mountpoints.h"
#include "http/api.h"

/* As long as wc_snapshots_take () takes a picture for new enough. */
#define CACHE_CONTROL "private, max-age=1"

static void
on_snapshot (const WcSnapshot *snapshot, const GError *error,
             gpointer user_data)
{
  g_autoptr (WcRequest) request = user_data;

  if (error != NULL) {
    wc_request_answer_error (request, error);
    return;
  }
  wc_request_set_field (request, "ETag", snapshot->etag);
  wc_request_set_field (request, "Cache-Control", CACHE_CONTROL);
  if (snapshot->jpeg == NULL) {
    wc_request_answer (request, 304, NULL, NULL, 0);
    return;
  }
  gsize size;
  const char *data = g_bytes_get_data (snapshot->jpeg, &size);
  wc_request_answer (request, 200, "image/jpeg", data, size);
}

/* Who is to be told may be told at once, or later. */
void
wc_api_snapshot_get (WcRequest *request)
{
  WcMountpoint *mountpoint = wc_api_require_mountpoint (request);
  guint width = WC_SNAPSHOT_WIDTH_DEFAULT;

  if (mountpoint == NULL ||
      !wc_api_parse_query_number (request, "width", WC_SNAPSHOT_WIDTH_MIN,
                                  WC_SNAPSHOT_WIDTH_MAX, &width))
    return;
  wc_request_pause (request);
  wc_snapshots_take (request->context->snapshots, mountpoint, width,
                     wc_request_field (request, "If-None-Match"), on_snapshot,
                     wc_request_ref (request));
}
