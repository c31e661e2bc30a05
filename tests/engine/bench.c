/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/* ---- the project ---- */

static struct pl_image *versions[2];

static void put_file(const char *path, const char *from, const char *old, const char *new) {
    struct pl_arena a;
    struct pl_str text;
    pl_arena_init(&a, 0);
    assert_int_equal(pl_file_read(&a, from, 1 << 20, &text), PL_OK);
    size_t at = pl_str_find(text, pl_str_c(old));
    char *p = pl_arena_alloc(&a, text.n + 1);
    memcpy(p, text.p, text.n);
    if (at != SIZE_MAX) memcpy(p + at, new, strlen(new));
    assert_int_equal(pl_file_replace(path, (struct pl_str){p, text.n}), PL_OK);
    pl_arena_free(&a);
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static struct pl_image *build(const char *version) {
    struct pl_compiled c;
    struct pl_image *image = NULL;
    uint8_t hash[32];
    char folder[64] = "/tmp/pl_engine_XXXXXX", path[256], why[256] = "";
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/flows/prelude", folder);
    assert_int_equal(pl_mkdirs(path), PL_OK);
    snprintf(path, sizeof path, "%s/flows/prelude/base.flow", folder);
    put_file(path, "tests/lang/base.flow", "en-US, es-ES, ar-SA", "en-US, es-ES       ");
    snprintf(path, sizeof path, "%s/flows/prelude/repair.flow", folder);
    put_file(path, "tests/vm/repair.flow", "", "");
    snprintf(path, sizeof path, "%s/flows/shop.flow", folder);
    put_file(path, "tests/engine/shop.flow", "Hello v1", version);
    snprintf(path, sizeof path, "%s/flows", folder);
    if (pl_compile_folder(path, NULL, &c) != PL_OK) {
        struct pl_buf text = {0};
        pl_diags_print(&text, &c.diags, false);
        fail_msg("%.*s", PL_STR_ARG(pl_buf_slice(&text)));
    }
    pl_crypto_sha256(c.image, hash);
    if (pl_image_load(c.image, hash, &image, why) != PL_OK) fail_msg("%s", why);
    pl_compiled_free(&c);
    nftw(folder, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
    return image;
}

/* ---- clients ---- */

static void line(struct bench *b, const char *format, ...) PL_PRINTF(2, 3);
static void line(struct bench *b, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pl_buf_c(&b->out, text);
    pl_buf_byte(&b->out, '\n');
}

static void ready(void *ctx, uint64_t client, const struct pl_engine_ready *r) {
    line(ctx, "%llu ready %.*s seq %llu%s", (unsigned long long)client, PL_STR_ARG(r->with),
         (unsigned long long)r->seq, r->recovered ? "" : " not recovered");
}

static void live(void *ctx, uint64_t client) {
    line(ctx, "%llu live", (unsigned long long)client);
}

/* "kind from id", or the text of the customer's own words. */
static void one_event(struct bench *b, uint64_t client, const struct pl_engine_event *e) {
    struct pl_json j;
    size_t at;
    pl_arena_reset(&b->a);
    if (pl_json_parse(&b->a, e->json, &j, &at) != PL_OK)
        fail_msg("not JSON: %.*s", PL_STR_ARG(e->json));
    struct pl_str kind = pl_json_text(&j, "kind"), from = pl_json_text(&j, "from");
    struct pl_str id = pl_json_text(&j, "id");
    const struct pl_json *parts = pl_json_get(&j, "parts");
    if (pl_str_is(from, "customer") && parts && parts->n)
        id = pl_json_text(&parts->m[0].value, "text");
    line(b, "%llu %llu %.*s %.*s%s%.*s", (unsigned long long)client, (unsigned long long)e->seq,
         PL_STR_ARG(from), PL_STR_ARG(kind), id.n ? " " : "", PL_STR_ARG(id));
}

static void events(void *ctx, uint64_t client, const struct pl_engine_event *e, size_t n) {
    for (size_t i = 0; i < n; i++) one_event(ctx, client, &e[i]);
}

static void ack(void *ctx, uint64_t client, struct pl_engine_cid cid, uint64_t seq, bool dup,
                const struct pl_engine_event *e, size_t n) {
    line(ctx, "%llu ack %llu seq %llu%s", (unsigned long long)client,
         (unsigned long long)cid.counter, (unsigned long long)seq, dup ? " dup" : "");
    events(ctx, client, e, n);
}

static void typing(void *ctx, uint64_t client, bool on) {
    line(ctx, "%llu typing %s", (unsigned long long)client, on ? "on" : "off");
}

static void error(void *ctx, uint64_t client, enum pl_engine_error code, struct pl_str detail,
                  struct pl_engine_cid cid) {
    static const char *const words[] = {
#define ERROR(name, text) #name,
#include "runtime/engine/error.def"
#undef ERROR
    };
    line(ctx, "%llu %s %llu%s%.*s", (unsigned long long)client, words[code],
         (unsigned long long)cid.counter, detail.n ? ": " : "", PL_STR_ARG(detail));
}

/* ---- hooks ---- */

static void done(void *ctx, uint64_t ticket, enum pl_err err, struct pl_str why) {
    line(ctx, "%llu done: %s%s%.*s", (unsigned long long)ticket, pl_err_text(err),
         why.n ? "; " : "", PL_STR_ARG(why));
}

static uint64_t hook(void *ctx, const struct pl_engine_call *c) {
    struct bench *b = ctx;
    pl_assert(b->ncalls < CALLS);
    struct call *k = &b->calls[b->ncalls++];
    *k = (struct call){.c = *c, .image = pl_image_ref(c->image), .engine = b->nold};
    snprintf(k->name, sizeof k->name, "%.*s",
             PL_STR_ARG(pl_image_program(c->image)->hooks[c->hook].name));
    snprintf(k->key, sizeof k->key, "%.*s", PL_STR_ARG(c->key));
    return (uint64_t)b->ncalls;
}

static void cancel(void *ctx, uint64_t number) {
    struct bench *b = ctx;
    line(b, "cancel %s", b->calls[number - 1].name);
}

static void hook_image(void *ctx, struct pl_image *image) {
    (void)ctx, (void)image;
}

/* ---- models ---- */

static uint64_t model(void *ctx, const struct pl_engine_ask *ask) {
    struct bench *b = ctx;
    pl_assert(b->nturns < CALLS);
    struct turn *t = &b->turns[b->nturns++];
    *t = (struct turn){.done = ask->done,
                       .partial = ask->partial,
                       .ctx = ask->ctx,
                       .within_ms = ask->within_ms,
                       .no_model = ask->no_model,
                       .engine = b->nold};
    snprintf(t->text, sizeof t->text, "%.*s", PL_STR_ARG(ask->text));
    for (uint32_t i = 0; i < ask->nlines; i++) {
        size_t n = strlen(t->before);
        snprintf(t->before + n, sizeof t->before - n, "%s%s%.*s", n ? " " : "",
                 ask->lines[i].customer ? "> " : "", PL_STR_ARG(ask->lines[i].text));
    }
    return (uint64_t)b->nturns;
}

static void model_cancel(void *ctx, uint64_t number) {
    struct bench *b = ctx;
    b->turns[number - 1].over = true;
    line(b, "cancel model");
}

static void stream(void *ctx, uint64_t client, const struct pl_engine_stream *s) {
    line(ctx, "%llu draft %u %s: %.*s", (unsigned long long)client, s->n,
         s->replace ? "replace" : "append", PL_STR_ARG(s->text));
}

struct turn *bench_turn(struct bench *b) {
    struct turn *t = b->nturns ? &b->turns[b->nturns - 1] : NULL;
    return t && !t->over && t->engine == b->nold ? t : NULL;
}

void bench_reply(struct bench *b, enum pl_engine_asked outcome, struct pl_value value) {
    struct turn *t = bench_turn(b);
    struct pl_buf bytes = {0};
    assert_non_null(t);
    if (value.kind) pl_value_write(&bytes, value);
    t->over = true;
    t->done(t->ctx, outcome, pl_buf_slice(&bytes));
    pl_buf_free(&bytes);
    bench_run(b);
}

static struct pl_image *find_image(void *ctx, const uint8_t prefix[8]) {
    struct bench *b = ctx;
    for (size_t i = 0; i < PL_LEN(b->images); i++)
        if (b->images[i] && memcmp(pl_image_hash(b->images[i]), prefix, 8) == 0)
            return pl_image_ref(b->images[i]);
    return NULL;
}

struct call *bench_call(struct bench *b) {
    for (int i = 0; i < b->ncalls; i++)
        if (!b->calls[i].answered && b->calls[i].engine == b->nold) return &b->calls[i];
    return NULL;
}

static void answer(struct call *k, enum pl_engine_outcome outcome, struct pl_value value,
                   const char *failure) {
    struct pl_buf bytes = {0};
    pl_value_write(&bytes, value);
    k->answered = true;
    k->c.done(k->c.ctx, outcome, pl_buf_slice(&bytes), pl_str_c(failure));
    pl_image_unref(&k->image);
    pl_buf_free(&bytes);
}

void bench_answer(struct bench *b, enum pl_engine_outcome outcome, struct pl_value value,
                  const char *failure) {
    struct call *k = bench_call(b);
    assert_non_null(k);
    answer(k, outcome, value, failure);
    bench_run(b);
}

/* ---- the bench ---- */

static void model_forget(void *ctx, const uint8_t conversation[16]) {
    struct bench *b = ctx;
    b->forgotten |= 1u << (conversation[0] & 31);
}

static int64_t wall_ms(void *ctx) {
    struct bench *b = ctx;
    struct pl_clock clock = pl_loop_clock(b->loop);
    return clock.wall_ms(clock.ctx) + b->off_ms;
}

static int64_t mono_us(void *ctx) {
    struct bench *b = ctx;
    struct pl_clock clock = pl_loop_clock(b->loop);
    return clock.mono_us(clock.ctx);
}

void bench_start(struct bench *b) {
    int64_t now = b->loop ? pl_loop_clock(b->loop).wall_ms(pl_loop_clock(b->loop).ctx) : MORNING;
    if (b->loop) b->old_loops[b->nold - 1] = b->loop;
    assert_int_equal(pl_loop_fake_create(now, &b->loop), PL_OK);
    struct pl_engine_config config = {
        .store = b->store,
        .keys = b->keys,
        .master = b->master,
        .loop = b->loop,
        .clock = {wall_ms, mono_us, b},
        .seed = 7,
        .sink = {b, ready, live, ack, events, typing, error, done, .stream = stream},
        .hooks = {b, hook_image, hook_image, hook, cancel},
        .find_image = find_image,
        .find_ctx = b,
    };
    if (!b->no_models)
        config.models = (struct pl_engine_models){
            .ctx = b, .start = model, .cancel = model_cancel, .forget = model_forget};
    assert_int_equal(pl_engine_create(&config, b->images[0], &b->engine), PL_OK);
    bench_run(b);
}

void bench_open(struct bench *b, const struct pl_store_config *config) {
    *b = (struct bench){.folder = "/tmp/pl_bench_XXXXXX"};
    if (config) b->store_config = *config;
    if (!versions[0]) versions[0] = build("Hello v1");
    if (!versions[1]) versions[1] = build("Hello v2");
    b->images[0] = versions[0];
    b->images[1] = versions[1];
    pl_arena_init(&b->a, 0);
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->keys, sizeof b->keys, "%s/keys", b->folder);
    snprintf(b->master, sizeof b->master, "%s/master", b->folder);
    assert_int_equal(pl_store_open(&b->store_config, &b->store, NULL), PL_OK);
    bench_start(b);
}

void bench_crash(struct bench *b) {
    pl_assert(b->nold < ENGINES);
    pl_store_mem_crash(b->store);
    b->old[b->nold++] = b->engine;
    bench_start(b);
}

void bench_close(struct bench *b) {
    while (b->store_config.hold && pl_store_mem_release(b->store, 1000)) {
    }
    for (int i = 0; i < b->ncalls; i++)
        if (!b->calls[i].answered) answer(&b->calls[i], PL_OUTCOME_UNAVAILABLE, PL_NONE, "");
    while (b->store_config.hold && pl_store_mem_release(b->store, 1000)) {
    }
    pl_engine_destroy(&b->engine);
    for (int i = 0; i < b->nold; i++) pl_engine_destroy(&b->old[i]);
    pl_store_close(&b->store);
    for (int i = 0; i < b->nold; i++) pl_loop_destroy(&b->old_loops[i]);
    pl_loop_destroy(&b->loop);
    pl_buf_free(&b->out);
    pl_arena_free(&b->a);
    nftw(b->folder, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
}

void bench_done(void) {
    for (size_t i = 0; i < PL_LEN(versions); i++)
        if (versions[i]) pl_image_unref(&versions[i]);
}

void bench_run(struct bench *b) {
    pl_loop_fake_advance(b->loop, 0);
}

void bench_advance(struct bench *b, int64_t ms) {
    pl_loop_fake_advance(b->loop, ms);
}

void bench_jump(struct bench *b, int64_t ms) {
    b->off_ms += ms;
}

int64_t bench_wall(struct bench *b) {
    return wall_ms(b);
}

static void open_as(struct bench *b, uint64_t client, int conversation, bool fresh, uint64_t seq) {
    struct pl_engine_open o = {.fresh = fresh, .locale = PL_STR("en-US"), .seq = seq};
    o.conversation[0] = (uint8_t)conversation;
    o.hash[0] = (uint8_t)(conversation + 1);
    o.epoch = pl_str_c(pl_store_epoch(b->store));
    pl_engine_open(b->engine, client, &o);
    bench_run(b);
}

void bench_open_fresh(struct bench *b, uint64_t client, int conversation) {
    open_as(b, client, conversation, true, 0);
}

void bench_open_known(struct bench *b, uint64_t client, int conversation, bool fresh,
                      uint8_t customer, bool verified) {
    struct pl_engine_open o = {.fresh = fresh, .locale = PL_STR("en-US"), .known = true};
    o.verified = verified;
    o.customer[0] = customer;
    o.conversation[0] = (uint8_t)conversation;
    o.hash[0] = (uint8_t)(conversation + 1);
    o.epoch = pl_str_c(pl_store_epoch(b->store));
    pl_engine_open(b->engine, client, &o);
    bench_run(b);
}

void bench_resume(struct bench *b, uint64_t client, int conversation, uint64_t seq) {
    open_as(b, client, conversation, false, seq);
}

void bench_say(struct bench *b, uint64_t client, uint64_t counter, const char *text) {
    pl_engine_send(b->engine, client, (struct pl_engine_cid){client, counter}, PL_ENGINE_SAID_TEXT,
                   pl_str_c(text));
    bench_run(b);
}

void bench_choose(struct bench *b, uint64_t client, uint64_t counter, const char *id) {
    pl_engine_send(b->engine, client, (struct pl_engine_cid){client, counter},
                   id[0] == 'b' ? PL_ENGINE_SAID_BUTTON : PL_ENGINE_SAID_CHOICE, pl_str_c(id));
    bench_run(b);
}

const char *bench_told(struct bench *b) {
    static char text[65536];
    size_t n = b->out.n < sizeof text ? b->out.n : sizeof text - 1;
    if (n) memcpy(text, b->out.p, n);
    text[n] = 0;
    pl_buf_clear(&b->out);
    return text;
}

uint64_t bench_count(struct bench *b, enum pl_engine_count count) {
    return pl_engine_counters(b->engine)[count].value;
}
