/* SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "http/problem.h"
#include "ingest/ingest.h"
#include "mountpoint/mountpoint.h"
#include "peer/peer.h"
#include "sdp/sdp.h"

#include <json-glib/json-glib.h>

static void
check_error (GQuark domain, int code, guint status, guint retry_after_s)
{
  g_autoptr (GError) error = g_error_new (domain, code, "cam1: no");
  WcProblem problem = wc_problem_from_error (error);

  g_assert_cmpuint (problem.status, ==, status);
  g_assert_cmpuint (problem.retry_after_s, ==, retry_after_s);
}

static void
test_mountpoint_errors (void)
{
  GQuark domain = WC_MOUNTPOINT_ERROR;

  check_error (domain, WC_MOUNTPOINT_ERROR_NOT_FOUND, 404, 0);
  check_error (domain, WC_MOUNTPOINT_ERROR_EXISTS, 409, 0);
  check_error (domain, WC_MOUNTPOINT_ERROR_IN_USE, 409, 0);
  check_error (domain, WC_MOUNTPOINT_ERROR_READ_ONLY, 409, 0);
  check_error (domain, WC_MOUNTPOINT_ERROR_NOT_LIVE, 409, 2);
  check_error (domain, WC_MOUNTPOINT_ERROR_UNDECODABLE, 409, 10);
  check_error (domain, WC_MOUNTPOINT_ERROR_DISABLED, 403, 0);
  check_error (domain, WC_MOUNTPOINT_ERROR_LIMIT, 503, 5);
  check_error (domain, WC_MOUNTPOINT_ERROR_INVALID, 422, 0);
  check_error (domain, WC_MOUNTPOINT_ERROR_STORE, 500, 0);
  check_error (domain, WC_MOUNTPOINT_ERROR_STOPPING, 503, 5);
}

static void
test_other_errors (void)
{
  check_error (WC_SDP_ERROR, WC_SDP_ERROR_INVALID, 400, 0);
  check_error (WC_SDP_ERROR, WC_SDP_ERROR_UNSUPPORTED, 422, 0);
  check_error (WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE, 409, 0);
  check_error (WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID, 422, 0);
  check_error (WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL, 500, 0);
  check_error (WC_PEER_ERROR, WC_PEER_ERROR_NEGOTIATION, 500, 0);
  check_error (WC_PEER_ERROR, WC_PEER_ERROR_CLOSED, 503, 2);
  check_error (WC_CONFIG_ERROR, WC_CONFIG_ERROR_KEY, 422, 0);
  check_error (WC_CONFIG_ERROR, WC_CONFIG_ERROR_VALUE, 422, 0);
  check_error (G_IO_ERROR, G_IO_ERROR_FAILED, 500, 0);
}

static void
test_document (void)
{
  g_autofree char *text = wc_problem_write (409, "cam1: \"no\"\xff");
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  JsonObject *object = json_node_get_object (root);

  g_assert_cmpstr (json_object_get_string_member (object, "title"), ==,
                   "Conflict");
  g_assert_cmpint (json_object_get_int_member (object, "status"), ==, 409);
  g_assert_cmpstr (json_object_get_string_member (object, "detail"), ==,
                   "cam1: \"no\"\xef\xbf\xbd");
  g_assert_cmpstr (json_object_get_string_member (object, "error"), ==,
                   json_object_get_string_member (object, "detail"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/problem/mountpoint-errors", test_mountpoint_errors);
  g_test_add_func ("/http/problem/other-errors", test_other_errors);
  g_test_add_func ("/http/problem/document", test_document);
  return g_test_run ();
}
