/* SPDX-License-Identifier: Apache-2.0
 *
 * Appends in drawn orders, several under way at a time in each stream, to a store that commits by
 * and by, answers late, takes the streams in any order, and dies now and then: what a replicated
 * log will do. A model of a few lines says what must come out. The same without deaths on disk.
 *
 *   STORE_SEEDS=N: how many runs in memory (40).
 */
#include "tests/unit/store/harness.h"

#define STREAMS 5
#define DEPTH   4
#define STEPS   400

struct sent {
    struct put put; /* first: done finds it by it */
    struct world *w;
    unsigned stream;
    bool under_way;
};

struct world {
    struct bench b;
    struct pl_rand rand;
    struct sent sent[STREAMS][DEPTH];
    uint64_t hoped[STREAMS]; /* the head when all that is under way is good */
    /* The model: what was told to be good. */
    struct {
        uint64_t n, last_commit;
        char text[2048];
    } model[STREAMS];
    uint64_t good, refused, serial, deaths;
};

static uint64_t draw(struct world *w, uint64_t below) {
    return pl_rand_below(&w->rand, below);
}

static void ended(struct pl_store_append *a) {
    struct sent *s = (struct sent *)a;
    struct world *w = s->w;
    assert_true(s->under_way);
    s->under_way = false;
    if (a->expected_n != w->model[s->stream].n) {
        assert_int_equal(a->err, PL_CONFLICT);
        assert_int_equal(a->n, w->model[s->stream].n);
        w->refused++;
        return;
    }
    assert_int_equal(a->err, PL_OK);
    assert_true(a->commit > w->model[s->stream].last_commit);
    w->model[s->stream].last_commit = a->commit;
    char *text = w->model[s->stream].text;
    size_t at = strlen(text);
    snprintf(text + at, sizeof w->model[0].text - at, "%s%llu:%s", at ? " " : "",
             (unsigned long long)++w->model[s->stream].n, s->put.text);
    assert_int_equal(a->n, w->model[s->stream].n);
    w->good++;
}

/* One in eight expects a head that will not be. */
static void append(struct world *w, unsigned stream) {
    for (unsigned i = 0; i < DEPTH; i++) {
        struct sent *s = &w->sent[stream][i];
        char text[16];
        if (s->under_way) continue;
        bool wrong = draw(w, 8) == 0;
        snprintf(text, sizeof text, "%llu", (unsigned long long)w->serial++ % 1000);
        put_make(&w->b, &s->put, stream_no('c', stream), w->hoped[stream] + wrong, text);
        s->put.a.done = ended;
        s->under_way = true;
        assert_int_equal(pl_store_append(w->b.s, &s->put.a), PL_OK);
        w->hoped[stream] += !wrong;
        return;
    }
}

/* After a refusal the hope was too high: it is what is there once nothing is under way. */
static void hope_again(struct world *w) {
    for (unsigned i = 0; i < STREAMS; i++) {
        bool under_way = false;
        for (unsigned k = 0; k < DEPTH; k++) under_way |= w->sent[i][k].under_way;
        if (!under_way) w->hoped[i] = w->model[i].n;
    }
}

/* What was committed is told after all; what was held is gone and was never told. */
static void die(struct world *w) {
    pl_store_mem_crash(w->b.s);
    pl_store_port_run(&w->b.port);
    for (unsigned i = 0; i < STREAMS; i++)
        for (unsigned k = 0; k < DEPTH; k++) w->sent[i][k].under_way = false;
    w->deaths++;
}

static bool commits_follow(void *ctx, const struct pl_store_entry *e) {
    uint64_t *last = ctx;
    assert_int_equal(e->commit, *last + 1);
    *last = e->commit;
    return true;
}

static void check(struct world *w) {
    uint64_t last = 0;
    for (unsigned i = 0; i < STREAMS; i++) {
        struct pl_stream stream = stream_no('c', i);
        struct pl_store_head head;
        struct seen seen = {0};
        if (w->model[i].n == 0) continue;
        assert_int_equal(pl_store_head(w->b.s, &stream, &head), PL_OK);
        assert_int_equal(head.n, w->model[i].n);
        assert_int_equal(head.commit, w->model[i].last_commit);
        assert_int_equal(pl_store_read(w->b.s, &stream, 1, 0, see, &seen), PL_OK);
        assert_string_equal(seen.text, w->model[i].text);
    }
    (void)pl_store_scan(w->b.s, 1, 0, commits_follow, &last);
    assert_int_equal(last, w->good);
    assert_int_equal(pl_store_last_commit(w->b.s), w->good);
}

static void reflect(struct world *w, unsigned stream) {
    struct pl_stream id = stream_no('c', stream);
    struct pl_store_row row = {pl_str_c("row"), {(const char *)&w->serial, sizeof w->serial}};
    uint64_t upto = draw(w, w->model[stream].n + 1);
    assert_int_equal(pl_store_project(w->b.s, &row, 1, upto ? &id : NULL, upto), PL_OK);
}

static void step(struct world *w) {
    unsigned stream = (unsigned)draw(w, STREAMS);
    switch (draw(w, 8)) {
    case 0:
    case 1:
    case 2:
    case 3: append(w, stream); break;
    case 4: reflect(w, stream); break;
    case 5:
        if (!w->b.disk) pl_store_mem_release(w->b.s, (size_t)draw(w, 6));
        break;
    case 6: pl_store_port_run(&w->b.port); break;
    case 7:
        if (!w->b.disk && draw(w, 10) == 0) die(w);
        if (draw(w, 20) == 0) assert_int_equal(pl_store_flush(w->b.s), PL_OK);
        break;
    }
    hope_again(w);
}

static struct world *begin(enum bench_kind kind, uint64_t seed) {
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    bench_start(&w->b, kind);
    pl_store_close(&w->b.s);
    w->b.config.seed = seed;
    bench_open(&w->b);
    pl_rand_seed(&w->rand, seed);
    for (unsigned i = 0; i < STREAMS; i++)
        for (unsigned k = 0; k < DEPTH; k++) {
            w->sent[i][k].w = w;
            w->sent[i][k].stream = i;
        }
    return w;
}

static void play(enum bench_kind kind, uint64_t seed, uint64_t sums[3]) {
    struct world *w = begin(kind, seed);
    for (int i = 0; i < STEPS; i++) step(w);
    for (unsigned i = 0; i < STREAMS; i++)
        for (unsigned k = 0; k < DEPTH; k++)
            if (w->sent[i][k].under_way) {
                w->sent[i][k].put.ended = false;
                while (w->sent[i][k].under_way) {
                    if (!w->b.disk) pl_store_mem_release(w->b.s, 1);
                    pl_store_port_run(&w->b.port);
                }
            }
    check(w);
    if (!w->b.disk) die(w);
    check(w);
    sums[0] += w->good;
    sums[1] += w->refused;
    sums[2] += w->deaths;
    bench_end(&w->b);
    free(w);
}

static void test_memory(void **state) {
    (void)state;
    const char *n = getenv("STORE_SEEDS");
    uint64_t seeds = n ? strtoull(n, NULL, 10) : 40, sums[3] = {0};
    for (uint64_t seed = 1; seed <= seeds; seed++) play(LATE, seed, sums);
    printf("%llu runs: %llu appends good, %llu refused, %llu deaths\n", (unsigned long long)seeds,
           (unsigned long long)sums[0], (unsigned long long)sums[1], (unsigned long long)sums[2]);
    assert_true(sums[0] > 50 * seeds && sums[1] > seeds && sums[2] > seeds);
}

static void test_disk(void **state) {
    (void)state;
    uint64_t sums[3] = {0};
    for (uint64_t seed = 1; seed <= 3; seed++) play(DISK, seed, sums);
    assert_true(sums[0] > 150 && sums[1] > 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory), cmocka_unit_test(test_disk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
