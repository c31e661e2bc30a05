/* SPDX-License-Identifier: Apache-2.0
 *
 * The verifier: once, at load. Indices first, then code: every word is decoded in order, so that
 * "an instruction starts here" is known; then each entry point is followed with the depth of the
 * value stack and of the text stack, which must agree where paths meet.
 */
#include "runtime/program/program_priv.h"

#include <stdarg.h>
#include <string.h>

#define STACK_MOST 64
#define TEXTS_MOST 16
#define UNSEEN     0xff
#define TAIL       0xfe /* a following word of an instruction */

const struct pl_op_row pl_program__ops[PL_OPS] = {
#define OP(name, operand, pops, pushes, meaning) {#name, OPERAND_##operand, pops, pushes},
#include "runtime/program/opcode.def"
#undef OP
};

struct check {
    const struct pl_program *p;
    char *why;
    uint8_t *stack; /* depth before each word, UNSEEN or TAIL */
    uint8_t *texts;
    uint32_t *todo; /* addresses to follow */
    uint32_t ntodo;
    uint32_t nslots; /* locals of the flow whose code is followed */
    uint32_t from, to;
    bool block;    /* a block: must end with DONE, no control */
    uint8_t *runs; /* by address: a flow's own code, where a frame may stand */
};

static bool refuse(struct check *c, const char *format, ...) PL_PRINTF(2, 3);
static bool refuse(struct check *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(c->why, 256, format, args);
    va_end(args);
    return false;
}

uint32_t pl_op_extra(uint32_t w) {
    switch (PL_WORD_OP(w)) {
    case PL_OP_ITER_NEXT: return 1;
    case PL_OP_PICK: return PL_WORD_ARG(w);
    case PL_OP_EXPERIMENT: return 3 * PL_WORD_ARG(w);
    default: return 0;
    }
}

/* ---- indices of tables ---- */

static bool below(struct check *c, uint32_t index, uint32_t n, bool may_be_none, const char *what) {
    if (index < n || (may_be_none && index == PL_NOWHERE)) return true;
    return refuse(c, "%s: number %u of %u", what, index, n);
}

static bool type_ok(struct check *c, struct pl_type t) {
    const struct pl_types *types = &c->p->types;
    if (t.kind > PL_KIND_ANY) return refuse(c, "a type of unknown kind %u", t.kind);
    if (t.kind == PL_KIND_LIST) return below(c, t.def, types->ntypes, false, "a list's item type");
    if (t.kind == PL_KIND_ENUM || t.kind == PL_KIND_RECORD || t.kind == PL_KIND_ENTITY)
        return below(c, t.def, types->ndefs, false, "a type's definition");
    return true;
}

static bool slot_ok(struct check *c, uint32_t ref, uint32_t nlocals, const char *what) {
    const uint32_t most[] = {nlocals, c->p->nsession, c->p->ncustomer, 0};
    if (PL_SLOT_INDEX(ref) < most[PL_SLOT_SCOPE(ref)]) return true;
    return refuse(c, "%s: no such slot (%u)", what, ref);
}

static bool is_start(const struct check *c, uint32_t at) {
    return at < c->p->ncode && c->stack[at] != TAIL;
}

static bool address(struct check *c, uint32_t at, bool may_be_none, const char *what) {
    if ((may_be_none && at == PL_NOWHERE) || is_start(c, at)) return true;
    return refuse(c, "%s: address %u is no instruction", what, at);
}

static bool types_ok(struct check *c) {
    for (uint32_t i = 0; i < c->p->types.ntypes; i++)
        if (!type_ok(c, c->p->types.types[i])) return false;
    for (uint32_t i = 0; i < c->p->types.ndefs; i++) {
        const struct pl_typedef *d = &c->p->types.defs[i];
        for (uint32_t k = 0; k < d->nfields; k++)
            if ((d->kind == PL_KIND_RECORD && !type_ok(c, d->fields[k].type)) ||
                !below(c, d->fields[k].title - 1, c->p->ntexts, true, "a field's title"))
                return false;
    }
    return true;
}

static bool texts_ok(struct check *c) {
    for (uint32_t i = 0; i < c->p->ntexts; i++) {
        const struct pl_p_text *t = &c->p->texts[i];
        if (t->nargs > STACK_MOST) return refuse(c, "text %u has %u arguments", i, t->nargs);
        for (uint32_t l = 0; l < c->p->nlocales; l++)
            if (!pl_msg_check(t->code[l], t->nargs))
                return refuse(c, "text %.*s: its message code is not well formed",
                              PL_STR_ARG(t->id));
    }
    return true;
}

static bool scope_ok(struct check *c, const struct pl_p_slot *slots, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (!type_ok(c, slots[i].type) ||
            !below(c, slots[i].title, c->p->ntexts, true, "a slot's title"))
            return false;
    return true;
}

/* Code that waits belongs to one flow only: its frame is told by the wait's row. */
static bool has_wait(const struct pl_program *p, const struct pl_p_flow *f) {
    for (uint32_t i = 0; i < p->nwaits; i++)
        if (p->waits[i].at >= f->entry && p->waits[i].at < f->end) return true;
    for (uint32_t i = 0; i < p->nmodels; i++)
        if (p->models[i].at >= f->entry && p->models[i].at < f->end) return true;
    return false;
}

static bool flows_ok(struct check *c) {
    const struct pl_program *p = c->p;
    for (uint32_t i = 0; i < p->nflows; i++) {
        const struct pl_p_flow *f = &p->flows[i];
        if (f->nparams > f->nslots) return refuse(c, "flow %u: more parameters than slots", i);
        if (!scope_ok(c, f->slots, f->nslots) || !type_ok(c, f->result) ||
            !below(c, f->title, p->ntexts, true, "a flow's title") ||
            !below(c, f->resume, p->ntexts, true, "a flow's resume line") ||
            !address(c, f->entry, false, "a flow's entry"))
            return false;
        if (f->entry >= f->end || f->end > p->ncode) return refuse(c, "flow %u: no code", i);
        for (uint32_t k = 0; k < i; k++)
            if (f->entry < p->flows[k].end && p->flows[k].entry < f->end && has_wait(p, f))
                return refuse(c, "flow %u: shares code that waits with flow %u", i, k);
        if (f->interrupt > PL_INTERRUPT_NEVER || f->on_change > PL_CHANGE_MOVE)
            return refuse(c, "flow %u: unknown policy", i);
    }
    return true;
}

static const struct {
    const char *name;
    uint32_t params;
    bool required;
} prelude[] = {
#define PRELUDE(name, flow, params, required) {flow, params, required},
#include "runtime/program/prelude.def"
#undef PRELUDE
};

static bool prelude_ok(struct check *c) {
    for (int i = 0; i < PL_PRELUDES; i++) {
        uint32_t flow = c->p->prelude[i];
        if (!below(c, flow, c->p->nflows, !prelude[i].required, prelude[i].name)) return false;
        if (flow != PL_NOWHERE && c->p->flows[flow].nparams != prelude[i].params)
            return refuse(c, "%s takes %u parameters", prelude[i].name, prelude[i].params);
    }
    for (uint32_t i = 0; i < c->p->nflows; i++)
        if (c->p->flows[i].verified && c->p->prelude[PL_PRELUDE_VERIFY_IDENTITY] == PL_NOWHERE)
            return refuse(c, "flow %u: nobody verifies who the customer is", i);
    return below(c, c->p->start, c->p->nflows, true, "the start flow");
}

static bool triggers_ok(struct check *c) {
    const struct pl_program *p = c->p;
    for (uint32_t i = 0; i < p->ntriggers; i++) {
        const struct pl_p_trigger *t = &p->triggers[i];
        uint32_t most = t->kind == PL_ON_INTENT  ? p->nintents
                        : t->kind == PL_ON_SAYS  ? p->nmentions
                        : t->kind == PL_ON_EVENT ? p->nevents
                                                 : PL_NOWHERE;
        if (t->kind > PL_ON_EVENT) return refuse(c, "trigger %u: unknown kind", i);
        if (!below(c, t->arg, most, t->kind != PL_ON_EVENT, "a trigger") ||
            !below(c, t->flow, p->nflows, false, "a trigger's flow"))
            return false;
    }
    return true;
}

/* A corrected answer goes back to `at`: it must be the very word that waits here. */
static bool wait_word_ok(struct check *c, const struct pl_p_wait *w) {
    static const uint8_t ops[] = {PL_OP_ASK, PL_OP_CONFIRM, PL_OP_CHOOSE, PL_OP_SLEEP, PL_OP_AWAIT};
    const struct pl_p_flow *f = &c->p->flows[w->flow];
    uint32_t word = PL_WORD(ops[w->kind], (uint32_t)(w - c->p->waits));
    if (w->at >= f->entry && w->at < f->end && c->p->code[w->at] == word) return true;
    return refuse(c, "a wait's address %u is not where it waits", w->at);
}

static bool binds_ok(struct check *c, const struct pl_p_wait *w, uint32_t nslots) {
    const struct pl_program *p = c->p;
    if (w->kind != PL_WAIT_AWAIT) return true;
    if (!below(c, w->event, p->nevents, false, "a wait's event")) return false;
    for (uint32_t i = 0; i < w->nbinds; i++)
        if (!below(c, w->binds[i].param, p->events[w->event].nparams, false,
                   "an event's argument") ||
            !slot_ok(c, w->binds[i].slot, nslots, "a wait for an event"))
            return false;
    return true;
}

static bool wait_ok(struct check *c, const struct pl_p_wait *w) {
    const struct pl_program *p = c->p;
    if (w->kind > PL_WAIT_AWAIT) return refuse(c, "a wait of unknown kind");
    if (!below(c, w->flow, p->nflows, false, "a wait's flow")) return false;
    uint32_t n = p->flows[w->flow].nslots;
    bool ask = w->kind == PL_WAIT_ASK, sleep = w->kind == PL_WAIT_SLEEP;
    if (!address(c, w->at, false, "a wait") || !address(c, w->next, false, "a wait's next") ||
        !address(c, w->els, sleep, "a wait's else") ||
        !address(c, w->no, w->kind != PL_WAIT_CONFIRM, "a confirm's no") ||
        !address(c, w->otherwise, true, "a wait's otherwise") || !wait_word_ok(c, w))
        return false;
    if (ask && (!slot_ok(c, w->slot, n, "an ask") || !type_ok(c, w->type))) return false;
    if (!below(c, w->entity, p->nentities, true, "an ask's entity")) return false;
    for (uint32_t i = 0; i < w->shown; i++)
        if (!slot_ok(c, w->shows[i], n, "a confirm")) return false;
    if (!sleep && w->kind != PL_WAIT_AWAIT && w->tries == 0)
        return refuse(c, "a wait without tries");
    return binds_ok(c, w, n);
}

static bool options_ok(struct check *c) {
    const struct pl_program *p = c->p;
    for (uint32_t i = 0; i < p->noptions; i++) {
        const struct pl_p_option *o = &p->options[i];
        if (o->kind > PL_OPT_VALUE) return refuse(c, "option %u: unknown kind", i);
        if (!below(c, o->wait, p->nwaits, false, "an option's wait") ||
            !below(c, o->flow, p->nflows, true, "an option's flow") ||
            !below(c, o->says, p->nmentions, true, "an option's phrases") ||
            !address(c, o->code, o->kind != PL_OPT_BLOCK, "an option's block"))
            return false;
        uint32_t n = p->flows[p->waits[o->wait].flow].nslots;
        if (o->item != PL_NOWHERE && !slot_ok(c, o->item, n, "an option's item")) return false;
    }
    for (uint32_t i = 0; i < p->ntargets; i++)
        if (!below(c, p->targets[i].flow, p->nflows, p->targets[i].open, "a button's flow") ||
            p->targets[i].nargs > STACK_MOST)
            return refuse(c, "button %u: its target", i);
    return true;
}

/* What finds an entity in a text has the one signature that the runtime reads. */
static bool finder_ok(struct check *c, uint32_t hook) {
    static const uint8_t fields[] = {PL_KIND_NUMBER, PL_KIND_NUMBER, PL_KIND_TEXT};
    const struct pl_types *types = &c->p->types;
    if (hook == PL_NOWHERE) return true;
    if (!below(c, hook, c->p->nhooks, false, "what finds an entity")) return false;
    const struct pl_p_hook *h = &c->p->hooks[hook];
    bool good = h->effect == PL_CLASS_PURE && h->nparams == 3 && h->result.kind == PL_KIND_LIST;
    for (uint32_t i = 0; good && i < h->nparams; i++) good = h->params[i].type.kind == PL_KIND_TEXT;
    struct pl_type item = good ? types->types[h->result.def] : (struct pl_type){0};
    good = good && item.kind == PL_KIND_RECORD && types->defs[item.def].nfields == 3;
    for (uint32_t i = 0; good && i < 3; i++)
        good = types->defs[item.def].fields[i].type.kind == fields[i] &&
               !types->defs[item.def].fields[i].type.optional;
    return good || refuse(c, "hook %u finds an entity: its signature", hook);
}

static bool hooks_ok(struct check *c) {
    const struct pl_program *p = c->p;
    for (uint32_t i = 0; i < p->nhooks; i++) {
        if (p->hooks[i].effect > PL_CLASS_WRITE_ONCE || !type_ok(c, p->hooks[i].result))
            return refuse(c, "hook %u: unknown effect or type", i);
        if (!below(c, p->hooks[i].title - 1, p->ntexts, true, "a hook's title")) return false;
        for (uint32_t k = 0; k < p->hooks[i].nparams; k++)
            if (!type_ok(c, p->hooks[i].params[k].type)) return false;
    }
    for (uint32_t i = 0; i < p->nevents; i++)
        for (uint32_t k = 0; k < p->events[i].nparams; k++)
            if (!type_ok(c, p->events[i].params[k].type)) return false;
    for (uint32_t i = 0; i < p->nentities; i++) {
        const struct pl_p_entity *e = &p->entities[i];
        if (!below(c, e->def, p->types.ndefs, false, "an entity's type") ||
            !below(c, e->title, p->ntexts, true, "an entity's title") ||
            !below(c, e->hook, p->nhooks, true, "an entity's hook") || !finder_ok(c, e->lua))
            return false;
    }
    return true;
}

static bool handoff_ok(struct check *c, const struct pl_p_handoff *h, bool rule) {
    if (h->mode > PL_HANDOFF_MESSAGE || (!rule && h->mode == PL_HANDOFF_OFFER))
        return refuse(c, "a hand-over of unknown mode");
    if (rule && h->because != PL_NOWHERE && h->because < c->p->ntexts &&
        c->p->texts[h->because].nargs)
        return refuse(c, "a rule's reason takes no values");
    if (rule && h->closed != PL_NOWHERE)
        return refuse(c, "a rule's hand-over has no block of its own");
    return below(c, h->queue, c->p->nqueues, true, "a hand-over's queue") &&
           below(c, h->because, c->p->ntexts, true, "a hand-over's reason") &&
           address(c, h->closed, true, "a hand-over's closed block");
}

static bool people_ok(struct check *c) {
    const struct pl_program *p = c->p;
    for (uint32_t i = 0; i < p->nhandoffs; i++)
        if (!handoff_ok(c, &p->handoffs[i], false)) return false;
    for (uint32_t i = 0; i < p->nrules; i++)
        if (!handoff_ok(c, &p->rules[i].handoff, true)) return false;
    for (uint32_t i = 0; i < p->nqueues; i++)
        if (!below(c, p->queues[i].title, p->ntexts, true, "a queue's title") ||
            !below(c, p->queues[i].hours, p->nhours, true, "a queue's hours"))
            return false;
    for (uint32_t i = 0; i < p->nhours; i++)
        for (uint32_t k = 0; k < p->hours[i].nopen; k++)
            if (p->hours[i].open[k].weekday > 6 || p->hours[i].open[k].to > 1440 ||
                p->hours[i].open[k].from > p->hours[i].open[k].to)
                return refuse(c, "hours %u: no such time", i);
    for (uint32_t i = 0; i < p->nbacks; i++)
        if (!address(c, p->backs[i].to, false, "back") ||
            !address(c, p->backs[i].els, false, "back's else"))
            return false;
    for (uint32_t i = 0; i < p->nlines; i++)
        if (!below(c, p->lines[i].file, p->nconsts, false, "a line's file") ||
            p->consts[p->lines[i].file].kind != PL_KIND_TEXT)
            return refuse(c, "a line's file is no text");
    return true;
}

static bool tools_ok(struct check *c, const struct pl_p_model *m) {
    for (uint32_t i = 0; i < m->ntools; i++)
        if (!below(c, m->tools[i], c->p->nhooks, false, "a model's tool")) return false;
    return true;
}

static bool same_type(struct pl_type a, struct pl_type b) {
    return a.kind == b.kind && a.def == b.def && a.optional == b.optional;
}

/* The code of an action asks before it calls: that is the compiler's matter. What is verified is
 * that its values have the types of the hook's parameters. */
static bool action_ok(struct check *c, const struct pl_p_model *m, const struct pl_p_action *a) {
    const struct pl_program *p = c->p;
    const struct pl_p_flow *f = &p->flows[m->flow];
    if (!below(c, a->hook, p->nhooks, false, "an action") ||
        !below(c, a->call, p->ncalls, false, "an action's call") ||
        !address(c, a->code, false, "an action's code"))
        return false;
    const struct pl_p_hook *h = &p->hooks[a->hook];
    if (h->effect != PL_CLASS_WRITE_ONCE || p->calls[a->call].callee != a->hook)
        return refuse(c, "an action that does not write, or calls another hook");
    if (a->nslots != h->nparams) return refuse(c, "an action of %u values", a->nslots);
    for (uint32_t i = 0; i < a->nslots; i++) {
        uint32_t k = PL_SLOT_INDEX(a->slots[i]);
        if (PL_SLOT_SCOPE(a->slots[i]) != PL_SCOPE_LOCAL || k >= f->nslots ||
            !same_type(f->slots[k].type, h->params[i].type))
            return refuse(c, "an action's value %u has no slot of its type", i);
    }
    return true;
}

static bool prompts_ok(struct check *c) {
    for (uint32_t i = 0; i < c->p->nprompts; i++) {
        const struct pl_p_prompt *r = &c->p->prompts[i];
        struct pl_str rest = r->text, s;
        enum pl_prompt_piece kind;
        if (r->kind > PL_MODEL_DECIDE || r->version == 0 || r->name.n == 0)
            return refuse(c, "prompt %u: no kind, name or version", i);
        if (r->text.n > PL_PROMPT_MOST || !pl_utf8_valid(r->text) || !pl_utf8_valid(r->name))
            return refuse(c, "prompt %u: no text that can be sent", i);
        while (pl_prompt_next(&rest, &kind, &s))
            if (kind == PL_PROMPT_UNKNOWN) return refuse(c, "prompt %u: a placeholder unknown", i);
    }
    return true;
}

static bool actions_ok(struct check *c, const struct pl_p_model *m) {
    const struct pl_program *p = c->p;
    for (uint32_t i = 0; i < m->nactions; i++)
        if (!action_ok(c, m, &m->actions[i])) return false;
    if (m->nactions == 0) return true;
    const struct pl_p_flow *f = &p->flows[m->flow];
    if (m->again < f->entry || m->again >= f->end || !address(c, m->again, false, "a second ask") ||
        p->code[m->again] != PL_WORD(PL_OP_MODEL_AGAIN, (uint32_t)(m - p->models)))
        return refuse(c, "a model is not asked again at %u", m->again);
    return true;
}

static bool model_ok(struct check *c, const struct pl_p_model *m) {
    const struct pl_program *p = c->p;
    bool decides = m->kind == PL_MODEL_DECIDE;
    if (m->kind > PL_MODEL_DECIDE) return refuse(c, "a model's turn of unknown kind");
    if (!below(c, m->flow, p->nflows, false, "a model's flow") ||
        !below(c, m->about, p->ntexts, !decides, "what a model decides") || !tools_ok(c, m) ||
        !type_ok(c, m->type))
        return false;
    const struct pl_p_flow *f = &p->flows[m->flow];
    if (m->at < f->entry || m->at >= f->end || !address(c, m->at, false, "a model's turn") ||
        p->code[m->at] != PL_WORD(PL_OP_MODEL, (uint32_t)(m - p->models)))
        return refuse(c, "a model's address %u is not where it is asked", m->at);
    for (uint32_t i = 0; i < m->ngiven; i++)
        if (!type_ok(c, m->given[i].type)) return false;
    if (m->ngiven > STACK_MOST) return refuse(c, "a model is given %u values", m->ngiven);
    if (m->within_ms == 0 || m->calls == 0) return refuse(c, "a model's turn without a bound");
    if (decides && !slot_ok(c, m->slot, f->nslots, "a decision")) return false;
    if (!below(c, m->prompt, p->nprompts, true, "a model's prompt")) return false;
    if (m->prompt != PL_NOWHERE && p->prompts[m->prompt].kind != m->kind)
        return refuse(c, "a model's prompt is for something else");
    if (decides && m->nactions) return refuse(c, "a decision acts");
    if (!actions_ok(c, m)) return false;
    return address(c, m->next, false, "a model's next") &&
           address(c, m->unsure, false, "a model's unsure") &&
           address(c, m->down, false, "a model's down");
}

static bool points_ok(struct check *c) {
    const struct pl_program *p = c->p;
    for (uint32_t i = 0; i < p->npoints; i++) {
        const struct pl_p_point *t = &p->points[i];
        bool option = t->kind == PL_POINT_OPTION;
        if (t->kind > PL_POINT_OPTION) return refuse(c, "point %u: no such kind", i);
        if (!below(c, t->file, p->nconsts, false, "a point's file") ||
            p->consts[t->file].kind != PL_KIND_TEXT)
            return refuse(c, "a point's file is no text");
        if (!below(c, t->from, p->ncode, true, "what is before a point") ||
            !below(c, t->to, option ? p->noptions : p->ncode, false, "what is at a point"))
            return false;
    }
    return true;
}

/* ---- code ---- */

static bool is_control(enum pl_op op) {
    return (op >= PL_OP_ASK && op <= PL_OP_HANDOFF) || op == PL_OP_TRACK || op == PL_OP_CHANGE ||
           op == PL_OP_CHANGED || op == PL_OP_AWAIT || op == PL_OP_MODEL || op == PL_OP_MODEL_AGAIN;
}

static bool leaves(enum pl_op op, const struct pl_program *p, uint32_t arg) {
    switch (op) {
    case PL_OP_DONE:
    case PL_OP_JUMP:
    case PL_OP_GOTO_FLOW:
    case PL_OP_RETURN:
    case PL_OP_END:
    case PL_OP_BACK:
    case PL_OP_PASS:
    case PL_OP_CHANGED:
    case PL_OP_PICK:
    case PL_OP_EXPERIMENT: return true;
    case PL_OP_HANDOFF: return p->handoffs[arg].mode == PL_HANDOFF_NOW;
    default: return false;
    }
}

static bool operand_ok(struct check *c, uint32_t at, uint32_t w) {
    const struct pl_program *p = c->p;
    uint32_t arg = PL_WORD_ARG(w);
    enum pl_op op = (enum pl_op)PL_WORD_OP(w);
    switch ((enum pl_operand)pl_program__ops[op].operand) {
    case OPERAND_NONE: return true;
    case OPERAND_CONST: return below(c, arg, p->nconsts, false, "a constant");
    case OPERAND_NAME:
        return below(c, arg, p->nconsts, false, "a name") &&
               (p->consts[arg].kind == PL_KIND_TEXT || refuse(c, "a name at %u is no text", at));
    case OPERAND_SLOT: return slot_ok(c, arg, c->nslots, "code");
    case OPERAND_FACT: return below(c, arg, PL_FACTS, false, "a fact");
    case OPERAND_ADDR: return address(c, arg, false, "a jump");
    case OPERAND_COUNT: return arg <= UINT16_MAX || refuse(c, "a count at %u", at);
    case OPERAND_TEXT: return below(c, arg, p->ntexts, false, "a text");
    case OPERAND_WAIT: return below(c, arg, p->nwaits, false, "a wait");
    case OPERAND_CALL: return below(c, arg, p->ncalls, false, "a call");
    case OPERAND_FLOW: return below(c, arg, p->nflows, false, "a flow");
    case OPERAND_BACK: return below(c, arg, p->nbacks, false, "a back");
    case OPERAND_HANDOFF: return below(c, arg, p->nhandoffs, false, "a hand-over");
    case OPERAND_REGEX: return below(c, arg, p->nregexes, false, "a regular expression");
    case OPERAND_MENTION: return below(c, arg, p->nmentions, false, "mentions");
    case OPERAND_HOURS: return below(c, arg, p->nhours, false, "hours");
    case OPERAND_QUEUE: return below(c, arg, p->nqueues, false, "a queue");
    case OPERAND_FUNC: return below(c, arg, PL_FUNCS, false, "a function");
    case OPERAND_OPTION: return below(c, arg, p->noptions, false, "an option");
    case OPERAND_TARGET: return below(c, arg, p->ntargets, false, "a button");
    case OPERAND_BRANCH: return arg > 0 || refuse(c, "a branch without ways at %u", at);
    case OPERAND_MODEL: return below(c, arg, p->nmodels, false, "a model's turn");
    }
    return refuse(c, "an unknown operand");
}

static bool callee_ok(struct check *c, enum pl_op op, const struct pl_p_call *k) {
    const struct pl_program *p = c->p;
    bool flow = op == PL_OP_CALL_FLOW || op == PL_OP_CALL_VALUE || op == PL_OP_GOTO_FLOW;
    if (op == PL_OP_TRACK) return true;
    if (!below(c, k->callee, flow ? p->nflows : p->nhooks, false, "a call")) return false;
    if (k->result != PL_NOWHERE && !slot_ok(c, k->result, c->nslots, "a call's result"))
        return false;
    if (op == PL_OP_CALL_HOOK && !address(c, k->next, false, "a call's next")) return false;
    for (uint32_t i = 0; i < k->nfailures; i++)
        if (!address(c, k->failures[i].code, false, "a failure's branch")) return false;
    for (uint32_t i = 0; i < k->nslots; i++)
        if (!slot_ok(c, k->slots[i], c->nslots, "a call's arguments")) return false;
    return true;
}

/* What is asked for anew is asked in this flow. */
static bool change_ok(struct check *c, const struct pl_p_back *b) {
    const struct pl_program *p = c->p;
    if (b->nwaits == 0 || p->prelude[PL_PRELUDE_CHANGE_WHICH] == PL_NOWHERE)
        return refuse(c, "nothing to change, or nobody to ask what");
    for (uint32_t i = 0; i < b->nwaits; i++) {
        if (!below(c, b->waits[i], p->nwaits, false, "a change")) return false;
        const struct pl_p_wait *w = &p->waits[b->waits[i]];
        if (w->kind != PL_WAIT_ASK || w->at < c->from || w->at >= c->to)
            return refuse(c, "a change of what is not asked for here");
    }
    return true;
}

/* How many values the word takes, by its row or by its operand's. */
static uint32_t pops(const struct check *c, enum pl_op op, uint32_t arg) {
    const struct pl_program *p = c->p;
    if (pl_program__ops[op].pops >= 0) return (uint32_t)pl_program__ops[op].pops;
    switch (op) {
    case PL_OP_LIST: return arg;
    case PL_OP_RETURN: return arg ? 1 : 0;
    case PL_OP_TEXT: return p->texts[arg].nargs;
    case PL_OP_OPTION: return p->options[arg].kind == PL_OPT_OPEN;
    case PL_OP_PART_BUTTON: return p->targets[arg].open ? 1 : p->targets[arg].nargs;
    case PL_OP_HANDOFF:
        return p->handoffs[arg].because == PL_NOWHERE ? 0
                                                      : p->texts[p->handoffs[arg].because].nargs;
    case PL_OP_MODEL:
    case PL_OP_MODEL_AGAIN:
        return p->models[arg].ngiven +
               (p->models[arg].about == PL_NOWHERE ? 0 : p->texts[p->models[arg].about].nargs);
    default: return p->calls[arg].nargs;
    }
}

static int text_change(enum pl_op op, uint32_t arg) {
    switch (op) {
    case PL_OP_TEXT: return 1;
    case PL_OP_PART_FACT: return -2;
    case PL_OP_PART_IMAGE: return arg ? -1 : 0;
    case PL_OP_SAY:
    case PL_OP_PART_LINK:
    case PL_OP_PART_BUTTON:
    case PL_OP_STEP:
    case PL_OP_CARD_TITLE:
    case PL_OP_CARD_TEXT:
    case PL_OP_OPTION:
    case PL_OP_NOTE: return -1;
    default: return 0;
    }
}

static bool reach(struct check *c, uint32_t at, uint32_t depth, uint32_t texts) {
    if (!address(c, at, false, "code")) return false;
    if (at < c->from || at >= c->to) return refuse(c, "code at %u leaves its flow", at);
    if (c->stack[at] == UNSEEN) {
        c->runs[at] = !c->block;
        c->stack[at] = (uint8_t)depth;
        c->texts[at] = (uint8_t)texts;
        c->todo[c->ntodo++] = at;
        return true;
    }
    if (c->runs[at] == c->block)
        return refuse(c, "code at %u belongs to a block and to a flow", at);
    if (c->stack[at] == depth && c->texts[at] == texts) return true;
    return refuse(c, "code at %u is reached with two stack depths", at);
}

static bool variant_ok(struct check *c, uint32_t name) {
    return below(c, name, c->p->nconsts, false, "a variant's name") &&
           (c->p->consts[name].kind == PL_KIND_TEXT || refuse(c, "a variant's name is no text"));
}

static bool branches(struct check *c, uint32_t at, uint32_t w, uint32_t depth, uint32_t texts) {
    enum pl_op op = (enum pl_op)PL_WORD_OP(w);
    uint32_t arg = PL_WORD_ARG(w);
    switch (op) {
    case PL_OP_JUMP:
    case PL_OP_JUMP_FALSE:
    case PL_OP_JUMP_TRUE: return reach(c, arg, depth, texts);
    case PL_OP_AND:
    case PL_OP_OR: return reach(c, arg, depth, texts); /* kept there, popped on the way on */
    case PL_OP_ITER_NEXT: return reach(c, c->p->code[at + 1], depth, texts);
    case PL_OP_PICK:
        for (uint32_t i = 0; i < arg; i++)
            if (!reach(c, c->p->code[at + 1 + i], depth, texts)) return false;
        return true;
    case PL_OP_EXPERIMENT:
        for (uint32_t i = 0; i < arg; i++)
            if (!variant_ok(c, c->p->code[at + 3 + 3 * i]) ||
                !reach(c, c->p->code[at + 1 + 3 * i], depth, texts))
                return false;
        return true;
    default: return true;
    }
}

static bool follow_word(struct check *c, uint32_t at) {
    uint32_t w = c->p->code[at], arg = PL_WORD_ARG(w), depth = c->stack[at], texts = c->texts[at];
    enum pl_op op = (enum pl_op)PL_WORD_OP(w);
    if (c->block && is_control(op))
        return refuse(c, "%s at %u: not allowed in a block", pl_program__ops[op].name, at);
    if (!c->block && op == PL_OP_DONE) return refuse(c, "a flow runs into DONE at %u", at);
    if (!operand_ok(c, at, w)) return false;
    if (pl_program__ops[op].operand == OPERAND_WAIT && c->p->waits[arg].at != at)
        return refuse(c, "%s at %u is another's wait", pl_program__ops[op].name, at);
    if (op == PL_OP_MODEL && c->p->models[arg].at != at)
        return refuse(c, "MODEL at %u is another's turn", at);
    if (op == PL_OP_MODEL_AGAIN && c->p->models[arg].again != at)
        return refuse(c, "MODEL_AGAIN at %u is another's turn", at);
    if (op == PL_OP_SPEAK && c->p->flows[arg].nparams)
        return refuse(c, "SPEAK at %u: the flow takes values", at);
    if (pl_program__ops[op].operand == OPERAND_CALL && !callee_ok(c, op, &c->p->calls[arg]))
        return false;
    if ((op == PL_OP_CHANGE || op == PL_OP_CHANGED) && !change_ok(c, &c->p->backs[arg]))
        return false;
    if (op == PL_OP_SAY_FOR && c->p->prelude[PL_PRELUDE_ASK_FOR] == PL_NOWHERE)
        return refuse(c, "nobody says the question at %u", at);
    if (op == PL_OP_HANDOFF && c->p->handoffs[arg].queue_slot != PL_NOWHERE &&
        !slot_ok(c, c->p->handoffs[arg].queue_slot, c->nslots, "a hand-over's queue"))
        return false;
    uint32_t takes = pops(c, op, arg);
    if (takes > depth) return refuse(c, "%s at %u: too few values", pl_program__ops[op].name, at);
    depth -= takes;
    depth += (uint8_t)pl_program__ops[op].pushes;
    int t = (int)texts + text_change(op, arg);
    if (depth > STACK_MOST || t < 0 || t > TEXTS_MOST)
        return refuse(c, "%s at %u: the stack is too deep or empty", pl_program__ops[op].name, at);
    if (!branches(c, at, w, depth, (uint32_t)t)) return false;
    if (leaves(op, c->p, arg)) return true;
    if (op == PL_OP_AND || op == PL_OP_OR) depth--;
    return reach(c, at + 1 + pl_op_extra(w), depth, (uint32_t)t);
}

static bool follow(struct check *c, uint32_t entry, bool block) {
    c->block = block;
    if (!reach(c, entry, 0, 0)) return false;
    while (c->ntodo)
        if (!follow_word(c, c->todo[--c->ntodo])) return false;
    return true;
}

static bool follow_wait(struct check *c, const struct pl_p_wait *w) {
    if (w->kind == PL_WAIT_SLEEP) return follow(c, w->next, false);
    if (w->kind == PL_WAIT_AWAIT) return follow(c, w->next, false) && follow(c, w->els, false);
    if (!follow(c, w->prompt, true)) return false;
    for (uint32_t i = 0; i < w->nagain; i++)
        if (!follow(c, w->again[i], true)) return false;
    for (uint32_t i = 0; i < w->nchecks; i++)
        if (!follow(c, w->checks[i].cond, true) || !follow(c, w->checks[i].refuse, true))
            return false;
    return follow(c, w->next, false) && follow(c, w->els, false) &&
           (w->no == PL_NOWHERE || follow(c, w->no, false)) &&
           (w->otherwise == PL_NOWHERE || follow(c, w->otherwise, false));
}

static bool follow_model(struct check *c, const struct pl_p_model *m) {
    if (!follow(c, m->next, false) || !follow(c, m->unsure, false) || !follow(c, m->down, false))
        return false;
    for (uint32_t i = 0; i < m->nactions; i++)
        if (!follow(c, m->actions[i].code, false)) return false;
    return true;
}

/* Everything that is entered from outside its own code: branches of calls, blocks of options. */
static bool follow_flow(struct check *c, uint32_t flow) {
    const struct pl_program *p = c->p;
    const struct pl_p_flow *f = &p->flows[flow];
    c->from = f->entry;
    c->to = f->end;
    c->nslots = f->nslots;
    if (!follow(c, f->entry, false)) return false;
    for (uint32_t i = 0; i < p->nwaits; i++)
        if (p->waits[i].flow == flow && !follow_wait(c, &p->waits[i])) return false;
    for (uint32_t i = 0; i < p->noptions; i++)
        if (p->waits[p->options[i].wait].flow == flow && p->options[i].kind == PL_OPT_BLOCK &&
            !follow(c, p->options[i].code, false))
            return false;
    for (uint32_t i = 0; i < p->nmodels; i++)
        if (p->models[i].flow == flow && !follow_model(c, &p->models[i])) return false;
    for (uint32_t at = f->entry; at < f->end; at++) {
        uint32_t w = p->code[at];
        if (c->stack[at] == TAIL || PL_WORD_OP(w) != PL_OP_CALL_HOOK) continue;
        const struct pl_p_call *k = &p->calls[PL_WORD_ARG(w)];
        for (uint32_t n = 0; n < k->nfailures; n++)
            if (!follow(c, k->failures[n].code, false)) return false;
        if (!follow(c, k->next, false)) return false;
    }
    for (uint32_t at = f->entry; at < f->end; at++) {
        uint32_t w = p->code[at], arg = PL_WORD_ARG(w);
        if (c->stack[at] == TAIL) continue;
        if (pl_program__ops[PL_WORD_OP(w)].operand == OPERAND_BACK &&
            (!follow(c, p->backs[arg].to, false) || !follow(c, p->backs[arg].els, false)))
            return false;
        if (PL_WORD_OP(w) == PL_OP_HANDOFF && p->handoffs[arg].closed != PL_NOWHERE &&
            !follow(c, p->handoffs[arg].closed, false))
            return false;
    }
    return true;
}

/* Conditions of triggers and rules stand outside the flows. */
static bool follow_conditions(struct check *c) {
    c->from = 0;
    c->to = c->p->ncode;
    for (uint32_t i = 0; i < c->p->ntriggers; i++) {
        const struct pl_p_trigger *t = &c->p->triggers[i];
        c->nslots = t->kind == PL_ON_EVENT ? c->p->flows[t->flow].nparams : 0;
        if (t->cond != PL_NOWHERE && !follow(c, t->cond, true)) return false;
    }
    c->nslots = 0;
    for (uint32_t i = 0; i < c->p->nrules; i++)
        if (!follow(c, c->p->rules[i].cond, true)) return false;
    return true;
}

static bool layout_ok(struct check *c) {
    const struct pl_program *p = c->p;
    memset(c->stack, UNSEEN, p->ncode);
    for (uint32_t at = 0; at < p->ncode;) {
        uint32_t w = p->code[at];
        if (PL_WORD_OP(w) >= PL_OPS) return refuse(c, "an unknown opcode at %u", at);
        uint8_t operand = pl_program__ops[PL_WORD_OP(w)].operand;
        /* of code that nothing reaches too: it is dumped, and looked through for calls; slots and
         * addresses are known only when their flow is followed */
        if (operand != OPERAND_SLOT && operand != OPERAND_ADDR && !operand_ok(c, at, w))
            return false;
        uint32_t extra = pl_op_extra(w);
        if (extra >= p->ncode - at) return refuse(c, "the code ends inside an instruction");
        memset(c->stack + at + 1, TAIL, extra);
        at += 1 + extra;
    }
    return true;
}

bool pl_program__verify(const struct pl_program *p, uint8_t *runs, struct pl_arena *scratch,
                        char why[256]) {
    struct check c = {.p = p, .why = why, .runs = runs};
    if (p->ncode > 1u << 24) return refuse(&c, "more code than 24 bits can address");
    if (p->nlocales == 0) return refuse(&c, "no locale");
    c.stack = PL_NEW_ARRAY(scratch, uint8_t, p->ncode + 1);
    c.texts = PL_NEW_ARRAY(scratch, uint8_t, p->ncode + 1);
    c.todo = PL_NEW_ARRAY(scratch, uint32_t, p->ncode + 1);
    if (!c.stack || !c.texts || !c.todo) return refuse(&c, "out of memory");
    if (!layout_ok(&c) || !types_ok(&c) || !texts_ok(&c)) return false;
    if (!scope_ok(&c, p->session, p->nsession) || !scope_ok(&c, p->customer, p->ncustomer))
        return false;
    if (!flows_ok(&c) || !prelude_ok(&c) || !triggers_ok(&c)) return false;
    for (uint32_t i = 0; i < p->nwaits; i++)
        if (!wait_ok(&c, &p->waits[i])) return false;
    if (!prompts_ok(&c)) return false;
    for (uint32_t i = 0; i < p->nmodels; i++)
        if (!model_ok(&c, &p->models[i])) return false;
    if (!options_ok(&c) || !hooks_ok(&c) || !people_ok(&c) || !points_ok(&c)) return false;
    for (uint32_t i = 0; i < p->nflows; i++)
        if (!follow_flow(&c, i)) return false;
    return follow_conditions(&c);
}
