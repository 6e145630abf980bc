/* SPDX-License-Identifier: MIT */
/* The numbers that move, of the server and of every mountpoint that something
 * comes to: what the dashboard draws, all in one small object. */
#pragma once

#include "http/context.h"

#include <json-glib/json-glib.h>

/** Main thread. (transfer full) */
JsonObject *wc_figures_json_new (const WcHttpContext *context);
