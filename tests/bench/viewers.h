/* SPDX-License-Identifier: MIT */
/* Many viewers on one loop: their joins at a rate, their counters together,
 * their end. One thread. */
#pragma once

#include "common/whep-client.h"

#include <glib.h>

typedef struct _TbViewers TbViewers;

typedef struct {
  const char *url, *token;
  guint n;
  double rate;          /* joins per second */
  guint verify_percent; /* of the viewers that check every packet */
  double loss_percent;  /* received packets thrown away and asked for again */
  gboolean has_video;   /* a key frame is to be waited for */
} TbViewersOptions;

typedef struct {
  guint started, playing, failed, closed;
  guint with_media, with_key_frame;
  guint64 packets, payload_bytes, datagram_bytes;
  guint64 expected, lost, lost_video, gaps, recovered, rtx_packets, duplicates,
      nacked;
  guint64 auth_failures, dropped;
} TbTotals;

TbViewers *tb_viewers_new (TcLoop *loop, const TbViewersOptions *options);
void tb_viewers_free (TbViewers *viewers);

/** Starts the joins; each is made once. */
void tb_viewers_start (TbViewers *viewers);
/** One join now, in place of the rate; tb_viewers_joined () is then about
 * those made so far. */
void tb_viewers_join_one (TbViewers *viewers);
/** Every join has come to its end: a key frame (a packet without video), or
 * a failure. */
gboolean tb_viewers_joined (gpointer viewers);
/** DELETE for all that play. */
void tb_viewers_stop (TbViewers *viewers);
gboolean tb_viewers_stopped (gpointer viewers);

TbTotals tb_viewers_totals (TbViewers *viewers);
guint tb_viewers_n (const TbViewers *viewers);
/** NULL when not started. */
TcWhepClient *tb_viewers_get (const TbViewers *viewers, guint index);
/** Distinct media packets of one viewer so far. */
guint64 tb_viewers_packets (const TbViewers *viewers, guint index);
/** Milliseconds between two times of each viewer that has both; transfer
 * full, of double. */
GArray *tb_viewers_times (const TbViewers *viewers, gsize from_offset,
                          gsize to_offset);
/** A few of the reasons why joins failed, one a line; transfer full. */
char *tb_viewers_errors (const TbViewers *viewers);
