/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-transport.h"

#include <string.h>

#define MAX_LENGTH 1024
#define MAX_PARTS 32

/* The value of "NAME=VALUE" among @parts, or NULL. */
static const char *
find_value (char **parts, const char *name)
{
  gsize length = strlen (name);

  for (guint i = 1; parts[0] != NULL && parts[i] != NULL; i++) {
    const char *part = g_strstrip (parts[i]);

    if (g_ascii_strncasecmp (part, name, length) == 0 && part[length] == '=')
      return part + length + 1;
  }
  return NULL;
}

/* "A-B" or "A", as most cameras write it. */
static gboolean
read_range (const char *text, guint max, guint range[2])
{
  char *end;
  guint64 first, second;

  if (text == NULL || !g_ascii_isdigit (text[0]))
    return FALSE;
  first = second = g_ascii_strtoull (text, &end, 10);
  if (*end == '-' && g_ascii_isdigit (end[1]))
    second = g_ascii_strtoull (end + 1, &end, 10);
  else
    second = first + 1;
  if (*end != '\0' || first > max || second > max || first == second)
    return FALSE;
  range[0] = (guint)first;
  range[1] = (guint)second;
  return TRUE;
}

static WcRtspOver
read_over (char **parts)
{
  const char *protocol = parts[0] != NULL ? g_strstrip (parts[0]) : "";

  for (guint i = 1; parts[0] != NULL && parts[i] != NULL; i++)
    if (g_ascii_strcasecmp (g_strstrip (parts[i]), "multicast") == 0)
      return WC_RTSP_OVER_UNKNOWN;
  if (g_ascii_strcasecmp (protocol, "RTP/AVP/TCP") == 0)
    return WC_RTSP_OVER_TCP;
  if (g_ascii_strcasecmp (protocol, "RTP/AVP") == 0 ||
      g_ascii_strcasecmp (protocol, "RTP/AVP/UDP") == 0)
    return WC_RTSP_OVER_UDP;
  return WC_RTSP_OVER_UNKNOWN;
}

static char **
split (const char *text)
{
  g_autofree char *copy = g_strndup (text, MAX_LENGTH);

  /* Of several offers the first; there is one in an answer. */
  copy[strcspn (copy, ",")] = '\0';
  return g_strsplit (copy, ";", MAX_PARTS);
}

static char *
write_tcp (char **asked, char **answered)
{
  guint channels[2];

  if (!read_range (find_value (answered, "interleaved"), 255, channels) &&
      !read_range (find_value (asked, "interleaved"), 255, channels))
    return NULL;
  return g_strdup_printf ("RTP/AVP/TCP;unicast;interleaved=%u-%u", channels[0],
                          channels[1]);
}

/* Without the server's ports there is only nothing to send RTCP to. */
static char *
write_udp (char **asked, char **answered)
{
  guint own[2], server[2];

  if (!read_range (find_value (asked, "client_port"), G_MAXUINT16, own))
    return NULL;
  if (!read_range (find_value (answered, "server_port"), G_MAXUINT16, server))
    return g_strdup_printf ("RTP/AVP;unicast;client_port=%u-%u", own[0],
                            own[1]);
  return g_strdup_printf ("RTP/AVP;unicast;client_port=%u-%u;server_port=%u-%u",
                          own[0], own[1], server[0], server[1]);
}

char *
wc_rtsp_transport_clean (const char *asked, const char *answered,
                         WcRtspOver *over)
{
  g_auto (GStrv) of_request = split (asked);
  g_auto (GStrv) of_answer = split (answered);
  char *clean = NULL;

  *over = read_over (of_answer);
  if (*over != read_over (of_request))
    *over = WC_RTSP_OVER_UNKNOWN;
  switch (*over) {
  case WC_RTSP_OVER_TCP:
    clean = write_tcp (of_request, of_answer);
    break;
  case WC_RTSP_OVER_UDP:
    clean = write_udp (of_request, of_answer);
    break;
  case WC_RTSP_OVER_UNKNOWN:
    break;
  }
  return clean;
}
