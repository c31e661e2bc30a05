/* SPDX-License-Identifier: Apache-2.0
 *
 * escalate: which rules hold for this event, and what follows: stay, offer a person, hand over,
 * route. Conditions are evaluated by the VM; the policy is here.
 *
 * Route rules all apply and stop nothing; of several the highest priority counts. Of the hand-over
 * rules that hold, the highest priority wins, then the order of the program (files sorted by their
 * paths, then lines). A rule fires again only after its facts were false in between, or every so
 * often when it says so.
 *
 * Pure; owns nothing; what it gives lies in the arena. Any thread with its own struct pl_vm.
 */
#ifndef PL_ESCALATE_H
#define PL_ESCALATE_H

#include "runtime/vm/vm.h"

struct pl_escalation {
    uint32_t rule;             /* the hand-over rule that fires, or PL_NOWHERE */
    struct pl_str route;       /* the priority that routing gives, or empty */
    const uint8_t *rules_true; /* one bit per rule: its facts hold now */
    uint32_t nrules;
    bool now;     /* the rule takes the conversation at once */
    bool changed; /* some rule holds that did not before, or the other way round */
};

/* The failures of pl_vm_conditions. */
enum pl_err pl_escalate(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                        const struct pl_vm_event *event, struct pl_arena *a,
                        struct pl_escalation *out);
/* Puts the finding into the event, where the step reads it. */
void pl_escalate_apply(const struct pl_escalation *found, struct pl_vm_event *event);
#endif
