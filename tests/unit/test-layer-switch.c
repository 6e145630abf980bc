/* SPDX-License-Identifier: MIT */
/* Simulcast of VP8, made up: which layer goes on, and where it changes. */
#include "engine/layer-switch.h"

#include <string.h>

#define MS 1000

typedef struct {
  WcLayerSwitch *layers;
  gint64 now_us;
  guint32 timestamp;
  /* what went on */
  GArray *passed; /* of guint, the layers */
  guint begun;    /* changes */
  gboolean last_was_key;
} Fixture;

static gboolean
is_key (const guint8 *rtp)
{
  return !(rtp[13] & 1);
}

static void
on_passed (guint layer, gboolean begins, const guint8 *data, gsize size,
           gint64 now_us, gpointer user_data)
{
  Fixture *f = user_data;

  g_array_append_val (f->passed, layer);
  f->begun += begins ? 1 : 0;
  f->last_was_key = is_key (data);
  if (begins)
    g_assert_true (is_key (data));
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  f->now_us = G_USEC_PER_SEC;
  f->passed = g_array_new (FALSE, FALSE, sizeof (guint));
  f->layers = wc_layer_switch_new (WC_CODEC_VP8, 3, on_passed, f);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  wc_layer_switch_free (f->layers);
  g_array_unref (f->passed);
}

/* A frame in one packet; layer 2 is the largest. */
static void
push (Fixture *f, guint layer, gboolean key)
{
  guint width = 320u << layer, height = 180u << layer;
  guint8 data[40] = {0x80, 0x80 | 96};

  data[4] = (guint8)(f->timestamp >> 24);
  data[5] = (guint8)(f->timestamp >> 16);
  data[6] = (guint8)(f->timestamp >> 8);
  data[7] = (guint8)f->timestamp;
  data[11] = (guint8)layer;
  data[12] = 0x10; /* a partition begins */
  data[13] = (guint8)(0x10 | (key ? 0 : 1));
  memcpy (data + 16, "\x9d\x01\x2a", 3);
  data[19] = (guint8)width;
  data[20] = (guint8)(width >> 8);
  data[21] = (guint8)height;
  data[22] = (guint8)(height >> 8);
  wc_layer_switch_push (f->layers, layer, data, sizeof data, f->now_us);
}

/* @ms of pictures of the layers in @mask, a decision every 100 ms; those that
 * are asked send a key frame. Returns which were asked. */
static guint
run (Fixture *f, guint mask, guint ms)
{
  guint asked = 0, ever = 0;

  for (guint i = 0; i < ms / 20; i++) {
    f->now_us += 20 * MS;
    f->timestamp += 1800;
    if (i % 5 == 0)
      asked = wc_layer_switch_choose (f->layers, f->now_us);
    ever |= asked;
    for (guint layer = 0; layer < 3; layer++)
      if (mask & 1u << layer)
        push (f, layer, (asked & 1u << layer) != 0);
    asked &= ~mask;
  }
  return ever;
}

static void
test_best (Fixture *f, gconstpointer unused)
{
  g_assert_cmpint (wc_layer_switch_playing (f->layers), ==, -1);
  for (guint layer = 0; layer < 3; layer++)
    push (f, layer, TRUE);
  g_assert_cmpint (wc_layer_switch_playing (f->layers), ==, 0);
  run (f, 7, 1500);
  g_assert_cmpint (wc_layer_switch_playing (f->layers), ==, 0); /* not steady */
  run (f, 7, 1500);
  g_assert_cmpint (wc_layer_switch_playing (f->layers), ==, 2);
  g_assert_cmpuint (f->begun, ==, 2);
}

static void
test_only_at_key_frames (Fixture *f, gconstpointer unused)
{
  push (f, 1, FALSE);
  push (f, 1, FALSE);
  g_assert_cmpuint (f->passed->len, ==, 0);
  push (f, 1, TRUE);
  push (f, 1, FALSE);
  g_assert_cmpuint (f->passed->len, ==, 2);
}

static void
test_best_goes (Fixture *f, gconstpointer unused)
{
  for (guint layer = 0; layer < 3; layer++)
    push (f, layer, TRUE);
  run (f, 7, 3000);
  g_assert_cmpuint (run (f, 3, 1500) & 2, ==, 2); /* the middle one is asked */
  g_assert_cmpint (wc_layer_switch_playing (f->layers), ==, 1);
  run (f, 1, 1500);
  g_assert_cmpint (wc_layer_switch_playing (f->layers), ==, 0);
  run (f, 7, 1500); /* back, but for how long? */
  g_assert_cmpint (wc_layer_switch_playing (f->layers), ==, 0);
  run (f, 7, 1500);
  g_assert_cmpint (wc_layer_switch_playing (f->layers), ==, 2);
}

/* All pause: what played last is not forgotten, the first to come plays. */
static void
test_pause (Fixture *f, gconstpointer unused)
{
  WcLayerState state;

  push (f, 0, TRUE);
  run (f, 1, 200);
  run (f, 0, 2000);
  wc_layer_switch_get (f->layers, 0, f->now_us, &state);
  g_assert_false (state.active);
  g_assert_cmpuint (state.width, ==, 320);
  guint before = f->passed->len;
  run (f, 1, 200);
  g_assert_cmpuint (f->passed->len, >, before);
}

static void
test_unknown_layer (Fixture *f, gconstpointer unused)
{
  push (f, 3, TRUE);
  g_assert_cmpuint (f->passed->len, ==, 0);
}

/* A layer of which no key frame came is asked for one: it tells its size. */
static void
test_asks_for_size (Fixture *f, gconstpointer unused)
{
  push (f, 0, TRUE);
  push (f, 2, FALSE);
  g_assert_cmpuint (wc_layer_switch_choose (f->layers, f->now_us), ==, 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                        \
  g_test_add ("/layer-switch/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("best", test_best);
  ADD ("only-at-key-frames", test_only_at_key_frames);
  ADD ("best-goes", test_best_goes);
  ADD ("pause", test_pause);
  ADD ("unknown-layer", test_unknown_layer);
  ADD ("asks-for-size", test_asks_for_size);
  return g_test_run ();
}
