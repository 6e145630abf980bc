/* SPDX-License-Identifier: MIT */
/* What the tests of src/sdp share: canned offers, edits to them, tracks. */
#pragma once

#include "sdp/answer.h"

#include <string.h>

/** The text of tests/data/offers/@name.sdp. (transfer full) */
static inline char *
load_offer (const char *name)
{
  g_autofree char *path = g_strdup_printf ("%s/offers/%s.sdp", TEST_DATA, name);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/** @text with every @from replaced by @to; @from must be there. */
static inline char *
edit (const char *text, const char *from, const char *to)
{
  GString *out = g_string_new (text);

  g_assert_nonnull (strstr (text, from));
  g_string_replace (out, from, to, 0);
  return g_string_free (out, FALSE);
}

static inline char *
edit_offer (const char *name, const char *from, const char *to)
{
  g_autofree char *text = load_offer (name);

  return edit (text, from, to);
}

static inline WcSdpOffer *
parse_ok (const char *text)
{
  g_autoptr (GError) error = NULL;
  WcSdpOffer *offer = wc_sdp_offer_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_nonnull (offer);
  return offer;
}

static inline void
assert_refused (const char *text, WcSdpError code)
{
  g_autoptr (GError) error = NULL;
  WcSdpOffer *offer = wc_sdp_offer_parse (text, strlen (text), &error);

  g_assert_null (offer);
  g_assert_error (error, WC_SDP_ERROR, (gint)code);
  g_assert_cmpuint (strlen (error->message), >, 10);
}

/** An offer of one video m-line; @formats: what follows the proto in the
 * m-line; @attributes: lines with LF, may be empty. */
static inline char *
video_offer (const char *formats, const char *attributes)
{
  return g_strdup_printf (
      "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\na=group:BUNDLE 0\n"
      "m=video 9 UDP/TLS/RTP/SAVPF %s\nc=IN IP4 0.0.0.0\na=mid:0\n"
      "a=recvonly\na=rtcp-mux\na=ice-ufrag:abcd\n"
      "a=ice-pwd:abcdefghijklmnopqrstuv\na=setup:actpass\n"
      "a=fingerprint:sha-1 "
      "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33\n%s",
      formats, attributes);
}

static const WcSdpTrack opus_track = {WC_CODEC_OPUS, 48000, 2, NULL};
static const WcSdpTrack h264_track = {WC_CODEC_H264, 90000, 0, "42e01f"};
static const WcSdpPolicy relaxed = {FALSE};

/** Takes nothing; either track may be NULL. NULL with @error: no plan. */
static inline WcSdpPlan *
try_plan (const char *text, const WcSdpTrack *audio, const WcSdpTrack *video,
          GError **error)
{
  const WcSdpTrack *tracks[WC_N_MEDIA] = {audio, video};

  return wc_sdp_plan_new (parse_ok (text), tracks, &relaxed, error);
}

static inline WcSdpPlan *
plan_ok (const char *text, const WcSdpTrack *audio, const WcSdpTrack *video)
{
  g_autoptr (GError) error = NULL;
  WcSdpPlan *plan = try_plan (text, audio, video, &error);

  g_assert_no_error (error);
  return plan;
}

static inline const WcSdpPlanMedia *
sent (const WcSdpPlan *plan, WcMedia kind)
{
  g_assert_cmpint (plan->index[kind], >=, 0);
  return plan->media->pdata[plan->index[kind]];
}
