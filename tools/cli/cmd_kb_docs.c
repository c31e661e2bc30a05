/* SPDX-License-Identifier: Apache-2.0
 *
 * kb search --docs: an index of any documents, asked line by line. For those who measure.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/nlp/nlp.h"
#include "tools/cli/cli_kb_priv.h"

#define FILE_MOST    ((size_t)512 << 20)
#define PART_LONG    6000 /* bytes after which a document's text is parted at a sentence's end */
#define GUESSED_FROM 8000 /* bytes of documents that their language is told from */

struct docs {
    struct pl_arena a;
    const char *file;
    struct pl_locale_tools *tools;
    PL_VEC(struct pl_kb_article) v;
    struct pl_buf section;
    struct pl_kb *kb;
};

/* ---- documents ---- */

static int wrong_line(const char *file, size_t line, const char *what) {
    return pl_cli__failure("%s:%zu: %s", file, line, what);
}

/* At most `most` bytes, at the end of a letter. */
static struct pl_str cut(struct pl_str s, size_t most) {
    if (s.n <= most) return s;
    s.n = most;
    while (s.n && ((uint8_t)s.p[s.n] & 0xc0) == 0x80) s.n--;
    return s;
}

/* Passages of whole sentences; one that is longer than any passage is parted. */
static void add_parts(struct docs *d, struct pl_kb_article *out, struct pl_str text) {
    uint32_t n = 0, nparts = 0;
    const uint32_t *ends = pl_locale_sentences(d->tools, &d->a, text, &n);
    struct pl_kb_passage *v =
        PL_NEW_ARRAY(&d->a, struct pl_kb_passage, text.n / (PART_LONG / 2) + 2);
    for (uint32_t i = 0, from = 0; i < n; i++) {
        bool last = i + 1 == n, full = !last && ends[i + 1] - from > PART_LONG;
        if (!last && !full) continue;
        while (from < ends[i]) {
            struct pl_str part =
                cut((struct pl_str){text.p + from, ends[i] - from}, PL_KB_MOST_TEXT);
            v[nparts++] = (struct pl_kb_passage){.text = part};
            from += (uint32_t)part.n;
        }
    }
    if (!nparts) v[nparts++] = (struct pl_kb_passage){.text = PL_STR("")}; /* found by its title */
    out->passages = v;
    out->npassages = nparts;
}

/* "Super_Bowl_50" as people write it. */
static struct pl_str title_of(struct docs *d, struct pl_str title) {
    char *p = (char *)(uintptr_t)pl_arena_str(&d->a, cut(title, PL_KB_MOST_NAME)).p;
    size_t n = cut(title, PL_KB_MOST_NAME).n;
    for (size_t i = 0; i < n; i++)
        if (p[i] == '_') p[i] = ' ';
    return (struct pl_str){p, n};
}

/* Members that are no text, where there are any. */
static bool odd(const struct pl_json *j, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct pl_json *m = pl_json_get(j, names[i]);
        if (m && m->kind != PL_JTEXT) return true;
    }
    return false;
}

static int add_doc(struct docs *d, struct pl_str line, size_t number, const char *locale) {
    struct pl_json j;
    size_t at = 0;
    struct pl_kb_article a = {0};
    if (pl_json_parse(&d->a, line, &j, &at) != PL_OK || j.kind != PL_JOBJECT)
        return wrong_line(d->file, number, "this is no JSON object");
    a.id = pl_json_text(&j, "doc");
    struct pl_str text = pl_json_text(&j, "text");
    static const char *const members[] = {"text", "title", "locale"};
    if (!a.id.n || !pl_json_get(&j, "text") || odd(&j, members, PL_LEN(members)))
        return wrong_line(d->file, number, "a document has \"doc\", \"title\" and \"text\"");
    if (a.id.n > PL_KB_MOST_NAME) return wrong_line(d->file, number, "the id is over 512 bytes");
    if (text.n > (1u << 26)) return wrong_line(d->file, number, "the text is over 64 MiB");
    a.title = title_of(d, pl_json_text(&j, "title"));
    a.locale = locale ? pl_str_c(locale) : pl_json_text(&j, "locale");
    if (a.locale.n > 64) return wrong_line(d->file, number, "no locale has so long a name");
    add_parts(d, &a, text);
    PL_PUSH(&d->v, a);
    return CLI_OK;
}

static int read_docs(struct docs *d, const char *locale) {
    struct pl_str rest;
    int code = CLI_OK;
    enum pl_err err = pl_file_read(&d->a, d->file, FILE_MOST, &rest);
    if (err != PL_OK) return pl_cli__failure("%s: %s", d->file, pl_err_text(err));
    if (pl_str_starts(rest, PL_STR("\xef\xbb\xbf"))) rest = (struct pl_str){rest.p + 3, rest.n - 3};
    for (size_t line = 1; rest.n && code == CLI_OK; line++) {
        size_t n = pl_str_find(rest, PL_STR("\n"));
        struct pl_str s = pl_str_trim((struct pl_str){rest.p, n == SIZE_MAX ? rest.n : n});
        if (s.n) code = add_doc(d, s, line, locale);
        n = n == SIZE_MAX ? rest.n : n + 1;
        rest = (struct pl_str){rest.p + n, rest.n - n};
    }
    if (code == CLI_OK && !d->v.n) code = pl_cli__failure("%s: there is no document", d->file);
    return code;
}

/* ---- their language ---- */

/* Vietnamese and Romanian, which the program's own reader does not tell, by their letters. */
static const char *by_letters(struct pl_str s) {
    size_t vi = 0, ro = 0, all = 0;
    for (size_t at = 0; at < s.n; all++) {
        uint32_t c = pl_utf8_next(s, &at);
        vi += (c >= 0x1ea0 && c < 0x1efa) || c == 0x111 || c == 0x1a1 || c == 0x1b0;
        ro += c == 0x103 || (c >= 0x218 && c < 0x21c);
    }
    if (vi * 20 > all) return "vi";
    return ro * 100 > all ? "ro" : NULL;
}

static struct pl_str by_reading(struct docs *d, struct pl_str s) {
    const struct pl_nlp_source nothing = {0};
    struct pl_buf section = {0};
    struct pl_nlp_model *m = NULL;
    struct pl_nlp *nlp = NULL;
    struct pl_nlp_reading r = {.language = PL_STR("en")};
    struct pl_str why;
    bool good = pl_nlp_build(d->tools, &d->a, &nothing, &section, &why) == PL_OK &&
                pl_nlp_open(pl_buf_slice(&section), &m) == PL_OK &&
                pl_nlp_new(m, d->tools, &nlp) == PL_OK;
    if (good) pl_nlp_read(nlp, &d->a, s, &(struct pl_nlp_context){.language = PL_STR("en")}, &r);
    struct pl_str language = pl_arena_str(&d->a, r.language.n ? r.language : PL_STR("en"));
    pl_nlp_free(&nlp);
    pl_nlp_close(&m);
    pl_buf_free(&section);
    return language;
}

/* For documents that do not say it. */
static void guess_language(struct docs *d) {
    struct pl_buf b = {0};
    bool needed = false;
    for (size_t i = 0; i < d->v.n && b.n < GUESSED_FROM; i++)
        for (uint32_t k = 0; k < d->v.v[i].npassages && b.n < GUESSED_FROM; k++) {
            pl_buf_str(&b, d->v.v[i].passages[k].text);
            pl_buf_byte(&b, ' ');
        }
    for (size_t i = 0; i < d->v.n; i++) needed |= !d->v.v[i].locale.n;
    if (needed) {
        struct pl_str s = cut(pl_buf_slice(&b), GUESSED_FROM);
        const char *known = by_letters(s);
        struct pl_str language = known ? pl_str_c(known) : by_reading(d, s);
        for (size_t i = 0; i < d->v.n; i++)
            if (!d->v.v[i].locale.n) d->v.v[i].locale = language;
    }
    pl_buf_free(&b);
}

static int make_index(struct docs *d) {
    guess_language(d);
    enum pl_err err = pl_kb_build(d->tools, d->v.v, (uint32_t)d->v.n, &d->section);
    if (err == PL_OK) err = pl_kb_open(pl_buf_slice(&d->section), &d->kb);
    if (err == PL_MALFORMED) return pl_cli__failure("%s: two documents have the same id", d->file);
    if (err == PL_LIMIT)
        return pl_cli__failure("%s: over 20,000 documents, or over 100,000 parts", d->file);
    return err == PL_OK ? CLI_OK : pl_cli__failure("%s: %s", d->file, pl_err_text(err));
}

/* ---- queries ---- */

static void answer(struct pl_kb_scratch *s, const struct docs *d, const struct pl_json *query,
                   uint32_t top) {
    static struct pl_kb_result result;
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    struct pl_kb_query q = {pl_json_text(query, "text"), pl_json_text(query, "locale"),
                            d->v.v[0].locale, top};
    if (!q.locale.n) q.locale = q.fallback;
    pl_kb_search(s, d->kb, &q, &result);
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "id", pl_json_text(query, "id"));
    pl_jw_name(&w, "docs");
    pl_jw_open(&w, '[');
    for (uint32_t i = 0; i < result.n; i++) pl_jw_text(&w, result.hits[i].id);
    pl_jw_close(&w, ']');
    pl_jw_name(&w, "sure");
    pl_jw_bool(&w, result.sure);
    pl_jw_close(&w, '}');
    printf("%.*s\n", (int)b.n, b.p);
    pl_buf_free(&b);
}

static int answer_lines(const struct docs *d, uint32_t top) {
    struct pl_kb_scratch *s = pl_kb_scratch_new(d->tools);
    struct pl_arena a;
    char *line = NULL;
    size_t room = 0, number = 1;
    ssize_t n;
    int code = CLI_OK;
    static const char *const members[] = {"text", "locale"};
    const struct pl_str mark = PL_STR("\xef\xbb\xbf");
    pl_arena_init(&a, 0);
    for (; code == CLI_OK && (n = getline(&line, &room, stdin)) >= 0; number++) {
        struct pl_json j;
        size_t at = 0;
        struct pl_str text = pl_str_trim((struct pl_str){line, (size_t)n});
        pl_arena_reset(&a);
        if (number == 1 && pl_str_starts(text, mark)) text.p += mark.n, text.n -= mark.n;
        if (!text.n) continue;
        if (pl_json_parse(&a, text, &j, &at) != PL_OK || j.kind != PL_JOBJECT ||
            !pl_json_text(&j, "id").n || !pl_json_get(&j, "text") ||
            odd(&j, members, PL_LEN(members)))
            code = wrong_line("standard input", number, "a query is {\"id\":\"…\",\"text\":\"…\"}");
        else
            answer(s, d, &j, top);
    }
    free(line);
    pl_arena_free(&a);
    pl_kb_scratch_free(&s);
    return code;
}

int pl_cli__kb_docs(const char *file, const char *locale, uint32_t top) {
    struct docs d = {.file = file, .tools = pl_locale_tools_new()};
    pl_arena_init(&d.a, 0);
    int code = read_docs(&d, locale);
    if (code == CLI_OK) code = make_index(&d);
    if (code == CLI_OK) code = answer_lines(&d, top);
    pl_kb_close(&d.kb);
    pl_buf_free(&d.section);
    PL_VEC_FREE(&d.v);
    pl_arena_free(&d.a);
    pl_locale_tools_free(&d.tools);
    return code;
}
