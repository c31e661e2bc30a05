/* SPDX-License-Identifier: Apache-2.0
 *
 * regex (private to the room grammar): what can be told of a regular expression by its shape.
 *
 * The expression is well formed (the host compiled it). What this reader does not know (a property,
 * a back reference, a look-around) counts as "any character, perhaps nothing", so what it reports
 * is so, and what it does not report may still be slow. Three things are told:
 *
 * NEVER: nothing can match: an empty class, or ^ after and $ before what needs a character.
 * EMPTY: the empty text matches, so it is found everywhere.
 * SLOW: the time may double with every character: a repetition without a bound whose body repeats
 * by itself and can be divided in several ways ((a+)+, (a|a)*, (\w*\d*)*). Possessive and atomic
 * groups and bounded repetitions are not slow. */
#ifndef PL_GRAMMAR_REGEX_H
#define PL_GRAMMAR_REGEX_H

#include "runtime/base/base.h"

enum pl_regex_fault { PL_REGEX_FINE, PL_REGEX_NEVER, PL_REGEX_EMPTY, PL_REGEX_SLOW };
/* The worst fault, with the bytes from *from to *to that it lies in. */
enum pl_regex_fault pl_grammar__regex(struct pl_str pattern, size_t *from, size_t *to);

#endif
