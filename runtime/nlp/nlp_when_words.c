/* SPDX-License-Identifier: Apache-2.0
 *
 * The words that tell when, of one language, and a text as tokens of them.
 *
 *   when.def and CLDR -> a hash of phrases, made once -> look-ups by the words of a text
 *
 * Chinese, Japanese and Korean write numbers and marks without blanks between: there the text is
 * read character by character, the longest phrase first.
 */
#include "runtime/nlp/nlp_when_priv.h"

#include <stdlib.h>
#include <string.h>

#define PHRASE_WORDS 7
#define PHRASE_BYTES 48 /* where there are no blanks */
#define LEAST_PREFIX 4
#define MOST_ENDING  3
#define WORD_BYTES   64
#define PREFIX_SEED  UINT64_C(0x5045)

struct when_words {
    struct pl_nlp_made made;
    struct pl_nlp_rows rows;
    bool blanks; /* words stand apart */
    bool prefixes;
    bool arabic;
};

static const struct {
    const char *lang;
    uint8_t class;
    int32_t value;
    const char *words;
} rows[] = {
#define WHEN(lang, class, value, words) {#lang, WHEN_##class, value, words},
#include "runtime/nlp/when.def"
};

/* ---- the table ---- */

static void put(struct when_words *w, uint64_t hash, struct when_alt is) {
    pl_nlp__rows_put(&w->rows, hash, is.class, is.value);
}

/* Adds what the phrase may be; false: it is none. */
static bool find(const struct when_words *w, uint64_t hash, struct when_token *t) {
    struct pl_nlp_phrase_row row;
    bool any = false;
    for (uint32_t at = 0; pl_nlp__rows_next(&w->rows, hash, &at, &row);) {
        any = true;
        if (t->nalts < WHEN_ALTS)
            t->alt[t->nalts++] = (struct when_alt){row.class, (int32_t)row.value};
    }
    return any;
}

/* ---- making it ---- */

struct making {
    struct when_words *w;
    struct pl_locale_tools *tools;
    struct pl_arena a;
};

static void add(struct making *m, struct pl_str phrase, struct when_alt is) {
    bool prefix = phrase.n > 0 && phrase.p[phrase.n - 1] == '*';
    if (prefix) phrase.n--;
    if (!m->w->blanks) {
        put(m->w, pl_fnv(PL_FNV, phrase.p, phrase.n), is);
        return;
    }
    struct pl_words words = pl_locale_words(m->tools, &m->a, phrase, (struct pl_str){0});
    if (words.n == 0 || words.n > PHRASE_WORDS) return;
    if (prefix) {
        m->w->prefixes = true;
        put(m->w, pl_nlp__rows_hash(PREFIX_SEED, words.v[0].folded), is);
        return;
    }
    uint64_t hash = PL_FNV;
    for (uint32_t i = 0; i < words.n; i++) hash = pl_nlp__rows_hash(hash, words.v[i].folded);
    put(m->w, hash, is);
}

static void said(void *ctx, struct pl_str text, enum pl_said kind, int32_t value, bool brief) {
    static const uint8_t classes[] = {
        [PL_SAID_NUMBER] = WHEN_NUM, [PL_SAID_MONTH] = WHEN_MONTH, [PL_SAID_WEEKDAY] = WHEN_WDAY,
        [PL_SAID_DAY] = WHEN_DAY,    [PL_SAID_UNIT] = WHEN_UNIT,   [PL_SAID_ORDINAL] = WHEN_ORD};
    struct pl_str s = pl_str_trim(text);
    if (brief && s.n > 0 && s.p[s.n - 1] == '.') s.n--;
    if (brief && s.n < 2) return; /* "m" is no March */
    if (s.n > 0) add(ctx, s, (struct when_alt){classes[kind], value});
}

static void drop(struct pl_nlp_made *made) {
    struct when_words *w = (struct when_words *)made;
    pl_nlp__rows_free(&w->rows);
    free(w);
}

static struct pl_nlp_made *make(struct pl_locale_tools *tools, struct pl_str language) {
    static const char *const dense[] = {"zh", "ja", "ko"};
    struct pl_locale *l = NULL;
    struct when_words *w = calloc(1, sizeof *w);
    struct making m = {.w = w, .tools = tools};
    pl_assert(w != NULL);
    w->made.drop = drop;
    w->blanks = true;
    w->arabic = pl_str_is(language, "ar");
    for (size_t i = 0; i < PL_LEN(dense); i++)
        if (pl_str_is(language, dense[i])) w->blanks = false;
    pl_arena_init(&m.a, 0);
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        if (!pl_str_is(language, rows[i].lang)) continue;
        for (const char *p = rows[i].words; *p;) {
            size_t n = strcspn(p, "|");
            add(&m, (struct pl_str){p, n}, (struct when_alt){rows[i].class, rows[i].value});
            p += n + (p[n] == '|');
        }
    }
    if (w->rows.n > 0 && w->blanks &&
        pl_locale_open(tools, language, (struct pl_str){0}, (struct pl_str){0}, &l) == PL_OK)
        pl_locale_sayings(l, said, &m);
    pl_arena_free(&m.a);
    if (w->rows.n > 0) return &w->made;
    drop(&w->made);
    return NULL;
}

const struct when_words *pl_nlp__when_words(struct pl_nlp *n, struct pl_locale_tools *tools,
                                            struct pl_str lang) {
    return (const struct when_words *)pl_nlp__made(&n->times, tools, "times", make, lang);
}

/* ---- tokens ---- */

struct lexing {
    const struct when_words *w;
    const struct pl_words *words;
    struct when_tokens out;
    uint32_t room;
};

/* Does it say a time by itself? */
static bool tells(uint8_t class) {
    switch (class) {
    case WHEN_NUM:
    case WHEN_HALFTO:
    case WHEN_MONTH:
    case WHEN_WDAY:
    case WHEN_ORD:
    case WHEN_DAY:
    case WHEN_NIGHT:
    case WHEN_NOW:
    case WHEN_UNIT:
    case WHEN_PART:
    case WHEN_CLOCK:
    case WHEN_SET:
    case WHEN_SEASON:
    case WHEN_FEAST:
    case WHEN_RELYEAR:
    case WHEN_RELMONTH:
    case WHEN_RELWEEK: return true;
    default: return false;
    }
}

static struct when_token *push(struct lexing *x, uint32_t start, uint32_t end) {
    if (x->out.n == x->room) return NULL;
    struct when_token *t = &x->out.v[x->out.n];
    *t = (struct when_token){.start = start, .end = end};
    t->glued = x->out.n > 0 && x->out.v[x->out.n - 1].end == start;
    x->out.n++;
    return t;
}

static void push_as(struct lexing *x, uint32_t start, uint32_t end, uint8_t class, int32_t value) {
    struct when_token *t = push(x, start, end);
    if (t == NULL) return;
    t->alt[0] = (struct when_alt){class, value};
    t->nalts = 1;
    if (class == WHEN_NUM) x->out.any = true;
}

static void note(struct lexing *x, const struct when_token *t) {
    for (uint8_t i = 0; i < t->nalts; i++) x->out.any |= tells(t->alt[i].class);
}

/* What stands between two words: a mark, the end of a sentence, or blanks alone. */
static void push_gap(struct lexing *x, uint32_t from, uint32_t to) {
    struct pl_str s = {x->words->text.p + from, to - from};
    for (size_t at = 0; at < s.n;) {
        size_t begin = at;
        uint32_t c = pl_utf8_next(s, &at);
        if (c == ' ' || c == '\t' || c == 0xa0 || c == 0x202f || c == '(' || c == ')') continue;
        if (c == 0x2013 || c == 0x2014 || c == 0x2012 || c == '~') c = '-';
        bool ends = c == '!' || c == '?' || c == ';' || c == '\n' ||
                    (c == '.' && (at == s.n || s.p[at] == ' ') && to < x->words->text.n &&
                     begin > 0 && s.p[0] != '.');
        push_as(x, from + (uint32_t)begin, from + (uint32_t)at, ends ? WHEN_BREAK : WHEN_SEP,
                (int32_t)c);
    }
}

/* How many digits a run has, and its number. */
static size_t digits(struct pl_str s, size_t at, int32_t *value) {
    size_t n = 0;
    int64_t v = 0;
    for (; at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9'; n++)
        if (v < 1000000000) v = v * 10 + (s.p[at + n] - '0');
    *value = (int32_t)(v < 1000000000 ? v : 1000000000);
    return n;
}

/* "3pm", "22jan", "10.30", "5th". */
static void push_mixed(struct lexing *x, const struct pl_word *w) {
    struct pl_str f = w->folded;
    for (size_t at = 0, next; at < f.n; at = next) {
        int32_t value;
        size_t n = digits(f, at, &value);
        next = at + n;
        if (n > 0) {
            push_as(x, pl_nlp__place(x->words->text, w, at), pl_nlp__place(x->words->text, w, next),
                    WHEN_NUM, value);
            if (x->out.n > 0) x->out.v[x->out.n - 1].width = (uint8_t)(n < 20 ? n : 20);
            continue;
        }
        if (f.p[at] == '.' || f.p[at] == ',' || f.p[at] == '\'') {
            next = at + 1;
            push_as(x, pl_nlp__place(x->words->text, w, at), pl_nlp__place(x->words->text, w, next),
                    WHEN_SEP, f.p[at]);
            continue;
        }
        while (next < f.n && (f.p[next] < '0' || f.p[next] > '9') && f.p[next] != '.') next++;
        struct when_token *t =
            push(x, pl_nlp__place(x->words->text, w, at), pl_nlp__place(x->words->text, w, next));
        if (t != NULL &&
            find(x->w, pl_nlp__rows_hash(PL_FNV, (struct pl_str){f.p + at, next - at}), t))
            note(x, t);
    }
}

static bool find_prefix(const struct when_words *w, struct pl_str f, struct when_token *t) {
    for (size_t n = f.n; w->prefixes && n >= LEAST_PREFIX; n--) {
        if (n < f.n && ((uint8_t)f.p[n] & 0xc0) == 0x80) continue;
        if (find(w, pl_nlp__rows_hash(PREFIX_SEED, (struct pl_str){f.p, n}), t)) return true;
    }
    return false;
}

/* "wa-", "bi-", "li-" and the article, behind which the same word stands. */
static bool find_arabic(const struct when_words *w, struct pl_str f, struct when_token *t) {
    static const char *const leads[] = {"و", "ب", "ل", "ف", "ك", "وال", "بال", "لل", "ال"};
    for (size_t i = 0; w->arabic && i < PL_LEN(leads); i++) {
        struct pl_str lead = pl_str_c(leads[i]);
        if (!pl_str_starts(f, lead) || f.n < lead.n + 4) continue;
        if (find(w, pl_nlp__rows_hash(PL_FNV, (struct pl_str){f.p + lead.n, f.n - lead.n}), t))
            return true;
    }
    return false;
}

/* "l'ete", "mayis'ta": one side of the apostrophe. */
static bool find_side(struct lexing *x, const struct pl_word *w, struct when_token *t) {
    const char *mark = memchr(w->folded.p, '\'', w->folded.n);
    struct pl_str raw = {x->words->text.p + w->start, w->end - w->start};
    if (mark == NULL) return false;
    size_t n = (size_t)(mark - w->folded.p), at = 0;
    struct pl_str tail = {mark + 1, w->folded.n - n - 1};
    if (tail.n > 2 && find(x->w, pl_nlp__rows_hash(PL_FNV, tail), t)) {
        while (at < raw.n && pl_utf8_next(raw, &at) != '\'' && raw.p[at - 1] != '\x99') continue;
        if (at < raw.n) t->start += (uint32_t)at;
        return true;
    }
    struct pl_str head = {w->folded.p, n};
    return n > 2 && (find(x->w, pl_nlp__rows_hash(PL_FNV, head), t) || find_prefix(x->w, head, t));
}

/* "mayis'ta" ends before the apostrophe. */
static void trim_ending(const struct lexing *x, const struct pl_word *w, struct when_token *t) {
    const char *mark = memchr(w->folded.p, '\'', w->folded.n);
    if (t->nalts == 0 || t->start != w->start || mark == NULL || mark == w->folded.p) return;
    struct pl_str raw = {x->words->text.p + w->start, w->end - w->start};
    if ((size_t)(w->folded.p + w->folded.n - mark - 1) > MOST_ENDING) return;
    for (size_t at = 1; at < raw.n; at++)
        if (raw.p[at] == '\'' || (uint8_t)raw.p[at] == 0xe2) {
            t->end = w->start + (uint32_t)at;
            t->ending = true;
            return;
        }
}

/* The phrase at word i, the longest; gives how many words it has. */
static uint32_t push_phrase(struct lexing *x, uint32_t i) {
    const struct pl_words *w = x->words;
    uint64_t hash = PL_FNV, best = 0;
    uint32_t most = 1;
    struct when_token found = {0};
    for (uint32_t k = 0; k < PHRASE_WORDS && i + k < w->n; k++) {
        if (w->v[i + k].folded.n > WORD_BYTES) break;
        hash = pl_nlp__rows_hash(hash, w->v[i + k].folded);
        struct when_token t = {0};
        if (find(x->w, hash, &t)) best = hash, most = k + 1, found = t;
    }
    struct when_token *t = push(x, w->v[i].start, w->v[i + most - 1].end);
    if (t == NULL) return most;
    memcpy(t->alt, found.alt, sizeof t->alt);
    t->nalts = found.nalts;
    struct pl_str f = w->v[i].folded;
    if (best == 0 && !find_prefix(x->w, f, t) && !find_arabic(x->w, f, t))
        (void)find_side(x, &w->v[i], t);
    if (best == 0) trim_ending(x, &w->v[i], t);
    note(x, t);
    return most;
}

/* Bytes of the apostrophe that the word has lost: "\'s avonds". */
static uint32_t apostrophe(const struct lexing *x, const struct pl_word *w, uint32_t last) {
    const char *p = x->words->text.p + w->start;
    if (!pl_str_is(w->folded, "s") || w->start <= last) return 0;
    if (p[-1] == '\'') return 1;
    bool curly = w->start >= last + 3 && p[-3] == '\xe2' && p[-2] == '\x80' &&
                 (p[-1] == '\x98' || p[-1] == '\x99');
    return curly ? 3 : 0;
}

static void lex_words(struct lexing *x) {
    const struct pl_words *w = x->words;
    uint32_t last = 0;
    for (uint32_t i = 0; i < w->n;) {
        uint32_t n = 1, lead = apostrophe(x, &w->v[i], last), at = x->out.n;
        push_gap(x, last, w->v[i].start - lead);
        bool number =
            w->v[i].folded.n > 0 && w->v[i].folded.p[0] >= '0' && w->v[i].folded.p[0] <= '9';
        if (number && w->v[i].folded.n <= WORD_BYTES)
            push_mixed(x, &w->v[i]);
        else
            n = push_phrase(x, i);
        if (lead > 0 && x->out.n > at) x->out.v[x->out.n - 1].start -= lead;
        last = w->v[i + n - 1].end;
        i += n;
    }
    push_gap(x, last, (uint32_t)w->text.n); /* "5 p.m." */
}

/* ---- without blanks ---- */

/* A digit as written here: ASCII, full width, or 0 to 9 in Han; -1 none. 10, 100, 1000: a place. */
static int32_t han(uint32_t c) {
    static const char *const hans = "零一二三四五六七八九";
    if (c >= '0' && c <= '9') return (int32_t)c - '0';
    if (c >= 0xff10 && c <= 0xff19) return (int32_t)c - 0xff10;
    if (c == 0x3007) return 0;                /* 〇 */
    if (c == 0x5341) return 10;               /* 十 */
    if (c == 0x767e) return 100;              /* 百 */
    if (c == 0x5343) return 1000;             /* 千 */
    if (c == 0x4e24 || c == 0x5169) return 2; /* 两, 兩 */
    struct pl_str s = pl_str_c(hans);
    for (size_t at = 0, i = 0; at < s.n; i++)
        if (pl_utf8_next(s, &at) == c) return (int32_t)i;
    return -1;
}

/* The number at `at`; gives where it ends, `at` when there is none. */
static size_t han_number(struct pl_str s, size_t at, int32_t *value, uint8_t *width) {
    int64_t sum = 0, digit = -1;
    bool places = false;
    size_t next = at;
    *width = 0;
    while (next < s.n && sum < 100000000) {
        size_t k = next;
        int32_t v = han(pl_utf8_next(s, &k));
        if (v < 0) break;
        if (v >= 10) {
            sum += (digit < 0 ? 1 : digit) * v;
            digit = -1;
            places = true;
        } else {
            digit = digit < 0 || places ? v : digit * 10 + v;
            (*width)++;
            if (digit > 100000000) break;
        }
        next = k;
    }
    *value = (int32_t)(sum + (digit < 0 ? 0 : digit));
    if (places) *width = 2;
    return next;
}

static size_t longest(const struct lexing *x, struct pl_str s, size_t at, struct when_token *t) {
    size_t most = s.n - at < PHRASE_BYTES ? s.n - at : PHRASE_BYTES;
    for (size_t n = most; n > 0; n--) {
        if (at + n < s.n && ((uint8_t)s.p[at + n] & 0xc0) == 0x80) continue;
        *t = (struct when_token){0};
        if (find(x->w, pl_fnv(PL_FNV, s.p + at, n), t)) return n;
    }
    return 0;
}

static void lex_characters(struct lexing *x) {
    struct pl_str s = x->words->text;
    for (size_t at = 0; at < s.n && x->out.n < x->room;) {
        struct when_token found;
        int32_t value;
        uint8_t width;
        size_t next = at;
        uint32_t c = pl_utf8_next(s, &next);
        if (c == ' ' || c == 0x3000) {
            at = next;
            continue;
        }
        size_t number = han_number(s, at, &value, &width), n = longest(x, s, at, &found);
        if (number > at && number - at >= n) {
            push_as(x, (uint32_t)at, (uint32_t)number, WHEN_NUM, value);
            x->out.v[x->out.n - 1].width = width;
            at = number;
        } else if (n > 0) {
            struct when_token *t = push(x, (uint32_t)at, (uint32_t)(at + n));
            memcpy(t->alt, found.alt, sizeof t->alt);
            t->nalts = found.nalts;
            note(x, t);
            at += n;
        } else {
            bool ends = c == '!' || c == '?' || c == 0x3002 || c == '\n';
            bool letter = c >= 0x80 || (c | 32) >= 'a';
            if (c == 0xff1a) c = ':', letter = false;
            push_as(x, (uint32_t)at, (uint32_t)next,
                    ends     ? WHEN_BREAK
                    : letter ? WHEN_NONE
                             : WHEN_SEP,
                    (int32_t)c);
            at = next;
        }
    }
}

struct when_tokens pl_nlp__when_tokens(const struct when_words *w, struct pl_arena *a,
                                       const struct pl_words *words) {
    struct lexing x = {.w = w, .words = words};
    size_t most = w->blanks ? (size_t)words->n * 6 + 8 : words->text.n;
    x.room = (uint32_t)(most < WHEN_TOKENS ? most : WHEN_TOKENS);
    x.out.v = pl_arena_alloc(a, x.room * sizeof *x.out.v + 1);
    if (x.out.v == NULL) return x.out;
    if (w->blanks)
        lex_words(&x);
    else
        lex_characters(&x);
    return x.out;
}
