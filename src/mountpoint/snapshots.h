/* SPDX-License-Identifier: MIT */
/* Still pictures of mountpoints: the newest key frame of each, as a JPEG.
 * Nothing is decoded until somebody asks, and then once for all who ask for the
 * same frame in the same size; a bounded number at a time, off this thread.
 *
 * Owned by the server; main thread. */
#pragma once

#include "mountpoint/registry.h"

typedef struct WcSnapshots WcSnapshots;

/* Widths that may be asked for, and what is meant without one; pixels. */
#define WC_SNAPSHOT_WIDTH_MIN 16
#define WC_SNAPSHOT_WIDTH_MAX 1920
#define WC_SNAPSHOT_WIDTH_DEFAULT 640

typedef struct {
  GBytes *jpeg;     /* NULL: @etag is the one that the caller has already */
  const char *etag; /* of the frame and the width, with its quotes */
} WcSnapshot;

/** Called once: @snapshot, borrowed, or @error of WC_MOUNTPOINT_ERROR or
 * WC_INGEST_ERROR. Perhaps at once. */
typedef void (*WcSnapshotFunc) (const WcSnapshot *snapshot, const GError *error,
                                gpointer user_data);

/** @registry, @config: borrowed, outlive it; `max_snapshot_decoders` may
 * change.
 */
WcSnapshots *wc_snapshots_new (WcRegistry *registry, const WcConfig *config);
/** Whoever still waits is told WC_MOUNTPOINT_ERROR_STOPPING. */
void wc_snapshots_free (WcSnapshots *snapshots);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcSnapshots, wc_snapshots_free)

/** The picture of @mountpoint, at most @width pixels wide. A picture that was
 * made less than a second ago is new enough. @known: an entity tag, or several
 * as in If-None-Match, that the caller has the picture of; nullable. Errors:
 * _NOT_FOUND (no video), _NOT_LIVE (no key frame yet), _DISABLED, _UNDECODABLE,
 * _LIMIT (too many wait), _RATE (too many sizes of this one at once). */
void wc_snapshots_take (WcSnapshots *snapshots, WcMountpoint *mountpoint,
                        guint width, const char *known, WcSnapshotFunc func,
                        gpointer user_data);

typedef struct {
  guint running, waiting; /* decoders, and frames that wait for one */
  guint64 decoded, failed;
  guint64 cached;   /* answers without a decoder */
  gsize held_bytes; /* of pictures that are kept */
} WcSnapshotStats;

void wc_snapshots_get_stats (WcSnapshots *snapshots, WcSnapshotStats *stats);
