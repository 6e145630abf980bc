/* SPDX-License-Identifier: MIT */
/* The sequence header of AV1. Pure functions; any thread. Input is hostile:
 * everything is bounded. */
#pragma once

#include "engine/video-format.h"

/** @body: a sequence header OBU behind its OBU header (AV1 specification
 * section 5.5). FALSE, and @format is as it was, when it is cut short or says
 * what cannot be. */
gboolean wc_av1_read_sequence_header (WcVideoFormat *format, const guint8 *body,
                                      gsize size);
