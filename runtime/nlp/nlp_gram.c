/* SPDX-License-Identifier: Apache-2.0
 *
 * What the language of a text is told from: its letters in small, each word between two blanks, and
 * of that every run of one to five signs, as rows of the model's table. Words are told apart here
 * without ICU: this is looked at for every message, and nothing of it is kept.
 */
#include "runtime/nlp/nlp_priv.h"

#include <string.h>

/* The small letter of a Latin one; letters in which no two of the languages differ stay. */
static uint32_t small(uint32_t c) {
    if (c < 0x80) return c - 'A' < 26u ? c + 32 : c;
    if (c < 0xc0) return c;
    if (c < 0xdf) return c == 0xd7 ? c : c + 32;
    if (c == 0x130) return 'i';
    if (c >= 0x100 && c < 0x138) return c | 1;
    if (c >= 0x139 && c < 0x149) return c + (c & 1);
    if (c >= 0x14a && c < 0x178) return c | 1;
    if (c == 0x178) return 0xff;
    if (c >= 0x179 && c < 0x17f) return c + (c & 1);
    return c;
}

enum pl_nlp_script pl_nlp__script(uint32_t c) {
    if (c < 0x80) return (c | 32) - 'a' < 26u ? PL_NLP_LATIN : PL_NLP_NO_SCRIPT;
    if (c < 0xc0) return c == 0xaa || c == 0xba ? PL_NLP_LATIN : PL_NLP_NO_SCRIPT;
    if (c < 0x2b0 || (c >= 0x1e00 && c < 0x1f00)) return PL_NLP_LATIN;
    if (c >= 0x370 && c < 0x400) return PL_NLP_GREEK;
    if (c >= 0x400 && c < 0x530) return PL_NLP_CYRILLIC;
    if (c >= 0x5d0 && c < 0x600) return PL_NLP_HEBREW;
    if (c >= 0x620 && c < 0x780) return PL_NLP_ARABIC;
    if ((c >= 0xfb50 && c < 0xfe00) || (c >= 0xfe70 && c < 0xff00)) return PL_NLP_ARABIC;
    if (c >= 0x900 && c < 0x980) return PL_NLP_DEVANAGARI;
    if (c >= 0xe00 && c < 0xe80) return PL_NLP_THAI;
    if ((c >= 0x3041 && c < 0x30fb) || (c >= 0x30fc && c < 0x3100)) return PL_NLP_KANA;
    if (c >= 0xff66 && c < 0xffa0) return PL_NLP_KANA;
    if ((c >= 0x3400 && c < 0xa000) || (c >= 0x20000 && c < 0x40000)) return PL_NLP_HAN;
    if ((c >= 0xac00 && c < 0xd7b0) || (c >= 0x1100 && c < 0x1200)) return PL_NLP_HANGUL;
    return c >= 0x3130 && c < 0x3190 ? PL_NLP_HANGUL : PL_NLP_NO_SCRIPT;
}

static bool is_apostrophe(uint32_t c) {
    return c == '\'' || c == 0x2019;
}

static uint32_t mixed(uint32_t h, uint32_t c) {
    h = (h ^ c) * UINT32_C(0x9e3779b1);
    return h ^ (h >> 15);
}

/* Rows of the grams that begin at each sign of s[0..n). */
static void put_grams(const uint32_t *s, uint32_t n, uint32_t bits, struct pl_nlp_grams *out) {
    for (uint32_t i = 0; i < n; i++) {
        uint32_t h = UINT32_C(0x811c9dc5);
        for (uint32_t k = i; k < n && k < i + 5; k++) {
            h = mixed(h, s[k]);
            if ((k == i && s[i] == ' ') || out->n == PL_NLP_GRAMS) continue;
            out->v[out->n++] = h * UINT32_C(0x85ebca6b) >> (32 - bits);
        }
    }
}

static bool is_plain(char byte) {
    uint32_t c = (uint8_t)byte;
    return (c | 32) - 'a' < 26u || c - '0' < 10u || (c != 0 && strchr("._%+-@", byte) != NULL);
}

/* An e-mail address is written alike in every language. Gives its end, `at` where none begins. */
size_t pl_nlp__past_address(struct pl_str text, size_t at) {
    static const char wide[] = "\uff20";
    bool is = false;
    size_t end = at;
    if (at > 0 && is_plain(text.p[at - 1])) return at;
    while (end < text.n) {
        bool w = text.n - end >= sizeof wide - 1 && !memcmp(text.p + end, wide, sizeof wide - 1);
        if (!w && !is_plain(text.p[end])) break;
        is |= w || text.p[end] == '@';
        end += w ? sizeof wide - 1 : 1;
    }
    return is ? end : at;
}

/* A word longer than any is looked at in pieces. */
enum { WORD = 48 };

static void end_word(uint32_t *word, uint32_t *n, uint32_t bits, struct pl_nlp_grams *out) {
    if (*n > 1) {
        word[(*n)++] = ' ';
        put_grams(word, *n, bits, out);
    }
    *n = 1;
}

void pl_nlp__grams(struct pl_str text, enum pl_nlp_script script, struct pl_nlp_grams *out) {
    uint32_t word[WORD + 2] = {' '}, n = 1;
    uint32_t bits = script == PL_NLP_HAN ? PL_NLP_HAN_BITS : PL_NLP_LATIN_BITS;
    out->n = 0;
    for (size_t at = 0; at < text.n && out->n < PL_NLP_GRAMS;) {
        at = pl_nlp__past_address(text, at);
        uint32_t c = at < text.n ? pl_utf8_next(text, &at) : ' ';
        if (pl_nlp__script(c) == script) {
            if (n > WORD) end_word(word, &n, bits, out);
            word[n++] = small(c);
        } else if (script == PL_NLP_LATIN && is_apostrophe(c) && n > 1 && n <= WORD) {
            word[n++] = '\'';
        } else if (c - '0' < 10u) {
            n = 1;                            /* a code */
        } else if (c < 0x300 || c >= 0x370) { /* a sign over the letter before it ends no word */
            end_word(word, &n, bits, out);
        }
    }
    end_word(word, &n, bits, out);
}
