/* SPDX-License-Identifier: MIT */
#include "http/webhooks.h"

#include "access/admin-token.h"
#include "access/web.h"
#include "access/webhook-key.h"
#include "base/clock.h"
#include "base/log.h"
#include "ingest/backoff.h"

#include <json-glib/json-glib.h>

#define MAX_SENDING 16
#define MAX_ANSWER 65536
/* What goes wrong all the time is logged no more often than this. */
#define LOG_INTERVAL_US (60 * G_USEC_PER_SEC)

/* One on its way. Its body is the same in every attempt, as its id is. */
typedef struct {
  char *id, *name, *at, *data;
  char *body; /* NULL: not tried yet */
  gint64 born_us;
} Delivery;

/* Those of one mountpoint, one after the other. */
typedef struct {
  WcWebhooks *owner;
  char *id;
  GQueue deliveries; /* the head is being sent, or waits to be */
  gboolean is_ready; /* in `ready` */
  gboolean is_sending;
  guint epoch;        /* of the attempt that is under way */
  guint retry_source; /* 0: does not wait to try again */
  WcBackoff backoff;
} Lane;

/*   sending <-> paused
 *      ^          |
 *      +--> gone <+
 *
 * What is gone comes back when the configuration is read again.
 * What happens meanwhile waits, as many as `webhook-queue` says. */

struct WcWebhooks {
  const WcConfig *config;
  WcEventLog *log;
  guint listener;
  WcWebhookKey *key; /* NULL: there is nobody to tell */
  WcWeb *web;
  guint epoch;       /* how often the configuration has been read again */
  GHashTable *lanes; /* id -> Lane; none is empty */
  GQueue ready;      /* of Lane: whose head may be sent */
  guint sending;
  guint waiting;
  gboolean stopping;
  WcWebhooksState state;
  guint pause_source; /* 0 unless it is paused */
  gint64 pause_until_us;
  guint64 delivered, failed, lost;
  char *error;
  gint64 failure_logged_us, loss_logged_us;
};

/* --- one event ------------------------------------------------------------ */

static Delivery *
delivery_new (const WcEventRecord *record)
{
  Delivery *delivery = g_new0 (Delivery, 1);

  delivery->id = g_strconcat ("evt_", record->id, NULL);
  delivery->name = g_strdup (record->name);
  delivery->at = g_strdup (record->at);
  delivery->data = g_strdup (record->json);
  delivery->born_us = wc_clock_now_us ();
  return delivery;
}

static void
delivery_free (Delivery *delivery)
{
  g_free (delivery->id);
  g_free (delivery->name);
  g_free (delivery->at);
  g_free (delivery->data);
  g_free (delivery->body);
  g_free (delivery);
}

/* `lost` tells how many there were until now that did not arrive, of all
 * mountpoints: who sees it rise asks the API how things are. */
static void
ensure_body (Delivery *delivery, guint64 lost)
{
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object;

  if (delivery->body != NULL)
    return;
  object = json_object_new ();
  root = json_node_new (JSON_NODE_OBJECT);
  json_object_set_string_member (object, "type", delivery->name);
  json_object_set_string_member (object, "timestamp", delivery->at);
  json_object_set_int_member (object, "lost", (gint64)lost);
  json_object_set_member (object, "data",
                          json_from_string (delivery->data, NULL));
  json_node_take_object (root, object);
  delivery->body = json_to_string (root, FALSE);
}

/* --- one mountpoint ------------------------------------------------------- */

static void
lane_free (gpointer data)
{
  Lane *lane = data;

  if (lane->retry_source != 0)
    g_source_remove (lane->retry_source);
  g_queue_clear_full (&lane->deliveries, (GDestroyNotify)delivery_free);
  g_free (lane->id);
  g_free (lane);
}

static Lane *
ensure_lane (WcWebhooks *self, const char *id)
{
  Lane *lane = g_hash_table_lookup (self->lanes, id);

  if (lane != NULL)
    return lane;
  lane = g_new0 (Lane, 1);
  lane->owner = self;
  lane->id = g_strdup (id);
  g_queue_init (&lane->deliveries);
  g_hash_table_insert (self->lanes, lane->id, lane);
  return lane;
}

static void
make_ready (Lane *lane)
{
  if (lane->is_ready || lane->is_sending || lane->retry_source != 0)
    return;
  lane->is_ready = TRUE;
  g_queue_push_tail (&lane->owner->ready, lane);
}

static void
end_lane (Lane *lane)
{
  g_queue_remove (&lane->owner->ready, lane);
  g_hash_table_remove (lane->owner->lanes, lane->id);
}

/* The head is done with: the next one, or the end of @lane. */
static void
finish_head (Lane *lane)
{
  WcWebhooks *self = lane->owner;

  delivery_free (g_queue_pop_head (&lane->deliveries));
  self->waiting--;
  wc_backoff_reset (&lane->backoff);
  if (lane->deliveries.length > 0)
    make_ready (lane);
  else
    end_lane (lane);
}

/* --- losses --------------------------------------------------------------- */

static void
count_loss (WcWebhooks *self, const char *id, const char *why)
{
  gint64 now_us = wc_clock_now_us ();

  self->lost++;
  if (self->loss_logged_us != 0 &&
      now_us - self->loss_logged_us < LOG_INTERVAL_US)
    return;
  self->loss_logged_us = now_us;
  wc_warning (
      "[events] webhook-url: an event of mountpoint \"%s\" is lost: %s; "
      "%" G_GUINT64_FORMAT " since the start",
      id, why, self->lost);
}

static guint
n_waiting (const Lane *lane)
{
  return lane->deliveries.length - (lane->is_sending ? 1 : 0);
}

/* One that is not under way; with the last of all @lane ends. */
static void
drop_oldest_of (Lane *lane)
{
  delivery_free (g_queue_pop_nth (&lane->deliveries, lane->is_sending ? 1 : 0));
  lane->owner->waiting--;
  if (lane->deliveries.length == 0)
    end_lane (lane);
}

/* An event that is not under way, the oldest of whoever has most. */
static gboolean
drop_oldest (WcWebhooks *self)
{
  GHashTableIter iter;
  gpointer value;
  Lane *longest = NULL;

  g_hash_table_iter_init (&iter, self->lanes);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (longest == NULL || n_waiting (value) > n_waiting (longest))
      longest = value;
  if (longest == NULL || n_waiting (longest) == 0)
    return FALSE;
  count_loss (self, longest->id, "too many wait ([events] webhook-queue)");
  drop_oldest_of (longest);
  return TRUE;
}

/* --- sending -------------------------------------------------------------- */

static void send_what_may (WcWebhooks *self);

static gboolean
on_retry (gpointer user_data)
{
  Lane *lane = user_data;

  lane->retry_source = 0;
  make_ready (lane);
  send_what_may (lane->owner);
  return G_SOURCE_REMOVE;
}

static void
set_state (WcWebhooks *self, WcWebhooksState state)
{
  g_clear_handle_id (&self->pause_source, g_source_remove);
  self->state = state;
}

static gboolean
on_pause_over (gpointer user_data)
{
  WcWebhooks *self = user_data;

  self->pause_source = 0;
  set_state (self, WC_WEBHOOKS_SENDING);
  send_what_may (self);
  return G_SOURCE_REMOVE;
}

/* Of several that ask, the longest counts. */
static void
pause_for (WcWebhooks *self, guint seconds)
{
  gint64 until_us = wc_clock_now_us () + seconds * G_USEC_PER_SEC;

  if (self->state == WC_WEBHOOKS_GONE ||
      (self->state == WC_WEBHOOKS_PAUSED && until_us < self->pause_until_us))
    return;
  set_state (self, WC_WEBHOOKS_PAUSED);
  self->pause_until_us = until_us;
  self->pause_source = g_timeout_add (seconds * 1000, on_pause_over, self);
}

static void
note_gone (WcWebhooks *self)
{
  if (self->state == WC_WEBHOOKS_GONE)
    return;
  set_state (self, WC_WEBHOOKS_GONE);
  wc_warning ("[events] webhook-url: status 410: it is gone and is sent "
              "nothing more until the configuration is read again; %u events "
              "wait",
              self->waiting);
}

static void
log_failure (WcWebhooks *self, gboolean is_new)
{
  gint64 now_us = wc_clock_now_us ();

  if (!is_new && now_us - self->failure_logged_us < LOG_INTERVAL_US)
    return;
  self->failure_logged_us = now_us;
  wc_warning ("[events] webhook-url: %s; %u events wait to be sent again",
              self->error, self->waiting);
}

/* How long a receiver that is busy wants to be left alone. */
static guint
asked_pause (const WcWebAnswer *answer)
{
  return answer->status == 429 || answer->status == 503 ? answer->retry_after_s
                                                        : 0;
}

static char *
describe_failure (const WcWebAnswer *answer)
{
  guint pause_s = asked_pause (answer);

  if (answer->error != NULL)
    return g_strdup (answer->error->message);
  if (pause_s > 0)
    return g_strdup_printf ("status %u, not again before %u s", answer->status,
                            pause_s);
  return g_strdup_printf ("status %u", answer->status);
}

static void
note_failure (WcWebhooks *self, const WcWebAnswer *answer)
{
  gboolean is_new = self->error == NULL;
  guint pause_s = asked_pause (answer);

  self->failed++;
  g_free (self->error);
  self->error = describe_failure (answer);
  if (pause_s > 0)
    pause_for (self, pause_s);
  if (answer->status == 410)
    note_gone (self);
  else
    log_failure (self, is_new);
}

static void
note_success (WcWebhooks *self)
{
  self->delivered++;
  if (self->error != NULL)
    wc_info ("[events] webhook-url: it takes events again");
  g_clear_pointer (&self->error, g_free);
}

/* An attempt has failed that was made by a configuration which is no more. */
static void
try_anew (Lane *lane)
{
  if (lane->owner->key != NULL) {
    make_ready (lane);
    return;
  }
  count_loss (lane->owner, lane->id, "there is no webhook-url any more");
  finish_head (lane);
}

static void
retry_or_give_up (Lane *lane)
{
  const Delivery *delivery = g_queue_peek_head (&lane->deliveries);
  WcWebhooks *self = lane->owner;
  gint64 age_us = wc_clock_now_us () - delivery->born_us;

  if (age_us >= (gint64)self->config->webhook_retry_ms * 1000) {
    count_loss (self, lane->id, "it was tried for webhook-retry-ms");
    finish_head (lane);
    return;
  }
  lane->retry_source =
      g_timeout_add (wc_backoff_next (&lane->backoff), on_retry, lane);
}

static void
on_answer (const WcWebAnswer *answer, gpointer user_data)
{
  Lane *lane = user_data;
  WcWebhooks *self = lane->owner;

  lane->is_sending = FALSE;
  self->sending--;
  if (self->stopping)
    return;
  if (answer->status >= 200 && answer->status < 300) {
    note_success (self);
    finish_head (lane);
  } else if (lane->epoch != self->epoch) {
    try_anew (lane);
  } else {
    note_failure (self, answer);
    retry_or_give_up (lane);
  }
  send_what_may (self);
}

static void
send_head (Lane *lane)
{
  WcWebhooks *self = lane->owner;
  Delivery *delivery = g_queue_peek_head (&lane->deliveries);
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *timestamp = g_strdup_printf ("%" G_GINT64_FORMAT, now_s);

  ensure_body (delivery, self->lost);
  g_autofree char *signature =
      wc_webhook_key_sign (self->key, delivery->id, now_s, delivery->body);
  const WcWebField fields[] = {
      {"webhook-id", delivery->id},
      {"webhook-timestamp", timestamp},
      {"webhook-signature", signature},
  };
  lane->is_sending = TRUE;
  lane->epoch = self->epoch;
  self->sending++;
  wc_web_post_with_fields (self->web, self->config->webhook_url, delivery->body,
                           fields, G_N_ELEMENTS (fields), on_answer, lane);
}

static void
send_what_may (WcWebhooks *self)
{
  Lane *lane;

  while (self->state == WC_WEBHOOKS_SENDING && self->sending < MAX_SENDING &&
         (lane = g_queue_pop_head (&self->ready)) != NULL) {
    lane->is_ready = FALSE;
    send_head (lane);
  }
}

/* --- what happens --------------------------------------------------------- */

/* An empty list: all of them. */
static gboolean
is_wanted (const WcWebhooks *self, const WcEventRecord *record)
{
  const char *const *names = (const char *const *)self->config->webhook_events;

  return self->key != NULL && !record->is_count &&
         (names[0] == NULL || g_strv_contains (names, record->name));
}

static void
on_event (const WcEventRecord *record, gpointer user_data)
{
  WcWebhooks *self = user_data;
  Lane *lane;

  if (!is_wanted (self, record))
    return;
  while (self->waiting >= self->config->webhook_queue && drop_oldest (self))
    continue;
  lane = ensure_lane (self, record->mountpoint);
  g_queue_push_tail (&lane->deliveries, delivery_new (record));
  self->waiting++;
  make_ready (lane);
  send_what_may (self);
}

/* --- looking -------------------------------------------------------------- */

guint
wc_webhooks_n_under_way (WcWebhooks *webhooks)
{
  gboolean sends = webhooks->state == WC_WEBHOOKS_SENDING;

  return webhooks->sending + (sends ? webhooks->ready.length : 0);
}

const char *
wc_webhooks_state_name (WcWebhooksState state)
{
  switch (state) {
  case WC_WEBHOOKS_SENDING:
    return "sending";
  case WC_WEBHOOKS_PAUSED:
    return "paused";
  case WC_WEBHOOKS_GONE:
    return "gone";
  }
  return "";
}

static guint64
paused_ms (const WcWebhooks *self)
{
  gint64 left_us = self->pause_until_us - wc_clock_now_us ();

  return self->state == WC_WEBHOOKS_PAUSED && left_us > 0
             ? (guint64)left_us / 1000
             : 0;
}

void
wc_webhooks_get_stats (WcWebhooks *webhooks, WcWebhookStats *stats)
{
  *stats = (WcWebhookStats){
      .state = webhooks->state,
      .paused_ms = paused_ms (webhooks),
      .waiting = webhooks->waiting,
      .delivered = webhooks->delivered,
      .failed = webhooks->failed,
      .lost = webhooks->lost,
      .error = webhooks->error,
  };
}

/* --- the secret ----------------------------------------------------------- */

/* NULL: the secret cannot be read, or is none. */
static WcWebhookKey *
read_key (const WcConfig *config, GError **error)
{
  const char *path = config->webhook_secret_file;
  g_autofree char *secret = g_strdup (config->webhook_secret);
  g_autoptr (GError) reason = NULL;
  WcWebhookKey *key;

  if (secret == NULL && !g_file_get_contents (path, &secret, NULL, &reason)) {
    g_set_error (error, WC_ACCESS_ERROR, WC_ACCESS_ERROR_READ,
                 "[events] webhook-secret-file cannot be read: %s",
                 reason->message);
    return NULL;
  }
  key = wc_webhook_key_new (g_strstrip (secret));
  if (key == NULL)
    g_set_error (
        error, WC_ACCESS_ERROR, WC_ACCESS_ERROR_VALUE,
        "[events] webhook-secret%s%s: a secret is " WC_WEBHOOK_SECRET_RULE,
        path != NULL ? "-file " : "", path != NULL ? path : "");
  return key;
}

/* *@key is NULL without `webhook-url`. */
static gboolean
load_key (const WcConfig *config, WcWebhookKey **key, GError **error)
{
  *key = config->webhook_url != NULL ? read_key (config, error) : NULL;
  return *key != NULL || config->webhook_url == NULL;
}

/* --- the configuration, read again ---------------------------------------- */

struct WcWebhooksReload {
  WcWebhooks *webhooks;
  WcWebhookKey *key; /* nullable */
};

WcWebhooksReload *
wc_webhooks_reload_new (WcWebhooks *webhooks, const WcConfig *wanted,
                        GError **error)
{
  g_autoptr (WcWebhooksReload) reload = g_new0 (WcWebhooksReload, 1);

  reload->webhooks = webhooks;
  return load_key (wanted, &reload->key, error) ? g_steal_pointer (&reload)
                                                : NULL;
}

void
wc_webhooks_reload_free (WcWebhooksReload *reload)
{
  g_clear_pointer (&reload->key, wc_webhook_key_free);
  g_free (reload);
}

static gboolean
is_other_file (const WcWebhooksReload *reload)
{
  const WcWebhooks *webhooks = reload->webhooks;

  return webhooks->config->webhook_secret_file != NULL &&
         webhooks->key != NULL && reload->key != NULL &&
         !wc_webhook_key_equal (webhooks->key, reload->key);
}

/* All but what is under way. */
static void
drop_waiting (WcWebhooks *self)
{
  g_autoptr (GList) lanes = g_hash_table_get_values (self->lanes);
  guint before = self->waiting;

  for (GList *each = lanes; each != NULL; each = each->next)
    for (guint n = n_waiting (each->data); n > 0; n--)
      drop_oldest_of (each->data);
  if (self->waiting == before)
    return;
  self->lost += before - self->waiting;
  wc_warning ("[events] webhook-url: there is none any more; %u events that "
              "waited are lost",
              before - self->waiting);
}

void
wc_webhooks_reload_commit (WcWebhooksReload *reload, GPtrArray *changes)
{
  WcWebhooks *self = reload->webhooks;

  if (is_other_file (reload))
    g_ptr_array_add (changes,
                     wc_change_new (WC_CHANGE_FILE, WC_CHANGE_APPLIED, "events",
                                    "webhook-secret-file", NULL));
  g_clear_pointer (&self->key, wc_webhook_key_free);
  self->key = g_steal_pointer (&reload->key);
  self->epoch++;
  wc_web_set_timeout (self->web, self->config->webhook_timeout_ms);
  g_clear_pointer (&self->error, g_free);
  set_state (self, WC_WEBHOOKS_SENDING);
  if (self->key == NULL)
    drop_waiting (self);
  send_what_may (self);
}

/* --- life ----------------------------------------------------------------- */

WcWebhooks *
wc_webhooks_new (const WcConfig *config, WcEventLog *log, GError **error)
{
  g_autoptr (WcWebhooks) self = g_new0 (WcWebhooks, 1);

  self->config = config;
  self->log = log;
  self->lanes =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, lane_free);
  g_queue_init (&self->ready);
  if (!load_key (config, &self->key, error))
    return NULL;
  self->web = wc_web_new (config->webhook_timeout_ms, MAX_ANSWER);
  self->listener = wc_event_log_listen (log, on_event, self);
  return g_steal_pointer (&self);
}

void
wc_webhooks_free (WcWebhooks *webhooks)
{
  webhooks->stopping = TRUE;
  if (webhooks->listener != 0)
    wc_event_log_leave (webhooks->log, webhooks->listener);
  g_clear_pointer (&webhooks->web, wc_web_free);
  if (webhooks->waiting > 0)
    wc_warning ("[events] webhook-url: %u events were not delivered before the "
                "end",
                webhooks->waiting);
  g_clear_handle_id (&webhooks->pause_source, g_source_remove);
  g_queue_clear (&webhooks->ready);
  g_hash_table_unref (webhooks->lanes);
  g_clear_pointer (&webhooks->key, wc_webhook_key_free);
  g_free (webhooks->error);
  g_free (webhooks);
}
