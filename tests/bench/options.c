/* SPDX-License-Identifier: MIT */
#include "bench/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "whepcast-bench"

static struct {
  char *api, *srtp;
  gboolean sequential, own_sockets, version;
} raw;

static TbOptions opt = {
    .mountpoint = 1,
    .janus_keepalive_s = 25,
    .viewers = 1,
    .duration_s = 10,
    .verify = 100,
    .stay_ms = -1,
    .settle_ms = 1000,
    .rate = 20,
    .crowd_rate = 100,
    .warmup_ms = 2000,
    .bitrate_bps = 2000000,
    .fps = 30,
    .gop = 60,
};

static const GOptionEntry server_entries[] = {
    {"url", 'u', 0, G_OPTION_ARG_STRING, &opt.url,
     "WHEP endpoint, or Janus's http://HOST:8088/janus", "URL"},
    {"token", 0, 0, G_OPTION_ARG_STRING, &opt.token, "Bearer token (WHEP)",
     "TOKEN"},
    {"api", 0, 0, G_OPTION_ARG_STRING, &raw.api, "whep or janus [whep]", "API"},
    {"mountpoint", 0, 0, G_OPTION_ARG_INT64, &opt.mountpoint,
     "Number of Janus's mountpoint [1]", "ID"},
    {"janus-keepalive", 0, 0, G_OPTION_ARG_INT, &opt.janus_keepalive_s,
     "0 where session_timeout is 0 [25]", "S"},
    {"srtp", 0, 0, G_OPTION_ARG_STRING, &raw.srtp,
     "The only profile offered: aes-cm or aes-gcm [aes-cm]", "PROFILE"},
    {"pid", 0, 0, G_OPTION_ARG_INT, &opt.pid,
     "The server's: adds its CPU, memory, threads", "PID"},
    {NULL}};

static const GOptionEntry viewer_entries[] = {
    {"viewers", 'n', 0, G_OPTION_ARG_INT, &opt.viewers, "How many [1]", "N"},
    {"join-rate", 'r', 0, G_OPTION_ARG_DOUBLE, &opt.rate,
     "Joins per second [20]", "R"},
    {"lead", 0, 0, G_OPTION_ARG_INT, &opt.lead_ms,
     "Between the last join and the steady phase: what the joins left behind "
     "is no part of it [0]",
     "MS"},
    {"duration", 'd', 0, G_OPTION_ARG_INT, &opt.duration_s,
     "Steady phase, after all have joined [10]", "S"},
    {"verify", 0, 0, G_OPTION_ARG_INT, &opt.verify,
     "Viewers that decrypt every packet; the others count once they have a "
     "key frame [100]",
     "PERCENT"},
    {"loss", 0, 0, G_OPTION_ARG_DOUBLE, &opt.loss,
     "Received packets to throw away and ask for again", "PERCENT"},
    {"audio-only", 0, 0, G_OPTION_ARG_NONE, &opt.audio_only,
     "The stream has no video: wait for no key frame", NULL},
    {"addresses", 0, 0, G_OPTION_ARG_STRING, &opt.range,
     "One socket, and an address out of this range for each viewer; a local "
     "range [127.64.0.0/10 for a server on 127.x]",
     "RANGE"},
    {"own-sockets", 0, 0, G_OPTION_ARG_NONE, &raw.own_sockets,
     "A socket for each viewer instead", NULL},
    {"nft-counter", 0, 0, G_OPTION_ARG_STRING, &opt.nft_counter,
     "nftables drops the media of the upper half of the addresses and counts "
     "it there: those not verified only join (README.md)",
     "\"FAMILY TABLE NAME\""},
    {NULL}};

static const GOptionEntry phase_entries[] = {
    {"stay", 0, 0, G_OPTION_ARG_INT, &opt.stay_ms,
     "Each viewer leaves so long after its join; no steady phase", "MS"},
    {"at-once", 0, 0, G_OPTION_ARG_INT, &opt.at_once,
     "With --stay: no more than so many viewers at a time", "N"},
    {"sequential", 0, 0, G_OPTION_ARG_NONE, &raw.sequential,
     "The same as --stay 0 --at-once 1", NULL},
    {"crowd", 0, 0, G_OPTION_ARG_INT, &opt.crowd,
     "So many further joins after the steady phase: what do those who watch "
     "notice?",
     "N"},
    {"crowd-rate", 0, 0, G_OPTION_ARG_DOUBLE, &opt.crowd_rate,
     "Their joins per second [100]", "R"},
    {"outage", 0, 0, G_OPTION_ARG_INT, &opt.outage_ms,
     "The source (--send) dies for so long, then returns: time to the next "
     "key frame",
     "MS"},
    {"settle", 0, 0, G_OPTION_ARG_INT, &opt.settle_ms,
     "From the last leave to the last reading of --pid [1000]", "MS"},
    {NULL}};

static const GOptionEntry source_entries[] = {
    {"send", 0, 0, G_OPTION_ARG_NONE, &opt.send,
     "Feed H.264-like video and Opus-like audio to RTP ports of the server",
     NULL},
    {"send-to", 0, 0, G_OPTION_ARG_STRING, &opt.send_ip,
     "Their address [127.0.0.1]", "IP"},
    {"video-port", 0, 0, G_OPTION_ARG_INT, &opt.video_port,
     "RTP of payload type 96", "PORT"},
    {"audio-port", 0, 0, G_OPTION_ARG_INT, &opt.audio_port,
     "RTP of payload type 111", "PORT"},
    {"bitrate", 0, 0, G_OPTION_ARG_INT, &opt.bitrate_bps,
     "Of the video [2000000]", "BPS"},
    {"fps", 0, 0, G_OPTION_ARG_INT, &opt.fps, "Frames per second [30]", "N"},
    {"gop", 0, 0, G_OPTION_ARG_INT, &opt.gop,
     "Frames from key frame to key frame [60]", "N"},
    {"warmup", 0, 0, G_OPTION_ARG_INT, &opt.warmup_ms,
     "Before the first join [2000]", "MS"},
    {NULL}};

static const GOptionEntry output_entries[] = {
    {"title", 0, 0, G_OPTION_ARG_STRING, &opt.title, "Over the table", "TEXT"},
    {"json", 0, 0, G_OPTION_ARG_FILENAME, &opt.json, "Write all figures there",
     "FILE"},
    {"version", 0, 0, G_OPTION_ARG_NONE, &raw.version, "Print it", NULL},
    {NULL}};

static const char summary[] =
    "Joins a stream as many viewers would, on one thread, with real ICE, DTLS "
    "and SRTP,\nand says what they got: how long each join took, what was "
    "lost, how long it paused.";

static const char description[] =
    "Examples:\n"
    "  200 viewers of a running server for 30 s, one in twenty decrypting all "
    "of it:\n"
    "    whepcast-bench -u http://127.0.0.1:8080/whep/demo -n 200 -d 30 "
    "--verify 5\n"
    "  How long until the picture? One viewer after another:\n"
    "    whepcast-bench -u http://127.0.0.1:8080/whep/demo -n 100 "
    "--sequential\n"
    "  50 watch while 500 arrive in five seconds:\n"
    "    whepcast-bench -u URL -n 50 --crowd 500 --crowd-rate 100\n"
    "  A bad network, and the server's side of it:\n"
    "    whepcast-bench -u URL -n 100 --loss 5 --pid $(pidof whepcast)\n"
    "  Debian's janus, whose streaming mountpoint 1 is fed from here:\n"
    "    whepcast-bench --api janus -u http://192.0.2.1:8088/janus "
    "--mountpoint 1 \\\n"
    "      --send --send-to 192.0.2.1 --video-port 5004 --audio-port 5006\n"
    "\n"
    "Exit status: 0, every viewer got media; 1, not so; 2, wrong usage.\n"
    "\n"
    "When \"CPU of the client\" nears 100 %, or its socket overflowed, the "
    "client is the\nlimit and the figures say nothing about the server: lower "
    "--verify.\n";

static void
add_group (GOptionContext *context, const char *name, const char *title,
           const GOptionEntry *entries)
{
  GOptionGroup *group = g_option_group_new (name, title, title, NULL, NULL);

  g_option_group_add_entries (group, entries);
  if (strcmp (name, "server") == 0)
    g_option_context_set_main_group (context, group);
  else
    g_option_context_add_group (context, group);
}

/* --help shows everything: there is no --help-all to find first. */
static gboolean
wants_help (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    if (strcmp (argv[i], "--help") == 0 || strcmp (argv[i], "-h") == 0)
      return TRUE;
  return FALSE;
}

static GOptionContext *
make_context (void)
{
  GOptionContext *context = g_option_context_new ("- viewers of a stream");

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  g_option_context_set_help_enabled (context, FALSE);
  add_group (context, "server", "Server:", server_entries);
  add_group (context, "viewers", "Viewers:", viewer_entries);
  add_group (context, "phases", "Phases:", phase_entries);
  add_group (context, "source", "Source:", source_entries);
  add_group (context, "output", "Output:", output_entries);
  return context;
}

static gboolean
choose_names (void)
{
  const char *api = raw.api != NULL ? raw.api : "whep";
  const char *srtp = raw.srtp != NULL ? raw.srtp : "aes-cm";

  if (strcmp (api, "whep") != 0 && strcmp (api, "janus") != 0)
    return FALSE;
  opt.api = strcmp (api, "janus") == 0 ? TB_API_JANUS : TB_API_WHEP;
  if (strcmp (srtp, "aes-cm") == 0)
    opt.srtp_profiles = "SRTP_AES128_CM_SHA1_80";
  else if (strcmp (srtp, "aes-gcm") == 0)
    opt.srtp_profiles = "SRTP_AEAD_AES_128_GCM";
  return opt.srtp_profiles != NULL;
}

static void
choose_range (void)
{
  g_autoptr (GUri) uri = g_uri_parse (opt.url, G_URI_FLAGS_NONE, NULL);
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;

  if (raw.own_sockets)
    g_clear_pointer (&opt.range, g_free);
  else if (opt.range == NULL && host != NULL &&
           (g_str_has_prefix (host, "127.") || strcmp (host, "localhost") == 0))
    opt.range = g_strdup ("127.64.0.0/10");
}

static const char *
find_fault (void)
{
  guint32 first, n;

  if (opt.url == NULL)
    return "--url is needed";
  if (!choose_names ())
    return "--api is whep or janus, --srtp is aes-cm or aes-gcm";
  if (opt.viewers < 1 || opt.crowd < 0 || opt.at_once < 0)
    return "so many viewers cannot be";
  if (!(opt.rate > 0) || !(opt.crowd_rate > 0))
    return "rates are above 0";
  if (!(opt.loss >= 0 && opt.loss <= 50) || opt.verify < 0 || opt.verify > 100)
    return "--loss is 0 to 50, --verify 0 to 100";
  if (opt.fps < 1 || opt.gop < 1 || opt.bitrate_bps < 1 || opt.duration_s < 0 ||
      opt.outage_ms < 0 || opt.lead_ms < 0 || opt.settle_ms < 0 ||
      opt.warmup_ms < 0 || opt.janus_keepalive_s < 0 || opt.mountpoint < 0)
    return "a number is out of range";
  if (opt.outage_ms > 0 && !opt.send)
    return "--outage needs --send: it is this program's source that dies";
  choose_range ();
  if (opt.range != NULL && (!tb_parse_range (opt.range, &first, &n) ||
                            n < 2u * (guint)(opt.viewers + opt.crowd) + 2))
    return "--addresses is an IPv4 range like 10.64.0.0/16, with twice as many "
           "addresses as viewers";
  if (opt.nft_counter != NULL && opt.range == NULL)
    return "--nft-counter needs --addresses";
  return NULL;
}

gboolean
tb_options_parse (TbOptions *options, int *argc, char ***argv)
{
  g_autoptr (GOptionContext) context = make_context ();
  g_autoptr (GError) error = NULL;
  const char *fault;

  /* What is not parsed does not tell GLib the program's name. */
  g_set_prgname (PROGRAM);
  if (wants_help (*argc, *argv)) {
    g_autofree char *help = g_option_context_get_help (context, FALSE, NULL);

    fputs (help, stdout);
    exit (0);
  }
  if (!g_option_context_parse (context, argc, argv, &error)) {
    fprintf (stderr, "%s\n", error->message);
    return FALSE;
  }
  if (raw.version) {
    puts (PROGRAM " " TB_VERSION);
    exit (0);
  }
  if (raw.sequential) {
    opt.stay_ms = 0;
    opt.at_once = 1;
  }
  fault = *argc > 1 ? "there are no arguments but options" : find_fault ();
  if (fault != NULL)
    fprintf (stderr, "%s; see --help\n", fault);
  *options = opt;
  return fault == NULL;
}
