/* SPDX-License-Identifier: Apache-2.0
 *
 * The server is killed at random moments in the middle of several conversations. Every message that
 * was acknowledged is still there, every event has its place and keeps it, every write reached the
 * shop once, and each conversation as a whole is what it would have been without the kills.
 *
 *   sudden [--kills N] [--seed N] [--talks N]
 */
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
    size_t ndone, at_once;
    struct pl_rand rand;
    uint64_t instances;
};

static size_t answers(size_t step) {
    size_t n = 0;
    while (n < PL_LEN(script[step].hear) && script[step].hear[n]) n++;
    return n;
}

static bool is_over(const struct plan *p) {
    return p->step == PL_LEN(script) && p->t.events.n >= p->seq;
}

/* Says the next line when all answers to the one before are there. */
static void go_on(struct run *r, struct plan *p) {
    uint64_t before = p->t.events.n;
    if (!p->t.live || before < p->seq || p->step == PL_LEN(script)) return;
    if (p->step == 0 && before < 1) return; /* the greeting */
    if (p->think == 0) p->think = now_ms() + (int64_t)pl_rand_below(&r->rand, THINK_MS);
    if (now_ms() < p->think) return;
    p->think = 0;
    talk_say(&p->t, script[p->step].say);
    p->seq = before + 1 + answers(p->step);
    p->step++;
    p->moved = now_ms();
}

static void connect_again(struct run *r, struct plan *p) {
    if (!p->t.on) talk_connect(&p->t, r->site.server.port);
}

static void start_one(struct run *r) {
    struct plan *p = calloc(1, sizeof *p);
    pl_assert(p);
    p->moved = now_ms();
    PL_PUSH(&r->plans, p);
    talk_begin(&p->t, ++r->instances, "en-US");
}

/* Goes round all conversations once; starts new ones while `more`. */
static void round_of(struct run *r, bool more) {
    size_t busy = 0;
    for (size_t i = 0; i < r->plans.n; i++) {
        struct plan *p = r->plans.v[i];
        if (is_over(p)) continue;
        busy++;
        connect_again(r, p);
        talk_hear(&p->t, 1);
        go_on(r, p);
        if (p->t.wrong[0]) DIE("conversation %zu: %s", i, p->t.wrong);
        if (p->t.errors) DIE("conversation %zu: error frame %s", i, p->t.error);
        if (now_ms() - p->moved > STUCK_MS) DIE("conversation %zu is stuck at %zu", i, p->step);
    }
    r->ndone = r->plans.n - busy;
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

static void kill_once(struct run *r, size_t i, int64_t *slowest) {
    int64_t until = now_ms() + 20 + (int64_t)pl_rand_below(&r->rand, 500);
    while (now_ms() < until) round_of(r, true);
    proc_kill(&r->site.server);
    for (size_t k = 0; k < r->plans.n; k++) /* what it still sent was sent: it counts */
        if (r->plans.v[k]->t.on) talk_hear(&r->plans.v[k]->t, 5);
    site_server(&r->site, NULL);
    int64_t live = first_live(r);
    if (r->site.server.start_ms + live > *slowest) *slowest = r->site.server.start_ms + live;
    printf("kill %zu: %zu conversations, %zu over; listens after %lld ms, greets %lld ms later\n",
           i + 1, r->plans.n, r->ndone, (long long)r->site.server.start_ms, (long long)live);
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
        talk_hear(t, 1); /* anything too much would have come by now */
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
    printf("%zu conversations: %zu messages acknowledged, 0 lost; %zu events, 0 twice, 0 missing; "
           "%zu resumes, %zu messages sent again and known, %zu events given again; %d writes\n",
           r->plans.n, acked, events, resumes, dups, again, writes);
}

static uint64_t option(int argc, char **argv, const char *name, uint64_t otherwise) {
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0) return strtoull(argv[i + 1], NULL, 10);
    return otherwise;
}

int main(int argc, char **argv) {
    struct run *r = calloc(1, sizeof *r);
    size_t kills = option(argc, argv, "--kills", 6);
    uint64_t seed = option(argc, argv, "--seed", (uint64_t)now_ms());
    int64_t slowest = 0;
    give_up_after((unsigned)(60 + kills * 10));
    pl_assert(r);
    r->at_once = option(argc, argv, "--talks", 5);
    printf("seed %llu\n", (unsigned long long)seed);
    pl_rand_seed(&r->rand, seed);
    site_open(&r->site, "flows");
    site_shop(&r->site, "slow=30ms");
    site_server(&r->site, NULL);
    for (size_t i = 0; i < kills; i++) kill_once(r, i, &slowest);
    do round_of(r, false);
    while (r->ndone < r->plans.n);
    check_all(r);
    printf("%zu kills; serves again within %lld ms at worst\n", kills, (long long)slowest);
    site_close(&r->site);
    for (size_t i = 0; i < r->plans.n; i++) {
        talk_end(&r->plans.v[i]->t);
        free(r->plans.v[i]);
    }
    PL_VEC_FREE(&r->plans);
    free(r);
    return 0;
}
