/* SPDX-License-Identifier: MIT */
/* What a worker does with the TCP connections of its endpoints: takes them over
 * from the listener, reads them, lets go of them. Internal to the engine. */
#pragma once

#include "engine/tcp.h"
#include "engine/worker.h"

/** @fd is taken over; @data is what was read of it: a whole frame, and perhaps
 * the begin of the next. Unless that is an authentic binding request for one of
 * the worker's endpoints it is closed. Any thread. */
void wc_worker_post_tcp (WcWorker *worker, int fd, const WcAddress *remote,
                         const WcAddress *local, const guint8 *data,
                         gsize size);
/** (transfer full) Closes @tcp when its turn comes. Any thread. */
void wc_worker_post_close_tcp (WcWorker *worker, WcTcp *tcp);

/* --- on the worker's thread ---------------------------------------------- */

/** What epoll says of it. */
void wc_worker_on_tcp (WcWorker *worker, WcTcp *tcp, guint32 events);
/** Closes it, and tells the endpoint if it has one. */
void wc_worker_drop_tcp (WcWorker *worker, WcTcp *tcp);
