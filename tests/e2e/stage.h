/* SPDX-License-Identifier: MIT */
/* What most of these tests play on: a server with the mountpoint "cam", fed
 * with made-up H.264 and Opus, and viewers in front of it. One thread. */
#pragma once

#include "server.h"

#include "common/rtp-sender.h"
#include "common/whep-client.h"

#include <glib.h>

#define TE_FPS 30
#define TE_SERVER "/api/v1/server"
#define TE_SESSIONS "/api/v1/mountpoints/cam/sessions"

typedef struct {
  TcLoop *loop;
  TeServer *server;
  char *whep_url;
  TcFrameSource *video_source, *audio_source;
  TcRtpSender *video, *audio;
} TeStage;

/** @config: as of te_server_start (). @gop: frames from one key frame to the
 * next. Returns when "cam" is live. */
TeStage *te_stage_open (const char *config, guint gop);
/** The same on another address, and with other sizes of frames. */
TeStage *te_stage_open_at (const char *ip, const char *config, guint gop,
                           guint bitrate_bps);
/** Ends the server too, by SIGTERM, and looks at how it ends. */
void te_stage_close (TeStage *stage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TeStage, te_stage_close)

/** Media goes to viewers by the direct lane. */
gboolean te_stage_is_direct (TeStage *stage);

/** A viewer that has been started. @options nullable; its url is set here. */
TcWhepClient *te_stage_join (TeStage *stage, const TcWhepOptions *options);
/** The same, waited for until it has a key frame and sound. */
TcWhepClient *te_stage_watch (TeStage *stage, const TcWhepOptions *options);
/** Ends the test unless @n more packets of each kind come. */
void te_assert_plays (TcWhepClient *client, guint n);
/** DELETE by the client itself, 200, and the end. */
void te_leave (TcWhepClient *client);
const TcTrackStats *te_stats (TcWhepClient *client, WcMedia media);
/** Answer and packets agree: SSRC, payload type, encryption, order. */
void te_assert_clean (TcWhepClient *client);
