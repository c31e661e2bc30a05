/* SPDX-License-Identifier: Apache-2.0
 *
 * A provider of language models for tests: a real HTTP server that speaks all dialects, plays
 * recorded streams, fails on demand, counts what it would bill and keeps every byte it received.
 *
 * The first part of a path is the site ("/a/v1/chat/completions"): each has faults, pace and bill
 * of its own, so that one provider stands for several. What it answers follows from the last
 * message of the user: [say TEXT]          exactly that text            [tool NAME {JSON}]  a call
 * of that tool [refuse] [filter] [length]                       these ends [cached N]          so
 * many tokens of the prompt were cached [play NAME]         the file streams/<NAME>.txt as it is
 * and otherwise "You said: …". With a schema, {"value":"…"}. Threads: any verb from any thread.
 */
#ifndef PROVIDER_H
#define PROVIDER_H

#include "runtime/base/base.h"

enum provider_fault {
#define FAULT(name, word, what) PROVIDER_##name,
#include "tests/provider/fault.def"
#undef FAULT
    PROVIDER_FAULTS
};

struct provider_manner {
    enum provider_fault fault;
    int at;       /* event */
    int after;    /* seconds of Retry-After */
    double share; /* of requests that meet the fault; 0: all */
    int first_ms; /* before the first event */
    int gap_us;   /* between events */
};

struct provider_bill {
    uint64_t requests, probes; /* to models, and GETs */
    uint64_t busy;             /* requests that it is still at: they are not on the bill yet */
    uint64_t connections;
    uint64_t told, untold; /* answers with usage told to the end, and others that made tokens */
    int64_t input, cached, output;                      /* of those told */
    int64_t untold_input, untold_cached, untold_output; /* of the others */
};

struct provider;
struct provider *provider_start(const char *streams, int port); /* port 0: a free one */
void provider_stop(struct provider **p);
int provider_port(const struct provider *p);
/* "cut at=3 share=0.1"; false for what is none. */
bool provider_manner_parse(const char *text, struct provider_manner *out);
void provider_set(struct provider *p, char site, struct provider_manner m);
struct provider_bill provider_bill(struct provider *p, char site);
/* Whether these bytes came in, in any request: line, headers or body. */
bool provider_got(struct provider *p, const char *bytes, size_t n);
/* Appends every byte received from now on to this file, too. False: it cannot be written. */
bool provider_record(struct provider *p, const char *path);
/* Appends to this file, for each question with "[mark N]" whose stream went to its end, a line of
 * N, of the monotonic time in microseconds at which the kernel had all of the request, and of that
 * at which the last event was handed to it. False: it cannot be written. */
bool provider_times(struct provider *p, const char *path);
/* The last request's body, as text; freed by the caller. */
char *provider_last(struct provider *p);

/* Ports that are no provider: nobody there; never accepts; accepts and never speaks. */
int provider_closed_port(void);
struct provider_trap {
    int fd, port, filler[8];
};
void provider_blackhole(struct provider_trap *t);
void provider_mute(struct provider_trap *t);
void provider_untrap(struct provider_trap *t);

#endif
