/* SPDX-License-Identifier: Apache-2.0 */
/* A bare LMDB commit, again and again: one entry of 400 bytes appended and synced. What a durable
 * turn waits for at least. usage: pl_commit FOLDER SECONDS; prints p50_ms and p99_ms. */
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 1000000 };

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int by_size(const void *a, const void *b) {
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static int commit(MDB_env *env, uint64_t n) {
    char bytes[400] = {0};
    uint8_t key[8];
    MDB_txn *txn;
    MDB_dbi dbi;
    for (int i = 0; i < 8; i++) key[i] = (uint8_t)(n >> 8 * (7 - i));
    MDB_val k = {sizeof key, key}, v = {sizeof bytes, bytes};
    int err = mdb_txn_begin(env, NULL, 0, &txn);
    if (err == 0) err = mdb_dbi_open(txn, NULL, 0, &dbi);
    if (err == 0) err = mdb_put(txn, dbi, &k, &v, MDB_APPEND);
    return err == 0 ? mdb_txn_commit(txn) : err;
}

int main(int argc, char **argv) {
    MDB_env *env;
    uint32_t *us = calloc(MOST, sizeof *us);
    if (argc != 3 || us == NULL || mdb_env_create(&env) != 0) return 2;
    mdb_env_set_mapsize(env, (size_t)1 << 34);
    if (mdb_env_open(env, argv[1], 0, 0600) != 0) return 1;
    int64_t end = now_us() + atoll(argv[2]) * 1000000;
    size_t n = 0;
    for (; n < MOST && now_us() < end; n++) {
        int64_t begun = now_us();
        if (commit(env, n) != 0) return 1;
        us[n] = (uint32_t)(now_us() - begun);
    }
    qsort(us, n, sizeof *us, by_size);
    printf("commits=%zu p50_ms=%.3f p99_ms=%.3f\n", n, us[n / 2] / 1000.0,
           us[n * 99 / 100] / 1000.0);
    mdb_env_close(env);
    free(us);
    return 0;
}
