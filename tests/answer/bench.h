/* SPDX-License-Identifier: Apache-2.0
 *
 * A small shop's program and articles, a model that says what a test tells it to, and tools that
 * give what a test tells them to; on a fake loop.
 */
#ifndef TEST_ANSWER_BENCH_H
#define TEST_ANSWER_BENCH_H

#include "runtime/answer/answer.h"

/* What the model does when it is asked, piece by piece: "text …", "tool NAME JSON", "restart",
 * "vector K", "refused", "cut" (at the most tokens), "fail", "hang"; "ask" ends one answer and
 * begins what the next ask gets. Without a last word it stops well. */
struct bench {
    struct pl_locale_tools *locales;
    struct pl_loop *loop;
    struct pl_image *image;
    struct pl_answer *answer;
    const char *const *script; /* NULL at the end */
    size_t cut;                /* bytes of a piece of text at most; 0: whole */
    /* what was seen */
    struct pl_buf asked; /* all texts of all requests */
    uint64_t key;        /* of the last request */
    bool personal;       /* the last request said so */
    int64_t cache_ms;
    unsigned asks, cancels; /* of the model */
    struct pl_buf calls;    /* of tools, a line each */
    const char *tool_gives; /* JSON; NULL: not_found */
    struct pl_buf partial;
    uint32_t attempt;
    int ended;       /* times */
    bool by_article; /* nothing of the model's is shown */
    enum pl_answer_outcome outcome;
    char why[32];
    struct pl_buf text, sources; /* of the value; of a proposal the text is its JSON */
    struct pl_value value;       /* in the arena */
    struct pl_arena a;
    struct pl_post post;
    struct under_way *under_way;
};

/* with_model false: there is none. article: one more, of the same matter; NULL: none. */
void bench_open(struct bench *b, bool with_model, const char *article);
/* With a model, and with vectors of the articles' passages, of the model "made-up". */
#define BENCH_DIMS 8
void bench_open_vectors(struct bench *b);
/* With the marks of a server that has this secret of 32 bytes. */
void bench_open_secret(struct bench *b, const uint8_t *secret);
/* A project with articles of its own, as it is; with a model. */
void bench_open_project(struct bench *b, const char *folder);
void bench_close(struct bench *b);
/* A turn of open_question, or of sort_reason when `decides`, played to its end. slots: a record. */
struct bench_turn {
    const char *text, *locale; /* NULL: en-US */
    const char *order_id;      /* given; NULL: unset */
    const char *about;         /* what is decided; NULL: the usual question */
    struct pl_value slots;
    const struct pl_answer_line *lines;
    uint32_t nlines;
    bool decides, no_model;
    uint8_t conversation; /* 0: the usual one */
    int64_t within_ms;    /* 0: 4,000 */
    struct pl_value acted;
    bool verified;
};
void bench_play(struct bench *b, const struct bench_turn *turn, const char *const *script);
/* The last turn's answer is what the model said. */
bool bench_model_answered(const struct bench *b);

#endif
