/* SPDX-License-Identifier: Apache-2.0
 *
 * privacy: takes payment cards out of customer text before anything is written, e-mail addresses
 * and phone numbers out of what logs may carry, and all personal data that it can find out of what
 * a model is given, putting it back into what the model writes.
 *
 * `struct pl_masked` is the type of text that may be journaled; only this room makes it.
 * Texts point into the arena given, or into the input when nothing had to be masked.
 * Threads: pure functions; a veil belongs to one thread.
 */
#ifndef PL_PRIVACY_H
#define PL_PRIVACY_H

#include "runtime/base/base.h"

struct pl_locale_tools;

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

/* ---- personal data ---- */

enum pl_personal_kind {
#define PERSONAL(name, word) PL_PERSONAL_##name,
#include "runtime/privacy/personal.def"
#undef PERSONAL
    PL_PERSONALS
};
/* What is known to be personal in this conversation: the customer's name, his address, the value of
 * a `private` slot. Found again wherever it is said, in any case, with or without diacritics:
 * a NAME by each of its words of three letters or more (of a script without letters' case: two),
 * also with an ending or, in Arabic, what is written together with it; an ADDRESS by two of its
 * words in a row, abbreviated or not, or by one with digits; all else as a whole. */
struct pl_personal_known {
    uint8_t kind; /* enum pl_personal_kind */
    struct pl_str text;
};
struct pl_personal {
    uint32_t start, end; /* bytes */
    uint8_t kind;
};
/* Payment cards that pl_privacy_mask would mask, e-mail addresses, IBANs and national ids (by their
 * check digits), IP addresses, phone numbers (7 digits or more of any script that are no date), and
 * what is known; in order, none overlapping. PL_NOMEM: the arena
 * is full; PL_LIMIT: the text is over 1 MiB. Then nothing may be believed to be clean. */
enum pl_err pl_privacy_find(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str text,
                            const struct pl_personal_known *known, size_t nknown,
                            const struct pl_personal **out, size_t *n);

/* ---- placeholders ---- */

/* What stands between one conversation and a model: hides personal data behind placeholders
 * ("⟦EMAIL_7f3a09c2⟧") and puts it back. A placeholder follows from the key and the
 * value, so it is the same in every turn and tells nothing of the value. */
struct pl_veil;

/* Lives in the arena; borrows tools and known, and all texts given to it. key: 16 bytes or more
 * that no model knows and that are the conversation's own. NULL: the arena is full. */
struct pl_veil *pl_veil_new(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str key,
                            const struct pl_personal_known *known, size_t nknown);
/* The text without payment cards and with placeholders; signs that look like the beginning or end
 * of one become brackets. What is SECRET becomes bullets, for good. Fails as pl_privacy_find does,
 * and then there is no text. */
enum pl_err pl_veil_hide(struct pl_veil *v, struct pl_str text, struct pl_str *out);
/* A whole value as one placeholder. */
enum pl_err pl_veil_cover(struct pl_veil *v, enum pl_personal_kind kind, struct pl_str value,
                          struct pl_str *out);
/* Appends what the model wrote with the values put back, piece by piece: a piece may end anywhere,
 * also within a sign; what could be the beginning of a placeholder waits for the next. A
 * placeholder that this veil never made is left out and counted. `last`: nothing more comes. */
void pl_veil_show(struct pl_veil *v, struct pl_str piece, bool last, struct pl_buf *out);
uint32_t pl_veil_foreign(const struct pl_veil *v);

#endif
