/* SPDX-License-Identifier: MIT */
#include "mountpoint/atomic-file.h"

#include "base/id.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

/* No id begins with a dot, so no file of ours has such a name. */
#define TEMPORARY_PREFIX ".tmp-"

static gboolean
set_errno_error (const char *what, const char *path, GError **error)
{
  int code = errno;

  g_set_error (error, G_FILE_ERROR, (int)g_file_error_from_errno (code),
               "cannot %s %s: %s", what, path, g_strerror (code));
  return FALSE;
}

static gboolean
sync_directory (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return set_errno_error ("open", directory, error);

  gboolean synced = fsync (fd) == 0;
  if (!synced)
    set_errno_error ("sync", directory, error);
  close (fd);
  return synced;
}

static gboolean
write_all (int fd, GBytes *data)
{
  gsize left;
  const char *next = g_bytes_get_data (data, &left);

  while (left > 0) {
    gssize n = write (fd, next, left);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return FALSE;
    next += n;
    left -= (gsize)n;
  }
  return TRUE;
}

static gboolean
write_temporary (const char *path, GBytes *data, GError **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd < 0)
    return set_errno_error ("make", path, error);

  gboolean written = write_all (fd, data) && fsync (fd) == 0;
  if (!written)
    set_errno_error ("write", path, error);
  if (close (fd) != 0 && written)
    written = set_errno_error ("write", path, error);
  return written;
}

gboolean
wc_atomic_file_write (const char *path, GBytes *data, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *random = wc_id_random_hex (8);
  g_autofree char *name = g_strconcat (TEMPORARY_PREFIX, random, NULL);
  g_autofree char *temporary = g_build_filename (directory, name, NULL);

  if (!write_temporary (temporary, data, error)) {
    g_unlink (temporary);
    return FALSE;
  }
  if (g_rename (temporary, path) != 0) {
    set_errno_error ("replace", path, error);
    g_unlink (temporary);
    return FALSE;
  }
  return sync_directory (path, error);
}

gboolean
wc_atomic_file_remove (const char *path, GError **error)
{
  if (g_unlink (path) != 0 && errno != ENOENT)
    return set_errno_error ("remove", path, error);
  return sync_directory (path, error);
}

guint
wc_atomic_file_clean (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;
  guint n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (directory, name, NULL);
    if (g_str_has_prefix (name, TEMPORARY_PREFIX) && g_unlink (path) == 0)
      n++;
  }
  return n;
}
