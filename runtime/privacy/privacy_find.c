/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds personal data in a text: each scanner adds what it sees, then what overlaps is joined. Too
 * much found costs a model a word; too little costs a customer his privacy.
 */
#include "runtime/locale/locale.h"
#include "runtime/privacy/privacy_priv.h"

#include <stdlib.h>
#include <string.h>

#define MOST_TEXT       (1u << 20)
#define LEAST_IBAN      15
#define MOST_IBAN       34
#define LEAST_ID        6
#define LEAST_ID_DIGITS 4 /* those of a codice fiscale may be letters */
#define MOST_GAP        3 /* signs between two groups of one */
#define LEAST_NAME_WORD 3
#define PIECE           2048 /* bytes looked at for what is known: never more words than are seen */
#define OVERLAP         512  /* of a piece and the next */

struct finds {
    struct pl_arena *a;
    struct pl_personal *v;
    size_t n, cap;
    bool failed;
};

static void add(struct finds *f, size_t start, size_t end, enum pl_personal_kind kind) {
    if (f->n == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 8;
        struct pl_personal *v = PL_NEW_ARRAY(f->a, struct pl_personal, cap);
        f->failed |= v == NULL;
        if (f->failed) return;
        if (f->n) memcpy(v, f->v, f->n * sizeof *v);
        f->v = v;
        f->cap = cap;
    }
    f->v[f->n++] = (struct pl_personal){(uint32_t)start, (uint32_t)end, (uint8_t)kind};
}

/* ---- e-mail ---- */

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

static void find_emails(struct finds *f, struct pl_str s) {
    size_t from, to, done = 0;
    for (size_t at = 0; at < s.n; at++) {
        if (pl_privacy__at_sign(s, at) == 0 || !pl_privacy__email(s, at, done, &from, &to))
            continue;
        while (to > at + pl_privacy__at_sign(s, at) + 1 &&
               (s.p[to - 1] == '.' || s.p[to - 1] == '-'))
            to--;
        add(f, from, to, PL_PERSONAL_EMAIL);
        done = to;
        at = to - 1;
    }
}

/* ---- numbers ---- */

size_t pl_privacy__number_end(const struct pl_privacy_text *t, size_t i) {
    size_t end = i + 1;
    while (end < t->n && t->d[end].link != PL_PRIVACY_BROKEN) end++;
    return end;
}

/* How many groups the digits [i, end) stand in, their lengths in g (at most 6). */
static size_t groups(const struct pl_privacy_text *t, size_t i, size_t end, unsigned g[6]) {
    size_t n = 0;
    for (size_t k = i; k < end; k++) {
        if (k == i || t->d[k].link == PL_PRIVACY_SPACED) {
            if (n == 6) return 7;
            g[n++] = 0;
        }
        g[n - 1]++;
    }
    return n;
}

static unsigned number(const struct pl_privacy_text *t, size_t i, unsigned n) {
    unsigned v = 0;
    for (unsigned k = 0; k < n; k++) v = v * 10 + t->d[i + k].value;
    return v;
}

/* "2026-11-22", "22.11.2026", with a time behind it or not: the digits from `i` that it has. */
static size_t date_at(const struct pl_privacy_text *t, size_t i, size_t end) {
    unsigned g[6] = {0};
    size_t n = groups(t, i, end, g);
    if (n < 3) return 0;
    bool year_first = g[0] == 4 && g[1] <= 2 && g[2] <= 2;
    bool year_last = g[0] <= 2 && g[1] <= 2 && g[2] == 4;
    if (!year_first && !year_last) return 0;
    unsigned a = number(t, i, g[0]), b = number(t, i + g[0], g[1]);
    unsigned c = number(t, i + g[0] + g[1], g[2]);
    unsigned year = year_first ? a : c, x = year_first ? b : a, y = year_first ? c : b;
    bool is = year >= 1900 && year < 2200 && x >= 1 && y >= 1 && x <= 31 && y <= 31 &&
              (x <= 12 || y <= 12);
    if (!is) return 0;
    size_t digits = g[0] + g[1] + g[2];
    for (size_t k = 3; k < n && k < 6 && g[k] <= 2 && number(t, i + digits, g[k]) < 60; k++)
        digits += g[k];
    return digits;
}

/* "sizes 40, 41, 42, 43": nobody writes a phone number so. */
static bool is_list(const struct pl_privacy_text *t, size_t i, size_t end) {
    size_t group = 1;
    for (size_t k = i + 1; k < end; k++) {
        bool comma = t->d[k].mark == ',' || t->d[k].mark == ';';
        if (t->d[k].link != PL_PRIVACY_CLOSE && !comma) return false;
        group = t->d[k].link == PL_PRIVACY_CLOSE ? group + 1 : 1;
        if (group > 2) return false;
    }
    return true;
}

/* How many digits of an address of IP version 4 begin at digit `i`; 0: it is none. */
static size_t ip4_at(const struct pl_privacy_text *t, size_t i, size_t end) {
    size_t at = i;
    for (size_t group = 0; group < 4; group++) {
        size_t from = at;
        if (at == end || (group > 0 && t->d[at].mark != '.')) return 0;
        for (at++; at < end && t->d[at].link == PL_PRIVACY_CLOSE;) at++;
        if (at - from > 3 || number(t, from, (unsigned)(at - from)) > 255) return 0;
    }
    return at == end || t->d[at].mark != '.' ? at - i : 0;
}

/* The digits of what has been found. */
static void mark_taken(const struct finds *f, struct pl_privacy_text *t) {
    for (size_t i = 0; i < f->n; i++) {
        size_t lo = 0, hi = t->n;
        while (lo < hi) {
            size_t mid = (lo + hi) / 2;
            if (t->d[mid].start < f->v[i].start)
                lo = mid + 1;
            else
                hi = mid;
        }
        for (; lo < t->n && t->d[lo].start < f->v[i].end; lo++) t->d[lo].taken = true;
    }
}

/* A new line and a bracket begin a number of its own: "34796\n(37) 788-063". Digits one below the
 * other may be one. */
static bool begins_anew(struct pl_str s, const struct pl_privacy_digit *d) {
    bool line = false, opens = false;
    for (size_t i = d[-1].end; i < d->start; i++) {
        line |= s.p[i] == '\n';
        opens |= line && s.p[i] == '(';
    }
    return opens;
}

/* "17151 2450 Crown St": a postcode or a house, and the number of another before a name. */
static bool is_house(const struct pl_privacy_text *t, size_t i, size_t end) {
    unsigned g[6] = {0};
    size_t at = t->d[end - 1].end;
    bool shape = groups(t, i, end, g) == 2 && (g[0] == 5 ? g[1] <= 4 : g[0] == 4 && g[1] == 3) &&
                 t->d[i].value != 0 && t->d[i + g[0]].mark == ' ';
    bool name =
        at + 1 < t->s.n && t->s.p[at] == ' ' && t->s.p[at + 1] >= 'A' && t->s.p[at + 1] <= 'Z';
    return shape && name && (t->d[i].start == 0 || strchr("+(", t->s.p[t->d[i].start - 1]) == NULL);
}

/* 0: free digits, else what they are part of. */
static int is_other(const struct pl_privacy_digit *d) {
    return d->taken ? 2 : d->card != 0;
}

static void find_numbers(struct finds *f, struct pl_str s) {
    struct pl_privacy_text t;
    if (pl_privacy__count_digits(s) < 4) return;
    if (!pl_privacy__scan(f->a, s, &t)) {
        f->failed = true;
        return;
    }
    pl_privacy__mark_cards(&t);
    mark_taken(f, &t);
    for (size_t i = 0, end; i < t.n; i = end) {
        end = pl_privacy__number_end(&t, i);
        for (size_t k = i; k < end; k++) /* what is something else ends it */
            if (is_other(&t.d[k]) != is_other(&t.d[i]) ||
                (k > i && !is_other(&t.d[k]) && begins_anew(s, &t.d[k])))
                end = k;
        size_t date = date_at(&t, i, end), start = t.d[i].start;
        if (t.d[i].taken) continue;
        if (t.d[i].card != 0) {
            add(f, start, t.d[end - 1].end, PL_PERSONAL_CARD);
        } else if (t.d[i].attached || date > 0) { /* and what is behind it is looked at by itself */
            size_t skip = i + (date > 0 ? date : 1);
            while (date == 0 && skip < end && t.d[skip].link == PL_PRIVACY_CLOSE) skip++;
            end = skip;
        } else if (ip4_at(&t, i, end) > 0) {
            end = i + ip4_at(&t, i, end);
            add(f, start, t.d[end - 1].end, PL_PERSONAL_IP);
        } else if (end - i >= PL_PRIVACY_LEAST_PHONE && !is_list(&t, i, end) &&
                   !is_house(&t, i, end)) {
            if (start > 0 && (s.p[start - 1] == '+' || s.p[start - 1] == '(')) start--;
            if (start > 0 && s.p[start - 1] == '+') start--;
            add(f, start, t.d[end - 1].end, PL_PERSONAL_PHONE);
        }
    }
}

/* ---- IBAN ---- */

static bool is_alnum(uint8_t c) {
    return pl_privacy__is_letter(c) || is_digit(c);
}

/* 36 values of letters and digits, two decimal digits for a letter, modulo 97. */
static unsigned mod97(unsigned m, uint8_t c) {
    if (is_digit(c)) return (m * 10 + (c - '0')) % 97;
    return (m * 100 + ((c | 32) - 'a' + 10u)) % 97;
}

static bool checks(const uint8_t *c, size_t n) {
    unsigned m = 0;
    for (size_t i = 4; i < n + 4; i++) m = mod97(m, c[i % n]);
    return m == 1;
}

uint8_t pl_privacy__sign(uint32_t c) {
    if (c >= 0xff21 && c <= 0xff5a) c -= 0xfee0;
    int digit = pl_privacy__digit(c);
    if (digit >= 0) return (uint8_t)('0' + digit);
    if (c < 0x80 && pl_privacy__is_letter(c)) return (uint8_t)c;
    bool gap = c == ' ' || c == '-' || c == '.' || c == '\n' || c == '\r' || c == '\t' ||
               c == 0xa0 || (c >= 0x2000 && c <= 0x2014) || c == 0x202f || c == 0x3000;
    return gap ? ' ' : c == '/' ? '/' : 0;
}

bool pl_privacy__sign_ends(struct pl_str s, size_t at) {
    uint8_t c = at < s.n ? pl_privacy__sign(pl_utf8_next(s, &at)) : 0;
    return !is_alnum(c);
}

/* As many signs as the country's have, by the registry of IBANs. */
static bool has_length(const uint8_t *c, size_t n) {
    static const char lengths[] =
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 "
        "DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 "
        "HN28 HR21 HU28 IE22 IL23 IQ23 IR26 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 "
        "LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 "
        "QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 "
        "UA29 VA22 VG24 XK20 YE30";
    for (const char *p = lengths; p + 4 <= lengths + sizeof lengths - 1; p += 5)
        if (p[0] == (c[0] & ~0x20) && p[1] == (c[1] & ~0x20))
            return (size_t)((p[2] - '0') * 10 + p[3] - '0') == n;
    return false;
}

/* The bank's code has four letters in some countries; in others there are digits alone. */
static bool has_structure(const uint8_t *c) {
    static const char letters[] = "AZ BG BH GB GI IE IQ JO KW LC LV MU NI NL PK PS QA RO SC SV VG ";
    static const char digits[] =
        "AE AT BA BE CZ DE DK EE ES FI FO HR HU IL IS LT ME MN NO PL PT RS "
        "SE SI SK TL TN VA XK ";
    char country[] = {(char)(c[0] & ~0x20), (char)(c[1] & ~0x20), ' ', 0};
    bool with_letters = strstr(letters, country) != NULL, all = strstr(digits, country) != NULL;
    for (size_t i = 4; with_letters && i < 8; i++)
        if (is_digit(c[i])) return false;
    for (size_t i = 4; all && i < LEAST_IBAN; i++)
        if (!is_digit(c[i])) return false;
    return true;
}

/* The end of the longest IBAN that begins at `at`, or `at`. */
static size_t iban_end(struct pl_str s, size_t at) {
    uint8_t c[MOST_IBAN];
    size_t n = 0, best = at, gap = 0;
    for (size_t i = at; i < s.n && n < MOST_IBAN;) {
        uint8_t x = pl_privacy__sign(pl_utf8_next(s, &i));
        if (x == ' ' && n > 0 && ++gap <= MOST_GAP) continue;
        gap = 0;
        bool fits = n < 2 ? pl_privacy__is_letter(x) : n < 4 ? is_digit(x) : is_alnum(x);
        if (!fits) break;
        c[n++] = x;
        if (n >= LEAST_IBAN && pl_privacy__sign_ends(s, i) && has_length(c, n) &&
            has_structure(c) && checks(c, n))
            best = i;
    }
    return best;
}

/* Nothing is before it, or the word for it: "IBANDE89…". */
static bool iban_begins(struct pl_str s, size_t at) {
    if (at == 0 || !is_alnum((uint8_t)s.p[at - 1])) return true;
    return at >= 4 && pl_privacy__contains((struct pl_str){s.p + at - 4, 4}, "iban");
}

static void find_ibans(struct finds *f, struct pl_str s) {
    for (size_t i = 0; i + LEAST_IBAN <= s.n; i++) {
        bool wide = (uint8_t)s.p[i] == 0xef; /* perhaps a wide letter */
        if (!wide && !pl_privacy__is_letter((uint8_t)s.p[i])) continue;
        size_t end = iban_begins(s, i) ? iban_end(s, i) : i;
        if (end == i) continue;
        add(f, i, end, PL_PERSONAL_IBAN);
        i = end - 1;
    }
}

/* ---- national ids ---- */

/* They begin where a word does, and a number with a plus sign before it is a phone's. */
static bool id_begins(struct pl_str s, size_t at) {
    uint8_t c = (uint8_t)s.p[at], last = at > 0 ? (uint8_t)s.p[at - 1] : ' ';
    if (!is_alnum(c) && c < 0xc0) return false;
    bool joined = is_alnum(last) || last == '_' || last == '+' || last == '(' || last == '@';
    bool inside =
        (last == '.' || last == '-' || last == '/') && at > 1 && is_digit((uint8_t)s.p[at - 2]);
    return !joined && !inside;
}

static void find_ids(struct finds *f, struct pl_str s) {
    if (pl_privacy__count_digits(s) < LEAST_ID_DIGITS) return;
    for (size_t i = 0; i + LEAST_ID <= s.n; i++) {
        size_t end = id_begins(s, i) ? pl_privacy__id_end(s, i) : i;
        if (end == i) continue;
        add(f, i, end, PL_PERSONAL_ID);
        i = end - 1;
    }
}

/* ---- IPv6 ---- */

static bool is_hex(uint8_t c) {
    return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* Groups of at most four hex digits between colons: eight, or fewer around one "::". */
static bool is_ip6(struct pl_str s) {
    unsigned ngroups = 0, digits = 0, doubles = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != ':') {
            ngroups += digits == 0;
            if (++digits > 4) return false;
            continue;
        }
        doubles += i + 1 < s.n && s.p[i + 1] == ':';
        digits = 0;
    }
    return ngroups == 8 ? doubles == 0 : doubles == 1 && ngroups >= 2 && ngroups < 8;
}

static void find_ip6(struct finds *f, struct pl_str s) {
    if (s.n == 0 || memchr(s.p, ':', s.n) == NULL) return;
    for (size_t i = 0, end; i < s.n; i = end + 1) {
        for (end = i; end < s.n && (is_hex((uint8_t)s.p[end]) || s.p[end] == ':'); end++) continue;
        size_t to = end;
        if (to > i + 2 && s.p[to - 1] == ':' && s.p[to - 2] != ':') to--;
        if (to > i + 2 && is_ip6((struct pl_str){s.p + i, to - i})) add(f, i, to, PL_PERSONAL_IP);
    }
}

/* ---- what is known ---- */

static bool same(struct pl_word a, struct pl_word b) {
    return pl_str_eq(a.folded, b.folded);
}

static bool has_digit(struct pl_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (is_digit((uint8_t)s.p[i])) return true;
    return false;
}

static size_t signs(struct pl_str s) {
    size_t n = 0;
    for (size_t at = 0; at < s.n; n++) pl_utf8_next(s, &at);
    return n;
}

/* ---- names ---- */

/* Without the e of "ae", "oe" and "ue": "Mueller" is "Müller" where there are no umlauts. */
static bool same_umlauts(struct pl_str a, struct pl_str b) {
    size_t i = 0, k = 0;
    while (i < a.n && k < b.n && a.p[i] == b.p[k]) {
        bool vowel = a.p[i] == 'a' || a.p[i] == 'o' || a.p[i] == 'u';
        i++, k++;
        if (vowel && i < a.n && a.p[i] == 'e' && (k == b.n || b.p[k] != 'e')) i++;
        if (vowel && k < b.n && b.p[k] == 'e' && (i == a.n || a.p[i] != 'e')) k++;
    }
    return i == a.n && k == b.n;
}

/* "Rosa's", "Mehmet'in"; without the mark a long name and a short ending: "Müllers". */
static bool is_inflected(struct pl_str word, struct pl_str name) {
    if (name.n < LEAST_NAME_WORD || word.n <= name.n || !pl_str_starts(word, name)) return false;
    struct pl_str rest = {word.p + name.n, word.n - name.n};
    if (rest.p[0] == '\'' || pl_str_starts(rest, PL_STR("\u2019"))) return true;
    return name.n >= 4 && (uint8_t)name.p[0] < 0x80 && rest.n <= (name.n >= 5 ? 4u : 2u);
}

/* "وأحمد", "للقحطاني": what Arabic writes together with a name. */
static bool has_arabic_prefix(struct pl_str word, struct pl_str name) {
    static const char *const prefixes[] = {"و",   "ف",   "ب",   "ك",  "ل",  "ال",  "لل",   "وال",
                                           "بال", "فال", "كال", "ول", "وب", "ولل", "وبال", "يا"};
    if (pl_str_starts(name, PL_STR("ال"))) name = (struct pl_str){name.p + 4, name.n - 4};
    if (name.n < 2 * LEAST_NAME_WORD || !pl_str_ends(word, name)) return false;
    struct pl_str prefix = {word.p, word.n - name.n};
    for (size_t i = 0; i < PL_LEN(prefixes); i++)
        if (pl_str_is(prefix, prefixes[i])) return true;
    return prefix.n == 0;
}

/* "Lindenstr." and "Lindenstraße" */
static bool is_abbreviated(struct pl_str a, struct pl_str b) {
    struct pl_str part = a.n < b.n ? a : b, whole = a.n < b.n ? b : a;
    return part.n >= LEAST_NAME_WORD && !is_digit((uint8_t)part.p[0]) && pl_str_starts(whole, part);
}

static bool same_part(enum pl_personal_kind kind, struct pl_str word, struct pl_str known) {
    if (pl_str_eq(word, known) || same_umlauts(word, known)) return true;
    if (has_arabic_prefix(word, known)) return true;
    return kind == PL_PERSONAL_NAME ? is_inflected(word, known) : is_abbreviated(word, known);
}

static bool among(enum pl_personal_kind kind, struct pl_word w, const struct pl_words *known) {
    for (uint32_t i = 0; i < known->n; i++)
        if (same_part(kind, w.folded, known->v[i].folded)) return true;
    return false;
}

/* A word that is enough by itself to be a person's. */
static bool tells(enum pl_personal_kind kind, struct pl_word w) {
    if (kind == PL_PERSONAL_ADDRESS) return has_digit(w.folded) && w.folded.n >= 4;
    bool letters = w.folded.n > 0 && (uint8_t)w.folded.p[0] < 0x80;
    return signs(w.folded) >= (letters ? LEAST_NAME_WORD : LEAST_NAME_WORD - 1);
}

/* Runs of words that are all of what is known: one that tells by itself, or two. */
static void find_some(struct finds *f, const struct pl_words *w, const struct pl_words *known,
                      enum pl_personal_kind kind) {
    for (uint32_t i = 0, end; i < w->n; i = end + 1) {
        bool enough = false;
        for (end = i; end < w->n && among(kind, w->v[end], known); end++)
            enough |= tells(kind, w->v[end]);
        if (enough || end >= i + 2) add(f, w->v[i].start, w->v[end - 1].end, kind);
    }
}

static void find_whole(struct finds *f, const struct pl_words *w, const struct pl_words *known,
                       enum pl_personal_kind kind) {
    for (uint32_t i = 0; known->n > 0 && i + known->n <= w->n; i++) {
        uint32_t k = 0;
        while (k < known->n && same(w->v[i + k], known->v[k])) k++;
        if (k == known->n) add(f, w->v[i].start, w->v[i + k - 1].end, kind);
    }
}

/* Byte for byte, for what has no words or lies within one. Two Chinese signs are a name. */
static void find_bytes(struct finds *f, struct pl_str s, struct pl_str known,
                       enum pl_personal_kind kind) {
    bool ideographs = (uint8_t)known.p[0] >= 0xe3;
    if (signs(known) < (ideographs ? 2u : LEAST_NAME_WORD)) return;
    for (size_t at = 0; at + known.n <= s.n;) {
        size_t next = pl_str_find((struct pl_str){s.p + at, s.n - at}, known);
        if (next == SIZE_MAX) return;
        add(f, at + next, at + next + known.n, kind);
        at += next + known.n;
    }
}

/* In words from `start` on, as bytes of the whole text. */
static void find_words(struct finds *f, struct pl_locale_tools *t, struct pl_str s, size_t start,
                       const struct pl_personal_known *known, const struct pl_words *words,
                       size_t n) {
    struct pl_str piece = {s.p + start, s.n - start < PIECE ? s.n - start : PIECE};
    struct pl_words w = pl_locale_words(t, f->a, piece, (struct pl_str){0});
    f->failed |= w.v == NULL;
    for (uint32_t i = 0; w.v != NULL && i < w.n; i++) {
        w.v[i].start += (uint32_t)start;
        w.v[i].end += (uint32_t)start;
    }
    for (size_t i = 0; w.v != NULL && i < n; i++) {
        bool parts = known[i].kind == PL_PERSONAL_NAME || known[i].kind == PL_PERSONAL_ADDRESS;
        (parts ? find_some : find_whole)(f, &w, &words[i], known[i].kind);
    }
}

static void find_known(struct finds *f, struct pl_locale_tools *t, struct pl_str s,
                       const struct pl_personal_known *known, size_t nknown) {
    struct pl_words *words = PL_NEW_ARRAY(f->a, struct pl_words, nknown + 1);
    f->failed |= words == NULL;
    if (f->failed || nknown == 0 || s.n == 0) return;
    for (size_t i = 0; i < nknown; i++) {
        struct pl_str text = pl_str_trim(known[i].text);
        words[i] = pl_locale_words(t, f->a, text, (struct pl_str){0});
        f->failed |= words[i].v == NULL;
        if (text.n > 0) find_bytes(f, s, text, known[i].kind);
    }
    for (size_t start = 0; !f->failed; start += PIECE - OVERLAP) {
        find_words(f, t, s, start, known, words, nknown);
        if (s.n - start <= PIECE) return;
    }
}

/* ---- all together ---- */

static int by_start(const void *x, const void *y) {
    const struct pl_personal *a = x, *b = y;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    return a->end > b->end ? -1 : a->end < b->end;
}

static size_t join(struct pl_personal *v, size_t n) {
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        if (out == 0 || v[i].start >= v[out - 1].end) {
            v[out++] = v[i];
            continue;
        }
        struct pl_personal *last = &v[out - 1];
        if (v[i].end > last->end) last->end = v[i].end;
        if (v[i].kind < last->kind) last->kind = v[i].kind;
    }
    return out;
}

enum pl_err pl_privacy_find(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str text,
                            const struct pl_personal_known *known, size_t nknown,
                            const struct pl_personal **out, size_t *n) {
    struct finds f = {.a = a};
    *n = 0;
    *out = NULL;
    if (text.n > MOST_TEXT) return PL_LIMIT;
    find_emails(&f, text);
    find_ibans(&f, text);
    find_ids(&f, text);
    find_numbers(&f, text);
    find_ip6(&f, text);
    find_known(&f, t, text, known, nknown);
    if (f.failed) return PL_NOMEM;
    if (f.n) qsort(f.v, f.n, sizeof *f.v, by_start);
    *n = join(f.v, f.n);
    *out = f.v;
    return PL_OK;
}
