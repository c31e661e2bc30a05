/* SPDX-License-Identifier: Apache-2.0
 *
 * The customer's connection is cut after the k-th byte of every turn, one way and then the other,
 * for k from 1 to more than a turn has; every fourth time from the k-th byte of coming back.
 */
#include <string.h>

#include "tests/net/net.h"
#include "tests/net/proxy.h"

#define TURNS   50 /* of one conversation */
#define WAIT_MS 30000
#define UP      140  /* bytes: more than a message has */
#define DOWN    1400 /* more than its answers have */
#define AGAIN   2600 /* more than a handshake, an open and what is shown again */

static const char *const words = "how much is shipping";

struct cutting {
    struct site *s;
    struct proxy p;
    struct pl_rand rand;
    unsigned turns, reused, resumes, dups, again;
    uint64_t talks;
};

static bool acked(const struct talk *t) {
    return t->said.v[t->said.n - 1].seq != 0;
}

/* The beginning of the answer is there. */
static bool answered(const struct talk *t) {
    return acked(t) && t->events.n > t->said.v[t->said.n - 1].seq;
}

static void come_back(struct cutting *c, struct talk *t) {
    int64_t until = now_ms() + WAIT_MS;
    while (!t->live) {
        if (now_ms() > until) DIE("no way back");
        if (!t->on) talk_connect(t, c->p.port);
        while (t->on && !t->live && now_ms() < until && talk_hear(t, 1)) continue;
    }
}

/* Where the connection of the turn is cut. */
static void plan(struct cutting *c, struct talk *t) {
    unsigned i = c->turns++, way = i % 2;
    if (i % 4 >= 2) { /* on the way back */
        talk_leave(t);
        proxy_cut(&c->p, (int)way, 1 + (i / 4) % (way == PROXY_UP ? 500 : AGAIN));
    } else {
        come_back(c, t);
        proxy_cut(&c->p, (int)way, 1 + (i / 4) % (way == PROXY_UP ? UP : DOWN));
    }
}

/* The same counter with other words is refused, and changes nothing. */
static void reuse(struct cutting *c, struct talk *t) {
    char frame[128];
    unsigned errors = t->errors;
    int64_t until = now_ms() + WAIT_MS;
    come_back(c, t);
    snprintf(frame, sizeof frame, "{\"t\":\"send\",\"cid\":\"%s-%zu\",\"text\":\"other words\"}",
             t->instance, t->said.n);
    client_send(&t->c, frame);
    while (t->errors == errors && now_ms() < until && talk_hear(t, 1)) continue;
    if (strcmp(t->error, "cid_reused") != 0) DIE("other words under a cid: '%s'", t->error);
    t->errors = 0;
    c->reused++;
}

static void turn(struct cutting *c, struct talk *t, size_t n) {
    int64_t until = now_ms() + WAIT_MS;
    plan(c, t);
    talk_say(t, words);
    while (!answered(t)) {
        if (now_ms() > until) DIE("turn %u: not answered", c->turns);
        if (!t->on) talk_connect(t, c->p.port);
        if (t->on) talk_hear(t, 1);
        if (t->wrong[0]) DIE("turn %u: %s", c->turns, t->wrong);
    }
    proxy_cut(&c->p, PROXY_UP, -1);
    proxy_cut(&c->p, PROXY_DOWN, -1);
    if (n % 10 == 0) reuse(c, t);
}

static void in_order(const struct talk *t) {
    for (size_t i = 1; i < t->said.n; i++)
        if (t->said.v[i].seq <= t->said.v[i - 1].seq)
            DIE("message %zu came before its turn", i + 1);
}

static void conversation(struct cutting *c, size_t turns) {
    struct talk t;
    talk_begin(&t, 70000 + c->talks++, "en-US");
    come_back(c, &t);
    if (!talk_event(&t, 1, WAIT_MS)) DIE("no greeting");
    for (size_t i = 1; i <= turns; i++) turn(c, &t, i);
    come_back(c, &t);
    talk_hear(&t, 1);
    talk_check(&t);
    in_order(&t);
    talk_reread(&t, c->s->server.port);
    if (t.wrong[0]) DIE("conversation %llu: %s", (unsigned long long)c->talks, t.wrong);
    c->resumes += t.resumes;
    c->dups += t.dups;
    c->again += t.again;
    talk_end(&t);
}

/* One who asks the same again and again is handed over while agents are at work. */
static void stay_with_bot(const struct site *s) {
    site_shell(s, "sed -i 's/^  when repeats > .*/  when repeats > 1000/' "
                  "\"$D/flows/escalation.flow\" && grep -q 'repeats > 1000' "
                  "\"$D/flows/escalation.flow\"");
}

void cut_run(struct site *s, const struct net_options *o) {
    struct cutting c = {.s = s};
    stay_with_bot(s);
    if (!s->server.pid) site_server(s, NULL);
    proxy_open(&c.p, s->server.port);
    while (c.turns < (unsigned)o->turns) {
        size_t left = (size_t)o->turns - c.turns;
        conversation(&c, left < TURNS ? left : TURNS);
    }
    printf("cut: turns=%u cuts=%u resumes=%u sent_again=%u shown_again=%u other_words_refused=%u "
           "lost=0 twice=0 out_of_order=0\n",
           c.turns, atomic_load(&c.p.cuts), c.resumes, c.dups, c.again, c.reused);
    proxy_close(&c.p);
}
