/* SPDX-License-Identifier: Apache-2.0 */
/* Private to this room. */
#ifndef PL_VALUE_PRIV_H
#define PL_VALUE_PRIV_H

#include "runtime/value/value.h"

#define PL_VALUE_DEPTH 16 /* of lists and records in one value */

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
