/* SPDX-License-Identifier: Apache-2.0
 *
 * gateway: the server's doors. WebSocket and HTTP on one port (libwebsockets on the caller's loop),
 * the admin socket on a thread of its own.
 *
 * What the gateway asks of the engine goes through struct pl_gateway_door; what the engine answers
 * comes back by the pl_gateway_ verbs marked "any thread", which print the frame at once, into
 * memory of its own, and post it to the gateway's loop. A connection is named by a number that is
 * never used twice, so an answer to a closed connection is dropped.
 *
 * Owns its sockets, connections and queued frames. Everything in the config is borrowed and
 * outlives the gateway.
 * Invariants: a conversation's frames leave in the order they were given; at most `max_queued`
 * bytes wait for a reader, then it is cut off (typing is dropped first).
 * Threads: create, drain and destroy on the loop's thread; answers and pl_gateway_count any thread.
 */
#ifndef PL_GATEWAY_H
#define PL_GATEWAY_H

#include "runtime/auth/auth.h"
#include "runtime/base/base.h"
#include "runtime/blobs/blobs.h"
#include "runtime/loop/loop.h"
#include "runtime/protocol/protocol.h"

struct pl_gateway;

/* ---- what the gateway asks: called on its thread, copies what it keeps, never blocks ---- */

struct pl_gateway_open {
    uint8_t conversation[16]; /* a fresh one is new at random */
    uint8_t hash[32];         /* of the resume secret: kept when fresh, compared when not */
    bool fresh;
    struct pl_str locale, page_url; /* may be empty */
    struct pl_str epoch;            /* that seq was counted in; empty: unknown */
    uint64_t seq;                   /* the last event seen */
    bool known, verified;           /* the page's token says who the customer is, and proved */
    uint8_t customer[16];
};

enum pl_gateway_said { PL_SAID_TEXT, PL_SAID_CHOICE, PL_SAID_BUTTON, PL_SAID_UPLOAD };

struct pl_gateway_send {
    struct pl_cid cid;
    enum pl_gateway_said said;
    struct pl_str text; /* the words; the id of the choice or button, several with commas between;
                           a file as "type size reference name" */
};

struct pl_gateway_door {
    void *ctx;
    /* Answered by ready, missed events, live; or by an error without cid. */
    void (*open)(void *ctx, uint64_t client, const struct pl_gateway_open *open);
    /* Only after ready. Answered by ack or by an error with the cid. */
    void (*send)(void *ctx, uint64_t client, const struct pl_gateway_send *send);
    void (*seen)(void *ctx, uint64_t client, uint64_t seq);
    void (*typing)(void *ctx, uint64_t client, bool on);
    void (*rate)(void *ctx, uint64_t client, uint64_t seq, int value);
    /* The connection is gone; called once for each that was opened. */
    void (*leave)(void *ctx, uint64_t client);
};

/* ---- answers: any thread ---- */

struct pl_gateway_ready {
    struct pl_str with; /* bot, waiting, agent */
    struct pl_str locale;
    bool rtl, recovered;
    uint64_t seq;
};

struct pl_gateway_event {
    uint64_t seq;
    int64_t at_ms;
    struct pl_str body; /* the stored JSON object */
};

void pl_gateway_ready(struct pl_gateway *g, uint64_t client, const struct pl_gateway_ready *r);
void pl_gateway_live(struct pl_gateway *g, uint64_t client);
/* With the n events that it brought at once: they leave in one message. */
void pl_gateway_ack(struct pl_gateway *g, uint64_t client, struct pl_cid cid, uint64_t seq,
                    bool dup, const struct pl_gateway_event *events, size_t n);
void pl_gateway_events(struct pl_gateway *g, uint64_t client, const struct pl_gateway_event *events,
                       size_t n);
void pl_gateway_typing(struct pl_gateway *g, uint64_t client, bool on);
void pl_gateway_stream(struct pl_gateway *g, uint64_t client, const struct pl_draft *s);
/* cid.counter 0: about the open or the connection. An empty message takes the code's own text. */
void pl_gateway_error(struct pl_gateway *g, uint64_t client, enum pl_code code,
                      struct pl_str message, struct pl_cid cid);

/* ---- create, drain, destroy ---- */

/* What the HTTP API reaches. Called on the gateway's thread, quick: what takes time is given a
 * ticket, and answered by pl_gateway_answer. */
struct pl_gateway_done {
    struct pl_str id;   /* as the list showed it */
    uint8_t who[8];     /* the operator's token */
    bool back;          /* and the bot has the conversation again */
    struct pl_str note; /* BACK: for who takes it next; may be empty */
};
struct pl_gateway_happening {
    bool by_customer; /* `customer` says whom it is for, and `conversation` nothing */
    uint8_t customer[16];
    uint8_t conversation[16];
    struct pl_str name, args, key; /* args: a JSON object */
};
/* What the designer's page of `parlance dev` looks at: GET /studio/<what>. */
struct pl_gateway_look {
    struct pl_str what;               /* "state", "graph" */
    struct pl_str conversation, flow; /* may be empty */
    uint64_t after;                   /* what it has seen */
};
struct pl_gateway_api {
    void *ctx;
    /* At most `limit` of what people have to look after, behind the place `after` (empty: from the
     * first). False: not now. */
    bool (*queue)(void *ctx, uint64_t ticket, uint32_t limit, struct pl_str after);
    /* One of them is looked after. False: that is no id. */
    bool (*done)(void *ctx, uint64_t ticket, const struct pl_gateway_done *done);
    /* Something happened in the shop. */
    void (*event)(void *ctx, uint64_t ticket, const struct pl_gateway_happening *what);
    /* Erases a customer. */
    void (*erase)(void *ctx, uint64_t ticket, const uint8_t customer[16]);
    /* May a file be sent up to this conversation? Answered by pl_gateway_wanted. */
    void (*wants)(void *ctx, uint64_t ticket, const uint8_t conversation[16],
                  const uint8_t hash[32]);
    /* Shows each counter of the server, the gateway's too, for /metrics. */
    void (*counters)(void *ctx, void (*show)(void *to, const struct pl_counter *c), void *to);
    /* Appends the page of an article of the knowledge base, as HTML without styles or scripts.
     * name: what it is counted by. False: there is no such article. NULL: no articles are shown. */
    bool (*article)(void *ctx, struct pl_str locale, struct pl_str id, struct pl_buf *html,
                    struct pl_buf *name);
    /* A customer opened it. NULL: nobody counts. */
    void (*viewed)(void *ctx, struct pl_str name);
    /* Appends to its page what customers made of it. May be NULL. */
    void (*tally)(void *ctx, struct pl_str name, struct pl_buf *html);
    /* What /metrics shows behind the counters, in Prometheus's text format. May be NULL. */
    void (*metrics)(void *ctx, struct pl_buf *text);
    /* Answered with PL_OK and JSON, also some seconds later, when there is something new. NULL:
     * there is no such page. */
    void (*look)(void *ctx, uint64_t ticket, const struct pl_gateway_look *look);
};
/* Any thread, once for each ticket. json: the answer when err is PL_OK, of an event else more words
 * for a person; copied. */
void pl_gateway_answer(struct pl_gateway *g, uint64_t ticket, enum pl_err err, struct pl_str json);

/* A file is wanted: of these kinds (none: of any), to be sealed with this key. */
struct pl_gateway_wanted {
    struct pl_key_id key;
    uint32_t naccept;
    const struct pl_str *accept;
};
/* Any thread, once for each ticket. PL_DENIED: that is not the conversation's secret; PL_CONFLICT:
 * no question for a file is open; PL_NOT_FOUND, PL_ERASED. wanted: with PL_OK alone; copied. */
void pl_gateway_wanted(struct pl_gateway *g, uint64_t ticket, enum pl_err err,
                       const struct pl_gateway_wanted *wanted);

struct pl_gateway_config {
    struct pl_loop *loop;
    const struct pl_log *log;
    struct pl_store *store;                  /* operators' tokens */
    const struct pl_identity_keys *identity; /* that customers' tokens are signed by; NULL: none */
    const char *epoch;                       /* pl_store_epoch */
    struct pl_gateway_door door;
    struct pl_gateway_api api;
    const char *host;     /* address to listen on */
    int port;             /* 0: a free one */
    const char *ops_host; /* of a listener of its own for health and metrics; NULL: none */
    int ops_port;         /* 0: a free one */
    const char *web;      /* folder of the pages; "" or NULL: none */
    const char *origins;  /* comma separated, "*" for all */
    /* Nobody is let in but who asks for this machine by its own name ("localhost:8080"), from no
     * page or one of this server: other pages do not reach it, whatever their names lead to. */
    bool local_only;
    int64_t heartbeat_ms, pong_wait_ms, open_wait_ms, message_wait_ms;
    int64_t max_connections, max_connections_per_ip;
    int64_t max_queued;
    int64_t messages_per_minute, handshakes_per_minute;
    struct pl_blobs *blobs; /* answers on `loop`, stopped by destroy; NULL: no files are taken */
    int64_t upload_bytes;   /* of a file at most */
    int64_t uploads_per_minute;
};

/* Listens when it returns PL_OK. PL_EXISTS: the port is taken; PL_NOT_FOUND: no address of this
 * machine; PL_DENIED: a port that this user may not take; PL_UNAVAILABLE: libwebsockets cannot run
 * on libev here (libwebsockets-evlib-ev is missing). */
enum pl_err pl_gateway_create(const struct pl_gateway_config *config, struct pl_gateway **out);
int pl_gateway_port(const struct pl_gateway *g);
int pl_gateway_ops_port(const struct pl_gateway *g); /* -1: it has none */
/* Takes no new connections and no more messages. A connection whose messages are all answered is
 * said bye and closed; the others have half of wait_ms for that. Each is told to come back after a
 * time drawn at random, up to spread_ms and one more for each connection. `done` runs once none is
 * left and operators' requests are answered, or wait_ms is over. */
void pl_gateway_drain(struct pl_gateway *g, int64_t spread_ms, int64_t wait_ms,
                      void (*done)(void *ctx), void *ctx);
/* Closes what is left without a word to the door. The engine must have stopped answering. */
void pl_gateway_destroy(struct pl_gateway **g);

enum pl_gateway_count {
#define COUNTER(name, help) PL_GATEWAY_##name,
#include "runtime/gateway/counter.def"
#undef COUNTER
    PL_GATEWAY_COUNTERS
};
/* PL_GATEWAY_COUNTERS of them, living as long as the gateway. */
const struct pl_counter *pl_gateway_counters(const struct pl_gateway *g);

/* ---- the admin socket: one JSON object a line in, one a line out ---- */

/* Runs on the admin thread, one at a time, and may take its time. Writes members of the answer;
 * PL_OK makes {"ok":true,...}, else {"ok":false,"error":"<why, or the error's text>"}. */
typedef enum pl_err pl_gateway_admin_fn(void *ctx, const struct pl_json *request,
                                        struct pl_jw *answer, struct pl_buf *why);

struct pl_gateway_admin_command {
    const char *name; /* {"cmd":"<name>", ...} */
    pl_gateway_admin_fn *run;
};

struct pl_gateway_admin;
/* Makes the socket (mode 0600, an old one of a dead server is replaced). PL_EXISTS: a server
 * answers there; PL_LIMIT: the path is longer than a socket's may be; PL_IO. */
enum pl_err pl_gateway_admin_start(const char *path,
                                   const struct pl_gateway_admin_command *commands, size_t n,
                                   void *ctx, struct pl_gateway_admin **out);
/* Waits for the command under way, removes the socket. Not from within a command. */
void pl_gateway_admin_stop(struct pl_gateway_admin **a);
/* The client's side: one request, one answer. PL_NOT_FOUND: no server; PL_TIMEOUT; PL_IO. */
enum pl_err pl_gateway_admin_call(const char *path, struct pl_str request, int64_t wait_ms,
                                  struct pl_buf *answer);

#endif
