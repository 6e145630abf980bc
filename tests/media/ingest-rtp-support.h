/* SPDX-License-Identifier: MIT */
/* A kind=rtp source by itself, for the tests that feed it over loopback. */
#pragma once

#include "media-support.h"

typedef struct {
  WcConfig config;
  WcPortPool *pool;
  WcIngestContext context;
  WcMountpointSpec *spec;
  WcIngest *ingest;
} Fixture;

static inline void
set_up (Fixture *f)
{
  memset (f, 0, sizeof *f);
  init_config (&f->config);
  f->pool = wc_port_pool_new (30000, 30099);
  f->context = (WcIngestContext){.config = &f->config, .ports = f->pool};
  f->spec = wc_mountpoint_spec_new ();
  f->spec->id = g_strdup ("cam1");
  f->spec->kind = WC_KIND_RTP;
  f->spec->source_timeout_ms = 700;
}

static inline WcTrackSpec *
add_track (Fixture *f, WcCodec codec, guint8 payload_type, guint16 port)
{
  const WcCodecInfo *info = wc_codec_info (codec);
  WcTrackSpec *track = wc_track_spec_new ();

  track->media = info->media;
  track->codec = codec;
  track->clock_rate = info->clock_rate;
  track->channels = info->channels;
  track->payload_type = payload_type;
  track->payload_type_set = TRUE;
  track->port = port;
  g_ptr_array_add (f->spec->tracks, track);
  return track;
}

static inline void
start (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  f->ingest = wc_ingest_new (f->spec, &f->context, &error);
  g_assert_no_error (error);
  wc_ingest_start (f->ingest);
  g_assert_cmpint (wc_ingest_state (f->ingest), ==, WC_INGEST_IDLE);
}

static inline guint16
port_of (Fixture *f, WcMedia media)
{
  return wc_mountpoint_spec_track (f->spec, media)->port;
}

/* Everything is given back at once, and the ports can be bound again. */
static inline void
tear_down (Fixture *f)
{
  WcUdpBinding any = {.address = "0.0.0.0"};
  guint16 port = f->spec->tracks->len > 0
                     ? ((WcTrackSpec *)f->spec->tracks->pdata[0])->port
                     : 0;

  if (f->ingest != NULL) {
    wc_ingest_stop (f->ingest);
    g_assert_cmpint (wc_ingest_state (f->ingest), ==, WC_INGEST_IDLE);
    g_assert_finalize_object (f->ingest);
  }
  g_assert_cmpuint (wc_port_pool_taken (f->pool), ==, 0);
  if (port != 0) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GSocket) socket = wc_udp_socket_open (&any, port, &error);
    g_assert_no_error (error);
    g_assert_nonnull (socket);
  }
  wc_port_pool_free (f->pool);
  wc_mountpoint_spec_free (f->spec);
  run_for (50);
}

/* --- waiting -------------------------------------------------------------- */

static inline gboolean
is_live (gpointer data)
{
  return wc_ingest_state (((Fixture *)data)->ingest) == WC_INGEST_LIVE;
}

static inline gboolean
is_lost (gpointer data)
{
  return wc_ingest_state (((Fixture *)data)->ingest) == WC_INGEST_LOST;
}

static inline gboolean
is_failed (gpointer data)
{
  return wc_ingest_state (((Fixture *)data)->ingest) == WC_INGEST_FAILED;
}

static inline gboolean
has_reason (gpointer data)
{
  return wc_ingest_reason (((Fixture *)data)->ingest) != NULL;
}

static inline guint64
packets_of (Fixture *f, WcMedia media)
{
  WcIngestTrackInfo info;
  guint64 packets;

  wc_ingest_get_track_info (f->ingest, media, &info);
  packets = info.input.packets;
  wc_ingest_track_info_clear (&info);
  return packets;
}

static inline void
wait_live (Fixture *f)
{
  if (!wait_until (is_live, f, 15000))
    g_error ("not live but %s (%s)",
             wc_ingest_state_name (wc_ingest_state (f->ingest)),
             wc_ingest_reason (f->ingest));
}

/* --- other programs ------------------------------------------------------- */

static inline void
run_program (const char *command)
{
  g_autoptr (GError) error = NULL;
  int status;

  g_assert_true (
      g_spawn_command_line_sync (command, NULL, NULL, &status, &error));
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

static inline GSubprocess *
start_program (const char *command)
{
  g_auto (GStrv) argv = g_strsplit (command, " ", -1);
  g_autoptr (GError) error = NULL;
  GSubprocess *program = g_subprocess_newv (
      (const char *const *)argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error);

  g_assert_no_error (error);
  return program;
}

static inline void
stop_program (GSubprocess *program)
{
  g_subprocess_force_exit (program);
  g_subprocess_wait (program, NULL, NULL);
  g_object_unref (program);
}
