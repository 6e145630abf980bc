/* SPDX-License-Identifier: MIT */
/* A registry with a configuration, ports and a state directory of its own. */
#pragma once

#include "mountpoint-support.h"

typedef struct {
  char *state_dir;
  WcConfig *config;
  WcMountpointContext context;
  WcCandidateList candidates; /* none */
  WcRegistry *registry;
} RegistryFixture;

static inline void
open_registry (RegistryFixture *f)
{
  g_autoptr (GError) error = NULL;

  f->context.candidates = &f->candidates;
  f->registry = wc_registry_new (&f->context, &error);
  g_assert_no_error (error);
  g_assert_true (wc_registry_load (f->registry, FALSE, &error));
  g_assert_no_error (error);
}

/** @text: of a configuration file, nullable. */
static inline void
set_up_registry (RegistryFixture *f, const char *text, guint16 first_port,
                 guint16 last_port)
{
  g_autoptr (GError) error = NULL;

  memset (f, 0, sizeof *f);
  f->state_dir = make_state_dir ();
  f->config = wc_config_parse ("test.conf", text != NULL ? text : "",
                               text != NULL ? strlen (text) : 0, NULL, &error);
  g_assert_no_error (error);
  g_free (f->config->state_dir);
  f->config->state_dir = g_strdup (f->state_dir);
  f->context.sources.config = f->config;
  f->context.sources.ports = wc_port_pool_new (first_port, last_port);
  open_registry (f);
}

static inline void
close_registry (RegistryFixture *f)
{
  wc_registry_stop (f->registry);
  wc_registry_stop (f->registry);
  g_assert_cmpuint (wc_port_pool_taken (f->context.sources.ports), ==, 0);
  g_assert_finalize_object (f->registry);
}

static inline void
tear_down_registry (RegistryFixture *f)
{
  close_registry (f);
  wc_port_pool_free (f->context.sources.ports);
  wc_config_free (f->config);
  remove_tree (f->state_dir);
  g_free (f->state_dir);
}

/** (transfer full) (nullable) */
static inline WcMountpoint *
create_mountpoint (WcRegistry *registry, const WcMountpointSpec *spec,
                   GError **error)
{
  GAsyncResult *result = NULL;
  WcMountpoint *mountpoint;

  wc_registry_create_async (registry, spec, on_result, &result);
  mountpoint =
      wc_registry_create_finish (registry, wait_result (&result), error);
  g_object_unref (result);
  return mountpoint;
}
