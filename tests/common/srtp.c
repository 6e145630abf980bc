/* SPDX-License-Identifier: MIT */
#include "common/srtp.h"

#include "common/description.h"

#include <srtp2/srtp.h>

#define WINDOW 2048

struct _TcSrtp {
  srtp_t in, out;
};

G_STATIC_ASSERT (TC_SRTP_TRAILER >= SRTP_MAX_TRAILER_LEN + 4);

static void
ensure_library (void)
{
  static gsize done;

  if (g_once_init_enter (&done)) {
    if (srtp_init () != srtp_err_status_ok)
      g_error ("srtp_init failed");
    g_once_init_leave (&done, 1);
  }
}

static gboolean
make_context (srtp_t *context, TcSrtpProfile profile, srtp_ssrc_type_t type,
              const guint8 *key)
{
  srtp_profile_t number = profile == TC_SRTP_AES128_GCM
                              ? srtp_profile_aead_aes_128_gcm
                              : srtp_profile_aes128_cm_sha1_80;
  srtp_policy_t policy = {.ssrc = {.type = type},
                          .key = (guint8 *)key,
                          .window_size = WINDOW,
                          .allow_repeat_tx = 1};

  return srtp_crypto_policy_set_from_profile_for_rtp (&policy.rtp, number) ==
             srtp_err_status_ok &&
         srtp_crypto_policy_set_from_profile_for_rtcp (&policy.rtcp, number) ==
             srtp_err_status_ok &&
         srtp_create (context, &policy) == srtp_err_status_ok;
}

TcSrtp *
tc_srtp_new (TcSrtpProfile profile, const guint8 *local_key,
             const guint8 *remote_key, GError **error)
{
  g_autoptr (TcSrtp) srtp = g_new0 (TcSrtp, 1);

  ensure_library ();
  if (!make_context (&srtp->in, profile, ssrc_any_inbound, remote_key) ||
      !make_context (&srtp->out, profile, ssrc_any_outbound, local_key)) {
    g_set_error (error, TC_ERROR, 0, "libsrtp refuses profile %d", profile);
    return NULL;
  }
  return g_steal_pointer (&srtp);
}

void
tc_srtp_free (TcSrtp *srtp)
{
  if (srtp->in != NULL)
    srtp_dealloc (srtp->in);
  if (srtp->out != NULL)
    srtp_dealloc (srtp->out);
  g_free (srtp);
}

static TcSrtpResult
result_of (srtp_err_status_t status)
{
  if (status == srtp_err_status_ok)
    return TC_SRTP_OK;
  if (status == srtp_err_status_replay_fail ||
      status == srtp_err_status_replay_old)
    return TC_SRTP_REPLAYED;
  return TC_SRTP_REJECTED;
}

TcSrtpResult
tc_srtp_unprotect_rtp (TcSrtp *srtp, guint8 *data, gsize *size)
{
  int length = (int)*size;
  srtp_err_status_t status = srtp_unprotect (srtp->in, data, &length);

  *size = (gsize)MAX (length, 0);
  return result_of (status);
}

TcSrtpResult
tc_srtp_unprotect_rtcp (TcSrtp *srtp, guint8 *data, gsize *size)
{
  int length = (int)*size;
  srtp_err_status_t status = srtp_unprotect_rtcp (srtp->in, data, &length);

  *size = (gsize)MAX (length, 0);
  return result_of (status);
}

gboolean
tc_srtp_protect_rtp (TcSrtp *srtp, guint8 *data, gsize *size)
{
  int length = (int)*size;
  srtp_err_status_t status = srtp_protect (srtp->out, data, &length);

  *size = (gsize)length;
  return status == srtp_err_status_ok;
}

gboolean
tc_srtp_protect_rtcp (TcSrtp *srtp, guint8 *data, gsize *size)
{
  int length = (int)*size;
  srtp_err_status_t status = srtp_protect_rtcp (srtp->out, data, &length);

  *size = (gsize)length;
  return status == srtp_err_status_ok;
}
