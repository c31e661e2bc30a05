/* SPDX-License-Identifier: Apache-2.0
 *
 * What grammar cannot know itself, asked of locale, nlp and hooks. */
#include "runtime/hooks/hooks.h"
#include "runtime/locale/locale.h"
#include "runtime/nlp/nlp.h"
#include "tools/compile/compile_priv.h"

#define HOLIDAYS_MOST (1u << 20)

static struct pl_locale_tools *tools(void *ctx) {
    return ((struct pl_compile_host *)ctx)->tools;
}

/* ---- locales and regular expressions ---- */

static bool locale(void *ctx, struct pl_str id) {
    (void)ctx;
    return pl_locale_known(id);
}

static bool zone(void *ctx, struct pl_str name) {
    (void)ctx;
    return pl_locale_zone_known(name);
}

static unsigned plurals(void *ctx, struct pl_str id, bool ordinal) {
    unsigned bits = 1u << PL_OTHER;
    (void)ctx;
    if (pl_locale_plural_categories(id, ordinal, &bits) != PL_OK) bits = 1u << PL_OTHER;
    return bits;
}

static bool regex(void *ctx, struct pl_str pattern, struct pl_str flags, size_t *at) {
    struct pl_locale_regex *re = NULL;
    (void)ctx;
    if (pl_locale_regex_new(pattern, flags, &re, at) != PL_OK) return false;
    pl_locale_regex_free(&re);
    return true;
}

static bool matches(void *ctx, struct pl_str pattern, struct pl_str flags, struct pl_str text) {
    struct pl_locale_regex *re = NULL;
    struct pl_arena a;
    (void)ctx;
    if (pl_locale_regex_new(pattern, flags, &re, NULL) != PL_OK) return false;
    pl_arena_init(&a, 0);
    bool whole = pl_locale_regex_is(re, pl_locale_subject(&a, text));
    pl_arena_free(&a);
    pl_locale_regex_free(&re);
    return whole;
}

static struct pl_str fold(void *ctx, struct pl_arena *a, struct pl_str s) {
    return pl_locale_fold(tools(ctx), a, s);
}

static struct pl_str stems(void *ctx, struct pl_arena *a, struct pl_str language, struct pl_str s) {
    struct pl_arena scratch; /* words take many times what their stems do */
    pl_arena_init(&scratch, 0);
    struct pl_words words = pl_locale_words(tools(ctx), &scratch, s, language);
    size_t n = 0;
    for (uint32_t i = 0; i < words.n; i++) n += words.v[i].stem.n + 1;
    struct pl_str all = {pl_arena_raw(a, n + 1), 0};
    char *to = (char *)(uintptr_t)all.p;
    for (uint32_t i = 0; i < words.n; i++) {
        if (i) to[all.n++] = ' ';
        if (words.v[i].stem.n) memcpy(to + all.n, words.v[i].stem.p, words.v[i].stem.n);
        all.n += words.v[i].stem.n;
    }
    pl_arena_free(&scratch);
    return all;
}

static size_t graphemes(void *ctx, struct pl_str s) {
    return pl_locale_graphemes(tools(ctx), s);
}

/* ---- training: grammar's rows as nlp's ---- */

static const struct pl_nlp_phrase *phrases(struct pl_arena *a, const struct pl_grammar_phrase *from,
                                           uint32_t n) {
    struct pl_nlp_phrase *v = PL_NEW_ARRAY(a, struct pl_nlp_phrase, (size_t)n + 1);
    for (uint32_t i = 0; i < n; i++) v[i] = (struct pl_nlp_phrase){from[i].lang, from[i].text};
    return v;
}

static const struct pl_nlp_regex *regexes(struct pl_arena *a, const struct pl_grammar_regex *from,
                                          uint32_t n) {
    struct pl_nlp_regex *v = PL_NEW_ARRAY(a, struct pl_nlp_regex, (size_t)n + 1);
    for (uint32_t i = 0; i < n; i++) v[i] = (struct pl_nlp_regex){from[i].pattern, from[i].flags};
    return v;
}

static struct pl_nlp_entity entity(struct pl_arena *a, const struct pl_grammar_entity *from) {
    struct pl_nlp_synonym *words = PL_NEW_ARRAY(a, struct pl_nlp_synonym, (size_t)from->nwords + 1);
    for (uint32_t i = 0; i < from->nwords; i++)
        words[i] = (struct pl_nlp_synonym){from->words[i].member, from->words[i].lang,
                                           from->words[i].text};
    unsigned flags = (from->upper ? PL_NLP_UPPER : 0u) | (from->lower ? PL_NLP_LOWER : 0u) |
                     (from->from_hook ? PL_NLP_FROM_HOOK : 0u);
    return (struct pl_nlp_entity){.name = from->name,
                                  .kind = from->kind,
                                  .flags = (uint8_t)flags,
                                  .regexes = regexes(a, from->regexes, from->nregexes),
                                  .nregexes = from->nregexes,
                                  .words = words,
                                  .nwords = from->nwords,
                                  .after = phrases(a, from->after, from->nafter),
                                  .nafter = from->nafter};
}

static void fill_source(struct pl_arena *a, const struct pl_grammar_training *t,
                        struct pl_nlp_source *out) {
    struct pl_nlp_example *examples =
        PL_NEW_ARRAY(a, struct pl_nlp_example, (size_t)t->nexamples + 1);
    for (uint32_t i = 0; i < t->nexamples; i++)
        examples[i] = (struct pl_nlp_example){t->examples[i].intent, t->examples[i].lang,
                                              t->examples[i].text};
    struct pl_nlp_entity *entities =
        PL_NEW_ARRAY(a, struct pl_nlp_entity, (size_t)t->nentities + 1);
    for (uint32_t i = 0; i < t->nentities; i++) entities[i] = entity(a, &t->entities[i]);
    struct pl_nlp_mention *mentions =
        PL_NEW_ARRAY(a, struct pl_nlp_mention, (size_t)t->nmentions + 1);
    for (uint32_t i = 0; i < t->nmentions; i++)
        mentions[i] = (struct pl_nlp_mention){phrases(a, t->mentions[i].phrases, t->mentions[i].n),
                                              t->mentions[i].n};
    *out = (struct pl_nlp_source){.langs = t->langs,
                                  .nlangs = t->nlangs,
                                  .intents = t->intents,
                                  .nintents = t->nintents,
                                  .examples = examples,
                                  .nexamples = t->nexamples,
                                  .entities = entities,
                                  .nentities = t->nentities,
                                  .mentions = mentions,
                                  .nmentions = t->nmentions,
                                  .matches = regexes(a, t->matches, t->nmatches),
                                  .nmatches = t->nmatches};
}

static void cross(struct pl_compile_host *h, struct pl_arena *a,
                  const struct pl_grammar_training *t, const struct pl_nlp_source *source) {
    uint32_t *read_as = PL_NEW_ARRAY(a, uint32_t, (size_t)t->nexamples + 1);
    if (pl_nlp_crossed(h->tools, a, source, read_as) == PL_OK)
        h->options->crossed(h->options->crossed_ctx, t, read_as);
}

static bool train(void *ctx, struct pl_arena *a, const struct pl_grammar_training *t,
                  struct pl_buf *section, struct pl_str *why) {
    struct pl_nlp_source source;
    struct pl_compile_host *h = ctx;
    fill_source(a, t, &source);
    if (h->options->training) h->options->training(h->options->training_ctx, t);
    source.cache = h->cache[0] ? &h->models : NULL;
    *why = PL_STR("");
    enum pl_err err = pl_nlp_build(tools(ctx), a, &source, section, why);
    if (err != PL_OK && !why->n) *why = pl_str_c(pl_err_text(err));
    if (err == PL_OK && h->options->crossed) cross(h, a, t, &source);
    return err == PL_OK;
}

static size_t confusions(void *ctx, struct pl_arena *a, const struct pl_grammar_training *t,
                         struct pl_str section, struct pl_grammar_confusion *out, size_t max) {
    struct pl_nlp_source source;
    struct pl_nlp_confusion *found = PL_NEW_ARRAY(a, struct pl_nlp_confusion, max + 1);
    fill_source(a, t, &source);
    size_t n = pl_nlp_confusions(tools(ctx), &source, section, found, max);
    if (n > max) n = max;
    for (size_t i = 0; i < n; i++)
        out[i] = (struct pl_grammar_confusion){found[i].example, found[i].intent};
    return n;
}

static void knowledge(void *ctx, struct pl_arena *a, const struct pl_str *locales, uint32_t n,
                      struct pl_diags *diags, struct pl_buf *section) {
    struct pl_compile_host *h = ctx;
    pl_compile__knowledge(a, h->tools, h->sources, h->articles, locales, n, diags,
                          h->check_only ? NULL : section);
}

/* ---- files ---- */

static void lua(void *ctx, struct pl_arena *a, const struct pl_grammar_lua *file,
                struct pl_grammar_lua_names *out) {
    struct pl_hooks_source source = {file->name, file->text};
    struct pl_hooks_checked checked = {0};
    (void)ctx;
    *out = (struct pl_grammar_lua_names){0};
    if (pl_hooks_check(a, &source, &checked) == PL_OK) {
        out->v = checked.names;
        out->n = checked.nnames;
        return;
    }
    out->mistake = checked.message.n ? checked.message : PL_STR("it does not run");
    out->line = checked.line;
}

/* A file named by a flow: beside it, never outside the project. */
static bool read_beside(void *ctx, struct pl_arena *a, struct pl_str flow_file, struct pl_str path,
                        struct pl_str *out) {
    const struct pl_compile_host *h = ctx;
    if (!path.n || path.p[0] == '/' || pl_str_find(path, PL_STR("..")) != SIZE_MAX) return false;
    pl_assert(pl_str_starts(flow_file, h->label));
    struct pl_str rest = {flow_file.p + h->label.n, flow_file.n - h->label.n};
    while (rest.n && rest.p[rest.n - 1] != '/') rest.n--;
    struct pl_str full = pl_arena_printf(a, "%.*s%.*s%.*s", PL_STR_ARG(h->folder), PL_STR_ARG(rest),
                                         PL_STR_ARG(path));
    return pl_file_read(a, full.p, HOLIDAYS_MOST, out) == PL_OK;
}

void pl_compile__host_open(struct pl_compile_host *h, struct pl_grammar_host *out) {
    h->tools = pl_locale_tools_new();
    *out = (struct pl_grammar_host){.ctx = h,
                                    .locale = locale,
                                    .zone = zone,
                                    .plurals = plurals,
                                    .regex = regex,
                                    .matches = matches,
                                    .fold = fold,
                                    .stems = stems,
                                    .graphemes = graphemes,
                                    .train = train,
                                    .confusions = confusions,
                                    .lua = lua,
                                    .read = read_beside,
                                    .knowledge = knowledge};
}

void pl_compile__host_close(struct pl_compile_host *h) {
    pl_locale_tools_free(&h->tools);
}
