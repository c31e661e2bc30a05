/* SPDX-License-Identifier: Apache-2.0
 *
 * What a model says in a talk: line by line of the talk, or from a cassette. Everything around it
 * is as it is at run time: the knowledge base, the prompt, the tools, the checks of the reply.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/sim/sim_priv.h"

/* ---- replies come by the loop, never inside the ask ---- */

struct reply {
    struct pl_post post; /* first */
    struct sim_models *m;
    struct reply *next; /* under way */
    uint64_t number;
    pl_llm_on_event *on_event;
    void *ctx;
    struct sim_said_by said;
    bool gone;
};

static void unlink_reply(struct reply *r) {
    for (struct reply **p = &r->m->replies; *p; p = &(*p)->next)
        if (*p == r) {
            *p = r->next;
            return;
        }
}

static void reply_run(struct pl_post *post) {
    struct reply *r = (struct reply *)(void *)post;
    bool refuses = r->said.kind == PL_TALK_MODEL_REFUSES;
    unlink_reply(r);
    struct pl_llm_event e = {.kind = PL_LLM_TEXT, .attempt = 1, .text = r->said.text};
    if (!r->gone && !refuses && r->said.text.n) r->on_event(r->ctx, &e);
    for (size_t i = 0; !r->gone && i < r->said.ncalls; i++) {
        e = (struct pl_llm_event){.kind = PL_LLM_TOOL, .attempt = 1, .call = r->said.calls[i]};
        r->on_event(r->ctx, &e);
    }
    e = (struct pl_llm_event){.kind = PL_LLM_DONE, .attempt = 1};
    e.done.finish = refuses          ? PL_LLM_FINISH_REFUSED
                    : r->said.ncalls ? PL_LLM_FINISH_TOOLS
                                     : PL_LLM_FINISH_STOP;
    e.done.failure = r->gone ? PL_LLM_FAIL_GONE : PL_LLM_FAIL_NONE;
    e.done.retry_after_ms = -1;
    r->on_event(r->ctx, &e);
    free(r);
}

static uint64_t answer_with(struct sim_models *m, const struct pl_llm_request *request,
                            const struct sim_said_by *said) {
    struct reply *r = calloc(1, sizeof *r);
    pl_assert(r);
    *r = (struct reply){.m = m,
                        .next = m->replies,
                        .number = ++m->asked,
                        .on_event = request->on_event,
                        .ctx = request->ctx,
                        .said = *said};
    r->post.fn = reply_run;
    m->replies = r;
    uint64_t number = r->number;
    pl_loop_post(request->loop, &r->post);
    return number;
}

/* By the talk's next line, else by the cassette, else there is no model. */
static uint64_t ask(void *ctx, const struct pl_llm_request *request) {
    struct sim_models *m = ctx;
    m->nasked++;
    if (m->next < m->lines.n) {
        struct sim_said_by said = m->lines.v[m->next++];
        return said.kind == PL_TALK_MODEL_DOWN ? 0 : answer_with(m, request, &said);
    }
    struct sim_said_by said;
    if (!m->cassette) return 0;
    if (pl_sim__cassette_find(m->cassette, pl_llm_key(request), &said))
        return answer_with(m, request, &said);
    return pl_sim__cassette_record(m->cassette, request);
}

static void cancel(void *ctx, uint64_t number) {
    struct sim_models *m = ctx;
    for (struct reply *r = m->replies; r; r = r->next)
        if (r->number == number) r->gone = true;
    if (m->cassette) pl_sim__cassette_cancel(m->cassette, number);
}

/* ---- the talk's ---- */

static bool is_models(const struct pl_talk_line *l) {
    return l->kind == PL_TALK_MODEL || l->kind == PL_TALK_MODEL_CALLS ||
           l->kind == PL_TALK_MODEL_DOWN || l->kind == PL_TALK_MODEL_REFUSES ||
           l->kind == PL_TALK_CASSETTE;
}

static void ended(void *ctx, enum pl_answer_outcome outcome, struct pl_str why) {
    static const char *const words[] = {[PL_ANSWER_OK] = "an answer",
                                        [PL_ANSWER_UNSURE] = "unsure",
                                        [PL_ANSWER_DOWN] = "down",
                                        [PL_ANSWER_PROPOSED] =
                                            "an action that the customer is asked about"};
    struct sim_models *m = ctx;
    struct pl_sim_reason r = {.what = PL_STR("the model")};
    const char *more = pl_answer_meaning(why);
    r.text = outcome == PL_ANSWER_OK || outcome == PL_ANSWER_PROPOSED
                 ? pl_str_c(words[outcome])
                 : pl_arena_printf(&m->world->a, "%s: %s", words[outcome], more);
    PL_PUSH(&m->world->said, r);
}

bool pl_sim__models_open(struct sim_models *m, const struct sim_models_config *k) {
    struct pl_sim_models_config config = {.locales = k->tools,
                                          .hooks = *k->hooks,
                                          .clock = k->clock,
                                          .log = k->log,
                                          .ended = ended,
                                          .ended_ctx = m};
    m->world = k->world;
    for (size_t i = 0; k->talk && i < k->talk->nlines; i++)
        if (is_models(&k->talk->lines[i]))
            config.model = (struct pl_answer_model){.ctx = m, .ask = ask, .cancel = cancel};
    m->bridge = pl_sim_models_create(&config);
    return m->bridge != NULL;
}

void pl_sim__models_close(struct sim_models *m) {
    pl_sim_models_destroy(&m->bridge);
    while (m->replies) {
        struct reply *r = m->replies;
        m->replies = r->next;
        free(r);
    }
    if (m->cassette) pl_sim__cassette_close(&m->cassette);
    PL_VEC_FREE(&m->lines);
}

void pl_sim__models_say(struct sim_models *m, const struct pl_talk_line *l) {
    struct sim_said_by said = {.kind = l->kind, .text = l->text, .line = l};
    PL_PUSH(&m->lines, said);
}

/* As a model writes it: the hook's dot is none of its names. */
static struct pl_str name_of_tool(struct pl_arena *a, struct pl_str hook) {
    struct pl_str s = pl_arena_str(a, hook);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '.') ((char *)(uintptr_t)s.p)[i] = '_';
    return s;
}

bool pl_sim__models_call(struct sim_models *m, struct sim_types *t, uint32_t hook,
                         const struct pl_talk_line *l, struct pl_str *why) {
    const struct pl_p_hook *h = &t->program->hooks[hook];
    struct pl_llm_call *call = PL_NEW(t->a, struct pl_llm_call);
    struct pl_buf b = {0};
    bool good = l->args.n <= h->nparams;
    if (!good) *why = PL_STR("too many arguments");
    pl_buf_c(&b, "{");
    for (size_t i = 0, n = 0; good && i < l->args.n; i++) {
        struct pl_value v;
        good = pl_sim__value(t, h->params[i].type, &l->args.v[i], &v, why);
        if (!good || v.kind == PL_KIND_NONE) continue;
        if (n++ > 0) pl_buf_c(&b, ",");
        pl_json_quote(&b, h->params[i].name);
        pl_buf_c(&b, ":");
        pl_value_to_json(&b, v);
    }
    pl_buf_c(&b, "}");
    *call = (struct pl_llm_call){.id = PL_STR("1"), .name = name_of_tool(t->a, h->name)};
    call->arguments = pl_arena_str(t->a, pl_buf_slice(&b));
    pl_buf_free(&b);
    struct sim_said_by said = {.kind = l->kind, .calls = call, .ncalls = 1, .line = l};
    if (good) PL_PUSH(&m->lines, said);
    return good;
}

const struct pl_talk_line *pl_sim__models_unsaid(const struct sim_models *m) {
    return m->next < m->lines.n ? m->lines.v[m->next].line : NULL;
}
