/* SPDX-License-Identifier: MIT */
#include "config/keys.h"
#include "config/check.h"
#include "config/config.h"
#include "config/key-row.h"

#define CONFIG(field) .flags = WC_KEY_FILE, FIELD (WcConfig, field)
/* Only the main thread may read these: they change while it runs. */
#define LIVE(field) .flags = WC_KEY_FILE | WC_KEY_LIVE, FIELD (WcConfig, field)

#define MAX_COUNT 1000000

static const char *const log_formats[] = {"text", "json", NULL};
static const char *const log_levels[] = {"error", "warning", "info", "debug",
                                         NULL};
static const char *const etag_modes[] = {"lenient", "strict", NULL};
static const char *const auth_modes[] = {"capability", "strict", NULL};
static const char *const metrics_modes[] = {"token", "open", NULL};
static const char *const profile_modes[] = {"relaxed", "strict", NULL};
static const char *const lanes[] = {"direct", "webrtcbin", NULL};
static const char *const all_origins[] = {"*", NULL};

static const WcKey server_keys[] = {
    {
        .name = "state-dir",
        STRING (MAX_PATH),
        .min = 1,
        .fallback = "/var/lib/whepcast",
        .allowed = "a directory, 1 to 4095 characters",
        .description =
            "Where mountpoints of the API and the admin token are kept.",
        CONFIG (state_dir),
    },
    {
        .name = "log-format",
        ENUM (log_formats),
        .fallback = "text",
        .description = "How lines on stderr look.",
        LIVE (log_format),
    },
    {
        .name = "log-level",
        ENUM (log_levels),
        .fallback = "info",
        .description = "The least important messages that are written.",
        LIVE (log_level),
    },
    {
        .name = "drain-ms",
        UINT (0, 86400000),
        .fallback = "0",
        .description = "How long viewers may stay after SIGTERM, which then "
                       "takes no new ones and ends when the last has left; a "
                       "second SIGTERM does not wait; 0: they may not.",
        LIVE (drain_ms),
    },
    {
        .name = "drain-to",
        STRING (2048),
        .check = wc_check_public_url,
        .fallback = "",
        .allowed = "empty, or http(s)://HOST[:PORT][/PATH]",
        .description = "Another server that they are sent to meanwhile: what "
                       "its URLs begin with, before /whep/.",
        LIVE (drain_to),
    },
};

static const WcKey http_keys[] = {
    {
        .name = "listen",
        .type = WC_KEY_LISTEN,
        .fallback = "0.0.0.0:8080",
        .allowed = "IP:PORT, [IPv6]:PORT, :PORT or PORT; port 0: any free one",
        .description = "Where HTTP is served.",
        .offset2 = offsetof (WcConfig, listen_port),
        CONFIG (listen_ip),
    },
    {
        .name = "public-url",
        STRING (2048),
        .check = wc_check_public_url,
        .fallback = "",
        .allowed = "empty, or http(s)://HOST[:PORT][/PATH]",
        .description =
            "What URLs in answers begin with, behind a proxy; empty: "
            "the request's Host.",
        LIVE (public_url),
    },
    {
        .name = "tls-certificate",
        STRING (MAX_PATH),
        .fallback = "",
        .allowed = "empty, or a file name of at most 4095 characters",
        .description = "A PEM file with the certificate and its chain: to "
                       "serve HTTPS without a proxy. Read again when it "
                       "changes.",
        LIVE (tls_certificate),
    },
    {
        .name = "tls-key",
        STRING (MAX_PATH),
        .fallback = "",
        .allowed = "empty, or a file name of at most 4095 characters",
        .description = "A PEM file with the certificate's private key.",
        LIVE (tls_key),
    },
    {
        .name = "cors-origins",
        LIST,
        .names = all_origins,
        .check = wc_check_origin,
        .fallback = "*",
        .allowed = "*, or a list of http(s)://HOST[:PORT], or empty for none",
        .description = "Pages of which origins may use the server.",
        LIVE (cors_origins),
    },
    {
        .name = "trusted-proxies",
        LIST,
        .check = wc_check_prefix,
        .fallback = "",
        .allowed = "empty, or a list of IP addresses and prefixes "
                   "(10.0.0.0/8)",
        .description = "Proxies whose X-Forwarded-For, X-Forwarded-Proto and "
                       "Forwarded are believed.",
        LIVE (trusted_proxies),
    },
    {
        .name = "etag",
        ENUM (etag_modes),
        .fallback = "lenient",
        .description =
            "Whether a PATCH of a session needs a matching If-Match.",
        LIVE (etag_strict),
    },
    {
        .name = "session-auth",
        ENUM (auth_modes),
        .fallback = "capability",
        .description = "Whether a session URL is enough, or its token is "
                       "needed as well (strict).",
        LIVE (session_auth_strict),
    },
    {
        .name = "token-in-query",
        STRING (64),
        .check = wc_check_visible,
        .fallback = "",
        .allowed = "empty, or a name of 1 to 64 visible ASCII characters",
        .description = "The name of a query parameter that may carry the token "
                       "of a viewer or publisher who cannot send fields: "
                       "access_token (RFC 6750). URLs end up in histories and "
                       "in logs of others; empty: none.",
        LIVE (token_in_query),
    },
    {
        .name = "metrics",
        ENUM (metrics_modes),
        .fallback = "token",
        .description = "Whether /metrics needs the admin token.",
        LIVE (metrics_open),
    },
};

static const WcKey ice_keys[] = {
    {
        .name = "udp-port",
        UINT (0, 65535),
        .fallback = "8189",
        .allowed = "0 to 65535; 0: any free one",
        .description = "The one UDP port of all viewers.",
        CONFIG (udp_port),
    },
    {
        .name = "tcp-port",
        .type = WC_KEY_TCP_PORT,
        .max = 65535,
        .fallback = "same",
        .allowed = "same, or 0 to 65535; 0: none",
        .description = "The one TCP port of viewers without UDP; same: the "
                       "number of udp-port.",
        CONFIG (tcp_port),
    },
    {
        .name = "addresses",
        LIST,
        .min = 1,
        .check = wc_check_advertised,
        .fallback = "auto",
        .allowed = "a list of numeric IP addresses, host names, and auto",
        .description = "The addresses that viewers are told, of a NAT for "
                       "example; auto: those of the interfaces, always behind "
                       "the others.",
        LIVE (addresses),
    },
    {
        .name = "addresses-refresh-ms",
        UINT (1000, 86400000),
        .fallback = "60000",
        .description = "How often the host names in it are looked up.",
        LIVE (addresses_refresh_ms),
    },
    {
        .name = "interfaces",
        LIST,
        .check = wc_check_interface_pattern,
        .fallback = "",
        .allowed = "empty for all, or a list of interface names; * and ? stand "
                   "for others, ! before a name leaves it out",
        .description = "The interfaces that auto looks at: eth0, or !docker*",
        LIVE (interfaces),
    },
    {
        .name = "ipv6",
        BOOL,
        .fallback = "true",
        .description = "Whether viewers may come over IPv6.",
        CONFIG (ipv6),
    },
    {
        .name = "dscp",
        UINT (0, 63),
        .fallback = "0",
        .description = "Marks what is sent to viewers with this code point "
                       "(RFC 2474), if the network treats any better: 34 is "
                       "AF41, 46 is EF (RFC 8837); 0: none.",
        CONFIG (dscp),
    },
    {
        .name = "consent-timeout-ms",
        UINT (2000, 120000),
        .fallback = "15000",
        .description = "A viewer not heard for so long is gone.",
        LIVE (consent_timeout_ms),
    },
    {
        .name = "connect-timeout-ms",
        UINT (1000, 120000),
        .fallback = "20000",
        .description =
            "A viewer not connected so long after its offer is gone.",
        LIVE (connect_timeout_ms),
    },
    {
        .name = "ice-servers",
        LIST,
        .check = wc_check_ice_server,
        .fallback = "",
        .allowed = "empty, or a list of stun(s):HOST[:PORT] and "
                   "turn(s):HOST[:PORT][?transport=udp|tcp]",
        .description = "STUN and TURN servers that viewers and publishers are "
                       "told in Link fields.",
        LIVE (ice_servers),
    },
    {
        .name = "ice-links-on-options",
        BOOL,
        .fallback = "true",
        .description = "Whether they are told also when they ask by OPTIONS, "
                       "as some clients do, with the token if it needs one.",
        LIVE (ice_links_on_options),
    },
    {
        .name = "turn-username",
        STRING (256),
        .check = wc_check_visible,
        .fallback = "",
        .allowed = "empty, or 1 to 256 visible ASCII characters",
        .description = "The user name for the TURN servers.",
        LIVE (turn_username),
    },
    {
        .name = "turn-password",
        STRING (MAX_TOKEN),
        .check = wc_check_visible,
        .fallback = "",
        .allowed = "empty, or 1 to 256 visible ASCII characters",
        .description = "The password that goes with it; every client is told.",
        FIELD (WcConfig, turn_password),
        .flags = WC_KEY_FILE | WC_KEY_SECRET | WC_KEY_LIVE,
    },
    {
        .name = "turn-secret",
        STRING (MAX_TOKEN),
        .check = wc_check_visible,
        .fallback = "",
        .allowed = "empty, or 1 to 256 visible ASCII characters",
        .description = "Instead of the two: the secret shared with coturn "
                       "(static-auth-secret). Each client is then told "
                       "credentials of its own, which expire.",
        FIELD (WcConfig, turn_secret),
        .flags = WC_KEY_FILE | WC_KEY_SECRET | WC_KEY_LIVE,
    },
    {
        .name = "turn-secret-file",
        STRING (MAX_PATH),
        .fallback = "",
        .allowed = "empty, or a file name of at most 4095 characters",
        .description = "A file with that secret, instead of the key above.",
        LIVE (turn_secret_file),
    },
    {
        .name = "turn-ttl-ms",
        UINT (60000, 604800000),
        .fallback = "86400000",
        .description = "How long such credentials are good.",
        LIVE (turn_ttl_ms),
    },
};

static const WcKey auth_keys[] = {
    {
        .name = "admin-token",
        STRING (MAX_TOKEN),
        .min = 8,
        .check = wc_check_visible,
        .fallback = "",
        .allowed = "empty, or 8 to 256 visible ASCII characters",
        .description = "Opens /api/ and /metrics; empty: that of the file "
                       "below, or one made at the first start and kept in "
                       "the state directory.",
        FIELD (WcConfig, admin_token),
        .flags = WC_KEY_FILE | WC_KEY_SECRET | WC_KEY_LIVE,
    },
    {
        .name = "admin-token-file",
        STRING (MAX_PATH),
        .fallback = "",
        .allowed = "empty, or a file name of at most 4095 characters",
        .description = "A file with the admin token, instead of the key above.",
        LIVE (admin_token_file),
    },
    {
        .name = "jwt-keys",
        STRING (MAX_PATH),
        .fallback = "",
        .allowed = "empty, a file name, or http(s)://...",
        .description = "A JWK Set, or PEM with public keys or certificates, "
                       "that signed tokens (HS256, RS256, ES256) are checked "
                       "with. With it, whatever has no token of its own needs "
                       "a signed one.",
        LIVE (jwt_keys),
    },
    {
        .name = "jwt-issuer",
        STRING (256),
        .check = wc_check_visible,
        .fallback = "",
        .allowed = "empty, or 1 to 256 visible ASCII characters",
        .description = "The iss that signed tokens must have; empty: any.",
        LIVE (jwt_issuer),
    },
    {
        .name = "jwt-audience",
        STRING (256),
        .check = wc_check_visible,
        .fallback = "",
        .allowed = "empty, or 1 to 256 visible ASCII characters",
        .description =
            "The aud that signed tokens must have; empty: they must have none.",
        LIVE (jwt_audience),
    },
    {
        .name = "hook-url",
        STRING (2048),
        .check = wc_check_public_url,
        .fallback = "",
        .allowed = "empty, or http(s)://HOST[:PORT][/PATH]",
        .description = "A URL that is asked, by POST, whether somebody may "
                       "watch or publish; 2xx is yes, no answer is no.",
        LIVE (hook_url),
    },
    {
        .name = "hook-timeout-ms",
        UINT (100, 30000),
        .fallback = "2000",
        .description = "How long its answer may take.",
        LIVE (hook_timeout_ms),
    },
    {
        .name = "hook-cache-ms",
        UINT (0, 3600000),
        .fallback = "5000",
        .description = "How long its answer holds for the same question.",
        LIVE (hook_cache_ms),
    },
};

static const WcKey limits_keys[] = {
    {
        .name = "max-viewers",
        UINT (0, MAX_COUNT),
        .fallback = "0",
        .allowed = "0 to 1000000; 0: unlimited",
        .description = "Viewers at once.",
        LIVE (max_viewers),
    },
    {
        .name = "max-viewers-per-mountpoint",
        UINT (0, MAX_COUNT),
        .fallback = "0",
        .allowed = "0 to 1000000; 0: unlimited",
        .description = "Viewers at once of one mountpoint.",
        LIVE (max_viewers_per_mountpoint),
    },
    {
        .name = "max-viewers-per-address",
        UINT (0, MAX_COUNT),
        .fallback = "0",
        .allowed = "0 to 1000000; 0: unlimited",
        .description = "Viewers at once of one IP address.",
        LIVE (max_viewers_per_address),
    },
    {
        .name = "max-mountpoints",
        UINT (0, MAX_COUNT),
        .fallback = "1000",
        .allowed = "0 to 1000000; 0: unlimited",
        .description = "Mountpoints, configured and of the API.",
        LIVE (max_mountpoints),
    },
    {
        .name = "joins-per-second",
        UINT (0, 10000),
        .fallback = "0",
        .allowed = "0 to 10000; 0: unlimited",
        .description = "New viewers within any second.",
        LIVE (joins_per_second),
    },
    {
        .name = "max-egress-bps",
        UINT (0, G_MAXINT64),
        .fallback = "0",
        .allowed = "0 to 9223372036854775807; 0: unlimited",
        .description = "Bits per second to all viewers; who comes when they "
                       "are used up is refused.",
        LIVE (max_egress_bps),
    },
    {
        .name = "max-pending",
        UINT (0, MAX_COUNT),
        .fallback = "1000",
        .allowed = "0 to 1000000; 0: unlimited",
        .description = "Viewers at once that are not connected yet.",
        LIVE (max_pending),
    },
    {
        .name = "max-snapshot-decoders",
        UINT (0, 16),
        .fallback = "2",
        .allowed = "0 to 16; 0: there are none",
        .description = "Key frames that are decoded at once for snapshot.jpg "
                       "and the posters of players.",
        LIVE (max_snapshot_decoders),
    },
};

static const WcKey rtp_keys[] = {
    {
        .name = "port-range",
        .type = WC_KEY_RANGE,
        .fallback = "20000-29999",
        .allowed = "FIRST-LAST, two different numbers of 1 to 65535",
        .description = "Ports for tracks that do not name one.",
        .offset2 = offsetof (WcConfig, port_max),
        CONFIG (port_min),
    },
    {
        .name = "latch-timeout-ms",
        UINT (100, 60000),
        .fallback = "500",
        .description =
            "A sender silent for so long may be replaced by another.",
        CONFIG (latch_timeout_ms),
    },
};

static const WcKey events_keys[] = {
    {
        .name = "webhook-url",
        STRING (2048),
        .check = wc_check_public_url,
        .fallback = "",
        .allowed = "empty, or http(s)://HOST[:PORT][/PATH]",
        .description = "A URL that is told by POST what happens, signed as "
                       "Standard Webhooks has it. Needs a secret.",
        LIVE (webhook_url),
    },
    {
        .name = "webhook-secret",
        STRING (MAX_TOKEN),
        .min = 16,
        .check = wc_check_visible,
        .fallback = "",
        .allowed = "empty, or 16 to 256 visible ASCII characters; with whsec_ "
                   "in front base64 of 24 to 64 bytes",
        .description = "What it is signed with.",
        FIELD (WcConfig, webhook_secret),
        .flags = WC_KEY_FILE | WC_KEY_SECRET | WC_KEY_LIVE,
    },
    {
        .name = "webhook-secret-file",
        STRING (MAX_PATH),
        .fallback = "",
        .allowed = "empty, or a file name of at most 4095 characters",
        .description = "A file with that secret, instead of the key above.",
        LIVE (webhook_secret_file),
    },
    {
        .name = "webhook-events",
        LIST,
        .check = wc_check_event_name,
        .fallback = "",
        .allowed = "empty for all, or a list of mountpoint, switch, removed, "
                   "joined, left",
        .description = "What it is told.",
        LIVE (webhook_events),
    },
    {
        .name = "webhook-timeout-ms",
        UINT (100, 30000),
        .fallback = "5000",
        .description = "How long its answer may take.",
        LIVE (webhook_timeout_ms),
    },
    {
        .name = "webhook-retry-ms",
        UINT (0, 86400000),
        .fallback = "3600000",
        .description = "How long an event that it does not take is sent again; "
                       "then it is lost.",
        LIVE (webhook_retry_ms),
    },
    {
        .name = "webhook-queue",
        UINT (1, 100000),
        .fallback = "1000",
        .description = "Events that wait to be sent; beyond it the oldest are "
                       "lost.",
        LIVE (webhook_queue),
    },
};

static const WcKey files_keys[] = {
    {
        .name = "directory",
        STRING (MAX_PATH),
        .check = g_path_is_absolute,
        .fallback = "",
        .allowed = "empty: none, or an absolute path of at most 4095 "
                   "characters",
        .description = "Below it are the media files of kind file.",
        CONFIG (files_directory),
    },
};

static const WcKey rtsp_keys[] = {
    {
        .name = "listen",
        .type = WC_KEY_LISTEN,
        .fallback = "0.0.0.0:8554",
        .allowed = "IP:PORT, [IPv6]:PORT, :PORT or PORT, port 0: any free one; "
                   "or empty: nowhere",
        .description = "Where publishers of rtsp-push mountpoints come; opened "
                       "with the first of these.",
        .offset2 = offsetof (WcConfig, rtsp_listen_port),
        .flags = WC_KEY_FILE | WC_KEY_NULLABLE,
        FIELD (WcConfig, rtsp_listen_ip),
    },
    {
        .name = "max-connections",
        UINT (1, 4096),
        .fallback = "256",
        .description = "Connections to that port at once.",
        LIVE (rtsp_max_connections),
    },
};

static const WcKey fanout_keys[] = {
    {
        .name = "lane",
        ENUM (lanes),
        .fallback = "direct",
        .description = "How media reaches a viewer: encrypted and sent by the "
                       "engine, or through its webrtcbin.",
        CONFIG (lane),
    },
    {
        .name = "workers",
        .type = WC_KEY_WORKERS,
        .min = 1,
        .max = 64,
        .fallback = "auto",
        .allowed = "auto, or 1 to 64",
        .description = "Threads that send; auto: one per usable processor.",
        CONFIG (workers),
    },
    {
        .name = "history-ms",
        UINT (500, 60000),
        .fallback = "2000",
        .description = "For how long packets can be sent again.",
        CONFIG (history_ms),
    },
    {
        .name = "gop-max-bytes",
        UINT (1 << 20, 1 << 30),
        .fallback = "16777216",
        .description = "The longest group of pictures that is kept for new "
                       "viewers, per track.",
        CONFIG (gop_max_bytes),
    },
    {
        .name = "fast-start",
        BOOL,
        .fallback = "true",
        .description = "Whether a new viewer starts with the kept group of "
                       "pictures instead of the next key frame.",
        LIVE (fast_start),
    },
    {
        .name = "h264-profile",
        ENUM (profile_modes),
        .fallback = "relaxed",
        .description = "Whether a viewer must offer the source's very H.264 "
                       "profile.",
        LIVE (h264_profile_strict),
    },
};

const WcKeyGroup wc_config_groups[WC_N_CONFIG_GROUPS] = {
    GROUP ("server", server_keys), GROUP ("http", http_keys),
    GROUP ("ice", ice_keys),       GROUP ("auth", auth_keys),
    GROUP ("limits", limits_keys), GROUP ("rtp", rtp_keys),
    GROUP ("rtsp", rtsp_keys),     GROUP ("files", files_keys),
    GROUP ("events", events_keys), GROUP ("fanout", fanout_keys),
};

const WcKeyGroup *
wc_config_group_find (const char *name)
{
  for (guint i = 0; i < WC_N_CONFIG_GROUPS; i++)
    if (g_str_equal (wc_config_groups[i].name, name))
      return &wc_config_groups[i];
  return NULL;
}
