/* SPDX-License-Identifier: MIT */
/* The real program under a service manager: what it is told, over a socket of
 * the test's own (sd_notify(3)). The program is that of WHEPCAST. */
#include "e2e/child.h"
#include "e2e/scratch.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOON_S 10

typedef struct {
  int fd;
  TcLoop *loop;
  TeChild *child;
} Manager;

/* As systemd does: @name with @ before it is an abstract one. */
static int
listen_at (const char *name)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const struct timeval patience = {.tv_sec = SOON_S};
  gsize length = strlen (name);
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpuint (length, <, sizeof address.sun_path);
  memcpy (address.sun_path, name, length);
  if (name[0] == '@')
    address.sun_path[0] = '\0';
  socklen_t size =
      (socklen_t)(offsetof (struct sockaddr_un, sun_path) + length);
  if (bind (fd, (struct sockaddr *)&address, size) != 0)
    g_error ("%s: %s", name, g_strerror (errno));
  g_assert_cmpint (
      setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), ==,
      0);
  return fd;
}

/* The environment is this process's own: one program at a time. */
static void
manager_start (Manager *manager, const char *name, const char *watchdog_usec,
               const char *watchdog_pid)
{
  const char *program = g_getenv ("WHEPCAST");
  g_autofree char *state = te_scratch_path ("state");

  g_assert_nonnull (program);
  g_setenv ("NOTIFY_SOCKET", name, TRUE);
  g_unsetenv ("WATCHDOG_USEC");
  g_unsetenv ("WATCHDOG_PID");
  if (watchdog_usec != NULL)
    g_setenv ("WATCHDOG_USEC", watchdog_usec, TRUE);
  if (watchdog_pid != NULL)
    g_setenv ("WATCHDOG_PID", watchdog_pid, TRUE);
  g_setenv ("WHEPCAST_ICE_TCP_PORT", "0", TRUE);
  const char *argv[] = {program, "--listen",    "127.0.0.1:0", "--udp-port",
                        "0",     "--state-dir", state,         NULL};
  manager->loop = tc_loop_new ();
  manager->child = te_child_spawn (manager->loop, argv);
}

static char *
manager_receive (Manager *manager)
{
  char buffer[4096];
  ssize_t n = recv (manager->fd, buffer, sizeof buffer, 0);

  if (n < 0)
    g_error ("nothing was told: %s", g_strerror (errno));
  return g_strndup (buffer, (gsize)n);
}

/* The next that is not WATCHDOG=1; @n_watchdogs counts those before it. */
static char *
manager_receive_state (Manager *manager, guint *n_watchdogs)
{
  for (*n_watchdogs = 0;; ++*n_watchdogs) {
    g_autofree char *state = manager_receive (manager);
    if (!g_str_equal (state, "WATCHDOG=1"))
      return g_steal_pointer (&state);
  }
}

static void
manager_expect_ready (Manager *manager)
{
  g_autofree char *line = te_child_read_line (
      manager->child, "whepcast: listening ", SOON_S * 1000);
  g_autofree char *state = manager_receive (manager);

  g_assert_nonnull (line);
  g_autofree char *expected =
      g_strdup_printf ("READY=1\nSTATUS=%s", line + strlen ("whepcast: "));
  g_assert_cmpstr (state, ==, expected);
}

/* Stops it; returns how often the watchdog was answered since. */
static guint
manager_expect_stop (Manager *manager)
{
  guint n_watchdogs;
  int status;

  te_child_signal (manager->child, SIGTERM);
  g_autofree char *state = manager_receive_state (manager, &n_watchdogs);
  g_assert_cmpstr (state, ==, "STOPPING=1\nSTATUS=stopping");
  g_assert_true (te_child_wait (manager->child, SOON_S * 1000, &status));
  g_assert_cmpint (status, ==, 0);
  return n_watchdogs;
}

static void
manager_clear (Manager *manager)
{
  te_child_free (manager->child);
  tc_loop_free (manager->loop);
  close (manager->fd);
}

static void
test_path (void)
{
  g_autofree char *name = te_scratch_path ("notify");
  Manager manager = {.fd = listen_at (name)};

  manager_start (&manager, name, NULL, NULL);
  manager_expect_ready (&manager);
  g_assert_cmpuint (manager_expect_stop (&manager), ==, 0);
  manager_clear (&manager);
  unlink (name);
}

/* As systemd wants it of Type=notify-reload: when it began, and that it is
 * over.
 */
static void
test_reload (void)
{
  g_autofree char *name =
      g_strdup_printf ("@whepcast-test-%d/reload", (int)getpid ());
  Manager manager = {.fd = listen_at (name)};
  gint64 began_us = g_get_monotonic_time ();
  static const char prefix[] = "RELOADING=1\nMONOTONIC_USEC=";

  manager_start (&manager, name, NULL, NULL);
  manager_expect_ready (&manager);
  te_child_signal (manager.child, SIGHUP);
  g_autofree char *state = manager_receive (&manager);
  g_assert_true (g_str_has_prefix (state, prefix));
  gint64 at_us = g_ascii_strtoll (state + strlen (prefix), NULL, 10);
  g_assert_cmpint (at_us, >=, began_us);
  g_assert_cmpint (at_us, <=, g_get_monotonic_time ());
  g_autofree char *ready = manager_receive (&manager);
  g_assert_true (g_str_has_prefix (ready, "READY=1\nSTATUS=listening "));
  manager_expect_stop (&manager);
  manager_clear (&manager);
}

static void
test_abstract (void)
{
  g_autofree char *name =
      g_strdup_printf ("@whepcast-test-%d/notify", (int)getpid ());
  Manager manager = {.fd = listen_at (name)};

  manager_start (&manager, name, NULL, NULL);
  manager_expect_ready (&manager);
  manager_expect_stop (&manager);
  manager_clear (&manager);
}

static void
test_watchdog (void)
{
  g_autofree char *name =
      g_strdup_printf ("@whepcast-test-%d/watchdog", (int)getpid ());
  Manager manager = {.fd = listen_at (name)};

  manager_start (&manager, name, "100000", NULL);
  manager_expect_ready (&manager);
  for (guint i = 0; i < 3; i++) {
    g_autofree char *state = manager_receive (&manager);
    g_assert_cmpstr (state, ==, "WATCHDOG=1");
  }
  manager_expect_stop (&manager);
  manager_clear (&manager);
}

/* As long as it waits for viewers, it is not killed. */
static void
test_drain (void)
{
  g_autofree char *name =
      g_strdup_printf ("@whepcast-test-%d/drain", (int)getpid ());
  Manager manager = {.fd = listen_at (name)};
  char buffer[64];
  guint n_watchdogs;
  int status;

  g_setenv ("WHEPCAST_SERVER_DRAIN_MS", "600000", TRUE);
  manager_start (&manager, name, NULL, NULL);
  g_unsetenv ("WHEPCAST_SERVER_DRAIN_MS");
  manager_expect_ready (&manager);
  te_child_signal (manager.child, SIGTERM);
  g_autofree char *state = manager_receive_state (&manager, &n_watchdogs);
  g_assert_cmpstr (
      state, ==, "STOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=610000000");
  te_child_signal (manager.child, SIGHUP);
  g_assert_true (te_child_wait (manager.child, SOON_S * 1000, &status));
  g_assert_cmpint (status, ==, 0);
  /* Who stops is not ready any more, whatever it is asked for. */
  g_assert_cmpint (recv (manager.fd, buffer, sizeof buffer, MSG_DONTWAIT), ==,
                   -1);
  manager_clear (&manager);
}

static void
test_watchdog_of_another (void)
{
  g_autofree char *name =
      g_strdup_printf ("@whepcast-test-%d/another", (int)getpid ());
  Manager manager = {.fd = listen_at (name)};

  manager_start (&manager, name, "20000", "1");
  manager_expect_ready (&manager);
  tc_loop_run (manager.loop, 200, NULL, NULL);
  g_assert_cmpuint (manager_expect_stop (&manager), ==, 0);
  manager_clear (&manager);
}

/* What cannot be told is not the end of the server. */
static void
test_nobody_there (void)
{
  g_autofree char *name = te_scratch_path ("nobody");
  g_autofree char *too_long = g_strnfill (200, 'x');
  g_autofree char *long_name = g_strconcat ("/", too_long, NULL);
  const char *names[] = {name, long_name, "vsock:2:1", "/", ""};

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    Manager manager = {.fd = -1};
    int status;

    manager_start (&manager, names[i], "not a number", NULL);
    g_autofree char *line = te_child_read_line (
        manager.child, "whepcast: listening ", SOON_S * 1000);
    g_assert_nonnull (line);
    te_child_signal (manager.child, SIGTERM);
    g_assert_true (te_child_wait (manager.child, SOON_S * 1000, &status));
    g_assert_cmpint (status, ==, 0);
    te_child_free (manager.child);
    tc_loop_free (manager.loop);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/notify/path", test_path);
  g_test_add_func ("/notify/reload", test_reload);
  g_test_add_func ("/notify/abstract", test_abstract);
  g_test_add_func ("/notify/watchdog", test_watchdog);
  g_test_add_func ("/notify/watchdog-of-another", test_watchdog_of_another);
  g_test_add_func ("/notify/drain", test_drain);
  g_test_add_func ("/notify/nobody-there", test_nobody_there);
  return g_test_run ();
}
