/* SPDX-License-Identifier: Apache-2.0
 *
 * Plain bytes in fewer, before they are sealed: Zstandard with a dictionary, since most entries are
 * short and say what others said. The dictionary is words.def behind tables.def: with tables of how
 * often each byte comes, none have to be counted and written for an entry.
 *
 *   packed: a frame of Zstandard with its content's size, without the magic number that all have;
 *           or PLAIN, then the bytes, when they are few
 */
#include <string.h>

#include "runtime/journal/journal_priv.h"

#define MAGIC 4    /* bytes */
#define PLAIN 0x08 /* begins no frame */

static const char magic[MAGIC] = {0x28, (char)0xB5, 0x2F, (char)0xFD};

static const char words[] =
#include "runtime/journal/words.def"
    ;

static const uint8_t tables[] = {
#include "runtime/journal/tables.def"
};

enum { WORDS = sizeof words - 1, DICTIONARY = sizeof tables + WORDS };

struct pl_str pl_journal__words(void) {
    return (struct pl_str){words, WORDS};
}

bool pl_journal__pack_open(struct pl_journal__pack *k) {
    char dictionary[DICTIONARY];
    memcpy(dictionary, tables, sizeof tables);
    memcpy(dictionary + sizeof tables, words, WORDS);
    k->pack = ZSTD_createCCtx();
    k->unpack = ZSTD_createDCtx();
    k->pack_words = ZSTD_createCDict(dictionary, DICTIONARY, PL_JOURNAL__LEVEL);
    k->unpack_words = ZSTD_createDDict(dictionary, DICTIONARY);
    return k->pack && k->unpack && k->pack_words && k->unpack_words;
}

void pl_journal__pack_close(struct pl_journal__pack *k) {
    ZSTD_freeCCtx(k->pack);
    ZSTD_freeDCtx(k->unpack);
    ZSTD_freeCDict(k->pack_words);
    ZSTD_freeDDict(k->unpack_words);
    *k = (struct pl_journal__pack){0};
}

void pl_journal__pack(struct pl_journal__pack *k, struct pl_str bytes, struct pl_buf *b) {
    size_t room = ZSTD_compressBound(bytes.n), at = b->n;
    if (bytes.n < PL_JOURNAL__SHORT) {
        pl_buf_byte(b, PLAIN);
        pl_buf_str(b, bytes);
        return;
    }
    if (!pl_buf_reserve(b, room)) return;
    size_t n = ZSTD_compress_usingCDict(k->pack, b->p + at, room, bytes.p, bytes.n, k->pack_words);
    if (ZSTD_isError(n)) { /* out of memory: there is room, and all bytes can be packed */
        b->failed = true;
        return;
    }
    memmove(b->p + at, b->p + at + MAGIC, n - MAGIC);
    b->n += n - MAGIC;
}

static enum pl_err unpack_frame(struct pl_journal__pack *k, struct pl_str packed, size_t most,
                                struct pl_arena *a, struct pl_str *plain) {
    char *frame = pl_arena_raw(a, packed.n + MAGIC);
    if (!frame) return PL_NOMEM;
    memcpy(frame, magic, MAGIC);
    if (packed.n) memcpy(frame + MAGIC, packed.p, packed.n);
    unsigned long long n = ZSTD_getFrameContentSize(frame, packed.n + MAGIC);
    if (n > most) return PL_MALFORMED; /* unknown, or no frame: these are the largest numbers */
    char *out = pl_arena_raw(a, (size_t)n + 1);
    if (!out) return PL_NOMEM;
    size_t got = ZSTD_decompress_usingDDict(k->unpack, out, (size_t)n, frame, packed.n + MAGIC,
                                            k->unpack_words);
    if (got != n) return PL_MALFORMED;
    *plain = (struct pl_str){out, (size_t)n};
    return PL_OK;
}

enum pl_err pl_journal__unpack(struct pl_journal__pack *k, struct pl_str packed, size_t most,
                               struct pl_arena *a, struct pl_str *plain) {
    if (packed.n == 0 || (uint8_t)packed.p[0] != PLAIN)
        return unpack_frame(k, packed, most, a, plain);
    if (packed.n - 1 > most) return PL_MALFORMED;
    *plain = pl_arena_str(a, (struct pl_str){packed.p + 1, packed.n - 1});
    return plain->p ? PL_OK : PL_NOMEM;
}
