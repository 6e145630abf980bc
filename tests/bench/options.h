/* SPDX-License-Identifier: MIT */
/* The command line of whepcast-bench. */
#pragma once

#include "bench/viewers.h"

#include <glib.h>

typedef struct {
  char *url, *token, *range, *nft_counter, *json, *title, *send_ip;
  TbApi api;
  gint64 mountpoint; /* Janus */
  int janus_keepalive_s;
  const char *srtp_profiles;
  int viewers, lead_ms, duration_s, verify, at_once, stay_ms, settle_ms;
  double rate, loss;
  gboolean audio_only;
  int crowd; /* further joins while the others watch; 0: none */
  double crowd_rate;
  int outage_ms; /* of the source; 0: none */
  gboolean send;
  int warmup_ms, video_port, audio_port, bitrate_bps, fps, gop;
  int pid;
} TbOptions;

/** FALSE: something was said on stderr. Strings stay for the program's life. */
gboolean tb_options_parse (TbOptions *options, int *argc, char ***argv);
