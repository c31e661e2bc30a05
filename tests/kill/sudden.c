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
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/kill/site.h"
#include "tests/kill/talk.h"

#define STUCK_MS 120000 /* a busy machine restarts slowly, and a kill may undo a step */
#define THINK_MS 120    /* at most, between an answer and the next message */

static const struct {
    const char *say;
    const char *hear[4]; /* kinds of the answers, in order */
} script[] = {
    {"where is my order?", {"bot:track.ask"}},
    {"ORDER123456789", {"bot:track.found", "bot:track.sms"}},
    {"yes, please", {"bot:track.phone"}},
    {"+49 30 901820", {"bot:track.done", "bot:prelude.anything_else"}},
    {"return ORDER444000111, broken",
     {"bot:return.sorry", "bot:return.too_late", "bot:prelude.offer"}},
    {"no thanks", {"bot:prelude.offer.declined", "bot:prelude.anything_else"}},
    {"how much is shipping",
     {"bot:shipping.options", "bot:shipping.price", "bot:prelude.anything_else"}},
    {"thanks a lot", {"bot:prelude.thanks"}},
};

struct plan { /* where a conversation is in the script */
    struct talk t;
    size_t step;   /* lines said */
    uint64_t seq;  /* events there must be before the next line */
    int64_t moved; /* when it last went on */
    int64_t think; /* until when its customer reads */
};

struct run {
    struct site site;
    PL_VEC(struct plan *) plans;
    PL_VEC(struct pollfd) polls;
    PL_VEC(int64_t) restarts; /* ms from the start of each server to its first greeting */
    size_t first;             /* all plans before it are over */
    size_t nover, at_once;
    struct pl_rand rand;
    uint64_t instances, rate, said;
    int64_t up_ms, resumed; /* how long servers were up; since when this one may be spoken with */
    double budget;          /* messages that the rate allows now */
    int64_t budget_at;
};

static size_t answers(size_t step) {
    size_t n = 0;
    while (n < PL_LEN(script[step].hear) && script[step].hear[n]) n++;
    return n;
}

static bool is_over(const struct plan *p) {
    return p->step == PL_LEN(script) && p->t.events.n >= p->seq;
}

/* Within the rate asked for; what was not said while the server was down is not made up for. */
static bool may_speak(struct run *r) {
    if (r->rate == 0) return true;
    int64_t now = now_ms();
    double most = (double)r->rate / 10;
    r->budget += (double)(now - r->budget_at) * (double)r->rate / 1000;
    if (r->budget > most) r->budget = most;
    r->budget_at = now;
    if (r->budget < 1) return false;
    r->budget -= 1;
    return true;
}

/* A customer's time for reading; with a rate such that it is reached, and the rate then holds. */
static int64_t think(struct run *r) {
    uint64_t most = r->rate ? 1500 * r->at_once / r->rate : THINK_MS;
    return now_ms() + (int64_t)pl_rand_below(&r->rand, most + 1);
}

/* Says the next line when all answers to the one before are there. */
static void go_on(struct run *r, struct plan *p) {
    uint64_t before = p->t.events.n;
    if (!p->t.live || before < p->seq || p->step == PL_LEN(script)) return;
    if (p->step == 0 && before < 1) return; /* the greeting */
    if (p->think == 0) p->think = think(r);
    if (now_ms() < p->think || !may_speak(r)) return;
    p->think = 0;
    talk_say(&p->t, script[p->step].say);
    p->seq = before + 1 + answers(p->step);
    p->step++;
    p->moved = now_ms();
    r->said++;
}

static void start_one(struct run *r) {
    struct plan *p = calloc(1, sizeof *p);
    pl_assert(p);
    p->moved = now_ms();
    PL_PUSH(&r->plans, p);
    talk_begin(&p->t, ++r->instances, "en-US");
}

/* Waits a moment until somebody can be heard. */
static void wait_for_any(struct run *r) {
    r->polls.n = 0;
    for (size_t i = r->first; i < r->plans.n; i++)
        if (r->plans.v[i]->t.on)
            PL_PUSH(&r->polls, ((struct pollfd){.fd = r->plans.v[i]->t.c.fd, .events = POLLIN}));
    poll(r->polls.v, r->polls.n, 2);
}

static void look_after(struct run *r, size_t i) {
    struct plan *p = r->plans.v[i];
    if (!p->t.on) talk_connect(&p->t, r->site.server.port);
    talk_hear(&p->t, 0);
    go_on(r, p);
    if (p->t.wrong[0]) DIE("conversation %zu: %s", i, p->t.wrong);
    if (p->t.errors) DIE("conversation %zu: error frame %s", i, p->t.error);
    if (now_ms() - p->moved > STUCK_MS) DIE("conversation %zu is stuck at %zu", i, p->step);
}

/* Goes round all conversations once; starts new ones while `more`. */
static void round_of(struct run *r, bool more) {
    size_t busy = 0;
    wait_for_any(r);
    for (size_t i = r->first; i < r->plans.n; i++) {
        if (is_over(r->plans.v[i])) continue;
        busy++;
        look_after(r, i);
        if (is_over(r->plans.v[i])) talk_leave(&r->plans.v[i]->t);
    }
    while (r->first < r->plans.n && is_over(r->plans.v[r->first])) r->first++;
    r->nover = r->plans.n - busy;
    while (more && busy < r->at_once) {
        start_one(r);
        busy++;
    }
}

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
    int64_t until = now_ms() + 20 + (int64_t)pl_rand_below(&r->rand, 500);
    while (now_ms() < until) round_of(r, true);
    r->up_ms += now_ms() - r->resumed;
    proc_kill(&r->site.server);
    for (size_t k = r->first; k < r->plans.n; k++) /* what it still sent was sent: it counts */
        while (r->plans.v[k]->t.on) talk_hear(&r->plans.v[k]->t, 5);
    site_server(&r->site, NULL);
    int64_t live = first_live(r);
    r->resumed = now_ms();
    PL_PUSH(&r->restarts, r->site.server.start_ms + live);
    printf("kill %zu: %zu conversations, %zu over; listens after %lld ms, greets %lld ms later\n",
           i + 1, r->plans.n, r->nover, (long long)r->site.server.start_ms, (long long)live);
    fflush(stdout);
}

static void check_script(const struct plan *p, size_t at) {
    char kind[96];
    size_t n = 1;
    for (size_t step = 0; step < PL_LEN(script); step++) {
        for (size_t k = 0; k <= answers(step); k++, n++) {
            const char *want = k == 0 ? "customer" : script[step].hear[k - 1];
            if (n >= p->t.events.n) DIE("conversation %zu ends at %zu", at, n);
            talk_kind(p->t.events.v[n], kind, sizeof kind);
            if (strcmp(kind, want) != 0)
                DIE("conversation %zu: event %zu is %s, not %s: %s", at, n + 1, kind, want,
                    p->t.events.v[n]);
        }
    }
    if (p->t.events.n != n) DIE("conversation %zu has %zu events, not %zu", at, p->t.events.n, n);
}

static void check_all(struct run *r) {
    size_t events = 0, acked = 0, resumes = 0, again = 0, dups = 0;
    for (size_t i = 0; i < r->plans.n; i++) {
        struct talk *t = &r->plans.v[i]->t;
        talk_check(t);
        talk_reread(t, r->site.server.port);
        if (t->wrong[0]) DIE("conversation %zu: %s", i, t->wrong);
        check_script(r->plans.v[i], i);
        events += t->events.n;
        acked += t->said.n;
        resumes += t->resumes;
        again += t->again;
        dups += t->dups;
    }
    int writes = site_acted(&r->site, "", "writes");
    if ((size_t)writes != r->plans.n) DIE("%zu subscriptions, %d acts", r->plans.n, writes);
    printf("%zu conversations: %zu messages acknowledged, 0 lost, 0 processed twice; %zu events, "
           "0 gaps in seq; %zu resumes, %zu messages sent again and known, %zu events given again; "
           "%d writes, each once\n",
           r->plans.n, acked, events, resumes, dups, again, writes);
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

static void end(struct run *r) {
    site_close(&r->site);
    for (size_t i = 0; i < r->plans.n; i++) {
        talk_end(&r->plans.v[i]->t);
        free(r->plans.v[i]);
    }
    PL_VEC_FREE(&r->plans);
    PL_VEC_FREE(&r->polls);
    PL_VEC_FREE(&r->restarts);
    free(r);
}

int main(int argc, char **argv) {
    struct run *r = calloc(1, sizeof *r);
    size_t kills = option(argc, argv, "--kills", 6);
    uint64_t seed = option(argc, argv, "--seed", (uint64_t)now_ms());
    give_up_after((unsigned)(60 + kills * 10));
    pl_assert(r);
    r->at_once = option(argc, argv, "--talks", 5);
    r->rate = option(argc, argv, "--rate", 0);
    printf("seed %llu\n", (unsigned long long)seed);
    pl_rand_seed(&r->rand, seed);
    site_open(&r->site, "flows");
    site_shop(&r->site, "slow=30ms");
    site_server(&r->site, NULL);
    r->resumed = r->budget_at = now_ms();
    for (size_t i = 0; i < kills; i++) kill_once(r, i);
    double rate = (double)r->said * 1000 / (double)(r->up_ms ? r->up_ms : 1);
    do round_of(r, false);
    while (r->nover < r->plans.n);
    check_all(r);
    say_restarts(r, rate, (int64_t)option(argc, argv, "--within", INT64_MAX));
    end(r);
    return 0;
}
