/* SPDX-License-Identifier: MIT */
#include "http/deadline.h"

#include "base/log.h"

#define KEY "wc-deadline"

typedef struct {
  GSocket *socket; /* owns this */
  guint source;
} Deadline;

static guint n_deadlines;

static gboolean
on_deadline (gpointer user_data)
{
  Deadline *deadline = user_data;

  deadline->source = 0;
  wc_debug ("a connection took too long and is closed");
  g_socket_shutdown (deadline->socket, TRUE, TRUE, NULL);
  return G_SOURCE_REMOVE;
}

static void
deadline_free (Deadline *deadline)
{
  if (deadline->source != 0)
    g_source_remove (deadline->source);
  n_deadlines--;
  g_free (deadline);
}

void
wc_deadline_set (GSocket *socket, guint seconds)
{
  if (socket == NULL)
    return;

  Deadline *deadline = g_object_get_data (G_OBJECT (socket), KEY);
  if (deadline == NULL) {
    deadline = g_new0 (Deadline, 1);
    deadline->socket = socket;
    n_deadlines++;
    g_object_set_data_full (G_OBJECT (socket), KEY, deadline,
                            (GDestroyNotify)deadline_free);
  }
  if (deadline->source != 0)
    g_source_remove (deadline->source);
  deadline->source = g_timeout_add_seconds (seconds, on_deadline, deadline);
}

guint
wc_deadline_count (void)
{
  return n_deadlines;
}
