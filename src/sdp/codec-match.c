/* SPDX-License-Identifier: MIT */
#include "sdp/codec-match.h"

#include "sdp/fmtp.h"
#include "sdp/h264-profile.h"

#include <string.h>

/* What a track is taken for until its profile was seen. */
#define H264_UNKNOWN "42e01f"

enum {
  RANK_NONE,
  /* H.264 only: profiles that do not fit, 10 + the profile's place. */
  RANK_RELAXED = 10,
  RANK_WILDCARD = 20, /* the offer does not say */
  RANK_SUPERSET = 30, /* a decoder that can do more, less the distance */
  RANK_EXACT = 50,
};

/* --- H.264: RFC 6184 section 8.2.2 ---------------------------------------- */

static const char *
h264_profile_level_id (const WcSdpTrack *track)
{
  WcH264Profile profile;

  return wc_h264_profile_parse (track->profile, &profile) ? track->profile
                                                          : H264_UNKNOWN;
}

static guint
rank_h264_profile (const char *offered, const WcSdpTrack *track,
                   const WcSdpPolicy *policy)
{
  WcH264Profile decoder, stream = WC_H264_CONSTRAINED_BASELINE;

  if (!wc_h264_profile_parse (offered, &decoder))
    return RANK_NONE;
  wc_h264_profile_parse (h264_profile_level_id (track), &stream);

  if (decoder == stream)
    return RANK_EXACT;
  if (wc_h264_profile_decodes (decoder, stream))
    return RANK_SUPERSET + WC_H264_HIGH_444 - decoder;
  if (policy->h264_profile_strict)
    return RANK_NONE;
  return RANK_RELAXED + decoder;
}

/* We send FU-A and STAP-A, so packetization-mode=1 is needed; who says neither
 * mode nor profile (GStreamer's whepsrc) takes anything. */
static guint
rank_h264 (const WcSdpFormat *format, const WcSdpTrack *track,
           const WcSdpPolicy *policy)
{
  g_autofree char *offered = wc_sdp_fmtp_dup (format->fmtp, "profile-level-id");
  gint mode = wc_sdp_fmtp_get_int (format->fmtp, "packetization-mode",
                                   offered == NULL ? 1 : 0);

  if (mode != 1)
    return RANK_NONE;
  if (offered == NULL)
    return RANK_WILDCARD;
  return rank_h264_profile (offered, track, policy);
}

/* Firefox ignores an answer without profile-level-id (jicofo #245). */
static char *
answer_h264 (const WcSdpFormat *format, const WcSdpTrack *track)
{
  g_autofree char *offered = wc_sdp_fmtp_dup (format->fmtp, "profile-level-id");

  return g_strdup_printf (
      "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=%s",
      offered != NULL ? offered : h264_profile_level_id (track));
}

/* --- the others ------------------------------------------------------------
 */

static gint
track_profile (const WcSdpTrack *track, gint fallback)
{
  guint64 profile;

  if (track->profile == NULL ||
      !g_ascii_string_to_unsigned (track->profile, 10, 0, 31, &profile, NULL))
    return fallback;
  return (gint)profile;
}

/* RFC 7798 section 7.2.2; the tier only limits downwards, the level too. */
static guint
rank_h265 (const WcSdpFormat *format, const WcSdpTrack *track)
{
  g_autofree char *mode = wc_sdp_fmtp_dup (format->fmtp, "tx-mode");
  gint offered = wc_sdp_fmtp_get_int (format->fmtp, "profile-id", 1);
  gint tier = wc_sdp_fmtp_get_int (format->fmtp, "tier-flag", 0);
  gint profile = track_profile (track, 1);

  if ((mode != NULL && g_ascii_strcasecmp (mode, "SRST") != 0) ||
      (tier != 0 && tier != 1))
    return RANK_NONE;
  if (offered == profile)
    return RANK_EXACT - tier;
  /* Main 10 decodes Main (H.265 section A.3.3). */
  return offered == 2 && profile == 1 ? RANK_SUPERSET - tier : RANK_NONE;
}

/* RFC 9628 section 6.2: a profile-id is one decoder, not a scale. */
static guint
rank_vp9 (const WcSdpFormat *format, const WcSdpTrack *track)
{
  gint offered = wc_sdp_fmtp_get_int (format->fmtp, "profile-id", 0);

  return offered == track_profile (track, 0) ? RANK_EXACT : RANK_NONE;
}

/* AV1-RTP section 7.2.3: a higher profile includes the lower ones. */
static guint
rank_av1 (const WcSdpFormat *format, const WcSdpTrack *track)
{
  gint offered = wc_sdp_fmtp_get_int (format->fmtp, "profile", 0);
  gint profile = track_profile (track, 0);

  if (offered > 2 || offered < profile)
    return RANK_NONE;
  return offered == profile ? RANK_EXACT : RANK_SUPERSET - offered;
}

guint
wc_sdp_codec_rank (const WcSdpFormat *format, const WcSdpTrack *track,
                   const WcSdpPolicy *policy)
{
  const WcCodecInfo *info = wc_codec_info (track->codec);
  guint32 clock_rate =
      track->clock_rate != 0 ? track->clock_rate : info->clock_rate;

  /* By name alone: red, rtx, ulpfec, telephone-event, CN and multiopus are
   * none of ours. */
  if (format->name == NULL ||
      g_ascii_strcasecmp (format->name, info->name) != 0 ||
      format->clock_rate != clock_rate || track->channels > info->channels ||
      !wc_sdp_payload_type_is_usable (format->payload_type))
    return RANK_NONE;

  switch (track->codec) {
  case WC_CODEC_H264:
    return rank_h264 (format, track, policy);
  case WC_CODEC_H265:
    return rank_h265 (format, track);
  case WC_CODEC_VP9:
    return rank_vp9 (format, track);
  case WC_CODEC_AV1:
    return rank_av1 (format, track);
  case WC_CODEC_OPUS: /* always opus/48000/2, but whepsrc leaves the /2 out */
    return format->channels <= 2 ? RANK_EXACT : RANK_NONE;
  case WC_CODEC_PCMU:
  case WC_CODEC_PCMA:
  case WC_CODEC_G722:
    return format->channels == 1 ? RANK_EXACT : RANK_NONE;
  case WC_CODEC_VP8:
    return RANK_EXACT;
  }
  return RANK_NONE;
}

/* The offered ones of @keys whose values are numbers. */
static char *
echo_numbers (const char *fmtp, const char *const *keys)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; keys[i] != NULL; i++) {
    gint value = wc_sdp_fmtp_get_int (fmtp, keys[i], -1);

    if (value >= 0)
      g_string_append_printf (out, "%s%s=%d", out->len > 0 ? ";" : "", keys[i],
                              value);
  }
  return g_string_free (out, out->len == 0);
}

static char *
answer_h265 (const char *fmtp)
{
  static const char *const keys[] = {"level-id", "profile-id", "tier-flag",
                                     NULL};
  g_autofree char *numbers = echo_numbers (fmtp, keys);

  if (!wc_sdp_fmtp_has (fmtp, "tx-mode"))
    return g_steal_pointer (&numbers);
  return g_strdup_printf ("%s%stx-mode=SRST", numbers != NULL ? numbers : "",
                          numbers != NULL ? ";" : "");
}

/* Without stereo=1 in the answer Chrome plays mono (RFC 7587 section 7). */
static char *
answer_opus (const WcSdpFormat *format, const WcSdpTrack *track)
{
  if (wc_sdp_fmtp_get_int (format->fmtp, "stereo", 0) != 1)
    return NULL;
  return g_strdup (track->channels == 2 ? "stereo=1;sprop-stereo=1"
                                        : "stereo=1");
}

char *
wc_sdp_codec_answer_fmtp (const WcSdpFormat *format, const WcSdpTrack *track)
{
  static const char *const vp9_keys[] = {"profile-id", NULL};
  static const char *const av1_keys[] = {"level-idx", "profile", "tier", NULL};

  switch (track->codec) {
  case WC_CODEC_H264:
    return answer_h264 (format, track);
  case WC_CODEC_H265:
    return answer_h265 (format->fmtp);
  case WC_CODEC_VP9:
    return echo_numbers (format->fmtp, vp9_keys);
  case WC_CODEC_AV1:
    return echo_numbers (format->fmtp, av1_keys);
  case WC_CODEC_OPUS:
    return answer_opus (format, track);
  case WC_CODEC_VP8:
  case WC_CODEC_PCMU:
  case WC_CODEC_PCMA:
  case WC_CODEC_G722:
    return NULL;
  }
  return NULL;
}

gboolean
wc_sdp_payload_type_is_usable (guint payload_type)
{
  return payload_type < 64 || (payload_type > 95 && payload_type < 128);
}
