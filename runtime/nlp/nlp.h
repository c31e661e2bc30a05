/* SPDX-License-Identifier: Apache-2.0
 *
 * nlp: reads a customer's message: language, intents, entities, yes and no, sentiment, and the
 * bits of every `mentions` and `matches` of the program. Deterministic; no network, no clock.
 *
 * Two halves. At build, pl_nlp_build turns examples and recognisers into one opaque section of
 * the image. At run time, pl_nlp_open checks a section once and gives a model: immutable, shared
 * by all threads, alive as long as its section's bytes. A `struct pl_nlp` is one thread's scratch
 * for one model (compiled expressions). A reading lives in the arena of its turn.
 * Text handed in must be masked by privacy; nothing here stores it.
 */
#ifndef PL_NLP_H
#define PL_NLP_H

#include "runtime/locale/locale.h"

/* ---- build ---- */

/* A phrase of one language; an empty language means any. In a mention's, a mark is written
 * ⟨slot:name⟩, as in examples below: the phrase is the message when that is its words and, in the
 * places of its marks, values. */
struct pl_nlp_phrase {
    struct pl_str lang, text;
};

/* One example of an intent. What a placeholder stands for is written ⟨name⟩ (U+27E8, U+27E9):
 * "return ⟨order_id⟩", name being an entity's or a built-in kind's word. ⟨slot:name⟩ also says what
 * the value is for: the words around it tell so in messages (`marked` of a reading). */
struct pl_nlp_example {
    uint32_t intent; /* index in pl_nlp_source.intents; PL_NLP_NO_INTENT: means none of them */
    struct pl_str lang, text;
};

#define PL_NLP_NO_INTENT UINT32_MAX

/* A word-list member's synonym. */
struct pl_nlp_synonym {
    struct pl_str member, lang, text;
};

struct pl_nlp_regex {
    struct pl_str pattern, flags;
};

enum { PL_NLP_UPPER = 1, PL_NLP_LOWER = 2, PL_NLP_FROM_HOOK = 4 };

/* An entity. It may have expressions, words and a hook's list, all at once. */
struct pl_nlp_entity {
    struct pl_str name;
    uint8_t kind;  /* enum pl_kind of its values: TEXT, or ENUM for `one of` (name = type) */
    uint8_t flags; /* shape, PL_NLP_FROM_HOOK */
    const struct pl_nlp_regex *regexes; /* whole words, longest first */
    uint32_t nregexes;
    const struct pl_nlp_synonym *words;
    uint32_t nwords;
    const struct pl_nlp_phrase *after; /* words that must stand before it, outside its question */
    uint32_t nafter;
};

/* One `mentions` of the program. */
struct pl_nlp_mention {
    const struct pl_nlp_phrase *phrases;
    uint32_t n;
};

/* Trained intent models by what they were trained on: with one, an unchanged set of examples is
 * never trained again. `get` appends what was put under the key and gives whether there was any. */
struct pl_nlp_cache {
    void *ctx;
    bool (*get)(void *ctx, const uint8_t key[16], struct pl_buf *out);
    void (*put)(void *ctx, const uint8_t key[16], struct pl_str model);
};

struct pl_nlp_source {
    const struct pl_nlp_cache *cache; /* or NULL */
    const struct pl_str *langs;       /* languages of the assistant's locales, the source first */
    uint32_t nlangs;
    const struct pl_str *intents; /* names */
    uint32_t nintents;
    const struct pl_nlp_example *examples;
    uint32_t nexamples;
    const struct pl_nlp_example *held; /* kept out of training: what is learned is tried on them */
    uint32_t nheld;
    bool bare; /* without our own sentences that no shop's intents mean */
    const struct pl_nlp_entity *entities; /* an earlier one wins a tie */
    uint32_t nentities;
    const struct pl_nlp_mention *mentions;
    uint32_t nmentions;
    const struct pl_nlp_regex *matches; /* every distinct expression of `matches` */
    uint32_t nmatches;
};

/* Appends the section. The same source gives the same bytes. PL_MALFORMED: an expression does not
 * compile or an index is out of range, *why says which; PL_LIMIT: over 1,000 intents, 100,000
 * examples, 1,000 entities, 1,000 mentions or matches. */
enum pl_err pl_nlp_build(struct pl_locale_tools *t, struct pl_arena *a,
                         const struct pl_nlp_source *src, struct pl_buf *section,
                         struct pl_str *why);

/* Which training examples the model itself gets wrong, for the compiler's warnings. Gives how
 * many; at most `max` written. */
struct pl_nlp_confusion {
    uint32_t example, intent; /* example number, the intent it was read as */
};
size_t pl_nlp_confusions(struct pl_locale_tools *t, const struct pl_nlp_source *src,
                         struct pl_str section, struct pl_nlp_confusion *out, size_t max);

/* What each example is read as by a model that learned from four fifths of the others and not from
 * it, into read_as[nexamples]: an intent, or PL_NLP_NO_INTENT when it is too unsure. Trains five
 * times. */
enum pl_err pl_nlp_crossed(struct pl_locale_tools *t, struct pl_arena *a,
                           const struct pl_nlp_source *src, uint32_t *read_as);

/* ---- run ---- */

struct pl_nlp_model; /* shared */
struct pl_nlp;       /* one thread's */
struct pl_nlp_list;  /* values of a `from hook` entity, immutable, shared */

/* Checks an untrusted section. It must outlive the model. */
enum pl_err pl_nlp_open(struct pl_str section, struct pl_nlp_model **out);
void pl_nlp_close(struct pl_nlp_model **m);
uint32_t pl_nlp_nintents(const struct pl_nlp_model *m);
struct pl_str pl_nlp_intent_name(const struct pl_nlp_model *m, uint32_t intent);
uint32_t pl_nlp_nentities(const struct pl_nlp_model *m);
/* Index of an entity that takes its values from a hook and is called so, or UINT32_MAX. */
uint32_t pl_nlp_entity_index(const struct pl_nlp_model *m, struct pl_str name);

/* PL_MALFORMED: an expression of the section does not compile. */
enum pl_err pl_nlp_new(const struct pl_nlp_model *m, struct pl_locale_tools *t,
                       struct pl_nlp **out);
void pl_nlp_free(struct pl_nlp **n);
/* Makes what the first message in each of the project's languages would have to wait for: some
 * milliseconds a language. tools: of the thread that calls. Nobody may read by it meanwhile. */
void pl_nlp_warm(struct pl_nlp *n, struct pl_locale_tools *tools);

/* The list that a hook gave; texts are copied. At most 100,000, the rest is left out. */
struct pl_nlp_list *pl_nlp_list_new(struct pl_locale_tools *t, uint32_t entity,
                                    const struct pl_str *texts, uint32_t n);
void pl_nlp_list_free(struct pl_nlp_list **l);

/* A value that somebody else found in the text (a Lua function of the shop): for an entity of the
 * model, at bytes [start, end) of the text. */
struct pl_nlp_given {
    uint32_t entity, start, end;
    struct pl_str value;
};
#define PL_NLP_GIVEN       32  /* of one entity in a text, at most */
#define PL_NLP_GIVEN_VALUE 200 /* bytes of a value, at most */
/* Is it a place in the text that begins and ends between characters, and a value that may be one?
 * NULL: yes; else what is wrong. */
const char *pl_nlp_given_wrong(struct pl_str text, const struct pl_nlp_given *g);

struct pl_nlp_context {
    struct pl_str language; /* of the conversation so far: wins when the text does not tell */
    struct pl_str locale;   /* for the order of day and month, and decimal marks */
    struct pl_str currency; /* of amounts without one */
    struct pl_str zone;
    int64_t now_ms; /* for "tomorrow" */
    uint8_t asked;  /* enum pl_kind of the open question, PL_KIND_NONE for none */
    /* The entity it asks for, + 1; 0 for none: its value is also found where it is written in
     * groups ("ORDER 123-456-789"). example: what one looks like; its beginning may lead a value.
     */
    uint32_t asked_entity;
    struct pl_str example;
    const struct pl_nlp_list *const *lists;
    uint32_t nlists;
    const struct pl_nlp_given *given; /* in this very text; wrong ones are left out */
    uint32_t ngiven;
};

struct pl_nlp_guess {
    uint32_t intent;
    double confidence; /* 0..1 */
};

enum pl_nlp_how {
    PL_NLP_BY_REGEX,
    PL_NLP_BY_WORD,
    PL_NLP_BY_HOOK,
    PL_NLP_BY_BUILTIN,
    PL_NLP_BY_OTHERS
};
#define PL_NLP_BUILTIN UINT32_MAX

struct pl_nlp_found {
    uint32_t entity;       /* index, or PL_NLP_BUILTIN: value.kind tells */
    struct pl_str name;    /* the entity's name, or the kind's word */
    uint32_t start, end;   /* bytes of the text */
    struct pl_value value; /* shaped; ENUM of type `name` for word lists */
    uint8_t how;           /* enum pl_nlp_how */
    bool needs_after;      /* its `after` word is not there: take it for its own question only */
};

/* Numbers that are part of something longer (a date, a phone, an order number), and finds that lack
 * their `after` word there, are left out; the number of an amount or a percent stays beside it. */

/* A value that stands where a phrase has a mark: the words around it say so. Of an intent when it
 * is the best guess, of a mention when the phrase is the whole message. Values that two slots are
 * as likely for are not among them; two values for one slot both are. */
enum pl_nlp_marked_by { PL_NLP_MARKED_INTENT, PL_NLP_MARKED_SAYS };
struct pl_nlp_marked {
    uint8_t by;  /* enum pl_nlp_marked_by */
    uint32_t of; /* intent or mention */
    struct pl_str slot;
    /* One of `found`; else of a kind that is not looked for everywhere: text (the words between the
     * mark's neighbours), bool, time ... */
    struct pl_nlp_found found;
};

/* A time that the message tells, whatever its form; `found` has the dates among them, and the kind
 * that is asked for. Days since 1970-01-01 and seconds since midnight, in the conversation's zone;
 * of a span both ends, the last day and second outside of it; PL_NLP_OPEN: not said. */
enum pl_nlp_time_kind {
    PL_NLP_IS_DATE,
    PL_NLP_IS_TIME,
    PL_NLP_IS_DATETIME,
    PL_NLP_IS_DURATION,
    PL_NLP_IS_DATES, /* from a date to a date: "next week" */
    PL_NLP_IS_TIMES,
    PL_NLP_IS_DATETIMES,
    PL_NLP_IS_SET /* again and again: "every Monday" */
};
#define PL_NLP_OPEN INT32_MIN
struct pl_nlp_time {
    uint32_t start, end; /* bytes of the text */
    uint8_t kind;        /* enum pl_nlp_time_kind */
    int32_t day, second, last_day, last_second;
    int64_t ms; /* DURATION */
    bool now;   /* a DATETIME that names no day: "now", "as soon as possible" */
};
#define PL_NLP_TIMES 16

/* What a message has besides, and no slot is filled with unasked. */
enum pl_nlp_extra_kind {
    PL_NLP_IS_ORDINAL, /* value: its number */
    PL_NLP_IS_NUMBER,  /* a half, a fraction, an article that may mean one */
    PL_NLP_IS_URL,
    PL_NLP_IS_YES_NO /* value: a bool */
};
struct pl_nlp_extra {
    uint32_t start, end; /* bytes of the text */
    uint8_t kind;        /* enum pl_nlp_extra_kind */
    struct pl_value value;
};
#define PL_NLP_EXTRAS 64

enum pl_nlp_answer { PL_NLP_NEITHER, PL_NLP_YES, PL_NLP_NO };

#define PL_NLP_GUESSES 5
struct pl_nlp_reading {
    struct pl_str language;
    uint8_t letters; /* how much there is that tells it: 0 under 4 letters, 1 under 12, 2 under 30,
                        else 3; a sign that writes a word or a syllable counts double, addresses
                        and codes ("ORDER123") do not count */
    bool worded;     /* words of the language itself are in it, not only names: frequent ones, or
                        where no list has them, any. Only of another language than the usual one */
    struct pl_nlp_guess guesses[PL_NLP_GUESSES]; /* best first */
    uint32_t nguesses;
    bool exact;         /* the whole message is an example of guesses[0], folded and stemmed */
    bool named;         /* guesses[0] is what its words say, not only a value in it */
    bool rejected;      /* guesses[0] is too unsure: the message means none of the intents */
    bool ambiguous;     /* guesses[1] is so near that asking beats guessing */
    double uncertainty; /* 0..1, see below */
    double sentiment;   /* -1..1 */
    uint8_t answer;     /* enum pl_nlp_answer: the message as a whole says so */
    bool change;        /* has a word of change: "no wait", "actually", "I meant" */
    struct pl_nlp_found
        *found; /* by start, then longest; spans of different entities may overlap */
    uint32_t nfound;
    struct pl_nlp_time *times; /* by start; at most PL_NLP_TIMES */
    uint32_t ntimes;
    struct pl_nlp_extra *extra; /* at most PL_NLP_EXTRAS */
    uint32_t nextra;
    struct pl_nlp_marked *marked;
    uint32_t nmarked;
    uint8_t *mentions; /* bit i of byte i / 8: the program's mention i */
    uint8_t *matches;  /* the like for matches, over the whole text */
    uint8_t *says;     /* the like for mentions of which a phrase is the whole message */
    uint32_t nmentions, nmatches;
    struct pl_words words;
    uint64_t folded_hash; /* of the folded words: "the same question again" */
};

/* Uncertainty is 1 - c, c being the confidence of the best guess, plus up to 0.3 as the second
 * best comes near it (0 when it is 0.3 or more behind), at most 1. A message that is nothing but
 * entities or yes/no has 0, the empty message too. */
void pl_nlp_read(struct pl_nlp *n, struct pl_arena *a, struct pl_str masked,
                 const struct pl_nlp_context *ctx, struct pl_nlp_reading *out);

/* Why the message was read as this intent: what each of its words, or the placeholder of the value
 * in its place, adds to the intent's score (what the score loses without it), the most first. Gives
 * how many; at most `max` written. */
struct pl_nlp_reason {
    struct pl_str token; /* folded */
    double weight;
};
uint32_t pl_nlp_why(struct pl_nlp *n, struct pl_arena *a, struct pl_str masked,
                    const struct pl_nlp_context *ctx, uint32_t intent, struct pl_nlp_reason *out,
                    uint32_t max);

/* Does `matches` number i hold for this text as a whole? For values other than the message. */
bool pl_nlp_matches(struct pl_nlp *n, struct pl_arena *a, uint32_t match, struct pl_str text);

/* Which of the options (labels and what they `say`) the message means, or UINT32_MAX: equal
 * folded and stemmed; else the only one whose words it contains or that contains all of its words;
 * else the number or ordinal it consists of ("2", "the second one"); else the only one that is the
 * same yes or no, in any language. */
uint32_t pl_nlp_pick(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_reading *r,
                     const struct pl_nlp_phrase *options, uint32_t noptions);
/* The like, but the message must be the option's words, politeness apart. */
uint32_t pl_nlp_is_option(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_reading *r,
                          const struct pl_nlp_phrase *options, uint32_t noptions);
/* All options that an earlier message names among its other words ("send the kettle back, please"):
 * whose words it contains; and those with the most words in it that neither all options have nor a
 * language has everywhere. Each once, in their order; gives how many. */
uint32_t pl_nlp_named(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_reading *r,
                      const struct pl_nlp_phrase *options, uint32_t noptions, uint32_t *out);
/* All that it means ("1 and 3", "the red one, the blue one", "both") into out[noptions], each
 * once, in the order said; gives how many. */
uint32_t pl_nlp_picks(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_reading *r,
                      const struct pl_nlp_phrase *options, uint32_t noptions, uint32_t *out);
/* Does it say that there is none: "none of them"? */
bool pl_nlp_says_none(struct pl_arena *a, const struct pl_nlp_reading *r);

/* The language that a text (not a customer's message) is surely in; empty when that is not sure,
 * also when `expected` is none of those that are told apart: what cannot be recognised
 * is not called another. Needs no model. */
struct pl_str pl_nlp_tell(struct pl_str text, struct pl_str expected);

#endif
