/* SPDX-License-Identifier: MIT */
/* One key frame on its way to one JPEG, by a pipeline of pipelines/still-*: it
 * is decoded, scaled and encoded by a thread of that pipeline. Owned by whoever
 * asked; main thread. */
#pragma once

#include "engine/key-frame.h"

typedef struct WcStill WcStill;

/** Larger pictures than of so many pixels are not decoded: what a header says
 * is what a decoder asks memory for. */
#define WC_STILL_MAX_PIXELS (8192u * 4608u)

/** Called once, on the main thread, unless it is freed before: @jpeg, borrowed,
 * or @error of WC_INGEST_ERROR. It may free the WcStill. */
typedef void (*WcStillFunc) (GBytes *jpeg, const GError *error,
                             gpointer user_data);

/** Begins. @frame is read now; @width: of the JPEG in pixels, at most: it is
 * never larger than the picture. @label: for the log. Errors:
 * WC_INGEST_ERROR_INVALID when @frame cannot be decoded whatever is installed,
 * WC_INGEST_ERROR_INTERNAL when an element is missing. */
WcStill *wc_still_new (const WcKeyFrame *frame, guint width, const char *label,
                       WcStillFunc func, gpointer user_data, GError **error);
/** Also before it is done: nobody is told then. */
void wc_still_free (WcStill *still);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcStill, wc_still_free)
