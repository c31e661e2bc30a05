/* SPDX-License-Identifier: Apache-2.0
 *
 * The circuit breaker of one target. Only what ended counts, never what merely began.
 */
#include <string.h>

#include "runtime/llm/llm_run_priv.h"

static void move_window(struct pl_llm__breaker *b, const struct pl_llm_target *t, int64_t now_us) {
    int64_t slot = now_us / (t->breaker_window * 1000 / PL_LLM__SLOTS);
    if (slot - b->slot >= PL_LLM__SLOTS) {
        memset(b->window, 0, sizeof b->window);
        b->slot = slot;
    }
    while (b->slot < slot) {
        b->slot++;
        memset(&b->window[b->slot % PL_LLM__SLOTS], 0, sizeof b->window[0]);
    }
}

static bool too_many(const struct pl_llm__breaker *b, const struct pl_llm_target *t) {
    uint64_t good = 0, bad = 0;
    for (size_t i = 0; i < PL_LLM__SLOTS; i++) {
        good += b->window[i].good;
        bad += b->window[i].bad;
    }
    if (b->in_a_row >= (uint64_t)t->breaker_failures) return true;
    return good + bad >= (uint64_t)t->breaker_least &&
           bad * 100 >= (uint64_t)t->breaker_percent * (good + bad);
}

/* Half as long to half as much again, so that many servers do not come back together. */
static void open_for(struct pl_llm__breaker *b, int64_t ms, int64_t now_us, struct pl_rand *rand) {
    b->state = PL_LLM_OPEN;
    b->trial = 0;
    b->until_us = now_us + ms * 500 + (int64_t)pl_rand_below(rand, (uint64_t)ms * 1000);
}

bool pl_llm__breaker_admits(const struct pl_llm__breaker *b) {
    return b->state == PL_LLM_CLOSED || (b->state == PL_LLM_HALF_OPEN && !b->trial);
}

uint32_t pl_llm__breaker_begin(struct pl_llm__breaker *b) {
    if (b->state != PL_LLM_HALF_OPEN || b->trial) return 0;
    if (++b->trials == 0) b->trials = 1;
    b->trial = b->trials;
    return b->trial;
}

static bool is_trial(const struct pl_llm__breaker *b, uint32_t trial) {
    return trial && trial == b->trial;
}

void pl_llm__breaker_good(struct pl_llm__breaker *b, const struct pl_llm_target *t, uint32_t trial,
                          int64_t now_us) {
    move_window(b, t, now_us);
    b->window[b->slot % PL_LLM__SLOTS].good++;
    b->in_a_row = 0;
    if (b->state != PL_LLM_HALF_OPEN || !is_trial(b, trial)) return;
    *b = (struct pl_llm__breaker){.state = PL_LLM_CLOSED, .slot = b->slot, .trials = b->trials};
}

bool pl_llm__breaker_bad(struct pl_llm__breaker *b, const struct pl_llm_target *t, uint32_t trial,
                         int64_t now_us, struct pl_rand *rand) {
    move_window(b, t, now_us);
    b->window[b->slot % PL_LLM__SLOTS].bad++;
    b->in_a_row++;
    bool opens = b->state == PL_LLM_HALF_OPEN ? is_trial(b, trial)
                                              : b->state == PL_LLM_CLOSED && too_many(b, t);
    if (opens) open_for(b, t->breaker_open, now_us, rand);
    return opens;
}

bool pl_llm__breaker_hold(struct pl_llm__breaker *b, const struct pl_llm_target *t, int64_t now_us,
                          struct pl_rand *rand) {
    bool opens = b->state != PL_LLM_OPEN;
    open_for(b, t->breaker_hold, now_us, rand);
    b->held = true;
    return opens;
}

void pl_llm__breaker_free(struct pl_llm__breaker *b, uint32_t trial) {
    if (is_trial(b, trial)) b->trial = 0;
}

void pl_llm__breaker_probed(struct pl_llm__breaker *b, const struct pl_llm_target *t, bool well,
                            int64_t now_us, struct pl_rand *rand) {
    if (b->state != PL_LLM_OPEN) return;
    if (!well) {
        open_for(b, b->held ? t->breaker_hold : t->breaker_open, now_us, rand);
        return;
    }
    b->state = PL_LLM_HALF_OPEN;
    b->held = false;
    b->trial = 0;
}
