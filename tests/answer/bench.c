/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/crypto/crypto.h"
#include "runtime/kb/kb.h"
#include "runtime/nlp/nlp.h"
#include "tests/answer/bench.h"
#include "tools/compile/compile.h"

/* ---- the shop ---- */

#define S PL_STR
static const struct pl_kb_passage returns_en[] = {
    {S(""), S(""),
     S("You can return unworn shoes within 30 days of delivery. Sale items cannot be returned. The "
       "label is at https://shop.example/returns.")},
    {S("Refunds"), S("refunds"),
     S("Money is refunded 5 to 7 business days after the parcel has reached our warehouse.")},
};
static const struct pl_kb_passage shipping_en[] = {
    {S(""), S(""),
     S("Standard shipping costs $4.99 and is free over $50. Express delivery costs $12.")},
};
static const struct pl_kb_passage returns_es[] = {
    {S(""), S(""),
     S("Puedes devolver los zapatos sin usar en un plazo de 30 días desde la entrega. Los "
       "artículos "
       "rebajados no se pueden devolver.")},
};
static const struct pl_str asked_returns[] = {S("how do I send something back")};
static const struct pl_str asked_shipping[] = {S("is shipping free")};
static const struct pl_str asked_es[] = {S("quiero devolver unos zapatos")};
static const struct pl_kb_article articles[] = {
    {S("en"), S("returns"), S("How to return something"), S(""), asked_returns, 1, returns_en, 2},
    {S("en"), S("shipping"), S("What delivery costs"), S("https://shop.example/help/shipping"),
     asked_shipping, 1, shipping_en, 1},
    {S("es"), S("returns"), S("Cómo devolver algo"), S(""), asked_es, 1, returns_es, 1},
};

static struct pl_image *load(struct pl_str bytes) {
    struct pl_image *image = NULL;
    uint8_t hash[32];
    char why[256] = "";
    pl_crypto_sha256(bytes, hash);
    if (pl_image_load(bytes, hash, &image, why) != PL_OK) fail_msg("%s", why);
    return image;
}

static void compile(const char *folder, struct pl_compiled *c) {
    if (pl_compile_folder(folder, NULL, c) == PL_OK) return;
    struct pl_buf text = {0};
    pl_diags_print(&text, &c->diags, false);
    fail_msg("%.*s", PL_STR_ARG(pl_buf_slice(&text)));
}

static struct pl_image *build_project(const char *folder) {
    struct pl_compiled c;
    compile(folder, &c);
    struct pl_image *image = load(c.image);
    pl_compiled_free(&c);
    return image;
}

/* Of passage K a vector that points into direction K. */
static void put_vectors(struct pl_str index, struct pl_buf *out) {
    struct pl_kb *kb = NULL;
    int8_t rows[BENCH_DIMS][BENCH_DIMS] = {{0}};
    struct pl_kb_hit hit;
    uint32_t n = 0;
    assert_int_equal(pl_kb_open(index, &kb), PL_OK);
    for (; pl_kb_passage(kb, n, &hit); n++) rows[n][n] = 127;
    assert_true(n <= BENCH_DIMS);
    assert_int_equal(pl_kb_vectors_build(kb, index, S("made-up"), BENCH_DIMS, rows[0], out), PL_OK);
    pl_kb_close(&kb);
}

static struct pl_image *build(struct pl_locale_tools *t, const char *article, bool vectors) {
    struct pl_compiled c;
    struct pl_buf kb = {0}, bytes = {0}, rows = {0};
    const struct pl_kb_passage more = {S("Returns"), S("more"), pl_str_c(article)};
    struct pl_kb_article all[PL_LEN(articles) + 1];
    uint32_t narticles = PL_LEN(articles);
    compile("tests/answer/shop", &c);
    memcpy(all, articles, sizeof articles);
    if (article != NULL)
        all[narticles++] = (struct pl_kb_article){.locale = S("en"),
                                                  .id = S("returns-more"),
                                                  .title = S("More on how to return something"),
                                                  .passages = &more,
                                                  .npassages = 1};
    assert_int_equal(pl_kb_build(t, all, narticles, &kb), PL_OK);
    struct pl_p_section *v = calloc(c.program.nsections + 2, sizeof *v);
    memcpy(v, c.program.sections, c.program.nsections * sizeof *v);
    uint32_t n = c.program.nsections;
    for (uint32_t i = 0; i < n; i++)
        if (pl_str_is(v[i].name, "kb.index")) v[i] = v[--n];
    v[n++] = (struct pl_p_section){S("kb.index"), pl_buf_slice(&kb)};
    if (vectors) put_vectors(pl_buf_slice(&kb), &rows);
    if (vectors) v[n++] = (struct pl_p_section){S("kb.vectors"), pl_buf_slice(&rows)};
    c.program.sections = v;
    c.program.nsections = n;
    pl_program_write(&c.program, &bytes);
    struct pl_image *image = load(pl_buf_slice(&bytes));
    pl_compiled_free(&c);
    pl_buf_free(&bytes);
    pl_buf_free(&kb);
    pl_buf_free(&rows);
    free(v);
    return image;
}

/* ---- the model ---- */

struct under_way {
    uint64_t number;
    pl_llm_on_event *on_event;
    void *ctx;
    struct pl_loop *loop;
    bool gone, hangs;
};

static bool is(const char *line, const char *word) {
    return strncmp(line, word, strlen(word)) == 0;
}

/* Pieces of whole characters, as llm gives them. */
static void give_text(struct bench *b, struct under_way *u, const char *text, uint32_t attempt) {
    size_t n = strlen(text), step;
    for (size_t i = 0; i < n && !u->gone; i += step) {
        step = b->cut ? b->cut : n;
        while (i + step < n && ((uint8_t)text[i + step] & 0xc0) == 0x80) step++;
        if (step > n - i) step = n - i;
        struct pl_llm_event e = {.kind = PL_LLM_TEXT, .attempt = attempt};
        e.text = (struct pl_str){text + i, step};
        u->on_event(u->ctx, &e);
    }
}

static void give_tool(struct under_way *u, const char *line, uint32_t attempt) {
    struct pl_llm_event e = {.kind = PL_LLM_TOOL, .attempt = attempt};
    const char *json = strchr(line, ' ');
    e.call.id = S("call_1");
    e.call.name = (struct pl_str){line, (size_t)(json - line)};
    e.call.arguments = pl_str_c(json + 1);
    if (!u->gone) u->on_event(u->ctx, &e);
}

/* "vector K": a text's, pointing into direction K; "vector short": of another length. */
static void give_vector(struct under_way *u, const char *line) {
    float v[BENCH_DIMS] = {0};
    struct pl_llm_event e = {.kind = PL_LLM_VECTOR, .attempt = 1};
    bool is_short = strcmp(line, "vector short") == 0;
    v[is_short ? 0 : atoi(line + 7)] = 0.5f;
    e.vector.v = v;
    e.vector.n = BENCH_DIMS - is_short;
    if (!u->gone) u->on_event(u->ctx, &e);
}

static void answer_now(struct pl_post *post) {
    struct bench *b = (struct bench *)(void *)((char *)post - offsetof(struct bench, post));
    struct under_way *u = b->under_way;
    struct pl_llm_event done = {.kind = PL_LLM_DONE, .attempt = 1};
    uint32_t attempt = 1;
    done.done.finish = PL_LLM_FINISH_STOP;
    while (*b->script != NULL && !u->gone) {
        const char *line = *b->script++;
        if (is(line, "ask")) break;
        if (is(line, "hang")) u->hangs = true;
        if (is(line, "vector ")) give_vector(u, line);
        if (is(line, "text ")) give_text(b, u, line + 5, attempt);
        if (is(line, "refused")) done.done.finish = PL_LLM_FINISH_REFUSED;
        if (is(line, "cut")) done.done.finish = PL_LLM_FINISH_LENGTH;
        if (is(line, "fail")) done.done.failure = PL_LLM_FAIL_SERVER;
        if (is(line, "tool ")) {
            give_tool(u, line + 5, attempt);
            done.done.finish = PL_LLM_FINISH_TOOLS;
        }
        if (is(line, "restart")) {
            struct pl_llm_event e = {.kind = PL_LLM_RESTART, .attempt = ++attempt};
            u->on_event(u->ctx, &e);
        }
    }
    if (u->hangs && !u->gone) return;
    if (u->gone) done.done.failure = PL_LLM_FAIL_GONE;
    done.attempt = attempt;
    done.done.usage = (struct pl_llm_usage){.input = 100, .output = 50};
    b->under_way = NULL;
    u->on_event(u->ctx, &done);
    free(u);
}

static uint64_t model_ask(void *ctx, const struct pl_llm_request *r) {
    struct bench *b = ctx;
    pl_buf_str(&b->asked, r->system);
    for (size_t i = 0; i < r->nmessages; i++) pl_buf_str(&b->asked, r->messages[i].text);
    for (size_t i = 0; i < r->ntools; i++) pl_buf_str(&b->asked, r->tools[i].schema);
    pl_buf_str(&b->asked, r->schema);
    for (size_t i = 0; i < r->nembed; i++)
        pl_buf_printf(&b->asked, "<%.*s %lld: %.*s>", PL_STR_ARG(r->embed_model),
                      (long long)r->deadline_ms, PL_STR_ARG(r->embed[i]));
    b->key = pl_llm_key(r);
    b->personal = r->personal;
    b->cache_ms = r->cache_ms;
    assert_null(b->under_way);
    b->under_way = calloc(1, sizeof *b->under_way);
    *b->under_way = (struct under_way){
        .number = ++b->asks, .on_event = r->on_event, .ctx = r->ctx, .loop = r->loop};
    b->post.fn = answer_now;
    pl_loop_post(r->loop, &b->post);
    return b->asks;
}

static void model_cancel(void *ctx, uint64_t number) {
    struct bench *b = ctx;
    b->cancels++;
    if (b->under_way == NULL || b->under_way->number != number) return;
    b->under_way->gone = true;
    if (b->under_way->hangs) pl_loop_post(b->under_way->loop, &b->post);
}

/* ---- tools ---- */

struct tool {
    struct pl_timer timer;
    struct bench *b;
    pl_answer_tool_done *done;
    void *ctx;
};

static void tool_ends(struct pl_timer *timer) {
    struct tool *t = timer->ctx;
    const char *json = t->b->tool_gives;
    t->done(t->ctx, pl_str_c(json), json ? S("") : S("not_found"));
    free(t);
}

static uint64_t tool_call(void *ctx, struct pl_image *image, uint32_t hook,
                          const struct pl_value *args, uint32_t nargs, int64_t deadline_ms,
                          struct pl_loop *loop, pl_answer_tool_done *done, void *done_ctx) {
    struct bench *b = ctx;
    (void)deadline_ms;
    pl_buf_str(&b->calls, pl_image_program(image)->hooks[hook].name);
    for (uint32_t i = 0; i < nargs; i++) {
        pl_buf_c(&b->calls, " ");
        pl_value_to_json(&b->calls, args[i]);
    }
    pl_buf_c(&b->calls, "\n");
    struct tool *t = calloc(1, sizeof *t);
    *t = (struct tool){{.fn = tool_ends, .ctx = t}, b, done, done_ctx};
    pl_timer_start(loop, &t->timer, 10);
    return 1;
}

/* ---- turns ---- */

static void put_zero(struct pl_buf *b) {
    pl_buf_byte(b, 0);
    b->n--;
}

static void came(void *ctx, enum pl_answer_outcome outcome, struct pl_str value,
                 struct pl_str why) {
    struct bench *b = ctx;
    b->ended++;
    b->outcome = outcome;
    snprintf(b->why, sizeof b->why, "%.*s", PL_STR_ARG(why));
    if (outcome != PL_ANSWER_OK && outcome != PL_ANSWER_PROPOSED) return;
    struct pl_reader r = pl_reader_of(pl_arena_str(&b->a, value));
    b->value = pl_value_read(&r, &b->a);
    if (outcome == PL_ANSWER_PROPOSED) {
        pl_value_to_json(&b->text, b->value);
        return;
    }
    if (b->value.kind != PL_KIND_RECORD) return;
    pl_buf_str(&b->text, pl_rec_get(b->value, S("text")).s);
    struct pl_value sources = pl_rec_get(b->value, S("sources"));
    for (uint32_t i = 0; i < sources.list.n; i++) {
        pl_buf_str(&b->sources, pl_rec_get(sources.list.v[i], S("url")).s);
        pl_buf_c(&b->sources, " ");
    }
}

static void wrote(void *ctx, uint32_t attempt, struct pl_str text) {
    struct bench *b = ctx;
    assert_int_equal(b->ended, 0);
    if (attempt != b->attempt) pl_buf_clear(&b->partial);
    b->attempt = attempt;
    pl_buf_str(&b->partial, text);
}

static uint32_t model_of(const struct pl_program *p, bool decides) {
    for (uint32_t i = 0; i < p->nmodels; i++)
        if ((p->models[i].kind == PL_MODEL_DECIDE) == decides) return i;
    fail_msg("no model");
    return 0;
}

static uint64_t alone(const struct bench *b) {
    return pl_counter_read(&pl_answer_counters(b->answer)[PL_ANSWER_COUNT_ALONE]);
}

bool bench_model_answered(const struct bench *b) {
    return b->outcome == PL_ANSWER_OK && !b->by_article;
}

void bench_play(struct bench *b, const struct bench_turn *turn, const char *const *script) {
    struct pl_buf *clear[] = {&b->asked, &b->calls, &b->partial, &b->text, &b->sources};
    for (size_t i = 0; i < PL_LEN(clear); i++) pl_buf_clear(clear[i]);
    b->script = script;
    b->asks = b->cancels = b->attempt = 0;
    b->ended = 0;
    uint32_t model = model_of(pl_image_program(b->image), turn->decides);
    struct pl_value given[8] = {{0}};
    if (turn->order_id) given[0] = pl_text(pl_str_c(turn->order_id));
    struct pl_answer_turn t = {
        .image = b->image,
        .model = model,
        .args = given,
        .nargs = pl_image_program(b->image)->models[model].ngiven,
        .about = pl_str_c(turn->about ? turn->about : "Why does the customer send it back?"),
        .text = pl_str_c(turn->text),
        .locale = pl_str_c(turn->locale ? turn->locale : "en-US"),
        .conversation = "0123456789abcde",
        .lines = turn->lines,
        .nlines = turn->nlines,
        .slots = turn->slots,
        .no_model = turn->no_model,
        .acted = turn->acted,
        .verified = turn->verified,
        .within_ms = turn->within_ms ? turn->within_ms : 4000,
        .loop = b->loop,
        .done = came,
        .partial = wrote,
        .ctx = b,
    };
    if (turn->conversation) t.conversation[0] = turn->conversation;
    uint64_t before = alone(b);
    pl_answer_start(b->answer, &t);
    assert_int_equal(b->ended, 0);
    pl_loop_fake_advance(b->loop, 10000);
    assert_int_equal(b->ended, 1);
    b->by_article = alone(b) > before;
    for (size_t i = 0; i < PL_LEN(clear); i++) put_zero(clear[i]);
}

static struct pl_str language(void *ctx, struct pl_str text, struct pl_str expected) {
    (void)ctx;
    return pl_nlp_tell(text, expected);
}

static void open_with(struct bench *b, bool with_model, struct pl_image *image,
                      const uint8_t *secret) {
    pl_arena_init(&b->a, 0);
    assert_int_equal(pl_loop_fake_create(1795334400000, &b->loop), PL_OK);
    b->image = image;
    struct pl_answer_config config = {.locales = b->locales, .clock = pl_loop_clock(b->loop)};
    config.secret = secret;
    config.language = language;
    config.language_ctx = b->locales;
    if (with_model) config.model = (struct pl_answer_model){b, model_ask, model_cancel};
    if (with_model) config.tools = (struct pl_answer_tools){b, tool_call, NULL};
    b->answer = pl_answer_create(&config);
    assert_int_equal(pl_answer_load(b->answer, b->image), PL_OK);
}

void bench_open(struct bench *b, bool with_model, const char *article) {
    *b = (struct bench){.locales = pl_locale_tools_new()};
    open_with(b, with_model, build(b->locales, article, false), NULL);
}

void bench_open_secret(struct bench *b, const uint8_t *secret) {
    *b = (struct bench){.locales = pl_locale_tools_new()};
    open_with(b, true, build(b->locales, NULL, false), secret);
}

void bench_open_vectors(struct bench *b) {
    *b = (struct bench){.locales = pl_locale_tools_new()};
    open_with(b, true, build(b->locales, NULL, true), NULL);
}

void bench_open_project(struct bench *b, const char *folder) {
    *b = (struct bench){.locales = pl_locale_tools_new()};
    open_with(b, true, build_project(folder), NULL);
}

void bench_close(struct bench *b) {
    pl_answer_destroy(&b->answer);
    pl_loop_fake_advance(b->loop, 10000);
    assert_null(b->under_way);
    pl_image_unref(&b->image);
    pl_loop_destroy(&b->loop);
    pl_locale_tools_free(&b->locales);
    struct pl_buf *all[] = {&b->asked, &b->calls, &b->partial, &b->text, &b->sources};
    for (size_t i = 0; i < PL_LEN(all); i++) pl_buf_free(all[i]);
    pl_arena_free(&b->a);
}
