/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/gateway/rig.h"

/* ---- the fake engine: conversations in memory, all on the gateway's thread ---- */

static struct talk *talk_of(struct server *s, uint64_t client) {
    for (size_t i = 0; i < s->n; i++)
        if (s->talks[i].client == client) return &s->talks[i];
    return NULL;
}

static void echo(struct server *s, struct talk *t, struct pl_str text) {
    struct pl_buf body = {0};
    pl_buf_c(&body, "{\"kind\":\"message\",\"from\":\"bot\",\"parts\":[{\"text\":");
    pl_json_quote(&body, text);
    pl_buf_c(&body, "}]}");
    struct pl_gateway_event event = {++t->seq, 1795338000120, pl_buf_slice(&body)};
    pl_gateway_events(s->g, t->client, &event, 1);
    pl_buf_free(&body);
}

static void on_open(void *ctx, uint64_t client, const struct pl_gateway_open *o) {
    struct server *s = ctx;
    struct talk *t = NULL;
    s->opens++;
    s->known += o->known;
    s->verified += o->verified;
    for (size_t i = 0; i < s->n; i++)
        if (memcmp(s->talks[i].id, o->conversation, 16) == 0) t = &s->talks[i];
    if (o->fresh) {
        pl_assert(t == NULL && s->n < TALKS);
        t = &s->talks[s->n++];
        memcpy(t->id, o->conversation, 16);
        memcpy(t->hash, o->hash, 32);
    }
    if (t == NULL || !pl_resume_match(t->hash, o->hash)) {
        pl_gateway_error(s->g, client, PL_CODE_RESUME_REFUSED, PL_STR(""), (struct pl_cid){0});
        return;
    }
    t->client = client;
    struct pl_gateway_ready ready = {.with = PL_STR("bot"),
                                     .locale = o->locale,
                                     .rtl = pl_str_starts(o->locale, PL_STR("ar")),
                                     .recovered = true,
                                     .seq = t->seq};
    pl_gateway_ready(s->g, client, &ready);
    pl_gateway_live(s->g, client);
}

static void flood(struct server *s, struct talk *t, size_t n) {
    struct pl_buf big = {0};
    for (size_t i = 0; i < 60000; i++) pl_buf_byte(&big, 'x');
    for (size_t i = 0; i < n; i++) {
        pl_gateway_typing(s->g, t->client, true);
        echo(s, t, pl_buf_slice(&big));
    }
    pl_buf_free(&big);
}

static void on_send(void *ctx, uint64_t client, const struct pl_gateway_send *m) {
    struct server *s = ctx;
    struct talk *t = talk_of(s, client);
    s->late_client = client;
    s->late_cid = m->cid;
    s->sends++;
    if (pl_str_is(m->text, "later")) return;
    if (pl_str_is(m->text, "busy please")) {
        pl_gateway_error(s->g, client, PL_CODE_BUSY, PL_STR(""), m->cid);
        return;
    }
    pl_gateway_ack(s->g, client, m->cid, ++t->seq, false, NULL, 0);
    if (pl_str_is(m->text, "flood"))
        flood(s, t, 200);
    else
        echo(s, t, m->text);
}

static void on_seen(void *ctx, uint64_t client, uint64_t seq) {
    (void)client;
    ((struct server *)ctx)->seen = (unsigned)seq;
}

static void on_typing(void *ctx, uint64_t client, bool on) {
    (void)client;
    ((struct server *)ctx)->typed += on;
}

static void on_rate(void *ctx, uint64_t client, uint64_t seq, int value) {
    (void)client, (void)seq;
    ((struct server *)ctx)->rated = value;
}

static void on_leave(void *ctx, uint64_t client) {
    struct server *s = ctx;
    struct talk *t = talk_of(s, client);
    if (t != NULL) t->client = 0;
    s->leaves++;
}

/* Says what it was asked, at once or when another request has come and gone. */
static bool on_queue(void *ctx, uint64_t ticket, uint32_t limit, struct pl_str after) {
    struct server *s = ctx;
    char text[200];
    if (limit == 99) return true; /* never answered */
    snprintf(text, sizeof text, "{\"queue\":[],\"limit\":%u,\"after\":\"%.*s\"}", limit,
             PL_STR_ARG(after));
    pl_gateway_answer(s->g, ticket, pl_str_is(after, "wrong") ? PL_MALFORMED : PL_OK,
                      pl_str_c(text));
    pl_gateway_answer(s->g, ticket + 1000, PL_OK, PL_STR("{}")); /* for nobody */
    return true;
}

static bool on_done(void *ctx, uint64_t ticket, const struct pl_gateway_done *d) {
    struct server *s = ctx;
    if (pl_str_is(d->id, "none")) return false;
    bool known = pl_str_is(d->id, "ab-1");
    if (d->back) {
        snprintf(s->event, sizeof s->event, "back %.*s: %.*s", PL_STR_ARG(d->id),
                 PL_STR_ARG(d->note));
        pl_gateway_answer(s->g, ticket, known ? PL_OK : PL_CONFLICT, PL_STR("{}"));
        return true;
    }
    pl_gateway_answer(s->g, ticket, known ? PL_OK : PL_NOT_FOUND, PL_STR("{}"));
    return true;
}

/* Says what it was sent; the name chooses what becomes of it. */
static void on_event(void *ctx, uint64_t ticket, const struct pl_gateway_happening *what) {
    static const struct {
        const char *name;
        enum pl_err err;
        const char *why;
    } rows[] = {
        {"again", PL_EXISTS, ""},   {"where", PL_NOT_FOUND, ""},
        {"gone", PL_ERASED, ""},    {"wrong", PL_TYPE, "args.eta: expected datetime"},
        {"other", PL_CONFLICT, ""}, {"many", PL_BUSY, "too many events wait"},
        {"full", PL_FULL, ""},
    };
    struct server *s = ctx;
    snprintf(s->event, sizeof s->event, "%02x%02x %.*s %.*s %.*s", what->conversation[0],
             what->conversation[15], PL_STR_ARG(what->name), PL_STR_ARG(what->args),
             PL_STR_ARG(what->key));
    for (size_t i = 0; i < PL_LEN(rows); i++)
        if (pl_str_is(what->name, rows[i].name)) {
            pl_gateway_answer(s->g, ticket, rows[i].err, pl_str_c(rows[i].why));
            return;
        }
    if (!pl_str_is(what->name, "never")) pl_gateway_answer(s->g, ticket, PL_OK, PL_STR("{}"));
}

static void on_erase(void *ctx, uint64_t ticket, const uint8_t customer[16]) {
    struct server *s = ctx;
    pl_hex(customer, 4, s->event);
    pl_gateway_answer(s->g, ticket, PL_OK, PL_STR("{}"));
}

static bool on_article(void *ctx, struct pl_str locale, struct pl_str id, struct pl_buf *html,
                       struct pl_buf *name) {
    (void)ctx;
    pl_buf_printf(html, "<!doctype html><h1>%.*s</h1>", PL_STR_ARG(locale));
    pl_buf_printf(name, "es/%.*s", PL_STR_ARG(id));
    return pl_str_starts(id, PL_STR("returns/"));
}

static void on_viewed(void *ctx, struct pl_str name) {
    struct server *s = ctx;
    if (pl_str_starts(name, PL_STR("es/returns/"))) s->viewed++;
}

static void on_tally(void *ctx, struct pl_str name, struct pl_buf *html) {
    struct server *s = ctx;
    pl_buf_printf(html, "<footer>%.*s %u</footer>", PL_STR_ARG(name), s->viewed);
}

static void on_counters(void *ctx, void (*show)(void *to, const struct pl_counter *c), void *to) {
    struct server *s = ctx;
    show(to, &pl_gateway_counters(s->g)[PL_GATEWAY_accepted]);
}

/* ---- the server's thread ---- */

static void *run(void *ctx) {
    struct server *s = ctx;
    pl_loop_run(s->loop);
    pl_gateway_destroy(&s->g);
    return NULL;
}

void prepare(struct server *s) {
    struct pl_store_config store = {0};
    *s = (struct server){0};
    assert_int_equal(pl_loop_create(pl_clock_system(), &s->loop), PL_OK);
    assert_int_equal(pl_store_open(&store, &s->store, NULL), PL_OK);
    s->config = (struct pl_gateway_config){
        .loop = s->loop,
        .store = s->store,
        .identity = &s->identity,
        .epoch = EPOCH,
        .door = {s, on_open, on_send, on_seen, on_typing, on_rate, on_leave},
        .api = {.ctx = s,
                .queue = on_queue,
                .done = on_done,
                .event = on_event,
                .erase = on_erase,
                .counters = on_counters,
                .article = on_article,
                .viewed = on_viewed,
                .tally = on_tally},
        .host = "127.0.0.1",
        .web = "tests/unit/gateway/web",
        .origins = "*",
        .heartbeat_ms = 25000,
        .pong_wait_ms = 10000,
        .open_wait_ms = 10000,
        .message_wait_ms = 10000,
        .max_connections = 100,
        .max_connections_per_ip = 100,
        .max_queued = 1 << 20,
        .messages_per_minute = 1000,
        .handshakes_per_minute = 1000,
    };
    struct pl_log *log = calloc(1, sizeof *log);
    s->config.log = log; /* silent */
}

void start(struct server *s) {
    assert_int_equal(pl_gateway_create(&s->config, &s->g), PL_OK);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

void stop(struct server *s) {
    pl_loop_stop(s->loop);
    pthread_join(s->thread, NULL);
    assert_null(s->g);
    pl_loop_destroy(&s->loop);
    pl_store_close(&s->store);
    free((void *)s->config.log);
}

int setup(void **state) {
    struct server *s = malloc(sizeof *s);
    prepare(s);
    start(s);
    *state = s;
    return 0;
}

int setup_stream(void **state) {
    setup(state);
    ((struct server *)*state)->stream = true;
    return 0;
}

int teardown(void **state) {
    stop(*state);
    free(*state);
    return 0;
}

void nap(int ms) {
    usleep((useconds_t)ms * 1000);
}

/* Waits for a counter that the server's thread moves. */
bool reaches(_Atomic unsigned *counter, unsigned value) {
    for (int i = 0; i < 300 && *counter < value; i++) nap(10);
    return *counter >= value;
}

/* ---- clients ---- */

/* Connects by the server's kind of transport and sends a first message. */
void begin(struct server *s, struct client *c, const char *first) {
    int port = pl_gateway_port(s->g);
    if (s->stream) {
        assert_int_equal(client_stream(c, port, NULL, first), 200);
    } else {
        assert_true(client_connect(c, port));
        assert_true(client_send(c, first));
    }
}

/* Without a close code over a stream: bye has said it all. */
void ends(struct server *s, struct client *c, int code) {
    assert_int_equal(client_closed(c), s->stream ? 1006 : code);
    client_close(c);
}

void open_talk(struct server *s, struct client *c, char *resume) {
    struct pl_str text;
    begin(s, c, "{\"t\":\"open\",\"locale\":\"en-US\"}");
    assert_true(client_until(c, "\"t\":\"ready\"", &text));
    char got[PL_RESUME_TEXT];
    assert_true(client_member(text, "resume", got, sizeof got));
    if (resume != NULL) strcpy(resume, got);
}

void expect(struct client *c, const char *message, const char *answer) {
    struct pl_str text;
    assert_true(client_send(c, message));
    if (!client_until(c, answer, &text))
        fail_msg("no answer with %s to %s (close %d)", answer, message, c->close_code);
}

void has(const struct pl_buf *b, const char *needle) {
    if (strstr(b->p, needle) == NULL) fail_msg("no '%s' in: %s", needle, b->p);
}

void ask(int port, const char *method, const char *path, const char *headers, int status,
         const char *part) {
    struct pl_buf b = {0};
    assert_int_equal(client_http(port, method, path, headers, &b), status);
    has(&b, part);
    pl_buf_free(&b);
}
