/* SPDX-License-Identifier: MIT */
/* Whether a host can be reached at all: resolves its name, connects by TCP, and
 * hangs up. Before a pipeline is built, because what GStreamer says of a camera
 * that is switched off is not worth reading. Main thread; nothing blocks. */
#pragma once

#include <gio/gio.h>

/** @port: when @url has none. */
void wc_rtsp_knock_async (const char *url, guint16 port, guint timeout_ms,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data);

/** The address that answered (transfer full), or NULL: the error, of
 * WC_INGEST_ERROR or that of a cancelled operation, is a sentence that says
 * what would help. */
GInetAddress *wc_rtsp_knock_finish (GAsyncResult *result, GError **error);
