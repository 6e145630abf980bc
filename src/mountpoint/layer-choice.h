/* SPDX-License-Identifier: MIT */
/* Which layer of a simulcast suits a viewer's link: down at once when it loses
 * packets, queues them or says that it carries less than it is sent; up again
 * one layer at a time, as a trial, after a while that doubles with every trial
 * that fails. A viewer's estimate (REMB) cannot tell of more than half as much
 * again as it gets, so nothing but a trial can.
 *
 * A plain value of its owner; pure but for it. Zero-initialised: the best. */
#pragma once

#include <glib.h>

typedef struct {
  gboolean active;
  guint64 pixels; /* of its picture: what is better */
  guint32 bitrate_bps;
} WcLayerSight;

typedef struct {
  double loss;           /* 0..1, of the newest receiver report */
  gint rtt_ms;           /* -1: not known */
  guint64 estimated_bps; /* what the viewer takes its link for; 0: not said */
  guint64 other_bps;     /* what it is sent besides the layer */
} WcLayerNet;

typedef struct {
  guint64 max_pixels;   /* 0: any */
  gint64 changed_us;    /* when that was last changed; 0: never */
  gint64 trial_us;      /* when it was last raised; 0: not, or it has failed */
  gint64 wait_us;       /* before it is raised; 0: the least */
  guint64 estimate_bps; /* as it was at estimate_us */
  gint64 estimate_us;
  gint rtt_ms;        /* the least; 0: not known */
  gint64 no_queue_us; /* when it was last near that */
} WcLayerChoice;

/** Every quarter of a second or so. @current: what the viewer is sent. Returns
 * the index of the layer it should have; -1: none is active. */
int wc_layer_choice_update (WcLayerChoice *choice, const WcLayerSight *layers,
                            guint n, int current, const WcLayerNet *net,
                            gint64 now_us);

/** The best active layer of at most @max_pixels (0: any), else the smallest;
 * -1: none is active. */
int wc_layer_choice_best (const WcLayerSight *layers, guint n,
                          guint64 max_pixels);
