/* SPDX-License-Identifier: Apache-2.0
 *
 * What is told of talks that were played: for people, TAP, JSON lines; JUnit's file beside them.
 */
#include <string.h>

#include "tools/sim/sim_priv.h"

#define WIDTH       100
#define WIDTH_LEAST 60

/* ---- two columns ---- */

/* Characters that take a place of their own. */
static size_t width(struct pl_str s) {
    size_t n = 0;
    for (size_t at = 0; at < s.n;) {
        uint32_t cp = pl_utf8_next(s, &at);
        bool none = (cp >= 0x300 && cp < 0x370) || (cp >= 0x64b && cp < 0x660) ||
                    (cp >= 0x200b && cp < 0x2010) || (cp >= 0x2060 && cp < 0x2070);
        n += !none;
    }
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

static void paint(struct sim_report *r, struct pl_buf *out, const char *code) {
    if (r->test->colour) pl_buf_printf(out, "\033[%sm", code);
}

static void columns(struct sim_report *r, struct pl_buf *out, const struct sim_row *row) {
    static const char marks[] = {
        [SIM_ROW_SAME] = ' ', [SIM_ROW_EXTRA] = '+', [SIM_ROW_AWAITED] = '!'};
    static const char *const colours[] = {
        [SIM_ROW_SAME] = "0", [SIM_ROW_EXTRA] = "2", [SIM_ROW_AWAITED] = "31"};
    struct pl_str left = pl_str_trim(row->expected), right = row->got;
    bool first = true;
    while (left.n || right.n) {
        struct pl_str a = take_line(&left, r->left), b = take_line(&right, r->right);
        if (row->kind != SIM_ROW_SAME) paint(r, out, colours[row->kind]);
        pl_buf_printf(out, "  %c %.*s", first ? marks[row->kind] : ' ', PL_STR_ARG(a));
        for (size_t n = width(a); b.n && n < r->left; n++) pl_buf_byte(out, ' ');
        if (b.n) pl_buf_printf(out, " | %.*s", PL_STR_ARG(b));
        if (row->kind != SIM_ROW_SAME) paint(r, out, "0");
        pl_buf_byte(out, '\n');
        first = false;
    }
}

static void conversation(struct sim_report *r, struct pl_buf *out, const struct sim_result *x) {
    const struct sim_row head = {.expected = PL_STR("the talk"), .got = PL_STR("the conversation")};
    if (x->nrows == 0) return;
    columns(r, out, &head);
    for (size_t i = 0; i < r->left + r->right + 3; i++) pl_buf_c(out, i ? "-" : "    -");
    pl_buf_byte(out, '\n');
    for (size_t i = 0; i < x->nrows; i++) columns(r, out, &x->rows[i]);
}

/* "  understood   intent track_order 0.93": what repeats the word above leaves it out. */
static void reasons(struct sim_report *r, struct pl_buf *out, const struct sim_result *x) {
    if (x->nreasons == 0) return;
    pl_buf_c(out, "\n    why, since the customer's last turn\n");
    for (size_t i = 0; i < x->nreasons; i++) {
        struct pl_str rest = x->reasons[i].text;
        bool again = i > 0 && pl_str_eq(x->reasons[i].what, x->reasons[i - 1].what);
        for (bool first = true; rest.n; first = false) {
            struct pl_str line = take_line(&rest, r->left + r->right - 12);
            pl_buf_printf(out, "    %-13.*s  %.*s\n",
                          first && !again ? (int)x->reasons[i].what.n : 0, x->reasons[i].what.p,
                          PL_STR_ARG(line));
        }
    }
}

static struct pl_str title(struct pl_arena *a, const struct sim_job *j) {
    if (!j->locale.n) return j->talk->talk.name;
    return pl_arena_printf(a, "%.*s [%.*s]", PL_STR_ARG(j->talk->talk.name), PL_STR_ARG(j->locale));
}

/* Place, awaited line and reason. */
static void failure(struct pl_buf *out, const struct sim_job *j, const struct sim_result *x) {
    if (j->talk->broken.n) {
        pl_buf_str(out, x->why);
        return;
    }
    pl_buf_printf(out, "%.*s:%u: ", PL_STR_ARG(j->talk->talk.file), x->line);
    if (x->awaited.n) pl_buf_printf(out, "%.*s\n  ", PL_STR_ARG(x->awaited));
    pl_buf_printf(out, "%.*s\n", PL_STR_ARG(x->why));
}

static void whole_failure(struct sim_report *r, struct pl_buf *out, const struct sim_job *j,
                          const struct sim_result *x) {
    failure(out, j, x);
    if (x->nrows) pl_buf_byte(out, '\n');
    conversation(r, out, x);
    reasons(r, out, x);
}

/* ---- for people ---- */

static void plain(struct sim_report *r, struct pl_buf *out, const struct sim_job *j,
                  const struct sim_result *x, struct pl_str name) {
    if (!x->failed && !r->test->verbose) return;
    paint(r, out, x->failed ? "1;31" : "32");
    pl_buf_c(out, x->failed ? "FAIL" : "ok  ");
    paint(r, out, "0");
    pl_buf_printf(out, " %.*s\n", PL_STR_ARG(name));
    if (x->failed)
        whole_failure(r, out, j, x);
    else
        conversation(r, out, x);
    pl_buf_byte(out, '\n');
}

/* ---- TAP ---- */

/* A double-quoted text of YAML is JSON's. */
static void yaml_text(struct pl_buf *out, const char *key, struct pl_str s) {
    struct pl_jw w = {.b = out};
    pl_buf_printf(out, "  %s: ", key);
    pl_jw_text(&w, s);
    pl_buf_byte(out, '\n');
}

static void yaml_block(struct pl_buf *out, const char *key, struct pl_str s) {
    pl_buf_printf(out, "  %s: |2\n", key);
    while (s.n) {
        const char *end = memchr(s.p, '\n', s.n);
        size_t n = end ? (size_t)(end - s.p) : s.n;
        pl_buf_printf(out, "%s%.*s\n", n ? "    " : "", (int)n, s.p);
        n += end != NULL;
        s = (struct pl_str){s.p + n, s.n - n};
    }
}

static void tap(struct sim_report *r, struct pl_buf *out, const struct sim_job *j,
                const struct sim_result *x, struct pl_str name) {
    struct pl_buf b = {0};
    pl_buf_printf(out, "%s %u - ", x->failed ? "not ok" : "ok", r->passed + r->failed);
    for (size_t i = 0; i < name.n; i++) { /* # would begin a directive */
        if (name.p[i] == '#' || name.p[i] == '\\') pl_buf_byte(out, '\\');
        pl_buf_byte(out, name.p[i] == '\n' ? ' ' : (uint8_t)name.p[i]);
    }
    pl_buf_byte(out, '\n');
    if (!x->failed) return;
    conversation(r, &b, x);
    reasons(r, &b, x);
    pl_buf_c(out, "  ---\n");
    yaml_text(out, "message", x->why);
    yaml_text(out, "file", j->talk->talk.file);
    pl_buf_printf(out, "  line: %u\n", x->line);
    yaml_text(out, "awaited", x->awaited);
    if (b.n) yaml_block(out, "conversation", pl_buf_slice(&b));
    pl_buf_c(out, "  ...\n");
    pl_buf_free(&b);
}

/* ---- JSON ---- */

static void json_failure(struct pl_jw *w, const struct sim_job *j, const struct sim_result *x) {
    static const char *const kinds[] = {
        [SIM_ROW_SAME] = "same", [SIM_ROW_EXTRA] = "extra", [SIM_ROW_AWAITED] = "awaited"};
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "file", j->talk->talk.file);
    pl_jw_int_member(w, "line", x->line);
    pl_jw_text_member(w, "awaited", x->awaited);
    pl_jw_text_member(w, "message", x->why);
    pl_jw_name(w, "conversation");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < x->nrows; i++) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "kind", pl_str_c(kinds[x->rows[i].kind % PL_LEN(kinds)]));
        pl_jw_text_member(w, "expected", x->rows[i].expected);
        pl_jw_text_member(w, "got", x->rows[i].got);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
    pl_jw_name(w, "because");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < x->nreasons; i++) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "what", x->reasons[i].what);
        pl_jw_text_member(w, "text", x->reasons[i].text);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
}

static void json(struct pl_buf *out, const struct sim_job *j, const struct sim_result *x) {
    struct pl_jw w = {.b = out};
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "talk", j->talk->talk.name);
    pl_jw_text_member(&w, "locale", j->locale);
    pl_jw_text_member(&w, "file", j->talk->talk.file);
    pl_jw_int_member(&w, "line", j->talk->talk.line);
    pl_jw_name(&w, "passed");
    pl_jw_bool(&w, !x->failed);
    pl_jw_int_member(&w, "took_us", x->took_us);
    pl_jw_name(&w, "failures");
    pl_jw_open(&w, '[');
    if (x->failed) json_failure(&w, j, x);
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    pl_buf_byte(out, '\n');
}

/* ---- JUnit ---- */

static void xml(struct pl_buf *out, struct pl_str s) {
    for (size_t at = 0; at < s.n;) {
        char c[4];
        uint32_t cp = pl_utf8_next(s, &at);
        bool written = cp >= 0x20 ? cp != 0xfffe && cp != 0xffff : cp == '\n' || cp == '\t';
        if (cp == '&' || cp == '<' || cp == '>' || cp == '"')
            pl_buf_printf(out, "&#%u;", (unsigned)cp);
        else if (written) /* others cannot be written in XML 1.0 */
            pl_buf_add(out, c, pl_utf8_put(cp, c));
    }
}

static void xml_attribute(struct pl_buf *out, const char *name, struct pl_str s) {
    pl_buf_printf(out, " %s=\"", name);
    for (size_t i = 0; i < s.n; i++) /* a line end in an attribute would be read as a blank */
        if (s.p[i] == '\n')
            pl_buf_c(out, "&#10;");
        else
            xml(out, (struct pl_str){s.p + i, 1});
    pl_buf_byte(out, '"');
}

static void seconds(struct pl_buf *out, int64_t us) {
    pl_buf_printf(out, " time=\"%lld.%06lld\"", (long long)(us / 1000000),
                  (long long)(us % 1000000));
}

static void end_suite(struct sim_report *r) {
    struct pl_buf *out = &r->suites;
    if (r->suite_tests == 0) return;
    pl_buf_c(out, "  <testsuite");
    xml_attribute(out, "name", r->suite);
    xml_attribute(out, "file", r->suite);
    pl_buf_printf(out, " tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"0\"", r->suite_tests,
                  r->suite_failures);
    seconds(out, r->suite_us);
    pl_buf_c(out, ">\n");
    pl_buf_str(out, pl_buf_slice(&r->cases));
    pl_buf_c(out, "  </testsuite>\n");
    pl_buf_clear(&r->cases);
    r->suite_tests = r->suite_failures = 0;
    r->suite_us = 0;
}

static void junit(struct sim_report *r, const struct sim_job *j, const struct sim_result *x,
                  struct pl_str name) {
    struct pl_buf b = {0}, *out = &r->cases;
    if (!pl_str_eq(r->suite, j->talk->talk.file)) end_suite(r);
    r->suite = j->talk->talk.file;
    r->suite_tests++;
    r->suite_failures += x->failed;
    r->suite_us += x->took_us;
    pl_buf_c(out, "    <testcase");
    xml_attribute(out, "name", name);
    xml_attribute(out, "classname", j->talk->talk.file);
    xml_attribute(out, "file", j->talk->talk.file);
    pl_buf_printf(out, " line=\"%u\"", j->talk->talk.line);
    seconds(out, x->took_us);
    pl_buf_c(out, x->failed ? ">\n      <failure type=\"talk\"" : "/>\n");
    if (!x->failed) return;
    size_t end = pl_str_find(x->why, PL_STR("\n"));
    xml_attribute(out, "message", (struct pl_str){x->why.p, end == SIZE_MAX ? x->why.n : end});
    pl_buf_c(out, ">");
    whole_failure(r, &b, j, x);
    xml(out, pl_buf_slice(&b));
    pl_buf_c(out, "</failure>\n    </testcase>\n");
    pl_buf_free(&b);
}

static bool write_junit(struct sim_report *r, int64_t took_us) {
    struct pl_buf b = {0};
    end_suite(r);
    pl_buf_printf(&b,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<testsuites name=\"talks\" tests=\"%u\" failures=\"%u\" errors=\"0\"",
                  r->passed + r->failed, r->failed);
    seconds(&b, took_us);
    pl_buf_c(&b, ">\n");
    pl_buf_str(&b, pl_buf_slice(&r->suites));
    pl_buf_c(&b, "</testsuites>\n");
    enum pl_err err = pl_file_replace(r->test->junit, pl_buf_slice(&b));
    if (err != PL_OK) fprintf(r->test->err, "%s: %s\n", r->test->junit, pl_err_text(err));
    pl_buf_free(&b);
    return err == PL_OK;
}

/* ---- the run ---- */

void pl_sim__report_begin(struct sim_report *r) {
    struct pl_clock clock = pl_clock_system();
    size_t all = r->test->width ? r->test->width : WIDTH;
    if (all < WIDTH_LEAST) all = WIDTH_LEAST;
    r->left = (all - 7) / 2;
    r->right = all - 7 - r->left;
    r->from_us = clock.mono_us(clock.ctx);
    if (r->test->format == PL_SIM_TAP)
        fprintf(r->test->out, "TAP version 13\n1..%zu\n", r->project->jobs.n);
}

void pl_sim__report(struct sim_report *r, size_t job, const struct sim_result *x) {
    const struct sim_job *j = &r->project->jobs.v[job];
    struct pl_buf out = {0};
    struct pl_arena a;
    pl_arena_init(&a, 0);
    struct pl_str name = title(&a, j);
    if (x->failed)
        r->failed++;
    else
        r->passed++;
    switch (r->test->format) {
    case PL_SIM_PLAIN: plain(r, &out, j, x, name); break;
    case PL_SIM_TAP: tap(r, &out, j, x, name); break;
    case PL_SIM_JSON: json(&out, j, x); break;
    }
    if (r->test->junit) junit(r, j, x, name);
    if (out.n) fwrite(out.p, 1, out.n, r->test->out);
    fflush(r->test->out);
    pl_buf_free(&out);
    pl_arena_free(&a);
}

bool pl_sim__report_end(struct sim_report *r) {
    struct pl_clock clock = pl_clock_system();
    int64_t took = clock.mono_us(clock.ctx) - r->from_us;
    double s = (double)(took ? took : 1) / 1e6;
    uint32_t n = r->passed + r->failed;
    if (r->test->format == PL_SIM_PLAIN)
        fprintf(r->test->out, "%u passed, %u failed (%.2f s, %.0f a second)\n", r->passed,
                r->failed, s, n / s);
    bool good = !r->test->junit || write_junit(r, took);
    fflush(r->test->out);
    pl_buf_free(&r->suites);
    pl_buf_free(&r->cases);
    return good;
}
