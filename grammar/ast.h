/* SPDX-License-Identifier: Apache-2.0
 *
 * ast (private to the room grammar): the tree of a flow or talk file, the whole of edition 1.
 *
 * One struct per kind of declaration, statement, part and expression, in tagged unions, so that
 * what the parser built and what the checker reads have names. Everything lives in the arena of the
 * parse, is immutable once parsed, and never holds NULL where the grammar demands something: a line
 * with a mistake is left out of the tree, and the file says so in `broken`.
 *
 * Conventions: `span` covers the node's whole source, its block included. An optional node is a
 * NULL pointer; an optional name, path or id has an empty text (s.n == 0). Lists are {v, n}, in
 * source order. Texts (`struct pl_str`) point into the source, or into the arena when decoded.
 * Names are not resolved here and nothing is typed. Threads: read-only after the parse.
 */
#ifndef PL_GRAMMAR_AST_H
#define PL_GRAMMAR_AST_H

#include "runtime/value/value.h"
#include "grammar/source.h"

enum pl_decl_kind {
#define PL_DECL(name, word) PL_DECL_##name,
#include "grammar/node.def"
};
enum pl_stmt_kind {
#define PL_STMT(name, word) PL_STMT_##name,
#include "grammar/node.def"
};
enum pl_part_kind {
#define PL_PART(name, word) PL_PART_##name,
#include "grammar/node.def"
};
enum pl_expr_kind {
#define PL_EXPR(name, word) PL_EXPR_##name,
#include "grammar/node.def"
};
enum pl_play_kind {
#define PL_PLAY(name, word) PL_PLAY_##name,
#include "grammar/node.def"
};

/* An arena-grown list; `cap` is the parser's. */
#define PL_AST_LIST(type)                                                                          \
    struct {                                                                                       \
        type *v;                                                                                   \
        size_t n, cap;                                                                             \
    }
/* Adds to an arena-grown list. */
#define PL_AST_ADD(arena, list, item)                                                              \
    (pl_ast_grow((arena), (void **)&(list)->v, &(list)->cap, (list)->n, sizeof(*(list)->v)),       \
     (list)->v[(list)->n++] = (item))
void pl_ast_grow(struct pl_arena *arena, void **v, size_t *cap, size_t n, size_t size);

/* ---- leaves ---- */

/* NAME, HYPHENATED (languages, day ranges) or CURRENCY. */
struct pl_ast_name {
    struct pl_span span;
    struct pl_str s;
};
struct pl_ast_names {
    PL_AST_LIST(struct pl_ast_name);
};

/* a.b.c: `s` is the whole of it, `part` its names. */
struct pl_ast_path {
    struct pl_span span;
    struct pl_str s;
    struct pl_ast_name *part;
    size_t n;
};
struct pl_ast_paths {
    PL_AST_LIST(struct pl_ast_path);
};

/* @a.b, `s` without the @. When absent, `span` is the empty place where the tool would write it. */
struct pl_ast_id {
    struct pl_span span;
    struct pl_str s;
};

struct pl_ast_number {
    struct pl_span span;
    struct pl_dec n; /* a percent: 15% is 15 */
};
struct pl_ast_duration {
    struct pl_span span;
    int64_t ms;
};
/* /pattern/flags as written; both empty when absent. */
struct pl_ast_regex {
    struct pl_span span; /* with slashes and flags */
    struct pl_span at;   /* of the pattern alone */
    struct pl_str pattern, flags;
};

/* ---- texts and placeholders ---- */

enum pl_piece_kind {
    PL_PIECE_TEXT,  /* literal text, escapes decoded */
    PL_PIECE_VALUE, /* {expr} or {expr, style …} */
    PL_PIECE_HASH,  /* # in a branch of plural or ordinal: the number itself */
    PL_PIECE_MARK, /* {entity} or {slot: entity}: only in phrases (intent, says, after, synonyms) */
};
enum pl_piece_form {
    PL_FORM_PLAIN,   /* {expr} */
    PL_FORM_STYLE,   /* {expr, word[, word]}: one of value's style.def, in `style` */
    PL_FORM_PLURAL,  /* {n, plural, one {…} other {…}} */
    PL_FORM_ORDINAL, /* {n, ordinal, one {…} other {…}}, or {n, ordinal} without branches */
    PL_FORM_SELECT,  /* {x, select, member {…} other {…}} */
};

struct pl_ast_piece;
struct pl_ast_pieces {
    PL_AST_LIST(struct pl_ast_piece);
};
/* key {text} of plural, ordinal and select. */
struct pl_ast_branch {
    struct pl_span span;
    struct pl_ast_name key; /* one, other, a member, …; "=3" as written when exact */
    bool exact;             /* =k */
    uint32_t k;
    struct pl_ast_pieces pieces;
};
struct pl_ast_piece {
    enum pl_piece_kind kind;
    struct pl_span span; /* with the braces */
    struct pl_str text;  /* TEXT: decoded */
    /* VALUE */
    struct pl_ast_expr *expr;
    enum pl_piece_form form;
    enum pl_msg_style style; /* STYLE */
    PL_AST_LIST(struct pl_ast_branch) branches;
    /* MARK */
    struct pl_ast_path slot; /* as written before the colon; empty: the entity's own name */
    struct pl_ast_name entity;
};
struct pl_ast_text {
    struct pl_span span; /* with the quotes */
    struct pl_str s;     /* decoded, placeholders as written: of use when there are none */
    struct pl_str raw;   /* as written between the quotes: what a catalog shows and says */
    struct pl_ast_pieces pieces;
};
struct pl_ast_texts {
    PL_AST_LIST(struct pl_ast_text *);
};

/* en "…", "…": a lang_line. Marks are allowed in its texts, other placeholders are not. */
struct pl_ast_phrases {
    struct pl_span span;
    struct pl_ast_name lang;
    struct pl_ast_texts texts;
};
struct pl_ast_phrase_list {
    PL_AST_LIST(struct pl_ast_phrases);
};

/* ---- expressions ---- */

enum pl_ast_op {
    PL_AST_OP_OR,
    PL_AST_OP_AND,
    PL_AST_OP_IS,
    PL_AST_OP_IS_NOT,
    PL_AST_OP_LT,
    PL_AST_OP_LE,
    PL_AST_OP_GT,
    PL_AST_OP_GE,
    PL_AST_OP_IN,
    PL_AST_OP_ADD,
    PL_AST_OP_SUB,
    PL_AST_OP_MUL,
    PL_AST_OP_DIV,
};

struct pl_ast_args {
    struct pl_span span; /* with the parentheses; empty when there are none */
    bool present;        /* () were written */
    PL_AST_LIST(struct pl_ast_expr *);
};
struct pl_ast_entry {
    struct pl_ast_name name;
    struct pl_ast_expr *value;
};
struct pl_ast_expr {
    enum pl_expr_kind kind;
    struct pl_span span;
    union {
        struct pl_ast_path path; /* PATH; a bare name may be a slot or a member */
        struct {
            struct pl_ast_path path;
            struct pl_ast_args args;
        } call;
        struct pl_dec number; /* NUMBER, PERCENT */
        int64_t duration;     /* ms */
        struct {
            struct pl_dec amount;
            char currency[4];
        } money;
        struct pl_ast_text *text;
        bool yes; /* BOOL */
        struct pl_ast_args list;
        PL_AST_LIST(struct pl_ast_entry) record;
        struct pl_ast_expr *operand; /* NOT */
        struct {
            enum pl_ast_op op;
            struct pl_span op_span;
            struct pl_ast_expr *left, *right;
        } binary;
        struct {
            struct pl_ast_expr *operand;
            bool negated; /* is not empty */
        } empty;
        struct {
            struct pl_ast_expr *operand;
            struct pl_ast_regex regex;
        } matches;
    };
};

/* ---- types ---- */

struct pl_ast_member {
    struct pl_span span;
    struct pl_ast_name name;
    struct pl_ast_text *label;         /* or NULL */
    struct pl_ast_phrase_list phrases; /* synonyms: only in entities */
    struct pl_str doc;
};
struct pl_ast_members {
    PL_AST_LIST(struct pl_ast_member);
};
/* [private] [secret] name, name?, list of name, or one of a "A", b "B". */
struct pl_ast_type {
    struct pl_span span; /* without the qualifiers */
    struct pl_span quals_span;
    uint8_t quals; /* enum pl_qual bits */
    enum { PL_TYPE_NAMED, PL_TYPE_LIST, PL_TYPE_ENUM } form;
    struct pl_ast_name name; /* NAMED, LIST: the item's */
    bool optional;           /* name? */
    struct pl_ast_members members;
};

/* "text" @id if cond: the unit of what is said. */
struct pl_ast_line {
    struct pl_span span;
    struct pl_ast_text *text;
    struct pl_ast_id id;
    struct pl_ast_expr *cond; /* or NULL */
};
struct pl_ast_lines {
    PL_AST_LIST(struct pl_ast_line);
};

struct pl_ast_field {
    struct pl_span span;
    struct pl_ast_name name;
    struct pl_ast_type type;
    struct pl_ast_line *title; /* or NULL */
    struct pl_str doc;
};
struct pl_ast_fields {
    PL_AST_LIST(struct pl_ast_field);
};
/* Parameters of hooks, events and flows; those of hooks may have a title. */
struct pl_ast_params {
    bool present; /* () were written */
    PL_AST_LIST(struct pl_ast_field);
};

/* ---- what statements are made of ---- */

struct pl_ast_block {
    struct pl_span span;
    bool on_line; /* one statement on the line of its `else` */
    PL_AST_LIST(struct pl_ast_stmt *);
};

struct pl_ast_parts {
    PL_AST_LIST(struct pl_ast_part *);
};

/* -> open page   or   -> flow(args). kind NONE: nothing is written. */
struct pl_ast_target {
    enum { PL_TARGET_NONE, PL_TARGET_OPEN, PL_TARGET_FLOW } kind;
    struct pl_span span;
    struct pl_ast_path open;
    struct pl_ast_name flow; /* a flow, or a parameter of type flow in the prelude */
    struct pl_ast_args args;
};

/* each NAME in expr at most NUMBER */
struct pl_ast_each {
    struct pl_ast_name var;
    struct pl_ast_expr *list;
    struct pl_ast_number most;
};

struct pl_ast_part {
    enum pl_part_kind kind;
    struct pl_span span;
    struct pl_ast_id id;      /* all but STEPS, CARD, CARDS, EACH */
    struct pl_ast_expr *cond; /* or NULL; the same kinds */
    union {
        struct {
            struct pl_ast_path path;
            struct pl_ast_text *alt; /* or NULL */
        } image;
        struct {
            struct pl_ast_text *label, *value;
        } fact;
        struct {
            struct pl_ast_text *label;
            struct pl_ast_target target;
        } button; /* BUTTON, LINK */
        struct pl_ast_path file;
        struct pl_ast_lines steps;
        struct pl_ast_parts card;
        struct {
            struct pl_ast_each each;
            struct pl_ast_parts parts;
        } each;                   /* EACH, CARDS */
        struct pl_ast_text *text; /* TITLE, TEXT */
    };
};

struct pl_ast_say {
    struct pl_span span;
    struct pl_ast_line line;
    struct pl_ast_parts parts;
};
struct pl_ast_says {
    PL_AST_LIST(struct pl_ast_say);
};

struct pl_ast_choice;
struct pl_ast_choices {
    PL_AST_LIST(struct pl_ast_choice *);
};
struct pl_ast_choice {
    enum { PL_CHOICE_OPTION, PL_CHOICE_EACH } kind;
    struct pl_span span;
    union {
        struct {
            struct pl_ast_text *label;
            struct pl_ast_id id;
            struct pl_ast_target target;
            struct pl_ast_expr *cond; /* or NULL */
            struct pl_ast_phrase_list says;
            struct pl_ast_block *body; /* or NULL */
        } option;
        struct {
            struct pl_ast_each each;
            struct pl_ast_choices choices;
        } each;
    };
};

/* What a question does when it goes wrong: shared by ask, confirm, choose. */
struct pl_ast_repair {
    struct pl_ast_lines again;       /* the nth at the nth miss */
    struct pl_ast_number *tries;     /* or NULL */
    struct pl_ast_block *otherwise;  /* or NULL; never in confirm */
    struct pl_ast_block *else_block; /* or NULL */
};

/* A way of asking: one line with parts, or any of several. */
struct pl_ast_prompt {
    struct pl_span span;
    bool any; /* any of */
    struct pl_ast_says says;
};

struct pl_ast_check {
    struct pl_span span;
    struct pl_ast_expr *cond;
    struct pl_ast_line otherwise;
};

struct pl_ast_ask {
    struct pl_ast_path slot;
    struct pl_ast_type *type;  /* or NULL: known from elsewhere */
    struct pl_ast_line *title; /* or NULL */
    PL_AST_LIST(struct pl_ast_prompt) prompts;
    struct pl_ast_choices choices;
    PL_AST_LIST(struct pl_ast_check) checks;
    bool optional, confirm_corrections;
    struct pl_ast_names accept;
    struct pl_ast_repair repair;
};

struct pl_ast_confirm {
    struct pl_ast_line line; /* no condition */
    struct pl_ast_parts parts;
    struct pl_ast_block *no;
    struct pl_ast_repair repair;
};

struct pl_ast_choose {
    struct pl_ast_line line; /* no condition */
    struct pl_ast_parts parts;
    struct pl_ast_choices choices;
    struct pl_ast_repair repair;
};

/* names and a block: failures of a call, arms of a match. */
struct pl_ast_arm {
    struct pl_span span;
    struct pl_ast_names names;
    struct pl_ast_block *block;
};
struct pl_ast_arms {
    PL_AST_LIST(struct pl_ast_arm);
};

struct pl_ast_call {
    struct pl_ast_path result; /* call RESULT = path(args), or empty */
    struct pl_ast_path callee; /* a hook or a flow */
    struct pl_ast_args args;
    struct pl_ast_arms failures;
};

enum pl_limit_kind { PL_LIMIT_CALLS, PL_LIMIT_TOKENS, PL_LIMIT_TIME, PL_LIMIT_MONEY };
struct pl_ast_limit {
    struct pl_span span;
    enum pl_limit_kind kind;
    struct pl_dec amount; /* CALLS, TOKENS, MONEY */
    int64_t ms;           /* TIME */
    char currency[4];     /* MONEY */
};
struct pl_ast_limits {
    PL_AST_LIST(struct pl_ast_limit);
};

struct pl_ast_given {
    struct pl_ast_path path;
    bool optional; /* path? */
};
struct pl_ast_givens {
    PL_AST_LIST(struct pl_ast_given);
};

struct pl_ast_answer {
    struct pl_ast_id id;
    struct pl_ast_number *top; /* using kb top n, or NULL */
    struct pl_ast_givens given;
    struct pl_ast_paths tools;
    struct pl_ast_texts never;
    struct pl_ast_name prompt;   /* .s.n == 0: the usual one */
    struct pl_ast_limits budget; /* n == 0: not written */
    struct pl_ast_block *unsure, *down;
};

struct pl_ast_decide {
    struct pl_ast_path slot;
    struct pl_ast_type type;
    struct pl_ast_text *about;
    struct pl_ast_givens from;
    struct pl_ast_name prompt; /* as of an answer */
    struct pl_ast_limits budget;
    struct pl_ast_block *none;
};

struct pl_ast_cond_block {
    struct pl_span span;
    struct pl_ast_expr *cond;
    struct pl_ast_block *block;
};
struct pl_ast_if {
    PL_AST_LIST(struct pl_ast_cond_block) arms; /* if, elif, elif … */
    struct pl_ast_block *else_block;            /* or NULL */
};
struct pl_ast_match {
    struct pl_ast_expr *expr;
    struct pl_ast_arms arms;
    struct pl_ast_block *else_block; /* or NULL */
};

struct pl_ast_variant {
    struct pl_span span;
    struct pl_ast_name name;
    struct pl_ast_number percent;
    struct pl_ast_block *block;
};
struct pl_ast_experiment {
    struct pl_ast_name name;
    PL_AST_LIST(struct pl_ast_variant) variants;
};

enum pl_ast_handoff_mode {
    PL_AST_HANDOFF_PLAIN, /* `handoff`: leaves, like now, but without its haste */
    PL_AST_HANDOFF_NOW,
    PL_AST_HANDOFF_OFFER,
    PL_AST_HANDOFF_CALLBACK,
    PL_AST_HANDOFF_MESSAGE
};
struct pl_ast_handoff {
    struct pl_span span; /* of the head alone */
    enum pl_ast_handoff_mode mode;
    struct pl_ast_name to, priority;        /* or empty */
    struct pl_ast_text *because;            /* or NULL */
    struct pl_ast_block *closed, *declined; /* or NULL */
};

struct pl_ast_goto {
    struct pl_ast_name flow;
    struct pl_ast_args args;
};
struct pl_ast_back {
    struct pl_ast_name mark;
    struct pl_ast_number most;
    struct pl_ast_block *else_block;
};
struct pl_ast_change {
    struct pl_ast_paths slots;
    struct pl_ast_number most;
    struct pl_ast_block *else_block;
};
struct pl_ast_wait {
    enum { PL_WAIT_DURATION, PL_WAIT_UNTIL, PL_WAIT_EVENT } kind;
    struct pl_ast_duration duration; /* DURATION; EVENT: at most */
    struct pl_ast_expr *until;
    struct pl_ast_path event;
    struct pl_ast_names params; /* names bound to what the event brings */
    struct pl_ast_id id;
    struct pl_ast_block *else_block; /* or NULL */
};

enum pl_end_kind { PL_END_RESOLVED, PL_END_UNRESOLVED, PL_END_CONVERSATION };

struct pl_ast_stmt {
    enum pl_stmt_kind kind;
    struct pl_span span;
    struct pl_span head; /* its first line, without the line end: where a diagnostic points */
    struct pl_str doc;
    union {
        struct pl_ast_say say;
        struct pl_ast_prompt any_of;
        struct pl_ast_ask ask;
        struct pl_ast_confirm confirm;
        struct pl_ast_choose choose;
        struct pl_ast_call call;
        struct pl_ast_answer answer;
        struct pl_ast_decide decide;
        struct pl_ast_if if_;
        struct pl_ast_match match;
        struct pl_ast_experiment experiment;
        struct pl_ast_handoff handoff;
        struct pl_ast_goto goto_;
        struct {
            struct pl_ast_path slot;
            struct pl_ast_expr *value;
        } set;
        struct pl_ast_paths clear;
        struct pl_ast_name mark;
        struct pl_ast_back back;
        struct pl_ast_change change;
        struct pl_ast_wait wait;
        struct pl_ast_name goal;
        struct pl_ast_text *note;
        struct {
            struct pl_ast_name name;
            struct pl_ast_args args;
        } track;
        enum pl_end_kind end;
        struct pl_ast_expr *value; /* RETURN, or NULL */
    };
};

/* ---- declarations ---- */

struct pl_ast_assistant {
    struct pl_ast_text *title; /* assistant "Nova" */
    struct pl_ast_name source;
    struct pl_ast_names locales;
    struct pl_ast_text *zone;
    struct pl_ast_name currency, start;
    struct pl_ast_text *tone;
    struct pl_ast_limits ceiling;
    struct pl_ast_duration *callback; /* callback within */
};

struct pl_ast_entity {
    bool one_of;             /* then members, else the rest */
    struct pl_ast_type type; /* of the refined form */
    struct pl_ast_line *title;
    struct pl_ast_regex match;
    struct pl_ast_name shape;
    struct pl_ast_texts examples;
    struct pl_ast_phrase_list after;
    struct pl_ast_path from_hook, lua;
    struct pl_ast_duration *refresh;
    struct pl_ast_members members;
};

/* A record (fields) or an enum (type.form == ENUM). */
struct pl_ast_type_decl {
    bool is_enum;
    struct pl_ast_type type;
    struct pl_ast_fields fields; /* also of session and customer */
};

enum pl_effect_kind { PL_EFFECT_UNSAID, PL_EFFECT_PURE, PL_EFFECT_READ, PL_EFFECT_WRITE_ONCE };
struct pl_ast_hook {
    struct pl_ast_path path;
    struct pl_ast_line *title; /* or NULL */
    struct pl_ast_params params;
    struct pl_ast_type *result; /* or NULL */
    enum pl_effect_kind effect;
    struct pl_ast_names fails;
    struct pl_ast_duration *within, *cache; /* or NULL */
};

struct pl_ast_event {
    struct pl_ast_path path;
    struct pl_ast_params params;
};

struct pl_ast_time_range {
    struct pl_span span;
    uint16_t from, to; /* minutes since midnight, 0..1440 */
};
struct pl_ast_day {
    struct pl_span span;
    struct pl_ast_name days; /* sat, or mon-fri */
    PL_AST_LIST(struct pl_ast_time_range) ranges;
};
struct pl_ast_hours {
    struct pl_ast_text *zone, *holidays; /* or NULL */
    PL_AST_LIST(struct pl_ast_day) days;
};

struct pl_ast_queue {
    struct pl_ast_line *title; /* or NULL */
    struct pl_ast_names skills, languages;
    struct pl_ast_name open;
    struct pl_ast_duration *answer_within; /* or NULL */
    struct pl_ast_number *answer_percent;  /* with it */
    struct pl_ast_duration *callback;      /* or NULL */
};

/* when expr, or when path mentions + phrases */
struct pl_ast_when {
    struct pl_span span;
    struct pl_ast_expr *expr; /* NULL: mentions */
    struct pl_ast_path path;
    struct pl_ast_phrase_list mentions;
};
struct pl_ast_rule {
    PL_AST_LIST(struct pl_ast_when) whens;
    bool route; /* route priority NAME, else a hand-over */
    struct pl_ast_name route_priority;
    struct pl_ast_handoff handoff;
    struct pl_ast_duration *every; /* or NULL */
};

enum pl_ast_trigger_kind {
    PL_TRIGGER_INTENT,
    PL_TRIGGER_EVENT,
    PL_TRIGGER_OPEN,
    PL_TRIGGER_IDLE,
    PL_TRIGGER_OTHERWISE,
    PL_TRIGGER_SAYS
};
struct pl_ast_trigger {
    enum pl_ast_trigger_kind kind;
    struct pl_span span;
    struct pl_ast_name intent;
    struct pl_ast_path event;
    struct pl_ast_duration idle;
    struct pl_ast_phrase_list says;
    struct pl_ast_expr *cond; /* or NULL */
};
enum pl_ast_on_change {
    PL_AST_CHANGE_UNSAID,
    PL_AST_CHANGE_FINISH,
    PL_AST_CHANGE_RESTART,
    PL_AST_CHANGE_MOVE
};
enum pl_ast_interrupt {
    PL_AST_INTERRUPT_UNSAID,
    PL_AST_INTERRUPT_ALLOW,
    PL_AST_INTERRUPT_AFTER_ANSWER,
    PL_AST_INTERRUPT_NEVER
};
struct pl_ast_flow {
    struct pl_ast_params params;
    struct pl_ast_type *result;         /* or NULL */
    struct pl_ast_line *title, *resume; /* or NULL */
    PL_AST_LIST(struct pl_ast_trigger) triggers;
    enum pl_ast_on_change on_change;
    struct pl_span on_change_at;
    enum pl_ast_interrupt interrupt;
    bool regulated, verified;
    struct pl_ast_block *body;
};

/* ---- talks ---- */

enum pl_expect_kind {
    PL_EXPECT_GOAL,
    PL_EXPECT_END,
    PL_EXPECT_NO_MODEL_CALLS,
    PL_EXPECT_DIRECTION,
    PL_EXPECT_HOOK_ONCE,
    PL_EXPECT_HOOK_NEVER,
    PL_EXPECT_SLOT_IS,
    PL_EXPECT_SLOT_EMPTY,
    PL_EXPECT_HANDOFF,
    PL_EXPECT_HANDOFF_CARRIES,
    PL_EXPECT_MARK,
    PL_EXPECT_NOTE,
    PL_EXPECT_TRACK
};
struct pl_ast_expect {
    enum pl_expect_kind kind;
    struct pl_ast_name name;       /* GOAL, END, DIRECTION, MARK, TRACK */
    struct pl_ast_path path;       /* HOOK_…, SLOT_… */
    struct pl_ast_expr *value;     /* SLOT_IS */
    enum pl_ast_handoff_mode mode; /* HANDOFF: PLAIN means any */
    struct pl_ast_name to, priority, by;
    struct pl_ast_givens carries;
    struct pl_ast_text *text; /* NOTE: what it contains */
    struct pl_ast_args args;  /* TRACK: its values, when written */
};
/* What a bot line must carry. */
struct pl_ast_bot_part {
    struct pl_span span;
    bool options;                      /* options "A", "B"; else fact */
    struct pl_ast_text *label, *value; /* fact */
    struct pl_ast_texts texts;         /* options */
};
enum pl_stub_kind { PL_STUB_VALUE, PL_STUB_FAILS, PL_STUB_LIKE };
struct pl_ast_play {
    enum pl_play_kind kind;
    struct pl_span span;
    union {
        struct pl_ast_names locales; /* LOCALE */
        struct {
            struct pl_ast_name who;
            struct pl_ast_expr *remembered; /* a record, or NULL */
        } as;                               /* AS */
        struct pl_ast_text *text;           /* USER PICK PRESS UPLOAD AT MODEL CASSETTE RELOAD */
        struct pl_ast_duration advance;
        struct {
            bool back;                /* he gives the conversation back */
            struct pl_ast_text *text; /* what he says, or his note (or NULL) */
        } agent;
        struct {
            struct pl_ast_path path;
            struct pl_ast_args args;
        } event;
        struct {
            struct pl_ast_path path;
            struct pl_ast_args args;
            enum pl_stub_kind kind;
            struct pl_ast_expr *value;  /* VALUE */
            struct pl_ast_name failure; /* FAILS */
            struct pl_ast_text *like;   /* LIKE: the name of another talk */
        } stub;                         /* HOOK */
        struct {
            struct pl_ast_id id; /* one of the three */
            struct pl_ast_text *text;
            struct pl_ast_path hook;
        } forbid;
        struct pl_ast_expect expect;
        struct {
            struct pl_ast_id id;      /* or empty: contains */
            struct pl_ast_text *text; /* @id "whole text" (or NULL), or ~ "part of it" */
            PL_AST_LIST(struct pl_ast_bot_part) parts;
        } bot;
    };
};
struct pl_ast_talk {
    struct pl_ast_text *title;
    PL_AST_LIST(struct pl_ast_play) plays;
};

struct pl_ast_decl {
    enum pl_decl_kind kind;
    struct pl_span span;
    struct pl_span head; /* its first line */
    struct pl_ast_name
        name;          /* empty for ASSISTANT, SESSION, CUSTOMER, TALK; the path of HOOK, EVENT */
    struct pl_str doc; /* its ## lines joined by \n, without the marks */
    bool more, override;
    union {
        struct pl_ast_assistant assistant;
        struct pl_ast_phrase_list intent;
        struct pl_ast_entity entity;
        struct pl_ast_type_decl type; /* TYPE, SESSION, CUSTOMER */
        struct pl_ast_hook hook;
        struct pl_ast_event event;
        struct pl_ast_hours hours;
        struct pl_ast_queue queue;
        struct pl_ast_rule rule;
        struct pl_ast_flow flow;
        struct pl_ast_talk talk;
    };
};

/* ---- files ---- */

enum pl_comment_kind { PL_COMMENT_PLAIN, PL_COMMENT_DOC, PL_COMMENT_ALLOW };
/* Every comment of a file in order; the formatter puts each back where it was. */
struct pl_ast_comment {
    enum pl_comment_kind kind;
    struct pl_span span; /* from its # to the last byte that is not white space */
    bool own_line;       /* nothing but white space before it */
};
struct pl_ast_file {
    uint32_t file; /* index in the source set */
    bool broken;   /* a mistake of layout or syntax was reported: do not check, do not format */
    bool talk;
    PL_AST_LIST(struct pl_ast_decl *) decls; /* talks too */
    PL_AST_LIST(struct pl_ast_comment) comments;
};

const char *pl_decl_word(enum pl_decl_kind kind);
const char *pl_stmt_word(enum pl_stmt_kind kind);
const char *pl_part_word(enum pl_part_kind kind);
const char *pl_expr_word(enum pl_expr_kind kind);
const char *pl_play_word(enum pl_play_kind kind);
const char *pl_op_word(enum pl_ast_op op);

#endif
