/* SPDX-License-Identifier: Apache-2.0
 *
 * Hooks of simulated conversations: the talk's stubs, or no shop at all.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/hooks/hooks.h"
#include "tools/sim/sim_priv.h"

/* ---- answers come by the loop, never inside the call ---- */

static void answer_run(struct pl_post *post) {
    struct sim_answer *x = (struct sim_answer *)(void *)post;
    x->done(x->ctx, x->outcome, pl_buf_slice(&x->value), pl_str_c(x->failure));
    pl_buf_free(&x->value);
    free(x);
}

struct sim_answer *pl_sim__answer_to(const struct pl_engine_call *call,
                                     enum pl_engine_outcome outcome) {
    struct sim_answer *x = calloc(1, sizeof *x);
    pl_assert(x);
    x->post.fn = answer_run;
    x->done = call->done;
    x->ctx = call->ctx;
    x->outcome = outcome;
    return x;
}

bool pl_sim__is_list(const struct pl_program *p, uint32_t hook) {
    for (uint32_t i = 0; i < p->nentities; i++)
        if (p->entities[i].hook == hook) return true;
    return false;
}

static struct sim_answer *absent(const struct pl_engine_call *call) {
    static const struct pl_value nothing = {.kind = PL_KIND_LIST};
    if (!pl_sim__is_list(pl_image_program(call->image), call->hook))
        return pl_sim__answer_to(call, PL_OUTCOME_UNAVAILABLE);
    struct sim_answer *x = pl_sim__answer_to(call, PL_OUTCOME_OK);
    pl_value_write(&x->value, nothing);
    return x;
}

/* ---- stubs ---- */

static bool matches(struct sim_types *t, const struct pl_p_hook *hook,
                    const struct pl_talk_line *stub, const struct pl_engine_call *call) {
    struct pl_value v;
    struct pl_str why;
    if (!pl_str_eq(stub->name, hook->name) || stub->args.n != call->nargs) return false;
    for (uint32_t i = 0; i < call->nargs; i++) {
        if (!pl_sim__value(t, hook->params[i].type, &stub->args.v[i], &v, &why)) return false;
        if (!pl_value_eq(v, call->args[i])) return false;
    }
    return true;
}

static struct sim_answer *stubbed(struct sim_types *t, const struct pl_p_hook *hook,
                                  const struct pl_talk_line *stub,
                                  const struct pl_engine_call *call) {
    struct pl_value v;
    struct pl_str why;
    if (stub->stub == PL_TALK_STUB_FAILS) {
        if (pl_str_is(stub->fails, "unavailable"))
            return pl_sim__answer_to(call, PL_OUTCOME_UNAVAILABLE);
        if (pl_str_is(stub->fails, "unconfirmed"))
            return pl_sim__answer_to(call, PL_OUTCOME_UNCONFIRMED);
        struct sim_answer *x = pl_sim__answer_to(call, PL_OUTCOME_FAILED);
        snprintf(x->failure, sizeof x->failure, "%.*s", PL_STR_ARG(stub->fails));
        return x;
    }
    if (!pl_sim__value(t, hook->result, &stub->value, &v, &why)) return NULL;
    struct sim_answer *x = pl_sim__answer_to(call, PL_OUTCOME_OK);
    if (hook->result.kind != PL_KIND_NONE) pl_value_write(&x->value, v);
    return x;
}

static void print_call(struct pl_buf *b, struct sim_types *t, const struct pl_p_hook *hook,
                       const struct pl_engine_call *call) {
    pl_buf_printf(b, "hook %.*s(", PL_STR_ARG(hook->name));
    for (uint32_t i = 0; i < call->nargs; i++) {
        if (i) pl_buf_c(b, ", ");
        pl_sim__print(t, b, call->args[i]);
    }
    pl_buf_byte(b, ')');
}

static void remember_missing(struct sim_shop *s, struct sim_types *t, const struct pl_p_hook *hook,
                             const struct pl_engine_call *call) {
    struct pl_buf b = {0};
    if (s->missing.n) return;
    print_call(&b, t, hook, call);
    pl_buf_c(&b, " = ");
    pl_sim__print_sample(t, &b, hook->result);
    s->missing = pl_arena_str(s->a, pl_buf_slice(&b));
    pl_buf_free(&b);
}

/* ---- pure hooks run ---- */

/* The Lua file of the image that has "orders.label": lua/orders.lua. */
static bool find_source(const struct pl_program *p, struct pl_str hook,
                        struct pl_hooks_source *out) {
    size_t dot = hook.n;
    while (dot && hook.p[dot - 1] != '.') dot--;
    struct pl_str file = {hook.p, dot ? dot - 1 : 0};
    for (uint32_t i = 0; i < p->nsections; i++) {
        struct pl_str name = p->sections[i].name;
        if (!pl_str_starts(name, PL_STR("lua/")) || !pl_str_ends(name, PL_STR(".lua"))) continue;
        *out = (struct pl_hooks_source){{name.p + 4, name.n - 8}, p->sections[i].bytes};
        if (pl_str_eq(out->name, file)) return true;
    }
    return false;
}

/* NULL: there is no such file. What was wrong with it is in *broke. */
static struct sim_answer *run_pure(struct pl_arena *a, const struct pl_engine_call *call,
                                   struct pl_str *broke) {
    const struct pl_program *p = pl_image_program(call->image);
    const struct pl_p_hook *hook = &p->hooks[call->hook];
    struct pl_hook_call c = {.hook = hook->name,
                             .args = call->args,
                             .nargs = call->nargs,
                             .types = &p->types,
                             .type = hook->result,
                             .fails = hook->fails,
                             .nfails = hook->nfails};
    struct pl_hooks_source source;
    struct pl_value v = PL_NONE;
    struct pl_str detail;
    if (!find_source(p, hook->name, &source)) return NULL;
    enum pl_hook_outcome outcome = pl_hooks_run_pure(a, &source, &c, &v, &detail);
    if (outcome == PL_HOOK_UNAVAILABLE) {
        *broke = pl_arena_printf(a, "the pure hook %.*s broke: %.*s", PL_STR_ARG(hook->name),
                                 PL_STR_ARG(detail));
        return pl_sim__answer_to(call, PL_OUTCOME_UNAVAILABLE);
    }
    struct sim_answer *x =
        pl_sim__answer_to(call, outcome == PL_HOOK_OK ? PL_OUTCOME_OK : PL_OUTCOME_FAILED);
    if (outcome == PL_HOOK_OK && hook->result.kind != PL_KIND_NONE) pl_value_write(&x->value, v);
    if (outcome == PL_HOOK_FAILED)
        snprintf(x->failure, sizeof x->failure, "%.*s", PL_STR_ARG(detail));
    return x;
}

/* A write that is asked for again under its key counts as the one that it is. */
static bool is_first(struct sim_shop *s, struct pl_str key) {
    for (size_t i = 0; i < s->keys.n; i++)
        if (pl_str_eq(s->keys.v[i], key)) return false;
    if (key.n) PL_PUSH(&s->keys, pl_arena_str(s->a, key));
    return true;
}

/* ---- a shop that answers ---- */

struct live_call {
    struct sim_shop *s;
    struct sim_types t;
    struct pl_str line; /* up to its arguments */
    bool list;
    pl_engine_hook_done *done;
    void *ctx;
};

static void live_came(void *ctx, enum pl_engine_outcome outcome, struct pl_str value,
                      struct pl_str failure) {
    struct live_call *l = ctx;
    struct sim_shop *s = l->s;
    struct pl_reader r = pl_reader_of(value);
    struct pl_value v = outcome == PL_OUTCOME_OK && value.n ? pl_value_read(&r, s->a) : PL_NONE;
    struct pl_buf b = {0};
    pl_buf_str(&b, l->line);
    pl_buf_c(&b, outcome == PL_OUTCOME_OK ? " = " : " fails ");
    if (outcome == PL_OUTCOME_OK) pl_sim__print(&l->t, &b, v);
    if (outcome == PL_OUTCOME_FAILED) pl_buf_str(&b, failure);
    if (outcome == PL_OUTCOME_UNAVAILABLE) pl_buf_c(&b, "unavailable");
    if (outcome == PL_OUTCOME_UNCONFIRMED) pl_buf_c(&b, "unconfirmed");
    bool nothing = l->list && (outcome != PL_OUTCOME_OK || v.list.n == 0); /* as without a stub */
    if (s->answered && !nothing) s->answered(s->answered_ctx, pl_buf_slice(&b));
    pl_buf_free(&b);
    s->pending--;
    l->done(l->ctx, outcome, value, failure);
}

static uint64_t live_call(struct sim_shop *s, struct sim_types *t, const struct pl_p_hook *hook,
                          const struct pl_engine_call *call, bool list) {
    struct live_call *l = PL_NEW(s->a, struct live_call);
    struct pl_engine_call asked = *call;
    struct pl_buf b = {0};
    print_call(&b, t, hook, call);
    *l = (struct live_call){s,    *t,         pl_arena_str(s->a, pl_buf_slice(&b)),
                            list, call->done, call->ctx};
    pl_buf_free(&b);
    asked.done = live_came;
    asked.ctx = l;
    s->pending++;
    return s->live->call(s->live->ctx, &asked);
}

static uint64_t shop_call(void *ctx, const struct pl_engine_call *call) {
    struct sim_shop *s = ctx;
    const struct pl_program *p = pl_image_program(call->image);
    const struct pl_p_hook *hook = &p->hooks[call->hook];
    struct sim_types t = {s->a, p, s->tools};
    struct sim_answer *x = NULL;
    bool list = call->nargs == 0 && pl_sim__is_list(p, call->hook);
    if (!list && is_first(s, call->key)) PL_PUSH(&s->calls, pl_arena_str(s->a, hook->name));
    bool asks = s->live && !s->rehearses && hook->effect != PL_CLASS_PURE &&
                !(s->reads_only && hook->effect == PL_CLASS_WRITE_ONCE);
    if (asks) return live_call(s, &t, hook, call, list);
    for (size_t i = s->stubs.n; i > 0 && !x; i--) /* the latest one counts */
        if (matches(&t, hook, s->stubs.v[i - 1], call))
            x = stubbed(&t, hook, s->stubs.v[i - 1], call);
    if (!x && hook->effect == PL_CLASS_PURE) x = run_pure(s->a, call, &s->broke);
    if (!x && !list) remember_missing(s, &t, hook, call);
    if (!x) x = absent(call);
    pl_loop_post(call->loop, &x->post);
    return 0;
}

static void shop_load(void *ctx, struct pl_image *image) {
    const struct sim_shop *s = ctx;
    if (s->live && s->live->load) s->live->load(s->live->ctx, image);
}

static void shop_drop(void *ctx, struct pl_image *image) {
    const struct sim_shop *s = ctx;
    if (s->live && s->live->drop) s->live->drop(s->live->ctx, image);
}

static void shop_cancel(void *ctx, uint64_t number) {
    const struct sim_shop *s = ctx;
    if (s->live && s->live->cancel) s->live->cancel(s->live->ctx, number);
}

struct pl_engine_hooks pl_sim__shop_hooks(struct sim_shop *s) {
    return (struct pl_engine_hooks){
        .ctx = s, .load = shop_load, .drop = shop_drop, .call = shop_call, .cancel = shop_cancel};
}

/* ---- no shop ---- */

/* Pure code is the project's own, and runs without one. */
static uint64_t no_shop(void *ctx, const struct pl_engine_call *call) {
    const struct pl_p_hook *hook = &pl_image_program(call->image)->hooks[call->hook];
    struct sim_answer *x = NULL;
    struct pl_str broke = {0};
    struct pl_arena a;
    (void)ctx;
    pl_arena_init(&a, 0);
    if (hook->effect == PL_CLASS_PURE) x = run_pure(&a, call, &broke);
    if (!x) x = absent(call);
    pl_loop_post(call->loop, &x->post);
    pl_arena_free(&a);
    return 0;
}

struct pl_engine_hooks pl_sim__no_shop(void) {
    return (struct pl_engine_hooks){.call = no_shop};
}

/* ---- adding ---- */

static bool check_failure(struct sim_shop *s, const struct pl_p_hook *h, struct pl_str name,
                          struct pl_str *why) {
    if (pl_str_is(name, "unavailable") && h->effect != PL_CLASS_PURE) return true;
    if (pl_str_is(name, "unconfirmed") && h->effect == PL_CLASS_WRITE_ONCE) return true;
    for (uint32_t i = 0; i < h->nfails; i++)
        if (pl_str_eq(h->fails[i], name)) return true;
    *why =
        pl_arena_printf(s->a, "%.*s has no failure %.*s%.*s", PL_STR_ARG(h->name), PL_STR_ARG(name),
                        PL_STR_ARG(pl_sim__near(s->a, name, h->fails, h->nfails)));
    return false;
}

bool pl_sim__shop_add(struct sim_shop *s, const struct pl_image *image,
                      const struct pl_talk_line *line, struct pl_str *why) {
    const struct pl_program *p = pl_image_program(image);
    const struct pl_p_hook *h = &p->hooks[pl_image_hook(image, line->name)];
    struct sim_types t = {s->a, p, s->tools};
    struct pl_value v;
    if (line->args.n != h->nparams) {
        *why = pl_arena_printf(s->a, "%.*s takes %u argument%s", PL_STR_ARG(h->name), h->nparams,
                               h->nparams == 1 ? "" : "s");
        return false;
    }
    for (uint32_t i = 0; i < h->nparams; i++) {
        if (pl_sim__value(&t, h->params[i].type, &line->args.v[i], &v, why)) continue;
        *why = pl_arena_printf(s->a, "argument %.*s: %.*s", PL_STR_ARG(h->params[i].name),
                               PL_STR_ARG(*why));
        return false;
    }
    if (line->stub == PL_TALK_STUB_FAILS && !check_failure(s, h, line->fails, why)) return false;
    if (line->stub == PL_TALK_STUB_VALUE && !pl_sim__value(&t, h->result, &line->value, &v, why))
        return false;
    PL_PUSH(&s->stubs, line);
    return true;
}

void pl_sim__shop_learn(struct sim_shop *s, const struct pl_image *image,
                        const struct pl_talk *talk) {
    struct pl_str why;
    for (size_t i = 0; i < talk->nlines; i++) {
        const struct pl_talk_line *l = &talk->lines[i];
        if (l->kind == PL_TALK_HOOK && l->stub != PL_TALK_STUB_LIKE &&
            pl_image_hook(image, l->name) != PL_NOWHERE)
            pl_sim__shop_add(s, image, l, &why);
    }
}

bool pl_sim__shop_knows(const struct sim_shop *s, const struct pl_engine_call *call) {
    const struct pl_program *p = pl_image_program(call->image);
    struct sim_types t = {s->a, p, s->tools};
    for (size_t i = 0; i < s->stubs.n; i++)
        if (matches(&t, &p->hooks[call->hook], s->stubs.v[i], call)) return true;
    return false;
}

uint32_t pl_sim__shop_count(const struct sim_shop *s, struct pl_str hook) {
    uint32_t n = 0;
    for (size_t i = 0; i < s->calls.n; i++) n += pl_str_eq(s->calls.v[i], hook);
    return n;
}

void pl_sim__shop_free(struct sim_shop *s) {
    PL_VEC_FREE(&s->stubs);
    PL_VEC_FREE(&s->calls);
    PL_VEC_FREE(&s->keys);
}
