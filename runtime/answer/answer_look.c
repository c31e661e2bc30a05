/* SPDX-License-Identifier: Apache-2.0
 *
 * The model's reply, looked at sentence by sentence as it comes: a sentence is shown when all of it
 * may be, and nothing after one that may not.
 */
#include "runtime/answer/answer_priv.h"

#include <string.h>

#define LEAST_TO_TELL 40 /* bytes of text that a language can be told of */

/* ---- what is no text: citations and placeholders ---- */

/* "[1]" or "[1, 3]" at `at`: its length, the passages as bits; 0: none. */
static size_t citation(struct pl_str s, size_t at, uint32_t n, uint32_t *bits) {
    uint32_t number = 0, found = 0;
    if (s.p[at] != '[') return 0;
    for (size_t i = at + 1; i < s.n && i < at + 24; i++) {
        char c = s.p[i];
        if (c >= '0' && c <= '9') {
            number = number * 10 + (uint32_t)(c - '0');
            continue;
        }
        if (c != ',' && c != ' ' && c != ']') return 0;
        if (number >= 1 && number <= n) found |= 1u << (number - 1);
        if (c == ' ') continue;
        number = 0;
        if (c != ']') continue;
        *bits |= found;
        return found != 0 ? i + 1 - at : 0;
    }
    return 0;
}

/* The sentence without citations, and without the blank before one. */
static struct pl_str without_citations(struct turn *t, struct pl_str s) {
    struct pl_buf *b = &t->plain;
    pl_buf_clear(b);
    for (size_t i = 0; i < s.n;) {
        size_t n = citation(s, i, t->found.n, &t->cited);
        if (n == 0) {
            pl_buf_byte(b, (uint8_t)s.p[i++]);
            continue;
        }
        while (b->n > 0 && b->p[b->n - 1] == ' ') b->n--;
        i += n;
    }
    return pl_arena_str(&t->owner->look, pl_buf_slice(b));
}

/* The sentence without placeholders: they are nobody's claim. */
static struct pl_str without_placeholders(struct turn *t, struct pl_str s) {
    struct pl_buf *b = &t->plain;
    pl_buf_clear(b);
    for (size_t i = 0; i < s.n;) {
        struct pl_str rest = {s.p + i, s.n - i};
        size_t close =
            pl_str_starts(rest, PL_STR("\u27e6")) ? pl_str_find(rest, PL_STR("\u27e7")) : SIZE_MAX;
        if (close == SIZE_MAX) {
            pl_buf_byte(b, (uint8_t)s.p[i++]);
            continue;
        }
        pl_buf_byte(b, ' ');
        i += close + strlen("\u27e7");
    }
    return pl_arena_str(&t->owner->look, pl_buf_slice(b));
}

/* ---- never ---- */

/* All words of what must not be done, in one sentence. */
bool pl_answer__does_never(const struct turn *t, const struct claim *c) {
    const struct reading *r = &t->evidence.r;
    struct pl_str source = pl_locale_language(t->program->source_locale);
    if (!pl_str_eq(source, r->language)) return false;
    for (uint32_t i = 0; i < t->spec->nnever; i++) {
        struct pl_str line = t->spec->never[i];
        const struct known_text *known = pl_answer__text(t->evidence.texts, r, line, true);
        struct claim never;
        if (known != NULL)
            never = known->v[0];
        else if (!pl_answer__claim(r, line, &never))
            return true;
        uint32_t n = 0;
        for (uint32_t k = 0; k < never.nstems; k++)
            for (uint32_t j = 0; j < c->nstems; j++)
                if (pl_str_eq(never.stems[k], c->stems[j])) {
                    n++;
                    break;
                }
        if (never.nstems > 0 && n == never.nstems) return true;
    }
    return false;
}

/* ---- the whole reply so far ---- */

enum answer_why pl_answer__language(const struct turn *t, struct pl_str said) {
    const struct pl_answer_config *c = &t->owner->config;
    if (c->language == NULL || said.n < LEAST_TO_TELL) return WHY_NONE;
    struct pl_str expected = pl_locale_language(t->in.locale);
    struct pl_str is = c->language(c->language_ctx, said, expected);
    return is.n > 0 && !pl_str_eq(is, expected) ? WHY_LANGUAGE : WHY_NONE;
}

static size_t code_points(struct pl_str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) n += ((uint8_t)s.p[i] & 0xc0) != 0x80;
    return n;
}

static void weigh(struct turn *t, const struct claim *c) {
    t->replies |= c->replies;
    if (!pl_answer__says_something(c)) return;
    t->substance++;
    t->to_the_point |= t->evidence.foreign || pl_answer__to_the_point(&t->evidence, c);
}

static enum answer_why sentence(struct turn *t, struct pl_str s) {
    struct claim c;
    struct reading r = t->evidence.r;
    r.a = &t->owner->look;
    struct pl_str text = without_citations(t, s);
    struct pl_str bare = without_placeholders(t, text);
    if (text.p == NULL || bare.p == NULL || !pl_answer__claim(&r, bare, &c)) return WHY_LONG;
    if (pl_answer__language(t, bare) != WHY_NONE) return WHY_LANGUAGE;
    enum answer_why why =
        pl_answer__does_never(t, &c) ? WHY_NEVER : pl_answer__supported(&t->evidence, &c);
    if (why != WHY_NONE) return why;
    uint32_t foreign = pl_veil_foreign(t->veil);

    pl_veil_show(t->veil, text, true, &t->shown);
    if (pl_veil_foreign(t->veil) != foreign) {
        pl_answer__count(t->owner, PL_ANSWER_COUNT_FOREIGN);
        return WHY_LEAK;
    }
    if (code_points(pl_buf_slice(&t->shown)) > PL_ANSWER_MOST_SHOWN) return WHY_LONG;
    why = pl_answer__language(t, pl_buf_slice(&t->shown)); /* of short sentences together */
    if (why != WHY_NONE) return why;
    pl_answer__count(t->owner, PL_ANSWER_COUNT_SENTENCES);
    weigh(t, &c);
    if (t->in.partial == NULL || t->substance == 0 || (t->replies && !t->to_the_point))
        return WHY_NONE; /* "Yes." alone is not for showing */
    struct pl_str news = {t->shown.p + t->released, t->shown.n - t->released};
    t->released = t->shown.n;
    if (news.n > 0) t->in.partial(t->in.ctx, t->attempts + t->attempt, news);
    return WHY_NONE;
}

/* Whether a sentence may end in what has come so far that had not ended at the last look. Whether
 * one ends behind a mark is known from the next letter on. */
static bool may_end(struct turn *t) {
    struct pl_str raw = pl_buf_slice(&t->raw);
    bool may = t->open;
    while (t->looked < raw.n) {
        uint32_t c = pl_utf8_next(raw, &t->looked);
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            t->open = false;
        else if (pl_locale_ends_sentence(c))
            may = t->open = true;
    }
    return may;
}

static bool leaks(struct turn *t) {
    size_t from = t->looked > sizeof t->canary ? t->looked - sizeof t->canary : 0;
    struct pl_str raw = {t->raw.p + from,
                         t->raw.n - from}; /* what is new, and a mark's beginning */
    return pl_str_find(raw, pl_str_c(t->canary)) != SIZE_MAX ||
           pl_str_find(raw, pl_str_c(t->fence)) != SIZE_MAX;
}

/* What may still become "NOT_SURE". */
static bool abstains(struct turn *t, bool whole) {
    struct pl_str s = pl_str_trim(pl_buf_slice(&t->raw)), word = PL_STR(PL_ANSWER_NOT_SURE);
    if (s.n < word.n) return !whole && pl_str_starts(word, s);
    return pl_str_starts(s, word);
}

enum answer_why pl_answer__look(struct turn *t, bool whole) {
    if (t->raw.n > PL_ANSWER_MOST_TEXT || t->raw.failed) return WHY_LONG;
    if (leaks(t)) return WHY_LEAK;
    if (abstains(t, whole))
        return whole || t->raw.n >= strlen(PL_ANSWER_NOT_SURE) ? WHY_ABSTAINED : WHY_NONE;
    struct pl_str rest = {t->raw.p + t->checked, t->raw.n - t->checked};
    uint32_t n, from = 0;
    if (rest.n == 0 || (!may_end(t) && !whole)) return WHY_NONE;
    pl_arena_reset(&t->owner->look);
    const uint32_t *ends = pl_locale_sentences(t->owner->config.locales, &t->owner->look, rest, &n);
    if (ends == NULL) return WHY_LONG;
    /* The last one may go on. */
    for (uint32_t i = 0; i + (whole ? 0 : 1) < n; from = ends[i++]) {
        enum answer_why why = sentence(t, (struct pl_str){rest.p + from, ends[i] - from});
        if (why != WHY_NONE) {
            pl_answer__count(t->owner, PL_ANSWER_COUNT_BLOCKED);
            return why;
        }
        t->checked += ends[i] - from;
    }
    return WHY_NONE;
}

void pl_answer__forget(struct turn *t) {
    pl_buf_clear(&t->raw);
    pl_buf_clear(&t->shown);
    t->checked = t->looked = t->released = 0;
    t->open = false;
    t->substance = 0;
    t->replies = t->to_the_point = false;
    t->cited = 0;
}

/* ---- decisions ---- */

/* The JSON object in what a model wrote: some wrap it in a fence or a sentence. */
static struct pl_str object_in(struct pl_str s) {
    size_t from = 0, to = s.n;
    while (from < s.n && s.p[from] != '{') from++;
    while (to > from && s.p[to - 1] != '}') to--;
    return (struct pl_str){s.p + from, to - from};
}

enum answer_why pl_answer__decided(struct turn *t) {
    if (t->raw.n > PL_ANSWER_MOST_TEXT || t->raw.failed) return WHY_LONG;
    if (leaks(t)) return WHY_LEAK;
    struct pl_str raw = pl_str_trim(pl_buf_slice(&t->raw)), where;
    struct pl_json json, word = {.kind = PL_JTEXT, .s = raw};
    const struct pl_json *v = &word;
    size_t at;
    if (pl_json_parse(&t->a, object_in(raw), &json, &at) == PL_OK) v = pl_json_get(&json, "value");
    if (v == NULL || (v->kind == PL_JTEXT && pl_str_is(v->s, "none"))) return WHY_ABSTAINED;
    struct pl_value value;
    struct pl_type type = t->spec->type;
    type.optional = false;
    enum pl_err err = pl_value_from_json(&t->a, &t->program->types, type, v, &value, &where);
    if (err != PL_OK || !pl_value_is(&t->program->types, type, value)) return WHY_SHAPE;
    struct pl_buf b = {0};
    pl_value_write(&b, value);
    t->value = pl_arena_str(&t->a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return t->value.p == NULL ? WHY_LONG : WHY_NONE;
}
