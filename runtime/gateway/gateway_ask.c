/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators' calls over HTTP: who may, and requests whose answers other threads make.
 *
 *   request -> ticket -> api (its own threads) -> pl_gateway_answer (post) -> writeable -> answer
 *
 * A request that goes away before its answer is forgotten; the answer is then for nobody.
 */
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/gateway/gateway_priv.h"

#define QUEUE     "/api/v1/queue"
#define CUSTOMERS "/api/v1/customers/"
#define NOTE_MOST 4096 /* bytes of a body with a note */
#define ASKED     64   /* requests at once */
#define PAGE      20   /* of the queue, when no limit is named */
#define PAGE_MOST 100

static int64_t wall_ms(struct pl_gateway *g) {
    struct pl_clock clock = pl_loop_clock(g->c.loop);
    return clock.wall_ms(clock.ctx);
}

bool pl_gateway__permitted(struct pl_gateway *g, struct lws *wsi, enum pl_token_scope scope,
                           struct pl_gateway__http *a, struct pl_token *token) {
    char text[128];
    struct pl_str got = pl_gateway__header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, text, sizeof text);
    struct pl_str bearer = PL_STR("Bearer ");
    if (!pl_str_starts(got, bearer)) {
        pl_gateway__http_error(a, 401, "token_missing",
                               "send an operator's token: Authorization: Bearer plt_...");
        return false;
    }
    got = (struct pl_str){got.p + bearer.n, got.n - bearer.n};
    enum pl_err err = pl_token_check(g->c.store, got, scope, wall_ms(g), token);
    if (err == PL_OK) return true;
    if (err == PL_DENIED)
        pl_gateway__http_error(a, 403, "scope_missing", "the token lacks the scope for this");
    else if (err == PL_TIMEOUT)
        pl_gateway__http_error(a, 401, "token_expired", "the token has expired");
    else if (err == PL_MALFORMED || err == PL_NOT_FOUND)
        pl_gateway__http_error(a, 401, "token_unknown", "no such token, or it was revoked");
    else
        pl_gateway__http_error(a, 503, "unavailable", "tokens cannot be checked now");
    return false;
}

/* ---- tickets ---- */

static uint64_t ticket(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    struct pl_gateway__asked k = {++g->tickets, wsi, a};
    PL_PUSH(&g->asked, k);
    a->asked = k.ticket;
    return k.ticket;
}

uint64_t pl_gateway__ticket(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    if (g->asked.n < ASKED) return ticket(g, wsi, a);
    a->retry_after_s = 1;
    pl_gateway__http_error(a, 503, "unavailable", "too many ask at once");
    return 0;
}

struct pl_gateway__asked *pl_gateway__asked(struct pl_gateway *g, uint64_t ticket) {
    for (size_t i = 0; i < g->asked.n; i++)
        if (g->asked.v[i].ticket == ticket) return &g->asked.v[i];
    return NULL;
}

void pl_gateway__ask_forget(struct pl_gateway *g, struct pl_gateway__http *a) {
    for (size_t i = 0; a->asked && i < g->asked.n; i++) {
        if (g->asked.v[i].ticket != a->asked) continue;
        g->asked.v[i] = g->asked.v[--g->asked.n];
        pl_gateway__drained(g);
        break;
    }
    a->asked = 0;
}

struct answer {
    struct pl_post post;
    struct pl_gateway *g;
    uint64_t ticket;
    enum pl_err err;
    struct pl_buf json;
};

static void fill(struct pl_gateway__http *a, const struct answer *r) {
    a->status = 200;
    a->type = "application/json";
    if (a->posts && !a->back) {
        pl_gateway__event_fill(a, r->err, pl_buf_slice(&r->json));
        return;
    }
    switch (r->err) {
    case PL_OK: pl_buf_str(&a->body, pl_buf_slice(&r->json)); break;
    case PL_MALFORMED:
        pl_gateway__http_error(a, 400, "bad_after", "`after` takes the `next` of the page before");
        break;
    case PL_NOT_FOUND:
        pl_gateway__http_error(a, 404, "not_found", "no such hand-over is on the list");
        break;
    case PL_ERASED: pl_gateway__http_error(a, 410, "erased", "the conversation was erased"); break;
    case PL_CONFLICT:
        pl_gateway__http_error(a, 409, "with_bot", "the bot has this conversation already");
        break;
    default: pl_gateway__http_error(a, 503, "unavailable", pl_err_text(r->err)); break;
    }
}

/* On the gateway's thread. */
static void arrive(struct pl_post *post) {
    struct answer *r = (struct answer *)post; /* its first member */
    struct pl_gateway__asked *k = pl_gateway__asked(r->g, r->ticket);
    if (k != NULL) {
        fill(k->a, r);
        lws_callback_on_writable(k->wsi);
    }
    pl_buf_free(&r->json);
    free(r);
}

void pl_gateway_answer(struct pl_gateway *g, uint64_t ticket, enum pl_err err, struct pl_str json) {
    struct answer *r = calloc(1, sizeof *r);
    pl_assert(r != NULL);
    *r = (struct answer){.post.fn = arrive, .g = g, .ticket = ticket, .err = err};
    pl_buf_str(&r->json, json);
    pl_loop_post(g->c.loop, &r->post);
}

int pl_gateway__ask_writeable(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    if (a->status == 0) return 0;
    pl_gateway__ask_forget(g, a);
    if (!a->last) return pl_gateway__http_answer(g, wsi, a, a->head);
    pl_gateway__count(g, PL_GATEWAY_http_requests, 1);
    pl_gateway__http_headers(wsi, a, true);
    return -1;
}

/* ---- requests ---- */

enum ask { NONE, LIST, DONE, BACK, ERASE };

static bool between(struct pl_str path, struct pl_str before, struct pl_str behind,
                    struct pl_str *id) {
    if (!pl_str_starts(path, before) || !pl_str_ends(path, behind)) return false;
    if (path.n <= before.n + behind.n) return false;
    *id = (struct pl_str){path.p + before.n, path.n - before.n - behind.n};
    return true;
}

/* What is asked, and about whom. */
static enum ask ask_of(struct pl_str path, struct pl_str *id) {
    if (pl_str_is(path, QUEUE)) return LIST;
    if (between(path, PL_STR(QUEUE "/"), PL_STR("/done"), id)) return DONE;
    if (between(path, PL_STR(QUEUE "/"), PL_STR("/back"), id)) return BACK;
    return between(path, PL_STR(CUSTOMERS), PL_STR(""), id) ? ERASE : NONE;
}

bool pl_gateway__is_ask(struct pl_str path) {
    struct pl_str id;
    return ask_of(path, &id) != NONE;
}

/* limit=N and after=CURSOR; false: answered. */
static bool page_of(struct lws *wsi, struct pl_gateway__http *a, char after[80], uint32_t *limit) {
    char text[80];
    int64_t n = PAGE;
    const char *v = lws_get_urlarg_by_name(wsi, "limit=", text, (int)sizeof text);
    bool good = v == NULL || (pl_str_i64(pl_str_c(v), &n) && n >= 1 && n <= PAGE_MOST);
    if (!good) pl_gateway__http_error(a, 400, "bad_limit", "`limit` takes a number from 1 to 100");
    v = lws_get_urlarg_by_name(wsi, "after=", text, (int)sizeof text);
    snprintf(after, 80, "%s", v != NULL ? v : "");
    *limit = (uint32_t)n;
    return good;
}

static void list(struct pl_gateway *g, struct lws *wsi, struct pl_str id,
                 struct pl_gateway__http *a) {
    struct pl_token token;
    (void)id;
    char after[80];
    uint32_t limit;
    if (!pl_gateway__permitted(g, wsi, PL_TOKEN_MAY_QUEUE, a, &token)) return;
    if (!page_of(wsi, a, after, &limit)) return;
    if (g->asked.n < ASKED &&
        g->c.api.queue(g->c.api.ctx, ticket(g, wsi, a), limit, pl_str_c(after)))
        return;
    pl_gateway__ask_forget(g, a);
    a->retry_after_s = 1;
    pl_gateway__http_error(a, 503, "unavailable", "too many ask at once");
}

static bool has_body(struct lws *wsi) {
    char text[24];
    struct pl_str n = pl_gateway__header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text);
    return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0 && !pl_str_is(n, "0");
}

/* Without a body that nobody reads. */
static bool bodiless(struct lws *wsi, struct pl_gateway__http *a) {
    if (!has_body(wsi)) return true;
    pl_gateway__http_error(a, 400, "body", "this call takes no body");
    return false;
}

static void hand(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a,
                 const struct pl_gateway_done *d) {
    if (g->asked.n < ASKED && g->c.api.done(g->c.api.ctx, ticket(g, wsi, a), d)) return;
    pl_gateway__ask_forget(g, a);
    pl_gateway__http_error(a, 404, "not_found", "no such hand-over is on the list");
}

static void done(struct pl_gateway *g, struct lws *wsi, struct pl_str id,
                 struct pl_gateway__http *a) {
    struct pl_token token;
    struct pl_gateway_done d = {.id = id};
    if (!pl_gateway__permitted(g, wsi, PL_TOKEN_MAY_QUEUE, a, &token)) return;
    if (!bodiless(wsi, a)) return;
    memcpy(d.who, token.id, sizeof d.who);
    hand(g, wsi, a, &d);
}

/* With a body it is read first. */
static void back(struct pl_gateway *g, struct lws *wsi, struct pl_str id,
                 struct pl_gateway__http *a) {
    struct pl_token token;
    struct pl_gateway_done d = {.id = id, .back = true};
    if (!pl_gateway__permitted(g, wsi, PL_TOKEN_MAY_QUEUE, a, &token)) return;
    memcpy(d.who, token.id, sizeof d.who);
    if (!has_body(wsi)) {
        hand(g, wsi, a, &d);
        return;
    }
    if (!pl_gateway__measured(wsi, a, NOTE_MOST)) return;
    snprintf(a->hand, sizeof a->hand, "%.*s", PL_STR_ARG(id));
    memcpy(a->who, d.who, sizeof a->who);
    a->posts = a->back = true;
    a->since_us = pl_loop_now_us(g->c.loop);
}

/* {"note":"…"} */
static bool read_note(struct pl_arena *arena, struct pl_str text, struct pl_str *note) {
    struct pl_json body;
    size_t at;
    if (pl_json_parse(arena, text, &body, &at) != PL_OK || body.kind != PL_JOBJECT) return false;
    *note = pl_json_text(&body, "note");
    return body.n == 0 ||
           (body.n == 1 && body.m[0].value.kind == PL_JTEXT && pl_json_get(&body, "note"));
}

int pl_gateway__back_whole(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    struct pl_gateway_done d = {.id = pl_str_c(a->hand), .back = true};
    pl_arena_reset(&g->arena);
    memcpy(d.who, a->who, sizeof d.who);
    struct pl_str text = pl_arena_str(&g->arena, pl_buf_slice(&a->body));
    pl_buf_clear(&a->body);
    if (read_note(&g->arena, text, &d.note))
        hand(g, wsi, a, &d);
    else
        pl_gateway__http_error(a, 400, "malformed", "the body is {\"note\":\"...\"}");
    return a->asked ? 0 : pl_gateway__http_answer(g, wsi, a, false);
}

static void erase(struct pl_gateway *g, struct lws *wsi, struct pl_str id,
                  struct pl_gateway__http *a) {
    struct pl_token token;
    uint8_t customer[16];
    if (!pl_gateway__permitted(g, wsi, PL_TOKEN_MAY_ERASE, a, &token)) return;
    if (!bodiless(wsi, a)) return;
    if (!pl_identity_customer(id, customer)) {
        pl_gateway__http_error(a, 400, "bad_customer", "a customer's id has 1 to 128 bytes");
        return;
    }
    uint64_t asked = pl_gateway__ticket(g, wsi, a);
    if (asked) g->c.api.erase(g->c.api.ctx, asked, customer);
}

int pl_gateway__ask(struct pl_gateway *g, struct lws *wsi, int method, struct pl_str path,
                    struct pl_gateway__http *a) {
    static const struct {
        int method;
        const char *allow, *only;
        void (*run)(struct pl_gateway *g, struct lws *wsi, struct pl_str id,
                    struct pl_gateway__http *a);
    } rows[] = {
        [LIST] = {LWSHUMETH_GET, "GET, HEAD", "only GET and HEAD are answered", list},
        [DONE] = {LWSHUMETH_POST, "POST", "only POST is answered", done},
        [BACK] = {LWSHUMETH_POST, "POST", "only POST is answered", back},
        [ERASE] = {LWSHUMETH_DELETE, "DELETE", "only DELETE is answered", erase},
    };
    struct pl_str id = {0};
    enum ask what = ask_of(path, &id);
    bool gets = method == LWSHUMETH_GET || method == LWSHUMETH_HEAD;
    a->head = method == LWSHUMETH_HEAD;
    a->last = what != LIST; /* a body that it may have is not read */
    a->allow = rows[what].allow;
    if (rows[what].method == LWSHUMETH_GET ? gets : method == rows[what].method)
        rows[what].run(g, wsi, id, a);
    else
        pl_gateway__http_error(a, 405, "method_not_allowed", rows[what].only);
    if (a->posts && !a->status) a->last = false; /* it is */
    if (a->asked || (a->posts && !a->status)) return 0;
    if (!gets || what != LIST) {
        pl_gateway__http_headers(wsi, a, true);
        return -1;
    }
    return pl_gateway__http_answer(g, wsi, a, a->head);
}
