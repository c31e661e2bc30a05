/* SPDX-License-Identifier: Apache-2.0
 *
 * Hand-overs as others see them: a sealed row per waiting conversation, and the list of them.
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define ROW_MOST        15000 /* a row holds 16 KiB; sealing takes some */
#define QUEUE_MOST      1000  /* conversations that are looked at */
#define LISTED_MOST     100   /* the most urgent of them that are shown: each is read whole */
#define TRANSCRIPT_MOST 200   /* events of each */

const char *const pl_engine__modes[4] = {"now", "offer", "callback", "message"};

static void member(struct pl_jw *w, const char *name, struct pl_str text) {
    pl_jw_name(w, name);
    pl_jw_text(w, text);
}

static void value_member(struct pl_jw *w, const char *name, struct pl_value v) {
    struct pl_buf b = {0};
    pl_value_to_json(&b, v);
    pl_jw_name(w, name);
    pl_jw_raw(w, pl_buf_slice(&b));
    pl_buf_free(&b);
}

static void list_member(struct pl_jw *w, const char *name, const struct pl_str *v, uint32_t n) {
    pl_jw_name(w, name);
    pl_jw_open(w, '[');
    for (uint32_t i = 0; i < n; i++) pl_jw_text(w, v[i]);
    pl_jw_close(w, ']');
}

static void write_handoff(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_effect *fx,
                          struct pl_arena *a, int64_t now_ms, bool slots) {
    const struct pl_program *p = pl_image_program(c->image->image);
    struct pl_jw w = {.b = &c->handoff};
    char id[33], at[26];
    pl_hex(c->id, 16, id);
    pl_datetime_print(now_ms, at);
    struct pl_str because = pl_engine__text(e, c, &fx->because, a, now_ms);
    pl_buf_clear(&c->handoff);
    pl_jw_open(&w, '{');
    member(&w, "conversation", pl_str_c(id));
    member(&w, "since", pl_str_c(at));
    member(&w, "mode", pl_str_c(pl_engine__modes[fx->mode]));
    member(&w, "queue", fx->queue < p->nqueues ? p->queues[fx->queue].name : PL_STR(""));
    if (fx->queue < p->nqueues) {
        const struct pl_p_queue *q = &p->queues[fx->queue];
        list_member(&w, "skills", q->skills, q->nskills);
        list_member(&w, "languages", q->languages, q->nlanguages);
    }
    member(&w, "priority", fx->priority.n ? fx->priority : PL_STR("medium"));
    member(&w, "because", because);
    if (fx->rule < p->nrules) member(&w, "rule", p->rules[fx->rule].name);
    member(&w, "locale", c->locale);
    value_member(&w, "facts", pl_rec_get(fx->facts, PL_STR("facts")));
    if (slots) value_member(&w, "slots", pl_rec_get(fx->facts, PL_STR("slots")));
    pl_jw_close(&w, '}');
}

void pl_engine__handoff(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_effect *fx,
                        struct pl_arena *a, int64_t now_ms) {
    write_handoff(e, c, fx, a, now_ms, true);
    if (c->handoff.n > ROW_MOST) write_handoff(e, c, fx, a, now_ms, false);
}

/* ---- the list ---- */

struct waiting {
    struct pl_str json, since;
    int rank;
    uint8_t id[16];
};

static int by_urgency(const void *pa, const void *pb) {
    const struct waiting *a = pa, *b = pb;
    if (a->rank != b->rank) return b->rank - a->rank;
    return pl_str_cmp(a->since, b->since);
}

struct transcript {
    struct pl_jw w;
    uint32_t n;
};

static bool transcript_event(void *ctx, uint64_t seq, int64_t at_ms, struct pl_str json) {
    struct transcript *t = ctx;
    char at[26];
    (void)seq;
    pl_datetime_print(at_ms, at);
    pl_jw_open(&t->w, '{');
    member(&t->w, "at", pl_str_c(at));
    pl_jw_name(&t->w, "event");
    pl_jw_raw(&t->w, json);
    pl_jw_close(&t->w, '}');
    return ++t->n < TRANSCRIPT_MOST;
}

/* The row's members, and behind them the transcript from the journal. */
static void print_waiting(struct pl_engine *e, const struct waiting *w, struct pl_jw *out) {
    struct pl_arena a;
    struct pl_conv conv = {0};
    struct pl_snapshot snap;
    struct pl_buf b = {0};
    struct transcript t = {.w.b = &b};
    pl_arena_init(&a, 0);
    pl_jw_open(&t.w, '[');
    if (pl_snapshot_load(e->api, w->id, &a, &conv, &snap) == PL_OK)
        pl_journal_events(e->api, &conv, 0, transcript_event, &t);
    pl_jw_close(&t.w, ']');
    pl_conv_wipe(&conv);
    struct pl_buf row = {0};
    pl_buf_add(&row, w->json.p, w->json.n - 1); /* open again before its brace */
    pl_buf_c(&row, ",\"transcript\":");
    pl_buf_str(&row, pl_buf_slice(&b));
    pl_buf_byte(&row, '}');
    pl_jw_raw(out, pl_buf_slice(&row));
    pl_buf_free(&row);
    pl_buf_free(&b);
    pl_arena_free(&a);
}

static bool open_waiting(struct pl_engine *e, struct pl_arena *a, const struct pl_store_row *row,
                         struct waiting *out) {
    struct pl_json json;
    size_t at;
    if (row->key.n != 17) return false;
    memcpy(out->id, row->key.p + 1, 16);
    if (pl_journal_open_row(e->api, row->key, row->value, a, &out->json) != PL_OK) return false;
    if (out->json.n < 2 || pl_json_parse(a, out->json, &json, &at) != PL_OK) return false;
    out->since = pl_json_text(&json, "since");
    out->rank = pl_escalate_rank(pl_json_text(&json, "priority"));
    return true;
}

enum pl_err pl_engine_queue(struct pl_engine *e, struct pl_buf *json) {
    struct pl_arena a;
    struct pl_store_row *rows = NULL;
    size_t n = 0, open = 0;
    struct pl_jw w = {.b = json};
    pl_arena_init(&a, 0);
    pthread_mutex_lock(&e->api_lock);
    enum pl_err err =
        pl_store_rows(e->config.store, &a, PL_STR("q"), PL_STR(""), QUEUE_MOST, &rows, &n);
    struct waiting *list = PL_NEW_ARRAY(&a, struct waiting, n + 1);
    for (size_t i = 0; err == PL_OK && i < n; i++)
        if (open_waiting(e, &a, &rows[i], &list[open])) open++;
    qsort(list, open, sizeof *list, by_urgency);
    pl_jw_open(&w, '[');
    for (size_t i = 0; i < open && i < LISTED_MOST; i++) print_waiting(e, &list[i], &w);
    pl_jw_close(&w, ']');
    pthread_mutex_unlock(&e->api_lock);
    pl_arena_free(&a);
    return err;
}
