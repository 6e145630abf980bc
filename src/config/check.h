/* SPDX-License-Identifier: MIT */
/* What a text must be: the rules that rows of the table point at. Pure; any
 * thread. */
#pragma once

#include <glib.h>

/** Visible ASCII only. */
gboolean wc_check_visible (const char *text);
/** A numeric IPv4 or IPv6 address. */
gboolean wc_check_ip (const char *text);
/** One that a packet can come from: neither any nor multicast. */
gboolean wc_check_unicast_ip (const char *text);
/** An IP address, or a prefix with a length. */
gboolean wc_check_prefix (const char *text);
/** A network interface's name as the kernel takes it. */
gboolean wc_check_interface (const char *text);
/** The same with "!" before it or not, and with * and ? for any characters. */
gboolean wc_check_interface_pattern (const char *text);
/** "auto", a unicast IP address, or a host name (RFC 1123 section 2.1). */
gboolean wc_check_advertised (const char *text);
/** stun(s):HOST[:PORT], turn(s):HOST[:PORT][?transport=udp|tcp] (RFC 7064,
 * RFC 7065). */
gboolean wc_check_ice_server (const char *text);
/** http(s)://HOST[:PORT][/PATH]. */
gboolean wc_check_public_url (const char *text);
/** SCHEME://HOST[:PORT] (RFC 6454 section 6.2). */
gboolean wc_check_origin (const char *text);
/** 64 hexadecimal digits, which may be parted by colons. */
gboolean wc_check_fingerprint (const char *text);
/** An even number. */
gboolean wc_check_even (const char *text);
/** Not 64 to 95, which look like RTCP (RFC 5761 section 4). */
gboolean wc_check_payload_type (const char *text);

/** The name of an event: mountpoint, switch, removed, joined or left. */
gboolean wc_check_event_name (const char *text);
