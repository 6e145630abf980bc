/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target that is too slow for libFuzzer to get far in a test: every
 * file of a directory as it is, and then changed here and there, always in the
 * same ways, for so many seconds. Arguments: SECONDS DIRECTORY [FILE]; FILE
 * gets the input that is being run, for when that is the end. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CHANGES 4
#define MAX_SIZE 65536

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static const char *const words[] = {
    "%s%n",
    "-1",
    "4294967296",
    "\r\n",
    "\r\n\r\n",
    "$\x00\xff\xff",
    "99999999999999999999",
    "RTSP/9.9 200 OK\r\n",
    "Content-Length: 2147483647\r\n",
    "rtsp://10.0.0.1/",
    ";;;",
    "m=",
    "a=",
};

static void
change_byte (GRand *random, GByteArray *input)
{
  guint at = (guint)g_rand_int_range (random, 0, (gint)input->len);

  input->data[at] = (guint8)g_rand_int (random);
}

static void
remove_some (GRand *random, GByteArray *input)
{
  guint at = (guint)g_rand_int_range (random, 0, (gint)input->len);
  guint n = (guint)g_rand_int_range (random, 1, 64);

  g_byte_array_remove_range (input, at, MIN (n, input->len - at));
}

static void
insert (GByteArray *input, guint at, const guint8 *data, guint size)
{
  guint behind = input->len - at;

  g_byte_array_set_size (input, input->len + size);
  memmove (input->data + at + size, input->data + at, behind);
  memcpy (input->data + at, data, size);
}

static void
insert_word (GRand *random, GByteArray *input)
{
  const char *word = words[g_rand_int_range (random, 0, G_N_ELEMENTS (words))];

  insert (input, (guint)g_rand_int_range (random, 0, (gint)input->len),
          (const guint8 *)word, MAX (1, (guint)strlen (word)));
}

static void
repeat_some (GRand *random, GByteArray *input)
{
  guint from = (guint)g_rand_int_range (random, 0, (gint)input->len);
  guint wanted = (guint)g_rand_int_range (random, 1, 400);
  guint size = MIN (wanted, input->len - from);
  g_autofree guint8 *copy = g_memdup2 (input->data + from, size);

  for (int i = g_rand_int_range (random, 1, 20);
       i > 0 && input->len + size < MAX_SIZE; i--)
    insert (input, from, copy, size);
}

static void
change (GRand *random, GByteArray *input)
{
  static void (*const changes[]) (GRand *, GByteArray *) = {
      change_byte, change_byte, remove_some, insert_word, repeat_some};

  for (int i = g_rand_int_range (random, 1, MAX_CHANGES + 1);
       i > 0 && input->len > 0; i--)
    changes[g_rand_int_range (random, 0, G_N_ELEMENTS (changes))](random,
                                                                  input);
}

static const char *present; /* nullable: where the input is written to */

static void
run_changed (GRand *random, const GBytes *original)
{
  GByteArray *input = g_byte_array_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data ((GBytes *)original, &size);
  g_autofree guint8 *exact = NULL;

  g_byte_array_append (input, data, (guint)size);
  if (random != NULL)
    change (random, input);
  /* Of just this size, so that ASan sees a read behind the end. */
  exact = g_memdup2 (input->data, input->len);
  if (present != NULL)
    g_file_set_contents (present, (const char *)exact, input->len, NULL);
  LLVMFuzzerTestOneInput (exact, input->len);
  g_byte_array_unref (input);
}

static GPtrArray *
read_inputs (const char *path)
{
  GPtrArray *inputs =
      g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *file = g_build_filename (path, name, NULL);
    char *text;
    gsize size;

    if (g_file_get_contents (file, &text, &size, NULL))
      g_ptr_array_add (inputs, g_bytes_new_take (text, size));
  }
  return inputs;
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) inputs = read_inputs (argv[2]);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  gint64 end_us = g_get_monotonic_time () + atoi (argv[1]) * G_USEC_PER_SEC;
  guint n = 0;

  present = argc > 3 ? argv[3] : NULL;
  for (; n < inputs->len; n++)
    run_changed (NULL, inputs->pdata[n]);
  for (; inputs->len > 0 && g_get_monotonic_time () < end_us; n++)
    run_changed (random, inputs->pdata[n % inputs->len]);
  g_print ("%u inputs\n", n);
  return n > 0 ? 0 : 1;
}
