/* SPDX-License-Identifier: MIT */
/* Every text of pipelines/ parses, runs and stops; and what happens to those
 * that are wrong or hang. */
#include "media-support.h"

#include "ingest/pipeline-branch.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <gst/rtp/rtp.h>
#include <stdatomic.h>

typedef struct {
  const char *name, *encoder, *interval;
} Text;

static const Text test_texts[] = {
    {"test-x264", "x264enc", "key-int-max"},
    {"test-openh264", "openh264enc", "gop-size"},
    {"test-vp8", "vp8enc", "keyframe-max-dist"},
};

/* --- samples ---------------------------------------------------------------
 */

typedef struct {
  atomic_uint packets, start_points, too_large, destroyed;
} Count;

/* A parameter set (H.264) or a key frame (VP8). */
static gboolean
begins_picture (GstRTPBuffer *rtp, gboolean vp8)
{
  const guint8 *payload = gst_rtp_buffer_get_payload (rtp);
  gsize size = gst_rtp_buffer_get_payload_len (rtp);

  if (size < 14)
    return FALSE;
  if (vp8)
    return (payload[0] & 0x10) != 0 &&
           memmem (payload, 14, "\x9d\x01\x2a", 3) != NULL;
  return (payload[0] & 0x1f) == 7 || (payload[0] & 0x1f) == 24;
}

static void
count_sample (GstSample *sample, Count *count, gboolean vp8)
{
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  GstBuffer *buffer = gst_sample_get_buffer (sample);

  g_assert_true (gst_rtp_buffer_map (buffer, GST_MAP_READ, &rtp));
  atomic_fetch_add (&count->packets, 1);
  if (begins_picture (&rtp, vp8))
    atomic_fetch_add (&count->start_points, 1);
  if (gst_rtp_buffer_get_payload_len (&rtp) > WC_MAX_PAYLOAD)
    atomic_fetch_add (&count->too_large, 1);
  gst_rtp_buffer_unmap (&rtp);
}

static void
on_h264 (GstSample *sample, gpointer user_data)
{
  count_sample (sample, user_data, FALSE);
}

static void
on_vp8 (GstSample *sample, gpointer user_data)
{
  count_sample (sample, user_data, TRUE);
}

static void
on_destroy (gpointer user_data)
{
  atomic_fetch_add (&((Count *)user_data)->destroyed, 1);
}

static gboolean
has_picture_and_sound (gpointer user_data)
{
  Count *counts = user_data;

  return atomic_load (&counts[0].start_points) >= 2 &&
         atomic_load (&counts[1].packets) >= 20;
}

/* The pipeline's last reference may go on another thread. */
static gboolean
is_destroyed (gpointer user_data)
{
  return atomic_load (&((Count *)user_data)->destroyed) == 1;
}

static void
on_failed (WcPipeline *pipeline, const char *reason, char **failure)
{
  g_free (*failure);
  *failure = g_strdup (reason);
}

/* --- tests -----------------------------------------------------------------
 */

static void
set_test_format (WcPipeline *pipeline, const char *interval)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstCaps) caps =
      gst_caps_from_string ("video/x-raw,width=640,height=360,framerate=30/1");

  wc_pipeline_set_caps (pipeline, "format", "caps", caps, &error);
  g_assert_no_error (error);
  wc_pipeline_set_uint (pipeline, "encoder", interval, 15, &error);
  g_assert_no_error (error);
}

static void
test_test_pipeline (gconstpointer data)
{
  const Text *text = data;
  gboolean vp8 = strcmp (text->encoder, "vp8enc") == 0;
  g_autoptr (GstElementFactory) factory =
      gst_element_factory_find (text->encoder);
  g_autoptr (GError) error = NULL;
  g_autofree char *failure = NULL;
  Count counts[2] = {0};

  if (factory == NULL) {
    g_test_skip (text->encoder);
    return;
  }
  WcPipeline *pipeline = wc_pipeline_new (text->name, "test", &error);
  g_assert_no_error (error);
  set_test_format (pipeline, text->interval);
  g_assert_true (wc_pipeline_connect_sink (pipeline, "video",
                                           vp8 ? on_vp8 : on_h264, &counts[0],
                                           on_destroy, &error));
  g_assert_true (wc_pipeline_connect_sink (pipeline, "audio", on_h264,
                                           &counts[1], on_destroy, &error));
  g_signal_connect (pipeline, "failed", G_CALLBACK (on_failed), &failure);
  wc_pipeline_play (pipeline);
  g_assert_true (wait_until (has_picture_and_sound, counts, 20000));
  g_assert_cmpstr (failure, ==, NULL);
  g_assert_cmpuint (atomic_load (&counts[0].too_large), ==, 0);

  wc_pipeline_stop (pipeline);
  g_assert_true (wc_pipeline_wait_stopped (pipeline, 5000));
  g_object_unref (pipeline);
  g_assert_true (wait_until (is_destroyed, &counts[0], 5000));
  g_assert_true (wait_until (is_destroyed, &counts[1], 5000));
}

static gboolean
has_two_packets (gpointer user_data)
{
  return atomic_load (&((Count *)user_data)->packets) >= 2;
}

static void
on_datagram (GstSample *sample, gpointer user_data)
{
  atomic_fetch_add (&((Count *)user_data)->packets, 1);
}

static void
connect_socket (WcPipeline *pipeline, const char *source, GSocket *socket,
                const char *sink, Count *count)
{
  g_autoptr (GError) error = NULL;

  wc_pipeline_set_object (pipeline, source, "socket", socket, &error);
  g_assert_no_error (error);
  wc_pipeline_connect_sink (pipeline, sink, on_datagram, count, on_destroy,
                            &error);
  g_assert_no_error (error);
}

static void
run_rtp_pipeline (const char *name, gboolean muxed)
{
  WcPortPool *pool = wc_port_pool_new (20000, 20001);
  WcUdpBinding loop = {.address = "127.0.0.1"};
  guint16 port = find_free_port ();
  WcPortLease *lease =
      wc_port_pool_take (pool, "a", &loop, port, muxed ? port : 0, NULL);
  g_autoptr (GError) error = NULL;
  Count counts[2] = {0};
  WcAddress to;

  WcPipeline *pipeline = wc_pipeline_new (name, "test", &error);
  g_assert_no_error (error);
  connect_socket (pipeline, "rtp", wc_port_lease_rtp_socket (lease), "out",
                  &counts[0]);
  if (!muxed)
    connect_socket (pipeline, "rtcp", wc_port_lease_rtcp_socket (lease),
                    "rtcp_out", &counts[1]);
  wc_pipeline_play (pipeline);

  wc_address_parse (&to, "127.0.0.1", port);
  for (guint i = 0; i < 2; i++)
    wc_udp_socket_send (wc_port_lease_rtp_socket (lease), &to, "12345", 5);
  wc_address_set_port (&to, port + 1);
  for (guint i = 0; i < 2 && !muxed; i++)
    wc_udp_socket_send (wc_port_lease_rtp_socket (lease), &to, "12345", 5);
  g_assert_true (wait_until (has_two_packets, &counts[0], 5000));
  g_assert_true (muxed || wait_until (has_two_packets, &counts[1], 5000));

  wc_pipeline_stop (pipeline);
  g_assert_true (wc_pipeline_wait_stopped (pipeline, 5000));
  g_object_unref (pipeline);
  g_assert_true (wait_until (is_destroyed, &counts[0], 5000));
  g_assert_true (muxed || wait_until (is_destroyed, &counts[1], 5000));
  wc_port_lease_free (lease);
  wc_port_pool_free (pool);
}

static void
test_rtp_pipeline (void)
{
  run_rtp_pipeline ("rtp", FALSE);
}

static void
test_rtp_muxed_pipeline (void)
{
  run_rtp_pipeline ("rtp-muxed", TRUE);
}

/* What continues a demuxer goes with its pipeline. */
static void
test_branch (void)
{
  g_autoptr (GError) error = NULL;
  Count count = {0};

  GstElement *pipeline = gst_parse_launch (
      "audiotestsrc ! audio/x-raw,rate=8000,channels=1 ! mulawenc name=end",
      &error);
  g_assert_no_error (error);
  gst_object_ref_sink (pipeline);
  GstElement *end = gst_bin_get_by_name (GST_BIN (pipeline), "end");
  GstPad *pad = gst_element_get_static_pad (end, "src");
  g_assert_true (wc_pipeline_branch (pad, "file-pcmu", on_datagram, &count,
                                     on_destroy, &error));
  g_assert_no_error (error);
  gst_object_unref (pad);
  gst_object_unref (end);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_assert_true (wait_until (has_two_packets, &count, 20000));
  stop_sender (pipeline);
  g_assert_cmpuint (atomic_load (&count.destroyed), ==, 1);
}

/* Files that are in the resource but not in this test would go untested. */
static void
test_all_texts (void)
{
  static const char *const known[] = {
      "rtp", "rtp-muxed", "rtsp", "test-x264", "test-openh264", "test-vp8",
      /* test-ingest-file.c runs them, but for AV1 */
      "file-aac", "file-av1", "file-h264", "file-h265", "file-matroska",
      "file-mp4", "file-mpegts", "file-opus", "file-pcma", "file-pcmu",
      "file-vp8", "file-vp9",
      /* test-conversion.c runs them */
      "convert-aac", "convert-aac-faad", "convert-mpa", "convert-g726",
      "convert-pcm", "convert-pcmu", "convert-pcma", "convert-opus",
      "convert-h264", "convert-h265",
      /* test-still.c runs them */
      "still-av1", "still-h264", "still-h265", "still-vp8", "still-vp9"};
  g_auto (GStrv) names = g_resources_enumerate_children (
      "/whepcast/pipelines", G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  g_assert_cmpuint (g_strv_length (names), ==, G_N_ELEMENTS (known));
  for (guint i = 0; i < G_N_ELEMENTS (known); i++) {
    g_autofree char *file = g_strconcat (known[i], ".pipeline", NULL);
    g_assert_true (g_strv_contains ((const char *const *)names, file));
  }
}

/* --- an operator's directory -----------------------------------------------
 */

static char *
make_directory (const char *name, const char *text)
{
  char *directory = g_dir_make_tmp ("whepcast-XXXXXX", NULL);
  g_autofree char *file = g_strconcat (name, ".pipeline", NULL);
  g_autofree char *path = g_build_filename (directory, file, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  wc_pipeline_set_directory (directory);
  return directory;
}

static void
remove_directory (char *directory, const char *name)
{
  g_autofree char *file = g_strconcat (name, ".pipeline", NULL);
  g_autofree char *path = g_build_filename (directory, file, NULL);

  wc_pipeline_set_directory (NULL);
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
  g_free (directory);
}

static void
test_directory (void)
{
  char *directory =
      make_directory ("rtp", "# mine\n?nosuchelement nosuchelement !\n"
                             "?fakesrc fakesrc ! fakesink name=x\n");
  g_autoptr (GError) error = NULL;
  g_autofree char *text = wc_pipeline_load_text ("rtp", &error);
  WcPipeline *pipeline = wc_pipeline_new ("rtp", "test", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (g_strstrip (text), ==, "fakesrc ! fakesink name=x");

  /* It lacks what the code asks for: an error, no crash. */
  g_assert_false (wc_pipeline_set_uint (pipeline, "rtp", "port", 1, &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL);
  g_clear_error (&error);
  g_assert_false (
      wc_pipeline_set_uint (pipeline, "x", "no-such-property", 1, &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL);
  g_clear_error (&error);
  Count count = {0};
  g_assert_false (wc_pipeline_connect_sink (pipeline, "x", on_datagram, &count,
                                            on_destroy, &error));
  g_assert_cmpuint (atomic_load (&count.destroyed), ==, 1);
  g_object_unref (pipeline);

  /* Another text still comes from the program. */
  g_clear_error (&error);
  pipeline = wc_pipeline_new ("rtp-muxed", "test", &error);
  g_assert_no_error (error);
  g_object_unref (pipeline);
  remove_directory (directory, "rtp");
}

static void
test_wrong_text (void)
{
  char *directory = make_directory ("rtp", "nosuchelement ! fakesink\n");
  g_autoptr (GError) error = NULL;

  g_assert_null (wc_pipeline_new ("rtp", "test", &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL);
  g_assert_nonnull (strstr (error->message, "nosuchelement"));
  g_clear_error (&error);
  g_assert_null (wc_pipeline_new ("nosuch", "test", &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL);
  remove_directory (directory, "rtp");
}

static gboolean
is_set (gpointer user_data)
{
  return *(char **)user_data != NULL;
}

static void
test_failure (void)
{
  char *directory =
      make_directory ("rtp", "filesrc location=/no/such/file ! fakesink\n");
  g_autoptr (GError) error = NULL;
  g_autofree char *failure = NULL;
  WcPipeline *pipeline = wc_pipeline_new ("rtp", "test", &error);

  g_assert_no_error (error);
  g_signal_connect (pipeline, "failed", G_CALLBACK (on_failed), &failure);
  wc_pipeline_play (pipeline);
  g_assert_true (wait_until (is_set, &failure, 5000));
  g_assert_nonnull (strstr (failure, "filesrc"));
  g_object_unref (pipeline);
  run_for (100);
  remove_directory (directory, "rtp");
}

/* --- a state change that hangs ---------------------------------------------
 */

typedef GstElement HangingElement;
typedef GstElementClass HangingElementClass;
static GType hanging_element_get_type (void);
G_DEFINE_TYPE (HangingElement, hanging_element, GST_TYPE_ELEMENT)

static atomic_bool hangs;
static atomic_uint gone;

static GstStateChangeReturn
hanging_element_change_state (GstElement *element, GstStateChange change)
{
  while (change == GST_STATE_CHANGE_NULL_TO_READY && atomic_load (&hangs))
    g_usleep (10000);
  return GST_ELEMENT_CLASS (hanging_element_parent_class)
      ->change_state (element, change);
}

static void
hanging_element_finalize (GObject *object)
{
  atomic_fetch_add (&gone, 1);
  G_OBJECT_CLASS (hanging_element_parent_class)->finalize (object);
}

static void
hanging_element_class_init (HangingElementClass *klass)
{
  klass->change_state = hanging_element_change_state;
  G_OBJECT_CLASS (klass)->finalize = hanging_element_finalize;
  gst_element_class_set_static_metadata (klass, "Hangs", "Generic", "Hangs",
                                         "nobody");
}

static void
hanging_element_init (HangingElement *element)
{
}

static gboolean
is_gone (gpointer user_data)
{
  return atomic_load (&gone) == 1;
}

static void
test_hang (void)
{
  char *directory = make_directory ("rtp", "hangs fakesrc ! fakesink\n");
  g_autoptr (GError) error = NULL;
  g_autofree char *failure = NULL;
  guint before = wc_pipeline_abandoned ();

  gst_element_register (NULL, "hangs", GST_RANK_NONE,
                        hanging_element_get_type ());
  atomic_store (&hangs, TRUE);
  wc_pipeline_set_deadline_ms (300);
  WcPipeline *pipeline = wc_pipeline_new ("rtp", "test", &error);
  g_assert_no_error (error);
  g_signal_connect (pipeline, "failed", G_CALLBACK (on_failed), &failure);
  wc_pipeline_play (pipeline);
  g_assert_cmpuint (wc_pipeline_n_changing (), ==, 1);
  g_assert_true (wait_until (is_set, &failure, 5000));
  g_assert_nonnull (strstr (failure, "abandoned"));
  g_assert_cmpuint (wc_pipeline_abandoned (), ==, before + 1);
  g_assert_cmpuint (wc_pipeline_n_changing (), ==, 0);

  /* Who drops it does not wait for it... */
  wc_pipeline_stop (pipeline);
  g_assert_false (wc_pipeline_wait_stopped (pipeline, 50));
  g_object_unref (pipeline);
  run_for (400);
  g_assert_cmpuint (atomic_load (&gone), ==, 0);
  g_assert_cmpuint (wc_pipeline_abandoned (), ==, before + 1);

  /* ... and should it come back after all, it cleans up behind itself. */
  atomic_store (&hangs, FALSE);
  g_assert_true (wait_until (is_gone, NULL, 5000));
  g_assert_cmpuint (wc_pipeline_n_changing (), ==, 0);
  wc_pipeline_set_deadline_ms (0);
  remove_directory (directory, "rtp");
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (test_texts); i++) {
    g_autofree char *path =
        g_strdup_printf ("/pipelines/%s", test_texts[i].name);
    g_test_add_data_func (path, &test_texts[i], test_test_pipeline);
  }
  g_test_add_func ("/pipelines/rtp", test_rtp_pipeline);
  g_test_add_func ("/pipelines/rtp-muxed", test_rtp_muxed_pipeline);
  g_test_add_func ("/pipelines/branch", test_branch);
  g_test_add_func ("/pipelines/all", test_all_texts);
  g_test_add_func ("/pipelines/directory", test_directory);
  g_test_add_func ("/pipelines/wrong-text", test_wrong_text);
  g_test_add_func ("/pipelines/failure", test_failure);
  g_test_add_func ("/pipelines/hang", test_hang);
  return g_test_run ();
}
