/* SPDX-License-Identifier: Apache-2.0 */
/* Pages, articles, operators' calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/gateway/rig.h"

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
                                     "/../gateway/http_test.c",
                                     "/%2e%2e/http_test.c",
                                     "/.hidden.html",
                                     "/sub/../../http_test.c",
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

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_SERVER(web),
        WITH_SERVER(long_files),
        WITH_SERVER(api),
        WITH_SERVER(queue_calls),
        WITH_SERVER(events),
        WITH_SERVER(erasing),
        WITH_SERVER(hostile_events),
        WITH_SERVER(articles),
        WITH_SERVER(views),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
