/* SPDX-License-Identifier: MIT */
/* A source of RTP: packets and sender reports of one stream to one UDP
 * address, by hand or from a frame source on the loop's clock. Used on its
 * loop's thread. */
#pragma once

#include "common/frame-source.h"
#include "common/loop.h"

#include <glib.h>

typedef struct _TcRtpSender TcRtpSender;

typedef struct {
  const char *ip; /* NULL: 127.0.0.1 */
  guint16 port;
  guint16 rtcp_port; /* 0: port + 1 */
  guint8 pt;
  guint32 clock_rate;
  guint32 ssrc; /* 0: random */
  guint16 first_seq;
  guint32 first_timestamp;
  gboolean no_reports; /* otherwise an SR every second, the first at once */
  gboolean record;     /* keep the units sent */
} TcRtpSenderOptions;

TcRtpSender *tc_rtp_sender_new (TcLoop *loop, const TcRtpSenderOptions *options,
                                GError **error);
void tc_rtp_sender_free (TcRtpSender *sender);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TcRtpSender, tc_rtp_sender_free)

/** Sends frames of @source at its rate until stopped or freed. The source is
 * borrowed. */
void tc_rtp_sender_play (TcRtpSender *sender, TcFrameSource *source);
/** The clock goes on: what follows a pause has later timestamps. */
void tc_rtp_sender_stop (TcRtpSender *sender);

/** One frame with @timestamp (added to first_timestamp). */
void tc_rtp_sender_send_frame (TcRtpSender *sender, TcPayloadFormat format,
                               GPtrArray *units, guint32 timestamp);
/** One packet. */
void tc_rtp_sender_send (TcRtpSender *sender, const guint8 *payload, gsize size,
                         gboolean marker, guint32 timestamp);
/** An SR for the present moment, at @timestamp of the RTP clock. */
void tc_rtp_sender_send_report (TcRtpSender *sender, guint32 timestamp);
/** As a source that restarts: another SSRC, sequence and timestamp. */
void tc_rtp_sender_restart (TcRtpSender *sender, guint32 ssrc, guint16 seq,
                            guint32 first_timestamp);
/** Leaves out the next @n packets but counts their sequence numbers. */
void tc_rtp_sender_skip (TcRtpSender *sender, guint n);

guint32 tc_rtp_sender_ssrc (const TcRtpSender *sender);
guint64 tc_rtp_sender_packets (const TcRtpSender *sender);
/** Those that the kernel refused (full buffer, nobody listens). */
guint64 tc_rtp_sender_errors (const TcRtpSender *sender);
/** The recorded units in order, GBytes; owned by the sender. */
GPtrArray *tc_rtp_sender_record (const TcRtpSender *sender);
