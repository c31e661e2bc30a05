/* SPDX-License-Identifier: Apache-2.0
 *
 * A real server whose time of day jumps (clock_shim.c) while customers' flows sleep: each is woken
 * once, when as much time has passed as was meant, also when the server is killed in between.
 *
 *   kill_clock [--customers N] [--rounds N]
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/kill/play.h"

#define NAP_MS INT64_C(8000)
#define HOUR   INT64_C(3600000)
#define DAY    (24 * HOUR)

/* 2,147,483,648 s after 1970, the end of 32-bit seconds. */
#define EDGE INT64_C(2147483648000)

static volatile int64_t *off_ms;

static void prepare(const struct site *s) {
    site_shell(s, "cp tests/kill/clock.flow \"$D/flows\"");
    off_ms = play_clock(s);
}

struct nap {
    struct talk t;
    int64_t began_ms, woke_ms;
};

static void fall_asleep(struct nap *x, const struct site *s, uint64_t instance) {
    *x = (struct nap){0};
    play_begin(&x->t, s, instance);
    play_say(&x->t, "doze off for a moment", "doze.begun");
    x->began_ms = now_ms();
}

/* Hears all of them for so long; gives how many are awake. */
static size_t awake(struct nap *all, size_t n, int64_t ms) {
    int64_t until = now_ms() + ms;
    size_t count;
    do {
        count = 0;
        for (size_t i = 0; i < n; i++) {
            talk_hear(&all[i].t, 1);
            bool woke = talk_count(&all[i].t, "bot:doze.over") > 0;
            if (woke && !all[i].woke_ms) all[i].woke_ms = now_ms();
            count += woke;
        }
    } while (now_ms() < until && count < n);
    return count;
}

static int64_t jump_of(unsigned round) {
    static const int64_t jumps[] = {HOUR, -HOUR, DAY, -DAY, 0, 3 * DAY, -3 * DAY, 30 * DAY};
    int64_t wall = pl_clock_system().wall_ms(NULL) + *off_ms;
    return round % 9 == 8 ? EDGE - NAP_MS / 2 - wall : jumps[round % 9];
}

static void round_of(struct site *s, struct nap *all, size_t n, unsigned round,
                     uint64_t *instance) {
    for (size_t i = 0; i < n; i++) fall_asleep(&all[i], s, ++*instance);
    int64_t by = jump_of(round);
    *off_ms += by;
    if (round % 3 == 2) { /* when the jump was seen, and that is on disk */
        nap_ms(3500);
        proc_kill(&s->server);
        site_server(s, NULL);
        for (size_t i = 0; i < n; i++) talk_connect(&all[i].t, s->server.port);
    }
    assert_int_equal(awake(all, n, 30000 + NAP_MS), n);
    int64_t least = INT64_MAX, most = 0;
    talk_hear(&all[0].t, 300);
    for (size_t i = 0; i < n; i++) {
        int64_t took = all[i].woke_ms - all[i].began_ms;
        if (took < least) least = took;
        if (took > most) most = took;
        assert_int_equal(talk_count(&all[i].t, "bot:doze.over"), 1);
        talk_check(&all[i].t);
        if (all[i].t.wrong[0]) fail_msg("%s", all[i].t.wrong);
        talk_end(&all[i].t);
    }
    print_message("jump %+lld s%s: %zu woken after %lld to %lld ms\n", (long long)by / 1000,
                  round % 3 == 2 ? ", killed" : "", n, (long long)least, (long long)most);
    if (round == 0) return;
    assert_true(least >= NAP_MS - 500);
    assert_true(most <= NAP_MS + 15000);
}

int main(int argc, char **argv) {
    size_t n = 20;
    unsigned rounds = 9;
    void *state;
    uint64_t instance = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--customers") == 0) n = (size_t)atoi(argv[i + 1]);
        if (strcmp(argv[i], "--rounds") == 0) rounds = (unsigned)atoi(argv[i + 1]);
    }
    give_up_after(1800);
    setenv("PARLANCE_MAX_CONNECTIONS_PER_IP", "10000", 1);
    setenv("PARLANCE_HANDSHAKES_PER_MINUTE", "100000", 1);
    play_site(&state, prepare);
    struct nap *all = calloc(n, sizeof *all);
    for (unsigned round = 0; round < rounds; round++) round_of(state, all, n, round, &instance);
    free(all);
    play_close(&state);
    return 0;
}
