/* SPDX-License-Identifier: MIT */
/* A viewer's answer to a server that offers (Janus), as text. */
#pragma once

#include "common/description.h"
#include "common/offer.h"

#include <glib.h>

/** Takes the first format of every RTP section and its rtx, refuses other
 * sections; DTLS client. Transfer full. */
char *tb_answer_write (const TcDescription *offer,
                       const TcOfferTransport *transport);
