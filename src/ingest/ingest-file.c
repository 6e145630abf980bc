/* SPDX-License-Identifier: MIT */
/* One pipeline is one pass through the file. When it has come to the end, which
 * is a second before that is played, the next pass begins with a new one. */
#include "ingest/ingest-file.h"

#include "base/log.h"
#include "ingest/file-path.h"
#include "ingest/file-player.h"
#include "ingest/pipeline-branch.h"

struct _WcIngestFile {
  WcIngestRemote parent;
  WcFilePlayer *player; /* NULL: not connected */
  WcPipeline *pipeline; /* of this pass */
};

G_DEFINE_FINAL_TYPE (WcIngestFile, wc_ingest_file, WC_TYPE_INGEST_REMOTE)

/* What a demuxer shows, and the text that continues it. */
static const struct {
  const char *caps;
  const char *branch;
  WcMedia media;
} codecs[] = {
    {"video/x-h264", "file-h264", WC_MEDIA_VIDEO},
    {"video/x-h265", "file-h265", WC_MEDIA_VIDEO},
    {"video/x-vp8", "file-vp8", WC_MEDIA_VIDEO},
    {"video/x-vp9", "file-vp9", WC_MEDIA_VIDEO},
    {"video/x-av1", "file-av1", WC_MEDIA_VIDEO},
    {"audio/x-opus", "file-opus", WC_MEDIA_AUDIO},
    {"audio/x-mulaw", "file-pcmu", WC_MEDIA_AUDIO},
    {"audio/x-alaw", "file-pcma", WC_MEDIA_AUDIO},
    {"audio/mpeg, mpegversion = (int) { 2, 4 }", "file-aac", WC_MEDIA_AUDIO},
};

/* --- one pass, on its streaming thread -------------------------------------
 */

typedef struct {
  WcFilePlayer *player;
  gboolean has[WC_N_MEDIA]; /* of further tracks of a medium none is played */
} Pass;

static void
pass_free (gpointer data)
{
  Pass *pass = data;

  wc_file_player_unref (pass->player);
  g_free (pass);
}

static int
find_codec (const GstCaps *caps)
{
  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++) {
    g_autoptr (GstCaps) known = gst_caps_from_string (codecs[i].caps);
    if (gst_caps_can_intersect (caps, known))
      return (int)i;
  }
  return -1;
}

/* A file whose picture cannot be played is refused; sound and whatever else is
 * left out. */
static void
note_unknown (Pass *pass, const GstCaps *caps)
{
  const char *name =
      gst_caps_is_empty (caps)
          ? "unknown"
          : gst_structure_get_name (gst_caps_get_structure (caps, 0));
  g_autofree char *reason = g_strdup_printf (
      "it holds %s, which cannot be played; files may hold H264, H265, VP8, "
      "VP9 or AV1 and Opus, AAC or G.711",
      name);

  if (g_str_has_prefix (name, "video/"))
    wc_file_player_fail (pass->player, reason);
  else
    wc_warning ("a file is played without a part of it: %s", reason);
}

static void
continue_pad (Pass *pass, GstPad *pad, int codec)
{
  g_autoptr (GError) error = NULL;
  WcMedia media = codecs[codec].media;

  if (pass->has[media])
    return;
  pass->has[media] = TRUE;
  if (!wc_pipeline_branch (pad, codecs[codec].branch,
                           media == WC_MEDIA_AUDIO ? wc_file_player_take_audio
                                                   : wc_file_player_take_video,
                           wc_file_player_ref (pass->player),
                           wc_file_player_unref, &error))
    wc_file_player_fail (pass->player, error->message);
}

static void
on_pad (GstPad *pad, gpointer user_data)
{
  Pass *pass = user_data;
  g_autoptr (GstCaps) caps = NULL;
  int codec;

  if (pad == NULL) {
    if (!pass->has[WC_MEDIA_AUDIO] && !pass->has[WC_MEDIA_VIDEO])
      wc_file_player_fail (pass->player,
                           "it holds neither picture nor sound to play");
    return;
  }
  caps = gst_pad_get_current_caps (pad);
  if (caps == NULL)
    caps = gst_pad_query_caps (pad, NULL);
  codec = find_codec (caps);
  if (codec >= 0)
    continue_pad (pass, pad, codec);
  else
    note_unknown (pass, caps);
}

/* --- the main thread ------------------------------------------------------ */

static void on_pipeline_failed (WcPipeline *pipeline, const char *reason,
                                WcIngestFile *self);

static void
drop_pipeline (WcIngestFile *self)
{
  if (self->pipeline == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->pipeline, self);
  wc_pipeline_stop (self->pipeline);
  g_clear_object (&self->pipeline);
}

static WcPipeline *
make_pipeline (WcIngestFile *self, const char *path, GError **error)
{
  const char *name = wc_file_path_pipeline (path, error);
  g_autoptr (WcPipeline) pipeline =
      name != NULL
          ? wc_pipeline_new (name, wc_ingest_spec (WC_INGEST (self))->id, error)
          : NULL;
  Pass *pass;

  if (pipeline == NULL ||
      !wc_pipeline_set_string (pipeline, "file", "location", path, error))
    return NULL;
  pass = g_new0 (Pass, 1);
  pass->player = wc_file_player_ref (self->player);
  if (!wc_pipeline_connect_pads (pipeline, "demux", on_pad, pass, pass_free,
                                 error))
    return NULL;
  return g_steal_pointer (&pipeline);
}

static gboolean
begin_pass (WcIngestFile *self, GError **error)
{
  const WcMountpointSpec *spec = wc_ingest_spec (WC_INGEST (self));
  const WcConfig *config = wc_ingest_context (WC_INGEST (self))->config;
  g_autofree char *path =
      wc_file_path_resolve (config->files_directory, spec->path, error);

  drop_pipeline (self);
  if (path == NULL)
    return FALSE;
  self->pipeline = make_pipeline (self, path, error);
  if (self->pipeline == NULL)
    return FALSE;
  g_signal_connect (self->pipeline, "failed", G_CALLBACK (on_pipeline_failed),
                    self);
  wc_pipeline_play (self->pipeline);
  return TRUE;
}

static void
give_up (WcIngestFile *self, const char *reason)
{
  g_autofree char *text = g_strdup_printf (
      "%s: %s", wc_ingest_spec (WC_INGEST (self))->path, reason);

  wc_ingest_remote_failed (WC_INGEST_REMOTE (self), WC_REMOTE_CONFIGURATION,
                           text);
}

/* The player knows better than the pipeline what was wrong. */
static void
on_pipeline_failed (WcPipeline *pipeline, const char *reason,
                    WcIngestFile *self)
{
  g_autofree char *failure = wc_file_player_dup_failure (self->player);
  g_autoptr (GError) error = NULL;

  if (failure != NULL)
    give_up (self, failure);
  else if (!wc_pipeline_has_ended (pipeline))
    give_up (self, reason);
  else if (!wc_file_player_end_pass (self->player, &error) ||
           !begin_pass (self, &error))
    give_up (self, error->message);
}

static gboolean
wc_ingest_file_connect (WcIngestRemote *remote, GError **error)
{
  WcIngestFile *self = WC_INGEST_FILE (remote);
  WcSourceTrack *tracks[WC_N_MEDIA];

  for (guint i = 0; i < WC_N_MEDIA; i++)
    tracks[i] = wc_ingest_remote_track (remote, i);
  self->player = wc_file_player_new (tracks);
  return begin_pass (self, error);
}

static void
wc_ingest_file_disconnect (WcIngestRemote *remote)
{
  WcIngestFile *self = WC_INGEST_FILE (remote);

  if (self->player != NULL)
    wc_file_player_close (self->player); /* whoever hands in may go on */
  drop_pipeline (self);
  g_clear_pointer (&self->player, wc_file_player_unref);
}

static void
wc_ingest_file_look (WcIngestRemote *remote, gint64 now_us)
{
  WcIngestFile *self = WC_INGEST_FILE (remote);
  g_autofree char *failure =
      self->player != NULL ? wc_file_player_dup_failure (self->player) : NULL;

  if (failure != NULL)
    give_up (self, failure);
}

/* --- making one ----------------------------------------------------------- */

WcIngest *
wc_ingest_file_new (WcMountpointSpec *spec, const WcIngestContext *context,
                    GError **error)
{
  WcIngestFile *self;

  if (context->config->files_directory == NULL) {
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
                 "mountpoint \"%s\": kind file needs the key directory in the "
                 "group [files] of the configuration",
                 spec->id);
    return NULL;
  }
  self = g_object_new (WC_TYPE_INGEST_FILE, NULL);
  wc_ingest_remote_init_source (WC_INGEST_REMOTE (self), spec, context);
  return WC_INGEST (self);
}

static void
wc_ingest_file_class_init (WcIngestFileClass *klass)
{
  WcIngestRemoteClass *remote_class = WC_INGEST_REMOTE_CLASS (klass);

  remote_class->pulls = TRUE;
  remote_class->connect = wc_ingest_file_connect;
  remote_class->disconnect = wc_ingest_file_disconnect;
  remote_class->look = wc_ingest_file_look;
}

static void
wc_ingest_file_init (WcIngestFile *self)
{
}
