/* SPDX-License-Identifier: MIT */
/* The engine's object for one viewer: its ICE-lite agent, the positions in the
 * tracks it is sent, and its deadlines.
 *
 *   started -> connected (a valid pair) -> secured (keys agreed) -> playing
 *
 * A subscriber belongs to exactly one worker, which its local ufrag names; only
 * that thread touches its state. Reference-counted. The functions here may be
 * called from any thread; they post to the worker. */
#pragma once

#include "base/codec.h"
#include "engine/engine.h"
#include "engine/lane.h"
#include "engine/track.h"

typedef struct WcSubscriber WcSubscriber;

typedef enum {
  WC_SUBSCRIBER_CONNECT_TIMEOUT, /* not secured in time */
  WC_SUBSCRIBER_CONSENT_EXPIRED, /* RFC 7675: it went silent */
  WC_SUBSCRIBER_GONE,            /* the same after what looked like a goodbye */
} WcSubscriberExpiry;

/** Called on the worker's thread; may only post. Not after `done` of stop. */
typedef struct {
  void (*playing) (gpointer user_data); /* the first media packet was sent */
  void (*expired) (gpointer user_data, WcSubscriberExpiry why); /* once */
  void (*key_frame_wanted) (gpointer user_data, WcMedia media);
} WcSubscriberEvents;

typedef struct {
  WcTrack *track; /* nullable: not sent */
  guint8 payload_type;
  guint32 ssrc;
} WcSubscriberTrack;

typedef struct {
  guint64 packets_sent, bytes_sent; /* with RTP headers, given to the lane */
  guint64 packets_dropped;
  guint skips; /* times it was skipped to a key frame */
  /* Monotonic; 0: not yet. */
  gint64 first_packet_us; /* when the first was sent */
  gint64 first_frame_us;  /* when the first frame of video was, all of it */
  guint32 bitrate_bps;    /* over about the last second */
  gint layer; /* of wc_subscriber_select_layer () that is sent; -1 */
  gboolean has_address;
  WcAddress address; /* of the nominated pair */
  gboolean is_tcp;
} WcSubscriberStats;

/** Chooses a worker and makes credentials (RFC 8445 section 5.3). @lane and
 * @events are static tables. @tracks: indexed by WcMedia. */
WcSubscriber *wc_subscriber_new (WcEngine *engine,
                                 const WcSubscriberTrack tracks[WC_N_MEDIA],
                                 const WcLane *lane, gpointer lane_data,
                                 const WcSubscriberEvents *events,
                                 gpointer user_data);
WcSubscriber *wc_subscriber_ref (WcSubscriber *subscriber);
void wc_subscriber_unref (WcSubscriber *subscriber);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcSubscriber, wc_subscriber_unref)

const char *wc_subscriber_ufrag (const WcSubscriber *subscriber);
const char *wc_subscriber_pwd (const WcSubscriber *subscriber);

/** From now on its ICE is answered; the connect deadline runs. Once. */
void wc_subscriber_start (WcSubscriber *subscriber);

/** ICE restart: makes other credentials; keys and media are not touched, and
 * whether the viewer's webrtcbin is still there does not matter. After
 * wc_subscriber_start (). */
void wc_subscriber_restart_ice (WcSubscriber *subscriber,
                                WcIceCredentials *fresh);

/** The viewer has the keys and was authenticated: media may flow. */
void wc_subscriber_secured (WcSubscriber *subscriber);

/** The viewer lost its picture (PLI or FIR, RFC 4585, RFC 5104): sends it the
 * newest key frame of the ring again if that was not just done. */
void wc_subscriber_repeat_key_frame (WcSubscriber *subscriber, WcMedia media);

/** Sends the video of @track, which is referenced, from its next start point
 * on: another layer of a simulcast than now, of the same codec.
 * `key_frame_wanted` is called until that comes. @layer: what the statistics
 * call it. Of several calls the last one counts. */
void wc_subscriber_select_layer (WcSubscriber *subscriber, WcTrack *track,
                                 gint layer);

/** An authentic SRTCP packet came: it lives. Cheap. */
void wc_subscriber_note_alive (WcSubscriber *subscriber);

/** Sends a datagram to the nominated address (before nomination: the first that
 * passed) from the address it was checked on, without blocking. FALSE if there
 * is none (any more) or the socket would not take it. */
gboolean wc_subscriber_send (WcSubscriber *subscriber, const void *data,
                             gsize size);

/** Whether @size bytes of media more could be on their way: by UDP always, over
 * TCP when the viewer is not too slow. The worker, for a lane that does not
 * send at once. */
gboolean wc_subscriber_has_room (WcSubscriber *subscriber, gsize size);

/** Forgets it: no media, no STUN answers. @done is called on the worker's
 * thread when nothing of the lane or the events is called any more. Once; also
 * allowed without start. wc_subscriber_send () goes on to work until
 * wc_subscriber_mute (): the close_notify is still to come. */
void wc_subscriber_stop (WcSubscriber *subscriber, void (*done) (gpointer),
                         gpointer user_data);
/** wc_subscriber_send () does nothing from here on. */
void wc_subscriber_mute (WcSubscriber *subscriber);

void wc_subscriber_get_stats (WcSubscriber *subscriber,
                              WcSubscriberStats *stats);
/** The same but the address: nothing that is sent waits for it. */
void wc_subscriber_get_counts (WcSubscriber *subscriber,
                               WcSubscriberStats *stats);
