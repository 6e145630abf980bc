/* SPDX-License-Identifier: MIT */
/* WHEP's server-sent events extension (webrtc-http-egress-events): a viewer is
 * told when its source goes and comes, and how many watch. Streams are made
 * below the session URL and end with the session. Main thread. */
#pragma once

#include "http/request.h"

/** Adds the Link field to the 201 of @session. */
void wc_whep_events_announce (WcRequest *request, WcSession *session);

/** POST of /whep/{id}/{secret}/events: makes a stream. */
void wc_whep_events_create (WcRequest *request);
/** GET of the same: every event, for clients that skip the POST. */
void wc_whep_events_read_all (WcRequest *request);
/** GET of /whep/{id}/{secret}/events/{stream}. */
void wc_whep_events_read (WcRequest *request);
/** DELETE of the same. */
void wc_whep_events_delete (WcRequest *request);
