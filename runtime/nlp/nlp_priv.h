/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to the room nlp: the model as opened from its section, and one thread's scratch.
 */
#ifndef PL_NLP_PRIV_H
#define PL_NLP_PRIV_H

#include "runtime/nlp/nlp.h"

#define PL_NLP_MAGIC         UINT32_C(0x504c4e31)
#define PL_NLP_VERSION       3
#define PL_NLP_MOST          1000 /* intents, entities, mentions, matches */
#define PL_NLP_MOST_EXAMPLES 100000
#define PL_NLP_MOST_LIST     100000

/* ---- phrases: sequences of words that are looked for in a message ---- */

/* MARKED: the longest run of words of a mention's phrase with marks. */
enum pl_nlp_use {
    PL_NLP_USE_WORD,
    PL_NLP_USE_AFTER,
    PL_NLP_USE_MENTION,
    PL_NLP_USE_MARKED,
    PL_NLP_USES
};

struct pl_nlp_token {
    struct pl_str folded, stem;
};

struct pl_nlp_row {
    uint8_t use;          /* enum pl_nlp_use */
    bool arabic;          /* may stand behind an article and before an ending */
    uint32_t owner;       /* entity, mention or pattern */
    struct pl_str member; /* word lists: the member; hook lists: the text as the hook gave it */
    const struct pl_nlp_token *tokens;
    uint32_t ntokens;
};

/* First words by hash, sorted; bucket b holds entries [from[b], from[b + 1]). */
struct pl_nlp_entry {
    uint32_t hash, row;
};
struct pl_nlp_index {
    struct pl_nlp_row *rows;
    uint32_t nrows;
    struct pl_nlp_entry *entries;
    uint32_t nentries;
    uint32_t *from;
    uint32_t shift; /* bucket = hash >> shift */
};

/* A row found at words [word, word + row->ntokens). */
struct pl_nlp_hit {
    const struct pl_nlp_row *row;
    uint32_t word;
    bool fuzzy;
};
struct pl_nlp_hits {
    struct pl_nlp_hit *v;
    uint32_t n, cap;
};

/* Words that are frequent in a language, of which no option is made. */
bool pl_nlp__is_frequent(struct pl_str folded);

/* Splits a phrase into tokens in the arena. */
struct pl_nlp_row pl_nlp__row(struct pl_locale_tools *t, struct pl_arena *a, enum pl_nlp_use use,
                              uint32_t owner, struct pl_str member, struct pl_str lang,
                              struct pl_str text);
/* Indexes rows, all in the arena; NULL entries when it is full. */
void pl_nlp__index(struct pl_arena *a, struct pl_nlp_row *rows, uint32_t nrows,
                   struct pl_nlp_index *out);
void pl_nlp__find(const struct pl_nlp_index *x, const struct pl_words *w, struct pl_arena *a,
                  struct pl_nlp_hits *hits);
/* Is word i of the message this token? fuzzy: one edit apart will do, from five letters. */
bool pl_nlp__same(const struct pl_word *w, const struct pl_nlp_token *t, bool arabic, bool fuzzy);

bool pl_nlp__is_arabic(struct pl_str s);

/* ---- patterns: phrases with marks (nlp_mark.c) ---- */

#define PL_NLP_ELEMENTS 64 /* a longer phrase tells no slots */

struct pl_nlp_element { /* a word, or a mark */
    bool mark, arabic;
    struct pl_nlp_token word;
    struct pl_str slot;
    uint32_t entity; /* or PL_NLP_BUILTIN */
    uint8_t kind;    /* BUILTIN: enum pl_kind; NONE: nothing is */
};
struct pl_nlp_pattern {
    uint8_t by; /* enum pl_nlp_marked_by */
    uint32_t of;
    struct pl_str lang;
    struct pl_nlp_element *v;
    uint32_t n;
};

/* Takes the text apart: what stands before its next mark, and the mark; false: there is none. */
bool pl_nlp__mark_next(struct pl_str *text, struct pl_str *words, struct pl_str *mark);
/* "slot:name", or "name" alone: then false. */
bool pl_nlp__mark_split(struct pl_str mark, struct pl_str *slot, struct pl_str *name);
bool pl_nlp__has_slots(struct pl_str text);
/* Its words are read as they are; other names are placeholders in examples. */
bool pl_nlp__is_plain(struct pl_str name);
/* n over PL_NLP_ELEMENTS: too long to be one. */
struct pl_nlp_pattern pl_nlp__pattern(struct pl_locale_tools *t, struct pl_arena *a,
                                      const struct pl_nlp_source *src, struct pl_str lang,
                                      struct pl_str text);
/* Its longest run of words: how many, 0 for none, from element *from on. */
uint32_t pl_nlp__pattern_run(const struct pl_nlp_pattern *p, uint32_t *from);

/* ---- the language of a text by itself (nlp_gram.c, nlp_tongue.c) ---- */

enum pl_nlp_script {
    PL_NLP_NO_SCRIPT, /* no letter */
    PL_NLP_LATIN,
    PL_NLP_GREEK,
    PL_NLP_CYRILLIC,
    PL_NLP_HEBREW,
    PL_NLP_ARABIC,
    PL_NLP_DEVANAGARI,
    PL_NLP_THAI,
    PL_NLP_KANA,
    PL_NLP_HAN,
    PL_NLP_HANGUL,
    PL_NLP_SCRIPTS
};
enum pl_nlp_script pl_nlp__script(uint32_t c);

enum {
#define TONGUE(name, script) +1
    PL_NLP_LANGUAGES = 0
#include "runtime/nlp/tongue.def"
#undef TONGUE
};
const char *pl_nlp__language_name(int language);
int pl_nlp__language_index(struct pl_str language); /* -1: unknown */
/* The column of a language in the table of a script that it is written in, or -1. */
int pl_nlp__language_column(enum pl_nlp_script script, int language);

#define PL_NLP_LATIN_BITS 16
#define PL_NLP_HAN_BITS   13
#define PL_NLP_COLUMNS    16   /* of a table, at most */
#define PL_NLP_GRAMS      2048 /* of a text: what is behind the first 400 letters tells no more */
#define PL_NLP_NAT        32   /* of the whole numbers that scores are counted in */
#define PL_NLP_CERTAIN    (64 * PL_NLP_NAT)

struct pl_nlp_grams { /* rows of the script's table */
    uint32_t v[PL_NLP_GRAMS], n;
};
size_t pl_nlp__past_address(struct pl_str text, size_t at);
void pl_nlp__grams(struct pl_str text, enum pl_nlp_script script, struct pl_nlp_grams *out);

struct pl_nlp_tongues { /* the model: points into its bytes */
    const int8_t *latin, *han;
};
bool pl_nlp__tongues_of(struct pl_str bytes, struct pl_nlp_tongues *out);

struct pl_nlp_tongue {
    enum pl_nlp_script script;
    uint32_t letters; /* of the script */
    int best;         /* language, -1: no letters */
    /* Logarithms of how likely each language of the script is, up to a constant; the best one's
     * lead over the next. In parts of PL_NLP_NAT. */
    int32_t score[PL_NLP_LANGUAGES], margin;
};
void pl_nlp__tongue(const struct pl_nlp_tongues *m, struct pl_str text, struct pl_nlp_tongue *out);
void pl_nlp__tongue_choose(struct pl_nlp_tongue *t); /* again, with other scores */
struct pl_str pl_nlp__language_bytes(void);          /* of the shipped model */

/* ---- sentiment: a lexicon and a linear model as tables of hashes (nlp_sentiment.c) ---- */

#define PL_NLP_MOOD_BITS  18 /* rows of the linear model */
#define PL_NLP_MOOD_SIZE  ((size_t)1 << PL_NLP_MOOD_BITS)
#define PL_NLP_MOOD_HEAD  (8 + 2 * 32) /* bytes before the tables */
#define PL_NLP_MOOD_WORDS 200          /* of a text: those behind do not count */
#define PL_NLP_MOOD_NOT   (-128)       /* valence of a word that negates */
#define PL_NLP_MOOD_SHORT 3            /* letters of the runs that are looked at */
#define PL_NLP_MOOD_LONG  4

/* The model: points into its bytes, which are the numbers of words and of pictures (four bytes
 * each), two gains for each language, the words' keys in order, the pictures (code point * 256 +
 * tenths) in order, the weights, the words' valences in tenths. Little-endian. */
struct pl_nlp_moods {
    uint32_t nwords, nsigns;
    const uint8_t *gains; /* of the lexicon in parts of 64, of the linear model in parts of 2048 */
    const char *keys, *signs;
    const int8_t *weights, *valences;
};
bool pl_nlp__moods_of(struct pl_str bytes, struct pl_nlp_moods *out);
struct pl_str pl_nlp__sentiment_bytes(void); /* of the shipped model */
/* What a folded word of a language (its place in tongue.def) is in the lexicon. */
uint32_t pl_nlp__mood_key(int language, struct pl_str word);

struct pl_nlp_mood_rows { /* of the linear model: words and pairs first, then runs of letters */
    uint32_t v[4096], n, words;
};
/* What a row counts among so many, words or runs. */
double pl_nlp__mood_share(uint32_t n, bool words);
void pl_nlp__mood_rows(const struct pl_nlp_moods *m, int language, const struct pl_words *w,
                       struct pl_nlp_mood_rows *out);
/* " the words " that negate in the i-th language that has such; NULL behind the last. */
const char *pl_nlp__mood_negations(size_t i, struct pl_str *language);

struct pl_nlp_mood {
    int lexicon; /* hundredths of a valence */
    double linear;
};
/* -1..1; what it is made of into *out. */
double pl_nlp__mood(const struct pl_nlp_moods *m, const struct pl_words *w, struct pl_str text,
                    struct pl_str language, struct pl_nlp_mood *out);

/* ---- phrases by their hash (nlp_rows.c) ---- */

struct pl_nlp_phrase_row {
    uint64_t hash; /* 0: free */
    int64_t value;
    uint8_t class;
};
struct pl_nlp_rows {
    struct pl_nlp_phrase_row *v;
    uint32_t n, size; /* a power of two */
};
/* The hash of a phrase with one word more; of none it is PL_FNV. */
static inline uint64_t pl_nlp__rows_hash(uint64_t hash, struct pl_str word) {
    return pl_fnv(pl_fnv(hash, word.p, word.n), "\x1f", 1);
}
/* Of one phrase and class the first value stays. */
void pl_nlp__rows_put(struct pl_nlp_rows *r, uint64_t hash, uint8_t class, int64_t value);
void pl_nlp__rows_free(struct pl_nlp_rows *r);
/* The rows of the phrase, one a call, from *at = 0 on; false behind the last. */
static inline bool pl_nlp__rows_next(const struct pl_nlp_rows *r, uint64_t hash, uint32_t *at,
                                     struct pl_nlp_phrase_row *out) {
    for (; *at < r->size; ++*at) {
        const struct pl_nlp_phrase_row *row = &r->v[((uint32_t)hash + *at) & (r->size - 1)];
        if (row->hash == 0) return false;
        if (row->hash != hash) continue;
        *out = *row;
        ++*at;
        return true;
    }
    return false;
}
/* The byte of the text where the k-th byte of the folded word stands: digits of other scripts are
 * longer. */
uint32_t pl_nlp__place(struct pl_str text, const struct pl_word *w, size_t k);

/* ---- what is made of a language's words, once (nlp_rows.c) ---- */

/* The first member of what is made. It is shared by all that is opened with the same tools, and
 * lives as long as they and whoever reads by it. */
struct pl_nlp_made {
    _Atomic uint32_t uses;
    void (*drop)(struct pl_nlp_made *m);
};
/* NULL: there is none for this language. */
typedef struct pl_nlp_made *pl_nlp_make(struct pl_locale_tools *tools, struct pl_str lang);

#define PL_NLP_MADE 64 /* languages; more are read without */
struct pl_nlp_mades {  /* of the languages met so far */
    struct {
        char code[8];
        struct pl_nlp_made *made; /* NULL: there is none */
    } v[PL_NLP_MADE];
    uint32_t n;
};
/* kind: what it is called among the tools' ("times"), at most seven letters. */
struct pl_nlp_made *pl_nlp__made(struct pl_nlp_mades *m, struct pl_locale_tools *tools,
                                 const char *kind, pl_nlp_make *make, struct pl_str lang);
void pl_nlp__mades_free(struct pl_nlp_mades *m);

/* ---- tags: in which lists a word may be (nlp_tag.c) ---- */

enum pl_nlp_tag {
    PL_NLP_TAGGED = 1,       /* without it nothing is known, and the lists are looked through */
    PL_NLP_TAG_YES = 1 << 3, /* this and the next: a phrase of the list begins so */
    PL_NLP_TAG_OKAY = 1 << 4,
    PL_NLP_TAG_NO = 1 << 5,
    PL_NLP_TAG_FILLER = 1 << 6,
    PL_NLP_TAG_CHANGE = 1 << 7,
    PL_NLP_TAG_UNSURE = 1 << 8
};

struct pl_nlp_tags;
struct pl_nlp_tags *pl_nlp__tags_new(void);
void pl_nlp__tags_free(struct pl_nlp_tags **t);
void pl_nlp__tag(const struct pl_nlp_tags *t, struct pl_words *w);
static inline bool pl_nlp__may_be(const struct pl_word *w, uint32_t tag) {
    return !(w->tags & PL_NLP_TAGGED) || (w->tags & tag);
}

/* ---- what a match begins with (nlp_prefix.c) ---- */

#define PL_NLP_PREFIX 12

/* Sets of ASCII characters, one for each of its first ones; n 0: nothing is known. */
struct pl_nlp_prefix {
    uint64_t set[PL_NLP_PREFIX][2];
    uint32_t n;
};
struct pl_nlp_prefix pl_nlp__prefix(struct pl_str pattern, struct pl_str flags);
/* The first byte from `at` on where a match may begin; SIZE_MAX: nowhere. */
size_t pl_nlp__begin(const struct pl_nlp_prefix *p, struct pl_str text, size_t at);

/* ---- the model ---- */

/* Kinds of features. Words and pairs have one length together, letters one of their own. */
enum pl_nlp_block { PL_NLP_WORDS, PL_NLP_LETTERS, PL_NLP_PAIRS, PL_NLP_BLOCKS };
static inline enum pl_nlp_block pl_nlp__block(uint32_t key) {
    return (enum pl_nlp_block)(key & 3);
}
static inline bool pl_nlp__is_letters(uint32_t key) {
    return (key & 3) == PL_NLP_LETTERS;
}

struct pl_nlp_expression {
    struct pl_str pattern, flags;
    uint8_t needs; /* PL_NLP_NEEDS_* */
};
enum { PL_NLP_NEEDS_DIGIT = 1, PL_NLP_NEEDS_AT = 2 };

struct pl_nlp_entity_row {
    struct pl_str name;
    uint8_t kind, flags;
    bool after;
    const struct pl_nlp_expression *regexes;
    uint32_t nregexes;
};

struct pl_nlp_exact {
    uint64_t hash;
    uint32_t intent;
};

/* One row of weights per feature that occurs in the examples. Classes are the intents and one
 * more: everything else. */
struct pl_nlp_linear {
    uint32_t nclasses, stride, nrows;
    float *bias, *scale;         /* per class */
    float unseen[PL_NLP_BLOCKS]; /* an unknown feature's weight in the length of a text */
    float sharpness;             /* of the scores that become confidences */
    float none;                  /* the score of "none of them" */
    float reject;                /* a confidence below means none of them */
    uint32_t *keys;
    float *idf;
    int8_t *w;       /* nrows * stride */
    uint32_t *slots; /* open addressing: row + 1, 0 free */
    uint32_t mask;
};

struct pl_nlp_model {
    struct pl_arena arena;
    struct pl_str *langs, *intents;
    uint32_t nlangs, nintents;
    struct pl_nlp_entity_row *entities;
    uint32_t nentities;
    struct pl_nlp_expression *matches;
    uint32_t nmatches, nmentions;
    struct pl_nlp_pattern *patterns; /* of intents first, by intent; then of mentions */
    uint32_t npatterns;
    uint32_t *intent_patterns; /* those of intent i: from [i] to [i + 1] */
    uint32_t *wordless;        /* those of mentions that have no word to be found by */
    uint32_t nwordless;
    struct pl_nlp_index index;
    struct pl_nlp_exact *exact;
    uint32_t nexact;
    struct pl_nlp_linear linear;
};

struct pl_nlp_list {
    struct pl_arena arena;
    uint32_t entity;
    struct pl_nlp_index index;
};

/* ---- features ---- */

#define PL_NLP_FEATURES 2048

struct pl_nlp_features {
    uint32_t v[PL_NLP_FEATURES]; /* keys; the block is in the lowest bits */
    uint32_t n;
    uint32_t seen[4096]; /* keys already there; stamped */
    uint32_t stamp[4096], turn;
};

/* What intents are read from: words, and placeholders in the place of entities. */
struct pl_nlp_term {
    struct pl_str folded, stem;
    bool placeholder;
};
struct pl_nlp_terms {
    struct pl_nlp_term *v;
    uint32_t n;
};

void pl_nlp__features(const struct pl_nlp_terms *t, struct pl_nlp_features *out);
uint64_t pl_nlp__terms_hash(const struct pl_nlp_terms *t);

struct pl_nlp {
    const struct pl_nlp_model *model;
    struct pl_locale_tools *tools;
    struct pl_locale_regex **entities; /* of all entities, one after another */
    struct pl_nlp_prefix *prefixes;    /* of the same */
    struct pl_locale_regex **matches;
    uint32_t nentities, nmatches;
    struct pl_nlp_tags *tags;
    struct pl_nlp_tongues tongues;
    struct pl_nlp_mades times, numbers;
    struct pl_nlp_features features;
    float *scores;       /* stride of them */
    double *confidences; /* of the intents */
};

/* A message under way. */
struct pl_nlp_turn {
    struct pl_nlp *nlp;
    struct pl_arena *a;
    struct pl_str text;
    const struct pl_nlp_context *ctx;
    struct pl_nlp_reading *r;
    const struct pl_locale_subject *subject;
    bool digits, at; /* what the text has, for expressions that need it */
    struct pl_nlp_hits hits;
    uint32_t cap; /* of r->found */
};

void pl_nlp__language(struct pl_nlp_turn *t);
/* What the message says of time into r->times (nlp_when_read.c). */
void pl_nlp__times(struct pl_nlp_turn *t);
void pl_nlp__entities(struct pl_nlp_turn *t);
void pl_nlp__builtins(struct pl_nlp_turn *t);
/* Numbers, percents, money, ordinals (nlp_number.c). */
void pl_nlp__numbers(struct pl_nlp_turn *t);
void pl_nlp__numbers_warm(struct pl_nlp *n, struct pl_locale_tools *tools, struct pl_str lang);
/* Web addresses, yes and no (nlp_extra.c). */
void pl_nlp__extras(struct pl_nlp_turn *t);
void pl_nlp__urls(struct pl_nlp_turn *t);
/* Appends to r->extra. */
void pl_nlp__add_extra(struct pl_nlp_turn *t, uint32_t start, uint32_t end, uint8_t kind,
                       struct pl_value v);
/* How many words from word i on say yes or no; 0: they do not. */
uint32_t pl_nlp__answer_at(const struct pl_words *w, uint32_t i, bool *yes);
/* Kinds that only their own question takes: time, datetime, duration, url, language. */
void pl_nlp__asked(struct pl_nlp_turn *t);
/* Is the folded word one of " these words "? */
bool pl_nlp__in_list(const char *words, struct pl_str w);
void pl_nlp__sort_found(struct pl_nlp_turn *t);
void pl_nlp__add(struct pl_nlp_turn *t, struct pl_nlp_found f);
/* The like for a value of a built-in kind, at bytes [start, end). */
void pl_nlp__add_builtin(struct pl_nlp_turn *t, size_t start, size_t end, struct pl_value v);
void pl_nlp__answer(struct pl_nlp_turn *t);
/* Of words alone: is each of a yes, a no or politeness? */
uint8_t pl_nlp__answer_of(const struct pl_words *w);
/* After the intents. */
void pl_nlp__marks(struct pl_nlp_turn *t);
void pl_nlp__sentiment(struct pl_nlp_turn *t);
void pl_nlp__intents(struct pl_nlp_turn *t);
struct pl_nlp_terms pl_nlp__terms(struct pl_nlp_turn *t);
/* Recognition without intents: what the trainer runs over its examples. Placeholders in the text
 * are terms of their own. */
struct pl_nlp_terms pl_nlp__example_terms(struct pl_nlp *n, struct pl_arena *a, struct pl_str lang,
                                          struct pl_str text);
/* Scores of all classes into n->scores. */
void pl_nlp__score(struct pl_nlp *n, const struct pl_nlp_terms *terms);

/* Examples as rows of numbers: example i has the weights x of the features `row` at [from[i],
 * from[i + 1]). */
struct pl_nlp_problem {
    uint32_t n;
    const uint32_t *from, *row, *class;
    const float *x;
};
struct pl_nlp_cost {
    double cost, own; /* of an example on the wrong side; own times as much for one of the class */
};
/* The weights of one class against the rest are added into w, zero at first; gives the bias. */
float pl_nlp__solve_margin(const struct pl_nlp_problem *p, uint32_t class, struct pl_nlp_cost cost,
                           struct pl_arena *a, float *w);
float pl_nlp__solve_logistic(const struct pl_nlp_problem *p, uint32_t class,
                             struct pl_nlp_cost cost, struct pl_arena *a, float *w);

/* What held-back examples say of the scores: n rows of nclasses scores each, and what they mean
 * (nclasses - 1: none of them). Sets sharpness, none and reject. */
#define PL_NLP_LEAST_TRIALS 200 /* with fewer nothing is learned */
struct pl_nlp_trial {
    const float *scores;
    const uint32_t *class;
    uint32_t n, nclasses;
};
void pl_nlp__calibrate(struct pl_nlp_linear *l, const struct pl_nlp_trial *t);
/* Confidences of the classes but the last, from their scores. */
void pl_nlp__confidences(const struct pl_nlp_linear *l, const float *scores, uint32_t nintents,
                         double *out);
/* Appends the linear model trained on the examples. */
enum pl_err pl_nlp__train(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_source *src,
                          struct pl_buf *section);
void pl_nlp__write_linear(struct pl_buf *b, const struct pl_nlp_linear *l);
bool pl_nlp__read_linear(struct pl_reader *r, struct pl_arena *a, uint32_t nintents,
                         struct pl_nlp_linear *l);
uint8_t pl_nlp__needs(struct pl_str pattern);
size_t pl_nlp__skip_group(struct pl_str pattern, size_t at); /* behind the group at `at` */
bool pl_nlp__is_alternation(struct pl_str pattern);          /* outside of its groups */

#endif
