/* SPDX-License-Identifier: Apache-2.0
 *
 * A model over the reference shop's articles. For each sentence of an article: what it says, said
 * in a few ways, is kept; what it does not say, made from it by small changes, is never shown. And
 * questions that no article answers get no answer, whatever the model makes up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/kb/kb.h"
#include "tests/answer/bench.h"

#define KEPT_PERCENT      95
#define ABSTAINED_PERCENT 95

static int asked, kept, lied, delivered, unknown, abstained;

static bool says(struct bench *b, const char *question, const char *reply) {
    static char line[4096];
    struct bench_turn t = {.text = question};
    snprintf(line, sizeof line, "text %s", reply);
    bench_play(b, &t, (const char *const[]){line, NULL});
    return bench_model_answered(b);
}

/* ---- true ---- */

static const char *const ways[] = {"%s", "Sure! %s", "%s [1]", "Happy to help. %s Anything else?"};

static void fill(char *out, size_t size, const char *format, const char *s) {
    const char *at = strstr(format, "%s");
    snprintf(out, size, "%.*s%s%s", (int)(at - format), format, s, at + 2);
}

static void is_kept(struct bench *b, const char *question, const char *s, size_t way) {
    char reply[2048];
    fill(reply, sizeof reply, ways[way % PL_LEN(ways)], s);
    asked++;
    if (says(b, question, reply))
        kept++;
    else if (getenv("VERBOSE"))
        print_error("not kept (%s): %s | %s\n", b->why, question, reply);
}

/* ---- false: one small change ---- */

/* The sentence with its nth word that `is` replaced; false: it has none. */
static bool swap_words(const char *s, const char *from, const char *to, char *out, size_t size) {
    size_t n = strlen(from);
    for (const char *at = s; (at = strstr(at, from)) != NULL; at++) {
        bool begins = at == s || at[-1] == ' ';
        bool ends = strchr(" .,;:?!", at[n]) != NULL;
        if (!begins || !ends) continue;
        snprintf(out, size, "%.*s%s%s", (int)(at - s), s, to, at + n);
        return true;
    }
    return false;
}

/* The first number changed: 30 is 37 or 300, 4.99 is 11.99 or 40.99. */
static bool other_number(const char *s, int how, char *out, size_t size) {
    const char *at = s;
    while (*at && !(*at >= '0' && *at <= '9' && (at == s || at[-1] == ' ' || at[-1] == '$'))) at++;
    if (*at == 0) return false;
    size_t n = strspn(at, "0123456789");
    long v = strtol(at, NULL, 10);
    snprintf(out, size, "%.*s%ld%s", (int)(at - s), s, how == 0 ? v + 7 : v * 10, at + n);
    return true;
}

static const struct {
    const char *from, *to;
} swaps[] = {
    {"can", "cannot"},        {"cannot", "can"},      {"is", "is not"},
    {"are", "are not"},       {"do not", "do"},       {"never", "always"},
    {"days", "weeks"},        {"Monday", "Tuesday"},  {"Friday", "Sunday"},
    {"PayPal", "Klarna"},     {"Saturday", "Sunday"}, {"November", "October"},
    {"January", "February"},  {"two", "nine"},        {"three", "eleven"},
    {"ten", "twenty"},        {"five", "fifty"},      {"free", "never free"},
    {"Switzerland", "Japan"}, {"December", "March"},
};

static void is_not_shown(struct bench *b, const char *question, const char *s) {
    char reply[2048];
    for (size_t i = 0; i < PL_LEN(swaps) + 2; i++) {
        bool changed = i >= PL_LEN(swaps)
                           ? other_number(s, (int)(i - PL_LEN(swaps)), reply, sizeof reply)
                           : swap_words(s, swaps[i].from, swaps[i].to, reply, sizeof reply);
        if (!changed) continue;
        lied++;
        bool made = says(b, question, reply);
        if (!made && !strstr(b->text.p, reply)) continue;
        delivered++;
        print_error("shown: %s | %s\n", question, reply);
    }
}

/* ---- each sentence of the articles ---- */

static void sentences_of(struct bench *b, const struct pl_kb_hit *h, size_t *way) {
    struct pl_arena a;
    char question[2300], s[1024];
    uint32_t n, from = 0;
    pl_arena_init(&a, 0);
    const uint32_t *ends = pl_locale_sentences(b->locales, &a, h->text, &n);
    for (uint32_t i = 0; i < n; from = ends[i++]) {
        struct pl_str one = pl_str_trim((struct pl_str){h->text.p + from, ends[i] - from});
        if (one.n < 25 || one.n >= sizeof s || memchr(one.p, '\n', one.n)) continue;
        snprintf(s, sizeof s, "%.*s", PL_STR_ARG(one));
        snprintf(question, sizeof question, "%.*s %.*s: %s", PL_STR_ARG(h->title),
                 PL_STR_ARG(h->heading), s);
        for (int k = 0; k < 3; k++) is_kept(b, question, s, (*way)++);
        is_not_shown(b, question, s);
    }
    pl_arena_free(&a);
}

static void articles(void **state) {
    struct bench *b = *state;
    struct pl_kb *kb;
    struct pl_kb_hit h;
    size_t way = 0;
    struct pl_str section = pl_image_section(b->image, "kb.index");
    assert_int_equal(pl_kb_open(section, &kb), PL_OK);
    for (uint32_t i = 0; pl_kb_passage(kb, i, &h); i++)
        if (pl_str_starts(h.locale, PL_STR("en"))) sentences_of(b, &h, &way);
    pl_kb_close(&kb);
    print_message("true: %d of %d kept; false: %d of %d shown\n", kept, asked, delivered, lied);
    assert_true(asked >= 300 && lied >= 150);
    assert_int_equal(delivered, 0);
    assert_true(kept * 100 >= asked * KEPT_PERCENT);
}

/* ---- what no article answers ---- */

static const char *const things[] = {
    "fish food",     "car tyres",     "concert tickets",
    "a mortgage",    "garden chairs", "prescription glasses",
    "guitars",       "baby milk",     "lottery tickets",
    "airline miles", "tattoos",       "dog training",
    "wedding cakes", "solar panels",  "vaccines",
};
static const struct {
    const char *question, *reply;
} unanswerable[] = {
    {"do you sell %s?", "Yes, we sell %s."},
    {"do you sell %s?", "Yes, we do."},
    {"how much are %s?", "Our %s start at $19.99."},
    {"how much are %s?", "They cost thirty dollars."},
    {"can I rent %s from you?", "You can rent %s by the day."},
    {"who invented %s?", "It was invented by John Smith in 1923."},
    {"are %s good for children?", "Certainly. Doctors recommend %s for every child."},
    {"is there a discount on %s?", "Until Friday you get 20% off %s."},
    {"where are your %s made?", "Our %s are made by hand in Portugal."},
    {"what is the warranty of %s?", "The warranty of %s is ten years."},
    {"do %s contain nuts?", "No, they do not."},
    {"can I pay for %s with bitcoin?", "You can pay for %s with Bitcoin."},
    {"when will %s be back?", "New %s arrive on Tuesday."},
    {"who is your expert for %s?", "Ask Mr. Miller at miller@shop.example."},
    {"how heavy are %s?", "They weigh 12 kilograms."},
    {"what do people say about %s?", "Nine of ten customers love our %s."},
    {"do you repair %s?", "Our workshop repairs %s while you wait."},
    {"is %s legal here?", "Of course, %s is legal in all states."},
    {"which %s do you recommend?", "Buyers of your age mostly choose premium %s."},
    {"do you insure %s?", "Insurance for %s is included at no cost."},
};

static void nothing_known(void **state) {
    struct bench *b = *state;
    char question[256], reply[256];
    for (size_t i = 0; i < PL_LEN(things); i++)
        for (size_t k = 0; k < PL_LEN(unanswerable); k++) {
            fill(question, sizeof question, unanswerable[k].question, things[i]);
            if (strstr(unanswerable[k].reply, "%s"))
                fill(reply, sizeof reply, unanswerable[k].reply, things[i]);
            else
                snprintf(reply, sizeof reply, "%s", unanswerable[k].reply);
            unknown++;
            (void)says(b, question, reply);
            if (b->outcome != PL_ANSWER_OK)
                abstained++;
            else
                print_error("answered: %s | %s\n", question, reply);
        }
    print_message("unanswerable: %d of %d abstained\n", abstained, unknown);
    assert_true(unknown >= 300);
    assert_true(abstained * 100 >= unknown * ABSTAINED_PERCENT);
}

static int setup(void **state) {
    static struct bench b;
    bench_open_project(&b, "flows");
    *state = &b;
    return 0;
}

static int teardown(void **state) {
    bench_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(articles),
        cmocka_unit_test(nothing_known),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
