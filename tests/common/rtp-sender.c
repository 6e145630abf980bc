/* SPDX-License-Identifier: MIT */
#include "common/rtp-sender.h"

#include "common/description.h"
#include "common/rtcp.h"
#include "common/rtp.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/id.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPORT_EVERY_US G_USEC_PER_SEC

struct _TcRtpSender {
  TcRtpSenderOptions options;
  int fd;
  WcAddress rtp_address, rtcp_address;
  guint16 seq;
  guint32 current_timestamp; /* of the frame being sent */
  guint skip;
  guint64 packets, octets, errors;
  GPtrArray *record;
  TcTimer *frame_timer, *report_timer;
  TcFrameSource *source;
  gint64 start_us; /* when timestamp 0 of play was */
  guint64 frame;
};

static void on_frame_due (gpointer data);
static void on_report_due (gpointer data);

TcRtpSender *
tc_rtp_sender_new (TcLoop *loop, const TcRtpSenderOptions *options,
                   GError **error)
{
  g_autoptr (TcRtpSender) sender = g_new0 (TcRtpSender, 1);
  const char *ip = options->ip != NULL ? options->ip : "127.0.0.1";

  sender->options = *options;
  sender->fd = -1;
  sender->seq = options->first_seq;
  sender->frame_timer = tc_timer_new (loop, on_frame_due, sender);
  sender->report_timer = tc_timer_new (loop, on_report_due, sender);
  sender->record =
      g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  if (options->ssrc == 0)
    wc_id_random_bytes (&sender->options.ssrc, sizeof sender->options.ssrc);
  if (!wc_address_parse (&sender->rtp_address, ip, options->port)) {
    g_set_error (error, TC_ERROR, 0, "%s is no IP address", ip);
    return NULL;
  }
  sender->rtcp_address = sender->rtp_address;
  wc_address_set_port (&sender->rtcp_address,
                       options->rtcp_port != 0 ? options->rtcp_port
                                               : (guint16)(options->port + 1));
  sender->fd =
      socket (sender->rtp_address.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (sender->fd < 0) {
    g_set_error (error, TC_ERROR, 0, "socket: %s", g_strerror (errno));
    return NULL;
  }
  return g_steal_pointer (&sender);
}

void
tc_rtp_sender_free (TcRtpSender *sender)
{
  tc_timer_free (sender->frame_timer);
  tc_timer_free (sender->report_timer);
  if (sender->fd >= 0)
    close (sender->fd);
  g_ptr_array_unref (sender->record);
  g_free (sender);
}

static void
transmit (TcRtpSender *sender, const WcAddress *to, const guint8 *data,
          gsize size)
{
  struct sockaddr_storage storage;
  socklen_t length = wc_address_to_sockaddr (to, to->sa.sa_family, &storage);

  if (sendto (sender->fd, data, size, 0, (struct sockaddr *)&storage, length) <
      0)
    sender->errors++;
}

void
tc_rtp_sender_send (TcRtpSender *sender, const guint8 *payload, gsize size,
                    gboolean marker, guint32 timestamp)
{
  guint8 data[12 + 1500];
  TcRtpPacket packet = {.pt = sender->options.pt,
                        .marker = marker,
                        .seq = sender->seq++,
                        .timestamp =
                            sender->options.first_timestamp + timestamp,
                        .ssrc = sender->options.ssrc};

  g_return_if_fail (size <= sizeof data - 12);
  if (sender->skip > 0) {
    sender->skip--;
    return;
  }
  tc_rtp_write_header (&packet, data);
  memcpy (data + 12, payload, size);
  sender->packets++;
  sender->octets += size;
  transmit (sender, &sender->rtp_address, data, 12 + size);
}

static void
on_payload (const guint8 *payload, gsize size, gboolean is_last, gpointer data)
{
  TcRtpSender *sender = data;

  tc_rtp_sender_send (sender, payload, size, is_last,
                      sender->current_timestamp);
}

void
tc_rtp_sender_send_frame (TcRtpSender *sender, TcPayloadFormat format,
                          GPtrArray *units, guint32 timestamp)
{
  for (guint i = 0; sender->options.record && i < units->len; i++)
    g_ptr_array_add (sender->record,
                     g_bytes_ref (g_ptr_array_index (units, i)));
  sender->current_timestamp = timestamp;
  tc_payload_write (format, units, on_payload, sender);
}

void
tc_rtp_sender_send_report (TcRtpSender *sender, guint32 timestamp)
{
  TcRtcpWriter writer = {.size = 0};
  TcRtcpSenderInfo info = {.ssrc = sender->options.ssrc,
                           .ntp = wc_clock_now_ntp (),
                           .rtp = sender->options.first_timestamp + timestamp,
                           .packets = (guint32)sender->packets,
                           .octets = (guint32)sender->octets};

  tc_rtcp_add_sr (&writer, &info, NULL, 0);
  tc_rtcp_add_sdes (&writer, sender->options.ssrc, "rtp-sender");
  transmit (sender, &sender->rtcp_address, writer.data, writer.size);
}

static guint32
timestamp_at (TcRtpSender *sender, gint64 now_us)
{
  return (guint32)((now_us - sender->start_us) *
                   (gint64)sender->options.clock_rate / G_USEC_PER_SEC);
}

static gint64
frame_due_us (TcRtpSender *sender)
{
  return sender->start_us + (gint64)sender->frame * G_USEC_PER_SEC /
                                tc_frame_source_fps (sender->source);
}

static void
on_report_due (gpointer data)
{
  TcRtpSender *sender = data;
  gint64 now_us = wc_clock_now_us ();

  tc_rtp_sender_send_report (sender, timestamp_at (sender, now_us));
  tc_timer_set (sender->report_timer, now_us + REPORT_EVERY_US);
}

static void
on_frame_due (gpointer data)
{
  TcRtpSender *sender = data;
  g_autoptr (GPtrArray) units = tc_frame_source_next (sender->source);
  guint32 timestamp = (guint32)(sender->frame * sender->options.clock_rate /
                                tc_frame_source_fps (sender->source));

  tc_rtp_sender_send_frame (sender, tc_frame_source_format (sender->source),
                            units, timestamp);
  sender->frame++;
  tc_timer_set (sender->frame_timer, frame_due_us (sender));
}

void
tc_rtp_sender_play (TcRtpSender *sender, TcFrameSource *source)
{
  gint64 now_us = wc_clock_now_us ();

  sender->source = source;
  if (sender->start_us == 0)
    sender->start_us = now_us;
  sender->frame = (guint64)((now_us - sender->start_us) *
                            tc_frame_source_fps (source) / G_USEC_PER_SEC);
  tc_timer_set (sender->frame_timer, frame_due_us (sender));
  if (!sender->options.no_reports)
    tc_timer_set (sender->report_timer, now_us);
}

void
tc_rtp_sender_stop (TcRtpSender *sender)
{
  tc_timer_unset (sender->frame_timer);
  tc_timer_unset (sender->report_timer);
}

void
tc_rtp_sender_restart (TcRtpSender *sender, guint32 ssrc, guint16 seq,
                       guint32 first_timestamp)
{
  sender->options.ssrc = ssrc;
  sender->options.first_timestamp = first_timestamp;
  sender->seq = seq;
  sender->packets = 0;
  sender->octets = 0;
}

void
tc_rtp_sender_skip (TcRtpSender *sender, guint n)
{
  sender->skip = n;
}

guint32
tc_rtp_sender_ssrc (const TcRtpSender *sender)
{
  return sender->options.ssrc;
}

guint64
tc_rtp_sender_packets (const TcRtpSender *sender)
{
  return sender->packets;
}

guint64
tc_rtp_sender_errors (const TcRtpSender *sender)
{
  return sender->errors;
}

GPtrArray *
tc_rtp_sender_record (const TcRtpSender *sender)
{
  return sender->record;
}
