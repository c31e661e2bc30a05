/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room: reading bytes into tables, and the verifier.
 */
#ifndef PL_PROGRAM_PRIV_H
#define PL_PROGRAM_PRIV_H

#include "runtime/program/program.h"

#define PL_IMAGE_MAGIC "PLIMG"
#define PL_IMAGE_ARENA ((size_t)256 << 20) /* an image's tables may take this much memory */

enum pl_operand {
    OPERAND_NONE,
    OPERAND_CONST,
    OPERAND_SLOT,
    OPERAND_FACT,
    OPERAND_NAME,
    OPERAND_ADDR,
    OPERAND_COUNT,
    OPERAND_TEXT,
    OPERAND_WAIT,
    OPERAND_CALL,
    OPERAND_FLOW,
    OPERAND_BACK,
    OPERAND_HANDOFF,
    OPERAND_REGEX,
    OPERAND_MENTION,
    OPERAND_HOURS,
    OPERAND_QUEUE,
    OPERAND_FUNC,
    OPERAND_OPTION,
    OPERAND_TARGET,
    OPERAND_BRANCH,
    OPERAND_MODEL
};
struct pl_op_row {
    const char *name;
    uint8_t operand; /* enum pl_operand */
    int8_t pops, pushes;
};
extern const struct pl_op_row pl_program__ops[PL_OPS];

/* Tables from bytes, not verified yet. */
enum pl_err pl_program__read(struct pl_str bytes, struct pl_arena *a, struct pl_program *out);
/* Everything program.h promises of a loaded image; the reason of a refusal goes to why. runs: a
 * zeroed place for each word of code, set for those where a flow's frame may stand. */
bool pl_program__verify(const struct pl_program *p, uint8_t *runs, struct pl_arena *scratch,
                        char why[256]);
/* program_paths.c: a block's words, by names. flow: whose slots it names, or NULL. */
void pl_program__block_say(const struct pl_program *p, const struct pl_p_flow *flow, uint32_t at,
                           struct pl_buf *out);

#endif
