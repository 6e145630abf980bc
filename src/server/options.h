/* SPDX-License-Identifier: MIT */
/* The command line. A plain value, read once. */
#pragma once

#include "config/config.h"

typedef struct {
  char *config_file; /* nullable: none was named */
  char *listen;      /* nullable */
  int udp_port;      /* -1: not given */
  char *state_dir;   /* nullable */
  gboolean demo, check_config, version, verbose;
} WcOptions;

/** Reads the command line; --help prints and exits, as GOption does. */
gboolean wc_options_parse (WcOptions *options, int *argc, char ***argv,
                           GError **error);
void wc_options_clear (WcOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (WcOptions, wc_options_clear)

/** The configuration: the file that was named, else /etc/whepcast/whepcast.conf
 * if it is there, else the defaults; then the environment; then the command
 * line. */
WcConfig *wc_options_load_config (const WcOptions *options, GError **error);
