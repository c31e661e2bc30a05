/* SPDX-License-Identifier: Apache-2.0
 *
 * What the programs of tests/nlu share: their main, files, and figures of others.
 */
#include "tests/nlu/nlu.h"

#include <string.h>
#include <time.h>

#define FILE_MOST ((size_t)64 << 20)

bool nlu_wants(const struct nlu *n, const char *set) {
    for (int i = 0; i < n->nsets; i++)
        if (strcmp(n->sets[i], set) == 0) return true;
    return n->nsets == 0;
}

struct pl_str nlu_file(struct nlu *n, const char *name) {
    struct pl_str text;
    const char *path = pl_arena_printf(&n->a, "%s/%s", n->data, name).p;
    return pl_file_read(&n->a, path, FILE_MOST, &text) == PL_OK ? text : PL_STR("");
}

/* What stands in front of the mark; `rest` goes on behind it. */
static struct pl_str take(struct pl_str *rest, struct pl_str mark) {
    size_t at = pl_str_find(*rest, mark), end = at == SIZE_MAX ? rest->n : at;
    struct pl_str s = {rest->p, end};
    end += at == SIZE_MAX ? 0 : mark.n;
    *rest = (struct pl_str){rest->p + end, rest->n - end};
    return s;
}

bool nlu_line(struct pl_str *rest, struct pl_str *line) {
    if (rest->n == 0) return false;
    *line = take(rest, PL_STR("\n"));
    return true;
}

struct pl_str nlu_field(struct pl_str *line) {
    return take(line, PL_STR("\t"));
}

void nlu_peers(const struct nlu *n, const char *row) {
    struct pl_str rest = n->peers, line;
    while (nlu_line(&rest, &line)) {
        struct pl_str of = nlu_field(&line), figure = nlu_field(&line), value = nlu_field(&line),
                      who = nlu_field(&line);
        if (pl_str_is(of, row))
            printf("    %.*s: %.*s %.*s (%.*s)\n", PL_STR_ARG(who), PL_STR_ARG(figure),
                   PL_STR_ARG(value), PL_STR_ARG(line));
    }
}

bool nlu_is_under(const char *what, double found, double floor) {
    if (found >= floor) return false;
    printf("%s: %.1f, under its floor of %.1f\n", what, found, floor);
    return true;
}

void nlu_reader_open(struct nlu *n, struct nlu_reader *r) {
    static const struct pl_str english = {"en", 2};
    static const struct pl_str intents[] = {{"track", 5}, {"cancel", 6}};
    static const struct pl_nlp_example examples[] = {{0, {"en", 2}, {"where is it", 11}},
                                                     {1, {"en", 2}, {"cancel that", 11}}};
    struct pl_nlp_source source = {.langs = &english,
                                   .nlangs = 1,
                                   .bare = true,
                                   .intents = intents,
                                   .nintents = 2,
                                   .examples = examples,
                                   .nexamples = 2};
    struct pl_str why = PL_STR("");
    struct pl_buf section = {0};
    *r = (struct nlu_reader){0};
    pl_arena_init(&r->a, 0);
    pl_assert(pl_nlp_build(n->tools, &n->a, &source, &section, &why) == PL_OK);
    pl_assert(pl_nlp_open(pl_arena_str(&n->a, pl_buf_slice(&section)), &r->model) == PL_OK);
    pl_assert(pl_nlp_new(r->model, n->tools, &r->nlp) == PL_OK);
    pl_buf_free(&section);
}

void nlu_reader_close(struct nlu_reader *r) {
    pl_nlp_free(&r->nlp);
    pl_nlp_close(&r->model);
    pl_arena_free(&r->a);
}

struct pl_nlp_reading nlu_read(struct nlu_reader *r, struct pl_str locale, struct pl_str text) {
    struct pl_nlp_reading out;
    struct pl_nlp_context ctx = {.language = pl_locale_language(locale),
                                 .locale = locale,
                                 .currency = PL_STR("EUR"),
                                 .now_ms = NLU_MS};
    pl_arena_reset(&r->a);
    pl_nlp_read(r->nlp, &r->a, text, &ctx, &out);
    return out;
}

bool nlu_is_held_out(struct pl_str text) {
    return (pl_fnv(PL_FNV, text.p, text.n) >> 17 & 1) != 0;
}

double nlu_percent(double of, double n) {
    return n > 0 ? 100 * of / n : 0;
}

double nlu_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    bool quick = argc == 3 && strcmp(argv[1], "--quick") == 0;
    if (argc < 2 || (argv[1][0] == '-' && !quick)) {
        fprintf(stderr, "usage: %s DATA [SET...] | --quick FOLDER\n", argv[0]);
        return 2;
    }
    struct nlu n = {.tools = pl_locale_tools_new(), .data = argv[quick ? 2 : 1]};
    if (!quick) n.sets = argv + 2, n.nsets = argc - 2;
    bool bad = false;
    pl_arena_init(&n.a, 0);
    if (pl_file_read(&n.a, NLU_PEERS, FILE_MOST, &n.peers) != PL_OK) n.peers = PL_STR("");
    if (quick)
        bad = nlu_quick(&n);
    else
        nlu_table(&n);
    pl_arena_free(&n.a);
    pl_locale_tools_free(&n.tools);
    return bad;
}
