/* SPDX-License-Identifier: Apache-2.0
 *
 * What is told of a conversation to somebody at a terminal: why it is where it is, what it knows.
 */
#include <stdio.h>

#include "tools/sim/sim_priv.h"

/* Control characters, marks of direction and the like are for terminals and pages to obey. */
static bool is_harmless(uint32_t cp) {
    bool control = cp < 0x20 || (cp >= 0x7f && cp < 0xa0);
    bool direction = (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
                     (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff || cp == 0x61c;
    return !control && !direction;
}

struct pl_str pl_sim__clean(struct pl_arena *a, struct pl_str s) {
    struct pl_buf b = {0};
    bool blank = true; /* none at the beginning, and one for many */
    for (size_t at = 0; at < s.n;) {
        size_t from = at;
        uint32_t cp = pl_utf8_next(s, &at);
        bool space = cp == ' ' || cp == '\n' || cp == '\t';
        if (space && !blank) pl_buf_byte(&b, ' ');
        if (!space && is_harmless(cp)) pl_buf_add(&b, s.p + from, at - from);
        blank = space;
    }
    struct pl_str clean = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return clean;
}

#define WHAT_WIDE 14

void pl_sim__tell_why(struct sim_screen *c, const struct pl_sim_reason *reasons, size_t n,
                      struct pl_str now) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    for (size_t i = 0; i <= n; i++) {
        struct pl_sim_reason r = i < n ? reasons[i] : (struct pl_sim_reason){PL_STR("waits"), now};
        if (i == n && !now.n) break;
        fprintf(c->out, "  %-*.*s ", WHAT_WIDE, PL_STR_ARG(r.what));
        pl_sim__wrapped(c, pl_sim__clean(&a, r.text), WHAT_WIDE + 3);
    }
    pl_arena_free(&a);
}

void pl_sim__tell_slots(struct sim_screen *c, struct sim_types *t, struct pl_value slots) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    bool some = slots.kind == PL_KIND_RECORD && slots.rec.n > 0;
    if (!some) fprintf(c->out, "  nothing is known\n");
    for (uint32_t i = 0; some && i < slots.rec.n; i++) {
        struct pl_buf b = {0};
        pl_sim__print(t, &b, slots.rec.f[i].value);
        fprintf(c->out, "  %.*s = ", PL_STR_ARG(slots.rec.f[i].name));
        pl_sim__wrapped(c, pl_sim__clean(&a, pl_buf_slice(&b)), 5 + slots.rec.f[i].name.n);
        pl_buf_free(&b);
    }
    pl_arena_free(&a);
}
