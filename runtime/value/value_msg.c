/* SPDX-License-Identifier: Apache-2.0 */
/* Checks message code once, so that the one who runs it may trust it; and shows it to people. */
#include "runtime/value/value_priv.h"

#define DEEPEST 8

static bool check_code(struct pl_str code, uint32_t nargs, int depth, bool in_plural);

static size_t styles(void) {
    static const uint8_t all[] = {
#define STYLE(name, word, kinds) PL_STYLE_##name,
#include "runtime/value/style.def"
#undef STYLE
    };
    return PL_LEN(all);
}

static bool check_arg(struct pl_reader *r, uint32_t nargs) {
    return pl_read_var(r) < nargs && !r->bad;
}

/* Keys: a category once each, or 6+2k for exactly k; OTHER must be among them. An ordinal without
 * branches is written as the locale does. */
static bool check_plural(struct pl_reader *r, uint32_t nargs, int depth, bool ordinal) {
    if (!check_arg(r, nargs)) return false;
    unsigned seen = 0;
    uint64_t n = pl_read_var(r);
    if (n == 0 && ordinal) return !r->bad;
    for (; n && !r->bad; n--) {
        uint64_t key = pl_read_var(r);
        if (key > PL_OTHER && key % 2) return false;
        if (key <= PL_OTHER) {
            if (seen & (1u << key)) return false;
            seen |= 1u << key;
        }
        if (!check_code(pl_read_text(r), nargs, depth + 1, true)) return false;
    }
    return !r->bad && (seen & (1u << PL_OTHER));
}

static bool check_select(struct pl_reader *r, uint32_t nargs, int depth, bool in_plural) {
    if (!check_arg(r, nargs)) return false;
    uint64_t n = pl_read_var(r);
    if (n == 0) return false;
    for (; n && !r->bad; n--) {
        if (!pl_utf8_valid(pl_read_text(r))) return false;
        if (!check_code(pl_read_text(r), nargs, depth + 1, in_plural)) return false;
    }
    return !r->bad;
}

static bool check_one(struct pl_reader *r, uint32_t nargs, int depth, bool in_plural) {
    uint8_t op = pl_read_u8(r);
    switch (op) {
    case PL_MSG_TEXT: return pl_utf8_valid(pl_read_text(r)) && !r->bad;
    case PL_MSG_ARG: return check_arg(r, nargs) && pl_read_var(r) < styles() && !r->bad;
    case PL_MSG_HASH: return in_plural;
    case PL_MSG_PLURAL:
    case PL_MSG_ORDINAL: return check_plural(r, nargs, depth, op == PL_MSG_ORDINAL);
    case PL_MSG_SELECT: return check_select(r, nargs, depth, in_plural);
    default: return false;
    }
}

static bool check_code(struct pl_str code, uint32_t nargs, int depth, bool in_plural) {
    if (depth > DEEPEST) return false;
    struct pl_reader r = pl_reader_of(code);
    while (pl_read_left(&r) > 0) {
        if (!check_one(&r, nargs, depth, in_plural)) return false;
    }
    return !r.bad;
}

bool pl_msg_check(struct pl_str code, uint32_t nargs) {
    return check_code(code, nargs, 1, false);
}

/* "{one|several}": what can stand there; keys: of a choice, by text. */
static void say_branches(struct pl_buf *b, struct pl_reader *r, bool texts) {
    (void)pl_read_var(r); /* which argument decides */
    uint64_t n = pl_read_var(r);
    pl_buf_byte(b, '{');
    for (uint64_t i = 0; i < n && !r->bad; i++) {
        if (i) pl_buf_byte(b, '|');
        if (texts)
            (void)pl_read_text(r);
        else
            (void)pl_read_var(r);
        pl_msg_say(b, pl_read_text(r));
    }
    pl_buf_byte(b, '}');
}

void pl_msg_say(struct pl_buf *b, struct pl_str code) {
    struct pl_reader r = pl_reader_of(code);
    while (pl_read_left(&r) > 0 && !r.bad) {
        uint8_t op = pl_read_u8(&r);
        switch (op) {
        case PL_MSG_TEXT: pl_buf_str(b, pl_read_text(&r)); break;
        case PL_MSG_ARG:
            pl_buf_printf(b, "{%u}", (unsigned)pl_read_var(&r) + 1);
            (void)pl_read_var(&r);
            break;
        case PL_MSG_HASH: pl_buf_byte(b, '#'); break;
        case PL_MSG_PLURAL:
        case PL_MSG_ORDINAL:
        case PL_MSG_SELECT: say_branches(b, &r, op == PL_MSG_SELECT); break;
        default: return;
        }
    }
}
