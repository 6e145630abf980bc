/* SPDX-License-Identifier: MIT */
/* The server's configuration: typed, complete (every key has a value) and
 * checked. Read from a GKeyFile, the environment and the command line, in
 * rising order of precedence. The one in force changes when it is read again
 * (change.h): any thread may look at fields whose keys are not WC_KEY_LIVE, the
 * main thread alone at the others. */
#pragma once

#include "base/address.h"
#include "base/log.h"
#include "config/spec.h"

#define WC_CONFIG_ERROR (wc_config_error_quark ())
GQuark wc_config_error_quark (void);

typedef enum {
  WC_CONFIG_ERROR_READ,  /* the file cannot be read or is no key file */
  WC_CONFIG_ERROR_KEY,   /* unknown or repeated key or group */
  WC_CONFIG_ERROR_VALUE, /* a value of the wrong type or out of range */
} WcConfigError;

/** `[ice] tcp-port`: the number that the UDP port gets. */
#define WC_TCP_PORT_SAME 65536

typedef enum { WC_LANE_DIRECT, WC_LANE_WEBRTCBIN } WcLaneKind;

typedef struct {
  /* [server] */
  char *state_dir;
  WcLogFormat log_format;
  WcLogLevel log_level;
  guint drain_ms; /* 0: SIGTERM does not wait for viewers to leave */
  char *drain_to; /* nullable: where they are sent */
  /* [http] */
  char *listen_ip;                 /* of `listen`; "0.0.0.0", "::", ... */
  guint16 listen_port;             /* 0: any (tests) */
  char *public_url;                /* nullable; without a trailing slash */
  char *tls_certificate, *tls_key; /* file names; both or none */
  char **cors_origins;             /* {"*"} */
  char **trusted_proxies;          /* IP addresses and prefixes */
  gboolean etag_strict;
  gboolean session_auth_strict;
  char *token_in_query; /* nullable; the name of the parameter */
  gboolean metrics_open;
  /* [ice] */
  guint16 udp_port; /* 0: any (tests) */
  guint tcp_port;   /* 0: none; or WC_TCP_PORT_SAME */
  char **addresses; /* to advertise: "auto", numeric ones, names */
  guint addresses_refresh_ms;
  char **interfaces; /* patterns, "!" before those to leave out; empty: all */
  gboolean ipv6;
  guint dscp; /* 0 to 63 */
  guint consent_timeout_ms;
  guint connect_timeout_ms; /* 20000: POST until ICE and DTLS are done */
  char **ice_servers;       /* URLs of STUN and TURN servers, for clients */
  gboolean ice_links_on_options;
  char *turn_username, *turn_password;  /* nullable */
  char *turn_secret, *turn_secret_file; /* nullable */
  guint64 turn_ttl_ms;
  /* [auth] */
  char *admin_token;               /* nullable */
  char *admin_token_file;          /* nullable */
  char *jwt_keys;                  /* nullable; a file name or a URL */
  char *jwt_issuer, *jwt_audience; /* nullable */
  char *hook_url;                  /* nullable */
  guint hook_timeout_ms, hook_cache_ms;
  /* [limits] */
  guint max_viewers, max_viewers_per_mountpoint, max_viewers_per_address;
  guint max_mountpoints;
  guint joins_per_second; /* 0: unlimited */
  guint64 max_egress_bps; /* 0: unlimited */
  guint max_pending;      /* sessions that are not connected yet */
  guint max_snapshot_decoders;
  /* [rtp] */
  guint16 port_min, port_max;
  guint latch_timeout_ms;
  /* [rtsp] */
  char *rtsp_listen_ip;     /* nullable: publishers cannot come by RTSP */
  guint16 rtsp_listen_port; /* 0: any (tests) */
  guint rtsp_max_connections;
  /* [files] */
  char *files_directory; /* nullable: no kind=file */
  /* [events] */
  char *webhook_url;                          /* nullable */
  char *webhook_secret, *webhook_secret_file; /* nullable */
  char **webhook_events;                      /* empty: all */
  guint webhook_timeout_ms, webhook_retry_ms, webhook_queue;
  /* [fanout] */
  WcLaneKind lane;
  guint workers; /* resolved; never 0 */
  guint history_ms;
  gsize gop_max_bytes;
  gboolean fast_start;
  gboolean h264_profile_strict;
  /* [mountpoint ...] in file order, of WcMountpointSpec */
  GPtrArray *mountpoints;
  char *file; /* nullable: where it was read from */
} WcConfig;

/** One more of several errors: a line of its own in the message of @error,
 * which has the domain and the code of the first. Takes @one. */
void wc_config_add_error (GError **error, GError *one);

/** Reads @file (nullable: defaults only), then WHEPCAST_GROUP_KEY from
 * @environment (nullable, as of g_get_environ ()). The error names file, group,
 * key and what is allowed, a line for everything that is wrong. */
WcConfig *wc_config_load (const char *file, char **environment, GError **error);
/** The same of the @size bytes at @data; @file is what messages call it. */
WcConfig *wc_config_parse (const char *file, const char *data, gsize size,
                           char **environment, GError **error);
void wc_config_free (WcConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcConfig, wc_config_free)

/** "ADDR:PORT", "[v6]:PORT", ":PORT" or "PORT" as for [http] listen. */
gboolean wc_config_set_listen (WcConfig *config, const char *listen,
                               GError **error);

/** Sets one key of a fixed group as if it stood in the file: for the command
 * line. The error says what is wrong, not where. */
gboolean wc_config_set (WcConfig *config, const char *group, const char *key,
                        const char *value, GError **error);
