/* SPDX-License-Identifier: MIT */
/* Where the RTSP server and one kind=rtsp-push source meet: what a publisher
 * has to know to be let in, the question whether it is, and the news of it.
 *
 * Reference-counted and guarded by a mutex inside. The main thread owns what is
 * behind it; threads of the RTSP server ask and post. */
#pragma once

#include "ingest/rtsp-publisher.h"

typedef struct WcRtspPoint WcRtspPoint;

/** An RTSP status (RFC 2326 section 7.1.1) and why. */
typedef struct {
  guint status; /* 200: taken */
  char message[256];
} WcRtspVerdict;

void wc_rtsp_verdict_set (WcRtspVerdict *verdict, guint status,
                          const char *format, ...) G_GNUC_PRINTF (3, 4);

/** What the source says; on the main thread. */
typedef struct {
  void (*announced) (WcRtspPublisher *publisher, WcRtspVerdict *verdict,
                     gpointer user_data);
  void (*gone) (WcRtspPublisher *publisher, gboolean said_goodbye,
                gpointer user_data);
} WcRtspPointFuncs;

/** @token is nullable: then anybody may publish. @funcs is static. */
WcRtspPoint *wc_rtsp_point_new (const char *id, const char *token,
                                const WcRtspPointFuncs *funcs,
                                gpointer user_data);
WcRtspPoint *wc_rtsp_point_ref (WcRtspPoint *self);
void wc_rtsp_point_unref (WcRtspPoint *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcRtspPoint, wc_rtsp_point_unref)

/* --- the main thread ---------------------------------------------------- */

/** Whether publishers may come; FALSE at first. */
void wc_rtsp_point_set_open (WcRtspPoint *self, gboolean open);
/** @token is nullable. For publishers to come. */
void wc_rtsp_point_set_token (WcRtspPoint *self, const char *token);
/** The source goes: its functions are not called any more. */
void wc_rtsp_point_detach (WcRtspPoint *self);

/* --- any thread --------------------------------------------------------- */

const char *wc_rtsp_point_id (const WcRtspPoint *self);
/** (transfer full) (nullable) */
char *wc_rtsp_point_dup_token (WcRtspPoint *self);
gboolean wc_rtsp_point_is_open (WcRtspPoint *self);

/* --- threads of the RTSP server ----------------------------------------- */

/** Asks the source, and waits for the main thread to answer, five seconds at
 * most (503). */
void wc_rtsp_point_announce (WcRtspPoint *self, WcRtspPublisher *publisher,
                             WcRtspVerdict *verdict);
/** Does not wait. */
void wc_rtsp_point_post_gone (WcRtspPoint *self, WcRtspPublisher *publisher,
                              gboolean said_goodbye);
