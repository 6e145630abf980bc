/* SPDX-License-Identifier: MIT */
/* One viewer of a Janus Streaming mountpoint, by Janus's own API over HTTP:
 * create, attach, watch, an offer by long poll, start with the answer, trickle
 * completed; destroy at the end. The same states and times as of a
 * TcWhepClient. Used on its loop's thread. */
#pragma once

#include "common/viewing.h"

#include <glib.h>

typedef struct _TbJanus TbJanus;

typedef struct {
  const char *url;    /* http://host:8088/janus */
  guint64 mountpoint; /* its number */
  TcPeerOptions peer; /* its changed () is the client's own */
  guint keepalive_s;  /* 0: the server waits for ever (session_timeout = 0) */
} TbJanusOptions;

/** @options is copied; its strings must stay. */
TbJanus *tb_janus_new (TcLoop *loop, const TbJanusOptions *options);
void tb_janus_free (TbJanus *janus);

void tb_janus_start (TbJanus *janus);
/** Destroys the session, then close_notify; ends in CLOSED. Idempotent. */
void tb_janus_stop (TbJanus *janus);

TcWhepState tb_janus_state (const TbJanus *janus);
const char *tb_janus_error (const TbJanus *janus);
/** NULL before start. */
TcPeer *tb_janus_peer (const TbJanus *janus);
/** start_us: before the first request; answered_us: "start" is acknowledged. */
TcWhepTimes tb_janus_times (const TbJanus *janus);
