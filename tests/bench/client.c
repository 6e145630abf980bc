/* SPDX-License-Identifier: MIT */
#include "bench/client.h"

#include "bench/janus.h"

struct _TbClient {
  TcWhepClient *whep; /* one of the two */
  TbJanus *janus;
};

TbClient *
tb_client_new (TcLoop *loop, const TbClientOptions *options)
{
  TbClient *client = g_new0 (TbClient, 1);
  TcWhepOptions whep = {
      .url = options->url, .token = options->token, .peer = options->peer};
  TbJanusOptions janus = {.url = options->url,
                          .mountpoint = options->mountpoint,
                          .keepalive_s = options->janus_keepalive_s,
                          .peer = options->peer};

  switch (options->api) {
  case TB_API_WHEP:
    client->whep = tc_whep_client_new (loop, &whep);
    break;
  case TB_API_JANUS:
    client->janus = tb_janus_new (loop, &janus);
    break;
  }
  return client;
}

void
tb_client_free (TbClient *client)
{
  g_clear_pointer (&client->whep, tc_whep_client_free);
  g_clear_pointer (&client->janus, tb_janus_free);
  g_free (client);
}

void
tb_client_start (TbClient *client)
{
  if (client->whep != NULL)
    tc_whep_client_start (client->whep);
  else
    tb_janus_start (client->janus);
}

void
tb_client_stop (TbClient *client)
{
  if (client->whep != NULL)
    tc_whep_client_stop (client->whep);
  else
    tb_janus_stop (client->janus);
}

TcWhepState
tb_client_state (const TbClient *client)
{
  return client->whep != NULL ? tc_whep_client_state (client->whep)
                              : tb_janus_state (client->janus);
}

const char *
tb_client_error (const TbClient *client)
{
  return client->whep != NULL ? tc_whep_client_error (client->whep)
                              : tb_janus_error (client->janus);
}

TcPeer *
tb_client_peer (const TbClient *client)
{
  return client->whep != NULL ? tc_whep_client_peer (client->whep)
                              : tb_janus_peer (client->janus);
}

TcWhepTimes
tb_client_times (const TbClient *client)
{
  return client->whep != NULL ? tc_whep_client_times (client->whep)
                              : tb_janus_times (client->janus);
}
