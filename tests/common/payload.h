/* SPDX-License-Identifier: MIT */
/* Frames to RTP payloads and back: H.264 (RFC 6184, mode 1), H.265 (RFC
 * 7798), AV1 (the AOM's RTP specification). A frame is an array of units: NAL
 * units without start codes, or OBUs without their size field. Kept apart
 * from the server's code. Any thread. */
#pragma once

#include <glib.h>

/** What a payload may measure, in bytes. */
#define TC_PAYLOAD_MAX 1200

typedef enum {
  TC_PAYLOAD_H264,
  TC_PAYLOAD_H265,
  TC_PAYLOAD_AV1,
  TC_PAYLOAD_WHOLE, /* one unit is one payload: Opus, PCM */
} TcPayloadFormat;

typedef void (*TcPayloadFunc) (const guint8 *payload, gsize size,
                               gboolean is_last, gpointer data);

/** Calls @func for each payload of a frame; @units of GBytes. Small units in
 * front are put together (STAP-A, AP, several OBU elements). */
void tc_payload_write (TcPayloadFormat format, GPtrArray *units,
                       TcPayloadFunc func, gpointer data);

/** Collects the units of payloads given in sequence. */
typedef struct _TcPayloadReader TcPayloadReader;

TcPayloadReader *tc_payload_reader_new (TcPayloadFormat format);
void tc_payload_reader_free (TcPayloadReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TcPayloadReader, tc_payload_reader_free)
/** FALSE when the payload breaks the format's rules. */
gboolean tc_payload_reader_add (TcPayloadReader *reader, const guint8 *payload,
                                gsize size);
/** The complete units so far, GBytes; owned by the reader. */
GPtrArray *tc_payload_reader_units (TcPayloadReader *reader);

/** Splits a byte stream (start codes) into NAL units. Transfer full. */
GPtrArray *tc_payload_split_annex_b (const guint8 *data, gsize size);
/** Splits a temporal unit into OBUs without size fields; temporal delimiters,
 * tile lists and padding are left out. NULL when it is malformed. */
GPtrArray *tc_payload_split_obus (const guint8 *data, gsize size);
/** TRUE when the NAL unit begins a picture; FALSE also for parameter sets. */
gboolean tc_payload_is_first_slice (TcPayloadFormat format, GBytes *unit);
gboolean tc_payload_is_slice (TcPayloadFormat format, GBytes *unit);
