/* SPDX-License-Identifier: MIT */
#include "engine/srtp.h"

#include "base/bytes.h"
#include "engine/replay-window.h"
#include "engine/srtp-key.h"

#include <openssl/crypto.h>
#include <string.h>

#define RTP_HEADER_SIZE 12
#define RTCP_HEADER_SIZE 8 /* with the sender's SSRC, which stays readable */
#define RTCP_ENCRYPTED 0x80000000u
#define RTCP_MAX_INDEX 0x7fffffffu

typedef struct {
  guint32 ssrc;
  WcReplayWindow window;
} Stream;

struct WcSrtp {
  WcSrtpKey rtp, rtcp;
  guint32 rtcp_index;                 /* of the last one sent */
  GArray *rtp_streams, *rtcp_streams; /* of Stream; NULL: none yet */
};

G_STATIC_ASSERT (WC_SRTP_MASTER_SIZE == WC_SRTP_KEY_SIZE + WC_SRTP_SALT_SIZE);

WcSrtp *
wc_srtp_new (const guint8 master[WC_SRTP_MASTER_SIZE])
{
  const guint8 *salt = master + WC_SRTP_KEY_SIZE;
  WcSrtp *srtp = g_new0 (WcSrtp, 1);

  wc_srtp_key_init (&srtp->rtp, master, salt, WC_SRTP_LABEL_RTP);
  wc_srtp_key_init (&srtp->rtcp, master, salt, WC_SRTP_LABEL_RTCP);
  return srtp;
}

void
wc_srtp_free (WcSrtp *srtp)
{
  wc_srtp_key_clear (&srtp->rtp);
  wc_srtp_key_clear (&srtp->rtcp);
  g_clear_pointer (&srtp->rtp_streams, g_array_unref);
  g_clear_pointer (&srtp->rtcp_streams, g_array_unref);
  g_free (srtp);
}

static Stream *
find_stream (GArray *streams, guint32 ssrc)
{
  for (guint i = 0; streams != NULL && i < streams->len; i++) {
    Stream *stream = &g_array_index (streams, Stream, i);
    if (stream->ssrc == ssrc)
      return stream;
  }
  return NULL;
}

/* Notes an authentic packet; makes the stream of the first one. */
static WcSrtpResult
admit (GArray **streams, Stream *stream, guint32 ssrc, guint64 index)
{
  if (stream == NULL) {
    Stream added = {.ssrc = ssrc};
    if (*streams == NULL)
      *streams = g_array_new (FALSE, FALSE, sizeof (Stream));
    if ((*streams)->len == WC_SRTP_MAX_STREAMS)
      return WC_SRTP_TOO_MANY;
    g_array_append_val (*streams, added);
    stream = &g_array_index (*streams, Stream, (*streams)->len - 1);
  }
  wc_replay_window_add (&stream->window, index);
  return WC_SRTP_OK;
}

/* --- RTP ------------------------------------------------------------------ */

gsize
wc_srtp_protect_rtp (WcSrtp *srtp, guint8 *packet, gsize header_size,
                     const guint8 *payload, gsize payload_size, guint64 index)
{
  guint8 digest[WC_SRTP_DIGEST_SIZE];
  gsize size = header_size + payload_size;

  wc_srtp_key_crypt (&srtp->rtp, wc_read_u32 (packet + 8), index, payload,
                     packet + header_size, payload_size);
  wc_srtp_key_authenticate (&srtp->rtp, packet, size, (guint32)(index >> 16),
                            digest);
  memcpy (packet + size, digest, WC_SRTP_TAG_SIZE);
  return size + WC_SRTP_TAG_SIZE;
}

WcSrtpKey *
wc_srtp_rtp_key (WcSrtp *srtp)
{
  return &srtp->rtp;
}

/* With CSRCs and extensions, which are not encrypted; 0: no RTP. */
static gsize
rtp_header_size (const guint8 *data, gsize size)
{
  gsize header = RTP_HEADER_SIZE;

  if (size < header || data[0] >> 6 != 2)
    return 0;
  header += 4 * (gsize)(data[0] & 0x0f);
  if (data[0] & 0x10) {
    if (header + 4 > size)
      return 0;
    header += 4 + 4 * ((gsize)data[header + 2] << 8 | data[header + 3]);
  }
  return header <= size ? header : 0;
}

/* The roll-over counter that puts @seq nearest to the highest index (RFC 3711
 * section 3.3.1). */
static guint32
estimate_roc (guint64 highest, guint16 seq)
{
  guint32 roc = (guint32)(highest >> 16);
  guint16 last = (guint16)highest;

  if (last < 0x8000)
    return seq - last > 0x8000 ? roc - 1 : roc;
  return last - 0x8000 > seq ? roc + 1 : roc;
}

static gboolean
check_rtp (const WcSrtp *srtp, const guint8 *data, gsize size, guint32 roc)
{
  guint8 digest[WC_SRTP_DIGEST_SIZE];

  wc_srtp_key_authenticate (&srtp->rtp, data, size, roc, digest);
  return CRYPTO_memcmp (digest, data + size, WC_SRTP_TAG_SIZE) == 0;
}

/* Nothing tells how often a stream that we have not heard of rolled over. One
 * that begins late in its numbers has often just done so when its first packet
 * gets through. */
static gboolean
find_first_roc (const WcSrtp *srtp, const guint8 *data, gsize size, guint16 seq,
                guint32 *roc)
{
  *roc = 0;
  if (check_rtp (srtp, data, size, 0))
    return TRUE;
  *roc = 1;
  return seq < 0x8000 && check_rtp (srtp, data, size, 1);
}

static WcSrtpResult
check_stream (const WcSrtp *srtp, const Stream *stream, const guint8 *data,
              gsize size, guint64 *index)
{
  guint16 seq = (guint16)(data[2] << 8 | data[3]);
  guint32 roc;

  if (stream == NULL) {
    if (!find_first_roc (srtp, data, size, seq, &roc))
      return WC_SRTP_UNAUTHENTIC;
    *index = (guint64)roc << 16 | seq;
    return WC_SRTP_OK;
  }
  roc = estimate_roc (stream->window.highest, seq);
  *index = (guint64)roc << 16 | seq;
  /* Before the tag: a replay costs nothing. */
  if (!wc_replay_window_is_new (&stream->window, *index))
    return WC_SRTP_REPLAYED;
  return check_rtp (srtp, data, size, roc) ? WC_SRTP_OK : WC_SRTP_UNAUTHENTIC;
}

WcSrtpResult
wc_srtp_unprotect_rtp (WcSrtp *srtp, guint8 *data, gsize *size, guint64 *index)
{
  guint64 found;

  if (*size < RTP_HEADER_SIZE + WC_SRTP_TAG_SIZE)
    return WC_SRTP_MALFORMED;
  gsize inner = *size - WC_SRTP_TAG_SIZE;
  gsize header = rtp_header_size (data, inner);
  if (header == 0)
    return WC_SRTP_MALFORMED;
  guint32 ssrc = wc_read_u32 (data + 8);
  Stream *stream = find_stream (srtp->rtp_streams, ssrc);
  WcSrtpResult result = check_stream (srtp, stream, data, inner, &found);
  if (result == WC_SRTP_OK)
    result = admit (&srtp->rtp_streams, stream, ssrc, found);
  if (result != WC_SRTP_OK)
    return result;
  wc_srtp_key_crypt (&srtp->rtp, ssrc, found, data + header, data + header,
                     inner - header);
  *size = inner;
  if (index != NULL)
    *index = found;
  return WC_SRTP_OK;
}

/* --- RTCP ----------------------------------------------------------------- */

static gboolean
is_rtcp (const guint8 *data, gsize size)
{
  return size >= RTCP_HEADER_SIZE && data[0] >> 6 == 2;
}

gsize
wc_srtp_protect_rtcp (WcSrtp *srtp, guint8 *data, gsize size, gsize capacity)
{
  guint8 digest[WC_SRTP_DIGEST_SIZE];

  if (!is_rtcp (data, size) || size > capacity ||
      capacity - size < WC_SRTCP_TRAILER_SIZE ||
      srtp->rtcp_index == RTCP_MAX_INDEX)
    return 0;
  guint32 index = ++srtp->rtcp_index;
  wc_srtp_key_crypt (&srtp->rtcp, wc_read_u32 (data + 4), index,
                     data + RTCP_HEADER_SIZE, data + RTCP_HEADER_SIZE,
                     size - RTCP_HEADER_SIZE);
  wc_write_u32 (data + size, RTCP_ENCRYPTED | index);
  size += 4;
  wc_srtp_key_authenticate_all (&srtp->rtcp, data, size, digest);
  memcpy (data + size, digest, WC_SRTP_TAG_SIZE);
  return size + WC_SRTP_TAG_SIZE;
}

static WcSrtpResult
check_rtcp (const WcSrtp *srtp, const Stream *stream, const guint8 *data,
            gsize size, guint32 trailer)
{
  guint8 digest[WC_SRTP_DIGEST_SIZE];

  if (stream != NULL &&
      !wc_replay_window_is_new (&stream->window, trailer & RTCP_MAX_INDEX))
    return WC_SRTP_REPLAYED;
  wc_srtp_key_authenticate_all (&srtp->rtcp, data, size, digest);
  if (CRYPTO_memcmp (digest, data + size, WC_SRTP_TAG_SIZE) != 0)
    return WC_SRTP_UNAUTHENTIC;
  return trailer & RTCP_ENCRYPTED ? WC_SRTP_OK : WC_SRTP_MALFORMED;
}

WcSrtpResult
wc_srtp_unprotect_rtcp (WcSrtp *srtp, guint8 *data, gsize *size)
{
  if (*size < RTCP_HEADER_SIZE + WC_SRTCP_TRAILER_SIZE ||
      !is_rtcp (data, *size))
    return WC_SRTP_MALFORMED;
  gsize inner = *size - WC_SRTCP_TRAILER_SIZE;
  guint32 ssrc = wc_read_u32 (data + 4);
  guint32 trailer = wc_read_u32 (data + inner);
  guint32 index = trailer & RTCP_MAX_INDEX;
  Stream *stream = find_stream (srtp->rtcp_streams, ssrc);
  WcSrtpResult result = check_rtcp (srtp, stream, data, inner + 4, trailer);
  if (result == WC_SRTP_OK)
    result = admit (&srtp->rtcp_streams, stream, ssrc, index);
  if (result != WC_SRTP_OK)
    return result;
  wc_srtp_key_crypt (&srtp->rtcp, ssrc, index, data + RTCP_HEADER_SIZE,
                     data + RTCP_HEADER_SIZE, inner - RTCP_HEADER_SIZE);
  *size = inner;
  return WC_SRTP_OK;
}
