/* SPDX-License-Identifier: Apache-2.0
 *
 * What `parlance understand` reads messages with: a project's model, or one that is trained from
 * files for it alone.
 */
#ifndef PL_CLI_UNDERSTAND_PRIV_H
#define PL_CLI_UNDERSTAND_PRIV_H

#include "runtime/locale/locale.h"
#include "runtime/nlp/nlp.h"
#include "tools/cli/cli_priv.h"

struct cli_understand {
    struct pl_arena arena;
    struct pl_locale_tools *tools;
    struct pl_str zone, currency, locale; /* of the assistant; may be empty */
    struct pl_buf section;
    struct pl_nlp_model *model;
    struct pl_nlp *nlp;
    bool explain;
};

struct cli_training {
    const char *train, *val, *oos; /* files; val and oos may be NULL */
    const char *locale;            /* of the texts; NULL: told from them */
};

/* Trains from files of `text<TAB>intent`; CLI_FAILED was said. */
int pl_cli__understand_train(struct cli_understand *u, const struct cli_training *from);

#endif
