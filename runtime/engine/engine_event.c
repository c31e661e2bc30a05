/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens without a message: events of the shop or the page, and rules that look at the clock.
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000
#define DAY_MS    86400000

/* ---- answers to senders ---- */

void pl_engine__told(struct pl_engine *e, uint64_t ticket, enum pl_err err, struct pl_str why) {
    if (e->config.sink.done && !e->stopped)
        e->config.sink.done(e->config.sink.ctx, ticket, err, why);
}

void pl_engine__input_free(struct pl_engine *e, struct eng_input *in, enum pl_err err) {
    if ((in->kind == ENG_EVENT || in->kind == ENG_AGENT) && !in->answered)
        pl_engine__told(e, in->client, err, PL_STR(""));
    if (in->kind == ENG_ERASE && !in->answered) pl_engine__erased(e, in->erasure, err);
    if (in->kind == ENG_WANTS && !in->answered && e->config.sink.wants && !e->stopped)
        e->config.sink.wants(e->config.sink.ctx, in->client, err, NULL);
    free(in);
}

/* ---- arguments ---- */

static struct pl_value masked(struct pl_arena *a, struct pl_value v) {
    struct pl_value *items;
    struct pl_field *fields;
    switch (v.kind) {
    case PL_KIND_TEXT: v.s = pl_privacy_mask(a, v.s).s; break;
    case PL_KIND_LIST:
        items = PL_NEW_ARRAY(a, struct pl_value, v.list.n + 1);
        for (uint32_t i = 0; i < v.list.n; i++) items[i] = masked(a, v.list.v[i]);
        v.list.v = items;
        break;
    case PL_KIND_RECORD:
        fields = PL_NEW_ARRAY(a, struct pl_field, v.rec.n + 1);
        for (uint32_t i = 0; i < v.rec.n; i++)
            fields[i] = (struct pl_field){v.rec.f[i].name, masked(a, v.rec.f[i].value)};
        v.rec.f = fields;
        break;
    default: break;
    }
    return v;
}

static const struct pl_json *member(const struct pl_json *args, struct pl_str name) {
    static const struct pl_json absent = {.kind = PL_JNULL};
    for (size_t i = 0; i < args->n; i++)
        if (pl_str_eq(args->m[i].name, name)) return &args->m[i].value;
    return &absent;
}

/* A name that the event does not have is a mistake of the sender. */
static bool all_known(struct pl_arena *a, const struct pl_p_event *row, const struct pl_json *args,
                      struct pl_str *why) {
    for (size_t i = 0; i < args->n; i++) {
        bool known = false;
        for (uint32_t k = 0; k < row->nparams; k++)
            known |= pl_str_eq(row->params[k].name, args->m[i].name);
        if (known) continue;
        struct pl_str name = args->m[i].name;
        *why = pl_arena_printf(a, "%.*s brings no %.*s", PL_STR_ARG(row->name),
                               (int)(name.n > 64 ? 64 : name.n), name.p);
        return false;
    }
    return true;
}

/* A record of the event's arguments, in their order. */
static bool read_args(const struct pl_program *p, const struct pl_p_event *row, struct pl_arena *a,
                      struct pl_str text, struct pl_value *out, struct pl_str *why) {
    struct pl_json args = {.kind = PL_JOBJECT};
    size_t at;
    if (text.n && pl_json_parse(a, text, &args, &at) != PL_OK) args.kind = PL_JNULL;
    *why = PL_STR("args is not a JSON object");
    if (args.kind != PL_JOBJECT || !all_known(a, row, &args, why)) return false;
    struct pl_field *f = PL_NEW_ARRAY(a, struct pl_field, row->nparams + 1);
    for (uint32_t i = 0; i < row->nparams; i++) {
        struct pl_str where;
        f[i].name = row->params[i].name;
        enum pl_err err = pl_value_from_json(a, &p->types, row->params[i].type,
                                             member(&args, f[i].name), &f[i].value, &where);
        if (err == PL_OK) continue;
        *why = pl_arena_printf(a, "args.%.*s: %.*s", PL_STR_ARG(f[i].name), PL_STR_ARG(where));
        return false;
    }
    *out = (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = row->nparams}};
    *out = masked(a, *out);
    return true;
}

/* ---- repeats ---- */

uint64_t pl_engine__key(struct pl_str key) {
    uint64_t h = pl_fnv(PL_FNV, key.p, key.n);
    return key.n == 0 ? 0 : h ? h : 1;
}

uint64_t pl_engine__what(struct pl_str name, struct pl_value args) {
    struct pl_buf b = {0};
    pl_buf_text(&b, name);
    pl_value_write(&b, args);
    uint64_t h = pl_fnv(PL_FNV, b.p, b.n);
    pl_buf_free(&b);
    return h;
}

void pl_engine__remember_key(struct eng_conv *c, const struct pl_vm_event *event) {
    if (event->kind != PL_EVENT_HAPPENED || !event->key) return;
    c->keys[c->nkeys++ % ENG_KEYS] =
        (struct eng_key){event->key, pl_engine__what(event->name, event->value)};
}

static const struct eng_key *known_key(const struct eng_conv *c, uint64_t key) {
    for (uint32_t i = 0; key && i < ENG_KEYS && i < c->nkeys; i++)
        if (c->keys[i].key == key) return &c->keys[i];
    return NULL;
}

/* ---- events ---- */

static void tell(struct pl_engine *e, const struct eng_input *in, enum pl_err err,
                 struct pl_str why) {
    pl_engine__told(e, in->client, err, why);
}

enum pl_err pl_engine__declared(struct pl_engine *e, struct pl_arena *a, struct pl_str name,
                                struct pl_str args, struct pl_value *value, struct pl_str *why) {
    const struct pl_program *p = pl_image_program(e->active->image);
    uint32_t row = pl_image_event(e->active->image, name);
    *why = PL_STR("the program declares no such event");
    if (row == PL_NOWHERE) return PL_TYPE;
    return read_args(p, &p->events[row], a, args, value, why) ? PL_OK : PL_TYPE;
}

bool pl_engine__event_args(const struct eng_conv *c, struct pl_arena *a, struct pl_str name,
                           struct pl_str args, struct pl_value *value) {
    const struct pl_program *p = pl_image_program(c->image->image);
    uint32_t row = pl_image_event(c->image->image, name);
    struct pl_str why;
    return row != PL_NOWHERE && read_args(p, &p->events[row], a, args, value, &why);
}

bool pl_engine__knows_key(const struct eng_conv *c, uint64_t key) {
    if (known_key(c, key)) return true;
    for (const struct eng_input *in = c->first; key && in; in = in->next)
        if (in->kind == ENG_EVENT && pl_engine__key(in->epoch) == key) return true;
    return false;
}

/* What of it is to be said at once; PL_OK: it is to be stepped. */
static enum pl_err judge(const struct eng_conv *c, struct pl_arena *a, const struct eng_input *in,
                         struct pl_vm_event *event, struct pl_str *why) {
    enum pl_err err = pl_engine__declared(in->e, a, in->text, in->more, &event->value, why);
    if (err != PL_OK) return err;
    const struct eng_key *known = known_key(c, event->key);
    *why = PL_STR("");
    if (known)
        return known->what == pl_engine__what(in->text, event->value) ? PL_EXISTS : PL_CONFLICT;
    *why = PL_STR("the conversation goes on with an older program that does not know it");
    if (!pl_engine__event_args(c, a, in->text, in->more, &event->value)) return PL_BUSY;
    *why = PL_STR("too many events wait for the customer");
    return c->nheld < PL_VM_HELD ? PL_OK : PL_BUSY;
}

/* It does not wait for a gap between questions: it holds from now on. */
static void no_model(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                     const struct pl_vm_event *event, struct eng_told told) {
    pl_engine__step_no_model(e, c, t, pl_engine__says_no_model(event->value), false);
    PL_PUSH(&t->told, told);
    if (t->nentries > 0) return;
    t->told.n--;
    pl_engine__told(e, told.ticket, told.err, PL_STR("")); /* it was so before */
}

bool pl_engine__says_no_model(struct pl_value args) {
    struct pl_value on = pl_rec_get(args, PL_STR("on"));
    return on.kind != PL_KIND_BOOL || on.b;
}

void pl_engine__happened(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                         const struct eng_input *in) {
    struct pl_vm_event event;
    struct pl_str why;
    struct eng_told told = {.ticket = in->client};
    pl_engine__event(e, c, PL_EVENT_HAPPENED, &event);
    event.name = pl_arena_str(t->a, in->text);
    event.key = pl_engine__key(in->epoch);
    told.err = judge(c, t->a, in, &event, &why);
    if (told.err != PL_OK && (told.err != PL_EXISTS || t->nentries == 0)) {
        tell(e, in, told.err, why);
        return;
    }
    if (told.err == PL_OK && pl_str_is(in->text, PL_NO_MODEL)) {
        no_model(e, c, t, &event, told);
        return;
    }
    /* a repeat of one in this very append is said when that is durable */
    if (told.err == PL_OK) pl_engine__step(e, c, t, &event, 0);
    if (told.err == PL_OK) ENG_COUNT(e, EVENTS);
    PL_PUSH(&t->told, told);
}

/* ---- the clock ---- */

static bool watches(struct pl_engine *e, const struct eng_conv *c, int64_t now_ms) {
    bool open = c->mode == PL_VM_ASKING || c->mode == PL_VM_BUSY;
    return c->image->timed && open && c->with == PL_WITH_BOT && c->clients.n &&
           now_ms - c->said_ms < DAY_MS && !e->stopped;
}

int64_t pl_engine__clock_at(struct pl_engine *e, const struct eng_conv *c, int64_t now_ms) {
    if (!watches(e, c, now_ms)) return 0;
    return (now_ms / MINUTE_MS + 1) * MINUTE_MS;
}

void pl_engine__clock(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t) {
    struct pl_vm_event event;
    struct pl_escalation found;
    if (!watches(e, c, eng_now(e))) return;
    pl_engine__look(e, c, PL_EVENT_RULE, &event);
    enum pl_err err =
        pl_escalate(e->vm, c->image->image, pl_buf_slice(&c->state), &event, t->a, &found);
    if (err != PL_OK) {
        pl_engine__fail(e, c, "rules_failed", err);
        return;
    }
    if (!found.changed && found.rule == PL_NOWHERE) return;
    pl_escalate_apply(&found, &event);
    pl_engine__step(e, c, t, &event, 0);
}
