/* SPDX-License-Identifier: Apache-2.0
 *
 * One ask: along the chain of targets until one answers or none is left, within deadline and
 * budgets. What follows from a failure stands in failure.def.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/llm/llm_run_priv.h"
#include "runtime/privacy/privacy.h"

enum {
    RETRY_JITTER_MS = 200,
    SHORT_WAIT_MS = 500,
    LEAST_OUTPUT = 16,
    OVERHEAD = 8,
    TRIAL_WAIT_MS = 20
};

/* ---- the end ---- */

static void unlink_ask(struct pl_llm__ask *ask) {
    if (ask->prev)
        ask->prev->next = ask->next;
    else
        ask->llm->asks = ask->next;
    if (ask->next) ask->next->prev = ask->prev;
}

static void free_ask(struct pl_llm__ask *ask) {
    unlink_ask(ask);
    pl_buf_free(&ask->heard);
    pl_arena_free(&ask->arena);
    free(ask);
}

static void count_end(struct pl_llm *llm, enum pl_llm_finish finish, enum pl_llm_failure failure) {
    pl_llm__count(llm, failure ? PL_LLM_COUNT_failed : PL_LLM_COUNT_done);
    if (finish == PL_LLM_FINISH_REFUSED) pl_llm__count(llm, PL_LLM_COUNT_refusals);
    if (failure == PL_LLM_FAIL_GONE) pl_llm__count(llm, PL_LLM_COUNT_cancelled);
    if (failure == PL_LLM_FAIL_CEILING) pl_llm__count(llm, PL_LLM_COUNT_ceilings);
}

static void end(struct pl_llm__ask *ask, enum pl_llm_finish finish, enum pl_llm_failure failure) {
    struct pl_llm *llm = ask->llm;
    int64_t now = pl_llm__now_us(llm);
    pl_timer_stop(&ask->deadline);
    pl_timer_stop(&ask->pause);
    if (ask->attempt) pl_llm__attempt_drop(ask->attempt, failure == PL_LLM_FAIL_DEADLINE);
    count_end(llm, finish, failure);
    if (finish == PL_LLM_FINISH_STOP) pl_llm__cache_keep(ask);
    const char *target = ask->target ? ask->target->conf->name : "";
    pl_llm__tell(ask, (struct pl_llm_event){
                          .kind = PL_LLM_DONE,
                          .done = {.finish = finish,
                                   .failure = failure,
                                   .status = ask->status,
                                   .retry_after_ms = ask->retry_after_ms,
                                   .why = pl_str_c(failure ? ask->why : ""),
                                   .target = pl_str_c(target),
                                   .usage = ask->usage,
                                   .micro = pl_llm__money_up(ask->money),
                                   .first_us = ask->first_us ? ask->first_us - ask->begun_us : -1,
                                   .took_us = now - ask->begun_us}});
    ask->over = true;
    if (!ask->reserving) free_ask(ask);
}

static void give_up(struct pl_llm__ask *ask, enum pl_llm_failure failure, const char *why) {
    snprintf(ask->why, sizeof ask->why, "%s", why);
    end(ask, PL_LLM_FINISH_NONE, failure);
}

void pl_llm__ask_answered(struct pl_llm__ask *ask, enum pl_llm_finish finish) {
    end(ask, finish, PL_LLM_FAIL_NONE);
}

void pl_llm__ask_cancel(struct pl_llm__ask *ask) {
    if (!ask->over) give_up(ask, PL_LLM_FAIL_GONE, "cancelled");
}

static void deadline_over(struct pl_timer *timer) {
    struct pl_llm__ask *ask = timer->ctx;
    /* Whoever was being asked has let the time pass. */
    if (ask->attempt && ask->attempt->at != PL_LLM__FLOWING)
        give_up(ask, PL_LLM_FAIL_DEADLINE, "no answer by the deadline");
    else
        give_up(ask, PL_LLM_FAIL_DEADLINE, "no whole answer by the deadline");
}

/* ---- choosing ---- */

static bool fits(const struct pl_llm__ask *ask, const struct pl_llm__target *t) {
    int64_t context = t->conf->context;
    struct pl_str embed = pl_str_c(t->conf->embed);
    if (ask->r.nembed)
        return embed.n && (!ask->r.embed_model.n || pl_str_eq(embed, ask->r.embed_model));
    if (ask->larger && context <= ask->larger) return false;
    return context == 0 || ask->estimate + LEAST_OUTPUT <= context;
}

static bool may_ask(const struct pl_llm__ask *ask, const struct pl_llm__target *t) {
    if (!fits(ask, t)) return false;
    if (ask->r.target.n) return pl_str_is(ask->r.target, t->conf->name);
    return pl_llm__breaker_admits(&t->breaker) && t->hold_until_us <= pl_llm__now_us(ask->llm);
}

static struct pl_llm__target *find_from(const struct pl_llm__ask *ask, size_t from) {
    for (size_t i = from; i < ask->llm->models.ntargets; i++)
        if (may_ask(ask, &ask->llm->targets[i])) return &ask->llm->targets[i];
    return NULL;
}

static size_t place_of(const struct pl_llm__ask *ask, const struct pl_llm__target *t) {
    return (size_t)(t - ask->llm->targets);
}

bool pl_llm__ask_has_other(struct pl_llm__ask *ask) {
    return find_from(ask, place_of(ask, ask->target) + 1) != NULL;
}

/* ---- reserving ---- */

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Tokens of output that may be asked for; below 1: the budget has none left. */
static int64_t output_room(const struct pl_llm__ask *ask) {
    const struct pl_llm_target *t = ask->target->conf;
    const struct pl_llm_request *r = &ask->r;
    int64_t used = ask->usage.input + ask->usage.cached + ask->usage.output;
    int64_t room = t->max_output;
    if (r->nembed) return r->budget.tokens && used + ask->estimate > r->budget.tokens ? 0 : 1;
    if (r->max_output) room = least(room, r->max_output);
    if (t->context) room = least(room, t->context - ask->estimate);
    if (r->budget.tokens) room = least(room, r->budget.tokens - used - ask->estimate);
    return room;
}

static struct pl_llm__open reservation(const struct pl_llm__ask *ask, int64_t output) {
    struct pl_llm__open open = {.day = pl_llm__today(ask->llm)};
    struct pl_llm_usage most = {.input = ask->estimate, .output = ask->r.nembed ? 0 : output};
    open.micro = pl_llm__money_up(pl_llm__cost(ask->target->conf, open.day, &most));
    memcpy(open.conversation, ask->r.conversation, 16);
    snprintf(open.target, sizeof open.target, "%s", ask->target->conf->name);
    return open;
}

struct start { /* a reservation on its way to the disk */
    struct pl_llm__ask *ask;
    struct pl_llm__open open;
    int64_t output;
};

static void begin_attempt(struct pl_llm__ask *ask, struct start *s) {
    if (ask->said) {
        pl_llm__tell(ask, (struct pl_llm_event){.kind = PL_LLM_RESTART});
        pl_llm__count(ask->llm, PL_LLM_COUNT_restarts);
        ask->said = false;
        ask->first_us = 0;
    }
    ask->tries++;
    ask->attempts++;
    pl_llm__attempt_start(ask, &s->open, s->output);
}

/* Another ask opened the breaker, or took the trial, while the reservation was written. */
static void refused(struct pl_llm__ask *ask) {
    ask->retry_after_ms = -1;
    snprintf(ask->why, sizeof ask->why, "%s", pl_llm_failure_meaning(PL_LLM_FAIL_CLOSED));
    pl_llm__ask_failed(ask, PL_LLM_FAIL_CLOSED);
}

static void reserved(void *ctx, bool well) {
    struct start *s = ctx;
    struct pl_llm__ask *ask = s->ask;
    struct pl_llm *llm = ask->llm;
    ask->reserving = false;
    if (well && !ask->over &&
        pl_llm__breaker_admits(&ask->target->breaker) | (ask->r.target.n > 0)) {
        begin_attempt(ask, s);
        free(s);
        return;
    }
    struct pl_llm_usage nothing = {0};
    pl_llm__settle(&llm->ledger, s->open.id, &nothing, (struct pl_llm__money){0},
                   pl_llm__now_ms(llm));
    pl_llm__show_spent(llm);
    free(s);
    if (ask->over)
        free_ask(ask);
    else if (!well)
        give_up(ask, PL_LLM_FAIL_LEDGER, "the reservation was not written");
    else
        refused(ask);
}

/* Money that is reserved counts against the ask's own budget as it does against the ceilings. */
static bool affordable(const struct pl_llm__ask *ask, const struct start *s) {
    int64_t most = ask->r.budget.micro;
    return most == 0 || pl_llm__money_up(ask->money) + s->open.micro <= most;
}

static void reserve(struct pl_llm__ask *ask) {
    struct pl_llm *llm = ask->llm;
    struct start *s = calloc(1, sizeof *s);
    pl_assert(s);
    s->ask = ask;
    s->output = output_room(ask);
    if (s->output > 0) s->open = reservation(ask, s->output);
    if (s->output < 1 || !affordable(ask, s)) {
        give_up(ask, PL_LLM_FAIL_BUDGET, s->output < 1 ? "tokens" : "money");
        free(s);
        return;
    }
    ask->reserving = true;
    enum pl_llm_failure f =
        pl_llm__reserve(&llm->ledger, &llm->models, &s->open, pl_llm__now_ms(llm), reserved, s);
    if (f == PL_LLM_FAIL_NONE) return;
    ask->reserving = false;
    free(s);
    give_up(ask, f, pl_llm_failure_meaning(f));
}

/* ---- the chain ---- */

/* The one trial of a target is under way: its outcome may be this ask's too. Half of its time may
 * go by with that. */
static bool worth_waiting(const struct pl_llm__ask *ask) {
    int64_t now = pl_llm__now_us(ask->llm);
    if (ask->r.target.n || now - ask->begun_us > (ask->deadline_us - ask->begun_us) / 2)
        return false;
    for (size_t i = ask->at; i < ask->llm->models.ntargets; i++) {
        const struct pl_llm__target *t = &ask->llm->targets[i];
        if (t->breaker.state == PL_LLM_HALF_OPEN && t->breaker.trial && fits(ask, t)) return true;
    }
    return false;
}

/* Nobody may be asked: the last failure is the answer to why, or that none was open. */
static void nobody(struct pl_llm__ask *ask) {
    bool too_long = false;
    if (worth_waiting(ask)) {
        pl_timer_start(ask->llm->loop, &ask->pause, TRIAL_WAIT_MS);
        return;
    }
    if (ask->failure) {
        end(ask, PL_LLM_FINISH_NONE, ask->failure);
        return;
    }
    for (size_t i = 0; i < ask->llm->models.ntargets; i++)
        too_long |= !ask->r.nembed && !fits(ask, &ask->llm->targets[i]);
    if (too_long)
        give_up(ask, PL_LLM_FAIL_CONTEXT, "too long for every model that may be asked");
    else
        give_up(ask, PL_LLM_FAIL_CLOSED, pl_llm_failure_meaning(PL_LLM_FAIL_CLOSED));
}

static void next(struct pl_llm__ask *ask) {
    struct pl_llm__target *t = find_from(ask, ask->at);
    if (!t) {
        nobody(ask);
        return;
    }
    if (ask->r.budget.attempts && ask->attempts >= ask->r.budget.attempts) {
        if (ask->failure)
            end(ask, PL_LLM_FINISH_NONE, ask->failure);
        else
            give_up(ask, PL_LLM_FAIL_BUDGET, "attempts");
        return;
    }
    if (ask->attempts && t != ask->target) pl_llm__count(ask->llm, PL_LLM_COUNT_failovers);
    if (t != ask->target) ask->tries = 0;
    ask->target = t;
    ask->at = place_of(ask, t);
    reserve(ask);
}

static void pause_over(struct pl_timer *timer) {
    struct pl_llm__ask *ask = timer->ctx;
    next(ask);
}

static bool time_for(const struct pl_llm__ask *ask, int64_t wait_ms) {
    return pl_llm__now_us(ask->llm) + (wait_ms + SHORT_WAIT_MS) * 1000 < ask->deadline_us;
}

/* How long to wait before the same target is asked again; -1: it is not. */
static int64_t again_ms(struct pl_llm__ask *ask, enum pl_llm_failure failure) {
    enum pl_llm__same same = pl_llm__rules[failure].same;
    int64_t jitter = (int64_t)pl_rand_below(&ask->llm->rand, RETRY_JITTER_MS);
    int64_t wait = ask->retry_after_ms > 0 ? ask->retry_after_ms : 0;
    if (same == PL_LLM__NO || ask->tries > 1) return -1;
    if (same == PL_LLM__AGAIN && !ask->r.target.n && !pl_llm__breaker_admits(&ask->target->breaker))
        return -1;
    /* A long wait, and the last attempt, are only worth it when there is nobody else. */
    bool last = ask->r.budget.attempts && ask->attempts + 1 >= ask->r.budget.attempts;
    if ((last || wait > SHORT_WAIT_MS) && pl_llm__ask_has_other(ask)) return -1;
    return time_for(ask, wait + jitter) ? wait + jitter : -1;
}

/* Not for longer than for a refused key, whatever the provider says. */
static void hold(struct pl_llm__ask *ask) {
    int64_t wait = least(ask->retry_after_ms, ask->target->conf->breaker_hold);
    int64_t until = pl_llm__now_us(ask->llm) + wait * 1000;
    if (ask->retry_after_ms > 0 && until > ask->target->hold_until_us)
        ask->target->hold_until_us = until;
}

static bool try_again(struct pl_llm__ask *ask, enum pl_llm_failure failure) {
    int64_t wait = again_ms(ask, failure);
    if (wait < 0) return false;
    if (!pl_http_budget_take(&ask->llm->budget, pl_llm__now_us(ask->llm))) {
        pl_llm__count(ask->llm, PL_LLM_COUNT_retries_refused);
        return false;
    }
    pl_llm__count(ask->llm, PL_LLM_COUNT_retries);
    pl_timer_start(ask->llm->loop, &ask->pause, wait);
    return true;
}

void pl_llm__ask_failed(struct pl_llm__ask *ask, enum pl_llm_failure failure) {
    const struct pl_llm__rule *rule = &pl_llm__rules[failure];
    ask->failure = failure;
    hold(ask);
    if (try_again(ask, failure)) return;
    ask->at = place_of(ask, ask->target) + 1;
    if (rule->next == PL_LLM__LARGER) {
        int64_t was = ask->target->conf->context;
        ask->larger = was > ask->estimate ? was : ask->estimate;
    }
    if (rule->next == PL_LLM__END || ask->r.target.n)
        end(ask, PL_LLM_FINISH_NONE, failure);
    else
        next(ask);
}

/* ---- the beginning ---- */

/* The last guard at this door; answer has put placeholders for all else. */
static bool mask(struct pl_llm__ask *ask, struct pl_str *text) {
    struct pl_masked m = pl_privacy_mask(&ask->arena, *text);
    if (text->n && !m.s.n) return false;
    *text = m.s;
    return true;
}

static bool mask_calls(struct pl_llm__ask *ask, struct pl_llm_message *m) {
    struct pl_json json;
    size_t at;
    for (size_t i = 0; i < m->ncalls; i++) {
        struct pl_str *arguments = (struct pl_str *)(uintptr_t)&m->calls[i].arguments;
        if (!mask(ask, arguments) || pl_json_parse(&ask->arena, *arguments, &json, &at) != PL_OK)
            return false;
    }
    return true;
}

static bool mask_all(struct pl_llm__ask *ask) {
    if (!mask(ask, &ask->r.system)) return false;
    for (size_t i = 0; i < ask->r.nmessages; i++) {
        struct pl_llm_message *m = (struct pl_llm_message *)(uintptr_t)&ask->r.messages[i];
        if (!mask(ask, &m->text) || !mask_calls(ask, m)) return false;
    }
    for (size_t i = 0; i < ask->r.nembed; i++)
        if (!mask(ask, (struct pl_str *)(uintptr_t)&ask->r.embed[i])) return false;
    return true;
}

static int64_t estimate(const struct pl_llm_request *r) {
    int64_t n = OVERHEAD + pl_llm_estimate(r->system) + pl_llm_estimate(r->schema);
    for (size_t i = 0; i < r->nmessages; i++) {
        const struct pl_llm_message *m = &r->messages[i];
        n += OVERHEAD + pl_llm_estimate(m->text);
        for (size_t k = 0; k < m->ncalls; k++)
            n += OVERHEAD + pl_llm_estimate(m->calls[k].name) +
                 pl_llm_estimate(m->calls[k].arguments);
    }
    for (size_t i = 0; i < r->ntools; i++)
        n += OVERHEAD + pl_llm_estimate(r->tools[i].name) + pl_llm_estimate(r->tools[i].about) +
             pl_llm_estimate(r->tools[i].schema);
    for (size_t i = 0; i < r->nembed; i++) n += pl_llm_estimate(r->embed[i]);
    return n;
}

void pl_llm__ask_begin(struct pl_llm__ask *ask) {
    struct pl_llm *llm = ask->llm;
    ask->next = llm->asks;
    if (llm->asks) llm->asks->prev = ask;
    llm->asks = ask;
    ask->retry_after_ms = -1;
    ask->deadline = (struct pl_timer){.fn = deadline_over, .ctx = ask};
    ask->pause = (struct pl_timer){.fn = pause_over, .ctx = ask};
    pl_llm__count(llm, PL_LLM_COUNT_asks);
    if (llm->stopping) {
        give_up(ask, PL_LLM_FAIL_GONE, "the server stops");
        return;
    }
    if (!mask_all(ask)) {
        give_up(ask, PL_LLM_FAIL_PRIVACY, "card numbers could not be taken out");
        return;
    }
    if (pl_llm__cache_give(ask)) {
        pl_llm__ask_answered(ask, PL_LLM_FINISH_STOP);
        return;
    }
    pl_http_budget_count(&llm->budget, pl_llm__now_us(llm));
    ask->estimate = estimate(&ask->r);
    pl_timer_start(llm->loop, &ask->deadline,
                   (ask->deadline_us - pl_llm__now_us(llm) + 999) / 1000);
    next(ask);
}
