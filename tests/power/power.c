/* SPDX-License-Identifier: Apache-2.0
 *
 * Power cuts. A server's writes and syncs are recorded while customers write to it, while it is
 * killed and started again, and while its flows are changed. Then data folders are made as a cut
 * at any moment may have left them, and a real server is started on each: it serves; every event
 * that a customer had seen by then is there, byte for byte; every message that was acknowledged by
 * then is there once; and the conversations go on to their ends as if nothing had been.
 *
 *   power [--images N] [--lives N] [--seed N] [--read-only N]
 *
 * lives: how often the recorded server is started. read-only: of so many images one is played to
 * the end, the others are only read. POWER_PARLANCE names another program than that of this build.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kill/crowd.h"
#include "tests/kill/site.h"
#include "tests/power/disk.h"

struct run {
    struct site site;
    struct crowd crowd;
    PL_VEC(struct customer_seen) seen; /* of each customer, the newest */
    char log[96], image[96];
    int log_fd;
    struct power_disk *disk;
    struct pl_rand rand;
    size_t images, customers, events, acked, played, cuts[POWER_CUTS];
};

/* ---- recording ---- */

static void write_down(void *ctx, struct customer *c) {
    struct run *r = ctx;
    struct customer_seen now = customer_seen(c); /* what a POWER_SEEN holds */
    while (r->seen.n <= c->at) PL_PUSH(&r->seen, (struct customer_seen){0});
    if (memcmp(&r->seen.v[c->at], &now, sizeof now) == 0) return;
    r->seen.v[c->at] = now;
    struct {
        struct power_record r;
        struct customer_seen s;
    } both = {{.op = POWER_SEEN, .id = c->at, .n = sizeof now}, now};
    if (write(r->log_fd, &both, sizeof both) != sizeof both) DIE("the log cannot be written");
}

static void watched(struct run *r, bool on) {
    if (on) {
        setenv("LD_PRELOAD", POWER_SHIM, 1);
        setenv("POWER_LOG", r->log, 1);
        setenv("POWER_FOLDER", r->site.data, 1);
        setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    } else {
        unsetenv("LD_PRELOAD");
        unsetenv("ASAN_OPTIONS");
    }
}

static void start(struct run *r) {
    watched(r, true);
    site_server(&r->site, NULL);
    watched(r, false);
}

static void talk_for(struct run *r, int64_t ms) {
    int64_t until = now_ms() + ms;
    while (now_ms() < until) crowd_round(&r->crowd, r->site.server.port, true);
}

/* Another text in the flows, and so another image in the folder. */
static void change_flows(struct run *r, size_t n) {
    struct pl_buf out = {0};
    const char *argv[] = {kill_parlance(), "reload", r->site.flows, "--data", r->site.data, NULL};
    char text[24];
    snprintf(text, sizeof text, "%zu", n);
    setenv("N", text, 1);
    site_shell(&r->site, "sed -i -E \"s/^(  title \\\"[^\\\"0-9]*)[0-9]*\\\"/\\1$N\\\"/\" "
                         "\"$D\"/flows/*.flow");
    watched(r, true);
    int code = proc_run(&out, 30000, argv);
    watched(r, false);
    if (code != 0) DIE("reload: %s", out.p);
    pl_buf_free(&out);
}

static void end_life(struct run *r, size_t n) {
    if (n % 3 == 2) {
        kill(r->site.server.pid, SIGTERM);
        if (proc_wait(&r->site.server, 20000) != 0) DIE("the server did not end well");
    } else {
        proc_kill(&r->site.server);
    }
    crowd_drain(&r->crowd);
}

static void record(struct run *r, size_t lives) {
    r->log_fd = open(r->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (r->log_fd < 0) DIE("%s cannot be made", r->log);
    r->crowd.heard = write_down;
    r->crowd.ctx = r;
    for (size_t i = 0; i < lives; i++) {
        start(r);
        talk_for(r, 500);
        if (i % 2 == 0) change_flows(r, i);
        talk_for(r, 200 + (int64_t)pl_rand_below(&r->rand, 300));
        if (i + 1 < lives) end_life(r, i);
    }
    do crowd_round(&r->crowd, r->site.server.port, false);
    while (r->crowd.over < r->crowd.all.n);
    proc_kill(&r->site.server);
    crowd_check_writes(&r->crowd, &r->site);
    close(r->log_fd);
}

/* ---- images ---- */

/* What everybody had seen after so many records. */
static void seen_by(struct run *r, size_t upto) {
    memset(r->seen.v, 0, r->seen.n * sizeof *r->seen.v);
    for (size_t i = 0; i < upto; i++) {
        struct pl_str bytes;
        struct power_record rec = power_disk_record(r->disk, i, &bytes);
        if (rec.op == POWER_SEEN) memcpy(&r->seen.v[rec.id], bytes.p, sizeof(struct customer_seen));
    }
}

/* The image is opened later than it was recorded. A question to the shop that is older than half a
 * minute is not asked again, and who was silent for two minutes is asked whether he is there: the
 * flow goes its way, as it should, and not that of the script. */
static bool is_excused(const struct customer *c) {
    return talk_count(&c->t, "bot:prelude.system_down") > 0 ||
           talk_count(&c->t, "bot:prelude.silence") > 0;
}

static bool is_ready(const struct customer *c, bool play) {
    return customer_is_over(c) || is_excused(c) || (!play && c->t.live);
}

static _Noreturn void die_of_stuck(const struct crowd *again, bool play) {
    for (size_t i = 0; i < again->all.n; i++) {
        const struct customer *c = again->all.v[i];
        if (is_ready(c, play)) continue;
        fprintf(stderr, "customer %s, %zu lines said, live %d, error %s:\n", c->t.instance, c->step,
                c->t.live, c->t.error);
        for (size_t k = 0; k < c->t.events.n; k++) fprintf(stderr, "  %s\n", c->t.events.v[k]);
        for (size_t k = 0; k < c->t.said.n; k++)
            fprintf(stderr, "  said %s: %llu\n", c->t.said.v[k].text,
                    (unsigned long long)c->t.said.v[k].seq);
    }
    DIE("not everybody comes to an end");
}

/* Until everybody has what there is, or is over. */
static void listen_to(struct crowd *again, int port, bool play) {
    int64_t until = now_ms() + 30000;
    size_t ready = 0;
    again->hasty = true;
    do {
        ready = 0;
        crowd_round(again, port, false);
        for (size_t i = 0; i < again->all.n; i++) ready += is_ready(again->all.v[i], play);
    } while (ready < again->all.n && now_ms() < until);
    if (ready < again->all.n) die_of_stuck(again, play);
}

static void check_image(struct run *r, const struct site *at, bool play) {
    struct crowd again = {.at_once = 0};
    PL_VEC(size_t) who = {0};
    crowd_begin(&again, 1);
    for (size_t i = 0; i < r->seen.n; i++) {
        if (r->seen.v[i].events == 0) continue;
        crowd_return(&again, r->crowd.all.v[i], &r->seen.v[i]);
        PL_PUSH(&who, i);
    }
    listen_to(&again, at->server.port, play);
    for (size_t i = 0; i < who.n; i++) {
        const struct customer_seen *s = &r->seen.v[who.v[i]];
        struct talk *t = &again.all.v[i]->t;
        customer_compare(r->crowd.all.v[who.v[i]], s, again.all.v[i]);
        bool over = play && !is_excused(again.all.v[i]);
        if (over) talk_check(t);
        if (over) customer_check(again.all.v[i]);
        r->played += over;
        if (t->wrong[0]) DIE("conversation %zu: %s", who.v[i], t->wrong);
        r->events += s->events;
        for (size_t k = 0; k < s->said; k++) r->acked += s->acked[k] != 0;
    }
    r->customers += who.n;
    crowd_end(&again);
    PL_VEC_FREE(&who);
}

/* Half of the moments are just before or behind a sync or a change of a name. */
static size_t draw_moment(struct run *r) {
    size_t n = power_disk_records(r->disk), at = (size_t)pl_rand_below(&r->rand, n + 1);
    struct pl_str bytes;
    if (pl_rand_below(&r->rand, 2)) return at;
    while (at < n && power_disk_record(r->disk, at, &bytes).op < POWER_SYNC) at++;
    return at < n ? at + (size_t)pl_rand_below(&r->rand, 2) : n;
}

static void one_image(struct run *r, bool play) {
    struct site at = r->site;
    size_t upto = draw_moment(r);
    uint64_t seed = pl_rand_below(&r->rand, UINT64_MAX);
    enum power_cut cut = (enum power_cut)pl_rand_below(&r->rand, POWER_CUTS);
    snprintf(at.data, sizeof at.data, "%s", r->image);
    seen_by(r, upto);
    power_disk_make(r->disk, upto, cut, seed, r->image);
    printf("image %zu: cut %d after %zu of %zu records; log %s, folder %s\n", r->images, (int)cut,
           upto, power_disk_records(r->disk), r->log, r->image);
    fflush(stdout);
    site_server(&at, NULL);
    check_image(r, &at, play);
    proc_kill(&at.server);
    setenv("IMAGE", r->image, 1);
    site_shell(&r->site, "rm -rf \"$IMAGE\"");
    r->images++;
    r->cuts[cut]++;
}

/* ---- all of it ---- */

static uint64_t option(int argc, char **argv, const char *name, uint64_t otherwise) {
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0) return strtoull(argv[i + 1], NULL, 10);
    return otherwise;
}

static void open_run(struct run *r, uint64_t seed) {
    pl_rand_seed(&r->rand, seed);
    crowd_begin(&r->crowd, seed);
    site_open(&r->site, "flows");
    snprintf(r->log, sizeof r->log, "%s/power.log", r->site.folder);
    if (access("/dev/shm", W_OK) == 0) /* many syncs of little worth */
        snprintf(r->image, sizeof r->image, "/dev/shm/parlance-power-%d", (int)getpid());
    else
        snprintf(r->image, sizeof r->image, "%s/image", r->site.folder);
    site_shop(&r->site, NULL);
}

static void say(const struct run *r) {
    printf("%zu images of %zu records (least %zu, all %zu, sectors %zu, pages %zu): all served; "
           "%zu conversations, %zu events seen before and %zu messages acknowledged before, 0 "
           "lost; %zu conversations played to the end, 0 messages twice\n",
           r->images, power_disk_records(r->disk), r->cuts[POWER_LEAST], r->cuts[POWER_ALL],
           r->cuts[POWER_SECTORS], r->cuts[POWER_PAGES], r->customers, r->events, r->acked,
           r->played);
}

int main(int argc, char **argv) {
    struct run *r = calloc(1, sizeof *r);
    uint64_t seed = option(argc, argv, "--seed", (uint64_t)now_ms());
    size_t images = option(argc, argv, "--images", 8), lives = option(argc, argv, "--lives", 2);
    size_t play = option(argc, argv, "--read-only", 4);
    pl_assert(r);
    if (getenv("POWER_PARLANCE")) setenv("PARLANCE", getenv("POWER_PARLANCE"), 1);
    give_up_after((unsigned)(120 + lives * 20 + images * 10));
    printf("seed %llu\n", (unsigned long long)seed);
    r->crowd.at_once = 10;
    open_run(r, seed);
    record(r, lives);
    r->disk = power_disk_load(r->log);
    for (size_t i = 0; i < images; i++) one_image(r, i % play == 0);
    crowd_check_writes(&r->crowd, &r->site);
    say(r);
    power_disk_free(&r->disk);
    site_close(&r->site);
    crowd_end(&r->crowd);
    PL_VEC_FREE(&r->seen);
    free(r);
    return 0;
}
