/* SPDX-License-Identifier: Apache-2.0
 * The whole room: supervisor, real workers (this binary again), HTTP brokered to a tiny server.
 * What must hold: every call ends in time with an honest outcome, whatever a hook does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "runtime/hooks/hooks_super_priv.h"
#include "tests/support/tiny_http.h"

enum { CALLS = 128 };

struct got {
    bool done;
    enum pl_hook_outcome outcome;
    enum pl_hook_why why;
    int64_t took_us;
    char text[300]; /* the value's JSON, the failure or the detail */
};

struct bench {
    struct tiny shop;
    char base[64], key_seen[CALLS][64];
    _Atomic int writes, keys;
    struct pl_loop *loop;
    struct pl_http *http;
    struct pl_hooks *hooks;
    struct got got[CALLS];
    int n;
};

/* ---- the shop ---- */

static void note_key(struct bench *b, const char *request) {
    const char *at = strstr(request, "Idempotency-Key: ");
    if (!at) return;
    int i = b->keys++ % CALLS;
    sscanf(at + 17, "%63[^\r]", b->key_seen[i]);
}

static bool answer(struct tiny *s, int fd, const char *request) {
    struct bench *b = s->ctx;
    if (strncmp(request, "GET", 3) != 0) {
        b->writes++;
        note_key(b, request);
    }
    if (strstr(request, "/lost ")) return false;
    if (strstr(request, "/slow ")) usleep(150 * 1000);
    if (strstr(request, "/hang ")) usleep(600 * 1000);
    if (strstr(request, "/refused "))
        tiny_json(fd, 422, "{}");
    else if (strstr(request, "/broken "))
        tiny_json(fd, 500, "{}");
    else if (strstr(request, "/garbage "))
        tiny_json(fd, 200, "{<html>");
    else if (strstr(request, "X-Token: secret"))
        tiny_json(fd, 200, "{\"n\":7}");
    else
        tiny_json(fd, 401, "{}");
    return true;
}

/* ---- the hooks ---- */

static const char lua_text[] =
    "local function get(path) return http.get('shop', path).json.n end\n"
    "local function post(path)\n"
    "  local r = http.post('shop', path, {json = {}})\n"
    "  if r.status == 422 then return fail('refused') end\n"
    "  if r.status ~= 200 then return fail('unavailable') end\n"
    "  return r.json.n\n"
    "end\n"
    "return {\n"
    "  add = function(a, b) return a + b end,\n"
    "  text = function() return 'x' end,\n"
    "  none = function() return fail('not_found') end,\n"
    "  undeclared = function() return fail('surprise') end,\n"
    "  get = get, post = post,\n"
    "  two = function() post('/a') return post('/b') end,\n"
    "  post_then_die = function() post('/a') error('oh') end,\n"
    "  refused_then_die = function() post('/refused') error('oh') end,\n"
    "  elsewhere = function() return http.get('elsewhere', '/').status end,\n"
    "  loop = function() while true do end end,\n"
    "  pcall_loop = function() while true do pcall(function() while true do end end) end end,\n"
    "  eat = function() local t = {} while true do t[#t+1] = ('x'):rep(9999) .. #t end end,\n"
    "  eat_pcall = function() while true do pcall(string.rep, 'x', 1e9) end end,\n"
    "  pattern = function() return ('a'):rep(10000):find('.-.-.-.-b$') end,\n"
    "  gsub = function() return ('a'):rep(10000):gsub('.-.-.-.-b$', '') end,\n"
    "  gc = function() setmetatable({}, {__gc = function() while true do end end}) end,\n"
    "  c_loop = function() return (''):rep(1e14) end,\n"
    "  c_insert = function()\n"
    "    table.insert(setmetatable({}, {__len = function() return 1e15 end}), 1, 1)\n"
    "  end,\n"
    "  close = function()\n"
    "    pcall(function()\n"
    "      local x <close> = setmetatable({}, {__close = function() while true do end end})\n"
    "      error('x')\n"
    "    end)\n"
    "  end,\n"
    "  leak = function() if seen then return 1 end seen = true string.find = nil return 0 end,\n"
    "  log = function() for i = 1, 100 do log('event', 'ORDER1') end return 1 end,\n"
    "}\n";

static void done(void *ctx, const struct pl_hook_result *r) {
    struct got *g = ctx;
    assert_false(g->done);
    g->done = true;
    g->outcome = r->outcome;
    g->why = r->why;
    g->took_us = r->took_us;
    struct pl_str text = r->outcome == PL_HOOK_FAILED ? r->failure : r->detail;
    if (r->outcome == PL_HOOK_OK) {
        struct pl_arena a;
        struct pl_buf json = {0};
        struct pl_reader reader = pl_reader_of(r->value);
        pl_arena_init(&a, 0);
        struct pl_value v = pl_value_read(&reader, &a);
        if (v.kind != PL_KIND_NONE) pl_value_to_json(&json, v);
        text = pl_buf_slice(&json);
        snprintf(g->text, sizeof g->text, "%.*s", PL_STR_ARG(text));
        pl_buf_free(&json);
        pl_arena_free(&a);
        return;
    }
    snprintf(g->text, sizeof g->text, "%.*s", PL_STR_ARG(text));
}

static uint64_t last_id;

static struct got *call_image(struct bench *b, const char *image, const char *hook,
                              enum pl_hook_effect effect, const char *arg, int64_t deadline_ms) {
    static const struct pl_types no_types;
    struct pl_str fails[] = {PL_STR("not_found"), PL_STR("refused")};
    struct pl_value args[] = {pl_text(pl_str_c(arg))};
    struct got *g = &b->got[b->n++];
    char key[32];
    assert_true(b->n <= CALLS);
    snprintf(key, sizeof key, "key%d", b->n);
    last_id = pl_hooks_call(
        b->hooks, &(struct pl_hook_call){.image = pl_str_c(image),
                                         .hook = pl_str_c(hook),
                                         .args = args,
                                         .nargs = arg ? 1 : 0,
                                         .types = &no_types,
                                         .type = {.kind = PL_KIND_NUMBER},
                                         .fails = fails,
                                         .nfails = 2,
                                         .effect = effect,
                                         .key = pl_str_c(effect == PL_HOOK_WRITE_ONCE ? key : NULL),
                                         .deadline_ms = deadline_ms,
                                         .loop = b->loop,
                                         .done = done,
                                         .ctx = g});
    return g;
}

static struct got *call(struct bench *b, const char *hook, enum pl_hook_effect effect,
                        const char *arg) {
    return call_image(b, "one", hook, effect, arg, 10000);
}

static void wait_for(struct bench *b, const struct got *g) {
    for (int i = 0; i < 1000 && !g->done; i++) pl_loop_once(b->loop, 10);
    assert_true(g->done);
}

static void expect(struct bench *b, struct got *g, enum pl_hook_outcome outcome,
                   enum pl_hook_why why, const char *text) {
    wait_for(b, g);
    if (g->outcome != outcome || g->why != why || (text && strcmp(g->text, text) != 0))
        fail_msg("call %td: outcome %d (%s): %s", g - b->got + 1, (int)g->outcome,
                 pl_hook_why_text(g->why), g->text);
}

static void ok(struct bench *b, struct got *g, const char *text) {
    expect(b, g, PL_HOOK_OK, PL_HOOK_WHY_NONE, text);
}

/* Until the shop has had that many requests. */
static void wait_shop(struct bench *b, int requests) {
    for (int i = 0; i < 10000 && b->shop.requests < requests; i++) usleep(1000);
    assert_true(b->shop.requests >= requests);
}

static int set_up_workers(void **state, size_t workers, const char *mode) {
    const char *const argv[] = {"workers_test", mode, NULL};
    struct bench *b = calloc(1, sizeof *b);
    struct pl_str hosts[] = {PL_STR("127.0.0.1")};
    struct pl_http_header token = {PL_STR("X-Token"), PL_STR("secret")};
    tiny_start(&b->shop, answer, b);
    snprintf(b->base, sizeof b->base, "http://127.0.0.1:%d", b->shop.port);
    struct pl_hooks_service shop = {PL_STR("shop"), pl_str_c(b->base), &token, 1};
    struct pl_clock clock = pl_clock_system();
    assert_int_equal(pl_loop_create(clock, &b->loop), PL_OK);
    assert_int_equal(
        pl_http_create(
            &(struct pl_http_config){.plain_hosts = hosts, .nplain_hosts = 1, .clock = clock},
            &b->http),
        PL_OK);
    struct pl_hooks_config config = {.http = b->http,
                                     .clock = clock,
                                     .workers = workers,
                                     .exe = "/proc/self/exe",
                                     .argv = argv,
                                     .services = &shop,
                                     .nservices = 1};
    assert_int_equal(pl_hooks_create(&config, &b->hooks), PL_OK);
    struct pl_hooks_source file = {PL_STR("t"), {lua_text, sizeof lua_text - 1}};
    assert_int_equal(pl_hooks_load(b->hooks, PL_STR("one"), &file, 1), PL_OK);
    *state = b;
    return 0;
}

static int set_up(void **state) {
    return set_up_workers(state, 2, "hook-worker");
}
static int set_up_one(void **state) {
    return set_up_workers(state, 1, "hook-worker");
}
static int set_up_evil(void **state) {
    return set_up_workers(state, 2, "evil-worker");
}
static int set_up_mute(void **state) {
    return set_up_workers(state, 2, "mute-worker");
}

static int tear_down(void **state) {
    struct bench *b = *state;
    pl_hooks_destroy(&b->hooks);
    for (int i = 0; i < 3; i++) pl_loop_once(b->loop, 0);
    pl_http_destroy(&b->http);
    pl_loop_destroy(&b->loop);
    tiny_stop(&b->shop);
    free(b);
    return 0;
}

/* ---- plain calls ---- */

static void gives_typed_results(void **state) {
    struct bench *b = *state;
    struct pl_value args[] = {pl_int(2), pl_int(3)};
    struct got *g = &b->got[b->n++];
    pl_hooks_call(b->hooks, &(struct pl_hook_call){.image = PL_STR("one"),
                                                   .hook = PL_STR("t.add"),
                                                   .args = args,
                                                   .nargs = 2,
                                                   .type = {.kind = PL_KIND_NUMBER},
                                                   .effect = PL_HOOK_PURE,
                                                   .deadline_ms = 3000,
                                                   .loop = b->loop,
                                                   .done = done,
                                                   .ctx = g});
    ok(b, g, "5");
    expect(b, call(b, "t.text", PL_HOOK_READ, NULL), PL_HOOK_UNAVAILABLE, PL_HOOK_WHY_WRONG_TYPE,
           NULL);
    expect(b, call(b, "t.none", PL_HOOK_READ, NULL), PL_HOOK_FAILED, PL_HOOK_WHY_NAMED,
           "not_found");
    expect(b, call(b, "t.undeclared", PL_HOOK_READ, NULL), PL_HOOK_UNAVAILABLE,
           PL_HOOK_WHY_UNDECLARED, "surprise");
    expect(b, call(b, "t.nothing", PL_HOOK_READ, NULL), PL_HOOK_UNAVAILABLE, PL_HOOK_WHY_NO_HOOK,
           NULL);
    expect(b, call(b, "u.add", PL_HOOK_READ, NULL), PL_HOOK_UNAVAILABLE, PL_HOOK_WHY_NO_HOOK, NULL);
    expect(b, call(b, "add", PL_HOOK_READ, NULL), PL_HOOK_UNAVAILABLE, PL_HOOK_WHY_NO_HOOK, NULL);
    ok(b, call(b, "t.log", PL_HOOK_READ, NULL), "1");
}

static void images_live_side_by_side(void **state) {
    struct bench *b = *state;
    struct pl_hooks_source two = {PL_STR("t"), PL_STR("return {get = function() return 2 end}")};
    expect(b, call_image(b, "two", "t.get", PL_HOOK_READ, "/", 3000), PL_HOOK_UNAVAILABLE,
           PL_HOOK_WHY_NO_IMAGE, NULL);
    pl_hooks_load(b->hooks, PL_STR("two"), &two, 1);
    ok(b, call_image(b, "two", "t.get", PL_HOOK_READ, "/", 3000), "2");
    struct got *slow = call(b, "t.get", PL_HOOK_READ, "/slow");
    pl_hooks_drop(b->hooks, PL_STR("one"));
    expect(b, call(b, "t.get", PL_HOOK_READ, "/"), PL_HOOK_UNAVAILABLE, PL_HOOK_WHY_NO_IMAGE, NULL);
    ok(b, slow, "7"); /* begun before: it ends on its image */
    ok(b, call_image(b, "two", "t.get", PL_HOOK_READ, "/", 3000), "2");
}

static void calls_share_nothing(void **state) {
    struct bench *b = *state;
    for (int i = 0; i < 20; i++) ok(b, call(b, "t.leak", PL_HOOK_READ, NULL), "0");
}

/* ---- HTTP ---- */

static void http_goes_through_the_broker(void **state) {
    struct bench *b = *state;
    struct got *many[40];
    for (size_t i = 0; i < PL_LEN(many); i++) many[i] = call(b, "t.get", PL_HOOK_READ, "/slow");
    for (size_t i = 0; i < PL_LEN(many); i++) ok(b, many[i], "7");
    ok(b, call(b, "t.post", PL_HOOK_WRITE_ONCE, "/x"), "7");
    assert_string_equal(b->key_seen[0], "key41");
    ok(b, call(b, "t.two", PL_HOOK_WRITE_ONCE, NULL), "7");
    assert_string_equal(b->key_seen[1], "key42");
    assert_string_equal(b->key_seen[2], "key42.2");
}

static void what_is_not_allowed_is_not_sent(void **state) {
    struct bench *b = *state;
    expect(b, call(b, "t.elsewhere", PL_HOOK_READ, NULL), PL_HOOK_UNAVAILABLE,
           PL_HOOK_WHY_REFUSED_HTTP, "no such service");
    expect(b, call(b, "t.post", PL_HOOK_READ, "/x"), PL_HOOK_UNAVAILABLE, PL_HOOK_WHY_REFUSED_HTTP,
           NULL);
    expect(b, call(b, "t.get", PL_HOOK_PURE, "/x"), PL_HOOK_UNAVAILABLE, PL_HOOK_WHY_REFUSED_HTTP,
           NULL);
    expect(b, call(b, "t.get", PL_HOOK_READ, "/../x"), PL_HOOK_UNAVAILABLE, PL_HOOK_WHY_LUA_ERROR,
           NULL);
    assert_int_equal(b->shop.requests, 0);
}

static void outcomes_of_writes_are_honest(void **state) {
    struct bench *b = *state;
    expect(b, call(b, "t.post", PL_HOOK_WRITE_ONCE, "/lost"), PL_HOOK_UNCONFIRMED, PL_HOOK_WHY_HTTP,
           NULL);
    expect(b, call(b, "t.post", PL_HOOK_WRITE_ONCE, "/broken"), PL_HOOK_UNCONFIRMED,
           PL_HOOK_WHY_NAMED, NULL);
    expect(b, call(b, "t.post", PL_HOOK_WRITE_ONCE, "/garbage"), PL_HOOK_UNCONFIRMED,
           PL_HOOK_WHY_LUA_ERROR, NULL);
    expect(b, call(b, "t.post", PL_HOOK_WRITE_ONCE, "/refused"), PL_HOOK_FAILED, PL_HOOK_WHY_NAMED,
           "refused");
    expect(b, call(b, "t.post_then_die", PL_HOOK_WRITE_ONCE, NULL), PL_HOOK_UNCONFIRMED,
           PL_HOOK_WHY_LUA_ERROR, NULL);
    expect(b, call(b, "t.refused_then_die", PL_HOOK_WRITE_ONCE, NULL), PL_HOOK_UNAVAILABLE,
           PL_HOOK_WHY_LUA_ERROR, NULL);
    expect(b, call_image(b, "one", "t.post", PL_HOOK_WRITE_ONCE, "/hang", 100), PL_HOOK_UNCONFIRMED,
           PL_HOOK_WHY_DEADLINE, NULL);
    expect(b, call_image(b, "one", "t.get", PL_HOOK_READ, "/hang", 100), PL_HOOK_UNAVAILABLE,
           PL_HOOK_WHY_DEADLINE, NULL);
    expect(b, call(b, "t.get", PL_HOOK_READ, "/garbage"), PL_HOOK_UNAVAILABLE,
           PL_HOOK_WHY_LUA_ERROR, NULL);
    shutdown(b->shop.fd, SHUT_RDWR); /* nobody listens any more */
    expect(b, call(b, "t.post", PL_HOOK_WRITE_ONCE, "/x"), PL_HOOK_UNAVAILABLE, PL_HOOK_WHY_HTTP,
           NULL);
}

static void cancel_ends_reads_only(void **state) {
    struct bench *b = *state;
    struct got *get = call(b, "t.get", PL_HOOK_READ, "/slow");
    pl_hooks_cancel(b->hooks, last_id);
    expect(b, get, PL_HOOK_UNAVAILABLE, PL_HOOK_WHY_CANCELLED, NULL);
    struct got *post = call(b, "t.post", PL_HOOK_WRITE_ONCE, "/slow");
    pl_hooks_cancel(b->hooks, last_id);
    ok(b, post, "7");
}

/* ---- hooks that will not end ---- */

static void every_escape_ends_in_time(void **state) {
    struct bench *b = *state;
    static const char *const escapes[] = {"t.loop",    "t.pcall_loop", "t.eat",    "t.eat_pcall",
                                          "t.pattern", "t.gsub",       "t.c_loop", "t.c_insert",
                                          "t.close",   "t.gc"};
    for (size_t i = 0; i < PL_LEN(escapes); i++) {
        struct got *g = call_image(b, "one", escapes[i], PL_HOOK_READ, NULL, 2000);
        wait_for(b, g);
        if (g->outcome != PL_HOOK_UNAVAILABLE || g->took_us > 1900 * 1000)
            fail_msg("%s: outcome %d (%s) after %lld us", escapes[i], (int)g->outcome,
                     pl_hook_why_text(g->why), (long long)g->took_us);
    }
    ok(b, call(b, "t.get", PL_HOOK_READ, "/"), "7");
}

static void neighbours_do_not_notice(void **state) {
    struct bench *b = *state;
    struct got *reads[6], *write = call(b, "t.post", PL_HOOK_WRITE_ONCE, "/slow");
    for (size_t i = 0; i < PL_LEN(reads); i++) reads[i] = call(b, "t.get", PL_HOOK_READ, "/slow");
    wait_shop(b, 7); /* all of them wait for it */
    expect(b, call(b, "t.c_loop", PL_HOOK_READ, NULL), PL_HOOK_UNAVAILABLE, PL_HOOK_WHY_CRASHED,
           NULL);
    for (size_t i = 0; i < PL_LEN(reads); i++) ok(b, reads[i], "7");
    ok(b, write, "7");
    assert_int_equal(b->writes, 2);                      /* again, */
    assert_string_equal(b->key_seen[0], b->key_seen[1]); /* under its key */
    assert_true(pl_hooks_stats(b->hooks).reruns >= 7);
}

/* Kills this process's children: the workers. */
static int kill_workers(void) {
    int killed = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *e; (e = readdir(proc));) {
        char path[300], line[512];
        int pid = atoi(e->d_name), parent = 0;
        if (pid <= 0) continue;
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        FILE *f = fopen(path, "r");
        if (!f) continue;
        if (fgets(line, sizeof line, f) && strrchr(line, ')'))
            sscanf(strrchr(line, ')') + 1, " %*c %d", &parent);
        fclose(f);
        if (parent == getpid() && kill(pid, SIGKILL) == 0) killed++;
    }
    closedir(proc);
    return killed;
}

static void killed_workers_come_back(void **state) {
    struct bench *b = *state;
    ok(b, call(b, "t.get", PL_HOOK_READ, "/"), "7");
    struct got *read = call(b, "t.get", PL_HOOK_READ, "/slow");
    struct got *write = call(b, "t.post", PL_HOOK_WRITE_ONCE, "/slow");
    wait_shop(b, 3);
    assert_int_equal(kill_workers(), 2);
    ok(b, read, "7");
    ok(b, write, "7");
    for (int i = 0; i < 5; i++) { /* again and again: the back-off must stay bearable */
        kill_workers();
        ok(b, call(b, "t.get", PL_HOOK_READ, "/"), "7");
    }
}

/* A call is over at its deadline while its worker still burns, and then dies of it: whoever comes
 * next must not be taken for the cause. */
static void the_next_one_is_not_blamed(void **state) {
    struct bench *b = *state;
    for (int i = 0; i < 10; i++) {
        struct got *late[2];
        for (int k = 0; k < 2; k++)
            late[k] = call_image(b, "one", "t.c_loop", PL_HOOK_PURE, NULL, 3);
        for (int k = 0; k < 2; k++) wait_for(b, late[k]);
        ok(b, call(b, "t.get", PL_HOOK_READ, "/"), "7");
    }
}

static void a_full_house_waits_and_a_deadline_holds(void **state) {
    struct bench *b = *state;
    struct got *in_time[16], *late;
    for (size_t i = 0; i < PL_LEN(in_time); i++)
        in_time[i] = call(b, "t.get", PL_HOOK_READ, "/slow");
    late = call_image(b, "one", "t.get", PL_HOOK_READ, "/", 60); /* eight are before it */
    expect(b, late, PL_HOOK_UNAVAILABLE, PL_HOOK_WHY_DEADLINE, NULL);
    assert_true(late->took_us < 160 * 1000);
    for (size_t i = 0; i < PL_LEN(in_time); i++) ok(b, in_time[i], "7");
}

static void destroy_ends_calls_honestly(void **state) {
    struct bench *b = *state;
    struct got *read = call(b, "t.get", PL_HOOK_READ, "/slow");
    struct got *write = call(b, "t.post", PL_HOOK_WRITE_ONCE, "/slow");
    wait_shop(b, 2);
    pl_hooks_destroy(&b->hooks);
    expect(b, read, PL_HOOK_UNAVAILABLE, PL_HOOK_WHY_STOPPING, NULL);
    expect(b, write, PL_HOOK_UNCONFIRMED, PL_HOOK_WHY_STOPPING, NULL);
}

/* ---- workers that are not ours any more ---- */

/* Says that it is ready, then answers whatever it hears with another lie each time. */
static int evil_worker(void) {
    static const char ready[] = "\x02\0\0\0r\0";
    static const struct pl_str lies[] = {
        {"\xff\xff\xff\x7fv", 5},                /* a frame without end */
        {"\x03\0\0\0v\x63\0", 7},                /* about a call it does not have */
        {"\x02\0\0\0r\0", 6},                    /* ready again */
        {"\x0e\0\0\0h\1\0\4shop\4/../\0\0", 18}, /* out of the service */
        {"\x01\0\0\0?", 5},                      /* no such frame */
        {"\0\0\0\0", 4},                         /* nothing in it */
    };
    char in[4096];
    if (write(3, ready, 6) != 6) return 1;
    /* Each process tells one lie; its number says which. */
    const struct pl_str *lie = &lies[(size_t)getpid() % PL_LEN(lies)];
    while (read(3, in, sizeof in) > 0)
        if (write(3, lie->p, lie->n) < 0) return 1;
    return 0;
}

static int mute_worker(void) {
    pause();
    return 0;
}

static void lying_workers_are_ended(void **state) {
    struct bench *b = *state;
    for (int i = 0; i < 12; i++) {
        struct got *g = call_image(b, "one", "t.get", PL_HOOK_READ, "/", 3000);
        wait_for(b, g);
        assert_int_equal(g->outcome, PL_HOOK_UNAVAILABLE);
    }
    assert_int_equal(b->shop.requests, 0);
    assert_true(pl_hooks_stats(b->hooks).killed > 0);
}

static void mute_workers_cost_the_deadline(void **state) {
    struct bench *b = *state;
    struct got *g = call_image(b, "one", "t.get", PL_HOOK_READ, "/", 100);
    expect(b, g, PL_HOOK_UNAVAILABLE, PL_HOOK_WHY_DEADLINE, NULL);
    assert_true(g->took_us < 200 * 1000);
}

/* ---- the sandbox ---- */

static int probe(const char *what) {
    if (pl_hooks__sandbox_enter(3) != PL_OK) return 2;
    if (strcmp(what, "open") == 0) (void)!open("/etc/passwd", O_RDONLY);
    if (strcmp(what, "socket") == 0) socket(AF_INET, SOCK_STREAM, 0);
    if (strcmp(what, "fork") == 0) fork();
    if (strcmp(what, "kill") == 0) kill(getppid(), 0);
    if (strcmp(what, "code") == 0)
        mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    _exit(0);
}

static void the_sandbox_holds(void **state) {
    (void)state;
    static const char *const probes[] = {"open", "socket", "fork", "kill", "code", "none"};
    for (size_t i = 0; i < PL_LEN(probes); i++) {
        int status;
        pid_t pid = fork();
        if (pid == 0) {
            dup2(2, 3);
            execl("/proc/self/exe", "workers_test", "probe", probes[i], (char *)NULL);
            _exit(3);
        }
        waitpid(pid, &status, 0);
        if (i == PL_LEN(probes) - 1)
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        else if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            fail_msg("%s: status %d", probes[i], status);
    }
}

#define BENCHED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define ALONE(f)   cmocka_unit_test_setup_teardown(f, set_up_one, tear_down)

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "hook-worker") == 0) return pl_hooks_worker_main(3);
    if (argc == 2 && strcmp(argv[1], "evil-worker") == 0) return evil_worker();
    if (argc == 2 && strcmp(argv[1], "mute-worker") == 0) return mute_worker();
    if (argc == 3 && strcmp(argv[1], "probe") == 0) return probe(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sandbox_holds),
        cmocka_unit_test_setup_teardown(lying_workers_are_ended, set_up_evil, tear_down),
        cmocka_unit_test_setup_teardown(mute_workers_cost_the_deadline, set_up_mute, tear_down),
        BENCHED(gives_typed_results),
        BENCHED(images_live_side_by_side),
        BENCHED(calls_share_nothing),
        BENCHED(http_goes_through_the_broker),
        BENCHED(what_is_not_allowed_is_not_sent),
        BENCHED(outcomes_of_writes_are_honest),
        BENCHED(cancel_ends_reads_only),
        BENCHED(every_escape_ends_in_time),
        ALONE(neighbours_do_not_notice),
        BENCHED(killed_workers_come_back),
        BENCHED(the_next_one_is_not_blamed),
        ALONE(a_full_house_waits_and_a_deadline_holds),
        BENCHED(destroy_ends_calls_honestly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
