/* SPDX-License-Identifier: MIT */
/* The real program, on ports that the kernel chose, with a state directory of
 * its own, and its management API. Failures of the test's own set-up end the
 * test. Used on its loop's thread. */
#pragma once

#include "child.h"

#include "common/loop.h"

#include <glib.h>

typedef struct _TeServer TeServer;

/** @ip: what it listens on and tells its viewers; NULL: 127.0.0.1.
 * @config: more of the configuration file, begun in its group [ice]; nullable.
 * The program is that of the environment variable WHEPCAST. */
TeServer *te_server_start (TcLoop *loop, const char *ip, const char *config);
/** Kills it: how it ends by itself is tested with its child. */
void te_server_free (TeServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TeServer, te_server_free)

/** Ends it by SIGTERM: by itself and well, whatever was sent to it. */
void te_server_end (TeServer *server);

TeChild *te_server_child (TeServer *server);
/** Transfer full. */
char *te_server_whep_url (TeServer *server, const char *id);

/** With the admin token. @body nullable; returns the status. @answer
 * (optional, transfer full): the body. */
guint te_server_request (TeServer *server, const char *method, const char *path,
                         const char *body, char **answer);
/** A session URL or any other; without the token. */
guint te_server_request_url (TeServer *server, const char *method,
                             const char *url);
/** A kind=rtp mountpoint; @tracks: the JSON array. */
void te_server_create (TeServer *server, const char *id, const char *tracks);
/** GET @path and take the number at @member, as in "engine.peers_alive" or
 * "tracks.0.port". */
gint64 te_server_number (TeServer *server, const char *path,
                         const char *member);
/** The same for a string. Transfer full. */
char *te_server_text (TeServer *server, const char *path, const char *member);
/** Asks until the number is @value. FALSE: it is not, in time. */
gboolean te_server_wait_number (TeServer *server, const char *path,
                                const char *member, gint64 value,
                                gint64 timeout_ms);
/** Until the mountpoint is live; its absence ends the test. */
void te_server_wait_live (TeServer *server, const char *id);
/** Until the session URL answers 404. */
gboolean te_server_wait_gone (TeServer *server, const char *session_url,
                              gint64 timeout_ms);
