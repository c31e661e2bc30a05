/* SPDX-License-Identifier: Apache-2.0
 *
 * The disassembler: an image as text that people and golden tests read.
 */
#include "runtime/program/program_priv.h"

static void dump_at(struct pl_buf *b, const char *name, uint32_t at) {
    if (at != PL_NOWHERE) pl_buf_printf(b, " %s=%u", name, at);
}

static void dump_slot(const struct pl_program *p, struct pl_buf *b, uint32_t ref) {
    static const char *const scopes[] = {"local", "session", "customer", "?"};
    uint32_t i = PL_SLOT_INDEX(ref), scope = PL_SLOT_SCOPE(ref);
    if (scope == PL_SCOPE_SESSION && i < p->nsession)
        pl_buf_printf(b, " %.*s", PL_STR_ARG(p->session[i].name));
    else if (scope == PL_SCOPE_CUSTOMER && i < p->ncustomer)
        pl_buf_printf(b, " %.*s", PL_STR_ARG(p->customer[i].name));
    else
        pl_buf_printf(b, " %s.%u", scopes[scope], i);
}

static void dump_operand(const struct pl_program *p, struct pl_buf *b, uint32_t word) {
    static const char *const facts[] = {
#define FACT(name, word, kind, optional) word,
#include "runtime/program/fact.def"
#undef FACT
    };
    uint32_t arg = PL_WORD_ARG(word);
    switch ((enum pl_operand)pl_program__ops[PL_WORD_OP(word)].operand) {
    case OPERAND_NONE: return;
    case OPERAND_CONST:
    case OPERAND_NAME:
        pl_buf_byte(b, ' ');
        pl_value_to_json(b, p->consts[arg]);
        return;
    case OPERAND_SLOT: dump_slot(p, b, arg); return;
    case OPERAND_FACT: pl_buf_printf(b, " %s", facts[arg]); return;
    case OPERAND_TEXT:
        if (p->texts[arg].id.n)
            pl_buf_printf(b, " @%.*s", PL_STR_ARG(p->texts[arg].id));
        else
            pl_buf_printf(b, " #%u", arg);
        return;
    default: pl_buf_printf(b, " %u", arg);
    }
}

static void dump_code(const struct pl_program *p, struct pl_buf *b) {
    pl_buf_c(b, "code\n");
    for (uint32_t at = 0; at < p->ncode;) {
        uint32_t w = p->code[at], extra = pl_op_extra(w);
        for (uint32_t f = 0; f < p->nflows; f++)
            if (p->flows[f].entry == at)
                pl_buf_printf(b, "flow %.*s:\n", PL_STR_ARG(p->flows[f].name));
        pl_buf_printf(b, "  %4u  %s", at, pl_op_name((enum pl_op)PL_WORD_OP(w)));
        dump_operand(p, b, w);
        for (uint32_t k = 1; k <= extra; k++) pl_buf_printf(b, " [%u]", p->code[at + k]);
        pl_buf_c(b, "\n");
        at += 1 + extra;
    }
}

static void dump_binds(const struct pl_program *p, struct pl_buf *b, const struct pl_p_wait *w) {
    const struct pl_p_event *e = &p->events[w->event];
    pl_buf_printf(b, " %.*s", PL_STR_ARG(e->name));
    for (uint32_t i = 0; i < w->nbinds; i++) {
        pl_buf_printf(b, " %.*s:", PL_STR_ARG(e->params[w->binds[i].param].name));
        dump_slot(p, b, w->binds[i].slot);
    }
}

static void dump_waits(const struct pl_program *p, struct pl_buf *b) {
    static const char *const kinds[] = {"ask", "confirm", "choose", "sleep", "event"};
    for (uint32_t i = 0; i < p->nwaits; i++) {
        const struct pl_p_wait *w = &p->waits[i];
        pl_buf_printf(b, "wait %u %s @%.*s", i, kinds[w->kind], PL_STR_ARG(w->id));
        if (w->kind == PL_WAIT_ASK) dump_slot(p, b, w->slot);
        if (w->kind == PL_WAIT_AWAIT) dump_binds(p, b, w);
        dump_at(b, "at", w->at);
        dump_at(b, "prompt", w->prompt);
        for (uint32_t k = 0; k < w->nagain; k++) dump_at(b, "again", w->again[k]);
        for (uint32_t k = 0; k < w->nchecks; k++) dump_at(b, "check", w->checks[k].cond);
        dump_at(b, "no", w->no);
        dump_at(b, "otherwise", w->otherwise);
        dump_at(b, "else", w->els);
        dump_at(b, "next", w->next);
        pl_buf_printf(b, " tries=%u%s%s", w->tries, w->optional ? " optional" : "",
                      w->listed ? " listed" : "");
        for (uint32_t k = 0; k < w->naccept; k++)
            pl_buf_printf(b, " accept=%.*s", PL_STR_ARG(w->accept[k]));
        pl_buf_c(b, "\n");
    }
    for (uint32_t i = 0; i < p->noptions; i++) {
        const struct pl_p_option *o = &p->options[i];
        pl_buf_printf(b, "option %u @%.*s wait=%u", i, PL_STR_ARG(o->id), o->wait);
        dump_at(b, "code", o->code);
        dump_at(b, "flow", o->flow);
        pl_buf_c(b, "\n");
    }
}

static void dump_changes(const struct pl_program *p, struct pl_buf *b) {
    for (uint32_t i = 0; i < p->nbacks; i++) {
        if (p->backs[i].nwaits == 0) continue;
        pl_buf_printf(b, "change %u most=%u", i, p->backs[i].most);
        dump_at(b, "else", p->backs[i].els);
        for (uint32_t k = 0; k < p->backs[i].nwaits; k++)
            pl_buf_printf(b, " wait=%u", p->backs[i].waits[k]);
        pl_buf_c(b, "\n");
    }
}

static void dump_entities(const struct pl_program *p, struct pl_buf *b) {
    for (uint32_t i = 0; i < p->nentities; i++) {
        const struct pl_p_entity *e = &p->entities[i];
        if (e->hook == PL_NOWHERE && e->lua == PL_NOWHERE) continue;
        pl_buf_printf(b, "entity %u %.*s", i, PL_STR_ARG(e->name));
        dump_at(b, "hook", e->hook);
        dump_at(b, "lua", e->lua);
        pl_buf_c(b, "\n");
    }
}

/* Phrases with marks, as the recognisers know them. */
static void dump_marks(const struct pl_program *p, struct pl_buf *b) {
    for (uint32_t i = 0; i < p->nmentions; i++)
        for (uint32_t k = 0; k < p->mentions[i].n; k++)
            if (p->mentions[i].words[k].marked)
                pl_buf_printf(b, "says %u %.*s %.*s\n", i, PL_STR_ARG(p->mentions[i].words[k].lang),
                              PL_STR_ARG(p->mentions[i].words[k].phrase));
}

static void dump_calls(const struct pl_program *p, struct pl_buf *b) {
    for (uint32_t i = 0; i < p->ncalls; i++) {
        const struct pl_p_call *k = &p->calls[i];
        pl_buf_printf(b, "call %u %.*s callee=%u", i, PL_STR_ARG(k->id), k->callee);
        if (k->result != PL_NOWHERE) dump_slot(p, b, k->result);
        for (uint32_t n = 0; n < k->nfailures; n++)
            pl_buf_printf(b, " %.*s=%u", PL_STR_ARG(k->failures[n].name), k->failures[n].code);
        for (uint32_t n = 0; n < k->nslots; n++) dump_slot(p, b, k->slots[n]);
        dump_at(b, "next", k->next);
        pl_buf_c(b, "\n");
    }
    for (uint32_t i = 0; i < p->nhooks; i++)
        pl_buf_printf(b, "hook %u %.*s effect=%u within=%ums\n", i, PL_STR_ARG(p->hooks[i].name),
                      p->hooks[i].effect, p->hooks[i].within_ms);
    dump_entities(p, b);
    for (uint32_t i = 0; i < p->nevents; i++) {
        pl_buf_printf(b, "event %u %.*s", i, PL_STR_ARG(p->events[i].name));
        for (uint32_t k = 0; k < p->events[i].nparams; k++)
            pl_buf_printf(b, " %.*s", PL_STR_ARG(p->events[i].params[k].name));
        pl_buf_c(b, "\n");
    }
}

static void dump_actions(const struct pl_program *p, struct pl_buf *b, const struct pl_p_model *m) {
    for (uint32_t i = 0; i < m->nactions; i++) {
        const struct pl_p_action *a = &m->actions[i];
        pl_buf_printf(b, "  action %.*s", PL_STR_ARG(p->hooks[a->hook].name));
        for (uint32_t k = 0; k < a->nslots; k++) dump_slot(p, b, a->slots[k]);
        dump_at(b, "at", a->code);
        dump_at(b, "call", a->call);
        pl_buf_c(b, "\n");
    }
}

static void dump_models(const struct pl_program *p, struct pl_buf *b) {
    for (uint32_t i = 0; i < p->nmodels; i++) {
        const struct pl_p_model *m = &p->models[i];
        pl_buf_printf(b, "model %u %s @%.*s", i, m->kind == PL_MODEL_DECIDE ? "decide" : "answer",
                      PL_STR_ARG(m->id));
        if (m->kind == PL_MODEL_DECIDE) dump_slot(p, b, m->slot);
        dump_at(b, "about", m->about);
        for (uint32_t k = 0; k < m->ngiven; k++)
            pl_buf_printf(b, " given=%.*s", PL_STR_ARG(m->given[k].name));
        for (uint32_t k = 0; k < m->ntools; k++)
            pl_buf_printf(b, " tool=%.*s", PL_STR_ARG(p->hooks[m->tools[k]].name));
        for (uint32_t k = 0; k < m->nnever; k++)
            pl_buf_printf(b, " never=\"%.*s\"", PL_STR_ARG(m->never[k]));
        pl_buf_printf(b, " passages=%u calls=%u tokens=%u within=%ums micro=%u%s%s", m->passages,
                      m->calls, m->tokens, m->within_ms, m->micro, m->micro ? " " : "",
                      m->currency);
        dump_at(b, "at", m->at);
        dump_at(b, "unsure", m->unsure);
        dump_at(b, "down", m->down);
        dump_at(b, "next", m->next);
        dump_at(b, "prompt", m->prompt);
        if (m->nactions) dump_at(b, "again", m->again);
        pl_buf_c(b, "\n");
        dump_actions(p, b, m);
    }
}

/* Line by line: what was changed in one is told by `diff`. */
static void dump_prompts(const struct pl_program *p, struct pl_buf *b) {
    for (uint32_t i = 0; i < p->nprompts; i++) {
        const struct pl_p_prompt *r = &p->prompts[i];
        struct pl_str rest = r->text;
        pl_buf_printf(b, "prompt %u %.*s@%u %s\n", i, PL_STR_ARG(r->name), r->version,
                      r->kind == PL_MODEL_DECIDE ? "decide" : "answer");
        while (rest.n) {
            size_t n = pl_str_find(rest, PL_STR("\n"));
            if (n == SIZE_MAX) n = rest.n;
            pl_buf_printf(b, "  |%s%.*s\n", n ? " " : "", (int)n, rest.p);
            if (n < rest.n) n++;
            rest = (struct pl_str){rest.p + n, rest.n - n};
        }
    }
}

static void dump_points(const struct pl_program *p, struct pl_buf *b) {
    static const char *const kinds[] = {"step", "branch", "option"};
    for (uint32_t i = 0; i < p->npoints; i++) {
        const struct pl_p_point *t = &p->points[i];
        pl_buf_printf(b, "%s %.*s:%u:%u", kinds[t->kind], PL_STR_ARG(p->consts[t->file].s), t->line,
                      t->column);
        dump_at(b, "from", t->from);
        dump_at(b, t->kind == PL_POINT_OPTION ? "option" : "at", t->to);
        pl_buf_printf(b, "%s%.*s\n", t->name.n ? " " : "", PL_STR_ARG(t->name));
    }
}

static void dump_rules(const struct pl_program *p, struct pl_buf *b) {
    for (uint32_t i = 0; i < p->ntriggers; i++) {
        const struct pl_p_trigger *t = &p->triggers[i];
        pl_buf_printf(b, "trigger %u kind=%u", i, t->kind);
        dump_at(b, "arg", t->arg);
        dump_at(b, "cond", t->cond);
        pl_buf_printf(b, " flow %.*s\n", PL_STR_ARG(p->flows[t->flow].name));
    }
    for (uint32_t i = 0; i < p->nrules; i++) {
        const struct pl_p_rule *r = &p->rules[i];
        pl_buf_printf(b, "rule %u %.*s cond=%u mode=%u priority=%.*s\n", i, PL_STR_ARG(r->name),
                      r->cond, r->handoff.mode, PL_STR_ARG(r->handoff.priority));
    }
}

void pl_program_dump(const struct pl_program *p, struct pl_buf *b) {
    pl_buf_printf(b, "assistant %.*s locales", PL_STR_ARG(p->assistant));
    for (uint32_t i = 0; i < p->nlocales; i++) pl_buf_printf(b, " %.*s", PL_STR_ARG(p->locales[i]));
    if (p->tone.n) pl_buf_printf(b, " tone \"%.*s\"", PL_STR_ARG(p->tone));
    pl_buf_c(b, "\n");
    for (uint32_t i = 0; i < p->ntexts; i++)
        if (p->texts[i].id.n)
            pl_buf_printf(b, "text %u @%.*s args=%u\n", i, PL_STR_ARG(p->texts[i].id),
                          p->texts[i].nargs);
    for (uint32_t i = 0; i < p->nsections; i++)
        pl_buf_printf(b, "section %.*s %zu bytes\n", PL_STR_ARG(p->sections[i].name),
                      p->sections[i].bytes.n);
    dump_rules(p, b);
    dump_marks(p, b);
    dump_waits(p, b);
    dump_changes(p, b);
    dump_calls(p, b);
    dump_models(p, b);
    dump_prompts(p, b);
    dump_code(p, b);
    dump_points(p, b);
}
