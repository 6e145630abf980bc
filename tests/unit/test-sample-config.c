/* SPDX-License-Identifier: MIT */
/* config/whepcast.conf.sample against the table of keys. */
#include "config/config.h"
#include "config/keys.h"

#include <string.h>

#define SAMPLE TEST_DATA "/../../config/whepcast.conf.sample"

/* A "#key=value" of the sample with the comment above it on one line. */
typedef struct {
  char *group;
  char *key;
  char *value;
  char *comment;
} Paragraph;

static void
paragraph_free (Paragraph *paragraph)
{
  g_free (paragraph->group);
  g_free (paragraph->key);
  g_free (paragraph->value);
  g_free (paragraph->comment);
  g_free (paragraph);
}

static char *
read_sample (void)
{
  g_autoptr (GError) error = NULL;
  char *text;

  g_file_get_contents (SAMPLE, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* "#key=value" and "#[group]" are commented out; "# words" are comments. */
static gboolean
is_commented_out (const char *line)
{
  return line[0] == '#' && (line[1] == '[' || g_ascii_isalpha (line[1]));
}

static Paragraph *
paragraph_new (const char *group, const char *line, const char *comment)
{
  g_auto (GStrv) parts = g_strsplit (line, "=", 2);
  Paragraph *paragraph = g_new0 (Paragraph, 1);

  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  paragraph->group = g_strdup (group);
  paragraph->key = g_strdup (parts[0]);
  paragraph->value = g_strdup (parts[1]);
  paragraph->comment = g_strdup (comment);
  return paragraph;
}

static GPtrArray *
read_paragraphs (void)
{
  g_autofree char *text = read_sample ();
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GString) comment = g_string_new (NULL);
  g_autofree char *group = NULL;
  GPtrArray *all =
      g_ptr_array_new_with_free_func ((GDestroyNotify)paragraph_free);

  for (guint i = 0; lines[i] != NULL; i++) {
    const char *line = lines[i] + is_commented_out (lines[i]);

    g_assert_cmpuint (strlen (lines[i]), <=, 80);
    if (g_str_has_prefix (line, "# ")) {
      g_string_append (comment, line + 1);
      continue;
    }
    if (*line == '[') {
      g_free (group);
      group = g_strndup (line + 1, strlen (line) - 2);
    } else if (line != lines[i]) {
      g_ptr_array_add (all, paragraph_new (group, line, comment->str));
    } else {
      g_assert_true (*line == '\0' || *line == '#');
    }
    g_string_truncate (comment, 0);
  }
  return all;
}

static const Paragraph *
find (GPtrArray *all, const char *group, const char *key)
{
  for (guint i = 0; i < all->len; i++) {
    const Paragraph *paragraph = g_ptr_array_index (all, i);
    if (g_str_equal (paragraph->group, group) &&
        g_str_equal (paragraph->key, key))
      return paragraph;
  }
  g_error ("the sample has no [%s] %s", group, key);
}

static void
check_key (GPtrArray *all, const char *group, const WcKey *key,
           gboolean needs_restart)
{
  const Paragraph *paragraph = find (all, group, key->name);
  g_autofree char *allowed = wc_key_allowed (key);
  g_autofree char *wanted =
      g_strdup_printf (" %s Allowed: %s%s", key->description, allowed,
                       needs_restart ? " Changes need a restart." : "");

  g_assert_cmpstr (paragraph->comment, ==, wanted);
  g_assert_cmpstr (paragraph->value, ==,
                   key->example != NULL ? key->example : key->fallback);
}

static const char *const groups_of_kinds[] = {
    [WC_KIND_RTP] = "mountpoint cam1",
    [WC_KIND_RTSP] = "mountpoint gate",
    [WC_KIND_RTSP_PUSH] = "mountpoint encoder",
    [WC_KIND_WHIP] = "mountpoint studio",
    [WC_KIND_WHEP] = "mountpoint relay",
    [WC_KIND_TEST] = "mountpoint pattern",
    [WC_KIND_FILE] = "mountpoint slate",
    [WC_KIND_FAILOVER] = "mountpoint main",
};

/* Each kind has a mountpoint of its own in the sample, and each key stands
 * under the first kind that has it. */
static const char *
group_of (const WcKey *key)
{
  guint kinds = key->kinds != 0 ? key->kinds : 1;

  for (guint kind = 0; kind < G_N_ELEMENTS (groups_of_kinds); kind++)
    if (kinds & (1u << kind))
      return groups_of_kinds[kind];
  return NULL;
}

static void
test_server_keys (void)
{
  g_autoptr (GPtrArray) all = read_paragraphs ();

  for (guint i = 0; i < WC_N_CONFIG_GROUPS; i++)
    for (guint j = 0; j < wc_config_groups[i].n_keys; j++)
      check_key (all, wc_config_groups[i].name, &wc_config_groups[i].keys[j],
                 !(wc_config_groups[i].keys[j].flags & WC_KEY_LIVE));
}

static void
test_mountpoint_keys (void)
{
  g_autoptr (GPtrArray) all = read_paragraphs ();

  for (guint i = 0; i < wc_mountpoint_group.n_keys; i++) {
    const WcKey *key = &wc_mountpoint_group.keys[i];
    const char *group = group_of (key);

    if (key->flags & WC_KEY_SOURCE_ALONE)
      group = "source main/2";
    if (key->flags & WC_KEY_FILE && group != NULL)
      check_key (all, group, key, FALSE);
  }
  for (guint i = 0; i < wc_track_group.n_keys; i++)
    if (wc_track_group.keys[i].flags & WC_KEY_FILE)
      check_key (all, "track cam1/video", &wc_track_group.keys[i], FALSE);
}

/* With every key given its default the configuration is the default one. */
static void
test_loads (void)
{
  g_autofree char *text = read_sample ();
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; lines[i] != NULL; i++)
    if (is_commented_out (lines[i]))
      memmove (lines[i], lines[i] + 1, strlen (lines[i]));
  g_autofree char *all = g_strjoinv ("\n", lines);
  g_autoptr (WcConfig) given =
      wc_config_parse ("sample", all, strlen (all), NULL, &error);
  g_assert_no_error (error);
  g_autoptr (WcConfig) defaults = wc_config_load (NULL, NULL, NULL);

  for (guint i = 0; i < WC_N_CONFIG_GROUPS; i++)
    g_assert_true (wc_key_group_equal (&wc_config_groups[i], given, defaults));
  g_assert_cmpuint (given->mountpoints->len, ==,
                    G_N_ELEMENTS (groups_of_kinds));
}

/* As it is, nothing is set. */
static void
test_loads_as_is (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WcConfig) config = wc_config_load (SAMPLE, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (config->mountpoints->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sample-config/server-keys", test_server_keys);
  g_test_add_func ("/sample-config/mountpoint-keys", test_mountpoint_keys);
  g_test_add_func ("/sample-config/loads", test_loads);
  g_test_add_func ("/sample-config/loads-as-is", test_loads_as_is);
  return g_test_run ();
}
