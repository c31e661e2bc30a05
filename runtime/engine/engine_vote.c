/* SPDX-License-Identifier: Apache-2.0
 *
 * What customers make of articles: how often one was opened, and whether it helped.
 *
 *   row:    'a' 'v' | conversation (16) | seq (8)   what he said of this answer: +1, -1
 *   row:    'a' 't' | name, a long one cut and hashed   views, helpful, not (var), name
 *
 * A vote is an entry of its conversation that names the articles. Its row and the tallies change in
 * one transaction and by the difference alone, so that one entry played twice counts once. What was
 * counted stays when a conversation is erased: it says nothing of anybody.
 */
#include "runtime/engine/engine_priv.h"

#include <string.h>

#define VOTE_KEY   26
#define NAME_MOST  160  /* bytes of a name in a key */
#define VOTES_MOST 4096 /* rows of a conversation that are dropped at once */

/* ---- tallies ---- */

static struct pl_str tally_key(struct pl_arena *a, struct pl_str name) {
    uint64_t hash = pl_fnv(PL_FNV, name.p, name.n);
    if (name.n <= NAME_MOST) return pl_arena_printf(a, "at%.*s", PL_STR_ARG(name));
    return pl_arena_printf(a, "at%.*s%016llx", NAME_MOST, name.p, (unsigned long long)hash);
}

static bool read_tally(struct pl_str bytes, struct pl_engine_tally *out) {
    struct pl_reader r = pl_reader_of(bytes);
    out->views = pl_read_var(&r);
    out->helpful = pl_read_var(&r);
    out->unhelpful = pl_read_var(&r);
    out->article = pl_read_text(&r);
    return !r.bad && pl_read_left(&r) == 0;
}

bool pl_engine_tally(struct pl_store *store, struct pl_arena *a, struct pl_str article,
                     struct pl_engine_tally *out) {
    struct pl_str value;
    *out = (struct pl_engine_tally){0};
    bool known = pl_store_load(store, a, tally_key(a, article), &value) == PL_OK &&
                 read_tally(value, out) && pl_str_eq(out->article, article);
    if (!known) *out = (struct pl_engine_tally){.article = article};
    return known;
}

enum pl_err pl_engine_tallies(struct pl_store *store, struct pl_arena *a,
                              struct pl_engine_tally **out, size_t *n) {
    struct pl_store_row *rows;
    size_t nrows;
    *n = 0;
    enum pl_err err = pl_store_rows(store, a, PL_STR("at"), PL_STR(""), SIZE_MAX, &rows, &nrows);
    if (err != PL_OK) return err;
    *out = PL_NEW_ARRAY(a, struct pl_engine_tally, nrows + 1);
    for (size_t i = 0; i < nrows; i++)
        if (read_tally(rows[i].value, &(*out)[*n])) ++*n;
    return PL_OK;
}

static struct pl_store_row tally_row(struct pl_arena *a, const struct pl_engine_tally *t) {
    struct pl_buf b = {0};
    pl_buf_var(&b, t->views);
    pl_buf_var(&b, t->helpful);
    pl_buf_var(&b, t->unhelpful);
    pl_buf_text(&b, t->article);
    struct pl_store_row row = {tally_key(a, t->article), pl_arena_str(a, pl_buf_slice(&b))};
    pl_buf_free(&b);
    return row;
}

void pl_engine__viewed(struct pl_engine *e, const struct eng_input *in) {
    struct pl_arena a;
    struct pl_engine_tally t;
    pl_arena_init(&a, 0);
    pl_engine_tally(e->config.store, &a, in->text, &t);
    t.views++;
    ENG_COUNT(e, ARTICLES_VIEWED);
    struct pl_store_row row = tally_row(&a, &t);
    pl_store_project(e->config.store, &row, 1, NULL, 0);
    pl_arena_free(&a);
}

/* ---- votes ---- */

static void vote_key(char out[VOTE_KEY], const uint8_t id[16], uint64_t seq) {
    memcpy(out, "av", 2);
    memcpy(out + 2, id, 16);
    for (int i = 0; i < 8; i++) out[18 + i] = (char)(seq >> (56 - 8 * i));
}

static int vote_of(struct pl_engine *e, struct pl_arena *a, struct pl_str key) {
    struct pl_str value;
    if (pl_store_load(e->config.store, a, key, &value) != PL_OK || value.n != 1) return 0;
    return value.p[0] == '+' ? 1 : -1;
}

static void move_vote(struct pl_engine_tally *t, int old, int now) {
    if (old > 0 && t->helpful) t->helpful--;
    if (old < 0 && t->unhelpful) t->unhelpful--;
    if (now > 0) t->helpful++;
    if (now < 0) t->unhelpful++;
}

void pl_engine__voted(struct pl_engine *e, const struct eng_conv *c,
                      const struct pl_entry_rated *vote) {
    struct pl_arena a;
    struct pl_store_row rows[1 + PL_VM_ANSWER_SOURCES];
    char key[VOTE_KEY];
    size_t n = 1;
    int now = vote->value > 0 ? 1 : vote->value < 0 ? -1 : 0;
    vote_key(key, c->id, vote->seq);
    pl_arena_init(&a, 0);
    int old = vote_of(e, &a, (struct pl_str){key, sizeof key});
    rows[0] = (struct pl_store_row){.key = {key, sizeof key}};
    if (now) rows[0].value = now > 0 ? PL_STR("+") : PL_STR("-");
    struct pl_str rest = vote->articles;
    while (old != now && rest.n && n < PL_LEN(rows)) {
        size_t line = pl_str_find(rest, PL_STR("\n"));
        struct pl_engine_tally t;
        struct pl_str name = {rest.p, line == SIZE_MAX ? rest.n : line};
        pl_engine_tally(e->config.store, &a, name, &t);
        move_vote(&t, old, now);
        rows[n++] = tally_row(&a, &t);
        rest =
            line == SIZE_MAX ? PL_STR("") : (struct pl_str){rest.p + line + 1, rest.n - line - 1};
    }
    if (old != now) pl_store_project(e->config.store, rows, n, NULL, 0);
    pl_arena_free(&a);
}

void pl_engine__votes_drop(struct pl_engine *e, const uint8_t id[16]) {
    struct pl_arena a;
    struct pl_store_row *rows;
    char key[VOTE_KEY];
    size_t n = 0;
    vote_key(key, id, 0);
    pl_arena_init(&a, 0);
    if (pl_store_rows(e->config.store, &a, (struct pl_str){key, 18}, PL_STR(""), VOTES_MOST, &rows,
                      &n) != PL_OK)
        n = 0;
    for (size_t i = 0; i < n; i++) rows[i].value = (struct pl_str){0};
    if (n) pl_store_project(e->config.store, rows, n, NULL, 0);
    pl_arena_free(&a);
}

/* ---- what is voted on ---- */

struct rated {
    struct pl_arena *a;
    uint64_t seq;
    bool asks; /* the event asks whether it helped */
    struct pl_buf articles;
};

static bool has_line(const struct pl_buf *b, struct pl_str name) {
    struct pl_str rest = pl_buf_slice(b);
    while (rest.n) {
        size_t n = pl_str_find(rest, PL_STR("\n"));
        if (n == SIZE_MAX) n = rest.n;
        if (pl_str_eq((struct pl_str){rest.p, n}, name)) return true;
        if (n == rest.n) break;
        rest = (struct pl_str){rest.p + n + 1, rest.n - n - 1};
    }
    return false;
}

static void add_source(struct rated *x, const struct pl_json *part) {
    struct pl_str id = pl_json_text(part, "article"), locale = pl_json_text(part, "locale");
    if (!pl_str_starts(id, PL_STR("kb/")) || locale.n == 0) return;
    struct pl_str name =
        pl_arena_printf(x->a, "%.*s/%.*s", PL_STR_ARG(locale), (int)(id.n - 3), id.p + 3);
    if (has_line(&x->articles, name)) return;
    if (x->articles.n) pl_buf_byte(&x->articles, '\n');
    pl_buf_str(&x->articles, name);
}

static bool read_rated(void *ctx, uint64_t seq, int64_t at_ms, struct pl_str json) {
    struct rated *x = ctx;
    struct pl_json event;
    size_t at;
    (void)at_ms;
    if (seq != x->seq || pl_json_parse(x->a, pl_arena_str(x->a, json), &event, &at) != PL_OK)
        return false;
    const struct pl_json *parts = pl_json_get(&event, "parts");
    for (size_t i = 0; parts && i < parts->n; i++) {
        struct pl_str type = pl_json_text(&parts->m[i].value, "type");
        if (pl_str_is(type, "rating")) x->asks = true;
        if (pl_str_is(type, "source")) add_source(x, &parts->m[i].value);
    }
    return false;
}

/* Once for each answer: the same again is no vote, and leaves nothing behind. */
bool pl_engine__rate(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                     const struct eng_input *in) {
    struct rated x = {.a = t->a, .seq = in->seq};
    char key[VOTE_KEY];
    if (in->seq && in->seq <= c->j.seq)
        pl_journal_events(e->journal, &c->j, in->seq - 1, read_rated, &x);
    struct pl_entry entry = {.kind = PL_ENTRY_RATED, .flags = PL_ENTRY_WAITS, .noutputs = 1};
    entry.rated = (struct pl_entry_rated){.seq = in->seq, .value = in->value};
    entry.rated.articles = pl_arena_str(t->a, pl_buf_slice(&x.articles));
    pl_buf_free(&x.articles);
    vote_key(key, c->id, in->seq);
    bool news = x.asks && vote_of(e, t->a, (struct pl_str){key, sizeof key}) != in->value;
    if (!news) return x.asks;
    struct pl_str json = pl_arena_printf(t->a, "{\"kind\":\"rated\",\"rates\":%llu,\"value\":%d}",
                                         (unsigned long long)in->seq, (int)in->value);
    entry.outputs = &json;
    if (!pl_engine__add(e, t, &entry)) return true;
    PL_PUSH(&t->votes, entry.rated);
    ENG_COUNT(e, RATED);
    return true;
}
