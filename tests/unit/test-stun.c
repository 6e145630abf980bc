/* SPDX-License-Identifier: MIT */
#include "engine/stun.h"
#include "stun-client.h"

#define UFRAG "00a1b2c3d4e5f6"
#define PWD "0123456789abcdef0123456789abcdef"

typedef struct {
  WcStun *stun;
  WcAddress from;
  guint8 data[512];
  gsize size;
  guint8 answer[WC_STUN_ANSWER_SIZE];
  WcStunRequest request;
} Fixture;

static void
set_up (Fixture *f, gconstpointer unused)
{
  f->stun = wc_stun_new ();
  g_assert_true (wc_address_parse (&f->from, "192.0.2.1", 4711));
  f->size = stun_client_write (f->data, UFRAG, PWD, TRUE, 1234);
  g_assert_cmpuint (f->size, >, 20);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  wc_stun_free (f->stun);
}

static gboolean
answer (Fixture *f, const char *pwd)
{
  return wc_stun_answer (f->stun, f->data, f->size, pwd, &f->from, f->answer,
                         &f->request);
}

static void
test_answer (Fixture *f, gconstpointer unused)
{
  g_assert_true (answer (f, PWD));
  g_assert_true (f->request.use_candidate);
  g_assert_cmpuint (f->request.priority, ==, 1234);
  /* Binding success, same transaction. */
  g_assert_cmpuint (f->answer[0], ==, 1);
  g_assert_cmpuint (f->answer[1], ==, 1);
  g_assert_cmpmem (f->answer + 4, 16, f->data + 4, 16);
  /* RFC 8489 section 14.2: XOR-MAPPED-ADDRESS of 192.0.2.1:4711. */
  static const guint8 mapped[] = {0x00, 0x20, 0x00, 0x08, 0x00, 0x01,
                                  0x33, 0x75, 0xe1, 0x12, 0xa6, 0x43};
  g_assert_nonnull (
      memmem (f->answer, f->request.answer_size, mapped, sizeof mapped));
}

/* A controlling agent accepts what we answer. */
static void
test_answer_validates (Fixture *f, gconstpointer unused)
{
  static const guint16 known[] = {STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS,
                                  STUN_ATTRIBUTE_MESSAGE_INTEGRITY, 0};
  StunAgent agent;
  StunMessage message;
  StunTransactionId id;

  stun_agent_init (&agent, known, STUN_COMPATIBILITY_RFC5389,
                   STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS |
                       STUN_AGENT_USAGE_USE_FINGERPRINT);
  stun_agent_init_request (&agent, &message, f->data, sizeof f->data,
                           STUN_BINDING);
  stun_message_append_string (&message, STUN_ATTRIBUTE_USERNAME, UFRAG ":them");
  f->size =
      stun_agent_finish_message (&agent, &message, (guint8 *)PWD, strlen (PWD));
  stun_message_id (&message, id);
  g_assert_true (answer (f, PWD));
  g_assert_cmpint (stun_agent_validate (&agent, &message, f->answer,
                                        f->request.answer_size, NULL, NULL),
                   ==, STUN_VALIDATION_SUCCESS);
}

static void
test_wrong_password (Fixture *f, gconstpointer unused)
{
  g_assert_false (answer (f, "another-password-another"));
}

static void
test_changed (Fixture *f, gconstpointer unused)
{
  for (gsize i = 0; i < f->size; i++) {
    f->data[i] ^= 0x01;
    g_assert_false (answer (f, PWD));
    f->data[i] ^= 0x01;
  }
  g_assert_true (answer (f, PWD));
}

static void
test_cut (Fixture *f, gconstpointer unused)
{
  char ufrag[WC_STUN_UFRAG_SIZE];
  gsize whole = f->size;

  for (f->size = 0; f->size < whole; f->size++) {
    g_assert_false (answer (f, PWD));
    g_assert_false (wc_stun_peek_ufrag (f->data, f->size, ufrag));
  }
}

static void
test_peek (Fixture *f, gconstpointer unused)
{
  char ufrag[WC_STUN_UFRAG_SIZE];

  g_assert_true (wc_stun_peek_ufrag (f->data, f->size, ufrag));
  g_assert_cmpstr (ufrag, ==, UFRAG);
  f->size = stun_client_write (f->data, "this-ufrag-is-longer-than-any-of-ours",
                               PWD, FALSE, 1);
  g_assert_false (wc_stun_peek_ufrag (f->data, f->size, ufrag));
}

/* No MESSAGE-INTEGRITY, no answer: nothing may be reflected. */
static void
test_unauthenticated (Fixture *f, gconstpointer unused)
{
  static const guint8 bare[] = {0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4,
                                0x42, 1,    2,    3,    4,    5,    6,
                                7,    8,    9,    10,   11,   12};

  memcpy (f->data, bare, sizeof bare);
  f->size = sizeof bare;
  g_assert_false (answer (f, PWD));
}

/* RFC 8489 section 6.3.1: an unknown mandatory attribute earns a 420. */
static void
test_unknown_attribute (Fixture *f, gconstpointer unused)
{
  static const guint16 known[] = {0};
  StunAgent agent;
  StunMessage message;

  stun_agent_init (&agent, known, STUN_COMPATIBILITY_RFC5389,
                   STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS |
                       STUN_AGENT_USAGE_USE_FINGERPRINT);
  stun_agent_init_request (&agent, &message, f->data, sizeof f->data,
                           STUN_BINDING);
  stun_message_append_string (&message, STUN_ATTRIBUTE_USERNAME, UFRAG ":them");
  stun_message_append32 (&message, 0x7ffe, 1);
  f->size =
      stun_agent_finish_message (&agent, &message, (guint8 *)PWD, strlen (PWD));
  g_assert_true (answer (f, PWD));
  g_assert_cmpuint (f->answer[0] << 8 | f->answer[1], ==, 0x0111);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                    \
  g_test_add ("/stun/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("answer", test_answer);
  ADD ("answer-validates", test_answer_validates);
  ADD ("wrong-password/T-32", test_wrong_password);
  ADD ("changed", test_changed);
  ADD ("cut", test_cut);
  ADD ("peek", test_peek);
  ADD ("unauthenticated", test_unauthenticated);
  ADD ("unknown-attribute", test_unknown_attribute);
  return g_test_run ();
}
