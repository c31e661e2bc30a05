/* SPDX-License-Identifier: Apache-2.0
 *
 * National ids: by their shape, how their groups are written, and their check digits. What many
 * other numbers pass as well is one only behind a word for it.
 */
#include "runtime/privacy/privacy_priv.h"

#include <string.h>

#define MOST_SIGNS     18
#define LEAST_NATIONAL 9
#define MOST_GAP       1  /* signs between two groups */
#define NEAR           32 /* bytes before a number in which its word stands */

static int digit(const uint8_t *c, size_t i) {
    return c[i] - '0';
}

static int weighed(const uint8_t *c, const uint8_t *weights, size_t n) {
    int sum = 0;
    for (size_t i = 0; i < n; i++) sum += digit(c, i) * weights[i];
    return sum;
}

static uint64_t value_of(const uint8_t *c, size_t n) {
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) v = v * 10 + (uint64_t)digit(c, i);
    return v;
}

static bool all_equal(const uint8_t *c, size_t n) {
    for (size_t i = 1; i < n; i++)
        if (c[i] != c[0]) return false;
    return true;
}

static bool is_day(const uint8_t *c) { /* "1231" */
    uint64_t month = value_of(c, 2), day = value_of(c + 2, 2);
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* ---- one country each ---- */

static bool is_ssn(const uint8_t *c) {
    uint64_t area = value_of(c, 3);
    return area > 0 && area != 666 && area < 900 && value_of(c + 3, 2) > 0 &&
           value_of(c + 5, 4) > 0;
}

static bool is_nino(const uint8_t *c) {
    static const char *const never[] = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"};
    for (size_t i = 0; i < PL_LEN(never); i++)
        if (memcmp(c, never[i], 2) == 0) return false;
    return strchr("DFIQUV", c[0]) == NULL && strchr("DFIOQUV", c[1]) == NULL && c[8] <= 'D';
}

/* Steuer-ID: of the first ten digits one stands there twice or three times; ISO 7064, 11,10. */
static bool is_steuer_id(const uint8_t *c) {
    int seen[10] = {0}, more = 0, product = 10;
    for (size_t i = 0; i < 10; i++) {
        int sum = (digit(c, i) + product) % 10;
        product = (sum ? sum : 10) * 2 % 11;
        more += ++seen[digit(c, i)] == 2;
        if (seen[digit(c, i)] > 3) return false;
    }
    return c[0] != '0' && more == 1 && (11 - product) % 10 == digit(c, 10);
}

/* NIR: of Corsica too, whose departments are 2A (19) and 2B (18). */
static bool is_nir(const uint8_t *c) {
    uint8_t d[15];
    memcpy(d, c, sizeof d);
    if (c[6] == 'A' || c[6] == 'B') d[6] = c[6] == 'A' ? '9' : '8', d[5] = '1';
    if (d[5] > '9' || d[6] > '9' || (d[6] != c[6] && c[5] != '2')) return false;
    uint64_t month = value_of(d + 3, 2);
    bool born = (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50;
    return (d[0] == '1' || d[0] == '2') && born && value_of(d + 13, 2) == 97 - value_of(d, 13) % 97;
}

static bool is_dni(const uint8_t *c) {
    return c[8] == (uint8_t) "TRWAGMYFPDXBNJZSQVHLCKE"[value_of(c, 8) % 23];
}

static bool is_nie(const uint8_t *c) {
    uint8_t d[9];
    if (c[0] < 'X' || c[0] > 'Z') return false;
    memcpy(d, c, sizeof d);
    d[0] = (uint8_t)(c[0] - 'X' + '0');
    return is_dni(d);
}

/* NIF of who has neither DNI nor NIE. */
static bool is_nif_klm(const uint8_t *c) {
    return c[0] >= 'K' && c[0] <= 'M' &&
           c[8] == (uint8_t) "TRWAGMYFPDXBNJZSQVHLCKE"[value_of(c + 1, 7) % 23];
}

/* What a sign of a codice fiscale counts for in an odd place, from A (and 0) on. */
static bool is_codice_fiscale(const uint8_t *c) {
    static const uint8_t odd[26] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                    20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    int sum = 0;
    for (size_t i = 0; i < 15; i++) {
        int v = c[i] <= '9' ? digit(c, i) : c[i] - 'A';
        sum += i % 2 == 0 ? odd[v] : v;
    }
    return strchr("ABCDEHLMPRST", c[8]) != NULL && c[15] == 'A' + sum % 26;
}

static bool is_nif(const uint8_t *c) {
    static const uint8_t weights[] = {9, 8, 7, 6, 5, 4, 3, 2};
    int rest = weighed(c, weights, 8) % 11;
    return c[0] != '0' && digit(c, 8) == (rest < 2 ? 0 : 11 - rest);
}

static bool is_bsn(const uint8_t *c) {
    static const uint8_t weights[] = {9, 8, 7, 6, 5, 4, 3, 2};
    return !all_equal(c, 9) && weighed(c, weights, 8) % 11 == digit(c, 8);
}

/* PESEL: the month tells the century, of those who live. */
static bool is_pesel(const uint8_t *c) {
    static const uint8_t weights[] = {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1};
    uint64_t month = value_of(c + 2, 2), day = value_of(c + 4, 2);
    if (month > 20) month -= 20; /* born from 2000 on */
    return month >= 1 && month <= 12 && day >= 1 && day <= 31 && weighed(c, weights, 11) % 10 == 0;
}

static bool is_kimlik(const uint8_t *c) {
    static const uint8_t first[] = {7, 9, 7, 9, 7, 9, 7, 9, 7}; /* 9 is -1 */
    static const uint8_t all[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    return c[0] != '0' && weighed(c, first, 9) % 10 == digit(c, 9) &&
           weighed(c, all, 10) % 10 == digit(c, 10);
}

/* The check digit that CPF, CNPJ and INN have: modulo 11, 10 counting for 0. */
static int check11(int sum, bool from_eleven) {
    int v = from_eleven ? 11 - sum % 11 : sum % 11;
    return v >= 10 ? 0 : v;
}

static bool is_cpf(const uint8_t *c) {
    static const uint8_t weights[] = {11, 10, 9, 8, 7, 6, 5, 4, 3, 2};
    return !all_equal(c, 11) && check11(weighed(c, weights + 1, 9), true) == digit(c, 9) &&
           check11(weighed(c, weights, 10), true) == digit(c, 10);
}

/* CNPJ: a letter counts as its code in ASCII less 48, as a digit does. */
static bool is_cnpj(const uint8_t *c) {
    static const uint8_t weights[] = {6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2};
    return !all_equal(c, 14) && check11(weighed(c, weights + 1, 12), true) == digit(c, 12) &&
           check11(weighed(c, weights, 13), true) == digit(c, 13);
}

static bool is_resident_id(const uint8_t *c) {
    static const uint8_t weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    uint64_t year = value_of(c + 6, 4);
    return c[0] >= '1' && c[0] <= '8' && year >= 1850 && year < 2150 && is_day(c + 10) &&
           c[17] == (uint8_t) "10X98765432"[weighed(c, weights, 17) % 11];
}

static bool is_my_number(const uint8_t *c) {
    static const uint8_t weights[] = {6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
    int rest = weighed(c, weights, 11) % 11;
    return digit(c, 11) == (rest < 2 ? 0 : 11 - rest);
}

/* RRN: since October 2020 the last six digits tell nothing, so there is no check digit. */
static bool is_rrn(const uint8_t *c) {
    return is_day(c + 2) && c[6] >= '1' && c[6] <= '8';
}

/* Aadhaar: Verhoeff's check digit, by the dihedral group of order 10. */
static bool is_aadhaar(const uint8_t *c) {
    static const uint8_t turned[8][10] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
        {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
        {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
        {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8}};
    int x = 0;
    for (size_t i = 0; i < 12; i++) {
        int y = turned[i % 8][digit(c, 11 - i)];
        int turn = x < 5 ? (x + y) % 5 : (x - y + 10) % 5; /* within the half that y is in */
        x = (x < 5) == (y < 5) ? turn : turn + 5;
    }
    return c[0] >= '2' && x == 0;
}

static bool is_snils(const uint8_t *c) {
    static const uint8_t weights[] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
    return !all_equal(c, 11) &&
           value_of(c + 9, 2) == (uint64_t)(weighed(c, weights, 9) % 101 % 100);
}

static const uint8_t inn[] = {3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8};

static bool is_inn10(const uint8_t *c) {
    return check11(weighed(c, inn + 2, 9), false) == digit(c, 9);
}

static bool is_inn12(const uint8_t *c) {
    return check11(weighed(c, inn + 1, 10), false) == digit(c, 10) &&
           check11(weighed(c, inn, 11), false) == digit(c, 11);
}

static bool is_ahv(const uint8_t *c) {
    static const uint8_t weights[] = {1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1};
    return memcmp(c, "756", 3) == 0 && weighed(c, weights, 13) % 10 == 0;
}

static bool is_rijksregister(const uint8_t *c) {
    uint64_t v = value_of(c, 9), check = value_of(c + 9, 2);
    return is_day(c + 2) && (97 - v % 97 == check || 97 - (v + 2000000000) % 97 == check);
}

/* ---- all of them ---- */

enum need { NOTHING, GROUPS, WORD }; /* GROUPS: written in its groups, or behind a word */

struct id {
    const char *shape; /* # digit, A letter, * either; all else: where groups may begin */
    bool (*checks)(const uint8_t *c);
    enum need need;
    const char *words;
};

static const struct id ids[] = {
    {"###-##-####", is_ssn, GROUPS, "ssn|social security|itin|seguro social"},
    {"AA ## ## ## A", is_nino, NOTHING, NULL},
    {"## ### ### ###", is_steuer_id, NOTHING, NULL},
    {"# ## ## ** ### ### ##", is_nir, NOTHING, NULL},
    {"########-A", is_dni, NOTHING, NULL},
    {"##.###.###-A", is_dni, NOTHING, NULL},
    {"A-#######-A", is_nie, NOTHING, NULL},
    {"A-#######-A", is_nif_klm, NOTHING, NULL},
    {"AAA AAA **A** A***A", is_codice_fiscale, NOTHING, NULL},
    {"### ### ###", is_nif, WORD, "nif|contribuinte"},
    {"#### ## ###", is_bsn, WORD, "bsn|burgerservicenummer|sofinummer"},
    {"###########", is_pesel, NOTHING, NULL},
    {"###########", is_kimlik, NOTHING, NULL},
    {"###.###.###-##", is_cpf, NOTHING, NULL},
    {"##.###.###/####-##", is_cnpj, NOTHING, NULL},
    {"**.***.***/****-##", is_cnpj, GROUPS, "cnpj"},
    {"######-########-###*", is_resident_id, NOTHING, NULL},
    {"#### #### ####", is_my_number, WORD, "my number|mynumber|マイナンバー|個人番号"},
    {"######-#######", is_rrn, GROUPS, "주민등록번호|주민번호|rrn"},
    {"#### #### ####", is_aadhaar, GROUPS, "aadhaar|aadhar|uidai|आधार"},
    {"###-###-### ##", is_snils, NOTHING, NULL},
    {"##########", is_inn10, WORD, "ИНН|инн|inn"},
    {"############", is_inn12, WORD, "ИНН|инн|inn"},
    {"###.####.####.##", is_ahv, NOTHING, NULL},
    {"##.##.##-###.##", is_rijksregister, GROUPS, "rijksregister|registre national|niss|insz"},
};

/* Papers whose numbers have no form in common. */
static const char papers[] =
    "passport|passport number|driver's license|drivers license|driver license|driver's licence|"
    "driving licence|driving license|license number|licence number|reisepass|personalausweis|"
    "führerschein|ausweisnummer|passeport|permis de conduire|pasaporte|carnet de conducir|"
    "licencia de conducir|passaporto|patente|passaporte|carteira de motorista|paspoort|rijbewijs|"
    "paszport|dowodu|prawo jazdy|pasaport|ehliyet|паспорт|паспорта|护照|護照|パスポート|免許|여권|"
    "운전면허|جواز|पासपोर्ट";
#define LEAST_PAPER        6
#define LEAST_PAPER_DIGITS 5

struct signs {
    uint8_t c[MOST_SIGNS];
    uint32_t n, gaps; /* bit i: something stands before sign i */
    uint32_t mark;    /* what: the first of them */
    bool marks;       /* another one too */
};

/* Whether the signs have the shape, close together or with all its gaps, which are written alike
 * where the shape's are. */
static bool has_shape(const struct signs *s, const char *shape) {
    uint32_t n = 0, gaps = 0;
    char mark = 0;
    bool marks = false;
    for (; *shape; shape++) {
        if (*shape != '#' && *shape != 'A' && *shape != '*') {
            gaps |= 1u << n;
            marks |= mark != 0 && mark != *shape;
            mark = *shape;
            continue;
        }
        if (n == s->n) return false;
        bool number = s->c[n] <= '9';
        if (*shape != '*' && number != (*shape == '#')) return false;
        n++;
    }
    return n == s->n && (s->gaps == 0 || (s->gaps == gaps && (marks || !s->marks)));
}

static bool ends_word(struct pl_str s, size_t at) {
    return at >= s.n || !pl_privacy__is_letter((uint8_t)s.p[at]);
}

/* One of the words "a|b" stands before, as a whole. */
static bool says(struct pl_str before, const char *words) {
    while (words != NULL && *words) {
        size_t n = strcspn(words, "|");
        for (size_t i = 0; i + n <= before.n; i++) {
            size_t k = 0;
            while (k < n &&
                   (before.p[i + k] == words[k] || (pl_privacy__is_letter((uint8_t)words[k]) &&
                                                    (before.p[i + k] | 32) == words[k])))
                k++;
            if (k == n && (i == 0 || ends_word(before, i - 1)) && ends_word(before, i + n))
                return true;
        }
        words += n + (words[n] == '|');
    }
    return false;
}

static bool is_one(const struct signs *s, struct pl_str before) {
    for (size_t i = 0; i < PL_LEN(ids); i++) {
        if (!has_shape(s, ids[i].shape) || !ids[i].checks(s->c)) continue;
        bool enough = ids[i].need == NOTHING || (ids[i].need == GROUPS && s->gaps != 0);
        if (enough || says(before, ids[i].words)) return true;
    }
    return false;
}

/* Letters and digits close together or with hyphens, behind a word for such a paper. */
static bool is_paper(const struct signs *s, struct pl_str before) {
    size_t digits = 0;
    for (size_t i = 0; i < s->n; i++) digits += s->c[i] <= '9';
    bool close = s->gaps == 0 || (s->mark == '-' && !s->marks);
    return close && digits >= LEAST_PAPER_DIGITS && says(before, papers);
}

/* Whether the groups [at, end) go on with others like them: "4111-1111-1111" of a card. */
static bool goes_on(const struct signs *s, struct pl_str text, size_t at, size_t end) {
    if (s->gaps == 0 || s->mark >= 0x80) return false;
    bool before = at > 1 && (uint8_t)text.p[at - 1] == s->mark &&
                  pl_privacy__digit((uint8_t)text.p[at - 2]) >= 0;
    return before || (end + 1 < text.n && (uint8_t)text.p[end] == s->mark &&
                      pl_privacy__digit((uint8_t)text.p[end + 1]) >= 0);
}

size_t pl_privacy__id_end(struct pl_str text, size_t at) {
    size_t from = at > NEAR ? at - NEAR : 0, best = at, gap = 0;
    struct pl_str before = {text.p + from, at - from};
    struct signs s = {.n = 0};
    uint32_t mark = 0;
    for (size_t i = at; i < text.n && s.n < MOST_SIGNS;) {
        uint32_t c = pl_utf8_next(text, &i);
        uint8_t x = pl_privacy__sign(c);
        if (x == '/') x = ' ';
        if (x == ' ') mark = c;
        if (x == ' ' && s.n > 0 && ++gap <= MOST_GAP) continue;
        if (x == 0 || x == ' ') break;
        if (gap > 0) {
            s.marks |= s.gaps != 0 && mark != s.mark;
            if (s.gaps == 0) s.mark = mark;
            s.gaps |= 1u << s.n;
        }
        gap = 0;
        s.c[s.n++] = x <= '9' ? x : (uint8_t)(x & ~0x20);
        if (s.n < LEAST_PAPER || !pl_privacy__sign_ends(text, i) || goes_on(&s, text, at, i))
            continue;
        if ((s.n >= LEAST_NATIONAL && is_one(&s, before)) || is_paper(&s, before)) best = i;
    }
    return best;
}
