/* SPDX-License-Identifier: MIT */
/* What the media tests share: senders of real RTP, ports, a configuration. */
#pragma once

#include "../common/main-loop.h"

#include "config/config.h"
#include "ingest/ports.h"

#include <gst/gst.h>
#include <string.h>

static gboolean
is_never (gpointer user_data)
{
  return FALSE;
}

/** Lets things go on for a while, for what must not happen. */
static inline void
run_for (guint duration_ms)
{
  wait_until (is_never, NULL, duration_ms);
}

/** The defaults that sources look at. */
static inline void
init_config (WcConfig *config)
{
  memset (config, 0, sizeof *config);
  config->latch_timeout_ms = 500;
  config->history_ms = 2000;
  config->gop_max_bytes = 16 << 20;
}

/** An even port that is free with the next one. */
static inline guint16
find_free_port (void)
{
  static guint16 next = 41000;
  WcUdpBinding any = {.address = "0.0.0.0"};

  for (; next < 49000; next += 2) {
    g_autoptr (GSocket) a = wc_udp_socket_open (&any, next, NULL);
    g_autoptr (GSocket) b = wc_udp_socket_open (&any, next + 1, NULL);
    if (a == NULL || b == NULL)
      continue;
    next += 2;
    return next - 2;
  }
  g_assert_not_reached ();
}

/** A pipeline that plays. It ends with stop_sender (). */
G_GNUC_PRINTF (1, 2)
static inline GstElement *
start_sender (const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  GstElement *sender = gst_parse_launch (text, &error);
  g_assert_no_error (error);
  gst_object_ref_sink (sender);
  g_assert_cmpint (gst_element_set_state (sender, GST_STATE_PLAYING), !=,
                   GST_STATE_CHANGE_FAILURE);
  return sender;
}

static inline void
stop_sender (GstElement *sender)
{
  gst_element_set_state (sender, GST_STATE_NULL);
  gst_object_unref (sender);
}

#define H264_PICTURE                                                           \
  "videotestsrc is-live=true ! video/x-raw,width=320,height=240,"              \
  "framerate=30/1 ! x264enc tune=zerolatency speed-preset=ultrafast "          \
  "key-int-max=15 bitrate=300 ! video/x-h264,profile=constrained-baseline "
#define H264_RTP H264_PICTURE "! rtph264pay pt=96 mtu=1200 config-interval=-1 "
#define VP8_RTP                                                                \
  "videotestsrc is-live=true ! video/x-raw,width=320,height=240,"              \
  "framerate=30/1 ! vp8enc deadline=1 cpu-used=8 keyframe-max-dist=15 "        \
  "target-bitrate=300000 ! rtpvp8pay pt=96 mtu=1200 picture-id-mode=15-bit "
#define OPUS_RTP                                                               \
  "audiotestsrc is-live=true samplesperbuffer=960 ! "                          \
  "audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay pt=111 "
