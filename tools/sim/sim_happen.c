/* SPDX-License-Identifier: Apache-2.0
 *
 * `event shipping.delayed("ORDER1", "2026-12-01 10:00")`: what a talk lets the shop send.
 */
#include "tools/sim/sim_priv.h"

/* The arguments in the order of the declaration, as JSON; false: the talk has failed. */
static bool arguments(struct sim_play *p, const struct pl_p_event *row,
                      const struct pl_talk_line *l, struct pl_buf *json) {
    if (l->args.n > row->nparams) {
        pl_sim__fail(p, "%.*s brings %u values", PL_STR_ARG(row->name), row->nparams);
        return false;
    }
    pl_buf_byte(json, '{');
    for (size_t i = 0; i < l->args.n; i++) {
        struct pl_value v;
        struct pl_str why;
        if (!pl_sim__value(&p->types, row->params[i].type, &l->args.v[i], &v, &why)) {
            pl_sim__fail(p, "%.*s: %.*s", PL_STR_ARG(row->params[i].name), PL_STR_ARG(why));
            return false;
        }
        pl_buf_printf(json, "%s\"%.*s\":", i ? "," : "", PL_STR_ARG(row->params[i].name));
        pl_value_to_json(json, v);
    }
    pl_buf_byte(json, '}');
    return true;
}

static void unknown(struct sim_play *p, struct pl_str name) {
    const struct pl_program *g = pl_image_program(p->image);
    struct pl_str *names = PL_NEW_ARRAY(&p->world.a, struct pl_str, g->nevents + 1);
    for (uint32_t i = 0; i < g->nevents; i++) names[i] = g->events[i].name;
    struct pl_str near = pl_sim__near(&p->world.a, name, names, g->nevents);
    pl_sim__fail(p, "there is no event %.*s%.*s", PL_STR_ARG(name), PL_STR_ARG(near));
}

bool pl_sim__happen(struct sim_play *p, const struct pl_talk_line *l) {
    uint32_t row = pl_image_event(p->image, l->name);
    struct pl_buf json = {0};
    if (row == PL_NOWHERE)
        unknown(p, l->name);
    else if (arguments(p, &pl_image_program(p->image)->events[row], l, &json))
        pl_sim__world_happen(&p->world, l->name, pl_buf_slice(&json));
    pl_buf_free(&json);
    return !p->failed;
}
