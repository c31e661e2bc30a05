/* SPDX-License-Identifier: Apache-2.0
 *
 * Payment cards. The text is seen as its digits, each with what stands before it. A card is a
 * stretch of digits that begins and ends where groups of digits do, has the prefix and length of
 * an issuer and passes Luhn. All such stretches are looked at, overlapping ones too: "2026 4111
 * 1111 1111 1111" must not hide the card behind the year.
 */
#include "runtime/privacy/privacy_priv.h"

#include <string.h>

/* ---- issuers ---- */

struct issuer {
    uint32_t from, to; /* the first `digits` digits */
    uint8_t digits;
    uint32_t lengths; /* bit n: n digits long */
};

#define N(n)    (UINT32_C(1) << (n))
#define TO_19   (N(16) | N(17) | N(18) | N(19))
#define FROM_12 (N(12) | N(13) | N(14) | N(15) | TO_19)

static const struct issuer issuers[] = {
    {4, 4, 1, N(13) | N(16) | N(19)},   /* Visa */
    {51, 55, 2, N(16)},                 /* Mastercard */
    {2221, 2720, 4, N(16)},             /* Mastercard */
    {34, 34, 2, N(15)},                 /* American Express */
    {37, 37, 2, N(15)},                 /* American Express */
    {300, 305, 3, N(14) | N(16)},       /* Diners Club */
    {309, 309, 3, N(14) | N(16)},       /* Diners Club */
    {36, 36, 2, N(14) | N(16)},         /* Diners Club */
    {38, 39, 2, N(14) | N(16)},         /* Diners Club */
    {35, 35, 2, TO_19},                 /* JCB, RuPay */
    {1800, 1800, 4, N(15)},             /* JCB */
    {2131, 2131, 4, N(15)},             /* JCB */
    {2200, 2204, 4, TO_19},             /* Mir */
    {9792, 9792, 4, N(16)},             /* Troy */
    {81, 82, 2, TO_19},                 /* UnionPay, RuPay */
    {60, 69, 2, TO_19},                 /* Discover, UnionPay, Maestro, RuPay, Elo */
    {50, 50, 2, N(16) | N(18) | N(19)}, /* Maestro, Verve, Elo */
    {56, 58, 2, N(16) | N(18) | N(19)}, /* Maestro */
    {5018, 5038, 4, FROM_12},           /* Maestro */
    {5893, 5893, 4, FROM_12},           /* Maestro */
    {6304, 6304, 4, FROM_12},           /* Maestro */
    {6759, 6769, 4, FROM_12},           /* Maestro */
};

static bool has_issuer(const struct pl_privacy_digit *d, size_t n) {
    uint32_t prefix[5] = {0};
    for (size_t i = 0; i < 4; i++) prefix[i + 1] = prefix[i] * 10 + d[i].value;
    for (size_t i = 0; i < PL_LEN(issuers); i++) {
        const struct issuer *x = &issuers[i];
        uint32_t p = prefix[x->digits];
        if (p >= x->from && p <= x->to && (x->lengths & N(n))) return true;
    }
    return false;
}

static bool luhn(const struct pl_privacy_digit *d, size_t n) {
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t v = d[n - 1 - i].value;
        if (i % 2 == 1) v = v < 5 ? v * 2 : v * 2 - 9;
        sum += v;
    }
    return sum % 10 == 0;
}

/* ---- stretches ---- */

/* More than six groups look like a card only when one and the same mark stands between all of
 * them, and none of those that make a list: "sizes 40, 41, 42, …". */
static bool plausible_groups(const struct pl_privacy_digit *d, size_t n) {
    size_t groups = 1;
    bool same = true;
    uint32_t mark = 0;
    for (size_t i = 1; i < n; i++) {
        if (d[i].link == PL_PRIVACY_BROKEN) return false;
        if (d[i].link == PL_PRIVACY_CLOSE) continue;
        groups++;
        if (mark == 0) mark = d[i].mark;
        same = same && d[i].mark == mark;
    }
    return groups <= 6 || (same && mark != ',' && mark != ';');
}

/* One group that is the fraction of a decimal ("3.1415926535897932") or part of an order number
 * ("RET4111111111111111"). */
static bool is_other_number(const struct pl_privacy_digit *d, size_t n) {
    if (!d[0].after_point && !d[0].attached) return false;
    for (size_t i = 1; i < n; i++)
        if (d[i].link != PL_PRIVACY_CLOSE) return false;
    return true;
}

static bool is_card(const struct pl_privacy_digit *d, size_t n) {
    return has_issuer(d, n) && luhn(d, n) && plausible_groups(d, n) && !is_other_number(d, n);
}

static size_t group_end(const struct pl_privacy_text *t, size_t at) {
    size_t end = at + 1;
    while (end < t->n && t->d[end].link == PL_PRIVACY_CLOSE) end++;
    return end;
}

/* May a card end before digit `at`? Where a group ends, or inside one whose rest is a second card
 * written straight after the first. */
static bool may_end(const struct pl_privacy_text *t, size_t at) {
    if (at == t->n || t->d[at].link != PL_PRIVACY_CLOSE) return true;
    size_t rest = group_end(t, at) - at;
    return rest >= PL_PRIVACY_LEAST && rest <= 19 && is_card(t->d + at, rest);
}

static bool may_start(const struct pl_privacy_text *t, size_t at) {
    return t->d[at].link != PL_PRIVACY_CLOSE || (at > 0 && t->d[at - 1].card != 0);
}

/* Marks all cards that start at a digit. The usual lengths first: the digits of the first one are
 * those that stay readable, and three more at the end are rather a security code. */
static bool mark_at(struct pl_privacy_text *t, size_t at) {
    static const uint8_t lengths[] = {16, 15, 14, 19, 18, 17, 13, 12};
    bool found = false;
    for (size_t i = 0; i < PL_LEN(lengths); i++) {
        size_t n = lengths[i];
        if (at + n > t->n || !may_end(t, at + n) || !is_card(t->d + at, n)) continue;
        if (t->d[at].card == 0) t->d[at].card = PL_PRIVACY_FIRST;
        for (size_t j = at; j < at + n; j++) t->d[j].card |= PL_PRIVACY_COVERED;
        if (!found) t->d[at + n - 1].card |= PL_PRIVACY_LAST;
        found = true;
    }
    return found;
}

bool pl_privacy__mark_cards(struct pl_privacy_text *t) {
    bool found = false;
    for (size_t i = 0; i + PL_PRIVACY_LEAST <= t->n; i++)
        if (may_start(t, i)) found |= mark_at(t, i);
    return found;
}

/* ---- security codes ---- */

#define NEAR 64 /* bytes between a card and its code */

static const char *const code_words[] = {"cvv",       "cvc",  "cv2",    "csc",
                                         "security",  "code", "codigo", "código",
                                         "seguridad", "رمز",  "الأمان", "prüf"};

static bool has_code_word(struct pl_str s) {
    for (size_t i = 0; i < PL_LEN(code_words); i++)
        if (pl_privacy__contains(s, code_words[i])) return true;
    return false;
}

static bool has_letter(struct pl_str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] >= 0x80 || pl_privacy__is_letter((uint8_t)s.p[i])) return true;
    return false;
}

static struct pl_str between(struct pl_str s, size_t from, size_t to) {
    if (to - from > NEAR) from = to - NEAR;
    return (struct pl_str){s.p + from, to - from};
}

/* Is the group of digits [from, to) a code? After a card without words between, or near one and
 * after a word for it. */
static bool is_code(const struct pl_privacy_text *t, size_t from, size_t to) {
    uint32_t start = t->d[from].start, end = t->d[to - 1].end;
    if ((start > 0 && t->s.p[start - 1] == '/') || (end < t->s.n && t->s.p[end] == '/'))
        return false;
    size_t left = from, right = to; /* the nearest card digits */
    while (left > 0 && t->d[left - 1].card == 0) left--;
    while (right < t->n && t->d[right].card == 0) right++;
    bool card_before = left > 0 && start - t->d[left - 1].end <= NEAR;
    bool card_after = right < t->n && t->d[right].start - end <= NEAR;
    if (!card_before && !card_after) return false;
    size_t since = card_before ? t->d[left - 1].end : start > NEAR ? start - NEAR : 0;
    struct pl_str before = between(t->s, since, start);
    if (has_code_word(before)) return true;
    bool year = to - from == 4 && t->d[from].value == 2 && t->d[from + 1].value == 0;
    return card_before && !year && (!has_letter(before) || pl_privacy__contains(before, "exp"));
}

static void mark_codes(struct pl_privacy_text *t) {
    for (size_t from = 0; from < t->n;) {
        size_t to = group_end(t, from);
        bool free = t->d[from].card == 0 && t->d[to - 1].card == 0 && !t->d[from].attached;
        if (free && (to - from == 3 || to - from == 4) && is_code(t, from, to))
            for (size_t i = from; i < to; i++) t->d[i].code = true;
        from = to;
    }
}

/* ---- writing ---- */

struct writer {
    char *p;
    size_t n;
};

static void put(struct writer *w, const char *p, size_t n) {
    memcpy(w->p + w->n, p, n);
    w->n += n;
}

/* Writes the card that starts at digit `at` and all that overlaps it, with the last four of the
 * first found. Gives the digit after it. */
static size_t put_card(struct writer *w, const struct pl_privacy_text *t, size_t at) {
    size_t end = at + 1, last = 0;
    while (end < t->n && t->d[end].card != 0 && !(t->d[end].card & PL_PRIVACY_FIRST)) {
        if (last == 0 && (t->d[end].card & PL_PRIVACY_LAST)) last = end;
        end++;
    }
    put(w, "•••• ", strlen("•••• "));
    for (size_t i = last - 3; i <= last; i++) w->p[w->n++] = (char)('0' + t->d[i].value);
    return end;
}

static struct pl_str write_masked(struct pl_arena *a, const struct pl_privacy_text *t) {
    /* A code of 3 bytes becomes 9, everything else grows less. */
    struct writer w = {pl_arena_alloc(a, t->s.n * 3 + 32), 0};
    if (w.p == NULL) return (struct pl_str){0}; /* rather nothing than a card */
    size_t from = 0;
    for (size_t i = 0; i < t->n;) {
        if (t->d[i].card == 0 && !t->d[i].code) {
            i++;
            continue;
        }
        put(&w, t->s.p + from, t->d[i].start - from);
        if (t->d[i].card != 0) {
            i = put_card(&w, t, i);
        } else {
            put(&w, "•••", strlen("•••"));
            i = group_end(t, i);
        }
        from = t->d[i - 1].end;
    }
    put(&w, t->s.p + from, t->s.n - from);
    return (struct pl_str){w.p, w.n};
}

struct pl_masked pl_privacy_mask(struct pl_arena *a, struct pl_str text) {
    struct pl_masked m = {text, false};
    if (pl_privacy__count_digits(text) < PL_PRIVACY_LEAST) return m;
    struct pl_privacy_text t;
    if (!pl_privacy__scan(a, text, &t)) return (struct pl_masked){.card_seen = true};
    m.card_seen = pl_privacy__mark_cards(&t);
    if (!m.card_seen) return m;
    mark_codes(&t);
    m.s = write_masked(a, &t);
    return m;
}

struct pl_masked pl_privacy_hidden(void) {
    return (struct pl_masked){.s = PL_STR("\u2022\u2022\u2022\u2022\u2022\u2022")};
}
