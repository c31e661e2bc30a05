/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room: what `parlance doctor` finds, told as it is found.
 */
#ifndef PL_CLI_DOCTOR_PRIV_H
#define PL_CLI_DOCTOR_PRIV_H

#include "runtime/llm/llm.h"
#include "tools/cli/cli_priv.h"

/* LOOK: it works, and somebody should know. */
enum doctor_level { DOCTOR_WELL, DOCTOR_LOOK, DOCTOR_WRONG };

struct doctor {
    struct pl_arena *a;
    bool json;
    struct pl_buf out; /* the JSON */
    struct pl_jw w;
    bool about; /* a patient was named */
    enum doctor_level worst;
};

/* What the findings behind this are of: kind "target", name "claude", more "anthropic, https://…".
 */
void pl_cli__doctor_about(struct doctor *d, const char *kind, struct pl_str name,
                          struct pl_str more);
/* mend: how, may be empty. */
void pl_cli__find(struct doctor *d, enum doctor_level level, const char *mend, const char *format,
                  ...) PL_PRINTF(4, 5);

void pl_cli__doctor_models(struct doctor *d, const struct pl_llm_models *models);
void pl_cli__doctor_host(struct doctor *d, const struct pl_config *config);

#endif
