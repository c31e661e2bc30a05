/* SPDX-License-Identifier: Apache-2.0
 *
 * The workers that run hooks, and the HTTP client they ask the shop with, as the engine sees them.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/hooks/hooks.h"
#include "runtime/http/http.h"
#include "tools/cli/wire_priv.h"

struct cli_hooks {
    struct pl_http *http;
    struct pl_hooks *hooks;
    struct pl_arena arena;
};

static struct pl_str image_name(struct pl_image *image) {
    return (struct pl_str){(const char *)pl_image_hash(image), 32};
}

/* "lua/orders.lua" is the file of the hooks "orders.…". */
static struct pl_str file_stem(struct pl_str path) {
    size_t from = path.n;
    while (from && path.p[from - 1] != '/') from--;
    struct pl_str name = {path.p + from, path.n - from};
    if (pl_str_ends(name, PL_STR(".lua"))) name.n -= 4;
    return name;
}

static void hooks_load(void *ctx, struct pl_image *image) {
    struct cli_hooks *h = ctx;
    const struct pl_program *p = pl_image_program(image);
    struct pl_hooks_source *v = calloc(p->nsections + 1, sizeof *v);
    size_t n = 0;
    pl_assert(v);
    for (uint32_t i = 0; i < p->nsections; i++) {
        if (!pl_str_starts(p->sections[i].name, PL_STR("lua/"))) continue;
        v[n++] = (struct pl_hooks_source){file_stem(p->sections[i].name), p->sections[i].bytes};
    }
    pl_hooks_load(h->hooks, image_name(image), v, n);
    free(v);
}

static void hooks_drop(void *ctx, struct pl_image *image) {
    struct cli_hooks *h = ctx;
    pl_hooks_drop(h->hooks, image_name(image));
}

struct call_under_way {
    struct pl_image *image; /* keeps the types alive */
    pl_engine_hook_done *done;
    void *ctx;
};

static void hook_done(void *ctx, const struct pl_hook_result *r) {
    static const enum pl_engine_outcome outcomes[] = {
        [PL_HOOK_OK] = PL_OUTCOME_OK,
        [PL_HOOK_FAILED] = PL_OUTCOME_FAILED,
        [PL_HOOK_UNAVAILABLE] = PL_OUTCOME_UNAVAILABLE,
        [PL_HOOK_UNCONFIRMED] = PL_OUTCOME_UNCONFIRMED,
    };
    struct call_under_way *call = ctx;
    call->done(call->ctx, outcomes[r->outcome], r->value, r->failure);
    pl_image_unref(&call->image);
    free(call);
}

static uint64_t hooks_call(void *ctx, const struct pl_engine_call *c) {
    struct cli_hooks *h = ctx;
    const struct pl_program *p = pl_image_program(c->image);
    const struct pl_p_hook *hook = &p->hooks[c->hook];
    static const enum pl_hook_effect effects[] = {
        [PL_CLASS_PURE] = PL_HOOK_PURE,
        [PL_CLASS_READ] = PL_HOOK_READ,
        [PL_CLASS_WRITE_ONCE] = PL_HOOK_WRITE_ONCE,
    };
    struct call_under_way *call = malloc(sizeof *call);
    pl_assert(call);
    *call = (struct call_under_way){pl_image_ref(c->image), c->done, c->ctx};
    struct pl_hook_call out = {.image = image_name(c->image),
                               .hook = hook->name,
                               .args = c->args,
                               .nargs = c->nargs,
                               .types = &p->types,
                               .type = hook->result,
                               .fails = hook->fails,
                               .nfails = hook->nfails,
                               .effect = effects[hook->effect],
                               .key = c->key,
                               .deadline_ms = c->deadline_ms,
                               .loop = c->loop,
                               .done = hook_done,
                               .ctx = call};
    return pl_hooks_call(h->hooks, &out);
}

/* The host of "http://host:port/…", which plain http may then be spoken with. */
static struct pl_str host_of(struct pl_str url) {
    size_t at = pl_str_find(url, PL_STR("://"));
    if (at != SIZE_MAX) url = (struct pl_str){url.p + at + 3, url.n - at - 3};
    size_t n = 0;
    if (url.n && url.p[0] == '[') {
        while (n < url.n && url.p[n] != ']') n++;
        return (struct pl_str){url.p + 1, n ? n - 1 : 0};
    }
    while (n < url.n && url.p[n] != ':' && url.p[n] != '/') n++;
    return (struct pl_str){url.p, n};
}

static void hooks_cancel(void *ctx, uint64_t number) {
    struct cli_hooks *h = ctx;
    pl_hooks_cancel(h->hooks, number);
}

struct pl_engine_hooks pl_cli__hooks_doors(struct cli_hooks *h) {
    return (struct pl_engine_hooks){h, hooks_load, hooks_drop, hooks_call, hooks_cancel};
}

enum pl_err pl_cli__hooks_open(const char *shop_url, const struct pl_config *config,
                               const struct pl_log *log, struct cli_hooks **out) {
    static const char *const argv[] = {"parlance", "hook-worker", NULL};
    struct cli_hooks *h = calloc(1, sizeof *h);
    if (!h) return PL_NOMEM;
    struct pl_str host = host_of(pl_str_c(shop_url));
    struct pl_http_config http = {
        .plain_hosts = &host, .nplain_hosts = 1, .clock = pl_clock_system(), .log = log};
    struct pl_hooks_service shop = {.name = PL_STR("shop"), .base_url = pl_str_c(shop_url)};
    struct pl_hooks_config hooks = {.clock = pl_clock_system(),
                                    .log = log,
                                    .workers = (size_t)config->hook_workers,
                                    .exe = "/proc/self/exe",
                                    .argv = argv,
                                    .services = &shop,
                                    .nservices = 1,
                                    .memory_cap = (size_t)config->hook_memory};
    enum pl_err err = pl_http_create(&http, &h->http);
    hooks.http = h->http;
    if (err == PL_OK) err = pl_hooks_create(&hooks, &h->hooks);
    if (err != PL_OK) {
        pl_cli__hooks_close(&h);
        return err;
    }
    *out = h;
    return PL_OK;
}

void pl_cli__hooks_counters(const struct cli_hooks *h,
                            void (*show)(void *to, const struct pl_counter *c), void *to) {
    struct pl_hooks_stats k = pl_hooks_stats(h->hooks);
    struct pl_http_stats r = pl_http_stats(h->http);
    const struct pl_counter rows[] = {
        {"hooks.calls", "calls of hooks that reached a worker's queue", k.calls},
        {"hooks.ok", "calls that gave a value", k.ok},
        {"hooks.failed", "calls that gave a failure of their own", k.failed},
        {"hooks.unavailable", "calls without an answer", k.unavailable},
        {"hooks.unconfirmed", "writes without an answer that may have been done", k.unconfirmed},
        {"hooks.spawned", "workers started", k.spawned},
        {"hooks.killed", "workers ended because they spun, grew or broke a rule", k.killed},
        {"hooks.reruns", "calls run again on another worker", k.reruns},
        {"http.requests", "requests to the shop", r.requests},
        {"http.retries", "requests sent again", r.retries},
        {"http.failures", "requests without a reply", r.failures},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) show(to, &rows[i]);
}

void pl_cli__hooks_close(struct cli_hooks **hooks) {
    struct cli_hooks *h = *hooks;
    if (!h) return;
    *hooks = NULL;
    if (h->hooks) pl_hooks_destroy(&h->hooks);
    if (h->http) pl_http_destroy(&h->http);
    free(h);
}

int pl_cli__hook_worker(void) {
    return pl_hooks_worker_main(3);
}
