/* SPDX-License-Identifier: MIT */
/* What the tests of the mountpoint room share: a state directory of their own,
 * and a sender of Opus. */
#pragma once

#include "../common/main-loop.h"

#include "base/clock.h"
#include "ingest/ports.h"
#include "mountpoint/registry.h"

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <unistd.h>

static inline char *
make_state_dir (void)
{
  g_autoptr (GError) error = NULL;
  char *path = g_dir_make_tmp ("whepcast-XXXXXX", &error);

  g_assert_no_error (error);
  return path;
}

static inline void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    remove_tree (child);
  }
  g_remove (path);
}

/** A GAsyncReadyCallback: keeps the result in a GAsyncResult *. */
static inline void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **)user_data = g_object_ref (result);
}

static gboolean
has_result (gpointer user_data)
{
  return *(GAsyncResult **)user_data != NULL;
}

static inline GAsyncResult *
wait_result (GAsyncResult **result)
{
  g_assert_true (wait_until (has_result, result, 10000));
  return *result;
}

static inline WcMountpointSpec *
make_spec (const char *id, guint16 port)
{
  WcMountpointSpec *spec = wc_mountpoint_spec_new ();
  WcTrackSpec *track = wc_track_spec_new ();

  spec->id = g_strdup (id);
  spec->kind = WC_KIND_RTP;
  spec->source_timeout_ms = 500;
  track->media = WC_MEDIA_AUDIO;
  track->codec = WC_CODEC_OPUS;
  track->clock_rate = 48000;
  track->channels = 2;
  track->payload_type = 111;
  track->payload_type_set = TRUE;
  track->port = port;
  g_ptr_array_add (spec->tracks, track);
  return spec;
}

/** Sends one Opus packet to @port of 127.0.0.1. */
static inline void
send_opus (guint16 port, guint16 seq)
{
  guint8 packet[16] = {0x80, 111, seq >> 8, (guint8)seq, [8] = 1, [12] = 0xfc};
  guint32 timestamp = seq * 960u;
  static GSocket *socket;
  WcAddress to;

  if (socket == NULL)
    socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
                           G_SOCKET_PROTOCOL_UDP, NULL);
  for (guint i = 0; i < 4; i++)
    packet[4 + i] = (guint8)(timestamp >> (24 - 8 * i));
  wc_address_parse (&to, "127.0.0.1", port);
  wc_udp_socket_send (socket, &to, packet, sizeof packet);
}
