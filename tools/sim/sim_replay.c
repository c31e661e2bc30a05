/* SPDX-License-Identifier: Apache-2.0
 *
 * Plays stored conversations again, on their own images or on another, and sums up what differs.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/sim/sim_replay_priv.h"

#define AT_ONCE       64 /* conversations of a job */
#define DIVERGED_MOST 20 /* that are told of */
#define DIFFER_MOST   16 /* of one conversation */

enum { DONE, DIFFERENT, NOT_RUN }; /* exit codes */

struct replaying {
    const struct pl_sim_replay *given;
    stored_ids ids;
    struct sums sums;
    /* of this process */
    struct stored stored;
    struct pl_engine_player *player;
    struct pl_engine_shared *shared;
    struct record record;
    bool open;
};

/* ---- in a process ---- */

static bool open_here(struct replaying *r) {
    if (r->open) return true;
    struct pl_engine_player_config config = {.find_image = r->given->from.find_image,
                                             .find_ctx = r->given->from.find_ctx};
    if (!pl_sim__stored_open(&r->stored, &r->given->from, r->given->err)) return false;
    r->shared = pl_engine_shared_new();
    config.shared = r->shared;
    r->player = r->shared ? pl_engine_player_new(&config) : NULL;
    pl_sim__record_init(&r->record);
    r->open = true;
    return r->player != NULL;
}

static void close_here(void *ctx) {
    struct replaying *r = ctx;
    if (!r->open) return;
    r->open = false;
    pl_sim__record_free(&r->record);
    pl_engine_player_free(&r->player);
    pl_engine_shared_free(&r->shared);
    pl_sim__stored_close(&r->stored);
}

static bool begin(void *ctx) {
    return open_here(ctx);
}

/* ---- one conversation ---- */

struct gathering { /* of differences, alike ones once */
    struct pl_arena *a;
    struct told_difference v[DIFFER_MOST];
    size_t n;
};

static void differs(void *ctx, const struct pl_engine_difference *d) {
    struct gathering *g = ctx;
    bool wording = d->verdict == PL_ENGINE_WORDING;
    for (size_t i = 0; i < g->n; i++)
        if (g->v[i].verdict == d->verdict && pl_str_eq(g->v[i].was, d->was)) return;
    if (g->n == DIFFER_MOST) return;
    g->v[g->n++] = (struct told_difference){
        .verdict = (uint8_t)d->verdict,
        .turn = d->turn,
        .at = wording ? PL_STR("") : pl_arena_str(g->a, d->at),
        .was = pl_arena_str(g->a, d->was),
        .now = wording ? PL_STR("") : pl_arena_str(g->a, d->now),
        .said = pl_arena_str(g->a, d->said),
        .showed = pl_arena_str(g->a, d->showed),
        .shows = pl_arena_str(g->a, d->shows),
    };
}

static void compare(struct replaying *r, struct told *t, struct gathering *g) {
    struct record *rec = &r->record;
    struct pl_engine_trial *trial =
        pl_engine_trial_new(r->player, t->id, r->given->against, differs, g);
    pl_assert(trial); /* the image was tried before */
    for (size_t i = 0; i < rec->steps.n; i++) pl_engine_trial_foresee(trial, &rec->steps.v[i]);
    for (size_t i = 0; i < rec->steps.n; i++)
        pl_engine_trial_entry(trial, &rec->entries.v[i], &rec->steps.v[i]);
    pl_engine_trial_last(trial);
    t->verdict = (uint8_t)pl_engine_trial_verdict(trial);
    t->differences = g->v;
    t->ndifferences = g->n;
    pl_engine_trial_free(&trial);
}

/* What differs first, as a person may read it. */
static void say_divergence(const struct record *rec, size_t at, struct pl_arena *a,
                           struct told *t) {
    const struct pl_entry *e = &rec->entries.v[at];
    const struct pl_engine_step *s = &rec->steps.v[at];
    t->n = e->n;
    for (uint32_t i = 0; i < e->noutputs || i < s->noutputs; i++) {
        struct pl_str x = i < e->noutputs ? e->outputs[i] : PL_STR("");
        struct pl_str y = i < s->noutputs ? s->outputs[i] : PL_STR("");
        if (pl_str_eq(x, y)) continue;
        t->recorded = x.n ? pl_sim__event_text(a, x) : PL_STR("(nothing)");
        t->made = y.n ? pl_sim__event_text(a, y) : PL_STR("(nothing)");
        return;
    }
    bool effects = pl_str_eq(e->turn.effects, s->effects);
    t->recorded =
        pl_arena_printf(a, "%s %016llx", effects ? "position and effects" : "goals, notes",
                        (unsigned long long)e->turn.hash);
    t->made = pl_arena_printf(a, "%016llx", (unsigned long long)s->result->hash);
}

static void count_steps(const struct record *rec, struct told *t) {
    if (rec->entries.n) t->from_ms = rec->entries.v[0].at_ms;
    if (rec->entries.n) t->to_ms = rec->entries.v[rec->entries.n - 1].at_ms;
    for (size_t i = 0; i < rec->steps.n; i++) {
        const struct pl_engine_step *s = &rec->steps.v[i];
        t->steps += s->image != NULL;
        t->turns += s->image && s->event->kind == PL_EVENT_MESSAGE;
    }
}

static uint8_t fate_of(enum pl_err err) {
    if (err == PL_ERASED) return FATE_ERASED;
    return err == PL_UNAVAILABLE ? FATE_NO_IMAGE : FATE_UNREADABLE;
}

static void play_one(struct replaying *r, const struct stored_id *id, struct pl_buf *out) {
    struct record *rec = &r->record;
    struct told t = {.fate = FATE_PLAYED};
    struct gathering g = {.a = &rec->a};
    struct pl_engine_lane *lane = NULL;
    size_t at = 0;
    memcpy(t.id, id->id, sizeof t.id);
    enum pl_err err = pl_sim__record_read(&r->stored, id->id, rec);
    if (err == PL_OK) lane = pl_engine_lane_new(r->player, id->id, NULL);
    if (err == PL_OK) err = pl_sim__record_play(rec, lane, &at);
    count_steps(rec, &t);
    if (err != PL_OK) {
        t.fate = fate_of(err);
        t.made = pl_str_c(pl_err_text(err));
    } else if (at < rec->entries.n) {
        t.fate = FATE_DIVERGED;
        say_divergence(rec, at, &rec->a, &t);
    } else if (r->given->against) {
        compare(r, &t, &g);
    }
    pl_engine_lane_free(&lane);
    pl_sim__told_write(out, &t);
}

static void play(void *ctx, size_t job, struct pl_buf *out) {
    struct replaying *r = ctx;
    if (!open_here(r)) return;
    for (size_t i = job * AT_ONCE; i < r->ids.n && i < (job + 1) * AT_ONCE; i++)
        play_one(r, &r->ids.v[i], out);
}

static void died(void *ctx, size_t job, const char *why, struct pl_buf *out) {
    struct replaying *r = ctx;
    for (size_t i = job * AT_ONCE; i < r->ids.n && i < (job + 1) * AT_ONCE; i++) {
        struct told t = {.fate = FATE_UNREADABLE, .made = pl_str_c(why)};
        memcpy(t.id, r->ids.v[i].id, sizeof t.id);
        pl_sim__told_write(out, &t);
    }
}

/* ---- what is told, as bytes ---- */

void pl_sim__told_write(struct pl_buf *b, const struct told *t) {
    pl_buf_add(b, t->id, sizeof t->id);
    pl_buf_byte(b, t->fate);
    pl_buf_byte(b, t->verdict);
    pl_buf_var(b, t->steps);
    pl_buf_var(b, t->turns);
    pl_buf_zig(b, t->from_ms);
    pl_buf_zig(b, t->to_ms);
    pl_buf_var(b, t->n);
    pl_buf_text(b, t->recorded);
    pl_buf_text(b, t->made);
    pl_buf_var(b, t->ndifferences);
    for (size_t i = 0; i < t->ndifferences; i++) {
        const struct told_difference *d = &t->differences[i];
        pl_buf_byte(b, d->verdict);
        pl_buf_var(b, d->turn);
        pl_buf_text(b, d->at);
        pl_buf_text(b, d->was);
        pl_buf_text(b, d->now);
        pl_buf_text(b, d->said);
        pl_buf_text(b, d->showed);
        pl_buf_text(b, d->shows);
    }
}

bool pl_sim__told_read(struct pl_reader *r, struct pl_arena *a, struct told *out) {
    struct pl_str id = pl_read_bytes(r, sizeof out->id);
    *out = (struct told){.fate = 0};
    if (r->bad) return false;
    memcpy(out->id, id.p, sizeof out->id);
    out->fate = pl_read_u8(r) % FATES;
    out->verdict = pl_read_u8(r) % PL_ENGINE_VERDICTS;
    out->steps = pl_read_var(r);
    out->turns = pl_read_var(r);
    out->from_ms = pl_read_zig(r);
    out->to_ms = pl_read_zig(r);
    out->n = pl_read_var(r);
    out->recorded = pl_read_text(r);
    out->made = pl_read_text(r);
    out->ndifferences = pl_read_var(r);
    if (r->bad || out->ndifferences > DIFFER_MOST) return false;
    struct told_difference *v = PL_NEW_ARRAY(a, struct told_difference, out->ndifferences + 1);
    for (size_t i = 0; i < out->ndifferences; i++) {
        v[i].verdict = pl_read_u8(r) % PL_ENGINE_VERDICTS;
        v[i].turn = pl_read_var(r);
        struct pl_str *const texts[] = {&v[i].at,   &v[i].was,    &v[i].now,
                                        &v[i].said, &v[i].showed, &v[i].shows};
        for (size_t k = 0; k < PL_LEN(texts); k++) *texts[k] = pl_read_text(r);
    }
    out->differences = v;
    return !r->bad;
}

/* ---- sums ---- */

static struct group *group_of(struct sums *s, const struct told_difference *d) {
    for (size_t i = 0; i < s->groups.n; i++) {
        struct group *g = &s->groups.v[i];
        if (g->verdict == d->verdict && pl_str_eq(g->at, d->at) && pl_str_eq(g->was, d->was) &&
            pl_str_eq(g->now, d->now))
            return g;
    }
    struct group g = {.verdict = d->verdict,
                      .at = pl_arena_str(&s->a, d->at),
                      .was = pl_arena_str(&s->a, d->was),
                      .now = pl_arena_str(&s->a, d->now)};
    PL_PUSH(&s->groups, g);
    return &s->groups.v[s->groups.n - 1];
}

static void add_difference(struct sums *s, const struct told *t, const struct told_difference *d) {
    struct group *g = group_of(s, d);
    if (g->n < EXAMPLES) {
        struct example *e = &g->examples[g->n];
        pl_hex(t->id, sizeof t->id, e->id);
        e->turn = d->turn;
        e->said = pl_arena_str(&s->a, d->said);
        e->showed = pl_arena_str(&s->a, d->showed);
        e->shows = pl_arena_str(&s->a, d->shows);
    }
    g->n++;
}

static void add_told(struct sums *s, const struct told *t) {
    s->conversations++;
    s->steps += t->steps;
    s->turns += t->turns;
    s->fates[t->fate]++;
    if (t->from_ms && (!s->from_ms || t->from_ms < s->from_ms)) s->from_ms = t->from_ms;
    if (t->to_ms > s->to_ms) s->to_ms = t->to_ms;
    if (t->fate == FATE_PLAYED) s->verdicts[t->verdict]++;
    for (size_t i = 0; i < t->ndifferences; i++) add_difference(s, t, &t->differences[i]);
    bool news = t->fate == FATE_DIVERGED || t->fate == FATE_UNREADABLE;
    if (!news || s->diverged.n == DIVERGED_MOST) return;
    struct told kept = *t;
    kept.recorded = pl_arena_str(&s->a, t->recorded);
    kept.made = pl_arena_str(&s->a, t->made);
    kept.differences = NULL;
    kept.ndifferences = 0;
    PL_PUSH(&s->diverged, kept);
}

static void job_done(void *ctx, size_t job, struct pl_str result) {
    struct replaying *r = ctx;
    struct pl_reader reader = pl_reader_of(result);
    struct pl_arena a;
    struct told t;
    (void)job;
    pl_arena_init(&a, 0);
    while (pl_read_left(&reader) && pl_sim__told_read(&reader, &a, &t)) add_told(&r->sums, &t);
    pl_arena_free(&a);
}

uint64_t pl_sim__compared(const struct sums *s) {
    return s->fates[FATE_PLAYED];
}

static int worst_first(const void *a, const void *b) {
    const struct group *x = a, *y = b;
    if (x->verdict != y->verdict) return y->verdict - x->verdict;
    if (x->n != y->n) return x->n < y->n ? 1 : -1;
    return pl_str_cmp(x->was, y->was);
}

/* ---- the run ---- */

static bool find_ids(struct replaying *r) {
    const struct pl_sim_replay *g = r->given;
    struct stored s;
    struct stored_id one = {.commit = 0};
    if (!pl_sim__stored_open(&s, &g->from, g->err)) return false;
    bool good = g->conversation ? pl_sim__stored_find(&s, g->conversation, one.id, g->err)
                                : pl_sim__stored_list(&s, g->last, &r->ids);
    if (good && g->conversation) PL_PUSH(&r->ids, one);
    if (!good && !g->conversation)
        fprintf(g->err, "parlance: the journal in %s is damaged\n", g->from.data);
    pl_sim__stored_close(&s); /* no store outlives a fork */
    return good;
}

/* Opened once before the work begins, so that it is not a worker's to find out. */
static bool is_usable(const struct pl_sim_replay *g) {
    static const uint8_t nobody[16];
    struct pl_engine_player_config config = {.shared = NULL};
    struct pl_engine_player *p = g->against ? pl_engine_player_new(&config) : NULL;
    struct pl_engine_lane *l = p ? pl_engine_lane_new(p, nobody, g->against) : NULL;
    bool usable = !g->against || l;
    pl_engine_lane_free(&l);
    pl_engine_player_free(&p);
    if (!usable) fprintf(g->err, "parlance: the image cannot be used: its models are damaged\n");
    return usable;
}

static unsigned processes(const struct replaying *r) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (r->given->jobs) return r->given->jobs;
    if (r->ids.n < 4 * (size_t)AT_ONCE) return 1; /* opening costs more than playing */
    return cores > 0 ? (unsigned)cores : 1;
}

static void run_all(struct replaying *r) {
    struct pl_clock clock = pl_clock_system();
    struct sim_work work = {
        (r->ids.n + AT_ONCE - 1) / AT_ONCE, r, begin, close_here, play, died, job_done};
    int64_t from = clock.mono_us(clock.ctx);
    pl_sim__work(&work, processes(r));
    close_here(r);
    r->sums.took_us = clock.mono_us(clock.ctx) - from;
    struct sums *s = &r->sums;
    if (s->groups.n) qsort(s->groups.v, s->groups.n, sizeof *s->groups.v, worst_first);
}

static int report(struct replaying *r) {
    const struct pl_sim_replay *g = r->given;
    struct pl_buf b = {0}, why = {0};
    enum pl_err err = PL_OK;
    int code = r->sums.fates[FATE_DIVERGED] || r->sums.fates[FATE_UNREADABLE] ? DIFFERENT : DONE;
    if (g->against) code = DONE;
    if (g->json)
        pl_sim__replay_json(&r->sums, &b);
    else
        pl_sim__replay_text(&r->sums, &b);
    fwrite(b.p, 1, b.n, g->out);
    fflush(g->out);
    pl_buf_clear(&b);
    if (g->html) pl_sim__replay_html(&r->sums, &b);
    if (g->html) err = pl_file_replace(g->html, pl_buf_slice(&b));
    if (err != PL_OK) {
        fprintf(g->err, "parlance: %s: %s\n", g->html, pl_err_text(err));
        code = NOT_RUN;
    }
    if (g->gate && !pl_sim__gate_met(g->gate, &r->sums, &why)) {
        fprintf(g->err, "%.*s", (int)why.n, why.p);
        if (code == DONE) code = DIFFERENT;
    }
    pl_buf_free(&why);
    pl_buf_free(&b);
    return code;
}

int pl_sim_replay_main(const struct pl_sim_replay *replay) {
    struct replaying r = {.given = replay, .sums = {.replay = replay}};
    struct pl_buf why = {0};
    int code = NOT_RUN;
    pl_arena_init(&r.sums.a, 0);
    if (replay->gate && !pl_sim__gate_parse(replay->gate, &why))
        fprintf(replay->err, "parlance: %.*s\n", (int)why.n, why.p);
    else if (is_usable(replay) && find_ids(&r)) {
        run_all(&r);
        code = report(&r);
    }
    pl_buf_free(&why);
    PL_VEC_FREE(&r.ids);
    PL_VEC_FREE(&r.sums.groups);
    PL_VEC_FREE(&r.sums.diverged);
    pl_arena_free(&r.sums.a);
    return code;
}
