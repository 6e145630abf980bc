/* SPDX-License-Identifier: MIT */
#include "mountpoint/admission.h"

#define SECOND G_USEC_PER_SEC
#define BEGIN (1000 * SECOND)

/* As many as are allowed in any second, and not one more. */
static void
test_joins (void)
{
  WcConfig config = {.joins_per_second = 3};
  g_autoptr (WcAdmission) admission = wc_admission_new (&config, NULL);
  guint taken = 0;

  for (guint i = 0; i < 10; i++)
    if (wc_admission_may_join (admission, BEGIN + i)) {
      wc_admission_join (admission, BEGIN + i);
      taken++;
    }
  g_assert_cmpuint (taken, ==, 3);
  g_assert_false (wc_admission_may_join (admission, BEGIN + SECOND - 1));
  g_assert_true (wc_admission_may_join (admission, BEGIN + SECOND));
  wc_admission_join (admission, BEGIN + SECOND);
  /* The second of the three is not yet a second ago. */
  g_assert_false (wc_admission_may_join (admission, BEGIN + SECOND));
  g_assert_true (wc_admission_may_join (admission, BEGIN + SECOND + 1));
}

static void
test_unlimited (void)
{
  WcConfig config = {0};
  g_autoptr (WcAdmission) admission = wc_admission_new (&config, NULL);

  wc_admission_measured (admission, G_MAXUINT64 / 2);
  for (guint i = 0; i < 100; i++) {
    g_assert_true (wc_admission_may_join (admission, BEGIN));
    g_assert_true (wc_admission_has_bandwidth (admission, i));
    wc_admission_join (admission, BEGIN);
  }
}

static void
test_egress (void)
{
  WcConfig config = {.max_egress_bps = 10000};
  g_autoptr (WcAdmission) admission = wc_admission_new (&config, NULL);

  g_assert_true (wc_admission_has_bandwidth (admission, 0));
  wc_admission_measured (admission, 9999);
  g_assert_true (wc_admission_has_bandwidth (admission, 4));
  wc_admission_measured (admission, 10000);
  g_assert_false (wc_admission_has_bandwidth (admission, 4));
  wc_admission_measured (admission, 8000);
  /* Four use 2000 each: one more fits, two do not. */
  g_assert_true (wc_admission_has_bandwidth (admission, 4));
  wc_admission_join (admission, BEGIN);
  g_assert_false (wc_admission_has_bandwidth (admission, 5));
  wc_admission_measured (admission, 2000);
  g_assert_true (wc_admission_has_bandwidth (admission, 5));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/admission/joins", test_joins);
  g_test_add_func ("/admission/unlimited", test_unlimited);
  g_test_add_func ("/admission/egress", test_egress);
  return g_test_run ();
}
