/* SPDX-License-Identifier: MIT */
#include "engine/stun.h"

#include "base/bytes.h"

#include <string.h>
#include <stun/stunagent.h>

#define HEADER_SIZE 20
#define MAGIC_COOKIE 0x2112A442u

struct WcStun {
  StunAgent agent;
};

/* Comprehension-required attributes that are understood (RFC 8489 section
 * 14): everything else below 0x8000 earns a 420. */
static const guint16 known_attributes[] = {STUN_ATTRIBUTE_USERNAME,
                                           STUN_ATTRIBUTE_MESSAGE_INTEGRITY,
                                           STUN_ATTRIBUTE_ERROR_CODE,
                                           STUN_ATTRIBUTE_UNKNOWN_ATTRIBUTES,
                                           STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS,
                                           STUN_ATTRIBUTE_MAPPED_ADDRESS,
                                           STUN_ATTRIBUTE_REALM,
                                           STUN_ATTRIBUTE_NONCE,
                                           STUN_ATTRIBUTE_PRIORITY,
                                           STUN_ATTRIBUTE_USE_CANDIDATE,
                                           0};

typedef struct {
  const char *password;
} Credentials;

WcStun *
wc_stun_new (void)
{
  WcStun *stun = g_new0 (WcStun, 1);

  stun_agent_init (&stun->agent, known_attributes, STUN_COMPATIBILITY_RFC5389,
                   STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS |
                       STUN_AGENT_USAGE_USE_FINGERPRINT);
  return stun;
}

void
wc_stun_free (WcStun *stun)
{
  g_free (stun);
}

gboolean
wc_stun_is_stun (guint8 first_byte)
{
  return first_byte <= 3;
}

static gboolean
is_binding_request (const guint8 *data, gsize size)
{
  return size >= HEADER_SIZE && data[0] == 0 && data[1] == 1 &&
         wc_read_u16 (data + 2) == size - HEADER_SIZE &&
         ((guint32)wc_read_u16 (data + 4) << 16 | wc_read_u16 (data + 6)) ==
             MAGIC_COOKIE;
}

static gboolean
copy_ufrag (const guint8 *value, gsize size, char ufrag[WC_STUN_UFRAG_SIZE])
{
  const guint8 *colon = memchr (value, ':', size);
  gsize length = colon != NULL ? (gsize)(colon - value) : 0;

  if (length == 0 || length >= WC_STUN_UFRAG_SIZE)
    return FALSE;
  memcpy (ufrag, value, length);
  ufrag[length] = '\0';
  return strlen (ufrag) == length;
}

gboolean
wc_stun_peek_ufrag (const guint8 *data, gsize size,
                    char ufrag[WC_STUN_UFRAG_SIZE])
{
  if (!is_binding_request (data, size))
    return FALSE;

  for (gsize at = HEADER_SIZE; at + 4 <= size;) {
    guint16 type = wc_read_u16 (data + at);
    gsize length = wc_read_u16 (data + at + 2);
    if (length > size - at - 4)
      return FALSE;
    if (type == STUN_ATTRIBUTE_USERNAME)
      return copy_ufrag (data + at + 4, length, ufrag);
    at += 4 + ((length + 3) & ~(gsize)3);
  }
  return FALSE;
}

/* The caller looked the user up by its ufrag; the password does the rest. */
static bool
find_password (StunAgent *agent, StunMessage *message, uint8_t *username,
               uint16_t username_size, uint8_t **password,
               size_t *password_size, void *user_data)
{
  Credentials *credentials = user_data;

  *password = (uint8_t *)credentials->password;
  *password_size = strlen (credentials->password);
  return true;
}

static gsize
write_success (WcStun *stun, StunMessage *message, const WcAddress *from,
               guint8 *answer)
{
  StunMessage response;
  struct sockaddr_storage to;
  socklen_t to_size = wc_address_to_sockaddr (from, from->sa.sa_family, &to);

  if (!stun_agent_init_response (&stun->agent, &response, answer,
                                 WC_STUN_ANSWER_SIZE, message))
    return 0;
  if (stun_message_append_xor_addr (&response,
                                    STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, &to,
                                    to_size) != STUN_MESSAGE_RETURN_SUCCESS)
    return 0;
  return stun_agent_finish_message (&stun->agent, &response, NULL, 0);
}

static void
read_request (StunMessage *message, WcStunRequest *request)
{
  uint32_t priority = 0;

  request->use_candidate =
      stun_message_has_attribute (message, STUN_ATTRIBUTE_USE_CANDIDATE);
  if (stun_message_find32 (message, STUN_ATTRIBUTE_PRIORITY, &priority) ==
      STUN_MESSAGE_RETURN_SUCCESS)
    request->priority = priority;
}

gboolean
wc_stun_answer (WcStun *stun, const guint8 *data, gsize size,
                const char *password, const WcAddress *from,
                guint8 answer[WC_STUN_ANSWER_SIZE], WcStunRequest *request)
{
  Credentials credentials = {password};
  StunMessage message;

  *request = (WcStunRequest){0};
  StunValidationStatus status = stun_agent_validate (
      &stun->agent, &message, data, size, find_password, &credentials);

  /* libnice calls a request without MESSAGE-INTEGRITY bad, not authentic. */
  if ((status != STUN_VALIDATION_SUCCESS &&
       status != STUN_VALIDATION_UNKNOWN_REQUEST_ATTRIBUTE) ||
      message.key == NULL)
    return FALSE;

  if (status == STUN_VALIDATION_SUCCESS) {
    read_request (&message, request);
    request->answer_size = write_success (stun, &message, from, answer);
  } else {
    StunMessage error;
    request->answer_size = stun_agent_build_unknown_attributes_error (
        &stun->agent, &error, answer, WC_STUN_ANSWER_SIZE, &message);
  }
  return request->answer_size > 0;
}
