/* SPDX-License-Identifier: MIT */
#include "server/options.h"

#define DEFAULT_FILE "/etc/whepcast/whepcast.conf"

gboolean
wc_options_parse (WcOptions *options, int *argc, char ***argv, GError **error)
{
  *options = (WcOptions){.udp_port = -1};
  const GOptionEntry entries[] = {
      {"config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config_file,
       "Configuration file (" DEFAULT_FILE " if it is there)", "FILE"},
      {"listen", 'l', 0, G_OPTION_ARG_STRING, &options->listen,
       "Where HTTP listens", "ADDR:PORT"},
      {"udp-port", 'u', 0, G_OPTION_ARG_INT, &options->udp_port,
       "The UDP port of all viewers", "N"},
      {"state-dir", 's', 0, G_OPTION_ARG_FILENAME, &options->state_dir,
       "Where mountpoints and the admin token are kept", "DIR"},
      {"demo", 0, 0, G_OPTION_ARG_NONE, &options->demo,
       "Add a live test mountpoint called demo", NULL},
      {"check-config", 0, 0, G_OPTION_ARG_NONE, &options->check_config,
       "Check the configuration and exit", NULL},
      {"version", 'V', 0, G_OPTION_ARG_NONE, &options->version,
       "Print the version and exit", NULL},
      {"verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose,
       "Log at level debug", NULL},
      {0},
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context,
                                "A streaming-only WHEP distribution server.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                 "%s is no option; see --help", (*argv)[1]);
    return FALSE;
  }
  return TRUE;
}

void
wc_options_clear (WcOptions *options)
{
  g_clear_pointer (&options->config_file, g_free);
  g_clear_pointer (&options->listen, g_free);
  g_clear_pointer (&options->state_dir, g_free);
}

static gboolean
apply (const WcOptions *options, WcConfig *config, GError **error)
{
  if (options->udp_port != -1 &&
      (options->udp_port < 0 || options->udp_port > G_MAXUINT16)) {
    g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_VALUE,
                 "--udp-port %d: must be 0 to 65535", options->udp_port);
    return FALSE;
  }
  if (options->udp_port != -1)
    config->udp_port = (guint16)options->udp_port;
  if (options->state_dir != NULL) {
    g_free (config->state_dir);
    config->state_dir = g_strdup (options->state_dir);
  }
  if (options->verbose)
    config->log_level = WC_LOG_DEBUG;
  if (options->listen != NULL &&
      !wc_config_set_listen (config, options->listen, error)) {
    g_prefix_error (error, "--listen: ");
    return FALSE;
  }
  return TRUE;
}

WcConfig *
wc_options_load_config (const WcOptions *options, GError **error)
{
  const char *file = options->config_file;
  g_auto (GStrv) environment = g_get_environ ();

  if (file == NULL && g_file_test (DEFAULT_FILE, G_FILE_TEST_EXISTS))
    file = DEFAULT_FILE;
  g_autoptr (WcConfig) config = wc_config_load (file, environment, error);
  if (config == NULL || !apply (options, config, error))
    return NULL;
  return g_steal_pointer (&config);
}
