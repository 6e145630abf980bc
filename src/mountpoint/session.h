/* SPDX-License-Identifier: MIT */
/* A WHEP session: a viewer of a mountpoint from its POST until it is forgotten.
 * Or a WHIP session, which is its publisher: `playing` is then publishing.
 *
 *   negotiating -> connecting -> playing -> closing -> closed
 *
 * In `closing` media has stopped and the session URL still answers (10 s: real
 * clients close their connection before they DELETE); in `closed` it is gone.
 * GObject, main thread only; the mountpoint's sessions are owned by the
 * registry's table of session secrets. */
#pragma once

#include "base/address.h"
#include "peer/publisher-peer.h"
#include "peer/viewer-peer.h"

typedef enum {
  WC_SESSION_NEGOTIATING,
  WC_SESSION_CONNECTING,
  WC_SESSION_PLAYING,
  WC_SESSION_CLOSING,
  WC_SESSION_CLOSED,
} WcSessionState;

/** Who asks. Copied where it is kept. */
typedef struct {
  const char *address;    /* of the HTTP client, textual */
  const char *user_agent; /* nullable */
} WcViewerInfo;

/** Which layer of a simulcast a viewer wants; all zero: whatever suits its
 * link. */
typedef struct {
  char *rid;                   /* nullable: any */
  guint max_width, max_height; /* of the picture; 0: any */
} WcLayerWish;

#define WC_TYPE_SESSION (wc_session_get_type ())
G_DECLARE_FINAL_TYPE (WcSession, wc_session, WC, SESSION, GObject)

/** 32 hex digits: the last part of the session URL; a capability (RFC 9725
 * section 5). Never logged. */
const char *wc_session_secret (WcSession *session);
/** 12 hex digits for people, logs and DELETE /api/v1/sessions/{public-id}. */
const char *wc_session_public_id (WcSession *session);
/** A strong entity tag with its quotes (RFC 9110 section 8.8.3). */
const char *wc_session_etag (WcSession *session);
/** The SDP answer; NULL until it was made. */
const char *wc_session_answer (WcSession *session);
/** The mountpoint's id, also when that is gone. */
const char *wc_session_mountpoint_id (WcSession *session);
WcSessionState wc_session_state (WcSession *session);
const char *wc_session_state_name (WcSessionState state);
/** TRUE: a WHIP session, of a publisher. */
gboolean wc_session_publishes (WcSession *session);
/** Why it is closing or closed; NULL before. */
const char *wc_session_reason (WcSession *session);
/** When it was made, microseconds since 1970. */
gint64 wc_session_since_us (WcSession *session);
const char *wc_session_address (WcSession *session);
const char *wc_session_user_agent (WcSession *session); /* nullable */
/** Bit mask of 1 << WcMedia that it is sent. */
guint wc_session_media (WcSession *session);
/** The index of the m-line that brings its video; -1: none does. */
gint wc_session_video_index (WcSession *session);
/** TRUE when there were layers to choose from when it came. */
gboolean wc_session_offers_layers (WcSession *session);
/** (transfer none) */
const WcLayerWish *wc_session_layer_wish (WcSession *session);
/** Of a viewer; all zero of a publisher. */
void wc_session_get_stats (WcSession *session, WcViewerPeerStats *stats);
/** The same but the address; see wc_subscriber_get_counts (). */
void wc_session_get_counts (WcSession *session, WcViewerPeerStats *stats);

/** Of a publisher; all zero of a viewer. */
void wc_session_get_publisher_stats (WcSession *session,
                                     WcPublisherStats *stats);

/** TRUE when @ufrag and @pwd (nullable: not given) are of the current ICE
 * generation; FALSE means that the viewer asks for an ICE restart. */
gboolean wc_session_is_current_ice (WcSession *session, const char *ufrag,
                                    const char *pwd);

/** FALSE when there were too many PATCHes in this second. Counts. */
gboolean wc_session_may_patch (WcSession *session, gint64 now_us);

/** -> closing. Returns FALSE if it was closing or closed before. */
gboolean wc_session_close (WcSession *session, const char *reason);

/* Signal, main thread: "state-changed" (WcSession *session). */
