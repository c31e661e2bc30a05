/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz entry without libFuzzer: every seed of the folder given, then a fixed number of
 * mutations of each, the same ones every time. Prints how many inputs ran; a folder without seeds
 * is an error. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUTATIONS 2000
#define LONGEST   65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t next_random(uint64_t *state) { /* xorshift64 */
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Each input gets its own block of the exact size, so that a sanitizer sees any step outside. */
static void run(const uint8_t *bytes, size_t n) {
    uint8_t *copy = malloc(n ? n : 1);
    if (!copy) exit(1);
    memcpy(copy, bytes, n);
    (void)LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

/* Changes, inserts or removes at one place; gives the new length. */
static size_t mutate(uint8_t *bytes, size_t n, uint64_t *random) {
    static const uint8_t telling[] = {0, 1, 0x7F, 0x80, 0xFF, '"', '\\', '{', '[', '0', '-', '\n'};
    uint64_t dice = next_random(random);
    size_t at = n ? (size_t)(next_random(random) % n) : 0;
    uint8_t byte = dice & 8 ? telling[(dice >> 8) % sizeof(telling)] : (uint8_t)(dice >> 16);
    switch (dice % 5) {
    case 0:
        if (n) bytes[at] ^= (uint8_t)(1u << (dice >> 24) % 8);
        return n;
    case 1:
        if (n) bytes[at] = byte;
        return n;
    case 2:
        if (n == LONGEST) return n;
        memmove(bytes + at + 1, bytes + at, n - at);
        bytes[at] = byte;
        return n + 1;
    case 3: {
        size_t gone = n ? 1 + (size_t)(dice >> 32) % (n - at) : 0;
        memmove(bytes + at, bytes + at + gone, n - at - gone);
        return n - gone;
    }
    default: { /* a piece of itself, once more */
        size_t piece = n ? 1 + (size_t)(dice >> 32) % (n - at) : 0;
        if (n + piece > LONGEST) return n;
        memmove(bytes + at + piece, bytes + at, n - at);
        return n + piece;
    }
    }
}

static size_t run_seed(const uint8_t *seed, size_t n, uint64_t *random) {
    static uint8_t work[LONGEST];
    run(seed, n);
    for (int i = 0; i < MUTATIONS; i++) {
        size_t len = n;
        memcpy(work, seed, n);
        for (uint64_t times = 1 + next_random(random) % 4; times; times--)
            len = mutate(work, len, random);
        run(work, len);
    }
    return MUTATIONS + 1;
}

static size_t run_file(const char *folder, const char *name, uint64_t *random) {
    static uint8_t seed[LONGEST];
    char path[4096];
    int len = snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = len > 0 && (size_t)len < sizeof(path) ? fopen(path, "rb") : NULL;
    if (!f) {
        (void)fprintf(stderr, "cannot open %s/%s\n", folder, name);
        exit(1);
    }
    size_t n = fread(seed, 1, sizeof(seed), f);
    (void)fclose(f);
    return run_seed(seed, n, random);
}

static int visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv) {
    struct dirent **names;
    int n = argc == 2 ? scandir(argv[1], &names, visible, alphasort) : -1;
    if (n <= 0) {
        (void)fprintf(stderr, "usage: %s FOLDER (with at least one seed)\n", argv[0]);
        return 1;
    }
    uint64_t random = UINT64_C(88172645463325252);
    size_t inputs = 0;
    for (int i = 0; i < n; i++) {
        inputs += run_file(argv[1], names[i]->d_name, &random);
        free(names[i]);
    }
    free(names);
    (void)printf("%d seeds, %zu inputs\n", n, inputs);
    return 0;
}
