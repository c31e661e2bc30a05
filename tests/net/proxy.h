/* SPDX-License-Identifier: Apache-2.0
 *
 * A relay between clients and a server on a thread of its own, which cuts a connection after so
 * many bytes. Ownership: proxy_open and proxy_close pair up.
 */
#ifndef TESTS_NET_PROXY_H
#define TESTS_NET_PROXY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum { PROXY_UP, PROXY_DOWN, PROXY_PAIRS = 16 }; /* from the client; to it */

struct proxy_pair {
    int fd[2]; /* the client's, the server's; -1: free */
};

struct proxy {
    int port, server_port, listener;
    pthread_t thread;
    struct proxy_pair pairs[PROXY_PAIRS];
    _Atomic int64_t left[2]; /* bytes that may still pass this way; negative: any number */
    _Atomic unsigned cuts;
    _Atomic int stop;
};

void proxy_open(struct proxy *p, int server_port);
void proxy_close(struct proxy *p);
/* From now on: cut after n bytes this way (0: before the next one); n < 0: never. */
void proxy_cut(struct proxy *p, int way, int64_t n);

#endif
