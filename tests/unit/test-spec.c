/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <string.h>

#define VIDEO "{'media':'video','codec':'H264'}"
#define RTP "{'id':'a','kind':'rtp','tracks':[" VIDEO "]}"

/* @text with ' for ". */
static JsonObject *
object_of (const char *text)
{
  g_autofree char *json = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json_from_string (json, &error);

  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (node));
}

static WcMountpointSpec *
create (const char *text)
{
  g_autoptr (JsonObject) object = object_of (text);
  g_autoptr (GError) error = NULL;
  WcMountpointSpec *spec = wc_mountpoint_spec_from_json (object, &error);

  g_assert_no_error (error);
  return spec;
}

static WcMountpointSpec *
patch (const WcMountpointSpec *base, const char *text)
{
  g_autoptr (JsonObject) object = object_of (text);
  g_autoptr (GError) error = NULL;
  WcMountpointSpec *spec = wc_mountpoint_spec_patched (base, object, &error);

  g_assert_no_error (error);
  return spec;
}

static void
check_error (GError *error, WcConfigError code, const char *says)
{
  g_assert_error (error, WC_CONFIG_ERROR, (gint)code);
  if (strstr (error->message, says) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, says);
}

static void
refuse (const char *text, WcConfigError code, const char *says)
{
  g_autoptr (JsonObject) object = object_of (text);
  g_autoptr (GError) error = NULL;

  g_assert_null (wc_mountpoint_spec_from_json (object, &error));
  check_error (error, code, says);
}

static void
refuse_patch (const WcMountpointSpec *base, const char *text,
              WcConfigError code, const char *says)
{
  g_autoptr (JsonObject) object = object_of (text);
  g_autoptr (GError) error = NULL;

  g_assert_null (wc_mountpoint_spec_patched (base, object, &error));
  check_error (error, code, says);
}

/* One track with @member refused. */
static void
refuse_track (const char *member, WcConfigError code, const char *says)
{
  g_autofree char *text = g_strdup_printf (
      "{'id':'a','tracks':[{'media':'video','codec':'H264',%s}]}", member);

  refuse (text, code, says);
}

/* --- create --------------------------------------------------------------- */

static void
test_create (void)
{
  g_autoptr (WcMountpointSpec) spec = create (
      "{'id':'cam1','kind':'rtp','title':'Camera 1','persist':false,"
      "'watch_token':'secret','tracks':["
      "{'media':'video','codec':'h264','port':5004,'payload_type':96,"
      "'fmtp':'packetization-mode=1'},"
      "{'media':'audio','codec':'opus','port':5002,'payload_type':0}]}");
  const WcTrackSpec *video = wc_mountpoint_spec_track (spec, WC_MEDIA_VIDEO);
  const WcTrackSpec *audio = wc_mountpoint_spec_track (spec, WC_MEDIA_AUDIO);

  g_assert_cmpstr (spec->id, ==, "cam1");
  g_assert_cmpstr (spec->title, ==, "Camera 1");
  g_assert_false (spec->persist);
  g_assert_true (spec->enabled);
  g_assert_cmpuint (spec->source_timeout_ms, ==, 2000);
  g_assert_cmpuint (spec->viewer_grace_ms, ==, 30000);
  g_assert_cmpint (video->codec, ==, WC_CODEC_H264);
  g_assert_cmpuint (video->port, ==, 5004);
  g_assert_cmpuint (video->rtcp_port, ==, 0);
  g_assert_cmpuint (video->clock_rate, ==, 90000);
  g_assert_cmpuint (video->channels, ==, 0);
  g_assert_true (video->payload_type_set);
  g_assert_true (audio->payload_type_set);
  g_assert_cmpuint (audio->payload_type, ==, 0);
  g_assert_cmpuint (audio->channels, ==, 2);
}

static void
test_create_others (void)
{
  g_autoptr (WcMountpointSpec) sdp = create ("{'id':'a','sdp':'v=0\\r\\n'}");
  g_autoptr (WcMountpointSpec) nulls = create (
      "{'id':'a','kind':null,'title':null,'sdp':null,'tracks':[{'media':"
      "'audio','codec':'PCMU','payload_type':null,'port':null,'fmtp':''}]}");
  g_autoptr (WcMountpointSpec) test =
      create ("{'id':'t','kind':'test','test_width':640}");
  const WcTrackSpec *audio = wc_mountpoint_spec_track (nulls, WC_MEDIA_AUDIO);

  g_assert_cmpstr (sdp->sdp, ==, "v=0\r\n");
  g_assert_cmpint (sdp->kind, ==, WC_KIND_RTP);
  g_assert_false (audio->payload_type_set);
  g_assert_null (audio->fmtp);
  g_assert_cmpuint (audio->channels, ==, 1);
  g_assert_cmpuint (test->test_width, ==, 640);
  g_assert_cmpuint (test->test_height, ==, 720);
}

static void
test_unknown (void)
{
  const WcConfigError KEY = WC_CONFIG_ERROR_KEY, VALUE = WC_CONFIG_ERROR_VALUE;

  refuse_track ("'codecs':1", KEY,
                "unknown key \"codecs\" of track 1; did you mean \"codec\"? "
                "known keys: media, codec, port, ");
  refuse ("{'id':'a','tracks':[{'media':'video','codecs':'H264'}]}", KEY,
          "did you mean \"codec\"?");
  refuse_track ("'payload-type':96", KEY, "did you mean \"payload_type\"?");
  refuse ("{'id':'a','track':[]}", KEY,
          "unknown key \"track\"; did you mean \"tracks\"? known keys: id, ");
  refuse ("{'id':'a','sdp_file':'/etc/shadow'}", KEY,
          "configuration file alone");
  refuse ("{'id':'a','kind':'test','tracks':[]}", KEY,
          "key \"tracks\": is not for kind test; it is for rtp");
  refuse ("{'id':'a','test_fps':30}", KEY, "it is for test");
  refuse ("{'id':'a','kind':'file'}", VALUE,
          "key \"kind\": file is for the configuration file alone");
  refuse ("{'id':'a','kind':'file','path':'a.mkv'}", KEY,
          "configuration file alone");
  refuse ("{'id':'a','url':'rtsp://a'}", KEY, "it is for rtsp, whep");
  refuse ("{'id':'a','kind':'rtsp'}", VALUE, "kind rtsp needs it");
  refuse ("{'id':'a','kind':'rtsp','url':'http://a/'}", VALUE,
          "its scheme is http; it must begin with rtsp:// or rtsps://");
  refuse ("{'id':'a','kind':'rtsp','url':'rtsp://a/\\n'}", VALUE,
          "visible ASCII characters");
  refuse ("{'id':'a','kind':'rtsp','url':'rtsp://a/',"
          "'tls_fingerprint':'00:11'}",
          VALUE, "64 hexadecimal digits");
  refuse ("{'id':'a','kind':'rtsp','url':'rtsps://a/','transport':'udp'}",
          VALUE, "udp is not encrypted");
  refuse ("{'id':'a','kind':'rtmp'}", VALUE,
          "key \"kind\": \"rtmp\" is not allowed; rtp");
}

static void
test_values (void)
{
  const WcConfigError VALUE = WC_CONFIG_ERROR_VALUE;
  g_autofree char *long_title = g_strnfill (201, 'x');
  g_autofree char *text =
      g_strdup_printf ("{'id':'a','kind':'test','title':'%s'}", long_title);

  refuse (text, VALUE, "key \"title\": \"xxx");
  refuse ("{'kind':'test'}", VALUE, "key \"id\": is missing; it is 1 to 64");
  refuse ("{'id':null,'kind':'test'}", VALUE, "null is not allowed");
  refuse ("{'id':'','kind':'test'}", VALUE, "an empty value is not allowed");
  refuse ("{'id':'../a','kind':'test'}", VALUE, "\"../a\" is not allowed");
  refuse ("{'id':7,'kind':'test'}", VALUE, "it must be a string");
  refuse ("{'id':'a','kind':'test','title':'a\\nb'}", VALUE, "control");
  refuse ("{'id':'a','kind':'test','enabled':'true'}", VALUE,
          "key \"enabled\": a string is not allowed; it must be a boolean");
  refuse ("{'id':'a','kind':'test','enabled':1}", VALUE, "an integer is not");
  refuse ("{'id':'a','kind':'test','watch_token':''}", VALUE, "null for none");
  refuse ("{'id':'a','kind':'test','watch_token':'***'}", VALUE, "not shown");
  refuse ("{'id':'a','kind':'test','watch_token':'a b'}", VALUE,
          "this value is not allowed; 1 to 256 visible ASCII");
  refuse ("{'id':'a','kind':'test','test_width':65}", VALUE, "even");
  refuse ("{'id':'a','kind':'test','test_height':2162}", VALUE, "64 to 2160");
  refuse ("{'id':'a','kind':'test','test_fps':0}", VALUE, "1 to 60");
  refuse ("{'id':'a','kind':'test','source_timeout_ms':199}", VALUE, "200 to");
}

static void
test_track_values (void)
{
  const WcConfigError VALUE = WC_CONFIG_ERROR_VALUE;

  refuse_track ("'payload_type':300", VALUE,
                "key \"payload_type\" of track 1: 300 is not allowed; 0 to 127 "
                "without 64 to 95");
  refuse_track ("'payload_type':72", VALUE, "RTCP");
  refuse_track ("'payload_type':-1", VALUE, "-1 is not allowed");
  refuse_track ("'port':5004.5", VALUE, "a number with a fraction");
  refuse_track ("'port':'5004'", VALUE, "a string is not allowed; it must be");
  refuse_track ("'port':[5004]", VALUE, "an array is not allowed");
  refuse_track ("'port':9223372036854775807", VALUE, "is not allowed");
  refuse_track ("'fmtp':'a\\r\\nb'", VALUE, "control");
  refuse_track ("'address':''", VALUE, "an empty value is not allowed");
  refuse_track ("'interface':'eth0'", VALUE, "multicast");
  refuse_track ("'source':'0.0.0.0'", VALUE, "unicast");
  refuse_track ("'codec':'mp2t'", VALUE, "\"mp2t\" is not allowed; H264, H265");
  refuse_track ("'codec':'opus'", VALUE, "opus is no video codec");
  refuse_track ("'clock_rate':8000", VALUE, "H264 has 90000");
  refuse_track ("'port':65535", VALUE, "leaves no port above it");
}

static void
test_tracks (void)
{
  const WcConfigError VALUE = WC_CONFIG_ERROR_VALUE;

  refuse ("{'id':'a'}", VALUE, "needs \"tracks\" or \"sdp\"");
  refuse ("{'id':'a','sdp':''}", VALUE, "needs \"tracks\" or \"sdp\"");
  refuse ("{'id':'a','tracks':[]}", VALUE, "0 tracks are not allowed");
  refuse ("{'id':'a','tracks':{}}", VALUE, "it must be an array");
  refuse ("{'id':'a','tracks':[1]}", VALUE, "each track is an object");
  refuse ("{'id':'a','tracks':[{'media':'video'}]}", VALUE,
          "key \"codec\" of track 1: is missing; it is H264");
  refuse ("{'id':'a','tracks':[" VIDEO "," VIDEO "," VIDEO "]}", VALUE,
          "3 tracks are not allowed");
  refuse ("{'id':'a','tracks':[" VIDEO "," VIDEO "]}", VALUE,
          "key \"media\" of track 2: two video tracks");
  refuse ("{'id':'a','sdp':'v=0','tracks':[" VIDEO "]}", VALUE,
          "in place of tracks");
  refuse ("{'id':'a','tracks':[{'media':'video','codec':'VP8','port':5004},"
          "{'media':'audio','codec':'opus','port':5000,'rtcp_port':5005}]}",
          VALUE, "key \"rtcp_port\" of track 2: 5005 is also a port");
}

/* RTCP may come to the port of RTP (RFC 5761). */
static void
test_shared_rtcp (void)
{
  g_autoptr (WcMountpointSpec) spec =
      create ("{'id':'a','tracks':[{'media':'video','codec':'VP8','port':5004,"
              "'rtcp_port':5004},{'media':'audio','codec':'opus','port':5005,"
              "'rtcp_port':5005}]}");

  g_assert_cmpuint (spec->tracks->len, ==, 2);
}

/* --- patch ---------------------------------------------------------------- */

static void
test_patch (void)
{
  g_autoptr (WcMountpointSpec) base = create (RTP);
  g_autoptr (WcMountpointSpec) titled =
      patch (base, "{'title':'T','watch_token':'w','viewer_grace_ms':1}");
  g_autoptr (WcMountpointSpec) kept =
      patch (titled, "{'watch_token':'***','title':null}");
  g_autoptr (WcMountpointSpec) open =
      patch (kept, "{'watch_token':null,'viewer_grace_ms':null}");
  g_autoptr (WcMountpointSpec) same = patch (base, "{}");

  g_assert_null (base->title);
  g_assert_cmpstr (titled->title, ==, "T");
  g_assert_cmpstr (kept->watch_token, ==, "w");
  g_assert_null (kept->title);
  g_assert_null (open->watch_token);
  g_assert_true (wc_mountpoint_spec_equal (open, base));
  g_assert_true (wc_mountpoint_spec_equal (same, base));
  g_assert_false (wc_mountpoint_spec_equal (titled, base));
}

static void
test_patch_media (void)
{
  g_autoptr (WcMountpointSpec) base = create (RTP);
  g_autoptr (WcMountpointSpec) sdp = patch (base, "{'sdp':'v=0'}");
  g_autoptr (WcMountpointSpec) tracks = patch (sdp, "{'tracks':[" VIDEO "]}");

  g_assert_cmpuint (sdp->tracks->len, ==, 0);
  g_assert_cmpstr (sdp->sdp, ==, "v=0");
  g_assert_true (wc_mountpoint_spec_equal (tracks, base));
  refuse_patch (base, "{'tracks':null}", WC_CONFIG_ERROR_VALUE, "needs");
  refuse_patch (sdp, "{'sdp':null}", WC_CONFIG_ERROR_VALUE, "needs");
  refuse_patch (sdp, "{'sdp':'v','tracks':[" VIDEO "]}", WC_CONFIG_ERROR_VALUE,
                "in place of tracks");
}

static void
test_patch_refused (void)
{
  g_autoptr (WcMountpointSpec) base = create (RTP);

  refuse_patch (base, "{'id':'b'}", WC_CONFIG_ERROR_VALUE,
                "key \"id\": cannot be changed");
  refuse_patch (base, "{'kind':'rtp'}", WC_CONFIG_ERROR_VALUE,
                "key \"kind\": cannot be changed");
  refuse_patch (base, "{'watch_token':'***'}", WC_CONFIG_ERROR_VALUE,
                "there is none");
  refuse_patch (base, "{'titel':'x'}", WC_CONFIG_ERROR_KEY, "\"title\"?");
  refuse_patch (base, "{'test_fps':10}", WC_CONFIG_ERROR_KEY, "for test");
}

static void
test_needs_restart (void)
{
  static const struct {
    const char *changes;
    gboolean restart;
  } cases[] = {
      {"{}", FALSE},
      {"{'title':'x'}", FALSE},
      {"{'watch_token':'x'}", FALSE},
      {"{'persist':false}", FALSE},
      {"{'enabled':false}", FALSE},
      {"{'viewer_grace_ms':0}", FALSE},
      {"{'tracks':[" VIDEO "]}", FALSE},
      {"{'source_timeout_ms':5000}", TRUE},
      {"{'sdp':'v=0'}", TRUE},
      {"{'tracks':[{'media':'video','codec':'VP8'}]}", TRUE},
      {"{'tracks':[{'media':'video','codec':'H264','payload_type':0}]}", TRUE},
  };
  g_autoptr (WcMountpointSpec) base = create (RTP);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (WcMountpointSpec) spec = patch (base, cases[i].changes);
    g_assert_cmpint (wc_mountpoint_spec_needs_restart (base, spec), ==,
                     cases[i].restart);
  }
}

/* The API tells the picture first, whatever was first in the request. */
static void
test_order_of_tracks (void)
{
#define AUDIO(port) "{'media':'audio','codec':'opus','port':" port "}"
#define TRACKS(list) "{'tracks':[" list "]}"
  g_autoptr (WcMountpointSpec) one = create (RTP);
  g_autoptr (WcMountpointSpec) base =
      patch (one, TRACKS (AUDIO ("5004") "," VIDEO));
  g_autoptr (WcMountpointSpec) turned =
      patch (base, TRACKS (VIDEO "," AUDIO ("5004")));
  g_autoptr (WcMountpointSpec) other =
      patch (base, TRACKS (VIDEO "," AUDIO ("5006")));

  g_assert_true (wc_mountpoint_spec_equal (base, turned));
  g_assert_false (wc_mountpoint_spec_needs_restart (base, turned));
  g_assert_true (wc_mountpoint_spec_needs_restart (base, other));
  g_assert_true (wc_mountpoint_spec_needs_restart (base, one));
#undef TRACKS
#undef AUDIO
}

/* --- there and back ------------------------------------------------------- */

static char *
pick_text (guint max)
{
  static const char *const letters[] = {
      "a", "\"", "\\", "\xc3\xa9", " ", "{", "\xf0\x9f\x8e\xa5"};
  GString *text = g_string_new (NULL);
  guint n = g_test_rand_int_range (1, max + 1);

  for (guint i = 0; i < n; i++)
    g_string_append (
        text, letters[g_test_rand_int_range (0, G_N_ELEMENTS (letters))]);
  return g_string_free (text, FALSE);
}

static gboolean
flip (void)
{
  return g_test_rand_bit ();
}

static void
pick_track (WcMountpointSpec *spec, WcMedia media, guint16 port)
{
  WcTrackSpec *track = wc_track_spec_new ();

  track->media = media;
  track->codec =
      media == WC_MEDIA_VIDEO
          ? g_test_rand_int_range (WC_CODEC_H264, WC_CODEC_OPUS)
          : g_test_rand_int_range (WC_CODEC_OPUS, WC_N_SOURCE_CODECS);
  track->port = flip () ? port : 0;
  track->rtcp_port = flip () ? port + 7 : 0;
  track->payload_type_set = flip ();
  if (track->payload_type_set)
    track->payload_type = g_test_rand_int_range (0, 64);
  if (flip ())
    track->fmtp = pick_text (100);
  if (flip ()) {
    g_free (track->address);
    track->address = g_strdup (flip () ? "ff15::1" : "::");
    track->interface =
        track->address[0] == 'f' && flip () ? g_strdup ("eth0") : NULL;
    track->source = flip () ? g_strdup ("2001:db8::1") : NULL;
  }
  track->clock_rate = wc_codec_info (track->codec)->clock_rate;
  track->channels = wc_codec_info (track->codec)->channels;
  g_ptr_array_add (spec->tracks, track);
}

static WcMountpointSpec *
pick_spec (void)
{
  WcMountpointSpec *spec = wc_mountpoint_spec_new ();

  spec->id = g_strdup_printf ("id%d", g_test_rand_int_range (0, 1000));
  spec->kind = flip () ? WC_KIND_RTP : WC_KIND_TEST;
  spec->title = flip () ? pick_text (200) : NULL;
  spec->enabled = flip ();
  spec->persist = flip ();
  spec->watch_token = flip () ? g_strdup ("\"tok\\en") : NULL;
  spec->source_timeout_ms = g_test_rand_int_range (200, 600001);
  spec->viewer_grace_ms = g_test_rand_int_range (0, 3600001);
  if (spec->kind == WC_KIND_TEST) {
    spec->test_width = 2 * g_test_rand_int_range (32, 1921);
    spec->test_fps = g_test_rand_int_range (1, 61);
  } else if (flip ()) {
    spec->sdp = g_strconcat ("v=0\r\n", spec->title, NULL);
  } else {
    gboolean video = flip ();
    if (video)
      pick_track (spec, WC_MEDIA_VIDEO, 5000);
    if (!video || flip ())
      pick_track (spec, WC_MEDIA_AUDIO, 6000);
  }
  return spec;
}

/* Through text, as the state file goes. */
static void
test_round_trip (void)
{
  for (guint i = 0; i < 2000; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (WcMountpointSpec) spec = pick_spec ();
    g_autoptr (WcMountpointSpec) copy = wc_mountpoint_spec_copy (spec);
    g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

    json_node_take_object (node, wc_mountpoint_spec_to_json (spec, FALSE));
    g_autofree char *text = json_to_string (node, TRUE);
    g_autoptr (JsonNode) read = json_from_string (text, &error);
    g_assert_no_error (error);
    g_autoptr (WcMountpointSpec) back =
        wc_mountpoint_spec_from_json (json_node_get_object (read), &error);
    g_assert_no_error (error);
    g_assert_true (wc_mountpoint_spec_equal (spec, back));
    g_assert_true (wc_mountpoint_spec_equal (spec, copy));
    g_assert_true (wc_mountpoint_spec_check (spec, NULL));
    g_assert_false (wc_mountpoint_spec_needs_restart (spec, back));
  }
}

static void
test_hidden_secrets (void)
{
  g_autoptr (WcMountpointSpec) spec =
      create ("{'id':'a','kind':'test','watch_token':'w'}");
  g_autoptr (JsonObject) hidden = wc_mountpoint_spec_to_json (spec, TRUE);
  g_autoptr (JsonObject) shown = wc_mountpoint_spec_to_json (spec, FALSE);
  g_autoptr (WcMountpointSpec) open = create ("{'id':'a','kind':'test'}");
  g_autoptr (JsonObject) none = wc_mountpoint_spec_to_json (open, TRUE);

  g_assert_cmpstr (json_object_get_string_member (hidden, "watch_token"), ==,
                   "***");
  g_assert_cmpstr (json_object_get_string_member (shown, "watch_token"), ==,
                   "w");
  g_assert_true (json_object_get_null_member (none, "watch_token"));
  g_assert_false (json_object_has_member (shown, "tracks"));
  g_assert_false (json_object_has_member (shown, "publish_token"));
}

/* What code made wrong is found too. */
static void
test_check (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WcMountpointSpec) spec = create (RTP);

  wc_mountpoint_spec_track (spec, WC_MEDIA_VIDEO)->clock_rate = 48000;
  g_assert_false (wc_mountpoint_spec_check (spec, &error));
  check_error (error, WC_CONFIG_ERROR_VALUE, "H264 has 90000");
}

static void
test_names (void)
{
  g_assert_cmpstr (wc_kind_name (WC_KIND_RTP), ==, "rtp");
  g_assert_cmpstr (wc_kind_name (WC_KIND_RTSP_PUSH), ==, "rtsp-push");
  g_assert_cmpstr (wc_kind_name (WC_KIND_TEST), ==, "test");
  g_assert_cmpstr (wc_kind_name (WC_KIND_FAILOVER), ==, "failover");
}

/* --- sources of a failover -------------------------------------------------
 */

#define RTP_OF(codec)                                                          \
  "{'kind':'rtp','tracks':[{'media':'video','codec':'" codec "'}]}"

static void
test_sources (void)
{
  g_autoptr (WcMountpointSpec) spec = create ("{'sources':[" RTP_OF (
      "H264") ",{'mountpoint':'slate'},"
              "{'kind':'test','test_fps':25}],'id':'main','kind':'failover',"
              "'return_after_ms':100}");
  const WcMountpointSpec *source;

  g_assert_cmpuint (spec->return_after_ms, ==, 100);
  g_assert_cmpuint (spec->sources->len, ==, 3);
  source = g_ptr_array_index (spec->sources, 0);
  g_assert_cmpstr (source->id, ==, "main/1");
  g_assert_cmpuint (source->tracks->len, ==, 1);
  source = g_ptr_array_index (spec->sources, 1);
  g_assert_cmpstr (source->mountpoint, ==, "slate");
  source = g_ptr_array_index (spec->sources, 2);
  g_assert_cmpint (source->kind, ==, WC_KIND_TEST);
  g_assert_cmpuint (source->test_fps, ==, 25);

  g_autoptr (JsonObject) object = wc_mountpoint_spec_to_json (spec, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (WcMountpointSpec) again =
      wc_mountpoint_spec_from_json (object, &error);
  g_assert_no_error (error);
  g_assert_true (wc_mountpoint_spec_equal (spec, again));
  g_assert_false (wc_mountpoint_spec_needs_restart (spec, again));
  ((WcMountpointSpec *)g_ptr_array_index (again->sources, 2))->test_fps = 50;
  g_assert_true (wc_mountpoint_spec_needs_restart (spec, again));
}

/* PATCH gives sources whole; "***" is what was in the same place. */
static void
test_source_secrets (void)
{
#define RELAY(token)                                                           \
  "{'kind':'whep','url':'http://a/whep/b','source_token':'" token "'}"
  g_autoptr (WcMountpointSpec) spec = create (
      "{'id':'main','kind':'failover','sources':[" RELAY ("sesame") "]}");
  g_autoptr (JsonObject) shown = wc_mountpoint_spec_to_json (spec, TRUE);
  JsonObject *source = json_array_get_object_element (
      json_object_get_array_member (shown, "sources"), 0);
  g_autoptr (JsonObject) changes =
      object_of ("{'sources':[" RELAY ("***") ",{'kind':'test'}]}");
  g_autoptr (JsonObject) moved =
      object_of ("{'sources':[{'kind':'test'}," RELAY ("***") "]}");
  g_autoptr (GError) error = NULL;
  g_autoptr (WcMountpointSpec) patched =
      wc_mountpoint_spec_patched (spec, changes, &error);

  g_assert_cmpstr (json_object_get_string_member (source, "source_token"), ==,
                   "***");
  g_assert_no_error (error);
  g_assert_cmpuint (patched->sources->len, ==, 2);
  g_assert_cmpstr (((WcMountpointSpec *)g_ptr_array_index (patched->sources, 0))
                       ->source_token,
                   ==, "sesame");
  g_assert_null (wc_mountpoint_spec_patched (spec, moved, &error));
  g_assert_nonnull (strstr (error->message, "of source 2"));
#undef RELAY
}

static void
test_wrong_sources (void)
{
#define FAILOVER(sources)                                                      \
  "{'id':'main','kind':'failover','sources':" sources "}"
  refuse ("{'id':'main','kind':'failover'}", WC_CONFIG_ERROR_VALUE,
          "key \"sources\": 0 sources are not allowed; 1 to 8");
  refuse (FAILOVER ("[]"), WC_CONFIG_ERROR_VALUE, "0 sources are not allowed");
  refuse (FAILOVER ("{}"), WC_CONFIG_ERROR_VALUE,
          "an object is not allowed; it must be an");
  refuse (FAILOVER ("[1]"), WC_CONFIG_ERROR_VALUE, "each source is an object");
  refuse (FAILOVER ("[{'kind':'test','title':'x'}]"), WC_CONFIG_ERROR_KEY,
          "unknown key \"title\" of source 1");
  refuse (FAILOVER ("[{'kind':'test'},{'kind':'test','test_fps':0}]"),
          WC_CONFIG_ERROR_VALUE,
          "key \"test_fps\" of source 2: 0 is not allowed");
  refuse (FAILOVER ("[{'kind':'rtp'}]"), WC_CONFIG_ERROR_VALUE,
          "key \"tracks\" of source 1: kind rtp needs");
  refuse (FAILOVER ("[{'kind':'rtp','tracks':[{'media':'video'}]}]"),
          WC_CONFIG_ERROR_VALUE,
          "key \"codec\" of track 1 of source 1: is missing");
  refuse (FAILOVER ("[{'kind':'failover','sources':[]}]"), WC_CONFIG_ERROR_KEY,
          "unknown key \"sources\" of source 1");
  refuse (FAILOVER ("[{'kind':'file'}]"), WC_CONFIG_ERROR_VALUE,
          "key \"kind\" of source 1: file is for the configuration file");
  refuse (FAILOVER ("[{'mountpoint':'main'}]"), WC_CONFIG_ERROR_VALUE,
          "key \"mountpoint\" of source 1: main would be its own source");
  refuse (FAILOVER ("[{'mountpoint':'a','kind':'test'}]"),
          WC_CONFIG_ERROR_VALUE, "stands alone");
  refuse (FAILOVER ("[" RTP_OF ("H264") "," RTP_OF ("VP8") "]"),
          WC_CONFIG_ERROR_VALUE,
          "key \"tracks\" of source 2: its video is VP8, and that of a source "
          "before it is H264");
  refuse ("{'id':'a','kind':'test','sources':[]}", WC_CONFIG_ERROR_KEY,
          "is not for kind test; it is for failover");
  refuse ("{'id':'a','kind':'test','mountpoint':'b'}", WC_CONFIG_ERROR_KEY,
          "unknown key \"mountpoint\"");
#undef FAILOVER
}

/* Who may edit but not read must not have a password sent elsewhere. */
static void
test_password_stays (void)
{
  g_autoptr (WcMountpointSpec) spec =
      create ("{'id':'a','kind':'rtsp','url':'rtsp://cam/a','username':'u',"
              "'password':'p'}");
  g_autoptr (WcMountpointSpec) same =
      patch (spec, "{'url':'rtsp://cam/b','password':'***'}");
  g_autoptr (WcMountpointSpec) anew =
      patch (spec, "{'url':'rtsp://evil/a','password':'p'}");

  g_assert_cmpstr (same->password, ==, "p");
  g_assert_cmpstr (anew->password, ==, "p");
  refuse_patch (spec, "{'url':'rtsp://evil/a'}", WC_CONFIG_ERROR_VALUE,
                "not sent to another host");
  refuse_patch (spec, "{'url':'rtsp://evil/a','password':'***'}",
                WC_CONFIG_ERROR_VALUE, "not sent to another host");
  refuse_patch (spec, "{'url':'rtsp://cam:8554/a'}", WC_CONFIG_ERROR_VALUE,
                "not sent to another host");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/spec/create", test_create);
  g_test_add_func ("/spec/create-others", test_create_others);
  g_test_add_func ("/spec/unknown", test_unknown);
  g_test_add_func ("/spec/values", test_values);
  g_test_add_func ("/spec/track-values", test_track_values);
  g_test_add_func ("/spec/tracks", test_tracks);
  g_test_add_func ("/spec/shared-rtcp", test_shared_rtcp);
  g_test_add_func ("/spec/patch", test_patch);
  g_test_add_func ("/spec/patch-media", test_patch_media);
  g_test_add_func ("/spec/patch-refused", test_patch_refused);
  g_test_add_func ("/spec/needs-restart", test_needs_restart);
  g_test_add_func ("/spec/order-of-tracks", test_order_of_tracks);
  g_test_add_func ("/spec/round-trip", test_round_trip);
  g_test_add_func ("/spec/hidden-secrets", test_hidden_secrets);
  g_test_add_func ("/spec/password-stays", test_password_stays);
  g_test_add_func ("/spec/check", test_check);
  g_test_add_func ("/spec/names", test_names);
  g_test_add_func ("/spec/sources", test_sources);
  g_test_add_func ("/spec/source-secrets", test_source_secrets);
  g_test_add_func ("/spec/wrong-sources", test_wrong_sources);
  return g_test_run ();
}
