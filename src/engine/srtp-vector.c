/* SPDX-License-Identifier: MIT */
#include "engine/srtp-vector.h"

#ifdef WC_HAVE_IPSEC_MB

#include "engine/srtp-key.h"

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <string.h>

#define IV_SIZE 16
#define ROC_SIZE 4

G_STATIC_ASSERT (WC_SRTP_VECTOR_JOBS <= IMB_MAX_BURST_SIZE);
G_STATIC_ASSERT (WC_SRTP_TAG_SIZE >= ROC_SIZE);

struct WcSrtpVector {
  IMB_MGR *manager;
  guint min_jobs;
  IMB_JOB jobs[WC_SRTP_VECTOR_JOBS];
  guint8 ivs[WC_SRTP_VECTOR_JOBS][IV_SIZE];
  guint8 digests[WC_SRTP_VECTOR_JOBS][WC_SRTP_DIGEST_SIZE];
};

/* The library by itself takes the widest vectors that there are. Two packets at
 * a time by the processor's SHA instructions are as fast as eight by AVX2, and
 * need not wait for eight. Returns from how many packets on that beats OpenSSL,
 * which does one at a time; 0: never. Each figure was measured. */
static guint
choose (IMB_MGR *manager)
{
  IMB_ARCH arch = IMB_ARCH_NONE;

  init_mb_mgr_auto (manager, &arch);
  if (arch == IMB_ARCH_AVX512)
    return 4;
  if (manager->features & IMB_FEATURE_SHANI) {
    init_mb_mgr_sse (manager);
    return 2;
  }
  return arch == IMB_ARCH_AVX2 ? 6 : 0;
}

WcSrtpVector *
wc_srtp_vector_new (void)
{
  IMB_MGR *manager = alloc_mb_mgr (0);

  if (manager == NULL)
    return NULL;
  guint min_jobs = choose (manager);
  if (min_jobs == 0) {
    free_mb_mgr (manager);
    return NULL;
  }
  WcSrtpVector *vector = g_new0 (WcSrtpVector, 1);
  vector->manager = manager;
  vector->min_jobs = min_jobs;
  return vector;
}

guint
wc_srtp_vector_min_jobs (const WcSrtpVector *vector)
{
  return vector->min_jobs;
}

void
wc_srtp_vector_free (WcSrtpVector *vector)
{
  free_mb_mgr (vector->manager);
  g_free (vector);
}

/* The library wants the round keys; they are made when a key is first used. */
static const guint8 *
ensure_schedule (WcSrtpVector *vector, WcSrtpKey *key)
{
  guint8 inverse[WC_SRTP_SCHEDULE_SIZE] __attribute__ ((aligned (16)));

  if (key->schedule == NULL) {
    key->schedule = g_aligned_alloc (1, WC_SRTP_SCHEDULE_SIZE, 16);
    IMB_AES_KEYEXP_128 (vector->manager, key->session, key->schedule, inverse);
    OPENSSL_cleanse (inverse, sizeof inverse);
  }
  return key->schedule;
}

static guint32
ssrc_of (const guint8 *packet)
{
  guint32 ssrc;

  memcpy (&ssrc, packet + 8, sizeof ssrc);
  return GUINT32_FROM_BE (ssrc);
}

static void
encrypt (WcSrtpVector *vector, const WcSrtpJob *jobs, guint n)
{
  for (guint i = 0; i < n; i++) {
    WcSrtpKey *key = wc_srtp_rtp_key (jobs[i].srtp);
    IMB_JOB *job = &vector->jobs[i];
    wc_srtp_key_iv (key, ssrc_of (jobs[i].packet), jobs[i].index,
                    vector->ivs[i]);
    job->cipher_mode = IMB_CIPHER_CNTR;
    job->cipher_direction = IMB_DIR_ENCRYPT;
    job->enc_keys = ensure_schedule (vector, key);
    job->key_len_in_bytes = IMB_KEY_128_BYTES;
    job->src = jobs[i].payload;
    job->dst = jobs[i].packet + jobs[i].header_size;
    job->cipher_start_src_offset_in_bytes = 0;
    job->msg_len_to_cipher_in_bytes = jobs[i].payload_size;
    job->iv = vector->ivs[i];
    job->iv_len_in_bytes = IV_SIZE;
  }
  IMB_SUBMIT_CIPHER_BURST_NOCHECK (vector->manager, vector->jobs, n,
                                   IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT,
                                   IMB_KEY_128_BYTES);
}

/* The roll-over counter stands where the tag will. */
static void
authenticate (WcSrtpVector *vector, const WcSrtpJob *jobs, guint n)
{
  for (guint i = 0; i < n; i++) {
    const WcSrtpKey *key = wc_srtp_rtp_key (jobs[i].srtp);
    gsize size = (gsize)jobs[i].header_size + jobs[i].payload_size;
    guint32 roc = GUINT32_TO_BE ((guint32)(jobs[i].index >> 16));
    IMB_JOB *job = &vector->jobs[i];
    memcpy (jobs[i].packet + size, &roc, ROC_SIZE);
    job->hash_alg = IMB_AUTH_HMAC_SHA_1;
    job->src = jobs[i].packet;
    job->hash_start_src_offset_in_bytes = 0;
    job->msg_len_to_hash_in_bytes = size + ROC_SIZE;
    job->auth_tag_output = vector->digests[i];
    job->auth_tag_output_len_in_bytes = WC_SRTP_DIGEST_SIZE;
    job->u.HMAC._hashed_auth_key_xor_ipad = (const guint8 *)key->inner;
    job->u.HMAC._hashed_auth_key_xor_opad = (const guint8 *)key->outer;
  }
  IMB_SUBMIT_HASH_BURST_NOCHECK (vector->manager, vector->jobs, n,
                                 IMB_AUTH_HMAC_SHA_1);
  for (guint i = 0; i < n; i++)
    memcpy (jobs[i].packet + jobs[i].header_size + jobs[i].payload_size,
            vector->digests[i], WC_SRTP_TAG_SIZE);
}

void
wc_srtp_vector_protect (WcSrtpVector *vector, const WcSrtpJob *jobs, guint n)
{
  encrypt (vector, jobs, n);
  authenticate (vector, jobs, n);
}

#else

WcSrtpVector *
wc_srtp_vector_new (void)
{
  return NULL;
}

void
wc_srtp_vector_free (WcSrtpVector *vector)
{
}

guint
wc_srtp_vector_min_jobs (const WcSrtpVector *vector)
{
  return 0;
}

void
wc_srtp_vector_protect (WcSrtpVector *vector, const WcSrtpJob *jobs, guint n)
{
}

#endif
