/* SPDX-License-Identifier: MIT */
/* What the API says of, and does to, a mountpoint that has several sources
 * (kind=failover). Main thread. */
#pragma once

#include "http/request.h"
#include "mountpoint/mountpoint.h"

#include <json-glib/json-glib.h>

/** Adds to @object, which has `sources` as they are configured, what each is
 * doing, `playing` and `chosen` (numbers from 1, or null), `switches` and
 * `last_switch`. Nothing for other kinds. */
void wc_failover_json_add (JsonObject *object, WcMountpoint *mountpoint);

/** Adds `playing` alone. Nothing for other kinds. */
void wc_failover_json_add_playing (JsonObject *object,
                                   WcMountpoint *mountpoint);

/** The last switch: `from` and `to` (numbers from 1, or null), `reason`, `at`.
 * (transfer full) (nullable) */
JsonObject *wc_failover_json_new_switch (WcMountpoint *mountpoint);

/** POST /api/v1/mountpoints/{id}/switch {"source":2} or {"source":null}. */
void wc_api_mountpoint_switch (WcRequest *request);
