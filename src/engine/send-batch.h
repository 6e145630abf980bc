/* SPDX-License-Identifier: MIT */
/* What a worker is about to send: SRTP packets in one slab, those of a viewer
 * next to each other, so that equal ones leave as segments of one message
 * (UDP_SEGMENT, Linux 4.18) and the messages of many viewers in one call. All
 * are encrypted when the batch is flushed, straight from the payload that the
 * viewers share.
 *
 * The socket's owner is never made to wait: what it does not take now stays
 * here until it is writable, and when the batch is full whoever wants to send
 * is told so. What a network interface or a path refuses as segments is sent
 * packet by packet, none is lost. What goes over a TCP connection is written to
 * it in one piece, and is taken only if the connection has room for it.
 *
 * One thread, the worker's. Internal to the engine. */
#pragma once

#include "engine/srtp.h"
#include "engine/tcp.h"
#include "engine/udp.h"

#define WC_SEND_BATCH_PACKETS 128
/** The largest packet: header, RTX, payload, tag. */
#define WC_SEND_BATCH_PACKET_SIZE 1344

typedef struct WcSendBatch WcSendBatch;

/** Where to. Of a viewer; see wc_send_batch_forget (). */
typedef struct {
  WcAddress remote, local;
  WcTcp *tcp;     /* borrowed; nullable: over this, in frames */
  gboolean apart; /* it was seen that this path takes no segments */
} WcSendPath;

typedef struct {
  guint64 datagrams, bytes;
  guint64 failed;  /* refused for good: lost */
  guint64 blocked; /* times that the socket was full */
  guint64 apart;   /* messages that had to be sent packet by packet */
} WcSendBatchStats;

/** sendmmsg(2), or a test's idea of it. */
typedef int (*WcSendManyFunc) (int fd, struct mmsghdr *messages, guint n,
                               int flags);

/** @udp: borrowed. @send_many: NULL for sendmmsg(2). */
WcSendBatch *wc_send_batch_new (const WcUdp *udp, WcSendManyFunc send_many);
void wc_send_batch_free (WcSendBatch *batch);

/** The next @n packets (at most 64) are for @path. FALSE: no room before the
 * socket, or the path's connection, takes what is waiting. May flush. */
gboolean wc_send_batch_begin (WcSendBatch *batch, WcSendPath *path, guint n);

/** One of them, of @size bytes with the tag. The caller fills the job and the
 * header at `packet` before the next call; the payload must live until the
 * flush. */
WcSrtpJob *wc_send_batch_add (WcSendBatch *batch, gsize size);

/** Encrypts all and sends what the socket takes. TRUE: everything. */
gboolean wc_send_batch_flush (WcSendBatch *batch);

/** @path goes away; what is waiting for it is still sent. */
void wc_send_batch_forget (WcSendBatch *batch, const WcSendPath *path);

/** Something is waiting for the socket to become writable. */
gboolean wc_send_batch_is_blocked (const WcSendBatch *batch);

const WcSendBatchStats *wc_send_batch_stats (const WcSendBatch *batch);
