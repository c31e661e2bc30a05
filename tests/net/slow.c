/* SPDX-License-Identifier: Apache-2.0
 *
 * Customers who read a hundred bytes a second, among others who must not notice; and tabs that
 * read nothing at all, until they are cut off. All of them come back to everything.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "tests/net/net.h"

#define BYTES_A_SECOND 100
#define ROUNDS         3   /* of two phases each; one in the quick form */
#define WORSE          1.2 /* at most, for the others' slowest of a hundred */
#define TABS           4   /* that read nothing */
#define DEAF_KIB       512 /* of memory for one of them: what may wait, and what was written */
#define SLOW_KIB       128 /* ... for one who reads slowly */

struct customer {
    int64_t said_us; /* what is not acknowledged yet; 0: nothing is */
};

struct slow {
    struct site *s;
    struct crowd c;
    struct customer *v;
    size_t nslow; /* the first ones */
    bool reading; /* ... as fast as the others */
    int epoll;
    PL_VEC(uint32_t) waits; /* us, of the others in this phase */
};

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* ---- reading ---- */

static void heard(struct slow *w, size_t i) {
    struct talk *t = &w->c.v[i];
    if (t->on) talk_hear(t, 0);
    if (t->wrong[0]) DIE("customer %zu: %s", i, t->wrong);
    if (!w->v[i].said_us || t->said.v[t->said.n - 1].seq == 0) return;
    if (i >= w->nslow) PL_PUSH(&w->waits, (uint32_t)(now_us() - w->v[i].said_us));
    w->v[i].said_us = 0;
}

/* Who is slow is not listened to, but for what his hundred bytes give. */
static void listen_to(struct slow *w, size_t i, bool on) {
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = i};
    epoll_ctl(w->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, w->c.v[i].c.fd, &e);
}

static void slow_down(struct slow *w) {
    for (size_t i = 0; i < w->nslow; i++) {
        if (w->c.v[i].on) listen_to(w, i, false);
        w->c.v[i].c.slow = true;
        w->c.v[i].c.may = 0;
    }
    w->reading = false;
}

static void a_hundred_bytes(struct slow *w, size_t i) {
    w->c.v[i].c.may = BYTES_A_SECOND;
    heard(w, i);
}

/* They read all that waits for them; who was cut off comes back for it. */
static size_t catch_up(struct slow *w) {
    size_t cut = 0;
    for (size_t i = 0; i < w->nslow; i++) {
        w->c.v[i].c.slow = false;
        heard(w, i);
        cut += !w->c.v[i].on;
    }
    crowd_back(&w->c, w->s->server.port);
    for (size_t i = 0; i < w->nslow; i++) {
        w->v[i].said_us = 0;
        listen_to(w, i, true);
    }
    w->reading = true;
    return cut;
}

static void hear_all(struct slow *w, int wait_ms) {
    struct epoll_event events[256];
    int n = epoll_wait(w->epoll, events, (int)PL_LEN(events), wait_ms);
    for (int k = 0; k < n; k++) heard(w, (size_t)events[k].data.u64);
}

/* ---- writing ---- */

static const char *const words[] = {"how much is shipping", "thanks a lot", "hello",
                                    "how can I pay"};

/* Customers say something in turn, `rate` times a second; gives the others' slowest of a hundred.
 */
static uint32_t phase(struct slow *w, long rate, int64_t ms) {
    int64_t begun = now_us();
    uint64_t said = 0, read = 0;
    w->waits.n = 0;
    for (int64_t now = begun; now - begun < ms * 1000; now = now_us()) {
        for (; said < (uint64_t)((now - begun) * rate / 1000000); said++) {
            size_t i = w->c.next = (w->c.next + 1) % w->c.n;
            if (w->v[i].said_us || !w->c.v[i].on) continue;
            w->v[i].said_us = now_us();
            talk_say(&w->c.v[i], words[w->c.said++ % PL_LEN(words)]);
        }
        for (; !w->reading && read < (uint64_t)((now - begun) * (int64_t)w->nslow / 1000000);
             read++)
            a_hundred_bytes(w, read % w->nslow); /* each once a second */
        hear_all(w, 1);
    }
    qsort(w->waits.v, w->waits.n, sizeof *w->waits.v, ascending);
    return w->waits.n ? w->waits.v[w->waits.n * 99 / 100] : 0;
}

/* ---- who reads nothing ---- */

/* The log says it; they, who read nothing, do not see their connection end either. */
static size_t cut_off(const struct site *s) {
    struct pl_buf log = {0};
    size_t n = 0;
    for (const char *at = site_log(s, &log); (at = strstr(at, "slow_reader")) != NULL; at++) n++;
    pl_buf_free(&log);
    return n;
}

static void until_live(struct talk *t) {
    int64_t until = now_ms() + 30000;
    while (!t->live && now_ms() < until && talk_hear(t, 10)) continue;
    if (!t->live) DIE("a tab does not come back");
}

/* Another tab of the customer's. */
static void open_tab(struct talk *tab, const struct talk *of, uint64_t instance, int port) {
    talk_begin(tab, instance, "en-US");
    snprintf(tab->resume, sizeof tab->resume, "%s", of->resume);
    snprintf(tab->epoch, sizeof tab->epoch, "%s", of->epoch);
    if (!talk_connect(tab, port)) DIE("a tab finds no connection");
    until_live(tab);
}

static void comes_back(struct talk *tab, const struct talk *of, int port) {
    talk_leave(tab);
    if (!talk_connect(tab, port)) DIE("a tab finds no connection");
    until_live(tab);
    if (tab->wrong[0]) DIE("a tab: %s", tab->wrong);
    if (tab->events.n != of->events.n) DIE("%zu events of %zu", tab->events.n, of->events.n);
    for (size_t i = 0; i < of->events.n; i++)
        if (strcmp(tab->events.v[i], of->events.v[i]) != 0) DIE("another event %zu", i + 1);
    talk_end(tab);
}

/* Tabs that read nothing, of a customer with long messages, each of which is shown in all; gives
 * after how many all of them are cut off. */
static size_t deaf(struct slow *w, bool full) {
    struct talk t, tabs[TABS];
    char text[1900];
    size_t said = 0, were = cut_off(w->s), before = proc_rss_kib(w->s->server.pid);
    int port = w->s->server.port;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    talk_begin(&t, 90000, "en-US");
    if (!talk_connect(&t, port)) DIE("no connection");
    until_live(&t);
    for (size_t i = 0; i < TABS; i++) open_tab(&tabs[i], &t, 90001 + i, port);
    for (; cut_off(w->s) < were + TABS; said++) {
        if (said > 1000) DIE("who reads nothing is not cut off after %zu messages", said);
        talk_ask(&t, text, 10000);
        if (t.wrong[0]) DIE("%s", t.wrong);
    }
    size_t after = proc_rss_kib(w->s->server.pid);
    if (full && after > before + TABS * DEAF_KIB)
        DIE("%d who read nothing cost %zu KiB", TABS, after - before);
    talk_hear(&t, 200);
    for (size_t i = 0; i < TABS; i++) comes_back(&tabs[i], &t, port);
    talk_end(&t);
    return said;
}

/* ---- the part ---- */

static void serve(struct site *s) {
    const char *options[] = {
        "--max-connections-per-ip=100000", "--max-queued=64KiB", "--messages-per-minute=100000",
        "--handshakes-per-minute=1000000", "--heartbeat=300s",   NULL};
    if (s->server.pid) proc_kill(&s->server);
    site_server(s, options);
}

static void open_all(struct slow *w, const struct net_options *o) {
    w->nslow = (size_t)o->sockets / 5;
    w->reading = true;
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    crowd_open(&w->c, (size_t)o->sockets, 100000, w->s->server.port);
    w->v = calloc(w->c.n, sizeof *w->v);
    pl_assert(w->v);
    for (size_t i = 0; i < w->c.n; i++) listen_to(w, i, true);
}

static uint32_t middle(uint32_t *v, size_t n) {
    qsort(v, n, sizeof *v, ascending);
    return v[n / 2];
}

void slow_run(struct site *s, const struct net_options *o) {
    struct slow w = {.s = s};
    uint32_t all[ROUNDS], beside[ROUNDS];
    size_t cut = 0, grown = 0, rounds = o->full ? ROUNDS : 1;
    serve(s);
    open_all(&w, o);
    phase(&w, o->rate, o->seconds * 500);
    for (size_t r = 0; r < rounds; r++) {
        all[r] = phase(&w, o->rate, o->seconds * 1000);
        size_t before = proc_rss_kib(s->server.pid);
        slow_down(&w);
        beside[r] = phase(&w, o->rate, o->seconds * 1000);
        size_t after = proc_rss_kib(s->server.pid);
        if (after > before && after - before > grown) grown = after - before;
        cut += catch_up(&w);
    }
    do phase(&w, 0, o->full ? 5000 : 500); /* what is under way still comes */
    while (crowd_unacked(&w.c) > 0);
    if (o->full && grown > w.nslow * SLOW_KIB) DIE("%zu slow readers cost %zu KiB", w.nslow, grown);
    crowd_check(&w.c, s->server.port);
    size_t unread = deaf(&w, o->full);
    uint32_t a = middle(all, rounds), b = middle(beside, rounds);
    printf("slow: sockets=%zu slow=%zu rate=%ld p99_us=%u p99_us_beside=%u ratio=%.2f cut_off=%zu "
           "grown_kib=%zu lost=0; who reads nothing: cut off after %zu messages, lost=0\n",
           w.c.n, w.nslow, o->rate, a, b, (double)b / a, cut, grown, unread);
    if (o->full && b > a * WORSE) DIE("the others' slowest of a hundred are slower by more");
    crowd_close(&w.c);
    free(w.v);
    PL_VEC_FREE(&w.waits);
    close(w.epoll);
    proc_kill(&s->server);
}
