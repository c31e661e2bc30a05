/* SPDX-License-Identifier: Apache-2.0
 *
 * One call in one Lua state: environment, budgets, the road from arguments to result.
 *
 * Why a state of its own: nothing of one customer's call can be seen by the next, memory is counted
 * and freed per call, and a spent call needs no cleaning up. It costs about 100 µs.
 *
 * Budgets: a count hook looks at the CPU clock; when time is up, or the allocator refused once, it
 * raises at every further instruction, so that no pcall in the hook can go on. What runs in C
 * without instructions (a huge string.rep, table.concat) is ended by the worker's CPU alarm.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/hooks/hooks_priv.h"

static const char fail_mark = 'f'; /* registry key of the metatable of what fail() gives */

/* Every new thread's extra space starts as a copy of the main thread's. */
struct pl_hooks__run *pl_hooks__run_of(lua_State *L) {
    struct pl_hooks__run *run;
    memcpy(&run, lua_getextraspace(L), sizeof run);
    return run;
}

/* ---- budgets ---- */

static void over_budget(lua_State *L, lua_Debug *ar) {
    (void)ar;
    struct pl_hooks__run *run = pl_hooks__run_of(L);
    if (!run->spent && pl_hooks__cpu_us() < run->cpu_end_us) return;
    run->spent = true;
    lua_sethook(L, over_budget, LUA_MASKCOUNT, 1);
    luaL_error(L, "the budget is used up");
}

static void *allocate(void *ctx, void *old, size_t old_size, size_t size) {
    struct pl_hooks__run *run = ctx;
    if (!old) old_size = 0; /* then it is a kind of object, not a size */
    if (size == 0) {
        free(old);
        run->memory -= old_size;
        return NULL;
    }
    size_t others = run->memory - old_size;
    void *p = size > old_size && size > run->task.memory_cap - others ? NULL : realloc(old, size);
    if (p) {
        run->memory = others + size;
        if (size > old_size) run->refused = false;
    } else if (size > old_size && !run->refused) {
        run->refused = true; /* Lua now collects its garbage and asks again */
    } else if (size > old_size && run->thread) {
        run->spent = true;
        lua_sethook(run->thread, over_budget, LUA_MASKCOUNT, 1);
    }
    return p;
}

/* ---- the environment ---- */

/* Finalizers run with hooks off, out of reach of every budget. */
static int safe_setmetatable(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL) return luaL_error(L, "__gc is not allowed");
        lua_pop(L, 1);
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int fail(lua_State *L) {
    size_t n;
    const char *name = luaL_checklstring(L, 1, &n);
    if (!pl_hooks__name_ok((struct pl_str){name, n}, PL_HOOKS__NAME_MAX))
        return luaL_error(L, "a failure is a name");
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &fail_mark);
    lua_setmetatable(L, -2);
    return 1;
}

static int key(lua_State *L) {
    struct pl_str k = pl_hooks__run_of(L)->task.key;
    if (k.n == 0)
        lua_pushnil(L);
    else
        lua_pushlstring(L, k.p, k.n);
    return 1;
}

static int write_log(lua_State *L) {
    struct pl_hooks__run *run = pl_hooks__run_of(L);
    struct pl_str event, subject;
    event.p = luaL_checklstring(L, 1, &event.n);
    subject.p = luaL_optlstring(L, 2, "", &subject.n);
    if (!pl_hooks__name_ok(event, 64) || (subject.n && !pl_hooks__name_ok(subject, 64)))
        return luaL_error(L, "log takes an event and an id: letters, digits, _ . - :");
    if (run->task.log && run->logs++ < PL_HOOKS__LOGS) run->task.log(run->task.ctx, event, subject);
    return 0;
}

struct library {
    const char *name; /* NULL: globals */
    lua_CFunction open;
    const char *const *members;
};

static const char *const base_members[] = {
    "assert", "error",  "getmetatable", "ipairs", "next",     "pairs",    "pcall", "rawequal",
    "rawget", "rawlen", "rawset",       "select", "tonumber", "tostring", "type",  NULL};
static const char *const string_members[] = {"byte", "char", "format",  "len",   "lower",
                                             "rep",  "sub",  "reverse", "upper", NULL};
static const char *const table_members[] = {"concat", "insert", "pack", "remove",
                                            "sort",   "unpack", NULL};
static const char *const math_members[] = {
    "abs",        "ceil", "floor", "fmod", "huge",      "max",  "maxinteger", "min",
    "mininteger", "modf", "pi",    "sqrt", "tointeger", "type", "ult",        NULL};
static const char *const utf8_members[] = {"char", "charpattern", "codepoint", "codes",
                                           "len",  "offset",      NULL};
static const struct library libraries[] = {
    {NULL, luaopen_base, base_members},      {"string", luaopen_string, string_members},
    {"table", luaopen_table, table_members}, {"math", luaopen_math, math_members},
    {"utf8", luaopen_utf8, utf8_members},
};

/* Copies the listed members of the library into the table at `to`. */
static void copy_members(lua_State *L, const struct library *lib, int to) {
    luaL_requiref(L, lib->name ? lib->name : "_G", lib->open, 0);
    for (size_t i = 0; lib->members[i]; i++) {
        lua_getfield(L, -1, lib->members[i]);
        lua_setfield(L, to, lib->members[i]);
    }
    lua_pop(L, 1);
}

static void open_module(lua_State *L, int env, const char *name, void (*open)(lua_State *)) {
    if (lua_getfield(L, env, name) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 8);
        lua_pushvalue(L, -1);
        lua_setfield(L, env, name);
    }
    open(L);
    lua_pop(L, 1);
}

/* ("x"):find must find our find, and nobody may reach the table behind it. */
static void guard_strings(lua_State *L, int env) {
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_getfield(L, env, "string");
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

static void open_fail(lua_State *L, int env) {
    lua_createtable(L, 0, 1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &fail_mark);
    static const luaL_Reg functions[] = {{"fail", fail},
                                         {"key", key},
                                         {"log", write_log},
                                         {"setmetatable", safe_setmetatable},
                                         {NULL, NULL}};
    lua_pushvalue(L, env);
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
}

/* Builds a table of globals from the lists above and makes it the only one. */
static int open_environment(lua_State *L) {
    lua_createtable(L, 0, 32);
    int env = lua_gettop(L);
    for (size_t i = 0; i < PL_LEN(libraries); i++) {
        if (!libraries[i].name) {
            copy_members(L, &libraries[i], env);
            continue;
        }
        lua_createtable(L, 0, 16);
        copy_members(L, &libraries[i], lua_gettop(L));
        lua_setfield(L, env, libraries[i].name);
    }
    open_module(L, env, "string", pl_hooks__open_pattern);
    open_module(L, env, "http", pl_hooks__open_http);
    open_module(L, env, "json", pl_hooks__open_json);
    open_fail(L, env);
    guard_strings(L, env);
    lua_pushvalue(L, env);
    lua_setfield(L, env, "_G");
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    return 0;
}

/* ---- the call, inside the coroutine ---- */

static bool is_failure(lua_State *L, int index) {
    if (!lua_getmetatable(L, index)) return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &fail_mark);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

/* The function has returned one value: makes `out` of it. */
static int returned(lua_State *L, int status, lua_KContext ctx) {
    (void)status;
    (void)ctx;
    struct pl_hooks__run *run = pl_hooks__run_of(L);
    pl_buf_clear(&run->out);
    if (!is_failure(L, -1)) {
        pl_hooks__json_write(L, -1, &run->out);
        run->phase = PL_HOOKS__RETURNED;
        return 0;
    }
    size_t n;
    lua_rawgeti(L, -1, 1);
    const char *name = lua_tolstring(L, -1, &n);
    pl_buf_add(&run->out, name, n);
    run->phase = PL_HOOKS__FAILED;
    return 0;
}

/* Leaves the file's table on the stack. */
static void run_file(lua_State *L, const struct pl_hooks__task *task) {
    lua_pushliteral(L, "=");
    lua_pushlstring(L, task->file.p, task->file.n);
    lua_concat(L, 2);
    const char *chunk = lua_tostring(L, -1);
    if (luaL_loadbufferx(L, task->source.p, task->source.n, chunk, "t") != LUA_OK) lua_error(L);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1)) luaL_error(L, "the file must return a table of functions");
    lua_remove(L, -2);
}

static int push_args(lua_State *L, struct pl_str args) {
    pl_hooks__json_push(L, args);
    int list = lua_gettop(L), n = (int)lua_rawlen(L, list);
    luaL_checkstack(L, n, "arguments");
    for (int i = 1; i <= n; i++) {
        lua_rawgeti(L, list, i);
        if (!lua_islightuserdata(L, -1)) continue; /* null: an absent argument */
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    lua_remove(L, list);
    return n;
}

static int body(lua_State *L) {
    struct pl_hooks__run *run = pl_hooks__run_of(L);
    run_file(L, &run->task);
    if (run->task.function.n == 0) {
        run->phase = PL_HOOKS__RETURNED;
        return 1;
    }
    lua_pushlstring(L, run->task.function.p, run->task.function.n);
    lua_rawget(L, -2);
    if (!lua_isfunction(L, -1)) {
        run->why = PL_HOOK_WHY_NO_HOOK;
        return luaL_error(L, "no such function");
    }
    int n = push_args(L, run->task.args);
    lua_callk(L, n, 1, 0, returned);
    return returned(L, LUA_OK, 0);
}

/* ---- from outside ---- */

static void broke(struct pl_hooks__run *run, enum pl_hook_why why, const char *text) {
    run->phase = PL_HOOKS__BROKE;
    if (run->why == PL_HOOK_WHY_NONE) run->why = why;
    pl_buf_clear(&run->out);
    pl_buf_add(&run->out, text, strnlen(text, PL_HOOKS__DETAIL_MAX));
}

static enum pl_hooks__phase resume(struct pl_hooks__run *run) {
    int results = 0;
    run->steps = 0;
    run->cpu_end_us = pl_hooks__cpu_us() + run->task.cpu_us;
    int status = lua_resume(run->thread, NULL, 0, &results);
    if (status == LUA_YIELD) {
        run->phase = PL_HOOKS__WANTS_HTTP;
    } else if (status != LUA_OK) {
        bool spent = run->spent || status == LUA_ERRMEM || run->steps > PL_HOOKS__STEPS;
        const char *text = lua_type(run->thread, -1) == LUA_TSTRING ? lua_tostring(run->thread, -1)
                                                                    : "an error that is no text";
        broke(run, spent ? PL_HOOK_WHY_BUDGET : PL_HOOK_WHY_LUA_ERROR, text);
    }
    return run->phase;
}

/* Protected: everything in here may run out of memory. */
static int prepare(lua_State *L) {
    struct pl_hooks__run *run = pl_hooks__run_of(L);
    lua_pushcfunction(L, open_environment);
    lua_call(L, 0, 0);
    lua_State *thread = lua_newthread(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, run); /* anchored for the collector */
    lua_sethook(thread, over_budget, LUA_MASKCOUNT, PL_HOOKS__COUNT);
    lua_pushcfunction(thread, body);
    run->thread = thread;
    return 0;
}

static bool keep_inputs(struct pl_hooks__run *run, const struct pl_hooks__task *task) {
    run->task = *task;
    pl_buf_str(&run->owned, task->args);
    pl_buf_str(&run->owned, task->key);
    pl_buf_str(&run->owned, task->function);
    if (run->owned.failed) return false;
    const char *p = run->owned.p;
    run->task.args = (struct pl_str){p, task->args.n};
    run->task.key = (struct pl_str){p + task->args.n, task->key.n};
    run->task.function = (struct pl_str){p + task->args.n + task->key.n, task->function.n};
    return true;
}

enum pl_hooks__phase pl_hooks__run_start(struct pl_hooks__run *run,
                                         const struct pl_hooks__task *task) {
    memset(run, 0, sizeof *run);
    pl_arena_init(&run->scratch, 16 * 1024 * 1024);
    if (keep_inputs(run, task)) run->lua = lua_newstate(allocate, run);
    if (!run->lua) {
        broke(run, PL_HOOK_WHY_BUDGET, "no memory for a state");
        return run->phase;
    }
    memcpy(lua_getextraspace(run->lua), &run, sizeof run);
    lua_pushcfunction(run->lua, prepare);
    if (lua_pcall(run->lua, 0, 0, 0) != LUA_OK) {
        broke(run, PL_HOOK_WHY_BUDGET, "no memory for a state");
        return run->phase;
    }
    return resume(run);
}

enum pl_hooks__phase pl_hooks__run_reply(struct pl_hooks__run *run, int status, bool json,
                                         struct pl_str text) {
    pl_assert(run->phase == PL_HOOKS__WANTS_HTTP);
    run->status = status;
    run->status_json = json;
    run->reply_body = text;
    return resume(run);
}

/* lua_close runs no Lua code here: there are no finalizers, and variables that a broken coroutine
 * left to be closed belong to it, not to the main thread. */
void pl_hooks__run_end(struct pl_hooks__run *run) {
    if (run->lua) lua_close(run->lua);
    pl_arena_free(&run->scratch);
    pl_buf_free(&run->owned);
    pl_buf_free(&run->out);
    pl_buf_free(&run->want.service);
    pl_buf_free(&run->want.path);
    pl_buf_free(&run->want.type);
    pl_buf_free(&run->want.body);
    memset(run, 0, sizeof *run);
}

static int by_bytes(const void *a, const void *b) {
    return pl_str_cmp(*(const struct pl_str *)a, *(const struct pl_str *)b);
}

size_t pl_hooks__run_names(struct pl_hooks__run *run, struct pl_arena *a, struct pl_str **names) {
    lua_State *L = run->thread; /* the file's table is its only result */
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) n++;
    *names = PL_NEW_ARRAY(a, struct pl_str, n + 1);
    n = 0;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || !lua_isfunction(L, -1)) continue;
        struct pl_str name;
        name.p = lua_tolstring(L, -2, &name.n);
        (*names)[n++] = pl_arena_str(a, name);
    }
    qsort(*names, n, sizeof **names, by_bytes);
    return n;
}
