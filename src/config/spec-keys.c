/* SPDX-License-Identifier: MIT */
#include "base/id.h"
#include "config/check.h"
#include "config/config.h"
#include "config/key-row.h"
#include "config/keys.h"

#define SPEC(field) FIELD (WcMountpointSpec, field)
#define TRACK(field) FIELD (WcTrackSpec, field)

#define TOKEN_RULE "1 to 256 visible ASCII characters"
#define REDIRECT_RULE "empty, or http(s)://HOST[:PORT][/PATH]"

static const char *const transports[] = {"auto", "tcp", "udp", NULL};
static const char *const bframes[] = {"auto", "pass", "drop", "transcode",
                                      NULL};
static const char *const kinds[] = {"rtp",  "rtsp", "rtsp-push", "whip", "whep",
                                    "test", "file", "failover",  NULL};
static const char *const media[] = {"audio", "video", NULL};
static const char *const codecs[] = {
    "H264",         "H265",         "VP8",          "VP9",
    "AV1",          "opus",         "PCMU",         "PCMA",
    "G722",         "AAC",          "MP4A-LATM",    "MPA",
    "G726-16",      "G726-24",      "G726-32",      "G726-40",
    "AAL2-G726-16", "AAL2-G726-24", "AAL2-G726-32", "AAL2-G726-40",
    "L16",          "L8",           "multiopus",    NULL};
/* The names of codec.h, by WcCodec. */
G_STATIC_ASSERT (G_N_ELEMENTS (codecs) == WC_N_SOURCE_CODECS + 1);

static const WcKey mountpoint_keys[] = {
    {
        .name = "id",
        STRING (64),
        .min = 1,
        .check = wc_id_is_valid,
        .flags = WC_KEY_JSON | WC_KEY_FIXED | WC_KEY_REQUIRED,
        .fallback = "",
        .allowed = WC_ID_RULE,
        .description = "What the mountpoint is called in URLs.",
        SPEC (id),
    },
    {
        .name = "kind",
        ENUM (kinds),
        .flags = WC_KEY_BOTH | WC_KEY_FIXED | WC_KEY_SOURCE,
        .fallback = "rtp",
        .description = "The kind of source.",
        SPEC (kind),
    },
    {
        .name = "title",
        STRING (200),
        .flags = WC_KEY_BOTH,
        .fallback = "",
        .allowed = "at most 200 characters, no control characters",
        .description = "What pages call it; empty: its id.",
        SPEC (title),
    },
    {
        .name = "enabled",
        BOOL,
        .flags = WC_KEY_BOTH,
        .fallback = "true",
        .description = "Whether it takes its source and viewers.",
        SPEC (enabled),
    },
    {
        .name = "persist",
        BOOL,
        .flags = WC_KEY_JSON,
        .fallback = "true",
        .description = "Whether it survives a restart of the server.",
        SPEC (persist),
    },
    {
        .name = "watch-token",
        STRING (MAX_TOKEN),
        .check = wc_check_visible,
        .flags = WC_KEY_BOTH | WC_KEY_SECRET,
        .fallback = "",
        .allowed = TOKEN_RULE,
        .description = "The bearer token that viewers need; empty: none.",
        SPEC (watch_token),
    },
    {
        .name = "publish-token",
        STRING (MAX_TOKEN),
        .check = wc_check_visible,
        .flags = WC_KEY_BOTH | WC_KEY_SECRET,
        .kinds = BIT (WC_KIND_WHIP) | BIT (WC_KIND_RTSP_PUSH),
        .fallback = "",
        .allowed = TOKEN_RULE,
        .description = "The bearer token that publishers need; empty: none.",
        SPEC (publish_token),
    },
    {
        .name = "manage-token",
        STRING (MAX_TOKEN),
        .check = wc_check_visible,
        .flags = WC_KEY_BOTH | WC_KEY_SECRET,
        .fallback = "",
        .allowed = TOKEN_RULE,
        .description = "A bearer token that opens this mountpoint in the API; "
                       "empty: only the admin token does.",
        SPEC (manage_token),
    },
    {
        .name = "watch-redirect",
        STRING (2048),
        .check = wc_check_public_url,
        .flags = WC_KEY_BOTH,
        .fallback = "",
        .allowed = REDIRECT_RULE,
        .description = "Another WHEP endpoint that viewers are sent to, by a "
                       "307; empty: none.",
        SPEC (watch_redirect),
    },
    {
        .name = "publish-redirect",
        STRING (2048),
        .check = wc_check_public_url,
        .flags = WC_KEY_BOTH,
        .kinds = BIT (WC_KIND_WHIP),
        .fallback = "",
        .allowed = REDIRECT_RULE,
        .description = "Another WHIP endpoint that publishers are sent to, by "
                       "a 307; empty: none.",
        SPEC (publish_redirect),
    },
    {
        .name = "source-timeout-ms",
        UINT (200, 600000),
        .flags = WC_KEY_BOTH | WC_KEY_RESTART | WC_KEY_SOURCE,
        .fallback = "2000",
        .description = "A source silent for so long is lost.",
        SPEC (source_timeout_ms),
    },
    {
        .name = "viewer-grace-ms",
        UINT (0, 3600000),
        .flags = WC_KEY_BOTH,
        .fallback = "30000",
        .description = "How long viewers stay when the source is lost.",
        SPEC (viewer_grace_ms),
    },
    {
        .name = "tracks",
        .type = WC_KEY_TRACKS,
        .flags = WC_KEY_JSON | WC_KEY_RESTART | WC_KEY_SOURCE,
        .kinds = BIT (WC_KIND_RTP),
        .fallback = "",
        .allowed = "an array of one or two objects: one video and one audio "
                   "track at most",
        .description = "What the source sends.",
        SPEC (tracks),
    },
    {
        .name = "sdp",
        STRING (65536),
        .flags = WC_KEY_JSON | WC_KEY_RESTART | WC_KEY_TEXT | WC_KEY_SOURCE,
        .kinds = BIT (WC_KIND_RTP),
        .fallback = "",
        .allowed = "at most 65536 characters",
        .description = "An SDP that describes the tracks, in place of them.",
        SPEC (sdp),
    },
    {
        .name = "sdp-file",
        STRING (MAX_PATH),
        .flags = WC_KEY_FILE | WC_KEY_RESTART | WC_KEY_SOURCE,
        .kinds = BIT (WC_KIND_RTP),
        .fallback = "",
        .allowed = "empty, or a file name of at most 4095 characters",
        .description = "A file with an SDP that describes the tracks, in place "
                       "of [track ...] groups; relative to this file.",
        SPEC (sdp_file),
    },
    {
        .name = "test-width",
        UINT (64, 3840),
        .check = wc_check_even,
        .flags = WC_KEY_BOTH | WC_KEY_RESTART | WC_KEY_SOURCE,
        .kinds = BIT (WC_KIND_TEST),
        .fallback = "1280",
        .allowed = "64 to 3840, even",
        .description = "Pixels in a line of the test picture.",
        SPEC (test_width),
    },
    {
        .name = "test-height",
        UINT (64, 2160),
        .check = wc_check_even,
        .flags = WC_KEY_BOTH | WC_KEY_RESTART | WC_KEY_SOURCE,
        .kinds = BIT (WC_KIND_TEST),
        .fallback = "720",
        .allowed = "64 to 2160, even",
        .description = "Lines of the test picture.",
        SPEC (test_height),
    },
    {
        .name = "test-fps",
        UINT (1, 60),
        .flags = WC_KEY_BOTH | WC_KEY_RESTART | WC_KEY_SOURCE,
        .kinds = BIT (WC_KIND_TEST),
        .fallback = "30",
        .description = "Test pictures in a second.",
        SPEC (test_fps),
    },
    {
        .name = "url",
        STRING (2048),
        .check = wc_check_visible,
        .flags = WC_KEY_BOTH | WC_KEY_RESTART | WC_KEY_URL | WC_KEY_SOURCE,
        .kinds = BIT (WC_KIND_RTSP) | BIT (WC_KIND_WHEP),
        .fallback = "",
        .allowed = "a URL of 1 to 2048 visible ASCII characters: rtsp(s)://... "
                   "for kind rtsp, http(s)://... for kind whep",
        .description = "Where the source is pulled from. A password in it is "
                       "not shown.",
        .example = "rtsp://192.0.2.10/stream",
        SPEC (url),
    },
    {
        .name = "transport",
        ENUM (transports),
        .flags = WC_KEY_BOTH | WC_KEY_RESTART | WC_KEY_SOURCE,
        .kinds = BIT (WC_KIND_RTSP),
        .fallback = "auto",
        .description = "How an RTSP source sends; auto: UDP, and TCP when "
                       "nothing comes.",
        SPEC (transport),
    },
    {
        .name = "username",
        STRING (256),
        .flags = WC_KEY_BOTH | WC_KEY_RESTART | WC_KEY_SOURCE,
        .kinds = BIT (WC_KIND_RTSP),
        .fallback = "",
        .allowed = "at most 256 characters, no control characters",
        .description = "The user name that an RTSP source asks for.",
        SPEC (username),
    },
    {
        .name = "password",
        STRING (256),
        .flags = WC_KEY_BOTH | WC_KEY_RESTART | WC_KEY_SECRET | WC_KEY_SOURCE,
        .kinds = BIT (WC_KIND_RTSP),
        .fallback = "",
        .allowed = "at most 256 characters, no control characters",
        .description = "The password that an RTSP source asks for.",
        SPEC (password),
    },
    {
        .name = "tls-fingerprint",
        STRING (95),
        .check = wc_check_fingerprint,
        .flags = WC_KEY_BOTH | WC_KEY_RESTART | WC_KEY_SOURCE,
        .kinds = BIT (WC_KIND_RTSP) | BIT (WC_KIND_WHEP),
        .fallback = "",
        .allowed = "empty, or 64 hexadecimal digits, colons between them or "
                   "not",
        .description = "The SHA-256 of the certificate of an rtsps:// or "
                       "https:// source that no authority vouches for.",
        SPEC (tls_fingerprint),
    },
    {
        .name = "source-token",
        STRING (MAX_TOKEN),
        .check = wc_check_visible,
        .flags = WC_KEY_BOTH | WC_KEY_RESTART | WC_KEY_SECRET | WC_KEY_SOURCE,
        .kinds = BIT (WC_KIND_WHEP),
        .fallback = "",
        .allowed = TOKEN_RULE,
        .description = "The bearer token that the WHEP server asks for.",
        SPEC (source_token),
    },
    {
        .name = "on-demand",
        BOOL,
        .flags = WC_KEY_BOTH,
        .kinds = BIT (WC_KIND_RTSP) | BIT (WC_KIND_WHEP),
        .fallback = "true",
        .description = "Whether the source is pulled only while somebody "
                       "watches.",
        SPEC (on_demand),
    },
    {
        .name = "on-demand-timeout-ms",
        UINT (500, 50000),
        .flags = WC_KEY_BOTH,
        .kinds = BIT (WC_KIND_RTSP) | BIT (WC_KIND_WHEP),
        .fallback = "10000",
        .description = "How long the first viewer waits for a source on "
                       "demand.",
        SPEC (on_demand_timeout_ms),
    },
    {
        .name = "on-demand-linger-ms",
        UINT (0, 3600000),
        .flags = WC_KEY_BOTH,
        .kinds = BIT (WC_KIND_RTSP) | BIT (WC_KIND_WHEP),
        .fallback = "10000",
        .description = "How long a source on demand runs on after its last "
                       "viewer.",
        SPEC (on_demand_linger_ms),
    },
    {
        .name = "bframes",
        ENUM (bframes),
        .flags = WC_KEY_BOTH | WC_KEY_RESTART | WC_KEY_SOURCE,
        .fallback = "auto",
        .description =
            "What is done about H.264 and H.265 with B-frames, which "
            "browsers hardly play: pass them on, drop those that no "
            "other frame refers to, transcode while somebody "
            "watches; auto: drop if that is enough, else transcode.",
        SPEC (bframes),
    },
    {
        .name = "publisher-takeover",
        BOOL,
        .flags = WC_KEY_BOTH,
        .kinds = BIT (WC_KIND_WHIP) | BIT (WC_KIND_RTSP_PUSH),
        .fallback = "false",
        .description = "Whether a second publisher takes the place of the "
                       "first, or is refused.",
        SPEC (publisher_takeover),
    },
    {
        .name = "path",
        STRING (MAX_PATH),
        .flags = WC_KEY_FILE | WC_KEY_RESTART | WC_KEY_SOURCE,
        .kinds = BIT (WC_KIND_FILE),
        .fallback = "",
        .allowed = "a file name of 1 to 4095 characters, relative to [files] "
                   "directory",
        .description = "The media file that is played over and over: Matroska, "
                       "WebM, MP4 or MPEG-TS.",
        .example = "slate.mkv",
        SPEC (path),
    },
    {
        .name = "sources",
        .type = WC_KEY_SOURCES,
        .flags = WC_KEY_JSON | WC_KEY_RESTART,
        .kinds = BIT (WC_KIND_FAILOVER),
        .fallback = "",
        .allowed = "an array of 1 to 8 objects, each with the keys of a source "
                   "or with \"mountpoint\" alone",
        .description = "Where it is taken from, the best first.",
        SPEC (sources),
    },
    {
        .name = "return-after-ms",
        UINT (0, 3600000),
        .flags = WC_KEY_BOTH,
        .kinds = BIT (WC_KIND_FAILOVER),
        .fallback = "5000",
        .description = "How long a better source must have been live before it "
                       "is taken again.",
        SPEC (return_after_ms),
    },
    {
        .name = "mountpoint",
        STRING (64),
        .check = wc_id_is_valid,
        .flags = WC_KEY_BOTH | WC_KEY_SOURCE_ALONE,
        .fallback = "",
        .allowed = "empty, or the id of a mountpoint",
        .description = "The mountpoint whose source this is; then no other key "
                       "is given.",
        .example = "slate",
        SPEC (mountpoint),
    },
};

const WcKeyGroup wc_mountpoint_group = GROUP ("mountpoint", mountpoint_keys);

static const WcKey track_keys[] = {
    {
        .name = "media",
        ENUM (media),
        .flags = WC_KEY_JSON | WC_KEY_REQUIRED,
        .fallback = "audio",
        .description = "What the track carries.",
        TRACK (media),
    },
    {
        .name = "codec",
        ENUM (codecs),
        .flags = WC_KEY_BOTH | WC_KEY_REQUIRED | WC_KEY_ANY_CASE,
        .fallback = "H264",
        .description = "How it is encoded. This key is required; case is "
                       "ignored.",
        TRACK (codec),
    },
    {
        .name = "port",
        UINT (0, 65535),
        .flags = WC_KEY_BOTH,
        .fallback = "0",
        .allowed = "0 to 65535; 0: one is chosen from [rtp] port-range",
        .description = "The UDP port that RTP is sent to.",
        TRACK (port),
    },
    {
        .name = "rtcp-port",
        UINT (0, 65535),
        .flags = WC_KEY_BOTH,
        .fallback = "0",
        .allowed = "0 to 65535; 0: port + 1",
        .description = "The UDP port that RTCP is sent to.",
        TRACK (rtcp_port),
    },
    {
        .name = "payload-type",
        UINT (0, 127),
        .check = wc_check_payload_type,
        .flags = WC_KEY_BOTH | WC_KEY_NULLABLE,
        .fallback = "",
        .allowed = "0 to 127 without 64 to 95 (those look like RTCP)",
        .description = "The RTP payload type; empty: the source's.",
        .offset2 = offsetof (WcTrackSpec, payload_type_set),
        TRACK (payload_type),
    },
    {
        .name = "fmtp",
        STRING (4096),
        .flags = WC_KEY_BOTH,
        .fallback = "",
        .allowed = "at most 4096 characters, no control characters",
        .description = "The parameters of the codec, as after a=fmtp in SDP.",
        TRACK (fmtp),
    },
    {
        .name = "address",
        STRING (64),
        .min = 1,
        .check = wc_check_ip,
        .flags = WC_KEY_BOTH,
        .fallback = "0.0.0.0",
        .allowed = "a numeric IP address",
        .description = "The address to listen on; a multicast group is joined.",
        TRACK (address),
    },
    {
        .name = "interface",
        STRING (15),
        .check = wc_check_interface,
        .flags = WC_KEY_BOTH,
        .fallback = "",
        .allowed = "empty, or an interface name",
        .description = "Where to join a multicast group; empty: as routed.",
        TRACK (interface),
    },
    {
        .name = "source",
        STRING (64),
        .check = wc_check_unicast_ip,
        .flags = WC_KEY_BOTH,
        .fallback = "",
        .allowed = "empty, or a numeric unicast IP address",
        .description = "The only sender that is listened to; empty: any.",
        TRACK (source),
    },
    {
        .name = "clock-rate",
        UINT (8000, 96000),
        .flags = WC_KEY_BOTH | WC_KEY_NULLABLE,
        .fallback = "",
        .allowed = "90000 for video and MPA, 48000 for opus, 8000 for G722 and "
                   "G726, 8000 to 96000 for the others",
        .description = "The RTP clock in Hz; empty: that of the codec.",
        TRACK (clock_rate),
    },
    {
        .name = "channels",
        UINT (1, 8),
        .flags = WC_KEY_BOTH | WC_KEY_NULLABLE,
        .fallback = "",
        .allowed = "1 to 8, of audio alone; opus is always 2",
        .description = "Audio channels; empty: those of the codec.",
        TRACK (channels),
    },
};

const WcKeyGroup wc_track_group = GROUP ("track", track_keys);
