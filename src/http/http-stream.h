/* SPDX-License-Identifier: MIT */
/* libsoup's end of a connection: what it reads there are whole, clean requests,
 * one at a time, and what it writes goes out. Reads and writes never block;
 * closing it only says that libsoup is done. Main thread. */
#pragma once

#include "http/http-connection.h"

#define WC_TYPE_HTTP_STREAM (wc_http_stream_get_type ())
G_DECLARE_FINAL_TYPE (WcHttpStream, wc_http_stream, WC, HTTP_STREAM, GIOStream)

/** References @connection. */
WcHttpStream *wc_http_stream_new (WcHttpConnection *connection);
