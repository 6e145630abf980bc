/* SPDX-License-Identifier: MIT */
#include "access/verdict.h"

const char *
wc_access_action_name (WcAccessAction action)
{
  switch (action) {
  case WC_ACCESS_WATCH:
    return "watch";
  case WC_ACCESS_PUBLISH:
    return "publish";
  case WC_ACCESS_MANAGE:
    return "manage";
  }
  return "";
}
