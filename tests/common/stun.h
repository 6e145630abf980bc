/* SPDX-License-Identifier: MIT */
/* STUN messages as ICE needs them (RFC 8489, RFC 8445): a writer and a reader,
 * both plain values. Written apart from the server's code, so that the two
 * check each other. Any thread. */
#pragma once

#include "base/address.h"

#include <glib.h>

#define TC_STUN_ID_SIZE 12
#define TC_STUN_MAX_SIZE 548

enum {
  TC_STUN_BINDING_REQUEST = 0x0001,
  TC_STUN_BINDING_INDICATION = 0x0011,
  TC_STUN_BINDING_SUCCESS = 0x0101,
  TC_STUN_BINDING_ERROR = 0x0111,
};

enum {
  TC_STUN_USERNAME = 0x0006,
  TC_STUN_MESSAGE_INTEGRITY = 0x0008,
  TC_STUN_ERROR_CODE = 0x0009,
  TC_STUN_XOR_MAPPED_ADDRESS = 0x0020,
  TC_STUN_PRIORITY = 0x0024,
  TC_STUN_USE_CANDIDATE = 0x0025,
  TC_STUN_SOFTWARE = 0x8022,
  TC_STUN_FINGERPRINT = 0x8028,
  TC_STUN_ICE_CONTROLLED = 0x8029,
  TC_STUN_ICE_CONTROLLING = 0x802a,
};

typedef struct {
  guint8 data[TC_STUN_MAX_SIZE];
  gsize size;
} TcStunWriter;

/** Starts a message of @type with transaction @id. */
void tc_stun_begin (TcStunWriter *writer, guint16 type,
                    const guint8 id[TC_STUN_ID_SIZE]);
/** Adds an attribute; what does not fit is a programming error. */
void tc_stun_add (TcStunWriter *writer, guint16 type, const void *value,
                  gsize size);
void tc_stun_add_u32 (TcStunWriter *writer, guint16 type, guint32 value);
void tc_stun_add_u64 (TcStunWriter *writer, guint16 type, guint64 value);
/** XOR-MAPPED-ADDRESS (RFC 8489 section 14.2). */
void tc_stun_add_address (TcStunWriter *writer, const WcAddress *address);
/** MESSAGE-INTEGRITY under @password (nullable: none), then FINGERPRINT. */
void tc_stun_finish (TcStunWriter *writer, const char *password);

typedef struct {
  guint16 type;
  const guint8 *id; /* TC_STUN_ID_SIZE bytes */
  const guint8 *data;
  gsize size;
} TcStunReader;

/** Looks at the whole message: header, cookie, that attributes fit. @reader
 * points into @data. */
gboolean tc_stun_read (TcStunReader *reader, const guint8 *data, gsize size);
/** The first attribute of @type, or NULL. */
const guint8 *tc_stun_find (const TcStunReader *reader, guint16 type,
                            gsize *size);
/** FALSE without MESSAGE-INTEGRITY or with a wrong one. */
gboolean tc_stun_check_integrity (const TcStunReader *reader,
                                  const char *password);
/** FALSE when FINGERPRINT is absent, not the last, or wrong. */
gboolean tc_stun_check_fingerprint (const TcStunReader *reader);
/** XOR-MAPPED-ADDRESS. */
gboolean tc_stun_read_address (const TcStunReader *reader, WcAddress *address);
/** ERROR-CODE as 100 to 699, or 0. */
guint tc_stun_error_code (const TcStunReader *reader);
