/* SPDX-License-Identifier: Apache-2.0 */
/* The small program as an image, made once for all inputs. */
#ifndef TEST_SMALL_IMAGE_H
#define TEST_SMALL_IMAGE_H

#include "tests/unit/program/small.h"

/* next: a later one, whose flows move or start again when they change. */
static inline const struct pl_image *small_image(bool next) {
    static struct pl_image *images[2];
    static const uint8_t hash[32];
    struct small m;
    struct pl_buf b = {0};
    char why[256];
    if (images[next]) return images[next];
    small_make(&m);
    m.p.start = 0;
    for (size_t i = 0; next && i < PL_LEN(m.flows); i++)
        m.flows[i].on_change = i % 2 ? PL_CHANGE_RESTART : PL_CHANGE_MOVE;
    pl_program_write(&m.p, &b);
    pl_assert(pl_image_load(pl_buf_slice(&b), hash, &images[next], why) == PL_OK);
    pl_buf_free(&b);
    small_free(&m);
    return images[next];
}

#endif
