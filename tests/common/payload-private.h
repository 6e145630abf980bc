/* SPDX-License-Identifier: MIT */
/* Shared by payload.c, payload-nal.c and payload-av1.c. */
#pragma once

#include "common/payload.h"

struct _TcPayloadReader {
  TcPayloadFormat format;
  GPtrArray *units;
  GByteArray *fragment; /* of the unit that goes on */
  gboolean in_fragment;
};

void tc_payload_write_nal (TcPayloadFormat format, GPtrArray *units,
                           TcPayloadFunc func, gpointer data);
gboolean tc_payload_read_nal (TcPayloadReader *reader, const guint8 *payload,
                              gsize size);
void tc_payload_write_av1 (GPtrArray *units, TcPayloadFunc func, gpointer data);
gboolean tc_payload_read_av1 (TcPayloadReader *reader, const guint8 *payload,
                              gsize size);
void tc_payload_take_unit (TcPayloadReader *reader, const guint8 *data,
                           gsize size);
