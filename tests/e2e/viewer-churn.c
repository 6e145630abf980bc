/* SPDX-License-Identifier: MIT */
/* Viewers come and go in every way there is, and leave nothing behind. */
#include "stage.h"

#define WAIT_MS 20000
/* Consent, and the ten seconds that a session stays known, with slack. */
#define GONE_MS 30000
#define ROUND 8
#define MAX_GROWTH (8 * 1024 * 1024)

static const char config[] = "consent-timeout-ms=4000\n"
                             "connect-timeout-ms=4000\n"
                             "[server]\n"
                             "log-level=warning\n";

typedef enum {
  LEAVE_DELETE,
  LEAVE_CLOSE_NOTIFY,
  LEAVE_SILENCE,
  LEAVE_EARLY, /* D-11: DELETE as soon as there is an answer */
  LEAVE_NEVER, /* no ICE at all */
} Leave;

/* Half by DELETE. */
static const Leave leaves[ROUND] = {
    LEAVE_DELETE, LEAVE_CLOSE_NOTIFY, LEAVE_DELETE, LEAVE_SILENCE,
    LEAVE_EARLY,  LEAVE_NEVER,        LEAVE_DELETE, LEAVE_CLOSE_NOTIFY,
};

static TcWhepClient *
join (TeStage *stage, Leave leave)
{
  TcWhepOptions options = {.peer.never_ice = leave == LEAVE_NEVER};

  return te_stage_join (stage, &options);
}

static gboolean
is_answered (gpointer client)
{
  return tc_whep_client_state (client) != TC_WHEP_SIGNALLING;
}

static void
take_media (TeStage *stage, TcWhepClient *client, Leave leave)
{
  g_assert_true (tc_loop_run (stage->loop, WAIT_MS, is_answered, client));
  g_assert_cmpuint (tc_whep_client_status (client), ==, 201);
  if (leave == LEAVE_EARLY || leave == LEAVE_NEVER)
    return;
  g_assert_true (tc_whep_client_wait_key_frame (client, WAIT_MS));
  g_assert_true (
      tc_whep_client_wait_packets (client, WC_MEDIA_AUDIO, 2, WAIT_MS));
}

static void
leave_by (TcWhepClient *client, Leave leave)
{
  switch (leave) {
  case LEAVE_DELETE:
  case LEAVE_EARLY:
    te_leave (client);
    break;
  case LEAVE_CLOSE_NOTIFY:
    tc_peer_close (tc_whep_client_peer (client));
    break;
  case LEAVE_SILENCE:
  case LEAVE_NEVER:
    break;
  }
}

static void
churn (TeStage *stage, guint n)
{
  TcWhepClient *clients[ROUND];

  for (guint done = 0; done < n; done += ROUND) {
    for (guint i = 0; i < ROUND; i++)
      clients[i] = join (stage, leaves[i]);
    for (guint i = 0; i < ROUND; i++)
      take_media (stage, clients[i], leaves[i]);
    for (guint i = 0; i < ROUND; i++)
      leave_by (clients[i], leaves[i]);
    for (guint i = 0; i < ROUND; i++)
      tc_whep_client_free (clients[i]);
  }
}

static void
wait_nobody (TeStage *stage)
{
  g_assert_true (
      te_server_wait_number (stage->server, TE_SESSIONS, "total", 0, GONE_MS));
  g_assert_true (
      te_server_wait_number (stage->server, TE_SERVER, "viewers", 0, WAIT_MS));
  g_assert_true (te_server_wait_number (stage->server, TE_SERVER,
                                        "engine.peers_alive", 0, WAIT_MS));
  g_assert_true (te_server_wait_number (stage->server, TE_SERVER,
                                        "engine.subscribers", 0, WAIT_MS));
}

typedef struct {
  gint64 threads, descriptors, rss;
} Usage;

static Usage
take_usage (TeServer *server)
{
  return (Usage){
      te_server_number (server, TE_SERVER, "process.threads"),
      te_server_number (server, TE_SERVER, "process.descriptors"),
      te_server_number (server, TE_SERVER, "process.rss_bytes"),
  };
}

typedef struct {
  TeServer *server;
  Usage before, now;
} Comparison;

static gboolean
has_no_more (gpointer data)
{
  Comparison *c = data;

  c->now = take_usage (c->server);
  return c->now.threads <= c->before.threads &&
         c->now.descriptors <= c->before.descriptors;
}

static void
assert_no_more (TeStage *stage, const Usage *before)
{
  Comparison c = {.server = stage->server, .before = *before};

  if (!tc_loop_run (stage->loop, WAIT_MS, has_no_more, &c))
    g_error ("threads: %d, before %d; descriptors: %d, before %d",
             (int)c.now.threads, (int)before->threads, (int)c.now.descriptors,
             (int)before->descriptors);
}

/* L-02, D-07, D-09, D-11. Memory is compared between two crowds of the same
 * kind: what the allocator keeps of the first serves the second. It takes about
 * a thousand viewers until glibc's many arenas grow no more. */
static void
test_churn (void)
{
  gboolean is_long = g_getenv ("WHEPCAST_LONG") != NULL;
  guint n = is_long ? 9000 : 200;
  guint n_before = is_long ? 1000 : 200;
  g_autoptr (TeStage) stage = te_stage_open (config, TE_FPS);
  Usage first, second;
  gint64 growth;

  churn (stage, 24);
  wait_nobody (stage);
  first = take_usage (stage->server);
  churn (stage, n_before);
  wait_nobody (stage);
  assert_no_more (stage, &first);
  second = take_usage (stage->server);
  churn (stage, n);
  wait_nobody (stage);
  assert_no_more (stage, &first);
  growth = take_usage (stage->server).rss - second.rss;
  g_test_message (
      "RSS in KiB: %d after 24 viewers, %d after %u more, %+d by %u",
      (int)(first.rss / 1024), (int)(second.rss / 1024), n_before,
      (int)(growth / 1024), n);
  g_assert_cmpint (growth, <, MAX_GROWTH);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/viewer/churn", test_churn);
  return g_test_run ();
}
