/* SPDX-License-Identifier: MIT */
/* The STUN that an ICE-lite server needs (RFC 8445 section 2.5, RFC 8489): tell
 * whom a binding request is for, check it, and write the answer. Messages are
 * libnice's `stun_*`; nothing else of the house knows that.
 *
 * One WcStun per worker, used by that thread only. */
#pragma once

#include "base/address.h"

typedef struct WcStun WcStun;

/** The longest local ufrag that is looked for (ours have 14 characters). */
#define WC_STUN_UFRAG_SIZE 33
/** Room for any answer that is written. */
#define WC_STUN_ANSWER_SIZE 256

typedef struct {
  gboolean use_candidate;
  guint32 priority; /* 0: not given */
  gsize answer_size;
} WcStunRequest;

WcStun *wc_stun_new (void);
void wc_stun_free (WcStun *stun);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcStun, wc_stun_free)

/** TRUE if a datagram with this first byte is STUN (RFC 7983 section 7). */
gboolean wc_stun_is_stun (guint8 first_byte);

/** Finds the part of USERNAME before the colon, the ufrag of whom the binding
 * request is for (RFC 8445 section 7.2.2), without checking anything else.
 * Returns FALSE if @data is no binding request with a fitting USERNAME. */
gboolean wc_stun_peek_ufrag (const guint8 *data, gsize size,
                             char ufrag[WC_STUN_UFRAG_SIZE]);

/** Checks a binding request's form, FINGERPRINT and MESSAGE-INTEGRITY (RFC 8489
 * section 14.5) with @password, and writes the success response, or the 420
 * that unknown mandatory attributes ask for, into @answer. Returns FALSE for
 * anything that must not be answered at all. Only authentic requests return
 * TRUE. */
gboolean wc_stun_answer (WcStun *stun, const guint8 *data, gsize size,
                         const char *password, const WcAddress *from,
                         guint8 answer[WC_STUN_ANSWER_SIZE],
                         WcStunRequest *request);
