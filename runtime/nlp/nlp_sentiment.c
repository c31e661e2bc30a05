/* SPDX-License-Identifier: Apache-2.0
 *
 * Sentiment by lexicon, in the manner of VADER (Hutto and Gilbert 2014): valences of words,
 * turned by negation, strengthened by intensifiers, capitals and exclamation marks, and squashed
 * to -1..1. The lexicons (data/NOTICE) are folded and sorted by bytes.
 */
#include "runtime/nlp/nlp_priv.h"

#include <math.h>
#include <string.h>

struct entry {
    const char *word;
    int8_t tenths; /* of a valence -4..4 */
};

#define W(word, tenths) {word, tenths},
static const struct entry en[] = {
#include "runtime/nlp/data/sentiment_en.inc"
};
static const struct entry es[] = {
#include "runtime/nlp/data/sentiment_es.inc"
};
static const struct entry ar[] = {
#include "runtime/nlp/data/sentiment_ar.inc"
};
#undef W

static const struct lexicon {
    const char *lang;
    const struct entry *v;
    size_t n;
    const char *negations, *intensifiers, *softeners;
} lexicons[] = {
    {"en", en, PL_LEN(en),
     " not no never don't dont doesn't doesnt didn't didnt isn't isnt wasn't wasnt aren't arent "
     "can't "
     "cant won't wont wouldn't couldn't cannot without hardly nothing neither nor haven't hasn't "
     "shouldn't ain't ",
     " very really so extremely absolutely totally completely incredibly utterly such too fucking "
     "freaking super most especially bloody damn highly terribly ",
     " slightly somewhat bit little kinda barely almost partly "},
    {"es", es, PL_LEN(es), " no nunca ni sin jamas tampoco nada ningun ninguna ",
     " muy tan demasiado totalmente completamente absolutamente super realmente mas mucho mucha ",
     " poco algo casi apenas "},
    {"ar", ar, PL_LEN(ar), " لا ليس ليست لم لن ما غير بدون مش مو ",
     " جدا للغايه كثيرا تماما حقا اكثر شديد ", " قليلا بعض نوعا "},
};

static const struct {
    uint32_t cp;
    int8_t tenths;
} emoji[] = {{0x1f600, 20},  {0x1f601, 20},  {0x1f60a, 20},  {0x1f60d, 30},  {0x1f44d, 15},
             {0x2764, 25},   {0x1f642, 10},  {0x1f44f, 15},  {0x1f389, 20},  {0x1f621, -32},
             {0x1f620, -25}, {0x1f92c, -35}, {0x1f44e, -20}, {0x1f622, -15}, {0x1f62d, -15},
             {0x1f494, -20}, {0x1f624, -20}, {0x1f612, -12}, {0x1f641, -10}, {0x1f61e, -15}};

static bool in_list(const char *words, struct pl_str w) {
    char b[40];
    if (w.n + 3 > sizeof(b)) return false;
    b[0] = ' ';
    memcpy(b + 1, w.p, w.n);
    b[w.n + 1] = ' ';
    b[w.n + 2] = 0;
    return strstr(words, b) != NULL;
}

const char *pl_nlp__feeling(size_t n) {
    return n < PL_LEN(en) ? en[n].word : NULL;
}

static double look_up(const struct lexicon *x, struct pl_str w) {
    size_t lo = 0, hi = x->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = pl_str_cmp(pl_str_c(x->v[mid].word), w);
        if (c == 0) return x->v[mid].tenths / 10.0;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return 0;
}

/* As it is, as its stem, or without the Arabic article and conjunction. */
static double valence(const struct lexicon *x, const struct pl_word *w) {
    bool none = x->v == en && !pl_nlp__may_be(w, PL_NLP_TAG_FEELING);
    double v = none ? 0 : look_up(x, w->folded);
    if (v == 0 && x->v != en) v = look_up(x, w->stem);
    struct pl_str s = w->folded;
    if (v == 0 && x->v == ar && s.n > 8 && pl_str_starts(s, PL_STR("ال")))
        v = look_up(x, (struct pl_str){s.p + 4, s.n - 4});
    if (v == 0 && x->v == ar && s.n > 6 && pl_str_starts(s, PL_STR("و")))
        v = look_up(x, (struct pl_str){s.p + 2, s.n - 2});
    return v;
}

static bool is_loud(struct pl_str text, const struct pl_word *w) {
    for (uint32_t i = w->start; i < w->end; i++)
        if (text.p[i] < 'A' || text.p[i] > 'Z') return false;
    return w->end - w->start > 1;
}

/* What the three words before do to a valence; the nearer, the more. */
static double turned(const struct lexicon *x, const struct pl_words *w, uint32_t i, double v) {
    static const double nearness[] = {1, 0.95, 0.9};
    double sign = v < 0 ? -1 : 1;
    for (uint32_t k = 1; k <= 3 && k <= i; k++) {
        const struct pl_word *before = &w->v[i - k];
        if (in_list(x->intensifiers, before->folded)) v += sign * 0.293 * nearness[k - 1];
        if (in_list(x->softeners, before->folded)) v -= sign * 0.293 * nearness[k - 1];
    }
    for (uint32_t k = 1; k <= 3 && k <= i; k++)
        if (in_list(x->negations, w->v[i - k].folded)) return v * -0.74;
    return v;
}

static double marks(struct pl_str text, double sum) {
    uint32_t bangs = 0;
    for (size_t i = 0; i < text.n; i++) bangs += text.p[i] == '!';
    if (bangs > 4) bangs = 4;
    return sum == 0 ? 0 : sum + (sum < 0 ? -0.292 : 0.292) * bangs;
}

static double emojis(struct pl_str text) {
    double sum = 0;
    if (pl_locale_ascii(text)) return 0;
    for (size_t at = 0; at < text.n;) {
        uint32_t c = pl_utf8_next(text, &at);
        if (c < 0x2764) continue;
        for (size_t i = 0; i < PL_LEN(emoji); i++)
            if (emoji[i].cp == c) sum += emoji[i].tenths / 10.0;
    }
    return sum;
}

/* A text all in capitals is no louder than its neighbours. */
static bool all_loud(const struct pl_words *w) {
    for (uint32_t i = 0; i < w->n; i++)
        if (!is_loud(w->text, &w->v[i])) return false;
    return true;
}

void pl_nlp__sentiment(struct pl_nlp_turn *t) {
    const struct pl_words *w = &t->r->words;
    const struct lexicon *x = NULL;
    for (size_t i = 0; i < PL_LEN(lexicons); i++)
        if (pl_str_is(t->r->language, lexicons[i].lang)) x = &lexicons[i];
    double sum = emojis(t->text);
    bool loud = all_loud(w);
    for (uint32_t i = 0; i < w->n && x != NULL; i++) {
        double v = valence(x, &w->v[i]);
        if (v == 0) continue;
        if (!loud && is_loud(w->text, &w->v[i])) v += v < 0 ? -0.733 : 0.733;
        sum += turned(x, w, i, v);
    }
    sum = marks(t->text, sum);
    t->r->sentiment = sum / sqrt(sum * sum + 15);
}
