/* SPDX-License-Identifier: MIT */
/* Made-up pictures and sound for measuring lip sync: H.264 and Opus in form
 * only. Each unit carries the number of its tick (20 ms) in the low seven bits
 * of its bytes 4 to 7, the highest first; a picture, 400 bytes in one NAL unit,
 * comes every second tick and is pushed 300 ms after the sound of the same tick
 * and timestamp, as from an encoder that takes its time. Parameter sets and a
 * key frame come every 50 ticks. */
#pragma once

#include <gst/gst.h>

/** @bin has the appsrcs `video` and `audio`. Any thread. */
void cam_feed_start (GstElement *bin);
void cam_feed_stop (void);
