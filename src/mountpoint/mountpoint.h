/* SPDX-License-Identifier: MIT */
/* A mountpoint: one source, its tracks, its viewers. GObject, main thread only.
 * The registry owns it; sessions hold a weak reference. */
#pragma once

#include "config/config.h"
#include "ingest/ingest-failover.h"
#include "ingest/ingest-whip.h"
#include "mountpoint/session.h"
#include "peer/candidates.h"
#include "peer/peer.h"

#define WC_MOUNTPOINT_ERROR (wc_mountpoint_error_quark ())
GQuark wc_mountpoint_error_quark (void);

typedef enum {
  WC_MOUNTPOINT_ERROR_NOT_FOUND,   /* 404 */
  WC_MOUNTPOINT_ERROR_EXISTS,      /* 409: the id is taken */
  WC_MOUNTPOINT_ERROR_IN_USE,      /* 409: a port is taken */
  WC_MOUNTPOINT_ERROR_PUBLISHED,   /* 409: somebody publishes to it */
  WC_MOUNTPOINT_ERROR_READ_ONLY,   /* 409: it is of the configuration file */
  WC_MOUNTPOINT_ERROR_NOT_LIVE,    /* 409 + Retry-After: no picture now */
  WC_MOUNTPOINT_ERROR_UNDECODABLE, /* 409: media, but no picture of it */
  WC_MOUNTPOINT_ERROR_DISABLED,    /* 403 */
  WC_MOUNTPOINT_ERROR_LIMIT,       /* 503 + Retry-After */
  WC_MOUNTPOINT_ERROR_RATE,        /* 429 + Retry-After: too many at once */
  WC_MOUNTPOINT_ERROR_INVALID,     /* 422 */
  WC_MOUNTPOINT_ERROR_STORE,       /* 500: could not be saved */
  WC_MOUNTPOINT_ERROR_STOPPING,    /* 503 + Retry-After: server is going down */
} WcMountpointError;

typedef enum {
  WC_MOUNTPOINT_IDLE,
  WC_MOUNTPOINT_STARTING,
  WC_MOUNTPOINT_LIVE,
  WC_MOUNTPOINT_LOST,
  WC_MOUNTPOINT_DISABLED,
  WC_MOUNTPOINT_FAILED,
} WcMountpointState;

typedef enum {
  WC_ORIGIN_CONFIG,
  WC_ORIGIN_API,
  WC_ORIGIN_DEMO,
} WcOrigin;

/** What every mountpoint stands on. Owned by the server, outlives them. */
typedef struct {
  WcIngestContext sources;
  WcEngine *engine; /* nullable in tests: what it sends is not limited then */
  const WcCandidateList *candidates; /* what sessions are told from now on */
} WcMountpointContext;

#define WC_TYPE_MOUNTPOINT (wc_mountpoint_get_type ())
G_DECLARE_FINAL_TYPE (WcMountpoint, wc_mountpoint, WC, MOUNTPOINT, GObject)

/** Takes the ports; does not start. @spec is copied. */
WcMountpoint *wc_mountpoint_new (const WcMountpointSpec *spec, WcOrigin origin,
                                 const WcMountpointContext *context,
                                 GError **error);
/** Starts the source if it is enabled; one that is `on_demand`, when somebody
 * comes to watch. */
void wc_mountpoint_start (WcMountpoint *mountpoint);
/** Ends the source and every viewer for good, and gives the ports back.
 * Idempotent. */
void wc_mountpoint_stop (WcMountpoint *mountpoint, const char *reason);

const char *wc_mountpoint_id (WcMountpoint *mountpoint);
const WcMountpointSpec *wc_mountpoint_spec (WcMountpoint *mountpoint);
WcOrigin wc_mountpoint_origin (WcMountpoint *mountpoint);
const char *wc_origin_name (WcOrigin origin);
WcMountpointState wc_mountpoint_state (WcMountpoint *mountpoint);
const char *wc_mountpoint_state_name (WcMountpointState state);
/** Nullable. */
const char *wc_mountpoint_reason (WcMountpoint *mountpoint);
/** When the state was entered, microseconds since 1970. */
gint64 wc_mountpoint_since_us (WcMountpoint *mountpoint);
guint wc_mountpoint_n_viewers (WcMountpoint *mountpoint);
/** Fills @info (to be cleared) if there is such a track. */
gboolean wc_mountpoint_get_track_info (WcMountpoint *mountpoint, WcMedia media,
                                       WcIngestTrackInfo *info);

/** What was counted of a track of its source; FALSE: it has none. */
gboolean wc_mountpoint_get_counts (WcMountpoint *mountpoint, WcMedia media,
                                   WcIngestCounts *counts);

/** Its source, if that is one out of several; else NULL. (transfer none) */
WcIngestFailover *wc_mountpoint_failover (WcMountpoint *mountpoint);

void wc_mountpoint_set_enabled (WcMountpoint *mountpoint, gboolean enabled);
/** Ends every viewer session; returns how many. */
guint wc_mountpoint_kick (WcMountpoint *mountpoint, const char *reason);
/** Changes the spec; when the source has to be started anew for it, viewers are
 * ended. On failure nothing has changed. */
gboolean wc_mountpoint_edit (WcMountpoint *mountpoint,
                             const WcMountpointSpec *spec, GError **error);

/** A viewer's offer. Of an on-demand mountpoint that is not live the source is
 * started, and the answer waits for it, at most `on_demand_timeout_ms`. Limits
 * are the registry's business; see wc_registry_watch_async (). */
void wc_mountpoint_watch_async (WcMountpoint *mountpoint, const char *offer,
                                gsize size, const WcViewerInfo *viewer,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
/** The session, whose answer is wc_session_answer (). (transfer full) */
WcSession *wc_mountpoint_watch_finish (WcMountpoint *mountpoint,
                                       GAsyncResult *result, GError **error);

/** A publisher's offer (kind=whip). One at a time: another is
 * WC_MOUNTPOINT_ERROR_PUBLISHED, unless it is silent or `publisher_takeover`
 * says that the newest counts. */
void wc_mountpoint_publish_async (WcMountpoint *mountpoint, const char *offer,
                                  gsize size, const WcViewerInfo *publisher,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
/** The session, whose answer is wc_session_answer (). (transfer full) */
WcSession *wc_mountpoint_publish_finish (WcMountpoint *mountpoint,
                                         GAsyncResult *result, GError **error);
/** The publisher says goodbye: its session ends, and if it is the present one,
 * so does the source (`idle`). */
void wc_mountpoint_unpublish (WcMountpoint *mountpoint, WcSession *session);

/** ICE restart of a session of @mountpoint, a viewer or a publisher (RFC 9725
 * section 4.3.3): other credentials on both sides and another ETag; media goes
 * on. @ufrag, @pwd: the client's, nullable. Returns the fragment that answers
 * it (transfer full), or NULL when nothing has changed: not both are new (RFC
 * 8445 section 9), or the session is over. */
char *wc_mountpoint_restart_ice (WcMountpoint *mountpoint, WcSession *session,
                                 const char *ufrag, const char *pwd);

/** What there is of a publisher. */
typedef struct {
  WcSession *session; /* borrowed */
  WcPublisherStats stats;
  const char *codecs[WC_N_MEDIA]; /* static; NULL: it has no such medium */
  guint n_layers;                 /* of simulcast; 0: none */
  WcWhipLayerInfo layers[WC_LAYERS_MAX];
} WcPublisherInfo;

/** FALSE when there is none. */
gboolean wc_mountpoint_get_publisher (WcMountpoint *mountpoint,
                                      WcPublisherInfo *info);

/** The layers that viewers can choose from, up to WC_LAYERS_MAX. Returns how
 * many; 0: there is no simulcast. */
guint wc_mountpoint_get_layers (WcMountpoint *mountpoint,
                                WcWhipLayerInfo layers[WC_LAYERS_MAX]);
/** The layer that @session is sent, of these; -1: there are none. */
gint wc_mountpoint_session_layer (WcMountpoint *mountpoint, WcSession *session);
/** @session is to get what @wish, which is copied, says. Errors: _NOT_LIVE when
 * there are no layers, _INVALID when none is called so. */
gboolean wc_mountpoint_wish_layer (WcMountpoint *mountpoint, WcSession *session,
                                   const WcLayerWish *wish, GError **error);

/** The viewers. (transfer container) (element-type WcSession) */
GPtrArray *wc_mountpoint_list_sessions (WcMountpoint *mountpoint);

/* Signals, main thread: "state-changed" (WcMountpoint *),
 * "switched" (WcMountpoint *): what plays of kind=failover has changed;
 * "session-added" (WcMountpoint *, WcSession *): one that is negotiating;
 * "session-ended" (WcMountpoint *, WcSession *): its media has stopped. */
