/* SPDX-License-Identifier: MIT */
#include "bench/socket.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define BATCHES_AT_ONCE 16
#define READ_SIZE 65536
/* Key frames of thousands of viewers come at once. */
#define RECEIVE_BUFFER (256 * 1024 * 1024)
#define FALLBACK_BUFFER (4 * 1024 * 1024)

typedef struct {
  TbSocket *socket;
  TcPeer *peer; /* NULL: not here yet, or gone */
  struct in_addr address;
  char ip[INET_ADDRSTRLEN];
} Place;

typedef struct {
  struct sockaddr_in from;
  _Alignas(struct cmsghdr) char control[128];
} Envelope;

struct _TbSocket {
  int fd;
  TcWatch *watch;
  guint16 port;
  guint32 first, n;  /* addresses, host order */
  GPtrArray *places; /* Place by index, NULL where there is none */
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  Envelope envelopes[BATCH];
  guint8 *buffer; /* BATCH reads */
  TbSocketStats stats;
};

/* What the control messages of one read say. */
typedef struct {
  guint32 to; /* host order */
  gsize segment;
  gint64 realtime_us; /* 0: not said */
} Notes;

typedef struct {
  TcPeer *peer;
  WcAddress from;
  gint64 now_us;
} Delivery;

gboolean
tb_parse_range (const char *range, guint32 *first, guint32 *n)
{
  g_auto (GStrv) parts = g_strsplit (range, "/", 2);
  WcAddress address;
  guint64 bits;

  if (g_strv_length (parts) != 2 || !wc_address_parse (&address, parts[0], 0) ||
      address.sa.sa_family != AF_INET ||
      !g_ascii_string_to_unsigned (parts[1], 10, 8, 24, &bits, NULL))
    return FALSE;
  *n = 1u << (32 - bits);
  *first = ntohl (address.in.sin_addr.s_addr) & ~(*n - 1);
  return TRUE;
}

guint
tb_split_segments (const guint8 *data, gsize size, gsize segment,
                   TbSegmentFunc func, gpointer data_pointer)
{
  gsize step = segment != 0 ? segment : MAX (size, 1);
  guint n = 0;

  for (gsize at = 0; at == 0 || at < size; at += step, n++)
    func (data + at, MIN (step, size - at), data_pointer);
  return n;
}

static void
set_options (int fd)
{
  int one = 1;
  int size = RECEIVE_BUFFER;

  setsockopt (fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
  setsockopt (fd, SOL_UDP, UDP_GRO, &one, sizeof one);
  /* When it came, not when this busy thread got round to it. */
  setsockopt (fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
  if (setsockopt (fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == 0)
    return;
  size = FALLBACK_BUFFER;
  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

static gboolean
open_socket (TbSocket *self, GError **error)
{
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t size = sizeof address;

  self->fd = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (self->fd < 0 ||
      bind (self->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
      getsockname (self->fd, (struct sockaddr *)&address, &size) != 0) {
    g_set_error (error, TC_ERROR, 0, "UDP socket: %s", g_strerror (errno));
    return FALSE;
  }
  self->port = ntohs (address.sin_port);
  set_options (self->fd);
  return TRUE;
}

static void
reset_message (TbSocket *self, guint i)
{
  struct msghdr *header = &self->messages[i].msg_hdr;

  self->vectors[i] =
      (struct iovec){self->buffer + (gsize)i * READ_SIZE, READ_SIZE};
  *header =
      (struct msghdr){.msg_name = &self->envelopes[i].from,
                      .msg_namelen = sizeof self->envelopes[i].from,
                      .msg_iov = &self->vectors[i],
                      .msg_iovlen = 1,
                      .msg_control = self->envelopes[i].control,
                      .msg_controllen = sizeof self->envelopes[i].control};
}

static Notes
read_notes (struct msghdr *header)
{
  Notes notes = {0};

  for (struct cmsghdr *c = CMSG_FIRSTHDR (header); c != NULL;
       c = CMSG_NXTHDR (header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;

      memcpy (&info, CMSG_DATA (c), sizeof info);
      notes.to = ntohl (info.ipi_addr.s_addr);
    } else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      int size;

      memcpy (&size, CMSG_DATA (c), sizeof size);
      notes.segment = (gsize)MAX (size, 0);
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec at;

      memcpy (&at, CMSG_DATA (c), sizeof at);
      notes.realtime_us = at.tv_sec * G_USEC_PER_SEC + at.tv_nsec / 1000;
    }
  }
  return notes;
}

static void
deliver (const guint8 *data, gsize size, gpointer data_pointer)
{
  Delivery *delivery = data_pointer;

  tc_peer_receive (delivery->peer, &delivery->from, data, size,
                   delivery->now_us);
}

static TcPeer *
find_peer (TbSocket *self, guint32 to)
{
  guint32 index = to - self->first;
  Place *place = index < self->places->len
                     ? g_ptr_array_index (self->places, index)
                     : NULL;

  return place != NULL ? place->peer : NULL;
}

/* @offset_us: from the wall clock to the monotonic one. */
static void
take_message (TbSocket *self, guint i, gint64 offset_us)
{
  struct mmsghdr *message = &self->messages[i];
  Notes notes = read_notes (&message->msg_hdr);
  Delivery delivery = {
      .peer = find_peer (self, notes.to),
      .from = wc_address_from_sockaddr (
          (struct sockaddr *)&self->envelopes[i].from),
      .now_us = notes.realtime_us != 0 ? notes.realtime_us + offset_us
                                       : wc_clock_now_us (),
  };

  if (delivery.peer == NULL) {
    self->stats.unknown++;
    return;
  }
  self->stats.datagrams +=
      tb_split_segments (self->vectors[i].iov_base, message->msg_len,
                         notes.segment, deliver, &delivery);
  tc_peer_received (delivery.peer);
}

static guint
read_batch (TbSocket *self)
{
  gint64 offset_us;
  int n;

  for (guint i = 0; i < BATCH; i++)
    reset_message (self, i);
  n = recvmmsg (self->fd, self->messages, BATCH, MSG_DONTWAIT, NULL);
  if (n <= 0)
    return 0;
  self->stats.batches++;
  offset_us = wc_clock_now_us () - g_get_real_time ();
  for (guint i = 0; i < (guint)n; i++)
    take_message (self, i, offset_us);
  return (guint)n;
}

static void
on_readable (guint32 events, gpointer data)
{
  TbSocket *self = data;

  for (guint i = 0; i < BATCHES_AT_ONCE; i++)
    if (read_batch (self) < BATCH)
      break;
}

TbSocket *
tb_socket_new (TcLoop *loop, const char *range, GError **error)
{
  TbSocket *self = g_new0 (TbSocket, 1);

  self->fd = -1;
  self->places = g_ptr_array_new ();
  self->buffer = g_malloc ((gsize)BATCH * READ_SIZE);
  if (!tb_parse_range (range, &self->first, &self->n)) {
    g_set_error (error, TC_ERROR, 0,
                 "%s is no range of IPv4 addresses like 10.64.0.0/16", range);
    tb_socket_free (self);
    return NULL;
  }
  if (!open_socket (self, error)) {
    tb_socket_free (self);
    return NULL;
  }
  self->watch = tc_watch_new (loop, self->fd, EPOLLIN, on_readable, self);
  return self;
}

void
tb_socket_free (TbSocket *self)
{
  g_clear_pointer (&self->watch, tc_watch_free);
  for (guint i = 0; i < self->places->len; i++)
    g_free (g_ptr_array_index (self->places, i));
  g_ptr_array_unref (self->places);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->buffer);
  g_free (self);
}

guint
tb_socket_size (const TbSocket *self)
{
  /* The first and the last may be the network's and the broadcast's. */
  return self->n - 2;
}

static void
send_from (const WcAddress *to, const guint8 *data, gsize size,
           gpointer data_pointer)
{
  Place *place = data_pointer;
  struct sockaddr_in address = to->in;
  struct in_pktinfo info = {.ipi_spec_dst = place->address};
  struct iovec vector = {(guint8 *)data, size};
  _Alignas(struct cmsghdr) char control[CMSG_SPACE (sizeof info)] = {0};
  struct msghdr header = {.msg_name = &address,
                          .msg_namelen = sizeof address,
                          .msg_iov = &vector,
                          .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof control};
  struct cmsghdr *c = CMSG_FIRSTHDR (&header);

  if (to->sa.sa_family != AF_INET)
    return;
  c->cmsg_level = IPPROTO_IP;
  c->cmsg_type = IP_PKTINFO;
  c->cmsg_len = CMSG_LEN (sizeof info);
  memcpy (CMSG_DATA (c), &info, sizeof info);
  (void)!sendmsg (place->socket->fd, &header, MSG_DONTWAIT);
}

/* The network's own address is left out. */
static guint
slot_of (guint index)
{
  return index + 1;
}

TcPeerLink
tb_socket_link (TbSocket *self, guint index)
{
  Place *place = g_new0 (Place, 1);

  g_assert_cmpuint (index, <, tb_socket_size (self));
  if (slot_of (index) >= self->places->len)
    g_ptr_array_set_size (self->places, (int)slot_of (index) + 1);
  g_assert_null (g_ptr_array_index (self->places, slot_of (index)));
  g_ptr_array_index (self->places, slot_of (index)) = place;
  place->socket = self;
  place->address.s_addr = htonl (self->first + slot_of (index));
  inet_ntop (AF_INET, &place->address, place->ip, sizeof place->ip);
  return (TcPeerLink){
      .ip = place->ip, .port = self->port, .send = send_from, .data = place};
}

void
tb_socket_set_peer (TbSocket *self, guint index, TcPeer *peer)
{
  Place *place = g_ptr_array_index (self->places, slot_of (index));

  place->peer = peer;
}

void
tb_socket_release (TbSocket *self, guint index)
{
  g_clear_pointer (&g_ptr_array_index (self->places, slot_of (index)), g_free);
}

TbSocketStats
tb_socket_stats (TbSocket *self)
{
  guint32 memory[SK_MEMINFO_VARS] = {0};
  socklen_t size = sizeof memory;

  if (getsockopt (self->fd, SOL_SOCKET, SO_MEMINFO, memory, &size) == 0)
    self->stats.overflows = memory[SK_MEMINFO_DROPS];
  return self->stats;
}
