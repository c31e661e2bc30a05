/* SPDX-License-Identifier: Apache-2.0
 *
 * The files: watched with inotify, compiled when they have been calm for a moment, reloaded when
 * they are good.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/studio/studio_priv.h"

#define CALM_MS 60  /* editors write a file in several steps, and several files at once */
#define LATE_MS 600 /* after which a file that is never calm is built as it is */
#define GONE_MS 500 /* between looks at flows that cannot be read */
#define DEEP    8   /* folders in folders */
#define LOST    (IN_DELETE_SELF | IN_MOVE_SELF | IN_Q_OVERFLOW)
#define CHANGES                                                                                    \
    (IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF |       \
     IN_MOVE_SELF)

/* ---- watching ---- */

/* A folder that is watched already stays so. */
static void watch_below(int fd, const char *folder, int depth) {
    char path[4096];
    struct stat st;
    struct dirent *e;
    if (inotify_add_watch(fd, folder, CHANGES | IN_ONLYDIR) < 0 || depth == DEEP) return;
    DIR *d = opendir(folder);
    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.') continue;
        int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (n < 0 || (size_t)n >= sizeof path) continue;
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) watch_below(fd, path, depth + 1);
    }
    if (d) closedir(d);
}

static void watch_all(struct pl_studio *s) {
    for (const char *const *f = s->config.folders; *f; f++) watch_below(s->changes.fd, *f, 0);
}

/* What a build reads; editors keep other files beside it. */
static bool matters(const struct inotify_event *e) {
    static const char *const kinds[] = {".flow", ".arb", ".lua", ".md", ".txt"};
    if (e->mask & (IN_ISDIR | LOST)) return true;
    struct pl_str name = e->len ? pl_str_c(e->name) : PL_STR("");
    if (name.n == 0 || name.p[0] == '.') return false;
    for (size_t i = 0; i < PL_LEN(kinds); i++)
        if (pl_str_ends(name, pl_str_c(kinds[i]))) return true;
    return false;
}

/* A moment after the last change; not long after the first, however many follow. */
static void build_soon(struct pl_studio *s) {
    int64_t now_us = pl_loop_now_us(s->loop);
    if (s->unbuilt_us == 0) s->unbuilt_us = now_us;
    int64_t left_ms = LATE_MS - (now_us - s->unbuilt_us) / 1000;
    pl_timer_start(s->loop, &s->calm, left_ms < 0 ? 0 : left_ms < CALM_MS ? left_ms : CALM_MS);
}

static void changed(struct pl_fd *w, int ready) {
    struct pl_studio *s = w->ctx;
    _Alignas(struct inotify_event) char bytes[16384];
    ssize_t n;
    bool any = false;
    (void)ready;
    while ((n = read(w->fd, bytes, sizeof bytes)) > 0)
        for (char *p = bytes; p < bytes + n;) {
            const struct inotify_event *e = (const struct inotify_event *)(void *)p;
            any |= matters(e);
            p += sizeof *e + e->len;
        }
    if (any) build_soon(s);
}

/* ---- what is told of it ---- */

/* What lint says, and the line that it speaks of. */
static void write_diagnostic(struct pl_jw *w, const struct pl_diags *d, size_t i,
                             struct pl_str said) {
    const struct pl_source *source = &d->sources->v[d->v[i]->span.file];
    pl_jw_open(w, '{');
    pl_jw_name(w, "said");
    pl_jw_raw(w, said);
    pl_jw_text_member(w, "line",
                      pl_source_line(source, pl_source_pos(source, d->v[i]->span.start).line));
    pl_jw_close(w, '}');
}

void pl_studio__tell_diagnostics(struct pl_studio *s, const struct pl_diags *d) {
    struct pl_buf lines = {0};
    struct pl_jw w = {.b = &s->diagnostics};
    pl_buf_clear(&s->diagnostics);
    pl_diags_print_json(&lines, d);
    struct pl_str rest = pl_buf_slice(&lines);
    pl_jw_open(&w, '[');
    for (size_t i = 0; i < d->n; i++) { /* one object a line, in this order */
        size_t end = pl_str_find(rest, PL_STR("\n"));
        write_diagnostic(&w, d, i, (struct pl_str){rest.p, end});
        rest = (struct pl_str){rest.p + end + 1, rest.n - end - 1};
    }
    pl_jw_close(&w, ']');
    pl_buf_free(&lines);
}

/* What is no mistake of a line: the files cannot be read, the server does not take them. */
static void tell_trouble(struct pl_studio *s, struct pl_str message) {
    struct pl_jw w = {.b = &s->diagnostics};
    pl_buf_clear(&s->diagnostics);
    pl_jw_open(&w, '[');
    pl_jw_open(&w, '{');
    pl_jw_name(&w, "said");
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "severity", PL_STR("error"));
    pl_jw_text_member(&w, "message", message);
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
    pl_jw_close(&w, ']');
}
static void write_flows(struct pl_jw *w, const struct pl_studio_built *b) {
    pl_jw_name(w, "flows");
    pl_jw_open(w, '[');
    for (uint32_t i = 0; i < b->chart.nflows; i++) {
        const struct pl_chart_flow *f = &b->chart.flows[i];
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "name", f->name);
        pl_jw_text_member(w, "title", f->title);
        pl_jw_text_member(w, "file", b->compiled.sources.v[f->at.file].name);
        pl_jw_name(w, "prelude");
        pl_jw_bool(w, f->of_prelude);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

static void write_locales(struct pl_jw *w, const struct pl_program *p) {
    pl_jw_name(w, "locales");
    pl_jw_open(w, '[');
    for (uint32_t i = 0; i < p->nlocales; i++) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "id", p->locales[i]);
        pl_jw_text_member(w, "dir", pl_locale_rtl(p->locales[i]) ? PL_STR("rtl") : PL_STR("ltr"));
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

void pl_studio__tell_project(struct pl_studio *s, struct pl_str told, int64_t took_ms) {
    const struct pl_program *p = &s->good->compiled.program;
    struct pl_jw w = {.b = &s->project};
    pl_buf_clear(&s->project);
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "assistant", p->assistant);
    pl_jw_int_member(&w, "builds", s->builds);
    pl_jw_int_member(&w, "at_ms", pl_clock_system().wall_ms(NULL));
    pl_jw_int_member(&w, "took_ms", took_ms);
    pl_jw_text_member(&w, "source_locale", p->source_locale);
    pl_jw_name(&w, "stands_in");
    pl_jw_bool(&w, s->stands_in);
    pl_jw_name(&w, "models");
    pl_jw_bool(&w, s->config.models);
    write_locales(&w, p);
    write_flows(&w, s->good);
    if (told.n) pl_jw_name(&w, "reload");
    if (told.n) pl_jw_raw(&w, told);
    pl_jw_close(&w, '}');
}

/* ---- compiling ---- */

/* What is not kept is left in *built. */
static void tell_good(struct pl_studio *s, struct pl_studio_built **built, int64_t since_us) {
    struct pl_studio_built *b = *built;
    struct pl_buf told = {0}, why = {0};
    struct pl_clock clock = pl_clock_system();
    bool same = pl_str_eq(b->compiled.image, s->good->compiled.image);
    enum pl_err err = same ? PL_OK : s->config.reload(s->config.ctx, b, &told, &why);
    if (err == PL_OK) { /* places in the files may be others, although the program is the same */
        *built = s->good;
        s->good = b;
        if (s->stands_in) pl_buf_clear(&told); /* of the stand-in's conversations */
        s->stands_in = false;
        if (!same || s->broken) {
            s->builds++;
            pl_studio__tell_project(s, pl_buf_slice(&told),
                                    (clock.mono_us(NULL) - since_us) / 1000);
        }
        s->broken = false;
        pl_studio__tell_diagnostics(s, &b->compiled.diags);
    } else {
        s->broken = true;
        tell_trouble(s, why.n ? pl_buf_slice(&why) : pl_str_c(pl_err_text(err)));
    }
    pl_buf_free(&told);
    pl_buf_free(&why);
}

/* The folder has gone, and nothing tells when it is back: looked at now and then. */
static bool still_gone(struct pl_studio *s) {
    s->gone = s->gone && access(s->config.folders[0], R_OK | X_OK) != 0;
    if (s->gone) pl_timer_start(s->loop, &s->calm, GONE_MS);
    return s->gone;
}

static void build(struct pl_timer *t) {
    struct pl_studio *s = t->ctx;
    if (still_gone(s)) return;
    struct pl_studio_built *b = pl_studio_built_new();
    int64_t since_us = pl_clock_system().mono_us(NULL);
    s->unbuilt_us = 0;
    watch_all(s); /* there may be new folders */
    enum pl_err err = s->config.compile(s->config.ctx, b);
    if (err == PL_OK) {
        tell_good(s, &b, since_us);
    } else {
        s->broken = true;
        if (err == PL_MALFORMED) {
            pl_studio__tell_diagnostics(s, &b->compiled.diags);
        } else {
            tell_trouble(s, PL_STR("the flows cannot be read"));
            s->gone = true;
            pl_timer_start(s->loop, &s->calm, GONE_MS);
        }
    }
    pl_studio_built_free(&b);
    pl_studio__changed(s);
}

/* ---- begin and end ---- */

enum pl_err pl_studio__watch(struct pl_studio *s) {
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    s->calm = (struct pl_timer){.fn = build, .ctx = s};
    s->changes = (struct pl_fd){.fn = changed, .ctx = s, .fd = -1};
    if (fd < 0) return PL_IO;
    pl_fd_start(s->loop, &s->changes, fd, PL_READ);
    watch_all(s);
    return PL_OK;
}

void pl_studio__unwatch(struct pl_studio *s) {
    int fd = s->changes.loop ? s->changes.fd : -1;
    pl_timer_stop(&s->calm);
    pl_fd_stop(&s->changes);
    if (fd >= 0) close(fd);
}
