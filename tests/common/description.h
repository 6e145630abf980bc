/* SPDX-License-Identifier: MIT */
/* What a session description says, as far as a viewer needs it: parsed out of
 * a WHEP answer (or another server's offer). A plain struct, read-only once
 * made. The parser is simple and not the server's. */
#pragma once

#include "base/address.h"
#include "base/codec.h"

#include <glib.h>

typedef struct {
  guint8 pt;
  char *encoding; /* "H264" */
  guint32 clock_rate;
  char *fmtp;  /* "" without one */
  gint rtx_pt; /* the rtx payload type whose apt is this one, or -1 */
  gboolean has_nack;
  gboolean has_pli;
} TcFormat;

typedef struct {
  char *kind; /* "audio", "video", "application" */
  char *mid;
  char *protocol;
  guint port;
  char *direction;    /* "sendonly", ... */
  GPtrArray *formats; /* TcFormat, without rtx */
  guint32 ssrc;       /* 0: not said */
  guint32 rtx_ssrc;   /* of the ssrc-group FID; 0: none */
  char *cname;        /* nullable */
  char *msid;         /* nullable */
} TcSection;

typedef struct {
  char *text;
  char *ufrag, *pwd;
  char *fingerprint; /* "AB:CD:..." of sha-256, nullable */
  char *setup;       /* nullable */
  char *bundle;      /* the mids, nullable */
  gboolean ice_lite;
  gboolean end_of_candidates;
  GArray *candidates;     /* WcAddress of UDP component 1, as listed */
  GArray *tcp_candidates; /* the same of TCP, passive */
  GPtrArray *sections;    /* TcSection, in order */
} TcDescription;

/** NULL with an error when something is missing that a viewer cannot do
 * without: v=, a section, ufrag, pwd, fingerprint, setup. */
TcDescription *tc_description_parse (const char *text, GError **error);
void tc_description_free (TcDescription *description);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TcDescription, tc_description_free)

/** The first section of @media that is not rejected, or NULL. */
const TcSection *tc_description_find (const TcDescription *description,
                                      WcMedia media);
/** The section's format of @pt, or NULL. */
const TcFormat *tc_section_find_format (const TcSection *section, guint pt);

#define TC_ERROR tc_error_quark ()
GQuark tc_error_quark (void);
