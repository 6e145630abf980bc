/* SPDX-License-Identifier: MIT */
/* Many viewers on one loop: their joins at a rate, their counters together,
 * their end. One thread. A viewer that left costs its times and counters. */
#pragma once

#include "bench/client.h"
#include "bench/frames.h"
#include "bench/socket.h"

#include <glib.h>

typedef struct _TbViewers TbViewers;

typedef struct {
  TbClientOptions client;    /* but for its peer's options */
  const char *range;         /* of TbSocket; NULL: a socket for each viewer */
  const char *srtp_profiles; /* see tc_identity_new (); nullable */
  guint verify_percent;      /* of the viewers that check every packet */
  double loss_percent; /* received packets thrown away and asked for again */
  gboolean has_video;  /* a key frame is to be waited for */
  gboolean no_media;   /* viewers that are not verified get none: somebody
                          drops it (NFT_HALF), and a join ends with DTLS */
  gint64 stay_ms;      /* leaves that long after its join; below 0: stays */
  guint at_once;       /* so many at most; 0: any number */
} TbViewersOptions;

typedef struct {
  guint started, playing, joined, failed, gone;
  guint with_media, with_key_frame;
  guint64 packets, datagrams, datagram_bytes, rtp_bytes;
  guint64 expected, lost, lost_video, gaps, recovered, rtx_packets, duplicates,
      nacked;
  guint64 auth_failures, dropped;
  guint64 verified_packets; /* of viewers that check every one */
  TbFrameStats frames;      /* of the same */
} TbTotals;

/** @options is copied; its strings must stay. Takes the loop's time, and with
 * a range a socket. */
TbViewers *tb_viewers_new (TcLoop *loop, const TbViewersOptions *options,
                           GError **error);
void tb_viewers_free (TbViewers *viewers);

/** @n more joins, @rate in a second. */
void tb_viewers_start (TbViewers *viewers, guint n, double rate);
/** Every join begun or to be begun has come to its end: a key frame (a packet
 * without video, DTLS without media), or a failure. */
gboolean tb_viewers_joined (gpointer viewers);
/** Everybody leaves. */
void tb_viewers_stop (TbViewers *viewers);
/** Nobody is to come, and all have left. */
gboolean tb_viewers_gone (gpointer viewers);

TbTotals tb_viewers_totals (TbViewers *viewers);
/** All that were started, gone ones included. */
guint tb_viewers_n (const TbViewers *viewers);
gboolean tb_viewers_is_verified (const TbViewers *viewers, guint index);
/** Whether it gets the media that no_media withholds from others. */
gboolean tb_viewers_gets_media (const TbViewers *viewers, guint index);
/** Distinct media packets of one viewer so far. */
guint64 tb_viewers_packets (const TbViewers *viewers, guint index);
/** Milliseconds between two times (offsets in TcWhepTimes) of each viewer that
 * has both; transfer full, of double. */
GArray *tb_viewers_times (const TbViewers *viewers, gsize from_offset,
                          gsize to_offset);

/** Begins pauses and delays anew for those who play. */
void tb_viewers_reset_times (TbViewers *viewers);
/** Milliseconds for each of the first @n viewers: the longest time without a
 * packet, or how much later than its best packet its worst one came. Of
 * double, transfer full. */
GArray *tb_viewers_pauses (const TbViewers *viewers, guint n);
GArray *tb_viewers_delays (const TbViewers *viewers, guint n);

/** The next key frame is waited for; only verified viewers know it. */
void tb_viewers_arm (TbViewers *viewers);
gboolean tb_viewers_have_key (gpointer viewers);
/** Milliseconds from @since_us to that key frame, of double. */
GArray *tb_viewers_key_times (const TbViewers *viewers, gint64 since_us);

/** NULL without a range. */
TbSocket *tb_viewers_socket (const TbViewers *viewers);
/** A few of the reasons why joins failed, one a line; transfer full. */
char *tb_viewers_errors (const TbViewers *viewers);
