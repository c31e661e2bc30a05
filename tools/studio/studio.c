/* SPDX-License-Identifier: Apache-2.0
 *
 * The studio's thread: what was seen is kept here, and told to who looks.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/studio/studio_priv.h"

#define WAIT_US 20000000 /* that a look is held while nothing is new */

/* ---- what is kept ---- */

static void free_rows(studio_rows *rows) {
    for (size_t i = 0; i < rows->n; i++) {
        pl_buf_free(&rows->v[i].json);
        pl_buf_free(&rows->v[i].reply);
    }
    PL_VEC_FREE(rows);
}

static void forget(struct pl_studio *s, size_t i) {
    free_rows(&s->conversations.v[i].steps);
    free_rows(&s->conversations.v[i].asks);
    s->conversations.v[i] = s->conversations.v[--s->conversations.n];
}

static struct studio_conversation *find(struct pl_studio *s, const uint8_t id[16]) {
    for (size_t i = 0; i < s->conversations.n; i++)
        if (memcmp(s->conversations.v[i].id, id, 16) == 0) return &s->conversations.v[i];
    return NULL;
}

/* The one that did nothing for longest makes room for another. */
static struct studio_conversation *place(struct pl_studio *s, const uint8_t id[16]) {
    struct studio_conversation *c = find(s, id), fresh = {.changed = 0};
    size_t oldest = 0;
    if (c) return c;
    for (size_t i = 0; i < s->conversations.n; i++)
        if (s->conversations.v[i].changed < s->conversations.v[oldest].changed) oldest = i;
    if (s->conversations.n == STUDIO_CONVERSATIONS) forget(s, oldest);
    memcpy(fresh.id, id, sizeof fresh.id);
    PL_PUSH(&s->conversations, fresh);
    return &s->conversations.v[s->conversations.n - 1];
}

static void add_row(studio_rows *rows, uint64_t number, struct pl_buf *json) {
    struct studio_row row = {.number = number, .json = *json};
    if (rows->n == STUDIO_STEPS) {
        pl_buf_free(&rows->v[0].json);
        pl_buf_free(&rows->v[0].reply);
        memmove(rows->v, rows->v + 1, --rows->n * sizeof *rows->v);
    }
    PL_PUSH(rows, row);
    *json = (struct pl_buf){0};
}

static void add_reply(studio_rows *asks, uint64_t number, struct pl_buf *json) {
    for (size_t i = 0; i < asks->n; i++) {
        if (asks->v[i].number != number) continue;
        pl_buf_free(&asks->v[i].reply);
        asks->v[i].reply = *json;
        *json = (struct pl_buf){0};
    }
}

struct note {
    struct pl_post post;
    struct pl_studio *s;
    enum studio_kind kind;
    uint8_t id[16];
    uint64_t number;
    struct pl_buf json;
};

static void noted(struct pl_post *post) {
    struct note *n = (struct note *)(void *)post; /* its first member */
    struct studio_conversation *c = place(n->s, n->id);
    if (n->kind == STUDIO_STEP) add_row(&c->steps, n->number, &n->json);
    if (n->kind == STUDIO_ASK) add_row(&c->asks, n->number, &n->json);
    if (n->kind == STUDIO_REPLY) add_reply(&c->asks, n->number, &n->json);
    c->changed = n->s->version + 1;
    pl_studio__changed(n->s);
    pl_buf_free(&n->json);
    free(n);
}

void pl_studio__note(struct pl_studio *s, enum studio_kind kind, const uint8_t conversation[16],
                     uint64_t number, struct pl_buf *json) {
    struct note *n = calloc(1, sizeof *n);
    pl_assert(n);
    *n = (struct note){.post.fn = noted, .s = s, .kind = kind, .number = number, .json = *json};
    memcpy(n->id, conversation, sizeof n->id);
    *json = (struct pl_buf){0};
    pl_loop_post(s->loop, &n->post);
}

/* ---- what is told ---- */

static void write_rows(struct pl_jw *w, const char *name, const studio_rows *rows) {
    pl_jw_name(w, name);
    pl_jw_open(w, '[');
    for (size_t i = 0; i < rows->n; i++) {
        const struct studio_row *r = &rows->v[i];
        pl_jw_open(w, '{');
        pl_jw_int_member(w, "n", (int64_t)r->number);
        pl_jw_name(w, "it");
        pl_jw_raw(w, pl_buf_slice(&r->json));
        if (r->reply.n) pl_jw_name(w, "reply");
        if (r->reply.n) pl_jw_raw(w, pl_buf_slice(&r->reply));
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

static void write_conversation(struct pl_jw *w, const struct studio_conversation *c) {
    char hex[33];
    pl_hex(c->id, sizeof c->id, hex);
    pl_jw_name(w, "conversation");
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "id", pl_str_c(hex));
    write_rows(w, "steps", &c->steps);
    write_rows(w, "asks", &c->asks);
    pl_jw_close(w, '}');
}

static void tell_state(struct pl_studio *s, const struct studio_waiting *k) {
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    const struct studio_conversation *c = k->of_conversation ? find(s, k->id) : NULL;
    pl_jw_open(&w, '{');
    pl_jw_int_member(&w, "version", (int64_t)s->version);
    pl_jw_name(&w, "project");
    pl_jw_raw(&w, pl_buf_slice(&s->project));
    pl_jw_name(&w, "broken");
    pl_jw_bool(&w, s->broken);
    pl_jw_name(&w, "diagnostics");
    pl_jw_raw(&w, pl_buf_slice(&s->diagnostics));
    if (c) write_conversation(&w, c);
    pl_jw_close(&w, '}');
    pl_assert(!b.failed);
    s->config.answer(s->config.ctx, k->ticket, pl_buf_slice(&b));
    pl_buf_free(&b);
}

static void tell_waiting(struct pl_studio *s, int64_t now_us, bool all) {
    size_t kept = 0;
    for (size_t i = 0; i < s->waiting.n; i++) {
        struct studio_waiting k = s->waiting.v[i];
        if (all || s->version > k.after || now_us >= k.until_us)
            tell_state(s, &k);
        else
            s->waiting.v[kept++] = k;
    }
    s->waiting.n = kept;
    if (kept == 0) pl_timer_stop(&s->overdue);
}

void pl_studio__changed(struct pl_studio *s) {
    s->version++;
    tell_waiting(s, pl_loop_now_us(s->loop), false);
}

static void overdue(struct pl_timer *t) {
    struct pl_studio *s = t->ctx;
    tell_waiting(s, pl_loop_now_us(s->loop), false);
}

static void tell_graph(struct pl_studio *s, uint64_t ticket, struct pl_str flow) {
    struct pl_buf json = {0}, why = {0};
    if (!s->config.draw(s->config.ctx, s->good, flow, &json, &why)) {
        struct pl_jw w = {.b = &json};
        pl_buf_clear(&json);
        pl_jw_open(&w, '{');
        pl_jw_text_member(&w, "error", pl_buf_slice(&why));
        pl_jw_close(&w, '}');
    }
    s->config.answer(s->config.ctx, ticket, pl_buf_slice(&json));
    pl_buf_free(&json);
    pl_buf_free(&why);
}

/* ---- looks ---- */

struct look {
    struct pl_post post;
    struct pl_studio *s;
    bool graph;
    struct studio_waiting waiting;
    char flow[256];
};

static void looked(struct pl_post *post) {
    struct look *l = (struct look *)(void *)post; /* its first member */
    struct pl_studio *s = l->s;
    if (l->graph) {
        tell_graph(s, l->waiting.ticket, pl_str_c(l->flow));
    } else {
        l->waiting.until_us = pl_loop_now_us(s->loop) + WAIT_US;
        PL_PUSH(&s->waiting, l->waiting);
        pl_timer_repeat(s->loop, &s->overdue, 1000);
        tell_waiting(s, pl_loop_now_us(s->loop), s->resting);
    }
    free(l);
}

void pl_studio_look(struct pl_studio *s, uint64_t ticket, const struct pl_studio_look *look) {
    struct look *l = calloc(1, sizeof *l);
    pl_assert(l);
    *l = (struct look){.post.fn = looked, .s = s, .graph = pl_str_is(look->what, "graph")};
    l->waiting = (struct studio_waiting){.ticket = ticket, .after = look->after};
    l->waiting.of_conversation = pl_unhex(look->conversation, l->waiting.id, 16);
    snprintf(l->flow, sizeof l->flow, "%.*s", PL_STR_ARG(look->flow));
    pl_loop_post(s->loop, &l->post);
}

/* ---- from beginning to end ---- */

struct pl_studio_built *pl_studio_built_new(void) {
    struct pl_studio_built *b = calloc(1, sizeof *b);
    pl_assert(b);
    return b;
}

void pl_studio_built_free(struct pl_studio_built **b) {
    if (!*b) return;
    pl_compiled_free(&(*b)->compiled);
    free(*b);
    *b = NULL;
}

enum pl_err pl_studio_create(const struct pl_studio_config *config, struct pl_studio_built **first,
                             const struct pl_diags *mistakes, struct pl_studio **out) {
    struct pl_studio *s = calloc(1, sizeof *s);
    if (!s) return PL_NOMEM;
    s->config = *config;
    s->good = *first;
    *first = NULL;
    s->version = 1;
    s->broken = s->stands_in = mistakes != NULL;
    s->overdue = (struct pl_timer){.fn = overdue, .ctx = s};
    s->tools = pl_locale_tools_new();
    enum pl_err err = s->tools ? pl_loop_create(pl_clock_system(), &s->loop) : PL_NOMEM;
    if (err == PL_OK) err = pl_studio__watch(s);
    pl_studio__tell_project(s, (struct pl_str){0}, 0);
    pl_studio__tell_diagnostics(s, mistakes ? mistakes : &s->good->compiled.diags);
    if (err != PL_OK)
        pl_studio_destroy(&s);
    else
        *out = s;
    return err;
}

static void *run(void *ctx) {
    struct pl_studio *s = ctx;
    pl_loop_run(s->loop);
    return NULL;
}

enum pl_err pl_studio_start(struct pl_studio *s) {
    s->runs = pthread_create(&s->thread, NULL, run, s) == 0;
    return s->runs ? PL_OK : PL_NOMEM;
}

static void rested(struct pl_post *post) {
    struct pl_studio *s =
        (struct pl_studio *)(void *)((char *)post - offsetof(struct pl_studio, rest));
    s->resting = true;
    tell_waiting(s, 0, true);
}

void pl_studio_rest(struct pl_studio *s) {
    s->rest.fn = rested;
    pl_loop_post(s->loop, &s->rest);
}

void pl_studio_stop(struct pl_studio *s) {
    if (!s->runs) return;
    s->runs = false;
    pl_loop_stop(s->loop);
    pthread_join(s->thread, NULL);
}

void pl_studio_destroy(struct pl_studio **studio) {
    struct pl_studio *s = *studio;
    if (!s) return;
    *studio = NULL;
    pl_studio_stop(s);
    pl_studio__unwatch(s);
    if (s->loop) pl_loop_once(s->loop, 0); /* what was noted last */
    s->waiting.n = 0;
    while (s->conversations.n) forget(s, 0);
    for (size_t i = 0; i < s->eyes.n; i++) pl_sim_watch_free(&s->eyes.v[i].watch);
    PL_VEC_FREE(&s->conversations);
    PL_VEC_FREE(&s->waiting);
    PL_VEC_FREE(&s->eyes);
    PL_VEC_FREE(&s->ran);
    pl_buf_free(&s->project);
    pl_buf_free(&s->diagnostics);
    pl_studio_built_free(&s->good);
    pl_timer_stop(&s->overdue);
    if (s->loop) pl_loop_destroy(&s->loop);
    pl_locale_tools_free(&s->tools);
    free(s);
}
