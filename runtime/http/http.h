/* SPDX-License-Identifier: Apache-2.0
 *
 * http: the HTTP client. One thread of its own drives all transfers (libcurl), or a loop that
 * somebody runs; replies are posted to the loop of whoever asked.
 *
 * Ownership: everything in a request is copied by pl_http_send; everything in a reply belongs to
 * the client and is gone when `done` returns.
 * Invariants: `done` runs exactly once for every request, on the loop named there, never from
 * inside pl_http_send; the deadline covers all of it, retry included. Certificates are verified,
 * redirects are not followed (a 3xx is a reply like any other), http:// is only for hosts that the
 * configuration lists.
 * Threads: send and cancel from any thread; create and destroy from one. Destroy the client before
 * the loops it posts to.
 */
#ifndef PL_HTTP_H
#define PL_HTTP_H

#include "runtime/base/base.h"

struct pl_loop;
struct pl_http;

enum pl_http_method { PL_HTTP_GET, PL_HTTP_POST, PL_HTTP_PUT, PL_HTTP_PATCH, PL_HTTP_DELETE };

struct pl_http_header {
    struct pl_str name, value;
};

enum pl_http_retry {
    /* Sent at most once, on a connection of its own: on a pooled one that the server has just
     * closed, libcurl would send again by itself. */
    PL_HTTP_ONCE,
    /* Sent at most once by this room, on a pooled connection when there is one: for requests whose
     * rare repetition costs little (model calls). */
    PL_HTTP_POOLED,
    /* May be sent a second time after a connection failure, 502, 503 or 504, within the deadline
     * and the retry budget: 10 % of the requests of the last 60 s, or one. */
    PL_HTTP_IDEMPOTENT,
};

/* A stream's callbacks run on the loop, before `done`, in the order in which things happened. After
 * a cancel some may still come. */
typedef void pl_http_opened(void *ctx);
typedef void pl_http_piece(void *ctx, int status, struct pl_str bytes);

struct pl_http_request {
    enum pl_http_method method;
    enum pl_http_retry retry;
    struct pl_str url;
    const struct pl_http_header *headers; /* names are tokens, values without line breaks */
    size_t nheaders;
    struct pl_str body;
    int64_t deadline_ms; /* from now; at least 1 */
    size_t cap;          /* most bytes of reply body; 0: 1 MiB */
    struct pl_str ca;    /* file of certificates to trust instead of the system's; empty: those */
    /* A reply as it comes, piece by piece; the reply's own body is empty then. Not for IDEMPOTENT
     * requests, whose first try would be seen. NULL: not wanted. */
    pl_http_opened *opened; /* connected, TLS included; may come twice (a pooled one was stale) */
    pl_http_piece *piece;
};

/* Where a request without a reply (PL_IO) ended. */
enum pl_http_fault {
    PL_HTTP_FAULT_NONE,
    PL_HTTP_FAULT_NAME,        /* no such host */
    PL_HTTP_FAULT_CONNECT,     /* refused or unreachable */
    PL_HTTP_FAULT_CERTIFICATE, /* not trusted, or of another host */
    PL_HTTP_FAULT_TLS,         /* no TLS connection for another reason */
    PL_HTTP_FAULT_CUT,         /* ended before the reply was whole */
};

struct pl_http_reply {
    /* PL_OK: a whole reply arrived, whatever its status. PL_TIMEOUT, PL_LIMIT (body over the cap),
     * PL_DENIED (URL not allowed), PL_MALFORMED (a header or URL that cannot be sent), PL_CLOSED
     * (cancelled or client destroyed), PL_IO (all else). */
    enum pl_err err;
    enum pl_http_fault fault;
    /* False only if surely no byte of the request has left: the other side cannot have acted. */
    bool sent;
    int status;
    struct pl_str body;
    struct pl_str content_type;
    int64_t retry_after_ms; /* -1: not given */
    int64_t took_us;
};

typedef void pl_http_done(void *ctx, const struct pl_http_reply *reply);

struct pl_http_config {
    /* Hosts ("127.0.0.1", "shop.internal") that may be asked by plain http:// */
    const struct pl_str *plain_hosts;
    size_t nplain_hosts;
    size_t max_connections; /* 0: 64 */
    size_t max_per_host;    /* 0: 16 */
    struct pl_clock clock;
    const struct pl_log *log; /* may be NULL */
    /* Drives the transfers, and gives the client the end of its batches: pieces for it come without
     * a way between threads, and what it sends for itself, from its thread, goes at once. NULL: a
     * thread with a loop of the client's own. */
    struct pl_loop *loop;
};

struct pl_http_stats {
    uint64_t requests, retries, failures;
};

enum pl_err pl_http_create(const struct pl_http_config *config, struct pl_http **out);
/* Ends all requests (their `done` is posted with PL_CLOSED) and the thread. With a loop of
 * somebody's: on its thread, or when that is no more; the loop runs on after it. */
void pl_http_destroy(struct pl_http **http);

/* Gives the request's id, never 0. */
uint64_t pl_http_send(struct pl_http *http, const struct pl_http_request *request,
                      struct pl_loop *loop, pl_http_done *done, void *ctx);
/* Ends the request soon with PL_CLOSED, unless its reply is already on its way to the loop. */
void pl_http_cancel(struct pl_http *http, uint64_t id);

/* Requests and retries of the last 60 seconds, by second; all-zero is a valid empty one. */
struct pl_http_budget {
    uint32_t requests[60], retries[60];
    int64_t second;
};
void pl_http_budget_count(struct pl_http_budget *b, int64_t now_us);
/* Takes one retry if the budget has it: 10 % of the window's requests, or one. */
bool pl_http_budget_take(struct pl_http_budget *b, int64_t now_us);

struct pl_http_stats pl_http_stats(const struct pl_http *http);

#endif
