/* SPDX-License-Identifier: Apache-2.0
 *
 * One conversation of any engine, looked on at: why, where it went, what it knows.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/sim/sim_priv.h"

#define RAN_MOST 256 /* places of a step */

struct pl_sim_watch {
    struct sim_world why; /* of which only what tells why is used */
    struct sim_types types;
    struct pl_arena a; /* of the last step */
    PL_VEC(struct pl_str) ran;
    bool over; /* ... which was told: what runs next is of another */
};

struct pl_sim_watch *pl_sim_watch_new(struct pl_locale_tools *tools) {
    struct pl_sim_watch *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    pl_arena_init(&w->a, 0);
    pl_arena_init(&w->why.a, 0);
    w->types = (struct sim_types){.a = &w->why.a, .tools = tools};
    w->why.types = &w->types;
    w->why.vm = pl_vm_create((struct pl_vm_env){.matches = NULL});
    if (!w->why.vm) pl_sim_watch_free(&w);
    return w;
}

void pl_sim_watch_free(struct pl_sim_watch **watch) {
    struct pl_sim_watch *w = *watch;
    if (!w) return;
    *watch = NULL;
    if (w->why.vm) pl_vm_destroy(&w->why.vm);
    PL_VEC_FREE(&w->why.said);
    PL_VEC_FREE(&w->why.tracing);
    PL_VEC_FREE(&w->ran);
    pl_arena_free(&w->why.a);
    pl_arena_free(&w->a);
    free(w);
}

static struct pl_str place_of(struct pl_sim_watch *w, const struct pl_image *image, uint32_t at) {
    struct pl_str file;
    uint32_t line;
    pl_image_line(image, at, &file, &line);
    return pl_arena_printf(&w->a, "%.*s:%u", PL_STR_ARG(file), line);
}

void pl_sim_watch_ran(struct pl_sim_watch *w, const struct pl_image *image, int what, uint32_t at) {
    if (w->over) pl_arena_reset(&w->a);
    w->over = false;
    pl_sim__why_trace(&w->why, image, (enum pl_vm_trace)what, at);
    if (what != PL_TRACE_RUN || w->ran.n == RAN_MOST) return;
    struct pl_str place = place_of(w, image, at);
    for (size_t i = w->ran.n; i-- > 0;)
        if (pl_str_eq(w->ran.v[i], place)) return;
    PL_PUSH(&w->ran, place);
}

/* Where it stands: at its question, else in the flow that is open. */
static void standing(struct pl_sim_watch *w, const struct pl_image *image,
                     const struct pl_vm_view *v, struct pl_sim_seen *out) {
    const struct pl_program *p = pl_image_program(image);
    uint32_t flow = v->in_flow ? v->flow : PL_NOWHERE;
    if (v->mode == PL_VM_ASKING) {
        flow = p->waits[v->wait].flow;
        out->place = place_of(w, image, p->waits[v->wait].at);
    }
    if (flow < p->nflows) out->flow = p->flows[flow].name;
}

void pl_sim_watch_step(struct pl_sim_watch *w, const struct pl_image *image,
                       const struct pl_vm_event *event, const struct pl_vm_result *result,
                       struct pl_sim_seen *out) {
    w->types.program = pl_image_program(image);
    pl_sim__why_turn(&w->why);
    pl_sim__why_step(&w->why, image, event, result);
    *out = (struct pl_sim_seen){.reasons = w->why.said.v,
                                .nreasons = w->why.said.n,
                                .slots = w->why.slots,
                                .stands = w->why.now};
    standing(w, image, &result->view, out);
    struct pl_str *ran = PL_NEW_ARRAY(&w->a, struct pl_str, w->ran.n + 1);
    if (w->ran.n) memcpy(ran, w->ran.v, w->ran.n * sizeof *ran);
    out->ran = ran;
    out->nran = w->ran.n;
    w->ran.n = 0;
    w->over = true;
}

void pl_sim_print(struct pl_locale_tools *tools, const struct pl_program *p, struct pl_buf *b,
                  struct pl_value v) {
    struct sim_types types = {.program = p, .tools = tools};
    pl_sim__print(&types, b, v);
}
