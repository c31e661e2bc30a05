/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that customers send up, and that operators fetch.
 *
 *   POST /api/v1/uploads        the body is the file, nothing around it
 *   GET  /api/v1/uploads/<ref>  with a token that may
 *
 *   head -> does a question want one? (the engine) -> body -> sealed file -> on disk -> 201
 *
 * What the engine has not allowed yet is held back in memory, and reading stops meanwhile. A file
 * that is refused after its head was taken is read to its end and dropped: a browser that still
 * sends would not see the answer otherwise.
 */
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/gateway/gateway_priv.h"

#define UPLOADS    "/api/v1/uploads"
#define NAME       "parlance-name"
#define AT_ONCE    32        /* files under way */
#define EARLY_MOST (1 << 20) /* bytes of one before it is allowed */
#define SLOWEST    8         /* bytes a millisecond, else it takes too long */
#define KINDS      8

struct pl_gateway__upload {
    uint64_t ticket;
    uint8_t conversation[16];
    uint64_t size, came;
    int64_t since_us;
    struct pl_buf early;
    struct pl_blob_put *put;
    bool whole; /* all of the body came */
    char name[1024];
};

/* ---- what is answered ---- */

static void refused(struct pl_gateway__http *a, enum pl_err err) {
    switch (err) {
    case PL_DENIED:
    case PL_NOT_FOUND:
        pl_gateway__http_error(a, 403, "resume_refused", "no conversation with this secret");
        return;
    case PL_ERASED: pl_gateway__http_error(a, 410, "erased", "the conversation was erased"); return;
    case PL_CONFLICT:
        pl_gateway__http_error(a, 409, "not_asked", "no question for a file is open");
        return;
    case PL_TYPE:
        pl_gateway__http_error(a, 415, "type", "the question takes no file of this kind");
        return;
    case PL_LIMIT: pl_gateway__http_error(a, 413, "too_big", "the file is too large"); return;
    case PL_BUSY:
        pl_gateway__http_error(a, 429, "too_many", "the conversation has too many files");
        return;
    case PL_MALFORMED: pl_gateway__http_error(a, 400, "cut_off", "the file was cut off"); return;
    case PL_FULL: pl_gateway__http_error(a, 507, "full", "there is no room for the file"); return;
    default:
        a->retry_after_s = 5;
        pl_gateway__http_error(a, 503, "unavailable", "the file could not be kept; send it again");
        return;
    }
}

static void fail(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a,
                 enum pl_err err) {
    struct pl_gateway__upload *u = a->upload;
    pl_gateway__count(g, PL_GATEWAY_uploads_refused, 1);
    pl_blob_drop(&u->put);
    pl_buf_free(&u->early);
    refused(a, err);
    if (u->whole) lws_callback_on_writable(wsi);
}

static void put_info(struct pl_gateway__http *a, const struct pl_blob_info *info) {
    char ref[PL_BLOB_REF];
    struct pl_jw w = {.b = &a->body};
    pl_blob_ref_print(&info->id, ref);
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "upload", pl_str_c(ref));
    pl_jw_text_member(&w, "type", pl_str_c(info->type));
    pl_jw_int_member(&w, "size", (int64_t)info->size);
    pl_jw_text_member(&w, "name", pl_str_c(info->name));
    pl_jw_close(&w, '}');
}

/* It is on disk, or cannot be. */
static void stored(void *ctx, uint64_t ticket, enum pl_err err, const struct pl_blob_info *info,
                   struct pl_str bytes) {
    struct pl_gateway *g = ctx;
    const struct pl_gateway__asked *k = pl_gateway__asked(g, ticket);
    (void)bytes;
    if (k == NULL) return; /* its sender went away: nobody uses it, and it goes within a day */
    if (err != PL_OK) {
        fail(g, k->wsi, k->a, err);
        return;
    }
    pl_gateway__count(g, PL_GATEWAY_uploads, 1);
    k->a->status = 201;
    k->a->type = "application/json";
    put_info(k->a, info);
    lws_callback_on_writable(k->wsi);
}

/* ---- the body ---- */

static void end_put(struct pl_gateway *g, struct pl_gateway__upload *u) {
    pl_blob_finish(&u->put, stored, g, u->ticket);
}

static bool is_late(const struct pl_gateway *g, const struct pl_gateway__upload *u) {
    int64_t most_ms = g->c.message_wait_ms + (int64_t)(u->size / SLOWEST);
    return pl_loop_now_us(g->c.loop) - u->since_us > most_ms * 1000;
}

int pl_gateway__upload_body(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a,
                            const void *in, size_t len) {
    struct pl_gateway__upload *u = a->upload;
    struct pl_str bytes = {in, len};
    if (len > u->size - u->came || is_late(g, u)) return -1; /* more than it said; too slow */
    u->came += len;
    if (a->status || len == 0) return 0; /* refused: to its end */
    if (u->put == NULL) {
        pl_buf_str(&u->early, bytes);
        return u->early.n > EARLY_MOST || u->early.failed ? -1 : 0;
    }
    enum pl_err err = pl_blob_add(u->put, bytes);
    if (err != PL_OK) fail(g, wsi, a, err);
    return 0;
}

int pl_gateway__upload_whole(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    struct pl_gateway__upload *u = a->upload;
    u->whole = true;
    if (a->status)
        lws_callback_on_writable(wsi);
    else if (u->put)
        end_put(g, u);
    return 0;
}

int pl_gateway__upload_writeable(struct pl_gateway *g, struct lws *wsi,
                                 struct pl_gateway__http *a) {
    if (a->at > 0) return pl_gateway__http_more(g, wsi, a);
    if (!a->status || !a->upload->whole) return 0;
    return pl_gateway__http_answer(g, wsi, a, false);
}

void pl_gateway__upload_forget(struct pl_gateway *g, struct pl_gateway__http *a) {
    struct pl_gateway__upload *u = a->upload;
    free(a->download);
    a->download = NULL;
    if (u == NULL) return;
    a->upload = NULL;
    pl_blob_drop(&u->put);
    pl_buf_free(&u->early);
    free(u);
    g->nuploads--;
}

/* ---- the engine's word ---- */

struct wanted {
    struct pl_post post;
    struct pl_gateway *g;
    uint64_t ticket;
    enum pl_err err;
    struct pl_key_id key;
    uint32_t naccept;
    char accept[KINDS][16];
};

static enum pl_err begin_put(struct pl_gateway *g, struct pl_gateway__upload *u,
                             const struct wanted *w) {
    struct pl_str accept[KINDS];
    struct pl_blob_new what = {.key = w->key,
                               .name = pl_str_c(u->name),
                               .size = u->size,
                               .accept = accept,
                               .naccept = w->naccept};
    for (uint32_t i = 0; i < w->naccept; i++) accept[i] = pl_str_c(w->accept[i]);
    memcpy(what.conversation, u->conversation, sizeof what.conversation);
    enum pl_err err = pl_blob_begin(g->c.blobs, &what, &u->put);
    if (err == PL_OK) err = pl_blob_add(u->put, pl_buf_slice(&u->early));
    pl_buf_free(&u->early);
    return err;
}

/* On the gateway's thread. */
static void arrive(struct pl_post *post) {
    struct wanted *w = (struct wanted *)(void *)post; /* its first member */
    struct pl_gateway *g = w->g;
    const struct pl_gateway__asked *k = pl_gateway__asked(g, w->ticket);
    if (k != NULL && k->a->upload != NULL && !k->a->status) {
        struct pl_gateway__upload *u = k->a->upload;
        struct lws *wsi = k->wsi;
        enum pl_err err = w->err == PL_OK ? begin_put(g, u, w) : w->err;
        if (err != PL_OK)
            fail(g, wsi, k->a, err);
        else if (u->whole)
            end_put(g, u);
        lws_rx_flow_control(wsi, 1);
    }
    free(w);
}

void pl_gateway_wanted(struct pl_gateway *g, uint64_t ticket, enum pl_err err,
                       const struct pl_gateway_wanted *wanted) {
    struct wanted *w = calloc(1, sizeof *w);
    pl_assert(w != NULL);
    *w = (struct wanted){.post.fn = arrive, .g = g, .ticket = ticket, .err = err};
    if (err == PL_OK) w->key = wanted->key;
    if (err == PL_OK) w->naccept = wanted->naccept < KINDS ? wanted->naccept : KINDS;
    for (uint32_t i = 0; i < w->naccept; i++)
        snprintf(w->accept[i], sizeof w->accept[i], "%.*s", PL_STR_ARG(wanted->accept[i]));
    pl_loop_post(g->c.loop, &w->post);
}

/* ---- the head ---- */

/* Before the body is read: -1 hangs up after the answer. */
static int refuse(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a, int status,
                  const char *code, const char *message) {
    if (status) pl_gateway__http_error(a, status, code, message);
    pl_gateway__count(g, PL_GATEWAY_uploads_refused, 1);
    pl_gateway__http_headers(wsi, a, true);
    return -1;
}

static bool has_secret(struct lws *wsi, struct pl_resume *out) {
    char text[PL_RESUME_TEXT + 16];
    struct pl_str bearer = PL_STR("Bearer ");
    struct pl_str got = pl_gateway__header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, text, sizeof text);
    bool good = pl_str_starts(got, bearer) &&
                pl_resume_read((struct pl_str){got.p + bearer.n, got.n - bearer.n}, out);
    pl_crypto_wipe(text, sizeof text);
    return good;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-encoded, as headers hold no other letters; what is no such code stays as it is. */
static void take_name(struct lws *wsi, char *name, size_t size) {
    int n = lws_hdr_custom_copy(wsi, name, (int)size, NAME ":", (int)sizeof NAME);
    size_t to = 0;
    for (int i = 0; i < n; i++) {
        bool code = name[i] == '%' && i + 2 < n && hex_digit(name[i + 1]) >= 0 &&
                    hex_digit(name[i + 2]) >= 0;
        name[to++] = (char)(code ? hex_digit(name[i + 1]) * 16 + hex_digit(name[i + 2]) : name[i]);
        if (code) i += 2;
    }
    name[to] = '\0';
}

/* Whether this address may send one now. */
static bool within_rate(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    const struct pl_gateway__peer *peer = lws_get_opaque_user_data(wsi);
    int64_t wait = pl_limits_take(g->uploads, peer->key, 1, pl_loop_now_us(g->c.loop));
    bool full = g->draining || g->nuploads >= AT_ONCE;
    a->retry_after_s = full ? 5 : (wait + 999) / 1000;
    if (full)
        pl_gateway__http_error(a, 503, "unavailable", "too many files are being sent");
    else if (wait > 0)
        pl_gateway__http_error(a, 429, "rate_limited", "too many files in a short time");
    return !full && wait == 0;
}

static int begin(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a, uint64_t size,
                 const struct pl_resume *who) {
    uint64_t ticket = pl_gateway__ticket(g, wsi, a);
    if (ticket == 0) return refuse(g, wsi, a, 0, NULL, NULL);
    struct pl_gateway__upload *u = a->upload = calloc(1, sizeof *u);
    pl_assert(u != NULL);
    g->nuploads++;
    u->ticket = ticket;
    u->size = size;
    u->since_us = pl_loop_now_us(g->c.loop);
    memcpy(u->conversation, who->conversation, sizeof u->conversation);
    take_name(wsi, u->name, sizeof u->name);
    lws_rx_flow_control(wsi, 0);
    g->c.api.wants(g->c.api.ctx, ticket, who->conversation, who->hash);
    return 0;
}

static int post_file(struct pl_gateway *g, struct lws *wsi, int method,
                     struct pl_gateway__http *a) {
    char text[256];
    int64_t n = -1;
    struct pl_resume who;
    struct pl_str origin = pl_gateway__header(wsi, WSI_TOKEN_ORIGIN, text, sizeof text);
    if (!pl_gateway__origin(g, origin, a)) return refuse(g, wsi, a, 0, NULL, NULL);
    pl_gateway__call_remember(g, wsi, a);
    a->allow = "POST, OPTIONS";
    if (method == LWSHUMETH_OPTIONS) {
        a->status = 200;
        a->type = "text/plain";
        return pl_gateway__http_answer(g, wsi, a, false);
    }
    if (method != LWSHUMETH_POST)
        return refuse(g, wsi, a, 405, "method_not_allowed", "only POST is answered");
    if (!g->c.blobs) return refuse(g, wsi, a, 404, "not_found", "no files are taken here");
    struct pl_str length =
        pl_gateway__header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text);
    if (!pl_str_i64(length, &n) || n <= 0)
        return refuse(g, wsi, a, 411, "length", "send a file with a Content-Length");
    if (n > g->c.upload_bytes) return refuse(g, wsi, a, 413, "too_big", "the file is too large");
    if (!has_secret(wsi, &who))
        return refuse(g, wsi, a, 401, "resume_missing",
                      "send the conversation's secret: Authorization: Bearer <resume>");
    if (!within_rate(g, wsi, a)) return refuse(g, wsi, a, 0, NULL, NULL);
    return begin(g, wsi, a, (uint64_t)n, &who);
}

/* ---- fetching one ---- */

/* A name that any header may hold: RFC 8187. */
static char *disposition(const char *name) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    struct pl_buf b = {0};
    pl_buf_c(&b, "attachment; filename*=UTF-8''");
    for (const char *p = name; *p; p++) {
        if (strchr(plain, *p))
            pl_buf_byte(&b, (uint8_t)*p);
        else
            pl_buf_printf(&b, "%%%02X", (unsigned char)*p);
    }
    pl_buf_byte(&b, 0);
    pl_assert(!b.failed);
    return b.p;
}

static void loaded(void *ctx, uint64_t ticket, enum pl_err err, const struct pl_blob_info *info,
                   struct pl_str bytes) {
    struct pl_gateway *g = ctx;
    const struct pl_gateway__asked *k = pl_gateway__asked(g, ticket);
    if (k == NULL) return;
    struct pl_gateway__http *a = k->a;
    if (err == PL_NOT_FOUND) {
        pl_gateway__http_error(a, 404, "not_found", "there is no such file");
    } else if (err == PL_ERASED) {
        pl_gateway__http_error(a, 410, "erased", "the conversation was erased");
    } else if (err != PL_OK) {
        pl_gateway__http_error(a, 500, "unreadable", "the file cannot be read");
    } else {
        bool text = strcmp(info->type, "text/plain") == 0;
        pl_gateway__count(g, PL_GATEWAY_downloads, 1);
        a->status = 200;
        a->type = text ? "text/plain; charset=utf-8" : info->type;
        a->download = disposition(info->name);
        pl_buf_str(&a->body, bytes);
    }
    lws_callback_on_writable(k->wsi);
}

static int get_file(struct pl_gateway *g, struct lws *wsi, int method, struct pl_str ref,
                    struct pl_gateway__http *a) {
    struct pl_token token;
    struct pl_blob_id id;
    a->head = method == LWSHUMETH_HEAD;
    if (method != LWSHUMETH_GET && !a->head) {
        pl_gateway__http_error(a, 405, "method_not_allowed", "only GET and HEAD are answered");
        pl_gateway__http_headers(wsi, a, true);
        return -1;
    }
    if (!pl_gateway__permitted(g, wsi, PL_TOKEN_MAY_UPLOADS, a, &token))
        return pl_gateway__http_answer(g, wsi, a, a->head);
    if (!g->c.blobs || !pl_blob_ref_read(ref, &id)) {
        pl_gateway__http_error(a, 404, "not_found", "there is no such file");
        return pl_gateway__http_answer(g, wsi, a, a->head);
    }
    uint64_t ticket = pl_gateway__ticket(g, wsi, a);
    if (ticket == 0) return pl_gateway__http_answer(g, wsi, a, a->head);
    pl_blobs_read(g->c.blobs, &id, loaded, g, ticket);
    return 0;
}

bool pl_gateway__is_upload(struct pl_str path) {
    return pl_str_is(path, UPLOADS) || pl_str_starts(path, PL_STR(UPLOADS "/"));
}

int pl_gateway__upload(struct pl_gateway *g, struct lws *wsi, int method, struct pl_str path,
                       struct pl_gateway__http *a) {
    struct pl_str before = PL_STR(UPLOADS "/");
    if (pl_str_is(path, UPLOADS)) return post_file(g, wsi, method, a);
    return get_file(g, wsi, method, (struct pl_str){path.p + before.n, path.n - before.n}, a);
}
