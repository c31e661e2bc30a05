/* SPDX-License-Identifier: Apache-2.0
 *
 * Why the bot did what it did: what it understood of the customer's last turn, which rule held,
 * what it began, filled and called, and where it waits now. In the order in which it happened.
 */
#include <string.h>

#include "tools/sim/sim_priv.h"

#define INTENTS 3 /* the best ones are told of */

static void tell(sim_reasons *to, const char *what, struct pl_str text) {
    struct pl_sim_reason r = {pl_str_c(what), text};
    PL_PUSH(to, r);
}

static struct pl_str taken(struct sim_world *w, struct pl_buf *b) {
    struct pl_str s = pl_arena_str(&w->a, pl_buf_slice(b));
    pl_buf_free(b);
    return s;
}

static struct pl_str place(struct sim_world *w, const struct pl_image *image, uint32_t at) {
    struct pl_str file;
    uint32_t line;
    pl_image_line(image, at, &file, &line);
    return pl_arena_printf(&w->a, "%.*s:%u", PL_STR_ARG(file), line);
}

void pl_sim__why_turn(struct sim_world *w) {
    w->said.n = 0;
}

/* ---- while a step runs ---- */

void pl_sim__why_trace(struct sim_world *w, const struct pl_image *image, enum pl_vm_trace what,
                       uint32_t at) {
    static const char *const words[] = {
#define TRACE(name, word, meaning) word,
#include "runtime/vm/trace.def"
#undef TRACE
    };
    const struct pl_program *p = pl_image_program(image);
    if (!w->types || what == PL_TRACE_RUN) return;
    struct pl_str id = what == PL_TRACE_CHOSE ? p->options[at].id : p->waits[at].id;
    tell(&w->tracing, words[what], pl_arena_printf(&w->a, "@%.*s", PL_STR_ARG(id)));
}

/* ---- what was understood ---- */

static void intents(struct sim_world *w, const struct pl_program *p,
                    const struct pl_vm_reading *r) {
    struct pl_buf b = {0};
    for (uint32_t i = 0; i < r->nintents && i < INTENTS; i++)
        pl_buf_printf(&b, "%s%.*s %.2f", i ? ", then " : "intent ",
                      PL_STR_ARG(p->intents[r->intents[i].intent]),
                      (double)r->intents[i].confidence);
    if (r->ambiguous) pl_buf_c(&b, ": too near to tell apart");
    bool known = r->choice || r->yes_no || r->command != PL_NOWHERE;
    if (b.n == 0 && !known) pl_buf_c(&b, "no intent");
    struct pl_str s = taken(w, &b);
    if (s.n) tell(&w->said, "understood", s);
}

static void entities(struct sim_world *w, const struct pl_program *p,
                     const struct pl_vm_reading *r) {
    for (uint32_t i = 0; i < r->nentities; i++) {
        const struct pl_vm_entity *e = &r->entities[i];
        struct pl_buf b = {0};
        bool own = e->entity < p->nentities;
        pl_buf_str(&b, own ? p->entities[e->entity].name
                           : pl_str_c(pl_kind_word((enum pl_kind)e->kind)));
        pl_buf_byte(&b, ' ');
        pl_sim__print(w->types, &b, e->value);
        if (e->needs_after) pl_buf_c(&b, ", good for its own question only");
        tell(&w->said, "understood", taken(w, &b));
    }
}

/* Of a message in another language than it is answered in. */
static void language(struct sim_world *w, const struct pl_vm_event *e) {
    struct pl_str told = e->reading.language;
    if (told.n == 0 || e->locale.n == 0 || pl_str_eq(told, pl_locale_language(e->locale))) return;
    tell(&w->said, "understood",
         pl_arena_printf(&w->a, "language %.*s, answered in %.*s", PL_STR_ARG(told),
                         PL_STR_ARG(e->locale)));
}

static void reading(struct sim_world *w, const struct pl_program *p,
                    const struct pl_vm_reading *r) {
    intents(w, p, r);
    if (r->command < p->nintents)
        tell(&w->said, "understood",
             pl_arena_printf(&w->a, "command %.*s", PL_STR_ARG(p->intents[r->command])));
    if (r->yes_no) tell(&w->said, "understood", r->yes_no > 0 ? PL_STR("yes") : PL_STR("no"));
    if (r->change_word) tell(&w->said, "understood", PL_STR("a word of change"));
    if (r->choice) tell(&w->said, "understood", pl_arena_printf(&w->a, "choice %u", r->choice));
    entities(w, p, r);
}

/* The rule that held, and what rules look at most. */
static void rule(struct sim_world *w, const struct pl_program *p, const struct pl_vm_event *e,
                 const struct pl_vm_view *v) {
    tell(&w->said, "rule", pl_arena_str(&w->a, p->rules[e->rule].name));
    tell(&w->said, "facts",
         pl_arena_printf(&w->a,
                         "sentiment %.2f, uncertainty %.2f, repeats %u, failures %u, turns %u",
                         (double)e->reading.sentiment, (double)e->reading.uncertainty, v->repeats,
                         v->failures, v->turns));
}

static void event_came(struct sim_world *w, const struct pl_program *p, const struct pl_vm_event *e,
                       const struct pl_vm_view *view) {
    struct pl_buf b = {0};
    if (e->kind == PL_EVENT_MESSAGE) {
        language(w, e);
        reading(w, p, &e->reading);
    }
    if (e->kind == PL_EVENT_HAPPENED) {
        pl_buf_printf(&b, "%.*s ", PL_STR_ARG(e->name));
        pl_sim__print(w->types, &b, e->value);
        tell(&w->said, "event", taken(w, &b));
    }
    if (e->kind == PL_EVENT_IDENTITY)
        tell(&w->said, "customer", e->verified ? PL_STR("verified") : PL_STR("known"));
    if (e->kind == PL_EVENT_TIMER) tell(&w->said, "time", PL_STR("a moment that was awaited"));
    if (e->kind == PL_EVENT_HOOK || e->kind == PL_EVENT_OUTCOME) {
        if (e->failure.n)
            pl_buf_printf(&b, "failed: %.*s", PL_STR_ARG(e->failure));
        else
            pl_sim__print(w->types, &b, e->value);
        tell(&w->said, "outcome", taken(w, &b));
    }
    if (e->rule < p->nrules) rule(w, p, e, view);
    if (e->route.n) tell(&w->said, "priority", pl_arena_str(&w->a, e->route));
}

/* ---- what changed ---- */

static bool is_shared(struct pl_str name) {
    return pl_str_starts(name, PL_STR("session.")) || pl_str_starts(name, PL_STR("customer."));
}

/* Locals go with their flow: only those of the scopes can be told to be cleared. */
static void slots(struct sim_world *w, const struct pl_image *image, const struct pl_vm_result *r) {
    struct pl_value now = pl_vm_slots(w->vm, image, r->state, &w->a);
    for (uint32_t i = 0; now.kind == PL_KIND_RECORD && i < now.rec.n; i++) {
        const struct pl_field *f = &now.rec.f[i];
        struct pl_buf b = {0};
        if (pl_value_eq(pl_rec_get(w->slots, f->name), f->value)) continue;
        pl_buf_printf(&b, "%.*s = ", PL_STR_ARG(f->name));
        pl_sim__print(w->types, &b, f->value);
        tell(&w->said, "filled", taken(w, &b));
    }
    for (uint32_t i = 0; w->slots.kind == PL_KIND_RECORD && i < w->slots.rec.n; i++) {
        struct pl_str name = w->slots.rec.f[i].name;
        if (is_shared(name) && pl_rec_get(now, name).kind == PL_KIND_NONE)
            tell(&w->said, "cleared", name);
    }
    w->slots = pl_value_copy(&w->a, now);
}

static void called(struct sim_world *w, const struct pl_program *p, const struct pl_vm_effect *v) {
    struct pl_buf b = {0};
    pl_buf_printf(&b, "%.*s(", PL_STR_ARG(p->hooks[v->hook].name));
    for (uint32_t i = 0; i < v->nargs; i++) {
        bool secret = p->hooks[v->hook].params[i].type.quals & PL_SECRET;
        if (i) pl_buf_c(&b, ", ");
        if (secret)
            pl_buf_c(&b, "(secret)");
        else
            pl_sim__print(w->types, &b, v->args[i]);
    }
    pl_buf_c(&b, ")");
    tell(&w->said, "called", taken(w, &b));
}

static void effect(struct sim_world *w, const struct pl_image *image,
                   const struct pl_vm_effect *v) {
    const struct pl_program *p = pl_image_program(image);
    struct pl_str flow = v->flow < p->nflows ? p->flows[v->flow].name : PL_STR("?");
    switch ((enum pl_vm_effect_kind)v->kind) {
    case PL_EFFECT_STARTED:
        tell(&w->said, "began",
             pl_arena_printf(&w->a, "%.*s (%.*s)", PL_STR_ARG(flow),
                             PL_STR_ARG(place(w, image, p->flows[v->flow].entry))));
        break;
    case PL_EFFECT_ENDED:
        tell(&w->said, "ended",
             pl_arena_printf(&w->a, "%.*s, %.*s", PL_STR_ARG(flow), PL_STR_ARG(v->name)));
        break;
    case PL_EFFECT_HOOK: called(w, p, v); break;
    case PL_EFFECT_MODEL:
        tell(&w->said, v->no_model ? "asked the articles" : "asked the model",
             pl_arena_str(&w->a, p->models[v->model].id));
        break;
    case PL_EFFECT_GOAL: tell(&w->said, "goal", pl_arena_str(&w->a, v->name)); break;
    case PL_EFFECT_HANDOFF:
        tell(&w->said, "handed over",
             v->queue < p->nqueues ? p->queues[v->queue].name : PL_STR("to anyone"));
        break;
    case PL_EFFECT_ERROR:
        tell(&w->said, "mistake",
             pl_arena_printf(&w->a, "at %.*s", PL_STR_ARG(place(w, image, v->at))));
        break;
    default: break;
    }
}

/* ---- where it stands ---- */

static struct pl_str standing(struct sim_world *w, const struct pl_image *image,
                              const struct pl_vm_view *v) {
    const struct pl_program *p = pl_image_program(image);
    struct pl_str flow = v->flow < p->nflows ? p->flows[v->flow].name : PL_STR("?");
    switch (v->mode) {
    case PL_VM_ASKING:
        return pl_arena_printf(&w->a, "for an answer to @%.*s (%.*s, flow %.*s)",
                               PL_STR_ARG(p->waits[v->wait].id),
                               PL_STR_ARG(place(w, image, p->waits[v->wait].at)),
                               PL_STR_ARG(p->flows[p->waits[v->wait].flow].name));
    case PL_VM_BUSY: return PL_STR("for the outcome of a hook or a model");
    case PL_VM_NAMING: return PL_STR("for which options were named before");
    case PL_VM_SLEEPING:
        return pl_arena_printf(&w->a, "for a time or an event, in the flow %.*s", PL_STR_ARG(flow));
    case PL_VM_WITH_AGENT: return PL_STR("for a person: the conversation was handed over");
    case PL_VM_CLOSED: return PL_STR("for nothing: the conversation is over");
    case PL_VM_IDLE: break;
    }
    return PL_STR("for a message: no flow is under way");
}

void pl_sim__why_step(struct sim_world *w, const struct pl_image *image,
                      const struct pl_vm_event *event, const struct pl_vm_result *r) {
    if (!w->types) return;
    event_came(w, pl_image_program(image), event, &r->view);
    for (size_t i = 0; i < w->tracing.n; i++) PL_PUSH(&w->said, w->tracing.v[i]);
    w->tracing.n = 0;
    uint32_t i = 0;
    for (; i < r->neffects && r->effects[i].kind == PL_EFFECT_STARTED; i++)
        effect(w, image, &r->effects[i]);
    slots(w, image, r); /* what a message fills is filled when its flow has begun */
    for (; i < r->neffects; i++) effect(w, image, &r->effects[i]);
    w->now = standing(w, image, &r->view);
}
