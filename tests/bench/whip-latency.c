/* SPDX-License-Identifier: MIT */
/* From a WHIP publisher through the server to a WHEP viewer: the publisher
 * writes the time into its packets when it hands them to the kernel, the viewer
 * reads it when it has decrypted them. One thread has both, so the clock is
 * one, and what is measured is the server and twice the network stack; of the
 * two ends their SRTP is in it. Prints p50, p99 and the worst. */
#include "common/whep-client.h"
#include "common/whip-client.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

/* Where in the payload; behind all headers, in bytes that are random anyway. */
#define AT 100
#define LEAST_SIZE (AT + 16)
#define MAGIC "whip-lat"
#define SETTLE_US (2 * G_USEC_PER_SEC)

static char *whip_url, *whep_url;
static int duration_s = 20, bitrate_bps = 2000000, fps = 30;

static const GOptionEntry entries[] = {
    {"whip", 0, 0, G_OPTION_ARG_STRING, &whip_url, "WHIP endpoint", "URL"},
    {"whep", 0, 0, G_OPTION_ARG_STRING, &whep_url, "WHEP endpoint", "URL"},
    {"duration", 0, 0, G_OPTION_ARG_INT, &duration_s, "measured", "S"},
    {"bitrate", 0, 0, G_OPTION_ARG_INT, &bitrate_bps, "of the video", "BPS"},
    {"fps", 0, 0, G_OPTION_ARG_INT, &fps, "of the video", "N"},
    {0},
};

typedef struct {
  GArray *delays_us; /* of gint64 */
  gint64 from_us;    /* what was sent before does not count */
} Figures;

static void
write_time (guint8 *payload, gsize size, gpointer data)
{
  gint64 now_us = wc_clock_now_us ();

  if (size < LEAST_SIZE)
    return;
  memcpy (payload + AT, MAGIC, 8);
  memcpy (payload + AT + 8, &now_us, sizeof now_us);
}

static void
read_time (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
           gpointer data)
{
  Figures *figures = data;
  gint64 now_us = wc_clock_now_us (), then_us;

  if (packet->payload_size < LEAST_SIZE ||
      memcmp (packet->payload + AT, MAGIC, 8) != 0)
    return;
  memcpy (&then_us, packet->payload + AT + 8, sizeof then_us);
  if (then_us < figures->from_us)
    return; /* of the group of pictures that it began with */
  gint64 delay_us = now_us - then_us;
  g_array_append_val (figures->delays_us, delay_us);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gint64 difference = *(const gint64 *)a - *(const gint64 *)b;

  return difference < 0 ? -1 : difference > 0;
}

static double
percentile_ms (const Figures *figures, guint percent)
{
  guint at = (guint)((guint64)(figures->delays_us->len - 1) * percent / 100);

  return (double)g_array_index (figures->delays_us, gint64, at) / 1000;
}

static int
print (Figures *figures)
{
  guint n = figures->delays_us->len;

  if (n == 0) {
    fprintf (stderr, "no packet came through\n");
    return 1;
  }
  g_array_sort (figures->delays_us, compare);
  printf ("| packets | p50 | p99 | worst |\n|---|---|---|---|\n");
  printf ("| %u | %.2f ms | %.2f ms | %.2f ms |\n", n,
          percentile_ms (figures, 50), percentile_ms (figures, 99),
          percentile_ms (figures, 100));
  return 0;
}

static int
fail (const char *what, const char *why)
{
  fprintf (stderr, "%s: %s\n", what, why);
  return 1;
}

static int
measure (TcLoop *loop)
{
  g_autoptr (GArray) delays_us = g_array_new (FALSE, FALSE, sizeof (gint64));
  Figures figures = {.delays_us = delays_us, .from_us = G_MAXINT64};
  TcWhipOptions publishing = {.url = whip_url,
                              .bitrate_bps = (guint)bitrate_bps,
                              .fps = (guint)fps,
                              .gop = (guint)fps * 2,
                              .stamp = write_time};
  TcWhepOptions watching = {
      .url = whep_url, .peer.packet = read_time, .peer.data = &figures};
  g_autoptr (TcWhipClient) publisher = tc_whip_client_new (loop, &publishing);
  g_autoptr (TcWhepClient) viewer = tc_whep_client_new (loop, &watching);

  if (!tc_whip_client_publish (publisher, 10000))
    return fail ("publishing", tc_whip_client_error (publisher));
  tc_loop_run (loop, SETTLE_US / 1000, NULL, NULL);
  tc_whep_client_start (viewer);
  if (!tc_whep_client_wait_key_frame (viewer, 10000))
    return fail ("watching", tc_whep_client_error (viewer));
  figures.from_us = wc_clock_now_us () + SETTLE_US;
  tc_loop_run (loop, SETTLE_US / 1000 + (gint64)duration_s * 1000, NULL, NULL);
  return print (&figures);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new ("- WHIP to WHEP through a server");
  g_autoptr (GError) error = NULL;
  g_autoptr (TcLoop) loop = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return fail ("whip-latency", error->message);
  if (whip_url == NULL || whep_url == NULL)
    return fail ("whip-latency", "--whip and --whep are needed");
  loop = tc_loop_new ();
  return measure (loop);
}
