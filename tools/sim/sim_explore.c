/* SPDX-License-Identifier: Apache-2.0
 *
 * Exploring: many made-up customers, what they found, each finding's shortest talk.
 *
 *   the project's talks, then customers -> findings, and what was reached
 *   what was not reached -> customers again, until one comes to each fork -> findings
 *   each finding -> shrunk -> written -> played from its text
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/sim/sim_explore_priv.h"

#define CHUNK    25  /* customers of a job */
#define SEEKERS  400 /* customers who may come to a fork */
#define WORD_LEN 40

struct shown { /* a finding, and a conversation that shows it */
    struct sim_finding finding;
    uint64_t seed;
    const struct pl_str *lines; /* after the opening, stubs left out */
    size_t n;
};
struct explorer {
    const struct pl_sim_explore *given;
    struct pl_sim_test test;
    struct sim_project project;
    struct sim_guess guess;
    PL_VEC(struct shown) found;
    PL_VEC(struct sim_finding) known; /* that the project's own talks show */
    PL_VEC(struct sim_target) targets;
    uint64_t lines; /* said in all */
};

static uint64_t seed_of(const struct explorer *x, size_t i) {
    uint64_t state = x->given->seed * UINT64_C(0x9e3779b97f4a7c15) + i;
    return pl_sim__random(&state);
}

/* ---- a job: some customers ---- */

static void write_found(struct pl_buf *out, const struct sim_customer *c, size_t i, size_t ndeeds) {
    const struct sim_finding *f = &c->watch.found.v[i];
    size_t turns = 0;
    for (size_t k = 0; k < ndeeds; k++) turns += c->live.deeds.v[k].turn;
    pl_buf_byte(out, f->kind);
    pl_buf_text(out, f->file);
    pl_buf_text(out, f->what);
    pl_buf_var(out, f->line);
    pl_buf_var(out, c->seed);
    pl_buf_var(out, turns);
    for (size_t k = 0; k < ndeeds; k++)
        if (c->live.deeds.v[k].turn) pl_buf_text(out, c->live.deeds.v[k].line);
}

static void explore_one(struct explorer *x, uint64_t seed, struct pl_buf *out) {
    struct sim_customer c;
    pl_sim__customer_open(&c, &x->guess, seed, x->targets.v, x->targets.n);
    pl_sim__customer_talk(&c);
    for (size_t i = 0; i < c.watch.found.n; i++) write_found(out, &c, i, c.live.deeds.n);
    pl_sim__customer_close(&c);
    pl_sim__keys_clear(&x->project.keys);
}

static void play(void *ctx, size_t job, struct pl_buf *out) {
    struct explorer *x = ctx;
    for (size_t i = job * CHUNK; i < (job + 1) * CHUNK && i < x->given->customers; i++)
        explore_one(x, seed_of(x, i), out);
}

static bool begin(void *ctx) {
    struct explorer *x = ctx;
    return pl_sim__keys_make(&x->project.keys) == PL_OK;
}

static void end(void *ctx) {
    struct explorer *x = ctx;
    pl_sim__keys_remove(&x->project.keys);
}

static void died(void *ctx, size_t job, const char *why, struct pl_buf *out) {
    struct explorer *x = ctx;
    (void)out;
    fprintf(x->given->err, "customers %zu to %zu: %s\n", job * CHUNK, (job + 1) * CHUNK - 1, why);
}

/* The one with the fewest lines is kept; of equals the first. */
static void merge(struct explorer *x, const struct shown *s) {
    for (size_t i = 0; i < x->known.n; i++)
        if (pl_sim__finding_same(&x->known.v[i], &s->finding)) return;
    for (size_t i = 0; i < x->found.n; i++) {
        if (!pl_sim__finding_same(&x->found.v[i].finding, &s->finding)) continue;
        if (s->n < x->found.v[i].n) x->found.v[i] = *s;
        return;
    }
    PL_PUSH(&x->found, *s);
}

static void told(void *ctx, size_t job, struct pl_str result) {
    struct explorer *x = ctx;
    struct pl_arena *a = &x->project.a;
    struct pl_reader r = pl_reader_of(result);
    (void)job;
    while (pl_read_left(&r) && !r.bad) {
        struct shown s = {.finding.kind = pl_read_u8(&r)};
        s.finding.file = pl_arena_str(a, pl_read_text(&r));
        s.finding.what = pl_arena_str(a, pl_read_text(&r));
        s.finding.line = (uint32_t)pl_read_var(&r);
        s.seed = pl_read_var(&r);
        s.n = (size_t)pl_read_var(&r);
        struct pl_str *lines = PL_NEW_ARRAY(a, struct pl_str, s.n + 1);
        for (size_t i = 0; i < s.n; i++) lines[i] = pl_arena_str(a, pl_read_text(&r));
        s.lines = lines;
        if (!r.bad) merge(x, &s);
    }
}

static void all_customers(struct explorer *x) {
    struct sim_work work = {
        (x->given->customers + CHUNK - 1) / CHUNK, x, begin, end, play, died, told};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned jobs = x->given->jobs ? x->given->jobs : cores > 0 ? (unsigned)cores : 1;
    pl_sim__work(&work, jobs);
}

/* ---- what was not reached ---- */

static void aim(struct explorer *x, enum sim_finding_kind kind, uint32_t place, struct pl_str what,
                uint32_t at) {
    struct sim_target t = {.finding = {.kind = (uint8_t)kind, .what = what}, .at = at};
    pl_image_line(x->project.build.image, place, &t.finding.file, &t.finding.line);
    if (pl_sim__is_prelude(t.finding.file)) return;
    for (size_t i = 0; i < x->targets.n; i++)
        if (pl_sim__finding_same(&x->targets.v[i].finding, &t.finding)) return;
    PL_PUSH(&x->targets, t);
}

/* Was any of its statements run? */
static bool is_begun(const struct explorer *x, const struct pl_p_flow *f) {
    const struct pl_program *p = x->guess.program;
    bool any = false;
    for (uint32_t i = 0; i < p->npoints; i++) {
        if (p->points[i].kind != PL_POINT_STEP || p->points[i].to < f->entry ||
            p->points[i].to >= f->end)
            continue;
        if (x->project.cover.points[i]) return true;
        any = true;
    }
    return !any;
}

static const struct pl_p_flow *flow_at(const struct pl_program *p, uint32_t at) {
    for (uint32_t i = 0; i < p->nflows; i++)
        if (at >= p->flows[i].entry && at < p->flows[i].end) return &p->flows[i];
    return NULL;
}

/* Where a customer is when he could go this way. */
static uint32_t fork_of(const struct pl_program *p, const struct pl_p_point *t) {
    if (t->kind == PL_POINT_OPTION) return p->waits[p->options[t->to].wait].at;
    const struct pl_p_flow *f = flow_at(p, t->to);
    return t->from != PL_NOWHERE ? t->from : f ? f->entry : PL_NOWHERE;
}

/* One place may have become code several times: it was reached when any was. */
static bool site_reached(const struct explorer *x, const struct pl_p_point *t) {
    const struct pl_program *p = x->guess.program;
    for (uint32_t i = 0; i < p->npoints; i++) {
        const struct pl_p_point *o = &p->points[i];
        bool same = o->kind == t->kind && o->file == t->file && o->line == t->line &&
                    o->column == t->column && pl_str_eq(o->name, t->name);
        if (same && x->project.cover.points[i]) return true;
    }
    return false;
}

/* What is behind a question that nobody gets past is told of with it; one line once. */
static bool is_explained(const struct explorer *x, const struct pl_p_flow *f,
                         const struct sim_finding *way) {
    const struct pl_image *image = x->project.build.image;
    struct pl_str file;
    uint32_t from, to;
    pl_image_line(image, f->entry, &file, &from);
    pl_image_line(image, f->end - 1, &file, &to);
    for (size_t i = 0; i < x->targets.n; i++)
        if (pl_str_eq(x->targets.v[i].finding.file, way->file) &&
            x->targets.v[i].finding.line == way->line)
            return true;
    for (size_t i = 0; i < x->found.n; i++) {
        const struct sim_finding *s = &x->found.v[i].finding;
        bool stays = s->kind == SIM_FOUND_STUCK || s->kind == SIM_FOUND_LOOP;
        if (stays && pl_str_eq(s->file, way->file) && s->line >= from && s->line <= to) return true;
    }
    return false;
}

static void aim_at_points(struct explorer *x) {
    const struct pl_program *p = x->guess.program;
    for (uint32_t i = 0; i < p->npoints; i++) {
        const struct pl_p_point *t = &p->points[i];
        uint32_t at = t->kind == PL_POINT_OPTION ? p->waits[p->options[t->to].wait].at : t->to;
        const struct pl_p_flow *f = flow_at(p, at);
        if (t->kind == PL_POINT_STEP || site_reached(x, t) || !f || !is_begun(x, f)) continue;
        struct sim_target target = {.finding = {.kind = SIM_FOUND_NEVER_TAKEN,
                                                .file = p->consts[t->file].s,
                                                .line = t->line},
                                    .at = fork_of(p, t)};
        target.finding.what = pl_arena_printf(&x->project.a, "`%.*s`", PL_STR_ARG(t->name));
        bool told = is_explained(x, f, &target.finding);
        if (!told && !pl_sim__is_prelude(target.finding.file)) PL_PUSH(&x->targets, target);
    }
}

/* Places that nobody came to, and for each where one could have turned off to it. Forks that nobody
 * came to lie behind others that are told of. */
static void find_unreached(struct explorer *x) {
    const struct pl_program *p = x->guess.program;
    const struct sim_cover *c = &x->project.cover;
    for (uint32_t i = 0; i < p->nflows; i++)
        if (!is_begun(x, &p->flows[i]))
            aim(x, SIM_FOUND_NEVER_BEGUN, p->flows[i].entry, p->flows[i].name, PL_NOWHERE);
    for (uint32_t i = 0; i < p->nrules; i++)
        if (!c->rules[i])
            aim(x, SIM_FOUND_NEVER_HELD, p->rules[i].cond, p->rules[i].name, PL_NOWHERE);
    for (uint32_t i = 0; i < p->nwaits; i++) {
        const uint8_t *at = &c->waits[(size_t)i * SIM_SITUATIONS];
        bool question = p->waits[i].kind <= PL_WAIT_CHOOSE;
        bool missed =
            at[PL_TRACE_MISSED - PL_TRACE_ANSWERED] || at[PL_TRACE_ELSE - PL_TRACE_ANSWERED];
        if (question && missed && !at[0])
            aim(x, SIM_FOUND_UNANSWERED, p->waits[i].at,
                pl_arena_printf(&x->project.a, "@%.*s", PL_STR_ARG(p->waits[i].id)),
                p->waits[i].at);
    }
    aim_at_points(x);
}

/* ---- the shortest talk ---- */

/* Plays these lines; the deed at which the finding came, 0: it did not. What was done up to there
 * stays in *c. */
static bool shows(struct explorer *x, const struct shown *s, struct sim_customer *c) {
    bool found = false;
    pl_sim__customer_open(c, &x->guess, s->seed, x->targets.v, x->targets.n);
    for (size_t i = 0; i <= s->n && !found; i++) {
        for (size_t k = 0; k < c->watch.found.n && !found; k++)
            found = pl_sim__finding_same(&c->watch.found.v[k], &s->finding);
        if (i < s->n && !found) pl_sim__customer_do(c, s->lines[i]);
    }
    return found;
}

static bool still_shows(struct explorer *x, const struct shown *s, size_t *needed) {
    struct sim_customer c;
    bool found = shows(x, s, &c);
    *needed = 0;
    for (size_t i = 0; i < c.live.deeds.n; i++) *needed += c.live.deeds.v[i].turn;
    pl_sim__customer_close(&c);
    return found;
}

/* Leaves out ever smaller pieces (delta debugging, Zeller 1999) for as long as the finding stays.
 */
static void shrink(struct explorer *x, struct shown *s) {
    struct pl_str *lines = PL_NEW_ARRAY(&x->project.a, struct pl_str, s->n + 1);
    struct pl_str *fewer = PL_NEW_ARRAY(&x->project.a, struct pl_str, s->n + 1);
    size_t needed;
    if (s->n) memcpy(lines, s->lines, s->n * sizeof *lines);
    s->lines = lines;
    for (size_t size = s->n; size > 0; size = size / 2) {
        for (size_t from = 0; from < s->n;) {
            size_t n = from + size < s->n ? size : s->n - from;
            struct shown t = *s;
            t.lines = fewer;
            t.n = s->n - n;
            memcpy(fewer, lines, from * sizeof *lines);
            memcpy(fewer + from, lines + from + n, (s->n - from - n) * sizeof *lines);
            if (!still_shows(x, &t, &needed)) {
                from += n;
                continue;
            }
            memcpy(lines, fewer, t.n * sizeof *lines);
            s->n = t.n;
        }
    }
}

/* ---- played from its text ---- */

static bool is_turn_line(const struct pl_talk_line *l) {
    return l->kind == PL_TALK_USER || l->kind == PL_TALK_PICK || l->kind == PL_TALK_PRESS ||
           l->kind == PL_TALK_UPLOAD || l->kind == PL_TALK_ADVANCE || l->kind == PL_TALK_AT;
}

/* Plays a talk as it stands in its file, and tells what is found. */
static void play_text(struct sim_project *p, const struct sim_talk *talk, struct sim_finder *w,
                      struct pl_str *failed) {
    struct sim_play play;
    pl_sim__play_open(&play, p, talk, pl_image_program(p->build.image)->source_locale);
    play.world.watch = w;
    for (size_t i = 0; i < talk->talk.nlines && !play.failed; i++) {
        const struct pl_talk_line *l = &talk->talk.lines[i];
        struct sim_before before = {0};
        if (is_turn_line(l)) before = pl_sim__finder_before(w, &play.world);
        pl_sim__play_line(&play, l);
        if (!play.failed && is_turn_line(l)) pl_sim__finder_turn(w, &play.world, &before, l);
    }
    if (!play.failed && !play.begun) pl_sim__play_begin(&play);
    *failed = play.failed ? pl_arena_str(&p->a, play.why) : (struct pl_str){0};
    pl_sim__play_free(&play);
}

/* What the project's talks come to is reached; what goes wrong in them their authors know. */
static void play_talks(struct explorer *x) {
    struct sim_project *p = &x->project;
    for (size_t i = 0; i < p->talks.n; i++) {
        struct sim_finder w;
        struct pl_str failed;
        if (p->talks.v[i].broken.n) continue;
        pl_sim__finder_open(&w, &p->a, p->build.image);
        play_text(p, &p->talks.v[i], &w, &failed);
        for (size_t k = 0; k < w.found.n; k++) PL_PUSH(&x->known, w.found.v[k]);
        pl_sim__finder_close(&w);
    }
}

static bool plays(struct explorer *x, const struct sim_finding *f, struct pl_str text,
                  struct pl_str *failed) {
    struct sim_project *p = &x->project;
    struct sim_finder w;
    struct pl_diags diags;
    const struct pl_talk *talks;
    size_t n = 0;
    bool found = false;
    pl_diags_init(&diags, &p->a, &p->sources);
    uint32_t file = pl_sources_add(&p->sources, PL_STR("finding.talk"), text);
    *failed = PL_STR("it is no talk");
    if (pl_grammar_talks(&p->a, &p->sources, file, &diags, &talks, &n) != PL_OK || n != 1)
        return false;
    struct sim_talk talk = {.talk = talks[0], .folder = PL_STR(".")};
    pl_sim__finder_open(&w, &p->a, p->build.image);
    w.targets = x->targets.v;
    w.ntargets = x->targets.n;
    for (size_t i = 0; i < w.ntargets; i++)
        if (w.targets[i].at == PL_NOWHERE) PL_PUSH(&w.found, w.targets[i].finding);
    play_text(p, &talk, &w, failed);
    for (size_t i = 0; i < w.found.n; i++) found |= pl_sim__finding_same(&w.found.v[i], f);
    pl_sim__finder_close(&w);
    return found && !failed->n;
}

/* ---- told ---- */

static const char *const words[] = {
#define FINDING(name, class, word, meaning) word,
#include "tools/sim/finding.def"
#undef FINDING
};

static struct pl_str file_name(struct explorer *x, const struct sim_finding *f) {
    struct pl_buf b = {0};
    pl_buf_printf(&b, "%s-%.*s", words[f->kind], PL_STR_ARG(f->what));
    if (f->kind == SIM_FOUND_NEVER_TAKEN || f->kind == SIM_FOUND_MISTAKE)
        pl_buf_printf(&b, "-%u", f->line);
    size_t n = 0;
    for (size_t i = 0; i < b.n && n < WORD_LEN; i++) {
        char ch = b.p[i];
        bool plain = (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_' || ch == '-';
        if (ch == ' ' || ch == '.') b.p[n++] = '_';
        if (plain) b.p[n++] = ch;
    }
    b.n = n;
    struct pl_str s = pl_arena_printf(&x->project.a, "%s/%.*s.talk", x->given->out_folder,
                                      PL_STR_ARG(pl_buf_slice(&b)));
    pl_buf_free(&b);
    return s;
}

/* Gives whether its talk shows it. */
static bool tell(struct explorer *x, struct shown *s) {
    FILE *out = x->given->out;
    struct sim_customer c;
    struct pl_buf text = {0}, about = {0};
    struct pl_str failed = {0};
    shrink(x, s);
    pl_sim__finding_print(&about, &s->finding);
    fprintf(out, "%.*s\n", PL_STR_ARG(pl_buf_slice(&about)));
    shows(x, s, &c);
    pl_sim__live_write(&c.live,
                       pl_arena_printf(&x->project.a, "%s %.*s", words[s->finding.kind],
                                       PL_STR_ARG(s->finding.what)),
                       pl_buf_slice(&about), &text);
    size_t turns = 0;
    for (size_t i = 0; i < c.live.deeds.n; i++) turns += c.live.deeds.v[i].turn;
    bool good = plays(x, &s->finding, pl_buf_slice(&text), &failed);
    struct pl_str path = file_name(x, &s->finding);
    enum pl_err err = x->given->out_folder ? pl_file_replace(path.p, pl_buf_slice(&text)) : PL_OK;
    if (x->given->out_folder && err == PL_OK)
        fprintf(out, "  %zu line%s: %.*s\n", turns, turns == 1 ? "" : "s", PL_STR_ARG(path));
    if (err != PL_OK) fprintf(x->given->err, "%.*s: %s\n", PL_STR_ARG(path), pl_err_text(err));
    if (!good)
        fprintf(out, "  its talk does not show it again%s%.*s\n", failed.n ? ": " : "",
                PL_STR_ARG(failed));
    pl_sim__customer_close(&c);
    pl_buf_free(&text);
    pl_buf_free(&about);
    return good && err == PL_OK;
}

static int by_place(const void *a, const void *b) {
    const struct sim_finding *x = &((const struct shown *)a)->finding;
    const struct sim_finding *y = &((const struct shown *)b)->finding;
    int d = pl_str_cmp(x->file, y->file);
    if (d) return d;
    if (x->line != y->line) return x->line < y->line ? -1 : 1;
    if (x->kind != y->kind) return x->kind - y->kind;
    return pl_str_cmp(x->what, y->what);
}

/* What is unreached lies behind a fork that somebody came to; else it is behind another finding. */
static void look_for_forks(struct explorer *x) {
    find_unreached(x);
    for (size_t i = 0; i < x->given->customers && i < SEEKERS && x->targets.n; i++) {
        struct pl_buf out = {0};
        explore_one(x, seed_of(x, i), &out);
        told(x, 0, pl_buf_slice(&out));
        pl_buf_free(&out);
        size_t reached = 0;
        for (size_t k = 0; k < x->targets.n; k++)
            for (size_t m = 0; m < x->found.n; m++)
                reached += pl_sim__finding_same(&x->targets.v[k].finding, &x->found.v[m].finding);
        if (reached >= x->targets.n) return;
    }
}

static int explore(struct explorer *x) {
    bool all_show = true;
    play_talks(x);
    all_customers(x);
    look_for_forks(x);
    if (x->found.n) qsort(x->found.v, x->found.n, sizeof *x->found.v, by_place);
    bool made = !x->given->out_folder || !x->found.n || pl_mkdirs(x->given->out_folder) == PL_OK;
    if (!made) fprintf(x->given->err, "%s: it cannot be made\n", x->given->out_folder);
    for (size_t i = 0; i < x->found.n; i++) all_show = tell(x, &x->found.v[i]) && all_show;
    fprintf(x->given->out, "%u customers, seed %llu: %zu finding%s\n", x->given->customers,
            (unsigned long long)x->given->seed, x->found.n, x->found.n == 1 ? "" : "s");
    return !made || !all_show ? 2 : x->found.n ? 1 : 0;
}

static int run(struct explorer *x) {
    struct sim_project *p = &x->project;
    const struct sim_said to = {.err = x->given->err, .colour = x->test.colour};
    struct pl_compile_options options = {
        .without_talks = true, .training = pl_sim__guess_training, .training_ctx = &x->guess};
    if (!pl_sim__build_with(x->given->folder, &options, &to, &p->build)) return 2;
    if (!pl_sim__find_talks(p)) return 2;
    if (pl_sim__cover_open(&p->cover, &p->a, p->build.image) != PL_OK) return 2;
    if (pl_sim__keys_make(&p->keys) != PL_OK) return 2;
    pl_sim__guess_open(&x->guess);
    x->guess.doors = pl_sim__shop_hooks(&x->guess.examples);
    return explore(x);
}

int pl_sim_explore_main(const struct pl_sim_explore *given) {
    struct explorer x = {.given = given};
    struct sim_project *p = &x.project;
    x.test = (struct pl_sim_test){
        .folder = given->folder, .no_replay = true, .out = given->out, .err = given->err};
    p->test = &x.test;
    x.guess.project = p;
    x.guess.a = &p->a;
    pl_arena_init(&p->a, 0);
    pl_sources_init(&p->sources, &p->a);
    p->tools = pl_locale_tools_new();
    p->shared = pl_engine_shared_new();
    int code = p->tools && p->shared ? run(&x) : 2;
    pl_sim__guess_close(&x.guess);
    pl_sim__keys_remove(&p->keys);
    pl_sim__cover_close(&p->cover);
    pl_engine_shared_free(&p->shared);
    PL_VEC_FREE(&x.found);
    PL_VEC_FREE(&x.known);
    PL_VEC_FREE(&x.targets);
    PL_VEC_FREE(&p->talks);
    PL_VEC_FREE(&p->renewed);
    pl_sim__build_free(&p->build);
    pl_locale_tools_free(&p->tools);
    pl_arena_free(&p->a);
    return code;
}
