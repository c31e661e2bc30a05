/* SPDX-License-Identifier: Apache-2.0
 * One call in one state, in this process: environment, patterns, JSON, budgets. What only the
 * worker's CPU alarm can end is in workers_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runtime/hooks/hooks_priv.h"

static struct pl_hooks__run run;

static enum pl_hooks__phase start(const char *source, const char *args) {
    struct pl_hooks__task task = {.file = PL_STR("t"),
                                  .source = pl_str_c(source),
                                  .function = PL_STR("f"),
                                  .args = pl_str_c(args),
                                  .key = PL_STR("key-1"),
                                  .memory_cap = 8 * 1024 * 1024,
                                  .cpu_us = 200 * 1000};
    return pl_hooks__run_start(&run, &task);
}

/* Runs `return function() body end`; the JSON, the failure's name or the error's text. */
static const char *result_of(const char *body, enum pl_hooks__phase *phase) {
    static char text[2000];
    struct pl_buf source = {0};
    pl_buf_printf(&source, "return { f = function(...) %s end }", body);
    pl_buf_byte(&source, 0);
    *phase = start(source.p, "[]");
    snprintf(text, sizeof text, "%.*s", PL_STR_ARG(pl_buf_slice(&run.out)));
    pl_buf_free(&source);
    return text;
}

static void gives(const char *body, const char *json) {
    enum pl_hooks__phase phase;
    const char *text = result_of(body, &phase);
    if (phase != PL_HOOKS__RETURNED) fail_msg("%s: %s", body, text);
    assert_string_equal(text, json);
    pl_hooks__run_end(&run);
}

static void breaks(const char *body, enum pl_hook_why why, const char *part) {
    enum pl_hooks__phase phase;
    const char *text = result_of(body, &phase);
    if (phase != PL_HOOKS__BROKE || run.why != why || !strstr(text, part))
        fail_msg("%s: phase %d, why %d: %s", body, (int)phase, (int)run.why, text);
    pl_hooks__run_end(&run);
}

static void gives_values(void **state) {
    (void)state;
    gives("return 1", "1");
    gives("return 1.5", "1.5");
    gives("return 110.49", "110.49");
    gives("return 1/3", "0.3333333333333333");
    gives("return 'a\"b'", "\"a\\\"b\"");
    gives("return {}", "[]");
    gives("return json.object({})", "{}");
    gives("return {1, 'x', true}", "[1,\"x\",true]");
    gives("return {b = 1, d = 4, a = 2, c = 3}", "{\"a\":2,\"b\":1,\"c\":3,\"d\":4}");
    gives("return {a = {b = 1}}", "{\"a\":{\"b\":1}}");
    gives("return nil", "null");
    gives("", "null");
    gives("return {1, json.null, 3}", "[1,null,3]");
    gives("return json.decode('{\"a\":[],\"b\":{},\"c\":null,\"d\":12345678901}').a", "[]");
    gives("return json.decode('{\"b\":{}}')", "{\"b\":{}}");
    gives("return json.encode({1})", "\"[1]\"");
    gives("return key()", "\"key-1\"");
    breaks("return {1, a = 2}", PL_HOOK_WHY_LUA_ERROR, "not both");
    breaks("return {[2.5] = 2}", PL_HOOK_WHY_LUA_ERROR, "not both");
    breaks("local t = {} t[1] = t return t", PL_HOOK_WHY_LUA_ERROR, "nested");
    breaks("return 0/0", PL_HOOK_WHY_LUA_ERROR, "cannot hold");
    breaks("return function() end", PL_HOOK_WHY_LUA_ERROR, "function");
    breaks("return '\\xff'", PL_HOOK_WHY_LUA_ERROR, "UTF-8");
    breaks("return json.decode('{')", PL_HOOK_WHY_LUA_ERROR, "malformed JSON");
    breaks("return ('x'):rep(300000)", PL_HOOK_WHY_LUA_ERROR, "too large");
    breaks("error('oh')", PL_HOOK_WHY_LUA_ERROR, "t:1: oh");
    breaks("error({})", PL_HOOK_WHY_LUA_ERROR, "no text");
}

static void takes_arguments(void **state) {
    (void)state;
    assert_int_equal(
        start("return { f = function(a, b, c, d) return {a.x, b == nil, c, d == nil} end }",
              "[{\"x\":7},null,\"t\"]"),
        PL_HOOKS__RETURNED);
    assert_true(pl_str_is(pl_buf_slice(&run.out), "[7,true,\"t\",true]"));
    pl_hooks__run_end(&run);
}

static void names_failures(void **state) {
    (void)state;
    enum pl_hooks__phase phase;
    assert_string_equal(result_of("return fail('not_found')", &phase), "not_found");
    assert_int_equal(phase, PL_HOOKS__FAILED);
    pl_hooks__run_end(&run);
    breaks("return fail('not found!')", PL_HOOK_WHY_LUA_ERROR, "a failure is a name");
}

static void has_only_what_is_listed(void **state) {
    (void)state;
    static const char *const gone[] = {
        "os",       "io",         "package",     "debug",       "load",       "dofile",
        "loadfile", "loadstring", "require",     "coroutine",   "xpcall",     "collectgarbage",
        "print",    "warn",       "string.dump", "math.random", "table.move", "string.pack"};
    for (size_t i = 0; i < PL_LEN(gone); i++) {
        char body[100];
        snprintf(body, sizeof body, "return %s == nil", gone[i]);
        gives(body, "true");
    }
    gives("return getmetatable('')", "false");
    gives("return (''):len() + ('abc'):find('c', 1, true)", "3");
    gives("return _G.string.find == ('').find", "true");
    breaks("setmetatable({}, {__gc = function() end})", PL_HOOK_WHY_LUA_ERROR, "__gc");
    breaks("setmetatable(json.array({}), {})", PL_HOOK_WHY_LUA_ERROR, "protected");
    breaks("return ('x'):nothing()", PL_HOOK_WHY_LUA_ERROR, "nil value");
}

static void the_file_has_a_shape(void **state) {
    (void)state;
    assert_int_equal(start("return 1", "[]"), PL_HOOKS__BROKE);
    pl_hooks__run_end(&run);
    assert_int_equal(start("return {}", "[]"), PL_HOOKS__BROKE);
    assert_int_equal(run.why, PL_HOOK_WHY_NO_HOOK);
    pl_hooks__run_end(&run);
    assert_int_equal(start("\x1bLua", "[]"), PL_HOOKS__BROKE);
    assert_int_equal(run.why, PL_HOOK_WHY_LUA_ERROR);
    pl_hooks__run_end(&run);
    assert_int_equal(start("http.get('shop', '/x') return {}", "[]"), PL_HOOKS__BROKE);
    assert_non_null(strstr(run.out.p, "top level"));
    pl_hooks__run_end(&run);
}

/* ---- patterns: our matcher against the manual ---- */

static void patterns_match(void **state) {
    (void)state;
    gives("return {('hello world'):find('o w')}", "[5,7]");
    gives("return {('hello'):find('l+')}", "[3,4]");
    gives("return {('hello'):find('xyz')}", "[]");
    gives("return {('a.b'):find('.', 2, true)}", "[2,2]");
    gives("return {('abc'):find('', 10)}", "[]");
    gives("return {('abc'):find('', 4)}", "[4,3]");
    gives("return {('abc'):find('b', -2)}", "[2,2]");
    gives("return {('key = value'):match('^(%w+)%s*=%s*(%w+)$')}", "[\"key\",\"value\"]");
    gives("return {('  x '):match('^%s*(.-)%s*$')}", "[\"x\"]");
    gives("return {('2026-11-22'):match('(%d+)-(%d+)-(%d+)')}", "[\"2026\",\"11\",\"22\"]");
    gives("return ('THE (quick) fox'):find('%((%a+)%)')", "5");
    gives("return {('hello'):match('()ll()')}", "[3,5]");
    gives("return {('[[x]]'):match('%[(%[.-%])%]')}", "[\"[x]\"]");
    gives("return {('a]b'):match('[]]')}", "[\"]\"]");
    gives("return {('a-b'):match('[a%-]+')}", "[\"a-\"]");
    gives("return {('abc123'):match('[^%d]+')}", "[\"abc\"]");
    gives("return {('abc'):match('[a-b]+')}", "[\"ab\"]");
    gives("return {('f(a(b)c)d'):match('%b()')}", "[\"(a(b)c)\"]");
    gives("return {('THE (quick) fox'):match('%f[%a]%a+', 5)}", "[\"quick\"]");
    gives("return {('\"it\" \\'s\\''):match('([\"\\'])(.-)%1')}", "[\"\\\"\",\"it\"]");
    gives("return {('color colour'):match('colou?r$')}", "[\"colour\"]");
    gives("return {('aXb'):match('%u')}", "[\"X\"]");
    gives("return {('a$b'):match('a$b')}", "[\"a$b\"]");
    gives("return {('abc'):match('a-c')}", "[\"c\"]");
    gives("return {('aaab'):match('a-b')}", "[\"aaab\"]");
}

static void patterns_replace_and_walk(void **state) {
    (void)state;
    gives("return {('hello world'):gsub('o', '0')}", "[\"hell0 w0rld\",2]");
    gives("return {('hello world'):gsub('(%w+)', '<%1>')}", "[\"<hello> <world>\",2]");
    gives("return {('hello world'):gsub('%w+', '%0 %0', 1)}", "[\"hello hello world\",1]");
    gives("return {('abc'):gsub('', '-')}", "[\"-a-b-c-\",4]");
    gives("return {('abc'):gsub('%w', '%%')}", "[\"%%%\",3]");
    gives("return {('abc'):gsub('b*', 'x')}", "[\"xaxcx\",3]");
    gives("return {('$name is $age'):gsub('%$(%w+)', {name = 'Ann', age = 7})}",
          "[\"Ann is 7\",2]");
    gives("return {('abc'):gsub('%w', function(c) if c == 'b' then return 'B' end end)}",
          "[\"aBc\",3]");
    gives("return {('hello'):gsub('()l', '%1')}", "[\"he34o\",2]");
    gives("return {('^a'):gsub('^%^', 'x')}", "[\"xa\",1]");
    gives("local t = {} for w in ('one two'):gmatch('%a+') do t[#t+1] = w end return t",
          "[\"one\",\"two\"]");
    gives("local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t+1] = k .. v end "
          "return t",
          "[\"a1\",\"b2\"]");
    gives("local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n", "4");
    breaks("('x'):gsub('x', '%9')", PL_HOOK_WHY_LUA_ERROR, "capture index");
    breaks("('x'):gsub('x', '%a')", PL_HOOK_WHY_LUA_ERROR, "replacement");
    breaks("('x'):find('[a')", PL_HOOK_WHY_LUA_ERROR, "missing ']'");
    breaks("('x'):find('%')", PL_HOOK_WHY_LUA_ERROR, "ends with '%'");
    breaks("('x'):find('(x')", PL_HOOK_WHY_LUA_ERROR, "unfinished");
    breaks("('x'):find('x)')", PL_HOOK_WHY_LUA_ERROR, "invalid pattern capture");
    breaks("('x'):find('%b')", PL_HOOK_WHY_LUA_ERROR, "%b");
    breaks("('x'):find('%fx')", PL_HOOK_WHY_LUA_ERROR, "%f");
    breaks("('x'):find('%1')", PL_HOOK_WHY_LUA_ERROR, "capture index");
    breaks("('x'):rep(50):find(('(x'):rep(40))", PL_HOOK_WHY_LUA_ERROR, "too many captures");
    breaks("('x'):gsub('x', function() return {} end)", PL_HOOK_WHY_LUA_ERROR, "a table");
    breaks("http.get = nil; ('x'):gsub('x', function() http.post('s', '/') end)",
           PL_HOOK_WHY_LUA_ERROR, "cannot be used here");
}

/* ---- budgets ---- */

static void budgets_end_what_does_not_end(void **state) {
    (void)state;
    breaks("while true do end", PL_HOOK_WHY_BUDGET, "");
    breaks("while true do pcall(function() while true do end end) end", PL_HOOK_WHY_BUDGET, "");
    breaks("return ('a'):rep(10000):find('.-.-.-.-b$')", PL_HOOK_WHY_BUDGET, "steps");
    breaks("return ('a'):rep(10000):gsub('.-.-.-.-b$', '')", PL_HOOK_WHY_BUDGET, "steps");
    breaks("while true do pcall(string.find, ('a'):rep(10000), '.-.-.-.-b$') end",
           PL_HOOK_WHY_BUDGET, "");
    breaks("return ('('):rep(300):find(('(a?'):rep(31))", PL_HOOK_WHY_LUA_ERROR, "");
    breaks("local t = {} while true do t[#t+1] = ('x'):rep(1000) .. #t end", PL_HOOK_WHY_BUDGET,
           "");
    breaks("return ('x'):rep(1e9)", PL_HOOK_WHY_BUDGET, "");
    breaks("while true do pcall(string.rep, 'x', 1e9) end", PL_HOOK_WHY_BUDGET, "");
    breaks("local function f() return f() end return f()", PL_HOOK_WHY_BUDGET, "");
    breaks("local function f() return 1 + f() end return f()", PL_HOOK_WHY_BUDGET, "");
    breaks("pcall(function() local x <close> = setmetatable({}, {__close = function() "
           "while true do end end}) error('x') end)",
           PL_HOOK_WHY_BUDGET, "");
    breaks("local x <close> = setmetatable({}, {__close = function() while true do end end}) "
           "error('x')",
           PL_HOOK_WHY_LUA_ERROR, "t:1: x"); /* a dead coroutine closes nothing */
    breaks("for _ in setmetatable({}, {__call = function() return 1 end}) do end",
           PL_HOOK_WHY_BUDGET, "");
    breaks("local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) return t[1]",
           PL_HOOK_WHY_LUA_ERROR, "");
    breaks("table.sort({3, 2, 1}, function() while true do end end)", PL_HOOK_WHY_BUDGET, "");
}

static void garbage_is_collected_within_the_cap(void **state) {
    (void)state;
    gives("for i = 1, 200 do local s = ('x'):rep(500000) .. i end return true", "true");
}

static void each_call_begins_afresh(void **state) {
    (void)state;
    gives("string.mine = 1 _G.leak = 2 json.null = 3 return leak", "2");
    gives("return {leak == nil, string.mine == nil, json.null ~= 3}", "[true,true,true]");
}

/* ---- HTTP ---- */

static void http_yields_and_goes_on(void **state) {
    (void)state;
    const char *source = "return { f = function(id)\n"
                         "  local r = http.post('shop', '/a/' .. http.escape('x y/../ä'), {\n"
                         "    query = { q = 'a&b' }, json = { id = id } })\n"
                         "  local ok, r2 = pcall(http.get, 'shop', '/b')\n"
                         "  return { r.status, r.json.n, r2.body, r2.json == nil }\n"
                         "end }";
    assert_int_equal(start(source, "[7]"), PL_HOOKS__WANTS_HTTP);
    assert_int_equal(run.want.method, PL_HTTP_POST);
    assert_true(pl_str_is(pl_buf_slice(&run.want.path), "/a/x%20y%2F..%2F%C3%A4?q=a%26b"));
    assert_true(pl_str_is(pl_buf_slice(&run.want.body), "{\"id\":7}"));
    assert_true(pl_str_is(pl_buf_slice(&run.want.type), "application/json"));
    assert_int_equal(pl_hooks__run_reply(&run, 200, true, PL_STR("{\"n\":1}")),
                     PL_HOOKS__WANTS_HTTP);
    assert_int_equal(run.want.method, PL_HTTP_GET);
    assert_int_equal(run.want.body.n, 0);
    assert_int_equal(pl_hooks__run_reply(&run, 200, false, PL_STR("hey")), PL_HOOKS__RETURNED);
    assert_true(pl_str_is(pl_buf_slice(&run.out), "[200,1,\"hey\",true]"));
    pl_hooks__run_end(&run);
}

static void a_garbage_reply_breaks_the_call(void **state) {
    (void)state;
    assert_int_equal(start("return { f = function() return http.get('s', '/').json end }", "[]"),
                     PL_HOOKS__WANTS_HTTP);
    assert_int_equal(pl_hooks__run_reply(&run, 200, true, PL_STR("{<html>")), PL_HOOKS__BROKE);
    assert_int_equal(run.why, PL_HOOK_WHY_LUA_ERROR);
    pl_hooks__run_end(&run);
}

static void paths_stay_inside_the_service(void **state) {
    (void)state;
    static const char *const good[] = {"/", "/a", "/a/b?x=1&y=%20", "/a..b", "/...", "/a?x=.."};
    static const char *const bad[] = {"",          "a",    "//evil", "/a/../b", "/..",   "/a/.",
                                      "/%2e%2E/x", "/a b", "/a\r\n", "/a#b",    "/a\\b", "/.%2e"};
    for (size_t i = 0; i < PL_LEN(good); i++) assert_true(pl_hooks__path_ok(pl_str_c(good[i])));
    for (size_t i = 0; i < PL_LEN(bad); i++) assert_false(pl_hooks__path_ok(pl_str_c(bad[i])));
    breaks("http.get('shop', '/../admin')", PL_HOOK_WHY_LUA_ERROR, "path");
    breaks("http.get('no such', '/')", PL_HOOK_WHY_LUA_ERROR, "service");
}

/* ---- the compiler's check ---- */

static void check_names_functions_and_mistakes(void **state) {
    (void)state;
    struct pl_arena a;
    struct pl_hooks_checked out;
    pl_arena_init(&a, 0);
    struct pl_hooks_source good = {PL_STR("orders"),
                                   PL_STR("return { find = function() end, b = 1, "
                                          "cancel = function() end }")};
    assert_int_equal(pl_hooks_check(&a, &good, &out), PL_OK);
    assert_int_equal(out.nnames, 2);
    assert_true(pl_str_is(out.names[0], "cancel"));
    assert_true(pl_str_is(out.names[1], "find"));
    struct pl_hooks_source bad = {PL_STR("orders"), PL_STR("return {\n  find = = 1\n}")};
    assert_int_equal(pl_hooks_check(&a, &bad, &out), PL_MALFORMED);
    assert_int_equal(out.line, 2);
    assert_true(pl_str_is(out.message, "unexpected symbol near '='"));
    pl_arena_free(&a);
}

/* The connectors that the project ships. */
static void shipped_files_pass_the_check(void **state) {
    (void)state;
    struct pl_arena a;
    struct pl_str *paths;
    size_t n;
    pl_arena_init(&a, 0);
    assert_int_equal(pl_files_under(&a, "lua", ".lua", 100, &paths, &n), PL_OK);
    assert_true(n >= 8);
    for (size_t i = 0; i < n; i++) {
        struct pl_hooks_checked out;
        struct pl_hooks_source source = {.name = paths[i]};
        char path[300];
        snprintf(path, sizeof path, "lua/%.*s", PL_STR_ARG(paths[i]));
        assert_int_equal(pl_file_read(&a, path, 100000, &source.text), PL_OK);
        enum pl_err err = pl_hooks_check(&a, &source, &out);
        if (err) fail_msg("%s:%u: %.*s", path, out.line, PL_STR_ARG(out.message));
        assert_true(out.nnames > 0);
    }
    pl_arena_free(&a);
}

/* A pure hook at once: its value, its failure, what was wrong with it. */
static void runs_pure_hooks(void **state) {
    static const struct pl_str fails[] = {PL_STR("gone")};
    struct pl_hooks_source source = {PL_STR("a.b"),
                                     PL_STR("return { f = function(x)\n"
                                            "if x == 'go' then return fail('gone') end\n"
                                            "if x == 'other' then return fail('x') end\n"
                                            "if x == 'ask' then return http.get('s', '/') end\n"
                                            "if x == 'wrong' then return 1 end\n"
                                            "return x .. x end }")};
    static const struct {
        const char *arg, *detail;
        enum pl_hook_outcome outcome;
    } rows[] = {
        {"ab", NULL, PL_HOOK_OK},
        {"go", "gone", PL_HOOK_FAILED},
        {"other", "x", PL_HOOK_UNAVAILABLE},
        {"ask", "a pure hook asks nobody", PL_HOOK_UNAVAILABLE},
        {"wrong", "value: expected text", PL_HOOK_UNAVAILABLE},
    };
    struct pl_arena a;
    (void)state;
    pl_arena_init(&a, 0);
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_value arg = pl_text(pl_str_c(rows[i].arg)), value = PL_NONE;
        struct pl_types types = {0};
        struct pl_hook_call call = {.hook = PL_STR("a.b.f"),
                                    .args = &arg,
                                    .nargs = 1,
                                    .types = &types,
                                    .type = {.kind = PL_KIND_TEXT},
                                    .fails = fails,
                                    .nfails = 1};
        struct pl_str detail = {0};
        assert_int_equal(pl_hooks_run_pure(&a, &source, &call, &value, &detail), rows[i].outcome);
        if (rows[i].detail) assert_true(pl_str_is(detail, rows[i].detail));
        if (!rows[i].detail) assert_true(pl_str_is(value.s, "abab"));
    }
    pl_arena_free(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_values),
        cmocka_unit_test(runs_pure_hooks),
        cmocka_unit_test(takes_arguments),
        cmocka_unit_test(names_failures),
        cmocka_unit_test(has_only_what_is_listed),
        cmocka_unit_test(the_file_has_a_shape),
        cmocka_unit_test(patterns_match),
        cmocka_unit_test(patterns_replace_and_walk),
        cmocka_unit_test(budgets_end_what_does_not_end),
        cmocka_unit_test(garbage_is_collected_within_the_cap),
        cmocka_unit_test(each_call_begins_afresh),
        cmocka_unit_test(http_yields_and_goes_on),
        cmocka_unit_test(a_garbage_reply_breaks_the_call),
        cmocka_unit_test(paths_stay_inside_the_service),
        cmocka_unit_test(check_names_functions_and_mistakes),
        cmocka_unit_test(shipped_files_pass_the_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
