/* SPDX-License-Identifier: Apache-2.0
 * Private to this room: one request under way. */
#ifndef PL_HTTP_PRIV_H
#define PL_HTTP_PRIV_H

#include <curl/curl.h>

#include "runtime/http/http.h"
#include "runtime/loop/loop.h"

/* A request belongs to the client's thread from the send command until its post is on its way, then
 * to the loop, whose post frees it. `easy` exists while an attempt runs. */
struct pl_http__req {
    struct pl_post post; /* first: the post is the request */
    struct pl_http *http;
    struct pl_http__req *prev, *next;
    struct pl_http__news *news;             /* pieces that came, on no way yet; NULL: none */
    struct pl_http__req *next_told, **told; /* those that have news */
    struct pl_loop *loop, *from;            /* whose asked; the client's */
    pl_http_done *done;
    void *ctx;
    uint64_t id;
    enum pl_http_method method;
    enum pl_http_retry retry;
    char *url, *ca, *content_type;
    pl_http_opened *opened;
    pl_http_piece *piece;
    struct pl_buf body, got;
    struct curl_slist *headers;
    CURL *easy;
    size_t cap, seen;
    int attempts, status;
    int64_t begun_us, deadline_us, took_us;
    int64_t again_us; /* 0: none; else when the second attempt starts */
    int64_t retry_after_ms;
    bool sent, over_cap;
    enum pl_http_fault fault;
    enum pl_err err; /* found while preparing or at the end */
};

struct pl_http__news;

/* A copy of the request; refuses (in req->err) what must not be sent. NULL: out of memory. */
struct pl_http__req *pl_http__req_new(const struct pl_http_config *config,
                                      const struct pl_http_request *request);
void pl_http__req_free(struct pl_http__req *req);
/* Makes the easy handle of one attempt. PL_TIMEOUT when no time is left, PL_NOMEM. */
enum pl_err pl_http__req_arm(struct pl_http__req *req, int64_t now_us);
/* Posts its news at the end of the iteration of the client's loop; at once, when it is for that. */
void pl_http__req_post(struct pl_http__req *req);
/* Reads the outcome of an attempt off the easy handle and drops the handle. */
void pl_http__req_finish(struct pl_http__req *req, CURLcode code);

#endif
