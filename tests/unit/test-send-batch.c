/* SPDX-License-Identifier: MIT */
/* The batch in front of a socket that refuses in every way there is: each
 * packet leaves once, whole, in order. What leaves is read with libsrtp2. */
#include "common/srtp.h"
#include "engine/send-batch.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define VIEWERS 3
#define HEADER 12
#define PAYLOAD 1000

/* What the next calls answer: an error, or how many messages to take. */
typedef struct {
  int error;
  guint take;
} Answer;

typedef struct {
  WcSendBatch *batch;
  WcSrtp *ours;
  TcSrtp *theirs;
  WcUdp udp;
  WcSendPath paths[VIEWERS];
  guint64 next[VIEWERS];     /* index of the next packet */
  guint16 received[VIEWERS]; /* sequence number of the next to come */
  guint8 payload[PAYLOAD];
} Fixture;

static GArray *answers;    /* of Answer, taken from the front */
static GPtrArray *packets; /* of GBytes, as the peer would get them */
static GArray *ports;      /* of guint16, where they went */
static guint largest;      /* segments in one message */

/* --- the socket ----------------------------------------------------------- */

static guint
segment_of (struct msghdr *header, gsize size)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (header); c != NULL;
       c = CMSG_NXTHDR (header, c)) {
    guint16 segment;
    if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_SEGMENT)
      continue;
    memcpy (&segment, CMSG_DATA (c), sizeof segment);
    return segment;
  }
  return (guint)size;
}

static void
deliver (struct msghdr *header)
{
  const guint8 *data = header->msg_iov->iov_base;
  gsize size = header->msg_iov->iov_len;
  guint segment = segment_of (header, size);
  WcAddress to = wc_address_from_sockaddr (header->msg_name);
  guint16 port = wc_address_port (&to);
  guint n = 0;

  for (; size > 0; n++) {
    gsize part = MIN (size, segment);
    g_ptr_array_add (packets, g_bytes_new (data, part));
    g_array_append_val (ports, port);
    data += part;
    size -= part;
  }
  largest = MAX (largest, n);
}

static int
send_many (int fd, struct mmsghdr *messages, guint n, int flags)
{
  Answer answer = {0, G_MAXUINT};

  g_assert_cmpint (flags & MSG_DONTWAIT, !=, 0);
  if (answers->len > 0) {
    answer = g_array_index (answers, Answer, 0);
    g_array_remove_index (answers, 0);
  }
  if (answer.error != 0) {
    errno = answer.error;
    return -1;
  }
  n = MIN (n, answer.take);
  for (guint i = 0; i < n; i++)
    deliver (&messages[i].msg_hdr);
  return (int)n;
}

static void
then (int error, guint take)
{
  Answer answer = {error, take};

  g_array_append_val (answers, answer);
}

/* --- fixture -------------------------------------------------------------- */

static void
set_up (Fixture *f, gconstpointer unused)
{
  guint8 master[WC_SRTP_MASTER_SIZE] = {7};

  answers = g_array_new (FALSE, FALSE, sizeof (Answer));
  packets = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  ports = g_array_new (FALSE, FALSE, sizeof (guint16));
  largest = 0;
  f->udp = (WcUdp){-1, AF_INET6};
  f->batch = wc_send_batch_new (&f->udp, send_many);
  f->ours = wc_srtp_new (master);
  f->theirs = tc_srtp_new (TC_SRTP_AES128_CM_SHA1, master, master, NULL);
  for (guint i = 0; i < VIEWERS; i++) {
    wc_address_parse (&f->paths[i].remote, "192.0.2.1", (guint16)(1000 + i));
    wc_address_parse (&f->paths[i].local, "192.0.2.9", 0);
  }
  memset (f->payload, 0x55, sizeof f->payload);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  wc_send_batch_free (f->batch);
  wc_srtp_free (f->ours);
  tc_srtp_free (f->theirs);
  g_array_unref (answers);
  g_ptr_array_unref (packets);
  g_array_unref (ports);
}

static gboolean
add (Fixture *f, guint viewer, guint n, const guint16 *sizes)
{
  if (!wc_send_batch_begin (f->batch, &f->paths[viewer], n))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    gsize size = sizes != NULL ? sizes[i] : PAYLOAD;
    guint64 index = f->next[viewer]++;
    WcSrtpJob *job =
        wc_send_batch_add (f->batch, HEADER + size + WC_SRTP_TAG_SIZE);
    guint8 header[HEADER] = {0x80, 96, (guint8)(index >> 8),
                             (guint8)index, [11] = (guint8)viewer};
    memcpy (job->packet, header, sizeof header);
    *job = (WcSrtpJob){f->ours, job->packet,   f->payload,
                       HEADER,  (guint16)size, index};
  }
  return TRUE;
}

/* Each of the packets since the last time went to whom it is for, in order. */
static void
assert_received (Fixture *f, guint n)
{
  g_assert_cmpuint (packets->len, ==, n);
  for (guint i = 0; i < n; i++) {
    gsize size;
    const guint8 *bytes = g_bytes_get_data (packets->pdata[i], &size);
    g_autofree guint8 *data = g_memdup2 (bytes, size);
    guint viewer = g_array_index (ports, guint16, i) - 1000u;
    g_assert_cmpint (tc_srtp_unprotect_rtp (f->theirs, data, &size), ==,
                     TC_SRTP_OK);
    g_assert_cmpuint (data[11], ==, viewer);
    g_assert_cmpuint (data[2] << 8 | data[3], ==, f->received[viewer]++);
    g_assert_cmpmem (data + HEADER, size - HEADER, f->payload, size - HEADER);
  }
  g_ptr_array_set_size (packets, 0);
  g_array_set_size (ports, 0);
}

/* --- tests ---------------------------------------------------------------- */

/* Equal packets of one viewer are one message; the last may be shorter. */
static void
test_segments (Fixture *f, gconstpointer unused)
{
  static const guint16 sizes[] = {100, 800, 800, 300, 800, 800, 800};

  g_assert_true (add (f, 0, G_N_ELEMENTS (sizes), sizes));
  g_assert_true (add (f, 1, 20, NULL));
  g_assert_true (wc_send_batch_flush (f->batch));
  g_assert_cmpuint (largest, ==, 20);
  assert_received (f, 27);
  g_assert_cmpuint (wc_send_batch_stats (f->batch)->datagrams, ==, 27);
  g_assert_cmpuint (wc_send_batch_stats (f->batch)->failed, ==, 0);
}

/* More than fit: the batch empties itself. */
static void
test_many (Fixture *f, gconstpointer unused)
{
  for (guint i = 0; i < 30; i++)
    g_assert_true (add (f, i % VIEWERS, 30, NULL));
  g_assert_true (wc_send_batch_flush (f->batch));
  assert_received (f, 900);
}

/* Sent packet by packet, and so from then on: EIO is the interface's word. */
static void
test_refused_by_interface (Fixture *f, gconstpointer unused)
{
  add (f, 0, 5, NULL);
  add (f, 1, 5, NULL);
  then (0, 1);
  then (EIO, 0);
  g_assert_true (wc_send_batch_flush (f->batch));
  assert_received (f, 10);
  g_assert_cmpuint (wc_send_batch_stats (f->batch)->apart, ==, 1);
  largest = 0;
  add (f, 2, 5, NULL);
  g_assert_true (wc_send_batch_flush (f->batch));
  g_assert_cmpuint (largest, ==, 1);
  assert_received (f, 5);
}

/* EINVAL and EMSGSIZE are a path's: the others go on as before. */
static void
test_refused_by_path (Fixture *f, gconstpointer error)
{
  add (f, 0, 5, NULL);
  add (f, 1, 5, NULL);
  add (f, 2, 5, NULL);
  then (0, 1);
  then (GPOINTER_TO_INT (error), 0);
  g_assert_true (wc_send_batch_flush (f->batch));
  assert_received (f, 15);
  g_assert_false (f->paths[0].apart);
  g_assert_true (f->paths[1].apart);
  g_assert_false (f->paths[2].apart);
  largest = 0;
  add (f, 1, 5, NULL);
  g_assert_true (wc_send_batch_flush (f->batch));
  g_assert_cmpuint (largest, ==, 1);
  add (f, 0, 5, NULL);
  g_assert_true (wc_send_batch_flush (f->batch));
  g_assert_cmpuint (largest, ==, 5);
  assert_received (f, 10);
}

/* The socket is full, also in the middle of a message that is sent packet by
 * packet: the rest waits, nothing is sent twice. */
static void
test_full (Fixture *f, gconstpointer unused)
{
  add (f, 0, 5, NULL);
  add (f, 1, 5, NULL);
  add (f, 2, 5, NULL);
  then (0, 1);
  then (EAGAIN, 0);
  g_assert_false (wc_send_batch_flush (f->batch));
  g_assert_true (wc_send_batch_is_blocked (f->batch));
  assert_received (f, 5);
  then (EMSGSIZE, 0);
  then (0, 1);
  then (0, 1);
  then (EAGAIN, 0);
  g_assert_false (wc_send_batch_flush (f->batch));
  assert_received (f, 2);
  then (EINTR, 0);
  g_assert_true (wc_send_batch_flush (f->batch));
  g_assert_false (wc_send_batch_is_blocked (f->batch));
  assert_received (f, 8);
  g_assert_cmpuint (wc_send_batch_stats (f->batch)->blocked, ==, 2);
  g_assert_cmpuint (wc_send_batch_stats (f->batch)->datagrams, ==, 15);
}

/* As long as it is full there is an end to what is kept; who is turned away is
 * told, and nothing of it is half there. */
static void
test_bounded (Fixture *f, gconstpointer unused)
{
  guint taken = 0;

  for (guint i = 0; i < 40; i++) {
    then (EAGAIN, 0);
    taken += add (f, 0, 10, NULL) ? 10 : 0;
    wc_send_batch_flush (f->batch);
    g_array_set_size (answers, 0);
    then (EAGAIN, 0);
  }
  g_assert_cmpuint (taken, >, 0);
  g_assert_cmpuint (taken, <=, WC_SEND_BATCH_PACKETS);
  g_array_set_size (answers, 0);
  g_assert_true (wc_send_batch_flush (f->batch));
  assert_received (f, taken);
  g_assert_true (add (f, 0, 10, NULL));
  g_assert_true (wc_send_batch_flush (f->batch));
  assert_received (f, 10);
}

/* What is refused for good is lost and counted, and keeps nobody else. */
static void
test_lost (Fixture *f, gconstpointer error)
{
  add (f, 0, 5, NULL);
  add (f, 1, 5, NULL);
  add (f, 2, 5, NULL);
  then (0, 1);
  then (GPOINTER_TO_INT (error), 0);
  g_assert_true (wc_send_batch_flush (f->batch));
  f->received[1] = 5;
  assert_received (f, 10);
  g_assert_cmpuint (wc_send_batch_stats (f->batch)->failed, ==, 5);
  add (f, 1, 5, NULL);
  g_assert_true (wc_send_batch_flush (f->batch));
  assert_received (f, 5);
}

/* A viewer leaves while its packets wait. */
static void
test_forget (Fixture *f, gconstpointer unused)
{
  WcSendPath *path = g_memdup2 (&f->paths[0], sizeof *path);

  g_assert_true (wc_send_batch_begin (f->batch, path, 2));
  for (guint i = 0; i < 2; i++) {
    WcSrtpJob *job =
        wc_send_batch_add (f->batch, HEADER + 10 + WC_SRTP_TAG_SIZE);
    memset (job->packet, 0, HEADER);
    job->packet[0] = 0x80;
    job->packet[3] = (guint8)i;
    *job = (WcSrtpJob){f->ours, job->packet, f->payload, HEADER, 10, i};
  }
  then (EAGAIN, 0);
  g_assert_false (wc_send_batch_flush (f->batch));
  wc_send_batch_forget (f->batch, path);
  g_free (path);
  then (EMSGSIZE, 0);
  g_assert_true (wc_send_batch_flush (f->batch));
  assert_received (f, 2);
}

/* --- the kernel ----------------------------------------------------------- */

/* Segments through a real socket arrive as the datagrams that they were. */
static void
test_kernel (gconstpointer ipv6)
{
  Fixture f = {0};
  WcUdp udp;
  guint16 port = 0;
  WcDatagram *datagrams = g_new (WcDatagram, 32);
  g_autoptr (GError) error = NULL;

  set_up (&f, NULL);
  g_assert_true (
      wc_udp_open_shared (&udp, 1, &port, GPOINTER_TO_INT (ipv6), &error));
  WcSendBatch *batch = wc_send_batch_new (&udp, NULL);
  wc_send_batch_free (f.batch);
  f.batch = batch;
  wc_address_parse (&f.paths[0].remote, "127.0.0.1", port);
  wc_address_parse (&f.paths[0].local, "127.0.0.1", 0);
  g_assert_true (add (&f, 0, 20, NULL));
  g_assert_true (wc_send_batch_flush (batch));
  guint n = wc_udp_receive (&udp, datagrams, 32);
  for (guint i = 0; i < n; i++) {
    guint16 to = 1000;
    g_ptr_array_add (packets,
                     g_bytes_new (datagrams[i].data, datagrams[i].size));
    g_array_append_val (ports, to);
  }
  assert_received (&f, 20);
  tear_down (&f, NULL);
  wc_udp_close (&udp);
  g_free (datagrams);
}

/* --- over TCP ------------------------------------------------------------- */

/* What the other end of the connection has got so far, as packets of viewer 1.
 */
static void
read_frames (int fd, GByteArray *stream)
{
  guint8 bytes[65536];
  guint16 to = 1001;
  gssize n;

  while ((n = recv (fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
    g_byte_array_append (stream, bytes, (guint)n);
  while (stream->len >= 2 &&
         stream->len >= 2u + (guint)(stream->data[0] << 8 | stream->data[1])) {
    guint size = (guint)(stream->data[0] << 8 | stream->data[1]);
    g_ptr_array_add (packets, g_bytes_new (stream->data + 2, size));
    g_array_append_val (ports, to);
    g_byte_array_remove_range (stream, 0, 2 + size);
  }
}

/* Viewers over UDP beside it do not notice; who does not read is refused, with
 * nothing cut off. */
static void
test_tcp (Fixture *f, gconstpointer unused)
{
  static const guint16 sizes[] = {100, 800, 800, 300};
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  int pair[2], epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  WcAddress nobody = {0};
  guint n = 0;

  g_assert_cmpint (
      socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair),
      ==, 0);
  WcTcp *tcp = wc_tcp_new (pair[0], &nobody, &nobody, epoll_fd);
  f->paths[1].tcp = tcp;
  g_assert_true (add (f, 0, 4, sizes));
  g_assert_true (add (f, 1, 4, sizes));
  g_assert_true (add (f, 2, 4, sizes));
  g_assert_true (add (f, 1, 3, NULL));
  then (EAGAIN, 0); /* the UDP socket is full: no matter */
  g_assert_false (wc_send_batch_flush (f->batch));
  read_frames (pair[1], stream);
  assert_received (f, 7);
  g_assert_true (wc_send_batch_flush (f->batch));
  assert_received (f, 8);
  g_assert_cmpuint (wc_send_batch_stats (f->batch)->datagrams, ==, 15);
  g_assert_cmpuint (tcp->promised, ==, 0);

  while (add (f, 1, 10, NULL)) {
    n += 10;
    g_assert_cmpuint (n, <, 10000);
    g_assert_true (add (f, 0, 1, NULL));
    if (n % 30 == 0)
      wc_send_batch_flush (f->batch);
  }
  wc_send_batch_flush (f->batch);
  assert_received (f, packets->len);
  while (tcp->n_waiting > 0) {
    read_frames (pair[1], stream);
    wc_tcp_flush (tcp);
  }
  read_frames (pair[1], stream);
  assert_received (f, n);
  g_assert_cmpuint (stream->len, ==, 0);
  g_assert_cmpuint (wc_send_batch_stats (f->batch)->failed, ==, 0);

  /* Not flushed, and the connection goes. */
  g_assert_true (add (f, 1, 5, NULL));
  wc_tcp_close (tcp);
  wc_tcp_unref (tcp);
  wc_send_batch_flush (f->batch);
  g_assert_cmpuint (wc_send_batch_stats (f->batch)->failed, ==, 5);
  close (pair[1]);
  close (epoll_fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, data, function)                                              \
  g_test_add ("/send-batch/" name, Fixture, GINT_TO_POINTER (data), set_up,    \
              function, tear_down)
  ADD ("segments", 0, test_segments);
  ADD ("many", 0, test_many);
  ADD ("refused/EIO", 0, test_refused_by_interface);
  ADD ("refused/EINVAL", EINVAL, test_refused_by_path);
  ADD ("refused/EMSGSIZE", EMSGSIZE, test_refused_by_path);
  ADD ("full", 0, test_full);
  ADD ("bounded", 0, test_bounded);
  ADD ("lost/ENOBUFS", ENOBUFS, test_lost);
  ADD ("lost/ENETUNREACH", ENETUNREACH, test_lost);
  ADD ("lost/EPERM", EPERM, test_lost);
  ADD ("forget", 0, test_forget);
  ADD ("tcp", 0, test_tcp);
  g_test_add_data_func ("/send-batch/kernel/ipv4", GINT_TO_POINTER (FALSE),
                        test_kernel);
  g_test_add_data_func ("/send-batch/kernel/dual", GINT_TO_POINTER (TRUE),
                        test_kernel);
  return g_test_run ();
}
