/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors and signals, by libev's watchers. */
#include <stdlib.h>

#include "runtime/loop/loop_priv.h"

static struct pl_loop_io *start_io(struct pl_loop *l) {
    struct pl_loop_io *io = calloc(1, sizeof(*io));
    pl_assert(io);
    io->next = l->ios;
    if (l->ios) l->ios->prev = io;
    l->ios = io;
    return io;
}

void pl_loop__stop_io(struct pl_loop *l, struct pl_loop_io *io) {
    if (io->fd) {
        ev_io_stop(l->ev, &io->io);
        io->fd->io = NULL;
        io->fd->events = 0;
    } else {
        ev_signal_stop(l->ev, &io->signal);
        io->sig->io = NULL;
    }
    if (io->prev)
        io->prev->next = io->next;
    else
        l->ios = io->next;
    if (io->next) io->next->prev = io->prev;
    free(io);
}

static void on_ready(struct ev_loop *ev, ev_io *w, int events) {
    (void)ev;
    struct pl_fd *fd = w->data;
    int ready = (events & EV_READ ? PL_READ : 0) | (events & EV_WRITE ? PL_WRITE : 0);
    if (events & EV_ERROR) ready |= PL_READ | PL_WRITE;
    fd->loop->worked = true;
    fd->loop->now_us = fd->loop->clock.mono_us(fd->loop->clock.ctx);
    fd->fn(fd, ready);
}

void pl_fd_start(struct pl_loop *loop, struct pl_fd *w, int fd, int events) {
    if (w->io && w->fd == fd && w->events == events) return;
    if (events == 0) {
        pl_fd_stop(w);
        return;
    }
    if (w->io)
        ev_io_stop(loop->ev, &w->io->io);
    else
        w->io = start_io(loop);
    w->io->fd = w;
    w->loop = loop;
    w->fd = fd;
    w->events = events;
    ev_io_init(&w->io->io, on_ready, fd,
               (events & PL_READ ? EV_READ : 0) | (events & PL_WRITE ? EV_WRITE : 0));
    w->io->io.data = w;
    ev_io_start(loop->ev, &w->io->io);
}

void pl_fd_stop(struct pl_fd *w) {
    if (w->io) pl_loop__stop_io(w->loop, w->io);
}

static void on_signal(struct ev_loop *ev, ev_signal *w, int events) {
    (void)ev, (void)events;
    struct pl_signal *s = w->data;
    s->loop->worked = true;
    s->fn(s);
}

void pl_signal_start(struct pl_loop *loop, struct pl_signal *s, int number) {
    pl_signal_stop(s);
    s->loop = loop;
    s->number = number;
    s->io = start_io(loop);
    s->io->sig = s;
    ev_signal_init(&s->io->signal, on_signal, number);
    s->io->signal.data = s;
    ev_signal_start(loop->ev, &s->io->signal);
}

void pl_signal_stop(struct pl_signal *s) {
    if (s->io) pl_loop__stop_io(s->loop, s->io);
}
