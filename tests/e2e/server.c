/* SPDX-License-Identifier: MIT */
#include "server.h"

#include "scratch.h"

#include "common/http.h"

#include "base/clock.h"

#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define READY_MS 20000
#define LIVE_MS 15000
#define POLL_MS 20
#define EXIT_MS 10000

struct _TeServer {
  TcLoop *loop;
  TeChild *child;
  char *url;
  char *token;
};

static char *
write_config (const char *state_dir, const char *ip, const char *config)
{
  g_autofree char *text =
      g_strdup_printf ("[ice]\naddresses=%s\n%s", ip, config);
  char *path = g_strconcat (state_dir, ".conf", NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  return path;
}

static TeChild *
spawn (TcLoop *loop, const char *state_dir, const char *ip, const char *config)
{
  g_autofree char *path = write_config (state_dir, ip, config);
  g_autofree char *listen = strchr (ip, ':') != NULL
                                ? g_strdup_printf ("[%s]:0", ip)
                                : g_strdup_printf ("%s:0", ip);
  const char *argv[] = {g_getenv ("WHEPCAST"),
                        "--config",
                        path,
                        "--state-dir",
                        state_dir,
                        "--listen",
                        listen,
                        "--udp-port",
                        "0",
                        NULL};

  if (argv[0] == NULL)
    g_error ("WHEPCAST does not name the program");
  return te_child_spawn (loop, argv);
}

TeServer *
te_server_start (TcLoop *loop, const char *ip, const char *config)
{
  static const char prefix[] = "whepcast: listening ";
  static guint n = 0;
  TeServer *server = g_new0 (TeServer, 1);
  g_autofree char *name = g_strdup_printf ("state-%u", n++);
  g_autofree char *state_dir = te_scratch_path (name);
  g_autofree char *token_path =
      g_build_filename (state_dir, "admin-token", NULL);
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;

  server->loop = loop;
  server->child = spawn (loop, state_dir, ip != NULL ? ip : "127.0.0.1",
                         config != NULL ? config : "");
  line = te_child_read_line (server->child, prefix, READY_MS);
  g_assert_nonnull (line);
  server->url =
      g_strndup (line + strlen (prefix), strcspn (line + strlen (prefix), " "));
  g_file_get_contents (token_path, &server->token, NULL, &error);
  g_assert_no_error (error);
  g_strchomp (server->token);
  return server;
}

void
te_server_free (TeServer *server)
{
  te_child_free (server->child);
  g_free (server->url);
  g_free (server->token);
  g_free (server);
}

void
te_server_end (TeServer *server)
{
  int status;

  te_child_signal (server->child, SIGTERM);
  g_assert_true (te_child_wait (server->child, EXIT_MS, &status));
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

TeChild *
te_server_child (TeServer *server)
{
  return server->child;
}

char *
te_server_whep_url (TeServer *server, const char *id)
{
  return g_strconcat (server->url, "/whep/", id, NULL);
}

guint
te_server_request (TeServer *server, const char *method, const char *path,
                   const char *body, char **answer)
{
  g_autofree char *url = g_strconcat (server->url, path, NULL);
  TcHttpRequest request = {.method = method,
                           .url = url,
                           .content_type =
                               body != NULL ? "application/json" : NULL,
                           .token = server->token,
                           .body = body};

  return tc_http_run (server->loop, &request, answer);
}

guint
te_server_request_url (TeServer *server, const char *method, const char *url)
{
  TcHttpRequest request = {.method = method, .url = url};

  return tc_http_run (server->loop, &request, NULL);
}

void
te_server_create (TeServer *server, const char *id, const char *tracks)
{
  g_autofree char *body = g_strdup_printf (
      "{\"id\":\"%s\",\"kind\":\"rtp\",\"persist\":false,\"tracks\":%s}", id,
      tracks);
  g_autofree char *answer = NULL;
  guint status =
      te_server_request (server, "POST", "/api/v1/mountpoints", body, &answer);

  if (status != 201)
    g_error ("creating %s: %u %s", id, status, answer);
}

/* Walks down; members and indices have dots between them. */
static JsonNode *
find_member (JsonNode *node, const char *member)
{
  g_auto (GStrv) steps = g_strsplit (member, ".", -1);

  for (guint i = 0; node != NULL && steps[i] != NULL; i++) {
    guint64 index = g_ascii_strtoull (steps[i], NULL, 10);

    if (JSON_NODE_HOLDS_OBJECT (node))
      node = json_object_get_member (json_node_get_object (node), steps[i]);
    else if (JSON_NODE_HOLDS_ARRAY (node) &&
             index < json_array_get_length (json_node_get_array (node)))
      node = json_array_get_element (json_node_get_array (node), (guint)index);
    else
      node = NULL;
  }
  return node;
}

static JsonNode *
get_member (TeServer *server, const char *path, const char *member)
{
  g_autofree char *answer = NULL;
  g_autoptr (GError) error = NULL;
  guint status = te_server_request (server, "GET", path, NULL, &answer);
  g_autoptr (JsonNode) root = NULL;
  JsonNode *node;

  if (status != 200)
    g_error ("GET %s: %u %s", path, status, answer);
  root = json_from_string (answer, &error);
  g_assert_no_error (error);
  node = find_member (root, member);
  if (node == NULL)
    g_error ("there is no %s in %s: %s", member, path, answer);
  return json_node_copy (node);
}

gint64
te_server_number (TeServer *server, const char *path, const char *member)
{
  g_autoptr (JsonNode) node = get_member (server, path, member);

  return json_node_get_int (node);
}

char *
te_server_text (TeServer *server, const char *path, const char *member)
{
  g_autoptr (JsonNode) node = get_member (server, path, member);

  return json_node_dup_string (node);
}

gboolean
te_server_wait_number (TeServer *server, const char *path, const char *member,
                       gint64 value, gint64 timeout_ms)
{
  gint64 end_us = wc_clock_now_us () + timeout_ms * 1000;

  while (te_server_number (server, path, member) != value) {
    if (wc_clock_now_us () > end_us)
      return FALSE;
    tc_loop_run (server->loop, POLL_MS, NULL, NULL);
  }
  return TRUE;
}

void
te_server_wait_live (TeServer *server, const char *id)
{
  g_autofree char *path = g_strconcat ("/api/v1/mountpoints/", id, NULL);
  gint64 end_us = wc_clock_now_us () + LIVE_MS * 1000;
  g_autofree char *state = te_server_text (server, path, "state");

  while (strcmp (state, "live") != 0) {
    g_autofree char *answer = NULL;

    if (wc_clock_now_us () > end_us) {
      te_server_request (server, "GET", path, NULL, &answer);
      g_error ("%s does not become live: %s", id, answer);
    }
    tc_loop_run (server->loop, POLL_MS, NULL, NULL);
    g_free (state);
    state = te_server_text (server, path, "state");
  }
}

gboolean
te_server_wait_gone (TeServer *server, const char *session_url,
                     gint64 timeout_ms)
{
  gint64 end_us = wc_clock_now_us () + timeout_ms * 1000;

  while (te_server_request_url (server, "GET", session_url) != 404) {
    if (wc_clock_now_us () > end_us)
      return FALSE;
    tc_loop_run (server->loop, POLL_MS, NULL, NULL);
  }
  return TRUE;
}
