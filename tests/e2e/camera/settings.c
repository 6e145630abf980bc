/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <gio/gio.h>
#include <string.h>

static struct {
  const char *name, *initial, *help;
  char *value; /* NULL: the initial one */
} settings[] = {
    {"address", "127.0.0.1", "where it listens", NULL},
    {"port", "0", "0: one that the kernel chooses", NULL},
    {"path", "/live", "of the URL", NULL},
    {"video", "h264", "h264, h265, vp8, jpeg, none", NULL},
    {"audio", "opus", "opus, aac, mp2, pcmu, pcma, g722, g726, l16, none",
     NULL},
    {"second", "none", "more streams: video, metadata, both, none", NULL},
    {"size", "640x360", "of the picture; also while it plays", NULL},
    {"fps", "25", "pictures a second", NULL},
    {"gop", "25", "pictures from key frame to key frame", NULL},
    {"bframes", "0", "B-frames between two others", NULL},
    {"bitrate", "600", "of the video, kbit/s", NULL},
    {"mtu", "1400", "largest RTP packet", NULL},
    {"parameter-sets", "in-band", "in-band, sdp: only in the SDP", NULL},
    {"sync", "0", "1: made-up pictures that come 300 ms later than their sound",
     NULL},
    {"auth", "none", "none, basic, digest, both", NULL},
    {"user", "admin", "", NULL},
    {"password", "secret", "", NULL},
    {"tls", "", "a PEM file with certificate and key: RTSPS", NULL},
    {"transport", "any", "any, tcp, udp: others are answered 461", NULL},
    {"udp", "works", "works, dropped: SETUP is answered, nothing comes", NULL},
    {"redirect", "", "DESCRIBE is answered 302 with this Location", NULL},
    {"stdin", "commands", "commands; none: it is not read", NULL},
    {"status", "200", "DESCRIBE is answered with this", NULL},
};

static GMutex lock;

static char **
find_value (const char *name, const char **initial)
{
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    if (strcmp (settings[i].name, name) == 0) {
      *initial = settings[i].initial;
      return &settings[i].value;
    }
  return NULL;
}

gboolean
cam_settings_set (const char *word, GError **error)
{
  const char *sign = strchr (word, '=');
  g_autofree char *name =
      sign != NULL ? g_strndup (word, (gsize)(sign - word)) : NULL;
  const char *initial;
  char **value = name != NULL ? find_value (name, &initial) : NULL;

  if (value == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "\"%s\" is not a setting", word);
    return FALSE;
  }
  g_mutex_lock (&lock);
  g_free (*value);
  *value = g_strdup (sign + 1);
  g_mutex_unlock (&lock);
  return TRUE;
}

char *
cam_settings_get (const char *name)
{
  const char *initial;
  char **value = find_value (name, &initial);
  char *copy;

  g_assert (value != NULL);
  g_mutex_lock (&lock);
  copy = g_strdup (*value != NULL ? *value : initial);
  g_mutex_unlock (&lock);
  return copy;
}

guint
cam_settings_number (const char *name)
{
  g_autofree char *value = cam_settings_get (name);

  return (guint)g_ascii_strtoull (value, NULL, 10);
}

gboolean
cam_settings_is (const char *name, const char *value)
{
  g_autofree char *present = cam_settings_get (name);

  return strcmp (present, value) == 0;
}

void
cam_settings_print_help (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    g_print ("  %s=%s\n      %s\n", settings[i].name, settings[i].initial,
             settings[i].help);
}
