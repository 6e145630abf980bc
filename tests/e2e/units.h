/* SPDX-License-Identifier: MIT */
/* What a viewer received, put together again: NAL units, OBUs, VP8 or VP9
 * frames, or audio packets; and its comparison with what was sent. */
#pragma once

#include "common/payload.h"
#include "common/peer.h"

#include <glib.h>

typedef struct _TeUnits TeUnits;

typedef enum {
  TE_UNITS_H264,
  TE_UNITS_H265,
  TE_UNITS_AV1,
  TE_UNITS_VP8,
  TE_UNITS_VP9,
  TE_UNITS_AUDIO,
} TeUnitsFormat;

TeUnits *te_units_new (TeUnitsFormat format);
void te_units_free (TeUnits *units);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TeUnits, te_units_free)

/** A TcPeerOptions.packet; its data is a TeUnits. Ends the test when a packet
 * is out of order, too large, has extensions, or breaks its format's rules. */
void te_units_on_packet (TcPeer *peer, TcTrack *track,
                         const TcRtpPacket *packet, gpointer data);
/** GBytes; owned by @units. */
GPtrArray *te_units_all (TeUnits *units);
/** The largest payload. */
gsize te_units_largest (const TeUnits *units);

/** All of @units must be in @sent (GBytes) in the same order without a hole,
 * beginning with a key frame, but for parameter sets that were put in front of
 * later key frames. Returns how many those are. */
guint te_units_assert_in (TeUnits *units, GPtrArray *sent);

/** The frames of an IVF file as they are. Transfer full. */
GPtrArray *te_units_read_ivf (const char *path);
