/* SPDX-License-Identifier: MIT */
#include "registry-support.h"

#include "http/event-log.h"

typedef struct {
  RegistryFixture base;
  WcEventBus *bus;
  WcEventLog *log;
  WcMountpoint *mountpoint;
  GPtrArray *told; /* JSON of every event */
  guint n_replayed;
  guint64 next; /* number that is to be replayed next */
} Fixture;

static void
on_told (const WcEventRecord *record, gpointer user_data)
{
  Fixture *f = user_data;

  g_ptr_array_add (f->told, g_strdup (record->json));
  g_assert_cmpuint (record->number, ==, f->told->len);
}

static void
set_up (Fixture *f)
{
  g_autoptr (WcMountpointSpec) spec = make_spec ("cam", 0);
  g_autoptr (GError) error = NULL;

  *f = (Fixture){0};
  set_up_registry (&f->base, NULL, 34200, 34299);
  f->bus = wc_event_bus_new (f->base.registry);
  f->log = wc_event_log_new (f->bus);
  f->told = g_ptr_array_new_with_free_func (g_free);
  wc_event_log_listen (f->log, on_told, f);
  spec->persist = FALSE;
  f->mountpoint = create_mountpoint (f->base.registry, spec, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f)
{
  wc_event_log_free (f->log);
  wc_event_bus_free (f->bus);
  g_object_unref (f->mountpoint);
  tear_down_registry (&f->base);
  g_ptr_array_unref (f->told);
}

/* An event with @size bytes of text that no other has. */
static void
happen (Fixture *f, gsize size)
{
  g_autoptr (GString) reason = g_string_new (NULL);

  g_string_printf (reason, "%u ", f->told->len);
  while (reason->len < size)
    g_string_append_c (reason, (char)('a' + f->told->len % 26));
  wc_mountpoint_stop (f->mountpoint, reason->str);
}

static void
on_replayed (const WcEventRecord *record, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_cmpuint (record->number, ==, f->next);
  g_assert_cmpstr (record->mountpoint, ==, "cam");
  g_assert_cmpstr (record->name, ==, "mountpoint");
  g_assert_cmpstr (record->json, ==, f->told->pdata[record->number - 1]);
  g_assert_true (g_str_has_prefix (record->at, "20"));
  g_assert_true (g_str_has_suffix (record->at, "Z"));
  f->next++;
  f->n_replayed++;
}

/* The id of the event @back before the newest. */
static char *
id_of (Fixture *f, guint back)
{
  g_autofree char *newest = wc_event_log_dup_newest_id (f->log);
  char *dash = strrchr (newest, '-');

  *dash = '\0';
  return g_strdup_printf ("%s-%u", newest, f->told->len - back);
}

/* How many events are kept; each that is, is as it was told. */
static guint
count_kept (Fixture *f)
{
  guint n = 0;

  for (guint back = 0; back <= f->told->len; back++) {
    g_autofree char *id = id_of (f, back);
    f->n_replayed = 0;
    f->next = f->told->len - back + 1;
    if (!wc_event_log_replay (f->log, id, on_replayed, f)) {
      g_assert_cmpuint (f->n_replayed, ==, 0);
      break;
    }
    g_assert_cmpuint (f->n_replayed, ==, back);
    n = back;
  }
  return n;
}

static void
test_nothing (void)
{
  Fixture f;

  set_up (&f);
  g_assert_cmpuint (f.told->len, ==, 1);
  g_assert_cmpuint (count_kept (&f), ==, 1);
  g_assert_false (wc_event_log_replay (f.log, "", on_replayed, &f));
  g_assert_false (wc_event_log_replay (f.log, "other-1", on_replayed, &f));
  g_autofree char *future = wc_event_log_dup_newest_id (f.log);
  future[strlen (future) - 1] = '2';
  g_assert_false (wc_event_log_replay (f.log, future, on_replayed, &f));
  tear_down (&f);
}

/* Round and round: so many are kept, and none is cut. */
static void
test_many (void)
{
  Fixture f;

  set_up (&f);
  for (guint i = 0; i < 999; i++)
    happen (&f, 20);
  g_assert_cmpuint (count_kept (&f), ==, 1000);
  for (guint round = 0; round < 5; round++) {
    for (guint i = 0; i < 611; i++)
      happen (&f, 1 + i % 60);
    g_assert_cmpuint (count_kept (&f), ==, 1000);
  }
  tear_down (&f);
}

/* Long ones leave room for fewer, which come back when short ones follow. */
static void
test_long (void)
{
  Fixture f;

  set_up (&f);
  for (guint i = 0; i < 300; i++) {
    happen (&f, i % 7 * 3000);
    g_assert_cmpuint (count_kept (&f), >=, MIN (i + 2, 12));
  }
  g_assert_cmpuint (count_kept (&f), <, 40);
  for (guint i = 0; i < 1300; i++)
    happen (&f, 20);
  g_assert_cmpuint (count_kept (&f), ==, 1000);
  tear_down (&f);
}

/* One that there is no room for is told, and is a gap for who was away. */
static void
test_too_long (void)
{
  Fixture f;

  set_up (&f);
  happen (&f, 300000);
  g_assert_cmpuint (f.told->len, ==, 2);
  g_assert_cmpuint (count_kept (&f), ==, 0);
  happen (&f, 20);
  g_assert_cmpuint (count_kept (&f), ==, 1);
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/event-log/nothing", test_nothing);
  g_test_add_func ("/event-log/many", test_many);
  g_test_add_func ("/event-log/long", test_long);
  g_test_add_func ("/event-log/too-long", test_too_long);
  return g_test_run ();
}
