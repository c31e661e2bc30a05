/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal form of an event. Fields that a kind does not use are not written.
 */
#include "runtime/vm/vm_priv.h"

#include <string.h>

static void write_float(struct pl_buf *b, float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    pl_buf_u32(b, bits);
}

static float read_float(struct pl_reader *r) {
    uint32_t bits = pl_read_u32(r);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void write_bits(struct pl_buf *b, const uint8_t *bits, uint32_t n) {
    pl_buf_var(b, n);
    pl_buf_add(b, bits, (n + 7) / 8);
}

static const uint8_t *read_bits(struct pl_reader *r, uint32_t *n) {
    uint64_t count = pl_read_var(r);
    if (count > UINT16_MAX) r->bad = true;
    *n = r->bad ? 0 : (uint32_t)count;
    return (const uint8_t *)pl_read_bytes(r, (*n + 7) / 8).p;
}

static void write_entity(struct pl_buf *b, const struct pl_vm_entity *e) {
    pl_buf_var(b, (uint32_t)(e->entity + 1));
    pl_buf_byte(b, e->kind);
    pl_buf_byte(b, e->needs_after);
    pl_buf_var(b, e->start);
    pl_buf_var(b, e->end);
    pl_buf_text(b, e->slot);
    pl_value_write(b, e->value);
}

void pl_vm__write_entities(struct pl_buf *b, const struct pl_vm_entity *v, uint32_t n) {
    pl_buf_var(b, n);
    for (uint32_t i = 0; i < n; i++) write_entity(b, &v[i]);
}

static void write_upload(struct pl_buf *b, const struct pl_vm_upload *u) {
    pl_buf_text(b, u->ref);
    if (u->ref.n == 0) return;
    pl_buf_text(b, u->name);
    pl_buf_text(b, u->type);
    pl_buf_var(b, u->size);
}

static void write_picks(struct pl_buf *b, const struct pl_vm_reading *r) {
    pl_buf_var(b, r->npicks);
    for (uint32_t i = 0; i < r->npicks; i++) pl_buf_var(b, r->picks[i]);
}

static void write_reading(struct pl_buf *b, const struct pl_vm_reading *r) {
    pl_buf_text(b, r->text);
    pl_buf_u64(b, r->folded_hash);
    pl_buf_text(b, r->language);
    pl_buf_var(b, r->nintents);
    for (uint32_t i = 0; i < r->nintents; i++) {
        pl_buf_var(b, r->intents[i].intent);
        write_float(b, r->intents[i].confidence);
    }
    pl_buf_byte(b, (uint8_t)(r->ambiguous | r->change_word << 1 | r->card << 2 | r->too_long << 3 |
                             r->named << 4 | r->letters << 5 | r->worded << 7));
    pl_buf_var(b, (uint32_t)(r->command + 1));
    pl_buf_byte(b, (uint8_t)r->yes_no);
    write_float(b, r->sentiment);
    write_float(b, r->uncertainty);
    pl_vm__write_entities(b, r->entities, r->secret.n ? 0 : r->nentities);
    pl_buf_byte(b, r->marks);
    if (r->marks) pl_buf_var(b, r->marks_of);
    pl_buf_var(b, r->choice);
    write_picks(b, r);
    pl_buf_var(b, r->earlier);
    write_upload(b, &r->upload);
    write_bits(b, r->mentions, r->nmentions);
    pl_buf_text(b, r->says);
}

static void write_facts(struct pl_buf *b, const struct pl_vm_event *e) {
    pl_buf_var(b, e->nqueues);
    for (uint32_t i = 0; i < e->nqueues; i++) {
        pl_buf_byte(b, e->queues[i].open);
        pl_buf_zig(b, e->queues[i].opens_ms - e->now_ms);
        pl_buf_zig(b, e->queues[i].wait_ms);
    }
    pl_buf_var(b, e->nhours);
    for (uint32_t i = 0; i < e->nhours; i++) pl_buf_byte(b, e->hours[i]);
}

static bool is_outcome(const struct pl_vm_event *e) {
    return e->kind == PL_EVENT_HOOK || e->kind == PL_EVENT_OUTCOME || e->kind == PL_EVENT_MODEL;
}

void pl_vm_event_write(struct pl_buf *b, const struct pl_vm_event *e) {
    pl_buf_byte(b, VM_EVENT_VERSION);
    pl_buf_byte(b, e->kind);
    pl_buf_zig(b, e->now_ms);
    pl_buf_zig(b, e->today);
    pl_buf_u64(b, e->seed);
    pl_buf_u64(b, e->subject);
    pl_buf_byte(b, (uint8_t)(e->verified | e->brief << 1));
    pl_buf_text(b, e->locale);
    write_facts(b, e);
    if (e->kind == PL_EVENT_MESSAGE) write_reading(b, &e->reading);
    pl_buf_var(b, (uint32_t)(e->rule + 1));
    pl_buf_text(b, e->route);
    write_bits(b, e->rules_true, e->nrules);
    if (is_outcome(e)) {
        pl_buf_var(b, e->effect);
        pl_buf_text(b, e->failure);
        pl_value_write(b, e->secret ? PL_NONE : e->value);
    }
    if (e->kind == PL_EVENT_IDENTITY) {
        pl_buf_byte(b, (uint8_t)e->consent);
        pl_value_write(b, e->customer);
    }
    if (e->kind == PL_EVENT_HAPPENED) {
        pl_buf_text(b, e->name);
        pl_value_write(b, e->value);
        pl_buf_u64(b, e->key);
    }
    if (e->kind == PL_EVENT_NO_MODEL) {
        pl_value_write(b, e->value);
        pl_buf_byte(b, e->remembered);
    }
    if (e->kind == PL_EVENT_NAMED) {
        pl_vm__write_entities(b, e->reading.entities, e->reading.nentities);
        write_picks(b, &e->reading);
    }
    if (e->kind != PL_EVENT_MESSAGE) return;
    pl_buf_var(b, (uint32_t)(e->target + 1));
    pl_buf_var(b, e->ntarget_args);
    for (uint32_t i = 0; i < e->ntarget_args; i++) pl_value_write(b, e->target_args[i]);
}

void pl_vm_event_write_secret(struct pl_buf *b, const struct pl_vm_event *e) {
    const struct pl_vm_reading *r = &e->reading;
    if (is_outcome(e) && e->secret) pl_value_write(b, e->value);
    if (e->kind != PL_EVENT_MESSAGE || r->secret.n == 0) return;
    pl_buf_text(b, r->secret);
    pl_buf_var(b, r->nentities);
    for (uint32_t i = 0; i < r->nentities; i++) write_entity(b, &r->entities[i]);
}

static uint32_t read_count(struct pl_reader *r) {
    uint64_t n = pl_read_var(r);
    if (n > pl_read_left(r)) r->bad = true;
    return r->bad ? 0 : (uint32_t)n;
}

/* A text that may become a value: values are UTF-8, or the state would not be read again. */
static struct pl_str read_words(struct pl_reader *r) {
    struct pl_str s = pl_read_text(r);
    if (!pl_utf8_valid(s)) r->bad = true;
    return r->bad ? (struct pl_str){0} : s;
}

const struct pl_vm_entity *pl_vm__read_entities(struct pl_reader *r, struct pl_arena *a,
                                                uint32_t n) {
    struct pl_vm_entity *v = PL_NEW_ARRAY(a, struct pl_vm_entity, n + 1);
    for (uint32_t i = 0; i < n && !r->bad; i++) {
        v[i].entity = (uint32_t)pl_read_var(r) - 1;
        v[i].kind = pl_read_u8(r);
        v[i].needs_after = pl_read_u8(r);
        v[i].start = (uint32_t)pl_read_var(r);
        v[i].end = (uint32_t)pl_read_var(r);
        v[i].slot = pl_read_text(r);
        v[i].value = pl_value_read(r, a);
    }
    return v;
}

static void read_upload(struct pl_reader *r, struct pl_vm_upload *u) {
    u->ref = read_words(r);
    if (u->ref.n == 0) return;
    u->name = read_words(r);
    u->type = read_words(r);
    u->size = pl_read_var(r);
}

static void read_picks(struct pl_reader *r, struct pl_arena *a, struct pl_vm_reading *out) {
    out->npicks = read_count(r);
    uint32_t *picks = PL_NEW_ARRAY(a, uint32_t, out->npicks + 1);
    for (uint32_t i = 0; i < out->npicks; i++) picks[i] = (uint32_t)pl_read_var(r);
    out->picks = picks;
}

static void read_reading(struct pl_reader *r, struct pl_arena *a, struct pl_vm_reading *out) {
    out->text = read_words(r);
    out->folded_hash = pl_read_u64(r);
    out->language = read_words(r);
    out->nintents = read_count(r);
    struct pl_vm_intent *intents = PL_NEW_ARRAY(a, struct pl_vm_intent, out->nintents + 1);
    for (uint32_t i = 0; i < out->nintents && !r->bad; i++) {
        intents[i].intent = (uint32_t)pl_read_var(r);
        intents[i].confidence = read_float(r);
    }
    out->intents = intents;
    uint8_t bits = pl_read_u8(r);
    out->ambiguous = bits & 1;
    out->change_word = bits & 2;
    out->card = bits & 4;
    out->too_long = bits & 8;
    out->named = bits & 16;
    out->letters = bits >> 5 & 3;
    out->worded = bits & 128;
    out->command = (uint32_t)pl_read_var(r) - 1;
    out->yes_no = (int8_t)pl_read_u8(r);
    out->sentiment = read_float(r);
    out->uncertainty = read_float(r);
    out->nentities = read_count(r);
    out->entities = pl_vm__read_entities(r, a, out->nentities);
    out->marks = pl_read_u8(r);
    if (out->marks > PL_VM_MARKS_SAYS) r->bad = true;
    if (out->marks) out->marks_of = (uint32_t)pl_read_var(r);
    out->choice = (uint32_t)pl_read_var(r);
    read_picks(r, a, out);
    out->earlier = (uint32_t)pl_read_var(r);
    read_upload(r, &out->upload);
    out->mentions = read_bits(r, &out->nmentions);
    out->says = pl_read_text(r);
}

static void read_facts(struct pl_reader *r, struct pl_arena *a, struct pl_vm_event *e) {
    if (!pl_vm__time_ok(e->now_ms)) r->bad = true;
    e->nqueues = read_count(r);
    struct pl_vm_queue_fact *q = PL_NEW_ARRAY(a, struct pl_vm_queue_fact, e->nqueues + 1);
    for (uint32_t i = 0; i < e->nqueues && !r->bad; i++) {
        q[i].open = pl_read_u8(r);
        int64_t later = pl_read_zig(r);
        if (!pl_vm__time_ok(later)) r->bad = true;
        q[i].opens_ms = r->bad ? 0 : e->now_ms + later;
        q[i].wait_ms = pl_read_zig(r);
    }
    e->queues = q;
    e->nhours = read_count(r);
    bool *h = PL_NEW_ARRAY(a, bool, e->nhours + 1);
    for (uint32_t i = 0; i < e->nhours && !r->bad; i++) h[i] = pl_read_u8(r);
    e->hours = h;
}

static void read_target(struct pl_reader *r, struct pl_arena *a, struct pl_vm_event *e) {
    e->target = (uint32_t)pl_read_var(r) - 1;
    e->ntarget_args = read_count(r);
    struct pl_value *args = PL_NEW_ARRAY(a, struct pl_value, e->ntarget_args + 1);
    for (uint32_t i = 0; i < e->ntarget_args && !r->bad; i++) args[i] = pl_value_read(r, a);
    e->target_args = args;
}

static bool is_datetime(int64_t ms) {
    return ms >= PL_DATETIME_MIN && ms <= PL_DATETIME_MAX;
}

/* Its times become facts: they are dates that a value can be. */
static bool times_fit(const struct pl_vm_event *e) {
    if (!is_datetime(e->now_ms) || e->today < PL_DATE_MIN || e->today > PL_DATE_MAX) return false;
    for (uint32_t i = 0; i < e->nqueues; i++)
        if (!is_datetime(e->queues[i].opens_ms) || e->queues[i].wait_ms < -PL_DURATION_MAX ||
            e->queues[i].wait_ms > PL_DURATION_MAX)
            return false;
    return true;
}

enum pl_err pl_vm_event_read(struct pl_str bytes, struct pl_arena *a, struct pl_vm_event *out) {
    struct pl_reader r = pl_reader_of(bytes);
    uint8_t version = pl_read_u8(&r);
    if (r.bad) return PL_MALFORMED;
    if (version != VM_EVENT_VERSION) return PL_VERSION;
    struct pl_vm_event e = {.kind = pl_read_u8(&r), .target = PL_NOWHERE};
    e.reading.command = PL_NOWHERE;
    e.now_ms = pl_read_zig(&r);
    e.today = (int32_t)pl_read_zig(&r);
    e.seed = pl_read_u64(&r);
    e.subject = pl_read_u64(&r);
    uint8_t bits = pl_read_u8(&r);
    e.verified = bits & 1;
    e.brief = bits & 2;
    e.locale = pl_read_text(&r);
    read_facts(&r, a, &e);
    if (e.kind == PL_EVENT_MESSAGE) read_reading(&r, a, &e.reading);
    e.rule = (uint32_t)pl_read_var(&r) - 1;
    e.route = read_words(&r);
    e.rules_true = read_bits(&r, &e.nrules);
    if (is_outcome(&e)) {
        e.effect = pl_read_var(&r);
        e.failure = read_words(&r);
        e.value = pl_value_read(&r, a);
    }
    if (e.kind == PL_EVENT_HAPPENED) {
        e.name = read_words(&r);
        e.value = pl_value_read(&r, a);
        e.key = pl_read_u64(&r);
    }
    if (e.kind == PL_EVENT_MESSAGE) read_target(&r, a, &e);
    if (e.kind == PL_EVENT_IDENTITY) {
        e.consent = (int8_t)pl_read_u8(&r);
        e.customer = pl_value_read(&r, a);
    }
    if (e.kind == PL_EVENT_NO_MODEL) {
        e.value = pl_value_read(&r, a);
        e.remembered = pl_read_u8(&r);
    }
    if (e.kind == PL_EVENT_NAMED) {
        e.reading.nentities = read_count(&r);
        e.reading.entities = pl_vm__read_entities(&r, a, e.reading.nentities);
        read_picks(&r, a, &e.reading);
    }
    if (r.bad || pl_read_left(&r) || e.kind > PL_EVENT_NO_MODEL || !times_fit(&e))
        return PL_MALFORMED;
    *out = e;
    return PL_OK;
}

enum pl_err pl_vm_event_read_secret(struct pl_str bytes, struct pl_arena *a,
                                    struct pl_vm_event *out) {
    struct pl_reader r = pl_reader_of(bytes);
    if (bytes.n == 0) return PL_OK;
    if (out->kind != PL_EVENT_MESSAGE) {
        out->value = pl_value_read(&r, a);
        out->secret = true;
        return r.bad || pl_read_left(&r) ? PL_MALFORMED : PL_OK;
    }
    struct pl_str text = read_words(&r);
    uint32_t n = read_count(&r);
    const struct pl_vm_entity *entities = pl_vm__read_entities(&r, a, n);
    if (r.bad || pl_read_left(&r) || text.n == 0) return PL_MALFORMED;
    out->reading.secret = text;
    out->reading.entities = entities;
    out->reading.nentities = n;
    return PL_OK;
}
