/* SPDX-License-Identifier: Apache-2.0
 *
 * A cassette: what a model replied, by the key of what it was asked.
 *
 *   { "version": 1, "replies": [ { "key": "0123456789abcdef", "asked": "Can I …", "refused": false,
 *     "text": "…", "calls": [ { "id": "…", "name": "…", "arguments": "{}" } ] } ] }
 */
#include <stdlib.h>
#include <string.h>

#include "tools/sim/sim_priv.h"

#define FILE_MOST (4u << 20)
#define ASKED     80 /* bytes of the question, for people who read the file */

struct recording { /* an ask of the real model */
    struct sim_cassette *c;
    struct recording *next;
    uint64_t key, number;
    struct pl_str asked;
    pl_llm_on_event *on_event;
    void *ctx;
    struct pl_buf text;
    PL_VEC(struct pl_llm_call) calls;
};

struct recorded {
    uint64_t key;
    struct pl_str asked;
    struct sim_said_by said;
};

struct sim_cassette {
    struct pl_arena a;
    struct pl_str path;
    struct pl_answer_model model; /* to record from; NULL ask: none */
    PL_VEC(struct recorded) replies;
    struct recording *recordings;
    bool changed;
    bool missing; /* something was asked that is not on it */
};

/* ---- reading ---- */

static void read_calls(struct sim_cassette *c, const struct pl_json *list, struct sim_said_by *to) {
    size_t n = list && list->kind == PL_JARRAY ? list->n : 0;
    struct pl_llm_call *v = PL_NEW_ARRAY(&c->a, struct pl_llm_call, n + 1);
    for (size_t i = 0; i < n; i++)
        v[i] = (struct pl_llm_call){.id = pl_json_text(&list->m[i].value, "id"),
                                    .name = pl_json_text(&list->m[i].value, "name"),
                                    .arguments = pl_json_text(&list->m[i].value, "arguments")};
    to->calls = v;
    to->ncalls = n;
}

static bool read_reply(struct sim_cassette *c, const struct pl_json *row) {
    struct recorded r = {.asked = pl_json_text(row, "asked")};
    struct pl_str key = pl_json_text(row, "key");
    const struct pl_json *refused = pl_json_get(row, "refused");
    uint8_t bytes[8];
    if (key.n != 16 || !pl_unhex(key, bytes, sizeof bytes)) return false;
    for (int i = 0; i < 8; i++) r.key = r.key << 8 | bytes[i];
    r.said.kind = refused && refused->b ? PL_TALK_MODEL_REFUSES : PL_TALK_MODEL;
    r.said.text = pl_json_text(row, "text");
    read_calls(c, pl_json_get(row, "calls"), &r.said);
    PL_PUSH(&c->replies, r);
    return true;
}

static bool read_file(struct sim_cassette *c, struct pl_str *why) {
    struct pl_str bytes;
    struct pl_json file;
    size_t at;
    enum pl_err err = pl_file_read(&c->a, c->path.p, FILE_MOST, &bytes);
    if (err == PL_NOT_FOUND && c->model.ask) return true; /* the first recording */
    if (err != PL_OK) {
        *why = pl_str_c(pl_err_text(err));
        return false;
    }
    *why = PL_STR("it is no cassette of this version");
    if (pl_json_parse(&c->a, bytes, &file, &at) != PL_OK) return false;
    const struct pl_json *version = pl_json_get(&file, "version");
    const struct pl_json *replies = pl_json_get(&file, "replies");
    if (!version || !pl_str_is(version->s, "1") || !replies || replies->kind != PL_JARRAY)
        return false;
    for (size_t i = 0; i < replies->n; i++)
        if (!read_reply(c, &replies->m[i].value)) return false;
    return true;
}

struct sim_cassette *pl_sim__cassette_open(struct pl_str path, const struct pl_answer_model *record,
                                           bool renew, struct pl_str *why) {
    struct sim_cassette *c = calloc(1, sizeof *c);
    pl_assert(c);
    pl_arena_init(&c->a, 0);
    c->path = pl_arena_printf(&c->a, "%.*s", PL_STR_ARG(path));
    if (record) c->model = *record;
    if (!renew && !read_file(c, why)) pl_sim__cassette_close(&c);
    return c;
}

bool pl_sim__cassette_find(struct sim_cassette *c, uint64_t key, struct sim_said_by *out) {
    for (size_t i = 0; i < c->replies.n; i++) {
        if (c->replies.v[i].key != key) continue;
        *out = c->replies.v[i].said;
        return true;
    }
    if (!c->model.ask) c->missing = true;
    return false;
}

bool pl_sim__cassette_missing(const struct sim_cassette *c) {
    return c->missing;
}

/* ---- recording ---- */

static struct pl_llm_call kept(struct sim_cassette *c, struct pl_llm_call k) {
    return (struct pl_llm_call){pl_arena_str(&c->a, k.id), pl_arena_str(&c->a, k.name),
                                pl_arena_str(&c->a, k.arguments)};
}

static void keep(struct recording *r, const struct pl_llm_event *e) {
    struct sim_cassette *c = r->c;
    struct recorded row = {.key = r->key, .asked = r->asked};
    struct pl_llm_call *calls = PL_NEW_ARRAY(&c->a, struct pl_llm_call, r->calls.n + 1);
    if (e->done.failure != PL_LLM_FAIL_NONE) return; /* not the model's reply */
    for (size_t i = 0; i < r->calls.n; i++) calls[i] = r->calls.v[i];
    bool refused = e->done.finish == PL_LLM_FINISH_REFUSED;
    row.said = (struct sim_said_by){.kind = refused ? PL_TALK_MODEL_REFUSES : PL_TALK_MODEL,
                                    .text = pl_arena_str(&c->a, pl_buf_slice(&r->text)),
                                    .calls = calls,
                                    .ncalls = r->calls.n};
    PL_PUSH(&c->replies, row);
    c->changed = true;
}

static void recording_free(struct recording *r) {
    for (struct recording **p = &r->c->recordings; *p; p = &(*p)->next)
        if (*p == r) {
            *p = r->next;
            break;
        }
    pl_buf_free(&r->text);
    PL_VEC_FREE(&r->calls);
    free(r);
}

static void heard(void *ctx, const struct pl_llm_event *e) {
    struct recording *r = ctx;
    pl_llm_on_event *on_event = r->on_event;
    void *to = r->ctx;
    if (e->kind == PL_LLM_RESTART) {
        pl_buf_clear(&r->text);
        r->calls.n = 0;
    }
    if (e->kind == PL_LLM_TEXT) pl_buf_str(&r->text, e->text);
    if (e->kind == PL_LLM_TOOL) PL_PUSH(&r->calls, kept(r->c, e->call));
    if (e->kind == PL_LLM_DONE) {
        keep(r, e);
        recording_free(r);
    }
    on_event(to, e);
}

uint64_t pl_sim__cassette_record(struct sim_cassette *c, const struct pl_llm_request *request) {
    if (!c->model.ask) return 0;
    struct pl_llm_request own = *request;
    struct recording *r = calloc(1, sizeof *r);
    pl_assert(r);
    *r = (struct recording){.c = c,
                            .next = c->recordings,
                            .key = pl_llm_key(request),
                            .on_event = request->on_event,
                            .ctx = request->ctx};
    struct pl_str last = {0};
    if (request->nmessages) last = request->messages[request->nmessages - 1].text;
    size_t n = last.n < ASKED ? last.n : ASKED;
    while (n && n < last.n && ((unsigned char)last.p[n] & 0xc0) == 0x80) n--;
    r->asked = pl_arena_str(&c->a, (struct pl_str){last.p, n});
    c->recordings = r;
    own.on_event = heard;
    own.ctx = r;
    r->number = c->model.ask(c->model.ctx, &own);
    if (r->number == 0) {
        recording_free(r);
        return 0;
    }
    return r->number;
}

bool pl_sim__cassette_records(const struct sim_cassette *c) {
    return c->recordings != NULL;
}

void pl_sim__cassette_cancel(struct sim_cassette *c, uint64_t number) {
    for (struct recording *r = c->recordings; r; r = r->next)
        if (r->number == number && c->model.cancel) {
            c->model.cancel(c->model.ctx, number);
            return;
        }
}

/* ---- writing ---- */

static void write_reply(struct pl_jw *w, const struct recorded *r) {
    char key[17];
    snprintf(key, sizeof key, "%016llx", (unsigned long long)r->key);
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "key", pl_str_c(key));
    pl_jw_text_member(w, "asked", r->asked);
    pl_jw_name(w, "refused");
    pl_jw_bool(w, r->said.kind == PL_TALK_MODEL_REFUSES);
    pl_jw_text_member(w, "text", r->said.text);
    pl_jw_name(w, "calls");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < r->said.ncalls; i++) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "id", r->said.calls[i].id);
        pl_jw_text_member(w, "name", r->said.calls[i].name);
        pl_jw_text_member(w, "arguments", r->said.calls[i].arguments);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
}

enum pl_err pl_sim__cassette_save(struct sim_cassette *c) {
    struct pl_buf b = {0};
    if (!c->changed) return PL_OK;
    pl_buf_c(&b, "{\"version\":1,\"replies\":[");
    for (size_t i = 0; i < c->replies.n; i++) {
        struct pl_jw w = {.b = &b};
        pl_buf_c(&b, i ? ",\n" : "\n");
        write_reply(&w, &c->replies.v[i]);
    }
    pl_buf_c(&b, "\n]}\n");
    enum pl_err err = pl_file_replace(c->path.p, pl_buf_slice(&b));
    pl_buf_free(&b);
    c->changed = err != PL_OK;
    return err;
}

void pl_sim__cassette_close(struct sim_cassette **out) {
    struct sim_cassette *c = *out;
    *out = NULL;
    if (!c) return;
    while (c->recordings) recording_free(c->recordings);
    PL_VEC_FREE(&c->replies);
    pl_arena_free(&c->a);
    free(c);
}
