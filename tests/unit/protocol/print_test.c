/* SPDX-License-Identifier: Apache-2.0 */
/* Every printed server frame is exactly what its rows in protocol.def promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runtime/protocol/protocol_priv.h"

static const struct pl_cid CID7 = {0x0123456789abcdef, 7};

static const struct pl_protocol__field *row_of(enum pl_frame_kind kind, struct pl_str name) {
    for (size_t i = 0; i < pl_protocol__nfields; i++)
        if (pl_protocol__fields[i].frame == kind && pl_str_is(name, pl_protocol__fields[i].name))
            return &pl_protocol__fields[i];
    return NULL;
}

static bool has_type(const struct pl_json *v, enum pl_protocol__type type) {
    if (type == BOOL) return v->kind == PL_JBOOL;
    if (type == COUNT || type == INT) return v->kind == PL_JNUMBER;
    return v->kind == PL_JTEXT;
}

static void check(enum pl_frame_kind kind, struct pl_buf *b, const char *expected) {
    struct pl_arena a;
    struct pl_json json;
    size_t at;
    pl_arena_init(&a, 0);
    assert_int_equal(pl_json_parse(&a, pl_buf_slice(b), &json, &at), PL_OK);
    assert_true(pl_str_is(pl_json_text(&json, "t"), pl_frame_word(kind)));
    for (size_t i = 0; i < json.n; i++) {
        if (pl_str_is(json.m[i].name, "t")) continue;
        const struct pl_protocol__field *row = row_of(kind, json.m[i].name);
        if (row == NULL && kind == PL_FRAME_EVENT) continue; /* the body brings its own */
        assert_non_null(row);
        assert_true(has_type(&json.m[i].value, row->type));
    }
    for (size_t i = 0; i < pl_protocol__nfields; i++)
        if (pl_protocol__fields[i].frame == kind && pl_protocol__fields[i].need == MUST)
            assert_non_null(pl_json_get(&json, pl_protocol__fields[i].name));
    pl_buf_byte(b, 0);
    assert_string_equal(b->p, expected);
    pl_buf_free(b);
    pl_arena_free(&a);
}

static void frames(void **state) {
    (void)state;
    struct pl_buf b = {0};
    pl_print_hello(&b, 25000, PL_STR("ab"));
    check(PL_FRAME_HELLO, &b,
          "{\"t\":\"hello\",\"heartbeat_ms\":25000,\"max_bytes\":65536,\"epoch\":\"ab\"}");
    struct pl_ready ready = {.conversation = PL_STR("c"),
                             .resume = PL_STR("r"),
                             .with = PL_STR("bot"),
                             .epoch = PL_STR("ab"),
                             .locale = PL_STR("ar-SA"),
                             .seq = 12,
                             .recovered = true,
                             .rtl = true};
    pl_print_ready(&b, &ready);
    check(PL_FRAME_READY, &b,
          "{\"t\":\"ready\",\"conversation\":\"c\",\"resume\":\"r\",\"with\":\"bot\","
          "\"epoch\":\"ab\",\"recovered\":true,\"seq\":12,\"dir\":\"rtl\",\"locale\":\"ar-SA\"}");
    pl_print_live(&b);
    check(PL_FRAME_LIVE, &b, "{\"t\":\"live\"}");
    pl_print_ack(&b, CID7, 13, false);
    check(PL_FRAME_ACK, &b,
          "{\"t\":\"ack\",\"cid\":\"0123456789abcdef-7\",\"seq\":13,\"dup\":false}");
    pl_print_event(&b, 14, 1795338000120,
                   PL_STR("{\"kind\":\"message\",\"from\":\"bot\",\"parts\":[]}"));
    check(PL_FRAME_EVENT, &b,
          "{\"t\":\"event\",\"seq\":14,\"at\":\"2026-11-22T09:00:00.120Z\",\"kind\":\"message\","
          "\"from\":\"bot\",\"parts\":[]}");
    pl_print_typing(&b, true);
    check(PL_FRAME_TYPING, &b, "{\"t\":\"typing\",\"on\":true}");
    struct pl_draft s = {.turn = 7, .attempt = 3001, .n = 2, .text = PL_STR("Yes.")};
    pl_print_stream(&b, &s);
    check(PL_FRAME_STREAM, &b,
          "{\"t\":\"stream\",\"turn\":\"7\",\"attempt\":3001,\"n\":2,\"op\":\"append\","
          "\"text\":\"Yes.\"}");
    pl_print_bye(&b, PL_CODE_DRAIN, 1200);
    check(PL_FRAME_BYE, &b, "{\"t\":\"bye\",\"code\":\"drain\",\"retry\":true,\"after_ms\":1200}");
}

static void errors(void **state) {
    (void)state;
    struct pl_buf b = {0};
    pl_print_error(&b, PL_CODE_BUSY, PL_STR(""), CID7);
    check(PL_FRAME_ERROR, &b,
          "{\"t\":\"error\",\"code\":\"busy\",\"message\":\"too many messages wait for their "
          "turn\",\"cid\":\"0123456789abcdef-7\",\"retry\":true}");
    pl_print_error(&b, PL_CODE_OUT_OF_ORDER, PL_STR("expected \"3\""), (struct pl_cid){0});
    check(PL_FRAME_ERROR, &b,
          "{\"t\":\"error\",\"code\":\"out_of_order\",\"message\":\"expected \\\"3\\\"\","
          "\"retry\":true}");
}

/* docs/PROTOCOL.md holds the tables that protocol.def makes, word for word. */
static void the_document_is_in_step(void **state) {
    (void)state;
    struct pl_arena a;
    struct pl_str doc;
    struct pl_buf b = {0};
    pl_arena_init(&a, 0);
    pl_protocol_tables(&b);
    if (getenv("PARLANCE_PRINT_TABLES") != NULL) fwrite(b.p, 1, b.n, stdout);
    assert_int_equal(pl_file_read(&a, "docs/PROTOCOL.md", 1 << 20, &doc), PL_OK);
    if (pl_str_find(doc, pl_buf_slice(&b)) == SIZE_MAX)
        fail_msg("docs/PROTOCOL.md is not in step with protocol.def; run this test with "
                 "PARLANCE_PRINT_TABLES=1 and paste the tables");
    pl_buf_free(&b);
    pl_arena_free(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames),
        cmocka_unit_test(errors),
        cmocka_unit_test(the_document_is_in_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
