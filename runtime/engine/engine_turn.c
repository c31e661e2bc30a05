/* SPDX-License-Identifier: Apache-2.0
 *
 * Turns: inputs become entries, entries one append, and when it is on disk the answers go out.
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define SAID_MOST  (PL_ENTRY_MOST / 2) /* bytes of one step's messages; an entry holds them all */
#define LONG_KEPT  200                 /* characters of a message that is too long to be read */
#define ENTRY_REST 4096                /* its numbers, and the length of each message */

/* ---- inputs ---- */

struct eng_input *pl_engine__input_new(struct pl_engine *e, enum eng_kind kind, struct pl_str text,
                                       struct pl_str more, struct pl_str epoch) {
    size_t n = sizeof(struct eng_input) + text.n + more.n + epoch.n;
    struct eng_input *in = malloc(n);
    pl_assert(in);
    memset(in, 0, sizeof *in);
    char *p = (char *)(in + 1);
    const struct pl_str parts[] = {text, more, epoch};
    struct pl_str *const to[] = {&in->text, &in->more, &in->epoch};
    for (size_t i = 0; i < PL_LEN(parts); i++) {
        if (parts[i].n) memcpy(p, parts[i].p, parts[i].n);
        *to[i] = (struct pl_str){p, parts[i].n};
        p += parts[i].n;
    }
    in->e = e;
    in->kind = (uint8_t)kind;
    return in;
}

void pl_engine__input_first(struct eng_conv *c, struct eng_input *in) {
    in->next = c->first;
    c->first = in;
    if (!c->last) c->last = in;
}

void pl_engine__input(struct pl_engine *e, struct eng_conv *c, struct eng_input *in) {
    in->next = NULL;
    if (c->last)
        c->last->next = in;
    else
        c->first = in;
    c->last = in;
    if (in->kind == ENG_SEND || in->kind == ENG_OPEN) c->said_ms = eng_now(e);
    pl_engine__conv_touch(e, c);
    pl_engine__advance(e, c);
}

static struct eng_input *input_pop(struct eng_conv *c) {
    struct eng_input *in = c->first;
    c->first = in->next;
    if (!c->first) c->last = NULL;
    return in;
}

/* ---- turns ---- */

/* The memory that a turn is made in is used for the next one at once: what waits for the disk is
 * small, and what is worked in stays in the processor's cache. */
static struct pl_arena *work_take(struct pl_engine *e) {
    if (e->works.n) return e->works.v[--e->works.n];
    struct pl_arena *a = calloc(1, sizeof *a);
    pl_assert(a);
    pl_arena_init(a, 0);
    return a;
}

static void work_end(struct pl_engine *e, struct eng_turn *t) {
    if (!t->a) return;
    pl_vm_keep(e->vm, NULL);
    pl_arena_reset(t->a);
    PL_PUSH(&e->works, t->a);
    t->a = NULL;
}

static void keep_text(struct eng_turn *t, struct pl_str *text) {
    const char *p = t->kept.p + t->kept.n;
    pl_buf_str(&t->kept, *text);
    text->p = p;
}

/* What is shown and counted once the turn is durable outlives the memory that it was made in. */
static void keep_texts(struct eng_turn *t) {
    size_t bytes = 0;
    pl_buf_clear(&t->kept);
    for (size_t i = 0; i < t->events.n; i++) bytes += t->events.v[i].json.n;
    for (size_t i = 0; i < t->votes.n; i++) bytes += t->votes.v[i].articles.n;
    pl_assert(pl_buf_reserve(&t->kept, bytes)); /* so that nothing moves below */
    for (size_t i = 0; i < t->events.n; i++) keep_text(t, &t->events.v[i].json);
    for (size_t i = 0; i < t->votes.n; i++) keep_text(t, &t->votes.v[i].articles);
}

static struct eng_turn *turn_get(struct pl_engine *e, struct eng_conv *c) {
    struct eng_turn *t = e->pool;
    if (t)
        e->pool = t->next;
    else {
        t = calloc(1, sizeof *t);
        pl_assert(t);
    }
    t->a = work_take(e);
    pl_vm_keep(e->vm, t->a);
    t->e = e;
    t->c = c;
    t->nentries = 0;
    t->acks.n = t->events.n = t->opens.n = t->writes.n = t->told.n = 0;
    t->votes.n = 0;
    t->snapshot = false;
    pl_journal_begin(&t->append, &c->j);
    return t;
}

static void turn_put(struct pl_engine *e, struct eng_turn *t) {
    work_end(e, t);
    t->next = e->pool;
    e->pool = t;
}

static void complain(struct pl_engine *e, const struct eng_conv *c, const char *what,
                     enum pl_err err) {
    char id[33];
    pl_hex(c->id, 16, id);
    if (e->config.log)
        pl_log(e->config.log, PL_LOG_ERROR, "engine", what, "conversation=%s reason=\"%s\"", id,
               pl_err_text(err));
}

void pl_engine__fail(struct pl_engine *e, struct eng_conv *c, const char *what, enum pl_err err) {
    c->broken = true;
    complain(e, c, what, err);
}

bool pl_engine__add(struct pl_engine *e, struct eng_turn *t, struct pl_entry *entry) {
    ENG_LAP(e, TAKE);
    entry->at_ms = eng_now(e);
    enum pl_err err = pl_journal_add(e->journal, &t->append, entry);
    ENG_LAP(e, SEAL);
    if (err != PL_OK) {
        pl_engine__fail(e, t->c, "entry_refused", err);
        return false;
    }
    t->nentries++;
    if (entry->kind != PL_ENTRY_TURN) pl_engine__shadow_entry(e, t->c, entry, NULL);
    for (uint32_t i = 0; i < entry->noutputs; i++) {
        struct pl_engine_event out = {entry->first_seq + i, entry->at_ms, entry->outputs[i]};
        PL_PUSH(&t->events, out);
    }
    return true;
}

/* ---- a step ---- */

static void trace_effect(struct pl_engine *e, const struct eng_conv *c,
                         const struct pl_vm_effect *v) {
    static const char *const words[] = {
#define EFFECT(name, word, meaning) word,
#include "runtime/vm/effect.def"
#undef EFFECT
    };
    const struct pl_program *p = pl_image_program(c->image->image);
    struct pl_str file = PL_STR(""), name = v->name;
    uint32_t line = 0;
    if (!e->config.trace || v->kind == PL_EFFECT_SAY || v->kind == PL_EFFECT_HOOK ||
        v->kind == PL_EFFECT_MODEL)
        return;
    pl_image_line(c->image->image, v->at, &file, &line);
    if (name.n == 0 && v->flow < p->nflows) name = p->flows[v->flow].name;
    pl_engine__trace(e, "%s %.*s (%.*s:%u)", words[v->kind], PL_STR_ARG(name), PL_STR_ARG(file),
                     line);
}

static void trace_event(struct pl_engine *e, const struct eng_conv *c,
                        const struct pl_vm_event *event) {
    const struct pl_program *p = pl_image_program(c->image->image);
    const struct pl_vm_reading *r = &event->reading;
    if (!e->config.trace || event->kind != PL_EVENT_MESSAGE) return;
    for (uint32_t i = 0; i < r->nintents; i++)
        pl_engine__trace(e, "intent %.*s %.2f", PL_STR_ARG(p->intents[r->intents[i].intent]),
                         (double)r->intents[i].confidence);
    for (uint32_t i = 0; i < r->nentities; i++) {
        const struct pl_vm_entity *x = &r->entities[i];
        struct pl_str name = x->entity < p->nentities ? p->entities[x->entity].name
                                                      : pl_str_c(pl_kind_word(x->kind));
        pl_engine__trace(e, "entity %.*s at %u-%u", PL_STR_ARG(name), x->start, x->end);
    }
    if (r->command < p->nintents)
        pl_engine__trace(e, "command %.*s", PL_STR_ARG(p->intents[r->command]));
    if (r->choice) pl_engine__trace(e, "choice %u", r->choice);
    if (event->rule < p->nrules)
        pl_engine__trace(e, "rule %.*s", PL_STR_ARG(p->rules[event->rule].name));
    pl_engine__trace(e, "sentiment %.2f uncertainty %.2f", (double)r->sentiment,
                     (double)r->uncertainty);
}

static struct pl_str handoff_json(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                                  const struct pl_vm_effect *v, int64_t now_ms) {
    const struct pl_program *p = pl_image_program(c->image->image);
    struct pl_vm_text title = {.text = PL_NOWHERE};
    if (v->queue < p->nqueues) title.text = p->queues[v->queue].title;
    struct pl_str queue = pl_engine__text(e, c, &title, a, now_ms);
    pl_buf_clear(&e->buf);
    struct pl_jw w = {.b = &e->buf};
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "kind", PL_STR("handoff"));
    pl_jw_text_member(&w, "from", PL_STR("system"));
    pl_jw_text_member(&w, "mode", pl_str_c(pl_engine__modes[v->mode]));
    pl_jw_text_member(&w, "queue", queue);
    pl_jw_close(&w, '}');
    return pl_arena_str(a, pl_buf_slice(&e->buf));
}

static void report_error(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_effect *v) {
    struct pl_str file;
    uint32_t line;
    char id[33];
    ENG_COUNT(e, ERRORS);
    pl_hex(c->id, 16, id);
    pl_image_line(c->image->image, v->at, &file, &line);
    if (e->config.log)
        pl_log(e->config.log, PL_LOG_ERROR, "engine", "flow_error",
               "conversation=%s file=%.*s line=%u", id, PL_STR_ARG(file), line);
}

static struct pl_str output(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                            const struct pl_vm_effect *v, int64_t now_ms, uint32_t *buttons) {
    switch ((enum pl_vm_effect_kind)v->kind) {
    case PL_EFFECT_SAY: return pl_engine__say(e, c, &v->say, a, now_ms, buttons);
    case PL_EFFECT_HANDOFF: return handoff_json(e, c, a, v, now_ms);
    case PL_EFFECT_CLOSED: return PL_STR("{\"kind\":\"closed\",\"from\":\"system\"}");
    default: return (struct pl_str){0};
    }
}

/* What the customer sees of a step, in order. False: an entry does not hold all of it, and what
 * came too late is missing. */
static bool outputs(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                    const struct pl_vm_result *r, int64_t now_ms, struct pl_entry *entry) {
    uint32_t buttons = c->nbuttons;
    size_t bytes = 0;
    struct pl_str *out = PL_NEW_ARRAY(a, struct pl_str, (size_t)r->neffects + 1);
    entry->outputs = out;
    entry->noutputs = 0;
    for (uint32_t i = 0; i < r->neffects; i++) {
        struct pl_str o = output(e, c, a, &r->effects[i], now_ms, &buttons);
        if (o.n == 0) continue;
        bytes += o.n;
        if (entry->noutputs == PL_ENTRY_OUTPUTS || bytes > SAID_MOST) return false;
        out[entry->noutputs++] = o;
    }
    return true;
}

/* Goals, marks, notes, analytics: kind, flow, name or words, values; for exporters. */
static struct pl_str effect_list(struct pl_engine *e, const struct eng_conv *c, struct pl_arena *a,
                                 const struct pl_vm_result *r, int64_t now_ms) {
    struct pl_buf b = {0};
    for (uint32_t i = 0; i < r->neffects; i++) {
        const struct pl_vm_effect *v = &r->effects[i];
        struct pl_str name = v->name;
        if (v->kind != PL_EFFECT_GOAL && v->kind != PL_EFFECT_TRACK && v->kind != PL_EFFECT_ENDED &&
            v->kind != PL_EFFECT_MARK && v->kind != PL_EFFECT_NOTE)
            continue;
        if (v->kind == PL_EFFECT_NOTE) name = pl_engine__text(e, c, &v->note, a, now_ms);
        pl_buf_byte(&b, v->kind);
        pl_buf_var(&b, (uint32_t)(v->flow + 1));
        pl_buf_text(&b, name);
        pl_buf_var(&b, v->nargs);
        for (uint32_t k = 0; k < v->nargs; k++) pl_value_write(&b, v->args[k]);
    }
    struct pl_str list = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return list;
}

static void hand_over(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                      const struct pl_vm_result *r, int64_t now_ms) {
    for (uint32_t i = 0; i < r->neffects; i++) {
        const struct pl_vm_effect *v = &r->effects[i];
        if (v->kind != PL_EFFECT_HANDOFF) continue;
        ENG_COUNT(e, HANDOFFS);
        struct pl_str json = pl_engine__handoff(e, c, v, t->a, now_ms);
        pl_engine__notes_free(c);
        if (v->mode == PL_HANDOFF_NOW) pl_engine__with(c, PL_WITH_WAITING);
        struct pl_entry entry = {.kind = PL_ENTRY_WITH, .flags = PL_ENTRY_WAITS};
        entry.with.with = c->with;
        entry.with.data = json;
        t->snapshot = true;
        if (!pl_engine__add(e, t, &entry)) return;
        pl_engine__handoff_add(c, entry.n, entry.at_ms, json);
    }
}

static void start_effect(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t) {
    if (c->mode != PL_VM_BUSY) return;
    struct eng_effect *fx = pl_engine__effect(c, c->busy_effect);
    if (!fx || fx->flying) return;
    if (fx->effect_class == PL_CLASS_WRITE_ONCE)
        PL_PUSH(&t->writes, fx->effect);
    else if (fx->effect_class == ENG_CLASS_MODEL)
        pl_engine__model_start(e, c, fx);
    else
        pl_engine__hook_start(e, c, fx);
}

/* What is secret of the event, in a box of its own. */
static bool hide(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                 const struct pl_vm_event *event, struct pl_entry *entry) {
    pl_buf_clear(&e->buf);
    pl_buf_clear(&e->buf2);
    pl_vm_event_write_secret(&e->buf, event);
    if (e->buf.n == 0) return true;
    enum pl_err err = pl_journal_hide(e->journal, &c->j, pl_buf_slice(&e->buf), &e->buf2);
    memset(e->buf.p, 0, e->buf.n);
    entry->turn.secret = pl_arena_str(t->a, pl_buf_slice(&e->buf2));
    return err == PL_OK;
}

bool pl_engine__shown(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                      const struct pl_vm_event *event, const struct pl_vm_result *r,
                      struct pl_entry *entry) {
    *entry = (struct pl_entry){.kind = PL_ENTRY_TURN};
    bool fits = outputs(e, c, a, r, event->now_ms, entry);
    memcpy(entry->turn.image, pl_image_hash(c->image->image), sizeof entry->turn.image);
    entry->turn.effects = effect_list(e, c, a, r, event->now_ms);
    entry->turn.hash = r->hash;
    return fits;
}

/* Everything of the step's entry but the flags. False: it would be longer than an entry may be. */
static bool compose(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                    const struct pl_vm_event *event, const struct pl_vm_result *r,
                    struct pl_entry *entry) {
    bool fits = pl_engine__shown(e, c, t->a, event, r, entry);
    pl_buf_clear(&e->buf);
    pl_vm_event_write(&e->buf, event);
    entry->turn.event = pl_arena_str(t->a, pl_buf_slice(&e->buf));
    bool hidden = hide(e, c, t, event, entry);
    size_t besides = entry->turn.effects.n + entry->turn.event.n + entry->turn.secret.n;
    return fits && hidden && besides <= PL_ENTRY_MOST - SAID_MOST - ENTRY_REST;
}

/* Steps, and once more when what came out does not fit into an entry: then the flow that says so
 * much goes to internal_error. False: the state cannot be stepped from. */
static bool run_step(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                     struct pl_str state, struct pl_vm_event *event, struct pl_vm_result *r,
                     struct pl_entry *entry) {
    for (;;) {
        enum pl_err err = pl_vm_step(e->vm, c->image->image, state, event, t->a, r);
        ENG_LAP(e, STEP);
        if (err != PL_OK) {
            pl_engine__fail(e, c, "step_failed", err);
            return false;
        }
        bool fits = compose(e, c, t, event, r, entry);
        ENG_LAP(e, SAY);
        if (fits || event->brief) return true;
        event->brief = true;
    }
}

static void look_on(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_event *event,
                    const struct pl_vm_result *r) {
    for (uint32_t i = 0; i < r->neffects; i++) {
        trace_effect(e, c, &r->effects[i]);
        if (r->effects[i].kind == PL_EFFECT_ERROR) report_error(e, c, &r->effects[i]);
    }
    trace_event(e, c, event);
    if (event->kind == PL_EVENT_HAPPENED)
        pl_engine__trace(e, "event %.*s", PL_STR_ARG(event->name));
    if (e->config.step) e->config.step(e->config.step_ctx, c->id, c->image->image, event, r);
}

/* What a shadow and a canary are told of the step. */
static void watch(struct pl_engine *e, struct eng_conv *c, const struct eng_turn *t,
                  struct pl_vm_event *event, struct pl_vm_result *r, const struct pl_entry *entry) {
    static const struct eng_said nothing;
    const struct eng_said *said = t->said ? t->said : &nothing;
    struct pl_engine_step step = {.image = c->image->image,
                                  .event = event,
                                  .result = r,
                                  .noutputs = entry->noutputs,
                                  .outputs = entry->outputs,
                                  .effects = entry->turn.effects,
                                  .said = said->said,
                                  .card = said->card,
                                  .text = said->text,
                                  .label = said->label};
    pl_engine__canary_step(c, event, r);
    if (c->trial) pl_engine__shadow_entry(e, c, entry, &step);
}

void pl_engine__step(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                     struct pl_vm_event *event, uint64_t of) {
    struct pl_vm_result r;
    struct pl_entry entry;
    pl_engine__follow_language(c, event);
    if (c->other_sum)
        pl_engine__trace(e, "language %s, %d of %d", c->other, c->other_sum, ENG_OTHER_ENOUGH);
    event->locale = c->locale;
    /* effects point into the state they came from, which absorb overwrites */
    struct pl_str state = pl_arena_str(t->a, pl_buf_slice(&c->state));
    ENG_LAP(e, TAKE);
    if (!run_step(e, c, t, state, event, &r, &entry)) return;
    ENG_COUNT(e, STEPS);
    look_on(e, c, event, &r);
    entry.turn.of = of;
    pl_engine__uses(c);
    pl_engine__absorb(e, c, event, &r);
    pl_engine__inbox_pop(c, of);
    if (c->effects.n || c->deadline_ms || c->ninbox) entry.flags = PL_ENTRY_WAITS;
    if (!pl_engine__add(e, t, &entry)) return;
    watch(e, c, t, event, &r, &entry);
    pl_engine__models_unread(c, event, &entry);
    hand_over(e, c, t, &r, event->now_ms);
    start_effect(e, c, t);
}

/* At a wait a conversation goes over to the active image (or its canary's), if its flows let it
 * (`on change`). */
static void move_image(struct pl_engine *e, struct eng_conv *c) {
    struct eng_image *home = pl_engine__home(e, c);
    if (c->image != home && !c->effects.n) pl_engine__conv_move(e, c, home);
}

void pl_engine__look(struct pl_engine *e, struct eng_conv *c, enum pl_vm_event_kind kind,
                     struct pl_vm_event *event) {
    *event = (struct pl_vm_event){.kind = (uint8_t)kind};
    pl_engine__facts(e, c->image, eng_now(e), event);
    const uint8_t *who = pl_engine__is_nobody(c->customer) ? c->id : c->customer;
    event->subject = pl_fnv(PL_FNV, who, sizeof c->id);
}

void pl_engine__event(struct pl_engine *e, struct eng_conv *c, enum pl_vm_event_kind kind,
                      struct pl_vm_event *event) {
    move_image(e, c);
    pl_engine__look(e, c, kind, event);
}

/* ---- messages ---- */

/* Reads the message and asks the rules; gives whether one takes the conversation at once. */
static bool read_message(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                         const struct eng_said *said, struct pl_vm_event *event) {
    struct pl_escalation found;
    pl_engine__event(e, c, PL_EVENT_MESSAGE, event);
    pl_engine__lists_ask(e, c->image, false);
    ENG_LAP(e, TAKE);
    pl_engine__read(e, c, t->a, said, event);
    ENG_LAP(e, READ);
    enum pl_err err =
        pl_escalate(e->vm, c->image->image, pl_buf_slice(&c->state), event, t->a, &found);
    ENG_LAP(e, RULES);
    if (err != PL_OK) {
        pl_engine__fail(e, c, "rules_failed", err);
        return false;
    }
    pl_escalate_apply(&found, event);
    return found.now;
}

static void take_waiting(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t) {
    const struct eng_waiting *w = &c->inbox[0];
    struct pl_vm_event event;
    struct eng_said said = {.said = w->said,
                            .card = w->card,
                            .text = pl_arena_str(t->a, w->text),
                            .label = pl_arena_str(t->a, w->label)};
    uint64_t n = w->n;
    read_message(e, c, t, &said, &event);
    if (c->broken) return;
    ENG_COUNT(e, TURNS);
    t->said = &said;
    pl_engine__step(e, c, t, &event, n);
    t->said = NULL;
}

static void refuse(struct pl_engine *e, const struct eng_input *in, enum pl_engine_error code) {
    ENG_COUNT(e, REFUSED);
    pl_engine__error(e, in->client, code, in->cid);
}

/* True when the message is new and in order; a repeat is acknowledged as such. */
static bool is_new(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                   const struct eng_input *in, uint64_t hash) {
    struct eng_client_memory *m = pl_engine__memory(c, in->cid.instance, false);
    uint64_t highest = m ? m->highest : 0;
    if (in->cid.counter == highest + 1) return true;
    if (in->cid.counter > highest || in->cid.counter == 0) {
        char text[80];
        snprintf(text, sizeof text, "the next one expected is %llu",
                 (unsigned long long)(highest + 1));
        ENG_COUNT(e, REFUSED);
        e->config.sink.error(e->config.sink.ctx, in->client, PL_ENGINE_ERR_ORDER, pl_str_c(text),
                             in->cid);
        return false;
    }
    uint64_t seq = c->j.seq;
    bool known = m->recent[in->cid.counter % ENG_RECENT].counter == in->cid.counter;
    if (known && m->recent[in->cid.counter % ENG_RECENT].hash != hash) {
        refuse(e, in, PL_ENGINE_ERR_REUSED);
        return false;
    }
    if (known) seq = m->recent[in->cid.counter % ENG_RECENT].seq;
    ENG_COUNT(e, DUPLICATES);
    for (size_t i = 0; i < t->acks.n; i++) { /* in this very append: said when it is durable */
        struct eng_ack ack = {in->client, t->acks.v[i].seq, in->cid, true};
        if (t->acks.v[i].cid.instance != in->cid.instance ||
            t->acks.v[i].cid.counter != in->cid.counter)
            continue;
        PL_PUSH(&t->acks, ack);
        return false;
    }
    e->config.sink.ack(e->config.sink.ctx, in->client, in->cid, seq, true, NULL, 0);
    return false;
}

static bool arrive(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                   const struct eng_input *in, struct pl_masked text, const struct eng_said *said,
                   uint64_t hash, uint64_t *n) {
    struct pl_str seen[2];
    struct pl_entry entry = {.kind = PL_ENTRY_ARRIVAL, .flags = PL_ENTRY_WAITS};
    entry.arrival = (struct pl_entry_arrival){.client = in->cid.instance,
                                              .counter = in->cid.counter,
                                              .body_hash = hash,
                                              .said = said->said,
                                              .text = text,
                                              .label = said->label};
    uint32_t nseen = pl_entry_arrival_outputs(t->a, &entry.arrival, seen);
    if (!pl_engine__add(e, t, &entry)) return false;
    for (uint32_t i = 0; i < nseen; i++) {
        struct pl_engine_event out = {entry.first_seq + i, entry.at_ms, seen[i]};
        PL_PUSH(&t->events, out);
    }
    struct eng_ack ack = {in->client, entry.first_seq, in->cid, false};
    PL_PUSH(&t->acks, ack);
    pl_engine__remember(c, in->cid, hash, entry.first_seq);
    *n = entry.n;
    return true;
}

static bool begins(char c) {
    return ((unsigned char)c & 0xc0) != 0x80;
}

static size_t code_points(struct pl_str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) n += begins(s.p[i]);
    return n;
}

/* What is kept of a message that is too long: its first characters. */
static struct pl_str beginning(struct pl_arena *a, struct pl_str s) {
    size_t n = 0, at = 0;
    while (at < s.n && (n += begins(s.p[at])) <= LONG_KEPT) at++;
    return pl_arena_printf(a, "%.*s…", (int)at, s.p);
}

/* What he says to people is none of the flows' business, but for his word about models. */
static void overheard(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                      const struct eng_said *said) {
    struct pl_vm_event event;
    if (said->said != PL_ENGINE_SAID_TEXT || c->broken) return;
    pl_engine__look(e, c, PL_EVENT_MESSAGE, &event);
    pl_engine__read(e, c, t->a, said, &event);
    int word = pl_engine__said_of_models(c, &event.reading);
    if (word != 0) pl_engine__step_no_model(e, c, t, word > 0, false);
}

static void send(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                 const struct eng_input *in) {
    bool too_long = code_points(in->text) > PL_ENGINE_TEXT;
    if (too_long && (in->said != PL_ENGINE_SAID_TEXT || c->with != PL_WITH_BOT)) {
        refuse(e, in, PL_ENGINE_ERR_LONG); /* no flow could say so */
        return;
    }
    struct pl_masked text = pl_privacy_mask(t->a, pl_arena_str(t->a, in->text));
    uint64_t hash = pl_conv_digest(e->journal, &c->j, text.s) + in->said, n = 0;
    if (too_long) text.s = beginning(t->a, text.s);
    struct eng_said said = {
        .said = too_long ? PL_ENGINE_SAID_LONG : in->said, .card = text.card_seen, .text = text.s};
    struct pl_vm_event event;
    if (!is_new(e, c, t, in, hash)) return;
    bool bot = c->with == PL_WITH_BOT, busy = bot && c->mode == PL_VM_BUSY;
    if (bot) move_image(e, c); /* what is offered is looked up where it is answered */
    if (!pl_engine__label(e, c, t->a, &said, &said.label)) {
        refuse(e, in, PL_ENGINE_ERR_CHOICE);
        return;
    }
    bool now = bot && read_message(e, c, t, &said, &event);
    if (c->broken) return;
    if (busy && !now && c->ninbox == PL_ENGINE_INBOX) {
        refuse(e, in, PL_ENGINE_ERR_BUSY);
        return;
    }
    if (bot && event.reading.secret.n) text = pl_privacy_hidden();
    if (!arrive(e, c, t, in, text, &said, hash, &n)) return;
    if (!bot) {
        t->snapshot = pl_engine__handoff_again(c);
        overheard(e, c, t, &said);
        return;
    }
    if (busy && !now) {
        /* the flow that says so has to wait; that it is so does not */
        if (pl_engine__said_of_models(c, &event.reading) > 0)
            pl_engine__step_no_model(e, c, t, true, false);
        pl_engine__inbox_push(c, n, &said);
        return;
    }
    ENG_COUNT(e, TURNS);
    t->said = &said;
    pl_engine__step(e, c, t, &event, n);
    t->said = NULL;
}

/* ---- other inputs ---- */

struct missed {
    struct pl_arena *a;
    PL_VEC(struct pl_engine_event) events;
};

static bool next_event(void *ctx, uint64_t seq, int64_t at_ms, struct pl_str json) {
    struct missed *m = ctx;
    struct pl_engine_event out = {seq, at_ms, pl_arena_str(m->a, json)};
    PL_PUSH(&m->events, out);
    return true;
}

/* Asking ICU costs as much as a small turn, and nearly all conversations of a time ask the same. */
static bool is_rtl(struct pl_engine *e, const struct eng_conv *c) {
    if (!pl_str_is(c->locale, e->rtl_locale)) {
        e->rtl = pl_locale_rtl(c->locale);
        memcpy(e->rtl_locale, c->locale.p, c->locale.n);
        e->rtl_locale[c->locale.n] = '\0';
    }
    return e->rtl;
}

static void say_ready(struct pl_engine *e, const struct eng_conv *c, uint64_t client,
                      bool recovered) {
    static const char *const with[] = {"bot", "waiting", "agent"};
    struct pl_engine_ready r = {.with = pl_str_c(with[c->with % 3]),
                                .locale = c->locale,
                                .rtl = is_rtl(e, c),
                                .recovered = recovered,
                                .seq = c->j.seq};
    e->config.sink.ready(e->config.sink.ctx, client, &r);
}

/* Comes back: what was missed, from the journal; what is under way follows when durable. All of it
 * is read before a word is said: a client that cannot have it is not in the conversation. */
static void resume(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                   struct eng_input *in) {
    bool same = in->epoch.n == 0 || pl_str_is(in->epoch, pl_store_epoch(e->config.store));
    uint64_t after = same && in->seq <= c->j.seq ? in->seq : 0;
    struct missed m = {.a = t->a};
    if (!pl_engine__client(e, in->client)) return; /* it left meanwhile */
    enum pl_err err = pl_journal_events(e->journal, &c->j, after, next_event, &m);
    if (err != PL_OK && err != PL_NOT_FOUND) {
        complain(e, c, "events_unreadable", err);
        pl_engine__error(e, in->client, PL_ENGINE_ERR_INTERNAL, in->cid);
    } else {
        say_ready(e, c, in->client, same && in->seq <= c->j.seq);
        if (m.events.n)
            e->config.sink.events(e->config.sink.ctx, in->client, m.events.v, m.events.n);
        pl_engine__attach(e, c, in->client, c->j.seq);
        e->config.sink.live(e->config.sink.ctx, in->client);
    }
    PL_VEC_FREE(&m.events);
}

static bool note_customer(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                          const struct eng_input *in) {
    struct pl_entry entry = {.kind = PL_ENTRY_KNOWN};
    if (pl_engine__is_nobody(in->customer) || !pl_engine__is_nobody(c->customer)) return true;
    memcpy(c->customer, in->customer, sizeof c->customer);
    entry.flags = PL_ENTRY_WAITS; /* after a restart he is to be found by his conversations */
    memcpy(entry.known.customer, in->customer, sizeof entry.known.customer);
    if (!pl_engine__add(e, t, &entry)) return false;
    c->known_ms = entry.at_ms;
    return true;
}

/* Events that came before he had a conversation. */
static void tell_kept(struct pl_engine *e, struct eng_conv *c) {
    pl_engine__input(e, c, pl_engine__input_new(e, ENG_KEPT, PL_STR(""), PL_STR(""), PL_STR("")));
}

/* Who comes back may have signed in meanwhile. False: he is somebody else. */
static bool identify(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                     const struct eng_input *in) {
    struct pl_vm_event event;
    bool other = !pl_engine__is_nobody(c->customer) && !pl_engine__is_nobody(in->customer) &&
                 memcmp(c->customer, in->customer, sizeof c->customer) != 0;
    if (!in->known) return true;
    if (other) {
        pl_engine__error(e, in->client, PL_ENGINE_ERR_IDENTITY, in->cid);
        return false;
    }
    bool new =
        !c->known || (pl_engine__is_nobody(c->customer) && !pl_engine__is_nobody(in->customer));
    if (!new && (c->proven || !in->verified)) return true;
    if (!note_customer(e, c, t, in)) return true;
    pl_engine__event(e, c, PL_EVENT_IDENTITY, &event);
    event.verified = in->verified;
    bool kept = pl_engine__recall(e, c, t->a, &event);
    pl_engine__step(e, c, t, &event, 0);
    if (kept) tell_kept(e, c);
    return true;
}

static void open_fresh(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                       const struct eng_input *in) {
    struct pl_vm_event event;
    struct pl_entry entry = {.kind = PL_ENTRY_OPEN};
    memcpy(entry.open.resume, c->resume, sizeof c->resume);
    entry.open.locale = c->locale;
    entry.open.guessed = c->locale_guessed;
    entry.open.page = pl_privacy_mask(t->a, pl_arena_str(t->a, in->more));
    if (!pl_engine__add(e, t, &entry)) return;
    PL_PUSH(&t->opens, in->client);
    ENG_COUNT(e, OPENED);
    pl_engine__lists_ask(e, c->image, false);
    if (in->known && !note_customer(e, c, t, in)) return;
    pl_engine__event(e, c, in->known ? PL_EVENT_IDENTITY : PL_EVENT_OPEN, &event);
    event.verified = in->verified;
    bool kept = in->known && pl_engine__recall(e, c, t->a, &event);
    /* begun by the clock of its first event, as replay does it */
    pl_buf_str(&c->state, pl_vm_begin(t->a, c->image->image, event.now_ms));
    pl_engine__step(e, c, t, &event, 0);
    if (!in->known) return;
    pl_engine__event(e, c, PL_EVENT_OPEN, &event); /* who he is, then a word for him */
    pl_engine__step(e, c, t, &event, 0);
    if (kept) tell_kept(e, c);
}

static void hook(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                 const struct eng_input *in) {
    struct eng_effect *fx = pl_engine__effect(c, in->effect);
    uint8_t outcome = in->outcome;
    struct pl_vm_event event;
    if (!fx) return;
    fx->flying = false;
    bool write = fx->effect_class == PL_CLASS_WRITE_ONCE;
    if (write && (fx->told || fx->uncertain) && outcome == PL_OUTCOME_UNAVAILABLE)
        outcome =
            PL_OUTCOME_UNCONFIRMED; /* this attempt was not sent; an earlier one may have been */
    if (fx->told && outcome == PL_OUTCOME_UNCONFIRMED) return; /* asked again later */
    pl_engine__event(e, c, fx->told ? PL_EVENT_OUTCOME : PL_EVENT_HOOK, &event);
    event.effect = in->effect;
    if (outcome == PL_OUTCOME_OK) {
        struct pl_reader r = pl_reader_of(pl_arena_str(t->a, in->text));
        const struct pl_program *p = pl_image_program(fx->image->image);
        event.value = in->text.n ? pl_value_read(&r, t->a) : PL_NONE;
        event.secret = pl_type_marked(&p->types, p->hooks[fx->hook].result, PL_SECRET);
    } else if (outcome == PL_OUTCOME_FAILED) {
        event.failure = pl_arena_str(t->a, in->more);
    } else if (outcome == PL_OUTCOME_UNCONFIRMED) {
        event.failure = PL_STR("unconfirmed");
        ENG_COUNT(e, UNCONFIRMED);
    } else {
        event.failure = PL_STR("unavailable");
    }
    pl_engine__trace(e, "outcome %s %.*s", event.failure.n ? "failed" : "ok",
                     PL_STR_ARG(event.failure));
    pl_engine__step(e, c, t, &event, 0);
}

static void model(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                  const struct eng_input *in) {
    const struct eng_effect *fx = pl_engine__effect(c, in->effect);
    struct pl_vm_event event;
    if (!fx || fx->effect_class != ENG_CLASS_MODEL) return;
    pl_engine__event(e, c, PL_EVENT_MODEL, &event);
    pl_engine__model_event(in, t->a, &event);
    pl_engine__trace(e, "answer %s", event.failure.n ? event.failure.p : "ok");
    pl_engine__step(e, c, t, &event, 0);
}

static void timer(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t) {
    struct pl_vm_event event;
    if (c->with != PL_WITH_BOT || c->deadline_ms == 0 || eng_ticks(e) < eng_due(c)) return;
    pl_engine__event(e, c, PL_EVENT_TIMER, &event);
    if (event.now_ms < c->deadline_ms) event.now_ms = c->deadline_ms; /* the clock went back */
    int64_t was = c->deadline_ms;
    pl_engine__step(e, c, t, &event, 0);
    bool again = c->deadline_ms == was;
    if (again && was) c->deadline_ms = event.now_ms + 1000;
    if (!again || was) c->lead_ms = eng_ticks(e) - event.now_ms;
}

/* What was shown stays; the flow does not go on from where it cannot be. The snapshot is what it
 * goes on from: played again from the start it would come out differently again. */
static void diverged(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t) {
    struct pl_vm_event event;
    c->diverged = false;
    pl_engine__look(e, c, PL_EVENT_DIVERGED, &event);
    pl_engine__step(e, c, t, &event, 0);
    t->snapshot = true;
}

/* After a load: the effect that the flow waits for is asked for again, or given up. */
static void catch_up(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t) {
    struct pl_vm_event event;
    pl_engine__keep_start(e, c);
    for (size_t i = 0; i < c->effects.n; i++) {
        struct eng_effect *fx = c->effects.v[i];
        fx->uncertain = true;
        /* a write whose flow was cut off: nobody waits, but its truth is owed */
        if (fx->effect_class == PL_CLASS_WRITE_ONCE && !fx->told) pl_engine__hook_start(e, c, fx);
    }
    if (c->diverged) {
        diverged(e, c, t);
        return;
    }
    pl_engine__models_again(e, c, t);
    if (c->mode != PL_VM_BUSY) return;
    struct eng_effect *fx = pl_engine__effect(c, c->busy_effect);
    if (fx && fx->flying) return;
    if (fx && fx->effect_class == ENG_CLASS_MODEL) {
        pl_engine__model_start(e, c, fx); /* in what is left of its time */
        return;
    }
    if (fx && (fx->effect_class == PL_CLASS_WRITE_ONCE ||
               eng_now(e) - fx->asked_ms < ENG_READ_AGAIN_MS)) {
        pl_engine__hook_start(e, c, fx);
        return;
    }
    pl_engine__event(e, c, PL_EVENT_HOOK, &event);
    event.effect = c->busy_effect;
    event.failure = PL_STR("unavailable");
    pl_engine__step(e, c, t, &event, 0);
    if (c->mode != PL_VM_BUSY || c->busy_effect != event.effect) return;
    pl_engine__event(e, c, PL_EVENT_MODEL, &event); /* it was a model's turn */
    event.effect = c->busy_effect;
    event.failure = PL_STR("down");
    pl_engine__step(e, c, t, &event, 0);
}

static void rate(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                 const struct eng_input *in) {
    if (!pl_engine__rate(e, c, t, in)) refuse(e, in, PL_ENGINE_ERR_CHOICE);
}

static void handle(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                   struct eng_input *in) {
    switch ((enum eng_kind)in->kind) {
    case ENG_OPEN:
        if (in->fresh)
            open_fresh(e, c, t, in);
        else if (identify(e, c, t, in))
            resume(e, c, t, in);
        break;
    case ENG_SEND: send(e, c, t, in); break;
    case ENG_RATE: rate(e, c, t, in); break;
    case ENG_HOOK: hook(e, c, t, in); break;
    case ENG_TIMER: timer(e, c, t); break;
    case ENG_EVENT: pl_engine__happened(e, c, t, in); break;
    case ENG_CLOCK: pl_engine__clock(e, c, t); break;
    case ENG_CATCH_UP: catch_up(e, c, t); break;
    case ENG_AGENT: pl_engine__agent(e, c, t, in); break;
    case ENG_KEPT: pl_engine__kept(e, c, t); break;
    case ENG_ERASE: pl_engine__erase(e, c, in); break;
    case ENG_MODEL: model(e, c, t, in); break;
    case ENG_NO_MODEL: pl_engine__step_no_model(e, c, t, in->said, true); break;
    case ENG_FORGET:
    case ENG_VIEWED:
    case ENG_LEAVE: break; /* commands only */
    case ENG_WANTS: pl_engine__wants(e, c, t->a, in); break;
    }
}

/* ---- the append and after it ---- */

static enum pl_err err_of(enum pl_engine_error code) {
    return code == PL_ENGINE_ERR_FULL     ? PL_FULL
           : code == PL_ENGINE_ERR_ERASED ? PL_ERASED
                                          : PL_UNAVAILABLE;
}

/* Nothing of the turn was seen by anyone; the conversation is loaded anew when next touched, and at
 * a tick when it was the store that refused. */
static void give_up(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                    enum pl_engine_error code) {
    struct pl_engine_cid none = {0};
    struct eng_id id;
    memcpy(id.id, c->id, sizeof id.id);
    if (!c->erased) ENG_COUNT(e, FAILED_APPENDS);
    for (size_t i = 0; i < t->acks.n; i++)
        pl_engine__error(e, t->acks.v[i].client, code, t->acks.v[i].cid);
    for (size_t i = 0; i < t->opens.n; i++) pl_engine__error(e, t->opens.v[i], code, none);
    for (size_t i = 0; i < t->told.n; i++)
        pl_engine__told(e, t->told.v[i].ticket, err_of(code), PL_STR(""));
    for (struct eng_input *in = c->first; in; in = in->next) {
        if (in->kind == ENG_SEND || in->kind == ENG_OPEN)
            pl_engine__error(e, in->client, code, in->cid);
    }
    for (size_t i = 0; c->erased && i < c->clients.n; i++)
        pl_engine__error(e, c->clients.v[i].client, code, none);
    turn_put(e, t);
    c->turn = NULL;
    if (c->refused) PL_PUSH(&e->again, id);
    pl_engine__conv_free(e, &c);
}

/* What the client has not seen yet of the turn's events; it counts as sent. */
static size_t unsent(struct eng_attached *k, const struct eng_turn *t,
                     const struct pl_engine_event **from) {
    size_t i = 0;
    while (i < t->events.n && t->events.v[i].seq <= k->sent) i++;
    if (i == t->events.n) return 0;
    k->sent = t->events.v[t->events.n - 1].seq;
    *from = t->events.v + i;
    return t->events.n - i;
}

static void show_events(struct pl_engine *e, struct eng_conv *c, const struct eng_turn *t) {
    const struct pl_engine_event *from;
    for (size_t i = 0; i < c->clients.n; i++) {
        size_t n = unsent(&c->clients.v[i], t, &from);
        if (n > 0) e->config.sink.events(e->config.sink.ctx, c->clients.v[i].client, from, n);
    }
}

/* The last one takes along the events that its client is owed. */
static void show_acks(struct pl_engine *e, struct eng_conv *c, const struct eng_turn *t) {
    for (size_t i = 0; i < t->acks.n; i++) {
        const struct pl_engine_event *from = NULL;
        size_t n = 0;
        bool last = i + 1 == t->acks.n;
        for (size_t k = 0; last && k < c->clients.n; k++)
            if (c->clients.v[k].client == t->acks.v[i].client)
                n = unsent(&c->clients.v[k], t, &from);
        e->config.sink.ack(e->config.sink.ctx, t->acks.v[i].client, t->acks.v[i].cid,
                           t->acks.v[i].seq, t->acks.v[i].dup, from, n);
    }
}

static void answer(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t) {
    show_acks(e, c, t);
    for (size_t i = 0; i < t->opens.n; i++) {
        say_ready(e, c, t->opens.v[i], true);
        pl_engine__attach(e, c, t->opens.v[i], 0);
    }
    show_events(e, c, t);
    for (size_t i = 0; i < t->opens.n; i++) e->config.sink.live(e->config.sink.ctx, t->opens.v[i]);
}

static void turn_done(struct pl_journal_append *append) {
    struct eng_turn *t = append->ctx;
    struct pl_engine *e = t->e;
    struct eng_conv *c = t->c;
    if (append->store.err != PL_OK) {
        pl_engine__fail(e, c, "append_failed", append->store.err);
        c->refused = true;
        give_up(e, c, t,
                append->store.err == PL_FULL ? PL_ENGINE_ERR_FULL : PL_ENGINE_ERR_INTERNAL);
        return;
    }
    eng_timed(e, t->timed);
    c->turn = NULL;
    pl_engine__list(e, c);
    if (!e->stopped) {
        answer(e, c, t);
        pl_engine__drafts(e, c);
    }
    pl_engine__keep_start(e, c);
    for (size_t i = 0; i < t->votes.n; i++) pl_engine__voted(e, c, &t->votes.v[i]);
    for (size_t i = 0; i < t->writes.n; i++) {
        struct eng_effect *fx = pl_engine__effect(c, t->writes.v[i]);
        if (fx) pl_engine__hook_start(e, c, fx);
    }
    bool old = c->dirty && eng_ticks(e) - c->dirty_ms >= 2 * ENG_IDLE_MS; /* never idle at a tick */
    if (t->snapshot || old) pl_engine__conv_save(e, c);
    for (size_t i = 0; i < t->told.n; i++)
        pl_engine__told(e, t->told.v[i].ticket, t->told.v[i].err, PL_STR(""));
    turn_put(e, t);
    ENG_LAP(e, ANSWER);
    e->timed = false;
    pl_engine__advance(e, c);
}

/* An append keeps room for the longest turn behind what is in it. */
static bool has_room(const struct eng_turn *t) {
    return t->nentries < ENG_TURN_ENTRIES && t->append.store.nputs < ENG_TURN_PUTS;
}

/* The flow came to a question that an earlier message may have answered. */
static void named(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t) {
    struct pl_vm_event event;
    pl_engine__look(e, c, PL_EVENT_NAMED, &event);
    if (pl_engine__named(e, c, t->a, &event))
        pl_engine__step(e, c, t, &event, 0);
    else
        pl_engine__fail(e, c, "step_failed", PL_MALFORMED);
}

/* A message that Lua looks through is read when that is done; what came later waits behind it. */
static bool is_heard(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t, uint8_t said,
                     struct pl_str text) {
    if (said != PL_ENGINE_SAID_TEXT || c->with != PL_WITH_BOT) return true;
    if (c->mode != PL_VM_BUSY) move_image(e, c);
    if (c->image->nfinders == 0 || code_points(text) > PL_ENGINE_TEXT) return true;
    return pl_engine__heard(e, c, pl_privacy_mask(t->a, pl_arena_str(t->a, text)).s);
}

static void take_inputs(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t) {
    while (has_room(t) && !c->broken) {
        if (c->mode == PL_VM_NAMING) {
            named(e, c, t);
        } else if (c->ninbox && c->mode != PL_VM_BUSY && c->with == PL_WITH_BOT) {
            if (!is_heard(e, c, t, c->inbox[0].said, c->inbox[0].text)) return;
            take_waiting(e, c, t);
        } else if (c->first) {
            bool said = c->first->kind == ENG_SEND;
            if (said && !is_heard(e, c, t, c->first->said, c->first->text)) return;
            struct eng_input *in = input_pop(c);
            handle(e, c, t, in);
            in->answered = true;
            pl_engine__input_free(e, in, PL_OK);
        } else {
            return;
        }
    }
}

static void advance(struct pl_engine *e, struct eng_conv *c) {
    struct eng_turn *t = turn_get(e, c);
    c->turn = t; /* an input that arrives while this runs only queues */
    take_inputs(e, c, t);
    if (c->broken) {
        give_up(e, c, t, c->erased ? PL_ENGINE_ERR_ERASED : PL_ENGINE_ERR_INTERNAL);
        return;
    }
    if (t->nentries == 0) {
        c->turn = NULL;
        turn_put(e, t);
        pl_engine__schedule(e, c);
        return;
    }
    if (!c->dirty) c->dirty_ms = eng_ticks(e);
    c->dirty = true;
    t->append.ctx = t;
    t->timed = e->timed;
    if (t->timed) ENG_COUNT(e, STAGED);
    pl_engine__schedule(e, c);
    keep_texts(t);
    work_end(e, t);
    ENG_LAP(e, TAKE);
    enum pl_err err = pl_journal_send(e->journal, &t->append, &e->port, turn_done);
    ENG_LAP(e, APPEND);
    if (err == PL_OK) return;
    pl_engine__fail(e, c, "append_refused", err);
    c->refused = true;
    give_up(e, c, t, err == PL_FULL ? PL_ENGINE_ERR_FULL : PL_ENGINE_ERR_BUSY);
}

void pl_engine__advance(struct pl_engine *e, struct eng_conv *c) {
    if (c->turn || e->stopped) return;
    eng_timed(e, e->config.stopwatch && e->laps++ % PL_ENGINE_TIMED == 0);
    advance(e, c);
    e->timed = false;
}

/* ---- timers ---- */

static void timer_due(struct pl_timer *w) {
    struct eng_conv *c = w->ctx;
    struct pl_engine *e = c->e;
    bool due = c->deadline_ms && eng_ticks(e) >= eng_due(c) && c->with == PL_WITH_BOT;
    bool clock = c->clock_ms && eng_now(e) >= c->clock_ms;
    if (due || clock)
        pl_engine__input(e, c,
                         pl_engine__input_new(e, due ? ENG_TIMER : ENG_CLOCK, PL_STR(""),
                                              PL_STR(""), PL_STR("")));
    else
        pl_engine__advance(e, c);
}

/* An answer that takes its time is announced, so that the page does not look dead; one that comes
 * at once is not. Gives when to look again, 0 never. */
static int64_t announce(struct pl_engine *e, struct eng_conv *c, int64_t now) {
    bool busy = c->mode == PL_VM_BUSY && c->with == PL_WITH_BOT;
    if (!busy) c->busy_ms = 0;
    if (busy && !c->busy_ms) c->busy_ms = now;
    bool typing = busy && now - c->busy_ms >= ENG_TYPING_MS;
    if (typing != c->typing)
        for (size_t i = 0; i < c->clients.n; i++)
            e->config.sink.typing(e->config.sink.ctx, c->clients.v[i].client, typing);
    c->typing = typing;
    return busy && !typing && c->clients.n ? c->busy_ms + ENG_TYPING_MS : 0;
}

/* 0: never. */
static void sooner(int64_t *at, int64_t other) {
    if (other && (*at == 0 || other < *at)) *at = other;
}

/* The next of: the state's deadline, a write to ask for again, an answer that is late, a look at
 * the clock. */
void pl_engine__schedule(struct pl_engine *e, struct eng_conv *c) {
    int64_t now = eng_ticks(e), at = pl_engine__hooks_again(e, c, now), day = eng_now(e);
    sooner(&at, announce(e, c, now));
    if (c->with == PL_WITH_BOT) sooner(&at, eng_due(c));
    c->clock_ms = pl_engine__clock_at(e, c, day);
    if (c->clock_ms) sooner(&at, now + (c->clock_ms - day));
    if (at == 0) {
        pl_timer_stop(&c->timer);
        return;
    }
    c->timer.fn = timer_due;
    c->timer.ctx = c;
    pl_timer_start(e->loop, &c->timer, at > now ? at - now : 0);
}
