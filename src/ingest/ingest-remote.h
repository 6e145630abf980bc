/* SPDX-License-Identifier: MIT */
/* A source that is connected, by us (it pulls) or by a publisher, and whose
 * tracks are known only then: abstract. Keeps the two WcSourceTracks for the
 * source's life, watches over their packets, decides the state, and connects
 * anew with backoff when a source that pulls is lost.
 *
 * A kind is a subclass that says how to connect. Main thread only; streaming
 * threads know a WcSourceTrack and nothing else. */
#pragma once

#include "ingest/ingest.h"
#include "ingest/source-track.h"

typedef enum {
  WC_REMOTE_TRANSIENT,     /* may work the next time: starting or lost */
  WC_REMOTE_CONFIGURATION, /* a person must do something: failed */
} WcRemoteFailure;

#define WC_TYPE_INGEST_REMOTE (wc_ingest_remote_get_type ())
G_DECLARE_DERIVABLE_TYPE (WcIngestRemote, wc_ingest_remote, WC, INGEST_REMOTE,
                          WcIngest)

struct _WcIngestRemoteClass {
  WcIngestClass parent_class;
  /** TRUE: `connect` is called until the source is live, and again when it is
   * lost. FALSE: it is called once, and publishers come by themselves. */
  gboolean pulls;
  /** Begins one attempt; the tracks are open. FALSE with @error: it could not
   * even begin, which is WC_REMOTE_TRANSIENT if WC_INGEST_ERROR_TRANSIENT. */
  gboolean (*connect) (WcIngestRemote *self, GError **error);
  /** Ends what `connect` began, whatever has become of it. Nothing may be
   * pushed into the tracks by it for long after this; they are closed. */
  void (*disconnect) (WcIngestRemote *self);
  /** Asks the source for a key frame; coalesced before. Nullable. */
  void (*ask_key_frame) (WcIngestRemote *self, WcMedia media);
  /** Once in a tick of 100 ms while started. Nullable. */
  void (*look) (WcIngestRemote *self, gint64 now_us);
};

/** Right after the object was made; @context is borrowed. */
void wc_ingest_remote_init_source (WcIngestRemote *self,
                                   const WcMountpointSpec *spec,
                                   const WcIngestContext *context);

/** (transfer none) */
WcSourceTrack *wc_ingest_remote_track (WcIngestRemote *self, WcMedia media);

/** The attempt, or the connection it became, is over. @reason: a sentence that
 * says what would help. A source that pulls is connected anew after 0.5 s,
 * twice as long with every attempt that fails, at most 15 s, and at least 5 s
 * when a person must do something. Calls
 * `disconnect`. */
void wc_ingest_remote_failed (WcIngestRemote *self, WcRemoteFailure failure,
                              const char *reason);

/** What a person should know although it is live (nullable): its reason while
 * that is so. */
void wc_ingest_remote_set_note (WcIngestRemote *self, const char *note);

/** A publisher has begun (kinds that do not pull): the tracks are opened anew
 * for its formats and packets. */
void wc_ingest_remote_came (WcIngestRemote *self);
/** It has left: by saying so (@said_goodbye: `idle`), or without (`lost`). */
void wc_ingest_remote_gone (WcIngestRemote *self, gboolean said_goodbye,
                            const char *reason);
gboolean wc_ingest_remote_is_started (WcIngestRemote *self);
/** TRUE between the two. */
gboolean wc_ingest_remote_is_present (WcIngestRemote *self);
