/* SPDX-License-Identifier: MIT */
#include "http/tls.h"

#include "config/config.h"

#include <openssl/err.h>
#include <string.h>
#include <sys/stat.h>

/* Of TLS 1.2; those of 1.3 are all good. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

typedef struct {
  dev_t device;
  ino_t inode;
  off_t size;
  gint64 changed_ns;
} FileMark;

struct WcTls {
  char *certificate, *key; /* file names */
  FileMark marks[2];
  SSL_CTX *context;
};

static FileMark
mark_of (const char *path)
{
  FileMark mark;
  struct stat status;

  memset (&mark, 0, sizeof mark); /* padding too: marks are compared whole */
  if (stat (path, &status) != 0)
    return mark;
  mark.device = status.st_dev;
  mark.inode = status.st_ino;
  mark.size = status.st_size;
  mark.changed_ns = status.st_mtim.tv_sec * G_GINT64_CONSTANT (1000000000) +
                    status.st_mtim.tv_nsec;
  return mark;
}

static void
read_marks (WcTls *tls, FileMark marks[2])
{
  marks[0] = mark_of (tls->certificate);
  marks[1] = mark_of (tls->key);
}

/* What OpenSSL says last is what it found; the rest is where. */
static gboolean
fail (GError **error, const char *what, const char *file)
{
  unsigned long code = ERR_peek_last_error ();
  const char *reason = ERR_reason_error_string (code);

  g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_VALUE, "%s %s: %s", what,
               file, reason != NULL ? reason : "OpenSSL cannot use it");
  ERR_clear_error ();
  return FALSE;
}

/* Without ALPN a client speaks HTTP/1.1 anyway; one that asks for something
 * else alone is told (RFC 7301 section 3.2). */
static int
on_alpn (SSL *ssl, const guint8 **out, guint8 *out_size, const guint8 *in,
         unsigned in_size, void *user_data)
{
  static const guint8 ours[] = "\x08http/1.1";
  guint8 *chosen = NULL;

  if (SSL_select_next_proto (&chosen, out_size, ours, sizeof ours - 1, in,
                             in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

static gboolean
load_files (SSL_CTX *context, WcTls *tls, GError **error)
{
  ERR_clear_error ();
  if (SSL_CTX_use_certificate_chain_file (context, tls->certificate) != 1)
    return fail (error, "[http] tls-certificate:", tls->certificate);
  if (SSL_CTX_use_PrivateKey_file (context, tls->key, SSL_FILETYPE_PEM) != 1)
    return fail (error, "[http] tls-key:", tls->key);
  if (SSL_CTX_check_private_key (context) != 1)
    return fail (error,
                 "[http] tls-key is not that of the certificate:", tls->key);
  return TRUE;
}

static SSL_CTX *
make_context (WcTls *tls, GError **error)
{
  SSL_CTX *context = SSL_CTX_new (TLS_server_method ());

  SSL_CTX_set_min_proto_version (context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list (context, CIPHERS);
  SSL_CTX_set_options (context, SSL_OP_NO_RENEGOTIATION |
                                    SSL_OP_NO_COMPRESSION |
                                    SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode (context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_id_context (context, (const guint8 *)"whepcast", 8);
  SSL_CTX_set_alpn_select_cb (context, on_alpn, NULL);
  if (load_files (context, tls, error))
    return context;
  SSL_CTX_free (context);
  return NULL;
}

gboolean
wc_tls_reload (WcTls *tls, GError **error)
{
  read_marks (tls, tls->marks);
  SSL_CTX *context = make_context (tls, error);
  if (context == NULL)
    return FALSE;
  SSL_CTX_free (tls->context);
  tls->context = context;
  return TRUE;
}

WcTls *
wc_tls_new (const char *certificate, const char *key, GError **error)
{
  g_autoptr (WcTls) tls = g_new0 (WcTls, 1);

  tls->certificate = g_strdup (certificate);
  tls->key = g_strdup (key);
  return wc_tls_reload (tls, error) ? g_steal_pointer (&tls) : NULL;
}

void
wc_tls_free (WcTls *tls)
{
  SSL_CTX_free (tls->context);
  g_free (tls->certificate);
  g_free (tls->key);
  g_free (tls);
}

gboolean
wc_tls_has_changed (WcTls *tls)
{
  FileMark now[2];

  read_marks (tls, now);
  return memcmp (now, tls->marks, sizeof now) != 0;
}

SSL *
wc_tls_accept (WcTls *tls, int fd)
{
  SSL *ssl = SSL_new (tls->context);

  if (ssl == NULL || SSL_set_fd (ssl, fd) != 1) {
    SSL_free (ssl);
    return NULL;
  }
  SSL_set_accept_state (ssl);
  return ssl;
}
