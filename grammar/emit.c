/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of an image that are not code: slots, hooks, entities, queues, rules, triggers. */
#include <stdlib.h>
#include <string.h>

#include "grammar/emit_priv.h"

#define PUT pl_grammar__put

static uint32_t line_text(struct pl_graph *g, const struct pl_ast_line *line) {
    struct pl_where where = {.g = g};
    return line ? pl_grammar__text(&where, line->id.s, line->text) : PL_NOWHERE;
}

static void emit_labels(struct pl_graph *g) {
    for (uint32_t d = 0; d < g->defs.n; d++)
        for (uint32_t i = 0; g->defs.v[d].members && i < g->defs.v[d].members->n; i++)
            pl_grammar__label(g, d, i);
}

static const struct pl_p_slot *scope_rows(struct pl_graph *g, struct pl_graph_slots *slots,
                                          const char *scope) {
    struct pl_p_slot *rows = PL_NEW_ARRAY(g->arena, struct pl_p_slot, slots->n + 1);
    for (size_t i = 0; i < slots->n; i++) {
        rows[i].name = pl_grammar__str(g, "%s.%.*s", scope, PL_STR_ARG(slots->v[i].name));
        rows[i].type = slots->v[i].type;
        rows[i].title = line_text(g, slots->v[i].title);
        if (rows[i].title == PL_NOWHERE) rows[i].title = pl_grammar__def_title(g, rows[i].type);
    }
    return rows;
}

/* ---- hooks and entities ---- */

#define FIND_MS 100 /* a message waits no longer for what Lua finds in it */

static struct pl_p_hook hook_row(struct pl_graph *g, const struct pl_symbol *s) {
    const struct pl_ast_hook *h = &s->decl->hook;
    struct pl_p_hook row = {.name = s->name, .nparams = (uint32_t)h->params.n};
    row.effect = h->effect == PL_EFFECT_PURE         ? PL_CLASS_PURE
                 : h->effect == PL_EFFECT_WRITE_ONCE ? PL_CLASS_WRITE_ONCE
                                                     : PL_CLASS_READ;
    struct pl_typedef_field *params =
        PL_NEW_ARRAY(g->arena, struct pl_typedef_field, row.nparams + 1);
    for (uint32_t i = 0; i < row.nparams; i++) {
        params[i].name = h->params.v[i].name.s;
        params[i].type = pl_grammar__type(
            g, &h->params.v[i].type,
            pl_grammar__str(g, "%.*s.%.*s", PL_STR_ARG(s->name), PL_STR_ARG(params[i].name)));
    }
    row.params = params;
    if (h->result) row.result = pl_grammar__type(g, h->result, s->name);
    struct pl_str *fails = PL_NEW_ARRAY(g->arena, struct pl_str, h->fails.n + 1);
    for (size_t i = 0; i < h->fails.n; i++) fails[i] = h->fails.v[i].s;
    row.fails = fails;
    row.nfails = (uint32_t)h->fails.n;
    row.title = h->title ? line_text(g, h->title) + 1 : 0;
    row.within_ms = h->within ? (uint32_t)h->within->ms : 1000;
    row.cache_ms = h->cache ? (uint32_t)h->cache->ms : 0;
    return row;
}

static struct pl_p_entity entity_row(struct pl_graph *g, struct pl_symbol *s) {
    const struct pl_ast_entity *e = &s->decl->entity;
    struct pl_p_entity row = {.name = s->name, .hook = PL_NOWHERE, .lua = PL_NOWHERE};
    for (uint32_t i = 0; i < g->defs.n; i++)
        if (g->defs.v[i].symbol == s) row.def = i;
    row.title = line_text(g, e->title);
    g->defs.v[row.def].title = row.title;
    if (e->examples.n) row.example = e->examples.v[0]->s;
    struct pl_symbol *hook = e->from_hook.n ? pl_grammar__find(&g->hooks, e->from_hook.s) : NULL;
    if (hook) row.hook = hook->index;
    row.refresh_ms = e->refresh ? (uint32_t)e->refresh->ms : 600000;
    return row;
}

/* An enum that is asked for is recognised by its labels, as a word list is. */
static uint32_t entities_for_enums(struct pl_graph *g, uint32_t n) {
    for (size_t d = 0; d < g->defs.n; d++)
        if (g->defs.v[d].asked) g->defs.v[d].entity = n++;
    return n;
}

/* The function that finds the entity in a text, wherever it is named; n 0: none. */
static struct pl_str finder(const struct pl_symbol *s) {
    struct pl_str name = s->decl->entity.lua.s;
    for (size_t i = 0; i < s->more.n && !name.n; i++) name = s->more.v[i]->entity.lua.s;
    return name;
}

/* Functions that find entities are hooks behind those that are declared. */
static void number_finders(struct pl_graph *g, struct pl_p_entity *rows) {
    uint32_t next = (uint32_t)g->hooks.n;
    for (uint32_t i = 0; i < g->entities.n; i++)
        if (finder(g->entities.v[i]).n) rows[i].lua = next++;
}

/* list of {from: number, to: number, value: text} */
static struct pl_type found_type(struct pl_graph *g) {
    struct pl_typedef_field *f = PL_NEW_ARRAY(g->arena, struct pl_typedef_field, 3);
    static const struct {
        struct pl_str name;
        enum pl_kind kind;
    } fields[] = {
        {{"from", 4}, PL_KIND_NUMBER}, {{"to", 2}, PL_KIND_NUMBER}, {{"value", 5}, PL_KIND_TEXT}};
    for (size_t i = 0; i < PL_LEN(fields); i++)
        f[i] = (struct pl_typedef_field){fields[i].name, pl_grammar__kind(fields[i].kind), 0};
    struct pl_graph_def d = {.row = {.name = PL_STR("what Lua found"), .kind = PL_KIND_RECORD},
                             .fields = f,
                             .entity = PL_NOWHERE,
                             .title = PL_NOWHERE};
    d.row.fields = f;
    d.row.nfields = (uint32_t)PL_LEN(fields);
    PL_AST_ADD(g->arena, &g->defs, d);
    struct pl_type item = {.kind = PL_KIND_RECORD, .def = (uint32_t)g->defs.n - 1};
    return pl_grammar__list_of(g, item);
}

static uint32_t add_finders(struct pl_graph *g, struct pl_p_hook *rows, uint32_t n) {
    static const char *const names[] = {"text", "locale", "folded"};
    struct pl_typedef_field *params = PL_NEW_ARRAY(g->arena, struct pl_typedef_field, 3);
    struct pl_type found = {0};
    for (size_t i = 0; i < PL_LEN(names); i++)
        params[i] =
            (struct pl_typedef_field){pl_str_c(names[i]), pl_grammar__kind(PL_KIND_TEXT), 0};
    for (uint32_t i = 0; i < g->entities.n; i++) {
        struct pl_str name = finder(g->entities.v[i]);
        if (!name.n) continue;
        if (found.kind == PL_KIND_NONE) found = found_type(g);
        rows[n++] = (struct pl_p_hook){.name = name,
                                       .effect = PL_CLASS_PURE,
                                       .nparams = 3,
                                       .params = params,
                                       .result = found,
                                       .within_ms = FIND_MS};
    }
    return n;
}

static void emit_entities(struct pl_graph *g, struct pl_program *out) {
    uint32_t n = entities_for_enums(g, (uint32_t)g->entities.n);
    struct pl_p_entity *rows = PL_NEW_ARRAY(g->arena, struct pl_p_entity, n + 1);
    for (uint32_t i = 0; i < g->entities.n; i++) rows[i] = entity_row(g, g->entities.v[i]);
    number_finders(g, rows);
    for (uint32_t d = 0; d < g->defs.n; d++) {
        uint32_t e = g->defs.v[d].entity;
        if (e == PL_NOWHERE || e < g->entities.n) continue;
        rows[e] = (struct pl_p_entity){.name = g->defs.v[d].row.name, .def = d};
        rows[e].title = rows[e].hook = rows[e].lua = PL_NOWHERE;
    }
    out->entities = rows;
    out->nentities = n;
}

static void emit_hooks(struct pl_graph *g, struct pl_program *out) {
    struct pl_p_hook *rows =
        PL_NEW_ARRAY(g->arena, struct pl_p_hook, g->hooks.n + g->entities.n + 1);
    for (size_t i = 0; i < g->hooks.n; i++) rows[i] = hook_row(g, g->hooks.v[i]);
    out->hooks = rows;
    out->nhooks = add_finders(g, rows, (uint32_t)g->hooks.n);
}

static struct pl_p_event event_row(struct pl_graph *g, const struct pl_symbol *s) {
    const struct pl_ast_params *params = &s->decl->event.params;
    struct pl_p_event row = {.name = s->name, .nparams = (uint32_t)params->n};
    struct pl_typedef_field *fields =
        PL_NEW_ARRAY(g->arena, struct pl_typedef_field, params->n + 1);
    for (size_t i = 0; i < params->n; i++) {
        fields[i].name = params->v[i].name.s;
        fields[i].type = pl_grammar__event_type(g, s, &params->v[i]);
    }
    row.params = fields;
    return row;
}

static void emit_events(struct pl_graph *g, struct pl_program *out) {
    struct pl_p_event *rows = PL_NEW_ARRAY(g->arena, struct pl_p_event, g->events.n + 1);
    for (size_t i = 0; i < g->events.n; i++) rows[i] = event_row(g, g->events.v[i]);
    out->events = rows;
    out->nevents = (uint32_t)g->events.n;
}

/* ---- hours and queues ---- */

static const char *const weekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* "mon-fri" as first and last day; false when it is none. */
static bool days(struct pl_str s, unsigned *first, unsigned *last) {
    size_t dash = pl_str_find(s, PL_STR("-"));
    struct pl_str a = {s.p, dash == SIZE_MAX ? s.n : dash}, b = a;
    if (dash != SIZE_MAX) b = (struct pl_str){s.p + dash + 1, s.n - dash - 1};
    *first = *last = 7;
    for (unsigned i = 0; i < 7; i++) {
        if (pl_str_is(a, weekdays[i])) *first = i;
        if (pl_str_is(b, weekdays[i])) *last = i;
    }
    return *first < 7 && *last < 7;
}

static int by_date(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Lines "2026-12-25 Christmas"; comments and empty lines are passed over. */
static void read_holidays(struct pl_graph *g, const struct pl_ast_text *name,
                          struct pl_p_hours *row) {
    struct pl_str text, file = g->input->sources->v[name->span.file].name;
    if (!g->host->read) return;
    if (!g->host->read(g->host->ctx, g->arena, file, name->s, &text)) {
        pl_diag1(g->said, PL_D_HOLIDAYS_FILE, name->span, name->s);
        return;
    }
    PL_AST_LIST(int32_t) dates = {0};
    uint32_t number = 1;
    for (size_t at = 0; at < text.n; number++) {
        struct pl_str rest = {text.p + at, text.n - at};
        size_t end = pl_str_find(rest, PL_STR("\n"));
        struct pl_str line = pl_str_trim((struct pl_str){rest.p, end == SIZE_MAX ? rest.n : end});
        at += (end == SIZE_MAX ? rest.n : end + 1);
        int32_t date;
        if (!line.n || line.p[0] == '#') continue;
        if (line.n >= 10 && pl_date_parse((struct pl_str){line.p, 10}, &date))
            PL_AST_ADD(g->arena, &dates, date);
        else
            pl_diag2(g->said, PL_D_HOLIDAYS_LINE, name->span, name->s,
                     pl_grammar__str(g, "%u", number));
    }
    if (dates.n) qsort(dates.v, dates.n, sizeof *dates.v, by_date);
    row->holidays = dates.v;
    row->nholidays = (uint32_t)dates.n;
}

static struct pl_p_hours hours_row(struct pl_graph *g, const struct pl_symbol *s) {
    const struct pl_ast_hours *h = &s->decl->hours;
    struct pl_p_hours row = {.name = s->name};
    if (h->zone)
        row.zone = h->zone->s;
    else if (g->assistant && g->assistant->assistant.zone)
        row.zone = g->assistant->assistant.zone->s;
    PL_AST_LIST(struct pl_p_open) open = {0};
    for (size_t i = 0; i < h->days.n; i++) {
        unsigned first, last;
        if (!days(h->days.v[i].days.s, &first, &last)) {
            pl_diag1(g->said, PL_D_DAY, h->days.v[i].days.span, h->days.v[i].days.s);
            continue;
        }
        for (unsigned d = first;; d = (d + 1) % 7) {
            for (size_t k = 0; k < h->days.v[i].ranges.n; k++)
                PL_AST_ADD(g->arena, &open,
                           ((struct pl_p_open){(uint8_t)d, h->days.v[i].ranges.v[k].from,
                                               h->days.v[i].ranges.v[k].to}));
            if (d == last) break;
        }
    }
    row.open = open.v;
    row.nopen = (uint32_t)open.n;
    if (h->holidays) read_holidays(g, h->holidays, &row);
    return row;
}

static const struct pl_str *names(struct pl_graph *g, const struct pl_ast_names *from) {
    struct pl_str *v = PL_NEW_ARRAY(g->arena, struct pl_str, from->n + 1);
    for (size_t i = 0; i < from->n; i++) v[i] = from->v[i].s;
    return v;
}

static struct pl_p_queue queue_row(struct pl_graph *g, const struct pl_symbol *s) {
    const struct pl_ast_queue *q = &s->decl->queue;
    struct pl_p_queue row = {.name = s->name, .title = line_text(g, q->title)};
    row.skills = names(g, &q->skills);
    row.nskills = (uint32_t)q->skills.n;
    row.languages = names(g, &q->languages);
    row.nlanguages = (uint32_t)q->languages.n;
    struct pl_symbol *hours = q->open.s.n ? pl_grammar__find(&g->hours, q->open.s) : NULL;
    row.hours = hours ? hours->index : PL_NOWHERE;
    row.within_ms = q->answer_within ? (uint32_t)q->answer_within->ms : 0;
    row.percent = q->answer_percent ? (uint32_t)q->answer_percent->n.m : 0;
    row.callback_ms = q->callback ? (uint32_t)q->callback->ms : 0;
    return row;
}

static void emit_people(struct pl_graph *g, struct pl_program *out) {
    struct pl_p_hours *hours = PL_NEW_ARRAY(g->arena, struct pl_p_hours, g->hours.n + 1);
    for (size_t i = 0; i < g->hours.n; i++) hours[i] = hours_row(g, g->hours.v[i]);
    out->hours = hours;
    out->nhours = (uint32_t)g->hours.n;
    struct pl_p_queue *queues = PL_NEW_ARRAY(g->arena, struct pl_p_queue, g->queues.n + 1);
    for (size_t i = 0; i < g->queues.n; i++) queues[i] = queue_row(g, g->queues.v[i]);
    out->queues = queues;
    out->nqueues = (uint32_t)g->queues.n;
}

/* ---- rules and triggers: conditions behind all flows ---- */

static uint32_t rule_condition(struct pl_emit *x, const struct pl_ast_rule *r) {
    uint32_t at = pl_grammar__here(x);
    uint32_t *leave = PL_NEW_ARRAY(x->g->arena, uint32_t, r->whens.n + 1);
    for (size_t i = 0; i < r->whens.n; i++) {
        if (r->whens.v[i].expr)
            pl_grammar__put_condition(x, r->whens.v[i].expr);
        else
            PUT(x, PL_OP_MENTIONS, pl_grammar__mention(x->g, &r->whens.v[i].mentions));
        if (i + 1 < r->whens.n) leave[i] = PUT(x, PL_OP_AND, 0);
    }
    for (size_t i = 0; i + 1 < r->whens.n; i++) pl_grammar__land(x, leave[i]);
    PUT(x, PL_OP_DONE, 0);
    return at;
}

static struct pl_p_rule rule_row(struct pl_graph *g, const struct pl_symbol *s) {
    const struct pl_ast_rule *r = &s->decl->rule;
    struct pl_emit x = {.g = g, .where = {.g = g}};
    struct pl_p_rule row = {.name = s->name, .route = r->route};
    struct pl_symbol *queue =
        r->handoff.to.s.n ? pl_grammar__find(&g->queues, r->handoff.to.s) : NULL;
    pl_grammar__line(&x, s->decl->span);
    row.handoff.mode = r->handoff.mode == PL_AST_HANDOFF_OFFER ? PL_HANDOFF_OFFER : PL_HANDOFF_NOW;
    row.handoff.queue = queue ? queue->index : PL_NOWHERE;
    row.handoff.queue_slot = row.handoff.closed = row.handoff.because = PL_NOWHERE;
    row.handoff.priority = r->route ? r->route_priority.s : r->handoff.priority.s;
    if (r->handoff.because) {
        row.handoff.because = pl_grammar__text(&x.where, PL_STR(""), r->handoff.because);
        g->texts.v[row.handoff.because].words = false;
    }
    row.every_ms = r->every ? (uint32_t)r->every->ms : 0;
    row.cond = rule_condition(&x, r);
    return row;
}

static void emit_rules(struct pl_graph *g, struct pl_program *out) {
    struct pl_p_rule *rows = PL_NEW_ARRAY(g->arena, struct pl_p_rule, g->rules.n + 1);
    for (size_t i = 0; i < g->rules.n; i++) rows[i] = rule_row(g, g->rules.v[i]);
    out->rules = rows;
    out->nrules = (uint32_t)g->rules.n;
}

static void emit_trigger(struct pl_graph *g, uint32_t flow, const struct pl_ast_trigger *t) {
    struct pl_emit x = {.g = g, .where = {.g = g}};
    struct pl_graph_flow head = pl_grammar__event_head(&g->flow.v[flow]);
    struct pl_p_trigger row = {.flow = flow, .cond = PL_NOWHERE};
    switch (t->kind) {
    case PL_TRIGGER_INTENT:
        row.kind = PL_ON_INTENT;
        row.arg = pl_grammar__find(&g->intents, t->intent.s)->index;
        break;
    case PL_TRIGGER_SAYS:
        row.kind = PL_ON_SAYS;
        row.arg = pl_grammar__mention(g, &t->says);
        break;
    case PL_TRIGGER_OPEN: row.kind = PL_ON_OPEN; break;
    case PL_TRIGGER_IDLE:
        row.kind = PL_ON_IDLE;
        row.arg = (uint32_t)t->idle.ms;
        break;
    case PL_TRIGGER_OTHERWISE: row.kind = PL_ON_OTHERWISE; break;
    case PL_TRIGGER_EVENT:
        row.kind = PL_ON_EVENT;
        row.arg = pl_grammar__find(&g->events, t->event.s)->index;
        x.flow = x.where.flow = &head;
        break;
    }
    if (t->cond) {
        pl_grammar__line(&x, t->span);
        row.cond = pl_grammar__here(&x);
        pl_grammar__put_condition(&x, t->cond);
        PUT(&x, PL_OP_DONE, 0);
    }
    PL_AST_ADD(g->arena, &g->triggers, row);
}

static void emit_triggers(struct pl_graph *g) {
    for (size_t f = 0; f < g->flow.n; f++)
        for (size_t i = 0; i < g->flow.v[f].decl->flow.triggers.n; i++)
            emit_trigger(g, (uint32_t)f, &g->flow.v[f].decl->flow.triggers.v[i]);
}

/* ---- the whole ---- */

static void emit_assistant(struct pl_graph *g, struct pl_program *out) {
    static const char *const prelude[] = {
#define PRELUDE(name, flow, params, required) flow,
#include "runtime/program/prelude.def"
#undef PRELUDE
    };
    const struct pl_ast_assistant *a = &g->assistant->assistant;
    out->assistant = a->title->s;
    out->source_locale = g->locales.v[0];
    out->zone = a->zone ? a->zone->s : PL_STR("UTC");
    if (a->tone) out->tone = a->tone->s;
    memcpy(out->currency, "USD", 4);
    if (a->currency.s.n == 3) memcpy(out->currency, a->currency.s.p, 3);
    out->callback_ms = a->callback ? (uint32_t)a->callback->ms : 0;
    struct pl_symbol *start =
        pl_grammar__find(&g->flows, a->start.s.n ? a->start.s : PL_STR("welcome"));
    out->start = start ? start->index : PL_NOWHERE;
    for (size_t i = 0; i < PL_LEN(prelude); i++) {
        struct pl_symbol *s = pl_grammar__find(&g->flows, pl_str_c(prelude[i]));
        out->prelude[i] = s ? s->index : PL_NOWHERE;
    }
}

/* Items of `flow in [...]` are no enum of the program: nothing but the list has that type. */
static struct pl_type *item_types(const struct pl_graph *g) {
    struct pl_type *v = PL_NEW_ARRAY(g->arena, struct pl_type, g->items.n + 1);
    for (size_t i = 0; i < g->items.n; i++) {
        bool label = g->items.v[i].kind == PL_KIND_ENUM && g->items.v[i].def >= PL_NOWHERE - 1;
        v[i] = label ? pl_grammar__kind(PL_KIND_TEXT) : g->items.v[i];
    }
    return v;
}

static void emit_types(struct pl_graph *g, struct pl_program *out) {
    struct pl_typedef *defs = PL_NEW_ARRAY(g->arena, struct pl_typedef, g->defs.n + 1);
    for (size_t i = 0; i < g->defs.n; i++) defs[i] = g->defs.v[i].row;
    out->types.defs = defs;
    out->types.ndefs = (uint32_t)g->defs.n;
    out->types.types = item_types(g);
    out->types.ntypes = (uint32_t)g->items.n;
    struct pl_str *intents = PL_NEW_ARRAY(g->arena, struct pl_str, g->intents.n + 1);
    for (size_t i = 0; i < g->intents.n; i++) intents[i] = g->intents.v[i]->name;
    out->intents = intents;
    out->nintents = (uint32_t)g->intents.n;
}

static void emit_flows(struct pl_graph *g, struct pl_program *out) {
    struct pl_p_flow *rows = PL_NEW_ARRAY(g->arena, struct pl_p_flow, g->flow.n + 1);
    for (size_t i = 0; i < g->flow.n; i++) pl_grammar__emit_flow(g, &g->flow.v[i], &rows[i]);
    out->flows = rows;
    out->nflows = (uint32_t)g->flow.n;
}

static void emit_lua(struct pl_graph *g) {
    for (size_t i = 0; i < g->input->nlua; i++) {
        struct pl_p_section s = {g->input->lua[i].path, g->input->lua[i].text};
        PL_AST_ADD(g->arena, &g->sections, s);
    }
}

#define TABLE(name) (out->name = g->name.v, out->n##name = (uint32_t)g->name.n)

static void take_tables(struct pl_graph *g, struct pl_program *out) {
    TABLE(locales);
    TABLE(consts);
    TABLE(code);
    TABLE(lines);
    TABLE(points);
    TABLE(triggers);
    TABLE(waits);
    TABLE(options);
    TABLE(targets);
    TABLE(calls);
    TABLE(backs);
    TABLE(handoffs);
    TABLE(models);
    TABLE(prompts);
    TABLE(mentions);
    TABLE(regexes);
}

void pl_grammar__emit(struct pl_graph *g, struct pl_program *out) {
    pl_grammar__mute(g);
    emit_assistant(g, out);
    emit_labels(g);
    emit_entities(g, out);
    emit_hooks(g, out);
    emit_events(g, out);
    emit_people(g, out);
    out->session = scope_rows(g, &g->session, "session");
    out->nsession = (uint32_t)g->session.n;
    out->customer = scope_rows(g, &g->customer, "customer");
    out->ncustomer = (uint32_t)g->customer.n;
    emit_flows(g, out);
    emit_rules(g, out);
    emit_triggers(g);
    emit_types(g, out);
    emit_lua(g);
    take_tables(g, out);
    pl_grammar__speak(g);
}
