/* SPDX-License-Identifier: Apache-2.0
 *
 * What other customers notice while flows of a server call scripts that want to hurt
 * (tests/hooks/hostile): how long their turns take, calm and beside.
 *
 *   kill_hostile [--turns N]
 *
 * Ends with 1 when the 99th percentile beside is more than twice that in calm (and over 5 ms). That
 * each script ends in time is tests/hooks/hostile_test.c's to see.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/kill/play.h"

enum { SUFFERERS = 2 };

/* What neighbours say: each is answered by flows alone. */
static const char *const says[] = {"how much is shipping", "how can I pay",
                                   "do you have a discount", "reset my password"};

struct sufferer {
    struct talk t;
    uint64_t seq; /* heard up to here */
    int64_t began_ms;
    bool waits;
};

static struct pl_str *scripts;
static size_t nscripts, next_script, ran;
static int64_t longest_ms;

/* By their numbers: their names would be understood. */
static void prepare(const struct site *s) {
    site_shell(s, "cp tests/kill/hostile.flow \"$D/flows\" && "
                  "{ echo 'local scripts = {}'; n=-1; LC_ALL=C; "
                  "for f in tests/hooks/hostile/*.lua; do n=$((n + 1)); "
                  "[ \"$f\" = tests/hooks/hostile/syntax.lua ] && continue; "
                  "echo \"scripts['script-$n'] = function() return (function()\"; "
                  "cat \"$f\"; echo 'end)().run() end'; done; "
                  "echo 'return { run = function(name) return tostring(scripts[name]()) end }'; "
                  "} >\"$D/lua/hostile.lua\"");
}

static void go_on(struct sufferer *x) {
    char say[128];
    size_t at;
    do at = next_script++ % nscripts;
    while (pl_str_is(scripts[at], "syntax.lua"));
    snprintf(say, sizeof say, "run script-%zu", at);
    x->seq = x->t.events.n;
    x->began_ms = now_ms();
    x->waits = true;
    talk_say(&x->t, say);
}

static bool has_answer(const struct sufferer *x) {
    for (size_t i = x->seq; i < x->t.events.n; i++)
        if (strstr(x->t.events.v[i], "\"hostile.failed\"") ||
            strstr(x->t.events.v[i], "\"hostile.done\""))
            return true;
    return false;
}

static void look_after(struct sufferer *x, const struct site *s, uint64_t *instance) {
    talk_hear(&x->t, 0);
    if (x->waits && has_answer(x)) {
        int64_t took = now_ms() - x->began_ms;
        if (took > longest_ms) longest_ms = took;
        x->waits = false;
        ran++;
    }
    if (x->waits && now_ms() - x->began_ms > WAIT_MS)
        DIE("no answer to %s: %s", x->t.said.v[0].text, x->t.events.v[x->t.events.n - 1]);
    if (x->waits) return;
    if (x->t.said.n) { /* a failure more, and the bot would fetch somebody */
        talk_end(&x->t);
        play_begin(&x->t, s, ++*instance);
    }
    go_on(x);
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Turns of neighbours, in us; gives the 99th percentile. */
static int64_t turns(const struct site *s, size_t n, struct sufferer *beside, uint64_t *instance) {
    int64_t *took = calloc(n, sizeof *took);
    struct pl_clock clock = pl_clock_system();
    struct talk t;
    for (size_t i = 0; i < n; i++) {
        if (i % 4 == 0) play_begin(&t, s, ++*instance);
        int64_t from = clock.mono_us(NULL);
        uint64_t seq = talk_ask(&t, says[i % 4], WAIT_MS);
        assert_non_null(talk_bot(&t, &seq, WAIT_MS));
        took[i] = clock.mono_us(NULL) - from;
        if (i % 4 == 3) talk_end(&t);
        for (size_t k = 0; beside && k < SUFFERERS; k++) look_after(&beside[k], s, instance);
        nap_ms(1);
    }
    qsort(took, n, sizeof *took, by_size);
    int64_t p99 = took[n - 1 - n / 100];
    print_message("%s: %zu turns, p50 %lld us, p99 %lld us, most %lld us\n",
                  beside ? "beside" : "calm", n, (long long)took[n / 2], (long long)p99,
                  (long long)took[n - 1]);
    free(took);
    return p99;
}

int main(int argc, char **argv) {
    struct sufferer sufferers[SUFFERERS] = {0};
    struct pl_arena a;
    void *state;
    uint64_t instance = 100;
    size_t n = argc == 3 ? (size_t)atoi(argv[2]) : 2000;
    give_up_after(600);
    pl_arena_init(&a, 0);
    if (pl_files_under(&a, "tests/hooks/hostile", ".lua", 1000, &scripts, &nscripts) != PL_OK)
        DIE("no scripts");
    setenv("PARLANCE_MAX_CONNECTIONS_PER_IP", "10000", 1);
    setenv("PARLANCE_HANDSHAKES_PER_MINUTE", "100000", 1);
    setenv("PARLANCE_MESSAGES_PER_MINUTE", "100000", 1);
    play_site(&state, prepare);
    const struct site *s = state;
    turns(s, n / 10, NULL, &instance); /* warm */
    int64_t calm = turns(s, n, NULL, &instance);
    for (size_t k = 0; k < SUFFERERS; k++) play_begin(&sufferers[k].t, s, ++instance);
    int64_t beside = turns(s, n, sufferers, &instance);
    while (ran < nscripts) {
        for (size_t k = 0; k < SUFFERERS; k++) look_after(&sufferers[k], s, &instance);
        nap_ms(2);
    }
    print_message("%zu scripts ran, the longest until its branch %lld ms\n", ran,
                  (long long)longest_ms);
    bool slow = beside > 2 * calm && beside > 5000;
    if (slow) print_message("too slow: p99 is more than twice that in calm\n");
    for (size_t k = 0; k < SUFFERERS; k++) talk_end(&sufferers[k].t);
    play_close(&state);
    pl_arena_free(&a);
    return slow;
}
