/* SPDX-License-Identifier: MIT */
/* What only a mountpoint does with its sessions. Main thread. */
#pragma once

#include "config/config.h"
#include "ingest/ingest.h"
#include "mountpoint/session.h"

/** In state negotiating, with its secret and ids. */
WcSession *wc_session_new (const char *mountpoint_id,
                           const WcViewerInfo *viewer);

typedef struct {
  WcPeerFactory *peers;
  const WcConfig *config;
  const WcAddress *candidates;
  guint n_candidates;
  WcIngest *ingest; /* whose tracks are sent */
} WcSessionSource;

/** Answers @offer. Errors are WC_SDP_ERROR or WC_PEER_ERROR; the session is
 * then closed. */
void wc_session_negotiate_async (WcSession *session,
                                 const WcSessionSource *source,
                                 const char *offer, gsize size,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean wc_session_negotiate_finish (WcSession *session, GAsyncResult *result,
                                      GError **error);

/** -> closed at once, without the time in which it still answers. */
void wc_session_forget (WcSession *session, const char *reason);

/** Set when the session was closed: why. Nullable. */
const char *wc_session_reason (WcSession *session);

/* Signal, main thread: "key-frame-wanted" (WcSession *, guint media). */
