/* SPDX-License-Identifier: Apache-2.0
 *
 * Lua's patterns with counted steps. The library's own matcher backtracks inside one C call, where
 * no count hook runs, so a short pattern can hold a worker for ever; this one raises an error when
 * a resume has used up its steps. Meaning as in the reference manual, 6.4.1.
 */
#include <ctype.h>
#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "runtime/hooks/hooks_priv.h"

enum { CAPTURES = 32, NESTING = 200, OPEN = -1, POSITION = -2 };
#define MISS SIZE_MAX

struct matcher {
    lua_State *L;
    struct pl_hooks__run *run;
    struct pl_str s, p;
    int nesting, ncaps;
    struct {
        size_t at;
        ptrdiff_t n; /* or OPEN, POSITION */
    } caps[CAPTURES];
};

static size_t walk(struct matcher *m, size_t s, size_t p);

static void spend(struct matcher *m, size_t steps) {
    if (steps > PL_HOOKS__STEPS || (m->run->steps += (uint32_t)steps) > PL_HOOKS__STEPS)
        luaL_error(m->L, "the pattern takes too many steps");
}

static unsigned char pat(const struct matcher *m, size_t p) {
    return (unsigned char)m->p.p[p];
}

/* ---- one item of a pattern: a character, a class, a set ---- */

static size_t set_end(struct matcher *m, size_t p) {
    p++; /* [ */
    if (p < m->p.n && pat(m, p) == '^') p++;
    bool first = true; /* a ] that comes first is a member */
    for (; p < m->p.n; p++, first = false) {
        spend(m, 1);
        if (pat(m, p) == ']' && !first) return p + 1;
        if (pat(m, p) == '%') p++;
    }
    return (size_t)luaL_error(m->L, "malformed pattern (missing ']')");
}

static size_t item_end(struct matcher *m, size_t p) {
    if (pat(m, p) == '[') return set_end(m, p);
    if (pat(m, p) != '%') return p + 1;
    if (p + 1 == m->p.n) luaL_error(m->L, "malformed pattern (ends with '%%')");
    return p + 2;
}

/* %a and its kin; an upper-case letter is the complement; anything else stands for itself. */
static bool class_has(unsigned char class, unsigned char c) {
    bool in;
    switch (tolower(class)) {
    case 'a': in = isalpha(c); break;
    case 'c': in = iscntrl(c); break;
    case 'd': in = isdigit(c); break;
    case 'g': in = isgraph(c); break;
    case 'l': in = islower(c); break;
    case 'p': in = ispunct(c); break;
    case 's': in = isspace(c); break;
    case 'u': in = isupper(c); break;
    case 'w': in = isalnum(c); break;
    case 'x': in = isxdigit(c); break;
    default: return class == c;
    }
    return isupper(class) ? !in : in;
}

/* p at '[', end after ']'. */
static bool set_has(struct matcher *m, unsigned char c, size_t p, size_t end) {
    bool found = true;
    p++;
    if (pat(m, p) == '^') {
        found = false;
        p++;
    }
    end--; /* ] */
    for (; p < end; p++) {
        spend(m, 1);
        if (pat(m, p) == '%' && p + 1 < end) {
            p++;
            if (class_has(pat(m, p), c)) return found;
        } else if (p + 2 < end && pat(m, p + 1) == '-') {
            if (pat(m, p) <= c && c <= pat(m, p + 2)) return found;
            p += 2;
        } else if (pat(m, p) == c) {
            return found;
        }
    }
    return !found;
}

static bool item_has(struct matcher *m, size_t s, size_t p, size_t end) {
    if (s >= m->s.n) return false;
    unsigned char c = (unsigned char)m->s.p[s];
    switch (pat(m, p)) {
    case '.': return true;
    case '%': return class_has(pat(m, p + 1), c);
    case '[': return set_has(m, c, p, end);
    default: return pat(m, p) == c;
    }
}

/* ---- repetitions ---- */

static size_t most(struct matcher *m, size_t s, size_t p, size_t end, size_t least) {
    size_t n = 0;
    while (item_has(m, s + n, p, end)) {
        spend(m, 1);
        n++;
    }
    for (; n + 1 > least; n--) {
        size_t r = walk(m, s + n, end + 1);
        if (r != MISS || n == 0) return r;
    }
    return MISS;
}

static size_t fewest(struct matcher *m, size_t s, size_t p, size_t end) {
    for (;; s++) {
        size_t r = walk(m, s, end + 1);
        if (r != MISS) return r;
        if (!item_has(m, s, p, end)) return MISS;
    }
}

/* ---- captures ---- */

static size_t open_capture(struct matcher *m, size_t s, size_t p) {
    if (m->ncaps == CAPTURES) luaL_error(m->L, "too many captures");
    bool position = p < m->p.n && pat(m, p) == ')';
    m->caps[m->ncaps].at = s;
    m->caps[m->ncaps++].n = position ? POSITION : OPEN;
    size_t r = walk(m, s, position ? p + 1 : p);
    if (r == MISS) m->ncaps--;
    return r;
}

static size_t close_capture(struct matcher *m, size_t s, size_t p) {
    int i = m->ncaps - 1;
    while (i >= 0 && m->caps[i].n != OPEN) i--;
    if (i < 0) luaL_error(m->L, "invalid pattern capture");
    m->caps[i].n = (ptrdiff_t)(s - m->caps[i].at);
    size_t r = walk(m, s, p);
    if (r == MISS) m->caps[i].n = OPEN;
    return r;
}

static size_t same_again(struct matcher *m, size_t s, unsigned char digit) {
    int i = digit - '1';
    if (i < 0 || i >= m->ncaps || m->caps[i].n == OPEN)
        luaL_error(m->L, "invalid capture index %%%d", i + 1);
    size_t n = m->caps[i].n < 0 ? 0 : (size_t)m->caps[i].n;
    spend(m, n / 64);
    if (n > m->s.n - s || memcmp(m->s.p + m->caps[i].at, m->s.p + s, n) != 0) return MISS;
    return s + n;
}

/* ---- %b and %f ---- */

static size_t balanced(struct matcher *m, size_t s, size_t p) {
    if (p + 1 >= m->p.n) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    if (s >= m->s.n || (unsigned char)m->s.p[s] != pat(m, p)) return MISS;
    size_t depth = 1;
    while (++s < m->s.n) {
        spend(m, 1);
        unsigned char c = (unsigned char)m->s.p[s];
        if (c == pat(m, p + 1)) {
            if (--depth == 0) return s + 1;
        } else if (c == pat(m, p)) {
            depth++;
        }
    }
    return MISS;
}

/* Gives the end of the set, or MISS. */
static size_t frontier(struct matcher *m, size_t s, size_t p) {
    if (p >= m->p.n || pat(m, p) != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
    size_t end = item_end(m, p);
    unsigned char before = s == 0 ? 0 : (unsigned char)m->s.p[s - 1];
    unsigned char after = s == m->s.n ? 0 : (unsigned char)m->s.p[s];
    return !set_has(m, before, p, end) && set_has(m, after, p, end) ? end : MISS;
}

/* ---- the walk ---- */

/* %b, %f and %1..%9: moves *s and *p on. 1: matched, 0: did not, -1: none of these. */
static int special(struct matcher *m, size_t *s, size_t *p) {
    if (pat(m, *p) != '%' || *p + 1 >= m->p.n) return -1;
    unsigned char kind = pat(m, *p + 1);
    if (kind == 'b') {
        *s = balanced(m, *s, *p + 2);
        *p += 4;
        return *s != MISS;
    }
    if (kind == 'f') {
        *p = frontier(m, *s, *p + 2);
        return *p != MISS;
    }
    if (!isdigit(kind)) return -1;
    *s = same_again(m, *s, kind);
    *p += 2;
    return *s != MISS;
}

static size_t walk_on(struct matcher *m, size_t s, size_t p) {
    while (p < m->p.n) {
        spend(m, 1);
        if (pat(m, p) == '(') return open_capture(m, s, p + 1);
        if (pat(m, p) == ')') return close_capture(m, s, p + 1);
        if (pat(m, p) == '$' && p + 1 == m->p.n) return s == m->s.n ? s : MISS;
        int matched = special(m, &s, &p);
        if (matched == 0) return MISS;
        if (matched == 1) continue;
        size_t end = item_end(m, p);
        unsigned char how = end < m->p.n ? pat(m, end) : 0;
        if (how == '*') return most(m, s, p, end, 0);
        if (how == '+') return most(m, s, p, end, 1);
        if (how == '-') return fewest(m, s, p, end);
        if (how == '?') {
            size_t r = item_has(m, s, p, end) ? walk(m, s + 1, end + 1) : MISS;
            if (r != MISS) return r;
            p = end + 1;
            continue;
        }
        if (!item_has(m, s, p, end)) return MISS;
        s++;
        p = end;
    }
    return s;
}

/* The end of the match of the pattern from p on at s, or MISS. */
static size_t walk(struct matcher *m, size_t s, size_t p) {
    if (++m->nesting > NESTING) luaL_error(m->L, "pattern too complex");
    spend(m, 1);
    size_t r = walk_on(m, s, p);
    m->nesting--;
    return r;
}

static size_t match_at(struct matcher *m, size_t s, size_t p) {
    m->ncaps = 0;
    m->nesting = 0;
    return walk(m, s, p);
}

static void matcher_of(struct matcher *m, lua_State *L, int subject, int pattern) {
    memset(m, 0, sizeof *m);
    m->L = L;
    m->run = pl_hooks__run_of(L);
    m->s.p = luaL_checklstring(L, subject, &m->s.n);
    m->p.p = luaL_checklstring(L, pattern, &m->p.n);
}

/* ---- what the Lua functions give ---- */

static void push_capture(struct matcher *m, int i, size_t from, size_t to) {
    if (i >= m->ncaps) {
        if (i != 0) luaL_error(m->L, "invalid capture index %%%d", i + 1);
        lua_pushlstring(m->L, m->s.p + from, to - from);
    } else if (m->caps[i].n == POSITION) {
        lua_pushinteger(m->L, (lua_Integer)m->caps[i].at + 1);
    } else if (m->caps[i].n == OPEN) {
        luaL_error(m->L, "unfinished capture");
    } else {
        lua_pushlstring(m->L, m->s.p + m->caps[i].at, (size_t)m->caps[i].n);
    }
}

/* All captures, or the whole match when there are none and `whole`. */
static int push_captures(struct matcher *m, bool whole, size_t from, size_t to) {
    int n = m->ncaps == 0 && whole ? 1 : m->ncaps;
    luaL_checkstack(m->L, n, "too many captures");
    for (int i = 0; i < n; i++) push_capture(m, i, from, to);
    return n;
}

/* Lua's 1-based, possibly negative start; SIZE_MAX when past the end. */
static size_t start_of(lua_State *L, int arg, size_t n) {
    lua_Integer at = luaL_optinteger(L, arg, 1);
    if (at < 0) at = at < -(lua_Integer)n ? 1 : (lua_Integer)n + at + 1;
    if (at == 0) at = 1;
    return at - 1 > (lua_Integer)n ? SIZE_MAX : (size_t)at - 1;
}

static int push_plain(struct matcher *m, size_t from) {
    const char *hit =
        m->p.n == 0 ? m->s.p + from : memmem(m->s.p + from, m->s.n - from, m->p.p, m->p.n);
    if (!hit) {
        lua_pushnil(m->L);
        return 1;
    }
    lua_pushinteger(m->L, hit - m->s.p + 1);
    lua_pushinteger(m->L, hit - m->s.p + (lua_Integer)m->p.n);
    return 2;
}

static int search(lua_State *L, bool find) {
    struct matcher m;
    matcher_of(&m, L, 1, 2);
    size_t from = start_of(L, 3, m.s.n);
    if (from == SIZE_MAX) {
        lua_pushnil(L);
        return 1;
    }
    if (find && lua_toboolean(L, 4)) return push_plain(&m, from);
    bool anchored = m.p.n && m.p.p[0] == '^';
    do {
        size_t to = match_at(&m, from, anchored);
        if (to == MISS) continue;
        if (!find) return push_captures(&m, true, from, to);
        lua_pushinteger(L, (lua_Integer)from + 1);
        lua_pushinteger(L, (lua_Integer)to);
        return 2 + push_captures(&m, false, from, to);
    } while (++from <= m.s.n && !anchored);
    lua_pushnil(L);
    return 1;
}

static int lua_find(lua_State *L) {
    return search(L, true);
}
static int lua_match(lua_State *L) {
    return search(L, false);
}

/* Upvalues: subject, pattern, where to start, end of the last match (so that an empty match does
 * not come twice at one place). */
static int gmatch_next(lua_State *L) {
    struct matcher m;
    matcher_of(&m, L, lua_upvalueindex(1), lua_upvalueindex(2));
    size_t from = (size_t)lua_tointeger(L, lua_upvalueindex(3));
    size_t last = (size_t)lua_tointeger(L, lua_upvalueindex(4));
    for (; from <= m.s.n; from++) {
        size_t to = match_at(&m, from, 0);
        if (to == MISS || to == last) continue;
        lua_pushinteger(L, (lua_Integer)to);
        lua_copy(L, -1, lua_upvalueindex(3));
        lua_replace(L, lua_upvalueindex(4));
        return push_captures(&m, true, from, to);
    }
    return 0;
}

static int lua_gmatch(lua_State *L) {
    size_t n;
    luaL_checklstring(L, 1, &n);
    luaL_checkstring(L, 2);
    size_t from = start_of(L, 3, n);
    lua_settop(L, 2);
    lua_pushinteger(L, from == SIZE_MAX ? (lua_Integer)n + 1 : (lua_Integer)from);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, gmatch_next, 4);
    return 1;
}

static void add_template(struct matcher *m, luaL_Buffer *b, size_t from, size_t to) {
    size_t n;
    const char *t = lua_tolstring(m->L, 3, &n);
    for (size_t i = 0; i < n; i++) {
        if (t[i] != '%') {
            luaL_addchar(b, t[i]);
            continue;
        }
        unsigned char c = ++i < n ? (unsigned char)t[i] : 0;
        if (c == '%') {
            luaL_addchar(b, '%');
        } else if (c == '0') {
            luaL_addlstring(b, m->s.p + from, to - from);
        } else if (isdigit(c)) {
            push_capture(m, c - '1', from, to);
            luaL_tolstring(m->L, -1, NULL); /* a position is a number */
            lua_remove(m->L, -2);
            luaL_addvalue(b);
        } else {
            luaL_error(m->L, "invalid use of '%%' in replacement string");
        }
    }
}

/* Adds what stands for the match; the buffer may own stack slots, so the value is on top of it. */
static void add_replacement(struct matcher *m, luaL_Buffer *b, int kind, size_t from, size_t to) {
    if (kind == LUA_TSTRING || kind == LUA_TNUMBER) {
        add_template(m, b, from, to);
        return;
    }
    if (kind == LUA_TTABLE) {
        push_capture(m, 0, from, to);
        lua_gettable(m->L, 3);
    } else {
        lua_pushvalue(m->L, 3);
        lua_call(m->L, push_captures(m, true, from, to), 1);
    }
    if (!lua_toboolean(m->L, -1)) {
        lua_pop(m->L, 1);
        luaL_addlstring(b, m->s.p + from, to - from);
    } else if (lua_isstring(m->L, -1)) {
        luaL_addvalue(b);
    } else {
        luaL_error(m->L, "invalid replacement value (a %s)", luaL_typename(m->L, -1));
    }
}

static int lua_gsub(lua_State *L) {
    struct matcher m;
    matcher_of(&m, L, 1, 2);
    int kind = lua_type(L, 3);
    luaL_argexpected(L,
                     kind == LUA_TSTRING || kind == LUA_TNUMBER || kind == LUA_TTABLE ||
                         kind == LUA_TFUNCTION,
                     3, "string/function/table");
    lua_Integer most_times = luaL_optinteger(L, 4, (lua_Integer)m.s.n + 1), times = 0;
    bool anchored = m.p.n && m.p.p[0] == '^';
    size_t from = 0, last = MISS;
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    while (times < most_times) {
        size_t to = match_at(&m, from, anchored);
        if (to != MISS && to != last) {
            times++;
            add_replacement(&m, &b, kind, from, to);
            from = last = to;
        } else if (from < m.s.n) {
            luaL_addchar(&b, m.s.p[from]);
            from++;
        } else {
            break;
        }
        if (anchored) break;
    }
    if (from < m.s.n) luaL_addlstring(&b, m.s.p + from, m.s.n - from);
    luaL_pushresult(&b);
    lua_pushinteger(L, times);
    return 2;
}

void pl_hooks__open_pattern(lua_State *L) {
    static const luaL_Reg functions[] = {{"find", lua_find},
                                         {"match", lua_match},
                                         {"gmatch", lua_gmatch},
                                         {"gsub", lua_gsub},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
