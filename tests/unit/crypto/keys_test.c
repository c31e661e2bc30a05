/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/crypto/crypto.h"

#include <cmocka.h>

enum { DAY = 20779 };

struct place {
    char dir[32], keys[64], master[64], file[80];
};

static int make_place(void **state) {
    static struct place p;
    (void)snprintf(p.dir, sizeof(p.dir), "/tmp/pl_keys_XXXXXX");
    assert_non_null(mkdtemp(p.dir));
    (void)snprintf(p.keys, sizeof(p.keys), "%s/keys", p.dir);
    (void)snprintf(p.master, sizeof(p.master), "%s/master.key", p.dir);
    (void)snprintf(p.file, sizeof(p.file), "%s/%d", p.keys, DAY);
    *state = &p;
    return 0;
}

static int remove_place(void **state) {
    struct place *p = *state;
    (void)unlink(p->file);
    (void)rmdir(p->keys);
    (void)unlink(p->master);
    return rmdir(p->dir);
}

static struct pl_keys *open_keys(const struct place *p) {
    struct pl_keys *k;
    assert_int_equal(pl_keys_open(p->keys, p->master, &k), PL_OK);
    return k;
}

static struct pl_key_id take(struct pl_keys *k, uint8_t key[PL_KEY_SIZE]) {
    struct pl_key_id id;
    assert_int_equal(pl_keys_take(k, DAY, &id, key), PL_OK);
    return id;
}

static void patch(const struct place *p, off_t at, uint8_t flip) {
    int fd = open(p->file, O_RDWR);
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= flip;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    assert_int_equal(close(fd), 0);
}

/* A start that was killed while it made the master key leaves a piece of it; the next one works. */
static void a_start_cut_off(void **state) {
    struct place *p = *state;
    char piece[96];
    (void)snprintf(piece, sizeof(piece), "%s/master.Ab3dEf", p->keys);
    assert_int_equal(mkdir(p->keys, 0700), 0);
    int fd = open(piece, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(close(fd), 0);
    struct pl_keys *k = open_keys(p);
    pl_keys_close(&k);
    assert_int_equal(unlink(piece), 0);
}

static void keys_come_back_until_erased(void **state) {
    struct pl_keys *k = open_keys(*state), *other;
    uint8_t a[PL_KEY_SIZE], b[PL_KEY_SIZE], back[PL_KEY_SIZE];
    struct pl_key_id one = take(k, a), two = take(k, b);
    assert_memory_not_equal(a, b, PL_KEY_SIZE);
    assert_int_equal(two.slot, one.slot + 1);
    other = open_keys(*state);
    assert_int_equal(pl_keys_get(other, one, back), PL_OK);
    assert_memory_equal(a, back, PL_KEY_SIZE);
    assert_int_equal(pl_keys_erase(k, one), PL_OK);
    assert_int_equal(pl_keys_erase(k, one), PL_OK);
    assert_int_equal(pl_keys_get(other, one, back), PL_ERASED); /* seen by all at once */
    assert_int_equal(pl_keys_get(other, two, back), PL_OK);
    assert_memory_equal(b, back, PL_KEY_SIZE);
    pl_keys_close(&other);
    pl_keys_close(&k);
    k = open_keys(*state);
    assert_int_equal(pl_keys_get(k, one, back), PL_ERASED);
    assert_int_equal(pl_keys_get(k, two, back), PL_OK);
    pl_keys_close(&k);
}

static void no_slot_is_handed_out_twice(void **state) {
    struct pl_keys *k = open_keys(*state), *other = open_keys(*state);
    uint8_t key[PL_KEY_SIZE];
    assert_int_equal(take(k, key).slot, 1);
    assert_int_equal(take(other, key).slot, 1 + PL_KEY_BATCH);
    pl_keys_close(&k); /* as a crash would: nothing is written on closing */
    k = open_keys(*state);
    for (uint32_t i = 1; i <= PL_KEY_BATCH + 1; i++) {
        if (i == PL_KEY_BATCH - 5) assert_int_equal(pl_keys_prepare(k, DAY), PL_OK);
        assert_int_equal(take(k, key).slot, 2 * PL_KEY_BATCH + i);
    }
    assert_int_equal(take(other, key).slot, 2 + PL_KEY_BATCH);
    pl_keys_close(&other);
    pl_keys_close(&k);
}

static void what_is_not_there_is_not_found(void **state) {
    struct pl_keys *k = open_keys(*state);
    uint8_t key[PL_KEY_SIZE];
    struct pl_key_id id = {DAY, 1};
    assert_int_equal(pl_keys_get(k, id, key), PL_NOT_FOUND);
    assert_int_equal(pl_keys_erase(k, id), PL_NOT_FOUND);
    assert_int_equal(pl_keys_unlink_day(k, DAY), PL_OK);
    (void)take(k, key);
    const uint32_t slots[] = {0, PL_KEY_BATCH + 1, UINT32_MAX / 2, UINT32_MAX};
    for (size_t i = 0; i < PL_LEN(slots); i++) {
        id.slot = slots[i];
        assert_int_equal(pl_keys_get(k, id, key), PL_NOT_FOUND);
        assert_int_equal(pl_keys_erase(k, id), PL_NOT_FOUND);
    }
    pl_keys_close(&k);
}

static void damage_is_never_taken_for_erasure(void **state) {
    struct pl_keys *k = open_keys(*state);
    uint8_t key[PL_KEY_SIZE];
    struct pl_key_id id = take(k, key);
    for (off_t i = 0; i < 64; i++) {
        for (int bit = 0; bit < 8; bit++) {
            patch(*state, (off_t)id.slot * 64 + i, (uint8_t)(1 << bit));
            assert_int_equal(pl_keys_get(k, id, key), PL_MALFORMED);
            patch(*state, (off_t)id.slot * 64 + i, (uint8_t)(1 << bit));
        }
    }
    assert_int_equal(pl_keys_get(k, id, key), PL_OK);
    patch(*state, (off_t)id.slot * 64, 1);
    assert_int_equal(pl_keys_erase(k, id), PL_OK); /* a damaged slot can be erased */
    assert_int_equal(pl_keys_get(k, id, key), PL_ERASED);
    pl_keys_close(&k);
}

static void foreign_files_are_refused(void **state) {
    const struct {
        off_t at;
        enum pl_err err;
    } flips[] = {{0, PL_MALFORMED},
                 {8, PL_VERSION},
                 {12, PL_MALFORMED},
                 {19, PL_MALFORMED},
                 {40, PL_DENIED}};
    struct pl_keys *k = open_keys(*state);
    uint8_t key[PL_KEY_SIZE];
    struct pl_key_id id = take(k, key);
    pl_keys_close(&k);
    for (size_t i = 0; i < PL_LEN(flips); i++) {
        patch(*state, flips[i].at, 0x80);
        k = open_keys(*state);
        assert_int_equal(pl_keys_get(k, id, key), flips[i].err);
        assert_int_equal(pl_keys_erase(k, id), flips[i].err);
        assert_int_equal(pl_keys_take(k, DAY, &id, key), flips[i].err);
        pl_keys_close(&k);
        patch(*state, flips[i].at, 0x80);
    }
    k = open_keys(*state);
    assert_int_equal(pl_keys_get(k, id, key), PL_OK);
    pl_keys_close(&k);
}

static void a_slot_is_bound_to_its_place(void **state) {
    struct place *p = *state;
    struct pl_keys *k = open_keys(p);
    uint8_t key[PL_KEY_SIZE], slot[64];
    struct pl_key_id one = take(k, key), two = take(k, key);
    int fd = open(p->file, O_RDWR);
    assert_int_equal(pread(fd, slot, 64, (off_t)one.slot * 64), 64);
    assert_int_equal(pwrite(fd, slot, 60, (off_t)two.slot * 64), 60);
    assert_int_equal(close(fd), 0);
    assert_int_equal(pl_keys_get(k, two, key), PL_MALFORMED);
    pl_keys_close(&k);
}

static void the_master_key_is_guarded(void **state) {
    struct place *p = *state;
    struct pl_keys *k = open_keys(p);
    struct stat st;
    uint8_t key[PL_KEY_SIZE], a[PL_KEY_SIZE], b[PL_KEY_SIZE];
    assert_int_equal(stat(p->master, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, PL_KEY_SIZE);
    struct pl_key_id id = take(k, key);
    pl_keys_derive(k, "tokens", a);
    pl_keys_derive(k, "resume", b);
    assert_memory_not_equal(a, b, PL_KEY_SIZE);
    pl_keys_close(&k);

    assert_int_equal(chmod(p->master, 0640), 0);
    assert_int_equal(pl_keys_open(p->keys, p->master, &k), PL_DENIED);
    assert_null(k);
    assert_int_equal(chmod(p->master, 0600), 0);
    k = open_keys(p);
    pl_keys_derive(k, "tokens", b);
    assert_memory_equal(a, b, PL_KEY_SIZE);
    pl_keys_close(&k);

    assert_int_equal(unlink(p->master), 0); /* never made anew over keys that need the old one */
    assert_int_equal(pl_keys_open(p->keys, p->master, &k), PL_NOT_FOUND);
    int fd = open(p->master, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "short", 5), 5);
    assert_int_equal(pl_keys_open(p->keys, p->master, &k), PL_MALFORMED);
    assert_int_equal(write(fd, "another key of the right size", 27), 27);
    assert_int_equal(close(fd), 0);
    k = open_keys(p);
    assert_int_equal(pl_keys_get(k, id, key), PL_DENIED);
    pl_keys_close(&k);
}

static void a_day_can_be_removed(void **state) {
    struct place *p = *state;
    struct pl_keys *k = open_keys(p), *other = open_keys(p);
    uint8_t key[PL_KEY_SIZE];
    struct pl_key_id id = take(k, key);
    assert_int_equal(pl_keys_get(other, id, key), PL_OK);
    assert_int_equal(pl_keys_unlink_day(k, DAY), PL_OK);
    assert_int_equal(access(p->file, F_OK), -1);
    assert_int_equal(pl_keys_get(k, id, key), PL_NOT_FOUND);
    assert_int_equal(pl_keys_get(other, id, key), PL_ERASED); /* it still has the file open */
    assert_int_equal(pl_keys_unlink_day(k, DAY), PL_OK);
    pl_keys_close(&other);
    pl_keys_close(&k);
}

static void many_days_share_few_descriptors(void **state) {
    struct place *p = *state;
    struct pl_keys *k = open_keys(p);
    uint8_t key[12][PL_KEY_SIZE], back[PL_KEY_SIZE];
    struct pl_key_id id[12];
    for (uint32_t i = 0; i < 12; i++)
        assert_int_equal(pl_keys_take(k, 100 + i, &id[i], key[i]), PL_OK);
    for (uint32_t i = 0; i < 12; i++) {
        assert_int_equal(pl_keys_get(k, id[i], back), PL_OK);
        assert_memory_equal(key[i], back, PL_KEY_SIZE);
    }
    for (uint32_t i = 0; i < 12; i++) assert_int_equal(pl_keys_unlink_day(k, 100 + i), PL_OK);
    pl_keys_close(&k);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_PLACE(keys_come_back_until_erased),
        WITH_PLACE(a_start_cut_off),
        WITH_PLACE(no_slot_is_handed_out_twice),
        WITH_PLACE(what_is_not_there_is_not_found),
        WITH_PLACE(damage_is_never_taken_for_erasure),
        WITH_PLACE(foreign_files_are_refused),
        WITH_PLACE(a_slot_is_bound_to_its_place),
        WITH_PLACE(the_master_key_is_guarded),
        WITH_PLACE(a_day_can_be_removed),
        WITH_PLACE(many_days_share_few_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
