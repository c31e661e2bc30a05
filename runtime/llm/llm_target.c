/* SPDX-License-Identifier: Apache-2.0
 *
 * Targets as they run: addresses, keys, and the breaker's life outside its own arithmetic: what is
 * shown, what is kept over a restart, and the health probe that an open one needs.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/llm/llm_run_priv.h"

enum { STATE_VERSION = 1 };

/* ---- opening ---- */

static char *address(const struct pl_llm_target *t, const char *path, bool wanted) {
    struct pl_buf b = {0};
    if (wanted && path[0]) pl_llm__url(&b, t, path);
    char *out = strndup(b.n ? b.p : "", b.n);
    pl_buf_free(&b);
    return out;
}

static void probe_due(struct pl_timer *timer);

static enum pl_err open_target(struct pl_llm *llm, struct pl_llm__target *t,
                               const struct pl_llm_target *conf) {
    const struct pl_llm__dialect *d = &pl_llm__dialects[conf->dialect];
    char why[256];
    t->conf = conf;
    t->llm = llm;
    t->probe.fn = probe_due;
    t->probe.ctx = t;
    t->chat = address(conf, d->chat, true);
    t->embed = address(conf, d->embed, conf->embed[0]);
    t->health = address(conf, d->health, true);
    if (!t->chat || !t->embed || !t->health) return PL_NOMEM;
    /* Without its key a target is asked all the same: the provider's 401 opens its breaker. */
    if (!pl_llm__key_read(conf, &t->key, why))
        pl_log(llm->log, PL_LOG_ERROR, "llm", "no_key", "target=%s why=\"%s\"", conf->name, why);
    return PL_OK;
}

/* ---- what is kept ---- */

static void keep_states(struct pl_llm *llm) {
    struct pl_buf b = {0};
    if (!llm->store) return;
    pl_buf_byte(&b, STATE_VERSION);
    pl_buf_var(&b, llm->models.ntargets);
    for (size_t i = 0; i < llm->models.ntargets; i++) {
        const struct pl_llm__target *t = &llm->targets[i];
        int64_t left_ms = (t->breaker.until_us - pl_llm__now_us(llm)) / 1000;
        pl_buf_text(&b, pl_str_c(t->conf->name));
        pl_buf_byte(&b, (uint8_t)t->breaker.state);
        pl_buf_byte(&b, t->breaker.held);
        pl_buf_zig(&b, pl_llm__now_ms(llm) + left_ms);
    }
    struct pl_store_row row = {PL_STR("mb"), pl_buf_slice(&b)};
    if (!b.failed) (void)pl_store_project(llm->store, &row, 1, NULL, 0);
    pl_buf_free(&b);
}

static void restore(struct pl_llm *llm, struct pl_llm__target *t, uint8_t state, bool held,
                    int64_t until_ms) {
    int64_t most = t->conf->breaker_open, left = until_ms - pl_llm__now_ms(llm);
    if (state == PL_LLM_CLOSED) return;
    /* Key, address or account may have been mended meanwhile: a probe decides at once. */
    if (left < 0 || held || state == PL_LLM_HALF_OPEN) left = 0;
    if (left > most * 2) left = most * 2; /* the clock was set meanwhile */
    t->breaker.state = PL_LLM_OPEN;
    t->breaker.held = held;
    t->breaker.until_us = pl_llm__now_us(llm) + left * 1000;
}

/* A row that cannot be read is as good as none: breakers close, and open again when need be. */
static void restore_states(struct pl_llm *llm) {
    struct pl_arena a;
    struct pl_str value;
    pl_arena_init(&a, 0);
    if (pl_store_load(llm->store, &a, PL_STR("mb"), &value) == PL_OK) {
        struct pl_reader r = pl_reader_of(value);
        uint8_t version = pl_read_u8(&r);
        uint64_t n = pl_read_var(&r);
        for (uint64_t k = 0; k < n && !r.bad && version == STATE_VERSION; k++) {
            struct pl_str name = pl_read_text(&r);
            uint8_t state = pl_read_u8(&r);
            bool held = pl_read_u8(&r) != 0;
            int64_t until = pl_read_zig(&r);
            for (size_t i = 0; i < llm->models.ntargets && !r.bad; i++)
                if (pl_str_is(name, llm->targets[i].conf->name))
                    restore(llm, &llm->targets[i], state, held, until);
        }
    }
    pl_arena_free(&a);
}

enum pl_err pl_llm__targets_open(struct pl_llm *llm) {
    llm->targets = calloc(llm->models.ntargets + 1, sizeof *llm->targets);
    if (!llm->targets) return PL_NOMEM;
    for (size_t i = 0; i < llm->models.ntargets; i++) {
        enum pl_err err = open_target(llm, &llm->targets[i], &llm->models.targets[i]);
        if (err) return err;
    }
    if (llm->store) restore_states(llm);
    for (size_t i = 0; i < llm->models.ntargets; i++) {
        pl_llm__target_changed(&llm->targets[i]);
        pl_llm__target_spent(&llm->targets[i]);
    }
    return PL_OK;
}

void pl_llm__targets_close(struct pl_llm *llm) {
    for (size_t i = 0; llm->targets && i < llm->models.ntargets; i++) {
        struct pl_llm__target *t = &llm->targets[i];
        pl_timer_stop(&t->probe);
        pl_llm__key_wipe(&t->key);
        free(t->chat);
        free(t->embed);
        free(t->health);
    }
    free(llm->targets);
}

/* ---- headers ---- */

size_t pl_llm__headers(const struct pl_llm__target *t, struct pl_buf *line,
                       struct pl_http_header out[4]) {
    static const char *const names[] = {"Authorization", "x-api-key", "api-key"};
    enum pl_llm__auth auth = pl_llm__dialects[t->conf->dialect].auth;
    size_t n = 0;
    out[n++] = (struct pl_http_header){PL_STR("Content-Type"), PL_STR("application/json")};
    if (t->conf->dialect == PL_LLM_DIALECT_ANTHROPIC)
        out[n++] = (struct pl_http_header){PL_STR("anthropic-version"), PL_STR("2023-06-01")};
    if (t->key.n == 0) return n;
    if (auth == PL_LLM__BEARER) pl_buf_c(line, "Bearer ");
    pl_buf_str(line, pl_buf_slice(&t->key));
    out[n++] = (struct pl_http_header){pl_str_c(names[auth]), pl_buf_slice(line)};
    return n;
}

/* ---- probes ---- */

static void probed(void *ctx, const struct pl_http_reply *reply) {
    struct pl_llm__target *t = ctx;
    struct pl_llm *llm = t->llm;
    llm->alive--;
    if (llm->stopping) return;
    /* A server without a list of models is there all the same. */
    bool well = reply->err == PL_OK && ((reply->status >= 200 && reply->status < 300) ||
                                        reply->status == 404 || reply->status == 405);
    if (!well) pl_llm__count(llm, PL_LLM_COUNT_probes_failed);
    pl_llm__breaker_probed(&t->breaker, t->conf, well, pl_llm__now_us(llm), &llm->rand);
    pl_llm__target_changed(t);
}

static void send_probe(struct pl_llm__target *t) {
    struct pl_http_header headers[4];
    struct pl_buf line = {0};
    size_t n = pl_llm__headers(t, &line, headers);
    struct pl_http_request r = {.method = PL_HTTP_GET,
                                .retry = PL_HTTP_POOLED,
                                .url = pl_str_c(t->health),
                                .headers = headers,
                                .nheaders = n,
                                .ca = pl_str_c(t->conf->ca),
                                .deadline_ms = t->conf->connect + t->conf->first_token};
    t->llm->alive++;
    pl_http_send(t->llm->http, &r, t->llm->loop, probed, t);
    pl_llm__key_wipe(&line);
}

/* The file of a key may hold a new one by now. */
static void read_key_again(struct pl_llm__target *t) {
    struct pl_buf key = {0};
    char why[256];
    if (pl_llm__key_read(t->conf, &key, why)) {
        pl_llm__key_wipe(&t->key);
        t->key = key;
    }
}

static void probe_due(struct pl_timer *timer) {
    struct pl_llm__target *t = timer->ctx;
    if (t->breaker.state != PL_LLM_OPEN) return;
    if (t->breaker.held) read_key_again(t);
    if (t->health[0]) {
        pl_llm__count(t->llm, PL_LLM_COUNT_probes);
        send_probe(t);
        return;
    }
    pl_llm__breaker_probed(&t->breaker, t->conf, true, pl_llm__now_us(t->llm), &t->llm->rand);
    pl_llm__target_changed(t);
}

static void log_breaker(const struct pl_llm__target *t) {
    bool open = t->breaker.state == PL_LLM_OPEN;
    int64_t left_us = t->breaker.until_us - pl_llm__now_us(t->llm);
    if (open)
        pl_log(t->llm->log, PL_LOG_WARN, "llm", "breaker",
               "target=%s state=open reason=%s for_s=%" PRId64, t->conf->name,
               pl_llm_failure_word((enum pl_llm_failure)t->shown.last),
               (left_us + 999999) / 1000000);
    else
        pl_log(t->llm->log, PL_LOG_WARN, "llm", "breaker", "target=%s state=%s", t->conf->name,
               t->breaker.state == PL_LLM_CLOSED ? "closed" : "half_open");
}

void pl_llm__target_changed(struct pl_llm__target *t) {
    int before = atomic_exchange(&t->shown.breaker, (int)t->breaker.state);
    t->shown.until_us = t->breaker.until_us;
    if (t->breaker.state == PL_LLM_OPEN)
        pl_timer_start(t->llm->loop, &t->probe,
                       (t->breaker.until_us - pl_llm__now_us(t->llm) + 999) / 1000);
    if (before == (int)t->breaker.state) return;
    log_breaker(t);
    keep_states(t->llm);
}

void pl_llm__target_spent(struct pl_llm__target *t) {
    const struct pl_llm__sum *s = &t->llm->ledger.now;
    for (size_t i = 0; i < s->ntotals; i++) {
        const struct pl_llm__total *k = &s->totals[i];
        if (strcmp(k->name, t->conf->name) != 0) continue;
        struct pl_llm__money all = k->told.money;
        pl_llm__money_add(&all, k->guessed.money);
        t->shown.input = k->told.usage.input + k->guessed.usage.input;
        t->shown.cached = k->told.usage.cached + k->guessed.usage.cached;
        t->shown.output = k->told.usage.output + k->guessed.usage.output;
        t->shown.micro = pl_llm__money_up(all);
        t->shown.guessed_micro = pl_llm__money_up(k->guessed.money);
    }
}
