/* SPDX-License-Identifier: MIT */
/* GET /whep/{id}/{secret}/poster.jpg: a still picture for those who have a
 * session and wait for its first frame. Main thread. */
#pragma once

#include "http/request.h"

/** Adds the Link field of the answer to a POST, where there may be one. */
void wc_whep_poster_announce (WcRequest *request, WcSession *session);

void wc_whep_poster_get (WcRequest *request);
