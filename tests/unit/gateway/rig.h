/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateway as its clients meet it: a real server on a thread, and behind its door a fake engine
 * that echoes.
 */
#ifndef TESTS_UNIT_GATEWAY_RIG_H
#define TESTS_UNIT_GATEWAY_RIG_H

#include <pthread.h>

#include "runtime/gateway/gateway.h"
#include "runtime/store/store.h"
#include "tests/client/client.h"

#define CID(n)        "00c0ffee00c0ffee-" #n
#define SEND(n, text) "{\"t\":\"send\",\"cid\":\"" CID(n) "\",\"text\":\"" text "\"}"
#define EPOCH         "0123456789abcdef0123456789abcdef"

enum { TALKS = 64 };

struct talk {
    uint8_t id[16], hash[32];
    _Atomic uint64_t client; /* a test reads it */
    uint64_t seq;
};

struct server {
    struct pl_loop *loop;
    struct pl_store *store;
    struct pl_gateway *g;
    struct pl_gateway_config config;
    struct talk talks[TALKS];
    size_t n;
    pthread_t thread;
    struct pl_post drain, late;
    uint64_t late_client; /* whose "later" is answered by the post `late` */
    struct pl_cid late_cid;
    bool stream; /* the tests' clients use event streams */
    /* read by the test while the server runs */
    struct pl_identity_keys identity;
    _Atomic unsigned known, verified; /* of the opens */
    _Atomic unsigned opens, sends, leaves, seen, typed, drained, viewed;
    _Atomic int rated;
    char event[512]; /* the last one; written before its answer */
};

/* A server that may be changed before it starts. */
void prepare(struct server *s);
void start(struct server *s);
void stop(struct server *s);

/* Of cmocka: *state is a server that runs. */
int setup(void **state);
int setup_stream(void **state); /* its clients use event streams */
int teardown(void **state);

void nap(int ms);
/* Waits for a counter that the server's thread moves. */
bool reaches(_Atomic unsigned *counter, unsigned value);
/* Connects by the server's kind of transport and sends a first message. */
void begin(struct server *s, struct client *c, const char *first);
/* The server closes with this code; a stream without one: bye has said it all. */
void ends(struct server *s, struct client *c, int code);
/* resume: PL_RESUME_TEXT bytes for the secret, or NULL. */
void open_talk(struct server *s, struct client *c, char *resume);
/* Sends, and hears until this comes back. */
void expect(struct client *c, const char *message, const char *answer);
void has(const struct pl_buf *b, const char *needle);
/* A request over HTTP, answered so, with this part in it. */
void ask(int port, const char *method, const char *path, const char *headers, int status,
         const char *part);

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define WITH_STREAM(test)                                                                          \
    { #test "_stream", test, setup_stream, teardown, NULL }
#define OVER_BOTH(test) WITH_SERVER(test), WITH_STREAM(test)

#endif
