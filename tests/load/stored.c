/* SPDX-License-Identifier: Apache-2.0
 *
 * Many stored conversations: what they cost on disk and in memory, and how long it takes to go on
 * with one of them.
 *
 *   pl_stored IMAGE DATA fill CONVERSATIONS TURNS   begins them, each says TURNS lines of
 * track.script pl_stored IMAGE DATA turns OF NEW TURNS         NEW others say TURNS lines each:
 * what a turn costs pl_stored IMAGE DATA resume OF SAMPLES          the engine alone goes on with
 * SAMPLES of them pl_stored sockets PORT OF SAMPLES               a running server does, over
 * WebSockets
 *
 * The engine is the server's, with its store, on this thread; the shop answers from here. Prints
 * one line of name=value.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/crypto/crypto.h"
#include "runtime/engine/engine.h"
#include "tests/client/client.h"

enum { AT_ONCE = 2000 };

#define ORDER                                                                                      \
    "{\"id\":\"ORDER123456789\",\"status\":\"out_for_delivery\",\"place\":\"Local distribution "   \
    "center\",\"eta\":\"2026-11-30T18:00:00Z\",\"tracking\":\"TRK7749301855\",\"total\":"          \
    "{\"amount\":\"118.97\",\"currency\":\"USD\"},\"items\":[{\"id\":\"PROD-000080\",\"name\":"    \
    "\"Canvas Backpack\",\"size\":\"one size\",\"quantity\":1,\"price\":{\"amount\":\"59.99\","    \
    "\"currency\":\"USD\"},\"photo\":\"http://127.0.0.1:8081/images/PROD-000080.svg\"},{\"id\":"   \
    "\"PROD-000070\",\"name\":\"Cotton T-Shirt\",\"size\":\"M\",\"quantity\":2,\"price\":"         \
    "{\"amount\":\"29.49\",\"currency\":\"USD\"},\"photo\":"                                       \
    "\"http://127.0.0.1:8081/images/PROD-000070.svg\"}]}"

struct customer {
    uint64_t number; /* of his conversation, from 1; 0: he has none */
    uint64_t said;
    bool waits;
    const char *next;
    int64_t asked_us;
};

struct rig {
    struct pl_clock clock;
    struct pl_arena a;
    struct pl_loop *loop;
    struct pl_store *store;
    struct pl_engine *engine;
    struct pl_image *image;
    struct customer customers[AT_ONCE];
    uint32_t waiting;
    uint64_t turns, refused, hooks, messages;
    uint32_t *took; /* us, of resumes */
    size_t ntook;
};

static _Noreturn void give_up(const char *what, const char *more) {
    fprintf(stderr, "pl_stored: %s%s\n", what, more);
    exit(2);
}

/* ---- names: made from a number, so that nothing need be kept ---- */

static void id_of(uint64_t number, uint8_t id[16], uint8_t secret[32], uint8_t hash[32]) {
    uint8_t bytes[32];
    char text[64];
    int n = snprintf(text, sizeof text, "conversation %llu", (unsigned long long)number);
    pl_crypto_sha256((struct pl_str){text, (size_t)n}, bytes);
    memcpy(id, bytes, 16);
    n = snprintf(text, sizeof text, "secret %llu", (unsigned long long)number);
    pl_crypto_sha256((struct pl_str){text, (size_t)n}, secret);
    pl_crypto_sha256((struct pl_str){(const char *)secret, 32}, hash);
}

/* ---- the shop ---- */

struct answer {
    struct pl_post post;
    struct pl_engine_call call;
    struct pl_buf value;
};

static void answer_now(struct pl_post *post) {
    struct answer *x = (struct answer *)(void *)post;
    enum pl_engine_outcome o = x->value.n ? PL_OUTCOME_OK : PL_OUTCOME_UNAVAILABLE;
    x->call.done(x->call.ctx, o, pl_buf_slice(&x->value), (struct pl_str){"", 0});
    pl_buf_free(&x->value);
    free(x);
}

static void order_value(const struct pl_program *p, const struct pl_p_hook *hook,
                        struct pl_buf *out) {
    struct pl_arena a;
    struct pl_json json;
    struct pl_value v;
    struct pl_str where = {"", 0};
    size_t at;
    pl_arena_init(&a, 0);
    if (pl_json_parse(&a, PL_STR(ORDER), &json, &at) != PL_OK ||
        pl_value_from_json(&a, &p->types, hook->result, &json, &v, &where) != PL_OK)
        give_up("the order is none: ", where.n ? pl_arena_str(&a, where).p : "");
    pl_value_write(out, v);
    pl_arena_free(&a);
}

static uint64_t hook_call(void *ctx, const struct pl_engine_call *call) {
    struct rig *r = ctx;
    const struct pl_program *p = pl_image_program(call->image);
    const struct pl_p_hook *hook = &p->hooks[call->hook];
    struct answer *x = calloc(1, sizeof *x);
    if (!x) give_up("out of memory", "");
    x->post.fn = answer_now;
    x->call = *call;
    if (pl_str_is(hook->name, "orders.find")) order_value(p, hook, &x->value);
    pl_loop_post(call->loop, &x->post);
    return ++r->hooks;
}

static void hook_image(void *ctx, struct pl_image *image) {
    (void)ctx, (void)image;
}

/* ---- what comes ---- */

static struct customer *customer_of(struct rig *r, uint64_t client) {
    return &r->customers[client - 1];
}

static void heard(struct rig *r, uint64_t client) {
    struct customer *c = customer_of(r, client);
    r->waiting -= c->waits;
    c->waits = false;
}

static bool holds(struct pl_str text, const char *needle) {
    return pl_str_find(text, pl_str_c(needle)) != SIZE_MAX;
}

/* As in tests/load/track.script. */
static void on_events(void *ctx, uint64_t client, const struct pl_engine_event *e, size_t n) {
    struct rig *r = ctx;
    struct customer *c = customer_of(r, client);
    for (size_t i = 0; i < n; i++) {
        r->messages++;
        if (holds(e[i].json, "\"from\":\"customer\"")) continue;
        if (getenv("PL_STORED_SHOW")) fprintf(stderr, "%.*s\n", PL_STR_ARG(e[i].json));
        if (holds(e[i].json, "SMS"))
            c->next = "No, thanks";
        else if (holds(e[i].json, "confirmation email"))
            c->next = "ORDER123456789";
        else if (holds(e[i].json, "nything else"))
            c->next = "where is my order?";
    }
}

static void on_ready(void *ctx, uint64_t client, const struct pl_engine_ready *e) {
    (void)ctx, (void)client, (void)e;
}

static void on_live(void *ctx, uint64_t client) {
    struct rig *r = ctx;
    struct customer *c = customer_of(r, client);
    if (r->took) r->took[r->ntook++] = (uint32_t)(r->clock.mono_us(NULL) - c->asked_us);
    heard(r, client);
}

static void on_ack(void *ctx, uint64_t client, struct pl_engine_cid cid, uint64_t seq, bool dup,
                   const struct pl_engine_event *e, size_t n) {
    struct rig *r = ctx;
    (void)cid, (void)seq, (void)dup;
    r->turns++;
    on_events(ctx, client, e, n);
    heard(r, client);
}

static void on_typing(void *ctx, uint64_t client, bool on) {
    (void)ctx, (void)client, (void)on;
}

static void on_error(void *ctx, uint64_t client, enum pl_engine_error code, struct pl_str detail,
                     struct pl_engine_cid cid) {
    struct rig *r = ctx;
    (void)cid;
    if (r->refused++ == 0)
        fprintf(stderr, "pl_stored: refused with %d %.*s\n", code, PL_STR_ARG(detail));
    heard(r, client);
}

/* ---- opening ---- */

static void open_image(struct rig *r, const char *path) {
    struct pl_str bytes;
    uint8_t hash[32];
    char why[256];
    if (pl_file_read(&r->a, path, 64u << 20, &bytes) != PL_OK) give_up("cannot read ", path);
    pl_crypto_sha256(bytes, hash);
    if (pl_image_load(bytes, hash, &r->image, why) != PL_OK) give_up(why, "");
}

static void rig_open(struct rig *r, const char *image, const char *data) {
    char keys[512], master[512];
    struct pl_store_why why = {{0}};
    struct pl_store_config store = {.folder = data};
    pl_arena_init(&r->a, 0);
    r->clock = pl_clock_system();
    open_image(r, image);
    snprintf(keys, sizeof keys, "%s/keys", data);
    snprintf(master, sizeof master, "%s/keys/master", data);
    if (pl_loop_create(r->clock, &r->loop) != PL_OK) give_up("no loop", "");
    if (pl_store_open(&store, &r->store, &why) != PL_OK) give_up(why.text, "");
    struct pl_engine_config config = {
        .store = r->store,
        .keys = keys,
        .master = master,
        .loop = r->loop,
        .clock = r->clock,
        .seed = 1,
        .sink = {.ctx = r, on_ready, on_live, on_ack, on_events, on_typing, on_error},
        .hooks = {r, hook_image, hook_image, hook_call, NULL},
    };
    if (pl_engine_create(&config, r->image, &r->engine) != PL_OK) give_up("no engine", "");
}

static void rig_close(struct rig *r) {
    pl_engine_destroy(&r->engine);
    pl_store_flush(r->store);
    pl_store_close(&r->store);
    pl_image_unref(&r->image);
    pl_loop_destroy(&r->loop);
    pl_arena_free(&r->a);
}

/* ---- what customers do ---- */

static void await(struct rig *r) {
    int64_t until = r->clock.mono_us(NULL) + 30000000;
    while (r->waiting && r->clock.mono_us(NULL) < until) pl_loop_once(r->loop, 20);
    if (r->waiting) give_up("no answer for 30 s", "");
}

static void come(struct rig *r, uint64_t client, uint64_t number, bool fresh) {
    struct customer *c = customer_of(r, client);
    struct pl_engine_open open = {.fresh = fresh, .locale = PL_STR("en")};
    uint8_t secret[32];
    id_of(number, open.conversation, secret, open.hash);
    if (c->number) pl_engine_leave(r->engine, client);
    *c = (struct customer){.number = number, .next = "where is my order?"};
    c->waits = true;
    c->asked_us = r->clock.mono_us(NULL);
    r->waiting++;
    pl_engine_open(r->engine, client, &open);
}

static void say(struct rig *r, uint64_t client) {
    struct customer *c = customer_of(r, client);
    struct pl_engine_cid cid = {c->number, ++c->said};
    c->waits = true;
    r->waiting++;
    pl_engine_send(r->engine, client, cid, PL_ENGINE_SAID_TEXT, pl_str_c(c->next));
}

static void leave_all(struct rig *r) {
    for (uint64_t i = 1; i <= AT_ONCE; i++)
        if (customer_of(r, i)->number) pl_engine_leave(r->engine, i);
    memset(r->customers, 0, sizeof r->customers);
}

/* Conversations first .. first + n - 1, AT_ONCE at a time. */
static void hold_all(struct rig *r, uint64_t first, uint64_t n, uint64_t turns) {
    for (uint64_t done = 0; done < n; done += AT_ONCE) {
        uint64_t some = n - done < AT_ONCE ? n - done : AT_ONCE;
        for (uint64_t i = 0; i < some; i++) come(r, i + 1, first + done + i, true);
        await(r);
        for (uint64_t t = 0; t < turns; t++) {
            for (uint64_t i = 0; i < some; i++) say(r, i + 1);
            await(r);
            pl_loop_once(r->loop, 0);
        }
        leave_all(r);
        if (isatty(2)) fprintf(stderr, "\r%llu ", (unsigned long long)(done + some));
    }
}

/* Until conversations that nobody is connected to have left memory. */
static void settle(struct rig *r, int64_t ms) {
    int64_t until = r->clock.mono_us(NULL) + ms * 1000;
    const struct pl_counter *c = pl_engine_counters(r->engine);
    uint64_t came = pl_counter_read(&c[PL_ENGINE_OPENED]) + pl_counter_read(&c[PL_ENGINE_LOADED]);
    while (r->clock.mono_us(NULL) < until && pl_counter_read(&c[PL_ENGINE_EVICTED]) < came)
        pl_loop_once(r->loop, 50);
}

static long memory_kib(void) {
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    long kib = 0;
    while (f && fgets(line, sizeof line, f)) sscanf(line, "RssAnon: %ld", &kib);
    if (f) fclose(f);
    return kib;
}

static double processor_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int fill(struct rig *r, uint64_t n, uint64_t turns) {
    uint64_t some = n < 10000 ? n : 10000;
    int64_t from = r->clock.mono_us(NULL);
    hold_all(r, 1, some, turns); /* memory is where it will be */
    settle(r, 60000);
    long before = memory_kib();
    if (n > some) hold_all(r, some + 1, n - some, turns);
    settle(r, 60000);
    const struct pl_counter *e = pl_engine_counters(r->engine);
    const struct pl_counter *s = pl_store_counters(r->store);
    printf("conversations=%llu turns=%llu events=%llu hooks=%llu refused=%llu seconds=%lld "
           "memory_kib=%ld grown_kib=%ld opened=%llu evicted=%llu entries=%llu entry_bytes=%llu "
           "state_rows=%llu\n",
           (unsigned long long)n, (unsigned long long)r->turns, (unsigned long long)r->messages,
           (unsigned long long)r->hooks, (unsigned long long)r->refused,
           (long long)((r->clock.mono_us(NULL) - from) / 1000000), memory_kib(),
           memory_kib() - before, (unsigned long long)pl_counter_read(&e[PL_ENGINE_OPENED]),
           (unsigned long long)pl_counter_read(&e[PL_ENGINE_EVICTED]),
           (unsigned long long)pl_counter_read(&s[PL_STORE_entries]),
           (unsigned long long)pl_counter_read(&s[PL_STORE_bytes]),
           (unsigned long long)pl_counter_read(&s[PL_STORE_state_rows]));
    return r->refused ? 1 : 0;
}

/* New conversations behind all that are there; their opening counts too. */
static int turns(struct rig *r, uint64_t of, uint64_t n, uint64_t each) {
    hold_all(r, of + (1u << 20), 2000, each); /* warm */
    r->turns = 0;
    double from = processor_s();
    hold_all(r, of + (2u << 20), n, each);
    double took = processor_s() - from;
    printf("of=%llu turns=%llu us_per_turn=%.1f\n", (unsigned long long)of,
           (unsigned long long)r->turns, took * 1e6 / (double)(r->turns ? r->turns : 1));
    return r->refused ? 1 : 0;
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int print_took(uint32_t *took, size_t n, uint64_t of, uint64_t refused) {
    if (n == 0) give_up("none was resumed", "");
    qsort(took, n, sizeof *took, by_size);
    printf("of=%llu resumed=%zu refused=%llu p50_us=%u p99_us=%u max_us=%u\n",
           (unsigned long long)of, n, (unsigned long long)refused, took[n / 2],
           took[n - 1 - n / 100], took[n - 1]);
    free(took);
    return refused ? 1 : 0;
}

/* Any of them, in no order. */
static uint64_t pick(uint64_t *seed, uint64_t of) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return 1 + (*seed >> 33) % of;
}

static int resume(struct rig *r, uint64_t of, uint64_t samples) {
    uint64_t seed = 7;
    r->took = calloc(samples, sizeof *r->took);
    for (uint64_t i = 0; i < samples; i++) {
        come(r, 1 + i % AT_ONCE, pick(&seed, of), false);
        await(r);
    }
    uint32_t *took = r->took;
    r->took = NULL;
    return print_took(took, r->ntook, of, r->refused);
}

/* ---- where the bytes are ---- */

struct sizes {
    struct pl_journal *journal;
    struct {
        uint64_t n, bodies, plain, outputs, event, effects;
    } of[128];
};

static bool add_size(void *ctx, const struct pl_store_entry *stored) {
    struct sizes *z = ctx;
    struct pl_arena a;
    struct pl_entry e = {0};
    struct pl_buf plain = {0};
    pl_arena_init(&a, 0);
    if (pl_journal_open(z->journal, stored, &a, &e) == PL_OK) {
        pl_entry_write(&plain, &e);
        z->of[e.kind].n++;
        z->of[e.kind].bodies += stored->body.n;
        z->of[e.kind].plain += plain.n;
        for (uint32_t i = 0; i < e.noutputs; i++) z->of[e.kind].outputs += e.outputs[i].n;
        if (e.kind == PL_ENTRY_TURN) {
            z->of[e.kind].event += e.turn.event.n;
            z->of[e.kind].effects += e.turn.effects.n;
        }
        const char *dump = getenv("PL_STORED_DUMP");
        if (dump) {
            char path[300];
            snprintf(path, sizeof path, "%s/%llu", dump, (unsigned long long)stored->commit);
            pl_file_replace(path, pl_buf_slice(&plain));
        }
    }
    pl_buf_free(&plain);
    pl_arena_free(&a);
    return true;
}

/* Of state rows that begin with this letter: how many, and their bytes. */
static void print_rows(struct rig *r, const char *letter) {
    struct pl_arena a;
    struct pl_store_row *rows;
    size_t n = 0;
    uint64_t bytes = 0;
    pl_arena_init(&a, 0);
    struct pl_str none = {"", 0};
    pl_store_rows(r->store, &a, pl_str_c(letter), none, 5000, &rows, &n);
    for (size_t i = 0; i < n; i++) bytes += rows[i].key.n + rows[i].value.n;
    if (n) printf("rows=%s n=%zu bytes=%llu\n", letter, n, (unsigned long long)(bytes / n));
    pl_arena_free(&a);
}

static int sizes(struct rig *r, const char *data) {
    static struct sizes z;
    char keys[512], master[512];
    snprintf(keys, sizeof keys, "%s/keys", data);
    snprintf(master, sizeof master, "%s/keys/master", data);
    if (pl_journal_create(r->store, keys, master, &z.journal) != PL_OK) give_up("no journal", "");
    pl_store_scan(r->store, 1, 20000, add_size, &z);
    for (unsigned k = 0; k < PL_LEN(z.of); k++)
        if (z.of[k].n)
            printf("kind=%s n=%llu body=%llu plain=%llu outputs=%llu event=%llu effects=%llu\n",
                   pl_entry_word(k), (unsigned long long)z.of[k].n,
                   (unsigned long long)(z.of[k].bodies / z.of[k].n),
                   (unsigned long long)(z.of[k].plain / z.of[k].n),
                   (unsigned long long)(z.of[k].outputs / z.of[k].n),
                   (unsigned long long)(z.of[k].event / z.of[k].n),
                   (unsigned long long)(z.of[k].effects / z.of[k].n));
    pl_journal_destroy(&z.journal);
    print_rows(r, "c");
    print_rows(r, "h");
    print_rows(r, "t");
    return 0;
}

/* ---- over sockets ---- */

static void resume_text(uint64_t number, char out[160]) {
    uint8_t id[16], secret[32], hash[32];
    id_of(number, id, secret, hash);
    pl_hex(id, 16, out);
    out[32] = '-';
    pl_hex(secret, 32, out + 33);
}

/* From the open frame to the end of what was missed. */
static bool resume_over(int port, uint64_t number, uint32_t *us) {
    struct client c = {.fd = -1};
    struct pl_str text;
    char resume[160], frame[256];
    bool good = false;
    struct pl_clock clock = pl_clock_system();
    resume_text(number, resume);
    snprintf(frame, sizeof frame, "{\"t\":\"open\",\"resume\":\"%s\",\"seq\":0}", resume);
    if (!client_connect(&c, port)) give_up("no connection", "");
    c.wait_ms = 20000;
    if (client_until(&c, "\"hello\"", &text)) {
        int64_t from = clock.mono_us(NULL);
        good = client_send(&c, frame) && client_until(&c, "\"t\":\"live\"", &text);
        *us = (uint32_t)(clock.mono_us(NULL) - from);
    }
    client_close(&c);
    return good;
}

static int sockets(int port, uint64_t of, uint64_t samples) {
    uint64_t seed = 11, refused = 0;
    size_t n = 0;
    uint32_t *took = calloc(samples, sizeof *took);
    for (uint64_t i = 0; took && i < samples; i++) {
        if (resume_over(port, pick(&seed, of), &took[n]))
            n++;
        else
            refused++;
    }
    return print_took(took, n, of, refused);
}

static uint64_t number(const char *text) {
    int64_t n = 0;
    if (!pl_str_i64(pl_str_c(text), &n) || n < 0) give_up("no number: ", text);
    return (uint64_t)n;
}

int main(int argc, char **argv) {
    static struct rig r;
    if (argc == 5 && strcmp(argv[1], "sockets") == 0)
        return sockets((int)number(argv[2]), number(argv[3]), number(argv[4]));
    if (argc < 4 || (argc < 6 && strcmp(argv[3], "sizes") != 0))
        give_up("see the head of tests/load/stored.c", "");
    int code = 2;
    rig_open(&r, argv[1], argv[2]);
    if (strcmp(argv[3], "fill") == 0)
        code = fill(&r, number(argv[4]), number(argv[5]));
    else if (strcmp(argv[3], "resume") == 0)
        code = resume(&r, number(argv[4]), number(argv[5]));
    else if (strcmp(argv[3], "sizes") == 0)
        code = sizes(&r, argv[2]);
    else if (argc == 7)
        code = turns(&r, number(argv[4]), number(argv[5]), number(argv[6]));
    rig_close(&r);
    return code;
}
