/* SPDX-License-Identifier: Apache-2.0
 *
 * How fast the engine alone is: many customers at once, who say what the talks of the project say.
 *
 *   talks -> lines -> every customer's next one is sent -> the loop turns until all are
 * acknowledged
 *
 * Time is the processor's, so that a busy machine makes no turn look slower than it is.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/sim/sim_priv.h"

struct customer {
    uint32_t talk;     /* of the bench's */
    uint32_t line;     /* the next of it */
    uint64_t said;     /* the counter of his last message */
    bool open, awaits; /* awaits: an acknowledgement */
};

struct lines { /* of one talk */
    struct pl_str *v;
    uint32_t n;
};

struct bench {
    const struct pl_sim_bench *given;
    struct sim_project project;
    struct sim_shop shop;
    struct pl_store *store;
    struct pl_engine *engine;
    struct pl_loop *loop;
    struct pl_locale_tools *tools;
    struct pl_str locale;
    PL_VEC(struct lines) talks;
    struct customer *customers;
    uint32_t ncustomers, awaited;
    uint64_t begun; /* conversations */
    uint64_t turns, refused, bytes;
};

/* ---- what customers see ---- */

static struct customer *customer_of(struct bench *b, uint64_t client) {
    return &b->customers[client - 1];
}

static void heard(struct bench *b, uint64_t client) {
    struct customer *k = customer_of(b, client);
    b->awaited -= k->awaits;
    k->awaits = false;
}

static void ready(void *ctx, uint64_t client, const struct pl_engine_ready *r) {
    (void)ctx, (void)client, (void)r;
}

static void live(void *ctx, uint64_t client) {
    heard(ctx, client);
}

static void events(void *ctx, uint64_t client, const struct pl_engine_event *e, size_t n) {
    struct bench *b = ctx;
    (void)client;
    for (size_t i = 0; i < n; i++) b->bytes += e[i].json.n;
}

static void ack(void *ctx, uint64_t client, struct pl_engine_cid cid, uint64_t seq, bool dup,
                const struct pl_engine_event *e, size_t n) {
    struct bench *b = ctx;
    (void)cid, (void)seq, (void)dup;
    events(ctx, client, e, n);
    heard(b, client);
    b->turns++;
}

static void typing(void *ctx, uint64_t client, bool on) {
    (void)ctx, (void)client, (void)on;
}

/* Who was refused begins again. */
static void refused(void *ctx, uint64_t client, enum pl_engine_error code, struct pl_str detail,
                    struct pl_engine_cid cid) {
    struct bench *b = ctx;
    (void)code, (void)detail, (void)cid;
    b->refused++;
    customer_of(b, client)->open = false;
    heard(b, client);
}

/* ---- what they say ---- */

static void begin(struct bench *b, struct customer *k, uint64_t client) {
    struct pl_engine_open open = {.fresh = true, .locale = b->locale};
    uint64_t number = ++b->begun;
    if (k->said) pl_engine_leave(b->engine, client);
    for (int i = 0; i < 8; i++) open.conversation[i] = (uint8_t)(number >> (8 * i));
    k->talk = (uint32_t)(number % b->talks.n);
    k->line = 0;
    k->said = 0;
    k->open = true;
    pl_engine_open(b->engine, client, &open);
}

static void next(struct bench *b, uint64_t client) {
    struct customer *k = customer_of(b, client);
    b->awaited += !k->awaits;
    k->awaits = true;
    if (!k->open || k->line == b->talks.v[k->talk].n) {
        begin(b, k, client);
        return;
    }
    struct pl_engine_cid cid = {client, ++k->said};
    pl_engine_send(b->engine, client, cid, PL_ENGINE_SAID_TEXT, b->talks.v[k->talk].v[k->line++]);
}

/* ---- the project's talks ---- */

static void add_talk(struct bench *b, const struct pl_talk *talk) {
    struct pl_arena *a = &b->project.a;
    struct lines l = {PL_NEW_ARRAY(a, struct pl_str, talk->nlines + 1), 0};
    for (size_t i = 0; i < talk->nlines; i++) {
        const struct pl_talk_line *line = &talk->lines[i];
        bool says = line->kind == PL_TALK_USER || line->kind == PL_TALK_PICK;
        if (says && line->text.n) l.v[l.n++] = line->text;
    }
    pl_sim__shop_learn(&b->shop, b->project.build.image, talk);
    if (l.n) PL_PUSH(&b->talks, l);
}

/* Talks of the locale that is measured: those that name none are in the source locale. */
static bool is_spoken(const struct bench *b, const struct pl_talk *talk) {
    bool listed = false;
    for (size_t i = 0; i < talk->nlines; i++)
        for (size_t k = 0; k < talk->lines[i].locales.n; k++) {
            listed = true;
            if (pl_str_eq(talk->lines[i].locales.v[k], b->locale)) return true;
        }
    return !listed && pl_str_eq(b->locale, pl_image_program(b->project.build.image)->source_locale);
}

static bool read_talks(struct bench *b) {
    if (!pl_sim__find_talks(&b->project)) return false;
    for (size_t i = 0; i < b->project.talks.n; i++) {
        const struct pl_talk *talk = &b->project.talks.v[i].talk;
        if (is_spoken(b, talk)) add_talk(b, talk);
    }
    if (b->talks.n == 0) fprintf(b->given->err, "no talk says what a customer would say\n");
    return b->talks.n > 0;
}

/* ---- the run ---- */

static double processor_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int64_t stopwatch(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Everybody says a line. */
static void round_of(struct bench *b) {
    for (uint32_t i = 0; i < b->ncustomers; i++) next(b, i + 1);
    bool disk = b->given->keep != NULL; /* takes as long as it takes */
    for (int i = 0; (disk || i < 1000) && b->awaited; i++) pl_loop_once(b->loop, 0);
    pl_loop_once(b->loop, 0); /* what hooks said */
}

static bool is_over(const struct bench *b, double from) {
    if (b->given->turns) return b->turns >= b->given->turns;
    return processor_s() - from >= (b->given->seconds > 0 ? b->given->seconds : 5);
}

/* By the engine's own counters: what a turn's stages are of all that was timed, openings, results
 * of hooks and what else is a turn of the engine's included; and what is outside of them. */
static void print_stages(const struct bench *b, const uint64_t *before, double took) {
    static const struct {
        enum pl_engine_count counter;
        const char *what;
    } stages[] = {{PL_ENGINE_STAGE_TAKE_NS, "taken, masked, compared"},
                  {PL_ENGINE_STAGE_READ_NS, "understood"},
                  {PL_ENGINE_STAGE_RULES_NS, "rules"},
                  {PL_ENGINE_STAGE_STEP_NS, "the VM's step"},
                  {PL_ENGINE_STAGE_SAY_NS, "put into words"},
                  {PL_ENGINE_STAGE_SEAL_NS, "written and sealed"},
                  {PL_ENGINE_STAGE_APPEND_NS, "stored (in memory)"},
                  {PL_ENGINE_STAGE_ANSWER_NS, "answered, snapshots"}};
    const struct pl_counter *c = pl_engine_counters(b->engine);
    double n = (double)b->turns / PL_ENGINE_TIMED;
    double ns[PL_LEN(stages)];
    for (size_t i = 0; i < PL_LEN(stages); i++) {
        enum pl_engine_count k = stages[i].counter;
        ns[i] = (double)(pl_counter_read(&c[k]) - before[k]);
    }
    double us = n > 0 ? took * 1e6 / (double)b->turns : 0, rest = us;
    for (size_t i = 0; i < PL_LEN(stages) && us > 0; i++) {
        fprintf(b->given->out, "  %-24s %6.2f us %5.1f %%\n", stages[i].what, ns[i] / n / 1000,
                ns[i] / n / 10 / us);
        rest -= ns[i] / n / 1000;
    }
    if (us > 0)
        fprintf(b->given->out, "  %-24s %6.2f us %5.1f %%\n", "the rest", rest, 100 * rest / us);
}

/* What is measured, under a name of its own for profilers. */
static __attribute__((noinline)) void play(struct bench *b, double from) {
    while (!is_over(b, from)) round_of(b);
}

static void measure(struct bench *b) {
    FILE *out = b->given->out;
    uint64_t before[PL_ENGINE_COUNTERS];
    fprintf(out, "%zu talks, %u customers at once, %.*s\n", b->talks.n, b->ncustomers,
            PL_STR_ARG(b->locale));
    for (int i = 0; i < 3; i++) round_of(b); /* memory is where it will be */
    b->turns = b->bytes = b->refused = 0;
    uint64_t begun = b->begun;
    for (size_t i = 0; i < PL_LEN(before); i++)
        before[i] = pl_counter_read(&pl_engine_counters(b->engine)[i]);
    double from = processor_s();
    play(b, from);
    double took = processor_s() - from, turns = b->turns ? (double)b->turns : 1;
    fprintf(out, "%llu turns in %.2f s: %.0f turns/s on one core, %.1f us each\n",
            (unsigned long long)b->turns, took, turns / took, took * 1e6 / turns);
    fprintf(out, "%llu conversations begun, %llu messages refused, %.0f bytes shown each turn\n",
            (unsigned long long)(b->begun - begun), (unsigned long long)b->refused,
            (double)b->bytes / turns);
    print_stages(b, before, took);
}

static bool choose_locale(struct bench *b) {
    const struct pl_program *p = pl_image_program(b->project.build.image);
    b->locale = p->source_locale;
    if (!b->given->locale) return true;
    for (uint32_t i = 0; i < p->nlocales; i++) {
        if (!pl_str_is(p->locales[i], b->given->locale)) continue;
        b->locale = p->locales[i];
        return true;
    }
    fprintf(b->given->err, "%s is none of the assistant's locales\n", b->given->locale);
    return false;
}

/* The image where a server would have it, so that what is kept can be replayed. */
static bool keep_image(struct bench *b) {
    struct pl_arena *a = &b->project.a;
    char hex[65];
    pl_hex(pl_image_hash(b->project.build.image), 32, hex);
    struct pl_str folder = pl_arena_printf(a, "%s/images", b->given->keep);
    struct pl_str path = pl_arena_printf(a, "%.*s/%s", PL_STR_ARG(folder), hex);
    return pl_mkdirs(folder.p) == PL_OK &&
           pl_file_replace(path.p, b->project.build.compiled.image) == PL_OK;
}

static bool open_engine(struct bench *b) {
    const struct pl_store_config store = {.folder = b->given->keep};
    struct pl_clock clock = pl_clock_system();
    const char *keys = b->project.keys.keys, *master = b->project.keys.master;
    if (pl_loop_create(clock, &b->loop) != PL_OK) return false;
    if (!b->given->keep && pl_sim__keys_make(&b->project.keys) != PL_OK) return false;
    if (b->given->keep && !keep_image(b)) return false;
    if (b->given->keep) keys = pl_arena_printf(&b->project.a, "%s/keys", b->given->keep).p;
    if (b->given->keep) master = pl_arena_printf(&b->project.a, "%s/master", keys).p;
    if (pl_store_open(&store, &b->store, NULL) != PL_OK) return false;
    struct pl_engine_config config = {
        .store = b->store,
        .keys = keys,
        .master = master,
        .loop = b->loop,
        .clock = clock,
        .seed = 1,
        .sink = {.ctx = b, ready, live, ack, events, typing, refused},
        .hooks = pl_sim__shop_hooks(&b->shop),
        .stopwatch = stopwatch,
    };
    return pl_engine_create(&config, b->project.build.image, &b->engine) == PL_OK;
}

static int run(struct bench *b) {
    const struct sim_said to = {.err = b->given->err};
    if (!pl_sim__build(b->given->folder, &to, &b->project.build)) return 2;
    b->shop.a = &b->project.a;
    b->shop.tools = b->tools;
    if (!choose_locale(b) || !read_talks(b)) return 2;
    b->ncustomers = b->given->conversations ? b->given->conversations : 1000;
    b->customers = PL_NEW_ARRAY(&b->project.a, struct customer, b->ncustomers);
    if (!open_engine(b)) {
        fprintf(b->given->err, "no engine could be made\n");
        return 2;
    }
    measure(b);
    return 0;
}

int pl_sim_bench_main(const struct pl_sim_bench *bench) {
    const struct pl_sim_test test = {.folder = bench->folder, .out = bench->out, .err = bench->err};
    struct bench b = {.given = bench, .project = {.test = &test}};
    pl_arena_init(&b.project.a, 0);
    pl_sources_init(&b.project.sources, &b.project.a);
    b.tools = pl_locale_tools_new();
    int code = b.tools ? run(&b) : 2;
    pl_engine_destroy(&b.engine);
    if (b.store) pl_store_close(&b.store);
    if (b.loop) pl_loop_destroy(&b.loop);
    pl_sim__keys_remove(&b.project.keys);
    pl_sim__shop_free(&b.shop);
    PL_VEC_FREE(&b.talks);
    PL_VEC_FREE(&b.project.talks);
    pl_sim__build_free(&b.project.build);
    pl_locale_tools_free(&b.tools);
    pl_arena_free(&b.project.a);
    return code;
}
