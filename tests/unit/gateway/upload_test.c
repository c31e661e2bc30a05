/* SPDX-License-Identifier: Apache-2.0 */
/* Files over HTTP: a real server and real sealed files, a fake engine that says what it wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "runtime/gateway/gateway.h"
#include "runtime/store/store.h"
#include "tests/client/client.h"

#define EPOCH  "0123456789abcdef0123456789abcdef"
#define SECRET "-00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MOST   200000

struct server {
    struct pl_loop *loop;
    struct pl_store *store;
    struct pl_gateway *g;
    struct pl_gateway_config config;
    struct pl_log log;
    struct pl_keys *keys;
    struct pl_key_id key;
    struct pl_blobs *blobs;
    char dir[64], token[PL_TOKEN_TEXT], other_token[PL_TOKEN_TEXT];
    pthread_t thread;
    _Atomic uint64_t client;
    _Atomic unsigned sends, asked;
    char said[16][700]; /* by the order in which the engine got them */
};

/* ---- the fake engine ---- */

static void on_open(void *ctx, uint64_t client, const struct pl_gateway_open *o) {
    struct server *s = ctx;
    struct pl_gateway_ready ready = {
        .with = PL_STR("bot"), .locale = PL_STR("en"), .recovered = true};
    (void)o;
    s->client = client;
    pl_gateway_ready(s->g, client, &ready);
    pl_gateway_live(s->g, client);
}

static void on_send(void *ctx, uint64_t client, const struct pl_gateway_send *m) {
    struct server *s = ctx;
    unsigned n = s->sends;
    if (n < PL_LEN(s->said))
        snprintf(s->said[n], sizeof s->said[n], "%d %llu %.*s", m->said,
                 (unsigned long long)m->cid.counter, PL_STR_ARG(m->text));
    s->sends = n + 1;
    pl_gateway_ack(s->g, client, m->cid, m->cid.counter, false, NULL, 0);
}

static void on_number(void *ctx, uint64_t client, uint64_t seq) {
    (void)ctx, (void)client, (void)seq;
}

static void on_leave(void *ctx, uint64_t client) {
    (void)ctx, (void)client;
}

/* The first byte of a conversation chooses what is said of it, when all but it and the last are
 * zero: of one that was opened they are random. */
static void on_wants(void *ctx, uint64_t ticket, const uint8_t conversation[16],
                     const uint8_t hash[32]) {
    struct server *s = ctx;
    const struct pl_str image = PL_STR("image");
    struct pl_gateway_wanted w = {.key = s->key, .naccept = 1, .accept = &image};
    static const uint8_t zero[14];
    (void)hash;
    s->asked++;
    switch (memcmp(conversation + 1, zero, sizeof zero) == 0 ? conversation[0] : 0) {
    case 2: pl_gateway_wanted(s->g, ticket, PL_DENIED, NULL); break;
    case 3: pl_gateway_wanted(s->g, ticket, PL_CONFLICT, NULL); break;
    case 4: pl_gateway_wanted(s->g, ticket, PL_ERASED, NULL); break;
    case 5: pl_gateway_wanted(s->g, ticket, PL_NOT_FOUND, NULL); break;
    case 6: break; /* never */
    default:
        pl_gateway_wanted(s->g, ticket, PL_OK, &w);
        pl_gateway_wanted(s->g, ticket + 1000, PL_OK, &w); /* for nobody */
    }
}

/* ---- the server's thread ---- */

static void *run(void *ctx) {
    struct server *s = ctx;
    pl_loop_run(s->loop);
    pl_gateway_destroy(&s->g);
    return NULL;
}

static void open_blobs(struct server *s) {
    static char dir[96], keys[96], master[96];
    uint8_t key[PL_KEY_SIZE];
    snprintf(s->dir, sizeof s->dir, "/tmp/parlance-upload-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    snprintf(dir, sizeof dir, "%s/uploads", s->dir);
    snprintf(keys, sizeof keys, "%s/keys", s->dir);
    snprintf(master, sizeof master, "%s/keys/master", s->dir);
    struct pl_blobs_config c = {.dir = dir,
                                .keys = keys,
                                .master = master,
                                .loop = s->loop,
                                .clock = pl_clock_system(),
                                .max_bytes = MOST,
                                .per_conversation = 3,
                                .unused_ms = 86400000};
    assert_int_equal(pl_keys_open(keys, master, &s->keys), PL_OK);
    assert_int_equal(pl_keys_take(s->keys, 20000, &s->key, key), PL_OK);
    assert_int_equal(pl_blobs_create(&c, &s->blobs), PL_OK);
}

static void make_token(struct server *s, uint32_t scope, char text[PL_TOKEN_TEXT]) {
    struct pl_token t;
    assert_int_equal(pl_token_make("t", scope, 1, 0, &t, text), PL_OK);
    assert_int_equal(pl_token_save(s->store, &t), PL_OK);
}

static int set_up(void **state) {
    struct server *s = calloc(1, sizeof *s);
    struct pl_store_config store = {0};
    *state = s;
    assert_int_equal(pl_loop_create(pl_clock_system(), &s->loop), PL_OK);
    assert_int_equal(pl_store_open(&store, &s->store, NULL), PL_OK);
    open_blobs(s);
    make_token(s, PL_TOKEN_MAY_UPLOADS, s->token);
    make_token(s, PL_TOKEN_MAY_QUEUE, s->other_token);
    s->config = (struct pl_gateway_config){
        .loop = s->loop,
        .log = &s->log,
        .store = s->store,
        .epoch = EPOCH,
        .door = {s, on_open, on_send, on_number, NULL, NULL, on_leave},
        .api = {.ctx = s, .wants = on_wants},
        .host = "127.0.0.1",
        .origins = "https://shop.example",
        .heartbeat_ms = 25000,
        .pong_wait_ms = 10000,
        .open_wait_ms = 10000,
        .message_wait_ms = 1000,
        .max_connections = 100,
        .max_connections_per_ip = 100,
        .max_queued = 1 << 20,
        .messages_per_minute = 1000,
        .handshakes_per_minute = 1000,
        .blobs = s->blobs,
        .upload_bytes = MOST,
        .uploads_per_minute = 12,
    };
    assert_int_equal(pl_gateway_create(&s->config, &s->g), PL_OK);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
    return 0;
}

static int tear_down(void **state) {
    struct server *s = *state;
    char command[96];
    pl_loop_stop(s->loop);
    pthread_join(s->thread, NULL);
    pl_blobs_destroy(&s->blobs);
    pl_keys_close(&s->keys);
    pl_loop_destroy(&s->loop);
    pl_store_close(&s->store);
    snprintf(command, sizeof command, "rm -r '%s'", s->dir);
    assert_int_equal(system(command), 0);
    free(s);
    return 0;
}

/* ---- helpers ---- */

static struct pl_str png(size_t n) {
    static char bytes[MOST + 10];
    memcpy(bytes, "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", 16);
    for (size_t i = 16; i < sizeof bytes; i++) bytes[i] = (char)(i * 31 >> 2);
    return (struct pl_str){bytes, n};
}

#define ORIGIN_LINE "Origin: https://shop.example\r\n"
#define ORIGIN      ORIGIN_LINE "Connection: close\r\n"

/* first: of the conversation's id. */
static int up(struct server *s, int first, struct pl_str body, struct pl_buf *out) {
    char extra[400];
    pl_buf_clear(out);
    snprintf(extra, sizeof extra,
             ORIGIN "Authorization: Bearer %02x0000000000000000000000000000ff" SECRET
                    "\r\nParlance-Name: ..%%2Fb%%C3%%A9%%20x.png\r\n",
             (unsigned)first);
    return client_post(pl_gateway_port(s->g), "/api/v1/uploads", extra, body.p, body.n, out);
}

static void has(const struct pl_buf *b, const char *needle) {
    if (pl_str_find(pl_buf_slice(b), pl_str_c(needle)) == SIZE_MAX)
        fail_msg("no '%s' in: %.*s", needle, (int)(b->n < 900 ? b->n : 900), b->p);
}

static size_t files(const struct server *s) {
    char command[128], line[300];
    size_t n = 0;
    snprintf(command, sizeof command, "find '%s/uploads' -type f", s->dir);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) n++;
    pclose(f);
    return n;
}

static int fetch(struct server *s, const char *ref, const char *token, const char *method,
                 struct pl_buf *out) {
    char path[200], extra[200];
    pl_buf_clear(out);
    snprintf(path, sizeof path, "/api/v1/uploads/%s", ref);
    snprintf(extra, sizeof extra, "Authorization: Bearer %s\r\n", token);
    return client_http(pl_gateway_port(s->g), method, path, extra, out);
}

/* ---- sending up and fetching ---- */

static void a_file_goes_up_and_is_fetched(void **state) {
    struct server *s = *state;
    struct pl_buf b = {0};
    char ref[PL_BLOB_REF];
    struct pl_str bytes = png(150000);
    assert_int_equal(up(s, 1, bytes, &b), 201);
    has(&b, "\"type\":\"image/png\",\"size\":150000,\"name\":\"b\xc3\xa9 x.png\"");
    has(&b, "access-control-allow-origin: https://shop.example");
    assert_true(client_member(pl_buf_slice(&b), "upload", ref, sizeof ref));
    assert_int_equal(files(s), 1);

    assert_int_equal(fetch(s, ref, s->token, "GET", &b), 200);
    has(&b, "content-type: image/png");
    has(&b, "content-disposition: attachment; filename*=UTF-8''b%C3%A9%20x.png");
    has(&b, "x-content-type-options: nosniff");
    has(&b, "content-security-policy: sandbox; default-src 'none'");
    has(&b, "cache-control: no-store");
    size_t body = pl_str_find(pl_buf_slice(&b), PL_STR("\r\n\r\n")) + 4;
    assert_true(b.n >= body + bytes.n);
    assert_memory_equal(b.p + body, bytes.p, bytes.n);
    assert_int_equal(fetch(s, ref, s->token, "HEAD", &b), 200);
    has(&b, "content-length: 150000");
    assert_int_equal(fetch(s, ref, s->token, "POST", &b), 405);
    assert_int_equal(fetch(s, ref, s->other_token, "GET", &b), 403);
    assert_int_equal(fetch(s, ref, "plt_x", "GET", &b), 401);
    ref[3] = ref[3] == 'a' ? 'b' : 'a';
    assert_int_equal(fetch(s, ref, s->token, "GET", &b), 404);
    assert_int_equal(fetch(s, "..%2f..%2fkeys%2fmaster", s->token, "GET", &b), 404);
    assert_int_equal(fetch(s, "", s->token, "GET", &b), 404);
    pl_buf_free(&b);
}

static void erased_is_erased(void **state) {
    struct server *s = *state;
    struct pl_buf b = {0};
    char ref[PL_BLOB_REF];
    assert_int_equal(up(s, 1, png(100), &b), 201);
    assert_true(client_member(pl_buf_slice(&b), "upload", ref, sizeof ref));
    assert_int_equal(pl_keys_erase(s->keys, s->key), PL_OK);
    assert_int_equal(fetch(s, ref, s->token, "GET", &b), 410);
    assert_int_equal(up(s, 1, png(100), &b), 410);
    pl_buf_free(&b);
}

static void only_what_is_wanted(void **state) {
    struct server *s = *state;
    struct pl_buf b = {0};
    assert_int_equal(up(s, 2, png(100), &b), 403);
    assert_int_equal(up(s, 3, png(100000), &b), 409);
    has(&b, "\"code\":\"not_asked\"");
    assert_int_equal(up(s, 4, png(100), &b), 410);
    assert_int_equal(up(s, 5, png(100), &b), 403);
    assert_int_equal(up(s, 1, PL_STR("%PDF-1.7 ..."), &b), 415);
    assert_int_equal(up(s, 1, PL_STR("PK\x03\x04 a bomb"), &b), 415);
    assert_int_equal(up(s, 1, PL_STR("<html><script>"), &b), 415);
    assert_int_equal(files(s), 0);
    for (int i = 0; i < 3; i++) assert_int_equal(up(s, 1, png(100), &b), 201);
    assert_int_equal(up(s, 1, png(100), &b), 429); /* of this conversation */
    has(&b, "\"code\":\"too_many\"");
    assert_int_equal(files(s), 3);
    pl_buf_free(&b);
}

static void so_many_of_an_address(void **state) {
    struct server *s = *state;
    struct pl_buf b = {0};
    for (int i = 0; i < 12; i++) assert_int_equal(up(s, 3, png(10), &b), 409);
    assert_int_equal(up(s, 3, png(10), &b), 429);
    has(&b, "\"code\":\"rate_limited\"");
    has(&b, "retry-after: ");
    assert_int_equal(s->asked, 12);
    pl_buf_free(&b);
}

/* ---- heads and bodies that are no good ---- */

/* A POST whose head is given, and what stands behind it. */
static int raw(struct server *s, const char *head, struct pl_buf *out) {
    pl_buf_clear(out);
    return client_http(pl_gateway_port(s->g), "POST", "/api/v1/uploads", head, out);
}

static void bad_heads(void **state) {
    struct server *s = *state;
    struct pl_buf b = {0};
    const char *good =
        ORIGIN_LINE "Authorization: Bearer 01000000000000000000000000000000" SECRET "\r\n";
    char extra[400];
    const struct {
        const char *head;
        int status;
    } rows[] = {
        {"Content-Length: 0\r\n", 411},      {"Content-Length: -5\r\n", 411},
        {"Content-Length: 200001\r\n", 413}, {"Content-Length: 99999999999999999999\r\n", 411},
        {"Content-Length: 5x\r\n", 411},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        snprintf(extra, sizeof extra, "%s%s", good, rows[i].head);
        int got = raw(s, extra, &b);
        if (got != rows[i].status && got != 0) /* 0, 400: libwebsockets knows better and hangs up */
            assert_int_equal(got, 400);
    }
    assert_int_equal(raw(s, good, &b), 411);
    assert_int_equal(raw(s, ORIGIN_LINE "Content-Length: 5\r\n", &b), 401);
    assert_int_equal(raw(s, ORIGIN_LINE "Content-Length: 5\r\nAuthorization: Bearer x\r\n", &b),
                     401);
    assert_int_equal(raw(s, "Origin: https://evil.example\r\nContent-Length: 5\r\n", &b), 403);
    assert_int_equal(client_http(pl_gateway_port(s->g), "GET", "/api/v1/uploads", ORIGIN_LINE, &b),
                     405);
    assert_int_equal(
        client_http(pl_gateway_port(s->g), "OPTIONS", "/api/v1/uploads", ORIGIN_LINE, &b), 200);
    has(&b, "parlance-name");
    assert_int_equal(s->asked, 0);
    assert_int_equal(files(s), 0);
    pl_buf_free(&b);
}

/* Sends what it has, and goes away when nothing came for a while. */
static int cut(struct server *s, const char *head, struct pl_buf *out) {
    pl_buf_clear(out);
    return client_http_for(pl_gateway_port(s->g), "POST", "/api/v1/uploads", head, 500, out);
}

/* It says 1000 bytes and sends 20, or is about to when the server ends. */
static void cut_off(void **state) {
    struct server *s = *state;
    struct pl_buf b = {0};
    char extra[400];
    snprintf(extra, sizeof extra,
             ORIGIN_LINE "Authorization: Bearer 01000000000000000000000000000000" SECRET
                         "\r\nContent-Length: 1000\r\n\r\n%.16s",
             "\x89PNG....");
    assert_int_not_equal(cut(s, extra, &b), 201);
    snprintf(extra, sizeof extra,
             ORIGIN_LINE "Authorization: Bearer 06000000000000000000000000000000" SECRET "\r\n"
                         "Content-Length: 1000\r\n\r\nabc");
    assert_int_not_equal(cut(s, extra, &b), 201);
    assert_int_equal(files(s), 0);
    pl_buf_free(&b);
}

/* ---- saying it ---- */

#define CID(n) "00c0ffee00c0ffee-" #n

static void said_in_order(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    struct pl_buf b = {0};
    char resume[PL_RESUME_TEXT], ref[PL_BLOB_REF], extra[400], frames[600], want[300];
    assert_int_equal(
        client_open(&c, "127.0.0.1", pl_gateway_port(s->g), "/ws", "parlance.v1", ORIGIN_LINE),
        101);
    assert_true(client_send(&c, "{\"t\":\"open\"}"));
    assert_true(client_until(&c, "\"resume\"", &text));
    assert_true(client_member(text, "resume", resume, sizeof resume));
    snprintf(extra, sizeof extra, ORIGIN "Authorization: Bearer %s\r\n", resume);
    assert_int_equal(
        client_post(pl_gateway_port(s->g), "/api/v1/uploads", extra, png(500).p, 500, &b), 201);
    has(&b, "\"name\":\"file\"");
    assert_true(client_member(pl_buf_slice(&b), "upload", ref, sizeof ref));
    snprintf(frames, sizeof frames,
             "[{\"t\":\"send\",\"cid\":\"" CID(1) "\",\"upload\":\"%s\"},"
                                                  "{\"t\":\"send\",\"cid\":\"" CID(
                                                      2) "\",\"text\":\"two\"},"
                                                         "{\"t\":\"send\",\"cid\":\"" CID(
                                                             3) "\",\"upload\":\"%s\"},"
                                                                "{\"t\":\"send\",\"cid\":\"" CID(
                                                                    4) "\",\"text\":\"four\"}]",
             ref, ref);
    assert_true(client_send(&c, frames));
    for (int i = 0; i < 300 && s->sends < 4; i++) usleep(10000);
    assert_int_equal(s->sends, 4);
    snprintf(want, sizeof want, "3 1 image/png 500 %s file", ref);
    assert_string_equal(s->said[0], want);
    assert_string_equal(s->said[1], "0 2 two");
    assert_string_equal(s->said[3], "0 4 four");

    /* another conversation's, one that is gone, and no reference at all */
    snprintf(frames, sizeof frames,
             "{\"t\":\"send\",\"cid\":\"" CID(5) "\",\"upload\":\"%.32s%.32s\"}", ref,
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_true(client_send(&c, frames));
    assert_true(client_until(&c, "not_found", &text));
    ref[0] = ref[0] == 'a' ? 'b' : 'a';
    snprintf(frames, sizeof frames, "{\"t\":\"send\",\"cid\":\"" CID(5) "\",\"upload\":\"%s\"}",
             ref);
    assert_true(client_send(&c, frames));
    assert_true(client_until(&c, "not_found", &text));
    assert_true(client_send(&c, "{\"t\":\"send\",\"cid\":\"" CID(5) "\",\"upload\":\"../x\"}"));
    assert_true(client_until(&c, "not_found", &text));
    assert_int_equal(s->sends, 4);
    client_close(&c);
    pl_buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_goes_up_and_is_fetched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(erased_is_erased, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_what_is_wanted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(so_many_of_an_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_heads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cut_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(said_in_order, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
