/* SPDX-License-Identifier: Apache-2.0 */
/* Without libFuzzer, a fuzz entry runs over the files of its corpus folder, each also cut short at
 * a few places, so that every build keeps the found cases found. */
#include <dirent.h>
#include <stdlib.h>

#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly `n` bytes, so that the sanitizer sees a read past the end. */
static void run(struct pl_str bytes, size_t n) {
    uint8_t *copy = malloc(n > 0 ? n : 1);
    pl_assert(copy != NULL);
    for (size_t i = 0; i < n; i++) copy[i] = (uint8_t)bytes.p[i];
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static void replay(const char *path) {
    struct pl_arena a;
    struct pl_str bytes;
    pl_arena_init(&a, 0);
    if (pl_file_read(&a, path, 1 << 24, &bytes) == PL_OK) {
        run(bytes, bytes.n);
        for (size_t i = 0; i < 16; i++) run(bytes, bytes.n * i / 16);
    }
    pl_arena_free(&a);
}

int main(int argc, char **argv) {
    size_t n = 0;
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    if (dir == NULL) {
        fprintf(stderr, "usage: %s FOLDER: an existing corpus folder\n", argv[0]);
        return 2;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char path[4096];
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        replay(path);
        n++;
    }
    closedir(dir);
    printf("%zu files\n", n);
    return n > 0 ? 0 : 1;
}
