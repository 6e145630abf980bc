/* SPDX-License-Identifier: MIT */
/* Chooses which layer of a simulcast (RFC 8853) goes on to viewers: the largest
 * picture that comes, and the next one when it stops, as publishers switch
 * layers off when their uplink is short. It changes over at a key frame of the
 * new layer and passes RTP packets on as they came; whoever takes them makes
 * one stream of them.
 *
 * Owned and called by one thread at a time. */
#pragma once

#include "base/codec.h"

#include <glib.h>

#define WC_LAYERS_MAX 4

typedef struct WcLayerSwitch WcLayerSwitch;

/** @begins: the first packet of another layer than before. */
typedef void (*WcLayerFunc) (guint layer, gboolean begins, const guint8 *data,
                             gsize size, gint64 now_us, gpointer user_data);

typedef struct {
  gboolean active;     /* packets come */
  guint width, height; /* 0: not known yet */
} WcLayerState;

/** @n_layers: 1 to WC_LAYERS_MAX. @pass gets what goes on. */
WcLayerSwitch *wc_layer_switch_new (WcCodec codec, guint n_layers,
                                    WcLayerFunc pass, gpointer user_data);
void wc_layer_switch_free (WcLayerSwitch *layers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcLayerSwitch, wc_layer_switch_free)

/** An RTP packet of @layer. */
void wc_layer_switch_push (WcLayerSwitch *layers, guint layer,
                           const guint8 *data, gsize size, gint64 now_us);

/** Every 100 ms or so: decides. Returns the layers (bits) that a key frame has
 * to be asked of. */
guint wc_layer_switch_choose (WcLayerSwitch *layers, gint64 now_us);

/** What goes on to viewers; -1: nothing yet. */
int wc_layer_switch_playing (const WcLayerSwitch *layers);
void wc_layer_switch_get (const WcLayerSwitch *layers, guint layer,
                          gint64 now_us, WcLayerState *state);
