/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz entry without libFuzzer: every seed of the folders given, then mutations of each, the
 * same ones every time. Prints how many inputs ran; no seed at all is an error. A folder may be
 * missing. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUTATIONS    5000 /* of all seeds together */
#define LEAST        20   /* of each */
#define LONGEST      65536
#define FOLDERS_MOST 8

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

static size_t run_seed(const uint8_t *seed, size_t n, int mutations, uint64_t *random) {
    static uint8_t work[LONGEST];
    run(seed, n);
    for (int i = 0; i < mutations; i++) {
        size_t len = n;
        memcpy(work, seed, n);
        for (uint64_t times = 1 + next_random(random) % 4; times; times--)
            len = mutate(work, len, random);
        run(work, len);
    }
    return (size_t)mutations + 1;
}

static size_t run_file(const char *folder, const char *name, int mutations, uint64_t *random) {
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
    return run_seed(seed, n, mutations, random);
}

static int visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv) {
    struct dirent **names[FOLDERS_MOST];
    int n[FOLDERS_MOST], seeds = 0;
    uint64_t random = UINT64_C(88172645463325252);
    size_t inputs = 0;
    for (int k = 1; k < argc && k < FOLDERS_MOST; k++) {
        n[k] = scandir(argv[k], &names[k], visible, alphasort);
        seeds += n[k] > 0 ? n[k] : 0;
    }
    if (argc > FOLDERS_MOST || !seeds) {
        (void)fprintf(stderr, "usage: %s FOLDER … (with at least one seed)\n", argv[0]);
        return 1;
    }
    int mutations = MUTATIONS / seeds > LEAST ? MUTATIONS / seeds : LEAST;
    for (int k = 1; k < argc; k++) {
        for (int i = 0; i < n[k]; i++) {
            inputs += run_file(argv[k], names[k][i]->d_name, mutations, &random);
            free(names[k][i]);
        }
        if (n[k] >= 0) free(names[k]);
    }
    (void)printf("%d seeds, %zu inputs\n", seeds, inputs);
    return 0;
}
