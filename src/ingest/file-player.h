/* SPDX-License-Identifier: MIT */
/* Plays the packets of a file at their time, over and over. A demuxer hands
 * them in as fast as they are taken, a second ahead; a thread passes them on
 * when they are due. The end of the file is where its last packet ends, and
 * there the next pass goes on: timestamps and sequence numbers never jump, and
 * picture and sound are on one time line however often the file was played.
 *
 * Reference-counted, a mutex inside. The main thread owns it; streaming threads
 * hand in. */
#pragma once

#include "ingest/source-track.h"

typedef struct WcFilePlayer WcFilePlayer;

/** @tracks: indexed by WcMedia; referenced; open. Starts the thread. */
WcFilePlayer *wc_file_player_new (WcSourceTrack *const tracks[WC_N_MEDIA]);
WcFilePlayer *wc_file_player_ref (WcFilePlayer *player);
void wc_file_player_unref (gpointer player);

/* --- main thread -------------------------------------------------------- */

/** Ends the thread; whoever hands in is let go. Before the last unref. */
void wc_file_player_close (WcFilePlayer *player);
/** A pass has come to its end: the next one's packets follow. FALSE and @error
 * when the file has nothing to play. */
gboolean wc_file_player_end_pass (WcFilePlayer *player, GError **error);
/** Why the file cannot be played, once that is known; NULL: it can.
 * (transfer full) */
char *wc_file_player_dup_failure (WcFilePlayer *player);

/* --- any thread --------------------------------------------------------- */

/** For wc_pipeline_branch (): a sample that is an RTP packet. Waits until it is
 * wanted. */
void wc_file_player_take_audio (GstSample *sample, gpointer player);
void wc_file_player_take_video (GstSample *sample, gpointer player);
/** The file cannot be played; the first reason counts. */
void wc_file_player_fail (WcFilePlayer *player, const char *reason);
