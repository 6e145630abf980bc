/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include "config/keys.h"
#include "config/spec-file.h"
#include "config/suggest.h"

#include <string.h>

#define PREFIX "WHEPCAST_"

G_DEFINE_QUARK (wc_config_error_quark, wc_config_error)

void
wc_config_add_error (GError **error, GError *one)
{
  if (error == NULL) {
    g_error_free (one);
  } else if (*error == NULL) {
    *error = one;
  } else {
    g_autofree char *first = g_steal_pointer (&(*error)->message);
    (*error)->message = g_strconcat (first, "\n", one->message, NULL);
    g_error_free (one);
  }
}

/* --- the file ------------------------------------------------------------- */

/* Where the key belongs, or what it is called. */
static char *
hint_key (const WcKeyGroup *group, const char *name)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();

  for (guint i = 0; i < WC_N_CONFIG_GROUPS; i++)
    if (wc_key_find (&wc_config_groups[i], name, '-') != NULL)
      return g_strdup_printf ("it is a key of [%s]", wc_config_groups[i].name);
  for (guint i = 0; i < group->n_keys; i++)
    g_ptr_array_add (known, (char *)group->keys[i].name);
  g_ptr_array_add (known, NULL);

  const char *nearest = wc_suggest (name, (const char *const *)known->pdata);
  g_autofree char *names = g_strjoinv (", ", (char **)known->pdata);
  if (nearest != NULL)
    return g_strdup_printf ("did you mean %s? known keys: %s", nearest, names);
  return g_strdup_printf ("known keys: %s", names);
}

static gboolean
read_entry (WcConfig *config, const WcKeyFile *file, const WcKeyGroup *known,
            const WcKeyFileEntry *entry, GError **error)
{
  const WcKey *key = wc_key_find (known, entry->key, '-');
  g_autofree char *place = wc_key_file_place (file, known->name, entry->key);

  if (key == NULL) {
    g_autofree char *hint = hint_key (known, entry->key);
    g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_KEY,
                 "%s: unknown key; %s", place, hint);
    return FALSE;
  }
  if (wc_key_set (key, config, entry->value, error))
    return TRUE;
  g_prefix_error (error, "%s: ", place);
  return FALSE;
}

static gboolean
read_group (WcConfig *config, const WcKeyFile *file,
            const WcKeyFileGroup *group, GError **error)
{
  const WcKeyGroup *known = wc_config_group_find (group->name);
  gboolean ok = TRUE;

  for (guint i = 0; i < group->entries->len; i++) {
    GError *one = NULL;
    if (read_entry (config, file, known, g_ptr_array_index (group->entries, i),
                    &one))
      continue;
    wc_config_add_error (error, one);
    ok = FALSE;
  }
  return ok;
}

static gboolean
refuse_group (const WcKeyFile *file, const char *name, GError **error)
{
  static const char *const others[] = {"mountpoint ID", "track ID/video",
                                       "track ID/audio", "source ID/1"};
  const char *names[WC_N_CONFIG_GROUPS + G_N_ELEMENTS (others) + 1] = {NULL};
  g_autofree char *place = wc_key_file_place (file, name, NULL);
  guint n = 0;

  for (guint i = 0; i < WC_N_CONFIG_GROUPS; i++)
    names[n++] = wc_config_groups[i].name;
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    names[n++] = others[i];

  const char *nearest = wc_suggest (name, names);
  g_autofree char *all = g_strjoinv ("] [", (char **)names);
  g_autofree char *hint = nearest != NULL
                              ? g_strdup_printf ("did you mean [%s]? ", nearest)
                              : g_strdup ("");
  g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_KEY,
               "%s: unknown group; %sknown groups: [%s]", place, hint, all);
  return FALSE;
}

static gboolean
read_groups (WcConfig *config, const WcKeyFile *file, GError **error)
{
  gboolean ok = TRUE;

  for (guint i = 0; i < file->groups->len; i++) {
    const WcKeyFileGroup *group = g_ptr_array_index (file->groups, i);
    GError *one = NULL;

    if (wc_spec_file_is_group (group->name))
      continue;
    if (wc_config_group_find (group->name) == NULL
            ? refuse_group (file, group->name, &one)
            : read_group (config, file, group, &one))
      continue;
    wc_config_add_error (error, one);
    ok = FALSE;
  }
  return wc_spec_file_read (file, config->mountpoints, error) && ok;
}

/* --- the environment ------------------------------------------------------ */

/* WHEPCAST_GROUP_KEY. */
static char *
variable_name (const WcKeyGroup *group, const WcKey *key)
{
  g_autofree char *name =
      g_strconcat (PREFIX, group->name, "_", key->name, NULL);

  return g_strdelimit (g_ascii_strup (name, -1), "-", '_');
}

/* NULL-terminated. */
static char **
variable_names (void)
{
  GPtrArray *names = g_ptr_array_new ();

  for (guint i = 0; i < WC_N_CONFIG_GROUPS; i++)
    for (guint j = 0; j < wc_config_groups[i].n_keys; j++)
      g_ptr_array_add (names, variable_name (&wc_config_groups[i],
                                             &wc_config_groups[i].keys[j]));
  g_ptr_array_add (names, NULL);
  return (char **)g_ptr_array_free (names, FALSE);
}

/* An empty variable counts as none: it is what container tools make of one that
 * nobody set. */
static gboolean
read_variable (WcConfig *config, const WcKeyGroup *group, const WcKey *key,
               char **environment, GError **error)
{
  g_autofree char *name = variable_name (group, key);
  const char *value = g_environ_getenv (environment, name);

  if (value == NULL || *value == '\0' || wc_key_set (key, config, value, error))
    return TRUE;
  g_prefix_error (error, "environment: %s ([%s] %s): ", name, group->name,
                  key->name);
  return FALSE;
}

/* Kubernetes makes such variables for every service, also for one that happens
 * to be called whepcast-http. */
static gboolean
is_of_kubernetes (const char *name)
{
  return strstr (name, "_SERVICE_HOST") != NULL ||
         strstr (name, "_SERVICE_PORT") != NULL ||
         strstr (name, "_PORT_") != NULL || g_str_has_suffix (name, "_PORT");
}

static gboolean
is_of_group (const char *name)
{
  for (guint i = 0; i < WC_N_CONFIG_GROUPS; i++) {
    g_autofree char *upper = g_ascii_strup (wc_config_groups[i].name, -1);
    g_autofree char *prefix = g_strconcat (PREFIX, upper, "_", NULL);
    if (g_str_has_prefix (name, prefix))
      return TRUE;
  }
  return FALSE;
}

/* Variables of our groups must be keys. Others may be anybody's, unless they
 * look like a slip. */
static gboolean
check_variable (const char *name, char **known, GError **error)
{
  const char *const *names = (const char *const *)known;

  if (!g_str_has_prefix (name, PREFIX) || g_strv_contains (names, name) ||
      is_of_kubernetes (name))
    return TRUE;

  const char *nearest = wc_suggest (name, names);
  if (nearest == NULL && !is_of_group (name))
    return TRUE;
  g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_KEY,
               "environment: %s is no key%s%s%s; it is " PREFIX
               "GROUP_KEY, upper case with _ for -",
               name, nearest != NULL ? "; did you mean " : "",
               nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
  return FALSE;
}

static gboolean
check_variables (char **environment, GError **error)
{
  g_auto (GStrv) known = variable_names ();
  gboolean ok = TRUE;

  for (guint i = 0; environment[i] != NULL; i++) {
    g_auto (GStrv) parts = g_strsplit (environment[i], "=", 2);
    GError *one = NULL;
    if (parts[0] == NULL || check_variable (parts[0], known, &one))
      continue;
    wc_config_add_error (error, one);
    ok = FALSE;
  }
  return ok;
}

static gboolean
read_environment (WcConfig *config, char **environment, GError **error)
{
  gboolean ok = check_variables (environment, error);

  for (guint i = 0; i < WC_N_CONFIG_GROUPS; i++) {
    const WcKeyGroup *group = &wc_config_groups[i];
    for (guint j = 0; j < group->n_keys; j++) {
      GError *one = NULL;
      if (read_variable (config, group, &group->keys[j], environment, &one))
        continue;
      wc_config_add_error (error, one);
      ok = FALSE;
    }
  }
  return ok;
}

/* --- the whole ------------------------------------------------------------ */

static WcConfig *
config_new (const char *file)
{
  WcConfig *config = g_new0 (WcConfig, 1);

  for (guint i = 0; i < WC_N_CONFIG_GROUPS; i++)
    wc_key_group_reset (&wc_config_groups[i], config);
  config->mountpoints =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_mountpoint_spec_free);
  config->file = g_strdup (file);
  return config;
}

void
wc_config_free (WcConfig *config)
{
  if (config == NULL)
    return;
  for (guint i = 0; i < WC_N_CONFIG_GROUPS; i++)
    wc_key_group_clear (&wc_config_groups[i], config);
  g_ptr_array_unref (config->mountpoints);
  g_free (config->file);
  g_free (config);
}

static void
chop_slashes (char *url)
{
  gsize length = url != NULL ? strlen (url) : 0;

  while (length > 0 && url[length - 1] == '/')
    url[--length] = '\0';
}

static gboolean
fail_rule (const WcConfig *config, const char *rule, GError **error)
{
  wc_config_add_error (
      error,
      g_error_new (WC_CONFIG_ERROR, WC_CONFIG_ERROR_VALUE, "%s: %s",
                   config->file != NULL ? config->file : "environment", rule));
  return FALSE;
}

static gboolean
has_turn (const WcConfig *config)
{
  for (guint i = 0; config->ice_servers[i] != NULL; i++)
    if (g_str_has_prefix (config->ice_servers[i], "turn"))
      return TRUE;
  return FALSE;
}

/* Browsers throw at a TURN server without credentials. */
static gboolean
check_turn (const WcConfig *config, GError **error)
{
  gboolean secret =
      config->turn_secret != NULL || config->turn_secret_file != NULL;

  if (config->turn_secret != NULL && config->turn_secret_file != NULL)
    return fail_rule (config,
                      "[ice] turn-secret and turn-secret-file are both given; "
                      "keep one",
                      error);
  if ((config->turn_username != NULL) != (config->turn_password != NULL))
    return fail_rule (config,
                      "[ice] turn-username and turn-password belong together; "
                      "give both or none",
                      error);
  if (secret && config->turn_password != NULL)
    return fail_rule (config,
                      "[ice] turn-password and a secret are both given; keep "
                      "one",
                      error);
  if (has_turn (config) && !secret && config->turn_password == NULL)
    return fail_rule (config,
                      "[ice] ice-servers has a TURN server, which needs "
                      "credentials: give turn-secret, turn-secret-file, or "
                      "turn-username and turn-password",
                      error);
  return TRUE;
}

/* Who is told must be able to tell who says it. */
static gboolean
check_webhook (const WcConfig *config, GError **error)
{
  if (config->webhook_secret != NULL && config->webhook_secret_file != NULL)
    return fail_rule (config,
                      "[events] webhook-secret and webhook-secret-file are "
                      "both given; keep one",
                      error);
  if (config->webhook_url != NULL && config->webhook_secret == NULL &&
      config->webhook_secret_file == NULL)
    return fail_rule (config,
                      "[events] webhook-url needs webhook-secret or "
                      "webhook-secret-file",
                      error);
  return TRUE;
}

/* Rules between keys. */
static gboolean
finish (WcConfig *config, GError **error)
{
  gboolean ok = TRUE;

  chop_slashes (config->public_url);
  chop_slashes (config->drain_to);
  if (config->admin_token != NULL && config->admin_token_file != NULL)
    ok = fail_rule (config,
                    "[auth] admin-token and admin-token-file are both given; "
                    "keep one",
                    error);
  if ((config->tls_certificate != NULL) != (config->tls_key != NULL))
    ok = fail_rule (config,
                    "[http] tls-certificate and tls-key belong together; "
                    "give both or none",
                    error);
  ok = check_webhook (config, error) && ok;
  return check_turn (config, error) && ok;
}

static WcConfig *
load (const WcKeyFile *file, char **environment, GError **error)
{
  g_autoptr (WcConfig) config = config_new (file != NULL ? file->path : NULL);
  gboolean ok = file == NULL || read_groups (config, file, error);

  if (environment != NULL)
    ok = read_environment (config, environment, error) && ok;
  /* Rules between keys of which one is wrong would tell what is not so. */
  if (!ok || !finish (config, error))
    return NULL;
  return g_steal_pointer (&config);
}

WcConfig *
wc_config_load (const char *path, char **environment, GError **error)
{
  g_autoptr (WcKeyFile) file = NULL;

  if (path != NULL) {
    file = wc_key_file_read (path, error);
    if (file == NULL)
      return NULL;
  }
  return load (file, environment, error);
}

WcConfig *
wc_config_parse (const char *path, const char *data, gsize size,
                 char **environment, GError **error)
{
  g_autoptr (WcKeyFile) file = wc_key_file_parse (path, data, size, error);

  return file != NULL ? load (file, environment, error) : NULL;
}

gboolean
wc_config_set (WcConfig *config, const char *group, const char *name,
               const char *value, GError **error)
{
  const WcKeyGroup *known = wc_config_group_find (group);
  const WcKey *key = known != NULL ? wc_key_find (known, name, '-') : NULL;

  if (key == NULL) {
    g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_KEY,
                 "there is no key [%s] %s", group, name);
    return FALSE;
  }
  if (!wc_key_set (key, config, value, error))
    return FALSE;
  chop_slashes (config->public_url);
  return TRUE;
}

gboolean
wc_config_set_listen (WcConfig *config, const char *listen, GError **error)
{
  return wc_config_set (config, "http", "listen", listen, error);
}
