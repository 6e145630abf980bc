/* SPDX-License-Identifier: MIT */
#include "engine/send-batch.h"

#include "base/log.h"
#include "engine/framing.h"
#include "engine/srtp-many.h"

#include <errno.h>
#include <string.h>

/* The kernel's limits for one message: UDP_MAX_SEGMENTS, and 64 KiB with the
 * headers. */
#define MAX_SEGMENTS 64
#define MAX_MESSAGE_SIZE 64000
#define SEND_FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL)
#define SLOT_SIZE (WC_FRAMING_HEADER + WC_SEND_BATCH_PACKET_SIZE)

typedef struct {
  WcSendPath *path; /* nullable: it went away */
  guint8 *data;
  gsize size;
  guint16 segment;     /* size of every packet but the last, which is less */
  gboolean may_extend; /* the last packet is as large as the others */
  guint n_segments;
  gboolean apart; /* to be sent packet by packet */
  struct iovec part;
  WcUdpEnvelope envelope;
} Message;

/* Frames for a TCP connection. */
typedef struct {
  WcTcp *tcp; /* referenced */
  guint8 *data;
  gsize size;
  guint n_packets;
} Stream;

struct WcSendBatch {
  const WcUdp *udp;
  WcSendManyFunc send_many;
  WcSrtpMany *many;
  gboolean segments; /* the interface takes them, as far as is known */
  WcSrtpJob jobs[WC_SEND_BATCH_PACKETS];
  guint n_jobs, n_encrypted;
  Message messages[WC_SEND_BATCH_PACKETS];
  struct mmsghdr headers[WC_SEND_BATCH_PACKETS];
  guint n_messages, n_sealed, n_sent;
  Stream streams[WC_SEND_BATCH_PACKETS];
  guint n_streams;
  gboolean blocked;
  WcSendPath *path; /* of the packets that are being added */
  gboolean fresh;   /* none of them yet */
  gsize used;       /* of the slab */
  WcSendBatchStats stats;
  guint8 slab[WC_SEND_BATCH_PACKETS * SLOT_SIZE];
};

static int
send_many_really (int fd, struct mmsghdr *messages, guint n, int flags)
{
  return sendmmsg (fd, messages, n, flags);
}

WcSendBatch *
wc_send_batch_new (const WcUdp *udp, WcSendManyFunc send_many)
{
  WcSendBatch *batch = g_new0 (WcSendBatch, 1);

  batch->udp = udp;
  batch->send_many = send_many != NULL ? send_many : send_many_really;
  batch->segments = TRUE;
  batch->many = wc_srtp_many_new_best ();
  return batch;
}

void
wc_send_batch_free (WcSendBatch *batch)
{
  for (guint i = 0; i < batch->n_streams; i++)
    wc_tcp_unref (batch->streams[i].tcp);
  wc_srtp_many_free (batch->many);
  g_free (batch);
}

/* --- filling -------------------------------------------------------------- */

static void
clear (WcSendBatch *batch)
{
  batch->n_jobs = batch->n_encrypted = 0;
  batch->n_messages = batch->n_sealed = batch->n_sent = 0;
  batch->used = 0;
}

gboolean
wc_send_batch_begin (WcSendBatch *batch, WcSendPath *path, guint n)
{
  if (batch->n_jobs + n > WC_SEND_BATCH_PACKETS)
    wc_send_batch_flush (batch);
  if (batch->n_jobs + n > WC_SEND_BATCH_PACKETS)
    return FALSE;
  if (path->tcp != NULL && !wc_tcp_has_room (path->tcp, n * SLOT_SIZE))
    return FALSE;
  batch->path = path;
  batch->fresh = TRUE;
  return TRUE;
}

static gboolean
fits (const WcSendBatch *batch, const Message *message, gsize size)
{
  return batch->segments && !batch->path->apart && message->may_extend &&
         size <= message->segment && message->n_segments < MAX_SEGMENTS &&
         message->size + size <= MAX_MESSAGE_SIZE;
}

static Message *
new_message (WcSendBatch *batch, gsize size)
{
  guint i = batch->n_messages++;
  Message *message = &batch->messages[i];

  message->path = batch->path;
  message->data = batch->slab + batch->used;
  message->size = 0;
  message->n_segments = 0;
  message->segment = (guint16)size;
  message->apart = FALSE;
  wc_udp_address (batch->udp, &batch->path->remote, &batch->path->local,
                  &message->envelope, &batch->headers[i].msg_hdr);
  return message;
}

/* The frames of a viewer lie next to each other: one write is enough. */
static guint8 *
add_frame (WcSendBatch *batch, gsize size)
{
  guint8 *frame = batch->slab + batch->used;
  gsize frame_size = WC_FRAMING_HEADER + size;

  if (batch->fresh)
    batch->streams[batch->n_streams++] =
        (Stream){wc_tcp_ref (batch->path->tcp), frame, 0, 0};
  Stream *stream = &batch->streams[batch->n_streams - 1];
  stream->size += frame_size;
  stream->n_packets++;
  stream->tcp->promised += frame_size;
  wc_framing_write_header (frame, size);
  batch->used += frame_size;
  return frame + WC_FRAMING_HEADER;
}

static guint8 *
add_segment (WcSendBatch *batch, gsize size)
{
  Message *message =
      batch->fresh ? NULL : &batch->messages[batch->n_messages - 1];
  guint8 *packet = batch->slab + batch->used;

  if (message == NULL || !fits (batch, message, size))
    message = new_message (batch, size);
  message->may_extend = size == message->segment;
  message->size += size;
  message->n_segments++;
  batch->used += size;
  return packet;
}

WcSrtpJob *
wc_send_batch_add (WcSendBatch *batch, gsize size)
{
  WcSrtpJob *job = &batch->jobs[batch->n_jobs++];

  g_assert (size <= WC_SEND_BATCH_PACKET_SIZE);
  job->packet = batch->path->tcp != NULL ? add_frame (batch, size)
                                         : add_segment (batch, size);
  batch->fresh = FALSE;
  return job;
}

void
wc_send_batch_forget (WcSendBatch *batch, const WcSendPath *path)
{
  for (guint i = batch->n_sent; i < batch->n_messages; i++)
    if (batch->messages[i].path == path)
      batch->messages[i].path = NULL;
}

/* --- sending -------------------------------------------------------------- */

/* What was added since the last flush gets no more packets. */
static void
seal (WcSendBatch *batch)
{
  for (guint i = batch->n_sealed; i < batch->n_messages; i++) {
    Message *message = &batch->messages[i];
    struct msghdr *header = &batch->headers[i].msg_hdr;
    message->part = (struct iovec){message->data, message->size};
    header->msg_iov = &message->part;
    header->msg_iovlen = 1;
    if (message->n_segments > 1)
      wc_udp_segment (header, &message->envelope, message->segment);
  }
  batch->n_sealed = batch->n_messages;
}

static void
encrypt (WcSendBatch *batch)
{
  wc_srtp_many_protect (batch->many, batch->jobs + batch->n_encrypted,
                        batch->n_jobs - batch->n_encrypted);
  batch->n_encrypted = batch->n_jobs;
}

static void
count (WcSendBatch *batch, guint n_segments, gsize size)
{
  batch->stats.datagrams += n_segments;
  batch->stats.bytes += size;
}

/* There was room for all of them. */
static void
write_streams (WcSendBatch *batch)
{
  for (guint i = 0; i < batch->n_streams; i++) {
    Stream *stream = &batch->streams[i];

    stream->tcp->promised -= stream->size;
    if (wc_tcp_write (stream->tcp, stream->data, stream->size))
      count (batch, stream->n_packets,
             stream->size - stream->n_packets * WC_FRAMING_HEADER);
    else
      batch->stats.failed += stream->n_packets;
    wc_tcp_unref (stream->tcp);
  }
  batch->n_streams = 0;
}

static gboolean
block (WcSendBatch *batch)
{
  batch->blocked = TRUE;
  batch->stats.blocked++;
  return FALSE;
}

/* FALSE: the socket is full, the message is what is left. */
static gboolean
send_apart (WcSendBatch *batch, Message *message, struct msghdr *header)
{
  wc_udp_no_segment (header);
  while (message->n_segments > 0) {
    gsize size = MIN (message->size, message->segment);
    struct mmsghdr one = {.msg_hdr = *header};
    message->part = (struct iovec){message->data, size};
    int n = batch->send_many (batch->udp->fd, &one, 1, SEND_FLAGS);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN)
      return block (batch);
    if (n == 1)
      count (batch, 1, size);
    else
      batch->stats.failed++;
    message->data += size;
    message->size -= size;
    message->n_segments--;
  }
  batch->n_sent++;
  return TRUE;
}

/* EIO: the interface has no checksum offload, or (IPv6 on older virtio) lies
 * about it. The other two: this path's MTU is smaller than a segment. */
static gboolean
is_about_segments (int code)
{
  return code == EIO || code == EINVAL || code == EMSGSIZE;
}

static void
give_up_segments (WcSendBatch *batch, Message *message, int code)
{
  message->apart = TRUE;
  batch->stats.apart++;
  if (code != EIO && message->path != NULL)
    message->path->apart = TRUE;
  if (code != EIO || !batch->segments)
    return;
  batch->segments = FALSE;
  wc_warning ("a network interface refuses UDP_SEGMENT: packets are sent one "
              "by one from now on, which takes more CPU");
}

/* The first message left was refused. FALSE: wait for the socket. */
static gboolean
on_refused (WcSendBatch *batch, int code)
{
  Message *message = &batch->messages[batch->n_sent];

  if (code == EINTR)
    return TRUE;
  if (code == EAGAIN)
    return block (batch);
  if (message->n_segments > 1 && is_about_segments (code)) {
    give_up_segments (batch, message, code);
    return TRUE;
  }
  batch->stats.failed += message->n_segments;
  batch->n_sent++;
  return TRUE;
}

static void
on_sent (WcSendBatch *batch, guint n)
{
  for (guint i = batch->n_sent; i < batch->n_sent + n; i++)
    count (batch, batch->messages[i].n_segments, batch->messages[i].size);
  batch->n_sent += n;
}

/* FALSE: wait for the socket. */
static gboolean
send_some (WcSendBatch *batch)
{
  Message *first = &batch->messages[batch->n_sent];
  struct mmsghdr *headers = batch->headers + batch->n_sent;

  if (first->apart)
    return send_apart (batch, first, &headers->msg_hdr);
  int n = batch->send_many (batch->udp->fd, headers,
                            batch->n_messages - batch->n_sent, SEND_FLAGS);
  if (n <= 0)
    return on_refused (batch, n < 0 ? errno : EAGAIN);
  on_sent (batch, (guint)n);
  return TRUE;
}

gboolean
wc_send_batch_flush (WcSendBatch *batch)
{
  encrypt (batch);
  seal (batch);
  write_streams (batch);
  batch->blocked = FALSE;
  while (batch->n_sent < batch->n_messages)
    if (!send_some (batch))
      return FALSE;
  clear (batch);
  return TRUE;
}

gboolean
wc_send_batch_is_blocked (const WcSendBatch *batch)
{
  return batch->blocked;
}

const WcSendBatchStats *
wc_send_batch_stats (const WcSendBatch *batch)
{
  return &batch->stats;
}
