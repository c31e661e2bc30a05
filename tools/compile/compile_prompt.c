/* SPDX-License-Identifier: Apache-2.0
 *
 * A project's prompts: what its models are told besides the fixed rules. */
#include "tools/compile/compile_priv.h"

#define VERSION_MOST 1000000000

enum field { VERSION, FOR, ABOUT };
static const struct pl_str fields[] = {{"version", 7}, {"for", 3}, {"about", 5}};
static const struct pl_str kinds[] = {
    [PL_MODEL_ANSWER] = {"answer", 6}, [PL_MODEL_DECIDE] = {"decide", 6}};

struct reader {
    struct pl_compile_file file;
    struct pl_grammar_prompt *prompt;
};

/* ---- the head ---- */

static void take_version(struct reader *r, struct pl_str s) {
    int64_t n = 0;
    r->prompt->at = pl_compile__span(&r->file, s);
    if (!pl_str_i64(s, &n) || n < 1 || n > VERSION_MOST)
        pl_compile__mistake(&r->file, s, "`version` is a whole number, 1, 2, 3 and so on");
    else
        r->prompt->version = (uint32_t)n;
}

static void take_kind(struct reader *r, struct pl_str s) {
    r->prompt->kind_at = pl_compile__span(&r->file, s);
    for (size_t i = 0; i < PL_LEN(kinds); i++) {
        if (!pl_str_eq(kinds[i], s)) continue;
        r->prompt->kind = (uint8_t)i;
        return;
    }
    pl_compile__mistake(&r->file, s, "`for` is `answer` or `decide`");
}

static void take_field(void *ctx, size_t field, struct pl_str value) {
    struct pl_str plain = pl_compile__unquoted(value);
    switch ((enum field)field) {
    case VERSION: take_version(ctx, plain); break;
    case FOR: take_kind(ctx, plain); break;
    case ABOUT: break; /* for people */
    }
}

static bool read_head(struct reader *r) {
    static const struct pl_compile_head head = {.code = PL_D_PROMPT_FORM,
                                                .names = fields,
                                                .n = PL_LEN(fields),
                                                .needed = 1u << VERSION | 1u << FOR,
                                                .field = take_field};
    r->prompt->at = (struct pl_span){r->file.file, 0, 0};
    bool closed = pl_compile__head(&r->file, &head, r);
    if (!(r->file.seen & 1u << VERSION)) r->prompt->at = pl_compile__span(&r->file, r->file.first);
    return closed;
}

/* ---- the text ---- */

static void check_words(const struct reader *r, struct pl_str text) {
    enum pl_prompt_piece kind;
    struct pl_str s;
    while (pl_prompt_next(&text, &kind, &s)) {
        if (kind != PL_PROMPT_UNKNOWN) continue;
        struct pl_span at = pl_compile__span(&r->file, s);
        struct pl_diag *d = pl_diag1(r->file.diags, PL_D_PROMPT_WORD, at, s);
        pl_diag_nearest(r->file.diags, d, at, s, pl_prompt_words, PL_PROMPT_UNKNOWN - 1);
    }
}

static void read_text(struct reader *r) {
    struct pl_compile_file *f = &r->file;
    struct pl_str text = pl_str_trim((struct pl_str){f->text.p + f->at, f->text.n - f->at});
    if (text.n == 0) pl_diag(f->diags, PL_D_PROMPT_EMPTY, r->prompt->at);
    if (text.n > PL_PROMPT_MOST)
        pl_diag1(f->diags, PL_D_PROMPT_LONG, r->prompt->at, PL_STR("8 KiB"));
    check_words(r, text);
    r->prompt->text = text;
}

/* ---- names ---- */

static bool is_name(struct pl_str s) {
    if (s.n == 0 || s.p[0] < 'a' || s.p[0] > 'z') return false;
    for (size_t i = 0; i < s.n; i++) {
        bool letter = s.p[i] >= 'a' && s.p[i] <= 'z', digit = s.p[i] >= '0' && s.p[i] <= '9';
        if (!letter && !digit && s.p[i] != '_') return false;
    }
    return true;
}

/* One that is called as a statement is what this statement uses. */
static void check_name(const struct reader *r) {
    const struct pl_grammar_prompt *p = r->prompt;
    struct pl_str first = {r->file.text.p, 0};
    if (!is_name(p->name))
        pl_compile__mistake(&r->file, first,
                            "the file's name is not small letters, digits and _ with .md");
    for (size_t i = 0; i < PL_LEN(kinds); i++)
        if (pl_str_eq(p->name, kinds[i]) && p->kind != i)
            pl_diag3(r->file.diags, PL_D_PROMPT_KIND, p->kind_at, p->name, kinds[p->kind],
                     kinds[i]);
}

static void check_twice(struct pl_diags *diags, const pl_compile_prompts *all, size_t i) {
    for (size_t k = 0; k < i; k++) {
        if (!pl_str_eq(all->v[k].name, all->v[i].name)) continue;
        struct pl_diag *d = pl_diag1(diags, PL_D_PROMPT_TWICE, all->v[i].at, all->v[i].name);
        pl_diag_note(diags, d, all->v[k].at, "the other one");
        return;
    }
}

/* ---- all ---- */

static void read_prompt(const struct pl_sources *sources, struct pl_diags *diags, bool own,
                        struct pl_grammar_prompt *p) {
    uint32_t file = p->at.file;
    struct reader r = {{sources, diags, file, .text = sources->v[file].text}, p};
    size_t errors = diags->errors;
    p->kind_at = p->at;
    if (pl_compile__is_utf8(&r.file) && read_head(&r)) {
        read_text(&r);
        if (own) check_name(&r);
    }
    p->broken = diags->errors > errors;
}

void pl_compile__prompts(const struct pl_sources *sources, struct pl_diags *diags, size_t own,
                         pl_compile_prompts *all) {
    for (size_t i = 0; i < all->n; i++) {
        read_prompt(sources, diags, i < own, &all->v[i]);
        check_twice(diags, all, i);
    }
}
