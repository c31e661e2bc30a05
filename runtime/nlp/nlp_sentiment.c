/* SPDX-License-Identifier: Apache-2.0
 *
 * Sentiment in two ways that are added up, in the fifteen languages of tongue.def.
 *
 * By lexicon, in the manner of VADER (Hutto and Gilbert 2014): valences of words, turned by
 * negation, strengthened by intensifiers, capitals and exclamation marks, less before a "but".
 * By a linear model over words, pairs of words and short runs of letters.
 *
 * Both are tables of hashes (data/sentiment.model, made by tests/nlu/train/sentiment.c). Whole
 * numbers up to the last step, which takes a root: the same on every machine.
 */
#include "runtime/nlp/nlp_priv.h"

#include <math.h>
#include <string.h>

#define STRONGER  29 /* hundredths of a valence: an intensifier, an exclamation mark */
#define LOUDER    73 /* capitals */
#define SHORTEST  4  /* letters that an ending leaves */
#define LONGEST   3  /* letters of an ending, where a language has no stems */
#define FEW_WORDS 6  /* a short text says less: its sums are divided as those of a longer one */
#define FEW_RUNS  12
#define SPREAD    4 /* words that a sign is made of in a script without blanks */
#define TURNED    3 /* words behind a negation, for the linear model */

static const struct manner {
    const char *language;
    uint8_t before, after;
    const char *negations, *intensifiers, *softeners, *buts;
} manners[] = {
#define MOOD(language, before, after, negations, intensifiers, softeners, buts)                    \
    {language, before, after, negations, intensifiers, softeners, buts},
#include "runtime/nlp/sentiment.def"
#undef MOOD
};

/* ---- the model ---- */

static uint32_t number(const char *p) {
    const uint8_t *b = (const uint8_t *)p;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

bool pl_nlp__moods_of(struct pl_str bytes, struct pl_nlp_moods *out) {
    if (bytes.n < PL_NLP_MOOD_HEAD) return false;
    *out = (struct pl_nlp_moods){.nwords = number(bytes.p), .nsigns = number(bytes.p + 4)};
    size_t rest = bytes.n - PL_NLP_MOOD_HEAD, signs = 4 * (size_t)out->nsigns;
    if (out->nwords > rest / 5 || rest != 5 * (size_t)out->nwords + signs + PL_NLP_MOOD_SIZE)
        return false;
    out->gains = (const uint8_t *)bytes.p + 8;
    out->keys = bytes.p + PL_NLP_MOOD_HEAD;
    out->signs = out->keys + 4 * (size_t)out->nwords;
    out->weights = (const int8_t *)out->signs + signs;
    out->valences = out->weights + PL_NLP_MOOD_SIZE;
    return true;
}

static uint64_t seed_of(int language) {
    return PL_FNV ^ (uint64_t)(language + 1) << 32;
}

static uint64_t mixed(uint64_t h) {
    return h ^ h >> 29;
}

static uint64_t key_of(int language, struct pl_str word) {
    return mixed(pl_fnv(seed_of(language), word.p, word.n));
}

uint32_t pl_nlp__mood_key(int language, struct pl_str word) {
    return (uint32_t)(key_of(language, word) >> 16);
}

static int look_up(const struct pl_nlp_moods *m, uint32_t key) {
    uint32_t lo = 0, hi = m->nwords;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2, k = number(m->keys + 4 * (size_t)mid);
        if (k == key) return m->valences[mid];
        if (k < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return 0;
}

/* What a picture says, in tenths. */
static int picture(const struct pl_nlp_moods *m, uint32_t c) {
    uint32_t lo = 0, hi = m->nsigns;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2, row = number(m->signs + 4 * (size_t)mid);
        if (row >> 8 == c) return (int8_t)(row & 255);
        if (row >> 8 < c)
            lo = mid + 1;
        else
            hi = mid;
    }
    return 0;
}

const char *pl_nlp__mood_negations(size_t i, struct pl_str *language) {
    if (i >= PL_LEN(manners)) return NULL;
    *language = pl_str_c(manners[i].language);
    return manners[i].negations;
}

/* ---- one message ---- */

struct mood {
    const struct pl_nlp_moods *m;
    const struct manner *how;
    const struct pl_words *w;
    int language;
    bool spaced, stems; /* words have blanks between them; stems are known */
    uint32_t but;       /* place of the last "but", 0: none */
};

/* Is it one of " these words and begin* "? */
static bool is_one(const char *words, struct pl_str w) {
    if (pl_nlp__in_list(words, w)) return true;
    for (const char *star = strchr(words, '*'); star != NULL; star = strchr(star + 1, '*')) {
        const char *from = star;
        while (from[-1] != ' ') from--;
        if (pl_str_starts(w, (struct pl_str){from, (size_t)(star - from)})) return true;
    }
    return false;
}

static struct pl_str shorter(struct pl_str s) {
    if (s.n) s.n--;
    while (s.n && ((uint8_t)s.p[s.n] & 0xc0) == 0x80) s.n--;
    return s;
}

static uint32_t letters(struct pl_str s) {
    uint32_t n = 0;
    for (size_t i = 0; i < s.n; i++) n += ((uint8_t)s.p[i] & 0xc0) != 0x80;
    return n;
}

static int valence_of(const struct mood *x, struct pl_str word) {
    int v = look_up(x->m, pl_nlp__mood_key(x->language, word));
    return v == PL_NLP_MOOD_NOT ? 0 : v;
}

/* Without an ending, where there are no stems; a Korean sign is a syllable. */
static int without_ending(const struct mood *x, struct pl_str word) {
    uint32_t n = letters(word), least = (uint8_t)word.p[0] >= 0xe3 ? 2 : SHORTEST;
    int v = 0;
    for (uint32_t k = 1; v == 0 && k <= LONGEST && n >= least + k; k++) {
        word = shorter(word);
        v = valence_of(x, word);
    }
    return v;
}

/* As it is, as its stem, or without the Arabic article and conjunction. */
static int valence(const struct mood *x, const struct pl_word *w) {
    int v = valence_of(x, w->folded);
    struct pl_str s = w->folded;
    if (v == 0 && x->language && !pl_str_eq(w->stem, w->folded)) v = valence_of(x, w->stem);
    if (v == 0 && !x->stems && x->spaced) v = without_ending(x, s);
    if (v == 0 && s.n > 8 && pl_str_starts(s, PL_STR("ال")))
        v = valence_of(x, (struct pl_str){s.p + 4, s.n - 4});
    if (v == 0 && s.n > 6 && pl_str_starts(s, PL_STR("و")))
        v = valence_of(x, (struct pl_str){s.p + 2, s.n - 2});
    return v;
}

/* The longest run of words from here without blanks between them that the lexicon has; gives its
 * valence and how many words it is. */
static int longest(const struct mood *x, uint32_t i, uint32_t *words) {
    char b[96];
    const struct pl_words *w = x->w;
    size_t n = 0, ends[SPREAD];
    uint32_t k = 0;
    for (; k < SPREAD && i + k < w->n; k++) {
        struct pl_str s = w->v[i + k].folded;
        if ((k && w->v[i + k].start != w->v[i + k - 1].end) || n + s.n > sizeof b) break;
        memcpy(b + n, s.p, s.n);
        ends[k] = n += s.n;
    }
    for (; k > 0; k--) {
        int v = valence_of(x, (struct pl_str){b, ends[k - 1]});
        *words = k;
        if (v) return v;
    }
    *words = 1;
    return 0;
}

static bool is_loud(struct pl_str text, const struct pl_word *w) {
    for (uint32_t i = w->start; i < w->end; i++)
        if (text.p[i] < 'A' || text.p[i] > 'Z') return false;
    return w->end - w->start > 1;
}

/* A text all in capitals is no louder than its neighbours. */
static bool all_loud(const struct pl_words *w) {
    for (uint32_t i = 0; i < w->n; i++)
        if (!is_loud(w->text, &w->v[i])) return false;
    return true;
}

static bool is_turned(const struct mood *x, uint32_t first, uint32_t last) {
    const struct pl_words *w = x->w;
    for (uint32_t k = 1; k <= x->how->before && k <= first; k++)
        if (is_one(x->how->negations, w->v[first - k].folded)) return true;
    for (uint32_t k = 1; k <= x->how->after && last + k < w->n; k++)
        if (is_one(x->how->negations, w->v[last + k].folded)) return true;
    return false;
}

/* What the words around do to a valence, in hundredths; the nearer, the more. */
static int turned(const struct mood *x, uint32_t first, uint32_t last, int v) {
    static const int nearness[] = {STRONGER, STRONGER - 1, STRONGER - 3};
    int sign = v < 0 ? -1 : 1;
    for (uint32_t k = 1; k <= 3 && k <= first; k++) {
        struct pl_str before = x->w->v[first - k].folded;
        if (is_one(x->how->intensifiers, before)) v += sign * nearness[k - 1];
        if (is_one(x->how->softeners, before)) v -= sign * nearness[k - 1];
    }
    if (is_turned(x, first, last)) v = v * -74 / 100;
    if (x->but) v = first < x->but ? v / 2 : v * 3 / 2;
    return v;
}

static uint32_t last_but(const struct mood *x) {
    for (uint32_t i = x->w->n; i-- > 1;)
        if (is_one(x->how->buts, x->w->v[i].folded)) return i;
    return 0;
}

static int by_words(struct mood *x) {
    const struct pl_words *w = x->w;
    bool loud = all_loud(w), sought = false;
    int sum = 0;
    for (uint32_t i = 0, n = 1; i < w->n; i += n) {
        n = 1;
        int v = 10 * (x->spaced ? valence(x, &w->v[i]) : longest(x, i, &n));
        if (v == 0) continue;
        if (!sought) x->but = last_but(x), sought = true;
        if (!loud && is_loud(w->text, &w->v[i])) v += v < 0 ? -LOUDER : LOUDER;
        sum += turned(x, i, i + n - 1, v);
    }
    return sum;
}

/* ---- signs ---- */

/* ":-(" and the like, as they stand between words. */
static int face(struct pl_str s, size_t at) {
    static const struct {
        const char *face;
        int8_t tenths;
    } faces[] = {{":)", 20},  {":-)", 20},  {":(", -20},  {":-(", -20}, {":D", 25},
                 {":-D", 25}, {";)", 10},   {";-)", 10},  {"<3", 20},   {":'(", -22},
                 {":/", -10}, {":-/", -10}, {">:(", -27}, {"^^", 15},   {"T_T", -20}};
    for (size_t i = 0; i < PL_LEN(faces); i++)
        if (pl_str_starts((struct pl_str){s.p + at, s.n - at}, pl_str_c(faces[i].face)))
            return faces[i].tenths;
    return 0;
}

static bool begins_face(char c) {
    return c == ':' || c == ';' || c == '<' || c == '>' || c == '^' || c == 'T';
}

/* Pictures and faces, in hundredths, and how many exclamation marks there are. */
static int by_signs(const struct pl_nlp_moods *m, struct pl_str text, int *bangs) {
    int sum = 0;
    *bangs = 0;
    for (size_t at = 0; at < text.n;) {
        char c = text.p[at];
        if ((uint8_t)c < 0x80) {
            *bangs += c == '!';
            if (begins_face(c) && (at == 0 || (uint8_t)text.p[at - 1] <= ' '))
                sum += 10 * face(text, at);
            at++;
            continue;
        }
        uint32_t p = pl_utf8_next(text, &at);
        *bangs += p == 0xff01;
        if (p >= 0x203c && p != 0xff01 && (p < 0x2e80 || p >= 0x1f000)) sum += 10 * picture(m, p);
    }
    if (*bangs > 4) *bangs = 4;
    return sum;
}

/* ---- the linear model ---- */

static void put(struct pl_nlp_mood_rows *out, uint64_t h) {
    h *= UINT64_C(0x9e3779b97f4a7c15);
    if (out->n < PL_LEN(out->v)) out->v[out->n++] = (uint32_t)(h >> (64 - PL_NLP_MOOD_BITS));
}

/* Runs of three and four letters of a word, marked where they begin or end it. A longer run's hash
 * goes on from the shorter one's. */
static void put_runs(int language, struct pl_str word, struct pl_nlp_mood_rows *out) {
    size_t at[66];
    uint32_t n = 0;
    for (size_t i = 0; i < word.n && n < 64; i++)
        if (((uint8_t)word.p[i] & 0xc0) != 0x80) at[n++] = i;
    at[n] = word.n;
    for (uint32_t from = 0; from + PL_NLP_MOOD_SHORT <= n; from++) {
        uint64_t h = seed_of(language + 64);
        size_t last = at[from];
        for (uint32_t k = PL_NLP_MOOD_SHORT; k <= PL_NLP_MOOD_LONG && from + k <= n; k++) {
            uint64_t edge = (from == 0) + 2u * (from + k == n);
            h = pl_fnv(h, word.p + last, at[from + k] - last);
            last = at[from + k];
            put(out, mixed(h) + edge);
        }
    }
}

void pl_nlp__mood_rows(const struct pl_nlp_moods *m, int language, const struct pl_words *w,
                       struct pl_nlp_mood_rows *out) {
    uint64_t last = 1;
    uint32_t turned = 0; /* words from here that a negation turns */
    out->n = 0;
    for (uint32_t i = 0; i < w->n && i < PL_NLP_MOOD_WORDS; i++) {
        uint64_t h = key_of(language, w->v[i].folded);
        put(out, turned ? ~h : h);
        put(out, last * 31 + h);
        last = h;
        turned -= turned > 0;
        if (look_up(m, (uint32_t)(h >> 16)) == PL_NLP_MOOD_NOT) turned = TURNED;
    }
    out->words = out->n;
    for (uint32_t i = 0; i < w->n && i < PL_NLP_MOOD_WORDS; i++)
        put_runs(language, w->v[i].folded, out);
}

double pl_nlp__mood_share(uint32_t n, bool words) {
    return 1 / sqrt((double)n + (words ? FEW_WORDS : FEW_RUNS));
}

static double by_rows(const struct pl_nlp_moods *m, const struct mood *x) {
    struct pl_nlp_mood_rows rows;
    int words = 0, runs = 0;
    pl_nlp__mood_rows(m, x->language, x->w, &rows);
    for (uint32_t i = 0; i < rows.words; i++) words += m->weights[rows.v[i]];
    for (uint32_t i = rows.words; i < rows.n; i++) runs += m->weights[rows.v[i]];
    return words * pl_nlp__mood_share(rows.words, true) +
           runs * pl_nlp__mood_share(rows.n - rows.words, false);
}

/* ---- both ---- */

double pl_nlp__mood(const struct pl_nlp_moods *m, const struct pl_words *w, struct pl_str text,
                    struct pl_str language, struct pl_nlp_mood *out) {
    struct mood x = {.m = m, .w = w, .language = pl_nlp__language_index(language)};
    int bangs;
    *out = (struct pl_nlp_mood){.lexicon = by_signs(m, text, &bangs)};
    for (size_t i = 0; i < PL_LEN(manners); i++)
        if (pl_str_is(language, manners[i].language)) x.how = &manners[i];
    if (x.how != NULL && x.language >= 0) {
        x.spaced = !pl_str_is(language, "zh") && !pl_str_is(language, "ja");
        x.stems = !pl_str_is(language, "pl") && !pl_str_is(language, "ko");
        out->lexicon += by_words(&x);
        out->linear = by_rows(m, &x);
    }
    if (out->lexicon) out->lexicon += out->lexicon < 0 ? -STRONGER * bangs : STRONGER * bangs;
    const uint8_t *gain = m->gains + 2 * (x.language < 0 ? 0 : x.language);
    double sum = out->lexicon / 100.0 * gain[0] / 64 + out->linear * gain[1] / 2048;
    return sum / sqrt(sum * sum + 15);
}

void pl_nlp__sentiment(struct pl_nlp_turn *t) {
    struct pl_nlp_moods m;
    struct pl_nlp_mood parts;
    if (!pl_nlp__moods_of(pl_nlp__sentiment_bytes(), &m)) return;
    t->r->sentiment = pl_nlp__mood(&m, &t->r->words, t->text, t->r->language, &parts);
}
