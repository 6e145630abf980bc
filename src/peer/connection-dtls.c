/* SPDX-License-Identifier: MIT */
/* A connection's DTLS: what is seen of its handshake, the keys that come of it,
 * how it ends, and how it is renewed for another peer. */
#include "base/clock.h"
#include "base/id.h"
#include "peer/connection-private.h"

#include <string.h>

/* GstDtlsConnectionState of dtlsdec's property `connection-state`. */
enum { DTLS_CLOSED = 1, DTLS_FAILED = 2, DTLS_CONNECTED = 4 };
/* GstDtlsSrtpCipher and GstDtlsSrtpAuth of `srtp-cipher` and `srtp-auth`. */
enum { CIPHER_AES_128_ICM = 1, AUTH_HMAC_SHA1_80 = 2 };

/* Types of DTLS records (RFC 5246 section 6.2.1). */
#define RECORD_ALERT 21
#define RECORD_HANDSHAKE 22
#define RECORD_HEADER_SIZE 13
/* A moment, but threads of webrtcbin have low priority and may have to wait. */
#define GOODBYE_WAIT_US (1000 * 1000)

/* GstDtlsConnection waits for an answer to a flight of its handshake so long,
 * then twice that (RFC 6347 section 4.2.4.1). */
#define DTLS_TIMER_US (3 * G_USEC_PER_SEC)

/* --- the handshake -------------------------------------------------------- */

/* Both directions have their keys, and our Finished has left: it goes by a
 * thread of dtlsenc's, and what is encrypted must not overtake it. */
static void
note_ready (WcConnection *connection)
{
  if (atomic_fetch_add (&connection->n_ready, 1) + 1 == 3 &&
      !atomic_load (&connection->closing))
    connection->callbacks.keys (connection->user_data);
}

/* The only handshake message in an epoch above 0 (RFC 6347 section 4.2.4); it
 * shares a datagram with others. */
static gboolean
has_finished (const guint8 *data, gsize size)
{
  gsize length;

  for (; size >= RECORD_HEADER_SIZE; data += length, size -= length) {
    gboolean encrypted = data[3] != 0 || data[4] != 0;
    if (data[0] == RECORD_HANDSHAKE && encrypted)
      return TRUE;
    length = RECORD_HEADER_SIZE + ((gsize)data[11] << 8 | data[12]);
    if (length > size)
      break;
  }
  return FALSE;
}

static void
keep_goodbye (WcConnection *connection, const guint8 *data, gsize size)
{
  if (atomic_load (&connection->said_goodbye) ||
      size > WC_CONNECTION_MAX_GOODBYE)
    return;
  memcpy (connection->goodbye, data, size);
  connection->goodbye_size = size;
}

void
wc_connection_on_send (const guint8 *data, gsize size, gpointer user_data)
{
  WcConnection *connection = user_data;
  gboolean is_alert = size > 0 && data[0] == RECORD_ALERT;

  if (size > 0 && data[0] == RECORD_HANDSHAKE)
    atomic_store (&connection->handshake_us, wc_clock_now_us ());
  if (is_alert && atomic_load (&connection->keeps_goodbye))
    keep_goodbye (connection, data, size);
  else
    connection->callbacks.send (data, size, connection->user_data);
  if (is_alert)
    atomic_store (&connection->said_goodbye, TRUE);
  else if (!atomic_load (&connection->sent_finished) &&
           has_finished (data, size) &&
           !atomic_exchange (&connection->sent_finished, TRUE))
    note_ready (connection);
}

static void
on_key (GstElement *element, gpointer user_data)
{
  note_ready (user_data);
}

static void
on_dtls_state (GObject *dtls_dec, GParamSpec *spec, gpointer user_data)
{
  WcConnection *connection = user_data;
  int state = 0;

  g_object_get (dtls_dec, "connection-state", &state, NULL);
  if (state == DTLS_CONNECTED) {
    atomic_store (&connection->dtls_up, TRUE);
  } else if (state == DTLS_CLOSED || state == DTLS_FAILED) {
    gboolean was_up = atomic_exchange (&connection->dtls_up, FALSE);
    if ((was_up || state == DTLS_FAILED) && !atomic_load (&connection->closing))
      connection->callbacks.dtls_closed (connection->user_data);
  }
}

void
wc_connection_set_dtls_dec (WcConnection *connection, GstElement *element)
{
  g_set_object (&connection->dtls_dec, element);
  g_signal_connect (element, "on-key-received", G_CALLBACK (on_key),
                    connection);
  g_signal_connect (element, "notify::connection-state",
                    G_CALLBACK (on_dtls_state), connection);
}

void
wc_connection_set_dtls_enc (WcConnection *connection, GstElement *element)
{
  g_set_object (&connection->dtls_enc, element);
  g_signal_connect (element, "on-key-received", G_CALLBACK (on_key),
                    connection);
}

/* --- its end -------------------------------------------------------------- */

/* The end of the stream makes dtlsenc push a close_notify alert to our sink,
 * from a thread of its own; the NULL state alone would send nothing (facts of
 * GStreamer 1.22). */
static void
send_close_notify (WcConnection *connection)
{
  if (connection->dtls_enc == NULL || !atomic_load (&connection->dtls_up))
    return;
  g_autoptr (GstPad) pad =
      gst_element_get_static_pad (connection->dtls_enc, "sink");
  if (pad == NULL)
    return;
  gst_pad_send_event (pad, gst_event_new_eos ());
  gint64 deadline_us = wc_clock_now_us () + GOODBYE_WAIT_US;
  while (!atomic_load (&connection->said_goodbye) &&
         wc_clock_now_us () < deadline_us)
    g_usleep (500);
}

/* Between being woken and being stopped, dtlsenc's task would run in circles.
 */
static void
stop_dtls_task (WcConnection *connection)
{
  if (connection->dtls_enc == NULL)
    return;
  g_autoptr (GstPad) pad =
      gst_element_get_static_pad (connection->dtls_enc, "src");
  GST_OBJECT_LOCK (pad);
  g_autoptr (GstTask) task =
      GST_PAD_TASK (pad) != NULL ? gst_object_ref (GST_PAD_TASK (pad)) : NULL;
  GST_OBJECT_UNLOCK (pad);
  if (task != NULL)
    gst_task_stop (task);
}

void
wc_connection_say_goodbye (WcConnection *connection, GByteArray *kept)
{
  if (atomic_exchange (&connection->closing, TRUE))
    return;
  atomic_store (&connection->keeps_goodbye, kept != NULL);
  send_close_notify (connection);
  if (kept != NULL && atomic_load (&connection->said_goodbye))
    g_byte_array_append (kept, connection->goodbye,
                         (guint)connection->goodbye_size);
  stop_dtls_task (connection);
}

/* Whoever else still holds @element must not call us. */
static void
release_element (WcConnection *connection, GstElement **element)
{
  if (*element != NULL)
    g_signal_handlers_disconnect_by_data (*element, connection);
  gst_clear_object (element);
}

void
wc_connection_release_dtls (WcConnection *connection)
{
  release_element (connection, &connection->dtls_enc);
  release_element (connection, &connection->dtls_dec);
}

gint64
wc_connection_rests_us (WcConnection *connection)
{
  gint64 handshake_us = atomic_load (&connection->handshake_us);

  if (handshake_us == 0)
    return 0;
  return MAX (handshake_us + DTLS_TIMER_US - wc_clock_now_us (), 0);
}

/* --- another peer --------------------------------------------------------- */

/* dtlsdec makes a DTLS connection when it is given an id, and dtlsenc takes the
 * one of its id from NULL to READY. The id is a new one each time: a connection
 * that dies late, held by a timer, takes its id out of their table. What the
 * queue between still had for the old one is thrown away. dtlsenc is locked
 * until ICE is connected: webrtcbin would start it when it has negotiated. */
gboolean
wc_connection_renew_dtls (WcConnection *connection)
{
  g_autofree char *id = wc_id_random_hex (8);

  if (!connection->dtls_began)
    return TRUE;
  connection->dtls_began = FALSE;
  gst_element_set_locked_state (connection->dtls_enc, TRUE);
  gst_element_set_state (connection->dtls_enc, GST_STATE_NULL);
  wc_push_src_flush (wc_ice_agent_source (connection->agent));
  gst_element_set_state (connection->dtls_dec, GST_STATE_NULL);
  g_object_set (connection->dtls_dec, "connection-id", id, NULL);
  g_object_set (connection->dtls_enc, "connection-id", id, NULL);
  return gst_element_sync_state_with_parent (connection->dtls_dec);
}

/* --- what was agreed on --------------------------------------------------- */

char *
wc_connection_dup_peer_pem (WcConnection *connection)
{
  char *pem = NULL;

  if (connection->dtls_dec != NULL)
    g_object_get (connection->dtls_dec, "peer-pem", &pem, NULL);
  return pem;
}

static gboolean
read_key (GstElement *element, const char *property,
          guint8 key[WC_SRTP_MASTER_SIZE])
{
  g_autoptr (GstBuffer) buffer = NULL;
  guint cipher = 0, auth = 0;

  if (element == NULL)
    return FALSE;
  g_object_get (element, property, &buffer, "srtp-cipher", &cipher, "srtp-auth",
                &auth, NULL);
  return buffer != NULL && cipher == CIPHER_AES_128_ICM &&
         auth == AUTH_HMAC_SHA1_80 &&
         gst_buffer_get_size (buffer) == WC_SRTP_MASTER_SIZE &&
         gst_buffer_extract (buffer, 0, key, WC_SRTP_MASTER_SIZE) ==
             WC_SRTP_MASTER_SIZE;
}

gboolean
wc_connection_get_keys (WcConnection *connection, WcConnectionKeys *keys)
{
  return read_key (connection->dtls_enc, "encoder-key", keys->send) &&
         read_key (connection->dtls_dec, "decoder-key", keys->receive);
}
