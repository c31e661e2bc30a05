/* SPDX-License-Identifier: Apache-2.0
 *
 * The network at its worst, against a real server: net_torture WHAT [--name N …]. Each part prints
 * one line of figures and ends the program with a word when a promise is broken.
 */
#ifndef TESTS_NET_H
#define TESTS_NET_H

#include "tests/kill/site.h"
#include "tests/kill/talk.h"

/* ---- many honest customers on one thread ---- */

struct crowd {
    struct talk *v;
    size_t n, next; /* next: who says something next */
    uint64_t said;
};

/* Connects n and waits for the greeting of each. */
void crowd_open(struct crowd *c, size_t n, uint64_t instances, int port);
/* Takes in what has come to each. */
void crowd_hear(struct crowd *c);
/* For so long customers say something in turn, `rate` times a second; nobody waits for answers. */
void crowd_talk(struct crowd *c, double rate, int64_t ms);
size_t crowd_on(const struct crowd *c);
size_t crowd_unacked(const struct crowd *c);
/* Everyone comes back, sends again what was not acknowledged, and waits until it is. */
void crowd_back(struct crowd *c, int port);
/* Everything is as it was promised, also when it is read anew. */
void crowd_check(struct crowd *c, int port);
void crowd_close(struct crowd *c);

/* ---- the parts ---- */

struct net_options {
    long sockets, rate, seconds, turns;
    bool full; /* bounds of time and memory hold, too: not in a build with sanitizers */
};

/* SIGTERM under load: bye to each, exit 0, nothing lost; once more, in a hurry. */
void drain_run(struct site *s, const struct net_options *o);

/* Connections cut at every byte: each message is answered once, in order. */
void cut_run(struct site *s, const struct net_options *o);

/* Clients that break the rules, or say nothing: the right close code, bounded memory. */
void hostile_run(struct site *s, const struct net_options *o);

/* Readers of a hundred bytes a second, and of nothing: the others do not notice. */
void slow_run(struct site *s, const struct net_options *o);

/* Raises the limit of descriptors as far as it goes. */
void net_descriptors(void);
/* A port that is free now. */
int net_free_port(void);

#endif
