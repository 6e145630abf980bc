/* SPDX-License-Identifier: MIT */
#include "engine/rtp-extension.h"

#define FIXED_HEADER_SIZE 12
#define ONE_BYTE_PROFILE 0xbede
#define TWO_BYTE_PROFILE 0x1000 /* the low four bits are the application's */
#define ONE_BYTE_STOP 15

gboolean
wc_rtp_extensions_init (WcRtpExtensions *extensions, const guint8 *data,
                        gsize size)
{
  if (size < FIXED_HEADER_SIZE || data[0] >> 6 != 2 || !(data[0] & 0x10))
    return FALSE;
  gsize begin = FIXED_HEADER_SIZE + 4 * (gsize)(data[0] & 0x0f);
  if (begin + 4 > size)
    return FALSE;
  guint profile = (guint)(data[begin] << 8 | data[begin + 1]);
  gsize length = 4 * ((gsize)data[begin + 2] << 8 | data[begin + 3]);
  if (begin + 4 + length > size)
    return FALSE;
  extensions->at = data + begin + 4;
  extensions->end = extensions->at + length;
  extensions->two_byte = (profile & 0xfff0) == TWO_BYTE_PROFILE;
  return extensions->two_byte || profile == ONE_BYTE_PROFILE;
}

/* Where the value begins, with its id and size; NULL: nothing more. */
static const guint8 *
read_head (WcRtpExtensions *extensions, guint8 *id, gsize *size)
{
  const guint8 *at = extensions->at;

  if (extensions->two_byte) {
    if (extensions->end - at < 2)
      return NULL;
    *id = at[0];
    *size = at[1];
    return at + 2;
  }
  *id = at[0] >> 4;
  *size = (gsize)(at[0] & 0x0f) + 1;
  return *id == ONE_BYTE_STOP ? NULL : at + 1;
}

gboolean
wc_rtp_extensions_next (WcRtpExtensions *extensions, guint8 *id,
                        const guint8 **value, gsize *size)
{
  while (extensions->at < extensions->end && *extensions->at == 0)
    extensions->at++; /* padding */
  if (extensions->at >= extensions->end)
    return FALSE;
  *value = read_head (extensions, id, size);
  if (*value == NULL || (gsize)(extensions->end - *value) < *size) {
    extensions->at = extensions->end;
    return FALSE;
  }
  extensions->at = *value + *size;
  return TRUE;
}
