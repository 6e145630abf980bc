/* SPDX-License-Identifier: MIT */
#include "config/change.h"

#include "config/keys.h"

WcChange *
wc_change_new (WcChangeSubject subject, WcChangeEffect effect,
               const char *group, const char *name, const char *note)
{
  WcChange *change = g_new0 (WcChange, 1);

  change->subject = subject;
  change->effect = effect;
  change->group = group;
  change->name = g_strdup (name);
  change->note = g_strdup (note);
  return change;
}

void
wc_change_free (WcChange *change)
{
  g_free (change->name);
  g_free (change->note);
  g_free (change);
}

GPtrArray *
wc_change_list_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)wc_change_free);
}

const char *
wc_change_effect_name (WcChangeEffect effect)
{
  switch (effect) {
  case WC_CHANGE_APPLIED:
    return "applied";
  case WC_CHANGE_NEEDS_RESTART:
    return "needs a restart";
  case WC_CHANGE_ADDED:
    return "added";
  case WC_CHANGE_REMOVED:
    return "removed";
  case WC_CHANGE_EDITED:
    return "edited";
  case WC_CHANGE_RESTARTED:
    return "restarted";
  }
  return "";
}

static char *
describe_subject (const WcChange *change)
{
  switch (change->subject) {
  case WC_CHANGE_KEY:
    return g_strdup_printf ("[%s] %s", change->group, change->name);
  case WC_CHANGE_FILE:
    return g_strdup_printf ("the file of [%s] %s", change->group, change->name);
  case WC_CHANGE_MOUNTPOINT:
    return g_strdup_printf ("[mountpoint %s]", change->name);
  }
  return NULL;
}

char *
wc_change_describe (const WcChange *change)
{
  g_autofree char *subject = describe_subject (change);

  return g_strdup_printf ("%s: %s%s%s%s", subject,
                          wc_change_effect_name (change->effect),
                          change->note != NULL ? " (" : "",
                          change->note != NULL ? change->note : "",
                          change->note != NULL ? ")" : "");
}

WcReloadReport *
wc_reload_report_new (void)
{
  WcReloadReport *report = g_new0 (WcReloadReport, 1);

  report->errors = g_ptr_array_new_with_free_func (g_free);
  report->changes = wc_change_list_new ();
  return report;
}

void
wc_reload_report_free (WcReloadReport *report)
{
  g_ptr_array_unref (report->errors);
  g_ptr_array_unref (report->changes);
  g_free (report);
}

void
wc_reload_report_take_error (WcReloadReport *report, GError *error)
{
  g_auto (GStrv) lines = g_strsplit (error->message, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    g_ptr_array_add (report->errors, g_strdup (lines[i]));
  g_error_free (error);
}

static void
settle_key (const WcKeyGroup *group, const WcKey *key, WcConfig *wanted,
            const WcConfig *running, GPtrArray *changes)
{
  gboolean live = (key->flags & WC_KEY_LIVE) != 0;

  if (wc_key_equal (key, wanted, running))
    return;
  g_ptr_array_add (changes, wc_change_new (WC_CHANGE_KEY,
                                           live ? WC_CHANGE_APPLIED
                                                : WC_CHANGE_NEEDS_RESTART,
                                           group->name, key->name, NULL));
  if (!live)
    wc_key_copy (key, wanted, running);
}

void
wc_config_settle (WcConfig *wanted, const WcConfig *running, GPtrArray *changes)
{
  for (guint i = 0; i < WC_N_CONFIG_GROUPS; i++)
    for (guint j = 0; j < wc_config_groups[i].n_keys; j++)
      settle_key (&wc_config_groups[i], &wc_config_groups[i].keys[j], wanted,
                  running, changes);
}

void
wc_config_exchange (WcConfig *running, WcConfig *wanted)
{
  GPtrArray *mountpoints = running->mountpoints;
  char *file = running->file;

  for (guint i = 0; i < WC_N_CONFIG_GROUPS; i++)
    for (guint j = 0; j < wc_config_groups[i].n_keys; j++)
      if (wc_config_groups[i].keys[j].flags & WC_KEY_LIVE)
        wc_key_swap (&wc_config_groups[i].keys[j], running, wanted);
  running->mountpoints = wanted->mountpoints;
  wanted->mountpoints = mountpoints;
  running->file = wanted->file;
  wanted->file = file;
}
