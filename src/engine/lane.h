/* SPDX-License-Identifier: MIT */
/* How a viewer's packets are secured and sent: a table of functions that the
 * layer above installs in a subscriber. `direct` (engine/direct-lane) encrypts
 * and sends in the worker; `webrtcbin` (peer/webrtcbin-lane) queues them for
 * the viewer's webrtcbin.
 *
 * All functions are called on the subscriber's worker thread, must not block
 * and must not call back into the engine but for wc_subscriber_send (),
 * wc_subscriber_has_room () and wc_subscriber_note_alive (). None is called
 * after the `done` of wc_subscriber_stop (). */
#pragma once

#include "base/codec.h"
#include "engine/packet.h"
#include "engine/picture-id.h"

/** A packet as one viewer gets it: the header fields that are the viewer's own.
 * The payload, the marker and the rest stand in @packet; only the numbers of
 * its pictures may have to be changed (wc_picture_shift_apply ()). */
typedef struct {
  WcPacket *packet; /* borrowed until the worker flushes at the end of its turn;
                       take a reference to keep it for longer */
  guint64 index;    /* the sequence number with its roll-overs (RFC 3711
                       section 3.3.1); the low 16 bits are in the header */
  guint32 ssrc;
  guint32 timestamp;
  guint8 payload_type;
  WcPictureShift pictures; /* the same for all packets of one call */
  gint64 capture_us; /* fits @timestamp, so that sender reports are right */
} WcOutgoing;

typedef struct {
  /** Takes all of @n packets of one track, or none (FALSE: no room; the engine
   * then skips this viewer to the next key frame). */
  gboolean (*send) (gpointer lane, WcMedia media, const WcOutgoing *packets,
                    guint n);
  /** ICE has a valid pair; DTLS may begin. Called once. */
  void (*connected) (gpointer lane);
  /** A datagram of the viewer from an address that passed ICE. */
  void (*receive_dtls) (gpointer lane, const guint8 *data, gsize size);
  void (*receive_srtcp) (gpointer lane, const guint8 *data, gsize size);
  /** Nullable. About every quarter of a second, once media may flow. */
  void (*tick) (gpointer lane, gint64 now_us);
  /** Nullable. The subscriber ended, media has stopped; a last word may still
   * be sent. The last call. */
  void (*ended) (gpointer lane);
} WcLane;
