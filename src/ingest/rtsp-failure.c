/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-failure.h"

/* RFC 2326 section 7.1.1, those that can be helped. */
static const struct {
  guint status;
  WcRemoteFailure failure;
  const char *text;
} answers[] = {
    {403, WC_REMOTE_CONFIGURATION,
     "it forbids this (403): may this user see this stream?"},
    {404, WC_REMOTE_CONFIGURATION,
     "it has no such stream (404): check the path in the url"},
    {451, WC_REMOTE_CONFIGURATION, "it does not understand the url (451)"},
    {453, WC_REMOTE_TRANSIENT,
     "it has no bandwidth left (453): too many watch it already"},
    {454, WC_REMOTE_TRANSIENT, "it ended the session (454)"},
    {461, WC_REMOTE_CONFIGURATION,
     "it does not send in this way (461): set transport to the other of tcp "
     "and udp"},
    {503, WC_REMOTE_TRANSIENT,
     "it cannot serve us now (503): too many may watch it already"},
};

static char *
explain_password (gboolean has_user)
{
  if (has_user)
    return g_strdup ("it refuses this user name or password (401)");
  return g_strdup ("it wants a user name and a password (401): set username "
                   "and password");
}

static char *
explain_status (guint status, const char *method, gboolean has_user,
                WcRemoteFailure *failure)
{
  if (status == 401) {
    *failure = WC_REMOTE_CONFIGURATION;
    return explain_password (has_user);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    if (answers[i].status == status) {
      *failure = answers[i].failure;
      return g_strdup (answers[i].text);
    }
  return g_strdup_printf ("it answers %s with status %u", method, status);
}

char *
wc_rtsp_failure_explain (const WcRtspReport *report, const char *cause,
                         gboolean has_user, WcRemoteFailure *failure)
{
  *failure = WC_REMOTE_TRANSIENT;
  if (report->refusal != NULL) {
    *failure = WC_REMOTE_CONFIGURATION;
    return g_strdup (report->refusal);
  }
  if (report->certificate != NULL) {
    *failure = WC_REMOTE_CONFIGURATION;
    return g_strdup_printf ("its certificate is not trusted; if it is the "
                            "right one, set tls_fingerprint to %s",
                            report->certificate);
  }
  if (report->method[0] == '\0')
    return g_strdup_printf ("no connection could be made: %s", cause);
  if (report->played_us != 0)
    return g_strdup (cause);
  if (!report->answered)
    return g_strdup_printf ("it takes the connection, but does not answer "
                            "%s: is this an RTSP port?",
                            report->method);
  if (report->status != 200)
    return explain_status (report->status, report->method, has_user, failure);
  return g_strdup (cause);
}
