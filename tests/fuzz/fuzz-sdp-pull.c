/* SPDX-License-Identifier: MIT */
/* A WHEP server's answer: refused, or written anew so that it reads the same.
 */
#include "sdp/pull.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const char *const mids[WC_N_MEDIA] = {"audio0", "video1"};
  g_autoptr (WcSdpPullAnswer) answer =
      wc_sdp_pull_answer_parse ((const char *)data, size, mids, NULL);
  g_autoptr (WcSdpPullAnswer) again = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  if (answer == NULL)
    return 0;
  text = wc_sdp_pull_answer_write (answer, mids);
  again = wc_sdp_pull_answer_parse (text, strlen (text), mids, &error);
  if (again == NULL)
    g_error ("%s", error->message);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    g_assert_true (again->media[i].sends == answer->media[i].sends);
  g_assert_cmpuint (again->candidates->len, ==, answer->candidates->len);
  return 0;
}
