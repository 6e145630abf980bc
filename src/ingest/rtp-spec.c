/* SPDX-License-Identifier: MIT */
#include "ingest/rtp-spec.h"

#include "ingest/ingest.h"
#include "sdp/source.h"

#include <string.h>

G_GNUC_PRINTF (3, 4)
static gboolean
refuse (const WcMountpointSpec *spec, GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
               "mountpoint \"%s\": %s", spec->id, text);
  return FALSE;
}

static WcTrackSpec *
track_from_sdp (const WcSdpSourceMedia *media)
{
  WcTrackSpec *track = wc_track_spec_new ();

  track->media = media->media;
  track->codec = media->codec;
  track->port = media->port;
  track->rtcp_port = media->rtcp_port;
  track->payload_type = media->payload_type;
  track->payload_type_set = TRUE;
  track->clock_rate = media->clock_rate;
  track->channels = media->channels;
  track->fmtp = g_strdup (media->fmtp);
  if (media->group != NULL) {
    g_free (track->address);
    track->address = g_strdup (media->group);
  }
  return track;
}

static gboolean
take_sdp (WcMountpointSpec *spec, const char *text, gsize size, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GPtrArray) media = wc_sdp_source_parse (text, size, &cause);

  if (media == NULL)
    return refuse (spec, error, "its SDP: %s", cause->message);
  g_ptr_array_set_size (spec->tracks, 0);
  for (guint i = 0; i < media->len; i++)
    g_ptr_array_add (spec->tracks,
                     track_from_sdp (g_ptr_array_index (media, i)));
  return TRUE;
}

static gboolean
take_sdp_file (WcMountpointSpec *spec, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *text = NULL;
  gsize size;

  if (!g_file_get_contents (spec->sdp_file, &text, &size, &cause))
    return refuse (spec, error, "sdp-file: %s", cause->message);
  return take_sdp (spec, text, size, error);
}

static gboolean
take_description (WcMountpointSpec *spec, GError **error)
{
  if (spec->sdp != NULL) {
    if (!take_sdp (spec, spec->sdp, strlen (spec->sdp), error))
      return FALSE;
    g_clear_pointer (&spec->sdp, g_free);
    return TRUE;
  }
  return spec->sdp_file == NULL || take_sdp_file (spec, error);
}

static guint
rtcp_port_of (const WcTrackSpec *track)
{
  return track->rtcp_port != 0 ? track->rtcp_port : track->port + 1u;
}

/* Two tracks of one mountpoint never share a port: see ports.h. */
static gboolean
check_ports (const WcMountpointSpec *spec, const WcTrackSpec *a,
             const WcTrackSpec *b, GError **error)
{
  if (a->port == 0 || b->port == 0)
    return TRUE;
  if (a->port == b->port)
    return refuse (spec, error, "both tracks have port %u; each needs its own",
                   a->port);
  if (rtcp_port_of (a) == b->port || rtcp_port_of (b) == a->port ||
      rtcp_port_of (a) == rtcp_port_of (b))
    return refuse (spec, error,
                   "port %u or %u is needed for RTCP; leave one free after "
                   "each port, or set `rtcp_port`",
                   rtcp_port_of (a), rtcp_port_of (b));
  return TRUE;
}

static gboolean
check_track (const WcMountpointSpec *spec, const WcTrackSpec *track,
             GError **error)
{
  const WcCodecInfo *info = wc_codec_info (track->codec);

  if (info->media != track->media)
    return refuse (spec, error, "codec %s is no %s codec", info->name,
                   wc_media_name (track->media));
  if (track->clock_rate == 0)
    return refuse (spec, error, "clock_rate of the %s track is 0; %s has %u",
                   wc_media_name (track->media), info->name, info->clock_rate);
  return TRUE;
}

gboolean
wc_rtp_spec_complete (WcMountpointSpec *spec, GError **error)
{
  if (!take_description (spec, error))
    return FALSE;
  if (spec->tracks->len == 0)
    return refuse (spec, error, "it has no tracks; give `tracks` or `sdp`");
  if (spec->tracks->len > WC_N_MEDIA)
    return refuse (spec, error,
                   "it has %u tracks; one video and one audio "
                   "track at most",
                   spec->tracks->len);

  const WcTrackSpec *first = g_ptr_array_index (spec->tracks, 0);
  if (!check_track (spec, first, error))
    return FALSE;
  if (spec->tracks->len == 1)
    return TRUE;

  const WcTrackSpec *second = g_ptr_array_index (spec->tracks, 1);
  if (first->media == second->media)
    return refuse (spec, error,
                   "it has two %s tracks; one video and one "
                   "audio track at most",
                   wc_media_name (first->media));
  return check_track (spec, second, error) &&
         check_ports (spec, first, second, error);
}
