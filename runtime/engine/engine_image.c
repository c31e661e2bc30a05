/* SPDX-License-Identifier: Apache-2.0
 *
 * Images in use, what the thread opened for them, and the facts that follow from the clock.
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000
#define DAY_MS    86400000

/* ---- in and out ---- */

static void find_lists(struct eng_image *i) {
    const struct pl_program *p = pl_image_program(i->image);
    i->lists = calloc(p->nentities + 1, sizeof *i->lists);
    pl_assert(i->lists);
    for (uint32_t k = 0; k < p->nentities; k++) {
        uint32_t nlp = pl_nlp_entity_index(i->model, p->entities[k].name);
        if (p->entities[k].hook == PL_NOWHERE || nlp == UINT32_MAX) continue;
        i->lists[i->nlists++] = (struct eng_list){.entity = k, .nlp = nlp};
    }
}

void pl_engine__image_close(struct pl_engine *e, struct eng_image *i) {
    for (uint32_t k = 0; k < i->nlists; k++)
        if (i->lists[k].list) pl_nlp_list_free(&i->lists[k].list);
    free(i->lists);
    free(i->queues);
    free(i->hours);
    if (i->models) e->config.models.close(e->config.models.ctx, i->models);
    pl_engine__reader_free(e, i);
    pl_image_unref(&i->image);
    free(i);
}

/* The locale that every text falls back to must be there, with its zone and currency; the others
 * are opened for ICU to have read what they need of its data. */
static bool can_speak(struct pl_locale_tools *tools, const struct pl_program *p) {
    struct pl_str currency = {p->currency, strlen(p->currency)};
    struct pl_locale *l;
    for (uint32_t k = 0; k < p->nlocales; k++)
        (void)pl_locale_open(tools, p->locales[k], p->zone, currency, &l);
    return pl_locale_open(tools, p->source_locale, p->zone, currency, &l) == PL_OK;
}

/* With locales of its own, unless they are borrowed: the engine's are its thread's. */
static enum pl_err warm_words(struct pl_engine *e, struct eng_image *i) {
    const struct pl_program *p = pl_image_program(i->image);
    struct pl_locale_tools *tools = e->config.shared ? e->tools : pl_locale_tools_new();
    if (!tools) return PL_NOMEM;
    bool good = pl_nlp_nintents(i->model) == p->nintents &&
                pl_nlp_nentities(i->model) == p->nentities && can_speak(tools, p);
    if (good && e->own_loop) pl_nlp_warm(i->nlp, tools); /* on this thread, not on the engine's */
    if (!e->config.shared) pl_locale_tools_free(&tools);
    return good ? PL_OK : PL_MALFORMED;
}

enum pl_err pl_engine__image_open(struct pl_engine *e, struct pl_image *image,
                                  struct eng_image **out) {
    const struct pl_program *p = pl_image_program(image);
    struct eng_image *i = calloc(1, sizeof *i);
    if (!i) return PL_NOMEM;
    i->image = pl_image_ref(image);
    i->queues = calloc(p->nqueues + 1, sizeof *i->queues);
    i->hours = calloc(p->nhours + 1, sizeof *i->hours);
    pl_assert(i->queues && i->hours);
    enum pl_err err = pl_engine__reader(e, i);
    if (err == PL_OK) err = warm_words(e, i);
    if (err != PL_OK) {
        pl_engine__image_close(e, i);
        return err;
    }
    find_lists(i);
    if (e->config.models.open) i->models = e->config.models.open(e->config.models.ctx, image);
    for (uint32_t k = 0; k < p->nentities; k++) i->nfinders += p->entities[k].lua != PL_NOWHERE;
    for (uint32_t k = 0; k < p->nrules; k++) i->timed |= pl_image_timed(image, k);
    *out = i;
    return PL_OK;
}

void pl_engine__life(struct pl_engine *e, struct eng_image *i, enum pl_engine_life life) {
    char hex[17];
    i->life = (uint8_t)life;
    i->since_ms = eng_now(e);
    if (!e->config.log) return;
    pl_hex(pl_image_hash(i->image), 8, hex);
    pl_log(e->config.log, PL_LOG_INFO, "engine", "image", "image=%s life=%s", hex,
           pl_engine_life_word(life));
}

struct eng_image *pl_engine__image_take(struct pl_engine *e, struct eng_image *i) {
    struct eng_image *here = pl_engine__image_find(e, pl_image_hash(i->image));
    if (here) {
        pl_engine__image_free(e, i);
        return here;
    }
    if (i->models) e->config.models.load(e->config.models.ctx, i->models);
    i->models = NULL;
    if (e->config.hooks.load) e->config.hooks.load(e->config.hooks.ctx, i->image);
    pl_engine__promises(e, pl_image_program(i->image));
    i->unused_ms = eng_ticks(e);
    PL_PUSH(&e->images, i);
    atomic_store(&e->nimages, e->images.n);
    pl_engine__life(e, i, PL_ENGINE_LIFE_WARM);
    return i;
}

enum pl_err pl_engine__image_add(struct pl_engine *e, struct pl_image *image,
                                 struct eng_image **out) {
    *out = pl_engine__image_find(e, pl_image_hash(image));
    if (*out) return PL_OK;
    enum pl_err err = pl_engine__image_open(e, image, out);
    if (err == PL_OK) *out = pl_engine__image_take(e, *out);
    return err;
}

struct eng_image *pl_engine__image_find(struct pl_engine *e, const uint8_t prefix[8]) {
    for (size_t k = 0; k < e->images.n; k++)
        if (memcmp(pl_image_hash(e->images.v[k]->image), prefix, 8) == 0) return e->images.v[k];
    return NULL;
}

void pl_engine__image_use(struct eng_image *i) {
    i->users++;
    i->unused_ms = 0;
}

void pl_engine__image_remove(struct pl_engine *e, struct eng_image *i) {
    for (size_t k = 0; k < e->images.n; k++) {
        if (e->images.v[k] != i) continue;
        e->images.v[k] = e->images.v[--e->images.n];
        break;
    }
    atomic_store(&e->nimages, e->images.n);
    if (e->config.hooks.drop) e->config.hooks.drop(e->config.hooks.ctx, i->image);
    if (e->config.models.drop) e->config.models.drop(e->config.models.ctx, i->image);
    pl_engine__life(e, i, PL_ENGINE_LIFE_FREED);
    ENG_COUNT(e, IMAGES_FREED);
    pl_engine__image_free(e, i);
}

void pl_engine__image_leave(struct pl_engine *e, struct eng_image **image) {
    struct eng_image *i = *image;
    *image = NULL;
    if (!i || --i->users || i == e->active) return;
    i->unused_ms = eng_ticks(e);
    /* With a thread to open images they are kept a while: who is next may stand on it, too. */
    if (!e->aside && !i->held) pl_engine__image_remove(e, i);
}

bool pl_engine__matches(void *ctx, const struct pl_image *image, uint32_t regex,
                        struct pl_str text) {
    struct pl_engine *e = ctx;
    struct eng_image *i = pl_engine__image_find(e, pl_image_hash(image));
    struct pl_arena a;
    if (!i) return false;
    pl_arena_init(&a, 0);
    bool yes = pl_nlp_matches(i->nlp, &a, regex, text);
    pl_arena_free(&a);
    return yes;
}

/* ---- lists that hooks give ---- */

struct list_call {
    struct pl_engine *e;
    struct eng_image *image;
    uint32_t list;
};

static void list_came(void *ctx, enum pl_engine_outcome outcome, struct pl_str value,
                      struct pl_str failure) {
    struct list_call *call = ctx;
    struct pl_engine *e = call->e;
    struct eng_list *l = &call->image->lists[call->list];
    struct pl_arena a;
    (void)failure;
    pl_arena_init(&a, 0);
    l->asking = false;
    struct pl_reader r = pl_reader_of(value);
    struct pl_value v = outcome == PL_OUTCOME_OK ? pl_value_read(&r, &a) : PL_NONE;
    if (v.kind == PL_KIND_LIST) {
        struct pl_str *texts = PL_NEW_ARRAY(&a, struct pl_str, v.list.n + 1);
        uint32_t n = 0;
        for (uint32_t i = 0; i < v.list.n; i++)
            if (v.list.v[i].kind == PL_KIND_TEXT) texts[n++] = v.list.v[i].s;
        if (l->list) pl_nlp_list_free(&l->list);
        l->list = pl_nlp_list_new(e->tools, l->nlp, texts, n);
    }
    pl_arena_free(&a);
    pl_engine__image_leave(e, &call->image);
    free(call);
}

static void ask_list(struct pl_engine *e, struct eng_image *i, uint32_t k) {
    const struct pl_program *p = pl_image_program(i->image);
    struct eng_list *l = &i->lists[k];
    struct list_call *call = malloc(sizeof *call);
    pl_assert(call);
    *call = (struct list_call){e, i, k};
    uint32_t hook = p->entities[l->entity].hook;
    struct pl_engine_call c = {.image = i->image,
                               .hook = hook,
                               .deadline_ms = p->hooks[hook].within_ms,
                               .loop = e->loop,
                               .done = list_came,
                               .ctx = call};
    l->asking = true;
    l->asked_ms = eng_ticks(e);
    pl_engine__image_use(i);
    e->config.hooks.call(e->config.hooks.ctx, &c);
}

/* `now`: whatever their refresh time says. A list that failed is asked for again in five seconds.
 */
void pl_engine__lists_ask(struct pl_engine *e, struct eng_image *i, bool now) {
    const struct pl_program *p = pl_image_program(i->image);
    if (!e->config.hooks.call) return;
    for (uint32_t k = 0; k < i->nlists; k++) {
        struct eng_list *l = &i->lists[k];
        int64_t refresh = p->entities[l->entity].refresh_ms;
        if (!l->list && refresh > 5000) refresh = 5000;
        if (refresh == 0) refresh = 600000;
        if (l->asking) continue;
        if (now || l->asked_ms == 0 || eng_ticks(e) - l->asked_ms >= refresh) ask_list(e, i, k);
    }
}

/* ---- office hours ---- */

static bool is_holiday(const struct pl_p_hours *h, int32_t date) {
    for (uint32_t i = 0; i < h->nholidays; i++)
        if (h->holidays[i] == date) return true;
    return false;
}

static int32_t date_of(struct pl_local l) {
    int32_t date = 0;
    pl_date_make(l.year, l.month, l.day, &date);
    return date;
}

static bool open_at(const struct pl_p_hours *h, struct pl_local now) {
    unsigned minute = now.hour * 60u + now.minute;
    if (is_holiday(h, date_of(now))) return false;
    for (uint32_t i = 0; i < h->nopen; i++)
        if (h->open[i].weekday == now.weekday && minute >= h->open[i].from &&
            minute < h->open[i].to)
            return true;
    return false;
}

/* The next opening within two weeks and a bit; now when there is none. */
static int64_t opens_at(struct pl_engine *e, const struct pl_p_hours *h, int64_t now_ms) {
    int64_t best = 0;
    for (int day = 0; day < 16 && best == 0; day++) {
        struct pl_local l = pl_locale_to_local(e->tools, h->zone, now_ms + day * (int64_t)DAY_MS);
        if (is_holiday(h, date_of(l))) continue;
        for (uint32_t i = 0; i < h->nopen; i++) {
            struct pl_local at = l;
            if (h->open[i].weekday != l.weekday) continue;
            at.hour = (uint8_t)(h->open[i].from / 60);
            at.minute = (uint8_t)(h->open[i].from % 60);
            at.second = 0;
            int64_t ms = pl_locale_local_to_utc(e->tools, h->zone, at);
            if (ms > now_ms && (best == 0 || ms < best)) best = ms;
        }
    }
    return best ? best : now_ms;
}

static void compute_facts(struct pl_engine *e, struct eng_image *i, int64_t now_ms) {
    const struct pl_program *p = pl_image_program(i->image);
    for (uint32_t k = 0; k < p->nhours; k++) {
        struct pl_local l = pl_locale_to_local(e->tools, p->hours[k].zone, now_ms);
        i->hours[k] = open_at(&p->hours[k], l);
    }
    for (uint32_t k = 0; k < p->nqueues; k++) {
        const struct pl_p_queue *q = &p->queues[k];
        bool open = q->hours == PL_NOWHERE || i->hours[q->hours];
        i->queues[k] = (struct pl_vm_queue_fact){.open = open, .wait_ms = q->within_ms};
        i->queues[k].opens_ms = open ? now_ms : opens_at(e, &p->hours[q->hours], now_ms);
    }
}

/* Office hours change with the minute, so they are computed once a minute. */
void pl_engine__facts(struct pl_engine *e, struct eng_image *i, int64_t now_ms,
                      struct pl_vm_event *event) {
    const struct pl_program *p = pl_image_program(i->image);
    if (i->facts_minute != now_ms / MINUTE_MS + 1) {
        compute_facts(e, i, now_ms); /* hours begin with a minute, and so do days */
        i->facts_minute = now_ms / MINUTE_MS + 1;
        i->today = date_of(pl_locale_to_local(e->tools, p->zone, now_ms));
    }
    event->now_ms = now_ms;
    event->today = i->today;
    event->seed = pl_rand_u64(&e->rand);
    event->queues = i->queues;
    event->nqueues = p->nqueues;
    event->hours = i->hours;
    event->nhours = p->nhours;
    event->rule = PL_NOWHERE;
    event->target = PL_NOWHERE;
    event->reading.command = PL_NOWHERE;
}
