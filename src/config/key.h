/* SPDX-License-Identifier: MIT */
/* A key of the configuration, and what can be done with any key: find it, set
 * it from text, copy it, compare it, say what it allows. Rows are constant
 * (keys.c), so any thread may use them; the structs they describe belong to the
 * caller. Used inside config/ and by its tests. */
#pragma once

#include <glib.h>

typedef enum {
  WC_KEY_BOOL,     /* gboolean */
  WC_KEY_UINT,     /* guint8, guint16, guint32 or guint64 */
  WC_KEY_ENUM,     /* gint: the place in names */
  WC_KEY_STRING,   /* char *; NULL for empty */
  WC_KEY_LIST,     /* char **; separated by commas */
  WC_KEY_LISTEN,   /* char * and guint16: IP address and port */
  WC_KEY_RANGE,    /* two guint16: MIN-MAX */
  WC_KEY_WORKERS,  /* guint; "auto": one per usable processor */
  WC_KEY_TCP_PORT, /* guint; "same": WC_TCP_PORT_SAME */
  WC_KEY_TRACKS,   /* the array of tracks in JSON; spec.c knows how */
  WC_KEY_SOURCES,  /* the array of sources in JSON; the same */
} WcKeyType;

typedef enum {
  WC_KEY_FILE = 1 << 0, /* may stand in the file */
  WC_KEY_JSON = 1 << 1, /* may stand in JSON */
  WC_KEY_BOTH = WC_KEY_FILE | WC_KEY_JSON,
  WC_KEY_FIXED = 1 << 2,         /* PATCH cannot change it */
  WC_KEY_REQUIRED = 1 << 3,      /* has no default */
  WC_KEY_RESTART = 1 << 4,       /* the source depends on it */
  WC_KEY_SECRET = 1 << 5,        /* write-only; never in a message */
  WC_KEY_NULLABLE = 1 << 6,      /* UINT, LISTEN: may be empty: 0, nowhere */
  WC_KEY_ANY_CASE = 1 << 7,      /* ENUM: case is ignored */
  WC_KEY_TEXT = 1 << 8,          /* STRING: may have lines */
  WC_KEY_URL = 1 << 9,           /* STRING: the password in it is secret */
  WC_KEY_SOURCE = 1 << 10,       /* also of a source of kind failover */
  WC_KEY_SOURCE_ALONE = 1 << 11, /* of such a source, and of no mountpoint */
  WC_KEY_LIVE = 1 << 12,         /* of the server: applied while it runs */
} WcKeyFlags;

typedef struct {
  const char *name; /* as in the file; JSON writes _ for - */
  WcKeyType type;
  guint flags;          /* of WcKeyFlags */
  const char *fallback; /* the default as text; "" for none */
  guint64 min, max;     /* UINT: limits; STRING: of its length in characters */
  /** ENUM: all values. LIST: words that must stand alone. NULL-terminated. */
  const char *const *names;
  guint kinds; /* bits of WcKind it is for; 0: all */
  /** What else the text, or an item of the list, must be (nullable). */
  gboolean (*check) (const char *text);
  const char *allowed; /* the limits in words; NULL: from the above */
  const char *description;
  const char *example; /* for the sample, when empty would be wrong there */
  gsize offset, size;  /* of its field; size 0: there is none yet */
  gsize offset2; /* LISTEN, RANGE: the second field. UINT: if not 0, of the
                    gboolean that says whether it was given */
} WcKey;

/** The keys of one group of the file or one object of JSON. */
typedef struct {
  const char *name;
  const WcKey *keys;
  guint n_keys;
} WcKeyGroup;

/** @name in kebab-case, or with @separator '_' as in JSON. NULL if none. */
const WcKey *wc_key_find (const WcKeyGroup *group, const char *name,
                          char separator);
/** The name of @key with @separator for '-'. (transfer full) */
char *wc_key_spell (const WcKey *key, char separator);
/** What @key allows, in words: "0 to 65535". (transfer full) */
char *wc_key_allowed (const WcKey *key);

/** Sets the field of @key in @base from @text as it stands in a file. The error
 * (WC_CONFIG_ERROR_VALUE) says `"x" is not allowed; 0 to 65535`; the caller
 * puts the place before it. On an error @base is as it was. */
gboolean wc_key_set (const WcKey *key, gpointer base, const char *text,
                     GError **error);
void wc_key_reset (const WcKey *key, gpointer base);
gboolean wc_key_equal (const WcKey *key, gconstpointer a, gconstpointer b);
/** The field in @to, which has a value, becomes a copy of that in @from. */
void wc_key_copy (const WcKey *key, gpointer to, gconstpointer from);
/** The fields change places. */
void wc_key_swap (const WcKey *key, gpointer a, gpointer b);
/** The field of @key. */
gpointer wc_key_field (const WcKey *key, gconstpointer base);
/** Of a WC_KEY_UINT, whatever its width. */
guint64 wc_key_get_uint (const WcKey *key, gconstpointer base);

/** All keys of @group at once. @base must be all zero before the first. */
void wc_key_group_reset (const WcKeyGroup *group, gpointer base);
void wc_key_group_clear (const WcKeyGroup *group, gpointer base);
/** @to must be all zero. */
void wc_key_group_copy (const WcKeyGroup *group, gpointer to,
                        gconstpointer from);
gboolean wc_key_group_equal (const WcKeyGroup *group, gconstpointer a,
                             gconstpointer b);
