/* SPDX-License-Identifier: MIT */
/* The one table of keys: names, types, defaults, limits. The reader of the
 * file, the environment, JSON and the check of config/whepcast.conf.sample all
 * go by it. Constant; any thread. */
#pragma once

#include "config/key.h"

/** [server] [http] [ice] [auth] [limits] [rtp] [rtsp] [files] [fanout], fields
 * of WcConfig. */
#define WC_N_CONFIG_GROUPS 10
extern const WcKeyGroup wc_config_groups[WC_N_CONFIG_GROUPS];

/** [mountpoint ID], fields of WcMountpointSpec. */
extern const WcKeyGroup wc_mountpoint_group;
/** [track ID/video] and [track ID/audio], fields of WcTrackSpec. */
extern const WcKeyGroup wc_track_group;

/** The group of the file called @name, of the fixed ones, or NULL. */
const WcKeyGroup *wc_config_group_find (const char *name);
