/* SPDX-License-Identifier: Apache-2.0
 *
 * The fields of each kind as bytes. Fixed bytes where a thing has a size (hashes), LEB128 and
 * length-prefixed text elsewhere; outputs behind the fields.
 */
#include <string.h>
#include "runtime/journal/journal_priv.h"
#include "runtime/value/value.h"

const char *pl_entry_word(unsigned kind) {
    switch (kind) {
#define ENTRY(name, number, sealed, meaning)                                                       \
    case number:                                                                                   \
        return #name;
#include "runtime/journal/entry.def"
#undef ENTRY
    default: return NULL;
    }
}

bool pl_entry__sealed(uint8_t kind) {
    switch (kind) {
#define ENTRY(name, number, sealed, meaning)                                                       \
    case number:                                                                                   \
        return sealed;
#include "runtime/journal/entry.def"
#undef ENTRY
    default: return false;
    }
}

/* ---- writing ---- */

enum { CARD_SEEN = 0x80 }; /* beside `said` */

static void write_arrival(struct pl_buf *b, const struct pl_entry_arrival *v) {
    pl_buf_u64(b, v->client);
    pl_buf_var(b, v->counter);
    pl_buf_u64(b, v->body_hash);
    pl_buf_byte(b, (uint8_t)(v->said | (v->text.card_seen ? CARD_SEEN : 0)));
    pl_buf_text(b, v->text.s);
    pl_buf_text(b, v->label);
}

static void write_turn(struct pl_buf *b, const struct pl_entry_turn *v) {
    pl_buf_add(b, v->image, sizeof v->image);
    pl_buf_var(b, v->of);
    pl_buf_u64(b, v->hash);
    pl_buf_text(b, v->event);
    pl_buf_text(b, v->secret);
    pl_buf_text(b, v->effects);
}

static void write_result(struct pl_buf *b, const struct pl_entry_result *v) {
    pl_buf_var(b, v->effect);
    pl_buf_var(b, v->attempt);
    pl_buf_text(b, v->failure);
    pl_buf_text(b, v->value);
}

static void write_fields(struct pl_buf *b, const struct pl_entry *e) {
    switch (e->kind) {
    case PL_ENTRY_OPEN:
        pl_buf_add(b, e->open.resume, sizeof e->open.resume);
        pl_buf_text(b, e->open.locale);
        pl_buf_byte(b, e->open.guessed);
        pl_buf_text(b, e->open.page.s);
        break;
    case PL_ENTRY_ARRIVAL: write_arrival(b, &e->arrival); break;
    case PL_ENTRY_TURN: write_turn(b, &e->turn); break;
    case PL_ENTRY_RESULT: write_result(b, &e->result); break;
    case PL_ENTRY_WITH:
        pl_buf_byte(b, e->with.with);
        pl_buf_text(b, e->with.data);
        break;
    case PL_ENTRY_AGENT:
        pl_buf_add(b, e->agent.agent, sizeof e->agent.agent);
        pl_buf_byte(b, e->agent.action);
        pl_buf_text(b, e->agent.data);
        break;
    case PL_ENTRY_RATED:
        pl_buf_var(b, e->rated.seq);
        pl_buf_zig(b, e->rated.value);
        pl_buf_text(b, e->rated.articles);
        break;
    case PL_ENTRY_CLOSED: pl_buf_text(b, e->closed.how); break;
    case PL_ENTRY_MOVED:
        pl_buf_add(b, e->moved.from, sizeof e->moved.from);
        pl_buf_add(b, e->moved.to, sizeof e->moved.to);
        pl_buf_text(b, e->moved.state);
        break;
    case PL_ENTRY_KNOWN: pl_buf_add(b, e->known.customer, sizeof e->known.customer); break;
    case PL_ENTRY_MEMORY: pl_buf_text(b, e->memory.data); break;
    case PL_ENTRY_QUEUED:
        pl_buf_add(b, e->queued.conversation, sizeof e->queued.conversation);
        pl_buf_byte(b, e->queued.action);
        pl_buf_text(b, e->queued.data);
        break;
    case PL_ENTRY_IMAGE: pl_buf_add(b, e->image.hash, sizeof e->image.hash); break;
    case PL_ENTRY_CONFIG:
        pl_buf_text(b, e->config.name);
        pl_buf_text(b, e->config.value);
        break;
    default: pl_assert(e->kind == PL_ENTRY_OPEN); /* a kind that callers do not write */
    }
}

void pl_entry_write(struct pl_buf *b, const struct pl_entry *e) {
    write_fields(b, e);
    if (e->kind == PL_ENTRY_ARRIVAL) return;
    pl_buf_var(b, e->noutputs);
    for (uint32_t i = 0; i < e->noutputs; i++) pl_buf_text(b, e->outputs[i]);
}

/* ---- reading ---- */

static void read_fixed(struct pl_reader *r, uint8_t *out, size_t n) {
    struct pl_str s = pl_read_bytes(r, n);
    if (s.n == n) memcpy(out, s.p, n);
}

static uint32_t read_u32(struct pl_reader *r) {
    uint64_t v = pl_read_var(r);
    if (v > UINT32_MAX) r->bad = true;
    return (uint32_t)v;
}

static uint64_t read_u64(struct pl_reader *r) {
    uint8_t bytes[8] = {0};
    read_fixed(r, bytes, sizeof bytes);
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--) v = v << 8 | bytes[i];
    return v;
}

static void read_arrival(struct pl_reader *r, struct pl_entry_arrival *v) {
    v->client = read_u64(r);
    v->counter = pl_read_var(r);
    v->body_hash = read_u64(r);
    uint8_t said = pl_read_u8(r);
    v->said = said & 0x7f;
    if (v->said > 4) r->bad = true;
    v->text.card_seen = said & CARD_SEEN;
    v->text.s = pl_read_text(r); /* was masked when it was written */
    v->label = pl_read_text(r);
}

static void read_turn(struct pl_reader *r, struct pl_entry_turn *v) {
    read_fixed(r, v->image, sizeof v->image);
    v->of = pl_read_var(r);
    v->hash = read_u64(r);
    v->event = pl_read_text(r);
    v->secret = pl_read_text(r);
    v->effects = pl_read_text(r);
}

static void read_result(struct pl_reader *r, struct pl_entry_result *v) {
    v->effect = pl_read_var(r);
    v->attempt = read_u32(r);
    v->failure = pl_read_text(r);
    v->value = pl_read_text(r);
}

static void read_fields(struct pl_reader *r, struct pl_entry *e) {
    switch (e->kind) {
    case PL_ENTRY_OPEN:
        read_fixed(r, e->open.resume, sizeof e->open.resume);
        e->open.locale = pl_read_text(r);
        e->open.guessed = pl_read_u8(r) == 1;
        e->open.page.s = pl_read_text(r);
        break;
    case PL_ENTRY_ARRIVAL: read_arrival(r, &e->arrival); break;
    case PL_ENTRY_TURN: read_turn(r, &e->turn); break;
    case PL_ENTRY_RESULT: read_result(r, &e->result); break;
    case PL_ENTRY_WITH:
        e->with.with = pl_read_u8(r);
        e->with.data = pl_read_text(r);
        if (e->with.with > PL_WITH_AGENT) r->bad = true;
        break;
    case PL_ENTRY_AGENT:
        read_fixed(r, e->agent.agent, sizeof e->agent.agent);
        e->agent.action = pl_read_u8(r);
        e->agent.data = pl_read_text(r);
        break;
    case PL_ENTRY_RATED:
        e->rated.seq = pl_read_var(r);
        e->rated.value = pl_read_zig(r);
        e->rated.articles = pl_read_text(r);
        break;
    case PL_ENTRY_CLOSED: e->closed.how = pl_read_text(r); break;
    case PL_ENTRY_MOVED:
        read_fixed(r, e->moved.from, sizeof e->moved.from);
        read_fixed(r, e->moved.to, sizeof e->moved.to);
        e->moved.state = pl_read_text(r);
        break;
    case PL_ENTRY_KNOWN: read_fixed(r, e->known.customer, sizeof e->known.customer); break;
    case PL_ENTRY_MEMORY: e->memory.data = pl_read_text(r); break;
    case PL_ENTRY_QUEUED:
        read_fixed(r, e->queued.conversation, sizeof e->queued.conversation);
        e->queued.action = pl_read_u8(r);
        e->queued.data = pl_read_text(r);
        break;
    case PL_ENTRY_IMAGE: read_fixed(r, e->image.hash, sizeof e->image.hash); break;
    case PL_ENTRY_CONFIG:
        e->config.name = pl_read_text(r);
        e->config.value = pl_read_text(r);
        break;
    default: r->bad = true;
    }
}

static enum pl_err read_outputs(struct pl_reader *r, struct pl_arena *a, struct pl_entry *e) {
    uint64_t n = pl_read_var(r);
    if (r->bad || n > pl_read_left(r)) return PL_MALFORMED;
    if (n > PL_ENTRY_OUTPUTS) return PL_LIMIT;
    if (n == 0) return PL_OK;
    struct pl_str *outputs = PL_NEW_ARRAY(a, struct pl_str, n);
    if (!outputs) return PL_NOMEM;
    for (uint64_t i = 0; i < n; i++) outputs[i] = pl_read_text(r);
    e->noutputs = (uint32_t)n;
    e->outputs = outputs;
    return PL_OK;
}

static enum pl_err make_arrival_outputs(struct pl_arena *a, struct pl_entry *e) {
    struct pl_str *outputs = PL_NEW_ARRAY(a, struct pl_str, 2);
    if (!outputs) return PL_NOMEM;
    e->noutputs = pl_entry_arrival_outputs(a, &e->arrival, outputs);
    e->outputs = outputs;
    return e->noutputs ? PL_OK : PL_NOMEM;
}

enum pl_err pl_entry_read(uint8_t kind, struct pl_str bytes, struct pl_arena *a,
                          struct pl_entry *out) {
    struct pl_entry e = *out;
    struct pl_reader r = pl_reader_of(bytes);
    e.kind = kind;
    e.noutputs = 0;
    e.outputs = NULL;
    memset(&e.open, 0, sizeof e - offsetof(struct pl_entry, open));
    read_fields(&r, &e);
    enum pl_err err = r.bad ? PL_MALFORMED : PL_OK;
    if (!err && kind == PL_ENTRY_ARRIVAL) {
        if (pl_read_left(&r)) return PL_MALFORMED;
        err = make_arrival_outputs(a, &e);
    } else if (!err) {
        err = read_outputs(&r, a, &e);
    }
    if (!err && (r.bad || pl_read_left(&r))) err = PL_MALFORMED;
    if (!err) *out = e;
    return err;
}

/* ---- what an arrival shows ---- */

static void put_cid(struct pl_buf *b, uint64_t client, uint64_t counter) {
    uint8_t bytes[8];
    char hex[17], digits[21];
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(client >> (56 - 8 * i));
    pl_hex(bytes, sizeof bytes, hex);
    pl_buf_add(b, hex, 16);
    pl_buf_byte(b, '-');
    pl_buf_add(b, digits, pl_digits(counter, digits));
}

uint32_t pl_entry_arrival_outputs(struct pl_arena *a, const struct pl_entry_arrival *v,
                                  struct pl_str out[2]) {
    struct pl_buf b = {0};
    struct pl_str words = v->said && v->label.n ? v->label : v->text.s;
    pl_buf_reserve(&b, words.n + 160);
    pl_buf_c(&b, "{\"kind\":\"message\",\"from\":\"customer\",\"cid\":\"");
    put_cid(&b, v->client, v->counter);
    pl_buf_c(&b, "\",\"parts\":[{\"type\":\"text\",\"text\":");
    pl_json_quote(&b, words);
    pl_buf_c(&b, "}]}");
    uint32_t n = 0;
    if (!b.failed) {
        out[n] = pl_arena_str(a, pl_buf_slice(&b));
        n += out[n].p != NULL;
    }
    pl_buf_free(&b);
    if (n && v->text.card_seen) out[n++] = PL_STR("{\"kind\":\"card_seen\"}");
    return n;
}
