/* SPDX-License-Identifier: Apache-2.0
 *
 * One request to one target: sent, timed, read, paid.
 *
 *   CONNECTING --opened--> WAITING --first token--> FLOWING --FINISH--> done
 *   connect timer          first-token timer        stall timer         total timer over all
 *
 * The timers are ours: when one fires the attempt has failed, whatever the library still does.
 * Signs of life that are no tokens (pings, empty pieces) keep no timer from firing.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/llm/llm_run_priv.h"

enum { ERROR_MAX = 64 * 1024, REPLY_MAX = 16 * 1024 * 1024 };

/* ---- the end ---- */

static bool streaming(const struct pl_llm__attempt *a) {
    return a->status >= 200 && a->status < 300;
}

/* What the provider did not tell is guessed; where it cannot have worked there is nothing to pay.
 */
static struct pl_llm_usage usage_of(const struct pl_llm__attempt *a, bool worked) {
    struct pl_llm_usage u = a->stream.usage;
    if (!worked) return (struct pl_llm_usage){0};
    int64_t output = (int64_t)(a->stream.text_bytes + 2) / 3;
    u.estimated = !a->stream.has_input || !a->stream.has_output;
    if (!a->stream.has_input) u.input = a->estimate;
    if (!a->stream.has_output && output > u.output) u.output = output;
    return u;
}

static void count_usage(struct pl_llm *llm, const struct pl_llm_usage *u, int64_t micro) {
    pl_count(&llm->counters[PL_LLM_COUNT_input_tokens], (uint64_t)u->input);
    pl_count(&llm->counters[PL_LLM_COUNT_cached_tokens], (uint64_t)u->cached);
    pl_count(&llm->counters[PL_LLM_COUNT_output_tokens], (uint64_t)u->output);
    pl_count(&llm->counters[PL_LLM_COUNT_cost_micro], (uint64_t)micro);
    if (u->estimated) pl_llm__count(llm, PL_LLM_COUNT_estimated);
}

static void settle(struct pl_llm__attempt *a, bool worked) {
    struct pl_llm *llm = a->llm;
    struct pl_llm__ask *ask = a->ask;
    struct pl_llm_usage u = usage_of(a, worked);
    struct pl_llm__money money = pl_llm__cost(a->target->conf, a->day, &u);
    pl_llm__settle(&llm->ledger, a->reservation, &u, money, pl_llm__now_ms(llm));
    pl_llm__money_add(&ask->money, money);
    ask->usage.input += u.input;
    ask->usage.cached += u.cached;
    ask->usage.output += u.output;
    ask->usage.estimated |= u.estimated;
    count_usage(llm, &u, pl_llm__money_up(money));
    pl_llm__target_spent(a->target);
    pl_llm__show_spent(llm);
}

/* From here on only the http client knows the attempt. */
static struct pl_llm__ask *detach(struct pl_llm__attempt *a) {
    struct pl_llm__ask *ask = a->ask;
    pl_timer_stop(&a->phase);
    pl_timer_stop(&a->total);
    ask->attempt = NULL;
    a->ask = NULL;
    return ask;
}

static void mark(struct pl_llm__attempt *a, enum pl_llm_failure failure) {
    struct pl_llm__target *t = a->target;
    struct pl_llm *llm = a->llm;
    int64_t now = pl_llm__now_us(llm);
    bool opened = false;
    switch (pl_llm__rules[failure].breaker) {
    case PL_LLM__FREE: pl_llm__breaker_free(&t->breaker, a->trial); break;
    case PL_LLM__HOLDS: opened = pl_llm__breaker_hold(&t->breaker, t->conf, now, &llm->rand); break;
    case PL_LLM__COUNTS:
        opened = pl_llm__breaker_bad(&t->breaker, t->conf, a->trial, now, &llm->rand);
        break;
    }
    if (opened) pl_llm__count(llm, PL_LLM_COUNT_opened);
    if (failure != PL_LLM_FAIL_GONE) t->shown.last = (int)failure;
    atomic_fetch_add(&t->shown.failures, 1);
    pl_llm__target_changed(t);
}

/* Can the provider have worked, so that it may be paid? Not before a connection stood, and not when
 * it said no. */
static bool may_have_worked(const struct pl_llm__attempt *a) {
    return a->at != PL_LLM__CONNECTING && (a->status == 0 || streaming(a));
}

static void fail(struct pl_llm__attempt *a, enum pl_llm_failure failure, struct pl_str why,
                 int64_t retry_after_ms) {
    struct pl_llm__ask *ask = a->ask;
    ask->status = a->status;
    ask->retry_after_ms = retry_after_ms;
    snprintf(ask->why, sizeof ask->why, "%.*s", PL_STR_ARG(why));
    if (a->http) pl_http_cancel(a->llm->http, a->http);
    settle(a, may_have_worked(a));
    mark(a, failure);
    detach(a);
    pl_log(a->llm->log, PL_LOG_INFO, "llm", "attempt_failed",
           "ask=%llu target=%s failure=%s why=\"%s\"", (unsigned long long)ask->id,
           a->target->conf->name, pl_llm_failure_word(failure), ask->why);
    pl_llm__ask_failed(ask, failure);
}

static void succeed(struct pl_llm__attempt *a, enum pl_llm_finish finish) {
    struct pl_llm__target *t = a->target;
    a->ask->status = a->status;
    settle(a, true);
    pl_llm__breaker_good(&t->breaker, t->conf, a->trial, pl_llm__now_us(a->llm));
    t->shown.last = PL_LLM_FAIL_NONE;
    pl_llm__target_changed(t);
    pl_llm__ask_answered(detach(a), finish);
}

void pl_llm__attempt_drop(struct pl_llm__attempt *a, bool late) {
    int64_t now = pl_llm__now_us(a->llm);
    int64_t had = now - a->begun_us, all = a->ask->deadline_us - a->ask->begun_us;
    if (a->http) pl_http_cancel(a->llm->http, a->http);
    settle(a, may_have_worked(a));
    /* A deadline shorter than the timers must not hide a target that never answers. */
    if (late && a->at != PL_LLM__FLOWING && had * 8 >= all * 5)
        mark(a, PL_LLM_FAIL_FIRST_TIMER);
    else
        pl_llm__breaker_free(&a->target->breaker, a->trial);
    detach(a);
}

/* ---- timers ---- */

static void phase_over(struct pl_timer *timer) {
    struct pl_llm__attempt *a = timer->ctx;
    int64_t left_us = a->moved_us + a->phase_ms * 1000 - pl_llm__now_us(a->llm);
    switch (a->at) {
    case PL_LLM__CONNECTING:
        fail(a, PL_LLM_FAIL_CONNECT_TIMER, PL_STR("no connection in time"), -1);
        break;
    case PL_LLM__WAITING:
        fail(a, PL_LLM_FAIL_FIRST_TIMER, PL_STR("no first token in time"), -1);
        break;
    case PL_LLM__FLOWING:
        if (left_us > 0) /* moved since it was started */
            pl_timer_start(a->llm->loop, &a->phase, (left_us + 999) / 1000);
        else
            fail(a, PL_LLM_FAIL_STALL_TIMER, PL_STR("no token in time"), -1);
        break;
    }
}

static void total_over(struct pl_timer *timer) {
    fail(timer->ctx, PL_LLM_FAIL_TOTAL_TIMER, PL_STR("took too long"), -1);
}

/* While there is somebody else to ask, connecting and the first token must leave him time. */
static int64_t sharing_ms(struct pl_llm__attempt *a, int64_t most) {
    int64_t left = (a->ask->deadline_us - pl_llm__now_us(a->llm)) / 1000 * 5 / 8;
    return left < most && pl_llm__ask_has_other(a->ask) ? left : most;
}

/* ---- what http tells ---- */

static void on_opened(void *ctx) {
    struct pl_llm__attempt *a = ctx;
    if (!a->ask || a->at != PL_LLM__CONNECTING) return;
    a->at = PL_LLM__WAITING;
    pl_timer_start(a->llm->loop, &a->phase, sharing_ms(a, a->target->conf->first_token));
}

static void moved(struct pl_llm__attempt *a) {
    a->moved_us = pl_llm__now_us(a->llm);
    if (a->at == PL_LLM__FLOWING) return;
    a->at = PL_LLM__FLOWING;
    a->phase_ms = a->target->conf->stall;
    pl_timer_start(a->llm->loop, &a->phase, a->phase_ms);
}

/* Pieces of text that came together are told together. */
static void tell_text(struct pl_llm__attempt *a) {
    pl_assert(!a->text.failed);
    if (a->ask && a->text.n)
        pl_llm__tell(a->ask,
                     (struct pl_llm_event){.kind = PL_LLM_TEXT, .text = pl_buf_slice(&a->text)});
    pl_buf_clear(&a->text);
}

static void on_piece(void *ctx, int status, struct pl_str bytes) {
    struct pl_llm__attempt *a = ctx;
    if (!a->ask) return;
    a->status = status;
    if (!streaming(a)) {
        if (a->error.n + bytes.n <= ERROR_MAX) pl_buf_str(&a->error, bytes);
        return;
    }
    uint64_t before = a->stream.progress;
    pl_llm__stream_feed(&a->stream, bytes);
    tell_text(a);
    if (a->ask && a->stream.progress != before) moved(a);
}

/* What the parser tells. */
static void on_event(void *ctx, const struct pl_llm_event *e) {
    struct pl_llm__attempt *a = ctx;
    struct pl_llm__ask *ask = a->ask;
    if (!ask) return;
    if (e->kind != PL_LLM_TEXT) tell_text(a);
    if (e->kind == PL_LLM_FINISH) {
        succeed(a, e->done.finish);
    } else if (e->kind == PL_LLM_FAILED) {
        fail(a, e->done.failure, e->done.why, -1);
    } else {
        if (ask->first_us == 0 && e->kind != PL_LLM_USAGE) ask->first_us = pl_llm__now_us(a->llm);
        ask->said = true;
        if (e->kind == PL_LLM_TEXT)
            pl_buf_str(&a->text, e->text);
        else
            pl_llm__tell(ask, *e);
    }
}

static enum pl_llm_failure failure_of(const struct pl_http_reply *reply) {
    switch (reply->err) {
    case PL_TIMEOUT: return PL_LLM_FAIL_TOTAL_TIMER;
    case PL_LIMIT: return PL_LLM_FAIL_TOO_LARGE;
    case PL_DENIED:
    case PL_MALFORMED: return PL_LLM_FAIL_REQUEST;
    default: break;
    }
    switch (reply->fault) {
    case PL_HTTP_FAULT_NAME:
    case PL_HTTP_FAULT_CONNECT: return PL_LLM_FAIL_CONNECT;
    case PL_HTTP_FAULT_CERTIFICATE:
    case PL_HTTP_FAULT_TLS: return PL_LLM_FAIL_TLS;
    default: return PL_LLM_FAIL_CUT;
    }
}

static const char *fault_text(const struct pl_http_reply *reply) {
    static const char *const texts[] = {
        [PL_HTTP_FAULT_NONE] = "no reply",
        [PL_HTTP_FAULT_NAME] = "no such host",
        [PL_HTTP_FAULT_CONNECT] = "refused or unreachable",
        [PL_HTTP_FAULT_CERTIFICATE] = "certificate not trusted",
        [PL_HTTP_FAULT_TLS] = "no TLS connection",
        [PL_HTTP_FAULT_CUT] = "cut",
    };
    return reply->err == PL_IO ? texts[reply->fault] : pl_err_text(reply->err);
}

/* Of a website, or of a proxy that wants a login. */
static bool is_page(const struct pl_http_reply *reply) {
    return pl_str_starts(reply->content_type, PL_STR("text/html"));
}

static void read_reply(struct pl_llm__attempt *a, const struct pl_http_reply *reply) {
    if (reply->status) a->status = reply->status;
    if (reply->err == PL_OK && !streaming(a)) {
        char why[128];
        enum pl_llm_failure f =
            pl_llm__classify(a->status, pl_buf_slice(&a->error), reply->retry_after_ms, why);
        fail(a, f, pl_str_c(why), reply->retry_after_ms);
    } else if (reply->err == PL_OK && is_page(reply)) {
        fail(a, PL_LLM_FAIL_MALFORMED, PL_STR("a page (text/html), no answer"), -1);
    } else if (reply->err == PL_OK) {
        pl_llm__stream_end(&a->stream);
    } else {
        fail(a, failure_of(reply), pl_str_c(fault_text(reply)), -1);
    }
}

static void on_done(void *ctx, const struct pl_http_reply *reply) {
    struct pl_llm__attempt *a = ctx;
    a->http = 0;
    if (a->ask) read_reply(a, reply);
    pl_assert(!a->ask);
    a->llm->alive--;
    pl_llm__stream_close(&a->stream);
    pl_buf_free(&a->error);
    pl_buf_free(&a->text);
    free(a);
}

/* ---- the beginning ---- */

static void send(struct pl_llm__attempt *a, enum pl_llm__format format) {
    struct pl_llm__ask *ask = a->ask;
    struct pl_http_header headers[4];
    struct pl_buf line = {0}, body = {0};
    size_t n = pl_llm__headers(a->target, &line, headers);
    int64_t left = (ask->deadline_us - pl_llm__now_us(a->llm) + 999) / 1000;
    pl_llm__write(&body, format, &ask->r, a->target->conf, a->max_output);
    pl_assert(!body.failed && !line.failed);
    /* Its own time limit is a last net behind our timers. */
    struct pl_http_request r = {
        .method = PL_HTTP_POST,
        .retry = PL_HTTP_POOLED,
        .url = pl_str_c(format == PL_LLM__EMBED ? a->target->embed : a->target->chat),
        .headers = headers,
        .nheaders = n,
        .body = pl_buf_slice(&body),
        .ca = pl_str_c(a->target->conf->ca),
        .deadline_ms = (left < a->target->conf->total ? left : a->target->conf->total) + 1000,
        .cap = REPLY_MAX,
        .opened = on_opened,
        .piece = on_piece};
    a->http = pl_http_send(a->llm->http, &r, a->llm->loop, on_done, a);
    pl_llm__key_wipe(&line);
    pl_buf_free(&body);
}

void pl_llm__attempt_start(struct pl_llm__ask *ask, struct pl_llm__open *reserved,
                           int64_t max_output) {
    struct pl_llm *llm = ask->llm;
    struct pl_llm__attempt *a = calloc(1, sizeof *a);
    enum pl_llm__format format =
        ask->r.nembed ? PL_LLM__EMBED : pl_llm__dialects[ask->target->conf->dialect].format;
    pl_assert(a);
    a->ask = ask;
    a->llm = llm;
    a->target = ask->target;
    a->begun_us = pl_llm__now_us(llm);
    a->estimate = ask->estimate;
    a->max_output = max_output;
    a->reservation = reserved->id;
    a->day = reserved->day;
    a->phase = (struct pl_timer){.fn = phase_over, .ctx = a};
    a->total = (struct pl_timer){.fn = total_over, .ctx = a};
    a->trial = pl_llm__breaker_begin(&a->target->breaker);
    pl_llm__stream_open(&a->stream, format, ask->r.nembed, on_event, a);
    ask->attempt = a;
    llm->alive++;
    atomic_fetch_add(&a->target->shown.attempts, 1);
    pl_llm__count(llm, PL_LLM_COUNT_attempts);
    pl_timer_start(llm->loop, &a->phase, sharing_ms(a, a->target->conf->connect));
    pl_timer_start(llm->loop, &a->total, a->target->conf->total);
    send(a, format);
}
