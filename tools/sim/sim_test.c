/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of tests: the project compiled once, its talks found, each played in each of its locales.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/sim/sim_priv.h"

#define FILES_MOST 10000
#define FILE_MOST  (4u << 20)

enum { PASSED, FAILED, NOT_RUN }; /* exit codes */

/* ---- talks of files ---- */

static struct pl_str folder_of(struct pl_arena *a, struct pl_str path) {
    size_t n = path.n;
    while (n && path.p[n - 1] != '/') n--;
    return n ? pl_arena_str(a, (struct pl_str){path.p, n - 1}) : PL_STR(".");
}

/* What is wrong with the file, as its one talk. */
static void add_broken(struct sim_project *p, struct pl_str file, struct pl_str folder,
                       struct pl_str why) {
    struct sim_talk t = {{.name = file, .file = file, .line = 1}, folder, why};
    PL_PUSH(&p->talks, t);
}

static void add_file(struct sim_project *p, uint32_t file, struct pl_str folder) {
    struct pl_diags diags;
    const struct pl_talk *talks;
    size_t n;
    pl_diags_init(&diags, &p->a, &p->sources);
    enum pl_err err = pl_grammar_talks(&p->a, &p->sources, file, &diags, &talks, &n);
    for (size_t i = 0; i < n; i++) {
        struct sim_talk t = {.talk = talks[i], .folder = folder};
        PL_PUSH(&p->talks, t);
    }
    if (err == PL_OK) return;
    struct pl_buf b = {0};
    pl_diags_finish(&diags, false);
    pl_diags_print(&b, &diags, p->test->colour && p->test->format == PL_SIM_PLAIN);
    add_broken(p, p->sources.v[file].name, folder, pl_arena_str(&p->a, pl_buf_slice(&b)));
    pl_buf_free(&b);
}

static bool read_file(struct sim_project *p, struct pl_str path) {
    struct pl_str text;
    enum pl_err err = pl_file_read(&p->a, path.p, FILE_MOST, &text);
    if (err == PL_OK)
        add_file(p, pl_sources_add(&p->sources, path, text), folder_of(&p->a, path));
    else
        fprintf(p->test->err, "%s: %s\n", path.p, pl_err_text(err));
    return err == PL_OK;
}

/* A file, or all below a folder. */
static bool read_talks(struct sim_project *p, const char *path) {
    struct stat st;
    struct pl_str *names, folder = pl_str_c(path);
    size_t n = 0;
    bool good = true;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return read_file(p, pl_arena_str(&p->a, pl_str_c(path)));
    while (folder.n > 1 && folder.p[folder.n - 1] == '/') folder.n--;
    enum pl_err err = pl_files_under(&p->a, path, ".talk", FILES_MOST, &names, &n);
    if (err != PL_OK) fprintf(p->test->err, "%s: %s\n", path, pl_err_text(err));
    for (size_t i = 0; i < n; i++)
        good = read_file(p, pl_arena_printf(&p->a, "%.*s/%.*s", PL_STR_ARG(folder),
                                            PL_STR_ARG(names[i]))) &&
               good;
    return err == PL_OK && good;
}

bool pl_sim__find_talks(struct sim_project *p) {
    bool good = true;
    if (p->test->ntalks == 0) return read_talks(p, p->test->folder);
    for (size_t i = 0; i < p->test->ntalks; i++) good = read_talks(p, p->test->talks[i]) && good;
    return good;
}

const struct sim_talk *pl_sim__talk(const struct sim_project *p, struct pl_str name) {
    for (size_t i = 0; i < p->talks.n; i++)
        if (pl_str_eq(p->talks.v[i].talk.name, name)) return &p->talks.v[i];
    return NULL;
}

/* ---- folders that talks reload ---- */

static struct sim_said said(const struct pl_sim_test *t, bool warnings) {
    return (struct sim_said){t->err, t->format == PL_SIM_JSON ? t->out : NULL, warnings, t->colour};
}

struct pl_image *pl_sim__reloaded(struct sim_project *p, struct pl_str folder) {
    for (size_t i = 0; i < p->reloaded.n; i++)
        if (pl_str_eq(p->reloaded.v[i]->folder, folder))
            return p->reloaded.v[i]->good ? p->reloaded.v[i]->build.image : NULL;
    struct sim_said to = said(p->test, false);
    struct sim_reloaded *r = PL_NEW(&p->a, struct sim_reloaded);
    r->folder = pl_arena_str(&p->a, folder);
    r->good = pl_sim__build(r->folder.p, &to, &r->build);
    PL_PUSH(&p->reloaded, r);
    return r->good ? r->build.image : NULL;
}

struct pl_str pl_sim__reload_folder(struct pl_arena *a, const struct sim_talk *t,
                                    const struct pl_talk_line *l) {
    return pl_arena_printf(a, "%.*s/%.*s", PL_STR_ARG(t->folder), PL_STR_ARG(l->text));
}

/* ---- jobs ---- */

static void add_job(struct sim_project *p, const struct sim_talk *t, struct pl_str locale) {
    struct sim_job job = {t, locale};
    if (!p->test->locale || !locale.n || pl_str_is(locale, p->test->locale)) PL_PUSH(&p->jobs, job);
}

/* Each talk in each of its locales. */
static void add_jobs(struct sim_project *p, const struct sim_talk *t) {
    bool listed = t->broken.n > 0;
    const char *filter = p->test->filter;
    if (filter && pl_str_find(t->talk.name, pl_str_c(filter)) == SIZE_MAX) return;
    if (listed) add_job(p, t, PL_STR(""));
    for (size_t i = 0; i < t->talk.nlines; i++) {
        const struct pl_talk_line *l = &t->talk.lines[i];
        /* compiled once, before processes are made */
        if (l->kind == PL_TALK_RELOAD) pl_sim__reloaded(p, pl_sim__reload_folder(&p->a, t, l));
        for (size_t k = 0; l->kind == PL_TALK_LOCALE && k < l->locales.n; k++) {
            listed = true;
            add_job(p, t, l->locales.v[k]);
        }
    }
    if (!listed) add_job(p, t, pl_image_program(p->build.image)->source_locale);
}

static unsigned processes(const struct pl_sim_test *t) {
    if (t->record) return 1; /* one file, one writer */
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return t->jobs ? t->jobs : cores > 0 ? (unsigned)cores : 1;
}

/* ---- coverage ---- */

static bool wants_coverage(const struct pl_sim_test *t) {
    return t->coverage || t->coverage_html || t->threshold;
}

/* As text; behind `#` in TAP, as one object in JSON lines. */
static void print_coverage(const struct sim_project *p, const struct sim_covered *c) {
    struct pl_buf b = {0};
    FILE *out = p->test->out;
    if (p->test->format == PL_SIM_JSON)
        pl_sim__cover_json(c, &b);
    else
        pl_sim__cover_text_report(p, c, &b);
    struct pl_str rest = pl_buf_slice(&b);
    while (rest.n) {
        size_t end = pl_str_find(rest, PL_STR("\n")), n = end == SIZE_MAX ? rest.n : end + 1;
        fprintf(out, "%s%.*s", p->test->format == PL_SIM_TAP ? "# " : "", (int)n, rest.p);
        rest = (struct pl_str){rest.p + n, rest.n - n};
    }
    fflush(out);
    pl_buf_free(&b);
}

/* The project has a prelude of its own. */
static bool has_prelude(const struct pl_compiled *c) {
    bool has = false;
    for (uint32_t i = 0; i < c->sources.n; i++)
        has |= c->paths[i].n && pl_sim__is_prelude(c->sources.v[i].name);
    return has;
}

static int report_coverage(struct sim_project *p) {
    const struct pl_sim_test *t = p->test;
    struct sim_covered covered;
    struct pl_buf why = {0};
    bool met = true;
    enum pl_err err = PL_OK;
    if (!wants_coverage(t)) return PASSED;
    pl_sim__cover_sum(&p->cover, &p->a, &covered);
    covered.counted_only = !has_prelude(&p->build.compiled);
    if (t->coverage) print_coverage(p, &covered);
    if (t->coverage_html) err = pl_sim__cover_html(p, &covered, &p->a, t->coverage_html);
    if (err != PL_OK) fprintf(t->err, "%s: %s\n", t->coverage_html, pl_err_text(err));
    if (t->threshold) met = pl_sim__threshold_met(t->threshold, &covered, &why);
    if (why.n) fprintf(t->err, "%.*s", (int)why.n, why.p);
    pl_buf_free(&why);
    return err != PL_OK ? NOT_RUN : met ? PASSED : FAILED;
}

/* ---- the run ---- */

static bool begin(void *ctx) {
    struct sim_report *r = ctx;
    return pl_sim__keys_make(&r->project->keys) == PL_OK;
}

static void end(void *ctx) {
    struct sim_report *r = ctx;
    pl_sim__keys_remove(&r->project->keys);
}

static void play_broken(const struct sim_talk *t, struct pl_buf *out) {
    struct sim_result r = {.failed = true, .line = t->talk.line, .why = t->broken};
    pl_sim__result_write(out, &r);
}

static void play(void *ctx, size_t job, struct pl_buf *out) {
    struct sim_report *report = ctx;
    const struct sim_job *j = &report->project->jobs.v[job];
    struct pl_clock clock = pl_clock_system();
    struct sim_result r;
    struct sim_play play;
    if (j->talk->broken.n) {
        play_broken(j->talk, out);
        return;
    }
    int64_t from = clock.mono_us(clock.ctx);
    pl_sim__play(&play, report->project, j->talk, j->locale);
    pl_sim__result_of(&play, clock.mono_us(clock.ctx) - from, &r);
    pl_sim__result_write(out, &r);
    pl_sim__play_free(&play);
}

static void died(void *ctx, size_t job, const char *why, struct pl_buf *out) {
    const struct sim_report *report = ctx;
    struct sim_result r = {.failed = true, .why = pl_str_c(why)};
    r.line = report->project->jobs.v[job].talk->talk.line;
    pl_sim__result_write(out, &r);
}

static void told(void *ctx, size_t job, struct pl_str result) {
    struct sim_result r;
    struct pl_arena a;
    pl_arena_init(&a, 0);
    if (!pl_sim__result_read(result, &a, &r))
        r = (struct sim_result){.failed = true, .why = PL_STR("its result could not be read")};
    pl_sim__report(ctx, job, &r);
    pl_arena_free(&a);
}

static int play_all(struct sim_project *p) {
    struct sim_report r = {.test = p->test, .project = p};
    for (size_t i = 0; i < p->talks.n; i++) add_jobs(p, &p->talks.v[i]);
    if (p->jobs.n == 0) {
        fprintf(p->test->err, "there is no talk to play\n");
        return NOT_RUN;
    }
    pl_sim__report_begin(&r);
    struct sim_work work = {p->jobs.n, &r, begin, end, play, died, told};
    pl_sim__work(&work, processes(p->test));
    bool written = pl_sim__report_end(&r);
    bool whole = !p->test->filter && !p->test->locale && p->test->ntalks == 0;
    bool always = !whole || pl_sim__always(p);
    int coverage = report_coverage(p);
    return !written ? NOT_RUN : r.failed || !always ? FAILED : coverage;
}

static int run(struct sim_project *p) {
    const struct pl_sim_test *t = p->test;
    struct sim_said to = said(t, t->verbose);
    if (!pl_sim__build(t->folder, &to, &p->build)) return NOT_RUN;
    if (!pl_sim__find_talks(p)) return NOT_RUN;
    if (wants_coverage(t) && pl_sim__cover_open(&p->cover, &p->a, p->build.image) != PL_OK) {
        fprintf(t->err, "no memory to count coverage\n");
        return NOT_RUN;
    }
    if (pl_sim__keys_make(&p->keys) != PL_OK) {
        fprintf(t->err, "no folder for keys could be made\n");
        return NOT_RUN;
    }
    return play_all(p);
}

static bool is_threshold(const struct pl_sim_test *t) {
    struct pl_buf why = {0};
    bool good = !t->threshold || pl_sim__threshold_parse(t->threshold, &why);
    if (!good) fprintf(t->err, "%.*s\n", (int)why.n, why.p);
    pl_buf_free(&why);
    return good;
}

int pl_sim_test_main(const struct pl_sim_test *test) {
    struct sim_project p = {.test = test};
    if (!is_threshold(test)) return NOT_RUN;
    pl_arena_init(&p.a, 0);
    pl_sources_init(&p.sources, &p.a);
    p.tools = pl_locale_tools_new();
    p.shared = pl_engine_shared_new();
    int code = p.tools && p.shared ? run(&p) : NOT_RUN;
    pl_sim__keys_remove(&p.keys);
    pl_sim__cover_close(&p.cover);
    pl_engine_shared_free(&p.shared);
    for (size_t i = 0; i < p.reloaded.n; i++) pl_sim__build_free(&p.reloaded.v[i]->build);
    PL_VEC_FREE(&p.reloaded);
    PL_VEC_FREE(&p.talks);
    PL_VEC_FREE(&p.jobs);
    PL_VEC_FREE(&p.renewed);
    pl_sim__build_free(&p.build);
    pl_locale_tools_free(&p.tools);
    pl_arena_free(&p.a);
    return code;
}
