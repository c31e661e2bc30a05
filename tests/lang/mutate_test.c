/* SPDX-License-Identifier: Apache-2.0
 *
 * Single mistakes in correct projects: how many does the compiler report, at the line where they
 * are? The mistakes are in mutate.def; which of them, and where, a seed decides.
 *
 * Usage: lang_mutate MISTAKES LEAST FOLDER...    fails under LEAST reported at the right line, or
 * when a correct project has an error. lang_mutate --show SEED FOLDER...       one of them, with
 * all that is reported.
 */
#include "tools/compile/compile.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum edit { TYPO, REPLACE, REMOVE, BLOCK, ABOVE, BELOW };
static const struct mutation {
    const char *what, *where;
    enum edit edit;
    const char *text;
} mutations[] = {
#define MUTATION(what, where, edit, text) {what, where, edit, text},
#include "tests/lang/mutate.def"
#undef MUTATION
};

enum { PROJECTS = 8, SITES_MOST = 4000, LINE_MOST = 2000, TRIES = 40 };

struct site {
    uint32_t project, file, line; /* line: from 0 */
    int from, to;                 /* in the line */
};
struct project {
    const char *folder;
    struct pl_compiled compiled;
};
struct run {
    struct project projects[PROJECTS];
    uint32_t nprojects;
    struct pl_arena a;
    struct pl_rand rand;
    struct site sites[SITES_MOST];
    uint32_t nsites;
};
struct mistake { /* one, made */
    const struct mutation *m;
    struct site site;
    uint32_t line; /* where it must be reported, from 1 */
    struct pl_str path, text;
};

/* ---- lines ---- */

static size_t line_start(struct pl_str text, uint32_t line) {
    size_t at = 0;
    for (; line && at < text.n; at++)
        if (text.p[at] == '\n') line--;
    return at;
}

static size_t line_end(struct pl_str text, size_t at) {
    while (at < text.n && text.p[at] != '\n') at++;
    return at;
}

static uint32_t indent_at(struct pl_str text, size_t at) {
    uint32_t n = 0;
    while (at + n < text.n && text.p[at + n] == ' ') n++;
    return n;
}

static bool is_blank(struct pl_str text, size_t at) {
    return line_end(text, at) == at + indent_at(text, at);
}

/* ---- sites ---- */

static void find_in_line(struct run *r, const regex_t *re, struct site at, const char *line) {
    regmatch_t g[5];
    if (regexec(re, line, PL_LEN(g), g, 0) != 0 || r->nsites == SITES_MOST) return;
    size_t pick = re->re_nsub < PL_LEN(g) - 1 ? re->re_nsub : PL_LEN(g) - 1;
    while (pick > 0 && g[pick].rm_so < 0) pick--;
    at.from = (int)g[pick].rm_so;
    at.to = (int)g[pick].rm_eo;
    r->sites[r->nsites++] = at;
}

static void find_in_file(struct run *r, const regex_t *re, struct site at, struct pl_str text) {
    char line[LINE_MOST];
    for (size_t from = 0; from < text.n; at.line++) {
        size_t end = line_end(text, from), n = end - from;
        if (n < sizeof line) {
            memcpy(line, text.p + from, n);
            line[n] = 0;
            find_in_line(r, re, at, line);
        }
        from = end + 1;
    }
}

static void find_sites(struct run *r, const struct mutation *m) {
    regex_t re;
    pl_assert(regcomp(&re, m->where, REG_EXTENDED) == 0);
    r->nsites = 0;
    for (uint32_t p = 0; p < r->nprojects; p++) {
        const struct pl_compiled *c = &r->projects[p].compiled;
        for (uint32_t f = 0; f < c->sources.n; f++) {
            bool talk = pl_str_ends(c->sources.v[f].name, PL_STR(".talk"));
            if (talk || !c->paths[f].n) continue; /* those of the program stay as they are */
            find_in_file(r, &re, (struct site){.project = p, .file = f}, c->sources.v[f].text);
        }
    }
    regfree(&re);
}

/* ---- edits ---- */

static struct pl_str typo(struct run *r, struct pl_str s) {
    char *p = (char *)(uintptr_t)pl_arena_alloc(&r->a, s.n + 2);
    size_t at = 1 + (size_t)pl_rand_below(&r->rand, s.n - 2);
    memcpy(p, s.p, s.n);
    switch (pl_rand_below(&r->rand, 3)) {
    case 0:
        if (p[at] != p[at + 1]) {
            char c = p[at];
            p[at] = p[at + 1];
            p[at + 1] = c;
            return (struct pl_str){p, s.n};
        } /* fall through */
    case 1: memmove(p + at, p + at + 1, s.n - at - 1); return (struct pl_str){p, s.n - 1};
    default: memmove(p + at + 1, p + at, s.n - at); return (struct pl_str){p, s.n + 1};
    }
}

static struct pl_str cut(struct run *r, struct pl_str text, size_t from, size_t to,
                         struct pl_str put) {
    return pl_arena_printf(&r->a, "%.*s%.*s%.*s", (int)from, text.p, PL_STR_ARG(put),
                           (int)(text.n - to), text.p + to);
}

/* The text with every $ as the last word of the site. */
static struct pl_str with_name(struct run *r, const char *with, struct pl_str site) {
    size_t from = site.n, dollar = strcspn(with, "$");
    while (from > 0 && site.p[from - 1] != ' ') from--;
    if (!with[dollar]) return pl_str_c(with);
    return pl_arena_printf(&r->a, "%.*s%.*s%s", (int)dollar, with, (int)(site.n - from),
                           site.p + from, with + dollar + 1);
}

static void take_block(struct run *r, struct mistake *k, struct pl_str text, size_t start) {
    uint32_t own = indent_at(text, start), line = k->site.line;
    size_t end = line_end(text, start) + 1;
    while (end < text.n && (is_blank(text, end) || indent_at(text, end) > own))
        end = line_end(text, end) + 1;
    if (end > text.n) end = text.n;
    while (line > 0) { /* the parent */
        size_t at = line_start(text, --line);
        if (!is_blank(text, at) && indent_at(text, at) < own) break;
    }
    k->line = line + 1;
    k->text = cut(r, text, start, end, PL_STR(""));
}

static void make_edit(struct run *r, struct mistake *k, struct pl_str text) {
    const struct mutation *m = k->m;
    size_t start = line_start(text, k->site.line), end = line_end(text, start);
    size_t from = start + (size_t)k->site.from, to = start + (size_t)k->site.to;
    struct pl_str site = {text.p + from, to - from};
    struct pl_str line = with_name(r, m->text, site);
    uint32_t indent = indent_at(text, start);
    k->line = k->site.line + 1;
    switch (m->edit) {
    case TYPO: k->text = cut(r, text, from, to, typo(r, site)); return;
    case REPLACE: k->text = cut(r, text, from, to, pl_str_c(m->text)); return;
    case REMOVE: k->text = cut(r, text, from, to, PL_STR("")); return;
    case BLOCK: take_block(r, k, text, start); return;
    case ABOVE:
    case BELOW:
        line = pl_arena_printf(&r->a, "%*s%.*s\n", (int)indent, "", PL_STR_ARG(line));
        if (m->edit == BELOW) {
            k->line++;
            start = end + 1;
        }
        k->text = cut(r, text, start, start, line);
    }
}

static bool make(struct run *r, uint64_t seed, struct mistake *k) {
    pl_rand_seed(&r->rand, seed);
    *k = (struct mistake){.m = &mutations[seed % PL_LEN(mutations)]};
    find_sites(r, k->m);
    if (r->nsites == 0) return false;
    k->site = r->sites[pl_rand_below(&r->rand, r->nsites)];
    const struct pl_compiled *c = &r->projects[k->site.project].compiled;
    k->path = c->paths[k->site.file];
    make_edit(r, k, c->sources.v[k->site.file].text);
    return !pl_str_eq(k->text, c->sources.v[k->site.file].text); /* or it was so before */
}

/* ---- what is reported ---- */

static bool covers(const struct pl_compiled *c, struct pl_span at, const struct mistake *k) {
    if (at.file >= c->sources.n || !pl_str_eq(c->paths[at.file], k->path)) return false;
    const struct pl_source *s = &c->sources.v[at.file];
    uint32_t first = pl_source_pos(s, at.start).line, last = pl_source_pos(s, at.end).line;
    return first <= k->line && k->line <= (last < first ? first : last);
}

static bool reports(const struct pl_compiled *c, const struct mistake *k, uint16_t *code) {
    for (size_t i = 0; i < c->diags.n; i++) {
        const struct pl_diag *d = c->diags.v[i];
        bool here = covers(c, d->span, k);
        for (size_t n = 0; n < d->nnotes && !here; n++) here = covers(c, d->notes[n].span, k);
        if (!here) continue;
        *code = (uint16_t)d->code;
        return true;
    }
    return false;
}

static bool try_it(struct run *r, const struct mistake *k, bool show) {
    struct pl_compile_text text = {k->path, k->text};
    const struct pl_compile_options options = {
        .check_only = true, .without_talks = true, .texts = &text, .ntexts = 1, .cache = ""};
    struct pl_compiled c;
    uint16_t code = 0;
    enum pl_err err = pl_compile_folder(r->projects[k->site.project].folder, &options, &c);
    bool told = (err == PL_OK || err == PL_MALFORMED) && reports(&c, k, &code);
    printf("%s %s, %.*s:%u", told ? "told  " : "MISSED", k->m->what, PL_STR_ARG(k->path),
           (unsigned)k->line);
    if (told) printf(" P%04u", (unsigned)code);
    printf("\n");
    if (show || !told) {
        struct pl_buf b = {0};
        pl_diags_print(&b, &c.diags, false);
        printf("%.*s", b.n < 3000 || show ? (int)b.n : 3000, (const char *)b.p);
        pl_buf_free(&b);
    }
    pl_compiled_free(&c);
    return told;
}

/* ---- projects ---- */

static bool open_project(struct run *r, const char *folder) {
    const struct pl_compile_options options = {
        .check_only = true, .without_talks = true, .cache = ""};
    struct project *p = &r->projects[r->nprojects++];
    p->folder = folder;
    enum pl_err err = pl_compile_folder(folder, &options, &p->compiled);
    if (err == PL_OK) return true;
    printf("%s: a correct project has errors\n", folder);
    return false;
}

static int play(struct run *r, uint64_t from, uint64_t mistakes, uint64_t least) {
    uint64_t told = 0, made = 0;
    for (uint64_t seed = from; made < mistakes && seed < from + 4 * mistakes; seed++) {
        struct mistake k;
        if (!make(r, seed, &k)) continue;
        made++;
        told += try_it(r, &k, false);
        pl_arena_reset(&r->a);
    }
    printf("%llu mistakes, %llu reported at their line\n", (unsigned long long)made,
           (unsigned long long)told);
    return made == mistakes && told >= least ? 0 : 1;
}

int main(int argc, char **argv) {
    static struct run r;
    bool show = argc > 3 && strcmp(argv[1], "--show") == 0;
    bool other = argc > 5 && strcmp(argv[1], "--from") == 0;
    uint64_t from = other ? strtoull(argv[2], NULL, 10) : 0;
    if (other) argv += 2, argc -= 2;
    int first = 3, code = 0;
    if (argc < 4 || argc - first > PROJECTS) {
        fprintf(
            stderr,
            "usage: lang_mutate [--from SEED] MISTAKES LEAST FOLDER... | --show SEED FOLDER...\n");
        return 2;
    }
    pl_arena_init(&r.a, 0);
    for (int i = first; i < argc; i++)
        if (!open_project(&r, argv[i])) code = 1;
    struct mistake k;
    if (code == 0 && show)
        code = make(&r, strtoull(argv[2], NULL, 10), &k) && try_it(&r, &k, true) ? 0 : 1;
    else if (code == 0)
        code = play(&r, from, strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10));
    for (uint32_t i = 0; i < r.nprojects; i++) pl_compiled_free(&r.projects[i].compiled);
    pl_arena_free(&r.a);
    return code;
}
