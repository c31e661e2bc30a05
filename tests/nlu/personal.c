/* SPDX-License-Identifier: Apache-2.0
 *
 * How well personal data is found, nothing being known of the customer: what is found overlaps
 * what is there (precision, recall, F1) or is the same to the letter.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "runtime/privacy/privacy.h"
#include "tests/nlu/nlu.h"

#define MOST_SPANS 32
#define FLOOR      95

static const char *const kinds[] = {
#define PERSONAL(name, word) word,
#include "runtime/privacy/personal.def"
#undef PERSONAL
};

struct score {
    double there, found, right, met, exact; /* met: of those there; right: of those found */
};

struct spans {
    struct pl_personal v[MOST_SPANS];
    size_t n;
};

/* Gives whether all is right to the letter. */
static bool judge(const struct pl_personal *found, size_t n, const struct spans *want,
                  struct score v[PL_PERSONALS]) {
    bool met[MOST_SPANS] = {false}, all = n == want->n;
    for (size_t i = 0; i < n; i++) {
        bool right = false;
        for (size_t k = 0; k < want->n; k++) {
            const struct pl_personal *w = &want->v[k];
            if (w->kind != found[i].kind || w->start >= found[i].end || w->end <= found[i].start)
                continue;
            right = met[k] = true;
            bool exact = w->start == found[i].start && w->end == found[i].end;
            v[w->kind].exact += exact;
            all &= exact;
        }
        v[found[i].kind].found++;
        v[found[i].kind].right += right;
        all &= right;
    }
    for (size_t k = 0; k < want->n; k++) {
        v[want->v[k].kind].there++;
        v[want->v[k].kind].met += met[k];
    }
    return all;
}

static bool find(struct nlu *u, struct pl_arena *a, struct pl_str text, const struct spans *want,
                 struct score v[PL_PERSONALS]) {
    const struct pl_personal *found;
    size_t n;
    pl_assert(pl_privacy_find(u->tools, a, text, NULL, 0, &found, &n) == PL_OK);
    return judge(found, n, want, v);
}

static double f1(const struct score *s) {
    double p = nlu_percent(s->right, s->found), r = nlu_percent(s->met, s->there);
    return p + r > 0 ? 2 * p * r / (p + r) : 0;
}

static void print_scores(const char *set, const struct score v[PL_PERSONALS]) {
    for (size_t i = 0; i < PL_PERSONALS; i++)
        if (v[i].there > 0)
            printf("  %-18s %-8s %5.0f  precision %5.1f  recall %5.1f  F1 %5.1f  exact %5.1f\n",
                   set, kinds[i], v[i].there, nlu_percent(v[i].right, v[i].found),
                   nlu_percent(v[i].met, v[i].there), f1(&v[i]),
                   nlu_percent(v[i].exact, v[i].there));
}

/* ---- sets with spans ---- */

static int kind_of(struct pl_str type) {
    static const struct {
        const char *type;
        int kind;
    } names[] = {{"credit_card", PL_PERSONAL_CARD},      {"CREDIT_CARD", PL_PERSONAL_CARD},
                 {"EMAIL_ADDRESS", PL_PERSONAL_EMAIL},   {"IBAN_CODE", PL_PERSONAL_IBAN},
                 {"IP_ADDRESS", PL_PERSONAL_IP},         {"US_SSN", PL_PERSONAL_ID},
                 {"US_DRIVER_LICENSE", PL_PERSONAL_ID},  {"phone", PL_PERSONAL_PHONE},
                 {"PHONE_NUMBER", PL_PERSONAL_PHONE},    {"PERSON", PL_PERSONAL_NAME},
                 {"STREET_ADDRESS", PL_PERSONAL_ADDRESS}};
    for (size_t i = 0; i < PL_LEN(names); i++)
        if (pl_str_is(type, names[i].type)) return names[i].kind;
    return -1;
}

/* The byte in front of which there are so many characters. */
static size_t byte_at(struct pl_str text, int64_t characters) {
    size_t at = 0;
    while (characters-- > 0 && at < text.n) (void)pl_utf8_next(text, &at);
    return at;
}

static void take_span(struct pl_str text, const struct pl_json *e, struct spans *out) {
    int64_t from = 0, to = 0;
    const struct pl_json *a = pl_json_get(e, "start"), *b = pl_json_get(e, "end");
    int kind = kind_of(pl_json_text(e, "type"));
    if (kind < 0 || out->n == MOST_SPANS || !a || !b) return;
    if (!pl_str_i64(a->s, &from) || !pl_str_i64(b->s, &to)) return;
    out->v[out->n++] = (struct pl_personal){(uint32_t)byte_at(text, from),
                                            (uint32_t)byte_at(text, to), (uint8_t)kind};
}

static void with_spans(struct nlu *u, struct pl_arena *a, const struct pl_json *j,
                       struct score v[PL_PERSONALS]) {
    const struct pl_json *entities = pl_json_get(j, "entities");
    struct pl_str text = pl_json_text(j, "text");
    struct spans want = {.n = 0};
    for (size_t i = 0; entities && i < entities->n; i++)
        take_span(text, &entities->m[i].value, &want);
    find(u, a, text, &want, v);
}

/* What a validator is asked for; of ids only those that are looked for without a word for them. */
static int validated(const struct pl_json *j) {
    static const struct {
        const char *name, *of;
        int kind;
    } v[] = {{"isEmail", NULL, PL_PERSONAL_EMAIL},        {"isIBAN", NULL, PL_PERSONAL_IBAN},
             {"isCreditCard", NULL, PL_PERSONAL_CARD},    {"isIdentityCard", "ES", PL_PERSONAL_ID},
             {"isIdentityCard", "IT", PL_PERSONAL_ID},    {"isIdentityCard", "PL", PL_PERSONAL_ID},
             {"isIdentityCard", "zh-CN", PL_PERSONAL_ID}, {"isTaxID", "de-DE", PL_PERSONAL_ID},
             {"isTaxID", "es-ES", PL_PERSONAL_ID},        {"isTaxID", "it-IT", PL_PERSONAL_ID},
             {"isTaxID", "pt-BR", PL_PERSONAL_ID}};
    struct pl_str name = pl_json_text(j, "validator");
    const struct pl_json *args = pl_json_get(j, "args");
    bool any = args && args->n > 0;
    for (size_t i = 0; i < PL_LEN(v); i++)
        if (pl_str_is(name, v[i].name) &&
            (v[i].of == NULL ? !any : any && pl_str_is(args->m[0].value.s, v[i].of)))
            return v[i].kind;
    return -1;
}

/* Whole texts that are one, or look like one and must not be taken for it as a whole. */
static void with_validator(struct nlu *u, struct pl_arena *a, const struct pl_json *j,
                           struct score v[PL_PERSONALS]) {
    const struct pl_json *valid = pl_json_get(j, "valid");
    struct pl_str text = pl_json_text(j, "text");
    const struct pl_personal *found;
    struct pl_personal whole;
    struct spans want = {.n = 0};
    size_t n;
    int kind = validated(j);
    if (kind < 0 || text.n == 0 || !valid) return;
    whole = (struct pl_personal){0, (uint32_t)text.n, (uint8_t)kind};
    if (valid->b) want.v[want.n++] = whole;
    pl_assert(pl_privacy_find(u->tools, a, text, NULL, 0, &found, &n) == PL_OK);
    bool is = n == 1 && memcmp(&found[0], &whole, offsetof(struct pl_personal, kind)) == 0 &&
              found[0].kind == kind;
    judge(&whole, is, &want, v);
}

static void table_of(struct nlu *u, const char *set) {
    struct score v[PL_PERSONALS] = {{0}};
    struct pl_arena a;
    struct pl_str rest = nlu_file(u, pl_arena_printf(&u->a, "%s/train.jsonl", set).p), line;
    bool validator = strcmp(set, "validator_vectors") == 0;
    if (!nlu_wants(u, set)) return;
    if (rest.n == 0) printf("  %s is not there\n", set);
    pl_arena_init(&a, 0);
    while (nlu_line(&rest, &line)) {
        struct pl_json j;
        size_t at;
        pl_arena_reset(&a);
        if (pl_json_parse(&a, line, &j, &at) == PL_OK)
            (validator ? with_validator : with_spans)(u, &a, &j, v);
    }
    print_scores(set, v);
    pl_arena_free(&a);
}

void nlu_table(struct nlu *u) {
    static const char *const sets[] = {"pii_cards", "pii_presidio", "phone_examples",
                                       "validator_vectors"};
    printf("personal data, %% found\n");
    for (size_t i = 0; i < PL_LEN(sets); i++) table_of(u, sets[i]);
    nlu_peers(u, "personal");
}

/* ---- examples of our own: [KIND:text] ---- */

static struct pl_str unmark(struct pl_arena *a, struct pl_str line, struct spans *out) {
    struct pl_buf b = {0};
    for (size_t i = 0; i < line.n; i++) {
        size_t colon = pl_str_find((struct pl_str){line.p + i, line.n - i}, PL_STR(":"));
        int kind = -1;
        for (int k = 0; line.p[i] == '[' && colon != SIZE_MAX && k < PL_PERSONALS; k++)
            if (pl_str_is((struct pl_str){line.p + i + 1, colon - 1}, kinds[k])) kind = k;
        if (kind >= 0 && out->n < MOST_SPANS) {
            out->v[out->n++] = (struct pl_personal){(uint32_t)b.n, 0, (uint8_t)kind};
            i += colon;
        } else if (line.p[i] == ']') {
            if (out->n > 0) out->v[out->n - 1].end = (uint32_t)b.n;
        } else {
            pl_buf_byte(&b, (uint8_t)line.p[i]);
        }
    }
    struct pl_str text = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return text;
}

bool nlu_quick(struct nlu *u) {
    struct score v[PL_PERSONALS] = {{0}};
    struct pl_str rest = nlu_file(u, "quick/personal.txt"), line;
    bool under = rest.n == 0;
    while (nlu_line(&rest, &line)) {
        struct spans want = {.n = 0};
        if (line.n == 0 || line.p[0] == '#') continue;
        struct pl_str text = unmark(&u->a, line, &want);
        if (!find(u, &u->a, text, &want, v)) printf("  not so: %.*s\n", PL_STR_ARG(line));
    }
    print_scores("our own", v);
    for (size_t i = 0; i < PL_PERSONALS; i++)
        if (v[i].there > 0 || v[i].found > 0) under |= nlu_is_under(kinds[i], f1(&v[i]), FLOOR);
    return under;
}
