/* SPDX-License-Identifier: Apache-2.0
 *
 * How well times are found: recognizers_text, and examples of our own that are right to the letter.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/nlu/nlu.h"

#define LANGUAGES 24

/* ---- the table ---- */

struct score {
    char locale[8];
    double n, overlap, exact;
    double held, held_overlap, held_exact; /* of the half that the hash of a text puts aside */
};

static void count(struct score *s, struct pl_str text, bool overlap, bool exact) {
    double held = nlu_is_held_out(text);
    s->n++, s->overlap += overlap, s->exact += exact;
    s->held += held, s->held_overlap += held * overlap, s->held_exact += held * exact;
}

static struct score *score_of(struct score *v, struct pl_str locale) {
    struct pl_str lang = pl_locale_language(locale);
    for (size_t i = 0; i < LANGUAGES; i++) {
        if (v[i].locale[0] == 0 && lang.n < sizeof v[i].locale) memcpy(v[i].locale, lang.p, lang.n);
        if (pl_str_is(lang, v[i].locale)) return &v[i];
    }
    return &v[LANGUAGES - 1];
}

/* The byte in front of which there are so many characters. */
static size_t byte_at(struct pl_str text, int64_t characters) {
    size_t at = 0;
    while (characters-- > 0 && at < text.n) (void)pl_utf8_next(text, &at);
    return at;
}

static void judge(const struct pl_nlp_reading *r, struct pl_str text, const struct pl_json *e,
                  struct score *s) {
    int64_t from = 0, to = 0;
    const struct pl_json *a = pl_json_get(e, "start"), *b = pl_json_get(e, "end");
    if (!a || !b || !pl_str_i64(a->s, &from) || !pl_str_i64(b->s, &to)) return;
    size_t start = byte_at(text, from), end = byte_at(text, to);
    bool overlap = false, exact = false;
    for (uint32_t i = 0; i < r->ntimes; i++) {
        overlap |= r->times[i].start < end && r->times[i].end > start;
        exact |= r->times[i].start == start && r->times[i].end == end;
    }
    count(s, text, overlap, exact);
}

static void judge_line(struct nlu_reader *r, struct pl_arena *a, struct pl_str line,
                       struct score *v) {
    struct pl_json j;
    size_t at;
    if (pl_json_parse(a, line, &j, &at) != PL_OK) return;
    const struct pl_json *entities = pl_json_get(&j, "entities");
    if (!pl_str_is(pl_json_text(&j, "group"), "DateTime") || !entities) return;
    struct pl_str text = pl_json_text(&j, "text"), locale = pl_json_text(&j, "locale");
    struct pl_nlp_reading reading = nlu_read(r, locale, text);
    for (size_t i = 0; i < entities->n; i++)
        judge(&reading, text, &entities->m[i].value, score_of(v, locale));
}

/* duckling's texts are each one time from end to end. */
static void judge_whole(struct nlu_reader *r, struct pl_arena *a, struct pl_str line,
                        struct score *v) {
    struct pl_json j;
    size_t at;
    if (pl_json_parse(a, line, &j, &at) != PL_OK) return;
    struct pl_str text = pl_json_text(&j, "text"), locale = pl_json_text(&j, "locale");
    bool time = pl_str_is(pl_json_text(&j, "dim"), "Time") ||
                pl_str_is(pl_json_text(&j, "dim"), "Duration");
    if (!time || pl_str_is(pl_json_text(&j, "value"), "NEGATIVE")) return;
    struct pl_nlp_reading reading = nlu_read(r, locale, text);
    bool whole = false;
    for (uint32_t i = 0; i < reading.ntimes; i++)
        whole |= reading.times[i].start == 0 && reading.times[i].end == text.n;
    count(score_of(v, locale), text, reading.ntimes > 0, whole);
}

typedef void judge_one(struct nlu_reader *r, struct pl_arena *a, struct pl_str line,
                       struct score *v);

static void measure(struct nlu *u, const char *file, judge_one *one) {
    struct score v[LANGUAGES] = {{{0}, 0, 0, 0, 0, 0, 0}};
    struct nlu_reader r;
    struct pl_arena a;
    struct pl_str rest = nlu_file(u, file), line;
    printf("times in %s, %% found in part and to the letter; of the half held out\n", file);
    if (rest.n == 0) {
        printf("  the set is not there\n");
        return;
    }
    pl_arena_init(&a, 0);
    nlu_reader_open(u, &r);
    while (nlu_line(&rest, &line)) {
        pl_arena_reset(&a);
        one(&r, &a, line, v);
    }
    for (size_t i = 0; i < LANGUAGES && v[i].locale[0]; i++)
        printf("  %-4s %5.0f  part %5.1f  exact %5.1f  held out %5.0f  part %5.1f  exact %5.1f\n",
               v[i].locale, v[i].n, nlu_percent(v[i].overlap, v[i].n),
               nlu_percent(v[i].exact, v[i].n), v[i].held,
               nlu_percent(v[i].held_overlap, v[i].held), nlu_percent(v[i].held_exact, v[i].held));
    nlu_reader_close(&r);
    pl_arena_free(&a);
}

void nlu_table(struct nlu *u) {
    measure(u, "recognizers_text/train.jsonl", judge_line);
    measure(u, "duckling/train.jsonl", judge_whole);
    nlu_peers(u, "times");
}

/* ---- examples of our own ---- */

static void print_end(struct pl_buf *b, int32_t day, int32_t second) {
    int y, m, d;
    pl_date_split(day == PL_NLP_OPEN ? 0 : day, &y, &m, &d);
    if (day != PL_NLP_OPEN) pl_buf_printf(b, "%04d-%02d-%02d", y, m, d);
    if (second != PL_NLP_OPEN)
        pl_buf_printf(b, "%s%02d:%02d", day != PL_NLP_OPEN ? "T" : "", second / 3600,
                      second / 60 % 60);
}

/* "next week 2026-11-30/2026-12-07", one behind another. */
static void print_times(struct pl_buf *b, struct pl_str text, const struct pl_nlp_reading *r) {
    for (uint32_t i = 0; i < r->ntimes; i++) {
        const struct pl_nlp_time *t = &r->times[i];
        pl_buf_printf(b, "%s%.*s = ", i ? "; " : "", (int)(t->end - t->start), text.p + t->start);
        if (t->kind == PL_NLP_IS_SET) pl_buf_c(b, "set ");
        if (t->kind == PL_NLP_IS_DURATION) {
            pl_buf_printf(b, "%lld min", (long long)t->ms / 60000);
            continue;
        }
        print_end(b, t->day, t->second);
        if (t->last_day == PL_NLP_OPEN && t->last_second == PL_NLP_OPEN) continue;
        pl_buf_byte(b, '/');
        print_end(b, t->last_day, t->last_second);
    }
}

/* Lines of locale, text and what is found in it; # begins a remark. */
bool nlu_quick(struct nlu *u) {
    struct nlu_reader r;
    bool wrong = false;
    struct pl_str rest = nlu_file(u, "quick/times.tsv"), line;
    nlu_reader_open(u, &r);
    while (nlu_line(&rest, &line)) {
        if (line.n == 0 || line.p[0] == '#') continue;
        struct pl_str locale = nlu_field(&line), text = nlu_field(&line), want = nlu_field(&line);
        struct pl_nlp_reading reading = nlu_read(&r, locale, text);
        struct pl_buf got = {0};
        print_times(&got, text, &reading);
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
