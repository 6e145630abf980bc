/* SPDX-License-Identifier: MIT */
/* What a video bitstream says of itself, whatever its codec: for people and for
 * the rules of what browsers play, never for decoding. A plain value. */
#pragma once

#include <glib.h>

/* Nothing larger is believed. */
#define WC_MAX_PICTURE_SIZE 16384

typedef struct {
  char profile[32];       /* "High", "Main 10", "0"; "": not seen */
  char level[24];         /* "3.1", "5.1 High"; "": not said */
  guint level_tenth;      /* 31 for "3.1"; 0: not said */
  guint width, height;    /* of the visible picture; 0: not seen */
  guint bit_depth;        /* of luma; 0: not seen */
  guint chroma;           /* 400, 420, 422, 444; 0: not seen */
  gboolean interlaced;    /* may have fields */
  guint frame_rate_milli; /* frames in 1000 s, as declared; 0: not said */
  gint reorder; /* frames that may be decoded before one that is shown earlier;
                   -1: not said */
} WcVideoFormat;
