/* SPDX-License-Identifier: MIT */
/* ICE of a session after its answer: what is PATCHed, and restarts. */
#include "base/id.h"
#include "base/log.h"
#include "mountpoint/mountpoint-private.h"
#include "mountpoint/session-private.h"
#include "sdp/answer.h"

/* Clients send one for a burst of candidates, or one for each. */
#define MAX_PATCHES_PER_SECOND 100

char *
wc_session_make_etag (void)
{
  g_autofree char *tag = wc_id_random_hex (8);

  return g_strdup_printf ("\"%s\"", tag);
}

gboolean
wc_session_is_current_ice (WcSession *session, const char *ufrag,
                           const char *pwd)
{
  WcPeer *peer = session->peer;

  return peer != NULL &&
         (ufrag == NULL || g_str_equal (ufrag, wc_peer_remote_ufrag (peer))) &&
         (pwd == NULL || g_str_equal (pwd, wc_peer_remote_pwd (peer)));
}

gboolean
wc_session_may_patch (WcSession *session, gint64 now_us)
{
  if (now_us - session->patches_since_us >= G_USEC_PER_SEC) {
    session->patches_since_us = now_us;
    session->n_patches = 0;
  }
  return session->n_patches++ < MAX_PATCHES_PER_SECOND;
}

char *
wc_mountpoint_restart_ice (WcMountpoint *mountpoint, WcSession *self,
                           const char *ufrag, const char *pwd)
{
  const WcCandidateList *candidates = mountpoint->context->candidates;
  const WcEngine *engine = mountpoint->context->engine;
  WcIceCredentials fresh;

  if (self->peer == NULL ||
      !wc_peer_restart_ice (self->peer, ufrag, pwd, &fresh))
    return NULL;

  WcSdpAnswerParams params = {
      .ufrag = fresh.ufrag,
      .pwd = fresh.pwd,
      .candidates = candidates->items,
      .n_candidates = candidates->n,
      .tcp_port = engine != NULL ? wc_engine_tcp_port (engine) : 0,
  };
  wc_info ("%s: %s %s: ICE restart", self->mountpoint_id,
           self->publishes ? "publisher" : "viewer", self->public_id);
  g_free (self->etag);
  self->etag = wc_session_make_etag ();
  return wc_sdp_restart_write (self->answer, &params);
}
