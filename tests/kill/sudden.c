/* SPDX-License-Identifier: Apache-2.0
 *
 * The server is killed at random moments in the middle of several conversations. Every message that
 * was acknowledged is still there, every event has its place and keeps it, every write reached the
 * shop once, and each conversation as a whole is what it would have been without the kills.
 *
 *   sudden [--kills N] [--seed N] [--talks N] [--rate N] [--within MS]
 *
 * talks: conversations at the same time. rate: messages a second over all of them, as far as their
 * answers come in time; without it everybody writes when he has read. within: a restart that takes
 * longer until it greets a customer is a failure.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/kill/crowd.h"
#include "tests/kill/site.h"

struct run {
    struct site site;
    struct crowd crowd;
    PL_VEC(int64_t) restarts; /* ms from the start of each server to its first greeting */
    int64_t up_ms, resumed;   /* how long servers were up; since when this one may be spoken with */
};

static int64_t first_live(struct run *r) {
    struct talk t;
    int64_t began = now_ms();
    talk_begin(&t, UINT64_MAX, "en-US");
    if (!talk_connect(&t, r->site.server.port)) DIE("no connection after a restart");
    if (!talk_event(&t, 1, 20000)) DIE("no greeting after a restart");
    talk_end(&t);
    return now_ms() - began;
}

static void kill_once(struct run *r, size_t i) {
    int64_t until = now_ms() + 20 + (int64_t)pl_rand_below(&r->crowd.rand, 500);
    while (now_ms() < until) crowd_round(&r->crowd, r->site.server.port, true);
    r->up_ms += now_ms() - r->resumed;
    proc_kill(&r->site.server);
    crowd_drain(&r->crowd); /* what it still sent was sent: it counts */
    site_server(&r->site, NULL);
    int64_t live = first_live(r);
    r->resumed = now_ms();
    PL_PUSH(&r->restarts, r->site.server.start_ms + live);
    printf("kill %zu: %zu conversations, %zu over; listens after %lld ms, greets %lld ms later\n",
           i + 1, r->crowd.all.n, r->crowd.over, (long long)r->site.server.start_ms,
           (long long)live);
    fflush(stdout);
}

static uint64_t option(int argc, char **argv, const char *name, uint64_t otherwise) {
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0) return strtoull(argv[i + 1], NULL, 10);
    return otherwise;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void say_restarts(struct run *r, double rate, int64_t within) {
    size_t n = r->restarts.n;
    if (n == 0) return;
    qsort(r->restarts.v, n, sizeof *r->restarts.v, by_size);
    int64_t worst = r->restarts.v[n - 1];
    printf("%zu kills at %.0f messages/s; serves again within %lld ms (median), %lld (19 of 20), "
           "%lld (worst)\n",
           n, rate, (long long)r->restarts.v[n / 2], (long long)r->restarts.v[n * 19 / 20],
           (long long)worst);
    if (worst > within) DIE("a restart took more than %lld ms", (long long)within);
}

int main(int argc, char **argv) {
    struct run *r = calloc(1, sizeof *r);
    size_t kills = option(argc, argv, "--kills", 6);
    uint64_t seed = option(argc, argv, "--seed", (uint64_t)now_ms());
    give_up_after((unsigned)(60 + kills * 10));
    pl_assert(r);
    r->crowd.at_once = option(argc, argv, "--talks", 5);
    r->crowd.rate = option(argc, argv, "--rate", 0);
    printf("seed %llu\n", (unsigned long long)seed);
    site_open(&r->site, "flows");
    site_shop(&r->site, "slow=30ms");
    site_server(&r->site, NULL);
    r->resumed = now_ms();
    crowd_begin(&r->crowd, seed);
    for (size_t i = 0; i < kills; i++) kill_once(r, i);
    double rate = (double)r->crowd.said * 1000 / (double)(r->up_ms ? r->up_ms : 1);
    do crowd_round(&r->crowd, r->site.server.port, false);
    while (r->crowd.over < r->crowd.all.n);
    crowd_check(&r->crowd, r->site.server.port);
    crowd_check_writes(&r->crowd, &r->site);
    say_restarts(r, rate, (int64_t)option(argc, argv, "--within", INT64_MAX));
    site_close(&r->site);
    crowd_end(&r->crowd);
    PL_VEC_FREE(&r->restarts);
    free(r);
    return 0;
}
