/* SPDX-License-Identifier: MIT */
#include "bench/nft-counter.h"

#include "common/description.h"

#include <json-glib/json-glib.h>

#define HEADERS_SIZE (20 + 8) /* IPv4, UDP */

static gboolean
get_number (JsonObject *object, const char *name, guint64 *value)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) ||
      json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  *value = (guint64)json_node_get_int (node);
  return TRUE;
}

/* NULL when there is none of that name, or it is no object. */
static JsonNode *
find_member (JsonNode *node, const char *name)
{
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node)
             ? json_object_get_member (json_node_get_object (node), name)
             : NULL;
}

static gboolean
read_element (JsonNode *element, TbNftCounter *counter)
{
  JsonNode *node = find_member (element, "counter");

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) &&
         get_number (json_node_get_object (node), "packets",
                     &counter->packets) &&
         get_number (json_node_get_object (node), "bytes", &counter->bytes);
}

gboolean
tb_nft_counter_parse (TbNftCounter *counter, const char *text, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *list;

  if (!json_parser_load_from_data (parser, text, -1, error))
    return FALSE;
  list = find_member (json_parser_get_root (parser), "nftables");
  if (list != NULL && JSON_NODE_HOLDS_ARRAY (list)) {
    JsonArray *array = json_node_get_array (list);

    for (guint i = 0; i < json_array_get_length (array); i++)
      if (read_element (json_array_get_element (array, i), counter))
        return TRUE;
  }
  g_set_error (error, TC_ERROR, 0, "nft shows no counter");
  return FALSE;
}

gboolean
tb_nft_counter_read (TbNftCounter *counter, const char *name, GError **error)
{
  g_autofree char *command = g_strdup_printf ("nft -j list counter %s", name);
  g_autofree char *text = NULL;
  int status;

  return g_spawn_command_line_sync (command, &text, NULL, &status, error) &&
         g_spawn_check_wait_status (status, error) &&
         tb_nft_counter_parse (counter, text, error);
}

guint64
tb_nft_counter_payload (const TbNftCounter *begin, const TbNftCounter *end)
{
  guint64 packets = end->packets - begin->packets;
  guint64 bytes = end->bytes - begin->bytes;

  return bytes > packets * HEADERS_SIZE ? bytes - packets * HEADERS_SIZE : 0;
}
