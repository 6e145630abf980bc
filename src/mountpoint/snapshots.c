/* SPDX-License-Identifier: MIT */
#include "mountpoint/snapshots.h"

#include "base/clock.h"
#include "base/log.h"
#include "ingest/still.h"
#include "mountpoint/mountpoint-private.h"

#include <string.h>

/* Frames that wait for a decoder, of all mountpoints and of one. */
#define MAX_JOBS 64
#define MAX_JOBS_OF_ONE 4
/* Pictures are kept up to so many bytes; those that nobody asked for longest
 * go first. */
#define MAX_HELD_BYTES (32 * 1024 * 1024)
/* No newer one is made so soon, whatever the source's distance of key frames.
 */
#define MIN_AGE_US G_USEC_PER_SEC
/* What could not be decoded is not tried again so soon. */
#define FAILED_US (10 * G_USEC_PER_SEC)

typedef struct {
  WcSnapshotFunc func;
  gpointer user_data;
} Waiter;

/* One frame in one size: waiting for a decoder, or in one. */
typedef struct {
  WcSnapshots *owner;
  char *place; /* mountpoint and width */
  char *id;
  char *etag;
  guint width;
  WcKeyFrame *frame;
  WcStill *still;  /* NULL: it waits */
  GArray *waiters; /* Waiter */
} Job;

/* What came of the newest one of a place. */
typedef struct {
  char *place, *etag;
  GBytes *jpeg;  /* NULL: `error` */
  GError *error; /* nullable */
  gint64 made_us;
} Picture;

struct WcSnapshots {
  WcRegistry *registry;
  const WcConfig *config;
  GQueue jobs;          /* of Job, in the order in which they were asked for */
  GQueue pictures;      /* of Picture; asked for last at the head */
  GHashTable *by_place; /* its links */
  WcSnapshotStats stats;
};

/* --- names ---------------------------------------------------------------- */

static char *
make_place (const char *id, guint width)
{
  return g_strdup_printf ("%u/%s", width, id);
}

/* The capture time tells frames of one number apart: those of a track before a
 * change of the source, and of a server before it was started again. */
static char *
make_etag (const char *place, const WcKeyFrame *frame)
{
  g_autofree char *text =
      g_strdup_printf ("%s/%" G_GUINT64_FORMAT "/%" G_GINT64_FORMAT, place,
                       frame->seq, frame->capture_us);
  g_autofree char *digest =
      g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);

  digest[16] = '\0';
  return g_strdup_printf ("\"%s\"", digest);
}

/* If-None-Match compares weakly (RFC 9110 section 13.1.2), and what is inside
 * of the quotes is ours alone: a search will do. */
static gboolean
is_known (const char *known, const char *etag)
{
  return known != NULL &&
         (g_str_equal (known, "*") || strstr (known, etag) != NULL);
}

/* --- pictures ------------------------------------------------------------- */

static void
picture_free (Picture *picture)
{
  g_clear_pointer (&picture->jpeg, g_bytes_unref);
  g_clear_error (&picture->error);
  g_free (picture->place);
  g_free (picture->etag);
  g_free (picture);
}

static gsize
picture_size (const Picture *picture)
{
  return sizeof *picture +
         (picture->jpeg != NULL ? g_bytes_get_size (picture->jpeg) : 0);
}

static void
forget (WcSnapshots *self, GList *link)
{
  Picture *picture = link->data;

  g_hash_table_remove (self->by_place, picture->place);
  g_queue_delete_link (&self->pictures, link);
  self->stats.held_bytes -= picture_size (picture);
  picture_free (picture);
}

static Picture *
find_picture (WcSnapshots *self, const char *place)
{
  GList *link = g_hash_table_lookup (self->by_place, place);

  if (link == NULL)
    return NULL;
  g_queue_unlink (&self->pictures, link);
  g_queue_push_head_link (&self->pictures, link);
  return link->data;
}

/* @jpeg or @error. */
static void
keep (WcSnapshots *self, const Job *job, GBytes *jpeg, const GError *error)
{
  GList *former = g_hash_table_lookup (self->by_place, job->place);
  Picture *picture = g_new0 (Picture, 1);

  if (former != NULL)
    forget (self, former);
  picture->place = g_strdup (job->place);
  picture->etag = g_strdup (job->etag);
  picture->jpeg = jpeg != NULL ? g_bytes_ref (jpeg) : NULL;
  picture->error = error != NULL ? g_error_copy (error) : NULL;
  picture->made_us = wc_clock_now_us ();
  g_queue_push_head (&self->pictures, picture);
  g_hash_table_insert (self->by_place, picture->place, self->pictures.head);
  self->stats.held_bytes += picture_size (picture);
  while (self->stats.held_bytes > MAX_HELD_BYTES && self->pictures.length > 1)
    forget (self, self->pictures.tail);
}

static gboolean
is_fresh (const Picture *picture, const char *etag, gint64 now_us)
{
  gint64 age_us = now_us - picture->made_us;

  if (picture->error != NULL)
    return age_us < FAILED_US;
  return age_us < MIN_AGE_US || g_str_equal (picture->etag, etag);
}

/* --- jobs ----------------------------------------------------------------- */

static void
job_free (Job *job)
{
  g_clear_pointer (&job->still, wc_still_free);
  g_clear_pointer (&job->frame, wc_key_frame_free);
  g_array_unref (job->waiters);
  g_free (job->place);
  g_free (job->id);
  g_free (job->etag);
  g_free (job);
}

static void
tell (const Waiter *waiter, GBytes *jpeg, const char *etag, const GError *error)
{
  const WcSnapshot snapshot = {.jpeg = jpeg, .etag = etag};

  waiter->func (error == NULL ? &snapshot : NULL, error, waiter->user_data);
}

/* Takes @job. */
static void
end_job (WcSnapshots *self, Job *job, GBytes *jpeg, const GError *error)
{
  g_queue_remove (&self->jobs, job);
  for (guint i = 0; i < job->waiters->len; i++)
    tell (&g_array_index (job->waiters, Waiter, i), jpeg, job->etag, error);
  job_free (job);
}

static GError *
error_from_still (const Job *job, const GError *cause)
{
  if (!g_error_matches (cause, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID) &&
      !g_error_matches (cause, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL))
    return g_error_copy (cause);
  return g_error_new (WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_UNDECODABLE,
                      "there is no picture of mountpoint \"%s\": %s", job->id,
                      cause->message);
}

static void run_jobs (WcSnapshots *self);

static void
fail_job (WcSnapshots *self, Job *job, const GError *cause)
{
  g_autoptr (GError) error = error_from_still (job, cause);

  wc_debug ("%s", error->message);
  self->stats.failed++;
  keep (self, job, NULL, error);
  end_job (self, job, NULL, error);
}

static void
on_still (GBytes *jpeg, const GError *error, gpointer user_data)
{
  Job *job = user_data;
  WcSnapshots *self = job->owner;

  self->stats.running--;
  if (error != NULL) {
    fail_job (self, job, error);
  } else {
    self->stats.decoded++;
    keep (self, job, jpeg, NULL);
    end_job (self, job, jpeg, NULL);
  }
  run_jobs (self);
}

static void
start_job (WcSnapshots *self, Job *job)
{
  g_autoptr (GError) error = NULL;

  job->still =
      wc_still_new (job->frame, job->width, job->id, on_still, job, &error);
  if (job->still == NULL) {
    fail_job (self, job, error);
    return;
  }
  g_clear_pointer (&job->frame, wc_key_frame_free);
  self->stats.running++;
}

static Job *
next_job (WcSnapshots *self)
{
  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    if (((Job *)link->data)->still == NULL)
      return link->data;
  return NULL;
}

/* Who waits already is given what was promised, whatever the limit is now. */
static void
run_jobs (WcSnapshots *self)
{
  guint most = MAX (self->config->max_snapshot_decoders, 1);
  Job *job;

  while (self->stats.running < most && (job = next_job (self)) != NULL)
    start_job (self, job);
}

static Job *
find_job (WcSnapshots *self, const char *etag)
{
  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    if (g_str_equal (((Job *)link->data)->etag, etag))
      return link->data;
  return NULL;
}

static guint
count_jobs (WcSnapshots *self, const char *id)
{
  guint n = 0;

  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    n += g_str_equal (((Job *)link->data)->id, id) ? 1 : 0;
  return n;
}

/* --- asking --------------------------------------------------------------- */

G_GNUC_PRINTF (3, 4)
static void
refuse (const Waiter *waiter, WcMountpointError code, const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (WC_MOUNTPOINT_ERROR, code, format, args);
  va_end (args);
  tell (waiter, NULL, NULL, error);
}

static void
refuse_without_frame (WcMountpoint *mountpoint, const Waiter *waiter)
{
  WcMountpointState state = wc_mountpoint_state (mountpoint);
  const char *id = wc_mountpoint_id (mountpoint);

  if (state == WC_MOUNTPOINT_LIVE)
    refuse (waiter, WC_MOUNTPOINT_ERROR_NOT_LIVE,
            "mountpoint \"%s\" has no whole key frame yet", id);
  else
    refuse (waiter, WC_MOUNTPOINT_ERROR_NOT_LIVE,
            "mountpoint \"%s\" has no key frame now: it is %s", id,
            wc_mountpoint_state_name (state));
}

/* Of what is encoded anew that which comes in: it is there also while nobody
 * watches. (transfer full) (nullable) */
static WcTrack *
dup_track (WcMountpoint *mountpoint)
{
  WcTrack *track = mountpoint->ingest != NULL
                       ? wc_ingest_track (mountpoint->ingest, WC_MEDIA_VIDEO)
                       : NULL;
  WcTrack *converted;
  WcIngestTrackInfo info;

  if (track == NULL)
    return NULL;
  wc_mountpoint_get_track_info (mountpoint, WC_MEDIA_VIDEO, &info);
  converted = g_steal_pointer (&info.converted);
  wc_ingest_track_info_clear (&info);
  return converted != NULL ? converted : wc_track_ref (track);
}

/* Of kinds that know their tracks only when they come: while they are there. */
static gboolean
has_no_video (WcMountpoint *mountpoint, const WcTrack *track)
{
  return track == NULL &&
         (wc_mountpoint_state (mountpoint) == WC_MOUNTPOINT_LIVE ||
          mountpoint->spec->tracks->len > 0);
}

static void
add_waiter (Job *job, const Waiter *waiter)
{
  g_array_append_val (job->waiters, *waiter);
}

/* Takes @frame. */
static void
add_job (WcSnapshots *self, WcMountpoint *mountpoint, guint width,
         const char *place, const char *etag, WcKeyFrame *frame,
         const Waiter *waiter)
{
  Job *job = g_new0 (Job, 1);

  job->owner = self;
  job->place = g_strdup (place);
  job->id = g_strdup (wc_mountpoint_id (mountpoint));
  job->etag = g_strdup (etag);
  job->width = width;
  job->frame = frame;
  job->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  add_waiter (job, waiter);
  g_queue_push_tail (&self->jobs, job);
  run_jobs (self);
}

/* Gives what there is, joins who waits for it, or has it made. Takes @frame. */
static void
give (WcSnapshots *self, WcMountpoint *mountpoint, guint width,
      const char *known, WcKeyFrame *frame, const Waiter *waiter)
{
  g_autoptr (WcKeyFrame) taken = frame;
  const char *id = wc_mountpoint_id (mountpoint);
  g_autofree char *place = make_place (id, width);
  g_autofree char *etag = make_etag (place, frame);
  const Picture *picture = find_picture (self, place);
  Job *job = find_job (self, etag);

  if (picture != NULL && !is_fresh (picture, etag, wc_clock_now_us ()))
    picture = NULL;
  if (is_known (known, picture != NULL ? picture->etag : etag)) {
    self->stats.cached++;
    tell (waiter, NULL, picture != NULL ? picture->etag : etag, NULL);
  } else if (picture != NULL) {
    self->stats.cached++;
    tell (waiter, picture->jpeg, picture->etag, picture->error);
  } else if (job != NULL) {
    add_waiter (job, waiter);
  } else if (self->jobs.length >= MAX_JOBS) {
    refuse (waiter, WC_MOUNTPOINT_ERROR_LIMIT,
            "%u pictures wait to be decoded, which is all at once",
            self->jobs.length);
  } else if (count_jobs (self, id) >= MAX_JOBS_OF_ONE) {
    refuse (waiter, WC_MOUNTPOINT_ERROR_RATE,
            "%d pictures of mountpoint \"%s\" are being made, which is all at "
            "once",
            MAX_JOBS_OF_ONE, id);
  } else {
    add_job (self, mountpoint, width, place, etag, g_steal_pointer (&taken),
             waiter);
  }
}

void
wc_snapshots_take (WcSnapshots *snapshots, WcMountpoint *mountpoint,
                   guint width, const char *known, WcSnapshotFunc func,
                   gpointer user_data)
{
  const Waiter waiter = {func, user_data};
  g_autoptr (WcTrack) track = dup_track (mountpoint);
  WcKeyFrame *frame;

  g_return_if_fail (width >= WC_SNAPSHOT_WIDTH_MIN &&
                    width <= WC_SNAPSHOT_WIDTH_MAX);
  if (snapshots->config->max_snapshot_decoders == 0) {
    refuse (&waiter, WC_MOUNTPOINT_ERROR_DISABLED,
            "there are no snapshots: [limits] max-snapshot-decoders is 0");
    return;
  }
  if (wc_mountpoint_state (mountpoint) == WC_MOUNTPOINT_DISABLED) {
    refuse (&waiter, WC_MOUNTPOINT_ERROR_DISABLED,
            "mountpoint \"%s\" is disabled", wc_mountpoint_id (mountpoint));
    return;
  }
  if (has_no_video (mountpoint, track)) {
    refuse (&waiter, WC_MOUNTPOINT_ERROR_NOT_FOUND,
            "mountpoint \"%s\" has no video", wc_mountpoint_id (mountpoint));
    return;
  }
  frame = track != NULL ? wc_key_frame_find (track) : NULL;
  if (frame == NULL)
    refuse_without_frame (mountpoint, &waiter);
  else
    give (snapshots, mountpoint, width, known, frame, &waiter);
}

void
wc_snapshots_get_stats (WcSnapshots *snapshots, WcSnapshotStats *stats)
{
  *stats = snapshots->stats;
  stats->waiting = snapshots->jobs.length - snapshots->stats.running;
}

/* --- life ----------------------------------------------------------------- */

/* One that is made anew under the same id shows nothing of the former. */
static void
on_removed (WcRegistry *registry, WcMountpoint *mountpoint, WcSnapshots *self)
{
  const char *id = wc_mountpoint_id (mountpoint);

  for (GList *link = self->pictures.head; link != NULL;) {
    GList *next = link->next;
    const char *place = ((Picture *)link->data)->place;
    if (g_str_equal (strchr (place, '/') + 1, id))
      forget (self, link);
    link = next;
  }
}

WcSnapshots *
wc_snapshots_new (WcRegistry *registry, const WcConfig *config)
{
  WcSnapshots *self = g_new0 (WcSnapshots, 1);

  self->registry = registry;
  self->config = config;
  g_queue_init (&self->jobs);
  g_queue_init (&self->pictures);
  self->by_place = g_hash_table_new (g_str_hash, g_str_equal);
  g_signal_connect (registry, "mountpoint-removed", G_CALLBACK (on_removed),
                    self);
  return self;
}

void
wc_snapshots_free (WcSnapshots *snapshots)
{
  g_autoptr (GError) error =
      g_error_new_literal (WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STOPPING,
                           "the server is going down");

  g_signal_handlers_disconnect_by_data (snapshots->registry, snapshots);
  while (snapshots->jobs.head != NULL)
    end_job (snapshots, snapshots->jobs.head->data, NULL, error);
  while (snapshots->pictures.head != NULL)
    forget (snapshots, snapshots->pictures.head);
  g_hash_table_unref (snapshots->by_place);
  g_free (snapshots);
}
