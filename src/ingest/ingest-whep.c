/* SPDX-License-Identifier: MIT */
/* An attempt: a peer connection finds its addresses, its offer is POSTed, the
 * answer given to it, and packets come. */
#include "ingest/ingest-whep.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "ingest/source-rtcp.h"
#include "ingest/whep-http.h"
#include "peer/whep-client.h"

#include <stdatomic.h>

/* How long a missing packet is waited for, while it is asked for again. */
#define LATENCY_MS 100

/* What the peer connection's threads know. */
typedef struct {
  WcIngestWhep *owner; /* the main thread's */
  WcSourceTrack *tracks[WC_N_MEDIA];
  _Atomic guint32 ssrcs[WC_N_MEDIA];
} Link;

struct _WcIngestWhep {
  WcIngestRemote parent;
  WcWhepHttp *http;
  WcWhepClient *client;      /* NULL: not connected */
  GCancellable *cancellable; /* of the POST under way */
  char *session_url;         /* nullable */
  gint64 not_before_us;      /* the server asked to be left alone */
};

G_DEFINE_FINAL_TYPE (WcIngestWhep, wc_ingest_whep, WC_TYPE_INGEST_REMOTE)

/* --- streaming threads ------------------------------------------------------
 */

static void
on_rtp (WcMedia media, const guint8 *data, gsize size, gpointer user_data)
{
  Link *link = user_data;

  if (size >= 12)
    atomic_store (&link->ssrcs[media], wc_read_u32 (data + 8));
  wc_source_track_push_rtp (link->tracks[media], data, size,
                            wc_clock_now_us ());
}

static void
on_rtcp (const guint8 *data, gsize size, gpointer user_data)
{
  Link *link = user_data;
  gint64 now_us = wc_clock_now_us ();

  for (guint media = 0; media < WC_N_MEDIA; media++) {
    guint32 ssrc = atomic_load (&link->ssrcs[media]);
    WcSourceRtcp rtcp;
    if (ssrc != 0 && wc_source_rtcp_parse (data, size, ssrc, &rtcp) &&
        rtcp.has_report)
      wc_source_track_push_report (link->tracks[media], rtcp.ntp,
                                   rtcp.rtp_timestamp, now_us);
  }
}

static void
link_free (gpointer data)
{
  Link *link = data;

  for (guint i = 0; i < WC_N_MEDIA; i++)
    wc_source_track_unref (link->tracks[i]);
  g_free (link);
}

/* --- the answer -------------------------------------------------------------
 */

static void
give_up (WcIngestWhep *self, const GError *error)
{
  gboolean transient =
      g_error_matches (error, WC_INGEST_ERROR, WC_INGEST_ERROR_TRANSIENT);

  wc_ingest_remote_failed (WC_INGEST_REMOTE (self),
                           transient ? WC_REMOTE_TRANSIENT
                                     : WC_REMOTE_CONFIGURATION,
                           error->message);
}

static gboolean
announce (WcIngestWhep *self, WcMedia media, const WcSdpPullMedia *chosen,
          GError **error)
{
  const WcCodecInfo *info = wc_codec_info (chosen->format->codec);
  WcSourceFormat format = {
      .media = media,
      .payload_type = chosen->format->payload_type,
      .clock_rate = info->clock_rate,
      .channels = info->channels,
      .fmtp = chosen->fmtp,
  };
  g_autofree char *encoding = g_ascii_strup (info->name, -1);

  g_strlcpy (format.encoding, encoding, sizeof format.encoding);
  return wc_source_track_set_format (
      wc_ingest_remote_track (WC_INGEST_REMOTE (self), media), &format, error);
}

static gboolean
take_answer (WcIngestWhep *self, const WcWhepHttpAnswer *answer, GError **error)
{
  gsize size;
  const char *text = g_bytes_get_data (answer->sdp, &size);
  const WcSdpPullAnswer *sdp =
      wc_whep_client_set_answer (self->client, text, size, error);

  if (sdp == NULL) {
    g_prefix_error (error, "the server's answer cannot be used: ");
    return FALSE;
  }
  for (guint media = 0; media < WC_N_MEDIA; media++)
    if (sdp->media[media].sends &&
        !announce (self, media, &sdp->media[media], error))
      return FALSE;
  return TRUE;
}

/* A POST that was cancelled may yet have made a session; it times out there. */
static void
on_posted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (WcIngestWhep) self = user_data;
  g_autoptr (GError) error = NULL;
  guint retry_after_s;
  g_autoptr (WcWhepHttpAnswer) answer =
      wc_whep_http_post_finish (result, &retry_after_s, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self->not_before_us =
      wc_clock_now_us () + (gint64)retry_after_s * G_USEC_PER_SEC;
  if (answer != NULL) {
    g_free (self->session_url);
    self->session_url = g_strdup (answer->session_url);
  }
  if (answer == NULL || !take_answer (self, answer, &error))
    give_up (self, error);
}

/* --- the peer connection, main thread ----------------------------------------
 */

static void
on_offer_ready (const char *sdp, gpointer user_data)
{
  WcIngestWhep *self = ((Link *)user_data)->owner;

  wc_whep_http_post_async (self->http, sdp, self->cancellable, on_posted,
                           g_object_ref (self));
}

static void
on_failed (const char *reason, gpointer user_data)
{
  WcIngestWhep *self = ((Link *)user_data)->owner;

  wc_ingest_remote_failed (WC_INGEST_REMOTE (self), WC_REMOTE_TRANSIENT,
                           reason);
}

static const WcWhepClientEvents events = {on_offer_ready, on_failed, on_rtp,
                                          on_rtcp};

/* --- WcIngestRemote ---------------------------------------------------------
 */

static gboolean
wc_ingest_whep_connect (WcIngestRemote *remote, GError **error)
{
  WcIngestWhep *self = WC_INGEST_WHEP (remote);
  gint64 wait_us = self->not_before_us - wc_clock_now_us ();
  Link *link;

  if (wait_us > 0) {
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_TRANSIENT,
                 "the server asked to come again in %d s",
                 (int)(wait_us / G_USEC_PER_SEC) + 1);
    return FALSE;
  }
  link = g_new0 (Link, 1);
  link->owner = self;
  for (guint i = 0; i < WC_N_MEDIA; i++)
    link->tracks[i] = wc_source_track_ref (wc_ingest_remote_track (remote, i));
  self->cancellable = g_cancellable_new ();
  self->client = wc_whep_client_new (&events, link, link_free, LATENCY_MS);
  wc_whep_client_start (self->client);
  return TRUE;
}

static void
wc_ingest_whep_disconnect (WcIngestRemote *remote)
{
  WcIngestWhep *self = WC_INGEST_WHEP (remote);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->client, wc_whep_client_close);
  if (self->session_url != NULL)
    wc_whep_http_delete (self->http, self->session_url);
  g_clear_pointer (&self->session_url, g_free);
}

static void
wc_ingest_whep_ask_key_frame (WcIngestRemote *remote, WcMedia media)
{
  WcIngestWhep *self = WC_INGEST_WHEP (remote);

  if (self->client != NULL)
    wc_whep_client_request_key_frame (self->client);
}

/* --- making one ----------------------------------------------------------- */

WcIngest *
wc_ingest_whep_new (WcMountpointSpec *spec, const WcIngestContext *context,
                    GError **error)
{
  WcIngestWhep *self = g_object_new (WC_TYPE_INGEST_WHEP, NULL);

  wc_ingest_remote_init_source (WC_INGEST_REMOTE (self), spec, context);
  self->http =
      wc_whep_http_new (spec->url, spec->source_token, spec->tls_fingerprint);
  return WC_INGEST (self);
}

static void
wc_ingest_whep_finalize (GObject *object)
{
  WcIngestWhep *self = WC_INGEST_WHEP (object);

  g_clear_pointer (&self->http, wc_whep_http_free);
  G_OBJECT_CLASS (wc_ingest_whep_parent_class)->finalize (object);
}

static void
wc_ingest_whep_class_init (WcIngestWhepClass *klass)
{
  WcIngestRemoteClass *remote_class = WC_INGEST_REMOTE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = wc_ingest_whep_finalize;
  remote_class->pulls = TRUE;
  remote_class->connect = wc_ingest_whep_connect;
  remote_class->disconnect = wc_ingest_whep_disconnect;
  remote_class->ask_key_frame = wc_ingest_whep_ask_key_frame;
}

static void
wc_ingest_whep_init (WcIngestWhep *self)
{
}
