/* SPDX-License-Identifier: Apache-2.0
 *
 * Plain bytes in fewer, before they are sealed: Zstandard with a dictionary, since most entries are
 * short and say what others said.
 *
 *   packed: a frame of Zstandard with its content's size, without the magic number that all have
 */
#include <string.h>

#include "runtime/journal/journal_priv.h"

#define LEVEL 1 /* the higher ones make little less of a short text, and cost more */
#define MAGIC 4 /* bytes */

static const char magic[MAGIC] = {0x28, (char)0xB5, 0x2F, (char)0xFD};

/* What messages of the protocol have in common, what is most common last. A part of the format:
 * another text is another PL_ENTRY_VERSION. */
static const char words[] =
    "{\"kind\":\"card_seen\"}{\"kind\":\"handoff\",\"queue\":\"\",\"priority\":\"\",\"position\":"
    "\"wait_ms\":true,false,null,\"from\":\"agent\",\"name\":\"{\"kind\":\"closed\",\"how\":\""
    "\"from\":\"customer\",\"cid\":\"\"email\"phone\"address\"date\"amount\"total\"price\"currency"
    "\"USD\"EUR\"GBP\"quantity\"items\"status\"delivered\"shipped\"place\"tracking\"order\"product"
    "\"name\"size\"photo\"image\"https://http://127.0.0.1:/images/.svg.png.jpg.example/"
    "\"sources\":[{\"title\":\"\",\"article\":\"\",\"locale\":\"en-US\",\"passage\":[\""
    "{\"type\":\"image\",\"url\":\"\",\"alt\":\"{\"type\":\"link\",\"label\":\"\",\"url\":\""
    "{\"type\":\"file\",\"url\":\"{\"type\":\"steps\",\"steps\":[{\"type\":\"cards\",\"cards\":["
    "{\"type\":\"card\",\"title\":\"\",\"text\":\"\",\"parts\":[{\"type\":\"answer\",\"text\":\""
    " please  could you  your order  the  you  and  is  to  number  tracking  email  thank you "
    "Would you like Is there anything else I can help you with?\"}]}"
    "{\"type\":\"button\",\"id\":\"b0\",\"label\":\"\"},{\"type\":\"button\",\"id\":\"b1\","
    "\"label\":"
    "\"\"},{\"type\":\"fact\",\"label\":\"\",\"value\":\"\"},{\"type\":\"fact\",\"label\":"
    "\"Status\","
    "\"value\":\"\"}],\"choices\":[{\"id\":\".yes\",\"label\":\"Yes, please\"},{\"id\":\".no\","
    "\"label\":\"No, thanks\"}]}"
    "{\"kind\":\"message\",\"from\":\"bot\",\"id\":\"prelude.\",\"parts\":[{\"type\":\"text\","
    "\"text\":\"";

enum { WORDS = sizeof words - 1 };

bool pl_journal__pack_open(struct pl_journal__pack *k) {
    k->pack = ZSTD_createCCtx();
    k->unpack = ZSTD_createDCtx();
    k->pack_words = ZSTD_createCDict(words, WORDS, LEVEL);
    k->unpack_words = ZSTD_createDDict(words, WORDS);
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
    if (!pl_buf_reserve(b, room)) return;
    size_t n = ZSTD_compress_usingCDict(k->pack, b->p + at, room, bytes.p, bytes.n, k->pack_words);
    if (ZSTD_isError(n)) { /* out of memory: there is room, and all bytes can be packed */
        b->failed = true;
        return;
    }
    memmove(b->p + at, b->p + at + MAGIC, n - MAGIC);
    b->n += n - MAGIC;
}

enum pl_err pl_journal__unpack(struct pl_journal__pack *k, struct pl_str packed, size_t most,
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
