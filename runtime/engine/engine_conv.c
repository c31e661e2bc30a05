/* SPDX-License-Identifier: Apache-2.0
 *
 * A conversation's record: loading it from snapshot and journal, taking over a step's outcome,
 * writing snapshots, leaving memory.
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- in memory ---- */

static struct pl_str id_key(const uint8_t *id) {
    return (struct pl_str){(const char *)id, 16};
}

static void unlink_conv(struct pl_engine *e, struct eng_conv *c) {
    if (c->prev)
        c->prev->next = c->next;
    else if (e->oldest == c)
        e->oldest = c->next;
    if (c->next)
        c->next->prev = c->prev;
    else if (e->newest == c)
        e->newest = c->prev;
    c->prev = c->next = NULL;
}

void pl_engine__conv_touch(struct pl_engine *e, struct eng_conv *c) {
    c->touched_ms = eng_ticks(e);
    if (e->newest == c) return;
    unlink_conv(e, c);
    c->prev = e->newest;
    if (e->newest)
        e->newest->next = c;
    else
        e->oldest = c;
    e->newest = c;
}

struct eng_conv *pl_engine__conv_find(struct pl_engine *e, const uint8_t id[16]) {
    return pl_map_get(&e->convs, id_key(id));
}

struct eng_conv *pl_engine__conv_new(struct pl_engine *e, const uint8_t id[16]) {
    struct eng_conv *c = calloc(1, sizeof *c);
    pl_assert(c);
    memcpy(c->id, id, sizeof c->id);
    c->e = e;
    pl_map_put(&e->convs, id_key(c->id), c);
    pl_engine__conv_touch(e, c);
    atomic_fetch_add(&e->nconvs, 1);
    return c;
}

static void effect_free(struct pl_engine *e, struct eng_conv *c, struct eng_effect *fx) {
    pl_engine__model_cancel(e, c, fx);
    pl_engine__image_leave(e, &fx->image);
    pl_buf_free(&fx->args);
    pl_buf_free(&fx->about);
    pl_buf_free(&fx->text);
    pl_buf_free(&fx->acted);
    free(fx);
}

void pl_engine__conv_free(struct pl_engine *e, struct eng_conv **conv) {
    struct eng_conv *c = *conv;
    *conv = NULL;
    pl_map_del(&e->convs, id_key(c->id));
    unlink_conv(e, c);
    atomic_fetch_sub(&e->nconvs, 1);
    pl_timer_stop(&c->timer);
    for (size_t i = 0; i < c->clients.n; i++) {
        struct eng_client *k = pl_engine__client(e, c->clients.v[i].client);
        if (!k) continue;
        k->c = NULL;
        k->away = true;
        k->sent = c->clients.v[i].sent;
        memcpy(k->conversation, c->id, sizeof k->conversation);
        e->naway++;
    }
    while (c->first) {
        struct eng_input *in = c->first;
        c->first = in->next;
        pl_engine__input_free(e, in, c->erased ? PL_ERASED : PL_UNAVAILABLE);
    }
    while (c->ninbox) pl_engine__inbox_pop(c, c->inbox[0].n);
    for (size_t i = 0; i < c->effects.n; i++) effect_free(e, c, c->effects.v[i]);
    for (size_t i = 0; i < c->buttons.n; i++) pl_buf_free(&c->buttons.v[i].args);
    for (size_t i = 0; i < ENG_CLIENTS; i++) free(c->memory[i]);
    for (size_t i = 0; i < c->keeps.n; i++) pl_engine__keep_free(&c->keeps.v[i]);
    PL_VEC_FREE(&c->keeps);
    while (c->named.n) pl_engine__image_leave(e, &c->named.v[--c->named.n]);
    PL_VEC_FREE(&c->named);
    PL_VEC_FREE(&c->buttons);
    PL_VEC_FREE(&c->effects);
    PL_VEC_FREE(&c->clients);
    pl_buf_free(&c->state);
    pl_engine__handoff_free(c);
    pl_engine__heard_free(c);
    pl_engine__shadow_end(c);
    pl_engine__notes_free(c);
    pl_engine__image_leave(e, &c->image);
    pl_conv_wipe(&c->j);
    free(c);
}

/* ---- dedupe ---- */

static void memory_first(struct eng_conv *c, struct eng_client_memory *m, size_t from) {
    memmove(c->memory + 1, c->memory, from * sizeof c->memory[0]);
    c->memory[0] = m;
}

struct eng_client_memory *pl_engine__memory(struct eng_conv *c, uint64_t instance, bool make) {
    size_t last = ENG_CLIENTS - 1;
    for (size_t i = 0; i < ENG_CLIENTS; i++) {
        struct eng_client_memory *m = c->memory[i];
        if (!m || m->instance != instance) continue;
        if (make) memory_first(c, m, i);
        return m;
    }
    if (!make) return NULL;
    free(c->memory[last]); /* of more than eight the one silent for longest is forgotten */
    struct eng_client_memory *m = calloc(1, sizeof *m);
    pl_assert(m);
    m->instance = instance;
    memory_first(c, m, last);
    return m;
}

void pl_engine__remember(struct eng_conv *c, struct pl_engine_cid cid, uint64_t hash,
                         uint64_t seq) {
    struct eng_client_memory *m = pl_engine__memory(c, cid.instance, true);
    m->highest = cid.counter;
    m->recent[cid.counter % ENG_RECENT].counter = cid.counter;
    m->recent[cid.counter % ENG_RECENT].hash = hash;
    m->recent[cid.counter % ENG_RECENT].seq = seq;
}

/* ---- the inbox ---- */

void pl_engine__inbox_push(struct eng_conv *c, uint64_t n, const struct eng_said *said) {
    pl_assert(c->ninbox < PL_ENGINE_INBOX);
    struct eng_waiting *w = &c->inbox[c->ninbox++];
    char *p = malloc(said->text.n + said->label.n + 1);
    pl_assert(p);
    if (said->text.n) memcpy(p, said->text.p, said->text.n);
    if (said->label.n) memcpy(p + said->text.n, said->label.p, said->label.n);
    *w = (struct eng_waiting){.n = n,
                              .said = said->said,
                              .card = said->card,
                              .text = {p, said->text.n},
                              .label = {p + said->text.n, said->label.n}};
}

void pl_engine__inbox_pop(struct eng_conv *c, uint64_t n) {
    for (uint32_t i = 0; i < c->ninbox; i++) {
        if (c->inbox[i].n != n) continue;
        free((char *)(uintptr_t)c->inbox[i].text.p);
        memmove(&c->inbox[i], &c->inbox[i + 1], (c->ninbox - i - 1) * sizeof c->inbox[0]);
        c->ninbox--;
        return;
    }
}

/* ---- effects ---- */

struct eng_effect *pl_engine__effect(struct eng_conv *c, uint64_t effect) {
    for (size_t i = 0; i < c->effects.n; i++)
        if (c->effects.v[i]->effect == effect) return c->effects.v[i];
    return NULL;
}

void pl_engine__effect_drop(struct pl_engine *e, struct eng_conv *c, uint64_t effect) {
    for (size_t i = 0; i < c->effects.n; i++) {
        if (c->effects.v[i]->effect != effect) continue;
        effect_free(e, c, c->effects.v[i]);
        c->effects.v[i] = c->effects.v[--c->effects.n];
        return;
    }
}

bool pl_engine__is_definite(const struct pl_vm_event *event) {
    return !pl_str_is(event->failure, "unconfirmed");
}

static struct eng_effect *effect_add(struct eng_conv *c, uint64_t effect) {
    struct eng_effect *fx = calloc(1, sizeof *fx);
    pl_assert(fx);
    fx->effect = effect;
    fx->image = c->image;
    pl_engine__image_use(fx->image);
    PL_PUSH(&c->effects, fx);
    return fx;
}

static void effect_begin(struct eng_conv *c, const struct pl_vm_effect *v, int64_t now_ms) {
    const struct pl_program *p = pl_image_program(c->image->image);
    struct eng_effect *fx = effect_add(c, v->id);
    fx->run = v->run;
    fx->hook = v->hook;
    fx->call = v->call;
    fx->effect_class = p->hooks[v->hook].effect;
    fx->asked_ms = now_ms;
    fx->nargs = v->nargs;
    for (uint32_t i = 0; i < v->nargs; i++) pl_value_write(&fx->args, v->args[i]);
}

static void model_begin(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_effect *v,
                        int64_t now_ms) {
    struct pl_arena a;
    struct eng_effect *fx = effect_add(c, v->id);
    fx->run = v->run;
    fx->hook = v->model;
    fx->effect_class = ENG_CLASS_MODEL;
    fx->asked_ms = now_ms;
    fx->nargs = v->nargs;
    for (uint32_t i = 0; i < v->nargs; i++) pl_value_write(&fx->args, v->args[i]);
    pl_arena_init(&a, 0);
    pl_buf_str(&fx->about, pl_engine__text(e, c, &v->about, &a, now_ms));
    pl_buf_str(&fx->text, v->text);
    if (v->acted.kind != PL_KIND_NONE) pl_value_write(&fx->acted, v->acted);
    pl_arena_free(&a);
}

/* The next in the ring; its arguments are empty. */
static struct eng_button *button_add(struct eng_conv *c) {
    uint32_t number = c->nbuttons++;
    if (c->buttons.n < ENG_BUTTONS) PL_PUSH(&c->buttons, ((struct eng_button){0}));
    struct eng_button *b = &c->buttons.v[number % c->buttons.n];
    b->number = number;
    pl_buf_clear(&b->args);
    return b;
}

static void offer_buttons(struct eng_conv *c, const struct pl_vm_part *parts, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        const struct pl_vm_part *p = &parts[i];
        if (p->nparts) offer_buttons(c, p->parts, p->nparts);
        if (p->kind != PL_PART_BUTTON || p->url.n) continue;
        struct eng_button *b = button_add(c);
        b->target = p->target;
        b->nargs = p->args.list.n;
        for (uint32_t k = 0; k < b->nargs; k++) pl_value_write(&b->args, p->args.list.v[k]);
    }
}

static void note(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_effect *v,
                 int64_t now_ms) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    pl_engine__note(c, pl_engine__text(e, c, &v->note, &a, now_ms));
    pl_arena_free(&a);
}

/* What was set before keeps its lead: it is due when as much time has passed as was meant. */
static void set_deadline(struct pl_engine *e, struct eng_conv *c, int64_t at_ms) {
    if (c->deadline_ms != at_ms) c->lead_ms = eng_ticks(e) - eng_now(e);
    c->deadline_ms = at_ms;
}

void pl_engine__absorb(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_event *event,
                       const struct pl_vm_result *r) {
    pl_buf_clear(&c->state);
    pl_buf_str(&c->state, r->state);
    pl_assert(!c->state.failed);
    if (event->kind == PL_EVENT_HOOK || event->kind == PL_EVENT_OUTCOME ||
        event->kind == PL_EVENT_MODEL) {
        struct eng_effect *fx = pl_engine__effect(c, event->effect);
        if (fx && !pl_engine__is_definite(event))
            fx->told = true;
        else if (fx)
            pl_engine__effect_drop(e, c, event->effect);
    }
    if (event->kind == PL_EVENT_IDENTITY) {
        c->known = true;
        c->proven = c->proven || event->verified;
    }
    for (uint32_t i = 0; i < r->neffects; i++) {
        const struct pl_vm_effect *v = &r->effects[i];
        if (v->kind == PL_EFFECT_HOOK) effect_begin(c, v, event->now_ms);
        if (v->kind == PL_EFFECT_MODEL) model_begin(e, c, v, event->now_ms);
        if (v->kind == PL_EFFECT_SAY) offer_buttons(c, v->say.parts, v->say.nparts);
        if (v->kind == PL_EFFECT_NOTE) note(e, c, v, event->now_ms);
        if (v->kind == PL_EFFECT_REMEMBER) pl_engine__keep(e, c, v, event->now_ms);
    }
    /* a read, or a model's turn, that nobody waits for any more (the flow was cut off) is forgotten
     */
    for (size_t i = c->effects.n; i > 0; i--) {
        struct eng_effect *fx = c->effects.v[i - 1];
        bool waited = r->view.mode == PL_VM_BUSY && r->view.effect == fx->effect;
        if (fx->effect_class == PL_CLASS_WRITE_ONCE || waited) continue;
        pl_engine__hook_cancel(e, fx);
        pl_engine__effect_drop(e, c, fx->effect);
    }
    c->mode = (int)r->view.mode;
    c->busy_effect = r->view.effect;
    set_deadline(e, c, r->view.deadline_ms);
    c->started_ms = r->view.started_ms;
    c->in_flow = r->view.in_flow;
    c->nheld = r->view.nheld;
    c->no_model = r->view.no_model;
    if (c->no_model) pl_engine__models_stop(e, c);
    pl_engine__remember_key(c, event);
}

void pl_engine__with(struct eng_conv *c, uint8_t with) {
    c->with = with;
    while (with != PL_WITH_BOT && c->ninbox) pl_engine__inbox_pop(c, c->inbox[0].n);
}

static uint32_t same_target(const struct pl_program *p, const struct pl_p_target *old) {
    for (uint32_t i = 0; old->id.n && i < p->ntargets; i++) {
        const struct pl_p_target *t = &p->targets[i];
        if (pl_str_eq(t->id, old->id) && t->nargs == old->nargs && !t->open) return i;
    }
    return PL_NOWHERE;
}

void pl_engine__conv_image(struct pl_engine *e, struct eng_conv *c, struct eng_image *i) {
    const struct pl_program *from = pl_image_program(c->image->image);
    if (i == c->image) return;
    for (size_t k = 0; k < c->buttons.n; k++) {
        struct eng_button *b = &c->buttons.v[k];
        if (b->target < from->ntargets)
            b->target = same_target(pl_image_program(i->image), &from->targets[b->target]);
    }
    pl_engine__image_use(i);
    pl_engine__image_leave(e, &c->image);
    c->image = i;
}

enum pl_err pl_engine__conv_look(struct pl_engine *e, struct eng_conv *c) {
    struct pl_vm_view view;
    struct pl_arena a;
    if (c->state.n == 0) return PL_MALFORMED;
    pl_arena_init(&a, 0);
    enum pl_err err = pl_vm_look(e->vm, c->image->image, pl_buf_slice(&c->state), &a, &view);
    pl_arena_free(&a);
    if (err != PL_OK) return err;
    c->mode = (int)view.mode;
    c->busy_effect = view.effect;
    c->deadline_ms = view.deadline_ms;
    c->started_ms = view.started_ms;
    c->in_flow = view.in_flow;
    c->nheld = view.nheld;
    c->no_model = view.no_model;
    return PL_OK;
}

bool pl_engine__conv_move(struct pl_engine *e, struct eng_conv *c, struct eng_image *i) {
    struct pl_arena a;
    struct pl_str state;
    pl_arena_init(&a, 0);
    enum pl_err err =
        pl_vm_move(e->vm, c->image->image, pl_buf_slice(&c->state), i->image, &a, &state);
    if (err == PL_OK) {
        pl_buf_clear(&c->state);
        pl_buf_str(&c->state, state);
        pl_engine__conv_image(e, c, i);
        err = pl_engine__conv_look(e, c);
    }
    pl_arena_free(&a);
    return err == PL_OK;
}

/* ---- the record's bytes ---- */

static void write_memory(struct pl_buf *b, const struct eng_conv *c) {
    uint32_t n = 0;
    for (size_t i = 0; i < ENG_CLIENTS; i++) n += c->memory[i] != NULL;
    pl_buf_var(b, n);
    for (size_t i = ENG_CLIENTS; i > 0; i--) { /* who spoke last is read last, and so first again */
        const struct eng_client_memory *m = c->memory[i - 1];
        if (!m) continue;
        uint32_t kept = 0;
        pl_buf_u64(b, m->instance);
        pl_buf_var(b, m->highest);
        for (size_t k = 0; k < ENG_RECENT; k++) kept += m->recent[k].counter != 0;
        pl_buf_var(b, kept);
        for (size_t k = 0; k < ENG_RECENT; k++) {
            if (m->recent[k].counter == 0) continue;
            pl_buf_var(b, m->recent[k].counter);
            pl_buf_u64(b, m->recent[k].hash);
            pl_buf_var(b, m->recent[k].seq);
        }
    }
}

static void read_memory(struct pl_reader *r, struct eng_conv *c) {
    uint64_t n = pl_read_var(r);
    if (n > ENG_CLIENTS) r->bad = true;
    for (uint64_t i = 0; i < n && !r->bad; i++) {
        struct eng_client_memory *m = pl_engine__memory(c, pl_read_u64(r), true);
        m->highest = pl_read_var(r);
        uint64_t kept = pl_read_var(r);
        for (uint64_t k = 0; k < kept && !r->bad; k++) {
            uint64_t counter = pl_read_var(r);
            m->recent[counter % ENG_RECENT].counter = counter;
            m->recent[counter % ENG_RECENT].hash = pl_read_u64(r);
            m->recent[counter % ENG_RECENT].seq = pl_read_var(r);
        }
    }
}

static void write_effects(struct pl_buf *b, const struct eng_conv *c) {
    pl_buf_var(b, c->effects.n);
    for (size_t i = 0; i < c->effects.n; i++) {
        const struct eng_effect *fx = c->effects.v[i];
        pl_buf_add(b, pl_image_hash(fx->image->image), 8);
        pl_buf_var(b, fx->effect);
        pl_buf_var(b, fx->run);
        pl_buf_var(b, fx->hook);
        pl_buf_var(b, fx->call);
        pl_buf_byte(b, fx->effect_class);
        pl_buf_byte(b, fx->told);
        pl_buf_var(b, fx->attempts);
        pl_buf_zig(b, fx->asked_ms);
        pl_buf_var(b, fx->nargs);
        pl_buf_text(b, pl_buf_slice(&fx->args));
        if (fx->effect_class != ENG_CLASS_MODEL) continue;
        pl_buf_text(b, pl_buf_slice(&fx->about));
        pl_buf_text(b, pl_buf_slice(&fx->text));
        pl_buf_text(b, pl_buf_slice(&fx->acted));
    }
}

static void read_effects(struct pl_engine *e, struct pl_reader *r, struct eng_conv *c) {
    uint64_t n = pl_read_var(r);
    for (uint64_t i = 0; i < n && !r->bad; i++) {
        struct pl_str prefix = pl_read_bytes(r, 8);
        if (r->bad) return;
        struct eng_image *image = pl_engine__image_of(e, (const uint8_t *)prefix.p);
        struct eng_effect *fx = effect_add(c, pl_read_var(r));
        fx->run = pl_read_var(r);
        fx->hook = (uint32_t)pl_read_var(r);
        fx->call = (uint32_t)pl_read_var(r);
        fx->effect_class = pl_read_u8(r);
        fx->told = pl_read_u8(r);
        fx->attempts = (uint32_t)pl_read_var(r);
        fx->asked_ms = pl_read_zig(r);
        fx->nargs = (uint32_t)pl_read_var(r);
        pl_buf_str(&fx->args, pl_read_text(r));
        bool model = fx->effect_class == ENG_CLASS_MODEL;
        if (model) pl_buf_str(&fx->about, pl_read_text(r));
        if (model) pl_buf_str(&fx->text, pl_read_text(r));
        if (model) pl_buf_str(&fx->acted, pl_read_text(r));
        if (image && image != fx->image) {
            pl_engine__image_leave(e, &fx->image);
            fx->image = image;
            pl_engine__image_use(image);
        }
        const struct pl_program *p = pl_image_program(fx->image->image);
        if (fx->hook >= (model ? p->nmodels : p->nhooks)) r->bad = true;
    }
}

static void write_lists(struct pl_buf *b, const struct eng_conv *c) {
    pl_buf_var(b, c->ninbox);
    for (uint32_t i = 0; i < c->ninbox; i++) {
        pl_buf_var(b, c->inbox[i].n);
        pl_buf_byte(b, (uint8_t)(c->inbox[i].said | c->inbox[i].card << 7));
        pl_buf_text(b, c->inbox[i].text);
        pl_buf_text(b, c->inbox[i].label);
    }
    uint32_t first = c->nbuttons - (uint32_t)c->buttons.n;
    pl_buf_var(b, first);
    pl_buf_var(b, c->buttons.n);
    for (uint32_t i = first; i < c->nbuttons; i++) {
        const struct eng_button *k = &c->buttons.v[i % c->buttons.n];
        pl_buf_var(b, k->target);
        pl_buf_var(b, k->nargs);
        pl_buf_text(b, pl_buf_slice(&k->args));
    }
}

static void read_lists(struct pl_reader *r, struct eng_conv *c) {
    uint64_t n = pl_read_var(r);
    if (n > PL_ENGINE_INBOX) r->bad = true;
    for (uint64_t i = 0; i < n && !r->bad; i++) {
        uint64_t entry = pl_read_var(r);
        uint8_t bits = pl_read_u8(r);
        struct eng_said said = {.said = bits & 0x7f, .card = bits >> 7};
        said.text = pl_read_text(r);
        said.label = pl_read_text(r);
        if (!r->bad) pl_engine__inbox_push(c, entry, &said);
    }
    c->nbuttons = (uint32_t)pl_read_var(r);
    n = pl_read_var(r);
    if (n > ENG_BUTTONS || (n < ENG_BUTTONS && c->nbuttons)) r->bad = true;
    for (uint64_t i = 0; n == ENG_BUTTONS && i < n; i++) /* a full ring keeps its places */
        PL_PUSH(&c->buttons, ((struct eng_button){0}));
    for (uint64_t i = 0; i < n && !r->bad; i++) {
        struct eng_button *k = button_add(c);
        k->target = (uint32_t)pl_read_var(r);
        k->nargs = (uint32_t)pl_read_var(r);
        pl_buf_str(&k->args, pl_read_text(r));
    }
}

/* What people have: hand-overs, and notes for the next one. */
static void write_people(struct pl_buf *b, const struct eng_conv *c) {
    pl_buf_var(b, c->handoffs.n);
    for (size_t i = 0; i < c->handoffs.n; i++) {
        const struct eng_handoff *h = &c->handoffs.v[i];
        pl_buf_var(b, h->n);
        pl_buf_zig(b, h->since_ms);
        pl_buf_byte(b, (uint8_t)(h->done | h->answered << 1));
        pl_buf_text(b, pl_buf_slice(&h->json));
    }
    pl_buf_var(b, c->notes.n);
    for (size_t i = 0; i < c->notes.n; i++) pl_buf_text(b, c->notes.v[i]);
}

static void read_people(struct pl_reader *r, struct eng_conv *c) {
    uint64_t n = pl_read_var(r);
    for (uint64_t i = 0; i < n && !r->bad; i++) {
        struct eng_handoff h = {.n = pl_read_var(r), .shown = true}; /* its row came with it */
        h.since_ms = pl_read_zig(r);
        uint8_t bits = pl_read_u8(r);
        h.done = bits & 1;
        h.answered = bits & 2;
        pl_buf_str(&h.json, pl_read_text(r));
        PL_PUSH(&c->handoffs, h);
    }
    n = pl_read_var(r);
    for (uint64_t i = 0; i < n && !r->bad; i++) pl_engine__note(c, pl_read_text(r));
}

static void write_keys(struct pl_buf *b, const struct eng_conv *c) {
    uint32_t n = c->nkeys < ENG_KEYS ? c->nkeys : ENG_KEYS;
    pl_buf_var(b, c->nkeys);
    for (uint32_t i = c->nkeys - n; i < c->nkeys; i++) {
        pl_buf_u64(b, c->keys[i % ENG_KEYS].key);
        pl_buf_u64(b, c->keys[i % ENG_KEYS].what);
    }
}

static void read_keys(struct pl_reader *r, struct eng_conv *c) {
    c->nkeys = (uint32_t)pl_read_var(r);
    uint32_t n = c->nkeys < ENG_KEYS ? c->nkeys : ENG_KEYS;
    for (uint32_t i = c->nkeys - n; i < c->nkeys && !r->bad; i++) {
        c->keys[i % ENG_KEYS].key = pl_read_u64(r);
        c->keys[i % ENG_KEYS].what = pl_read_u64(r);
    }
}

void pl_engine__record_write(struct pl_buf *b, const struct eng_conv *c) {
    pl_buf_clear(b);
    pl_buf_byte(b, ENG_RECORD_VERSION);
    pl_buf_text(b, c->locale);
    pl_buf_byte(b, c->locale_guessed);
    pl_buf_text(b, pl_str_c(c->other));
    pl_buf_byte(b, c->other_sum);
    pl_buf_add(b, c->resume, sizeof c->resume);
    pl_buf_byte(b, (uint8_t)(c->known | c->proven << 1 | c->refusing << 2));
    pl_buf_var(b, c->unread_n);
    pl_buf_var(b, c->unread_seq);
    pl_buf_var(b, c->message_n);
    pl_buf_add(b, c->customer, sizeof c->customer);
    pl_buf_zig(b, c->known_ms);
    pl_buf_byte(b, c->with);
    write_memory(b, c);
    write_effects(b, c);
    write_lists(b, c);
    write_people(b, c);
    write_keys(b, c);
    pl_buf_zig(b, c->timer_row);
    pl_buf_zig(b, c->lead_ms);
    pl_buf_text(b, pl_buf_slice(&c->state));
}

void pl_engine__set_locale(struct eng_conv *c, struct pl_str locale) {
    size_t n = locale.n < sizeof c->locale_text ? locale.n : sizeof c->locale_text - 1;
    memmove(c->locale_text, locale.p, n);
    c->locale = (struct pl_str){c->locale_text, n};
}

static void set_other(struct eng_conv *c, struct pl_str language) {
    size_t n = language.n < sizeof c->other ? language.n : 0;
    memset(c->other, 0, sizeof c->other);
    if (n) memcpy(c->other, language.p, n);
    c->other_sum = 0;
}

/* Is there enough by now for another language than the locale's? */
static bool heard_enough(struct eng_conv *c, const struct pl_vm_reading *r) {
    if (pl_str_eq(r->language, pl_locale_language(c->locale))) {
        c->other_sum = c->other_sum > r->letters ? (uint8_t)(c->other_sum - r->letters) : 0;
        return false;
    }
    if (!r->worded) return false; /* an address, a name: of a language, and nothing said in it */
    if (!pl_str_is(r->language, c->other)) set_other(c, r->language);
    c->other_sum = (uint8_t)(c->other_sum + r->letters);
    return c->other_sum >= ENG_OTHER_ENOUGH;
}

void pl_engine__follow_language(struct eng_conv *c, const struct pl_vm_event *event) {
    const struct pl_program *p = pl_image_program(c->image->image);
    const struct pl_vm_reading *r = &event->reading;
    if (event->kind != PL_EVENT_MESSAGE || r->language.n == 0 || r->letters == 0) return;
    size_t i = pl_locale_best(r->language, p->locales, p->nlocales, p->nlocales);
    if (i == p->nlocales || (!c->locale_guessed && !heard_enough(c, r))) return;
    c->locale_guessed = false;
    set_other(c, PL_STR(""));
    pl_engine__set_locale(c, p->locales[i]);
}

static void read_other(struct pl_reader *r, struct eng_conv *c) {
    set_other(c, pl_read_text(r));
    c->other_sum = pl_read_u8(r);
}

enum pl_err pl_engine__record_read(struct pl_engine *e, struct eng_conv *c, struct pl_str bytes) {
    struct pl_reader r = pl_reader_of(bytes);
    uint8_t version = pl_read_u8(&r);
    if (r.bad) return PL_MALFORMED;
    if (version < ENG_RECORD_OLDEST || version > ENG_RECORD_VERSION) return PL_VERSION;
    pl_engine__set_locale(c, pl_read_text(&r));
    c->locale_guessed = pl_read_u8(&r) == 1;
    if (version > 5) read_other(&r, c);
    struct pl_str resume = pl_read_bytes(&r, sizeof c->resume);
    if (r.bad) return PL_MALFORMED;
    memcpy(c->resume, resume.p, resume.n);
    uint8_t bits = pl_read_u8(&r);
    c->known = bits & 1;
    c->proven = bits & 2;
    c->refusing = bits & 4;
    c->unread_n = pl_read_var(&r);
    c->unread_seq = pl_read_var(&r);
    c->message_n = pl_read_var(&r);
    struct pl_str customer = pl_read_bytes(&r, sizeof c->customer);
    if (r.bad) return PL_MALFORMED;
    memcpy(c->customer, customer.p, customer.n);
    c->known_ms = pl_read_zig(&r);
    c->listed = true; /* its row came before */
    c->with = pl_read_u8(&r);
    read_memory(&r, c);
    read_effects(e, &r, c);
    read_lists(&r, c);
    read_people(&r, c);
    read_keys(&r, c);
    c->timer_row = pl_read_zig(&r);
    c->lead_ms = pl_read_zig(&r);
    pl_buf_str(&c->state, pl_read_text(&r));
    return r.bad || pl_read_left(&r) ? PL_MALFORMED : PL_OK;
}

/* ---- loading ---- */

struct eng_image *pl_engine__image_of(struct pl_engine *e, const uint8_t prefix[8]) {
    struct eng_image *i = pl_engine__image_find(e, prefix);
    struct pl_image *found = NULL;
    if (!i && e->aside)
        pl_engine__fetch(e, prefix);
    else if (!i && e->config.find_image)
        found = e->config.find_image(e->config.find_ctx, prefix);
    if (found) {
        if (pl_engine__image_add(e, found, &i) != PL_OK) i = NULL;
        pl_image_unref(&found);
    }
    return i;
}

/* Not PL_NOT_FOUND: the conversation is there, and goes on once the image is back. */
static enum pl_err no_image(struct pl_engine *e, const uint8_t prefix[8]) {
    char hex[17];
    pl_hex(prefix, 8, hex);
    if (e->config.log)
        pl_log(e->config.log, PL_LOG_ERROR, "engine", "image_missing", "image=%s", hex);
    return PL_UNAVAILABLE;
}

static enum pl_err use_image(struct pl_engine *e, struct eng_conv *c, const uint8_t prefix[8]) {
    struct eng_image *i = pl_engine__image_of(e, prefix);
    if (!i) return e->wanted ? PL_BUSY : no_image(e, prefix);
    /* what went over while it lived goes over again */
    if (c->image != i && c->state.n && !pl_engine__conv_move(e, c, i)) c->diverged = true;
    pl_engine__conv_image(e, c, i);
    return PL_OK;
}

enum pl_err pl_engine__turn_again(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                                  const struct pl_entry *entry, struct pl_str secret,
                                  struct eng_again *out) {
    const struct pl_entry_turn *t = &entry->turn;
    enum pl_err err = use_image(e, c, t->image);
    if (err == PL_OK) err = pl_vm_event_read(t->event, a, &out->event);
    if (err == PL_OK) err = pl_vm_event_read_secret(secret, a, &out->event);
    if (err != PL_OK) return err;
    if (c->state.n == 0) pl_buf_str(&c->state, pl_vm_begin(a, c->image->image, out->event.now_ms));
    pl_engine__follow_language(c, &out->event);
    struct pl_str state = pl_arena_str(a, pl_buf_slice(&c->state)); /* effects point into it */
    err = pl_vm_step(e->vm, c->image->image, state, &out->event, a, &out->result);
    if (err != PL_OK) return err;
    if (out->shown) pl_engine__shown(e, c, a, &out->event, &out->result, out->shown);
    /* what follows a divergence was begun anew by the event that says so */
    if (out->event.kind == PL_EVENT_DIVERGED)
        c->diverged = false;
    else if (out->result.hash != t->hash)
        c->diverged = true;
    pl_engine__uses(c);
    pl_engine__absorb(e, c, &out->event, &out->result);
    pl_engine__models_unread(c, &out->event, entry);
    pl_engine__inbox_pop(c, t->of);
    return PL_OK;
}

static enum pl_err replay_turn(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                               const struct pl_entry *entry) {
    struct eng_again again = {.shown = NULL};
    struct pl_str secret;
    enum pl_err err = pl_journal_reveal(e->journal, &c->j, entry->turn.secret, a, &secret);
    if (err == PL_OK) err = pl_engine__turn_again(e, c, a, entry, secret, &again);
    if (err != PL_OK) return err;
    if (again.result.hash != entry->turn.hash) {
        char id[33];
        pl_hex(c->id, 16, id);
        ENG_COUNT(e, DIVERGED);
        if (e->config.log)
            pl_log(e->config.log, PL_LOG_ERROR, "engine", "diverged", "conversation=%s", id);
    }
    pl_engine__taken(e, c, &again.event);
    return PL_OK;
}

static void replay_arrival(struct eng_conv *c, const struct pl_entry *entry) {
    const struct pl_entry_arrival *v = &entry->arrival;
    struct pl_engine_cid cid = {v->client, v->counter};
    struct eng_said said = {
        .said = v->said, .card = v->text.card_seen, .text = v->text.s, .label = v->label};
    pl_engine__remember(c, cid, v->body_hash, entry->first_seq);
    if (c->with != PL_WITH_BOT)
        pl_engine__handoff_again(c);
    else if (c->ninbox < PL_ENGINE_INBOX)
        pl_engine__inbox_push(c, entry->n, &said);
}

void pl_engine__record_again(struct eng_conv *c, const struct pl_entry *entry) {
    switch ((enum pl_entry_kind)entry->kind) {
    case PL_ENTRY_OPEN:
        pl_engine__set_locale(c, entry->open.locale);
        c->locale_guessed = entry->open.guessed;
        memcpy(c->resume, entry->open.resume, sizeof c->resume);
        break;
    case PL_ENTRY_KNOWN:
        memcpy(c->customer, entry->known.customer, sizeof c->customer);
        c->known_ms = entry->at_ms;
        c->listed = false;
        break;
    case PL_ENTRY_ARRIVAL: replay_arrival(c, entry); break;
    case PL_ENTRY_WITH:
        pl_engine__with(c, entry->with.with);
        pl_engine__notes_free(c);
        pl_engine__handoff_add(c, entry->n, entry->at_ms, entry->with.data);
        break;
    case PL_ENTRY_AGENT: pl_engine__agent_again(c, &entry->agent); break;
    default: break; /* what others wrote does not change the state */
    }
}

static enum pl_err replay_entry(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                                const struct pl_entry *entry) {
    if (entry->kind == PL_ENTRY_TURN) return replay_turn(e, c, a, entry);
    if (entry->kind == PL_ENTRY_RATED) pl_engine__voted(e, c, &entry->rated);
    pl_engine__record_again(c, entry);
    return PL_OK;
}

static enum pl_err replay(struct pl_engine *e, struct eng_conv *c, uint64_t from) {
    struct pl_journal_cursor cursor = {0};
    struct pl_arena a;
    struct pl_entry entry;
    enum pl_err err = pl_journal_from(e->journal, &c->j, from, &cursor);
    pl_arena_init(&a, 0);
    while (err == PL_OK) {
        pl_arena_reset(&a);
        err = pl_journal_next(e->journal, &cursor, &a, &entry);
        if (err == PL_OK) err = replay_entry(e, c, &a, &entry);
        if (err == PL_OK) c->dirty = true;
        c->dirty_ms = eng_ticks(e);
    }
    pl_arena_free(&a);
    pl_journal_cursor_free(&cursor);
    return err == PL_NOT_FOUND ? PL_OK : err;
}

static enum pl_err load(struct pl_engine *e, struct eng_conv *c, const struct pl_snapshot *snap) {
    enum pl_err err = PL_OK;
    e->wanted = NULL;
    pl_engine__image_use(e->active);
    c->image = e->active;
    if (snap->n) err = use_image(e, c, snap->image);
    if (err == PL_OK && snap->n) err = pl_engine__record_read(e, c, snap->state);
    if (snap->n) memcpy(c->ref_image, snap->image, sizeof c->ref_image);
    c->ref = snap->n ? ENG_REF_UNSURE : 0;
    if (e->wanted) err = PL_BUSY; /* a call under way is another image's */
    if (err == PL_OK) err = replay(e, c, snap->n + 1);
    if (err == PL_OK) err = pl_engine__conv_look(e, c);
    return err;
}

static enum pl_err load_new(struct pl_engine *e, const uint8_t id[16], bool from_start,
                            struct eng_conv **out) {
    struct pl_arena a;
    struct pl_snapshot snap = {0};
    struct eng_conv *c = pl_engine__conv_new(e, id);
    pl_arena_init(&a, 0);
    enum pl_err err = pl_snapshot_load(e->journal, id, &a, &c->j, &snap);
    if (from_start) snap = (struct pl_snapshot){0};
    if (err == PL_OK) err = load(e, c, &snap);
    pl_arena_free(&a);
    if (err != PL_OK) {
        pl_engine__conv_free(e, &c);
        return err;
    }
    ENG_COUNT(e, LOADED);
    *out = c;
    return PL_OK;
}

enum pl_err pl_engine__conv_load(struct pl_engine *e, const uint8_t id[16], struct eng_conv **out) {
    *out = pl_engine__conv_find(e, id);
    if (*out) return PL_OK;
    enum pl_err err = load_new(e, id, false, out);
    if (err == PL_ERASED) pl_engine__drop_rows(e, id); /* the server died right after erasing it */
    if (err != PL_OK) return err;
    pl_engine__attach_again(e, *out);
    pl_engine__list(e, *out);
    pl_engine__input(e, *out,
                     pl_engine__input_new(e, ENG_CATCH_UP, PL_STR(""), PL_STR(""), PL_STR("")));
    *out = pl_engine__conv_find(e, id); /* gone when catching up failed */
    if (*out && pl_engine__handoff_hidden(*out))
        pl_engine__conv_save(e, *out); /* others read its row in the queue */
    return *out ? PL_OK : PL_IO;
}

enum pl_err pl_engine_again(struct pl_engine *e, const uint8_t conversation[16]) {
    struct eng_conv *c = pl_engine__conv_find(e, conversation);
    struct pl_buf before = {0};
    if (!c) return PL_NOT_FOUND;
    if (c->turn || c->flying) return PL_BUSY;
    pl_buf_str(&before, pl_buf_slice(&c->state));
    uint8_t with = c->with;
    pl_engine__conv_free(e, &c);
    enum pl_err err = load_new(e, conversation, true, &c);
    if (err == PL_OK &&
        (!pl_str_eq(pl_buf_slice(&before), pl_buf_slice(&c->state)) || c->with != with))
        err = PL_CONFLICT;
    pl_buf_free(&before);
    return err;
}

/* ---- snapshots ---- */

/* timers, images, and hand-overs: as many as people have, and done ones */
#define SIDE_ROWS (40 + ENG_REF_ROWS)

static struct pl_str timer_key(struct pl_arena *a, int64_t at_ms, const uint8_t id[16]) {
    char *p = pl_arena_alloc(a, 25);
    p[0] = 't';
    for (int i = 0; i < 8; i++) p[1 + i] = (char)((uint64_t)at_ms >> (56 - 8 * i));
    memcpy(p + 9, id, 16);
    return (struct pl_str){p, 25};
}

static size_t side_rows(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                        struct pl_store_row rows[SIDE_ROWS]) {
    size_t n = 0;
    /* what goes on by itself is woken after a restart even when nothing is left to replay */
    int64_t wake = c->effects.n || c->ninbox ? eng_ticks(e) : eng_due(c);
    if (c->timer_row != wake) {
        if (c->timer_row) rows[n++].key = timer_key(a, c->timer_row, c->id);
        if (wake) {
            rows[n].key = timer_key(a, wake, c->id);
            rows[n++].value = PL_STR("t");
        }
        c->timer_row = wake;
    }
    n += pl_engine__uses_rows(c, a, rows + n);
    n += pl_engine__handoff_rows(e, c, a, rows + n, SIDE_ROWS - n);
    return n;
}

enum pl_err pl_engine__conv_save(struct pl_engine *e, struct eng_conv *c) {
    struct pl_arena a;
    struct pl_store_row rows[SIDE_ROWS] = {0};
    int64_t timer_row = c->timer_row;
    if (!c->dirty || c->turn || c->broken || c->keeping) return PL_OK;
    pl_arena_init(&a, 0);
    size_t n = side_rows(e, c, &a, rows);
    pl_engine__record_write(&e->buf, c);
    struct pl_snapshot snap = {
        .n = c->j.n, .seq = c->j.seq, .at_ms = eng_now(e), .state = pl_buf_slice(&e->buf)};
    memcpy(snap.image, pl_image_hash(c->image->image), sizeof snap.image);
    enum pl_err err = pl_snapshot_save(e->journal, &c->j, &snap, rows, n);
    pl_arena_free(&a);
    if (err != PL_OK) {
        c->timer_row = timer_row;
        return err;
    }
    pl_engine__handoff_shown(c);
    pl_engine__uses_written(e, c);
    c->dirty = false;
    c->ticket = pl_store_ticket(e->config.store);
    return PL_OK;
}
