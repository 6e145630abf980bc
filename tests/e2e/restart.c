/* SPDX-License-Identifier: MIT */
#include "restart.h"

#include "common/http.h"
#include "common/stun.h"

#include "base/id.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TYPE "application/trickle-ice-sdpfrag"
#define PATIENCE_MS 15000

typedef struct {
  gboolean done;
  guint status;
  char *etag, *type, *body;
} Answer;

static void
answer_clear (Answer *answer)
{
  g_free (answer->etag);
  g_free (answer->type);
  g_free (answer->body);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static void
on_answer (const TcHttpResponse *response, gpointer data)
{
  Answer *answer = data;

  answer->done = TRUE;
  answer->status = response->status;
  if (response->status == 0)
    return;
  answer->etag = g_strdup (g_hash_table_lookup (response->headers, "etag"));
  answer->type =
      g_strdup (g_hash_table_lookup (response->headers, "content-type"));
  answer->body = g_strdup (response->body->str);
}

static gboolean
is_done (gpointer data)
{
  return ((Answer *)data)->done;
}

static void
patch (TcLoop *loop, const char *session_url, const char *if_match,
       const char *fragment, Answer *answer)
{
  g_autofree char *headers =
      if_match != NULL ? g_strdup_printf ("If-Match: %s\r\n", if_match) : NULL;
  TcHttpRequest request = {.method = "PATCH",
                           .url = session_url,
                           .content_type = TYPE,
                           .headers = headers,
                           .body = fragment};
  g_autoptr (TcHttp) http G_GNUC_UNUSED =
      tc_http_new (loop, &request, on_answer, answer);

  tc_loop_run (loop, PATIENCE_MS, is_done, answer);
}

guint
te_patch (TcLoop *loop, const char *session_url, const char *if_match,
          const char *fragment, char **etag, char **answer)
{
  g_auto (Answer) got = {0};

  patch (loop, session_url, if_match, fragment, &got);
  if (etag != NULL)
    *etag = g_steal_pointer (&got.etag);
  if (answer != NULL)
    *answer = g_steal_pointer (&got.body);
  return got.status;
}

static char *
line_of (const char *fragment, const char *name)
{
  const char *line = strstr (fragment, name);

  g_assert_nonnull (line);
  line += strlen (name);
  return g_strndup (line, strcspn (line, "\r\n"));
}

static char *
write_candidate (TcPeer *peer)
{
  if (tc_peer_uses_tcp (peer))
    return g_strdup ("1 1 tcp 1 127.0.0.1 9 typ host tcptype active");
  return g_strdup_printf ("1 1 udp 1 127.0.0.1 %u typ host",
                          tc_peer_port (peer));
}

typedef struct {
  TcPeer *peer;
  guint responses;
} Checks;

static gboolean
is_answered (gpointer data)
{
  Checks *checks = data;

  return tc_peer_ice_stats (checks->peer)->responses > checks->responses;
}

void
te_restart_ice (TcLoop *loop, const char *session_url, const char *old_etag,
                TcPeer *peer)
{
  g_auto (Answer) answer = {0};

  tc_peer_renew_ice (peer);
  g_autofree char *candidate = write_candidate (peer);
  g_autofree char *fragment =
      g_strdup_printf ("a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n"
                       "m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:%s\r\n",
                       tc_peer_ufrag (peer), tc_peer_pwd (peer), candidate);
  patch (loop, session_url, "*", fragment, &answer);
  g_assert_cmpuint (answer.status, ==, 200);
  g_assert_cmpstr (answer.type, ==, TYPE);
  g_assert_nonnull (answer.etag);
  g_assert_cmpstr (answer.etag, !=, old_etag);
  g_assert_nonnull (strstr (answer.body, "a=ice-lite\r\n"));
  g_assert_nonnull (strstr (answer.body, "a=candidate:"));
  if (tc_peer_uses_tcp (peer))
    g_assert_nonnull (strstr (answer.body, " tcptype passive\r\n"));

  g_autofree char *ufrag = line_of (answer.body, "a=ice-ufrag:");
  g_autofree char *pwd = line_of (answer.body, "a=ice-pwd:");
  Checks checks = {peer, tc_peer_ice_stats (peer)->responses};
  tc_peer_restart_ice (peer, ufrag, pwd);
  g_assert_true (tc_loop_run (loop, PATIENCE_MS, is_answered, &checks));
}

static void
write_check (TcStunWriter *writer, TcPeer *peer, const TcDescription *remote)
{
  g_autofree char *username =
      g_strdup_printf ("%s:%s", remote->ufrag, tc_peer_ufrag (peer));
  guint8 id[TC_STUN_ID_SIZE];

  wc_id_random_bytes (id, sizeof id);
  tc_stun_begin (writer, TC_STUN_BINDING_REQUEST, id);
  tc_stun_add (writer, TC_STUN_USERNAME, username, strlen (username));
  tc_stun_add_u32 (writer, TC_STUN_PRIORITY, 1);
  tc_stun_add_u64 (writer, TC_STUN_ICE_CONTROLLING, 1);
  tc_stun_finish (writer, remote->pwd);
}

gboolean
te_is_stun_answered (TcPeer *peer, const TcDescription *remote)
{
  WcAddress to = g_array_index (remote->candidates, WcAddress, 0);
  struct timeval patience = {.tv_usec = 500000};
  struct sockaddr_storage storage;
  socklen_t size = wc_address_to_sockaddr (&to, to.sa.sa_family, &storage);
  TcStunWriter writer;
  guint8 buffer[1500];
  int fd = socket (to.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  gssize n;

  write_check (&writer, peer, remote);
  g_assert_cmpint (connect (fd, (struct sockaddr *)&storage, size), ==, 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  g_assert_cmpint (send (fd, writer.data, writer.size, 0), ==, writer.size);
  n = recv (fd, buffer, sizeof buffer, 0);
  close (fd);
  return n > 0;
}

gboolean
te_wait_stun_answered (TcPeer *peer, const TcDescription *remote)
{
  for (guint i = 0; i < 10; i++)
    if (te_is_stun_answered (peer, remote))
      return TRUE;
  return FALSE;
}
