/* SPDX-License-Identifier: Apache-2.0
 *
 * A pseudo-locale: what it shows without accents is in no catalog, what is cut off has no room for
 * longer languages, what is not in brackets is put together from pieces.
 */
#include "tools/cli/cli_i18n_priv.h"

static const char *const lower[] = {"á", "ƀ", "ç", "ð", "é", "ƒ", "ĝ", "ĥ", "í",
                                    "ĵ", "ķ", "ļ", "ɱ", "ñ", "ó", "þ", "ɋ", "ŕ",
                                    "š", "ţ", "ú", "ṽ", "ŵ", "ẋ", "ý", "ž"};
static const char *const upper[] = {"Á", "Ɓ", "Ç", "Ð", "É", "Ƒ", "Ĝ", "Ĥ", "Í",
                                    "Ĵ", "Ķ", "Ļ", "Ḿ", "Ñ", "Ó", "Þ", "Ǫ", "Ŕ",
                                    "Š", "Ţ", "Ú", "Ṽ", "Ŵ", "Ẋ", "Ý", "Ž"};

static void letter(struct pl_buf *b, char c, size_t *letters) {
    bool small = c >= 'a' && c <= 'z', big = c >= 'A' && c <= 'Z';
    *letters += small || big;
    if (small)
        pl_buf_str(b, pl_str_c(lower[c - 'a']));
    else if (big)
        pl_buf_str(b, pl_str_c(upper[c - 'A']));
    else
        pl_buf_byte(b, (uint8_t)c);
}

/* An escape is kept whole. */
static size_t escape(struct pl_buf *b, struct pl_str raw, size_t at) {
    size_t to = at + 2 < raw.n ? at + 2 : raw.n;
    if (to - at == 2 && raw.p[at + 1] == 'u')
        while (to < raw.n && raw.p[to - 1] != '}') to++;
    pl_buf_add(b, raw.p + at, to - at);
    return to;
}

static size_t accents(struct pl_buf *b, struct pl_str raw);

/* Of a plural, an ordinal or a select the branches' texts, which stand in braces of their own. */
static void branches(struct pl_buf *b, struct pl_str raw) {
    for (size_t at = 0; at < raw.n;) {
        bool nested;
        if (raw.p[at] != '{') {
            pl_buf_byte(b, (uint8_t)raw.p[at++]);
            continue;
        }
        size_t to = pl_cli__placeholder(raw, at, &nested);
        pl_buf_byte(b, '{');
        accents(b, (struct pl_str){raw.p + at + 1, to - at - 2});
        pl_buf_byte(b, '}');
        at = to;
    }
}

static size_t placeholder(struct pl_buf *b, struct pl_str raw, size_t at) {
    bool nested;
    size_t to = pl_cli__placeholder(raw, at, &nested);
    if (nested) {
        pl_buf_byte(b, '{');
        branches(b, (struct pl_str){raw.p + at + 1, to - at - 2});
        pl_buf_byte(b, '}');
    } else {
        pl_buf_add(b, raw.p + at, to - at);
    }
    return to;
}

/* Gives how many letters there were. */
static size_t accents(struct pl_buf *b, struct pl_str raw) {
    size_t letters = 0;
    for (size_t at = 0; at < raw.n;) {
        if (raw.p[at] == '\\')
            at = escape(b, raw, at);
        else if (raw.p[at] == '{')
            at = placeholder(b, raw, at);
        else
            letter(b, raw.p[at++], &letters);
    }
    return letters;
}

struct pl_str pl_cli__pseudo(struct pl_arena *a, struct pl_str raw) {
    struct pl_buf b = {0};
    pl_buf_str(&b, PL_STR("["));
    size_t letters = accents(&b, raw);
    if (letters > 2) pl_buf_byte(&b, ' ');
    for (size_t i = 0; i < letters / 3; i++) pl_buf_str(&b, PL_STR("·"));
    pl_buf_str(&b, PL_STR("]"));
    struct pl_str s = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}
