/* SPDX-License-Identifier: Apache-2.0
 *
 * Turns: begun, asked, ended.
 */
#include "runtime/answer/answer_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- the object ---- */

struct pl_answer *pl_answer_create(const struct pl_answer_config *config) {
    struct pl_answer *a = calloc(1, sizeof *a);
    if (a == NULL) return NULL;
    a->config = *config;
    if (config->secret != NULL) a->config.secret = memcpy(a->secret, config->secret, PL_KEY_SIZE);
    a->scratch = pl_kb_scratch_new(config->locales);
    pl_arena_init(&a->claim, 0);
    pl_arena_init(&a->look, 0);
    static const struct pl_counter counters[] = {
#define COUNTER(name, help) {"answer." #name, help, 0},
#include "runtime/answer/counter.def"
#undef COUNTER
    };
    for (size_t i = 0; i < PL_LEN(counters); i++) {
        a->counters[i].name = counters[i].name;
        a->counters[i].help = counters[i].help;
    }
    if (a->scratch == NULL) pl_answer_destroy(&a);
    return a;
}

/* Its end comes to nobody. */
static void stop_asking(struct turn *t) {
    const struct pl_answer_model *m = &t->owner->config.model;
    if (t->asked != NULL) t->asked->turn = NULL;
    if (t->embedding != NULL) t->embedding->turn = NULL;
    t->asked = t->embedding = NULL;
    if (t->ask != 0 && m->cancel != NULL) m->cancel(m->ctx, t->ask);
    t->ask = 0;
    pl_answer__stop_tools(t);
}

/* Nothing comes back to it any more. */
static void unlink_turn(struct turn *t) {
    pl_timer_stop(&t->deadline);
    pl_timer_stop(&t->soon);
    stop_asking(t);
    if (t->next != NULL) t->next->prev = t->prev;
    if (t->prev != NULL)
        t->prev->next = t->next;
    else
        t->owner->turns = t->next;
}

static void free_turn(struct turn *t) {
    PL_VEC_FREE(&t->messages);
    PL_VEC_FREE(&t->evidence.claims);
    PL_VEC_FREE(&t->evidence.said);
    pl_answer__texts_unref(&t->evidence.texts);
    pl_buf_free(&t->raw);
    pl_buf_free(&t->shown);
    pl_buf_free(&t->plain);
    pl_arena_free(&t->a);
    free(t);
}

void pl_answer_destroy(struct pl_answer **out) {
    struct pl_answer *a = *out;
    if (a == NULL) return;
    while (a->turns != NULL) {
        struct turn *t = a->turns;
        unlink_turn(t);
        free_turn(t);
    }
    while (a->images.n > 0) pl_answer_drop(a, a->images.v[a->images.n - 1]->image);
    PL_VEC_FREE(&a->images);
    pl_answer__counts_free(a);
    pl_kb_scratch_free(&a->scratch);
    pl_arena_free(&a->claim);
    pl_arena_free(&a->look);
    pl_crypto_wipe(a->secret, sizeof a->secret);
    free(a);
    *out = NULL;
}

enum pl_err pl_answer_open(const struct pl_answer *a, struct pl_image *image,
                           struct pl_answer_image **out) {
    struct pl_answer_image *k = calloc(1, sizeof *k);
    *out = k;
    if (k == NULL) return PL_NOMEM;
    *k = (struct pl_answer_image){.image = image, .texts = pl_answer__texts_new()};
    struct pl_str index = pl_image_section(image, "kb.index");
    struct pl_str vectors = pl_image_section(image, "kb.vectors");
    enum pl_err err = pl_kb_open(index, &k->kb);
    enum pl_err bad = PL_OK;
    if (err == PL_OK && vectors.n > 0) bad = pl_kb_vectors_open(vectors, k->kb, index, &k->vectors);
    if (bad != PL_OK && a->config.log != NULL)
        pl_log(a->config.log, PL_LOG_WARN, "answer", "no_vectors", "reason=\"%s\"",
               pl_err_text(bad));
    return err;
}

void pl_answer_close(struct pl_answer_image **out) {
    struct pl_answer_image *k = *out;
    if (k == NULL) return;
    pl_kb_close(&k->kb);
    pl_answer__texts_unref(&k->texts);
    free(k);
    *out = NULL;
}

void pl_answer_take(struct pl_answer *a, struct pl_answer_image **opened) {
    if (*opened != NULL) PL_PUSH(&a->images, *opened);
    *opened = NULL;
}

enum pl_err pl_answer_load(struct pl_answer *a, struct pl_image *image) {
    struct pl_answer_image *k;
    enum pl_err err = pl_answer_open(a, image, &k);
    pl_answer_take(a, &k);
    return err;
}

void pl_answer_drop(struct pl_answer *a, const struct pl_image *image) {
    for (size_t i = 0; i < a->images.n; i++) {
        if (a->images.v[i]->image != image) continue;
        pl_answer_close(&a->images.v[i]);
        a->images.v[i] = a->images.v[--a->images.n];
        return;
    }
}

void pl_answer__count(struct pl_answer *a, enum pl_answer_count what) {
    pl_count(&a->counters[what], 1);
}

const struct pl_counter *pl_answer_counters(const struct pl_answer *a) {
    return a->counters;
}

static const struct {
    const char *word, *meaning;
} whys[] = {
#define WHY(name, word, meaning) {word, meaning},
#include "runtime/answer/why.def"
#undef WHY
};

const char *pl_answer_meaning(struct pl_str why) {
    for (size_t i = 0; i < PL_LEN(whys); i++)
        if (pl_str_is(why, whys[i].word)) return whys[i].meaning;
    return "";
}

/* ---- the end ---- */

/* Not as "answer@3": a log masks what looks like an address. */
static void prompt_logged(const struct turn *t, char out[120]) {
    char name[100];
    pl_answer__prompt_name(t, name);
    const char *at = strchr(name, '@');
    if (at == NULL)
        snprintf(out, 120, "prompt=%s", name);
    else
        snprintf(out, 120, "prompt=%.*s version=%s", (int)(at - name), name, at + 1);
}

static void tell(struct pl_timer *timer) {
    struct turn *t = timer->ctx;
    static const enum pl_answer_count counts[] = {PL_ANSWER_COUNT_OK, PL_ANSWER_COUNT_UNSURE,
                                                  PL_ANSWER_COUNT_DOWN, PL_ANSWER_COUNT_PROPOSED};
    char prompt[120];
    pl_answer__count(t->owner, counts[t->outcome]);
    pl_answer__count_prompt(t);
    prompt_logged(t, prompt);
    if (t->why != WHY_NONE && t->owner->config.log != NULL)
        pl_log(t->owner->config.log, PL_LOG_INFO, "answer", "not_shown", "why=%s model=%u %s",
               whys[t->why].word, t->in.model, prompt);
    /* Out of the list first: the callback may begin another turn, or end the owner. */
    bool gives = t->outcome == PL_ANSWER_OK || t->outcome == PL_ANSWER_PROPOSED;
    struct pl_str value = gives ? t->value : (struct pl_str){0};
    unlink_turn(t);
    t->in.done(t->in.ctx, t->outcome, value, pl_str_c(whys[t->why].word));
    free_turn(t);
}

void pl_answer__end(struct turn *t, enum pl_answer_outcome outcome, enum answer_why why) {
    if (t->state == ENDS) return;
    stop_asking(t);
    pl_timer_stop(&t->deadline);
    t->state = ENDS;
    t->outcome = outcome;
    t->why = why;
    pl_timer_start(t->in.loop, &t->soon, 0);
}

/* ---- the knowledge base ---- */

bool pl_answer__put(struct turn *t, struct pl_str text, uint32_t passages, struct pl_str from) {
    struct pl_value *v = PL_NEW_ARRAY(&t->a, struct pl_value, PL_KB_MOST_HITS);
    struct pl_field *f = PL_NEW_ARRAY(&t->a, struct pl_field, 3);
    if (v == NULL || f == NULL) return false;
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->found.n; i++)
        if (passages & (1u << i)) v[n++] = pl_answer__source(&t->a, &t->found.hits[i]);
    f[0] = (struct pl_field){PL_STR("text"), pl_text(text)};
    f[1] = (struct pl_field){PL_STR("sources"), {.kind = PL_KIND_LIST, .list = {v, n}}};
    f[2] = (struct pl_field){PL_STR("translated"), pl_text(from)};
    struct pl_buf b = {0};
    pl_value_write(&b, (struct pl_value){.kind = PL_KIND_RECORD, .rec = {f, from.n ? 3 : 2}});
    t->value = b.failed ? (struct pl_str){0} : pl_arena_str(&t->a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return t->value.p != NULL;
}

void pl_answer__alone(struct turn *t, enum pl_answer_outcome otherwise, enum answer_why why) {
    bool acted = t->in.acted.kind != PL_KIND_NONE; /* an article says nothing of what was done */
    if (t->spec->kind == PL_MODEL_DECIDE || acted || !t->found.sure || t->found.n == 0) {
        pl_answer__end(t, otherwise, why);
        return;
    }
    const struct pl_kb_hit *h = &t->found.hits[0];
    struct pl_str text = {h->text.p + h->answer.start, h->answer.end - h->answer.start};
    if (text.n == 0) text = h->text;
    pl_answer__count(t->owner, PL_ANSWER_COUNT_ALONE);
    if (pl_answer__translate(t, pl_str_trim(text))) return;
    if (pl_answer__put(t, pl_str_trim(text), 1, (struct pl_str){0}))
        pl_answer__end(t, PL_ANSWER_OK, WHY_NONE);
    else
        pl_answer__end(t, PL_ANSWER_DOWN, WHY_LONG);
}

static void search(struct turn *t) {
    const struct pl_answer_image *k = pl_answer__known(t->owner, t->in.image);
    if (k == NULL || k->kb == NULL || t->spec->passages == 0) return;
    uint32_t top = t->spec->passages < PL_KB_MOST_HITS ? t->spec->passages : PL_KB_MOST_HITS;
    struct pl_kb_query q = {t->in.text, t->in.locale, t->program->source_locale, top};
    if (t->question != NULL) q.top = PL_KB_MOST_HITS;
    pl_kb_search(t->owner->scratch, k->kb, &q, &t->found);
    q.top = top;
    if (t->question != NULL) pl_kb_fuse(k->kb, &k->vectors, &q, t->question, &t->found);
    for (uint32_t i = 0; i < t->found.n; i++) {
        const struct pl_kb_hit *h = &t->found.hits[i];
        pl_answer__learn_known(&t->evidence, h->text);
        pl_answer__learn_known(&t->evidence, h->title);
        pl_answer__learn_known(&t->evidence, h->heading);
        t->evidence.foreign |= pl_answer__is_foreign(t, h);
    }
}

/* ---- the model ---- */

/* What it says is not shown. An article that surely answers is, unless the model, which has read
 * it, says that it does not. */
static void turn_down(struct turn *t, enum answer_why why) {
    if (why == WHY_ABSTAINED)
        pl_answer__end(t, PL_ANSWER_UNSURE, why);
    else
        pl_answer__alone(t, PL_ANSWER_UNSURE, why);
}

static enum answer_why finished(struct turn *t, const struct pl_llm_event *e) {
    switch (e->done.finish) {
    case PL_LLM_FINISH_STOP: break;
    case PL_LLM_FINISH_TOOLS: return t->tools.n > 0 ? pl_answer__run(t) : WHY_TOOL;
    case PL_LLM_FINISH_REFUSED:
    case PL_LLM_FINISH_FILTERED: return WHY_REFUSED;
    default: return WHY_LONG;
    }
    if (t->spec->kind == PL_MODEL_DECIDE) {
        enum answer_why why = pl_answer__decided(t);
        if (why == WHY_NONE) pl_answer__end(t, PL_ANSWER_OK, WHY_NONE);
        return why;
    }
    enum answer_why why = pl_answer__look(t, true);
    if (why != WHY_NONE) return why;
    struct pl_str text = pl_str_trim(pl_arena_str(&t->a, pl_buf_slice(&t->shown)));
    if (text.n == 0) return WHY_SHAPE;
    if (t->substance == 0 || (t->replies && !t->to_the_point)) return WHY_CLAIM;
    if (!pl_answer__put(t, text, t->cited != 0 ? t->cited : t->found.n > 0, (struct pl_str){0}))
        return WHY_LONG;
    pl_answer__end(t, PL_ANSWER_OK, WHY_NONE);
    return WHY_NONE;
}

static void done(struct turn *t, const struct pl_llm_event *e) {
    t->ask = 0;
    t->attempts += t->attempt;
    t->attempt = 0;
    t->tokens += e->done.usage.input + e->done.usage.cached + e->done.usage.output;
    t->micro += e->done.micro;
    if (t->original.n) {
        pl_answer__translated(t, e->done.failure == PL_LLM_FAIL_NONE &&
                                     e->done.finish == PL_LLM_FINISH_STOP);
        return;
    }
    if (e->done.failure != PL_LLM_FAIL_NONE) {
        pl_answer__alone(t, PL_ANSWER_DOWN,
                         e->done.failure == PL_LLM_FAIL_PRIVACY ? WHY_PRIVACY : WHY_FAILED);
        return;
    }
    enum answer_why why = finished(t, e);
    if (why != WHY_NONE) turn_down(t, why);
}

static void on_event(void *ctx, const struct pl_llm_event *e) {
    struct asked *asked = ctx;
    struct turn *t = asked->turn;
    if (e->kind == PL_LLM_DONE) {
        if (t != NULL) t->asked = NULL;
        free(asked);
    }
    if (t == NULL || t->state != ASKS) return;
    t->attempt = e->attempt;
    switch (e->kind) {
    case PL_LLM_RESTART:
        pl_answer__forget(t);
        pl_answer__stop_tools(t);
        break;
    case PL_LLM_TEXT: {
        pl_buf_str(&t->raw, e->text);
        if (t->original.n) { /* it is shown whole, or not at all */
            if (t->raw.n > PL_ANSWER_MOST_TEXT) pl_answer__translated(t, false);
            break;
        }
        bool looks = t->spec->kind == PL_MODEL_ANSWER && t->raw.n <= PL_ANSWER_MOST_TEXT;
        enum answer_why why = looks ? pl_answer__look(t, false) : WHY_NONE;
        if (t->raw.n > PL_ANSWER_MOST_TEXT) why = WHY_LONG;
        if (why != WHY_NONE) turn_down(t, why);
        break;
    }
    case PL_LLM_TOOL: {
        if (t->original.n) break; /* it was offered none */
        enum answer_why why = pl_answer__called(t, &e->call);
        if (why != WHY_NONE) turn_down(t, why);
        break;
    }
    case PL_LLM_DONE: done(t, e); break;
    default: break;
    }
}

/* What is left of a bound; false: nothing. 0 is no bound. */
static bool left_of(int64_t bound, int64_t used, int64_t *left) {
    *left = bound == 0 ? 0 : bound - used;
    return bound == 0 || *left > 0;
}

/* A figure, as an earlier reply that came of the customer's records has one; also in the digits of
 * Arabic and of Persian. */
static bool has_figure(struct pl_str s) {
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i], next = i + 1 < s.n ? (uint8_t)s.p[i + 1] : 0;
        if (c >= '0' && c <= '9') return true;
        if ((c == 0xd9 && next >= 0xa0 && next <= 0xa9) || (c == 0xdb && next >= 0xb0)) return true;
    }
    return false;
}

/* Whether the prompt holds more than the shop's own words and a question that anybody may ask. */
static bool is_personal(const struct turn *t) {
    for (uint32_t i = 0; i < t->in.nargs; i++)
        if (t->in.args[i].kind != PL_KIND_NONE) return true;
    for (size_t i = 0; i < t->messages.n; i++) {
        const struct pl_llm_message *m = &t->messages.v[i];
        if (m->role == PL_LLM_TOOL_RESULT || m->ncalls > 0) return true;
        if (m->role == PL_LLM_ASSISTANT && has_figure(m->text)) return true;
        if (pl_str_find(m->text, PL_STR("\u27e6")) != SIZE_MAX) return true; /* a placeholder */
    }
    return false;
}

bool pl_answer__send(struct turn *t) {
    int64_t tokens, micro, ms = (t->until_us - pl_loop_now_us(t->in.loop)) / 1000;
    /* A call is one ask: what it takes to have it answered is the providers' matter. */
    bool fits = (t->spec->calls == 0 || t->asks++ < t->spec->calls) &&
                left_of(t->spec->tokens, t->tokens, &tokens) &&
                left_of(t->spec->micro, t->micro, &micro) && ms > 0;
    if (!fits) return false;
    pl_assert(!t->in.no_model);
    pl_answer__forget(t);
    t->state = ASKS;
    t->attempt = 0;
    t->request.messages = t->messages.v;
    t->request.nmessages = t->messages.n;
    t->request.deadline_ms = ms;
    t->request.budget = (struct pl_llm_budget){.tokens = tokens, .micro = micro};
    t->request.loop = t->in.loop;
    t->request.on_event = on_event;
    t->asked = calloc(1, sizeof *t->asked);
    pl_assert(t->asked != NULL);
    t->asked->turn = t;
    t->request.ctx = t->asked;
    memcpy(t->request.conversation, t->in.conversation, sizeof t->request.conversation);
    t->ask = t->owner->config.model.ask(t->owner->config.model.ctx, &t->request);
    if (t->ask != 0) return true;
    free(t->asked);
    t->asked = NULL;
    return false;
}

void pl_answer__ask(struct turn *t) {
    t->request.cache_ms = PL_LLM_CACHE_AS_SET;
    t->request.personal = is_personal(t);
    if (!pl_answer__send(t)) pl_answer__alone(t, PL_ANSWER_DOWN, WHY_FAILED);
}

/* ---- beginning ---- */

static void late(struct pl_timer *timer) {
    struct turn *t = timer->ctx;
    t->translated = true; /* there is no time for it */
    pl_answer__alone(t, PL_ANSWER_DOWN, WHY_FAILED);
}

static void copy_in(struct turn *t, const struct pl_answer_turn *in) {
    struct pl_arena *a = &t->a;
    t->in = *in;
    struct pl_value *args = PL_NEW_ARRAY(a, struct pl_value, in->nargs + 1);
    for (uint32_t i = 0; i < in->nargs; i++) args[i] = pl_value_copy(a, in->args[i]);
    struct pl_answer_line *lines = PL_NEW_ARRAY(a, struct pl_answer_line, in->nlines + 1);
    for (uint32_t i = 0; i < in->nlines; i++)
        lines[i] =
            (struct pl_answer_line){in->lines[i].customer, pl_arena_str(a, in->lines[i].text)};
    t->in.args = args;
    t->in.lines = lines;
    t->in.about = pl_arena_str(a, in->about);
    t->in.text = pl_arena_str(a, in->text);
    t->in.locale = pl_arena_str(a, in->locale);
    t->in.slots = pl_value_copy(a, in->slots);
    struct pl_answer_known *known = PL_NEW_ARRAY(a, struct pl_answer_known, in->nknown + 1);
    for (uint32_t i = 0; i < in->nknown; i++)
        known[i] =
            (struct pl_answer_known){pl_arena_str(a, in->known[i].name),
                                     pl_arena_str(a, in->known[i].text), in->known[i].secret};
    t->in.known = known;
    t->in.acted = pl_value_copy(a, in->acted);
}

static bool contains(struct pl_str s, const char *word) {
    return pl_str_find(s, pl_str_c(word)) != SIZE_MAX;
}

/* What a slot's name and kind say of its text. */
static int personal_kind(struct pl_str name, uint8_t kind) {
    if (kind == PL_KIND_EMAIL) return PL_PERSONAL_EMAIL;
    if (kind == PL_KIND_PHONE) return PL_PERSONAL_PHONE;
    if (kind != PL_KIND_TEXT) return -1;
    if (pl_str_ends(name, PL_STR("name"))) return PL_PERSONAL_NAME;
    if (contains(name, "address") || contains(name, "street") || contains(name, "city"))
        return PL_PERSONAL_ADDRESS;
    return -1;
}

struct knowns {
    struct turn *t;
    PL_VEC(struct pl_personal_known) v;
};

static void know(struct knowns *k, struct pl_str name, const struct pl_type *type,
                 struct pl_value v, bool is_private, int depth) {
    if (depth > 8) return;
    is_private |= type != NULL && (type->quals & (PL_PRIVATE | PL_SECRET));
    if (v.kind == PL_KIND_RECORD) {
        const struct pl_typedef *d = NULL;
        if (type != NULL && type->kind == PL_KIND_RECORD) d = &k->t->program->types.defs[type->def];
        for (uint32_t i = 0; i < v.rec.n; i++) {
            const struct pl_type *ft = NULL;
            for (uint32_t j = 0; d != NULL && j < d->nfields; j++)
                if (pl_str_eq(d->fields[j].name, v.rec.f[i].name)) ft = &d->fields[j].type;
            know(k, v.rec.f[i].name, ft, v.rec.f[i].value, is_private, depth + 1);
        }
        return;
    }
    if (v.kind == PL_KIND_LIST) {
        for (uint32_t i = 0; i < v.list.n; i++)
            know(k, name, NULL, v.list.v[i], is_private, depth + 1);
        return;
    }
    int kind = personal_kind(name, v.kind);
    if (kind == PL_PERSONAL_NAME && !is_private) kind = -1; /* a product's */
    bool text = v.kind == PL_KIND_TEXT || v.kind == PL_KIND_EMAIL || v.kind == PL_KIND_PHONE;
    if (kind < 0 && is_private && text) kind = PL_PERSONAL_PRIVATE;
    if (kind >= 0) PL_PUSH(&k->v, ((struct pl_personal_known){(uint8_t)kind, v.s}));
}

static void know_text(struct knowns *k, const struct pl_answer_known *known) {
    int kind = known->secret ? PL_PERSONAL_SECRET : personal_kind(known->name, PL_KIND_TEXT);
    if (kind < 0) kind = PL_PERSONAL_PRIVATE;
    PL_PUSH(&k->v, ((struct pl_personal_known){(uint8_t)kind, known->text}));
}

static const struct pl_type *slot_type(const struct turn *t, struct pl_str name) {
    const struct pl_program *p = t->program;
    for (uint32_t i = 0; i < p->nsession; i++)
        if (pl_str_eq(p->session[i].name, name)) return &p->session[i].type;
    for (uint32_t i = 0; i < p->ncustomer; i++)
        if (pl_str_eq(p->customer[i].name, name)) return &p->customer[i].type;
    const struct pl_p_flow *f = &p->flows[t->spec->flow];
    for (uint32_t i = 0; i < f->nslots; i++)
        if (pl_str_eq(f->slots[i].name, name)) return &f->slots[i].type;
    return NULL;
}

static bool put_veil(struct turn *t) {
    struct knowns k = {.t = t};
    struct pl_value s = t->in.slots;
    for (uint32_t i = 0; s.kind == PL_KIND_RECORD && i < s.rec.n; i++)
        know(&k, s.rec.f[i].name, slot_type(t, s.rec.f[i].name), s.rec.f[i].value, false, 0);
    for (uint32_t i = 0; i < t->spec->ngiven && i < t->in.nargs; i++)
        know(&k, t->spec->given[i].name, &t->spec->given[i].type, t->in.args[i], false, 0);
    for (uint32_t i = 0; i < t->in.nknown; i++) know_text(&k, &t->in.known[i]);
    struct pl_personal_known *v = PL_NEW_ARRAY(&t->a, struct pl_personal_known, k.v.n + 1);
    if (v != NULL && k.v.n) memcpy(v, k.v.v, k.v.n * sizeof *v);
    size_t n = k.v.n;
    PL_VEC_FREE(&k.v);
    if (v == NULL) return false;
    struct pl_str key = {(const char *)t->in.conversation, sizeof t->in.conversation};
    t->veil = pl_veil_new(t->owner->config.locales, &t->a, key, v, n);
    return t->veil != NULL;
}

/* Marks that no article and no customer can know. They are the same for all conversations of a day,
 * so that equal questions make equal prompts: docs/decisions/2026-11-22-marks-of-a-day.md */
static void put_marks(struct turn *t) {
    const struct pl_answer *a = t->owner;
    uint8_t mac[PL_HASH_SIZE];
    int64_t day = 0;
    if (a->config.secret != NULL) day = a->config.clock.wall_ms(a->config.clock.ctx) / PL_DAY_MS;
    pl_crypto_hmac((struct pl_str){(const char *)a->secret, sizeof a->secret},
                   (struct pl_str){(const char *)&day, sizeof day}, mac);
    pl_hex(mac, 8, t->canary);
    pl_hex(mac + 8, 8, t->fence);
}

static void put_evidence(struct turn *t) {
    struct evidence *e = &t->evidence;
    const struct pl_answer_image *k = pl_answer__known(t->owner, t->in.image);
    e->r = (struct reading){t->owner->config.locales, t->l, pl_locale_language(t->in.locale), &t->a,
                            &t->owner->claim};
    if (k != NULL && e->texts == NULL) e->texts = pl_answer__texts_ref(k->texts);
    e->failed |= !pl_answer__claim(&e->r, t->in.text, &e->question);
    pl_answer__hear_known(e, t->program->assistant);
    for (uint32_t i = 0; i < t->in.nlines; i++)
        if (t->in.lines[i].customer) pl_answer__hear(e, t->in.lines[i].text);
    search(t);
}

static bool open_locale(struct turn *t) {
    const struct pl_program *p = t->program;
    struct pl_str currency = pl_str_c(p->currency);
    struct pl_locale_tools *tools = t->owner->config.locales;
    if (pl_locale_open(tools, t->in.locale, p->zone, currency, &t->l) == PL_OK) return true;
    return pl_locale_open(tools, p->source_locale, p->zone, currency, &t->l) == PL_OK;
}

static bool may_ask(const struct turn *t) {
    return t->owner->config.model.ask != NULL && !t->in.no_model;
}

void pl_answer__search(struct turn *t) {
    put_evidence(t);
    if (!may_ask(t)) {
        bool asked = t->spec->passages > 0 && t->spec->kind == PL_MODEL_ANSWER;
        pl_answer__alone(t, asked ? PL_ANSWER_UNSURE : PL_ANSWER_DOWN,
                         t->in.no_model ? WHY_OPTED_OUT
                         : asked        ? WHY_NOT_KNOWN
                                        : WHY_NO_MODEL);
        return;
    }
    /* Nearer to what the article says than an answer made of it, and asked for by nobody's words.
     */
    bool sure = t->found.n > 0 && t->found.sure && t->spec->kind == PL_MODEL_ANSWER;
    sure = sure && t->in.acted.kind == PL_KIND_NONE;
    if (sure && pl_answer__is_foreign(t, &t->found.hits[0])) {
        pl_answer__alone(t, PL_ANSWER_DOWN, WHY_FAILED);
        return;
    }
    put_marks(t);
    enum pl_err err = t->veil != NULL ? pl_answer__prompt(t) : PL_NOMEM;
    if (err == PL_OK) err = pl_answer__acted(t);
    if (err != PL_OK || t->evidence.failed)
        pl_answer__alone(t, PL_ANSWER_DOWN, WHY_PRIVACY);
    else
        pl_answer__ask(t);
}

static void begin(struct turn *t) {
    if (!open_locale(t)) {
        pl_answer__end(t, PL_ANSWER_DOWN, WHY_FAILED);
        return;
    }
    if (may_ask(t) && put_veil(t) && pl_answer__embed(t)) return;
    pl_answer__search(t);
}

uint64_t pl_answer_start(struct pl_answer *a, const struct pl_answer_turn *in) {
    struct turn *t = calloc(1, sizeof *t);
    pl_assert(t != NULL);
    pl_arena_init(&t->a, 0);
    t->owner = a;
    t->number = ++a->numbers;
    t->next = a->turns;
    if (t->next != NULL) t->next->prev = t;
    a->turns = t;
    copy_in(t, in);
    t->program = pl_image_program(in->image);
    t->spec = &t->program->models[in->model];
    t->state = ASKS;
    t->until_us = pl_loop_now_us(in->loop) + in->within_ms * 1000;
    t->deadline = (struct pl_timer){.fn = late, .ctx = t};
    t->soon = (struct pl_timer){.fn = tell, .ctx = t};
    pl_timer_start(in->loop, &t->deadline, in->within_ms);
    pl_answer__count(a, PL_ANSWER_COUNT_TURNS);
    uint64_t number = t->number;
    begin(t);
    return number;
}

void pl_answer_cancel(struct pl_answer *a, uint64_t number) {
    for (struct turn *t = a->turns; t != NULL; t = t->next) {
        if (t->number != number) continue;
        unlink_turn(t);
        free_turn(t);
        return;
    }
}
