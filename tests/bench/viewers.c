/* SPDX-License-Identifier: MIT */
#include "bench/viewers.h"

#include "base/clock.h"

#define MAX_ERRORS 5
#define JOIN_TIMEOUT_MS 10000

struct _TbViewers {
  TcLoop *loop;
  TbViewersOptions options;
  TcTimer *timer;
  TcIdentity *identity; /* one for all: making them is not what is measured */
  GPtrArray *clients;
  guint wanted; /* joins to make */
  gint64 start_us;
};

static gboolean
is_verified (const TbViewers *viewers, guint index)
{
  guint percent = viewers->options.verify_percent;

  /* Lost packets come back as RTX, whose number must be decrypted. */
  if (viewers->options.loss_percent > 0)
    return TRUE;
  return (index + 1) * percent / 100 > index * percent / 100;
}

static TcWhepClient *
make_client (TbViewers *viewers, guint index)
{
  TcWhepOptions options = {.url = viewers->options.url,
                           .token = viewers->options.token};

  options.peer.identity = viewers->identity;
  options.peer.connect_timeout_ms = JOIN_TIMEOUT_MS;
  options.peer.drop_share = viewers->options.loss_percent / 100;
  options.peer.verify =
      is_verified (viewers, index) ? TC_VERIFY_ALL : TC_VERIFY_UNTIL_KEY;
  return tc_whep_client_new (viewers->loop, &options);
}

static void
join (TbViewers *viewers)
{
  TcWhepClient *client = make_client (viewers, viewers->clients->len);

  g_ptr_array_add (viewers->clients, client);
  tc_whep_client_start (client);
}

void
tb_viewers_join_one (TbViewers *viewers)
{
  join (viewers);
  viewers->wanted = viewers->clients->len;
}

static void
on_join_due (gpointer data)
{
  TbViewers *viewers = data;

  join (viewers);
  if (viewers->clients->len < viewers->wanted)
    tc_timer_set (viewers->timer,
                  viewers->start_us +
                      (gint64)(viewers->clients->len * (double)G_USEC_PER_SEC /
                               viewers->options.rate));
}

TbViewers *
tb_viewers_new (TcLoop *loop, const TbViewersOptions *options)
{
  TbViewers *viewers = g_new0 (TbViewers, 1);

  viewers->loop = loop;
  viewers->options = *options;
  viewers->timer = tc_timer_new (loop, on_join_due, viewers);
  viewers->identity = tc_identity_new (NULL);
  viewers->clients =
      g_ptr_array_new_with_free_func ((GDestroyNotify)tc_whep_client_free);
  return viewers;
}

void
tb_viewers_free (TbViewers *viewers)
{
  tc_timer_free (viewers->timer);
  g_ptr_array_unref (viewers->clients);
  tc_identity_unref (viewers->identity);
  g_free (viewers);
}

void
tb_viewers_start (TbViewers *viewers)
{
  viewers->start_us = wc_clock_now_us ();
  viewers->wanted = viewers->options.n;
  tc_timer_set (viewers->timer, viewers->start_us);
}

guint
tb_viewers_n (const TbViewers *viewers)
{
  return viewers->clients->len;
}

TcWhepClient *
tb_viewers_get (const TbViewers *viewers, guint index)
{
  return g_ptr_array_index (viewers->clients, index);
}

static gboolean
has_joined (const TbViewers *viewers, TcWhepClient *client)
{
  TcWhepTimes times = tc_whep_client_times (client);
  TcWhepState state = tc_whep_client_state (client);

  if (state == TC_WHEP_FAILED || state == TC_WHEP_CLOSED)
    return TRUE;
  return viewers->options.has_video ? times.first_key_us != 0
                                    : times.first_packet_us != 0;
}

gboolean
tb_viewers_joined (gpointer data)
{
  TbViewers *viewers = data;

  if (viewers->clients->len < viewers->wanted)
    return FALSE;
  for (guint i = 0; i < viewers->clients->len; i++)
    if (!has_joined (viewers, tb_viewers_get (viewers, i)))
      return FALSE;
  return TRUE;
}

void
tb_viewers_stop (TbViewers *viewers)
{
  tc_timer_unset (viewers->timer);
  for (guint i = 0; i < viewers->clients->len; i++)
    tc_whep_client_stop (tb_viewers_get (viewers, i));
}

gboolean
tb_viewers_stopped (gpointer data)
{
  TbViewers *viewers = data;

  for (guint i = 0; i < viewers->clients->len; i++)
    if (tc_whep_client_state (tb_viewers_get (viewers, i)) == TC_WHEP_CLOSING)
      return FALSE;
  return TRUE;
}

static void
add_track (TbTotals *totals, TcTrack *track)
{
  const TcTrackStats *stats = tc_track_stats (track);

  if (g_str_equal (tc_track_section (track)->kind, "video"))
    totals->lost_video += stats->lost;
  totals->packets += stats->packets;
  totals->payload_bytes += stats->bytes;
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
add_client (TbTotals *totals, TcWhepClient *client)
{
  TcPeer *peer = tc_whep_client_peer (client);
  TcWhepState state = tc_whep_client_state (client);

  totals->started++;
  totals->playing += state == TC_WHEP_PLAYING;
  totals->failed += state == TC_WHEP_FAILED;
  totals->closed += state == TC_WHEP_CLOSED;
  totals->with_media += tc_whep_client_times (client).first_packet_us != 0;
  totals->with_key_frame += tc_whep_client_times (client).first_key_us != 0;
  if (peer == NULL)
    return;
  totals->datagram_bytes += tc_peer_stats (peer)->bytes;
  totals->dropped += tc_peer_stats (peer)->dropped;
  for (guint i = 0; i < tc_peer_n_tracks (peer); i++)
    add_track (totals, tc_peer_track (peer, i));
}

TbTotals
tb_viewers_totals (TbViewers *viewers)
{
  TbTotals totals = {0};

  for (guint i = 0; i < viewers->clients->len; i++)
    add_client (&totals, tb_viewers_get (viewers, i));
  return totals;
}

guint64
tb_viewers_packets (const TbViewers *viewers, guint index)
{
  TbTotals totals = {0};

  add_client (&totals, tb_viewers_get (viewers, index));
  return totals.packets;
}

GArray *
tb_viewers_times (const TbViewers *viewers, gsize from_offset, gsize to_offset)
{
  GArray *values = g_array_new (FALSE, FALSE, sizeof (double));

  for (guint i = 0; i < viewers->clients->len; i++) {
    TcWhepTimes times = tc_whep_client_times (tb_viewers_get (viewers, i));
    gint64 from_us = G_STRUCT_MEMBER (gint64, &times, from_offset);
    gint64 to_us = G_STRUCT_MEMBER (gint64, &times, to_offset);
    double value = (double)(to_us - from_us) / 1000;

    if (from_us != 0 && to_us != 0)
      g_array_append_val (values, value);
  }
  return values;
}

char *
tb_viewers_errors (const TbViewers *viewers)
{
  GString *text = g_string_new (NULL);
  guint n = 0;

  for (guint i = 0; i < viewers->clients->len && n < MAX_ERRORS; i++) {
    TcWhepClient *client = tb_viewers_get (viewers, i);

    if (tc_whep_client_state (client) != TC_WHEP_FAILED)
      continue;
    g_string_append_printf (text, "  viewer %u: %s\n", i,
                            tc_whep_client_error (client));
    n++;
  }
  return g_string_free (text, FALSE);
}
