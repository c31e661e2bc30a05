/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room: the host that grammar asks, and the files that are part of the program
 * (cmake/embed.cmake writes their tables). */
#ifndef PL_COMPILE_PRIV_H
#define PL_COMPILE_PRIV_H

#include "grammar/grammar.h"
#include "runtime/kb/kb.h"
#include "runtime/nlp/nlp.h"
#include "tools/compile/compile.h"

struct pl_locale_tools;

/* The prelude: flows, catalogs that hold its translations too, hooks. */
extern const struct pl_embedded pl_compile__prelude_flows[];
extern const struct pl_embedded pl_compile__prelude_catalogs[];
extern const struct pl_embedded pl_compile__prelude_lua[];
/* The standard prompts, for projects without one of their own of that name. */
extern const struct pl_embedded pl_compile__prelude_prompts[];

/* ---- files with a head: lines `name: value` between two lines ---, then Markdown ---- */

/* One that is read. */
struct pl_compile_file {
    const struct pl_sources *sources;
    struct pl_diags *diags;
    uint32_t file;
    uint16_t code; /* of what is wrong with its head */
    struct pl_str text;
    size_t at;           /* of the next line */
    struct pl_str first; /* line */
    uint32_t seen;       /* bits: fields that were there */
    bool items;          /* set by `field`: its lines "- item" follow */
};
/* What may stand in a head. */
struct pl_compile_head {
    uint16_t code;
    const struct pl_str *names; /* of the fields */
    size_t n;
    uint32_t needed; /* bits */
    /* A field's value, without blanks around it; a line of its list. */
    void (*field)(void *ctx, size_t field, struct pl_str value);
    void (*item)(void *ctx, size_t field, struct pl_str item);
};
/* Is all of it UTF-8? Else that is reported. */
bool pl_compile__is_utf8(const struct pl_compile_file *f);
/* The next line without its end; false at the end of the file. */
bool pl_compile__line(struct pl_compile_file *f, struct pl_str *line);
/* Reads the head from the beginning of the file. False: there is none, or no end of it. */
bool pl_compile__head(struct pl_compile_file *f, const struct pl_compile_head *head, void *ctx);
/* Is this line `---`? */
bool pl_compile__is_rule(struct pl_str line);
struct pl_span pl_compile__span(const struct pl_compile_file *f, struct pl_str s);
/* Without quotes around it. */
struct pl_str pl_compile__unquoted(struct pl_str s);
/* Something is wrong with the head. */
void pl_compile__mistake(const struct pl_compile_file *f, struct pl_str at, const char *what);

/* ---- articles of the knowledge base ---- */

/* A link of an article to another one, or to a heading. */
struct pl_compile_link {
    struct pl_span at; /* the target, as it is written */
    struct pl_str target;
};
/* A Markdown file below kb/. What is in it is in the compiler's arena; vectors are its own. */
struct pl_compile_article {
    uint32_t file;        /* of the sources */
    struct pl_str locale; /* its folder */
    struct pl_str path;   /* within that folder, "returns/how.md" */
    struct pl_str id;     /* the path without its ending, or as the file says */
    struct pl_str title, url;
    struct pl_span id_at, title_at; /* without a title: the beginning */
    PL_VEC(struct pl_str) asked;
    PL_VEC(struct pl_str) anchors;
    PL_VEC(struct pl_kb_passage) passages;
    PL_VEC(struct pl_compile_link) links;
};
typedef PL_VEC(struct pl_compile_article) pl_compile_articles;

/* Reads one file whose names are filled in; what is wrong with it goes to diags. */
void pl_compile__article(struct pl_arena *a, struct pl_locale_tools *t,
                         const struct pl_sources *sources, struct pl_diags *diags,
                         struct pl_compile_article *out);
void pl_compile__article_free(struct pl_compile_article *article);

/* Reads all, checks what they say of one another and of the locales, where these are known, and
 * appends the index unless section is NULL. */
void pl_compile__knowledge(struct pl_arena *a, struct pl_locale_tools *t,
                           const struct pl_sources *sources, pl_compile_articles *articles,
                           const struct pl_str *locales, uint32_t nlocales, struct pl_diags *diags,
                           struct pl_buf *section);

/* ---- prompts ---- */

typedef PL_VEC(struct pl_grammar_prompt) pl_compile_prompts;

/* Reads all, whose names and files are filled in, the project's own first; what is wrong with them
 * goes to diags. */
void pl_compile__prompts(const struct pl_sources *sources, struct pl_diags *diags, size_t own,
                         pl_compile_prompts *all);

/* ---- the host ---- */

struct pl_compile_host {
    struct pl_str folder; /* on disk */
    struct pl_str label;  /* what source names start with instead */
    struct pl_locale_tools *tools;
    char cache[4096]; /* folder; empty: none */
    struct pl_nlp_cache models;
    const struct pl_sources *sources;
    pl_compile_articles *articles;
    bool check_only;
    const struct pl_compile_options *options;
};

/* Fills h->cache and h->models. folder: as in struct pl_compile_options. */
void pl_compile__cache_open(struct pl_compile_host *h, const char *folder);

/* Fills the callbacks; they live as long as the host. */
void pl_compile__host_open(struct pl_compile_host *h, struct pl_grammar_host *out);
void pl_compile__host_close(struct pl_compile_host *h);

#endif
