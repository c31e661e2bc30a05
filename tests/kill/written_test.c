/* SPDX-License-Identifier: Apache-2.0
 *
 * Data folders that earlier releases wrote (tests/kill/written/<release>) are opened by this one,
 * a minute later: customers see what they saw then, and go on where they stood; every
 * conversation replays.
 *
 *   kill_written                 all of them
 *   kill_written --make FOLDER   writes another one, of this release; it is never written again
 *
 * A folder has data.tar.xz, and talks: the time, then for each customer a line of what his client
 * kept, and his events as they came.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/kill/play.h"

#define WRITTEN   "tests/kill/written"
#define MINUTE_MS INT64_C(60000)

/* Where each customer stands, and how he goes on. */
static const struct {
    const char *says[3][2]; /* before: words, the message they are answered with */
    const char *then[2];    /* after */
} customers[] = {
    {{{"where is my order?", "track.ask"}}, {"ORDER123456789", "track.found"}},
    {{{"where is ORDER123456789?", "track.found"}}, {"no thanks", "prelude.anything_else"}},
    {{{"return ORDER987654321, broken", "return.confirm"}}, {"yes", "return.done"}},
    {{{"how much is shipping", "shipping.price"}, {"where is my order?", "track.ask"}},
     {"ORDER987654321", "track.found"}},
};
enum { MANY = PL_LEN(customers) };

static int64_t wall_ms(void) {
    return pl_clock_system().wall_ms(NULL);
}

/* ---- written ---- */

static void write_talk(FILE *f, const struct talk *t) {
    fprintf(f, "talk %s %s %s %s %zu %zu\n", t->instance, t->locale, t->resume, t->epoch, t->said.n,
            t->events.n);
    for (size_t i = 0; i < t->said.n; i++)
        fprintf(f, "%llu %s\n", (unsigned long long)t->said.v[i].seq, t->said.v[i].text);
    for (size_t i = 0; i < t->events.n; i++) fprintf(f, "%s\n", t->events.v[i]);
}

static void make(const char *folder) {
    char path[256];
    void *state;
    struct talk t[MANY];
    play_site(&state, NULL);
    struct site *s = state;
    for (size_t i = 0; i < MANY; i++) {
        play_begin(&t[i], s, 100 + i);
        for (size_t k = 0; k < 3 && customers[i].says[k][0]; k++)
            play_say(&t[i], customers[i].says[k][0], customers[i].says[k][1]);
        talk_hear(&t[i], 1000);
    }
    kill(s->server.pid, SIGTERM);
    if (proc_wait(&s->server, WAIT_MS) != 0) DIE("the server did not end well");
    setenv("TO", folder, 1);
    site_shell(s, "mkdir -p \"$TO\" && tar -C \"$D/data\" --exclude=lock --exclude=lock.mdb "
                  "--owner=0 --group=0"
                  " -cJf \"$TO/data.tar.xz\" .");
    snprintf(path, sizeof path, "%s/talks", folder);
    FILE *f = fopen(path, "we");
    if (!f) DIE("%s cannot be written", path);
    fprintf(f, "%lld\n", (long long)wall_ms());
    for (size_t i = 0; i < MANY; i++) write_talk(f, &t[i]);
    if (fclose(f) != 0) DIE("%s cannot be written", path);
    for (size_t i = 0; i < MANY; i++) talk_end(&t[i]);
    play_close(&state);
}

/* ---- read ---- */

static char line[65536];

static char *next(FILE *f) {
    if (!fgets(line, sizeof line, f)) fail_msg("the file of talks ends early");
    line[strcspn(line, "\n")] = 0;
    return line;
}

static bool read_talk(FILE *f, struct talk *t) {
    size_t nsaid, nevents;
    if (!fgets(line, sizeof line, f)) return false;
    talk_begin(t, 0, "");
    if (sscanf(line, "talk %16s %15s %159s %39s %zu %zu", t->instance, t->locale, t->resume,
               t->epoch, &nsaid, &nevents) != 6)
        fail_msg("no talk: %s", line);
    for (size_t i = 0; i < nsaid; i++) {
        struct talk_said m = {0};
        char *words;
        m.seq = strtoull(next(f), &words, 10);
        snprintf(m.text, sizeof m.text, "%s", words + 1);
        PL_PUSH(&t->said, m);
    }
    for (size_t i = 0; i < nevents; i++) {
        char *copy = strdup(next(f));
        pl_assert(copy);
        PL_PUSH(&t->events, copy);
    }
    return true;
}

static void go_on(struct site *s, FILE *f) {
    struct talk t;
    size_t n = 0;
    for (; read_talk(f, &t); n++) {
        if (n == MANY) fail_msg("more talks than were written");
        talk_reread(&t, s->server.port);
        play_back(&t, s);
        play_say(&t, customers[n].then[0], customers[n].then[1]);
        play_end(&t, s);
    }
    assert_int_equal(n, MANY);
}

static void replays(const struct site *s) {
    struct pl_buf out = {0};
    if (play_command(s, &out, (const char *[]){"replay", NULL}) != 0) fail_msg("%s", out.p);
    print_message("%s", out.p);
    pl_buf_free(&out);
}

static void open_one(struct site *s, volatile int64_t *off_ms, const char *release) {
    char path[256];
    snprintf(path, sizeof path, WRITTEN "/%s/talks", release);
    FILE *f = fopen(path, "re");
    if (!f) fail_msg("%s cannot be read", path);
    *off_ms = strtoll(next(f), NULL, 10) + MINUTE_MS - wall_ms();
    setenv("FROM", release, 1);
    site_shell(s, "rm -rf \"$D/data\" && mkdir \"$D/data\" && chmod 700 \"$D/data\" &&"
                  " tar -C \"$D/data\" -xJf " WRITTEN "/$FROM/data.tar.xz");
    site_server(s, NULL);
    print_message("-- %s\n", release);
    go_on(s, f);
    fclose(f);
    kill(s->server.pid, SIGTERM);
    assert_int_equal(proc_wait(&s->server, WAIT_MS), 0);
    replays(s);
}

static void earlier_releases(void **state) {
    struct pl_arena a;
    struct pl_str *names;
    size_t n;
    struct site s;
    (void)state;
    pl_arena_init(&a, 0);
    assert_int_equal(pl_files_under(&a, WRITTEN, "talks", 1000, &names, &n), PL_OK);
    assert_true(n > 0);
    site_open(&s, "flows");
    volatile int64_t *off_ms = play_clock(&s);
    site_shop(&s, NULL);
    for (size_t i = 0; i < n; i++) {
        char release[64];
        snprintf(release, sizeof release, "%.*s", (int)(names[i].n - strlen("/talks")), names[i].p);
        open_one(&s, off_ms, release);
    }
    site_close(&s);
    pl_arena_free(&a);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(earlier_releases)};
    give_up_after(140);
    if (argc == 3 && strcmp(argv[1], "--make") == 0) {
        make(argv[2]);
        return 0;
    }
    return cmocka_run_group_tests_name("written", tests, NULL, NULL);
}
