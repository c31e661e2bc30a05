/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/loop/loop.h"

#include <cmocka.h>

/* What happened, as letters. */
struct trace {
    char text[256];
    size_t n;
    struct pl_loop *loop;
};

static void note(struct trace *t, char c) {
    if (t->n + 1 < sizeof(t->text)) t->text[t->n++] = c;
    t->text[t->n] = '\0';
}

struct step {
    struct pl_timer timer;
    struct pl_post post;
    char letter;
};

static void on_timer(struct pl_timer *t) {
    struct step *s = (struct step *)t;
    note(t->ctx, s->letter);
}

static struct step *step(struct step *s, struct trace *t, char letter) {
    *s = (struct step){.timer = {.fn = on_timer, .ctx = t}, .letter = letter};
    return s;
}

static struct pl_loop *fake(struct trace *t) {
    memset(t, 0, sizeof(*t));
    assert_int_equal(pl_loop_fake_create(1000, &t->loop), PL_OK);
    return t->loop;
}

static void fake_timers_run_in_order(void **state) {
    (void)state;
    struct trace t;
    struct pl_loop *loop = fake(&t);
    struct step a, b, c, d;
    pl_timer_start(loop, &step(&a, &t, 'a')->timer, 20);
    pl_timer_start(loop, &step(&b, &t, 'b')->timer, 10);
    pl_timer_start(loop, &step(&c, &t, 'c')->timer, 20);
    pl_timer_repeat(loop, &step(&d, &t, 'd')->timer, 15);
    assert_int_equal(pl_loop_fake_next(loop), 10);
    pl_loop_fake_advance(loop, 9);
    assert_string_equal(t.text, "");
    pl_loop_fake_advance(loop, 1);
    assert_string_equal(t.text, "b");
    pl_loop_fake_advance(loop, 20);
    assert_string_equal(t.text, "bdacd");
    pl_timer_stop(&d.timer);
    assert_false(pl_timer_active(&d.timer));
    assert_int_equal(pl_loop_fake_next(loop), -1);
    struct pl_clock clock = pl_loop_clock(loop);
    assert_int_equal(clock.wall_ms(clock.ctx), 1030);
    assert_int_equal(pl_loop_now_us(loop), 1030000);
    pl_loop_destroy(&t.loop);
    assert_null(t.loop);
}

static void stop_three(struct pl_timer *t) {
    struct step *three = t->ctx;
    for (int i = 0; i < 3; i++) pl_timer_stop(&three[i].timer);
}

static void timers_may_be_stopped_by_others(void **state) {
    (void)state;
    struct trace t;
    struct pl_loop *loop = fake(&t);
    struct step three[3];
    struct pl_timer stopper = {.fn = stop_three, .ctx = three};
    pl_timer_start(loop, &stopper, 5);
    for (int i = 0; i < 3; i++) pl_timer_start(loop, &step(&three[i], &t, 'x')->timer, 5);
    pl_loop_fake_advance(loop, 5);
    assert_string_equal(t.text, "");
    pl_loop_destroy(&t.loop);
}

static void many_timers_agree_with_a_sort(void **state) {
    (void)state;
    enum { N = 400 };
    static struct step steps[N];
    struct trace t;
    struct pl_loop *loop = fake(&t);
    struct pl_rand r;
    pl_rand_seed(&r, 3);
    int64_t due[N];
    memset(steps, 0, sizeof(steps));
    for (int i = 0; i < 4000; i++) {
        size_t at = pl_rand_below(&r, N);
        int64_t ms = 1 + (int64_t)pl_rand_below(&r, 100);
        steps[at].timer.fn = on_timer;
        steps[at].timer.ctx = &t;
        if (i % 4 == 0)
            pl_timer_stop(&steps[at].timer);
        else
            pl_timer_start(loop, &steps[at].timer, due[at] = ms);
    }
    for (int64_t ms = 1; ms <= 100; ms++) {
        pl_loop_fake_advance(loop, 1);
        for (int i = 0; i < N; i++) {
            if (pl_timer_active(&steps[i].timer)) assert_true(due[i] > ms);
        }
        int64_t next = pl_loop_fake_next(loop);
        assert_true(next == -1 || next > 0);
    }
    assert_int_equal(pl_loop_fake_next(loop), -1);
    pl_loop_destroy(&t.loop);
}

static void on_post(struct pl_post *p) {
    struct step *s = (struct step *)((char *)p - offsetof(struct step, post));
    struct trace *t = s->timer.ctx;
    note(t, s->letter);
    if (s->letter == 'p') { /* once more, as another */
        s->letter = 'q';
        pl_loop_post(t->loop, p);
    }
}

static void on_batch(void *ctx) {
    note(ctx, '.');
}

static void posts_and_batches_are_in_order(void **state) {
    (void)state;
    struct trace t;
    struct pl_loop *loop = fake(&t);
    struct step p, x, timer;
    pl_loop_on_batch(loop, on_batch, &t);
    step(&p, &t, 'p')->post.fn = on_post;
    step(&x, &t, 'x')->post.fn = on_post;
    pl_loop_post(loop, &p.post);
    pl_loop_post(loop, &x.post);
    pl_timer_start(loop, &step(&timer, &t, 't')->timer, 0);
    pl_loop_fake_advance(loop, 0);
    assert_string_equal(t.text, "pxt.q.");
    pl_loop_fake_advance(loop, 100);
    assert_string_equal(t.text, "pxt.q.");
    pl_loop_destroy(&t.loop);
}

static void later_on(struct pl_timer *t) {
    struct step *s = (struct step *)((char *)t - offsetof(struct step, timer));
    struct trace *trace = t->ctx;
    note(trace, s->letter);
    pl_loop_post_later(trace->loop, trace->loop, &s->post);
}

static void later_posts_go_at_the_end_of_the_iteration(void **state) {
    (void)state;
    struct trace t;
    struct pl_loop *loop = fake(&t);
    struct step three[3], x;
    pl_loop_on_batch(loop, on_batch, &t);
    for (size_t i = 0; i < 3; i++) {
        step(&three[i], &t, "abc"[i])->post.fn = on_post;
        three[i].timer.fn = later_on;
        pl_timer_start(loop, &three[i].timer, 0);
    }
    step(&x, &t, 'x')->post.fn = on_post;
    pl_loop_post(loop, &x.post);
    pl_loop_fake_advance(loop, 0);
    assert_string_equal(t.text, "xabc.abc.");
    pl_loop_destroy(&t.loop);
}

/* ---- the real loop ---- */

enum { THREADS = 3, EACH = 2000 };

struct sender {
    struct pl_loop *loop;
    pthread_t thread;
    int next; /* expected */
    atomic_int *total;
    struct numbered {
        struct pl_post post;
        struct sender *of;
        int number;
    } posts[EACH];
};

static void on_numbered(struct pl_post *p) {
    struct numbered *n = (struct numbered *)p;
    assert_int_equal(n->number, n->of->next++);
    if (++*n->of->total == THREADS * EACH) pl_loop_stop(n->of->loop);
}

static void *send_all(void *arg) {
    struct sender *s = arg;
    for (int i = 0; i < EACH; i++) {
        s->posts[i] = (struct numbered){{.fn = on_numbered}, s, i};
        pl_loop_post(s->loop, &s->posts[i].post);
    }
    return NULL;
}

static struct pl_loop *real(void) {
    struct pl_loop *loop;
    assert_int_equal(pl_loop_create(pl_clock_system(), &loop), PL_OK);
    return loop;
}

static void posts_of_threads_all_arrive(void **state) {
    (void)state;
    static struct sender senders[THREADS];
    struct pl_loop *loop = real();
    atomic_int total = 0;
    for (int i = 0; i < THREADS; i++) {
        senders[i].loop = loop;
        senders[i].total = &total;
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
    pl_loop_run(loop);
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
    assert_int_equal(total, THREADS * EACH);
    pl_loop_destroy(&loop);
}

static void stop_it(struct pl_timer *t) {
    pl_loop_stop(t->loop);
}

static void real_timers_keep_time(void **state) {
    (void)state;
    struct pl_loop *loop = real();
    struct trace t = {.n = 0};
    struct step beat;
    struct pl_timer end = {.fn = stop_it};
    int64_t start = pl_loop_clock(loop).mono_us(NULL);
    pl_timer_repeat(loop, &step(&beat, &t, 'b')->timer, 10);
    pl_timer_start(loop, &end, 55);
    pl_loop_run(loop);
    int64_t took = pl_loop_clock(loop).mono_us(NULL) - start;
    assert_true(took >= 55000);
    assert_in_range(t.n, 1, 5);
    assert_int_equal(strspn(t.text, "b"), t.n);
    pl_loop_stop(loop); /* a stop before the run counts */
    pl_loop_run(loop);
    pl_loop_destroy(&loop);
}

static void on_byte(struct pl_fd *w, int ready) {
    char c = '?';
    if (ready & PL_WRITE) {
        note(w->ctx, 'w');
        pl_fd_start(w->loop, w, w->fd, PL_READ);
    }
    if (!(ready & PL_READ)) return;
    if (read(w->fd, &c, 1) == 1)
        note(w->ctx, c);
    else
        pl_fd_stop(w);
}

static void descriptors_are_watched(void **state) {
    (void)state;
    struct trace t = {.n = 0};
    struct pl_loop *loop = real();
    int ours, theirs;
    assert_int_equal(pl_socket_pair(&ours, &theirs), PL_OK);
    struct pl_fd w = {.fn = on_byte, .ctx = &t};
    pl_fd_start(loop, &w, ours, PL_READ | PL_WRITE);
    pl_loop_once(loop, 1000);
    assert_string_equal(t.text, "w");
    assert_int_equal(write(theirs, "ab", 2), 2);
    pl_loop_once(loop, 1000);
    pl_loop_once(loop, 1000);
    assert_string_equal(t.text, "wab");
    pl_loop_once(loop, 1);
    assert_int_equal(close(theirs), 0);
    pl_loop_once(loop, 1000);
    assert_null(w.io);
    assert_int_equal(close(ours), 0);
    pl_loop_destroy(&loop);
}

/* ---- gathering ---- */

struct gathered {
    struct pl_loop *loop;
    struct pl_post post;
    int ready;
    atomic_int served;
};

static void on_always(struct pl_fd *w, int ready) {
    struct gathered *g = w->ctx;
    (void)ready;
    g->ready++;
}

static void on_served(struct pl_post *p) {
    struct gathered *g = (struct gathered *)(void *)((char *)p - offsetof(struct gathered, post));
    g->served++;
    if (g->served == 5) pl_loop_stop(g->loop);
}

static void *post_one_by_one(void *arg) {
    struct gathered *g = arg;
    for (int i = 0; i < 5; i++) {
        pl_loop_post(g->loop, &g->post);
        while (g->served == i) usleep(100);
    }
    return NULL;
}

/* A descriptor that is always ready is looked at twice, once before there was anything to gather;
 * posts do not wait for the ten seconds. */
static void descriptors_are_gathered_and_posts_are_not(void **state) {
    (void)state;
    struct gathered g = {.post = {.fn = on_served}};
    struct pl_fd w = {.fn = on_always, .ctx = &g};
    pthread_t thread;
    int ours, theirs;
    assert_int_equal(pl_loop_create(pl_clock_system(), &g.loop), PL_OK);
    assert_int_equal(pl_socket_pair(&ours, &theirs), PL_OK);
    assert_int_equal(write(theirs, "x", 1), 1);
    pl_fd_start(g.loop, &w, ours, PL_READ);
    pl_loop_gather(g.loop, 10000000);
    assert_int_equal(pthread_create(&thread, NULL, post_one_by_one, &g), 0);
    pl_loop_run(g.loop);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(g.served, 5);
    assert_in_range(g.ready, 0, 2);
    pl_fd_stop(&w);
    pl_loop_destroy(&g.loop);
    close(ours);
    close(theirs);
}

static void on_signal(struct pl_signal *s) {
    note(s->ctx, 's');
    pl_loop_stop(s->loop);
}

static void signals_arrive_on_the_loop_that_asked(void **state) {
    (void)state;
    struct trace t = {.n = 0};
    struct pl_loop *loop = real();
    struct pl_signal s = {.fn = on_signal, .ctx = &t};
    pl_signal_start(loop, &s, SIGUSR1);
    assert_int_equal(raise(SIGUSR1), 0);
    pl_loop_run(loop);
    assert_string_equal(t.text, "s");
    pl_signal_stop(&s);
    pl_loop_destroy(&loop);
}

struct ended {
    struct pl_child child;
    int status;
};

static void on_end(struct pl_child *c, int status) {
    ((struct ended *)c)->status = status;
    pl_loop_stop(c->watch.loop);
}

static enum pl_err shell(struct pl_loop *loop, struct ended *e, const char *script, const int *fds,
                         size_t nfds) {
    char *argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};
    char *envp[] = {(char *)"WORD=hello", NULL};
    struct pl_spawn spec = {"/bin/sh", argv, envp, fds, nfds};
    e->child.fn = on_end;
    return pl_child_spawn(loop, &e->child, &spec);
}

static void children_speak_end_and_are_killed(void **state) {
    (void)state;
    struct pl_loop *loop = real();
    struct ended e = {.status = 0};
    int ours, theirs;
    char text[16] = "";
    assert_int_equal(pl_socket_pair(&ours, &theirs), PL_OK);
    /* crossed numbers: the child's 0 is /dev/null, its 1 the socket, and 3 up are closed */
    int fds[] = {-1, theirs, 2};
    assert_int_equal(
        shell(loop, &e, "read x; test -e /proc/self/fd/9 && exit 1; echo $WORD; exit 7", fds, 3),
        PL_OK);
    assert_int_equal(close(theirs), 0);
    pl_loop_run(loop);
    assert_true(WIFEXITED(e.status));
    assert_int_equal(WEXITSTATUS(e.status), 7);
    assert_int_equal(e.child.pid, 0);
    assert_false(pl_child_kill(&e.child, SIGTERM));
    assert_int_equal(read(ours, text, sizeof(text)), 6);
    assert_memory_equal(text, "hello\n", 6);
    assert_int_equal(close(ours), 0);

    assert_int_equal(shell(loop, &e, "exec sleep 100", NULL, 0), PL_OK);
    assert_true(pl_child_kill(&e.child, SIGTERM));
    pl_loop_run(loop);
    assert_true(WIFSIGNALED(e.status));
    assert_int_equal(WTERMSIG(e.status), SIGTERM);

    assert_int_equal(shell(loop, &e, "exec sleep 100", NULL, 0), PL_OK);
    pid_t pid = e.child.pid;
    pl_child_drop(&e.child);
    assert_int_equal(kill(pid, 0), -1);
    pl_loop_destroy(&loop);
}

static void a_missing_program_is_said_so(void **state) {
    (void)state;
    struct pl_loop *loop = real();
    struct pl_child c = {.fn = on_end};
    char *none[] = {NULL};
    struct pl_spawn spec = {.path = "/nowhere/at/all", .argv = none, .envp = none};
    assert_int_equal(pl_child_spawn(loop, &c, &spec), PL_NOT_FOUND);
    assert_int_equal(c.pid, 0);
    pl_loop_destroy(&loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fake_timers_run_in_order),
        cmocka_unit_test(timers_may_be_stopped_by_others),
        cmocka_unit_test(many_timers_agree_with_a_sort),
        cmocka_unit_test(posts_and_batches_are_in_order),
        cmocka_unit_test(later_posts_go_at_the_end_of_the_iteration),
        cmocka_unit_test(posts_of_threads_all_arrive),
        cmocka_unit_test(real_timers_keep_time),
        cmocka_unit_test(descriptors_are_watched),
        cmocka_unit_test(descriptors_are_gathered_and_posts_are_not),
        cmocka_unit_test(signals_arrive_on_the_loop_that_asked),
        cmocka_unit_test(children_speak_end_and_are_killed),
        cmocka_unit_test(a_missing_program_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
