/* SPDX-License-Identifier: Apache-2.0
 *
 * What is told of talks that were played: for people, TAP, JUnit, JSON lines.
 */
#include <string.h>

#include "tools/sim/sim_priv.h"

#define LEFT  46 /* characters of the left column */
#define RIGHT 52

/* ---- two columns ---- */

static size_t width(struct pl_str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

/* The next line of at most `most` characters, broken at a space where there is one. */
static struct pl_str take_line(struct pl_str *s, size_t most) {
    size_t at = 0, chars = 0, space = 0;
    while (at < s->n && s->p[at] != '\n' && chars < most) {
        if (s->p[at] == ' ' && chars) space = at;
        pl_utf8_next(*s, &at);
        chars++;
    }
    bool whole = at == s->n || s->p[at] == '\n' || s->p[at] == ' ';
    size_t cut = whole || space == 0 ? at : space, skip = cut;
    if (skip < s->n && (s->p[skip] == '\n' || s->p[skip] == ' ')) skip++;
    struct pl_str line = {s->p, cut};
    *s = (struct pl_str){s->p + skip, s->n - skip};
    return line;
}

static void columns(struct sim_report *r, struct pl_buf *out, const struct sim_row *row) {
    static const char marks[] = {
        [SIM_ROW_SAME] = ' ', [SIM_ROW_EXTRA] = '+', [SIM_ROW_AWAITED] = '!'};
    struct pl_str left = pl_str_trim(row->expected), right = row->got;
    bool colour = r->test->colour, first = true;
    while (left.n || right.n) {
        struct pl_str a = take_line(&left, LEFT), b = take_line(&right, RIGHT);
        if (colour && row->kind == SIM_ROW_AWAITED) pl_buf_c(out, "\033[31m");
        if (colour && row->kind == SIM_ROW_EXTRA) pl_buf_c(out, "\033[2m");
        pl_buf_printf(out, "  %c %.*s", first ? marks[row->kind] : ' ', PL_STR_ARG(a));
        for (size_t n = width(a); b.n && n < LEFT; n++) pl_buf_byte(out, ' ');
        if (b.n) pl_buf_printf(out, " | %.*s", PL_STR_ARG(b));
        if (colour && row->kind != SIM_ROW_SAME) pl_buf_c(out, "\033[0m");
        pl_buf_byte(out, '\n');
        first = false;
    }
}

static void conversation(struct sim_report *r, struct pl_buf *out, const struct sim_play *p) {
    const struct sim_row head = {.expected = PL_STR("expected"), .got = PL_STR("got")};
    columns(r, out, &head);
    for (size_t i = 0; i < p->rows.n; i++) columns(r, out, &p->rows.v[i]);
}

static struct pl_str title(struct pl_arena *a, const struct sim_play *p) {
    return pl_arena_printf(a, "%.*s [%.*s]", PL_STR_ARG(p->talk->talk.name), PL_STR_ARG(p->locale));
}

/* Place, awaited line and reason. */
static void failure(struct pl_buf *out, const struct sim_play *p) {
    pl_buf_printf(out, "%.*s:%u: ", PL_STR_ARG(p->talk->talk.file), p->failed_line);
    if (p->awaited.n) pl_buf_printf(out, "%.*s\n  ", PL_STR_ARG(p->awaited));
    pl_buf_printf(out, "%.*s\n", PL_STR_ARG(p->why));
}

/* ---- for people ---- */

static void plain(struct sim_report *r, struct pl_buf *out, const struct sim_play *p,
                  struct pl_str name) {
    bool colour = r->test->colour;
    const char *off = colour ? "\033[0m" : "";
    if (!p->failed && !r->test->verbose) return;
    pl_buf_printf(out, "%s%s%s %.*s\n", colour ? (p->failed ? "\033[1;31m" : "\033[32m") : "",
                  p->failed ? "FAIL" : "ok  ", off, PL_STR_ARG(name));
    if (p->failed) failure(out, p);
    if (p->failed || r->test->verbose) conversation(r, out, p);
    pl_buf_byte(out, '\n');
}

/* ---- for machines ---- */

static void tap(struct sim_report *r, struct pl_buf *out, const struct sim_play *p,
                struct pl_str name) {
    struct pl_buf b = {0};
    pl_buf_printf(out, "%s %u - ", p->failed ? "not ok" : "ok", r->passed + r->failed);
    for (size_t i = 0; i < name.n; i++) { /* # would begin a directive */
        if (name.p[i] == '#' || name.p[i] == '\\') pl_buf_byte(out, '\\');
        pl_buf_byte(out, (uint8_t)name.p[i]);
    }
    pl_buf_byte(out, '\n');
    if (p->failed) {
        failure(&b, p);
        conversation(r, &b, p);
    }
    struct pl_str rest = pl_buf_slice(&b);
    while (rest.n) {
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t n = end ? (size_t)(end - rest.p) : rest.n;
        pl_buf_printf(out, "# %.*s\n", (int)n, rest.p);
        n += end != NULL;
        rest = (struct pl_str){rest.p + n, rest.n - n};
    }
    pl_buf_free(&b);
}

static void json(struct pl_buf *out, const struct sim_play *p, int64_t took_us) {
    struct pl_jw w = {.b = out};
    pl_jw_open(&w, '{');
    pl_jw_name(&w, "talk");
    pl_jw_text(&w, p->talk->talk.name);
    pl_jw_name(&w, "locale");
    pl_jw_text(&w, p->locale);
    pl_jw_name(&w, "file");
    pl_jw_text(&w, p->talk->talk.file);
    pl_jw_name(&w, "line");
    pl_jw_int(&w, p->failed ? p->failed_line : p->talk->talk.line);
    pl_jw_name(&w, "passed");
    pl_jw_bool(&w, !p->failed);
    pl_jw_name(&w, "took_us");
    pl_jw_int(&w, took_us);
    if (p->failed) {
        pl_jw_name(&w, "awaited");
        pl_jw_text(&w, p->awaited);
        pl_jw_name(&w, "why");
        pl_jw_text(&w, p->why);
    }
    pl_jw_close(&w, '}');
    pl_buf_byte(out, '\n');
}

static void xml(struct pl_buf *out, struct pl_str s) {
    for (size_t at = 0; at < s.n;) {
        char c[4];
        uint32_t cp = pl_utf8_next(s, &at);
        if (cp == '&' || cp == '<' || cp == '"')
            pl_buf_printf(out, "&#%u;", (unsigned)cp);
        else if (cp >= 0x20 || cp == '\n' || cp == '\t') /* others cannot be written in XML 1.0 */
            pl_buf_add(out, c, pl_utf8_put(cp, c));
    }
}

static void junit(struct sim_report *r, const struct sim_play *p, struct pl_str name,
                  int64_t took_us) {
    struct pl_buf b = {0}, *out = &r->cases;
    pl_buf_c(out, "  <testcase classname=\"");
    xml(out, p->talk->talk.file);
    pl_buf_c(out, "\" name=\"");
    xml(out, name);
    pl_buf_printf(out, "\" time=\"%lld.%06lld\"", (long long)(took_us / 1000000),
                  (long long)(took_us % 1000000));
    if (!p->failed) {
        pl_buf_c(out, "/>\n");
        return;
    }
    pl_buf_c(out, ">\n    <failure message=\"");
    xml(out, p->why);
    pl_buf_c(out, "\">");
    failure(&b, p);
    conversation(r, &b, p);
    xml(out, pl_buf_slice(&b));
    pl_buf_c(out, "</failure>\n  </testcase>\n");
    pl_buf_free(&b);
}

/* ---- the run ---- */

void pl_sim__report_begin(struct sim_report *r) {
    if (r->test->format == PL_SIM_TAP) fputs("TAP version 13\n", r->test->out);
}

void pl_sim__report(struct sim_report *r, const struct sim_play *p, int64_t took_us) {
    struct pl_buf out = {0};
    struct pl_arena a;
    pl_arena_init(&a, 0);
    struct pl_str name = title(&a, p);
    if (p->failed)
        r->failed++;
    else
        r->passed++;
    switch (r->test->format) {
    case PL_SIM_PLAIN: plain(r, &out, p, name); break;
    case PL_SIM_TAP: tap(r, &out, p, name); break;
    case PL_SIM_JUNIT: junit(r, p, name, took_us); break;
    case PL_SIM_JSON: json(&out, p, took_us); break;
    }
    if (out.n) fwrite(out.p, 1, out.n, r->test->out);
    fflush(r->test->out);
    pl_buf_free(&out);
    pl_arena_free(&a);
}

void pl_sim__report_end(struct sim_report *r) {
    FILE *out = r->test->out;
    switch (r->test->format) {
    case PL_SIM_PLAIN: fprintf(out, "%u passed, %u failed\n", r->passed, r->failed); break;
    case PL_SIM_TAP: fprintf(out, "1..%u\n", r->passed + r->failed); break;
    case PL_SIM_JUNIT:
        fprintf(out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<testsuite name=\"talks\" tests=\"%u\" failures=\"%u\">\n",
                r->passed + r->failed, r->failed);
        if (r->cases.n) fwrite(r->cases.p, 1, r->cases.n, out);
        fputs("</testsuite>\n", out);
        break;
    case PL_SIM_JSON: break;
    }
    fflush(out);
    pl_buf_free(&r->cases);
}
