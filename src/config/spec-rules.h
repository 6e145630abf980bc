/* SPDX-License-Identifier: MIT */
/* What the file's reader and JSON's reader of a mountpoint share: finding a
 * key, setting it, the rules between keys, and how a place is called in a
 * message. Used inside config/ by the thread that has the spec. */
#pragma once

#include "config/key-file.h"
#include "config/keys.h"
#include "config/spec.h"

/** A mountpoint or one of its tracks, while it is being read. */
typedef struct {
  const WcKeyFile *file; /* NULL: JSON */
  WcMountpointSpec *spec;
  guint track;       /* counted from 1; 0: the mountpoint itself */
  guint source;      /* counted from 1, then @spec is this source's; 0: none */
  const char *owner; /* the id of the source's mountpoint */
} WcSpecPlace;

/** Sets @error, WC_CONFIG_ERROR_VALUE, about @key (kebab-case). Returns FALSE.
 */
gboolean wc_spec_refuse (const WcSpecPlace *place, const char *key,
                         GError **error, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

/** The key called @name there. An unknown key, one of the other notation or of
 * another kind is an error that says what was meant. */
const WcKey *wc_spec_find_key (const WcSpecPlace *place, const char *name,
                               GError **error);
/** Sets @key from text; errors name the place. */
gboolean wc_spec_set_key (const WcSpecPlace *place, const WcKey *key,
                          const char *text, GError **error);

/** A new track at the end of the spec; @place is set to it. */
void wc_spec_add_track (WcSpecPlace *place);

/** A new source at the end of the mountpoint at @place; it gets its id, "ID/N",
 * from wc_spec_finish (). Returns its place. */
WcSpecPlace wc_spec_add_source (const WcSpecPlace *place);

/** Fills what depends on other keys, as the clock rate on the codec, and checks
 * the rules between keys. @place: the mountpoint's. */
gboolean wc_spec_finish (const WcSpecPlace *place, GError **error);
