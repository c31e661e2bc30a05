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
#define ASKED     64 /* requests at once */
#define PAGE      20 /* of the queue, when no limit is named */
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

void pl_gateway__ask_forget(struct pl_gateway *g, struct pl_gateway__http *a) {
    for (size_t i = 0; a->asked && i < g->asked.n; i++) {
        if (g->asked.v[i].ticket != a->asked) continue;
        g->asked.v[i] = g->asked.v[--g->asked.n];
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
    if (a->posts) {
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
    default: pl_gateway__http_error(a, 503, "unavailable", pl_err_text(r->err)); break;
    }
}

/* On the gateway's thread. */
static void arrive(struct pl_post *post) {
    struct answer *r = (struct answer *)post; /* its first member */
    for (size_t i = 0; i < r->g->asked.n; i++) {
        struct pl_gateway__asked k = r->g->asked.v[i];
        if (k.ticket != r->ticket) continue;
        fill(k.a, r);
        lws_callback_on_writable(k.wsi);
        break;
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

static bool is_done(struct pl_str path, struct pl_str *id) {
    struct pl_str before = PL_STR(QUEUE "/"), behind = PL_STR("/done");
    if (!pl_str_starts(path, before) || !pl_str_ends(path, behind)) return false;
    if (path.n <= before.n + behind.n) return false;
    *id = (struct pl_str){path.p + before.n, path.n - before.n - behind.n};
    return true;
}

bool pl_gateway__is_ask(struct pl_str path) {
    struct pl_str id;
    return pl_str_is(path, QUEUE) || is_done(path, &id);
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

static void list(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    struct pl_token token;
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

static void done(struct pl_gateway *g, struct lws *wsi, struct pl_str id,
                 struct pl_gateway__http *a) {
    struct pl_token token;
    struct pl_gateway_done d = {.id = id};
    if (!pl_gateway__permitted(g, wsi, PL_TOKEN_MAY_QUEUE, a, &token)) return;
    if (has_body(wsi)) {
        pl_gateway__http_error(a, 400, "body", "this call takes no body");
        return;
    }
    memcpy(d.who, token.id, sizeof d.who);
    if (g->asked.n < ASKED && g->c.api.done(g->c.api.ctx, ticket(g, wsi, a), &d)) return;
    pl_gateway__ask_forget(g, a);
    pl_gateway__http_error(a, 404, "not_found", "no such hand-over is on the list");
}

int pl_gateway__ask(struct pl_gateway *g, struct lws *wsi, int method, struct pl_str path,
                    struct pl_gateway__http *a) {
    struct pl_str id = {0};
    bool gets = method == LWSHUMETH_GET || method == LWSHUMETH_HEAD, takes = is_done(path, &id);
    a->head = method == LWSHUMETH_HEAD;
    a->last = takes; /* a body that it may have is not read */
    a->allow = takes ? "POST" : "GET, HEAD";
    if (takes ? method != LWSHUMETH_POST : !gets)
        pl_gateway__http_error(a, 405, "method_not_allowed",
                               takes ? "only POST is answered" : "only GET and HEAD are answered");
    else if (takes)
        done(g, wsi, id, a);
    else
        list(g, wsi, a);
    if (a->asked) return 0;
    if (!gets || takes) {
        pl_gateway__http_headers(wsi, a, true);
        return -1;
    }
    return pl_gateway__http_answer(g, wsi, a, a->head);
}
