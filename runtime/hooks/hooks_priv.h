/* SPDX-License-Identifier: Apache-2.0
 * Private to this room: the frames between supervisor and worker, and one Lua call. */
#ifndef PL_HOOKS_PRIV_H
#define PL_HOOKS_PRIV_H

#include "runtime/hooks/hooks.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PL_HOOKS__SANITIZED /* slower, with more system calls and terabytes of address space */
#endif

/* ---- limits; each protects the server, none is a matter of taste ---- */

enum {
    PL_HOOKS__SLOTS = 8,                   /* calls at once in one worker */
    PL_HOOKS__FRAME_MAX = 512 * 1024,      /* from a worker: a frame longer than this ends it */
    PL_HOOKS__IMAGE_MAX = 4 * 1024 * 1024, /* all Lua sources of an image */
    PL_HOOKS__BODY_MAX = 256 * 1024,       /* an HTTP body, either way; a result */
    PL_HOOKS__PATH_MAX = 2048,             /* path and query of a request */
    PL_HOOKS__NAME_MAX = 128,              /* hook, failure, service, event */
    PL_HOOKS__DETAIL_MAX = 500,            /* an error's text */
    PL_HOOKS__LOGS = 8,                    /* log lines of one call */
    PL_HOOKS__STEPS = 500 * 1000,          /* pattern steps of one resume: a few ms */
    PL_HOOKS__COUNT = 10 * 1000,           /* instructions between two looks at the clock */
    PL_HOOKS__DEPTH = 32,                  /* nesting of JSON and tables */
#ifdef PL_HOOKS__SANITIZED
    PL_HOOKS__CPU_MS = 60, /* everything is that much slower */
#else
    PL_HOOKS__CPU_MS = 10, /* of one resume; the worker kills itself at twice that */
#endif
};

/* ---- frames: u32 length, then one of these bytes, then its fields ---- */

/* To the worker. Numbers are LEB128, texts are pl_buf_text. */
enum {
    PL_HOOKS__IMAGE = 'I',  /* image, count, {name, source} */
    PL_HOOKS__DROP = 'D',   /* image */
    PL_HOOKS__CALL = 'C',   /* id, image, memory cap, hook, arguments as a JSON array, key */
    PL_HOOKS__REPLY = 'R',  /* id, status, JSON? , body */
    PL_HOOKS__CANCEL = 'X', /* id */
};

/* From the worker. */
enum {
    PL_HOOKS__HTTP = 'h',  /* id, method, service, path, content type, body */
    PL_HOOKS__VALUE = 'v', /* id, JSON */
    PL_HOOKS__FAIL = 'f',  /* id, name */
    PL_HOOKS__ERROR = 'e', /* id, why, detail */
    PL_HOOKS__LOG = 'l',   /* id, event, subject */
    PL_HOOKS__READY = 'r', /* 0: the sandbox is closed, calls may come */
};

/* A frame from a worker; texts point into the frame. */
struct pl_hooks__said {
    uint8_t kind;
    uint64_t id;
    enum pl_http_method method;        /* HTTP */
    struct pl_str service, path, type; /* HTTP */
    struct pl_str body;                /* HTTP body, VALUE's JSON */
    struct pl_str name, subject;       /* FAIL, LOG */
    enum pl_hook_why why;              /* ERROR */
    struct pl_str detail;              /* ERROR */
};
/* Reads one frame without its length. PL_MALFORMED, PL_LIMIT: the worker is not to be trusted. */
enum pl_err pl_hooks__said_read(struct pl_str frame, struct pl_hooks__said *out);

/* Begins a frame in `b` (more may stand before it) and closes it by writing its length. */
size_t pl_hooks__frame_open(struct pl_buf *b, uint8_t kind);
void pl_hooks__frame_close(struct pl_buf *b, size_t at);
/* Takes the next whole frame of `b` from *at on. PL_OK; PL_NOT_FOUND: not all there yet; PL_LIMIT:
 * longer than max. */
enum pl_err pl_hooks__frame_next(const struct pl_buf *b, size_t *at, size_t max,
                                 struct pl_str *frame);

/* "/api/orders/1?x=2": starts with one slash, URL characters only, no dot segments, so that it can
 * name nothing outside the service. */
bool pl_hooks__path_ok(struct pl_str path);
bool pl_hooks__name_ok(struct pl_str name,
                       size_t max); /* letters, digits, _ . - : ids and events */

/* ---- one call of a Lua function, in a state of its own ---- */

/* A JSON array; null for what is absent. */
struct pl_str pl_hooks__args_json(struct pl_arena *a, const struct pl_value *args, size_t n);

struct pl_hooks__run;

enum pl_hooks__phase {
    PL_HOOKS__WANTS_HTTP, /* want is set; go on with pl_hooks__run_reply */
    PL_HOOKS__RETURNED,   /* out holds JSON */
    PL_HOOKS__FAILED,     /* out holds the failure's name */
    PL_HOOKS__BROKE,      /* why is set, out holds the error's text */
};

struct pl_hooks__want {
    enum pl_http_method method;
    struct pl_buf service, path, type, body;
};

struct pl_hooks__task {
    struct pl_str file, source; /* "orders" and its text; must outlive the run */
    struct pl_str function;     /* "find"; empty: only run the file's top level */
    struct pl_str args;         /* JSON array */
    struct pl_str key;
    size_t memory_cap;
    int64_t cpu_us; /* of each resume */
    void (*log)(void *ctx, struct pl_str event, struct pl_str subject);
    void *ctx;
};

/* What a run is to its callers; the rest is hooks_lua.c's. */
struct pl_hooks__run {
    struct pl_hooks__want want;
    struct pl_buf out;
    enum pl_hook_why why;
    struct pl_hooks__task task;
    struct pl_buf owned; /* args and key, copied */
    struct lua_State *lua, *thread;
    size_t memory;
    bool refused; /* the allocator has just said no once */
    bool spent;   /* a budget is used up: every further instruction raises */
    int64_t cpu_end_us;
    uint32_t steps;
    int logs;
    int status; /* of the HTTP reply that the next resume hands in */
    bool status_json;
    struct pl_str reply_body;
    enum pl_hooks__phase phase;
    struct pl_arena scratch;
};

/* Starts the call and runs it up to its first phase. Never fails: a broken run says so. */
enum pl_hooks__phase pl_hooks__run_start(struct pl_hooks__run *run,
                                         const struct pl_hooks__task *task);
enum pl_hooks__phase pl_hooks__run_reply(struct pl_hooks__run *run, int status, bool json,
                                         struct pl_str body);
/* Frees all of it; runs no Lua code. */
void pl_hooks__run_end(struct pl_hooks__run *run);
/* Names of the functions that the file's table holds; for pl_hooks_check. */
size_t pl_hooks__run_names(struct pl_hooks__run *run, struct pl_arena *a, struct pl_str **names);

/* The Lua side; each opens functions into the table on top of the stack. */
struct pl_hooks__run *pl_hooks__run_of(struct lua_State *L);
void pl_hooks__open_pattern(struct lua_State *L); /* find match gmatch gsub */
void pl_hooks__open_http(struct lua_State *L);    /* get post put patch delete escape */
void pl_hooks__open_json(struct lua_State *L);    /* encode decode array object null */
/* Pushes a JSON text's value; raises on malformed text. */
void pl_hooks__json_push(struct lua_State *L, struct pl_str text);
/* Writes the value at `index` as JSON; raises on functions, cycles, mixed tables, NaN. */
void pl_hooks__json_write(struct lua_State *L, int index, struct pl_buf *out);
/* The keys of the table at the absolute index, sorted; raises unless all are texts. Pushes one
 * value, which owns the array. */
size_t pl_hooks__sorted_keys(struct lua_State *L, int index, struct pl_str **keys);

/* ---- the sandbox ---- */

/* Gives up everything but reading, writing, memory and clock. PL_DENIED: the kernel refused. */
enum pl_err pl_hooks__sandbox_enter(int fd);
/* Arms the timer that ends this process after `us` of its CPU time; 0 disarms. */
void pl_hooks__cpu_alarm(int64_t us);
int64_t pl_hooks__cpu_us(void);

#endif
