/* SPDX-License-Identifier: Apache-2.0
 * Every connector of lua/ against the demo shop, with the types that lua/README.md declares; and a
 * return whose reply is lost: asked again under the same key it is found out, and done once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/hooks/hooks.h"
#include "runtime/loop/loop.h"

extern char **environ;

/* ---- the declared types ---- */

#define T(k)                                                                                       \
    { .kind = PL_KIND_##k }
#define OPT(k)                                                                                     \
    { .kind = PL_KIND_##k, .optional = true }
#define DEF(k, i)                                                                                  \
    { .kind = PL_KIND_##k, .def = (i) }
#define N(text)                                                                                    \
    { text, sizeof text - 1 }
#define F(label, ...)                                                                              \
    { .name = N(label), .type = __VA_ARGS__ }
#define M(label)                                                                                   \
    { .name = N(label) }
#define ROW(title, k, rows)                                                                        \
    { .name = N(title), .kind = PL_KIND_##k, .nfields = PL_LEN(rows), .fields = (rows) }

enum {
    ITEM,
    STATUS,
    ORDER,
    PRODUCT,
    CART,
    ELIGIBILITY,
    LABEL,
    SEGMENT,
    PROFILE,
    PAID,
    PAYMENT,
    SHIPMENT,
    HINDRANCE
};
enum { ITEMS, PRODUCTS, ORDERS, TEXTS };

static const struct pl_typedef_field item[] = {F("id", T(TEXT)),     F("name", T(TEXT)),
                                               F("size", OPT(TEXT)), F("quantity", T(NUMBER)),
                                               F("price", T(MONEY)), F("photo", OPT(URL))};
static const struct pl_typedef_field status[] = {
    M("placed"), M("packed"), M("shipped"), M("out_for_delivery"), M("delivered"), M("cancelled")};
static const struct pl_typedef_field order[] = {
    F("id", T(TEXT)),        F("status", DEF(ENUM, STATUS)),   F("place", OPT(TEXT)),
    F("eta", OPT(DATETIME)), F("delivered_at", OPT(DATETIME)), F("tracking", OPT(TEXT)),
    F("total", T(MONEY)),    F("items", DEF(LIST, ITEMS))};
static const struct pl_typedef_field product[] = {
    F("id", T(TEXT)),        F("name", T(TEXT)),           F("price", T(MONEY)),
    F("was", OPT(MONEY)),    F("discount", OPT(PERCENT)),  F("stock", T(NUMBER)),
    F("size", OPT(TEXT)),    F("sizes", DEF(LIST, TEXTS)), F("rating", OPT(NUMBER)),
    F("reviews", T(NUMBER)), F("photo", OPT(URL)),         F("page", T(URL))};
static const struct pl_typedef_field cart[] = {F("id", T(TEXT)), F("count", T(NUMBER)),
                                               F("total", T(MONEY))};
static const struct pl_typedef_field hindrance[] = {M("not_delivered"), M("cancelled"),
                                                    M("too_late")};
static const struct pl_typedef_field eligibility[] = {
    F("ok", T(BOOL)),         F("why", {.kind = PL_KIND_ENUM, .def = HINDRANCE, .optional = true}),
    F("started", T(BOOL)),    F("window", T(DURATION)),
    F("refund", T(MONEY)),    F("days_min", T(NUMBER)),
    F("days_max", T(NUMBER)), F("items", DEF(LIST, ITEMS))};
static const struct pl_typedef_field label[] = {F("tracking", T(TEXT)), F("minutes", T(NUMBER)),
                                                F("carrier", T(TEXT))};
static const struct pl_typedef_field segment[] = {M("vip"), M("regular"), M("new"), M("at_risk")};
static const struct pl_typedef_field profile[] = {
    F("id", T(TEXT)),       F("name", T(TEXT)),         F("email", OPT(EMAIL)),
    F("phone", OPT(PHONE)), F("locale", OPT(LANGUAGE)), F("segment", DEF(ENUM, SEGMENT))};
static const struct pl_typedef_field paid[] = {M("paid"), M("failed"), M("pending"), M("refunded")};
static const struct pl_typedef_field payment[] = {F("id", T(TEXT)), F("status", DEF(ENUM, PAID)),
                                                  F("amount", T(MONEY))};
static const struct pl_typedef_field shipment[] = {F("tracking", T(TEXT)), F("carrier", T(TEXT)),
                                                   F("status", T(TEXT)), F("place", OPT(TEXT)),
                                                   F("eta", OPT(DATETIME))};
static const struct pl_typedef defs[] = {
    ROW("item", RECORD, item),          ROW("order.status", ENUM, status),
    ROW("order", RECORD, order),        ROW("product_info", RECORD, product),
    ROW("cart", RECORD, cart),          ROW("eligibility", RECORD, eligibility),
    ROW("return_label", RECORD, label), ROW("profile.segment", ENUM, segment),
    ROW("profile", RECORD, profile),    ROW("payment.status", ENUM, paid),
    ROW("payment", RECORD, payment),    ROW("shipment", RECORD, shipment),
    ROW("hindrance", ENUM, hindrance)};
static const struct pl_type lists[] = {DEF(RECORD, ITEM), DEF(RECORD, PRODUCT), DEF(RECORD, ORDER),
                                       T(TEXT)};
static const struct pl_types types = {defs, PL_LEN(defs), lists, PL_LEN(lists)};

static const struct pl_type nothing = T(NONE);
static struct pl_type record(uint32_t def) {
    return (struct pl_type){.kind = PL_KIND_RECORD, .def = def};
}
static struct pl_type list(uint32_t item_type) {
    return (struct pl_type){.kind = PL_KIND_LIST, .def = item_type};
}

/* ---- the bench ---- */

struct bench {
    pid_t shop;
    char base[64];
    struct pl_loop *loop;
    struct pl_http *http;
    struct pl_hooks *hooks;
    struct pl_arena arena;
    bool done;
    enum pl_hook_outcome outcome;
    char text[4000]; /* JSON of the value, failure or detail */
    char reply[400];
};

static const char *demoshop;

static void start_shop(struct bench *b) {
    int out[2];
    char line[100] = {0};
    char *argv[] = {"demoshop", "--port", "0", NULL};
    posix_spawn_file_actions_t actions;
    assert_int_equal(pipe(out), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    assert_int_equal(posix_spawn(&b->shop, demoshop, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    assert_true(read(out[0], line, sizeof line - 1) > 0);
    close(out[0]);
    assert_int_equal(sscanf(line, "demo shop: %63s", b->base), 1);
}

static void load_connectors(struct bench *b) {
    struct pl_str *paths;
    struct pl_hooks_source sources[32];
    size_t n;
    assert_int_equal(pl_files_under(&b->arena, "lua", ".lua", 32, &paths, &n), PL_OK);
    for (size_t i = 0; i < n; i++) {
        char path[200];
        snprintf(path, sizeof path, "lua/%.*s", PL_STR_ARG(paths[i]));
        assert_int_equal(pl_file_read(&b->arena, path, 100000, &sources[i].text), PL_OK);
        sources[i].name = (struct pl_str){paths[i].p, paths[i].n - 4};
    }
    assert_int_equal(pl_hooks_load(b->hooks, PL_STR("image"), sources, n), PL_OK);
}

static int set_up(void **state) {
    static const char *const argv[] = {"connectors_test", "hook-worker", NULL};
    struct bench *b = calloc(1, sizeof *b);
    struct pl_str hosts[] = {PL_STR("127.0.0.1")};
    struct pl_clock clock = pl_clock_system();
    pl_arena_init(&b->arena, 0);
    start_shop(b);
    struct pl_hooks_service shop = {.name = PL_STR("shop"), .base_url = pl_str_c(b->base)};
    struct pl_http_config http = {.plain_hosts = hosts, .nplain_hosts = 1, .clock = clock};
    assert_int_equal(pl_loop_create(clock, &b->loop), PL_OK);
    assert_int_equal(pl_http_create(&http, &b->http), PL_OK);
    struct pl_hooks_config config = {.http = b->http,
                                     .clock = clock,
                                     .exe = "/proc/self/exe",
                                     .argv = argv,
                                     .services = &shop,
                                     .nservices = 1};
    assert_int_equal(pl_hooks_create(&config, &b->hooks), PL_OK);
    load_connectors(b);
    *state = b;
    return 0;
}

static int tear_down(void **state) {
    struct bench *b = *state;
    pl_hooks_destroy(&b->hooks);
    pl_http_destroy(&b->http);
    pl_loop_destroy(&b->loop);
    pl_arena_free(&b->arena);
    kill(b->shop, SIGTERM);
    int ended;
    waitpid(b->shop, &ended, 0);
    free(b);
    return WIFEXITED(ended) && WEXITSTATUS(ended) == 0 ? 0 : 1;
}

static void done(void *ctx, const struct pl_hook_result *r) {
    struct bench *b = ctx;
    struct pl_buf json = {0};
    struct pl_str text = r->outcome == PL_HOOK_FAILED ? r->failure : r->detail;
    if (r->outcome == PL_HOOK_OK) {
        struct pl_reader reader = pl_reader_of(r->value);
        struct pl_value v = pl_value_read(&reader, &b->arena);
        if (v.kind != PL_KIND_NONE) pl_value_to_json(&json, v);
        text = pl_buf_slice(&json);
    }
    snprintf(b->text, sizeof b->text, "%.*s", PL_STR_ARG(text));
    pl_buf_free(&json);
    b->outcome = r->outcome;
    b->done = true;
}

/* One or two text arguments; `key` makes it a write. */
static enum pl_hook_outcome call(struct bench *b, const char *hook, const char *a, const char *c,
                                 struct pl_type type, const char *key) {
    struct pl_str fails[] = {PL_STR("not_found"), PL_STR("refused"), PL_STR("sold_out")};
    struct pl_value args[] = {pl_text(pl_str_c(a)), c ? pl_text(pl_str_c(c)) : PL_NONE};
    struct pl_hook_call call = {.image = PL_STR("image"),
                                .hook = pl_str_c(hook),
                                .args = args,
                                .nargs = a ? 2 : 0,
                                .types = &types,
                                .type = type,
                                .fails = fails,
                                .nfails = PL_LEN(fails),
                                .effect = key ? PL_HOOK_WRITE_ONCE : PL_HOOK_READ,
                                .key = pl_str_c(key),
                                .deadline_ms = 3000,
                                .loop = b->loop,
                                .done = done,
                                .ctx = b};
    b->done = false;
    pl_hooks_call(b->hooks, &call);
    for (int i = 0; i < 1000 && !b->done; i++) pl_loop_once(b->loop, 10);
    assert_true(b->done);
    return b->outcome;
}

static void gives(struct bench *b, const char *hook, const char *a, const char *c,
                  struct pl_type type, const char *key, const char *part) {
    enum pl_hook_outcome outcome = call(b, hook, a, c, type, key);
    if (outcome != PL_HOOK_OK || !strstr(b->text, part))
        fail_msg("%s: outcome %d: %s", hook, (int)outcome, b->text);
}

static void fails(struct bench *b, const char *hook, const char *a, struct pl_type type,
                  const char *key, const char *name) {
    enum pl_hook_outcome outcome = call(b, hook, a, NULL, type, key);
    if (outcome != PL_HOOK_FAILED || strcmp(b->text, name) != 0)
        fail_msg("%s: outcome %d: %s", hook, (int)outcome, b->text);
}

static void debug_done(void *ctx, const struct pl_http_reply *reply) {
    struct bench *b = ctx;
    assert_int_equal(reply->err, PL_OK);
    snprintf(b->reply, sizeof b->reply, "%.*s", PL_STR_ARG(reply->body));
    b->done = true;
}

static const char *debug(struct bench *b, enum pl_http_method method, const char *path,
                         const char *body) {
    struct pl_str url = pl_arena_printf(&b->arena, "%s%s", b->base, path);
    struct pl_http_request request = {
        .method = method, .url = url, .body = pl_str_c(body), .deadline_ms = 3000};
    b->done = false;
    pl_http_send(b->http, &request, b->loop, debug_done, b);
    for (int i = 0; i < 1000 && !b->done; i++) pl_loop_once(b->loop, 10);
    assert_true(b->done);
    return b->reply;
}

/* ---- the tests ---- */

static void reads_give_what_is_declared(void **state) {
    struct bench *b = *state;
    gives(b, "orders.find", "ORDER123456789", NULL, record(ORDER), NULL,
          "\"status\":\"out_for_delivery\"");
    gives(b, "orders.find", "ORDER555000222", NULL, record(ORDER), NULL, "\"status\":\"placed\"");
    fails(b, "orders.find", "ORDER000000000", record(ORDER), NULL, "not_found");
    gives(b, "orders.of_customer", "USER-1003", NULL, list(ORDERS), NULL, "ORDER555000222");
    gives(b, "orders.of_customer", "USER-9", NULL, list(ORDERS), NULL, "[]");
    gives(b, "catalog.names", NULL, NULL, list(TEXTS), NULL, "\"Nike Air Max\"");
    gives(b, "catalog.find", "Nike Air Max", "10", record(PRODUCT), NULL, "\"stock\":5");
    assert_non_null(strstr(b->text, "\"discount\":15"));
    assert_non_null(strstr(b->text, "129.99"));
    gives(b, "catalog.find", "adidas samba", "10", record(PRODUCT), NULL, "\"stock\":0");
    assert_non_null(strstr(b->text, "\"sizes\":[\"8\",\"9\",\"10\"]"));
    gives(b, "catalog.find", "adidas samba", "47", record(PRODUCT), NULL, "\"stock\":0");
    assert_null(strstr(b->text, "\"size\":\"47\""));
    gives(b, "catalog.find", "Steel Water Bottle", "500ML", record(PRODUCT), NULL, "\"500 ml\"");
    gives(b, "catalog.search", "do you have nike airmax", NULL, list(TEXTS), NULL,
          "[\"Nike Air Max 90\",\"Nike Air Max 2024\"]"); /* the nickname is no product */
    gives(b, "catalog.search", "Nike Air Maxx", NULL, list(TEXTS), NULL, "[\"Nike Air Max 90\"");
    gives(b, "catalog.search", "adidas ultra bost", NULL, list(TEXTS), NULL,
          "[\"Adidas Ultraboost\"]");
    gives(b, "catalog.search", "where is my order", NULL, list(TEXTS), NULL, "[]");
    fails(b, "catalog.find", "Flying Carpet", record(PRODUCT), NULL, "not_found");
    gives(b, "catalog.similar", "PROD-000042", NULL, list(PRODUCTS), NULL, "Nike Air Max 90");
    gives(b, "returns.check", "ORDER987654321", NULL, record(ELIGIBILITY), NULL, "\"ok\":true");
    assert_non_null(strstr(b->text, "110.49"));
    gives(b, "returns.check", "ORDER444000111", NULL, record(ELIGIBILITY), NULL, "\"ok\":false");
    assert_non_null(strstr(b->text, "too_late"));
    gives(b, "returns.check", "ORDER555000222", NULL, record(ELIGIBILITY), NULL, "not_delivered");
    gives(b, "returns.check", "ORDER444000222", NULL, record(ELIGIBILITY), NULL, "cancelled");
    gives(b, "customers.profile", "USER-1001", NULL, record(PROFILE), NULL, "\"segment\":\"vip\"");
    gives(b, "payments.status", "ORDER555000222", NULL, record(PAYMENT), NULL, "failed");
    gives(b, "shipping.track", "TRK7749301855", NULL, record(SHIPMENT), NULL, "UPS");
}

static void writes_give_what_is_declared(void **state) {
    struct bench *b = *state;
    gives(b, "cart.add", "PROD-000042", "10", record(CART), "c1", "110.49");
    fails(b, "cart.add", "PROD-000081", record(CART), "c2", "sold_out");
    gives(b, "shipping.subscribe", "ORDER123456789", "+15550100101", nothing, "s1", "");
    gives(b, "catalog.watch", "PROD-000042", "a@example.com", nothing, "w1", "");
    gives(b, "notifications.restock", "PROD-000081", "a@example.com", nothing, "n1", "");
    gives(b, "customers.set_language", "USER-1002", "es-ES", nothing, "l1", "");
    gives(b, "customers.note", "USER-1002", "return", nothing, "i1", "");
    gives(b, "orders.set_address", "ORDER555000222", "1 New Road", nothing, "a1", "");
    fails(b, "orders.cancel", "ORDER123456789", nothing, "x1", "refused");
    gives(b, "orders.cancel", "ORDER555000333", NULL, nothing, "x2", "");
    gives(b, "payments.retry", "ORDER555000222", NULL, record(PAYMENT), "p1", "paid");
    gives(b, "payments.refund", "ORDER555000222", NULL, record(PAYMENT), "p2", "refunded");
    gives(b, "returns.create", "ORDER987654321", "too_small", record(LABEL), "r1", "RET123456789");
    fails(b, "returns.create", "ORDER444000111", record(LABEL), "r2", "refused");
}

static void a_lost_reply_is_found_out_under_the_same_key(void **state) {
    struct bench *b = *state;
    debug(b, PL_HTTP_POST, "/debug/fault?prefix=/api/returns", "lost=1.0");
    assert_int_equal(call(b, "returns.create", "ORDER987654321", "damaged", record(LABEL), "k1"),
                     PL_HOOK_UNCONFIRMED);
    debug(b, PL_HTTP_POST, "/debug/fault", "none");
    gives(b, "returns.create", "ORDER987654321", "damaged", record(LABEL), "k1", "RET123456789");
    assert_string_equal(debug(b, PL_HTTP_GET, "/debug/acted?key=k1", NULL),
                        "{\"acted\":1,\"writes\":1,\"slowed\":0}");
}

static void a_broken_shop_is_unavailable(void **state) {
    struct bench *b = *state;
    debug(b, PL_HTTP_POST, "/debug/fault", "error=1");
    assert_int_equal(call(b, "orders.find", "ORDER123456789", NULL, record(ORDER), NULL),
                     PL_HOOK_UNAVAILABLE);
    debug(b, PL_HTTP_POST, "/debug/fault", "garbage=1");
    assert_int_equal(call(b, "orders.find", "ORDER123456789", NULL, record(ORDER), NULL),
                     PL_HOOK_UNAVAILABLE);
    debug(b, PL_HTTP_POST, "/debug/fault", "none");
    gives(b, "orders.find", "ORDER123456789", NULL, record(ORDER), NULL, "ORDER123456789");
}

#define BENCHED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "hook-worker") == 0) return pl_hooks_worker_main(3);
    if (argc != 2) return 2;
    demoshop = argv[1];
    const struct CMUnitTest tests[] = {
        BENCHED(reads_give_what_is_declared),
        BENCHED(writes_give_what_is_declared),
        BENCHED(a_lost_reply_is_found_out_under_the_same_key),
        BENCHED(a_broken_shop_is_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
