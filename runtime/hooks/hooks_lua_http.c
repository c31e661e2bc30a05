/* SPDX-License-Identifier: Apache-2.0
 *
 * http.get(service, path, { query = {…}, json = …, body = "…" }) and its kin: note down what is
 * wanted, yield to the worker, go on with the reply. Nothing is sent from here.
 */
#include <ctype.h>
#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "runtime/hooks/hooks_priv.h"

static void escape(struct pl_buf *out, struct pl_str s) {
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 128 && isalnum(c)) || c == '-' || c == '_' || c == '~' || (c == '.' && s.n > 2)) {
            pl_buf_byte(out, c);
            continue;
        }
        pl_buf_byte(out, '%');
        pl_buf_byte(out, (uint8_t)hex[c >> 4]);
        pl_buf_byte(out, (uint8_t)hex[c & 15]);
    }
}

/* http.escape("a b"): for a piece of a path. */
static int lua_escape(lua_State *L) {
    struct pl_str s;
    s.p = luaL_checklstring(L, 1, &s.n);
    struct pl_buf *out = &pl_hooks__run_of(L)->out;
    pl_buf_clear(out);
    escape(out, s);
    lua_pushlstring(L, out->n ? out->p : "", out->n);
    return 1;
}

/* The table `query` on top of the stack, as ?a=b&c=d. */
static void add_query(lua_State *L, struct pl_buf *path) {
    int query = lua_gettop(L);
    struct pl_str *keys, value;
    size_t n = pl_hooks__sorted_keys(L, query, &keys);
    for (size_t i = 0; i < n; i++) {
        lua_pushlstring(L, keys[i].p, keys[i].n);
        lua_rawget(L, query);
        value.p = luaL_tolstring(L, -1, &value.n);
        pl_buf_byte(path, i == 0 ? '?' : '&');
        escape(path, keys[i]);
        pl_buf_byte(path, '=');
        escape(path, value);
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

static void add_body(lua_State *L, int options, struct pl_hooks__want *want) {
    if (lua_getfield(L, options, "json") != LUA_TNIL) {
        pl_hooks__json_write(L, -1, &want->body);
        pl_buf_c(&want->type, "application/json");
    } else if (lua_getfield(L, options, "body") != LUA_TNIL) {
        size_t n;
        const char *p = luaL_checklstring(L, -1, &n);
        if (n > PL_HOOKS__BODY_MAX) luaL_error(L, "the body is too large");
        pl_buf_add(&want->body, p, n);
        pl_buf_c(&want->type, "text/plain; charset=utf-8");
    }
}

static void take_options(lua_State *L, struct pl_hooks__want *want) {
    if (lua_isnoneornil(L, 3)) return;
    luaL_checktype(L, 3, LUA_TTABLE);
    if (lua_getfield(L, 3, "query") != LUA_TNIL) {
        luaL_checktype(L, -1, LUA_TTABLE);
        add_query(L, &want->path);
    }
    lua_pop(L, 1);
    add_body(L, 3, want);
}

static int replied(lua_State *L, int status, lua_KContext ctx) {
    (void)status;
    (void)ctx;
    struct pl_hooks__run *run = pl_hooks__run_of(L);
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, run->status);
    lua_setfield(L, -2, "status");
    lua_pushlstring(L, run->reply_body.n ? run->reply_body.p : "", run->reply_body.n);
    lua_setfield(L, -2, "body");
    if (run->status_json) {
        pl_hooks__json_push(L, run->reply_body);
        lua_setfield(L, -2, "json");
    }
    return 1;
}

static int request(lua_State *L, enum pl_http_method method) {
    struct pl_hooks__want *want = &pl_hooks__run_of(L)->want;
    struct pl_str service, path;
    service.p = luaL_checklstring(L, 1, &service.n);
    path.p = luaL_checklstring(L, 2, &path.n);
    if (!lua_isyieldable(L))
        luaL_error(L, "http cannot be used here (the file's top level, sort, gsub, a metamethod)");
    pl_buf_clear(&want->service);
    pl_buf_clear(&want->path);
    pl_buf_clear(&want->type);
    pl_buf_clear(&want->body);
    if (!pl_hooks__name_ok(service, PL_HOOKS__NAME_MAX)) luaL_error(L, "no such service");
    pl_buf_str(&want->service, service);
    pl_buf_str(&want->path, path);
    take_options(L, want);
    if (!pl_hooks__path_ok(pl_buf_slice(&want->path)))
        luaL_error(L, "a path starts with one / and has URL characters only; see http.escape");
    want->method = method;
    return lua_yieldk(L, 0, 0, replied);
}

static int lua_get(lua_State *L) {
    return request(L, PL_HTTP_GET);
}
static int lua_post(lua_State *L) {
    return request(L, PL_HTTP_POST);
}
static int lua_put(lua_State *L) {
    return request(L, PL_HTTP_PUT);
}
static int lua_patch(lua_State *L) {
    return request(L, PL_HTTP_PATCH);
}
static int lua_delete(lua_State *L) {
    return request(L, PL_HTTP_DELETE);
}

void pl_hooks__open_http(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"get", lua_get},       {"post", lua_post},     {"put", lua_put}, {"patch", lua_patch},
        {"delete", lua_delete}, {"escape", lua_escape}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
