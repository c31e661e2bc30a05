/* SPDX-License-Identifier: Apache-2.0
 *
 * The language of a message: by its script, and among languages of the Latin script by frequent
 * words. The conversation's language keeps a message that does not tell. A text of ours is told
 * only where there is hardly a doubt.
 */
#include "runtime/nlp/nlp_priv.h"

#include <string.h>

static const struct {
    const char *lang, *words; /* with a space at both ends of every word */
} stops[] = {
#define STOP(lang, words) {lang, words},
#include "runtime/nlp/language.def"
#undef STOP
};

enum script {
    LATIN,
    ARABIC,
    CYRILLIC,
    HAN,
    KANA,
    HANGUL,
    DEVANAGARI,
    GREEK,
    HEBREW,
    THAI,
    SCRIPTS
};

static const char *const script_langs[SCRIPTS] = {
    [ARABIC] = "ar",     [CYRILLIC] = "ru", [HAN] = "zh",    [KANA] = "ja", [HANGUL] = "ko",
    [DEVANAGARI] = "hi", [GREEK] = "el",    [HEBREW] = "he", [THAI] = "th"};

static int script_of(uint32_t c) {
    if (c < 0x370) return c < 0x80 && ((c | 32) < 'a' || (c | 32) > 'z') ? -1 : LATIN;
    if (c < 0x400) return GREEK;
    if (c < 0x530) return CYRILLIC;
    if (c >= 0x590 && c < 0x600) return HEBREW;
    if (c >= 0x600 && c < 0x780) return ARABIC;
    if (c >= 0x900 && c < 0x980) return DEVANAGARI;
    if (c >= 0xe00 && c < 0xe80) return THAI;
    if (c >= 0x3040 && c < 0x3100) return KANA;
    if ((c >= 0x3400 && c < 0xa000) || (c >= 0x20000 && c < 0x40000)) return HAN;
    return c >= 0xac00 && c < 0xd7b0 ? HANGUL : -1;
}

/* The script most words are written in; a few kana make Han Japanese. -1: no letters. */
static int main_script(const struct pl_words *w) {
    uint32_t count[SCRIPTS] = {0};
    for (uint32_t i = 0; i < w->n; i++) {
        size_t at = 0;
        int s = script_of(pl_utf8_next(w->v[i].folded, &at));
        if (s >= 0) count[s]++;
    }
    int best = -1;
    for (int s = 0; s < SCRIPTS; s++)
        if (count[s] > 0 && (best < 0 || count[s] > count[best])) best = s;
    /* product names are Latin everywhere: any other script beats it when it has a third */
    for (int s = 1; best == LATIN && s < SCRIPTS; s++)
        if (count[s] * 3 >= w->n && count[s] > 0) best = s;
    return best == HAN && count[KANA] > 0 ? KANA : best;
}

static bool in_list(const char *words, struct pl_str w) {
    char b[32];
    if (w.n + 3 > sizeof(b)) return false;
    b[0] = ' ';
    memcpy(b + 1, w.p, w.n);
    b[w.n + 1] = ' ';
    b[w.n + 2] = 0;
    return strstr(words, b) != NULL;
}

/* Letters that one language writes and its neighbours do not. */
static uint32_t letter_score(struct pl_str text, const char *lang) {
    static const struct {
        const char *lang, *letters[6];
    } marks[] = {{"es", {"ñ", "¿", "¡", "ó", "Ñ"}}, {"de", {"ß", "ä", "ü", "ö"}},
                 {"fr", {"ç", "è", "ê", "à", "œ"}}, {"pt", {"ã", "õ", "ç", "ê"}},
                 {"it", {"è", "ù", "ì", "ò"}},      {"pl", {"ł", "ż", "ś", "ę", "ą"}},
                 {"tr", {"ı", "ğ", "ş", "ü"}}};
    uint32_t score = 0;
    for (size_t i = 0; i < PL_LEN(marks); i++)
        for (size_t j = 0; j < 6 && strcmp(marks[i].lang, lang) == 0; j++)
            if (marks[i].letters[j] != NULL &&
                pl_str_find(text, pl_str_c(marks[i].letters[j])) != SIZE_MAX)
                score++;
    return score;
}

static bool has_lang(const struct pl_nlp_model *m, struct pl_str lang) {
    for (uint32_t i = 0; i < m->nlangs; i++)
        if (pl_str_eq(m->langs[i], lang)) return true;
    return m->nlangs == 0;
}

bool pl_nlp__is_frequent(struct pl_str folded) {
    for (size_t i = 0; i < PL_LEN(stops); i++)
        if (in_list(stops[i].words, folded)) return true;
    return false;
}

static struct pl_str by_words(const struct pl_nlp_turn *t, struct pl_str usual) {
    const struct pl_words *w = &t->r->words;
    bool ascii = pl_locale_ascii(t->text);
    struct pl_str best = usual;
    uint32_t most = 0;
    for (size_t i = 0; i < PL_LEN(stops); i++) {
        uint32_t score = 0;
        struct pl_str lang = pl_str_c(stops[i].lang);
        for (uint32_t j = 0; j < w->n; j++)
            score += pl_nlp__may_be(&w->v[j], (uint32_t)PL_NLP_TAG_STOP << i) &&
                     in_list(stops[i].words, w->v[j].folded);
        score = score * 4 + (ascii ? 0 : letter_score(t->text, stops[i].lang) * 4);
        if (score == 0) continue;
        if (pl_str_eq(lang, usual)) score += 2; /* wins a tie, not a clear difference */
        if (has_lang(t->nlp->model, lang))
            score += 3;
        else if (score < 8)
            continue; /* one word makes no foreign language */
        if (score <= most) continue;
        most = score;
        best = lang;
    }
    return best;
}

void pl_nlp__language(struct pl_nlp_turn *t) {
    const struct pl_nlp_model *m = t->nlp->model;
    struct pl_str usual = pl_locale_language(t->ctx->language);
    if (usual.n == 0 && m->nlangs > 0) usual = m->langs[0];
    int script = main_script(&t->r->words);
    if (script < 0)
        t->r->language = usual;
    else if (script == LATIN)
        t->r->language = by_words(t, usual);
    else
        t->r->language = pl_str_c(script_langs[script]);
}

/* ---- a text of ours ---- */

#define SURE 3 /* frequent words */

static bool is_known(struct pl_str lang) {
    for (size_t i = 0; i < PL_LEN(stops); i++)
        if (pl_str_is(lang, stops[i].lang)) return true;
    for (size_t i = 0; i < SCRIPTS; i++)
        if (script_langs[i] && pl_str_is(lang, script_langs[i])) return true;
    return false;
}

static uint32_t frequent(const struct pl_words *w, const char *words) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->n; i++) n += in_list(words, w->v[i].folded);
    return n;
}

/* The language with twice the frequent words of any other. */
static struct pl_str clearly(const struct pl_words *w) {
    struct pl_str best = PL_STR("");
    uint32_t most = 0, next = 0;
    for (size_t i = 0; i < PL_LEN(stops); i++) {
        uint32_t n = frequent(w, stops[i].words);
        if (n > most) {
            next = most;
            most = n;
            best = pl_str_c(stops[i].lang);
        } else if (n > next) {
            next = n;
        }
    }
    return most >= SURE && most >= 2 * next ? best : PL_STR("");
}

struct pl_str pl_nlp_tell(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str text,
                          struct pl_str expected) {
    if (!is_known(expected)) return PL_STR("");
    struct pl_words w = pl_locale_words(t, a, text, expected);
    int script = main_script(&w);
    if (script < 0) return PL_STR("");
    return script == LATIN ? clearly(&w) : pl_str_c(script_langs[script]);
}
