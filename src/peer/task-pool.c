/* SPDX-License-Identifier: MIT */
#include "peer/task-pool.h"

#define WC_TYPE_TASK_POOL (wc_task_pool_get_type ())
G_DECLARE_FINAL_TYPE (WcTaskPool, wc_task_pool, WC, TASK_POOL, GstTaskPool)

struct _WcTaskPool {
  GstTaskPool parent;
};

G_DEFINE_FINAL_TYPE (WcTaskPool, wc_task_pool, GST_TYPE_TASK_POOL)

typedef struct {
  GstTaskPoolFunction run;
  gpointer user_data;
} Task;

static gpointer
run_task (gpointer data)
{
  Task task = *(Task *)data;

  g_free (data);
  task.run (task.user_data);
  return NULL;
}

static gpointer
push (GstTaskPool *pool, GstTaskPoolFunction run, gpointer user_data,
      GError **error)
{
  Task *task = g_new (Task, 1);

  *task = (Task){run, user_data};
  GThread *thread = g_thread_try_new ("webrtcbin-task", run_task, task, error);
  if (thread == NULL)
    g_free (task);
  return thread;
}

static void
join (GstTaskPool *pool, gpointer thread)
{
  if (thread != NULL)
    g_thread_join (thread);
}

static void
dispose_handle (GstTaskPool *pool, gpointer thread)
{
  if (thread != NULL)
    g_thread_unref (thread);
}

static void
wc_task_pool_class_init (WcTaskPoolClass *klass)
{
  GstTaskPoolClass *pool_class = GST_TASK_POOL_CLASS (klass);

  /* Never prepared, it has no pool of GLib's, as the base class would. */
  pool_class->push = push;
  pool_class->join = join;
  pool_class->dispose_handle = dispose_handle;
}

static void
wc_task_pool_init (WcTaskPool *pool)
{
}

static gpointer
make_pool (gpointer unused)
{
  GstTaskPool *pool = g_object_new (WC_TYPE_TASK_POOL, NULL);

  return gst_object_ref_sink (pool);
}

void
wc_task_pool_adopt (GstMessage *message)
{
  static GOnce made = G_ONCE_INIT;
  GstStreamStatusType type;
  GstElement *owner;

  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_STREAM_STATUS)
    return;
  gst_message_parse_stream_status (message, &type, &owner);
  const GValue *task = gst_message_get_stream_status_object (message);
  if (type == GST_STREAM_STATUS_TYPE_CREATE && task != NULL &&
      G_VALUE_HOLDS (task, GST_TYPE_TASK))
    gst_task_set_pool (g_value_get_object (task),
                       g_once (&made, make_pool, NULL));
}
