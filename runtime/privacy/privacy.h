/* SPDX-License-Identifier: Apache-2.0
 *
 * privacy: takes payment cards out of customer text before anything is written, and e-mail
 * addresses and phone numbers out of what logs may carry.
 *
 * `struct pl_masked` is the type of text that may be journaled; only this room makes it.
 * Texts point into the arena given, or into the input when nothing had to be masked.
 * Threads: pure functions.
 */
#ifndef PL_PRIVACY_H
#define PL_PRIVACY_H

#include "runtime/base/base.h"

struct pl_masked {
    struct pl_str s;
    bool card_seen; /* at least one card number was masked */
};

/* Payment cards: 13 to 19 digits of any script, with separators between them, that pass Luhn and
 * have the prefix and length of an issuer, become U+2022 four times, a space and the last four
 * digits ("•••• 1111"). A security code near a card is dropped. Digits straight after
 * Latin letters or underscores (order numbers), fractions and epoch times are left alone. Over the
 * arena's limit the text is empty. Ill-formed UTF-8 is left
 * as it is. A text with fewer than 13 digits costs one scan and no memory. */
struct pl_masked pl_privacy_mask(struct pl_arena *a, struct pl_str text);

/* What stands for a text that is secret as a whole: six bullets. */
struct pl_masked pl_privacy_hidden(void);

/* For logs and diagnostics: what pl_privacy_mask masks, and also e-mail addresses ("m…@…") and
 * phone numbers ("…42"). */
struct pl_str pl_privacy_log(struct pl_arena *a, struct pl_str text);
/* The same for the fields of a line (name=value, name="text"), but for numbers and ids that the
 * server made itself. Empty when memory is out. */
struct pl_str pl_privacy_log_line(struct pl_arena *a, struct pl_str text);

#endif
