/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kill/crowd.h"

#include <stdlib.h>
#include <string.h>

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

static size_t answers(size_t step) {
    size_t n = 0;
    while (n < PL_LEN(script[step].hear) && script[step].hear[n]) n++;
    return n;
}

uint64_t customer_events(size_t step) {
    uint64_t n = 1; /* the greeting */
    while (step--) n += 1 + answers(step);
    return n;
}

bool customer_is_over(const struct customer *c) {
    size_t n = c->t.said.n;
    if (c->strayed) return n == 0 || c->t.said.v[n - 1].seq;
    return c->step == PL_LEN(script) && c->t.events.n >= customer_events(c->step) &&
           c->t.said.v[c->step - 1].seq; /* acknowledged, too */
}

void crowd_begin(struct crowd *c, uint64_t seed) {
    pl_rand_seed(&c->rand, seed);
    c->budget_at = now_ms();
}

void crowd_end(struct crowd *c) {
    for (size_t i = 0; i < c->all.n; i++) {
        talk_end(&c->all.v[i]->t);
        free(c->all.v[i]);
    }
    PL_VEC_FREE(&c->all);
    PL_VEC_FREE(&c->polls);
}

struct customer *crowd_add(struct crowd *c) {
    struct customer *new = calloc(1, sizeof *new);
    pl_assert(new);
    new->moved = now_ms();
    new->at = c->all.n;
    PL_PUSH(&c->all, new);
    talk_begin(&new->t, ++c->instances, "en-US");
    return new;
}

/* Within the rate asked for; what was not said while the server was down is not made up for. */
static bool may_speak(struct crowd *c) {
    if (c->rate == 0) return true;
    int64_t now = now_ms();
    double most = (double)c->rate / 10;
    c->budget += (double)(now - c->budget_at) * (double)c->rate / 1000;
    if (c->budget > most) c->budget = most;
    c->budget_at = now;
    if (c->budget < 1) return false;
    c->budget -= 1;
    return true;
}

/* A customer's time for reading; with a rate such that it is reached, and the rate then holds. */
static int64_t thinks(struct crowd *c) {
    uint64_t most = c->rate ? 1500 * c->at_once / c->rate : THINK_MS;
    return now_ms() + (int64_t)pl_rand_below(&c->rand, most + 1);
}

/* Says the next line when all answers to the one before are there. */
static void go_on(struct crowd *all, struct customer *c) {
    if (!c->t.live || c->t.events.n < customer_events(c->step)) return;
    if (c->step == PL_LEN(script)) return;
    if (c->thinks == 0 && !all->hasty) c->thinks = thinks(all);
    if (now_ms() < c->thinks || !may_speak(all)) return;
    c->thinks = 0;
    talk_say(&c->t, script[c->step++].say);
    c->moved = now_ms();
    all->said++;
}

/* Waits a moment until somebody can be heard. */
static void wait_for_any(struct crowd *c) {
    c->polls.n = 0;
    for (size_t i = c->first; i < c->all.n; i++)
        if (c->all.v[i]->t.on)
            PL_PUSH(&c->polls, ((struct pollfd){.fd = c->all.v[i]->t.c.fd, .events = POLLIN}));
    poll(c->polls.v, c->polls.n, 2);
}

/* A read of the shop that could not be journaled in time is a failure to the flow. */
static void look_for_strays(struct customer *c) {
    char kind[96];
    for (; c->looked < c->t.events.n; c->looked++) {
        talk_kind(c->t.events.v[c->looked], kind, sizeof kind);
        c->strayed |= strcmp(kind, "bot:prelude.system_down") == 0;
    }
}

/* What a client may be told when the server cannot take something now. */
static void come_later(struct customer *c) {
    static const char *const codes[] = {"unavailable", "busy", "not_open", "internal"};
    bool known = false;
    for (size_t i = 0; i < PL_LEN(codes); i++) known |= strcmp(c->t.error, codes[i]) == 0;
    if (!known) DIE("conversation %zu: error frame %s", c->at, c->t.error);
    c->t.errors = 0;
    c->back = now_ms() + BACK_MS;
    talk_leave(&c->t);
}

static _Noreturn void die_of_stuck(const struct customer *c) {
    char kind[96];
    for (size_t i = 0; i < c->t.events.n; i++) {
        talk_kind(c->t.events.v[i], kind, sizeof kind);
        fprintf(stderr, "  %zu %s\n", i + 1, kind);
    }
    for (size_t i = 0; i < c->t.said.n; i++)
        fprintf(stderr, "  said %s: %llu\n", c->t.said.v[i].text,
                (unsigned long long)c->t.said.v[i].seq);
    DIE("conversation %zu is stuck at %zu; connected %d, live %d", c->at, c->step, c->t.on,
        c->t.live);
}

static void visit(struct crowd *all, struct customer *c, int port) {
    if (now_ms() < c->back) return;
    if (!c->t.on) talk_connect(&c->t, port);
    talk_hear(&c->t, 0);
    if (all->heard) all->heard(all->ctx, c);
    if (all->lenient) look_for_strays(c);
    if (!c->strayed) go_on(all, c);
    if (c->t.wrong[0]) DIE("conversation %zu: %s", c->at, c->t.wrong);
    if (c->t.errors && all->patient) come_later(c);
    if (c->t.errors) DIE("conversation %zu: error frame %s", c->at, c->t.error);
    if (now_ms() - c->moved > STUCK_MS) die_of_stuck(c);
    if (customer_is_over(c)) talk_leave(&c->t);
}

void crowd_round(struct crowd *c, int port, bool more) {
    size_t busy = 0;
    wait_for_any(c);
    for (size_t i = c->first; i < c->all.n; i++) {
        if (customer_is_over(c->all.v[i])) continue;
        busy++;
        visit(c, c->all.v[i], port);
    }
    while (c->first < c->all.n && customer_is_over(c->all.v[c->first])) c->first++;
    c->over = c->all.n - busy;
    for (; more && busy < c->at_once; busy++) crowd_add(c);
}

void crowd_drain(struct crowd *c) {
    for (size_t i = c->first; i < c->all.n; i++)
        while (c->all.v[i]->t.on) talk_hear(&c->all.v[i]->t, 5);
}

void customer_check(const struct customer *c) {
    char kind[96];
    size_t n = 1;
    for (size_t step = 0; step < PL_LEN(script); step++) {
        for (size_t k = 0; k <= answers(step); k++, n++) {
            const char *want = k == 0 ? "customer" : script[step].hear[k - 1];
            if (n >= c->t.events.n) DIE("conversation %zu ends at %zu", c->at, n);
            talk_kind(c->t.events.v[n], kind, sizeof kind);
            if (strcmp(kind, want) != 0)
                DIE("conversation %zu: event %zu is %s, not %s: %s", c->at, n + 1, kind, want,
                    c->t.events.v[n]);
        }
    }
    if (c->t.events.n != n)
        DIE("conversation %zu has %zu events, not %zu", c->at, c->t.events.n, n);
}

void crowd_check(struct crowd *c, int port) {
    size_t events = 0, acked = 0, resumes = 0, again = 0, dups = 0, strayed = 0;
    for (size_t i = 0; i < c->all.n; i++) {
        struct talk *t = &c->all.v[i]->t;
        talk_check(t);
        talk_reread(t, port);
        if (t->wrong[0]) DIE("conversation %zu: %s", i, t->wrong);
        if (!c->all.v[i]->strayed) customer_check(c->all.v[i]);
        strayed += c->all.v[i]->strayed;
        events += t->events.n;
        acked += t->said.n;
        resumes += t->resumes;
        again += t->again;
        dups += t->dups;
    }
    printf(
        "%zu conversations: %zu messages acknowledged, 0 lost, 0 processed twice; %zu events, "
        "0 gaps in seq; %zu resumes, %zu messages sent again and known, %zu events given again\n",
        c->all.n, acked, events, resumes, dups, again);
}

void crowd_check_writes(const struct crowd *c, const struct site *s) {
    int writes = site_acted(s, "", "writes");
    size_t least = 0; /* who strayed may not have come so far */
    for (size_t i = 0; i < c->all.n; i++)
        least += !c->all.v[i]->strayed || talk_count(&c->all.v[i]->t, "bot:track.done");
    if ((size_t)writes < least || (size_t)writes > c->all.n)
        DIE("%zu to %zu subscriptions, %d acts", least, c->all.n, writes);
    printf("%d writes, each once\n", writes);
}

struct customer_seen customer_seen(const struct customer *c) {
    struct customer_seen s = {.events = c->t.events.n, .said = c->t.said.n};
    if (s.said > PL_LEN(s.acked)) DIE("a long script");
    for (size_t i = 0; i < s.said; i++) s.acked[i] = c->t.said.v[i].seq;
    return s;
}

struct customer *crowd_return(struct crowd *again, const struct customer *was,
                              const struct customer_seen *then) {
    struct customer *c = crowd_add(again);
    c->step = then->said;
    snprintf(c->t.instance, sizeof c->t.instance, "%s", was->t.instance);
    snprintf(c->t.resume, sizeof c->t.resume, "%s", was->t.resume);
    snprintf(c->t.epoch, sizeof c->t.epoch, "%s", was->t.epoch);
    for (size_t i = 0; i < then->said; i++) {
        struct talk_said said = was->t.said.v[i];
        said.seq = then->acked[i];
        PL_PUSH(&c->t.said, said);
    }
    return c;
}

void customer_compare(const struct customer *was, const struct customer_seen *then,
                      const struct customer *now) {
    for (size_t i = 0; i < then->events; i++) {
        if (i >= now->t.events.n)
            DIE("conversation %zu: %llu events were seen, %zu are left", was->at,
                (unsigned long long)then->events, now->t.events.n);
        if (strcmp(was->t.events.v[i], now->t.events.v[i]) != 0)
            DIE("conversation %zu: event %zu was\n%s\nand is\n%s", was->at, i + 1,
                was->t.events.v[i], now->t.events.v[i]);
    }
}
