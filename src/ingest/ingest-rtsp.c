/* SPDX-License-Identifier: MIT */
#include "ingest/ingest-rtsp.h"

#include "base/log.h"
#include "config/url.h"
#include "ingest/pipeline.h"
#include "ingest/rtsp-extension.h"
#include "ingest/rtsp-failure.h"
#include "ingest/rtsp-knock.h"
#include "ingest/rtsp-tap.h"
#include "ingest/tls-pin.h"

#include <string.h>

#define PORT 554
#define TLS_PORT 322
#define KNOCK_TIMEOUT_MS 5000
/* From the answer to PLAY to the first packet by UDP. */
#define UDP_WAIT_US (1500 * 1000)
#define UDP_GIVE_UP_US (5 * G_USEC_PER_SEC)
/* How long the next connection waits for the end of the one before: many
 * cameras have room for one session only. */
#define LEAVE_TIMEOUT_US (700 * 1000)

/* GstRTSPLowerTrans, as rtspsrc's `protocols` */
enum { OVER_UDP = 1, OVER_TCP = 4 };

struct _WcIngestRtsp {
  WcIngestRemote parent;
  char *location; /* without user and password */
  char *user, *password;
  char *fingerprint;
  gboolean is_tls;
  gboolean only_tcp;   /* nothing came by UDP */
  gboolean has_played; /* since it was made: the configuration is right */

  /* of the present attempt */
  GCancellable *knock; /* NULL: not knocking */
  GInetAddress *host;
  WcRtspGuard *guard;
  WcRtspInput *inputs[WC_N_MEDIA];
  WcRtspTap *tap;
  WcPipeline *pipeline; /* NULL: not connected */
  WcPipeline *leaving;  /* NULL: none; the one that TCP takes the place of */
  gint64 left_us;
};

G_DEFINE_FINAL_TYPE (WcIngestRtsp, wc_ingest_rtsp, WC_TYPE_INGEST_REMOTE)

static const char *
label (WcIngestRtsp *self)
{
  return wc_ingest_spec (WC_INGEST (self))->id;
}

/* --- failures --------------------------------------------------------------
 */

/* A camera that has worked is starting up, or busy: it is worth trying again,
 * unless it is the password. */
static WcRemoteFailure
weigh_failure (WcIngestRtsp *self, const WcRtspReport *report,
               WcRemoteFailure failure)
{
  if (self->has_played && report->refusal == NULL &&
      report->certificate == NULL && report->status != 401)
    return WC_REMOTE_TRANSIENT;
  return failure;
}

/* Asked for TCP because nothing came by UDP. */
static char *
explain_no_tcp (WcIngestRtsp *self, char *reason)
{
  self->only_tcp = FALSE;
  g_free (reason);
  return g_strdup ("nothing comes by UDP, and it does not send by TCP (461): "
                   "does a firewall keep UDP away?");
}

static void
on_pipeline_failed (WcPipeline *pipeline, const char *text, WcIngestRtsp *self)
{
  const char *cause =
      g_str_has_prefix (text, "source: ") ? text + strlen ("source: ") : text;
  WcRtspReport report;
  WcRemoteFailure failure;
  g_autofree char *reason = NULL;

  wc_rtsp_guard_get_report (self->guard, &report);
  reason =
      wc_rtsp_failure_explain (&report, cause, self->user != NULL, &failure);
  failure = weigh_failure (self, &report, failure);
  if (self->only_tcp && report.status == 461)
    reason = explain_no_tcp (self, g_steal_pointer (&reason));
  wc_rtsp_report_clear (&report);
  wc_ingest_remote_failed (WC_INGEST_REMOTE (self), failure, reason);
}

/* --- the pipeline ----------------------------------------------------------
 */

/* UDP is not encrypted: a source by TLS sends on its connection. */
static guint
choose_protocols (WcIngestRtsp *self)
{
  switch (wc_ingest_spec (WC_INGEST (self))->transport) {
  case WC_RTSP_TCP:
    return OVER_TCP;
  case WC_RTSP_UDP:
    return OVER_UDP;
  case WC_RTSP_AUTO:
    break;
  }
  return self->only_tcp || self->is_tls ? OVER_TCP : OVER_UDP | OVER_TCP;
}

static gboolean
set_parameters (WcIngestRtsp *self, WcPipeline *pipeline, GError **error)
{
  return wc_pipeline_set_string (pipeline, "source", "location", self->location,
                                 error) &&
         wc_pipeline_set_string (pipeline, "source", "user-id", self->user,
                                 error) &&
         wc_pipeline_set_string (pipeline, "source", "user-pw", self->password,
                                 error) &&
         wc_pipeline_set_uint (pipeline, "source", "protocols",
                               choose_protocols (self), error);
}

/* rtspsrc's thread. */
static gboolean
on_accept_certificate (GstElement *source, GTlsConnection *connection,
                       GTlsCertificate *certificate, GTlsCertificateFlags flags,
                       WcRtspGuard *guard)
{
  return wc_rtsp_guard_check_certificate (guard, certificate);
}

static void
release_guard (gpointer guard, GClosure *closure)
{
  wc_rtsp_guard_unref (guard);
}

static gboolean
connect_source (WcIngestRtsp *self, WcPipeline *pipeline, GError **error)
{
  g_autoptr (GstElement) source =
      wc_pipeline_get_element (pipeline, "source", error);

  if (source == NULL)
    return FALSE;
  g_signal_connect_data (source, "accept-certificate",
                         G_CALLBACK (on_accept_certificate),
                         wc_rtsp_guard_ref (self->guard), release_guard, 0);
  self->tap = wc_rtsp_tap_new (source, self->guard, self->inputs);
  return TRUE;
}

static void
make_guard (WcIngestRtsp *self)
{
  WcSourceTrack *tracks[WC_N_MEDIA];

  for (guint i = 0; i < WC_N_MEDIA; i++) {
    tracks[i] = wc_ingest_remote_track (WC_INGEST_REMOTE (self), i);
    self->inputs[i] = wc_rtsp_input_new (tracks[i], self->host);
  }
  self->guard = wc_rtsp_guard_new (tracks, self->fingerprint);
}

static WcPipeline *
make_pipeline (WcIngestRtsp *self, GError **error)
{
  g_autoptr (WcPipeline) pipeline = NULL;

  wc_rtsp_extension_register ();
  make_guard (self);
  wc_rtsp_guard_set_next (self->guard);
  pipeline = wc_pipeline_new ("rtsp", label (self), error);
  wc_rtsp_guard_set_next (NULL);
  if (pipeline == NULL || !set_parameters (self, pipeline, error) ||
      !connect_source (self, pipeline, error))
    return NULL;
  return g_steal_pointer (&pipeline);
}

static gboolean
start_pipeline (WcIngestRtsp *self, GError **error)
{
  self->pipeline = make_pipeline (self, error);
  if (self->pipeline == NULL)
    return FALSE;
  g_signal_connect (self->pipeline, "failed", G_CALLBACK (on_pipeline_failed),
                    self);
  wc_pipeline_play (self->pipeline);
  return TRUE;
}

static void
drop_pipeline (WcIngestRtsp *self)
{
  if (self->pipeline != NULL) {
    g_signal_handlers_disconnect_by_data (self->pipeline, self);
    wc_pipeline_stop (self->pipeline);
  }
  g_clear_object (&self->pipeline);
  g_clear_object (&self->leaving);
  g_clear_pointer (&self->tap, wc_rtsp_tap_free);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    g_clear_pointer (&self->inputs[i], wc_rtsp_input_unref);
  g_clear_pointer (&self->guard, wc_rtsp_guard_unref);
}

/* --- one attempt -----------------------------------------------------------
 */

static void
begin (WcIngestRtsp *self, GInetAddress *host)
{
  g_autoptr (GError) error = NULL;

  g_set_object (&self->host, host);
  if (!start_pipeline (self, &error))
    wc_ingest_remote_failed (WC_INGEST_REMOTE (self), WC_REMOTE_CONFIGURATION,
                             error->message);
}

static void
on_knocked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (WcIngestRtsp) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) host = wc_rtsp_knock_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->knock);
  if (host != NULL)
    begin (self, host);
  else
    wc_ingest_remote_failed (WC_INGEST_REMOTE (self), WC_REMOTE_TRANSIENT,
                             error->message);
}

static gboolean
wc_ingest_rtsp_connect (WcIngestRemote *remote, GError **error)
{
  WcIngestRtsp *self = WC_INGEST_RTSP (remote);

  wc_ingest_remote_set_note (remote, NULL);
  self->knock = g_cancellable_new ();
  wc_rtsp_knock_async (self->location, self->is_tls ? TLS_PORT : PORT,
                       KNOCK_TIMEOUT_MS, self->knock, on_knocked,
                       g_object_ref (self));
  return TRUE;
}

static void
wc_ingest_rtsp_disconnect (WcIngestRemote *remote)
{
  WcIngestRtsp *self = WC_INGEST_RTSP (remote);

  if (self->knock != NULL)
    g_cancellable_cancel (self->knock);
  g_clear_object (&self->knock);
  drop_pipeline (self);
}

/* --- looking on ------------------------------------------------------------
 */

static gboolean
has_packets (WcIngestRtsp *self)
{
  gboolean any = FALSE;

  for (guint i = 0; i < WC_N_MEDIA; i++) {
    WcSourceTrackStatus status;

    wc_source_track_get_status (
        wc_ingest_remote_track (WC_INGEST_REMOTE (self), i), &status);
    any |= status.last_packet_us != 0;
    wc_source_track_status_clear (&status);
  }
  return any;
}

static void
fall_back (WcIngestRtsp *self, gint64 now_us)
{
  WcPipeline *pipeline = g_object_ref (self->pipeline);

  wc_info ("%s: nothing comes by UDP; asking for TCP", label (self));
  self->only_tcp = TRUE;
  drop_pipeline (self);
  self->leaving = pipeline;
  self->left_us = now_us;
}

static void
maybe_follow (WcIngestRtsp *self, gint64 now_us)
{
  g_autoptr (GError) error = NULL;

  if (!wc_pipeline_wait_stopped (self->leaving, 0) &&
      now_us - self->left_us < LEAVE_TIMEOUT_US)
    return;
  g_clear_object (&self->leaving);
  if (!start_pipeline (self, &error))
    wc_ingest_remote_failed (WC_INGEST_REMOTE (self), WC_REMOTE_CONFIGURATION,
                             error->message);
}

static void
give_up_udp (WcIngestRtsp *self)
{
  guint64 foreign = 0;

  for (guint i = 0; i < WC_N_MEDIA; i++)
    foreign += wc_rtsp_input_n_foreign (self->inputs[i]);
  wc_ingest_remote_failed (
      WC_INGEST_REMOTE (self), WC_REMOTE_TRANSIENT,
      foreign > 0 ? "packets come by UDP, but from another address than the "
                    "camera's; set transport to tcp"
                  : "nothing comes by UDP: does a firewall keep it away? Or "
                    "set transport to tcp");
}

static void
look_at_udp (WcIngestRtsp *self, gint64 now_us, gint64 waited_us)
{
  if (wc_ingest_spec (WC_INGEST (self))->transport == WC_RTSP_AUTO) {
    if (waited_us > UDP_WAIT_US)
      fall_back (self, now_us);
  } else if (waited_us > UDP_GIVE_UP_US) {
    give_up_udp (self);
  }
}

/* What was refused rtspsrc may end without an error. */
static void
look_at_pipeline (WcIngestRtsp *self, gint64 now_us)
{
  WcRtspReport report;

  wc_rtsp_guard_get_report (self->guard, &report);
  wc_ingest_remote_set_note (WC_INGEST_REMOTE (self), report.left_out);
  if (report.refusal != NULL)
    on_pipeline_failed (self->pipeline, report.refusal, self);
  else if (has_packets (self))
    self->has_played = TRUE;
  else if (report.played_us != 0 && report.over == WC_RTSP_OVER_UDP)
    look_at_udp (self, now_us, now_us - report.played_us);
  wc_rtsp_report_clear (&report);
}

static void
wc_ingest_rtsp_look (WcIngestRemote *remote, gint64 now_us)
{
  WcIngestRtsp *self = WC_INGEST_RTSP (remote);

  if (self->leaving != NULL)
    maybe_follow (self, now_us);
  else if (self->pipeline != NULL)
    look_at_pipeline (self, now_us);
}

static void
wc_ingest_rtsp_ask_key_frame (WcIngestRemote *remote, WcMedia media)
{
  WcIngestRtsp *self = WC_INGEST_RTSP (remote);

  if (self->tap != NULL)
    wc_rtsp_tap_ask_key_frame (self->tap, media);
}

/* --- WcIngest --------------------------------------------------------------
 */

static void
wc_ingest_rtsp_get_track_info (WcIngest *ingest, WcMedia media,
                               WcIngestTrackInfo *info)
{
  WcIngestRtsp *self = WC_INGEST_RTSP (ingest);

  WC_INGEST_CLASS (wc_ingest_rtsp_parent_class)
      ->get_track_info (ingest, media, info);
  if (self->pipeline != NULL && info->present)
    info->source = g_inet_address_to_string (self->host);
}

/* --- making one ------------------------------------------------------------
 */

static void
take_spec (WcIngestRtsp *self, const WcMountpointSpec *spec)
{
  self->location = wc_url_split_user (spec->url, &self->user, &self->password);
  if (spec->username != NULL) {
    g_free (self->user);
    self->user = g_strdup (spec->username);
  }
  if (spec->password != NULL) {
    g_free (self->password);
    self->password = g_strdup (spec->password);
  }
  if (self->user != NULL && self->password == NULL)
    self->password = g_strdup ("");
  self->fingerprint = wc_tls_pin_read (spec->tls_fingerprint);
  self->is_tls = g_str_has_prefix (self->location, "rtsps:");
}

WcIngest *
wc_ingest_rtsp_new (WcMountpointSpec *spec, const WcIngestContext *context,
                    GError **error)
{
  WcIngestRtsp *self;

  if (!wc_pipeline_has_element ("rtspsrc")) {
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL,
                 "mountpoint \"%s\": GStreamer has no rtspsrc; install "
                 "gstreamer1.0-plugins-good",
                 spec->id);
    return NULL;
  }
  self = g_object_new (WC_TYPE_INGEST_RTSP, NULL);
  take_spec (self, spec);
  wc_ingest_remote_init_source (WC_INGEST_REMOTE (self), spec, context);
  return WC_INGEST (self);
}

/* --- GObject ---------------------------------------------------------------
 */

static void
wc_ingest_rtsp_dispose (GObject *object)
{
  WcIngestRtsp *self = WC_INGEST_RTSP (object);

  G_OBJECT_CLASS (wc_ingest_rtsp_parent_class)->dispose (object);
  wc_ingest_rtsp_disconnect (WC_INGEST_REMOTE (self));
  g_clear_object (&self->host);
}

static void
wc_ingest_rtsp_finalize (GObject *object)
{
  WcIngestRtsp *self = WC_INGEST_RTSP (object);

  g_free (self->location);
  g_free (self->user);
  g_free (self->password);
  g_free (self->fingerprint);
  G_OBJECT_CLASS (wc_ingest_rtsp_parent_class)->finalize (object);
}

static void
wc_ingest_rtsp_class_init (WcIngestRtspClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  WcIngestRemoteClass *remote_class = WC_INGEST_REMOTE_CLASS (klass);

  object_class->dispose = wc_ingest_rtsp_dispose;
  object_class->finalize = wc_ingest_rtsp_finalize;
  WC_INGEST_CLASS (klass)->get_track_info = wc_ingest_rtsp_get_track_info;
  remote_class->pulls = TRUE;
  remote_class->connect = wc_ingest_rtsp_connect;
  remote_class->disconnect = wc_ingest_rtsp_disconnect;
  remote_class->ask_key_frame = wc_ingest_rtsp_ask_key_frame;
  remote_class->look = wc_ingest_rtsp_look;
}

static void
wc_ingest_rtsp_init (WcIngestRtsp *self)
{
}
