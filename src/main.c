/* SPDX-License-Identifier: MIT */
/* whepcast: options, configuration, signals, main loop. */
#include "server/notify.h"
#include "server/options.h"
#include "server/server.h"
#include "version.h"

#include <errno.h>
#include <glib-unix.h>
#include <gst/gst.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

#undef G_LOG_DOMAIN
#define G_LOG_DOMAIN "main"

#define EXIT_CONFIG 2

typedef struct {
  WcOptions options;
  WcConfig *config;
  WcServer *server;
  WcNotify *notify;
  GMainLoop *loop;
  gboolean stopping, draining;
} App;

/* Every viewer and every port needs descriptors; the soft limit is 1024 by
 * default for the sake of select(2), which is not used here. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 ||
      limit.rlim_cur == limit.rlim_max)
    return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit (RLIMIT_NOFILE, &limit) != 0)
    wc_warning ("the limit of descriptors cannot be raised: %s",
                g_strerror (errno));
}

/* Each of its lines is something that is wrong. */
static void
print_error (const GError *error)
{
  g_auto (GStrv) lines = g_strsplit (error->message, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    fprintf (stderr, "whepcast: %s\n", lines[i]);
}

static void
on_stopped (gpointer user_data)
{
  App *app = user_data;

  g_main_loop_quit (app->loop);
}

/* The first signal may wait for viewers to leave, the next one ends it in
 * order, and another one at once. */
static void
stop (App *app, gboolean drain)
{
  if (app->stopping && !app->draining) {
    wc_warning ("another signal: leaving at once");
    _exit (EXIT_FAILURE);
  }
  wc_info ("stopping");
  if (!app->stopping)
    wc_notify_stopping (app->notify, drain ? app->config->drain_ms : 0);
  drain = drain && !app->stopping;
  app->stopping = TRUE;
  app->draining = wc_server_stop (app->server, drain, on_stopped, app);
}

static gboolean
on_stop_signal (gpointer user_data)
{
  stop (user_data, FALSE);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_drain_signal (gpointer user_data)
{
  stop (user_data, TRUE);
  return G_SOURCE_CONTINUE;
}

static char *
describe_place (App *app)
{
  g_autofree char *address = wc_server_http_address (app->server);

  return g_strdup_printf ("listening %s://%s udp %u",
                          wc_server_http_scheme (app->server), address,
                          wc_server_udp_port (app->server));
}

static gboolean
on_reload_signal (gpointer user_data)
{
  App *app = user_data;

  if (app->stopping) {
    wc_warning ("the configuration is not read again: the server is stopping");
    return G_SOURCE_CONTINUE;
  }
  wc_notify_reloading (app->notify);
  wc_reload_report_free (wc_server_reload (app->server));
  g_autofree char *where = describe_place (app);
  wc_notify_ready (app->notify, where);
  return G_SOURCE_CONTINUE;
}

static WcConfig *
load_config (gpointer user_data, GError **error)
{
  App *app = user_data;

  return wc_options_load_config (&app->options, error);
}

/* A program that started it reads the line, a service manager the datagram. */
static void
announce (App *app)
{
  g_autofree char *where = describe_place (app);

  wc_server_log_ready (app->server);
  printf ("whepcast: %s\n", where);
  fflush (stdout);
  wc_notify_ready (app->notify, where);
}

static int
run (App *app)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (WcNotify) notify = wc_notify_new ();
  const WcServerSetup setup = {
      .with_demo = app->options.demo, .load = load_config, .user_data = app};

  app->loop = loop;
  app->notify = notify;
  app->server = wc_server_start (app->config, &setup, &error);
  if (app->server == NULL) {
    print_error (error);
    return g_error_matches (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_VALUE)
               ? EXIT_CONFIG
               : EXIT_FAILURE;
  }
  g_unix_signal_add (SIGTERM, on_drain_signal, app);
  g_unix_signal_add (SIGINT, on_stop_signal, app);
  g_unix_signal_add (SIGHUP, on_reload_signal, app);

  announce (app);
  g_main_loop_run (loop);
  g_clear_pointer (&app->server, wc_server_free);
  wc_info ("stopped");
  return EXIT_SUCCESS;
}

static int
start (App *app)
{
  g_autoptr (GError) error = NULL;

  app->config = wc_options_load_config (&app->options, &error);
  if (app->config == NULL) {
    print_error (error);
    return EXIT_CONFIG;
  }
  if (app->options.check_config) {
    printf ("the configuration is good\n");
    return EXIT_SUCCESS;
  }

  wc_log_set_level (app->config->log_level);
  wc_log_set_format (app->config->log_format);
  raise_descriptor_limit ();
  return run (app);
}

/* What a crowd of webrtcbins leaves behind goes back to the system only if
 * freed memory is not kept for each thread, and is not spread over an arena for
 * each: with the defaults of glibc five times as much stays, of GLib before
 * 2.76, which has caches of its own, a hundred times. Only the environment that
 * a program is started with can tell them so. */
static gboolean
set_allocators (void)
{
  static const char *const wanted[][2] = {
      {"GLIBC_TUNABLES", "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1:"
                         "glibc.malloc.mxfast=160"},
      {"G_SLICE", "always-malloc"},
  };
  gboolean changed = FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++) {
    if (g_getenv (wanted[i][0]) != NULL)
      continue;
    g_setenv (wanted[i][0], wanted[i][1], TRUE);
    changed = TRUE;
  }
  return changed;
}

/* By its path: a program that was started as /proc/self/exe is called "exe" by
 * ps and top. Not one with capabilities of its file: its environment is cleaned
 * of such variables each time. */
static void
ensure_allocators (char **argv)
{
  g_autofree char *path = g_file_read_link ("/proc/self/exe", NULL);

  if (path != NULL && getauxval (AT_SECURE) == 0 && set_allocators ())
    execv (path, argv); /* where that fails, it goes on as it is */
}

int
main (int argc, char **argv)
{
  App app = {0};
  g_autoptr (GError) error = NULL;

  ensure_allocators (argv);
  signal (SIGPIPE, SIG_IGN);
  wc_log_init ();
  if (!wc_options_parse (&app.options, &argc, &argv, &error)) {
    print_error (error);
    return EXIT_CONFIG;
  }
  if (app.options.version) {
    printf ("whepcast %s\n", WC_VERSION);
    return EXIT_SUCCESS;
  }

  gst_init (NULL, NULL);
  int status = start (&app);
  g_clear_pointer (&app.config, wc_config_free);
  wc_options_clear (&app.options);
  return status;
}
