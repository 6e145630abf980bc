/* SPDX-License-Identifier: MIT */
/* What a configuration that is read again changes: which keys differ from those
 * in force, and what becomes of each. Plain values, owned by whoever made them;
 * main thread. */
#pragma once

#include "config/config.h"

typedef enum {
  WC_CHANGE_KEY,        /* of the server */
  WC_CHANGE_FILE,       /* what a key names has another content */
  WC_CHANGE_MOUNTPOINT, /* of the configuration */
} WcChangeSubject;

typedef enum {
  WC_CHANGE_APPLIED,
  WC_CHANGE_NEEDS_RESTART, /* of the server: what was in force still is */
  WC_CHANGE_ADDED,
  WC_CHANGE_REMOVED,
  WC_CHANGE_EDITED,    /* its source and its viewers go on */
  WC_CHANGE_RESTARTED, /* it has another source: its viewers were ended */
} WcChangeEffect;

typedef struct {
  WcChangeSubject subject;
  WcChangeEffect effect;
  const char *group; /* static; of a key or a file */
  char *name;        /* of the key, or the id of the mountpoint */
  char *note;        /* nullable: what else the operator should know */
} WcChange;

/** @group: static, nullable. @name and @note (nullable) are copied. */
WcChange *wc_change_new (WcChangeSubject subject, WcChangeEffect effect,
                         const char *group, const char *name, const char *note);
void wc_change_free (WcChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcChange, wc_change_free)
/** Of WcChange. (transfer full) */
GPtrArray *wc_change_list_new (void);

/** "applied", "needs a restart", "added", ... */
const char *wc_change_effect_name (WcChangeEffect effect);
/** "[limits] max-viewers: applied". (transfer full) */
char *wc_change_describe (const WcChange *change);

/** What came of reading the configuration again. */
typedef struct {
  GPtrArray *errors;  /* utf8, a sentence each; if any, nothing has changed */
  GPtrArray *changes; /* of WcChange */
} WcReloadReport;

WcReloadReport *wc_reload_report_new (void);
void wc_reload_report_free (WcReloadReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcReloadReport, wc_reload_report_free)
/** Every line of @error is one of its errors. Takes @error. */
void wc_reload_report_take_error (WcReloadReport *report, GError *error);

/** Adds to @changes the keys in which @wanted differs from @running. Those that
 * need a restart get the values of @running: what is left is what can be had
 * now. */
void wc_config_settle (WcConfig *wanted, const WcConfig *running,
                       GPtrArray *changes);
/** @running gets what @wanted has: keys that can be applied, mountpoints, and
 * the name of the file. @wanted gets what was there, for those who still hold
 * on to it. After wc_config_settle (). */
void wc_config_exchange (WcConfig *running, WcConfig *wanted);
