/* SPDX-License-Identifier: MIT */
/* What the tests of ICE-TCP share: an engine with a TCP port, and the viewer's
 * side of ICE on a connection, in frames. */
#pragma once

#include "engine-support.h"

#include "engine/framing.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#define CONSENT_MS 15000

static inline WcEngine *
make_tcp_engine (guint workers)
{
  WcEngineConfig config = {.workers = workers,
                           .ipv6 = TRUE,
                           .tcp = TRUE,
                           .connect_timeout_ms = 20000,
                           .consent_timeout_ms = CONSENT_MS,
                           .fast_start = TRUE};
  g_autoptr (GError) error = NULL;
  WcEngine *engine = wc_engine_new (&config, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (wc_engine_tcp_port (engine), ==,
                    wc_engine_udp_port (engine));
  return engine;
}

static inline int
open_tcp_to (WcEngine *engine, const char *ip)
{
  WcAddress server;
  struct sockaddr_storage sa;
  struct timeval timeout = {5, 0};
  int yes = 1;

  wc_address_parse (&server, ip, wc_engine_tcp_port (engine));
  socklen_t size = wc_address_to_sockaddr (&server, server.sa.sa_family, &sa);
  int fd = socket (server.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (fd, (struct sockaddr *)&sa, size), ==, 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

static inline int
open_tcp (WcEngine *engine)
{
  return open_tcp_to (engine, "127.0.0.1");
}

static inline gsize
frame (guint8 *out, const void *data, gsize size)
{
  wc_framing_write_header (out, size);
  memcpy (out + WC_FRAMING_HEADER, data, size);
  return WC_FRAMING_HEADER + size;
}

static inline void
send_all (int fd, const guint8 *data, gsize size)
{
  g_assert_cmpint (send (fd, data, size, MSG_NOSIGNAL), ==, (gssize)size);
}

static inline void
send_frame (int fd, const void *data, gsize size)
{
  guint8 out[WC_FRAMING_HEADER + 4096];

  send_all (fd, out, frame (out, data, size));
}

static inline gboolean
read_exactly (int fd, guint8 *data, gsize size)
{
  for (gsize got = 0; got < size;) {
    gssize n = recv (fd, data + got, size - got, 0);
    if (n <= 0)
      return FALSE;
    got += (gsize)n;
  }
  return TRUE;
}

/* Returns its size; 0 when the other side has closed. */
static inline gsize
read_frame (int fd, guint8 data[65536])
{
  guint8 header[WC_FRAMING_HEADER];

  if (!read_exactly (fd, header, sizeof header))
    return 0;
  gsize size = (gsize)(header[0] << 8 | header[1]);
  return read_exactly (fd, data, size) ? size : 0;
}

static inline gsize
write_request (WcSubscriber *subscriber, gboolean use_candidate,
               guint32 priority, guint8 out[512])
{
  return stun_client_write (out, wc_subscriber_ufrag (subscriber),
                            wc_subscriber_pwd (subscriber), use_candidate,
                            priority);
}

static inline gboolean
check_tcp_with (int fd, WcSubscriber *subscriber, gboolean use_candidate,
                guint32 priority)
{
  static guint8 data[65536];
  guint8 request[512];
  gsize size = write_request (subscriber, use_candidate, priority, request);

  for (guint n = 0; n == 0 || data[0] != 1; n++) {
    if (n % STUN_CLIENT_ASKS_AGAIN == 0)
      send_frame (fd, request, size);
    if (read_frame (fd, data) == 0)
      return FALSE;
  }
  return data[1] == 1;
}

static inline gboolean
check_tcp (int fd, WcSubscriber *subscriber)
{
  return check_tcp_with (fd, subscriber, TRUE, 100);
}

static inline gboolean
is_closed (int fd)
{
  guint8 byte;
  gssize n = recv (fd, &byte, 1, 0);

  return n == 0 || (n < 0 && errno == ECONNRESET);
}

static inline void
assert_closed (int fd)
{
  g_assert_true (is_closed (fd));
  close (fd);
}

static inline gboolean
wait_stat (WcEngine *engine, gsize offset, guint64 value)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  WcEngineStats stats;
  guint64 now;

  do {
    g_usleep (1000);
    wc_engine_get_stats (engine, &stats);
    now = offset == G_STRUCT_OFFSET (WcEngineStats, tcp_refused)
              ? stats.tcp_refused
              : G_STRUCT_MEMBER (guint, &stats, offset);
  } while (now != value && g_get_monotonic_time () < deadline);
  return now == value;
}

#define WAIT_STAT(engine, field, value)                                        \
  wait_stat (engine, G_STRUCT_OFFSET (WcEngineStats, field), value)

static inline gboolean
has_path (WcSubscriber *subscriber, gboolean *is_tcp)
{
  WcSubscriberStats stats;

  wc_subscriber_get_stats (subscriber, &stats);
  *is_tcp = stats.is_tcp;
  return stats.has_address;
}

/* A nomination is answered before the path changes. */
static inline gboolean
wait_path (WcSubscriber *subscriber, gboolean tcp)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  gboolean is_tcp, has;

  do
    has = has_path (subscriber, &is_tcp);
  while ((!has || is_tcp != tcp) && g_get_monotonic_time () < deadline);
  return has && is_tcp == tcp;
}
