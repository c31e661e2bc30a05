/* SPDX-License-Identifier: Apache-2.0
 *
 * Priority first, then the order of the program; a rule that held before stays quiet.
 */
#include "runtime/escalate/escalate.h"

/* Silent while its facts stay true, unless it repeats and its time has come. */
static bool may_fire(const struct pl_p_rule *rule, const struct pl_vm_rule_memory *memory,
                     int64_t now_ms) {
    if (!memory->held || memory->fired_ms == 0) return true;
    return rule->every_ms && now_ms - memory->fired_ms >= rule->every_ms;
}

static int rank_of(const struct pl_p_rule *rule) {
    int rank = pl_vm_rank(rule->handoff.priority);
    return rank ? rank : pl_vm_rank(PL_STR("medium"));
}

enum pl_err pl_escalate(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                        const struct pl_vm_event *event, struct pl_arena *a,
                        struct pl_escalation *out) {
    const struct pl_program *p = pl_image_program(image);
    bool *holds = PL_NEW_ARRAY(a, bool, p->nrules + 1);
    struct pl_vm_rule_memory *memory = PL_NEW_ARRAY(a, struct pl_vm_rule_memory, p->nrules + 1);
    uint8_t *bits = PL_NEW_ARRAY(a, uint8_t, p->nrules / 8 + 1);
    *out = (struct pl_escalation){.rule = PL_NOWHERE, .rules_true = bits, .nrules = p->nrules};
    if (p->nrules == 0) return PL_OK;
    enum pl_err err = pl_vm_conditions(vm, image, state, event, a, holds, memory);
    if (err != PL_OK) return err;
    int best = -1;
    for (uint32_t i = 0; i < p->nrules; i++) {
        const struct pl_p_rule *rule = &p->rules[i];
        if (event->kind == PL_EVENT_RULE && !pl_image_timed(image, i)) continue;
        out->changed |= holds[i] != memory[i].held;
        if (!holds[i]) continue;
        bits[i / 8] |= (uint8_t)(1u << (i % 8));
        if (rule->route) {
            if (pl_vm_rank(rule->handoff.priority) > pl_vm_rank(out->route))
                out->route = rule->handoff.priority;
        } else if (rank_of(rule) > best && may_fire(rule, &memory[i], event->now_ms)) {
            best = rank_of(rule);
            out->rule = i;
        }
    }
    out->now = out->rule != PL_NOWHERE && p->rules[out->rule].handoff.mode == PL_HANDOFF_NOW;
    return PL_OK;
}

void pl_escalate_apply(const struct pl_escalation *found, struct pl_vm_event *event) {
    event->rule = found->rule;
    event->route = found->route;
    event->nrules = found->nrules;
    event->rules_true = found->rules_true;
}
