/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/ast.h"

#include <string.h>

void pl_ast_grow(struct pl_arena *arena, void **v, size_t *cap, size_t n, size_t size) {
    if (n < *cap) return;
    *cap = *cap ? *cap * 2 : 4;
    char *bigger = pl_arena_array(arena, *cap, size);
    if (n) memcpy(bigger, *v, n * size);
    *v = bigger;
}

const char *pl_decl_word(enum pl_decl_kind kind) {
    static const char *const words[] = {
#define PL_DECL(name, word) word,
#include "grammar/node.def"
    };
    return words[kind];
}

const char *pl_stmt_word(enum pl_stmt_kind kind) {
    static const char *const words[] = {
#define PL_STMT(name, word) word,
#include "grammar/node.def"
    };
    return words[kind];
}

const char *pl_part_word(enum pl_part_kind kind) {
    static const char *const words[] = {
#define PL_PART(name, word) word,
#include "grammar/node.def"
    };
    return words[kind];
}

const char *pl_expr_word(enum pl_expr_kind kind) {
    static const char *const words[] = {
#define PL_EXPR(name, word) word,
#include "grammar/node.def"
    };
    return words[kind];
}

const char *pl_play_word(enum pl_play_kind kind) {
    static const char *const words[] = {
#define PL_PLAY(name, word) word,
#include "grammar/node.def"
    };
    return words[kind];
}

const char *pl_op_word(enum pl_ast_op op) {
    static const char *const words[] = {"or", "and", "is", "is not", "<", "<=", ">",
                                        ">=", "in",  "+",  "-",      "*", "/"};
    return words[op];
}
