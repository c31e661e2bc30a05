/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/http/http_priv.h"

enum {
    LEAST_NEWS = 512, /* bytes of room for pieces that are joined */
    RETRY_AFTER_MOST_S = 24 * 60 * 60
};

static const char *const method_names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static bool plain_allowed(const struct pl_http_config *config, const char *host) {
    for (size_t i = 0; i < config->nplain_hosts; i++)
        if (pl_str_is(config->plain_hosts[i], host)) return true;
    return false;
}

/* https anywhere, http to listed hosts, no user names in the URL, no other scheme. */
static enum pl_err check_url(const struct pl_http_config *config, const char *url) {
    char *scheme = NULL, *host = NULL, *user = NULL;
    enum pl_err err = PL_MALFORMED;
    CURLU *u = curl_url();
    if (!u) return PL_NOMEM;
    if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        goto done;
    bool secure = strcmp(scheme, "https") == 0;
    if (!secure && strcmp(scheme, "http") != 0) {
        err = PL_DENIED;
        goto done;
    }
    if (curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK) goto done;
    bool named = curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK;
    err = !named && (secure || plain_allowed(config, host)) ? PL_OK : PL_DENIED;
done:
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_url_cleanup(u);
    return err;
}

static bool header_fits(const struct pl_http_header *h) {
    if (h->name.n == 0) return false;
    for (size_t i = 0; i < h->name.n; i++) {
        unsigned char c = (unsigned char)h->name.p[i];
        if (c <= ' ' || c >= 127 || strchr("()<>@,;:\\\"/[]?={}", c)) return false;
    }
    for (size_t i = 0; i < h->value.n; i++) {
        unsigned char c = (unsigned char)h->value.p[i];
        if ((c < ' ' && c != '\t') || c == 127) return false;
    }
    return true;
}

static enum pl_err add_header(struct pl_http__req *req, const struct pl_http_header *h) {
    if (!header_fits(h)) return PL_MALFORMED;
    struct pl_buf line = {0};
    pl_buf_str(&line, h->name);
    pl_buf_c(&line, h->value.n ? ": " : ";"); /* curl's way to send an empty header */
    pl_buf_str(&line, h->value);
    pl_buf_byte(&line, 0);
    struct curl_slist *more = line.failed ? NULL : curl_slist_append(req->headers, line.p);
    pl_buf_free(&line);
    if (!more) return PL_NOMEM;
    req->headers = more;
    return PL_OK;
}

static enum pl_err fill(struct pl_http__req *req, const struct pl_http_config *config,
                        const struct pl_http_request *r) {
    if (memchr(r->url.p, 0, r->url.n)) return PL_MALFORMED;
    enum pl_err err = check_url(config, req->url);
    for (size_t i = 0; i < r->nheaders && !err; i++) err = add_header(req, &r->headers[i]);
    if (err) return err;
    struct curl_slist *more = curl_slist_append(req->headers, "Expect:"); /* no 100-continue */
    if (!more) return PL_NOMEM;
    req->headers = more;
    pl_buf_str(&req->body, r->body);
    return req->body.failed ? PL_NOMEM : PL_OK;
}

struct pl_http__req *pl_http__req_new(const struct pl_http_config *config,
                                      const struct pl_http_request *r) {
    struct pl_http__req *req = calloc(1, sizeof *req);
    if (!req) return NULL;
    req->url = strndup(r->url.n ? r->url.p : "", r->url.n);
    if (!req->url) {
        free(req);
        return NULL;
    }
    req->method = r->method;
    req->retry = r->retry;
    req->ca = r->ca.n ? strndup(r->ca.p, r->ca.n) : NULL;
    req->opened = r->opened;
    req->piece = r->piece;
    pl_assert(!(r->opened || r->piece) || r->retry != PL_HTTP_IDEMPOTENT);
    req->cap = r->cap ? r->cap : 1024 * 1024;
    req->retry_after_ms = -1;
    req->begun_us = config->clock.mono_us(config->clock.ctx);
    req->deadline_us = req->begun_us + (r->deadline_ms > 0 ? r->deadline_ms : 1) * 1000;
    req->err = fill(req, config, r);
    return req;
}

void pl_http__req_free(struct pl_http__req *req) {
    pl_assert(!req->easy);
    curl_slist_free_all(req->headers);
    pl_buf_free(&req->body);
    pl_buf_free(&req->got);
    free(req->content_type);
    free(req->url);
    free(req->ca);
    free(req);
}

/* ---- streaming: what happens is posted to the loop, before the reply ---- */

struct pl_http__news {
    struct pl_post post;      /* first */
    struct pl_http__req *req; /* alive: its own post comes later */
    int status;               /* 0: connected */
    size_t n, cap;
    char bytes[];
};

static void tell_news(struct pl_post *post) {
    struct pl_http__news *k = (struct pl_http__news *)(void *)post;
    if (k->status)
        k->req->piece(k->req->ctx, k->status, (struct pl_str){k->bytes, k->n});
    else
        k->req->opened(k->req->ctx);
    free(k);
}

void pl_http__req_post(struct pl_http__req *req) {
    struct pl_http__news *k = req->news;
    req->news = NULL;
    k->post = (struct pl_post){.fn = tell_news};
    if (req->loop == req->from)
        tell_news(&k->post);
    else
        pl_loop_post_later(req->from, req->loop, &k->post);
}

static bool add_news(struct pl_http__req *req, int status, const char *bytes, size_t n) {
    struct pl_http__news *k = req->news;
    if (!k || n > k->cap - k->n) {
        size_t had = k ? k->n : 0, cap = 2 * (had + n) > LEAST_NEWS ? 2 * (had + n) : LEAST_NEWS;
        k = realloc(k, sizeof *k + cap);
        if (!k) return false;
        if (!req->news) {
            req->next_told = *req->told;
            *req->told = req;
        }
        k->n = had;
        k->cap = cap;
        req->news = k;
    }
    k->req = req;
    k->status = status;
    if (n) memcpy(k->bytes + k->n, bytes, n);
    k->n += n;
    return true;
}

/* At once: it says since when the other side may work. */
static bool add_opened(struct pl_http__req *req) {
    struct pl_http__news *k = calloc(1, sizeof *k);
    if (!k) return false;
    *k = (struct pl_http__news){.post = {.fn = tell_news}, .req = req};
    if (req->loop == req->from)
        tell_news(&k->post);
    else
        pl_loop_post(req->loop, &k->post);
    return true;
}

static int connected(void *ctx, char *peer, char *local, int peer_port, int local_port) {
    (void)peer, (void)local, (void)peer_port, (void)local_port;
    return add_opened(ctx) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t take_piece(char *bytes, size_t one, size_t n, void *ctx) {
    (void)one;
    struct pl_http__req *req = ctx;
    long status = 0;
    if (n > req->cap - req->seen) {
        req->over_cap = true;
        return 0;
    }
    req->seen += n;
    curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE, &status);
    return n == 0 || add_news(req, (int)status, bytes, n) ? n : 0;
}

static size_t take_body(char *bytes, size_t one, size_t n, void *ctx) {
    (void)one;
    struct pl_http__req *req = ctx;
    if (n > req->cap - req->got.n) {
        req->over_cap = true;
        return 0; /* fewer than offered: curl ends the transfer */
    }
    pl_buf_add(&req->got, bytes, n);
    return req->got.failed ? 0 : n;
}

static void set_method(struct pl_http__req *req, CURL *e) {
    if (req->method == PL_HTTP_GET && req->body.n == 0) {
        curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
        return;
    }
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.n);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, req->body.n ? req->body.p : "");
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method_names[req->method]);
}

static void set_safety(CURL *e) {
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
    /* Certificates from the bundle alone: with a folder too, libcurl reads all of them anew for
     * each connection, on this thread, instead of keeping them. */
    curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(e, CURLOPT_PROXY, ""); /* the environment has no say */
    /* One request a connection at a time, so that "sent" is about this request. */
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
}

enum pl_err pl_http__req_arm(struct pl_http__req *req, int64_t now_us) {
    int64_t left_ms = (req->deadline_us - now_us + 999) / 1000;
    if (left_ms <= 0) return PL_TIMEOUT;
    CURL *e = curl_easy_init();
    if (!e) return PL_NOMEM;
    req->easy = e;
    req->attempts++;
    req->again_us = 0;
    req->fault = PL_HTTP_FAULT_NONE;
    pl_buf_clear(&req->got);
    set_safety(e);
    set_method(req, e);
    curl_easy_setopt(e, CURLOPT_URL, req->url);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, req->headers);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, req->piece ? take_piece : take_body);
    if (req->opened) {
        curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, connected);
        curl_easy_setopt(e, CURLOPT_PREREQDATA, req);
    }
    if (req->ca) curl_easy_setopt(e, CURLOPT_CAINFO, req->ca);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, req);
    curl_easy_setopt(e, CURLOPT_PRIVATE, req);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, req->retry == PL_HTTP_ONCE ? 1L : 0L);
    return PL_OK;
}

static enum pl_err err_of(const struct pl_http__req *req, CURLcode code) {
    if (code == CURLE_OK) return PL_OK;
    if (req->over_cap) return PL_LIMIT;
    if (code == CURLE_OPERATION_TIMEDOUT) return PL_TIMEOUT;
    if (code == CURLE_OUT_OF_MEMORY) return PL_NOMEM;
    if (code == CURLE_UNSUPPORTED_PROTOCOL) return PL_DENIED;
    if (code == CURLE_URL_MALFORMAT) return PL_MALFORMED;
    return PL_IO;
}

static enum pl_http_fault fault_of(const struct pl_http__req *req, CURLcode code) {
    if (err_of(req, code) != PL_IO) return PL_HTTP_FAULT_NONE;
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: return PL_HTTP_FAULT_NAME;
    case CURLE_COULDNT_CONNECT: return PL_HTTP_FAULT_CONNECT;
    case CURLE_PEER_FAILED_VERIFICATION: return PL_HTTP_FAULT_CERTIFICATE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER: return PL_HTTP_FAULT_TLS;
    default: return PL_HTTP_FAULT_CUT;
    }
}

void pl_http__req_finish(struct pl_http__req *req, CURLcode code) {
    long status = 0, request_bytes = 0;
    curl_off_t pretransfer = 0, retry_after = 0;
    char *type = NULL;
    curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(req->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    curl_easy_getinfo(req->easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer);
    curl_easy_getinfo(req->easy, CURLINFO_RETRY_AFTER, &retry_after);
    curl_easy_getinfo(req->easy, CURLINFO_CONTENT_TYPE, &type);
    free(req->content_type);
    req->content_type = type ? strdup(type) : NULL;
    req->status = (int)status;
    if (retry_after > RETRY_AFTER_MOST_S) retry_after = RETRY_AFTER_MOST_S;
    req->retry_after_ms = retry_after > 0 ? (int64_t)retry_after * 1000 : -1;
    /* Ready to send counts as sent: the promise is about "surely not". */
    if (request_bytes > 0 || pretransfer > 0) req->sent = true;
    req->err = err_of(req, code);
    req->fault = fault_of(req, code);
    curl_easy_cleanup(req->easy);
    req->easy = NULL;
}
