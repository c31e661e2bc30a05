/* SPDX-License-Identifier: Apache-2.0
 *
 * What the designer's page asks: GET /studio/state?conversation=…&after=…, GET /studio/graph?flow=…
 */
#include <libwebsockets.h>
#include <string.h>

#include "runtime/gateway/gateway_priv.h"

#define FOLDER "/studio/"

bool pl_gateway__is_look(const struct pl_gateway *g, struct pl_str path) {
    return g->c.api.look != NULL && pl_str_starts(path, PL_STR(FOLDER));
}

#define QUERY_MOST 255

static struct pl_str argument(struct lws *wsi, const char *name, char text[QUERY_MOST + 1]) {
    const char *value = lws_get_urlarg_by_name(wsi, name, text, QUERY_MOST + 1);
    return value != NULL ? pl_str_c(value) : (struct pl_str){0};
}

static bool read_look(struct lws *wsi, struct pl_gateway_look *look, char text[3][QUERY_MOST + 1]) {
    int64_t n = 0;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS) > QUERY_MOST) return false;
    look->conversation = argument(wsi, "conversation=", text[0]);
    look->flow = argument(wsi, "flow=", text[1]);
    struct pl_str after = argument(wsi, "after=", text[2]);
    if (after.n && (!pl_str_i64(after, &n) || n < 0)) return false;
    look->after = (uint64_t)n;
    return true;
}

int pl_gateway__look(struct pl_gateway *g, struct lws *wsi, int method, struct pl_str path,
                     struct pl_gateway__http *a) {
    char text[3][QUERY_MOST + 1];
    struct pl_gateway_look look = {
        .what = {path.p + sizeof FOLDER - 1, path.n - (sizeof FOLDER - 1)}};
    bool known = pl_str_is(look.what, "state") || pl_str_is(look.what, "graph");
    if (method != LWSHUMETH_GET) {
        a->last = true; /* a body that it may have is not read */
        pl_gateway__http_error(a, 405, "method_not_allowed", "only GET is answered");
        pl_gateway__http_headers(wsi, a, true);
        return -1;
    }
    uint64_t ticket = 0;
    if (!known)
        pl_gateway__http_error(a, 404, "not_found", "here are state and graph");
    else if (!read_look(wsi, &look, text))
        pl_gateway__http_error(a, 400, "malformed", "`after` takes a number; a query is short");
    else
        ticket = pl_gateway__ticket(g, wsi, a);
    if (ticket == 0) return pl_gateway__http_answer(g, wsi, a, false);
    g->c.api.look(g->c.api.ctx, ticket, &look);
    return 0;
}
