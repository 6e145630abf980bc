/* SPDX-License-Identifier: MIT */
#include "common/stun.h"

#include "common/bytes.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define HEADER_SIZE 20
#define COOKIE 0x2112a442u
#define INTEGRITY_SIZE 20
#define FINGERPRINT_XOR 0x5354554eu

/* CRC-32 of ISO 3309 (RFC 8489 section 14.7). */
static guint32
crc32 (const guint8 *data, gsize size)
{
  guint32 crc = ~0u;

  for (gsize i = 0; i < size; i++) {
    crc ^= data[i];
    for (guint bit = 0; bit < 8; bit++)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
  }
  return ~crc;
}

/* HMAC-SHA1 of the message with its length field as if it ended with the
 * integrity attribute (RFC 8489 section 14.5). */
static void
compute_integrity (const guint8 *data, gsize size, const char *password,
                   guint8 digest[INTEGRITY_SIZE])
{
  g_autofree guint8 *copy = g_memdup2 (data, size);
  guint n = INTEGRITY_SIZE;

  tc_put_u16 (copy + 2, (guint16)(size + 4 + INTEGRITY_SIZE - HEADER_SIZE));
  HMAC (EVP_sha1 (), password, (int)strlen (password), copy, size, digest, &n);
}

void
tc_stun_begin (TcStunWriter *writer, guint16 type,
               const guint8 id[TC_STUN_ID_SIZE])
{
  tc_put_u16 (writer->data, type);
  tc_put_u16 (writer->data + 2, 0);
  tc_put_u32 (writer->data + 4, COOKIE);
  memcpy (writer->data + 8, id, TC_STUN_ID_SIZE);
  writer->size = HEADER_SIZE;
}

void
tc_stun_add (TcStunWriter *writer, guint16 type, const void *value, gsize size)
{
  gsize padded = (size + 3) & ~(gsize)3;
  guint8 *out = writer->data + writer->size;

  g_assert_cmpuint (writer->size + 4 + padded, <=, sizeof writer->data);
  tc_put_u16 (out, type);
  tc_put_u16 (out + 2, (guint16)size);
  memset (out + 4, 0, padded);
  if (size > 0)
    memcpy (out + 4, value, size);
  writer->size += 4 + padded;
  tc_put_u16 (writer->data + 2, (guint16)(writer->size - HEADER_SIZE));
}

void
tc_stun_add_u32 (TcStunWriter *writer, guint16 type, guint32 value)
{
  guint8 bytes[4];

  tc_put_u32 (bytes, value);
  tc_stun_add (writer, type, bytes, sizeof bytes);
}

void
tc_stun_add_u64 (TcStunWriter *writer, guint16 type, guint64 value)
{
  guint8 bytes[8];

  tc_put_u32 (bytes, (guint32)(value >> 32));
  tc_put_u32 (bytes + 4, (guint32)value);
  tc_stun_add (writer, type, bytes, sizeof bytes);
}

/* Both directions of RFC 8489 section 14.2: the port is XORed with the
 * cookie's first half, the address with the cookie and the transaction id. */
static void
xor_address (guint8 *bytes, gsize size, const guint8 *message)
{
  for (gsize i = 0; i < 2; i++)
    bytes[2 + i] ^= message[4 + i];
  for (gsize i = 4; i < size; i++)
    bytes[i] ^= message[i];
}

void
tc_stun_add_address (TcStunWriter *writer, const WcAddress *address)
{
  guint8 bytes[20] = {0};
  gboolean is_ipv6 = address->sa.sa_family == AF_INET6;
  gsize size = is_ipv6 ? 20 : 8;

  bytes[1] = is_ipv6 ? 2 : 1;
  tc_put_u16 (bytes + 2, wc_address_port (address));
  if (is_ipv6)
    memcpy (bytes + 4, &address->in6.sin6_addr, 16);
  else
    memcpy (bytes + 4, &address->in.sin_addr, 4);
  xor_address (bytes, size, writer->data);
  tc_stun_add (writer, TC_STUN_XOR_MAPPED_ADDRESS, bytes, size);
}

void
tc_stun_finish (TcStunWriter *writer, const char *password)
{
  guint8 digest[INTEGRITY_SIZE];

  if (password != NULL) {
    compute_integrity (writer->data, writer->size, password, digest);
    tc_stun_add (writer, TC_STUN_MESSAGE_INTEGRITY, digest, sizeof digest);
  }
  /* The length field counts the fingerprint before it is computed. */
  tc_put_u16 (writer->data + 2, (guint16)(writer->size + 8 - HEADER_SIZE));
  tc_stun_add_u32 (writer, TC_STUN_FINGERPRINT,
                   crc32 (writer->data, writer->size) ^ FINGERPRINT_XOR);
}

gboolean
tc_stun_read (TcStunReader *reader, const guint8 *data, gsize size)
{
  gsize at = HEADER_SIZE;

  if (size < HEADER_SIZE || (data[0] & 0xc0) != 0 || size % 4 != 0)
    return FALSE;
  if (tc_get_u32 (data + 4) != COOKIE ||
      tc_get_u16 (data + 2) + (gsize)HEADER_SIZE != size)
    return FALSE;
  while (at < size) {
    if (at + 4 > size)
      return FALSE;
    at += 4 + (((gsize)tc_get_u16 (data + at + 2) + 3) & ~(gsize)3);
  }
  *reader = (TcStunReader){
      .type = tc_get_u16 (data), .id = data + 8, .data = data, .size = size};
  return at == size;
}

const guint8 *
tc_stun_find (const TcStunReader *reader, guint16 type, gsize *size)
{
  gsize at = HEADER_SIZE;

  while (at < reader->size) {
    gsize length = tc_get_u16 (reader->data + at + 2);

    if (tc_get_u16 (reader->data + at) == type) {
      *size = length;
      return reader->data + at + 4;
    }
    at += 4 + ((length + 3) & ~(gsize)3);
  }
  return NULL;
}

gboolean
tc_stun_check_integrity (const TcStunReader *reader, const char *password)
{
  gsize size;
  guint8 digest[INTEGRITY_SIZE];
  const guint8 *value = tc_stun_find (reader, TC_STUN_MESSAGE_INTEGRITY, &size);

  if (value == NULL || size != INTEGRITY_SIZE)
    return FALSE;
  compute_integrity (reader->data, (gsize)(value - 4 - reader->data), password,
                     digest);
  return memcmp (digest, value, INTEGRITY_SIZE) == 0;
}

gboolean
tc_stun_check_fingerprint (const TcStunReader *reader)
{
  gsize size;
  const guint8 *value = tc_stun_find (reader, TC_STUN_FINGERPRINT, &size);

  if (value == NULL || size != 4 || value + 4 != reader->data + reader->size)
    return FALSE;
  return tc_get_u32 (value) ==
         (crc32 (reader->data, reader->size - 8) ^ FINGERPRINT_XOR);
}

gboolean
tc_stun_read_address (const TcStunReader *reader, WcAddress *address)
{
  guint8 bytes[20];
  gsize size;
  const guint8 *value =
      tc_stun_find (reader, TC_STUN_XOR_MAPPED_ADDRESS, &size);

  if (value == NULL || (size != 8 && size != 20))
    return FALSE;
  memcpy (bytes, value, size);
  if (bytes[1] != (size == 20 ? 2 : 1))
    return FALSE;
  xor_address (bytes, size, reader->data);
  memset (address, 0, sizeof *address);
  if (size == 20) {
    address->in6.sin6_family = AF_INET6;
    memcpy (&address->in6.sin6_addr, bytes + 4, 16);
  } else {
    address->in.sin_family = AF_INET;
    memcpy (&address->in.sin_addr, bytes + 4, 4);
  }
  wc_address_set_port (address, tc_get_u16 (bytes + 2));
  return TRUE;
}

guint
tc_stun_error_code (const TcStunReader *reader)
{
  gsize size;
  const guint8 *value = tc_stun_find (reader, TC_STUN_ERROR_CODE, &size);

  if (value == NULL || size < 4)
    return 0;
  return (value[2] & 7u) * 100 + value[3];
}
