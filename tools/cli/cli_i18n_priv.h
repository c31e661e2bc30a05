/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to the command `i18n`: a project's texts, its catalogs, and XLIFF.
 */
#ifndef PL_CLI_I18N_PRIV_H
#define PL_CLI_I18N_PRIV_H

#include "grammar/grammar.h"
#include "tools/cli/cli_priv.h"

/* A project as translators see it. */
struct i18n {
    struct pl_compiled compiled; /* owns what `texts` points to */
    struct pl_grammar_texts texts;
    const char *flows;
    const char *folder; /* --translations, or NULL: found as a build finds it */
};
/* trial: a catalog as it would be; NULL: as all are. What is wrong with the project goes to stderr
 * only when its texts cannot be had: then gives CLI_FOUND or CLI_FAILED. Always to be closed. */
int pl_cli__i18n_open(const char *flows, const char *folder, const struct pl_compile_text *trial,
                      struct i18n *out);
void pl_cli__i18n_close(struct i18n *p);
/* Index in texts.locales; 0, the source, when it is none of the translations. */
uint32_t pl_cli__i18n_locale(const struct i18n *p, struct pl_str locale);
/* Has somebody to translate this text into that locale? Not the prelude's, where it brings the
 * translation. */
bool pl_cli__i18n_ours(const struct pl_grammar_text *t, uint32_t locale);
const struct pl_grammar_text *pl_cli__i18n_text(const struct i18n *p, struct pl_str id);
/* Path and line: "flows/orders.flow:12". */
struct pl_str pl_cli__i18n_where(struct pl_arena *a, const struct i18n *p, struct pl_span at);

/* ---- catalogs: cli_catalog.c ---- */

/* One translation that came back. */
struct i18n_change {
    struct pl_str id, said;
    struct pl_str source; /* what was translated; empty: leave what the catalog says of that */
    bool initial;         /* the file says that it is still to be done: then it counts when it is
                             another than the catalog's */
};
struct i18n_changes {
    PL_VEC(struct i18n_change);
};
/* Puts the changes into the locale's catalog, which need not exist: what it has keeps its place, a
 * new text stands behind the one before it in the program. Nothing is written when one of them is
 * not well-formed: that is said on stderr. */
int pl_cli__catalog_merge(const struct i18n *p, uint32_t locale,
                          const struct i18n_changes *changes);
/* Appends a catalog of the texts that `pick` takes, each with what it says there. With the index of
 * a locale (0: of none) also what a translator should know of each. */
typedef bool i18n_pick(void *ctx, const struct pl_grammar_text *t, struct pl_str *said);
void pl_cli__catalog_print(const struct i18n *p, struct pl_str locale, i18n_pick *pick, void *ctx,
                           const uint32_t *notes, struct pl_buf *out);
/* An ARB file's translations, all taken as made from the present texts. */
int pl_cli__catalog_read(struct pl_arena *a, const struct i18n *p, struct pl_str file,
                         const char *name, struct pl_str *locale, struct i18n_changes *out);

/* ---- XLIFF 2: cli_xliff.c ---- */

/* Appends the locale's texts, translated or not, grouped by their files. */
void pl_cli__xliff_print(const struct i18n *p, uint32_t locale, struct pl_buf *out);
/* What is translated in such a file. Mistakes go to stderr with their lines. */
int pl_cli__xliff_read(struct pl_arena *a, struct pl_str file, const char *name,
                       struct pl_str *locale, struct i18n_changes *out);

/* ---- for looking at what is not translated: cli_pseudo.c ---- */

/* The text with accents, a third longer, in brackets; placeholders stay. */
struct pl_str pl_cli__pseudo(struct pl_arena *a, struct pl_str raw);

/* As a catalog has it: a line end is written \n. */
struct pl_str pl_cli__one_line(struct pl_arena *a, struct pl_str text);
/* The end of the placeholder that begins at `at`, which is a `{`; the text's end when it is not
 * closed. *nested: it has texts of its own (plural, ordinal, select). */
size_t pl_cli__placeholder(struct pl_str raw, size_t at, bool *nested);

#endif
