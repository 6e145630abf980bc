/* SPDX-License-Identifier: MIT */
/* URLs of sources (RFC 3986), which may carry a user's name and password. Pure;
 * any thread. */
#pragma once

#include <glib.h>

/** What is wrong with @url if its scheme has to be one of @schemes
 * (NULL-terminated): a text that says what would be right. NULL: nothing.
 * (transfer full) */
char *wc_url_check (const char *url, const char *const *schemes);

/** @url with "***" in place of its password, if it has one. (transfer full) */
char *wc_url_hide_password (const char *url);

/** @url without a user and a password in it, which go to @user and @password
 * with their percent-encoding undone (transfer full, nullable). (transfer full)
 */
char *wc_url_split_user (const char *url, char **user, char **password);

/** Whether both name the same host and port; nullable. */
gboolean wc_url_same_host (const char *a, const char *b);

/** @url, which may be one that wc_url_hide_password () made of @former: then
 * with the password of @former (nullable), whose user and host must be the
 * same. NULL: there is no password to take. (transfer full) */
char *wc_url_restore_password (const char *url, const char *former);
