/* SPDX-License-Identifier: Apache-2.0
 *
 * A sequential test of two proportions: is something more frequent with the canary than beside it?
 *
 * Conversations come in blocks: one of the canary's and `m` beside it. Before each block two rates
 * are guessed from the blocks before it, the canary's (a) and the other (b), a > b; let o be their
 * mean weighted by the block. The evidence is multiplied by how much likelier the block is under
 * (a, b) than under (o, o). Whatever the true rates are, as long as the canary's is not higher, the
 * expected factor is at most 1 (Turner, Ly, Gruenwald: Generic E-variables for exact sequential
 * k-sample tests, 2022; the first factor grows with the canary's rate, the second falls with the
 * other's, so that equal rates are the worst case). So by Ville's inequality evidence of 1 / alpha
 * ever comes up with a chance of at most alpha, however often one looks.
 */
#include <math.h>
#include <string.h>

#include "runtime/engine/engine_priv.h"

#define WORSE 0.1 /* guessed at first: so much more than beside it ... */
#define FIRST 5.0 /* ... with the weight of so many conversations */

static double clamp(double p) {
    return p < 0.001 ? 0.001 : p > 0.999 ? 0.999 : p;
}

/* How much likelier `bad` of `n` are at the rate p than at o, as a logarithm. */
static double likelier(uint32_t bad, uint32_t n, double p, double o) {
    return bad * log(p / o) + (n - bad) * log((1 - p) / (1 - o));
}

static void end_block(struct eng_guard *g, uint32_t m, bool bad) {
    const struct eng_guard_sum *beside = &g->tested[0], *canary = &g->tested[1];
    double b = clamp(((double)beside->bad + 0.5) / ((double)beside->n + 1));
    double a =
        clamp(((double)canary->bad + FIRST * clamp(b + WORSE)) / ((double)canary->n + FIRST));
    double o = (a + m * b) / (1 + m);
    if (a > b) g->evidence += likelier(bad, 1, a, o) + likelier(g->block_bad, m, b, o);
    g->tested[0].n += m;
    g->tested[0].bad += g->block_bad;
    g->tested[1].n++;
    g->tested[1].bad += bad;
    g->block = g->block_bad = 0;
}

void pl_engine__guard_seen(struct eng_guard *g, bool canary, bool bad, uint32_t m) {
    g->seen[canary].n++;
    g->seen[canary].bad += bad;
    if (canary && g->nwaiting < 64) g->waiting |= (uint64_t)bad << g->nwaiting++;
    if (!canary && g->block < m) {
        g->block++;
        g->block_bad += bad;
    }
    /* what comes too many of one kind is left out of the test, whatever it is */
    if (g->block < m || g->nwaiting == 0) return;
    bool first = g->waiting & 1;
    g->waiting >>= 1;
    g->nwaiting--;
    end_block(g, m, first);
}

bool pl_engine__guard_worse(const struct eng_guard *g, uint32_t nguards) {
    return g->evidence >= log(nguards / PL_ENGINE_CANARY_ALPHA);
}

uint32_t pl_engine__guard_block(uint32_t share) {
    uint32_t m = share ? (10000 - share) / share : 1;
    return m < 1 ? 1 : m > 9 ? 9 : m;
}
