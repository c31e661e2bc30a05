/* SPDX-License-Identifier: Apache-2.0
 *
 * understand --train: files of `text<TAB>intent` as what an intent model is trained from.
 */
#include <string.h>

#include "tools/cli/cli_understand_priv.h"

#define FILE_MOST ((size_t)64 << 20)

struct set {
    struct cli_understand *u;
    struct pl_map ids; /* intent + 1 by its name */
    PL_VEC(struct pl_str) intents;
    PL_VEC(struct pl_nlp_example) examples;
};

static bool is_oos(struct pl_str intent) {
    return pl_str_is(intent, "oos") || pl_str_is(intent, "out_of_scope");
}

static uint32_t intent_of(struct set *s, struct pl_str name) {
    if (is_oos(name)) return PL_NLP_NO_INTENT;
    uintptr_t id = (uintptr_t)pl_map_get(&s->ids, name);
    if (id == 0) {
        PL_PUSH(&s->intents, name);
        id = s->intents.n;
        pl_map_put(&s->ids, name, (void *)id); /* NOLINT: a number */
    }
    return (uint32_t)(id - 1);
}

/* Of a file whose every text is out of scope the second column may be missing. */
static int take_line(struct set *s, const char *file, size_t number, struct pl_str line, bool oos) {
    size_t tab = pl_str_find(line, PL_STR("\t"));
    if (tab == SIZE_MAX && !oos)
        return pl_cli__failure("%s:%zu: a line is `text<TAB>intent`", file, number);
    struct pl_str text = pl_str_trim((struct pl_str){line.p, tab == SIZE_MAX ? line.n : tab});
    struct pl_str intent = {0};
    if (tab != SIZE_MAX) intent = pl_str_trim((struct pl_str){line.p + tab + 1, line.n - tab - 1});
    if (!pl_utf8_valid(line)) return pl_cli__failure("%s:%zu: this is no UTF-8", file, number);
    if (!oos && (!text.n || !intent.n))
        return pl_cli__failure("%s:%zu: the text or the intent is empty", file, number);
    if (number == 1 && pl_str_is(text, "text")) return CLI_OK; /* a head */
    struct pl_nlp_example e = {.intent = oos ? PL_NLP_NO_INTENT : intent_of(s, intent),
                               .text = text};
    PL_PUSH(&s->examples, e);
    return CLI_OK;
}

static int read_file(struct set *s, const char *file, bool oos) {
    struct pl_str rest;
    int code = CLI_OK;
    enum pl_err err = pl_file_read(&s->u->arena, file, FILE_MOST, &rest);
    if (err != PL_OK) return pl_cli__failure("%s: %s", file, pl_err_text(err));
    if (pl_str_starts(rest, PL_STR("\xef\xbb\xbf"))) rest = (struct pl_str){rest.p + 3, rest.n - 3};
    for (size_t number = 1; rest.n && code == CLI_OK; number++) {
        size_t n = pl_str_find(rest, PL_STR("\n"));
        struct pl_str line = {rest.p, n == SIZE_MAX ? rest.n : n};
        if (pl_str_trim(line).n) code = take_line(s, file, number, line, oos);
        n = n == SIZE_MAX ? rest.n : n + 1;
        rest = (struct pl_str){rest.p + n, rest.n - n};
    }
    return code;
}

/* The language that most texts are in: for those that do not tell. */
static struct pl_str usual_language(struct set *s) {
    struct pl_buf b = {0};
    for (size_t i = 0; i < s->examples.n && b.n < 20000; i++) {
        pl_buf_str(&b, s->examples.v[i].text);
        pl_buf_byte(&b, '\n');
    }
    struct pl_str told = pl_nlp_tell(pl_buf_slice(&b), PL_STR("en"));
    told = told.n ? pl_arena_str(&s->u->arena, told) : PL_STR("en");
    pl_buf_free(&b);
    return told;
}

static int build(struct set *s, size_t nexamples, const struct cli_training *from) {
    struct cli_understand *u = s->u;
    struct pl_str why = PL_STR("");
    u->locale = from->locale ? pl_str_c(from->locale) : usual_language(s);
    for (size_t i = 0; i < s->examples.n; i++) s->examples.v[i].lang = u->locale;
    const struct pl_nlp_source source = {
        .langs = &u->locale,
        .nlangs = 1,
        .bare = true,
        .intents = s->intents.v,
        .nintents = (uint32_t)s->intents.n,
        .examples = s->examples.v,
        .nexamples = (uint32_t)nexamples,
        .held = s->examples.v + nexamples,
        .nheld = (uint32_t)(s->examples.n - nexamples),
    };
    enum pl_err err = pl_nlp_build(u->tools, &u->arena, &source, &u->section, &why);
    if (err == PL_OK) return CLI_OK;
    return pl_cli__failure("%s: %s", from->train, why.n ? why.p : pl_err_text(err));
}

int pl_cli__understand_train(struct cli_understand *u, const struct cli_training *from) {
    struct set s = {.u = u};
    int code = read_file(&s, from->train, false);
    if (code == CLI_OK && !s.intents.n)
        code = pl_cli__failure("%s: there is no example", from->train);
    if (code == CLI_OK && from->oos) code = read_file(&s, from->oos, true);
    size_t nexamples = s.examples.n, nintents = s.intents.n;
    if (code == CLI_OK && from->val) code = read_file(&s, from->val, false);
    if (code == CLI_OK && s.intents.n > nintents)
        code = pl_cli__failure("%s: no example has the intent '%.*s'", from->val,
                               PL_STR_ARG(s.intents.v[nintents]));
    if (code == CLI_OK) code = build(&s, nexamples, from);
    pl_map_free(&s.ids);
    PL_VEC_FREE(&s.intents);
    PL_VEC_FREE(&s.examples);
    return code;
}
