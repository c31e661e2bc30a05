/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes runtime/journal/tables.def anew: what Zstandard knows of entries before it sees one, from
 * the entries of data folders that `parlance bench FLOWS --locale L --data FOLDER` wrote.
 *
 *   pl_words FOLDER... >runtime/journal/tables.def
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zdict.h>

#include "runtime/journal/journal_priv.h"

enum { SAMPLES = 100000 }; /* of each folder, at most */

struct samples {
    struct pl_journal *journal;
    struct pl_arena a;
    struct pl_buf bytes, one;
    PL_VEC(size_t) sizes;
};

static _Noreturn void give_up(const char *what, const char *more) {
    fprintf(stderr, "pl_words: %s%s\n", what, more);
    exit(2);
}

static bool add(void *ctx, const struct pl_store_entry *stored) {
    struct samples *s = ctx;
    struct pl_entry entry;
    pl_arena_reset(&s->a);
    if (pl_journal_open(s->journal, stored, &s->a, &entry) != PL_OK) return true;
    pl_buf_clear(&s->one);
    pl_entry_write(&s->one, &entry);
    if (s->one.n < PL_JOURNAL__SHORT) return true;
    pl_buf_str(&s->bytes, pl_buf_slice(&s->one));
    PL_PUSH(&s->sizes, s->one.n);
    return true;
}

static void read_folder(struct samples *s, const char *folder) {
    const struct pl_store_config config = {.folder = folder};
    struct pl_store *store;
    struct pl_str keys = pl_arena_printf(&s->a, "%s/keys", folder);
    struct pl_str master = pl_arena_printf(&s->a, "%s/master", keys.p);
    if (pl_store_open(&config, &store, NULL) != PL_OK) give_up("no data folder: ", folder);
    if (pl_journal_create(store, keys.p, master.p, &s->journal) != PL_OK)
        give_up("no keys in ", folder);
    if (pl_store_scan(store, 1, SAMPLES, add, s) != PL_OK) give_up("cannot read ", folder);
    pl_journal_destroy(&s->journal);
    pl_store_close(&store);
}

int main(int argc, char **argv) {
    struct samples s = {0};
    static char made[65536];
    pl_arena_init(&s.a, 0);
    for (int i = 1; i < argc; i++) read_folder(&s, argv[i]);
    struct pl_str words = pl_journal__words();
    const ZDICT_params_t params = {.compressionLevel = PL_JOURNAL__LEVEL, .dictID = 1};
    size_t n = ZDICT_finalizeDictionary(made, sizeof made, words.p, words.n, s.bytes.p, s.sizes.v,
                                        (unsigned)s.sizes.n, params);
    if (ZDICT_isError(n)) give_up("no tables: ", ZDICT_getErrorName(n));
    memset(made + 4, 0, 4); /* its number: without one, no frame has to name it */
    printf("/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tests/load/words.c. */\n");
    for (size_t i = 0; i < n - words.n; i++)
        printf("%u,%s", (unsigned char)made[i], i % 16 == 15 || i + 1 == n - words.n ? "\n" : " ");
    pl_buf_free(&s.bytes);
    pl_buf_free(&s.one);
    PL_VEC_FREE(&s.sizes);
    pl_arena_free(&s.a);
    return 0;
}
