/* SPDX-License-Identifier: Apache-2.0
 *
 * Pages of articles, and who opened them: a browser that has read one says so when it asks again,
 * and an address counts a few times a day for the same article, whatever asks from there.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "runtime/gateway/gateway_lws.h"
#include "runtime/gateway/gateway_priv.h"

#define PATH_MOST 600

static const char css[] =
    ":root{color-scheme:light dark}"
    "body{margin:0;padding:24px 20px 48px;font:1.0625rem/1.6 system-ui,\"Noto Sans\","
    "\"Noto Sans Arabic\",sans-serif}"
    "main{max-width:42rem;margin:0 auto;overflow-wrap:anywhere}"
    "h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.2rem;margin-top:2rem}"
    "p{white-space:pre-line}"
    "footer{max-width:42rem;margin:2.5rem auto 0;padding-top:.75rem;border-top:1px solid #8888;"
    "font-size:.875rem;display:flex;gap:1.25rem;opacity:.8}";

/* Something that reads pages for itself, and says so. */
static bool is_robot(struct lws *wsi) {
    static const char *const words[] = {"bot", "crawl", "spider", "preview", "curl/", "wget/"};
    char agent[512], ahead[64];
    struct pl_str s = pl_gateway__header(wsi, WSI_TOKEN_HTTP_USER_AGENT, agent, sizeof agent);
    if (s.n == 0) return true;
    for (size_t i = 0; i < PL_LEN(words); i++)
        if (strcasestr(agent, words[i]) != NULL) return true;
    /* a browser fetches what the customer may open next */
    int n = lws_hdr_custom_copy(wsi, ahead, (int)sizeof ahead, "sec-purpose:", 12);
    return n > 0 && strstr(ahead, "prefetch") != NULL;
}

static bool within(struct pl_gateway *g, struct lws *wsi, struct pl_str name) {
    const struct pl_gateway__peer *peer = lws_get_opaque_user_data(wsi);
    struct pl_peer key = peer->key;
    uint64_t hash = pl_fnv(pl_fnv(PL_FNV, key.bytes, sizeof key.bytes), name.p, name.n);
    memcpy(key.bytes + 1, &hash, sizeof hash);
    return pl_limits_take(g->views, key, 1, pl_loop_now_us(g->c.loop)) == 0;
}

static bool is_view(struct pl_gateway *g, struct lws *wsi, const struct pl_gateway__http *a,
                    struct pl_str name) {
    char *uri;
    int len;
    return lws_http_get_uri_and_method(wsi, &uri, &len) == LWSHUMETH_GET &&
           !pl_gateway__unchanged(wsi, a) && !is_robot(wsi) && within(g, wsi, name);
}

/* The counts are none of what makes a page another one, or every view would. */
static void page(struct pl_gateway *g, struct lws *wsi, struct pl_str locale, struct pl_str id,
                 struct pl_gateway__http *a) {
    const struct pl_gateway_api *api = &g->c.api;
    struct pl_buf name = {0};
    a->type = "text/html; charset=utf-8";
    if (!api->article(api->ctx, locale, id, &a->body, &name)) {
        pl_gateway__http_error(a, 404, "not_found", "no such article");
    } else {
        pl_gateway__etag(a);
        if (api->viewed != NULL && is_view(g, wsi, a, pl_buf_slice(&name)))
            api->viewed(api->ctx, pl_buf_slice(&name));
        if (api->tally != NULL) api->tally(api->ctx, pl_buf_slice(&name), &a->body);
    }
    pl_buf_free(&name);
}

void pl_gateway__article(struct pl_gateway *g, struct lws *wsi, struct pl_str path,
                         struct pl_gateway__http *a) {
    size_t slash = pl_str_find(path, PL_STR("/"));
    struct pl_str locale = {path.p, slash == SIZE_MAX ? 0 : slash};
    a->status = 200;
    if (pl_str_is(path, "style.css")) {
        a->type = "text/css; charset=utf-8";
        pl_buf_c(&a->body, css);
        pl_gateway__etag(a);
    } else if (locale.n == 0 || path.n > PATH_MOST) {
        pl_gateway__http_error(a, 404, "not_found", "no such article");
    } else {
        page(g, wsi, locale, (struct pl_str){path.p + slash + 1, path.n - slash - 1}, a);
    }
}
