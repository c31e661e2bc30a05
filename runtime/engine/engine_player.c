/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversations played again outside a server: an engine without store, loop and hooks, whose clock
 * is the time of what is played.
 *
 *   again: an entry's event, as it is          -> the step it was
 *   take:  what came in, understood anew       -> the step that another image makes of it
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

struct pl_engine_player {
    struct pl_engine e;
    int64_t now_ms;
    PL_VEC(struct eng_image *) kept; /* their recognisers stay open from one lane to the next */
};

struct pl_engine_lane {
    struct pl_engine_player *p;
    struct eng_conv *c;
};

/* ---- players ---- */

static void player_ran(void *ctx, const struct pl_image *image, enum pl_vm_trace what,
                       uint32_t at) {
    const struct pl_engine_config *k = &((struct pl_engine_player *)ctx)->e.config;
    k->ran(k->ran_ctx, image, (int)what, at);
}

struct pl_engine_player *pl_engine_player_new(const struct pl_engine_player_config *config) {
    struct pl_engine_player *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    struct pl_engine *e = &p->e;
    e->config = (struct pl_engine_config){.clock = pl_clock_fake(&p->now_ms),
                                          .shared = config->shared,
                                          .find_image = config->find_image,
                                          .find_ctx = config->find_ctx,
                                          .ran = config->ran,
                                          .ran_ctx = config->ran_ctx};
    pthread_mutex_init(&e->promises_lock, NULL);
    struct pl_vm_env env = {.matches = pl_engine__matches, .ctx = e};
    if (config->ran) {
        env.trace = player_ran;
        env.trace_ctx = p;
    }
    pl_rand_seed(&e->rand, 1);
    e->vm = pl_vm_create(env);
    e->tools = pl_engine__tools(&e->config);
    if (!e->tools) pl_engine_player_free(&p);
    return p;
}

void pl_engine_player_free(struct pl_engine_player **player) {
    struct pl_engine_player *p = *player;
    if (!p) return;
    *player = NULL;
    struct pl_engine *e = &p->e;
    for (size_t i = 0; i < p->kept.n; i++) pl_engine__image_leave(e, &p->kept.v[i]);
    PL_VEC_FREE(&p->kept);
    PL_VEC_FREE(&e->images);
    pl_engine__promises_free(e);
    pl_vm_destroy(&e->vm);
    pl_engine__tools_free(e);
    pl_buf_free(&e->buf);
    pl_buf_free(&e->buf2);
    pl_map_free(&e->convs);
    pthread_mutex_destroy(&e->promises_lock);
    free(p);
}

static void keep_image(struct pl_engine_player *p, struct eng_image *i) {
    for (size_t k = 0; k < p->kept.n; k++)
        if (p->kept.v[k] == i) return;
    pl_engine__image_use(i);
    PL_PUSH(&p->kept, i);
}

/* ---- lanes ---- */

static struct pl_engine_lane *lane_make(struct pl_engine_player *p, const uint8_t conversation[16],
                                        struct eng_image *i) {
    struct pl_engine_lane *l = calloc(1, sizeof *l);
    struct eng_conv *c = calloc(1, sizeof *c);
    pl_assert(l && c);
    memcpy(c->id, conversation, sizeof c->id);
    memcpy(c->j.id, conversation, sizeof c->j.id);
    c->e = &p->e;
    c->image = i;
    if (i) {
        keep_image(p, i);
        pl_engine__image_use(i);
    }
    *l = (struct pl_engine_lane){p, c};
    return l;
}

struct pl_engine_lane *pl_engine_lane_new(struct pl_engine_player *p,
                                          const uint8_t conversation[16], struct pl_image *image) {
    struct eng_image *i = NULL;
    if (image && pl_engine__image_add(&p->e, image, &i) != PL_OK) return NULL;
    return lane_make(p, conversation, i);
}

struct pl_engine_lane *pl_engine_lane_copy(const struct pl_engine_lane *l) {
    struct pl_engine_lane *copy = lane_make(l->p, l->c->id, l->c->image);
    struct pl_buf b = {0};
    if (l->c->image) {
        pl_engine__record_write(&b, l->c);
        enum pl_err err = pl_engine__record_read(&l->p->e, copy->c, pl_buf_slice(&b));
        pl_assert(err == PL_OK);
        if (copy->c->state.n) pl_engine__conv_look(&l->p->e, copy->c);
    }
    pl_buf_free(&b);
    return copy;
}

/* Not by pl_engine__conv_free alone: no lane is among the engine's conversations. */
void pl_engine_lane_free(struct pl_engine_lane **lane) {
    struct pl_engine_lane *l = *lane;
    if (!l) return;
    *lane = NULL;
    atomic_fetch_add(&l->p->e.nconvs, 1);
    pl_engine__conv_free(&l->p->e, &l->c);
    free(l);
}

enum pl_err pl_engine__player_peek(
    struct pl_engine_player *p, const uint8_t id[16], const struct pl_snapshot *snap,
    void (*see)(void *ctx, struct pl_engine *e, const struct eng_conv *c), void *ctx) {
    struct eng_image *i = pl_engine__image_of(&p->e, snap->image);
    if (!i) return PL_UNAVAILABLE;
    struct pl_engine_lane *l = lane_make(p, id, i);
    enum pl_err err = pl_engine__record_read(&p->e, l->c, snap->state);
    if (err == PL_OK) err = pl_engine__conv_look(&p->e, l->c);
    if (err == PL_OK) see(ctx, &p->e, l->c);
    pl_engine_lane_free(&l);
    return err;
}

static struct pl_engine_step *step_new(struct pl_arena *a, struct pl_engine_step *out) {
    *out = (struct pl_engine_step){.event = PL_NEW(a, struct pl_vm_event),
                                   .result = PL_NEW(a, struct pl_vm_result)};
    return out;
}

static void step_shows(struct pl_engine_step *s, const struct pl_engine_lane *l,
                       const struct pl_entry *shown) {
    s->image = l->c->image->image;
    s->noutputs = shown->noutputs;
    s->outputs = shown->outputs;
    s->effects = shown->turn.effects;
}

/* ---- as it was ---- */

/* What the message was, before its turn takes it from the inbox. */
static void said_of(const struct eng_conv *c, uint64_t of, struct pl_arena *a,
                    struct pl_engine_step *s) {
    for (uint32_t i = 0; i < c->ninbox; i++) {
        const struct eng_waiting *w = &c->inbox[i];
        if (w->n != of) continue;
        s->said = w->said;
        s->card = w->card;
        s->text = pl_arena_str(a, w->text);
        s->label = pl_arena_str(a, w->label);
    }
}

enum pl_err pl_engine_lane_again(struct pl_engine_lane *l, const struct pl_entry *entry,
                                 struct pl_str secret, struct pl_arena *a,
                                 struct pl_engine_step *out) {
    struct pl_engine *e = &l->p->e;
    struct pl_entry shown;
    struct eng_again again = {.shown = &shown};
    *out = (struct pl_engine_step){.image = NULL};
    l->p->now_ms = entry->at_ms;
    if (entry->kind != PL_ENTRY_TURN) {
        pl_engine__record_again(l->c, entry);
        return PL_OK;
    }
    struct eng_image *i = pl_engine__image_of(e, entry->turn.image);
    if (!i) return PL_UNAVAILABLE;
    keep_image(l->p, i);
    if (!l->c->image) {
        pl_engine__image_use(i);
        l->c->image = i;
    }
    struct pl_engine_step *s = step_new(a, out);
    said_of(l->c, entry->turn.of, a, s);
    enum pl_err err = pl_engine__turn_again(e, l->c, a, entry, secret, &again);
    if (err != PL_OK) return err;
    *s->event = again.event;
    *s->result = again.result;
    step_shows(s, l, &shown);
    return PL_OK;
}

bool pl_engine_lane_same(const struct pl_entry *entry, const struct pl_engine_step *step) {
    bool same = entry->noutputs == step->noutputs && entry->turn.hash == step->result->hash &&
                pl_str_eq(entry->turn.effects, step->effects);
    for (uint32_t i = 0; same && i < step->noutputs; i++)
        same = pl_str_eq(entry->outputs[i], step->outputs[i]);
    return same;
}

/* ---- steps of its own ---- */

void pl_engine__lane_note(struct pl_engine_lane *l, const struct pl_entry *entry) {
    const struct pl_program *p = pl_image_program(l->c->image->image);
    l->p->now_ms = entry->at_ms;
    if (entry->kind != PL_ENTRY_OPEN && entry->kind != PL_ENTRY_KNOWN &&
        entry->kind != PL_ENTRY_AGENT)
        return; /* the lane's own doing */
    pl_engine__record_again(l->c, entry);
    if (entry->kind != PL_ENTRY_OPEN) return;
    size_t i = pl_locale_best(l->c->locale, p->locales, p->nlocales, 0);
    pl_engine__set_locale(l->c, p->locales[i]);
}

int64_t pl_engine__lane_due(const struct pl_engine_lane *l) {
    return l->c->with == PL_WITH_BOT ? l->c->deadline_ms : 0;
}

bool pl_engine__lane_busy(const struct pl_engine_lane *l) {
    return l->c->mode == PL_VM_BUSY;
}

/* People have what is handed over to them, here as there. */
static void handed_over(struct eng_conv *c, const struct pl_vm_result *r) {
    for (uint32_t i = 0; i < r->neffects; i++) {
        if (r->effects[i].kind != PL_EFFECT_HANDOFF) continue;
        pl_engine__notes_free(c);
        if (r->effects[i].mode == PL_HANDOFF_NOW) pl_engine__with(c, PL_WITH_WAITING);
    }
}

static enum pl_err lane_step(struct pl_engine_lane *l, struct pl_arena *a,
                             struct pl_engine_step *s) {
    struct pl_engine *e = &l->p->e;
    struct eng_conv *c = l->c;
    struct pl_entry shown;
    if (c->state.n == 0) pl_buf_str(&c->state, pl_vm_begin(a, c->image->image, s->event->now_ms));
    pl_engine__follow_language(c, s->event);
    s->event->locale = pl_arena_str(a, c->locale);
    struct pl_str state = pl_arena_str(a, pl_buf_slice(&c->state));
    for (;;) {
        enum pl_err err = pl_vm_step(e->vm, c->image->image, state, s->event, a, s->result);
        if (err != PL_OK) return err;
        bool fits = pl_engine__shown(e, c, a, s->event, s->result, &shown);
        if (fits || s->event->brief) break;
        s->event->brief = true;
    }
    pl_engine__absorb(e, c, s->event, s->result);
    handed_over(c, s->result);
    step_shows(s, l, &shown);
    return PL_OK;
}

/* The event of this kind now, by the lane's own clock and image; chance is as it was. */
static void event_of(struct pl_engine_lane *l, enum pl_vm_event_kind kind,
                     const struct pl_vm_event *was, struct pl_vm_event *out) {
    l->p->now_ms = was->now_ms;
    pl_engine__look(&l->p->e, l->c, kind, out);
    out->seed = was->seed;
    out->subject = was->subject;
}

/* ---- messages ---- */

static bool is_given(const struct pl_program *p, const struct pl_vm_entity *x) {
    return x->entity < p->nentities &&
           (p->entities[x->entity].lua != PL_NOWHERE || p->entities[x->entity].hook != PL_NOWHERE);
}

/* What Lua or the shop's lists found in the text is taken from the reading as it was: nobody is
 * asked for it again. */
static void give_found(struct eng_conv *c, struct pl_str text, const struct pl_engine_step *came) {
    const struct pl_program *from = pl_image_program(came->image);
    const struct pl_program *to = pl_image_program(c->image->image);
    pl_engine__heard_free(c);
    c->heard = calloc(1, sizeof *c->heard);
    pl_assert(c->heard);
    pl_arena_init(&c->heard->a, 0);
    c->heard->image = c->image;
    c->heard->text = pl_arena_str(&c->heard->a, text);
    for (uint32_t i = 0; i < came->event->reading.nentities; i++) {
        const struct pl_vm_entity *x = &came->event->reading.entities[i];
        if (!is_given(from, x) || x->value.kind != PL_KIND_TEXT) continue;
        struct pl_nlp_given given = {.entity = to->nentities,
                                     .start = x->start,
                                     .end = x->end,
                                     .value = pl_arena_str(&c->heard->a, x->value.s)};
        for (uint32_t k = 0; k < to->nentities; k++)
            if (pl_str_eq(to->entities[k].name, from->entities[x->entity].name)) given.entity = k;
        if (given.entity < to->nentities && !pl_nlp_given_wrong(c->heard->text, &given))
            PL_PUSH(&c->heard->given, given);
    }
}

static enum pl_err take_message(struct pl_engine_lane *l, const struct pl_engine_step *came,
                                struct pl_arena *a, struct pl_engine_step *out) {
    struct pl_engine *e = &l->p->e;
    struct eng_conv *c = l->c;
    struct pl_escalation found;
    const struct pl_vm_reading *was = &came->event->reading;
    struct eng_said said = {
        .said = came->said, .card = came->card, .text = came->text, .label = came->label};
    if (was->secret.n) said.text = was->secret;
    if (c->with != PL_WITH_BOT) return PL_CONFLICT;
    if (!pl_engine__label(e, c, a, &said, &said.label)) return PL_NOT_FOUND;
    if (said.said == PL_ENGINE_SAID_TEXT) give_found(c, said.text, came);
    pl_engine__read(e, c, a, &said, out->event);
    pl_engine__heard_free(c);
    enum pl_err err =
        pl_escalate(e->vm, c->image->image, pl_buf_slice(&c->state), out->event, a, &found);
    if (err != PL_OK) return err;
    pl_escalate_apply(&found, out->event);
    if (c->mode == PL_VM_BUSY && !found.now) return PL_CONFLICT;
    return lane_step(l, a, out);
}

/* ---- other things that come ---- */

/* Of a record those fields that have the name and type of one of these slots. */
static struct pl_value fields_of(struct pl_arena *a, const struct pl_types *types,
                                 const struct pl_p_slot *slots, uint32_t n, struct pl_value v) {
    struct pl_field *f = PL_NEW_ARRAY(a, struct pl_field, n + 1);
    uint32_t kept = 0;
    if (v.kind != PL_KIND_RECORD) return v;
    for (uint32_t i = 0; i < n; i++) {
        struct pl_type type = slots[i].type;
        struct pl_value value = pl_rec_get(v, slots[i].name);
        type.optional = true;
        if (value.kind != PL_KIND_NONE && pl_value_is(types, type, value))
            f[kept++] = (struct pl_field){slots[i].name, value};
    }
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = kept}};
}

static enum pl_err take_happened(struct pl_engine_lane *l, const struct pl_vm_event *was,
                                 struct pl_arena *a, struct pl_engine_step *out) {
    const struct pl_image *image = l->c->image->image;
    const struct pl_program *p = pl_image_program(image);
    uint32_t row = pl_image_event(image, was->name);
    if (row == PL_NOWHERE) return PL_NOT_FOUND;
    const struct pl_p_event *e = &p->events[row];
    for (uint32_t i = 0; i < e->nparams; i++)
        if (!pl_value_is(&p->types, e->params[i].type, pl_rec_get(was->value, e->params[i].name)))
            return PL_NOT_FOUND;
    if (l->c->nheld >= PL_VM_HELD) return PL_CONFLICT;
    struct pl_field *f = PL_NEW_ARRAY(a, struct pl_field, e->nparams + 1);
    for (uint32_t i = 0; i < e->nparams; i++)
        f[i] = (struct pl_field){e->params[i].name, pl_rec_get(was->value, e->params[i].name)};
    out->event->name = was->name;
    out->event->key = was->key;
    out->event->value = (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = e->nparams}};
    return lane_step(l, a, out);
}

static enum pl_err take_identity(struct pl_engine_lane *l, const struct pl_vm_event *was,
                                 struct pl_arena *a, struct pl_engine_step *out) {
    const struct pl_program *p = pl_image_program(l->c->image->image);
    out->event->verified = was->verified;
    out->event->consent = was->consent;
    out->event->customer = fields_of(a, &p->types, p->customer, p->ncustomer, was->customer);
    return lane_step(l, a, out);
}

static enum pl_err take_rules(struct pl_engine_lane *l, struct pl_arena *a,
                              struct pl_engine_step *out) {
    struct eng_conv *c = l->c;
    struct pl_escalation found;
    enum pl_err err =
        pl_escalate(l->p->e.vm, c->image->image, pl_buf_slice(&c->state), out->event, a, &found);
    if (err != PL_OK || (!found.changed && found.rule == PL_NOWHERE)) return err;
    pl_escalate_apply(&found, out->event);
    return lane_step(l, a, out);
}

static bool is_due(const struct eng_conv *c, int64_t now_ms) {
    return c->with == PL_WITH_BOT && c->deadline_ms && c->deadline_ms <= now_ms;
}

enum pl_err pl_engine_lane_take(struct pl_engine_lane *l, const struct pl_engine_step *came,
                                struct pl_arena *a, struct pl_engine_step *out) {
    const struct pl_vm_event *was = came->event;
    struct pl_engine_step *s = step_new(a, out);
    event_of(l, (enum pl_vm_event_kind)was->kind, was, s->event);
    switch ((enum pl_vm_event_kind)was->kind) {
    case PL_EVENT_MESSAGE: return take_message(l, came, a, s);
    case PL_EVENT_OPEN: return lane_step(l, a, s);
    case PL_EVENT_IDENTITY: return take_identity(l, was, a, s);
    case PL_EVENT_HAPPENED: return take_happened(l, was, a, s);
    case PL_EVENT_RULE: return take_rules(l, a, s);
    case PL_EVENT_TIMER: return is_due(l->c, was->now_ms) ? lane_step(l, a, s) : PL_OK;
    case PL_EVENT_HANDED_BACK: pl_engine__with(l->c, PL_WITH_BOT); return lane_step(l, a, s);
    case PL_EVENT_NO_MODEL:
        s->event->value = was->value;
        s->event->remembered = was->remembered;
        return lane_step(l, a, s);
    case PL_EVENT_HOOK:
    case PL_EVENT_OUTCOME:
    case PL_EVENT_MODEL:
    case PL_EVENT_NAMED:
    case PL_EVENT_DIVERGED: break; /* no other lane's business */
    }
    return PL_OK;
}

/* ---- results ---- */

static struct eng_effect *awaited(struct eng_conv *c) {
    return c->mode == PL_VM_BUSY ? pl_engine__effect(c, c->busy_effect) : NULL;
}

bool pl_engine_lane_wants(struct pl_engine_lane *l, struct pl_arena *a,
                          struct pl_engine_wants *out) {
    const struct eng_effect *fx = awaited(l->c);
    if (!fx) return false;
    const struct pl_program *p = pl_image_program(fx->image->image);
    bool model = fx->effect_class == ENG_CLASS_MODEL;
    struct pl_reader r = pl_reader_of(pl_arena_str(a, pl_buf_slice(&fx->args)));
    struct pl_value *v = PL_NEW_ARRAY(a, struct pl_value, fx->nargs + 1);
    for (uint32_t i = 0; i < fx->nargs; i++) v[i] = pl_value_read(&r, a);
    *out =
        (struct pl_engine_wants){.model = model,
                                 .name = model ? p->models[fx->hook].id : p->hooks[fx->hook].name,
                                 .args = v,
                                 .nargs = fx->nargs};
    return true;
}

/* A failure that this image does not know would have come as `unavailable`. */
static bool knows_failure(const struct pl_p_hook *hook, struct pl_str failure) {
    if (pl_str_is(failure, "unavailable") || pl_str_is(failure, "unconfirmed")) return true;
    for (uint32_t i = 0; i < hook->nfails; i++)
        if (pl_str_eq(hook->fails[i], failure)) return true;
    return false;
}

static enum pl_err hook_result(const struct eng_effect *fx, const struct pl_vm_event *was,
                               struct pl_vm_event *event) {
    const struct pl_program *p = pl_image_program(fx->image->image);
    const struct pl_p_hook *hook = &p->hooks[fx->hook];
    if (was->failure.n) return knows_failure(hook, was->failure) ? PL_OK : PL_TYPE;
    bool nothing = hook->result.kind == PL_KIND_NONE && was->value.kind == PL_KIND_NONE;
    if (!nothing && !pl_value_is(&p->types, hook->result, was->value)) return PL_TYPE;
    event->secret = pl_type_marked(&p->types, hook->result, PL_SECRET);
    return PL_OK;
}

enum pl_err pl_engine_lane_result(struct pl_engine_lane *l, const struct pl_engine_step *came,
                                  struct pl_arena *a, struct pl_engine_step *out) {
    const struct eng_effect *fx = awaited(l->c);
    const struct pl_vm_event *was = came->event;
    struct pl_engine_step *s = step_new(a, out);
    if (!fx) return PL_CONFLICT;
    bool model = fx->effect_class == ENG_CLASS_MODEL;
    event_of(l,
             model      ? PL_EVENT_MODEL
             : fx->told ? PL_EVENT_OUTCOME
                        : PL_EVENT_HOOK,
             was, s->event);
    s->event->effect = fx->effect;
    s->event->failure = was->failure;
    s->event->value = was->value;
    enum pl_err err = model ? PL_OK : hook_result(fx, was, s->event);
    return err == PL_OK ? lane_step(l, a, s) : err;
}

enum pl_err pl_engine_lane_go_on(struct pl_engine_lane *l, struct pl_arena *a,
                                 struct pl_engine_step *out) {
    struct pl_vm_event now = {.now_ms = l->p->now_ms};
    *out = (struct pl_engine_step){.image = NULL};
    if (l->c->mode != PL_VM_NAMING) return PL_OK;
    struct pl_engine_step *s = step_new(a, out);
    event_of(l, PL_EVENT_NAMED, &now, s->event);
    if (!pl_engine__named(&l->p->e, l->c, a, s->event)) return PL_MALFORMED;
    return lane_step(l, a, s);
}

struct pl_value pl_engine_lane_slots(struct pl_engine_lane *l, struct pl_arena *a) {
    struct eng_conv *c = l->c;
    if (!c->image || c->state.n == 0) return PL_NONE;
    struct pl_str state = pl_arena_str(a, pl_buf_slice(&c->state));
    return pl_vm_slots(l->p->e.vm, c->image->image, state, a);
}
