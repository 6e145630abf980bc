/* SPDX-License-Identifier: MIT */
/* Writes the binding requests that a controlling agent sends (RFC 8445 section
 * 7.2.2), for tests of the engine. */
#pragma once

#include <glib.h>
#include <string.h>
#include <stun/stunagent.h>

/** An answer may find no room where much else is sent: after so many packets
 * that are none the request is sent again. */
#define STUN_CLIENT_ASKS_AGAIN 1000

/** Returns the size; @ufrag is the server's local one. */
static inline gsize
stun_client_write (guint8 buffer[512], const char *ufrag, const char *pwd,
                   gboolean use_candidate, guint32 priority)
{
  static const guint16 known[] = {0};
  StunAgent agent;
  StunMessage message;
  g_autofree char *username = g_strdup_printf ("%s:them", ufrag);

  stun_agent_init (&agent, known, STUN_COMPATIBILITY_RFC5389,
                   STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS |
                       STUN_AGENT_USAGE_USE_FINGERPRINT);
  stun_agent_init_request (&agent, &message, buffer, 512, STUN_BINDING);
  stun_message_append_string (&message, STUN_ATTRIBUTE_USERNAME, username);
  stun_message_append32 (&message, STUN_ATTRIBUTE_PRIORITY, priority);
  stun_message_append64 (&message, STUN_ATTRIBUTE_ICE_CONTROLLING, 7);
  if (use_candidate)
    stun_message_append_flag (&message, STUN_ATTRIBUTE_USE_CANDIDATE);
  return stun_agent_finish_message (&agent, &message, (const guint8 *)pwd,
                                    strlen (pwd));
}
