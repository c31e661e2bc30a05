/* SPDX-License-Identifier: Apache-2.0
 *
 * A scripted conversation, and the same with the server dying at each point of it: before an append
 * is on disk, after it, with a hook under way. The client does what a client does: it comes back
 * with its last seq and sends again what was not acknowledged. In the end it has seen the same
 * events, each once; every write has had one key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static const char *const script[] = {"where is ORDER12",      "pay now",     "20",
                                     "show me the menu",      "!menu.stock", "thanks",
                                     "let me talk to someone"};

struct client {
    uint64_t seq, acked; /* of the last event, of the last message */
    struct pl_buf seen;  /* "seq from kind id" lines */
    bool live;
};

/* Takes what was told: every event must be the next one. */
static void listen(struct bench *b, struct client *c) {
    char *all = strdup(bench_told(b)), *next = all;
    while (next && *next) {
        char *line = next, *end = strchr(line, '\n');
        unsigned long long counter, seq;
        *end = 0;
        next = end + 1;
        if (sscanf(line, "1 ack %llu seq %llu", &counter, &seq) == 2) {
            if (counter > c->acked) c->acked = counter;
        } else if (strncmp(line, "1 ready", 7) == 0) {
            assert_null(strstr(line, "not recovered"));
        } else if (strcmp(line, "1 live") == 0) {
            c->live = true;
        } else if (sscanf(line, "1 %llu", &seq) == 1) {
            assert_int_equal(seq, c->seq + 1);
            c->seq = seq;
            pl_buf_c(&c->seen, line);
            pl_buf_byte(&c->seen, '\n');
        } else {
            fail_msg("%s", line);
        }
    }
    free(all);
}

struct trial {
    struct bench b;
    struct client c;
    int steps, crash_at; /* steps until the crash; -1 never */
    int conversation;
    char key[128]; /* of the payment */
    bool forget;   /* not a crash: only memory is lost */
    bool rest;     /* between messages there is time for snapshots */
};

static void open_again(struct trial *t) {
    t->c.live = false;
    if (t->c.seq)
        bench_resume(&t->b, 1, t->conversation, t->c.seq);
    else /* it never heard of the first one */
        bench_open_fresh(&t->b, 1, ++t->conversation);
}

/* One more step of the world; the chosen one is the server's last. */
static bool survives(struct trial *t) {
    if (t->steps++ != t->crash_at) return true;
    if (t->forget) {
        uint8_t id[16] = {(uint8_t)t->conversation};
        listen(&t->b, &t->c);
        if (pl_store_mem_release(t->b.store, 0)) return true; /* never with an append under way */
        pl_engine_forget(t->b.engine, id);
        if (t->c.seq) open_again(t);
        return true;
    }
    bench_told(&t->b); /* what was sent and not read is lost */
    bench_crash(&t->b);
    open_again(t);
    return false;
}

static void know_key(struct trial *t, const struct call *k) {
    if (k->key[0] == 0) return;
    if (t->key[0]) assert_string_equal(t->key, k->key);
    strcpy(t->key, k->key);
}

/* The world goes on until nothing is left to do. */
static void settle(struct trial *t) {
    for (int i = 0; i < 100; i++) {
        size_t held = pl_store_mem_release(t->b.store, 0);
        struct call *k = bench_call(&t->b);
        if (!held && !k) break;
        if (!survives(t)) continue;
        if (held) {
            pl_store_mem_release(t->b.store, 1);
            bench_run(&t->b);
            if (!survives(t)) continue;
            listen(&t->b, &t->c);
        } else if (bench_call(&t->b)) {
            k = bench_call(&t->b);
            know_key(t, k);
            bench_answer(&t->b, PL_OUTCOME_OK,
                         strcmp(k->name, "shop.stock") == 0 ? pl_int(3) : pl_text(PL_STR("Bonn")),
                         "");
        }
    }
    listen(&t->b, &t->c);
}

static void send(struct trial *t, uint64_t counter) {
    const char *words = script[counter - 1];
    if (t->rest && !pl_store_mem_release(t->b.store, 0)) {
        bench_advance(&t->b, 6000);
        pl_store_flush(t->b.store);
    }
    if (words[0] == '!')
        bench_choose(&t->b, 1, counter, words + 1);
    else
        bench_say(&t->b, 1, counter, words);
}

static void play(struct trial *t, int crash_at, bool forget, bool rest, uint64_t seed) {
    struct pl_store_config held = {.hold = true, .seed = seed};
    *t = (struct trial){.crash_at = crash_at, .forget = forget, .rest = rest};
    bench_open(&t->b, &held);
    open_again(t);
    for (int tries = 0; !t->c.live && tries < 5; tries++) {
        settle(t);
        if (!t->c.live) open_again(t);
    }
    for (uint64_t i = 1; i <= PL_LEN(script); i++) {
        for (int tries = 0; t->c.acked < i && tries < 5; tries++) {
            send(t, i);
            settle(t);
        }
        assert_int_equal(t->c.acked, i);
    }
    assert_int_equal(bench_count(&t->b, PL_ENGINE_DIVERGED), 0);
}

static void end(struct trial *t) {
    bench_close(&t->b);
    pl_buf_free(&t->c.seen);
}

static void everywhere(bool forget, bool rest) {
    struct trial straight, t;
    play(&straight, -1, false, rest, 1);
    assert_true(straight.steps > 20);
    assert_true(straight.c.seq > 15);
    for (int at = 0; at < straight.steps; at++) {
        play(&t, at, forget, rest, (uint64_t)at);
        if (!pl_str_eq(pl_buf_slice(&t.c.seen), pl_buf_slice(&straight.c.seen)))
            fail_msg("at %d of %d:\n%.*s\ninstead of\n%.*s", at, straight.steps,
                     PL_STR_ARG(pl_buf_slice(&t.c.seen)),
                     PL_STR_ARG(pl_buf_slice(&straight.c.seen)));
        end(&t);
    }
    end(&straight);
}

static void the_server_dies_at_each_point(void **state) {
    (void)state;
    everywhere(false, false);
}

static void memory_is_lost_at_each_point(void **state) {
    (void)state;
    everywhere(true, false);
}

static void the_same_with_snapshots(void **state) {
    (void)state;
    everywhere(false, true);
    everywhere(true, true);
}

/* Killed again and again at short times it does not begin farther back each time. */
static void what_was_recovered_is_written_soon(void **state) {
    enum { MANY = 120 };
    struct bench b;
    struct pl_store_head head;
    struct pl_store_config memory = {.seed = 1};
    (void)state;
    bench_open(&b, &memory);
    bench_advance(&b, 100);
    for (uint64_t i = 1; i <= MANY; i++) {
        bench_open_fresh(&b, i, (int)i);
        bench_run(&b);
        bench_say(&b, i, 1, script[0]);
    }
    bench_run(&b);
    bench_advance(&b, 1000); /* nobody is idle yet */
    pl_store_flush(b.store);
    assert_int_equal(pl_store_dirty(b.store, 0, &head, 1), 1);
    bench_crash(&b);
    bench_advance(&b, 1000);
    pl_store_flush(b.store);
    assert_int_equal(pl_store_dirty(b.store, 0, &head, 1), 0);
    bench_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_dies_at_each_point),
        cmocka_unit_test(memory_is_lost_at_each_point),
        cmocka_unit_test(the_same_with_snapshots),
        cmocka_unit_test(what_was_recovered_is_written_soon),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_done();
    return failed;
}
