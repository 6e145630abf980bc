/* SPDX-License-Identifier: MIT */
#include "http/push-line.h"

#include <string.h>

#define PACKET_SIZE 1200

static const char *const encoders[WC_N_SOURCE_CODECS] = {
    [WC_CODEC_H264] = "libx264 -preset veryfast -tune zerolatency "
                      "-pix_fmt yuv420p -g 60",
    [WC_CODEC_H265] = "libx265 -preset ultrafast -tune zerolatency "
                      "-pix_fmt yuv420p -g 60",
    [WC_CODEC_VP8] = "libvpx -deadline realtime -cpu-used 8 -b:v 2M "
                     "-pix_fmt yuv420p -g 60",
    [WC_CODEC_VP9] = "libvpx-vp9 -deadline realtime -cpu-used 8 -row-mt 1 "
                     "-b:v 2M -pix_fmt yuv420p -g 60 -strict experimental",
    [WC_CODEC_AV1] = "libsvtav1 -preset 12 -pix_fmt yuv420p -g 60 "
                     "-strict experimental",
    [WC_CODEC_OPUS] = "libopus -ar 48000 -ac 2",
    [WC_CODEC_PCMU] = "pcm_mulaw -ar 8000 -ac 1",
    [WC_CODEC_PCMA] = "pcm_alaw -ar 8000 -ac 1",
    [WC_CODEC_G722] = "g722 -ar 16000 -ac 1",
    [WC_CODEC_AAC] = "aac -b:a 128k",
    [WC_CODEC_LATM] = "aac -b:a 128k -rtpflags latm",
    [WC_CODEC_MPA] = "mp2 -b:a 128k",
    [WC_CODEC_G726_16] = "g726le -ar 8000 -ac 1 -b:a 16k",
    [WC_CODEC_G726_24] = "g726le -ar 8000 -ac 1 -b:a 24k",
    [WC_CODEC_G726_32] = "g726le -ar 8000 -ac 1 -b:a 32k",
    [WC_CODEC_G726_40] = "g726le -ar 8000 -ac 1 -b:a 40k",
    [WC_CODEC_AAL2_G726_16] = "g726 -ar 8000 -ac 1 -b:a 16k",
    [WC_CODEC_AAL2_G726_24] = "g726 -ar 8000 -ac 1 -b:a 24k",
    [WC_CODEC_AAL2_G726_32] = "g726 -ar 8000 -ac 1 -b:a 32k",
    [WC_CODEC_AAL2_G726_40] = "g726 -ar 8000 -ac 1 -b:a 40k",
    [WC_CODEC_L16] = "pcm_s16be",
    [WC_CODEC_L8] = "pcm_u8",
    [WC_CODEC_MULTIOPUS] = "libopus -mapping_family 1",
};

static const char *const inputs[WC_N_MEDIA] = {
    [WC_MEDIA_VIDEO] = "testsrc2=size=1280x720:rate=30",
    [WC_MEDIA_AUDIO] = "sine=frequency=440",
};

/* Where a socket bound to @ip (nullable) is reached by those who call us
 * @host. ffmpeg takes the first address of a name: that of localhost is often
 * ::1, where a socket of 0.0.0.0 hears nothing. */
static const char *
target_of (const char *ip, const char *host)
{
  WcAddress bound = {0};

  if (ip != NULL && wc_address_parse (&bound, ip, 0) &&
      !wc_address_is_any (&bound))
    return ip;
  if (g_ascii_strcasecmp (host, "localhost") == 0)
    return bound.sa.sa_family == AF_INET6 ? "::1" : "127.0.0.1";
  return host;
}

static void
append_host (GString *line, const char *host, guint16 port)
{
  gboolean v6 = strchr (host, ':') != NULL;

  g_string_append_printf (line, "%s%s%s:%u", v6 ? "[" : "", host, v6 ? "]" : "",
                          port);
}

/* Addresses to bind and the source are ours; the host is checked by whoever
 * gives it: nothing here needs quoting but the question mark. */
static void
append_target (GString *line, const WcIngestTrackInfo *track, const char *host)
{
  g_string_append (line, " -f rtp 'rtp://");
  append_host (line, target_of (track->address, host), track->port);
  g_string_append_printf (line, "?pkt_size=%d", PACKET_SIZE);
  if (track->rtcp_port != 0 && track->rtcp_port != track->port + 1)
    g_string_append_printf (line, "&rtcpport=%u", track->rtcp_port);
  g_string_append_c (line, '\'');
}

/* Of what has no rate of its own. */
static void
append_rate (GString *line, const WcIngestTrackInfo *track)
{
  const WcConversionStatus *source = &track->conversion;
  WcCodec codec = source->source;

  if (codec == WC_CODEC_MPA)
    g_string_append (line, " -ar 48000");
  else if (codec == WC_CODEC_AAC || codec == WC_CODEC_LATM ||
           codec == WC_CODEC_L16 || codec == WC_CODEC_L8)
    g_string_append_printf (line, " -ar %u -ac %u", source->clock_rate,
                            source->channels);
}

static void
append_encoder (GString *line, WcCodec codec, guint input)
{
  char letter = wc_codec_info (codec)->media == WC_MEDIA_VIDEO ? 'v' : 'a';

  g_string_append_printf (line, " -map %u:%c -c:%c %s", input, letter, letter,
                          encoders[codec]);
}

static void
append_output (GString *line, const WcIngestTrackInfo *track,
               const WcTrackSpec *spec, guint input, const char *host)
{
  append_encoder (line, track->conversion.source, input);
  append_rate (line, track);
  if (spec != NULL && spec->payload_type_set)
    g_string_append_printf (line, " -payload_type %u", spec->payload_type);
  append_target (line, track, host);
}

char *
wc_push_line_new (const WcIngestTrackInfo tracks[WC_N_MEDIA],
                  const WcTrackSpec *const specs[WC_N_MEDIA], const char *host)
{
  static const WcMedia order[] = {WC_MEDIA_VIDEO, WC_MEDIA_AUDIO};
  g_autoptr (GString) line = g_string_new ("ffmpeg -re");
  guint n = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (order); i++)
    if (tracks[order[i]].present && tracks[order[i]].port != 0)
      g_string_append_printf (line, "%s -f lavfi -i %s", n++ > 0 ? " -re" : "",
                              inputs[order[i]]);
  if (n == 0)
    return NULL;

  n = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (order); i++)
    if (tracks[order[i]].present && tracks[order[i]].port != 0)
      append_output (line, &tracks[order[i]], specs[order[i]], n++, host);
  return g_string_free (g_steal_pointer (&line), FALSE);
}

/* An id needs no quoting, and the token is for the shell to put in. */
char *
wc_push_line_new_rtsp (const WcMountpointSpec *spec, const WcConfig *config,
                       guint16 port, const char *host)
{
  g_autoptr (GString) line = g_string_new ("ffmpeg");

  g_string_append_printf (line, " -re -f lavfi -i %s -re -f lavfi -i %s",
                          inputs[WC_MEDIA_VIDEO], inputs[WC_MEDIA_AUDIO]);
  append_encoder (line, WC_CODEC_H264, 0);
  append_encoder (line, WC_CODEC_OPUS, 1);
  g_string_append (line, " -f rtsp -rtsp_transport tcp \"rtsp://");
  if (spec->publish_token != NULL)
    g_string_append (line, "publisher:$PUBLISH_TOKEN@");
  append_host (line, target_of (config->rtsp_listen_ip, host), port);
  g_string_append_printf (line, "/%s\"", spec->id);
  return g_string_free (g_steal_pointer (&line), FALSE);
}
