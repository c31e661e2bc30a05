/* SPDX-License-Identifier: Apache-2.0
 *
 * The image's bytes. One visitor per table row reads and writes, so the two directions cannot
 * differ: magic, version, then every table as a count and its rows, numbers as LEB128.
 */
#include "runtime/program/program_priv.h"

#include <string.h>

struct codec {
    struct pl_buf *out;   /* writing, when not NULL */
    struct pl_reader *in; /* reading else */
    struct pl_arena *arena;
    uint32_t locales; /* codes per text */
};

static void num(struct codec *c, uint32_t *v) {
    if (c->out) {
        pl_buf_var(c->out, (uint32_t)(*v + 1)); /* PL_NOWHERE takes one byte */
        return;
    }
    uint64_t n = pl_read_var(c->in);
    if (n > UINT32_MAX) c->in->bad = true;
    *v = (uint32_t)n - 1;
}

static void byte(struct codec *c, uint8_t *v) {
    if (c->out)
        pl_buf_byte(c->out, *v);
    else
        *v = pl_read_u8(c->in);
}

static void flag(struct codec *c, bool *v) {
    uint8_t b = *v;
    byte(c, &b);
    *v = b & 1;
}

static void str(struct codec *c, struct pl_str *s) {
    if (c->out)
        pl_buf_text(c->out, *s);
    else
        *s = pl_read_text(c->in);
}

static void value(struct codec *c, struct pl_value *v) {
    if (c->out)
        pl_value_write(c->out, *v);
    else
        *v = pl_value_read(c->in, c->arena);
}

/* A table's count and memory; rows of at least one byte each, so a count cannot exceed the rest. */
static void *rows(struct codec *c, const void *have, uint32_t *n, size_t size) {
    uint64_t count = *n;
    if (c->out) {
        pl_buf_var(c->out, count);
        return (void *)(uintptr_t)have;
    }
    count = pl_read_var(c->in);
    if (count > pl_read_left(c->in)) c->in->bad = true;
    *n = c->in->bad ? 0 : (uint32_t)count;
    void *v = pl_arena_array(c->arena, (size_t)*n + 1, size);
    if (!v) {
        c->in->bad = true;
        *n = 0;
    }
    return v;
}

#define ROWS(c, field, count, type, visit)                                                         \
    do {                                                                                           \
        type *rows_ = rows((c), (field), (count), sizeof(type));                                   \
        (field) = rows_;                                                                           \
        for (uint32_t i_ = 0; i_ < *(count); i_++) visit((c), &rows_[i_]);                         \
    } while (0)

static void type_of(struct codec *c, struct pl_type *t) {
    byte(c, &t->kind);
    flag(c, &t->optional);
    byte(c, &t->quals);
    num(c, &t->def);
}

static void typedef_field(struct codec *c, struct pl_typedef_field *f) {
    str(c, &f->name);
    type_of(c, &f->type);
    num(c, &f->title);
}

static void typedef_row(struct codec *c, struct pl_typedef *d) {
    str(c, &d->name);
    byte(c, &d->kind);
    byte(c, &d->base);
    ROWS(c, d->fields, &d->nfields, struct pl_typedef_field, typedef_field);
}

static void text_row(struct codec *c, struct pl_p_text *t) {
    uint32_t n = c->locales;
    str(c, &t->id);
    num(c, &t->nargs);
    if (!c->out) t->code = pl_arena_array(c->arena, (size_t)n + 1, sizeof *t->code);
    if (!t->code) {
        c->in->bad = true;
        return;
    }
    for (uint32_t i = 0; i < n; i++) str(c, &t->code[i]);
}

static void word(struct codec *c, uint32_t *w) {
    if (c->out)
        pl_buf_u32(c->out, *w);
    else
        *w = pl_read_u32(c->in);
}

static void line_row(struct codec *c, struct pl_p_line *l) {
    num(c, &l->at);
    num(c, &l->file);
    num(c, &l->line);
}

static void slot_row(struct codec *c, struct pl_p_slot *s) {
    str(c, &s->name);
    type_of(c, &s->type);
    num(c, &s->title);
}

static void flow_row(struct codec *c, struct pl_p_flow *f) {
    str(c, &f->name);
    num(c, &f->title);
    num(c, &f->resume);
    num(c, &f->nparams);
    ROWS(c, f->slots, &f->nslots, struct pl_p_slot, slot_row);
    type_of(c, &f->result);
    num(c, &f->entry);
    num(c, &f->end);
    byte(c, &f->interrupt);
    byte(c, &f->on_change);
    flag(c, &f->regulated);
    flag(c, &f->verified);
    flag(c, &f->prelude);
}

static void trigger_row(struct codec *c, struct pl_p_trigger *t) {
    byte(c, &t->kind);
    num(c, &t->arg);
    num(c, &t->flow);
    num(c, &t->cond);
}

static void check_row(struct codec *c, struct pl_p_check *k) {
    num(c, &k->cond);
    num(c, &k->refuse);
}

static void bind_row(struct codec *c, struct pl_p_bind *b) {
    num(c, &b->param);
    num(c, &b->slot);
}

static void wait_row(struct codec *c, struct pl_p_wait *w) {
    byte(c, &w->kind);
    str(c, &w->id);
    num(c, &w->flow);
    num(c, &w->at);
    num(c, &w->next);
    num(c, &w->slot);
    type_of(c, &w->type);
    num(c, &w->entity);
    num(c, &w->prompt);
    ROWS(c, w->again, &w->nagain, uint32_t, num);
    num(c, &w->tries);
    num(c, &w->els);
    num(c, &w->no);
    num(c, &w->otherwise);
    ROWS(c, w->checks, &w->nchecks, struct pl_p_check, check_row);
    ROWS(c, w->shows, &w->shown, uint32_t, num);
    flag(c, &w->optional);
    flag(c, &w->confirm_corrections);
    flag(c, &w->has_options);
    flag(c, &w->listed);
    ROWS(c, w->accept, &w->naccept, struct pl_str, str);
    num(c, &w->event);
    ROWS(c, w->binds, &w->nbinds, struct pl_p_bind, bind_row);
}

static void option_row(struct codec *c, struct pl_p_option *o) {
    byte(c, &o->kind);
    str(c, &o->id);
    num(c, &o->wait);
    num(c, &o->code);
    num(c, &o->flow);
    num(c, &o->item);
    num(c, &o->says);
    value(c, &o->value);
}

static void target_row(struct codec *c, struct pl_p_target *t) {
    str(c, &t->id);
    flag(c, &t->open);
    num(c, &t->flow);
    num(c, &t->nargs);
}

static void failure_row(struct codec *c, struct pl_p_failure *f) {
    str(c, &f->name);
    num(c, &f->code);
}

static void call_row(struct codec *c, struct pl_p_call *k) {
    str(c, &k->id);
    num(c, &k->callee);
    num(c, &k->nargs);
    num(c, &k->result);
    num(c, &k->next);
    ROWS(c, k->failures, &k->nfailures, struct pl_p_failure, failure_row);
    ROWS(c, k->slots, &k->nslots, uint32_t, num);
}

static void hook_row(struct codec *c, struct pl_p_hook *h) {
    str(c, &h->name);
    byte(c, &h->effect);
    ROWS(c, h->params, &h->nparams, struct pl_typedef_field, typedef_field);
    type_of(c, &h->result);
    ROWS(c, h->fails, &h->nfails, struct pl_str, str);
    num(c, &h->within_ms);
    num(c, &h->cache_ms);
    num(c, &h->title);
}

static void entity_row(struct codec *c, struct pl_p_entity *e) {
    str(c, &e->name);
    num(c, &e->def);
    num(c, &e->title);
    str(c, &e->example);
    num(c, &e->hook);
    num(c, &e->refresh_ms);
    num(c, &e->lua);
}

static void back_row(struct codec *c, struct pl_p_back *b) {
    num(c, &b->to);
    num(c, &b->most);
    num(c, &b->els);
    ROWS(c, b->waits, &b->nwaits, uint32_t, num);
}

static void handoff_row(struct codec *c, struct pl_p_handoff *h) {
    byte(c, &h->mode);
    num(c, &h->queue);
    num(c, &h->queue_slot);
    str(c, &h->priority);
    num(c, &h->because);
    num(c, &h->closed);
}

static void rule_row(struct codec *c, struct pl_p_rule *r) {
    str(c, &r->name);
    num(c, &r->cond);
    flag(c, &r->route);
    handoff_row(c, &r->handoff);
    num(c, &r->every_ms);
}

static void short_num(struct codec *c, uint16_t *v) {
    uint32_t n = *v;
    num(c, &n);
    *v = (uint16_t)n;
    if (n > UINT16_MAX && c->in) c->in->bad = true;
}

static void open_row(struct codec *c, struct pl_p_open *o) {
    byte(c, &o->weekday);
    short_num(c, &o->from);
    short_num(c, &o->to);
}

static void date(struct codec *c, int32_t *d) {
    uint32_t n = (uint32_t)*d;
    word(c, &n);
    *d = (int32_t)n;
}

static void hours_row(struct codec *c, struct pl_p_hours *h) {
    str(c, &h->name);
    str(c, &h->zone);
    ROWS(c, h->open, &h->nopen, struct pl_p_open, open_row);
    ROWS(c, h->holidays, &h->nholidays, int32_t, date);
}

static void queue_row(struct codec *c, struct pl_p_queue *q) {
    str(c, &q->name);
    num(c, &q->title);
    ROWS(c, q->skills, &q->nskills, struct pl_str, str);
    ROWS(c, q->languages, &q->nlanguages, struct pl_str, str);
    num(c, &q->hours);
    num(c, &q->within_ms);
    num(c, &q->percent);
    num(c, &q->callback_ms);
}

static void words_row(struct codec *c, struct pl_p_words *w) {
    str(c, &w->lang);
    str(c, &w->phrase);
    flag(c, &w->marked);
}

static void mention_row(struct codec *c, struct pl_p_mention *m) {
    ROWS(c, m->words, &m->n, struct pl_p_words, words_row);
}

static void point_row(struct codec *c, struct pl_p_point *t) {
    byte(c, &t->kind);
    num(c, &t->from);
    num(c, &t->to);
    num(c, &t->file);
    num(c, &t->line);
    num(c, &t->column);
    str(c, &t->name);
}

static void section_row(struct codec *c, struct pl_p_section *s) {
    str(c, &s->name);
    str(c, &s->bytes);
}

static void event_row(struct codec *c, struct pl_p_event *e) {
    str(c, &e->name);
    ROWS(c, e->params, &e->nparams, struct pl_typedef_field, typedef_field);
}

static void currency_of(struct codec *c, char currency[4]) {
    struct pl_str s = {currency, 4};
    str(c, &s);
    if (c->out || s.n != 4) return;
    memcpy(currency, s.p, 3);
    currency[3] = 0;
}

static void given_row(struct codec *c, struct pl_p_given *g) {
    str(c, &g->name);
    type_of(c, &g->type);
}

static void action_row(struct codec *c, struct pl_p_action *a) {
    num(c, &a->hook);
    num(c, &a->code);
    num(c, &a->call);
    ROWS(c, a->slots, &a->nslots, uint32_t, num);
}

static void model_row(struct codec *c, struct pl_p_model *m) {
    byte(c, &m->kind);
    str(c, &m->id);
    num(c, &m->flow);
    num(c, &m->at);
    num(c, &m->passages);
    num(c, &m->about);
    ROWS(c, m->given, &m->ngiven, struct pl_p_given, given_row);
    ROWS(c, m->tools, &m->ntools, uint32_t, num);
    ROWS(c, m->never, &m->nnever, struct pl_str, str);
    num(c, &m->calls);
    num(c, &m->tokens);
    num(c, &m->within_ms);
    num(c, &m->micro);
    currency_of(c, m->currency);
    num(c, &m->slot);
    type_of(c, &m->type);
    num(c, &m->next);
    num(c, &m->unsure);
    num(c, &m->down);
    num(c, &m->prompt);
    ROWS(c, m->actions, &m->nactions, struct pl_p_action, action_row);
    num(c, &m->again);
}

static void prompt_row(struct codec *c, struct pl_p_prompt *p) {
    str(c, &p->name);
    byte(c, &p->kind);
    num(c, &p->version);
    str(c, &p->text);
}

static void head(struct codec *c, struct pl_program *p) {
    str(c, &p->assistant);
    str(c, &p->source_locale);
    str(c, &p->zone);
    str(c, &p->tone);
    currency_of(c, p->currency);
    num(c, &p->callback_ms);
    num(c, &p->start);
    for (int i = 0; i < PL_PRELUDES; i++) num(c, &p->prelude[i]);
    ROWS(c, p->locales, &p->nlocales, struct pl_str, str);
    c->locales = p->nlocales;
}

static void program(struct codec *c, struct pl_program *p) {
    head(c, p);
    ROWS(c, p->consts, &p->nconsts, struct pl_value, value);
    ROWS(c, p->types.defs, &p->types.ndefs, struct pl_typedef, typedef_row);
    ROWS(c, p->types.types, &p->types.ntypes, struct pl_type, type_of);
    ROWS(c, p->texts, &p->ntexts, struct pl_p_text, text_row);
    ROWS(c, p->code, &p->ncode, uint32_t, word);
    ROWS(c, p->lines, &p->nlines, struct pl_p_line, line_row);
    ROWS(c, p->flows, &p->nflows, struct pl_p_flow, flow_row);
    ROWS(c, p->triggers, &p->ntriggers, struct pl_p_trigger, trigger_row);
    ROWS(c, p->session, &p->nsession, struct pl_p_slot, slot_row);
    ROWS(c, p->customer, &p->ncustomer, struct pl_p_slot, slot_row);
    ROWS(c, p->waits, &p->nwaits, struct pl_p_wait, wait_row);
    ROWS(c, p->options, &p->noptions, struct pl_p_option, option_row);
    ROWS(c, p->targets, &p->ntargets, struct pl_p_target, target_row);
    ROWS(c, p->calls, &p->ncalls, struct pl_p_call, call_row);
    ROWS(c, p->hooks, &p->nhooks, struct pl_p_hook, hook_row);
    ROWS(c, p->entities, &p->nentities, struct pl_p_entity, entity_row);
    ROWS(c, p->intents, &p->nintents, struct pl_str, str);
    ROWS(c, p->backs, &p->nbacks, struct pl_p_back, back_row);
    ROWS(c, p->handoffs, &p->nhandoffs, struct pl_p_handoff, handoff_row);
    ROWS(c, p->rules, &p->nrules, struct pl_p_rule, rule_row);
    ROWS(c, p->hours, &p->nhours, struct pl_p_hours, hours_row);
    ROWS(c, p->queues, &p->nqueues, struct pl_p_queue, queue_row);
    ROWS(c, p->mentions, &p->nmentions, struct pl_p_mention, mention_row);
    ROWS(c, p->regexes, &p->nregexes, struct pl_str, str);
    ROWS(c, p->sections, &p->nsections, struct pl_p_section, section_row);
    ROWS(c, p->points, &p->npoints, struct pl_p_point, point_row);
    ROWS(c, p->events, &p->nevents, struct pl_p_event, event_row);
    ROWS(c, p->models, &p->nmodels, struct pl_p_model, model_row);
    ROWS(c, p->prompts, &p->nprompts, struct pl_p_prompt, prompt_row);
}

void pl_program_write(const struct pl_program *p, struct pl_buf *out) {
    struct pl_program copy = *p; /* the visitor writes back what it read: nothing, here */
    struct codec c = {.out = out};
    pl_buf_c(out, PL_IMAGE_MAGIC);
    pl_buf_u16(out, PL_IMAGE_VERSION);
    program(&c, &copy);
}

enum pl_err pl_program__read(struct pl_str bytes, struct pl_arena *a, struct pl_program *out) {
    struct pl_reader r = pl_reader_of(bytes);
    struct codec c = {.in = &r, .arena = a};
    struct pl_str magic = pl_read_bytes(&r, strlen(PL_IMAGE_MAGIC));
    uint16_t version = pl_read_u16(&r);
    if (r.bad || !pl_str_is(magic, PL_IMAGE_MAGIC)) return PL_MALFORMED;
    if (version != PL_IMAGE_VERSION) return PL_VERSION;
    memset(out, 0, sizeof *out);
    program(&c, out);
    return r.bad || pl_read_left(&r) ? PL_MALFORMED : PL_OK;
}
