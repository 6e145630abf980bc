/* SPDX-License-Identifier: MIT */
/* Makes one source out of several: reads the tracks of one input at a time and
 * appends to output tracks that go on without a seam, so that viewers of the
 * output never negotiate anew and never notice more than a moment's freeze.
 *
 * It changes over at a start point of the new input's video, and audio changes
 * with it: at the same capture time. As long as the present input has packets
 * the new one's next start point is waited for; when it has none any more, the
 * newest start point that the new one's track holds is taken at once, and what
 * followed it gets timestamps so close together that a player passes over it:
 * viewers see what is live and nothing of the past.
 *
 * Made and freed on the main thread, as all its functions are called there.
 * Packets go through on the threads of the inputs' writers, which wake it; one
 * mutex inside, taken with a track's wakers' lock held and never the other way
 * round. An output track must not be, by way of other splices, its own input.
 */
#pragma once

#include "engine/track.h"

typedef struct WcSplice WcSplice;

/** Another input plays from now on. Called with the splice's lock held, on
 * whatever thread: it may only post. */
typedef void (*WcSpliceChangedFunc) (gpointer user_data);

/** @changed: nullable. */
WcSplice *wc_splice_new (guint n_inputs, WcSpliceChangedFunc changed,
                         gpointer user_data);
void wc_splice_free (WcSplice *splice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcSplice, wc_splice_free)

/** Where packets of @media go. Once for each medium; what plays begins again.
 * @track is referenced; nobody else writes it. */
void wc_splice_set_output (WcSplice *splice, WcMedia media, WcTrack *track);

/** @track: nullable, referenced; of the output's codec. If @input plays, it
 * stops playing and begins again at a start point. */
void wc_splice_set_input (WcSplice *splice, guint input, WcMedia media,
                          WcTrack *track);

typedef enum {
  WC_SPLICE_AT_NEXT_START, /* the present input goes on until then */
  WC_SPLICE_NOW,           /* the present input has nothing to give */
} WcSpliceWhen;

/** Asks for @input; -1: none, at once. With nothing playing it is
 * WC_SPLICE_NOW in any case. */
void wc_splice_select (WcSplice *splice, int input, WcSpliceWhen when);

/** The input that plays; -1: none. */
int wc_splice_playing (WcSplice *splice);
