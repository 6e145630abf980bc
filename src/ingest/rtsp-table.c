/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-table.h"

#include <pthread.h>
#include <stdatomic.h>

struct WcRtspTable {
  atomic_uint refs;
  pthread_mutex_t lock; /* guards what follows */
  GPtrArray *points;    /* of WcRtspPoint, the newest last */
};

WcRtspTable *
wc_rtsp_table_new (void)
{
  WcRtspTable *self = g_new0 (WcRtspTable, 1);

  atomic_init (&self->refs, 1);
  pthread_mutex_init (&self->lock, NULL);
  self->points =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_rtsp_point_unref);
  return self;
}

WcRtspTable *
wc_rtsp_table_ref (WcRtspTable *self)
{
  atomic_fetch_add_explicit (&self->refs, 1, memory_order_relaxed);
  return self;
}

void
wc_rtsp_table_unref (WcRtspTable *self)
{
  if (atomic_fetch_sub_explicit (&self->refs, 1, memory_order_acq_rel) != 1)
    return;
  g_ptr_array_unref (self->points);
  pthread_mutex_destroy (&self->lock);
  g_free (self);
}

void
wc_rtsp_table_add (WcRtspTable *self, WcRtspPoint *point)
{
  pthread_mutex_lock (&self->lock);
  g_ptr_array_add (self->points, wc_rtsp_point_ref (point));
  pthread_mutex_unlock (&self->lock);
}

/* With the lock held: an open one, else the newest. */
static WcRtspPoint *
look_up (WcRtspTable *self, const char *id)
{
  WcRtspPoint *newest = NULL;

  for (guint i = self->points->len; i > 0; i--) {
    WcRtspPoint *point = self->points->pdata[i - 1];
    if (!g_str_equal (wc_rtsp_point_id (point), id))
      continue;
    if (wc_rtsp_point_is_open (point))
      return point;
    if (newest == NULL)
      newest = point;
  }
  return newest;
}

gboolean
wc_rtsp_table_remove (WcRtspTable *self, WcRtspPoint *point)
{
  gboolean last;

  pthread_mutex_lock (&self->lock);
  wc_rtsp_point_ref (point);
  last = g_ptr_array_remove (self->points, point) &&
         look_up (self, wc_rtsp_point_id (point)) == NULL;
  wc_rtsp_point_unref (point);
  pthread_mutex_unlock (&self->lock);
  return last;
}

WcRtspPoint *
wc_rtsp_table_find (WcRtspTable *self, const char *id)
{
  WcRtspPoint *point;

  pthread_mutex_lock (&self->lock);
  point = look_up (self, id);
  if (point != NULL)
    wc_rtsp_point_ref (point);
  pthread_mutex_unlock (&self->lock);
  return point;
}
