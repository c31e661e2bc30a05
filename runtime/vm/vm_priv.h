/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room: the decoded state, and the machine that one step runs in.
 *
 * All of it lives in the turn's arena. The encoded form is in vm_state.c.
 *
 *   frames[0] ... frames[n-1]     the top one runs or waits
 *     a task is a frame with a root role and the frames called above it;
 *     a task on top of a waiting frame is a digression.
 */
#ifndef PL_VM_PRIV_H
#define PL_VM_PRIV_H

#include "runtime/vm/vm.h"

#define VM_STATE_VERSION 4
#define VM_EVENT_VERSION 3
#define VM_FRAMES        24
#define VM_STACK         64
#define VM_TEXTS         16
#define VM_NEST          4
#define VM_KNOWN         64                 /* texts that are known to be personal ... */
#define VM_KNOWN_TEXT    2000               /* ... and bytes of one */
#define VM_BUDGET        100000             /* instructions a step */
#define VM_SAID          65536              /* bytes of texts and values that a step says */
#define VM_TIME_MOST     (INT64_C(1) << 50) /* ms, some 35,000 years: sums of two never overflow */

enum vm_role {
    VM_CALLED,     /* by a statement: gives its value to the caller */
    VM_TASK,       /* triggered by a message */
    VM_AFTER,      /* anything_else, continue_interrupted: nothing follows it */
    VM_QUIET,      /* open, idle: nothing follows it; silence ends with the next message */
    VM_OFFER,      /* offer_person on behalf of rule `arg` */
    VM_CORRECTING, /* correction of the frame below */
    VM_REPORT,     /* unconfirmed: tells a late outcome */
    VM_CONSENT     /* consent: may the customer be remembered? */
};

enum vm_waiting { VM_RUNS, VM_QUESTION, VM_EFFECT, VM_SLEEP, VM_AWAIT, VM_MODEL, VM_NAMING };

struct vm_count {
    uint32_t key, n;
};
struct vm_write { /* a `write once` of this run that is settled */
    uint32_t call;
    uint64_t args;
    struct pl_value value;
    uint32_t asked; /* how many questions had been passed: `back` does not go behind it */
};
struct vm_passed { /* a question of this run that the flow came by, open or answered */
    uint32_t wait;
    bool shown;          /* it was asked, not filled ahead */
    uint32_t choice;     /* which of its offers was taken, from 1; 0 none */
    struct pl_value had; /* the run is interrupted: the answer in the session slot then */
    uint32_t noffers;
    struct pl_vm_choice *offers;
    struct pl_value *items;
};

/* What a model proposed in this run, and what came of it. */
struct vm_action {
    uint32_t model, action; /* models, its actions; PL_NOWHERE: none */
    bool settled;           /* it was done, or it failed ... */
    struct pl_str failure;  /* ... so */
    struct pl_str text;     /* the message that led to it */
    struct pl_value spent;  /* of the budget, as the model's turn counts it */
};

struct vm_frame {
    uint32_t flow, pc;
    uint64_t run;
    uint8_t role, waiting;
    bool idle;           /* began by silence */
    bool value_on_stack; /* called by CALL_VALUE */
    bool interrupted;    /* a task began over its question */
    bool verifies;       /* verify_identity on behalf of the frame below, which has not begun */
    uint32_t call;       /* the call in the caller that made this frame, or PL_NOWHERE */
    uint32_t arg;        /* OFFER: the rule; CORRECTING: the wait to go back to */
    uint32_t wait;       /* QUESTION, SLEEP, AWAIT: the wait point */
    uint32_t tries;
    int64_t deadline;   /* SLEEP, AWAIT */
    uint64_t effect;    /* EFFECT, MODEL: its id */
    uint32_t hook_call; /* EFFECT: calls; MODEL: models */
    uint64_t hook_args;
    struct pl_value *slots;          /* nslots of the flow */
    PL_VEC(struct vm_count) backs;   /* key: index of backs */
    PL_VEC(struct vm_passed) asked;  /* in order, each once, the open one last */
    PL_VEC(struct vm_passed) before; /* after a step back: passed before it, not yet again */
    PL_VEC(uint32_t) skipped;        /* optional asks that were skipped */
    PL_VEC(struct vm_write) writes;
    bool narrowed;      /* the options are only those that an earlier message named */
    struct pl_str said; /* messages of this run that may name an option of a question to come */
    uint32_t noffers;
    struct pl_vm_choice *offers;  /* options of the open question ... */
    struct pl_value *offer_items; /* ... and the loop item of each */
    struct vm_action action;
    struct pl_value carried; /* CORRECTING: the new value; OFFER: the facts its rule saw;
                                TASK: why a person was wanted, when nobody was there */
};

struct vm_pending { /* an unconfirmed effect whose truth is awaited, then told */
    uint64_t effect;
    uint32_t flow;
    int8_t outcome; /* 0 not known, 1 done, -1 not done */
};
struct vm_held { /* an event that waits for the open question to be closed */
    struct pl_str name;
    struct pl_value args; /* a record */
};
struct vm_exposure { /* hashes: the experiment and the variant that was met */
    uint64_t name, variant;
};
/* The customer's last task, while nothing has begun since: what he may still mean to correct. */
struct vm_answered {
    uint32_t wait;
    struct pl_value value;
};
struct vm_done {
    uint32_t flow; /* PL_NOWHERE: none */
    bool wrote;    /* something was sent with its answers */
    PL_VEC(struct vm_answered) answers;
};
struct vm_known { /* a personal text that a slot held */
    struct pl_str name, text;
    bool secret;
};
struct vm_rule_state {
    uint64_t name; /* hash */
    bool held;
    int64_t fired_ms;
};

struct vm_state {
    int64_t started_ms;
    uint64_t next_run, next_effect;
    uint32_t turns, failures;
    uint64_t last_intent, last_text; /* hashes of the last question */
    uint32_t repeats;
    struct pl_str message; /* what the customer wrote last, masked */
    bool with_agent, closed;
    bool verified;       /* once and for the conversation's life */
    bool known;          /* the page said who the customer is: he can be remembered */
    int8_t consent;      /* 1 given, -1 refused or asked in vain, 0 not asked */
    int64_t quiet_ms;    /* since when nobody said or asked anything */
    int64_t idle_ms;     /* of that silence, how much `on idle` has looked at */
    uint8_t route;       /* rank that routing rules gave the last message */
    uint32_t offer_rule; /* an offer to make at the next wait, or PL_NOWHERE */
    uint32_t kept_flow;  /* a digression kept until the question is answered, or PL_NOWHERE */
    uint32_t nkept;      /* ... with what its message said */
    const struct pl_vm_entity *kept;
    struct pl_str kept_said;
    struct pl_value offer_facts; /* what the rule of the offer saw */
    struct pl_value *session, *customer;
    struct pl_value *memory; /* what is remembered of the customer, by his slots; what is private
                                of it comes into them once he is verified */
    uint32_t nframes;
    struct vm_frame *frames;       /* room for VM_FRAMES; those behind nframes hold anything */
    PL_VEC(struct vm_count) picks; /* key: address of a PICK */
    PL_VEC(struct vm_pending) pending;
    PL_VEC(struct vm_rule_state) rules;
    PL_VEC(struct vm_held) held;
    PL_VEC(struct vm_exposure) exposures;
    PL_VEC(struct vm_known) told;
    struct vm_done done;
};

struct vm_kept { /* what was decoded last into the arena of pl_vm_keep */
    struct pl_arena *a;
    const struct pl_image *image;
    struct pl_str bytes;
    struct vm_state *state; /* NULL: nothing, or a step has used it up */
};

struct pl_vm {
    struct pl_vm_env env;
    struct pl_buf buf; /* the encoder's, warm */
    struct vm_kept kept;
};

struct vm_list { /* parts being gathered */
    struct pl_vm_part *v;
    uint32_t n, cap;
};
struct vm_iter {
    struct pl_value list;
    uint32_t at, most;
};

struct vm_machine {
    struct pl_vm *vm;
    const struct pl_image *image;
    const struct pl_program *p;
    struct pl_arena *a;
    struct vm_state *s;
    const struct pl_vm_event *e;
    struct pl_value stack[VM_STACK];
    uint32_t nstack;
    struct pl_vm_text texts[VM_TEXTS];
    uint32_t ntexts;
    struct vm_list nest[VM_NEST]; /* [0] the message, then steps, cards, card */
    struct pl_vm_part open[VM_NEST];
    uint32_t depth;
    uint32_t line;
    struct vm_iter iters[VM_NEST];
    uint32_t niters;
    struct pl_vm_choice *offers;
    struct pl_value *offer_items;
    uint32_t noffers, offers_cap;
    struct pl_vm_effect *effects;
    uint32_t neffects, effects_cap;
    uint32_t budget;
    bool failed; /* a mistake at run time: internal_error takes over */
    uint32_t failed_at;
    bool passed; /* `pass`: the message goes to another flow */
    /* What was held back may come at the question that this step came to rest at (`gap` is the run
     * that asks it): the step moved the conversation on, or nothing was heard for a while. */
    bool moved, silent;
    uint64_t gap;
    struct pl_str heard; /* the words of the message, or of a kept one */
    uint32_t nfound;     /* what may fill slots: of the reading, or of a kept message */
    const struct pl_vm_entity *found;
    bool marked;          /* their slots are told by marks of what the message does */
    uint64_t used;        /* which of them filled something, one bit each */
    uint32_t picked;      /* `any of` of this step: each draws a number of its own */
    struct vm_frame none; /* where conditions outside of flows are looked at */
    uint32_t blocks;      /* blocks that run inside one another: prompts, conditions */
    bool speaking;        /* a flow that only speaks runs: it lets no other speak */
    bool erring;          /* internal_error runs: a second mistake ends the conversation's flows */
    struct pl_value seen; /* facts for the next hand-over, none: as they are */
    size_t room;          /* bytes that this step may still say: its entry holds all of them */
};

/* vm_state.c */
/* An empty state of the program, for its scopes' values and frames. */
struct vm_state *pl_vm__state(struct pl_arena *a, const struct pl_program *p);
enum pl_err pl_vm__decode(struct pl_arena *a, const struct pl_image *image, struct pl_str bytes,
                          struct vm_state **out);
bool pl_vm__time_ok(int64_t ms);
struct pl_str pl_vm__encode(struct pl_buf *b, struct pl_arena *a, const struct pl_program *p,
                            const struct vm_state *s);
struct vm_frame *pl_vm__top(struct vm_state *s);
struct vm_rule_state *pl_vm__rule(struct pl_arena *a, struct vm_state *s, struct pl_str name,
                                  bool make);
struct pl_value *pl_vm__slot(const struct pl_program *p, struct vm_state *s, struct vm_frame *f,
                             uint32_t ref);
/* Vectors of the state live in the arena: they grow by copy. */
void *pl_vm__grow(struct pl_arena *a, void *v, size_t n, size_t *cap, size_t size);
#define VM_PUSH(arena, vec, item)                                                                  \
    ((vec)->v = pl_vm__grow((arena), (vec)->v, (vec)->n, &(vec)->cap, sizeof(*(vec)->v)),          \
     (vec)->v[(vec)->n++] = (item))

/* vm_event.c: a count, then each; reading takes the count that was read */
void pl_vm__write_entities(struct pl_buf *b, const struct pl_vm_entity *v, uint32_t n);
const struct pl_vm_entity *pl_vm__read_entities(struct pl_reader *r, struct pl_arena *a,
                                                uint32_t n);

/* vm_known.c: what is known to be personal */
void pl_vm__learn(struct vm_machine *m); /* from all slots that there are */
void pl_vm__leave(struct vm_machine *m); /* the top frame ends */

/* vm_run.c: straight code of one frame */
enum vm_stop { VM_STOP_DONE, VM_STOP_CONTROL, VM_STOP_FAILED };
/* Runs from f->pc until a control opcode (left in *word, f->pc behind it), DONE, or a mistake. */
enum vm_stop pl_vm__run(struct vm_machine *m, struct vm_frame *f, uint32_t *word);
/* A block: from `at` to its DONE; false on a mistake. f->pc is unchanged. */
bool pl_vm__block(struct vm_machine *m, struct vm_frame *f, uint32_t at);
bool pl_vm__condition(struct vm_machine *m, struct vm_frame *f, uint32_t at);
bool pl_vm__truth(struct pl_value v);
bool pl_vm__mentions(const struct vm_machine *m, uint32_t row);
/* EQ to GE. False: the two cannot be compared. */
bool pl_vm__compares(enum pl_op op, struct pl_value a, struct pl_value b, bool *out);
struct pl_value pl_vm__pop(struct vm_machine *m);
void pl_vm__push(struct vm_machine *m, struct pl_value v);
void pl_vm__fail(struct vm_machine *m, uint32_t at);
void pl_vm__trace(struct vm_machine *m, enum pl_vm_trace what, uint32_t at);
const struct pl_value *pl_vm__pop_n(struct vm_machine *m, uint32_t n);
struct pl_vm_text pl_vm__pop_text(struct vm_machine *m);
struct pl_vm_effect *pl_vm__effect(struct vm_machine *m, enum pl_vm_effect_kind kind);
uint64_t pl_vm__hash_values(struct vm_machine *m, const struct pl_value *v, uint32_t n);

/* vm_fact.c */
struct pl_value pl_vm__fact(struct vm_machine *m, enum pl_fact fact);
struct pl_value pl_vm__field(struct vm_machine *m, struct pl_value of, struct pl_str name);
struct pl_value pl_vm__func(struct vm_machine *m, enum pl_func func, struct pl_value v, bool *ok);
struct pl_value pl_vm__facts_record(struct vm_machine *m);
struct pl_value pl_vm__slots_record(const struct pl_program *p, struct vm_state *s,
                                    const struct vm_frame *f, struct pl_arena *a);
void pl_vm__count_message(struct vm_machine *m, bool answer);

/* vm_flow.c: frames and control */
struct vm_frame *pl_vm__begin_flow(struct vm_machine *m, uint32_t flow, enum vm_role role,
                                   const struct pl_value *args, uint32_t nargs);
/* Runs the top frame, and what follows, until the conversation waits. */
void pl_vm__go(struct vm_machine *m);
void pl_vm__ask(struct vm_machine *m, struct vm_frame *f);
/* Asks again; what has been answered meanwhile is passed by. */
void pl_vm__ask_on(struct vm_machine *m, struct vm_frame *f);
/* A flow of the prelude that only speaks, here and now. */
void pl_vm__speak(struct vm_machine *m, uint32_t flow, const struct pl_value *args, uint32_t n);
void pl_vm__again(struct vm_machine *m, struct vm_frame *f, uint32_t block);
/* What the question would offer, without asking it. */
bool pl_vm__look_up_offers(struct vm_machine *m, struct vm_frame *f);
/* Comes to a question: passes it by, or asks it. */
void pl_vm__begin_wait(struct vm_machine *m, struct vm_frame *f, uint32_t wait);
/* Asks it among these of its options, one bool for each that the frame has. */
void pl_vm__ask_among(struct vm_machine *m, struct vm_frame *f, const bool *these);
/* When the state wants a TIMER event, 0 never; whether held-back news may break in. */
int64_t pl_vm__deadline(const struct pl_program *p, const struct vm_state *s);
bool pl_vm__is_silent(const struct vm_state *s, int64_t now_ms);
/* Removes the top task's frames, says how it ended; gives its root. */
struct vm_frame pl_vm__pop_task(struct vm_machine *m, const char *how);
void pl_vm__end_task(struct vm_machine *m, uint32_t how);
void pl_vm__hand_over(struct vm_machine *m, const struct pl_p_handoff *h, uint32_t queue,
                      struct pl_vm_text because, uint32_t rule);
/* The frame that the top task began with, NULL when there is none; its flow, or PL_NOWHERE. */
struct vm_frame *pl_vm__task_root(struct vm_state *s);
uint32_t pl_vm__task_flow(struct vm_state *s);
struct pl_value pl_vm__name_value(enum pl_kind kind, struct pl_str name);

/* vm_identity.c */
/* Over the frame just begun, when its flow wants to know who the customer is. */
void pl_vm__guard(struct vm_machine *m, uint32_t flow);
void pl_vm__guarded(struct vm_machine *m, bool verified);
/* The task that goes on was still asking what has been answered meanwhile. */
bool pl_vm__skip_guard(struct vm_machine *m);
void pl_vm__identity(struct vm_machine *m);
/* Begins the question whether the customer may be remembered, if it is time to ask. */
bool pl_vm__ask_consent(struct vm_machine *m);
void pl_vm__verified(struct vm_machine *m);
/* The customer wants to be forgotten: nothing is remembered of him any more. */
void pl_vm__forget(struct vm_machine *m);
void pl_vm__remember(struct vm_machine *m);
/* The customer wants no text of his to go to a model. */
bool pl_vm__refuses_models(const struct pl_program *p, const struct vm_state *s);
void pl_vm__no_model(struct vm_machine *m);

/* vm_news.c: what comes from outside, and what has to wait for a gap between questions */
void pl_vm__happened(struct vm_machine *m);
bool pl_vm__held_back(struct vm_machine *m);
/* vm_model.c */
/* again: the same turn, after what it proposed was done or failed. */
void pl_vm__ask_model(struct vm_machine *m, struct vm_frame *f, uint32_t model, bool again);
/* A call of the frame came to this end; it may be the action that a model proposed. */
void pl_vm__acted(struct vm_machine *m, struct vm_frame *f, uint32_t call, struct pl_str failure);
void pl_vm__model_came(struct vm_machine *m);

/* vm_answer.c */
bool pl_vm__is_answer(struct vm_machine *m);
/* True when the message answers the open question, well or not. */
bool pl_vm__answer(struct vm_machine *m, struct vm_frame *f);
/* Into the slot of a question that waits below; true when it took something. whole: only what is
 * the value and nothing else. */
bool pl_vm__answer_below(struct vm_machine *m, bool whole);
void pl_vm__miss(struct vm_machine *m, struct vm_frame *f, bool say_again);
bool pl_vm__command_is(const struct vm_machine *m, const char *name);
bool pl_vm__skips(const struct vm_machine *m, const struct pl_p_wait *w);
/* Fills the flow's asks from what was found; trigger: marks count and session is replaced. */
void pl_vm__fill(struct vm_machine *m, struct vm_frame *f, bool trigger);
/* The value is in the slot while the question's checks look at it; false: one said why not. */
bool pl_vm__checks_pass(struct vm_machine *m, struct vm_frame *f, const struct pl_p_wait *w);
/* Is it one of what the frame's offers give, where only that is an answer? */
bool pl_vm__is_listed(const struct vm_machine *m, const struct vm_frame *f,
                      const struct pl_p_wait *w, struct pl_value v);
bool pl_vm__own_recogniser(const struct vm_machine *m, const struct pl_p_wait *w);
/* Are the slots of what was found told by the marks of this intent or mention? */
bool pl_vm__marks_of(const struct vm_machine *m, enum pl_vm_marks by, uint32_t of);
/* What a mark gives this question's slot. */
bool pl_vm__marked_value(struct vm_machine *m, const struct pl_p_wait *w, struct pl_value *out);
/* What was found for this question's slot; own: it is the open one. */
bool pl_vm__entity_value(struct vm_machine *m, const struct pl_p_wait *w, bool own,
                         struct pl_value *out);
bool pl_vm__ask_value(struct vm_machine *m, const struct vm_frame *f, struct pl_value *out);
struct pl_value pl_vm__option_value(const struct vm_machine *m, const struct pl_vm_choice *offers,
                                    const struct pl_value *items, uint32_t i);
struct pl_value pl_vm__as_type(struct vm_machine *m, const struct pl_p_wait *w, struct pl_value v);
void pl_vm__take_option(struct vm_machine *m, struct vm_frame *f, uint32_t choice);

/* vm_named.c: options of a question that were named before it was asked */
/* Keeps the message's words for the questions of this run that are still to come. */
void pl_vm__hear(struct vm_machine *m, struct vm_frame *f);
/* True when the question first waits to hear which of its options were named. */
bool pl_vm__name_options(struct vm_machine *m, struct vm_frame *f);
void pl_vm__named(struct vm_machine *m);

/* vm_back.c */
struct vm_passed *pl_vm__passed(struct vm_frame *f, uint32_t wait); /* or NULL */
/* The run comes by this question (again). */
struct vm_passed *pl_vm__pass(struct vm_machine *m, struct vm_frame *f, uint32_t wait, bool shown);
/* Forgets the answers that no way ahead of the address asks for. */
void pl_vm__forget_behind(struct vm_machine *m, struct vm_frame *f, uint32_t from);
bool pl_vm__is_closed(const struct vm_machine *m, const struct vm_frame *f, uint32_t slot);
struct pl_value pl_vm__slot_name(struct vm_machine *m, const struct vm_frame *f, uint32_t ref);
enum vm_went { VM_WENT_BACK, VM_TOO_LATE, VM_NOWHERE_TO_GO };
/* To the question before the open one. */
enum vm_went pl_vm__go_back(struct vm_machine *m);
/* Once more by this `back` or `change`? False when it was taken as often as it may. */
bool pl_vm__counted(struct vm_machine *m, struct vm_frame *f, uint32_t row);
void pl_vm__change(struct vm_machine *m, struct vm_frame *f, uint32_t row);
void pl_vm__changed(struct vm_machine *m, struct vm_frame *f, uint32_t row);
/* True when the message corrects an answer and is dealt with. */
bool pl_vm__correction(struct vm_machine *m);
/* The correction was agreed to. */
void pl_vm__correct(struct vm_machine *m, uint32_t wait, struct pl_value value);
/* An answered question whose options a correction may name. */
bool pl_vm__is_earlier(const struct pl_program *p, const struct vm_frame *f,
                       const struct vm_passed *q);

/* A task begins over the top one / the top one goes on: with its own answers in the session's
 * slots, whatever was asked for in between. */
void pl_vm__interrupt(struct vm_machine *m);
void pl_vm__resume(struct vm_machine *m);
/* The task is over: this is its root. */
void pl_vm__done(struct vm_machine *m, const struct vm_frame *root);
/* No question is open, and the message corrects an answer of the task that is over; true when it is
 * dealt with. */
bool pl_vm__correct_done(struct vm_machine *m);
/* Does the message give the task that is over another value, and may that begin it anew? */
bool pl_vm__brings_other(struct vm_machine *m);
/* Nothing else fits, and the message has another value for that task ("and ORDER2?"): the same
 * again with it. */
bool pl_vm__follow_up(struct vm_machine *m);

/* vm_message.c */
/* enum pl_interrupt of the task that the open question is of. */
uint8_t pl_vm__interrupt_of(const struct vm_machine *m);
/* It is read as more about the task that is over. */
bool pl_vm__is_about_done(struct vm_machine *m);
/* Its words, not a value alone, ask for a flow of the project that is not the one given. */
bool pl_vm__names_other(struct vm_machine *m, uint32_t flow);
void pl_vm__message(struct vm_machine *m);
/* The flow that began by silence ends with the next message. */
void pl_vm__end_silence(struct vm_machine *m);
bool pl_vm__apply_rule(struct vm_machine *m);
bool pl_vm__is_phrase(struct vm_machine *m); /* `on says`: nothing to be unsure about */

#endif
