/* SPDX-License-Identifier: Apache-2.0
 *
 * The public verbs: each copies what it is given and posts it to the supervisor's thread.
 */
#include "runtime/hooks/hooks.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/hooks/hooks_super_priv.h"

/* ---- images ---- */

struct image_command {
    struct pl_post post; /* first */
    struct pl_hooks *hooks;
    struct pl_hooks__image *image; /* load */
    struct pl_str id;              /* drop; owned */
};

static void do_load(struct pl_post *post) {
    struct image_command *c = (struct image_command *)post;
    struct pl_hooks *h = c->hooks;
    struct pl_hooks__image *known = h->images;
    while (known && !pl_str_eq(known->id, c->image->id)) known = known->next;
    if (known) {
        known->dropped = false;
        pl_hooks__image_free(c->image);
    } else {
        c->image->next = h->images;
        h->images = c->image;
    }
    free(c);
}

static void write_image(struct pl_hooks__image *image, const struct pl_hooks_source *sources,
                        size_t n) {
    size_t at = pl_hooks__frame_open(&image->frame, PL_HOOKS__IMAGE);
    pl_buf_var(&image->frame, image->number);
    pl_buf_var(&image->frame, n);
    for (size_t i = 0; i < n; i++) {
        pl_buf_text(&image->frame, sources[i].name);
        pl_buf_text(&image->frame, sources[i].text);
    }
    pl_hooks__frame_close(&image->frame, at);
}

static struct pl_str copy_text(struct pl_str s) {
    char *p = malloc(s.n + 1);
    pl_assert(p);
    memcpy(p, s.n ? s.p : "", s.n);
    return (struct pl_str){p, s.n};
}

enum pl_err pl_hooks_load(struct pl_hooks *h, struct pl_str id,
                          const struct pl_hooks_source *sources, size_t nsources) {
    size_t total = 0;
    for (size_t i = 0; i < nsources; i++) total += sources[i].name.n + sources[i].text.n;
    if (id.n == 0 || id.n > 64 || total > PL_HOOKS__IMAGE_MAX) return PL_LIMIT;
    struct image_command *c = calloc(1, sizeof *c);
    struct pl_hooks__image *image = calloc(1, sizeof *image);
    pl_assert(c && image);
    image->id = copy_text(id);
    image->number = atomic_fetch_add(&h->last_id, 1) + 1;
    write_image(image, sources, nsources);
    if (image->frame.failed) {
        pl_hooks__image_free(image);
        free(c);
        return PL_NOMEM;
    }
    *c = (struct image_command){.post.fn = do_load, .hooks = h, .image = image};
    pl_loop_post(h->loop, &c->post);
    return PL_OK;
}

static void do_drop(struct pl_post *post) {
    struct image_command *c = (struct image_command *)post;
    pl_hooks__image_drop(c->hooks, c->id);
    free((char *)c->id.p);
    free(c);
}

void pl_hooks_drop(struct pl_hooks *h, struct pl_str id) {
    struct image_command *c = calloc(1, sizeof *c);
    pl_assert(c);
    *c = (struct image_command){.post.fn = do_drop, .hooks = h, .id = copy_text(id)};
    pl_loop_post(h->loop, &c->post);
}

/* ---- calls ---- */

static void do_call(struct pl_post *post) {
    struct pl_hooks__call *c = (struct pl_hooks__call *)post;
    pl_hooks__call_accept(c->hooks, c);
}

struct pl_str pl_hooks__args_json(struct pl_arena *a, const struct pl_value *args, size_t n) {
    struct pl_buf b = {0};
    pl_buf_byte(&b, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0) pl_buf_byte(&b, ',');
        if (args[i].kind == PL_KIND_NONE)
            pl_buf_c(&b, "null");
        else
            pl_value_to_json(&b, args[i]);
    }
    pl_buf_byte(&b, ']');
    pl_assert(!b.failed);
    struct pl_str json = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return json;
}

static void copy_call(struct pl_hooks__call *c, const struct pl_hook_call *from) {
    struct pl_arena *a = &c->arena;
    pl_arena_init(a, 0);
    c->asked = *from;
    c->asked.image = pl_arena_str(a, from->image);
    c->asked.hook = pl_arena_str(a, from->hook);
    c->asked.key = pl_arena_str(a, from->key);
    c->asked.args = NULL;
    c->args = pl_hooks__args_json(a, from->args, from->nargs);
    struct pl_str *fails = PL_NEW_ARRAY(a, struct pl_str, from->nfails + 1);
    for (size_t i = 0; i < from->nfails; i++) fails[i] = pl_arena_str(a, from->fails[i]);
    c->asked.fails = fails;
}

uint64_t pl_hooks_call(struct pl_hooks *h, const struct pl_hook_call *call) {
    pl_assert(call->loop && call->done);
    pl_assert((call->effect == PL_HOOK_WRITE_ONCE) == (call->key.n > 0));
    pl_assert(call->key.n <= 128);
    struct pl_hooks__call *c = calloc(1, sizeof *c);
    pl_assert(c);
    copy_call(c, call);
    c->hooks = h;
    c->id = atomic_fetch_add(&h->last_id, 1) + 1;
    c->begun_us = h->config.clock.mono_us(h->config.clock.ctx);
    c->deadline_us = c->begun_us + (call->deadline_ms > 0 ? call->deadline_ms : 1) * 1000;
    c->post.fn = do_call;
    uint64_t id = c->id;
    pl_loop_post(h->loop, &c->post);
    return id;
}

struct cancel_command {
    struct pl_post post; /* first */
    struct pl_hooks *hooks;
    uint64_t id;
};

static void do_cancel(struct pl_post *post) {
    struct cancel_command *c = (struct cancel_command *)post;
    struct pl_hooks__call *call = c->hooks->calls;
    while (call && call->id != c->id) call = call->next;
    if (call && call->state != PL_HOOKS__OVER && call->asked.effect != PL_HOOK_WRITE_ONCE)
        pl_hooks__call_break(call, PL_HOOK_WHY_CANCELLED, PL_STR(""));
    free(c);
}

void pl_hooks_cancel(struct pl_hooks *h, uint64_t id) {
    struct cancel_command *c = calloc(1, sizeof *c);
    pl_assert(c);
    *c = (struct cancel_command){.post.fn = do_cancel, .hooks = h, .id = id};
    pl_loop_post(h->loop, &c->post);
}

struct pl_hooks_stats pl_hooks_stats(const struct pl_hooks *h) {
    return (struct pl_hooks_stats){
        .calls = atomic_load(&h->stats.calls),
        .ok = atomic_load(&h->stats.ok),
        .failed = atomic_load(&h->stats.failed),
        .unavailable = atomic_load(&h->stats.unavailable),
        .unconfirmed = atomic_load(&h->stats.unconfirmed),
        .spawned = atomic_load(&h->stats.spawned),
        .killed = atomic_load(&h->stats.killed),
        .reruns = atomic_load(&h->stats.reruns),
    };
}

/* ---- create and destroy ---- */

static void copy_services(struct pl_hooks *h, const struct pl_hooks_config *config) {
    struct pl_arena *a = &h->arena;
    struct pl_hooks_service *to = PL_NEW_ARRAY(a, struct pl_hooks_service, config->nservices + 1);
    for (size_t i = 0; i < config->nservices; i++) {
        const struct pl_hooks_service *from = &config->services[i];
        struct pl_http_header *headers = PL_NEW_ARRAY(a, struct pl_http_header, from->nheaders + 1);
        for (size_t k = 0; k < from->nheaders; k++) {
            headers[k].name = pl_arena_str(a, from->headers[k].name);
            headers[k].value = pl_arena_str(a, from->headers[k].value);
        }
        to[i] = (struct pl_hooks_service){.name = pl_arena_str(a, from->name),
                                          .base_url = pl_arena_str(a, from->base_url),
                                          .headers = headers,
                                          .nheaders = from->nheaders};
    }
    h->config.services = to;
}

static void copy_command(struct pl_hooks *h, const struct pl_hooks_config *config) {
    size_t n = 0;
    while (config->argv[n]) n++;
    const char **argv = PL_NEW_ARRAY(&h->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++) argv[i] = pl_arena_str(&h->arena, pl_str_c(config->argv[i])).p;
    h->config.argv = argv;
    h->config.exe = pl_arena_str(&h->arena, pl_str_c(config->exe)).p;
}

/* The workers are started here: a worker dies with the thread that started it. */
static void *run(void *ctx) {
    struct pl_hooks *h = ctx;
    pl_hooks__workers_start(h);
    pl_loop_run(h->loop);
    return NULL;
}

static int start_thread(struct pl_hooks *h) {
    sigset_t all, old; /* signals are the main thread's */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&h->thread, NULL, run, h);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return failed;
}

static void free_hooks(struct pl_hooks *h) {
    pl_arena_free(&h->arena);
    pl_arena_free(&h->scratch);
    if (h->loop) pl_loop_destroy(&h->loop);
    free(h->workers);
    free(h);
}

enum pl_err pl_hooks_create(const struct pl_hooks_config *config, struct pl_hooks **out) {
    struct pl_hooks *h = calloc(1, sizeof *h);
    if (!h) return PL_NOMEM;
    h->config = *config;
    if (h->config.workers == 0) h->config.workers = 2;
    if (h->config.memory_cap == 0) h->config.memory_cap = 8 * 1024 * 1024;
    pl_arena_init(&h->arena, 0);
    pl_arena_init(&h->scratch, 32 * 1024 * 1024);
    copy_services(h, config);
    copy_command(h, config);
    h->workers = calloc(h->config.workers, sizeof *h->workers);
    enum pl_err err = h->workers ? pl_loop_create(config->clock, &h->loop) : PL_NOMEM;
    if (!err && start_thread(h)) err = PL_NOMEM;
    if (err) {
        free_hooks(h);
        return err;
    }
    *out = h;
    return PL_OK;
}

struct stop_command {
    struct pl_post post; /* first */
    struct pl_hooks *hooks;
};

/* Replies to requests that are out still come; the loop stops after the last of them. */
static void do_stop(struct pl_post *post) {
    struct pl_hooks *h = ((struct stop_command *)post)->hooks;
    h->stopping = true;
    for (struct pl_hooks__call *c = h->calls, *next; c; c = next) {
        next = c->next;
        if (c->state != PL_HOOKS__OVER) pl_hooks__call_break(c, PL_HOOK_WHY_STOPPING, PL_STR(""));
    }
    while (h->images) pl_hooks__image_drop(h, h->images->id);
    pl_hooks__workers_stop(h);
    if (h->asks == 0) pl_loop_stop(h->loop);
}

void pl_hooks_destroy(struct pl_hooks **hooks) {
    struct pl_hooks *h = *hooks;
    if (!h) return;
    *hooks = NULL;
    struct stop_command stop = {.post.fn = do_stop, .hooks = h};
    pl_loop_post(h->loop, &stop.post);
    pthread_join(h->thread, NULL);
    free_hooks(h);
}
