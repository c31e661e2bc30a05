/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway as its clients meet it: a real server on a thread, a fake engine behind its door that
 * echoes, and clients that are honest, hostile or asleep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "runtime/gateway/gateway.h"
#include "runtime/store/store.h"
#include "tests/client/client.h"

#define CID(n)        "00c0ffee00c0ffee-" #n
#define SEND(n, text) "{\"t\":\"send\",\"cid\":\"" CID(n) "\",\"text\":\"" text "\"}"
#define EPOCH         "0123456789abcdef0123456789abcdef"

/* ---- the fake engine: conversations in memory, all on the gateway's thread ---- */

enum { TALKS = 64 };

struct talk {
    uint8_t id[16], hash[32];
    _Atomic uint64_t client; /* a test reads it */
    uint64_t seq;
};

struct server {
    struct pl_loop *loop;
    struct pl_store *store;
    struct pl_gateway *g;
    struct pl_gateway_config config;
    struct talk talks[TALKS];
    size_t n;
    pthread_t thread;
    struct pl_post drain, late;
    uint64_t late_client; /* whose "later" is answered by the post `late` */
    struct pl_cid late_cid;
    bool stream; /* the tests' clients use event streams */
    /* read by the test while the server runs */
    struct pl_identity_keys identity;
    _Atomic unsigned known, verified; /* of the opens */
    _Atomic unsigned opens, sends, leaves, seen, typed, drained, viewed;
    _Atomic int rated;
    char event[512]; /* the last one; written before its answer */
};

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

static void prepare(struct server *s) {
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

static void start(struct server *s) {
    assert_int_equal(pl_gateway_create(&s->config, &s->g), PL_OK);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

static void stop(struct server *s) {
    pl_loop_stop(s->loop);
    pthread_join(s->thread, NULL);
    assert_null(s->g);
    pl_loop_destroy(&s->loop);
    pl_store_close(&s->store);
    free((void *)s->config.log);
}

static int setup(void **state) {
    struct server *s = malloc(sizeof *s);
    prepare(s);
    start(s);
    *state = s;
    return 0;
}

static int setup_stream(void **state) {
    setup(state);
    ((struct server *)*state)->stream = true;
    return 0;
}

static int teardown(void **state) {
    stop(*state);
    free(*state);
    return 0;
}

static void nap(int ms) {
    usleep((useconds_t)ms * 1000);
}

/* Waits for a counter that the server's thread moves. */
static bool reaches(_Atomic unsigned *counter, unsigned value) {
    for (int i = 0; i < 300 && *counter < value; i++) nap(10);
    return *counter >= value;
}

/* Connects by the server's kind of transport and sends a first message. */
static void begin(struct server *s, struct client *c, const char *first) {
    int port = pl_gateway_port(s->g);
    if (s->stream) {
        assert_int_equal(client_stream(c, port, NULL, first), 200);
    } else {
        assert_true(client_connect(c, port));
        assert_true(client_send(c, first));
    }
}

/* Without a close code over a stream: bye has said it all. */
static void ends(struct server *s, struct client *c, int code) {
    assert_int_equal(client_closed(c), s->stream ? 1006 : code);
    client_close(c);
}

static void open_talk(struct server *s, struct client *c, char *resume) {
    struct pl_str text;
    begin(s, c, "{\"t\":\"open\",\"locale\":\"en-US\"}");
    assert_true(client_until(c, "\"t\":\"ready\"", &text));
    char got[PL_RESUME_TEXT];
    assert_true(client_member(text, "resume", got, sizeof got));
    if (resume != NULL) strcpy(resume, got);
}

static void expect(struct client *c, const char *message, const char *answer) {
    struct pl_str text;
    assert_true(client_send(c, message));
    if (!client_until(c, answer, &text))
        fail_msg("no answer with %s to %s (close %d)", answer, message, c->close_code);
}

/* ---- tests ---- */

static void a_conversation(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    begin(s, &c, "{\"t\":\"open\",\"locale\":\"ar-SA\"}");
    assert_true(client_until(&c, "\"t\":\"hello\"", &text));
    const char *hello = "{\"t\":\"hello\",\"heartbeat_ms\":25000,\"max_bytes\":65536,"
                        "\"epoch\":\"" EPOCH "\"}";
    assert_true(pl_str_find(text, pl_str_c(hello)) != SIZE_MAX);
    if (pl_str_find(text, PL_STR("\"t\":\"ready\"")) == SIZE_MAX)
        assert_true(client_until(&c, "\"t\":\"ready\"", &text));
    assert_true(pl_str_find(text, PL_STR("\"dir\":\"rtl\",\"locale\":\"ar-SA\"")) != SIZE_MAX);
    expect(&c, SEND(1, "hello"), "\"cid\":\"" CID(1) "\",\"seq\":1,\"dup\":false");
    expect(&c, SEND(2, "again"), "\"text\":\"again\"");
    expect(&c,
           "[{\"t\":\"seen\",\"seq\":2},{\"t\":\"typing\",\"on\":true},"
           "{\"t\":\"rate\",\"seq\":2,\"value\":-1}," SEND(3, "x") "]",
           "\"text\":\"x\"");
    assert_int_equal(s->seen, 2);
    assert_int_equal(s->typed, 1);
    assert_int_equal(s->rated, -1);
    assert_int_equal(s->sends, 3);
    client_close(&c);
    assert_true(reaches(&s->leaves, 1));
}

static void ack_and_events_travel_together(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    open_talk(s, &c, NULL);
    client_send(&c, SEND(1, "hi"));
    assert_true(client_until(&c, "\"t\":\"ack\"", &text));
    assert_true(text.p[0] == '[' && text.p[text.n - 1] == ']');
    assert_true(pl_str_find(text, PL_STR("\"t\":\"event\"")) != SIZE_MAX);
    client_close(&c);
}

static void malformed_frames(void **state) {
    struct server *s = *state;
    struct client c;
    open_talk(s, &c, NULL);
    expect(&c, "{\"t\":", "\"code\":\"malformed\"");
    if (!s->stream) expect(&c, "", "\"code\":\"malformed\""); /* 411 */
    expect(&c, "null", "\"code\":\"bad_frame\"");
    expect(&c, "{\"t\":\"ready\"}", "ready: only the server sends this");
    expect(&c, "{\"t\":\"send\",\"cid\":\"" CID(1) "\",\"text\":17}",
           "\"message\":\"send.text: expected a text of at most 65536 characters\",\"cid\":\"" CID(
               1) "\",\"retry\":false");
    expect(&c, "{\"t\":\"open\"}", "\"code\":\"already_open\"");
    expect(&c, "{\"t\":\"send\",\"cid\":\"" CID(1) "\",\"upload\":\"u\"}",
           "\"code\":\"not_found\"");
    expect(&c, SEND(1, "busy please"), "\"code\":\"busy\"");
    expect(&c, SEND(1, "still here"), "\"text\":\"still here\"");
    client_close(&c);
}

static void before_open(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    begin(s, &c, SEND(1, "hi"));
    assert_true(client_until(&c, "\"code\":\"not_open\"", &text));
    expect(&c, "{\"t\":\"open\",\"token\":\"eyJ\"}", "\"code\":\"token_not_supported\"");
    expect(&c, "{\"t\":\"open\"}", "\"t\":\"live\"");
    assert_int_equal(s->sends, 0);
    client_close(&c);
}

/* Opens with this token; what comes back has `expected` in it. */
static void open_with(struct server *s, struct client *c, struct pl_str token,
                      const char *expected) {
    char frame[1024];
    struct pl_str text;
    snprintf(frame, sizeof frame, "{\"t\":\"open\",\"token\":\"%.*s\"}", PL_STR_ARG(token));
    begin(s, c, frame);
    assert_true(client_until(c, expected, &text));
    client_close(c);
}

static void signed_identities(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_buf t = {0};
    int64_t now = pl_clock_system().wall_ms(NULL);
    struct pl_identity_key *k = &s->identity.v[s->identity.n++];
    *k = (struct pl_identity_key){.id = "shop1", .secret = {1, 2, 3}, .n = 32};
    pl_identity_sign(k, PL_STR("ann"), false, now + 60000, &t);
    open_with(s, &c, pl_buf_slice(&t), "\"t\":\"live\"");
    assert_int_equal(s->known, 1);
    assert_int_equal(s->verified, 0);
    pl_buf_clear(&t);
    pl_identity_sign(k, PL_STR("ann"), true, now + 60000, &t);
    open_with(s, &c, pl_buf_slice(&t), "\"t\":\"live\"");
    assert_int_equal(s->verified, 1);
    t.p[t.n - 3] = t.p[t.n - 3] == 'A' ? 'B' : 'A';
    open_with(s, &c, pl_buf_slice(&t), "\"code\":\"token_refused\"");
    pl_buf_clear(&t);
    pl_identity_sign(k, PL_STR("ann"), true, now - 120000, &t);
    open_with(s, &c, pl_buf_slice(&t), "has run out");
    assert_int_equal(s->opens, 2);
    pl_buf_free(&t);
}

static void abuse_ends_the_connection(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    open_talk(s, &c, NULL);
    for (int i = 0; i < 60; i++) client_send(&c, "{}");
    assert_true(client_until(&c, "\"code\":\"abuse\",\"retry\":false", &text));
    ends(s, &c, 4500);
    assert_true(reaches(&s->leaves, 1));
}

static void oversized(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    char *big = malloc(70000);
    memset(big, ' ', 70000);
    open_talk(s, &c, NULL);
    memcpy(big, SEND(1, "at the limit"), strlen(SEND(1, "at the limit")));
    client_send_bytes(&c, big, 65536);
    assert_true(client_until(&c, "at the limit", &text));
    client_send_bytes(&c, big, 65537);
    assert_true(client_until(&c, "\"code\":\"too_big\"", &text));
    assert_int_equal(client_closed(&c), 4509);
    client_close(&c);
    free(big);
}

/* A message in one-byte fragments, with a ping in between, is whole; one of too many is not. */
static void fragments(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    const char *m = SEND(1, "in pieces");
    open_talk(s, &c, NULL);
    for (size_t i = 0; m[i] != '\0'; i++) {
        client_frame(&c, i == 0 ? 1 : 0, m[i + 1] == '\0', m + i, 1);
        if (i == 10) client_frame(&c, 9, true, "p", 1);
    }
    assert_true(client_until(&c, "in pieces", &text));
    for (int i = 0; i < 3000; i++)
        if (!client_frame(&c, i == 0 ? 1 : 0, false, " ", 1)) break;
    assert_true(client_until(&c, "\"code\":\"too_big\"", &text));
    assert_int_equal(client_closed(&c), 4509);
    client_close(&c);
}

static void invalid_utf8_and_binary(void **state) {
    struct server *s = *state;
    struct client c;
    open_talk(s, &c, NULL);
    client_send_bytes(&c, "{\"t\":\"send\",\"text\":\"\xff\"}", 23);
    assert_int_equal(client_closed(&c), 1007);
    client_close(&c);
    open_talk(s, &c, NULL);
    client_frame(&c, 2, true, "{}", 2);
    assert_int_equal(client_closed(&c), 4503);
    client_close(&c);
}

static void resume_secrets(void **state) {
    struct server *s = *state;
    struct client c;
    char resume[PL_RESUME_TEXT], open[256];
    open_talk(s, &c, resume);
    expect(&c, SEND(1, "one"), "\"seq\":2");
    client_close(&c);
    snprintf(open, sizeof open, "{\"t\":\"open\",\"resume\":\"%s\",\"epoch\":\"%s\",\"seq\":2}",
             resume, EPOCH);
    struct pl_str text;
    begin(s, &c, open);
    assert_true(client_until(&c, resume, &text)); /* ready says it again */
    client_close(&c);
    char *digit = strstr(open, resume) + 60;
    *digit = *digit == '0' ? '1' : '0';
    begin(s, &c, open);
    assert_true(client_until(&c, "\"code\":\"resume_refused\"", &text));
    expect(&c, "{\"t\":\"open\",\"resume\":\"short\"}", "\"code\":\"resume_refused\"");
    expect(&c, SEND(1, "hi"), "\"code\":\"not_open\"");
    expect(&c, "{\"t\":\"open\"}", "\"t\":\"live\""); /* a new one may be had */
    client_close(&c);
}

static void a_reader_that_sleeps(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    open_talk(s, &c, NULL);
    int small = 4096;
    setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    client_send(&c, SEND(1, "flood")); /* 12 MB of events */
    assert_true(reaches(&s->leaves, 1));
    assert_int_equal(pl_counter_read(&pl_gateway_counters(s->g)[PL_GATEWAY_slow_readers]), 1);
    assert_true(pl_counter_read(&pl_gateway_counters(s->g)[PL_GATEWAY_dropped]) > 0);
    client_close(&c);
    open_talk(s, &c, NULL); /* others are served */
    expect(&c, SEND(1, "awake"), "awake");
    client_close(&c);
    (void)text;
}

static void rate_limits(bool stream) {
    struct server s;
    struct client c;
    struct pl_str text;
    prepare(&s);
    s.stream = stream;
    s.config.messages_per_minute = 3;
    start(&s);
    open_talk(&s, &c, NULL);
    expect(&c, SEND(1, "a"), "\"text\":\"a\"");
    expect(&c, SEND(2, "b"), "\"text\":\"b\"");
    expect(&c, SEND(3, "c"), "\"text\":\"c\"");
    expect(&c, SEND(4, "d"),
           "\"code\":\"rate_limited\",\"message\":\"too many messages; try again");
    assert_int_equal(s.sends, 3);
    for (int i = 0; i < 40; i++) client_send(&c, "{\"t\":\"typing\",\"on\":true}");
    assert_true(client_until(&c, "\"t\":\"bye\",\"code\":\"rate_limited\",\"retry\":true", &text));
    ends(&s, &c, 4429);
    stop(&s);
}

static void rate_limits_of_sockets(void **state) {
    (void)state;
    rate_limits(false);
}

static void rate_limits_of_streams(void **state) {
    (void)state;
    rate_limits(true);
}

static void handshakes(void **state) {
    struct server s;
    struct client c[3];
    (void)state;
    prepare(&s);
    s.config.max_connections_per_ip = 2;
    s.config.handshakes_per_minute = 3;
    s.config.origins = "https://shop.example, https://m.shop.example";
    start(&s);
    int port = pl_gateway_port(s.g);
    const char *from = "Origin: https://m.shop.example\r\n";
    assert_int_equal(client_open(&c[0], "127.0.0.1", port, "/ws", "parlance.v1", NULL), 403);
    client_close(&c[0]);
    assert_int_equal(client_open(&c[0], "127.0.0.1", port, "/ws", "chat", from), 400);
    client_close(&c[0]);
    assert_int_equal(client_open(&c[0], "127.0.0.1", port, "/wss", "parlance.v1", from), 404);
    client_close(&c[0]);
    assert_int_equal(client_open(&c[0], "127.0.0.1", port, "/ws", "x, parlance.v1", from), 101);
    assert_int_equal(client_open(&c[1], "127.0.0.1", port, "/ws", "parlance.v1", from), 101);
    assert_int_equal(client_open(&c[2], "127.0.0.1", port, "/ws", "parlance.v1", from), 429);
    client_close(&c[2]);
    client_close(&c[1]);
    nap(100);
    assert_int_equal(client_open(&c[1], "127.0.0.1", port, "/ws", "parlance.v1", from), 101);
    client_close(&c[1]);
    nap(100); /* the fourth within a minute */
    assert_int_equal(client_open(&c[1], "127.0.0.1", port, "/ws", "parlance.v1", from), 429);
    client_close(&c[1]);
    client_close(&c[0]);
    stop(&s);
}

/* Sockets that never finish a request: bounded for one address, and the next comers are served. */
static void slow_requests(void **state) {
    struct server s;
    struct client half[40], c;
    (void)state;
    prepare(&s);
    s.config.max_connections_per_ip = 4;
    start(&s);
    unsigned dropped = 0;
    char byte;
    for (size_t i = 0; i < PL_LEN(half); i++) {
        half[i] = (struct client){.fd = socket(AF_INET, SOCK_STREAM, 0), .wait_ms = 1000};
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)pl_gateway_port(s.g)),
                                 .sin_addr = {htonl(INADDR_LOOPBACK)}};
        assert_int_equal(connect(half[i].fd, (struct sockaddr *)&to, sizeof to), 0);
        client_raw(&half[i], "GET / HT", 8);
    }
    nap(200);
    for (size_t i = 0; i < PL_LEN(half); i++)
        dropped += recv(half[i].fd, &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
    assert_int_equal(dropped, 4); /* 36 are kept: 4 and the 32 to spare */
    for (size_t i = 0; i < PL_LEN(half); i++) client_close(&half[i]);
    nap(100);
    open_talk(&s, &c, NULL);
    expect(&c, SEND(1, "served"), "served");
    client_close(&c);
    stop(&s);
}

static void deadlines(void **state) {
    struct server s;
    struct client lazy, slow, dead;
    struct pl_str text;
    (void)state;
    prepare(&s);
    s.config.open_wait_ms = 300;
    s.config.message_wait_ms = 300;
    s.config.heartbeat_ms = 1000;
    s.config.pong_wait_ms = 1000;
    start(&s);
    assert_true(client_connect(&lazy, pl_gateway_port(s.g)));
    assert_true(client_until(&lazy, "\"code\":\"open_late\",\"retry\":true", &text));
    assert_int_equal(client_closed(&lazy), 4408);
    client_close(&lazy);
    open_talk(&s, &slow, NULL);
    client_frame(&slow, 1, false, "{", 1);
    assert_int_equal(client_closed(&slow), 4509);
    client_close(&slow);
    open_talk(&s, &dead, NULL);
    dead.mute = true;
    unsigned before = s.leaves;
    struct client alive;
    open_talk(&s, &alive, NULL);
    alive.wait_ms = 3500;
    client_until(&alive, "never", &text); /* answers pings meanwhile */
    assert_true(alive.pings >= 2);
    assert_true(reaches(&s.leaves, before + 1)); /* the mute one is gone */
    expect(&alive, SEND(1, "pulse"), "pulse");
    client_close(&alive);
    client_close(&dead);
    stop(&s);
}

static void answer_late(struct pl_post *p) {
    struct server *s = (struct server *)((char *)p - offsetof(struct server, late));
    pl_gateway_ack(s->g, s->late_client, s->late_cid, 7, false, NULL, 0);
}

static void drained(void *ctx) {
    ((struct server *)ctx)->drained = 1;
}

static void drain_now(struct pl_post *p) {
    struct server *s = (struct server *)((char *)p - offsetof(struct server, drain));
    pl_gateway_drain(s->g, 1000, 5000, drained, s);
}

static void drain(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    open_talk(s, &c, NULL);
    s->drain.fn = drain_now;
    pl_loop_post(s->loop, &s->drain);
    assert_true(client_until(&c, "\"t\":\"bye\",\"code\":\"drain\",\"retry\":true", &text));
    ends(s, &c, 1001);
    assert_true(reaches(&s->drained, 1));
    assert_int_equal(
        client_open(&c, "127.0.0.1", pl_gateway_port(s->g), "/ws", "parlance.v1", NULL), 503);
    client_close(&c);
    assert_int_equal(client_stream(&c, pl_gateway_port(s->g), NULL, "{\"t\":\"open\"}"), 503);
    client_close(&c);
}

/* What is under way is answered before bye, and what comes meanwhile is not begun. */
static void drain_waits(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    struct pl_buf b = {0};
    open_talk(s, &c, NULL);
    client_send(&c, SEND(1, "later"));
    assert_true(reaches(&s->sends, 1));
    s->drain.fn = drain_now;
    s->late.fn = answer_late;
    pl_loop_post(s->loop, &s->drain);
    nap(50);
    assert_int_equal(client_http(pl_gateway_port(s->g), "GET", "/readyz", NULL, &b), 503);
    assert_int_equal(client_http(pl_gateway_port(s->g), "GET", "/healthz", NULL, &b), 200);
    client_send(&c, SEND(2, "too late"));
    assert_int_equal(s->drained, 0);
    pl_loop_post(s->loop, &s->late);
    assert_true(client_until(&c, "\"cid\":\"" CID(1) "\",\"seq\":7", &text));
    if (pl_str_find(text, PL_STR("\"t\":\"bye\"")) == SIZE_MAX)
        assert_true(client_until(&c, "\"t\":\"bye\",\"code\":\"drain\"", &text));
    ends(s, &c, 1001);
    assert_true(reaches(&s->drained, 1));
    assert_int_equal(s->sends, 1);
    pl_buf_free(&b);
}

/* ---- what only event streams have ---- */

static void has(const struct pl_buf *b, const char *needle) {
    if (strstr(b->p, needle) == NULL) fail_msg("no '%s' in: %s", needle, b->p);
}

static void stream_requests(void **state) {
    struct server *s = *state;
    int port = pl_gateway_port(s->g);
    struct client c;
    struct pl_str text;
    struct pl_buf b = {0};
    char name[192], *big = calloc(1, 70000);
    const char *path = "/api/v1/frames", *close_it = "Connection: close\r\n";
    open_talk(s, &c, NULL);
    snprintf(name, sizeof name, "Parlance-Stream: %s\r\nConnection: close\r\n", c.name);
    memset(big, ' ', 70000);
    memcpy(big, SEND(1, "at the limit"), strlen(SEND(1, "at the limit")));
    assert_int_equal(client_post(port, path, name, big, 65536, &b), 202);
    assert_true(client_until(&c, "at the limit", &text));
    assert_int_equal(client_post(port, path, name, big, 65537, &b), 413);
    assert_int_equal(client_post(port, path, name, "", 0, &b), 411);
    assert_int_equal(client_http(port, "POST", path, "Transfer-Encoding: chunked\r\n", &b), 411);
    assert_int_equal(client_post(port, path, close_it, "{}", 2, &b), 404);
    has(&b, "\"code\":\"no_stream\"");
    name[60] = name[60] == '0' ? '1' : '0'; /* of the secret */
    assert_int_equal(client_post(port, path, name, "{}", 2, &b), 404);
    assert_int_equal(client_http(port, "GET", "/api/v1/stream", NULL, &b), 405);
    has(&b, "allow: POST, OPTIONS");
    expect(&c, "{\"t\":\"send\",\"text\":\"\xff\"}", "\"code\":\"malformed\"");
    expect(&c, SEND(2, "still here"), "\"text\":\"still here\"");
    client_close(&c);
    assert_true(reaches(&s->leaves, 1));
    pl_buf_free(&b);
    free(big);
}

static void stream_origins(void **state) {
    struct server s;
    struct client c;
    struct pl_buf b = {0};
    (void)state;
    prepare(&s);
    s.config.origins = "https://shop.example";
    s.config.max_connections_per_ip = 1;
    start(&s);
    int port = pl_gateway_port(s.g);
    const char *from = "Origin: https://shop.example\r\n", *open = "{\"t\":\"open\"}";
    assert_int_equal(client_stream(&c, port, NULL, open), 403);
    client_close(&c);
    assert_int_equal(client_http(port, "OPTIONS", "/api/v1/stream", from, &b), 200);
    has(&b, "access-control-allow-origin: https://shop.example");
    has(&b, "access-control-allow-headers: authorization, content-type, parlance-name, "
            "parlance-stream");
    assert_int_equal(
        client_http(port, "OPTIONS", "/api/v1/stream", "Origin: https://x.example\r\n", &b), 403);
    assert_null(strstr(b.p, "access-control-allow-origin"));
    assert_int_equal(client_stream(&c, port, from, open), 200);
    struct client second;
    assert_int_equal(client_stream(&second, port, from, open), 429);
    client_close(&second);
    client_close(&c);
    stop(&s);
    pl_buf_free(&b);
}

static void stream_deadlines(void **state) {
    struct server s;
    struct client c, late;
    struct pl_str text;
    (void)state;
    prepare(&s);
    s.stream = true;
    s.config.open_wait_ms = 300;
    s.config.message_wait_ms = 300;
    s.config.heartbeat_ms = 500;
    start(&s);
    begin(&s, &late, "{}");
    assert_true(client_until(&late, "\"code\":\"open_late\",\"retry\":true", &text));
    ends(&s, &late, 4408);
    open_talk(&s, &c, NULL);
    c.wait_ms = 1800;
    client_until(&c, "never", &text);
    assert_true(c.pings >= 2);
    expect(&c, SEND(1, "pulse"), "pulse");
    /* A body that comes drop by drop. */
    struct client drip = {.wait_ms = 3000};
    const char *head = "POST /api/v1/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{";
    drip.fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)pl_gateway_port(s.g)),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(connect(drip.fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_true(client_raw(&drip, head, strlen(head)));
    nap(500);
    client_raw(&drip, " ", 1);
    assert_int_equal(client_closed(&drip), 1006);
    client_close(&drip);
    /* Bytes behind the request on its connection are no frames: the server hangs up. */
    char junk[4096] = {0};
    memset(junk, 'x', sizeof junk);
    for (int i = 0; i < 256 && client_raw(&c, junk, sizeof junk); i++) continue;
    assert_true(reaches(&s.leaves, 1));
    client_close(&c);
    stop(&s);
}

/* ---- answers from the engine's threads ---- */

struct talker {
    pthread_t thread;
    struct server *s;
    uint64_t client;
    unsigned from;
};

static void *talk(void *ctx) {
    struct talker *t = ctx;
    for (unsigned i = 0; i < 500; i++) {
        char body[64];
        int n = snprintf(body, sizeof body, "{\"kind\":\"message\",\"n\":%u}", t->from + i);
        struct pl_gateway_event event = {t->from + i, 0, {body, (size_t)n}};
        pl_gateway_events(t->s->g, t->client, &event, 1);
    }
    return NULL;
}

/* Each thread's events arrive whole and in its order; those for a closed connection are dropped. */
static void answers_from_other_threads(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    struct talker talkers[3];
    unsigned next[3] = {0};
    open_talk(s, &c, NULL);
    expect(&c, SEND(1, "x"), "\"text\":\"x\"");
    for (unsigned i = 0; i < 3; i++) {
        talkers[i] = (struct talker){.s = s, .client = s->talks[0].client, .from = i * 1000};
        assert_int_equal(pthread_create(&talkers[i].thread, NULL, talk, &talkers[i]), 0);
    }
    for (unsigned got = 0; got < 1500;) {
        assert_int_equal(client_receive(&c, &text), CLIENT_TEXT);
        for (const char *p = text.p, *end = p + text.n; p < end; got++) {
            p = memmem(p, (size_t)(end - p), "\"n\":", 4);
            if (p == NULL) break;
            unsigned n = (unsigned)atoi(p += 4);
            assert_int_equal(n % 1000, next[n / 1000]++);
        }
    }
    for (unsigned i = 0; i < 3; i++) pthread_join(talkers[i].thread, NULL);
    uint64_t gone = s->talks[0].client;
    client_close(&c);
    assert_true(reaches(&s->leaves, 1));
    pl_gateway_live(s->g, gone);
    const struct pl_counter *late = &pl_gateway_counters(s->g)[PL_GATEWAY_late_answers];
    for (int i = 0; i < 100 && pl_counter_read(late) == 0; i++) nap(10);
    assert_int_equal(pl_counter_read(late), 1);
}

/* ---- HTTP ---- */

static void web(void **state) {
    int port = pl_gateway_port(((struct server *)*state)->g);
    struct pl_buf b = {0};
    assert_int_equal(client_http(port, "GET", "/", NULL, &b), 200);
    has(&b, "content-type: text/html; charset=utf-8");
    has(&b, "default-src 'none'");
    has(&b, "<p>hello</p>");
    assert_null(strstr(b.p, "access-control-allow-origin"));
    assert_int_equal(client_http(port, "GET", "/widget.js", NULL, &b), 200);
    has(&b, "text/javascript");
    has(&b, "access-control-allow-origin: *");
    char etag[64] = "", line[128];
    const char *at = strstr(b.p, "etag: ");
    assert_non_null(at);
    sscanf(at, "etag: %63[^\r]", etag);
    snprintf(line, sizeof line, "If-None-Match: \"x\", %s\r\n", etag);
    assert_int_equal(client_http(port, "GET", "/widget.js", line, &b), 304);
    assert_int_equal(client_http(port, "HEAD", "/widget.js", NULL, &b), 200);
    assert_null(strstr(b.p, "console.log"));
    static const char *const no[] = {"/nothing.html",
                                     "/../gateway/ws_test.c",
                                     "/%2e%2e/ws_test.c",
                                     "/.hidden.html",
                                     "/sub/../../ws_test.c",
                                     "//etc/passwd",
                                     "/sub",
                                     "/sub/",
                                     "/index.html%00.js",
                                     "/secret.conf",
                                     "/api/v1/nothing"};
    for (size_t i = 0; i < PL_LEN(no); i++) {
        int status = client_http(port, "GET", no[i], NULL, &b);
        if (status == 200) fail_msg("%s is served", no[i]);
    }
    assert_int_equal(client_http(port, "POST", "/", "Content-Length: 3\r\n", &b), 405);
    assert_int_equal(client_http(port, "GET", "/ws", NULL, &b), 426);
    pl_buf_free(&b);
}

static void long_files(void **state) {
    int port = pl_gateway_port(((struct server *)*state)->g);
    struct pl_buf b = {0};
    assert_int_equal(client_http(port, "GET", "/sub/long.txt", NULL, &b), 200);
    const char *body = strstr(b.p, "\r\n\r\n");
    assert_non_null(body);
    assert_int_equal(b.n - 1 - (size_t)(body + 4 - b.p), 100000);
    pl_buf_free(&b);
}

static void ask(int port, const char *method, const char *path, const char *headers, int status,
                const char *part) {
    struct pl_buf b = {0};
    assert_int_equal(client_http(port, method, path, headers, &b), status);
    has(&b, part);
    pl_buf_free(&b);
}

static void give_back(int port, const char *auth, const char *body, int status, const char *part) {
    struct pl_buf b = {0};
    assert_int_equal(client_post(port, "/api/v1/queue/ab-1/back", auth, body, strlen(body), &b),
                     status);
    has(&b, part);
    pl_buf_free(&b);
}

static void queue_calls(void **state) {
    struct server *s = *state;
    int port = pl_gateway_port(s->g);
    struct pl_token queue, metrics;
    char tq[PL_TOKEN_TEXT], tm[PL_TOKEN_TEXT], auth[128], other[128], body[160], none[160];
    int64_t now = pl_clock_system().wall_ms(NULL);
    assert_int_equal(pl_token_make("q", PL_TOKEN_MAY_QUEUE, now, 0, &queue, tq), PL_OK);
    assert_int_equal(pl_token_make("m", PL_TOKEN_MAY_METRICS, now, 0, &metrics, tm), PL_OK);
    assert_int_equal(pl_token_save(s->store, &queue), PL_OK);
    assert_int_equal(pl_token_save(s->store, &metrics), PL_OK);
    snprintf(auth, sizeof auth, "Authorization: Bearer %s\r\n", tq);
    snprintf(other, sizeof other, "Authorization: Bearer %s\r\n", tm);
    snprintf(body, sizeof body, "%sContent-Length: 5\r\n", auth);
    snprintf(none, sizeof none, "%sContent-Length: 0\r\n", auth);
    ask(port, "GET", "/api/v1/queue?limit=7&after=00ff", auth, 200,
        "{\"queue\":[],\"limit\":7,\"after\":\"00ff\"}");
    ask(port, "HEAD", "/api/v1/queue?limit=7", auth, 200, "content-length: 33");
    ask(port, "GET", "/api/v1/queue?after=wrong", auth, 400, "\"code\":\"bad_after\"");
    ask(port, "GET", "/api/v1/queue?limit=0", auth, 400, "\"code\":\"bad_limit\"");
    ask(port, "GET", "/api/v1/queue?limit=101", auth, 400, "\"code\":\"bad_limit\"");
    ask(port, "GET", "/api/v1/queue?limit=-1", auth, 400, "\"code\":\"bad_limit\"");
    ask(port, "GET", "/api/v1/queue?limit=1e1", auth, 400, "\"code\":\"bad_limit\"");
    ask(port, "POST", "/api/v1/queue", none, 405, "allow: GET, HEAD");
    ask(port, "POST", "/api/v1/queue/ab-1/done", none, 200, "{}");
    ask(port, "POST", "/api/v1/queue/ab-1/done", auth, 200, "{}"); /* no length at all */
    ask(port, "POST", "/api/v1/queue/ab-2/done", none, 404, "\"code\":\"not_found\"");
    ask(port, "POST", "/api/v1/queue/none/done", none, 404, "\"code\":\"not_found\"");
    ask(port, "POST", "/api/v1/queue/ab-1/done", body, 400, "\"code\":\"body\"");
    ask(port, "POST", "/api/v1/queue/ab-1/done", other, 403, "\"code\":\"scope_missing\"");
    ask(port, "POST", "/api/v1/queue/ab-1/done", NULL, 401, "\"code\":\"token_missing\"");
    ask(port, "GET", "/api/v1/queue/ab-1/done", auth, 405, "allow: POST");
    ask(port, "POST", "/api/v1/queue/ab-1/back", none, 200, "{}");
    assert_string_equal(s->event, "back ab-1: ");
    ask(port, "POST", "/api/v1/queue/ab-2/back", none, 409, "\"code\":\"with_bot\"");
    ask(port, "GET", "/api/v1/queue/ab-1/back", auth, 405, "allow: POST");
    ask(port, "POST", "/api/v1/queue/ab-1/back", other, 403, "\"code\":\"scope_missing\"");
    give_back(port, auth, "{\"note\":\"He was polite.\"}", 200, "{}");
    assert_string_equal(s->event, "back ab-1: He was polite.");
    give_back(port, auth, "{}", 200, "{}");
    give_back(port, auth, "{\"note\":7}", 400, "\"code\":\"malformed\"");
    give_back(port, auth, "{\"note\":\"a\",\"more\":1}", 400, "\"code\":\"malformed\"");
    give_back(port, auth, "x", 400, "\"code\":\"malformed\"");
    ask(port, "GET", "/api/v1/queue/", auth, 404, "\"code\":\"not_found\"");
    ask(port, "POST", "/api/v1/queue//done", none, 405, "method_not_allowed");
}

#define ID "\"conversation\":\"00ff00000000000000000000000000aa\""

static void tell(int port, const char *auth, const char *body, int status, const char *part) {
    struct pl_buf b = {0};
    assert_int_equal(client_post(port, "/api/v1/events", auth, body, strlen(body), &b), status);
    has(&b, part);
    pl_buf_free(&b);
}

static void events(void **state) {
    struct server *s = *state;
    int port = pl_gateway_port(s->g);
    struct pl_token may, may_not;
    char te[PL_TOKEN_TEXT], tm[PL_TOKEN_TEXT], auth[160], other[160];
    int64_t now = pl_clock_system().wall_ms(NULL);
    assert_int_equal(pl_token_make("e", PL_TOKEN_MAY_EVENTS, now, 0, &may, te), PL_OK);
    assert_int_equal(pl_token_make("m", PL_TOKEN_MAY_QUEUE, now, 0, &may_not, tm), PL_OK);
    assert_int_equal(pl_token_save(s->store, &may), PL_OK);
    assert_int_equal(pl_token_save(s->store, &may_not), PL_OK);
    snprintf(auth, sizeof auth, "Connection: close\r\nAuthorization: Bearer %s\r\n", te);
    snprintf(other, sizeof other, "Connection: close\r\nAuthorization: Bearer %s\r\n", tm);
    tell(port, auth,
         "{\"event\":\"shop.late\"," ID ",\"key\":\"k1\","
         "\"args\":{\"a\":[1,2.50,true,null],\"b\":{\"c\":\"\\u00e9\\\"\"}}}",
         200, "{\"taken\":true}");
    assert_string_equal(
        s->event, "00aa shop.late {\"a\":[1,2.50,true,null],\"b\":{\"c\":\"\u00e9\\\"\"}} k1");
    tell(port, auth, "{\"event\":\"page.opened\"," ID "}", 200, "{\"taken\":true}");
    assert_string_equal(s->event, "00aa page.opened  ");
    tell(port, auth, "{\"event\":\"page.opened\",\"customer\":\"c-4711\"}", 200,
         "{\"taken\":true}");
    assert_string_equal(s->event, "0000 page.opened  ");
    tell(port, auth, "{\"event\":\"again\"," ID "}", 200, "{\"taken\":true,\"repeated\":true}");
    tell(port, auth, "{\"event\":\"where\"," ID "}", 404, "\"code\":\"not_found\"");
    tell(port, auth, "{\"event\":\"gone\"," ID "}", 410, "\"code\":\"erased\"");
    tell(port, auth, "{\"event\":\"wrong\"," ID "}", 422, "args.eta: expected datetime");
    tell(port, auth, "{\"event\":\"other\"," ID "}", 409, "\"code\":\"key_reused\"");
    tell(port, auth, "{\"event\":\"many\"," ID "}", 429, "retry-after: 60");
    tell(port, auth, "{\"event\":\"full\"," ID "}", 503, "\"code\":\"unavailable\"");
    tell(port, "Connection: close\r\n", "{\"event\":\"page.opened\"," ID "}", 401,
         "\"code\":\"token_missing\"");
    tell(port, other, "{\"event\":\"page.opened\"," ID "}", 403, "\"code\":\"scope_missing\"");
    ask(port, "GET", "/api/v1/events", auth, 405, "allow: POST");
    ask(port, "POST", "/api/v1/events", auth, 411, "\"code\":\"length\"");
}

static void erasing(void **state) {
    struct server *s = *state;
    int port = pl_gateway_port(s->g);
    struct pl_token may, may_not;
    char te[PL_TOKEN_TEXT], tm[PL_TOKEN_TEXT], auth[160], other[160], hex[9];
    uint8_t customer[16];
    int64_t now = pl_clock_system().wall_ms(NULL);
    assert_int_equal(pl_token_make("e", PL_TOKEN_MAY_ERASE, now, 0, &may, te), PL_OK);
    assert_int_equal(pl_token_make("m", PL_TOKEN_MAY_EVENTS, now, 0, &may_not, tm), PL_OK);
    assert_int_equal(pl_token_save(s->store, &may), PL_OK);
    assert_int_equal(pl_token_save(s->store, &may_not), PL_OK);
    snprintf(auth, sizeof auth, "Connection: close\r\nAuthorization: Bearer %s\r\n", te);
    snprintf(other, sizeof other, "Connection: close\r\nAuthorization: Bearer %s\r\n", tm);
    ask(port, "DELETE", "/api/v1/customers/c-4711", auth, 200, "{}");
    assert_true(pl_identity_customer(PL_STR("c-4711"), customer));
    pl_hex(customer, 4, hex);
    assert_string_equal(s->event, hex);
    ask(port, "DELETE", "/api/v1/customers/a%40b%20c", auth, 200, "{}");
    assert_true(pl_identity_customer(PL_STR("a@b c"), customer));
    pl_hex(customer, 4, hex);
    assert_string_equal(s->event, hex);
    ask(port, "DELETE", "/api/v1/customers/c-4711", other, 403, "\"code\":\"scope_missing\"");
    ask(port, "DELETE", "/api/v1/customers/c-4711", "Connection: close\r\n", 401,
        "\"code\":\"token_missing\"");
    ask(port, "GET", "/api/v1/customers/c-4711", auth, 405, "allow: DELETE");
}

static void hostile_events(void **state) {
    static const char *const bodies[] = {
        "x",
        "[]",
        "7",
        "{",
        "{\"event\":\"a\"}",
        "{" ID "}",
        "{\"event\":7," ID "}",
        "{\"event\":\"\"," ID "}",
        "{\"event\":\"a\",\"conversation\":7}",
        "{\"event\":\"a\",\"conversation\":\"00ff\"}",
        "{\"event\":\"a\",\"conversation\":\"00ff00000000000000000000000000zz\"}",
        "{\"event\":\"a\"," ID ",\"args\":[]}",
        "{\"event\":\"a\"," ID ",\"args\":\"{}\"}",
        "{\"event\":\"a\"," ID ",\"key\":\"\"}",
        "{\"event\":\"a\"," ID ",\"key\":7}",
        "{\"event\":\"a\"," ID ",\"more\":1}",
        "{\"event\":\"a\"," ID ",\"customer\":\"c\"}",
        "{\"event\":\"a\",\"customer\":\"\"}",
        "{\"event\":\"a\",\"customer\":7}",
        "{\"event\":\"a\"," ID "," ID "}",
        "{\"event\":\"a\"," ID "} {}",
        "{\"event\":\"\xff\"," ID "}",
    };
    struct server *s = *state;
    int port = pl_gateway_port(s->g);
    struct pl_token may;
    struct pl_buf b = {0}, deep = {0};
    char te[PL_TOKEN_TEXT], auth[160], size[200];
    int64_t now = pl_clock_system().wall_ms(NULL);
    assert_int_equal(pl_token_make("e", PL_TOKEN_MAY_EVENTS, now, 0, &may, te), PL_OK);
    assert_int_equal(pl_token_save(s->store, &may), PL_OK);
    snprintf(auth, sizeof auth, "Connection: close\r\nAuthorization: Bearer %s\r\n", te);
    for (size_t i = 0; i < PL_LEN(bodies); i++)
        tell(port, auth, bodies[i], 400, "\"code\":\"malformed\"");
    pl_buf_c(&deep, "{\"event\":\"a\"," ID ",\"args\":{\"a\":");
    for (int i = 0; i < 5000; i++) pl_buf_byte(&deep, '[');
    assert_int_equal(client_post(port, "/api/v1/events", auth, deep.p, deep.n, &b), 400);
    pl_buf_clear(&deep);
    for (int i = 0; i < 20000; i++) pl_buf_byte(&deep, ' ');
    assert_int_equal(client_post(port, "/api/v1/events", auth, deep.p, deep.n, &b), 413);
    static const char *const lengths[] = {"-1", "0", "99999999999999999999", "1e3", "x"};
    for (size_t i = 0; i < PL_LEN(lengths); i++) {
        snprintf(size, sizeof size, "%sContent-Length: %s\r\n", auth, lengths[i]);
        assert_true(client_http(port, "POST", "/api/v1/events", size, &b) != 200);
    }
    assert_string_equal(s->event, ""); /* none reached the engine */
    tell(port, auth, "{\"event\":\"page.opened\"," ID "}", 200, "{\"taken\":true}");
    pl_buf_free(&b);
    pl_buf_free(&deep);
}

static void api(void **state) {
    struct server *s = *state;
    int port = pl_gateway_port(s->g);
    struct pl_buf b = {0};
    struct pl_token queue, metrics, old;
    char tq[PL_TOKEN_TEXT], tm[PL_TOKEN_TEXT], to[PL_TOKEN_TEXT], auth[128];
    int64_t now = pl_clock_system().wall_ms(NULL);
    assert_int_equal(pl_token_make("q", PL_TOKEN_MAY_QUEUE, now, 0, &queue, tq), PL_OK);
    assert_int_equal(pl_token_make("m", PL_TOKEN_MAY_METRICS, now, now + 60000, &metrics, tm),
                     PL_OK);
    assert_int_equal(pl_token_make("o", PL_TOKEN_MAY_QUEUE, now, now - 1, &old, to), PL_OK);
    assert_int_equal(pl_token_save(s->store, &queue), PL_OK);
    assert_int_equal(pl_token_save(s->store, &metrics), PL_OK);
    assert_int_equal(pl_token_save(s->store, &old), PL_OK);
    assert_int_equal(client_http(port, "GET", "/api/v1/queue", NULL, &b), 401);
    has(&b, "\"code\":\"token_missing\"");
    has(&b, "www-authenticate: Bearer");
    snprintf(auth, sizeof auth, "Authorization: Bearer %s\r\n", tq);
    assert_int_equal(client_http(port, "GET", "/api/v1/queue", auth, &b), 200);
    has(&b, "{\"queue\":[],\"limit\":20,\"after\":\"\"}");
    has(&b, "cache-control: no-store");
    assert_int_equal(client_http(port, "GET", "/metrics", auth, &b), 403);
    has(&b, "\"code\":\"scope_missing\"");
    snprintf(auth, sizeof auth, "Authorization: Bearer %s\r\n", tm);
    assert_int_equal(client_http(port, "GET", "/metrics", auth, &b), 200);
    has(&b, "# TYPE parlance_gateway_accepted_total counter\nparlance_gateway_accepted_total 0\n");
    snprintf(auth, sizeof auth, "Authorization: Bearer %s\r\n", to);
    assert_int_equal(client_http(port, "GET", "/api/v1/queue", auth, &b), 401);
    has(&b, "\"code\":\"token_expired\"");
    assert_int_equal(
        client_http(port, "GET", "/api/v1/queue", "Authorization: Bearer plt_x\r\n", &b), 401);
    has(&b, "\"code\":\"token_unknown\"");
    assert_int_equal(client_http(port, "GET", "/healthz", NULL, &b), 200);
    has(&b, "{\"ok\":true,\"draining\":false,\"connections\":0}");
    assert_int_equal(client_http(port, "GET", "/readyz", NULL, &b), 200);
    has(&b, "{\"ready\":true}");
    pl_buf_free(&b);
}

static void articles(void **state) {
    struct server *s = *state;
    struct pl_buf b = {0};
    int port = pl_gateway_port(s->g);
    assert_int_equal(client_http(port, "GET", "/kb/es-ES/returns/how%20to", NULL, &b), 200);
    has(&b, "<h1>es-ES</h1>");
    assert_int_equal(client_http(port, "GET", "/kb/style.css", NULL, &b), 200);
    static const char *const none[] = {"/kb/es-ES/other", "/kb/es-ES/", "/kb/es-ES", "/kb/", "/kb"};
    for (size_t i = 0; i < PL_LEN(none); i++) {
        assert_int_equal(client_http(port, "GET", none[i], NULL, &b), 404);
        has(&b, "\"code\":\"not_found\"");
    }
    pl_buf_free(&b);
}

#define BROWSER "User-Agent: Mozilla/5.0 (X11; Linux) Firefox/140.0\r\n"

/* Who asks for a page, and whether that is a customer who opens it. */
static void views(void **state) {
    struct server *s = *state;
    struct pl_buf b = {0};
    int port = pl_gateway_port(s->g);
    const char *page = "/kb/es-ES/returns/how%20to";
    static const char *const nobody[] = {NULL, "User-Agent: Googlebot/2.1\r\n",
                                         "User-Agent: curl/8.5.0\r\n",
                                         "User-Agent: Mozilla/5.0 (compatible; SomeCrawler)\r\n",
                                         BROWSER "Sec-Purpose: prefetch;prerender\r\n"};
    for (size_t i = 0; i < PL_LEN(nobody); i++)
        assert_int_equal(client_http(port, "GET", page, nobody[i], &b), 200);
    assert_int_equal(client_http(port, "HEAD", page, BROWSER, &b), 200);
    assert_int_equal(client_http(port, "GET", "/kb/es-ES/other", BROWSER, &b), 404);
    assert_int_equal(s->viewed, 0);
    assert_int_equal(client_http(port, "GET", page, BROWSER, &b), 200);
    has(&b, "<footer>es/returns/how to 1</footer>");
    assert_int_equal(s->viewed, 1);
    /* the page is the same one, however often it was opened; who has it reads it again */
    const char *etag = strstr((char *)b.p, "etag: ");
    char again[256];
    assert_non_null(etag);
    snprintf(again, sizeof again, BROWSER "If-None-Match: %.18s\r\n", etag + 6);
    assert_int_equal(client_http(port, "GET", page, again, &b), 304);
    assert_int_equal(s->viewed, 1);
    /* six an hour from an address, of one article */
    for (int i = 0; i < 20; i++) assert_int_equal(client_http(port, "GET", page, BROWSER, &b), 200);
    assert_int_equal(s->viewed, 6);
    assert_int_equal(client_http(port, "GET", "/kb/es-ES/returns/other", BROWSER, &b), 200);
    assert_int_equal(s->viewed, 7);
    pl_buf_free(&b);
}

static void a_taken_port(void **state) {
    struct server *s = *state;
    struct pl_gateway_config config = s->config;
    struct pl_gateway *second = NULL;
    struct pl_loop *loop;
    assert_int_equal(pl_loop_create(pl_clock_system(), &loop), PL_OK);
    config.loop = loop;
    config.port = pl_gateway_port(s->g);
    assert_int_equal(pl_gateway_create(&config, &second), PL_EXISTS);
    assert_null(second);
    pl_loop_destroy(&loop);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define WITH_STREAM(test)                                                                          \
    { #test "_stream", test, setup_stream, teardown, NULL }
#define OVER_BOTH(test) WITH_SERVER(test), WITH_STREAM(test)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_SERVER(articles),
        WITH_SERVER(views),
        OVER_BOTH(a_conversation),
        OVER_BOTH(ack_and_events_travel_together),
        OVER_BOTH(malformed_frames),
        OVER_BOTH(before_open),
        OVER_BOTH(signed_identities),
        OVER_BOTH(abuse_ends_the_connection),
        WITH_SERVER(oversized),
        WITH_SERVER(fragments),
        WITH_SERVER(invalid_utf8_and_binary),
        OVER_BOTH(resume_secrets),
        OVER_BOTH(a_reader_that_sleeps),
        cmocka_unit_test(rate_limits_of_sockets),
        cmocka_unit_test(rate_limits_of_streams),
        cmocka_unit_test(handshakes),
        cmocka_unit_test(slow_requests),
        cmocka_unit_test(deadlines),
        OVER_BOTH(drain),
        OVER_BOTH(drain_waits),
        WITH_STREAM(stream_requests),
        cmocka_unit_test(stream_origins),
        cmocka_unit_test(stream_deadlines),
        WITH_SERVER(answers_from_other_threads),
        WITH_SERVER(web),
        WITH_SERVER(long_files),
        WITH_SERVER(api),
        WITH_SERVER(queue_calls),
        WITH_SERVER(events),
        WITH_SERVER(erasing),
        WITH_SERVER(hostile_events),
        WITH_SERVER(a_taken_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
