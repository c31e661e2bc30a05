/* SPDX-License-Identifier: Apache-2.0 */
/* A strict JSON reader (RFC 8259). The text is copied to the arena once and texts are unescaped in
 * place, which never makes them longer; numbers keep their digits, which a reader into doubles
 * would lose. Members are gathered on a stack and copied out when their bracket closes. */
#include <stdlib.h>
#include <string.h>

#include "runtime/value/value_priv.h"

#define DEEPEST 64
#define STACK   48

struct parser {
    struct pl_arena *a;
    char *start, *p, *end;
    enum pl_err err;
    struct pl_json_member first[STACK], *stack; /* spills into the arena */
    size_t n, cap;
};

static bool fail(struct parser *s, enum pl_err err) {
    if (s->err == PL_OK) s->err = err;
    return false;
}

static void skip_blank(struct parser *s) {
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

static bool take(struct parser *s, char c) {
    if (s->p == s->end || *s->p != c) return false;
    s->p++;
    return true;
}

static bool take_word(struct parser *s, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0) return fail(s, PL_MALFORMED);
    s->p += n;
    return true;
}

/* ---- texts ---- */

static bool hex4(struct parser *s, uint32_t *out) {
    uint8_t bytes[2];
    if (s->end - s->p < 4 || !pl_unhex((struct pl_str){s->p, 4}, bytes, 2)) return false;
    *out = (uint32_t)(bytes[0] << 8 | bytes[1]);
    s->p += 4;
    return true;
}

/* After the u of \uXXXX: a code point, by two of them when it is a surrogate. */
static bool unicode_escape(struct parser *s, char **to) {
    uint32_t cp, low;
    if (!hex4(s, &cp)) return false;
    if (cp >= 0xDC00 && cp < 0xE000) return false;
    if (cp >= 0xD800 && cp < 0xDC00) {
        if (!take(s, '\\') || !take(s, 'u') || !hex4(s, &low)) return false;
        if (low < 0xDC00 || low > 0xDFFF) return false;
        cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
    }
    *to += pl_utf8_put(cp, *to);
    return true;
}

static bool escape(struct parser *s, char **to) {
    static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    if (s->p == s->end) return false;
    char c = *s->p++;
    if (c == 'u') return unicode_escape(s, to);
    const char *name = c ? strchr(names, c) : NULL;
    if (!name) return false;
    *(*to)++ = means[name - names];
    return true;
}

static bool parse_text(struct parser *s, struct pl_str *out) {
    if (!take(s, '"')) return fail(s, PL_MALFORMED);
    char *start = s->p;
    while (s->p < s->end && *s->p != '"' && *s->p != '\\' && (unsigned char)*s->p >= 0x20) s->p++;
    char *to = s->p; /* from the first escape on, the text moves down */
    while (s->p < s->end && *s->p != '"') {
        if ((unsigned char)*s->p < 0x20) return fail(s, PL_MALFORMED);
        if (*s->p != '\\') {
            *to++ = *s->p++;
            continue;
        }
        s->p++;
        if (!escape(s, &to)) return fail(s, PL_MALFORMED);
    }
    *out = (struct pl_str){start, (size_t)(to - start)};
    return take(s, '"') || fail(s, PL_MALFORMED);
}

/* ---- numbers ---- */

static bool digits(struct parser *s) {
    const char *from = s->p;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9') s->p++;
    return s->p > from;
}

static bool parse_number(struct parser *s, struct pl_str *out) {
    char *start = s->p;
    (void)take(s, '-');
    if (!take(s, '0') && !digits(s)) return fail(s, PL_MALFORMED);
    if (take(s, '.') && !digits(s)) return fail(s, PL_MALFORMED);
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+')) (void)take(s, '-');
        if (!digits(s)) return fail(s, PL_MALFORMED);
    }
    *out = (struct pl_str){start, (size_t)(s->p - start)};
    return true;
}

/* ---- arrays and objects ---- */

static bool parse_value(struct parser *s, struct pl_json *out, int depth);

static bool push(struct parser *s, struct pl_json_member member) {
    if (s->n == s->cap) {
        struct pl_json_member *bigger = PL_NEW_ARRAY(s->a, struct pl_json_member, s->cap * 2);
        if (!bigger) return fail(s, PL_NOMEM);
        memcpy(bigger, s->stack, s->n * sizeof(*bigger));
        s->stack = bigger;
        s->cap *= 2;
    }
    s->stack[s->n++] = member;
    return true;
}

static int by_name(const void *a, const void *b) {
    return pl_str_cmp(*(const struct pl_str *)a, *(const struct pl_str *)b);
}

/* Few names are compared each with each; many are sorted, so that no input costs n². */
static bool names_differ(struct parser *s, const struct pl_json_member *m, size_t n) {
    if (n <= 16) {
        for (size_t i = 1; i < n; i++) {
            for (size_t j = 0; j < i; j++) {
                if (pl_str_eq(m[i].name, m[j].name)) return fail(s, PL_MALFORMED);
            }
        }
        return true;
    }
    struct pl_str *names = PL_NEW_ARRAY(s->a, struct pl_str, n);
    if (!names) return fail(s, PL_NOMEM);
    for (size_t i = 0; i < n; i++) names[i] = m[i].name;
    qsort(names, n, sizeof(*names), by_name);
    for (size_t i = 1; i < n; i++) {
        if (pl_str_eq(names[i - 1], names[i])) return fail(s, PL_MALFORMED);
    }
    return true;
}

static bool parse_member(struct parser *s, bool named, int depth) {
    struct pl_json_member member = {.name = {"", 0}};
    skip_blank(s);
    if (named) {
        if (!parse_text(s, &member.name)) return false;
        skip_blank(s);
        if (!take(s, ':')) return fail(s, PL_MALFORMED);
    }
    return parse_value(s, &member.value, depth) && push(s, member);
}

static bool close_members(struct parser *s, size_t base, struct pl_json *out) {
    out->n = s->n - base;
    s->n = base;
    if (out->kind == PL_JOBJECT && !names_differ(s, s->stack + base, out->n)) return false;
    out->m = PL_NEW_ARRAY(s->a, struct pl_json_member, out->n);
    if (!out->m) return fail(s, PL_NOMEM);
    memcpy(out->m, s->stack + base, out->n * sizeof(*out->m));
    return true;
}

static bool parse_members(struct parser *s, struct pl_json *out, char close, int depth) {
    if (depth > DEEPEST) return fail(s, PL_LIMIT);
    size_t base = s->n;
    s->p++;
    skip_blank(s);
    if (take(s, close)) return close_members(s, base, out);
    do {
        if (!parse_member(s, close == '}', depth)) return false;
        skip_blank(s);
    } while (take(s, ','));
    if (!take(s, close)) return fail(s, PL_MALFORMED);
    return close_members(s, base, out);
}

static bool parse_value(struct parser *s, struct pl_json *out, int depth) {
    *out = (struct pl_json){.kind = PL_JNULL};
    skip_blank(s);
    if (s->p == s->end) return fail(s, PL_MALFORMED);
    switch (*s->p) {
    case '{': out->kind = PL_JOBJECT; return parse_members(s, out, '}', depth + 1);
    case '[': out->kind = PL_JARRAY; return parse_members(s, out, ']', depth + 1);
    case '"': out->kind = PL_JTEXT; return parse_text(s, &out->s);
    case 'n': return take_word(s, "null");
    case 't': *out = (struct pl_json){.kind = PL_JBOOL, .b = true}; return take_word(s, "true");
    case 'f': out->kind = PL_JBOOL; return take_word(s, "false");
    default: out->kind = PL_JNUMBER; return parse_number(s, &out->s);
    }
}

static size_t first_ill_formed(struct pl_str s) {
    size_t at = 0;
    while (at < s.n) {
        size_t from = at;
        if (pl_utf8_next(s, &at) == 0xFFFD && at == from + 1) return from;
    }
    return at;
}

enum pl_err pl_json_parse(struct pl_arena *a, struct pl_str text, struct pl_json *out, size_t *at) {
    *out = (struct pl_json){.kind = PL_JNULL};
    *at = 0;
    if (!pl_utf8_valid(text)) {
        *at = first_ill_formed(text);
        return PL_MALFORMED;
    }
    char *copy = pl_arena_alloc(a, text.n + 1);
    if (!copy) return PL_NOMEM;
    if (text.n) memcpy(copy, text.p, text.n);
    struct parser s;
    s.a = a;
    s.start = s.p = copy;
    s.end = copy + text.n;
    s.err = PL_OK;
    s.stack = s.first; /* not cleared: only what was pushed is read */
    s.n = 0;
    s.cap = STACK;
    if (parse_value(&s, out, 0)) {
        skip_blank(&s);
        if (s.p != s.end) (void)fail(&s, PL_MALFORMED);
    }
    if (s.err == PL_OK) return PL_OK;
    *out = (struct pl_json){.kind = PL_JNULL};
    *at = (size_t)(s.p - s.start);
    return s.err;
}

const struct pl_json *pl_json_get(const struct pl_json *object, const char *name) {
    if (!object || object->kind != PL_JOBJECT) return NULL;
    struct pl_str wanted = pl_str_c(name);
    for (size_t i = 0; i < object->n; i++) {
        if (pl_str_eq(object->m[i].name, wanted)) return &object->m[i].value;
    }
    return NULL;
}

struct pl_str pl_json_text(const struct pl_json *object, const char *name) {
    const struct pl_json *member = pl_json_get(object, name);
    return member && member->kind == PL_JTEXT ? member->s : (struct pl_str){"", 0};
}
