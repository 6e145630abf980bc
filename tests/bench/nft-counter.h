/* SPDX-License-Identifier: MIT */
/* A named counter of nftables: what a rule took away from the viewers that only
 * count, so that they cost the client nothing. */
#pragma once

#include <glib.h>

typedef struct {
  guint64 packets; /* as the rule saw them: with offloads, runs of datagrams */
  guint64 bytes;   /* with IP and UDP headers, one of each for a run */
} TbNftCounter;

/** @name: "FAMILY TABLE COUNTER", as in `nft list counter`. Runs nft. */
gboolean tb_nft_counter_read (TbNftCounter *counter, const char *name,
                              GError **error);
/** The same out of `nft -j list counter`'s output. */
gboolean tb_nft_counter_parse (TbNftCounter *counter, const char *text,
                               GError **error);
/** Bytes of UDP payload between two readings. */
guint64 tb_nft_counter_payload (const TbNftCounter *begin,
                                const TbNftCounter *end);
