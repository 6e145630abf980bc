/* SPDX-License-Identifier: MIT */
/* The session keys of one direction, for RTP or for RTCP, of the transform
 * AES_CM_128_HMAC_SHA1_80 (RFC 3711 sections 4.1.1, 4.2.1 and 8.2): what is
 * expensive to make is made once, and a packet sets an initial vector and
 * copies a hash state. A plain struct of its owner, one thread at a time.
 *
 * Internal to srtp and its tests. */
#pragma once

#include "engine/srtp.h"

#include <openssl/evp.h>

#define WC_SRTP_KEY_SIZE 16
#define WC_SRTP_SALT_SIZE 14
#define WC_SRTP_DIGEST_SIZE 20

/** The round keys of AES-128. */
#define WC_SRTP_SCHEDULE_SIZE (11 * 16)

typedef struct {
  guint8 session[WC_SRTP_KEY_SIZE];
  EVP_CIPHER_CTX *cipher; /* of it; NULL until it is used */
  guint8 *schedule;       /* the same for srtp-vector */
  guint8 salt[WC_SRTP_SALT_SIZE];
  guint32 inner[5], outer[5]; /* SHA-1 after the padded key (RFC 2104) */
} WcSrtpKey;

/** The labels of key derivation (RFC 3711 section 4.3.2); the salt has
 * @label + 2, the authentication key @label + 1. */
typedef enum {
  WC_SRTP_LABEL_RTP = 0,
  WC_SRTP_LABEL_RTCP = 3,
} WcSrtpLabel;

/** Derives @size bytes with a key derivation rate of 0 (RFC 3711
 * section 4.3.1). @size: at most 64. */
void wc_srtp_derive (const guint8 master_key[WC_SRTP_KEY_SIZE],
                     const guint8 master_salt[WC_SRTP_SALT_SIZE], guint8 label,
                     guint8 *out, gsize size);

void wc_srtp_key_init (WcSrtpKey *key,
                       const guint8 master_key[WC_SRTP_KEY_SIZE],
                       const guint8 master_salt[WC_SRTP_SALT_SIZE],
                       WcSrtpLabel label);
/** Leaves nothing of the key in memory. */
void wc_srtp_key_clear (WcSrtpKey *key);

/** The initial vector of a packet: salt, SSRC and index (RFC 3711
 * section 4.1.1). @index: 48 bits of RTP or 31 bits of RTCP. */
void wc_srtp_key_iv (const WcSrtpKey *key, guint32 ssrc, guint64 index,
                     guint8 iv[16]);

/** Encrypts or decrypts. @out may be @in. */
void wc_srtp_key_crypt (WcSrtpKey *key, guint32 ssrc, guint64 index,
                        const guint8 *in, guint8 *out, gsize size);

/** HMAC-SHA1 of @data followed by the four bytes of @suffix (big-endian); of
 * the digest, the first 10 bytes are the tag. */
void wc_srtp_key_authenticate (const WcSrtpKey *key, const guint8 *data,
                               gsize size, guint32 suffix,
                               guint8 digest[WC_SRTP_DIGEST_SIZE]);
/** Those that RTP is protected with. */
WcSrtpKey *wc_srtp_rtp_key (WcSrtp *srtp);

/** HMAC-SHA1 of @data alone. */
void wc_srtp_key_authenticate_all (const WcSrtpKey *key, const guint8 *data,
                                   gsize size,
                                   guint8 digest[WC_SRTP_DIGEST_SIZE]);
