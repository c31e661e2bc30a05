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
