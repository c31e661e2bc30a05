/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker process: reads frames, runs up to eight calls that take turns at their HTTP requests,
 * writes frames. It trusts the server and nothing that Lua hands it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/hooks/hooks_priv.h"

struct image {
    uint64_t number;
    char *frame; /* owns the texts */
    size_t nsources;
    struct pl_hooks_source *sources;
};

struct slot {
    uint64_t id; /* 0: free */
    struct worker *worker;
    struct pl_hooks__run run;
};

struct worker {
    int fd;
    struct pl_buf in, out;
    struct {
        struct image *v;
        size_t n, cap;
    } images;
    struct slot slots[PL_HOOKS__SLOTS];
};

/* ---- the socket ---- */

static bool flush(struct worker *w) {
    size_t at = 0;
    while (at < w->out.n) {
        ssize_t n = write(w->fd, w->out.p + at, w->out.n - at);
        if (n <= 0) return false;
        at += (size_t)n;
    }
    pl_buf_clear(&w->out);
    return true;
}

static bool fill(struct worker *w) {
    if (!pl_buf_reserve(&w->in, 64 * 1024)) return false;
    ssize_t n = read(w->fd, w->in.p + w->in.n, w->in.cap - w->in.n);
    if (n <= 0) return false;
    w->in.n += (size_t)n;
    return true;
}

/* ---- images ---- */

static struct image *image_of(struct worker *w, uint64_t number) {
    for (size_t i = 0; i < w->images.n; i++)
        if (w->images.v[i].number == number) return &w->images.v[i];
    return NULL;
}

static bool add_image(struct worker *w, struct pl_str frame) {
    struct image image = {.frame = malloc(frame.n + 1)};
    if (!image.frame) return false;
    memcpy(image.frame, frame.p, frame.n);
    struct pl_reader r = pl_reader_of((struct pl_str){image.frame, frame.n});
    pl_read_u8(&r);
    image.number = pl_read_var(&r);
    uint64_t n = pl_read_var(&r);
    image.sources = n <= frame.n ? calloc((size_t)n + 1, sizeof *image.sources) : NULL;
    if (!image.sources) {
        free(image.frame);
        return false;
    }
    for (; image.nsources < n; image.nsources++) {
        image.sources[image.nsources].name = pl_read_text(&r);
        image.sources[image.nsources].text = pl_read_text(&r);
    }
    PL_PUSH(&w->images, image);
    return !r.bad;
}

/* The server drops an image only when none of its calls is here. */
static void drop_image(struct worker *w, uint64_t number) {
    struct image *image = image_of(w, number);
    if (!image) return;
    free(image->frame);
    free(image->sources);
    *image = w->images.v[--w->images.n];
}

/* ---- calls ---- */

static void say_log(void *ctx, struct pl_str event, struct pl_str subject) {
    struct slot *s = ctx;
    size_t at = pl_hooks__frame_open(&s->worker->out, PL_HOOKS__LOG);
    pl_buf_var(&s->worker->out, s->id);
    pl_buf_text(&s->worker->out, event);
    pl_buf_text(&s->worker->out, subject);
    pl_hooks__frame_close(&s->worker->out, at);
}

static void end_slot(struct slot *s) {
    pl_hooks__run_end(&s->run);
    s->id = 0;
}

static void say_http(struct pl_buf *out, const struct pl_hooks__want *want) {
    pl_buf_byte(out, (uint8_t)want->method);
    pl_buf_text(out, pl_buf_slice(&want->service));
    pl_buf_text(out, pl_buf_slice(&want->path));
    pl_buf_text(out, pl_buf_slice(&want->type));
    pl_buf_text(out, pl_buf_slice(&want->body));
}

/* Each turn ends with exactly one of these frames: the server counts on it. */
static void say_phase(struct worker *w, struct slot *s, enum pl_hooks__phase phase) {
    static const uint8_t kinds[] = {[PL_HOOKS__WANTS_HTTP] = PL_HOOKS__HTTP,
                                    [PL_HOOKS__RETURNED] = PL_HOOKS__VALUE,
                                    [PL_HOOKS__FAILED] = PL_HOOKS__FAIL,
                                    [PL_HOOKS__BROKE] = PL_HOOKS__ERROR};
    size_t at = pl_hooks__frame_open(&w->out, kinds[phase]);
    pl_buf_var(&w->out, s->id);
    if (phase == PL_HOOKS__BROKE) pl_buf_byte(&w->out, (uint8_t)s->run.why);
    if (phase == PL_HOOKS__WANTS_HTTP)
        say_http(&w->out, &s->run.want);
    else
        pl_buf_text(&w->out, pl_buf_slice(&s->run.out));
    pl_hooks__frame_close(&w->out, at);
    if (phase != PL_HOOKS__WANTS_HTTP) end_slot(s);
}

static struct slot *slot_of(struct worker *w, uint64_t id) {
    for (size_t i = 0; i < PL_HOOKS__SLOTS; i++)
        if (w->slots[i].id == id) return &w->slots[i];
    return NULL;
}

/* "orders.find": file orders, function find. The file's name may hold dots itself. */
static bool find_source(struct worker *w, uint64_t number, struct pl_str hook,
                        struct pl_hooks__task *task) {
    struct image *image = image_of(w, number);
    const char *dot = memrchr(hook.p, '.', hook.n);
    if (!image || !dot) return false;
    task->file = (struct pl_str){hook.p, (size_t)(dot - hook.p)};
    task->function = (struct pl_str){dot + 1, hook.n - task->file.n - 1};
    for (size_t i = 0; i < image->nsources; i++) {
        if (!pl_str_eq(image->sources[i].name, task->file)) continue;
        task->file = image->sources[i].name;
        task->source = image->sources[i].text;
        return task->function.n > 0;
    }
    return false;
}

static void say_no_hook(struct worker *w, uint64_t id) {
    size_t at = pl_hooks__frame_open(&w->out, PL_HOOKS__ERROR);
    pl_buf_var(&w->out, id);
    pl_buf_byte(&w->out, PL_HOOK_WHY_NO_HOOK);
    pl_buf_text(&w->out, PL_STR("no such file"));
    pl_hooks__frame_close(&w->out, at);
}

static bool start_call(struct worker *w, struct pl_reader *r) {
    uint64_t id = pl_read_var(r), number = pl_read_var(r);
    struct pl_hooks__task task = {.cpu_us = PL_HOOKS__CPU_MS * 1000, .log = say_log};
    task.memory_cap = (size_t)pl_read_var(r);
    struct pl_str hook = pl_read_text(r);
    task.args = pl_read_text(r);
    task.key = pl_read_text(r);
    struct slot *s = slot_of(w, 0);
    if (r->bad || id == 0 || !s) return false;
    if (!find_source(w, number, hook, &task)) {
        say_no_hook(w, id);
        return true;
    }
    s->id = id;
    s->worker = w;
    task.ctx = s;
    say_phase(w, s, pl_hooks__run_start(&s->run, &task));
    return true;
}

static bool go_on(struct worker *w, struct pl_reader *r) {
    struct slot *s = slot_of(w, pl_read_var(r));
    int status = (int)pl_read_var(r);
    bool json = pl_read_u8(r) != 0;
    struct pl_str body = pl_read_text(r);
    if (r->bad || !s) return false;
    say_phase(w, s, pl_hooks__run_reply(&s->run, status, json, body));
    return true;
}

static bool cancel(struct worker *w, struct pl_reader *r) {
    struct slot *s = slot_of(w, pl_read_var(r));
    if (s) end_slot(s);
    return !r->bad;
}

/* False for what the server never sends. */
static bool obey(struct worker *w, struct pl_str frame) {
    struct pl_reader r = pl_reader_of(frame);
    bool ok;
    pl_hooks__cpu_alarm(2 * PL_HOOKS__CPU_MS * 1000);
    switch (pl_read_u8(&r)) {
    case PL_HOOKS__IMAGE: ok = add_image(w, frame); break;
    case PL_HOOKS__DROP:
        drop_image(w, pl_read_var(&r));
        ok = !r.bad;
        break;
    case PL_HOOKS__CALL: ok = start_call(w, &r); break;
    case PL_HOOKS__REPLY: ok = go_on(w, &r); break;
    case PL_HOOKS__CANCEL: ok = cancel(w, &r); break;
    default: ok = false;
    }
    pl_hooks__cpu_alarm(0);
    return ok;
}

static bool obey_all(struct worker *w) {
    struct pl_str frame;
    size_t at = 0;
    while (pl_hooks__frame_next(&w->in, &at, 2 * PL_HOOKS__IMAGE_MAX, &frame) == PL_OK)
        if (!obey(w, frame) || !flush(w)) return false;
    memmove(w->in.p, w->in.p + at, w->in.n - at);
    w->in.n -= at;
    return true;
}

int pl_hooks_worker_main(int fd) {
    struct worker *w = calloc(1, sizeof *w);
    if (!w || pl_hooks__sandbox_enter(fd) != PL_OK) _exit(2);
    w->fd = fd;
    size_t at = pl_hooks__frame_open(&w->out, PL_HOOKS__READY);
    pl_buf_var(&w->out, 0);
    pl_hooks__frame_close(&w->out, at);
    while (flush(w) && fill(w) && obey_all(w)) {
    }
    /* No exit handlers: they could do nothing in here. */
    _exit(0);
}
