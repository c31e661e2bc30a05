/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of this folder begin and end with: a site of the reference project, and customers
 * in front of it. Whatever does not come in time fails the test.
 */
#ifndef TESTS_KILL_PLAY_H
#define TESTS_KILL_PLAY_H

#include "tests/kill/site.h"
#include "tests/kill/talk.h"

#define WAIT_MS       30000
#define PLAY_IDENTITY 1024

/* Set-up and tear-down of cmocka: a site with its shop and server. prepare: what is changed in the
 * copy of the project before the server starts, or NULL. */
int play_site(void **state, void (*prepare)(const struct site *s));
int play_open(void **state);
int play_close(void **state);
/* kill -9, and a new server on what it left. */
void play_restart(struct site *s);
/* For play_site: by how many milliseconds the time of day of its processes is off (clock_shim.c);
 * it may be changed while they run. */
volatile int64_t *play_clock(const struct site *s);
/* For play_site: its servers know the key that play_sign signs with. */
void play_identities(const struct site *s);
void play_sign(const char *customer, char identity[PLAY_IDENTITY]);

/* Opens a conversation and waits for its first event. */
void play_begin(struct talk *t, const struct site *s, uint64_t instance);
/* The same as a customer whom the page's token names. */
void play_begin_as(struct talk *t, const struct site *s, uint64_t instance, const char *identity);
/* Comes back and waits until all there is was shown. */
void play_back(struct talk *t, const struct site *s);
/* Says it and waits for this message of the bot; gives its seq. */
uint64_t play_say(struct talk *t, const char *say, const char *id);
/* Everything is as it was promised, and is still there when it is read anew. */
void play_end(struct talk *t, const struct site *s);

/* Runs parlance with these words, and --data; gives the exit code, its words in out. */
int play_command(const struct site *s, struct pl_buf *out, const char *const *words);
/* A bearer's token that may do this. */
void play_token(const struct site *s, const char *name, const char *may, char out[128]);

#endif
