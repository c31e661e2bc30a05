/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runtime/protocol/protocol.h"

#define CID "0123456789abcdef-7"

struct fixture {
    struct pl_arena a;
    struct pl_frame f[PL_PROTOCOL_MAX_BATCH];
    size_t n;
};

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    pl_arena_init(&f->a, 0);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    pl_arena_free(&f->a);
    free(f);
    return 0;
}

static const struct pl_frame *parse(struct fixture *f, struct pl_str message) {
    f->n = pl_protocol_parse(&f->a, message, f->f);
    return &f->f[0];
}

static void assert_str(struct pl_str got, const char *expected) {
    char text[512];
    snprintf(text, sizeof text, "%.*s", PL_STR_ARG(got));
    assert_string_equal(text, expected);
}

static void refused(struct fixture *f, const char *message, enum pl_code code, const char *text) {
    const struct pl_frame *got = parse(f, pl_str_c(message));
    assert_int_equal(f->n, 1);
    assert_int_equal(got->code, code);
    assert_str(got->message, text);
}

static void good_frames(void **state) {
    struct fixture *f = *state;
    const struct pl_frame *g = parse(
        f, PL_STR("{\"t\":\"open\",\"token\":null,\"resume\":\"r\",\"locale\":\"ar-SA\",\"epoch\":"
                  "null,\"seq\":12,\"page\":{\"url\":\"https://x/\"}}"));
    assert_int_equal(g->code, PL_CODE_OK);
    assert_int_equal(g->kind, PL_FRAME_OPEN);
    assert_str(g->resume, "r");
    assert_str(g->locale, "ar-SA");
    assert_str(g->page_url, "https://x/");
    assert_int_equal(g->seq, 12);
    assert_int_equal(g->token.n, 0);
    g = parse(f, PL_STR("{\"t\":\"open\",\"page\":null}"));
    assert_int_equal(g->code, PL_CODE_OK);
    g = parse(f, PL_STR("{\"t\":\"send\",\"cid\":\"" CID "\",\"text\":\"\xc2\xbf\\u00bf?\"}"));
    assert_int_equal(g->code, PL_CODE_OK);
    assert_int_equal(g->cid.client, 0x0123456789abcdef);
    assert_int_equal(g->cid.counter, 7);
    assert_str(g->text, "\xc2\xbf\xc2\xbf?");
    g = parse(f, PL_STR("[{\"t\":\"seen\",\"seq\":3},{\"t\":\"typing\",\"on\":true},"
                        "{\"t\":\"rate\",\"seq\":3,\"value\":-1},{\"t\":\"sned\"}]"));
    assert_int_equal(f->n, 4);
    assert_int_equal(f->f[0].kind, PL_FRAME_SEEN);
    assert_true(f->f[1].on);
    assert_int_equal(f->f[2].value, -1);
    assert_int_equal(f->f[3].code, PL_CODE_BAD_FRAME);
}

static void refusals_say_what_was_expected(void **state) {
    struct fixture *f = *state;
    refused(f, "{\"t\":", PL_CODE_MALFORMED, "not JSON: malformed input at byte 5");
    refused(f, "17", PL_CODE_BAD_FRAME, "expected an object whose \"t\" names the kind of frame");
    refused(f, "{\"t\":1}", PL_CODE_BAD_FRAME,
            "expected an object whose \"t\" names the kind of frame");
    refused(f, "{\"t\":\"snd\"}", PL_CODE_BAD_FRAME,
            "no such kind of frame; expected open, send, seen, typing or rate");
    refused(f, "{\"t\":\"ack\"}", PL_CODE_BAD_FRAME, "ack: only the server sends this");
    refused(f, "[]", PL_CODE_BAD_FRAME, "expected 1 to 32 frames in a message, got 0");
    refused(f, "{\"t\":\"send\",\"cid\":\"" CID "\"}", PL_CODE_BAD_FIELD,
            "send: expected exactly one of text, choice, button, upload");
    refused(f, "{\"t\":\"send\",\"cid\":\"" CID "\",\"text\":\"a\",\"choice\":\"b\"}",
            PL_CODE_BAD_FIELD, "send: expected exactly one of text, choice, button, upload");
    refused(f, "{\"t\":\"send\",\"cid\":\"" CID "\",\"text\":\"\"}", PL_CODE_BAD_FIELD,
            "send.text: is empty");
    refused(f, "{\"t\":\"send\",\"cid\":\"" CID "\",\"text\":5}", PL_CODE_BAD_FIELD,
            "send.text: expected a text of at most 65536 characters");
    refused(f, "{\"t\":\"send\",\"cid\":\"" CID "\",\"text\":\"a\\u0000b\"}", PL_CODE_BAD_FIELD,
            "send.text: expected a text of at most 65536 characters");
    refused(f, "{\"t\":\"send\",\"cid\":\"" CID "\",\"txt\":\"a\"}", PL_CODE_BAD_FIELD,
            "send.txt: no such field; did you mean 'text'?");
    refused(f, "{\"t\":\"send\",\"text\":\"a\"}", PL_CODE_BAD_FIELD,
            "send.cid: expected <client instance, 16 lower-case hex digits>-<counter from 1>");
    refused(f, "{\"t\":\"seen\",\"seq\":-1}", PL_CODE_BAD_FIELD,
            "seen.seq: expected a whole number from 0 to 9007199254740992");
    refused(f, "{\"t\":\"seen\",\"seq\":1.5}", PL_CODE_BAD_FIELD,
            "seen.seq: expected a whole number from 0 to 9007199254740992");
    refused(f, "{\"t\":\"typing\",\"on\":\"yes\"}", PL_CODE_BAD_FIELD,
            "typing.on: expected true or false");
    refused(f, "{\"t\":\"rate\",\"seq\":1,\"value\":2}", PL_CODE_BAD_FIELD,
            "rate.value: expected a whole number from -1 to 1");
    refused(f, "{\"t\":\"open\",\"page\":\"x\"}", PL_CODE_BAD_FIELD,
            "open.page: expected an object");
    refused(f, "{\"t\":\"open\",\"page\":{\"ulr\":\"x\"}}", PL_CODE_BAD_FIELD,
            "open.page.ulr: no such field; did you mean 'page.url'?");
    refused(f, "{\"t\":\"open\",\"epoch\":\"xyz\"}", PL_CODE_BAD_FIELD,
            "open.epoch: expected at most 32 hex digits");
}

static void a_refused_frame_keeps_its_cid(void **state) {
    struct fixture *f = *state;
    const struct pl_frame *g = parse(f, PL_STR("{\"t\":\"send\",\"text\":5,\"cid\":\"" CID "\"}"));
    assert_int_equal(g->code, PL_CODE_BAD_FIELD);
    assert_int_equal(g->cid.counter, 7);
}

/* 200 characters pass and 201 do not, whether they take one byte or four. */
static void text_limit(void **state) {
    struct fixture *f = *state;
    static const char *const chars[] = {"x", "\xf0\x9f\x8e\x81"};
    for (size_t c = 0; c < PL_LEN(chars); c++) {
        for (size_t n = 200; n <= 201; n++) {
            struct pl_buf b = {0};
            pl_buf_c(&b, "{\"t\":\"send\",\"cid\":\"" CID "\",\"button\":\"");
            for (size_t i = 0; i < n; i++) pl_buf_c(&b, chars[c]);
            pl_buf_c(&b, "\"}");
            const struct pl_frame *g = parse(f, pl_buf_slice(&b));
            assert_int_equal(g->code, n == 200 ? PL_CODE_OK : PL_CODE_BAD_FIELD);
            pl_buf_free(&b);
        }
    }
}

static void batch_limit(void **state) {
    struct fixture *f = *state;
    for (size_t n = 32; n <= 33; n++) {
        struct pl_buf b = {0};
        for (size_t i = 0; i < n; i++)
            pl_buf_printf(&b, "%c{\"t\":\"seen\",\"seq\":1}", i == 0 ? '[' : ',');
        pl_buf_c(&b, "]");
        const struct pl_frame *g = parse(f, pl_buf_slice(&b));
        assert_int_equal(f->n, n == 32 ? 32 : 1);
        assert_int_equal(g->code, n == 32 ? PL_CODE_OK : PL_CODE_TOO_MANY_FRAMES);
        pl_buf_free(&b);
    }
}

static void cids(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "0123456789abcdef",
                                      "0123456789abcdef-",
                                      "0123456789abcdef-0",
                                      "0123456789ABCDEF-1",
                                      "0123456789abcdef-01",
                                      "0123456789abcdef--1",
                                      "0123456789abcdeg-1",
                                      "123456789abcdef-1",
                                      "0123456789abcdef-1 ",
                                      "0123456789abcdef-99999999999999999999"};
    struct pl_cid cid;
    for (size_t i = 0; i < PL_LEN(bad); i++) {
        assert_false(pl_cid_parse(pl_str_c(bad[i]), &cid));
        assert_int_equal(cid.counter, 0);
    }
    char text[PL_CID_TEXT];
    assert_true(pl_cid_parse(PL_STR("ffffffffffffffff-9223372036854775807"), &cid));
    size_t n = pl_cid_print(cid, text);
    assert_string_equal(text, "ffffffffffffffff-9223372036854775807");
    assert_int_equal(n, strlen(text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good_frames, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals_say_what_was_expected, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_frame_keeps_its_cid, setup, teardown),
        cmocka_unit_test_setup_teardown(text_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(batch_limit, setup, teardown),
        cmocka_unit_test(cids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
