/* SPDX-License-Identifier: MIT */
#include "common/dtls.h"

#include "common/description.h"

#include "base/clock.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/time.h>

#define MTU 1200
/* As Chromium does: a server may not be ready for the first ClientHello. */
#define FIRST_TIMEOUT_US 50000
#define MAX_TIMEOUT_US 3200000

struct _TcDtls {
  SSL *ssl;
  TcTimer *timer;
  TcDtlsCallbacks callbacks;
  TcDtlsState state;
  gboolean is_client;
  gboolean started;
  const guint8 *incoming; /* the datagram being read, inside receive () */
  gsize incoming_size;
  char error[160];
};

/* A BIO that keeps datagrams apart, which OpenSSL's memory BIO does not. */

static int
bio_write (BIO *bio, const char *data, int size)
{
  TcDtls *dtls = BIO_get_data (bio);

  BIO_clear_retry_flags (bio);
  dtls->callbacks.send ((const guint8 *)data, (gsize)size,
                        dtls->callbacks.data);
  return size;
}

static int
bio_read (BIO *bio, char *buffer, int size)
{
  TcDtls *dtls = BIO_get_data (bio);
  gsize n = MIN (dtls->incoming_size, (gsize)size);

  BIO_clear_retry_flags (bio);
  if (dtls->incoming == NULL) {
    BIO_set_retry_read (bio);
    return -1;
  }
  memcpy (buffer, dtls->incoming, n);
  dtls->incoming = NULL;
  return (int)n;
}

static long
bio_control (BIO *bio, int command, long number, void *pointer)
{
  switch (command) {
  case BIO_CTRL_FLUSH:
    return 1;
  case BIO_CTRL_DGRAM_QUERY_MTU:
  case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
    return MTU;
  default:
    return 0;
  }
}

static BIO_METHOD *
datagram_method (void)
{
  static gsize method;

  if (g_once_init_enter (&method)) {
    BIO_METHOD *made = BIO_meth_new (
        BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "viewer datagrams");

    BIO_meth_set_write (made, bio_write);
    BIO_meth_set_read (made, bio_read);
    BIO_meth_set_ctrl (made, bio_control);
    g_once_init_leave (&method, (gsize)made);
  }
  return (BIO_METHOD *)method;
}

static unsigned int
next_timeout (SSL *ssl, unsigned int timeout_us)
{
  if (timeout_us == 0)
    return FIRST_TIMEOUT_US;
  return MIN (timeout_us * 2, MAX_TIMEOUT_US);
}

static void
set_state (TcDtls *dtls, TcDtlsState state)
{
  if (dtls->state == state)
    return;
  dtls->state = state;
  dtls->callbacks.changed (state, dtls->callbacks.data);
}

static void
fail (TcDtls *dtls)
{
  gulong code = ERR_get_error ();

  if (code != 0)
    ERR_error_string_n (code, dtls->error, sizeof dtls->error);
  else
    g_strlcpy (dtls->error, "no OpenSSL error", sizeof dtls->error);
  ERR_clear_error ();
  set_state (dtls, TC_DTLS_FAILED);
}

static void
arm_timer (TcDtls *dtls)
{
  struct timeval left;

  tc_timer_unset (dtls->timer);
  if (DTLSv1_get_timeout (dtls->ssl, &left) == 1)
    tc_timer_set (dtls->timer, wc_clock_now_us () +
                                   left.tv_sec * G_USEC_PER_SEC + left.tv_usec +
                                   1000);
}

static void
step_handshake (TcDtls *dtls)
{
  int result;

  ERR_clear_error ();
  result = SSL_do_handshake (dtls->ssl);
  if (result == 1) {
    set_state (dtls, TC_DTLS_CONNECTED);
  } else if (SSL_get_error (dtls->ssl, result) != SSL_ERROR_WANT_READ) {
    tc_timer_unset (dtls->timer);
    fail (dtls);
    return;
  }
  arm_timer (dtls);
}

static void
read_records (TcDtls *dtls)
{
  char buffer[2048];
  int n;

  ERR_clear_error ();
  n = SSL_read (dtls->ssl, buffer, sizeof buffer);
  while (n > 0)
    n = SSL_read (dtls->ssl, buffer, sizeof buffer);
  if ((SSL_get_shutdown (dtls->ssl) & SSL_RECEIVED_SHUTDOWN) != 0)
    set_state (dtls, TC_DTLS_CLOSED);
  else if (SSL_get_error (dtls->ssl, n) == SSL_ERROR_SSL)
    fail (dtls);
}

static void
on_timer (gpointer data)
{
  TcDtls *dtls = data;

  if (DTLSv1_handle_timeout (dtls->ssl) < 0) {
    fail (dtls);
    return;
  }
  arm_timer (dtls);
}

TcDtls *
tc_dtls_new (TcLoop *loop, TcIdentity *identity, gboolean is_client,
             const TcDtlsCallbacks *callbacks)
{
  TcDtls *dtls = g_new0 (TcDtls, 1);
  BIO *bio = BIO_new (datagram_method ());

  dtls->callbacks = *callbacks;
  dtls->is_client = is_client;
  dtls->timer = tc_timer_new (loop, on_timer, dtls);
  dtls->ssl = SSL_new (tc_identity_context (identity));
  BIO_set_data (bio, dtls);
  BIO_set_init (bio, 1);
  SSL_set_bio (dtls->ssl, bio, bio);
  SSL_set_mtu (dtls->ssl, MTU);
  DTLS_set_timer_cb (dtls->ssl, next_timeout);
  if (is_client)
    SSL_set_connect_state (dtls->ssl);
  else
    SSL_set_accept_state (dtls->ssl);
  return dtls;
}

void
tc_dtls_free (TcDtls *dtls)
{
  tc_timer_free (dtls->timer);
  SSL_free (dtls->ssl);
  g_free (dtls);
}

void
tc_dtls_start (TcDtls *dtls)
{
  if (dtls->started)
    return;
  dtls->started = TRUE;
  if (dtls->is_client)
    step_handshake (dtls);
}

void
tc_dtls_receive (TcDtls *dtls, const guint8 *data, gsize size)
{
  if (dtls->state == TC_DTLS_FAILED || dtls->state == TC_DTLS_CLOSED)
    return;
  dtls->started = TRUE;
  dtls->incoming = data;
  dtls->incoming_size = size;
  if (dtls->state == TC_DTLS_HANDSHAKE)
    step_handshake (dtls);
  else
    read_records (dtls);
  dtls->incoming = NULL;
}

void
tc_dtls_close (TcDtls *dtls)
{
  if (dtls->state == TC_DTLS_CONNECTED)
    SSL_shutdown (dtls->ssl);
}

TcDtlsState
tc_dtls_state (const TcDtls *dtls)
{
  return dtls->state;
}

char *
tc_dtls_peer_fingerprint (const TcDtls *dtls)
{
  X509 *certificate = SSL_get0_peer_certificate (dtls->ssl);

  return certificate != NULL ? tc_fingerprint_of (certificate) : NULL;
}

/* RFC 5764 section 4.2: client key, server key, client salt, server salt. */
TcSrtp *
tc_dtls_make_srtp (TcDtls *dtls, GError **error)
{
  static const char label[] = "EXTRACTOR-dtls_srtp";
  SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile (dtls->ssl);
  guint8 bytes[60];
  guint8 keys[2][30];
  gsize salt_size;
  TcSrtpProfile srtp_profile;

  if (profile == NULL) {
    g_set_error (error, TC_ERROR, 0, "no SRTP profile was agreed on");
    return NULL;
  }
  srtp_profile = profile->id == SRTP_AEAD_AES_128_GCM ? TC_SRTP_AES128_GCM
                                                      : TC_SRTP_AES128_CM_SHA1;
  salt_size = srtp_profile == TC_SRTP_AES128_GCM ? 12 : 14;
  if (SSL_export_keying_material (dtls->ssl, bytes, 2 * (16 + salt_size), label,
                                  sizeof label - 1, NULL, 0, 0) != 1) {
    g_set_error (error, TC_ERROR, 0, "no keying material");
    return NULL;
  }
  for (gsize i = 0; i < 2; i++) {
    memcpy (keys[i], bytes + 16 * i, 16);
    memcpy (keys[i] + 16, bytes + 32 + salt_size * i, salt_size);
  }
  return tc_srtp_new (srtp_profile, keys[dtls->is_client ? 0 : 1],
                      keys[dtls->is_client ? 1 : 0], error);
}

const char *
tc_dtls_error (const TcDtls *dtls)
{
  return dtls->error;
}
