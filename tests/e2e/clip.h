/* SPDX-License-Identifier: MIT */
/* Real media, made by ffmpeg when it is needed: files in the scratch directory,
 * and a sender that writes down what it sends. Failures end the test. */
#pragma once

#include "child.h"

#include <glib.h>

/** Three seconds of a test picture, 30 frames a second, through @arguments
 * (codec and format, with single spaces) into the file @name. Its path,
 * transfer full. */
char *te_clip_video (const char *name, const char *arguments);
/** The same of a sound. */
char *te_clip_audio (const char *name, const char *arguments);

/** Sends a test picture to 127.0.0.1:@port as RTP, endlessly, and the same into
 * the file @path. @codec: its arguments. @format: of the file. @pkt_size: of
 * UDP's payload. End it by SIGINT, then the file is complete. */
TeChild *te_clip_send (TcLoop *loop, const char *codec, const char *format,
                       const char *path, guint16 port, guint pkt_size);
