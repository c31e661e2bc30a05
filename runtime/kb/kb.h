/* SPDX-License-Identifier: Apache-2.0
 *
 * kb: the knowledge base: articles made into an index at build, and searched for the passage that
 * answers a customer's question. Deterministic; no network, no clock, no model.
 *
 * Two halves. At build, pl_kb_build turns articles (already split into passages; Markdown is the
 * compiler's business) into one opaque section of the image, "kb.index". At run time, pl_kb_open
 * checks a section once and gives a `struct pl_kb`: immutable, shared by all threads, alive as long
 * as its section's bytes, which it points into. A `struct pl_kb_scratch` is one thread's scratch,
 * for any number of them; what a search gives lives in it until its next search.
 *
 * Search is BM25 over stems of words, letter 4-grams within words, and pairs of neighbouring signs
 * where a script writes no blanks, with the article's title and the passage's heading as fields of
 * their own; their sum ranks passages. An answer is sure or not by one threshold for all languages.
 * Text handed in must be masked by privacy; nothing here stores it.
 */
#ifndef PL_KB_H
#define PL_KB_H

#include "runtime/locale/locale.h"

/* ---- build ---- */

#define PL_KB_MOST_ARTICLES 20000 /* of all locales */
#define PL_KB_MOST_PASSAGES 100000
#define PL_KB_MOST_TEXT     8192 /* bytes of a passage */
#define PL_KB_MOST_NAME     512  /* bytes of an id, a title, a heading, an address */

/* A piece of an article that can answer by itself. Plain text, lines broken by '\n'. */
struct pl_kb_passage {
    struct pl_str heading; /* of its part of the article; empty: the beginning */
    struct pl_str anchor;  /* of the heading, "how-long-it-takes"; may be empty */
    struct pl_str text;
};
struct pl_kb_article {
    struct pl_str locale; /* "es-ES", or a language alone */
    struct pl_str id;     /* "returns/how-to": the same in all locales */
    struct pl_str title;
    struct pl_str url; /* its page in the shop; may be empty */
    /* Further words customers ask for it with, searched like the title, never shown. */
    const struct pl_str *asked;
    uint32_t nasked;
    const struct pl_kb_passage *passages;
    uint32_t npassages;
};

/* Appends the section. The same articles give the same bytes, in any order of locales. PL_LIMIT:
 * over a limit above; PL_MALFORMED: a text that is not UTF-8, two articles of one locale and id.
 * On failure the section is as it was. */
enum pl_err pl_kb_build(struct pl_locale_tools *t, const struct pl_kb_article *articles,
                        uint32_t narticles, struct pl_buf *section);

/* ---- run ---- */

struct pl_kb;         /* shared */
struct pl_kb_scratch; /* one thread's */

/* Checks an untrusted section, in time linear in its size. It must outlive the kb. An empty section
 * is a knowledge base without articles. PL_MALFORMED, PL_VERSION: *out is untouched. */
enum pl_err pl_kb_open(struct pl_str section, struct pl_kb **out);
void pl_kb_close(struct pl_kb **kb);
uint32_t pl_kb_narticles(const struct pl_kb *kb);
/* Locales that have articles, sorted by bytes. */
uint32_t pl_kb_nlocales(const struct pl_kb *kb);
struct pl_str pl_kb_locale(const struct pl_kb *kb, uint32_t locale);

struct pl_kb_scratch *pl_kb_scratch_new(struct pl_locale_tools *t);
void pl_kb_scratch_free(struct pl_kb_scratch **s);

#define PL_KB_MOST_HITS  10
#define PL_KB_MOST_MARKS 64   /* of a hit */
#define PL_KB_MOST_QUERY 1024 /* bytes of a question that are looked at */

struct pl_kb_query {
    struct pl_str text;
    struct pl_str locale; /* the customer's: the best locale that has articles is searched first */
    /* Where to look when nothing there is sure; usually the assistant's source locale. May be
     * empty: then nowhere. */
    struct pl_str fallback;
    uint32_t top; /* passages wanted, 1 to PL_KB_MOST_HITS; of one article one is given */
};

/* Bytes [start, end) of the passage's text. */
struct pl_kb_range {
    uint32_t start, end;
};
struct pl_kb_hit {
    uint32_t article, passage;                                   /* numbers within the kb */
    struct pl_str id, locale, title, url, heading, anchor, text; /* point into the section */
    double score;                    /* of the ranking; comparable within one search */
    double confidence;               /* 0..1: that this passage answers the question */
    const struct pl_kb_range *marks; /* the words that were found, by start, none overlapping */
    uint32_t nmarks;
    struct pl_kb_range answer; /* the sentences that answer, at most three, whole */
};
struct pl_kb_result {
    struct pl_kb_hit hits[PL_KB_MOST_HITS]; /* best first */
    uint32_t n;
    uint32_t told; /* how many words of the question that say something hits[0] has */
    bool sure;     /* hits[0] answers; else say that it is not known, or ask a person */
    bool fallback; /* the hits are of the fallback's locale */
};

/* Never fails: a question without words, or a kb without articles, gives no hits. Allocates nothing
 * once its scratch has grown to the largest kb it has seen (ICU's dictionaries for scripts without
 * blanks apart). */
void pl_kb_search(struct pl_kb_scratch *s, const struct pl_kb *kb, const struct pl_kb_query *q,
                  struct pl_kb_result *out);

/* ---- vectors: what a model makes of the passages ---- */

/* They lie in a section of their own, a row of bytes for each passage, and say which model they are
 * of: vectors of two models, or of other articles, are never compared. They bring passages that say
 * the same in other words; whether an answer is sure is decided by words alone, as without them,
 * for what a distance means is another thing with every model. */
#define PL_KB_MOST_DIMS 4096

/* What of a passage is given to the model: title, heading, text. */
struct pl_str pl_kb_vector_text(struct pl_arena *a, const struct pl_kb_hit *passage);
/* A vector as it is kept: its direction alone. PL_MALFORMED: it has none. */
enum pl_err pl_kb_vector_row(const float *v, uint32_t dims, int8_t *row);
/* Appends the section: rows of `dims` for all passages of the kb that `index` opens to. PL_LIMIT.
 */
enum pl_err pl_kb_vectors_build(const struct pl_kb *kb, struct pl_str index, struct pl_str model,
                                uint32_t dims, const int8_t *rows, struct pl_buf *section);

struct pl_kb_vectors { /* points into the section, and owns nothing */
    struct pl_str model;
    uint32_t dims;
    const uint8_t *norms; /* of the rows, squared: 32-bit numbers */
    const int8_t *rows;
};
/* Checks an untrusted section. PL_MALFORMED; PL_VERSION; PL_CONFLICT: it is of other articles. */
enum pl_err pl_kb_vectors_open(struct pl_str section, const struct pl_kb *kb, struct pl_str index,
                               struct pl_kb_vectors *out);
/* Joins what a search gave for this query (with top PL_KB_MOST_HITS) and the passages nearest to
 * the question's row, by their ranks (reciprocal rank fusion: Cormack, Clarke, Buettcher 2009). The
 * first hit of a sure search stays first; `sure` stays as it is. Reads every row of the locale. */
void pl_kb_fuse(const struct pl_kb *kb, const struct pl_kb_vectors *v, const struct pl_kb_query *q,
                const int8_t *question, struct pl_kb_result *result);

/* A piece of a passage: words that were found, or what stands between them. */
struct pl_kb_piece {
    struct pl_str text;
    bool found;
};
/* The sentences that answer, cut at the words that were found: by turns not found and found, the
 * first not found and perhaps empty. At most `bytes` of them: then cut at the end of a word, with
 * "…" behind (of `bytes` too). Gives how many pieces, at most PL_KB_MOST_PIECES. */
#define PL_KB_MOST_PIECES (2 * PL_KB_MOST_MARKS + 3)
uint32_t pl_kb_pieces(const struct pl_kb_hit *hit, size_t bytes,
                      struct pl_kb_piece out[PL_KB_MOST_PIECES]);

/* The article's whole text, passage by passage, for those who show it: false past the last. */
bool pl_kb_passage(const struct pl_kb *kb, uint32_t passage, struct pl_kb_hit *out);
/* First and last + 1 of an article's passages. */
void pl_kb_article_passages(const struct pl_kb *kb, uint32_t article, uint32_t *first,
                            uint32_t *end);

#endif
