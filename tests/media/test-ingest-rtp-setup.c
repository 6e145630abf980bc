/* SPDX-License-Identifier: MIT */
/* kind=rtp as it is asked for: addresses, groups, ports, an SDP; and what is
 * refused. */
#include "ingest-rtp-support.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <unistd.h>

/* --- addresses ------------------------------------------------------------ */

static void
test_ipv6 (void)
{
  Fixture f;
  WcUdpBinding loop6 = {.address = "::1"};
  g_autoptr (GSocket) probe =
      wc_udp_socket_open (&loop6, find_free_port (), NULL);
  WcIngestTrackInfo info;

  if (probe == NULL) {
    g_test_skip ("there is no IPv6 here");
    return;
  }
  set_up (&f);
  WcTrackSpec *track = add_track (&f, WC_CODEC_OPUS, 111, 0);
  g_free (track->address);
  track->address = g_strdup ("::1");
  start (&f);
  GstElement *sender = start_sender (OPUS_RTP "! udpsink host=::1 port=%u",
                                     port_of (&f, WC_MEDIA_AUDIO));
  wait_live (&f);
  wc_ingest_get_track_info (f.ingest, WC_MEDIA_AUDIO, &info);
  g_assert_true (g_str_has_prefix (info.source, "[::1]:"));
  wc_ingest_track_info_clear (&info);
  stop_sender (sender);
  tear_down (&f);
}

/* "::" hears IPv4 as well. */
static void
test_dual_stack (void)
{
  Fixture f;
  WcUdpBinding any6 = {.address = "::"};
  g_autoptr (GSocket) probe =
      wc_udp_socket_open (&any6, find_free_port (), NULL);
  WcIngestTrackInfo info;

  if (probe == NULL) {
    g_test_skip ("there is no IPv6 here");
    return;
  }
  set_up (&f);
  WcTrackSpec *track = add_track (&f, WC_CODEC_OPUS, 111, 0);
  g_free (track->address);
  track->address = g_strdup ("::");
  track->source = g_strdup ("127.0.0.1");
  start (&f);
  GstElement *sender =
      start_sender (OPUS_RTP "! udpsink host=127.0.0.1 port=%u",
                    port_of (&f, WC_MEDIA_AUDIO));
  wait_live (&f);
  wc_ingest_get_track_info (f.ingest, WC_MEDIA_AUDIO, &info);
  g_assert_true (g_str_has_prefix (info.source, "127.0.0.1:"));
  wc_ingest_track_info_clear (&info);
  stop_sender (sender);
  tear_down (&f);
}

static void
run_multicast (const char *group)
{
  Fixture f, g;
  g_autoptr (GError) error = NULL;
  guint16 port = find_free_port ();

  set_up (&f);
  WcTrackSpec *track = add_track (&f, WC_CODEC_OPUS, 111, port);
  g_free (track->address);
  track->address = g_strdup (group);
  track->interface = g_strdup ("lo");
  f.ingest = wc_ingest_new (f.spec, &f.context, &error);
  if (f.ingest == NULL) {
    g_test_skip (error->message);
    tear_down (&f);
    return;
  }
  wc_ingest_start (f.ingest);

  /* A group is not anybody's alone. */
  set_up (&g);
  track = add_track (&g, WC_CODEC_OPUS, 111, port);
  g_free (track->address);
  track->address = g_strdup (group);
  track->interface = g_strdup ("lo");
  start (&g);

  GstElement *sender = start_sender (
      OPUS_RTP "! udpsink host=%s port=%u multicast-iface=lo loop=true "
               "auto-multicast=true",
      group, port);
  wait_live (&f);
  wait_live (&g);
  stop_sender (sender);
  wc_ingest_stop (g.ingest);
  wc_ingest_stop (f.ingest);
  g_clear_object (&f.ingest); /* else the port is not free for g's check */
  tear_down (&g);
  tear_down (&f);
}

static void
test_multicast (void)
{
  run_multicast ("239.255.12.34");
}

/* Loopback has a route for it on few hosts; the binding is tested anyhow. */
static gboolean
can_send_multicast_ipv6 (const char *group)
{
  WcUdpBinding binding = {.address = group, .interface = "lo"};
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) receiver =
      wc_udp_socket_open (&binding, find_free_port (), &error);
  struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = 9};
  int index = (int)if_nametoindex ("lo");
  int fd = socket (AF_INET6, SOCK_DGRAM, 0);

  g_assert_no_error (error);
  g_assert_nonnull (receiver);
  g_assert_cmpint (inet_pton (AF_INET6, group, &name.sin6_addr), ==, 1);
  setsockopt (fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index);
  gboolean sent =
      sendto (fd, "", 1, 0, (struct sockaddr *)&name, sizeof name) == 1;
  close (fd);
  return sent;
}

static void
test_multicast_ipv6 (void)
{
  static const char group[] = "ff12::1234";
  WcUdpBinding loop6 = {.address = "::1"};
  g_autoptr (GSocket) probe =
      wc_udp_socket_open (&loop6, find_free_port (), NULL);

  if (probe == NULL || !can_send_multicast_ipv6 (group))
    g_test_skip ("IPv6 multicast cannot be sent on lo");
  else
    run_multicast (group);
}

/* --- making one ----------------------------------------------------------- */

static void
test_port_conflict (void)
{
  Fixture f, g;
  g_autoptr (GError) error = NULL;
  guint16 port = find_free_port ();

  set_up (&f);
  add_track (&f, WC_CODEC_OPUS, 111, port);
  start (&f);

  set_up (&g);
  wc_port_pool_free (g.pool);
  g.pool = f.pool;
  g.context.ports = f.pool;
  g_free (g.spec->id);
  g.spec->id = g_strdup ("cam2");
  add_track (&g, WC_CODEC_H264, 96, 0); /* taken before the conflict */
  add_track (&g, WC_CODEC_OPUS, 111, port);
  g_assert_null (wc_ingest_new (g.spec, &g.context, &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE);
  g_assert_nonnull (strstr (error->message, "\"cam1\""));
  g_assert_cmpuint (wc_port_pool_taken (g.pool), ==, 2); /* cam1's */
  wc_mountpoint_spec_free (g.spec);
  tear_down (&f);
}

/* An edit: the new source takes the ports of the old one over. */
static void
test_same_owner (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  set_up (&f);
  add_track (&f, WC_CODEC_OPUS, 111, 0);
  start (&f);
  GstElement *sender =
      start_sender (OPUS_RTP "! udpsink host=127.0.0.1 port=%u",
                    port_of (&f, WC_MEDIA_AUDIO));
  wait_live (&f);

  WcIngest *old = f.ingest;
  f.ingest = wc_ingest_new (f.spec, &f.context, &error);
  g_assert_no_error (error);
  wc_ingest_stop (old);
  g_object_unref (old);
  wc_ingest_start (f.ingest);
  wait_live (&f);
  g_assert_cmpuint (packets_of (&f, WC_MEDIA_AUDIO), >, 0);
  stop_sender (sender);
  tear_down (&f);
}

static void
test_sdp (void)
{
  Fixture f;
  guint16 port = find_free_port ();

  set_up (&f);
  f.spec->sdp = g_strdup_printf (
      "SDP:\nv=0\no=- 0 0 IN IP4 127.0.0.1\ns=No Name\nc=IN IP4 127.0.0.1\n"
      "t=0 0\na=tool:libavformat 59.27.100\nm=audio %u RTP/AVP 97\n"
      "b=AS:64\na=rtpmap:97 opus/48000/2\na=fmtp:97 sprop-stereo=1\n",
      port);
  start (&f);
  g_assert_null (f.spec->sdp);
  g_assert_cmpuint (f.spec->tracks->len, ==, 1);
  g_assert_cmpuint (port_of (&f, WC_MEDIA_AUDIO), ==, port);
  g_assert_cmpuint (
      wc_mountpoint_spec_track (f.spec, WC_MEDIA_AUDIO)->payload_type, ==, 97);
  GstElement *sender =
      start_sender ("audiotestsrc is-live=true ! audio/x-raw,rate=48000 ! "
                    "opusenc ! rtpopuspay pt=97 ! "
                    "udpsink host=127.0.0.1 port=%u",
                    port);
  wait_live (&f);
  stop_sender (sender);
  tear_down (&f);
}

static void
refuse (Fixture *f, WcIngestError code, const char *word)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (wc_ingest_new (f->spec, &f->context, &error));
  g_assert_error (error, WC_INGEST_ERROR, (int)code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, word));
  g_assert_cmpuint (wc_port_pool_taken (f->pool), ==, 0);
}

static void
test_refused (void)
{
  Fixture f;
  guint16 port = find_free_port ();

  set_up (&f);
  refuse (&f, WC_INGEST_ERROR_INVALID, "no tracks");

  add_track (&f, WC_CODEC_H264, 96, port);
  add_track (&f, WC_CODEC_OPUS, 111, port);
  refuse (&f, WC_INGEST_ERROR_INVALID, "both tracks have port");

  ((WcTrackSpec *)f.spec->tracks->pdata[1])->port = port + 1;
  refuse (&f, WC_INGEST_ERROR_INVALID, "RTCP");

  g_ptr_array_set_size (f.spec->tracks, 0);
  add_track (&f, WC_CODEC_OPUS, 111, 0);
  add_track (&f, WC_CODEC_PCMU, 0, 0);
  refuse (&f, WC_INGEST_ERROR_INVALID, "two audio tracks");

  g_ptr_array_set_size (f.spec->tracks, 0);
  add_track (&f, WC_CODEC_H264, 96, 0)->fmtp =
      g_strdup ("packetization-mode=1; sprop-parameter-sets=!!!!");
  refuse (&f, WC_INGEST_ERROR_INVALID, "fmtp");

  g_ptr_array_set_size (f.spec->tracks, 0);
  f.spec->sdp = g_strdup ("v=0\nnonsense");
  refuse (&f, WC_INGEST_ERROR_INVALID, "SDP");
  g_clear_pointer (&f.spec->sdp, g_free);
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ingest-rtp/ipv6", test_ipv6);
  g_test_add_func ("/ingest-rtp/dual-stack", test_dual_stack);
  g_test_add_func ("/ingest-rtp/multicast", test_multicast);
  g_test_add_func ("/ingest-rtp/multicast-ipv6", test_multicast_ipv6);
  g_test_add_func ("/ingest-rtp/port-conflict", test_port_conflict);
  g_test_add_func ("/ingest-rtp/same-owner", test_same_owner);
  g_test_add_func ("/ingest-rtp/sdp", test_sdp);
  g_test_add_func ("/ingest-rtp/refused", test_refused);
  return g_test_run ();
}
