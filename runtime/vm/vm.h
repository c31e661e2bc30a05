/* SPDX-License-Identifier: Apache-2.0
 *
 * vm: one step of one conversation, as a pure function:
 *     step(image, state, event) -> state', effects
 * and the evaluator of conditions that escalate uses too.
 *
 * The state is a byte blob (format version inside); the VM reads it, works in the turn's arena and
 * writes a new blob. It has no clock, no randomness, no I/O: the event carries all of it. The same
 * image, state and event give the same bytes, always.
 *
 * A conversation is a stack of frames (flow runs). The top frame may wait: for an answer (a wait
 * point of the image), for an effect's outcome, or for a time. A digression is a frame on top of a
 * waiting one; when it ends, continue_interrupted speaks and the question below is asked again.
 *
 * Threads: none inside; a struct pl_vm (scratch memory) belongs to one thread.
 */
#ifndef PL_VM_H
#define PL_VM_H

#include "runtime/base/base.h"
#include "runtime/value/value.h"
#include "runtime/program/program.h"

enum pl_vm_event_kind {
#define EVENT(name, meaning) PL_EVENT_##name,
#include "runtime/vm/event.def"
#undef EVENT
};

/* One recognised value in a message. */
struct pl_vm_entity {
    uint32_t entity;     /* entities of the image, or PL_NOWHERE: a built-in kind */
    uint8_t kind;        /* the value's enum pl_kind */
    bool needs_after;    /* its `after` words are missing: only good for its own question */
    uint32_t start, end; /* bytes in the text */
    struct pl_str slot;  /* a mark's slot name in the trigger's example, or empty */
    struct pl_value value;
};

/* What the marks belong to by which the slots of a message's entities were told. */
enum pl_vm_marks { PL_VM_MARKS_NONE, PL_VM_MARKS_INTENT, PL_VM_MARKS_SAYS };

struct pl_vm_intent {
    uint32_t intent;
    float confidence;
};

/* What the customer sent up beside or instead of words. */
struct pl_vm_upload {
    struct pl_str ref;  /* where it is; empty: there is none */
    struct pl_str name; /* as the customer's machine called it */
    struct pl_str type; /* "image/png" */
    uint64_t size;
};

/* What recognition made of a message: pure, computed before the step, journaled with it. */
struct pl_vm_reading {
    struct pl_str text;     /* masked */
    uint64_t folded_hash;   /* of the folded text: repeats */
    struct pl_str language; /* "en", empty when unsure */
    uint8_t letters;        /* how much there is of it, 0..3 (pl_nlp_reading) */
    bool worded;            /* it is another language than the conversation's, and has its words */
    uint32_t nintents;
    const struct pl_vm_intent *intents; /* best first, above the reject threshold only */
    bool ambiguous;                     /* the first two are within the margin */
    uint32_t command; /* intent of a message that as a whole is a command, or PL_NOWHERE */
    int8_t yes_no;    /* 1 yes, -1 no, 0 neither */
    bool change_word; /* "no wait", "actually", "I meant" */
    float sentiment, uncertainty;
    uint32_t nentities;
    const struct pl_vm_entity *entities; /* in order of the text */
    uint8_t marks;     /* enum pl_vm_marks: whose marks the entities' slots are of ... */
    uint32_t marks_of; /* ... intents or mentions: they count when that is what the message does */
    uint32_t choice;   /* which of the offered options, from 1; 0 none */
    uint32_t npicks;   /* a question for several: all that are meant, from 1 */
    const uint32_t *picks;
    uint32_t earlier;     /* which of the view's earlier options, from 1; 0 none */
    bool named;           /* the first intent is named by words, not by a value alone */
    bool card;            /* a payment card's number was masked in it */
    bool too_long;        /* `text` is its beginning: nothing was read but the language */
    struct pl_str secret; /* what was typed as the answer to a `secret` question: then `text` is a
                             mask, and entities are journaled with it, apart */
    struct pl_vm_upload upload;
    uint32_t nmentions;
    const uint8_t *mentions; /* one bit per row of the image's mentions, low bit first */
    struct pl_str says;      /* the same for phrases that are the whole message; may be empty */
};

struct pl_vm_queue_fact {
    bool open;
    int64_t opens_ms; /* when it opens next; now when open */
    int64_t wait_ms;
};

struct pl_vm_event {
    uint8_t kind;
    int64_t now_ms;
    int32_t today;        /* in the assistant's zone */
    uint64_t seed;        /* for `any of` */
    uint64_t subject;     /* a hash of the customer, else of the conversation: experiments */
    struct pl_str locale; /* the conversation's: which queue a hand-over goes to */
    bool verified;        /* the customer proved who he is: holds for the conversation's life */
    bool brief;           /* what this step said before was too long to be kept: the flow that says
                             anything goes to internal_error */
    uint32_t nqueues;     /* as many as the image's queues */
    const struct pl_vm_queue_fact *queues;
    uint32_t nhours;
    const bool *hours;            /* open now? */
    struct pl_vm_reading reading; /* MESSAGE; of a NAMED its entities and picks alone */
    /* escalate's finding for this event: */
    uint32_t rule;       /* the hand-over rule that fired, or PL_NOWHERE */
    struct pl_str route; /* the priority that routing rules give, or empty */
    uint32_t nrules;
    const uint8_t *rules_true; /* one bit per rule: its facts hold now */
    /* HOOK, OUTCOME and MODEL: */
    uint64_t effect;       /* id the VM gave */
    struct pl_str failure; /* empty: it succeeded with `value`; of a MODEL "unsure", "down", or
                              "proposed": it wants a tool that writes */
    struct pl_value
        value;   /* of a MODEL: for `answer` a record { text, sources: list of { title,
                    url, article, locale, passage } }, for `decide` the value. It is checked: one that
                    cannot be   shown takes `down`, one of another type `none`. Of a proposal a record
                    { hook: its name, args: list, spent }: one that is none of the model's
                    actions, or whose arguments are not of the hook's types, takes `down`;
                    `spent` comes back with the second ask as it is. */
    bool secret; /* the value, or a part of it, is: then it is journaled apart */
    /* HAPPENED: `value` is a record of its arguments */
    struct pl_str name; /* as declared: "shipping.delayed" */
    uint64_t key;       /* the sender's, hashed: who steps it leaves repeats out */
    /* a button's target was pressed (MESSAGE with a button): */
    uint32_t target; /* targets of the image, or PL_NOWHERE */
    uint32_t ntarget_args;
    const struct pl_value *target_args;
    /* IDENTITY: */
    int8_t consent;           /* to being remembered: 1 given, -1 refused, 0 never asked */
    struct pl_value customer; /* record: what is remembered, by slot name ("customer.phone") */
    /* NO_MODEL: `value` is a bool: true, no text of his may go to a model */
    bool remembered; /* ... with the customer already: this conversation only hears of it */
};

/* The event's journal form: self-contained bytes, version inside; texts of entities, intents,
 * rules and options by number of the same image (an entry names its image). What is secret in it is
 * left out: it has bytes of its own, for the eyes of replay alone. */
void pl_vm_event_write(struct pl_buf *b, const struct pl_vm_event *e);
void pl_vm_event_write_secret(struct pl_buf *b, const struct pl_vm_event *e); /* nothing: none */
/* PL_MALFORMED / PL_VERSION. Points into bytes and the arena. */
enum pl_err pl_vm_event_read(struct pl_str bytes, struct pl_arena *a, struct pl_vm_event *out);
/* Puts back what was left out; no bytes: nothing was. PL_MALFORMED. */
enum pl_err pl_vm_event_read_secret(struct pl_str bytes, struct pl_arena *a,
                                    struct pl_vm_event *out);

/* ---- what a step gives ---- */

struct pl_vm_text { /* a text of the image and its arguments */
    uint32_t text;  /* PL_NOWHERE: nothing */
    uint32_t nargs;
    const struct pl_value *args;
};

enum pl_vm_part_kind {
    PL_PART_TEXT,
    PL_PART_IMAGE,
    PL_PART_FACT,
    PL_PART_LINK,
    PL_PART_BUTTON,
    PL_PART_FILE,
    PL_PART_STEPS,
    PL_PART_CARD,
    PL_PART_CARDS,
    PL_PART_ANSWER
};
/* Where an answer comes from. */
struct pl_vm_source {
    struct pl_str title, url; /* url: http(s), or the path of an article ("kb/returns"); or empty */
    struct pl_str article;    /* its path, also when it has a page in the shop; or empty */
    struct pl_str locale;     /* the article's */
    /* What was found there, cut at the words that were found: those at odd places. Or none. */
    uint32_t npassage;
    const struct pl_str *passage;
};
#define PL_VM_ANSWER_TEXT    4000 /* code points */
#define PL_VM_ANSWER_PASSAGE 2000 /* bytes */
#define PL_VM_ANSWER_CUTS    131
#define PL_VM_ANSWER_SOURCES 8
struct pl_vm_part {
    uint8_t kind;
    struct pl_vm_text a, b; /* text | alt | label, value | label | card: title, text */
    struct pl_str url;      /* IMAGE, LINK, FILE, BUTTON that opens */
    uint32_t target;        /* BUTTON: targets of the image */
    struct pl_value args;   /* BUTTON: the target's arguments, a list */
    uint32_t nparts;        /* STEPS: TEXT parts; CARD: its parts; CARDS: CARD parts */
    const struct pl_vm_part *parts;
    /* ANSWER: */
    uint32_t model;     /* models of the image */
    struct pl_str said; /* as the model wrote it: in no catalog */
    struct pl_str from; /* the locale that it was translated from by a model; or empty */
    uint32_t nsources;
    const struct pl_vm_source *sources;
};
struct pl_vm_choice {
    uint32_t option;  /* options of the image */
    struct pl_str id; /* as sent to the customer */
    struct pl_vm_text label;
    struct pl_str url; /* OPEN */
};
struct pl_vm_say {
    uint32_t line; /* the first text's index: its id names the line */
    uint32_t nparts;
    const struct pl_vm_part *parts;
    uint32_t nchoices;
    const struct pl_vm_choice *choices;
    bool asks;     /* it is the prompt of an open question ... */
    uint32_t wait; /* ... which is this wait point */
};

enum pl_vm_effect_kind {
#define EFFECT(name, word, meaning) PL_EFFECT_##name,
#include "runtime/vm/effect.def"
#undef EFFECT
};
struct pl_vm_effect {
    uint8_t kind;
    struct pl_vm_say say; /* SAY */
    /* HOOK, MODEL: */
    uint64_t id;         /* unique in the conversation, counted by the state */
    uint32_t hook, call; /* HOOK: hooks, calls of the image */
    uint64_t run;        /* the flow run's number: part of the idempotency key */
    uint32_t nargs;
    const struct pl_value *args; /* MODEL: as `given` names them, absent ones among them */
    uint32_t model;              /* MODEL: models of the image */
    struct pl_vm_text about;     /* ... what is to be decided */
    struct pl_str text;          /* ... what the customer wrote last, masked */
    bool no_model;               /* ... and none may be asked: articles answer, or nobody */
    struct pl_value acted; /* ... asked again: a record { hook, args, spent, failure, value } of
                              the action that it proposed, `failure` empty when it was done */
    /* HANDOFF: */
    uint8_t mode;   /* enum pl_handoff_mode */
    uint32_t queue; /* queues of the image */
    struct pl_str priority;
    struct pl_vm_text because; /* of a flow or a rule */
    uint32_t rule;             /* PL_NOWHERE: a flow asked for it */
    struct pl_value facts;     /* record: the facts the rule saw; carries what the agent needs */
    /* REMEMBER: facts is a record of the customer's slots that changed, absent ones to be
     * forgotten; without consent nothing is kept */
    bool consent;
    bool lasting; /* ... but this, which says nothing of consent: his word about models */
    /* GOAL, MARK, TRACK, ENDED: */
    struct pl_str name;     /* ENDED: "resolved" "unresolved" "conversation" */
    struct pl_vm_text note; /* NOTE */
    uint32_t flow;          /* STARTED, ENDED, ERROR */
    uint32_t at;            /* address, for traces and errors */
};

/* What the state waits for, for the engine (timers, readings, lists of choices) and for tools. */
struct pl_vm_view {
    enum {
        PL_VM_IDLE,
        PL_VM_ASKING,
        PL_VM_BUSY,
        PL_VM_SLEEPING,
        PL_VM_WITH_AGENT,
        PL_VM_CLOSED,
        PL_VM_NAMING
    } mode;              /* BUSY: an effect's outcome is awaited; NAMING: a NAMED event, at once */
    uint32_t flow, wait; /* ASKING: the wait point; PL_NOWHERE otherwise */
    uint64_t effect;     /* BUSY */
    int64_t deadline_ms; /* next TIMER event wanted, 0 none */
    uint32_t nchoices;   /* offered options, in the order shown */
    const struct pl_vm_choice *choices;
    bool several;       /* the open question takes more than one of them */
    struct pl_str said; /* NAMING: the earlier messages, in which they may be named */
    uint32_t nearlier;  /* options of questions answered in this run: a correction may name one */
    const struct pl_vm_choice *earlier;
    bool in_flow; /* frames are on the stack: the image is pinned */
    int64_t started_ms;
    uint32_t turns, failures, repeats, nframes;
    uint32_t nheld; /* events that wait for the open question to be closed */
    bool no_model;  /* the customer wants no text of his to go to a model */
};

struct pl_vm_result {
    struct pl_str state; /* the new blob, in the arena */
    uint32_t neffects;
    const struct pl_vm_effect *effects; /* in order */
    uint64_t hash;                      /* of position and effects: equal on replay */
    struct pl_vm_view view;             /* of the new state */
};

enum pl_vm_trace {
#define TRACE(name, word, meaning) PL_TRACE_##name,
#include "runtime/vm/trace.def"
#undef TRACE
    PL_TRACES
};

/* The queue of a hand-over that names none: the first that lists the locale's language, else the
 * first. PL_NOWHERE: there are no queues. */
uint32_t pl_vm_queue(const struct pl_program *p, struct pl_str locale);

/* low 1 to critical 4; 0 for a word that is no priority. */
int pl_vm_rank(struct pl_str priority);

struct pl_vm;
/* How the VM asks for the one thing that needs a library: whether a whole text matches a regex of
 * the image. Must be a pure function. */
struct pl_vm_env {
    bool (*matches)(void *ctx, const struct pl_image *image, uint32_t regex, struct pl_str text);
    void *ctx;
    /* Told everything of trace.def as it happens; it changes nothing. May be NULL. */
    void (*trace)(void *ctx, const struct pl_image *image, enum pl_vm_trace what, uint32_t at);
    void *trace_ctx;
};
struct pl_vm *pl_vm_create(struct pl_vm_env env);
void pl_vm_destroy(struct pl_vm **vm);

/* What is decoded into this arena is kept for whoever asks for the same state next, until a step
 * uses it up: a turn looks at its state several times. NULL: no more, before the arena goes. */
void pl_vm_keep(struct pl_vm *vm, struct pl_arena *a);

/* An empty state blob for a new conversation at `now_ms`. */
struct pl_str pl_vm_begin(struct pl_arena *a, const struct pl_image *image, int64_t now_ms);

/* One step. What it gives points into `state`, `event` and the arena: all three outlive its use.
 * PL_MALFORMED / PL_VERSION: the state blob is not one of this image. Mistakes at run
 * time (division by zero, two currencies, over 100,000 instructions) are no errors: the flow goes
 * to internal_error and an ERROR effect says where. */
enum pl_err pl_vm_step(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                       const struct pl_vm_event *event, struct pl_arena *a,
                       struct pl_vm_result *out);

/* More events than this are not held back: whoever sends another is told so before. */
#define PL_VM_HELD 8

/* The state of a conversation that waits, as it goes on under another image: `on change` of the
 * flows as the new image has them. Everything goes by names and ids; a flow that restarts begins
 * again at the next event. PL_CONFLICT: it cannot (a flow finishes on its image, an effect is under
 * way, a wait or an option is gone): it stays as it is, where it is. Other failures as pl_vm_step.
 */
enum pl_err pl_vm_move(struct pl_vm *vm, const struct pl_image *from, struct pl_str state,
                       const struct pl_image *to, struct pl_arena *a, struct pl_str *out);

/* What would become of it. */
enum pl_vm_moves {
    PL_VM_MOVES_STANDS, /* it goes over, and stands where it stood */
    PL_VM_MOVES_ASKS,   /* it goes over, and asks again, or begins again */
    PL_VM_MOVES_STAYS,  /* a flow finishes on its image, or an answer is under way */
    PL_VM_MOVES_LOST    /* it was to go over, but where it stands is gone: it finishes, too */
};
struct pl_vm_moving {
    enum pl_vm_moves how;
    uint32_t flow, wait; /* of the old image: where it stands, or what is gone; or PL_NOWHERE */
};
enum pl_err pl_vm_moving(struct pl_vm *vm, const struct pl_image *from, struct pl_str state,
                         const struct pl_image *to, struct pl_arena *a, struct pl_vm_moving *out);

/* Where a conversation may stand: at a wait, its flow called from others or begun by itself. */
struct pl_vm_park {
    const uint32_t
        *calls; /* rows of calls, the outermost first; the last one calls the wait's flow */
    uint32_t ncalls;
    uint32_t wait;
    const uint32_t *options; /* rows of the wait's options that were offered */
    uint32_t noptions;
    bool verified; /* the customer is */
};
/* A made-up state of one that stands there, its parameters some values of their types: for asking
 * pl_vm_moving what would become of it, and for nothing else. PL_CONFLICT: the calls do not lead
 * there. */
enum pl_err pl_vm_parked(struct pl_vm *vm, const struct pl_image *image,
                         const struct pl_vm_park *at, struct pl_arena *a, struct pl_str *out);

enum pl_err pl_vm_look(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                       struct pl_arena *a, struct pl_vm_view *out);
/* Does a flow wait for this event (`wait for`), with these arguments (a record)? */
bool pl_vm_awaits(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                  struct pl_arena *a, struct pl_str name, struct pl_value args);
/* A session or customer slot ("session.order_id"), or a local of the top frame ("reason"). */
struct pl_value pl_vm_slot(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                           struct pl_arena *a, struct pl_str name);
/* Every set slot as (name, value) fields of a record: traces, hand-overs. Secret ones left out. */
struct pl_value pl_vm_slots(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                            struct pl_arena *a);

/* Every private or secret text, e-mail address and phone number that slots held since the
 * conversation began, of the latest 64: for hiding them, and for nothing else. The name is its
 * slot's or its field's. Gives how many. */
struct pl_vm_known {
    struct pl_str name, text;
    bool secret;
};
uint32_t pl_vm_known(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                     struct pl_arena *a, const struct pl_vm_known **out);

/* Evaluates the conditions of all rules of the image, facts as if this event were counted.
 * holds and memory have a place for each rule; memory is what the state remembers of it. */
struct pl_vm_rule_memory {
    bool held;        /* its facts held at the last evaluation */
    int64_t fired_ms; /* 0 never */
};
enum pl_err pl_vm_conditions(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                             const struct pl_vm_event *event, struct pl_arena *a, bool *holds,
                             struct pl_vm_rule_memory *memory);

#endif
