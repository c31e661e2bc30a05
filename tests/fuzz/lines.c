/* SPDX-License-Identifier: Apache-2.0 */
/* How libFuzzer changes flow and talk files: by lines, blocks and words as often as by bytes, so
 * that much of what comes out still has the layout that the parser wants and the checker sees it.
 * Part of the entries of the room grammar, when they are built with libFuzzer. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b, size_t nb,
                                 uint8_t *out, size_t max, unsigned seed);

enum { PIECE_MOST = 4096 };

static const char *const words[] = {
    "parlance", "assistant", "source",     "locales",  "zone",       "currency",  "start",
    "ceiling",  "intent",    "more",       "entity",   "match",      "shape",     "example",
    "after",    "type",      "one of",     "list of",  "private",    "secret",    "session",
    "customer", "hook",      "effect",     "pure",     "read",       "write",     "once",
    "fails",    "within",    "cache",      "event",    "hours",      "queue",     "rule",
    "when",     "mentions",  "route",      "priority", "flow",       "override",  "title",
    "resume",   "on",        "says",       "open",     "idle",       "otherwise", "interrupt",
    "allow",    "never",     "change",     "finish",   "restart",    "move",      "regulated",
    "requires", "verified",  "image",      "url",      "alt",        "fact",      "button",
    "link",     "card",      "cards",      "each",     "in",         "steps",     "file",
    "any of",   "ask",       "again",      "check",    "tries",      "optional",  "accept",
    "confirm",  "no",        "choose",     "option",   "pass",       "call",      "return",
    "goto",     "answer",    "using",      "given",    "tools",      "budget",    "unsure",
    "down",     "decide",    "about",      "from",     "none",       "set",       "clear",
    "if",       "elif",      "else",       "mark",     "back",       "at most 3", "wait",
    "until",    "for",       "experiment", "variant",  "handoff",    "now",       "offer",
    "callback", "message",   "to",         "because",  "closed",     "declined",  "goal",
    "note",     "track",     "end",        "resolved", "unresolved", "is",        "is not",
    "is empty", "and",       "or",         "not",      "matches",    "text",      "number",
    "percent",  "bool",      "date",       "datetime", "duration",   "money",     "email",
    "phone",    "like",      "talk",       "user",     "bot",        "bot ~",     "stub",
    "expect",   "forbid",    "press",      "pick",     "advance 2h", "reload",    "strict",
    "as",       "->",        "@id",        "{0}",      "2h",         "5 USD",     "15%",
    "[1, 2]",   "today",     "sentiment",  "repeats",  "plural",     "select",    "true",
};

static uint32_t dice(uint32_t *state, size_t n) { /* xorshift32 */
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return n ? *state % (uint32_t)n : 0;
}

struct range {
    size_t from, to;
};

static size_t indent(const uint8_t *s, size_t n, size_t at) {
    size_t k = 0;
    while (at + k < n && s[at + k] == ' ') k++;
    return k;
}

static size_t line_end(const uint8_t *s, size_t n, size_t at) {
    while (at < n && s[at] != '\n') at++;
    return at < n ? at + 1 : n;
}

/* A line by chance and, half of the time, what is indented below it. */
static struct range some_lines(const uint8_t *s, size_t n, uint32_t *d) {
    struct range r = {dice(d, n), 0};
    while (r.from > 0 && s[r.from - 1] != '\n') r.from--;
    r.to = line_end(s, n, r.from);
    size_t deep = indent(s, n, r.from);
    if (dice(d, 2))
        while (r.to < n && (s[r.to] == '\n' || indent(s, n, r.to) > deep))
            r.to = line_end(s, n, r.to);
    return r;
}

static bool in_word(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

static struct range some_word(const uint8_t *s, size_t n, uint32_t *d) {
    size_t at = dice(d, n);
    while (at < n && !in_word(s[at])) at++;
    struct range r = {at, at};
    while (r.from > 0 && in_word(s[r.from - 1])) r.from--;
    while (r.to < n && in_word(s[r.to])) r.to++;
    return r;
}

/* Puts the piece in the place of the range; gives the new length. */
static size_t splice(uint8_t *s, size_t n, size_t max, struct range r, const void *piece,
                     size_t npiece) {
    size_t rest = n - r.to;
    if (r.from + npiece + rest > max) return n;
    memmove(s + r.from + npiece, s + r.to, rest);
    memcpy(s + r.from, piece, npiece);
    return r.from + npiece + rest;
}

static size_t copy(const uint8_t *s, struct range r, uint8_t piece[PIECE_MOST]) {
    size_t n = r.to - r.from < PIECE_MOST ? r.to - r.from : PIECE_MOST;
    memcpy(piece, s + r.from, n);
    return n;
}

static size_t change_lines(uint8_t *s, size_t n, size_t max, uint32_t *d) {
    uint8_t piece[PIECE_MOST];
    struct range r = some_lines(s, n, d), to;
    size_t len = copy(s, r, piece);
    switch (dice(d, 4)) {
    case 0: return splice(s, n, max, r, "", 0);
    case 1: n = splice(s, n, max, r, "", 0); break; /* moved */
    case 2: return splice(s, n, max, (struct range){r.from, r.from}, "  ", 2);
    default: break; /* copied */
    }
    to = some_lines(s, n, d);
    return splice(s, n, max, (struct range){to.from, to.from}, piece, len);
}

static size_t change_word(uint8_t *s, size_t n, size_t max, uint32_t *d) {
    uint8_t piece[PIECE_MOST];
    struct range r = some_word(s, n, d);
    if (dice(d, 4) == 0) return splice(s, n, max, r, "", 0);
    if (dice(d, 4) == 0) r.from = r.to;
    const char *word = words[dice(d, sizeof(words) / sizeof(*words))];
    if (dice(d, 2)) return splice(s, n, max, r, word, strlen(word));
    return splice(s, n, max, r, piece, copy(s, some_word(s, n, d), piece));
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    uint32_t d = seed ? seed : 1;
    if (size == 0 || dice(&d, 3) == 0) return LLVMFuzzerMutate(data, size, max);
    for (uint32_t times = 1 + dice(&d, 3); times && size; times--)
        size = dice(&d, 2) ? change_lines(data, size, max, &d) : change_word(data, size, max, &d);
    return size ? size : 1;
}

/* Lines of b somewhere in a. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b, size_t nb,
                                 uint8_t *out, size_t max, unsigned seed) {
    uint8_t piece[PIECE_MOST];
    uint32_t d = seed ? seed : 1;
    if (na == 0 || na > max || nb == 0) return 0;
    memcpy(out, a, na);
    size_t n = copy(b, some_lines(b, nb, &d), piece);
    struct range at = some_lines(a, na, &d);
    return splice(out, na, max, (struct range){at.from, at.from}, piece, n);
}
