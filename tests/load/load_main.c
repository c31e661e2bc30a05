/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "tests/load/load.h"

enum {
    SHAKES = 64,       /* handshakes under way at once */
    SETTLE_MS = 60000, /* for all to connect and open */
    STUCK_MS = 20000,  /* without a reply */
};

int64_t load_now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void load_error(struct load *l, uint64_t *counter, const char *what, struct pl_str detail) {
    (*counter)++;
    if (l->first_error[0] == '\0')
        snprintf(l->first_error, sizeof l->first_error, "%s: %.*s", what,
                 (int)(detail.n > 180 ? 180 : detail.n), detail.n > 0 ? detail.p : "");
}

/* ---- the loop ---- */

static void turn_loop(struct load *l, int wait_ms) {
    struct epoll_event events[256];
    int n = epoll_wait(l->epoll, events, (int)PL_LEN(events), wait_ms);
    for (int i = 0; i < n; i++) load_ready(events[i].data.ptr, events[i].events);
}

/* Says what is due, finds those that wait in vain. */
static void look(struct load *l) {
    int64_t now_us = load_now_us();
    for (int i = 0; i < l->o.connections; i++) {
        struct conn *c = &l->conns[i];
        if (c->stage != READY) continue;
        if (c->again) {
            c->again = false;
            load_again(c);
        } else if (c->waiting && now_us - c->said_us > STUCK_MS * 1000) {
            load_error(l, &l->stuck, "no reply that the script knows to", c->next);
            load_break(c, "stuck");
        } else if (!c->waiting && l->measuring && l->o.rate == 0 && c->speak_us <= now_us) {
            load_say(c, c->next);
        }
    }
}

/* Begins the turns whose time has come; they are timed from then, also when all were busy. */
static void keep_rate(struct load *l) {
    int64_t now_us = load_now_us();
    for (int busy = 0; l->measuring && busy < l->o.connections;) {
        int64_t at_us = l->begun_us + (int64_t)(l->due * 1000000 / (uint64_t)l->o.rate);
        struct conn *c = &l->conns[l->next];
        if (at_us > now_us) return;
        l->next = (l->next + 1) % l->o.connections;
        busy++;
        if (c->stage != READY || c->waiting || c->again) continue;
        load_say(c, c->next);
        c->said_us = at_us;
        l->due++;
        busy = 0;
    }
}

/* Connects all, a few at a time, and waits until each is ready. */
static bool connect_all(struct load *l) {
    int64_t end = load_now_us() + SETTLE_MS * 1000;
    int begun = 0;
    while (l->ready + l->broken < l->o.connections && load_now_us() < end) {
        while (begun < l->o.connections && begun - l->ready - l->broken < SHAKES)
            load_connect(&l->conns[begun++]);
        turn_loop(l, 100);
    }
    return l->ready == l->o.connections;
}

static void run_for(struct load *l, int64_t ms) {
    int64_t end = load_now_us() + ms * 1000, look_us = 0;
    while (load_now_us() < end) {
        turn_loop(l, l->o.rate > 0 ? 1 : 10);
        if (l->o.rate > 0) keep_rate(l);
        if (load_now_us() < look_us) continue;
        look(l);
        look_us = load_now_us() + 10000;
    }
}

/* ---- the report ---- */

static int by_size(const void *a, const void *b) {
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static double percentile(const uint32_t *v, size_t n, double p) {
    return n == 0 ? 0 : v[(size_t)((double)(n - 1) * p)] / 1000.0;
}

static void print_latencies(uint32_t *v, size_t n) {
    if (n > 0) qsort(v, n, sizeof *v, by_size);
    printf(" %8.1f %8.1f %8.1f", percentile(v, n, 0.50), percentile(v, n, 0.95),
           percentile(v, n, 0.99));
}

static void print_vec(FILE *f, const char *name, const uint32_t *v, size_t n) {
    fprintf(f, " %s_p50_ms=%.1f %s_p95_ms=%.1f %s_p99_ms=%.1f %s_max_ms=%.1f", name,
            percentile(v, n, 0.50), name, percentile(v, n, 0.95), name, percentile(v, n, 0.99),
            name, percentile(v, n, 1));
}

struct measured {
    double seconds;
    uint64_t cpu_us, children_us;
    int64_t conn_bytes;
};

static uint64_t errors_of(const struct load *l) {
    return l->gaps + l->twice + l->refused + l->closed + l->stuck;
}

/* The same in one line of name=value, to be read by programs. */
static void print_row(const struct load *l, const struct measured *m) {
    FILE *f = l->o.rows != NULL ? fopen(l->o.rows, "a") : NULL;
    double turns = l->turns > 0 ? (double)l->turns : 1;
    if (f == NULL) return;
    fprintf(f, "%s server=%s conns=%d seconds=%.1f think_ms=%d turns=%llu turns_per_s=%.0f",
            l->o.row, l->o.name, l->o.connections, m->seconds, l->o.think_ms,
            (unsigned long long)l->turns, (double)l->turns / m->seconds);
    print_vec(f, "reply", l->replies.v, l->replies.n);
    print_vec(f, "ack", l->acks.v, l->acks.n);
    double deadline_ms = l->o.deadline_ms;
    if (l->o.deadline_ms > 0) /* from the customer's side: the way there and back counts too */
        fprintf(f,
                " deadline_ms=%.0f past_deadline_p50_ms=%.1f past_deadline_p95_ms=%.1f"
                " past_deadline_max_ms=%.1f",
                deadline_ms, percentile(l->replies.v, l->replies.n, 0.50) - deadline_ms,
                percentile(l->replies.v, l->replies.n, 0.95) - deadline_ms,
                percentile(l->replies.v, l->replies.n, 1) - deadline_ms);
    fprintf(f, " cpu_us_per_turn=%.1f worker_us_per_turn=%.1f bytes_per_conn=%lld",
            (double)m->cpu_us / turns, (double)m->children_us / turns, (long long)m->conn_bytes);
    fprintf(f, " core_share=%.4f", (double)m->cpu_us / 1e6 / m->seconds);
    fprintf(f, " conversations=%llu", (unsigned long long)l->talks);
    if (l->o.marker != NULL) fprintf(f, " marked=%llu", (unsigned long long)l->marked);
    fprintf(f, " lost=%llu twice=%llu refused=%llu closed=%llu errors=%llu\n",
            (unsigned long long)(l->gaps + l->stuck), (unsigned long long)l->twice,
            (unsigned long long)l->refused, (unsigned long long)l->closed,
            (unsigned long long)errors_of(l));
    fclose(f);
}

static int report(struct load *l, const struct measured *m) {
    double turns = l->turns > 0 ? (double)l->turns : 1;
    uint64_t errors = errors_of(l);
    printf("%-10s %6d %9llu %9.0f", l->o.name, l->o.connections, (unsigned long long)l->turns,
           (double)l->turns / m->seconds);
    print_latencies(l->replies.v, l->replies.n);
    print_latencies(l->acks.v, l->acks.n);
    printf(" %8.1f %8.1f %9lld %7llu\n", (double)m->cpu_us / turns, (double)m->children_us / turns,
           (long long)m->conn_bytes, (unsigned long long)errors);
    print_row(l, m);
    if (errors > 0)
        printf("  gaps %llu, twice %llu, refused %llu, closed %llu, stuck %llu; first: %s\n",
               (unsigned long long)l->gaps, (unsigned long long)l->twice,
               (unsigned long long)l->refused, (unsigned long long)l->closed,
               (unsigned long long)l->stuck, l->first_error);
    return errors == 0 && (l->turns > 0 || l->o.idle) ? 0 : 1;
}

static void header(void) {
    printf("%-10s %6s %9s %9s %26s %26s %17s %9s %7s\n", "", "", "", "", "reply ms", "ack ms",
           "CPU us/turn", "bytes", "");
    printf("%-10s %6s %9s %9s %8s %8s %8s %8s %8s %8s %8s %8s %9s %7s\n", "server", "conns",
           "turns", "turns/s", "p50", "p95", "p99", "p50", "p95", "p99", "server", "workers",
           "per conn", "errors");
}

/* ---- one measurement ---- */

static int measure(struct load *l) {
    struct measured m = {0};
    uint64_t rss = load_rss(l->o.pid), children;
    if (!connect_all(l)) load_error(l, &l->closed, "not all connections opened", PL_STR(""));
    m.conn_bytes = ((int64_t)load_rss(l->o.pid) - (int64_t)rss) / l->o.connections;
    uint64_t cpu_us = load_cpu_us(l->o.pid, &children);
    int64_t begun = load_now_us();
    for (int i = 0; i < l->o.connections; i++) /* they begin to think one after the other */
        l->conns[i].speak_us = begun + (int64_t)l->o.think_ms * 1000 * i / l->o.connections;
    l->begun_us = begun;
    l->measuring = !l->o.idle;
    run_for(l, l->o.seconds * INT64_C(1000));
    l->measuring = false;
    m.seconds = (double)(load_now_us() - begun) / 1e6;
    m.cpu_us = load_cpu_us(l->o.pid, &m.children_us) - cpu_us;
    m.children_us -= children;
    /* What is under way must still be answered: a lost message would show here. */
    for (int i = 0; i < 300 && l->waiting > 0; i++) run_for(l, 100);
    if (l->waiting > 0) load_error(l, &l->stuck, "messages without a reply at the end", PL_STR(""));
    return report(l, &m);
}

/* ---- the command line ---- */

static int usage(void) {
    fprintf(stderr,
            "usage: pl_load --port N [--name NAME] [--pid N] [--connections N] [--seconds N]\n"
            "               [--rate TURNS_A_SECOND | --idle] [--think MS] [--script FILE] [--echo] "
            "[--marker TEXT] [--deadline MS]\n"
            "               [--row WORD --rows FILE] | pl_load --header\n"
            "Talks to a server over many WebSockets at once, checks every answer, prints a row.\n");
    return 2;
}

static bool option(struct options *o, const char *name, const char *value) {
    struct {
        const char *name;
        int *to;
    } numbers[] = {
        {"--port", &o->port},       {"--pid", &o->pid},        {"--connections", &o->connections},
        {"--seconds", &o->seconds}, {"--think", &o->think_ms}, {"--deadline", &o->deadline_ms},
        {"--rate", &o->rate}};
    struct {
        const char *name;
        const char **to;
    } words[] = {{"--name", &o->name},
                 {"--script", &o->script},
                 {"--marker", &o->marker},
                 {"--row", &o->row},
                 {"--rows", &o->rows}};
    for (size_t i = 0; i < PL_LEN(numbers); i++) {
        if (strcmp(name, numbers[i].name) != 0) continue;
        *numbers[i].to = atoi(value);
        return *numbers[i].to >= 0;
    }
    for (size_t i = 0; i < PL_LEN(words); i++) {
        if (strcmp(name, words[i].name) != 0) continue;
        *words[i].to = value;
        return true;
    }
    return false;
}

static bool arguments(struct options *o, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--echo") == 0)
            o->echo = true;
        else if (strcmp(argv[i], "--idle") == 0)
            o->idle = true;
        else if (i + 1 >= argc || !option(o, argv[i], argv[i + 1]))
            return false;
        else
            i++;
    }
    return o->port > 0 && o->connections > 0 && o->seconds > 0;
}

int main(int argc, char **argv) {
    struct load l = {.o = {.name = "server",
                           .row = "row",
                           .connections = 1000,
                           .seconds = 60,
                           .script = "tests/load/track.script"}};
    if (argc == 2 && strcmp(argv[1], "--header") == 0) return header(), 0;
    if (!arguments(&l.o, argc, argv)) return usage();
    pl_arena_init(&l.arena, 0);
    pl_arena_init(&l.script_arena, 0);
    if (!load_script(&l, l.o.script)) {
        fprintf(stderr, "%s: cannot be read, or has no opening line\n", l.o.script);
        return 2;
    }
    if (l.o.echo) l.talk_turns = 0; /* it knows no conversations */
    if (l.o.echo)                   /* of the length that a send frame has */
        l.opening = PL_STR("{\"t\":\"send\",\"cid\":\"00000000000000ff-12\",\"text\":"
                           "\"where is my order?\"}");
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    l.conns = calloc((size_t)l.o.connections, sizeof *l.conns);
    pl_assert(l.epoll >= 0 && l.conns != NULL);
    for (int i = 0; i < l.o.connections; i++) l.conns[i] = (struct conn){.l = &l, .fd = -1};
    return measure(&l);
}
