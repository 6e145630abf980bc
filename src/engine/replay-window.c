/* SPDX-License-Identifier: MIT */
#include "engine/replay-window.h"

static guint64 *
word_of (WcReplayWindow *window, guint64 index)
{
  return &window->seen[index % WC_REPLAY_WINDOW / 64];
}

static guint64
bit_of (guint64 index)
{
  return G_GUINT64_CONSTANT (1) << (index % 64);
}

gboolean
wc_replay_window_is_new (const WcReplayWindow *window, guint64 index)
{
  if (!window->begun || index > window->highest)
    return TRUE;
  if (window->highest - index >= WC_REPLAY_WINDOW)
    return FALSE;
  return !(window->seen[index % WC_REPLAY_WINDOW / 64] & bit_of (index));
}

void
wc_replay_window_add (WcReplayWindow *window, guint64 index)
{
  if (!window->begun)
    window->highest = index;
  window->begun = TRUE;
  if (index > window->highest) {
    guint64 passed = MIN (index - window->highest, WC_REPLAY_WINDOW);
    for (guint64 i = 0; i < passed; i++)
      *word_of (window, index - i) &= ~bit_of (index - i);
    window->highest = index;
  }
  *word_of (window, index) |= bit_of (index);
}
