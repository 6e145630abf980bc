/* SPDX-License-Identifier: MIT */
/* One viewer, by whichever signalling its server speaks. Used on its loop's
 * thread. */
#pragma once

#include "common/whep-client.h"

#include <glib.h>

typedef struct _TbClient TbClient;

typedef enum {
  TB_API_WHEP,
  TB_API_JANUS, /* its Streaming plugin over HTTP */
} TbApi;

typedef struct {
  TbApi api;
  const char *url, *token; /* token: WHEP */
  guint64 mountpoint;      /* Janus */
  guint janus_keepalive_s; /* 0: none */
  TcPeerOptions peer;
} TbClientOptions;

/** @options is copied; its strings must stay. */
TbClient *tb_client_new (TcLoop *loop, const TbClientOptions *options);
void tb_client_free (TbClient *client);

void tb_client_start (TbClient *client);
/** Ends in CLOSED. Idempotent. */
void tb_client_stop (TbClient *client);

TcWhepState tb_client_state (const TbClient *client);
const char *tb_client_error (const TbClient *client);
/** NULL before start. */
TcPeer *tb_client_peer (const TbClient *client);
TcWhepTimes tb_client_times (const TbClient *client);
