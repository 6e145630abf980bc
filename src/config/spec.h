/* SPDX-License-Identifier: MIT */
/* What a mountpoint is asked to be: filled from the configuration file and from
 * the API's JSON by one table of keys, so both know the same names, defaults
 * and limits. A plain value owned by whoever made it; not shared between
 * threads. Spelling: `source-timeout-ms` in the file, `source_timeout_ms` in
 * JSON. */
#pragma once

#include "base/address.h"
#include "base/codec.h"

#include <glib.h>
#include <json-glib/json-glib.h>

typedef enum {
  WC_KIND_RTP,
  WC_KIND_RTSP,
  WC_KIND_RTSP_PUSH,
  WC_KIND_WHIP,
  WC_KIND_WHEP,
  WC_KIND_TEST,
  WC_KIND_FILE,
  WC_KIND_FAILOVER,
} WcKind;

typedef enum {
  WC_RTSP_AUTO, /* UDP, and TCP when nothing comes */
  WC_RTSP_TCP,
  WC_RTSP_UDP,
} WcRtspTransport;

/** What is done about H.264 with B-frames, which browsers hardly play. */
typedef enum {
  WC_BFRAMES_AUTO,
  WC_BFRAMES_PASS,
  WC_BFRAMES_DROP,
  WC_BFRAMES_TRANSCODE,
} WcBFrames;

typedef struct {
  WcMedia media;
  WcCodec codec;
  guint16 port;      /* 0: choose */
  guint16 rtcp_port; /* 0: port + 1 */
  guint8 payload_type;
  gboolean payload_type_set; /* FALSE: take the source's */
  char *fmtp;                /* nullable */
  char *address;             /* to bind or join; "0.0.0.0" */
  char *interface;           /* nullable: where to join a multicast group */
  char *source;              /* nullable: the only sender allowed */
  guint32 clock_rate;
  guint8 channels;
} WcTrackSpec;

typedef struct WcMountpointSpec WcMountpointSpec;

struct WcMountpointSpec {
  char *id;
  WcKind kind;
  char *title;             /* nullable */
  gboolean persist;        /* API only; TRUE */
  gboolean enabled;        /* TRUE */
  char *watch_token;       /* nullable; write-only */
  char *publish_token;     /* nullable; write-only */
  char *manage_token;      /* nullable; write-only */
  char *watch_redirect;    /* nullable: where viewers are sent */
  char *publish_redirect;  /* nullable: where publishers are sent */
  guint source_timeout_ms; /* 2000 */
  guint viewer_grace_ms;   /* 30000 */
  char *sdp;               /* nullable: in place of tracks (kind=rtp) */
  char *sdp_file;          /* nullable: the same, configuration only */
  char *sdp_digest;        /* nullable: of what was in it; no key */
  GPtrArray *tracks;       /* of WcTrackSpec; at most one per medium */
  guint test_width, test_height, test_fps; /* kind=test: 1280, 720, 30 */
  char *url;                               /* rtsp, whep: where it is */
  WcRtspTransport transport;
  char *username, *password;  /* nullable; of an RTSP source */
  char *tls_fingerprint;      /* nullable; of an RTSPS source's certificate */
  char *source_token;         /* nullable; bearer token of a WHEP source */
  gboolean on_demand;         /* see wc_mountpoint_spec_is_on_demand () */
  guint on_demand_timeout_ms; /* 10000: how long viewers wait for it */
  guint on_demand_linger_ms;  /* 10000: how long it runs on without any */
  WcBFrames bframes;
  gboolean publisher_takeover; /* a second publisher takes the first's place */
  char *path;                  /* kind=file: below the files' directory */
  GPtrArray *sources; /* kind=failover: of WcMountpointSpec, best first; keys
                         that only mountpoints have are not theirs */
  guint
      return_after_ms; /* 5000: how long a better source must have been live */
  char *mountpoint;    /* nullable; of a source: it is that mountpoint's */
};

#define WC_MAX_SOURCES 8

void wc_track_spec_free (WcTrackSpec *spec);
WcTrackSpec *wc_track_spec_new (void);
WcTrackSpec *wc_track_spec_copy (const WcTrackSpec *spec);

WcMountpointSpec *wc_mountpoint_spec_new (void);
WcMountpointSpec *wc_mountpoint_spec_copy (const WcMountpointSpec *spec);
void wc_mountpoint_spec_free (WcMountpointSpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcMountpointSpec, wc_mountpoint_spec_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcTrackSpec, wc_track_spec_free)

/** The track of @media, or NULL. (transfer none) */
WcTrackSpec *wc_mountpoint_spec_track (const WcMountpointSpec *spec,
                                       WcMedia media);

/** Whether its source runs only while somebody watches: a kind that pulls, with
 * `on_demand`. */
gboolean wc_mountpoint_spec_is_on_demand (const WcMountpointSpec *spec);

/** "rtp", "rtsp-push", ... */
const char *wc_kind_name (WcKind kind);
/** "auto", "pass", ... */
const char *wc_bframes_name (WcBFrames bframes);

/** From the JSON object of a create request. An unknown key, a wrong type or a
 * value out of range is an error naming the key and what is allowed
 * (WC_CONFIG_ERROR_KEY or _VALUE). Does not look at the world: ports in use and
 * the like are the mountpoint's business. */
WcMountpointSpec *wc_mountpoint_spec_from_json (JsonObject *object,
                                                GError **error);

/** A copy of @base with the keys of a PATCH body changed: null gives a key its
 * default, "***" leaves a token as it is, `tracks` and `sdp` take each other's
 * place, and `tracks` is given whole. `id` and `kind` are refused. */
WcMountpointSpec *wc_mountpoint_spec_patched (const WcMountpointSpec *base,
                                              JsonObject *changes,
                                              GError **error);

/** The object that wc_mountpoint_spec_from_json () reads back. With
 * @hide_secrets tokens come out as "***" (for reading by the API), else as they
 * are (for the state file). (transfer full) */
JsonObject *wc_mountpoint_spec_to_json (const WcMountpointSpec *spec,
                                        gboolean hide_secrets);

/** What stands for @track in it. (transfer full) */
JsonObject *wc_track_spec_to_json (const WcTrackSpec *track);

/** TRUE if wc_mountpoint_spec_from_json () would take it: for what was made by
 * code, or from an SDP. */
gboolean wc_mountpoint_spec_check (const WcMountpointSpec *spec,
                                   GError **error);

gboolean wc_mountpoint_spec_equal (const WcMountpointSpec *a,
                                   const WcMountpointSpec *b);

/** TRUE if the source must be started anew to go from @old to @new_spec: a key
 * that it depends on differs. `title`, the tokens, `persist`, `enabled` and
 * `viewer_grace_ms` are none of these. */
gboolean wc_mountpoint_spec_needs_restart (const WcMountpointSpec *old,
                                           const WcMountpointSpec *new_spec);
