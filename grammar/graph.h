/* SPDX-License-Identifier: Apache-2.0
 *
 * graph (private to the room grammar): a program as names and tables, between parse and image.
 *
 * struct pl_graph is one compilation. Steps fill it in order: graph (names of all kinds), types
 * (records, enums, entities, scopes), slots (of each flow), check, emit, catalogs. Everything lives
 * in the arena of the compilation. The tables at the end are those of struct pl_program while they
 * grow; rows are named by index, so growing moves nothing that is pointed to.
 */
#ifndef PL_GRAMMAR_GRAPH_H
#define PL_GRAMMAR_GRAPH_H

#include "grammar/ast.h"
#include "grammar/grammar.h"
#include "grammar/parse.h"

/* ---- names ---- */

/* A lookup that found something, kept when the input wants an index: of a declared name, of a slot
 * (of the flow `symbol`, `ref` as an operand) or of a member of the type in row `ref`. */
struct pl_lookup {
    uint8_t kind; /* enum pl_index_kind */
    struct pl_str name;
    const struct pl_symbol *symbol;
    uint32_t ref;
};
struct pl_lookups {
    PL_AST_LIST(struct pl_lookup);
    struct pl_arena *arena; /* NULL: nothing is kept */
};

/* A declared name; `more` adds declarations to it, of intents and entities alone. */
struct pl_symbol {
    struct pl_str name;
    struct pl_ast_decl *decl;
    PL_AST_LIST(struct pl_ast_decl *) more;
    uint32_t index; /* in its kind's table of the program */
    bool used;
};
struct pl_symbols {
    const char *what; /* "flow": in messages */
    enum pl_index_kind kind;
    struct pl_lookups *lookups;
    PL_AST_LIST(struct pl_symbol *);
    struct pl_map by_name; /* freed at the end of the compilation */
};

/* One enum, record or entity: a row of the program's types with what it was made from. */
struct pl_graph_def {
    struct pl_typedef row; /* fields are writable until the end */
    struct pl_typedef_field *fields;
    const struct pl_ast_members *members; /* of an enum or a word list */
    struct pl_symbol *symbol;             /* NULL for an enum written in place */
    struct pl_span span;
    uint32_t entity; /* row of entities, or PL_NOWHERE */
    bool asked;      /* some ask's answer is one of it */
    uint32_t title;  /* its title's text, once emitted; PL_NOWHERE */
};

/* A slot of a flow or a scope. */
struct pl_graph_slot {
    struct pl_str name; /* "phone"; a scope's too */
    struct pl_type type;
    struct pl_span span; /* where it was first written */
    struct pl_ast_line *title;
    bool param, loop;
    bool asked, read, written; /* by some `ask`; by anything */
    struct pl_span ask;        /* head of the first question for it */
    bool ask_titled;           /* the title stands at a question, not at the declaration */
    bool named;                /* a text of the prelude may name it by its title */
    bool proposed;             /* it holds what a model proposes: no line writes or reads it */
    uint32_t title_text;       /* texts, once emitted */
    struct pl_span marked;     /* what first made it private or secret, when no declaration did */
    struct pl_str marked_by;   /* the slot whose mark it took; empty: of something else */
    bool records;              /* it may hold something marked that the customer did not type */
};
struct pl_graph_slots {
    PL_AST_LIST(struct pl_graph_slot);
};

/* A tool of an `answer` that writes, as the statements that it stands for: it is asked about, then
 * called. Their texts are shown by emit_say.c. */
struct pl_graph_action {
    const struct pl_ast_answer *of;
    struct pl_symbol *hook;
    struct pl_span at;                  /* where it is named */
    struct pl_ast_stmt *confirm, *call; /* of what stands in the slots `args` name */
    struct pl_str *args;                /* locals, one for each parameter */
    struct pl_str result;               /* local; empty: it gives nothing */
};

struct pl_graph_flow {
    struct pl_symbol *symbol;
    struct pl_ast_decl *decl;
    bool prelude;                /* of the prelude, or replaces one of it */
    struct pl_graph_slots slots; /* parameters first */
    struct pl_type result;       /* kind NONE: nothing */
    bool records;                /* the result may be what the customer did not type */
    bool asks;                   /* has a question of its own */
};

/* A text of the program: its arguments in the order of their first appearance. */
struct pl_graph_arg {
    struct pl_ast_expr *expr;
    struct pl_type type;
};
struct pl_graph_text {
    struct pl_str id;
    struct pl_span span;
    struct pl_ast_text *source; /* NULL: `plain` is the text */
    struct pl_str plain;
    PL_AST_LIST(struct pl_graph_arg) args;
    struct pl_str *code;               /* one for each locale; empty: none */
    struct pl_grammar_translation *in; /* one for each locale, when the input wants them listed */
    bool words;                        /* has something to translate */
    bool label;                        /* of a quick reply */
    struct pl_graph_text *like;        /* the next with the same id, once text_ids is made */
};

/* What is known on a path: bits by path number (pl_grammar__path). */
struct pl_known {
    uint64_t *bits;
    uint32_t n; /* words */
};

/* A prompt, and whether something uses it. */
struct pl_graph_prompt {
    const struct pl_grammar_prompt *from;
    bool used;
    uint32_t row; /* prompts of the image, or PL_NOWHERE */
};

struct pl_graph {
    struct pl_arena *arena;
    const struct pl_grammar_input *input;
    const struct pl_grammar_host *host;
    struct pl_diags *diags; /* `mute` while nothing shall be said */
    struct pl_diags *said, mute;
    size_t errors_before; /* in `said`, of what was looked at before the flows */

    PL_AST_LIST(struct pl_ast_file *) files;    /* flows by path bytes, then talks */
    PL_AST_LIST(struct pl_ast_decl *) replaced; /* flows of the prelude that are overridden */
    struct pl_ast_decl *assistant;
    struct pl_symbols intents, entities, types, hooks, events, hours, queues, rules, flows;
    struct pl_graph_slots session, customer;
    PL_AST_LIST(struct pl_graph_def) defs;
    PL_AST_LIST(struct pl_type) items;
    PL_AST_LIST(struct pl_graph_flow) flow;
    PL_AST_LIST(struct pl_str) locales;
    PL_AST_LIST(struct pl_graph_text) texts;
    PL_AST_LIST(struct pl_str) paths;   /* names of pl_known's bits, of one flow at a time */
    struct pl_map path_numbers;         /* name -> its element in `paths`' names */
    struct pl_map ids;                  /* @id -> struct pl_span */
    struct pl_map proposed;             /* ids that were suggested for lines without one */
    struct pl_map seen_ids;             /* every word after an @ in any source; made when needed */
    struct pl_map taken;                /* what triggers a flow whatever holds -> struct taken */
    struct pl_map text_ids;             /* id -> the first of its texts; made when needed */
    PL_AST_LIST(struct pl_str) cleared; /* session's and customer's slots that some flow clears */
    PL_AST_LIST(struct pl_graph_prompt) prompt;
    bool articles_missed; /* it was said that there are none */
    struct pl_lookups lookups;
    struct pl_flowgraph *flowgraph; /* flowgraph.h; made once names and slots are known */

    PL_AST_LIST(struct pl_value) consts;
    PL_AST_LIST(uint32_t) code;
    PL_AST_LIST(struct pl_p_line) lines;
    PL_AST_LIST(struct pl_p_point) points;
    uint32_t line_file, line_name; /* the file named last in `lines`, 1 + its number; its const */
    PL_AST_LIST(struct pl_p_trigger) triggers;
    PL_AST_LIST(struct pl_p_wait) waits;
    PL_AST_LIST(struct pl_span) wait_spans; /* where each is written */
    PL_AST_LIST(struct pl_p_option) options;
    PL_AST_LIST(struct pl_p_target) targets;
    PL_AST_LIST(struct pl_p_call) calls;
    PL_AST_LIST(struct pl_p_back) backs;
    PL_AST_LIST(struct pl_p_handoff) handoffs;
    PL_AST_LIST(struct pl_p_model) models;
    PL_AST_LIST(struct pl_p_prompt) prompts;
    PL_AST_LIST(struct pl_graph_action) actions;
    PL_AST_LIST(struct pl_p_mention) mentions;
    PL_AST_LIST(struct pl_str) regexes;           /* as the image has them */
    PL_AST_LIST(struct pl_grammar_regex) written; /* the same, flags apart */
    PL_AST_LIST(struct pl_p_section) sections;
};

/* ---- graph.c: the names ---- */

/* Were there errors since the flows are looked at? */
bool pl_grammar__failed(const struct pl_graph *g);
/* Fills the symbol tables; reports names declared twice, overrides of nothing, a missing
 * assistant. */
void pl_grammar__collect(struct pl_graph *g);
void pl_grammar__looked_up(const struct pl_lookups *l, struct pl_lookup found);
struct pl_symbol *pl_grammar__find(const struct pl_symbols *s, struct pl_str name);
/* The symbol, marked as used; NULL and a report when there is none. */
struct pl_symbol *pl_grammar__need(struct pl_graph *g, struct pl_symbols *s, struct pl_str name,
                                   struct pl_span at);
/* Reports that `name` is not one of `what`, with the nearest of the names as hint. */
void pl_grammar__unknown(struct pl_graph *g, const char *what, struct pl_str name,
                         struct pl_span at, const struct pl_str *names, size_t n);
/* Is this file part of the prelude (a folder or file of that name)? */
bool pl_grammar__in_prelude(const struct pl_graph *g, struct pl_span at);
struct pl_str pl_grammar__str(struct pl_graph *g, const char *format, ...) PL_PRINTF(2, 3);
/* a, the byte, b: for names, of which there are many. */
struct pl_str pl_grammar__joined(struct pl_graph *g, struct pl_str a, char by, struct pl_str b);
/* From here to _speak nothing is reported. */
/* Frees what does not lie in the arena. */
void pl_grammar__forget_names(struct pl_graph *g);
void pl_grammar__mute(struct pl_graph *g);
void pl_grammar__speak(struct pl_graph *g);

/* ---- types.c ---- */

/* Rows for all types and entities, then the fields of records, scopes. */
void pl_grammar__types(struct pl_graph *g);
/* The type that was written; an enum in place becomes a row called `name`. kind NONE and a report
 * when there is none. */
struct pl_type pl_grammar__type(struct pl_graph *g, const struct pl_ast_type *type,
                                struct pl_str name);
/* The type called so; kind NONE when there is none. */
struct pl_type pl_grammar__type_named(struct pl_graph *g, struct pl_str name);
struct pl_type pl_grammar__list_of(struct pl_graph *g, struct pl_type item);
struct pl_type pl_grammar__item(const struct pl_graph *g, struct pl_type list);
/* As written: "list of item", "text?". */
struct pl_str pl_grammar__type_name(struct pl_graph *g, struct pl_type type);
struct pl_type pl_grammar__kind(enum pl_kind kind);
/* The kind behind an entity, else the type's own. */
enum pl_kind pl_grammar__base(const struct pl_graph *g, struct pl_type type);
bool pl_grammar__same(const struct pl_graph *g, struct pl_type a, struct pl_type b);
/* May a value of `from` stand where `to` is wanted? Absence is not looked at. */
bool pl_grammar__fits(const struct pl_graph *g, struct pl_type from, struct pl_type to);
/* An enum, or a word list. */
bool pl_grammar__is_enum(const struct pl_graph *g, struct pl_type type);
/* The row of the member, or NULL. */
const struct pl_typedef_field *pl_grammar__member(const struct pl_graph *g, struct pl_type type,
                                                  struct pl_str name);
/* The field of a record, or of an opaque kind of the prelude; kind NONE when there is none. */
struct pl_type pl_grammar__field(const struct pl_graph *g, struct pl_type type, struct pl_str name);
const struct pl_typedef *pl_grammar__def(const struct pl_graph *g, struct pl_type type);
/* The prelude's enum of the words for yes and no, `type yes_no: one of yes …, no …`; PL_NOWHERE
 * when there is none. */
uint32_t pl_grammar__yes_no(const struct pl_graph *g);
/* The value that an option of `ask` outside `each` gives, by its label: a text, a number, a member
 * called so. False when it gives none. */
bool pl_grammar__option_value(struct pl_graph *g, struct pl_type type,
                              const struct pl_ast_text *label, struct pl_value *out);
/* Names of members or fields, for hints. */
size_t pl_grammar__names(struct pl_graph *g, struct pl_type type, struct pl_str **names);

/* ---- slots.c ---- */

/* The slots of a flow with their types: parameters, then whatever its body writes. */
void pl_grammar__slots(struct pl_graph *g, struct pl_graph_flow *f);
/* The parameters alone, for all flows, before any body is looked at. */
void pl_grammar__signatures(struct pl_graph *g);
/* ---- action.c ---- */

/* The tools of the answer that write: their question and call, and slots for what is proposed. */
void pl_grammar__actions(struct pl_graph *g, struct pl_graph_flow *f,
                         const struct pl_ast_answer *answer);
/* The nth of the answer, or NULL. */
const struct pl_graph_action *pl_grammar__action(const struct pl_graph *g,
                                                 const struct pl_ast_answer *of, uint32_t n);
/* What a parameter is called for the customer: its own title, else its entity's; NULL: nothing. */
struct pl_ast_line *pl_grammar__param_title(struct pl_graph *g, const struct pl_ast_field *param,
                                            struct pl_type type);

/* The slot's index, or PL_NOWHERE. */
uint32_t pl_grammar__slot(const struct pl_graph_slots *s, struct pl_str name);
/* "session", "customer" or "" and the slot's name, of a path that starts with a slot. Gives the
 * reference, PL_NOWHERE when it is none; *parts: how many names of the path it took. */
uint32_t pl_grammar__slot_ref(const struct pl_graph *g, const struct pl_graph_flow *f,
                              const struct pl_ast_path *path, size_t *parts);
struct pl_graph_slot *pl_grammar__slot_at(struct pl_graph *g, struct pl_graph_flow *f,
                                          uint32_t ref);

/* ---- expr.c: typing ---- */

enum pl_tx_kind {
    PL_TX_BAD, /* reported already */
    PL_TX_CONST,
    PL_TX_NONE,
    PL_TX_SLOT,   /* ref */
    PL_TX_FACT,   /* ref */
    PL_TX_FIELD,  /* a, name */
    PL_TX_UNARY,  /* op a: NOT EMPTY */
    PL_TX_BINARY, /* a op b */
    PL_TX_AND,
    PL_TX_OR,
    PL_TX_LIST,       /* items */
    PL_TX_FUNC,       /* ref a */
    PL_TX_MATCHES,    /* ref a */
    PL_TX_OPEN,       /* ref */
    PL_TX_QUEUE_WAIT, /* ref */
};
/* An expression with its names resolved and its type. */
struct pl_tx {
    enum pl_tx_kind kind;
    struct pl_type type; /* optional: may be absent here */
    struct pl_span span;
    uint32_t op; /* enum pl_op */
    uint32_t ref;
    struct pl_str name;
    struct pl_value value;
    struct pl_tx *a, *b;
    struct pl_tx **items;
    uint32_t nitems;
    uint32_t path; /* 1 + number of its path, 0: it has none */
};
/* Where an expression stands. */
struct pl_where {
    struct pl_graph *g;
    struct pl_graph_flow *flow; /* NULL: in a rule or a trigger's condition without locals */
    struct pl_known *known;     /* NULL: everything is taken as present */
    bool agents;                /* a text that only people of the shop read */
    bool check;                 /* of a question: secrets may be looked into */
};

/* A name of the flow is unknown: what it should set is not reported as absent. */
bool pl_grammar__lost(const struct pl_where *w);
/* Types `e`; `want`, when not NULL, tells which enum's members bare names are. Never NULL. Reports
 * what is wrong with it, not whether it fits `want`. */
struct pl_tx *pl_grammar__expr(struct pl_where *w, struct pl_ast_expr *e,
                               const struct pl_type *want);
/* The like for a dotted name outside an expression. */
struct pl_tx *pl_grammar__path_expr(struct pl_where *w, const struct pl_ast_path *path);
/* As a condition: a bool, or something that may be absent. */
struct pl_tx *pl_grammar__condition(struct pl_where *w, struct pl_ast_expr *e);
/* Reports unless it fits the type, absence included. */
bool pl_grammar__expect(struct pl_where *w, const struct pl_tx *x, struct pl_type type);
/* Reports a mistake, or a shape that is surely none of what is meant; false when it is ill-formed.
 */
bool pl_grammar__check_regex(struct pl_graph *g, const struct pl_ast_regex *r);
bool pl_grammar__expr_eq(const struct pl_ast_expr *a, const struct pl_ast_expr *b);

/* ---- known.c: what is present on a path ---- */

/* The number of a path of this graph, "local", "local.field", "session.x.y". */
uint32_t pl_grammar__path(struct pl_graph *g, struct pl_str name);
/* Another flow begins: its paths are numbered anew, and no older pl_known is of use. */
void pl_grammar__paths_begin(struct pl_graph *g);
struct pl_known pl_grammar__known_copy(struct pl_graph *g, const struct pl_known *k);
bool pl_grammar__known_has(const struct pl_known *k, uint32_t path);
void pl_grammar__known_add(struct pl_graph *g, struct pl_known *k, uint32_t path);
/* Forgets the path and what lies below it. */
void pl_grammar__known_drop(struct pl_graph *g, struct pl_known *k, uint32_t path);
void pl_grammar__known_meet(struct pl_known *into, const struct pl_known *other);
bool pl_grammar__known_eq(const struct pl_known *a, const struct pl_known *b);
/* The value is there, and with it the records that it is in. */
void pl_grammar__known_present(struct pl_graph *g, struct pl_known *k, const struct pl_tx *x);
/* What the condition being `truth` tells; "@verified" is known where the fact `verified` holds. */
void pl_grammar__narrow(struct pl_graph *g, struct pl_known *k, const struct pl_tx *x, bool truth);

/* ---- text.c ---- */

/* Something that only its owner may see, and that he has not typed on this path himself, while
 * nobody knows that it is him. */
bool pl_grammar__is_withheld(struct pl_where *w, const struct pl_tx *x);
/* Reports a value that may not be shown to who writes here. */
void pl_grammar__check_shown(struct pl_where *w, const struct pl_tx *x, struct pl_span at);

/* Does it hold anything besides placeholders, white space and punctuation? */
bool pl_grammar__has_words(const struct pl_ast_text *text);
/* Checks the placeholders against types and what is known. */
void pl_grammar__check_text(struct pl_where *w, const struct pl_ast_text *text);
/* A row of texts; its arguments are typed, not checked. Gives the index. */
uint32_t pl_grammar__text(struct pl_where *w, struct pl_str id, struct pl_ast_text *text);
/* A row for a text that is in no source, such as a member's name. */
uint32_t pl_grammar__text_plain(struct pl_graph *g, struct pl_str id, struct pl_str plain,
                                struct pl_span at);
/* The texts with this id, linked by `like`; NULL: none. After the last text was made. */
struct pl_graph_text *pl_grammar__texts_of(struct pl_graph *g, struct pl_str id);
/* Message code of a text with these arguments; false when a placeholder is none of them, with the
 * place in *at. */
bool pl_grammar__message(struct pl_graph *g, const struct pl_graph_text *args,
                         const struct pl_ast_pieces *pieces, struct pl_str *code,
                         const struct pl_ast_piece **at);
/* ---- check_event.c: what events bring ---- */

/* The event's argument of this name, or NULL; its type. */
const struct pl_ast_field *pl_grammar__event_param(const struct pl_symbol *event,
                                                   struct pl_str name);
struct pl_type pl_grammar__event_type(struct pl_graph *g, const struct pl_symbol *event,
                                      const struct pl_ast_field *param);
/* The flow as the condition of its `on event` sees it: with its parameters alone. */
struct pl_graph_flow pl_grammar__event_head(const struct pl_graph_flow *f);

/* ---- check_phrase.c: marks in phrases ---- */

bool pl_grammar__has_marks(const struct pl_ast_text *t);
/* The text with ⟨entity⟩ in the place of each mark; slots: ⟨slot:entity⟩. */
struct pl_str pl_grammar__marked(struct pl_graph *g, const struct pl_ast_text *t, bool slots);
/* Do its marks tell slots: is there one with another name, or of a kind that only marks fill? */
bool pl_grammar__names_slots(struct pl_graph *g, const struct pl_symbol *intent);

/* ---- check*.c ---- */

void pl_grammar__check(struct pl_graph *g);
void pl_grammar__check_flow(struct pl_graph *g, struct pl_graph_flow *f);
/* After emitting: what `on change move` needs of the program that runs now. */
void pl_grammar__check_change(struct pl_graph *g, const struct pl_program *p);

/* ---- emit*.c: trusts that nothing was reported ---- */

void pl_grammar__emit(struct pl_graph *g, struct pl_program *out);
void pl_grammar__emit_flow(struct pl_graph *g, struct pl_graph_flow *f, struct pl_p_flow *row);

/* ---- prompts.c ---- */

void pl_grammar__prompts(struct pl_graph *g);
/* The prompt that a turn names, or the usual one of its kind; marked as used. NULL: there is none,
 * which is reported when it was named. */
struct pl_graph_prompt *pl_grammar__prompt(struct pl_graph *g, const struct pl_ast_name *name,
                                           enum pl_model_kind kind);
/* Its row in the image; PL_NOWHERE for NULL. */
uint32_t pl_grammar__prompt_row(struct pl_graph *g, struct pl_graph_prompt *p);
/* What nothing uses, and what has changed since the program that runs now. */
void pl_grammar__check_prompts(struct pl_graph *g);

/* ---- prove.c ---- */

/* The analyses over the flow graph; of a program without errors. */
void pl_grammar__prove(struct pl_graph *g);

/* ---- check_talk*.c ---- */

/* After the texts are known, translations too. */
void pl_grammar__check_talks(struct pl_graph *g, const struct pl_program *p);
/* A value, and the values in brackets, against the types that they stand for. */
void pl_grammar__talk_value(struct pl_graph *g, struct pl_type type, const struct pl_ast_expr *e);
void pl_grammar__talk_args(struct pl_graph *g, struct pl_str name,
                           const struct pl_typedef_field *params, uint32_t n,
                           const struct pl_ast_args *args, bool all);
void pl_grammar__talk_label(struct pl_graph *g, const struct pl_ast_text *text);

/* ---- catalog.c ---- */

/* Adds the translations' message code to the texts; reports what is missing, extra or ill-formed.
 */
void pl_grammar__catalogs(struct pl_graph *g);

/* ---- index.c ---- */

/* Fills the index that the input wants. */
void pl_grammar__index(struct pl_graph *g);

/* ---- train.c ---- */

/* Intents, entities, mentions and matches for the host; adds the section it gives. */
void pl_grammar__train(struct pl_graph *g, const struct pl_program *out);
/* The articles; adds their section when the program is whole. */
void pl_grammar__knowledge(struct pl_graph *g, bool whole);

#endif
