/* SPDX-License-Identifier: Apache-2.0
 *
 * Between server and endpoints: faults, idempotency keys, the data file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shop_priv.h"

enum { DATA_MAX = 64 * 1024 * 1024 };

/* ---- faults ---- */

static bool set_fault(struct shop_fault *f, struct pl_str name, const char *value) {
    char *end;
    double n = strtod(value, &end);
    if (end == value || n < 0) return false;
    if (pl_str_is(name, "slow")) {
        f->slow_ms = (int)(strcmp(end, "s") == 0 ? n * 1000 : n);
        return strcmp(end, "s") == 0 || strcmp(end, "ms") == 0;
    }
    if (*end || n > 1) return false;
    if (pl_str_is(name, "error"))
        f->error = n;
    else if (pl_str_is(name, "garbage"))
        f->garbage = n;
    else if (pl_str_is(name, "lost"))
        f->lost = n;
    else
        return false;
    return true;
}

bool shop_fault_parse(struct pl_str text, struct shop_fault *out) {
    *out = (struct shop_fault){0};
    text = pl_str_trim(text);
    if (pl_str_is(text, "none")) return true;
    while (text.n) {
        size_t comma = pl_str_find(text, PL_STR(","));
        size_t n = comma == SIZE_MAX ? text.n : comma;
        size_t equals = pl_str_find((struct pl_str){text.p, n}, PL_STR("="));
        char value[32];
        if (equals == SIZE_MAX || n - equals - 1 >= sizeof value) return false;
        snprintf(value, sizeof value, "%.*s", (int)(n - equals - 1), text.p + equals + 1);
        if (!set_fault(out, (struct pl_str){text.p, equals}, value)) return false;
        size_t used = comma == SIZE_MAX ? n : n + 1;
        text = (struct pl_str){text.p + used, text.n - used};
    }
    return true;
}

/* The fault with the longest prefix that fits. */
static const struct shop_fault *fault_of(const struct shop *s, struct pl_str path) {
    const struct shop_fault *best = NULL;
    for (size_t i = 0; i < s->faults.n; i++) {
        struct pl_str prefix = pl_str_c(s->faults.v[i].prefix);
        if (!pl_str_starts(path, prefix)) continue;
        if (!best || prefix.n > strlen(best->prefix)) best = &s->faults.v[i];
    }
    return best;
}

static bool chance(struct shop *s, double p) {
    return (double)pl_rand_below(&s->rand, 1000000) < p * 1000000;
}

/* POST /debug/fault?prefix=/api/returns, body "lost=1.0". "none" without a prefix clears all. */
static void post_fault(struct shop *s, const struct shop_request *r, struct shop_reply *reply) {
    struct shop_fault fault;
    struct pl_str prefix = {"", 0};
    if (pl_str_starts(r->query, PL_STR("prefix=")))
        prefix = (struct pl_str){r->query.p + 7, r->query.n - 7};
    if (prefix.n >= sizeof fault.prefix || !shop_fault_parse(r->body, &fault)) {
        shop_error(reply, 400, "slow=300ms,error=0.1,garbage=0.05,lost=1.0 or none");
        return;
    }
    snprintf(fault.prefix, sizeof fault.prefix, "%.*s", PL_STR_ARG(prefix));
    if (prefix.n == 0) s->faults.n = 0;
    for (size_t i = 0; i < s->faults.n; i++)
        if (strcmp(s->faults.v[i].prefix, fault.prefix) == 0)
            s->faults.v[i--] = s->faults.v[--s->faults.n];
    PL_PUSH(&s->faults, fault);
    reply->status = 200;
    pl_buf_c(&reply->body, "{\"ok\":true}");
}

/* POST /debug/unreturn?order=ORDER987654321: as if it had never been sent back. */
static void post_unreturn(struct shop *s, const struct shop_request *r, struct shop_reply *reply) {
    struct pl_str id = r->query;
    if (pl_str_starts(id, PL_STR("order="))) id = (struct pl_str){id.p + 6, id.n - 6};
    for (size_t i = 0; i < shop_norders; i++) {
        if (!pl_str_is(id, s->orders[i].id)) continue;
        s->orders[i].returned[0] = 0;
        reply->status = 200;
        pl_buf_c(&reply->body, "{\"ok\":true}");
        return;
    }
    shop_error(reply, 404, "there is no such order");
}

/* ---- what was done, under which key ---- */

static struct shop_acted *acted_of(struct shop *s, struct pl_str key) {
    for (size_t i = 0; key.n && i < s->acted.n; i++)
        if (pl_str_is(key, s->acted.v[i].key)) return &s->acted.v[i];
    return NULL;
}

static char *what_of(const struct shop_request *r) {
    struct pl_buf b = {0};
    pl_buf_printf(&b, "%.*s %.*s %.*s", PL_STR_ARG(r->method), PL_STR_ARG(r->path),
                  PL_STR_ARG(r->body));
    pl_buf_byte(&b, 0);
    pl_assert(!b.failed);
    return b.p;
}

static void note_acted(struct shop *s, const struct shop_request *r,
                       const struct shop_reply *reply) {
    struct shop_acted *known = acted_of(s, r->key);
    if (known) { /* never, or the shop is broken: that is what the count is for */
        known->times++;
        return;
    }
    struct shop_acted acted = {.key = strndup(r->key.n ? r->key.p : "", r->key.n),
                               .what = what_of(r),
                               .times = 1,
                               .status = reply->status,
                               .body = strndup(reply->body.p, reply->body.n)};
    pl_assert(acted.key && acted.body);
    PL_PUSH(&s->acted, acted);
}

static void get_acted(struct shop *s, const struct shop_request *r, struct shop_reply *reply) {
    struct pl_str key = r->query;
    if (pl_str_starts(key, PL_STR("key="))) key = (struct pl_str){key.p + 4, key.n - 4};
    const struct shop_acted *acted = acted_of(s, key);
    reply->status = 200;
    pl_buf_printf(&reply->body, "{\"acted\":%d,\"writes\":%zu,\"slowed\":%zu}",
                  acted ? acted->times : 0, s->acted.n, s->slowed);
}

/* One line of JSON, on disk before anyone hears of it. */
static enum pl_err keep(struct shop *s, const struct shop_request *r) {
    if (s->data_fd < 0) return PL_OK;
    if (pl_str_starts(r->path, PL_STR("/api/auth/"))) return PL_OK; /* codes are on no disk */
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "key", r->key);
    pl_jw_text_member(&w, "method", r->method);
    pl_jw_text_member(&w, "path", r->path);
    pl_jw_text_member(&w, "body", r->body);
    pl_jw_close(&w, '}');
    pl_buf_byte(&b, '\n');
    bool ok = !b.failed && write(s->data_fd, b.p, b.n) == (ssize_t)b.n && fsync(s->data_fd) == 0;
    pl_buf_free(&b);
    return ok ? PL_OK : PL_IO;
}

static void write_once(struct shop *s, const struct shop_request *r, struct shop_reply *reply) {
    const struct shop_acted *known = acted_of(s, r->key);
    if (known) {
        char *what = what_of(r);
        bool same = strcmp(what, known->what) == 0;
        free(what);
        if (!same) {
            shop_error(reply, 409, "this key was used for another request");
            return;
        }
        reply->status = known->status;
        pl_buf_c(&reply->body, known->body);
        return;
    }
    shop_route(s, r, reply);
    if (reply->status != 200) return;
    note_acted(s, r, reply);
    if (keep(s, r) != PL_OK) shop_error(reply, 500, "the data file cannot be written");
}

/* ---- a request ---- */

static void act(struct shop *s, const struct shop_request *r, struct shop_reply *reply) {
    if (pl_str_is(r->path, "/debug/fault"))
        post_fault(s, r, reply);
    else if (pl_str_is(r->path, "/debug/unreturn"))
        post_unreturn(s, r, reply);
    else if (pl_str_is(r->path, "/debug/acted"))
        get_acted(s, r, reply);
    else if (pl_str_is(r->method, "GET"))
        shop_route(s, r, reply);
    else
        write_once(s, r, reply);
}

void shop_answer(struct shop *s, const struct shop_request *r, struct shop_reply *reply,
                 struct shop_manner *manner) {
    const struct shop_fault *f =
        pl_str_starts(r->path, PL_STR("/api/")) ? fault_of(s, r->path) : NULL;
    s->slowed += f && f->slow_ms;
    *manner = (struct shop_manner){.delay_ms = f ? f->slow_ms : 0};
    *reply = (struct shop_reply){.status = 500, .type = "application/json"};
    if (f && chance(s, f->error)) {
        shop_error(reply, 500, "something broke");
    } else {
        act(s, r, reply);
        if (f && chance(s, f->garbage)) {
            pl_buf_clear(&reply->body);
            pl_buf_c(&reply->body, "{\"orderId\": 12, \"status\": <html>oops");
        }
        manner->drop = f && !pl_str_is(r->method, "GET") && chance(s, f->lost);
    }
    pl_arena_reset(&s->arena);
}

/* ---- open and close ---- */

/* Plays the kept writes again: same requests, same order, same outcome. */
static void play(struct shop *s, struct pl_str lines) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    while (lines.n) {
        size_t end = pl_str_find(lines, PL_STR("\n"));
        if (end == SIZE_MAX) break; /* torn by a crash: it was never answered */
        struct pl_json j;
        struct shop_reply reply = {0};
        size_t at;
        if (pl_json_parse(&a, (struct pl_str){lines.p, end}, &j, &at) == PL_OK) {
            struct shop_request r = {.method = pl_json_text(&j, "method"),
                                     .path = pl_json_text(&j, "path"),
                                     .body = pl_json_text(&j, "body"),
                                     .key = pl_json_text(&j, "key")};
            shop_route(s, &r, &reply);
            if (reply.status == 200) note_acted(s, &r, &reply);
        }
        pl_buf_free(&reply.body);
        lines = (struct pl_str){lines.p + end + 1, lines.n - end - 1};
    }
    pl_arena_free(&a);
}

static enum pl_err open_data(struct shop *s, const char *path) {
    struct pl_arena a;
    struct pl_str lines = {0}; /* a file that is not there yet is an empty one */
    pl_arena_init(&a, 0);
    enum pl_err err = pl_file_read(&a, path, DATA_MAX, &lines);
    if (err == PL_NOT_FOUND)
        err = PL_OK;
    else if (!err)
        play(s, lines);
    if (!err) {
        s->data_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (s->data_fd < 0) err = PL_IO;
    }
    /* A torn last line would swallow the next one. */
    if (!err && lines.n && lines.p[lines.n - 1] != '\n' && write(s->data_fd, "\n", 1) != 1)
        err = PL_IO;
    pl_arena_free(&a);
    return err;
}

enum pl_err shop_open(struct shop *s, const char *data_path) {
    s->data_fd = -1;
    s->clock = pl_clock_system();
    pl_arena_init(&s->arena, 0);
    pl_rand_seed(&s->rand, (uint64_t)s->clock.wall_ms(s->clock.ctx));
    s->orders = malloc(shop_norders * sizeof *s->orders);
    s->users = malloc(shop_nusers * sizeof *s->users);
    if (!s->orders || !s->users) return PL_NOMEM;
    memcpy(s->orders, shop_orders, shop_norders * sizeof *s->orders);
    memcpy(s->users, shop_users, shop_nusers * sizeof *s->users);
    return data_path ? open_data(s, data_path) : PL_OK;
}

void shop_close(struct shop *s) {
    for (size_t i = 0; i < s->acted.n; i++) {
        free(s->acted.v[i].key);
        free(s->acted.v[i].what);
        free(s->acted.v[i].body);
    }
    PL_VEC_FREE(&s->acted);
    PL_VEC_FREE(&s->faults);
    free(s->orders);
    free(s->users);
    pl_arena_free(&s->arena);
    if (s->data_fd >= 0) close(s->data_fd);
}
