/* SPDX-License-Identifier: MIT */
/* kind=whip: a publisher (RFC 9725) comes by itself, one at a time. Who may,
 * and what it is answered, is the mountpoint's business; here its media becomes
 * the mountpoint's tracks.
 *
 * Main thread. */
#pragma once

#include "ingest/ingest-remote.h"
#include "ingest/whip-intake.h"
#include "peer/publisher-peer.h"

#define WC_TYPE_INGEST_WHIP (wc_ingest_whip_get_type ())
G_DECLARE_FINAL_TYPE (WcIngestWhip, wc_ingest_whip, WC, INGEST_WHIP,
                      WcIngestRemote)

/** See wc_ingest_new (). */
WcIngest *wc_ingest_whip_new (const WcMountpointSpec *spec,
                              const WcIngestContext *context, GError **error);

/** A publisher comes, with @plan (transfer full) of its offer: the one before
 * is closed, and the tracks are opened for this one's formats. Returns its
 * peer, which the caller negotiates and may close; when it is closed the source
 * is `lost`. Errors: WC_INGEST_ERROR_INVALID; WC_INGEST_ERROR_TRANSIENT when
 * the source is stopped. (transfer full) */
WcPeer *wc_ingest_whip_publish (WcIngestWhip *self, WcSdpPlan *plan,
                                const char *label, GError **error);

/** The publisher said goodbye (DELETE): `idle`. Does nothing if @peer is not
 * the present one; closes it if it is. */
void wc_ingest_whip_goodbye (WcIngestWhip *self, WcPeer *peer,
                             const char *reason);

/** TRUE while a publisher is there and not silent: another one would take its
 * place. */
gboolean wc_ingest_whip_is_taken (WcIngestWhip *self);

/** What the present publisher brings; NULL: there is none. (transfer none) */
WcWhipIntake *wc_ingest_whip_intake (WcIngestWhip *self);

/** How many layers a viewer can choose from; 0: @ingest is of another kind, or
 * there is no publisher, or it sends no simulcast. */
guint wc_ingest_whip_n_layers (WcIngest *ingest);

/** As wc_ingest_request_key_frame (), of one layer. */
void wc_ingest_whip_request_layer (WcIngestWhip *self, guint layer);
