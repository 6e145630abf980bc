/* SPDX-License-Identifier: MIT */
/* The numbers of the format of transport-wide feedback
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1). Internal to
 * who writes and who reads it (twcc, twcc-reader). */
#pragma once

#define WC_TWCC_HEADER_SIZE 20
#define WC_TWCC_REFERENCE_US 64000 /* a unit of the reference time */
#define WC_TWCC_DELTA_US 250       /* a unit of the deltas */

/** What a packet status symbol says. */
enum { WC_TWCC_NOT_RECEIVED, WC_TWCC_SMALL_DELTA, WC_TWCC_LARGE_DELTA };
