/* SPDX-License-Identifier: Apache-2.0
 *
 * talk: the conversation tests of *.talk files as plain data, for who plays them.
 *
 * Part of the room's public door: grammar.h includes it. What pl_grammar_talks gives lives in the
 * arena named there, its texts in the arena or in the source set. Values are as written, without
 * types: who plays a talk reads them by the type of the hook or slot they stand for. Threads: one
 * owner, read-only once made.
 */
#ifndef PL_GRAMMAR_TALK_H
#define PL_GRAMMAR_TALK_H

#include "grammar/diag.h"
#include "runtime/program/program.h"
#include "runtime/value/value.h"

/* PL_TALK_LOCALE, PL_TALK_USER, …: the first word of the line. */
enum pl_talk_line_kind {
#define PL_PLAY(name, word) PL_TALK_##name,
#include "grammar/node.def"
};

enum pl_talk_value_kind {
    PL_TALK_V_NAME, /* an enum's member, or `none` */
    PL_TALK_V_TEXT, /* dates too */
    PL_TALK_V_NUMBER,
    PL_TALK_V_PERCENT,
    PL_TALK_V_DURATION,
    PL_TALK_V_MONEY,
    PL_TALK_V_BOOL,
    PL_TALK_V_LIST,
    PL_TALK_V_RECORD,
    PL_TALK_V_OTHER /* an expression that is no value: nothing fits it */
};
struct pl_talk_value {
    uint8_t kind;
    struct pl_span span;
    union {
        struct pl_str s; /* NAME, TEXT */
        struct pl_dec n; /* NUMBER, PERCENT: 15% is 15; MONEY's amount */
        int64_t ms;      /* DURATION */
        bool yes;        /* BOOL */
    };
    char currency[4];
    /* LIST and RECORD: the items; names of a record's fields beside them. */
    const struct pl_talk_value *v;
    const struct pl_str *names;
    size_t nv;
};
struct pl_talk_values {
    const struct pl_talk_value *v;
    size_t n;
};
struct pl_talk_texts {
    const struct pl_str *v;
    size_t n;
};

/* `fact "label": "value"` or `options "A", "B"` below a bot line. */
struct pl_talk_part {
    bool options;
    struct pl_span span;
    struct pl_str label, value;
    struct pl_talk_texts texts;
};

enum pl_talk_stub_kind { PL_TALK_STUB_VALUE, PL_TALK_STUB_FAILS, PL_TALK_STUB_LIKE };

enum pl_talk_expect_kind {
    PL_TALK_GOAL,
    PL_TALK_END,
    PL_TALK_NO_MODEL_CALLS,
    PL_TALK_DIRECTION,
    PL_TALK_HOOK_ONCE,
    PL_TALK_HOOK_NEVER,
    PL_TALK_SLOT_IS,
    PL_TALK_SLOT_EMPTY,
    PL_TALK_HANDOFF,
    PL_TALK_HANDOFF_CARRIES,
    PL_TALK_MARK,
    PL_TALK_NOTE,
    PL_TALK_TRACK
};

struct pl_talk_carried {
    struct pl_str name; /* "transcript", "session.order_id" */
    bool optional;
};

struct pl_talk_line {
    uint8_t kind; /* enum pl_talk_line_kind */
    uint32_t line;
    struct pl_span span;
    struct pl_str source;         /* the line as written, without indent */
    struct pl_talk_texts locales; /* LOCALE */
    struct pl_str name; /* AS; HOOK, MODEL_CALLS, EVENT: its path; GOAL, END, DIRECTION, HOOK_…,
                           SLOT_…, MARK, TRACK of EXPECT; FORBID: the hook's path, or empty */
    struct pl_str id;   /* BOT, FORBID: without the @, or empty */
    struct pl_str text; /* USER PICK PRESS UPLOAD AT MODEL CASSETTE RELOAD BOT FORBID AGENT, NOTE of
                           EXPECT; may be empty */
    bool has_text;      /* BOT, FORBID */
    int64_t ms;         /* ADVANCE */
    bool back;          /* AGENT: he gives the conversation back; `text` is his note */
    struct pl_talk_values args; /* HOOK, MODEL_CALLS, EVENT; TRACK of EXPECT */
    bool has_args;              /* TRACK of EXPECT */
    /* HOOK */
    uint8_t stub;               /* enum pl_talk_stub_kind */
    struct pl_talk_value value; /* HOOK: VALUE; EXPECT: SLOT_IS; AS: what is remembered, a record */
    bool has_value;             /* AS */
    struct pl_str fails, like;
    /* BOT: with an empty id the text is contained, else it is the whole first text */
    const struct pl_talk_part *parts;
    size_t nparts;
    /* EXPECT */
    uint8_t expect, handoff; /* enum pl_talk_expect_kind, enum pl_handoff_mode */
    bool any_handoff;        /* HANDOFF: of whatever mode */
    struct pl_str queue, priority, rule;
    const struct pl_talk_carried *carries;
    size_t ncarries;
};

struct pl_talk {
    struct pl_str name, file;
    uint32_t line;
    const struct pl_talk_line *lines;
    size_t nlines;
};

/* The talks of one *.talk file of the set. PL_MALFORMED: the file has mistakes of layout or syntax,
 * which are in `diags`; *talks is empty then. */
enum pl_err pl_grammar_talks(struct pl_arena *arena, const struct pl_sources *sources,
                             uint32_t file, struct pl_diags *diags, const struct pl_talk **talks,
                             size_t *n);

#endif
