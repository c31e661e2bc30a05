/* SPDX-License-Identifier: Apache-2.0
 *
 * One customer's conversation as an honest client holds it: sends with counted cids, keeps what is
 * not acknowledged, comes back with the resume secret and sends that again. It writes down every
 * event and notices whatever breaks the protocol's promises.
 *
 * Ownership: talk_begin and talk_end pair up. Threads: one.
 * Invariants it watches: seq without gaps; an event seen again is byte for byte the same; an
 * acknowledgement names a customer event of its own; an acknowledged message stays.
 */
#ifndef TESTS_KILL_TALK_H
#define TESTS_KILL_TALK_H

#include "tests/client/client.h"

struct talk_said {
    char text[2048];
    uint64_t seq; /* 0: not acknowledged */
    bool choice;
};

struct talk {
    struct client c;
    bool on;    /* connected and not seen closed */
    bool ready; /* since connecting */
    bool live;
    bool anew; /* recovered:false is no surprise: what was shown is forgotten */
    char locale[16], instance[17], resume[160], epoch[40], with[16];
    char identity[1024];           /* what open says who he is; "" nothing */
    PL_VEC(char *) events;         /* JSON of seq 1, 2, … */
    PL_VEC(struct talk_said) said; /* counters 1, 2, … */
    unsigned resumes, again, dups, errors;
    char error[64]; /* code of the last error frame */
    char bye[32];   /* code of the bye frame */
    int64_t bye_after_ms;
    char wrong[256]; /* the first broken promise; "" none */
};

void talk_begin(struct talk *t, uint64_t instance, const char *locale);
void talk_end(struct talk *t);
/* Connects and opens, or resumes from the last event and sends again what was not acknowledged
 * when it is live. False when there is no connection. */
bool talk_connect(struct talk *t, int port);
/* Goes away without a word; talk_connect comes back. */
void talk_leave(struct talk *t);
void talk_say(struct talk *t, const char *text);
void talk_choose(struct talk *t, const char *choice);
/* Takes in what comes within ms, or with 0 all that has come; false when the connection is gone. */
bool talk_hear(struct talk *t, int64_t ms);
/* Hears until the event with this seq is there; NULL when time is over. */
const char *talk_event(struct talk *t, uint64_t seq, int64_t ms);
/* The next event after *seq that is not the customer's own; moves *seq on. NULL: none in time. */
const char *talk_bot(struct talk *t, uint64_t *seq, int64_t ms);
/* Says, and gives the seq from which to look for the answers. */
uint64_t talk_ask(struct talk *t, const char *text, int64_t ms);
/* Hears bot messages after *seq until one has this message id; false when time is over. */
bool talk_until(struct talk *t, uint64_t *seq, const char *id, int64_t ms);

/* "bot:track.found", "customer", "handoff": what an event is, without its words. */
void talk_kind(const char *event, char *out, size_t size);
/* How many events are of this kind. */
size_t talk_count(const struct talk *t, const char *kind);
/* Everything that can be checked at the end: each acknowledged message is exactly one customer
 * event with its text. Sets wrong. */
void talk_check(struct talk *t);
/* Opens the conversation anew from seq 0 and compares it with what was shown. Sets wrong. */
void talk_reread(struct talk *t, int port);

#endif
