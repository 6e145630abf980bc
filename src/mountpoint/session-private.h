/* SPDX-License-Identifier: MIT */
/* What a session is made of (session.c, session-publish.c), and what only a
 * mountpoint does with its sessions. Main thread. */
#pragma once

#include "config/config.h"
#include "ingest/ingest-whip.h"
#include "mountpoint/layer-choice.h"
#include "mountpoint/session.h"
#include "peer/publisher-peer.h"

/** Of a viewer: which layer it is sent. The mountpoint's business. */
typedef struct {
  gboolean offered;   /* it was told that it may choose */
  gboolean estimates; /* of its link can be relied on: they are made by when
                         its packets were sent */
  WcLayerWish wish;
  WcLayerChoice choice;
  gint wanted;    /* -1: what the mountpoint plays */
  WcTrack *track; /* of `wanted`; NULL: none was ever chosen */
} WcSessionLayers;

struct _WcSession {
  GObject parent;
  char *mountpoint_id, *address, *user_agent;
  char *secret, *public_id, *etag, *answer;
  gint64 since_us;
  WcSessionState state;
  char *reason;
  guint media;
  gboolean publishes;
  WcPeer *peer;     /* nullable; a WcViewerPeer, or a WcPublisherPeer */
  gint video_index; /* the m-line of its video; -1: it gets none */
  WcSessionLayers layers;
  gint64 patches_since_us; /* when the second of n_patches began */
  guint n_patches;
  /* while negotiating */
  WcAddress *candidates;
  guint n_candidates;
};

/** FALSE if no way leads there. */
gboolean wc_session_set_state (WcSession *self, WcSessionState state,
                               const char *reason);

/** A strong entity tag that no other has. (transfer full) */
char *wc_session_make_etag (void);

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

/** Answers the offer of a publisher, whose media @ingest takes. Errors as above
 * and WC_INGEST_ERROR. */
void wc_session_publish_async (WcSession *session, WcIngestWhip *ingest,
                               const WcAddress *candidates, guint n_candidates,
                               const char *offer, gsize size,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean wc_session_publish_finish (WcSession *session, GAsyncResult *result,
                                    GError **error);

/** The peer (transfer full) of an offer that was accepted is the session's, and
 * its answer is awaited; @task (transfer full) returns a boolean. */
void wc_session_open_peer (WcSession *session, WcPeer *peer,
                           const WcAddress *candidates, guint n_candidates,
                           GTask *task);

/** -> closed at once, without the time in which it still answers. @reason:
 * nullable if it is closing, and has one. */
void wc_session_forget (WcSession *session, const char *reason);

/* Signal, main thread: "key-frame-wanted" (WcSession *, guint media). */
