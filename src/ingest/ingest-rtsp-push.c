/* SPDX-License-Identifier: MIT */
#include "ingest/ingest-rtsp-push.h"

#include "base/clock.h"
#include "base/log.h"
#include "ingest/rtsp-server.h"

#include <gst/rtsp/rtsp.h>

struct _WcIngestRtspPush {
  WcIngestRemote parent;
  WcRtspServer *server;
  WcRtspPoint *point;
  WcRtspPublisher *publisher; /* NULL: nobody publishes */
};

G_DEFINE_FINAL_TYPE (WcIngestRtspPush, wc_ingest_rtsp_push,
                     WC_TYPE_INGEST_REMOTE)

static const char *
id_of (WcIngestRtspPush *self)
{
  return wc_ingest_spec (WC_INGEST (self))->id;
}

/* --- who may publish ------------------------------------------------------
 */

/* One that has fallen silent does not keep others out. */
static gboolean
may_replace (WcIngestRtspPush *self)
{
  return wc_ingest_spec (WC_INGEST (self))->publisher_takeover ||
         wc_ingest_state (WC_INGEST (self)) == WC_INGEST_LOST;
}

static gboolean
check_place (WcIngestRtspPush *self, WcRtspVerdict *verdict)
{
  char text[WC_ADDRESS_STRLEN];

  if (self->publisher == NULL || may_replace (self))
    return TRUE;
  wc_rtsp_verdict_set (
      verdict, GST_RTSP_STS_NOT_ENOUGH_BANDWIDTH,
      "%s publishes already; publisher_takeover lets the newest in",
      wc_address_ip (wc_rtsp_publisher_address (self->publisher), text));
  return FALSE;
}

static void
drop_publisher (WcIngestRtspPush *self)
{
  if (self->publisher == NULL)
    return;
  wc_rtsp_publisher_close (self->publisher);
  g_clear_pointer (&self->publisher, wc_rtsp_publisher_unref);
}

/* --- what is taken of it --------------------------------------------------
 */

typedef struct {
  gboolean has[WC_N_MEDIA];
  GString *taken, *refused; /* for people */
} Choice;

static void
clear_choice (Choice *choice)
{
  g_string_free (choice->taken, TRUE);
  g_string_free (choice->refused, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Choice, clear_choice)

static void
append (GString *list, const char *separator, const char *text)
{
  if (list->len > 0)
    g_string_append (list, separator);
  g_string_append (list, text);
}

/* The first of a medium that can be played. */
static void
consider (WcIngestRtspPush *self, WcRtspPublisher *publisher, guint index,
          Choice *choice)
{
  WcSourceFormat format;
  g_autoptr (GError) error = NULL;

  if (!wc_rtsp_publisher_get_format (publisher, index, &format))
    append (choice->refused, "; ",
            "a stream that is neither audio nor video, or does not say how it "
            "is coded");
  else if (choice->has[format.media])
    append (choice->refused, "; ", "a second stream of its kind");
  else {
    WcSourceTrack *track =
        wc_ingest_remote_track (WC_INGEST_REMOTE (self), format.media);
    choice->has[format.media] =
        wc_source_track_set_format (track, &format, &error);
    if (choice->has[format.media])
      wc_rtsp_publisher_take (publisher, index, track);
    append (error == NULL ? choice->taken : choice->refused,
            error == NULL ? " and " : "; ",
            error == NULL ? format.encoding : error->message);
  }
  wc_source_format_clear (&format);
}

static gboolean
choose_streams (WcIngestRtspPush *self, WcRtspPublisher *publisher,
                WcRtspVerdict *verdict)
{
  g_auto (Choice) choice = {
      .taken = g_string_new (NULL),
      .refused = g_string_new (NULL),
  };
  char text[WC_ADDRESS_STRLEN];

  for (guint i = 0; i < wc_rtsp_publisher_n_streams (publisher); i++)
    consider (self, publisher, i, &choice);
  if (choice.taken->len == 0) {
    wc_rtsp_verdict_set (verdict, GST_RTSP_STS_UNSUPPORTED_MEDIA_TYPE, "%s",
                         choice.refused->str);
    return FALSE;
  }
  if (choice.refused->len > 0)
    wc_warning ("%s: not taken: %s", id_of (self), choice.refused->str);
  wc_info ("%s: %s publishes %s by RTSP", id_of (self),
           wc_address_ip (wc_rtsp_publisher_address (publisher), text),
           choice.taken->str);
  wc_rtsp_verdict_set (verdict, GST_RTSP_STS_OK, "OK");
  return TRUE;
}

/* --- what the RTSP server tells -------------------------------------------
 */

static void
on_announced (WcRtspPublisher *publisher, WcRtspVerdict *verdict,
              gpointer user_data)
{
  WcIngestRtspPush *self = user_data;
  g_autoptr (WcIngestRemote) keep G_GNUC_UNUSED =
      g_object_ref (WC_INGEST_REMOTE (self));

  if (!check_place (self, verdict))
    return;
  drop_publisher (self);
  wc_ingest_remote_came (WC_INGEST_REMOTE (self));
  if (!choose_streams (self, publisher, verdict)) {
    wc_rtsp_publisher_revoke (publisher);
    wc_ingest_remote_gone (WC_INGEST_REMOTE (self), FALSE, verdict->message);
    return;
  }
  self->publisher = wc_rtsp_publisher_ref (publisher);
}

static void
on_gone (WcRtspPublisher *publisher, gboolean said_goodbye, gpointer user_data)
{
  WcIngestRtspPush *self = user_data;
  g_autoptr (WcIngestRemote) keep G_GNUC_UNUSED =
      g_object_ref (WC_INGEST_REMOTE (self));

  wc_rtsp_publisher_revoke (publisher);
  if (publisher != self->publisher)
    return;
  g_clear_pointer (&self->publisher, wc_rtsp_publisher_unref);
  wc_ingest_remote_gone (WC_INGEST_REMOTE (self), said_goodbye,
                         "the publisher's connection ended without TEARDOWN");
}

static const WcRtspPointFuncs point_funcs = {
    .announced = on_announced,
    .gone = on_gone,
};

/* --- WcIngestRemote -------------------------------------------------------
 */

static gboolean
wc_ingest_rtsp_push_connect (WcIngestRemote *remote, GError **error)
{
  wc_rtsp_point_set_open (WC_INGEST_RTSP_PUSH (remote)->point, TRUE);
  return TRUE;
}

static void
wc_ingest_rtsp_push_disconnect (WcIngestRemote *remote)
{
  WcIngestRtspPush *self = WC_INGEST_RTSP_PUSH (remote);

  wc_rtsp_point_set_open (self->point, FALSE);
  drop_publisher (self);
}

static void
wc_ingest_rtsp_push_ask_key_frame (WcIngestRemote *remote, WcMedia media)
{
  WcIngestRtspPush *self = WC_INGEST_RTSP_PUSH (remote);

  if (self->publisher != NULL)
    wc_rtsp_publisher_ask_key_frame (self->publisher);
}

static void
wc_ingest_rtsp_push_spec_changed (WcIngest *ingest)
{
  wc_rtsp_point_set_token (WC_INGEST_RTSP_PUSH (ingest)->point,
                           wc_ingest_spec (ingest)->publish_token);
}

/* --- making one -----------------------------------------------------------
 */

WcIngest *
wc_ingest_rtsp_push_new (WcMountpointSpec *spec, const WcIngestContext *context,
                         GError **error)
{
  g_autoptr (WcIngestRtspPush) self =
      g_object_new (WC_TYPE_INGEST_RTSP_PUSH, NULL);

  wc_ingest_remote_init_source (WC_INGEST_REMOTE (self), spec, context);
  self->server = context->rtsp;
  self->point =
      wc_rtsp_point_new (spec->id, spec->publish_token, &point_funcs, self);
  if (!wc_rtsp_server_add (self->server, self->point, error)) {
    g_prefix_error (error, "mountpoint \"%s\": ", spec->id);
    return NULL;
  }
  return WC_INGEST (g_steal_pointer (&self));
}

/* --- GObject --------------------------------------------------------------
 */

static void
wc_ingest_rtsp_push_dispose (GObject *object)
{
  WcIngestRtspPush *self = WC_INGEST_RTSP_PUSH (object);

  G_OBJECT_CLASS (wc_ingest_rtsp_push_parent_class)->dispose (object);
  drop_publisher (self);
  if (self->point == NULL)
    return;
  wc_rtsp_point_detach (self->point);
  wc_rtsp_server_remove (self->server, self->point);
  g_clear_pointer (&self->point, wc_rtsp_point_unref);
}

static void
wc_ingest_rtsp_push_class_init (WcIngestRtspPushClass *klass)
{
  WcIngestRemoteClass *remote_class = WC_INGEST_REMOTE_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = wc_ingest_rtsp_push_dispose;
  WC_INGEST_CLASS (klass)->spec_changed = wc_ingest_rtsp_push_spec_changed;
  remote_class->connect = wc_ingest_rtsp_push_connect;
  remote_class->disconnect = wc_ingest_rtsp_push_disconnect;
  remote_class->ask_key_frame = wc_ingest_rtsp_push_ask_key_frame;
}

static void
wc_ingest_rtsp_push_init (WcIngestRtspPush *self)
{
}
