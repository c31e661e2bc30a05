/* SPDX-License-Identifier: Apache-2.0
 *
 * XLIFF 2: a unit for each text, named by its id. Placeholders are <ph>, which a translator's tool
 * guards; a text with branches (plural, ordinal, select) goes as it is written, since another
 * language has other branches.
 */
#include <expat.h>
#include <stdarg.h>
#include <string.h>

#include "runtime/locale/locale.h"
#include "tools/cli/cli_i18n_priv.h"

#define XLIFF "urn:oasis:names:tc:xliff:document:2.0"

/* ---- writing ---- */

/* Has the text a placeholder with texts of its own? */
static bool branches(struct pl_str raw) {
    bool nested = false;
    for (size_t at = 0; at < raw.n && !nested; at++) {
        if (raw.p[at] == '\\')
            at++;
        else if (raw.p[at] == '{')
            at = pl_cli__placeholder(raw, at, &nested) - 1;
    }
    return nested;
}

/* Placeholders of one unit: each stands once, in source and target. */
struct marks {
    PL_VEC(struct pl_str);
};

static size_t mark(struct marks *m, struct pl_str s) {
    size_t i = 0;
    while (i < m->n && !pl_str_eq(m->v[i], s)) i++;
    if (i == m->n) PL_PUSH(m, s);
    return i;
}

typedef void each_part(void *ctx, struct pl_str part, bool placeholder);

static void parts(struct pl_str raw, each_part *each, void *ctx) {
    size_t from = 0;
    bool nested, whole = branches(raw);
    for (size_t at = 0; at < raw.n && !whole;) {
        if (raw.p[at] == '\\') {
            at += at + 1 < raw.n ? 2 : 1;
        } else if (raw.p[at] != '{') {
            at++;
        } else {
            size_t to = pl_cli__placeholder(raw, at, &nested);
            each(ctx, (struct pl_str){raw.p + from, at - from}, false);
            each(ctx, (struct pl_str){raw.p + at, to - at}, true);
            from = at = to;
        }
    }
    each(ctx, (struct pl_str){raw.p + from, raw.n - from}, false);
}

struct writer {
    struct pl_buf *b;
    struct marks marks;
    size_t nth; /* ids of <ph> are unique in a source or target */
};

static void note_mark(void *ctx, struct pl_str part, bool placeholder) {
    struct writer *w = ctx;
    if (placeholder) mark(&w->marks, part);
}

static void write_part(void *ctx, struct pl_str part, bool placeholder) {
    struct writer *w = ctx;
    if (!placeholder) {
        pl_buf_markup(w->b, part);
        return;
    }
    pl_buf_printf(w->b, "<ph id=\"%zu\" dataRef=\"d%zu\" canDelete=\"no\" equiv=\"", ++w->nth,
                  mark(&w->marks, part) + 1);
    pl_buf_markup(w->b, part);
    pl_buf_str(w->b, PL_STR("\"/>"));
}

static void write_text(struct writer *w, const char *element, struct pl_str raw) {
    w->nth = 0;
    pl_buf_printf(w->b, "          <%s>", element);
    parts(raw, write_part, w);
    pl_buf_printf(w->b, "</%s>\n", element);
}

static void write_note(struct pl_buf *b, const char *category, const char *text) {
    pl_buf_printf(b, "          <note category=\"%s\">%s</note>\n", category, text);
}

/* Which branches a plural has in the language. */
static void write_branch_note(struct pl_buf *b, struct pl_str locale) {
    static const char *const names[] = {"zero", "one", "two", "few", "many", "other"};
    unsigned bits = 0;
    struct pl_buf note = {0};
    pl_locale_plural_categories(locale, false, &bits);
    pl_buf_str(&note,
               PL_STR("Translate what stands in the inner braces. A plural's branches here:"));
    for (unsigned i = 0; i < PL_LEN(names); i++)
        if (bits >> i & 1) pl_buf_printf(&note, " %s", names[i]);
    pl_buf_byte(&note, 0);
    write_note(b, "branches", (const char *)note.p);
    pl_buf_free(&note);
}

static void write_notes(const struct i18n *p, const struct pl_grammar_text *t, uint32_t locale,
                        struct pl_buf *b) {
    struct pl_arena a;
    struct pl_buf at = {0};
    pl_arena_init(&a, 0);
    pl_buf_str(b, PL_STR("        <notes>\n"));
    pl_buf_markup(&at, pl_cli__i18n_where(&a, p, t->span));
    pl_buf_byte(&at, 0);
    write_note(b, "location", (const char *)at.p);
    if (t->label) write_note(b, "length", "A quick reply: 40 characters at most.");
    if (t->in[locale].state == PL_TEXT_STALE)
        write_note(b, "stale", "The text was changed after it was translated.");
    if (branches(t->raw)) write_branch_note(b, p->texts.locales[locale]);
    pl_buf_str(b, PL_STR("        </notes>\n"));
    pl_buf_free(&at);
    pl_arena_free(&a);
}

static void write_data(struct writer *w) {
    if (!w->marks.n) return;
    pl_buf_str(w->b, PL_STR("        <originalData>\n"));
    for (size_t i = 0; i < w->marks.n; i++) {
        pl_buf_printf(w->b, "          <data id=\"d%zu\">", i + 1);
        pl_buf_markup(w->b, w->marks.v[i]);
        pl_buf_str(w->b, PL_STR("</data>\n"));
    }
    pl_buf_str(w->b, PL_STR("        </originalData>\n"));
}

static void write_unit(const struct i18n *p, const struct pl_grammar_text *t, uint32_t locale,
                       struct pl_buf *b) {
    const struct pl_grammar_translation *in = &t->in[locale];
    struct writer w = {.b = b};
    parts(t->raw, note_mark, &w);
    parts(in->said, note_mark, &w);
    pl_buf_printf(b, "      <unit id=\"%.*s\">\n", PL_STR_ARG(t->id));
    write_notes(p, t, locale, b);
    write_data(&w);
    pl_buf_printf(b, "        <segment state=\"%s\">\n",
                  in->state == PL_TEXT_TRANSLATED ? "translated" : "initial");
    write_text(&w, "source", t->raw);
    if (in->said.n) write_text(&w, "target", in->said);
    pl_buf_str(b, PL_STR("        </segment>\n      </unit>\n"));
    PL_VEC_FREE(&w.marks);
}

/* Is it the first text of its file? */
static bool begins_file(const struct i18n *p, size_t i, uint32_t locale) {
    for (size_t k = 0; k < i; k++)
        if (p->texts.v[k].span.file == p->texts.v[i].span.file &&
            pl_cli__i18n_ours(&p->texts.v[k], locale))
            return false;
    return pl_cli__i18n_ours(&p->texts.v[i], locale);
}

static void write_file(const struct i18n *p, size_t first, uint32_t locale, struct pl_buf *b) {
    uint32_t file = p->texts.v[first].span.file;
    pl_buf_printf(b, "    <file id=\"f%zu\" original=\"", first + 1);
    pl_buf_markup(b, p->compiled.sources.v[file].name);
    pl_buf_str(b, PL_STR("\">\n"));
    for (size_t i = first; i < p->texts.n; i++) {
        const struct pl_grammar_text *t = &p->texts.v[i];
        if (t->span.file == file && pl_cli__i18n_ours(t, locale)) write_unit(p, t, locale, b);
    }
    pl_buf_str(b, PL_STR("    </file>\n"));
}

void pl_cli__xliff_print(const struct i18n *p, uint32_t locale, struct pl_buf *out) {
    pl_buf_printf(out,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xliff xmlns=\"" XLIFF
                  "\" version=\"2.0\" srcLang=\"%.*s\" trgLang=\"%.*s\" xml:space=\"preserve\">\n",
                  PL_STR_ARG(p->texts.locales[0]), PL_STR_ARG(p->texts.locales[locale]));
    for (size_t i = 0; i < p->texts.n; i++)
        if (begins_file(p, i, locale)) write_file(p, i, locale, out);
    pl_buf_str(out, PL_STR("</xliff>\n"));
}

/* ---- reading ---- */

struct reader {
    XML_Parser parser;
    struct pl_arena *a;
    const char *name;
    struct pl_str *locale;
    struct i18n_changes *out;
    bool xliff, failed;

    struct pl_str unit;           /* its id; empty: in none */
    struct pl_map data;           /* of the unit: id -> struct pl_str */
    struct pl_str datum;          /* id of the <data> that is read */
    struct pl_buf source, target; /* of the unit */
    struct pl_buf one, other;     /* source and target of the segment */
    struct pl_buf *to;            /* where text goes; NULL: nowhere */
    bool has_target, missing, initial;
};

static void fail(struct reader *r, const char *why, ...) PL_PRINTF(2, 3);
static void fail(struct reader *r, const char *why, ...) {
    char text[512];
    va_list args;
    if (r->failed) return;
    va_start(args, why);
    vsnprintf(text, sizeof text, why, args);
    va_end(args);
    r->failed = true;
    pl_cli__failure("%s:%lu: %s%s%s%s", r->name, (unsigned long)XML_GetCurrentLineNumber(r->parser),
                    r->unit.n ? "unit " : "", r->unit.n ? r->unit.p : "", r->unit.n ? ": " : "",
                    text);
    XML_StopParser(r->parser, XML_FALSE);
}

static const char *attribute(const char **v, const char *name) {
    for (; *v; v += 2)
        if (strcmp(v[0], name) == 0) return v[1];
    return NULL;
}

static struct pl_str keep(struct reader *r, const char *s) {
    return pl_arena_str(r->a, pl_str_c(s ? s : ""));
}

static void add_data(struct reader *r, const char *id) {
    const struct pl_str *s = id ? pl_map_get(&r->data, pl_str_c(id)) : NULL;
    if (s)
        pl_buf_str(r->to, *s);
    else if (id)
        fail(r, "there is no <data id=\"%s\">: a placeholder was lost", id);
}

static void add_code_point(struct reader *r, const char *hex) {
    char bytes[4];
    unsigned cp = 0;
    if (!hex || sscanf(hex, "%x", &cp) != 1 || cp > 0x10FFFF || (cp >= 0xD800 && cp < 0xE000)) {
        fail(r, "<cp> without a code point in hex");
        return;
    }
    pl_buf_add(r->to, bytes, pl_utf8_put(cp, bytes));
}

/* What stands within a source or target. */
static void inline_begin(struct reader *r, const char *name, const char **v) {
    if (strcmp(name, "ph") == 0 || strcmp(name, "sc") == 0 || strcmp(name, "ec") == 0)
        add_data(r, attribute(v, "dataRef"));
    else if (strcmp(name, "pc") == 0)
        add_data(r, attribute(v, "dataRefStart"));
    else if (strcmp(name, "cp") == 0)
        add_code_point(r, attribute(v, "hex"));
    else if (strcmp(name, "mrk") != 0 && strcmp(name, "sm") != 0 && strcmp(name, "em") != 0)
        fail(r, "an element <%s> within a text", name);
}

static void unit_begin(struct reader *r, const char **v) {
    const char *id = attribute(v, "id");
    if (!id || !*id) {
        fail(r, "a <unit> without an id");
        return;
    }
    r->unit = keep(r, id);
    r->missing = r->initial = false;
    pl_map_free(&r->data);
    pl_buf_clear(&r->source);
    pl_buf_clear(&r->target);
}

static void segment_begin(struct reader *r, const char **v) {
    const char *state = attribute(v, "state");
    if (state && strcmp(state, "initial") == 0) r->initial = true;
    r->has_target = false;
    pl_buf_clear(&r->one);
    pl_buf_clear(&r->other);
}

static void document_begin(struct reader *r, const char **v) {
    const char *to = attribute(v, "trgLang");
    r->xliff = true;
    if (to)
        *r->locale = keep(r, to);
    else
        fail(r, "<xliff> does not say trgLang, the locale of the translations");
}

static void element_begin(void *ctx, const char *full, const char **v) {
    struct reader *r = ctx;
    const char *bar = strchr(full, '|'), *name = bar ? bar + 1 : full;
    bool ours = bar && strncmp(full, XLIFF "|", sizeof XLIFF) == 0;
    if (r->failed) return;
    if (!r->xliff && (!ours || strcmp(name, "xliff") != 0))
        fail(r, "this is no XLIFF 2: it begins with <%s>. Save it as XLIFF 2.0", full);
    else if (!ours)
        return; /* of another namespace: a tool's own */
    else if (r->to && !r->datum.n)
        inline_begin(r, name, v);
    else if (strcmp(name, "xliff") == 0)
        document_begin(r, v);
    else if (strcmp(name, "unit") == 0)
        unit_begin(r, v);
    else if (strcmp(name, "data") == 0) {
        r->datum = keep(r, attribute(v, "id"));
        r->to = &r->one;
        pl_buf_clear(&r->one);
    } else if (strcmp(name, "segment") == 0 || strcmp(name, "ignorable") == 0)
        segment_begin(r, v);
    else if (strcmp(name, "source") == 0)
        r->to = &r->one;
    else if (strcmp(name, "target") == 0) {
        r->to = &r->other;
        r->has_target = true;
    }
}

static void segment_end(struct reader *r, bool ignorable) {
    pl_buf_str(&r->source, pl_buf_slice(&r->one));
    if (r->has_target)
        pl_buf_str(&r->target, pl_buf_slice(&r->other));
    else if (ignorable)
        pl_buf_str(&r->target, pl_buf_slice(&r->one));
    else
        r->missing = true;
}

static void unit_end(struct reader *r) {
    if (!r->missing && r->target.n) {
        struct i18n_change c = {.id = r->unit,
                                .said = pl_cli__one_line(r->a, pl_buf_slice(&r->target)),
                                .source = pl_arena_str(r->a, pl_buf_slice(&r->source)),
                                .initial = r->initial};
        PL_PUSH(r->out, c);
    }
    r->unit = (struct pl_str){0};
}

static void data_end(struct reader *r) {
    struct pl_str *s = PL_NEW(r->a, struct pl_str);
    *s = pl_arena_str(r->a, pl_buf_slice(&r->one));
    pl_map_put(&r->data, r->datum, s);
    r->datum = (struct pl_str){0};
    r->to = NULL;
}

static void element_end(void *ctx, const char *full) {
    struct reader *r = ctx;
    const char *name = strchr(full, '|') ? strchr(full, '|') + 1 : full;
    if (r->failed || strncmp(full, XLIFF "|", sizeof XLIFF) != 0) return;
    if (strcmp(name, "data") == 0)
        data_end(r);
    else if (strcmp(name, "source") == 0 || strcmp(name, "target") == 0)
        r->to = NULL;
    else if (strcmp(name, "segment") == 0 || strcmp(name, "ignorable") == 0)
        segment_end(r, name[0] == 'i');
    else if (strcmp(name, "unit") == 0)
        unit_end(r);
}

static void characters(void *ctx, const char *s, int n) {
    struct reader *r = ctx;
    if (r->to) pl_buf_add(r->to, s, (size_t)n);
}

/* A document type could define entities: none is needed, none is read. */
static void doctype(void *ctx, const char *name, const char *system, const char *public, int own) {
    (void)name, (void)system, (void)public, (void)own;
    fail(ctx, "a document type (<!DOCTYPE …>) is not read: delete it");
}

static void read_document(struct reader *r, struct pl_str file) {
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, element_begin, element_end);
    XML_SetCharacterDataHandler(r->parser, characters);
    XML_SetStartDoctypeDeclHandler(r->parser, doctype);
    if (XML_Parse(r->parser, file.p, (int)file.n, 1) == XML_STATUS_OK || r->failed) return;
    r->unit = (struct pl_str){0};
    fail(r, "%s", XML_ErrorString(XML_GetErrorCode(r->parser)));
}

int pl_cli__xliff_read(struct pl_arena *a, struct pl_str file, const char *name,
                       struct pl_str *locale, struct i18n_changes *out) {
    struct reader r = {.a = a, .name = name, .locale = locale, .out = out};
    r.parser = XML_ParserCreateNS("UTF-8", '|');
    if (!r.parser) return pl_cli__failure("%s: out of memory", name);
    read_document(&r, file);
    XML_ParserFree(r.parser);
    pl_map_free(&r.data);
    pl_buf_free(&r.source);
    pl_buf_free(&r.target);
    pl_buf_free(&r.one);
    pl_buf_free(&r.other);
    return r.failed ? CLI_FOUND : CLI_OK;
}
