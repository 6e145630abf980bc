/* SPDX-License-Identifier: MIT */
#include "clip.h"

#include "scratch.h"

#define PICTURE "testsrc2=size=640x360:rate=30"
#define SOUND "sine=frequency=440"

static GPtrArray *
begin_arguments (const char *first)
{
  GPtrArray *argv = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) parts = g_strsplit (first, " ", -1);

  g_ptr_array_add (argv, g_strdup ("ffmpeg"));
  for (guint i = 0; parts[i] != NULL; i++)
    g_ptr_array_add (argv, g_steal_pointer (&parts[i]));
  return argv;
}

static void
add_arguments (GPtrArray *argv, const char *arguments)
{
  g_auto (GStrv) parts = g_strsplit (arguments, " ", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    g_ptr_array_add (argv, g_strdup (parts[i]));
}

static char *
make (const char *source, const char *name, const char *arguments)
{
  char *path = te_scratch_path (name);
  g_autoptr (GPtrArray) argv =
      begin_arguments ("-hide_banner -nostdin -loglevel error -y -f lavfi -i");
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  add_arguments (argv, source);
  add_arguments (argv, "-t 3");
  add_arguments (argv, arguments);
  g_ptr_array_add (argv, g_strdup (path));
  g_ptr_array_add (argv, NULL);
  g_spawn_sync (NULL, (char **)argv->pdata, NULL, G_SPAWN_SEARCH_PATH, NULL,
                NULL, NULL, &errors, &status, &error);
  g_assert_no_error (error);
  if (status != 0)
    g_error ("ffmpeg cannot make %s: %s", name, errors);
  return path;
}

char *
te_clip_video (const char *name, const char *arguments)
{
  return make (PICTURE, name, arguments);
}

char *
te_clip_audio (const char *name, const char *arguments)
{
  return make (SOUND, name, arguments);
}

TeChild *
te_clip_send (TcLoop *loop, const char *codec, const char *format,
              const char *path, guint16 port, guint pkt_size)
{
  g_autoptr (GPtrArray) argv = begin_arguments (
      "-hide_banner -nostdin -loglevel error -y -re -f lavfi -i " PICTURE
      " -map 0:v");

  add_arguments (argv, codec);
  add_arguments (argv, "-f tee");
  g_ptr_array_add (
      argv,
      g_strdup_printf ("[f=%s]%s|[f=rtp:payload_type=96:strict=experimental]"
                       "rtp://127.0.0.1:%u?pkt_size=%u",
                       format, path, port, pkt_size));
  g_ptr_array_add (argv, NULL);
  return te_child_spawn (loop, (const char *const *)argv->pdata);
}
