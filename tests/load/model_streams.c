/* SPDX-License-Identifier: Apache-2.0
 *
 * What we add to a turn while many are streaming. A turn's own part is measured on the turn: from
 * its beginning until the client has the request (articles, placeholders, prompt), the handling of
 * all that comes back (each sentence checked), and from the last event to the turn's end. What the
 * client adds is measured on some asks beside them, into whose tokens the provider (another
 * process) writes the time of sending: from the ask to the sending of an answer that comes at once,
 * which is the way out, and from each token's sending to its arrival at the loop that asked, which
 * is the way back.
 * The sum of the percentiles of the parts is given: no turn has all its worst parts at once, so it
 * is more than what a turn has. Store: memory, so no commit is in it. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "runtime/loop/loop.h"
#include "tests/load/model_load.h"

enum { WITHIN_MS = 60000, TOKENS = 120, RAMP_MS = 8000 };

#define SENTENCE                                                                                   \
    "You can return unworn shoes within 30 days of delivery. Sale items cannot be returned. "      \
    "Put the shoes into their own box. "
#define SAID     SENTENCE SENTENCE SENTENCE "You can return unworn shoes within 30 days of delivery."
#define QUESTION "How long do I have to send my shoes back? [say " SAID "]"

static struct {
    struct samples before, during, own, out, back, turns;
    size_t probes, probes_done, bad, failed;
    bool measures, stops;
} load;

static void take_own(const struct turn *t) {
    int64_t before = t->asked_us - t->begun_us, after = t->ended_us - t->last_us;
    sample(&load.before, before);
    sample(&load.during, t->handled_us);
    sample(&load.own, before + t->handled_us + after);
}

static void ended(struct rig *r, struct turn *t) {
    if (t->wrong) load.bad++;
    if (t->outcome != PL_ANSWER_OK || !pl_str_is(pl_buf_slice(&t->text), SAID)) load.failed++;
    if (load.measures) take_own(t);
    sample(&load.turns, t->ended_us - t->begun_us);
    if (!load.stops) rig_turn(r, QUESTION, WITHIN_MS);
}

/* ---- asks with the time of sending in their tokens ---- */

/* Now a stream like the others, now an answer that comes at once, from another site. */
struct probe {
    struct rig *rig;
    int64_t asked_us;
    bool at_once;
};

static void probe_ask(struct probe *p);

static void take_time(struct probe *p, struct pl_str word, int64_t now) {
    int64_t sent;
    if (!load.measures || !pl_str_i64(word, &sent)) return;
    if (p->at_once)
        sample(&load.out, sent - p->asked_us);
    else
        sample(&load.back, now - sent);
}

/* Tokens that came together are told together. */
static void on_tokens(struct probe *p, struct pl_str text) {
    int64_t now = rig_now(p->rig);
    for (size_t from = 0, at = 0; at <= text.n; at++) {
        if (at < text.n && text.p[at] != ' ') continue;
        take_time(p, (struct pl_str){text.p + from, at - from}, now);
        from = at + 1;
    }
}

static void on_event(void *ctx, const struct pl_llm_event *e) {
    struct probe *p = ctx;
    if (e->kind == PL_LLM_TEXT) on_tokens(p, e->text);
    if (e->kind != PL_LLM_DONE) return;
    if (e->done.failure != PL_LLM_FAIL_NONE) load.failed++;
    if (load.stops) {
        load.probes_done++;
        free(p);
    } else {
        p->at_once = !p->at_once;
        probe_ask(p);
    }
}

static void probe_ask(struct probe *p) {
    struct pl_llm_message m = {.role = PL_LLM_USER};
    m.text = p->at_once ? PL_STR("[clock 1]") : PL_STR("[clock 60]");
    p->asked_us = rig_now(p->rig);
    pl_llm_ask(p->rig->llm,
               &(struct pl_llm_request){.messages = &m,
                                        .nmessages = 1,
                                        .deadline_ms = WITHIN_MS,
                                        .target = p->at_once ? PL_STR("at_once") : PL_STR("slow"),
                                        .loop = p->rig->loop,
                                        .on_event = on_event,
                                        .ctx = p});
}

/* ---- the whole ---- */

static double cpu_seconds(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void ramp(struct rig *r, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct probe *p = i % 20 == 0 ? calloc(1, sizeof *p) : NULL;
        if (p) {
            p->rig = r;
            load.probes++;
            probe_ask(p);
        } else {
            rig_turn(r, QUESTION, WITHIN_MS);
        }
        rig_run(r, RAMP_MS / (int64_t)n);
    }
}

static double ms(struct samples *s, double percent) {
    return (double)percentile(s, percent) / 1e3;
}

static int report(size_t n, double cpu, double seconds) {
    double p50 = ms(&load.own, 50) + ms(&load.out, 50) + ms(&load.back, 50);
    double p99 = ms(&load.own, 99) + ms(&load.out, 99) + ms(&load.back, 99);
    printf("%zu streams at once, %zu turns and %zu timed tokens in %.0f s; CPU %.0f %% of a core\n"
           "before the request   p50 %.3f ms, p99 %.3f ms\n"
           "all of the reply     p50 %.3f ms, p99 %.3f ms\n"
           "own part of a turn   p50 %.3f ms, p99 %.3f ms\n"
           "way to the provider  p50 %.3f ms, p99 %.3f ms\n"
           "way back of a token  p50 %.3f ms, p99 %.3f ms, most %.3f ms\n"
           "overhead of a turn   p50 %.3f ms, p99 %.3f ms\n"
           "failed %zu, stitched %zu\n",
           n, load.own.n, load.back.n, seconds, 100 * cpu / seconds, ms(&load.before, 50),
           ms(&load.before, 99), ms(&load.during, 50), ms(&load.during, 99), ms(&load.own, 50),
           ms(&load.own, 99), ms(&load.out, 50), ms(&load.out, 99), ms(&load.back, 50),
           ms(&load.back, 99), ms(&load.back, 100), p50, p99, load.failed, load.bad);
    bool well = load.failed == 0 && load.bad == 0 && load.own.n > 0 && load.back.n > 0;
    return !well ? 1 : p50 < 1 && p99 < 10 ? 0 : 3;
}

int streams(struct rig *r, const char *url, size_t n, int seconds) {
#define TARGET(name, site)                                                                         \
    "[" name "]\ndialect = openai\nmodel = m\nurl = %s/" site "/v1\nprice = 1 2 USD\n"             \
    "connect = 30s\nfirst_token = 30s\nstall = 20s\ntotal = 60s\n"
    struct pl_str conf =
        pl_arena_printf(&r->a, "cache = no\n" TARGET("slow", "a") TARGET("at_once", "b"), url, url);
    r->ended = ended;
    r->expected = SAID;
    rig_client(r, conf.p);
    ramp(r, n);
    load.measures = true;
    double cpu = cpu_seconds();
    int64_t begun = rig_now(r);
    rig_run(r, seconds * 1000);
    cpu = cpu_seconds() - cpu;
    double took = (double)(rig_now(r) - begun) / 1e6;
    load.measures = false;
    load.stops = true;
    while (r->running || load.probes_done < load.probes) pl_loop_once(r->loop, 100);
    int code = report(n, cpu, took);
    struct samples *all[] = {&load.before, &load.during, &load.own,
                             &load.out,    &load.back,   &load.turns};
    for (size_t i = 0; i < PL_LEN(all); i++) samples_free(all[i]);
    return code;
}
