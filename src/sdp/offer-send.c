/* SPDX-License-Identifier: MIT */
#include "sdp/offer-send.h"

#include "sdp/lines.h"

#include <string.h>

void
wc_sdp_sending_init (WcSdpSending *sending)
{
  sending->stream_id = NULL;
  sending->ssrcs = g_array_new (FALSE, FALSE, sizeof (WcSdpSsrc));
  sending->rids = g_ptr_array_new_with_free_func (g_free);
  sending->layers = g_ptr_array_new_with_free_func (g_free);
}

void
wc_sdp_sending_clear (WcSdpSending *sending)
{
  g_clear_pointer (&sending->stream_id, g_free);
  g_clear_pointer (&sending->ssrcs, g_array_unref);
  g_clear_pointer (&sending->rids, g_ptr_array_unref);
  g_clear_pointer (&sending->layers, g_ptr_array_unref);
}

static void
read_msid (WcSdpSending *sending, char *value)
{
  const char *id = wc_sdp_take_word (&value);

  if (sending->stream_id == NULL && id != NULL && !g_str_equal (id, "-"))
    sending->stream_id = g_strdup (id);
}

/* --- SSRCs ---------------------------------------------------------------- */

static gint
find_ssrc (const WcSdpSending *sending, guint32 ssrc)
{
  for (guint i = 0; i < sending->ssrcs->len; i++)
    if (g_array_index (sending->ssrcs, WcSdpSsrc, i).ssrc == ssrc)
      return (gint)i;
  return -1;
}

static gboolean
is_rtx (const WcSdpSending *sending, guint32 ssrc)
{
  for (guint i = 0; i < sending->ssrcs->len; i++)
    if (g_array_index (sending->ssrcs, WcSdpSsrc, i).rtx_ssrc == ssrc)
      return TRUE;
  return FALSE;
}

static void
add_ssrc (WcSdpSending *sending, guint32 ssrc)
{
  WcSdpSsrc added = {ssrc, 0};

  if (ssrc != 0 && find_ssrc (sending, ssrc) < 0 && !is_rtx (sending, ssrc) &&
      sending->ssrcs->len < WC_SDP_MAX_SSRCS)
    g_array_append_val (sending->ssrcs, added);
}

static void
read_ssrc (WcSdpSending *sending, char *value)
{
  guint ssrc;

  if (wc_sdp_parse_uint (wc_sdp_take_word (&value), G_MAXUINT32, &ssrc))
    add_ssrc (sending, ssrc);
}

/* "FID <media> <rtx>" (RFC 5576 section 4.2); other groups say nothing that
 * the RIDs and the order do not. */
static void
read_ssrc_group (WcSdpSending *sending, char *value)
{
  const char *semantics = wc_sdp_take_word (&value);
  guint ssrc, rtx_ssrc;
  gint at;

  if (g_strcmp0 (semantics, "FID") != 0 ||
      !wc_sdp_parse_uint (wc_sdp_take_word (&value), G_MAXUINT32, &ssrc) ||
      !wc_sdp_parse_uint (wc_sdp_take_word (&value), G_MAXUINT32, &rtx_ssrc) ||
      ssrc == rtx_ssrc)
    return;
  add_ssrc (sending, ssrc);
  at = find_ssrc (sending, rtx_ssrc);
  if (at >= 0)
    g_array_remove_index (sending->ssrcs, (guint)at);
  at = find_ssrc (sending, ssrc);
  if (at >= 0)
    g_array_index (sending->ssrcs, WcSdpSsrc, at).rtx_ssrc = rtx_ssrc;
}

/* --- layers --------------------------------------------------------------- */

/* RFC 8852 section 3.3: what fits into the header extension. */
static gboolean
is_rid (const char *text)
{
  return wc_sdp_is_token (text, WC_SDP_MAX_RID, NULL);
}

static gboolean
has_string (const GPtrArray *strings, const char *text)
{
  for (guint i = 0; i < strings->len; i++)
    if (g_str_equal (strings->pdata[i], text))
      return TRUE;
  return FALSE;
}

/* "<id> send [restrictions]" (RFC 8851 section 4) */
static void
read_rid (WcSdpSending *sending, char *value)
{
  const char *id = wc_sdp_take_word (&value);
  const char *direction = wc_sdp_take_word (&value);

  if (is_rid (id) && g_strcmp0 (direction, "send") == 0 &&
      !has_string (sending->rids, id) && sending->rids->len < WC_SDP_MAX_SSRCS)
    g_ptr_array_add (sending->rids, g_strdup (id));
}

/* "f,~g;h": of alternatives the first counts, and "~" (paused at first) says
 * nothing to a receiver (RFC 8853 section 5.1). */
static void
read_layers (WcSdpSending *sending, const char *list)
{
  g_auto (GStrv) streams = g_strsplit (list, ";", WC_SDP_MAX_SSRCS);

  for (guint i = 0; streams[i] != NULL; i++) {
    char *id = streams[i] + (streams[i][0] == '~' ? 1 : 0);

    id[strcspn (id, ",")] = '\0';
    if (is_rid (id) && !has_string (sending->layers, id) &&
        sending->layers->len < WC_SDP_MAX_LAYERS)
      g_ptr_array_add (sending->layers, g_strdup (id));
  }
}

/* "send <list> [recv <list>]", or the other way round */
static void
read_simulcast (WcSdpSending *sending, char *value)
{
  const char *direction;

  while ((direction = wc_sdp_take_word (&value)) != NULL) {
    const char *list = wc_sdp_take_word (&value);

    if (list != NULL && g_str_equal (direction, "send") &&
        sending->layers->len == 0)
      read_layers (sending, list);
  }
}

void
wc_sdp_sending_attribute (WcSdpSending *sending, const char *name, char *value)
{
  static const struct {
    const char *name;
    void (*read) (WcSdpSending *sending, char *value);
  } attributes[] = {
      {"msid", read_msid},
      {"ssrc", read_ssrc},
      {"ssrc-group", read_ssrc_group},
      {"rid", read_rid},
      {"simulcast", read_simulcast},
  };

  for (guint i = 0; i < G_N_ELEMENTS (attributes); i++)
    if (g_str_equal (attributes[i].name, name))
      attributes[i].read (sending, value);
}

void
wc_sdp_sending_finish (WcSdpSending *sending)
{
  for (guint i = sending->layers->len; i > 0; i--)
    if (!has_string (sending->rids, sending->layers->pdata[i - 1]))
      g_ptr_array_remove_index (sending->layers, i - 1);
}
