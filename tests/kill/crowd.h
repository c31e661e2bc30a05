/* SPDX-License-Identifier: Apache-2.0
 *
 * A crowd of customers, each with the same conversation of the reference project: eight messages, a
 * write of the shop among them, sixteen answers. Whatever breaks a promise ends the test program.
 *
 * Ownership: crowd_end frees what crowd_begin began. Threads: one.
 */
#ifndef TESTS_KILL_CROWD_H
#define TESTS_KILL_CROWD_H

#include <poll.h>

#include "tests/kill/site.h"
#include "tests/kill/talk.h"

#define BACK_MS 300

struct customer {
    struct talk t;
    size_t at;      /* its place in the crowd */
    size_t step;    /* lines said */
    int64_t moved;  /* when it last went on */
    int64_t thinks; /* until when he reads */
    int64_t back;   /* he was told to come back, and does then */
    size_t looked;  /* events looked at for… */
    bool strayed;
};

struct crowd {
    /* Set by who begins it. */
    size_t at_once; /* conversations at the same time */
    uint64_t rate;  /* messages a second over all of them; 0: everybody writes when he has read */
    bool hasty;     /* nobody reads for long */
    bool patient;   /* who is told to come back later does, after BACK_MS */
    bool lenient;   /* who is told that the shop cannot be reached is over: he strayed */
    void (*heard)(void *ctx, struct customer *c); /* after each visit; may be NULL */
    void *ctx;
    struct pl_rand rand;

    PL_VEC(struct customer *) all;
    size_t first; /* all before it are over */
    size_t over;
    uint64_t said, instances;
    /* private */
    PL_VEC(struct pollfd) polls;
    double budget; /* messages that the rate allows now */
    int64_t budget_at;
};

void crowd_begin(struct crowd *c, uint64_t seed);
void crowd_end(struct crowd *c);
/* Goes round all customers once, connecting those who are not; more of them come while `more`. */
void crowd_round(struct crowd *c, int port, bool more);
/* Takes in what a server that has ended still sent. */
void crowd_drain(struct crowd *c);
/* All that can be checked when everybody is over, against what the server keeps. Says figures. */
void crowd_check(struct crowd *c, int port);

/* Every customer's write was done once by the shop, and none but theirs. */
void crowd_check_writes(const struct crowd *c, const struct site *s);

/* One customer more. */
struct customer *crowd_add(struct crowd *c);
bool customer_is_over(const struct customer *c);
/* Events there must be when so many lines are said and answered. */
uint64_t customer_events(size_t step);
/* The conversation as a whole is what the script says. */
void customer_check(const struct customer *c);

/* What a customer had seen at some moment. */
struct customer_seen {
    uint64_t events, said;
    uint64_t acked[16]; /* the seq of each line, 0 none */
};
struct customer_seen customer_seen(const struct customer *c);
/* A customer as he was then is one of another crowd: he has forgotten all events, and says again
 * what was not acknowledged. */
struct customer *crowd_return(struct crowd *again, const struct customer *was,
                              const struct customer_seen *then);
/* What he had seen is what he sees. */
void customer_compare(const struct customer *was, const struct customer_seen *then,
                      const struct customer *now);

#endif
