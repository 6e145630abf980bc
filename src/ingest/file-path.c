/* SPDX-License-Identifier: MIT */
#include "ingest/file-path.h"

#include "ingest/ingest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TS_PACKET 188
#define N_LOOKED_AT (2 * TS_PACKET + 1)

static gboolean
fail (GError **error, WcIngestError code, const char *path, const char *what)
{
  g_set_error (error, WC_INGEST_ERROR, code, "%s: %s", path, what);
  return FALSE;
}

/* realpath () allocates with malloc (), which may not be g_free ()'s. */
static char *
resolve (const char *path)
{
  char *real = realpath (path, NULL);
  char *copy = g_strdup (real);

  free (real);
  return copy;
}

static gboolean
check_file (const char *real, const char *path, GError **error)
{
  struct stat info;

  if (stat (real, &info) != 0)
    return fail (error, WC_INGEST_ERROR_TRANSIENT, path, g_strerror (errno));
  if (!S_ISREG (info.st_mode))
    return fail (error, WC_INGEST_ERROR_INVALID, path,
                 "it is not a regular file");
  if (access (real, R_OK) != 0)
    return fail (error, WC_INGEST_ERROR_TRANSIENT, path,
                 "it cannot be read by the user that whepcast runs as");
  return TRUE;
}

char *
wc_file_path_resolve (const char *directory, const char *path, GError **error)
{
  g_autofree char *root = resolve (directory);
  g_autofree char *joined = NULL;
  g_autofree char *prefix = NULL;
  g_autofree char *real = NULL;

  if (root == NULL) {
    fail (error, WC_INGEST_ERROR_TRANSIENT, directory, g_strerror (errno));
    return NULL;
  }
  joined = g_build_filename (root, path, NULL);
  real = resolve (joined);
  if (real == NULL) {
    fail (error, WC_INGEST_ERROR_TRANSIENT, joined, g_strerror (errno));
    return NULL;
  }
  prefix = g_str_has_suffix (root, "/") ? g_strdup (root)
                                        : g_strconcat (root, "/", NULL);
  if (!g_str_has_prefix (real, prefix)) {
    fail (error, WC_INGEST_ERROR_INVALID, path,
          "it leads out of the directory of [files] directory");
    return NULL;
  }
  return check_file (real, joined, error) ? g_steal_pointer (&real) : NULL;
}

const char *
wc_file_path_pipeline (const char *path, GError **error)
{
  guint8 head[N_LOOKED_AT] = {0};
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gssize n = fd >= 0 ? read (fd, head, sizeof head) : -1;

  if (fd >= 0)
    close (fd);
  if (n < 0) {
    fail (error, WC_INGEST_ERROR_TRANSIENT, path, g_strerror (errno));
    return NULL;
  }
  if (memcmp (head, "\x1a\x45\xdf\xa3", 4) == 0)
    return "file-matroska";
  if (memcmp (head + 4, "ftyp", 4) == 0)
    return "file-mp4";
  if (n == sizeof head && head[0] == 'G' && head[TS_PACKET] == 'G' &&
      head[2 * TS_PACKET] == 'G')
    return "file-mpegts";
  fail (error, WC_INGEST_ERROR_INVALID, path,
        "it is none of the containers that can be played: Matroska or WebM, "
        "MP4 or QuickTime, MPEG transport stream");
  return NULL;
}
