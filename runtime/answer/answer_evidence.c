/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence: sentences that may be repeated, and whether a claim says no more than they do.
 *
 * A fact needs a sentence of the evidence that states it, and that shares enough words with the
 * claim: "refunds take 30 days" is not supported by "return it within 30 days". All else needs
 * enough familiar words. Where evidence and claim are of two languages only facts can be compared.
 */
#include "runtime/answer/answer_priv.h"

#define LEAST_STEMS  2    /* a word alone claims nothing */
#define LEAST_SHARED 0.34 /* of a claim's words, in the sentence that states its fact */
#define LEAST_KNOWN  0.51 /* of a claim's words, in all of the evidence */
#define LEAST_STRONG 0.5  /* of a claim's words, in the sentence that says "free" or "always" */
#define CONDITION    4    /* words between "free" and the number that it is tied to */
#define SAME_MATTER  0.6  /* of a claim's words: the sentence is about the same */
#define SAME_WORDS   0.9  /* it is the same but for a word */

static void learn(struct evidence *e, struct pl_str text, bool heard, bool links) {
    struct pl_str kept = pl_arena_str(e->r.a, text);
    uint32_t n, from = 0;
    const uint32_t *ends = pl_locale_sentences(e->r.t, e->r.a, kept, &n);
    e->failed |= text.n > 0 && (kept.p == NULL || ends == NULL);
    for (uint32_t i = 0; !e->failed && i < n; from = ends[i++]) {
        struct claim c;
        e->failed |= !pl_answer__claim(&e->r, (struct pl_str){kept.p + from, ends[i] - from}, &c);
        if (e->failed) return;
        c.links = links;
        if (heard)
            PL_PUSH(&e->said, c);
        else
            PL_PUSH(&e->claims, c);
    }
}

/* What the image says may be linked to. */
static void learn_known(struct evidence *e, struct pl_str text, bool heard) {
    const struct known_text *known = pl_answer__text(e->texts, &e->r, text, false);
    if (known == NULL) {
        learn(e, text, heard, true);
        return;
    }
    for (uint32_t i = 0; i < known->n; i++) {
        struct claim c = known->v[i];
        c.links = true;
        if (heard)
            PL_PUSH(&e->said, c);
        else
            PL_PUSH(&e->claims, c);
    }
}

void pl_answer__learn_known(struct evidence *e, struct pl_str text) {
    learn_known(e, text, false);
}

void pl_answer__hear_known(struct evidence *e, struct pl_str text) {
    learn_known(e, text, true);
}

void pl_answer__learn(struct evidence *e, struct pl_str text, bool links) {
    learn(e, text, false, links);
}

void pl_answer__hear(struct evidence *e, struct pl_str text) {
    learn(e, text, true, false);
}

static bool has_stem(const struct claim *c, struct pl_str stem) {
    for (uint32_t i = 0; i < c->nstems; i++)
        if (pl_str_eq(c->stems[i], stem)) return true;
    return false;
}

/* The stem with the sign of what is lacking. */
static bool has_lack(const struct claim *c, struct pl_str stem) {
    for (uint32_t i = 0; i < c->nstems; i++) {
        struct pl_str s = c->stems[i];
        if (s.n == stem.n + 1 && s.p[0] == '~' && pl_str_ends(s, stem)) return true;
    }
    return false;
}

static bool same_fact(const struct fact *a, const struct fact *b) {
    if (a->kind != b->kind) return false;
    switch (a->kind) {
    case FACT_NUMBER: return pl_dec_cmp(a->n, b->n) == 0 && (a->unit == 0 || a->unit == b->unit);
    case FACT_MONTH:
    case FACT_WEEKDAY:
    case FACT_UNIT:
    case FACT_DAY: return a->value == b->value;
    case FACT_FREE:
    case FACT_ALL: return true;
    default: return pl_str_eq(a->text, b->text);
    }
}

bool pl_answer__states(const struct claim *c, const struct fact *f) {
    for (uint32_t i = 0; i < c->nfacts; i++)
        if (same_fact(f, &c->facts[i])) return true;
    return false;
}

/* "7 days" are not "7 weeks": what is counted stands in the sentence too. */
static bool counts(const struct claim *c, const struct fact *f) {
    for (size_t i = 0; i < PL_LEN(f->of); i++)
        if (f->of[i].n > 0 && !has_stem(c, f->of[i])) return false;
    return true;
}

/* The share of the claim's words that are in the other. */
static double shared(const struct claim *c, const struct claim *other) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->nstems; i++) n += has_stem(other, c->stems[i]);
    return c->nstems == 0 ? 1 : (double)n / c->nstems;
}

static bool is_familiar(const struct evidence *e, struct pl_str stem) {
    for (size_t i = 0; i < e->claims.n; i++)
        if (has_stem(&e->claims.v[i], stem)) return true;
    return false;
}

static bool is_said(const struct evidence *e, struct pl_str stem) {
    for (size_t i = 0; i < e->said.n; i++)
        if (has_stem(&e->said.v[i], stem)) return true;
    return has_stem(&e->question, stem);
}

/* "Free over $50" supports no "free" without the $50. */
static bool keeps_condition(const struct claim *c, const struct claim *of, enum fact_kind kind) {
    for (uint32_t i = 0; i < of->nfacts; i++) {
        if (of->facts[i].kind != kind) continue;
        bool kept = true;
        for (uint32_t k = 0; k < of->nfacts; k++) {
            const struct fact *f = &of->facts[k];
            if (f->kind != FACT_NUMBER || f->at < of->facts[i].at) continue;
            if (f->at - of->facts[i].at <= CONDITION) kept = kept && pl_answer__states(c, f);
        }
        if (kept) return true;
    }
    return false;
}

static bool strong_supported(const struct evidence *e, const struct claim *c,
                             const struct fact *f) {
    for (size_t i = 0; i < e->claims.n; i++) {
        const struct claim *of = &e->claims.v[i];
        if (!pl_answer__states(of, f) || !keeps_condition(c, of, f->kind)) continue;
        if (e->foreign || shared(c, of) >= LEAST_STRONG) return true;
    }
    return false;
}

/* It says "worn" where all that is known is "unworn", or the other way round. */
static bool turned_round(const struct evidence *e, const struct claim *c) {
    for (uint32_t i = 0; i < c->nstems; i++) {
        struct pl_str s = c->stems[i];
        bool lacks = s.n > 0 && s.p[0] == '~', other = false;
        if (is_familiar(e, s)) continue;
        if (lacks) other = is_familiar(e, (struct pl_str){s.p + 1, s.n - 1});
        for (size_t k = 0; !lacks && !other && k < e->claims.n; k++)
            other = has_lack(&e->claims.v[k], s);
        if (other) return true;
    }
    return false;
}

static bool counts_alike(const struct fact *a, const struct fact *b) {
    return a->kind == FACT_NUMBER && b->kind == FACT_NUMBER && a->unit != 0 && a->unit == b->unit;
}

/* It states another number of the kind of `f`, and none that the claim states. */
static bool states_another(const struct claim *of, const struct claim *c, const struct fact *f) {
    bool another = false;
    for (uint32_t i = 0; i < of->nfacts; i++) {
        if (!counts_alike(&of->facts[i], f)) continue;
        if (pl_answer__states(c, &of->facts[i])) return false;
        another = true;
    }
    return another;
}

/* Says something of the claim that `of` does not. */
static bool adds(const struct claim *other, const struct claim *c, const struct claim *of) {
    for (uint32_t i = 0; i < c->nstems; i++)
        if (has_stem(other, c->stems[i]) && !has_stem(of, c->stems[i])) return true;
    return false;
}

/* "Express costs $4.99": of two prices the claim's words are at least as near to the other one. */
static bool is_of_another(const struct evidence *e, const struct claim *c, const struct claim *of,
                          const struct fact *f) {
    if (f->kind != FACT_NUMBER) return false;
    for (size_t i = 0; i < e->claims.n; i++) {
        const struct claim *other = &e->claims.v[i];
        if (shared(c, other) < shared(c, of) || !adds(other, c, of)) continue;
        if (states_another(other, c, f)) return true;
    }
    return false;
}

static bool fact_supported(const struct evidence *e, const struct claim *c, const struct fact *f) {
    if (f->kind == FACT_FREE || f->kind == FACT_ALL) return c->asks || strong_supported(e, c, f);
    if (f->kind == FACT_NAME && (is_familiar(e, f->text) || is_said(e, f->text))) return true;
    bool words =
        !e->foreign && (f->kind == FACT_NUMBER || f->kind == FACT_MONTH ||
                        f->kind == FACT_WEEKDAY || f->kind == FACT_DAY || f->kind == FACT_UNIT);
    for (size_t i = 0; i < e->claims.n; i++)
        if (pl_answer__states(&e->claims.v[i], f) && (!words || counts(&e->claims.v[i], f)) &&
            (f->kind != FACT_LINK || e->claims.v[i].links) &&
            (!words || (shared(c, &e->claims.v[i]) >= LEAST_SHARED &&
                        !is_of_another(e, c, &e->claims.v[i], f))))
            return true;
    /* A name is a name in any language: its letters are looked for as they are. */
    return f->kind == FACT_NAME && e->foreign;
}

static enum answer_why why_not(enum fact_kind kind) {
    switch (kind) {
    case FACT_ID:
    case FACT_NAME: return WHY_ID;
    case FACT_LINK: return WHY_LINK;
    case FACT_FREE:
    case FACT_ALL: return WHY_CLAIM;
    default: return WHY_NUMBER;
    }
}

/* The share of the claim's words and facts that are in the other. */
static double in_common(const struct claim *c, const struct claim *other) {
    uint32_t n = 0, all = c->nstems + c->nfacts;
    for (uint32_t i = 0; i < c->nstems; i++) n += has_stem(other, c->stems[i]);
    for (uint32_t i = 0; i < c->nfacts; i++) n += pl_answer__states(other, &c->facts[i]);
    return all == 0 ? 1 : (double)n / all;
}

/* The sentence that is about the same says the opposite. */
static bool contradicted(const struct evidence *e, const struct claim *c) {
    const struct claim *best = NULL;
    double most = SAME_MATTER, alike = 0; /* of the best: its share, and the other way round */
    for (size_t i = 0; i < e->claims.n; i++) {
        const struct claim *other = &e->claims.v[i];
        double s = in_common(c, other), back = in_common(other, c);
        if (s < SAME_MATTER) continue;
        bool better = s > most || (s == most && (best == NULL || back > alike));
        bool same = best != NULL && s == most && back == alike && other->denies == c->denies;
        if (!better && !same) continue;
        best = other;
        most = s;
        alike = back;
    }
    if (best == NULL) return false;
    return most >= SAME_WORDS ? best->denies != c->denies : !best->denies != !c->denies;
}

bool pl_answer__says_something(const struct claim *c) {
    return c->asks || c->nfacts > 0 || c->nstems > 0;
}

bool pl_answer__to_the_point(const struct evidence *e, const struct claim *c) {
    if (e->question.nstems == 0 || c->asks) return true;
    for (uint32_t i = 0; i < c->nstems; i++)
        if (has_stem(&e->question, c->stems[i])) return true;
    return false;
}

enum answer_why pl_answer__supported(const struct evidence *e, const struct claim *c) {
    for (uint32_t i = 0; i < c->nfacts; i++)
        if (!fact_supported(e, c, &c->facts[i])) return why_not(c->facts[i].kind);
    if (e->foreign || c->nstems == 0) return WHY_NONE;
    /* A question states nothing: it may be about what the customer said. */
    uint32_t known = 0;
    for (uint32_t i = 0; i < c->nstems; i++)
        known += is_familiar(e, c->stems[i]) || (c->asks && is_said(e, c->stems[i]));
    if (c->nstems >= LEAST_STEMS && known < LEAST_KNOWN * c->nstems) return WHY_CLAIM;
    return !c->asks && (turned_round(e, c) || contradicted(e, c)) ? WHY_CLAIM : WHY_NONE;
}
