/* SPDX-License-Identifier: MIT */
/* What a peer sends that is said to be SRTP or SRTCP. Records of two bytes, the
 * kind and the size, and as many of content: as it stands, or (kinds above 3)
 * with the right tag on it, so that what comes behind the authentication meets
 * the unexpected too. */
#include "engine/srtp-key.h"
#include "engine/srtp.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static const guint8 master[WC_SRTP_MASTER_SIZE] = {1, 2, 3};

typedef struct {
  WcSrtp *srtp;
  WcSrtpKey rtp, rtcp;
} Fuzz;

static void
run_record (Fuzz *fuzz, guint8 kind, const guint8 *data, gsize size)
{
  /* Of the exact size, so that the sanitizer sees its end. */
  gboolean is_signed = kind > 3 && size >= WC_SRTP_TAG_SIZE;
  gsize inner = size - (is_signed ? WC_SRTP_TAG_SIZE : 0);
  g_autofree guint8 *packet = g_memdup2 (data, size);
  guint8 digest[WC_SRTP_DIGEST_SIZE];
  gsize left = size;
  WcSrtpResult result;

  if (kind & 1) {
    wc_srtp_key_authenticate_all (&fuzz->rtcp, data, inner, digest);
    if (is_signed)
      memcpy (packet + inner, digest, WC_SRTP_TAG_SIZE);
    result = wc_srtp_unprotect_rtcp (fuzz->srtp, packet, &left);
  } else {
    wc_srtp_key_authenticate (&fuzz->rtp, data, inner, (kind >> 1) & 1, digest);
    if (is_signed)
      memcpy (packet + inner, digest, WC_SRTP_TAG_SIZE);
    result = wc_srtp_unprotect_rtp (fuzz->srtp, packet, &left, NULL);
  }
  g_assert_true (result == WC_SRTP_OK ? left < size : left == size);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const guint8 *salt = master + WC_SRTP_KEY_SIZE;
  Fuzz fuzz = {.srtp = wc_srtp_new (master)};

  wc_srtp_key_init (&fuzz.rtp, master, salt, WC_SRTP_LABEL_RTP);
  wc_srtp_key_init (&fuzz.rtcp, master, salt, WC_SRTP_LABEL_RTCP);
  for (gsize at = 0; at + 2 <= size;) {
    gsize n = MIN (data[at + 1], size - at - 2);
    run_record (&fuzz, data[at], data + at + 2, n);
    at += 2 + n;
  }
  wc_srtp_key_clear (&fuzz.rtp);
  wc_srtp_key_clear (&fuzz.rtcp);
  wc_srtp_free (fuzz.srtp);
  return 0;
}
