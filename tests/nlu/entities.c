/* SPDX-License-Identifier: Apache-2.0
 *
 * How well numbers, percents, amounts, ordinals, web addresses and yes and no are found: the half
 * of recognizers_text that was not looked at, and examples of our own that are right to the letter.
 * The set "misses" prints what is missed of the other half.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/nlu/nlu.h"

#define LANGUAGES 24
#define TYPES     6

static const char *const kinds[TYPES] = {"number",  "percentage", "currency",
                                         "ordinal", "url",        "boolean"};

/* ---- what was found, as one list ---- */

struct span {
    uint32_t start, end;
    int type;
    struct pl_value value;
};
#define SPANS 256

static int type_of(uint8_t kind) {
    return kind == PL_KIND_NUMBER    ? 0
           : kind == PL_KIND_PERCENT ? 1
           : kind == PL_KIND_MONEY   ? 2
           : kind == PL_KIND_URL     ? 4
                                     : -1;
}

static bool in_time(const struct pl_nlp_reading *r, uint32_t start, uint32_t end) {
    for (uint32_t i = 0; i < r->ntimes; i++)
        if (start >= r->times[i].start && end <= r->times[i].end &&
            end - start < r->times[i].end - r->times[i].start)
            return true;
    return false;
}

static size_t spans_of(const struct pl_nlp_reading *r, struct span v[SPANS]) {
    static const int extras[] = {[PL_NLP_IS_ORDINAL] = 3,
                                 [PL_NLP_IS_NUMBER] = 0,
                                 [PL_NLP_IS_URL] = 4,
                                 [PL_NLP_IS_YES_NO] = 5};
    size_t n = 0;
    for (uint32_t i = 0; i < r->nfound && n < SPANS; i++) {
        const struct pl_nlp_found *f = &r->found[i];
        int type = f->entity == PL_NLP_BUILTIN ? type_of(f->value.kind) : -1;
        if (type == 0 && in_time(r, f->start, f->end)) continue;
        if (type >= 0) v[n++] = (struct span){f->start, f->end, type, f->value};
    }
    for (uint32_t i = 0; i < r->nextra && n < SPANS; i++)
        if (!in_time(r, r->extra[i].start, r->extra[i].end))
            v[n++] = (struct span){r->extra[i].start, r->extra[i].end, extras[r->extra[i].kind],
                                   r->extra[i].value};
    return n;
}

/* ---- the table ---- */

struct score {
    double n[TYPES], part[TYPES], exact[TYPES];
};
struct table {
    char locale[LANGUAGES][8];
    struct score of[LANGUAGES], all;
    bool misses;
};

static struct score *score_of(struct table *t, struct pl_str locale) {
    struct pl_str lang = pl_locale_language(locale);
    for (size_t i = 0; i < LANGUAGES; i++) {
        if (t->locale[i][0] == 0 && lang.n < sizeof t->locale[i])
            memcpy(t->locale[i], lang.p, lang.n);
        if (pl_str_is(lang, t->locale[i])) return &t->of[i];
    }
    return &t->of[LANGUAGES - 1];
}

static size_t byte_at(struct pl_str text, int64_t characters) {
    size_t at = 0;
    while (characters-- > 0 && at < text.n) (void)pl_utf8_next(text, &at);
    return at;
}

static void judge(struct table *t, struct pl_str locale, struct pl_str text,
                  const struct pl_json *e, const struct span *v, size_t n) {
    int64_t from = 0, to = 0;
    int type = -1;
    const struct pl_json *a = pl_json_get(e, "start"), *b = pl_json_get(e, "end");
    for (int i = 0; i < TYPES; i++)
        if (pl_str_is(pl_json_text(e, "type"), kinds[i])) type = i;
    if (type < 0 || !a || !b || !pl_str_i64(a->s, &from) || !pl_str_i64(b->s, &to)) return;
    size_t start = byte_at(text, from), end = byte_at(text, to);
    bool part = false, exact = false;
    for (size_t i = 0; i < n; i++) {
        if (v[i].type != type) continue;
        part |= v[i].start < end && v[i].end > start;
        exact |= v[i].start == start && v[i].end == end;
    }
    struct score *s = score_of(t, locale);
    s->n[type]++, s->part[type] += part, s->exact[type] += exact;
    t->all.n[type]++, t->all.part[type] += part, t->all.exact[type] += exact;
    if (t->misses && !exact)
        printf("%s\t%.*s\t%s\t%.*s\t%.*s\n", kinds[type], PL_STR_ARG(locale),
               part ? "part" : "none", (int)(end - start), text.p + start, PL_STR_ARG(text));
}

static void judge_line(struct nlu_reader *r, struct pl_arena *a, struct pl_str line,
                       struct table *t) {
    struct pl_json j;
    struct span v[SPANS];
    size_t at;
    if (pl_json_parse(a, line, &j, &at) != PL_OK) return;
    const struct pl_json *entities = pl_json_get(&j, "entities");
    struct pl_str text = pl_json_text(&j, "text"), locale = pl_json_text(&j, "locale");
    bool other = pl_str_is(locale, "sv") || pl_str_is(locale, "bg");
    if (!entities || other || nlu_is_held_out(text) == t->misses) return;
    if (pl_str_is(pl_json_text(&j, "group"), "DateTime")) return;
    struct pl_nlp_reading reading = nlu_read(r, locale, text);
    size_t n = spans_of(&reading, v);
    for (size_t i = 0; i < entities->n; i++) judge(t, locale, text, &entities->m[i].value, v, n);
}

/* duckling's texts are each one value from end to end. */
static void judge_whole(struct nlu_reader *r, struct pl_arena *a, struct pl_str line,
                        struct table *t) {
    static const char *const dims[TYPES] = {"Numeral", "", "AmountOfMoney", "Ordinal", "Url", ""};
    struct pl_json j;
    struct span v[SPANS];
    size_t at;
    int type = -1;
    if (pl_json_parse(a, line, &j, &at) != PL_OK) return;
    struct pl_str text = pl_json_text(&j, "text"), locale = pl_json_text(&j, "locale");
    for (int i = 0; i < TYPES; i++)
        if (pl_str_is(pl_json_text(&j, "dim"), dims[i])) type = i;
    if (type < 0 || pl_str_is(pl_json_text(&j, "value"), "NEGATIVE")) return;
    if (nlu_is_held_out(text) == t->misses) return;
    if (pl_str_is(locale, "xx")) locale = PL_STR("en");
    struct pl_nlp_reading reading = nlu_read(r, locale, text);
    size_t n = spans_of(&reading, v);
    bool part = false, exact = false;
    for (size_t i = 0; i < n; i++) {
        part |= v[i].type == type;
        exact |= v[i].type == type && v[i].start == 0 && v[i].end == text.n;
    }
    struct score *s = score_of(t, locale);
    s->n[type]++, s->part[type] += part, s->exact[type] += exact;
    t->all.n[type]++, t->all.part[type] += part, t->all.exact[type] += exact;
    if (t->misses && !exact)
        printf("%s\t%.*s\t%s\t%.*s\n", kinds[type], PL_STR_ARG(locale), part ? "part" : "none",
               PL_STR_ARG(text));
}

static void print_score(const char *name, const struct score *s) {
    printf("  %-4s", name);
    for (int i = 0; i < TYPES; i++)
        if (s->n[i] > 0)
            printf(" %5.0f %5.1f %5.1f", s->n[i], nlu_percent(s->part[i], s->n[i]),
                   nlu_percent(s->exact[i], s->n[i]));
        else
            printf("     -     -     -");
    printf("\n");
}

typedef void judge_one(struct nlu_reader *r, struct pl_arena *a, struct pl_str line,
                       struct table *t);

static void measure(struct nlu *u, const char *file, judge_one *one) {
    struct table t = {.misses = u->nsets > 0 && strcmp(u->sets[0], "misses") == 0};
    struct nlu_reader r;
    struct pl_arena a;
    struct pl_str rest = nlu_file(u, file), line;
    printf("values in %s, the half held out: how many, %% found in part, to the letter\n", file);
    if (rest.n == 0) {
        printf("  the set is not there\n");
        return;
    }
    pl_arena_init(&a, 0);
    nlu_reader_open(u, &r);
    while (nlu_line(&rest, &line)) {
        pl_arena_reset(&a);
        one(&r, &a, line, &t);
    }
    printf("      ");
    for (int i = 0; i < TYPES; i++) printf("%-18s", kinds[i]);
    printf("\n");
    for (size_t i = 0; i < LANGUAGES && t.locale[i][0]; i++) print_score(t.locale[i], &t.of[i]);
    print_score("all", &t.all);
    nlu_reader_close(&r);
    pl_arena_free(&a);
}

void nlu_table(struct nlu *u) {
    measure(u, "recognizers_text/train.jsonl", judge_line);
    measure(u, "duckling/train.jsonl", judge_whole);
}

/* ---- examples of our own ---- */

/* "20 euros = money {…}", one behind another. */
static void print_spans(struct pl_buf *b, struct pl_str text, const struct span *v, size_t n) {
    static const char *const names[TYPES] = {"number",  "percent", "money",
                                             "ordinal", "url",     "yes_no"};
    for (size_t i = 0; i < n; i++) {
        char amount[32] = "";
        const struct pl_value *x = &v[i].value;
        if (v[i].type <= 3) (void)pl_dec_print(v[i].type == 2 ? x->money.amount : x->n, amount);
        pl_buf_printf(b, "%s%.*s = %s", i ? "; " : "", (int)(v[i].end - v[i].start),
                      text.p + v[i].start, names[v[i].type]);
        if (v[i].type <= 3) pl_buf_printf(b, " %s", amount);
        if (v[i].type == 2) pl_buf_printf(b, " %s", x->money.currency);
        if (v[i].type == 4) pl_buf_printf(b, " %.*s", PL_STR_ARG(x->s));
        if (v[i].type == 5) pl_buf_printf(b, " %s", x->b ? "yes" : "no");
    }
}

/* Lines of locale, text and what is found in it; # begins a remark. */
bool nlu_quick(struct nlu *u) {
    struct nlu_reader r;
    bool wrong = false;
    struct pl_str rest = nlu_file(u, "quick/entities.tsv"), line;
    nlu_reader_open(u, &r);
    while (nlu_line(&rest, &line)) {
        struct span v[SPANS];
        if (line.n == 0 || line.p[0] == '#') continue;
        struct pl_str locale = nlu_field(&line), text = nlu_field(&line), want = nlu_field(&line);
        struct pl_nlp_reading reading = nlu_read(&r, locale, text);
        struct pl_buf got = {0};
        print_spans(&got, text, v, spans_of(&reading, v));
        if (!pl_str_eq(pl_buf_slice(&got), want)) {
            printf("%.*s: %.*s\n  found  %.*s\n  wanted %.*s\n", PL_STR_ARG(locale),
                   PL_STR_ARG(text), PL_STR_ARG(pl_buf_slice(&got)), PL_STR_ARG(want));
            wrong = true;
        }
        pl_buf_free(&got);
    }
    nlu_reader_close(&r);
    return wrong;
}
