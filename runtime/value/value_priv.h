/* SPDX-License-Identifier: Apache-2.0 */
/* Private to this room. */
#ifndef PL_VALUE_PRIV_H
#define PL_VALUE_PRIV_H

#include "runtime/value/value.h"

#define PL_VALUE_DEPTH 16 /* of lists and records in one value */

/* Years 1 to 9999. */
#define PL_DATE_MIN     (-719162)
#define PL_DATE_MAX     2932896
#define PL_DAY_MS       INT64_C(86400000)
#define PL_DATETIME_MIN (PL_DATE_MIN * PL_DAY_MS)
#define PL_DATETIME_MAX (PL_DATE_MAX * PL_DAY_MS + PL_DAY_MS - 1)
/* Some 31,000 years: any two moments differ by less. */
#define PL_DURATION_MAX INT64_C(1000000000000000)

/* How a kind keeps its value in the union. */
enum pl_shape {
    PL_SHAPE_NOTHING, /* none, and kinds that are types only */
    PL_SHAPE_BOOL,
    PL_SHAPE_DEC,
    PL_SHAPE_MONEY,
    PL_SHAPE_DATE,
    PL_SHAPE_TIME,
    PL_SHAPE_DATETIME,
    PL_SHAPE_DURATION,
    PL_SHAPE_TEXT,
    PL_SHAPE_ENUM,
    PL_SHAPE_LIST,
    PL_SHAPE_RECORD
};
enum pl_shape pl_value__shape(uint8_t kind);

bool pl_value__currency(struct pl_str s);
/* As pl_dec_parse, with an exponent. */
bool pl_value__number(struct pl_str s, struct pl_dec *out);

/* The four operations; false for overflow or division by zero. */
bool pl_value__dec_op(char op, struct pl_dec a, struct pl_dec b, struct pl_dec *out);

#endif
