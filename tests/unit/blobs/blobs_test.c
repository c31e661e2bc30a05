/* SPDX-License-Identifier: Apache-2.0 */
/* Files as customers send them: honest, cut off, too long, of another kind, with names that are
 * paths; on disks that were changed behind our back; after a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "runtime/blobs/blobs.h"

#define DAY_MS   INT64_C(86400000)
#define PNG_SIZE 200000
#define MOST     300000

struct world {
    char dir[64], keys[80], master[96], blobs[80];
    int64_t now_ms;
    struct pl_loop *loop;
    struct pl_keys *k;
    struct pl_key_id key;
    struct pl_blobs *b;
    /* of the last answer */
    unsigned answers;
    enum pl_err err;
    struct pl_blob_info info;
    struct pl_buf bytes;
};

static void answered(void *ctx, uint64_t ticket, enum pl_err err, const struct pl_blob_info *info,
                     struct pl_str bytes) {
    struct world *w = ctx;
    assert_int_equal(ticket, 77);
    w->answers++;
    w->err = err;
    w->info = *info;
    pl_buf_clear(&w->bytes);
    pl_buf_str(&w->bytes, bytes);
}

static enum pl_err answer(struct world *w) {
    unsigned before = w->answers;
    for (int i = 0; i < 500 && w->answers == before; i++) pl_loop_once(w->loop, 20);
    assert_int_equal(w->answers, before + 1);
    return w->err;
}

static void open_blobs(struct world *w) {
    struct pl_blobs_config c = {.dir = w->blobs,
                                .keys = w->keys,
                                .master = w->master,
                                .loop = w->loop,
                                .clock = pl_clock_fake(&w->now_ms),
                                .max_bytes = MOST,
                                .per_conversation = 4,
                                .unused_ms = DAY_MS};
    assert_int_equal(pl_blobs_create(&c, &w->b), PL_OK);
}

static void close_blobs(struct world *w) {
    pl_blobs_stop(w->b);
    pl_loop_once(w->loop, 0);
    pl_blobs_destroy(&w->b);
}

static int set_up(void **state) {
    struct world *w = calloc(1, sizeof *w);
    uint8_t key[PL_KEY_SIZE];
    *state = w;
    snprintf(w->dir, sizeof w->dir, "/tmp/parlance-blobs-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->keys, sizeof w->keys, "%s/keys", w->dir);
    snprintf(w->master, sizeof w->master, "%s/keys/master", w->dir);
    snprintf(w->blobs, sizeof w->blobs, "%s/uploads", w->dir);
    w->now_ms = pl_clock_system().wall_ms(NULL);
    assert_int_equal(pl_loop_create(pl_clock_system(), &w->loop), PL_OK);
    assert_int_equal(pl_keys_open(w->keys, w->master, &w->k), PL_OK);
    assert_int_equal(pl_keys_take(w->k, 20000, &w->key, key), PL_OK);
    open_blobs(w);
    return 0;
}

static int tear_down(void **state) {
    struct world *w = *state;
    char command[128];
    close_blobs(w);
    pl_keys_close(&w->k);
    pl_loop_destroy(&w->loop);
    pl_buf_free(&w->bytes);
    snprintf(command, sizeof command, "rm -r '%s'", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

/* ---- helpers ---- */

static struct pl_str png(size_t n) {
    static char bytes[MOST + 1];
    memcpy(bytes, "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", 16);
    for (size_t i = 16; i < sizeof bytes; i++) bytes[i] = (char)(i * 7919 >> 3);
    return (struct pl_str){bytes, n};
}

static struct pl_blob_new new_of(const struct world *w, const char *name, uint64_t size) {
    struct pl_blob_new n = {.key = w->key, .name = pl_str_c(name), .size = size};
    memset(n.conversation, 0xc1, 16);
    return n;
}

static enum pl_err put_pieces(struct world *w, const struct pl_blob_new *n, struct pl_str bytes,
                              size_t piece) {
    struct pl_blob_put *put = NULL;
    enum pl_err err = pl_blob_begin(w->b, n, &put);
    if (err != PL_OK) return err;
    while (bytes.n && err == PL_OK) {
        size_t some = bytes.n < piece ? bytes.n : piece;
        err = pl_blob_add(put, (struct pl_str){bytes.p, some});
        bytes = (struct pl_str){bytes.p + some, bytes.n - some};
    }
    if (err != PL_OK) {
        pl_blob_drop(&put);
        return err;
    }
    pl_blob_finish(&put, answered, w, 77);
    assert_null(put);
    return answer(w);
}

static enum pl_err put(struct world *w, const char *name, struct pl_str bytes) {
    struct pl_blob_new n = new_of(w, name, bytes.n);
    return put_pieces(w, &n, bytes, 4096);
}

static enum pl_err get(struct world *w, const struct pl_blob_id *id) {
    pl_blobs_read(w->b, id, answered, w, 77);
    return answer(w);
}

static enum pl_err use(struct world *w, const struct pl_blob_id *id) {
    pl_blobs_use(w->b, id, answered, w, 77);
    return answer(w);
}

static void sweep(struct world *w) {
    pl_blobs_sweep(w->b, answered, w, 77);
    assert_int_equal(answer(w), PL_OK);
}

/* Files under the folder; the last one's path. */
static size_t files(const struct world *w, char *path, size_t room) {
    char command[128], line[512];
    size_t n = 0;
    snprintf(command, sizeof command, "find '%s' -type f", w->blobs);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (path) snprintf(path, room, "%s", line);
        n++;
    }
    pclose(f);
    return n;
}

static void same(struct world *w, struct pl_str bytes) {
    assert_int_equal(w->bytes.n, bytes.n);
    assert_memory_equal(w->bytes.p, bytes.p, bytes.n);
}

/* ---- honest files ---- */

static void what_was_sent_is_read_again(void **state) {
    struct world *w = *state;
    const size_t sizes[] = {16, 65535, 65536, 65537, 131072, PNG_SIZE};
    for (size_t i = 0; i < PL_LEN(sizes); i++) {
        struct pl_blob_new n = new_of(w, "me.png", sizes[i]);
        n.conversation[0] = (uint8_t)i;
        assert_int_equal(put_pieces(w, &n, png(sizes[i]), 1 + i * 10007), PL_OK);
        struct pl_blob_id id = w->info.id;
        assert_int_equal(get(w, &id), PL_OK);
        same(w, png(sizes[i]));
        assert_string_equal(w->info.type, "image/png");
        assert_string_equal(w->info.name, "me.png");
        assert_int_equal(w->info.size, sizes[i]);
    }
}

static void nothing_lies_on_the_disk_in_clear(void **state) {
    struct world *w = *state;
    char command[160];
    struct pl_buf b = {0};
    for (int i = 0; i < 20000; i++) pl_buf_c(&b, "my private words\n");
    assert_int_equal(put(w, "secret-name.txt", (struct pl_str){b.p, MOST - 1}), PL_OK);
    assert_string_equal(w->info.type, "text/plain");
    snprintf(command, sizeof command, "grep -rlE 'private|secret-name|text/plain' '%s'", w->blobs);
    assert_int_not_equal(system(command), 0);
    pl_buf_free(&b);
}

static void names_are_only_names(void **state) {
    static const char *const names[][2] = {
        {"../../etc/passwd", "passwd"},
        {"C:\\Users\\ann\\box.jpg", "box.jpg"},
        {"..", "file"},
        {"", "file"},
        {"a\x01\x1f"
         "b\n.png",
         "ab.png"},
        {"gpj\xe2\x80\xae"
         "exe.png",
         "gpjexe.png"},
        {"  spaced .png ", "spaced .png"},
        {"\xff\xfe.png", ".png"},
        {"صورة.png", "صورة.png"},
        {"/", "file"},
    };
    char out[PL_BLOB_NAME], lots[4000];
    (void)state;
    for (size_t i = 0; i < PL_LEN(names); i++) {
        pl_blob_name_clean(pl_str_c(names[i][0]), out);
        assert_string_equal(out, names[i][1]);
    }
    memset(lots, 'x', sizeof lots);
    pl_blob_name_clean((struct pl_str){lots, sizeof lots}, out);
    assert_int_equal(strlen(out), 100);
}

static void references_go_there_and_back(void **state) {
    struct pl_blob_id id, again;
    char text[PL_BLOB_REF];
    (void)state;
    for (int i = 0; i < 16; i++) {
        id.conversation[i] = (uint8_t)(i * 17);
        id.number[i] = (uint8_t)(255 - i * 3);
    }
    pl_blob_ref_print(&id, text);
    assert_int_equal(strlen(text), 64);
    assert_true(pl_blob_ref_read(pl_str_c(text), &again));
    assert_memory_equal(&id, &again, sizeof id);
    assert_int_equal(strcspn(text, "0123456789"), 64);
    text[5] = 'q';
    assert_false(pl_blob_ref_read(pl_str_c(text), &again));
    text[5] = '/';
    assert_false(pl_blob_ref_read(pl_str_c(text), &again));
    assert_false(pl_blob_ref_read(PL_STR("abc"), &again));
    assert_false(pl_blob_ref_read(PL_STR(""), &again));
}

static void types_are_what_the_bytes_say(void **state) {
    static const struct {
        const char *bytes;
        size_t n;
        const char *type;
    } rows[] = {
        {"\xff\xd8\xff\xe0", 4, "image/jpeg"},
        {"GIF89a", 6, "image/gif"},
        {"RIFF\0\0\0\0WEBPVP8 ", 16, "image/webp"},
        {"RIFF\0\0\0\0WAVEfmt ", 16, "audio/wav"},
        {"RIFF\0\0\0\0AVI LIST", 16, NULL},
        {"%PDF-1.7\n\xe2\xe3", 11, "application/pdf"},
        {"\0\0\0\x18"
         "ftypmp42",
         12, "video/mp4"},
        {"\x1a\x45\xdf\xa3", 4, "video/webm"},
        {"PK\x03\x04\x14\0\0\0", 8, NULL}, /* a zip, a document of an office, a bomb */
        {"\x7f"
         "ELF\x02\x01\x01\0",
         8, NULL},
        {"MZ\x90\0", 4, NULL},
        {"\x1f\x8b\x08\0", 4, NULL},
        {"\x89PNG\r\n\x1a\n", 8, NULL}, /* no more than its first bytes */
        {"%PD", 3, "text/plain"},
        {"<svg onload=alert(1)>", 21, "text/plain"}, /* shown as text, never as what it would be */
        {"caf\xc3\xa9", 5, "text/plain"},
        {"caf\xc3", 4, NULL},
        {"a\0b", 3, NULL},
        {"", 0, NULL},
    };
    (void)state;
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        const char *type = pl_blob_sniff((struct pl_str){rows[i].bytes, rows[i].n}, true);
        if (rows[i].type)
            assert_string_equal(type ? type : "none", rows[i].type);
        else
            assert_null(type);
    }
    assert_string_equal(pl_blob_sniff(PL_STR("caf\xc3"), false), "text/plain");
    assert_true(pl_blob_is_kind("image/png", PL_STR("image")));
    assert_true(pl_blob_is_kind("application/pdf", PL_STR("pdf")));
    assert_false(pl_blob_is_kind("application/pdf", PL_STR("application")));
    assert_false(pl_blob_is_kind("image/png", PL_STR("imag")));
    assert_false(pl_blob_is_kind("image/png", PL_STR("")));
}

/* ---- files that are refused ---- */

static void only_what_the_question_takes(void **state) {
    struct world *w = *state;
    const struct pl_str accept[] = {PL_STR("pdf"), PL_STR("text")};
    struct pl_blob_new n = new_of(w, "form.pdf", 5000); /* by its name it would be one */
    n.accept = accept;
    n.naccept = 2;
    assert_int_equal(put_pieces(w, &n, png(5000), 5000), PL_TYPE);
    assert_int_equal(put(w, "photo.png", PL_STR("PK\x03\x04\x14\x02\x01\x01zip")), PL_TYPE);
    assert_int_equal(files(w, NULL, 0), 0);
    n.size = 8;
    assert_int_equal(put_pieces(w, &n, PL_STR("%PDF-1.7"), 3), PL_OK);
}

static void text_that_goes_on_as_something_else(void **state) {
    struct world *w = *state;
    char *bytes = malloc(100000);
    memset(bytes, 'a', 100000);
    bytes[90000] = '\0';
    assert_int_equal(put(w, "a.txt", (struct pl_str){bytes, 100000}), PL_TYPE);
    assert_int_equal(files(w, NULL, 0), 0);
    free(bytes);
}

static void sizes_are_kept(void **state) {
    struct world *w = *state;
    struct pl_blob_put *p = NULL;
    struct pl_blob_new n = new_of(w, "x.png", MOST + 1);
    assert_int_equal(pl_blob_begin(w->b, &n, &p), PL_LIMIT);
    n.size = UINT64_MAX;
    assert_int_equal(pl_blob_begin(w->b, &n, &p), PL_LIMIT);
    n.size = 0;
    assert_int_equal(pl_blob_begin(w->b, &n, &p), PL_LIMIT);
    n.size = 1000; /* more comes than it said */
    assert_int_equal(put_pieces(w, &n, png(1001), 1001), PL_LIMIT);
    assert_int_equal(put_pieces(w, &n, png(70000), 999), PL_LIMIT);
    assert_int_equal(files(w, NULL, 0), 0);
    n.size = 100000; /* it is cut off */
    assert_int_equal(put_pieces(w, &n, png(99999), 4096), PL_MALFORMED);
    assert_int_equal(put_pieces(w, &n, png(10), 4096), PL_MALFORMED);
    assert_int_equal(files(w, NULL, 0), 0);
}

static void so_many_of_a_conversation(void **state) {
    struct world *w = *state;
    struct pl_blob_put *p[4] = {0}, *more = NULL;
    struct pl_blob_new n = new_of(w, "x.png", 100);
    assert_int_equal(put(w, "x.png", png(100)), PL_OK);
    for (int i = 0; i < 3; i++) assert_int_equal(pl_blob_begin(w->b, &n, &p[i]), PL_OK);
    assert_int_equal(pl_blob_begin(w->b, &n, &more), PL_BUSY); /* those under way count */
    pl_blob_drop(&p[0]);
    assert_int_equal(pl_blob_begin(w->b, &n, &p[0]), PL_OK);
    n.conversation[3] = 9;
    assert_int_equal(pl_blob_begin(w->b, &n, &p[3]), PL_OK);
    for (int i = 0; i < 4; i++) pl_blob_drop(&p[i]);
    assert_int_equal(files(w, NULL, 0), 1);
}

/* ---- their life ---- */

static void unused_for_a_day_is_gone(void **state) {
    struct world *w = *state;
    assert_int_equal(put(w, "a.png", png(100)), PL_OK);
    struct pl_blob_id a = w->info.id;
    assert_int_equal(put(w, "b.png", png(200)), PL_OK);
    struct pl_blob_id b = w->info.id;
    assert_int_equal(use(w, &b), PL_OK);
    assert_string_equal(w->info.name, "b.png");
    assert_string_equal(w->info.type, "image/png");
    assert_int_equal(w->info.size, 200);
    assert_int_equal(use(w, &b), PL_OK); /* again */
    w->now_ms += DAY_MS - 60000;
    sweep(w);
    assert_int_equal(get(w, &a), PL_OK);
    w->now_ms += 120000;
    sweep(w);
    assert_int_equal(get(w, &a), PL_NOT_FOUND);
    assert_int_equal(use(w, &a), PL_NOT_FOUND);
    w->now_ms += 1000 * DAY_MS;
    sweep(w);
    assert_int_equal(get(w, &b), PL_OK);
    same(w, png(200));
}

static void erased_with_its_conversation(void **state) {
    struct world *w = *state;
    struct pl_blob_put *p = NULL;
    assert_int_equal(put(w, "a.png", png(100)), PL_OK);
    struct pl_blob_id a = w->info.id;
    assert_int_equal(use(w, &a), PL_OK);
    assert_int_equal(pl_keys_erase(w->k, w->key), PL_OK);
    assert_int_equal(get(w, &a), PL_ERASED);
    assert_int_equal(use(w, &a), PL_ERASED);
    struct pl_blob_new n = new_of(w, "x.png", 100);
    assert_int_equal(pl_blob_begin(w->b, &n, &p), PL_ERASED);
    sweep(w);
    assert_int_equal(files(w, NULL, 0), 0);
    assert_int_equal(get(w, &a), PL_NOT_FOUND);
}

/* A process that ends in the middle leaves a half file behind, which nobody can see or use. */
static void what_a_crash_leaves(void **state) {
    struct world *w = *state;
    char path[512];
    struct pl_blob_put *p = NULL;
    struct pl_blob_new n = new_of(w, "x.png", PNG_SIZE);
    assert_int_equal(put(w, "whole.png", png(300)), PL_OK);
    struct pl_blob_id whole = w->info.id;
    assert_int_equal(pl_blob_begin(w->b, &n, &p), PL_OK);
    assert_int_equal(pl_blob_add(p, png(150000)), PL_OK);
    char part[512] = "", copy[1024];
    DIR *d = opendir(w->blobs);
    assert_non_null(d);
    closedir(d);
    snprintf(path, sizeof path, "find '%s' -name '*.part'", w->blobs);
    FILE *f = popen(path, "r");
    assert_non_null(fgets(part, sizeof part, f));
    pclose(f);
    part[strcspn(part, "\n")] = '\0';
    struct pl_blob_id half;
    memset(half.conversation, 0xc1, 16);
    assert_true(pl_unhex((struct pl_str){strrchr(part, '/') + 1, 32}, half.number, 16));
    assert_int_equal(get(w, &half), PL_NOT_FOUND);
    assert_int_equal(use(w, &half), PL_NOT_FOUND);
    snprintf(copy, sizeof copy, "cp '%s' '%s.kept'", part, w->dir);
    assert_int_equal(system(copy), 0);
    pl_blob_drop(&p);
    snprintf(copy, sizeof copy, "cp '%s.kept' '%s' && rm '%s.kept'", w->dir, part, w->dir);
    assert_int_equal(system(copy), 0); /* as if it had not been dropped */
    close_blobs(w);
    open_blobs(w);
    assert_int_equal(files(w, NULL, 0), 1);
    assert_int_equal(get(w, &half), PL_NOT_FOUND);
    assert_int_equal(get(w, &whole), PL_OK);
    same(w, png(300));
}

/* ---- altered behind our back ---- */

static void change_byte(const char *path, long at) {
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    int c = fgetc(f);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    fputc(c ^ 1, f);
    fclose(f);
}

static void every_change_is_seen(void **state) {
    struct world *w = *state;
    char path[512];
    assert_int_equal(put(w, "a.png", png(70000)), PL_OK);
    struct pl_blob_id id = w->info.id;
    assert_int_equal(files(w, path, sizeof path), 1);
    for (long at = 0; at < 70200; at += at < 300 ? 1 : 997) {
        struct stat st;
        if (stat(path, &st) == 0 && at >= st.st_size) break;
        change_byte(path, at);
        assert_int_not_equal(get(w, &id), PL_OK);
        change_byte(path, at);
    }
    assert_int_equal(get(w, &id), PL_OK);
    for (off_t cut = 70000; cut >= 0; cut -= 6999) {
        assert_int_equal(truncate(path, cut), 0);
        assert_int_not_equal(get(w, &id), PL_OK);
    }
}

/* Another conversation's file, moved to where it would be this one's. */
static void a_file_in_another_place(void **state) {
    struct world *w = *state;
    char path[512], command[1200], other[33];
    assert_int_equal(put(w, "a.png", png(100)), PL_OK);
    struct pl_blob_id id = w->info.id;
    assert_int_equal(files(w, path, sizeof path), 1);
    memset(id.conversation, 0xd2, 16);
    pl_hex(id.conversation, 16, other);
    snprintf(command, sizeof command, "mkdir '%s/%s' && mv '%s' '%s/%s/'", w->blobs, other, path,
             w->blobs, other);
    assert_int_equal(system(command), 0);
    assert_int_equal(get(w, &id), PL_MALFORMED);
    assert_int_equal(use(w, &id), PL_MALFORMED);
}

static void a_link_is_no_file(void **state) {
    struct world *w = *state;
    char path[512], moved[600];
    assert_int_equal(put(w, "a.png", png(100)), PL_OK);
    struct pl_blob_id id = w->info.id;
    assert_int_equal(files(w, path, sizeof path), 1);
    snprintf(moved, sizeof moved, "%s/moved", w->dir);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(symlink(moved, path), 0);
    assert_int_not_equal(get(w, &id), PL_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_sent_is_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_lies_on_the_disk_in_clear, set_up, tear_down),
        cmocka_unit_test(names_are_only_names),
        cmocka_unit_test(references_go_there_and_back),
        cmocka_unit_test(types_are_what_the_bytes_say),
        cmocka_unit_test_setup_teardown(only_what_the_question_takes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(text_that_goes_on_as_something_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sizes_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(so_many_of_a_conversation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unused_for_a_day_is_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(erased_with_its_conversation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_crash_leaves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_change_is_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_in_another_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_is_no_file, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
