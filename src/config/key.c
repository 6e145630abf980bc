/* SPDX-License-Identifier: MIT */
#include "config/key.h"

#include "config/config.h"

#include <sched.h>
#include <string.h>

/* How much of a wrong value a message repeats, in bytes. */
#define MAX_SHOWN 80

/* --- names and words ------------------------------------------------------ */

static gboolean
is_spelled (const char *name, const char *given, char separator)
{
  for (; *name != '\0' && *given != '\0'; name++, given++)
    if (*given != (*name == '-' ? separator : *name))
      return FALSE;
  return *name == *given;
}

const WcKey *
wc_key_find (const WcKeyGroup *group, const char *name, char separator)
{
  for (guint i = 0; i < group->n_keys; i++)
    if (is_spelled (group->keys[i].name, name, separator))
      return &group->keys[i];
  return NULL;
}

char *
wc_key_spell (const WcKey *key, char separator)
{
  return g_strdelimit (g_strdup (key->name), "-", separator);
}

/* "a, b or c" of its values. */
static char *
allowed_names (const WcKey *key)
{
  guint n = g_strv_length ((char **)key->names);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++) {
    if (i > 0)
      g_string_append (text, i + 1 < n ? ", " : " or ");
    g_string_append (text, key->names[i]);
  }
  return g_string_free (text, FALSE);
}

char *
wc_key_allowed (const WcKey *key)
{
  if (key->allowed != NULL)
    return g_strdup (key->allowed);
  if (key->type == WC_KEY_BOOL)
    return g_strdup ("true or false");
  if (key->type == WC_KEY_ENUM)
    return allowed_names (key);
  return g_strdup_printf ("%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                          key->min, key->max);
}

/* --- fields --------------------------------------------------------------- */

gpointer
wc_key_field (const WcKey *key, gconstpointer base)
{
  return (guint8 *)base + key->offset;
}

static gpointer
second_field (const WcKey *key, gconstpointer base)
{
  return (guint8 *)base + key->offset2;
}

guint64
wc_key_get_uint (const WcKey *key, gconstpointer base)
{
  gconstpointer field = wc_key_field (key, base);

  switch (key->size) {
  case 1:
    return *(const guint8 *)field;
  case 2:
    return *(const guint16 *)field;
  case 4:
    return *(const guint32 *)field;
  default:
    return *(const guint64 *)field;
  }
}

static void
store_uint (const WcKey *key, gpointer base, guint64 value)
{
  gpointer field = wc_key_field (key, base);

  switch (key->size) {
  case 1:
    *(guint8 *)field = (guint8)value;
    break;
  case 2:
    *(guint16 *)field = (guint16)value;
    break;
  case 4:
    *(guint32 *)field = (guint32)value;
    break;
  default:
    *(guint64 *)field = value;
    break;
  }
}

static void
store_string (const WcKey *key, gpointer base, const char *text)
{
  char **field = wc_key_field (key, base);
  char *copy = *text != '\0' ? g_strdup (text) : NULL;

  g_free (*field);
  *field = copy;
}

/* --- setting -------------------------------------------------------------- */

/* Every set_...() leaves @base alone when it returns FALSE. */

static gboolean
set_bool (const WcKey *key, gpointer base, const char *text)
{
  gboolean value = g_str_equal (text, "true");

  if (!value && !g_str_equal (text, "false"))
    return FALSE;
  *(gboolean *)wc_key_field (key, base) = value;
  return TRUE;
}

static gboolean
set_uint (const WcKey *key, gpointer base, const char *text)
{
  gboolean given = *text != '\0' || !(key->flags & WC_KEY_NULLABLE);
  guint64 value = 0;

  if (given && (!g_ascii_string_to_unsigned (text, 10, key->min, key->max,
                                             &value, NULL) ||
                (key->check != NULL && !key->check (text))))
    return FALSE;
  store_uint (key, base, value);
  if (key->offset2 != 0)
    *(gboolean *)second_field (key, base) = given;
  return TRUE;
}

static gboolean
set_enum (const WcKey *key, gpointer base, const char *text)
{
  for (guint i = 0; key->names[i] != NULL; i++) {
    gboolean same = key->flags & WC_KEY_ANY_CASE
                        ? g_ascii_strcasecmp (key->names[i], text) == 0
                        : g_str_equal (key->names[i], text);
    if (same) {
      *(gint *)wc_key_field (key, base) = (gint)i;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
has_control_character (const char *text)
{
  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c))
    if (g_unichar_iscntrl (g_utf8_get_char (c)))
      return TRUE;
  return FALSE;
}

static gboolean
set_string (const WcKey *key, gpointer base, const char *text)
{
  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;

  guint64 length = (guint64)g_utf8_strlen (text, -1);
  /* Empty is "none" wherever there is a "none". */
  gboolean none =
      length == 0 && *key->fallback == '\0' && !(key->flags & WC_KEY_REQUIRED);
  if (!none && (length < key->min || length > key->max ||
                (!(key->flags & WC_KEY_TEXT) && has_control_character (text)) ||
                (key->check != NULL && !key->check (text))))
    return FALSE;
  store_string (key, base, text);
  return TRUE;
}

/* Words of names stand alone; everything else passes check. */
static gboolean
is_list_good (const WcKey *key, char **items)
{
  guint n = g_strv_length (items);

  if (n < key->min)
    return FALSE;
  for (guint i = 0; i < n; i++) {
    if (key->names != NULL && g_strv_contains (key->names, items[i])) {
      if (n > 1)
        return FALSE;
    } else if (*items[i] == '\0' || !key->check (items[i])) {
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
set_list (const WcKey *key, gpointer base, const char *text)
{
  g_auto (GStrv) items = g_strsplit (text, ",", -1);
  char ***field = wc_key_field (key, base);

  for (guint i = 0; items[i] != NULL; i++)
    g_strstrip (items[i]);
  if (!is_list_good (key, items))
    return FALSE;
  g_strfreev (*field);
  *field = g_steal_pointer (&items);
  return TRUE;
}

static gboolean
parse_port (const char *text, guint64 min, guint16 *port)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, min, G_MAXUINT16, &value, NULL))
    return FALSE;
  *port = (guint16)value;
  return TRUE;
}

/* "ADDR:PORT", "[v6]:PORT", ":PORT" or "PORT". */
static gboolean
set_listen (const WcKey *key, gpointer base, const char *text)
{
  const char *colon = strrchr (text, ':');
  g_autofree char *ip =
      colon != NULL ? g_strndup (text, colon - text) : g_strdup ("");
  gsize length = strlen (ip);
  gboolean brackets = length > 1 && ip[0] == '[' && ip[length - 1] == ']';
  WcAddress address;
  guint16 port;

  if (*text == '\0' && (key->flags & WC_KEY_NULLABLE) != 0) {
    store_string (key, base, "");
    *(guint16 *)second_field (key, base) = 0;
    return TRUE;
  }
  if (!parse_port (colon != NULL ? colon + 1 : text, 0, &port))
    return FALSE;
  if (brackets) {
    ip[length - 1] = '\0';
    memmove (ip, ip + 1, length - 1);
  }
  /* A colon within belongs between brackets, and only there. */
  if (brackets != (strchr (ip, ':') != NULL) ||
      (length > 0 && !wc_address_parse (&address, ip, port)))
    return FALSE;
  store_string (key, base, length > 0 ? ip : "0.0.0.0");
  *(guint16 *)second_field (key, base) = port;
  return TRUE;
}

static gboolean
set_range (const WcKey *key, gpointer base, const char *text)
{
  g_auto (GStrv) ends = g_strsplit (text, "-", 3);
  guint16 first, last;

  if (g_strv_length (ends) != 2 ||
      !parse_port (g_strstrip (ends[0]), 1, &first) ||
      !parse_port (g_strstrip (ends[1]), 1, &last) || first >= last)
    return FALSE;
  *(guint16 *)wc_key_field (key, base) = first;
  *(guint16 *)second_field (key, base) = last;
  return TRUE;
}

static guint
count_processors (void)
{
  cpu_set_t usable;

  if (sched_getaffinity (0, sizeof usable, &usable) == 0)
    return (guint)CPU_COUNT (&usable);
  return g_get_num_processors ();
}

static gboolean
set_workers (const WcKey *key, gpointer base, const char *text)
{
  if (!g_str_equal (text, "auto"))
    return set_uint (key, base, text);
  store_uint (key, base, CLAMP (count_processors (), key->min, key->max));
  return TRUE;
}

static gboolean
set_tcp_port (const WcKey *key, gpointer base, const char *text)
{
  if (!g_str_equal (text, "same"))
    return set_uint (key, base, text);
  store_uint (key, base, WC_TCP_PORT_SAME);
  return TRUE;
}

static gboolean
set (const WcKey *key, gpointer base, const char *text)
{
  switch (key->type) {
  case WC_KEY_BOOL:
    return set_bool (key, base, text);
  case WC_KEY_UINT:
    return set_uint (key, base, text);
  case WC_KEY_ENUM:
    return set_enum (key, base, text);
  case WC_KEY_STRING:
    return set_string (key, base, text);
  case WC_KEY_LIST:
    return set_list (key, base, text);
  case WC_KEY_LISTEN:
    return set_listen (key, base, text);
  case WC_KEY_RANGE:
    return set_range (key, base, text);
  case WC_KEY_WORKERS:
    return set_workers (key, base, text);
  case WC_KEY_TCP_PORT:
    return set_tcp_port (key, base, text);
  case WC_KEY_TRACKS:
  case WC_KEY_SOURCES:
    return FALSE;
  }
  g_return_val_if_reached (FALSE);
}

/* --- errors --------------------------------------------------------------- */

/* Numbers bare, anything else quoted and cut. */
static char *
show (const WcKey *key, const char *text)
{
  gsize length = strlen (text);
  const char *digits = *text == '-' ? text + 1 : text;
  g_autofree char *cut = g_strndup (text, MIN (length, MAX_SHOWN));
  g_autofree char *valid = g_utf8_make_valid (cut, -1);

  if (key->flags & (WC_KEY_SECRET | WC_KEY_URL))
    return g_strdup ("this value");
  if (length == 0)
    return g_strdup ("an empty value");
  for (char *c = valid; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      *c = ' ';
  if (length < 32 && strspn (digits, "0123456789.") == strlen (digits))
    return g_steal_pointer (&valid);
  return g_strdup_printf ("\"%s%s\"", valid, length > MAX_SHOWN ? "..." : "");
}

static void
refuse (const WcKey *key, const char *text, GError **error)
{
  g_autofree char *shown = show (key, text);
  g_autofree char *allowed = wc_key_allowed (key);

  g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_VALUE,
               "%s is not allowed; %s", shown, allowed);
}

gboolean
wc_key_set (const WcKey *key, gpointer base, const char *text, GError **error)
{
  gboolean ok = set (key, base, text);

  if (!ok)
    refuse (key, text, error);
  return ok;
}

/* --- whole structs -------------------------------------------------------- */

static gboolean
is_stored (const WcKey *key)
{
  return key->size != 0 && key->type != WC_KEY_TRACKS &&
         key->type != WC_KEY_SOURCES;
}

static gboolean
is_string (const WcKey *key)
{
  return key->type == WC_KEY_STRING || key->type == WC_KEY_LISTEN;
}

static void
clear (const WcKey *key, gpointer base)
{
  if (is_string (key)) {
    g_clear_pointer ((char **)wc_key_field (key, base), g_free);
  } else if (key->type == WC_KEY_LIST) {
    g_clear_pointer ((char ***)wc_key_field (key, base), g_strfreev);
  }
}

void
wc_key_reset (const WcKey *key, gpointer base)
{
  if (!is_stored (key))
    return;
  if (key->flags & WC_KEY_REQUIRED && is_string (key))
    clear (key, base);
  else if (!set (key, base, key->fallback))
    g_error ("the default of %s is not allowed", key->name);
}

/* The size of the second field. */
static gsize
second_size (const WcKey *key)
{
  if (key->offset2 == 0)
    return 0;
  return key->type == WC_KEY_UINT ? sizeof (gboolean) : sizeof (guint16);
}

static void
copy (const WcKey *key, gpointer to, gconstpointer from)
{
  gpointer target = wc_key_field (key, to), origin = wc_key_field (key, from);

  if (is_string (key))
    *(char **)target = g_strdup (*(char **)origin);
  else if (key->type == WC_KEY_LIST)
    *(char ***)target = g_strdupv (*(char ***)origin);
  else
    memcpy (target, origin, key->size);
  memcpy (second_field (key, to), second_field (key, from), second_size (key));
}

void
wc_key_copy (const WcKey *key, gpointer to, gconstpointer from)
{
  if (!is_stored (key))
    return;
  clear (key, to);
  copy (key, to, from);
}

static void
swap_bytes (guint8 *a, guint8 *b, gsize size)
{
  for (gsize i = 0; i < size; i++) {
    guint8 byte = a[i];
    a[i] = b[i];
    b[i] = byte;
  }
}

void
wc_key_swap (const WcKey *key, gpointer a, gpointer b)
{
  if (!is_stored (key))
    return;
  swap_bytes (wc_key_field (key, a), wc_key_field (key, b), key->size);
  swap_bytes (second_field (key, a), second_field (key, b), second_size (key));
}

gboolean
wc_key_equal (const WcKey *key, gconstpointer a, gconstpointer b)
{
  gpointer x = wc_key_field (key, a), y = wc_key_field (key, b);

  if (!is_stored (key))
    return TRUE;
  if (memcmp (second_field (key, a), second_field (key, b),
              second_size (key)) != 0)
    return FALSE;
  if (is_string (key))
    return g_strcmp0 (*(char **)x, *(char **)y) == 0;
  if (key->type == WC_KEY_LIST)
    return g_strv_equal (*(const char *const **)x, *(const char *const **)y);
  return memcmp (x, y, key->size) == 0;
}

void
wc_key_group_reset (const WcKeyGroup *group, gpointer base)
{
  for (guint i = 0; i < group->n_keys; i++)
    wc_key_reset (&group->keys[i], base);
}

void
wc_key_group_clear (const WcKeyGroup *group, gpointer base)
{
  for (guint i = 0; i < group->n_keys; i++)
    if (is_stored (&group->keys[i]))
      clear (&group->keys[i], base);
}

void
wc_key_group_copy (const WcKeyGroup *group, gpointer to, gconstpointer from)
{
  for (guint i = 0; i < group->n_keys; i++)
    if (is_stored (&group->keys[i]))
      copy (&group->keys[i], to, from);
}

gboolean
wc_key_group_equal (const WcKeyGroup *group, gconstpointer a, gconstpointer b)
{
  for (guint i = 0; i < group->n_keys; i++)
    if (!wc_key_equal (&group->keys[i], a, b))
      return FALSE;
  return TRUE;
}
