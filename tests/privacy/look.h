/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks for needles in whatever was written down: as it is, with the escapes of JSON undone, those
 * of URLs, and what is base64 in it; folded, letters and digits only, so that no layout hides one.
 */
#ifndef TESTS_PRIVACY_LOOK_H
#define TESTS_PRIVACY_LOOK_H

#include "tests/privacy/people.h"

struct look;
/* Borrows the needles; no more may be added. */
struct look *look_new(struct needles *n);
void look_free(struct look **l);
/* Marks those found; prints the first few. Gives how many of those known were found here for the
 * first time. */
size_t look_into(struct look *l, const char *where, struct pl_str bytes);
size_t look_file(struct look *l, const char *path);
/* All files of a folder as they are, but those whose path below it begins so. */
size_t look_folder(struct look *l, const char *path, const char *but);

#endif
