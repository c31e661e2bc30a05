/* SPDX-License-Identifier: Apache-2.0
 *
 * A small blocking client for tests, over a WebSocket or an event stream and POSTs: its own
 * handshake and framing over plain sockets, so that it can also do what no honest client does.
 * Every wait is bounded.
 *
 * Ownership: a client is opened and closed by the test; a message it gives lives until the next
 * call. Threads: one.
 */
#ifndef TESTS_CLIENT_H
#define TESTS_CLIENT_H

#include "runtime/base/base.h"

struct client {
    int fd;
    int64_t wait_ms;    /* for each receive */
    struct pl_buf in;   /* bytes not yet taken */
    struct pl_buf text; /* the message given last */
    size_t taken;
    int close_code; /* after CLIENT_CLOSED: 0 none, 1006 without a close frame */
    unsigned pings; /* answered so far */
    bool mute;      /* answers neither pings nor a close */
    bool slow;      /* receives only ... */
    size_t may;     /* ... so many more bytes */
    int port;       /* of an event stream: frames are posted there; else 0 */
    char name[128]; /* and name it so */
};

enum client_got { CLIENT_TEXT, CLIENT_CLOSED, CLIENT_TIMEOUT };

/* Connects and upgrades. extra: more header lines, each ending in \r\n, or NULL. Gives the HTTP
 * status: 101 is success; 0 when nothing came. */
int client_open(struct client *c, const char *host, int port, const char *path,
                const char *protocol, const char *extra);
/* Connects to /ws with the right subprotocol; false if that failed. */
bool client_connect(struct client *c, int port);
/* POSTs the first message and reads the head of the event stream. Gives the HTTP status: 200 is
 * success. From then on send and receive work as over a WebSocket; comments count as pings. */
int client_stream(struct client *c, int port, const char *extra, const char *message);
void client_close(struct client *c); /* without a close frame */

bool client_send(struct client *c, const char *text);
bool client_send_bytes(struct client *c, const void *p, size_t n); /* a text message */
/* One raw frame: opcode 0 continuation, 1 text, 2 binary, 8 close, 9 ping. */
bool client_frame(struct client *c, int opcode, bool final, const void *p, size_t n);
bool client_raw(struct client *c, const void *p, size_t n);
/* The next frame of a WebSocket, whatever it is: CLIENT_TEXT; nothing is answered. */
enum client_got client_hear(struct client *c, int *opcode, struct pl_str *payload);
/* The next message, pings answered. */
enum client_got client_receive(struct client *c, struct pl_str *text);
/* Receives until a message holds `needle`, which it gives; false on timeout or close. */
bool client_until(struct client *c, const char *needle, struct pl_str *text);
/* Receives until the connection is closed; gives the code, 0 on timeout. */
int client_closed(struct client *c);
/* Copies the JSON text member `name` found first in `text` (no escapes are undone). */
bool client_member(struct pl_str text, const char *name, char *out, size_t size);

/* A plain HTTP/1.1 request over a connection of its own, with `Connection: close`; gives the
 * status, 0 when none, and the whole answer (headers too) in out. */
int client_http(int port, const char *method, const char *path, const char *extra,
                struct pl_buf *out);
/* The same, but it waits only so long for the server to close. */
int client_http_for(int port, const char *method, const char *path, const char *extra,
                    int64_t wait_ms, struct pl_buf *out);
/* The same with a body. */
int client_post(int port, const char *path, const char *extra, const void *body, size_t n,
                struct pl_buf *out);

#endif
