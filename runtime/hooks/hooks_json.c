/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON in and out of Lua. A table with keys 1..n is an array, an empty one too unless marked by
 * json.object; what was an array or an object in the text is marked, so it goes out as it came in.
 * null is absent in objects and json.null in arrays.
 */
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <math.h>
#include <stdlib.h>

#include "runtime/hooks/hooks_priv.h"

/* Registry keys of the two marks, which are metatables. */
static const char array_mark = 'a', object_mark = 'o';

static void push_mark(lua_State *L, const char *mark) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, mark) != LUA_TNIL) return;
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, mark);
}

static void set_mark(lua_State *L, const char *mark) {
    push_mark(L, mark);
    lua_setmetatable(L, -2);
}

static bool has_mark(lua_State *L, int index, const char *mark) {
    if (!lua_getmetatable(L, index)) return false;
    push_mark(L, mark);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

/* ---- in ---- */

static void push_number(lua_State *L, struct pl_str digits) {
    int64_t whole;
    if (pl_str_i64(digits, &whole)) {
        lua_pushinteger(L, whole);
        return;
    }
    lua_pushlstring(L, digits.p, digits.n); /* NUL-terminated for strtod */
    double d = strtod(lua_tostring(L, -1), NULL);
    lua_pop(L, 1);
    lua_pushnumber(L, d);
}

static void push_json(lua_State *L, const struct pl_json *j, int depth, bool in_array) {
    if (depth > PL_HOOKS__DEPTH) luaL_error(L, "JSON is nested too deeply");
    luaL_checkstack(L, 6, "JSON");
    switch (j->kind) {
    case PL_JNULL:
        if (in_array)
            lua_pushlightuserdata(L, NULL);
        else
            lua_pushnil(L);
        return;
    case PL_JBOOL: lua_pushboolean(L, j->b); return;
    case PL_JNUMBER: push_number(L, j->s); return;
    case PL_JTEXT: lua_pushlstring(L, j->s.n ? j->s.p : "", j->s.n); return;
    case PL_JARRAY:
        lua_createtable(L, (int)j->n, 0);
        for (size_t i = 0; i < j->n; i++) {
            push_json(L, &j->m[i].value, depth + 1, true);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        set_mark(L, &array_mark);
        return;
    case PL_JOBJECT:
        lua_createtable(L, 0, (int)j->n);
        for (size_t i = 0; i < j->n; i++) {
            lua_pushlstring(L, j->m[i].name.n ? j->m[i].name.p : "", j->m[i].name.n);
            push_json(L, &j->m[i].value, depth + 1, false);
            lua_rawset(L, -3);
        }
        set_mark(L, &object_mark);
        return;
    }
}

void pl_hooks__json_push(lua_State *L, struct pl_str text) {
    struct pl_hooks__run *run = pl_hooks__run_of(L);
    struct pl_json json;
    size_t at = 0;
    pl_arena_reset(&run->scratch);
    if (pl_json_parse(&run->scratch, text, &json, &at) != PL_OK)
        luaL_error(L, "malformed JSON at byte %d", (int)at);
    push_json(L, &json, 0, false);
    pl_arena_reset(&run->scratch);
}

/* ---- out ---- */

static void write_value(lua_State *L, int index, struct pl_buf *out, int depth);

static void write_number(lua_State *L, int index, struct pl_buf *out) {
    if (lua_isinteger(L, index)) {
        pl_buf_printf(out, "%lld", (long long)lua_tointeger(L, index));
        return;
    }
    double d = lua_tonumber(L, index);
    if (!isfinite(d)) luaL_error(L, "a number that JSON cannot hold");
    char text[32];
    for (int digits = 15; digits <= 17; digits++) { /* the shortest that reads back the same */
        snprintf(text, sizeof text, "%.*g", digits, d);
        if (strtod(text, NULL) == d) break;
    }
    pl_buf_c(out, text);
}

static void check_keys(lua_State *L, int index, lua_Integer n) {
    lua_Integer keys = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) keys++;
    if (keys > n) luaL_error(L, "a table for JSON has keys 1..n or texts, not both");
}

static void write_array(lua_State *L, int index, lua_Integer n, struct pl_buf *out, int depth) {
    check_keys(L, index, n);
    pl_buf_byte(out, '[');
    for (lua_Integer i = 1; i <= n; i++) {
        if (i > 1) pl_buf_byte(out, ',');
        lua_rawgeti(L, index, i);
        write_value(L, lua_gettop(L), out, depth + 1);
        lua_pop(L, 1);
    }
    pl_buf_byte(out, ']');
}

static int by_bytes(const void *a, const void *b) {
    return pl_str_cmp(*(const struct pl_str *)a, *(const struct pl_str *)b);
}

/* Lua walks a table in an order that differs from run to run; a request that is sent again under
 * its key must have the same bytes. Leaves the array on the stack, as the memory's owner. */
size_t pl_hooks__sorted_keys(lua_State *L, int index, struct pl_str **keys) {
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) n++;
    *keys = lua_newuserdatauv(L, (n + 1) * sizeof **keys, 0);
    n = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "a table for JSON has keys 1..n or texts, not both");
        struct pl_str *key = &(*keys)[n++];
        key->p = lua_tolstring(L, -2, &key->n); /* stays: the table holds the key */
        if (!pl_utf8_valid(*key)) luaL_error(L, "a text is not UTF-8");
    }
    qsort(*keys, n, sizeof **keys, by_bytes);
    return n;
}

static void write_object(lua_State *L, int index, struct pl_buf *out, int depth) {
    struct pl_str *keys;
    size_t n = pl_hooks__sorted_keys(L, index, &keys);
    pl_buf_byte(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i > 0) pl_buf_byte(out, ',');
        pl_json_quote(out, keys[i]);
        pl_buf_byte(out, ':');
        lua_pushlstring(L, keys[i].p, keys[i].n);
        lua_rawget(L, index);
        write_value(L, lua_gettop(L), out, depth + 1);
        lua_pop(L, 1);
    }
    pl_buf_byte(out, '}');
    lua_pop(L, 1);
}

static void write_table(lua_State *L, int index, struct pl_buf *out, int depth) {
    if (depth > PL_HOOKS__DEPTH) luaL_error(L, "a table is nested too deeply, or in itself");
    lua_Integer n = (lua_Integer)lua_rawlen(L, index);
    lua_pushnil(L);
    bool empty = !lua_next(L, index);
    if (!empty) lua_pop(L, 2);
    bool array =
        n > 0 || (empty && !has_mark(L, index, &object_mark)) || has_mark(L, index, &array_mark);
    if (array)
        write_array(L, index, n, out, depth);
    else
        write_object(L, index, out, depth);
}

static void write_value(lua_State *L, int index, struct pl_buf *out, int depth) {
    luaL_checkstack(L, 6, "JSON");
    struct pl_str s;
    switch (lua_type(L, index)) {
    case LUA_TNIL: pl_buf_c(out, "null"); break;
    case LUA_TBOOLEAN: pl_buf_c(out, lua_toboolean(L, index) ? "true" : "false"); break;
    case LUA_TNUMBER: write_number(L, index, out); break;
    case LUA_TSTRING:
        s.p = lua_tolstring(L, index, &s.n);
        if (!pl_utf8_valid(s)) luaL_error(L, "a text is not UTF-8");
        pl_json_quote(out, s);
        break;
    case LUA_TTABLE: write_table(L, index, out, depth); break;
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(L, index)) {
            pl_buf_c(out, "null");
            break;
        } /* fall through */
    default: luaL_error(L, "JSON cannot hold a %s", luaL_typename(L, index));
    }
    if (out->failed || out->n > PL_HOOKS__BODY_MAX) luaL_error(L, "a value is too large");
}

void pl_hooks__json_write(lua_State *L, int index, struct pl_buf *out) {
    write_value(L, lua_absindex(L, index), out, 0);
}

/* ---- the functions ---- */

static int encode(lua_State *L) {
    luaL_checkany(L, 1);
    /* The run's own buffer: it is freed with the run even when an error jumps over this. */
    struct pl_buf *out = &pl_hooks__run_of(L)->out;
    pl_buf_clear(out);
    pl_hooks__json_write(L, 1, out);
    lua_pushlstring(L, out->p, out->n);
    return 1;
}

static int decode(lua_State *L) {
    struct pl_str text;
    text.p = luaL_checklstring(L, 1, &text.n);
    pl_hooks__json_push(L, text);
    return 1;
}

static int mark_array(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    set_mark(L, &array_mark);
    return 1;
}

static int mark_object(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    set_mark(L, &object_mark);
    return 1;
}

void pl_hooks__open_json(lua_State *L) {
    static const luaL_Reg functions[] = {{"encode", encode},
                                         {"decode", decode},
                                         {"array", mark_array},
                                         {"object", mark_object},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
}
