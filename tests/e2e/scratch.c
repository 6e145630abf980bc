/* SPDX-License-Identifier: MIT */
#include "scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The other end of the pipe closes when we are gone. */
static void
wait_and_remove (int fd, const char *directory)
{
  int null = open ("/dev/null", O_RDWR);
  char byte;

  setsid ();
  for (int i = 0; i <= 2; i++)
    dup2 (null, i);
  while (read (fd, &byte, 1) < 0)
    continue;
  execlp ("rm", "rm", "-rf", "--", directory, NULL);
  _exit (1);
}

static char *
make_directory (void)
{
  g_autoptr (GError) error = NULL;
  char *directory = g_dir_make_tmp ("whepcast-viewer-XXXXXX", &error);
  int ends[2];
  pid_t pid;

  g_assert_no_error (error);
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0) {
    close (ends[1]);
    wait_and_remove (ends[0], directory);
  }
  close (ends[0]);
  return directory;
}

char *
te_scratch_path (const char *name)
{
  static char *directory = NULL;

  if (directory == NULL)
    directory = make_directory ();
  return g_build_filename (directory, name, NULL);
}
