/* SPDX-License-Identifier: MIT */
/* Which packets of a stream were seen (RFC 3711 section 3.3.2): the highest
 * index and a bit for each of those below it. What is older than the window is
 * taken for seen. A plain value of its owner; all zero is an empty one. */
#pragma once

#include <glib.h>

/** Far above the 64 that the RFC asks for at least: a packet sent again after a
 * round trip may be hundreds of packets late. */
#define WC_REPLAY_WINDOW 512

typedef struct {
  gboolean begun;
  guint64 highest;
  guint64 seen[WC_REPLAY_WINDOW / 64]; /* circular, by index */
} WcReplayWindow;

/** FALSE for what was seen or is too old. */
gboolean wc_replay_window_is_new (const WcReplayWindow *window, guint64 index);

/** Only for what is authentic and new. */
void wc_replay_window_add (WcReplayWindow *window, guint64 index);
