/* SPDX-License-Identifier: Apache-2.0
 * Private to this room: connections, their queues, and how the files share the gateway.
 *
 *   gateway.c         create, drain, destroy, the table of connections
 *   gateway_conn.c    one connection, whatever carries it: frames in, limits, queue out, closing
 *   gateway_accept.c  the port: sockets until they have said what they want
 *   gateway_shake.c   the handshake of a WebSocket
 *   gateway_frame.c   its frames
 *   gateway_ws.c      the WebSocket that carries a connection
 *   gateway_stream.c  the pair that carries one without WebSocket: events out of one long answer,
 *                     frames in by POST
 *   gateway_answer.c  the engine's answers: printed on its thread, queued on ours
 *   gateway_http.c    routes, responses, operators' tokens, metrics
 *   gateway_said.c    messages to the engine in their order, files kept first
 *   gateway_upload.c  files sent up and fetched
 *   gateway_web.c     files of the web folder
 *   gateway_look.c    what the designer's page asks
 *   gateway_admin.c   the admin socket
 */
#ifndef PL_GATEWAY_PRIV_H
#define PL_GATEWAY_PRIV_H

#include "runtime/gateway/gateway.h"

struct lws;
struct lws_context;

#define PL_GATEWAY__PIECES  512       /* a message of more fragments is refused */
#define PL_GATEWAY__BATCH   65536     /* bytes of frames joined into one message out */
#define PL_GATEWAY__VIEWS   6         /* of an article, an hour, from one address */
#define PL_GATEWAY__CHUNK   16384     /* bytes of an HTTP body written at once */
#define PL_GATEWAY__SWEEP   250       /* ms between looks at deadlines */
#define PL_GATEWAY__BAD     50        /* refused frames a minute before it is abuse */
#define PL_GATEWAY__FRAMES  10        /* frames of any kind per allowed message */
#define PL_GATEWAY__SPARE   32        /* sockets of an address beyond its WebSockets */
#define PL_GATEWAY__WEB_MAX (4 << 20) /* bytes of the largest file served */
#define PL_GATEWAY__STREAMS 1024      /* each keeps its request's headers, 4 KiB, while it lasts */
#define PL_GATEWAY__RX      65536     /* bytes received at once */
#define PL_GATEWAY__BEFORE  32        /* room that transports have before a message */
#define PL_GATEWAY__AFTER   2         /* and behind it */

/* ---- one connection ----
 *
 *   NEW --open--> OPENING --ready--> OPEN       any --close--> CLOSING --flushed--> gone
 *    ^---error------'
 */
enum pl_gateway__state { NEW, OPENING, OPEN, CLOSING };

/* Frames on their way out, printed by whoever answers. Owned by the post, then by the queue. */
struct pl_gateway__out {
    struct pl_post post;
    struct pl_gateway *g;
    struct pl_gateway__out *next;
    uint64_t client;
    struct pl_buf text; /* `frames` JSON objects joined by commas; of a READY the locale */
    uint32_t frames;
    bool answers; /* a message: one fewer is under way */
    enum { FRAMES, DROPPABLE, READY, LIVE, OPEN_FAILED } kind;
    /* of a READY: the rest of the frame is the connection's to know */
    uint64_t seq;
    bool rtl, recovered;
    char with[16];
};

/* One address (IPv6: one /64), for as long as it has a socket open. */
struct pl_gateway__peer {
    struct pl_peer key;
    uint32_t sockets, conns; /* accepted; of them with a conversation */
};

struct pl_gateway__conn;

/* What carries a connection's messages. */
struct pl_gateway__transport {
    void (*look)(struct pl_gateway__conn *c, int64_t now_us); /* its own deadlines, each sweep */
    /* Sends one message; the bytes around it, BEFORE and AFTER, may be overwritten. */
    bool (*write)(struct pl_gateway__conn *c, char *text, size_t n);
    void (*end)(struct pl_gateway__conn *c); /* all is written: the last words before the close */
    /* May `write` be called now? NULL: only when the socket said so. */
    bool (*may_write)(const struct pl_gateway__conn *c);
    /* Have pl_gateway__writeable called when the socket takes something. */
    void (*wake)(struct pl_gateway__conn *c);
    /* The end of a round: it was to be killed. */
    void (*hang_up)(struct pl_gateway__conn *c);
};

struct pl_gateway__conn {
    struct pl_gateway *g;
    const struct pl_gateway__transport *via;
    uint64_t id; /* generation << 32 | slot */
    struct pl_gateway__conn *prev, *next;
    struct pl_gateway__peer *peer;
    enum pl_gateway__state state;
    bool told; /* the engine knows of it: leave is owed */
    int code;  /* CLOSING: the close code */
    int64_t since_us;
    /* frames waiting to be written */
    struct pl_gateway__out *first, *last;
    size_t queued;
    bool due;  /* among those that are written at the end of the round */
    bool dead; /* hung up on at the end of the round */
    int64_t heard_us;
    bool live; /* caught up: what is missed may be much more than what is new */
    struct pl_bucket messages, frames, bad;
    struct pl_gateway__later *later; /* messages behind a file that is being kept */
    uint32_t nlater;
    uint32_t unanswered; /* messages that the engine has, and has not answered yet */
    char conversation[33];
    char resume[PL_RESUME_TEXT]; /* until ready has told it */
};

struct pl_gateway__http;
struct pl_gateway__asked { /* a request whose answer is on its way */
    uint64_t ticket;
    struct lws *wsi;
    struct pl_gateway__http *a;
};

struct pl_gateway__slot {
    struct pl_gateway__conn *conn;
    uint32_t generation;
};

struct pl_gateway {
    struct pl_gateway_config c;
    struct lws_context *lws;
    struct lws_vhost *pages; /* of the customers' port */
    struct pl_fd listener;
    struct pl_gateway__knock *knocks, *oldest_knock; /* have not said what they want */
    size_t nknocks;
    struct pl_gateway__peer *adopting; /* of the socket on its way to libwebsockets */
    struct lws_vhost *ops;             /* where health and metrics are; NULL: with all else */
    int port, ops_port;
    struct pl_timer sweep;
    struct pl_gateway__conn *conns;
    size_t nconns;
    PL_VEC(struct pl_gateway__slot) slots;
    PL_VEC(uint32_t) free_slots;
    PL_VEC(uint64_t) due;  /* ids of connections that got frames in this round of the loop */
    struct pl_map peers;   /* struct pl_gateway__peer by key */
    struct pl_map streams; /* struct pl_gateway__stream by id */
    PL_VEC(struct pl_gateway__asked) asked;
    uint64_t tickets;
    struct pl_limits *handshakes, *uploads, *views;
    uint32_t nuploads;     /* under way */
    struct pl_arena arena; /* of one message or request */
    struct pl_buf scratch; /* of one write */
    uint8_t *rx;           /* of one read */
    struct pl_rand jitter;
    /* draining */
    bool draining, ending; /* ending: the engine behind the door is gone */
    uint64_t spread_ms;    /* over which clients come back */
    struct pl_timer hurry, drain_end;
    void (*drained)(void *ctx);
    void *drained_ctx;
    struct pl_counter counters[PL_GATEWAY_COUNTERS];
};

static inline void pl_gateway__count(struct pl_gateway *g, enum pl_gateway_count which,
                                     uint64_t more) {
    pl_count(&g->counters[which], more);
}

/* ---- gateway.c ---- */

/* NULL when the connection is gone. */
struct pl_gateway__conn *pl_gateway__find(struct pl_gateway *g, uint64_t id);
/* Draining: is that over? */
void pl_gateway__drained(struct pl_gateway *g);
void pl_gateway__add(struct pl_gateway *g, struct pl_gateway__conn *c);
void pl_gateway__remove(struct pl_gateway *g, struct pl_gateway__conn *c);
/* NULL when it has no socket. */
struct pl_gateway__peer *pl_gateway__peer(struct pl_gateway *g, const struct pl_peer *key);
struct pl_gateway__peer *pl_gateway__peer_join(struct pl_gateway *g, const struct pl_peer *key);
void pl_gateway__peer_leave(struct pl_gateway *g, struct pl_gateway__peer *peer);

/* ---- gateway_conn.c ---- */

/* The connection is there and says hello. */
void pl_gateway__begin(struct pl_gateway *g, struct pl_gateway__conn *c,
                       struct pl_gateway__peer *peer, const struct pl_gateway__transport *via);
/* Without bye: closes with this code once the queue is written. */
void pl_gateway__shut(struct pl_gateway__conn *c, int code);
/* Hangs up, at the end of the round: until then it is there. */
void pl_gateway__kill(struct pl_gateway__conn *c);
/* Draining: says bye once nothing of it is under way. */
void pl_gateway__leave(struct pl_gateway__conn *c);
/* It is gone. */
void pl_gateway__end(struct pl_gateway__conn *c);
/* A whole message came: a frame or an array of frames. */
void pl_gateway__message(struct pl_gateway__conn *c, struct pl_str text);
/* Writes what waits. -1: hang up. */
int pl_gateway__writeable(struct pl_gateway__conn *c);
/* At the end of a round: writes what came in it, each connection's in one go. */
void pl_gateway__flush(void *gateway);
void pl_gateway__refuse(struct pl_gateway__conn *c, enum pl_code code, struct pl_str message,
                        struct pl_cid cid);
/* Adds to the queue, or frees it when it may be dropped or the connection closes. */
void pl_gateway__queue(struct pl_gateway__conn *c, struct pl_gateway__out *out);
/* Says bye, then closes once the queue is written. */
void pl_gateway__close(struct pl_gateway__conn *c, enum pl_code bye, uint64_t after_ms, int code);
void pl_gateway__ready(struct pl_gateway__conn *c, struct pl_gateway__out *out);
/* Deadlines of one connection. */
void pl_gateway__check(struct pl_gateway__conn *c, int64_t now_us);

/* ---- gateway_accept.c ---- */

/* Listens. PL_EXISTS, PL_DENIED, PL_NOT_FOUND as pl_gateway_create. */
enum pl_err pl_gateway__accept(struct pl_gateway *g, const char *host, int port);
void pl_gateway__accept_again(struct pl_gateway *g); /* descriptors may have come free */
void pl_gateway__accept_end(struct pl_gateway *g);
/* Hangs up on those that took too long. */
void pl_gateway__knocks_sweep(struct pl_gateway *g, int64_t now_us);

/* ---- gateway_shake.c ---- */

/* Does a request with this head want a WebSocket? */
bool pl_gateway__upgrades(struct pl_str head);
/* config.local_only: does it ask for this machine by its own name, and from no other's page? */
bool pl_gateway__local(struct pl_gateway *g, struct pl_str head, struct pl_gateway__http *no);
/* Whether it gets one: the answer in yes or in no. */
bool pl_gateway__shake(struct pl_gateway *g, const struct pl_gateway__peer *peer,
                       struct pl_str head, struct pl_buf *yes, struct pl_gateway__http *no);

/* ---- gateway_frame.c ---- */

enum pl_gateway__opcode {
    PL_GATEWAY__CONTINUATION = 0,
    PL_GATEWAY__TEXT = 1,
    PL_GATEWAY__BINARY = 2,
    PL_GATEWAY__CLOSE = 8,
    PL_GATEWAY__PING = 9,
    PL_GATEWAY__PONG = 10
};
struct pl_gateway__frame {
    enum pl_gateway__opcode opcode;
    bool final;
    struct pl_str payload; /* where it came, unmasked */
    size_t whole;          /* bytes of the frame with its head */
};
enum pl_gateway__found {
    PL_GATEWAY__WHOLE,
    PL_GATEWAY__PART,  /* more has to come; nothing was changed */
    PL_GATEWAY__WRONG, /* these are no bytes that a client may send */
    PL_GATEWAY__LARGE  /* over PL_PROTOCOL_MAX_BYTES */
};
enum pl_gateway__found pl_gateway__frame_read(uint8_t *p, size_t n, struct pl_gateway__frame *f);
/* The head of an unmasked whole message; gives its length. */
size_t pl_gateway__frame_head(enum pl_gateway__opcode opcode, size_t n, uint8_t out[10]);
/* The code to answer a close frame with. */
int pl_gateway__frame_closes(struct pl_str payload);

/* ---- gateway_ws.c ---- */

/* The socket is a WebSocket's from now on, and so is the peer; yes: what says so to the client.
 * False: out of memory, nothing was taken. */
bool pl_gateway__ws_begin(struct pl_gateway *g, int fd, struct pl_gateway__peer *peer,
                          struct pl_str yes);

/* ---- gateway_said.c ---- */

void pl_gateway__said(struct pl_gateway__conn *c, const struct pl_gateway_send *send);
void pl_gateway__said_forget(struct pl_gateway__conn *c);

/* ---- gateway_answer.c ---- */

struct pl_gateway__out *pl_gateway__out(struct pl_gateway *g, uint64_t client);
void pl_gateway__out_free(struct pl_gateway__out *out);

/* ---- gateway_http.c ---- */

/* One request's answer. */
struct pl_gateway__http {
    struct pl_buf body;
    size_t at;
    int status;
    const char *type;
    char etag[24];                     /* quoted; empty: none */
    const char *allow;                 /* the methods that may be used */
    bool anywhere;                     /* other sites' pages may load it */
    int64_t retry_after_s;             /* 0: none */
    struct pl_gateway__call *call;     /* a POST: what is read of it */
    struct pl_gateway__stream *stream; /* the answer is this one, and has no end of its own */
    uint64_t asked;                    /* the answer comes from another thread: its ticket */
    bool head, last;  /* of such a request: headers are enough; nothing follows on this socket */
    bool posts;       /* `body` is first what is read of it: an event, or of BACK a note */
    bool back;        /* a conversation goes back: */
    char hand[64];    /* by the id of its hand-over, */
    uint8_t who[8];   /* and the operator */
    int64_t since_us; /* of that */
    struct pl_gateway__upload *upload; /* a file that is sent up */
    char *download;                    /* one that is fetched: its Content-Disposition */
};

/* A header's value copied into out; "" when absent or too long. h: enum lws_token_indexes. */
struct pl_str pl_gateway__header(struct lws *wsi, int h, char *out, size_t size);
/* Whether pages of the request's origin may talk here, and more connections are taken from its
 * address; if not, the answer says so. */
bool pl_gateway__origin(struct pl_gateway *g, struct pl_str origin,
                        struct pl_gateway__http *answer);
bool pl_gateway__room(struct pl_gateway *g, const struct pl_gateway__peer *peer,
                      struct pl_gateway__http *answer);
/* Is `word` one of the comma-separated words? any_case: big letters or small. */
bool pl_gateway__lists(struct pl_str list, struct pl_str word, bool any_case);
/* Sends the answer and ends the request. -1: hang up. */
int pl_gateway__http_answer(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a,
                            bool head);
/* The next piece of a long body. */
int pl_gateway__http_more(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a);
/* The headers alone, and with `whole` a short body in the same write. 0 or -1. */
int pl_gateway__http_headers(struct lws *wsi, struct pl_gateway__http *a, bool whole);
/* A JSON answer {"error":{"code":...,"message":...}}. */
void pl_gateway__http_error(struct pl_gateway__http *answer, int status, const char *code,
                            const char *message);
/* The same, and gives false. */
bool pl_gateway__no(struct pl_gateway__http *answer, int status, const char *code,
                    const char *message);

/* ---- gateway_ask.c: what operators ask, answered by other threads ---- */

/* Whether the request carries a token with the scope; if not, it is answered. */
bool pl_gateway__permitted(struct pl_gateway *g, struct lws *wsi, enum pl_token_scope scope,
                           struct pl_gateway__http *a, struct pl_token *token);
bool pl_gateway__is_ask(struct pl_str path);
int pl_gateway__ask(struct pl_gateway *g, struct lws *wsi, int method, struct pl_str path,
                    struct pl_gateway__http *a);
/* Its answer has come, or not yet. */
int pl_gateway__ask_writeable(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a);
void pl_gateway__ask_forget(struct pl_gateway *g, struct pl_gateway__http *a);

/* A ticket for the answer to this request; 0: too many ask at once, it is answered. */
uint64_t pl_gateway__ticket(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a);

/* The request that a ticket was given to; NULL: it went away. */
struct pl_gateway__asked *pl_gateway__asked(struct pl_gateway *g, uint64_t ticket);

/* ---- gateway_upload.c ---- */

bool pl_gateway__is_upload(struct pl_str path);
/* Answered, or its body follows, or its answer. */
int pl_gateway__upload(struct pl_gateway *g, struct lws *wsi, int method, struct pl_str path,
                       struct pl_gateway__http *a);
int pl_gateway__upload_body(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a,
                            const void *in, size_t len);
int pl_gateway__upload_whole(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a);
int pl_gateway__upload_writeable(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a);
void pl_gateway__upload_forget(struct pl_gateway *g, struct pl_gateway__http *a);

/* ---- gateway_look.c ---- */

bool pl_gateway__is_look(const struct pl_gateway *g, struct pl_str path);
int pl_gateway__look(struct pl_gateway *g, struct lws *wsi, int method, struct pl_str path,
                     struct pl_gateway__http *a);

/* ---- gateway_event.c: what happened in the shop ---- */

bool pl_gateway__is_event(struct pl_str path);
/* Answered, or its body follows. */
int pl_gateway__event(struct pl_gateway *g, struct lws *wsi, int method,
                      struct pl_gateway__http *a);
int pl_gateway__event_body(struct pl_gateway *g, struct pl_gateway__http *a, const void *in,
                           size_t len);
int pl_gateway__event_whole(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a);
/* The body is small and says how long it is; if not, it is answered. */
bool pl_gateway__measured(struct lws *wsi, struct pl_gateway__http *a, int64_t most);
/* The conversation goes back, with the note that the body has. */
int pl_gateway__back_whole(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a);
/* What the engine made of it. */
void pl_gateway__event_fill(struct pl_gateway__http *a, enum pl_err err, struct pl_str why);

/* ---- gateway_stream.c ---- */

/* Whether the path is one of the two calls. */
bool pl_gateway__is_call(struct pl_str path);
/* A request for one of them: answered, or its body follows. */
int pl_gateway__call(struct pl_gateway *g, struct lws *wsi, int method, struct pl_str path,
                     struct pl_gateway__http *a);
int pl_gateway__call_body(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a,
                          const void *in, size_t len);
int pl_gateway__call_whole(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a);
/* Keeps the origin and the stream's name of a request that may come from a page. */
void pl_gateway__call_remember(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a);
int pl_gateway__stream_writeable(struct pl_gateway__stream *s);
/* Frees what a request left behind; ends its stream. */
void pl_gateway__call_forget(struct pl_gateway__http *a);
/* The headers that browsers ask for, and a stream's own. */
bool pl_gateway__call_headers(struct lws *wsi, const struct pl_gateway__http *a, unsigned char **p,
                              unsigned char *end);

/* ---- gateway_web.c ---- */

/* The file for a URL path such as "/widget.js"; a 404 when there is none. */
void pl_gateway__web(struct pl_gateway *g, struct pl_str path, struct pl_gateway__http *answer);
/* path: "LOCALE/ID", or the pages' own style. */
void pl_gateway__article(struct pl_gateway *g, struct lws *wsi, struct pl_str path,
                         struct pl_gateway__http *a);
void pl_gateway__etag(struct pl_gateway__http *answer); /* of its body */
/* The client has it already. */
bool pl_gateway__unchanged(struct lws *wsi, const struct pl_gateway__http *a);

#endif
