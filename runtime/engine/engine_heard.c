/* SPDX-License-Identifier: Apache-2.0
 *
 * Entities that the shop's Lua finds. A worker is asked before the message is read, one call for
 * each such entity, all at once; the reading then takes what was given. It is journaled with the
 * reading, so replay asks nobody. What is late, broken or no place in the text is as if nothing
 * had been found: it is counted, and the log says which hook it was.
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

struct finder_call {
    struct pl_engine *e;
    struct eng_image *image;
    uint8_t conversation[16];
    uint64_t number;
    uint32_t entity;
};

void pl_engine__heard_free(struct eng_conv *c) {
    if (!c->heard) return;
    PL_VEC_FREE(&c->heard->given);
    pl_arena_free(&c->heard->a);
    free(c->heard);
    c->heard = NULL;
}

/* ---- what comes back ---- */

static void complain(struct pl_engine *e, const struct finder_call *call, const char *why) {
    const struct pl_program *p = pl_image_program(call->image->image);
    struct pl_str hook = p->hooks[p->entities[call->entity].lua].name;
    ENG_COUNT(e, FINDS_FAILED);
    if (e->config.log)
        pl_log(e->config.log, PL_LOG_WARN, "engine", "find_failed", "hook=%.*s why=\"%s\"",
               PL_STR_ARG(hook), why);
}

static uint32_t whole(struct pl_value v) {
    struct pl_dec n = pl_dec_round(v.n, 0);
    bool good = v.kind == PL_KIND_NUMBER && pl_dec_cmp(n, v.n) == 0;
    if (!good || pl_dec_cmp(n, pl_int(UINT32_MAX).n) >= 0 || pl_dec_cmp(n, pl_int(0).n) < 0)
        return UINT32_MAX;
    char text[32];
    int64_t out = 0;
    struct pl_str s = {text, pl_dec_print(n, text)};
    return pl_str_i64(s, &out) ? (uint32_t)out : UINT32_MAX;
}

/* Lua counts bytes from 1, and the last one is part of it. */
static const char *given_of(const struct eng_heard *h, uint32_t entity, struct pl_value v,
                            struct pl_nlp_given *out) {
    uint32_t from = whole(pl_rec_get(v, PL_STR("from")));
    *out = (struct pl_nlp_given){.entity = entity,
                                 .start = from - 1,
                                 .end = whole(pl_rec_get(v, PL_STR("to"))),
                                 .value = pl_rec_get(v, PL_STR("value")).s};
    if (from == 0 || from == UINT32_MAX) return "a place that is not in the text";
    return pl_nlp_given_wrong(h->text, out);
}

/* All of it or nothing: a function that is wrong once is not believed. NULL: taken. */
static const char *take(struct eng_heard *h, uint32_t entity, struct pl_str bytes) {
    struct pl_reader r = pl_reader_of(pl_arena_str(&h->a, bytes));
    struct pl_value v = pl_value_read(&r, &h->a);
    struct pl_nlp_given given[PL_NLP_GIVEN];
    if (r.bad || v.kind != PL_KIND_LIST) return "no list";
    if (v.list.n > PL_NLP_GIVEN) return "more than 32 values";
    for (uint32_t i = 0; i < v.list.n; i++) {
        const char *why = given_of(h, entity, v.list.v[i], &given[i]);
        if (why) return why;
    }
    for (uint32_t i = 0; i < v.list.n; i++) PL_PUSH(&h->given, given[i]);
    return NULL;
}

static void found(void *ctx, enum pl_engine_outcome outcome, struct pl_str value,
                  struct pl_str failure) {
    struct finder_call *call = ctx;
    struct pl_engine *e = call->e;
    struct eng_conv *c = pl_engine__conv_find(e, call->conversation);
    struct eng_heard *h = c && c->heard && c->heard->number == call->number ? c->heard : NULL;
    const char *why = outcome == PL_OUTCOME_OK ? NULL : "no answer, or a broken one";
    (void)failure;
    if (h && !why) why = take(h, call->entity, value);
    if (why) complain(e, call, why);
    pl_engine__image_leave(e, &call->image);
    free(call);
    if (!h) return;
    c->flying--;
    if (--h->waiting == 0) pl_engine__advance(e, c);
}

/* ---- asking ---- */

static void ask(struct pl_engine *e, struct eng_conv *c, uint32_t entity, struct pl_str folded) {
    const struct pl_program *p = pl_image_program(c->image->image);
    struct eng_heard *h = c->heard;
    struct finder_call *call = malloc(sizeof *call);
    pl_assert(call);
    *call = (struct finder_call){.e = e, .image = c->image, .number = h->number, .entity = entity};
    memcpy(call->conversation, c->id, sizeof call->conversation);
    struct pl_value args[] = {pl_text(h->text), pl_text(c->locale), pl_text(folded)};
    uint32_t hook = p->entities[entity].lua;
    struct pl_engine_call out = {.image = c->image->image,
                                 .hook = hook,
                                 .args = args,
                                 .nargs = (uint32_t)PL_LEN(args),
                                 .deadline_ms = p->hooks[hook].within_ms,
                                 .loop = e->loop,
                                 .done = found,
                                 .ctx = call};
    pl_engine__image_use(c->image);
    h->waiting++;
    c->flying++;
    ENG_COUNT(e, FINDS);
    e->config.hooks.call(e->config.hooks.ctx, &out);
}

static void begin(struct pl_engine *e, struct eng_conv *c, struct pl_str text) {
    const struct pl_program *p = pl_image_program(c->image->image);
    if (c->heard) c->flying -= c->heard->waiting; /* their answers are not waited for any more */
    pl_engine__heard_free(c);
    c->heard = calloc(1, sizeof *c->heard);
    pl_assert(c->heard);
    pl_arena_init(&c->heard->a, 0);
    c->heard->image = c->image;
    c->heard->text = pl_arena_str(&c->heard->a, text);
    c->heard->number = ++e->calls;
    struct pl_str folded = pl_locale_fold(e->tools, &c->heard->a, text);
    for (uint32_t i = 0; i < p->nentities; i++)
        if (p->entities[i].lua != PL_NOWHERE) ask(e, c, i, folded);
}

/* What answers a secret question is nobody's to look through. */
static bool is_secret(struct pl_engine *e, const struct eng_conv *c) {
    struct pl_vm_view view;
    struct pl_arena a;
    if (c->mode != PL_VM_ASKING) return false;
    pl_arena_init(&a, 0);
    const struct pl_program *p = pl_image_program(c->image->image);
    enum pl_err err = pl_vm_look(e->vm, c->image->image, pl_buf_slice(&c->state), &a, &view);
    bool asks = err == PL_OK && view.mode == PL_VM_ASKING;
    bool secret = asks && p->waits[view.wait].type.quals & PL_SECRET;
    pl_arena_free(&a);
    return secret;
}

static bool is_for(const struct eng_conv *c, struct pl_str text) {
    return c->heard && c->heard->image == c->image && pl_str_eq(c->heard->text, text);
}

bool pl_engine__heard(struct pl_engine *e, struct eng_conv *c, struct pl_str masked) {
    if (!e->config.hooks.call || is_secret(e, c)) return true;
    if (!is_for(c, masked)) begin(e, c, masked);
    return c->heard->waiting == 0;
}

void pl_engine__given(const struct eng_conv *c, struct pl_str masked, struct pl_nlp_context *ctx) {
    if (!is_for(c, masked) || c->heard->waiting) return;
    ctx->given = c->heard->given.v;
    ctx->ngiven = (uint32_t)c->heard->given.n;
}
