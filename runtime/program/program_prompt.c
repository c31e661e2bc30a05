/* SPDX-License-Identifier: Apache-2.0
 *
 * The text of a prompt, piece by piece. */
#include "runtime/program/program.h"

const struct pl_str pl_prompt_words[] = {
#define PROMPT(name, word, meaning) {word, sizeof(word) - 1},
#include "runtime/program/prompt.def"
#undef PROMPT
};

static bool is_escape(struct pl_str s, size_t at) {
    return s.p[at] == '\\' && at + 1 < s.n && (s.p[at + 1] == '{' || s.p[at + 1] == '}');
}

static void drop(struct pl_str *s, size_t n) {
    *s = (struct pl_str){s->p + n, s->n - n};
}

static enum pl_prompt_piece placeholder(struct pl_str *text, struct pl_str *s) {
    size_t close = pl_str_find(*text, PL_STR("}"));
    size_t line = pl_str_find(*text, PL_STR("\n"));
    bool open = close == SIZE_MAX || close > line;
    size_t end = !open ? close : line != SIZE_MAX ? line : text->n;
    *s = (struct pl_str){text->p + 1, end - 1};
    drop(text, open ? end : end + 1);
    for (int i = 0; !open && i < PL_PROMPT_UNKNOWN - 1; i++)
        if (pl_str_eq(*s, pl_prompt_words[i])) return (enum pl_prompt_piece)(i + 1);
    return PL_PROMPT_UNKNOWN;
}

bool pl_prompt_next(struct pl_str *text, enum pl_prompt_piece *kind, struct pl_str *s) {
    if (text->n == 0) return false;
    *kind = PL_PROMPT_WORDS;
    if (text->p[0] == '{') {
        *kind = placeholder(text, s);
        return true;
    }
    size_t from = is_escape(*text, 0), n = from + 1; /* the brace itself is words */
    if (from == 0) n = 0;
    while (n < text->n && text->p[n] != '{' && !is_escape(*text, n)) n++;
    *s = (struct pl_str){text->p + from, n - from};
    drop(text, n);
    return true;
}
