/* SPDX-License-Identifier: Apache-2.0
 *
 * hooks: runs the shop's Lua functions in worker processes, so that no hook can hurt the server.
 *
 * A supervisor thread owns the workers (same binary, reduced environment, seccomp, one socket pair
 * each). A hook asks for HTTP by message; the supervisor checks it against the configured services,
 * adds credentials and the idempotency key, and knows whether a request has left. What comes back
 * from a worker is untrusted: frames are checked, results are read as the declared type here.
 *
 * Ownership: loads and calls copy what they are given, except `types`, which the caller keeps alive
 * until `done` has run (it belongs to the image). Results are gone when `done` returns.
 * Invariants: `done` runs exactly once for every call, on the loop named there, at the deadline
 * plus a few milliseconds at the latest. PL_HOOK_UNAVAILABLE means: surely nothing was done.
 * Threads: load, drop, call and cancel from any thread; create and destroy from one.
 * docs/HOOKS.md is the shop engineer's side of this page.
 */
#ifndef PL_HOOKS_H
#define PL_HOOKS_H

#include "runtime/base/base.h"
#include "runtime/http/http.h"
#include "runtime/value/value.h"

struct pl_loop;
struct pl_hooks;

/* ---- configuration ---- */

/* What Lua calls by name: http.get("shop", "/api/orders/1") asks base_url + "/api/orders/1". */
struct pl_hooks_service {
    struct pl_str name;
    struct pl_str base_url;               /* "https://shop.example", no slash at the end */
    const struct pl_http_header *headers; /* credentials, added to every request */
    size_t nheaders;
};

struct pl_hooks_config {
    struct pl_http *http; /* outlives the hooks */
    struct pl_clock clock;
    const struct pl_log *log;
    size_t workers;  /* 0: 2 */
    const char *exe; /* "/proc/self/exe" */
    const char *const
        *argv; /* {"parlance", "hook-worker", NULL}: must reach pl_hooks_worker_main(3) */
    const struct pl_hooks_service *services;
    size_t nservices;
    size_t memory_cap; /* bytes of Lua memory of one call; 0: 8 MiB */
};

enum pl_err pl_hooks_create(const struct pl_hooks_config *config, struct pl_hooks **out);
/* Ends calls under way as at their deadline, kills the workers, ends the thread. */
void pl_hooks_destroy(struct pl_hooks **hooks);

/* ---- images: a program's Lua sources, several at once ---- */

struct pl_hooks_source {
    struct pl_str name; /* "orders": its functions are orders.find, orders.cancel … */
    struct pl_str text; /* Lua source that returns a table of functions */
};

/* `image` names the image (its hash, at most 64 bytes). Loading one again changes nothing. */
enum pl_err pl_hooks_load(struct pl_hooks *hooks, struct pl_str image,
                          const struct pl_hooks_source *sources, size_t nsources);
/* Calls under way go on; later ones are unavailable. */
void pl_hooks_drop(struct pl_hooks *hooks, struct pl_str image);

/* ---- calls ---- */

enum pl_hook_effect { PL_HOOK_PURE, PL_HOOK_READ, PL_HOOK_WRITE_ONCE };

enum pl_hook_outcome {
    PL_HOOK_OK,          /* value is set */
    PL_HOOK_FAILED,      /* failure is one of the declared names */
    PL_HOOK_UNAVAILABLE, /* surely nothing was done */
    PL_HOOK_UNCONFIRMED, /* PL_HOOK_WRITE_ONCE only: something was sent, its outcome is unknown */
};

/* WHY(NAME, "text for the log"): why a call did not give a value. */
enum pl_hook_why {
#define WHY(name, text) PL_HOOK_WHY_##name,
#include "runtime/hooks/why.def"
#undef WHY
};
const char *pl_hook_why_text(enum pl_hook_why why);

struct pl_hook_result {
    enum pl_hook_outcome outcome;
    enum pl_hook_why why;
    struct pl_str value;   /* PL_HOOK_OK: pl_value_write's bytes, of the declared type */
    struct pl_str failure; /* PL_HOOK_FAILED */
    struct pl_str detail;  /* for the operator: a type error's place, a Lua error's text (may hold
                              customer text: never into the log) */
    int64_t took_us;
};

typedef void pl_hook_done(void *ctx, const struct pl_hook_result *result);

struct pl_hook_call {
    struct pl_str image;
    struct pl_str hook; /* "orders.find" */
    const struct pl_value *args;
    size_t nargs;
    const struct pl_types *types; /* of the image */
    struct pl_type type;          /* of the result; kind NONE: the result is ignored */
    const struct pl_str *fails;   /* declared failures */
    size_t nfails;
    enum pl_hook_effect effect;
    struct pl_str key;   /* PL_HOOK_WRITE_ONCE: 1..128 visible ASCII characters, else empty */
    int64_t deadline_ms; /* from now */
    struct pl_loop *loop;
    pl_hook_done *done;
    void *ctx;
};

/* Gives the call's id, never 0. */
uint64_t pl_hooks_call(struct pl_hooks *hooks, const struct pl_hook_call *call);
/* Ends a pure or read call soon (unavailable, CANCELLED); a write goes on. */
void pl_hooks_cancel(struct pl_hooks *hooks, uint64_t id);

struct pl_hooks_stats {
    uint64_t calls, ok, failed, unavailable, unconfirmed;
    uint64_t spawned, killed, reruns; /* workers started, ended by us; calls run again */
};
struct pl_hooks_stats pl_hooks_stats(const struct pl_hooks *hooks);

/* ---- for the compiler ---- */

struct pl_hooks_checked {
    struct pl_str *names; /* functions the file defines, sorted: "find", "cancel" */
    size_t nnames;
    struct pl_str message; /* of the mistake, without position */
    uint32_t line;         /* of the mistake, 1-based; 0 unknown */
};
/* Compiles and runs the file's top level under a hook's limits, in this process. PL_OK or
 * PL_MALFORMED with message and line; all of *out lives in the arena. */
enum pl_err pl_hooks_check(struct pl_arena *a, const struct pl_hooks_source *source,
                           struct pl_hooks_checked *out);

/* ---- for who plays conversations ---- */

/* Runs a pure hook at once, in this process, under a hook's limits; of the call its hook, args,
 * types, type and fails are looked at. PL_HOOK_OK: *value. PL_HOOK_FAILED: the failure's name is in
 * *detail. PL_HOOK_UNAVAILABLE: *detail says what was wrong. All in the arena. */
enum pl_hook_outcome pl_hooks_run_pure(struct pl_arena *a, const struct pl_hooks_source *source,
                                       const struct pl_hook_call *call, struct pl_value *value,
                                       struct pl_str *detail);

/* ---- the worker's side ---- */

/* Runs a worker on the socket `fd` until the other end closes it; gives the exit code. Closes all
 * other descriptors and enters the sandbox for good, so it is the last thing a process does. */
int pl_hooks_worker_main(int fd);

#endif
