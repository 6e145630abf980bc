/* SPDX-License-Identifier: MIT */
#include "config/change.h"
#include "config/keys.h"
#include "config/suggest.h"

#include <glib/gstdio.h>
#include <string.h>

#define NAME "/etc/test.conf"

static WcConfig *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  WcConfig *config = wc_config_parse (NAME, text, strlen (text), NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (config);
  return config;
}

/* @text is refused, and the message says @says. */
static void
refuse (const char *text, WcConfigError code, const char *says)
{
  g_autoptr (GError) error = NULL;
  WcConfig *config = wc_config_parse (NAME, text, strlen (text), NULL, &error);

  if (config != NULL)
    g_error ("\"%s\" is taken", text);
  g_assert_error (error, WC_CONFIG_ERROR, (gint)code);
  g_assert_true (g_str_has_prefix (error->message, NAME));
  if (strstr (error->message, says) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, says);
}

/* --- the server ----------------------------------------------------------- */

static void
test_defaults (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WcConfig) config = wc_config_load (NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_null (config->file);
  g_assert_cmpstr (config->state_dir, ==, "/var/lib/whepcast");
  g_assert_cmpint (config->log_level, ==, WC_LOG_INFO);
  g_assert_cmpint (config->log_format, ==, WC_LOG_TEXT);
  g_assert_cmpstr (config->listen_ip, ==, "0.0.0.0");
  g_assert_cmpuint (config->listen_port, ==, 8080);
  g_assert_null (config->public_url);
  g_assert_cmpstr (config->cors_origins[0], ==, "*");
  g_assert_false (config->etag_strict);
  g_assert_false (config->session_auth_strict);
  g_assert_false (config->metrics_open);
  g_assert_cmpuint (config->udp_port, ==, 8189);
  g_assert_cmpuint (config->tcp_port, ==, WC_TCP_PORT_SAME);
  g_assert_cmpstr (config->addresses[0], ==, "auto");
  g_assert_cmpuint (g_strv_length (config->interfaces), ==, 0);
  g_assert_true (config->ipv6);
  g_assert_cmpuint (config->dscp, ==, 0);
  g_assert_cmpuint (config->consent_timeout_ms, ==, 15000);
  g_assert_cmpuint (config->connect_timeout_ms, ==, 20000);
  g_assert_null (config->admin_token);
  g_assert_cmpuint (config->max_viewers, ==, 0);
  g_assert_cmpuint (config->max_mountpoints, ==, 1000);
  g_assert_cmpuint (config->max_pending, ==, 1000);
  g_assert_cmpuint (config->port_min, ==, 20000);
  g_assert_cmpuint (config->port_max, ==, 29999);
  g_assert_cmpuint (config->latch_timeout_ms, ==, 500);
  g_assert_cmpint (config->lane, ==, WC_LANE_DIRECT);
  g_assert_cmpuint (config->workers, >=, 1);
  g_assert_cmpuint (config->workers, <=, 64);
  g_assert_cmpuint (config->history_ms, ==, 2000);
  g_assert_cmpuint (config->gop_max_bytes, ==, 16777216);
  g_assert_true (config->fast_start);
  g_assert_false (config->h264_profile_strict);
  g_assert_cmpuint (config->mountpoints->len, ==, 0);
}

static void
test_values (void)
{
  g_autoptr (WcConfig) config =
      parse ("# comment\r\n"
             " [server] \r\n"
             "state-dir = /tmp/a b \r\n"
             "log-level=debug\n"
             "[http]\n"
             "listen=[::1]:0\n"
             "public-url=https://example.org/tv//\n"
             "cors-origins=https://a.example, http://b.example:81\n"
             "etag=strict\nsession-auth=strict\nmetrics=open\n"
             "tls-certificate=/c\ntls-key=/k\ntrusted-proxies=::1,10.0.0.0/8\n"
             "[ice]\nudp-port=0\ntcp-port=0\n"
             "addresses=192.0.2.1,2001:db8::1\ninterfaces=eth0,wg0.1\n"
             "ipv6=false\n"
             "[auth]\nadmin-token=a\\\\bcdefgh\n"
             "[rtp]\nport-range=1 - 2\n"
             "[fanout]\nworkers=3\ngop-max-bytes=1073741824\n"
             "h264-profile=strict\n");

  g_assert_cmpstr (config->state_dir, ==, "/tmp/a b");
  g_assert_cmpint (config->log_level, ==, WC_LOG_DEBUG);
  g_assert_cmpstr (config->listen_ip, ==, "::1");
  g_assert_cmpuint (config->listen_port, ==, 0);
  g_assert_cmpstr (config->public_url, ==, "https://example.org/tv");
  g_assert_cmpuint (g_strv_length (config->cors_origins), ==, 2);
  g_assert_cmpstr (config->cors_origins[1], ==, "http://b.example:81");
  g_assert_true (config->etag_strict);
  g_assert_true (config->session_auth_strict);
  g_assert_true (config->metrics_open);
  g_assert_cmpuint (config->udp_port, ==, 0);
  g_assert_cmpuint (config->tcp_port, ==, 0);
  g_assert_cmpstr (config->addresses[1], ==, "2001:db8::1");
  g_assert_cmpstr (config->interfaces[1], ==, "wg0.1");
  g_assert_false (config->ipv6);
  g_assert_cmpstr (config->admin_token, ==, "a\\bcdefgh");
  g_assert_cmpuint (config->port_min, ==, 1);
  g_assert_cmpuint (config->port_max, ==, 2);
  g_assert_cmpuint (config->workers, ==, 3);
  g_assert_cmpuint (config->gop_max_bytes, ==, 1 << 30);
  g_assert_true (config->h264_profile_strict);
  g_assert_cmpstr (config->file, ==, NAME);
}

static void
test_strict_lines (void)
{
  const WcConfigError KEY = WC_CONFIG_ERROR_KEY, READ = WC_CONFIG_ERROR_READ;

  refuse ("[ice]\nudp-port=1\n[http]\n[ice]\n", KEY,
          ":4: [ice] is there twice, first in line 1");
  refuse ("[ice]\nudp-port=1\n\nudp-port =1\n", KEY,
          ":4: [ice] udp-port is there twice, first in line 2");
  refuse ("[ice]\nudp-prot=1\n", KEY,
          ":2: [ice] udp-prot: unknown key; did you mean udp-port?");
  refuse ("[http]\nudp-port=1\n", KEY, "it is a key of [ice]");
  refuse ("[http]\nzzzzzzzzzz=1\n", KEY, "unknown key; known keys: listen, ");
  refuse ("[ise]\n", KEY, ":1: [ise]: unknown group; did you mean [ice]?");
  refuse ("[]\n", READ, ":1:");
  refuse ("[ice\n", READ, ":1:");
  refuse ("[ice] # here\n", READ, ":1:");
  refuse ("udp-port=1\n", READ, "before the first [group]");
  refuse ("[ice]\nudp-port\n", READ, ":2: neither [group] nor key=value");
  refuse ("[mountpoint a]\nkind=test\ntitle[de]=x\n", KEY, "translated");
  refuse ("[mountpoint a]\nkind=test\ntitle=\\q\n", READ, ":3: [mountpoint a]");
  refuse ("[ice]\n\xff\xfe=1\n", READ, "UTF-8");
}

static void
test_limits (void)
{
  const WcConfigError VALUE = WC_CONFIG_ERROR_VALUE;
  static const char *const bad[] = {
      "[server]\nstate-dir=",
      "[server]\nlog-level=loud",
      "[server]\nlog-format=Text",
      "[http]\nlisten=localhost:80",
      "[http]\nlisten=::1:80",
      "[http]\nlisten=[127.0.0.1]:80",
      "[http]\nlisten=1.2.3.4:65536",
      "[http]\nlisten=1.2.3.4:",
      "[http]\nlisten=",
      "[http]\npublic-url=example.org",
      "[http]\npublic-url=ftp://example.org",
      "[http]\npublic-url=http://example.org/?a",
      "[http]\ncors-origins=*,http://a.example",
      "[http]\ncors-origins=http://a.example/",
      "[http]\ncors-origins=http://a.example,",
      "[http]\netag=yes",
      "[ice]\nudp-port=65536",
      "[ice]\nudp-port=-1",
      "[ice]\nudp-port=+1",
      "[ice]\nudp-port=1.0",
      "[ice]\nudp-port=0x1",
      "[ice]\nudp-port=8189 # media",
      "[ice]\nudp-port=",
      "[ice]\nudp-port=18446744073709551617",
      "[ice]\ntcp-port=65536",
      "[ice]\ntcp-port=SAME",
      "[ice]\ntcp-port=",
      "[ice]\nipv6=yes",
      "[ice]\ndscp=64",
      "[ice]\ndscp=AF41",
      "[ice]\naddresses=",
      "[ice]\naddresses=media.example.org:8189",
      "[ice]\naddresses=-a.example",
      "[ice]\naddresses=192.0.2.300",
      "[ice]\naddresses=0.0.0.0",
      "[ice]\naddresses-refresh-ms=999",
      "[ice]\ninterfaces=a/b",
      "[ice]\ninterfaces=sixteencharacter",
      "[ice]\ninterfaces=!",
      "[ice]\ninterfaces=!!eth0",
      "[ice]\nice-servers=a.example",
      "[ice]\nice-servers=stun://a.example",
      "[ice]\nice-servers=stun:a?transport=udp",
      "[ice]\nice-servers=turn:a?transport=sctp",
      "[ice]\nice-servers=turn:a:0",
      "[ice]\nice-servers=turn:u:p@a",
      "[ice]\nice-servers=turn:[2001:db8::zz]",
      "[ice]\nturn-ttl-ms=59999",
      "[ice]\nconsent-timeout-ms=1999",
      "[ice]\nconsent-timeout-ms=120001",
      "[auth]\nadmin-token=short",
      "[auth]\nadmin-token=with blanks in it",
      "[limits]\nmax-viewers=1000001",
      "[rtp]\nport-range=20000",
      "[rtp]\nport-range=0-10",
      "[rtp]\nport-range=10-10",
      "[rtp]\nport-range=10-9",
      "[rtp]\nport-range=1-2-3",
      "[rtp]\nlatch-timeout-ms=99",
      "[fanout]\nworkers=0",
      "[fanout]\nworkers=65",
      "[fanout]\nworkers=",
      "[fanout]\nhistory-ms=499",
      "[fanout]\nhistory-ms=60001",
      "[fanout]\ngop-max-bytes=1048575",
      "[fanout]\ngop-max-bytes=1073741825",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    refuse (bad[i], VALUE, " is not allowed; ");
  refuse ("[ice]\n\nudp-port=99999", VALUE,
          NAME ":3: [ice] udp-port: 99999 is not allowed; 0 to 65535");
  refuse ("[ice]\ntcp-port=99999", VALUE,
          "[ice] tcp-port: 99999 is not allowed; same, or 0 to 65535; 0: none");
  refuse ("[auth]\nadmin-token=abcdefgh\nadmin-token-file=/a", VALUE,
          "both given");
  refuse ("[http]\ntls-certificate=/a", VALUE, "belong together");
  refuse ("[ice]\nice-servers=turn:a", VALUE, "needs credentials");
  refuse ("[ice]\nturn-username=a", VALUE, "belong together");
  refuse ("[ice]\nturn-secret=a\nturn-secret-file=/a", VALUE, "both given");
  refuse ("[ice]\nturn-secret=a\nturn-username=u\nturn-password=p", VALUE,
          "both given");
  refuse ("[http]\ntls-key=/a", VALUE, "belong together");
  refuse ("[http]\ntrusted-proxies=10.0.0.0/33", VALUE, "10.0.0.0/8");
}

static void
test_sources (void)
{
  refuse ("[mountpoint a]\nkind=file", WC_CONFIG_ERROR_VALUE,
          "[mountpoint a] path: is missing; kind file needs it");
  refuse ("[mountpoint a]\nkind=file\npath=/etc/a.mkv", WC_CONFIG_ERROR_VALUE,
          "path: /etc/a.mkv is not allowed; it is relative to [files]");
  refuse ("[files]\ndirectory=media", WC_CONFIG_ERROR_VALUE,
          "[files] directory: \"media\" is not allowed; empty: none, or an "
          "absolute path");
  refuse ("[source a/1]\nurl=x", WC_CONFIG_ERROR_KEY,
          "there is no [mountpoint a]");
  refuse ("[mountpoint a]\nkind=failover", WC_CONFIG_ERROR_VALUE,
          "failover needs groups [source a/1], [source a/2]");
  refuse ("[mountpoint a]\nkind=failover\n[source a/2]\nkind=test",
          WC_CONFIG_ERROR_KEY, "this one would be [source a/1]");
  refuse ("[mountpoint a]\nkind=failover\n[source a/1]\nkind=test\ntitle=x",
          WC_CONFIG_ERROR_KEY, "[source a/1] title: unknown key");
  refuse ("[mountpoint a]\nkind=test\n[source a/1]\nkind=test",
          WC_CONFIG_ERROR_KEY, "sources are for kind failover");
}

/* A secret is in no message, whatever is wrong with it. */
static void
test_secret_not_shown (void)
{
  g_autoptr (GError) error = NULL;
  const char *text = "[auth]\nadmin-token=hunter2 hunter2\n";

  g_assert_null (wc_config_parse (NAME, text, strlen (text), NULL, &error));
  g_assert_null (strstr (error->message, "hunter2"));
}

static void
test_listen (void)
{
  g_autoptr (WcConfig) config = wc_config_load (NULL, NULL, NULL);

  g_assert_true (wc_config_set_listen (config, ":81", NULL));
  g_assert_cmpstr (config->listen_ip, ==, "0.0.0.0");
  g_assert_cmpuint (config->listen_port, ==, 81);
  g_assert_true (wc_config_set_listen (config, "[2001:db8::1]:82", NULL));
  g_assert_cmpstr (config->listen_ip, ==, "2001:db8::1");
  g_assert_true (wc_config_set_listen (config, "83", NULL));
  g_assert_cmpstr (config->listen_ip, ==, "0.0.0.0");
  g_assert_false (wc_config_set_listen (config, "x", NULL));
  g_assert_cmpuint (config->listen_port, ==, 83);
  g_assert_true (wc_config_set (config, "ice", "udp-port", "7", NULL));
  g_assert_cmpuint (config->udp_port, ==, 7);
  g_assert_false (wc_config_set (config, "ice", "no-port", "7", NULL));
  g_assert_false (wc_config_set (config, "no", "udp-port", "7", NULL));
}

/* --- where it comes from -------------------------------------------------- */

static void
test_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("config-XXXXXX", &error);
  g_autofree char *path = g_build_filename (folder, "a.conf", NULL);
  g_autofree char *sdp = g_build_filename (folder, "cam.sdp", NULL);

  g_assert_no_error (error);
  g_assert_null (wc_config_load (path, NULL, &error));
  g_assert_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_READ);
  g_assert_nonnull (strstr (error->message, path));

  const char *text = "[ice]\nudp-port=5\n[mountpoint a]\nsdp-file=cam.sdp\n";
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_autoptr (WcConfig) config = wc_config_load (path, NULL, NULL);
  g_assert_cmpuint (config->udp_port, ==, 5);
  const WcMountpointSpec *spec = g_ptr_array_index (config->mountpoints, 0);
  g_assert_cmpstr (spec->sdp_file, ==, sdp);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_environment (void)
{
  char *environment[] = {
      (char *)"HOME=/",
      (char *)"WHEPCAST_ICE_UDP_PORT=9",
      (char *)"WHEPCAST_LIMITS_MAX_VIEWERS_PER_ADDRESS=4",
      (char *)"WHEPCAST_HTTP_LISTEN=",
      (char *)"WHEPCAST_HTTP_SERVICE_HOST=10.0.0.1",
      (char *)"WHEPCAST_HTTP_PORT=tcp://10.0.0.1:80",
      (char *)"WHEPCAST_SOMETHING_ELSE_ALTOGETHER=1",
      NULL,
  };
  const char *text = "[ice]\nudp-port=5\n[http]\nlisten=1.2.3.4:5\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (WcConfig) config =
      wc_config_parse (NAME, text, strlen (text), environment, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (config->udp_port, ==, 9);
  g_assert_cmpuint (config->max_viewers_per_address, ==, 4);
  g_assert_cmpstr (config->listen_ip, ==, "1.2.3.4");
}

static void
refuse_variable (const char *variable, WcConfigError code, const char *says)
{
  char *environment[] = {(char *)variable, NULL};
  g_autoptr (GError) error = NULL;

  g_assert_null (wc_config_load (NULL, environment, &error));
  g_assert_error (error, WC_CONFIG_ERROR, (gint)code);
  if (strstr (error->message, says) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, says);
}

static void
test_environment_strict (void)
{
  refuse_variable ("WHEPCAST_ICE_UDP_PORT=x", WC_CONFIG_ERROR_VALUE,
                   "environment: WHEPCAST_ICE_UDP_PORT ([ice] udp-port): \"x\" "
                   "is not allowed; 0 to 65535");
  refuse_variable ("WHEPCAST_HTTP_LISTN=x", WC_CONFIG_ERROR_KEY,
                   "did you mean WHEPCAST_HTTP_LISTEN?");
  refuse_variable ("WHEPCAST_HTPP_LISTEN=x", WC_CONFIG_ERROR_KEY,
                   "did you mean WHEPCAST_HTTP_LISTEN?");
  refuse_variable ("WHEPCAST_HTTP_ZZZZZZZZZZZZZZZZZZZZ=x", WC_CONFIG_ERROR_KEY,
                   "is no key");
}

/* --- mountpoints ---------------------------------------------------------- */

static void
test_mountpoints (void)
{
  g_autoptr (WcConfig) config =
      parse ("[track cam.1/audio]\n"
             "codec=OPUS\nport=5002\npayload-type=111\n"
             "[mountpoint cam.1]\n"
             "title=Camera 1: caf\xc3\xa9\nwatch-token=secret\nenabled=false\n"
             "source-timeout-ms=200\nviewer-grace-ms=0\n"
             "[mountpoint pattern]\n"
             "test-fps=60\nkind=test\ntest-width=64\n"
             "[track cam.1/video]\n"
             "codec=H264\nport=5004\nfmtp=packetization-mode=1;a=b\n"
             "address=239.1.2.3\ninterface=eth0\nsource=192.0.2.9\n");
  const WcMountpointSpec *cam = g_ptr_array_index (config->mountpoints, 0);
  const WcMountpointSpec *test = g_ptr_array_index (config->mountpoints, 1);

  g_assert_cmpuint (config->mountpoints->len, ==, 2);
  g_assert_cmpstr (cam->id, ==, "cam.1");
  g_assert_cmpint (cam->kind, ==, WC_KIND_RTP);
  g_assert_cmpstr (cam->title, ==, "Camera 1: caf\xc3\xa9");
  g_assert_cmpstr (cam->watch_token, ==, "secret");
  g_assert_false (cam->enabled);
  g_assert_cmpuint (cam->source_timeout_ms, ==, 200);
  g_assert_cmpuint (cam->viewer_grace_ms, ==, 0);

  const WcTrackSpec *audio = wc_mountpoint_spec_track (cam, WC_MEDIA_AUDIO);
  g_assert_cmpint (audio->codec, ==, WC_CODEC_OPUS);
  g_assert_true (audio->payload_type_set);
  g_assert_cmpuint (audio->payload_type, ==, 111);
  g_assert_cmpuint (audio->clock_rate, ==, 48000);
  g_assert_cmpuint (audio->channels, ==, 2);
  g_assert_cmpstr (audio->address, ==, "0.0.0.0");

  const WcTrackSpec *video = wc_mountpoint_spec_track (cam, WC_MEDIA_VIDEO);
  g_assert_false (video->payload_type_set);
  g_assert_cmpstr (video->fmtp, ==, "packetization-mode=1;a=b");
  g_assert_cmpstr (video->interface, ==, "eth0");
  g_assert_cmpuint (video->clock_rate, ==, 90000);

  g_assert_cmpint (test->kind, ==, WC_KIND_TEST);
  g_assert_cmpuint (test->test_width, ==, 64);
  g_assert_cmpuint (test->test_height, ==, 720);
  g_assert_cmpuint (test->test_fps, ==, 60);
}

static void
test_mountpoint_groups (void)
{
  const WcConfigError KEY = WC_CONFIG_ERROR_KEY, VALUE = WC_CONFIG_ERROR_VALUE;

  refuse ("[mountpoint ]\nkind=test", VALUE, "cannot be an id; 1 to 64");
  refuse ("[mountpoint a b]\nkind=test", VALUE, "cannot be an id");
  refuse ("[mountpoint  a]\nkind=test", VALUE, "cannot be an id");
  refuse ("[mountpoint a]\nkind=test\n[mountpoint a]\n", KEY, "twice");
  refuse ("[track a/video]\ncodec=H264", KEY, "there is no [mountpoint a]");
  refuse ("[mountpoint a]\n[track a/vidoe]\n", KEY, "[track ID/video]");
  refuse ("[mountpoint a]\n[track a]\n", KEY, "[track ID/video]");
  refuse ("[mountpoint a]\nkind=test\n[track a/video]\ncodec=H264", KEY,
          "tracks are for kind rtp");
  refuse ("[mountpoint a]\n", VALUE, "rtp needs a group [track a/video]");
  refuse ("[mountpoint a]\n[track a/video]\nport=5004", VALUE,
          ":2: [track a/video]: the key codec is missing");
  refuse ("[mountpoint a]\nsdp-file=a\n[track a/video]\ncodec=H264", VALUE,
          ":2: [mountpoint a] sdp-file: it stands in place of tracks");
  refuse ("[mountpoint a]\ntest-width=640", KEY,
          "is not for kind rtp; it is for test");
  refuse ("[mountpoint a]\nkind=test\nsdp-file=a", KEY, "it is for rtp");
  refuse ("[mountpoint a]\nid=b", KEY, "the group's name says it");
  refuse ("[mountpoint a]\npersist=true", KEY, "API alone");
  refuse ("[mountpoint a]\nsdp=v=0", KEY, "API alone");
  refuse ("[mountpoint a]\ntitel=b", KEY, "did you mean \"title\"?");
  refuse ("[mountpoint a]\nsource_timeout_ms=500", KEY,
          "did you mean \"source-timeout-ms\"?");
  refuse ("[mountpoint a]\nwatch-token=***\nkind=test", VALUE, "not shown");
}

static void
test_track_rules (void)
{
  static const struct {
    const char *key;
    const char *says;
  } bad[] = {
      {"payload-type=64", "[track a/video] payload-type: 64 is not allowed; 0 "
                          "to 127 without 64 to 95"},
      {"payload-type=95", "is not allowed"},
      {"payload-type=128", "is not allowed"},
      {"port=65536", "is not allowed"},
      {"port=65535", "leaves no port above it"},
      {"clock-rate=48000", "H264 has 90000"},
      {"clock-rate=1", "is not allowed"},
      {"channels=1", "for audio alone"},
      {"channels=9", "is not allowed"},
      {"address=cam.example.org", "a numeric IP address"},
      {"address=", "a numeric IP address"},
      {"interface=eth0", "multicast address alone"},
      {"source=239.1.1.1", "unicast"},
      {"source=2001:db8::1", "both in IPv4 or both in IPv6"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *text = g_strdup_printf (
        "[mountpoint a]\n[track a/video]\ncodec=H264\n%s\n", bad[i].key);
    refuse (text, WC_CONFIG_ERROR_VALUE, bad[i].says);
  }
  refuse ("[mountpoint a]\n[track a/video]\ncodec=opus", WC_CONFIG_ERROR_VALUE,
          "opus is no video codec");
  refuse ("[mountpoint a]\n[track a/audio]\ncodec=opus\nchannels=1",
          WC_CONFIG_ERROR_VALUE, "opus is always 2");
  refuse ("[mountpoint a]\n[track a/audio]\ncodec=PCMU\nchannels=3",
          WC_CONFIG_ERROR_VALUE, "PCMU has at most 2");
  refuse ("[mountpoint a]\n[track a/audio]\ncodec=AAC\nclock-rate=96001",
          WC_CONFIG_ERROR_VALUE, "8000 to 96000 for the others");
  refuse ("[mountpoint a]\n[track a/audio]\ncodec=MPA\nclock-rate=48000",
          WC_CONFIG_ERROR_VALUE, "MPA has 90000");
  refuse ("[mountpoint a]\n[track a/audio]\ncodec=opus\nport=5001\n"
          "[track a/video]\ncodec=VP8\nport=5000",
          WC_CONFIG_ERROR_VALUE, "5001 is also a port of the other track");
}

/* --- words ---------------------------------------------------------------- */

static void
test_suggest (void)
{
  static const char *const known[] = {"codec", "payload_type", "port", NULL};

  g_assert_cmpstr (wc_suggest ("codecs", known), ==, "codec");
  g_assert_cmpstr (wc_suggest ("payloadType", known), ==, "payload_type");
  g_assert_cmpstr (wc_suggest ("prot", known), ==, "port");
  g_assert_null (wc_suggest ("title", known));
  g_assert_null (wc_suggest ("x", known));
  g_assert_null (wc_suggest ("", known));
}

/* Each thing that is wrong has a line; what follows from another one has none.
 */
static void
test_all_errors (void)
{
  static const char text[] =
      "[ice]\nudp-port=70000\nnonsense=1\n[http]\ntls-key=k\n"
      "[mountpoint a]\nkind=pigeon\n[track a/video]\ncodec=H264\n"
      "[mountpoint b]\nkind=rtp\n[track b/video]\ncodec=none\n";
  static const char *const lines[] = {
      "[ice] udp-port: ", "[ice] nonsense: ", "[mountpoint a] kind: ",
      "[track b/video] codec: "};
  g_autoptr (GError) error = NULL;

  g_assert_null (
      wc_config_parse ("test.conf", text, sizeof text - 1, NULL, &error));
  g_assert_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_VALUE);
  g_auto (GStrv) told = g_strsplit (error->message, "\n", -1);
  g_assert_cmpuint (g_strv_length (told), ==, G_N_ELEMENTS (lines));
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    g_assert_nonnull (strstr (told[i], lines[i]));
}

/* What can be applied changes places, of every type; the rest stays. */
static void
test_exchange (void)
{
  g_autoptr (WcConfig) running =
      parse ("[http]\npublic-url=http://old\n[ice]\nudp-port=1000\n"
             "[mountpoint a]\nkind=test\n");
  g_autoptr (WcConfig) wanted =
      parse ("[server]\nlog-level=debug\n[http]\nlisten=127.0.0.1:1\n"
             "public-url=http://new\ncors-origins=http://a,http://b\n"
             "[ice]\nudp-port=2000\n[limits]\nmax-egress-bps=9\n"
             "[rtp]\nport-range=5000-6000\n");
  static const char *const told[] = {
      "[server] log-level: applied",       "[http] listen: needs a restart",
      "[http] public-url: applied",        "[http] cors-origins: applied",
      "[ice] udp-port: needs a restart",   "[limits] max-egress-bps: applied",
      "[rtp] port-range: needs a restart",
  };
  g_autoptr (GPtrArray) changes = wc_change_list_new ();

  wc_config_settle (wanted, running, changes);
  g_assert_cmpuint (changes->len, ==, G_N_ELEMENTS (told));
  for (guint i = 0; i < changes->len; i++) {
    g_autofree char *text = wc_change_describe (changes->pdata[i]);
    g_assert_cmpstr (text, ==, told[i]);
  }
  g_assert_cmpuint (wanted->udp_port, ==, 1000);
  g_assert_cmpstr (wanted->listen_ip, ==, "0.0.0.0");
  g_assert_cmpuint (wanted->listen_port, ==, 8080);
  g_assert_cmpuint (wanted->port_max, ==, 29999);

  wc_config_exchange (running, wanted);
  g_assert_cmpint (running->log_level, ==, WC_LOG_DEBUG);
  g_assert_cmpstr (running->public_url, ==, "http://new");
  g_assert_cmpstr (running->cors_origins[1], ==, "http://b");
  g_assert_cmpuint (running->max_egress_bps, ==, 9);
  g_assert_cmpuint (running->udp_port, ==, 1000);
  g_assert_cmpuint (running->mountpoints->len, ==, 0);
  g_assert_cmpstr (wanted->public_url, ==, "http://old");
  g_assert_cmpuint (wanted->mountpoints->len, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/defaults", test_defaults);
  g_test_add_func ("/config/values", test_values);
  g_test_add_func ("/config/strict-lines", test_strict_lines);
  g_test_add_func ("/config/limits", test_limits);
  g_test_add_func ("/config/sources", test_sources);
  g_test_add_func ("/config/secret-not-shown", test_secret_not_shown);
  g_test_add_func ("/config/listen", test_listen);
  g_test_add_func ("/config/file", test_file);
  g_test_add_func ("/config/environment", test_environment);
  g_test_add_func ("/config/environment-strict", test_environment_strict);
  g_test_add_func ("/config/mountpoints", test_mountpoints);
  g_test_add_func ("/config/mountpoint-groups", test_mountpoint_groups);
  g_test_add_func ("/config/track-rules", test_track_rules);
  g_test_add_func ("/config/suggest", test_suggest);
  g_test_add_func ("/config/all-errors", test_all_errors);
  g_test_add_func ("/config/exchange", test_exchange);
  return g_test_run ();
}
