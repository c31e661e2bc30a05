/* SPDX-License-Identifier: Apache-2.0
 *
 * Hand-overs as others see them: a sealed row for each that people have, and the list of them.
 *
 *   row key:  'q' | 9 - rank of the priority | since (8) | conversation (16) | number (4)
 *             so that the store's order is the list's: the most urgent first, of those the oldest
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define ROW_KEY          30
#define ROW_MOST         15000 /* a row holds 16 KiB; sealing takes some */
#define TEXT_MOST        2000  /* bytes of a reason or a note */
#define TRANSCRIPT_MOST  200   /* the last events of each */
#define TRANSCRIPT_BYTES (256 << 10)
#define PAGE_BYTES       (4 << 20)

const char *const pl_engine__modes[4] = {"now", "offer", "callback", "message"};

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

static struct pl_str cut(struct pl_str s) {
    size_t n = s.n < TEXT_MOST ? s.n : TEXT_MOST;
    while (n && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80) n--;
    return (struct pl_str){s.p, n};
}

/* What the queue promises: a person who waits is answered, one who is to be called back is called.
 */
static void write_promise(struct pl_jw *w, const struct pl_p_queue *q, uint8_t mode,
                          int64_t now_ms) {
    char by[26];
    uint32_t ms = mode == PL_HANDOFF_CALLBACK ? q->callback_ms : q->within_ms;
    if (!ms || mode == PL_HANDOFF_MESSAGE) return;
    pl_datetime_print(now_ms + ms, by);
    pl_jw_text_member(w, "answer_by", pl_str_c(by));
}

static void write_handoff(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_effect *fx,
                          struct pl_arena *a, int64_t now_ms, bool slots, struct pl_buf *out) {
    const struct pl_program *p = pl_image_program(c->image->image);
    struct pl_jw w = {.b = out};
    char id[33], at[26];
    pl_hex(c->id, 16, id);
    pl_datetime_print(now_ms, at);
    struct pl_str because = pl_engine__text(e, c, &fx->because, a, now_ms);
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "conversation", pl_str_c(id));
    pl_jw_text_member(&w, "since", pl_str_c(at));
    pl_jw_text_member(&w, "mode", pl_str_c(pl_engine__modes[fx->mode]));
    pl_jw_text_member(&w, "queue", fx->queue < p->nqueues ? p->queues[fx->queue].name : PL_STR(""));
    if (fx->queue < p->nqueues) {
        const struct pl_p_queue *q = &p->queues[fx->queue];
        list_member(&w, "skills", q->skills, q->nskills);
        list_member(&w, "languages", q->languages, q->nlanguages);
        write_promise(&w, q, fx->mode, now_ms);
    }
    pl_jw_text_member(&w, "priority", fx->priority.n ? fx->priority : PL_STR("medium"));
    pl_jw_text_member(&w, "because", cut(because));
    list_member(&w, "notes", c->notes.v, (uint32_t)c->notes.n);
    if (fx->rule < p->nrules) pl_jw_text_member(&w, "rule", p->rules[fx->rule].name);
    pl_jw_text_member(&w, "locale", c->locale);
    value_member(&w, "facts", pl_rec_get(fx->facts, PL_STR("facts")));
    if (slots) value_member(&w, "slots", pl_rec_get(fx->facts, PL_STR("slots")));
    pl_jw_close(&w, '}');
}

struct pl_str pl_engine__handoff(struct pl_engine *e, struct eng_conv *c,
                                 const struct pl_vm_effect *fx, struct pl_arena *a,
                                 int64_t now_ms) {
    struct pl_buf b = {0};
    write_handoff(e, c, fx, a, now_ms, true, &b);
    if (b.n > ROW_MOST) {
        pl_buf_clear(&b);
        write_handoff(e, c, fx, a, now_ms, false, &b);
    }
    struct pl_str json = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return json;
}

/* ---- notes ---- */

void pl_engine__note(struct eng_conv *c, struct pl_str text) {
    text = cut(text);
    if (text.n == 0) return;
    if (c->notes.n == ENG_NOTES) { /* the oldest goes */
        free((char *)(uintptr_t)c->notes.v[0].p);
        memmove(c->notes.v, c->notes.v + 1, --c->notes.n * sizeof *c->notes.v);
    }
    char *p = malloc(text.n);
    pl_assert(p);
    memcpy(p, text.p, text.n);
    PL_PUSH(&c->notes, ((struct pl_str){p, text.n}));
}

void pl_engine__notes_free(struct eng_conv *c) {
    for (size_t i = 0; i < c->notes.n; i++) free((char *)(uintptr_t)c->notes.v[i].p);
    PL_VEC_FREE(&c->notes);
}

/* ---- what people have ---- */

void pl_engine__handoff_add(struct eng_conv *c, uint64_t n, int64_t at_ms, struct pl_str json) {
    struct eng_handoff h = {.n = n, .since_ms = at_ms};
    size_t open = 0;
    pl_buf_str(&h.json, json);
    PL_PUSH(&c->handoffs, h);
    for (size_t i = c->handoffs.n; i > 0; i--) {
        struct eng_handoff *old = &c->handoffs.v[i - 1];
        if (old->done || ++open <= ENG_HANDOFFS) continue;
        old->done = true;
        old->shown = false;
    }
}

const struct eng_handoff *pl_engine__handoff_find(const struct eng_conv *c, uint64_t n) {
    for (size_t i = c->handoffs.n; i > 0; i--)
        if (n == 0 || c->handoffs.v[i - 1].n == n) return &c->handoffs.v[i - 1];
    return NULL;
}

const struct eng_handoff *pl_engine__handoff_answered(struct eng_conv *c, uint64_t n) {
    for (size_t i = 0; i < c->handoffs.n; i++) {
        struct eng_handoff *h = &c->handoffs.v[i];
        if (h->n != n || h->done || h->answered) continue;
        h->answered = true;
        return h;
    }
    return NULL;
}

bool pl_engine__handoff_done(struct eng_conv *c, uint64_t n) {
    for (size_t i = 0; i < c->handoffs.n; i++) {
        struct eng_handoff *h = &c->handoffs.v[i];
        if (h->n != n || h->done) continue;
        h->done = true;
        h->shown = false;
        return true;
    }
    return false;
}

bool pl_engine__handoff_again(struct eng_conv *c) {
    for (size_t i = 0; i < c->handoffs.n; i++)
        if (!c->handoffs.v[i].done) return false;
    if (c->handoffs.n == 0) return false;
    struct eng_handoff *last = &c->handoffs.v[c->handoffs.n - 1];
    last->done = false;
    last->shown = false;
    return true;
}

bool pl_engine__handoff_hidden(const struct eng_conv *c) {
    for (size_t i = 0; i < c->handoffs.n; i++)
        if (!c->handoffs.v[i].shown) return true;
    return false;
}

static void big_endian(uint8_t *p, uint64_t v, int bytes) {
    for (int i = 0; i < bytes; i++) p[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
}

static struct pl_str row_key(struct pl_arena *a, const struct eng_conv *c,
                             const struct eng_handoff *h) {
    uint8_t *p = pl_arena_alloc(a, ROW_KEY);
    struct pl_json json;
    size_t at;
    int rank = 0;
    if (pl_json_parse(a, pl_buf_slice(&h->json), &json, &at) == PL_OK)
        rank = pl_vm_rank(pl_json_text(&json, "priority"));
    p[0] = 'q';
    p[1] = (uint8_t)(9 - rank);
    big_endian(p + 2, (uint64_t)h->since_ms, 8);
    memcpy(p + 10, c->id, 16);
    big_endian(p + 26, h->n, 4);
    return (struct pl_str){(const char *)p, ROW_KEY};
}

size_t pl_engine__handoff_rows(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                               struct pl_store_row *rows, size_t most) {
    size_t n = 0;
    for (size_t i = 0; i < c->handoffs.n && n < most; i++) {
        const struct eng_handoff *h = &c->handoffs.v[i];
        struct pl_buf sealed = {0};
        if (h->shown) continue;
        struct pl_str key = row_key(a, c, h);
        if (h->done)
            rows[n++] = (struct pl_store_row){.key = key};
        else if (pl_journal_seal_row(e->journal, &c->j, key, pl_buf_slice(&h->json), &sealed) ==
                 PL_OK)
            rows[n++] = (struct pl_store_row){key, pl_arena_str(a, pl_buf_slice(&sealed))};
        pl_buf_free(&sealed);
    }
    return n;
}

void pl_engine__handoff_shown(struct eng_conv *c) {
    size_t kept = 0, n = c->handoffs.n;
    for (size_t i = 0; i < n; i++) {
        struct eng_handoff *h = &c->handoffs.v[i];
        h->shown = true;
        if (h->done && i + 1 < n) /* the last one can come back */
            pl_buf_free(&h->json);
        else
            c->handoffs.v[kept++] = *h;
    }
    c->handoffs.n = kept;
}

void pl_engine__handoff_free(struct eng_conv *c) {
    for (size_t i = 0; i < c->handoffs.n; i++) pl_buf_free(&c->handoffs.v[i].json);
    PL_VEC_FREE(&c->handoffs);
}

/* ---- the list ---- */

/* The last events that fit, oldest first. */
struct transcript {
    struct pl_buf b;
    size_t ends[TRANSCRIPT_MOST];
    uint32_t n;
};

static void drop_first(struct transcript *t) {
    size_t n = t->ends[0];
    memmove(t->b.p, t->b.p + n, t->b.n - n);
    t->b.n -= n;
    t->n--;
    for (uint32_t i = 0; i < t->n; i++) t->ends[i] = t->ends[i + 1] - n;
}

static bool transcript_event(void *ctx, uint64_t seq, int64_t at_ms, struct pl_str json) {
    struct transcript *t = ctx;
    struct pl_jw w = {.b = &t->b};
    char at[26];
    (void)seq;
    while (t->n && (t->n == TRANSCRIPT_MOST || t->b.n + json.n > TRANSCRIPT_BYTES)) drop_first(t);
    pl_datetime_print(at_ms, at);
    pl_buf_byte(&t->b, ',');
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "at", pl_str_c(at));
    pl_jw_name(&w, "event");
    pl_jw_raw(&w, json);
    pl_jw_close(&w, '}');
    t->ends[t->n++] = t->b.n;
    return !t->b.failed;
}

/* Appends them as a JSON array. */
static void print_transcript(struct pl_engine *e, const uint8_t id[16], struct pl_buf *out) {
    struct pl_arena a;
    struct pl_conv conv = {0};
    struct pl_snapshot snap;
    struct transcript *t = calloc(1, sizeof *t);
    pl_assert(t);
    pl_arena_init(&a, 0);
    if (pl_snapshot_load(e->api, id, &a, &conv, &snap) == PL_OK) {
        uint64_t after = conv.seq > TRANSCRIPT_MOST ? conv.seq - TRANSCRIPT_MOST : 0;
        pl_journal_events(e->api, &conv, after, transcript_event, t);
    }
    pl_buf_byte(out, '[');
    if (t->b.n) pl_buf_add(out, t->b.p + 1, t->b.n - 1); /* without the first comma */
    pl_buf_byte(out, ']');
    pl_conv_wipe(&conv);
    pl_buf_free(&t->b);
    free(t);
    pl_arena_free(&a);
}

/* Of a hand-over that promises an answer: whether its time is over. */
static void print_late(struct pl_engine *e, struct pl_arena *a, struct pl_str json,
                       struct pl_buf *out) {
    struct pl_json row;
    size_t at;
    int64_t by;
    if (pl_json_parse(a, json, &row, &at) != PL_OK) return;
    if (pl_datetime_parse(pl_json_text(&row, "answer_by"), 0, &by))
        pl_buf_printf(out, "\"late\":%s,", eng_now(e) > by ? "true" : "false");
}

/* A hand-over's own members, its id and the transcript. One that cannot be opened (its conversation
 * was erased) is passed over. */
static void print_row(struct pl_engine *e, const struct pl_store_row *row, struct pl_jw *out) {
    struct pl_arena a;
    struct pl_str json;
    struct pl_buf b = {0};
    char id[33];
    const uint8_t *key = (const uint8_t *)row->key.p;
    uint32_t n = 0;
    pl_arena_init(&a, 0);
    for (int i = 26; i < ROW_KEY; i++) n = n << 8 | key[i];
    if (pl_journal_open_row(e->api, row->key, row->value, &a, &json) == PL_OK && json.n > 2) {
        pl_hex(key + 10, 16, id);
        pl_buf_printf(&b, "{\"id\":\"%s-%u\",", id, n);
        print_late(e, &a, json, &b);
        pl_buf_add(&b, json.p + 1, json.n - 2);
        pl_buf_c(&b, ",\"transcript\":");
        print_transcript(e, key + 10, &b);
        pl_buf_byte(&b, '}');
        pl_jw_raw(out, pl_buf_slice(&b));
    }
    pl_buf_free(&b);
    pl_arena_free(&a);
}

/* The key behind the one that a cursor names; empty for none. */
static bool place(struct pl_str after, char key[ROW_KEY + 1], struct pl_str *from) {
    *from = PL_STR("");
    if (after.n == 0) return true;
    if (!pl_unhex(after, (uint8_t *)key + 1, ROW_KEY - 1)) return false;
    key[0] = 'q';
    key[ROW_KEY] = 0;
    *from = (struct pl_str){key, ROW_KEY + 1};
    return true;
}

enum pl_err pl_engine_queue(struct pl_engine *e, uint32_t limit, struct pl_str after,
                            struct pl_buf *json, char next[PL_ENGINE_CURSOR]) {
    struct pl_arena a;
    struct pl_store_row *rows = NULL;
    size_t n = 0, i = 0, start = json->n;
    struct pl_jw w = {.b = json};
    struct pl_str from;
    char key[ROW_KEY + 1];
    next[0] = 0;
    if (limit == 0 || limit > PL_ENGINE_PAGE) limit = PL_ENGINE_PAGE;
    if (!place(after, key, &from)) return PL_MALFORMED;
    pl_arena_init(&a, 0);
    pthread_mutex_lock(&e->api_lock);
    enum pl_err err = pl_store_rows(e->config.store, &a, PL_STR("q"), from, limit + 1, &rows, &n);
    pl_jw_open(&w, '[');
    for (; err == PL_OK && i < n && i < limit && json->n - start < PAGE_BYTES; i++)
        if (rows[i].key.n == ROW_KEY) print_row(e, &rows[i], &w);
    pl_jw_close(&w, ']');
    pthread_mutex_unlock(&e->api_lock);
    if (i && i < n && rows[i - 1].key.n == ROW_KEY)
        pl_hex((const uint8_t *)rows[i - 1].key.p + 1, ROW_KEY - 1, next);
    pl_arena_free(&a);
    return err;
}

bool pl_engine_done_read(struct pl_str id, struct pl_engine_done *out) {
    int64_t n;
    *out = (struct pl_engine_done){.what = PL_ENGINE_DONE};
    if (id.n < 34 || id.p[32] != '-') return false;
    if (!pl_unhex((struct pl_str){id.p, 32}, out->conversation, 16)) return false;
    if (id.p[33] < '1' || id.p[33] > '9') return false;
    if (!pl_str_i64((struct pl_str){id.p + 33, id.n - 33}, &n) || n < 1) return false;
    out->number = (uint64_t)n;
    return true;
}
