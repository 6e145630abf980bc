/* SPDX-License-Identifier: MIT */
/* A source whose every unit says when it was taken, sound and picture on one
 * clock, and what a viewer's clock makes of it: whether lips and voice are
 * together. The pictures come LAG later than the sound that was taken with
 * them. One thread. */
#pragma once

#include "stage.h"

typedef struct {
  TcTimer *timer;
  TcRtpSender *video, *audio; /* NULL: nobody is sent to */
  gint64 start_us;
  guint32 tick;
  gboolean reports_due; /* senders begin with them */
} TeLips;

/** Begins to tick. @lips is all zero but for the senders, which it owns. */
void te_lips_start (TeLips *lips, TcLoop *loop);
/** Other senders from now on, whose RTP clocks begin elsewhere; or NULL. */
void te_lips_switch (TeLips *lips, TcRtpSender *video, TcRtpSender *audio);
void te_lips_stop (TeLips *lips);

/** H.264 with payload type 96, Opus with 111; reports are sent by the tick. */
TcRtpSender *te_lips_sender (TcLoop *loop, WcMedia media, guint16 port,
                             guint32 first_timestamp);

/** What the viewer knows of each kind: the newest unit and its timestamp. */
typedef struct {
  guint32 tick[WC_N_MEDIA], timestamp[WC_N_MEDIA];
} TeLipsSeen;

/** For TcPeer's options: `packet`, and a TeLipsSeen as `data`. */
void te_lips_on_packet (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
                        gpointer data);
/** By how much the viewer sees the picture too late (or, negative, too early)
 * for the sound, as the reports that reached it tell. */
gint64 te_lips_difference_us (TcWhepClient *client, const TeLipsSeen *seen);
