/* SPDX-License-Identifier: Apache-2.0
 *
 * diag (private to the room grammar): what its files share. */
#ifndef PL_GRAMMAR_DIAG_PRIV_H
#define PL_GRAMMAR_DIAG_PRIV_H

#include "grammar/diag.h"

/* Doubles an arena-grown array when it is full. */
void *pl_diag__grown(struct pl_arena *arena, void *v, size_t n, size_t *cap, size_t size);
/* As an earlier parse left it. */
void pl_diag__allow_again(struct pl_diags *d, const struct pl_diag_allow *allow);
struct pl_str pl_diag__format(struct pl_arena *arena, const char *format, va_list list);

#endif
