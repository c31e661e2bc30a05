/* SPDX-License-Identifier: Apache-2.0
 *
 * The server: a thread a connection, so that each may wait, stall and cut as it likes.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/provider/provider_priv.h"

enum { SITES = 26, BODY_MAX = 16 * 1024 * 1024 };

struct provider {
    const char *streams;
    int fd, port;
    pthread_t thread;
    pthread_mutex_t lock; /* over all that follows */
    struct provider_manner manners[SITES];
    struct provider_bill bills[SITES];
    struct pl_buf got;
    size_t last_at, last_n; /* the last body in it */
    struct pl_rand rand;
    FILE *record, *times; /* NULL: none */
    _Atomic int open;
    _Atomic bool stopping;
};

struct connection {
    struct provider *p;
    int fd;
    struct pl_buf in;
    int64_t came_us; /* its last byte, to the machine, however long it then lay there */
    int64_t sent_us; /* the last event, before it is sent */
    struct pl_arena arena;
    struct pl_str line, head, body;
    int site;
    struct provider_manner m;
};

/* ---- reading ---- */

static struct pl_str header_of(struct pl_str head, const char *name) {
    size_t n = strlen(name);
    while (head.n) {
        size_t end = pl_str_find(head, PL_STR("\r\n"));
        if (end == SIZE_MAX) end = head.n;
        if (end > n && head.p[n] == ':' && strncasecmp(head.p, name, n) == 0)
            return pl_str_trim((struct pl_str){head.p + n + 1, end - n - 1});
        size_t used = end + 2 < head.n ? end + 2 : head.n;
        head = (struct pl_str){head.p + used, head.n - used};
    }
    return (struct pl_str){"", 0};
}

/* Gives the request's bytes; 0: not all there, SIZE_MAX: none. */
static size_t parse(struct connection *c) {
    struct pl_str in = pl_buf_slice(&c->in);
    size_t head = pl_str_find(in, PL_STR("\r\n\r\n")), line = pl_str_find(in, PL_STR("\r\n"));
    int64_t length = 0;
    if (head == SIZE_MAX) return in.n > 65536 ? SIZE_MAX : 0;
    c->line = (struct pl_str){in.p, line};
    c->head = (struct pl_str){in.p + line + 2, head > line ? head - line - 2 : 0};
    struct pl_str given = header_of(c->head, "Content-Length");
    if (given.n && (!pl_str_i64(given, &length) || length < 0 || length > BODY_MAX))
        return SIZE_MAX;
    if (in.n - head - 4 < (size_t)length) return 0;
    c->body = (struct pl_str){in.p + head + 4, (size_t)length};
    return head + 4 + (size_t)length;
}

static int64_t now_us(void) {
    struct pl_clock clock = pl_clock_system();
    return clock.mono_us(clock.ctx);
}

/* The kernel's mark is of the wall clock. */
static int64_t came_us(struct msghdr *m) {
    struct timespec wall, came;
    for (struct cmsghdr *k = CMSG_FIRSTHDR(m); k; k = CMSG_NXTHDR(m, k)) {
        if (k->cmsg_level != SOL_SOCKET || k->cmsg_type != SCM_TIMESTAMPNS) continue;
        memcpy(&came, CMSG_DATA(k), sizeof came);
        clock_gettime(CLOCK_REALTIME, &wall);
        int64_t ago_ns = (wall.tv_sec - came.tv_sec) * 1000000000 + wall.tv_nsec - came.tv_nsec;
        return now_us() - ago_ns / 1000;
    }
    return now_us();
}

static ssize_t receive(struct connection *c, char *to, size_t n) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct iovec room = {to, n};
    struct msghdr m = {.msg_iov = &room,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    ssize_t got = recvmsg(c->fd, &m, 0);
    if (got > 0) c->came_us = came_us(&m);
    return got;
}

static size_t read_request(struct connection *c) {
    for (;;) {
        size_t n = parse(c);
        if (n == SIZE_MAX) return 0;
        if (n) return n;
        if (!pl_buf_reserve(&c->in, 65536)) return 0;
        ssize_t got = receive(c, c->in.p + c->in.n, c->in.cap - c->in.n);
        if (got <= 0) return 0;
        c->in.n += (size_t)got;
    }
}

static void keep(struct connection *c, size_t n) {
    struct provider *p = c->p;
    pthread_mutex_lock(&p->lock);
    p->last_at = p->got.n + (size_t)(c->body.p - c->in.p);
    p->last_n = c->body.n;
    pl_buf_add(&p->got, c->in.p, n);
    if (p->record) {
        fwrite(c->in.p, 1, n, p->record);
        fflush(p->record);
    }
    pthread_mutex_unlock(&p->lock);
}

/* ---- writing ---- */

static bool say(int fd, const char *p, size_t n) {
    while (n) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        if (k <= 0) return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

static bool say_str(int fd, struct pl_str s) {
    return say(fd, s.p, s.n);
}

static struct pl_buf chunk_of(struct pl_str s) {
    struct pl_buf b = {0};
    pl_buf_printf(&b, "%zx\r\n", s.n);
    pl_buf_str(&b, s);
    pl_buf_c(&b, "\r\n");
    return b;
}

static bool chunk(int fd, struct pl_str s) {
    struct pl_buf b = chunk_of(s);
    bool well = say(fd, b.p, b.n);
    pl_buf_free(&b);
    return well;
}

/* In pieces, to see the end; few of them, since a thousand threads wake for each. */
static void nap(const struct connection *c, int64_t us) {
    enum { PIECE = 100000 };
    for (; us > 0 && !c->p->stopping; us -= PIECE) usleep((useconds_t)(us < PIECE ? us : PIECE));
}

/* Until the other side hangs up, or the test is over. */
static void wait_for_ever(const struct connection *c, const char *life) {
    char byte;
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    while (!c->p->stopping) {
        ssize_t n = recv(c->fd, &byte, 1, MSG_PEEK);
        if (n == 0) return;
        if (life && !chunk(c->fd, pl_str_c(life))) return;
        usleep(10000);
    }
}

static void reply(struct connection *c, int status, const char *type, const char *more,
                  struct pl_str body) {
    struct pl_buf b = {0};
    pl_buf_printf(&b, "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n", status,
                  type, body.n, more);
    pl_buf_str(&b, body);
    say(c->fd, b.p, b.n);
    pl_buf_free(&b);
}

/* ---- the bill ---- */

static void bill(struct connection *c, const struct provider_answer *k, int64_t output, bool told) {
    struct provider_bill *b = &c->p->bills[c->site];
    pthread_mutex_lock(&c->p->lock);
    if (told) {
        b->told++;
        b->input += k->input;
        b->cached += k->cached;
        b->output += output;
    } else {
        b->untold++;
        b->untold_input += k->input;
        b->untold_cached += k->cached;
        b->untold_output += output;
    }
    pthread_mutex_unlock(&c->p->lock);
}

/* ---- errors before the stream ---- */

static const struct {
    enum provider_fault fault;
    int status;
    const char *type, *message;
} errors[] = {
    {PROVIDER_E400, 400, "invalid_request_error", "this cannot be"},
    {PROVIDER_CONTEXT, 400, "context_length_exceeded", "This model's maximum context length is 9"},
    {PROVIDER_E401, 401, "invalid_api_key", "Incorrect API key provided"},
    {PROVIDER_E404, 404, "model_not_found", "The model does not exist"},
    {PROVIDER_E500, 500, "server_error", "it broke"},
    {PROVIDER_E503, 503, "server_overloaded", "not now"},
    {PROVIDER_E529, 529, "overloaded_error", "Overloaded"},
    {PROVIDER_E429, 429, "rate_limit_exceeded", "too many"},
    {PROVIDER_AFTER, 429, "rate_limit_exceeded", "too many"},
    {PROVIDER_QUOTA, 429, "insufficient_quota", "You exceeded your current quota"},
};

static bool fail_early(struct connection *c, enum provider_dialect d) {
    char more[64] = "";
    for (size_t i = 0; i < PL_LEN(errors); i++) {
        if (errors[i].fault != c->m.fault) continue;
        if (c->m.fault == PROVIDER_AFTER)
            snprintf(more, sizeof more, "Retry-After: %d\r\n", c->m.after);
        reply(c, errors[i].status, "application/json", more,
              provider_error(&c->arena, d, errors[i].type, errors[i].message));
        return true;
    }
    if (c->m.fault != PROVIDER_PAGE) return false;
    reply(c, 502, "text/html", "", PL_STR("<html>Bad gateway</html>"));
    return true;
}

/* ---- the stream ---- */

static bool say_split(struct connection *c, struct pl_str e) {
    size_t at = 0;
    while (at < e.n) { /* after every byte that begins a character, and every return */
        size_t n = 1;
        while (at + n < e.n && (unsigned char)e.p[at + n - 1] < 0x80 && e.p[at + n - 1] != '\n')
            n++;
        if (!chunk(c->fd, (struct pl_str){e.p + at, n})) return false;
        at += n;
        usleep(200);
    }
    return true;
}

static void stamp(struct pl_str e, int64_t us) {
    char *at = memmem(e.p, e.n, PROVIDER_CLOCK, strlen(PROVIDER_CLOCK)), digits[24];
    if (!at) return;
    snprintf(digits, sizeof digits, "%016lld", (long long)us);
    memcpy(at, digits, strlen(PROVIDER_CLOCK));
}

/* All is ready when the clock is read. */
static bool say_whole(struct connection *c, struct pl_str e) {
    struct pl_buf b = chunk_of(e);
    c->sent_us = now_us();
    stamp(pl_buf_slice(&b), c->sent_us);
    bool well = say(c->fd, b.p, b.n);
    pl_buf_free(&b);
    return well;
}

static bool say_event(struct connection *c, struct pl_str e) {
    if (c->m.fault == PROVIDER_SPLIT) return say_split(c, e);
    if (c->m.fault != PROVIDER_BYTES) return say_whole(c, e);
    for (size_t i = 0; i < e.n; i++)
        if (!chunk(c->fd, (struct pl_str){e.p + i, 1})) return false;
    return true;
}

static void say_huge(struct connection *c) {
    char block[65536];
    memset(block, 'x', sizeof block);
    bool on = chunk(c->fd, PL_STR("data: {\"a\":\""));
    for (int i = 0; on && i < 64; i++) on = chunk(c->fd, (struct pl_str){block, sizeof block});
}

/* Gives false when the stream is over, not as it should. */
static bool fail_at(struct connection *c, enum provider_dialect d, bool last) {
    switch (c->m.fault) {
    case PROVIDER_CUT: return false;
    case PROVIDER_STALL: wait_for_ever(c, NULL); return false;
    case PROVIDER_MALFORMED: chunk(c->fd, PL_STR("data: {\"choices\":[{]}\n\n")); return false;
    case PROVIDER_HUGE: say_huge(c); return false;
    case PROVIDER_ERROR_AFTER: {
        struct pl_str e = provider_error(&c->arena, d, "overloaded_error", "Overloaded");
        chunk(c->fd, pl_arena_printf(&c->arena, "event: error\ndata: %.*s\n\n", PL_STR_ARG(e)));
        return false;
    }
    case PROVIDER_MISSING_END: return !last;
    default: return true;
    }
}

static void keep_times(struct connection *c, int64_t mark) {
    pthread_mutex_lock(&c->p->lock);
    if (c->p->times)
        fprintf(c->p->times, "%lld %lld %lld\n", (long long)mark, (long long)c->came_us,
                (long long)c->sent_us);
    pthread_mutex_unlock(&c->p->lock);
}

/* Plays events; gives whether the connection may serve another request. */
static bool stream(struct connection *c, enum provider_dialect d, const struct provider_answer *k) {
    struct provider_events e;
    bool ended = true;
    size_t at = 0;
    provider_events_make(&c->arena, d, k, &e);
    nap(c, c->m.first_ms * 1000);
    if (!say_str(c->fd, PL_STR("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n")))
        return false;
    if (c->m.fault == PROVIDER_HEADERS) wait_for_ever(c, NULL);
    if (c->m.fault == PROVIDER_PINGS) wait_for_ever(c, ": ping\n\n");
    if (c->m.fault == PROVIDER_HEADERS || c->m.fault == PROVIDER_PINGS) ended = false;
    for (; ended && at < e.n; at++) {
        if ((int)at >= c->m.at && !fail_at(c, d, at + 1 == e.n)) ended = false;
        if (ended && !say_event(c, e.v[at])) ended = false;
        if (!ended) break;
        nap(c, c->m.gap_us);
    }
    bool told = k->usage && at >= e.told;
    bill(c, k, at ? e.tokens[at - 1] : 0, told);
    if (ended && k->mark) keep_times(c, k->mark);
    return ended && say_str(c->fd, PL_STR("0\r\n\r\n"));
}

static bool play(struct connection *c, struct pl_str name) {
    char path[512];
    struct pl_str text;
    snprintf(path, sizeof path, "%s/%.*s.txt", c->p->streams, PL_STR_ARG(name));
    if (pl_file_read(&c->arena, path, BODY_MAX, &text) != PL_OK) {
        reply(c, 404, "text/plain", "", PL_STR("no such stream"));
        return true;
    }
    return say_str(c->fd, PL_STR("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n")) &&
           chunk(c->fd, text) && say_str(c->fd, PL_STR("0\r\n\r\n"));
}

static bool complete(struct connection *c, enum provider_dialect d) {
    struct provider_answer k;
    if (c->m.fault == PROVIDER_RESET) return false;
    if (c->m.fault == PROVIDER_SILENT) {
        wait_for_ever(c, NULL);
        return false;
    }
    if (fail_early(c, d)) return true;
    provider_answer_read(&c->arena, d, c->body, &k);
    /* Only there it can be left out. */
    if (c->m.fault == PROVIDER_NO_USAGE && d == PROVIDER_CHAT) k.usage = false;
    return k.play.n ? play(c, k.play) : stream(c, d, &k);
}

static bool embed(struct connection *c) {
    int64_t tokens;
    if (fail_early(c, PROVIDER_CHAT)) return true;
    struct pl_str body = provider_embeddings(&c->arena, c->body, &tokens);
    struct provider_answer k = {.input = tokens};
    bill(c, &k, 0, true);
    reply(c, 200, "application/json", "", body);
    return true;
}

/* ---- requests ---- */

static bool control(struct connection *c) {
    struct provider_manner m;
    char text[256];
    snprintf(text, sizeof text, "%.*s", PL_STR_ARG(c->body));
    bool known = provider_manner_parse(text, &m);
    if (known) provider_set(c->p, (char)('a' + c->site), m);
    reply(c, known ? 200 : 400, "text/plain", "", known ? PL_STR("ok\n") : PL_STR("no fault\n"));
    return true;
}

static bool probe(struct connection *c) {
    pthread_mutex_lock(&c->p->lock);
    c->p->bills[c->site].probes++;
    pthread_mutex_unlock(&c->p->lock);
    if (c->m.fault == PROVIDER_RESET) return false;
    if (c->m.fault == PROVIDER_SILENT) {
        wait_for_ever(c, NULL);
        return false;
    }
    if (fail_early(c, PROVIDER_CHAT)) return true;
    reply(c, 200, "application/json", "",
          PL_STR("{\"object\":\"list\",\"data\":[{\"id\":\"m\"}]}"));
    return true;
}

static void pick_manner(struct connection *c, struct pl_str path) {
    struct provider *p = c->p;
    c->site = path.n > 1 && path.p[1] >= 'a' && path.p[1] <= 'z' ? path.p[1] - 'a' : 0;
    pthread_mutex_lock(&p->lock);
    c->m = p->manners[c->site];
    if (c->m.share > 0 && (double)pl_rand_below(&p->rand, 1000000) >= c->m.share * 1e6)
        c->m.fault = PROVIDER_NONE;
    pthread_mutex_unlock(&p->lock);
}

static void count(struct connection *c, unsigned requests, int busy) {
    pthread_mutex_lock(&c->p->lock);
    c->p->bills[c->site].requests += requests;
    c->p->bills[c->site].busy += (uint64_t)(int64_t)busy;
    pthread_mutex_unlock(&c->p->lock);
}

static bool ask(struct connection *c, struct pl_str path) {
    if (pl_str_ends(path, PL_STR("/chat/completions"))) return complete(c, PROVIDER_CHAT);
    if (pl_str_ends(path, PL_STR("/responses"))) return complete(c, PROVIDER_RESPONSES);
    if (pl_str_ends(path, PL_STR("/v1/messages"))) return complete(c, PROVIDER_MESSAGES);
    if (pl_str_ends(path, PL_STR("/embeddings"))) return embed(c);
    reply(c, 404, "text/plain", "", PL_STR("no such path"));
    return true;
}

static bool answer(struct connection *c) {
    const char *space = memchr(c->line.p, ' ', c->line.n);
    if (!space) return false;
    struct pl_str path = {space + 1, c->line.n - (size_t)(space + 1 - c->line.p)};
    const char *end = memchr(path.p, ' ', path.n), *query = memchr(path.p, '?', path.n);
    if (end) path.n = (size_t)(end - path.p);
    if (query && query < path.p + path.n) path.n = (size_t)(query - path.p);
    pick_manner(c, path);
    if (pl_str_ends(path, PL_STR("/fault"))) return control(c);
    if (pl_str_starts(c->line, PL_STR("GET "))) return probe(c);
    count(c, 1, 1);
    bool goes_on = ask(c, path);
    count(c, 0, -1);
    return goes_on;
}

static void *serve_one(void *ctx) {
    struct connection *c = ctx;
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(c->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    pl_arena_init(&c->arena, 0);
    for (size_t n; !c->p->stopping && (n = read_request(c)) > 0;) {
        keep(c, n);
        if (!answer(c)) break;
        memmove(c->in.p, c->in.p + n, c->in.n - n);
        c->in.n -= n;
        pl_arena_reset(&c->arena);
    }
    close(c->fd);
    pl_arena_free(&c->arena);
    pl_buf_free(&c->in);
    c->p->open--;
    free(c);
    return NULL;
}

/* ---- the server ---- */

static void *serve(void *ctx) {
    struct provider *p = ctx;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 512 * 1024);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    for (int fd; (fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        struct connection *c = calloc(1, sizeof *c);
        struct timeval tick = {.tv_sec = 1};
        pthread_t t;
        pl_assert(c);
        c->p = p;
        c->fd = fd;
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tick, sizeof tick);
        pthread_mutex_lock(&p->lock);
        p->bills[0].connections++;
        pthread_mutex_unlock(&p->lock);
        p->open++;
        if (pthread_create(&t, &small, serve_one, c) != 0) abort();
    }
    pthread_attr_destroy(&small);
    return NULL;
}

static int listen_at(int *port, int backlog) {
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)*port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, backlog) ||
        getsockname(fd, (struct sockaddr *)&at, &size))
        return -1;
    *port = ntohs(at.sin_port);
    return fd;
}

struct provider *provider_start(const char *streams, int port) {
    struct provider *p = calloc(1, sizeof *p);
    pl_assert(p);
    p->streams = streams;
    p->port = port;
    p->fd = listen_at(&p->port, 4096);
    if (p->fd < 0) {
        free(p);
        return NULL;
    }
    pl_rand_seed(&p->rand, 1);
    pthread_mutex_init(&p->lock, NULL);
    if (pthread_create(&p->thread, NULL, serve, p) != 0) abort();
    return p;
}

/* After the clients are gone. */
void provider_stop(struct provider **out) {
    struct provider *p = *out;
    *out = NULL;
    p->stopping = true;
    shutdown(p->fd, SHUT_RDWR);
    close(p->fd);
    pthread_join(p->thread, NULL);
    while (p->open > 0) usleep(1000);
    pthread_mutex_destroy(&p->lock);
    if (p->record) fclose(p->record);
    if (p->times) fclose(p->times);
    pl_buf_free(&p->got);
    free(p);
}

static bool reopen(struct provider *p, FILE **file, const char *path) {
    pthread_mutex_lock(&p->lock);
    if (*file) fclose(*file);
    *file = fopen(path, "a");
    bool well = *file != NULL;
    pthread_mutex_unlock(&p->lock);
    return well;
}

bool provider_record(struct provider *p, const char *path) {
    return reopen(p, &p->record, path);
}

bool provider_times(struct provider *p, const char *path) {
    return reopen(p, &p->times, path) && setvbuf(p->times, NULL, _IOLBF, 0) == 0;
}

int provider_port(const struct provider *p) {
    return p->port;
}

/* ---- control ---- */

bool provider_manner_parse(const char *text, struct provider_manner *out) {
    static const char *const faults[] = {
#define FAULT(name, word, what) word,
#include "tests/provider/fault.def"
#undef FAULT
    };
    char word[32];
    int used = 0;
    *out = (struct provider_manner){.at = 3, .after = 1};
    if (sscanf(text, "%31s%n", word, &used) != 1) return false;
    size_t i = 0;
    while (i < PROVIDER_FAULTS && strcmp(word, faults[i]) != 0) i++;
    if (i == PROVIDER_FAULTS) return false;
    out->fault = (enum provider_fault)i;
    for (const char *p = text + used; sscanf(p, "%31s%n", word, &used) == 1; p += used) {
        if (sscanf(word, "at=%d", &out->at) == 1) continue;
        if (sscanf(word, "after=%d", &out->after) == 1) continue;
        if (sscanf(word, "share=%lf", &out->share) == 1) continue;
        if (sscanf(word, "first=%d", &out->first_ms) == 1) continue;
        if (sscanf(word, "gap=%d", &out->gap_us) == 1) continue;
        return false;
    }
    return true;
}

void provider_set(struct provider *p, char site, struct provider_manner m) {
    pthread_mutex_lock(&p->lock);
    p->manners[site - 'a'] = m;
    pthread_mutex_unlock(&p->lock);
}

struct provider_bill provider_bill(struct provider *p, char site) {
    pthread_mutex_lock(&p->lock);
    struct provider_bill b = p->bills[site - 'a'];
    b.connections = p->bills[0].connections;
    pthread_mutex_unlock(&p->lock);
    return b;
}

bool provider_got(struct provider *p, const char *bytes, size_t n) {
    pthread_mutex_lock(&p->lock);
    bool got = p->got.n && memmem(p->got.p, p->got.n, bytes, n) != NULL;
    pthread_mutex_unlock(&p->lock);
    return got;
}

char *provider_last(struct provider *p) {
    pthread_mutex_lock(&p->lock);
    char *out = strndup(p->got.n ? p->got.p + p->last_at : "", p->last_n);
    pthread_mutex_unlock(&p->lock);
    return out;
}

/* ---- traps ---- */

int provider_closed_port(void) {
    int port = 0, fd = listen_at(&port, 1);
    close(fd);
    return port;
}

/* A queue of accepts that is full lets no connection come to stand. */
void provider_blackhole(struct provider_trap *t) {
    *t = (struct provider_trap){0};
    t->fd = listen_at(&t->port, 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)t->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (size_t i = 0; i < PL_LEN(t->filler); i++) {
        t->filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(t->filler[i], (struct sockaddr *)&at, sizeof at);
    }
    usleep(20000);
}

/* The kernel accepts, nobody reads: TLS never begins. */
void provider_mute(struct provider_trap *t) {
    *t = (struct provider_trap){0};
    t->fd = listen_at(&t->port, 64);
}

void provider_untrap(struct provider_trap *t) {
    for (size_t i = 0; i < PL_LEN(t->filler); i++)
        if (t->filler[i] > 0) close(t->filler[i]);
    close(t->fd);
}
