/* SPDX-License-Identifier: Apache-2.0
 *
 * What differs between two programs, by name: for those who decide whether the new one may take
 * over from the old.
 */
#include <string.h>

#include "runtime/program/program_priv.h"

struct thing { /* of one kind, in one program */
    struct pl_str flow, name;
    struct pl_str words; /* what tells one of the same name from another; may be empty */
    struct pl_type type;
    bool readable;       /* the words are for people */
    struct pl_str shown; /* else: to people these, if any */
};

struct comparison {
    struct pl_arena *a;
    const struct pl_program *old, *new;
    PL_VEC(struct pl_change) out;
};

typedef uint32_t things_of(struct pl_arena *a, const struct pl_program *p, struct thing *out);

/* was: what it was before, of one that both have. */
static void add(struct comparison *x, enum pl_change_kind kind, const struct thing *t,
                const struct thing *was) {
    struct pl_change c = {.kind = kind, .flow = t->flow, .name = t->name};
    if (kind == PL_CHANGES) return;
    if (was) {
        c.was = was->readable ? was->words : was->shown;
        c.is = t->readable ? t->words : t->shown;
    }
    if (pl_str_eq(c.was, c.is)) c.was = c.is = (struct pl_str){0};
    PL_PUSH(&x->out, c);
}

static struct pl_str key_of(struct pl_arena *a, const struct thing *t) {
    return pl_arena_printf(a, "%.*s\n%.*s", PL_STR_ARG(t->flow), PL_STR_ARG(t->name));
}

/* kinds: what to say of one that is new, gone, of another type, of other words; PL_CHANGES:
 * nothing.
 */
static void compare(struct comparison *x, things_of *of, const enum pl_change_kind kinds[4]) {
    uint32_t nold = of(x->a, x->old, NULL), nnew = of(x->a, x->new, NULL);
    struct thing *old = PL_NEW_ARRAY(x->a, struct thing, nold + 1);
    struct thing *new = PL_NEW_ARRAY(x->a, struct thing, nnew + 1);
    struct pl_map was = {0}, is = {0};
    of(x->a, x->old, old);
    of(x->a, x->new, new);
    for (uint32_t i = 0; i < nold; i++) pl_map_put(&was, key_of(x->a, &old[i]), &old[i]);
    for (uint32_t i = 0; i < nnew; i++) {
        struct pl_str key = key_of(x->a, &new[i]);
        const struct thing *o = pl_map_get(&was, key);
        if (pl_map_put(&is, key, &new[i])) continue; /* said already */
        if (!o)
            add(x, kinds[0], &new[i], NULL);
        else if (kinds[2] != PL_CHANGES &&
                 !pl_type_alike(&x->old->types, o->type, &x->new->types, new[i].type))
            add(x, kinds[2], &new[i], o);
        else if (kinds[3] != PL_CHANGES && !pl_str_eq(o->words, new[i].words))
            add(x, kinds[3], &new[i], o);
    }
    for (uint32_t i = 0; i < nold; i++)
        if (!pl_map_get(&is, key_of(x->a, &old[i]))) add(x, kinds[1], &old[i], NULL);
    pl_map_free(&was);
    pl_map_free(&is);
}

/* ---- the kinds ---- */

static const struct pl_str policies[] = {
    {"finish", 6},
    {"restart", 7},
    {"move", 4},
};

static uint32_t flows(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    (void)a;
    for (uint32_t i = 0; out && i < p->nflows; i++)
        out[i] = (struct thing){
            .name = p->flows[i].name, .words = policies[p->flows[i].on_change], .readable = true};
    return p->nflows;
}

static struct pl_str taken(struct pl_arena *a, struct pl_buf *b) {
    struct pl_str s = pl_arena_str(a, pl_buf_slice(b));
    pl_buf_free(b);
    return s;
}

/* How it judges an answer. */
static struct pl_str checks_of(struct pl_arena *a, const struct pl_program *p,
                               const struct pl_p_wait *w) {
    struct pl_buf b = {0};
    if (w->kind >= PL_WAIT_SLEEP) return (struct pl_str){0};
    pl_buf_printf(&b, "%u%u%u%u", w->tries, w->optional, w->listed, w->confirm_corrections);
    for (uint32_t i = 0; i < w->nchecks; i++)
        pl_program__block_say(p, &p->flows[w->flow], w->checks[i].cond, &b);
    for (uint32_t i = 0; i < w->naccept; i++) pl_buf_text(&b, w->accept[i]);
    return taken(a, &b);
}

static uint32_t waits(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    for (uint32_t i = 0; out && i < p->nwaits; i++) {
        const struct pl_p_wait *w = &p->waits[i];
        out[i] = (struct thing){.flow = p->flows[w->flow].name,
                                .name = w->id,
                                .words = checks_of(a, p, w),
                                .type = w->type};
        if (w->kind != PL_WAIT_ASK) out[i].type = (struct pl_type){0};
    }
    return p->nwaits;
}

static uint32_t options(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    (void)a;
    for (uint32_t i = 0; out && i < p->noptions; i++) {
        const struct pl_p_wait *w = &p->waits[p->options[i].wait];
        out[i] = (struct thing){.flow = p->flows[w->flow].name, .name = p->options[i].id};
    }
    return p->noptions;
}

static uint32_t put_slots(struct thing *out, uint32_t n, struct pl_str flow,
                          const struct pl_p_slot *slots, uint32_t nslots) {
    for (uint32_t i = 0; out && i < nslots; i++)
        out[n + i] = (struct thing){.flow = flow, .name = slots[i].name, .type = slots[i].type};
    return n + nslots;
}

static uint32_t slots(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    uint32_t n = put_slots(out, 0, PL_STR(""), p->session, p->nsession);
    (void)a;
    n = put_slots(out, n, PL_STR(""), p->customer, p->ncustomer);
    for (uint32_t i = 0; i < p->nflows; i++)
        n = put_slots(out, n, p->flows[i].name, p->flows[i].slots, p->flows[i].nslots);
    return n;
}

/* Its codes, one behind the other: each locale's by its name, since their order may differ. */
static struct pl_str words_of(struct pl_arena *a, const struct pl_program *p,
                              const struct pl_p_text *t) {
    struct pl_buf b = {0};
    for (uint32_t i = 0; i < p->nlocales; i++) {
        pl_buf_text(&b, p->locales[i]);
        pl_buf_text(&b, t->code[i]);
    }
    return taken(a, &b);
}

/* As the source has it. */
static struct pl_str shown_of(struct pl_arena *a, const struct pl_p_text *t) {
    struct pl_buf b = {0};
    pl_buf_byte(&b, '"');
    pl_msg_say(&b, t->code[0]);
    pl_buf_byte(&b, '"');
    return taken(a, &b);
}

static uint32_t texts(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->ntexts; i++) {
        if (p->texts[i].id.n == 0) continue;
        if (out)
            out[n] = (struct thing){.name = p->texts[i].id,
                                    .words = words_of(a, p, &p->texts[i]),
                                    .shown = shown_of(a, &p->texts[i])};
        n++;
    }
    return n;
}

static void say_type(struct pl_buf *b, const struct pl_types *types, struct pl_type type) {
    bool named =
        type.kind == PL_KIND_ENUM || type.kind == PL_KIND_RECORD || type.kind == PL_KIND_ENTITY;
    for (; type.kind == PL_KIND_LIST && type.def < types->ntypes; type = types->types[type.def])
        pl_buf_c(b, "list of ");
    if (named)
        pl_buf_str(b, types->defs[type.def].name);
    else
        pl_buf_c(b, pl_kind_word((enum pl_kind)type.kind));
    if (type.optional) pl_buf_byte(b, '?');
}

/* "read (order: order_id) gives order, fails not_found, within 800 ms" */
static struct pl_str signature(struct pl_arena *a, const struct pl_program *p,
                               const struct pl_p_hook *h) {
    static const char *const effects[] = {"pure", "read", "write once"};
    struct pl_buf b = {0};
    pl_buf_printf(&b, "%s (", effects[h->effect]);
    for (uint32_t i = 0; i < h->nparams; i++) {
        pl_buf_printf(&b, "%s%.*s: ", i ? ", " : "", PL_STR_ARG(h->params[i].name));
        say_type(&b, &p->types, h->params[i].type);
    }
    pl_buf_c(&b, ")");
    if (h->result.kind != PL_KIND_NONE) {
        pl_buf_c(&b, " gives ");
        say_type(&b, &p->types, h->result);
    }
    for (uint32_t i = 0; i < h->nfails; i++)
        pl_buf_printf(&b, "%s%.*s", i ? ", " : ", fails ", PL_STR_ARG(h->fails[i]));
    pl_buf_printf(&b, ", within %u ms", h->within_ms);
    if (h->cache_ms) pl_buf_printf(&b, ", kept %u ms", h->cache_ms);
    return taken(a, &b);
}

static uint32_t hooks(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    for (uint32_t i = 0; out && i < p->nhooks; i++)
        out[i] = (struct thing){
            .name = p->hooks[i].name, .words = signature(a, p, &p->hooks[i]), .readable = true};
    return p->nhooks;
}

static struct pl_str turn_of(struct pl_arena *a, const struct pl_program *p,
                             const struct pl_p_model *m) {
    struct pl_buf b = {0};
    pl_buf_printf(&b, "%u %u\n", m->kind, m->passages);
    if (m->about < p->ntexts) pl_buf_text(&b, p->texts[m->about].code[0]);
    for (uint32_t i = 0; i < m->ngiven; i++) pl_buf_text(&b, m->given[i].name);
    for (uint32_t i = 0; i < m->ntools; i++) pl_buf_text(&b, p->hooks[m->tools[i]].name);
    for (uint32_t i = 0; i < m->nnever; i++) pl_buf_text(&b, m->never[i]);
    for (uint32_t i = 0; i < m->nactions; i++) pl_buf_text(&b, p->hooks[m->actions[i].hook].name);
    if (m->prompt < p->nprompts) pl_buf_text(&b, p->prompts[m->prompt].name);
    if (m->kind == PL_MODEL_DECIDE) say_type(&b, &p->types, m->type);
    return taken(a, &b);
}

static uint32_t models(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    for (uint32_t i = 0; out && i < p->nmodels; i++) {
        const struct pl_p_model *m = &p->models[i];
        out[i] = (struct thing){
            .flow = p->flows[m->flow].name, .name = m->id, .words = turn_of(a, p, m)};
    }
    return p->nmodels;
}

/* "3 calls, 1000 tokens, 0.050000 EUR, within 8000 ms": what is not bounded is left out. */
static struct pl_str budget_of(struct pl_arena *a, const struct pl_p_model *m) {
    struct pl_buf b = {0};
    if (m->calls) pl_buf_printf(&b, "%u calls, ", m->calls);
    if (m->tokens) pl_buf_printf(&b, "%u tokens, ", m->tokens);
    if (m->micro)
        pl_buf_printf(&b, "%u.%06u %s, ", m->micro / 1000000, m->micro % 1000000, m->currency);
    pl_buf_printf(&b, "within %u ms", m->within_ms);
    return taken(a, &b);
}

static uint32_t budgets(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    for (uint32_t i = 0; out && i < p->nmodels; i++) {
        const struct pl_p_model *m = &p->models[i];
        out[i] = (struct thing){.flow = p->flows[m->flow].name,
                                .name = m->id,
                                .words = budget_of(a, m),
                                .readable = true};
    }
    return p->nmodels;
}

static uint32_t prompts(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    (void)a;
    for (uint32_t i = 0; out && i < p->nprompts; i++)
        out[i] = (struct thing){.name = p->prompts[i].name, .words = p->prompts[i].text};
    return p->nprompts;
}

static uint32_t rules(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    for (uint32_t i = 0; out && i < p->nrules; i++) {
        const struct pl_p_rule *r = &p->rules[i];
        struct pl_buf b = {0};
        pl_buf_printf(&b, "%u %u %u\n", r->route, r->every_ms, r->handoff.mode);
        pl_buf_text(&b, r->handoff.priority);
        if (r->handoff.queue < p->nqueues) pl_buf_text(&b, p->queues[r->handoff.queue].name);
        pl_program__block_say(p, NULL, r->cond, &b);
        out[i] = (struct thing){.name = r->name, .words = taken(a, &b)};
    }
    return p->nrules;
}

static struct pl_str way_in(struct pl_arena *a, const struct pl_program *p,
                            const struct pl_p_trigger *t) {
    switch ((enum pl_trigger_kind)t->kind) {
    case PL_ON_INTENT: return pl_arena_printf(a, "intent %.*s", PL_STR_ARG(p->intents[t->arg]));
    case PL_ON_EVENT: return pl_arena_printf(a, "event %.*s", PL_STR_ARG(p->events[t->arg].name));
    case PL_ON_IDLE: return pl_arena_printf(a, "silence of %u ms", t->arg);
    case PL_ON_SAYS: return PL_STR("its words");
    case PL_ON_OPEN: return PL_STR("the opening");
    default: return PL_STR("whatever is not understood");
    }
}

static uint32_t triggers(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    for (uint32_t i = 0; out && i < p->ntriggers; i++) {
        const struct pl_p_trigger *t = &p->triggers[i];
        const struct pl_p_flow *f = &p->flows[t->flow];
        struct pl_buf b = {0};
        for (uint32_t k = 0; t->kind == PL_ON_SAYS && k < p->mentions[t->arg].n; k++)
            pl_buf_text(&b, p->mentions[t->arg].words[k].phrase);
        if (t->cond != PL_NOWHERE) pl_program__block_say(p, f, t->cond, &b);
        out[i] = (struct thing){.flow = f->name, .name = way_in(a, p, t), .words = taken(a, &b)};
    }
    return p->ntriggers;
}

static uint32_t queues(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    (void)a;
    for (uint32_t i = 0; out && i < p->nqueues; i++)
        out[i] = (struct thing){.name = p->queues[i].name};
    return p->nqueues;
}

static struct pl_str path_name(struct pl_arena *a, const struct pl_path *v) {
    return pl_arena_printf(a, "from %.*s%s%.*s to %.*s", PL_STR_ARG(v->from), v->how.n ? ", " : "",
                           PL_STR_ARG(v->how), PL_STR_ARG(v->to));
}

static uint32_t paths(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    const struct pl_path *v;
    size_t n = pl_program_paths(a, p, &v);
    for (size_t i = 0; out && i < n; i++)
        out[i] = (struct thing){.flow = v[i].flow, .name = path_name(a, &v[i])};
    return (uint32_t)n;
}

static bool same_start(const struct pl_path *x, const struct pl_path *y) {
    return pl_str_eq(x->flow, y->flow) && pl_str_eq(x->from, y->from) && pl_str_eq(x->how, y->how);
}

/* Places of one name, as two calls of a hook, are told apart by their order. */
static struct pl_str numbered(struct pl_arena *a, struct pl_map *seen, struct pl_str flow,
                              struct pl_str name) {
    struct thing t = {.flow = flow, .name = name};
    for (unsigned n = 2; pl_map_put(seen, key_of(a, &t), seen); n++)
        t.name = pl_arena_printf(a, "%.*s (%u)", PL_STR_ARG(name), n);
    return t.name;
}

/* The ways on from a place, all that start alike together: by where they lead, so that one which
 * leads elsewhere now is told once, as a path. */
static uint32_t decisions(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    const struct pl_path *v;
    size_t n = pl_program_paths(a, p, &v);
    struct pl_map seen = {0};
    uint32_t made = 0;
    for (size_t i = 0, end; i < n; i = end, made++) {
        struct pl_buf b = {0};
        pl_buf_printf(&b, "from %.*s%s%.*s to ", PL_STR_ARG(v[i].from), v[i].how.n ? ", " : "",
                      PL_STR_ARG(v[i].how));
        for (end = i; end < n && same_start(&v[i], &v[end]); end++)
            pl_buf_printf(&b, "%s%.*s", end > i ? " or " : "", PL_STR_ARG(v[end].to));
        struct pl_str name = numbered(a, &seen, v[i].flow, taken(a, &b));
        if (out) out[made] = (struct thing){.flow = v[i].flow, .name = name, .words = v[i].between};
    }
    pl_map_free(&seen);
    return made;
}

static uint32_t intents(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    (void)a;
    for (uint32_t i = 0; out && i < p->nintents; i++)
        out[i] = (struct thing){.name = p->intents[i]};
    return p->nintents;
}

static uint32_t events(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    (void)a;
    for (uint32_t i = 0; out && i < p->nevents; i++)
        out[i] = (struct thing){.name = p->events[i].name};
    return p->nevents;
}

size_t pl_program_compare(struct pl_arena *a, const struct pl_program *old,
                          const struct pl_program *new, const struct pl_change **out) {
    static const struct {
        things_of *of;
        enum pl_change_kind kinds[4];
    } tables[] = {
        {flows, {PL_CHANGE_FLOW_NEW, PL_CHANGE_FLOW_GONE, PL_CHANGES, PL_CHANGE_FLOW_POLICY}},
        {waits,
         {PL_CHANGE_WAIT_NEW, PL_CHANGE_WAIT_GONE, PL_CHANGE_WAIT_TYPE, PL_CHANGE_WAIT_CHECKS}},
        {options, {PL_CHANGE_OPTION_NEW, PL_CHANGE_OPTION_GONE, PL_CHANGES, PL_CHANGES}},
        {slots, {PL_CHANGE_SLOT_NEW, PL_CHANGE_SLOT_GONE, PL_CHANGE_SLOT_TYPE, PL_CHANGES}},
        {texts, {PL_CHANGE_TEXT_NEW, PL_CHANGE_TEXT_GONE, PL_CHANGES, PL_CHANGE_TEXT_WORDS}},
        {hooks, {PL_CHANGE_HOOK_NEW, PL_CHANGE_HOOK_GONE, PL_CHANGES, PL_CHANGE_HOOK_CALL}},
        {models, {PL_CHANGE_MODEL_NEW, PL_CHANGE_MODEL_GONE, PL_CHANGES, PL_CHANGE_MODEL_TURN}},
        {budgets, {PL_CHANGES, PL_CHANGES, PL_CHANGES, PL_CHANGE_MODEL_BUDGET}},
        {prompts,
         {PL_CHANGE_PROMPT_NEW, PL_CHANGE_PROMPT_GONE, PL_CHANGES, PL_CHANGE_PROMPT_WORDS}},
        {rules, {PL_CHANGE_RULE_NEW, PL_CHANGE_RULE_GONE, PL_CHANGES, PL_CHANGE_RULE_OTHER}},
        {triggers,
         {PL_CHANGE_TRIGGER_NEW, PL_CHANGE_TRIGGER_GONE, PL_CHANGES, PL_CHANGE_TRIGGER_OTHER}},
        {queues, {PL_CHANGE_QUEUE_NEW, PL_CHANGE_QUEUE_GONE, PL_CHANGES, PL_CHANGES}},
        {paths, {PL_CHANGE_PATH_NEW, PL_CHANGE_PATH_GONE, PL_CHANGES, PL_CHANGES}},
        {decisions, {PL_CHANGES, PL_CHANGES, PL_CHANGES, PL_CHANGE_PATH_DECIDES}},
        {intents, {PL_CHANGE_INTENT_NEW, PL_CHANGE_INTENT_GONE, PL_CHANGES, PL_CHANGES}},
        {events, {PL_CHANGE_EVENT_NEW, PL_CHANGE_EVENT_GONE, PL_CHANGES, PL_CHANGES}},
    };
    struct comparison x = {.a = a, .old = old, .new = new};
    for (size_t i = 0; i < PL_LEN(tables); i++) compare(&x, tables[i].of, tables[i].kinds);
    struct pl_change *v = PL_NEW_ARRAY(a, struct pl_change, x.out.n + 1);
    if (x.out.n) memcpy(v, x.out.v, x.out.n * sizeof *v);
    size_t n = x.out.n;
    PL_VEC_FREE(&x.out);
    *out = v;
    return n;
}

void pl_change_say(struct pl_buf *b, const struct pl_change *c) {
    static const struct {
        const char *thing, *what;
    } words[] = {
#define CHANGE(name, thing, what) {thing, what},
#include "runtime/program/change.def"
#undef CHANGE
    };
    pl_buf_printf(b, "%s %.*s%s%.*s: %s", words[c->kind].thing, PL_STR_ARG(c->flow),
                  c->flow.n ? " " : "", PL_STR_ARG(c->name), words[c->kind].what);
    if (c->was.n) pl_buf_printf(b, ", %.*s", PL_STR_ARG(c->was));
    if (c->is.n) pl_buf_printf(b, " -> %.*s", PL_STR_ARG(c->is));
}
