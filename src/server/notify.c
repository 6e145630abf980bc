/* SPDX-License-Identifier: MIT */
#include "server/notify.h"

#include "base/log.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What a stop itself may take, with room. */
#define STOP_MS 10000

struct WcNotify {
  int fd;            /* connected; -1: nobody listens */
  guint watchdog_ms; /* half of what is allowed; 0: there is none */
  guint watchdog_source;
};

static void
send_state (WcNotify *notify, const char *state)
{
  if (notify->fd < 0)
    return;
  if (send (notify->fd, state, strlen (state), MSG_NOSIGNAL) < 0)
    wc_warning ("the service manager could not be told \"%s\": %s", state,
                g_strerror (errno));
}

/* FALSE for what is neither a path nor an abstract name, or too long. */
static gboolean
fill_address (const char *name, struct sockaddr_un *address, socklen_t *size)
{
  gsize length = strlen (name);

  if ((name[0] != '/' && name[0] != '@') || length < 2 ||
      length >= sizeof address->sun_path)
    return FALSE;
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  memcpy (address->sun_path, name, length);
  *size = (socklen_t)(offsetof (struct sockaddr_un, sun_path) + length);
  if (name[0] == '@')
    address->sun_path[0] = '\0'; /* unix(7): the name is as long as said */
  else
    *size += 1;
  return TRUE;
}

static int
open_socket (const char *name)
{
  struct sockaddr_un address;
  socklen_t size;

  if (!fill_address (name, &address, &size)) {
    wc_warning ("NOTIFY_SOCKET=%s is not used: it must be /PATH or @NAME, of "
                "at most %zu characters",
                name, sizeof address.sun_path - 1);
    return -1;
  }
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect (fd, (struct sockaddr *)&address, size) == 0)
    return fd;
  wc_warning ("NOTIFY_SOCKET=%s is not used: %s", name, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return -1;
}

/* Half of the time in which the service manager wants to hear from us. */
static guint
read_watchdog_ms (void)
{
  const char *usec = g_getenv ("WATCHDOG_USEC");
  const char *pid = g_getenv ("WATCHDOG_PID");
  guint64 value;

  if (usec == NULL)
    return 0;
  if (pid != NULL && g_ascii_strtoull (pid, NULL, 10) != (guint64)getpid ())
    return 0; /* meant for another process */
  if (!g_ascii_string_to_unsigned (usec, 10, 2000, G_MAXINT64, &value, NULL)) {
    wc_warning ("WATCHDOG_USEC=%s is not used: it must be a number of "
                "microseconds, 2000 or more",
                usec);
    return 0;
  }
  return (guint)MIN (value / 2000, G_MAXINT);
}

static gboolean
on_watchdog (gpointer user_data)
{
  send_state (user_data, "WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

WcNotify *
wc_notify_new (void)
{
  WcNotify *notify = g_new0 (WcNotify, 1);
  const char *name = g_getenv ("NOTIFY_SOCKET");

  notify->fd = name != NULL && *name != '\0' ? open_socket (name) : -1;
  if (notify->fd >= 0)
    notify->watchdog_ms = read_watchdog_ms ();
  return notify;
}

void
wc_notify_ready (WcNotify *notify, const char *status)
{
  g_autofree char *state = g_strdup_printf ("READY=1\nSTATUS=%s", status);

  send_state (notify, state);
  if (notify->watchdog_ms != 0 && notify->watchdog_source == 0)
    notify->watchdog_source =
        g_timeout_add (notify->watchdog_ms, on_watchdog, notify);
}

void
wc_notify_reloading (WcNotify *notify)
{
  g_autofree char *state = g_strdup_printf (
      "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());

  send_state (notify, state);
}

void
wc_notify_stopping (WcNotify *notify, guint64 wait_ms)
{
  g_autoptr (GString) state = g_string_new ("STOPPING=1\nSTATUS=stopping");

  if (wait_ms > 0)
    g_string_append_printf (state, "\nEXTEND_TIMEOUT_USEC=%" G_GUINT64_FORMAT,
                            (wait_ms + STOP_MS) * 1000);
  send_state (notify, state->str);
}

void
wc_notify_free (WcNotify *notify)
{
  g_clear_handle_id (&notify->watchdog_source, g_source_remove);
  if (notify->fd >= 0)
    close (notify->fd);
  g_free (notify);
}
