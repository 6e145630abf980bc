/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-guard.h"

#include "base/clock.h"
#include "ingest/tls-pin.h"
#include "sdp/announce.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define MAX_REDIRECTS 3
#define MAX_SHOWN 200

struct WcRtspGuard {
  atomic_uint refs;
  WcSourceTrack *tracks[WC_N_MEDIA]; /* constant */
  char *trusted;                     /* constant; nullable: a certificate */

  pthread_mutex_t lock; /* guards what follows */
  WcRtspReport report;
  guint n_redirects;
  guint n_streams; /* that were chosen */
  WcMedia media[WC_N_MEDIA];
};

/* --- life ----------------------------------------------------------------- */

WcRtspGuard *
wc_rtsp_guard_new (WcSourceTrack *const tracks[WC_N_MEDIA], const char *trusted)
{
  WcRtspGuard *guard = g_new0 (WcRtspGuard, 1);

  atomic_init (&guard->refs, 1);
  pthread_mutex_init (&guard->lock, NULL);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    guard->tracks[i] = wc_source_track_ref (tracks[i]);
  guard->trusted = g_strdup (trusted);
  return guard;
}

WcRtspGuard *
wc_rtsp_guard_ref (WcRtspGuard *guard)
{
  atomic_fetch_add_explicit (&guard->refs, 1, memory_order_relaxed);
  return guard;
}

void
wc_rtsp_guard_unref (WcRtspGuard *guard)
{
  if (atomic_fetch_sub_explicit (&guard->refs, 1, memory_order_acq_rel) != 1)
    return;
  for (guint i = 0; i < WC_N_MEDIA; i++)
    wc_source_track_unref (guard->tracks[i]);
  wc_rtsp_report_clear (&guard->report);
  pthread_mutex_destroy (&guard->lock);
  g_free (guard->trusted);
  g_free (guard);
}

/* --- the report ----------------------------------------------------------- */

void
wc_rtsp_report_clear (WcRtspReport *report)
{
  g_clear_pointer (&report->refusal, g_free);
  g_clear_pointer (&report->left_out, g_free);
  g_clear_pointer (&report->certificate, g_free);
}

void
wc_rtsp_guard_get_report (WcRtspGuard *guard, WcRtspReport *report)
{
  pthread_mutex_lock (&guard->lock);
  *report = guard->report;
  report->refusal = g_strdup (guard->report.refusal);
  report->left_out = g_strdup (guard->report.left_out);
  report->certificate = g_strdup (guard->report.certificate);
  pthread_mutex_unlock (&guard->lock);
}

/* With the lock held; takes @reason. The first one is the cause. */
static void
refuse (WcRtspGuard *guard, char *reason)
{
  if (guard->report.refusal == NULL)
    guard->report.refusal = reason;
  else
    g_free (reason);
}

gboolean
wc_rtsp_guard_media (WcRtspGuard *guard, guint index, WcMedia *media)
{
  gboolean known;

  pthread_mutex_lock (&guard->lock);
  known = index < guard->n_streams;
  if (known)
    *media = guard->media[index];
  pthread_mutex_unlock (&guard->lock);
  return known;
}

/* --- requests and answers ------------------------------------------------- */

void
wc_rtsp_guard_note_request (WcRtspGuard *guard, const char *method)
{
  pthread_mutex_lock (&guard->lock);
  g_strlcpy (guard->report.method, method != NULL ? method : "?",
             sizeof guard->report.method);
  guard->report.answered = FALSE;
  pthread_mutex_unlock (&guard->lock);
}

void
wc_rtsp_guard_note_answer (WcRtspGuard *guard, guint status)
{
  pthread_mutex_lock (&guard->lock);
  guard->report.answered = TRUE;
  guard->report.status = status;
  if (status == 200 && strcmp (guard->report.method, "PLAY") == 0)
    guard->report.played_us = wc_clock_now_us ();
  pthread_mutex_unlock (&guard->lock);
}

/* --- redirects ------------------------------------------------------------ */

static gboolean
same_server (GUri *a, GUri *b)
{
  return a != NULL && b != NULL &&
         strcmp (g_uri_get_scheme (a), g_uri_get_scheme (b)) == 0 &&
         g_strcmp0 (g_uri_get_host (a), g_uri_get_host (b)) == 0 &&
         g_uri_get_port (a) == g_uri_get_port (b);
}

/* Without user, path and query: those may be secrets. */
static char *
name_server (GUri *uri)
{
  g_autofree char *name = NULL, *port = NULL, *cut = NULL;

  if (uri == NULL || g_uri_get_host (uri) == NULL)
    return g_strdup ("elsewhere");
  port = g_uri_get_port (uri) > 0
             ? g_strdup_printf (":%d", g_uri_get_port (uri))
             : g_strdup ("");
  name = g_strdup_printf ("%s://%s%s", g_uri_get_scheme (uri),
                          g_uri_get_host (uri), port);
  cut = g_strndup (name, MAX_SHOWN);
  return g_utf8_make_valid (cut, -1);
}

gboolean
wc_rtsp_guard_check_redirect (WcRtspGuard *guard, const char *uri,
                              const char *location)
{
  g_autoptr (GUri) from = g_uri_parse (uri, G_URI_FLAGS_ENCODED, NULL);
  g_autoptr (GUri) to = location != NULL
                            ? g_uri_parse (location, G_URI_FLAGS_ENCODED, NULL)
                            : NULL;
  g_autofree char *server = name_server (to);
  gboolean allowed;

  pthread_mutex_lock (&guard->lock);
  allowed = same_server (from, to) && guard->n_redirects++ < MAX_REDIRECTS;
  if (!allowed)
    refuse (guard,
            g_strdup_printf ("it redirects to %s, which is not followed; if "
                             "that is meant, make it the url",
                             server));
  pthread_mutex_unlock (&guard->lock);
  return allowed;
}

/* --- descriptions --------------------------------------------------------- */

static void
make_format (WcSourceFormat *format, const WcSdpAnnounceStream *stream)
{
  g_autofree char *encoding = g_ascii_strup (stream->encoding, -1);

  *format = (WcSourceFormat){
      .media = stream->media,
      .payload_type = stream->payload_type,
      .clock_rate = stream->clock_rate,
      .channels = stream->media == WC_MEDIA_AUDIO ? stream->channels : 0,
      .fmtp = g_strdup (stream->fmtp),
  };
  g_strlcpy (format->encoding, encoding, sizeof format->encoding);
}

/* "*" is the whole presentation (RFC 2326 section C.1.1): of several streams
 * none can be set up by that. */
static gboolean
can_be_set_up (const GPtrArray *streams, const WcSdpAnnounceStream *stream)
{
  return streams->len == 1 ||
         (stream->control != NULL && strcmp (stream->control, "*") != 0);
}

/* A sound that the server would only receive is its loudspeaker. */
static gboolean
is_wanted (const WcSdpAnnounceStream *stream, WcMedia media)
{
  return stream->is_media && stream->media == media &&
         !(stream->is_sendonly && media == WC_MEDIA_AUDIO) &&
         stream->clock_rate != 0;
}

/* The first stream of @media that can be played. @why: why the first could
 * not. */
static const WcSdpAnnounceStream *
choose_stream (WcRtspGuard *guard, const GPtrArray *streams, WcMedia media,
               GString *why)
{
  for (guint i = 0; i < streams->len; i++) {
    const WcSdpAnnounceStream *stream = streams->pdata[i];
    g_autoptr (GError) error = NULL;
    WcSourceFormat format;
    gboolean taken;

    if (!is_wanted (stream, media) || !can_be_set_up (streams, stream))
      continue;
    make_format (&format, stream);
    taken = wc_source_track_set_format (guard->tracks[media], &format, &error);
    wc_source_format_clear (&format);
    if (taken)
      return stream;
    g_string_append_printf (why, "%s%s", why->len > 0 ? "; " : "",
                            error->message);
  }
  return NULL;
}

static char *
describe_nothing (const GPtrArray *streams, const GString *why)
{
  g_autoptr (GString) names = g_string_new (NULL);

  if (why->len > 0)
    return g_strdup_printf ("it has nothing that can be played: %s", why->str);
  for (guint i = 0; i < streams->len; i++) {
    const WcSdpAnnounceStream *stream = streams->pdata[i];
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "",
                            stream->encoding[0] != '\0' ? stream->encoding
                                                        : "something unnamed");
  }
  return g_strdup_printf ("it has neither video nor audio; it describes %s",
                          names->str);
}

/* With the lock held. */
static char *
choose_streams (WcRtspGuard *guard, const GPtrArray *streams,
                const char *control)
{
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();
  g_autoptr (GString) why = g_string_new (NULL);

  guard->n_streams = 0;
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    const WcSdpAnnounceStream *stream = choose_stream (guard, streams, i, why);
    if (stream == NULL)
      continue;
    guard->media[guard->n_streams++] = i;
    g_ptr_array_add (chosen, (gpointer)stream);
  }
  if (chosen->len == 0) {
    refuse (guard, describe_nothing (streams, why));
    return NULL;
  }
  g_free (guard->report.left_out);
  guard->report.left_out = why->len > 0 ? g_strdup (why->str) : NULL;
  if (control != NULL && !g_str_has_prefix (control, "rtsp://"))
    control = NULL; /* relative to what is the base anyway */
  return wc_sdp_describe_write (chosen, control);
}

char *
wc_rtsp_guard_take_description (WcRtspGuard *guard, const char *body,
                                gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *control = NULL;
  g_autoptr (GPtrArray) streams =
      wc_sdp_describe_parse (body, size, &control, &error);
  char *text = NULL;

  pthread_mutex_lock (&guard->lock);
  if (streams != NULL)
    text = choose_streams (guard, streams, control);
  else
    refuse (guard, g_strdup_printf ("its session description cannot be used: "
                                    "%s",
                                    error->message));
  pthread_mutex_unlock (&guard->lock);
  return text;
}

char *
wc_rtsp_guard_take_transport (WcRtspGuard *guard, const char *asked,
                              const char *answered)
{
  WcRtspOver over;
  char *clean = wc_rtsp_transport_clean (asked, answered, &over);

  pthread_mutex_lock (&guard->lock);
  if (clean != NULL)
    guard->report.over = over;
  else
    refuse (guard, g_strdup ("its answer to SETUP cannot be used: it must send "
                             "by the transport that it was asked for"));
  pthread_mutex_unlock (&guard->lock);
  return clean;
}

/* --- certificates --------------------------------------------------------- */

gboolean
wc_rtsp_guard_check_certificate (WcRtspGuard *guard,
                                 GTlsCertificate *certificate)
{
  g_autofree char *hex = wc_tls_pin_of (certificate);

  if (g_strcmp0 (hex, guard->trusted) == 0)
    return TRUE;
  pthread_mutex_lock (&guard->lock);
  g_free (guard->report.certificate);
  guard->report.certificate = g_steal_pointer (&hex);
  pthread_mutex_unlock (&guard->lock);
  return FALSE;
}
