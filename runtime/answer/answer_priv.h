/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to the room answer: facts of texts, evidence, and a turn under way.
 */
#ifndef PL_ANSWER_PRIV_H
#define PL_ANSWER_PRIV_H

#include "runtime/answer/answer.h"
#include "runtime/crypto/crypto.h"
#include "runtime/kb/kb.h"
#include "runtime/privacy/privacy.h"

#define PL_ANSWER_MOST_TEXT   16384      /* bytes a model may write in one attempt */
#define PL_ANSWER_MOST_SHOWN  4000       /* code points of an answer */
#define PL_ANSWER_MOST_ROUNDS 8          /* of tools */
#define PL_ANSWER_NOT_SURE    "NOT_SURE" /* what a model writes when it does not know */

enum answer_why {
#define WHY(name, word, meaning) WHY_##name,
#include "runtime/answer/why.def"
#undef WHY
};

/* ---- facts: what a text states ---- */

enum fact_kind {
    FACT_NUMBER,
    FACT_MONTH,
    FACT_WEEKDAY,
    FACT_DAY,
    FACT_UNIT,
    FACT_ID,
    FACT_NAME,
    FACT_LINK,
    FACT_FREE, /* it costs nothing */
    FACT_ALL   /* always, everything, everybody */
};
struct fact {
    uint8_t kind;        /* enum fact_kind */
    uint8_t unit;        /* NUMBER: 0, '%', or a currency's sign */
    int32_t value;       /* MONTH, WEEKDAY, DAY, UNIT */
    uint32_t at;         /* which word of the sentence */
    struct pl_dec n;     /* NUMBER */
    struct pl_str of[2]; /* NUMBER: the words behind it: "business", "days" */
    struct pl_str text;  /* ID, NAME: folded; LINK: as written, without what ends a sentence */
};
/* One sentence seen through. */
struct claim {
    struct pl_str text;
    const struct fact *facts;
    uint32_t nfacts;
    /* Of the words that carry meaning, no numbers among them; what something is without, or not,
     * has a '~' before it: "unworn", "sin usar". */
    const struct pl_str *stems;
    uint32_t nstems;
    uint32_t denies; /* words that say that something is not so */
    bool replies;    /* it begins with yes or no: it says something of the question */
    bool asks;       /* it is a question */
    bool links;      /* EVIDENCE: its links may be given on */
};

struct reading { /* how texts of one language are seen through */
    struct pl_locale_tools *t;
    struct pl_locale *l;
    struct pl_str language;
    struct pl_arena *a;       /* for what is found */
    struct pl_arena *scratch; /* for what is needed to find it: forgotten with the next claim; NULL:
                                 that stands in `a` too */
};
/* false: the arena is full. The claim's texts stand in the sentence or in the arena. */
bool pl_answer__claim(const struct reading *r, struct pl_str sentence, struct claim *out);
bool pl_answer__denies(struct pl_str language, struct pl_str folded);
/* The words that deny are listed for this language. */
bool pl_answer__knows(struct pl_str language);

/* ---- texts that stay, seen through once ---- */

struct known_texts;
struct known_text {
    const struct claim *v; /* its sentences */
    uint32_t n;
};
struct known_texts *pl_answer__texts_new(void);
struct known_texts *pl_answer__texts_ref(struct known_texts *k);
void pl_answer__texts_unref(struct known_texts **k);
/* text: of the image. whole: it is one sentence. NULL: it cannot be kept. */
const struct known_text *pl_answer__text(struct known_texts *k, const struct reading *r,
                                         struct pl_str text, bool whole);

/* ---- evidence: what may be stated ---- */

struct evidence {
    struct reading r;
    PL_VEC(struct claim) claims; /* of passages, given values, tools */
    PL_VEC(struct claim) said;   /* by the customer: names that may be used, no facts */
    struct claim question;
    struct known_texts *texts; /* of the turn's image; NULL: none are kept */
    bool foreign;              /* some of it is in another language: words cannot be compared */
    bool failed;
};
/* links: those in it may be shown, for they come from the shop itself. */
void pl_answer__learn(struct evidence *e, struct pl_str text, bool links);
/* The same with a text of the image. */
void pl_answer__learn_known(struct evidence *e, struct pl_str text);
void pl_answer__hear_known(struct evidence *e, struct pl_str text);
/* What the customer said states nothing; names in it may be said again. */
void pl_answer__hear(struct evidence *e, struct pl_str text);
/* Enough that it can be wrong. */
bool pl_answer__says_something(const struct claim *c);
/* It shares words with the question. */
bool pl_answer__to_the_point(const struct evidence *e, const struct claim *c);
/* What of the claim nothing supports; WHY_NONE: all is supported. */
enum answer_why pl_answer__supported(const struct evidence *e, const struct claim *c);

/* ---- a turn ---- */

struct pl_answer_image {
    struct pl_image *image;
    struct pl_kb *kb;             /* NULL: none */
    struct pl_kb_vectors vectors; /* dims 0: none */
    struct known_texts *texts;
};

struct tool_run {
    struct turn *turn;
    uint64_t number; /* 0: not under way */
    uint32_t hook;   /* hooks of the image */
    struct pl_llm_call call;
    struct pl_str result; /* JSON or words for the model; empty: not yet */
};

/* What an ask comes back to: it outlives a turn that was cancelled. */
struct asked {
    struct turn *turn; /* NULL: nobody waits for it */
};

struct turn {
    struct pl_answer *owner;
    struct turn *prev, *next;
    uint64_t number;
    struct pl_answer_turn in; /* texts and values in the arena */
    struct pl_arena a;
    const struct pl_program *program;
    const struct pl_p_model *spec;
    struct pl_locale *l;
    struct pl_timer deadline, soon;
    int64_t until_us;
    enum { ENDS, ASKS, RUNS_TOOLS } state; /* ENDS: `soon` will end it with outcome */
    enum pl_answer_outcome outcome;
    enum answer_why why;
    struct pl_str value;
    /* what was found */
    struct pl_kb_result found;
    struct evidence evidence;
    /* the conversation with the model */
    struct pl_veil *veil;
    char canary[17], fence[17];
    struct pl_llm_request request;
    PL_VEC(struct pl_llm_message) messages;
    PL_VEC(struct tool_run *) tools;
    uint64_t ask; /* 0: none under way */
    struct asked *asked;
    struct asked *embedding;            /* of `ask`, while the question is made a vector */
    const int8_t *question;             /* that vector; NULL: none */
    uint32_t attempt, attempts, rounds; /* attempts: of earlier asks */
    uint32_t asks;                      /* so far: the budget's calls */
    struct pl_str acted;   /* what the model was told of the action that was proposed */
    int64_t tokens, micro; /* used up by earlier rounds */
    /* its reply */
    struct pl_buf raw;      /* as it came, this attempt */
    size_t checked;         /* of raw */
    size_t looked;          /* of raw: seen for what could end a sentence */
    bool open;              /* there is such a mark, and no letter behind it says yet whether */
    struct pl_buf shown;    /* checked, with personal data put back */
    struct pl_buf plain;    /* scratch */
    size_t released;        /* of shown: given to `partial` */
    uint32_t cited;         /* bits: passages named by the text */
    uint32_t substance;     /* sentences that say something, and are supported */
    struct pl_str original; /* a passage that is being translated; empty: none is */
    bool translated;        /* it was tried: once is enough */
    bool replies;           /* one says yes or no ... */
    bool to_the_point;      /* ... and one that is supported shares words with the question */
};

struct pl_answer {
    struct pl_answer_config config;
    uint8_t secret[PL_KEY_SIZE];
    struct pl_kb_scratch *scratch;
    struct pl_arena claim; /* what one claim needs */
    struct pl_arena look;  /* what one look at a reply needs */
    PL_VEC(struct pl_answer_image *) images;
    struct turn *turns;
    uint64_t numbers;
    struct pl_counter counters[PL_ANSWER_COUNTERS];
    struct prompt_count *_Atomic prompts; /* newest first */
    size_t nprompts;
};

void pl_answer__count(struct pl_answer *a, enum pl_answer_count what);
/* "answer@3", or "none". */
void pl_answer__prompt_name(const struct turn *t, char out[100]);
/* Counts the turn's end. */
void pl_answer__count_prompt(const struct turn *t);
void pl_answer__counts_free(struct pl_answer *a);
/* The turn's end is decided; it comes with the next iteration of its loop. */
void pl_answer__end(struct turn *t, enum pl_answer_outcome outcome, enum answer_why why);
struct pl_answer_image *pl_answer__known(const struct pl_answer *a, const struct pl_image *image);
/* Has the question made a vector; pl_answer__search follows, from the loop. The veil is there.
 * False: there is nothing to ask for, or nobody. */
bool pl_answer__embed(struct turn *t);
/* Looks for passages, and goes on with the turn. */
void pl_answer__search(struct turn *t);
/* Where an answer comes from: the article, and the sentences of it that were found. */
struct pl_value pl_answer__source(struct pl_arena *a, const struct pl_kb_hit *h);
/* No provider: what the knowledge base has, else outcome and why. */
void pl_answer__alone(struct turn *t, enum pl_answer_outcome otherwise, enum answer_why why);
/* Builds t->request but for its budget. */
enum pl_err pl_answer__prompt(struct turn *t);
/* A value as the customer would read it, and in all ways a model may write it, for the evidence. */
void pl_answer__print(struct turn *t, struct pl_value v, struct pl_buf *out);
/* What of a value may go to a model: nothing private or secret. */
struct pl_value pl_answer__public(struct turn *t, struct pl_type type, struct pl_value v);
/* Looks at what of t->raw is new; whole: nothing more comes. */
enum answer_why pl_answer__look(struct turn *t, bool whole);
void pl_answer__forget(struct turn *t); /* what the model wrote */
/* The decided value of t->raw, as pl_value_write has it. */
enum answer_why pl_answer__decided(struct turn *t);
/* The tools that the model may call, in t->request. */
bool pl_answer__offer(struct turn *t);
/* A tool that the model calls: kept for the round's end. */
enum answer_why pl_answer__called(struct turn *t, const struct pl_llm_call *call);
/* Runs what was called; pl_answer__ask goes on when all is there. */
enum answer_why pl_answer__run(struct turn *t);
/* What came of the action that an earlier turn proposed: for the model, and as evidence; its part
 * of the budget is used up. */
enum pl_err pl_answer__acted(struct turn *t);
void pl_answer__stop_tools(struct turn *t);
void pl_answer__ask(struct turn *t);
/* Sends t->request, but for what it asks; false: the budget is used up, or nobody is there. */
bool pl_answer__send(struct turn *t);
/* The value of an answer: its text, and the passages whose bits are set. from: the locale that it
 * was translated from by a model, or empty. */
bool pl_answer__put(struct turn *t, struct pl_str text, uint32_t passages, struct pl_str from);
enum answer_why pl_answer__language(const struct turn *t, struct pl_str said);
/* The claim states this fact. */
bool pl_answer__states(const struct claim *c, const struct fact *f);

/* All words of a `never` line, where those are in the claim's language. */
bool pl_answer__does_never(const struct turn *t, const struct claim *c);

/* answer_translate.c */
/* It is in another language than the customer's. */
bool pl_answer__is_foreign(const struct turn *t, const struct pl_kb_hit *h);
/* Has the passage in another language than the customer's translated before it is shown; false: it
 * is shown as it is. */
bool pl_answer__translate(struct turn *t, struct pl_str passage);
/* What became of it: the translation, or the passage as it is. */
void pl_answer__translated(struct turn *t, bool well);

#endif
