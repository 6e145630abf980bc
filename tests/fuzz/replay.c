/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over every file of the directories given: what the suite
 * `fuzz` does where there is no libFuzzer. */
#include <glib.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static guint
replay (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *file = g_build_filename (path, name, NULL);
    g_autofree char *text = NULL;
    g_autofree guint8 *data = NULL;
    gsize size;

    if (!g_file_get_contents (file, &text, &size, NULL))
      continue;
    /* Without GLib's final NUL, so that ASan sees a read behind the end. */
    data = g_memdup2 (text, size);
    LLVMFuzzerTestOneInput (data, size);
    n++;
  }
  return n;
}

int
main (int argc, char **argv)
{
  guint n = 0;

  for (int i = 1; i < argc; i++)
    n += replay (argv[i]);
  g_print ("%u inputs\n", n);
  return n > 0 ? 0 : 1;
}
