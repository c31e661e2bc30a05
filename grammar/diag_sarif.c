/* SPDX-License-Identifier: Apache-2.0
 *
 * Diagnostics as SARIF 2.1.0, which code hosts and editors read.
 */
#include "grammar/diag.h"
#include "runtime/value/value.h"

static void open(struct pl_jw *w, const char *name, char bracket) {
    pl_jw_name(w, name);
    pl_jw_open(w, bracket);
}

/* "message": {"text": …}, with no empty text. */
static void message(struct pl_jw *w, const char *name, struct pl_str text) {
    if (!text.n) return;
    open(w, name, '{');
    pl_jw_text_member(w, "text", text);
    pl_jw_close(w, '}');
}

static void code_text(struct pl_jw *w, const char *name, uint16_t code) {
    char text[16];
    snprintf(text, sizeof text, "P%04u", (unsigned)code);
    pl_jw_text_member(w, name, pl_str_c(text));
}

/* ---- places ---- */

static bool plain_in_uri(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~' || c == '/';
}

static void artifact(struct pl_jw *w, const struct pl_source *s) {
    struct pl_buf uri = {0};
    for (size_t i = 0; i < s->name.n; i++)
        if (plain_in_uri(s->name.p[i]))
            pl_buf_add(&uri, &s->name.p[i], 1);
        else
            pl_buf_printf(&uri, "%%%02X", (unsigned)(unsigned char)s->name.p[i]);
    open(w, "artifactLocation", '{');
    pl_jw_text_member(w, "uri", pl_buf_slice(&uri));
    pl_jw_close(w, '}');
    pl_buf_free(&uri);
}

static void region(struct pl_jw *w, const char *name, const struct pl_source *s,
                   struct pl_span at) {
    struct pl_pos from = pl_source_pos(s, at.start), to = pl_source_pos(s, at.end);
    open(w, name, '{');
    pl_jw_int_member(w, "startLine", from.line);
    pl_jw_int_member(w, "startColumn", from.column);
    pl_jw_int_member(w, "endLine", to.line);
    pl_jw_int_member(w, "endColumn", to.column);
    pl_jw_close(w, '}');
}

static void physical(struct pl_jw *w, const struct pl_diags *d, struct pl_span at) {
    const struct pl_source *s = &d->sources->v[at.file];
    open(w, "physicalLocation", '{');
    artifact(w, s);
    region(w, "region", s, at);
    pl_jw_close(w, '}');
}

static void related(struct pl_jw *w, const struct pl_diags *d, const struct pl_diag *diag) {
    if (!diag->nnotes) return;
    open(w, "relatedLocations", '[');
    for (size_t i = 0; i < diag->nnotes; i++) {
        pl_jw_open(w, '{');
        physical(w, d, diag->notes[i].span);
        message(w, "message", diag->notes[i].text);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

/* ---- fixes ---- */

static void replacements(struct pl_jw *w, const struct pl_source *s, const struct pl_diag_fix *fix,
                         uint32_t file) {
    pl_jw_open(w, '{');
    artifact(w, s);
    open(w, "replacements", '[');
    for (size_t i = 0; i < fix->nedits; i++) {
        if (fix->edits[i].span.file != file) continue;
        pl_jw_open(w, '{');
        region(w, "deletedRegion", s, fix->edits[i].span);
        open(w, "insertedContent", '{');
        pl_jw_text_member(w, "text", fix->edits[i].text);
        pl_jw_close(w, '}');
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
}

static bool is_first_of_file(const struct pl_diag_fix *fix, size_t edit) {
    for (size_t i = 0; i < edit; i++)
        if (fix->edits[i].span.file == fix->edits[edit].span.file) return false;
    return true;
}

static void fixes(struct pl_jw *w, const struct pl_diags *d, const struct pl_diag *diag) {
    if (!diag->nfixes) return;
    open(w, "fixes", '[');
    for (size_t i = 0; i < diag->nfixes; i++) {
        const struct pl_diag_fix *fix = &diag->fixes[i];
        pl_jw_open(w, '{');
        message(w, "description", fix->title);
        open(w, "artifactChanges", '[');
        for (size_t k = 0; k < fix->nedits; k++) {
            uint32_t file = fix->edits[k].span.file;
            if (is_first_of_file(fix, k)) replacements(w, &d->sources->v[file], fix, file);
        }
        pl_jw_close(w, ']');
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

/* ---- rules and results ---- */

static bool is_first_of_code(const struct pl_diags *d, size_t at) {
    for (size_t i = 0; i < at; i++)
        if (d->v[i]->code == d->v[at]->code) return false;
    return true;
}

/* The place of a code among the rules, which stand in the order of their first results. */
static int64_t rule_index(const struct pl_diags *d, uint16_t code) {
    int64_t index = 0;
    for (size_t i = 0; i < d->n && d->v[i]->code != code; i++)
        if (is_first_of_code(d, i)) index++;
    return index;
}

static void rule(struct pl_jw *w, uint16_t code) {
    const struct pl_diag_info *info = pl_diag_info(code);
    struct pl_buf help = {0};
    pl_buf_printf(&help, "parlance explain P%04u", (unsigned)code);
    pl_jw_open(w, '{');
    code_text(w, "id", code);
    pl_jw_text_member(w, "name", pl_str_c(info->name));
    message(w, "shortDescription", pl_str_c(info->message));
    message(w, "fullDescription", pl_str_c(info->why));
    message(w, "help", pl_buf_slice(&help));
    open(w, "defaultConfiguration", '{');
    pl_jw_text_member(w, "level", pl_str_c(pl_severity_word(info->severity)));
    pl_jw_close(w, '}');
    pl_jw_close(w, '}');
    pl_buf_free(&help);
}

static void tool(struct pl_jw *w, const struct pl_diags *d) {
    open(w, "tool", '{');
    open(w, "driver", '{');
    pl_jw_text_member(w, "name", PL_STR("parlance"));
    pl_jw_text_member(w, "version", pl_str_c(PL_VERSION_TEXT));
    open(w, "rules", '[');
    for (size_t i = 0; i < d->n; i++)
        if (is_first_of_code(d, i)) rule(w, d->v[i]->code);
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
    pl_jw_close(w, '}');
}

static void result(struct pl_jw *w, const struct pl_diags *d, const struct pl_diag *diag) {
    struct pl_buf text = {0};
    pl_diag_message(&text, diag);
    if (diag->hint.n) pl_buf_printf(&text, ": %.*s", PL_STR_ARG(diag->hint));
    pl_jw_open(w, '{');
    code_text(w, "ruleId", diag->code);
    pl_jw_int_member(w, "ruleIndex", rule_index(d, diag->code));
    pl_jw_text_member(w, "level", pl_str_c(pl_severity_word(diag->severity)));
    message(w, "message", pl_buf_slice(&text));
    open(w, "locations", '[');
    pl_jw_open(w, '{');
    physical(w, d, diag->span);
    pl_jw_close(w, '}');
    pl_jw_close(w, ']');
    related(w, d, diag);
    fixes(w, d, diag);
    pl_jw_close(w, '}');
    pl_buf_free(&text);
}

void pl_diags_print_sarif(struct pl_buf *out, const struct pl_diags *d) {
    struct pl_jw w = {.b = out};
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "$schema", PL_STR("https://json.schemastore.org/sarif-2.1.0.json"));
    pl_jw_text_member(&w, "version", PL_STR("2.1.0"));
    open(&w, "runs", '[');
    pl_jw_open(&w, '{');
    tool(&w, d);
    pl_jw_text_member(&w, "columnKind", PL_STR("unicodeCodePoints"));
    open(&w, "results", '[');
    for (size_t i = 0; i < d->n; i++) result(&w, d, d->v[i]);
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    pl_buf_byte(out, '\n');
}
