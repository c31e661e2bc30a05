/* SPDX-License-Identifier: Apache-2.0
 *
 * program: the immutable image that a compiled project is. Its tables as plain data (struct
 * pl_program), written to bytes by the compiler's last step, loaded and verified once by the
 * runtime, then trusted. grammar fills a pl_program; vm, escalate, engine read one.
 *
 * An image is one file: magic "PLIMG", format version, SHA-free content (its hash is computed by
 * the caller over all bytes; it names the version), tables, opaque sections. Bytes are untrusted
 * until pl_image_load has verified them: every index is in range, every jump lands on an
 * instruction of the same block of code, stacks neither underflow nor exceed 64, texts' message
 * code is well formed.
 *
 * Owns: an image owns its bytes and everything it points to; nothing it gives out outlives it.
 * Threads: an image never changes after load; any thread may read; the count of users is atomic.
 */
#ifndef PL_PROGRAM_H
#define PL_PROGRAM_H

#include "runtime/base/base.h"
#include "runtime/value/value.h"

#define PL_IMAGE_VERSION 4
#define PL_NOWHERE       UINT32_MAX /* "none" for addresses and indices */

enum pl_op {
#define OP(name, operand, pops, pushes, meaning) PL_OP_##name,
#include "runtime/program/opcode.def"
#undef OP
    PL_OPS
};
enum pl_fact {
#define FACT(name, word, kind, optional) PL_FACT_##name,
#include "runtime/program/fact.def"
#undef FACT
    PL_FACTS
};
enum pl_func {
#define FUNC(name, word) PL_FUNC_##name,
#include "runtime/program/func.def"
#undef FUNC
    PL_FUNCS
};
enum pl_prelude {
#define PRELUDE(name, flow, params, required) PL_PRELUDE_##name,
#include "runtime/program/prelude.def"
#undef PRELUDE
    PL_PRELUDES
};

#define PL_WORD(op, operand) ((uint32_t)(op) | (uint32_t)(operand) << 8)
#define PL_WORD_OP(word)     ((word)&0xffu)
#define PL_WORD_ARG(word)    ((word) >> 8)

/* Slot references: a scope in the top 2 of 24 bits, an index below. Locals are of the flow run. */
enum pl_scope { PL_SCOPE_LOCAL, PL_SCOPE_SESSION, PL_SCOPE_CUSTOMER };
#define PL_SLOT(scope, index) ((uint32_t)(scope) << 22 | (uint32_t)(index))
#define PL_SLOT_SCOPE(ref)    ((ref) >> 22 & 3u)
#define PL_SLOT_INDEX(ref)    ((ref)&0x3fffffu)

struct pl_p_text {
    struct pl_str id; /* "track.found", "track.status.label"; empty for texts without words */
    uint32_t nargs;
    struct pl_str *code; /* one message code per locale of the program; empty: fall back */
};

struct pl_p_slot {
    struct pl_str name; /* "order_id", "customer.phone" for a scope's */
    struct pl_type type;
    uint32_t title; /* text, or PL_NOWHERE */
};

enum pl_interrupt { PL_INTERRUPT_ALLOW, PL_INTERRUPT_AFTER_ANSWER, PL_INTERRUPT_NEVER };
enum pl_on_change { PL_CHANGE_FINISH, PL_CHANGE_RESTART, PL_CHANGE_MOVE };

struct pl_p_flow {
    struct pl_str name;
    uint32_t title, resume; /* texts, or PL_NOWHERE */
    uint32_t nparams;       /* the first slots */
    uint32_t nslots;
    const struct pl_p_slot *slots; /* locals: parameters, asked, set, loop variables */
    struct pl_type result;         /* kind NONE: returns nothing */
    uint32_t entry;                /* code address; the body ends with RETURN 0 or a leaving op */
    uint32_t end;                  /* one past its last word: all its blocks lie in [entry, end) */
    uint8_t interrupt, on_change;
    bool regulated, verified, prelude;
};

enum pl_trigger_kind {
    PL_ON_INTENT,
    PL_ON_SAYS,
    PL_ON_OPEN,
    PL_ON_IDLE,
    PL_ON_OTHERWISE,
    PL_ON_EVENT
};
struct pl_p_trigger {
    uint8_t kind;
    uint32_t arg; /* INTENT: intents; SAYS: mentions (as a whole message); IDLE: ms; EVENT:
                     events: its arguments are the flow's parameters of the same names */
    uint32_t flow;
    uint32_t cond; /* code address, or PL_NOWHERE; EVENT: the flow's parameters are filled */
};

enum pl_wait_kind { PL_WAIT_ASK, PL_WAIT_CONFIRM, PL_WAIT_CHOOSE, PL_WAIT_SLEEP, PL_WAIT_AWAIT };

/* An argument of the event that is waited for, and the slot of the same name: one that has a value
 * must be equal, an empty one takes it. */
struct pl_p_bind {
    uint32_t param; /* of the event */
    uint32_t slot;
};

struct pl_p_check {
    uint32_t cond;   /* the value is in the slot already while it runs */
    uint32_t refuse; /* a block that says why */
};

/* A place where the bot waits. Blocks end with DONE and hold no waits; `no`, `otherwise`,
 * `else` and options' bodies are ordinary code of the flow. */
struct pl_p_wait {
    uint8_t kind;
    struct pl_str id; /* stable: its prompt's @id */
    uint32_t flow;
    uint32_t at;         /* address of the ASK/CONFIRM/CHOOSE/SLEEP/AWAIT word */
    uint32_t next;       /* where an answered wait goes on (CHOOSE: where options' bodies join) */
    uint32_t slot;       /* ASK: slot reference */
    struct pl_type type; /* ASK */
    uint32_t entity;     /* entities, when the type is one; else PL_NOWHERE */
    uint32_t prompt;     /* block */
    uint32_t nagain;
    const uint32_t
        *again;         /* blocks, the nth at the nth miss, then the last; none: not_understood */
    uint32_t tries;     /* unusable answers until `otherwise_else`, default 3 */
    uint32_t els;       /* code of `else`; the compiler writes the default */
    uint32_t no;        /* CONFIRM: code */
    uint32_t otherwise; /* code, or PL_NOWHERE */
    uint32_t nchecks;
    const struct pl_p_check *checks;
    uint32_t shown;        /* count of slots that a CONFIRM shows ... */
    const uint32_t *shows; /* ... and the slots, for corrections */
    bool optional;         /* ASK: skip is an answer; yes/no "no" and "skip" leave it unset */
    bool confirm_corrections;
    bool has_options; /* ASK of an enum or over a list; CONFIRM: its yes and its no */
    bool listed;      /* ASK: an answer is one of what its options give, said ahead or not */
    uint32_t naccept; /* ASK of a file: the kinds it takes ("image"); none: any */
    const struct pl_str *accept;
    uint32_t event; /* EVENT: events; `els` when it did not come in time */
    uint32_t nbinds;
    const struct pl_p_bind *binds;
};

enum pl_option_kind { PL_OPT_BLOCK, PL_OPT_FLOW, PL_OPT_OPEN, PL_OPT_VALUE };
struct pl_p_option {
    uint8_t kind;     /* BLOCK: go to code; FLOW: leave for the flow; OPEN: a url, no answer;
                         VALUE: answers an ASK with `value`, or with the loop's item */
    struct pl_str id; /* "track.sms.yes"; of a loop: the runtime adds ".0", ".1" … */
    uint32_t wait;
    uint32_t code;         /* BLOCK */
    uint32_t flow;         /* FLOW; PL_NOWHERE: the loop's item, a flow (clarification) */
    uint32_t item;         /* slot reference of the loop's item, or PL_NOWHERE */
    uint32_t says;         /* mentions, or PL_NOWHERE */
    struct pl_value value; /* VALUE without a loop: the enum's member */
};

/* What a button does. */
struct pl_p_target {
    struct pl_str id;
    bool open; /* a url on the stack; else a flow with arguments on the stack */
    uint32_t flow;
    uint32_t nargs;
};

struct pl_p_failure {
    struct pl_str name; /* "not_found", "unavailable", "unconfirmed" */
    uint32_t code;
};

/* A call site of a hook or a flow. */
struct pl_p_call {
    struct pl_str id; /* stable within its flow: part of the idempotency key; TRACK: the name */
    uint32_t callee;  /* hooks or flows */
    uint32_t nargs;
    uint32_t result; /* slot reference, or PL_NOWHERE */
    uint32_t next;
    uint32_t nfailures; /* `unavailable` is always among a hook's unless it is pure */
    const struct pl_p_failure *failures;
    uint32_t nslots;       /* a `write once`: the slots its arguments come from ... */
    const uint32_t *slots; /* ... closed to correction once it has succeeded */
};

enum pl_effect_class { PL_CLASS_PURE, PL_CLASS_READ, PL_CLASS_WRITE_ONCE };
struct pl_p_hook {
    struct pl_str name; /* "orders.find" */
    uint8_t effect;
    uint32_t nparams;
    const struct pl_typedef_field *params;
    struct pl_type result; /* kind NONE: none */
    uint32_t nfails;
    const struct pl_str *fails;
    uint32_t within_ms, cache_ms; /* 0: not cached */
    uint32_t title;               /* text index + 1: what a `write once` does; 0 none */
};

struct pl_p_entity {
    struct pl_str name;
    uint32_t def;   /* in types.defs */
    uint32_t title; /* text or PL_NOWHERE */
    struct pl_str example;
    uint32_t hook; /* `from hook`, or PL_NOWHERE */
    uint32_t refresh_ms;
    uint32_t lua; /* a hook that finds it in a text, or PL_NOWHERE: pure, from (text, locale, folded
                     text), all of kind text, to a list of records {from: number, to: number, value:
                     text} */
};

struct pl_p_back {
    uint32_t to; /* address of the mark; of a `change` its own */
    uint32_t most;
    uint32_t els;
    uint32_t nwaits;       /* CHANGE: the asks among which the customer chooses ... */
    const uint32_t *waits; /* ... in the order written */
};

enum pl_handoff_mode { PL_HANDOFF_NOW, PL_HANDOFF_OFFER, PL_HANDOFF_CALLBACK, PL_HANDOFF_MESSAGE };
struct pl_p_handoff {
    uint8_t mode;           /* OFFER only in rules: in flows the compiler writes the question out */
    uint32_t queue;         /* queues; PL_NOWHERE: goes by language */
    uint32_t queue_slot;    /* `to queue` of a parameter; else PL_NOWHERE */
    struct pl_str priority; /* "" | low medium high critical */
    uint32_t because;       /* text, or PL_NOWHERE */
    uint32_t closed;        /* code, or PL_NOWHERE: agent_unavailable, then leave */
};

/* Something that the shop or the page sends. */
struct pl_p_event {
    struct pl_str name; /* "shipping.delayed" */
    uint32_t nparams;
    const struct pl_typedef_field *params;
};

struct pl_p_rule {
    struct pl_str name;
    uint32_t cond; /* block that leaves one bool; all `when` lines joined */
    bool route;
    struct pl_p_handoff handoff; /* route: only priority */
    uint32_t every_ms;
};

struct pl_p_open {
    uint8_t weekday;   /* 0 Monday */
    uint16_t from, to; /* minutes since midnight */
};
struct pl_p_hours {
    struct pl_str name, zone;
    uint32_t nopen;
    const struct pl_p_open *open;
    uint32_t nholidays;
    const int32_t *holidays; /* dates, sorted */
};
struct pl_p_queue {
    struct pl_str name;
    uint32_t title;
    uint32_t nskills, nlanguages;
    const struct pl_str *skills, *languages;
    uint32_t hours;                           /* or PL_NOWHERE: always */
    uint32_t within_ms, percent, callback_ms; /* 0: not promised */
};
/* Words by language, for `mentions` and `says`. */
struct pl_p_words {
    struct pl_str lang;
    struct pl_str phrase;
    bool marked; /* it has marks, written as in runtime/nlp/nlp.h: no words to be shown */
};
struct pl_p_mention {
    uint32_t n;
    const struct pl_p_words *words;
};
struct pl_p_line {
    uint32_t at;   /* from this address on ... */
    uint32_t file; /* consts, the path */
    uint32_t line;
};
/* A bounded turn of a language model: `answer` or `decide`. On the stack are the values of the text
 * `about`, then those of `given`, in that order; absent ones are unset. */
enum pl_model_kind { PL_MODEL_ANSWER, PL_MODEL_DECIDE };
struct pl_p_given {
    struct pl_str name; /* "session.order_id", "message" */
    struct pl_type type;
};
/* A tool of an `answer` that writes. The model only proposes it: the values go into the slots, and
 * the flow goes on at `code`, which asks the customer, calls the hook and asks the model again. */
struct pl_p_action {
    uint32_t hook;
    uint32_t code;
    uint32_t call;         /* calls: the one that is made when he agrees */
    uint32_t nslots;       /* as many as the hook's parameters: locals of the flow ... */
    const uint32_t *slots; /* ... of their types, in their order */
};
struct pl_p_model {
    uint8_t kind;
    struct pl_str id; /* stable: the answer's @id; of a DECIDE "flow.slot" */
    uint32_t flow;
    uint32_t at;       /* address of the MODEL word */
    uint32_t passages; /* of the knowledge base at most; 0: it is not asked */
    uint32_t about;    /* DECIDE: text, the question; else PL_NOWHERE */
    uint32_t ngiven;
    const struct pl_p_given *given;
    uint32_t ntools; /* hooks that the model may call, or propose */
    const uint32_t *tools;
    uint32_t nnever; /* what the answer must not do, as written */
    const struct pl_str *never;
    uint32_t calls, tokens, within_ms; /* the budget; 0: no bound of its own (within_ms has one) */
    uint32_t micro;                    /* money, in millionths of `currency`; 0: no bound */
    char currency[4];
    uint32_t slot;               /* DECIDE: where the value goes; else PL_NOWHERE */
    struct pl_type type;         /* DECIDE: what it must be; ANSWER: kind NONE */
    uint32_t next, unsure, down; /* code; of a DECIDE both are its `none` */
    uint32_t prompt;             /* prompts, of the same kind; PL_NOWHERE: the fixed rules alone */
    uint32_t nactions;           /* the tools that write, each once */
    const struct pl_p_action *actions;
    uint32_t again; /* address of MODEL_AGAIN, where there are any */
};
#define PL_MODEL_WITHIN_MS 4000 /* where the budget names no time */

/* What the shop tells a model besides the fixed rules: a file of the project. */
struct pl_p_prompt {
    struct pl_str name; /* "standard.answer" and the like are part of the program */
    uint8_t kind;       /* enum pl_model_kind: what it is for */
    uint32_t version;   /* as its author counts, from 1 */
    struct pl_str text; /* as it is written, with placeholders: pl_prompt_next */
};
#define PL_PROMPT_MOST 8192 /* bytes of its text: every turn pays for them */

/* What a test of the program can have reached: a statement, or one way on from a place where there
 * are several. The runtime does not look at them; tools that count coverage do. */
enum pl_point_kind {
    PL_POINT_STEP,   /* the instruction `to` ran */
    PL_POINT_BRANCH, /* it ran straight after the instruction `from`; PL_NOWHERE: after any */
    PL_POINT_OPTION  /* option `to` was taken */
};
struct pl_p_point {
    uint8_t kind;
    uint32_t from, to;
    uint32_t file; /* consts, the path */
    uint32_t line, column;
    struct pl_str name; /* BRANCH, OPTION: "else", "not_found" */
};
struct pl_p_section {
    struct pl_str name; /* "nlp.model" "nlp.recognisers" "lua/orders.lua" … */
    struct pl_str bytes;
};

#define PL_TABLE(type, name)                                                                       \
    const type *name;                                                                              \
    uint32_t n##name

struct pl_program {
    struct pl_str assistant, source_locale, zone;
    struct pl_str tone; /* how a model writes, in words; may be empty */
    char currency[4];
    uint32_t callback_ms;
    uint32_t start;                   /* flow that greets */
    uint32_t prelude[PL_PRELUDES];    /* flows, or PL_NOWHERE where not required */
    PL_TABLE(struct pl_str, locales); /* source first */
    PL_TABLE(struct pl_value, consts);
    struct pl_types types;
    PL_TABLE(struct pl_p_text, texts);
    PL_TABLE(uint32_t, code);
    PL_TABLE(struct pl_p_line, lines);
    PL_TABLE(struct pl_p_flow, flows);
    PL_TABLE(struct pl_p_trigger, triggers);
    PL_TABLE(struct pl_p_slot, session);
    PL_TABLE(struct pl_p_slot, customer);
    PL_TABLE(struct pl_p_wait, waits);
    PL_TABLE(struct pl_p_option, options);
    PL_TABLE(struct pl_p_target, targets);
    PL_TABLE(struct pl_p_call, calls);
    PL_TABLE(struct pl_p_hook, hooks);
    PL_TABLE(struct pl_p_entity, entities);
    PL_TABLE(struct pl_str, intents);
    PL_TABLE(struct pl_p_back, backs);
    PL_TABLE(struct pl_p_handoff, handoffs);
    PL_TABLE(struct pl_p_rule, rules);
    PL_TABLE(struct pl_p_hours, hours);
    PL_TABLE(struct pl_p_queue, queues);
    PL_TABLE(struct pl_p_mention, mentions);
    PL_TABLE(struct pl_str, regexes); /* patterns, flags as a (?i) prefix */
    PL_TABLE(struct pl_p_section, sections);
    PL_TABLE(struct pl_p_point, points);
    PL_TABLE(struct pl_p_event, events);
    PL_TABLE(struct pl_p_model, models);
    PL_TABLE(struct pl_p_prompt, prompts); /* those that some model's turn uses */
};

/* ---- prompts ---- */

/* A piece of a prompt's text: words as they are, or a placeholder. \{ and \} are braces. */
enum pl_prompt_piece {
    PL_PROMPT_WORDS,
#define PROMPT(name, word, meaning) PL_PROMPT_##name,
#include "runtime/program/prompt.def"
#undef PROMPT
    PL_PROMPT_UNKNOWN /* `s` is what stands between the braces; of one that is not closed the rest
                       */
};
/* Takes the next piece off the text; false at its end. */
bool pl_prompt_next(struct pl_str *text, enum pl_prompt_piece *kind, struct pl_str *s);
/* "assistant", "tone" …: PL_PROMPT_UNKNOWN - 1 of them. */
extern const struct pl_str pl_prompt_words[];

/* ---- writing ---- */

/* Appends the image's bytes. The program must be well formed (pl_image_load would accept it). */
void pl_program_write(const struct pl_program *p, struct pl_buf *out);

/* ---- loading ---- */

struct pl_image; /* a loaded, verified program with a count of its users */

/* Copies the bytes. hash: 32 bytes that name the version (SHA-256 of the bytes, computed above;
 * this room has no crypto). PL_MALFORMED or PL_VERSION with a reason in why[256]; *out untouched.
 */
enum pl_err pl_image_load(struct pl_str bytes, const uint8_t hash[32], struct pl_image **out,
                          char why[256]);
struct pl_image *pl_image_ref(struct pl_image *i);
void pl_image_unref(struct pl_image **i); /* nulls it; frees at zero */
const struct pl_program *pl_image_program(const struct pl_image *i);
const uint8_t *pl_image_hash(const struct pl_image *i); /* 32 bytes */
/* The section's bytes, empty when there is none. */
struct pl_str pl_image_section(const struct pl_image *i, const char *name);
/* Index by name, PL_NOWHERE when unknown: constant time. */
uint32_t pl_image_flow(const struct pl_image *i, struct pl_str name);
uint32_t pl_image_hook(const struct pl_image *i, struct pl_str name);
uint32_t pl_image_intent(const struct pl_image *i, struct pl_str name);
uint32_t pl_image_queue(const struct pl_image *i, struct pl_str name);
uint32_t pl_image_event(const struct pl_image *i, struct pl_str name);
/* The customer's slot in which he says that no text of his may go to a model; PL_NOWHERE: there is
 * none of type bool. */
#define PL_NO_MODEL "customer.no_model"
uint32_t pl_program_no_model(const struct pl_program *p);
uint32_t pl_image_option(const struct pl_image *i, struct pl_str id);
uint32_t pl_image_locale(const struct pl_image *i, struct pl_str locale);
/* The title text of an enum member, flow, slot or queue; type is the enum's name or one of
 * "flow" "queue" "slot.<flow>" "session" "customer" "entity". PL_NOWHERE: print the member. */
uint32_t pl_image_label(const struct pl_image *i, struct pl_str type, struct pl_str member);
/* File and line of an address, for errors. */
void pl_image_line(const struct pl_image *i, uint32_t at, struct pl_str *file, uint32_t *line);
/* Whether a flow run may stand at this address: an instruction of a flow that the verifier saw. */
bool pl_image_runs(const struct pl_image *i, uint32_t at);
/* Whether the rule may come to hold as time goes by: its condition reads the clock, hours or a
 * queue's wait, and nothing of a message. */
bool pl_image_timed(const struct pl_image *i, uint32_t rule);
/* The text's message code in a locale with fall-back (es-MX, es, source). */
struct pl_str pl_image_text(const struct pl_image *i, uint32_t text, uint32_t locale);

/* ---- two of them ---- */

/* A step that a flow can take, from one place with a name to the next. */
struct pl_path {
    struct pl_str flow;
    struct pl_str from, how, to; /* "question track.order", "not answered", "a person of support" */
    struct pl_str between;       /* what is worked out and decided on the way from there, as text */
};
/* All steps of all flows, in the arena; gives how many. */
size_t pl_program_paths(struct pl_arena *a, const struct pl_program *p, const struct pl_path **out);

enum pl_change_kind {
#define CHANGE(name, thing, what) PL_CHANGE_##name,
#include "runtime/program/change.def"
#undef CHANGE
    PL_CHANGES
};
struct pl_change {
    enum pl_change_kind kind;
    struct pl_str flow, name; /* flow: that it is of; may be empty */
    struct pl_str was, is;    /* in words, where that helps; may be empty */
};
/* What differs, by names; gives how many. */
size_t pl_program_compare(struct pl_arena *a, const struct pl_program *old,
                          const struct pl_program *new, const struct pl_change **out);
/* Appends a line about it, without its end: "question returns returns.reason: gone". */
void pl_change_say(struct pl_buf *b, const struct pl_change *c);

/* ---- reading by people ---- */

/* All tables and code as text, stable: golden tests and `parlance build --dump` use it. */
void pl_program_dump(const struct pl_program *p, struct pl_buf *out);
const char *pl_op_name(enum pl_op op);
/* How many words follow the instruction that begins with this one. */
uint32_t pl_op_extra(uint32_t word);

#endif
