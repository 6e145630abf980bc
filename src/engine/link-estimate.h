/* SPDX-License-Identifier: MIT */
/* What a viewer's link carries, estimated by when its packets were sent and
 * when they came: the delay-based controller of Google's congestion control
 * (draft-ietf-rmcat-gcc-02 sections 4 and 5, with a line through the delays in
 * place of the Kalman filter, as libwebrtc has it), and its loss-based one. For
 * viewers that send transport-wide feedback and make no estimate of their own
 * (REMB). Delays are those of the first packet of each burst: what is sent here
 * is not paced between the packets of a frame.
 *
 * It cannot tell of more than half as much again as the viewer gets.
 *
 * One thread. 9 KiB, made only for viewers who need it. */
#pragma once

#include "engine/twcc-reader.h"

typedef struct WcLinkEstimate WcLinkEstimate;

WcLinkEstimate *wc_link_estimate_new (void);
void wc_link_estimate_free (WcLinkEstimate *link);

/** A packet of @size bytes is sent. Returns its transport-wide number. */
guint16 wc_link_estimate_send (WcLinkEstimate *link, gsize size, gint64 now_us);

/** Feedback has come. */
void wc_link_estimate_take (WcLinkEstimate *link, const WcTwccArrival *arrivals,
                            guint n, gint64 now_us);

/** 0: not known yet. */
guint64 wc_link_estimate_bps (const WcLinkEstimate *link);
