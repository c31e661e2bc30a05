/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of tests: the project compiled once, its talks found, each played in each of its locales.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

static bool add_file(struct sim_project *p, struct pl_sources *sources, uint32_t file,
                     struct pl_str folder) {
    struct pl_diags diags;
    const struct pl_talk *talks;
    size_t n;
    pl_diags_init(&diags, &p->a, sources);
    enum pl_err err = pl_grammar_talks(&p->a, sources, file, &diags, &talks, &n);
    for (size_t i = 0; i < n; i++) {
        struct sim_talk t = {talks[i], folder};
        PL_PUSH(&p->talks, t);
    }
    if (err == PL_OK) return true;
    struct pl_buf b = {0};
    pl_diags_finish(&diags, false);
    pl_diags_print(&b, &diags, p->test->colour);
    if (b.n) fwrite(b.p, 1, b.n, p->test->err);
    pl_buf_free(&b);
    return false;
}

/* The talks that were compiled with the flows. Their names begin with the folder's own. */
static bool own_talks(struct sim_project *p) {
    struct pl_sources *s = &p->build.compiled.sources;
    bool good = true;
    for (uint32_t i = 0; i < s->n; i++) {
        struct pl_str name = s->v[i].name;
        if (!s->v[i].talk) continue;
        size_t slash = pl_str_find(name, PL_STR("/"));
        if (slash != SIZE_MAX) name = (struct pl_str){name.p + slash + 1, name.n - slash - 1};
        struct pl_str path = pl_arena_printf(&p->a, "%s/%.*s", p->test->folder, PL_STR_ARG(name));
        good = add_file(p, s, i, folder_of(&p->a, path)) && good;
    }
    return good;
}

static bool read_file(struct sim_project *p, struct pl_sources *s, struct pl_str path) {
    struct pl_str text;
    enum pl_err err = pl_file_read(&p->a, path.p, FILE_MOST, &text);
    if (err != PL_OK) {
        fprintf(p->test->err, "%s: %s\n", path.p, pl_err_text(err));
        return false;
    }
    return add_file(p, s, pl_sources_add(s, path, text), folder_of(&p->a, path));
}

static bool read_talks(struct sim_project *p, struct pl_sources *s, const char *path) {
    struct stat st;
    struct pl_str *names;
    size_t n = 0;
    bool good = true;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return read_file(p, s, pl_arena_str(&p->a, pl_str_c(path)));
    enum pl_err err = pl_files_under(&p->a, path, ".talk", FILES_MOST, &names, &n);
    if (err != PL_OK) fprintf(p->test->err, "%s: %s\n", path, pl_err_text(err));
    for (size_t i = 0; i < n; i++)
        good =
            read_file(p, s, pl_arena_printf(&p->a, "%s/%.*s", path, PL_STR_ARG(names[i]))) && good;
    return err == PL_OK && good;
}

static bool find_talks(struct sim_project *p, struct pl_sources *s) {
    bool good = true;
    if (p->test->ntalks == 0) return own_talks(p);
    for (size_t i = 0; i < p->test->ntalks; i++) good = read_talks(p, s, p->test->talks[i]) && good;
    return good;
}

const struct sim_talk *pl_sim__talk(const struct sim_project *p, struct pl_str name) {
    for (size_t i = 0; i < p->talks.n; i++)
        if (pl_str_eq(p->talks.v[i].talk.name, name)) return &p->talks.v[i];
    return NULL;
}

/* ---- folders that talks reload ---- */

struct pl_image *pl_sim__reloaded(struct sim_project *p, struct pl_str folder) {
    for (size_t i = 0; i < p->reloaded.n; i++)
        if (pl_str_eq(p->reloaded.v[i]->folder, folder))
            return p->reloaded.v[i]->good ? p->reloaded.v[i]->build.image : NULL;
    struct sim_reloaded *r = PL_NEW(&p->a, struct sim_reloaded);
    r->folder = pl_arena_str(&p->a, folder);
    r->good = pl_sim__build(r->folder.p, false, p->test->colour, p->test->err, &r->build);
    PL_PUSH(&p->reloaded, r);
    return r->good ? r->build.image : NULL;
}

/* ---- playing ---- */

static void play_in(struct sim_project *p, struct sim_report *r, const struct sim_talk *t,
                    struct pl_str locale) {
    struct pl_clock clock = pl_clock_system();
    struct sim_play play;
    if (p->test->locale && !pl_str_is(locale, p->test->locale)) return;
    int64_t from = clock.mono_us(clock.ctx);
    pl_sim__play(&play, p, t, locale);
    pl_sim__report(r, &play, clock.mono_us(clock.ctx) - from);
    pl_sim__play_free(&play);
}

static void play(struct sim_project *p, struct sim_report *r, const struct sim_talk *t) {
    bool listed = false;
    const char *filter = p->test->filter;
    if (filter && pl_str_find(t->talk.name, pl_str_c(filter)) == SIZE_MAX) return;
    for (size_t i = 0; i < t->talk.nlines; i++) {
        const struct pl_talk_line *l = &t->talk.lines[i];
        for (size_t k = 0; l->kind == PL_TALK_LOCALE && k < l->locales.n; k++) {
            listed = true;
            play_in(p, r, t, l->locales.v[k]);
        }
    }
    if (!listed) play_in(p, r, t, pl_image_program(p->build.image)->source_locale);
}

static int play_all(struct sim_project *p) {
    struct sim_report r = {.test = p->test};
    pl_sim__report_begin(&r);
    for (size_t i = 0; i < p->talks.n; i++) play(p, &r, &p->talks.v[i]);
    bool any = r.passed + r.failed > 0;
    if (!any) fprintf(p->test->err, "there is no talk to play\n");
    pl_sim__report_end(&r);
    return !any ? NOT_RUN : r.failed ? FAILED : PASSED;
}

static int run(struct sim_project *p, struct pl_sources *more) {
    const struct pl_sim_test *t = p->test;
    if (!pl_sim__build(t->folder, t->verbose, t->colour, t->err, &p->build)) return NOT_RUN;
    if (!find_talks(p, more)) return NOT_RUN;
    if (pl_sim__keys_make(&p->keys) != PL_OK) {
        fprintf(t->err, "no folder for keys could be made\n");
        return NOT_RUN;
    }
    return play_all(p);
}

int pl_sim_test_main(const struct pl_sim_test *test) {
    struct sim_project p = {.test = test};
    struct pl_sources more;
    pl_arena_init(&p.a, 0);
    pl_sources_init(&more, &p.a);
    p.tools = pl_locale_tools_new();
    int code = p.tools ? run(&p, &more) : NOT_RUN;
    pl_sim__keys_remove(&p.keys);
    for (size_t i = 0; i < p.reloaded.n; i++) pl_sim__build_free(&p.reloaded.v[i]->build);
    PL_VEC_FREE(&p.reloaded);
    PL_VEC_FREE(&p.talks);
    pl_sim__build_free(&p.build);
    pl_locale_tools_free(&p.tools);
    pl_arena_free(&p.a);
    return code;
}
