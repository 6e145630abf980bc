/* SPDX-License-Identifier: MIT */
/* The same bytes as a configuration file, and as the JSON of a create request
 * and of a PATCH. */
#include "config/config.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* What is taken must come back the same from what is written. */
static void
check_round_trip (const WcMountpointSpec *spec)
{
  g_autoptr (JsonObject) object = wc_mountpoint_spec_to_json (spec, FALSE);
  g_autoptr (WcMountpointSpec) back =
      wc_mountpoint_spec_from_json (object, NULL);

  g_assert_nonnull (back);
  g_assert_true (wc_mountpoint_spec_equal (spec, back));
}

static void
try_file (const char *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WcConfig) config =
      wc_config_parse ("fuzz", data, size, NULL, &error);

  g_assert_true ((config == NULL) == (error != NULL));
  for (guint i = 0; config != NULL && i < config->mountpoints->len; i++) {
    const WcMountpointSpec *spec = g_ptr_array_index (config->mountpoints, i);
    if (spec->sdp_file == NULL)
      check_round_trip (spec);
  }
}

static void
try_create (JsonObject *object)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WcMountpointSpec) spec =
      wc_mountpoint_spec_from_json (object, &error);

  g_assert_true ((spec == NULL) == (error != NULL));
  if (spec != NULL)
    check_round_trip (spec);
}

static void
try_patch (JsonObject *object)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WcMountpointSpec) base = wc_mountpoint_spec_new ();

  base->id = g_strdup ("base");
  base->sdp = g_strdup ("v=0");
  g_autoptr (WcMountpointSpec) spec =
      wc_mountpoint_spec_patched (base, object, &error);
  g_assert_true ((spec == NULL) == (error != NULL));
  if (spec != NULL)
    check_round_trip (spec);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (JsonParser) parser = json_parser_new ();

  try_file ((const char *)data, size);
  if (!json_parser_load_from_data (parser, (const char *)data, size, NULL))
    return 0;
  JsonNode *root = json_parser_get_root (parser);
  if (root != NULL && JSON_NODE_HOLDS_OBJECT (root)) {
    try_create (json_node_get_object (root));
    try_patch (json_node_get_object (root));
  }
  return 0;
}
