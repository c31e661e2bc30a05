/* SPDX-License-Identifier: Apache-2.0
 *
 * What made-up customers and shops know: the project's own examples, phrases and numbers, what its
 * talks say, and samples of every type.
 */
#include <string.h>

#include "tools/sim/sim_explore_priv.h"

#define DAY_MS  INT64_C(86400000)
#define TODAY   INT64_C(20781) /* 2026-11-24, on which talks begin */
#define DEEP    5
#define NUMBERS 200
#define MOST    1000000 /* more is no answer that a shop gives */

/* ---- chance ---- */

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t pl_sim__random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint32_t pl_sim__below(uint64_t *state, uint32_t n) {
    return n ? (uint32_t)(pl_sim__random(state) % n) : 0;
}

#define ONE_OF(random, v) ((v)[pl_sim__below(random, PL_LEN(v))])

/* ---- from the build ---- */

static void push_word(struct sim_guess *g, sim_words *to, struct pl_str s) {
    for (size_t i = 0; i < to->n; i++)
        if (pl_str_eq(to->v[i], s)) return;
    PL_PUSH(to, pl_arena_str(g->a, s));
}

static bool is_language(struct pl_str lang, struct pl_str locale) {
    return pl_str_starts(locale, lang);
}

/* Everything of the languages is kept: which is the source's is known when the build is done. */
void pl_sim__guess_training(void *ctx, const struct pl_grammar_training *t) {
    struct sim_guess *g = ctx;
    g->intents = PL_NEW_ARRAY(g->a, sim_words, t->nintents + 1);
    g->entities = PL_NEW_ARRAY(g->a, sim_words, t->nentities + 1);
    struct pl_str source = t->nlangs ? t->langs[0] : PL_STR("en");
    for (uint32_t i = 0; i < t->nexamples; i++)
        if (is_language(t->examples[i].lang, source))
            push_word(g, &g->intents[t->examples[i].intent], t->examples[i].text);
    for (uint32_t i = 0; i < t->nentities; i++)
        for (uint32_t k = 0; k < t->entities[i].nwords; k++)
            if (is_language(t->entities[i].words[k].lang, source))
                push_word(g, &g->entities[i], t->entities[i].words[k].text);
}

static void add_number(struct sim_guess *g, struct pl_dec n) {
    bool believable = pl_dec_cmp(n, (struct pl_dec){MOST, 0}) <= 0 &&
                      pl_dec_cmp(n, (struct pl_dec){-MOST, 0}) >= 0;
    if (believable && g->numbers.n < NUMBERS) PL_PUSH(&g->numbers, n);
}

/* The program's numbers and their neighbours: where its conditions turn. */
static void gather_numbers(struct sim_guess *g) {
    static const int64_t usual[] = {0, 1, 2, 3, 5, 10, 20, 50, 100, 500, 1000};
    for (size_t i = 0; i < PL_LEN(usual); i++) add_number(g, (struct pl_dec){usual[i], 0});
    for (uint32_t i = 0; i < g->program->nconsts; i++) {
        const struct pl_value *v = &g->program->consts[i];
        struct pl_dec n = v->kind == PL_KIND_MONEY ? v->money.amount : v->n;
        if (v->kind != PL_KIND_NUMBER && v->kind != PL_KIND_MONEY && v->kind != PL_KIND_PERCENT)
            continue;
        int64_t whole = 1;
        for (uint8_t s = 0; s < n.scale && s < 9; s++) whole *= 10;
        bool far = n.m > INT64_MAX - whole || n.m < INT64_MIN + whole;
        for (int d = -1; d <= 1 && !far; d++)
            add_number(g, (struct pl_dec){n.m + d * whole, n.scale});
    }
}

static uint32_t entity_of(const struct sim_guess *g, struct pl_type type) {
    for (uint32_t i = 0; type.kind == PL_KIND_ENTITY && i < g->program->nentities; i++)
        if (g->program->entities[i].def == type.def) return i;
    return PL_NOWHERE;
}

/* What the talks' shop is asked for, customers may ask for. */
static void gather_examples(struct sim_guess *g) {
    for (uint32_t i = 0; i < g->program->nentities; i++)
        if (g->program->entities[i].example.n)
            push_word(g, &g->entities[i], g->program->entities[i].example);
    for (size_t i = 0; i < g->examples.stubs.n; i++) {
        const struct pl_talk_line *l = g->examples.stubs.v[i];
        uint32_t hook = pl_image_hook(g->project->build.image, l->name);
        if (hook == PL_NOWHERE) continue;
        for (size_t k = 0; k < l->args.n; k++) {
            uint32_t entity = entity_of(g, g->program->hooks[hook].params[k].type);
            bool text = l->args.v[k].kind == PL_TALK_V_TEXT;
            if (entity != PL_NOWHERE && text) push_word(g, &g->entities[entity], l->args.v[k].s);
        }
    }
}

void pl_sim__guess_open(struct sim_guess *g) {
    struct sim_project *p = g->project;
    g->program = pl_image_program(p->build.image);
    g->examples.a = g->a;
    g->examples.tools = p->tools;
    for (size_t i = 0; i < p->talks.n; i++)
        pl_sim__shop_learn(&g->examples, p->build.image, &p->talks.v[i].talk);
    gather_numbers(g);
    gather_examples(g);
}

void pl_sim__guess_close(struct sim_guess *g) {
    for (uint32_t i = 0; g->program && i < g->program->nintents; i++) PL_VEC_FREE(&g->intents[i]);
    for (uint32_t i = 0; g->program && i < g->program->nentities; i++) PL_VEC_FREE(&g->entities[i]);
    PL_VEC_FREE(&g->numbers);
    pl_sim__shop_free(&g->examples);
}

/* ---- values, as a shop gives them ---- */

static struct pl_dec number(const struct sim_guess *g, uint64_t *random) {
    return g->numbers.v[pl_sim__below(random, (uint32_t)g->numbers.n)];
}

static struct pl_str entity_word(const struct sim_guess *g, uint64_t *random, uint32_t entity) {
    const sim_words *w = entity < g->program->nentities ? &g->entities[entity] : NULL;
    return w && w->n ? w->v[pl_sim__below(random, (uint32_t)w->n)] : PL_STR("sample");
}

static struct pl_value record(const struct sim_guess *g, uint64_t *random, struct pl_arena *a,
                              const struct pl_typedef *def, int depth) {
    struct pl_field *f = PL_NEW_ARRAY(a, struct pl_field, def->nfields + 1);
    for (uint32_t i = 0; i < def->nfields; i++)
        f[i] = (struct pl_field){def->fields[i].name,
                                 pl_sim__guess_value(g, random, a, def->fields[i].type, depth + 1)};
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = def->nfields}};
}

static struct pl_value plain(const struct sim_guess *g, uint64_t *random, uint8_t kind,
                             struct pl_str text) {
    static const int days[] = {-400, -40, -8, -3, -1, 0, 0, 1, 2, 7, 30, 400};
    static const int64_t durations[] = {0, 60000, 3600000, DAY_MS, 14 * DAY_MS, 60 * DAY_MS};
    struct pl_value v = {.kind = kind};
    int64_t day = TODAY + ONE_OF(random, days);
    switch (kind) {
    case PL_KIND_BOOL: v.b = pl_sim__below(random, 2) != 0; break;
    case PL_KIND_NUMBER:
    case PL_KIND_PERCENT: v.n = number(g, random); break;
    case PL_KIND_MONEY: v = pl_money(number(g, random), g->program->currency); break;
    case PL_KIND_DATE: v.date = (int32_t)day; break;
    case PL_KIND_TIME: v.time = (int32_t)pl_sim__below(random, 24) * 3600; break;
    case PL_KIND_DATETIME: v.datetime = day * DAY_MS + pl_sim__below(random, 24) * 3600000; break;
    case PL_KIND_DURATION: v.duration = ONE_OF(random, durations); break;
    default: v.s = pl_sim__example_text(kind, text); break;
    }
    return v;
}

struct pl_value pl_sim__guess_value(const struct sim_guess *g, uint64_t *random, struct pl_arena *a,
                                    struct pl_type type, int depth) {
    const struct pl_types *types = &g->program->types;
    bool named =
        type.kind == PL_KIND_ENUM || type.kind == PL_KIND_RECORD || type.kind == PL_KIND_ENTITY;
    const struct pl_typedef *def = named ? &types->defs[type.def] : NULL;
    bool absent = type.optional && pl_sim__below(random, 10) < 3;
    if (type.kind == PL_KIND_NONE || depth > DEEP || absent) return PL_NONE;
    if (type.kind == PL_KIND_RECORD) return record(g, random, a, def, depth);
    if (def && (type.kind == PL_KIND_ENUM || def->base == PL_KIND_ENUM)) {
        struct pl_value v = {.kind = PL_KIND_ENUM};
        v.e.type = def->name;
        if (def->nfields) v.e.member = def->fields[pl_sim__below(random, def->nfields)].name;
        return v;
    }
    if (def) return plain(g, random, def->base, entity_word(g, random, entity_of(g, type)));
    if (type.kind != PL_KIND_LIST) return plain(g, random, type.kind, PL_STR("Sample"));
    uint32_t n = pl_sim__below(random, 4);
    struct pl_value *v = PL_NEW_ARRAY(a, struct pl_value, n + 1);
    for (uint32_t i = 0; i < n; i++)
        v[i] = pl_sim__guess_value(g, random, a, types->types[type.def], depth + 1);
    return (struct pl_value){.kind = PL_KIND_LIST, .list = {.v = v, .n = n}};
}

/* ---- words, as customers write them ---- */

static struct pl_str said_number(const struct sim_guess *g, uint64_t *random, struct pl_arena *a,
                                 const char *unit) {
    char digits[32];
    size_t n = pl_dec_print(number(g, random), digits);
    return pl_arena_printf(a, "%.*s%s", (int)n, digits, unit);
}

struct pl_str pl_sim__guess_words(const struct sim_guess *g, uint64_t *random, struct pl_arena *a,
                                  struct pl_type type) {
    static const char *const dates[] = {"tomorrow",   "today",      "yesterday", "next friday",
                                        "2026-12-24", "2026-10-01", "2027-06-15"};
    static const char *const times[] = {"3 pm", "9:30", "18:00"};
    static const char *const durations[] = {"2 hours", "3 days", "10 minutes"};
    static const char *const texts[] = {"it is like this", "Ann Smith", "nothing special"};
    const struct pl_typedef *def = type.kind == PL_KIND_ENTITY || type.kind == PL_KIND_ENUM
                                       ? &g->program->types.defs[type.def]
                                       : NULL;
    uint32_t entity = entity_of(g, type);
    if (entity != PL_NOWHERE && g->entities[entity].n) return entity_word(g, random, entity);
    switch (def ? def->base : type.kind) {
    case PL_KIND_BOOL: return pl_sim__below(random, 2) ? PL_STR("yes") : PL_STR("no");
    case PL_KIND_NUMBER: return said_number(g, random, a, "");
    case PL_KIND_PERCENT: return said_number(g, random, a, "%");
    case PL_KIND_MONEY: return said_number(g, random, a, g->program->currency);
    case PL_KIND_DATE: return pl_str_c(ONE_OF(random, dates));
    case PL_KIND_TIME: return pl_str_c(ONE_OF(random, times));
    case PL_KIND_DATETIME: return pl_arena_printf(a, "%s at 3 pm", ONE_OF(random, dates));
    case PL_KIND_DURATION: return pl_str_c(ONE_OF(random, durations));
    case PL_KIND_EMAIL: return PL_STR("ann@example.com");
    case PL_KIND_PHONE: return PL_STR("+15550100101");
    case PL_KIND_URL: return PL_STR("https://shop.example/x");
    case PL_KIND_LANGUAGE: return PL_STR("English");
    case PL_KIND_CARD: return PL_STR("4111 1111 1111 1111");
    default: return pl_str_c(ONE_OF(random, texts));
    }
}

/* ⟨entity⟩ and ⟨slot:entity⟩ stand for what fills in. */
struct pl_str pl_sim__guess_phrase(const struct sim_guess *g, uint64_t *random, struct pl_arena *a,
                                   uint32_t intent) {
    struct pl_str open = PL_STR("⟨"), close = PL_STR("⟩");
    const sim_words *w = &g->intents[intent];
    struct pl_buf b = {0};
    if (w->n == 0) return PL_STR("");
    struct pl_str rest = w->v[pl_sim__below(random, (uint32_t)w->n)];
    for (size_t from; (from = pl_str_find(rest, open)) != SIZE_MAX;) {
        size_t to = pl_str_find(rest, close);
        if (to == SIZE_MAX || to < from) break;
        pl_buf_add(&b, rest.p, from);
        struct pl_str name = {rest.p + from + open.n, to - from - open.n};
        const char *colon = memchr(name.p, ':', name.n);
        if (colon) name = (struct pl_str){colon + 1, (size_t)(name.p + name.n - colon - 1)};
        struct pl_type type = {.kind = PL_KIND_TEXT};
        for (uint32_t i = 0; i < g->program->nentities; i++)
            if (pl_str_eq(g->program->entities[i].name, name))
                type = (struct pl_type){.kind = PL_KIND_ENTITY, .def = g->program->entities[i].def};
        pl_buf_str(&b, pl_sim__guess_words(g, random, a, type));
        rest = (struct pl_str){rest.p + to + close.n, rest.n - to - close.n};
    }
    pl_buf_str(&b, rest);
    struct pl_str s = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}
