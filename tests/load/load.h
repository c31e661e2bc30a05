/* SPDX-License-Identifier: Apache-2.0
 *
 * The load client: many WebSocket connections on one epoll thread. Each holds a conversation by a
 * script and checks what it gets: gapless seq, one ack for each message, nothing twice.
 */
#ifndef TESTS_LOAD_H
#define TESTS_LOAD_H

#include "runtime/base/base.h"
#include "runtime/value/value.h"

struct line { /* "pattern => words", or "pattern => !button"; the opening has no pattern */
    struct pl_str pattern, words;
};

struct options {
    const char *name; /* of the row in the table */
    int port;
    int pid; /* of the server; 0: not measured */
    int connections, seconds, think_ms;
    int rate;  /* turns a second, whatever the server does; 0: each waits for its reply */
    bool idle; /* nobody says anything */
    bool echo; /* the bare echo instead of the protocol */
    const char *script;
    const char *marker; /* counted: conversations that showed a text with this; NULL: none */
    int deadline_ms;    /* of the hook behind each turn, to which replies are compared; 0: none */
    const char *row, *rows; /* name of the line that is added to this file; NULL: none */
};

enum stage { CONNECTING, SHAKING, OPENING, READY, BROKEN };

struct conn {
    struct load *l;
    int fd;
    enum stage stage;
    bool waiting; /* for the reply to what was said */
    bool acked;   /* the ack of it has come */
    struct pl_buf in, out;
    size_t sent;      /* of out */
    uint64_t cid;     /* counter of the last message */
    uint64_t seq;     /* last seen */
    uint64_t own_seq; /* of the last acknowledged message, until it is shown */
    int64_t said_us;  /* when */
    int64_t speak_us; /* when to say `next`; 0: not yet */
    bool again;       /* the conversation is over */
    int turns;        /* in this conversation */
    bool marked;      /* it has shown the marker */
    struct pl_str next;
    const struct line *heard; /* what the message under way asks for */
};

struct load {
    struct options o;
    int epoll;
    struct conn *conns;
    struct pl_arena script_arena, arena;
    struct pl_str opening;
    struct line lines[32];
    size_t nlines;
    int64_t talk_turns; /* of one conversation, then a new one is begun; 0: never */
    bool measuring;     /* turns count, new ones are begun */
    int ready, broken, waiting;
    int64_t begun_us;
    uint64_t due;                  /* turns that the rate has begun */
    int next;                      /* who begins the next one */
    uint64_t turns, talks, marked; /* talks: conversations begun */
    PL_VEC(uint32_t) acks, replies;
    uint64_t gaps, twice, refused, closed, stuck;
    char first_error[256];
};

int64_t load_now_us(void);
/* Remembers the first one for the report. */
void load_error(struct load *l, uint64_t *counter, const char *what, struct pl_str detail);

/* ---- load_socket.c ---- */

void load_connect(struct conn *c);
void load_ready(struct conn *c, uint32_t events); /* from epoll */
void load_send(struct conn *c, struct pl_str text);
void load_break(struct conn *c, const char *why);
/* Hangs up and connects again, for a new conversation. */
void load_again(struct conn *c);

/* ---- load_talk.c ---- */

bool load_script(struct load *l, const char *path);
void load_shaken(struct conn *c);                      /* the handshake is done */
void load_message(struct conn *c, struct pl_str text); /* one came */
void load_say(struct conn *c, struct pl_str words);

/* ---- load_proc.c ---- */

/* User and system time of a process in microseconds; of its children in *children. */
uint64_t load_cpu_us(int pid, uint64_t *children);
uint64_t load_rss(int pid); /* bytes */

#endif
