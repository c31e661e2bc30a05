/* SPDX-License-Identifier: Apache-2.0
 *
 * grammar: the flow language. From source files to diagnostics, canonical layout and a program
 * image.
 *
 * The caller owns the arena in which sources, trees, diagnostics and the program live. Nothing here
 * reads files, knows a clock or keeps state between calls. Threads: one owner per arena.
 *
 * What the language cannot know by itself (locales, regular expressions, training, Lua) is asked
 * through struct pl_grammar_host; tests hand in fakes.
 */
#ifndef PL_GRAMMAR_H
#define PL_GRAMMAR_H

#include "grammar/chart.h"
#include "grammar/diag.h"
#include "grammar/index.h"
#include "grammar/source.h"
#include "grammar/talk.h"
#include "grammar/texts.h"
#include "runtime/program/program.h"

/* The canonical layout of one file of the set, appended to `out`: two spaces, LF, aligned columns,
 * every comment kept. PL_MALFORMED when the file has mistakes of layout or syntax: they are in
 * `diags`, and `out` is as it was. Formatting what was formatted changes nothing. */
enum pl_err pl_grammar_format(struct pl_sources *sources, uint32_t file, struct pl_diags *diags,
                              struct pl_buf *out);

/* ---- compile: what goes in ---- */

/* A catalog of translations: its text is a file of the set, in ARB's JSON. */
struct pl_grammar_catalog {
    struct pl_str locale; /* "es-ES" */
    uint32_t file;
    bool of_prelude; /* part of the program: serves the prelude's texts, in any locale of its
                        language, that no catalog of the project translates; else not looked at */
};
struct pl_grammar_lua {
    struct pl_str name; /* "orders": its functions are orders.find … */
    struct pl_str path; /* as the section is named: "lua/orders.lua" */
    struct pl_str text;
    bool of_prelude; /* part of the program */
};
/* What a model is told: a file of the set, read and found good by the caller. */
struct pl_grammar_prompt {
    struct pl_str name; /* "standard.answer": what is used where the project has none of its own */
    uint8_t kind;       /* enum pl_model_kind */
    uint32_t version;
    struct pl_str text;
    struct pl_span at, kind_at; /* its version, and what it is for; of no standard one */
    bool broken;                /* there were mistakes: only the name is known */
};
/* What was read of files, for the next compilation of the same project: files that did not change
 * are not read again. What a compilation gave is good until the next one with the same of these. */
struct pl_parses;
struct pl_parses *pl_parses_new(void);
void pl_parses_free(struct pl_parses **parses);

struct pl_grammar_input {
    struct pl_sources *sources; /* flows and talks, and the catalogs' files */
    const struct pl_grammar_catalog *catalogs;
    size_t ncatalogs;
    const struct pl_grammar_lua *lua;
    size_t nlua;
    const struct pl_grammar_prompt *prompts;
    size_t nprompts;
    bool articles; /* with the host's `knowledge`: there are some */
    /* The program that runs now, which conversations move from; NULL: none. Outlives the call. */
    const struct pl_program *previous;
    bool verbose; /* name every text without translation, every translation without text */
    struct pl_grammar_texts *texts; /* to be filled, empty at first; NULL: not wanted */
    struct pl_chart *chart;         /* the like */
    struct pl_index *index;         /* the like */
    struct pl_parses *parses;       /* of earlier compilations; NULL: none is kept */
};

/* ---- compile: what the recognisers are made from ---- */

struct pl_grammar_phrase {
    struct pl_str lang, text;
};
/* ⟨entity⟩ stands for what fills in, ⟨slot:entity⟩ for what fills this slot. The like in the
 * phrases of a mention. */
struct pl_grammar_example {
    uint32_t intent;
    struct pl_str lang, text;
};
struct pl_grammar_synonym {
    struct pl_str member, lang, text;
};
struct pl_grammar_regex {
    struct pl_str pattern, flags;
};
struct pl_grammar_entity {
    struct pl_str name;
    uint8_t kind; /* TEXT, ENUM, or another built-in */
    bool upper, lower, from_hook;
    const struct pl_grammar_regex *regexes;
    uint32_t nregexes;
    const struct pl_grammar_synonym *words;
    uint32_t nwords;
    const struct pl_grammar_phrase *after;
    uint32_t nafter;
};
struct pl_grammar_mention {
    const struct pl_grammar_phrase *phrases;
    uint32_t n;
};
/* Rows in the order of the program's tables of the same names (`matches`: regexes). */
struct pl_grammar_training {
    const struct pl_str *langs, *intents;
    uint32_t nlangs, nintents;
    const struct pl_grammar_example *examples;
    uint32_t nexamples;
    const struct pl_grammar_entity *entities;
    uint32_t nentities;
    const struct pl_grammar_mention *mentions;
    uint32_t nmentions;
    const struct pl_grammar_regex *matches;
    uint32_t nmatches;
};

/* An example that the trained model itself reads as another intent. */
struct pl_grammar_confusion {
    uint32_t example, intent;
};

struct pl_grammar_lua_names {
    const struct pl_str *v; /* the functions it defines */
    size_t n;
    struct pl_str mistake; /* empty: none */
    uint32_t line;
};

/* Any callback may be NULL: then it is not asked, and what it would check is taken as right. */
struct pl_grammar_host {
    void *ctx;
    bool (*locale)(void *ctx, struct pl_str id); /* is it known? */
    bool (*zone)(void *ctx, struct pl_str zone);
    /* 1 << enum pl_plural of each category the locale has. */
    unsigned (*plurals)(void *ctx, struct pl_str locale, bool ordinal);
    /* Does the expression compile? *at: byte of the mistake. */
    bool (*regex)(void *ctx, struct pl_str pattern, struct pl_str flags, size_t *at);
    /* Does it match the whole text? */
    bool (*matches)(void *ctx, struct pl_str pattern, struct pl_str flags, struct pl_str text);
    struct pl_str (*fold)(void *ctx, struct pl_arena *a, struct pl_str s);
    /* The words as they are compared, folded and stemmed, one blank between them. */
    struct pl_str (*stems)(void *ctx, struct pl_arena *a, struct pl_str language, struct pl_str s);
    size_t (*graphemes)(void *ctx, struct pl_str s);
    /* Appends the section "nlp.model". */
    bool (*train)(void *ctx, struct pl_arena *a, const struct pl_grammar_training *t,
                  struct pl_buf *section, struct pl_str *why);
    /* At most `max` of them; gives how many. */
    size_t (*confusions)(void *ctx, struct pl_arena *a, const struct pl_grammar_training *t,
                         struct pl_str section, struct pl_grammar_confusion *out, size_t max);
    void (*lua)(void *ctx, struct pl_arena *a, const struct pl_grammar_lua *file,
                struct pl_grammar_lua_names *out);
    /* The text of a file beside a flow file (holidays). */
    bool (*read)(void *ctx, struct pl_arena *a, struct pl_str flow_file, struct pl_str path,
                 struct pl_str *out);
    /* Says what is wrong with the articles, and appends the section "kb.index" when there are some
     * and nothing is. Comes last, and also for a program with mistakes: then section is NULL. The
     * program's locales, its source first; none when they are not known. */
    void (*knowledge)(void *ctx, struct pl_arena *a, const struct pl_str *locales, uint32_t n,
                      struct pl_diags *diags, struct pl_buf *section);
};

/* Is a source of this name part of the prelude: in a folder "prelude", or called prelude.flow? */
bool pl_grammar_is_prelude(struct pl_str name);

/* Parses, checks and compiles all *.flow files of the set as one program; talks are parsed and
 * their names checked. Diagnostics are added to `diags` (finished here). PL_OK: *out is a whole
 * program in the arena, warnings or not. PL_MALFORMED: there were errors, those included that were
 * in `diags` before; *out is untouched. */
enum pl_err pl_grammar_compile(struct pl_arena *arena, const struct pl_grammar_input *input,
                               const struct pl_grammar_host *host, struct pl_diags *diags,
                               struct pl_program *out);

#endif
