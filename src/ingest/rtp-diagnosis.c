/* SPDX-License-Identifier: MIT */
#include "ingest/rtp-diagnosis.h"

/* When it is worth a word that there is still no start point: longer than most
 * encoders' key-frame interval. */
#define PATIENCE_S 5
/* What was not taken is talked about as long as it goes on. */
#define RECENT_US (3 * G_USEC_PER_SEC)

static gboolean
is_recent (gint64 time_us, gint64 now_us)
{
  return time_us != 0 && now_us - time_us < RECENT_US;
}

/* "H264 (RFC 6184)" */
static char *
codec_rfc (WcCodec codec)
{
  static const char *const rfcs[WC_N_SOURCE_CODECS] = {
      [WC_CODEC_H264] = "RFC 6184",   [WC_CODEC_H265] = "RFC 7798",
      [WC_CODEC_VP8] = "RFC 7741",    [WC_CODEC_VP9] = "RFC 9628",
      [WC_CODEC_AV1] = "AV1 RTP 1.0", [WC_CODEC_OPUS] = "RFC 7587",
      [WC_CODEC_AAC] = "RFC 3640",    [WC_CODEC_LATM] = "RFC 6416",
      [WC_CODEC_MPA] = "RFC 2250",
  };
  const char *rfc = rfcs[codec] != NULL ? rfcs[codec] : "RFC 3551";

  return g_strdup_printf ("%s (%s)", wc_codec_info (codec)->name, rfc);
}

/* Packets came, but none that could be taken. */
static char *
explain_silence (const WcTrackSpec *spec, const WcRtpTrackStatus *status,
                 gint64 now_us)
{
  char seen[WC_ADDRESS_STRLEN];

  if (is_recent (status->wrong_payload_type_us, now_us))
    return g_strdup_printf ("payload type %u came on port %u, %u was expected",
                            status->wrong_payload_type_seen, spec->port,
                            spec->payload_type);
  if (is_recent (status->wrong_sender_us, now_us))
    return g_strdup_printf (
        "packets of %s came to port %u, only %s may send there",
        wc_address_ip (&status->wrong_sender_seen, seen), spec->port,
        spec->source);
  return NULL;
}

static char *
explain_mismatch (const WcTrackSpec *spec, const WcRtpTrackStatus *status)
{
  g_autofree char *guess = wc_rtp_guess_describe (&status->guess);
  g_autofree char *wanted = codec_rfc (spec->codec);

  return g_strdup_printf ("what arrives on port %u is not %s: %s", spec->port,
                          wanted, guess);
}

static char *
explain_waiting (const WcTrackSpec *spec, const WcRtpStats *input)
{
  if (input->no_parameter_sets > 0)
    return g_strdup_printf (
        "no %sSPS and PPS came in band on port %u for %u s; describe the "
        "source by its SDP, or let ffmpeg send them: -bsf:v %s_mp4toannexb",
        spec->codec == WC_CODEC_H265 ? "VPS, " : "", spec->port, PATIENCE_S,
        spec->codec == WC_CODEC_H265 ? "hevc" : "h264");
  return g_strdup_printf (
      "no key frame came on port %u for %u s; let the encoder make one every "
      "2 s or so",
      spec->port, PATIENCE_S);
}

static char *
explain_playing (const WcTrackSpec *spec, const WcRtpTrackStatus *status,
                 gint64 now_us)
{
  if (!is_recent (status->second_sender_us, now_us))
    return NULL;
  return g_strdup_printf (
      "a second sender on port %u is ignored; one at a time", spec->port);
}

void
wc_rtp_diagnose (WcRtpDiagnosis *diagnosis, const WcTrackSpec *spec,
                 const WcRtpTrackStatus *status, const WcRtpStats *input,
                 const WcTrackStats *stats, guint timeout_ms, gint64 now_us)
{
  gint64 patience_us = PATIENCE_S * G_USEC_PER_SEC;

  diagnosis->reason = NULL;
  if (status->last_packet_us == 0 ||
      now_us - status->last_packet_us >= (gint64)timeout_ms * 1000) {
    diagnosis->verdict = WC_RTP_SILENT;
    diagnosis->reason = explain_silence (spec, status, now_us);
  } else if (status->mismatch) {
    diagnosis->verdict = WC_RTP_MISMATCH;
    diagnosis->reason = explain_mismatch (spec, status);
  } else if (!stats->has_start) {
    diagnosis->verdict = WC_RTP_WAITING;
    if (now_us - status->since_us >= patience_us)
      diagnosis->reason = explain_waiting (spec, input);
  } else {
    diagnosis->verdict = WC_RTP_PLAYING;
    diagnosis->reason = explain_playing (spec, status, now_us);
  }
}

void
wc_rtp_diagnosis_clear (WcRtpDiagnosis *diagnosis)
{
  g_clear_pointer (&diagnosis->reason, g_free);
}
