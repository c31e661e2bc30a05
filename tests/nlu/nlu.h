/* SPDX-License-Identifier: Apache-2.0
 *
 * What the programs of tests/nlu share. One program prints one table of tools/nlu-report.sh; its
 * file is named after the table (tests/nlu/intents.c: nlu_intents) and defines the two functions
 * below. It is called
 *
 *     nlu_intents DATA [SET...]      prints its rows of figures, measured on the sets of DATA
 *     nlu_intents --quick FOLDER     measures FOLDER/quick/<table>.*; exits 1 under a floor
 */
#ifndef NLU_H
#define NLU_H

#include "runtime/nlp/nlp.h"

struct nlu {
    struct pl_arena a; /* as long as the program */
    struct pl_locale_tools *tools;
    const char *data; /* folder of the sets, or of tests/nlu when it is quick */
    char **sets;      /* those asked for; none: all */
    int nsets;
    struct pl_str peers;
};

/* Prints the whole table; a set whose files are not there says so in its row. */
void nlu_table(struct nlu *n);
/* A few seconds on texts of the repository's own. Gives whether a figure is under its floor. */
bool nlu_quick(struct nlu *n);

/* What reads texts of any language without a project: times, values, no intents. */
#define NLU_DAY 20780 /* it is Monday, 2026-11-23, 9:00 UTC */
#define NLU_MS  (INT64_C(86400000) * NLU_DAY + 9 * 3600000)
struct nlu_reader {
    struct pl_nlp_model *model;
    struct pl_nlp *nlp;
    struct pl_arena a; /* of one text */
};
void nlu_reader_open(struct nlu *n, struct nlu_reader *r);
void nlu_reader_close(struct nlu_reader *r);
/* Until the next one. */
struct pl_nlp_reading nlu_read(struct nlu_reader *r, struct pl_str locale, struct pl_str text);
/* Texts are parted by a hash: one half was looked at while rules were made. */
bool nlu_is_held_out(struct pl_str text);

bool nlu_wants(const struct nlu *n, const char *set);
/* A file of the data, whole; empty when it is not there. */
struct pl_str nlu_file(struct nlu *n, const char *name);
/* The next line without its end; false behind the last. */
bool nlu_line(struct pl_str *rest, struct pl_str *line);
/* The next field up to a tab. */
struct pl_str nlu_field(struct pl_str *line);
/* Prints what others reach in this row, from tests/nlu/peers.tsv (row, figure, value, who,
 * version). */
void nlu_peers(const struct nlu *n, const char *row);
/* Says so, and gives true, when a figure is under its floor. */
bool nlu_is_under(const char *what, double found, double floor);
double nlu_percent(double of, double n);
/* CPU seconds of the process. */
double nlu_now(void);

#endif
