/* SPDX-License-Identifier: MIT */
#include "bench/viewers.h"

#include "base/clock.h"

#include <string.h>

#define MAX_ERRORS 5
#define JOIN_TIMEOUT_MS 20000
#define TICK_US 20000

typedef struct {
  guint index;
  guint address;     /* index in the range; with a range */
  gboolean verified; /* checks every packet */
  gboolean joined, failed, leaving;
  gint64 joined_us;
  TbClient *client;  /* NULL: gone */
  TbFrames *frames;  /* of a verified one */
  TcWhepTimes times; /* when gone */
  TbTotals kept;     /* when gone */
} Viewer;

struct _TbViewers {
  TcLoop *loop;
  TbViewersOptions options;
  TbSocket *socket;
  TcTimer *join_timer, *tick_timer;
  TcIdentity *identity; /* one for all: making them is not what is measured */
  GPtrArray *list;      /* Viewer */
  guint wanted;         /* joins to make in all */
  double rate;
  guint first;     /* viewer of the present series of joins */
  gint64 start_us; /* of the series */
  guint n_joined, n_failed, n_gone;
  GString *errors;
  guint n_errors;
};

static Viewer *
get (const TbViewers *viewers, guint index)
{
  return g_ptr_array_index (viewers->list, index);
}

/* Spread evenly: with 5 %, every twentieth. */
static guint
n_verified_below (const TbViewers *viewers, guint index)
{
  return index * viewers->options.verify_percent / 100;
}

gboolean
tb_viewers_is_verified (const TbViewers *viewers, guint index)
{
  return n_verified_below (viewers, index + 1) >
         n_verified_below (viewers, index);
}

gboolean
tb_viewers_gets_media (const TbViewers *viewers, guint index)
{
  return !viewers->options.no_media || get (viewers, index)->verified;
}

static void
on_packet (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
           gpointer data)
{
  Viewer *viewer = data;
  const TcFormat *format = tc_track_format (track);

  if (viewer->frames == NULL ||
      strcmp (tc_track_section (track)->kind, "video") != 0)
    return;
  tb_frames_add (viewer->frames, packet->seq, packet->timestamp, packet->marker,
                 tc_rtp_starts_key_frame (format->encoding, packet->payload,
                                          packet->payload_size),
                 tc_peer_stats (peer)->last_datagram_us);
}

/* Those whose media somebody drops are in the upper half of the range. */
static guint
choose_address (const TbViewers *viewers, const Viewer *viewer)
{
  guint verified = n_verified_below (viewers, viewer->index);

  if (!viewers->options.no_media)
    return viewer->index;
  if (viewer->verified)
    return verified;
  return tb_socket_size (viewers->socket) / 2 + viewer->index - verified;
}

static TbClient *
make_client (TbViewers *viewers, Viewer *viewer)
{
  TbClientOptions options = viewers->options.client;

  options.peer = (TcPeerOptions){
      .identity = viewers->identity,
      .connect_timeout_ms = JOIN_TIMEOUT_MS,
      .drop_share = viewers->options.loss_percent / 100,
      .verify = viewer->verified ? TC_VERIFY_ALL : TC_VERIFY_UNTIL_KEY,
      .packet = on_packet,
      .data = viewer};
  if (viewers->socket != NULL) {
    viewer->address = choose_address (viewers, viewer);
    options.peer.link = tb_socket_link (viewers->socket, viewer->address);
  }
  return tb_client_new (viewers->loop, &options);
}

static void
join (TbViewers *viewers)
{
  Viewer *viewer = g_new0 (Viewer, 1);

  viewer->index = viewers->list->len;
  viewer->verified = tb_viewers_is_verified (viewers, viewer->index);
  if (viewer->verified && viewers->options.has_video)
    viewer->frames = tb_frames_new ();
  g_ptr_array_add (viewers->list, viewer);
  viewer->client = make_client (viewers, viewer);
  tb_client_start (viewer->client);
  if (viewers->socket != NULL)
    tb_socket_set_peer (viewers->socket, viewer->address,
                        tb_client_peer (viewer->client));
}

static void
arm_join_timer (TbViewers *viewers)
{
  guint done = viewers->list->len - viewers->first;

  if (viewers->list->len < viewers->wanted)
    tc_timer_set (viewers->join_timer,
                  viewers->start_us +
                      (gint64)(done * (double)G_USEC_PER_SEC / viewers->rate));
}

static gboolean
is_full (const TbViewers *viewers)
{
  return viewers->options.at_once != 0 &&
         viewers->list->len - viewers->n_gone >= viewers->options.at_once;
}

/* Behind the rate when there is no room: a tick looks again. */
static void
on_join_due (gpointer data)
{
  TbViewers *viewers = data;

  if (is_full (viewers))
    return;
  join (viewers);
  arm_join_timer (viewers);
}

static gboolean
is_joined (const TbViewers *viewers, const Viewer *viewer,
           const TcWhepTimes *times)
{
  if (!tb_viewers_gets_media (viewers, viewer->index))
    return times->dtls_us != 0;
  return viewers->options.has_video ? times->first_key_us != 0
                                    : times->first_packet_us != 0;
}

static void
note_failure (TbViewers *viewers, Viewer *viewer)
{
  const char *error = tb_client_error (viewer->client);

  viewer->failed = TRUE;
  viewers->n_joined -= viewer->joined;
  viewers->n_failed++;
  if (viewers->n_errors++ < MAX_ERRORS)
    g_string_append_printf (viewers->errors, "  viewer %u: %s\n", viewer->index,
                            error[0] != '\0' ? error : "the server ended it");
}

static void
leave (Viewer *viewer)
{
  viewer->leaving = TRUE;
  tb_client_stop (viewer->client);
}

static void
add_track (TbTotals *totals, TcTrack *track)
{
  const TcTrackStats *stats = tc_track_stats (track);

  if (strcmp (tc_track_section (track)->kind, "video") == 0)
    totals->lost_video += stats->lost;
  totals->packets += stats->packets;
  totals->expected += stats->expected;
  totals->lost += stats->lost;
  totals->gaps += stats->gaps;
  totals->recovered += stats->recovered;
  totals->rtx_packets += stats->rtx_packets;
  totals->duplicates += stats->duplicates;
  totals->nacked += stats->nacked;
  totals->auth_failures += stats->auth_failures;
}

static void
add_client (TbTotals *totals, const Viewer *viewer)
{
  TcPeer *peer = tb_client_peer (viewer->client);
  TcWhepTimes times = tb_client_times (viewer->client);
  guint64 before = totals->packets;

  totals->playing += tb_client_state (viewer->client) == TC_WHEP_PLAYING;
  totals->with_media += times.first_packet_us != 0;
  totals->with_key_frame += times.first_key_us != 0;
  if (peer == NULL)
    return;
  totals->datagrams += tc_peer_stats (peer)->datagrams;
  totals->datagram_bytes += tc_peer_stats (peer)->bytes;
  totals->rtp_bytes += tc_peer_stats (peer)->rtp_bytes;
  totals->dropped += tc_peer_stats (peer)->dropped;
  for (guint i = 0; i < tc_peer_n_tracks (peer); i++)
    add_track (totals, tc_peer_track (peer, i));
  if (viewer->verified)
    totals->verified_packets += totals->packets - before;
  if (viewer->frames != NULL) {
    TbFrameStats frames;

    tb_frames_judge (viewer->frames, wc_clock_now_us ());
    frames = tb_frames_stats (viewer->frames);
    totals->frames.frames += frames.frames;
    totals->frames.decodable += frames.decodable;
  }
}

/* All but the counts of viewers. */
static void
add_totals (TbTotals *totals, const TbTotals *more)
{
  totals->with_media += more->with_media;
  totals->with_key_frame += more->with_key_frame;
  totals->packets += more->packets;
  totals->rtp_bytes += more->rtp_bytes;
  totals->datagrams += more->datagrams;
  totals->datagram_bytes += more->datagram_bytes;
  totals->expected += more->expected;
  totals->lost += more->lost;
  totals->lost_video += more->lost_video;
  totals->gaps += more->gaps;
  totals->recovered += more->recovered;
  totals->rtx_packets += more->rtx_packets;
  totals->duplicates += more->duplicates;
  totals->nacked += more->nacked;
  totals->auth_failures += more->auth_failures;
  totals->dropped += more->dropped;
  totals->verified_packets += more->verified_packets;
  totals->frames.frames += more->frames.frames;
  totals->frames.decodable += more->frames.decodable;
}

static void
drop_client (TbViewers *viewers, Viewer *viewer)
{
  if (viewers->socket != NULL)
    tb_socket_set_peer (viewers->socket, viewer->address, NULL);
  g_clear_pointer (&viewer->client, tb_client_free);
  g_clear_pointer (&viewer->frames, tb_frames_free);
  if (viewers->socket != NULL)
    tb_socket_release (viewers->socket, viewer->address);
}

static void
retire (TbViewers *viewers, Viewer *viewer)
{
  add_client (&viewer->kept, viewer);
  viewer->kept.playing = 0;
  viewer->times = tb_client_times (viewer->client);
  viewers->n_gone++;
  drop_client (viewers, viewer);
}

static void
maybe_join (TbViewers *viewers, Viewer *viewer, gint64 now_us)
{
  TcWhepTimes times = tb_client_times (viewer->client);

  if (!is_joined (viewers, viewer, &times))
    return;
  viewer->joined = TRUE;
  viewer->joined_us = now_us;
  viewers->n_joined++;
}

static gboolean
has_ended (const Viewer *viewer)
{
  TcWhepState state = tb_client_state (viewer->client);

  return state == TC_WHEP_CLOSED || state == TC_WHEP_FAILED;
}

static gboolean
is_to_leave (const TbViewers *viewers, const Viewer *viewer, gint64 now_us)
{
  gint64 stay_us = viewers->options.stay_ms * 1000;

  return viewer->failed || (stay_us >= 0 && viewer->joined &&
                            now_us >= viewer->joined_us + stay_us);
}

static void
visit (TbViewers *viewers, Viewer *viewer, gint64 now_us)
{
  if (viewer->leaving) {
    if (has_ended (viewer))
      retire (viewers, viewer);
    return;
  }
  if (!viewer->joined && !viewer->failed)
    maybe_join (viewers, viewer, now_us);
  if (!viewer->failed && has_ended (viewer))
    note_failure (viewers, viewer);
  if (is_to_leave (viewers, viewer, now_us))
    leave (viewer);
}

static void
on_tick (gpointer data)
{
  TbViewers *viewers = data;
  gint64 now_us = wc_clock_now_us ();
  gboolean was_full = is_full (viewers);

  for (guint i = 0; i < viewers->list->len; i++)
    if (get (viewers, i)->client != NULL)
      visit (viewers, get (viewers, i), now_us);
  if (was_full && !is_full (viewers))
    arm_join_timer (viewers);
  tc_timer_set (viewers->tick_timer, now_us + TICK_US);
}

static void
viewer_free (gpointer data)
{
  Viewer *viewer = data;

  g_clear_pointer (&viewer->client, tb_client_free);
  g_clear_pointer (&viewer->frames, tb_frames_free);
  g_free (viewer);
}

TbViewers *
tb_viewers_new (TcLoop *loop, const TbViewersOptions *options, GError **error)
{
  TbSocket *socket = NULL;
  TbViewers *viewers;

  if (options->range != NULL) {
    socket = tb_socket_new (loop, options->range, error);
    if (socket == NULL)
      return NULL;
  }
  viewers = g_new0 (TbViewers, 1);
  viewers->loop = loop;
  viewers->options = *options;
  viewers->socket = socket;
  viewers->join_timer = tc_timer_new (loop, on_join_due, viewers);
  viewers->tick_timer = tc_timer_new (loop, on_tick, viewers);
  viewers->identity = tc_identity_new (options->srtp_profiles);
  viewers->list = g_ptr_array_new_with_free_func (viewer_free);
  viewers->errors = g_string_new (NULL);
  tc_timer_set (viewers->tick_timer, wc_clock_now_us () + TICK_US);
  return viewers;
}

void
tb_viewers_free (TbViewers *viewers)
{
  tc_timer_free (viewers->join_timer);
  tc_timer_free (viewers->tick_timer);
  g_ptr_array_unref (viewers->list);
  g_clear_pointer (&viewers->socket, tb_socket_free);
  tc_identity_unref (viewers->identity);
  g_string_free (viewers->errors, TRUE);
  g_free (viewers);
}

void
tb_viewers_start (TbViewers *viewers, guint n, double rate)
{
  viewers->start_us = wc_clock_now_us ();
  viewers->first = viewers->list->len;
  viewers->wanted = viewers->list->len + n;
  viewers->rate = rate;
  arm_join_timer (viewers);
}

gboolean
tb_viewers_joined (gpointer data)
{
  TbViewers *viewers = data;

  return viewers->list->len >= viewers->wanted &&
         viewers->n_joined + viewers->n_failed >= viewers->list->len;
}

void
tb_viewers_stop (TbViewers *viewers)
{
  tc_timer_unset (viewers->join_timer);
  viewers->wanted = viewers->list->len;
  for (guint i = 0; i < viewers->list->len; i++)
    if (get (viewers, i)->client != NULL && !get (viewers, i)->leaving)
      leave (get (viewers, i));
}

gboolean
tb_viewers_gone (gpointer data)
{
  TbViewers *viewers = data;

  return viewers->list->len >= viewers->wanted &&
         viewers->n_gone == viewers->list->len;
}

TbTotals
tb_viewers_totals (TbViewers *viewers)
{
  TbTotals totals = {.started = viewers->list->len,
                     .joined = viewers->n_joined,
                     .failed = viewers->n_failed,
                     .gone = viewers->n_gone};

  for (guint i = 0; i < viewers->list->len; i++) {
    const Viewer *viewer = get (viewers, i);

    if (viewer->client != NULL)
      add_client (&totals, viewer);
    else
      add_totals (&totals, &viewer->kept);
  }
  return totals;
}

guint
tb_viewers_n (const TbViewers *viewers)
{
  return viewers->list->len;
}

guint64
tb_viewers_packets (const TbViewers *viewers, guint index)
{
  const Viewer *viewer = get (viewers, index);
  TbTotals totals = viewer->kept;

  if (viewer->client != NULL)
    add_client (&totals, viewer);
  return totals.packets;
}

GArray *
tb_viewers_times (const TbViewers *viewers, gsize from_offset, gsize to_offset)
{
  GArray *values = g_array_new (FALSE, FALSE, sizeof (double));

  for (guint i = 0; i < viewers->list->len; i++) {
    const Viewer *viewer = get (viewers, i);
    TcWhepTimes times = viewer->client != NULL
                            ? tb_client_times (viewer->client)
                            : viewer->times;
    gint64 from_us = G_STRUCT_MEMBER (gint64, &times, from_offset);
    gint64 to_us = G_STRUCT_MEMBER (gint64, &times, to_offset);
    double value = (double)(to_us - from_us) / 1000;

    if (from_us != 0 && to_us != 0)
      g_array_append_val (values, value);
  }
  return values;
}

static TcPeer *
playing_peer (const TbViewers *viewers, guint index)
{
  const Viewer *viewer = get (viewers, index);

  return viewer->client != NULL ? tb_client_peer (viewer->client) : NULL;
}

void
tb_viewers_reset_times (TbViewers *viewers)
{
  for (guint i = 0; i < viewers->list->len; i++) {
    TcPeer *peer = playing_peer (viewers, i);

    for (guint k = 0; peer != NULL && k < tc_peer_n_tracks (peer); k++)
      tc_track_reset_times (tc_peer_track (peer, k));
  }
}

static GArray *
collect (const TbViewers *viewers, guint n,
         gint64 (*measure) (const TcTrackStats *))
{
  GArray *values = g_array_new (FALSE, FALSE, sizeof (double));

  for (guint i = 0; i < MIN (n, viewers->list->len); i++) {
    TcPeer *peer = playing_peer (viewers, i);
    gint64 most_us = -1;
    double value;

    for (guint k = 0; peer != NULL && k < tc_peer_n_tracks (peer); k++)
      most_us =
          MAX (most_us, measure (tc_track_stats (tc_peer_track (peer, k))));
    value = (double)most_us / 1000;
    if (most_us >= 0)
      g_array_append_val (values, value);
  }
  return values;
}

static gint64
measure_pause (const TcTrackStats *stats)
{
  return stats->first_packet_us != 0 ? stats->longest_pause_us : -1;
}

static gint64
measure_delay (const TcTrackStats *stats)
{
  return stats->has_delay ? stats->greatest_delay_us - stats->least_delay_us
                          : -1;
}

GArray *
tb_viewers_pauses (const TbViewers *viewers, guint n)
{
  return collect (viewers, n, measure_pause);
}

GArray *
tb_viewers_delays (const TbViewers *viewers, guint n)
{
  return collect (viewers, n, measure_delay);
}

void
tb_viewers_arm (TbViewers *viewers)
{
  for (guint i = 0; i < viewers->list->len; i++)
    if (get (viewers, i)->frames != NULL)
      tb_frames_arm (get (viewers, i)->frames);
}

gboolean
tb_viewers_have_key (gpointer data)
{
  TbViewers *viewers = data;

  for (guint i = 0; i < viewers->list->len; i++) {
    const Viewer *viewer = get (viewers, i);

    if (viewer->frames != NULL && !viewer->failed &&
        tb_frames_key_us (viewer->frames) == 0)
      return FALSE;
  }
  return TRUE;
}

GArray *
tb_viewers_key_times (const TbViewers *viewers, gint64 since_us)
{
  GArray *values = g_array_new (FALSE, FALSE, sizeof (double));

  for (guint i = 0; i < viewers->list->len; i++) {
    const Viewer *viewer = get (viewers, i);
    gint64 key_us =
        viewer->frames != NULL ? tb_frames_key_us (viewer->frames) : 0;
    double value = (double)(key_us - since_us) / 1000;

    if (key_us != 0)
      g_array_append_val (values, value);
  }
  return values;
}

TbSocket *
tb_viewers_socket (const TbViewers *viewers)
{
  return viewers->socket;
}

char *
tb_viewers_errors (const TbViewers *viewers)
{
  return g_strdup (viewers->errors->str);
}
