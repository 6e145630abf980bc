/* SPDX-License-Identifier: MIT */
/* What stands between an RTSP server and rtspsrc: each answer is looked at
 * before rtspsrc sees it. Of a DESCRIBE only a session description of ours
 * reaches GStreamer's parser, with the streams that are wanted and no other;
 * of a SETUP a Transport header of ours; of all answers only the headers that
 * are needed; redirects to other hosts are refused. And it keeps what has
 * happened, so that a failure can be told in words.
 *
 * One for each connection. Reference-counted, guarded by a mutex inside:
 * rtspsrc's thread works on it, the main thread looks on. */
#pragma once

#include "ingest/rtsp-transport.h"
#include "ingest/source-track.h"

#include <gio/gio.h>

typedef struct WcRtspGuard WcRtspGuard;

/** What has happened on the connection. */
typedef struct {
  char method[16];   /* of the newest request; "": none was sent */
  gboolean answered; /* that one was */
  guint status;      /* of the newest answer */
  WcRtspOver over;   /* of the newest SETUP that worked */
  gint64 played_us;  /* monotonic: PLAY was answered with 200; 0: not yet */
  char *refusal;     /* nullable; why we would not go on */
  char *left_out;    /* nullable; what is not played, and why */
  char *certificate; /* nullable; SHA-256 of one that is not trusted, in hex */
} WcRtspReport;

void wc_rtsp_report_clear (WcRtspReport *report);

/** @tracks: get the formats of the streams that are chosen; referenced.
 * @trusted: SHA-256 in hex of a certificate that is good though nobody vouches
 * for it; nullable. */
WcRtspGuard *wc_rtsp_guard_new (WcSourceTrack *const tracks[WC_N_MEDIA],
                                const char *trusted);
WcRtspGuard *wc_rtsp_guard_ref (WcRtspGuard *guard);
void wc_rtsp_guard_unref (WcRtspGuard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcRtspGuard, wc_rtsp_guard_unref)

/** Main thread: the next rtspsrc that is made answers to @guard (nullable: none
 * does). Called around the making of a pipeline. */
void wc_rtsp_guard_set_next (WcRtspGuard *guard);

/** Any thread: the certificate of the server, which nobody vouches for. TRUE:
 * it is the one that is trusted. */
gboolean wc_rtsp_guard_check_certificate (WcRtspGuard *guard,
                                          GTlsCertificate *certificate);
/** Any thread: the medium of rtspsrc's stream @index. */
gboolean wc_rtsp_guard_media (WcRtspGuard *guard, guint index, WcMedia *media);
/** @report must be cleared. */
void wc_rtsp_guard_get_report (WcRtspGuard *guard, WcRtspReport *report);

/* --- of the extension in rtspsrc, on its thread --------------------------- */

/** A request is being sent. */
void wc_rtsp_guard_note_request (WcRtspGuard *guard, const char *method);
/** @location: of a redirect of a request for @uri. TRUE: it may be followed. */
gboolean wc_rtsp_guard_check_redirect (WcRtspGuard *guard, const char *uri,
                                       const char *location);
/** The body of an answer to DESCRIBE. NULL: nothing in it can be played, and
 * the refusal says why; else what stands in its place. (transfer full) */
char *wc_rtsp_guard_take_description (WcRtspGuard *guard, const char *body,
                                      gsize size);
/** See wc_rtsp_transport_clean (). */
char *wc_rtsp_guard_take_transport (WcRtspGuard *guard, const char *asked,
                                    const char *answered);
void wc_rtsp_guard_note_answer (WcRtspGuard *guard, guint status);
