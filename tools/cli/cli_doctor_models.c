/* SPDX-License-Identifier: Apache-2.0
 *
 * doctor --models: asks every target of the models file a small question, says what is wrong and
 * how to mend it. It spends what a dozen tokens cost.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/llm/llm.h"
#include "runtime/loop/loop.h"
#include "tools/cli/cli_doctor_priv.h"

#define SCHEMA                                                                                     \
    "{\"type\":\"object\",\"properties\":{\"value\":{\"type\":\"string\"}},\"required\":["         \
    "\"value\"],"                                                                                  \
    "\"additionalProperties\":false}"

enum { LONGEST_MS = 120000, TOKENS_MOST = 20000 };

static const char *const mends[PL_LLM_FAILURES] = {
    [PL_LLM_FAIL_REQUEST] =
        "compare dialect and url with the provider's page; it may know a setting not: see "
        "`temperature`, `usage` and `schema` in docs/MODELS.md",
    [PL_LLM_FAIL_MISSING] = "compare dialect, url and model with the provider's page: this address "
                            "or this model is not there; until then the next target is asked",
    [PL_LLM_FAIL_CONTEXT] = "the model's context is far too small for a flow's questions: take a "
                            "larger one, or start its server with more",
    [PL_LLM_FAIL_CREDENTIAL] = "put a valid key where `key` points; a key of another project, or "
                               "without rights to this model, is refused like a wrong one",
    [PL_LLM_FAIL_QUOTA] = "add money or raise the limit in the provider's account; until then the "
                          "next target is asked",
    [PL_LLM_FAIL_RATE] = "the account's rate is used up: ask for more, or spread the load",
    [PL_LLM_FAIL_OVERLOAD] = "the provider is overloaded: try again later; a second target helps",
    [PL_LLM_FAIL_SERVER] = "the provider has a failure of its own: try again later, look at its "
                           "status page",
    [PL_LLM_FAIL_CONNECT] = "is the server running, and are host and port of `url` right? A "
                            "firewall, or a name that is not known here, looks the same",
    [PL_LLM_FAIL_TLS] = "its certificate is not trusted here, or is of another name: use the name "
                        "in the certificate; for an authority of your own say `ca = FILE`",
    [PL_LLM_FAIL_CONNECT_TIMER] = "nothing answered: a firewall, a wrong address, or `connect` is "
                                  "too short for the way there",
    [PL_LLM_FAIL_FIRST_TIMER] = "it took the question and was silent: models that think first need "
                                "a longer `first_token` (60s and more)",
    [PL_LLM_FAIL_STALL_TIMER] = "it stopped in the middle: raise `stall` if it always pauses",
    [PL_LLM_FAIL_TOTAL_TIMER] = "raise `total`, or take a quicker model",
    [PL_LLM_FAIL_CUT] = "its stream has no end mark: a proxy in between that buffers or cuts, or "
                        "another dialect than `dialect` says",
    [PL_LLM_FAIL_MALFORMED] = "what it sends is not what `dialect` says: is it another one, or is "
                              "`url` the address of a website?",
    [PL_LLM_FAIL_TOO_LARGE] = "it sent more than any answer has: is that address a model?",
    [PL_LLM_FAIL_DEADLINE] = "it was slower than all its timers together; raise them, or take a "
                             "quicker one",
    [PL_LLM_FAIL_CEILING] = "a ceiling in the models file is below the price of one small question",
};

/* ---- one question ---- */

struct question {
    struct pl_loop *loop;
    bool done;
    struct pl_buf text;
    enum pl_llm_finish finish;
    enum pl_llm_failure failure;
    struct pl_llm_usage usage;
    int64_t micro, first_us;
    size_t vectors, dimensions;
    char why[128];
};

static void on_event(void *ctx, const struct pl_llm_event *e) {
    struct question *q = ctx;
    if (e->kind == PL_LLM_RESTART) pl_buf_clear(&q->text);
    if (e->kind == PL_LLM_TEXT) pl_buf_str(&q->text, e->text);
    if (e->kind == PL_LLM_VECTOR) {
        q->vectors++;
        q->dimensions = e->vector.n;
    }
    if (e->kind != PL_LLM_DONE) return;
    q->done = true;
    q->finish = e->done.finish;
    q->failure = e->done.failure;
    q->usage = e->done.usage;
    q->micro = e->done.micro;
    q->first_us = e->done.first_us;
    snprintf(q->why, sizeof q->why, "%.*s", PL_STR_ARG(e->done.why));
}

/* A client of this one target, so that a doctored copy of it can be asked as well. */
static void ask(const struct pl_llm_models *models, const struct pl_llm_target *t,
                struct pl_llm_request r, struct question *q) {
    struct pl_llm_models one = *models;
    struct pl_llm *llm = NULL;
    one.targets = t;
    one.ntargets = 1;
    struct pl_llm_config config = {.models = &one, .clock = pl_clock_system()};
    struct pl_llm_message m = {.role = PL_LLM_USER, .text = PL_STR("Say ok.")};
    *q = (struct question){.failure = PL_LLM_FAIL_LEDGER};
    if (pl_loop_create(config.clock, &q->loop) != PL_OK) return;
    if (pl_llm_create(&config, &llm) == PL_OK) {
        int64_t time = t->connect + t->first_token + t->total;
        if (r.nembed == 0) {
            r.messages = &m;
            r.nmessages = 1;
        }
        r.target = pl_str_c(t->name);
        r.budget.attempts = 1;
        r.deadline_ms = time < LONGEST_MS ? time : LONGEST_MS;
        r.loop = q->loop;
        r.on_event = on_event;
        r.ctx = q;
        pl_llm_ask(llm, &r);
        while (!q->done) pl_loop_once(q->loop, 100);
        pl_llm_destroy(&llm);
    }
    pl_loop_destroy(&q->loop);
}

/* ---- one target ---- */

struct visit {
    const struct pl_llm_models *models;
    const struct pl_llm_target *t;
    struct doctor *d;
};

/* What a target refuses with 400 is often one setting: ask without each. */
static const char *blamed_setting(struct visit *v) {
    struct question q;
    struct pl_llm_target without[] = {*v->t, *v->t};
    static const char *const mend[] = {
        "this model takes no temperature: say `temperature = no`",
        "this server does not know `stream_options`: say `usage = no`",
    };
    without[0].temperature = false;
    without[1].usage = false;
    for (size_t i = 0; i < PL_LEN(without); i++) {
        ask(v->models, &without[i], (struct pl_llm_request){.max_output = 200}, &q);
        pl_buf_free(&q.text);
        if (q.failure == PL_LLM_FAIL_NONE) return mend[i];
    }
    return mends[PL_LLM_FAIL_REQUEST];
}

static bool check_answer(struct visit *v) {
    struct question q;
    char cost[48];
    ask(v->models, v->t, (struct pl_llm_request){.max_output = 200}, &q);
    pl_buf_free(&q.text);
    if (q.failure != PL_LLM_FAIL_NONE) {
        const char *mend = mends[q.failure] ? mends[q.failure] : "";
        if (q.failure == PL_LLM_FAIL_REQUEST && strncmp(q.why, "400", 3) == 0)
            mend = blamed_setting(v);
        if (q.failure == PL_LLM_FAIL_TLS && strcmp(q.why, "no TLS connection") == 0)
            mend = "it speaks no TLS there: is it another port, or http:// on this machine?";
        pl_cli__find(v->d, DOCTOR_WRONG, mend, "%s: %s", pl_llm_failure_meaning(q.failure), q.why);
        return false;
    }
    pl_cli__money(q.micro, v->models->currency, cost);
    pl_cli__find(v->d, DOCTOR_WELL, "",
                 "answers, first token after %lld ms, %lld tokens in, %lld out%s",
                 (long long)(q.first_us / 1000), (long long)(q.usage.input + q.usage.cached),
                 (long long)q.usage.output, cost);
    if (q.usage.input + q.usage.cached + q.usage.output > TOKENS_MOST)
        pl_cli__find(v->d, DOCTOR_LOOK,
                     "say `usage = no`, so that what it costs is guessed, and ask who runs it",
                     "it counts more tokens than question and answer can have");
    if (q.usage.estimated)
        pl_cli__find(v->d, DOCTOR_LOOK,
                     "say `usage = yes`, or update the server; until then costs are guessed",
                     "it does not tell how many tokens it used");
    if (q.first_us > v->t->first_token * 1000 / 2)
        pl_cli__find(v->d, DOCTOR_LOOK,
                     "raise `first_token`: a busy hour would take it for an outage",
                     "its first token took more than half of what `first_token` allows");
    return true;
}

static bool fits_schema(struct pl_str text) {
    struct pl_arena a;
    struct pl_json json;
    size_t at;
    pl_arena_init(&a, 1 << 20);
    bool fits = pl_json_parse(&a, text, &json, &at) == PL_OK && pl_json_get(&json, "value") &&
                pl_json_get(&json, "value")->kind == PL_JTEXT;
    pl_arena_free(&a);
    return fits;
}

static void check_schema(struct visit *v) {
    struct question q;
    if (!v->t->schema) return;
    ask(v->models, v->t, (struct pl_llm_request){.schema = PL_STR(SCHEMA), .max_output = 200}, &q);
    if (q.failure != PL_LLM_FAIL_NONE)
        pl_cli__find(v->d, DOCTOR_WRONG, "say `schema = no`: the schema is then described in words",
                     "it does not take a schema for its answer: %s", q.why);
    else if (!fits_schema(pl_buf_slice(&q.text)))
        pl_cli__find(v->d, DOCTOR_WRONG, "say `schema = no`: the schema is then described in words",
                     "it takes a schema and does not keep to it");
    else
        pl_cli__find(v->d, DOCTOR_WELL, "", "keeps to a schema");
    pl_buf_free(&q.text);
}

static void check_embeddings(struct visit *v) {
    struct question q;
    struct pl_str text = PL_STR("ok");
    if (!v->t->embed[0]) return;
    ask(v->models, v->t, (struct pl_llm_request){.embed = &text, .nembed = 1}, &q);
    if (q.failure != PL_LLM_FAIL_NONE)
        pl_cli__find(v->d, DOCTOR_WRONG, "correct `embed`, or say - for none",
                     "no embeddings: %s: %s", pl_llm_failure_meaning(q.failure), q.why);
    else
        pl_cli__find(v->d, DOCTOR_WELL, "", "gives embeddings of %zu numbers", q.dimensions);
    pl_buf_free(&q.text);
}

/* The file of the key is for the server's user alone; that of certificates can be read. */
static void check_files(struct visit *v) {
    struct stat st;
    if (strncmp(v->t->key, "file ", 5) == 0 && stat(v->t->key + 5, &st) == 0 &&
        (st.st_mode & (S_IRWXG | S_IRWXO)))
        pl_cli__find(v->d, DOCTOR_LOOK, "chmod 600 it", "others may read the key's file %s",
                     v->t->key + 5);
    if (v->t->ca[0] && access(v->t->ca, R_OK) != 0)
        pl_cli__find(v->d, DOCTOR_WRONG, "correct `ca`, or leave it away for the system's",
                     "the file of certificates %s: %s", v->t->ca, strerror(errno));
}

static void check_target(struct visit *v) {
    char why[256];
    bool file = strncmp(v->t->key, "file ", 5) == 0;
    check_files(v);
    if (!pl_llm_key_check(v->t, why))
        pl_cli__find(v->d, DOCTOR_WRONG,
                     file ? "write the key into that file, chmod 600, for the server's user"
                          : "set it for the user that runs the server, and start the server anew",
                     "%s", why);
    else if (check_answer(v)) {
        check_schema(v);
        check_embeddings(v);
    }
    if (v->t->nprices == 0 && (v->models->ceiling_day || v->models->ceiling_conversation))
        pl_cli__find(v->d, DOCTOR_LOOK,
                     "give its `price`, or 0 0 with the currency if it is your own machine",
                     "it has no price, so the ceilings do not see it");
}

void pl_cli__doctor_models(struct doctor *d, const struct pl_llm_models *models) {
    for (size_t i = 0; i < models->ntargets; i++) {
        struct visit v = {.models = models, .t = &models->targets[i], .d = d};
        struct pl_str address = pl_llm_address(d->a, v.t);
        pl_cli__doctor_about(d, "target", pl_arena_printf(d->a, "%s", v.t->name),
                             pl_arena_printf(d->a, "%s, %.*s", pl_llm_dialect_word(v.t->dialect),
                                             PL_STR_ARG(address)));
        check_target(&v);
    }
}
