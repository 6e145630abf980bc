/* SPDX-License-Identifier: MIT */
#include "engine/demux.h"

#include "engine/rtp-extension.h"

#include <string.h>

/* Of one packet: what its header extensions say. Not terminated texts. */
typedef struct {
  const guint8 *mid, *rid, *repaired_rid;
  gsize mid_size, rid_size, repaired_rid_size;
} Names;

void
wc_demux_init (WcDemux *demux, const WcDemuxMedia media[WC_N_MEDIA])
{
  memset (demux, 0, sizeof *demux);
  memcpy (demux->media, media, sizeof demux->media);
}

static WcDemuxEntry *
find_entry (WcDemux *demux, guint32 ssrc)
{
  for (guint i = 0; i < demux->n; i++)
    if (demux->entries[i].ssrc == ssrc)
      return &demux->entries[i];
  return NULL;
}

void
wc_demux_add (WcDemux *demux, guint32 ssrc, WcDemuxStream stream)
{
  WcDemuxEntry *entry = find_entry (demux, ssrc);

  if (entry == NULL && demux->n < WC_DEMUX_MAX_SSRCS) {
    entry = &demux->entries[demux->n++];
  } else if (entry == NULL) {
    entry = &demux->entries[demux->next];
    demux->next = (demux->next + 1) % WC_DEMUX_MAX_SSRCS;
  }
  *entry = (WcDemuxEntry){ssrc, stream};
}

static void
read_names (const WcDemuxMedia *media, const guint8 *data, gsize size,
            Names *names)
{
  WcRtpExtensions extensions;
  const guint8 *value;
  gsize length;
  guint8 id;

  memset (names, 0, sizeof *names);
  if (!wc_rtp_extensions_init (&extensions, data, size))
    return;
  while (wc_rtp_extensions_next (&extensions, &id, &value, &length)) {
    if (id == media->mid_extension) {
      names->mid = value;
      names->mid_size = length;
    } else if (id == media->rid_extension) {
      names->rid = value;
      names->rid_size = length;
    } else if (id == media->repaired_rid_extension) {
      names->repaired_rid = value;
      names->repaired_rid_size = length;
    }
  }
}

static gboolean
is_name (const char *name, const guint8 *value, gsize size)
{
  return value != NULL && strlen (name) == size &&
         memcmp (name, value, size) == 0;
}

static gboolean
carries (const WcDemuxMedia *media, guint payload_type)
{
  return media->present && (payload_type == media->payload_type ||
                            payload_type == media->rtx_payload_type);
}

/* Which medium: its MID decides between media that share a payload type. */
static gboolean
find_media (const WcDemux *demux, const WcRtp *rtp, const guint8 *data,
            gsize size, WcMedia *found, Names *names)
{
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    const WcDemuxMedia *media = &demux->media[i];

    if (!carries (media, rtp->payload_type))
      continue;
    read_names (media, data, size, names);
    if (names->mid != NULL &&
        !is_name (media->mid, names->mid, names->mid_size))
      continue;
    *found = (WcMedia)i;
    return TRUE;
  }
  return FALSE;
}

static gboolean
find_layer (const WcDemuxMedia *media, const guint8 *rid, gsize size,
            guint *layer)
{
  for (guint i = 0; i < media->n_layers; i++) {
    if (is_name (media->rids[i], rid, size)) {
      *layer = i;
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
wc_demux_find (WcDemux *demux, const WcRtp *rtp, const guint8 *data, gsize size,
               WcDemuxStream *stream)
{
  const WcDemuxEntry *known = find_entry (demux, rtp->ssrc);
  const WcDemuxMedia *media;
  Names names;

  *stream = (WcDemuxStream){0};
  if (!find_media (demux, rtp, data, size, &stream->media, &names))
    return FALSE;
  media = &demux->media[stream->media];
  stream->is_rtx = rtp->payload_type == media->rtx_payload_type;

  /* Retransmissions name the stream that they repair (RFC 8852 section 3.2);
   * some senders write that into the other extension. */
  if (media->n_layers > 0 &&
      ((names.repaired_rid != NULL &&
        find_layer (media, names.repaired_rid, names.repaired_rid_size,
                    &stream->layer)) ||
       find_layer (media, names.rid, names.rid_size, &stream->layer))) {
    wc_demux_add (demux, rtp->ssrc, *stream);
    return TRUE;
  }
  if (known != NULL && known->stream.media == stream->media) {
    stream->layer = known->stream.layer;
    return TRUE;
  }
  return media->n_layers == 0;
}
