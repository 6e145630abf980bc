/* SPDX-License-Identifier: MIT */
#include "common/whep-client.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct _TcWhepClient {
  TcLoop *loop;
  TcWhepOptions options;
  TcViewing viewing;
  TcHttp *http; /* POST, later DELETE */
  char *offer, *body, *session_url;
  GHashTable *headers;
  TcDescription *answer;
  guint status, delete_status;
};

TcWhepClient *
tc_whep_client_new (TcLoop *loop, const TcWhepOptions *options)
{
  TcWhepClient *client = g_new0 (TcWhepClient, 1);

  client->loop = loop;
  client->options = *options;
  tc_viewing_init (&client->viewing, &options->peer);
  return client;
}

void
tc_whep_client_free (TcWhepClient *client)
{
  g_clear_pointer (&client->http, tc_http_free);
  tc_viewing_clear (&client->viewing);
  g_clear_pointer (&client->answer, tc_description_free);
  g_clear_pointer (&client->headers, g_hash_table_unref);
  g_free (client->offer);
  g_free (client->body);
  g_free (client->session_url);
  g_free (client);
}

/* Our address on the way to the server, without sending anything. */
static gboolean
find_local_ip (TcWhepClient *client, char ip[WC_ADDRESS_STRLEN])
{
  g_autoptr (GUri) uri =
      g_uri_parse (client->options.url, G_URI_FLAGS_NONE, NULL);
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  WcAddress address;
  struct sockaddr_storage storage;
  socklen_t size;
  gboolean found;
  int fd;

  if (host == NULL || !wc_address_parse (&address, host, 9))
    return FALSE;
  size = wc_address_to_sockaddr (&address, address.sa.sa_family, &storage);
  fd = socket (address.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  found = connect (fd, (struct sockaddr *)&storage, size) == 0;
  size = sizeof storage;
  found = found && getsockname (fd, (struct sockaddr *)&storage, &size) == 0;
  close (fd);
  if (!found)
    return FALSE;
  address = wc_address_from_sockaddr ((struct sockaddr *)&storage);
  wc_address_ip (&address, ip);
  return TRUE;
}

static char *
make_offer (TcWhepClient *client)
{
  char ip[WC_ADDRESS_STRLEN];
  TcOfferTransport transport = {
      .ufrag = tc_peer_ufrag (client->viewing.peer),
      .pwd = tc_peer_pwd (client->viewing.peer),
      .fingerprint = tc_peer_fingerprint (client->viewing.peer),
      .ip = client->options.peer.local_address,
      .port = tc_peer_port (client->viewing.peer),
  };
  g_autofree char *offer = NULL;

  if (client->options.peer.link.send != NULL)
    transport.ip = client->options.peer.link.ip;
  else if (transport.ip == NULL && !client->options.peer.ipv6 &&
           find_local_ip (client, ip))
    transport.ip = ip;
  offer = tc_offer_write (&client->options.offer, &transport);
  if (client->options.edit_offer == NULL)
    return g_steal_pointer (&offer);
  return client->options.edit_offer (offer, client->options.data);
}

static void
keep_response (TcWhepClient *client, const TcHttpResponse *response)
{
  const char *location;

  client->status = response->status;
  client->viewing.answered_us = response->end_us;
  client->headers = g_hash_table_ref (response->headers);
  client->body = g_strdup (response->body->str);
  location = g_hash_table_lookup (client->headers, "location");
  if (response->status == 201 && location != NULL)
    client->session_url = g_uri_resolve_relative (
        client->options.url, location,
        G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_ENCODED_QUERY, NULL);
}

static void
connect_peer (TcWhepClient *client)
{
  const char *setup = client->answer->setup;

  if (strcmp (setup, "active") != 0 && strcmp (setup, "passive") != 0) {
    tc_viewing_fail (&client->viewing, "a=setup:%s in an answer", setup);
    return;
  }
  tc_viewing_connect (&client->viewing, client->answer,
                      strcmp (setup, "passive") == 0, TRUE);
}

static void
on_answered (const TcHttpResponse *response, gpointer data)
{
  TcWhepClient *client = data;
  g_autoptr (GError) error = NULL;

  keep_response (client, response);
  if (response->status != 201) {
    tc_viewing_fail (&client->viewing, "POST: %u %s", response->status,
                     response->error != NULL ? response->error : client->body);
    return;
  }
  client->answer = tc_description_parse (client->body, &error);
  if (client->answer == NULL)
    tc_viewing_fail (&client->viewing, "answer: %s", error->message);
  else
    connect_peer (client);
}

void
tc_whep_client_start (TcWhepClient *client)
{
  TcHttpRequest request = {.method = "POST",
                           .url = client->options.url,
                           .content_type = "application/sdp",
                           .token = client->options.token,
                           .headers = client->options.headers,
                           .timeout_ms = client->options.timeout_ms};

  g_return_if_fail (client->viewing.state == TC_WHEP_NEW);
  if (!tc_viewing_open (&client->viewing, client->loop))
    return;
  client->offer = make_offer (client);
  request.body = client->offer;
  tc_viewing_signal (&client->viewing);
  client->http = tc_http_new (client->loop, &request, on_answered, client);
}

static void
on_deleted (const TcHttpResponse *response, gpointer data)
{
  TcWhepClient *client = data;

  client->delete_status = response->status;
  tc_viewing_finish (&client->viewing);
}

void
tc_whep_client_stop (TcWhepClient *client)
{
  TcHttpRequest request = {.method = "DELETE",
                           .url = client->session_url,
                           .token = client->options.token,
                           .timeout_ms = client->options.timeout_ms};

  if (client->viewing.state == TC_WHEP_CLOSING ||
      (client->viewing.state == TC_WHEP_CLOSED && client->delete_status != 0))
    return;
  g_clear_pointer (&client->http, tc_http_free);
  if (client->session_url == NULL || client->options.no_delete) {
    tc_viewing_finish (&client->viewing);
    return;
  }
  client->viewing.state = TC_WHEP_CLOSING;
  client->http = tc_http_new (client->loop, &request, on_deleted, client);
}

TcWhepState
tc_whep_client_state (const TcWhepClient *client)
{
  return client->viewing.state;
}

const char *
tc_whep_client_error (const TcWhepClient *client)
{
  return client->viewing.error;
}

guint
tc_whep_client_status (const TcWhepClient *client)
{
  return client->status;
}

guint
tc_whep_client_delete_status (const TcWhepClient *client)
{
  return client->delete_status;
}

const char *
tc_whep_client_header (const TcWhepClient *client, const char *name)
{
  return client->headers != NULL ? g_hash_table_lookup (client->headers, name)
                                 : NULL;
}

const char *
tc_whep_client_body (const TcWhepClient *client)
{
  return client->body;
}

const char *
tc_whep_client_offer (const TcWhepClient *client)
{
  return client->offer;
}

const char *
tc_whep_client_session_url (const TcWhepClient *client)
{
  return client->session_url;
}

const TcDescription *
tc_whep_client_answer (const TcWhepClient *client)
{
  return client->answer;
}

TcPeer *
tc_whep_client_peer (const TcWhepClient *client)
{
  return client->viewing.peer;
}

TcTrack *
tc_whep_client_track (const TcWhepClient *client, WcMedia media)
{
  TcPeer *peer = client->viewing.peer;

  return peer != NULL ? tc_peer_find_track (peer, media) : NULL;
}

TcWhepTimes
tc_whep_client_times (const TcWhepClient *client)
{
  return tc_viewing_times (&client->viewing);
}

typedef struct {
  TcWhepClient *client;
  TcWhepState state;
  WcMedia media;
  guint64 packets;
} Wait;

static gboolean
is_over (const TcWhepClient *client)
{
  TcWhepState state = client->viewing.state;

  return state == TC_WHEP_FAILED || state == TC_WHEP_CLOSED;
}

static gboolean
has_state (gpointer data)
{
  Wait *wait = data;

  return wait->client->viewing.state == wait->state || is_over (wait->client);
}

gboolean
tc_whep_client_wait (TcWhepClient *client, TcWhepState state, gint64 timeout_ms)
{
  Wait wait = {.client = client, .state = state};

  tc_loop_run (client->loop, timeout_ms, has_state, &wait);
  return client->viewing.state == state;
}

static guint64
count_packets (const TcWhepClient *client, WcMedia media)
{
  TcTrack *track = tc_whep_client_track (client, media);

  return track != NULL ? tc_track_stats (track)->packets : 0;
}

static gboolean
has_packets (gpointer data)
{
  Wait *wait = data;

  return count_packets (wait->client, wait->media) >= wait->packets ||
         is_over (wait->client);
}

gboolean
tc_whep_client_wait_packets (TcWhepClient *client, WcMedia media, guint64 n,
                             gint64 timeout_ms)
{
  Wait wait = {.client = client,
               .media = media,
               .packets = count_packets (client, media) + n};

  tc_loop_run (client->loop, timeout_ms, has_packets, &wait);
  return count_packets (client, media) >= wait.packets;
}

static gboolean
has_key_frame (gpointer data)
{
  Wait *wait = data;

  return tc_whep_client_times (wait->client).first_key_us != 0 ||
         is_over (wait->client);
}

gboolean
tc_whep_client_wait_key_frame (TcWhepClient *client, gint64 timeout_ms)
{
  Wait wait = {.client = client};

  tc_loop_run (client->loop, timeout_ms, has_key_frame, &wait);
  return tc_whep_client_times (client).first_key_us != 0;
}
