/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/base.h"

#include <cmocka.h>

static void slices_compare_and_search(void **state) {
    (void)state;
    struct pl_str s = PL_STR("  order 12 \n");
    assert_true(pl_str_is(pl_str_trim(s), "order 12"));
    assert_int_equal(pl_str_find(s, PL_STR("12")), 8);
    assert_true(pl_str_find(s, PL_STR("13")) == SIZE_MAX);
    assert_true(pl_str_starts(PL_STR("abc"), PL_STR("ab")));
    assert_true(pl_str_ends(PL_STR("abc"), PL_STR("bc")));
    assert_false(pl_str_ends(PL_STR("c"), PL_STR("bc")));
    assert_true(pl_str_cmp(PL_STR("a"), PL_STR("ab")) < 0);
    assert_true(pl_str_cmp(PL_STR("\xc3"), PL_STR("z")) > 0);
    assert_true(pl_str_eq(pl_str_c(NULL), PL_STR("")));
}

static void integers_are_read_to_the_last_one(void **state) {
    (void)state;
    int64_t v = 0;
    assert_true(pl_str_i64(PL_STR("9223372036854775807"), &v) && v == INT64_MAX);
    assert_true(pl_str_i64(PL_STR("-9223372036854775808"), &v) && v == INT64_MIN);
    const char *bad[] = {"9223372036854775808", "-9223372036854775809", "", "-", "1a", " 1", "+1",
                         "99999999999999999999"};
    for (size_t i = 0; i < PL_LEN(bad); i++) assert_false(pl_str_i64(pl_str_c(bad[i]), &v));
}

static void utf8_is_strict(void **state) {
    (void)state;
    const char *good[] = {"",
                          "plain ascii text",
                          "\xd9\x85\xd8\xb1",
                          "\xf0\x9f\x93\xa6",
                          "\xed\x9f\xbf",
                          "\xf4\x8f\xbf\xbf"};
    const char *bad[] = {"\x80",         "\xc0\xaf",         "\xc1\xbf", "\xe0\x80\x80",
                         "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5",     "12345678\xf0\x9f\x93",
                         "\xc3"};
    for (size_t i = 0; i < PL_LEN(good); i++) assert_true(pl_utf8_valid(pl_str_c(good[i])));
    for (size_t i = 0; i < PL_LEN(bad); i++) assert_false(pl_utf8_valid(pl_str_c(bad[i])));
}

static void code_points_go_there_and_back(void **state) {
    (void)state;
    for (uint32_t cp = 0; cp < 0x110000; cp += 37) {
        char bytes[4];
        size_t n = pl_utf8_put(cp, bytes), at = 0;
        bool surrogate = cp >= 0xD800 && cp < 0xE000;
        uint32_t back = pl_utf8_next((struct pl_str){bytes, n}, &at);
        assert_int_equal(back, surrogate ? 0xFFFD : cp);
        assert_int_equal(at, n);
    }
    size_t at = 0;
    assert_int_equal(pl_utf8_next(PL_STR("\xe2\x82"), &at), 0xFFFD);
    assert_int_equal(at, 1);
}

static void a_warm_arena_keeps_one_block(void **state) {
    (void)state;
    struct pl_arena a;
    pl_arena_init(&a, 0);
    struct pl_arena_block *head = NULL;
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 1000; i++) {
            uint8_t *p = pl_arena_alloc(&a, 100);
            assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
            for (int j = 0; j < 100; j++) assert_int_equal(p[j], 0);
            memset(p, 0xAA, 100);
        }
        if (round > 2) assert_ptr_equal(a.head, head);
        head = a.head;
        pl_arena_reset(&a);
        assert_int_equal(a.used, 0);
    }
    pl_arena_free(&a);
}

static void an_arena_with_a_limit_refuses(void **state) {
    (void)state;
    struct pl_arena a;
    pl_arena_init(&a, 1024);
    assert_non_null(pl_arena_alloc(&a, 1024));
    assert_null(pl_arena_alloc(&a, 1));
    pl_arena_reset(&a);
    assert_null(pl_arena_alloc(&a, 1025));
    assert_null(pl_arena_alloc(&a, SIZE_MAX));
    assert_null(pl_arena_array(&a, SIZE_MAX / 2, 3));
    assert_non_null(pl_arena_alloc(&a, 0));
    pl_arena_free(&a);
}

static void arena_prints_short_and_long(void **state) {
    (void)state;
    struct pl_arena a;
    pl_arena_init(&a, 0);
    assert_true(pl_str_is(pl_arena_printf(&a, "%d-%s", 7, "x"), "7-x"));
    struct pl_str wide = pl_arena_printf(&a, "%0500d", 1);
    assert_int_equal(wide.n, 500);
    assert_int_equal(wide.p[500], 0);
    pl_arena_free(&a);
}

static void numbers_survive_the_buffer(void **state) {
    (void)state;
    const uint64_t vars[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX};
    const int64_t zigs[] = {0, -1, 1, 63, -64, INT64_MAX, INT64_MIN};
    struct pl_buf b = {0};
    for (size_t i = 0; i < PL_LEN(vars); i++) pl_buf_var(&b, vars[i]);
    for (size_t i = 0; i < PL_LEN(zigs); i++) pl_buf_zig(&b, zigs[i]);
    pl_buf_u16(&b, 0x1234);
    pl_buf_u32(&b, 0x12345678);
    pl_buf_u64(&b, UINT64_C(0x123456789abcdef0));
    pl_buf_text(&b, PL_STR("text"));
    struct pl_reader r = pl_reader_of(pl_buf_slice(&b));
    for (size_t i = 0; i < PL_LEN(vars); i++) assert_true(pl_read_var(&r) == vars[i]);
    for (size_t i = 0; i < PL_LEN(zigs); i++) assert_true(pl_read_zig(&r) == zigs[i]);
    assert_int_equal(pl_read_u16(&r), 0x1234);
    assert_int_equal(pl_read_u32(&r), 0x12345678);
    assert_true(pl_read_u64(&r) == UINT64_C(0x123456789abcdef0));
    assert_true(pl_str_is(pl_read_text(&r), "text"));
    assert_int_equal(pl_read_left(&r), 0);
    assert_false(r.bad);
    assert_int_equal(pl_read_u8(&r), 0);
    assert_true(r.bad);
    pl_buf_free(&b);
}

static void overlong_numbers_and_lengths_are_bad(void **state) {
    (void)state;
    const struct pl_str bad[] = {PL_STR("\x80"), PL_STR("\x80\x00"),
                                 PL_STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
                                 PL_STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")};
    for (size_t i = 0; i < PL_LEN(bad); i++) {
        struct pl_reader r = pl_reader_of(bad[i]);
        assert_true(pl_read_var(&r) == 0);
        assert_true(r.bad);
    }
    struct pl_reader r = pl_reader_of(PL_STR("\x05"
                                             "abcd"));
    assert_int_equal(pl_read_text(&r).n, 0);
    assert_true(r.bad);
}

static void buffers_print_and_grow(void **state) {
    (void)state;
    struct pl_buf b = {0};
    for (int i = 0; i < 100; i++) pl_buf_printf(&b, "%03d,", i);
    pl_buf_c(&b, "end");
    assert_int_equal(b.n, 403);
    assert_memory_equal(b.p + 396, "099,end", 7);
    assert_false(pl_buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    pl_buf_byte(&b, 'x');
    assert_int_equal(b.n, 403);
    pl_buf_clear(&b);
    assert_false(b.failed);
    pl_buf_free(&b);
}

static void the_map_agrees_with_a_list(void **state) {
    (void)state;
    enum { N = 500 };
    static char names[N][16];
    bool in[N] = {false};
    struct pl_map m = {0};
    struct pl_rand r;
    pl_rand_seed(&r, 7);
    size_t count = 0;
    for (int i = 0; i < N; i++) (void)snprintf(names[i], sizeof(names[i]), "k%d", i);
    for (int step = 0; step < 20000; step++) {
        size_t i = pl_rand_below(&r, N);
        void *had = step % 3 ? pl_map_put(&m, pl_str_c(names[i]), names[i])
                             : pl_map_del(&m, pl_str_c(names[i]));
        assert_ptr_equal(had, in[i] ? names[i] : NULL);
        bool now = step % 3 != 0;
        count = count + (now && !in[i]) - (!now && in[i]);
        in[i] = now;
        assert_int_equal(m.n, count);
    }
    for (int i = 0; i < N; i++)
        assert_ptr_equal(pl_map_get(&m, pl_str_c(names[i])), in[i] ? names[i] : NULL);
    size_t at = 0, seen = 0;
    struct pl_str key;
    void *value;
    while (pl_map_next(&m, &at, &key, &value)) seen++;
    assert_int_equal(seen, count);
    pl_map_free(&m);
}

static void vectors_grow(void **state) {
    (void)state;
    PL_VEC(int) v = {0};
    for (int i = 0; i < 1000; i++) PL_PUSH(&v, i);
    assert_int_equal(v.n, 1000);
    assert_int_equal(v.v[999], 999);
    PL_VEC_FREE(&v);
    assert_null(v.v);
}

static void buckets_refill(void **state) {
    (void)state;
    struct pl_bucket b;
    pl_bucket_init(&b, 2, 10, 0);
    assert_int_equal(pl_bucket_take(&b, 1, 0), 0);
    assert_int_equal(pl_bucket_take(&b, 1, 0), 0);
    assert_int_equal(pl_bucket_take(&b, 1, 0), 100);
    assert_int_equal(pl_bucket_take(&b, 1, 99000), 1);
    assert_int_equal(pl_bucket_take(&b, 1, 100000), 0);
    assert_int_equal(pl_bucket_take(&b, 3, 10000000), 100); /* never more than the burst */
    assert_true(pl_bucket_take(&b, 1, 5) == 0);             /* time going back gives nothing */
}

static void edit_distance_counts_swaps(void **state) {
    (void)state;
    assert_int_equal(pl_edit_distance(PL_STR("status"), PL_STR("status"), 2), 0);
    assert_int_equal(pl_edit_distance(PL_STR("status"), PL_STR("sttaus"), 2), 1);
    assert_int_equal(pl_edit_distance(PL_STR("order"), PL_STR("ordr"), 2), 1);
    assert_int_equal(pl_edit_distance(PL_STR("ab"), PL_STR("xyz"), 2), 3);
    assert_int_equal(pl_edit_distance(PL_STR(""), PL_STR("abc"), 9), 3);
    assert_int_equal(pl_edit_distance(PL_STR("abcdefgh"), PL_STR("hgfedcba"), 2), 3);
}

static struct pl_str meant(const char *got) {
    static const char *const names[] = {"order", "refund", "border", "of", "orders"};
    struct pl_near near = pl_near(pl_str_c(got));
    for (size_t i = 0; i < PL_LEN(names); i++) pl_near_offer(&near, pl_str_c(names[i]));
    return near.best;
}

static void the_nearest_name_is_meant(void **state) {
    (void)state;
    assert_true(pl_str_is(meant("ordre"), "order"));
    assert_true(pl_str_is(meant("brder"), "order")); /* the first of equals */
    assert_true(pl_str_is(meant("refunds"), "refund"));
    assert_true(pl_str_is(meant("if"), "of"));
    assert_int_equal(meant("x").n, 0); /* no letter of it is right */
    assert_int_equal(meant("parcel").n, 0);
    assert_int_equal(meant("").n, 0);
}

static void markup_is_escaped(void **state) {
    (void)state;
    struct pl_buf b = {0};
    pl_buf_markup(&b, PL_STR("<a href=\"x\">R&D's</a> \xc3\xbc"));
    pl_buf_byte(&b, 0);
    assert_string_equal((char *)b.p, "&lt;a href=&quot;x&quot;&gt;R&amp;D's&lt;/a&gt; \xc3\xbc");
    pl_buf_free(&b);
}

static void hex_goes_there_and_back(void **state) {
    (void)state;
    uint8_t bytes[3] = {0x00, 0xAB, 0xFF}, back[3];
    char text[7];
    pl_hex(bytes, 3, text);
    assert_string_equal(text, "00abff");
    assert_true(pl_unhex(PL_STR("00ABff"), back, 3));
    assert_memory_equal(bytes, back, 3);
    assert_false(pl_unhex(PL_STR("00abf"), back, 3));
    assert_false(pl_unhex(PL_STR("00abfg"), back, 3));
}

static void files_are_replaced_whole(void **state) {
    (void)state;
    char dir[] = "/tmp/pl_base_XXXXXX", path[128], deep[128];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(deep, sizeof(deep), "%s/a/b", dir);
    (void)snprintf(path, sizeof(path), "%s/a/b/x.flow", dir);
    assert_int_equal(pl_mkdirs(deep), PL_OK);
    assert_int_equal(pl_mkdirs(deep), PL_OK);
    assert_int_equal(pl_file_replace(path, PL_STR("one")), PL_OK);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(pl_file_replace(path, PL_STR("two two")), PL_OK);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);

    struct pl_arena a;
    pl_arena_init(&a, 0);
    struct pl_str text, *paths;
    size_t n;
    assert_int_equal(pl_file_read(&a, path, 7, &text), PL_OK);
    assert_true(pl_str_is(text, "two two"));
    assert_int_equal(pl_file_read(&a, path, 6, &text), PL_LIMIT);
    assert_int_equal(pl_file_read(&a, "/nowhere/x", 6, &text), PL_NOT_FOUND);
    assert_int_equal(pl_file_read(&a, deep, 6, &text), PL_IO);
    assert_int_equal(pl_files_under(&a, dir, ".flow", 10, &paths, &n), PL_OK);
    assert_int_equal(n, 1);
    assert_true(pl_str_is(paths[0], "a/b/x.flow"));
    assert_int_equal(pl_files_under(&a, dir, ".flow", 0, &paths, &n), PL_LIMIT);
    assert_int_equal(pl_files_under(&a, dir, ".none", 1, &paths, &n), PL_OK);
    assert_int_equal(n, 0);
    pl_arena_free(&a);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(deep), 0);
    (void)snprintf(deep, sizeof(deep), "%s/a", dir);
    assert_int_equal(rmdir(deep), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void the_log_is_one_line_of_json(void **state) {
    (void)state;
    int64_t now = 1795338245120;
    char *text = NULL;
    size_t n = 0;
    struct pl_log log = {PL_LOG_INFO, open_memstream(&text, &n), pl_clock_fake(&now), NULL};
    pl_log(&log, PL_LOG_DEBUG, "store", "hidden", "x=%d", 1);
    pl_log(&log, PL_LOG_WARN, "store", "slow", "key=%s other=%d", "a\"b\n", 7);
    (void)fclose(log.to);
    assert_string_equal(text, "{\"at\":\"2026-11-22T09:04:05.120Z\",\"level\":\"warn\","
                              "\"room\":\"store\",\"event\":\"slow\","
                              "\"text\":\"key=a\\\"b\\u000a other=7\"}\n");
    free(text);
}

static void in_capitals(char *text, size_t room) {
    for (size_t i = 0; text[i] && i < room; i++)
        if (text[i] >= 'a' && text[i] <= 'z') text[i] = (char)(text[i] - 'a' + 'A');
}

static void the_log_is_masked(void **state) {
    (void)state;
    char *text = NULL;
    size_t n = 0;
    int64_t now = 0;
    struct pl_log log = {PL_LOG_INFO, open_memstream(&text, &n), pl_clock_fake(&now), in_capitals};
    pl_log(&log, PL_LOG_WARN, "store", "slow", "who=%s", "sam@example.com");
    (void)fclose(log.to);
    assert_non_null(strstr(text, "\"text\":\"WHO=SAM@EXAMPLE.COM\""));
    free(text);
}

static void the_long_hash_tells_bytes_and_lengths(void **state) {
    (void)state;
    static const char zeros[24];
    uint64_t seen[25 + 24 * 8];
    size_t n = 0;
    char bytes[24];
    for (size_t i = 0; i <= sizeof zeros; i++) seen[n++] = pl_mix(PL_FNV, zeros, i);
    for (size_t i = 0; i < sizeof bytes * 8; i++) {
        memset(bytes, 0, sizeof bytes);
        bytes[i / 8] = (char)(1 << (i % 8));
        seen[n++] = pl_mix(PL_FNV, bytes, sizeof bytes);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) assert_true(seen[i] != seen[k]);
    assert_true(pl_mix(PL_FNV, "abcdefgh1", 9) == pl_mix(PL_FNV, "abcdefgh1", 9));
    assert_true(pl_mix(1, "a", 1) != pl_mix(2, "a", 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_long_hash_tells_bytes_and_lengths),
        cmocka_unit_test(slices_compare_and_search),
        cmocka_unit_test(integers_are_read_to_the_last_one),
        cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(code_points_go_there_and_back),
        cmocka_unit_test(a_warm_arena_keeps_one_block),
        cmocka_unit_test(an_arena_with_a_limit_refuses),
        cmocka_unit_test(arena_prints_short_and_long),
        cmocka_unit_test(numbers_survive_the_buffer),
        cmocka_unit_test(overlong_numbers_and_lengths_are_bad),
        cmocka_unit_test(buffers_print_and_grow),
        cmocka_unit_test(the_map_agrees_with_a_list),
        cmocka_unit_test(vectors_grow),
        cmocka_unit_test(buckets_refill),
        cmocka_unit_test(edit_distance_counts_swaps),
        cmocka_unit_test(the_nearest_name_is_meant),
        cmocka_unit_test(markup_is_escaped),
        cmocka_unit_test(hex_goes_there_and_back),
        cmocka_unit_test(files_are_replaced_whole),
        cmocka_unit_test(the_log_is_one_line_of_json),
        cmocka_unit_test(the_log_is_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
