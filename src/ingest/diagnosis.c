/* SPDX-License-Identifier: MIT */
#include "ingest/diagnosis.h"

/* What browsers' offers of H.264 and H.265 carry, and what hardware decodes. */
#define OFFERED_LEVEL_TENTH 31
#define COMMON_LEVEL_TENTH 52
#define LONG_KEY_INTERVAL_MS 4000
/* Frames that a stream may begin with before a key frame is missed. */
#define MANY_FRAMES 250
#define HIGH_BITRATE_BPS 12000000
#define MUCH_DRIFT_PPM 200
/* Of packets: one in so many lost is seen. */
#define SEEN_LOSS 200
#define MIN_PACKETS 500
#define MUCH_JITTER_US 100000

/* --- pictures ---------------------------------------------------------------
 */

#define NO_B_FRAMES                                                             \
  "let the encoder make none: ffmpeg -bf 0 or -tune zerolatency; OBS: Tune "    \
  "zerolatency (x264) or 0 B-frames (NVENC, QuickSync, AMF); cameras: profile " \
  "Baseline, or B-frames and \"smart codec\" off"

static void
look_at_b_frames (GPtrArray *findings, const WcIngestTrackInfo *track)
{
  const WcConversionStatus *conversion = &track->conversion;
  const WcStreamInfo *stream = &track->stream;

  if (stream->b_frames != WC_B_USE_DISPOSABLE &&
      stream->b_frames != WC_B_USE_REFERENCED)
    return;
  switch (conversion->bframes) {
  case WC_BFRAMES_DROP:
    wc_findings_add (
        findings,
        stream->b_frames == WC_B_USE_REFERENCED ? WC_FINDING_PROBLEM
                                                : WC_FINDING_WARNING,
        "b-frames", WC_MEDIA_VIDEO, NO_B_FRAMES,
        "it has B-frames, which browsers do not play: those that no other "
        "frame refers to are left out, and %.1f of %.1f frames a second remain",
        stream->kept_rate_milli / 1000.0, stream->frame_rate_milli / 1000.0);
    break;
  case WC_BFRAMES_TRANSCODE:
    wc_findings_add (
        findings, WC_FINDING_WARNING, "b-frames", WC_MEDIA_VIDEO, NO_B_FRAMES,
        "it has B-frames, which browsers do not play: it is encoded anew "
        "while somebody watches (%s now, %.1f %% of a processor)",
        wc_conversion_state_name (conversion->state),
        conversion->cpu_permille / 10.0);
    break;
  case WC_BFRAMES_AUTO:
  case WC_BFRAMES_PASS:
    wc_findings_add (
        findings, WC_FINDING_PROBLEM, "b-frames", WC_MEDIA_VIDEO, NO_B_FRAMES,
        "it has B-frames and they are passed on: browsers show frames in the "
        "order in which they come, and decode hardly one in ten%s%s",
        conversion->reason != NULL ? "; " : "",
        conversion->reason != NULL ? conversion->reason : "");
    break;
  }
}

static void
look_at_codec (GPtrArray *findings, const WcIngestTrackInfo *track)
{
  const WcVideoFormat *format = &track->stream.format;

  if (track->codec == WC_CODEC_H265)
    wc_findings_add (
        findings, WC_FINDING_WARNING, "h265", WC_MEDIA_VIDEO,
        "send H.264: ffmpeg -c:v libx264; cameras: H.264 in place of H.265",
        "it is H.265: Safari plays it, Chrome and Edge only where the machine "
        "decodes it in hardware, Firefox does not");
  if ((track->codec == WC_CODEC_H264 || track->codec == WC_CODEC_H265) &&
      ((format->chroma != 0 && format->chroma != 420) ||
       (track->codec == WC_CODEC_H264 && format->bit_depth > 8)))
    wc_findings_add (
        findings, WC_FINDING_PROBLEM, "chroma", WC_MEDIA_VIDEO,
        "ffmpeg -pix_fmt yuv420p; OBS: Color Format NV12",
        "it has %u bits and chroma %u (profile %s), and browsers decode 8 bits "
        "and 420",
        format->bit_depth, format->chroma, format->profile);
  if (format->interlaced)
    wc_findings_add (
        findings, WC_FINDING_NOTE, "interlaced", WC_MEDIA_VIDEO,
        "ffmpeg -vf bwdif; cameras: a progressive mode",
        "it may be interlaced, and browsers do not deinterlace: moving edges "
        "look like combs");
}

static void
look_at_level (GPtrArray *findings, const WcIngestTrackInfo *track)
{
  const WcVideoFormat *format = &track->stream.format;

  if ((track->codec != WC_CODEC_H264 && track->codec != WC_CODEC_H265) ||
      format->level_tenth <= OFFERED_LEVEL_TENTH)
    return;
  wc_findings_add (
      findings,
      format->level_tenth > COMMON_LEVEL_TENTH ? WC_FINDING_WARNING
                                               : WC_FINDING_NOTE,
      "level", WC_MEDIA_VIDEO,
      "a smaller picture or fewer frames a second: 1280x720 at 30 is level 3.1; "
      "ffmpeg -level 3.1 only says so, it does not make it so",
      "its level is %s, and browsers' offers carry 3.1: computers decode more, "
      "old phones may not",
      format->level);
}

static void
look_at_size (GPtrArray *findings, const WcIngestTrackInfo *track)
{
  const WcStreamInfo *stream = &track->stream;

  if (stream->format.width % 2 != 0 || stream->format.height % 2 != 0)
    wc_findings_add (
        findings, WC_FINDING_WARNING, "odd-size", WC_MEDIA_VIDEO,
        "ffmpeg -vf scale=trunc(iw/2)*2:trunc(ih/2)*2",
        "its picture is %ux%u: odd sizes fail in some hardware decoders",
        stream->format.width, stream->format.height);
  if (stream->bitrate_bps > HIGH_BITRATE_BPS)
    wc_findings_add (
        findings, WC_FINDING_WARNING, "bitrate", WC_MEDIA_VIDEO,
        "ffmpeg -b:v 4M -maxrate 4M -bufsize 4M; cameras: a sub-stream",
        "it has %.1f Mbit/s, and every viewer needs as much",
        stream->bitrate_bps / 1e6);
}

#define REPEAT_HEADERS                                                         \
  "give the source's SDP (sprop-parameter-sets), or let the encoder repeat "   \
  "them: ffmpeg -bsf:v dump_extra; x264 repeat-headers=1"
#define KEY_FRAMES                                                             \
  "a key frame every 2 s: ffmpeg -g of twice the frame rate; OBS: Keyframe "   \
  "Interval 2 s; cameras: I-frame interval or GOP of twice the frame rate, "   \
  "\"smart\" codecs (H.264+, Zipstream) off"

static void
look_at_key_frames (GPtrArray *findings, const WcIngestTrackInfo *track)
{
  const WcStreamInfo *stream = &track->stream;
  guint interval_ms = MAX (stream->key_interval_ms, stream->since_key_ms);

  if (track->input.no_parameter_sets > 0 && !track->track.has_start)
    wc_findings_add (
        findings, WC_FINDING_PROBLEM, "no-parameter-sets", WC_MEDIA_VIDEO,
        REPEAT_HEADERS,
        "its key frames come without parameter sets (SPS, PPS), and nobody can "
        "decode them");
  else if (stream->frames > MANY_FRAMES && stream->key_interval_ms == 0 &&
           stream->since_key_ms == 0)
    wc_findings_add (findings, WC_FINDING_PROBLEM, "no-key-frame",
                     WC_MEDIA_VIDEO, KEY_FRAMES,
                     "no key frame has come yet, and nobody can begin without");
  else if (interval_ms > LONG_KEY_INTERVAL_MS)
    wc_findings_add (
        findings, WC_FINDING_WARNING, "key-frames", WC_MEDIA_VIDEO, KEY_FRAMES,
        "there is a key frame only every %.1f s: who loses a packet for good "
        "waits so long for a picture, and a new viewer is sent all since the "
        "last",
        interval_ms / 1000.0);
}

/* --- sound ------------------------------------------------------------------
 */

static void
look_at_sound (GPtrArray *findings, const WcIngestTrackInfo *track)
{
  const WcConversionStatus *conversion = &track->conversion;
  const char *name = wc_codec_info (conversion->source)->name;

  if (conversion->state == WC_CONVERSION_NONE)
    return;
  if (conversion->state == WC_CONVERSION_FAILED)
    wc_findings_add (
        findings, WC_FINDING_PROBLEM, "conversion", WC_MEDIA_AUDIO, NULL,
        "it is %s, which browsers do not play, and it is not converted: %s",
        name, conversion->reason != NULL ? conversion->reason : "no reason");
  else
    wc_findings_add (
        findings, WC_FINDING_NOTE, "converted", WC_MEDIA_AUDIO,
        "to save that: ffmpeg -c:a libopus -ar 48000; cameras: G.711",
        "it is %s, which browsers do not play: it becomes Opus while somebody "
        "watches (%s now, %.1f %% of a processor)",
        name, wc_conversion_state_name (conversion->state),
        conversion->cpu_permille / 10.0);
}

/* --- both -------------------------------------------------------------------
 */

static void
look_at_network (GPtrArray *findings, const WcIngestTrackInfo *track)
{
  guint64 expected = track->input.packets + track->input.lost;
  const WcStreamInfo *stream = &track->stream;

  if (expected > MIN_PACKETS && track->input.lost * SEEN_LOSS > expected)
    wc_findings_add (
        findings, WC_FINDING_WARNING, "loss", (int)track->media,
        "a cable in place of radio; RTSP: transport tcp; UDP: net.core.rmem_max "
        "of 4 MiB, less bitrate",
        "%.1f %% of its packets were lost on the way here",
        (double)track->input.lost * 100 / expected);
  /* B-frames are sent in another order than that of their time. */
  if (track->input.jitter_us > MUCH_JITTER_US && stream->frames_back == 0)
    wc_findings_add (
        findings, WC_FINDING_NOTE, "jitter", (int)track->media,
        "let the sender pace its packets: ffmpeg -re for files, cbr for encoders",
        "its packets come with %.0f ms of jitter: players keep as much in store",
        track->input.jitter_us / 1000.0);
  if (stream->has_drift && ABS (stream->drift_ppm) > MUCH_DRIFT_PPM)
    wc_findings_add (
        findings, WC_FINDING_WARNING, "clock-drift", (int)track->media,
        "set the source's clock by NTP; ffmpeg -use_wallclock_as_timestamps 1; "
        "for files -re",
        "its clock is %d ppm %s than ours: players drop or repeat %.1f s of it "
        "an hour",
        ABS (stream->drift_ppm), stream->drift_ppm > 0 ? "faster" : "slower",
        ABS (stream->drift_ppm) * 3600 / 1e6);
}

/* --- who sends --------------------------------------------------------------
 */

/* What helps where there are no encoder's settings. */
static const struct {
  const char *code, *fix;
} browser_fixes[] = {
    {"level", "choose a smaller picture on the publisher page"},
    {"odd-size", "choose another picture on the publisher page, or share the "
                 "whole screen in place of a window"},
    {"bitrate", "choose a smaller picture on the publisher page"},
    {"h265", "publish from the page of this server, which prefers H.264"},
    {"loss", "a cable in place of radio, or a smaller picture"},
    {"jitter", "a cable in place of radio; close what keeps the publishing "
               "machine busy"},
    {"no-audio", "choose a microphone on the publisher page, and allow it"},
    {"no-video", "choose a camera or a screen on the publisher page"},
};

static const char *
browser_fix (const char *code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (browser_fixes); i++)
    if (g_str_equal (browser_fixes[i].code, code))
      return browser_fixes[i].fix;
  return NULL;
}

/* A browser makes key frames when it is asked, and it is asked when a viewer
 * needs one: how rare they are otherwise says nothing. */
static void
suit_browser (GPtrArray *findings)
{
  for (guint i = findings->len; i-- > 0;) {
    WcFinding *finding = findings->pdata[i];
    if (g_str_equal (finding->code, "key-frames"))
      g_ptr_array_remove_index (findings, i);
    else
      finding->fix = browser_fix (finding->code);
  }
}

/* What browsers have called themselves since 1995, and encoders do not. */
WcSender
wc_sender_of_user_agent (const char *user_agent)
{
  return user_agent != NULL && g_str_has_prefix (user_agent, "Mozilla/")
             ? WC_SENDER_BROWSER
             : WC_SENDER_ENCODER;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const WcFinding *left = *(WcFinding *const *)a;
  const WcFinding *right = *(WcFinding *const *)b;

  return (int)right->severity - (int)left->severity;
}

static void
look_at_tracks (GPtrArray *findings, const WcIngestTrackInfo tracks[WC_N_MEDIA])
{
  const WcIngestTrackInfo *video = &tracks[WC_MEDIA_VIDEO];
  const WcIngestTrackInfo *audio = &tracks[WC_MEDIA_AUDIO];

  if (video->present && !audio->present)
    wc_findings_add (findings, WC_FINDING_NOTE, "no-audio", -1, NULL,
                     "it has no sound");
  if (audio->present && !video->present)
    wc_findings_add (findings, WC_FINDING_NOTE, "no-video", -1, NULL,
                     "it has no picture");
}

GPtrArray *
wc_diagnose (const WcIngestTrackInfo tracks[WC_N_MEDIA], WcSender sender)
{
  GPtrArray *findings = wc_findings_new ();
  const WcIngestTrackInfo *video = &tracks[WC_MEDIA_VIDEO];

  if (video->present) {
    look_at_b_frames (findings, video);
    look_at_codec (findings, video);
    look_at_level (findings, video);
    look_at_size (findings, video);
    look_at_key_frames (findings, video);
  }
  if (tracks[WC_MEDIA_AUDIO].present)
    look_at_sound (findings, &tracks[WC_MEDIA_AUDIO]);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (tracks[i].present)
      look_at_network (findings, &tracks[i]);
  look_at_tracks (findings, tracks);
  if (sender == WC_SENDER_BROWSER)
    suit_browser (findings);
  g_ptr_array_sort (findings, compare);
  return findings;
}
