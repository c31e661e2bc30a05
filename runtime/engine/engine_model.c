/* SPDX-License-Identifier: Apache-2.0
 *
 * Turns of a language model: what it is asked, what it writes on the way, and the clock that ends
 * it when nobody else does.
 *
 *   asked -> sentences shown as drafts ... -> outcome, as an event -> the flow goes on
 *         -> nobody waits any more (a person took over): cancelled, its outcome is dropped
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define GRACE_MS  500  /* behind the budget's time, before it is given up here */
#define LINE_MOST 2000 /* bytes of a line of the transcript */
#define LOOK_BACK 40   /* events */
/* Attempts are counted within a boot: one of an earlier boot is another. */
#define BOOT_TURNS 1000

/* One turn under way. The conversation may leave memory before the models come back. */
struct eng_asking {
    struct pl_engine *e;
    struct eng_asking *prev, *next; /* of the engine */
    uint64_t number;                /* as the models gave it */
    uint8_t conversation[16];
    uint64_t effect;
    struct pl_timer timer;
    uint32_t attempt, shown; /* of the draft; how many pieces of it were sent */
    bool no_model;           /* only articles are asked */
    bool replaces;           /* its first piece takes the place of another attempt's */
    struct pl_buf draft;     /* what is not sent yet */
};

/* ---- what was said ---- */

struct transcript {
    struct pl_arena *a;
    struct pl_engine_line v[PL_ENGINE_LINES];
    uint32_t n;
};

/* Between two words where there is a blank: half a name is not recognised as one. */
static struct pl_str cut(struct pl_str s) {
    size_t n = s.n < LINE_MOST ? s.n : LINE_MOST, blank = n;
    while (blank && blank < s.n && (unsigned char)s.p[blank] > ' ') blank--;
    if (blank > n / 2) n = blank;
    while (n && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80) n--;
    return (struct pl_str){s.p, n};
}

static void add_line(struct transcript *t, bool customer, struct pl_str text) {
    if (text.n == 0) return;
    if (t->n == PL_ENGINE_LINES) memmove(t->v, t->v + 1, --t->n * sizeof *t->v);
    t->v[t->n++] = (struct pl_engine_line){customer, cut(text)};
}

/* The words of a message, as the customer saw them. */
static bool read_event(void *ctx, uint64_t seq, int64_t at_ms, struct pl_str json) {
    struct transcript *t = ctx;
    struct pl_json event;
    size_t at;
    (void)seq;
    (void)at_ms;
    json = pl_arena_str(t->a, json);
    if (pl_json_parse(t->a, json, &event, &at) != PL_OK) return true;
    const struct pl_json *parts = pl_json_get(&event, "parts");
    if (!pl_str_is(pl_json_text(&event, "kind"), "message") || !parts) return true;
    struct pl_str all = {0};
    for (size_t i = 0; i < parts->n; i++) {
        struct pl_str text = pl_json_text(&parts->m[i].value, "text");
        if (!pl_str_is(pl_json_text(&parts->m[i].value, "type"), "text") || text.n == 0) continue;
        all = all.n ? pl_arena_printf(t->a, "%.*s\n%.*s", PL_STR_ARG(all), PL_STR_ARG(text)) : text;
    }
    add_line(t, pl_str_is(pl_json_text(&event, "from"), "customer"), all);
    return true;
}

/* The message itself, and what was said since, is none of it. */
static void end_before(struct transcript *t, struct pl_str message) {
    for (uint32_t i = t->n; i > 0; i--) {
        if (!t->v[i - 1].customer || !pl_str_eq(t->v[i - 1].text, cut(message))) continue;
        t->n = i - 1;
        return;
    }
}

static void read_transcript(struct pl_engine *e, struct eng_conv *c, struct transcript *t) {
    uint64_t after = c->j.seq > LOOK_BACK ? c->j.seq - LOOK_BACK : 0;
    if (after < c->unread_seq) after = c->unread_seq;
    pl_journal_events(e->journal, &c->j, after, read_event, t);
    for (size_t i = 0; c->turn && i < c->turn->events.n; i++) /* on its way to disk */
        if (c->turn->events.v[i].seq > after) read_event(t, 0, 0, c->turn->events.v[i].json);
}

/* ---- what comes back ---- */

static struct eng_input *input_of(struct pl_engine *e, uint64_t effect,
                                  enum pl_engine_asked outcome, struct pl_str value) {
    struct eng_input *in = pl_engine__input_new(e, ENG_MODEL, value, PL_STR(""), PL_STR(""));
    in->effect = effect;
    in->outcome = (uint8_t)outcome;
    return in;
}

static void asking_free(struct eng_asking *a) {
    struct pl_engine *e = a->e;
    if (a->prev)
        a->prev->next = a->next;
    else
        e->asking = a->next;
    if (a->next) a->next->prev = a->prev;
    pl_timer_stop(&a->timer);
    pl_buf_free(&a->draft);
    free(a);
}

void pl_engine__askings_free(struct pl_engine *e) {
    while (e->asking) asking_free(e->asking);
}

static struct eng_effect *waiting(struct eng_asking *a, struct eng_conv **c) {
    *c = pl_engine__conv_find(a->e, a->conversation);
    struct eng_effect *fx = *c ? pl_engine__effect(*c, a->effect) : NULL;
    return fx && fx->asking == a ? fx : NULL;
}

/* Whoever it was for hears this, and nothing after it. */
static void settle(struct eng_asking *a, enum pl_engine_asked outcome, struct pl_str value) {
    struct pl_engine *e = a->e;
    struct eng_conv *c;
    struct eng_effect *fx = waiting(a, &c);
    asking_free(a);
    if (!fx) return;
    fx->flying = false;
    fx->asking = NULL;
    c->flying--;
    pl_engine__input(e, c, input_of(e, fx->effect, outcome, value));
}

static void model_came(void *ctx, enum pl_engine_asked outcome, struct pl_str value) {
    bool long_one = value.n > PL_ENGINE_VALUE_MOST; /* no entry could hold it */
    settle(ctx, long_one ? PL_ASKED_DOWN : outcome, long_one ? PL_STR("") : value);
}

/* The budget's time is over, and nobody said so. */
static void late(struct pl_timer *w) {
    struct eng_asking *a = w->ctx;
    struct pl_engine *e = a->e;
    ENG_COUNT(e, MODELS_LATE);
    if (e->config.models.cancel) e->config.models.cancel(e->config.models.ctx, a->number);
    settle(a, PL_ASKED_DOWN, PL_STR(""));
}

void pl_engine__model_cancel(struct pl_engine *e, struct eng_conv *c, struct eng_effect *fx) {
    struct eng_asking *a = fx->asking;
    if (!a) return;
    fx->asking = NULL;
    fx->flying = false;
    c->flying--;
    if (e->config.models.cancel) e->config.models.cancel(e->config.models.ctx, a->number);
    asking_free(a);
}

/* ---- drafts ---- */

/* Nothing is shown before what led to it is on disk. */
static void send_draft(struct pl_engine *e, struct eng_conv *c, struct eng_asking *a) {
    if (a->draft.n == 0 || c->turn || !e->config.sink.stream) return;
    struct pl_engine_stream s = {.turn = a->effect,
                                 .attempt =
                                     pl_store_boot(e->config.store) * BOOT_TURNS + a->attempt,
                                 .n = ++a->shown,
                                 .replace = a->replaces,
                                 .text = pl_buf_slice(&a->draft)};
    a->replaces = false;
    for (size_t i = 0; i < c->clients.n; i++)
        e->config.sink.stream(e->config.sink.ctx, c->clients.v[i].client, &s);
    pl_buf_clear(&a->draft);
}

void pl_engine__drafts(struct pl_engine *e, struct eng_conv *c) {
    for (size_t i = 0; i < c->effects.n; i++)
        if (c->effects.v[i]->asking) send_draft(e, c, c->effects.v[i]->asking);
}

static void partial(void *ctx, uint32_t attempt, struct pl_str text) {
    struct eng_asking *a = ctx;
    struct eng_conv *c;
    if (!waiting(a, &c)) return;
    if (attempt != a->attempt) {
        pl_buf_clear(&a->draft);
        a->replaces = a->replaces || a->shown > 0;
        a->attempt = attempt;
        a->shown = 0;
    }
    pl_buf_str(&a->draft, text);
    send_draft(a->e, c, a);
}

/* ---- asking ---- */

static struct eng_asking *asking_new(struct pl_engine *e, const struct eng_conv *c,
                                     const struct eng_effect *fx) {
    struct eng_asking *a = calloc(1, sizeof *a);
    pl_assert(a);
    a->e = e;
    a->effect = fx->effect;
    memcpy(a->conversation, c->id, sizeof a->conversation);
    a->next = e->asking;
    if (a->next) a->next->prev = a;
    e->asking = a;
    return a;
}

static struct pl_value acted(const struct eng_effect *fx, struct pl_arena *a) {
    struct pl_reader r = pl_reader_of(pl_buf_slice(&fx->acted));
    return fx->acted.n ? pl_value_read(&r, a) : PL_NONE;
}

/* The customer's time to think is not the model's. */
static int64_t spent_ms(const struct eng_effect *fx) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    struct pl_value v = pl_rec_get(acted(fx, &a), PL_STR("spent"));
    struct pl_value ms = v.kind == PL_KIND_RECORD ? pl_rec_get(v, PL_STR("ms")) : PL_NONE;
    bool good = ms.kind == PL_KIND_NUMBER && ms.n.scale == 0 && ms.n.m >= 0;
    pl_arena_free(&a);
    return good ? ms.n.m : 0;
}

static void ask(struct pl_engine *e, struct eng_conv *c, struct eng_effect *fx, int64_t left) {
    struct pl_arena a;
    struct eng_asking *k = fx->asking = asking_new(e, c, fx);
    pl_arena_init(&a, 0);
    struct transcript said = {.a = &a};
    k->no_model = pl_engine__no_model(e, c) || c->message_n < c->unread_n;
    if (!k->no_model) read_transcript(e, c, &said);
    end_before(&said, pl_buf_slice(&fx->text));
    struct pl_engine_ask out = {.image = fx->image->image,
                                .model = fx->hook,
                                .args = pl_engine__args(&a, &fx->args, fx->nargs),
                                .nargs = fx->nargs,
                                .about = pl_buf_slice(&fx->about),
                                .text = pl_buf_slice(&fx->text),
                                .locale = c->locale,
                                .effect = fx->effect,
                                .run = fx->run,
                                .verified = c->proven,
                                .no_model = k->no_model,
                                .nlines = said.n,
                                .lines = said.v,
                                .acted = acted(fx, &a),
                                .within_ms = left,
                                .loop = e->loop,
                                .done = model_came,
                                .partial = partial,
                                .ctx = k};
    memcpy(out.conversation, c->id, sizeof out.conversation);
    memcpy(out.customer, c->customer, sizeof out.customer);
    out.nknown = pl_vm_known(e->vm, c->image->image, pl_buf_slice(&c->state), &a, &out.known);
    out.slots = pl_vm_slots(e->vm, c->image->image, pl_buf_slice(&c->state), &a);
    k->timer = (struct pl_timer){.fn = late, .ctx = k};
    pl_timer_start(e->loop, &k->timer, left + GRACE_MS);
    k->number = e->config.models.start(e->config.models.ctx, &out);
    pl_arena_free(&a);
}

static void trace_model(struct pl_engine *e, const struct pl_program *p,
                        const struct pl_p_model *row) {
    const struct pl_p_prompt *r = row->prompt == PL_NOWHERE ? NULL : &p->prompts[row->prompt];
    if (r)
        pl_engine__trace(e, "model %.*s prompt %.*s@%u", PL_STR_ARG(row->id), PL_STR_ARG(r->name),
                         r->version);
    else
        pl_engine__trace(e, "model %.*s", PL_STR_ARG(row->id));
}

void pl_engine__model_start(struct pl_engine *e, struct eng_conv *c, struct eng_effect *fx) {
    const struct pl_p_model *row = &pl_image_program(fx->image->image)->models[fx->hook];
    int64_t most = row->within_ms - spent_ms(fx), left = most - (eng_now(e) - fx->asked_ms);
    if (left > most) left = most; /* the clock went back */
    if (fx->flying) return;
    if (left > most) left = most; /* the clock went back */
    if (!e->config.models.start || left <= 0) {
        pl_engine__input_first(c, input_of(e, fx->effect, PL_ASKED_DOWN, PL_STR("")));
        return;
    }
    ENG_COUNT(e, MODELS);
    trace_model(e, pl_image_program(fx->image->image), row);
    fx->flying = true;
    c->flying++;
    ask(e, c, fx, left);
}

/* The event for what came. */
void pl_engine__model_event(const struct eng_input *in, struct pl_arena *a,
                            struct pl_vm_event *event) {
    event->effect = in->effect;
    bool proposed = in->outcome == PL_ASKED_PROPOSED;
    event->failure = in->outcome == PL_ASKED_UNSURE ? PL_STR("unsure") : PL_STR("down");
    if (in->outcome != PL_ASKED_OK && !proposed) return;
    struct pl_reader r = pl_reader_of(pl_arena_str(a, in->text));
    struct pl_value v = pl_value_read(&r, a);
    if (r.bad || pl_read_left(&r)) return;
    event->failure = proposed ? PL_STR("proposed") : PL_STR("");
    event->value = v;
}

/* ---- customers who want no model ---- */

bool pl_engine__no_model(struct pl_engine *e, const struct eng_conv *c) {
    return c->no_model ||
           (!pl_engine__is_nobody(c->customer) && pl_engine__refused_models(e, c->customer));
}

void pl_engine__models_unread(struct eng_conv *c, const struct pl_vm_event *event,
                              const struct pl_entry *entry) {
    if (event->kind == PL_EVENT_MESSAGE && entry->turn.of) c->message_n = entry->turn.of;
    if (c->refusing && !c->no_model) {
        c->unread_n = entry->n;
        c->unread_seq = entry->last_seq;
    }
    c->refusing = c->no_model;
}

void pl_engine__models_again(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t) {
    if (!c->broken && !c->no_model && pl_engine__no_model(e, c))
        pl_engine__step_no_model(e, c, t, true, true);
}

void pl_engine__models_stop(struct pl_engine *e, struct eng_conv *c) {
    for (size_t i = 0; i < c->effects.n; i++) {
        struct eng_effect *fx = c->effects.v[i];
        if (fx->asking && !fx->asking->no_model) pl_engine__model_cancel(e, c, fx);
    }
}

/* To refuse, it is enough to sound like it; to allow it again takes one of the phrases. */
int pl_engine__said_of_models(const struct eng_conv *c, const struct pl_vm_reading *r) {
    const struct pl_image *i = c->image->image;
    uint32_t no = pl_image_intent(i, PL_STR("no_model"));
    uint32_t yes = pl_image_intent(i, PL_STR("use_model"));
    if (no != PL_NOWHERE && r->nintents && r->intents[0].intent == no) return 1;
    return yes != PL_NOWHERE && r->command == yes ? -1 : 0;
}

void pl_engine__step_no_model(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t, bool no,
                              bool remembered) {
    struct pl_vm_event event;
    if (c->no_model == no) return;
    pl_engine__look(e, c, PL_EVENT_NO_MODEL, &event);
    event.value = (struct pl_value){.kind = PL_KIND_BOOL, .b = no};
    event.remembered = remembered;
    pl_engine__step(e, c, t, &event, 0);
}

void pl_engine__tell_no_model(struct pl_engine *e, const uint8_t customer[16], bool no) {
    PL_VEC(struct eng_id) ids = {0};
    for (const struct eng_conv *c = e->oldest; c; c = c->next) {
        struct eng_id id;
        memcpy(id.id, c->id, sizeof id.id);
        if (memcmp(c->customer, customer, sizeof c->customer) == 0) PL_PUSH(&ids, id);
    }
    for (size_t i = 0; i < ids.n; i++) {
        struct eng_conv *c = pl_engine__conv_find(e, ids.v[i].id);
        if (!c) continue;
        struct eng_input *in =
            pl_engine__input_new(e, ENG_NO_MODEL, PL_STR(""), PL_STR(""), PL_STR(""));
        in->said = no;
        if (no) pl_engine__models_stop(e, c); /* at once, whatever is being written to disk */
        pl_engine__input(e, c, in);
    }
    PL_VEC_FREE(&ids);
}
