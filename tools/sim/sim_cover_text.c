/* SPDX-License-Identifier: Apache-2.0
 *
 * Coverage for people and for programs, and the threshold below which it is a failure.
 */
#include <string.h>

#include "tools/sim/sim_priv.h"

#define LISTED 60 /* characters of a source line */

static const char *const measures[] = {"steps", "branches", "rules", "repair", "locales"};
static const char *const parts[] = {"project", "prelude", "all"};
static const char *const situations[] = {
#define TRACE(name, word, meaning) word,
#include "runtime/vm/trace.def"
#undef TRACE
};

/* Rounded down: what is not whole does not look whole. */
static unsigned percent(struct sim_count c) {
    return c.total ? (unsigned)((uint64_t)c.covered * 100 / c.total) : 100;
}

static const struct pl_program *program_of(const struct sim_covered *c) {
    return pl_image_program(c->cover->image);
}

/* ---- the table ---- */

static void table(const struct sim_covered *c, struct pl_buf *out) {
    pl_buf_printf(out, "%-10s", "coverage");
    for (int m = 0; m < SIM_MEASURES; m++) pl_buf_printf(out, "  %16s", measures[m]);
    pl_buf_byte(out, '\n');
    for (int p = 0; p < SIM_PARTS; p++) {
        pl_buf_printf(out, "  %-8s", p == SIM_ALL ? "together" : parts[p]);
        for (int m = 0; m < SIM_MEASURES; m++) {
            struct sim_count n = c->counts[p][m];
            char text[40];
            snprintf(text, sizeof text, "%u/%u %3u%%", n.covered, n.total, percent(n));
            pl_buf_printf(out, "  %16s", n.total ? text : "-");
        }
        pl_buf_byte(out, '\n');
    }
}

/* ---- what was not reached ---- */

static bool is_listed(const struct sim_covered *c, struct pl_str id) {
    return !c->counted_only || !pl_str_starts(id, PL_STR("prelude."));
}

static struct pl_str source_line(const struct sim_project *p, const struct sim_site *s) {
    const struct pl_sources *v = &p->build.compiled.sources;
    for (uint32_t i = 0; i < v->n; i++) {
        if (!pl_str_eq(v->v[i].name, s->file)) continue;
        struct pl_str text = v->v[i].text;
        for (uint32_t line = 1; line < s->line && text.n; line++) {
            size_t end = pl_str_find(text, PL_STR("\n"));
            size_t skip = end == SIZE_MAX ? text.n : end + 1;
            text = (struct pl_str){text.p + skip, text.n - skip};
        }
        size_t end = pl_str_find(text, PL_STR("\n"));
        return pl_str_trim((struct pl_str){text.p, end == SIZE_MAX ? text.n : end});
    }
    return PL_STR("");
}

static struct pl_str shortened(struct pl_str s) {
    size_t at = 0;
    for (size_t n = 0; at < s.n && n < LISTED; n++) pl_utf8_next(s, &at);
    return (struct pl_str){s.p, at};
}

/* What is missing of one line, as "step, else"; gives how many sites it was. */
static size_t site_words(const struct sim_covered *c, size_t at, char *words, size_t room) {
    size_t i = at, n = 0;
    words[0] = '\0';
    for (; i < c->nsites; i++) {
        const struct sim_site *s = &c->sites[i];
        if (s->line != c->sites[at].line || !pl_str_eq(s->file, c->sites[at].file)) break;
        struct pl_str word = s->kind == PL_POINT_STEP ? PL_STR("step") : s->name;
        if (s->covered || n + word.n + 3 > room) continue;
        n += (size_t)snprintf(words + n, room - n, "%s%.*s", n ? ", " : "", PL_STR_ARG(word));
    }
    return i - at;
}

static void sites(const struct sim_project *p, const struct sim_covered *c, struct pl_buf *out) {
    struct pl_str file = {0};
    char words[200];
    for (size_t i = 0, n; i < c->nsites; i += n) {
        const struct sim_site *s = &c->sites[i];
        n = site_words(c, i, words, sizeof words);
        if (!words[0] || (s->prelude && c->counted_only)) continue;
        if (!pl_str_eq(file, s->file)) pl_buf_printf(out, "\n%.*s\n", PL_STR_ARG(s->file));
        file = s->file;
        struct pl_str line = source_line(p, s), part = shortened(line);
        pl_buf_printf(out, "  %5u  %-14s  %.*s%s\n", s->line, words, PL_STR_ARG(part),
                      part.n < line.n ? "…" : "");
    }
}

static void rules(const struct sim_covered *c, struct pl_buf *out) {
    const struct pl_program *p = program_of(c);
    bool any = false;
    for (uint32_t i = 0; i < p->nrules; i++) {
        struct pl_str file;
        uint32_t line;
        if (c->cover->rules[i]) continue;
        if (!any) pl_buf_c(out, "\nrules that never fired\n");
        any = true;
        pl_image_line(c->cover->image, p->rules[i].cond, &file, &line);
        pl_buf_printf(out, "  %.*s (%.*s:%u)\n", PL_STR_ARG(p->rules[i].name), PL_STR_ARG(file),
                      line);
    }
}

static bool is_missing(const struct sim_covered *c, uint32_t wait, unsigned k) {
    return pl_sim__cover_applies(program_of(c), wait, (enum pl_vm_trace)(PL_TRACE_ANSWERED + k)) &&
           !c->cover->waits[(size_t)wait * SIM_SITUATIONS + k];
}

static void repair(const struct sim_covered *c, struct pl_buf *out) {
    const struct pl_program *p = program_of(c);
    bool any = false;
    for (uint32_t i = 0; i < p->nwaits; i++) {
        struct pl_buf b = {0};
        if (!is_listed(c, p->waits[i].id)) continue;
        for (unsigned k = 0; k < SIM_SITUATIONS; k++)
            if (is_missing(c, i, k))
                pl_buf_printf(&b, "%s%s", b.n ? ", " : "", situations[PL_TRACE_ANSWERED + k]);
        if (b.n && !any) pl_buf_c(out, "\nsituations that no talk comes into, at each wait\n");
        any |= b.n > 0;
        if (b.n) pl_buf_printf(out, "  @%.*s: %.*s\n", PL_STR_ARG(p->waits[i].id), (int)b.n, b.p);
        pl_buf_free(&b);
    }
}

static bool is_unsaid(const struct sim_covered *c, uint32_t text, uint32_t locale) {
    const struct pl_program *p = program_of(c);
    return p->texts[text].id.n && !c->cover->texts[(size_t)locale * p->ntexts + text];
}

static void unsaid_anywhere(const struct sim_covered *c, struct pl_buf *out) {
    const struct pl_program *p = program_of(c);
    size_t column = 0;
    for (uint32_t i = 0; i < p->ntexts; i++) {
        bool said = p->texts[i].id.n == 0 || !is_listed(c, p->texts[i].id);
        for (uint32_t l = 0; l < p->nlocales; l++) said = said || !is_unsaid(c, i, l);
        if (said) continue;
        size_t n = p->texts[i].id.n + 2;
        if (column == 0) pl_buf_c(out, "\ntexts that are said in no locale\n ");
        if (column && column + n > 96) {
            pl_buf_c(out, "\n ");
            column = 1;
        }
        pl_buf_printf(out, " @%.*s", PL_STR_ARG(p->texts[i].id));
        column += n + (column == 0);
    }
    if (column) pl_buf_byte(out, '\n');
}

static void locales(const struct sim_covered *c, struct pl_buf *out) {
    const struct pl_program *p = program_of(c);
    pl_buf_c(out, "\ntexts said\n");
    for (uint32_t l = 0; l < p->nlocales; l++) {
        struct sim_count n = {0};
        for (uint32_t i = 0; i < p->ntexts; i++) {
            if (!p->texts[i].id.n || !is_listed(c, p->texts[i].id)) continue;
            n.total++;
            n.covered += !is_unsaid(c, i, l);
        }
        pl_buf_printf(out, "  %-8.*s %u/%u %u%%\n", PL_STR_ARG(p->locales[l]), n.covered, n.total,
                      percent(n));
    }
    unsaid_anywhere(c, out);
}

void pl_sim__cover_text_report(const struct sim_project *p, const struct sim_covered *c,
                               struct pl_buf *out) {
    enum sim_part part = c->counted_only ? SIM_PROJECT : SIM_ALL;
    struct sim_count steps = c->counts[part][SIM_STEPS], branches = c->counts[part][SIM_BRANCHES];
    if (steps.covered < steps.total || branches.covered < branches.total)
        pl_buf_c(out, "\nnot reached\n");
    sites(p, c, out);
    rules(c, out);
    repair(c, out);
    locales(c, out);
    pl_buf_byte(out, '\n');
    table(c, out);
}

/* ---- JSON ---- */

static void json_counts(const struct sim_covered *c, struct pl_jw *w) {
    for (int p = 0; p < SIM_PARTS; p++) {
        pl_jw_name(w, parts[p]);
        pl_jw_open(w, '{');
        for (int m = 0; m < SIM_MEASURES; m++) {
            pl_jw_name(w, measures[m]);
            pl_jw_open(w, '{');
            pl_jw_int_member(w, "covered", c->counts[p][m].covered);
            pl_jw_int_member(w, "total", c->counts[p][m].total);
            pl_jw_close(w, '}');
        }
        pl_jw_close(w, '}');
    }
}

static void json_sites(const struct sim_covered *c, struct pl_jw *w) {
    pl_jw_name(w, "not_reached");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < c->nsites; i++) {
        const struct sim_site *s = &c->sites[i];
        if (s->covered) continue;
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "kind", s->kind == PL_POINT_STEP ? PL_STR("step") : PL_STR("branch"));
        pl_jw_text_member(w, "file", s->file);
        pl_jw_int_member(w, "line", s->line);
        pl_jw_int_member(w, "column", s->column);
        pl_jw_text_member(w, "name", s->name);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

static void json_waits(const struct sim_covered *c, struct pl_jw *w) {
    const struct pl_program *p = program_of(c);
    pl_jw_name(w, "repair");
    pl_jw_open(w, '[');
    for (uint32_t i = 0; i < p->nwaits; i++) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "wait", p->waits[i].id);
        pl_jw_name(w, "missing");
        pl_jw_open(w, '[');
        for (unsigned k = 0; k < SIM_SITUATIONS; k++)
            if (is_missing(c, i, k)) pl_jw_text(w, pl_str_c(situations[PL_TRACE_ANSWERED + k]));
        pl_jw_close(w, ']');
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

static void json_names(const struct sim_covered *c, struct pl_jw *w) {
    const struct pl_program *p = program_of(c);
    pl_jw_name(w, "rules_not_fired");
    pl_jw_open(w, '[');
    for (uint32_t i = 0; i < p->nrules; i++)
        if (!c->cover->rules[i]) pl_jw_text(w, p->rules[i].name);
    pl_jw_close(w, ']');
    pl_jw_name(w, "texts_not_said");
    pl_jw_open(w, '[');
    for (uint32_t l = 0; l < p->nlocales; l++) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "locale", p->locales[l]);
        pl_jw_name(w, "texts");
        pl_jw_open(w, '[');
        for (uint32_t i = 0; i < p->ntexts; i++)
            if (is_unsaid(c, i, l)) pl_jw_text(w, p->texts[i].id);
        pl_jw_close(w, ']');
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

void pl_sim__cover_json(const struct sim_covered *c, struct pl_buf *out) {
    struct pl_jw w = {.b = out};
    pl_jw_open(&w, '{');
    pl_jw_name(&w, "coverage");
    pl_jw_open(&w, '{');
    json_counts(c, &w);
    json_sites(c, &w);
    json_waits(c, &w);
    json_names(c, &w);
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
    pl_buf_byte(out, '\n');
}

/* ---- thresholds ---- */

struct limit {
    enum sim_part part;
    enum sim_measure measure;
    int64_t percent;
};

static int index_of(struct pl_str s, const char *const *names, int n) {
    for (int i = 0; i < n; i++)
        if (pl_str_is(s, names[i])) return i;
    return -1;
}

/* "[part.]measure=percent" off the front of *s. */
static bool take_limit(struct pl_str *s, struct limit *out) {
    size_t comma = pl_str_find(*s, PL_STR(",")), n = comma == SIZE_MAX ? s->n : comma;
    struct pl_str one = pl_str_trim((struct pl_str){s->p, n});
    n += comma != SIZE_MAX;
    *s = (struct pl_str){s->p + n, s->n - n};
    size_t eq = pl_str_find(one, PL_STR("="));
    if (eq == SIZE_MAX) return false;
    struct pl_str name = {one.p, eq}, value = {one.p + eq + 1, one.n - eq - 1};
    size_t dot = pl_str_find(name, PL_STR("."));
    int part = SIM_ALL;
    if (dot != SIZE_MAX) {
        part = index_of((struct pl_str){name.p, dot}, parts, SIM_PARTS);
        name = (struct pl_str){name.p + dot + 1, name.n - dot - 1};
    }
    int measure = index_of(name, measures, SIM_MEASURES);
    if (part < 0 || measure < 0 || !pl_str_i64(value, &out->percent)) return false;
    out->part = (enum sim_part)part;
    out->measure = (enum sim_measure)measure;
    return out->percent >= 0 && out->percent <= 100;
}

bool pl_sim__threshold_parse(const char *s, struct pl_buf *why) {
    struct pl_str rest = pl_str_c(s), one;
    struct limit limit;
    do {
        one = rest;
        if (!take_limit(&rest, &limit)) {
            pl_buf_printf(
                why,
                "a threshold is written steps=100,branches=95, of steps, branches, rules, "
                "repair and locales, perhaps with project. or prelude. in front; not %.*s",
                PL_STR_ARG(one));
            return false;
        }
    } while (rest.n);
    return true;
}

bool pl_sim__threshold_met(const char *s, const struct sim_covered *c, struct pl_buf *why) {
    struct pl_str rest = pl_str_c(s);
    struct limit limit;
    bool met = true;
    while (rest.n && take_limit(&rest, &limit)) {
        struct sim_count n = c->counts[limit.part][limit.measure];
        if ((int64_t)n.covered * 100 >= limit.percent * n.total) continue;
        met = false;
        pl_buf_printf(why, "coverage: %s%s%s %u/%u is below %lld%%\n",
                      limit.part == SIM_ALL ? "" : parts[limit.part],
                      limit.part == SIM_ALL ? "" : "'s ", measures[limit.measure], n.covered,
                      n.total, (long long)limit.percent);
    }
    return met;
}
