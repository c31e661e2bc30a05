/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP on behalf of a worker: which service, which effect may do it, with which credentials and
 * key; and what the reply means for "may have been done".
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/hooks/hooks_super_priv.h"

enum { HEADERS_MAX = 16, MARGIN_MS = 5 }; /* so that "sent" is known before the call's deadline */

static const struct pl_hooks_service *service_of(const struct pl_hooks *h, struct pl_str name) {
    for (size_t i = 0; i < h->config.nservices; i++)
        if (pl_str_eq(h->config.services[i].name, name)) return &h->config.services[i];
    return NULL;
}

/* A 4xx says that nothing was done, but for those that say "again later" or "already at it". */
static bool surely_refused(int status) {
    return status >= 400 && status < 500 && status != 408 && status != 409 && status != 425 &&
           status != 429;
}

static void go_on(struct pl_hooks__call *c, const struct pl_http_reply *reply) {
    if (c->state == PL_HOOKS__ORPHAN) { /* the hook runs again and asks again, under its key */
        c->state = PL_HOOKS__WAITING;
        pl_hooks__call_rerun(c);
    } else if (reply->err) {
        enum pl_hook_why why = reply->err == PL_TIMEOUT ? PL_HOOK_WHY_DEADLINE : PL_HOOK_WHY_HTTP;
        pl_hooks__call_break(c, why, pl_str_c(pl_err_text(reply->err)));
    } else {
        pl_hooks__worker_reply(c->worker, c, reply);
    }
}

static void on_reply(void *ctx, const struct pl_http_reply *reply) {
    struct pl_hooks__ask *ask = ctx;
    struct pl_hooks__call *c = ask->call;
    struct pl_hooks *h = c->hooks;
    bool current = c->ask == ask;
    if (ask->write && reply->sent && (reply->err || !surely_refused(reply->status))) c->open = true;
    free(ask);
    c->asks--;
    h->asks--;
    if (current) {
        c->ask = NULL;
        go_on(c, reply);
    } else {
        pl_hooks__call_free_if_over(c);
    }
    if (h->stopping && h->asks == 0) pl_loop_stop(h->loop);
    pl_hooks__dispatch(h);
}

void pl_hooks__broker_forget(struct pl_hooks__call *c) {
    pl_http_cancel(c->hooks->config.http, c->ask->http_id);
    c->ask = NULL;
}

/* The first write of a run goes under the key itself, the nth under key.n: the same hook asks in
 * the same order each time it runs. */
static struct pl_str key_of(struct pl_hooks__call *c) {
    c->writes++;
    if (c->writes == 1) return c->asked.key;
    return pl_arena_printf(&c->arena, "%.*s.%u", PL_STR_ARG(c->asked.key), c->writes);
}

static size_t headers_of(struct pl_hooks__call *c, const struct pl_hooks_service *service,
                         const struct pl_hooks__said *said, struct pl_http_header *headers) {
    size_t n = 0;
    headers[n++] = (struct pl_http_header){PL_STR("Accept"), PL_STR("application/json")};
    if (said->type.n) headers[n++] = (struct pl_http_header){PL_STR("Content-Type"), said->type};
    if (said->method != PL_HTTP_GET)
        headers[n++] = (struct pl_http_header){PL_STR("Idempotency-Key"), key_of(c)};
    for (size_t i = 0; i < service->nheaders && n < HEADERS_MAX; i++)
        headers[n++] = service->headers[i];
    return n;
}

static const char *refusal(const struct pl_hooks__call *c, const struct pl_hooks_service *service,
                           enum pl_http_method method) {
    if (!service) return "no such service";
    if (c->asked.effect == PL_HOOK_PURE) return "a pure hook asks nobody";
    if (c->asked.effect == PL_HOOK_READ && method != PL_HTTP_GET) return "a read hook only gets";
    return NULL;
}

static void send_request(struct pl_hooks__call *c, const struct pl_hooks_service *service,
                         const struct pl_hooks__said *said) {
    struct pl_hooks *h = c->hooks;
    struct pl_hooks__ask *ask = calloc(1, sizeof *ask);
    struct pl_http_header headers[HEADERS_MAX];
    struct pl_buf url = {0};
    pl_assert(ask);
    *ask = (struct pl_hooks__ask){.call = c, .write = said->method != PL_HTTP_GET};
    pl_buf_str(&url, service->base_url);
    pl_buf_str(&url, said->path);
    int64_t left_ms = (c->deadline_us - pl_loop_now_us(h->loop)) / 1000 - MARGIN_MS;
    struct pl_http_request request = {
        .method = said->method,
        .retry = ask->write ? PL_HTTP_ONCE : PL_HTTP_IDEMPOTENT,
        .url = pl_buf_slice(&url),
        .headers = headers,
        .nheaders = headers_of(c, service, said, headers),
        .body = said->body,
        .deadline_ms = left_ms > 0 ? left_ms : 1,
        .cap = PL_HOOKS__BODY_MAX,
    };
    c->ask = ask;
    c->asks++;
    h->asks++;
    c->state = PL_HOOKS__HTTP_OUT;
    ask->http_id = pl_http_send(h->config.http, &request, h->loop, on_reply, ask);
    pl_buf_free(&url);
}

void pl_hooks__broker(struct pl_hooks__call *c, const struct pl_hooks__said *said) {
    const struct pl_hooks_service *service = service_of(c->hooks, said->service);
    const char *why_not = refusal(c, service, said->method);
    /* The worker has ended its turn and holds the call until it is told otherwise. */
    c->state = PL_HOOKS__HTTP_OUT;
    if (why_not)
        pl_hooks__call_break(c, PL_HOOK_WHY_REFUSED_HTTP, pl_str_c(why_not));
    else
        send_request(c, service, said);
}
