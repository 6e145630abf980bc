/* SPDX-License-Identifier: MIT */
/* Tells which stream of a publisher an RTP packet is of: by its MID and RID
 * header extensions (RFC 8843 section 9.2, RFC 8852), by SSRCs that these or
 * the offer have told, at last by its payload type. A plain value of its owner,
 * one thread. */
#pragma once

#include "base/codec.h"
#include "engine/rtp.h"

#define WC_DEMUX_MAX_LAYERS 4
#define WC_DEMUX_MAX_SSRCS 32
#define WC_DEMUX_MID_SIZE 33
#define WC_DEMUX_RID_SIZE 17
/** In place of a payload type: there is none. */
#define WC_DEMUX_NO_PT 0xff

/** What was agreed on for one medium. */
typedef struct {
  gboolean present;
  guint8 payload_type, rtx_payload_type;
  char mid[WC_DEMUX_MID_SIZE];
  guint8 mid_extension, rid_extension, repaired_rid_extension; /* 0: none */
  guint n_layers; /* of simulcast; 0: there is one stream, without a RID */
  char rids[WC_DEMUX_MAX_LAYERS][WC_DEMUX_RID_SIZE];
} WcDemuxMedia;

/** A stream: with simulcast there is one for each layer. */
typedef struct {
  WcMedia media;
  guint layer;
  gboolean is_rtx;
} WcDemuxStream;

typedef struct {
  guint32 ssrc;
  WcDemuxStream stream;
} WcDemuxEntry;

typedef struct {
  WcDemuxMedia media[WC_N_MEDIA];
  WcDemuxEntry entries[WC_DEMUX_MAX_SSRCS];
  guint n, next; /* when it is full the oldest gives way */
} WcDemux;

void wc_demux_init (WcDemux *demux, const WcDemuxMedia media[WC_N_MEDIA]);

/** An SSRC that the offer names. */
void wc_demux_add (WcDemux *demux, guint32 ssrc, WcDemuxStream stream);

/** @rtp: what was read of @data. FALSE when it is of none of the streams. */
gboolean wc_demux_find (WcDemux *demux, const WcRtp *rtp, const guint8 *data,
                        gsize size, WcDemuxStream *stream);
