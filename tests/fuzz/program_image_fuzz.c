/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an image: refused with a reason, or every table can be asked and printed. */
#include "runtime/program/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct pl_image *i) {
    const struct pl_program *p = pl_image_program(i);
    struct pl_buf dump = {0};
    struct pl_str file;
    uint32_t line;
    for (uint32_t t = 0; t < p->ntexts && t < 64; t++) (void)pl_image_text(i, t, t % p->nlocales);
    for (uint32_t f = 0; f < p->nflows && f < 64; f++) {
        (void)pl_image_flow(i, p->flows[f].name);
        pl_image_line(i, p->flows[f].entry, &file, &line);
        (void)pl_image_label(i, PL_STR("flow"), p->flows[f].name);
    }
    pl_program_dump(p, &dump);
    pl_buf_free(&dump);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t hash[32];
    struct pl_image *image = NULL;
    char why[256] = "";
    enum pl_err err = pl_image_load((struct pl_str){(const char *)data, size}, hash, &image, why);
    pl_assert(err == PL_OK ? image != NULL : image == NULL && why[0] != 0);
    if (image) ask(image);
    pl_image_unref(&image);
    return 0;
}
