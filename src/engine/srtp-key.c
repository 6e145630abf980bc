/* SPDX-License-Identifier: MIT */
/* The states of SHA-1 are saved and copied as plain words: OpenSSL 3 has that
 * only in the functions that it calls deprecated, and its EVP contexts cost an
 * allocation for every packet. */
#define OPENSSL_API_COMPAT 0x10101000L

#include "engine/srtp-key.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <string.h>

#define BLOCK_SIZE 64
#define MAX_DERIVED 64
#define AUTH_KEY_SIZE 20

static EVP_CIPHER *aes_ctr;

/* An implicit fetch for every context costs more than the encryption. */
static void
fetch_cipher (void)
{
  aes_ctr = EVP_CIPHER_fetch (NULL, "AES-128-CTR", NULL);
  if (aes_ctr == NULL)
    g_error ("OpenSSL has no AES-128-CTR");
}

static EVP_CIPHER_CTX *
new_cipher (const guint8 *key)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new ();

  pthread_once (&once, fetch_cipher);
  if (cipher == NULL || !EVP_EncryptInit_ex2 (cipher, aes_ctr, key, NULL, NULL))
    g_error ("OpenSSL refuses an AES key");
  return cipher;
}

/* In counter mode this is decryption too. */
static void
run_cipher (EVP_CIPHER_CTX *cipher, const guint8 iv[16], const guint8 *in,
            guint8 *out, gsize size)
{
  int written;

  if (!EVP_EncryptInit_ex2 (cipher, NULL, NULL, iv, NULL) ||
      !EVP_EncryptUpdate (cipher, out, &written, in, (int)size))
    g_error ("OpenSSL refuses to encrypt");
}

/* --- derivation ----------------------------------------------------------- */

static void
derive (EVP_CIPHER_CTX *master, const guint8 *salt, guint8 label, guint8 *out,
        gsize size)
{
  static const guint8 zeros[MAX_DERIVED];
  guint8 iv[16] = {0};

  g_assert (size <= sizeof zeros);
  memcpy (iv, salt, WC_SRTP_SALT_SIZE);
  iv[7] ^= label;
  run_cipher (master, iv, zeros, out, size);
}

void
wc_srtp_derive (const guint8 master_key[WC_SRTP_KEY_SIZE],
                const guint8 master_salt[WC_SRTP_SALT_SIZE], guint8 label,
                guint8 *out, gsize size)
{
  EVP_CIPHER_CTX *master = new_cipher (master_key);

  derive (master, master_salt, label, out, size);
  EVP_CIPHER_CTX_free (master);
}

static void
save_state (const guint8 *auth_key, guint8 pad, guint32 state[5])
{
  guint8 block[BLOCK_SIZE];
  SHA_CTX sha;

  memset (block, pad, sizeof block);
  for (guint i = 0; i < AUTH_KEY_SIZE; i++)
    block[i] ^= auth_key[i];
  SHA1_Init (&sha);
  SHA1_Update (&sha, block, sizeof block);
  memcpy (state, (guint32[]){sha.h0, sha.h1, sha.h2, sha.h3, sha.h4},
          5 * sizeof *state);
  OPENSSL_cleanse (block, sizeof block);
  OPENSSL_cleanse (&sha, sizeof sha);
}

void
wc_srtp_key_init (WcSrtpKey *key, const guint8 master_key[WC_SRTP_KEY_SIZE],
                  const guint8 master_salt[WC_SRTP_SALT_SIZE],
                  WcSrtpLabel label)
{
  EVP_CIPHER_CTX *master = new_cipher (master_key);
  guint8 auth_key[AUTH_KEY_SIZE];

  *key = (WcSrtpKey){0};
  derive (master, master_salt, (guint8)label, key->session,
          sizeof key->session);
  derive (master, master_salt, (guint8)label + 1, auth_key, sizeof auth_key);
  derive (master, master_salt, (guint8)label + 2, key->salt, sizeof key->salt);
  save_state (auth_key, 0x36, key->inner);
  save_state (auth_key, 0x5c, key->outer);
  OPENSSL_cleanse (auth_key, sizeof auth_key);
  EVP_CIPHER_CTX_free (master);
}

void
wc_srtp_key_clear (WcSrtpKey *key)
{
  EVP_CIPHER_CTX_free (key->cipher);
  if (key->schedule != NULL)
    OPENSSL_cleanse (key->schedule, WC_SRTP_SCHEDULE_SIZE);
  g_aligned_free (key->schedule);
  OPENSSL_cleanse (key, sizeof *key);
}

/* --- packets -------------------------------------------------------------- */

void
wc_srtp_key_iv (const WcSrtpKey *key, guint32 ssrc, guint64 index,
                guint8 iv[16])
{
  memcpy (iv, key->salt, WC_SRTP_SALT_SIZE);
  iv[14] = iv[15] = 0;
  for (guint i = 0; i < 4; i++)
    iv[4 + i] ^= (guint8)(ssrc >> (24 - 8 * i));
  for (guint i = 0; i < 6; i++)
    iv[8 + i] ^= (guint8)(index >> (40 - 8 * i));
}

void
wc_srtp_key_crypt (WcSrtpKey *key, guint32 ssrc, guint64 index,
                   const guint8 *in, guint8 *out, gsize size)
{
  guint8 iv[16];

  if (key->cipher == NULL)
    key->cipher = new_cipher (key->session);
  wc_srtp_key_iv (key, ssrc, index, iv);
  run_cipher (key->cipher, iv, in, out, size);
}

/* One block has gone into the state. */
static void
resume (SHA_CTX *sha, const guint32 state[5])
{
  sha->h0 = state[0];
  sha->h1 = state[1];
  sha->h2 = state[2];
  sha->h3 = state[3];
  sha->h4 = state[4];
  sha->Nl = 8 * BLOCK_SIZE;
  sha->Nh = 0;
  sha->num = 0;
}

static void
finish (const WcSrtpKey *key, SHA_CTX *sha, guint8 digest[WC_SRTP_DIGEST_SIZE])
{
  SHA1_Final (digest, sha);
  resume (sha, key->outer);
  SHA1_Update (sha, digest, WC_SRTP_DIGEST_SIZE);
  SHA1_Final (digest, sha);
}

void
wc_srtp_key_authenticate (const WcSrtpKey *key, const guint8 *data, gsize size,
                          guint32 suffix, guint8 digest[WC_SRTP_DIGEST_SIZE])
{
  guint32 big_endian = GUINT32_TO_BE (suffix);
  SHA_CTX sha;

  resume (&sha, key->inner);
  SHA1_Update (&sha, data, size);
  SHA1_Update (&sha, &big_endian, sizeof big_endian);
  finish (key, &sha, digest);
}

void
wc_srtp_key_authenticate_all (const WcSrtpKey *key, const guint8 *data,
                              gsize size, guint8 digest[WC_SRTP_DIGEST_SIZE])
{
  SHA_CTX sha;

  resume (&sha, key->inner);
  SHA1_Update (&sha, data, size);
  finish (key, &sha, digest);
}
