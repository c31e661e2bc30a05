/* SPDX-License-Identifier: Apache-2.0
 *
 * Gates: how much of which kind of difference is too much. "path<1%,stuck<1": a share of the
 * conversations that were compared, or their number.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/sim/sim_replay_priv.h"

struct limit {
    enum pl_engine_verdict verdict;
    double most; /* below this */
    bool share;  /* in percent */
};

static bool verdict_of(struct pl_str word, enum pl_engine_verdict *out) {
    for (int v = PL_ENGINE_WORDING; v < PL_ENGINE_VERDICTS; v++)
        if (pl_str_is(word, pl_engine_verdict_word((enum pl_engine_verdict)v))) {
            *out = (enum pl_engine_verdict)v;
            return true;
        }
    return false;
}

/* A plain decimal above 0: strtod alone takes much more. */
static bool number_of(struct pl_str s, double *out) {
    char text[32];
    if (s.n == 0 || s.n >= sizeof text) return false;
    for (size_t i = 0; i < s.n; i++)
        if (!strchr("0123456789.", s.p[i])) return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    char *end;
    *out = strtod(text, &end);
    return *end == 0 && *out > 0;
}

static bool parse_one(struct pl_str s, struct limit *out) {
    size_t less = pl_str_find(s, PL_STR("<"));
    if (less == SIZE_MAX) return false;
    struct pl_str word = pl_str_trim((struct pl_str){s.p, less});
    struct pl_str most = pl_str_trim((struct pl_str){s.p + less + 1, s.n - less - 1});
    out->share = pl_str_ends(most, PL_STR("%"));
    most.n -= out->share;
    return verdict_of(word, &out->verdict) && number_of(most, &out->most);
}

/* The next of the list, which is cut off. */
static struct pl_str take(struct pl_str *rest) {
    size_t comma = pl_str_find(*rest, PL_STR(","));
    size_t n = comma == SIZE_MAX ? rest->n : comma, skip = comma == SIZE_MAX ? n : n + 1;
    struct pl_str one = {rest->p, n};
    *rest = (struct pl_str){rest->p + skip, rest->n - skip};
    return one;
}

bool pl_sim__gate_parse(const char *gate, struct pl_buf *why) {
    struct pl_str rest = pl_str_c(gate);
    struct limit limit;
    do {
        struct pl_str one = take(&rest);
        if (parse_one(one, &limit)) continue;
        pl_buf_printf(why,
                      "'%.*s' is no limit: say wording, path, stuck or missing, then < and a share "
                      "or a number above 0, as in \"path<1%%,stuck<1\"",
                      PL_STR_ARG(one));
        return false;
    } while (rest.n);
    return true;
}

static bool met(const struct limit *l, const struct sums *s, struct pl_buf *why) {
    uint64_t n = s->verdicts[l->verdict], all = pl_sim__compared(s);
    double share = all ? 100.0 * (double)n / (double)all : 0;
    bool good = (l->share ? share : (double)n) < l->most;
    if (!good)
        pl_buf_printf(why,
                      "beyond the gate: %s %llu of %llu conversations, %.2f%%; less than %g%s "
                      "was asked for\n",
                      pl_engine_verdict_word(l->verdict), (unsigned long long)n,
                      (unsigned long long)all, share, l->most, l->share ? "%" : "");
    return good;
}

bool pl_sim__gate_met(const char *gate, const struct sums *s, struct pl_buf *why) {
    struct pl_str rest = pl_str_c(gate);
    struct limit limit;
    bool good = true;
    while (rest.n && parse_one(take(&rest), &limit)) good = met(&limit, s, why) && good;
    return good;
}
