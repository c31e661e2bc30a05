/* SPDX-License-Identifier: Apache-2.0
 *
 * Yes and no, words of change, and which of some options a message means.
 */
#include "runtime/nlp/nlp_priv.h"

#include <string.h>

/* One string per list: phrases with '|' between, or words with spaces around. */
#define YES(phrases)    static const char yes_phrases[] = phrases;
#define NO(phrases)     static const char no_phrases[] = phrases;
#define OKAY(phrases)   static const char okay_phrases[] = phrases;
#define FILLER(phrases) static const char fillers[] = phrases;
#define CHANGE(phrases) static const char change_phrases[] = phrases;
#define UNSURE(phrases) static const char unsure_phrases[] = phrases;
#include "runtime/nlp/builtin.def"

static const struct {
    int place;
    const char *words;
} places[] = {
#define NUMBER(value, words)  {value, words},
#define ORDINAL(value, words) {value, words},
#include "runtime/nlp/builtin.def"
};

/* How many words of the message from word i on are the phrase; 0: they are not. */
static uint32_t phrase_at(const struct pl_words *w, uint32_t i, struct pl_str phrase) {
    uint32_t n = 0;
    while (phrase.n > 0) {
        size_t space = 0;
        while (space < phrase.n && phrase.p[space] != ' ') space++;
        if (i + n >= w->n || !pl_str_eq(w->v[i + n].folded, (struct pl_str){phrase.p, space}))
            return 0;
        n++;
        if (space < phrase.n) space++;
        phrase = (struct pl_str){phrase.p + space, phrase.n - space};
    }
    return n;
}

/* The longest phrase of the list that stands at word i, in words. */
static uint32_t any_at(const struct pl_words *w, uint32_t i, const char *phrases) {
    uint32_t most = 0;
    for (const char *p = phrases; *p != 0;) {
        size_t n = strcspn(p, "|");
        uint32_t k = phrase_at(w, i, (struct pl_str){p, n});
        if (k > most) most = k;
        p += n + (p[n] == '|');
    }
    return most;
}

static bool any_in(const struct pl_words *w, const char *phrases) {
    for (uint32_t i = 0; i < w->n; i++)
        if (any_at(w, i, phrases) > 0) return true;
    return false;
}

static bool in_list(const char *words, struct pl_str w) {
    char b[40];
    if (w.n + 3 > sizeof(b)) return false;
    b[0] = ' ';
    memcpy(b + 1, w.p, w.n);
    b[w.n + 1] = ' ';
    b[w.n + 2] = 0;
    return strstr(words, b) != NULL;
}

#define MOST_ANSWER 6 /* words of "no, I don't think so, thanks" */

static bool has_entity(const struct pl_nlp_reading *r) {
    for (uint32_t i = 0; i < r->nfound; i++)
        if (r->found[i].value.kind != PL_KIND_NUMBER && !r->found[i].needs_after) return true;
    return false;
}

/* A thumb or a tick, when there is nothing else. */
static uint8_t sign_of(struct pl_str text) {
    static const struct {
        const char *sign;
        uint8_t answer;
    } signs[] = {{"\U0001F44D", PL_NLP_YES}, {"\U0001F44C", PL_NLP_YES}, {"\u2705", PL_NLP_YES},
                 {"\u2714", PL_NLP_YES},     {"\U0001F44E", PL_NLP_NO},  {"\u274C", PL_NLP_NO}};
    uint8_t answer = PL_NLP_NEITHER;
    for (size_t i = 0; i < PL_LEN(signs); i++) {
        if (pl_str_find(text, pl_str_c(signs[i].sign)) == SIZE_MAX) continue;
        if (answer != PL_NLP_NEITHER && answer != signs[i].answer) return PL_NLP_NEITHER;
        answer = signs[i].answer;
    }
    return answer;
}

static bool is_question(struct pl_str text) {
    text = pl_str_trim(text);
    return pl_str_ends(text, PL_STR("?")) || pl_str_ends(text, PL_STR("\u061F"));
}

/* Every word must belong to a yes, a no or politeness. Both a yes and a no are neither, but "ok, no
 * thanks" is a no. */
static uint8_t answer_of(const struct pl_words *w) {
    uint32_t yes = 0, okay = 0, no = 0, n;
    for (uint32_t i = 0; i < w->n; i += n) {
        uint32_t y = any_at(w, i, yes_phrases), o = any_at(w, i, okay_phrases);
        uint32_t x = any_at(w, i, no_phrases), f = any_at(w, i, fillers);
        n = y > o ? y : o;
        if (x > n) n = x;
        if (f > n) n = f;
        if (n == 0) return PL_NLP_NEITHER;
        if (n == f && f > x && f > y && f > o) continue;
        yes += n == y;
        okay += n == o && n != y;
        no += n == x;
    }
    if (yes && no) return PL_NLP_NEITHER;
    return no ? PL_NLP_NO : yes || okay ? PL_NLP_YES : PL_NLP_NEITHER;
}

void pl_nlp__answer(struct pl_nlp_turn *t) {
    struct pl_nlp_reading *r = t->r;
    const struct pl_words *w = &r->words;
    bool no_better = any_at(w, 0, "mejor no") == w->n && w->n > 0; /* no change: a no */
    r->change = any_in(w, change_phrases) && !no_better;
    if (w->n > MOST_ANSWER || has_entity(r) || r->change || is_question(w->text)) return;
    if (any_in(w, unsure_phrases)) return;
    r->answer = w->n ? answer_of(w) : sign_of(w->text);
}

/* ---- options ---- */

static bool same_word(const struct pl_word *a, const struct pl_word *b) {
    return pl_str_eq(a->folded, b->folded) || pl_str_eq(a->stem, b->stem);
}

/* Do all words of `part` stand in `whole`, one after another? */
static bool contains(const struct pl_words *whole, const struct pl_words *part) {
    if (part->n == 0) return false;
    for (uint32_t i = 0; i + part->n <= whole->n; i++) {
        uint32_t k = 0;
        while (k < part->n && same_word(&whole->v[i + k], &part->v[k])) k++;
        if (k == part->n) return true;
    }
    return false;
}

/* The message without politeness. */
static struct pl_words bare(struct pl_arena *a, const struct pl_words *w) {
    struct pl_words out = {.text = w->text, .v = PL_NEW_ARRAY(a, struct pl_word, w->n + 1)};
    for (uint32_t i = 0; i < w->n;) {
        uint32_t polite = any_at(w, i, fillers);
        if (polite == 0) out.v[out.n++] = w->v[i];
        i += polite ? polite : 1;
    }
    return out.n > 0 ? out : *w;
}

static uint32_t place_of(const struct pl_words *w, uint32_t n) {
    static const char around[] =
        " the one option number el la opcion numero de los las الخيار رقم ";
    int place = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        struct pl_str s = w->v[i].folded;
        int64_t number = 0;
        int found = 0;
        if (pl_str_i64(s, &number) && number > 0 && number <= n) found = (int)number;
        for (size_t j = 0; j < PL_LEN(places) && found == 0; j++)
            if (in_list(places[j].words, s)) found = places[j].place;
        bool loose = in_list(around, s); /* "the second one" */
        if (found == 0 && !loose) return UINT32_MAX;
        if (found != 0 && !(loose && place != 0)) place = place != 0 ? place : found;
    }
    if (place == -1) return n - 1;
    return place > 0 && (uint32_t)place <= n ? (uint32_t)place - 1 : UINT32_MAX;
}

/* "sí" means "Yes, please", whatever language the options are in: the only option that says it. */
static uint32_t same_answer(struct pl_nlp *n, struct pl_arena *a, uint8_t answer,
                            const struct pl_nlp_phrase *options, uint32_t noptions) {
    uint32_t found = UINT32_MAX;
    if (answer == PL_NLP_NEITHER) return UINT32_MAX;
    for (uint32_t i = 0; i < noptions; i++) {
        struct pl_nlp_reading r = {0};
        struct pl_nlp_turn t = {.nlp = n, .a = a, .r = &r};
        r.words =
            pl_locale_words(n->tools, a, options[i].text, pl_locale_language(options[i].lang));
        pl_nlp__answer(&t);
        if (r.answer != answer) continue;
        if (found != UINT32_MAX) return UINT32_MAX;
        found = i;
    }
    return found;
}

uint32_t pl_nlp_pick(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_reading *r,
                     const struct pl_nlp_phrase *options, uint32_t noptions) {
    struct pl_words said = bare(a, &r->words);
    uint32_t within = UINT32_MAX, hits = 0;
    for (uint32_t i = 0; i < noptions; i++) {
        struct pl_str lang = options[i].lang.n > 0 ? options[i].lang : r->language;
        struct pl_words w = pl_locale_words(n->tools, a, options[i].text, pl_locale_language(lang));
        struct pl_words b = bare(a, &w);
        if (said.n == w.n && contains(&said, &w)) return i;
        if (r->words.n == w.n && contains(&r->words, &w)) return i;
        if (said.n == b.n && contains(&said, &b)) return i;
        if (!contains(&r->words, &b) && !contains(&b, &said)) continue;
        hits++;
        within = i;
    }
    if (hits == 1) return within;
    uint32_t place = place_of(&r->words, noptions);
    return place < noptions ? place : same_answer(n, a, r->answer, options, noptions);
}
