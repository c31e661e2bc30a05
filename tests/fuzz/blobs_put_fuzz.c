/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a file that a customer sends up, in any pieces, of any length but the one it said,
 * with any name: it is refused and leaves nothing, or is read again byte for byte and is of a kind
 * that was wanted.
 *
 *   byte 0  kinds that are wanted, one bit each    byte 2  length of the name
 *   byte 1  bytes of a piece                       byte 3  how far the length said is off
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/blobs/blobs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pl_blobs *blobs;
static struct pl_loop *loop;
static struct pl_key_id key;
static char dir[64];

struct answer {
    bool came;
    enum pl_err err;
    struct pl_blob_info info;
    struct pl_buf bytes;
};

static void took(void *ctx, uint64_t ticket, enum pl_err err, const struct pl_blob_info *info,
                 struct pl_str bytes) {
    struct answer *a = ctx;
    (void)ticket;
    a->came = true;
    a->err = err;
    a->info = *info;
    pl_buf_clear(&a->bytes);
    pl_buf_str(&a->bytes, bytes);
}

static enum pl_err wait_for(struct answer *a) {
    while (!a->came) pl_loop_once(loop, 100);
    a->came = false;
    return a->err;
}

static void clean_up(void) {
    char command[96];
    pl_blobs_stop(blobs);
    pl_loop_once(loop, 0);
    pl_blobs_destroy(&blobs);
    pl_loop_destroy(&loop);
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    if (system(command) != 0) abort();
}

static void open_once(void) {
    static char keys[80], master[96], files[80];
    static int64_t now_ms = INT64_C(1) << 40; /* so that a sweep finds everything over */
    uint8_t bytes[PL_KEY_SIZE];
    struct pl_keys *k = NULL;
    if (blobs) return;
    snprintf(dir, sizeof dir, "/dev/shm/parlance-fuzz-XXXXXX"); /* where a sync costs nothing */
    if (!mkdtemp(dir)) {
        snprintf(dir, sizeof dir, "/tmp/parlance-fuzz-XXXXXX");
        pl_assert(mkdtemp(dir));
    }
    snprintf(keys, sizeof keys, "%s/keys", dir);
    snprintf(master, sizeof master, "%s/keys/master", dir);
    snprintf(files, sizeof files, "%s/uploads", dir);
    pl_assert(pl_loop_create(pl_clock_system(), &loop) == PL_OK);
    pl_assert(pl_keys_open(keys, master, &k) == PL_OK);
    pl_assert(pl_keys_take(k, 20000, &key, bytes) == PL_OK);
    pl_keys_close(&k);
    struct pl_blobs_config c = {.dir = files,
                                .keys = keys,
                                .master = master,
                                .loop = loop,
                                .clock = pl_clock_fake(&now_ms),
                                .max_bytes = 1 << 20,
                                .per_conversation = 1000000,
                                .unused_ms = -1};
    now_ms = pl_clock_system().wall_ms(NULL) + INT64_C(100) * 86400000;
    pl_assert(pl_blobs_create(&c, &blobs) == PL_OK);
    atexit(clean_up);
}

static void check_name(const char *name) {
    struct pl_str s = pl_str_c(name);
    pl_assert(s.n > 0 && s.n < PL_BLOB_NAME && pl_utf8_valid(s));
    for (size_t i = 0; i < s.n; i++)
        pl_assert((unsigned char)name[i] >= 0x20 && name[i] != '/' && name[i] != '\\');
}

static void check_whole(struct answer *a, const struct pl_blob_new *what, struct pl_str body) {
    struct pl_blob_id id = a->info.id, again;
    char ref[PL_BLOB_REF];
    bool wanted = what->naccept == 0;
    for (uint32_t i = 0; i < what->naccept; i++)
        wanted = wanted || pl_blob_is_kind(a->info.type, what->accept[i]);
    pl_assert(wanted && what->size == body.n);
    check_name(a->info.name);
    pl_blob_ref_print(&id, ref);
    pl_assert(pl_blob_ref_read(pl_str_c(ref), &again) && memcmp(&id, &again, sizeof id) == 0);
    pl_blobs_read(blobs, &id, took, a, 1);
    pl_assert(wait_for(a) == PL_OK && pl_str_eq(pl_buf_slice(&a->bytes), body));
    pl_blobs_sweep(blobs, took, a, 1);
    pl_assert(wait_for(a) == PL_OK);
}

static void put(const struct pl_blob_new *what, struct pl_str body, size_t piece) {
    struct answer a = {0};
    struct pl_blob_put *p = NULL;
    struct pl_str rest = body;
    enum pl_err err = pl_blob_begin(blobs, what, &p);
    if (err != PL_OK) {
        pl_assert(err == PL_LIMIT && p == NULL);
        return;
    }
    while (rest.n && err == PL_OK) {
        size_t n = rest.n < piece ? rest.n : piece;
        err = pl_blob_add(p, (struct pl_str){rest.p, n});
        rest = (struct pl_str){rest.p + n, rest.n - n};
    }
    pl_assert(err == PL_OK || err == PL_TYPE || err == PL_LIMIT);
    if (err == PL_OK) {
        pl_blob_finish(&p, took, &a, 1);
        err = wait_for(&a);
        pl_assert(err == PL_OK || err == PL_MALFORMED);
        pl_assert((err == PL_OK) == (what->size == body.n));
        if (err == PL_OK) check_whole(&a, what, body);
    } else {
        pl_blob_drop(&p);
    }
    pl_buf_free(&a.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const kinds[] = {"image", "pdf", "audio",     "video",
                                        "text",  "",    "image/png", "application"};
    struct pl_str accept[8];
    struct pl_blob_new what = {.key = key, .accept = accept};
    if (size < 4 || size > 1 << 18) return 0;
    open_once();
    what.key = key;
    for (int i = 0; i < 8; i++)
        if (data[0] >> i & 1) accept[what.naccept++] = pl_str_c(kinds[i]);
    size_t piece = data[1] ? data[1] * (size_t)data[1] : 1, name = data[2], off = data[3];
    const char *at = (const char *)data + 4;
    if (name > size - 4) name = size - 4;
    what.name = (struct pl_str){at, name};
    struct pl_str body = {at + name, size - 4 - name};
    what.size = off < 128 ? body.n + off / 8 : body.n > off - 128 ? body.n - (off - 128) : 0;
    memset(what.conversation, data[1], sizeof what.conversation);
    put(&what, body, piece);
    return 0;
}
