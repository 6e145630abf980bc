/* SPDX-License-Identifier: MIT */
/* Headers of VP8 and VP9 key frames. Pure functions; any thread. Input is
 * hostile: everything is bounded. */
#pragma once

#include "engine/video-format.h"

/** @frame: a VP8 key frame from its first byte (RFC 6386 section 9.1). FALSE,
 * and @format is as it was, when it is cut short or is none. */
gboolean wc_vp8_read_key_frame (WcVideoFormat *format, const guint8 *frame,
                                gsize size);

/** @frame: a VP9 key frame from its first byte (VP9 bitstream specification
 * section 6.2). */
gboolean wc_vp9_read_key_frame (WcVideoFormat *format, const guint8 *frame,
                                gsize size);
