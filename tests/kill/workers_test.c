/* SPDX-License-Identifier: Apache-2.0
 *
 * Hooks that loop for ever, eat memory, or whose worker dies under them: the flow takes its branch,
 * other conversations (with hooks and without) do not notice.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/kill/play.h"

#define DEADLINE_MS 600 /* of the hooks that hurt */
#define SUFFERERS   3   /* at once: more than there are workers */

static void prepare(const struct site *s) {
    site_shell(s, "cp tests/kill/hurt.flow \"$D/flows\" && cp tests/kill/hurt.lua \"$D/lua\"");
}

static int open_site(void **state) {
    return play_site(state, prepare);
}

/* What a neighbour says meanwhile; the third asks the shop. */
static const struct {
    const char *say, *hear;
} lines[] = {
    {"how much is shipping", "shipping.price"},
    {"how can I pay", "payment.methods"},
    {"return ORDER987654321, broken", "return.confirm"},
    {"no", "return.kept"},
    {"reset my password", "account.how"},
    {"do you have a discount", "discounts.how"},
};

struct latency {
    int64_t most, sum;
    int n;
};

/* Gives the latencies of a whole talk. */
static struct latency neighbour(const struct site *s, uint64_t instance) {
    struct talk t;
    struct latency l = {0};
    play_begin(&t, s, instance);
    for (size_t i = 0; i < PL_LEN(lines); i++) {
        int64_t began = now_ms();
        uint64_t seq = talk_ask(&t, lines[i].say, WAIT_MS);
        assert_true(talk_until(&t, &seq, lines[i].hear, WAIT_MS));
        int64_t took = now_ms() - began;
        if (took > l.most) l.most = took;
        l.sum += took;
        l.n++;
    }
    play_end(&t, s);
    return l;
}

static void hurts(struct site *s, const char *name, const char *say, const char *branch) {
    struct talk t[SUFFERERS];
    struct latency calm = neighbour(s, 50), beside;
    for (size_t i = 0; i < SUFFERERS; i++) play_begin(&t[i], s, i + 1);
    int64_t began = now_ms();
    for (size_t i = 0; i < SUFFERERS; i++) talk_say(&t[i], say);
    beside = neighbour(s, 60);
    for (size_t i = 0; i < SUFFERERS; i++) {
        uint64_t seq = 1;
        assert_true(talk_until(&t[i], &seq, branch, WAIT_MS));
    }
    int64_t took = now_ms() - began;
    struct latency after = neighbour(s, 70);
    print_message("%s: branch within %lld ms (deadline %d); a neighbour's turn, mean and worst: "
                  "%lld %lld ms before, %lld %lld ms beside, %lld %lld ms after\n",
                  name, (long long)took, DEADLINE_MS, (long long)(calm.sum / calm.n),
                  (long long)calm.most, (long long)(beside.sum / beside.n), (long long)beside.most,
                  (long long)(after.sum / after.n), (long long)after.most);
    assert_true(took < DEADLINE_MS + 5000);
    for (size_t i = 0; i < SUFFERERS; i++) play_end(&t[i], s);
}

static void loops(void **state) {
    hurts(*state, "endless loop", "spin the carousel for me", "hurt.loop.failed");
}

static void eats(void **state) {
    hurts(*state, "memory", "eat the whole cake", "hurt.eat.failed");
}

static void searches(void **state) {
    hurts(*state, "endless search", "crash against the wall", "hurt.crash.failed");
}

static size_t signal_workers(const struct site *s, int sig) {
    pid_t workers[64];
    size_t n = proc_children(s->server.pid, workers, PL_LEN(workers));
    for (size_t i = 0; i < n; i++) kill(workers[i], sig);
    return n;
}

/* A read whose worker crashes while it waits for the shop runs again in another one. */
static void worker_crashes_once(void **state) {
    struct site *s = *state;
    struct talk t;
    pid_t workers[64];
    play_begin(&t, s, 1);
    site_fault(s, "/api/orders", "slow=3s");
    int before = site_acted(s, "", "slowed");
    uint64_t seq = talk_ask(&t, "listen to the river", WAIT_MS);
    int64_t until = now_ms() + WAIT_MS;
    while (site_acted(s, "", "slowed") == before && now_ms() < until) nap_ms(5);
    site_fault(s, "/api/orders", "none");
    size_t n = proc_children(s->server.pid, workers, PL_LEN(workers));
    for (size_t i = 0; i < n && talk_count(&t, "bot:hurt.wait.done") == 0; i++) {
        kill(workers[i], SIGSEGV); /* one of them has the call */
        talk_hear(&t, 800);
    }
    assert_true(talk_until(&t, &seq, "hurt.wait.done", WAIT_MS));
    play_end(&t, s);
    neighbour(s, 60);
}

/* Workers that crash all the time: the branch is taken at the deadline; afterwards all is well. */
static void workers_crash_again_and_again(void **state) {
    struct site *s = *state;
    struct talk t;
    uint64_t seq = 1;
    play_begin(&t, s, 1);
    site_fault(s, "", "slow=1s");
    talk_say(&t, "listen to the river");
    int64_t until = now_ms() + WAIT_MS;
    while (talk_count(&t, "bot:hurt.wait.failed") == 0 && now_ms() < until) {
        signal_workers(s, SIGSEGV);
        talk_hear(&t, 50);
    }
    site_fault(s, "", "none");
    assert_true(talk_until(&t, &seq, "hurt.wait.failed", WAIT_MS));
    play_end(&t, s);
    neighbour(s, 60);
}

/* Lua finds the answer; a message that it never comes back from is read without it. */
static void lua_finds(void **state) {
    struct site *s = *state;
    struct talk t;
    struct pl_buf log = {0};
    play_begin(&t, s, 1);
    uint64_t seq = talk_ask(&t, "which swing is free", WAIT_MS);
    assert_true(talk_until(&t, &seq, "hurt.swing.ask", WAIT_MS));
    seq = talk_ask(&t, "swing for ever sw-3", WAIT_MS);
    assert_true(talk_until(&t, &seq, "hurt.swing.again", WAIT_MS));
    assert_non_null(strstr(site_log(s, &log), "find_failed"));
    assert_non_null(strstr(log.p, "hurt.swings"));
    assert_null(strstr(log.p, "sw-3")); /* not what was said */
    seq = talk_ask(&t, "sw-7, I think", WAIT_MS);
    assert_true(talk_until(&t, &seq, "hurt.swing.done", WAIT_MS));
    play_end(&t, s);
    pl_buf_free(&log);
}

static void the_server_is_well(void **state) {
    struct site *s = *state;
    struct pl_buf log = {0};
    assert_null(strstr(site_log(s, &log), "\"level\":\"error\""));
    assert_null(strstr(log.p, "carousel"));
    assert_true(proc_alive(s->server.pid));
    kill(s->server.pid, SIGTERM);
    assert_int_equal(proc_wait(&s->server, 20000), 0);
    pl_buf_free(&log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops),
        cmocka_unit_test(eats),
        cmocka_unit_test(searches),
        cmocka_unit_test(worker_crashes_once),
        cmocka_unit_test(workers_crash_again_and_again),
        cmocka_unit_test(lua_finds),
        cmocka_unit_test(the_server_is_well),
    };
    give_up_after(140);
    return cmocka_run_group_tests_name("workers", tests, open_site, play_close);
}
