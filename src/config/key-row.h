/* SPDX-License-Identifier: MIT */
/* Words that rows of the table are written with; only keys.c and spec-keys.c
 * include this. */
#pragma once

#include <stddef.h>

#define FIELD(type, field)                                                     \
  .offset = offsetof (type, field), .size = sizeof (((type *)0)->field)

#define BOOL .type = WC_KEY_BOOL
#define UINT(low, high) .type = WC_KEY_UINT, .min = low, .max = high
#define ENUM(values) .type = WC_KEY_ENUM, .names = values
#define STRING(most) .type = WC_KEY_STRING, .max = most
#define LIST .type = WC_KEY_LIST
#define BIT(n) (1u << (n))
#define GROUP(name, keys)                                                      \
  {                                                                            \
    name, keys, G_N_ELEMENTS (keys)                                            \
  }

#define MAX_PATH 4095
#define MAX_TOKEN 256
