/* SPDX-License-Identifier: Apache-2.0
 *
 * The ledger's arithmetic and its forms: money, entries, sums. Nothing here knows the store.
 */
#include <string.h>

#include "runtime/llm/llm_run_priv.h"

enum { VERSION = 1 };

/* ---- money ---- */

void pl_llm__money_add(struct pl_llm__money *m, struct pl_llm__money more) {
    m->micro += more.micro;
    m->pico += more.pico;
    if (m->pico < 1000000) return;
    m->pico -= 1000000;
    m->micro++;
}

int64_t pl_llm__money_up(struct pl_llm__money m) {
    return m.micro + (m.pico > 0);
}

static void add_tokens(struct pl_llm__money *m, int64_t tokens, int64_t price) {
    if (tokens < 0) tokens = 0;
    if (tokens > PL_LLM__TOKENS_MAX) tokens = PL_LLM__TOKENS_MAX;
    int64_t pico = tokens * price; /* below 10^18: see MICRO_MAX of the models file */
    pl_llm__money_add(m, (struct pl_llm__money){pico / 1000000, pico % 1000000});
}

struct pl_llm__money pl_llm__cost(const struct pl_llm_target *t, int32_t day,
                                  const struct pl_llm_usage *u) {
    const struct pl_llm_price *price = NULL;
    struct pl_llm__money m = {0};
    for (size_t i = 0; i < t->nprices && t->prices[i].from <= day; i++) price = &t->prices[i];
    if (!price) return m;
    add_tokens(&m, u->input, price->input);
    add_tokens(&m, u->cached, price->cached);
    add_tokens(&m, u->output, price->output);
    return m;
}

int64_t pl_llm_estimate(struct pl_str text) {
    int64_t ascii = 0, others = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x80)
            ascii++;
        else if (c >= 0xC0)
            others++;
    }
    return text.n ? ascii / 3 + others * 3 / 2 + 1 : 0;
}

/* ---- entries ---- */

static void write_money(struct pl_buf *b, struct pl_llm__money m) {
    pl_buf_zig(b, m.micro);
    pl_buf_var(b, (uint64_t)m.pico);
}

static struct pl_llm__money read_money(struct pl_reader *r) {
    struct pl_llm__money m = {.micro = pl_read_zig(r)};
    uint64_t pico = pl_read_var(r);
    if (m.micro < 0 || m.micro > INT64_MAX / 2 || pico >= 1000000) r->bad = true;
    m.pico = (int64_t)(pico % 1000000);
    return m;
}

static void write_usage(struct pl_buf *b, const struct pl_llm_usage *u) {
    pl_buf_zig(b, u->input);
    pl_buf_zig(b, u->cached);
    pl_buf_zig(b, u->output);
    pl_buf_byte(b, u->estimated);
}

static int64_t read_tokens(struct pl_reader *r) {
    int64_t n = pl_read_zig(r);
    if (n < 0 || n > INT64_MAX / 2) r->bad = true;
    return r->bad ? 0 : n;
}

static struct pl_llm_usage read_usage(struct pl_reader *r) {
    struct pl_llm_usage u = {.input = read_tokens(r)};
    u.cached = read_tokens(r);
    u.output = read_tokens(r);
    u.estimated = pl_read_u8(r) != 0;
    return u;
}

void pl_llm__entry_write(struct pl_buf *b, const struct pl_llm__entry *e) {
    pl_buf_byte(b, VERSION);
    pl_buf_byte(b, (uint8_t)e->kind);
    pl_buf_var(b, e->id);
    pl_buf_zig(b, e->day);
    pl_buf_add(b, e->conversation, 16);
    pl_buf_text(b, e->target);
    write_money(b, e->money);
    write_usage(b, &e->usage);
}

bool pl_llm__entry_read(struct pl_str bytes, struct pl_llm__entry *out) {
    struct pl_reader r = pl_reader_of(bytes);
    *out = (struct pl_llm__entry){0};
    uint8_t version = pl_read_u8(&r), kind = pl_read_u8(&r);
    out->kind = kind == PL_LLM__RESERVE ? PL_LLM__RESERVE : PL_LLM__SETTLE;
    out->id = pl_read_var(&r);
    int64_t day = pl_read_zig(&r);
    struct pl_str id = pl_read_bytes(&r, 16);
    if (id.n == 16) memcpy(out->conversation, id.p, 16);
    out->target = pl_read_text(&r);
    out->money = read_money(&r);
    out->usage = read_usage(&r);
    out->day = (int32_t)day;
    return !r.bad && pl_read_left(&r) == 0 && version == VERSION && day >= INT32_MIN &&
           day <= INT32_MAX && (kind == PL_LLM__RESERVE || kind == PL_LLM__SETTLE) &&
           out->target.n < 64;
}

/* ---- sums ---- */

static struct pl_llm__total *total_of(struct pl_llm__sum *s, struct pl_str name) {
    for (size_t i = 0; i < s->ntotals; i++)
        if (pl_str_is(name, s->totals[i].name)) return &s->totals[i];
    if (s->ntotals == PL_LLM__TOTALS) return NULL; /* in the whole, not by itself */
    struct pl_llm__total *t = &s->totals[s->ntotals++];
    *t = (struct pl_llm__total){0};
    snprintf(t->name, sizeof t->name, "%.*s", PL_STR_ARG(name));
    return t;
}

void pl_llm__sum_add(struct pl_llm__sum *s, const struct pl_llm__entry *e) {
    s->n++;
    if (e->day > s->day) {
        s->day = e->day;
        s->spent_day = (struct pl_llm__money){0};
    }
    if (e->kind != PL_LLM__SETTLE) {
        s->day = e->day; /* an earlier one: the clock was set back, and it is the same day still */
        return;
    }
    if (e->day == s->day) pl_llm__money_add(&s->spent_day, e->money);
    pl_llm__money_add(&s->spent, e->money);
    struct pl_llm__total *t = total_of(s, e->target);
    if (!t) return;
    struct pl_llm_usage *u = e->usage.estimated ? &t->guessed.usage : &t->told.usage;
    pl_llm__money_add(e->usage.estimated ? &t->guessed.money : &t->told.money, e->money);
    u->input += e->usage.input;
    u->cached += e->usage.cached;
    u->output += e->usage.output;
}

void pl_llm__sum_write(struct pl_buf *b, const struct pl_llm__sum *s) {
    pl_buf_byte(b, VERSION);
    pl_buf_var(b, s->n);
    pl_buf_zig(b, s->day);
    write_money(b, s->spent_day);
    write_money(b, s->spent);
    pl_buf_var(b, s->ntotals);
    for (size_t i = 0; i < s->ntotals; i++) {
        pl_buf_text(b, pl_str_c(s->totals[i].name));
        write_usage(b, &s->totals[i].told.usage);
        write_money(b, s->totals[i].told.money);
        write_usage(b, &s->totals[i].guessed.usage);
        write_money(b, s->totals[i].guessed.money);
    }
}

bool pl_llm__sum_read(struct pl_str bytes, struct pl_llm__sum *out) {
    struct pl_reader r = pl_reader_of(bytes);
    *out = (struct pl_llm__sum){0};
    uint8_t version = pl_read_u8(&r);
    out->n = pl_read_var(&r);
    int64_t day = pl_read_zig(&r);
    out->day = (int32_t)day;
    out->spent_day = read_money(&r);
    out->spent = read_money(&r);
    uint64_t n = pl_read_var(&r);
    if (version != VERSION || n > PL_LLM__TOTALS || day < INT32_MIN || day > INT32_MAX)
        return false;
    for (; out->ntotals < n && !r.bad; out->ntotals++) {
        struct pl_llm__total *t = &out->totals[out->ntotals];
        struct pl_str name = pl_read_text(&r);
        if (name.n >= sizeof t->name) return false;
        if (name.n) memcpy(t->name, name.p, name.n);
        t->told.usage = read_usage(&r);
        t->told.money = read_money(&r);
        t->guessed.usage = read_usage(&r);
        t->guessed.money = read_money(&r);
    }
    return !r.bad && pl_read_left(&r) == 0;
}
