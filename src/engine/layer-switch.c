/* SPDX-License-Identifier: MIT */
#include "engine/layer-switch.h"

#include "engine/payload.h"
#include "engine/rtp.h"

#include <string.h>

/* Without packets for so long a layer was switched off. */
#define GONE_US (600 * 1000)
/* A layer that has come back must have stayed for so long. */
#define STEADY_US (2 * G_USEC_PER_SEC)
/* What may stand before a picture in its frame: parameter sets and the like. */
#define MAX_HEADS 16

typedef struct {
  WcPayloadState state;
  gboolean had_key;
  gint64 since_us; /* when it came, or came back */
  gint64 last_us;  /* 0: never */
} Layer;

typedef struct {
  gsize size;
  guint8 *data;
} Head;

struct WcLayerSwitch {
  WcCodec codec;
  const WcPayloadFormat *format;
  guint n;
  WcLayerFunc pass;
  gpointer user_data;
  Layer layers[WC_LAYERS_MAX];
  int playing, wanted; /* -1: none */
  /* of the wanted layer: the frame that is coming in, before its picture */
  Head heads[MAX_HEADS];
  guint n_heads;
  guint32 heads_timestamp;
};

/* --- life -------------------------------------------------------------------
 */

static void
drop_heads (WcLayerSwitch *layers)
{
  for (guint i = 0; i < layers->n_heads; i++)
    g_free (layers->heads[i].data);
  layers->n_heads = 0;
}

WcLayerSwitch *
wc_layer_switch_new (WcCodec codec, guint n_layers, WcLayerFunc pass,
                     gpointer user_data)
{
  WcLayerSwitch *layers = g_new0 (WcLayerSwitch, 1);

  layers->codec = codec;
  layers->format = wc_payload_format (codec);
  layers->n = MIN (n_layers, WC_LAYERS_MAX);
  layers->pass = pass;
  layers->user_data = user_data;
  layers->playing = layers->wanted = -1;
  return layers;
}

void
wc_layer_switch_free (WcLayerSwitch *layers)
{
  for (guint i = 0; i < layers->n; i++)
    wc_parameter_sets_clear (&layers->layers[i].state.sets);
  drop_heads (layers);
  g_free (layers);
}

/* --- packets ----------------------------------------------------------------
 */

static void
change_over (WcLayerSwitch *layers, const guint8 *data, gsize size,
             gint64 now_us)
{
  guint layer = (guint)layers->wanted;
  gboolean begins = TRUE;

  layers->playing = layers->wanted;
  layers->wanted = -1;
  for (guint i = 0; i < layers->n_heads; i++, begins = FALSE)
    layers->pass (layer, begins, layers->heads[i].data, layers->heads[i].size,
                  now_us, layers->user_data);
  drop_heads (layers);
  layers->pass (layer, begins, data, size, now_us, layers->user_data);
}

static void
hold_head (WcLayerSwitch *layers, guint32 timestamp, const guint8 *data,
           gsize size)
{
  if (layers->n_heads == MAX_HEADS || timestamp != layers->heads_timestamp)
    drop_heads (layers);
  layers->heads_timestamp = timestamp;
  layers->heads[layers->n_heads++] = (Head){size, g_memdup2 (data, size)};
}

static void
note_packet (Layer *layer, gint64 now_us)
{
  if (layer->last_us == 0 || now_us - layer->last_us > GONE_US)
    layer->since_us = now_us;
  layer->last_us = now_us;
}

void
wc_layer_switch_push (WcLayerSwitch *layers, guint layer, const guint8 *data,
                      gsize size, gint64 now_us)
{
  Layer *from = &layers->layers[layer];
  guint flags = 0;
  WcRtp rtp;

  if (layer >= layers->n || !wc_rtp_read (&rtp, data, size))
    return;
  note_packet (from, now_us);
  if (rtp.payload_size > 0 &&
      layers->format->check (rtp.payload, rtp.payload_size))
    flags =
        layers->format->inspect (&from->state, rtp.payload, rtp.payload_size);
  from->had_key |= (flags & WC_PAYLOAD_KEY) != 0;
  if (layers->playing < 0 && layers->wanted < 0)
    layers->wanted = (int)layer; /* whichever is first: something is shown */

  if ((int)layer == layers->playing) {
    layers->pass (layer, FALSE, data, size, now_us, layers->user_data);
  } else if ((int)layer == layers->wanted) {
    if (flags & WC_PAYLOAD_KEY && rtp.timestamp != layers->heads_timestamp)
      drop_heads (layers);
    if (flags & WC_PAYLOAD_KEY)
      change_over (layers, data, size, now_us);
    else if (flags & WC_PAYLOAD_HEAD)
      hold_head (layers, rtp.timestamp, data, size);
  }
}

/* --- choosing ---------------------------------------------------------------
 */

static gboolean
is_active (const Layer *layer, gint64 now_us)
{
  return layer->last_us != 0 && now_us - layer->last_us <= GONE_US;
}

static guint64
picture_size (const Layer *layer)
{
  return (guint64)layer->state.video.width * layer->state.video.height;
}

/* The largest picture of those that can be had. @steady: only those that have
 * stayed for a while. */
static int
find_best (const WcLayerSwitch *layers, gboolean steady, gint64 now_us)
{
  int best = -1;

  for (guint i = 0; i < layers->n; i++) {
    const Layer *layer = &layers->layers[i];
    if (!is_active (layer, now_us) || !layer->had_key ||
        (steady && now_us - layer->since_us < STEADY_US))
      continue;
    if (best < 0 || picture_size (layer) > picture_size (&layers->layers[best]))
      best = (int)i;
  }
  return best;
}

static void
want (WcLayerSwitch *layers, int layer)
{
  if (layers->wanted == layer)
    return;
  drop_heads (layers);
  layers->wanted = layer;
}

static void
decide (WcLayerSwitch *layers, gint64 now_us)
{
  const Layer *playing =
      layers->playing >= 0 ? &layers->layers[layers->playing] : NULL;
  gboolean plays = playing != NULL && is_active (playing, now_us);
  int best = find_best (layers, plays, now_us);

  if (best < 0 || best == layers->playing)
    want (layers, best == layers->playing && plays ? -1 : layers->wanted);
  else if (!plays ||
           picture_size (&layers->layers[best]) > picture_size (playing))
    want (layers, best);
  else
    want (layers, -1);
}

/* Those of which no key frame was seen are asked too: it tells their size. */
guint
wc_layer_switch_choose (WcLayerSwitch *layers, gint64 now_us)
{
  guint asked = 0;

  decide (layers, now_us);
  for (guint i = 0; i < layers->n; i++)
    if (is_active (&layers->layers[i], now_us) &&
        ((int)i == layers->wanted || !layers->layers[i].had_key))
      asked |= 1u << i;
  return asked;
}

int
wc_layer_switch_playing (const WcLayerSwitch *layers)
{
  return layers->playing;
}

void
wc_layer_switch_get (const WcLayerSwitch *layers, guint layer, gint64 now_us,
                     WcLayerState *state)
{
  const Layer *from = &layers->layers[layer];

  *state = (WcLayerState){
      .active = is_active (from, now_us),
      .width = from->state.video.width,
      .height = from->state.video.height,
  };
}
