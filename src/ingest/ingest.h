/* SPDX-License-Identifier: MIT */
/* A source of a mountpoint: abstract. Each kind is a subclass in a file of its
 * own (ingest-rtp.c, ingest-test.c), loads its pipeline text from pipelines/
 * and ends in engine tracks.
 *
 * Main thread only. Streaming threads write the tracks and post; state changes
 * of the pipeline run on a thread of their own, and one that is not finished
 * after 10 s is abandoned, counted, and a new pipeline is built. */
#pragma once

#include "base/address.h"
#include "config/config.h"
#include "config/spec.h"
#include "engine/normaliser.h"
#include "engine/track.h"
#include "ingest/track-feed.h"
#include "peer/peer.h"

#include <gio/gio.h>

#define WC_INGEST_ERROR (wc_ingest_error_quark ())
GQuark wc_ingest_error_quark (void);

typedef enum {
  WC_INGEST_ERROR_IN_USE,    /* a port is taken, or the range used up: 409 */
  WC_INGEST_ERROR_INVALID,   /* cannot work as described: 422 */
  WC_INGEST_ERROR_TRANSIENT, /* did not work now, may the next time */
  WC_INGEST_ERROR_INTERNAL,  /* out of descriptors, element missing: 500 */
} WcIngestError;

typedef enum {
  WC_INGEST_IDLE,     /* stopped, or nothing was ever heard */
  WC_INGEST_STARTING, /* packets, but no start point yet */
  WC_INGEST_LIVE,
  WC_INGEST_LOST,   /* no packets for source_timeout_ms */
  WC_INGEST_FAILED, /* cannot work as configured */
} WcIngestState;

typedef struct {
  gboolean present;
  WcMedia media;
  WcCodec codec; /* of what viewers get; `conversion` tells the source's */
  guint32 clock_rate;
  guint8 channels;
  guint8 payload_type;     /* of the source */
  guint16 port, rtcp_port; /* 0: the kind has none */
  char *address;           /* nullable; bound or joined */
  char *fmtp;              /* nullable; as configured or from the SDP */
  char *profile;           /* nullable; as seen in the bitstream */
  char *source;            /* nullable; address the source is latched to */
  guint32 ssrc;            /* of the source */
  WcRtpStats input;
  WcTrackStats track;
  WcStreamInfo stream;           /* of what the source sends */
  WcConversionStatus conversion; /* and what becomes of it */
  WcTrack *converted;            /* nullable; what is, as it comes in */
} WcIngestTrackInfo;

void wc_ingest_track_info_clear (WcIngestTrackInfo *info);

/** What is counted of a track that comes in. */
typedef struct {
  guint64 counter; /* the number of the source that counts: what another one has
                      counted has nothing to do with it */
  WcRtpStats input;      /* of one counter the numbers never fall */
  guint key_interval_ms; /* between the last key frames; 0: not known */
} WcIngestCounts;

/** What all sources share: the port range in use. Main thread. */
typedef struct WcPortPool WcPortPool;
WcPortPool *wc_port_pool_new (guint16 port_min, guint16 port_max);
void wc_port_pool_free (WcPortPool *pool);
/** How many ports are taken now. */
guint wc_port_pool_taken (WcPortPool *pool);

#define WC_TYPE_INGEST (wc_ingest_get_type ())
G_DECLARE_DERIVABLE_TYPE (WcIngest, wc_ingest, WC, INGEST, GObject)

/** How a source comes to that of another mountpoint; see ingest-failover.h.
 * Main thread. */
typedef struct {
  /** The mountpoint @id. (transfer full) (nullable) */
  GObject *(*find) (gpointer registry, const char *id);
  /** Its source; NULL: it is disabled or was stopped. Another one after an
   * edit. (transfer none) */
  WcIngest *(*source) (GObject *mountpoint);
  /** Its source has to run, on demand too, as long as it is held. Counted. */
  void (*hold) (GObject *mountpoint, gboolean hold);
  /** Whether mountpoint @from is @to, or has a source that leads there. */
  gboolean (*leads_to) (gpointer registry, const char *from, const char *to);
} WcIngestLinks;

typedef struct WcRtspServer WcRtspServer;

/** What sources stand on. Owned by the server, outlives them. */
typedef struct {
  const WcConfig *config;
  WcPortPool *ports;
  WcPeerFactory *peers; /* nullable in tests: kinds with a webrtcbin need it */
  const WcIngestLinks *links; /* nullable in tests: no references */
  gpointer registry;          /* for `links` */
  WcRtspServer *rtsp;         /* the same: kind=rtsp-push needs it */
} WcIngestContext;

struct _WcIngestClass {
  GObjectClass parent_class;
  void (*start) (WcIngest *ingest);
  void (*stop) (WcIngest *ingest);
  void (*request_key_frame) (WcIngest *ingest, WcMedia media);
  void (*get_track_info) (WcIngest *ingest, WcMedia media,
                          WcIngestTrackInfo *info);
  void (*get_counts) (WcIngest *ingest, WcMedia media, WcIngestCounts *counts);
  void (*set_watched) (WcIngest *ingest, gboolean watched); /* nullable */
  void (*spec_changed) (WcIngest *ingest);                  /* nullable */
};

/** Makes the source @spec asks for and takes its ports (binds them: a port that
 * anybody has is WC_INGEST_ERROR_IN_USE), but does not start it. Chosen ports,
 * and tracks that came as SDP, are written into @spec. On failure everything is
 * released. @context is borrowed and outlives it. */
WcIngest *wc_ingest_new (WcMountpointSpec *spec, const WcIngestContext *context,
                         GError **error);

void wc_ingest_start (WcIngest *ingest);
/** Stops, and releases the ports when the last reference goes. Idempotent. */
void wc_ingest_stop (WcIngest *ingest);

/** Keys of @spec that need no restart have changed; those that a source looks
 * at, publish_token and publisher_takeover, are copied. */
void wc_ingest_update_spec (WcIngest *ingest, const WcMountpointSpec *spec);

WcIngestState wc_ingest_state (WcIngest *ingest);
/** Why it is lost or failed, or a warning while it is live: what came and what
 * was expected. Nullable. (transfer none) */
const char *wc_ingest_reason (WcIngest *ingest);

/** (transfer none) (nullable): NULL when the source has no such track, or it is
 * not known yet. The track stays the same object across restarts of the source,
 * unless the source comes back with another codec: see "tracks-changed". */
WcTrack *wc_ingest_track (WcIngest *ingest, WcMedia media);

/** Asks the source for a key frame (RTCP PLI to its RTCP address, or a force-
 * key-unit event), at most once in 500 ms however often it is called. */
void wc_ingest_request_key_frame (WcIngest *ingest, WcMedia media);

/** Whether anybody watches: what is made for viewers alone (conversions) runs
 * only then. FALSE at first. */
void wc_ingest_set_watched (WcIngest *ingest, gboolean watched);

/** @info must be cleared with wc_ingest_track_info_clear (). */
void wc_ingest_get_track_info (WcIngest *ingest, WcMedia media,
                               WcIngestTrackInfo *info);

/** The little of it that is counted, without a copy and without touching the
 * engine's track. FALSE: there is no such track. */
gboolean wc_ingest_get_counts (WcIngest *ingest, WcMedia media,
                               WcIngestCounts *counts);

const char *wc_ingest_state_name (WcIngestState state);

/* --- for subclasses ------------------------------------------------------ */

/** Right after the object was made: @spec is copied, @context is borrowed. */
void wc_ingest_init_source (WcIngest *ingest, const WcMountpointSpec *spec,
                            const WcIngestContext *context);
/** (transfer none) */
const WcIngestContext *wc_ingest_context (WcIngest *ingest);
/** (transfer none) */
const WcMountpointSpec *wc_ingest_spec (WcIngest *ingest);
/** Makes the engine's track that @spec describes and keeps it. (transfer none)
 */
WcTrack *wc_ingest_add_track (WcIngest *ingest, const WcTrackSpec *spec);
/** Makes @track, which is referenced, the one of @media; when another one was
 * before, "tracks-changed" is emitted. */
void wc_ingest_adopt_track (WcIngest *ingest, WcMedia media, WcTrack *track);
/** Fills what is known of the engine's track: profile and statistics. */
void wc_ingest_fill_track_state (WcIngest *ingest, WcMedia media,
                                 WcIngestTrackInfo *info);
/** The same, and what @spec says. */
void wc_ingest_fill_track_info (WcIngest *ingest, const WcTrackSpec *spec,
                                WcIngestTrackInfo *info);
/** Fills what @feed, which may be NULL, knows of what comes in. */
void wc_ingest_fill_feed_info (WcTrackFeed *feed, WcIngestTrackInfo *info);
/** The same of what is counted. */
void wc_ingest_fill_feed_counts (WcTrackFeed *feed, WcIngestCounts *counts);
/** Enters @state, which may be the present one with another @reason (nullable).
 */
void wc_ingest_set_state (WcIngest *ingest, WcIngestState state,
                          const char *reason);

/* Signals, main thread: "state-changed" (WcIngest *ingest), also when only the
 * reason changed; "tracks-changed" (WcIngest *ingest, guint media): the source
 * sends another codec, viewers of the former track get nothing any more. */
