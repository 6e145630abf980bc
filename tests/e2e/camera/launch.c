/* SPDX-License-Identifier: MIT */
#include "launch.h"

#include "settings.h"

#include <gio/gio.h>
#include <string.h>

/* How sound of 48 kHz stereo becomes RTP. */
static const struct {
  const char *name, *encoder, *payloader;
} audio_codecs[] = {
    {"opus", "opusenc bitrate=64000", "rtpopuspay pt=97"},
    {"aac", "voaacenc bitrate=64000 ! aacparse", "rtpmp4gpay pt=97"},
    {"mp2", "twolamemp2enc ! mpegaudioparse", "rtpmpapay"},
    {"pcmu", "audio/x-raw,rate=8000,channels=1 ! mulawenc", "rtppcmupay"},
    {"pcma", "audio/x-raw,rate=8000,channels=1 ! alawenc", "rtppcmapay"},
    {"g722", "audio/x-raw,rate=16000,channels=1 ! avenc_g722", "rtpg722pay"},
    {"g726", "audio/x-raw,rate=8000,channels=1 ! avenc_g726",
     "rtpg726pay pt=97"},
    {"l16", "audio/x-raw,format=S16BE,rate=48000,channels=2",
     "rtpL16pay pt=97"},
};

static gboolean
refuse (GError **error, const char *name, const char *value)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "%s cannot be \"%s\"", name, value);
  return FALSE;
}

char *
cam_launch_format (void)
{
  g_autofree char *size = cam_settings_get ("size");
  g_auto (GStrv) sides = g_strsplit (size, "x", 2);

  return g_strdup_printf (
      "video/x-raw,format=I420,width=%s,height=%s,framerate=%u/1", sides[0],
      sides[0] != NULL && sides[1] != NULL ? sides[1] : "0",
      cam_settings_number ("fps"));
}

/* In-band parameter sets are what the encoder or the payloader repeats. */
static char *
encoder_text (const char *codec)
{
  guint gop = cam_settings_number ("gop"),
        bitrate = cam_settings_number ("bitrate"),
        bframes = cam_settings_number ("bframes");
  int interval = cam_settings_is ("parameter-sets", "in-band") ? -1 : 0;

  if (strcmp (codec, "h264") == 0)
    return g_strdup_printf (
        "x264enc name=encoder key-int-max=%u bitrate=%u bframes=%u "
        "b-adapt=false speed-preset=ultrafast threads=1 rc-lookahead=0 "
        "sync-lookahead=0 %s ! video/x-h264,profile=%s,stream-format=%s ! "
        "valve name=valve0 ! rtph264pay name=pay0 pt=96 config-interval=%d",
        gop, bitrate, bframes, bframes > 0 ? "cabac=true" : "tune=zerolatency",
        bframes > 0 ? "main" : "constrained-baseline",
        interval < 0 ? "byte-stream" : "avc", interval);
  if (strcmp (codec, "h265") == 0)
    return g_strdup_printf (
        "x265enc name=encoder key-int-max=%u bitrate=%u "
        "speed-preset=ultrafast tune=zerolatency "
        "option-string=bframes=%u:pools=1:log-level=none ! h265parse ! "
        "valve name=valve0 ! rtph265pay name=pay0 pt=96 config-interval=%d",
        gop, bitrate, bframes, interval);
  if (strcmp (codec, "vp8") == 0)
    return g_strdup_printf (
        "vp8enc name=encoder deadline=1 cpu-used=8 keyframe-max-dist=%u "
        "target-bitrate=%u ! valve name=valve0 ! rtpvp8pay name=pay0 pt=96",
        gop, bitrate * 1000);
  if (strcmp (codec, "jpeg") == 0)
    return g_strdup ("jpegenc ! valve name=valve0 ! rtpjpegpay name=pay0");
  return NULL;
}

static gboolean
append_video (GString *text, guint *n, GError **error)
{
  g_autofree char *codec = cam_settings_get ("video");
  g_autofree char *format = cam_launch_format ();
  g_autofree char *encoder = encoder_text (codec);

  if (strcmp (codec, "none") == 0)
    return TRUE;
  if (encoder == NULL)
    return refuse (error, "video", codec);
  g_string_append_printf (
      text,
      "videotestsrc is-live=true pattern=ball animation-mode=wall-time ! "
      "capsfilter name=format caps=%s ! %s mtu=%u ",
      format, encoder, cam_settings_number ("mtu"));
  *n += 1;
  return TRUE;
}

static gboolean
append_audio (GString *text, guint *n, GError **error)
{
  g_autofree char *codec = cam_settings_get ("audio");

  if (strcmp (codec, "none") == 0)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (audio_codecs); i++)
    if (strcmp (audio_codecs[i].name, codec) == 0) {
      g_string_append_printf (
          text,
          "audiotestsrc is-live=true freq=440 volume=0.12 "
          "samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=2 ! "
          "audioconvert ! audioresample ! %s ! valve name=valve%u ! "
          "%s name=pay%u mtu=%u ",
          audio_codecs[i].encoder, *n, audio_codecs[i].payloader, *n,
          cam_settings_number ("mtu"));
      *n += 1;
      return TRUE;
    }
  return refuse (error, "audio", codec);
}

/* What a camera offers besides, and nobody here wants. */
static gboolean
append_second (GString *text, guint *n, GError **error)
{
  g_autofree char *second = cam_settings_get ("second");
  gboolean both = strcmp (second, "both") == 0;

  if (strcmp (second, "none") == 0)
    return TRUE;
  if (!both && strcmp (second, "video") != 0 &&
      strcmp (second, "metadata") != 0)
    return refuse (error, "second", second);
  if (both || strcmp (second, "video") == 0)
    g_string_append_printf (
        text,
        "videotestsrc is-live=true ! video/x-raw,width=160,height=96,"
        "framerate=5/1 ! x264enc tune=zerolatency speed-preset=ultrafast "
        "threads=1 ! rtph264pay name=pay%u pt=98 ",
        (*n)++);
  if (both || strcmp (second, "metadata") == 0)
    g_string_append_printf (
        text,
        "audiotestsrc is-live=true wave=silence ! "
        "audio/x-raw,rate=8000,channels=1 ! rtpgstpay pt=99 name=pay%u ",
        (*n)++);
  return TRUE;
}

static char *
sync_text (void)
{
  return g_strdup_printf (
      "appsrc name=video is-live=true format=time "
      "caps=video/x-h264,stream-format=byte-stream,alignment=au ! "
      "rtph264pay name=pay0 pt=96 mtu=%u "
      "appsrc name=audio is-live=true format=time "
      "caps=audio/x-opus,channels=2,rate=48000,channel-mapping-family=0 ! "
      "rtpopuspay name=pay1 pt=97",
      cam_settings_number ("mtu"));
}

char *
cam_launch_text (GError **error)
{
  g_autoptr (GString) text = g_string_new ("( ");
  guint n = 0;

  if (cam_settings_number ("sync") != 0) {
    g_autofree char *fed = sync_text ();
    g_string_append (text, fed);
  } else if (!append_video (text, &n, error) ||
             !append_audio (text, &n, error) ||
             !append_second (text, &n, error)) {
    return NULL;
  }
  g_string_append (text, " )");
  return g_string_free (g_steal_pointer (&text), FALSE);
}
