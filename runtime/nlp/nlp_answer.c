/* SPDX-License-Identifier: Apache-2.0
 *
 * Yes and no, words of change, and which of some options a message means.
 */
#include "runtime/nlp/nlp_priv.h"

#include <string.h>

/* One string per list: phrases with '|' between, or words with spaces around. */
#define YES(phrases)    static const char yes_phrases[] = "|" phrases;
#define NO(phrases)     static const char no_phrases[] = "|" phrases;
#define OKAY(phrases)   static const char okay_phrases[] = "|" phrases;
#define AND(words)      static const char connectors[] = words;
#define ALL(phrases)    static const char all_phrases[] = "|" phrases;
#define NONE(phrases)   static const char none_phrases[] = "|" phrases;
#define FILLER(phrases) static const char fillers[] = "|" phrases;
#define CHANGE(phrases) static const char change_phrases[] = "|" phrases;
#define UNSURE(phrases) static const char unsure_phrases[] = "|" phrases;
#include "runtime/nlp/builtin.def"

#define MOST_FIRST 60 /* bytes of a phrase's first word */

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

/* The longest phrase of the list that stands at word i, in words. Every phrase stands behind a bar,
 * so that those that begin with the word are found without looking at the others. `tag` is that of
 * words that begin one. */
static uint32_t any_at(const struct pl_words *w, uint32_t i, const char *phrases, uint32_t tag) {
    char first[MOST_FIRST + 2];
    uint32_t most = 0;
    struct pl_str word = i < w->n ? w->v[i].folded : PL_STR("");
    if (word.n == 0 || word.n > MOST_FIRST || !pl_nlp__may_be(&w->v[i], tag)) return 0;
    first[0] = '|';
    memcpy(first + 1, word.p, word.n);
    first[1 + word.n] = '\0';
    for (const char *p = phrases; (p = strstr(p, first)) != NULL;) {
        uint32_t k = phrase_at(w, i, (struct pl_str){p + 1, strcspn(p + 1, "|")});
        if (k > most) most = k;
        p++;
    }
    return most;
}

static bool any_in(const struct pl_words *w, const char *phrases, uint32_t tag) {
    for (uint32_t i = 0; i < w->n; i++)
        if (any_at(w, i, phrases, tag) > 0) return true;
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
uint8_t pl_nlp__answer_of(const struct pl_words *w) {
    uint32_t yes = 0, okay = 0, no = 0, n;
    for (uint32_t i = 0; i < w->n; i += n) {
        uint32_t y = any_at(w, i, yes_phrases, PL_NLP_TAG_YES),
                 o = any_at(w, i, okay_phrases, PL_NLP_TAG_OKAY);
        uint32_t x = any_at(w, i, no_phrases, PL_NLP_TAG_NO),
                 f = any_at(w, i, fillers, PL_NLP_TAG_FILLER);
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

uint32_t pl_nlp__answer_at(const struct pl_words *w, uint32_t i, bool *yes) {
    uint32_t y = any_at(w, i, yes_phrases, PL_NLP_TAG_YES),
             o = any_at(w, i, okay_phrases, PL_NLP_TAG_OKAY);
    uint32_t n = any_at(w, i, no_phrases, PL_NLP_TAG_NO);
    if (o > y) y = o;
    *yes = y > n;
    return y > n ? y : n;
}

void pl_nlp__answer(struct pl_nlp_turn *t) {
    struct pl_nlp_reading *r = t->r;
    const struct pl_words *w = &r->words;
    bool no_better =
        any_at(w, 0, "|mejor no", PL_NLP_TAG_NO) == w->n && w->n > 0; /* no change: a no */
    bool no_but = has_entity(r) && any_at(w, 0, no_phrases, PL_NLP_TAG_NO) > 0; /* "no, ORDER2" */
    r->change = no_but || (any_in(w, change_phrases, PL_NLP_TAG_CHANGE) && !no_better);
    if (w->n > MOST_ANSWER || has_entity(r) || r->change || is_question(w->text)) return;
    if (any_in(w, unsure_phrases, PL_NLP_TAG_UNSURE)) return;
    r->answer = w->n ? pl_nlp__answer_of(w) : sign_of(w->text);
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
        uint32_t polite = any_at(w, i, fillers, PL_NLP_TAG_FILLER);
        if (polite == 0) out.v[out.n++] = w->v[i];
        i += polite ? polite : 1;
    }
    return out.n > 0 ? out : *w;
}

/* "the spoon" names a red spoon. */
static struct pl_words without_articles(struct pl_arena *a, const struct pl_words *w) {
    static const char articles[] = " the a an el la los las ";
    struct pl_words out = {.text = w->text, .v = PL_NEW_ARRAY(a, struct pl_word, w->n + 1)};
    for (uint32_t i = 0; i < w->n; i++)
        if (!in_list(articles, w->v[i].folded)) out.v[out.n++] = w->v[i];
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
        pl_nlp__tag(n->tags, &r.words);
        pl_nlp__answer(&t);
        if (r.answer != answer) continue;
        if (found != UINT32_MAX) return UINT32_MAX;
        found = i;
    }
    return found;
}

/* Words of the option, and whether the message is it but for politeness. */
static bool is_option(const struct pl_words *words, const struct pl_words *said,
                      const struct pl_words *option, const struct pl_words *option_bare) {
    return (said->n == option->n && contains(said, option)) ||
           (words->n == option->n && contains(words, option)) ||
           (said->n == option_bare->n && contains(said, option_bare));
}

static struct pl_words option_words(struct pl_nlp *n, struct pl_arena *a,
                                    const struct pl_nlp_reading *r,
                                    const struct pl_nlp_phrase *option) {
    struct pl_str lang = option->lang.n > 0 ? option->lang : r->language;
    struct pl_words w = pl_locale_words(n->tools, a, option->text, pl_locale_language(lang));
    pl_nlp__tag(n->tags, &w);
    return w;
}

/* Which option these words of the message mean. */
static uint32_t pick(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_reading *r,
                     const struct pl_words *words, const struct pl_nlp_phrase *options,
                     uint32_t noptions) {
    struct pl_words said = bare(a, words), named = without_articles(a, &said);
    bool unsure = any_in(words, unsure_phrases, PL_NLP_TAG_UNSURE); /* "no sé" names no "No" */
    uint32_t within = UINT32_MAX, hits = 0;
    for (uint32_t i = 0; i < noptions; i++) {
        struct pl_words w = option_words(n, a, r, &options[i]);
        struct pl_words b = bare(a, &w);
        if (is_option(words, &said, &w, &b)) return i;
        bool no =
            r->change && any_at(&b, 0, no_phrases, PL_NLP_TAG_NO) == b.n; /* "no wait, ORDER2" */
        if (no || unsure || (!contains(words, &b) && !contains(&b, &named))) continue;
        hits++;
        within = i;
    }
    return hits == 1 ? within : place_of(words, noptions);
}

uint32_t pl_nlp_pick(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_reading *r,
                     const struct pl_nlp_phrase *options, uint32_t noptions) {
    uint32_t i = pick(n, a, r, &r->words, options, noptions);
    return i < noptions ? i : same_answer(n, a, r->answer, options, noptions);
}

uint32_t pl_nlp_is_option(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_reading *r,
                          const struct pl_nlp_phrase *options, uint32_t noptions) {
    struct pl_words said = bare(a, &r->words);
    for (uint32_t i = 0; i < noptions; i++) {
        struct pl_words w = option_words(n, a, r, &options[i]);
        struct pl_words b = bare(a, &w);
        if (is_option(&r->words, &said, &w, &b)) return i;
    }
    return UINT32_MAX;
}

/* Is the message, politeness apart, one of the phrases? */
static bool says_only(struct pl_arena *a, const struct pl_nlp_reading *r, const char *phrases) {
    struct pl_words said = bare(a, &r->words);
    return said.n > 0 && any_at(&said, 0, phrases, UINT32_MAX) == said.n;
}

bool pl_nlp_says_none(struct pl_arena *a, const struct pl_nlp_reading *r) {
    return says_only(a, r, none_phrases);
}

/* Do the words i - 1 and i of the message stand on two sides of an "and" or a comma? */
static bool is_apart(const struct pl_words *w, uint32_t i) {
    if (in_list(connectors, w->v[i].folded)) return true;
    for (uint32_t at = w->v[i - 1].end; at < w->v[i].start; at++)
        if (memchr(",;/+&\n", w->text.p[at], 7) != NULL) return true;
    return false;
}

uint32_t pl_nlp_picks(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_reading *r,
                      const struct pl_nlp_phrase *options, uint32_t noptions, uint32_t *out) {
    const struct pl_words *w = &r->words;
    uint32_t found = 0;
    if (says_only(a, r, all_phrases)) {
        for (; found < noptions; found++) out[found] = found;
        return found;
    }
    uint32_t whole = pl_nlp_is_option(n, a, r, options, noptions); /* "Salt and vinegar" */
    if (whole < noptions) {
        out[0] = whole;
        return 1;
    }
    for (uint32_t from = 0, i = 1; i <= w->n; i++) {
        if (i < w->n && !is_apart(w, i)) continue;
        struct pl_words part = {.text = w->text, .v = w->v + from, .n = i - from};
        if (part.n > 1 && in_list(connectors, part.v[0].folded)) part.v++, part.n--;
        uint32_t one = pick(n, a, r, &part, options, noptions);
        for (uint32_t k = 0; k < found && one < noptions; k++)
            if (out[k] == one) one = UINT32_MAX;
        if (one < noptions) out[found++] = one;
        from = i;
    }
    return found;
}

/* ---- options that an earlier message names ---- */

#define TELLING 3 /* bytes of the shortest word that tells options apart */

static bool has_word(const struct pl_words *w, const struct pl_word *one) {
    for (uint32_t i = 0; i < w->n; i++)
        if (same_word(&w->v[i], one)) return true;
    return false;
}

/* Is it a word that tells this option from others? */
static bool is_telling(const struct pl_words *options, uint32_t noptions,
                       const struct pl_word *word) {
    uint32_t having = 0;
    if (word->folded.n < TELLING || pl_nlp__is_frequent(word->folded)) return false;
    for (uint32_t i = 0; i < noptions; i++) having += has_word(&options[i], word);
    return noptions == 1 || having < noptions;
}

/* Telling words of the option that the message has, but for those of options it names whole. */
static uint32_t shared(const struct pl_words *said, const struct pl_words *options,
                       const bool *whole, uint32_t noptions, uint32_t of) {
    uint32_t n = 0;
    for (uint32_t k = 0; k < options[of].n; k++) {
        const struct pl_word *word = &options[of].v[k];
        bool taken = !has_word(said, word) || !is_telling(options, noptions, word);
        for (uint32_t i = 0; i < noptions && !taken; i++)
            taken = whole[i] && has_word(&options[i], word);
        n += !taken;
    }
    return n;
}

/* Is it more than a number or a word that stands in every message? */
static bool is_name(const struct pl_words *w) {
    for (uint32_t i = 0; i < w->n; i++)
        if (w->v[i].folded.n >= TELLING && !pl_nlp__is_frequent(w->v[i].folded)) return true;
    return false;
}

uint32_t pl_nlp_named(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_reading *r,
                      const struct pl_nlp_phrase *options, uint32_t noptions, uint32_t *out) {
    struct pl_words *words = PL_NEW_ARRAY(a, struct pl_words, noptions + 1);
    bool *whole = PL_NEW_ARRAY(a, bool, noptions + 1), any = false;
    uint32_t *score = PL_NEW_ARRAY(a, uint32_t, noptions + 1), most = 1, found = 0;
    for (uint32_t i = 0; i < noptions; i++) {
        struct pl_words w = option_words(n, a, r, &options[i]);
        words[i] = without_articles(a, &w);
        whole[i] = is_name(&words[i]) && contains(&r->words, &words[i]);
        any = any || whole[i];
    }
    for (uint32_t i = 0; i < noptions; i++) {
        score[i] = whole[i] ? 0 : shared(&r->words, words, whole, noptions, i);
        if (score[i] > most && !any) most = score[i];
    }
    for (uint32_t i = 0; i < noptions; i++)
        if (whole[i] || score[i] >= most) out[found++] = i;
    return found;
}
