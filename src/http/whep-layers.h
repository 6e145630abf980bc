/* SPDX-License-Identifier: MIT */
/* WHEP's video layer selection extension (webrtc-http-egress-events): a viewer
 * of a simulcast says which layer it wants, and is told which there are by the
 * `layers` event. Offered only where there are layers. Main thread. */
#pragma once

#include "http/request.h"

/** Adds the Link field to the 201 of @session, if there are layers. */
void wc_whep_layers_announce (WcRequest *request, WcSession *session);

/** POST of /whep/{id}/{secret}/layer. */
void wc_whep_layers_select (WcRequest *request);

/** The data of the event `layers` for @session. @with_rates: FALSE leaves out
 * what changes all the time. (transfer full) */
char *wc_whep_layers_event (WcMountpoint *mountpoint, WcSession *session,
                            gboolean with_rates);
