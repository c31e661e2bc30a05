/* SPDX-License-Identifier: Apache-2.0
 *
 * One pass, by recursive descent; each part gives what it can begin and end with, whether it can be
 * empty, and whether it can be stretched without a bound. */
#include "grammar/regex.h"

enum { DEEP = 50, BOUND_MOST = 64 };

/* Characters below 128, and one bit for all others. */
struct set {
    uint64_t bits[2];
    bool others;
};
struct part {
    struct set first, last; /* what a match that is not empty begins and ends with */
    bool empty;             /* may match nothing */
    bool never;             /* matches nothing at all */
    bool loose;             /* holds a repetition without a bound that may give characters back */
    bool start, end;        /* begins with ^, ends with $ */
};
struct reader {
    struct pl_str s;
    size_t at;
    unsigned depth;
    enum pl_regex_fault fault;
    size_t from, to;
};

static struct part alternation(struct reader *r);

/* ---- sets ---- */

static const struct set any = {{UINT64_MAX, UINT64_MAX}, true};

static void put(struct set *s, unsigned c) {
    if (c < 128)
        s->bits[c / 64] |= UINT64_C(1) << c % 64;
    else
        s->others = true;
}

static void put_range(struct set *s, unsigned a, unsigned b) {
    for (unsigned c = a; c <= b && c < 128; c++) put(s, c);
    if (b >= 128) s->others = true;
}

static struct set both(struct set a, struct set b) {
    return (struct set){{a.bits[0] | b.bits[0], a.bits[1] | b.bits[1]}, a.others || b.others};
}

static bool meet(struct set a, struct set b) {
    return (a.bits[0] & b.bits[0]) || (a.bits[1] & b.bits[1]) || (a.others && b.others);
}

static struct set other_than(struct set a) {
    return (struct set){{~a.bits[0], ~a.bits[1]}, true};
}

static bool no_members(struct set a) {
    return !a.bits[0] && !a.bits[1] && !a.others;
}

static struct set letters_of(char c) {
    struct set s = {{0}, false};
    if (c == 'd') put_range(&s, '0', '9');
    if (c == 'w') {
        put_range(&s, '0', '9');
        put_range(&s, 'a', 'z');
        put_range(&s, 'A', 'Z');
        put(&s, '_');
    }
    if (c == 's') {
        put_range(&s, '\t', '\r');
        put(&s, ' ');
    }
    if (c == 'd' || c == 'w' || c == 's') s.others = true; /* those of other scripts */
    return s;
}

/* ---- characters ---- */

static bool more(const struct reader *r) {
    return r->at < r->s.n;
}

static char peek(const struct reader *r) {
    return more(r) ? r->s.p[r->at] : '\0';
}

static bool take(struct reader *r, char c) {
    if (peek(r) != c || !more(r)) return false;
    r->at++;
    return true;
}

static void fault(struct reader *r, enum pl_regex_fault f, size_t from) {
    if (f <= r->fault) return;
    r->fault = f;
    r->from = from;
    r->to = r->at;
}

static void skip_braces(struct reader *r) {
    if (!take(r, '{')) return;
    while (more(r) && !take(r, '}')) r->at++;
}

/* After the backslash. *known: one character that *c is. */
static struct set escape(struct reader *r, bool *assertion, unsigned *c) {
    struct set s = {{0}, false};
    char e = peek(r);
    *assertion = false;
    *c = UINT32_MAX;
    r->at += more(r);
    switch (e) {
    case 'd':
    case 'w':
    case 's': return letters_of(e);
    case 'D': return any;
    case 'W':
    case 'S': return any;
    case 'b':
    case 'B':
    case 'A':
    case 'Z':
    case 'z':
    case 'G': *assertion = true; return s;
    case 'p':
    case 'P':
    case 'N': skip_braces(r); return any;
    case 'x':
    case 'u':
        if (peek(r) == '{')
            skip_braces(r);
        else
            r->at += r->s.n - r->at < 4 ? r->s.n - r->at : (e == 'x' ? 2 : 4);
        return any;
    case 't': *c = '\t'; break;
    case 'n': *c = '\n'; break;
    case 'r': *c = '\r'; break;
    default:
        if ((e >= '0' && e <= '9') || (e >= 'a' && e <= 'z') || (e >= 'A' && e <= 'Z')) return any;
        *c = (unsigned char)e;
    }
    put(&s, *c);
    return s;
}

/* One member of a class, as a character; UINT32_MAX: it was more, and is in *s. */
static unsigned member(struct reader *r, struct set *s) {
    bool assertion;
    unsigned c;
    if (take(r, '\\')) {
        struct set e = escape(r, &assertion, &c);
        *s = both(*s, e);
        return c;
    }
    size_t at = r->at;
    c = pl_utf8_next(r->s, &at);
    r->at = at;
    put(s, c);
    return c;
}

/* After the [. Nested classes and && are not read: any character. */
static struct set class_of(struct reader *r) {
    struct set s = {{0}, false};
    bool negated = take(r, '^'), strange = false, first = true;
    while (more(r) && (first || peek(r) != ']')) {
        first = false;
        if (peek(r) == '[' || (peek(r) == '&' && r->at + 1 < r->s.n && r->s.p[r->at + 1] == '&')) {
            strange = true;
            if (peek(r) == '[') {
                r->at++;
                class_of(r);
            } else {
                r->at += 2;
            }
            continue;
        }
        unsigned a = member(r, &s);
        bool range = peek(r) == '-' && r->at + 1 < r->s.n && r->s.p[r->at + 1] != ']';
        if (a == UINT32_MAX || !range) continue;
        r->at++;
        unsigned b = member(r, &s);
        if (b != UINT32_MAX) put_range(&s, a, b);
    }
    take(r, ']');
    if (strange) return any;
    return negated ? other_than(s) : s;
}

/* [^\s\S] and the like: two halves that leave nothing. */
static bool leaves_nothing(struct pl_str text) {
    static const char *const all[] = {"[^\\s\\S]", "[^\\S\\s]", "[^\\d\\D]",
                                      "[^\\D\\d]", "[^\\w\\W]", "[^\\W\\w]"};
    for (size_t i = 0; i < PL_LEN(all); i++)
        if (pl_str_is(text, all[i])) return true;
    return false;
}

/* ---- parts ---- */

static struct part one_of(struct set s) {
    return (struct part){.first = s, .last = s, .never = no_members(s)};
}

static struct part nothing(void) {
    return (struct part){.empty = true};
}

/* After the (. *atomic: it gives nothing back. */
static struct part group(struct reader *r, bool *atomic, bool *looks) {
    *atomic = *looks = false;
    if (take(r, '?')) {
        if (take(r, '>'))
            *atomic = true;
        else if (peek(r) == '=' || peek(r) == '!')
            *looks = true;
        else if (take(r, '<') && (peek(r) == '=' || peek(r) == '!'))
            *looks = true;
        while (more(r) && peek(r) != ')' && !(*atomic)) { /* flags, a name, a colon */
            char c = peek(r);
            bool over = c == ':' || c == '>' || c == '=' || c == '!';
            r->at++;
            if (over) break;
        }
    }
    struct part p = alternation(r);
    take(r, ')');
    return p;
}

static struct part atom(struct reader *r, bool *atomic) {
    size_t start = r->at;
    bool flag = false;
    unsigned c;
    *atomic = false;
    if (take(r, '(')) {
        struct part p = group(r, atomic, &flag);
        if (*atomic) p.loose = false;
        return flag ? nothing() : p;
    }
    if (take(r, '[')) {
        struct set s = class_of(r);
        struct part p = one_of(s);
        p.never |= leaves_nothing((struct pl_str){r->s.p + start, r->at - start});
        if (p.never) fault(r, PL_REGEX_NEVER, start);
        return p;
    }
    if (take(r, '.')) return one_of(any);
    if (take(r, '^')) return (struct part){.empty = true, .start = true};
    if (take(r, '$')) return (struct part){.empty = true, .end = true};
    if (take(r, '\\')) {
        struct set s = escape(r, &flag, &c);
        return flag ? nothing() : one_of(s);
    }
    struct set s = {{0}, false};
    size_t at = r->at;
    c = pl_utf8_next(r->s, &at);
    r->at = at;
    put(&s, c);
    if (c < 128 && ((c | 32) >= 'a' && (c | 32) <= 'z')) put(&s, c ^ 32); /* as if /i */
    return one_of(s);
}

/* {2,}, *, +, ?: how often at least and at most (UINT32_MAX: no bound). */
static bool repetition(struct reader *r, unsigned *least, unsigned *most) {
    if (take(r, '*')) {
        *least = 0;
        *most = UINT32_MAX;
    } else if (take(r, '+')) {
        *least = 1;
        *most = UINT32_MAX;
    } else if (take(r, '?')) {
        *least = 0;
        *most = 1;
    } else if (peek(r) == '{') {
        r->at++;
        *least = *most = 0;
        while (peek(r) >= '0' && peek(r) <= '9')
            *least = *least % 10000 * 10 + (unsigned)(r->s.p[r->at++] - '0');
        *most = *least;
        if (take(r, ',')) {
            *most = peek(r) == '}' ? UINT32_MAX : 0;
            while (peek(r) >= '0' && peek(r) <= '9')
                *most = *most % 10000 * 10 + (unsigned)(r->s.p[r->at++] - '0');
        }
        take(r, '}');
    } else {
        return false;
    }
    return true;
}

/* A repetition of p: is it slow, and what is it then? */
static struct part repeated(struct reader *r, struct part p, unsigned least, unsigned most,
                            bool possessive, size_t start) {
    bool endless = most > BOUND_MOST;
    if (endless && !possessive && p.loose && (p.empty || meet(p.first, p.last)))
        fault(r, PL_REGEX_SLOW, start);
    if (least == 0) {
        p.empty = true;
        p.never = false;
    }
    if (endless && !possessive) p.loose = true;
    if (possessive) p.loose = false;
    return p;
}

static struct part piece(struct reader *r) {
    size_t start = r->at;
    unsigned least, most;
    bool atomic;
    struct part p = atom(r, &atomic);
    while (more(r) && repetition(r, &least, &most)) {
        bool possessive = take(r, '+');
        if (!possessive) take(r, '?'); /* lazy is as slow */
        p = repeated(r, p, least, most, possessive || atomic, start);
    }
    return p;
}

static struct part sequence(struct reader *r) {
    struct part all = nothing();
    bool needs = false; /* a character was needed already */
    while (more(r) && peek(r) != '|' && peek(r) != ')') {
        size_t start = r->at;
        struct part p = piece(r);
        bool blocked = (p.start && needs) || (all.end && !p.empty);
        if (blocked) {
            fault(r, PL_REGEX_NEVER, start);
            all.never = true;
        }
        all.never = all.never || p.never;
        if (all.empty) all.first = both(all.first, p.first);
        all.last = p.empty ? both(all.last, p.last) : p.last;
        all.loose = all.loose || p.loose;
        all.end = all.end || p.end;
        needs = needs || !p.empty;
        all.empty = all.empty && p.empty;
    }
    return all;
}

/* Two branches that can begin alike make a repetition of them ambiguous, when one is the other
 * over again: told only for single characters, where it is sure. */
static struct part alternation(struct reader *r) {
    if (++r->depth > DEEP) {
        r->at = r->s.n;
        return nothing();
    }
    size_t start = r->at;
    struct part all = sequence(r);
    size_t length = r->at - start;
    bool single = length == 1;
    while (take(r, '|')) {
        start = r->at;
        struct part p = sequence(r);
        bool alike = single && r->at - start == 1 && meet(all.first, p.first);
        all.loose = all.loose || p.loose || alike;
        all.empty = all.empty || p.empty;
        all.never = all.never && p.never;
        all.first = both(all.first, p.first);
        all.last = both(all.last, p.last);
        all.end = all.end && p.end;
    }
    r->depth--;
    return all;
}

enum pl_regex_fault pl_grammar__regex(struct pl_str pattern, size_t *from, size_t *to) {
    struct reader r = {.s = pattern};
    struct part p = alternation(&r);
    r.at = pattern.n;
    if (r.fault == PL_REGEX_NEVER && !p.never) r.fault = PL_REGEX_FINE; /* another branch can */
    if (p.empty) fault(&r, PL_REGEX_EMPTY, 0);
    *from = r.from;
    *to = r.to;
    return r.fault;
}
