/* SPDX-License-Identifier: MIT */
#include "bench/janus-message.h"

#include "common/description.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_SIZE (256 * 1024)
#define MAX_DEPTH 16
#define MAX_ERROR 200

void
tb_janus_message_free (TbJanusMessage *message)
{
  g_free (message->sdp);
  g_free (message->error);
  g_free (message);
}

/* The parser recurses; brackets within strings only make this stricter. */
static gboolean
is_too_deep (const char *text, gsize size)
{
  guint depth = 0;

  for (gsize i = 0; i < size; i++) {
    if (text[i] == '{' || text[i] == '[')
      depth++;
    else if ((text[i] == '}' || text[i] == ']') && depth > 0)
      depth--;
    if (depth > MAX_DEPTH)
      return TRUE;
  }
  return FALSE;
}

static JsonObject *
get_object (JsonObject *object, const char *name)
{
  JsonNode *node =
      object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node)
             ? json_node_get_object (node)
             : NULL;
}

static const char *
get_string (JsonObject *object, const char *name)
{
  JsonNode *node =
      object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) &&
                 json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

static guint64
get_id (JsonObject *object)
{
  JsonNode *node =
      object != NULL ? json_object_get_member (object, "id") : NULL;
  gint64 id = node != NULL && JSON_NODE_HOLDS_VALUE (node) &&
                      json_node_get_value_type (node) == G_TYPE_INT64
                  ? json_node_get_int (node)
                  : 0;

  return (guint64)MAX (id, 0);
}

static TbJanusKind
kind_of (const char *word)
{
  if (strcmp (word, "success") == 0)
    return TB_JANUS_SUCCESS;
  if (strcmp (word, "ack") == 0)
    return TB_JANUS_ACK;
  if (strcmp (word, "event") == 0)
    return TB_JANUS_EVENT;
  if (strcmp (word, "error") == 0)
    return TB_JANUS_ERROR;
  return TB_JANUS_OTHER;
}

static void
read_event (TbJanusMessage *message, JsonObject *object)
{
  JsonObject *jsep = get_object (object, "jsep");
  JsonObject *data = get_object (get_object (object, "plugindata"), "data");
  const char *error = get_string (data, "error");

  if (error != NULL) {
    message->kind = TB_JANUS_ERROR;
    message->error = g_strndup (error, MAX_ERROR);
  }
  if (g_strcmp0 (get_string (jsep, "type"), "offer") == 0)
    message->sdp = g_strdup (get_string (jsep, "sdp"));
}

static TbJanusMessage *
read_message (JsonObject *object)
{
  const char *word = get_string (object, "janus");
  TbJanusMessage *message;
  const char *reason;

  if (word == NULL)
    return NULL;
  message = g_new0 (TbJanusMessage, 1);
  message->kind = kind_of (word);
  if (message->kind == TB_JANUS_SUCCESS)
    message->id = get_id (get_object (object, "data"));
  if (message->kind == TB_JANUS_EVENT)
    read_event (message, object);
  reason = get_string (get_object (object, "error"), "reason");
  if (message->kind == TB_JANUS_ERROR && message->error == NULL)
    message->error =
        g_strndup (reason != NULL ? reason : "no reason given", MAX_ERROR);
  return message;
}

TbJanusMessage *
tb_janus_message_parse (const char *text, gsize size, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  TbJanusMessage *message = NULL;
  JsonNode *root;

  if (size > MAX_SIZE || is_too_deep (text, size)) {
    g_set_error (error, TC_ERROR, 0, "the answer is too large");
    return NULL;
  }
  if (!json_parser_load_from_data (parser, text, (gssize)size, error))
    return NULL;
  root = json_parser_get_root (parser);
  if (root != NULL && JSON_NODE_HOLDS_OBJECT (root))
    message = read_message (json_node_get_object (root));
  if (message == NULL)
    g_set_error (error, TC_ERROR, 0, "the answer is not Janus's");
  return message;
}
