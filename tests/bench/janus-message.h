/* SPDX-License-Identifier: MIT */
/* What a Janus server answers over its HTTP transport: read with limits, since
 * it comes from the network. A plain value. */
#pragma once

#include <glib.h>

typedef enum {
  TB_JANUS_SUCCESS,
  TB_JANUS_ACK,
  TB_JANUS_EVENT, /* of a plugin */
  TB_JANUS_ERROR, /* of the core, or of the plugin inside an event */
  TB_JANUS_OTHER, /* keepalive, webrtcup, media, hangup, ... */
} TbJanusKind;

typedef struct {
  TbJanusKind kind;
  guint64 id;  /* data.id of a success; 0: none */
  char *sdp;   /* of a jsep of type "offer"; nullable */
  char *error; /* nullable */
} TbJanusMessage;

/** NULL with an error when @text is no message: too long, nested too deep, no
 * JSON, no object, without "janus". Members of the wrong type count as
 * absent. */
TbJanusMessage *tb_janus_message_parse (const char *text, gsize size,
                                        GError **error);
void tb_janus_message_free (TbJanusMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TbJanusMessage, tb_janus_message_free)
