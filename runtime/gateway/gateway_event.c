/* SPDX-License-Identifier: Apache-2.0
 *
 * What the shop tells: POST /api/v1/events with a token that may.
 *
 *   {"event":"shipping.delayed", "customer":"<id>", "args":{...}, "key":"once-only"}
 *
 * The body is small and read whole before anything is done with it; the answer comes from the
 * engine, once the event is on disk.
 */
#include <libwebsockets.h>
#include <string.h>

#include "runtime/gateway/gateway_priv.h"

#define BODY_MOST 16384
#define NAME_MOST 128
#define KEY_MOST  128

/* ---- the answer ---- */

static void say(struct pl_gateway__http *a, int status, const char *code, struct pl_str why,
                const char *otherwise) {
    char text[256];
    snprintf(text, sizeof text, "%.*s", (int)(why.n < 200 ? why.n : 200), why.n ? why.p : "");
    pl_gateway__http_error(a, status, code, text[0] ? text : otherwise);
}

void pl_gateway__event_fill(struct pl_gateway__http *a, enum pl_err err, struct pl_str why) {
    switch (err) {
    case PL_OK:
        pl_buf_c(&a->body,
                 pl_str_is(why, "kept") ? "{\"taken\":true,\"kept\":true}" : "{\"taken\":true}");
        return;
    case PL_EXISTS: pl_buf_c(&a->body, "{\"taken\":true,\"repeated\":true}"); return;
    case PL_NOT_FOUND:
        say(a, 404, "not_found", PL_STR(""), "there is no such conversation");
        return;
    case PL_ERASED: say(a, 410, "erased", PL_STR(""), "the conversation was erased"); return;
    case PL_TYPE: say(a, 422, "bad_event", why, "these are not the event's arguments"); return;
    case PL_CONFLICT:
        say(a, 409, "key_reused", PL_STR(""), "this key was used for another event");
        return;
    case PL_BUSY:
        a->retry_after_s = 60;
        say(a, 429, "busy", why, "too many events wait for the customer");
        return;
    default:
        a->retry_after_s = 5;
        say(a, 503, "unavailable", PL_STR(""), "the event could not be kept; send it again");
        return;
    }
}

/* ---- the body ---- */

static void put_json(struct pl_buf *b, const struct pl_json *j) {
    char open = j->kind == PL_JOBJECT ? '{' : '[';
    switch (j->kind) {
    case PL_JNULL: pl_buf_c(b, "null"); return;
    case PL_JBOOL: pl_buf_c(b, j->b ? "true" : "false"); return;
    case PL_JNUMBER: pl_buf_str(b, j->s); return;
    case PL_JTEXT: pl_json_quote(b, j->s); return;
    case PL_JARRAY:
    case PL_JOBJECT: break;
    }
    pl_buf_byte(b, (uint8_t)open);
    for (size_t i = 0; i < j->n; i++) {
        if (i) pl_buf_byte(b, ',');
        if (open == '{') {
            pl_json_quote(b, j->m[i].name);
            pl_buf_byte(b, ':');
        }
        put_json(b, &j->m[i].value);
    }
    pl_buf_byte(b, open == '{' ? '}' : ']');
}

static bool known_member(struct pl_str name) {
    static const char *const names[] = {"event", "customer", "conversation", "args", "key"};
    for (size_t i = 0; i < PL_LEN(names); i++)
        if (pl_str_is(name, names[i])) return true;
    return false;
}

/* Exactly one of them says whom it is for. */
static const char *read_whom(const struct pl_json *body, struct pl_gateway_happening *out) {
    out->by_customer = pl_json_get(body, "customer") != NULL;
    if (out->by_customer == (pl_json_get(body, "conversation") != NULL))
        return "name either `customer` or `conversation`";
    if (out->by_customer && !pl_identity_customer(pl_json_text(body, "customer"), out->customer))
        return "`customer` is the shop's id of him, a text of 1 to 128 bytes";
    if (!out->by_customer && !pl_unhex(pl_json_text(body, "conversation"), out->conversation, 16))
        return "`conversation` is an id of 32 hexadecimal digits";
    return NULL;
}

/* What is wrong with it; NULL: nothing. */
static const char *read_body(struct pl_arena *arena, struct pl_str text, struct pl_buf *args,
                             struct pl_gateway_happening *out) {
    struct pl_json body;
    size_t at;
    if (pl_json_parse(arena, text, &body, &at) != PL_OK || body.kind != PL_JOBJECT)
        return "the body is one JSON object";
    for (size_t i = 0; i < body.n; i++)
        if (!known_member(body.m[i].name))
            return "the members are event, customer, conversation, args, key";
    out->name = pl_json_text(&body, "event");
    out->key = pl_json_text(&body, "key");
    const struct pl_json *given = pl_json_get(&body, "args"), *key = pl_json_get(&body, "key");
    if (out->name.n == 0 || out->name.n > NAME_MOST) return "`event` is the name of an event";
    const char *wrong = read_whom(&body, out);
    if (wrong) return wrong;
    if (given && given->kind != PL_JOBJECT) return "`args` is a JSON object";
    if (key && (key->kind != PL_JTEXT || out->key.n == 0 || out->key.n > KEY_MOST))
        return "`key` is a text of 1 to 128 bytes";
    if (given) put_json(args, given);
    out->args = pl_buf_slice(args);
    return args->failed ? "the body is too large" : NULL;
}

int pl_gateway__event_body(struct pl_gateway *g, struct pl_gateway__http *a, const void *in,
                           size_t len) {
    if (a->asked || a->status) return len == 0 ? 0 : -1;
    if (a->body.n + len > BODY_MOST) return -1; /* more than it said */
    if (pl_loop_now_us(g->c.loop) - a->since_us > g->c.message_wait_ms * 1000) return -1;
    if (len) pl_buf_add(&a->body, in, len);
    return a->body.failed ? -1 : 0;
}

int pl_gateway__event_whole(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    struct pl_gateway_happening what = {0};
    struct pl_buf args = {0};
    if (a->asked || a->status) return -1;
    if (a->back) return pl_gateway__back_whole(g, wsi, a);
    pl_arena_reset(&g->arena);
    const char *wrong = read_body(&g->arena, pl_buf_slice(&a->body), &args, &what);
    if (wrong) {
        pl_gateway__http_error(a, 400, "malformed", wrong);
    } else {
        uint64_t ticket = pl_gateway__ticket(g, wsi, a);
        if (ticket) g->c.api.event(g->c.api.ctx, ticket, &what);
        if (ticket) pl_buf_clear(&a->body);
    }
    pl_buf_free(&args);
    return a->asked ? 0 : pl_gateway__http_answer(g, wsi, a, false);
}

/* ---- the request ---- */

bool pl_gateway__is_event(struct pl_str path) {
    return pl_str_is(path, "/api/v1/events");
}

/* Before the body is read: -1 hangs up after the answer, since the body would follow. */
static int refuse(struct lws *wsi, struct pl_gateway__http *a) {
    pl_gateway__http_headers(wsi, a, true);
    return -1;
}

bool pl_gateway__measured(struct lws *wsi, struct pl_gateway__http *a, int64_t most) {
    char text[64];
    int64_t n = -1;
    struct pl_str length =
        pl_gateway__header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text);
    if (!pl_str_i64(length, &n) || n <= 0) {
        pl_gateway__http_error(a, 411, "length", "send the body with a Content-Length");
        return false;
    }
    snprintf(text, sizeof text, "the body has at most %lld bytes", (long long)most);
    if (n > most) pl_gateway__http_error(a, 413, "too_big", text);
    return n <= most;
}

int pl_gateway__event(struct pl_gateway *g, struct lws *wsi, int method,
                      struct pl_gateway__http *a) {
    struct pl_token token;
    a->allow = "POST";
    if (method != LWSHUMETH_POST) {
        pl_gateway__http_error(a, 405, "method_not_allowed", "only POST is answered");
        return refuse(wsi, a);
    }
    if (!pl_gateway__permitted(g, wsi, PL_TOKEN_MAY_EVENTS, a, &token)) return refuse(wsi, a);
    if (!pl_gateway__measured(wsi, a, BODY_MOST)) return refuse(wsi, a);
    a->posts = true;
    a->since_us = pl_loop_now_us(g->c.loop);
    return 0;
}
