/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/net/net.h"

#include <stdlib.h>
#include <string.h>

#define COME_MS 60000 /* for all to be served */

/* None of them needs the shop. */
static const char *const words[] = {"how much is shipping", "thanks a lot", "hello"};

static void check_one(const struct crowd *c, size_t i) {
    if (c->v[i].wrong[0]) DIE("customer %zu: %s", i, c->v[i].wrong);
    if (c->v[i].errors) DIE("customer %zu: error frame %s", i, c->v[i].error);
}

void crowd_open(struct crowd *c, size_t n, uint64_t instances, int port) {
    *c = (struct crowd){.v = calloc(n, sizeof *c->v), .n = n};
    pl_assert(c->v);
    for (size_t i = 0; i < n; i++) {
        talk_begin(&c->v[i], instances + i, "en-US");
        if (!talk_connect(&c->v[i], port)) DIE("customer %zu finds no connection", i);
    }
    for (size_t i = 0; i < n; i++)
        if (!talk_event(&c->v[i], 1, COME_MS)) DIE("customer %zu is not greeted", i);
}

void crowd_hear(struct crowd *c) {
    for (size_t i = 0; i < c->n; i++) {
        if (c->v[i].on) talk_hear(&c->v[i], 0);
        check_one(c, i);
    }
}

void crowd_talk(struct crowd *c, double rate, int64_t ms) {
    int64_t begun = now_ms(), end = begun + ms;
    uint64_t before = c->said;
    for (int64_t now = begun; now < end; now = now_ms()) {
        uint64_t due = before + (uint64_t)((double)(now - begun) * rate / 1000);
        for (; c->said < due; c->said++, c->next = (c->next + 1) % c->n)
            talk_say(&c->v[c->next], words[c->said % PL_LEN(words)]);
        crowd_hear(c);
    }
}

size_t crowd_on(const struct crowd *c) {
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) n += c->v[i].on;
    return n;
}

static size_t unacked(const struct talk *t) {
    size_t n = 0;
    for (size_t i = 0; i < t->said.n; i++) n += t->said.v[i].seq == 0;
    return n;
}

size_t crowd_unacked(const struct crowd *c) {
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) n += unacked(&c->v[i]);
    return n;
}

void crowd_back(struct crowd *c, int port) {
    int64_t until = now_ms() + COME_MS;
    for (size_t i = 0; i < c->n; i++)
        if (!c->v[i].on && !talk_connect(&c->v[i], port)) DIE("customer %zu cannot come back", i);
    for (size_t i = 0; i < c->n; i++) {
        struct talk *t = &c->v[i];
        while ((!t->live || unacked(t)) && now_ms() < until && talk_hear(t, 1)) continue;
        check_one(c, i);
        if (!t->live || unacked(t)) DIE("customer %zu is not answered after coming back", i);
    }
}

/* What a timer brings between hearing and reading anew is shown, too: then it is read once more. */
static void reread(struct talk *t, int port) {
    talk_hear(t, 0);
    size_t had = t->events.n;
    talk_reread(t, port);
    if (!t->wrong[0] || !t->on) return;
    talk_hear(t, 1000);
    if (t->events.n == had) return;
    t->wrong[0] = 0;
    talk_reread(t, port);
}

void crowd_check(struct crowd *c, int port) {
    for (size_t i = 0; i < c->n; i++) {
        check_one(c, i); /* nothing was wrong so far */
        reread(&c->v[i], port);
        talk_check(&c->v[i]);
        check_one(c, i);
    }
}

void crowd_close(struct crowd *c) {
    for (size_t i = 0; i < c->n; i++) talk_end(&c->v[i]);
    free(c->v);
    *c = (struct crowd){0};
}
