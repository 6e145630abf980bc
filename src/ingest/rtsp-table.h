/* SPDX-License-Identifier: MIT */
/* Which mountpoints take publishers by RTSP, by id. Reference-counted and
 * guarded by a mutex inside: the main thread changes it, threads of the RTSP
 * server look things up. */
#pragma once

#include "ingest/rtsp-point.h"

typedef struct WcRtspTable WcRtspTable;

WcRtspTable *wc_rtsp_table_new (void);
WcRtspTable *wc_rtsp_table_ref (WcRtspTable *self);
void wc_rtsp_table_unref (WcRtspTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcRtspTable, wc_rtsp_table_unref)

/** @point is referenced. While a mountpoint is edited there are two of an id:
 * of these the one that is open is found, else the newest. */
void wc_rtsp_table_add (WcRtspTable *self, WcRtspPoint *point);
/** TRUE: there is none of its id any more. */
gboolean wc_rtsp_table_remove (WcRtspTable *self, WcRtspPoint *point);
/** (transfer full) (nullable) */
WcRtspPoint *wc_rtsp_table_find (WcRtspTable *self, const char *id);
