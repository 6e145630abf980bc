/* SPDX-License-Identifier: MIT */
#include "ingest/failover-choice.h"

#define S G_USEC_PER_SEC
#define RETURN_AFTER (5 * S)
#define LOST                                                                   \
  {                                                                            \
    FALSE, 0                                                                   \
  }
#define LIVE(seconds)                                                          \
  {                                                                            \
    TRUE, (seconds)*S                                                          \
  }

typedef struct {
  const char *what;
  WcFailoverSight sights[3];
  int playing, chosen, expected;
} Case;

static const Case cases[] = {
    {"nothing is live", {LOST, LOST, LOST}, -1, -1, -1},
    {"the one that played is lost", {LOST, LOST, LOST}, 1, -1, -1},
    {"the first that is live", {LOST, LIVE (0), LIVE (9)}, -1, -1, 1},
    {"the first of all", {LIVE (0), LIVE (0), LIVE (9)}, -1, -1, 0},
    {"lost: the next takes over at once", {LOST, LIVE (0), LIVE (9)}, 0, -1, 1},
    {"lost: a better one, however new", {LIVE (1), LOST, LIVE (9)}, 1, -1, 0},
    {"a better one is too new", {LIVE (4), LIVE (9), LOST}, 1, -1, 1},
    {"a better one has proved itself", {LIVE (5), LIVE (9), LOST}, 1, -1, 0},
    {"a worse one never does", {LIVE (0), LIVE (99), LOST}, 0, -1, 0},
    {"the best of the better", {LIVE (5), LIVE (7), LIVE (9)}, 2, -1, 0},
    {"not a new one for an old one", {LIVE (1), LIVE (7), LIVE (9)}, 2, -1, 1},
    {"by hand, at once", {LIVE (9), LIVE (0), LIVE (9)}, 0, 1, 1},
    {"by hand, and stays", {LIVE (9), LIVE (9), LIVE (9)}, 2, 2, 2},
    {"by hand, but it is lost", {LIVE (9), LIVE (9), LOST}, 2, 2, 0},
    {"by hand, not there yet", {LIVE (9), LIVE (9), LOST}, 1, 2, 0},
};

static void
test_choice (gconstpointer data)
{
  const Case *c = data;

  g_assert_cmpint (
      wc_failover_choose (c->sights, 3, c->playing, c->chosen, RETURN_AFTER),
      ==, c->expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path =
        g_strdup_printf ("/failover-choice/%s", cases[i].what);
    g_test_add_data_func (path, &cases[i], test_choice);
  }
  return g_test_run ();
}
